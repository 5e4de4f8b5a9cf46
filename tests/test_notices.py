"""The notices of the day: the community's week on its own days, and no weekday where nobody knows which it is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from locker.config import Config, ConfigError, Notice, decode, load
from locker.model import Now, Quality
from locker.notices import NOTICES_MAX, notices_of

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "cabinet.toml"
MONDAY_NOON_MS = 1_780_891_200_000
"""Monday, 8 June 2026, 12:00 in Shijiazhuang."""
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
WEEK = ["关怀服务", "倡议宣传", "法律援助", "传承接力阅读", "关爱老人娱乐", "党员志愿服务", "雏鹰梦未成年"]


def at(ms: int, quality: Quality = Quality.SYNCED) -> Now:
    """An instant of wall time."""
    return Now(0, ms, quality)


def shown(config: Config, now: Now) -> list[str]:
    """The Chinese lines on the idle screen."""
    return [notice.zh for notice in notices_of(config, now)]


@pytest.mark.parametrize(("days", "what"), list(enumerate(WEEK)))
def test_the_example_has_the_communitys_week(days: int, what: str) -> None:
    """Each weekday has its own line, above what can be done at the cabinet on every day."""
    lines = shown(load(EXAMPLE), at(MONDAY_NOON_MS + days * DAY_MS))
    assert lines[0] == f"周{'一二三四五六日'[days]} {what}"
    for business in ("居住证明", "医保", "便民服务", "投诉建议"):
        assert business in lines[1]
    assert len(lines) == 2


def test_an_unknown_day_has_no_weekday() -> None:
    """With a clock that nobody set, only what holds on every day is shown; a held clock is good enough."""
    config = load(EXAMPLE)
    assert len(shown(config, at(MONDAY_NOON_MS, Quality.FLOOR))) == 1
    for quality in (Quality.SYNCED, Quality.RTC, Quality.HOLD):
        assert len(shown(config, at(MONDAY_NOON_MS, quality))) == 2


def test_the_day_is_the_cabinets_own() -> None:
    """Tuesday begins at midnight in Shijiazhuang, which is four in the afternoon in Greenwich."""
    config = load(EXAMPLE)
    assert shown(config, at(MONDAY_NOON_MS + 12 * HOUR_MS - 1))[0].startswith("周一")
    assert shown(config, at(MONDAY_NOON_MS + 12 * HOUR_MS))[0].startswith("周二")


def test_dates_are_included_and_come_first() -> None:
    """A notice holds on its first and its last day, above the weekday's."""
    week = msgspec.structs.replace(
        load(EXAMPLE),
        notices=[
            Notice(zh="天天", en="daily"),
            Notice(zh="周一", en="Monday", weekdays="mon"),
            Notice(zh="两天", en="two days", first_day="2026-06-08", last_day="2026-06-09"),
        ],
    )
    assert shown(week, at(MONDAY_NOON_MS)) == ["两天", "周一", "天天"]
    assert shown(week, at(MONDAY_NOON_MS + DAY_MS)) == ["两天", "天天"]
    assert shown(week, at(MONDAY_NOON_MS - DAY_MS)) == ["天天"]
    assert shown(week, at(MONDAY_NOON_MS + 2 * DAY_MS)) == ["天天"]


def test_no_more_are_shown_than_somebody_reads() -> None:
    """The rarest stay, the others wait for a day with room."""
    many = [Notice(zh=f"{n}", en=f"{n}", first_day="2026-01-01") for n in range(9)]
    full = msgspec.structs.replace(load(EXAMPLE), notices=[Notice(zh="天天", en="daily"), *many])
    assert shown(full, at(MONDAY_NOON_MS)) == [str(n) for n in range(NOTICES_MAX)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('weekdays = "mon wen"', "notices[0].weekdays: found"),
        ('weekdays = "mon,tue"', "notices[0].weekdays: found"),
        (
            'first_day = "2026-02-30"',
            'notices[0].first_day: found "2026-02-30"; allowed: a day that is in the calendar',
        ),
        ('first_day = "8 June"', "notices[0].first_day: found"),
        ('first_day = "2026-06-08"\nlast_day = "2026-06-07"', 'notices[0].last_day: found "2026-06-07"; allowed: not'),
    ],
)
def test_a_notice_that_cannot_be_meant_is_refused(text: str, wanted: str) -> None:
    """Weekdays and dates are checked when the file is, not on the day."""
    with pytest.raises(ConfigError) as refused:
        decode(SMALL + f'[kiosk]\n[[notices]]\nzh = "x"\nen = "x"\n{text}\n', "cabinet.toml")
    assert any(f"cabinet.toml: {wanted}" in problem for problem in refused.value.problems)


def test_notices_need_the_page_that_shows_them() -> None:
    """Without the page nobody would ever see them."""
    with pytest.raises(ConfigError, match=r"notices: found without \[kiosk\]"):
        decode(SMALL + '[[notices]]\nzh = "x"\nen = "x"\n', "cabinet.toml")


def test_the_page_cannot_be_put_on_the_network() -> None:
    """There is no key for an address, and one that is tried is refused by name."""
    for key in ('address = "0.0.0.0"', 'host = "192.168.1.2"', 'listen = "::"'):
        with pytest.raises(ConfigError, match=r"kiosk\.\w+: unknown key"):
            decode(SMALL + f"[kiosk]\n{key}\n", "cabinet.toml")


SMALL = """
doors = [{ door = 1, size = "S", side = "left", row = 1, channel = 0 }]
[cabinet]
id = "xy-001"
phone = "12345"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "/var/lib/locker/locker.db"
"""
