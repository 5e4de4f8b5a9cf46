"""A DS18B20 through the kernel's 1-Wire: what its file says, and whether that can be believed.

Hardware: a DS18B20 on GPIO 4 with 4.7 kΩ to 3.3 V, supplied by a third wire (not parasitic), ``dtoverlay=w1-gpio``.
Wire: ``/sys/bus/w1/devices/28-*/w1_slave``: nine bytes of the scratchpad and YES or NO for their checksum, then the
same bytes and ``t=`` in thousandths of a degree Celsius.
Source: hardware facts, 6 (DS18B20); the kernel's Documentation/w1/slaves/w1_therm.rst and drivers/w1/slaves/w1_therm.c;
the chip's data sheet (scratchpad, range).
Quirks: reading that file *begins a conversion and waits for it*, 750 ms, or longer where somebody else has the bus. So
it is read by a thread of its own (``drivers.probe_file``) and never within a turn; the kernel's asynchronous way
(``therm_bulk_read``) still reads bit by bit, under the same lock. A chip that has just been powered says 85 °C until
its first conversion; byte 6 is 0C then, and 10 where it really is 85 °C. 127.94 °C is a chip without a supply. A bus
held low gives nine zeros, whose checksum is right. NO is a disturbed reading. None of these is a temperature.

Knows one file's text; must never know what is done about a temperature.
"""

from __future__ import annotations

import re
from typing import Protocol

from locker.model import Act, DeviceTrouble, Event, Measured, Now

SENSOR = "inside_mc"
OVERDUE_MS = 10_000
LOW_MC, HIGH_MC = -55_000, 125_000
_POWER_ON_MC = 85_000
_NEVER_CONVERTED = 0x0C
_TEXT = re.compile(r"((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)\n((?:[0-9a-f]{2} ){9})t=(-?[0-9]{1,6})\n?")


class Probe(Protocol):
    """Somebody who reads the file without holding anybody up."""

    def ask(self) -> None:
        """Begin to read, unless a reading is under way."""

    def take(self) -> str | OSError | None:
        """What the reading brought, once; None while there is none."""


class NoTemperature(ValueError):
    """The text is no temperature; says why."""


def millicelsius(text: str) -> int:
    """The temperature that a ``w1_slave`` file tells, in thousandths of a degree. Raises ``NoTemperature``."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise NoTemperature("the file has not the two lines of a w1_slave")
    scratchpad, verdict, told = bytes.fromhex(found[1]), found[2], int(found[4])
    if verdict != "YES":
        raise NoTemperature("the checksum is wrong; a disturbed reading")
    if not any(scratchpad):
        raise NoTemperature("nine zeros: the bus is held low")
    if told == _POWER_ON_MC and scratchpad[6] == _NEVER_CONVERTED:
        raise NoTemperature("85 degrees as after power-on: the chip has converted nothing yet")
    if not LOW_MC <= told <= HIGH_MC:
        raise NoTemperature(f"{told / 1000} degrees is outside of the chip's range; has it a supply?")
    return told


class Thermometer:
    """One probe. Nothing is read before the first ``refresh``."""

    def __init__(self, probe: Probe, every_ms: int) -> None:
        """Reads every so often."""
        self._probe, self._every_ms = probe, every_ms
        self._due_ms = 0
        self._asked_ms: int | None = None
        self._trouble = ""
        self._counts = dict.fromkeys(("reads", "bad", "late"), 0)

    @property
    def name(self) -> str:
        """Always "thermometer"."""
        return "thermometer"

    def fileno(self) -> int | None:
        """None: the probe's thread wakes us."""
        return None

    def deadline_ms(self) -> int | None:
        """The next reading, or when the one under way is overdue."""
        return self._due_ms if self._asked_ms is None else self._asked_ms + OVERDUE_MS

    def refresh(self, now: Now) -> list[Event]:
        """Take what was read, and ask again when it is time."""
        events = self._answered(self._probe.take())
        if self._asked_ms is not None and now.ms >= self._asked_ms + OVERDUE_MS:
            self._counts["late"] += 1
            self._asked_ms = now.ms
            events += self._bad("no answer: the bus hangs")
        if self._asked_ms is None and now.ms >= self._due_ms:
            self._due_ms = now.ms + self._every_ms
            self._asked_ms = now.ms
            self._probe.ask()
        return events

    def accepts(self, act: Act) -> bool:
        """Nothing is ordered here."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Nothing is ordered here."""

    def counters(self) -> dict[str, int]:
        """Readings that were taken, that were none, and that came too late."""
        return dict(self._counts)

    def close(self) -> None:
        """Nothing is held open; a reading under way ends by itself."""

    def _answered(self, answer: str | OSError | None) -> list[Event]:
        if answer is None:
            return []
        self._asked_ms = None
        if isinstance(answer, OSError):
            return self._bad(f"{answer.strerror or answer}; check the probe's wires, id and dtoverlay=w1-gpio")
        try:
            found = millicelsius(answer)
        except NoTemperature as wrong:
            return self._bad(str(wrong))
        self._counts["reads"] += 1
        self._trouble = ""
        return [Measured(SENSOR, found)]

    def _bad(self, why: str) -> list[Event]:
        """No temperature; the trouble is told once as long as it is the same."""
        self._counts["bad"] += 1
        told, self._trouble = self._trouble, why
        measured: list[Event] = [Measured(SENSOR, None, why)]
        return measured if told == why else [*measured, DeviceTrouble(self.name, "no temperature", why)]
