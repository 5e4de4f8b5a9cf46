"""How worn a door is: cycles, two means of its reaction, when it is slower, and when its switch is due."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.model import Wear
from locker.wear import TIMED_MIN, due, opened

SLOWER = 50


def after(reactions: list[float], wear: Wear | None = None) -> tuple[Wear, list[int]]:
    """A door that has had these reactions, and after which of them it became slower."""
    wear, told = wear or Wear(), []
    for number, took_ms in enumerate(reactions, 1):
        before, wear = wear, opened(wear, round(took_ms), SLOWER)
        if wear.slower and not before.slower:
            told.append(number)
    return wear, told


def test_every_opening_is_a_cycle_and_only_an_ordered_one_a_reaction() -> None:
    """A door that was forced wears its switch as well; how long it took nobody knows."""
    wear = opened(opened(Wear(), 200, SLOWER), None, SLOWER)
    assert (wear.cycles, wear.timed, wear.usual_ms, wear.recent_ms) == (2, 1, 200.0, 200.0)


def test_a_steady_door_is_never_slower() -> None:
    """Ten thousand openings of 150 to 350 ms, as a look every 50 ms makes them: nothing is said."""
    print("seed 5")
    chance = Random(5)
    wear, told = after([chance.randrange(150, 350) for _ in range(10_000)])
    assert told == [] and 230 < wear.usual_ms < 270 and wear.cycles == 10_000


def test_a_door_that_takes_twice_as_long_is_slower_once_and_becomes_the_usual() -> None:
    """Told within ten openings, once; a door that has stayed so for hundreds of openings has another usual time."""
    wear, told = after([200.0] * 100 + [500.0] * 50)
    assert len(told) == 1 and 100 < told[0] <= 110 and wear.slower
    wear, more = after([500.0] * 1500, wear)
    assert more == [] and not wear.slower and wear.usual_ms > 450


def test_a_door_that_was_mended_and_fails_again_is_told_again() -> None:
    """Between the two it has been as it was."""
    _, told = after([200.0] * 200 + [500.0] * 30 + [200.0] * 60 + [500.0] * 30)
    assert len(told) == 2 and told[1] > 290


def test_one_or_two_late_openings_are_nobodys_wear() -> None:
    """A hand on the door, however long: some in a row are a trend."""
    quick = [200.0] * 100
    assert after([*quick, 2400, *quick])[1] == []
    assert after([*quick, 2400, 2400, *quick])[1] == []
    [told] = after([*quick, *[2400.0] * 10])[1]
    assert 103 <= told <= 106


def test_a_creeping_door_is_slower_some_day() -> None:
    """One millisecond an opening: no two openings differ, and the year does."""
    assert len(after([200.0 + n for n in range(1000)])[1]) == 1


def test_a_young_door_is_not_judged() -> None:
    """Before twenty reactions there is no usual."""
    assert after([100.0] * 5 + [900.0] * (TIMED_MIN - 6))[1] == []


@given(st.lists(st.one_of(st.none(), st.integers(0, 30_000)), max_size=200), st.integers(10, 1000))
def test_the_means_stay_between_what_was_measured(reactions: list[int | None], percent: int) -> None:
    """Whatever was measured; and as many cycles as openings, as many reactions as measurements."""
    wear = Wear()
    for took_ms in reactions:
        wear = opened(wear, took_ms, percent)
    measured = [took_ms for took_ms in reactions if took_ms is not None]
    assert (wear.cycles, wear.timed) == (len(reactions), len(measured))
    for mean in (wear.usual_ms, wear.recent_ms):
        assert not measured or min(measured) - 20 <= mean <= max(measured) + 20
    assert not wear.slower or wear.timed >= TIMED_MIN


@pytest.mark.parametrize(
    ("cycles", "told", "percent"),
    [
        (0, 0, 0),
        (799, 0, 0),
        (800, 0, 80),
        (801, 80, 0),
        (899, 80, 0),
        (950, 80, 90),
        (1000, 90, 100),
        (1234, 100, 120),
    ],
)
def test_a_switch_is_due_at_eighty_ninety_a_hundred_and_each_ten_more(cycles: int, told: int, percent: int) -> None:
    """Each once; one that was passed by at a jump is told with the highest."""
    assert due(replace(Wear(), cycles=cycles, told_percent=told), 1000) == percent
