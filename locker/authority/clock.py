"""What time allows: the policy on machines that may have no clock (tokens contract, section 5), as one table.

Knows claims and how far the time given with ``now`` may be trusted. Must never read a clock; how the time came to be,
and its floor, is ``locker.timekeeping``'s. The same table stands in docs/time.md, and a test holds the two together.

In every quality exp is held against the wall time or the floor, whichever is later: "already expired" can always be
known. "Not yet" cannot, where the time is only a floor: neither nbf nor an iat ahead is held against a token there, nor
a key's not-before against the key. A clock chip may be slow by a day, and an iat that is signed shows that it is.

What may have lain expired for long in a drawer, and what a thief may have kept for a clockless day, is bounded there by
the token's own life: a short one has nothing to hide, a longer one has to be for an order that this cabinet knows. A
technician needs a better time or staff beside them. There is no authority to open all doors, so none to bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from locker.authority.claims import Claims
from locker.authority.keys import IssuerKey
from locker.model import Now, Purpose, Quality, Refusal

LEEWAY_S = 120
"""How far the issuer's clock and ours may differ."""
DAY_S = 86_400
"""The longest life that needs nothing else where the time is only a floor, and the largest error of a clock chip."""


class Proof(Enum):
    """What a token needs beside itself because the time alone does not prove enough."""

    ORDER = "order"
    STAFF = "staff"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Rule:
    """One purpose in one quality of time.

    ``nbf``: it is judged. ``ahead_s``: how far iat may be ahead, None for any. ``life_s``: the longest exp - iat that
    is enough by itself, None for any that the contract allows; a longer one needs ``proof``. ``forget``: used tokens
    that are surely dead may leave the ledger.
    """

    nbf: bool
    ahead_s: int | None
    life_s: int | None
    proof: Proof | None
    forget: bool


_SURE = Rule(nbf=True, ahead_s=LEEWAY_S, life_s=None, proof=None, forget=True)
_CHIP = Rule(nbf=True, ahead_s=DAY_S, life_s=None, proof=None, forget=True)
RULES: Mapping[tuple[Purpose, Quality], Rule] = MappingProxyType(
    {
        (Purpose.DEPOSIT, Quality.SYNCED): _SURE,
        (Purpose.DEPOSIT, Quality.RTC): _CHIP,
        (Purpose.DEPOSIT, Quality.HOLD): _SURE,
        (Purpose.DEPOSIT, Quality.FLOOR): Rule(False, None, DAY_S, Proof.ORDER, False),
        (Purpose.COLLECT, Quality.SYNCED): _SURE,
        (Purpose.COLLECT, Quality.RTC): _CHIP,
        (Purpose.COLLECT, Quality.HOLD): _SURE,
        (Purpose.COLLECT, Quality.FLOOR): Rule(False, None, DAY_S, Proof.ORDER, False),
        (Purpose.STAFF, Quality.SYNCED): _SURE,
        (Purpose.STAFF, Quality.RTC): _CHIP,
        (Purpose.STAFF, Quality.HOLD): _SURE,
        (Purpose.STAFF, Quality.FLOOR): Rule(False, None, DAY_S, Proof.TIME, False),
        (Purpose.TECHNICIAN, Quality.SYNCED): _SURE,
        (Purpose.TECHNICIAN, Quality.RTC): _CHIP,
        (Purpose.TECHNICIAN, Quality.HOLD): _SURE,
        (Purpose.TECHNICIAN, Quality.FLOOR): Rule(False, None, 0, Proof.STAFF, False),
    }
)
"""The policy. Proof.TIME cannot be had at the cabinet: a better time, or a token with a shorter life."""


def judge_time(claims: Claims, now: Now) -> Refusal | None:
    """Return why time speaks against this token, None when it does not.

    Like every exp (RFC 8392, section 3.1.4) the last second is no longer valid: at exp + 120 s the token is EXPIRED.
    """
    rule = RULES[claims.purpose, now.quality]
    if now.latest_ms >= (claims.exp + LEEWAY_S) * 1000:
        return Refusal.EXPIRED
    late = claims.nbf is None or not rule.nbf or now.wall_ms >= (claims.nbf - LEEWAY_S) * 1000
    issued = rule.ahead_s is None or now.wall_ms >= (claims.iat - rule.ahead_s) * 1000
    return None if late and issued else Refusal.NOT_YET_VALID


def proof_needed(claims: Claims, now: Now) -> Proof | None:
    """Return what this token needs beside itself at a time of this quality, None for nothing."""
    rule = RULES[claims.purpose, now.quality]
    return rule.proof if rule.life_s is not None and claims.exp - claims.iat > rule.life_s else None


def forgets(quality: Quality) -> bool:
    """Whether used tokens that are surely dead may leave the ledger at a time of this quality."""
    return all(RULES[purpose, quality].forget for purpose in Purpose)


def judge_key(key: IssuerKey, now: Now) -> Refusal | None:
    """Return KEY_NOT_VALID outside of the key's own time (with the leeway of 120 s at both ends), None inside."""
    if now.latest_ms >= (key.not_after + LEEWAY_S) * 1000:
        return Refusal.KEY_NOT_VALID
    early = now.quality is not Quality.FLOOR and now.wall_ms < (key.not_before - LEEWAY_S) * 1000
    return Refusal.KEY_NOT_VALID if early else None
