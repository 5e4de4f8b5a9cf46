"""Upkeep in the cabinet: reactions and cycles come from its events, outlive restarts and cost no write of their own."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from service_bench import Bench
from stage import Stage, a_config

from locker import config, messages
from locker.model import Delivered, DeviceKnown, DoorSeen, KeepNote, LinkUp, Publish, PulseSent, Tallied, Wear
from locker.noise import NOTE
from locker.schema import MIGRATIONS, SCHEMA
from locker.service import Service
from locker.store import Store


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six doors whose switches are rated for a thousand cycles; many openings a minute are allowed."""
    coil = config.Coil(doors_minute_max=60, per_lock_minute_max=20)
    return Stage(tmp_path, a_config(upkeep=config.Upkeep(cycles_rated=1000), coil=coil))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A service that has been running for a while."""
    return Bench(tmp_path).ready()


def worn(stage: Stage, door: int) -> Wear:
    """A door's wear as the cabinet knows it."""
    return stage.cabinet.rooms[door].wear


def deposit(stage: Stage, order: str, took_ms: int) -> int:
    """Somebody puts something in; the door opens so long after its pulse is on the wire."""
    door = stage.scan(stage.deposit(order))
    stage.wait(40)
    stage.tell(PulseSent(door))
    stage.wait(took_ms)
    stage.opens(door)
    stage.wait(1000)
    stage.shuts(door)
    stage.wait(70_000)
    return door


def test_a_reaction_is_from_the_wire_to_the_door_seen_open(stage: Stage) -> None:
    """Not from the scan, and not from the order: 120 ms after the last byte was out."""
    door = deposit(stage, "A1", 120)
    assert worn(stage, door) == Wear(cycles=1, timed=1, usual_ms=120.0, recent_ms=120.0)


def test_a_second_pulse_is_measured_from_itself(stage: Stage) -> None:
    """The first one moved nothing."""
    door = stage.scan(stage.deposit())
    stage.tell(PulseSent(door))
    stage.wait(stage.cfg.visit.open_wait_ms + stage.cfg.visit.rest_ms + 10)
    stage.tell(PulseSent(door))
    stage.wait(90)
    stage.opens(door)
    assert worn(stage, door).recent_ms == 90.0


def test_a_forced_door_wears_its_switch_and_has_no_reaction(stage: Stage) -> None:
    """Nobody ordered it. What a switch says for the first time is no opening at all."""
    stage.opens(3)
    assert worn(stage, 3) == Wear(cycles=1)
    stage.silence()
    stage.power_up(open_doors=(3, 4))
    assert worn(stage, 4) == Wear(), "seen open after nobody knew: nothing was counted"


def test_a_door_that_opens_long_after_its_pulse_has_no_reaction(stage: Stage) -> None:
    """It jammed, and gave way later: that is no measure of the lock."""
    door = stage.scan(stage.deposit())
    stage.tell(PulseSent(door))
    stage.wait(40_000)
    stage.opens(door)
    assert worn(stage, door) == Wear(cycles=1)


def test_wear_outlives_a_power_cut(stage: Stage) -> None:
    """It is in the row that the opening writes: a cut at any time after it loses nothing."""
    door = stage.scan(stage.deposit())
    stage.tell(PulseSent(door))
    stage.wait(100)
    stage.opens(door)
    before = worn(stage, door)
    stage.crash(open_doors=(door,))
    assert worn(stage, door) == before == Wear(cycles=1, timed=1, usual_ms=100.0, recent_ms=100.0)


def test_nothing_is_written_for_upkeep_alone(stage: Stage) -> None:
    """Looks at doors that have not moved, and counters that are handed on, write nothing."""
    stage.tell(DoorSeen(1, True))
    stage.wait(61_000)
    for minute in range(200):
        effects = stage.cabinet.handle(Tallied("main", {"sent": 240 * minute, "lost": minute}), stage.now)
        effects += stage.cabinet.handle(DoorSeen(2, False), stage.now)
        stage.ms += 100
        stage.wall_ms += 100
        assert effects == []


def test_the_means_of_the_wires_ride_on_a_commit_once_an_hour(stage: Stage) -> None:
    """With what an opening saves anyway, or the time's own hourly note; not with each."""

    def notes(door: int) -> list[str]:
        effects = stage.cabinet.handle(Tallied("main", {"sent": 240 * stage.ms // 60_000, "lost": 0}), stage.now)
        effects += stage.cabinet.handle(DoorSeen(door, True), stage.now)
        stage._apply(effects)
        return [effect.name for effect in effects if isinstance(effect, KeepNote)]

    assert NOTE not in notes(1)
    stage.wait(60_000)
    assert NOTE not in notes(2), "not within the first hour"
    stage.ms += 3_600_000
    stage.wall_ms += 3_600_000
    assert NOTE in notes(3)
    stage.wait(60_000)
    assert NOTE not in notes(4)
    stage.wait(3_700_000)
    readings = stage.cabinet.upkeep.noise.buses["main"].readings
    stage.crash()
    assert stage.cabinet.upkeep.noise.buses["main"].readings == readings > 0


def test_a_slower_door_is_told_once(stage: Stage) -> None:
    """After some hundred openings of 100 ms, some of 600 ms: one note, with both figures."""
    room = stage.cabinet.rooms[5]
    room.wear = Wear(cycles=200, timed=200, usual_ms=100.0, recent_ms=100.0)
    for _ in range(12):
        stage.cabinet.upkeep.pulsed(5, stage.now)
        stage.wait(600)
        stage.opens(5)
        stage.wait(500)
        stage.shuts(5)
        stage.wait(70_000)
    assert stage.kinds.count("door_slower") == 1
    told = stage.last("door_slower")
    assert told["door"] == 5 and told["usual_ms"] < 130 and told["recent_ms"] > 250


def test_a_worn_switch_is_told_at_each_step_and_over_restarts_once(stage: Stage) -> None:
    """80 percent of the rated cycles, then 90; a restart between them tells nothing again."""
    stage.cabinet.rooms[2].wear = Wear(cycles=799)
    for _ in range(2):
        stage.opens(2)
        stage.wait(61_000)
        stage.shuts(2)
        stage.wait(61_000)
    assert stage.last("cycles_due") == {"cycles": 800, "rated": 1000, "percent": 80, "door": 2}
    stage.crash()
    stage.opens(2)
    assert stage.kinds.count("cycles_due") == 1 and worn(stage, 2).cycles == 802


def test_a_noisy_wire_is_told_and_saved(stage: Stage) -> None:
    """With the share; a silent board is none."""
    stage.tell(Tallied("main", {"sent": 0, "bad": 0}))
    stage.tell(Tallied("main", {"sent": 1000, "bad": 100}))
    told = stage.last("bus_noisier")
    assert (told["device"], told["permille"], told["asked"], told["wrong"]) == ("main", 100, 1000, 100)
    assert stage.store.load().notes[NOTE]
    stage.tell(Tallied("scanner", {"sent": 0, "lost": 0}))
    stage.tell(Tallied("scanner", {"sent": 1000, "lost": 900}))
    assert stage.kinds.count("bus_noisier") == 1, "only lock boards have a bus"


def test_versions_are_kept_within_a_limit(stage: Stage) -> None:
    """What a device says it is, cut to a bearable length; at most 32 devices."""
    for number in range(40):
        stage.tell(DeviceKnown(f"board-{number}", "13 01" * 100))
    assert len(stage.cabinet.upkeep.versions) == 32
    stage.tell(DeviceKnown("board-3", "14 00"))
    assert stage.cabinet.upkeep.versions["board-3"] == "14 00"
    assert len(stage.cabinet.upkeep.versions["board-4"]) == 64


@pytest.mark.parametrize("schema", [3])
def test_a_database_of_before_is_brought_up_to_date(tmp_path: Path, schema: int) -> None:
    """Rows of schema 3 have no wear: it begins at nothing, and what was there stays."""
    path = tmp_path / "old.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    for step in range(1, schema + 1):
        for statement in MIGRATIONS[step]:
            db.execute(statement)
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", "e1"), ("acked", "0")])
    row = (4, "closed", "holding", b"A1", "certificate", 7, 8, 1, "", None, 12, 3)
    db.execute(f"INSERT INTO compartments VALUES ({', '.join('?' * 12)})", row)
    db.execute(f"PRAGMA user_version = {schema}")
    db.close()
    store = Store.at(path, "boot", "")
    [room] = store.load().compartments
    assert (room.door, room.order, room.rev, room.load, room.wear) == (4, b"A1", 12, 3, Wear())
    assert store._db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    store.close()


def test_the_health_message_has_wear_wires_and_versions(bench: Bench) -> None:
    """Doors the most worn first, each board with its noise, the firmware of what told its own."""
    bench.turn(LinkUp(5, False), device=bench.link)
    bench.turn(DeviceKnown("main", "13 01"), device=bench.board)
    bench.turn(DoorSeen(3, True), device=bench.board)
    bench.turn(after_ms=60_000)
    flying = [act.tag for act in bench.link.done if isinstance(act, Publish)]
    bench.turn(*(Delivered(tag) for tag in flying), device=bench.link)
    bench.turn(after_ms=60_000)
    found = bench.published("health")[-1]
    assert found["versions"]["main"] == "13 01" and found["versions"]["locker"]
    assert found["boards"] == {"main": {"answers": True, "quarantined": False, "permille": None}}
    assert found["doors"] == [[3, 1, 0, 0, 0], [1, 0, 0, 0, 0], [2, 0, 0, 0, 0]]


def test_the_health_message_of_the_largest_cabinet_fits(tmp_path: Path) -> None:
    """240 doors on 16 boards with counters that have run for years: as many doors as there is room for, in 8 KiB."""
    boards = [config.Board(port=f"/nowhere/{n}", name=f"board-{n:02}", address=0) for n in range(16)]
    doors = [
        config.Door(door=n + 1, size="S", side="left", row=1 + n % 24, channel=n // 16, board=f"board-{n % 16:02}")
        for n in range(240)
    ]
    stage = Stage(tmp_path, msgspec.structs.replace(a_config(), boards=boards, doors=doors))
    for room in stage.cabinet.rooms.values():
        room.wear = Wear(cycles=499_000 + room.door, timed=400_000, usual_ms=1234.5, recent_ms=1234.5)
    for board in boards:
        stage.tell(DeviceKnown(board.name, "13 01"))
    names = ("sent", "lost", "late", "echo", "refused", "changes", "pulses", "dropped", "bad", "garbage", "pushed")
    service = Service(stage.cabinet, stage.store, None, [], NoHost(), "boot")
    service.drivers = [Counting(board.name, dict.fromkeys(names, 10**8)) for board in boards]  # type: ignore[misc]
    health = service._health(stage.cabinet.weigh(stage.now))
    assert [wear.door for wear in health.doors] == list(range(240, 176, -1))
    told = [len(json.loads(messages.encode_health(health))["doors"])]
    health.counters.update({f"more-{n}": dict.fromkeys(names, 10**8) for n in range(9)})
    told.append(len(json.loads(messages.encode_health(health))["doors"]))
    assert told == [64, 32], told


class NoHost:
    """A machine that tells nothing."""

    def disk_free_bytes(self) -> int | None:
        """Not told."""
        return None

    memory_bytes = disk_free_bytes

    def temperature_c(self) -> float | None:
        """Not told."""
        return None


class Counting:
    """A device that has counted."""

    def __init__(self, name: str, counts: dict[str, int]) -> None:
        self.name, self._counts = name, counts

    def counters(self) -> dict[str, int]:
        """What it has counted."""
        return self._counts
