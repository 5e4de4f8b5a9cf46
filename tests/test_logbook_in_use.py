"""Reading a log where it lies: in a database that is in use, after a power cut, on a read-only medium, or not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from logs import BOOT, EPOCH, START_MS, STORY, export, tamper, write

from locker.logbook import LogbookError, find, judge, open_database
from locker.model import Now, Record
from locker.store import Store


def test_it_works_while_the_controller_runs(tmp_path: Path) -> None:
    """Rows that are only in the write-ahead log are read; one reading is one moment; the writer is not held up."""
    path = tmp_path / "locker.db"
    with closing(Store.at(path, BOOT, EPOCH)) as store:
        store.commit(STORY, Now(1, START_MS))
        assert path.with_name("locker.db-wal").stat().st_size > 0
        assert judge(path, {}).last == 12
        with open_database(path) as book:
            reading = book.rows()
            seen = [next(reading)]
            for step in range(50):
                store.commit([Record("denied", 0, {"step": step})], Now(2 + step, START_MS))
            seen += reading
            assert [row.seq for row in seen] == list(range(1, 13))
        assert judge(path, {}).last == 62
        store.commit([Record("stopped", 0)], Now(100, START_MS))
    assert judge(path, {}).last == 63
    with closing(Store.at(path, "boot-2", EPOCH)) as store:
        assert store.last_seq() == 63


def test_after_a_power_cut_the_write_ahead_log_is_read(tmp_path: Path) -> None:
    """A copy of the file with its -wal, as a card has it after the plug was pulled, is the whole log."""
    path, card = tmp_path / "locker.db", tmp_path / "card"
    card.mkdir()
    with closing(Store.at(path, BOOT, EPOCH)) as store:
        store.commit(STORY, Now(1, START_MS))
        for name in ("locker.db", "locker.db-wal"):
            shutil.copy(tmp_path / name, card / name)
    assert judge(card / "locker.db", {}).proven == [(1, 12)]


def test_reading_leaves_the_database_as_it_is(tmp_path: Path) -> None:
    """Not one byte of it changes."""
    path = write(tmp_path / "locker.db")
    before = path.read_bytes()
    judge(path, {})
    export(path)
    find(path, 3)
    assert path.read_bytes() == before


@contextmanager
def powerless() -> Iterator[None]:
    """Be somebody who has no rights: root, whom no mode stops, becomes another user for the while."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.fixture
def evidence() -> Iterator[Path]:
    """A folder that is read-only within ``powerless``, and into which everybody may look."""
    with TemporaryDirectory() as above:
        folder = Path(above) / "evidence"
        folder.mkdir()
        Path(above).chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_copy_on_a_read_only_medium_is_read(evidence: Path) -> None:
    """Nothing is written beside evidence, and without a write-ahead log nothing needs to be."""
    path = write(evidence / "locker.db")
    path.chmod(0o444)
    evidence.chmod(0o555)
    with powerless():
        with pytest.raises(PermissionError):
            (evidence / "x").touch()
        assert judge(path, {}).proven == [(1, 12)]
    assert [each.name for each in evidence.iterdir()] == ["locker.db"]


def test_a_copy_that_cannot_be_read_whole_is_refused(evidence: Path, tmp_path: Path) -> None:
    """With a write-ahead log beside it that cannot be used, the file alone would be a log with its end missing."""
    with closing(Store.at(tmp_path / "locker.db", BOOT, EPOCH)) as store:
        store.commit(STORY, Now(1, START_MS))
        for name in ("locker.db", "locker.db-wal"):
            Path(shutil.copy(tmp_path / name, evidence / name)).chmod(0o444)
    evidence.chmod(0o555)
    with powerless(), pytest.raises(LogbookError, match="-wal file beside it, may this user write"):
        judge(evidence / "locker.db", {})


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_database_is_said_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    """A file that only begins like one, or one without our tables."""
    path = tmp_path / "locker.db"
    path.write_bytes(content)
    with pytest.raises(LogbookError, match=r"locker\.db: .*is it a cabinet's database"):
        judge(path, {})
    other = tamper(tmp_path / "other.db", "CREATE TABLE recipes (name)")
    with pytest.raises(LogbookError, match="no such table"):
        judge(other, {})


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """And none is made in its place."""
    with pytest.raises(FileNotFoundError):
        judge(tmp_path / "none.db", {})
    assert not list(tmp_path.iterdir())
