"""Nobody but the service's user can read the database, what SQLite writes beside it, or the device's secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_rig import Rig

from locker.model import Now, Record
from locker.rights import narrow
from locker.store import Store

NOW = Now(1000, 1_790_000_000_000)


@pytest.fixture(autouse=True)
def any_umask() -> Iterator[None]:
    """The widest umask there is: what is asked for is what files get."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Every file with its mode."""
    return {path.name: f"{stat.S_IMODE(path.stat().st_mode):04o}" for path in sorted(folder.iterdir())}


def test_a_new_database_is_its_users_from_the_first_moment(tmp_path: Path) -> None:
    """The file and SQLite's two beside it, while it is in use: 0600 under any umask."""
    path = tmp_path / "locker.db"
    assert narrow(path) == []
    assert modes(tmp_path) == {"locker.db": "0600"}
    store = Store.at(path, "boot", "epoch")
    store.commit([Record("started")], NOW)
    assert modes(tmp_path) == {"locker.db": "0600", "locker.db-shm": "0600", "locker.db-wal": "0600"}
    store.close()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601, 0o777])
def test_what_was_wider_is_narrowed_and_told(tmp_path: Path, mode: int) -> None:
    """A database of an older version that died in the middle: all of its files, by name and mode; then silence."""
    path = tmp_path / "locker.db"
    store = Store.at(path, "boot", "epoch")
    store.commit([Record("started")], NOW)
    (tmp_path / "locker.db.lock").touch()
    for file in tmp_path.iterdir():
        file.chmod(mode)
    store._db.close()
    (tmp_path / "locker.db-wal").touch()
    (tmp_path / "locker.db-wal").chmod(mode)
    told = narrow(path)
    assert told[0] == f"locker.db {mode:04o}"
    assert {f"locker.db-wal {mode:04o}", f"locker.db.lock {mode:04o}"} <= set(told)
    assert set(modes(tmp_path).values()) == {"0600"}
    assert narrow(path) == []
    assert Store.at(path, "boot", "other").last_seq() == 1, "nothing of it was lost"


def test_what_is_narrow_already_is_left_alone(tmp_path: Path) -> None:
    """A database that its user may only read is not made writable: somebody meant that."""
    path = tmp_path / "locker.db"
    path.touch(0o400)
    assert narrow(path) == []
    assert modes(tmp_path) == {"locker.db": "0400"}


def test_the_running_controller_leaves_nothing_for_others(tmp_path: Path) -> None:
    """The real process under the widest umask, its database made wide beforehand: mended, reported, and all files 0600.

    The socket of the screen is among them, and the device's two secrets.
    """
    database = tmp_path / "locker.db"
    with Rig(tmp_path) as rig:
        database.touch()
        database.chmod(0o644)
        rig.power_on()
        event = rig.cloud.wait_event(rig.site.cabinet, "rights_narrowed", 20.0)
        assert event is not None and event["data"] == {"files": ["locker.db 0644"]}
        found = modes(tmp_path)
        ours = {name: mode for name, mode in found.items() if name.startswith("locker.db") or name.endswith(".sock")}
        assert ours == dict.fromkeys(ours, "0600")
        assert {"locker.db", "locker.db-wal", "locker.db-shm", "locker.db.lock", "panel.sock"} <= ours.keys()
        assert (found["device.pem"], found["pickup.secret"]) == ("0600", "0600")
