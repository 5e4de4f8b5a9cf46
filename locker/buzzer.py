"""The buzzer: two beeps for a refusal at the cabinet, and one now and then for a door that was left open.

Silent in quiet hours: what would have sounded then is dropped, not put off. A door is beeped for until it is shut, at
most so many times. Each beep is one order of its own length, ended by the pin's library and not by a turn.

Knows events' names. Must never know who was refused.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.config import Config
from locker.config_fittings import Buzzer as Rules
from locker.hours import is_quiet
from locker.model import Effect, Now, Record, Switch

REFUSED_BEEPS = 2
GAP_MS = 120
AT_THE_CABINET = ("scanner", "keypad", "screen")


class Buzzer:
    """What still has to sound, and when."""

    def __init__(self, rules: Rules, cfg: Config, say: Callable[[Effect], None]) -> None:
        """``cfg`` says when it is quiet."""
        self._rules, self._cfg, self._say = rules, cfg, say
        self._beeps = 0
        self._next_ms = 0
        self._door = 0
        self._reminders = 0
        self._again_ms = 0

    def heard(self, record: Record, now: Now) -> None:
        """Something was said in this step that people should hear, or need hear no more."""
        if record.kind == "denied" and record.fields.get("source") in AT_THE_CABINET:
            self._beeps, self._next_ms = REFUSED_BEEPS, now.ms
        elif record.kind == "left_open":
            self._door, self._reminders, self._again_ms = record.door, self._rules.beeps_max, now.ms
        elif record.kind in ("shut", "board_silent") and (record.door == self._door or not record.door):
            self._door = 0

    def advance(self, now: Now) -> None:
        """Sound what is due, one beep at a time."""
        if self._door and now.ms >= self._again_ms:
            self._again_ms, self._reminders = now.ms + self._rules.again_s * 1000, self._reminders - 1
            self._beeps, self._next_ms = max(self._beeps, 1), max(self._next_ms, now.ms)
            self._door = self._door if self._reminders else 0
        if self._beeps and now.ms >= self._next_ms:
            self._beeps, self._next_ms = self._beeps - 1, now.ms + self._rules.beep_ms + GAP_MS
            if not is_quiet(self._cfg, now):
                self._say(Switch("buzzer", True, self._rules.beep_ms))

    def deadline_ms(self) -> int | None:
        """When the next beep is due."""
        times = ([self._next_ms] if self._beeps else []) + ([self._again_ms] if self._door else [])
        return min(times, default=None)
