"""Parts that are switched: lamps, a buzzer, a fan, a heater. One pin each.

Hardware: a logic-level MOSFET or a relay module a part, **with a resistor at its input that keeps it off**; lamps, fan
and heater of 12 V behind it. A heater has a thermostat or a thermal fuse of its own besides: no program is one.
Wire: levels.
Source: hardware facts, 4.1 and 6 (buzzer, heater); docs/hardware.md, section F.
Quirks: everything is off from the first moment on, at the end, and when a pin fails. What is ordered for up to a second
is a pulse that the pin's library ends; what is ordered for longer is switched off here when nobody has ordered it again
by then. Where the kernel keeps a killed program's outputs on, they stay on until the next start, a second later.

Knows pins and names of parts; must never know why one is on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

from drivers.pins import Output, PinError, Pins
from locker.model import Act, Event, Now, PortBack, PortLost, Switch

PULSE_MS_MAX = 1000
RETRY_MS = 5000
_FOR_EVER = 1 << 62


class LineSwitch:
    """The outputs of one part. Nothing is touched before the first ``refresh``."""

    def __init__(self, name: str, lines: Mapping[str, int], level: int, open_pins: Callable[[], Pins]) -> None:
        """``lines`` gives each line's pin; ``level`` is the one that switches on."""
        self._name, self._lines, self._level, self._open_pins = name, dict(lines), bool(level), open_pins
        self._pins: Pins | None = None
        self._outputs: dict[str, Output] = {}
        self._until_ms: dict[str, int] = {}
        self._retry_ms = 0
        self._events: list[Event] = []
        self._lost = False
        self._counts = dict.fromkeys(("switched", "lapsed", "port_lost"), 0)

    @property
    def name(self) -> str:
        """The part's name."""
        return self._name

    def fileno(self) -> int | None:
        """None: nothing arrives."""
        return None

    def deadline_ms(self) -> int | None:
        """When something has to go off, or the pins are tried again."""
        if self._events:
            return 0
        if self._pins is None:
            return self._retry_ms
        return min((ms for ms in self._until_ms.values() if ms != _FOR_EVER), default=None)

    def refresh(self, now: Now) -> list[Event]:
        """Take the pins, all off; switch off what nobody has ordered again."""
        if self._pins is None and now.ms >= self._retry_ms:
            self._guarded(self._take_hold, now.ms)
        for line, until_ms in list(self._until_ms.items()):
            if now.ms >= until_ms:
                del self._until_ms[line]
                self._counts["lapsed"] += 1
                self._write(line, False, now.ms)
        events, self._events = self._events, []
        return events

    def accepts(self, act: Act) -> bool:
        """``Switch`` of its own lines."""
        return isinstance(act, Switch) and act.line in self._lines

    def perform(self, act: Act, now: Now) -> None:
        """Switch now; while the pins are gone it is remembered. ``ValueError`` for an order that it does not accept."""
        if not isinstance(act, Switch) or act.line not in self._lines:
            raise ValueError(f"{self._name}: {act!r} is not for its lines {', '.join(self._lines)}")
        self._counts["switched"] += 1
        if act.on and 0 < act.for_ms <= PULSE_MS_MAX:
            self._until_ms.pop(act.line, None)
            self._guarded(lambda: self._pulse(act.line, act.for_ms), now.ms)
            return
        if act.on:
            self._until_ms[act.line] = now.ms + act.for_ms if act.for_ms else _FOR_EVER
        else:
            self._until_ms.pop(act.line, None)
        self._write(act.line, act.on, now.ms)

    def counters(self) -> dict[str, int]:
        """Orders, parts that went off because nobody ordered them again, losses of the pins."""
        return dict(self._counts)

    def close(self) -> None:
        """Everything off, then let go of the pins. Raises ``PinError`` when something of that failed."""
        pins, self._pins = self._pins, None
        self._until_ms.clear()
        if pins is None:
            return
        outputs, self._outputs = self._outputs, {}
        with ExitStack() as stack:
            stack.callback(pins.close)
            for output in outputs.values():
                stack.callback(output.write, not self._level)

    # --- the parts --------------------------------------------------------------------------------

    def _take_hold(self) -> None:
        """All off, then what was on before the pins were lost, as far as it still holds."""
        self._pins = pins = self._open_pins()
        for line, pin in self._lines.items():
            self._outputs[line] = pins.output(pin, high=not self._level)
        for line in self._until_ms:
            self._outputs[line].write(self._level)
        if self._lost:
            self._lost = False
            self._events.append(PortBack(self._name, ", ".join(f"pin {pin}" for pin in self._lines.values())))

    def _write(self, line: str, on: bool, ms: int) -> None:
        if self._pins is not None:
            self._guarded(lambda: self._outputs[line].write(on == self._level), ms)

    def _pulse(self, line: str, for_ms: int) -> None:
        if self._pins is not None:
            self._outputs[line].pulse(self._level, for_ms)

    def _guarded(self, do: Callable[[], None], ms: int) -> None:
        """Do it; a pin that fails lets go of all, off as far as that still goes."""
        try:
            do()
        except PinError as error:
            wanted = dict(self._until_ms)
            with suppress(PinError):
                self.close()
            self._until_ms, self._outputs, self._retry_ms = wanted, {}, ms + RETRY_MS
            if not self._lost:
                self._lost = True
                self._counts["port_lost"] += 1
                self._events.append(PortLost(self._name, str(error)))
