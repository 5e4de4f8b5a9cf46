"""A duty whose code runs out while its person works: what stands open comes to its end, nothing opens after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from stage import AUD

from locker import door_labels
from locker.authority.clock import LEEWAY_S
from locker.model import Custody, Touched

EMPTY = (Custody.EMPTY, b"")
LEFT_S = 60


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments, all free."""
    return DutyStage(tmp_path)


def begins(stage: DutyStage) -> None:
    """Somebody begins with the last minute of a code."""
    seconds = stage.wall_ms // 1000
    stage.scan(stage.badge(iat=seconds - 3600, exp=seconds - LEEWAY_S + LEFT_S))
    assert stage.screen.name == "duty_menu"


def runs_out(stage: DutyStage) -> None:
    """That minute passes."""
    stage.wait(LEFT_S * 1000)
    assert stage.cabinet.duty.present


def is_over(stage: DutyStage) -> None:
    """The duty ended for its code: said on the screen, and the no is an event with the person's name, once."""
    denied, ended = stage.last("denied"), stage.last("duty_ended")
    assert (denied["reason"], denied["by"], ended["why"]) == ("expired", "staff-7", "expired")
    assert (stage.screen.name, stage.screen.reason) == ("refused", "expired")
    assert stage.kinds.count("denied") == 1 and not stage.cabinet.duty.present
    pulses = list(stage.pulses)
    stage.wait(60_000)
    assert stage.pulses == pulses and stage.screen.name == "idle"


@pytest.mark.parametrize("what", ["label", "door code", "button", "more time"])
def test_whatever_is_done_then_ends_it_with_the_reason(stage: DutyStage, what: str) -> None:
    """A label, a door's code, a button, more time asked for: each is refused, by an event, and the duty is over."""
    begins(stage)
    stage.tap("load" if what == "label" else "audit")
    runs_out(stage)
    if what == "label":
        assert stage.scans("A1") == 0
    elif what == "door code":
        stage.scan(door_labels.encode(AUD, 3))
    else:
        stage.tell(Touched("more" if what == "more time" else "start", stage.screen.number))
    is_over(stage)
    assert stage.pulses == []


def test_labels_do_not_prolong_it(stage: DutyStage) -> None:
    """One after the other for as long as they like: the first that comes too late ends it."""
    begins(stage)
    stage.tap("load")
    for _ in range(10):
        stage.wait(LEFT_S * 250)
        stage.scan("NO-LABEL-OF-OURS")
    ended = [event["data"]["reason"] for event in stage.log if event["type"] == "denied"]
    assert ended[:4] == ["label_unknown"] * 3 + ["expired"], ended
    assert stage.last("duty_ended")["why"] == "expired"


def test_the_answer_at_an_open_door_counts_and_the_next_door_stays_shut(stage: DutyStage) -> None:
    """What was taken out is out of the books; the rest of the round waits for the next code."""
    first = stage.stored("R1")
    stage.wait(61_000)
    second = stage.stored("R2")
    stage.wait(61_000)
    begins(stage)
    stage.tap("take_out")
    stage.tap("start")
    stage.springs(first)
    stage.tap("took_out")
    runs_out(stage)
    stage.shuts(first)
    assert stage.lies(first) == EMPTY and stage.lies(second) == (Custody.HOLDING, b"R2")
    assert stage.last("taken_out")["door"] == first
    is_over(stage)
    begins(stage)
    assert stage.screen.offers[0] == "go_on"
    stage.tap("go_on")
    stage.springs(second)


def test_an_answer_that_was_missing_counts_when_the_code_has_run_out(stage: DutyStage) -> None:
    """The door is shut, the question stands: what was handed out is out of the books, and then the duty is over."""
    door = stage.stored("R1")
    stage.wait(61_000)
    begins(stage)
    for button in ("by_hand", f"door:{door}", "why:code_lost"):
        stage.tap(button)
    stage.goes(door)
    assert stage.screen.name == "duty_handed"
    runs_out(stage)
    stage.tap("handed_out")
    assert stage.lies(door) == EMPTY and stage.last("handed_out")["door"] == door
    is_over(stage)


def test_no_larger_door_opens_for_an_envelope_that_did_not_fit(stage: DutyStage) -> None:
    """It is in the person's hands, the door that was too small is free again, and nothing is left to be settled."""
    begins(stage)
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.tap("larger")
    runs_out(stage)
    stage.shuts(door)
    is_over(stage)
    assert stage.last("load_given_up")["why"] == "larger" and stage.cabinet.rooms[door].free
    assert stage.cabinet.duty.books.memory.questions == {}


def test_what_was_put_in_is_loaded_and_what_was_taken_out_to_be_moved_is_in_hands(stage: DutyStage) -> None:
    """The books say what is true: the envelope is in; moved, it is in nobody's compartment, and can be loaded anew."""
    begins(stage)
    stage.tap("load")
    old = stage.loaded("A1")
    stage.tap("back")
    for button in ("reassign", f"door:{old}", "to:any"):
        stage.tap(button)
    stage.springs(old)
    stage.tap("took_out")
    runs_out(stage)
    stage.shuts(old)
    is_over(stage)
    assert (stage.lies(old), stage.last("taken_out")["why"]) == (EMPTY, "reassign")
    assert all(room.free for room in stage.cabinet.rooms.values())
    begins(stage)
    stage.tap("load")
    stage.loaded("A1")
