"""The clock: the one place that reads time.

Knows boot time (CLOCK_BOOTTIME, which never jumps and counts while the machine sleeps), wall time and what the system
says of the latter. Never decides anything: how far a reading is believed is in ``locker.timekeeping``, what may be done
at a time of each quality in ``locker.authority.clock``.

Sources: adjtimex(2), whose state TIME_ERROR means that nobody disciplines the clock; systemd-timesyncd(8), which
touches /run/systemd/timesync/synchronized when it has set the clock, and /run begins empty at each boot; rtc(4) and the
kernel's Documentation/ABI/testing/sysfs-class-rtc for ``since_epoch``.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from locker import BUILT_S
from locker.model import Now, Quality

_ADJTIMEX_BYTES = 208
_TIME_ERROR = 5
_ASK_MS = 10_000
_JUMP_MS = 1000
CHIP_AGE_S_MAX = 365 * 86_400
"""A chip that is further before the build of this program than this lost its time with its battery."""
CHIP_OFF_S_MAX = 86_400
"""A wall clock that is further off the chip than this was not set by it."""


def boot_ms() -> int:
    """Milliseconds since the machine booted; never jumps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def wall_ms() -> int:
    """Unix time in milliseconds; may jump."""
    return time.time_ns() // 1_000_000


def wall_s() -> int:
    """Unix time in whole seconds; may jump."""
    return wall_ms() // 1000


def boot_id() -> str:
    """The kernel's id of this boot (36 characters), or "unknown" where the system does not tell."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else "unknown"


def born_ticks(pid: int) -> int | None:
    """When a process began, in the kernel's ticks since boot (proc_pid_stat(5)); None where there is no such process.

    A number is given to another process some day, but never with the same beginning.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def adjtimex() -> int:
    """The kernel's word on its clock: 5 (TIME_ERROR) when nobody disciplines it, -1 when it may not be asked."""
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_ADJTIMEX_BYTES))
    return state


@dataclass
class SystemClock:
    """The machine's clock with what it says of itself. ``root`` is where its files are, the rest the kernel's calls."""

    root: Path = Path("/")
    state: Callable[[], int] = adjtimex
    boot_ms: Callable[[], int] = boot_ms
    wall_ms: Callable[[], int] = wall_ms
    built_s: int = BUILT_S
    _asked_ms: int | None = None
    _offset_ms: int = 0
    _quality: Quality = Quality.FLOOR

    def now(self) -> Now:
        """This instant. The quality is asked for every ten seconds, and at once after a jump of the wall clock."""
        ms, wall = self.boot_ms(), self.wall_ms()
        jumped = abs(wall - ms - self._offset_ms) > _JUMP_MS
        self._offset_ms = wall - ms
        if self._asked_ms is None or jumped or ms - self._asked_ms > _ASK_MS:
            self._quality, self._asked_ms = self.quality(wall // 1000), ms
        return Now(ms, wall, self._quality)

    def quality(self, wall: int) -> Quality:
        """SYNCED while somebody disciplines the clock, HOLD when somebody did this boot; RTC by a chip, else FLOOR."""
        if self.state() not in (-1, _TIME_ERROR):
            return Quality.SYNCED
        if (self.root / "run/systemd/timesync/synchronized").exists():
            return Quality.HOLD
        return Quality.RTC if self._chip_tells(wall) else Quality.FLOOR

    def _chip_tells(self, wall: int) -> bool:
        """Whether there is a clock chip with a time that can be true, and the wall clock has it from there."""
        try:
            chip_s = int((self.root / "sys/class/rtc/rtc0/since_epoch").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        return chip_s >= self.built_s - CHIP_AGE_S_MAX and abs(wall - chip_s) <= CHIP_OFF_S_MAX


_SYSTEM = SystemClock()


def now() -> Now:
    """This instant, as this machine's clock says."""
    return _SYSTEM.now()
