"""The store: all or nothing, nothing without a change, a chain without a break, and limits that are said."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from locker import messages
from locker.model import (
    CommandRow,
    CompartmentRow,
    Custody,
    Errand,
    Forget,
    Keep,
    KeepCommand,
    KeepCompartment,
    KeepToken,
    KeepVisit,
    Kind,
    Memory,
    Now,
    Purpose,
    Record,
    UsedToken,
)
from locker.schema import SCHEMA
from locker.store import TRIM_STEP, Store, StoreError

ROOT = Path(__file__).resolve().parent.parent
NOW = Now(5000, 1_790_000_000_000)
ROOM = CompartmentRow(
    door=3,
    state="open",
    custody=Custody.HOLDING,
    order=b"\x00A1",
    kind=Kind.CERTIFICATE,
    since_ms=17,
    deadline_ms=18,
    in_service=False,
    reason="柜门",
    errand=Errand(Purpose.COLLECT, b"c" * 16, b"\x00A1", "姓名", seen_open=True, complete=False),
    rev=9,
)
TOKEN = UsedToken(b"c" * 16, b"\x00A1", 3, Purpose.COLLECT, 1_790_000_100, spent=True)
COMMAND = CommandRow("id-1", 1_790_000_030, b'{"v":1}')
EVERYTHING: list[Keep] = [
    KeepCompartment(ROOM),
    KeepToken(TOKEN),
    KeepCommand(COMMAND),
    KeepVisit("3"),
    Record("granted", 3, {"cti": "63"}),
    Record("opened", 3, {"after_ms": 80}),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "locker.db"


def small(path: Path, events_max: int = 1500, events_kept: int = 100) -> Store:
    """A store whose limits are reached soon."""
    return Store(str(path), "boot", "epoch", events_max=events_max, events_kept=events_kept)


def notes(count: int, droppable: bool = True) -> list[Keep]:
    """So many event rows."""
    return [Record("note" if droppable else "opened", 1, {"n": n}, droppable=droppable) for n in range(count)]


def kinds(store: Store) -> list[str]:
    """The types of all event rows with content."""
    return [msgspec.json.decode(row.body)["type"] for row in store.rows_after(0, 100_000)]


def copied(path: Path, to: Path) -> Store:
    """What a power cut at this moment would leave: the files as they are, without a close."""
    for tail in ("", "-wal"):
        shutil.copy(f"{path}{tail}", f"{to}{tail}")
    return Store.at(to, "boot", "other")


def unbroken(store: Store, path: Path) -> None:
    """The numbers have no gap, and each row's hash is over the row before and itself; emptied rows keep theirs."""
    with sqlite3.connect(path) as other:
        rows = other.execute("SELECT seq, body, hash FROM events ORDER BY seq").fetchall()
        anchor = other.execute("SELECT value FROM meta WHERE key = 'anchor'").fetchone()
    other.close()
    seq, chained = (int(anchor[0].split()[0]), bytes.fromhex(anchor[0].split()[1])) if anchor else (0, messages.GENESIS)
    for row_seq, body, row_hash in rows:
        assert row_seq == seq + 1
        assert not body or messages.chain_hash(chained, body) == row_hash
        seq, chained = row_seq, row_hash
    assert (store.last_seq(), store.last_hash()) == (seq, chained)


# --- what is saved --------------------------------------------------------------------------------


def test_everything_that_was_committed_is_loaded_again(path: Path) -> None:
    """Rows of every kind, in every field, as they were; the epoch is that of the file's making."""
    store = Store.at(path, "boot", "epoch")
    assert store.load() == Memory()
    store.commit(EVERYTHING, NOW)
    store.close()
    again = Store.at(path, "boot-2", "another")
    assert again.load() == Memory((ROOM,), (TOKEN,), (COMMAND,), "3")
    assert again.epoch == "epoch"
    again.commit([KeepVisit(None), Forget(TOKEN.exp + 1, COMMAND.exp)], NOW)
    assert again.load() == Memory((ROOM,), (), (COMMAND,), None)
    again.commit([Forget(0, COMMAND.exp + 1)], NOW)
    assert again.load().commands == ()


def test_an_event_row_says_when_where_and_what(path: Path) -> None:
    """Wall time, its quality, boot id and boot time, so that the cloud can repair the time later."""
    store = Store.at(path, "boot", "epoch")
    store.commit([Record("opened", 3, {"after_ms": 80})], NOW)
    event = msgspec.json.decode(store.rows_after(0, 1)[0].body, type=messages.EventOut)
    wanted = messages.EventOut(
        epoch="epoch",
        seq=1,
        boot="boot",
        at_ms=NOW.wall_ms,
        boot_ms=NOW.ms,
        quality=NOW.quality,
        type="opened",
        door=3,
        data={"after_ms": 80},
    )
    assert event == wanted


def test_of_one_compartment_the_last_row_of_a_turn_counts(path: Path) -> None:
    """Kept three times in one turn, written once."""
    store = Store.at(path, "boot", "epoch")
    rows = [CompartmentRow(3, state, rev=rev) for rev, state in enumerate(("opening", "open", "closed"))]
    store.commit([KeepCompartment(row) for row in rows], NOW)
    assert store.load().compartments == (rows[-1],)


def test_the_journal_is_written_ahead_and_synced(path: Path) -> None:
    """WAL and synchronous=FULL, or a power cut could take back what was acted upon."""
    store = Store.at(path, "boot", "epoch")
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_nothing_is_written_without_a_change(path: Path) -> None:
    """An empty commit, an empty trim and an acknowledgement by itself touch no file."""
    store = Store.at(path, "boot", "epoch")
    store.commit(EVERYTHING, NOW)
    files = [path, Path(f"{path}-wal")]
    before = [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    store.commit([], NOW)
    store.acked = 1
    store.commit(iter(()), NOW)
    store.trim(NOW)
    assert [(file.stat().st_size, file.stat().st_mtime_ns) for file in files] == before


def test_numbers_and_chain_go_on_after_a_restart(path: Path) -> None:
    """seq never repeats or resets, and the chain has no seam."""
    for boot in range(4):
        store = Store.at(path, f"boot-{boot}", f"epoch-{boot}")
        store.commit(notes(3), NOW)
        unbroken(store, path)
        store.close()
    assert Store.at(path, "boot", "x").last_seq() == 12


# --- all or nothing -------------------------------------------------------------------------------


def test_a_statement_that_fails_takes_the_whole_commit_back(path: Path) -> None:
    """The last row cannot be encoded: nothing of the turn is on the disk, and the error goes up."""
    store = Store.at(path, "boot", "epoch")
    store.commit([Record("started")], NOW)
    with pytest.raises(TypeError):
        store.commit([*EVERYTHING, Record("opened", 3, {"what": object()})], NOW)
    left = copied(path, path.with_name("left.db"))
    assert (left.load(), kinds(left)) == (Memory(), ["started"])
    unbroken(left, path.with_name("left.db"))


CHILD = """
import os, signal, sys
sys.path[:0] = [{root!r}, {tests!r}]
from test_store import EVERYTHING, NOW, notes, small
from pathlib import Path
store = small(Path({path!r}))
{before}
count = 0
def cut(statement):
    global count
    count += 1
    if count == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
store._db.set_trace_callback(cut)
{deed}
"""


def killed_at_every_statement(path: Path, before: str, deed: str) -> Iterable[Store]:
    """Run the deed in a process that is killed at its first statement, its second ...; the store each leaves behind."""
    code = -signal.SIGKILL
    at = 0
    while code == -signal.SIGKILL:
        at += 1
        file = path.with_name(f"cut-{at}.db")
        tests = str(Path(__file__).parent)
        text = CHILD.format(root=str(ROOT), tests=tests, path=str(file), before=before, deed=deed, at=at)
        code = subprocess.run([sys.executable, "-c", text], check=False).returncode
        store = small(file)
        unbroken(store, file)
        yield store
    assert (code, at > 3) == (0, True)


def test_a_process_killed_at_any_statement_of_a_commit_leaves_all_or_nothing(path: Path) -> None:
    """kill -9 before each statement: the file opens, the chain holds, and it has the whole turn or none of it."""
    found = [
        (store.load(), kinds(store))
        for store in killed_at_every_statement(path, "store.commit(notes(1), NOW)", "store.commit(EVERYTHING, NOW)")
    ]
    nothing = (Memory(), ["note"])
    everything = (Memory((ROOM,), (TOKEN,), (COMMAND,), "3"), ["note", "granted", "opened"])
    assert found == [nothing] * (len(found) - 1) + [everything]


def test_what_was_committed_is_there_without_a_close(path: Path) -> None:
    """The files copied right after a commit, as a power cut leaves them, hold the turn."""
    store = Store.at(path, "boot", "epoch")
    for n in range(5):
        store.commit(notes(1), NOW)
        left = copied(path, path.with_name(f"left-{n}.db"))
        assert (left.last_seq(), left.last_hash()) == (n + 1, store.last_hash())


# --- what cannot be used --------------------------------------------------------------------------


def test_a_newer_schema_is_refused_with_what_to_do(path: Path) -> None:
    """An older program never writes into a newer database; the message names the file and both versions."""
    Store.at(path, "boot", "epoch").close()
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"locker\.db.*schema {SCHEMA + 1}.*knows {SCHEMA}.*newer program"):
        Store.at(path, "boot", "epoch")
    assert path.read_bytes() == before


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"no database at all" * 99), lambda p: p.mkdir()])
def test_a_file_that_is_no_database_is_refused(path: Path, spoil: Callable[[Path], object]) -> None:
    """Says which file, and what to look at."""
    spoil(path)
    with pytest.raises(StoreError, match=r"locker\.db.*check the file"):
        Store.at(path, "boot", "epoch")


def test_a_making_that_was_cut_off_begins_again(path: Path) -> None:
    """An empty file, or one whose schema never came to its commit, is no obstacle."""
    path.touch()
    assert Store.at(path, "boot", "epoch").load() == Memory()


# --- acknowledged, trimmed, full ------------------------------------------------------------------


def test_the_acknowledgement_rides_on_the_next_commit(path: Path) -> None:
    """Losing it only sends rows again; a close saves it too."""
    store = Store.at(path, "boot", "epoch")
    store.commit(notes(5), NOW)
    store.acked = 3
    assert copied(path, path.with_name("a.db")).acked == 0
    assert store.unacked() == 2
    store.commit(notes(1), NOW)
    assert copied(path, path.with_name("b.db")).acked == 3
    store.acked = 6
    store.close()
    assert Store.at(path, "boot", "epoch").acked == 6


def test_acknowledged_rows_go_beyond_what_is_kept_and_the_chain_goes_on(path: Path) -> None:
    """The oldest go, never one that the cloud has not got, and a restart finds number and hash again."""
    store = small(path)
    store.commit(notes(800, droppable=False), NOW)
    store.trim(NOW)
    assert store.rows_after(0, 1)[0].seq == 1, "nothing is acknowledged"
    store.acked = 650
    store.trim(NOW)
    assert store.rows_after(0, 1)[0].seq == 650
    unbroken(store, path)
    store.commit(notes(600, droppable=False), NOW)
    store.acked = 1200
    store.trim(NOW)
    assert store.rows_after(0, 1)[0].seq == 1200
    store.close()
    again = small(path)
    again.commit(notes(1), NOW)
    assert (again.last_seq(), again.acked) == (1401, 1200)
    unbroken(again, path)


def test_at_the_limit_the_oldest_notes_go_and_it_is_said(path: Path) -> None:
    """Never an opening, a refusal or an alarm; one event tells how many notes went and which (invariant 9)."""
    store = small(path)
    for _ in range(3):
        store.commit(notes(200), NOW)
        store.commit(notes(300, droppable=False), NOW)
    store.acked = 50
    store.trim(NOW)
    found = kinds(store)
    assert found.count("opened") == 900
    assert found.count("note") == 600 - TRIM_STEP
    trimmed = msgspec.json.decode(store.rows_after(0, 10_000)[-1].body)
    assert (trimmed["type"], trimmed["data"]) == ("log_trimmed", {"count": TRIM_STEP, "first": 51, "last": 1150})
    unbroken(store, path)
    assert not store.full
    assert store.rows_after(0, 100)[49].seq == 50, "what the cloud has got stays until it is cut off"


def test_dropping_notes_and_saying_so_are_one(path: Path) -> None:
    """kill -9 at any statement of a trim: either every note is there, or the event that says which are not."""
    for store in killed_at_every_statement(path, "store.commit(notes(1500), NOW)", "store.trim(NOW)"):
        found = kinds(store)
        assert (found.count("note"), found.count("log_trimmed")) in ((1500, 0), (1500 - TRIM_STEP, 1))


def test_with_nothing_left_to_drop_the_log_is_full_and_still_takes_openings(path: Path) -> None:
    """Full is said to whoever admits new drop-offs; what happens is written all the same, and an ack makes room."""
    store = small(path)
    store.commit(notes(1499, droppable=False), NOW)
    store.trim(NOW)
    assert not store.full
    store.commit(notes(1, droppable=False), NOW)
    store.trim(NOW)
    assert store.full
    store.commit(notes(5, droppable=False), NOW)
    store.trim(NOW)
    assert (kinds(store), store.full) == (["opened"] * 1505, True)
    store.close()
    again = small(path)
    assert again.full
    again.acked = 1505
    again.trim(NOW)
    assert not again.full


def test_notes_that_come_when_the_log_is_full_go_first(path: Path) -> None:
    """Each trim looks at what is new, and drops it."""
    store = small(path)
    store.commit(notes(1500, droppable=False), NOW)
    for _ in range(3):
        store.commit(notes(2), NOW)
        store.trim(NOW)
    assert kinds(store).count("note") == 0
    assert kinds(store).count("log_trimmed") == 3
    unbroken(store, path)
