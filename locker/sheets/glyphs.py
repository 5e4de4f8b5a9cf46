"""Text as outlines: the one place where a font file is read.

Debian's fonts-noto-cjk has one collection with a font for each of Chinese, Japanese and Korean, whose characters differ
in shape: the one for simplified Chinese ("SC") is taken. The library is loaded when labels are printed and at no other
time: 0.7 s and 50 MB on a PC. Knows characters and curves; never what is written.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from locker.sheets.page import Command, SheetError

NOTO = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
COLLECTION = b"ttcf"
FULL_NAME = 4
CAPITAL = 0.73
"""How high a digit is, as a part of the font's size."""


class _Outliner(BasePen):  # type: ignore[misc]
    """Collects an outline, enlarged and put in its place; fonts count upwards, pages downwards."""

    def __init__(self, glyphs: Any, x: float, y: float, scale: float) -> None:
        super().__init__(glyphs)
        self.commands: list[Command] = []
        self._x, self._y, self._scale = x, y, scale

    def _at(self, *points: tuple[float, float]) -> tuple[float, ...]:
        return tuple(
            part
            for x, y in points
            for part in (round(self._x + x * self._scale, 3), round(self._y - y * self._scale, 3))
        )

    def _moveTo(self, pt: tuple[float, float]) -> None:
        self.commands.append(("M", self._at(pt)))

    def _lineTo(self, pt: tuple[float, float]) -> None:
        self.commands.append(("L", self._at(pt)))

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:
        self.commands.append(("C", self._at(pt1, pt2, pt3)))

    def _closePath(self) -> None:
        self.commands.append(("Z", ()))


class Font:
    """One font, open for reading."""

    def __init__(self, path: Path = NOTO) -> None:
        """Open it. Raises ``OSError`` or ``SheetError``, with what to do."""
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such font; apt-get install fonts-noto-cjk, or name one with --font")
        try:
            self._font = _chinese(path)
        except TTLibError as error:
            raise SheetError(f"{path}: not a font that can be read: {error}") from error
        self._glyphs: Any = self._font.getGlyphSet()
        self._names: dict[int, str] = self._font.getBestCmap() or {}
        self._units: int = self._font["head"].unitsPerEm
        self._path = path

    def width(self, text: str, size_mm: float) -> float:
        """How wide a text is."""
        return float(sum(self._glyphs[self._name(letter)].width for letter in text)) * size_mm / self._units

    def outline(self, text: str, x: float, baseline: float, size_mm: float) -> tuple[Command, ...]:
        """The text's outlines, beginning at ``x`` on its baseline. Raises ``SheetError`` for a character it lacks."""
        commands: list[Command] = []
        for letter in text:
            pen = _Outliner(self._glyphs, x, baseline, size_mm / self._units)
            self._glyphs[self._name(letter)].draw(pen)
            commands += pen.commands
            x += self.width(letter, size_mm)
        return tuple(commands)

    def _name(self, letter: str) -> str:
        try:
            return self._names[ord(letter)]
        except KeyError:
            raise SheetError(f"{self._path} has no character {letter!r} (U+{ord(letter):04X})") from None


def _chinese(path: Path) -> TTFont:
    """The font of a file; of a collection the simplified Chinese one, else its first."""
    data = path.read_bytes()
    if not data.startswith(COLLECTION):
        return TTFont(io.BytesIO(data), lazy=True)
    fonts = TTCollection(io.BytesIO(data), lazy=True).fonts
    names = [str(font["name"].getDebugName(FULL_NAME)) for font in fonts]
    return fonts[next((index for index, name in enumerate(names) if " SC" in name), 0)]
