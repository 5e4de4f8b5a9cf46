"""Which driver belongs to which kind of scanner; only the configured one is imported.

Knows the kinds of ``scanner.kind``; must never know what they do.
"""

from __future__ import annotations

from drivers.port import PortLike
from drivers.scanner_wire import TextWire, Wire
from locker.config import Scanner
from locker.model import Driver


def scanner_driver(scanner: Scanner, port: PortLike | None = None) -> Driver:
    """The driver of a configured scanner, on its own port unless another is given."""
    if scanner.kind == "keyboard":
        from drivers.keyboard import KeyboardDriver

        return KeyboardDriver(scanner, port)
    from drivers.scanner import ScannerDriver

    wire = wire_of(scanner.kind)
    if port is not None:
        return ScannerDriver(scanner, port, wire, getattr(port, "retune", None))
    from drivers.port import SerialPort

    serial = SerialPort(scanner.port, scanner.baud or wire.rates[0])
    return ScannerDriver(scanner, serial, wire, serial.retune)


def wire_of(kind: str) -> Wire:
    """How a kind of serial scanner speaks. Raises ``ValueError`` for a kind that is none."""
    if kind == "gm65":
        from drivers.gm65 import Gm65Wire

        return Gm65Wire()
    if kind == "ssi":
        from drivers.ssi import SsiWire

        return SsiWire()
    if kind == "de2120":
        from drivers.de2120 import De2120Wire

        return De2120Wire()
    if kind == "newland":
        from drivers.newland import NewlandWire

        return NewlandWire()
    if kind == "honeywell":
        from drivers.line_scanner import HoneywellWire

        return HoneywellWire()
    if kind == "line":
        return TextWire()
    raise ValueError(f"{kind!r} is no serial scanner; see scanner.kind in config/cabinet.toml")
