"""One compartment: its door's state, and apart from it the custody of what lies inside.

Knows its plan (number, size, place) and its row on the disk. Never knows a board, a token's bytes or the time of day;
it decides nothing, it only keeps its two halves consistent. Equality is identity, because two compartments in the same
state are still two.
"""

from __future__ import annotations

from locker import config
from locker.machine import COMPARTMENT, Cell, DoorState, Table
from locker.model import CompartmentRow, Custody, Errand, Kind, Size, Term, Wear

TABLE = Table(COMPARTMENT, DoorState.UNKNOWN)


class Compartment:
    """A door and the room behind it.

    ``errand`` is the authority under which it is being opened, None when nobody's. ``seen`` is what the door
    switch said last (True open), None when out of sight; ``occupied`` the same for a sensor inside. ``in_service``
    False means that nothing new is put here; an item inside stays collectable. ``stale``: the row on the disk is
    still an earlier run's.
    """

    def __init__(self, plan: config.Door, row: CompartmentRow | None = None) -> None:
        """Take up the row of an earlier run, if any. Whatever it says of the door, nobody has seen it yet: unknown."""
        row = row or CompartmentRow(plan.door, DoorState.UNKNOWN.value)
        self.plan = plan
        self.custody, self.order, self.kind = row.custody, row.order, row.kind
        self.since_ms, self.deadline_ms = row.since_ms, row.deadline_ms
        self.in_service, self.reason = row.in_service, row.reason
        self.errand: Errand | None = row.errand
        self.rev = row.rev
        self.load: int | None = row.load
        self.wear: Wear = row.wear
        self.term: Term = row.term
        self.occupied: bool | None = None
        self.seen: bool | None = None
        self._cell = Cell(TABLE, DoorState(row.state))
        self.fire("out_of_sight")
        self.stale = self.state.value != row.state

    @property
    def door(self) -> int:
        """The number on the label, from 1."""
        return self.plan.door

    @property
    def state(self) -> DoorState:
        """What is believed of the door."""
        return self._cell.state

    @property
    def size(self) -> Size:
        """The compartment's size."""
        return Size[self.plan.size]

    @property
    def free(self) -> bool:
        """Whether something new may be put here: empty, shut, in service, and nobody's errand."""
        empty = self.custody is Custody.EMPTY and self.errand is None and self.occupied is not True
        return empty and self.in_service and self.state is DoorState.CLOSED

    @property
    def waits(self) -> bool:
        """Whether a claim waits for this door to open; staff who looked in meanwhile leave a reservation alone."""
        return not self.errand.seen_open if self.errand else self.custody is Custody.RESERVED

    @property
    def overdue(self) -> bool:
        """Whether an item lies here whose time is over; its owner's code is valid all the same."""
        return self.custody is Custody.HOLDING and self.term.overdue

    @property
    def looks_open(self) -> bool | None:
        """What is believed of the door: True open, False shut, None not known."""
        if self.state is DoorState.UNKNOWN:
            return None
        return self.state in (DoorState.OPEN, DoorState.LEFT_OPEN, DoorState.FORCED)

    def fire(self, trigger: str) -> DoorState:
        """Apply a row of the table; the state before it. Raises ``NotAllowed`` where there is none."""
        return self._cell.fire(trigger)

    def allows(self, trigger: str) -> bool:
        """Whether the table has a row for this trigger now."""
        return self._cell.allows(trigger)

    def reserve(self, order: bytes) -> None:
        """Keep the room for an order that is about to be put in."""
        self.custody, self.order, self.kind, self.load = Custody.RESERVED, order, None, None
        self.since_ms, self.deadline_ms, self.term = 0, 0, Term()

    def hold(self, order: bytes, kind: Kind, since_ms: int, deadline_ms: int, load: int | None = None) -> None:
        """An item lies inside now. Times are wall time in milliseconds; ``load`` is its pick-up code's counter."""
        self.custody, self.order, self.kind, self.load = Custody.HOLDING, order, kind, load
        self.since_ms, self.deadline_ms = since_ms, deadline_ms

    def release(self) -> None:
        """Nothing lies inside now."""
        self.custody, self.order, self.kind, self.load = Custody.EMPTY, b"", None, None
        self.since_ms, self.deadline_ms, self.term = 0, 0, Term()

    def take_out_of_service(self, reason: str) -> None:
        """Offer this room to nobody until somebody has looked at it."""
        self.in_service, self.reason = False, reason

    def put_in_service(self) -> None:
        """Offer this room again; a jam counts as repaired, and a look inside that never came about as done."""
        self.in_service, self.reason = True, ""
        if self.errand and self.errand.by and not self.errand.seen_open:
            self.errand = None
        if self.allows("repair"):
            self.fire("repair")
            self._settle()

    def give_up(self, jammed: bool) -> None:
        """It did not open: jammed after all its pulses; given no pulse (again), it is what its switch says."""
        if jammed:
            self.fire("give_up")
        elif self.state in (DoorState.OPENING, DoorState.UNKNOWN):
            self.spare()

    def leave(self) -> bool:
        """The visit here is over: an errand that is complete goes, an open door is left open. Whether either was so."""
        complete = self.errand is not None and self.errand.complete
        if complete:
            self.errand = None
        was_open = self.state is DoorState.OPEN
        if was_open:
            self.fire("leave")
        return complete or was_open

    def spare(self) -> None:
        """The pulse never reached the board: the door is what the switch said last."""
        self.fire("out_of_sight")
        self._settle()

    def _settle(self) -> None:
        """From unknown to what the switch said last."""
        if self.seen is not None:
            self.fire("found_open" if self.seen else "found_shut")

    def row(self) -> CompartmentRow:
        """The row to keep, with a revision one higher than the last."""
        self.rev += 1
        self.stale = False
        return CompartmentRow(
            door=self.door,
            state=self.state.value,
            custody=self.custody,
            order=self.order,
            kind=self.kind,
            since_ms=self.since_ms,
            deadline_ms=self.deadline_ms,
            in_service=self.in_service,
            reason=self.reason,
            errand=self.errand,
            rev=self.rev,
            load=self.load,
            wear=self.wear,
            term=self.term,
        )
