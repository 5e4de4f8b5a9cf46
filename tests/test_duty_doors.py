"""Doors that are kept: service with a reason, status at a glance, and items that go to another door or owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from stage import a_config

from locker.authority.hotp import code
from locker.machine import DoorState, DutyState
from locker.model import Custody, Scanned, Size

EMPTY = (Custody.EMPTY, b"")


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments, one certificate loaded, the menu on the screen; ``door`` is where it lies."""
    stage = DutyStage(tmp_path)
    stage.on_duty()
    stage.tap("load")
    stage.loaded("A1")
    stage.tap("back")
    return stage


def where(stage: DutyStage, order: str = "A1") -> int:
    """The door behind which the books have an order's item, 0 for none."""
    rooms = stage.cabinet.rooms.values()
    return next((r.door for r in rooms if r.custody is Custody.HOLDING and r.order == order.encode()), 0)


# --- service --------------------------------------------------------------------------------------


def test_out_of_service_with_a_reason_and_back(stage: DutyStage) -> None:
    """No door opens by it; nothing new goes in, what lies there stays collectable; both are in the log by name."""
    door, pulses = where(stage), list(stage.pulses)
    stage.tap("service")
    stage.tap(f"door:{door}")
    assert stage.screen.name == "duty_why_service"
    stage.tap("why:broken_lock")
    room = stage.cabinet.rooms[door]
    assert (room.in_service, room.reason, stage.pulses) == (False, "broken_lock", pulses)
    changed = stage.last("service_changed")
    assert (changed["by"], changed["reason"], changed["in_service"]) == ("staff-7", "broken_lock", False)
    row = stage.screen.rows[door - 1]
    assert (row.in_service, row.note) == (False, "broken_lock")
    stage.crash()
    assert not stage.cabinet.rooms[door].in_service
    assert stage.scan(stage.collect("A1")) == door
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    stage.on_duty()
    stage.tap("service")
    stage.tap(f"door:{door}")
    assert stage.cabinet.rooms[door].free and stage.last("service_changed")["in_service"] is True


def test_a_door_in_question_is_put_in_service_by_its_answer_alone(stage: DutyStage) -> None:
    """An envelope may lie there: no touch at the list and no word from afar makes it free, until somebody has looked.

    It took one touch, and the next drop-off could get that door. Found by reading.
    """
    stage.tap("load")
    door = stage.scans("B2")
    stage.springs(door)
    stage.crash()
    stage.on_duty()
    room = stage.cabinet.rooms[door]
    assert room.reason == "unsettled"
    stage.tap("service")
    stage.tap(f"door:{door}")
    assert (stage.screen.name, stage.screen.reason) == ("duty_service", "occupied")
    assert (room.free, room.reason, stage.last("denied")["reason"]) == (False, "unsettled", "occupied")
    args = {"door": door, "in_service": True}
    assert stage.command(op="service", id="s1", args=args)["reason"] == "occupied"
    assert not room.free and "service_changed" not in stage.kinds[stage.kinds.index("command_refused") :]
    stage.tap("back")
    stage.tap("settle")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("it_is_not")
    stage.shuts(door)
    assert room.free
    stage.command(op="service", id="s2", args={"door": door, "in_service": False})
    assert stage.command(op="service", id="s3", args=args)["ok"] and room.free


def test_status_at_a_glance(stage: DutyStage) -> None:
    """Every door with what it holds, and four counts."""
    stage.tap("status")
    rows = stage.screen.rows
    assert [row.door for row in rows] == list(stage.cabinet.rooms)
    held = rows[where(stage) - 1]
    assert (held.custody, held.kind, held.item) == ("holding", "certificate", b"A1".hex())
    assert stage.screen.facts == {"free": 5, "held": 1, "overdue": 0, "out": 0}


# --- reassigning ----------------------------------------------------------------------------------


def test_an_item_moves_to_a_larger_door_and_its_owner_keeps_the_code(stage: DutyStage) -> None:
    """Out of one, into the other; the number and the deadline go with it."""
    old = where(stage)
    before = stage.cabinet.rooms[old].row()
    stage.tap("reassign")
    stage.tap(f"door:{old}")
    stage.tap("to:larger")
    stage.springs(old)
    stage.tap("took_out")
    stage.shuts(old)
    assert stage.lies(old) == EMPTY
    new = stage.cabinet.visit.door
    assert stage.cabinet.rooms[new].size is Size.M
    stage.springs(new)
    assert stage.screen.name == "duty_put_in"
    stage.shuts(new)
    after = stage.cabinet.rooms[new]
    assert (after.order, after.load, after.deadline_ms, after.term) == (
        before.order,
        before.load,
        before.deadline_ms,
        before.term,
    )
    moved = stage.last("reassigned")
    assert (moved["door"], moved["from"], moved["load"], moved["by"]) == (new, old, before.load, "staff-7")
    assert stage.cabinet.duty.books.loaded_by(after) == "staff-7"
    stage.tap("back")
    stage.tap("finish")
    assert stage.types(code(stage.pickup.secret, before.load, 6)) == new  # type: ignore[union-attr, arg-type]


def test_nothing_is_taken_out_that_has_nowhere_to_go(tmp_path: Path) -> None:
    """No door of the kind is free: said before anything opens."""
    stage = DutyStage(tmp_path, a_config(doors=2, invite=None))
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    stage.tap("back")
    stage.tap("reassign")
    stage.tap(f"door:{door}")
    stage.tap("to:low")
    assert (stage.screen.name, stage.screen.reason) == ("duty_where", "nothing_free")
    assert stage.pulses == [door]


def test_left_in_it_stays_where_it_was(stage: DutyStage) -> None:
    """Opened, and thought better of."""
    old = where(stage)
    stage.tap("reassign")
    stage.tap(f"door:{old}")
    stage.tap("to:any")
    stage.goes(old)
    stage.tap("left_in")
    assert where(stage) == old and stage.screen.name == "duty_reassign"


def test_a_jammed_new_door_offers_another_while_the_item_is_in_hand(stage: DutyStage) -> None:
    """It is in nobody's compartment meanwhile, and says so."""
    old = where(stage)
    stage.tap("reassign")
    stage.tap(f"door:{old}")
    stage.tap("to:any")
    stage.springs(old)
    stage.tap("took_out")
    stage.shuts(old)
    jammed = stage.cabinet.visit.door
    stage.wait(40_000)
    assert stage.cabinet.rooms[jammed].state is DoorState.JAMMED and where(stage) == 0
    assert stage.state is DutyState.REASONING
    stage.tap("to:any")
    new = stage.cabinet.visit.door
    assert new != jammed
    stage.goes(new)
    assert where(stage) == new


def test_a_power_cut_between_the_two_doors(stage: DutyStage) -> None:
    """The old door is empty, the new one is asked for; the look settles it, and the code is still the same."""
    old = where(stage)
    load = stage.cabinet.rooms[old].load
    stage.tap("reassign")
    stage.tap(f"door:{old}")
    stage.tap("to:any")
    stage.springs(old)
    stage.tap("took_out")
    stage.shuts(old)
    new = stage.cabinet.visit.door
    stage.springs(new)
    stage.crash()
    assert stage.pulses == [] and where(stage) == 0
    stage.on_duty()
    stage.tap("settle")
    stage.tap(f"door:{new}")
    stage.springs(new)
    stage.tap("it_is_in")
    stage.shuts(new)
    assert where(stage) == new and stage.cabinet.rooms[new].load == load
    assert stage.last("reassigned")["load"] == load


def test_the_wrong_label_is_put_right_without_opening(stage: DutyStage) -> None:
    """The right label is scanned: another owner, another number; the old code is dead, the new one opens."""
    door, pulses = where(stage), list(stage.pulses)
    old_load = stage.cabinet.rooms[door].load
    stage.tap("reassign")
    stage.tap(f"door:{door}")
    stage.scan(stage.label("B2"))
    assert stage.lies(door) == (Custody.HOLDING, b"B2") and stage.pulses == pulses
    moved = stage.last("reassigned")
    assert (moved["item"], moved["order"], moved["old_load"]) == (b"A1".hex(), b"B2".hex(), old_load)
    assert moved["load"] != old_load
    stage.tap("back")
    stage.tap("finish")
    assert stage.types(code(stage.pickup.secret, old_load, 6)) == 0  # type: ignore[union-attr, arg-type]
    assert stage.types(code(stage.pickup.secret, moved["load"], 6)) == door  # type: ignore[union-attr]


def test_an_order_that_lies_here_gets_no_second_envelope_by_relabelling(stage: DutyStage) -> None:
    """The label of something that is held already changes nothing."""
    stage.tap("load")
    stage.loaded("B2")
    stage.tap("back")
    stage.tap("reassign")
    stage.tap(f"door:{where(stage)}")
    stage.scan(stage.label("B2"))
    assert (stage.screen.name, stage.screen.reason) == ("duty_where", "label_loaded")
    assert where(stage) and where(stage, "B2")


def test_a_damaged_note_is_said_and_costs_nothing_else(stage: DutyStage) -> None:
    """What staff had begun is not offered again; all items are where they were."""
    door = where(stage)
    stage.store._db.execute("UPDATE notes SET text = '[1,2' WHERE name = 'duty'")
    stage.crash()
    assert stage.last("device_trouble")["device"] == "duty"
    assert where(stage) == door
    stage.on_duty()
    assert stage.screen.name == "duty_menu"


def test_a_jammed_door_that_gives_way_does_not_come_between(stage: DutyStage) -> None:
    """A resident's door springs open late, before whoever is loading: noted, spent, and looked into; loading goes on.

    It was taken up as a visit, and the next label ended the program: a second visit could not begin. Found by reading.
    """
    door = stage.stored("B2")
    code = stage.collect("B2")
    stage.scan(code)
    stage.wait(60_000)
    assert stage.cabinet.rooms[door].state is DoorState.JAMMED
    stage.on_duty()
    stage.tap("load")
    stage.opens(door)
    other = stage.loaded("C3")
    assert stage.lies(other) == (Custody.HOLDING, b"C3")
    assert stage.last("opened_late")["door"] == door != other
    stage.shuts(door)
    room = stage.cabinet.rooms[door]
    assert (room.in_service, stage.last("service_changed")["reason"]) == (False, "unwatched")
    assert (stage.screen.name, stage.state) == ("duty_loaded", DutyState.LABELLING)
    assert stage.cabinet.ledger.spent(bytes.fromhex(stage.last("opened_late")["cti"]))


def test_a_look_inside_mends_no_lock(stage: DutyStage) -> None:
    """Out of service for its lock, then found open after a power cut: the reason stays, and an audit lifts it not."""
    door = stage.stored("B2")
    stage.on_duty()
    for button in ("service", f"door:{door}", "why:broken_lock", "back", "finish"):
        stage.tap(button)
    stage.wait(2000)
    stage.scan(stage.collect("B2"))
    stage.opens(door)
    stage.crash(open_doors=(door,))
    stage.shuts(door)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "broken_lock")
    stage.wait(70_000)
    stage.on_duty()
    stage.tap("audit")
    stage.tap(f"door:{door}")
    stage.opens(door)
    stage.tap("as_listed")
    stage.shuts(door)
    assert (room.in_service, room.reason) == (False, "broken_lock")


def _second_door_of_a_load(stage: DutyStage) -> int:
    """One envelope is in; the next one's door waits for the line, and nothing has been ordered yet."""
    stage.on_duty()
    stage.tap("load")
    first = stage.scans("B2")
    stage.opens(first)
    stage.shuts(first)
    pulses = len(stage.pulses)
    stage.tell(Scanned(stage.label("C3").encode()))
    door = stage.cabinet.visit.door
    assert door not in (0, first)
    assert len(stage.pulses) == pulses
    return door


def test_staff_s_door_pried_before_its_pulse_and_never_pulsed_has_to_be_looked_at(stage: DutyStage) -> None:
    """The order is lost on its way, and the next envelope does not go behind a door that somebody has been at."""
    door = _second_door_of_a_load(stage)
    stage.opens(door)
    stage.shuts(door)
    stage.wait(1000)
    assert stage.pulses[-1] == door
    stage.drop(door)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unwatched")


def test_staff_s_door_that_one_pulse_may_have_opened_unseen_has_to_be_looked_at(stage: DutyStage) -> None:
    """The first pulse was sent and nothing seen of it, the second was lost: as for residents, somebody has to look."""
    door = _second_door_of_a_load(stage)
    while stage.pulses.count(door) < 2:
        stage.wait(100)
    stage.drop(door)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unwatched")
