"""The label on an envelope: the text of its QR code, and what it says.

``XYL1:`` followed by the Base45 text (RFC 9285) of::

    flags, 1 byte     bits 0-1 the smallest size that fits (0 any, 1 S, 2 M, 3 L), bit 2 a low door; the others are 0
    cabinet, 4 bytes  the first of SHA-256 of the cabinet's id; four zeros where any cabinet will do
    order, 1 to 16    the order number, the bytes that the owner's token carries
    check, 4 bytes    the first of SHA-256 of ``XYL1:`` and all that stands before it

20 to 43 characters, all of QR's alphanumeric set: version 1 to 3 at error correction M. Draw it in alphanumeric mode.

A label is not signed and opens nothing by itself: it only says which envelope somebody of the staff, whose own code was
accepted, holds in their hand (docs/staff.md). The check finds misprints and torn labels, not forgers. Knows bytes and
sizes; must never know who stands there, which door it leads to or what lies where. It is pure, so that whatever prints
labels uses the same lines as whatever reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from locker.authority import base45
from locker.model import Refusal, Size

PREFIX = "XYL1:"
CHARS_MAX = 60
ORDER_BYTES_MAX = 16
_CABINET_BYTES = _CHECK_BYTES = 4
_ANY_CABINET = bytes(_CABINET_BYTES)
_LOW = 4
_FLAGS_MAX = 7
MARK_BYTES = 2


class LabelError(ValueError):
    """No label of ours, a damaged one, or one for another cabinet; ``reason`` is the refusal for it."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        """``detail`` is for technicians and the event, not for the person."""
        super().__init__(f"{reason.value}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on an envelope: whose it is (1 to 16 bytes), the smallest size that fits (None: any), a low door."""

    order: bytes
    size: Size | None = None
    low: bool = False


def mark(order: bytes) -> str:
    """Return an order's last four hexadecimal digits: all that a screen shows of it. Print it large on the label."""
    return order[-MARK_BYTES:].hex()


def is_label(text: bytes) -> bool:
    """Whether this may be a label: it begins like one. Codes that open doors begin otherwise."""
    return text.startswith(PREFIX.encode())


def encode(label: Label, cabinet: str = "") -> str:
    """Return the QR text of a label, for one cabinet by its id, or for any. Raises ``ValueError`` for a wrong order."""
    if not 1 <= len(label.order) <= ORDER_BYTES_MAX:
        raise ValueError(f"an order of {len(label.order)} bytes; a label takes 1 to {ORDER_BYTES_MAX}")
    flags = (label.size.value if label.size else 0) | (_LOW if label.low else 0)
    body = bytes([flags]) + (_cabinet_mark(cabinet) if cabinet else _ANY_CABINET) + label.order
    return PREFIX + base45.encode(body + _check(body))


def decode(text: bytes, cabinet: str) -> Label:
    """Return what a scanned label says to this cabinet. Raises ``LabelError``."""
    if not is_label(text):
        raise LabelError(Refusal.LABEL_UNKNOWN, f"does not begin with {PREFIX}")
    if len(text) > CHARS_MAX:
        raise LabelError(Refusal.LABEL_DAMAGED, f"{len(text)} characters, a label has at most {CHARS_MAX}")
    try:
        data = base45.decode(text[len(PREFIX) :])
    except base45.Base45Error as error:
        raise LabelError(Refusal.LABEL_DAMAGED, str(error)) from None
    body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    flags, aimed_at, order = body[:1], body[1 : 1 + _CABINET_BYTES], body[1 + _CABINET_BYTES :]
    if not 1 <= len(order) <= ORDER_BYTES_MAX or check != _check(body):
        raise LabelError(Refusal.LABEL_DAMAGED, "the check does not fit; print it anew")
    if flags[0] > _FLAGS_MAX:
        raise LabelError(Refusal.LABEL_DAMAGED, f"flags {flags.hex()}: of a newer kind than this program knows")
    if aimed_at not in (_ANY_CABINET, _cabinet_mark(cabinet)):
        raise LabelError(Refusal.LABEL_ELSEWHERE, f"printed for cabinet {aimed_at.hex()}..., not for {cabinet}")
    size = flags[0] & 3
    return Label(order, Size(size) if size else None, bool(flags[0] & _LOW))


def _cabinet_mark(cabinet: str) -> bytes:
    return sha256(cabinet.encode()).digest()[:_CABINET_BYTES]


def _check(body: bytes) -> bytes:
    return sha256(PREFIX.encode() + body).digest()[:_CHECK_BYTES]
