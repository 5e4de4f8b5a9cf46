"""The key set: which issuers' keys a cabinet believes, signed by the root (tokens contract, section 2).

    {6: iat, -65538: [version, [[kid, public, alg, not-before, not-after, purposes, state, cut-off iat], ...]]}

Each key is an array of exactly eight: 4 bytes, 32 bytes, -8 or -19, Unix seconds twice (not-before is earlier), the
purposes as an array of their numbers, rising, 0 next, 1 active or 2 retired, and Unix seconds or 0. The keys stand in
the order of their kids, so that one content has one form only.

A kid is the first 4 bytes of the SHA-256 of its public key, and no two are equal: the header of a token then means
exactly one key. A key for residents never signs for staff or technicians: the machine that makes tokens for everybody
who has the app must not be able to open each door. The root is none of the issuers: it lies in a drawer, they are
online.

The envelope, the signature and the version are ``root``'s. Must never know a token, the time or a private key.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from locker.authority import cose
from locker.authority.ed25519 import KEY_BYTES, KeyError25519, PublicKey
from locker.authority.keys import IssuerKey, KeyState, kid_of
from locker.authority.root import (
    NONE_YET,
    SECONDS_MAX,
    Document,
    DocumentError,
    DocumentRefused,
    Edition,
    Fault,
    Form,
    edition_of,
    look,
    unseal,
    whole,
)
from locker.model import Purpose

FORM = Form("key set", label=-65538)
KEYS_MAX = 64
"""Most keys in a set, retired ones counted."""

RESIDENTS = frozenset((Purpose.DEPOSIT, Purpose.COLLECT))
_FIELDS = 8


@dataclass(frozen=True, slots=True)
class KeySet:
    """A key set. From ``verify`` the root says so; from ``inspect`` it is only well formed.

    ``iat`` is when it was issued, Unix seconds. ``raw`` is all of it, to be stored and read again.
    """

    version: int
    iat: int
    keys: tuple[IssuerKey, ...]
    raw: bytes = field(repr=False)

    @property
    def edition(self) -> Edition:
        """What to keep of it and to give to the next ``verify``."""
        return edition_of(self.version, self.raw)


def verify(raw: bytes, root: PublicKey, held: Edition = NONE_YET) -> KeySet | DocumentRefused:
    """Return the key set that these bytes are, or why they are none to follow the one held. Never raises.

    A set whose ``edition`` equals ``held`` is the one in force, once more: no change.
    """
    try:
        keyset = _keyset(unseal(raw, FORM, root, held))
        if any(key.public == root for key in keyset.keys):
            raise DocumentError(Fault.ROOT_AS_ISSUER, "the root key must not sign tokens; give the issuer its own key")
    except DocumentError as wrong:
        return DocumentRefused(wrong.fault, wrong.detail)
    return keyset


def inspect(raw: bytes) -> KeySet:
    """Return what the bytes say without believing it: for people to look at. Raises ``DocumentError``."""
    return _keyset(look(raw, FORM))


def write_key(key: IssuerKey) -> list[object]:
    """Return the array of eight that stands for this key in a set."""
    purposes = sorted(purpose.value for purpose in key.purposes)
    times = [key.not_before, key.not_after]
    return [key.kid, key.public.raw, key.alg, *times, purposes, key.state.value, key.cutoff_iat]


def _keyset(document: Document) -> KeySet:
    """Return the set that a document's body is."""
    rows = document.body
    if type(rows) is not list:
        raise DocumentError(Fault.CONTENT, "the keys must be an array")
    if not rows:
        raise DocumentError(Fault.EMPTY, "a set without keys would refuse every token")
    if len(rows) > KEYS_MAX:
        raise DocumentError(Fault.TOO_LONG, f"{len(rows)} keys, at most {KEYS_MAX}")
    keys = tuple(_key(number, row) for number, row in enumerate(rows, 1))
    kids = [key.kid for key in keys]
    if len(set(kids)) < len(kids):
        twice = next(kid for kid in kids if kids.count(kid) > 1)
        raise DocumentError(Fault.EQUAL_KIDS, f"two keys have the id {twice.hex()}; make a new key in place of one")
    if kids != sorted(kids):
        raise DocumentError(Fault.CONTENT, "the keys must stand in the order of their ids")
    return KeySet(document.version, document.iat, keys, document.raw)


def _key(number: int, row: object) -> IssuerKey:
    """Return one key, every field with its exact type and within its bounds."""
    where = f"key {number}"
    if type(row) is not list or len(row) != _FIELDS:
        raise DocumentError(Fault.CONTENT, f"{where} must be an array of {_FIELDS}")
    kid, raw, alg, not_before, not_after, purposes, state, cutoff = row
    public = _public(where, kid, raw)
    where = f"key {public_id(public)}"
    if alg not in (cose.EDDSA, cose.ED25519) or type(alg) is not int:
        raise DocumentError(Fault.CONTENT, f"{where}: alg must be {cose.EDDSA} or {cose.ED25519}")
    if not all(whole(at, 0, SECONDS_MAX) for at in (not_before, not_after, cutoff)):
        raise DocumentError(Fault.CONTENT, f"{where}: times must be unsigned integers of seconds")
    if not_before >= not_after:
        raise DocumentError(Fault.CONTENT, f"{where}: not-before must be earlier than not-after")
    if not whole(state, 0, len(KeyState) - 1):
        raise DocumentError(Fault.CONTENT, f"{where}: state must be 0, 1 or 2")
    allowed = _purposes(where, purposes)
    return IssuerKey(public, allowed, alg, KeyState(state), not_before, not_after, cutoff)


def _public(where: str, kid: object, raw: object) -> PublicKey:
    """Return a sound public key that has the id it is said to have."""
    if type(raw) is not bytes or len(raw) != KEY_BYTES:
        raise DocumentError(Fault.CONTENT, f"{where}: the public key must be {KEY_BYTES} bytes")
    if type(kid) is not bytes or kid != kid_of(raw):
        raise DocumentError(Fault.WRONG_KID, f"{where}: its id must be {kid_of(raw).hex()}, the hash of its public key")
    try:
        return PublicKey(raw)
    except KeyError25519 as wrong:
        raise DocumentError(Fault.UNUSABLE_KEY, f"{where} ({kid.hex()}): {wrong}") from None


def _purposes(where: str, numbers: object) -> frozenset[Purpose]:
    """Return the purposes, each once, in order, and all of residents' tokens or none."""
    known = len(Purpose)
    if type(numbers) is not list or not numbers or not all(whole(number, 1, known) for number in numbers):
        raise DocumentError(Fault.CONTENT, f"{where}: purposes must be an array of at least one of 1 to {known}")
    if numbers != sorted(set(numbers)):
        raise DocumentError(Fault.CONTENT, f"{where}: purposes must rise, each once")
    purposes = frozenset(Purpose(number) for number in numbers)
    if purposes & RESIDENTS and purposes - RESIDENTS:
        raise DocumentError(Fault.MIXED_PURPOSES, f"{where}: residents' and staff's tokens need two keys")
    return purposes


def public_id(public: PublicKey) -> str:
    """Return a key's id as people read it: 8 hexadecimal digits."""
    return kid_of(public.raw).hex()
