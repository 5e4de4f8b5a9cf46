"""The notices of the day: which of the configured lines the idle screen shows, and whether the light is low.

Pure: ``now`` is an argument. Where nobody knows what day it is (clock quality ``floor``), a notice that is for some
days is for none: a wrong weekday sends somebody's grandmother out on the wrong day. Never knows how a line is drawn.
"""

from __future__ import annotations

from datetime import date

from locker.config import Config, Notice
from locker.hours import local_time
from locker.model import Now

NOTICES_MAX = 3
"""How many a person reads while standing there; those of few days come before those of every day."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def notices_of(config: Config, now: Now) -> list[Notice]:
    """The notices to show now, at most ``NOTICES_MAX``: those with dates first, then weekdays, then every day's."""
    at = local_time(config, now)
    today = at.date() if at else None
    good = [notice for notice in config.notices if _holds(notice, today)]
    return sorted(good, key=_how_general)[:NOTICES_MAX]


def _holds(notice: Notice, today: date | None) -> bool:
    """Whether a notice is for this day; None is a day that nobody knows."""
    if today is None:
        return _how_general(notice) == 2
    if notice.weekdays and _WEEKDAYS[today.weekday()] not in notice.weekdays.split():
        return False
    day = today.isoformat()
    return (not notice.first_day or notice.first_day <= day) and (not notice.last_day or day <= notice.last_day)


def _how_general(notice: Notice) -> int:
    """0 for one with dates, 1 for one with weekdays, 2 for one of every day."""
    if notice.first_day or notice.last_day:
        return 0
    return 1 if notice.weekdays else 2
