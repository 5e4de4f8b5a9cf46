"""The seam between deciding and the disk: where a world cuts the power, fills the disk or makes it slow.

``WorldStore`` is the production store with a look before and after each commit; its SQL, its transactions and its
errors are the real ones (a read-only disk is SQLite's own ``query_only``; a full one refuses what writes, in SQLite's
words). ``Seam`` holds what is armed. ``PowerCut`` and ``Killed`` are no ``Exception``, so that nothing in the program
can catch them.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from locker.model import Keep, Now, Record
from locker.store import Store

POINTS = ("before_commit", "inside_commit", "commit_lost", "commit_kept", "after_commit", "after_acting")
"""Every moment of a turn at which the power may go, in order."""


class PowerCut(BaseException):
    """The power went: nothing of the program's runs any more, and the machine is off."""


class Killed(BaseException):
    """The process was killed; the machine runs on."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Armed: at ``point`` of the next commit with an event of ``kind`` ("" for any); ``statement`` counts inside
    one.
    """

    point: str
    kind: str
    statement: int
    ends: type[BaseException]


class Seam:
    """What is armed, and what the disk is like. ``passes`` lets world time pass, ``read`` is called after commits."""

    def __init__(self, passes: Callable[[int], None], read: Callable[[], None], met: Callable[[str], None]) -> None:
        """Nothing is armed, the disk is well."""
        self.passes, self.read, self.met = passes, read, met
        self.cuts: deque[Cut] = deque()
        self.disk = "well"
        self.slow_ms = 0
        self._after_acting: Cut | None = None

    def due(self, keeps: list[Keep]) -> Cut | None:
        """The armed cut that this commit is for."""
        for cut in self.cuts:
            if not cut.kind or any(isinstance(k, Record) and k.kind == cut.kind for k in keeps):
                self.cuts.remove(cut)
                return cut
        return None

    def fall(self, cut: Cut) -> None:
        """The moment has come."""
        self.met(f"{'power_cut' if cut.ends is PowerCut else 'killed'}/{cut.point}")
        raise cut.ends(cut.point)

    def ordered(self) -> None:
        """An unlock order has just been written."""
        cut, self._after_acting = self._after_acting, None
        if cut is not None:
            self.fall(cut)

    def after_acting(self, cut: Cut) -> None:
        """Fall when the next order has been written; a process that ends before is not waited for."""
        self._after_acting = cut

    def calm(self) -> None:
        """Nothing is armed any more, and the disk is well."""
        self.cuts.clear()
        self.disk, self.slow_ms, self._after_acting = "well", 0, None

    def new_process(self) -> None:
        """What was armed for a moment that did not come is over."""
        self._after_acting = None


class _Statements:
    """The connection while a cut is armed inside a commit: counts statements and falls at one of them."""

    def __init__(self, db: sqlite3.Connection, seam: Seam, cut: Cut) -> None:
        self._db, self._seam, self._cut, self._count = db, seam, cut, 0

    def execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """One statement, or the end."""
        self._count += 1
        commits = sql == "COMMIT"
        inside = self._cut.point == "inside_commit" and (self._count > self._cut.statement or commits)
        if inside or (commits and self._cut.point == "commit_lost"):
            self._seam.fall(self._cut)
        found = self._db.execute(sql, values)  # type: ignore[arg-type]
        if commits:
            self._seam.read()
            self._seam.fall(self._cut)
        return found


class _FullDisk:
    """The connection while the disk is full: whatever would need room fails as SQLite says it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """One statement, unless it writes."""
        if sql.startswith(("INSERT", "UPDATE")):
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(sql, values)  # type: ignore[arg-type]


class WorldStore(Store):
    """The store of one process of the world."""

    def __init__(self, seam: Seam, path: str, boot: str, epoch: str, *, events_max: int, events_kept: int) -> None:
        """Open the file as production does; a disk that is ill is so from here on."""
        self._seam = seam
        super().__init__(path, boot, epoch, events_max=events_max, events_kept=events_kept)
        self._real = self._db
        self.ill()

    def ill(self) -> None:
        """Make the connection what the disk is."""
        full = self._seam.disk == "full"
        self._db = _FullDisk(self._real) if full else self._real  # type: ignore[assignment]
        self._real.execute(f"PRAGMA query_only = {int(self._seam.disk == 'readonly')}")

    def commit(self, keeps: Iterable[Keep], now: Now) -> list[Record]:
        """The production commit, with what the seam has armed around it."""
        keeps, seam = list(keeps), self._seam
        if not keeps:
            return super().commit(keeps, now)
        if seam.slow_ms:
            seam.met("fault/commit_slow")
            seam.passes(seam.slow_ms)
        cut = seam.due(keeps) if seam.cuts else None
        if cut is None:
            added = super().commit(keeps, now)
            seam.read()
            return added
        return self._fatal(cut, keeps, now)

    def trim(self, now: Now) -> None:
        """The production upkeep, whose transaction is one of its own."""
        before = self.last_seq()
        super().trim(now)
        if self.last_seq() != before:
            self._seam.read()

    def _fatal(self, cut: Cut, keeps: list[Keep], now: Now) -> list[Record]:
        if cut.point == "before_commit":
            self._seam.fall(cut)
        if cut.point in ("inside_commit", "commit_lost", "commit_kept"):
            self._db = _Statements(self._db, self._seam, cut)  # type: ignore[assignment]
        added = super().commit(keeps, now)
        self._seam.read()
        if cut.point == "after_commit":
            self._seam.fall(cut)
        self._seam.after_acting(cut)
        return added

    def abandon(self) -> None:
        """The process is gone: the file is let go of with whatever was under way undone."""
        self._real.close()
