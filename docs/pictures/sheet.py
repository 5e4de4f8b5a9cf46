"""A sheet to draw wiring on, as SVG: parts, wires, resistors, coils, diodes, switches and remarks in two languages.

Knows shapes; must never know what is wired to what (``wiring.py``). Only the standard library.
"""

from __future__ import annotations

from html import escape

INK, SOFT, PAPER, FILL = "#1b2a2f", "#5b6b70", "#ffffff", "#f3f6f5"
RED, BLUE, GREEN, ORANGE = "#b3261e", "#1d4e9e", "#1d7a55", "#a85a00"
FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
Point = tuple[float, float]


class Sheet:
    """One picture. Coordinates are in pixels from the upper left; colours say what a wire carries."""

    def __init__(self, width: int, height: int, zh: str, en: str) -> None:
        """An empty one with its title."""
        self.size, self._parts = (width, height), list[str]()
        self.text(24, 34, zh, size=20, weight=700)
        self.text(24, 56, en, size=14, colour=SOFT)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int = 14,
        colour: str = INK,
        anchor: str = "start",
        weight: int = 400,
    ) -> None:
        """One line of text whose base line begins (or ends, or is centred) here."""
        style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}"'
        self._parts.append(f'<text x="{x:g}" y="{y:g}" {style}>{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, zh: str, en: str = "", fill: str = FILL) -> None:
        """A part with its name in the middle."""
        shape = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"'
        self._parts.append(f'<rect {shape} fill="{fill}" stroke="{INK}" stroke-width="1.6"/>')
        middle = y + height / 2
        self.text(x + width / 2, middle + (-2 if en else 5), zh, 15, anchor="middle", weight=600)
        if en:
            self.text(x + width / 2, middle + 16, en, 12, SOFT, "middle")

    def wire(self, *points: Point, colour: str = INK, dashed: bool = False, width: float = 2) -> None:
        """A line through these points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')

    def dot(self, *points: Point, colour: str = INK) -> None:
        """Where wires are joined."""
        for x, y in points:
            self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{colour}"/>')

    def resistor(
        self, x: float, y: float, words: str, upright: bool = True, colour: str = INK, left: bool = False
    ) -> None:
        """A resistor around this point, with its value beside it."""
        width, height = (12, 34) if upright else (34, 12)
        shape = f'x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}"'
        self._parts.append(f'<rect {shape} fill="{PAPER}" stroke="{colour}" stroke-width="1.8"/>')
        if not upright:
            self.text(x, y - 12, words, 12, colour, "middle")
        elif left:
            self.text(x - 12, y + 4, words, 12, colour, "end")
        else:
            self.text(x + 12, y + 4, words, 12, colour)

    def ground(self, x: float, y: float) -> None:
        """Ground, below this point."""
        for reach, down in ((12, 0), (8, 5), (4, 10)):
            self.wire((x - reach, y + down), (x + reach, y + down))

    def coil(self, x: float, y: float) -> None:
        """A lock's coil, upright, 46 high, from this point down."""
        arcs = "".join("a6,6 0 0 1 0,11.5 " for _ in range(4))
        self._parts.append(f'<path d="M{x:g},{y:g} {arcs}" fill="none" stroke="{INK}" stroke-width="2"/>')

    def diode(self, x: float, y: float, words: str) -> None:
        """A diode that points up (its bar to plus), around this point."""
        self._parts.append(
            f'<path d="M{x - 9:g},{y + 8:g} h18 l-9,-15 z" fill="{PAPER}" stroke="{INK}" stroke-width="1.8"/>'
        )
        self.wire((x - 9, y - 7), (x + 9, y - 7))
        self.text(x + 14, y + 4, words, 12)

    def diode_down(self, x: float, y: float) -> None:
        """A diode whose bar (to plus) is below, around this point."""
        self._parts.append(
            f'<path d="M{x - 9:g},{y - 8:g} h18 l-9,15 z" fill="{PAPER}" stroke="{INK}" stroke-width="1.8"/>'
        )
        self.wire((x - 9, y + 7), (x + 9, y + 7))

    def switch(self, x: float, y: float, words: str = "") -> None:
        """A door switch, 44 wide, from this point to the right, open."""
        self.wire((x, y), (x + 8, y))
        self.wire((x + 8, y), (x + 34, y - 12))
        self.wire((x + 36, y), (x + 44, y))
        self.dot((x + 8, y), (x + 36, y))
        self.text(x + 22, y + 18, words, 12, SOFT, "middle")

    def note(self, x: float, y: float, *lines: tuple[str, str]) -> None:
        """Remarks, a Chinese and an English line each."""
        for number, (zh, en) in enumerate(lines):
            self.text(x, y + 40 * number, zh, 14)
            self.text(x, y + 40 * number + 17, en, 12, SOFT)

    def svg(self) -> str:
        """The file's text."""
        width, height = self.size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        )
        body = "\n".join(self._parts)
        return f'{head} font-family="{FONT}">\n<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
