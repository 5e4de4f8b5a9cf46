"""The lamps: the column of the door that somebody is at, and all columns in the evening.

A visitor's own column is lit at any hour, and a moment longer than the visit; it shows the way to the door as well. All
lamps are lit for whoever comes between two hours of the day, but not in quiet hours, and not on the reserve. Where
nobody knows the hour they are lit in no evening.

Knows sides and hours. Must never know a pin, nor who stands there.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.config import Config
from locker.config_fittings import Lamp as Rules
from locker.config_hours import minute_of_day
from locker.hours import is_quiet, local_time
from locker.model import Effect, Now, Switch

LOOK_MS = 15_000


class Lamp:
    """What is lit. Everything is off until it has been ordered on."""

    def __init__(self, rules: Rules, cfg: Config, say: Callable[[Effect], None]) -> None:
        """``cfg`` says when it is quiet, and in which zone."""
        self._rules, self._cfg, self._say = rules, cfg, say
        self.lit = dict.fromkeys(rules.pins(), False)
        self._side = ""
        self._until_ms: int | None = None
        self._look_ms = 0

    def follow(self, side: str, on_reserve: bool, now: Now) -> None:
        """Light what is to be lit now; ``side`` is that of the door somebody is at, "" for nobody."""
        if side:
            self._side, self._until_ms = side, None
        elif self._side and self._until_ms is None:
            self._until_ms = now.ms + self._rules.linger_s * 1000
        if self._until_ms is not None and now.ms >= self._until_ms:
            self._side, self._until_ms = "", None
        self._look_ms = now.ms + LOOK_MS
        everybody = not on_reserve and self._evening(now) and not is_quiet(self._cfg, now)
        for lamp, lit in self.lit.items():
            wanted = everybody or lamp == self._side
            if wanted is not lit:
                self.lit[lamp] = wanted
                self._say(Switch(f"lamp_{lamp}", wanted))

    def deadline_ms(self) -> int:
        """When to look again: the hour may have changed."""
        return self._look_ms if self._until_ms is None else min(self._look_ms, self._until_ms)

    def _evening(self, now: Now) -> bool:
        at = local_time(self._cfg, now)
        if at is None:
            return False
        minute, begin, end = at.hour * 60 + at.minute, *map(minute_of_day, (self._rules.from_time, self._rules.to_time))
        return begin <= minute < end if begin <= end else minute >= begin or minute < end
