"""The lock bus behind a serial server: real TCP on the loopback, and every way in which a connection ends."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from board_rig import Team, a_cabinet, far_sides

from drivers.board import BoardDriver
from drivers.lock_boards import lock_boards
from drivers.port import PortGone, PortWatch
from drivers.tcp_port import TcpPort
from locker.model import BoardBack, DoorSeen, Event, Now, PortBack, PortLost, Pulse, PulseSent
from sim.body import Body
from sim.rs485 import Rs485
from sim.serial_server import SerialServer

TURNS_MAX = 20_000


class Parrot:
    """A far side that keeps what it hears, and says what it is told to."""

    def __init__(self) -> None:
        """Silent at first."""
        self.heard = bytearray()
        self.to_say = b""

    def feed(self, data: bytes, now_ms: int) -> None:
        """Hear."""
        self.heard += data

    def refresh(self, now_ms: int) -> bytes:
        """Say."""
        said, self.to_say = self.to_say, b""
        return said

    def deadline_ms(self) -> int | None:
        """Nothing by itself."""
        return None


@pytest.fixture
def parrot() -> Parrot:
    """What sits behind the server."""
    return Parrot()


@pytest.fixture
def server(parrot: Parrot) -> Iterator[SerialServer]:
    """A serial server, listening."""
    server = SerialServer(parrot)
    yield server
    server.unplug()


@pytest.fixture
def port(server: SerialServer) -> Iterator[TcpPort]:
    """The near end, connected."""
    port = TcpPort(server.url)
    until(lambda: port.open() == server.url, server)
    server.pump(0)
    yield port
    port.close()


def until(holds: Callable[[], object], server: SerialServer, *fds: int | None) -> None:
    """Wait for it, woken by the server's descriptors and these; fails after many turns."""
    for _ in range(TURNS_MAX):
        if holds():
            return
        select.select([*server.filenos, *(fd for fd in fds if fd is not None)], [], [], 0.001)
        server.pump(0)
    pytest.fail("did not happen")


def ends(act: Callable[[], Any], server: SerialServer) -> PortGone:
    """Do it until it says that the port is gone."""
    for _ in range(TURNS_MAX):
        try:
            act()
        except PortGone as gone:
            return gone
        select.select(server.filenos, [], [], 0.001)
    pytest.fail("the port is still there")


def test_bytes_go_both_ways(port: TcpPort, server: SerialServer, parrot: Parrot) -> None:
    """Zero bytes, control bytes and 256 different ones arrive unchanged, and reading nothing is nothing."""
    everything = bytes(range(256))
    assert port.is_open and port.write(everything) == 0 and port.read() == b""
    until(lambda: bytes(parrot.heard) == everything, server)
    parrot.to_say = everything
    got = bytearray()

    def all_there() -> bool:
        got.extend(port.read())
        return bytes(got) == everything

    until(all_there, server, port.fileno())


def test_a_server_that_hangs_up_is_port_gone(port: TcpPort, server: SerialServer) -> None:
    """With a farewell or by a reset; the port is closed by it, and has no descriptor."""
    for reset in (False, True):
        server.hang_up(reset=reset)
        ends(port.read, server)
        assert not port.is_open and port.fileno() is None
        until(lambda: port.open() == server.url, server)
        server.pump(0)
    assert server.accepted == 3


def test_nobody_listening_is_port_gone(port: TcpPort, server: SerialServer) -> None:
    """The message says which server and what to do; when it is back, so is the port."""
    server.unplug()
    ends(port.read, server)
    gone = ends(port.open, server)
    assert server.url in str(gone) and "check the cable" in str(gone)
    server.plug()
    until(lambda: port.open() == server.url, server)


def test_a_connection_that_is_never_answered_is_looked_for_and_then_lost() -> None:
    """The kernel's queue is full, so the handshake does not end: "" for not yet, PortLost after two seconds."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        number = deaf.getsockname()[1]
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", number))
        port = TcpPort(f"tcp://127.0.0.1:{number}")
        watch = PortWatch("main", port, 1000)
        ms, told = 0, watch.open(0)
        while not told:
            assert not port.is_open and port.fileno() is None and not watch.is_lost
            assert watch.retry_ms == ms + 10
            ms = watch.retry_ms
            told = watch.open(ms)
        assert isinstance(told[0], PortLost) and "no connection in 2000 ms" in told[0].why
        assert (ms, watch.retry_ms, watch.losses) == (2000, 3000, 1)
        for one in crowd:
            one.close()


def test_what_a_full_connection_does_not_take_is_held_and_then_too_much(port: TcpPort, server: SerialServer) -> None:
    """A frozen server: bytes are held back, never lost; over the limit it is PortGone, not an endless buffer."""
    server.is_frozen = True
    gone = ends(lambda: port.write(bytes(512)), server)
    assert "takes no bytes" in str(gone) or "timed out" in str(gone)
    assert not port.is_open


def test_a_server_that_takes_nothing_any_more_is_given_up_by_the_kernel(port: TcpPort, server: SerialServer) -> None:
    """What is not taken in half a second is not delivered minutes later: the connection ends by itself."""
    server.is_frozen = True
    while not port.write(bytes(1024)):
        pass
    assert port.push() > 0
    dying = select.poll()
    dying.register(port.fileno() or 0, 0)
    assert dying.poll(60_000)
    gone = ends(port.push, server)
    assert "timed out" in str(gone) and not port.is_open


def test_what_is_discarded_never_arrives(port: TcpPort, server: SerialServer, parrot: Parrot) -> None:
    """There is no taking back on TCP but a reset: the connection ends, and the server hears the end of it."""
    server.is_frozen = True
    while not port.write(b"\x51" * 1024):
        pass
    with pytest.raises(PortGone, match="reset"):
        port.discard()
    server.is_frozen = False
    parrot.heard.clear()
    until(lambda: len(server.filenos) == 1, server)
    assert len(parrot.heard) <= 4096 and not port.is_open


@pytest.mark.parametrize("action", ["read", "discard"])
def test_a_closed_port_is_port_gone(action: str) -> None:
    """Neither reading nor discarding; pushing nothing is nothing."""
    port = TcpPort("tcp://127.0.0.1:5000")
    with pytest.raises(PortGone, match="not open"):
        getattr(port, action)()
    assert port.push() == 0


@pytest.mark.parametrize("url", ["tcp://", "tcp://127.0.0.1", "/dev/ttyUSB0", "http://127.0.0.1:80"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """The configuration's checks come first; this is the last one."""
    with pytest.raises(ValueError, match="tcp://ADDRESS:PORT"):
        TcpPort(url)


def test_a_number_of_the_newer_kind_is_an_address() -> None:
    """In brackets, as in any URL; refused or reached, it is the loopback."""
    port = TcpPort("tcp://[::1]:9")
    try:
        assert port.open() in ("", "tcp://[::1]:9")
    except PortGone as gone:
        assert "::1" in str(gone)
    port.close()


# --- the whole bus behind it ----------------------------------------------------------------------


class Office:
    """A pair of KR-CU16 behind a serial server, its drivers, and a virtual clock over real sockets."""

    def __init__(self, kind: str) -> None:
        """Begin at 1000 ms."""
        self.body = Body(24)
        self.boards = far_sides(kind, self.body)
        self.server = SerialServer(Rs485(self.boards))
        cfg = a_cabinet(kind, port=self.server.url, pulse_ms=550, reply_ms=2000, unlock_reply_ms=5000, silent_after=100)
        self.drivers: list[BoardDriver[Any]] = lock_boards(cfg, lambda board: TcpPort(board.port))
        self.team = Team(self.drivers)
        self.events: list[Event] = []
        self.ms = 1000

    def run_until(self, holds: Callable[[], bool]) -> None:
        """Run until it holds; fails after too many turns."""
        for _ in range(TURNS_MAX):
            if holds():
                return
            self.turn()
        pytest.fail(f"did not happen by {self.ms} ms: {self.events[-5:]}")

    def turn(self) -> None:
        """Carry bytes; when none are under way, jump to the next deadline."""
        fds = [fd for fd in (*(driver.fileno() for driver in self.drivers), *self.server.filenos) if fd is not None]
        if not select.select(fds, [], [], 0.02)[0]:
            due = [ms for ms in (self.team.deadline_ms(), self.server.deadline_ms()) if ms is not None]
            self.ms = max(self.ms, min(due, default=self.ms))
        self.server.pump(self.ms)
        self.events += self.team.refresh(Now(self.ms, 0))

    def all_seen(self) -> bool:
        """Whether every door was told."""
        return len({e.door for e in self.events if isinstance(e, DoorSeen)}) == 24


@pytest.mark.parametrize("kind", ["kr-cu16", "kr-cu24", "kr-cu48"])
@pytest.mark.parametrize("how", ["farewell", "reset", "power"])
def test_a_cabinet_behind_a_serial_server_survives_the_loss_of_its_connection(kind: str, how: str) -> None:
    """Doors told, one pulse; the connection is lost and found again: PortBack, all boards and doors, no new pulse."""
    office = Office(kind)
    office.run_until(office.all_seen)
    assert not any(isinstance(e, PortLost | PortBack) for e in office.events)
    office.team.perform(Pulse(20), Now(office.ms, 0))
    office.run_until(lambda: DoorSeen(20, True, fresh=True) in office.events)
    assert PulseSent(20) in office.events and [p.channel for p in office.body.pulses] == [19]
    if how == "power":
        office.server.unplug()
    else:
        office.server.hang_up(reset=how == "reset")
    office.run_until(lambda: any(isinstance(e, PortLost) for e in office.events))
    if how == "power":
        for _ in range(20):
            office.turn()
        office.server.plug()
    del office.events[:]
    office.run_until(office.all_seen)
    assert office.events[0] == PortBack("main", office.server.url)
    assert sum(isinstance(e, BoardBack) for e in office.events) == len(office.boards)
    assert DoorSeen(20, True, fresh=True) in office.events and len(office.body.pulses) == 1
    office.team.close()
    office.server.unplug()


def test_the_keys_of_a_serial_server_fit_together() -> None:
    """The pair's boards share one connection."""
    office = Office("kr-cu16")
    office.run_until(office.all_seen)
    assert office.server.accepted == 1
    assert {msgspec.structs.asdict(driver.board)["port"] for driver in office.drivers} == {office.server.url}
    office.team.close()
    office.server.unplug()
