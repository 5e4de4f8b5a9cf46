"""The language that somebody chose at the screen: what is said aloud in it, how long, and that it does nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage

from locker.model import Chosen, DoorSeen, Keep, Language, Receipted, Show, Touched


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments, nobody there."""
    return Stage(tmp_path)


def said(stage: Stage) -> list[tuple[str, Language]]:
    """Each screen that was shown since it was asked last, with its language."""
    shown = [(act.name, act.language) for act in stage.acts if isinstance(act, Show)]
    stage.acts[:] = [stage.screen]
    return shown[1:]


def test_where_nobody_has_chosen_no_screen_names_a_language(stage: Stage) -> None:
    """A whole drop-off, and a door that the cloud opens: said in the languages of the configuration."""
    stage.stored()
    assert stage.command(grant=stage.grant(order="A2"))["ok"]
    stage.opens(stage.cabinet.visit.door)
    assert {language for _, language in said(stage)} == {""}


def test_what_is_shown_is_said_anew_and_everything_after_it_in_that_language(stage: Stage) -> None:
    """Under the same number, so that a touch which is on its way stays good; the time left goes on."""
    door = stage.scan(stage.deposit())
    stage.opens(door)
    stage.shuts(door)
    before = stage.screen
    said(stage)
    stage.wait(10_000)
    stage.tell(Chosen("en"))
    again = stage.screen
    assert (again.number, again.door, again.offers) == (before.number, door, before.offers)
    assert again.remaining_ms == before.remaining_ms - 10_000
    stage.tell(Touched("reopen", before.number))
    stage.opens(door)
    stage.tell(Chosen("zh"))
    stage.shuts(door)
    assert said(stage) == [
        ("deposited", "en"),
        ("opening", "en"),
        ("open_deposit", "en"),
        ("open_deposit", "zh"),
        ("deposited", "zh"),
    ]


def test_a_page_that_goes_away_and_comes_back_repeats_nothing(stage: Stage) -> None:
    """The choice is gone from the next screen on; the one that is shown is not said once more, then or later."""
    door = stage.scan(stage.deposit())
    stage.tell(Chosen("en"))
    stage.opens(door)
    said(stage)
    stage.tell(Chosen(""))
    stage.tell(Chosen("en"))
    stage.tell(Chosen(""))
    assert said(stage) == []
    stage.shuts(door)
    stage.tell(Chosen("en"))
    stage.tell(Chosen(""))
    stage.tell(Receipted(door, "LKR1:X"))
    assert said(stage) == [("deposited", ""), ("deposited", "en"), ("deposited", "en")], "the receipt says nothing anew"


def test_a_choice_opens_nothing_and_is_not_written(stage: Stage) -> None:
    """Whoever is there, and whatever is shown: one screen at most, nothing on the disk."""
    for _ in range(2):
        for language in ("en", "zh", ""):
            effects = stage.cabinet.handle(Chosen(language), stage.now)
            assert all(isinstance(effect, Show) for effect in effects) and len(effects) <= 1
            assert not any(isinstance(effect, Keep) for effect in effects)
        stage.scan(stage.deposit())


def test_a_restart_forgets_it(stage: Stage) -> None:
    """Nothing of it is kept; the page says it again if it is still there."""
    door = stage.scan(stage.deposit())
    stage.tell(Chosen("en"))
    stage.opens(door)
    stage.crash((door,))
    assert {language for _, language in said(stage)} == {""}
    stage.tell(Chosen("en"))
    stage.tell(DoorSeen(door, False))
    assert said(stage)[-1][1] == "en"
