"""The trace of a world: one readable line for each thing that happens, and the SHA-256 over all of them.

Two plays of one plan must give the same hash, on any machine. Knows lines, nothing else.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256

KEPT = 2000


class Trace:
    """Says who did what when. Keeps the last ``kept`` lines, or all with None; hashes every one."""

    def __init__(self, kept: int | None = KEPT) -> None:
        """Nothing has happened."""
        self.lines: deque[str] = deque(maxlen=kept)
        self.count = 0
        self._hash = sha256()

    def say(self, ms: int, who: str, what: str) -> None:
        """One line. ``ms`` is world time."""
        seconds, thousandths = divmod(ms, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        line = f"{days:3d}d {hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d} {who:<8} {what}"
        self.count += 1
        self.lines.append(line)
        self._hash.update(line.encode() + b"\n")

    @property
    def digest(self) -> str:
        """The SHA-256 of all lines so far, in hexadecimal."""
        return self._hash.hexdigest()
