"""The nonces of the phone-first way: which the idle screen shows, and which a grant may carry (tokens contract, 6).

A nonce is 8 bytes on this cabinet's own screen: who has one stood there within the last three minutes. Each is shown
for a minute, good for three from when it was first shown, and good once. They live in memory only: a new start has a
new seed, and every nonce of the run before is void.

No chance in here: a nonce is HMAC-SHA-256(seed, counter), cut to 8 bytes; the seed is drawn by whoever puts the program
together, once a start. Neither it nor a nonce that has not been shown can be got out of a ``Nonces`` but by showing it.
Knows boot time alone, so that setting the clock makes nothing good again. Must never know a token or a door.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from locker.authority.claims import NONCE_BYTES

RENEW_MS = 60_000
"""So long one nonce is shown."""
GOOD_MS = 180_000
"""So long it is good, from when it was first shown."""
KNOWN_MS = 600_000
"""So long it is known as one of ours, so that somebody who was too slow is told so on the screen."""
KNOWN_MAX = 64
"""No more are known at a time; the oldest go first. One a minute is shown, and one after each visit that used one."""
SEED_BYTES = 32


@dataclass(slots=True)
class _Shown:
    """A nonce that was shown, since when, and whether a visit began with it."""

    since_ms: int
    used: bool = False


class Nonces:
    """The nonces of one run of the program. ``seed`` is 32 bytes that nobody can guess."""

    def __init__(self, seed: bytes) -> None:
        """Nothing has been shown. Raises ``ValueError`` for a seed of another length."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"the seed of nonces has {len(seed)} bytes; it needs {SEED_BYTES}")
        self._seed, self._counter = seed, 0
        self._shown: dict[bytes, _Shown] = {}
        self._present = b""

    def present(self, now_ms: int) -> bytes:
        """Return the nonce to be shown now: the one before, or a new one when that is used or a minute old."""
        before = self._shown.get(self._present)
        if before is None or before.used or now_ms - before.since_ms >= RENEW_MS:
            self._forget(now_ms)
            self._present = self._next()
            self._shown[self._present] = _Shown(now_ms)
        return self._present

    def renew_ms(self) -> int:
        """The boot time at which the one shown now is to give way. Raises ``KeyError`` before the first."""
        return self._shown[self._present].since_ms + RENEW_MS

    def fault(self, nonce: bytes, now_ms: int) -> str:
        """Return why no visit may begin with this nonce, in words without the nonce; "" when it may."""
        shown = self._shown.get(nonce)
        if shown is None:
            return "not a nonce of this cabinet's screen since it started"
        if shown.used:
            return "this nonce has had its visit"
        age_ms = now_ms - shown.since_ms
        return f"the nonce was shown {age_ms // 1000} s ago, good for {GOOD_MS // 1000}" if age_ms >= GOOD_MS else ""

    def awaits(self, nonce: bytes, now_ms: int) -> bool:
        """Whether somebody may be standing there with it: one of ours, not long ago, and no visit has begun with it."""
        shown = self._shown.get(nonce)
        return shown is not None and not shown.used and now_ms - shown.since_ms < KNOWN_MS

    def use(self, nonce: bytes) -> None:
        """A visit begins with it; one that is not ours is left alone."""
        if nonce in self._shown:
            self._shown[nonce].used = True

    def _next(self) -> bytes:
        """The next nonce of the sequence."""
        self._counter += 1
        return hmac.digest(self._seed, self._counter.to_bytes(8, "big"), "sha256")[:NONCE_BYTES]

    def _forget(self, now_ms: int) -> None:
        """Make room: drop those that are too old to be known, and the oldest beyond the limit."""
        old = [nonce for nonce, shown in self._shown.items() if now_ms - shown.since_ms >= KNOWN_MS]
        surplus = list(self._shown)[: max(0, len(self._shown) + 1 - KNOWN_MAX)]
        for nonce in {*old, *surplus}:
            del self._shown[nonce]
