"""The time that everybody sees: which clock is believed, how the floor moves, and that it never goes back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import EPOCH_S

from locker import BUILT_S, timekeeping
from locker.model import Now, Quality
from locker.timekeeping import AHEAD_MS_MAX, DAY_MS, FIRST_S, LEEWAY_MS, NOTE, Saved, Timekeeper, lowered

T = 1_790_000_000_000
YEAR_MS = 365 * DAY_MS
SYNCED, RTC, HOLD, FLOOR = Quality.SYNCED, Quality.RTC, Quality.HOLD, Quality.FLOOR


def keeper(floor_ms: int = T, ms: int = 0, boot: str = "b", **more: object) -> Timekeeper:
    """A timekeeper of another boot, with this floor saved."""
    saved = Saved(floor_ms=floor_ms, boot="earlier", **more)  # type: ignore[arg-type]
    return Timekeeper({NOTE: timekeeping.encode(saved)}, ms, boot)


def again(time: Timekeeper, ms: int, boot: str = "b") -> Timekeeper:
    """A new start from what this one saves now."""
    return Timekeeper({NOTE: time.note().text}, ms, boot)


def test_the_build_time_is_not_absurd() -> None:
    """Not before there was such a program, not in the future of whoever runs this; the stages play later than FIRST_S.

    A release sets it with ``make built``.
    """
    assert FIRST_S <= BUILT_S <= datetime.now(UTC).timestamp() + 86_400
    assert FIRST_S < EPOCH_S
    made = Path(__file__).parents[1] / "Makefile"
    assert "BUILT_S" in made.read_text(encoding="utf-8")


def test_without_anything_saved_the_build_time_is_the_floor() -> None:
    """A machine that wakes up in 1970 is not in 1970."""
    now = Timekeeper({}, 0, built_s=BUILT_S).read(Now(1000, 1000, FLOOR))
    assert now == Now(1000, BUILT_S * 1000 + 1000, FLOOR, BUILT_S * 1000 + 1000)


def test_a_newer_build_than_what_was_saved_counts() -> None:
    """The latest of all sources."""
    assert Timekeeper({NOTE: timekeeping.encode(Saved(floor_ms=T))}, 0, built_s=T // 1000 + 5).floor_ms == T + 5000


@pytest.mark.parametrize("text", ["{", "1", '{"floor_ms":"x"}', "\x00"])
def test_a_damaged_note_counts_as_none_and_is_told(text: str) -> None:
    """The cabinet starts all the same: somebody stands in the street."""
    time = Timekeeper({NOTE: text}, 0)
    assert time.floor_ms == FIRST_S * 1000
    assert [(record.kind, record.fields["device"]) for record in time.news()] == [("device_trouble", "clock")]


def test_a_weighed_instant_stays_as_it_is() -> None:
    """Service and cabinet may both weigh it; nothing happens twice."""
    time = keeper()
    now = time.read(Now(0, T + 5, SYNCED))
    assert time.read(now) is now
    assert time.read(Now(0, now.wall_ms, FLOOR, floor_ms=3)).floor_ms == 3


# --- synced ---------------------------------------------------------------------------------------


def test_a_synchronised_clock_is_followed_and_takes_the_floor_along() -> None:
    """Also when it steps; up to 30 days ahead."""
    time = keeper()
    assert time.read(Now(1000, T + 5000, SYNCED)) == Now(1000, T + 5000, SYNCED, T + 5000)
    ahead = time.floor_ms + AHEAD_MS_MAX
    assert time.read(Now(1000, ahead, SYNCED)) == Now(1000, ahead, SYNCED, ahead)


def test_one_far_ahead_is_shown_but_leaves_the_floor() -> None:
    """Three years wrong while it is wrong; afterwards everything is as before."""
    time = keeper()
    time.read(Now(0, T, SYNCED))
    wrong = time.read(Now(1000, T + 3 * YEAR_MS, SYNCED))
    assert wrong == Now(1000, T + 3 * YEAR_MS, SYNCED, T + 1000)
    assert time.read(Now(2000, T + 2000, SYNCED)) == Now(2000, T + 2000, SYNCED, T + 2000)


def test_a_signature_confirms_a_clock_far_ahead() -> None:
    """A cabinet that stood in a store for a year: the first token that is shown brings the floor up."""
    time = keeper()
    time.read(Now(0, T + YEAR_MS, SYNCED))
    time.learn((T + YEAR_MS) // 1000 - 5)
    assert time.read(Now(1000, T + YEAR_MS + 1000, SYNCED)).floor_ms == T + YEAR_MS + 1000


def test_one_a_little_before_the_floor_is_right_and_the_floor_waits() -> None:
    """A chip was ten minutes fast. The floor stands until the clock has caught up; expiry is held against the later."""
    time, fast = keeper(), 600_000
    time.read(Now(0, T, SYNCED))
    time = keeper(T + fast)
    first = time.read(Now(1000, T + 1000, SYNCED))
    assert (first.wall_ms, first.quality, first.past_ms, first.latest_ms) == (T + 1000, SYNCED, T + fast, T + fast)
    later = time.read(Now(fast + 5000, T + fast + 5000, SYNCED))
    assert (later.wall_ms, later.past_ms) == (T + fast + 5000, T + fast + 5000)


def test_set_back_again_and_again_it_gains_a_day_and_no_more() -> None:
    """Whoever forges NTP keeps dead tokens alive for a day at most, over restarts too; a month of trying is one day."""
    time, hour = keeper(), 3_600_000
    time.read(Now(0, T, SYNCED))
    for hours in range(1, 30 * 24):
        now = time.read(Now(hours * hour, time.floor_ms - 23 * hour, SYNCED))
        assert now.past_ms >= T + hours * hour - DAY_MS
        if hours % 100 == 0:
            time = again(time, hours * hour)
    rebooted = again(time, 0, "next")
    assert rebooted.read(Now(0, T + 29 * DAY_MS, SYNCED)).quality is SYNCED
    assert rebooted.read(Now(0, rebooted.floor_ms - DAY_MS, SYNCED)).quality is FLOOR, "the reach is saved as well"


def test_one_more_than_a_day_before_the_floor_is_not_believed() -> None:
    """True time is never before the floor: whoever sets the time server back a year gains nothing."""
    time = keeper()
    assert time.read(Now(0, T - DAY_MS, SYNCED)).quality is SYNCED
    back = time.read(Now(0, T - DAY_MS - 1, SYNCED))
    assert back == Now(0, T, FLOOR, T)
    assert time.read(Now(60_000, T - YEAR_MS, SYNCED)) == Now(60_000, T + 60_000, FLOOR, T + 60_000)


# --- hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", [RTC, HOLD, FLOOR])
@pytest.mark.parametrize("set_by_ms", [0, -YEAR_MS, YEAR_MS, 5 * DAY_MS])
def test_what_was_synchronised_is_carried_on_by_the_boot_clock(kernel: Quality, set_by_ms: int) -> None:
    """Whoever sets the wall clock by hand meanwhile changes nothing."""
    time = keeper()
    time.read(Now(0, T, SYNCED))
    now = time.read(Now(90_000, T + 90_000 + set_by_ms, kernel))
    assert now == Now(90_000, T + 90_000, HOLD, T + 90_000)


def test_it_is_held_over_a_restart_of_the_program_but_not_of_the_machine() -> None:
    """The boot's id says which it was; a boot time before the saved one is another boot as well."""
    time = keeper()
    time.read(Now(5000, T, SYNCED))
    assert again(time, 65_000).read(Now(65_000, 0, FLOOR)) == Now(65_000, T + 60_000, HOLD, T + 60_000)
    assert again(time, 65_000, "next").read(Now(65_000, 0, FLOOR)) == Now(65_000, T, FLOOR, T)
    assert again(time, 4000).read(Now(4000, 0, FLOOR)).quality is FLOOR
    assert again(time, 65_000, "unknown").read(Now(65_000, 0, FLOOR)).quality is FLOOR


def test_the_systems_word_that_it_was_synchronised_is_taken_once() -> None:
    """After a restart with an unreadable note: the first reading is held from then on."""
    time = keeper()
    assert time.read(Now(0, T + 7, HOLD)).quality is HOLD
    assert time.read(Now(1000, T + YEAR_MS, FLOOR)) == Now(1000, T + 1007, HOLD, T + 1007)


# --- rtc ------------------------------------------------------------------------------------------


def test_a_chip_is_read_once_and_takes_the_floor_to_a_day_behind_it() -> None:
    """It may be wrong by a day; jumps of the wall clock in the same boot are none of the chip's."""
    time = keeper()
    assert time.read(Now(0, T + 3 * DAY_MS, RTC)) == Now(0, T + 3 * DAY_MS, RTC, T + 2 * DAY_MS)
    assert time.read(Now(1000, T + 3653 * DAY_MS, RTC)).wall_ms == T + 3 * DAY_MS + 1000
    assert time.read(Now(2000, 0, RTC)).wall_ms == T + 3 * DAY_MS + 2000


@pytest.mark.parametrize(("off_ms", "quality"), [(-DAY_MS, RTC), (-DAY_MS - 1, FLOOR), (AHEAD_MS_MAX, RTC)])
def test_a_chip_counts_from_a_day_before_to_30_days_after_the_floor(off_ms: int, quality: Quality) -> None:
    """What is shown is never before the floor."""
    now = keeper().read(Now(0, T + off_ms, RTC))
    assert (now.quality, now.wall_ms) == (quality, max(T, T + off_ms))


@pytest.mark.parametrize("chip_ms", [0, T - YEAR_MS, T + AHEAD_MS_MAX + 1, T + 73 * YEAR_MS])
def test_a_chip_with_a_dead_battery_is_no_chip(chip_ms: int) -> None:
    """1970 or 2099: the floor is shown, and stays where it was."""
    assert keeper().read(Now(0, chip_ms, RTC)) == Now(0, T, FLOOR, T)


def test_a_signature_may_say_that_a_chip_was_right_after_all() -> None:
    """Two months in a store: the chip is 60 days ahead of the floor, and so is a token. Two that agree are believed."""
    time, away = keeper(), 60 * DAY_MS
    assert time.read(Now(0, T + away, RTC)).quality is FLOOR
    time.learn((T + away) // 1000 - 5)
    assert time.read(Now(1000, T + away + 1000, RTC)) == Now(1000, T + away + 1000, RTC, T + away - 4000)


def test_a_signature_corrects_a_slow_chip() -> None:
    """Up to a day; what is shown is the later."""
    time = keeper()
    time.read(Now(0, T, RTC))
    time.learn((T + 600_000) // 1000)
    assert time.read(Now(1000, T + 1000, RTC)) == Now(1000, T + 601_000, RTC, T + 601_000)


def test_a_new_card_believes_clocks_for_ten_years() -> None:
    """It knows only when the program was built, and that may be long ago; then 30 days as always."""
    time = Timekeeper({}, 0)
    assert time.read(Now(0, T, RTC)).quality is RTC
    assert again(time, 0, "next").read(Now(0, T + 60 * DAY_MS, RTC)).quality is FLOOR
    assert Timekeeper({}, 0).read(Now(0, T + 73 * YEAR_MS, RTC)).quality is FLOOR


def test_what_a_card_without_any_clock_saves_leaves_it_new() -> None:
    """The boot clock's hours are kept, and a clock that comes later is believed."""
    time = Timekeeper({}, 0)
    time.read(Now(DAY_MS, 0, FLOOR))
    later = again(time, 0, "next")
    assert later.floor_ms == FIRST_S * 1000 + DAY_MS
    assert later.read(Now(0, T, RTC)).quality is RTC


# --- floor ----------------------------------------------------------------------------------------


def test_a_wall_clock_without_a_chip_counts_against_tokens_and_moves_nothing() -> None:
    """Some systems save their time at shutdown: it is shown if it is plausible, and not believed."""
    time = keeper()
    assert time.read(Now(0, T + DAY_MS, FLOOR)) == Now(0, T + DAY_MS, FLOOR, T)
    assert time.read(Now(0, T + AHEAD_MS_MAX + 1, FLOOR)) == Now(0, T, FLOOR, T)
    assert time.read(Now(0, 0, FLOOR)) == Now(0, T, FLOOR, T)


def test_the_boot_clock_carries_the_floor() -> None:
    """Weeks without a network are weeks."""
    assert keeper(ms=500).read(Now(500 + 21 * DAY_MS, 0, FLOOR)).past_ms == T + 21 * DAY_MS


@pytest.mark.parametrize(("ahead_ms", "moved"), [(5000, True), (AHEAD_MS_MAX, True), (AHEAD_MS_MAX + 1000, False)])
def test_a_signature_moves_the_floor_by_30_days_at_most(ahead_ms: int, moved: bool) -> None:
    """Further ahead is absurd."""
    time = keeper()
    time.read(Now(0, 0, FLOOR))
    time.learn((T + ahead_ms) // 1000)
    assert time.floor_ms == T + ahead_ms * moved


def test_a_signature_never_moves_it_beyond_a_good_clock() -> None:
    """An issuer whose clock is a minute fast does not make ours fast; one that is an hour fast is not heard."""
    for ahead_ms in (60_000, LEEWAY_MS, 3_600_000):
        time = keeper()
        time.read(Now(0, T, SYNCED))
        time.learn((T + ahead_ms) // 1000)
        assert time.floor_ms == T


def test_the_key_sets_time_counts_however_far_ahead_while_no_clock_is_believed() -> None:
    """The root says so; with a good clock an absurd time has no effect, and it is never saved."""
    time = keeper()
    time.read(Now(0, 0, FLOOR))
    time.set_issued((T + 3 * YEAR_MS) // 1000)
    assert time.read(Now(1000, 0, FLOOR)) == Now(1000, T + 3 * YEAR_MS + 1000, FLOOR, T + 3 * YEAR_MS + 1000)
    assert time.read(Now(2000, T + 2000, SYNCED)) == Now(2000, T + 2000, SYNCED, T + 2000)
    assert again(time, 0, "next").read(Now(0, 0, FLOOR)).past_ms == T + 2000


def test_a_plausible_key_sets_time_is_as_good_as_a_tokens() -> None:
    """Within 30 days it is learnt and saved."""
    time = keeper()
    time.read(Now(0, 0, FLOOR))
    time.set_issued(T // 1000 + 86_400)
    assert again(time, 0, "next").floor_ms == T + DAY_MS


# --- events, saving -------------------------------------------------------------------------------


def test_a_jump_is_told_once_with_from_to_and_by_how_much() -> None:
    """2 s are none, more is; quality before and after are in it."""
    time = keeper()
    time.read(Now(0, T, SYNCED))
    time.read(Now(1000, T + 3000, SYNCED))
    assert time.news() == []
    time.read(Now(2000, T + 3000 + 60_000, SYNCED))
    time.read(Now(3000, T + 4000 + 60_000, SYNCED))
    (record,) = time.news()
    assert (record.kind, record.fields["before"], record.fields["after"]) == ("clock_changed", "synced", "synced")
    assert (record.fields["to_ms"], record.fields["by_ms"]) == (T + 63_000, 61_000)
    assert record.fields["from_ms"] == T + 2000
    assert time.news() == []


def test_small_steps_add_up_to_a_jump() -> None:
    """Nobody moves a clock by stealth."""
    time = keeper()
    for step in range(1, 6):
        time.read(Now(step * 1000, T + step * 1000 + step * 1500, SYNCED))
    assert len(time.news()) == 2


def test_a_jump_of_a_clock_that_is_not_followed_is_told_with_what_is_shown() -> None:
    """Set back by hand by a year while held: the system jumped, the cabinet did not."""
    time = keeper()
    time.read(Now(0, T, SYNCED))
    time.read(Now(1000, T + 1000 - YEAR_MS, FLOOR))
    (record,) = time.news()
    assert (record.fields["by_ms"], record.fields["shown_by_ms"]) == (-YEAR_MS, 0)
    assert (record.fields["before"], record.fields["after"]) == ("synced", "hold")


def test_the_floor_is_due_once_an_hour_and_at_once_after_a_start() -> None:
    """The rest rides on what is saved anyway."""
    time = keeper()
    assert time.due()
    time.note()
    time.read(Now(3_599_999, 0, FLOOR))
    assert not time.due()
    time.read(Now(3_600_000, 0, FLOOR))
    assert time.due()


def test_what_a_token_taught_holds_in_the_very_next_reading() -> None:
    """A server a year behind, then right, a token that says so, and a year behind again: that is followed no more."""
    time = Timekeeper({}, 0, "0")
    assert time.read(Now(0, T - YEAR_MS, SYNCED)).wall_ms == T - YEAR_MS
    time.read(Now(0, T - 3000, SYNCED))
    time.learn(T // 1000)
    now = time.read(Now(0, T - YEAR_MS, SYNCED))
    assert (now.quality, now.wall_ms, now.past_ms) == (FLOOR, T - 3000, T - 3000)


def test_a_floor_lowered_by_hand_keeps_old_tokens_dead() -> None:
    """What may have been forgotten under the higher floor is doubtful, also when it is lowered twice."""
    high = Saved(floor_ms=T + 100 * DAY_MS)
    once = lowered(high, Now(0, T, SYNCED))
    time = Timekeeper({NOTE: timekeeping.encode(once)}, 0)
    assert time.floor_ms == T
    at = T // 1000
    assert time.doubtful(at - 1, at + 100 * 86_400 - 1)
    assert not time.doubtful(at, at + 5)
    assert not time.doubtful(at - 1, at + 100 * 86_400)
    assert not keeper().doubtful(0, 0)
    twice = lowered(Saved(floor_ms=T + 5 * DAY_MS, lowered=once.lowered), Now(0, T + DAY_MS, SYNCED))
    assert twice.lowered == (at + 86_400, at + 100 * 86_400)
    assert again(time, 0, "next").lowered == once.lowered


# --- whatever happens -----------------------------------------------------------------------------

READINGS = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY_MS),
        st.sampled_from((-10 * YEAR_MS, -YEAR_MS, -DAY_MS, -3000, 0, 3000, DAY_MS, 20 * DAY_MS, 10 * YEAR_MS)),
        st.sampled_from(list(Quality)),
        st.sampled_from(("", "", "learn", "save", "restart", "reboot")),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(READINGS)
def test_the_floor_never_goes_back_and_nothing_shown_is_long_before_it(
    steps: list[tuple[int, int, Quality, str]],
) -> None:
    """Whatever the clocks say, in whatever order, over restarts and power cuts with the floor saved.

    What is shown is never before the floor, but for a synchronised clock: by a day at most. What expiry is held
    against never goes back in the qualities in which clocks are believed to the second and the floor follows them.
    """
    time, true_ms, ms, floor, boots = Timekeeper({}, 0, "0"), T, 0, 0, 0
    for waited, off, quality, deed in steps:
        ms, true_ms = ms + waited, true_ms + waited
        now = time.read(Now(ms, max(0, true_ms + off), quality))
        assert now.past_ms >= floor, "the floor went back"
        assert now.past_ms == time.floor_ms, "no key set, so the floor that is shown is the one that is saved"
        assert now.past_ms >= FIRST_S * 1000 + true_ms - T - DAY_MS, "the floor fell a day behind the boot clock"
        slack = DAY_MS if now.quality in (SYNCED, HOLD) else 0
        assert now.wall_ms >= now.past_ms - slack
        assert quality is SYNCED or now.quality is not SYNCED, "nobody makes a clock better than it says"
        if deed == "learn":
            time.learn(true_ms // 1000)
        floor = time.floor_ms
        if deed in ("restart", "reboot"):
            boots, ms = boots + (deed == "reboot"), 0 if deed == "reboot" else ms
            time = again(time, ms, str(boots))
            assert time.floor_ms == floor
