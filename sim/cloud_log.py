"""What a cloud must do with the event stream of one cabinet and one epoch, without any I/O.

Knows how a published event is cut into body and seal, how repeats and holes are told apart, and how the chain of hashes
is checked; written from docs/mqtt.md alone, so that it judges the cabinet by the document and not by the cabinet's own
code. Must never know how an event arrived.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

SEAL = b',"after":'
FIRST = bytes(32)


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it came: its fields, the stored body it was made from, and its place in the chain."""

    fields: dict[str, Any]
    body: bytes

    @property
    def seq(self) -> int:
        """The event's number."""
        return int(self.fields["seq"])

    @property
    def after(self) -> int:
        """The number of the event published before it."""
        return int(self.fields["after"])

    @property
    def hash(self) -> bytes:
        """The hash that the cabinet gave it."""
        return bytes.fromhex(self.fields["hash"])


def read(payload: bytes) -> Received:
    """The event in a payload of ``up/evt``. Raises ``ValueError`` when it is none."""
    try:
        fields = json.loads(payload)
        cut = payload.rindex(SEAL)
        event = Received(fields, payload[:cut] + b"}")
        if not (isinstance(fields["epoch"], str) and 0 <= event.after < event.seq and len(event.hash) == 32):
            raise ValueError("epoch, seq, after or hash is not what docs/mqtt.md says")
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an event: {error!r}") from error
    return event


class EventLog:
    """The events of one cabinet and epoch. ``contiguous`` is what may be acknowledged.

    ``repeats`` counts events that came again, ``conflicts`` those that came again with another content, ``broken``
    names events whose hash does not follow from the one before, ``losses`` are ranges of numbers that the cabinet says
    are gone, ``gaps`` counts events that came before their predecessors. A log that takes over from another cloud is
    told ``after`` which event it begins; it never guesses that from what comes first, for that may be a gap.
    """

    def __init__(self, after: int = 0) -> None:
        self.contiguous = after
        self.newest = after
        self.repeats = 0
        self.conflicts = 0
        self.gaps = 0
        self.broken: list[int] = []
        self.losses: list[tuple[int, int]] = []
        self._events: dict[int, Received] = {}
        self._early: set[int] = set()

    def take(self, event: Received) -> bool:
        """Store an event; False when it was there already."""
        known = self._events.get(event.seq)
        if known is not None or event.seq <= self.contiguous:
            self.repeats += 1
            self.conflicts += known is not None and known.body != event.body
            return False
        self._events[event.seq] = event
        self._early.add(event.seq)
        self.newest = max(self.newest, event.seq)
        self.gaps += event.after > self.contiguous
        self._check_link(event.seq)
        self._check_link(event.seq + 1)
        self._advance()
        return True

    def events(self) -> list[dict[str, Any]]:
        """All events in the order of their numbers."""
        return [self._events[seq].fields for seq in sorted(self._events)]

    @property
    def unlinked(self) -> int:
        """How many events could not be checked against the one before, because that is not here."""
        return sum(seq != 1 and seq - 1 not in self._events for seq in self._events)

    @property
    def sound(self) -> bool:
        """Whether nothing is missing, contradictory or outside the chain."""
        return not (self.broken or self.losses or self.conflicts or self._early)

    def _check_link(self, seq: int) -> None:
        event, before = self._events.get(seq), self._events.get(seq - 1)
        previous = FIRST if seq == 1 else before.hash if before is not None else None
        if event is not None and previous is not None:
            self.broken += [] if hashlib.sha256(previous + event.body).digest() == event.hash else [seq]

    def _advance(self) -> None:
        while self._early:
            event = self._events[min(self._early)]
            if event.after > self.contiguous:
                return
            if event.seq > self.contiguous + 1:
                self.losses.append((self.contiguous + 1, event.seq - 1))
            self._early.discard(event.seq)
            self.contiguous = event.seq
