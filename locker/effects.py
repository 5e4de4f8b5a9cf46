"""Effects: orders to remember and orders to carry out, and the rows that are remembered, as immutable values.

``Keep`` effects are committed together, in one transaction; ``Act`` effects are carried out only after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from locker.words import Custody, Kind, Language, Purpose


@dataclass(frozen=True, slots=True)
class Errand:
    """The authority under which a compartment is being opened: kept until the errand is complete.

    ``order`` is empty and ``by`` the person's id for staff and technicians; ``cti`` is the token's id. ``complete``
    means that the door was seen shut again and the custody is settled.
    """

    purpose: Purpose
    cti: bytes
    order: bytes
    by: str = ""
    seen_open: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Wear:
    """How worn a door is (``locker.wear``): ``cycles`` its switch has counted, and its reactions in milliseconds.

    ``timed`` is how many reactions were measured, ``usual_ms`` and ``recent_ms`` their slow and fast means; ``slower``
    whether that was told, ``told_percent`` which percentage of the rated cycles was told last.
    """

    cycles: int = 0
    timed: int = 0
    usual_ms: float = 0.0
    recent_ms: float = 0.0
    slower: bool = False
    told_percent: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """How long an item may stay (``locker.deadlines``): ``due_ms`` of served time, 0 for none reckoned.

    ``noticed`` whether it was told that the end is near, ``overdue`` whether it was marked.
    """

    due_ms: int = 0
    noticed: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class CompartmentRow:
    """What the disk knows of one compartment. ``since_ms`` and ``deadline_ms`` are wall time, 0 for none.

    ``load`` is the counter of the item's pick-up code (HOTP), None for an item that has no code.
    """

    door: int
    state: str
    custody: Custody = Custody.EMPTY
    order: bytes = b""
    kind: Kind | None = None
    since_ms: int = 0
    deadline_ms: int = 0
    in_service: bool = True
    reason: str = ""
    errand: Errand | None = None
    rev: int = 0
    load: int | None = None
    wear: Wear = Wear()
    term: Term = Term()


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A token whose id was claimed for a door (before the pulse) and perhaps spent (seen open)."""

    cti: bytes
    order: bytes
    door: int
    purpose: Purpose
    exp: int
    spent: bool = False


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command's id and the answer it got, so that a repeat gets the same answer and does nothing."""

    id: str
    exp: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class KeepSigned:
    """Save what the root signed, in place of the one before: "keys" or "revoked", its version, SHA-256 and bytes."""

    kind: str
    version: int
    digest: bytes
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the disk knew at start. ``visit`` is the note of a visit that was in progress, or None.

    ``signed`` is the key set and the revocation list that were in force, as they were saved; ``notes`` are the
    small texts of ``KeepNote`` by name.
    """

    compartments: tuple[CompartmentRow, ...] = ()
    tokens: tuple[UsedToken, ...] = ()
    commands: tuple[CommandRow, ...] = ()
    visit: str | None = None
    signed: tuple[KeepSigned, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


# --- effects: to remember -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepCompartment:
    """Save this compartment's row and publish its snapshot."""

    row: CompartmentRow


@dataclass(frozen=True, slots=True)
class KeepToken:
    """Save a token as claimed or spent."""

    row: UsedToken


@dataclass(frozen=True, slots=True)
class KeepCommand:
    """Save a command's id with its answer."""

    row: CommandRow


@dataclass(frozen=True, slots=True)
class KeepVisit:
    """Save the visit in progress (a short note for the next start), or None when nobody is there."""

    note: str | None


@dataclass(frozen=True, slots=True)
class KeepNote:
    """Save a small text under a name (a lock-out, a counter, a floor), in place of the one before."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete used tokens and commands that expired before these Unix seconds.

    With ``event_before_ms`` (Unix wall time, 0 for none) also the event rows that the cloud has and that are older; the
    store then says in an event how much went of each kind.
    """

    token_exp_before: int
    command_exp_before: int
    event_before_ms: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """Append to the event stream. ``fields`` are JSON values; ``order`` and ``cti`` in hexadecimal.

    ``droppable`` events (notes) go first when the log reaches its limit; openings, refusals and alarms never.
    """

    kind: str
    door: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    droppable: bool = False


# --- effects: to carry out after the commit -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulse:
    """Energise this door's coil once, for the board's pulse time. Only ever after the commit that allows it."""

    door: int


@dataclass(frozen=True, slots=True)
class Attend:
    """Somebody is (not) there: drivers poll fast while True, slowly otherwise."""

    present: bool


@dataclass(frozen=True, slots=True)
class DoorRow:
    """One door in a staff screen's list. No name, and of the item's order no more than its mark.

    ``state`` and ``custody`` are the values of ``DoorState`` and ``Custody``, ``kind`` that of ``Kind`` or "". ``item``
    is the mark that the label carries too: the order's last four hexadecimal digits (``locker.labels``), "" for none.
    ``note`` is a name in the catalogues' section ``words`` (why it is out of service, what an audit found) or "".
    """

    door: int
    state: str
    custody: str = "empty"
    kind: str = ""
    overdue: bool = False
    in_service: bool = True
    note: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Show:
    """What the screen shows. ``name`` is a key of the catalogues; ``offers`` are buttons, best first.

    ``number`` rises with each screen; a touch must carry it. ``remaining_ms`` is the time until the screen changes by
    itself, 0 for never. ``reason`` is a refusal's name, ``ticket`` a staff ticket's number, ``receipt`` the text of a
    deposit's signed receipt, to be shown as a QR code. ``invite`` is the address of the phone-first way, to be shown as
    a QR code too; ``digits`` is how many digits the keypad takes here, 0 for no keypad.

    An offer with a colon names what it is about: ``door:7``, ``why:broken``; its sentence is that of the part before
    the colon. ``facts`` are the values in the screen's own sentences (``load``, ``of``, ``size`` ...): a number as it
    is, a text by the catalogues' section ``words`` where that has it, else as it is. ``rows`` is a list of doors, on
    staff's screens only. Neither ever carries a name or a whole order. ``language`` is what it is said aloud in,
    "" for the languages of the configuration; to be read it is there in all.
    """

    name: str
    number: int
    door: int = 0
    offers: tuple[str, ...] = ()
    reason: str = ""
    ticket: str = ""
    remaining_ms: int = 0
    receipt: str = ""
    invite: str = ""
    digits: int = 0
    facts: Mapping[str, str | int] = field(default_factory=dict)
    rows: tuple[DoorRow, ...] = ()
    language: Language = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """Switch a part on or off: ``lamp_left``, ``fan`` ...

    ``for_ms`` is how long it stays on unless it is ordered again, 0 for until it is ordered off.
    """

    line: str
    on: bool
    for_ms: int = 0


@dataclass(frozen=True, slots=True)
class ShutDown:
    """End the program, all outputs off, and have the computer switched off: the reserve is nearly empty."""

    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command: an encoded response, to be published once."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the broker that a message has been dealt with (its effects are on the disk)."""

    handle: int


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish under the cabinet's ``up/`` topics; ``tail`` follows ``up/``, ``tag`` comes back in ``Delivered``."""

    tail: str
    payload: bytes
    qos: int
    retain: bool
    tag: int


Keep = KeepCompartment | KeepToken | KeepCommand | KeepVisit | KeepSigned | KeepNote | Forget | Record
Act = Pulse | Attend | Show | Answer | Acknowledge | Publish | Switch | ShutDown
Effect = Keep | Act
