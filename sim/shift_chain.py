"""Chains of 74HC595 and 74HC165 on a ``Header``, bit by bit and edge by edge.

Written from hardware facts, 4.3 and 4.4; knows no driver. After power-on the 74HC595 hold ones everywhere, which is the
worst that "undefined" can mean. Faults may be set at any time: a clock that is stuck, one that misses an edge, a wire
that is broken behind a chip, a chip that is missing.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.header import Header

BITS = 8
TIED = (True, True, True, False, True, False, False, False)
"""The last 74HC165, from A to H."""


class OutputChain:
    """74HC595 after 74HC595. ``lines`` is what its outputs do to the locks: disabled ones are pulled down.

    ``meant`` is what would be ``shown`` if no clock had ever been missed: what the pins said.
    """

    def __init__(self, header: Header, chips: int, data: int, clock: int, latch: int, enable: int) -> None:
        """Soldered to these pins; output-enable has its pull-up."""
        self.header, self.width = header, BITS * chips
        self.data, self.clock, self.latch, self.enable = data, clock, latch, enable
        self.register = self.shown = self.meant = (1 << self.width) - 1
        self.misses = 0
        self.stuck = self.unpowered = False
        self._sent = self.meant
        self._clocked = self._latched = False
        header.pulls[enable] = True
        header.listen(self._look, clock, latch)

    @property
    def lines(self) -> int:
        """The outputs that are high, the nearest chip's QA is bit 0."""
        return 0 if self.header.level(self.enable) or self.unpowered else self.shown

    def returned(self) -> bool:
        """The last chip's serial output."""
        return bool(self.register >> self.width - 1 & 1) and not self.unpowered

    def power(self, on: bool) -> None:
        """Take its supply away, or give it back: the registers hold ones then."""
        if on and self.unpowered:
            self.register = self.shown = (1 << self.width) - 1
        self.unpowered = not on

    def _look(self) -> None:
        clock, latch = self.header.level(self.clock), self.header.level(self.latch)
        if clock and not self._clocked:
            self._sent = self._shifted(self._sent)
            self._clock_comes()
        if latch and not self._latched:
            self.shown, self.meant = self.register, self._sent
        self._clocked, self._latched = clock, latch

    def _clock_comes(self) -> None:
        """The chips' side of a rising clock."""
        if self.stuck:
            return
        self.misses -= 1
        if self.misses != 0:
            self.register = self._shifted(self.register)

    def _shifted(self, register: int) -> int:
        return (register << 1 | self.header.level(self.data)) & (1 << self.width) - 1


class InputChain:
    """74HC165 after 74HC165, the last one tied to the pattern; ``inputs`` says what lies on the others, A first."""

    def __init__(self, header: Header, chips: int, load: int, clock: int, data: int, inputs: Callable[[], int]) -> None:
        """``chips`` without the one with the pattern; its mask begins with the nearest chip's A."""
        self.header, self.width = header, BITS * (chips + 1)
        self.load, self.clock = load, clock
        self._inputs = inputs
        self.register = 0
        self.misses = 0
        self.stuck = self.unpowered = False
        self.broken_behind: int | None = None
        self.missing = 0
        self._clocked = False
        header.drives[data] = self._said
        header.listen(self._look, load, clock)

    def _said(self) -> bool:
        """The nearest chip's H."""
        return bool(self.register & 1) and not self.unpowered

    def _look(self) -> None:
        clock = self.header.level(self.clock)
        if not self.header.level(self.load):
            self.register = self._loaded()
        elif clock and not self._clocked and not self.stuck:
            self.misses -= 1
            if self.misses != 0:
                self.register >>= 1
                if self.broken_behind is not None:
                    self.register &= ~(1 << BITS * self.broken_behind - 1)
        self._clocked = clock

    def _loaded(self) -> int:
        """The register as it will be read: H of the nearest chip is bit 0."""
        mask = self._inputs() | sum(bit << self.width - BITS + place for place, bit in enumerate(TIED))
        register = 0
        for chip in range(self.width // BITS):
            for place in range(BITS):
                register |= (mask >> BITS * chip + place & 1) << BITS * chip + BITS - 1 - place
        return register >> BITS * self.missing
