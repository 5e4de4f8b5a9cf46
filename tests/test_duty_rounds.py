"""Rounds: taking out, recalling what is overdue, handing out by hand, and the audit; door by door, one touch a door."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from keypad_stage import DAY_MS
from stage import a_config

from locker.authority.hotp import code
from locker.machine import DoorState
from locker.model import Custody, DoorSeen, Kind, LinkUp

EMPTY = (Custody.EMPTY, b"")
COUNTED = 24


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments."""
    return DutyStage(tmp_path)


def submissions(stage: DutyStage, *orders: str) -> list[int]:
    """Residents drop these off, one after the other."""
    doors = []
    for order in orders:
        doors.append(stage.stored(order))
        stage.wait(61_000)
    return doors


def overdue(stage: DutyStage) -> None:
    """Weeks pass with the cloud there, until everything that lies here is overdue."""
    stage.tell(LinkUp(5, True))
    for _ in range(70):
        stage.ms += DAY_MS
        stage.wall_ms += DAY_MS
        stage.wait(1000)
        if all(room.overdue for room in stage.cabinet.rooms.values() if room.custody is Custody.HOLDING):
            return
    raise AssertionError("nothing is ever overdue")


# --- taking out -----------------------------------------------------------------------------------


def test_submissions_are_taken_out_door_by_door(stage: DutyStage) -> None:
    """The answer at the open door, the door shut, and the next one opens; one touch a door, oldest first."""
    first, second, third = submissions(stage, "R1", "R2", "R3")
    stage.on_duty()
    assert stage.screen.facts["submissions"] == 3
    stage.tap("take_out")
    assert [row.door for row in stage.screen.rows] == [first, second, third]
    stage.tap("start")
    for door in (first, second, third):
        stage.springs(door)
        stage.tap("took_out")
        assert stage.screen.name == "duty_shut"
        stage.shuts(door)
    assert (stage.screen.name, stage.screen.facts["done"]) == ("duty_round_done", 3)
    assert all(stage.lies(door) == EMPTY for door in (first, second, third))
    taken = [event["data"] for event in stage.log if event["type"] == "taken_out"]
    assert [bytes.fromhex(data["item"]) for data in taken] == [b"R1", b"R2", b"R3"]
    assert {data["by"] for data in taken} == {"staff-7"} and all("old_load" in data for data in taken)
    assert stage.taps == 2 + 3


def test_not_taken_and_empty_already(stage: DutyStage) -> None:
    """What stays is the owner's as before; a door that was empty is a correction, and its code is dead."""
    first, second = submissions(stage, "R1", "R2")
    stage.on_duty()
    stage.tap("take_out")
    stage.tap("start")
    stage.goes(first)
    assert stage.screen.name == "duty_taken"
    stage.tap("not_taken")
    stage.goes(second)
    stage.tap("was_empty")
    assert stage.lies(first) == (Custody.HOLDING, b"R1") and stage.lies(second) == EMPTY
    corrected = stage.last("corrected")
    assert (corrected["door"], corrected["found"], corrected["item"]) == (second, "empty", b"R2".hex())
    assert "taken_out" not in stage.kinds


def test_an_answer_can_be_changed_until_the_door_is_shut(stage: DutyStage) -> None:
    """The finger slipped: what counts is what was pressed last."""
    (door,) = submissions(stage, "R1")
    stage.on_duty()
    stage.tap("take_out")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("took_out")
    stage.tap("not_taken")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"R1")


def test_a_round_can_be_stopped_after_a_door(stage: DutyStage) -> None:
    """The bag is full: this one still counts, the others stay."""
    first, second = submissions(stage, "R1", "R2")
    stage.on_duty()
    stage.tap("take_out")
    stage.tap("start")
    stage.springs(first)
    stage.tap("took_out")
    stage.tap("last_one")
    stage.shuts(first)
    assert stage.lies(first) == EMPTY and stage.lies(second)[0] is Custody.HOLDING
    assert stage.screen.name == "duty_round_done" and not stage.cabinet.visit.present


def test_a_jammed_door_is_passed_over(stage: DutyStage) -> None:
    """A ticket for it; the others on request."""
    first, second = submissions(stage, "R1", "R2")
    stage.on_duty()
    stage.tap("take_out")
    stage.tap("start")
    stage.wait(40_000)
    assert stage.cabinet.rooms[first].state is DoorState.JAMMED
    stage.tap("go_on")
    stage.springs(second)
    stage.tap("took_out")
    stage.shuts(second)
    assert (stage.screen.facts["done"], stage.screen.facts["skipped"]) == (1, 1)
    assert stage.lies(first) == (Custody.HOLDING, b"R1")


def test_a_round_goes_on_after_a_power_cut(stage: DutyStage) -> None:
    """At the start nothing opens; what was answered stays, and the rest is offered, the interrupted door first."""
    first, second = submissions(stage, "R1", "R2")
    badge = stage.on_duty()
    stage.tap("take_out")
    stage.tap("start")
    stage.springs(first)
    stage.tap("took_out")
    stage.shuts(first)
    stage.springs(second)
    stage.crash(open_doors=(second,))
    assert stage.pulses == []
    stage.shuts(second)
    assert stage.screen.name == "staff_question", "whoever stands there is asked"
    stage.touch("left_in")
    stage.wait(1000)
    stage.scan(badge)
    assert stage.screen.offers[0] == "go_on"
    stage.tap("go_on")
    stage.springs(second)
    stage.tap("took_out")
    stage.shuts(second)
    assert stage.lies(second) == EMPTY and stage.screen.name == "duty_round_done"
    stage.tap("back")
    assert "go_on" not in stage.screen.offers


# --- recalling ------------------------------------------------------------------------------------


def test_the_owners_code_is_good_until_the_recall(stage: DutyStage) -> None:
    """Overdue is a mark and nothing else: the owner types the code of weeks ago and collects."""
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    typed = code(stage.pickup.secret, stage.last("loaded")["load"], 6)  # type: ignore[union-attr]
    overdue(stage)
    assert stage.types(typed) == door
    stage.takes(door)
    assert stage.lies(door) == EMPTY and stage.last("collected")["order"] == b"A1".hex()


def test_recall_all_of_mine_leaves_the_others(stage: DutyStage) -> None:
    """Who loaded what is remembered; one, mine, or all."""
    stage.on_duty("fang")
    stage.tap("load")
    mine = [stage.loaded(order) for order in ("F1", "F2")]
    stage.tap("back")
    stage.tap("finish")
    stage.on_duty("min")
    stage.tap("load")
    other = stage.loaded("M1")
    stage.tap("back")
    stage.tap("finish")
    overdue(stage)
    stage.crash()
    stage.on_duty("fang")
    assert stage.screen.facts["overdue"] == 3
    stage.tap("recall")
    assert stage.screen.offers[:2] == ("mine", "all")
    assert all(row.overdue for row in stage.screen.rows)
    stage.tap("mine")
    for door in mine:
        stage.springs(door)
        stage.tap("took_out")
        stage.shuts(door)
    assert stage.screen.facts["done"] == 2 and stage.lies(other)[0] is Custody.HOLDING
    recalled = [event["data"] for event in stage.log if event["type"] == "recalled"]
    assert [data["loaded_by"] for data in recalled] == ["fang", "fang"]
    assert {data["by"] for data in recalled} == {"fang"}
    stage.tap("back")
    assert "fang" not in str(stage.cabinet.duty.books.memory.loaders), "who loaded what has left is forgotten"
    stage.tap("recall")
    stage.tap(f"door:{other}")
    stage.springs(other)
    stage.tap("took_out")
    stage.shuts(other)
    assert stage.last("recalled")["loaded_by"] == "min"
    assert stage.scan(stage.collect("M1")) == 0


# --- by hand --------------------------------------------------------------------------------------


def test_opened_by_hand_with_a_reason(stage: DutyStage) -> None:
    """Door, reason, and only then it opens; every event has the reason, and the owner's code is dead afterwards."""
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    pulses = list(stage.pulses)
    stage.tap("back")
    stage.tap("by_hand")
    stage.tap(f"door:{door}")
    assert stage.screen.name == "duty_why_hand" and stage.pulses == pulses
    stage.tap("why:phone_broken")
    stage.springs(door)
    stage.tap("handed_out")
    stage.shuts(door)
    assert stage.lies(door) == EMPTY
    handed = stage.last("handed_out")
    assert (handed["reason"], handed["by"], handed["item"]) == ("phone_broken", "staff-7", b"A1".hex())
    assert stage.last("granted")["task"] == "by_hand:phone_broken"
    assert stage.screen.name == "duty_by_hand"


# --- the audit ------------------------------------------------------------------------------------


def audit(stage: DutyStage, really: dict[int, str], seconds_a_door: int = 8) -> None:
    """Somebody audits all doors; ``really`` is what lies behind them, a label's order or "?" for something nameless."""
    stage.tap("audit")
    stage.tap("start")
    for door in stage.cabinet.rooms:
        stage.springs(door)
        stage.wait((seconds_a_door - 2) * 1000)
        order = stage.cabinet.rooms[door].order.decode()
        found = really.get(door, "")
        if found == order:
            stage.tap("as_listed")
        elif found == "?":
            stage.tap("something_else" if order else "not_empty")
        elif not found:
            stage.tap("missing")
        else:
            stage.scan(stage.label(found))
        assert stage.screen.name == "duty_shut"
        stage.shuts(door)


def test_an_audit_of_all_doors_takes_less_than_five_minutes(tmp_path: Path) -> None:
    """24 doors, one touch each, eight seconds for looking and shutting: the coils' rests leave time enough."""
    stage = DutyStage(tmp_path, a_config(doors=COUNTED, invite=None))
    stage.on_duty()
    stage.tap("load")
    really = {stage.loaded(f"A{n}"): f"A{n}" for n in range(7)}
    stage.tap("back")
    stage.taps = 0
    audit(stage, really)
    done = stage.last("audit_done")
    assert (done["doors"], done["right"], done["corrected"], done["skipped"]) == (COUNTED, COUNTED, 0, 0)
    assert done["took_ms"] < 300_000, done["took_ms"]
    assert stage.taps == COUNTED + 2
    assert stage.kinds.count("audited") == COUNTED
    assert (stage.screen.name, stage.screen.facts["right"]) == ("duty_audit_done", COUNTED)


def test_what_the_audit_finds_is_corrected(stage: DutyStage) -> None:
    """Gone, nameless, swapped: the books follow what was seen, and a found item keeps its owner's code."""
    stage.on_duty()
    stage.tap("load")
    doors = [stage.loaded(f"A{n}") for n in range(4)]
    loads = {e["data"]["order"]: e["data"]["load"] for e in stage.log if e["type"] == "loaded"}
    stage.tap("back")
    a, b, c, d = doors
    audit(stage, {a: "A1", b: "A0", d: "?"})
    assert stage.lies(a) == (Custody.HOLDING, b"A1") and stage.lies(b) == (Custody.HOLDING, b"A0")
    assert stage.cabinet.rooms[a].load == loads[b"A1".hex()] and stage.cabinet.rooms[b].load == loads[b"A0".hex()]
    assert stage.lies(c) == EMPTY and stage.cabinet.rooms[c].in_service
    assert stage.lies(d) == EMPTY, "an item that is not there is collectable by nobody"
    assert (stage.cabinet.rooms[d].in_service, stage.cabinet.rooms[d].reason) == (False, "audit")
    found = [(e["door"], e["data"]["found"]) for e in stage.log if e["type"] == "corrected"]
    assert found == [(a, "item"), (b, "item"), (c, "empty"), (d, "other")]
    assert stage.last("audit_done")["corrected"] == 4
    stage.tap("back")
    stage.tap("finish")
    stage.wait(61_000)
    assert stage.scan(stage.collect("A0")) == b


def test_an_item_found_where_nothing_was_believed(stage: DutyStage) -> None:
    """Its label says whose: it is held, with a number that the cloud hears."""
    stage.on_duty()
    audit(stage, {2: "NEW"})
    assert stage.lies(2) == (Custody.HOLDING, b"NEW") and stage.cabinet.rooms[2].kind is Kind.CERTIFICATE
    assert isinstance(stage.last("reassigned")["load"], int)


def test_an_item_found_elsewhere_puts_its_old_door_out_of_service_until_looked_at(stage: DutyStage) -> None:
    """It cannot lie in two places: the old door is looked at, in this round or in another."""
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    stage.tap("back")
    stage.tap("audit")
    stage.tap("door:6")
    stage.springs(6)
    stage.scan(stage.label("A1"))
    stage.shuts(6)
    assert stage.lies(6) == (Custody.HOLDING, b"A1") and stage.lies(door) == EMPTY
    assert stage.cabinet.rooms[door].reason == "audit"
    stage.tap(f"door:{door}")
    stage.goes(door)
    stage.tap("as_listed")
    assert stage.cabinet.rooms[door].free


def test_an_audit_answers_what_a_load_left_open(stage: DutyStage) -> None:
    """A door at which loading stopped half-way is asked for by its envelope."""
    badge = stage.on_duty()
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.crash()
    stage.scan(badge)
    stage.tap("audit")
    stage.tap(f"door:{door}")
    stage.springs(door)
    assert (stage.screen.name, stage.screen.facts["item"]) == ("duty_is_it_in", b"A1".hex())
    stage.tap("it_is_in")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1")
    assert stage.cabinet.duty.books.questions() == []


def test_an_audit_goes_on_after_a_power_cut(stage: DutyStage) -> None:
    """With the door at which it stopped."""
    badge = stage.on_duty()
    stage.tap("audit")
    stage.tap("start")
    for door in (1, 2):
        stage.springs(door)
        stage.tap("as_listed")
        stage.shuts(door)
    stage.crash()
    stage.scan(badge)
    stage.tap("go_on")
    for door in (3, 4, 5, 6):
        stage.springs(door)
        stage.tap("as_listed")
        stage.shuts(door)
    assert stage.last("audit_done")["doors"] == 4
    assert sorted(e["door"] for e in stage.log if e["type"] == "audited") == [1, 2, 3, 4, 5, 6]


def test_what_wanted_a_look_is_in_service_when_it_was_looked_at(stage: DutyStage) -> None:
    """A lapsed reservation, a collection that nobody watched: the audit is the look that they wait for."""
    stage.cabinet.rooms[3].take_out_of_service("unwatched")
    stage.cabinet.rooms[4].take_out_of_service("hinge")
    stage.on_duty()
    audit(stage, {})
    assert stage.cabinet.rooms[3].in_service and not stage.cabinet.rooms[4].in_service


def test_an_open_door_is_passed_over(stage: DutyStage) -> None:
    """A door that stands open is shut first; the audit counts it as skipped, or opens it as it is."""
    stage.tell(DoorSeen(1, True))
    stage.on_duty()
    stage.tap("audit")
    stage.tap("start")
    stage.springs(1)
    stage.tap("as_listed")
    stage.shuts(1)
    stage.springs(2)
    assert stage.cabinet.rooms[1].state is DoorState.CLOSED
