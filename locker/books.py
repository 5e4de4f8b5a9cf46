"""The books: what staff's work changes in what the cabinet believes of its items, and what of it is saved.

An item is laid down, lifted or gone; who loaded it is remembered; while one is being put in, it is a *question* whether
it lies there, which outlives a power cut. Knows compartments and the duty's note; must never know a button or a pulse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locker.chore import Parcel
from locker.compartment import Compartment
from locker.duty_note import NOTE, DutyNoteError, Remembered, from_text
from locker.model import Custody, KeepNote, KeepToken, Kind, Now, Record

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

UNSETTLED, AUDIT = "unsettled", "audit"
"""Out of service because nobody knows whether an envelope was put in; because an audit found something else."""
SEEN = (UNSETTLED, AUDIT, "unwatched", "lapsed")
"""Reasons for which somebody has to look inside; whoever has looked and found what the books say has dealt with it."""


class Books:
    """One cabinet's books, as far as staff write into them."""

    def __init__(self, cabinet: Cabinet, note: str | None) -> None:
        """``note`` is what was saved, None on the first start."""
        self._cabinet, self._saved, self.damage = cabinet, note, ""
        self.memory = Remembered()
        try:
            self.memory = from_text(note) if note else self.memory
        except DutyNoteError as wrong:
            self.damage = str(wrong)

    def keep(self) -> None:
        """Save the note, where it has changed; without what is over."""
        memory, rooms = self.memory, self._cabinet.rooms
        held = {room.door: room.order for room in rooms.values() if room.custody is Custody.HOLDING}
        memory.loaders = {door: who for door, who in memory.loaders.items() if held.get(door) == who[0]}
        open_ones = rooms.keys() - held.keys()
        memory.questions = {door: asked for door, asked in memory.questions.items() if door in open_ones}
        text = self.memory.to_text()
        if text != self._saved:
            self._saved = text
            self._cabinet.say(KeepNote(NOTE, text))

    # --- items ------------------------------------------------------------------------------------

    def lay(self, room: Compartment, parcel: Parcel, now: Now) -> dict[str, Any]:
        """An item lies here now; what its event says of that. One that lay elsewhere keeps its times and its number.

        The claims of its owner follow it in the same step.
        """
        numbered = parcel.load is not None and parcel.given == self._cabinet.keypad.loads.next
        if parcel.since_ms and (numbered or parcel.load is None):
            room.hold(parcel.order, parcel.kind, parcel.since_ms, parcel.deadline_ms, parcel.load)
            room.term = parcel.term
            found = {"deadline_ms": room.deadline_ms} | ({} if room.load is None else {"load": room.load})
        else:
            found = self._cabinet.hold(room, parcel.order, parcel.kind, now)
        self._cabinet.keep(room)
        self._bring_claims(room)
        if parcel.by:
            self.note_loader(room, parcel.by)
        return found | {"order": parcel.order.hex(), "kind": parcel.kind.value}

    def _bring_claims(self, room: Compartment) -> None:
        """Whose code was claimed for this item, and never saw its door open, finds it here (invariant 3).

        A typed code is of one item, its number's. A token is of an order, which may have another item: at a door that
        still holds one it stays.
        """
        cabinet = self._cabinet
        for row in cabinet.ledger.waiting(room.order):
            load, bound = cabinet.keypad.loads.of(row), cabinet.rooms.get(row.door)
            held = bound is not None and (bound.custody, bound.order) == (Custody.HOLDING, row.order)
            follows = not held if load is None else load == room.load
            if follows and row.door != room.door:
                cabinet.say(KeepToken(cabinet.ledger.rebind(row.cti, room.door)))

    def lift(self, room: Compartment) -> Parcel:
        """Take what lies here out of the books, to be laid elsewhere."""
        given = self._cabinet.keypad.loads.next
        kind = room.kind or Kind.SUBMISSION
        by = self.loaded_by(room)
        parcel = Parcel(room.order, kind, room.since_ms, room.deadline_ms, room.load, room.term, given, by)
        self.empty(room)
        return parcel

    def empty(self, room: Compartment) -> None:
        """Nothing lies here now. A resident's errand was about what did: it settles nothing any more.

        Their pulse may have opened the door unseen, or they have left it open: somebody has to look.
        """
        room.release()
        if room.errand is not None and not room.errand.by:
            room.errand = None
            self._cabinet.unwatched(room)
        self._cabinet.keep(room)

    def holding(self, order: bytes, kind: Kind | None = None) -> Compartment | None:
        """Where an order's item lies, of this kind if one is given; None for nowhere."""
        rooms = self._cabinet.rooms.values()
        held = (r for r in rooms if r.custody is Custody.HOLDING and r.order == order)
        return next((r for r in held if kind in (None, r.kind)), None)

    # --- service ----------------------------------------------------------------------------------

    def close(self, room: Compartment, reason: str, who: dict[str, Any]) -> None:
        """Out of service, by whom."""
        room.take_out_of_service(reason)
        self._cabinet.keep(room)
        self._cabinet.say(Record("service_changed", room.door, who | {"in_service": False, "reason": reason}))

    def reopen(self, room: Compartment, who: dict[str, Any]) -> None:
        """In service again, by whom."""
        room.put_in_service()
        self._cabinet.keep(room)
        self._cabinet.say(Record("service_changed", room.door, who | {"in_service": True, "reason": ""}))

    def looked(self, room: Compartment, who: dict[str, Any]) -> None:
        """Somebody has looked inside, and all is as the books have it: what wanted a look has had it."""
        if not room.in_service and room.reason in SEEN:
            self.reopen(room, who)

    # --- what is open -----------------------------------------------------------------------------

    def ask_later(self, room: Compartment, task: str, parcel: Parcel) -> None:
        """While an item is being put in here it is not known where it is; saved with the opening that follows."""
        self.memory.questions[room.door] = (task, parcel)

    def settled(self, room: Compartment) -> None:
        """It is known what lies here."""
        if self.memory.questions.pop(room.door, None) is not None:
            self.keep()

    def questions(self) -> list[Compartment]:
        """Where it is to be seen whether an item lies there: nothing else has been put there since."""
        rooms = (self._cabinet.rooms.get(door) for door in self.memory.questions)
        return [room for room in rooms if room is not None and room.custody is Custody.EMPTY]

    def unwatched(self, room: Compartment) -> bool:
        """Whether an item was being put in here by staff who are gone: then somebody has to look, and is told so."""
        errand = room.errand
        if errand is None or not (errand.by and errand.order) or room.custody is not Custody.RESERVED:
            return False
        if room.door not in self.memory.questions:
            self.ask_later(room, "load", Parcel(errand.order, Kind.CERTIFICATE))
            self.keep()
        room.release()
        room.errand = None
        self.close(room, UNSETTLED, {"by": errand.by})
        return True

    def asked(self, room: Compartment) -> bool:
        """Whether the door is shut and somebody at work is being asked if what they were putting in lies here."""
        _, parcel = self.memory.questions.get(room.door, ("", None))
        waits = room.custody is Custody.RESERVED and room.errand is None
        return waits and parcel is not None and parcel.order == room.order

    def abandon(self) -> None:
        """Nobody is there to be asked any more: what was being put in anywhere has to be looked at."""
        by = self.memory.by
        for room in self._cabinet.rooms.values():
            if self.asked(room):
                room.release()
                self.close(room, UNSETTLED, {"by": by} if by else {})
            else:
                self.unwatched(room)

    def remember_round(self, name: str, doors: tuple[int, ...]) -> None:
        """What is still to be done of a round; "" for none."""
        if (self.memory.round, self.memory.doors) != (name, doors):
            self.memory.round, self.memory.doors = name, doors
            self.keep()

    # --- who loaded what --------------------------------------------------------------------------

    def loaded_by(self, room: Compartment) -> str:
        """Who put in what lies here, "" where that was no duty's."""
        order, by = self.memory.loaders.get(room.door, (b"", ""))
        return by if room.custody is Custody.HOLDING and room.order == order else ""

    def note_loader(self, room: Compartment, by: str) -> None:
        """This person has put in what lies here."""
        self.memory.loaders[room.door] = (room.order, by)
        self.keep()
