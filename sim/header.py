"""A computer's pins with things soldered to them: gpiozero's mock pins, resistors, chips, a clock, and a sudden death.

Written from hardware facts, 4.1 and 4.2, and from what lgpio and the kernel do with a line; knows no driver. A pin that
nobody drives has the level of its chip, else of its outer resistor, else of its own pull; with none of them it floats,
and counts as ``floats``. ``trace`` has what was driven, unless ``traces`` is off. ``steps`` counts every single
operation on a pin; at ``dies_at`` the process is gone before it: the pulses of its library end with it, and the kernel
releases the lines, or keeps them as they were (``keeps_outputs``). ``fails_at`` is an operation that raises instead.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin


class Died(BaseException):
    """The process is gone: nothing of it may be caught."""


class HeaderPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """One pin. What a driver does with it are steps of its header."""

    def __init__(self, factory: Any, info: Any) -> None:
        """An input without a pull, as lgpio claims it."""
        super().__init__(factory, info)
        self.header: Header = factory.header
        self.header.pins[self._number] = self
        self.header.step(self._number, "in")

    def output_with_state(self, state: bool) -> None:
        """Level and direction at once, as the kernel does it."""
        self.header.step(self._number, "out", state)
        self._function, self._state = "output", bool(state)
        self.header.changed(self._number)

    def close(self) -> None:
        """An input without a pull again."""
        if self.header.dead:
            return  # only Python's tidying up, after the process is gone
        self.header.step(self._number, "in")
        self.header.watched.pop(self, None)
        self._function, self._pull = "input", "floating"
        self.header.changed(self._number)

    def _enable_event_detect(self) -> None:
        """The kernel notes the edges from now on; the library's thread tells of them."""
        self.header.watched[self] = self.header.level(self._number)

    def _disable_event_detect(self) -> None:
        self.header.watched.pop(self, None)

    def tell_edge(self, level: bool) -> None:
        """One edge, with the kernel's time."""
        PiPin._call_when_changed(self, self.header.ms / 1000, level)

    def _set_function(self, value: str) -> None:
        self._function = value
        self.header.changed(self._number)

    def _set_pull(self, value: str) -> None:
        self._pull = value
        self.header.changed(self._number)

    def _set_state(self, value: bool) -> None:
        self.header.step(self._number, "set", value)
        assert self._function == "output", f"pin {self._number} is driven while it is an input"
        self._state = bool(value)
        self.header.changed(self._number)

    def _get_state(self) -> bool:
        self.header.read_step(self._number)
        return self.header.level(self._number)


class BlippingPin(HeaderPin):
    """As gpiozero's own lgpio pin does it: an output at low first, its level afterwards."""

    def output_with_state(self, state: bool) -> None:
        """Two operations."""
        super().output_with_state(False)
        self._set_state(state)


class Header:
    """All pins. A chip says with ``listen`` which of them it looks at; ``drives`` has the pins that chips drive."""

    def __init__(self, pin_class: type[HeaderPin] = HeaderPin) -> None:
        """Nothing is soldered on yet; the time is 0."""
        self.pins: dict[int, Any] = {}
        self.pulls: dict[int, bool] = {}
        self.drives: dict[int, Callable[[], bool]] = {}
        self._chips: list[tuple[frozenset[int], Callable[[], None]]] = []
        self.watched: dict[HeaderPin, bool] = {}
        self.floats = False
        self.trace: list[tuple[int, str, bool]] = []
        self.traces = True
        self.lock = RLock()
        self.steps = self.ms = 0
        self.dies_at: int | None = None
        self.fails_at: int | None = None
        self.keeps_outputs = False
        self.dead = False
        self._pulses: list[tuple[int, int, bool]] = []
        self._pin_class = pin_class
        self._kept: dict[int, bool] = {}
        self.factory = self._factory()

    def another_factory(self) -> Any:
        """A factory of its own for whoever else opens the chip in the same process."""
        return self._factory()

    def _factory(self) -> Any:
        factory = MockFactory(pin_class=self._pin_class)
        factory.header = self
        return factory

    # --- levels -----------------------------------------------------------------------------------

    def level(self, number: int) -> bool:
        """What is on the wire."""
        pin = self.pins.get(number)
        if pin is not None and pin._function == "output":
            return bool(pin._state)
        if pin is None and number in self._kept:
            return self._kept[number]
        if number in self.drives:
            return self.drives[number]()
        if number in self.pulls:
            return self.pulls[number]
        if pin is not None and pin._pull != "floating":
            return bool(pin._pull == "up")
        return self.floats

    def listen(self, chip: Callable[[], None], *pins: int) -> None:
        """This chip looks whenever the level on one of these pins may have changed."""
        self._chips.append((frozenset(pins), chip))

    def changed(self, number: int | None = None) -> None:
        """The level on this pin may have changed, or on any: the chips look, in the order in which they came."""
        for pins, chip in self._chips:
            if number is None or number in pins:
                chip()
        for pin, before in list(self.watched.items()):
            level = self.level(pin._number)
            if level is not before and not self.dead:
                self.watched[pin] = level
                pin.tell_edge(level)

    # --- what a driver does -----------------------------------------------------------------------

    def step(self, number: int, what: str, level: bool = False) -> None:
        """One operation is about to happen, or fails, or is the process's last."""
        if self.dead:
            raise Died
        self.steps += 1
        if self.steps == self.fails_at:
            raise OSError(5, f"input/output error at step {self.steps}")
        if self.steps == self.dies_at:
            self.die()
            raise Died
        if self.traces and what != "get":
            self.trace.append((number, what, bool(level)))

    def read_step(self, number: int) -> None:
        """A reading is an operation as well, but none that a trace of what is driven would show."""
        self.step(number, "get")

    def pulse(self, pin: Any, high: bool, ms: int) -> None:
        """What lgpio's thread does: this level now, the other one after ``ms``, whatever the program does meanwhile."""
        self.step(pin._number, "pulse", high)
        pin._state = bool(high)
        self._pulses.append((self.ms + ms, pin._number, not high))
        self.changed()

    # --- time, and the end of it ------------------------------------------------------------------

    def deadline_ms(self) -> int | None:
        """When the next pulse ends, or None."""
        return min((ms for ms, _, _ in self._pulses), default=None)

    def advance(self, now_ms: int) -> None:
        """Let time pass; pulses end at their time."""
        for pulse in sorted(self._pulses):
            due_ms, number, high = pulse
            if due_ms <= now_ms:
                self._pulses.remove(pulse)
                self.ms = max(self.ms, due_ms)
                pin = self.pins.get(number)
                if pin is not None and pin._function == "output":
                    pin._state = high
                self.changed()
        self.ms = now_ms
        self.changed()

    def die(self) -> None:
        """Kill -9: the library's threads are gone, the kernel closes the chip."""
        self.dead = True
        self._pulses.clear()
        if not self.keeps_outputs:
            for pin in self.pins.values():
                pin._function, pin._pull = "input", "floating"
        self.changed()

    def restart(self) -> None:
        """Another process: it has its own pins, and finds what the kernel kept until it claims them."""
        self._kept = {n: bool(pin._state) for n, pin in self.pins.items() if pin._function == "output"}
        self.pins, self.watched = {}, {}
        self.factory = self._factory()
        self.dead, self.dies_at, self.fails_at, self.steps = False, None, None, 0
        self.changed()
