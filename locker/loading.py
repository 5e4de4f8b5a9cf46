"""Loading: one envelope after the other, and what belongs to it: taking the last one back, and settling what stopped.

A label is scanned, a compartment of the right size opens, the envelope is put in, the door is shut, and the next label
may come at once. The item is held, with its deadline and its pick-up number, when its door was seen shut; never before.
Knows labels and compartments; must never know a token or a code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from locker.books import AUDIT
from locker.chore import DIGITS, Chore, Page, Parcel, buttons_of, is_shut, item_facts, row_of
from locker.compartment import Compartment
from locker.labels import Label, mark
from locker.machine import DutyState
from locker.model import Kind, Now, Refusal, Size

if TYPE_CHECKING:
    from locker.duty import Duty

TRIES_MAX = 3
"""So many larger compartments one after the other for one envelope."""


class Load(Chore):
    """Put certificates in. ``_last`` is the compartment that was loaded last, while it can be taken back."""

    name = "load"
    _label = Label(b"")
    _then = ""
    _last: Compartment | None = None
    _undoing = False
    _unseen: Compartment | None = None
    _tries = 0

    def begin(self, now: Now) -> None:
        """Ask for the first label."""
        self.duty.fire("label")

    # --- the pages --------------------------------------------------------------------------------

    def page(self) -> Page:
        """A label, please; put it in; was it taken back; nothing was seen in it."""
        count: dict[str, str | int] = {"load": self.duty.counts["loaded"]}
        match self.state:
            case DutyState.WORKING:
                return self._at_the_door()
            case DutyState.ASKING if self._unseen is not None:
                offers = ("open_again", "it_is_in", "it_is_not")
                return Page("duty_not_seen", self._unseen.door, offers, {"item": mark(self._label.order)})
            case DutyState.ASKING if self._last is not None:
                return Page("duty_taken", self._last.door, ("took_out", "left_in"), item_facts(self._last))
            case _ if self._last is not None:
                return Page("duty_loaded", self._last.door, ("undo", "back"), count | item_facts(self._last))
            case _:
                return Page("duty_label", 0, ("back",), count)

    def _at_the_door(self) -> Page:
        room = self.duty.room
        assert room is not None, "no door is open"
        facts: dict[str, str | int] = {"item": mark(self._label.order), "size": room.plan.size}
        if self._undoing:
            return Page("duty_take_back", room.door, (), item_facts(room))
        if self._then:
            return Page("duty_empty_first", room.door, (), facts)
        larger = ("larger",) if room.size is not Size.L and self._tries < TRIES_MAX else ()
        return Page("duty_put_in", room.door, (*larger, "not_in"), facts)

    # --- the person -------------------------------------------------------------------------------

    def labelled(self, label: Label, now: Now) -> None:
        """The next envelope; at an open door, the label of the one that is being put in changes nothing."""
        if self.state is DutyState.WORKING and not self._undoing and label == self._label:
            return
        if self.state is not DutyState.LABELLING:
            self.duty.refuse(Refusal.BUSY, "shut the door, and answer, before the next label", now)
            return
        lies = self.duty.books.holding(label.order, Kind.CERTIFICATE)
        if lies is not None:
            self.duty.refuse(Refusal.LABEL_LOADED, f"it lies at door {lies.door}", now)
        elif self.duty.cabinet.log_full:
            self.duty.refuse(Refusal.LOG_FULL, "no room for its event", now)
        else:
            self._label, self._last, self._tries = label, None, 0
            self._put_in(self.duty.cabinet.allot(label.size, label.low, now), now)

    def _put_in(self, room: Compartment | None, now: Now) -> None:
        """Open a compartment for the envelope that was scanned."""
        self._then = ""
        if room is None:
            self.duty.refuse(Refusal.NOTHING_FREE, "no free compartment fits this envelope", now)
            return
        self.duty.books.ask_later(room, self.name, Parcel(self._label.order, Kind.CERTIFICATE))
        if not self.duty.work(room, now, order=self._label.order):
            self.duty.books.settled(room)

    def chosen(self, button: str, now: Now) -> None:
        """A larger one, not put in, take it back; and the answers to what was asked."""
        match button:
            case "larger" | "not_in":
                self._wants(button, now)
            case "undo" if self._last is not None:
                self._undoing = self.duty.work(self._last, now, cause="undo")
            case "took_out" | "left_in":
                self._taken_back(button == "took_out")
            case "it_is_in" | "it_is_not" | "open_again" if self._unseen is not None:
                self._answer(button, self._unseen, now)

    def _wants(self, button: str, now: Now) -> None:
        """First everything out of this one, and its door shut."""
        room = self.duty.room
        if button == "larger" and room and not self._larger(room, now):
            self.duty.refuse(Refusal.NOTHING_FREE, "no larger compartment is free", now)
        else:
            self._then = button

    def _larger(self, room: Compartment, now: Now) -> Compartment | None:
        return self.duty.cabinet.allot(None, self._label.low, now, larger_than=room.size)

    # --- the doors --------------------------------------------------------------------------------

    def shut(self, room: Compartment, now: Now) -> None:
        """Loaded; or emptied for a larger one; or opened to take it back."""
        if self._undoing:
            self._undone(room)
        elif self._then:
            self._emptied(room, now)
        elif room.occupied is False:
            self._unseen = room
        else:
            self._loaded(room, now)

    def _loaded(self, room: Compartment, now: Now) -> None:
        """The envelope lies in there: the cloud learns its pick-up number, and sends the code."""
        found = self.duty.books.lay(room, Parcel(self._label.order, Kind.CERTIFICATE), now)
        self.duty.books.settled(room)
        self.duty.books.note_loader(room, self.duty.by)
        self.duty.say("loaded", room, **found)
        self._last, self._unseen = room, None
        self.duty.fire("label")

    def _emptied(self, room: Compartment, now: Now) -> None:
        """Nothing was left in there, says the person; a sensor that sees something is believed more."""
        if room.occupied:
            self._then = ""
            self.duty.refuse(Refusal.OCCUPIED, "something is still in there; it counts as loaded, take it back", now)
            self._loaded(room, now)
            return
        why = self._then
        self._drop(room, why)
        self.duty.fire("label")
        if why == "larger" and not self.duty.unattended:
            self._tries += 1
            self._put_in(self._larger(room, now), now)

    def _drop(self, room: Compartment, why: str) -> None:
        """This compartment gets nothing after all."""
        self.duty.books.empty(room)
        self.duty.books.settled(room)
        self.duty.say("load_given_up", room, item=self._label.order.hex(), why=why)

    def _answer(self, button: str, room: Compartment, now: Now) -> None:
        """The sensor saw nothing inside: the person says."""
        self._unseen = None
        if button == "it_is_in":
            self._loaded(room, now)
        elif button == "it_is_not":
            self._drop(room, "not_in")
            self.duty.fire("label")
        elif not self.duty.work(room, now, order=self._label.order):
            self._unseen = room

    def _undone(self, room: Compartment) -> None:
        """Opened again: was it taken out? A sensor inside knows."""
        if room.occupied is not None:
            self._taken_back(not room.occupied)

    def _taken_back(self, taken: bool) -> None:
        """The last one is in the person's hands again, or has stayed where it was."""
        room, self._undoing = self._last, False
        if taken and room is not None:
            load = {} if room.load is None else {"old_load": room.load}
            self.duty.say("unloaded", room, item=room.order.hex(), why="undo", **load)
            self.duty.books.empty(room)
            self._last = None
        self.duty.fire("label")

    def gave_up(self, room: Compartment, now: Now) -> None:
        """It did not open, or stayed open. What never opened got nothing; else nobody knows, and it is asked later."""
        if self._undoing:
            self._undoing = False
        elif is_shut(room):
            self._drop(room, "jammed")
        else:
            self.duty.books.unwatched(room)
        self._then = ""
        self.duty.fire("label")


def answer_question(duty: Duty, room: Compartment, lies_there: bool, now: Now) -> None:
    """Somebody has looked where an item was being put in when everything stopped: it lies there, or it does not.

    Loaded once more meanwhile, behind another door, it lies there no longer: that door has to be looked into.
    """
    books = duty.books
    task, parcel = books.memory.questions[room.door]
    books.settled(room)
    books.looked(room, duty.fields())
    other = books.holding(parcel.order, parcel.kind)
    if lies_there and other is not None:
        books.close(other, AUDIT, duty.fields())
        duty.say("reassigned", room, **(books.lay(room, books.lift(other), now) | {"from": other.door}))
    elif lies_there:
        found = books.lay(room, parcel, now)
        books.note_loader(room, parcel.by or duty.by)
        duty.say("reassigned" if task == "reassign" else "loaded", room, **found)
    else:
        books.empty(room)
        duty.say("load_given_up", room, item=parcel.order.hex(), why="not_in")


class Settle(Chore):
    """Look where an item was being put in when everything stopped, and say whether it lies there."""

    name = "settle"
    _room: Compartment | None = None
    _answered = ""

    def begin(self, now: Now) -> None:
        """List those doors."""
        self.duty.fire("list")

    @property
    def _open(self) -> list[Compartment]:
        return self.duty.books.questions()

    def page(self) -> Page:
        """The list, or the question at one door."""
        rooms, questions = self._open, self.duty.books.memory.questions
        if self.state in (DutyState.WORKING, DutyState.ASKING) and self._room is not None:
            _, parcel = questions[self._room.door]
            name = "duty_shut" if self._answered else "duty_is_it_in"
            return Page(name, self._room.door, ("it_is_in", "it_is_not"), {"item": mark(parcel.order)})
        rows = tuple(replace(row_of(r, "unsettled"), item=mark(questions[r.door][1].order)) for r in rooms)
        return Page("duty_settle", 0, (*buttons_of(rooms), "back"), {"left": len(rooms)}, rows, DIGITS)

    def chosen(self, button: str, now: Now) -> None:
        """A door to look into, or what was seen there; an answer at the open door is good when it is shut."""
        if button in ("it_is_in", "it_is_not"):
            self._answered = button
            if self.state is DutyState.ASKING and self._room is not None:
                self._settled(self._room, now)
            return
        room = next(room for room in self._open if button in buttons_of((room,)))
        self._answered = ""
        if self.duty.work(room, now):
            self._room = room

    def shut(self, room: Compartment, now: Now) -> None:
        """Answered already, or asked now."""
        if self._answered:
            self._settled(room, now)

    def _settled(self, room: Compartment, now: Now) -> None:
        """It is known what lies here."""
        answer_question(self.duty, room, self._answered == "it_is_in", now)
        self._room = None
        self.duty.fire("list")

    def gave_up(self, room: Compartment, now: Now) -> None:
        """The question stays."""
        self._room = None
        self.duty.fire("list")
