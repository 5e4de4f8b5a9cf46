"""What the coils allow: one at a time, a rest for each, a limit on one lock and one on doors per minute."""

from __future__ import annotations

from itertools import pairwise

import pytest

from locker.coil import CoilGuard, Limit
from locker.config import Coil

RULES = Coil(cooldown_ms=1000, gap_ms=200, per_lock_minute_max=3, doors_minute_max=4)
PULSE_MS = 500
BEGIN = 10_000


def rested() -> CoilGuard:
    """A guard long after the start."""
    return CoilGuard(RULES, PULSE_MS, BEGIN - 5000)


def test_after_a_start_every_lock_waits_for_the_longest_pulse_and_the_cool_down() -> None:
    """The run before may have ended in the middle of a pulse of any lock."""
    guard = CoilGuard(RULES, PULSE_MS, BEGIN)
    assert guard.earliest_ms(1, BEGIN) == (BEGIN + 1000 + RULES.cooldown_ms, Limit.REST)
    assert guard.earliest_ms(1, BEGIN + 2000) == (BEGIN + 2000, Limit.NONE)


def test_one_coil_at_a_time_with_a_gap() -> None:
    """Another lock waits for the pulse to end, and the gap."""
    guard = rested()
    guard.pulsed(1, BEGIN, first=True)
    assert guard.earliest_ms(2, BEGIN) == (BEGIN + PULSE_MS + RULES.gap_ms, Limit.REST)
    assert guard.earliest_ms(2, BEGIN + 700)[1] is Limit.NONE
    assert guard.earliest_ms(2, BEGIN + 699)[1] is Limit.REST


def test_the_same_coil_cools_down() -> None:
    """Its own rest counts from the end of its pulse."""
    guard = rested()
    guard.pulsed(1, BEGIN, first=True)
    assert guard.earliest_ms(1, BEGIN) == (BEGIN + PULSE_MS + RULES.cooldown_ms, Limit.REST)


def test_a_pulse_that_reached_the_wire_late_moves_its_end() -> None:
    """The line and the lock rest from when the coil was really on."""
    guard = rested()
    guard.pulsed(1, BEGIN, first=True)
    guard.sent(1, BEGIN + 300)
    assert guard.earliest_ms(2, BEGIN)[0] == BEGIN + 300 + PULSE_MS + RULES.gap_ms
    assert guard.earliest_ms(1, BEGIN)[0] == BEGIN + 300 + PULSE_MS + RULES.cooldown_ms


def test_one_lock_is_pulsed_so_often_a_minute() -> None:
    """Second tries count here: it is the coil that gets warm."""
    guard = rested()
    for n in range(3):
        guard.pulsed(1, BEGIN + n * 2000, first=n == 0)
    assert guard.earliest_ms(1, BEGIN + 6000) == (BEGIN + 60_000, Limit.LOCK_TOO_OFTEN)
    assert guard.earliest_ms(2, BEGIN + 6000)[1] is Limit.NONE
    assert guard.earliest_ms(1, BEGIN + 60_000)[1] is Limit.NONE


def test_so_many_doors_a_minute_are_opened() -> None:
    """Second tries do not count: it is people that are counted. The window slides (invariant 10)."""
    guard = rested()
    for n in range(4):
        guard.pulsed(n + 1, BEGIN + n * 5000, first=True)
        guard.pulsed(n + 1, BEGIN + n * 5000 + 2000, first=False)
    assert guard.earliest_ms(9, BEGIN + 30_000) == (BEGIN + 60_000, Limit.TOO_MANY_DOORS)
    guard.pulsed(9, BEGIN + 60_000, first=True)
    assert guard.earliest_ms(8, BEGIN + 62_000) == (BEGIN + 65_000, Limit.TOO_MANY_DOORS)


@pytest.mark.parametrize("per_lock", [1, 2, 6])
@pytest.mark.parametrize("doors", [1, 3, 8])
def test_no_window_of_a_minute_holds_more(per_lock: int, doors: int) -> None:
    """Somebody pulses two locks as soon as allowed for ten minutes: no minute has more than the limits."""
    guard = CoilGuard(Coil(per_lock_minute_max=per_lock, doors_minute_max=doors), PULSE_MS, 0)
    now, done = 5000, []
    while now < 600_000:
        for door in (1, 2):
            now, _ = guard.earliest_ms(door, now)
            guard.pulsed(door, now, first=True)
            done.append((now, door))
    for at, _ in done:
        window = [(ms, door) for ms, door in done if at <= ms < at + 60_000]
        assert len(window) <= doors
        assert max(sum(door == d for _, d in window) for door in (1, 2)) <= per_lock
    assert all(b - a >= PULSE_MS for (a, _), (b, _) in pairwise(done))
