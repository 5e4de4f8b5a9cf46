"""Documents that break one rule each which takes a certain value to break, to be signed by the key that is named.

Chance would seldom hit these: another cabinet, a cut-off, a revoked id, a rollback, a key of small order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from plain_cbor import Wide
from specimens import (
    CUT,
    DAY_S,
    DEVICE,
    EARLY,
    EXP,
    IAT,
    KEY_SET,
    LATE,
    MORE_ROWS,
    NEW,
    NOW_S,
    OLD,
    RECEIPT,
    RESIDENT,
    REVOCATION,
    REVOKED_CTI,
    ROOT,
    ROWS,
    SMALL_ORDER,
    STAFF,
    STRANGER,
    TOKEN,
    claims,
    receipt_claims,
    row,
)

from locker.authority.ed25519 import PrivateKey

Broken = tuple[str, dict[int, Any], PrivateKey]


def _with(content: Mapping[int, Any], errand: list[Any] | None = None, **claim: Any) -> dict[int, Any]:
    numbers = {"sub": 2, "aud": 3, "exp": 4, "nbf": 5, "iat": 6, "cti": 7, "nonce": 10}
    found = dict(content) | {numbers[name]: value for name, value in claim.items()}
    return found | ({} if errand is None else {-65537: errand})


def broken_tokens() -> list[Broken]:
    """Claims each of which breaks one rule that needs a certain value, and the key that signs them."""
    good, person = claims(1, 90), claims(3, 91, door=2)
    return [
        ("another cabinet", _with(good, aud="sjz-gate-2"), RESIDENT),
        ("the residents' key for staff", person, RESIDENT),
        ("the staff's key for a deposit", good, STAFF),
        ("expired by a second", _with(good, iat=NOW_S - 3600, exp=NOW_S - 120), RESIDENT),
        ("issued 121 s ahead", _with(good, iat=NOW_S + 121), RESIDENT),
        ("booked 121 s ahead", _with(good, nbf=NOW_S + 121), RESIDENT),
        ("before the key's cut-off", _with(good, iat=IAT - 1), CUT),
        ("revoked", _with(good, cti=REVOKED_CTI), RESIDENT),
        ("a retired key", good, OLD),
        ("a key whose time is over", good, EARLY),
        ("a key whose time is to come", good, LATE),
        ("a key nobody knows", good, STRANGER),
        ("alg -8 of a key of -19", good, NEW),
        ("too long a life", _with(good, exp=IAT + 7 * DAY_S + 1), RESIDENT),
        ("too long a life, collect", _with(claims(2, 92), exp=IAT + 60 * DAY_S + 1), RESIDENT),
        ("a text of 900 characters", _with(good, aud="x" * 400), RESIDENT),
        ("a text of 420 characters", _with(good, aud="x" * 180), RESIDENT),
    ]


def broken_sets() -> list[Broken]:
    """Contents of key sets that break one rule which needs a certain value."""
    bad = [[hashlib.sha256(raw).digest()[:4], raw, *row(RESIDENT, [1])[2:]] for raw in SMALL_ORDER]
    found: list[tuple[str, list[Any]]] = [
        ("no keys", []),
        ("the same key twice", [ROWS[0], ROWS[0], ROWS[1]]),
        ("the wrong id", [[b"\0\0\0\0", *ROWS[0][1:]], ROWS[1]]),
        ("residents and staff", [row(RESIDENT, [2, 3])]),
        ("the root", [row(ROOT, [1])]),
        ("out of order", ROWS[::-1]),
        ("65 keys", [ROWS[0]] * 65),
        ("100 keys", [ROWS[0]] * 100),
        *(("a key of small order", sorted([each, *ROWS])) for each in bad),
    ]
    versions: list[Broken] = [
        (f"version {n}", {6: NOW_S, -65538: [n, MORE_ROWS]}, ROOT) for n in (1, 4, 5, 6, 2**32, Wide(1, 8))
    ]
    return [*((name, {6: IAT, -65538: [9, rows]}, ROOT) for name, rows in found), *versions]


def broken_lists() -> list[Broken]:
    """Contents of revocation lists that break one rule which needs a certain value."""
    many = {hashlib.sha256(b"%d" % n).digest()[:16]: 0 for n in range(361)}
    versions: list[Broken] = [
        (f"version {n}", {6: IAT, -65539: [n, {b"\1" * 16: EXP}]}, ROOT) for n in (1, 4, 5, 6, 2**32)
    ]
    return [("361 tokens", {6: IAT, -65539: [9, many]}, ROOT), *versions]


def broken_receipts() -> list[Broken]:
    """Contents of receipts that break one rule which needs a certain value."""
    good = receipt_claims(9, "rtc")
    event = good[7]
    return [
        ("the number of another event", _with(good, cti=event[:-1] + b"\x08"), DEVICE),
        ("another quality", _with(good, errand=[b"o", 7, 9, "good", bytes(16)]), DEVICE),
        ("door 0", _with(good, errand=[b"o", 0, 9, "rtc", bytes(16)]), DEVICE),
        ("event 0", _with(good, cti=event[:8] + bytes(8), errand=[b"o", 1, 0, "rtc", bytes(16)]), DEVICE),
        ("312 characters and more", _with(good, aud="关" * 32), DEVICE),
        ("the residents' key", good, RESIDENT),
    ]


BROKEN = {
    TOKEN.name: broken_tokens(), KEY_SET.name: broken_sets(), REVOCATION.name: broken_lists(),
    RECEIPT.name: broken_receipts(),
}  # fmt: skip
