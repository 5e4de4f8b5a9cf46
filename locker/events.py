"""Events: facts that have arrived, as immutable values.

A driver turns bytes, pins, callbacks and touches into these; nothing here says what is to be done about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from locker.words import Language, PulseAnswer


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scanner gave one complete reading, without its terminator. ``data`` is at most 1024 bytes."""

    data: bytes
    scanner: str = "scanner"


@dataclass(frozen=True, slots=True)
class DoorSeen:
    """Two equal consecutive readings of a door. Sent on every change and once after each pulse.

    ``occupied`` is None where the compartment has no such sensor. ``fresh`` is True when both readings began
    after the last pulse on this door was on the wire.
    """

    door: int
    open: bool
    occupied: bool | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class PulseSent:
    """The unlock order for this door is wholly on the wire. Not yet acknowledged, not yet open."""

    door: int


@dataclass(frozen=True, slots=True)
class PulseAnswered:
    """The board answered an unlock order, or stayed silent where it should have answered."""

    door: int
    answer: PulseAnswer


@dataclass(frozen=True, slots=True)
class PulseDropped:
    """The unlock order never reached the wire (port gone, board silent); no coil was energised by it."""

    door: int
    why: str


@dataclass(frozen=True, slots=True)
class BoardSilent:
    """A lock board answers no more; its doors are unknown until ``BoardBack``."""

    board: str
    doors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BoardBack:
    """A lock board answers again (or for the first time). ``DoorSeen`` of all its doors follows."""

    board: str
    doors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PortLost:
    """A port could not be opened or vanished. ``device`` names the configured device, ``why`` the error."""

    device: str
    why: str


@dataclass(frozen=True, slots=True)
class PortBack:
    """A port that had been lost is open again; ``path`` is what its name leads to now."""

    device: str
    path: str


@dataclass(frozen=True, slots=True)
class DeviceTrouble:
    """Something a technician should know of a device: a setting refused, an overrun, a wrong version."""

    device: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeviceKnown:
    """What a device says it is: its firmware's version. Told when it is first read, and when it has changed."""

    device: str
    version: str


@dataclass(frozen=True, slots=True)
class Tallied:
    """A device's counters as they stand (``Driver.counters``), handed on now and then."""

    device: str
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line of the cabinet's own was read alike for long enough.

    ``line`` is ``mains_lost``, ``battery_low``, ``ups_off`` or ``tamper``. Told for the first reading and for each
    change. ``brief`` is True for a contact that was over before anybody could look (the turn was held up); ``active``
    is as it is now.
    """

    line: str
    active: bool
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement: ``reserve_mv``, ``reserve_ma``, ``inside_mc`` (thousandths of a degree); None where it failed."""

    what: str
    value: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """A button on the screen. ``screen`` is the number of the screen it was on, so that a late touch is void."""

    button: str
    screen: int


@dataclass(frozen=True, slots=True)
class Typed:
    """A pick-up code was typed on the keypad. ``screen`` as for ``Touched``; the code is in no log and no repr."""

    code: str = field(repr=False)
    screen: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The language of the page that was switched last; "" where none is switched any more, or no page is there."""

    language: Language


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker accepted the session and the subscriptions. ``mqtt`` is 5 or 4 (3.1.1)."""

    mqtt: int
    session_present: bool


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The broker is out of reach or refused us; ``why`` is its reason."""

    why: str


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message on one of the cabinet's down topics. ``tail`` is the topic after ``down/``.

    ``handle`` is given back in ``Acknowledge`` once what the message asked for is on the disk.
    """

    tail: str
    payload: bytes
    retained: bool
    handle: int


@dataclass(frozen=True, slots=True)
class SignedArrived:
    """Bytes that may be a key set ("keys") or a revocation list ("revoked") lie in a file; nothing of it is believed.

    ``source`` is "file" (the inbox folder) or "stick". At most one byte more than the longest document.
    """

    kind: str
    raw: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Receipted:
    """A deposit and its signed receipt are on the disk; ``text`` is the receipt's ("LKR1:...")."""

    door: int
    text: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker took a publish (PUBACK without a refusal). ``tag`` is the ``Publish``'s."""

    tag: int


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """The broker refused a publish, or nobody subscribes to it; ``reason`` is its reason code."""

    tag: int
    reason: int


Event = (
    Scanned
    | DoorSeen
    | PulseSent
    | PulseAnswered
    | PulseDropped
    | BoardSilent
    | BoardBack
    | PortLost
    | PortBack
    | DeviceTrouble
    | LineSeen
    | Measured
    | DeviceKnown
    | Tallied
    | Touched
    | Typed
    | Chosen
    | LinkUp
    | LinkDown
    | MessageReceived
    | SignedArrived
    | Receipted
    | Delivered
    | NotDelivered
)
