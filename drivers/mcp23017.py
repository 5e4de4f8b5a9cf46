"""MCP23017 port expanders on an I2C bus: some drive the locks, others read the doors and the sensors inside.

Hardware: 16 pins a chip, on ULN2803 or MOSFETs with **a resistor at each input that keeps it off**; a switch for the
supply of all coils (a P-channel MOSFET or a relay) on one of the computer's own pins, with a resistor that keeps it off
as well: the chips keep their outputs whatever becomes of the computer, so the pulse is given by that pin, with better
still a one-shot behind it. ``RESET`` of the chips to the supply, or to the computer's own reset.
Wire: I2C, 400 kHz; pairs of registers, bank A first (``IOCON.BANK`` = 0, as after power-on).
Source: hardware facts, 4.5; Microchip DS20001952 (registers), which also says that GPA7 and GPB7 are outputs only.
Quirks: after a reset every pin is an input, and stays so without any sign of it: the direction and the latches are read
back with every reading of the doors, and one that has changed counts as a reset. Levels are written and read back
before the direction. One bus that hangs leaves all outputs as they were; the supply switch does not hang on it.

Knows registers and bits; must never know doors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from drivers.circuit import CircuitFault, CircuitReset
from drivers.i2c import I2c
from drivers.pins import Output, PinError, Pins
from locker.config_gpio import MCP_INPUTS, MCP_OUTPUTS, McpBoard

IODIR, IPOL, GPPU, GPIO, OLAT = 0x00, 0x02, 0x0C, 0x12, 0x14
_ALL_OUT, _IN_BUT_7 = 0x0000, 0x7F7F
_LOW_7 = 0x7F


@dataclass(frozen=True, slots=True)
class _Chip:
    """One chip: its address, and its pairs of registers as 16 bits with bank A below."""

    address: int
    direction: int
    pull_ups: int


class McpCircuit:
    """The circuit of a board of kind "mcp23017"."""

    def __init__(self, board: McpBoard, open_pins: Callable[[], Pins], bus: I2c) -> None:
        """Nothing is touched yet."""
        self._board, self._open_pins, self._bus = board, open_pins, bus
        self._on = bool(board.enable_level)
        pull_ups = _IN_BUT_7 if board.pull_up else 0
        self._outs = [_Chip(address, _ALL_OUT, 0) for address in board.out_addresses]
        self._doors = [_Chip(address, _IN_BUT_7, pull_ups) for address in board.in_addresses]
        self._items = [_Chip(address, _IN_BUT_7, pull_ups) for address in board.item_addresses]
        self._off = 0 if board.lock_level else (1 << MCP_OUTPUTS * len(self._outs)) - 1
        self._word = self._off
        self._pins: Pins | None = None
        self._whole = False

    @property
    def stuck(self) -> str:
        """What the pins say of a killed process."""
        return self._pins.stuck if self._pins is not None else ""

    def open(self) -> None:
        """The supply off before anything else, then the bus and its chips."""
        self._pins = pins = self._open_pins()
        try:
            self._enable: Output = pins.output(self._board.enable_pin, high=not self._on)
            self._whole = True
            self._open_bus()
            self.restart()
        except OSError:
            with suppress(OSError):
                self.close()
            raise

    def restart(self) -> None:
        """The supply off; then each chip, those of the locks first."""
        self._enable.write(not self._on)
        self._word = self._off
        for chip, latches in self._expected():
            self._set_up(chip, latches)

    def read(self) -> tuple[int, int]:
        """All chips. Raises ``CircuitReset`` when one has forgotten its direction or its latches."""
        levels = {chip.address: self._read_chip(chip, latches) for chip, latches in self._expected()}
        return _inputs(self._doors, levels), _inputs(self._items, levels)

    def fire(self, channel: int, ms: int) -> None:
        """Choose one lock with the supply off, read it back at the pins, then let the supply through for so long."""
        if self.firing:
            raise CircuitFault("the supply of the coils is on already; check enable_pin and its wiring")
        self._choose(self._off ^ 1 << channel)
        self._enable.pulse(self._on, ms)

    @property
    def firing(self) -> bool:
        """Whether the supply is let through."""
        return self._enable.high == self._on

    def rest(self) -> None:
        """The supply off, then nothing chosen."""
        self._enable.write(not self._on)
        self._choose(self._off)

    def close(self) -> None:
        """The supply off, nothing chosen, the pin an input again."""
        pins, self._pins = self._pins, None
        if pins is None:
            return
        with ExitStack() as stack:
            stack.callback(pins.close)
            stack.callback(self._bus.close)
            if self._whole:
                self._whole = False
                stack.enter_context(suppress(CircuitFault))
                self.rest()

    # --- chips ------------------------------------------------------------------------------------

    def _open_bus(self) -> None:
        try:
            self._bus.open()
        except OSError as error:
            raise PinError(f"{self._board.port}: {error}; check dtparam=i2c_arm=on and the group i2c") from error

    def _expected(self) -> Iterator[tuple[_Chip, int]]:
        """Every chip with the levels that its latches must have."""
        for index, chip in enumerate(self._outs):
            yield chip, self._word >> MCP_OUTPUTS * index & 0xFFFF
        for chip in (*self._doors, *self._items):
            yield chip, 0

    def _set_up(self, chip: _Chip, latches: int) -> None:
        """Levels, read back, and only then the direction."""
        self._write(chip, OLAT, latches)
        self._verify(chip, OLAT, latches)
        self._write(chip, IPOL, 0)
        self._write(chip, GPPU, chip.pull_ups)
        self._write(chip, IODIR, chip.direction)
        for register, value in ((IODIR, chip.direction), (IPOL, 0), (GPPU, chip.pull_ups), (OLAT, latches)):
            self._verify(chip, register, value)

    def _choose(self, word: int) -> None:
        """These levels at the locks' pins. Raises ``CircuitFault`` when they are not there then.

        Nothing is read back before everything is written: a write may have gone to the other chip by a wrong bit.
        """
        self._word = word
        locks = [(chip, latches) for chip, latches in self._expected() if chip.direction == _ALL_OUT]
        for chip, latches in locks:
            self._write(chip, OLAT, latches)
        for chip, latches in locks:
            self._verify(chip, OLAT, latches)
            self._verify(chip, IODIR, chip.direction)
            self._verify(chip, GPIO, latches)

    def _read_chip(self, chip: _Chip, latches: int) -> int:
        """The levels at its pins, if it is still as it was set up."""
        self._verify(chip, IODIR, chip.direction)
        both = self._read(chip, GPIO, 4)
        self._compare(chip, OLAT, both >> 16, latches)
        return both & 0xFFFF

    def _verify(self, chip: _Chip, register: int, value: int) -> None:
        self._compare(chip, register, self._read(chip, register, 2), value)

    def _compare(self, chip: _Chip, register: int, found: int, value: int) -> None:
        if found != value:
            raise CircuitReset(
                f"chip {chip.address:#04x}, register {register:#04x}: found {found:#06x} instead of {value:#06x}: "
                f"it was reset, or something drives its pins; check its supply and RESET"
            )

    def _write(self, chip: _Chip, register: int, value: int) -> None:
        try:
            self._bus.write(chip.address, register, value.to_bytes(2, "little"))
        except OSError as error:
            raise self._mute(chip, error) from error

    def _read(self, chip: _Chip, register: int, count: int) -> int:
        try:
            return int.from_bytes(self._bus.read(chip.address, register, count), "little")
        except OSError as error:
            raise self._mute(chip, error) from error

    def _mute(self, chip: _Chip, error: OSError) -> CircuitFault:
        return CircuitFault(f"chip {chip.address:#04x} on {self._board.port}: {error}; check its address and the wires")


def _inputs(chips: Sequence[_Chip], levels: dict[int, int]) -> int:
    """Fourteen bits a chip: GPA0 to GPA6, then GPB0 to GPB6."""
    mask = 0
    for index, chip in enumerate(chips):
        bits = levels[chip.address] & _LOW_7 | (levels[chip.address] >> 8 & _LOW_7) << 7
        mask |= bits << MCP_INPUTS * index
    return mask
