"""What the coils allow: one at a time, a rest for each, and a limit on doors per minute.

Knows when each lock was last pulsed, in boot time. Nothing in a token, a command or a touch changes what it answers
(invariants 4 and 10), but staff who stand there: then the limit on doors a minute does not hold, and what is opened
does not count towards it. The limit of each lock, the gap and the rest are never lifted.

The pulses of the last minute are saved with each pulse, in the same commit, so that neither a restart nor a power cut
gives anybody new openings. Boot time does not survive a reboot: then no time is held to have passed since the last
pulse, because a clock that may have been set is nothing to go by. That can make people wait for too long, a minute
from the start at most, and never for too short. What cannot be read counts as a minute that is full. After a start it
assumes besides that a pulse of the run before may still be on. The board itself ends each pulse; this module only
spaces them.
"""

from __future__ import annotations

import json
from collections import deque
from enum import Enum

from locker.config import Coil

_MINUTE_MS = 60_000
_NEVER_MS = 1 << 40
PULSE_MS_CAP = 1000
NOTE = "coil"
"""The name under which the pulses are saved."""
_UNKNOWN_BOOT = ("", "unknown")


class Limit(Enum):
    """Why a pulse must wait."""

    NONE = "none"
    REST = "rest"
    LOCK_TOO_OFTEN = "too_often"
    TOO_MANY_DOORS = "rate_limited"
    BARRED = "quarantine"


class CoilError(ValueError):
    """The saved pulses cannot be read; says what follows from that."""


class CoilGuard:
    """Spaces pulses. ``pulse_ms`` is the longest pulse any board of this cabinet gives."""

    def __init__(self, rules: Coil, pulse_ms: int, start_ms: int) -> None:
        """Begin at ``start_ms``, as if every coil had just been energised for the full cap.

        The doors in ``barred`` get no pulse at all, whoever asks (``locker.quarantine``).
        """
        self.barred: frozenset[int] = frozenset()
        self._rules, self._pulse_ms, self._start_ms = rules, pulse_ms, start_ms
        self._line_free_ms = start_ms + PULSE_MS_CAP
        self._all_rested_ms = self._line_free_ms + rules.cooldown_ms
        self._rested_ms: dict[int, int] = {}
        self._pulses: deque[tuple[int, int, bool]] = deque()  # door, when ordered, whether it counts as an opening

    def earliest_ms(self, door: int, now_ms: int, staffed: bool = False) -> tuple[int, Limit]:
        """When this door may be pulsed at the earliest, and the strictest limit that says so (NONE: at once)."""
        if door in self.barred:
            return now_ms + _NEVER_MS, Limit.BARRED
        times = [ms for lock, ms, _ in self._pulses if lock == door]
        openings = [ms for _, ms, counts in self._pulses if counts]
        waits = [(self._line_free_ms, Limit.REST), (self._rested_ms.get(door, self._all_rested_ms), Limit.REST)]
        if len(times) >= self._rules.per_lock_minute_max:
            waits.append((times[-self._rules.per_lock_minute_max] + _MINUTE_MS, Limit.LOCK_TOO_OFTEN))
        if len(openings) >= self._rules.doors_minute_max and not staffed:
            waits.append((openings[-self._rules.doors_minute_max] + _MINUTE_MS, Limit.TOO_MANY_DOORS))
        ms, limit = max(waits, key=lambda w: w[0])
        return (ms, limit) if ms > now_ms else (now_ms, Limit.NONE)

    def pulsed(self, door: int, now_ms: int, first: bool, staffed: bool = False) -> None:
        """Note a pulse ordered now. ``first`` counts it as an opening; a second try of the same opening does not."""
        self._rest(door, now_ms)
        self._pulses.append((door, now_ms, first and not staffed))
        while self._pulses[0][1] <= now_ms - _MINUTE_MS:
            self._pulses.popleft()

    def sent(self, door: int, now_ms: int) -> None:
        """The pulse is on the wire only now, later than it was ordered: the rests and the minute count from here."""
        self._rest(door, now_ms)
        if self._pulses and self._pulses[-1][0] == door:
            self._pulses[-1] = (door, now_ms, self._pulses[-1][2])

    def _rest(self, door: int, now_ms: int) -> None:
        """No coil before this pulse is over, and not this one before it has cooled down."""
        end_ms = now_ms + self._pulse_ms
        self._line_free_ms = end_ms + self._rules.gap_ms
        self._rested_ms[door] = end_ms + self._rules.cooldown_ms

    # --- over a restart ---------------------------------------------------------------------------

    def to_text(self, boot: str, now_ms: int) -> str:
        """The pulses of the last minute, as they are saved; ``boot`` is this boot's id."""
        return json.dumps([boot, now_ms, [list(pulse) for pulse in self._pulses]], separators=(",", ":"))

    def resume(self, text: str, boot: str) -> None:
        """Take up the pulses of the run before. Raises ``CoilError``; the minute counts as full then.

        When the newest reached the wire is not saved, only when it was ordered: it counts from this start.
        """
        try:
            before, saved_ms, pulses = json.loads(text)
            known = [(door, ms, counts) for door, ms, counts in pulses]
        except (ValueError, TypeError, RecursionError):
            known, before, saved_ms = [(0, 0, False)], None, None
        whole = all((type(d), type(ms), type(c)) == (int, int, bool) for d, ms, c in known)
        if not whole or type(before) is not str or type(saved_ms) is not int:
            self._pulses.extend([(0, self._start_ms, True)] * self._rules.doors_minute_max)
            raise CoilError("the saved pulses are unreadable; no door opens for a minute, unless staff are there")
        same = before == boot and boot not in _UNKNOWN_BOOT and self._start_ms >= saved_ms
        shift = 0 if same else self._start_ms - saved_ms
        self._pulses.extend((door, min(ms + shift, self._start_ms), counts) for door, ms, counts in known[:-1])
        self._pulses.extend((door, self._start_ms, counts) for door, _, counts in known[-1:])
