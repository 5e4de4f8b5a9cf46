"""The duty's note on the disk: who is at work, what was begun and not finished, and who loaded what.

It is saved in the commit of each step that changes it. After a power cut nothing is opened from it: the next person of
the staff is offered what it says. Knows JSON and values; must never know a compartment's state or a screen.

*Questions* are doors at which an item was being put in when everything stopped: whether it lies there is not known.
A *round* is a chore that goes from door to door, with the doors still to be done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from locker.chore import Parcel
from locker.model import Kind, Term

NOTE = "duty"
"""The name under which it is saved."""


class DutyNoteError(ValueError):
    """The saved note cannot be read; says what follows from that."""


@dataclass(slots=True)
class Remembered:
    """All of it. ``by`` and ``cti`` are empty while nobody is at work; ``loaders``: door to (order, person)."""

    by: str = ""
    cti: bytes = b""
    round: str = ""
    doors: tuple[int, ...] = ()
    questions: dict[int, tuple[str, Parcel]] = field(default_factory=dict)
    loaders: dict[int, tuple[bytes, str]] = field(default_factory=dict)

    def to_text(self) -> str:
        """As it is saved."""
        questions = {door: [task, *_parcel_fields(parcel)] for door, (task, parcel) in self.questions.items()}
        loaders = {door: [order.hex(), by] for door, (order, by) in self.loaders.items()}
        fields = [self.by, self.cti.hex(), self.round, self.doors, questions, loaders]
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Remembered:
    """What was saved. Raises ``DutyNoteError``."""
    try:
        by, cti, name, doors, questions, loaders = json.loads(text)
        return Remembered(
            str(by),
            bytes.fromhex(cti),
            str(name),
            tuple(int(door) for door in doors),
            {int(door): (str(task), _parcel(fields)) for door, (task, *fields) in questions.items()},
            {int(door): (bytes.fromhex(order), str(who)) for door, (order, who) in loaders.items()},
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        what = "what staff had begun is not offered again; audit the cabinet"
        raise DutyNoteError(f"the saved note is unreadable ({error}); {what}") from error


def _parcel_fields(parcel: Parcel) -> list[Any]:
    term = [parcel.term.due_ms, parcel.term.noticed, parcel.term.overdue]
    kind = parcel.kind.value
    return [parcel.order.hex(), kind, parcel.since_ms, parcel.deadline_ms, parcel.load, term, parcel.given, parcel.by]


def _parcel(fields: list[Any]) -> Parcel:
    order, kind, since_ms, deadline_ms, load, term, given, by = fields
    number = None if load is None else int(load)
    times = int(since_ms), int(deadline_ms)
    return Parcel(bytes.fromhex(order), Kind(kind), *times, number, Term(*term), int(given), str(by))
