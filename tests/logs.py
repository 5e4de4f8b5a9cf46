"""Logs for the tests of the audit: written by the real store, then tampered with through SQL or line by line."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from locker.logbook import open_database
from locker.model import Now, Record
from locker.store import Store

EPOCH = "6f1c9ae2d0a1b2c3"
BOOT = "b7d0"
START_MS = 1_764_000_000_000
ORDER = b"20250612-0042"

STORY = [
    Record("started", 0, {"version": "0.1.0"}),
    Record("granted", 7, {"purpose": "deposit", "order": ORDER.hex()}),
    Record("not_opened", 7, {"attempt": 1}, droppable=True),
    Record("opened", 7, {"order": ORDER.hex(), "by": "王芳"}),
    Record("shut", 7, {"order": ORDER.hex()}),
    Record("deposited", 7, {"order": ORDER.hex(), "deadline_ms": START_MS}),
    Record("visit_ended", 7, {"why": "done"}, droppable=True),
    Record("denied", 0, {"reason": "foreign"}),
    Record("denied", 0, {"reason": "spent"}),
    Record("opened", 9, {"order": "4c4b31"}),
    Record("collected", 9, {"order": "4c4b31"}),
    Record("stopped", 0, {}),
]
"""Twelve events, numbers 1 to 12; the deposit is number 6."""
DEPOSITED = 6


def write(path: Path, records: Sequence[Record] = STORY, *, acked: int = 0) -> Path:
    """A closed database with these events, a second apart."""
    with closing(Store.at(path, BOOT, EPOCH)) as store:
        for step, record in enumerate(records):
            store.commit([record], Now(1000 * step, START_MS + 1000 * step))
        store.acked = acked
    return path


def write_trimmed(path: Path) -> Path:
    """A closed database of 1200 events that was trimmed once: it begins at 601, its anchor is 600."""
    with closing(Store(str(path), BOOT, EPOCH, events_max=5000, events_kept=600)) as store:
        store.commit([Record("denied", 0, {"n": n}) for n in range(1200)], Now(5, START_MS))
        store.acked = 1100
        store.trim(Now(6, START_MS))
    return path


def write_emptied(path: Path) -> Path:
    """A closed database in which 500 of the notes between 1 and 998 (every even number) were emptied; 1001 says so."""
    with closing(Store(str(path), BOOT, EPOCH, events_max=1000, events_kept=500)) as store:
        records = [Record("note" if n % 2 else "opened", 1, {"n": n}, droppable=bool(n % 2)) for n in range(1000)]
        store.commit([*records, Record("opened", 2, {})], Now(5, START_MS))
        store.trim(Now(6, START_MS))
        store.commit([Record("stopped", 0, {})], Now(7, START_MS))
    return path


def tamper(path: Path, *statements: str) -> Path:
    """Carry out SQL on a database as a thief of the card would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    return path


def export(path: Path, first: int = 1, last: int = 2**53 - 1) -> list[bytes]:
    """The lines of a database's export."""
    with open_database(path) as book:
        return list(book.lines(first, last))
