"""Text that arrives in pieces, put together to whole readings. No port, no clock.

Shared by every scanner that sends plain text: a reading ends with its terminator, or where nothing more comes. Knows
bytes and what ends them; must never know what a code means, nor whether it was shown before: what a repeated code means
is decided by the cabinet (``visit.repeat_ms``).
"""

from __future__ import annotations

from typing import Literal

LINE_BYTES_MAX = 1024
REJOIN_MS = 350
Ending = Literal["any", "cr", "lf", "crlf", "tab", "none"]
_ENDS: dict[str, bytes] = {"any": b"\r\n", "cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "none": b""}


class Lines:
    """Joins text into lines that end with their terminator; empty lines are nothing.

    ``any`` ends at CR, LF or both, ``crlf`` as well: half of a pair that lost the other is still an end. CR and LF
    around a line are never part of it. A line over 1024 bytes is dropped up to its end, and counted in ``overlong``.
    """

    def __init__(self, ending: Ending = "any") -> None:
        """Begin with an empty line."""
        self._ends = _ENDS[ending]
        self._line = bytearray()
        self._skipping = False
        self.overlong = 0

    def feed(self, text: bytes) -> list[bytes]:
        """Take text; returns the lines that are complete now."""
        *ended, rest = self._parts(text)
        lines = []
        for part in ended:
            self._append(part)
            line = self.take()
            if line:
                lines.append(line)
        self._append(rest)
        return lines

    @property
    def pending(self) -> bool:
        """Whether a line has begun (or is being dropped) and not ended."""
        return bool(self._line) or self._skipping

    def take(self) -> bytes:
        """End the line here and return it; empty when there is none or it was too long."""
        line = bytes(self._line).strip(b"\r\n")
        self._line.clear()
        self._skipping = False
        return line

    def _parts(self, text: bytes) -> list[bytes]:
        if not self._ends:
            return [text]
        first = self._ends[:1]
        return text.replace(self._ends[1:], first).split(first) if self._ends[1:] else text.split(first)

    def _append(self, part: bytes) -> None:
        if self._skipping:
            return
        self._line += part
        if len(self._line) > LINE_BYTES_MAX:
            self._line.clear()
            self._skipping = True
            self.overlong += 1


class Readings:
    """Lines, and what a pause inside or behind them means.

    After ``quiet_ms`` without bytes a line counts as ended. If its rest arrives within 350 ms after that, the wire had
    only paused: the whole is told then, in place of the rest. The half was told before: it is nobody's code, and the
    code's own checks find that out. ``unterminated`` counts ends by quiet, ``rejoined`` pauses that were none.
    """

    def __init__(self, ending: Ending, quiet_ms: int) -> None:
        """Begin with nothing read."""
        self._lines = Lines(ending)
        self._quiet_ms = quiet_ms
        self._half = b""
        self._half_ms = 0
        self._by_quiet = ending == "none"
        self.unterminated = 0
        self.rejoined = 0

    @property
    def overlong(self) -> int:
        """Lines of over 1024 bytes, dropped."""
        return self._lines.overlong

    @property
    def pending(self) -> bool:
        """Whether a reading has begun and not ended."""
        return self._lines.pending

    def feed(self, text: bytes, ms: int) -> list[bytes]:
        """Take text that arrived now; returns the readings that are complete."""
        if self._half and not self._lines.pending and ms > self._half_ms + REJOIN_MS:
            self._half = b""
        found = self._lines.feed(text)
        if found:
            found[0] = self._whole(found[0])
            self._half = b""
        return found

    def settle(self, ms: int) -> bytes:
        """It has been quiet: the reading that has begun ends here; empty when there is none."""
        line = self._lines.take()
        if not line:
            return b""
        if self._by_quiet:
            return line
        self.unterminated += 1
        self._half, self._half_ms = self._whole(line), ms
        return self._half

    def forget(self) -> bool:
        """The wire is gone: drop what has begun; returns whether there was something."""
        begun = self._lines.pending
        self._lines.take()
        self._half = b""
        return begun

    def _whole(self, line: bytes) -> bytes:
        if not self._half or len(self._half) + len(line) > LINE_BYTES_MAX:
            return line
        self.rejoined += 1
        return self._half + line
