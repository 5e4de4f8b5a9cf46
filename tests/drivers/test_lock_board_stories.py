"""The whole controller on each kind of lock board: a code is scanned, one door opens, papers go in or out, it is shut.

Cabinet, store, service and drivers are the real ones, on a virtual clock; the boards are the simulator's.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from board_rig import EVERY_KIND, PORT, SPLIT, Team, a_cabinet, far_sides
from rig import WIRES
from service_bench import Device, Machine, on_disk
from stage import AUD, EPOCH_S, RESIDENTS

from drivers.lock_boards import lock_boards
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.model import Attend, BoardBack, Driver, Now, Purpose, Quality, Scanned, Show, Touched
from locker.service import Service
from locker.store import Store
from sim.body import Body
from sim.links import LOSSY, PERFECT, Faults, FaultyWire, MemoryPort
from sim.rs485 import Rs485

TURNS_MAX = 200_000


class House:
    """A cabinet of 24 doors on boards of one kind."""

    def __init__(self, kind: str, folder: Path, faults: Faults = PERFECT, **keys: object) -> None:
        """Switched on, all doors shut and known."""
        cfg = a_cabinet(kind, **keys)
        self.ms = 1_000_000
        self.body = Body(24, 3)
        self.boards = far_sides(kind, self.body)
        self.wire = FaultyWire(Rs485(self.boards), faults, faults, seed=7)
        self.port = MemoryPort(self.wire, PORT)
        self.team = Team(lock_boards(cfg, lambda board: self.port))
        self.scanner, self.screen = Device("scanner"), Device("panel", Show, Attend)
        self.path = folder / "locker.db"
        store = Store(str(self.path), "boot", "epoch", events_max=10_000, events_kept=100)
        cabinet = Cabinet(cfg, Authority(KeyRing.from_config(cfg.keys), AUD), store.load(), self.now)
        drivers: list[Driver] = [*self.team.drivers, self.scanner, self.screen]
        self.service = Service(cabinet, store, None, drivers, Machine(), "boot")
        self.service.start(self.now)
        self.codes = 0
        self.run(3000)

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, EPOCH_S * 1000 + self.ms, Quality.SYNCED)

    def run(self, for_ms: int) -> None:
        """Let so much time pass, from deadline to deadline."""
        end_ms = self.ms + for_ms
        for _ in range(TURNS_MAX):
            self.body.advance(self.ms)
            self.port.advance(self.ms)
            due = self.service.turn(self.now)
            times = [ms for ms in (due, self.port.deadline_ms(), self.body.deadline_ms()) if ms is not None]
            next_ms = max(self.ms, min(times, default=end_ms + 1))
            if next_ms > end_ms:
                self.ms = end_ms
                return
            self.ms = next_ms
        pytest.fail(f"the deadlines make the loop spin at {self.ms} ms")

    def scan(self, order: bytes, purpose: Purpose = Purpose.DEPOSIT) -> None:
        """A fresh code for an order is held to the scanner."""
        self.codes += 1
        since = self.now.wall_ms // 1000
        cti = b"%016d" % self.codes
        text = issue(key=RESIDENTS, aud=AUD, purpose=purpose, iat=since, exp=since + 600, cti=cti, order=order)
        self.scanner.events.append(Scanned(text.encode()))

    def touch(self, button: str) -> None:
        """A button of the screen that is shown."""
        number = next(act.number for act in reversed(self.screen.done) if isinstance(act, Show))
        self.screen.events.append(Touched(button, number))

    def open_doors(self) -> list[int]:
        """Which leaves stand open."""
        return [channel + 1 for channel, box in enumerate(self.body.compartments) if not box.shut]

    def events(self) -> list[str]:
        """The types of all events on the disk."""
        return on_disk(self.path)[0]

    def visit(self, order: bytes, purpose: Purpose) -> int:
        """One whole visit; which door it was."""
        self.scan(order, purpose)
        self.run(2500)
        (door,) = self.open_doors()
        papers = self.body.compartments[door - 1].papers
        papers.clear() if purpose is Purpose.COLLECT else papers.append("papers")
        self.run(500)
        assert self.body.shut(door - 1, self.ms)
        self.run(1500)
        self.touch("done")
        self.run(4000)
        return door


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_papers_are_dropped_off_and_collected(kind: str, tmp_path: Path) -> None:
    """Ten drop-offs, ten collections, each behind the door it was put: one pulse each, none too soon, all told."""
    house = House(kind, tmp_path)
    orders = [b"A%d" % number for number in range(10)]
    put = [house.visit(order, Purpose.DEPOSIT) for order in orders]
    assert len(set(put)) == 10
    assert [house.visit(order, Purpose.COLLECT) for order in orders] == put
    assert [pulse.channel + 1 for pulse in house.body.pulses] == put + put
    assert house.body.breaches == [] and all(not box.papers for box in house.body.compartments)
    events = house.events()
    assert [events.count(kind_) for kind_ in ("granted", "opened", "forced", "jammed")] == [20, 20, 0, 0]


def test_a_pair_uses_both_boards(tmp_path: Path) -> None:
    """When the first board's doors are full the second's are given."""
    house = House("kr-cu16", tmp_path, poll_ms=20)
    put = [house.visit(b"A%d" % number, Purpose.DEPOSIT) for number in range(20)]
    assert {door > 16 for door in put} == {False, True} and len(set(put)) == 20
    assert house.body.breaches == []


def test_a_sensor_inside_keeps_a_room_that_is_not_empty(tmp_path: Path) -> None:
    """What was left in a room by nobody known is seen, and the room is not given."""
    house = House("kr-cu16", tmp_path, sensing=tuple(range(1, 25)))
    first = house.visit(b"A1", Purpose.DEPOSIT)
    house.body.compartments[first].papers.append("left behind")
    house.run(2000)
    second = house.visit(b"A2", Purpose.DEPOSIT)
    assert second not in (first, first + 1)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_jammed_door_is_tried_again_and_then_another_is_given(kind: str, tmp_path: Path) -> None:
    """No answer or not: "opened" is said only when the switch said so."""
    house = House(kind, tmp_path)
    for channel in range(24):
        house.body.jam(channel, 100)
    house.scan(b"A1")
    house.run(8000)
    assert "opened" not in house.events() and len(house.body.pulses) >= 2
    assert house.body.breaches == []


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_wrong_door_is_noticed_by_its_switch_alone(kind: str, tmp_path: Path) -> None:
    """A frame that turned into another door's: forced and wrong_door, and that board gives no pulse any more."""
    house = House(kind, tmp_path)
    house.body.jam(0, 100)
    house.scan(b"A1")
    house.run(50)
    meant = house.body.pulses[0].channel
    wrong = (meant + 5) % 24
    house.body.force(wrong, house.ms)
    house.run(20_000)
    house.scan(b"A2")
    house.run(5000)
    events = house.events()
    assert [events.count(what) for what in ("forced", "wrong_door")] == [1, 1]
    pulsed = [pulse.channel for pulse in house.body.pulses]
    if kind == "kr-cu16":
        assert all(channel >= SPLIT for channel in pulsed[1:]), "the other board of the pair serves on"
    else:
        assert pulsed == [meant] and "opened" not in events


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_over_a_bad_wire_the_cabinet_still_serves(kind: str, tmp_path: Path) -> None:
    """Lost, damaged and doubled bytes: fewer visits succeed at once, no coil suffers, and what is believed is true."""
    house = House(kind, tmp_path, LOSSY)
    for number in range(12):
        house.scan(b"A%d" % number)
        house.run(12_000)
        for door in house.open_doors():
            house.body.compartments[door - 1].papers.append("papers")
            house.body.shut(door - 1, house.ms)
        house.run(3000)
        house.touch("done")
        house.run(2000)
    house.wire.to_far = house.wire.to_near = PERFECT
    house.run(70_000)
    assert house.body.breaches == [] and house.events().count("opened") >= 6
    believed = {room.door: room.seen for room in house.service.cabinet.rooms.values()}
    assert believed == {door: door in house.open_doors() for door in range(1, 25)}
    assert set(WIRES) and house.wire.happened["lose"] > 0


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_cabinet_that_loses_its_wire_in_a_visit_finds_it_again(kind: str, tmp_path: Path) -> None:
    """The adapter is pulled while a door stands open, and plugged in again: the visit goes on, nothing is pulsed."""
    house = House(kind, tmp_path)
    house.scan(b"A1")
    house.run(2500)
    (door,) = house.open_doors()
    house.port.vanish()
    house.run(3000)
    house.body.compartments[door - 1].papers.append("papers")
    house.body.shut(door - 1, house.ms)
    house.port.come_back("memory:9")
    house.run(6000)
    assert len(house.body.pulses) == 1
    assert {"port_lost", "port_back"} <= set(house.events())
    assert not any(isinstance(event, BoardBack) for event in house.scanner.events)
    assert house.service.cabinet.rooms[door].seen is False
