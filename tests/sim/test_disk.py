"""The watched disk: what is noted is what SQLite did, in order, and nothing of it is changed by the watching."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sim.disk import Create, Delete, DiskError, Mark, Recorder, Recording, Sync, SyncFolder, Write
from sim.disk_cut import Disk


def opened(path: Path) -> sqlite3.Connection:
    """A database as the store has it."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    return db


def replayed(recording: Recording) -> dict[str, bytes]:
    """What the notes make of the folder, all of it kept."""
    disk = Disk(recording)
    for step in recording.steps:
        disk.take(step)
    return disk.kept()


def on_disk(folder: Path) -> dict[str, bytes]:
    """What really lies there."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_the_notes_replayed_are_the_folder(tmp_path: Path) -> None:
    """Byte for byte, in the middle of a database's life and after it was closed and folded in."""
    with Recorder(tmp_path) as recorder:
        db = opened(tmp_path / "a.db")
        db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
        for n in range(200):
            db.execute("INSERT INTO t VALUES (?, ?)", (n, bytes(1000)))
        assert replayed(recorder.recording) == on_disk(tmp_path)
        db.close()
        assert replayed(recorder.recording) == on_disk(tmp_path)
        assert set(on_disk(tmp_path)) == {"a.db"}


def test_a_commit_is_frames_then_a_sync_then_what_is_seen_outside(tmp_path: Path) -> None:
    """The order of writes, syncs and marks is the order in which they happened."""
    with closing(opened(tmp_path / "a.db")) as db:
        db.execute("CREATE TABLE t (n)")
    with Recorder(tmp_path) as recorder:
        db = opened(tmp_path / "a.db")
        db.execute("INSERT INTO t VALUES (1)")
        recorder.mark("pulse", 3)
        steps = recorder.recording.steps
        db.close()
    kinds = [type(step) for step in steps]
    assert kinds[0] is Create
    assert kinds[-1] is Mark
    assert kinds[-2] in (Sync, SyncFolder)
    assert SyncFolder in kinds, "the new log's name is synced with its first content"
    assert max(index for index, kind in enumerate(kinds) if kind is Write) < len(kinds) - 2
    assert steps[-1] == Mark("pulse", (3,))


def test_what_lay_there_before_is_the_beginning(tmp_path: Path) -> None:
    """A folder that is not empty counts as being on the disk, without its shared-memory file."""
    (tmp_path / "a.db").write_bytes(b"x")
    (tmp_path / "a.db-shm").write_bytes(b"y")
    with Recorder(tmp_path) as recorder:
        assert recorder.recording == Recording({"a.db": b"x"}, ())


def test_other_folders_are_none_of_its_business(tmp_path: Path) -> None:
    """Databases elsewhere work as always and are not noted."""
    (tmp_path / "mine").mkdir()
    with Recorder(tmp_path / "mine") as recorder:
        with closing(opened(tmp_path / "other.db")) as db:
            db.execute("CREATE TABLE t (n)")
        assert not recorder.recording.steps


def test_a_process_that_dies_leaves_its_log(tmp_path: Path) -> None:
    """Closing folds the log in; undone, the folder is as a kill leaves it, and the next opening recovers from it."""
    with Recorder(tmp_path) as recorder:
        db = opened(tmp_path / "a.db")
        db.execute("CREATE TABLE t (n)")
        before = on_disk(tmp_path)
        steps = len(recorder.recording.steps)
        with recorder.undone():
            db.close()
        assert (on_disk(tmp_path), len(recorder.recording.steps)) == (before, steps)
        with closing(opened(tmp_path / "a.db")) as again:
            assert again.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert Delete("a.db-wal") in recorder.recording.steps
        assert replayed(recorder.recording) == on_disk(tmp_path)


def test_afterwards_nothing_is_noted_any_more(tmp_path: Path) -> None:
    """The recorder is gone when it is left; a connection that is still open goes on working."""
    with Recorder(tmp_path) as recorder:
        db = opened(tmp_path / "a.db")
    db.execute("CREATE TABLE t (n)")
    db.close()
    steps = len(recorder.recording.steps)
    with closing(opened(tmp_path / "b.db")) as other:
        other.execute("CREATE TABLE t (n)")
    assert len(recorder.recording.steps) == steps


def test_what_goes_wrong_in_noting_is_not_swallowed(tmp_path: Path) -> None:
    """An error cannot cross SQLite, so it waits for whoever wants the recording."""
    recorder = Recorder(tmp_path)
    recorder._noted(lambda: (_ for _ in ()).throw(DiskError("no room for notes")))
    with pytest.raises(DiskError, match="no room for notes"):
        assert recorder.recording
