"""A code that is held to the scanner is told again and again by it, and counts once (hardware facts, 5.1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import STRANGER, Stage

from locker.model import Pulse, Scanned


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six doors."""
    return Stage(tmp_path)


def held(stage: Stage, text: str, times: int, every_ms: int = 1000) -> None:
    """The scanner tells the same code so often: a GM65 once a second while it is before the window."""
    for _ in range(times):
        stage.tell(Scanned(text.encode()))
        stage.wait(every_ms)


def test_a_refused_code_that_is_held_is_refused_once(stage: Stage) -> None:
    """Half a minute before the window: one event. Taken away for a while and shown again: another one."""
    foreign = stage.deposit(key=STRANGER)
    held(stage, foreign, 30)
    assert stage.kinds.count("denied") == 1
    stage.wait(stage.cfg.visit.repeat_ms)
    held(stage, foreign, 3)
    assert stage.kinds.count("denied") == 2


def test_a_good_code_that_is_held_opens_one_door_once(stage: Stage) -> None:
    """Also while the door is open, and while it is shut again: nobody asked to reopen it."""
    code = stage.deposit()
    held(stage, code, 2)
    door = stage.cabinet.visit.door
    stage.opens(door)
    held(stage, code, 5)
    stage.shuts(door)
    held(stage, code, 10)
    assert [act.door for act in stage.acts if isinstance(act, Pulse)] == [door]
    assert stage.kinds.count("granted") == 1 and stage.kinds.count("reopened") == 0


def test_another_code_between_is_another_showing(stage: Stage) -> None:
    """Two people, one after the other: each is heard at once."""
    first, second = stage.deposit(key=STRANGER), stage.deposit("B2", key=STRANGER)
    for text in (first, second, first):
        stage.tell(Scanned(text.encode()))
    assert stage.kinds.count("denied") == 3
