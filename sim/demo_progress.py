"""What the scripted day shows in a terminal: a progress bar while it goes on, two tables when it is over.

Knows how to draw. Must never know what a visit or an invariant is.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


class Bar:
    """A progress bar with the name of what is going on; to be used as a context."""

    def __init__(self, whole: int) -> None:
        """``whole`` is how many steps are planned; more may be added."""
        columns = (TextColumn("{task.description:<58.58}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns)
        self._task = self._progress.add_task("", total=whole)
        self._whole = whole

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begins(self, name: str, extra: bool = False) -> None:
        """A step begins; ``extra`` when it was not planned."""
        self._whole += extra
        self._progress.update(self._task, description=name, total=self._whole)

    def ends(self) -> None:
        """The step is done."""
        self._progress.advance(self._task)

    def says(self, line: str) -> None:
        """A line above the bar."""
        self._progress.console.print(line, style="bold red", markup=False, highlight=False)


def table(title: str, heads: Iterable[str], lines: Iterable[tuple[str, ...]], bad: Iterable[int] = ()) -> None:
    """Draw a table; the numbers in ``bad`` are the lines that are to stand out."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for head in heads:
        drawn.add_column(head, overflow="fold")
    marked = set(bad)
    for number, cells in enumerate(lines):
        drawn.add_row(*cells, style="bold red" if number in marked else None)
    Console().print(drawn)
