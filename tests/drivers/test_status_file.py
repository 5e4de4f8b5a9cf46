"""The status file: whole at every moment, for its group to read, and nobody's trouble when it cannot be written."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from drivers.status_file import StatusFile
from locker.config import Status


def test_it_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Whoever opened the old one reads it to its end; the new one is there at once; mode 0640; nothing beside it."""
    path = tmp_path / "status.json"
    file = StatusFile(Status(file=str(path), every_s=7), 12, 345)
    file.post(b"one" * 1000)
    with path.open("rb") as reader:
        first = reader.read(3)
        file.post(b"two")
        assert first + reader.read() == b"one" * 1000
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["status.json"]
    assert (file.every_ms, file.pid, file.born_ticks, file.failures) == (7000, 12, 345, 0)


def test_a_place_that_is_not_there_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is raised; when the folder comes, the next one is written, and a new failure is told anew."""
    folder = tmp_path / "run"
    file = StatusFile(Status(file=str(folder / "status.json")), 1, 2)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            file.post(b"x")
    assert len(caplog.records) == 1 and file.failures == 5
    folder.mkdir()
    file.post(b"y")
    assert (folder / "status.json").read_bytes() == b"y"
    (folder / "status.json").unlink()
    folder.rmdir()
    file.post(b"z")
    assert len(caplog.records) == 2


def test_a_link_in_its_way_is_not_followed(tmp_path: Path) -> None:
    """What is written beside it is never written through somebody's link."""
    target, path = tmp_path / "precious", tmp_path / "status.json"
    target.write_bytes(b"precious")
    (tmp_path / ".status.json.9").symlink_to(target)
    file = StatusFile(Status(file=str(path)), 9, 1)
    file.post(b"x")
    assert target.read_bytes() == b"precious" and file.failures == 1
