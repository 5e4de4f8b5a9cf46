"""The climate: on at one temperature, off at another, never for too long, never blindly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fittings_rig import fitted_config
from stage import Stage

from locker.climate import Thermostat
from locker.config_fittings import Fan, Heater
from locker.model import LineSeen, Measured, Switch

FAN = Fan(pin=20, on_c=40, off_c=35, max_s=600, rest_s=60)
HEATER = Heater(pin=21, on_c=2, off_c=6, max_s=600, rest_s=60)
S = 1000


@pytest.mark.parametrize(
    ("part", "celsius", "wanted"),
    [
        (FAN, [20, 39, 40, 41, 40, 36, 35, 36, 40, 40.1], "nnYYYYnnYY"),
        (HEATER, [20, 3, 2, 1.9, 2, 5, 6, 5, 2, 1], "nnYYYYnnYY"),
        (FAN, [90, None, 90, None, 20], "YnYnn"),
        (HEATER, [-20, None, -20, None, 20], "YnYnn"),
    ],
)
def test_hysteresis(part: Fan | Heater, celsius: list[float | None], wanted: str) -> None:
    """On from the one, off from the other, unmoved in between; off without a temperature."""
    thermostat = Thermostat("x", part)
    told = ""
    for second, degrees in enumerate(celsius):
        thermostat.judge(None if degrees is None else int(degrees * 1000), True, second * S)
        told += "Y" if thermostat.on else "n"
    assert told == wanted


@pytest.mark.parametrize("part", [FAN, HEATER])
def test_never_for_longer_than_it_may(part: Fan | Heater) -> None:
    """A temperature that will not move: on for 600 s, off for 60, again and again, and told each time."""
    thermostat = Thermostat("x", part)
    stubborn_mc = 60_000 if isinstance(part, Fan) else -20_000
    on = [second for second in range(3000) if not _judged(thermostat, stubborn_mc, second) and thermostat.on]
    runs = [second for second in on if second - 1 not in on]
    assert runs == [0, 660, 1320, 1980, 2640]
    assert all(second % 660 < 600 for second in on)


def _judged(thermostat: Thermostat, mc: int, second: int) -> bool:
    return thermostat.judge(mc, True, second * S)


def test_not_where_it_is_not_allowed() -> None:
    """Something else forbids it: off at once, on again when it is allowed."""
    thermostat = Thermostat("x", HEATER)
    thermostat.judge(-5000, True, 0)
    thermostat.judge(-5000, False, S)
    assert not thermostat.on
    thermostat.judge(-5000, True, 2 * S)
    assert thermostat.on


# --- in the cabinet -------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet with everything, on mains, 20 degrees."""
    stage = Stage(tmp_path, fitted_config(lamp=None, buzzer=None))
    stage.tell(LineSeen("mains_lost", False))
    stage.tell(Measured("inside_mc", 20_000))
    return stage


def orders(stage: Stage) -> list[tuple[str, bool]]:
    """What was switched since the last look; ``acts`` begin anew."""
    found = [(act.line, act.on) for act in stage.acts if isinstance(act, Switch)]
    stage.acts.clear()
    return found


def warm(stage: Stage) -> Callable[[float], list[tuple[str, bool]]]:
    """A reading; what it makes the cabinet switch."""

    def reads(celsius: float) -> list[tuple[str, bool]]:
        stage.tell(Measured("inside_mc", int(celsius * 1000)))
        return orders(stage)

    return reads


def test_nothing_is_switched_before_a_temperature_is_known(tmp_path: Path) -> None:
    """A start orders nothing on, and says nothing of what nobody has measured."""
    stage = Stage(tmp_path, fitted_config(lamp=None, buzzer=None))
    stage.wait(60_000)
    assert orders(stage) == []
    assert stage.cabinet.fittings.health()["inside_c"] is None


def test_what_is_on_is_ordered_again_with_each_reading(stage: Stage) -> None:
    """Each order is for three readings' time: a program that falls silent leaves nothing on."""
    reads = warm(stage)
    assert reads(20) == []
    assert reads(41) == [("fan", True)]
    stage.tell(Measured("inside_mc", 41_000))
    assert [act.for_ms for act in stage.acts if isinstance(act, Switch)] == [90_000]
    assert reads(34)[-1] == ("fan", False)
    assert reads(-5) == [("heater", True)]
    assert reads(7) == [("heater", False)]
    assert reads(20) == []


def test_a_sensor_that_fails_switches_all_off(stage: Stage) -> None:
    """A reading that is none, and readings that do not come: off, and unknown in the health message."""
    reads = warm(stage)
    reads(-5)
    stage.tell(Measured("inside_mc", None, "85 degrees as after power-on"))
    assert orders(stage) == [("heater", False)]
    reads(-5)
    assert stage.cabinet.fittings.health()["heater_on"] is True
    stage.wait(89_000)
    assert orders(stage) == []
    stage.wait(1_500)
    assert orders(stage) == [("heater", False)]
    health = stage.cabinet.fittings.health()
    assert (health["heater_on"], health["fan_on"], health["inside_c"]) == (False, False, None)


def test_on_the_reserve_nothing_is_heated(stage: Stage) -> None:
    """Mains lost: the heater goes off, the fan goes on cooling; on a low reserve nothing is switched on at all."""
    reads = warm(stage)
    reads(-5)
    stage.tell(LineSeen("mains_lost", True))
    assert orders(stage) == [("heater", False)]
    assert reads(-5) == []
    assert reads(50) == [("fan", True)]
    stage.tell(LineSeen("battery_low", True))
    assert orders(stage) == [("fan", False)]
    stage.tell(LineSeen("mains_lost", False))
    assert ("fan", True) in orders(stage)


def test_out_of_range_is_told_once_and_so_is_normal(stage: Stage) -> None:
    """At 56 and at -11 degrees; back when it is two degrees inside the range, so that a border tells nothing twice."""
    reads = warm(stage)
    for celsius in (55, 55.1, 56, 54, 55.5, 53, -10, -10.1, -12, -9, -10.5, -8, 20):
        reads(celsius)
    told = [(e["type"], e["data"]["celsius"]) for e in stage.log if e["type"].startswith("temperature")]
    assert told == [
        ("temperature_high", 55.1),
        ("temperature_normal", 53.0),
        ("temperature_low", -10.1),
        ("temperature_normal", -8.0),
    ]


def test_a_heater_that_does_not_help_is_told(stage: Stage) -> None:
    """Half an hour on and no warmer: off for ten minutes, and an event for the technician."""
    reads = warm(stage)
    for _ in range(70):
        reads(-5)
        stage.wait(30_000)
    trouble = stage.last("device_trouble")
    assert (trouble["device"], trouble["what"]) == ("heater", "on for too long")
    assert stage.kinds.count("device_trouble") == 1
