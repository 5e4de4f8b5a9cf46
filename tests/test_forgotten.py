"""A door that was forgotten open: the gentle sound goes on until it is seen shut, whatever the screen shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stage import Stage, a_config

from locker.config_hours import Quiet, Voice
from locker.model import BoardSilent, Custody, Switch

S = 1000
VOICE = Voice(again_s=30, again_minutes_max=10)
QUIET = Quiet(from_time="21:30", to_time="07:00")


def a_stage(folder: Path, **sections: Any) -> Stage:
    """A cabinet with a voice, at noon where it stands."""
    given: dict[str, Any] = {"voice": VOICE, "quiet": QUIET} | sections
    stage = Stage(folder, a_config(6, **given))
    stage.wall_ms += (12 * 3600 * S - (stage.wall_ms + 8 * 3600 * S)) % (24 * 3600 * S)
    return stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The usual one."""
    return a_stage(tmp_path)


def sounds(stage: Stage) -> int:
    """How many sounds were ordered since it was asked last."""
    found = stage.acts.count(Switch("chime", True))
    stage.acts[:] = [act for act in stage.acts if act != Switch("chime", True)]
    return found


def forgotten(stage: Stage, order: str = "A1") -> int:
    """Somebody drops something off and goes, and the alarm's screen is over; the door."""
    door = stage.scan(stage.deposit(order))
    stage.opens(door)
    stage.wait(181 * S)
    assert stage.last("alarm_open")["door"] == door
    return door


def test_it_sounds_on_the_idle_screen_until_the_door_is_seen_shut(stage: Stage) -> None:
    """Every half minute from the alarm on; from the moment it is shut never again."""
    door = forgotten(stage)
    assert sounds(stage) == 0
    stage.wait(120 * S)
    assert stage.screen.name == "idle" and sounds(stage) == 4
    stage.shuts(door)
    stage.wait(600 * S)
    assert sounds(stage) == 0


def test_it_goes_on_while_somebody_else_is_served(stage: Stage) -> None:
    """Another person's screens do not end it; nor does their own door when that is shut."""
    door = forgotten(stage)
    sounds(stage)
    other = stage.scan(stage.deposit("A2"))
    stage.opens(other)
    stage.wait(50 * S)
    assert sounds(stage) == 1
    stage.shuts(other)
    stage.wait(60 * S)
    assert sounds(stage) == 2 and door != other


def test_two_doors_are_one_sound_until_the_last_is_shut(stage: Stage) -> None:
    """Not twice as often; and one that is shut leaves the other's."""
    doors = [forgotten(stage), forgotten(stage, "A2")]
    sounds(stage)
    stage.wait(120 * S)
    assert sounds(stage) == 4
    stage.shuts(doors[0])
    stage.wait(60 * S)
    assert sounds(stage) == 2
    stage.shuts(doors[1])
    stage.wait(60 * S)
    assert sounds(stage) == 0


def test_it_ends_in_its_time_and_a_board_that_comes_and_goes_gives_it_no_more(stage: Stage) -> None:
    """Ten minutes a door, counted once however often its board is lost; forgotten anew, it has its time anew."""
    door = forgotten(stage)
    stage.wait(100 * S)
    assert sounds(stage) == 3
    stage.tell(BoardSilent("main", tuple(stage.cabinet.rooms)))
    stage.wait(60 * S)
    assert sounds(stage) == 0, "nobody can see it now"
    stage.opens(door)
    stage.wait(181 * S)
    assert sounds(stage) == 0, "the screen speaks of it again"
    stage.wait(3600 * S)
    assert 6 <= sounds(stage) <= 9, "what is left of the ten minutes"
    stage.shuts(door)
    stage.cabinet.rooms[door].put_in_service()
    stage.cabinet.rooms[door].release()
    assert stage.cabinet.rooms[door].custody is Custody.EMPTY
    again = forgotten(stage, "A3")
    stage.wait(120 * S)
    assert sounds(stage) == 4 and again


def test_quiet_hours_are_silent_and_nothing_is_put_off(tmp_path: Path) -> None:
    """At night not one sound, however long; in the morning no heap of them."""
    stage = a_stage(tmp_path, voice=Voice(again_s=30, again_minutes_max=1440))
    stage.wall_ms += 15 * 3600 * S
    forgotten(stage)
    stage.wait(3 * 3600 * S)
    assert sounds(stage) == 0
    stage.wait(5 * 3600 * S)
    assert 300 <= sounds(stage) <= 500, "an hour of them, from seven on"


def test_shut_in_time_there_is_none_and_a_door_forced_open_is_no_forgotten_one(stage: Stage) -> None:
    """A door somebody breaks open is an alarm of its own, not a gentle sound."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    stage.opens(5 if door != 5 else 4)
    stage.wait(300 * S)
    assert sounds(stage) == 0


def test_without_a_voice_nothing_is_ordered(tmp_path: Path) -> None:
    """Nobody would carry it out."""
    stage = a_stage(tmp_path, voice=None)
    forgotten(stage)
    stage.wait(300 * S)
    assert sounds(stage) == 0
