"""Telling the service manager: over a real datagram socket, pinged in time, and silent where nobody listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from locker.notify import Notifier


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """The manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.setblocking(False)
        yield found


def heard(ear: socket.socket) -> list[str]:
    """Everything that has arrived."""
    found = []
    while True:
        try:
            found.append(ear.recv(4096).decode())
        except BlockingIOError:
            return found


def test_ready_alive_and_stopping_arrive_as_datagrams(ear: socket.socket) -> None:
    """The three sentences of sd_notify."""
    notifier = Notifier({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "30000000"})
    notifier.ready()
    notifier.alive(0)
    notifier.stopping()
    assert heard(ear) == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_the_watchdog_is_pinged_three_times_as_often_as_it_must_be(ear: socket.socket) -> None:
    """However many turns there are, a ping each third of its time; the deadline says when, and moves on."""
    notifier = Notifier({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "30000000"})
    for ms in range(100_000, 160_000, 100):
        notifier.alive(ms)
        deadline_ms = notifier.deadline_ms()
        assert deadline_ms is not None and ms < deadline_ms <= ms + 10_000
    assert len(heard(ear)) == 6


def test_an_abstract_socket_is_understood() -> None:
    """systemd may give a name that begins with @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("")
        ear.setblocking(False)
        Notifier({"NOTIFY_SOCKET": "@" + ear.getsockname()[1:].decode()}).ready()
        assert heard(ear) == ["READY=1"]


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "30000000"}, {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "soon"}],
    ids=["no systemd", "only a watchdog", "no number"],
)
def test_without_a_manager_that_listens_nothing_happens(environment: dict[str, str]) -> None:
    """Outside systemd, or with a socket that is gone: no error, and no deadline to wake for."""
    notifier = Notifier(environment)
    notifier.ready()
    notifier.alive(1000)
    notifier.stopping()
    assert notifier.deadline_ms() is None


def test_a_watchdog_of_no_time_is_none(ear: socket.socket) -> None:
    """Zero would be a turn after a turn without an end."""
    for usec in ("0", "2999"):
        notifier = Notifier({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": usec})
        notifier.alive(5)
        assert notifier.deadline_ms() is None


def test_a_manager_that_does_not_read_is_not_waited_for(ear: socket.socket) -> None:
    """Its queue is full: the program goes on."""
    notifier = Notifier({"NOTIFY_SOCKET": ear.getsockname()})
    for _ in range(2000):
        notifier.ready()
    assert set(heard(ear)) == {"READY=1"}
