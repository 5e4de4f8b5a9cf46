"""COSE_Sign1 (RFC 9052, section 4.2) in deterministic CBOR (RFC 8949, section 4.2.1), and not one byte else.

Knows the envelope: tag 18 around [protected header, {}, payload, signature], and how to see that bytes are the only
deterministic form of what they say. Must never know what a payload means, or which key or time is good.

What cbor2 would let through by itself is refused here: bytes after the item, duplicate keys, indefinite lengths, every
tag (2 would become an integer, 35 a compiled pattern, 55799 nothing at all), true and 1.0 as the key 1. The outer tag
is compared as its one byte 0xD2 and never given to cbor2, which makes tuples and frozen maps of what is inside a tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NoReturn

import cbor2

ALG, KID = 1, 4
"""Header labels (RFC 9052, section 3.1)."""

EDDSA, ED25519 = -8, -19
"""The two names of Ed25519: the older, for any Edwards curve (RFC 9053), and the exact one (RFC 9864)."""

SIGNATURE_BYTES = 64
KID_BYTES = 4

_TAG_18 = b"\xd2"
_ENVELOPE_DEPTH = 2
_MAP_DEPTH = 2


class CoseError(ValueError):
    """The bytes are not what the contract prescribes; says which rule they break."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """A taken-apart message. Nothing in it is to be believed before its signature is checked.

    ``raw`` is the whole, ``protected`` and ``payload`` are encoded CBOR maps.
    """

    raw: bytes
    protected: bytes
    payload: bytes
    signature: bytes


def decode(raw: bytes) -> Sign1:
    """Take a message apart. Raises ``CoseError`` unless tag, arity, types and the signature's length are exact."""
    if raw[:1] != _TAG_18:
        raise CoseError("does not begin with tag 18")
    parts = _load(raw[1:], _ENVELOPE_DEPTH)
    if type(parts) is not list or len(parts) != 4:
        raise CoseError("tag 18 does not hold an array of four")
    protected, unprotected, payload, signature = parts
    if type(protected) is not bytes or type(payload) is not bytes or type(signature) is not bytes:
        raise CoseError("header, payload and signature must be byte strings")
    if type(unprotected) is not dict or unprotected:
        raise CoseError("the unprotected header must be an empty map")
    if len(signature) != SIGNATURE_BYTES:
        raise CoseError(f"the signature has {len(signature)} bytes, not {SIGNATURE_BYTES}")
    return Sign1(raw, protected, payload, signature)


def header(message: Sign1) -> tuple[int, bytes]:
    """Return (alg, kid). Raises ``CoseError`` unless the protected header is exactly {1: integer, 4: 4 bytes}."""
    fields = decode_map(message.protected)
    if set(fields) != {ALG, KID}:
        raise CoseError("the protected header must have the keys 1 and 4 and no other")
    alg, kid = fields[ALG], fields[KID]
    if type(alg) is not int or type(kid) is not bytes or len(kid) != KID_BYTES:
        raise CoseError("alg must be an integer and kid 4 bytes")
    return alg, kid


def decode_map(encoded: bytes, depth: int = _MAP_DEPTH) -> dict[int, Any]:
    """Return a map whose keys are integers and not booleans. Raises ``CoseError`` for anything else.

    ``depth`` is how many arrays and maps may lie inside each other, this map counted.
    """
    fields = _load(encoded, depth)
    if type(fields) is not dict:
        raise CoseError("not a map")
    if any(type(key) is not int for key in fields):
        raise CoseError("a map key is not an integer")
    return fields


def encode(value: object) -> bytes:
    """Return the deterministic encoding of integers, strings, arrays and maps.

    cbor2 sorts map keys by length first (RFC 7049, section 3.9); for the keys of this contract (one byte each but
    one of -65537 and below, whose first byte is the largest; or all of them 16-byte strings) that is also the order of
    RFC 8949.
    """
    return cbor2.dumps(value, canonical=True)


def encode_message(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return the message with these parts and an empty unprotected header."""
    return _TAG_18 + encode([protected, {}, payload, signature])


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return what the signature covers: the Sig_structure of RFC 9052, section 4.4, without external data."""
    return encode(["Signature1", protected, b"", payload])


def not_canonical(message: Sign1, depth: int = _MAP_DEPTH) -> str | None:
    """Return the name of the first level that is not in its deterministic form, None when all three are.

    ``depth`` is the payload's, as in ``decode_map``.
    """
    if encode_message(message.protected, message.payload, message.signature) != message.raw:
        return "envelope"
    for name, encoded in (("protected header", message.protected), ("payload", message.payload)):
        if encode(decode_map(encoded, depth)) != encoded:
            return name
    return None


def _refuse_tag(*_: object) -> NoReturn:
    raise CoseError("a tag inside the message")


class _EveryTagRefused(Mapping[int, Any]):
    """cbor2's table of built-in tags, replaced by one in which each number is refused."""

    def __getitem__(self, tag: int) -> Any:
        return _refuse_tag

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 1


_NO_TAGS = _EveryTagRefused()


def _load(encoded: bytes, depth: int) -> Any:
    """Return the one item that ``encoded`` is, with nothing after it."""
    stream = BytesIO(encoded)
    try:
        item = cbor2.load(
            stream,
            max_depth=depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_NO_TAGS,
            tag_hook=_refuse_tag,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as wrong:
        raise CoseError(f"not strict CBOR: {ascii(str(wrong))[1:81]}") from None
    if left := len(encoded) - stream.tell():
        raise CoseError(f"{left} bytes after the CBOR item")
    return item
