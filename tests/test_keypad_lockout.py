"""Guessing at the keypad: wrong codes are counted, the keypad locks, and neither plugs nor clocks take that back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from keypad_stage import DAY_MS, SECRET, KeypadStage, records

from locker.authority.hotp import code
from locker.keypad import LOCKOUT
from locker.model import Effect, KeepNote, Record, Refusal, Show, Typed

MINUTE_MS = 60_000


@pytest.fixture
def stage(tmp_path: Path) -> KeypadStage:
    """A cabinet with a keypad of six digits, in which one item lies (A1)."""
    stage = KeypadStage(tmp_path)
    stage.stored("A1")
    return stage


def test_a_wrong_code_is_an_event_without_its_digits(stage: KeypadStage) -> None:
    """The screen says no more than that; the log has how many count by now; the state is saved with it."""
    wrong = stage.wrong()
    assert stage.types(wrong) == 0
    assert (stage.screen.name, stage.screen.reason, stage.screen.digits) == ("refused", "wrong_code", 6)
    assert records(stage, "code_wrong") == [{"source": "keypad", "wrong": 1}]
    assert "denied" not in stage.kinds
    assert json.loads(stage.saved)[2] == [stage.ms]
    assert wrong not in json.dumps([e["data"] for e in stage.log])
    assert len(stage.pulses) == 1


def test_five_wrong_codes_lock_the_keypad_for_a_minute(stage: KeypadStage) -> None:
    """The notice says so, the idle screen has no keypad and says for how long; then it is back and takes the code."""
    stage.guesses(4)
    assert stage.screen.reason == "wrong_code"
    stage.guesses(1)
    assert (stage.screen.name, stage.screen.reason, stage.screen.digits) == ("refused", "keypad_locked", 0)
    assert records(stage, "keypad_locked") == [{"for_ms": 60_000}]
    assert [data["wrong"] for data in records(stage, "code_wrong")] == [1, 2, 3, 4, 5]
    stage.wait(12_000)
    assert stage.idles() and stage.locked_ms == 48_000
    stage.wait(47_999)
    assert stage.screen.digits == 0
    stage.wait(1)
    assert (stage.idles().digits, stage.screen.reason, stage.screen.remaining_ms) == (6, "", 0)
    assert stage.types(stage.sms("A1")) == 1


def test_while_it_is_locked_nothing_is_compared(stage: KeypadStage) -> None:
    """The right code and a wrong one are refused alike, neither counts, and the lock does not grow by it."""
    stage.guesses(5)
    stage.wait(12_000)
    for digits in (stage.sms("A1"), stage.wrong(), "1"):
        assert stage.types(digits) == 0
        assert stage.refused(Refusal.KEYPAD_LOCKED)
        stage.idles()
    assert stage.kinds.count("code_wrong") == 5
    assert stage.last("denied") == {"door": 0, "reason": "keypad_locked", "source": "keypad"} | {
        "detail": "for another 48000 ms"
    }
    stage.wait(48_000)
    assert stage.types(stage.sms("A1")) == 1


def test_a_locked_keypad_stops_nobody_with_a_qr_code(stage: KeypadStage) -> None:
    """A token collects as ever, and the lock is still there afterwards."""
    stage.guesses(5)
    assert stage.scan(stage.collect("A1")) == 1
    stage.takes(1)
    assert 0 < stage.locked_ms <= 60_000


def test_each_lock_is_twice_as_long_up_to_a_quarter_of_an_hour(stage: KeypadStage) -> None:
    """60 s, 2, 4, 8, 15 and 15 minutes; a right code in between takes nothing back."""
    for _ in range(6):
        stage.guesses(5)
        stage.wait(15 * MINUTE_MS)
        stage.idles()
    told = [data["for_ms"] for data in records(stage, "keypad_locked")]
    assert told == [MINUTE_MS * minutes for minutes in (1, 2, 4, 8, 15, 15)]
    assert stage.types(stage.sms("A1")) == 1
    stage.takes(1)
    stage.guesses(5)
    assert stage.last("keypad_locked")["for_ms"] == 15 * MINUTE_MS


def test_a_right_code_does_not_wipe_out_wrong_ones(stage: KeypadStage) -> None:
    """Four wrong, one right, one wrong: locked. Else a guesser would only wait for honest people in between."""
    stage.stored("B2")
    stage.guesses(4)
    stage.takes(stage.types(stage.sms("B2")))
    stage.guesses(1)
    assert stage.last("keypad_locked")["for_ms"] == 60_000


def test_wrong_codes_are_forgiven_after_ten_minutes(stage: KeypadStage) -> None:
    """Four, eleven minutes, four: no lock; and what is over is taken off on the disk as well."""
    stage.guesses(4)
    stage.wait(11 * MINUTE_MS)
    assert json.loads(stage.saved)[2] == []
    stage.guesses(4)
    assert "keypad_locked" not in stage.kinds


def test_at_most_41_guesses_in_an_hour_however_patient(stage: KeypadStage) -> None:
    """Somebody types a wrong code whenever there is a keypad, for two hours: 41 in the first, 29 in the second."""
    started_ms = stage.ms
    counts = []
    for hour in (1, 2):
        while stage.ms < started_ms + hour * 60 * MINUTE_MS:
            stage.idles()
            stage.types(stage.wrong()) if stage.screen.digits else stage.wait(1000)
        counts.append(stage.kinds.count("code_wrong"))
    assert counts[0] <= 41 and counts[1] - counts[0] <= 29


# --- plugs and clocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("wall_ms", [0, -30 * DAY_MS, 30 * DAY_MS], ids=["right", "set back", "set on"])
def test_a_power_cut_during_a_lock_ends_nothing(stage: KeypadStage, wall_ms: int) -> None:
    """Whatever the clock says after it: what was left when it was last saved begins anew, and the level stays."""
    stage.guesses(5)
    stage.wait(50_000)
    stage.reboot(wall_ms=wall_ms)
    assert 57_000 <= stage.locked_ms <= 60_000
    assert stage.types(stage.sms("A1")) == 0 and stage.refused(Refusal.KEYPAD_LOCKED)
    stage.wait(60_000)
    stage.guesses(5)
    assert stage.last("keypad_locked")["for_ms"] == 2 * MINUTE_MS


def test_a_program_that_is_started_anew_in_the_same_boot_serves_the_rest_of_the_lock(stage: KeypadStage) -> None:
    """Boot time goes on, and it knows how long it was away: neither a gift nor a second punishment."""
    stage.guesses(5)
    stage.crash(away_ms=10_000)
    assert stage.locked_ms == 50_000
    stage.wait(48_000)
    assert stage.screen.digits == 6


def test_the_plug_between_a_wrong_entry_and_the_screen_hides_no_guess(stage: KeypadStage) -> None:
    """Pulled each time after the commit, before anything is seen: the fifth one locks all the same."""
    for _ in range(5):
        effects = stage.cabinet.handle(Typed(stage.wrong(), stage.screen.number), stage.now)
        stage.store.commit([e for e in effects if isinstance(e, KeepNote | Record)], stage.now)
        stage.reboot()
    assert stage.last("keypad_locked")["for_ms"] == 60_000
    assert stage.locked_ms > 0


def test_the_plug_before_the_commit_tells_nobody_anything(stage: KeypadStage) -> None:
    """Answer, event and count are effects of one step: what is not on the disk was not on the screen either."""
    effects: list[Effect] = stage.cabinet.handle(Typed(stage.wrong(), stage.screen.number), stage.now)
    assert [e.name for e in effects if isinstance(e, KeepNote) and e.name == LOCKOUT] == [LOCKOUT]
    assert [e.kind for e in effects if isinstance(e, Record)] == ["code_wrong"]
    assert [e.reason for e in effects if isinstance(e, Show)] == ["wrong_code"]
    stage.reboot()
    assert (stage.saved, stage.kinds.count("code_wrong")) == ("", 0)


def test_an_old_lock_is_not_served_again_weeks_later(stage: KeypadStage) -> None:
    """What was over before the power cut is over after it."""
    stage.guesses(5)
    stage.wait(60_000)
    stage.days(20)
    assert json.loads(stage.saved)[2:] == [[], None, 0, None]
    stage.reboot()
    assert stage.screen.digits == 6


@pytest.mark.parametrize("damage", ["", "[]", "null", '["boot-1",0,[],null,9,null]', "[" * 300, "x" * 5000])
def test_a_damaged_state_locks_for_a_quarter_of_an_hour_and_says_so(stage: KeypadStage, damage: str) -> None:
    """Fail shut: nobody gets a fresh set of guesses by spoiling the row; codes work again afterwards."""
    stage.store.commit([KeepNote(LOCKOUT, damage)], stage.now)
    stage.crash()
    told = stage.last("keypad_locked")
    assert told["for_ms"] == 15 * MINUTE_MS
    assert "it stays locked for 15 minutes" in told["detail"]
    assert stage.locked_ms > 14 * MINUTE_MS
    assert stage.scan(stage.collect("A1")) == 1
    stage.takes(1)
    stage.wait(15 * MINUTE_MS)
    assert stage.screen.digits == 6
    stage.crash()
    assert stage.kinds.count("keypad_locked") == 1


def test_a_cabinet_without_a_secret_leaves_the_saved_state_alone(stage: KeypadStage) -> None:
    """Taking the secret's file away and putting it back is no way out of a lock."""
    stage.guesses(5)
    saved, pickup = stage.saved, stage.pickup
    stage.pickup = None
    stage.crash()
    stage.wait(5000)
    assert stage.saved == saved
    stage.pickup = pickup
    stage.crash()
    assert stage.locked_ms > 0


# --- limits ---------------------------------------------------------------------------------------


def test_hammering_a_locked_keypad_fills_no_log(stage: KeypadStage) -> None:
    """Sixty refusals a minute are logged, the others counted (invariant 9); nothing is written for those."""
    stage.guesses(5)
    for _ in range(500):
        stage.types(stage.wrong())
    assert stage.kinds.count("denied") == 60
    stage.wait(61_000)
    assert stage.last("suppressed")["count"] == 440


def test_a_quiet_keypad_writes_nothing(stage: KeypadStage) -> None:
    """No write without a change: a restart and a day without a wrong code leave no note of a lock-out."""
    stage.reboot()
    stage.days(1)
    assert stage.saved == ""
    stage.guesses(1)
    stage.wait(11 * MINUTE_MS)
    saved = stage.saved
    stage.days(1)
    assert stage.saved == saved


def test_no_typed_digit_and_no_code_is_in_what_is_kept(stage: KeypadStage) -> None:
    """Database, log and screens, after right, wrong, locked, busy and cut-short entries: none has any of them."""
    typed = ["731946", "860275", "19283", "90817263", stage.sms("A1")]
    for digits in typed:
        stage.types(digits)
        stage.wait(3000)
        stage.types(digits)
    stage.crash()
    stage.types("482915")
    said = b"".join(path.read_bytes() for path in stage.path.parent.iterdir())
    said += repr(stage.acts).encode() + repr(Typed("482915", 3)).encode()
    times = {str(event["at_ms"]) for event in stage.log} | {str(event["boot_ms"]) for event in stage.log}
    assert not [one for one in times if any(digits in one for digits in typed)], "the test would prove nothing"
    assert not [one for one in [*typed, "482915", code(SECRET, 1, 8)] if one.encode() in said]
