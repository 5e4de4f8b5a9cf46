"""The visit: one person in front of the cabinet, from the code they show to the door seen shut and a little after.

This is where the two tables meet: a fact about the visit's door moves the compartment and the visit together, and each
method reads as one line of the story. It knows one compartment, one authority and the rules of waiting. It never
verifies a token and never touches a device; what it wants done it says to its ``Hall``.

Sent, acknowledged, seen open and seen shut are four different things (invariant 6): an authority is spent when its
door is *seen* open, and not before (invariant 3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from locker import config
from locker.coil import Limit
from locker.compartment import Compartment
from locker.hall import NOBODY_KNOWN, Bearer, Hall
from locker.machine import VISIT, Cell, DoorState, Table, VisitState
from locker.model import Custody, Errand, Now, Purpose, Record, Refusal, Size
from locker.prompts import at_open_door, at_shut_door

TABLE = Table(VISIT, VisitState.IDLE)
MOVES_MAX = 3
WAIT_MS_MAX = 5000


class Visit:
    """The one visit a cabinet can have at a time; ``state`` is IDLE when nobody is there."""

    def __init__(self, hall: Hall, rules: config.Visit) -> None:
        """Nobody there."""
        self._hall, self._rules = hall, rules
        self.bearer: Bearer | None = None
        self.room: Compartment | None = None
        self.timer_ms: int | None = None
        self.board_said = ""
        self._attempt = self._reopened = self._moved = self._ordered_ms = 0
        self._pulse_due_ms: int | None = None
        self.unseen, self._then = False, ""  # unseen: its door may have been open, and not for this visit
        self._cell = Cell(TABLE, VisitState.IDLE)

    @property
    def state(self) -> VisitState:
        """Where the visit stands."""
        return self._cell.state

    @property
    def door(self) -> int:
        """The door of this visit, 0 when nobody is there."""
        return self.room.door if self.room else 0

    @property
    def present(self) -> bool:
        """Whether somebody is there."""
        return self.state is not VisitState.IDLE

    @property
    def unpulsed(self) -> bool:
        """Whether it waits for its first pulse: what is seen at its door until then is none of its doing."""
        return self._pulse_due_ms is not None and self._attempt == 0

    @property
    def yields(self) -> bool:
        """Whether another person's valid code may end this visit: its door is shut, or long left open."""
        return self.state in (VisitState.OFFERING, VisitState.REMINDED) and not self._then

    def deadline_ms(self) -> int | None:
        """The boot time at which ``advance`` has something to do."""
        return min((t for t in (self.timer_ms, self._pulse_due_ms) if t is not None), default=None)

    def begin(self, bearer: Bearer, room: Compartment, now: Now) -> None:
        """Somebody showed a good code for this compartment; the authority is claimed before anything moves."""
        self._cell.fire("begin")
        self.bearer, self.room = bearer, room
        self._attempt, self._reopened, self._moved, self._then = 0, 0, MOVES_MAX if bearer.named else 0, ""
        self._bind(room)
        self._hall.say(Record("granted", room.door, bearer.fields()))
        self._hall.screen.show("opening", door=room.door)
        self._order_pulse(now)

    def resume(self, bearer: Bearer, room: Compartment, now: Now) -> None:
        """After a start, or late: a door that this authority was opening is seen open. Let its bearer finish."""
        self._cell.fire("resume")
        self.bearer, self.room = bearer, room
        self._attempt, self._reopened, self._moved, self._then = 0, self._rules.reopen_max, MOVES_MAX, ""
        self._note_open(now, resumed=True)
        self._hall.screen.show("unfinished", door=room.door)

    def _bind(self, room: Compartment) -> None:
        """Make this compartment the authority's, on the disk in the same commit as the intent to pulse."""
        self.room, bearer = room, self._bearer
        self.unseen = room.errand is not None and not room.errand.seen_open
        self._hall.claim(bearer, room.door)
        if bearer.purpose is Purpose.DEPOSIT:
            room.reserve(bearer.order)
        room.errand = Errand(bearer.purpose, bearer.cti, bearer.order, bearer.by)
        self._hall.keep(room)

    def _order_pulse(self, now: Now) -> None:
        """Pulse as soon as the coils allow; give up where they would not for long."""
        due_ms, limit = self._hall.coil.earliest_ms(self.door, now.ms, self._hall.staffed(self._bearer, now))
        self.timer_ms = None
        if limit is Limit.NONE:
            self._pulse(now)
        elif due_ms - now.ms <= WAIT_MS_MAX:
            self._pulse_due_ms = due_ms
        else:
            self._give_up(now, limit.value)

    def _pulse(self, now: Now) -> None:
        """One pulse, ordered after the state that allows it is said to be kept."""
        room = self._room
        self._pulse_due_ms, self.board_said, self._ordered_ms = None, "", now.ms
        self._attempt += 1
        room.fire("unlock")
        self._hall.keep(room)
        self._hall.coil.pulsed(room.door, now.ms, self._attempt == 1, self._hall.staffed(self._bearer, now))
        self._hall.pulse(room.door)
        self.timer_ms = now.ms + self._rules.open_wait_ms

    def dropped(self, why: str, now: Now) -> None:
        """The order never reached the board: no coil was energised, so no rest and no second try make sense."""
        if self.state is VisitState.OPENING:
            self._attempt -= 1
            self._room.spare()
            self._give_up(now, why)

    def seen_open(self, now: Now) -> None:
        """The visit's door was seen open, after its pulse."""
        if self._cell.fire("opened") in (VisitState.OPEN, VisitState.REMINDED, VisitState.EMPTYING):
            return self._follow("opened")
        self._note_open(now)
        if self._then == "larger":
            self._cell.fire("empty")
            return self._hall.screen.show("emptying", door=self.door)
        if not self._hall.duty.opened(now):
            name, offers, facts = at_open_door(self._bearer.purpose, self._may_enlarge, self._room.custody)
            self._hall.screen.show(name, door=self.door, offers=offers, facts=facts)
        return None

    def _follow(self, trigger: str) -> None:
        """The door's state follows what was seen, and nothing else does."""
        if self._room.fire(trigger) is not self._room.state:
            self._hall.keep(self._room)

    def _note_open(self, now: Now, resumed: bool = False) -> None:
        """Spend the authority and say so: this is what "opened" means."""
        room, bearer = self._room, self._bearer
        room.fire("opened")
        room.errand = Errand(bearer.purpose, bearer.cti, bearer.order, bearer.by, seen_open=True)
        fields: dict[str, Any] = {"attempts": self._attempt, "board_said": self.board_said}
        fields |= {"resumed": True} if resumed else {"after_ms": now.ms - self._ordered_ms}
        self._hall.spend(bearer, room.door)
        self._hall.keep(room)
        self._hall.say(Record("opened", room.door, bearer.fields() | fields))
        self._pulse_due_ms, self.unseen = None, False
        self.timer_ms = now.ms + self._rules.reminder_ms

    def seen_shut(self, now: Now) -> None:
        """The visit's door was seen shut. While it is being opened this says only: not yet."""
        room = self._room
        if self.state in (VisitState.OPENING, VisitState.OFFERING, VisitState.ASKING):
            self._follow("found_shut")
        if self.state not in (VisitState.OPEN, VisitState.REMINDED, VisitState.EMPTYING):
            return
        room.fire("found_shut")
        self._hall.say(Record("shut", room.door, self._bearer.fields()))
        if self._then == "larger":
            self._to_larger(now)
        elif self._then == "nothing":
            self._cancel(now)
        elif self._bearer.by:
            if not self._hall.duty.shut(now):
                self._ask(now)
        else:
            self._offer(now)

    def _offer(self, now: Now) -> None:
        """Settle the custody, then offer to reopen for a while."""
        self._cell.fire("shut")
        self._hall.finish(self._room, now)
        self.timer_ms = now.ms + self._rules.grace_ms
        name, offers = at_shut_door(self._bearer.purpose, self._reopened < self._rules.reopen_max, self._may_enlarge)
        self._hall.screen.show(name, door=self.door, offers=offers, until_ms=self.timer_ms)

    def _ask(self, now: Now) -> None:
        """Ask staff what became of what lay inside; nothing lay inside, nothing to ask."""
        if self._room.custody is Custody.EMPTY:
            self._staff_done(now, "empty")
            return
        self._cell.fire("ask")
        self.timer_ms = now.ms + self._rules.grace_ms
        self._hall.screen.show("staff_question", door=self.door, offers=("took_out", "left_in"), until_ms=self.timer_ms)

    def touched(self, button: str, now: Now) -> None:
        """One of the buttons that this screen offers."""
        match button:
            case "done":
                self.end(now, "done")
            case "reopen":
                self.reopen(now)
            case "larger":
                self._want_larger(now)
            case "nothing":
                self._put_nothing(now)
            case "took_out" | "left_in":
                self._staff_done(now, button)

    def reopen(self, now: Now) -> bool:
        """Open the same door once more under the same authority; False when that is used up."""
        if self.state is not VisitState.OFFERING or self._reopened >= self._rules.reopen_max:
            return False
        self._cell.fire("reopen")
        self._reopened, self._attempt = self._reopened + 1, 0
        room = self._room
        room.errand = replace(room.errand, complete=False) if room.errand else None
        self._hall.keep(room)
        self._hall.say(Record("reopened", room.door, self._bearer.fields() | {"time": self._reopened}))
        self._hall.screen.show("opening", door=room.door)
        self._order_pulse(now)
        return True

    @property
    def _may_enlarge(self) -> bool:
        """Whether a larger compartment can be offered at all."""
        return self._moved < MOVES_MAX and self._room.size is not Size.L

    def _want_larger(self, now: Now) -> None:
        """First everything out of this one: nobody's papers may stay behind an allegedly empty door."""
        if self._hall.allot(None, self._bearer.low, now, larger_than=self._room.size) is None:
            return self._hall.screen.reason(Refusal.NOTHING_FREE.value)
        self._then = "larger"
        if self.state is VisitState.OFFERING:
            self.reopen(now)
            return None
        self._cell.fire("empty")
        self.timer_ms = now.ms + self._rules.reminder_ms
        return self._hall.screen.show("emptying", door=self.door)

    def _to_larger(self, now: Now) -> None:
        """The first compartment was emptied and shut."""
        if not self._emptied(now):
            return None
        target = self._hall.allot(None, self._bearer.low, now, larger_than=self._room.size)
        if target is not None:
            return self._move(target, "larger", now)
        self._hall.say(Record("cancelled", self.door, self._bearer.fields()))
        return self.end(now, "nothing_free", ("refused", Refusal.NOTHING_FREE))

    def _move(self, target: Compartment, why: str, now: Now) -> None:
        """Go on at another compartment under the same authority, which is unspent for it."""
        before = self.door
        self._cell.fire("move")
        self._moved += 1
        self._attempt, self._then = 0, ""
        self._bind(target)
        self._hall.say(Record("moved", target.door, self._bearer.fields() | {"from": before, "why": why}))
        self._hall.screen.show("opening" if why == "larger" else "opening_other", door=target.door)
        self._order_pulse(now)

    def _put_nothing(self, now: Now) -> None:
        """The person put nothing in; with the door open it has to be shut first."""
        if self.state is VisitState.OFFERING:
            return self._cancel(now)
        self._then = "nothing"
        return self._hall.screen.show("left_open", door=self.door)

    def _cancel(self, now: Now) -> None:
        """Nothing was put in, says the person."""
        if self._emptied(now):
            self._hall.say(Record("cancelled", self.door, self._bearer.fields()))
            self.end(now, "cancelled", ("cancelled", None))

    def _emptied(self, now: Now) -> bool:
        """Believe that the compartment is empty, unless a sensor sees something inside: then the visit is over."""
        if self._room.occupied is True:
            self._hall.finish(self._room, now)
            self.end(now, "occupied", ("refused", Refusal.OCCUPIED))
            return False
        self._vacate(self._bearer.source in NOBODY_KNOWN)
        return True

    def _vacate(self, unseen: bool) -> None:
        """This compartment is nobody's any more; one that may have been opened unseen has to be looked into."""
        self._room.release()
        self._room.errand = None
        if unseen:
            self._hall.unwatched(self._room)
        self._hall.keep(self._room)

    def _staff_done(self, now: Now, outcome: str) -> None:
        """Staff or a technician is done with this door."""
        room = self._room
        if outcome == "took_out":
            self._hall.say(Record("taken_out", room.door, self._bearer.fields() | {"item": room.order.hex()}))
            room.release()
        room.errand = None
        self._hall.keep(room)
        self._hall.say(Record("staff_done", room.door, self._bearer.fields() | {"outcome": outcome}))
        self.end(now, outcome)

    def advance(self, now: Now) -> None:
        """Do what is due: a pulse that had to wait, or what follows when nothing happened for too long."""
        if self._pulse_due_ms is not None and now.ms >= self._pulse_due_ms:
            self._order_pulse(now)
        if self.timer_ms is None or now.ms < self.timer_ms:
            return
        self.timer_ms = None
        match self.state:
            case VisitState.OPENING:
                self._not_opened(now)
            case VisitState.RESTING | VisitState.PRESSING:
                self._cell.fire("pulse_again")
                self._order_pulse(now)
            case VisitState.OPEN | VisitState.EMPTYING:
                self._remind(now)
            case VisitState.REMINDED:
                self.end(now, "left_open", ("alarm_open", None))  # free for others; its errand ends when it is shut
            case VisitState.OFFERING:
                self.end(now, "done")
            case VisitState.ASKING:
                self._staff_done(now, "not_said")

    def _not_opened(self, now: Now) -> None:
        """A pulse, and the door still shut: rest and try again, then ask for a hand, then give up."""
        fields = {"attempt": self._attempt, "board_said": self.board_said}
        self._hall.say(Record("not_opened", self.door, fields, droppable=True))
        if self._attempt == 1:
            self._cell.fire("rest")
            self.timer_ms = now.ms + self._rules.rest_ms
        elif self._attempt == 2:
            self._cell.fire("press")
            self.timer_ms = now.ms + self._rules.press_ms
            self._hall.screen.show("press", door=self.door)
        else:
            self._give_up(now, "jammed")

    def _give_up(self, now: Now, why: str) -> None:
        """This door will not open now: another one for a drop-off, else a ticket and staff. The code stays unspent."""
        room, bearer = self._room, self._bearer
        first_opening = not (room.errand and room.errand.seen_open)
        room.give_up(jammed=why == "jammed")
        self._hall.say(Record("jammed" if why == "jammed" else "not_pulsed", room.door, bearer.fields() | {"why": why}))
        limited = why == Limit.TOO_MANY_DOORS.value  # the whole cabinet's: no other door would do better
        fresh = first_opening and self._moved < MOVES_MAX and not (self._then or limited)
        target = self._hall.allot(bearer.size, bearer.low, now) if fresh and bearer.purpose is Purpose.DEPOSIT else None
        self.unseen |= self._attempt > 0
        if target is not None:
            self._vacate(self.unseen)
            return self._move(target, why, now)
        if not first_opening and room.errand is not None:
            room.errand = replace(room.errand, complete=True)
        if self.unseen and (bearer.by or not first_opening):  # otherwise the claim stands, and nobody else gets it
            self._hall.unwatched(room)
        self._hall.keep(room)
        if limited:
            return self.end(now, why, ("refused", Refusal.RATE_LIMITED))
        return self._call_staff(now, why)

    def _call_staff(self, now: Now, why: str) -> None:
        """A ticket number for the person, an event for the staff."""
        ticket = f"{self.door:02d}-{now.wall_ms // 60_000 % 10_000:04d}"
        self._hall.say(Record("staff_called", self.door, self._bearer.fields() | {"ticket": ticket, "why": why}))
        self.end(now, why, ("jammed", None), ticket=ticket)

    def _remind(self, now: Now) -> None:
        """The door has been open for a while."""
        self._cell.fire("remind")
        self._hall.say(Record("left_open", self.door, self._bearer.fields()))
        self.timer_ms = now.ms + self._rules.alarm_ms - self._rules.reminder_ms
        if not self._hall.duty.reminded():
            self._hall.screen.show("left_open", door=self.door)

    def end(self, now: Now, why: str, last: tuple[str, Refusal | None] | None = None, ticket: str = "") -> None:
        """The person has gone, or has to go; ``last`` is a screen that stays for a moment."""
        room, bearer, door = self._room, self._bearer, self.door
        if room.leave():
            self._hall.keep(room)
        if room.state is DoorState.LEFT_OPEN:
            self._hall.say(Record("alarm_open", door, bearer.fields()))
        self._cell.fire("end")
        self.bearer = self.room = self.timer_ms = self._pulse_due_ms = None
        self._hall.say(Record("visit_ended", door, bearer.fields() | {"why": why}, droppable=True))
        self._hall.visit_over(now)
        if last is not None:
            self._hall.screen.notice(last[0], now, door=door, reason=last[1].value if last[1] else "", ticket=ticket)

    @property
    def _room(self) -> Compartment:
        """The compartment of a visit that is under way."""
        assert self.room is not None, "no visit under way"
        return self.room

    @property
    def _bearer(self) -> Bearer:
        """The authority of a visit that is under way."""
        assert self.bearer is not None, "no visit under way"
        return self.bearer
