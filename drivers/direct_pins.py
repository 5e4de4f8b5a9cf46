"""A small cabinet: each lock and each door switch on a pin of its own.

Hardware: a MOSFET or relay board a lock, **with a resistor at its input that keeps it off** (a pull-down, or a pull-up
where a low level switches on): the computer's own pulls are weak, come late, and differ from pin to pin. Switches to
ground with the pin's own pull-up, or opto-couplers.
Wire: levels.
Source: hardware facts, 4.1 and 4.6.
Quirks: at power-on GPIO 0 to 8 are pulled up, 9 to 27 down, and GPIO 14 goes high while the system boots: a lock that
is switched on by a low level does not belong on 9 to 27, the others not on 2 to 8, and none on 14, resistor or not.

Knows pins by channel; must never know doors.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress

from drivers.circuit import CircuitFault
from drivers.pins import Input, Output, Pins
from locker.config_gpio import PinsBoard


class DirectPins:
    """The circuit of a board of kind "pins"."""

    def __init__(self, board: PinsBoard, open_pins: Callable[[], Pins]) -> None:
        """Nothing is touched yet."""
        self._board, self._open_pins = board, open_pins
        self._on = bool(board.lock_level)
        self._pins: Pins | None = None
        self._locks: list[Output] = []
        self._doors: list[Input] = []
        self._items: list[Input] = []

    @property
    def stuck(self) -> str:
        """What the pins say of a killed process."""
        return self._pins.stuck if self._pins is not None else ""

    def open(self) -> None:
        """Every lock off, then the switches."""
        board = self._board
        self._pins = pins = self._open_pins()
        try:
            for pin in board.lock_pins:
                self._locks.append(pins.output(pin, high=not self._on))
            self._doors = [pins.input(pin, board.pull) for pin in board.door_pins]
            self._items = [pins.input(pin, board.pull) for pin in board.item_pins]
        except OSError:
            with suppress(OSError):
                self.close()
            raise

    def restart(self) -> None:
        """Every lock off."""
        self.rest()

    def read(self) -> tuple[int, int]:
        """All levels, pin after pin."""
        return _mask(self._doors), _mask(self._items)

    def fire(self, channel: int, ms: int) -> None:
        """One pin on for so long. Raises ``CircuitFault`` when another is on."""
        if self.firing:
            raise CircuitFault("a lock's pin is at its switching level already; check its wiring")
        self._locks[channel].pulse(self._on, ms)

    @property
    def firing(self) -> bool:
        """Whether any lock's pin is at its switching level."""
        return any(lock.high == self._on for lock in self._locks)

    def rest(self) -> None:
        """Every lock off; one that cannot be keeps no other from it."""
        with ExitStack() as stack:
            for lock in self._locks:
                stack.callback(lock.write, not self._on)

    def close(self) -> None:
        """Every lock off, then every pin an input again."""
        pins, self._pins = self._pins, None
        if pins is None:
            return
        with ExitStack() as stack:
            stack.callback(self._locks.clear)
            stack.callback(pins.close)
            stack.callback(self.rest)


def _mask(pins: list[Input]) -> int:
    return sum(pin.high << index for index, pin in enumerate(pins))
