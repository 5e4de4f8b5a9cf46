"""The keypad's lock-out: how often somebody may guess (tokens contract, section 7; IEC 60839-11-1).

Five wrong entries within ten minutes lock the keypad for 60 s; each further time for twice as long, up to 15 minutes.
For each hour without a lock one doubling is taken back. A right entry takes nothing back: else a guesser would only
have to wait for honest people in between.

Knows wrong entries by their time alone, never what was typed. A ``Lockout`` is a value: every method returns the next
one, and the cabinet commits it in the same transaction as the event of the wrong entry, before the screen answers. So
pulling the plug hides no guess.

Why there is no wall time in it
    Within one boot only boot time counts (it never jumps), so setting the clock, forwards or back, changes nothing.
    After a reboot nobody can say how long the machine was off but a clock that may have been set. So no time is held to
    have passed: what was left of a lock when it was last saved begins anew, wrong entries are as old as they were
    then. That can lock for too long, 15 minutes at most, and never for too short. In order that an old lock is not
    served again after a power cut weeks later, ``settle`` takes off what is over, and the cabinet saves that as well.

What that allows: at most 41 guesses in any hour and 29 an hour in the long run, over any number of restarts, power cuts
and clock changes (held by tests/authority/test_lockout.py; docs/pickup.md says what that means against 24 items).
Four wrong entries in each ten minutes never lock: 24 an hour. A lock adds a fifth, and all locks but the longest need
a doubling that has been taken back: one an hour, after the first four.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from locker.model import Now

WRONG_MAX = 5
"""So many wrong entries within ``WINDOW_MS`` lock the keypad."""
WINDOW_MS = 10 * 60_000
LOCK_MS = 60_000
"""The first lock; each further one is twice as long."""
LOCK_MS_MAX = 15 * 60_000
LEVEL_MAX = 4
"""The fifth lock in a row, 16 minutes by doubling, is the first to be cut to 15."""
CALM_MS = 60 * 60_000
"""After so long without a lock one doubling is taken back."""

TEXT_MAX = 400
_UNKNOWN_BOOT = ("", "unknown")


class LockoutError(ValueError):
    """A saved lock-out cannot be read, or an entry was compared while the keypad was locked."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """Who may type when. All times are boot time in milliseconds, of the boot ``boot``; they may be negative.

    ``saved_ms`` is when this value was made, ``wrong_ms`` are the wrong entries that count, oldest first, ``until_ms``
    is the end of the lock (None when it is open), ``level`` how many doublings the next lock has, ``calm_ms`` when one
    of them is taken back (None at level 0).
    """

    boot: str
    saved_ms: int
    wrong_ms: tuple[int, ...] = ()
    until_ms: int | None = None
    level: int = 0
    calm_ms: int | None = None

    def locked_ms(self, now: Now) -> int:
        """How long the keypad stays locked, 0 when it is open. While it is locked no entry is to be compared."""
        return 0 if self.until_ms is None else max(0, self.until_ms - now.ms)

    def wrong(self, now: Now) -> Lockout:
        """One more entry was compared and was wrong. Raises ``LockoutError`` while the keypad is locked."""
        if left_ms := self.locked_ms(now):
            raise LockoutError(f"an entry was compared while the keypad is locked for another {left_ms} ms")
        state = self.settle(now)
        recent = *(at for at in state.wrong_ms if now.ms - at <= WINDOW_MS), now.ms
        if len(recent) < WRONG_MAX:
            return replace(state, saved_ms=now.ms, wrong_ms=recent)
        return _locked(state, now)

    def settle(self, now: Now) -> Lockout:
        """What is over is taken off; the very same value when nothing is."""
        over = self.until_ms is not None and now.ms >= self.until_ms
        stale = bool(self.wrong_ms) and now.ms - self.wrong_ms[-1] > WINDOW_MS
        calmer = self.calm_ms is not None and now.ms >= self.calm_ms
        if not (over or stale or calmer):
            return self
        level, calm_ms = _calmed(self.level, self.calm_ms, now.ms)
        until_ms, wrong_ms = None if over else self.until_ms, () if stale else self.wrong_ms
        return replace(self, saved_ms=now.ms, wrong_ms=wrong_ms, until_ms=until_ms, level=level, calm_ms=calm_ms)

    def deadline_ms(self) -> int | None:
        """The boot time at which ``settle`` has something to take off, None for never."""
        newest = (self.wrong_ms[-1] + WINDOW_MS + 1,) if self.wrong_ms else ()
        return min((at for at in (self.until_ms, self.calm_ms, *newest) if at is not None), default=None)

    def resume(self, boot: str, now: Now) -> Lockout:
        """Go on after a start. In the same boot nothing changes; after a reboot no time is held to have passed."""
        if boot == self.boot and boot not in _UNKNOWN_BOOT and now.ms >= self.saved_ms:
            return self.settle(now)
        shift = now.ms - self.saved_ms
        return Lockout(
            boot=boot,
            saved_ms=now.ms,
            wrong_ms=tuple(at + shift for at in self.wrong_ms),
            until_ms=None if self.until_ms is None else self.until_ms + shift,
            level=self.level,
            calm_ms=None if self.calm_ms is None else self.calm_ms + shift,
        ).settle(now)

    def to_text(self) -> str:
        """Return the value as one line to be saved; ``from_text`` reads it."""
        fields = [self.boot, self.saved_ms, list(self.wrong_ms), self.until_ms, self.level, self.calm_ms]
        return json.dumps(fields, separators=(",", ":"))


def longest(boot: str, now: Now) -> Lockout:
    """Return the strictest lock-out: for a start at which the saved one cannot be read."""
    return _locked(Lockout(boot, now.ms, level=LEVEL_MAX), now)


def from_text(text: str) -> Lockout:
    """Return a saved value. Raises ``LockoutError`` for anything that ``to_text`` never gives; then use ``longest``."""
    try:
        boot, saved_ms, wrong_ms, until_ms, level, calm_ms = json.loads(text[: TEXT_MAX + 1])
        value = Lockout(boot, saved_ms, tuple(wrong_ms), until_ms, level, calm_ms)
    except (ValueError, TypeError, RecursionError):
        raise LockoutError("the saved lock-out of the keypad is unreadable; it stays locked for 15 minutes") from None
    if fault := _fault(value):
        raise LockoutError(f"the saved lock-out of the keypad has {fault}; it stays locked for 15 minutes")
    return value


def _locked(state: Lockout, now: Now) -> Lockout:
    """Return the state with a lock that begins now; the next one is longer."""
    until_ms = now.ms + min(LOCK_MS << state.level, LOCK_MS_MAX)
    level = min(state.level + 1, LEVEL_MAX)
    return Lockout(state.boot, now.ms, (), until_ms, level, until_ms + CALM_MS)


def _calmed(level: int, calm_ms: int | None, now_ms: int) -> tuple[int, int | None]:
    """Return level and next calm time after every calm time that has been reached; at most ``LEVEL_MAX`` rounds."""
    while calm_ms is not None and now_ms >= calm_ms:
        level = level - 1
        calm_ms = calm_ms + CALM_MS if level else None
    return level, calm_ms


def _fault(value: Lockout) -> str | None:
    """Return what cannot be in a saved value, None when it is sound."""
    times = [value.saved_ms, *value.wrong_ms, *(at for at in (value.until_ms, value.calm_ms) if at is not None)]
    if type(value.boot) is not str or any(type(number) is not int for number in (*times, value.level)):
        return "a wrong type"
    if len(value.wrong_ms) >= WRONG_MAX or list(value.wrong_ms) != sorted(value.wrong_ms):
        return "wrong entries that cannot be"
    if not 0 <= value.level <= LEVEL_MAX or (value.calm_ms is None) != (value.level == 0):
        return "a level that cannot be"
    if value.wrong_ms and value.wrong_ms[-1] > value.saved_ms:
        return "a wrong entry after it was saved"
    if value.until_ms is not None and value.until_ms - value.saved_ms > LOCK_MS_MAX:
        return "a lock that is too long"
    if value.calm_ms is not None and value.calm_ms - value.saved_ms > LOCK_MS_MAX + CALM_MS:
        return "a calm time that is too far away"
    return None
