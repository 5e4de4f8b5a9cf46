"""Lines that say one thing each: mains lost, battery low, switch off, tamper loop open. Read from the computer's pins.

Hardware: a UPS's signal pins (X728: GPIO 6 high when mains are lost, GPIO 5 high to ask for an end), a mains relay or
opto-coupler, a loop of normally closed contacts. 3.3 V; resistors outside decide what a broken wire says.
Wire: levels.
Source: hardware facts, 6 (UPS X728, tamper switch); gpiozero 2.0.1; docs/hardware.md, section F.
Quirks: contacts bounce, so a level counts when two readings ``LOOK_MS`` apart were alike: what lasts for 400 ms is
always seen, as IEC 60839-11-1 asks. A turn can be held up for longer than that by a slow card; so the kernel notes the
edges meanwhile, where the pin's library can, and a contact that was over by then is told afterwards as ``brief``, if it
lasted for ``BRIEF_MS``. A supply's line that flickered while nobody could look is told by its present level only.

Knows pins and names of lines; must never know what follows from a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from drivers.pins import Input, PinError, Pins, Pull
from locker.model import Act, DeviceTrouble, Event, LineSeen, Now, PortBack, PortLost

LOOK_MS = 100
BRIEF_MS = 100
RETRY_MS = 5000


@dataclass(slots=True)
class _Line:
    """One line: its pin, the level that means yes, what was read last and what was told last."""

    name: str
    pin: int
    level: bool
    input: Input | None = None
    read: bool | None = None
    told: bool | None = None
    since_s: float | None = None


class LineReader:
    """The lines of one part. Nothing is touched before the first ``refresh``."""

    def __init__(
        self, name: str, lines: Mapping[str, tuple[int, int]], pull: Pull, open_pins: Callable[[], Pins]
    ) -> None:
        """``lines`` gives each line's pin and the level that means yes."""
        self._name, self._pull, self._open_pins = name, pull, open_pins
        self._lines = [_Line(line, pin, bool(level)) for line, (pin, level) in lines.items()]
        self._pins: Pins | None = None
        self._due_ms = 0
        self._lost = False
        self._untold: list[Event] = []
        self._counts = dict.fromkeys(("reads", "changes", "brief", "port_lost"), 0)

    @property
    def name(self) -> str:
        """The part's name."""
        return self._name

    def fileno(self) -> int | None:
        """None: pins are read by the clock."""
        return None

    def deadline_ms(self) -> int | None:
        """The next look."""
        return self._due_ms

    def refresh(self, now: Now) -> list[Event]:
        """Look, when it is time."""
        if now.ms < self._due_ms:
            return []
        events: list[Event] = []
        self._due_ms = now.ms + LOOK_MS
        try:
            if self._pins is None:
                events += self._take_hold()
            for line in self._lines:
                events += self._look(line)
        except PinError as error:
            events += self._lose(error, now.ms)
        return events

    def accepts(self, act: Act) -> bool:
        """Nothing is ordered here."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Nothing is ordered here."""

    def counters(self) -> dict[str, int]:
        """Readings, changes that were told, contacts between two looks, losses of the pins."""
        return dict(self._counts)

    def close(self) -> None:
        """Let go of the pins. Raises ``PinError``."""
        pins, self._pins = self._pins, None
        if pins is not None:
            pins.close()

    # --- the parts --------------------------------------------------------------------------------

    def _take_hold(self) -> list[Event]:
        self._pins = self._open_pins()
        trouble: list[Event] = []
        for line in self._lines:
            line.input, line.read, line.since_s = self._pins.input(line.pin, self._pull), None, None
            try:
                line.input.watch()
            except PinError as error:
                trouble = [DeviceTrouble(self._name, "no edges", f"{error}; brief contacts may be missed")]
        if self._lost:
            self._lost = False
            trouble.append(PortBack(self._name, ", ".join(f"pin {line.pin}" for line in self._lines)))
        return trouble

    def _lose(self, error: PinError, ms: int) -> list[Event]:
        with suppress(PinError):
            self.close()
        self._pins, self._due_ms = None, ms + RETRY_MS
        if self._lost:
            return []
        self._lost = True
        self._counts["port_lost"] += 1
        return [PortLost(self._name, str(error))]

    def _look(self, line: _Line) -> list[Event]:
        """One reading; a change is told when it was read twice."""
        assert line.input is not None, f"line {line.name} is read before it is held"
        active = line.input.high == line.level
        self._counts["reads"] += 1
        missed = self._missed(line, line.input.edges())
        settled, line.read = active == line.read, active
        if settled and active != line.told:
            line.told = active
            self._counts["changes"] += 1
            return [LineSeen(line.name, active)]
        if missed and line.told is False and not active:
            self._counts["brief"] += 1
            return [LineSeen(line.name, False, brief=True)]
        return []

    def _missed(self, line: _Line, edges: list[tuple[float, bool]]) -> bool:
        """Whether it said yes for long enough between the edges of this look, and no again before it."""
        long_enough = False
        for at_s, high in edges:
            if high == line.level:
                line.since_s = at_s
            elif line.since_s is not None:
                long_enough = long_enough or round((at_s - line.since_s) * 1000) >= BRIEF_MS
                line.since_s = None
        return long_enough
