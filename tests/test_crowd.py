"""More than one person, more than one reading: the first visit is never harmed, and floods are limited and counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage, a_config

from locker.machine import VisitState
from locker.model import Custody, PortLost, Purpose, Refusal, Scanned, Touched
from locker.reception import REFUSALS_MINUTE_MAX


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments."""
    return Stage(tmp_path)


@pytest.mark.parametrize("moment", ["opening", "open", "emptying"])
def test_a_code_shown_during_anothers_visit_is_refused_and_harms_nothing(stage: Stage, moment: str) -> None:
    """Busy is said on the first person's screen, whose buttons stay good; the second code stays unused."""
    first, second = stage.deposit("A1"), stage.deposit("B2")
    door = stage.scan(first)
    if moment != "opening":
        stage.opens(door)
    if moment == "emptying":
        stage.touch("larger")
    before, number = stage.cabinet.visit.state, stage.screen.number
    stage.tell(Scanned(second.encode()))
    assert stage.refused(Refusal.BUSY)
    assert (stage.screen.reason, stage.screen.number) == ("busy", number)
    assert (stage.cabinet.visit.state, stage.cabinet.visit.door, stage.pulses) == (before, door, [door])
    stage.opens(door)
    stage.shuts(door)
    stage.wait(61_000)
    stage.power_up()
    assert stage.scan(second) != 0


def test_a_valid_code_takes_over_from_somebody_who_has_shut_their_door(stage: Stage) -> None:
    """The offer to reopen does not keep the next person waiting; the first one's papers are held."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    assert stage.cabinet.visit.state is VisitState.OFFERING
    other = stage.scan(stage.deposit("B2"))
    assert other not in (0, door)
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING
    assert stage.cabinet.rooms[door].errand is None
    assert stage.last("visit_ended")["why"] == "next_person"


@pytest.mark.parametrize("nonsense", ["https://example.org", "LK1:", "spent", "unknown"])
def test_a_bad_code_takes_nothing_over(stage: Stage, nonsense: str) -> None:
    """Somebody else's nonsense ends nobody's offer to reopen."""
    token = stage.deposit("A1")
    door = stage.stored("S1", cti=b"spent-spent-spen")
    door = stage.scan(token)
    stage.opens(door)
    stage.shuts(door)
    known = {"spent": stage.deposit("S1", cti=b"spent-spent-spen"), "unknown": stage.collect("Z9")}
    stage.scan(known.get(nonsense, nonsense))
    assert (stage.cabinet.visit.state, stage.cabinet.visit.door) == (VisitState.OFFERING, door)
    assert "reopen" in stage.screen.offers
    stage.touch("reopen")
    assert stage.cabinet.visit.state is VisitState.OPENING


def test_a_code_held_to_the_scanner_is_one_showing(stage: Stage) -> None:
    """A scanner repeats a code every second while it is held there: one visit, one pulse, no refusal."""
    token = stage.deposit().encode()
    for _ in range(20):
        stage.tell(Scanned(token))
        stage.wait(1000)
    assert stage.kinds.count("granted") == 1
    assert "denied" not in stage.kinds


def test_nonsense_held_to_the_scanner_is_one_refusal(stage: Stage) -> None:
    """The same unreadable thing again and again is said once."""
    for _ in range(10):
        stage.tell(Scanned(b"https://example.org"))
        stage.wait(1000)
    assert stage.kinds.count("denied") == 1


def test_a_code_shown_again_while_its_door_is_open_changes_nothing(stage: Stage) -> None:
    """The same person shows it again: no second pulse, no refusal."""
    token = stage.deposit()
    door = stage.scan(token)
    stage.opens(door)
    assert stage.scan(token) == door
    assert stage.pulses == [door]
    assert "denied" not in stage.kinds


def test_two_codes_in_one_reading_open_nothing(stage: Stage) -> None:
    """Which of them was meant nobody knows; each by itself is still good."""
    first, second = stage.deposit("A1"), stage.deposit("B2")
    assert stage.scan(first + second) == 0
    assert stage.refused(Refusal.TWO_CODES)
    assert stage.pulses == []
    assert stage.scan(first) != 0


def test_a_late_touch_on_an_old_screen_is_void(stage: Stage) -> None:
    """A finger that comes down just after the screen has changed presses nothing."""
    door = stage.scan(stage.deposit())
    stage.opens(door)
    old = stage.screen
    assert "nothing" in old.offers
    stage.shuts(door)
    stage.tell(Touched("nothing", old.number))
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING
    assert stage.cabinet.visit.state is VisitState.OFFERING


@pytest.mark.parametrize("button", ["took_out", "open_all", "", "reopen"])
def test_a_button_that_the_screen_does_not_offer_is_void(stage: Stage, button: str) -> None:
    """The right number does not make a button that is not there."""
    door = stage.scan(stage.deposit())
    stage.opens(door)
    stage.tell(Touched(button, stage.screen.number))
    assert (stage.cabinet.visit.state, stage.pulses) == (VisitState.OPEN, [door])


def test_a_touch_with_nobody_there_is_void(stage: Stage) -> None:
    """The idle screen has no buttons."""
    stage.tell(Touched("done", stage.screen.number))
    assert stage.screen.name == "idle"


def test_a_flood_of_refusals_is_limited_and_counted(stage: Stage) -> None:
    """Sixty a minute are logged one by one, the rest as one number (invariant 9); the next minute logs again."""
    flood = REFUSALS_MINUTE_MAX + 25
    for n in range(flood):
        stage.tell(Scanned(b"nonsense %d" % n))
    assert stage.kinds.count("denied") == REFUSALS_MINUTE_MAX
    assert "suppressed" not in stage.kinds
    stage.wait(60_000)
    assert stage.last("suppressed")["count"] == 25
    stage.wait(600_000)
    assert stage.kinds.count("suppressed") == 1
    stage.scan("nonsense again")
    assert stage.kinds.count("denied") == REFUSALS_MINUTE_MAX + 1


def test_a_flood_does_not_keep_a_good_code_out(stage: Stage) -> None:
    """Refusals are limited in the log, never people at the door."""
    for n in range(REFUSALS_MINUTE_MAX * 2):
        stage.tell(Scanned(b"nonsense %d" % n))
    assert stage.scan(stage.deposit()) != 0
    assert stage.kinds[-1] == "granted"


def test_staff_take_over_too(tmp_path: Path) -> None:
    """A staff code at the same door, just shut: the resident's visit is complete, staff's begins."""
    stage = Stage(tmp_path, a_config(doors=2))
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    assert stage.scan(stage.token(Purpose.STAFF, door=door)) == door
    stage.opens(door)
    stage.shuts(door)
    assert stage.screen.name == "staff_question"
    stage.touch("took_out")
    assert stage.cabinet.rooms[door].custody is Custody.EMPTY


def test_a_loose_plug_fills_no_log_and_hides_no_refusal(tmp_path: Path) -> None:
    """A port that comes and goes is logged at most 60 times a minute, and refusals have a count of their own."""
    stage = Stage(tmp_path)
    for _ in range(200):
        stage.tell(PortLost("main", "x" * 10_000))
    assert stage.kinds.count("port_lost") == 60
    stage.scan(b"hello")
    assert stage.refused(Refusal.FOREIGN)
    stage.wait(60_000)
    assert stage.last("suppressed")["count"] == 140
