"""A serial port in memory whose rate matters: at another than the far side's, either end hears something else.

What is heard at a wrong rate is drawn from a seed: some bytes, no more than were sent.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sim.links import FarSide, MemoryPort


class _Line:
    """The far side as it is heard at the port's rate."""

    def __init__(self, far: FarSide, baud: Callable[[], int], seed: int) -> None:
        self.far, self._baud, self.port_baud = far, baud, 0
        self._random = Random(seed)
        self.garbled = 0

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host sends."""
        self.far.feed(self._heard(data), now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """What the host hears."""
        return self._heard(self.far.refresh(now_ms))

    def deadline_ms(self) -> int | None:
        """As the far side."""
        return self.far.deadline_ms()

    def _heard(self, data: bytes) -> bytes:
        if not data or self.port_baud == self._baud():
            return data
        self.garbled += 1
        return self._random.randbytes(self._random.randint(0, len(data)))


class RatedPort(MemoryPort):
    """A ``MemoryPort`` with a rate; ``retune`` sets that of the next opening."""

    def __init__(self, far: FarSide, baud: Callable[[], int], name: str = "memory:0", seed: int = 1) -> None:
        """``baud`` says the far side's rate of the moment."""
        self.line = _Line(far, baud, seed)
        self._next_baud = 9600
        self.tried: list[int] = []
        super().__init__(self.line, name)

    def retune(self, baud: int) -> None:
        """Speak at another rate from the next opening on."""
        self._next_baud = baud

    def open(self) -> str:
        """Open it at the rate that was set."""
        name = super().open()
        self.line.port_baud = self._next_baud
        self.tried.append(self._next_baud)
        return name
