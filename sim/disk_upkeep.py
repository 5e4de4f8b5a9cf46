"""What a database goes through besides visits: its first creation, older schemas brought up to date, a log that is cut.

Each is a scenario to be recorded and cut like a day, with what must lie in the folder before. ``SCENARIOS`` is the list
of all that the command runs. Knows the store's limits and its migrations; the old databases are made by the very
statements that made them when they were new.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from locker.messages import EventOut, encode_event
from locker.model import Forget, Now, Quality, Record
from locker.schema import MIGRATIONS, SCHEMA
from locker.store import Store
from sim.disk import Recorder
from sim.disk_day import DATABASE, EPOCH_MS, DiskCabinet, open_store
from sim.disk_people import two_visits, whole_day

OLD_EVENTS = 40
ROWS_MAX, ROWS_KEPT, BATCH = 1100, 100, 60
PAGES = 40
"""So many pages of write-ahead log fold it into the database in ``often_folded``; production has SQLite's 1000."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something to be recorded: what lies in the folder before, and what happens then."""

    name: str
    about: str
    day: Callable[[Recorder], None]
    prepare: Callable[[Path], None] = lambda folder: None


def old_database(version: int, folder: Path) -> None:
    """A database of an older schema, as a clean stop left it: events, a used token, an item behind a door."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        for step in range(1, version + 1):
            for statement in MIGRATIONS[step]:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {step}")
        db.execute("BEGIN")
        db.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", "e" * 16), ("acked", "3")])
        hashed = bytes(32)
        for seq in range(1, OLD_EVENTS + 1):
            body = _event(seq)
            hashed = hashlib.sha256(hashed + body).digest()
            db.execute("INSERT INTO events VALUES (?, ?, ?, 0)", (seq, body, hashed))
        db.execute("INSERT INTO tokens VALUES (?, ?, 2, 1, 2000000000, 1)", (b"t" * 16, b"A9"))
        columns = "door, state, custody, item, kind, since_ms, deadline_ms, in_service, reason, errand, rev"
        values = (2, "closed", "holding", b"A9", "submission", EPOCH_MS, EPOCH_MS + 1, 1, "", None, 7)
        db.execute(f"INSERT INTO compartments ({columns}) VALUES ({', '.join('?' * len(values))})", values)
        db.execute("COMMIT")


def _event(seq: int) -> bytes:
    """A row of the old log; the last one puts the item behind its door."""
    kind, data = ("deposited", {"order": b"A9".hex()}) if seq == OLD_EVENTS else ("link_back", {"after_ms": seq})
    door = 2 if seq == OLD_EVENTS else 0
    event = EventOut(
        epoch="e" * 16,
        seq=seq,
        boot="old",
        at_ms=EPOCH_MS,
        boot_ms=seq,
        quality=Quality.SYNCED,
        type=kind,
        door=door,
        data=data,
    )
    return encode_event(event)


def opened(recorder: Recorder) -> None:
    """The program starts on what is there, and dies."""
    cabinet = DiskCabinet(recorder)
    cabinet.boot()
    cabinet.dies()


def trimmed(recorder: Recorder) -> None:
    """A log that reaches its limits: acknowledged rows are cut off, notes are emptied, old rows go, and it goes on."""
    path = str(recorder.folder / DATABASE)
    store = Store(path, "boot-1", "e" * 16, events_max=ROWS_MAX, events_kept=ROWS_KEPT)
    _fill(recorder, store, 700)
    store.acked = 650
    _fill(recorder, store, 900)
    _fill(recorder, store, 1900)
    store.acked = 1500
    store.commit([Forget(0, 0, EPOCH_MS + 1100)], Now(1900, EPOCH_MS + 1900))
    recorder.mark("forgotten", store.last_seq())
    _fill(recorder, store, 2000)
    with recorder.undone():
        store.close()


def _fill(recorder: Recorder, store: Store, until: int) -> None:
    """Events in batches, each committed and then trimmed as the service does; half of them are notes."""
    while store.last_seq() < until:
        first = store.last_seq()
        batch = [Record("link_back", 0, {"after_ms": n}, droppable=n % 2 == 0) for n in range(first, first + BATCH)]
        now = Now(first, EPOCH_MS + first)
        store.commit(batch, now)
        recorder.mark("committed", store.last_seq())
        store.trim(now)
        recorder.mark("trimmed", store.last_seq())


def folds_often(path: str, boot: str) -> Store:
    """The production store, but its write-ahead log is folded in after a few pages instead of 1000."""
    store = open_store(path, boot)
    store._db.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")
    return store


SCENARIOS = (
    Scenario("visits", "a new cabinet, its keys, a drop-off and its collection", two_visits),
    Scenario("day", "a whole day with two restarts and two power cuts", whole_day),
    Scenario("folding", "the same day, the log folded in every 40 pages", partial(whole_day, make_store=folds_often)),
    Scenario("trimming", "a log that reaches its limits", trimmed),
    *(Scenario(f"schema-{n}", f"schema {n} to {SCHEMA}", opened, partial(old_database, n)) for n in range(1, SCHEMA)),
)
