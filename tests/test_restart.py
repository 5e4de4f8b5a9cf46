"""Power cuts at every step: no door moves by itself, no event is lost, and whoever was there can finish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stage import Stage, a_config

from locker import config
from locker.machine import DoorState, VisitState
from locker.model import Custody, Purpose, Refusal, Scanned

Step = Callable[[Stage], None]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments."""
    return Stage(tmp_path)


def first(stage: Stage) -> int:
    """The visit's door, or that of the errand on the disk."""
    rooms = stage.cabinet.rooms.values()
    return stage.cabinet.visit.door or next((r.door for r in rooms if r.errand or r.order), 1)


def _opens(stage: Stage) -> None:
    stage.opens(first(stage))


def _shuts(stage: Stage) -> None:
    stage.shuts(first(stage))


DROP_OFF: dict[str, tuple[Step, ...]] = {
    "waits for the door": (),
    "rests": (lambda s: s.wait(2500),),
    "second pulse": (lambda s: s.wait(4500),),
    "presses": (lambda s: s.wait(7000),),
    "gave up": (lambda s: s.wait(14_000),),
    "open": (_opens,),
    "reminded": (_opens, lambda s: s.wait(60_000)),
    "alarmed": (_opens, lambda s: s.wait(180_000)),
    "emptying": (_opens, lambda s: s.touch("larger")),
    "shut": (_opens, _shuts),
    "reopening": (_opens, _shuts, lambda s: s.wait(2500), lambda s: s.touch("reopen")),
    "done": (_opens, _shuts, lambda s: s.touch("done")),
}
NOT_OPENED = ("waits for the door", "rests", "second pulse", "presses", "gave up")
NOBODY_THERE = ("alarmed", "done")


def contiguous(stage: Stage) -> None:
    """The event stream has no gap and its chain no break."""
    assert [event["seq"] for event in stage.log] == list(range(1, stage.store.last_seq() + 1))


@pytest.mark.parametrize("point", DROP_OFF)
@pytest.mark.parametrize("is_open", [False, True], ids=["shut", "open"])
def test_a_drop_off_survives_a_power_cut_at_every_step(stage: Stage, point: str, is_open: bool) -> None:
    """Cut, start, the door found shut or open: nothing is pulsed, nothing is lost, and the resident can finish."""
    token = stage.deposit("A1")
    door = stage.scan(token)
    for step in DROP_OFF[point]:
        step(stage)
    door = stage.cabinet.visit.door or door
    stage.crash(open_doors=(door,) if is_open else ())
    assert stage.pulses == []
    contiguous(stage)
    assert ("interrupted" in stage.kinds) is (point not in NOBODY_THERE)
    if is_open:
        stage.shuts(door)
    elif point in NOT_OPENED:
        assert stage.scan(token) == door, "the code opens the same door"
        stage.opens(door)
        stage.shuts(door)
    stage.wait(70_000)
    room = stage.cabinet.rooms[door]
    assert (room.state, room.custody, room.order) == (DoorState.CLOSED, Custody.HOLDING, b"A1")
    assert (room.errand, stage.cabinet.visit.state) == (None, VisitState.IDLE)
    assert stage.scan(token) == 0
    assert stage.refused(Refusal.SPENT)
    assert stage.scan(stage.collect("A1")) == door
    contiguous(stage)


COLLECT = {name: steps for name, steps in DROP_OFF.items() if name not in ("emptying",)}


@pytest.mark.parametrize("point", COLLECT)
@pytest.mark.parametrize("is_open", [False, True], ids=["shut", "open"])
def test_a_collection_survives_a_power_cut_at_every_step(stage: Stage, point: str, is_open: bool) -> None:
    """The same for collecting: an unspent code opens the same door again, a spent one stays spent."""
    door = stage.stored("A1")
    stage.wait(10_000)
    token = stage.collect("A1")
    stage.scan(token)
    for step in COLLECT[point]:
        step(stage)
    stage.crash(open_doors=(door,) if is_open else ())
    assert stage.pulses == []
    contiguous(stage)
    if is_open:
        stage.shuts(door)
    elif point in NOT_OPENED:
        assert stage.scan(token) == door
        stage.opens(door)
        stage.shuts(door)
    stage.wait(70_000)
    assert stage.scan(token) == 0
    assert stage.refused(Refusal.SPENT)
    room = stage.cabinet.rooms[door]
    assert (room.state, room.custody, room.errand) == (DoorState.CLOSED, Custody.EMPTY, None)
    contiguous(stage)


def test_the_start_says_what_it_interrupted(stage: Stage) -> None:
    """Door and order of the visit that was under way, once, and not again at the next start."""
    door = stage.scan(stage.deposit("A1"))
    stage.crash()
    assert stage.last("interrupted") | {"door": door, "order": b"A1".hex()} == stage.last("interrupted")
    stage.crash()
    assert stage.kinds.count("interrupted") == 1
    assert stage.kinds.count("started") == 3


def test_an_open_door_found_at_start_lets_its_bearer_finish(stage: Stage) -> None:
    """It opened in the dark: spent now, "please finish", shut, held."""
    token = stage.deposit("A1")
    door = stage.scan(token)
    stage.crash(open_doors=(door,))
    assert (stage.screen.name, stage.screen.door) == ("unfinished", door)
    assert stage.last("opened")["resumed"] is True
    assert "found_open" not in stage.kinds
    stage.shuts(door)
    assert stage.screen.name == "deposited"
    assert stage.screen.offers == ("done", "nothing"), "no reopening of what was interrupted"
    stage.touch("done")
    assert stage.scan(token) == 0


def test_a_door_shut_unwatched_after_a_collection_has_to_be_looked_at(stage: Stage) -> None:
    """Open at the cut, shut at the start: whether the item was taken nobody saw, so nothing new is put there."""
    door = stage.stored("A1")
    stage.scan(stage.collect("A1"))
    stage.opens(door)
    stage.crash()
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unwatched")
    assert stage.last("service_changed") == {"in_service": False, "reason": "unwatched", "door": door}
    assert stage.scan(stage.deposit("B2")) not in (0, door)


def test_a_collection_s_door_found_open_after_the_cut_has_to_be_looked_at_when_it_is_shut(stage: Stage) -> None:
    """Its owner was called away and the power went; whoever pushes the door shut, the item may lie inside still."""
    door = stage.stored("A1")
    stage.scan(stage.collect("A1"))
    stage.opens(door)
    stage.crash(open_doors=(door,))
    assert (stage.screen.name, stage.screen.door) == ("unfinished", door)
    stage.shuts(door)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unwatched")
    assert stage.last("service_changed") == {"in_service": False, "reason": "unwatched", "door": door}
    stage.wait(70_000)
    assert stage.scan(stage.deposit("B2")) not in (0, door)


def test_nothing_put_in_is_not_believed_of_a_drop_off_that_a_power_cut_interrupted(stage: Stage) -> None:
    """Whoever pushes the door shut and presses "I put nothing in" need not be whoever opened it."""
    door = stage.scan(stage.deposit("A1"))
    stage.crash(open_doors=(door,))
    stage.shuts(door)
    stage.touch("nothing")
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unwatched")


def test_a_door_shut_unwatched_after_a_drop_off_holds(stage: Stage) -> None:
    """Open at the cut, shut at the start: the papers count as put in."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.crash()
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.order, room.in_service) == (Custody.HOLDING, b"A1", True)
    assert "deposited" in stage.kinds


def test_a_door_forced_after_it_was_shut_is_not_its_bearers_late_opening(stage: Stage) -> None:
    """Seen shut, the cut, found open: nobody was allowed to open it, and the log must not say that somebody was."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    stage.crash(open_doors=(door,))
    assert stage.cabinet.visit.state is VisitState.IDLE
    assert stage.kinds.count("opened") == 1
    assert stage.last("found_open") | {"door": door, "order": b"A1".hex()} == stage.last("found_open")
    stage.shuts(door)
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING


def test_two_doors_found_open_at_start_are_both_settled(stage: Stage) -> None:
    """One left open earlier, one interrupted: one bearer is asked to finish, the other's errand ends when shut."""
    one = stage.scan(stage.deposit("A1"))
    stage.opens(one)
    stage.wait(180_000)
    two = stage.scan(stage.deposit("B2"))
    stage.crash(open_doors=(one, two))
    assert stage.cabinet.visit.door in (one, two)
    stage.shuts(one)
    stage.shuts(two)
    stage.wait(61_000)
    assert [stage.cabinet.rooms[door].order for door in (one, two)] == [b"A1", b"B2"]
    assert all(stage.cabinet.rooms[door].custody is Custody.HOLDING for door in (one, two))


def test_a_reservation_lapses_with_its_code_and_the_room_is_looked_at(tmp_path: Path) -> None:
    """Cut before the door opened, and the resident never came back: an event, released, out of service."""
    stage = Stage(tmp_path)
    door = stage.scan(stage.deposit("A1"))
    stage.crash()
    stage.wait(3_600_000 - 60_000)
    assert stage.cabinet.rooms[door].custody is Custody.RESERVED
    stage.wait(60_000 + 120_000 + 60_000)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.errand, room.in_service, room.reason) == (Custody.EMPTY, None, False, "lapsed")
    assert stage.last("lapsed") | {"door": door, "order": b"A1".hex()} == stage.last("lapsed")
    assert stage.kinds.count("lapsed") == 1


def test_a_lapsed_claim_on_an_item_leaves_the_item(stage: Stage) -> None:
    """A collect code that expired unused costs its owner nothing: the next code collects."""
    door = stage.stored("A1")
    stage.scan(stage.collect("A1"))
    stage.wait(20_000)
    stage.wait(4_000_000)
    assert stage.last("lapsed")["door"] == door
    assert stage.cabinet.rooms[door].in_service
    assert stage.scan(stage.collect("A1")) == door


def test_staff_interrupted_leave_everything_as_it_was(stage: Stage) -> None:
    """Cut while staff had the door open: the item is the owner's still; an empty room is looked at first."""
    door = stage.stored("A1")
    stage.scan(stage.token(Purpose.STAFF, door=door))
    stage.opens(door)
    stage.crash()
    assert (stage.cabinet.rooms[door].custody, stage.cabinet.rooms[door].errand) == (Custody.HOLDING, None)
    stage.scan(stage.token(Purpose.STAFF, door=6))
    stage.opens(6)
    stage.crash()
    assert stage.cabinet.rooms[6].reason == "unwatched"


def test_after_a_start_every_coil_rests_as_if_it_had_just_been_on(tmp_path: Path) -> None:
    """The pulse of the run before may have ended a moment ago: its full length, then the cool-down (invariant 4)."""
    stage = Stage(tmp_path, a_config(coil=config.Coil(cooldown_ms=2000)))
    token = stage.deposit()
    door = stage.scan(token)
    stage.crash(away_ms=100)
    since_start_ms = 2000
    stage.tell(Scanned(token.encode()))
    assert stage.cabinet.visit.door == door
    stage.wait(1000 + 2000 - since_start_ms - 1)
    assert stage.pulses == []
    stage.wait(1)
    assert stage.pulses == [door]
