"""The demo's computer pins: gpiozero's mock pins with the chips simulated behind them, in the controller's own process.

A machine without a header has no pins, so the demo's controller is given these in the place of lgpio's and the kernel's
I2C bus; everything above them is the real program. Chips and wires are those of ``sim.gpio_cabinet``, edge by edge and
register by register; the doors are at the other end of a harness (``sim.demo_harness``). A thread does what lgpio's own
does: it ends each pulse in time, whatever the program is busy with. When the process dies the connection ends, and with
it every coil, as on a kernel that releases lines (``dtparam=strict_gpiod``). Must never know doors.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

from drivers.gpio_kinds import gpio_boards
from drivers.pins import Pins
from locker.clock import boot_ms
from locker.config import Config
from locker.config_gpio import GpioBoard
from locker.model import Driver
from sim.demo_harness import COILS, CONTACTS, STATE
from sim.gpio_cabinet import GpioCabinet
from sim.header import HeaderPin
from sim.mcp23017 import Bus

LOOK_MS = 20
"""How often the thread looks whether the plug is in."""


class GuardedPin(HeaderPin):
    """A pin that the program and the library's thread share."""

    def output_with_state(self, state: bool) -> None:
        """Level and direction at once."""
        with self.header.lock:
            super().output_with_state(state)

    def close(self) -> None:
        """An input without a pull again."""
        with self.header.lock:
            super().close()

    def _set_state(self, value: bool) -> None:
        with self.header.lock:
            super()._set_state(value)

    def _get_state(self) -> bool:
        with self.header.lock:
            return super()._get_state()


class GuardedBus:
    """A bus whose chips the thread may take the supply from."""

    def __init__(self, bus: Bus, lock: threading.RLock) -> None:
        """One transfer at a time."""
        self._bus, self._lock = bus, lock

    def open(self) -> None:
        """Take the bus."""
        self._bus.open()

    def close(self) -> None:
        """Let go of it."""
        self._bus.close()

    def write(self, address: int, register: int, data: bytes) -> None:
        """One transfer. Raises ``OSError`` where no chip answers."""
        with self._lock:
            self._bus.write(address, register, data)

    def read(self, address: int, register: int, count: int) -> bytes:
        """One transfer. Raises ``OSError`` where no chip answers."""
        with self._lock:
            return self._bus.read(address, register, count)


class HarnessEnd:
    """The controller's end of the harness. Times are not handed on: both ends have the machine's clock."""

    def __init__(self, folder: Path) -> None:
        """Connect. Raises ``OSError``."""
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._link.connect(str(folder / COILS))
        self._file = os.open(folder / CONTACTS, os.O_RDONLY | os.O_CLOEXEC)

    def _state(self) -> tuple[int, int, bool]:
        closed, filled, plugged = STATE.unpack(os.pread(self._file, STATE.size, 0))
        return closed, filled, bool(plugged)

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return self._state()[2]

    def closed_contacts(self, now_ms: int) -> int:
        """The closed switches at this moment."""
        return self._state()[0]

    def filled(self) -> int:
        """The sensors that see something."""
        return self._state()[1]

    def energise(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        """This coil is on."""
        self._link.sendall(b"on %d %d\n" % (boot_ms(), channel))

    def cut_power(self, now_ms: int) -> None:
        """No coil is on."""
        self._link.sendall(b"off %d\n" % boot_ms())

    def advance(self, now_ms: int) -> None:
        """The doors have their own time."""

    def deadline_ms(self) -> int | None:
        """Nothing of the doors' happens in this process."""
        return None


class DemoPins:
    """Pins, chips, and the thread that ends pulses, for one board."""

    def __init__(self, board: GpioBoard, folder: Path) -> None:
        """Wired as the configuration says; the harness's far end must be there. Raises ``OSError``."""
        self._end = HarnessEnd(folder)
        self._cabinet = GpioCabinet(board, pin_class=GuardedPin, behind=self._end)
        self._header = self._cabinet.header
        self._header.traces = False
        self._header.ms = boot_ms()
        self._due = threading.Condition(self._header.lock)
        threading.Thread(target=self._watch, name="demo-lgpio", daemon=True).start()

    def open_pins(self, port: str) -> Pins:
        """What the driver is given in the place of lgpio's pins."""
        return Pins(self._header.factory, self._pulse)

    def open_bus(self, port: str) -> GuardedBus:
        """What the driver is given in the place of the kernel's bus."""
        return GuardedBus(self._cabinet.bus, self._header.lock)

    def _pulse(self, pin: Any, high: bool, ms: int) -> None:
        with self._due:
            self._header.ms = boot_ms()
            self._header.pulse(pin, high, ms)
            self._due.notify()

    def _watch(self) -> None:
        while True:
            with self._due:
                now_ms, due_ms = boot_ms(), self._header.deadline_ms()
                if due_ms is not None and due_ms <= now_ms:
                    self._header.advance(now_ms)
                    due_ms = self._header.deadline_ms()
                self._cabinet.power(self._end.plugged)
                wait_ms = LOOK_MS if due_ms is None else min(LOOK_MS, max(0, due_ms - now_ms))
                self._due.wait(wait_ms / 1000)


def demo_boards_on_pins(cfg: Config, folder: Path) -> list[Driver]:
    """The drivers of the boards on pins, as the assembly makes them, on these pins. Raises ``OSError``."""
    board = next(board for board in cfg.boards if isinstance(board, GpioBoard))
    pins = DemoPins(board, folder)
    return [*gpio_boards(cfg, pins.open_pins, pins.open_bus)]
