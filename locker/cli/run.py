"""``locker run``: the controller itself, until SIGTERM.

Knows its configuration file and where the log goes (standard error, which the service manager keeps). Never decides.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
from pathlib import Path


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker run``."""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/locker/cabinet.toml"),
        help="配置文件  the configuration file (default: %(default)s)",
    )
    parser.add_argument("--verbose", action="store_true", help="记录更多日志  log more")


def run(args: argparse.Namespace) -> int:
    """Run the controller. 0 after a clean stop, 79 where the computer is to be switched off (the unit does that); an
    error in a turn is logged and gives 1.
    """
    from locker.assembly import Program
    from locker.config import load
    from locker.power import EXIT_POWER_OFF

    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(levelname)s %(name)s %(message)s",
    )
    os.umask(0o077)
    program = Program(load(args.config))
    gc.freeze()
    try:
        asyncio.run(program.run())
    except Exception:
        logging.getLogger("locker").exception("a turn failed; stopping so that the service manager starts anew")
        return 1
    return EXIT_POWER_OFF if program.service.over else 0
