"""What hour it is where the cabinet stands, and what that asks for: quiet at night, a lower voice in the evening.

Pure: ``now`` is an argument. A time of the quality ``floor`` is no hour at all, and whoever asks is told so: a cabinet
that does not know the hour speaks, at the evening's volume, because one that is silent by day fails the people who
cannot read its screen, and one that speaks softly at night is heard by few. Never knows what makes a sound or a light.
"""

from __future__ import annotations

from datetime import datetime

from locker.config import Config
from locker.config_hours import Voice, minute_of_day, zone_of
from locker.model import Now, Quality


def local_time(config: Config, now: Now) -> datetime | None:
    """The local date and time at the cabinet (with its zone); None where nobody knows what time it is."""
    if now.quality is Quality.FLOOR:
        return None
    return datetime.fromtimestamp(now.wall_ms / 1000, zone_of(config.cabinet.zone))


def is_quiet(config: Config, now: Now) -> bool:
    """Whether these are quiet hours: no voice, no sound, a dim screen. Never where the hour is not known."""
    if config.quiet is None:
        return False
    return _within(local_time(config, now), config.quiet.from_time, config.quiet.to_time)


def volume_percent(voice: Voice, config: Config, now: Now) -> int:
    """How loud the voice is now, 0 in quiet hours; the evening's where the hour is not known."""
    if is_quiet(config, now):
        return 0
    at = local_time(config, now)
    evening = at is None or _within(at, voice.evening_time, voice.day_time)
    return voice.evening_percent if evening else voice.day_percent


def _within(at: datetime | None, first: str, last: str) -> bool:
    """Whether it is between two hours of the day, the last one excluded; midnight may lie between them."""
    if at is None:
        return False
    minute, begin, end = at.hour * 60 + at.minute, minute_of_day(first), minute_of_day(last)
    return begin <= minute < end if begin <= end else minute >= begin or minute < end
