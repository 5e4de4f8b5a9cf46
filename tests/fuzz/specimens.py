"""The genuine documents that the mutants are made from, and the cabinet (virtual clock, known keys) that judges them.

Five kinds: tokens of all purposes, key sets, revocation lists, receipts (here) and commands (``command_mutants``). A
``Kind`` ties together what a mutation needs to know of one: its genuine texts, the keys that may sign it, the program's
verdict and the contract's (``contract``), and the reasons that a campaign must have met.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

import contract
from contract import Issuer
from plain_cbor import Tagged, read, write

from locker.authority import base45, keyset, receipt, revocation, root
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import IssuerKey, KeyRing, KeyState
from locker.authority.receipt import Flaw, Rejected
from locker.authority.revocation import Revoked
from locker.authority.root import NONE_YET, DocumentRefused, Edition, Fault
from locker.authority.token import Authority, Refused
from locker.model import Now, Purpose, Quality, Refusal

CABINET = "sjz-gate-1"
NOW_S = 1_763_812_800
IAT, EXP = NOW_S - 60, NOW_S + 86_400
NOW = Now(ms=1000, wall_ms=NOW_S * 1000, quality=Quality.SYNCED)
REVOKED_CTI = b"\xee" * 16
DAY_S = 86_400
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""L of RFC 8032: s and s + L would be the same signature, were it not for the rule s < L."""
_P = 2**255 - 19
SMALL_ORDER = [number.to_bytes(32, "little") for number in (0, 1, _P - 1, _P, _P + 1, 1 | 1 << 255)]
"""Public keys under which anybody could sign, and second forms of them."""


def key_of(name: str) -> PrivateKey:
    """A private key that is the same in each run."""
    return PrivateKey(hashlib.sha256(name.encode()).digest())


RESIDENT, STAFF, NEW, OLD, EARLY, LATE, CUT = map(key_of, ("resident", "staff", "new", "old", "early", "late", "cut"))
STRANGER, ROOT, OTHER_ROOT, DEVICE = map(key_of, ("stranger", "root", "other root", "device"))
KEYS = {
    "resident": RESIDENT, "staff": STAFF, "new": NEW, "old": OLD, "early": EARLY, "late": LATE, "cut": CUT,
    "stranger": STRANGER, "root": ROOT, "other root": OTHER_ROOT, "device": DEVICE,
}  # fmt: skip
ISSUERS = [
    Issuer(RESIDENT.public, (1, 2)),
    Issuer(STAFF.public, (3, 4)),
    Issuer(NEW.public, (1, 2), alg=-19),
    Issuer(OLD.public, (1, 2, 3, 4), retired=True),
    Issuer(EARLY.public, (1, 2, 3, 4), not_after=NOW_S - 121),
    Issuer(LATE.public, (1, 2, 3, 4), not_before=NOW_S + 121),
    Issuer(CUT.public, (1, 2), cutoff=IAT),
]


def kid_of(key: PrivateKey) -> bytes:
    """A key's id, by the contract."""
    return hashlib.sha256(key.public).digest()[:4]


BY_KID = {hashlib.sha256(issuer.public).digest()[:4]: issuer for issuer in ISSUERS}
SIGNERS = {kid_of(key): key for key in KEYS.values()}
SOUND = frozenset(key.public for key in KEYS.values())


@dataclass(frozen=True)
class Verdict:
    """What the program said. ``believed`` is what it made of an accepted document, None for a refused one."""

    reason: Enum | None
    detail: str
    believed: object = None
    told: bool = False  # whether a refusal shows claims


Verify = Callable[[bytes, Edition], Verdict]


@dataclass(frozen=True)
class Specimen:
    """One genuine document, taken apart. ``text`` is what a scanner or a broker hands over."""

    text: bytes
    message: bytes
    header: dict[int, Any]
    content: dict[int, Any]
    signature: bytes
    key: PrivateKey


@dataclass(frozen=True)
class Kind:
    """One kind of document. ``prefix`` is None where the bytes go as they are, without Base45."""

    name: str
    prefix: bytes | None
    specimens: tuple[Specimen, ...]
    verify: Verify
    lawful: Callable[[bytes, tuple[int, bytes]], bool]
    reasons: frozenset[Enum]
    held: tuple[tuple[int, bytes], ...] = ((0, b""),)
    signature_reasons: frozenset[Enum] = field(default_factory=frozenset)

    def text_of(self, message: bytes) -> bytes:
        """How a message of this kind arrives."""
        return message if self.prefix is None else self.prefix + base45.encode(message).encode()


def signed(header: Any, content: Any, key: PrivateKey) -> bytes:
    """A message truly signed over this header and content (values, or bytes as they are)."""
    protected = header if isinstance(header, bytes) else write(header)
    payload = content if isinstance(content, bytes) else write(content)
    signature = key.sign(write(["Signature1", protected, b"", payload]))
    return write(Tagged(18, [protected, {}, payload, signature]))


def _specimen(prefix: bytes | None, content: dict[int, Any], key: PrivateKey, alg: int = -8) -> Specimen:
    header = {1: alg, 4: kid_of(key)}
    message = signed(header, content, key)
    text = message if prefix is None else prefix + base45.encode(message).encode()
    assert read(message[1:])[2] == write(content), "the writer and the reader of the tests disagree"
    return Specimen(text, message, header, content, message[-64:], key)


# --- tokens ---------------------------------------------------------------------------------------


def claims(purpose: int, number: int, **more: Any) -> dict[int, Any]:
    """A token's claims for a purpose; ``sub``, ``nbf``, ``nonce``, ``door``, ``flags``, ``exp``, ``iat``."""
    by_name = purpose > 2
    order = b"" if by_name else b"order-%d" % number
    errand = [purpose, more.get("door", 0), order, more.get("flags", 0)]
    cti = hashlib.sha256(b"cti %d" % number).digest()[:16]
    found: dict[int, Any] = {3: CABINET, 4: more.get("exp", EXP), 6: more.get("iat", IAT), 7: cti, -65537: errand}
    named = {2: more.get("sub", "li.na") if by_name else None, 5: more.get("nbf"), 10: more.get("nonce")}
    return found | {key: value for key, value in named.items() if value is not None}


_TOKENS = (
    _specimen(b"LK1:", claims(1, 1), RESIDENT),
    _specimen(b"LK1:", claims(1, 2, door=3, flags=15, nonce=b"\x01" * 8), RESIDENT),
    _specimen(b"LK1:", claims(2, 3, exp=IAT + 60 * DAY_S), RESIDENT),
    _specimen(b"LK1:", claims(2, 4, nbf=NOW_S - 30), NEW, alg=-19),
    _specimen(b"LK1:", claims(3, 5, door=5, sub="王芳"), STAFF),
    _specimen(b"LK1:", claims(4, 6, door=1, sub="x" * 32), STAFF),
    _specimen(b"LK1:", claims(1, 7), CUT),
)


def _issuer_key(issuer: Issuer) -> IssuerKey:
    state = KeyState.RETIRED if issuer.retired else KeyState.ACTIVE
    purposes = frozenset(map(Purpose, issuer.purposes))
    times = {"not_before": issuer.not_before, "not_after": issuer.not_after, "cutoff_iat": issuer.cutoff}
    return IssuerKey(PublicKey(issuer.public), purposes, issuer.alg, state, **times)


RING = KeyRing(map(_issuer_key, ISSUERS))
AUTHORITY = Authority(RING, CABINET, Revoked({REVOKED_CTI: EXP}))


def _verify_token(text: bytes, held: Edition) -> Verdict:
    found = AUTHORITY.verify(text, NOW)
    if isinstance(found, Refused):
        return Verdict(found.reason, found.detail, told=found.claims is not None)
    return Verdict(None, "", found)


_IN_TOKENS = frozenset(list(Refusal)[: list(Refusal).index(Refusal.REVOKED) + 1])
TOKEN = Kind(
    "token",
    b"LK1:",
    _TOKENS,
    _verify_token,
    lambda text, held: contract.good_token(text, BY_KID, CABINET, {REVOKED_CTI}, NOW_S),
    _IN_TOKENS,
    signature_reasons=frozenset(list(Refusal)[: list(Refusal).index(Refusal.SIGNATURE) + 1]),
)


# --- what the root signs --------------------------------------------------------------------------


def row(key: PrivateKey, purposes: list[int], **more: Any) -> list[Any]:
    """A key's array of eight in a set."""
    times = [more.get("not_before", IAT - DAY_S), more.get("not_after", IAT + 400 * DAY_S)]
    return [kid_of(key), key.public, more.get("alg", -8), *times, purposes, more.get("state", 1), more.get("cut", 0)]


ROWS = sorted([row(RESIDENT, [1, 2]), row(STAFF, [3, 4])])
MORE_ROWS = sorted([*ROWS, row(OLD, [1], state=2), row(NEW, [2], state=0, alg=-19, cut=IAT)])
_SETS = (
    _specimen(None, {6: IAT - 5, -65538: [5, ROWS]}, ROOT),
    _specimen(None, {6: IAT, -65538: [6, MORE_ROWS]}, ROOT),
    _specimen(None, {6: IAT, -65538: [2**32 - 1, ROWS[:1]]}, ROOT),
)
_LISTS = (
    _specimen(None, {6: IAT - 5, -65539: [5, {b"\xee" * 16: IAT + 3600, b"\xaa" * 16: IAT + 60}]}, ROOT),
    _specimen(None, {6: IAT, -65539: [6, {}]}, ROOT),
    _specimen(None, {6: IAT, -65539: [7, {bytes([n]) * 16: EXP + n for n in range(12)}]}, ROOT),
)
PINNED = PublicKey(ROOT.public)
THE_ROOT = Issuer(ROOT.public, ())


def edition(held: tuple[int, bytes]) -> Edition:
    """The edition in force, as the program keeps it."""
    return root.edition_of(*held) if held[0] else NONE_YET


def _verify_set(raw: bytes, held: Edition) -> Verdict:
    root_says = keyset.verify(raw, PINNED, held)
    looks_like = root.is_of(raw, keyset.FORM)
    if isinstance(root_says, DocumentRefused):
        return Verdict(root_says.reason, root_says.detail)
    assert looks_like and not root.is_of(raw, revocation.FORM)
    return Verdict(None, "", root_says)


def _verify_list(raw: bytes, held: Edition) -> Verdict:
    root_says = revocation.verify(raw, PINNED, held)
    looks_like = root.is_of(raw, revocation.FORM)
    if isinstance(root_says, DocumentRefused):
        return Verdict(root_says.reason, root_says.detail)
    assert looks_like and not root.is_of(raw, keyset.FORM)
    return Verdict(None, "", root_says)


_OF_THE_ROOT = frozenset(list(Fault)[: list(Fault).index(Fault.CONFLICT) + 1])
_SIGNATURE = frozenset((Fault.MALFORMED, Fault.HEADER, Fault.OTHER_ROOT, Fault.SIGNATURE))
KEY_SET = Kind(
    "key set",
    None,
    _SETS,
    _verify_set,
    lambda raw, held: contract.good_set(raw, THE_ROOT, held, SOUND),
    frozenset(Fault),
    held=((0, b""), (5, _SETS[0].message), (6, _SETS[1].message)),
    signature_reasons=_SIGNATURE,
)
REVOCATION = Kind(
    "revocation list",
    None,
    _LISTS,
    _verify_list,
    lambda raw, held: contract.good_list(raw, THE_ROOT, held),
    _OF_THE_ROOT,
    held=((0, b""), (5, _LISTS[0].message), (6, _LISTS[1].message)),
    signature_reasons=_SIGNATURE,
)


# --- receipts -------------------------------------------------------------------------------------


def receipt_claims(number: int, quality: str) -> dict[int, Any]:
    """A receipt's claims for an event and a quality of time."""
    event_id = bytes.fromhex("6f1c9ae2d0a1b2c3") + number.to_bytes(8, "big")
    log_hash = hashlib.sha256(b"log %d" % number).digest()[:16]
    return {
        3: CABINET,
        6: NOW_S + number,
        7: event_id,
        -65537: [b"order-%d" % (number % 1000), 7, number, quality, log_hash],
    }


_RECEIPTS = tuple(
    _specimen(b"LKR1:", receipt_claims(number, quality.value), DEVICE)
    for number, quality in zip((1, 41, 65_536, 2**40), Quality, strict=True)
)
DEVICE_PUBLIC = PublicKey(DEVICE.public)


def _verify_receipt(text: bytes, held: Edition) -> Verdict:
    found = receipt.verify(text, DEVICE_PUBLIC)
    return Verdict(found.reason, found.detail) if isinstance(found, Rejected) else Verdict(None, "", found)


RECEIPT = Kind(
    "receipt",
    b"LKR1:",
    _RECEIPTS,
    _verify_receipt,
    lambda text, held: contract.good_receipt(text, Issuer(DEVICE.public, ())),
    frozenset(Flaw),
    signature_reasons=frozenset(list(Flaw)[: list(Flaw).index(Flaw.SIGNATURE) + 1]),
)

SEALED = (TOKEN, KEY_SET, REVOCATION, RECEIPT)
"""The kinds that are a COSE_Sign1."""


def more_of(kind: Kind, chance: Random) -> tuple[Specimen, ...]:
    """A dozen further genuine documents, drawn; so that mutants of different chunks differ."""
    return tuple(_drawn(kind, chance) for _ in range(12))


def _drawn(kind: Kind, chance: Random) -> Specimen:
    one = chance.choice(kind.specimens)
    content = dict(one.content)
    later = chance.randrange(1, 3600)
    match kind.name:
        case "token":
            purpose, door, order, flags = content[-65537]
            order = chance.randbytes(chance.randrange(1, 17)) if order else b""
            door = chance.randrange(25) if purpose < 3 else door
            content |= {4: IAT + later + 60, 6: IAT, 7: chance.randbytes(16), -65537: [purpose, door, order, flags]}
            content.pop(5, None)
        case "receipt":
            _, door, number, quality, _ = content[-65537]
            content[6] += later
            content[-65537] = [chance.randbytes(9), chance.randrange(1, 25), number, quality, chance.randbytes(16)]
        case "key set":
            version, rows = content[-65538]
            content |= {6: IAT + later, -65538: [version, [[*row[:7], row[7] + later] for row in rows]]}
        case _:
            ctis = {chance.randbytes(16): EXP + later for _ in range(chance.randrange(6))}
            content |= {6: IAT + later, -65539: [chance.randrange(7, 2**32), ctis]}
    return _specimen(kind.prefix, content, one.key, one.header[1])
