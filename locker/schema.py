"""The schema: the tables of the database, how an older one is brought up to date, and compartments as rows.

Knows SQL for tables and the columns' order; never opens a file. A migration is never changed once it has been
released: a new one is added, and the newest number is the schema.
"""

from __future__ import annotations

import json
from typing import Any

from locker.model import CompartmentRow, Custody, Errand, Kind, Purpose, Term, Wear

MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL,"
        " droppable INTEGER NOT NULL)",
        "CREATE TABLE compartments (door INTEGER PRIMARY KEY, state TEXT NOT NULL, custody TEXT NOT NULL,"
        " item BLOB NOT NULL, kind TEXT, since_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,"
        " in_service INTEGER NOT NULL, reason TEXT NOT NULL, errand TEXT, rev INTEGER NOT NULL)",
        "CREATE TABLE tokens (cti BLOB PRIMARY KEY, item BLOB NOT NULL, door INTEGER NOT NULL,"
        " purpose INTEGER NOT NULL, exp INTEGER NOT NULL, spent INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE commands (id TEXT PRIMARY KEY, exp INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID",
    ),
    2: (
        "CREATE TABLE signed (kind TEXT PRIMARY KEY, version INTEGER NOT NULL, digest BLOB NOT NULL,"
        " raw BLOB NOT NULL) WITHOUT ROWID",
    ),
    3: (
        "ALTER TABLE compartments ADD COLUMN load INTEGER",
        "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
    ),
    4: ("ALTER TABLE compartments ADD COLUMN wear TEXT",),
    5: ("ALTER TABLE compartments ADD COLUMN term TEXT",),
}
SCHEMA = max(MIGRATIONS)
COMPARTMENT_COLUMNS = 14


def compartment_values(row: CompartmentRow) -> tuple[Any, ...]:
    """A compartment's columns, in the table's order."""
    return (
        row.door,
        row.state,
        row.custody.value,
        row.order,
        row.kind.value if row.kind else None,
        row.since_ms,
        row.deadline_ms,
        row.in_service,
        row.reason,
        errand_text(row.errand) if row.errand else None,
        row.rev,
        row.load,
        wear_text(row.wear),
        term_text(row.term),
    )


def errand_text(errand: Errand) -> str:
    """An errand as it is kept in its column."""
    fields = [errand.purpose.value, errand.cti.hex(), errand.order.hex(), errand.by, errand.seen_open, errand.complete]
    return json.dumps(fields, ensure_ascii=False)


def errand_of(text: str | None) -> Errand | None:
    """The errand of a column's text."""
    if text is None:
        return None
    purpose, cti, order, by, seen_open, complete = json.loads(text)
    return Errand(Purpose(purpose), bytes.fromhex(cti), bytes.fromhex(order), by, seen_open, complete)


def wear_text(wear: Wear) -> str:
    """How worn a door is, as it is kept in its column."""
    fields = [wear.cycles, wear.timed, wear.usual_ms, wear.recent_ms, wear.slower, wear.told_percent]
    return json.dumps(fields, separators=(",", ":"))


def wear_of(text: str | None) -> Wear:
    """The wear of a column's text; a row of before has none."""
    return Wear() if text is None else Wear(*json.loads(text))


def term_text(term: Term) -> str:
    """How long an item may stay, as it is kept in its column."""
    return json.dumps([term.due_ms, term.noticed, term.overdue], separators=(",", ":"))


def term_of(text: str | None) -> Term:
    """The term of a column's text; a row of before has none reckoned."""
    return Term() if text is None else Term(*json.loads(text))


def compartment_of(row: tuple[Any, ...]) -> CompartmentRow:
    """A compartment of a row of its table."""
    door, state, custody, order, kind, since_ms, deadline_ms, in_service, reason, errand, rev, load, wear, term = row
    return CompartmentRow(
        door=door,
        state=state,
        custody=Custody(custody),
        order=order,
        kind=Kind(kind) if kind else None,
        since_ms=since_ms,
        deadline_ms=deadline_ms,
        in_service=bool(in_service),
        reason=reason,
        errand=errand_of(errand),
        rev=rev,
        load=load,
        wear=wear_of(wear),
        term=term_of(term),
    )
