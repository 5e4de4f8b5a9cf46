"""The deadlines: until when an item is kept, told ahead, marked when it is over, and extended while the cloud was away.

Theory. What is counted is *served time*: how long this cabinet ran with a way to the cloud, by the boot clock, which
nobody can set. It stands still while the cloud is away and while the cabinet is off, so every outage extends every
deadline by its length. An item is overdue when two things are so: the served time of its term is used up, and the time
that surely is past has reached the deadline that was told. The first no clock can hasten, the second keeps the promise.

The deadline that is told is wall time: now, and what is left of the term. It is reckoned anew after an outage, after a
start, and when a clock is believed after one that was not; it only ever moves later. Without a clock nothing is told
and nothing marked. The count is saved when the link is lost or back, with each new item, and now and then with whatever
is saved anyway; what a power cut takes of it makes deadlines later, never earlier.

Marking takes nothing away: the owner's code stays valid until staff take the item out. Pure: knows neither tokens nor
how an item is put in or taken out; opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from locker.compartment import Compartment
from locker.config import Config
from locker.model import Custody, Effect, KeepNote, Kind, Now, Quality, Record, Term
from locker.timekeeping import DAY_MS, GOOD

NOTE = "served"
"""The name under which the served time is saved."""
HOUR_MS = 3_600_000
CHECK_MS = 60_000
"""How soon to look again where the term is used up and the told deadline is not reached."""
EXTENDED_MS_MIN = 60_000
"""A shorter extension is not told: the count has it all the same, and the next one carries it."""
SAVE_MS = 900_000
"""How old the saved count may be before it rides on the next commit."""


class Deadlines:
    """The terms of all items in one cabinet."""

    def __init__(
        self,
        say: Callable[[Effect], None],
        keep: Callable[[Compartment], None],
        rooms: Mapping[int, Compartment],
        cfg: Config,
        notes: Mapping[str, str],
        now: Now,
    ) -> None:
        """``say`` and ``keep`` are the cabinet's; ``notes`` may have the count as it was saved.

        Without a cloud in the configuration no link can be missed: all time that the cabinet runs is served.
        """
        self._say, self._keep, self._rooms, self._keeping = say, keep, rooms, cfg.keeping
        saved = notes.get(NOTE, "")
        self._counted_ms = int(saved) if saved.isdecimal() else 0
        self._since_ms = now.ms if cfg.mqtt is None else None
        self._stale, self._why = True, "restart"
        self._dirty, self._saved_ms, self._looked_ms = False, now.ms, now.ms - CHECK_MS
        self._next_ms: int | None = now.ms

    # --- what is asked of it ----------------------------------------------------------------------

    def overdue(self) -> list[Compartment]:
        """Every compartment whose item is overdue, the one that is so longest first."""
        found = [room for room in self._rooms.values() if room.overdue]
        return sorted(found, key=lambda room: (room.deadline_ms, room.door))

    def begin(self, room: Compartment, order: bytes, kind: Kind, now: Now, load: int | None) -> None:
        """An item lies here from now on. The same one put in again keeps the later of its deadlines."""
        same = room.custody is Custody.HOLDING and (room.order, room.kind) == (order, kind)
        term_ms = self._term_ms(kind)
        deadline_ms = max(_believed_ms(now) + term_ms, room.deadline_ms if same else 0)
        room.hold(order, kind, now.wall_ms, deadline_ms, load)
        room.term = Term(due_ms=self.served_ms(now) + term_ms)
        self._dirty = True
        if now.quality not in GOOD:
            self._stale, self._why = True, "clock"
        self._plan()

    def link(self, up: bool, now: Now) -> None:
        """The way to the cloud is there or is not. The same told again changes nothing."""
        if up == (self._since_ms is not None):
            return
        self._counted_ms, self._since_ms = self.served_ms(now), now.ms if up else None
        if not up:
            self._stale, self._why = True, "outage"
        self._dirty = self._dirty or any(self._waiting())
        self._plan()

    def served_ms(self, now: Now) -> int:
        """How long this cabinet has served so far, in milliseconds of boot time."""
        return self._counted_ms + (max(0, now.ms - self._since_ms) if self._since_ms is not None else 0)

    def deadline_ms(self) -> int | None:
        """The boot time at which ``advance`` has something to look at, or None."""
        return self._next_ms

    def advance(self, now: Now) -> None:
        """Extend what an outage has taken, and tell and mark what is due. Nothing while the cloud is away."""
        if self._since_ms is None or now.quality is Quality.FLOOR:
            if self._next_ms is not None and now.ms >= self._next_ms:
                self._looked(now)
            return
        if self._stale:
            self._extend(now)
        if self._next_ms is None and any(self._waiting()):
            self._plan()  # staff have put back or moved an item, with its term
        if self._next_ms is not None and now.ms >= self._next_ms:
            for room in list(self._waiting()):
                self._look(room, now)
            self._looked(now)

    def note(self, now: Now) -> KeepNote | None:
        """What to save with a commit that takes place anyway, or None: it was saved not long ago, or nothing waits."""
        old = self._since_ms is not None and now.ms - self._saved_ms >= SAVE_MS and any(self._waiting())
        if not self._dirty and not old:
            return None
        self._dirty, self._saved_ms = False, now.ms
        return KeepNote(NOTE, str(self.served_ms(now)))

    # --- the parts --------------------------------------------------------------------------------

    def _term_ms(self, kind: Kind) -> int:
        days = self._keeping.certificate_days if kind is Kind.CERTIFICATE else self._keeping.submission_days
        return days * DAY_MS

    def _waiting(self) -> Iterator[Compartment]:
        """Compartments with an item that is not overdue yet."""
        return (room for room in self._rooms.values() if room.custody is Custody.HOLDING and not room.overdue)

    def _extend(self, now: Now) -> None:
        """Move deadlines later by what the cloud was away, the cabinet was off, or the clock was behind."""
        for room in list(self._waiting()):
            self._adopt(room, now)
            before_ms, after_ms = room.deadline_ms, _believed_ms(now) + room.term.due_ms - self.served_ms(now)
            if after_ms - before_ms >= EXTENDED_MS_MIN:
                room.deadline_ms = after_ms
                by_ms = after_ms - before_ms
                self._tell("deadline_extended", room, droppable=True, from_ms=before_ms, by_ms=by_ms, why=self._why)
        self._stale = now.quality not in GOOD
        self._plan()

    def _adopt(self, room: Compartment, now: Now) -> None:
        """An item of a program that counted no served time: it has until its deadline, and its term at the most."""
        if room.term.due_ms == 0:
            kind = room.kind or Kind.SUBMISSION
            left_ms = min(max(0, room.deadline_ms - _believed_ms(now)), self._term_ms(kind))
            room.term = replace(room.term, due_ms=max(1, self.served_ms(now) + left_ms))
            self._dirty = True
            self._keep(room)

    def _look(self, room: Compartment, now: Now) -> None:
        """Tell and mark one item, each once."""
        self._adopt(room, now)
        left_ms, notice_ms = room.term.due_ms - self.served_ms(now), self._keeping.notice_hours * HOUR_MS
        if left_ms <= 0 and now.past_ms >= room.deadline_ms:
            room.term = replace(room.term, overdue=True)
            self._tell("overdue", room, since_ms=room.since_ms)
        elif self._noticeable(room, left_ms, notice_ms) and _believed_ms(now) >= room.deadline_ms - notice_ms:
            room.term = replace(room.term, noticed=True)
            self._tell("due_soon", room, hours=self._keeping.notice_hours)

    def _noticeable(self, room: Compartment, left_ms: int, notice_ms: int) -> bool:
        return bool(notice_ms) and not room.term.noticed and left_ms <= notice_ms

    def _tell(self, what: str, room: Compartment, *, droppable: bool = False, **fields: int | str) -> None:
        """Save the compartment and say what happened to its item."""
        self._keep(room)
        kind = room.kind.value if room.kind else ""
        about = {"order": room.order.hex(), "kind": kind, "deadline_ms": room.deadline_ms}
        self._say(Record(what, room.door, about | fields, droppable=droppable))

    def _looked(self, now: Now) -> None:
        self._looked_ms = now.ms
        self._plan()

    def _plan(self) -> None:
        """When to look next: when the first term or notice is used up, and once an hour in any case."""
        self._next_ms = None
        if self._since_ms is None:
            return
        notice_ms = self._keeping.notice_hours * HOUR_MS
        for room in self._waiting():
            ahead_ms = 0 if room.term.noticed else notice_ms
            due_ms = self._since_ms + room.term.due_ms - ahead_ms - self._counted_ms
            at_ms = min(max(due_ms, self._looked_ms + CHECK_MS), self._looked_ms + HOUR_MS)
            self._next_ms = at_ms if self._next_ms is None else min(self._next_ms, at_ms)


def _believed_ms(now: Now) -> int:
    """Wall time as a deadline is reckoned from it: never a guess, and never a clock far ahead of what is certain."""
    doubtful = now.quality is Quality.FLOOR or now.wall_ms - now.past_ms > DAY_MS
    return now.past_ms if doubtful else now.wall_ms
