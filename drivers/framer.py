"""Frames out of a stream of bytes, for protocols whose frames begin with a mark and tell their own length.

Knows what a frame's beginning and length are by the two functions that it is given; must never know what it means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from drivers.dialect import F


class Framer(Generic[F]):
    """Finds frames in a stream: garbage before, between and inside them is skipped and counted.

    ``garbage`` counts bytes thrown away, ``bad`` frames of the right form whose checksum does not hold.
    """

    def __init__(
        self, start: int | bytes, length: Callable[[bytes | bytearray], int], decode: Callable[[bytes], F | None]
    ) -> None:
        """Begin with nothing received.

        ``length`` takes a piece that begins with ``start`` or not, one byte at least, and returns the length of the
        frame that begins there as far as is known yet, 0 when none can; ``decode`` takes exactly one frame. A frame
        that may begin with anything has the empty ``start``.
        """
        self._start, self._length, self._decode = start, length, decode
        self._buffer = bytearray()
        self.garbage = 0
        self.bad = 0
        self.quiet_ms = 0

    @property
    def holding(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[F]:
        """Take what has arrived and return the frames that are complete now."""
        self._buffer += data
        return self._complete()

    def settle(self) -> list[F]:
        """Nothing more will come: give up on what is incomplete, return whole frames hidden behind it."""
        found: list[F] = []
        while self._buffer:
            self._skip()
            found += self._complete()
        return found

    def _complete(self) -> list[F]:
        found: list[F] = []
        while self._buffer:
            length = self._length(self._buffer)
            if length > len(self._buffer):
                break
            frame = self._decode(bytes(self._buffer[:length])) if length else None
            if frame is None:
                self.bad += 1 if length else 0
                self._skip()
                continue
            del self._buffer[:length]
            found.append(frame)
        return found

    def _skip(self) -> None:
        """Throw away the first byte and whatever follows up to the next possible start."""
        start = self._buffer.find(self._start, 1)
        skipped = len(self._buffer) if start < 0 else start
        del self._buffer[:skipped]
        self.garbage += skipped
