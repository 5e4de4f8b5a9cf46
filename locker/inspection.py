"""The audit: every door is opened, what lies there is compared with the books, and the books are corrected.

One touch a door where all is right. What else lies there than the books say is told by its label, or by a touch; an
item that is found behind another door keeps its owner's code, and the door that it was believed behind has to be looked
at. Nothing becomes collectable by a guess: what nobody could name is put out of service. A label is on an envelope, so
what it names is a certificate; papers under the same order are another item. Knows compartments and labels.
"""

from __future__ import annotations

from locker.books import AUDIT
from locker.chore import Page, Parcel
from locker.clearing import Round
from locker.compartment import Compartment
from locker.labels import Label, mark
from locker.loading import answer_question
from locker.machine import DutyState
from locker.model import Custody, Kind, Now, Refusal

LABEL = "label"
"""The answer that is not a button: the label of what lies there was scanned."""


class Audit(Round):
    """Open, compare, correct; all doors, or one."""

    name = "audit"
    list_page, done_page = "duty_audit", "duty_audit_done"
    _found = Label(b"")
    _since_ms = 0
    right = corrected = 0

    def begin(self, now: Now) -> None:
        """Nothing was found missing yet."""
        super().begin(now)
        self._missing: dict[tuple[bytes, Kind], Parcel] = {}
        self._since_ms = now.ms
        self.right = self.corrected = 0

    def candidates(self) -> list[Compartment]:
        """Every door."""
        return self.rooms

    # --- the question -----------------------------------------------------------------------------

    def answers_at(self, room: Compartment) -> tuple[str, ...]:
        """As the books have it, or how else."""
        if room in self.duty.books.questions():
            return ("it_is_in", "it_is_not")
        if room.custody is Custody.HOLDING:
            return ("as_listed", "missing", "something_else")
        return ("as_listed", "not_empty")

    def asking_page(self, room: Compartment) -> str:
        """What the books say lies there."""
        if room in self.duty.books.questions():
            return "duty_is_it_in"
        return "duty_compare" if room.custody is Custody.HOLDING else "duty_compare_empty"

    def at_door(self, room: Compartment) -> Page:
        """The same question with the door open."""
        self.door_page = self.asking_page(room)
        page = super().at_door(room)
        question = self.duty.books.memory.questions.get(room.door)
        if question is None or room not in self.duty.books.questions():
            return page
        return Page(page.name, page.door, page.offers, {**page.facts, "item": mark(question[1].order)})

    def labelled(self, label: Label, now: Now) -> None:
        """The label of what lies there."""
        if self.room is None or self.state not in (DutyState.WORKING, DutyState.ASKING):
            self.duty.refuse(Refusal.BUSY, "no door is open for it", now)
            return
        self._found = label
        self.answered(LABEL, now)

    # --- the books --------------------------------------------------------------------------------

    def settle(self, room: Compartment, answer: str, now: Now) -> None:
        """Write down what was seen, and what it changes."""
        expected, custody = room.order.hex(), room.custody.value
        if answer == LABEL and self._is_asked_for(room):
            answer = "it_is_in"
        if answer in ("it_is_in", "it_is_not"):
            answer_question(self.duty, room, answer == "it_is_in", now)
        elif answer == LABEL and (room.custody, room.order, room.kind) != self._named:
            self._lies_here(room, now)
        elif answer not in ("as_listed", LABEL):
            self._corrected(room, found="empty" if answer == "missing" else "other")
            self._gone(room)
            if answer != "missing":
                self.duty.books.close(room, AUDIT, self.duty.fields())
        else:
            self.right += 1
        if answer in ("as_listed", "missing", LABEL):
            self.duty.books.looked(room, self.duty.fields())
        self.duty.say("audited", room, expected=expected, custody=custody, outcome=answer)

    @property
    def _named(self) -> tuple[Custody, bytes, Kind]:
        """What the label that was scanned names, as the books have it."""
        return Custody.HOLDING, self._found.order, Kind.CERTIFICATE

    def _is_asked_for(self, room: Compartment) -> bool:
        """Whether the label is that of the envelope about which it is asked whether it lies here."""
        if room not in self.duty.books.questions():
            return False
        _, parcel = self.duty.books.memory.questions[room.door]
        return (parcel.order, parcel.kind) == (self._found.order, Kind.CERTIFICATE)

    def _corrected(self, room: Compartment, found: str, **fields: str | int) -> None:
        self.corrected += 1
        load = {} if room.load is None else {"old_load": room.load}
        was = {"was": room.custody.value, "item": room.order.hex()}
        self.duty.say("corrected", room, found=found, **(was | load | fields))

    def _gone(self, room: Compartment) -> None:
        """What the books had here is not here; it may be found behind another door yet.

        What lies in its place is nobody's to open by a code: a reservation is over. Its code stays unspent, and good
        for this door alone once it is empty and in service.
        """
        if room.custody is Custody.HOLDING:
            parcel = self.duty.books.lift(room)
            self._missing[parcel.order, parcel.kind] = parcel
        elif room.custody is Custody.RESERVED:
            self.duty.books.empty(room)

    def _lies_here(self, room: Compartment, now: Now) -> None:
        """An envelope lies here that the books have elsewhere, or nowhere."""
        order = self._found.order
        other = self.duty.books.holding(order, Kind.CERTIFICATE)
        self._corrected(room, found="item", order=order.hex(), **({"from": other.door} if other else {}))
        if other is not None:
            self.duty.books.close(other, AUDIT, self.duty.fields())
            self._gone(other)
        self._gone(room)
        parcel = self._missing.pop((order, Kind.CERTIFICATE), None) or Parcel(order, Kind.CERTIFICATE)
        self.duty.say("reassigned", room, **self.duty.books.lay(room, parcel, now))

    # --- the end ----------------------------------------------------------------------------------

    def outcome(self) -> dict[str, str | int]:
        """How much was right."""
        return {"right": self.right, "corrected": self.corrected}

    def finish(self, now: Now) -> None:
        """Say how it went; of a round, not of a look behind one door."""
        if self.whole:
            counted = self.outcome() | {"doors": self.done, "skipped": self.skipped}
            self.duty.say("audit_done", None, took_ms=now.ms - self._since_ms, **counted)
        super().finish(now)
