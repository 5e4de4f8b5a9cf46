"""Loading: label, door, shut, next; and everything that goes otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from stage import a_config

from locker.authority.hotp import code
from locker.labels import PREFIX
from locker.machine import DoorState, DutyState
from locker.model import Custody, DoorSeen, Kind, Refusal, Size

EMPTY = (Custody.EMPTY, b"")


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six free compartments (S, S, M, M, L, L) and somebody who is about to load."""
    stage = DutyStage(tmp_path)
    stage.on_duty()
    stage.tap("load")
    return stage


def test_an_envelope_is_held_with_deadline_and_number_when_its_door_is_shut(stage: DutyStage) -> None:
    """Scan, put in, shut: no touch at all. The cloud learns the number, and the owner collects by its code."""
    door = stage.scans("A1")
    stage.springs(door)
    assert stage.lies(door) == (Custody.RESERVED, b"A1") and "loaded" not in stage.kinds
    assert stage.screen.facts["item"] == b"A1".hex()
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1")
    loaded = stage.last("loaded")
    assert loaded | {"door": door, "order": b"A1".hex(), "kind": "certificate", "by": "staff-7"} == loaded
    assert loaded["deadline_ms"] > stage.wall_ms
    stage.tap("back")
    stage.tap("finish")
    assert stage.types(code(stage.pickup.secret, loaded["load"], 6)) == door  # type: ignore[union-attr]


def test_one_after_the_other_without_a_touch(stage: DutyStage) -> None:
    """The next label may come at once; sizes are kept, and the count is on the screen."""
    doors = [stage.loaded(f"A{n}", size) for n, size in enumerate((None, Size.M, Size.L, Size.S))]
    assert [stage.cabinet.rooms[door].size for door in doors] == [Size.S, Size.M, Size.L, Size.S]
    assert stage.screen.facts["load"] == 4 and stage.taps == 1
    loads = [event["data"]["load"] for event in stage.log if event["type"] == "loaded"]
    assert len(set(loads)) == 4


def test_taken_back_the_last_one_is_nobodys(stage: DutyStage) -> None:
    """Undo: the same door opens, it is taken out, asked, and the cloud hears that its number is dead."""
    door = stage.loaded("A1")
    load = stage.last("loaded")["load"]
    stage.tap("undo")
    stage.springs(door)
    assert stage.screen.name == "duty_take_back"
    stage.shuts(door)
    stage.tap("took_out")
    assert stage.lies(door) == EMPTY and stage.cabinet.rooms[door].free
    assert stage.last("unloaded") | {"old_load": load, "item": b"A1".hex(), "why": "undo"} == stage.last("unloaded")
    assert stage.screen.offers == ("back",), "there is nothing to take back now"
    assert stage.loaded("A1") == door


def test_opened_to_take_it_back_and_left_in_it_stays(stage: DutyStage) -> None:
    """The wrong button: nothing has changed, and it can still be taken back."""
    door = stage.loaded("A1")
    stage.tap("undo")
    stage.goes(door)
    stage.tap("left_in")
    assert stage.lies(door) == (Custody.HOLDING, b"A1") and "unloaded" not in stage.kinds
    assert stage.screen.offers == ("undo", "back")


def test_a_larger_one_opens_when_the_first_is_empty_and_shut(stage: DutyStage) -> None:
    """Too small: out again, shut, and the next size opens by itself under the same label."""
    door = stage.scans("A1")
    stage.springs(door)
    stage.tap("larger")
    assert stage.screen.name == "duty_empty_first"
    stage.shuts(door)
    assert stage.lies(door) == EMPTY and stage.last("load_given_up")["why"] == "larger"
    larger = stage.cabinet.visit.door
    assert stage.cabinet.rooms[larger].size is Size.M
    stage.goes(larger)
    assert stage.lies(larger) == (Custody.HOLDING, b"A1")


def test_no_larger_one_is_free(tmp_path: Path) -> None:
    """Said at the open door, which stays the envelope's."""
    stage = DutyStage(tmp_path, a_config(doors=2, invite=None))
    stage.on_duty()
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.tap("larger")
    assert (stage.screen.name, stage.screen.reason) == ("duty_put_in", "nothing_free")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1")


def test_not_put_in_after_all(stage: DutyStage) -> None:
    """The wrong envelope: shut it empty, and the next label."""
    door = stage.scans("A1")
    stage.springs(door)
    stage.tap("not_in")
    stage.shuts(door)
    assert stage.lies(door) == EMPTY and "loaded" not in stage.kinds
    assert stage.screen.name == "duty_label"


def test_loaded_already(stage: DutyStage) -> None:
    """The same label twice opens nothing, in this duty and in the next."""
    stage.loaded("A1")
    pulses = list(stage.pulses)
    assert stage.scans("A1") == 0
    assert (stage.screen.name, stage.screen.reason) == ("duty_loaded", "label_loaded")
    stage.tap("back")
    stage.tap("finish")
    stage.on_duty("min")
    stage.tap("load")
    assert stage.scans("A1") == 0
    assert stage.pulses == pulses and stage.last("denied")["reason"] == "label_loaded"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://example.org/parcel/17", Refusal.LABEL_UNKNOWN),
        (PREFIX + "NOT A LABEL", Refusal.LABEL_DAMAGED),
        ("elsewhere", Refusal.LABEL_ELSEWHERE),
    ],
)
def test_what_is_no_label_of_ours_opens_nothing(stage: DutyStage, text: str, reason: Refusal) -> None:
    """A parcel's barcode, a torn label, another cabinet's envelope: each its own reason, all in the log by name."""
    stage.scan(stage.label("A1", cabinet="gate-2") if text == "elsewhere" else text)
    assert (stage.screen.name, stage.screen.reason) == ("duty_label", reason.value)
    denied = stage.last("denied")
    assert (denied["reason"], denied["by"]) == (reason.value, "staff-7") and stage.pulses == []


def test_another_label_at_an_open_door_is_too_early(stage: DutyStage) -> None:
    """The door that is open gets the envelope it was opened for, or none."""
    door = stage.scans("A1")
    stage.springs(door)
    stage.scans("A2")
    assert (stage.screen.name, stage.screen.reason) == ("duty_put_in", "busy")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1")


def test_the_wrong_door_was_shut(stage: DutyStage) -> None:
    """A door that had been left open is shut instead of this one: the screen says which."""
    stage.tell(DoorSeen(6, True))
    stage.wait(1000)
    door = stage.scans("A1")
    stage.springs(door)
    stage.shuts(6)
    assert (stage.screen.name, stage.screen.door, stage.screen.facts["other"]) == ("duty_wrong_door", door, 6)
    assert stage.lies(door) == (Custody.RESERVED, b"A1") and "loaded" not in stage.kinds
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1")


def test_a_sensor_that_sees_nothing_is_told_to_the_person_who_knows_better(stage: DutyStage) -> None:
    """It informs, it does not veto: open again, it is in, or it is not."""
    door = stage.scans("A1")
    stage.springs(door)
    stage.tell(DoorSeen(door, False, occupied=False))
    assert stage.screen.name == "duty_not_seen" and "loaded" not in stage.kinds
    stage.tap("open_again")
    stage.springs(door)
    stage.tell(DoorSeen(door, False, occupied=False))
    stage.tap("it_is_in")
    assert stage.lies(door) == (Custody.HOLDING, b"A1")
    second = stage.scans("A2")
    stage.springs(second)
    stage.tell(DoorSeen(second, False, occupied=False))
    stage.tap("it_is_not")
    assert stage.lies(second) == EMPTY and stage.last("load_given_up")["why"] == "not_in"


def test_nothing_lapses_about_which_somebody_is_being_asked(stage: DutyStage) -> None:
    """A minute's thought at the question, longer than any check of old claims: "it is in", and the door is in service.

    It lapsed meanwhile, and the envelope lay behind a door that stayed out of service. Found by reading.
    """
    door = stage.scans("A1")
    stage.springs(door)
    stage.tell(DoorSeen(door, False, occupied=False))
    stage.wait(90_000)
    assert stage.screen.name == "duty_not_seen"
    stage.tap("it_is_in")
    assert stage.lies(door) == (Custody.HOLDING, b"A1") and "lapsed" not in stage.kinds
    assert stage.cabinet.rooms[door].in_service


@pytest.mark.parametrize("how", ["goes away", "own code"])
def test_whoever_does_not_answer_leaves_the_question_open(stage: DutyStage, how: str) -> None:
    """Gone, or back at the menu by their own code: the door is out of service at once, and offered to be settled."""
    stage.tap("back")
    stage.tap("finish")
    badge = stage.on_duty()
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.tell(DoorSeen(door, False, occupied=False))
    stage.wait(stage.cfg.staff.present_s * 1000 if how == "goes away" else 1000)
    stage.scan(badge)
    assert stage.screen.offers[0] == "settle" and "lapsed" not in stage.kinds
    changed = stage.last("service_changed")
    assert (changed["door"], changed["reason"], changed["by"]) == (door, "unsettled", "staff-7")
    assert stage.lies(door) == EMPTY
    stage.tap("settle")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("it_is_in")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1") and stage.cabinet.rooms[door].in_service


def test_a_jammed_door_gets_nothing_and_the_label_again_opens_another(stage: DutyStage) -> None:
    """Three pulses, a ticket; the envelope is still in the person's hands."""
    door = stage.scans("A1")
    stage.wait(20_000)
    assert stage.cabinet.rooms[door].state is DoorState.JAMMED and stage.lies(door) == EMPTY
    assert stage.last("load_given_up")["why"] == "jammed"
    stage.wait(20_000)
    assert stage.screen.name == "duty_label"
    other = stage.scans("A1")
    assert other not in (0, door)
    stage.goes(other)
    assert stage.lies(other) == (Custody.HOLDING, b"A1")


def test_left_open_and_shut_by_somebody_else_it_is_asked_later(stage: DutyStage) -> None:
    """Nobody knows whether it lies there: out of service, nobody's, and the next person is offered a look."""
    door = stage.scans("A1")
    stage.springs(door)
    stage.wait(stage.cfg.visit.alarm_ms + stage.cfg.staff.present_s * 1000 + 1)
    assert not stage.cabinet.duty.present
    stage.shuts(door)
    room = stage.cabinet.rooms[door]
    assert (room.custody, room.in_service, room.reason) == (Custody.EMPTY, False, "unsettled")
    assert "loaded" not in stage.kinds
    stage.on_duty("min")
    assert stage.screen.offers[0] == "settle"
    stage.tap("settle")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("it_is_in")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"A1") and room.in_service
    assert (stage.last("loaded")["by"], stage.last("loaded")["order"]) == ("min", b"A1".hex())


@pytest.mark.parametrize("answer", ["it_is_in", "it_is_not"])
@pytest.mark.parametrize("seen", ["pulsed", "open", "shut"])
def test_a_power_cut_in_the_middle_of_a_load(stage: DutyStage, seen: str, answer: str) -> None:
    """Nothing opens at the start; what was not seen is not believed; staff scan again and are offered the look."""
    badge = stage.badge()
    stage.scan(badge)
    stage.tap("load")
    door = stage.scans("A1")
    if seen != "pulsed":
        stage.springs(door)
    stage.crash(open_doors=(door,) if seen == "open" else ())
    assert stage.pulses == [] and stage.last("duty_ended")["why"] == "restart"
    assert "loaded" not in stage.kinds
    if seen == "open":
        stage.shuts(door)
    stage.wait(1000)
    stage.scan(badge)
    assert stage.screen.offers[0] == "settle", stage.screen
    assert (stage.lies(door), stage.cabinet.rooms[door].reason) == (EMPTY, "unsettled")
    stage.tap("settle")
    assert stage.screen.rows[0].item == b"A1".hex()
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.shuts(door)
    assert stage.screen.name == "duty_is_it_in"
    stage.tap(answer)
    there = answer == "it_is_in"
    assert stage.lies(door) == ((Custody.HOLDING, b"A1") if there else EMPTY)
    assert stage.cabinet.rooms[door].in_service and stage.cabinet.duty.books.questions() == []
    stage.tap("back")
    assert "settle" not in stage.screen.offers


def test_a_power_cut_after_a_load_leaves_it_loaded(stage: DutyStage) -> None:
    """What was seen shut is on the disk, with its number; there is nothing to settle."""
    door = stage.loaded("A1")
    load = stage.last("loaded")["load"]
    stage.crash()
    assert stage.lies(door) == (Custody.HOLDING, b"A1") and stage.cabinet.rooms[door].load == load
    stage.on_duty()
    assert "settle" not in stage.screen.offers


def test_a_full_cabinet_says_so(tmp_path: Path) -> None:
    """Nothing free: the reason on the label's screen, and no opening."""
    stage = DutyStage(tmp_path, a_config(doors=1, invite=None))
    stage.on_duty()
    stage.tap("load")
    stage.loaded("A1")
    assert stage.scans("A2") == 0
    assert (stage.screen.reason, stage.state) == ("nothing_free", DutyState.LABELLING)


def test_papers_of_the_same_order_are_no_obstacle(tmp_path: Path) -> None:
    """The resident's own papers lie here under that order: the certificate gets a compartment of its own."""
    stage = DutyStage(tmp_path)
    first = stage.stored("A1")
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    assert door != first
    assert [stage.cabinet.rooms[d].kind for d in (first, door)] == [Kind.SUBMISSION, Kind.CERTIFICATE]


def test_a_log_without_room_takes_no_load(stage: DutyStage) -> None:
    """What cannot be told is not done."""
    stage.cabinet.log_full = True
    assert stage.scans("A1") == 0
    assert stage.screen.reason == "log_full" and stage.pulses == []
