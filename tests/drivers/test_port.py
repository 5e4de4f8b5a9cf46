"""The serial port on real pseudo-terminals: it never waits, and every way to vanish is one exception."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.kerong_cu24 import Cu24Driver
from drivers.port import PortGone, PortWatch, SerialPort
from locker.config import Board
from locker.model import BoardBack, DoorSeen, Event, Now, PortBack, PortLost, Pulse, PulseSent
from sim.body import Body
from sim.kerong_cu24 import KerongBoard
from sim.pty_port import PtyPort


class Parrot:
    """A far side that says back what it hears, and what it is told to say."""

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
    """What sits at the other end."""
    return Parrot()


@pytest.fixture
def cable(tmp_path: Path, parrot: Parrot) -> Iterator[PtyPort]:
    """A pseudo-terminal under a by-path style link."""
    cable = PtyPort(tmp_path / "by-path" / "platform-usb-0:1.2:1.0-port0", parrot)
    yield cable
    cable.close()


@pytest.fixture
def port(cable: PtyPort) -> Iterator[SerialPort]:
    """The port at the near end, not yet open."""
    port = SerialPort(str(cable.link), 19200)
    yield port
    port.close()


def wait_readable(*fds: int | None) -> bool:
    """Wait, at most five seconds, until one of these is readable."""
    return bool(select.select([fd for fd in fds if fd is not None], [], [], 5)[0])


def test_bytes_go_both_ways_in_one_piece(cable: PtyPort, port: SerialPort, parrot: Parrot) -> None:
    """Zero bytes, control bytes and 256 different ones arrive unchanged."""
    everything = bytes(range(256))
    assert port.open() == cable.target
    assert port.write(everything) == 0
    assert wait_readable(cable.fileno())
    cable.pump(0)
    assert bytes(parrot.heard) == everything
    parrot.to_say = everything
    cable.pump(1)
    got = b""
    while len(got) < 256 and wait_readable(port.fileno()):
        got += port.read()
    assert got == everything


def test_reading_nothing_is_nothing(port: SerialPort) -> None:
    """It does not wait, however often."""
    port.open()
    assert [port.read() for _ in range(100)] == [b""] * 100


def test_a_missing_name_is_port_gone(tmp_path: Path) -> None:
    """The message says which port and what to do."""
    with pytest.raises(PortGone, match=r"nowhere.*check the cable"):
        SerialPort(str(tmp_path / "nowhere"), 9600).open()


def test_a_name_that_is_no_terminal_is_port_gone(tmp_path: Path) -> None:
    """A plain file cannot be a port."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(PortGone):
        SerialPort(str(tmp_path / "file"), 9600).open()


def test_a_port_is_opened_by_one_only(cable: PtyPort, port: SerialPort) -> None:
    """A second controller is turned away; after closing, it may."""
    port.open()
    second = SerialPort(str(cable.link), 19200)
    with pytest.raises(PortGone, match="who else"):
        second.open()
    port.close()
    second.open()
    second.close()


def test_an_unplugged_port_does_not_spin(cable: PtyPort, port: SerialPort) -> None:
    """The descriptor of a hung-up terminal is readable for ever; the first read says PortGone and closes it."""
    port.open()
    cable.unplug()
    assert wait_readable(port.fileno())
    with pytest.raises(PortGone):
        port.read()
    assert port.fileno() is None and not port.is_open


def test_writing_to_an_unplugged_port_is_port_gone(cable: PtyPort, port: SerialPort) -> None:
    """The same exception, and the port is closed."""
    port.open()
    cable.unplug()
    with pytest.raises(PortGone):
        port.write(b"x")
    assert not port.is_open


@pytest.mark.parametrize("action", ["read", "push", "discard"])
def test_a_closed_port_is_port_gone(port: SerialPort, action: str) -> None:
    """Reading, and discarding, a port that is not open; pushing nothing is nothing."""
    if action == "push":
        assert port.push() == 0
        return
    with pytest.raises(PortGone, match="not open"):
        getattr(port, action)()


def test_it_comes_back_under_another_name(cable: PtyPort, port: SerialPort, parrot: Parrot) -> None:
    """The link leads elsewhere after plugging in again, and the port follows the link."""
    first = port.open()
    cable.unplug()
    with pytest.raises(PortGone):
        port.read()
    keeper, other = os.openpty()  # takes the old number, so that the name must change
    with pytest.raises(PortGone):
        port.open()
    cable.plug()
    second = port.open()
    assert second != first and second == cable.target
    port.write(b"again")
    assert wait_readable(cable.fileno())
    cable.pump(0)
    assert bytes(parrot.heard) == b"again"
    os.close(keeper)
    os.close(other)


def test_what_a_full_output_does_not_take_is_kept_and_goes_on_in_order(cable: PtyPort, port: SerialPort) -> None:
    """Partial writes: nothing is lost, nothing is sent twice; over the limit it is PortGone, not an endless buffer."""
    port.open()
    sent = b""
    held = 0
    for number in range(10_000):
        piece = number.to_bytes(4, "big") * 16
        sent += piece
        held = port.write(piece)
        if held:
            break
    assert 0 < held <= 64
    got = b""
    while len(got) < len(sent) and wait_readable(cable.fileno()):
        got += os.read(cable.fileno() or 0, 4096)
        port.push()
    assert got == sent
    with pytest.raises(PortGone, match="held back"):
        for _ in range(10_000):
            port.write(bytes(64))
    assert not port.is_open


def test_what_is_discarded_is_never_sent(cable: PtyPort, port: SerialPort) -> None:
    """After discard nothing is held back."""
    port.open()
    while not port.write(b"x" * 64):
        pass
    port.discard()
    assert port.push() == 0


def test_a_watch_tells_loss_and_return_once_each(cable: PtyPort, port: SerialPort) -> None:
    """However often it is tried in between; the retry is one interval away."""
    cable.unplug()
    watch = PortWatch("main", port, 1000)
    (lost,) = watch.open(5000)
    assert isinstance(lost, PortLost) and lost.device == "main" and str(cable.link) in lost.why
    assert watch.retry_ms == 6000
    assert watch.open(6000) == [] and watch.retry_ms == 7000
    cable.plug()
    assert watch.open(7000) == [PortBack("main", cable.target)]
    assert watch.losses == 1


def test_a_first_opening_is_no_return(port: SerialPort) -> None:
    """PortBack only after PortLost."""
    assert PortWatch("main", port, 1000).open(0) == []


def test_the_board_over_a_real_pseudo_terminal_survives_unplugging(tmp_path: Path) -> None:
    """pyserial, the kernel, near and far side: doors told, one pulse, unplugged, plugged in again, doors told."""
    body = Body(24)
    cable = PtyPort(tmp_path / "by-path" / "port0", KerongBoard(body))
    board = Board(port=str(cable.link), pulse_ms=550, reply_ms=2000, unlock_reply_ms=5000, silent_after=100)
    driver = Cu24Driver(board, {door: door - 1 for door in range(1, 25)}, SerialPort(board.port, board.baud))
    events: list[Event] = []
    clock = Clock(driver, cable, events)
    clock.run_until(lambda: sum(isinstance(e, DoorSeen) for e in events) == 24)
    driver.perform(Pulse(5), Now(clock.ms, 0))
    clock.run_until(lambda: DoorSeen(5, True, fresh=True) in events)
    assert PulseSent(5) in events and [p.channel for p in body.pulses] == [4]
    cable.unplug()
    clock.run_until(lambda: any(isinstance(e, PortLost) for e in events))
    del events[:]
    cable.plug()
    clock.run_until(lambda: sum(isinstance(e, DoorSeen) for e in events) == 24)
    assert events[:2] == [PortBack("main", cable.target), BoardBack("main", tuple(range(1, 25)))]
    assert DoorSeen(5, True, fresh=True) in events and len(body.pulses) == 1
    driver.close()
    cable.close()


class Clock:
    """A virtual clock over real descriptors: bytes take what they take, then time jumps to the next deadline."""

    def __init__(self, driver: Cu24Driver, cable: PtyPort, events: list[Event]) -> None:
        """Begin at 1000 ms."""
        self.driver, self.cable, self.events = driver, cable, events
        self.ms = 1000

    def run_until(self, holds: object) -> None:
        """Run until ``holds()``; fails after too many turns."""
        assert callable(holds)
        for _ in range(5000):
            if holds():
                return
            self.turn()
        pytest.fail(f"did not happen by {self.ms} ms: {self.events[-5:]}")

    def turn(self) -> None:
        """Carry bytes; when none are under way, jump to the next deadline."""
        fds = [fd for fd in (self.driver.fileno(), self.cable.fileno()) if fd is not None]
        if not select.select(fds, [], [], 0.02)[0]:
            due = [ms for ms in (self.driver.deadline_ms(), self.cable.deadline_ms()) if ms is not None]
            self.ms = max(self.ms, min(due, default=self.ms))
        self.cable.pump(self.ms)
        self.events += self.driver.refresh(Now(self.ms, 0))
