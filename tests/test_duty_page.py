"""The page of staff at work follows what it shows, and a door's printed code is the touch of that door."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from stage import AUD

from locker import door_labels
from locker.model import LinkDown, Refusal, Show, Touched


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """A cabinet of six free compartments."""
    return DutyStage(tmp_path)


def shows(stage: DutyStage) -> int:
    """How often something was put on the screen."""
    return sum(isinstance(act, Show) for act in stage.acts)


def test_a_page_follows_what_it_shows_under_the_same_number(stage: DutyStage) -> None:
    """A door that is opened and shut elsewhere while the list stands: its row follows, and no touch becomes void."""
    stage.on_duty()
    stage.tap("service")
    number, before = stage.screen.number, shows(stage)
    assert {row.state for row in stage.screen.rows} == {"closed"}
    stage.opens(3)
    row = next(row for row in stage.screen.rows if row.door == 3)
    assert (row.state, row.in_service, stage.screen.number) == ("forced", False, number)
    assert stage.screen.facts["out"] == 1
    stage.shuts(3)
    assert next(row for row in stage.screen.rows if row.door == 3).state == "closed"
    assert stage.screen.number == number and shows(stage) == before + 2
    stage.tell(Touched("door:4", number))
    assert (stage.screen.name, stage.screen.door) == ("duty_why_service", 4)


def test_a_page_whose_buttons_change_has_a_new_number(stage: DutyStage) -> None:
    """Nothing is to be handed out any more by the menu's button: it goes, and an older touch is void."""
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    stage.tap("back")
    number = stage.screen.number
    assert "by_hand" in stage.screen.offers
    stage.cabinet.rooms[door].release()
    stage.wait(1000)
    stage.opens(5 if door != 5 else 6)
    assert "by_hand" not in stage.screen.offers and stage.screen.number > number
    stage.tell(Touched("audit", number))
    assert stage.screen.name == "duty_menu"


def test_what_covers_a_page_stays_and_a_page_that_says_the_same_is_not_sent_again(stage: DutyStage) -> None:
    """A wrong door's warning is not wiped away by the next reading; a step that changes nothing shows nothing."""
    stage.on_duty()
    stage.tap("status")
    shown = shows(stage)
    stage.wait(5000)
    stage.tell(LinkDown("gone"))
    assert shows(stage) == shown
    stage.tap("back")
    stage.opens(3)
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.shuts(3)
    assert (stage.screen.name, stage.screen.facts) == ("duty_wrong_door", {"other": 3})
    stage.wait(3000)
    assert stage.screen.name == "duty_wrong_door"


def test_a_doors_printed_code_is_its_button(stage: DutyStage) -> None:
    """Where a list is shown it chooses that door; another cabinet's, or where none is to be chosen, is refused."""
    stage.on_duty()
    stage.scan(door_labels.encode(AUD, 3))
    assert stage.last("denied")["reason"] == "door_code" and stage.last("denied")["by"] == "staff-7"
    assert (stage.screen.name, stage.screen.reason) == ("duty_menu", "door_code")
    stage.tap("service")
    stage.scan(door_labels.encode("gate-2", 3))
    assert (stage.screen.name, stage.screen.reason) == ("duty_service", "door_code")
    assert "gate-2" in stage.last("denied")["detail"]
    stage.scan(door_labels.encode(AUD, 3))
    assert (stage.screen.name, stage.screen.door) == ("duty_why_service", 3) and stage.pulses == []


def test_a_doors_printed_code_audits_that_door_and_hands_out_what_lies_there(stage: DutyStage) -> None:
    """In the audit and in opening by hand a scan is the touch of that door, and opens as that touch would."""
    stage.on_duty()
    stage.tap("load")
    held = stage.loaded("A1")
    stage.tap("back")
    stage.tap("audit")
    stage.scan(door_labels.encode(AUD, 4))
    stage.springs(4)
    assert stage.last("granted")["task"] == "audit" and stage.pulses[-1] == 4
    stage.scan(door_labels.encode(AUD, 5))
    assert stage.last("denied")["reason"] == "busy" and 5 not in stage.pulses
    assert (stage.screen.door, stage.screen.reason) == (4, "busy")
    stage.tap("as_listed")
    stage.shuts(4)
    stage.tap("back")
    stage.tap("by_hand")
    stage.scan(door_labels.encode(AUD, held))
    assert (stage.screen.name, stage.screen.door) == ("duty_why_hand", held)
    stage.tap("why:code_lost")
    stage.springs(held)
    assert stage.last("granted")["task"] == "by_hand:code_lost"


def test_without_staff_at_work_a_doors_printed_code_opens_nothing_and_says_why(stage: DutyStage) -> None:
    """Nobody's authority: refused by its own reason, before a duty, after it, and while a resident's door is open."""
    code = door_labels.encode(AUD, 3)
    stage.scan(code)
    assert stage.refused(Refusal.DOOR_CODE) and stage.last("denied")["reason"] == "door_code"
    stage.on_duty()
    stage.tap("finish")
    stage.wait(60_000)
    stage.scan(code)
    assert stage.refused(Refusal.DOOR_CODE) and stage.pulses == []
    stage.wait(60_000)
    door = stage.scan(stage.deposit("A9"))
    stage.opens(door)
    stage.scan(code)
    assert stage.pulses == [door] and stage.screen.reason == "door_code"


def test_the_reminder_at_an_open_door_leaves_the_buttons_of_the_step(stage: DutyStage) -> None:
    """After a minute the screen says that the door is open; it can still be a larger one, or not put in at all.

    The buttons were gone, and pushing the door shut counted as loaded. Found by reading.
    """
    stage.on_duty()
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    buttons = stage.screen.offers
    stage.wait(stage.cfg.visit.reminder_ms)
    assert (stage.screen.name, stage.screen.door, stage.screen.offers) == ("left_open", door, buttons)
    assert stage.last("left_open")["door"] == door and "not_in" in buttons
    stage.wait(1000)
    assert stage.screen.name == "left_open"
    stage.tap("not_in")
    assert stage.screen.name == "duty_empty_first"
    stage.shuts(door)
    assert stage.screen.name == "duty_label" and "loaded" not in stage.kinds
    assert stage.cabinet.rooms[door].free


def test_a_door_of_a_round_can_be_answered_after_the_reminder(stage: DutyStage) -> None:
    """The answer, and the next door: as if it had been given at once."""
    stage.on_duty()
    stage.tap("audit")
    stage.tap("start")
    stage.springs(1)
    stage.wait(stage.cfg.visit.reminder_ms)
    assert stage.screen.name == "left_open"
    stage.tap("as_listed")
    assert stage.screen.name == "duty_shut"
    stage.shuts(1)
    stage.springs(2)


def test_a_resident_s_reminder_has_no_buttons(stage: DutyStage) -> None:
    """As ever: there is nothing to do but to push it shut."""
    stage.opens(stage.scan(stage.deposit("R1")))
    stage.wait(stage.cfg.visit.reminder_ms)
    assert (stage.screen.name, stage.screen.offers) == ("left_open", ())
