"""A GM65 QR scanner: text of codes in, settings out, both on one wire.

Hardware: Hangzhou Grow GM65 and those with the same zones (``drivers.gm65_setup`` checks the model first).
Wire: UART 9600 8N1 by default, or USB virtual COM; ``drivers.gm65_frames`` has the bytes.
Source: hardware facts, 0.11, 5.1 and 7.1.
Quirks: replies and scanned text share the wire, so codes are taken at any time, also in the middle of the set-up.
Settings that a firmware acknowledges but does not keep are reported. Once zone 0003 reads back with bit 1, no code
shown to it changes it, and it is left alone; a firmware that does not keep that bit is looked at every ``check_s``.

Knows bytes; must never know what a code means, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers import gm65_frames as frames
from drivers.gm65_frames import Reply, Sorter
from drivers.gm65_setup import configure
from drivers.port import PortLike
from drivers.scanner import ScannerDriver
from drivers.scanner_wire import Answer, Piece, Script, TextWire
from locker.config import Scanner

_FIRMWARE_ZONE = 0x00E2


class Gm65Wire(TextWire):
    """How a GM65 speaks."""

    rates: tuple[int, ...] = (9600, 115_200, 57_600, 38_400, 19_200)
    question = frames.read_zone(_FIRMWARE_ZONE)

    def __init__(self) -> None:
        """Begin with nothing received."""
        super().__init__()
        self._sorter = Sorter()

    @property
    def holding(self) -> bool:
        """Whether bytes are held back that may become a reply."""
        return self._sorter.holding

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """Replies are answers, all else is text."""
        pieces = self._sorter.feed(data, due)
        self.bad = self._sorter.bad
        return [Answer(piece.data) if isinstance(piece, Reply) else piece for piece in pieces]

    def settle(self, due: bool) -> list[Piece]:
        """Half a reply is text, or a damaged reply while one is due."""
        rest = self._sorter.settle(due)
        self.bad = self._sorter.bad
        return [rest] if rest else []

    def answers(self, request: bytes, data: bytes) -> bool:
        """We only ever read one byte; a write is answered with one zero byte."""
        return len(data) == 1

    def setup(self, usb: bool) -> Script:
        """The table in ``drivers.gm65_setup``."""
        return configure(usb)


class Gm65Driver(ScannerDriver):
    """One GM65, behind the ``Driver`` seam."""

    def __init__(self, scanner: Scanner, port: PortLike, retune: Callable[[int], None] | None = None) -> None:
        """A scanner on a port."""
        super().__init__(scanner, port, Gm65Wire(), retune)
