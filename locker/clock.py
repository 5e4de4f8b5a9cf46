"""The clock: the one place that reads time.

Knows boot time (CLOCK_BOOTTIME, which never jumps and counts while the machine sleeps), wall time and how far the
kernel trusts the latter. Never decides anything; the policy for each quality is in ``locker.authority.clock``.
"""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from locker.model import Now, Quality

_ADJTIMEX_BYTES = 208
_TIME_ERROR = 5
_MASK = 0xFFFFFFFF
_quality_read_ms = -1_000_000
_quality = Quality.FLOOR


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


def now() -> Now:
    """This instant. The quality is asked of the kernel at most every ten seconds."""
    global _quality, _quality_read_ms
    ms = boot_ms()
    if ms - _quality_read_ms > 10_000:
        _quality, _quality_read_ms = _ask_kernel(), ms
    return Now(ms, wall_ms(), _quality)


def _ask_kernel() -> Quality:
    """SYNCED when the kernel clock is disciplined, RTC with a clock chip, else FLOOR (source: adjtimex(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.create_string_buffer(_ADJTIMEX_BYTES))
    if state not in (-1, _TIME_ERROR):
        return Quality.SYNCED
    return Quality.RTC if Path("/dev/rtc0").exists() else Quality.FLOOR
