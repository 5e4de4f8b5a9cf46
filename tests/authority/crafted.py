"""Tokens made by hand for the tests: truly signed over anything, good or bad, and the cabinet that reads them."""

from __future__ import annotations

from typing import Any

import cbor2

from locker.authority import base45
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import IssuerKey, KeyRing, KeyState, kid_of
from locker.authority.revocation import Revoked
from locker.authority.token import Authority, Claims, Refused
from locker.model import Now, Purpose, Quality

CABINET = "sjz-gate-1"
IAT = 1_750_000_000
EXP = IAT + 86_400
NOW = Now(ms=1000, wall_ms=(IAT + 60) * 1000, quality=Quality.SYNCED)
CTI = bytes(range(16))
REVOKED_CTI = b"\xee" * 16

RESIDENT, STAFF, OLD, NEW, EARLY, LATE, CUT = (PrivateKey(bytes([number]) * 32) for number in range(1, 8))
STRANGER = PrivateKey(b"\x09" * 32)
RING = KeyRing(
    [
        IssuerKey(PublicKey(RESIDENT.public), frozenset((Purpose.DEPOSIT, Purpose.COLLECT))),
        IssuerKey(PublicKey(STAFF.public), frozenset((Purpose.STAFF, Purpose.TECHNICIAN))),
        IssuerKey(PublicKey(OLD.public), frozenset(Purpose), state=KeyState.RETIRED),
        IssuerKey(PublicKey(NEW.public), frozenset(Purpose), alg=-19),
        IssuerKey(PublicKey(EARLY.public), frozenset(Purpose), not_after=IAT - 61),
        IssuerKey(PublicKey(LATE.public), frozenset(Purpose), not_before=IAT + 181),
        IssuerKey(PublicKey(CUT.public), frozenset(Purpose), cutoff_iat=IAT),
    ]
)
AUTHORITY = Authority(RING, CABINET, Revoked({REVOKED_CTI: EXP}))

DEPOSIT: dict[Any, Any] = {3: CABINET, 4: EXP, 6: IAT, 7: CTI, -65537: [1, 0, b"order-1", 0]}
PERSON: dict[Any, Any] = {2: "li.na", **DEPOSIT, -65537: [3, 0, b"", 0]}


def enc(value: object) -> bytes:
    """Return canonical CBOR, by the library and not by the code under test."""
    return cbor2.dumps(value, canonical=True)


def text_of(cose: bytes) -> bytes:
    """Return the reading for COSE bytes."""
    return b"LK1:" + base45.encode(cose).encode()


def craft(
    claims: object = None,
    *,
    key: PrivateKey = RESIDENT,
    header: object = None,
    protected: bytes | None = None,
    payload: bytes | None = None,
    signature: bytes | None = None,
) -> bytes:
    """Return a reading that is truly signed over whatever header and payload are given, good or bad."""
    if protected is None:
        protected = enc({1: -8, 4: kid_of(key.public)} if header is None else header)
    if payload is None:
        payload = enc(DEPOSIT if claims is None else claims)
    if signature is None:
        signature = key.sign(enc(["Signature1", protected, b"", payload]))
    return text_of(enc(cbor2.CBORTag(18, [protected, {}, payload, signature])))


def but(**changes: Any) -> dict[Any, Any]:
    """Return the deposit's claims with some replaced; ``errand``, ``aud`` ... name them, None leaves one out."""
    keys = {"sub": 2, "aud": 3, "exp": 4, "nbf": 5, "iat": 6, "cti": 7, "nonce": 10, "errand": -65537}
    claims = dict(DEPOSIT)
    for name, value in changes.items():
        claims[keys[name]] = value
    return {key: value for key, value in claims.items() if value is not None}


def verify(reading: bytes, now: Now = NOW) -> Claims | Refused:
    """Return the verdict of the cabinet under test."""
    return AUTHORITY.verify(reading, now)


GOOD = craft()
"""A good token's reading."""
COSE = base45.decode(GOOD[4:])
"""Its COSE message."""
