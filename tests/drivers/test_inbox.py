"""The inbox on real files and a virtual clock: what is handed on, when, and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers.inbox import LOOK_MS, InboxDriver
from locker.model import Attend, DeviceTrouble, Event, Now, Pulse, SignedArrived


class Watch:
    """A driver, its folder, its stick and the time."""

    def __init__(self, tmp_path: Path, stick: str = "stick") -> None:
        self.folder, self.stick = tmp_path / "inbox", tmp_path / stick
        self.folder.mkdir()
        self.driver = InboxDriver(self.folder, str(self.stick))
        self.ms = 0

    def looks(self, times: int = 1) -> list[Event]:
        """Let it look so often."""
        events: list[Event] = []
        for _ in range(times):
            due = self.driver.deadline_ms()
            assert due is not None
            self.ms = max(self.ms, due)
            events += self.driver.refresh(Now(self.ms, 1_790_000_000_000 + self.ms))
        return events

    def put(self, path: Path, content: bytes, at_s: int = 1000) -> None:
        """Write a file in place, with a time of change."""
        path.write_bytes(content)
        os.utime(path, (at_s, at_s))


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """An empty inbox, no stick."""
    return Watch(tmp_path)


def test_an_empty_inbox_is_quiet_and_looks_every_two_seconds(watch: Watch) -> None:
    """Nothing there is no trouble; between two looks nothing is looked at."""
    assert watch.looks(5) == []
    assert watch.ms == 4 * LOOK_MS
    watch.put(watch.folder / "keys.lks", b"set")
    assert watch.driver.refresh(Now(watch.ms + 1, 0)) == []
    assert watch.driver.deadline_ms() == watch.ms + LOOK_MS
    assert not watch.driver.accepts(Pulse(1))
    assert not watch.driver.accepts(Attend(True))
    assert (watch.driver.name, watch.driver.fileno()) == ("inbox", None)


def test_a_file_is_handed_on_once_when_it_has_settled(watch: Watch) -> None:
    """The second look that finds it alike reads it; later ones leave it alone, until it is replaced."""
    watch.put(watch.folder / "keys.lks", b"set 1")
    watch.put(watch.folder / "revoked.lkr", b"list 1")
    assert watch.looks() == []
    assert watch.looks() == [SignedArrived("keys", b"set 1", "file"), SignedArrived("revoked", b"list 1", "file")]
    assert watch.looks(5) == []
    new = watch.folder / "new"
    watch.put(new, b"set 2", at_s=2000)
    new.replace(watch.folder / "keys.lks")
    assert watch.looks(3) == [SignedArrived("keys", b"set 2", "file")]
    assert watch.driver.counters() == {"handed_on": 3, "unreadable": 0}


def test_a_replacement_of_the_same_size_and_time_is_seen(watch: Watch) -> None:
    """A new inode is a new file, whatever its times say."""
    watch.put(watch.folder / "keys.lks", b"set 1")
    assert len(watch.looks(2)) == 1
    watch.put(watch.folder / "new", b"set 2")
    (watch.folder / "new").replace(watch.folder / "keys.lks")
    assert watch.looks(3) == [SignedArrived("keys", b"set 2", "file")]


def test_a_file_that_is_still_being_written_is_waited_for(watch: Watch) -> None:
    """As long as it differs from look to look it is not read at all."""
    place = watch.folder / "keys.lks"
    for size in range(1, 6):
        watch.put(place, b"x" * size, at_s=size)
        assert watch.looks() == []
    assert watch.looks() == [SignedArrived("keys", b"xxxxx", "file")]


def test_a_file_that_is_too_long_is_read_no_further_than_it_takes_to_see_that(watch: Watch) -> None:
    """One byte more than the longest document: the cabinet refuses it, with an event."""
    watch.put(watch.folder / "keys.lks", bytes(3_000_000))
    (event,) = watch.looks(2)
    assert isinstance(event, SignedArrived)
    assert len(event.raw) == 8193


def test_a_file_that_vanishes_and_comes_back_is_handed_on_again(watch: Watch) -> None:
    """A stick that is pulled is no trouble; put in again it is looked at like a new one."""
    assert watch.looks(2) == []
    watch.stick.mkdir()
    place = watch.stick / "keys.lks"
    watch.put(place, b"set")
    assert watch.looks(2) == [SignedArrived("keys", b"set", "stick")]
    place.rename(watch.stick / "away")
    assert watch.looks(2) == []
    (watch.stick / "away").rename(place)
    assert watch.looks(2) == [SignedArrived("keys", b"set", "stick")]


def test_a_file_that_vanishes_between_two_looks_is_not_missed_later(watch: Watch) -> None:
    """Seen once, gone, there again: it has to settle anew."""
    place = watch.folder / "keys.lks"
    watch.put(place, b"set")
    assert watch.looks() == []
    place.unlink()
    assert watch.looks() == []
    watch.put(place, b"set")
    assert watch.looks() == []
    assert watch.looks() == [SignedArrived("keys", b"set", "file")]


@pytest.mark.parametrize(("name", "kind"), [("keys-7.lks", "keys"), ("list.lkr", "revoked"), ("anything", "keys")])
def test_a_stick_may_be_one_file(tmp_path: Path, name: str, kind: str) -> None:
    """Its ending says which kind it is offered as."""
    watch = Watch(tmp_path, stick=name)
    watch.put(watch.stick, b"bytes")
    assert watch.looks(2) == [SignedArrived(kind, b"bytes", "stick")]


def test_only_regular_files_are_opened(watch: Watch) -> None:
    """A pipe would wait for ever, a link lead to a secret, a folder is none of ours: none of them is even trouble."""
    secret = watch.folder / "secret"
    watch.put(secret, b"secret")
    os.mkfifo(watch.folder / "revoked.lkr")
    (watch.folder / "keys.lks").symlink_to(secret)
    watch.stick.mkdir()
    (watch.stick / "keys.lks").mkdir()
    assert watch.looks(4) == []


def test_what_cannot_be_read_is_told_once(watch: Watch) -> None:
    """A path that the system refuses (here: a loop of links) is trouble, told once; well again, it is read."""
    loop = watch.stick
    loop.symlink_to(loop)
    events = watch.looks(4)
    assert {event.what for event in events if isinstance(event, DeviceTrouble)} == {"unreadable"}
    assert len(events) == 2, "one for each file that was looked for"
    loop.unlink()
    loop.mkdir()
    watch.put(loop / "keys.lks", b"set")
    assert watch.looks(2) == [SignedArrived("keys", b"set", "stick")]


def test_a_name_that_no_file_can_have_is_trouble_and_no_crash(tmp_path: Path) -> None:
    """Whatever stands in the configuration, ``refresh`` does not raise."""
    driver = InboxDriver(tmp_path, "stick\0")
    events = driver.refresh(Now(0, 0))
    assert all(isinstance(event, DeviceTrouble) for event in events)
    assert len(events) == 3
    driver.close()
