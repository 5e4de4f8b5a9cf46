"""What lapses: claims whose token ran out, ids that are dead by any clock, revoked tokens that time has taken care of.

Knows expiry and the quality of the time. Nothing is forgotten while the time is a guess. Never opens anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locker.authority.clock import LEEWAY_S, forgets
from locker.keypad import NEVER_S, claim_until_s
from locker.model import Forget, Now, Purpose, Record

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

CHECK_MS = 30_000
DAY_MS = 86_400_000
DAY_S = 86_400


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

        A typed code does not lapse: only the wait for its door ends.

        A reserved room without an errand is one that staff have looked into since; its claim stands as long. Nothing
        lapses about which somebody at work is being asked.
        """
        cabinet = self._cabinet
        for room in cabinet.rooms.values():
            errand, order = room.errand, room.order
            until_s = cabinet.ledger.exp(errand.cti) if errand else cabinet.ledger.reserved_until(room.door, order)
            still = now.latest_ms // 1000 <= claim_until_s(until_s) + LEEWAY_S
            asked = cabinet.duty.present and cabinet.duty.books.asked(room)
            if not room.waits or room.door == cabinet.visit.door or still or asked:
                continue
            room.errand = None
            if errand is None or errand.purpose is Purpose.DEPOSIT:
                room.release()
                room.take_out_of_service("lapsed")
            cabinet.keep(room)
            if until_s < NEVER_S:
                cti = errand.cti.hex() if errand else ""
                cabinet.say(Record("lapsed", room.door, {"cti": cti, "order": order.hex()}))

    def _forget(self, now: Now) -> None:
        """Once a day, in a quiet moment, drop what was kept for long enough (docs/retention.md).

        Never while the time is unknown (tokens contract, section 4).

        It is the floor that says dead, and the floor never goes back: no clock can make them live again.
        """
        if not forgets(now.quality) or now.ms < self._forget_ms or self._cabinet.visit.present:
            return
        self._forget_ms = now.ms + DAY_MS
        days, second = self._cabinet.cfg.retention, now.past_ms // 1000
        tokens_s, commands_s = second - days.tokens_days * DAY_S, second - days.commands_days * DAY_S
        self._cabinet.keypad.forget()
        self._cabinet.ledger.forget(tokens_s)
        self._cabinet.commands.forget(commands_s)
        self._cabinet.say(Forget(tokens_s, commands_s, now.past_ms - days.events_days * DAY_MS))
        self._cabinet.notary.purge(now)
