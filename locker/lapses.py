"""What lapses: claims whose token ran out, ids that are dead by any clock, revoked tokens that time has taken care of.

Knows expiry and the quality of the time. Nothing is forgotten while the time is a guess. Never opens anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locker.model import Forget, Now, Purpose, Quality, Record

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

CHECK_MS = 30_000
LEEWAY_S = 120
DAY_MS = 86_400_000


class Lapses:
    """When to look, and what to do then."""

    def __init__(self, cabinet: Cabinet, now: Now) -> None:
        """Belongs to one cabinet; looks at once, and forgets nothing within the first hour."""
        self._cabinet = cabinet
        self._check_ms = now.ms
        self._forget_ms = now.ms + DAY_MS // 24

    def advance(self, now: Now) -> None:
        """Look, when it is time."""
        if now.ms >= self._check_ms:
            self._check_ms = now.ms + CHECK_MS
            self._lapse(now)
            self._forget(now)

    def deadline_ms(self) -> int | None:
        """When ``advance`` wants to be called; None where no compartment waits for somebody."""
        return self._check_ms if any(room.waits for room in self._cabinet.rooms.values()) else None

    def _lapse(self, now: Now) -> None:
        """Claims whose token expired with the door never seen open; a reserved room has to be looked at.

        A reserved room without an errand is one that staff have looked into since; its claim stands as long.
        """
        cabinet = self._cabinet
        for room in cabinet.rooms.values():
            errand, order = room.errand, room.order
            until_s = cabinet.ledger.exp(errand.cti) if errand else cabinet.ledger.reserved_until(room.door, order)
            if not room.waits or room.door == cabinet.visit.door or now.wall_ms // 1000 <= until_s + LEEWAY_S:
                continue
            room.errand = None
            if errand is None or errand.purpose is Purpose.DEPOSIT:
                room.release()
                room.take_out_of_service("lapsed")
            cabinet.keep(room)
            cabinet.say(Record("lapsed", room.door, {"cti": errand.cti.hex() if errand else "", "order": order.hex()}))

    def _forget(self, now: Now) -> None:
        """Once a day, drop tokens that are dead by any clock; never while the time is unknown (tokens contract, 4)."""
        if now.quality is Quality.FLOOR or now.ms < self._forget_ms:
            return
        self._forget_ms = now.ms + DAY_MS
        before = (now.wall_ms - DAY_MS) // 1000
        if self._cabinet.ledger.forget(before):
            self._cabinet.say(Forget(before, before))
        self._cabinet.notary.purge(now)
