"""Any scanner: its far side, a wire with faults, the driver, on a virtual clock; and what each kind's far side is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rig import Rig

from drivers.scanners import scanner_driver
from locker.config import Scanner
from locker.model import DeviceTrouble, Scanned
from sim.de2120 import De2120
from sim.gm65 import Gm65
from sim.keyboard import UsbKeyboard
from sim.line_scanner import LineScanner
from sim.links import BYTE_BY_BYTE, DELAYED, LOSSY, PERFECT, FarSide, Faults, FaultyWire, MemoryPort
from sim.newland import Newland
from sim.ssi import SsiScanner

TOKEN = "LK1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTU1Q"
LONG = "LK1:" + TOKEN[4:] * 7
WIRES = {"perfect": PERFECT, "byte by byte": BYTE_BY_BYTE, "lossy": LOSSY, "delayed": DELAYED}
"""The four links; what a wire does to the far side's own bytes."""


class Shower(FarSide, Protocol):
    """A far side before which codes can be held."""

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it."""


KINDS: dict[str, Callable[[], Shower]] = {
    "gm65": Gm65,
    "ssi": SsiScanner,
    "de2120": De2120,
    "newland": Newland,
    "honeywell": lambda: LineScanner(triggered=True),
    "line": LineScanner,
    "keyboard": UsbKeyboard,
}


class ScanDesk(Rig):
    """A scanner of any kind on a desk."""

    def __init__(
        self, kind: str, far: Shower | None = None, faults: Faults = PERFECT, seed: int = 1, **keys: Any
    ) -> None:
        """``keys`` change the scanner's configuration."""
        self.far = far or KINDS[kind]()
        self.wire = FaultyWire(self.far, PERFECT, faults, seed=seed)
        port = MemoryPort(self.wire)
        config = Scanner(port="memory:0", kind=kind, **keys)  # type: ignore[arg-type]
        super().__init__(scanner_driver(config, port), port)

    def show(self, text: str = TOKEN, held_ms: int = 0) -> None:
        """Hold a code before it, now."""
        self.far.show(text, self.ms, held_ms)

    def says(self, data: bytes) -> list[bytes]:
        """These bytes arrive in one piece; returns the codes told in that very turn."""
        self.port.advance(self.ms)
        self.port.inject(data)
        return [e.data for e in self.turn() if isinstance(e, Scanned)]

    def codes(self) -> list[bytes]:
        """All codes told so far."""
        return [scanned.data for scanned in self.told(Scanned)]

    def troubles(self) -> list[str]:
        """What was told of it that a technician should know."""
        return [trouble.what for trouble in self.told(DeviceTrouble)]

    def count(self, what: str) -> int:
        """One of the driver's counters."""
        return self.driver.counters()[what]
