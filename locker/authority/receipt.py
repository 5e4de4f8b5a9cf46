"""Deposit receipts: what was dropped off when, signed by the cabinet, checked by anybody (tokens contract, section 8).

    LKR1: + Base45( COSE_Sign1 ) over { 3: cabinet id, 6: time, 7: event id,
                                        -65537: [order, door, sequence, quality, first 16 bytes of the log hash] }

Knows the form of a receipt and one key at a time: the device's own to sign with, its public half to verify with. The
log hash ties the receipt to everything the log said up to that event: whoever rewrites the log later contradicts each
receipt that is in somebody's hands. Must never know a file, a clock or a screen; whether a log agrees is judged in
``locker.audit``.

The event id is the event's name as bytes: the epoch of the database (8 bytes, 16 hexadecimal digits in events) and
the event's number (8 bytes, big end first). So a receipt names its event even after the cabinet got a new card.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from locker.authority import base45, cose
from locker.authority.claims import AUD, CTI, DOOR_MAX, ERRAND, IAT, ORDER_BYTES_MAX, TEXT_MAX
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import kid_of
from locker.model import Quality

PREFIX = b"LKR1:"
"""What each receipt's text begins with: the format and its version."""
TEXT_BYTES_MAX = 311
"""Longest text, with its prefix: QR version 10 at error correction M in alphanumeric mode (ISO/IEC 18004)."""
READING_BYTES_MAX = 1024
"""Longest reading that is looked at, at all."""
HASH_BYTES = 16
"""So much of the log's 32-byte hash stands in a receipt."""
EPOCH_BYTES = 8
ALG = cose.EDDSA
"""The one algorithm of a device key."""

_KEYS = frozenset((AUD, IAT, CTI, ERRAND))
_BLANKS = b" \t\r\n"
_NUMBER_MAX = 2**63 - 1


class Flaw(Enum):
    """Every reason for which a text is no receipt of this key, in the order in which they are looked for."""

    TOO_LONG = "too_long"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
    HEADER = "header"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    NOT_CANONICAL = "not_canonical"


class ReceiptError(ValueError):
    """The fields cannot stand in a receipt; names the field and its bounds, never its value."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a text is no receipt of this key. ``detail`` names no order."""

    reason: Flaw
    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: at ``at_s`` (Unix seconds, as good as ``quality``) ``order`` was shut in behind ``door``.

    ``epoch`` and ``seq`` name the event, ``log_hash`` are the first 16 bytes of its row's hash. From ``verify`` it is
    true as far as the cabinet is; from anywhere else it is only data.
    """

    cabinet: str
    at_s: int
    epoch: str
    seq: int
    order: bytes
    door: int
    quality: Quality
    log_hash: bytes

    @property
    def event_id(self) -> bytes:
        """Epoch and number of the event, 16 bytes. Raises ``ReceiptError`` for an epoch or a number out of bounds."""
        epoch = _epoch_bytes(self.epoch)
        if type(self.seq) is not int or not 1 <= self.seq <= _NUMBER_MAX:
            raise ReceiptError("the sequence must be an integer of 1 or more")
        return epoch + self.seq.to_bytes(8, "big")


def sign(receipt: Receipt, key: PrivateKey) -> str:
    """Return the text of the receipt. Raises ``ReceiptError`` for what ``verify`` would refuse, or a text too long."""
    fields = _write(receipt)
    _read(fields)
    protected = cose.encode({cose.ALG: ALG, cose.KID: kid_of(key.public)})
    payload = cose.encode(fields)
    signature = key.sign(cose.to_be_signed(protected, payload))
    text = PREFIX.decode() + base45.encode(cose.encode_message(protected, payload, signature))
    if len(text) > TEXT_BYTES_MAX:
        raise ReceiptError(
            f"the receipt has {len(text)} characters, at most {TEXT_BYTES_MAX}; shorten the cabinet's id"
        )
    return text


def verify(raw: bytes, public: PublicKey) -> Receipt | Rejected:
    """Return what the receipt says, or why it is none of this key's. Never raises, whatever the bytes."""
    message = _unpack(raw)
    if isinstance(message, Rejected):
        return message
    kid = kid_of(public.raw)
    try:
        alg, named = cose.header(message)
    except cose.CoseError as wrong:
        return Rejected(Flaw.HEADER, str(wrong))
    if named != kid:
        return Rejected(Flaw.UNKNOWN_KEY, f"signed by key {named.hex()}, not by {kid.hex()}")
    if alg != ALG:
        return Rejected(Flaw.HEADER, f"alg {alg}, but receipts have alg {ALG}")
    if not public.verify(message.signature, cose.to_be_signed(message.protected, message.payload)):
        return Rejected(Flaw.SIGNATURE, f"not signed by key {kid.hex()}")
    return _said(message)


def _unpack(raw: bytes) -> cose.Sign1 | Rejected:
    """Return the message inside a reading, not verified, or why there is none. Blanks around it are taken off."""
    if len(raw) > READING_BYTES_MAX:
        return Rejected(Flaw.TOO_LONG, f"{len(raw)} bytes, at most {READING_BYTES_MAX} are looked at")
    text = raw.strip(_BLANKS)
    if not text.startswith(PREFIX):
        return Rejected(Flaw.FOREIGN, f"{len(text)} characters that do not begin with {PREFIX.decode()}")
    if len(text) > TEXT_BYTES_MAX:
        return Rejected(Flaw.TOO_LONG, f"{len(text)} characters, at most {TEXT_BYTES_MAX}")
    try:
        return cose.decode(base45.decode(text[len(PREFIX) :]))
    except base45.Base45Error as wrong:
        return Rejected(Flaw.UNREADABLE, str(wrong))
    except cose.CoseError as wrong:
        return Rejected(Flaw.MALFORMED, str(wrong))


def _said(message: cose.Sign1) -> Receipt | Rejected:
    """Return what a signed message says: well formed, and encoded in the one deterministic way."""
    try:
        receipt = _read(cose.decode_map(message.payload))
    except (cose.CoseError, ReceiptError) as wrong:
        return Rejected(Flaw.CLAIMS, str(wrong))
    if level := cose.not_canonical(message):
        return Rejected(Flaw.NOT_CANONICAL, f"the {level} is not in its deterministic form")
    return receipt


def _write(receipt: Receipt) -> dict[int, Any]:
    """Return the map that ``_read`` would read."""
    deposit = [receipt.order, receipt.door, receipt.seq, receipt.quality.value, receipt.log_hash]
    return {AUD: receipt.cabinet, IAT: receipt.at_s, CTI: receipt.event_id, ERRAND: deposit}


def _read(fields: dict[int, Any]) -> Receipt:
    """Return the receipt of a decoded map. Raises ``ReceiptError`` when any rule is broken."""
    if fields.keys() != _KEYS:
        raise ReceiptError(f"the claims must be exactly {', '.join(map(str, sorted(_KEYS)))}")
    cabinet, at_s, event_id = fields[AUD], fields[IAT], fields[CTI]
    if type(cabinet) is not str or not 1 <= len(cabinet) <= TEXT_MAX or not cabinet.isprintable():
        raise ReceiptError(f"the cabinet must be a text of 1 to {TEXT_MAX} printable characters")
    if not _whole(at_s, 0, _NUMBER_MAX):
        raise ReceiptError("the time must be an unsigned integer of seconds")
    order, door, seq, quality, log_hash = _deposit(fields[ERRAND])
    receipt = Receipt(cabinet, at_s, _epoch_of(event_id), seq, order, door, quality, log_hash)
    if receipt.event_id != event_id:
        raise ReceiptError("the event id is not that of this sequence")
    return receipt


def _deposit(parts: Any) -> tuple[bytes, int, int, Quality, bytes]:
    """Return [order, door, sequence, quality, hash] with exact types and ranges."""
    if type(parts) is not list or len(parts) != 5:
        raise ReceiptError("-65537 must be an array of five")
    order, door, seq, quality, log_hash = parts
    if type(order) is not bytes or not 1 <= len(order) <= ORDER_BYTES_MAX:
        raise ReceiptError(f"the order must be a byte string of 1 to {ORDER_BYTES_MAX} bytes")
    if not _whole(door, 1, DOOR_MAX):
        raise ReceiptError(f"the door must be an integer, 1 to {DOOR_MAX}")
    if not _whole(seq, 1, _NUMBER_MAX):
        raise ReceiptError("the sequence must be an integer of 1 or more")
    if type(quality) is not str or quality not in _QUALITIES:
        raise ReceiptError(f"the quality must be one of {', '.join(_QUALITIES)}")
    if type(log_hash) is not bytes or len(log_hash) != HASH_BYTES:
        raise ReceiptError(f"the log hash must be a byte string of {HASH_BYTES} bytes")
    return order, door, seq, _QUALITIES[quality], log_hash


_QUALITIES = {quality.value: quality for quality in Quality}


def _whole(value: object, least: int, most: int) -> bool:
    """Whether this is an integer within bounds; true, false and 1.0 are none."""
    return type(value) is int and least <= value <= most


def _epoch_bytes(epoch: str) -> bytes:
    """Return an epoch as bytes. Raises ``ReceiptError`` unless it is 16 hexadecimal digits in small letters."""
    try:
        found = bytes.fromhex(epoch)
    except ValueError:
        found = b""
    if len(found) != EPOCH_BYTES or found.hex() != epoch:
        raise ReceiptError(f"the epoch must be {2 * EPOCH_BYTES} hexadecimal digits, 0-9 and a-f")
    return found


def _epoch_of(event_id: Any) -> str:
    """Return the epoch of an event id."""
    if type(event_id) is not bytes or len(event_id) != EPOCH_BYTES + 8:
        raise ReceiptError(f"the event id must be a byte string of {EPOCH_BYTES + 8} bytes")
    return event_id[:EPOCH_BYTES].hex()
