"""All chores by the button that begins each, and the menu on which the buttons are.

Knows which chore has something to do; must never know how one is done.
"""

from __future__ import annotations

from locker.chore import Chore, Page
from locker.clearing import ByHand, Recall, Round, TakeOut
from locker.doorkeeping import HandOver, Service, Status, counts_of
from locker.inspection import Audit
from locker.loading import Load, Settle
from locker.model import Kind, Now
from locker.moving import Reassign

CHORES: dict[str, type[Chore]] = {
    chore.name: chore for chore in (Settle, Load, TakeOut, Recall, Audit, Status, ByHand, Reassign, Service, HandOver)
}
ROUNDS: dict[str, type[Round]] = {chore.name: chore for chore in (TakeOut, Recall, Audit)}


class Menu(Chore):
    """What to do? What was begun and not finished is offered first."""

    name = "menu"

    def page(self) -> Page:
        """The chores that have something to do, and how much."""
        books, counts = self.duty.books, counts_of(self.rooms)
        submissions = sum(room.kind is Kind.SUBMISSION for room in self.rooms)
        idle = {
            "settle": not books.questions(),
            "take_out": not submissions,
            "recall": not counts["overdue"],
            "by_hand": not counts["held"],
            "reassign": not counts["held"],
        }
        go_on = ("go_on",) if books.memory.round in ROUNDS else ()
        offers = (*go_on, *(name for name in CHORES if not idle.get(name)), "finish")
        facts = counts | {"submissions": submissions, "questions": len(books.questions())}
        return Page("duty_menu", 0, offers, facts)

    def chosen(self, button: str, now: Now) -> None:
        """Go on with the round that was interrupted."""
        memory = self.duty.books.memory
        if button == "go_on" and memory.round in ROUNDS:
            self.duty.go_on(ROUNDS[memory.round], memory.doors, now)
