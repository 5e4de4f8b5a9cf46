"""What time allows, second by second, and only as far as the clock may be trusted."""

from __future__ import annotations

import pytest

from locker.authority.claims import Claims
from locker.authority.clock import DAY_S, LEEWAY_S, judge_time
from locker.model import Now, Purpose, Quality, Refusal

IAT = 1_750_000_000
EXP = IAT + 3600
GOOD = (Quality.SYNCED, Quality.RTC, Quality.HOLD)
SURE = (Quality.SYNCED, Quality.HOLD)


def claims(nbf: int | None = None) -> Claims:
    """Return claims that hold from IAT to EXP."""
    return Claims(Purpose.DEPOSIT, 0, b"o", 0, "c", EXP, IAT, bytes(16), b"kidd", nbf=nbf)


def judge(at_s: float, quality: Quality, nbf: int | None = None) -> Refusal | None:
    """Return the judgement at a wall time in seconds."""
    return judge_time(claims(nbf), Now(ms=5, wall_ms=round(at_s * 1000), quality=quality))


@pytest.mark.parametrize("quality", Quality)
def test_expiry_has_120_s_of_leeway_in_every_quality(quality: Quality) -> None:
    """The millisecond before exp + 120 s is good, that second is not; true time is never before the floor."""
    assert judge(EXP, quality) is None
    assert judge(EXP + LEEWAY_S - 0.001, quality) is None
    assert judge(EXP + LEEWAY_S, quality) is Refusal.EXPIRED
    assert judge(EXP + 10**9, quality) is Refusal.EXPIRED


@pytest.mark.parametrize("quality", SURE)
def test_a_token_from_the_future_is_not_yet_valid(quality: Quality) -> None:
    """iat may be at most 120 s ahead of a clock that is, or was, synchronised."""
    assert judge(IAT - LEEWAY_S, quality) is None
    assert judge(IAT - LEEWAY_S - 0.001, quality) is Refusal.NOT_YET_VALID


def test_a_clock_chip_may_be_slow_by_a_day() -> None:
    """A signed iat up to a day ahead of a chip says that the chip is slow, and not that the token is false."""
    assert judge(IAT - DAY_S, Quality.RTC) is None
    assert judge(IAT - DAY_S - 0.001, Quality.RTC) is Refusal.NOT_YET_VALID


@pytest.mark.parametrize("quality", GOOD)
def test_a_booking_begins_at_nbf_less_120_s(quality: Quality) -> None:
    """nbf counts when it is there; before it the token is not yet valid, also when iat is long past."""
    nbf = IAT + 1800
    assert judge(nbf - LEEWAY_S, quality, nbf) is None
    assert judge(nbf - LEEWAY_S - 0.001, quality, nbf) is Refusal.NOT_YET_VALID
    assert judge(IAT - DAY_S - 1, quality, nbf=0) is Refusal.NOT_YET_VALID


def test_on_the_floor_nothing_is_too_early() -> None:
    """The floor only says "this late at least": neither nbf nor iat is held against a token."""
    assert judge(IAT - 10**9, Quality.FLOOR) is None
    assert judge(IAT, Quality.FLOOR, nbf=EXP - 1) is None
