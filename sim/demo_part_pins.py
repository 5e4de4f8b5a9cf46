"""The demo's pins for the parts beside the doors: gpiozero's mock pins, in the controller's own process.

What ``sim.demo_pins`` is for lock boards, for lines that are read and parts that are switched: everything above the
pins is the real program. The far ends are in small files (``sim.demo_parts``). A timer ends each beep, as lgpio's own
thread does. Must never know what a part is for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.fittings import fittings
from drivers.pins import Pins
from locker.config import Config
from locker.model import Driver
from sim.demo_parts import LINES, ON, OUTPUTS, PINS, STATE
from sim.header import Header

_INPUTS = ("mains", "low", "off", "tamper")


class PartPins:
    """One header, with the files at its far end."""

    def __init__(self, folder: Path) -> None:
        """Everything off. Raises ``OSError``."""
        self._lines = os.open(folder / LINES, os.O_RDONLY | os.O_CLOEXEC)
        self._on = os.open(folder / ON, os.O_RDWR | os.O_CLOEXEC)
        self._lock = threading.RLock()
        self._header = Header()
        self._header.traces = False
        for index, name in enumerate(_INPUTS):
            self._header.drives[PINS[name]] = self._line(index)
        for name in OUTPUTS:
            self._header.pulls[PINS[name]] = False
        self._header.listen(self._look, *(PINS[name] for name in OUTPUTS))
        self._look()

    def open_pins(self, _: str) -> Pins:
        """What a part's driver is given in the place of lgpio's pins."""
        return Pins(self._header.another_factory(), self._pulse)

    def _line(self, index: int) -> Callable[[], bool]:
        return lambda: bool(STATE.unpack(os.pread(self._lines, STATE.size, 0))[index])

    def _pulse(self, pin: Any, high: bool, ms: int) -> None:
        with self._lock:
            pin.state = high
        timer = threading.Timer(ms / 1000, self._end, (pin, not high))
        timer.daemon = True
        timer.start()

    def _end(self, pin: Any, high: bool) -> None:
        with self._lock:
            if pin._function == "output":
                pin.state = high

    def _look(self) -> None:
        with self._lock:
            mask = sum(self._header.level(PINS[name]) << bit for bit, name in enumerate(OUTPUTS))
            os.pwrite(self._on, bytes((mask,)), 0)


def demo_parts(cfg: Config, wake: Callable[[], None], folder: Path) -> list[Driver]:
    """The drivers of the parts, as the assembly makes them, on these pins. Raises ``OSError``."""
    return fittings(cfg, wake, PartPins(folder).open_pins)
