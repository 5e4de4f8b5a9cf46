"""Two chains of shift registers on the computer's pins: 74HC595 for the locks, 74HC165 for doors and sensors inside.

Hardware: one chip for 8 locks, its outputs on ULN2803 or MOSFETs, a pull-down at each of their inputs; **a pull-up at
the common output-enable**, which alone keeps the locks shut while the computer starts; for the doors one chip for 8,
behind them as many for the sensors inside, and last one chip whose eight inputs are tied to the pattern 0x17 (A, B, C
and E high), its serial input to ground. Better still: a one-shot between the enable pin and the chips, and the last
output chip's serial output led back.
Wire: out: data, then a rising clock, channel 0 last; a rising latch shows all bits at once; enable low lets them out.
In: load low takes all inputs over, then the nearest chip's H is there without a clock, each rising clock brings the
next.
Source: hardware facts, 4.3 and 4.4 (NXP's 74HC595 and 74HC165 data sheets).
Quirks: the registers hold anything after power-on, and after a killed program whatever it fired: enable is driven high
before any other pin is touched, and stays so but for the pulse. A missed clock shifts everything by one, which would be
another door: the pattern has no part that equals its own beginning, so that no shift of it looks right; on the way out
only the returned bits show it: what has been latched, still disabled, is shifted out once more and compared. Without
them it is still one lock or none that opens: zeros are shifted in first, because a dip of the supply that nobody saw
leaves ones. The pattern says nothing of a single broken switch.

Knows bits and their order; must never know doors.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress

from drivers.circuit import CircuitFault
from drivers.pins import Input, Output, Pins
from locker.config_gpio import CHIP_BITS, ShiftBoard

PATTERN = 0b0001_0111
_TRIAL = 0b1011_0100
"""In the chip that is furthest away, zeros in all others: this too looks different however it is shifted."""


class ShiftChain:
    """The circuit of a board of kind "shift"."""

    def __init__(self, board: ShiftBoard, open_pins: Callable[[], Pins]) -> None:
        """Nothing is touched yet."""
        self._board, self._open_pins = board, open_pins
        self._out_bits = CHIP_BITS * board.out_chips
        self._in_chips = board.in_chips + board.item_chips + 1
        self._pins: Pins | None = None
        self._whole = False

    @property
    def stuck(self) -> str:
        """What the pins say of a killed process."""
        return self._pins.stuck if self._pins is not None else ""

    def open(self) -> None:
        """Enable off before anything else; then the other pins; then empty registers."""
        board = self._board
        self._pins = pins = self._open_pins()
        try:
            self._enable: Output = pins.output(board.enable_pin, high=True)
            self._out_latch = pins.output(board.out_latch_pin, high=False)
            self._out_clock = pins.output(board.out_clock_pin, high=False)
            self._out_data = pins.output(board.out_data_pin, high=False)
            self._in_load = pins.output(board.in_load_pin, high=True)
            self._in_clock = pins.output(board.in_clock_pin, high=False)
            self._in_data = pins.input(board.in_data_pin, "down")
            returned = board.out_return_pin
            self._return: Input | None = None if returned is None else pins.input(returned, "down")
            self._whole = True
            self.restart()
        except OSError:
            with suppress(OSError):
                self.close()
            raise

    def restart(self) -> None:
        """Enable off, and zeros in every register; where bits come back, after a trial with others."""
        self._enable.write(True)
        trial = _TRIAL << self._out_bits - CHIP_BITS
        self._send(trial)
        self._check(trial)
        self._choose(0)

    def read(self) -> tuple[int, int]:
        """Load, then one bit a clock. Raises ``CircuitFault`` when the pattern at the end is not what is tied there."""
        self._in_load.write(False)
        self._in_load.write(True)
        *chips, last = [self._read_chip() for _ in range(self._in_chips)]
        if last != PATTERN:
            raise CircuitFault(
                f"the input chain ends in {last:08b} instead of {PATTERN:08b}: a chip, a wire or the supply is "
                f"missing, or a clock was missed; check the chain from the chip that is nearest to the computer on"
            )
        doors = self._board.in_chips
        return _joined(chips[:doors]), _joined(chips[doors:])

    def fire(self, channel: int, ms: int) -> None:
        """Choose one output while all are disabled, then enable them for so long. Raises ``CircuitFault``."""
        if self.firing:
            raise CircuitFault("the outputs are enabled already; check enable_pin, its pull-up and its wiring")
        self._choose(1 << channel)
        self._enable.pulse(False, ms)

    @property
    def firing(self) -> bool:
        """Whether the outputs are enabled."""
        return not self._enable.high

    def rest(self) -> None:
        """Enable off, then nothing chosen."""
        self._enable.write(True)
        self._choose(0)

    def close(self) -> None:
        """Enable off, nothing chosen, every pin an input again, enable last."""
        pins, self._pins = self._pins, None
        if pins is None:
            return
        with ExitStack() as stack:
            stack.callback(pins.close)
            if self._whole:
                self._whole = False
                stack.enter_context(suppress(CircuitFault))
                self.rest()

    # --- bits -------------------------------------------------------------------------------------

    def _choose(self, word: int) -> None:
        """These outputs and no others. Raises ``CircuitFault`` when they are not; they are disabled all the while.

        Where nothing comes back, zeros go first: then a missed clock never leaves an old bit beside the new one.
        """
        if self._return is None:
            self._send(0)
        self._send(word)
        self._out_latch.write(True)
        self._out_latch.write(False)
        self._check(word)

    def _check(self, word: int) -> None:
        """Shift what the registers hold out, where it comes back: it is what has just been latched."""
        if self._return is None:
            return
        came = self._send(0)
        if came != word:
            width = self._out_bits
            raise CircuitFault(
                f"the output chain gave back {came:0{width}b} instead of {word:0{width}b}: a wrong lock would open; "
                f"check out_chips, clock and data"
            )

    def _send(self, word: int) -> int:
        """Shift a word out, highest channel first; returns what the registers held before, where that comes back."""
        came = 0
        for bit in reversed(range(self._out_bits)):
            if self._return is not None:
                came |= self._return.high << bit
            self._out_data.write(bool(word >> bit & 1))
            self._out_clock.write(True)
            self._out_clock.write(False)
        self._out_data.write(False)
        return came

    def _read_chip(self) -> int:
        """The next eight bits; H comes first."""
        bits = 0
        for _ in range(CHIP_BITS):
            bits = bits << 1 | self._in_data.high
            self._in_clock.write(True)
            self._in_clock.write(False)
        return bits


def _joined(chips: list[int]) -> int:
    """One mask, the first chip's A is bit 0."""
    return int.from_bytes(bytes(chips), "little")
