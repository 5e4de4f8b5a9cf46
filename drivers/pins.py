"""Single pins of the computer, through gpiozero: outputs that begin at their safe level, inputs, and nothing else.

Hardware: the 26 pins of a Raspberry Pi's header, 3.3 V, by BCM number; more than 3.3 V on one destroys it.
Wire: levels. An output has its first level when it is made, and may be handed to the pin's library for a timed pulse.
Source: hardware facts, 4.1 and 4.2; gpiozero 2.0.1, ``output_devices.py`` and ``pins/lgpio.py``.
Quirks: gpiozero makes every pin an input without a pull first, and again when it is closed: then resistors on the board
decide, and nothing else. Its own lgpio pin becomes an output at low and gets its level afterwards, a blip on whatever
is active-low; ``drivers.lgpio_pins`` gives level and direction at once. ``Button`` and ``blink`` start threads: only
``InputDevice`` and ``OutputDevice`` are used. The factory is handed to each device: gpiozero's global one is never
touched, so nothing can fall back to another library. A watched input (``Input.watch``) uses the thread that lgpio
has anyway, and only notes.

Knows pins and levels; must never know what hangs on them. The only file that imports gpiozero, but for the factory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Literal

import gpiozero

Pull = Literal["up", "down", "none"]
EDGES_MAX = 64
_PULL_UP = {"up": True, "down": False, "none": None}
_ERRORS = (gpiozero.GPIOZeroError, OSError)


class PinError(OSError):
    """A pin or its chip cannot be had, or is gone."""


class Output:
    """One pin that is driven."""

    def __init__(self, owner: Pins, device: Any) -> None:
        """Made by ``Pins.output``."""
        self._owner, self._pin = owner, device.pin

    def write(self, high: bool) -> None:
        """Drive it. Raises ``PinError``."""
        self._owner.guarded(lambda: setattr(self._pin, "state", high))

    @property
    def high(self) -> bool:
        """The level that it has. Raises ``PinError``."""
        return bool(self._owner.guarded(lambda: self._pin.state))

    def pulse(self, high: bool, ms: int) -> None:
        """This level from now on for so long, then the other one, whatever becomes of our threads."""
        self._owner.guarded(lambda: self._owner.timed(self._pin, high, ms))


class Input:
    """One pin that is read. Between two readings it can be watched, by the kernel and the library's own thread."""

    def __init__(self, owner: Pins, device: Any) -> None:
        """Made by ``Pins.input``."""
        self._owner, self._pin = owner, device.pin
        self._edges: deque[tuple[float, bool]] = deque(maxlen=EDGES_MAX)

    def watch(self) -> None:
        """Note every change from now on. Raises ``PinError``."""
        self._owner.guarded(self._begin_to_watch)

    def edges(self) -> list[tuple[float, bool]]:
        """The changes since the last call, oldest first: seconds of some clock, and the level from then on.

        At most ``EDGES_MAX``, the newest; called from another thread than the one that notes them.
        """
        return [self._edges.popleft() for _ in range(len(self._edges))]

    def _begin_to_watch(self) -> None:
        self._pin.edges = "both"
        self._pin.when_changed = self._noted
        self._owner.watched.append(self._pin)

    def _noted(self, at_s: float, level: int) -> None:
        self._edges.append((at_s, bool(level)))

    @property
    def high(self) -> bool:
        """The level that it has. Raises ``PinError``."""
        return bool(self._owner.guarded(lambda: self._pin.state))


class Pins:
    """The pins of one chip. ``stuck`` says why a pulse might outlive this process; empty when it cannot."""

    def __init__(
        self,
        factory: Any,
        timed: Callable[[Any, bool, int], None],
        errors: tuple[type[Exception], ...] = (),
        stuck: str = "",
    ) -> None:
        """``timed(pin, level, ms)`` gives a pin of this gpiozero factory a pulse; ``errors`` are its library's own."""
        self._factory, self.timed, self.stuck = factory, timed, stuck
        self._errors = _ERRORS + errors
        self._devices: list[Any] = []
        self.watched: list[Any] = []

    def output(self, number: int, high: bool) -> Output:
        """Drive a pin, at this level from its first moment on. Raises ``PinError``."""
        device = self.guarded(
            lambda: gpiozero.OutputDevice(number, initial_value=high, pin_factory=self._factory), f"pin {number}: "
        )
        self._devices.append(device)
        return Output(self, device)

    def input(self, number: int, pull: Pull) -> Input:
        """Read a pin. Raises ``PinError``."""
        pull_up = _PULL_UP[pull]
        active = True if pull_up is None else None
        device = self.guarded(
            lambda: gpiozero.InputDevice(number, pull_up=pull_up, active_state=active, pin_factory=self._factory),
            f"pin {number}: ",
        )
        self._devices.append(device)
        return Input(self, device)

    def guarded(self, do: Callable[[], Any], where: str = "") -> Any:
        """Do it; whatever the libraries raise becomes a ``PinError``."""
        try:
            return do()
        except self._errors as error:
            raise PinError(f"{where}{error}") from error

    def close(self) -> None:
        """Make every pin an input again, the first one last, and let go of the chip. Raises ``PinError``."""
        with ExitStack() as stack:
            stack.callback(self.guarded, self._factory.close)
            for device in self._devices:
                stack.callback(self.guarded, device.close)
            for pin in self.watched:
                stack.callback(self.guarded, partial(setattr, pin, "when_changed", None))
            self._devices, self.watched = [], []
