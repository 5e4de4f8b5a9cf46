"""Each document that is no good key set is refused with its own reason, and the set that was in force stays."""

from __future__ import annotations

from typing import Any

import pytest
from crafted import IAT, RESIDENT, STAFF, craft, enc
from rooted import (
    FIELDS,
    GOOD_LIST,
    GOOD_SET,
    NOT_BEFORE,
    OTHER_ROOT,
    PINNED,
    ROOT,
    ROWS,
    SET,
    list_of,
    row,
    set_of,
    signed,
)

from locker.authority import base45, keyset
from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import kid_of
from locker.authority.keyset import KeySet, inspect, verify
from locker.authority.root import BYTES_MAX, NONE_YET, DocumentError, DocumentRefused, Edition, Fault, edition_of

PAYLOAD = enc(set_of(ROWS))
HEADER = enc({1: -8, 4: kid_of(ROOT.public)})
S = b"\x58\x40" + GOOD_SET[-64:]
H, B = enc(HEADER), enc(PAYLOAD)
SMALL_ORDER = bytes(32)
COLLIDING = sorted(
    [row(PrivateKey(number.to_bytes(32, "big"))) for number in (34433, 170398)],
    key=lambda fields: bytes(fields[1]),
)
MANY = sorted(row(PrivateKey(number.to_bytes(32, "big"))) for number in range(1, 66))


def one(**changes: Any) -> bytes:
    """Return a signed set of one key with some fields replaced."""
    return signed(set_of([row(**changes)]))


def bent(old: bytes, new: bytes) -> bytes:
    """Return a signed set in which some bytes of the payload, met once, are replaced."""
    assert PAYLOAD.count(old) == 1
    return signed(None, payload=PAYLOAD.replace(old, new))


def fields(**changes: Any) -> list[tuple[str, Fault, bytes]]:
    """Return a line of the table for each value that a field must not have."""
    return [
        (f"{name} {value!r}", Fault.CONTENT, one(**{name: value}))
        for name, values in changes.items()
        for value in values
    ]


REFUSED: list[tuple[str, Fault, bytes]] = [
    ("a byte too long", Fault.TOO_LONG, GOOD_SET + bytes(BYTES_MAX + 1 - len(GOOD_SET))),
    ("a megabyte", Fault.TOO_LONG, bytes(1 << 20)),
    ("65 keys", Fault.TOO_LONG, signed(set_of(MANY))),
    ("nothing", Fault.MALFORMED, b""),
    ("text", Fault.MALFORMED, b"[[keys]]\n"),
    ("a token's text", Fault.MALFORMED, craft()),
    ("Base45", Fault.MALFORMED, base45.encode(GOOD_SET).encode()),
    ("cut short", Fault.MALFORMED, GOOD_SET[:-1]),
    ("a byte after it", Fault.MALFORMED, GOOD_SET + b"\0"),
    ("twice", Fault.MALFORMED, GOOD_SET * 2),
    ("no tag", Fault.MALFORMED, GOOD_SET[1:]),
    ("tag 98, a COSE_Sign", Fault.MALFORMED, b"\xd8\x62" + GOOD_SET[1:]),
    ("tag 61 around it", Fault.MALFORMED, b"\xd8\x3d" + GOOD_SET),
    ("tag 18 written long", Fault.MALFORMED, b"\xd8\x12" + GOOD_SET[1:]),
    ("three parts", Fault.MALFORMED, b"\xd2\x83" + H + b"\xa0" + B),
    ("indefinite array", Fault.MALFORMED, b"\xd2\x9f" + GOOD_SET[2:] + b"\xff"),
    ("kid outside", Fault.MALFORMED, b"\xd2\x84" + H + b"\xa1\x04\x40" + B + S),
    ("payload detached", Fault.MALFORMED, b"\xd2\x84" + H + b"\xa0\xf6" + S),
    ("signature of 63 bytes", Fault.MALFORMED, signed(set_of(ROWS), signature=bytes(63))),
    ("no header", Fault.HEADER, signed(set_of(ROWS), protected=b"")),
    ("no kid", Fault.HEADER, signed(set_of(ROWS), header={1: -8})),
    ("no alg", Fault.HEADER, signed(set_of(ROWS), header={4: kid_of(ROOT.public)})),
    ("a content type", Fault.HEADER, signed(set_of(ROWS), header={1: -8, 3: 0, 4: kid_of(ROOT.public)})),
    ("alg -19", Fault.HEADER, signed(set_of(ROWS), header={1: -19, 4: kid_of(ROOT.public)})),
    ("alg ES256", Fault.HEADER, signed(set_of(ROWS), header={1: -7, 4: kid_of(ROOT.public)})),
    ("another root", Fault.OTHER_ROOT, signed(set_of(ROWS), key=OTHER_ROOT)),
    ("an issuer of the set itself", Fault.OTHER_ROOT, signed(set_of(ROWS), key=RESIDENT)),
    (
        "another root under the root's id",
        Fault.SIGNATURE,
        signed(set_of(ROWS), key=OTHER_ROOT, header={1: -8, 4: kid_of(ROOT.public)}),
    ),
    ("no signature", Fault.SIGNATURE, signed(set_of(ROWS), signature=bytes(64))),
    ("another version's signature", Fault.SIGNATURE, signed(set_of(ROWS, version=6), signature=GOOD_SET[-64:])),
    ("a revocation list", Fault.CONTENT, GOOD_LIST),
    ("a token that the root signed", Fault.CONTENT, base45.decode(craft(key=ROOT)[4:])),
    ("an array", Fault.CONTENT, signed([1, 2])),
    ("not CBOR", Fault.CONTENT, signed(None, payload=b"\x1c")),
    ("with a tail", Fault.CONTENT, signed(None, payload=PAYLOAD + b"\0")),
    ("of indefinite length", Fault.CONTENT, signed(None, payload=b"\xbf" + PAYLOAD[1:] + b"\xff")),
    ("nested too deep", Fault.CONTENT, one(cutoff=[[[[[0]]]]])),
    ("no issue time", Fault.CONTENT, signed({SET: [5, ROWS]})),
    ("no keys at all", Fault.CONTENT, signed({6: IAT})),
    ("an audience", Fault.CONTENT, signed({**set_of(ROWS), 3: "sjz-gate-1"})),
    ("a text claim", Fault.CONTENT, signed({**set_of(ROWS), "x": 1})),
    ("both documents in one", Fault.CONTENT, signed({**set_of(ROWS), **list_of({})})),
    ("issue time twice", Fault.CONTENT, signed(None, payload=b"\xa3" + PAYLOAD[1:6] + PAYLOAD[1:])),
    *(
        (f"issue time {iat!r}", Fault.CONTENT, signed(set_of(ROWS, iat=iat)))
        for iat in (-1, 1.0, True, None, "1", 2**63)
    ),
    *(
        (f"version {version!r}", Fault.CONTENT, signed(set_of(ROWS, version=version)))
        for version in (0, -1, 5.0, True, None, "5", 2**32, [5])
    ),
    ("version a bignum", Fault.CONTENT, bent(b"\x82\x05", b"\x82\xc2\x41\x05")),
    ("no version", Fault.CONTENT, signed({6: IAT, SET: [ROWS]})),
    ("three in place of two", Fault.CONTENT, signed({6: IAT, SET: [5, ROWS, 0]})),
    ("content a map", Fault.CONTENT, signed({6: IAT, SET: {5: 0}})),
    ("keys a map", Fault.CONTENT, signed(set_of({0: 1}))),
    ("keys a byte string", Fault.CONTENT, signed(set_of(b"\x80"))),
    ("a key a map", Fault.CONTENT, signed(set_of([{1: 1}]))),
    ("a key of seven", Fault.CONTENT, signed(set_of([row()[:-1]]))),
    ("a key of nine", Fault.CONTENT, signed(set_of([[*row(), 0]]))),
    ("keys out of order", Fault.CONTENT, signed(set_of(ROWS[::-1]))),
    *fields(
        public=[RESIDENT.public[:-1], RESIDENT.public + b"\0", RESIDENT.public.hex(), None],
        alg=[-7, -8.0, "EdDSA", None, True, [-8]],
        not_before=[-1, 1.0, True, None, "2026", 2**63, NOT_BEFORE + 401 * 86_400],
        not_after=[-1, float(IAT), None, 2**63, NOT_BEFORE, 0],
        purposes=[[], [0], [5], [True], [1.0], ["deposit"], [2, 1], [1, 1], [[1]], 1, b"\1", {1: 2}, None],
        state=[-1, 3, True, 1.0, None, "active"],
        cutoff=[-1, 1.0, False, None, 2**63, b"\0"],
    ),
    ("a tagged date", Fault.CONTENT, bent(enc(IAT), b"\xc1" + enc(IAT))),
    ("no keys", Fault.EMPTY, signed(set_of([]))),
    ("the same key twice", Fault.EQUAL_KIDS, signed(set_of([row(), row()]))),
    ("the same key, active and retired", Fault.EQUAL_KIDS, signed(set_of([row(), row(state=2)]))),
    ("two keys with one id", Fault.EQUAL_KIDS, signed(set_of(COLLIDING))),
    *(
        (f"kid {kid!r}", Fault.WRONG_KID, one(kid=kid))
        for kid in (kid_of(STAFF.public), b"", bytes(4), kid_of(RESIDENT.public) + b"\0", "kidd", None, 7)
    ),
    ("a key of small order", Fault.UNUSABLE_KEY, one(public=SMALL_ORDER, kid=kid_of(SMALL_ORDER))),
    ("a key that is no point", Fault.UNUSABLE_KEY, one(public=b"\2" + bytes(31), kid=kid_of(b"\2" + bytes(31)))),
    *(
        (f"purposes {numbers}", Fault.MIXED_PURPOSES, one(purposes=numbers))
        for numbers in ([1, 3], [2, 4], [1, 2, 3], [1, 2, 3, 4])
    ),
    ("the root among the issuers", Fault.ROOT_AS_ISSUER, signed(set_of([row(ROOT)]))),
    ("the root, retired", Fault.ROOT_AS_ISSUER, signed(set_of(sorted([*ROWS, row(ROOT, state=2)])))),
    ("envelope written long", Fault.NOT_CANONICAL, b"\xd2\x98\x04" + GOOD_SET[2:]),
    ("signature length written long", Fault.NOT_CANONICAL, GOOD_SET[:-66] + b"\x59\x00" + GOOD_SET[-65:]),
    ("header out of order", Fault.NOT_CANONICAL, signed(set_of(ROWS), protected=b"\xa2" + HEADER[3:] + b"\x01\x27")),
    ("alg written long", Fault.NOT_CANONICAL, signed(set_of(ROWS), protected=b"\xa2\x01\x38\x07" + HEADER[3:])),
    ("claims out of order", Fault.NOT_CANONICAL, signed(None, payload=b"\xa2" + PAYLOAD[7:] + PAYLOAD[1:7])),
    ("payload length written long", Fault.NOT_CANONICAL, signed(None, payload=b"\xb8\x02" + PAYLOAD[1:])),
    ("version written long", Fault.NOT_CANONICAL, bent(b"\x82\x05", b"\x82\x18\x05")),
    ("a kid's length written long", Fault.NOT_CANONICAL, bent(enc(ROWS[0][0]), b"\x58\x04" + ROWS[0][0])),
    ("the keys' count written long", Fault.NOT_CANONICAL, bent(b"\x82\x05\x82", b"\x82\x05\x98\x02")),
]
IDS = [line[0] for line in REFUSED]


@pytest.mark.parametrize(("reason", "raw"), [line[1:] for line in REFUSED], ids=IDS)
def test_each_fault_has_its_own_reason(reason: Fault, raw: bytes) -> None:
    """Each document of the table is refused with exactly this reason and a short detail that can stand in a log."""
    verdict = verify(raw, PINNED)
    assert isinstance(verdict, DocumentRefused), verdict
    assert verdict.reason is reason, verdict
    assert 0 < len(verdict.detail) < 200
    assert verdict.detail.isprintable()


def test_the_table_and_the_versions_below_have_every_reason() -> None:
    """No reason is there in vain."""
    assert {reason for _, reason, _ in REFUSED} | {Fault.ROLLBACK, Fault.CONFLICT} == set(Fault)


@pytest.mark.parametrize(("reason", "raw"), [line[1:] for line in REFUSED], ids=IDS)
def test_a_refused_set_can_be_looked_at_only_as_far_as_it_is_well_formed(reason: Fault, raw: bytes) -> None:
    """Looking believes nothing: it gives what is written where that is well formed, else the reason; no other error."""
    try:
        assert inspect(raw).raw == raw
    except DocumentError as wrong:
        assert wrong.fault is reason or reason in (Fault.HEADER, Fault.OTHER_ROOT, Fault.SIGNATURE)


# --- which version may follow ---------------------------------------------------------------------

HELD = edition_of(5, GOOD_SET)


@pytest.mark.parametrize(
    ("version", "rows", "held", "reason"),
    [
        (1, ROWS, NONE_YET, None),
        (2**32 - 1, ROWS, NONE_YET, None),
        (6, ROWS, HELD, None),
        (7, ROWS[:1], HELD, None),
        (5, ROWS, HELD, None),
        (4, ROWS, HELD, Fault.ROLLBACK),
        (1, ROWS, HELD, Fault.ROLLBACK),
        (5, ROWS[:1], HELD, Fault.CONFLICT),
        (5, ROWS, Edition(5), Fault.CONFLICT),
    ],
)
def test_the_version_only_ever_rises(version: int, rows: list[Any], held: Edition, reason: Fault | None) -> None:
    """Lower is a rollback, equal but different a conflict; the same bytes again are good and no change."""
    verdict = verify(signed(set_of(rows, version=version)), PINNED, held)
    if reason is None:
        assert isinstance(verdict, KeySet), verdict
        assert (verdict.edition == held) == (version == 5)
    else:
        assert isinstance(verdict, DocumentRefused)
        assert verdict.reason is reason


def test_the_same_keys_with_another_issue_time_are_another_set() -> None:
    """Two sets of one version differ if a single byte differs: whoever signed both made a mistake."""
    verdict = verify(signed(set_of(ROWS, iat=IAT + 1)), PINNED, HELD)
    assert isinstance(verdict, DocumentRefused)
    assert verdict.reason is Fault.CONFLICT


WORSE_AND_WORSE: list[tuple[Fault, bytes]] = [
    (Fault.TOO_LONG, b"x" * (BYTES_MAX + 1)),
    (Fault.MALFORMED, signed([], key=OTHER_ROOT, header={}, signature=bytes(3))),
    (Fault.HEADER, signed([], key=OTHER_ROOT, header={1: -7, 4: b"none", 5: 1})),
    (Fault.OTHER_ROOT, signed([], header={1: -7, 4: b"none"}, signature=bytes(64))),
    (Fault.HEADER, signed([], header={1: -7, 4: kid_of(ROOT.public)}, signature=bytes(64))),
    (Fault.SIGNATURE, signed([], signature=bytes(64))),
    (Fault.CONTENT, signed(None, payload=b"\xb8\x02" + enc(set_of([], version=0))[1:])),
    (Fault.NOT_CANONICAL, signed(None, payload=b"\xb8\x02" + enc(set_of([], version=1))[1:])),
    (Fault.ROLLBACK, signed(set_of([], version=4))),
    (Fault.EMPTY, signed(set_of([], version=6))),
]


@pytest.mark.parametrize(("reason", "raw"), WORSE_AND_WORSE)
def test_the_checks_come_in_one_order(reason: Fault, raw: bytes) -> None:
    """Each of these documents has at least two faults, from the cheapest check to the dearest; the first is named."""
    verdict = verify(raw, PINNED, HELD)
    assert isinstance(verdict, DocumentRefused)
    assert verdict.reason is reason


def test_the_largest_set_fits() -> None:
    """64 keys with the longest numbers are shorter than a message may be, and are taken."""
    rows = [[*fields[:3], 2**62, 2**63 - 1, [1, 2], 2, 2**63 - 1] for fields in MANY[: keyset.KEYS_MAX]]
    raw = signed(set_of(rows, version=2**32 - 1, iat=2**63 - 1))
    assert len(raw) < BYTES_MAX
    assert isinstance(verify(raw, PINNED), KeySet)
    assert len(FIELDS) == len(rows[0])
