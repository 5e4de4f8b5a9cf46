"""The far sides of scanners that answer nothing: one that only sends text, and one that reads on 16 54 0D.

Written from hardware facts, 5.4; knows nothing of the driver. ``pause_at`` is a wire that stops for a while inside a
code, as a USB adapter or a serial server does.
"""

from __future__ import annotations

from sim.window import Outbox, Window, earliest

_READ, _STOP = bytes((0x16, 0x54, 0x0D)), bytes((0x16, 0x55, 0x0D))
_AGAIN_MS = 300


class LineScanner:
    """A scanner that reads all the time, or, ``triggered``, when it is told to. Sans-IO."""

    def __init__(self, tail: bytes = b"\r", *, triggered: bool = False, read_ms: int = 30_000) -> None:
        """``tail`` ends each code. ``read_ms``: how long it goes on trying after one command."""
        self.tail, self.triggered, self.read_ms = tail, triggered, read_ms
        self.pause_at: tuple[int, int] | None = None
        self.unread: list[str] = []
        self.received = b""
        self._until_ms: int | None = None
        self._window, self._outbox = Window(), Outbox()

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it."""
        self._window.hold(text, now_ms, held_ms)
        self._let_pass(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host."""
        self._let_pass(now_ms)
        self.received += data
        if self.received.endswith(_READ):
            self._until_ms = now_ms + self.read_ms
        elif self.received.endswith(_STOP):
            self._until_ms = None

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        self._let_pass(now_ms)
        return self._outbox.leaving(now_ms)

    def deadline_ms(self) -> int | None:
        """When more bytes leave or it looks again, or None."""
        return earliest(self._outbox.deadline_ms(), self._window.deadline_ms())

    def _let_pass(self, now_ms: int) -> None:
        for at_ms, text in self._window.looks(now_ms, _AGAIN_MS):
            if self.triggered and (self._until_ms is None or at_ms >= self._until_ms):
                self.unread.append(text)
                continue
            self._until_ms = None
            data = text.encode("gbk", "replace") + self.tail
            if self.pause_at is None:
                self._outbox.say(data, now_ms)
            else:
                at, pause_ms = self.pause_at
                self._outbox.say(data[:at], now_ms)
                self._outbox.say(data[at:], now_ms + pause_ms)
