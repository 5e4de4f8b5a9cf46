"""A chore: one thing that staff do at the cabinet, and the page that the screen shows of it at each moment.

``Chore`` is what all of them have in common: it is told what was touched, which label was scanned, and what became of
the door of its step; it answers by moving the duty's state and by opening the next door through ``locker.duty``, which
has the authority for it. ``page`` is a function of the state alone, so that a screen that was covered by a notice can
be put there again. Knows compartments and buttons; must never know a token, a pulse or how a screen is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from locker.compartment import Compartment
from locker.labels import Label, mark
from locker.machine import DoorState, DutyState
from locker.model import DoorRow, Kind, Now, Refusal, Term

if TYPE_CHECKING:
    from locker.duty import Duty

DOOR = "door:"
"""How a button that names a door begins."""
DIGITS = 2
"""So many digits the keypad takes where a door's number may be typed instead of touched."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the screen is to show: see ``Show``, whose fields these are."""

    name: str
    door: int = 0
    offers: tuple[str, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)
    rows: tuple[DoorRow, ...] = ()
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """An item in somebody's hands. ``since_ms`` 0: it has not lain here before; else its times and number go with it.

    ``given`` is the number that the next item would have got when this one was taken out: while that stands, no item
    can have come to have the same code. ``by`` is who had loaded it, "" where that was no duty's.
    """

    order: bytes
    kind: Kind
    since_ms: int = 0
    deadline_ms: int = 0
    load: int | None = None
    term: Term = field(default_factory=Term)
    given: int = 0
    by: str = ""


def button_of(room: Compartment) -> str:
    """The button that means this door."""
    return f"{DOOR}{room.door}"


def buttons_of(rooms: Iterable[Compartment]) -> tuple[str, ...]:
    """A button for each of these doors."""
    return tuple(button_of(room) for room in rooms)


def item_facts(room: Compartment) -> dict[str, str | int]:
    """What a staff screen says of the item in a compartment, and of the compartment."""
    return {"item": mark(room.order), "size": room.plan.size}


def row_of(room: Compartment, note: str = "") -> DoorRow:
    """A compartment in a list of doors; ``note`` is a word, that of an item on its way or else of its service."""
    return DoorRow(
        door=room.door,
        state=room.state.value,
        custody=room.custody.value,
        kind=room.kind.value if room.kind else "",
        overdue=room.overdue,
        in_service=room.in_service,
        note=note or room.reason,
        item=mark(room.order),
    )


def rows_of(rooms: Iterable[Compartment]) -> tuple[DoorRow, ...]:
    """These compartments as a list."""
    return tuple(row_of(room) for room in rooms)


class Chore:
    """One task under way. ``name`` is also the button that begins it and what each of its events says."""

    name = ""

    def __init__(self, duty: Duty) -> None:
        """Part of one duty."""
        self.duty = duty

    @property
    def state(self) -> DutyState:
        """Where the duty stands."""
        return self.duty.state

    @property
    def rooms(self) -> list[Compartment]:
        """All compartments by their number."""
        return self.duty.rooms

    def begin(self, now: Now) -> None:
        """The button of this chore was touched."""

    def page(self) -> Page:
        """What the screen shows now."""
        raise NotImplementedError(f"the chore {self.name!r} has no page in state {self.state.value}")

    def chosen(self, button: str, now: Now) -> None:
        """A button of its page was touched, none of those that the duty itself knows."""

    def labelled(self, label: Label, now: Now) -> None:
        """An envelope's label was scanned; most chores want none."""
        self.duty.refuse(Refusal.LABEL_IDLE, f"no label is wanted at {self.name!r}", now)

    def opened(self, now: Now) -> None:
        """The door of this step was seen open."""

    def shut(self, room: Compartment, now: Now) -> None:
        """The door of this step was seen shut; the state is ASKING."""

    def gave_up(self, room: Compartment, now: Now) -> None:
        """The step is over and its door was not seen shut; the state is CHOOSING."""


def is_shut(room: Compartment) -> bool:
    """Whether the door is believed to be shut."""
    return room.state in (DoorState.CLOSED, DoorState.JAMMED)
