"""The climate inside: a fan and a heater by temperature, and a word when it leaves the range.

Each switches on at one temperature and off at another, is on for a limited time without a rest, and is off while nobody
knows the temperature: with no reading, a wrong one, or none for three times as long as usual. What is on is ordered
again with each reading, for no longer than that: a program that falls silent leaves nothing on. On the reserve nothing
is heated; on a low one nothing is cooled either.

Knows thousandths of a degree and boot time. Must never know a pin.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.config_fittings import Climate as Rules
from locker.config_fittings import Fan, Heater
from locker.model import Effect, Measured, Now, Record, Switch

SENSOR = "inside_mc"
READINGS_MISSED = 3
BACK_MC = 2000
"""So far inside the range it has to be again before that is told."""


class Thermostat:
    """One part that warms or cools. ``wants`` says whether it should be on now."""

    def __init__(self, line: str, part: Fan | Heater) -> None:
        """Off, and rested."""
        self.line = line
        self._on_mc, self._off_mc = part.on_c * 1000, part.off_c * 1000
        self._max_ms, self._rest_ms = part.max_s * 1000, part.rest_s * 1000
        self._cools = isinstance(part, Fan)
        self._on_since_ms: int | None = None
        self._rested_ms: int | None = None

    @property
    def on(self) -> bool:
        """Whether it is to be on."""
        return self._on_since_ms is not None

    @property
    def rest_due_ms(self) -> int | None:
        """When it will have been on for as long as it may."""
        return None if self._on_since_ms is None else self._on_since_ms + self._max_ms

    def judge(self, mc: int | None, allowed: bool, now_ms: int) -> bool:
        """Decide anew, with the temperature or None; True when it was on for too long and has to rest."""
        too_long = self.rest_due_ms is not None and now_ms >= self.rest_due_ms
        if too_long:
            self._rested_ms = now_ms + self._rest_ms
        if mc is None or not allowed or too_long or self._past(mc, self._off_mc):
            self._on_since_ms = None
        elif not self.on and not self._past(mc, self._on_mc, wanted=True) and self._rested(now_ms):
            self._on_since_ms = now_ms
        return too_long

    def _past(self, mc: int, limit_mc: int, wanted: bool = False) -> bool:
        """Whether the temperature is on the good side of a limit; with ``wanted`` the limit itself is not."""
        good_mc = limit_mc - mc if self._cools else mc - limit_mc
        return good_mc > 0 if wanted else good_mc >= 0

    def _rested(self, now_ms: int) -> bool:
        return self._rested_ms is None or now_ms >= self._rested_ms


class Climate:
    """The thermometer and what hangs on it. ``mc`` is the temperature, None while it is not known."""

    def __init__(
        self,
        rules: Rules,
        parts: dict[str, Fan | Heater],
        say: Callable[[Effect], None],
        log: Callable[[Record, Now], object],
    ) -> None:
        """Everything off, nothing known. ``log`` takes what a loose wire could repeat."""
        self._rules, self._say, self._log = rules, say, log
        self.parts = {line: Thermostat(line, part) for line, part in parts.items()}
        self._ordered = dict.fromkeys(parts, False)
        self.mc: int | None = None
        self._stale_ms: int | None = None
        self._range = "normal"
        self.saving = self.sparing = False

    @property
    def celsius(self) -> float | None:
        """The temperature in degrees, to a tenth."""
        return None if self.mc is None else round(self.mc / 1000, 1)

    def is_on(self, line: str) -> bool | None:
        """Whether a part is to be on; None where there is none."""
        return self._ordered.get(line)

    def reserve(self, on_reserve: bool, low: bool, now: Now) -> None:
        """Mains were lost or are back, or the reserve is low: not everything may go on."""
        if (on_reserve, low) != (self.saving, self.sparing):
            self.saving, self.sparing = on_reserve, low
            self._judge(now)

    def measured(self, event: Measured, now: Now) -> None:
        """A reading, or one that failed."""
        self.mc = event.value
        self._stale_ms = None if event.value is None else now.ms + self._lease_ms
        self._judge(now)
        if self.mc is not None:
            self._look_at(self.mc, now)

    def advance(self, now: Now) -> None:
        """No reading for too long, or a part has been on for as long as it may."""
        if self._stale_ms is not None and now.ms >= self._stale_ms:
            self.mc = self._stale_ms = None
            self._judge(now)
        elif any(due is not None and now.ms >= due for due in self._rests()):
            self._judge(now)

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do."""
        return min((ms for ms in (self._stale_ms, *self._rests()) if ms is not None), default=None)

    @property
    def _lease_ms(self) -> int:
        return READINGS_MISSED * self._rules.every_s * 1000

    def _rests(self) -> list[int | None]:
        return [part.rest_due_ms for part in self.parts.values()]

    def _judge(self, now: Now) -> None:
        for line, part in self.parts.items():
            allowed = not (self.saving if line == "heater" else self.sparing)
            if part.judge(self.mc, allowed, now.ms):
                detail = f"still {self.celsius} degrees; it rests"
                fields = {"device": line, "what": "on for too long", "detail": detail}
                self._log(Record("device_trouble", 0, fields), now)
            if part.on or self._ordered[line]:
                self._say(Switch(line, part.on, self._lease_ms if part.on else 0))
            self._ordered[line] = part.on

    def _look_at(self, mc: int, now: Now) -> None:
        """Say when the temperature leaves the range, and when it is well inside it again."""
        low_mc, high_mc = self._rules.low_c * 1000, self._rules.high_c * 1000
        before = self._range
        if mc > high_mc or mc < low_mc:
            self._range = "high" if mc > high_mc else "low"
        elif low_mc + BACK_MC <= mc <= high_mc - BACK_MC:
            self._range = "normal"
        if self._range != before:
            kinds = {"high": "temperature_high", "low": "temperature_low", "normal": "temperature_normal"}
            self._log(Record(kinds[self._range], 0, {"celsius": self.celsius}), now)
