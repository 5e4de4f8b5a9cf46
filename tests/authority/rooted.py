"""Key sets and revocation lists made by hand for the tests: truly signed over anything, good or bad."""

from __future__ import annotations

from typing import Any

import cbor2
from crafted import IAT, RESIDENT, STAFF, enc

from locker.authority import keyset, revocation
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import kid_of

ROOT = PrivateKey(b"\x21" * 32)
OTHER_ROOT = PrivateKey(b"\x22" * 32)
PINNED = PublicKey(ROOT.public)
SET, LIST = keyset.FORM.label, revocation.FORM.label

NOT_BEFORE, NOT_AFTER = IAT - 86_400, IAT + 400 * 86_400
FIELDS = ("kid", "public", "alg", "not_before", "not_after", "purposes", "state", "cutoff")


def row(key: PrivateKey = RESIDENT, **changes: Any) -> list[Any]:
    """Return a key's array of eight, active and for residents, with some fields replaced."""
    fields = [kid_of(key.public), key.public, -8, NOT_BEFORE, NOT_AFTER, [1, 2], 1, 0]
    for name, value in changes.items():
        fields[FIELDS.index(name)] = value
    return fields


ROWS = sorted([row(), row(STAFF, purposes=[3, 4])])
"""The keys of a good set: one for residents, one for staff and technicians."""


def signed(
    content: object,
    *,
    key: PrivateKey = ROOT,
    header: object = None,
    protected: bytes | None = None,
    payload: bytes | None = None,
    signature: bytes | None = None,
) -> bytes:
    """Return a message that is truly signed over whatever header and payload are given, good or bad."""
    if protected is None:
        protected = enc({1: -8, 4: kid_of(key.public)} if header is None else header)
    if payload is None:
        payload = enc(content)
    if signature is None:
        signature = key.sign(enc(["Signature1", protected, b"", payload]))
    return enc(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def set_of(rows: object, version: object = 5, iat: object = IAT) -> dict[Any, Any]:
    """Return the payload of a key set."""
    return {6: iat, SET: [version, rows]}


def list_of(revoked: object, version: object = 5, iat: object = IAT) -> dict[Any, Any]:
    """Return the payload of a revocation list."""
    return {6: iat, LIST: [version, revoked]}


GOOD_SET = signed(set_of(ROWS))
GOOD_LIST = signed(list_of({b"\xee" * 16: IAT + 3600, b"\xaa" * 16: IAT + 60}))
