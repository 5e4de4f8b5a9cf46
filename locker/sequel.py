"""The sequel: what a log says of a deposit's papers after their receipt was signed.

A receipt proves its second and no more. Whoever relies on it has to know whether the person said afterwards that
nothing was put in, opened the compartment again, or whether the papers have been taken out since. Knows receipts and
events; judges nothing, and whether the later rows are proven is the audit's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from locker.audit import Row
from locker.authority.receipt import Receipt
from locker.messages import EventOut

TELLING = ("cancelled", "reopened", "moved", "deposited", "collected", "taken_out")
"""Events after which something else may lie behind the receipt's door than at the receipt's second."""
_decoder = msgspec.json.Decoder(EventOut)


@dataclass(frozen=True, slots=True)
class Step:
    """One later event about the same order: its row, its type, its door and its wall time in milliseconds."""

    seq: int
    type: str
    door: int
    at_ms: int


def sequel(receipt: Receipt, rows: Iterable[Row]) -> list[Step]:
    """Return what happened to the receipt's order in rows behind the receipt's own, oldest first.

    Rows that are no events are passed over: the audit names them.
    """
    order = receipt.order.hex()
    found = []
    for row in rows:
        event = _event(row.body) if row.seq > receipt.seq else None
        if event is None or event.epoch != receipt.epoch or event.type not in TELLING:
            continue
        if order in (event.data.get("order"), event.data.get("item")):
            found.append(Step(event.seq, event.type, event.door, event.at_ms))
    return found


def _event(body: bytes) -> EventOut | None:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
