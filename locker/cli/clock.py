"""``locker clock``: shows what time a cabinet believes it is and why, and is the way out when its floor is too late.

The floor never goes back by itself, because whoever can set a clock back must not revive dead tokens. Where a wrong
time server has driven it ahead of the truth by more than a day, a technician brings it down here: with the controller
stopped, by a clock that is synchronised now, and with an event that says so. Knows the database's note, and decides
nothing.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from locker import BUILT_S, clock, timekeeping
from locker.assembly import lock
from locker.config import Config, load
from locker.model import KeepNote, Now, Quality, Record
from locker.store import Store, read_notes


class ClockError(ValueError):
    """The floor cannot be lowered now; says why and what to do."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``show`` and ``lower``."""
    commands = parser.add_subparsers(dest="clock_command", required=True, metavar="COMMAND")
    for name, words in (
        ("show", "柜子认为现在几点、有多可信  what time the cabinet believes it is, and how sure that is"),
        (
            "lower",
            "时间下限被错误的时钟推得太晚时，拨回到现在  bring a floor that a wrong clock drove ahead down to now",
        ),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--config", type=Path, default=Path("/etc/locker/cabinet.toml"), help="%(default)s")


def run(args: argparse.Namespace) -> int:
    """Show, or lower and show. Raises ``ClockError``, ``AlreadyRunning``, ``StoreError`` or ``OSError``."""
    config, now = load(args.config), clock.now()
    if args.clock_command == "lower":
        lower(config, now)
    print("\n".join(report(read_notes(Path(config.store.path)), now)))
    return 0


def report(notes: dict[str, str], now: Now, built_s: int = BUILT_S) -> list[str]:
    """What there is to know, in both languages. ``now`` is the system's word."""
    saved = timekeeping.decode(notes.get(timekeeping.NOTE, ""))
    seen = timekeeping.Timekeeper(notes, now.ms, clock.boot_id(), built_s).read(now)
    lines = [
        f"系统时钟 system clock  {_utc(now.wall_ms)}  {now.quality.value}",
        f"柜子时间 cabinet       {_utc(seen.wall_ms)}  {seen.quality.value}",
        f"时间下限 floor         {_utc(seen.past_ms)}",
        f"构建时间 built         {_utc(built_s * 1000)}",
    ]
    lines.append(f"上次保存 saved         {_utc(saved.floor_ms) if saved else '无 nothing yet'}")
    if saved is not None and saved.lowered is not None:
        lines.append(f"曾经拨回 lowered       {_utc(saved.lowered[0] * 1000)}")
    behind_s = (seen.past_ms - now.wall_ms) // 1000
    if now.quality is Quality.SYNCED and behind_s * 1000 > timekeeping.DAY_MS:
        lines.append(
            f"系统已对时，却比下限早 {behind_s} 秒。先核对时间服务器；时间若对，停下服务后执行 locker clock lower\n"
            f"The synchronised clock is {behind_s} s before the floor. Check the time server; if the clock is right, "
            "stop the service and run: locker clock lower"
        )
    return lines


def lower(config: Config, now: Now, built_s: int = BUILT_S) -> None:
    """Bring the floor down to ``now``, with an event, in one transaction."""
    if now.quality is not Quality.SYNCED:
        raise ClockError(
            f"the system's clock says {now.quality.value}; a floor is lowered by a synchronised clock only: "
            "connect the network, wait until timedatectl says synchronized, and try again"
        )
    if now.wall_ms < built_s * 1000:
        raise ClockError(
            f"the clock says {_utc(now.wall_ms)}, before this program was built: it is wrong; set it right"
        )
    path = Path(config.store.path)
    saved = timekeeping.decode(read_notes(path).get(timekeeping.NOTE, ""))
    if saved is None or saved.floor_ms <= now.wall_ms:
        raise ClockError(f"{path}: the saved floor is not ahead of {_utc(now.wall_ms)}; there is nothing to lower")
    with lock(path):
        store = Store.at(path, clock.boot_id(), "")
        fields = {"from_ms": saved.floor_ms, "to_ms": now.wall_ms}
        note = KeepNote(timekeeping.NOTE, timekeeping.encode(timekeeping.lowered(saved, now)))
        store.commit([note, Record("floor_lowered", 0, fields)], now)
        store.close()


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
