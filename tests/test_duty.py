"""Staff at work: how a duty begins, whose it is, what ends it, and under which authority each of its doors opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from rooted_stage import RootedStage, a_list
from stage import STRANGER

from locker.duty import opening_id
from locker.labels import Label, encode
from locker.machine import DutyState
from locker.model import Custody, DoorSeen, Purpose, Quality, Refusal, Scanned, Show, Touched, Typed


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """A cabinet of six free compartments."""
    return DutyStage(tmp_path)


# --- beginning ------------------------------------------------------------------------------------


def test_a_staff_code_without_a_door_begins_a_duty_and_opens_nothing(stage: DutyStage) -> None:
    """What to do is asked; the token is on the disk, claimed for no door, unspent."""
    badge = stage.on_duty()
    assert stage.pulses == [] and badge
    row = stage.store.load().tokens[-1]
    assert (row.door, row.order, row.purpose, row.spent) == (0, b"", Purpose.STAFF, False)
    assert stage.last("duty_started") | {"by": "staff-7", "again": False} == stage.last("duty_started")


def test_a_label_without_staff_opens_nothing_and_says_so(stage: DutyStage) -> None:
    """An envelope found in the street is no key."""
    assert stage.scans("A1") == 0
    assert (stage.screen.name, stage.screen.reason) == ("refused", "label_idle")
    assert stage.last("denied")["reason"] == "label_idle" and stage.pulses == []


@pytest.mark.parametrize("why", ["stranger", "expired", "technician", "network"])
def test_nobody_else_begins_a_duty(stage: DutyStage, why: str) -> None:
    """A key of nobody's, an old code, a technician's without a door, and a grant over the network begin none."""
    seconds = stage.wall_ms // 1000
    if why == "network":
        assert stage.command(grant=stage.badge())["reason"] == Refusal.DOOR_NEEDED.value
    elif why == "stranger":
        stage.scan(stage.badge(key=STRANGER))
    elif why == "expired":
        stage.scan(stage.badge(iat=seconds - 7200, exp=seconds - 3600))
    else:
        stage.scan(stage.token(Purpose.TECHNICIAN))
    assert not stage.cabinet.duty.present and "duty_started" not in stage.kinds


# --- the authority of an opening ------------------------------------------------------------------


def test_each_opening_has_an_id_of_its_own_claimed_before_its_pulse_and_spent_when_seen_open(stage: DutyStage) -> None:
    """One row on the disk an opening, made of the token's id and a number; never the same twice (invariants 1, 3)."""
    badge = stage.on_duty()
    token = stage.cabinet.duty.fields()["cti"]
    stage.tap("load")
    first = stage.scans("A1")
    rows = {row.cti: row for row in stage.store.load().tokens}
    claimed = rows[opening_id(bytes.fromhex(token), 0)]
    assert (claimed.door, claimed.order, claimed.spent) == (first, b"A1", False)
    stage.springs(first)
    assert {row.cti: row for row in stage.store.load().tokens}[claimed.cti].spent
    stage.shuts(first)
    stage.loaded("A2")
    ids = [event["data"]["cti"] for event in stage.log if event["type"] == "granted"]
    assert ids == [opening_id(bytes.fromhex(token), number).hex() for number in (0, 1)]
    stage.crash()
    stage.scan(badge)
    stage.tap("load")
    stage.loaded("A3")
    assert stage.last("granted")["cti"] == opening_id(bytes.fromhex(token), 2).hex()


def test_every_event_at_a_door_names_the_person_the_duty_and_the_task(stage: DutyStage) -> None:
    """Granted, opened, shut, loaded: by whom, in which duty, what for (invariant 2)."""
    stage.on_duty()
    seq = stage.store.last_seq()
    stage.tap("load")
    stage.loaded("A1")
    events = [event for event in stage.log if event["seq"] > seq]
    assert [event["type"] for event in events] == ["granted", "opened", "shut", "visit_ended", "loaded"]
    assert {event["data"]["by"] for event in events} == {"staff-7"}
    assert {event["data"]["task"] for event in events} == {"load"}
    assert len({event["data"]["duty"] for event in events}) == 1


def test_an_id_of_an_opening_is_no_code(stage: DutyStage) -> None:
    """What the log says of an opening cannot be shown to the scanner."""
    stage.on_duty()
    stage.tap("load")
    stage.loaded("A1")
    stage.scan(stage.last("granted")["cti"])
    assert stage.last("denied")["reason"] == "label_unknown"


def test_a_code_that_is_revoked_in_its_duty_opens_nothing_more(tmp_path: Path) -> None:
    """The list arrives while a door is open: that one is shut and counts; the next label ends the duty."""
    stage = RootedStage(tmp_path)
    stage.scan(stage.token(Purpose.STAFF))
    stage.touch("load")
    door = stage.scan(encode(Label(b"A1")))
    stage.opens(door)
    stage.arrives("revoked", a_list(1, bytes.fromhex(stage.last("duty_started")["cti"])))
    stage.shuts(door)
    assert stage.last("loaded")["door"] == door
    assert stage.scan(encode(Label(b"A2"))) == 0
    assert (stage.screen.name, stage.screen.reason) == ("refused", "revoked")
    assert stage.last("duty_ended")["why"] == "revoked" and stage.pulses == [door]
    assert stage.last("denied")["reason"] == "revoked"


# --- ending ---------------------------------------------------------------------------------------


def test_ended_by_hand_the_code_is_spent(stage: DutyStage) -> None:
    """A photograph of it is worth nothing any more; what was done is in the last event."""
    badge = stage.on_duty()
    stage.tap("load")
    stage.loaded("A1")
    stage.tap("back")
    stage.tap("finish")
    ended = stage.last("duty_ended")
    assert (ended["why"], ended["loaded"], ended["by"]) == ("finished", 1, "staff-7")
    assert stage.screen.name == "idle"
    stage.scan(badge)
    assert stage.refused(Refusal.SPENT) and not stage.cabinet.duty.present


def test_it_ends_by_itself_and_can_be_taken_up_with_the_same_code(stage: DutyStage) -> None:
    """Nothing done for ``staff.present_s``: the screen says how long, then it is over; the code is still good."""
    badge = stage.on_duty()
    assert stage.screen.remaining_ms == stage.cfg.staff.present_s * 1000
    stage.wait(stage.cfg.staff.present_s * 1000 - 1)
    assert stage.cabinet.duty.present
    stage.wait(1)
    assert stage.last("duty_ended")["why"] == "inactive" and stage.screen.name == "idle"
    stage.scan(badge)
    assert stage.last("duty_started")["again"] is True and stage.screen.name == "duty_menu"


def test_the_screens_own_button_gives_more_time(stage: DutyStage) -> None:
    """More time asked for on this page begins the wait anew; on an older one, or with nobody at work, it is void."""
    stage.tell(Touched("more", stage.screen.number))
    assert stage.screen.name == "idle"
    stage.on_duty()
    stage.wait(stage.cfg.staff.present_s * 1000 - 1)
    stage.tell(Touched("more", stage.screen.number))
    assert stage.screen.name == "duty_menu" and stage.screen.remaining_ms == stage.cfg.staff.present_s * 1000
    stage.wait(stage.cfg.staff.present_s * 1000 - 1)
    stage.tell(Touched("more", stage.screen.number - 1))
    stage.wait(1)
    assert stage.last("duty_ended")["why"] == "inactive"


def test_it_does_not_end_by_itself_with_a_door_open(stage: DutyStage) -> None:
    """An open door is somebody's business until it is shut or the alarm has called for others."""
    stage.on_duty()
    stage.tap("load")
    stage.springs(stage.scans("A1"))
    stage.wait(stage.cfg.visit.alarm_ms - 1)
    assert stage.cabinet.duty.present
    stage.wait(1)
    assert stage.last("alarm_open")["by"] == "staff-7"
    stage.wait(stage.cfg.staff.present_s * 1000)
    assert stage.last("duty_ended")["why"] == "inactive"


def test_handed_over_it_is_the_next_persons(stage: DutyStage) -> None:
    """Their code at the scanner; the first one's is spent, and every event from then on has the new name."""
    badge = stage.on_duty("fang")
    stage.tap("hand_over")
    assert stage.screen.name == "duty_hand_over"
    stage.scan(stage.badge("min"))
    assert [event["data"]["by"] for event in stage.log if event["type"] == "duty_started"] == ["fang", "min"]
    assert (stage.last("duty_ended")["by"], stage.last("duty_ended")["why"]) == ("fang", "handed_over")
    stage.tap("load")
    stage.loaded("A1")
    assert stage.last("loaded")["by"] == "min"
    stage.scan(badge)
    assert stage.refused(Refusal.SPENT) and stage.cabinet.duty.by == "min"


def test_nobody_takes_over_while_a_door_is_open(stage: DutyStage) -> None:
    """First the door is shut by whoever opened it."""
    stage.on_duty("fang")
    stage.tap("load")
    door = stage.scans("A1")
    stage.springs(door)
    stage.scan(stage.badge("min"))
    assert stage.refused(Refusal.BUSY) and stage.cabinet.duty.by == "fang"
    stage.shuts(door)
    assert stage.last("loaded")["by"] == "fang"


def test_ones_own_code_again_leads_back_to_the_menu(stage: DutyStage) -> None:
    """Nothing begins anew by that, and nothing is spent."""
    badge = stage.on_duty()
    stage.tap("load")
    stage.scan(badge)
    assert stage.screen.name == "duty_menu" and stage.kinds.count("duty_started") == 1


# --- residents meanwhile --------------------------------------------------------------------------


def test_a_residents_code_ends_a_duty_that_waits_at_its_menu(stage: DutyStage) -> None:
    """Staff have nothing under way, somebody stands there with a code: the resident is served, staff scan again."""
    badge = stage.on_duty()
    door = stage.scan(stage.deposit("R1"))
    assert door and stage.last("duty_ended")["why"] == "next_person"
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    stage.scan(badge)
    assert stage.screen.name == "duty_menu"


def test_in_the_middle_of_a_task_a_resident_is_told_to_wait(stage: DutyStage) -> None:
    """The task stays, its screen says that somebody was refused, and the resident's code is as good as before."""
    stage.on_duty()
    stage.tap("load")
    code = stage.deposit("R1")
    assert stage.scan(code) == 0
    assert stage.refused(Refusal.STAFF_AT_WORK)
    assert (stage.screen.name, stage.screen.reason) == ("duty_label", "staff_at_work")
    door = stage.scans("A1")
    assert stage.scan(code) == door, "the visit under way is staff's"
    assert stage.refused(Refusal.BUSY)
    stage.goes(door)
    stage.tap("back")
    assert stage.scan(code) not in (0, door)


def test_a_code_that_would_be_refused_anyway_ends_no_duty(stage: DutyStage) -> None:
    """Only a code that opens a door is a reason to interrupt somebody's work."""
    stage.on_duty()
    stage.scan(stage.collect("NOT-HERE"))
    assert stage.refused(Refusal.UNKNOWN_ORDER) and stage.cabinet.duty.present
    assert stage.screen.name == "duty_menu"


def test_a_grant_over_the_network_ends_no_duty(stage: DutyStage) -> None:
    """Somebody far away does not take the screen from somebody who stands there."""
    stage.on_duty()
    answer = stage.command(grant=stage.token(Purpose.STAFF, door=3, sub="far"))
    assert answer["reason"] == Refusal.STAFF_AT_WORK.value and stage.cabinet.duty.present


# --- the screen -----------------------------------------------------------------------------------


def test_late_touches_and_typed_numbers_are_void(stage: DutyStage) -> None:
    """A button or a number counts on the screen that it was on, and only where it is offered there."""
    stage.on_duty()
    menu = stage.screen.number
    stage.tap("service")
    for event in (Touched("load", menu), Touched("door:99", stage.screen.number), Typed("3", menu), Typed("77", 10**6)):
        stage.tell(event)
    assert stage.screen.name == "duty_service" and stage.state is DutyState.LISTING
    stage.tell(Typed("03", stage.screen.number))
    assert (stage.screen.name, stage.screen.door) == ("duty_why_service", 3)


def test_no_screen_shows_a_name_or_a_whole_order(stage: DutyStage) -> None:
    """A passer-by learns nothing: marks of four digits, no person, whatever is shown."""
    stage.on_duty("王芳")
    stage.tap("load")
    stage.loaded("ORDER-0042")
    stage.tap("back")
    for button in ("status", "audit", "by_hand", "reassign", "service"):
        stage.tap(button)
        stage.tap("back")
    shown = [repr(act) for act in stage.acts if isinstance(act, Show)]
    assert not [text for text in shown if "王芳" in text or "ORDER" in text or b"ORDER-0042".hex() in text]
    assert any("3432" in text for text in shown)


def test_it_works_without_a_clock_and_without_a_cloud(tmp_path: Path) -> None:
    """Quality ``floor``, no network: staff's code of a day is good, and loading needs nothing else."""
    stage = DutyStage(tmp_path)
    stage.quality = Quality.FLOOR
    stage.crash()
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded("A1")
    assert stage.lies(door) == (Custody.HOLDING, b"A1")


def test_a_board_that_falls_silent_and_returns_leaves_the_duty_its_screen(stage: DutyStage) -> None:
    """Doors out of sight are refused with the reason; when they are back it goes on."""
    stage.on_duty()
    stage.tap("load")
    stage.silence()
    assert stage.scans("A1") == 0
    assert stage.screen.reason == "nothing_free" and stage.screen.name == "duty_label"
    stage.power_up()
    assert stage.screen.name == "duty_label"
    stage.loaded("A1")


def test_a_held_label_is_one_showing(stage: DutyStage) -> None:
    """The scanner reads it ten times a second; one door opens."""
    stage.on_duty()
    stage.tap("load")
    text = stage.label("A1").encode()
    for _ in range(10):
        stage.tell(Scanned(text))
        stage.wait(100)
    assert len(stage.pulses) == 1
    stage.tell(DoorSeen(stage.pulses[0], True, fresh=True))
    stage.scan(text)
    assert stage.screen.name == "duty_put_in" and stage.kinds.count("denied") == 0
