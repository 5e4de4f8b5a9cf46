"""What the root key signs: the envelope that key set and revocation list share (tokens contract, sections 2 and 3).

    18([ << {1: -8, 4: kid of the root} >>, {}, << {6: iat, label: [version, body]} >>, signature ])

The same strictness as a token's: tag 18, deterministic CBOR at all three levels, exact types, no byte more. Checked in
one order, the cheap before the dear:

    length -> envelope -> header, the root's kid and alg -> signature -> content -> canonical form at every level
    -> version -> what the body must be

A document has no audience: one root signs for all its cabinets. The label tells its kinds apart from each other and
from a token, so that no signature of one can stand under another. The version only ever rises; the very same bytes
again are no change. Knows one root key and which edition is in force. Must never know what a body means, where a
document came from, or the time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from locker.authority import cose
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import kid_of

ALG = cose.EDDSA
"""The root key's algorithm, always."""
IAT = 6
VERSION_MAX = 2**32 - 1
SECONDS_MAX = 2**63 - 1
BYTES_MAX = 8192
"""Longest document: what one MQTT message may carry (MQTT contract)."""

_DEPTH = 5
"""Maps and arrays inside each other: payload, [version, body], the keys, a key, its purposes."""


class Fault(Enum):
    """Why a document is refused. The last six are the key set's own."""

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    HEADER = "header"
    OTHER_ROOT = "other_root"
    SIGNATURE = "signature"
    CONTENT = "content"
    NOT_CANONICAL = "not_canonical"
    ROLLBACK = "rollback"
    CONFLICT = "conflict"
    EMPTY = "empty"
    EQUAL_KIDS = "equal_kids"
    WRONG_KID = "wrong_kid"
    UNUSABLE_KEY = "unusable_key"
    MIXED_PURPOSES = "mixed_purposes"
    ROOT_AS_ISSUER = "root_as_issuer"


class DocumentError(ValueError):
    """A document cannot be used; ``fault`` is the reason, the text says what and where."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.value}: {detail}")
        self.fault, self.detail = fault, detail


@dataclass(frozen=True, slots=True)
class DocumentRefused:
    """Why a document is not put into force; the one that was in force stays. ``detail`` is for technicians."""

    reason: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition is in force: its version and the SHA-256 of its bytes. Version 0: none yet."""

    version: int = 0
    digest: bytes = b""


NONE_YET = Edition()


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of document: its name in messages and its claim."""

    name: str
    label: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its body not looked at yet. ``iat`` is when it was issued, in Unix seconds."""

    version: int
    iat: int
    body: Any
    raw: bytes = field(repr=False)


def edition_of(version: int, raw: bytes) -> Edition:
    """Return the edition of a verified document, to be kept beside it and given to the next ``unseal``."""
    return Edition(version, hashlib.sha256(raw).digest())


def unseal(raw: bytes, form: Form, root: PublicKey, held: Edition) -> Document:
    """Return a document that the root signed and that may follow the edition held. Raises ``DocumentError``.

    The very bytes of the edition held are returned as well: they are no change and no fault.
    """
    message = _envelope(raw)
    _check_signer(message, root)
    document = _content(message, form)
    if level := cose.not_canonical(message, _DEPTH):
        raise DocumentError(Fault.NOT_CANONICAL, f"the {level} is not in its deterministic form")
    _check_version(document, held)
    return document


def look(raw: bytes, form: Form) -> Document:
    """Return what a document says, believing nothing: no signature, no version. Raises ``DocumentError``."""
    return _content(_envelope(raw), form)


def is_of(raw: bytes, form: Form) -> bool:
    """Whether these bytes look like a document of this form, believing nothing. Never raises."""
    try:
        return form.label in cose.decode_map(_envelope(raw).payload, _DEPTH)
    except (DocumentError, cose.CoseError):
        return False


def seal(version: int, iat: int, body: object, form: Form, key: PrivateKey) -> bytes:
    """Return the signed bytes of a document. Checks nothing: whoever makes one verifies it before it goes out."""
    protected = cose.encode({cose.ALG: ALG, cose.KID: kid_of(key.public)})
    payload = cose.encode({IAT: iat, form.label: [version, body]})
    return cose.encode_message(protected, payload, key.sign(cose.to_be_signed(protected, payload)))


def whole(value: object, least: int, most: int) -> bool:
    """Whether this is an integer within bounds; true, false and 1.0 are not."""
    return type(value) is int and least <= value <= most


def _envelope(raw: bytes) -> cose.Sign1:
    """Return the message, taken apart."""
    if len(raw) > BYTES_MAX:
        raise DocumentError(Fault.TOO_LONG, f"{len(raw)} bytes, at most {BYTES_MAX}")
    try:
        return cose.decode(raw)
    except cose.CoseError as wrong:
        raise DocumentError(Fault.MALFORMED, str(wrong)) from None


def _check_signer(message: cose.Sign1, root: PublicKey) -> None:
    """Raise unless the root signed this message, under its own id and algorithm."""
    try:
        alg, kid = cose.header(message)
    except cose.CoseError as wrong:
        raise DocumentError(Fault.HEADER, str(wrong)) from None
    if kid != kid_of(root.raw):
        raise DocumentError(Fault.OTHER_ROOT, f"signed by kid {kid.hex()}, the root is {kid_of(root.raw).hex()}")
    if alg != ALG:
        raise DocumentError(Fault.HEADER, f"alg {alg}, but a root key has alg {ALG}")
    if not root.verify(message.signature, cose.to_be_signed(message.protected, message.payload)):
        raise DocumentError(Fault.SIGNATURE, f"not signed by the root {kid.hex()}")


def _content(message: cose.Sign1, form: Form) -> Document:
    """Return version, issue time and body; nothing else may be there."""
    try:
        fields = cose.decode_map(message.payload, _DEPTH)
    except cose.CoseError as wrong:
        raise DocumentError(Fault.CONTENT, str(wrong)) from None
    if set(fields) != {IAT, form.label}:
        raise DocumentError(Fault.CONTENT, f"a {form.name} has the claims {IAT} and {form.label} and no other")
    iat, content = fields[IAT], fields[form.label]
    if not whole(iat, 0, SECONDS_MAX):
        raise DocumentError(Fault.CONTENT, "iat must be an unsigned integer of seconds")
    if type(content) is not list or len(content) != 2 or not whole(content[0], 1, VERSION_MAX):
        raise DocumentError(Fault.CONTENT, f"{form.label} must be [version, body], version 1 to {VERSION_MAX}")
    return Document(content[0], iat, content[1], message.raw)


def _check_version(document: Document, held: Edition) -> None:
    """Raise unless the version is higher, or the bytes are those of the edition held."""
    if document.version < held.version:
        raise DocumentError(Fault.ROLLBACK, f"version {document.version}, but {held.version} is in force")
    if document.version == held.version and edition_of(document.version, document.raw) != held:
        raise DocumentError(Fault.CONFLICT, f"another version {held.version} is in force; the next must be higher")
