"""What every far side of a scanner has: a window before which codes are held, and an outgoing wire.

Sans-IO. Knows times and bytes; what a code or a byte means is the scanner's affair.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator


class Window:
    """A code that is held before the scanner for a while."""

    def __init__(self) -> None:
        """Begin with nothing before it."""
        self._held: tuple[int, int, str] | None = None

    def hold(self, text: str, now_ms: int, held_ms: int) -> None:
        """Hold a code there from now on; one that was there is taken away."""
        self._held = (now_ms, now_ms + held_ms, text)

    def deadline_ms(self) -> int | None:
        """When it is looked at next, or None."""
        return self._held[0] if self._held is not None else None

    def looks(self, now_ms: int, interval_ms: int) -> Iterator[tuple[int, str]]:
        """Each moment up to now at which the scanner looks at it, with its text."""
        while self._held is not None and self._held[0] <= now_ms:
            at_ms, until_ms, text = self._held
            again_ms = at_ms + max(1, interval_ms)
            self._held = (again_ms, until_ms, text) if again_ms <= until_ms else None
            yield at_ms, text


class Outbox:
    """Bytes that leave at their time, in order."""

    def __init__(self) -> None:
        """Begin empty."""
        self._queue: deque[tuple[int, bytes]] = deque()

    def say(self, data: bytes, at_ms: int) -> None:
        """Let bytes leave at that time, but not before those in front of them."""
        self._queue.append((max(at_ms, self._queue[-1][0] if self._queue else 0), data))

    def clear(self) -> None:
        """Forget what has not left."""
        self._queue.clear()

    def deadline_ms(self) -> int | None:
        """When the next bytes leave, or None."""
        return self._queue[0][0] if self._queue else None

    def leaving(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        out = b""
        while self._queue and self._queue[0][0] <= now_ms:
            out += self._queue.popleft()[1]
        return out


def earliest(*times_ms: int | None) -> int | None:
    """The first of these moments, or None when there is none."""
    return min((ms for ms in times_ms if ms is not None), default=None)
