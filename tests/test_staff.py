"""Staff at a door: by name, for one door, and the cabinet asks what became of what lay inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage, a_config

from locker.machine import VisitState
from locker.model import Custody, Kind, Purpose, Refusal


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments."""
    return Stage(tmp_path)


def staff_open(stage: Stage, door: int) -> str:
    """Staff shows a code for this door, which opens; the code."""
    token = stage.token(Purpose.STAFF, door=door)
    assert stage.scan(token) == door
    stage.opens(door)
    return token


def test_staff_take_out_what_a_resident_left(stage: Stage) -> None:
    """Door, shut, "taken out?": the compartment is free, and the log says who took which order."""
    door = stage.stored("A1")
    staff_open(stage, door)
    assert (stage.screen.name, stage.screen.offers) == ("open_staff", ())
    stage.shuts(door)
    assert (stage.screen.name, stage.screen.offers) == ("staff_question", ("took_out", "left_in"))
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING
    stage.touch("took_out")
    assert stage.cabinet.rooms[door].free
    assert stage.last("taken_out") | {"by": "staff-7", "item": b"A1".hex(), "door": door} == stage.last("taken_out")
    assert stage.last("staff_done")["outcome"] == "took_out"


@pytest.mark.parametrize("answer", ["left_in", None], ids=["left in", "nothing said"])
def test_what_staff_leave_in_stays_the_owners(stage: Stage, answer: str | None) -> None:
    """Left in, or no answer within the grace: the item is held as before, and its owner can collect it."""
    door = stage.stored("A1")
    before = stage.cabinet.rooms[door].row()
    staff_open(stage, door)
    stage.shuts(door)
    if answer:
        stage.touch(answer)
    else:
        stage.wait(stage.cfg.visit.grace_ms)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.order, room.kind) == (Custody.HOLDING, b"A1", Kind.SUBMISSION)
    assert (room.since_ms, room.deadline_ms) == (before.since_ms, before.deadline_ms)
    assert stage.last("staff_done")["outcome"] == (answer or "not_said")
    assert "taken_out" not in stage.kinds
    assert stage.scan(stage.collect("A1")) == door


def test_at_an_empty_compartment_nothing_is_asked(stage: Stage) -> None:
    """Nothing lay inside: the visit ends with the door."""
    staff_open(stage, 3)
    stage.shuts(3)
    assert (stage.screen.name, stage.cabinet.visit.state) == ("idle", VisitState.IDLE)
    assert stage.last("staff_done")["outcome"] == "empty"
    assert stage.cabinet.rooms[3].free


@pytest.mark.parametrize(
    ("purpose", "door"),
    [(Purpose.STAFF, 7), (Purpose.STAFF, 24), *((Purpose.TECHNICIAN, door) for door in (0, 7, 24))],
)
def test_a_code_must_name_a_door_of_this_cabinet(stage: Stage, purpose: Purpose, door: int) -> None:
    """A technician names a door; whoever names one names one that is there. Staff without one begin a duty instead."""
    assert stage.scan(stage.token(purpose, door=door)) == 0
    assert stage.refused(Refusal.DOOR_NEEDED)
    assert stage.last("denied")["by"] == "staff-7"
    assert stage.pulses == []


def test_every_event_of_a_staff_visit_names_the_person(stage: Stage) -> None:
    """Granted, opened, shut, done, ended: by whom (invariant 2)."""
    door = stage.stored("A1")
    seq = stage.store.last_seq()
    staff_open(stage, door)
    stage.shuts(door)
    stage.touch("took_out")
    events = [event for event in stage.log if event["seq"] > seq]
    kinds = ["staff_present", "granted", "opened", "shut", "taken_out", "staff_done", "visit_ended"]
    assert [e["type"] for e in events] == kinds
    assert {event["data"]["by"] for event in events} == {"staff-7"}


def test_a_staff_code_opens_once(stage: Stage) -> None:
    """Spent like any other; shown again at the open door it changes nothing."""
    token = staff_open(stage, 3)
    assert stage.scan(token) == 3
    stage.shuts(3)
    assert stage.scan(token) == 0
    assert stage.refused(Refusal.SPENT)
    assert stage.pulses == [3]


def test_a_technician_is_asked_like_staff(stage: Stage) -> None:
    """The other kind of named person."""
    door = stage.stored("A1")
    assert stage.scan(stage.token(Purpose.TECHNICIAN, door=door)) == door
    stage.opens(door)
    stage.shuts(door)
    assert stage.screen.name == "staff_question"


def test_a_jam_calls_for_help_under_the_staffs_name_too(stage: Stage) -> None:
    """Staff's code stays good for the same door."""
    token = stage.token(Purpose.STAFF, door=2)
    stage.scan(token)
    stage.wait(20_000)
    assert stage.last("staff_called")["by"] == "staff-7"
    stage.wait(60_000)
    assert stage.scan(token) == 2


def test_a_door_that_staff_leave_open_ends_when_it_is_shut(stage: Stage) -> None:
    """Reminder, alarm, and the item is still the owner's: nobody said that it was taken."""
    door = stage.stored("A1")
    staff_open(stage, door)
    stage.wait(180_000)
    assert stage.last("alarm_open")["by"] == "staff-7"
    stage.shuts(door)
    assert stage.cabinet.rooms[door].errand is None
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING


# --- staff at a compartment that a resident has a claim on ----------------------------------------


def jammed_drop_off(tmp_path: Path) -> tuple[Stage, str]:
    """The only door jams at a drop-off: staff were called, the code is unspent."""
    stage = Stage(tmp_path, a_config(doors=1))
    token = stage.deposit("A1", exp=stage.wall_ms // 1000 + 7200)
    stage.scan(token)
    stage.wait(20_000)
    assert stage.cabinet.rooms[1].custody is Custody.RESERVED
    return stage, token


@pytest.mark.parametrize("answer", ["took_out", "left_in", None])
def test_staff_at_a_jammed_door_cost_its_resident_no_code(tmp_path: Path, answer: str | None) -> None:
    """Staff free the door and find nothing; the resident's unspent code still opens it (invariant 3)."""
    stage, token = jammed_drop_off(tmp_path)
    stage.wait(60_000)
    staff_open(stage, 1)
    stage.shuts(1)
    if answer:
        stage.touch(answer)
    stage.wait(61_000)
    assert stage.scan(token) == 1
    stage.opens(1)
    stage.shuts(1)
    assert (stage.cabinet.rooms[1].custody, stage.cabinet.rooms[1].order) == (Custody.HOLDING, b"A1")


def test_a_reservation_that_staff_looked_at_still_lapses(tmp_path: Path) -> None:
    """The resident never comes back: when the code has expired the room is reserved no longer, and is looked at."""
    stage, _ = jammed_drop_off(tmp_path)
    stage.wait(60_000)
    staff_open(stage, 1)
    stage.shuts(1)
    stage.touch("left_in")
    stage.wait(3_600_000)
    assert stage.cabinet.rooms[1].custody is Custody.RESERVED
    stage.wait(2 * 3_600_000)
    room = stage.cabinet.rooms[1]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "lapsed")
    assert stage.last("lapsed")["order"] == b"A1".hex()
    assert stage.kinds.count("lapsed") == 1


def test_the_papers_in_a_door_left_open_are_held_when_staff_open_it(stage: Stage) -> None:
    """A drop-off left open; staff's code for that door: what lies inside is the order's, and staff are asked."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.wait(180_000)
    assert stage.cabinet.rooms[door].custody is Custody.RESERVED
    staff_open(stage, door)
    stage.shuts(door)
    stage.touch("left_in")
    assert (stage.cabinet.rooms[door].custody, stage.cabinet.rooms[door].order) == (Custody.HOLDING, b"A1")
    assert stage.kinds.count("deposited") == 1
    assert stage.scan(stage.collect("A1")) == door


def test_a_code_for_a_door_that_staff_gave_to_another_waits_for_it(tmp_path: Path) -> None:
    """Released by staff, taken by somebody else: the unspent code opens nothing now, and the door once it is free."""
    stage, token = jammed_drop_off(tmp_path)
    stage.wait(60_000)
    staff_open(stage, 1)
    stage.shuts(1)
    stage.touch("took_out")
    stage.wait(61_000)
    assert stage.stored("B2") == 1
    assert stage.scan(token) == 0
    assert stage.refused(Refusal.NOTHING_FREE)
    stage.wait(61_000)
    stage.scan(stage.collect("B2"))
    stage.opens(1)
    stage.shuts(1)
    stage.touch("done")
    stage.wait(61_000)
    assert stage.scan(token) == 1


def test_a_look_inside_that_jammed_does_not_keep_a_repaired_door_from_service(tmp_path: Path) -> None:
    """Put in service again, the empty compartment is free at once, not when the staff code expires."""
    stage = Stage(tmp_path, a_config(doors=1))
    stage.scan(stage.token(Purpose.STAFF, door=1))
    stage.wait(20_000)
    assert not stage.cabinet.rooms[1].free
    stage.command(id="repair", op="service", args={"door": 1, "in_service": True})
    assert stage.cabinet.rooms[1].free
