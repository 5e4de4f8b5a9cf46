"""``locker status``: how the controller of this cabinet is, seen from beside it.

Reads the file in memory that the running controller writes (``[status]``), and asks the kernel whether that process
still lives. It opens no device, takes no lock and writes nothing, so it disturbs nothing. Where there is no such file
it reads the database, by reading alone, for what happened last. Whoever may read the file (the group ``locker``) needs
no other right. Exit codes: 0 running, 1 not running or hanging; errors are raised (2 by ``main``).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from locker import clock, status
from locker.cli.status_table import lines
from locker.config import Config, load
from locker.logbook import LogbookError, last_event
from locker.vitals import Judged, judge, unseen

FILE_BYTES_MAX = status.BYTES_MAX


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker status``."""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/locker/cabinet.toml"),
        help="配置文件  the configuration file (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="给程序读  for programs: one JSON object")
    parser.add_argument(
        "--doors", action="store_true", help="每扇门一行  a line for each door, not only the remarkable"
    )


def run(args: argparse.Namespace) -> int:
    """Print how it is. Raises ``ConfigError`` or ``OSError``."""
    judged = look(load(args.config))
    if args.json:
        sys.stdout.buffer.write(judged.to_json())
    else:
        print("\n".join(lines(judged, all_doors=args.doors)))
    return 0 if judged.running else 1


def look(config: Config) -> Judged:
    """What can be known of a cabinet with this configuration. Raises ``OSError`` for a file that may not be read."""
    found = _read(Path(config.status.file)) if config.status is not None else None
    if found is None:
        return unseen(config.status is not None, _last_word(Path(config.store.path)))
    every_ms = config.status.every_s * 1000 if config.status is not None else 0
    return judge(found, clock.boot_id(), clock.born_ticks(found.pid), clock.boot_ms(), every_ms)


def _read(path: Path) -> status.Status | None:
    """The status of the file; None where there is none, or something else."""
    try:
        with path.open("rb") as file:
            return status.decode(file.read(FILE_BYTES_MAX + 1))
    except FileNotFoundError:
        return None


def _last_word(path: Path) -> tuple[str, int] | str | None:
    """The newest event in the database, its type and Unix milliseconds; None for no database; else why it is not known.

    The program may lie where only its own user reads.
    """
    try:
        return last_event(path) if path.exists() else None
    except (LogbookError, OSError) as error:
        return str(error)
