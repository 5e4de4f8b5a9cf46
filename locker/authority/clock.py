"""What time allows: the place for the policy on machines that may have no clock (tokens contract, section 5).

Knows claims and how far the wall time given with ``now`` may be trusted. Must never read a clock.

In quality FLOOR the wall time is a lower bound: true time is that or later. So "already expired" is certain there too,
but "not yet" can never be known, and neither nbf nor an iat ahead of the floor is held against a token, nor a key's
not-before against the key. What else
section 5 asks of that quality (lives of at most 24 h, better time for technicians, moving the floor) belongs in here.
"""

from __future__ import annotations

from locker.authority.claims import Claims
from locker.authority.keys import IssuerKey
from locker.model import Now, Quality, Refusal

LEEWAY_S = 120
"""How far the issuer's clock and ours may differ."""


def judge_time(claims: Claims, now: Now) -> Refusal | None:
    """Return why time speaks against this token, None when it does not.

    Like every exp (RFC 8392, section 3.1.4) the last second is no longer valid: at exp + 120 s the token is EXPIRED.
    """
    if now.wall_ms >= (claims.exp + LEEWAY_S) * 1000:
        return Refusal.EXPIRED
    if now.quality is Quality.FLOOR:
        return None
    begins = max(claims.iat, claims.nbf or 0)
    return Refusal.NOT_YET_VALID if now.wall_ms < (begins - LEEWAY_S) * 1000 else None


def judge_key(key: IssuerKey, now: Now) -> Refusal | None:
    """Return KEY_NOT_VALID outside of the key's own time (with the leeway of 120 s at both ends), None inside."""
    if now.wall_ms >= (key.not_after + LEEWAY_S) * 1000:
        return Refusal.KEY_NOT_VALID
    early = now.quality is not Quality.FLOOR and now.wall_ms < (key.not_before - LEEWAY_S) * 1000
    return Refusal.KEY_NOT_VALID if early else None
