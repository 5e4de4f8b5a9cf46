"""Looks what is at the other end of a serial line, by questions alone: nothing is ordered, set or switched.

Hardware: any lock board behind any adapter; what is found is used by ``drivers.bus`` and ``drivers.board`` afterwards.
Wire: one question at a time, its answer or silence; ``drivers.survey_kinds`` has which questions.
Source: hardware facts, 0.7; both sides are sans-IO.
Quirks: at a wrong rate anything arrives, so only a frame whose check holds and that fits its question is an answer; and
whatever comes back unchanged is our own words, told by an adapter that echoes.

Knows one port at one rate and one script; must never know what an answer is good for, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from drivers.dialect import Decoder
from drivers.port import PortGone, PortLike

_GAP_MS = 5
_OPENING_MS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Query:
    """One harmless question: its bytes, whether a frame is its answer, and how long that may take."""

    frame: bytes
    fits: Callable[[Any], bool]
    wait_ms: int


Script = Generator[Query, Any, Any]
"""Yields questions and is sent each answer, a decoded frame, or None where none came; returns what it found."""


class Survey:
    """One script on one port. ``result`` is what the script found once ``turn`` has said that it is over.

    ``echoed``: our own words came back. ``noise``: how many bytes came that were no frame; ``why``: the port's trouble.
    """

    def __init__(self, port: PortLike, decoder: Decoder[Any], script: Script) -> None:
        """Nothing is opened yet."""
        self._port, self._decoder, self._script = port, decoder, script
        self._query: Query | None = None
        self._answer: Any = None
        self._raw = b""
        self._handed = 0
        self._until_ms = self._heard_ms = 0
        self._begun_ms: int | None = None
        self._resting = False
        self.asked = 0
        self.echoed = False
        self.why = ""
        self.result: Any = None

    @property
    def noise(self) -> int:
        """Bytes and frames that were nothing."""
        return self._decoder.garbage + self._decoder.bad

    def fileno(self) -> int | None:
        """The port's descriptor, or None."""
        return self._port.fileno()

    def deadline_ms(self, now_ms: int) -> int:
        """When ``turn`` has something to do even if nothing arrives."""
        if self._query is None or not self._port.is_open:
            return now_ms + _GAP_MS
        if self._decoder.quiet_ms and self._decoder.holding:
            return min(self._until_ms, self._heard_ms + self._decoder.quiet_ms)
        return self._until_ms

    def turn(self, ms: int) -> bool:
        """Take what has arrived and go on; whether the script is over."""
        try:
            if not self._port.is_open:
                return self._open(ms)
            return self._go(ms)
        except PortGone as error:
            self.why = str(error)
            self._script.close()
            return True

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()

    def _open(self, ms: int) -> bool:
        """Open it; a connection may take a moment."""
        if self._begun_ms is None:
            self._begun_ms = ms
        if not self._port.open() and not self._port.is_open and ms > self._begun_ms + _OPENING_MS_MAX:
            raise PortGone(f"no connection in {_OPENING_MS_MAX} ms")
        return self._port.is_open and self._advance(None, ms, first=True)

    def _go(self, ms: int) -> bool:
        self._port.push()
        data = self._port.read()
        if self._query is None:
            return True
        if data:
            self._heard_ms = ms
            self._hear(data)
        if self._decoder.quiet_ms and self._decoder.holding and ms >= self._heard_ms + self._decoder.quiet_ms:
            self._take(self._decoder.settle())
        if self._answer is not None and not self._resting:
            self._resting, self._until_ms = True, ms + _GAP_MS
        if ms < self._until_ms:
            return False
        if not self._resting:
            self._take(self._decoder.settle())
        return self._advance(self._answer, ms)

    def _hear(self, data: bytes) -> None:
        """What came back unchanged is the adapter's echo and is not given to the decoder."""
        query = self._query
        assert query is not None
        self._raw += data
        whole = len(query.frame)
        if not self._handed and query.frame.startswith(self._raw[:whole]):
            if len(self._raw) < whole:
                return
            self.echoed, self._handed = True, whole
        fresh, self._handed = self._raw[self._handed :], len(self._raw)
        if fresh:
            self._take(self._decoder.feed(fresh))

    def _take(self, frames: list[Any]) -> None:
        query = self._query
        for frame in frames:
            if self._answer is None and query is not None and query.fits(frame):
                self._answer = frame

    def _advance(self, answer: Any, ms: int, first: bool = False) -> bool:
        """The next question, or the end."""
        self._decoder.settle()
        self._raw, self._handed, self._answer, self._resting = b"", 0, None, False
        try:
            self._query = next(self._script) if first else self._script.send(answer)
        except StopIteration as stop:
            self._query, self.result = None, stop.value
            return True
        self._until_ms = ms + self._query.wait_ms
        self.asked += 1
        self._port.write(self._query.frame)
        return False
