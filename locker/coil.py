"""What the coils allow: one at a time, a rest for each, and a limit on doors per minute.

Knows when each lock was last pulsed, in boot time. Nothing in a token, a command or a touch changes what it answers
(invariants 4 and 10). After a start it assumes that a pulse of the run before may still be on. The board itself ends
each pulse; this module only spaces them.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from locker.config import Coil

_MINUTE_MS = 60_000
PULSE_MS_CAP = 1000


class Limit(Enum):
    """Why a pulse must wait."""

    NONE = "none"
    REST = "rest"
    LOCK_TOO_OFTEN = "too_often"
    TOO_MANY_DOORS = "rate_limited"


class CoilGuard:
    """Spaces pulses. ``pulse_ms`` is the longest pulse any board of this cabinet gives."""

    def __init__(self, rules: Coil, pulse_ms: int, start_ms: int) -> None:
        """Begin at ``start_ms``, as if every coil had just been energised for the full cap."""
        self._rules, self._pulse_ms = rules, pulse_ms
        self._line_free_ms = start_ms + PULSE_MS_CAP
        self._all_rested_ms = self._line_free_ms + rules.cooldown_ms
        self._rested_ms: dict[int, int] = {}
        self._by_lock: dict[int, deque[int]] = {}
        self._openings: deque[int] = deque()

    def earliest_ms(self, door: int, now_ms: int) -> tuple[int, Limit]:
        """When this door may be pulsed at the earliest, and the strictest limit that says so (NONE: at once)."""
        times = self._by_lock.get(door, deque())
        waits = [(self._line_free_ms, Limit.REST), (self._rested_ms.get(door, self._all_rested_ms), Limit.REST)]
        if len(times) >= self._rules.per_lock_minute_max:
            waits.append((times[-self._rules.per_lock_minute_max] + _MINUTE_MS, Limit.LOCK_TOO_OFTEN))
        if len(self._openings) >= self._rules.doors_minute_max:
            waits.append((self._openings[-self._rules.doors_minute_max] + _MINUTE_MS, Limit.TOO_MANY_DOORS))
        ms, limit = max(waits, key=lambda w: w[0])
        return (ms, limit) if ms > now_ms else (now_ms, Limit.NONE)

    def pulsed(self, door: int, now_ms: int, first: bool) -> None:
        """Note a pulse ordered now. ``first`` counts it as an opening; a second try of the same opening does not."""
        self.sent(door, now_ms)
        times = self._by_lock.setdefault(door, deque(maxlen=self._rules.per_lock_minute_max))
        times.append(now_ms)
        if first:
            self._openings.append(now_ms)
            while len(self._openings) > self._rules.doors_minute_max:
                self._openings.popleft()

    def sent(self, door: int, now_ms: int) -> None:
        """The pulse is on the wire only now, later than it was ordered: the rests count from here."""
        end_ms = now_ms + self._pulse_ms
        self._line_free_ms = end_ms + self._rules.gap_ms
        self._rested_ms[door] = end_ms + self._rules.cooldown_ms
