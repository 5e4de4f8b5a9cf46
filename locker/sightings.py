"""Sightings: what the door switches and the boards say, and what follows where no visit is at that door.

A fact about the visit's own door goes to the visit. Any other is the late end of an errand, somebody's force, or
nothing new; whatever it is, the compartment follows it (invariant 8), and nothing here ever opens a door. Knows
compartments and errands; must never know a token's bytes or a button.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from locker.compartment import Compartment
from locker.hall import GAVE_WAY, Bearer
from locker.machine import DoorState
from locker.model import Attend, BoardBack, BoardSilent, Custody, DoorSeen, KeepVisit, Now, Record

if TYPE_CHECKING:
    from locker.cabinet import Cabinet


FORCED = "forced"
FLAPS_MINUTE_MAX = 10
"""So many times a minute a door that nobody is at may be told to be open, and to be shut."""


class Sightings:
    """Where facts about doors and boards arrive."""

    def __init__(self, cabinet: Cabinet) -> None:
        """Belongs to one cabinet."""
        self._cabinet = cabinet
        self._untold: set[int] = set()
        self._pried: set[int] = set()

    def advance(self, now: Now) -> None:
        """Once the limit is over, tell how doors stand whose last movement was past it."""
        if not self._untold or self._cabinet.reception.deadline_ms() is not None:
            return
        doors, self._untold = sorted(self._untold), set()
        for room in (self._cabinet.rooms[door] for door in doors if door != self._cabinet.visit.door):
            if room.state in (DoorState.FORCED, DoorState.LEFT_OPEN):
                self._say_open(FORCED if room.state is DoorState.FORCED else "found_open", room, now, late=True)
            elif room.state is DoorState.CLOSED:
                self._say_shut(room, now, late=True)

    def _say_open(self, kind: str, room: Compartment, now: Now, **late: bool) -> None:
        self._tell(Record(kind, room.door, {"custody": room.custody.value, "order": room.order.hex(), **late}), now)

    def _say_shut(self, room: Compartment, now: Now, **late: bool) -> None:
        self._tell(Record("shut", room.door, {"order": room.order.hex(), **late}), now)

    def _tell(self, said: Record, now: Now) -> None:
        """Log what a door that nobody is at has done, so many times a minute; what is past that is told later."""
        logged = self._cabinet.reception.log_limited(said, now, whose=said.door, most=FLAPS_MINUTE_MAX)
        (self._untold.discard if logged else self._untold.add)(said.door)

    def seen(self, seen: DoorSeen, now: Now) -> None:
        """A door was read twice alike."""
        room = self._cabinet.rooms[seen.door]
        self._cabinet.upkeep.seen(seen, room, now)
        before, rev = (room.seen, room.occupied), room.rev
        room.seen, room.occupied = seen.open, seen.occupied
        if room.plan.board in self._cabinet.silent_boards:
            self._cabinet.silent_boards.discard(room.plan.board)
            self._cabinet.idle_again()
        if seen.door == self._cabinet.visit.door and self._cabinet.visit.unpulsed:
            self._before_pulse(room, now)
        elif seen.door == self._cabinet.visit.door:
            self._in_visit(room, now)
        else:
            self._pried.discard(seen.door)
            (self._found_open if seen.open else self._found_shut)(room, now)
        if room.rev == rev and (room.seen, room.occupied) != before:
            self._cabinet.keep(room)

    def _before_pulse(self, room: Compartment, now: Now) -> None:
        """A visit there waits for its first pulse: it is a bounce, a gap, or somebody's force. Told; spends no code.

        Whoever the pulse then opens it for looks inside; without one somebody else has to (``Visit.unseen``).
        """
        before = room.fire("found_open" if room.seen else "found_shut")
        if before is room.state:
            return
        self._cabinet.keep(room)
        if room.seen:
            self._cabinet.visit.unseen = True
            self._pried.add(room.door)
            self._say_open("found_open", room, now)
        elif room.door in self._pried:
            self._shut_again(room, now)

    def _in_visit(self, room: Compartment, now: Now) -> None:
        """A visit there has had its pulse: what is seen is its doing, but for the end of what came before that."""
        if room.seen:
            self._pried.discard(room.door)
            self._cabinet.visit.seen_open(now)
            return
        if room.door in self._pried:
            self._shut_again(room, now)
        self._cabinet.visit.seen_shut(now)

    def _shut_again(self, room: Compartment, now: Now) -> None:
        self._pried.discard(room.door)
        self._say_shut(room, now)

    def _found_open(self, room: Compartment, now: Now) -> None:
        """Open, and no visit at this door: the late end of an errand, or somebody's force.

        A door that was forced before and that nobody has looked at since may have a loose switch: it accuses no board.
        """
        errand = room.errand
        if errand is not None and errand.complete:
            room.errand = errand = None
        if errand is not None and room.state in (DoorState.UNKNOWN, DoorState.JAMMED, DoorState.OPENING):
            self._late_opening(room, now)
            return
        before = room.fire("found_open")
        if before is room.state:
            return
        kind = {DoorState.CLOSED: "forced", DoorState.JAMMED: "opened_late"}.get(before, "found_open")
        flaps = room.reason == FORCED
        if kind == "forced":
            room.take_out_of_service(FORCED)
        self._cabinet.keep(room)
        self._say_open(kind, room, now)
        if kind == "forced" and not flaps:
            self._cabinet.quarantine.opened(room.door, now)
            self._cabinet.idle_again()

    def _late_opening(self, room: Compartment, now: Now) -> None:
        """An errand's door is open outside its visit (a start, a jam that gave way): its bearer may finish.

        Not while somebody else, or staff at work, has the screen: then it is noted, and settled when it is shut.
        """
        errand = room.errand
        assert errand is not None, f"door {room.door} has no errand"
        bearer = Bearer.of(errand, self._cabinet.ledger.exp(errand.cti))
        if room.state is DoorState.JAMMED:
            bearer = replace(bearer, source=GAVE_WAY)
        if not (self._cabinet.visit.present or self._cabinet.duty.present):
            self._cabinet.visit.resume(bearer, room, now)
            self._cabinet.say(KeepVisit(str(room.door)))
            self._cabinet.say(Attend(True))
            return
        room.fire("found_open")
        room.errand = replace(errand, seen_open=True)
        self._cabinet.spend(bearer, room.door)
        self._cabinet.keep(room)
        self._cabinet.say(Record("opened_late", room.door, bearer.fields()))

    def _found_shut(self, room: Compartment, now: Now) -> None:
        """Shut, and no visit at this door: the end of an errand left open, or nothing new."""
        before = room.fire("found_shut")
        errand = room.errand
        if errand is not None and errand.complete:
            room.errand = None
        elif errand is not None and errand.seen_open:
            self._finish_unwatched(room, before, now)
        elif before is room.state:
            return
        if before in (DoorState.LEFT_OPEN, DoorState.FORCED):
            self._cabinet.duty.other_shut(room.door)
            self._say_shut(room, now)
        self._cabinet.keep(room)

    def _finish_unwatched(self, room: Compartment, before: DoorState, now: Now) -> None:
        """An errand's door was shut with no visit there. Nobody was watching, so somebody should look inside.

        Whoever came to collect may have been called away, and a passer-by has shut the door on the item.
        """
        if self._cabinet.duty.books.unwatched(room):
            return
        self._cabinet.finish(room, now)
        room.errand = None
        if before in (DoorState.UNKNOWN, DoorState.LEFT_OPEN) and room.custody is Custody.EMPTY:
            self._cabinet.unwatched(room)

    def board_silent(self, event: BoardSilent, now: Now) -> None:
        """A board is out of reach: its doors are unknown from now on (invariant 8)."""
        self._cabinet.silent_boards.add(event.board)
        fields = {"device": event.board, "doors": list(event.doors)}
        self._cabinet.reception.log_limited(Record("board_silent", 0, fields), now)
        for door in event.doors:
            room = self._cabinet.rooms[door]
            before = (room.seen, room.occupied)
            room.seen = room.occupied = None
            if room.fire("out_of_sight") is not room.state or before != (None, None) or room.stale:
                self._cabinet.keep(room)
        self._cabinet.idle_again()

    def board_back(self, event: BoardBack) -> None:
        """A board answers; it counts as there when the first of its doors has been seen."""
        self._cabinet.say(Record("board_back", 0, {"device": event.board}, droppable=True))
