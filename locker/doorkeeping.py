"""Doorkeeping: status at a glance, doors in and out of service with a reason, and handing over to the next person.

Nothing here opens a door. Knows compartments; must never know an item's order beyond its mark.
"""

from __future__ import annotations

from locker.chore import DIGITS, Chore, Page, button_of, buttons_of, item_facts, rows_of
from locker.compartment import Compartment
from locker.machine import DutyState
from locker.model import Custody, Now, Refusal

REASONS = ("broken_lock", "broken_door", "dirty", "wet", "kept", "other")


class Status(Chore):
    """All doors, at a glance."""

    name = "status"

    def begin(self, now: Now) -> None:
        """Show them."""
        self.duty.fire("list")

    def page(self) -> Page:
        """Counts, and every door."""
        return Page("duty_status", 0, ("back",), counts_of(self.rooms), rows_of(self.rooms))


class Service(Chore):
    """Take a door out of service, with a reason, or put it back; what lies inside stays collectable."""

    name = "service"
    _door: Compartment | None = None

    def begin(self, now: Now) -> None:
        """Which door?"""
        self.duty.fire("list")

    def page(self) -> Page:
        """Which door, and why."""
        if self.state is DutyState.REASONING and self._door is not None:
            offers = (*(f"why:{reason}" for reason in REASONS), "back")
            return Page("duty_why_service", self._door.door, offers, item_facts(self._door))
        rows = rows_of(self.rooms)
        return Page("duty_service", 0, (*buttons_of(self.rooms), "back"), counts_of(self.rooms), rows, DIGITS)

    def chosen(self, button: str, now: Now) -> None:
        """A door that is out goes back at once, unless an envelope may lie there; one that is in needs a reason."""
        if self.state is DutyState.REASONING and self._door is not None:
            self.duty.counts["service_changed"] += 1
            self.duty.books.close(self._door, button.partition(":")[2], self._who())
            self.duty.fire("list")
            return
        self._door = next(room for room in self.rooms if button_of(room) == button)
        if self._door.in_service:
            self.duty.fire("why")
        elif self._door in self.duty.books.questions():
            self.duty.refuse(
                Refusal.OCCUPIED, f"whether an envelope lies at door {self._door.door} is not settled", now
            )
        else:
            self.duty.counts["service_changed"] += 1
            self.duty.books.reopen(self._door, self._who())

    def _who(self) -> dict[str, str]:
        return self.duty.fields() | {"task": self.name}


class HandOver(Chore):
    """The next person holds their own code to the scanner."""

    name = "hand_over"

    def begin(self, now: Now) -> None:
        """Wait for them."""
        self.duty.fire("list")

    def page(self) -> Page:
        """Your code, please."""
        return Page("duty_hand_over", 0, ("back",))


def counts_of(rooms: list[Compartment]) -> dict[str, str | int]:
    """How many doors are free, hold something, hold something overdue, and are out of service."""
    return {
        "free": sum(room.free for room in rooms),
        "held": sum(room.custody is Custody.HOLDING for room in rooms),
        "overdue": sum(room.overdue for room in rooms),
        "out": sum(not room.in_service for room in rooms),
    }
