"""The tamper loop in the cabinet: told open and closed, with who of the staff stood there; it refuses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from fittings_rig import fitted_config
from stage import Stage

from locker.model import LineSeen, Purpose


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet with its loop closed."""
    stage = Stage(tmp_path, fitted_config(lamp=None, buzzer=None))
    stage.tell(LineSeen("tamper", False))
    return stage


def test_opened_and_closed_are_told(stage: Stage) -> None:
    """With how long it was open, and that nobody of the staff was there; the rest of the cabinet goes on."""
    assert "tamper_closed" not in stage.kinds
    stage.tell(LineSeen("tamper", True))
    stage.wait(5000)
    assert stage.scan(stage.deposit("A1")) != 0
    stage.tell(LineSeen("tamper", False))
    assert stage.last("tamper_opened") == {"staff_present": False, "door": 0}
    assert stage.last("tamper_closed")["after_ms"] >= 5000


def test_staff_who_stand_there_are_named(stage: Stage) -> None:
    """Opened within two minutes of a code at the scanner: the event says by whom."""
    stage.scan(stage.token(Purpose.TECHNICIAN, door=2))
    stage.tell(LineSeen("tamper", True))
    assert stage.last("tamper_opened")["by"] == "staff-7"
    stage.wait(200_000)
    stage.tell(LineSeen("tamper", False))
    assert stage.last("tamper_closed")["staff_present"] is False


def test_open_at_the_start_is_told(tmp_path: Path) -> None:
    """Nobody knows since when, and the event says so; each start says it again."""
    stage = Stage(tmp_path, fitted_config(lamp=None, buzzer=None))
    stage.tell(LineSeen("tamper", True))
    assert stage.last("tamper_opened")["at_start"] is True
    stage.crash()
    stage.tell(LineSeen("tamper", True))
    assert stage.kinds.count("tamper_opened") == 2
    assert stage.cabinet.fittings.health()["tamper_open"] is True


def test_a_brief_contact_is_both(stage: Stage) -> None:
    """What was over before anybody could look is told as opened and closed, and marked."""
    stage.tell(LineSeen("tamper", False, brief=True))
    assert [kind for kind in stage.kinds if kind.startswith("tamper")] == ["tamper_opened", "tamper_closed"]
    assert stage.last("tamper_opened")["brief"] is True


def test_a_loose_loop_fills_no_log(stage: Stage) -> None:
    """Ten a minute are told, the rest counted (invariant 9)."""
    for _ in range(100):
        stage.tell(LineSeen("tamper", True))
        stage.tell(LineSeen("tamper", False))
    assert stage.kinds.count("tamper_opened") == 10
    stage.wait(61_000)
    assert stage.last("suppressed")["count"] == 180
