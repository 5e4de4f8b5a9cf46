"""The keys of the kiosk's page and of the notices on its idle screen, each with its bounds.

Knows what may be set; never what is drawn. The page's address is not among them: it is this machine itself, 127.0.0.1,
and no key can make it another.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

_WEEKDAYS = "mon|tue|wed|thu|fri|sat|sun"
_DAYS_WORDS = "mon, tue, wed, thu, fri, sat, sun with one space between, or nothing for every day"
_DATE_WORDS = "a date as 2026-10-01, or nothing"
Weekdays = Annotated[str, Meta(pattern=rf"^(({_WEEKDAYS})( ({_WEEKDAYS}))*)?\Z", description=_DAYS_WORDS)]
Date = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z", description=_DATE_WORDS)]


class Kiosk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page for the cabinet's display: its port on 127.0.0.1, and how long it waits for who types or reads."""

    port: Annotated[int, Meta(ge=1024, le=65_535)] = 8480
    idle_s: Annotated[int, Meta(ge=10, le=600)] = 60


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line on the idle screen, in both languages, every day or on some. Both dates are included in its time."""

    zh: Annotated[str, Meta(min_length=1, max_length=32)]
    en: Annotated[str, Meta(min_length=1, max_length=72)]
    weekdays: Weekdays = ""
    first_day: Date = ""
    last_day: Date = ""
