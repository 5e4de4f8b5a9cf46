"""The parts beside the doors of the demo's cabinet: a supply with a battery, a tamper loop, the air inside, lamps.

The controller's process has the pins (``sim.demo_part_pins``); here is what hangs on them. Between the two are small
files that both sides read by position: how the lines stand, what the probe says (the very file that the program reads),
and what is on. Mains that come back after the end start the computer again, as a UPS with auto-on does. Knows hands and
the weather; must never know what the controller makes of it. Times are boot time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Any

from locker.clock import boot_ms
from sim.ds18b20 import POWER_ON, reading
from sim.ups import Ups

FOLDER, LINES, PROBE, ON = "parts", "lines", "w1_slave", "on"
STATE = Struct("<????Hh")
"""The file of lines: mains lost, battery low, end asked, loop open; millivolts and milliamperes."""
OUTPUTS = ("lamp_left", "lamp_middle", "lamp_right", "fan", "heater", "buzzer")
"""What may be on, as bits of the one byte of the other file."""
PINS = {"mains": 6, "low": 13, "off": 5, "tamper": 16, "lamp_left": 22, "lamp_middle": 23, "lamp_right": 24}
PINS |= {"fan": 20, "heater": 21, "buzzer": 25}
CHIP = "/dev/gpiochip9"
"""A chip that no lock board of the demo is on."""
AIR = {"mild": 21.0, "hot": 46.0, "cold": -4.0, "fresh": None}
"""What the air may be; "fresh" is a probe that has just been powered and says its 85 degrees."""
RECHARGE_S = 600
TICK_S = 0.2


def settings(folder: Path, runtime_s: int, low_s: int, empty_s: int) -> str:
    """These parts in the words of a configuration; the probe's file lies in this folder."""
    lamps = "\n".join(f"{side}_pin = {PINS[f'lamp_{side}']}" for side in ("left", "middle", "right"))
    return "\n".join(
        [
            f'[pins]\nchip = "{CHIP}"',
            f"[power]\nmains_pin = {PINS['mains']}\nlow_pin = {PINS['low']}\noff_pin = {PINS['off']}",
            f"runtime_s = {runtime_s}\nrecharge_s = {RECHARGE_S}\nlow_s = {low_s}\nempty_s = {empty_s}",
            f"[tamper]\npin = {PINS['tamper']}",
            f'[climate]\nprobe = "{folder / FOLDER / PROBE}"\nevery_s = 10\nhigh_c = 45\nlow_c = -3',
            f"[fan]\npin = {PINS['fan']}",
            f"[heater]\npin = {PINS['heater']}",
            f"[lamp]\n{lamps}",
            f"[buzzer]\npin = {PINS['buzzer']}",
        ]
    )


class DemoParts:
    """What hands and weather do to the parts. Every method may be called from any thread."""

    def __init__(self, folder: Path, runtime_s: int, started: Callable[[], None]) -> None:
        """Make the files, all well; ``started`` starts the computer when mains come back. Raises ``OSError``."""
        self._folder = folder / FOLDER
        self._folder.mkdir(exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._lines, self._on = (os.open(self._folder / name, flags, 0o600) for name in (LINES, ON))
        os.pwrite(self._on, bytes(1), 0)
        self._started = started
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._ups = Ups(runtime_s, RECHARGE_S)
        self._flat = self._loop_open = False
        self._air = "mild"
        self._breathe()
        self._tell()
        self._thread = threading.Thread(target=self._run, name="demo-parts", daemon=True)

    def start(self) -> DemoParts:
        """Let time pass."""
        self._thread.start()
        return self

    def do(self, part: str, how: str) -> None:
        """Do something to a part: to "mains", "battery" or "tamper" toggles it, "air" is one of ``AIR``."""
        with self._lock:
            match part:
                case "mains":
                    self._ups.plugged = not self._ups.plugged
                case "battery":
                    self._flat = not self._flat
                case "tamper":
                    self._loop_open = not self._loop_open
                case "air" if how in AIR:
                    self._air = how
                    self._breathe()
                case _:
                    raise ValueError("没有这个部件  no such part")
            back = part == "mains" and self._ups.plugged
            self._tell()
        if back:
            self._started()

    def view(self) -> dict[str, Any]:
        """Return what the page shows: how things stand, and what is on."""
        mask = os.pread(self._on, 1, 0)[0]
        with self._lock:
            return {
                "mains": self._ups.plugged,
                "flat": self._flat,
                "left_s": int(self._ups.left_ms / 1000),
                "tamper": self._loop_open,
                "air": self._air,
                "on": [name for bit, name in enumerate(OUTPUTS) if mask >> bit & 1],
            }

    def close(self) -> None:
        """Stop the time."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for file in (self._lines, self._on):
            os.close(file)

    # --- inside ---

    def _run(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._lock:
                self._ups.advance(boot_ms())
                self._tell()

    def _tell(self) -> None:
        ups = self._ups
        state = STATE.pack(ups.mains_lost, self._flat, ups.asks_for_end, self._loop_open, ups.mv, ups.ma)
        os.pwrite(self._lines, state, 0)

    def _breathe(self) -> None:
        celsius = AIR[self._air]
        fresh = self._folder / (PROBE + ".new")
        fresh.write_text(POWER_ON if celsius is None else reading(celsius), encoding="ascii")
        fresh.replace(self._folder / PROBE)
