"""The schema: the tables of the database, how an older one is brought up to date, and compartments as rows.

Knows SQL for tables and the columns' order; never opens a file. A migration is never changed once it has been
released: a new one is added, and the newest number is the schema.
"""

from __future__ import annotations

import json
from typing import Any

from locker.model import CompartmentRow, Custody, Errand, Kind, Purpose

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
}
SCHEMA = max(MIGRATIONS)
COMPARTMENT_COLUMNS = 12


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


def compartment_of(row: tuple[Any, ...]) -> CompartmentRow:
    """A compartment of a row of its table."""
    door, state, custody, order, kind, since_ms, deadline_ms, in_service, reason, errand, rev, load = row
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
    )
