"""The store: what survives a power cut, in one SQLite file.

Compartments, used tokens, commands, signed documents, the visit's note and the event stream are saved together, in one
transaction a turn, which is on the disk when ``commit`` returns. Every event row carries the SHA-256 over the row
before and itself. Knows SQL and rows; never decides, never retries: an error here ends the process, because acting
without having committed is the one thing that must not happen (invariant 1).

The journal is a write-ahead log with ``synchronous=FULL``: one sync a commit. ``psow=0`` makes each commit fill its
last sector of 4096 bytes: a write that is torn on an SD card may take its whole sector with it, and so it never takes
the commit before. One connection, one thread, nothing is written without a change. Source of the limits: MQTT contract,
section 2; invariant 9.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from locker import messages
from locker.messages import EventOut
from locker.model import (
    CommandRow,
    CompartmentRow,
    Custody,
    Forget,
    Keep,
    KeepCommand,
    KeepCompartment,
    KeepNote,
    KeepSigned,
    KeepToken,
    KeepVisit,
    Memory,
    Now,
    Purpose,
    Quality,
    Record,
    UsedToken,
)
from locker.outbox import EventRow
from locker.schema import COMPARTMENT_COLUMNS, MIGRATIONS, SCHEMA, compartment_of, compartment_values

TRIM_STEP = 500
AGED_STEP = 10_000
"""So many rows at the most go at a time for their age: a turn must not take seconds."""


class StoreError(OSError):
    """The database cannot be used; says which file, what is wrong with it and what to do."""


class Follower(Protocol):
    """Says what belongs right behind an event row: a deposit's receipt."""

    def behind(self, event: EventOut, row_hash: bytes) -> Record | None:
        """Return the event of the next row, or None; it is asked about that one as well."""


class Store:
    """The open database. ``epoch`` was made with it; ``boot`` is this boot's id, written into each event.

    ``follower`` is set by whoever has one; what it answers is in the same transaction as what it was asked about.
    """

    follower: Follower | None = None

    def __init__(self, path: str, boot: str, epoch: str, *, events_max: int, events_kept: int) -> None:
        """Open or make the file; ``epoch`` is used only where it is made. Raises ``StoreError``."""
        self._events_max, self._events_kept = events_max, events_kept
        self._boot = boot
        try:
            address = f"{Path(path).absolute().as_uri()}?psow=0"
            self._db = sqlite3.connect(address, uri=True, isolation_level=None, timeout=5)
            self._prepare(path, epoch)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}; check the file, its folder's rights and the disk") from error
        self.epoch = self._meta("epoch")
        self.acked = int(self._meta("acked"))
        self._acked_saved = self.acked
        self._first, self._last, self._hash = self._edges()
        self._rows = self._count()
        self._noteless = 0

    @classmethod
    def at(cls, path: Path, boot: str, epoch: str) -> Store:
        """A store with the default limits, for tools and tests."""
        return cls(str(path), boot, epoch, events_max=200_000, events_kept=50_000)

    def _prepare(self, path: str, epoch: str) -> None:
        """Set the journal up and bring the schema to the present version, all or nothing."""
        mode: str = self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise StoreError(f"{path}: no write-ahead log here (journal mode {mode}); put the database on a local disk")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")  # what was deleted is overwritten, not only unlinked
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(
                f"{path}: the database has schema {version}, this program knows {SCHEMA}: start the newer program, "
                "or move the file away to begin anew"
            )
        for step in range(version + 1, SCHEMA + 1):
            self._db.execute("BEGIN IMMEDIATE")
            for statement in MIGRATIONS[step]:
                self._db.execute(statement)
            if step == 1:
                self._db.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", epoch), ("acked", "0")])
            self._db.execute(f"PRAGMA user_version = {step}")
            self._db.execute("COMMIT")

    # --- reading ----------------------------------------------------------------------------------

    def load(self) -> Memory:
        """All that a new start needs to know."""
        rooms = self._db.execute("SELECT * FROM compartments").fetchall()
        tokens = self._db.execute("SELECT cti, item, door, purpose, exp, spent FROM tokens").fetchall()
        commands = self._db.execute("SELECT id, exp, answer FROM commands").fetchall()
        signed = self._db.execute("SELECT kind, version, digest, raw FROM signed ORDER BY kind").fetchall()
        notes = self._db.execute("SELECT name, text FROM notes").fetchall()
        return Memory(
            compartments=tuple(compartment_of(row) for row in rooms),
            tokens=tuple(UsedToken(c, o, d, Purpose(p), e, bool(s)) for c, o, d, p, e, s in tokens),
            commands=tuple(CommandRow(*row) for row in commands),
            visit=self._meta("visit") or None,
            signed=tuple(KeepSigned(*row) for row in signed),
            notes=dict(notes),
        )

    def last_seq(self) -> int:
        """The number of the newest event row, 0 when there is none."""
        return self._last

    def last_hash(self) -> bytes:
        """The hash of the newest event row."""
        return self._hash

    def unacked(self) -> int:
        """How many event rows the cloud has not acknowledged."""
        return self._last - self.acked

    @property
    def full(self) -> bool:
        """Whether the log has reached its limit with nothing left that may be dropped."""
        return self._rows >= self._events_max

    def rows_after(self, seq: int, limit: int) -> list[EventRow]:
        """Up to ``limit`` event rows after ``seq``, oldest first; dropped rows are left out."""
        found = self._db.execute(
            "SELECT seq, body, hash FROM events WHERE seq > ? AND length(body) > 0 ORDER BY seq LIMIT ?", (seq, limit)
        ).fetchall()
        return [EventRow(*row) for row in found]

    # --- writing ----------------------------------------------------------------------------------

    def commit(self, keeps: Iterable[Keep], now: Now) -> list[Record]:
        """Save all of it or nothing, and return when it is on the disk. Nothing to save, nothing written.

        Returns what the follower added, oldest first.
        """
        keeps, added = list(keeps), list[Record]()
        if not keeps:
            return added
        last, last_hash = self._last, self._hash
        self._db.execute("BEGIN IMMEDIATE")
        for row in {k.row.door: k.row for k in keeps if isinstance(k, KeepCompartment)}.values():
            self._save_compartment(row)
        for keep in keeps:
            match keep:
                case Record():
                    last, last_hash, behind = self._append(keep, last, last_hash, now)
                    added += behind
                case KeepToken(t):
                    values = (t.cti, t.order, t.door, t.purpose.value, t.exp, t.spent)
                    self._db.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?)", values)
                case KeepCommand(c):
                    self._db.execute("INSERT OR REPLACE INTO commands VALUES (?, ?, ?)", (c.id, c.exp, c.answer))
                case KeepSigned(kind, version, digest, raw):
                    self._db.execute("INSERT OR REPLACE INTO signed VALUES (?, ?, ?, ?)", (kind, version, digest, raw))
                case KeepNote(name, text):
                    self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))
                case Forget():
                    last, last_hash = self._forget(keep, last, last_hash, now)
                case KeepVisit(note):
                    self._set("visit", note or "")
        self._save_acked()
        self._db.execute("COMMIT")
        self._rows += last - self._last
        self._last, self._hash = last, last_hash
        return added

    def _append(self, record: Record, last: int, last_hash: bytes, now: Now) -> tuple[int, bytes, list[Record]]:
        """One more event row, chained onto the last, and what belongs right behind it, which is returned as well."""
        event = EventOut(
            epoch=self.epoch,
            seq=last + 1,
            boot=self._boot,
            at_ms=now.wall_ms,
            boot_ms=now.ms,
            quality=now.quality,
            type=record.kind,
            door=record.door,
            data=record.fields,
        )
        body = messages.encode_event(event)
        chained = messages.chain_hash(last_hash, body)
        values = (last + 1, body, chained, record.droppable)
        self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", values)
        behind = self.follower.behind(event, chained) if self.follower else None
        if behind is None:
            return last + 1, chained, []
        last, last_hash, more = self._append(behind, last + 1, chained, now)
        return last, last_hash, [behind, *more]

    def _save_compartment(self, row: CompartmentRow) -> None:
        """One compartment's row."""
        places = ", ".join("?" * COMPARTMENT_COLUMNS)
        self._db.execute(f"INSERT OR REPLACE INTO compartments VALUES ({places})", compartment_values(row))

    def _save_acked(self) -> None:
        """The cloud's acknowledgement rides on the next commit: losing it only sends some rows again."""
        if self.acked != self._acked_saved:
            self._set("acked", str(self.acked))
            self._acked_saved = self.acked

    def trim(self, now: Now) -> None:
        """Keep the log within its limits; what the cloud loses by it is said in an event (invariant 9).

        Acknowledged rows go beyond ``events_kept``. At ``events_max`` the oldest droppable rows lose their content,
        never an opening, a refusal or an alarm.
        """
        surplus = self._rows - self._events_kept
        if surplus >= TRIM_STEP and self.acked - self._first >= TRIM_STEP:
            self._cut(min(self.acked, self._first + surplus))
        if self._rows >= self._events_max:
            self._drop_notes(now)

    def _cut(self, before: int) -> None:
        """Delete acknowledged rows below ``before``."""
        self._db.execute("BEGIN IMMEDIATE")
        self._delete_below(before)
        self._save_acked()
        self._db.execute("COMMIT")
        self._first, self._rows = before, self._count()

    def _delete_below(self, before: int) -> int:
        """Delete rows, inside a transaction; the last one's hash stays as the chain's anchor. How many went."""
        anchor = self._db.execute("SELECT seq, hash FROM events WHERE seq = ?", (before - 1,)).fetchone()
        if anchor is None:
            return 0
        self._set("anchor", f"{anchor[0]} {anchor[1].hex()}")
        return self._db.execute("DELETE FROM events WHERE seq < ?", (before,)).rowcount

    def _forget(self, forget: Forget, last: int, last_hash: bytes, now: Now) -> tuple[int, bytes]:
        """Delete what has been kept for long enough, inside a transaction, and say so where that was the retention."""
        gone = {
            "tokens": self._db.execute("DELETE FROM tokens WHERE exp < ?", (forget.token_exp_before,)).rowcount,
            "commands": self._db.execute("DELETE FROM commands WHERE exp < ?", (forget.command_exp_before,)).rowcount,
        }
        if not forget.event_before_ms:
            return last, last_hash
        gone["events"] = self._delete_older(forget.event_before_ms)
        if any(gone.values()):
            last, last_hash, _ = self._append(Record("retention", 0, gone), last, last_hash, now)
        return last, last_hash

    def _delete_older(self, before_ms: int) -> int:
        """Delete rows from the first on that the cloud has and that are older; how many with content went.

        A row that was written without a clock may be younger than it says, and a damaged one says nothing: they go when
        a later one is old.
        """
        query = "SELECT seq, body FROM events WHERE seq < ? AND length(body) > 0 ORDER BY seq LIMIT ?"
        met = old = 0
        before = self._first
        for seq, body in self._db.execute(query, (self.acked, AGED_STEP)):
            met, when = met + 1, messages.event_time(body)
            if when is None or when[1] is Quality.FLOOR:
                continue
            if when[0] >= before_ms:
                break
            before, old = seq + 1, met
        if old:
            self._delete_below(before)
            self._first, self._rows = before, self._rows - old
        return old

    def _drop_notes(self, now: Now) -> None:
        """Empty the oldest unacknowledged notes, their hashes stay; one event in the same transaction says which."""
        query = "SELECT seq FROM events WHERE droppable AND length(body) > 0 AND seq > ? ORDER BY seq LIMIT ?"
        found = self._db.execute(query, (max(self.acked, self._noteless), TRIM_STEP))
        seqs = [row[0] for row in found]
        self._noteless = seqs[-1] if seqs else self._last
        if not seqs:
            return
        said = Record("log_trimmed", 0, {"count": len(seqs), "first": seqs[0], "last": seqs[-1]})
        self._db.execute("BEGIN IMMEDIATE")
        emptied = "UPDATE events SET body = X'', droppable = 0 WHERE droppable AND seq BETWEEN ? AND ?"
        self._db.execute(emptied, (seqs[0], seqs[-1]))
        last, last_hash, _ = self._append(said, self._last, self._hash, now)
        self._db.execute("COMMIT")
        self._rows += last - self._last - len(seqs)
        self._last, self._hash = last, last_hash

    def close(self) -> None:
        """Save the acknowledgement and close the file; the write-ahead log is folded in."""
        self._db.execute("BEGIN IMMEDIATE")
        self._save_acked()
        self._db.execute("COMMIT")
        self._db.close()

    # --- small ------------------------------------------------------------------------------------

    def _meta(self, key: str) -> str:
        """A value of the meta table, "" when unset."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def _set(self, key: str, value: str) -> None:
        """Set a value of the meta table, inside a transaction."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _count(self) -> int:
        """How many rows with content the log has."""
        found: int = self._db.execute("SELECT count(*) FROM events WHERE length(body) > 0").fetchone()[0]
        return found

    def _edges(self) -> tuple[int, int, bytes]:
        """The first row's number, the last row's number and its hash."""
        first = self._db.execute("SELECT min(seq) FROM events").fetchone()[0] or 1
        row = self._db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        if row is not None:
            return first, row[0], row[1]
        anchor = self._meta("anchor").split()
        return (int(anchor[0]) + 1, int(anchor[0]), bytes.fromhex(anchor[1])) if anchor else (1, 0, messages.GENESIS)


def read_signed(path: Path) -> tuple[KeepSigned, ...]:
    """The signed documents of a database that may be in use, by reading alone; none where there is no such file.

    Raises ``StoreError``.
    """
    return tuple(KeepSigned(*row) for row in _read(path, "signed", "kind, version, digest, raw", "kind"))


def read_notes(path: Path) -> dict[str, str]:
    """The notes of a database that may be in use, by reading alone; none where there is none. Raises ``StoreError``."""
    return dict(_read(path, "notes", "name, text", "name"))


def read_claimed(path: Path) -> tuple[int, ...]:
    """The doors of a database behind which somebody's things lie or are expected. Raises ``StoreError``."""
    rows = _read(path, "compartments", "door, custody", "door")
    return tuple(door for door, custody in rows if custody != Custody.EMPTY.value)


def _read(path: Path, table: str, columns: str, order: str) -> list[Any]:
    """A table's rows; none where there is no such file or no such table."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            if db.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone() == (0,):
                return []
            return db.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; may this user read it, and write into its folder?") from error
