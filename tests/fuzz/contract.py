"""The contract once more, for the tests alone: which bytes are a good token, key set, revocation list or receipt.

Written from docs/tokens.md, docs/keys.md and docs/receipts.md and from nothing else, with the reader of ``plain_cbor``
and one library call for the signature. It gives no reasons: yes or no. The campaign asks it for each mutant, and it
must agree with the program each time; so a rule that either of the two forgets is found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from plain_cbor import NotLawful, read, write

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SECONDS_MAX = 2**63 - 1
DAY_S = 86_400


@dataclass(frozen=True)
class Issuer:
    """An issuer's key as a cabinet knows it. Times are Unix seconds."""

    public: bytes
    purposes: Collection[int]
    alg: int = -8
    retired: bool = False
    not_before: int = 0
    not_after: int = SECONDS_MAX
    cutoff: int = 0


def message_of(text: bytes, prefix: bytes, characters_max: int) -> bytes | None:
    """The message behind the Base45 of a reading; blanks around it do not matter."""
    if len(text) > 1024:
        return None
    text = text.strip(b" \t\r\n")
    if not text.startswith(prefix) or len(text) > characters_max:
        return None
    return plain_base45(text[len(prefix) :].decode("latin-1"))


def plain_base45(text: str) -> bytes | None:
    """RFC 9285, section 4, as it stands there; None for what is no Base45."""
    found = bytearray()
    for at in range(0, len(text), 3):
        digits = [ALPHABET.find(each) for each in text[at : at + 3]]
        number = sum(digit * 45**place for place, digit in enumerate(digits))
        if min(digits) < 0 or len(digits) == 1 or number >= (65536 if len(digits) == 3 else 256):
            return None
        found += number.to_bytes(len(digits) - 1, "big")
    return bytes(found)


def _opened(message: bytes) -> tuple[int, bytes, Any, tuple[bytes, bytes, bytes]]:
    """(alg, kid, payload, (signature, header, payload as bytes)). Raises ``NotLawful``."""
    parts = read(message[1:]) if message[:1] == b"\xd2" else None
    if type(parts) is not list or [type(part) for part in parts] != [bytes, dict, bytes, bytes]:
        raise NotLawful("not the envelope")
    header, unprotected, payload, signature = parts
    fields = read(header)
    if unprotected or len(signature) != 64 or type(fields) is not dict or set(fields) != {1, 4}:
        raise NotLawful("not the header")
    if type(fields[1]) is not int or type(fields[4]) is not bytes or len(fields[4]) != 4:
        raise NotLawful("not alg and kid")
    return fields[1], fields[4], read(payload), (signature, header, payload)


def _signed(public: bytes, parts: tuple[bytes, bytes, bytes]) -> bool:
    signature, header, payload = parts
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, write(["Signature1", header, b"", payload]))
    except InvalidSignature:
        return False
    return True


def _all(*true: bool) -> bool:
    return all(true)


def _whole(value: object, least: int = 0, most: int = SECONDS_MAX) -> bool:
    return type(value) is int and least <= value <= most


def _word(value: object) -> bool:
    return type(value) is str and 1 <= len(value) <= 32 and value.isprintable()


def _blob(value: object, least: int, most: int) -> bool:
    return type(value) is bytes and least <= len(value) <= most


def good_token(text: bytes, keys: Mapping[bytes, Issuer], cabinet: str, revoked: Collection[bytes], now_s: int) -> bool:
    """Whether a cabinet with a good clock must take this reading for a token of one of these keys (by kid)."""
    message = message_of(text, b"LK1:", 400)
    if message is None:
        return False
    try:
        alg, kid, claims, parts = _opened(message)
    except NotLawful:
        return False
    key = keys.get(kid)
    if key is None or key.retired or alg != key.alg or not key.not_before - 120 <= now_s < key.not_after + 120:
        return False
    if not _claims_are_good(claims) or claims[3] != cabinet or claims[-65537][0] not in key.purposes:
        return False
    begins = max(claims[6], claims.get(5, 0))
    timely = claims[4] + 120 > now_s and begins - 120 <= now_s and claims[6] >= key.cutoff
    return timely and claims[7] not in revoked and _signed(key.public, parts)


def _claims_are_good(claims: Any) -> bool:
    """Section 3 of docs/tokens.md, and nothing but the claims."""
    errand = claims.get(-65537) if type(claims) is dict else None
    if type(errand) is not list or len(errand) != 4 or not _whole(errand[0], 1, 4):
        return False
    purpose, door, order, flags = errand
    by_name = purpose > 2
    must = {3, 4, 6, 7, -65537} | ({2} if by_name else set())
    if not must <= set(claims) <= must | {5, 10} or not _whole(claims[4]) or not _whole(claims[6]):
        return False
    return _all(
        _whole(door, 0, 24),
        _blob(order, 0, 0) if by_name else _blob(order, 1, 16),
        _whole(flags, 0, 15),
        _word(claims[3]),
        _word(claims.get(2, "-")),
        _blob(claims[7], 16, 16),
        _blob(claims.get(10, bytes(8)), 8, 8),
        0 < claims[4] - claims[6] <= (60 if purpose == 2 else 7) * DAY_S,
        5 not in claims or (_whole(claims[5]) and claims[5] < claims[4]),
    )


def _document(raw: bytes, root: Issuer, label: int, held: tuple[int, bytes]) -> Any:
    """The body of what the root signed and what may follow the edition held (version, bytes); None for all else."""
    if len(raw) > 8192:
        return None
    try:
        alg, kid, content, parts = _opened(raw)
    except NotLawful:
        return None
    if (alg, kid) != (-8, _kid(root.public)) or type(content) is not dict or set(content) != {6, label}:
        return None
    issued, body = content[6], content[label]
    if not _whole(issued) or type(body) is not list or len(body) != 2 or not _whole(body[0], 1, 2**32 - 1):
        return None
    if body[0] < held[0] or (body[0] == held[0] and raw != held[1]):
        return None
    return body[1] if _signed(root.public, parts) else None


def good_set(raw: bytes, root: Issuer, held: tuple[int, bytes], sound: Collection[bytes]) -> bool:
    """Whether a cabinet must take these bytes for a key set; ``sound`` are the public keys known to be usable."""
    rows = _document(raw, root, -65538, held)
    if type(rows) is not list or not 1 <= len(rows) <= 64 or not all(_row_is_good(row, sound) for row in rows):
        return False
    kids = [row[0] for row in rows]
    return kids == sorted(set(kids)) and root.public not in [row[1] for row in rows]


def _row_is_good(row: Any, sound: Collection[bytes]) -> bool:
    if type(row) is not list or len(row) != 8:
        return False
    kid, public, alg, not_before, not_after, purposes, state, cutoff = row
    if type(public) is not bytes or public not in sound or kid != _kid(public) or type(purposes) is not list:
        return False
    if not purposes or not all(_whole(each, 1, 4) for each in purposes) or purposes != sorted(set(purposes)):
        return False
    return _all(
        type(alg) is int and alg in (-8, -19),
        _whole(not_before) and _whole(not_after) and not_before < not_after,
        _whole(state, 0, 2),
        _whole(cutoff),
        set(purposes) <= {1, 2} or set(purposes) <= {3, 4},
    )


def good_list(raw: bytes, root: Issuer, held: tuple[int, bytes]) -> bool:
    """Whether a cabinet must take these bytes for a revocation list."""
    rows = _document(raw, root, -65539, held)
    if type(rows) is not dict or len(rows) > 360:
        return False
    return all(_blob(cti, 16, 16) and _whole(exp) for cti, exp in rows.items())


def good_receipt(text: bytes, device: Issuer) -> bool:
    """Whether this text is a receipt of the device with this key."""
    message = message_of(text, b"LKR1:", 311)
    if message is None:
        return False
    try:
        alg, kid, claims, parts = _opened(message)
    except NotLawful:
        return False
    if (alg, kid) != (-8, _kid(device.public)) or type(claims) is not dict or set(claims) != {3, 6, 7, -65537}:
        return False
    deposit = claims[-65537]
    if type(deposit) is not list or len(deposit) != 5:
        return False
    order, door, seq, quality, log_hash = deposit
    return _all(
        _word(claims[3]) and _whole(claims[6]) and _blob(claims[7], 16, 16),
        _blob(order, 1, 16) and _whole(door, 1, 24) and _whole(seq, 1) and _blob(log_hash, 16, 16),
        type(quality) is str and quality in ("synced", "rtc", "hold", "floor"),
    ) and (claims[7][8:] == seq.to_bytes(8, "big") and _signed(device.public, parts))


def _kid(public: bytes) -> bytes:
    from hashlib import sha256

    return sha256(public).digest()[:4]
