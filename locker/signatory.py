"""The signatory: gives each finished deposit its receipt, signed with the cabinet's own key.

The store asks it about each event row that it has written; the receipt it answers is the next row, in the same
transaction. So no power cut, at whatever moment, leaves a deposit without its receipt or a receipt without its deposit,
whether the door was shut in a visit or found shut at a later start.

Knows one key, who the cabinet is and what a ``deposited`` row says. Must never know a file, a clock or a screen: the
receipt's time and what that time is worth are the row's. Source: tokens contract, section 8; docs/receipts.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from locker.authority.claims import ORDER_BYTES_MAX
from locker.authority.ed25519 import PrivateKey
from locker.authority.receipt import HASH_BYTES, Receipt, sign
from locker.messages import EventOut
from locker.model import Quality, Record

DEPOSITED, RECEIPT = "deposited", "receipt"
"""The event that gets a receipt, and the event right behind it that carries one."""
_LAST = 2**63 - 1


class Signatory:
    """Signs for one cabinet. Everything that could keep it from signing is found out when it is made."""

    def __init__(self, cabinet_id: str, epoch: str, doors: Iterable[int], key: PrivateKey) -> None:
        """``epoch`` is the database's. Raises ``ReceiptError`` where not every deposit there could have a receipt."""
        self._cabinet_id, self._key = cabinet_id, key
        longest = bytes(ORDER_BYTES_MAX), max(doors), Quality.SYNCED, bytes(HASH_BYTES)
        sign(Receipt(cabinet_id, _LAST, epoch, _LAST, *longest), key)

    @property
    def public_key(self) -> str:
        """The public half, in hexadecimal: with it anybody checks a receipt."""
        return self._key.public.hex()

    def behind(self, event: EventOut, row_hash: bytes) -> Record | None:
        """Return what belongs right behind an event's row: a deposit's receipt, else None."""
        if event.type != DEPOSITED:
            return None
        order: str = event.data["order"]
        receipt = Receipt(
            cabinet=self._cabinet_id,
            at_s=event.at_ms // 1000,
            epoch=event.epoch,
            seq=event.seq,
            order=bytes.fromhex(order),
            door=event.door,
            quality=event.quality,
            log_hash=row_hash[:HASH_BYTES],
        )
        return Record(RECEIPT, event.door, {"row": event.seq, "order": order, "receipt": sign(receipt, self._key)})
