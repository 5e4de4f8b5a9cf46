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
