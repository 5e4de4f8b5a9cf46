"""Whether the controller lives, by what it last said of itself and by what the kernel says of its process.

Pure: a status, this boot's id, when the process of that number began, and the boot time now. A process is ours while
its number *and* its beginning are those of the status; a status of another boot is of a process that is gone. Knows no
file and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import msgspec

from locker.status import Status

HANGS_MS = 20_000
"""A turn may wait for a card that stalls for seconds; the service manager's watchdog waits for thirty."""


class Standing(Enum):
    """How a controller stands. The values are words of the JSON output."""

    RUNNING = "running"
    HANGING = "hanging"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"
    REBOOTED = "rebooted"
    NEVER = "never"
    UNTOLD = "untold"
    UNKNOWN = "unknown"


LastWord = tuple[str, int] | str | None
"""The newest event in the database, its type and Unix milliseconds; None where there is none; else why not known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known. ``age_ms`` is how old the status is, None where that cannot be told; ``last`` as ``LastWord``."""

    standing: Standing
    status: Status | None = None
    age_ms: int | None = None
    last: LastWord = None

    @property
    def running(self) -> bool:
        """Whether it runs and turns."""
        return self.standing is Standing.RUNNING

    def to_json(self) -> bytes:
        """One line of JSON: the standing, the age, the last word, and the status as the controller wrote it."""
        given = {"standing": self.standing.value, "age_ms": self.age_ms, "last": self.last, "status": self.status}
        return msgspec.json.encode(given) + b"\n"


def judge(status: Status, boot: str, born_ticks: int | None, boot_ms: int, every_ms: int) -> Judged:
    """A status that was found. ``born_ticks`` is when the process of its number began, None for no such process."""
    if status.boot != boot:
        return Judged(Standing.STOPPED if status.state == "stopped" else Standing.REBOOTED, status)
    age_ms = max(0, boot_ms - status.boot_ms)
    if status.state != "running":
        return Judged(Standing.STOPPED if status.state == "stopped" else Standing.FAILED, status, age_ms)
    if born_ticks != status.born_ticks:
        return Judged(Standing.DIED, status, age_ms)
    standing = Standing.HANGING if age_ms > every_ms + HANGS_MS else Standing.RUNNING
    return Judged(standing, status, age_ms)


def unseen(configured: bool, last: LastWord) -> Judged:
    """No status was found; ``configured`` is whether the configuration asks for one, ``last`` the database's word."""
    if isinstance(last, str):
        return Judged(Standing.UNKNOWN, last=last)
    if last is None:
        return Judged(Standing.NEVER)
    if last[0] == "stopped":
        return Judged(Standing.STOPPED, last=last)
    return Judged(Standing.DIED if configured else Standing.UNTOLD, last=last)
