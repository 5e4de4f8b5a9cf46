"""The far end of the demo's wiring harness: coils by socket, switches by file, and the plug between them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpio_rig import GpioBench

from locker.model import DoorSeen
from sim.body import Body
from sim.demo_harness import CAP_MS, COILS, CONTACTS, STATE, Harness

PULSE_MS = 200


class Cabinet:
    """A harness with a body behind it, and the controller's end in a test's hands."""

    def __init__(self, folder: Path) -> None:
        """Connected."""
        self.body = Body(24, 1, bounce_ms=(5, 5))
        self.harness, self.folder, self.ms = Harness(folder, self.body, PULSE_MS), folder, 1000
        self.link = self.connect()

    def connect(self) -> socket.socket:
        """Another process."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.connect(str(self.folder / COILS))
        self.passes(1)
        return link

    def passes(self, ms: int) -> None:
        """Let time pass."""
        self.ms += ms
        self.harness.pump(self.ms)

    def says(self, line: bytes) -> None:
        """The controller's end does this, and says when."""
        what, _, channel = line.partition(b" ")
        self.link.sendall(b"%s %d %s\n" % (what, self.ms, channel) if channel else b"%s %d\n" % (what, self.ms))
        self.passes(1)

    @property
    def state(self) -> tuple[int, ...]:
        """What the controller's end reads."""
        return STATE.unpack((self.folder / CONTACTS).read_bytes())


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    """Give one, and end it."""
    made = Cabinet(tmp_path)
    yield made
    made.link.close()
    made.harness.close()


def test_a_coil_opens_its_door_and_the_switch_is_seen_at_the_other_end(cabinet: Cabinet) -> None:
    """On, the leaf springs, the contact bounces and rests; off; papers are what a sensor would see."""
    assert cabinet.state == ((1 << 24) - 1, 0, 1)
    cabinet.says(b"on 4")
    cabinet.passes(100)
    cabinet.says(b"off")
    assert cabinet.state == ((1 << 24) - 1 ^ 1 << 4, 0, 1) and cabinet.harness.unlocks == [(1002, 4)]
    assert cabinet.body.put_papers(4, "papers", cabinet.ms)
    cabinet.passes(1)
    assert cabinet.state[1] == 1 << 4 and cabinet.body.breaches == []


def test_while_a_contact_bounces_every_millisecond_is_shown(cabinet: Cabinet) -> None:
    """A chip that loads its inputs then sees what is there in that moment, not what was there at the last look."""
    cabinet.says(b"on 0")
    cabinet.passes(60)
    cabinet.harness.body.force(3, cabinet.ms)
    assert cabinet.harness.deadline_ms() == cabinet.ms + 1
    cabinet.passes(50)
    assert cabinet.harness.deadline_ms() is None


def test_half_a_line_waits_for_its_other_half(cabinet: Cabinet) -> None:
    """A stream has no frames."""
    cabinet.link.sendall(b"o")
    cabinet.passes(1)
    assert cabinet.harness.unlocks == []
    cabinet.link.sendall(b"n 1001 12\noff 1002\n")
    cabinet.passes(1)
    assert [channel for _, channel in cabinet.harness.unlocks] == [12]


def test_a_killed_process_leaves_no_coil_on(cabinet: Cabinet) -> None:
    """The kernel releases its lines, the resistors switch off; the next process finds the doors as they are."""
    cabinet.says(b"on 7")
    cabinet.passes(50)
    cabinet.link.close()
    cabinet.passes(10)
    off_ms = cabinet.body.compartments[7].coil_off_ms
    assert off_ms is not None and off_ms <= cabinet.ms
    cabinet.link = cabinet.connect()
    cabinet.passes(1000)
    assert cabinet.state[0] == (1 << 24) - 1 ^ 1 << 7


def test_a_pulled_plug_switches_off_and_nothing_comes_through_it(cabinet: Cabinet) -> None:
    """Chips and coils have no supply; the other end is told in the file, and of the return as well."""
    cabinet.says(b"on 7")
    cabinet.harness.unplug()
    cabinet.passes(1)
    assert cabinet.state[2] == 0 and cabinet.body.compartments[7].coil_off_ms == 1002
    cabinet.says(b"on 8")
    assert [channel for _, channel in cabinet.harness.unlocks] == [7]
    cabinet.harness.plug()
    cabinet.passes(1)
    assert cabinet.state[2] == 1


def test_a_pulse_that_nobody_ends_is_a_breach(cabinet: Cabinet) -> None:
    """The witness does not trust the one who pulses: only what comes over the harness ends it."""
    cabinet.says(b"on 2")
    cabinet.passes(CAP_MS + 1)
    cabinet.says(b"off")
    assert [(breach.channel, breach.what) for breach in cabinet.body.breaches] == [(2, "too_long")]


def test_no_bytes_go_through_a_harness(cabinet: Cabinet) -> None:
    """It stands where boards on a line stand, and has none."""
    assert cabinet.harness.refresh(cabinet.ms) == b"" and cabinet.harness.received == ()
    with pytest.raises(ValueError, match="no bytes"):
        cabinet.harness.feed(b"\x02", cabinet.ms)


@pytest.mark.parametrize("kind", ["shift", "mcp23017"])
def test_papers_where_no_sensors_are_wired_change_nothing(kind: str) -> None:
    """Found by the day on shift registers (seed 21): the sensors of full doors were on the pattern's chip."""
    bench = GpioBench(kind).settled()
    for channel in range(24):
        bench.cabinet.body.force(channel, bench.ms)
        assert bench.cabinet.body.put_papers(channel, "papers", bench.ms)
    bench.run(1000)
    assert len([seen for seen in bench.told(DoorSeen) if seen.open]) == 24 and bench.gpio.counters()["bad"] == 0


@pytest.mark.parametrize("kind", ["shift", "mcp23017"])
def test_chips_without_their_supply_are_a_silent_board_and_come_back(kind: str) -> None:
    """As after power-on then: set up anew, every coil off all the while."""
    bench = GpioBench(kind).settled()
    bench.cabinet.power(False)
    bench.run(5000)
    assert bench.gpio.present is False
    bench.cabinet.power(True)
    bench.run(3000)
    assert bench.gpio.present is True and bench.lit == []


def test_the_file_is_read_by_position(cabinet: Cabinet) -> None:
    """Both sides have it open all the time; it never grows."""
    for channel in range(24):
        cabinet.body.force(channel, cabinet.ms)
        cabinet.passes(20)
    assert (cabinet.folder / CONTACTS).stat().st_size == STATE.size and cabinet.state[0] == 0
