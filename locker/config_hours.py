"""What the configuration says of the hours: quiet hours, and how loud the voice is when.

Knows keys, bounds and how an hour and a zone are written; what hour it is, is in ``locker.hours``. Never knows a sound
card or a screen.
"""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

_HOUR_WORDS = 'an hour of the day from "00:00" to "23:59"'
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description=_HOUR_WORDS)]
_ZONE_WORDS = 'an offset as "+08:00", or a name as "Asia/Shanghai"'
_ZONE = r"^([+-](0[0-9]|1[0-4]):[0-5][0-9]|[A-Za-z][A-Za-z0-9_+/-]{1,40})\Z"
Zone = Annotated[str, Meta(pattern=_ZONE, description=_ZONE_WORDS)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every night's quiet hours, local time: no voice, no sound, a dim screen; the text stays.

    ``to_time`` may be earlier than ``from_time``: then midnight lies between.
    """

    from_time: Hour = "21:30"
    to_time: Hour = "07:00"


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The spoken prompts and the sound of a door left open; ``device`` is ALSA's name of the sound card.

    ``languages`` are spoken while nobody has chosen one on the screen.
    ``folder`` is where rendered prompts are kept. Both volumes in percent; the evening's holds from ``evening_time`` to
    ``day_time``, and where nobody knows what hour it is. ``chime_ms`` is how often the sound comes while the screen
    speaks of the door; after that every ``again_s``, until it is shut, for ``again_minutes_max`` at most.
    """

    languages: Literal["zh", "en", "zh+en", "en+zh"] = "zh"
    device: Annotated[str, Meta(min_length=1, max_length=100)] = "default"
    folder: Annotated[str, Meta(min_length=1, max_length=255)] = "/var/cache/locker/voice"
    words_minute: Annotated[int, Meta(ge=80, le=300)] = 140
    day_percent: Percent = 80
    evening_percent: Percent = 40
    day_time: Hour = "07:00"
    evening_time: Hour = "19:00"
    chime_ms: Annotated[int, Meta(ge=1000, le=60_000)] = 4000
    again_s: Annotated[int, Meta(ge=5, le=600)] = 30
    again_minutes_max: Annotated[int, Meta(ge=1, le=1440)] = 60


@cache
def zone_of(text: str) -> tzinfo:
    """The zone that a text means. Raises ``ValueError`` for a name that this machine does not know."""
    if text[0] in "+-":
        way = -1 if text[0] == "-" else 1
        return timezone(way * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"no zone {text!r} here") from error


def minute_of_day(hour: str) -> int:
    """Minutes since midnight of an hour such as "21:30"."""
    return int(hour[:2]) * 60 + int(hour[3:])
