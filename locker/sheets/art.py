"""What one label looks like: its code, large enough for any scanner, and what a person reads beside it.

An envelope's label shows its mark (the order's last four hexadecimal digits, which the staff's screen shows too), its
kind and size, and never a name or a whole order. A door's label shows its number as large as it goes. Each code has its
white margin of four modules within the label (ISO/IEC 18004, section 5.3.8). Knows labels and boxes; never a file.
"""

from __future__ import annotations

from collections.abc import Iterator

from locker import config, door_labels, labels, texts
from locker.qr import arrange
from locker.sheets.glyphs import CAPITAL, Font
from locker.sheets.orders import Envelope
from locker.sheets.page import Box, Command, Shape, SheetError

INSET_MM = 4.0
"""What most printers leave white at the edge of the paper."""
QUIET_MODULES = 4
MODULE_MM_MIN = 0.35
"""A scanner module reads 0.35 mm from 10 to 15 cm; a smaller code is not printed."""
LINE = 1.35


class Artist:
    """Draws labels for one cabinet in one font."""

    def __init__(self, cfg: config.Config, font: Font) -> None:
        """The configuration gives the cabinet's id and name, and where its doors are."""
        self._cfg, self._font = cfg, font
        self._rows: dict[str, int] = {}
        for door in cfg.doors:
            self._rows[door.side] = self._rows.get(door.side, 0) + 1

    def envelope(self, cell: Box, envelope: Envelope, cabinet: str) -> Iterator[Shape]:
        """An envelope's label; ``cabinet`` is the id it is bound to, "" for any. Raises ``SheetError``: too small."""
        code = labels.encode(labels.Label(envelope.order, envelope.size, envelope.low), cabinet)
        lines = [_kind(envelope), *_size(envelope), self._cfg.cabinet.name_zh, _tail(envelope.order)]
        yield from self._beside(cell, code, labels.mark(envelope.order).upper(), [line for line in lines if line])

    def door(self, cell: Box, door: config.Door) -> Iterator[Shape]:
        """A door's label: number, side and row, and its code. Raises ``SheetError``: too small."""
        places = [texts.place(door.side, door.row, self._rows[door.side], language) for language in texts.LANGUAGES]
        code = door_labels.encode(self._cfg.cabinet.id, door.door)
        yield from self._beside(cell, code, str(door.door), [*places, f"{self._cfg.cabinet.name_zh} {door.size}"])

    # --- parts ------------------------------------------------------------------------------------

    def _beside(self, cell: Box, code: str, large: str, lines: list[str]) -> Iterator[Shape]:
        """The code on the left, as high as the label; on the right one large text above the lines."""
        within = cell.inset(INSET_MM)
        side = min(within.height, within.width * 0.5)
        yield _code(Box(within.x, within.y + (within.height - side) / 2, side, side), code)
        left, room = within.x + side + 1, within.width - side - 1
        size = self._fitting(large, room, within.height * 0.5 / CAPITAL)
        baseline = within.y + size * CAPITAL
        yield Shape(self._font.outline(large, left, baseline, size))
        below = within.y + within.height - baseline
        step = min(below / len(lines), 6.0)
        for number, line in enumerate(lines, 1):
            size = self._fitting(line, room, step / LINE)
            yield Shape(self._font.outline(line, left, baseline + number * step, size))

    def _fitting(self, text: str, room: float, most: float) -> float:
        """The largest size up to ``most`` in which a text has room."""
        return min(most, room / self._font.width(text, 1.0))


def _code(box: Box, text: str) -> Shape:
    """A code in its box, quiet zone included, as one outline: what lies side by side is one bar, with no seam."""
    _, rows = arrange(text.encode())
    module = box.width / (len(rows) + 2 * QUIET_MODULES)
    if module < MODULE_MM_MIN:
        raise SheetError(
            f"a label this small has modules of {module:.2f} mm; a scanner needs {MODULE_MM_MIN} mm: take larger labels"
        )
    commands = list[Command]()
    for line, row in enumerate(rows):
        for begin, length in _bars(row):
            x, y = (box.x + (QUIET_MODULES + begin) * module, box.y + (QUIET_MODULES + line) * module)
            commands += Box(x, y, length * module, module).outline()
    return Shape(tuple((name, tuple(round(part, 4) for part in parts)) for name, parts in commands))


def _bars(row: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """Where dark modules lie side by side: (first, how many)."""
    begin = None
    for at, dark in enumerate((*row, False)):
        if dark and begin is None:
            begin = at
        elif not dark and begin is not None:
            yield begin, at - begin
            begin = None


def _kind(envelope: Envelope) -> str:
    if envelope.kind is None:
        return ""
    return " ".join(texts.sentence("labels", envelope.kind.value, language) for language in texts.LANGUAGES)


def _size(envelope: Envelope) -> list[str]:
    """Size and height, a line each, where they are asked for."""
    size = envelope.size.name if envelope.size else ""
    names = [*(["size"] if size else []), *(["low"] if envelope.low else [])]
    return [" ".join(texts.sentence("labels", name, word, size=size) for word in texts.LANGUAGES) for name in names]


def _tail(order: bytes) -> str:
    """The end of an order that is a readable text, to be found again in an office's list."""
    text = order.decode("ascii", errors="replace")
    return f"…{text[-4:]}" if len(text) > 4 and text.isascii() and text.isprintable() else ""
