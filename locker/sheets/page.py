"""A page and its grid: shapes in millimetres from the upper left corner, and where each label's cell is.

Knows paper, cells and cut marks; never what a label says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

A4_MM = (210.0, 297.0)
MARK_MM, MARK_LINE_MM = 4.0, 0.15
GRID_MAX = 40


class SheetError(ValueError):
    """A sheet that cannot be printed as it was asked for; says what to change."""


Command = tuple[str, tuple[float, ...]]
"""One step of an outline: "M" and "L" with x and y, "C" with three such pairs, "Z" with none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline that is filled; ``ink`` is 1 for black and 0 for white."""

    commands: tuple[Command, ...]
    ink: float = 1.0


@dataclass(slots=True)
class Page:
    """One side of paper; later shapes lie over earlier ones."""

    width_mm: float = A4_MM[0]
    height_mm: float = A4_MM[1]
    shapes: list[Shape] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its upper left corner, width and height, in millimetres."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, by: float) -> Box:
        """Return the box with so much less on each side."""
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)

    def outline(self) -> tuple[Command, ...]:
        """The box as a closed outline."""
        right, bottom = self.x + self.width, self.y + self.height
        corners = ((self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom))
        return ("M", corners[0]), *(("L", corner) for corner in corners[1:]), ("Z", ())


@dataclass(frozen=True, slots=True)
class Grid:
    """How a page is divided: columns and rows of labels, each so large, with gaps between; centred on the paper."""

    columns: int
    rows: int
    width_mm: float
    height_mm: float
    gap_x_mm: float = 0.0
    gap_y_mm: float = 0.0

    def __post_init__(self) -> None:
        """Raises ``SheetError`` where it does not fit on A4; says by how much."""
        if not (1 <= self.columns <= GRID_MAX and 1 <= self.rows <= GRID_MAX):
            raise SheetError(f"a grid of {self.columns}x{self.rows}: 1 to {GRID_MAX} columns and rows are possible")
        for name, needed, there in zip(("wide", "high"), self._needed(), A4_MM, strict=True):
            if needed > there:
                raise SheetError(
                    f"{self.columns}x{self.rows} labels of {self.width_mm:g}x{self.height_mm:g} mm are {needed:g} mm "
                    f"{name}, A4 has {there:g} mm; take fewer or smaller ones"
                )

    def _needed(self) -> tuple[float, float]:
        wide = self.columns * self.width_mm + (self.columns - 1) * self.gap_x_mm
        return wide, self.rows * self.height_mm + (self.rows - 1) * self.gap_y_mm

    @property
    def count(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows

    def cell(self, index: int) -> Box:
        """The box of a label: from left to right, then down."""
        row, column = divmod(index, self.columns)
        wide, high = self._needed()
        left = (A4_MM[0] - wide) / 2 + column * (self.width_mm + self.gap_x_mm)
        top = (A4_MM[1] - high) / 2 + row * (self.height_mm + self.gap_y_mm)
        return Box(left, top, self.width_mm, self.height_mm)

    def cut_marks(self) -> Iterator[Shape]:
        """A small cross on each corner of each label."""
        corners = set()
        for index in range(self.count):
            cell = self.cell(index)
            for x in (cell.x, cell.x + cell.width):
                corners |= {(round(x, 3), round(y, 3)) for y in (cell.y, cell.y + cell.height)}
        half, line = MARK_MM / 2, MARK_LINE_MM
        for x, y in sorted(corners):
            yield Shape(Box(x - half, y - line / 2, MARK_MM, line).outline(), 0.5)
            yield Shape(Box(x - line / 2, y - half, line, MARK_MM).outline(), 0.5)
