"""Reassigning: an item goes to another compartment, or to another owner because its envelope had the wrong label.

To another compartment: its door opens, the item is taken out, a door that fits opens, it is put in; its owner keeps
their code. To another owner: the right label is scanned, no door opens, the new owner gets a code and the old one's is
dead. Knows compartments and labels; must never know a token.
"""

from __future__ import annotations

from locker.chore import DIGITS, Chore, Page, Parcel, button_of, buttons_of, is_shut, item_facts, rows_of
from locker.compartment import Compartment
from locker.labels import Label, mark
from locker.machine import DutyState
from locker.model import Custody, Kind, Now, Refusal

WHERE = ("any", "larger", "low")


class Reassign(Chore):
    """``_room`` is where the item lies, ``_parcel`` the item in the person's hands, ``_target`` where it goes."""

    name = "reassign"
    _room: Compartment | None = None
    _target: Compartment | None = None
    _parcel: Parcel | None = None
    _answer = ""
    _unseen = False

    def begin(self, now: Now) -> None:
        """Which one?"""
        self.duty.fire("list")

    @property
    def _held(self) -> list[Compartment]:
        return [room for room in self.rooms if room.custody is Custody.HOLDING]

    # --- the pages --------------------------------------------------------------------------------

    def page(self) -> Page:
        """Which one; where to; take it out; put it in."""
        if self.state in (DutyState.WORKING, DutyState.ASKING):
            return self._at_the_door()
        if self.state is DutyState.REASONING and self._room is not None:
            item = mark(self._parcel.order) if self._parcel else mark(self._room.order)
            offers = (*(f"to:{where}" for where in WHERE), "back")
            return Page("duty_where", self._room.door, offers, {"item": item, "size": self._room.plan.size})
        return Page("duty_reassign", 0, (*buttons_of(self._held), "back"), {}, rows_of(self._held), DIGITS)

    def _at_the_door(self) -> Page:
        if self._parcel is not None and self._target is not None:
            facts: dict[str, str | int] = {"item": mark(self._parcel.order), "size": self._target.plan.size}
            if self.state is DutyState.ASKING:
                return Page("duty_not_seen", self._target.door, ("open_again", "it_is_in", "it_is_not"), facts)
            name = "duty_empty_first" if self._answer else "duty_put_in"
            return Page(name, self._target.door, () if self._answer else ("not_in",), facts)
        assert self._room is not None, "no door is open"
        name = "duty_taken" if self.state is DutyState.ASKING else "duty_shut" if self._answer else "duty_take"
        facts = item_facts(self._room) | {"done": 1, "of": 1}
        return Page(name, self._room.door, ("took_out", "left_in"), facts)

    # --- the person -------------------------------------------------------------------------------

    def chosen(self, button: str, now: Now) -> None:
        """A door, where to, and the answers."""
        if self.state is DutyState.LISTING:
            self._room = next(room for room in self._held if button_of(room) == button)
            self.duty.fire("why")
        elif self.state is DutyState.REASONING:
            self._move(button.partition(":")[2], now)
        elif button == "open_again":
            self._put_in(now)
        elif button in ("it_is_in", "it_is_not"):
            self._settled(button == "it_is_in", now)
        else:
            self._answer = button
            if self.state is DutyState.ASKING:
                self._lifted(now)

    def labelled(self, label: Label, now: Now) -> None:
        """The right owner's label: nothing moves but whose it is."""
        room, books = self._room, self.duty.books
        if self.state is not DutyState.REASONING or room is None or self._parcel is not None:
            self.duty.refuse(Refusal.BUSY, "choose the door first, then scan the right label", now)
        elif room.kind is not Kind.CERTIFICATE:
            self.duty.refuse(Refusal.LABEL_IDLE, "papers of a drop-off stay their owner's", now)
        elif books.holding(label.order, Kind.CERTIFICATE) is not None:
            self.duty.refuse(Refusal.LABEL_LOADED, "this order's envelope lies here already", now)
        else:
            before = books.lift(room)
            found = books.lay(room, Parcel(label.order, Kind.CERTIFICATE), now)
            books.note_loader(room, self.duty.by)
            old = {} if before.load is None else {"old_load": before.load}
            self.duty.say("reassigned", room, item=before.order.hex(), **(found | old | {"from": room.door}))
            self._done()

    def _move(self, where: str, now: Now) -> None:
        """Find a door for it first: nothing is taken out that has nowhere to go."""
        room = self._room
        assert room is not None, "no item was chosen"
        larger_than = room.size if where == "larger" else None
        size = None if where == "larger" else room.size
        target = self.duty.cabinet.allot(size, where == "low", now, larger_than=larger_than)
        if target is None or (where == "low" and not target.plan.low):
            self.duty.refuse(Refusal.NOTHING_FREE, f"no free compartment for {where!r}", now)
            return
        self._target, self._answer = target, ""
        if self._parcel is not None:
            self._put_in(now)
        else:
            self.duty.work(room, now, cause="out")

    def _put_in(self, now: Now) -> None:
        """Open the door it goes to. It is a question where it is until that is shut."""
        target, parcel = self._target, self._parcel
        assert target is not None and parcel is not None, "nothing to put in"
        self._answer = ""
        self.duty.books.ask_later(target, self.name, parcel)
        if not self.duty.work(target, now, order=parcel.order, cause="in"):
            if self.state is DutyState.ASKING and target.custody is Custody.RESERVED:
                return  # it was open before: the question stays
            self.duty.books.settled(target)
            if self.state is not DutyState.REASONING:
                self.duty.fire("why")

    # --- the doors --------------------------------------------------------------------------------

    def shut(self, room: Compartment, now: Now) -> None:
        """Taken out, or put in."""
        if self._parcel is None:
            if self._answer:
                self._lifted(now)
        elif self._answer == "not_in":
            self._settled(False, now)
        elif room.occupied is not False:
            self._settled(True, now)

    def _lifted(self, now: Now) -> None:
        """In the person's hands: the books say so, and the door it goes to opens."""
        room = self._room
        assert room is not None, "no item was chosen"
        if self._answer != "took_out":
            self._done()
            return
        load = {} if room.load is None else {"old_load": room.load}
        self.duty.say("taken_out", room, item=room.order.hex(), why="reassign", **load)
        self._parcel = self.duty.books.lift(room)
        if self._target is not None and self._target.free and self.duty.unattended:
            self.duty.fire("why")  # nobody may be there to put it in
        elif self._target is not None and self._target.free:
            self._put_in(now)
        else:
            self.duty.refuse(Refusal.NOTHING_FREE, "the compartment it was meant for is free no more", now)
            self.duty.fire("why")

    def _settled(self, lies_there: bool, now: Now) -> None:
        """It lies in its new place, or has stayed in the person's hands."""
        room, target, parcel = self._room, self._target, self._parcel
        assert room is not None and target is not None and parcel is not None, "nothing was put in"
        self.duty.books.settled(target)
        if lies_there:
            found = self.duty.books.lay(target, parcel, now)
            self.duty.say("reassigned", target, **(found | {"from": room.door}))
        else:
            self.duty.books.empty(target)
            self.duty.say("load_given_up", target, item=parcel.order.hex(), why="not_in")
        self._done()

    def _done(self) -> None:
        self._room = self._target = self._parcel = None
        self.duty.fire("list")

    def gave_up(self, room: Compartment, now: Now) -> None:
        """The old door: nothing has changed. The new one: another may do, or it is asked later."""
        if self._parcel is None:
            self._done()
        elif is_shut(room):
            self.duty.books.settled(room)
            self.duty.books.empty(room)
            self.duty.fire("list")
            self.duty.fire("why")
        else:
            self.duty.books.unwatched(room)
            self._done()
