"""Signed documents in the store, and the way of an old database to a new program."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from locker import messages
from locker.effects import KeepSigned
from locker.model import Now, Record, UsedToken
from locker.schema import SCHEMA
from locker.store import Store
from locker.words import Purpose

NOW = Now(5_000, 1_790_000_000_000)
BODY = b'{"v":1,"epoch":"old","seq":1,"boot":"b","at_ms":1,"boot_ms":1,"quality":"synced","type":"started","data":{}}'
SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL, droppable INTEGER NOT NULL);
CREATE TABLE compartments (door INTEGER PRIMARY KEY, state TEXT NOT NULL, custody TEXT NOT NULL, item BLOB NOT NULL,
  kind TEXT, since_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL, in_service INTEGER NOT NULL,
  reason TEXT NOT NULL, errand TEXT, rev INTEGER NOT NULL);
CREATE TABLE tokens (cti BLOB PRIMARY KEY, item BLOB NOT NULL, door INTEGER NOT NULL, purpose INTEGER NOT NULL,
  exp INTEGER NOT NULL, spent INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE commands (id TEXT PRIMARY KEY, exp INTEGER NOT NULL, answer BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', 'old'), ('acked', '1');
INSERT INTO tokens VALUES (X'AA', X'41', 3, 1, 1790000100, 1);
INSERT INTO compartments VALUES (3, 'closed', 'holding', X'41', 'submission', 1, 2, 1, '', NULL, 9);
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as the program of schema 1 left it: written out here, so that no change of ours can touch it."""
    path = tmp_path / "locker.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA_1)
        db.execute("INSERT INTO events VALUES (1, ?, ?, 0)", (BODY, hashlib.sha256(bytes(32) + BODY).digest()))
        db.commit()
    return path


def keep(kind: str, version: int) -> KeepSigned:
    """A document of a kind; what its bytes mean is nothing to the store."""
    raw = b"%d of " % version + kind.encode()
    return KeepSigned(kind, version, hashlib.sha256(raw).digest(), raw)


def test_a_database_of_schema_1_is_taken_over_with_everything_in_it(old: Path) -> None:
    """Epoch, events, tokens and items are there, the chain goes on from the old hash, documents can be kept."""
    store = Store.at(old, "boot", "new")
    memory = store.load()
    assert (store.epoch, store.acked, store.last_seq(), memory.signed) == ("old", 1, 1, ())
    assert memory.tokens == (UsedToken(b"\xaa", b"A", 3, Purpose.DEPOSIT, 1_790_000_100, True),)
    assert [(room.door, room.order, room.rev) for room in memory.compartments] == [(3, b"A", 9)]
    store.commit([keep("keys", 1), Record("keys_changed")], NOW)
    first, second = store.rows_after(0, 9)
    assert second.hash == messages.chain_hash(first.hash, second.body)
    store.close()
    again = Store.at(old, "boot", "new")
    assert again.load().signed == (keep("keys", 1),)
    again.close()
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_a_migration_that_is_cut_off_leaves_the_old_database(old: Path) -> None:
    """Something else in the new table's place: nothing is changed, and the old program could go on."""
    with closing(sqlite3.connect(old)) as db:
        db.execute("CREATE VIEW signed AS SELECT 1")
        db.commit()
    with pytest.raises(OSError, match="signed"):
        Store.at(old, "boot", "new")
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM tokens").fetchone() == (1,)


def test_the_latest_of_each_kind_is_kept(tmp_path: Path) -> None:
    """A document takes the place of the one before of its kind, with its event, and survives a power cut."""
    store = Store.at(tmp_path / "locker.db", "boot", "epoch")
    store.commit([keep("keys", 1), keep("revoked", 7)], NOW)
    store.commit([keep("keys", 2), Record("keys_changed")], NOW)
    store._db.close()
    again = Store.at(tmp_path / "locker.db", "boot", "epoch")
    assert again.load().signed == (keep("keys", 2), keep("revoked", 7))
    assert again.last_seq() == 1


def test_what_is_signed_does_not_show_its_bytes() -> None:
    """8 KiB have no place in a traceback."""
    assert "raw" not in repr(keep("keys", 1))
