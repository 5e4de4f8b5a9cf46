"""The machine itself: free disk, memory in use and temperature, for the health message.

Hardware: any Linux machine; the temperature is the first thermal zone's.
Wire: ``/proc/self/statm``, ``statvfs``, ``/sys/class/thermal/thermal_zone0/temp`` (millidegrees Celsius).
Source: proc(5), the kernel's thermal sysfs interface.
Quirks: a container has no thermal zone; what cannot be read is None, never zero.
"""

from __future__ import annotations

import os
from pathlib import Path

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")


class LinuxHost:
    """Reads the machine's facts; ``folder`` is on the disk whose free space matters."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder

    def disk_free_bytes(self) -> int | None:
        """Bytes that this program may still write, or None."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize

    def memory_bytes(self) -> int | None:
        """Resident memory of this process, or None."""
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")

    def temperature_c(self) -> float | None:
        """The processor's temperature in degrees Celsius, or None."""
        try:
            return int(_THERMAL.read_text(encoding="ascii")) / 1000
        except (OSError, ValueError):
            return None
