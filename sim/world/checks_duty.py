"""The checks of staff at work: whose authority opens, what is said to lie behind a door, and what they may take out.

They judge by rows, by the disk, by what was held to the scanner or touched, and by hands at the doors.
"""

from __future__ import annotations

from locker.model import Purpose
from sim.world.archive import Row
from sim.world.scene import Check, Scene
from sim.world.site import CERTIFICATE, Issued, plain

LEEWAY_S = 120
STIMULUS_MS = 15_000
BY_HAND = ("finished", "handed_over")
SEEN_OPEN = ("opened", "opened_late", "found_open", "forced")
LAID = ("loaded", "reassigned")


class DutyHolds(Check):
    """Invariant 1. A duty begins with a staff code that names no door, was just held to the scanner, and was never
    ended by hand; ended by hand it is spent on the disk. While it goes on, doors are granted under it alone, in the
    name of its person, and as long as its code is good and not revoked; when it is over, none.
    """

    number, name = 1, "duty_holds"

    def __init__(self, scene: Scene) -> None:
        """Nobody is at work."""
        super().__init__(scene)
        self._duty = self._by = ""
        self._over: set[str] = set()

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind == "started":
            self._duty = ""
        elif row.kind == "duty_started":
            self._begins(row)
        elif row.kind == "duty_ended":
            self._ends(row)
        elif row.kind == "granted":
            self._grants(row)

    def _begins(self, row: Row) -> None:
        self._duty, self._by = row.cti, str(row.data.get("by", ""))
        token, shown_ms = self.scene.register.tokens.get(row.cti), self.scene.shown.get(row.cti, -(1 << 40))
        if row.ms - shown_ms > STIMULUS_MS + 2 * self.scene.slow_ms or row.data.get("source") != "scanner":
            self.breach(f"event {row.seq}: a duty begins, and nobody held its code to the scanner")
        if token is not None and self._is_over(row, token):
            self.breach(f"event {row.seq}: a duty begins with a code that is expired or revoked")
        if token is None or not token.genuine or (token.purpose, token.door) != (Purpose.STAFF, 0) or token.duty:
            self.breach(f"event {row.seq}: a duty begins with a code that is none of staff's without a door")
        if row.cti in self._over:
            self.breach(f"event {row.seq}: a duty begins again that was ended by hand")

    def _ends(self, row: Row) -> None:
        if row.cti == self._duty:
            self._duty = ""
        if row.data["why"] in BY_HAND:
            self._over.add(row.cti)
            if self.scene.archive.token(row.cti) != (0, True):
                self.breach(f"event {row.seq}: a duty was ended by hand, and its code is not spent on the disk")

    def _grants(self, row: Row) -> None:
        if str(row.data.get("duty", "")) != self._duty:
            self.breach(f"event {row.seq} granted door {row.door} beside staff at work, or in a duty that is over")
        token = self.scene.register.tokens.get(self._duty)
        if not self._duty or token is None:
            return
        if row.data.get("by") != self._by:
            self.breach(f"event {row.seq} granted door {row.door} for {row.data.get('by')}, and {self._by} is at work")
        if self._is_over(row, token):
            self.breach(f"event {row.seq} granted door {row.door} in a duty whose code is expired or revoked")

    def _is_over(self, row: Row, token: Issued) -> bool:
        """Whether a code has expired by the cabinet's clock, or a list on the disk revokes it."""
        revoked = 0 < self.scene.register.revoked.get(token.cti, 0) <= self.scene.story.revoked_version
        return revoked or row.at_ms >= (token.exp + LEEWAY_S) * 1000


class LaidWhenShut(Check):
    """Invariant 6. That an item lies behind a door (loaded, moved there, found there) is said when that door was seen
    shut, never before; an envelope only under an order whose label was held up, or whose item staff had in their
    hands, behind the door that was opened for it, and behind one door only. Nothing is recalled that was not said to be
    overdue.
    """

    number, name = 6, "laid_when_shut"

    def __init__(self, scene: Scene) -> None:
        """Every door is shut."""
        super().__init__(scene)
        self._open: set[int] = set()
        self._overdue: set[tuple[str, int]] = set()

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in SEEN_OPEN:
            self._open.add(row.door)
        elif row.kind == "shut":
            self._open.discard(row.door)
        elif row.kind == "overdue":
            self._overdue.add((str(row.data["order"]), row.door))
        elif row.kind == "deposited":
            self._overdue.discard((str(row.data["order"]), row.door))
        elif row.kind == "recalled" and (str(row.data["item"]), row.door) not in self._overdue:
            self.breach(f"event {row.seq} recalled an item from door {row.door} that was not overdue")
        elif row.kind in LAID:
            self._laid(row)

    def _laid(self, row: Row) -> None:
        order, permit = plain(row.data["order"]), self.scene.story.permits.get(row.door)
        if row.kind == "loaded":
            self._overdue.discard((str(row.data["order"]), row.door))
        elif any(order == plain(late) for late, _ in self._overdue):
            self._overdue.add((str(row.data["order"]), row.door))
        meant = permit.row.data.get("order") if permit is not None and row.data.get("task") == "load" else ""
        if row.kind == "loaded" and meant and meant != row.data["order"]:
            self.breach(
                f"event {row.seq} says that order {order} lies behind a door that was opened for {plain(meant)}"
            )
        doors = [door for door, held in self.scene.story.held.items() if held == order]
        if len(doors) > 1 and order.startswith(CERTIFICATE):
            self.breach(f"event {row.seq}: the one envelope of order {order} is said to lie behind the doors {doors}")
        if row.door in self._open and not row.data.get("item"):  # another owner's, where it lay already
            self.breach(f"event {row.seq} says that order {order} lies behind door {row.door}, which stands open")
        if order not in self.scene.register.labelled:
            self.breach(f"event {row.seq} says that order {order} lies behind door {row.door}, and nobody held it up")


DUTY: tuple[type[Check], ...] = (DutyHolds, LaidWhenShut)
"""These checks."""
