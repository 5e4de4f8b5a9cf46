"""The reserve: reckoned second by second, or measured; over restarts; and the level only falls within one outage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.config_fittings import Meter, Power
from locker.reserve import SAVE_MS, Level, Reserve, ReserveError

RULES = Power(mains_pin=6, runtime_s=3600, recharge_s=7200, low_s=900, empty_s=180)
METER = Meter(bus="/dev/i2c-1", low_mv=10_500, empty_mv=9_600)
S = 1000


def in_use(meter: Meter | None = None, since_ms: int = 0) -> Reserve:
    """A full one, in use from then on."""
    reserve = Reserve(RULES, meter, since_ms)
    reserve.use(True, since_ms)
    return reserve


@pytest.mark.parametrize(
    ("after_s", "level", "left_s"),
    [
        (0, Level.FULL, 3600),
        (2699, Level.FULL, 901),
        (2700, Level.LOW, 900),
        (3419, Level.LOW, 181),
        (3420, Level.EMPTY, 180),
        (9999, Level.EMPTY, 0),
    ],
)
def test_it_is_used_second_by_second(after_s: int, level: Level, left_s: int) -> None:
    """Low and empty are reached exactly when so much is left."""
    reserve = in_use()
    assert (reserve.level(after_s * S), reserve.left_s) == (level, left_s)


def test_it_charges_slower_than_it_drains() -> None:
    """Half an hour of use takes an hour on the charger; two outages in a row are not two full reserves."""
    reserve = in_use()
    reserve.use(False, 1800 * S)
    assert reserve.level(1800 * S) is Level.FULL
    reserve.use(True, 3600 * S)
    assert reserve.level(3600 * S) is Level.FULL
    assert reserve.left_s == 2700
    assert reserve.level(3600 * S + 1800 * S) is Level.LOW
    reserve.use(False, 5400 * S)
    reserve.tick(5400 * S + 7200 * S)
    assert reserve.whole


@pytest.mark.parametrize(
    ("mvs", "level"),
    [
        ([12_000] * 3, Level.FULL),
        ([10_500] * 2, Level.FULL),
        ([10_500] * 3, Level.LOW),
        ([10_500, 12_000, 10_500], Level.FULL),
        ([9_600] * 3, Level.EMPTY),
        ([9_600, 10_000, 9_600], Level.LOW),
        ([9_000, 9_000, None, 9_000], Level.EMPTY),
    ],
)
def test_a_voltage_counts_after_three_readings_alike(mvs: list[int | None], level: Level) -> None:
    """A coil that pulls the voltage down for one or two readings makes nothing low."""
    reserve = in_use(METER)
    for mv in mvs:
        reserve.measured(mv, 0)
    assert reserve.level(0) is level


def test_a_meter_knows_better_while_it_speaks() -> None:
    """Past the reckoned end a good voltage counts; a minute after its last word the reckoning does."""
    reserve = in_use(METER)
    for second in (3590, 3592, 3594):
        reserve.measured(12_000, second * S)
    assert reserve.level(3600 * S) is Level.FULL
    assert reserve.level(3654 * S) is Level.FULL
    assert reserve.level(3655 * S) is Level.EMPTY


def test_the_line_of_the_supply_is_low_at_least() -> None:
    """Battery low is believed whatever the others say, and is not empty."""
    reserve = in_use()
    reserve.low_line = True
    assert reserve.level(0) is Level.LOW


def test_within_an_outage_it_only_falls() -> None:
    """A battery whose voltage recovers a little is not full again; with mains back it is."""
    reserve = in_use(METER)
    for mv in [10_400] * 3 + [11_900] * 3:
        reserve.measured(mv, 0)
        reserve.level(0)
    assert reserve.level(0) is Level.LOW
    reserve.use(False, 0)
    assert reserve.level(0) is Level.FULL
    reserve.use(True, 0)
    assert reserve.level(0) is Level.FULL


# --- over a restart -------------------------------------------------------------------------------


def after_restart(reserve: Reserve, at_ms: int, boot: str = "b", new_boot: str = "b") -> Reserve:
    """What the next program makes of it."""
    found = Reserve(RULES, None, at_ms)
    found.resume(reserve.to_text(boot), new_boot)
    return found


def test_a_restart_does_not_fill_a_battery() -> None:
    """Saved in use, started again in the same boot a minute later: the minute was used as well."""
    reserve = in_use()
    reserve.tick(1000 * S)
    assert after_restart(reserve, 1060 * S).left_s == 2540


def test_a_restart_on_mains_goes_on_charging() -> None:
    """Saved on the charger: the time since has charged."""
    reserve = in_use()
    reserve.use(False, 1000 * S)
    assert after_restart(reserve, 1200 * S).left_s == 2700


def test_after_a_reboot_no_time_has_charged() -> None:
    """Boot time begins anew: what was used stays used, and a last unsaved minute counts as used, too."""
    reserve = in_use()
    reserve.tick(1000 * S)
    assert after_restart(reserve, 5 * S, new_boot="c").left_s == 2600 - SAVE_MS // S
    reserve.use(False, 1000 * S)
    assert after_restart(reserve, 5 * S, new_boot="c").left_s == 2600
    assert after_restart(reserve, 1200 * S, boot="unknown", new_boot="unknown").left_s == 2600


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "[1,2,3,4]", '["b",0,0]', '["b",0,0,0]', '["b",0,"0",true]', "[" * 5000]
)
def test_what_cannot_be_read_counts_as_low(text: str) -> None:
    """Unreadable: an error that says so, and the next outage finds the reserve low."""
    reserve = Reserve(RULES, None, 0)
    with pytest.raises(ReserveError, match="counts as low"):
        reserve.resume(text, "b")
    reserve.use(True, 0)
    assert reserve.level(0) is Level.LOW


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=8))
def test_any_saved_value_is_taken_or_refused(value: Any) -> None:
    """Whatever lies there, what is left is between nothing and everything."""
    reserve = Reserve(RULES, None, 10**9)
    for saved in (value, ["b", value, value, True], ["b", 5, value, False]):
        try:
            reserve.resume(json.dumps(saved), "b")
        except ReserveError:
            assert reserve.left_s == RULES.low_s
        assert 0 <= reserve.left_s <= RULES.runtime_s
