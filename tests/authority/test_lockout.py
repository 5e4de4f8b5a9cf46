"""The keypad's lock-out: when it locks, for how long, and that neither clocks nor power cuts make guessing faster."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locker.authority.lockout import (
    CALM_MS,
    LEVEL_MAX,
    LOCK_MS,
    LOCK_MS_MAX,
    WINDOW_MS,
    WRONG_MAX,
    Lockout,
    LockoutError,
    from_text,
    longest,
)
from locker.model import Now, Quality

HOUR_MS = 3_600_000
FRESH = Lockout("boot-1", 0)

GUESSES_HOUR_MAX = 41
"""What docs/pickup.md says of any hour."""
GUESSES_HOUR_LONG_RUN = 29
GUESSES_AT_ONCE = 24
"""And of longer times: at most 29 an hour and 24 more."""


def at(ms: int, wall_ms: int = 0) -> Now:
    """An instant; the wall time is whatever somebody has set it to."""
    return Now(ms, wall_ms, Quality.FLOOR)


def wrong(state: Lockout, *times_ms: int) -> Lockout:
    """The state after wrong entries at these times."""
    for ms in times_ms:
        state = state.wrong(at(ms))
    return state


def test_five_wrong_entries_within_ten_minutes_lock_for_a_minute() -> None:
    """The fifth locks, also when it comes exactly ten minutes after the first; the lock ends after 60 s."""
    for spread_ms in (0, 1000, WINDOW_MS // 4):
        state = wrong(FRESH, *(spread_ms * step for step in range(4)))
        assert state.locked_ms(at(spread_ms * 3)) == 0
        end_ms = spread_ms * 4
        state = wrong(state, end_ms)
        assert state.locked_ms(at(end_ms)) == LOCK_MS == 60_000
        assert state.locked_ms(at(end_ms + 59_999)) == 1
        assert state.locked_ms(at(end_ms + 60_000)) == 0


def test_the_fifth_after_more_than_ten_minutes_does_not_lock() -> None:
    """What is older than the window does not count."""
    state = wrong(FRESH, 0, 1, 2, 3, WINDOW_MS + 1)
    assert state.locked_ms(at(WINDOW_MS + 1)) == 0
    assert wrong(state, WINDOW_MS + 2).locked_ms(at(WINDOW_MS + 2)) == 0, "the entries at 0 and 1 are gone"
    assert wrong(state, WINDOW_MS + 2).wrong_ms == (2, 3, WINDOW_MS + 1, WINDOW_MS + 2)


def test_each_further_lock_is_twice_as_long_up_to_fifteen_minutes() -> None:
    """60, 120, 240, 480 s, then 900 s again and again; each takes five new wrong entries."""
    state, now_ms, locks = FRESH, 0, []
    for _ in range(7):
        state = wrong(state, *[now_ms] * (WRONG_MAX - 1))
        assert state.locked_ms(at(now_ms)) == 0
        state = wrong(state, now_ms)
        locks.append(state.locked_ms(at(now_ms)))
        now_ms += locks[-1]
    assert [ms // 1000 for ms in locks] == [60, 120, 240, 480, 900, 900, 900]


def test_an_hour_without_a_lock_takes_one_doubling_back() -> None:
    """After four hours of calm the next lock is 60 s again, and not before."""
    state, now_ms = FRESH, 0
    for _ in range(4):
        state = wrong(state, *[now_ms] * 5)
        now_ms += state.locked_ms(at(now_ms))
    for hours, seconds in ((0, 900), (1, 480), (2, 240), (3, 120), (4, 60), (50, 60)):
        for early_ms, wanted in ((0, seconds), (1, min(2 * seconds, 900) if 0 < hours < 5 else seconds)):
            then_ms = now_ms + hours * CALM_MS - early_ms
            if then_ms >= now_ms:
                assert wrong(state, *[then_ms] * 5).locked_ms(at(then_ms)) == wanted * 1000


def test_comparing_while_locked_is_a_broken_program() -> None:
    """The keypad asks first; one that does not must not go on quietly."""
    state = wrong(FRESH, *[0] * 5)
    with pytest.raises(LockoutError, match="locked for another 60000 ms"):
        state.wrong(at(0))


# --- clocks, restarts, reboots --------------------------------------------------------------------


@pytest.mark.parametrize("wall_ms", [0, 1, 1_750_000_000_000, 4_000_000_000_000, 2**62])
def test_setting_the_clock_changes_nothing(wall_ms: int) -> None:
    """Forwards to next century or back to 1970: within a boot only boot time counts."""
    state = wrong(FRESH, *[1000] * 5)
    assert state.locked_ms(at(1000, wall_ms)) == LOCK_MS
    assert state.settle(at(60_999, wall_ms)) is state
    assert state.resume("boot-1", at(2000, wall_ms)) is state
    assert state.resume("boot-2", at(7, wall_ms)).locked_ms(at(7, wall_ms)) == LOCK_MS


def test_a_restart_of_the_program_changes_nothing() -> None:
    """In the same boot the lock ends when it would have ended."""
    saved = from_text(wrong(FRESH, *[1000] * 5).to_text())
    assert saved.resume("boot-1", at(31_000)).locked_ms(at(31_000)) == 30_000
    assert saved.resume("boot-1", at(61_000)).locked_ms(at(61_000)) == 0


def test_a_reboot_begins_the_lock_anew() -> None:
    """Nobody knows how long the machine was off, so what was left when the lock was saved is served in full."""
    saved = from_text(wrong(FRESH, *[5_000_000] * 5).to_text())
    state = saved.resume("boot-2", at(20_000))
    assert state.locked_ms(at(20_000)) == LOCK_MS
    assert (state.boot, state.saved_ms, state.level) == ("boot-2", 20_000, 1)
    again = from_text(state.to_text()).resume("boot-3", at(15_000))
    assert again.locked_ms(at(15_000)) == LOCK_MS, "pulling the plug again and again only waits longer"


def test_a_reboot_keeps_wrong_entries_as_old_as_they_were() -> None:
    """Four wrong entries, a power cut, one more: locked. Their ages are those of the last time they were saved."""
    saved = wrong(FRESH, 5_000_000, 5_000_000, 5_000_000, 5_060_000)
    state = saved.resume("boot-2", at(12_000))
    assert state.wrong_ms == (-48_000, -48_000, -48_000, 12_000)
    assert wrong(state, 13_000).locked_ms(at(13_000)) == LOCK_MS
    assert wrong(state, 12_000 + WINDOW_MS).locked_ms(at(12_000 + WINDOW_MS)) == 0


@pytest.mark.parametrize("boot", ["unknown", ""])
def test_a_boot_that_has_no_name_is_never_the_same(boot: str) -> None:
    """Where the system does not tell its boots apart, every start is taken for a reboot."""
    state = replace(wrong(FRESH, *[1000] * 5), boot=boot)
    assert state.resume(boot, at(50_000)).locked_ms(at(50_000)) == LOCK_MS


def test_a_boot_time_that_went_back_is_another_boot() -> None:
    """A restored database names this boot and a time that is still to come: no time is held to have passed."""
    state = wrong(FRESH, *[9_000_000] * 5).resume("boot-1", at(100))
    assert state.locked_ms(at(100)) == LOCK_MS


def test_what_is_over_is_taken_off_and_need_not_be_served_after_the_next_power_cut() -> None:
    """At each deadline ``settle`` gives a new value to be saved; a reboot weeks later finds nothing to lock for."""
    state, deadlines = wrong(FRESH, *[0] * 5), []
    while (deadline_ms := state.deadline_ms()) is not None:
        deadlines.append(deadline_ms)
        assert state.settle(at(deadline_ms - 1)) is state
        after = state.settle(at(deadline_ms))
        assert after != state
        state = after
    assert deadlines == [LOCK_MS, LOCK_MS + CALM_MS]
    assert state == Lockout("boot-1", LOCK_MS + CALM_MS)
    assert wrong(FRESH, 0, 500).deadline_ms() == 500 + WINDOW_MS + 1
    assert wrong(FRESH, 0, 500).settle(at(500 + WINDOW_MS + 1)).wrong_ms == ()
    assert FRESH.deadline_ms() is None


# --- saved and read back --------------------------------------------------------------------------


def test_an_unreadable_value_locks_for_the_longest() -> None:
    """Who damages the file does not get a free keypad."""
    state = longest("boot-1", at(5))
    assert state.locked_ms(at(5)) == LOCK_MS_MAX
    assert state.level == LEVEL_MAX
    assert from_text(state.to_text()) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "{}",
        "[]",
        "[" * 390,
        '["b",0,[],null,0]',
        '["b",0,[],null,0,null,0]',
        '[1,0,[],null,0,null]',
        '["b",0.0,[],null,0,null]',
        '["b",NaN,[],null,0,null]',
        '["b",true,[],null,0,null]',
        '["b",0,"ab",null,0,null]',
        '["b",0,5,null,0,null]',
        '["b",0,[1],null,0,null]',
        '["b",9,[3,2],null,0,null]',
        '["b",9,[1,2,3,4,5],null,0,null]',
        '["b",9,[],900010,1,9]',
        '["b",9,[],null,5,9]',
        '["b",9,[],null,-1,null]',
        '["b",9,[],null,1,null]',
        '["b",9,[],null,0,5]',
        '["b",9,[],null,1,4500010]',
        '["' + "b" * 400 + '",0,[],null,0,null]',
    ],
)  # fmt: skip
def test_only_what_was_saved_is_read(text: str) -> None:
    """Wrong types, impossible times, a lock of a year: an error that says what follows, never a value."""
    with pytest.raises(LockoutError, match="stays locked for 15 minutes"):
        from_text(text)


def test_a_saved_value_says_nothing_of_what_was_typed() -> None:
    """Boot, times, level: no digits of anybody's entry could be in it."""
    assert json.loads(wrong(FRESH, 1, 2).to_text()) == ["boot-1", 2, [1, 2], None, 0, None]


# --- how often somebody may guess -----------------------------------------------------------------


def most_guesses(hours: int) -> int:
    """The most guesses in the first hours, by trying both things that can be sensible whenever there is a choice.

    With fewer than four wrong entries in the window, waiting gains nothing; with four, either guess and be locked,
    or wait until the oldest is out of the window.
    """
    end_ms = hours * HOUR_MS
    known: dict[tuple[int, Lockout], int] = {}
    todo = [(0, FRESH, 0)]
    most = 0
    while todo:
        ms, state, guesses = todo.pop()
        if ms > end_ms or known.get((ms, state), -1) >= guesses:
            continue
        known[ms, state] = guesses
        most = max(most, guesses)
        if left_ms := state.locked_ms(at(ms)):
            todo.append((ms + left_ms, state.settle(at(ms + left_ms)), guesses))
            continue
        after = state.wrong(at(ms))
        if ms <= end_ms:
            todo.append((ms, after, guesses + 1))
        recent = [entry for entry in state.wrong_ms if ms - entry <= WINDOW_MS]
        if len(recent) == WRONG_MAX - 1:
            todo.append((recent[0] + WINDOW_MS + 1, state, guesses))
    return most


def test_the_fastest_guesser_has_41_tries_in_an_hour() -> None:
    """The figure in the docs is the true maximum of the first hour; from then on it is 29 an hour."""
    assert most_guesses(1) == GUESSES_HOUR_MAX
    assert most_guesses(2) == GUESSES_HOUR_MAX + GUESSES_HOUR_LONG_RUN
    assert most_guesses(3) == GUESSES_HOUR_MAX + 2 * GUESSES_HOUR_LONG_RUN


STEP = st.one_of(
    st.tuples(st.just("guess"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 999, 59_999, 60_000, 60_001, WINDOW_MS, WINDOW_MS + 1, CALM_MS])),
    st.tuples(st.just("wait"), st.integers(0, 2 * HOUR_MS)),
    st.tuples(st.just("until open"), st.just(0)),
    st.tuples(st.just("until stale"), st.just(0)),
    st.tuples(st.just("restart"), st.integers(0, 5000)),
    st.tuples(st.just("reboot"), st.integers(0, HOUR_MS)),
    st.tuples(st.just("set the clock"), st.integers(0, 2**45)),
)


class Guesser:
    """Somebody at the keypad with a hand on the plug and on the clock; true time is known to the test alone."""

    def __init__(self) -> None:
        self.true_ms = self.started_ms = 0
        self.boot = 1
        self.wall_ms = 0
        self.state = Lockout("boot-1", 0)
        self.guesses: list[int] = []

    @property
    def now(self) -> Now:
        """What the machine believes."""
        return at(self.true_ms - self.started_ms, self.wall_ms)

    def guess(self, times: int) -> None:
        """Guess as long as the keypad is open; each is saved before its outcome is shown."""
        for _ in range(times):
            if not self.state.locked_ms(self.now):
                self.guesses.append(self.true_ms)
                self.state = from_text(self.state.wrong(self.now).to_text())

    def step(self, what: str, number: int) -> None:
        """Do one thing."""
        match what:
            case "guess":
                self.guess(number)
            case "wait":
                self.true_ms += number
                self.state = self.state.settle(self.now)
            case "until open":
                self.true_ms += self.state.locked_ms(self.now)
            case "until stale":
                self.true_ms += max([0, *(entry + WINDOW_MS + 1 - self.now.ms for entry in self.state.wrong_ms[:1])])
            case "restart":
                self.true_ms += number
                self.state = from_text(self.state.to_text()).resume(f"boot-{self.boot}", self.now)
            case "reboot":
                self.true_ms += number
                self.boot, self.started_ms = self.boot + 1, self.true_ms
                self.state = from_text(self.state.to_text()).resume(f"boot-{self.boot}", self.now)
            case "set the clock":
                self.wall_ms = number


@settings(max_examples=400)
@given(st.lists(STEP, max_size=120))
def test_no_sequence_of_anything_guesses_faster(steps: list[tuple[str, int]]) -> None:
    """Waits, power cuts, restarts, clock changes in any order: 41 in any hour, 29 an hour and 24 in any time."""
    guesser = Guesser()
    for what, number in steps:
        guesser.step(what, number)
    times = guesser.guesses
    for first, begun_ms in enumerate(times):
        for last in range(first, len(times)):
            span_ms, count = times[last] - begun_ms, last - first + 1
            if span_ms <= HOUR_MS:
                assert count <= GUESSES_HOUR_MAX
            assert count * HOUR_MS <= GUESSES_HOUR_LONG_RUN * span_ms + GUESSES_AT_ONCE * HOUR_MS


@given(st.lists(STEP, max_size=60), st.integers(0, 2**45))
def test_a_lock_never_ends_early(steps: list[tuple[str, int]], wall_ms: int) -> None:
    """Whatever came before: once locked, the true time until the keypad opens is at least the lock's length."""
    guesser = Guesser()
    for what, number in steps:
        guesser.step(what, number)
    guesser.step("until open", 0)
    while not guesser.state.locked_ms(guesser.now):
        guesser.guess(1)
    length_ms, locked_at_ms = guesser.state.locked_ms(guesser.now), guesser.true_ms
    guesser.step("set the clock", wall_ms)
    guesser.step("reboot", length_ms // 2)
    guesser.step("restart", length_ms // 3)
    guesser.step("until open", 0)
    assert guesser.true_ms - locked_at_ms >= length_ms
    assert LOCK_MS <= length_ms <= LOCK_MS_MAX
