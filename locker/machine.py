"""The two tables: what a compartment's door can be, and where one person's visit can stand.

Theory. A *fact* (the door is open, the door is shut, the board is out of sight) has a row in every state, because
a fact cannot be refused. A *command* (unlock, give up, go on) has rows only where it makes sense; a missing row is
the refusal. No row carries a condition or an action: the cabinet chooses the trigger, and appends the effects after it.

The door and the visit meet in one place, ``locker.visit``. Custody (who owns what lies inside) is not a door's
state and is kept apart. ``docs/states.md`` is drawn from these tables, and a test holds the two together.

The only file that imports ``transitions``; it knows neither time nor doors' numbers.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Generic, TypeVar

from transitions import Machine, MachineError


class DoorState(Enum):
    """What the controller believes of one door; the words are meant for a screen."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    LEFT_OPEN = "left_open"
    FORCED = "forced"
    JAMMED = "jammed"


class VisitState(Enum):
    """Where the one person in front of the cabinet stands."""

    IDLE = "idle"
    OPENING = "opening"
    RESTING = "resting"
    PRESSING = "pressing"
    OPEN = "open"
    REMINDED = "reminded"
    EMPTYING = "emptying"
    OFFERING = "offering"
    ASKING = "asking"


class DutyState(Enum):
    """Where somebody of the staff stands who is at work at the cabinet."""

    OFF = "off"
    CHOOSING = "choosing"
    LABELLING = "labelling"
    LISTING = "listing"
    REASONING = "reasoning"
    OPENING = "opening"
    WORKING = "working"
    ASKING = "asking"


logging.getLogger("transitions").setLevel(logging.WARNING)

Row = tuple[str, Enum, Enum]

_D = DoorState
_V = VisitState
_S = DutyState


def _fact(trigger: str, outcomes: dict[Enum, Enum]) -> list[Row]:
    """Rows of a fact: one for every state in the given map."""
    return [(trigger, source, dest) for source, dest in outcomes.items()]


def _command(trigger: str, sources: tuple[Enum, ...], dest: Enum) -> list[Row]:
    """Rows of a command: only from these states."""
    return [(trigger, source, dest) for source in sources]


COMPARTMENT: list[Row] = [
    # commands
    *_command("unlock", (_D.UNKNOWN, _D.CLOSED, _D.OPENING, _D.JAMMED, _D.LEFT_OPEN, _D.FORCED), _D.OPENING),
    *_command("give_up", (_D.OPENING, _D.UNKNOWN, _D.CLOSED), _D.JAMMED),
    *_command("leave", (_D.OPEN,), _D.LEFT_OPEN),
    *_command("repair", (_D.JAMMED,), _D.UNKNOWN),
    # fact: seen open while an authority for it stands
    *_fact("opened", dict.fromkeys(_D, _D.OPEN)),
    # fact: seen open though nobody was allowed to
    *_fact(
        "found_open",
        {
            _D.UNKNOWN: _D.LEFT_OPEN,
            _D.CLOSED: _D.FORCED,
            _D.OPENING: _D.OPEN,
            _D.OPEN: _D.OPEN,
            _D.LEFT_OPEN: _D.LEFT_OPEN,
            _D.FORCED: _D.FORCED,
            _D.JAMMED: _D.LEFT_OPEN,
        },
    ),
    # fact: seen shut
    *_fact(
        "found_shut",
        {**dict.fromkeys(_D, _D.CLOSED), _D.OPENING: _D.OPENING, _D.JAMMED: _D.JAMMED},
    ),
    # fact: nobody can say (the board is silent, or the program has just started)
    *_fact("out_of_sight", {**dict.fromkeys(_D, _D.UNKNOWN), _D.JAMMED: _D.JAMMED}),
]

VISIT: list[Row] = [
    # commands of the flow
    *_command("begin", (_V.IDLE,), _V.OPENING),
    *_command("resume", (_V.IDLE,), _V.OPEN),
    *_command("rest", (_V.OPENING,), _V.RESTING),
    *_command("press", (_V.OPENING,), _V.PRESSING),
    *_command("pulse_again", (_V.RESTING, _V.PRESSING), _V.OPENING),
    *_command("move", (_V.OPENING, _V.RESTING, _V.PRESSING, _V.EMPTYING, _V.REMINDED), _V.OPENING),
    *_command("remind", (_V.OPEN, _V.EMPTYING), _V.REMINDED),
    *_command("reopen", (_V.OFFERING,), _V.OPENING),
    *_command("empty", (_V.OPEN, _V.REMINDED), _V.EMPTYING),
    *_command("ask", (_V.OPEN, _V.REMINDED), _V.ASKING),
    *_command("end", tuple(s for s in _V if s is not _V.IDLE), _V.IDLE),
    # fact: this visit's door was seen open
    *_fact(
        "opened",
        {
            _V.IDLE: _V.IDLE,
            _V.OPENING: _V.OPEN,
            _V.RESTING: _V.OPEN,
            _V.PRESSING: _V.OPEN,
            _V.OPEN: _V.OPEN,
            _V.REMINDED: _V.REMINDED,
            _V.EMPTYING: _V.EMPTYING,
            _V.OFFERING: _V.OPEN,
            _V.ASKING: _V.OPEN,
        },
    ),
    # fact: this visit's door was seen shut
    *_fact("shut", {**{s: s for s in _V}, _V.OPEN: _V.OFFERING, _V.REMINDED: _V.OFFERING}),
]

DUTY: list[Row] = [
    # commands
    *_command("begin", (_S.OFF,), _S.CHOOSING),
    *_command("label", (_S.CHOOSING, _S.LISTING, _S.ASKING), _S.LABELLING),
    *_command("list", (_S.CHOOSING, _S.LABELLING, _S.REASONING, _S.ASKING), _S.LISTING),
    *_command("why", (_S.LISTING, _S.ASKING), _S.REASONING),
    *_command("work", (_S.CHOOSING, _S.LABELLING, _S.LISTING, _S.REASONING, _S.ASKING), _S.OPENING),
    *_command("home", (_S.LABELLING, _S.LISTING, _S.REASONING, _S.ASKING), _S.CHOOSING),
    *_command("end", tuple(s for s in _S if s not in (_S.OFF, _S.OPENING, _S.WORKING)), _S.OFF),
    # fact: the door of this step was seen open
    *_fact("opened", {**{s: s for s in _S}, _S.OPENING: _S.WORKING}),
    # fact: the door of this step was seen shut again
    *_fact("shut", {**{s: s for s in _S}, _S.WORKING: _S.ASKING}),
    # fact: this step's visit is over, and its door was not seen shut (a jam, no pulse, left open for too long)
    *_fact("gave_up", {**{s: s for s in _S}, _S.OPENING: _S.CHOOSING, _S.WORKING: _S.CHOOSING}),
]


class NotAllowed(ValueError):
    """A command was given in a state that has no row for it."""


S = TypeVar("S", bound=Enum)


class Cell(Generic[S]):
    """The state of one thing, governed by one table; ``now`` is set by the table only."""

    state: S

    def __init__(self, table: Table[S], now: S) -> None:
        """Begin in the state ``now``."""
        self._table = table
        table.govern(self, now)

    def allows(self, trigger: str) -> bool:
        """Whether there is a row for this trigger in the present state."""
        return self._table.allows(self.state, trigger)

    def fire(self, trigger: str) -> S:
        """Apply one row; the state before it. Raises ``NotAllowed`` when there is none."""
        before = self.state
        self._table.fire(self, trigger)
        return before


class Table(Generic[S]):
    """One table for any number of cells."""

    def __init__(self, rows: list[Row], initial: S) -> None:
        """Build the machine. Raises ``ValueError`` for a row with a state of another enum (a slip of the keyboard)."""
        states = type(initial)
        foreign = {t for t, s, d in rows if type(s) is not states or type(d) is not states}
        if foreign:
            raise ValueError(f"rows with a foreign state: {sorted(foreign)}")
        self._rows = {(trigger, source) for trigger, source, _ in rows}
        self._machine = Machine(
            model=None,
            states=states,
            initial=initial,
            transitions=[{"trigger": t, "source": s, "dest": d} for t, s, d in rows],
            auto_transitions=False,
        )

    def govern(self, cell: Cell[S], state: S) -> None:
        """Let this table govern a cell, starting in ``state``; the table does not keep hold of it."""
        self._machine.set_state(state, cell)

    def allows(self, state: S, trigger: str) -> bool:
        """Whether there is a row for this trigger in ``state``."""
        return (trigger, state) in self._rows

    def fire(self, cell: Cell[S], trigger: str) -> None:
        """Apply one row to a cell. Raises ``NotAllowed`` when there is none."""
        try:
            self._machine.events[trigger].trigger(cell)
        except (MachineError, KeyError) as error:
            raise NotAllowed(f"{trigger!r} has no row in state {cell.state.value!r}") from error


def diagram(rows: list[Row], initial: Enum) -> str:
    """The table as a Mermaid state diagram, rows of the same arrow joined; self-loops are left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for trigger, source, dest in rows:
        if source is not dest:
            arrows.setdefault((source.value, dest.value), []).append(trigger)
    lines = [f"    {a} --> {b}: {', '.join(sorted(ts))}" for (a, b), ts in sorted(arrows.items())]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {initial.value}", *lines])
