"""Lamps and buzzer: who is shown the way when, what sounds when, and what never does in quiet hours."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from fittings_rig import fitted_config
from stage import EPOCH_S, Stage

from locker import config
from locker.config_hours import Quiet
from locker.model import LineSeen, Quality, Switch

HOUR_MS = 3_600_000
SIDES = ("lamp_left", "lamp_middle", "lamp_right")


def at_hour(folder: Path, hour: float, quality: Quality = Quality.SYNCED) -> Stage:
    """A cabinet with doors on three sides at this local hour; quiet from 22 to 6, lamps from 18 to 6."""
    cfg = fitted_config(doors=6, quiet=Quiet(from_time="22:00", to_time="06:00"))
    sides = ("left", "middle", "right")
    doors = [config.Door(door=n, size="S", side=sides[n % 3], row=n, channel=n - 1) for n in range(1, 7)]  # type: ignore[arg-type]
    cfg = msgspec.structs.replace(cfg, doors=doors)
    local_ms = (EPOCH_S * 1000 + 8 * HOUR_MS) % (24 * HOUR_MS)
    stage = Stage(folder, cfg, quality)
    stage.wall_ms += int((hour * HOUR_MS - local_ms) % (24 * HOUR_MS))
    stage.tell(LineSeen("mains_lost", False))
    stage.wait(20_000)
    stage.acts.clear()
    return stage


def lit(stage: Stage) -> set[str]:
    """The lamps that are on."""
    lamp = stage.cabinet.fittings.lamp
    assert lamp is not None
    return {f"lamp_{side}" for side, on in lamp.lit.items() if on}


def beeps(stage: Stage) -> int:
    """How often it has sounded since the last look."""
    found = sum(isinstance(act, Switch) and act.line == "buzzer" for act in stage.acts)
    stage.acts = [act for act in stage.acts if not (isinstance(act, Switch) and act.line == "buzzer")]
    return found


@pytest.mark.parametrize(
    ("hour", "sides"),
    [(12, set()), (17.9, set()), (18.1, set(SIDES)), (21.9, set(SIDES)), (22.1, set()), (3, set()), (6.1, set())],
)
def test_the_evening_is_lit_and_the_night_is_not(tmp_path: Path, hour: float, sides: set[str]) -> None:
    """Lamps for whoever comes, from 18 o'clock until it is quiet at 22; the neighbours sleep from then on."""
    assert lit(at_hour(tmp_path, hour)) == sides


def test_the_hours_go_by_themselves(tmp_path: Path) -> None:
    """Nobody comes: on within a quarter of a minute of 18 o'clock, off within one of 22."""
    stage = at_hour(tmp_path, 17.99)
    stage.wait(60_000)
    assert lit(stage) == set(SIDES)
    stage.wait(4 * HOUR_MS)
    assert lit(stage) == set()


@pytest.mark.parametrize("hour", [12, 3])
def test_who_is_there_is_shown_the_column(tmp_path: Path, hour: float) -> None:
    """Day or night, the column of the visit's own door is lit, and ten seconds longer than the visit."""
    stage = at_hour(tmp_path, hour)
    door = stage.scan(stage.deposit("A1"))
    side = stage.cabinet.rooms[door].plan.side
    assert lit(stage) == {f"lamp_{side}"}
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    stage.wait(9_000)
    assert lit(stage) == {f"lamp_{side}"}
    stage.wait(1_500)
    assert lit(stage) == set()
    switched = [(act.line, act.on) for act in stage.acts if isinstance(act, Switch) and act.line in SIDES]
    assert switched == [(f"lamp_{side}", True), (f"lamp_{side}", False)]


def test_the_reserve_lights_visitors_alone(tmp_path: Path) -> None:
    """Mains lost in the evening: the lamps go off, but for whoever comes."""
    stage = at_hour(tmp_path, 20)
    stage.tell(LineSeen("mains_lost", True))
    assert lit(stage) == set()
    stage.scan(stage.deposit("A1"))
    assert len(lit(stage)) == 1


def test_an_unknown_hour_is_no_evening(tmp_path: Path) -> None:
    """With a clock that nobody believes no lamp burns for hours; visitors are lit as ever."""
    stage = at_hour(tmp_path, 20, Quality.FLOOR)
    assert lit(stage) == set()


# --- the buzzer -----------------------------------------------------------------------------------


def test_a_refusal_sounds_twice(tmp_path: Path) -> None:
    """Somebody at the scanner hears that it is a no: two beeps of 120 ms; a granted code makes no sound."""
    stage = at_hour(tmp_path, 12)
    stage.scan("nonsense")
    stage.wait(5000)
    orders = [act for act in stage.acts if isinstance(act, Switch) and act.line == "buzzer"]
    assert orders == [Switch("buzzer", True, 120)] * 2
    beeps(stage)
    stage.scan(stage.deposit("A1"))
    stage.wait(1000)
    assert beeps(stage) == 0


def test_a_door_left_open_sounds_until_it_is_shut(tmp_path: Path) -> None:
    """From the reminder on every five seconds, four times at most; not at all any more once it is shut."""
    stage = at_hour(tmp_path, 12)
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.wait(59_000)
    assert beeps(stage) == 0
    stage.wait(1_500)
    assert beeps(stage) == 1
    stage.wait(10_500)
    assert beeps(stage) == 2
    stage.wait(100_000)
    assert beeps(stage) == 1
    stage.shuts(door)
    stage.wait(60_000)
    assert beeps(stage) == 0


def test_shut_in_time_is_silence(tmp_path: Path) -> None:
    """Shut after the first beep: no second one."""
    stage = at_hour(tmp_path, 12)
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.wait(61_000)
    beeps(stage)
    stage.shuts(door)
    stage.wait(60_000)
    assert beeps(stage) == 0


def test_quiet_hours_are_silent(tmp_path: Path) -> None:
    """A refusal and a door left open at three in the morning: not one beep, and none put off until six."""
    stage = at_hour(tmp_path, 3)
    stage.scan("nonsense")
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.wait(100_000)
    assert beeps(stage) == 0
    assert stage.last("left_open")["door"] == door


def test_what_is_refused_over_the_network_makes_no_sound(tmp_path: Path) -> None:
    """Nobody stands there for a grant that came by itself."""
    stage = at_hour(tmp_path, 12)
    stage.command(grant=stage.deposit("A1"))
    stage.wait(5000)
    assert stage.last("denied")["source"] == "cloud"
    assert beeps(stage) == 0
