"""Staff who walk away in the middle: what happens at their doors happens to whoever stands there then."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage

from locker.model import Custody


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments; papers of two residents."""
    stage = DutyStage(tmp_path)
    for order in ("R1", "R2"):
        stage.stored(order)
        stage.wait(61_000)
    return stage


def test_a_round_that_was_walked_away_from_does_not_go_on_by_itself(stage: DutyStage) -> None:
    """Staff leave with a door open, and minutes later somebody shuts it: the next one stays shut until asked for."""
    stage.on_duty()
    stage.tap("take_out")
    first, second = (row.door for row in stage.screen.rows)
    stage.tap("start")
    stage.springs(first)
    stage.tap("took_out")
    stage.wait(stage.cfg.staff.present_s * 1000 + 1000)
    pulses = len(stage.pulses)
    stage.shuts(first)
    stage.wait(10_000)
    assert len(stage.pulses) == pulses, "a door with somebody's papers opened for whoever shut the one before"
    assert (stage.screen.name, stage.lies(first)) == ("duty_take_out", (Custody.EMPTY, b""))
    assert [row.door for row in stage.screen.rows] == [second]
    stage.tap("go_on")
    stage.goes(second)


def test_a_round_that_was_left_is_taken_up_behind_the_door_that_was_settled(stage: DutyStage) -> None:
    """Nobody comes back for it; whoever begins next goes on with the door after that one."""
    stage.on_duty()
    stage.tap("take_out")
    first, second = (row.door for row in stage.screen.rows)
    stage.tap("start")
    stage.springs(first)
    stage.tap("not_taken")
    stage.wait(stage.cfg.staff.present_s * 1000 + 1000)
    stage.shuts(first)
    stage.wait(stage.cfg.staff.present_s * 1000 + 1000)
    stage.on_duty()
    stage.tap("go_on")
    stage.springs(second)


def test_no_door_opens_for_an_item_whose_bearer_has_gone(stage: DutyStage) -> None:
    """An item is taken out to be moved, its door left open, and shut by somebody: where it goes is asked again."""
    stage.on_duty()
    stage.tap("reassign")
    old = stage.screen.rows[0].door
    stage.tap(f"door:{old}")
    stage.tap("to:any")
    stage.springs(old)
    stage.tap("took_out")
    stage.wait(stage.cfg.staff.present_s * 1000 + 1000)
    pulses = len(stage.pulses)
    stage.shuts(old)
    stage.wait(10_000)
    assert len(stage.pulses) == pulses and stage.screen.name == "duty_where"
    stage.tap("to:any")
    assert stage.cabinet.visit.door
