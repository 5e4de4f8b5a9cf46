"""A cabinet whose locks hang on a computer's pins: a ``Body`` behind shift registers, port expanders or single pins.

Written from hardware facts, 4; knows boards' configurations, because that is how the wires are soldered, and no driver.
``lines`` is which coils are on at this moment; ``moved`` is every change of that with its time, for a witness. The body
is told of a coil when it comes on, and when it goes off too early. Sensors inside follow what lies in the compartments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from drivers.pins import PinError, Pins
from locker.config_gpio import GpioBoard, McpBoard, PinsBoard, ShiftBoard
from sim.body import Body
from sim.header import Header, HeaderPin
from sim.mcp23017 import Bus, Mcp23017
from sim.shift_chain import InputChain, OutputChain


class Behind(Protocol):
    """The doors at the other ends of the wires; a ``Body`` is one."""

    def closed_contacts(self, now_ms: int) -> int:
        """The closed switches, channel 0 lowest."""

    def filled(self) -> int:
        """Where something lies."""

    def energise(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        """This coil is on from now."""

    def cut_power(self, now_ms: int) -> None:
        """Every coil is off from now."""

    def advance(self, now_ms: int) -> None:
        """Let time pass."""

    def deadline_ms(self) -> int | None:
        """When something happens by itself next, or None."""


class GpioCabinet:
    """The header, everything on it, and the doors. ``strict`` kernels make a dead process's outputs inputs."""

    def __init__(
        self,
        board: GpioBoard,
        seed: int = 1,
        pin_class: type[HeaderPin] = HeaderPin,
        strict: bool = True,
        behind: Behind | None = None,
    ) -> None:
        """Wired as the board's configuration says, all doors shut; ``behind`` are other doors than ``body``'s."""
        self.board = board
        self.header = Header(pin_class)
        self.header.keeps_outputs = not strict
        self.body = Body(board.channels, seed)
        self._behind: Behind = self.body if behind is None else behind
        self.moved: list[tuple[int, int]] = []
        self.refusals = 0
        self._on = 0
        self.outs: OutputChain
        self.ins: InputChain
        self.bus: Bus
        self._lines = self._wire()
        self.header.listen(self.look, *self._watched(), -1)

    # --- wires ------------------------------------------------------------------------------------

    def _wire(self) -> Callable[[], int]:
        """Solder everything on; returns what says which coils are on."""
        if isinstance(self.board, ShiftBoard):
            return self._wire_shift(self.board)
        if isinstance(self.board, McpBoard):
            return self._wire_mcp(self.board)
        assert isinstance(self.board, PinsBoard)
        return self._wire_pins(self.board)

    def _watched(self) -> tuple[int, ...]:
        """The pins on which a coil may hang."""
        if isinstance(self.board, PinsBoard):
            return tuple(self.board.lock_pins)
        if isinstance(self.board, ShiftBoard):
            return self.board.enable_pin, self.board.out_latch_pin
        assert isinstance(self.board, McpBoard)
        return (self.board.enable_pin,)

    def _wire_shift(self, board: ShiftBoard) -> Callable[[], int]:
        pins = (board.out_data_pin, board.out_clock_pin, board.out_latch_pin, board.enable_pin)
        self.outs = outs = OutputChain(self.header, board.out_chips, *pins)
        if board.out_return_pin is not None:
            self.header.drives[board.out_return_pin] = outs.returned
        chips = board.in_chips + board.item_chips
        pins_in = (board.in_load_pin, board.in_clock_pin, board.in_data_pin)
        self.ins = InputChain(
            self.header, chips, *pins_in, lambda: self._contacts() | self._sensors() << 8 * board.in_chips
        )
        return lambda: outs.lines

    def _wire_mcp(self, board: McpBoard) -> Callable[[], int]:
        self.header.pulls[board.enable_pin] = not board.enable_level
        chips: dict[int, Mcp23017] = {address: Mcp23017() for address in board.out_addresses}
        for addresses, bits in ((board.in_addresses, self._contacts), (board.item_addresses, self._sensors)):
            for index, address in enumerate(addresses):
                chips[address] = Mcp23017(partial(_fourteen, bits, index))
        self.bus = Bus(chips, lambda: self.header.read_step(-1), self.header.changed)

        def lines() -> int:
            if self.header.level(board.enable_pin) != bool(board.enable_level):
                return 0
            on = 0
            for index, address in enumerate(board.out_addresses):
                chip = chips[address]
                wanted = chip.levels if board.lock_level else ~chip.levels & 0xFFFF
                on |= (wanted & chip.driven) << 16 * index
            return on

        return lines

    def _wire_pins(self, board: PinsBoard) -> Callable[[], int]:
        for pin in board.lock_pins:
            self.header.pulls[pin] = not board.lock_level
        for index, pin in enumerate(board.door_pins):
            self.header.drives[pin] = partial(_bit, self._contacts, index)
        for index, pin in enumerate(board.item_pins):
            self.header.drives[pin] = partial(_bit, self._sensors, index)
        level = self.header.level
        return lambda: sum((level(pin) == bool(board.lock_level)) << n for n, pin in enumerate(board.lock_pins))

    def _contacts(self) -> int:
        """The door switches' levels."""
        closed = self._behind.closed_contacts(self.header.ms)
        return closed if self.board.closed_bit else ~closed & (1 << self.board.channels) - 1

    def _sensors(self) -> int:
        """The sensors inside: 1 where something lies; where none is fitted there is no wire either."""
        return self._behind.filled() & (1 << self.board.senses) - 1

    # --- coils ------------------------------------------------------------------------------------

    @property
    def lines(self) -> int:
        """The coils that are on."""
        return self._on

    def look(self) -> None:
        """What has changed since the last look."""
        on = self._lines()
        before, self._on = self._on, on
        if on == before:
            return
        now_ms = self.header.ms
        self.moved.append((now_ms, on))
        if before & ~on:
            self._behind.cut_power(now_ms)
        for channel in range(self.board.channels):
            if on & ~before & 1 << channel:
                self._behind.energise(channel, self.board.pulse_ms, now_ms)

    def power(self, on: bool) -> None:
        """Take the chips' supply away, or give it back: they are as after power-on then."""
        if isinstance(self.board, ShiftBoard):
            self.outs.power(on)
            self.ins.unpowered = not on
        elif isinstance(self.board, McpBoard):
            for chip in self.bus.chips.values():
                if on and not chip.powered:
                    chip.reset()
                chip.powered = on
        self.look()

    # --- the computer and its clock ---------------------------------------------------------------

    def open_pins(self, _: str) -> Pins:
        """What a driver is given for its pins. Raises ``PinError`` as often as ``refusals`` says."""
        if self.refusals:
            self.refusals -= 1
            raise PinError("/dev/gpiochip0: busy")
        return Pins(self.header.factory, self.header.pulse, stuck="it keeps outputs" if self._keeps else "")

    @property
    def _keeps(self) -> bool:
        return self.header.keeps_outputs

    def open_bus(self, _: str) -> Bus:
        """What a driver is given for its bus."""
        return self.bus

    def advance(self, now_ms: int) -> None:
        """Let time pass."""
        self.header.advance(now_ms)
        self._behind.advance(now_ms)

    def deadline_ms(self) -> int | None:
        """When something happens by itself next."""
        times = (self.header.deadline_ms(), self._behind.deadline_ms())
        return min((ms for ms in times if ms is not None), default=None)


def _bit(mask: Callable[[], int], index: int) -> bool:
    return bool(mask() >> index & 1)


def _fourteen(mask: Callable[[], int], chip: int) -> int:
    """A chip's fourteen bits on the pins that may be inputs: GPA0 to 6, GPB0 to 6."""
    bits = mask() >> 14 * chip
    return bits & 0x7F | (bits >> 7 & 0x7F) << 8
