"""What a visit is given: the bearer of an authority, and the hall around the visit.

``Bearer`` is what remains of a token once it has been verified. ``Hall`` is the little that a visit may ask of the
cabinet; it is declared here, by its consumer, so that a visit can be read and tested without the cabinet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from locker.coil import CoilGuard
from locker.compartment import Compartment
from locker.model import Effect, Errand, Now, Purpose, Size
from locker.screen import Screen

RESUMED, GAVE_WAY = "resumed", "gave_way"
"""The source of a bearer whose door was found open after a start, or whose jammed door opened later by itself."""
NOBODY_KNOWN = (RESUMED, GAVE_WAY)
"""The sources at which nobody has shown who stands there."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """The authority in front of the cabinet. ``exp`` is Unix seconds; ``size`` None means any.

    ``named`` means that the authority names its door and is good for no other; ``nonce`` is the one of a screen that it
    carries, None for none. An opening by staff at work carries the id of the token that their ``duty`` began with, and
    its ``task``; ``order`` is then that of an item which is put in.
    """

    purpose: Purpose
    cti: bytes
    order: bytes
    exp: int
    by: str = ""
    size: Size | None = None
    low: bool = False
    source: str = "scanner"
    named: bool = False
    nonce: bytes | None = None
    duty: bytes = b""
    task: str = ""

    @classmethod
    def of(cls, errand: Errand, exp: int) -> Bearer:
        """The bearer that an unfinished errand was for."""
        return cls(errand.purpose, errand.cti, errand.order, exp, errand.by, source=RESUMED)

    def fields(self) -> dict[str, Any]:
        """What every event about this authority says of it."""
        found = {"purpose": self.purpose.name.lower(), "cti": self.cti.hex(), "source": self.source}
        found |= {"order": self.order.hex()} if self.order else {}
        found |= {"duty": self.duty.hex(), "task": self.task} if self.duty else {}
        return found | ({"by": self.by} if self.by else {})


class Work(Protocol):
    """Staff at work, as a visit sees them: theirs are the screens at an open door, and what follows when it is shut."""

    def opened(self, now: Now) -> bool:
        """The visit's door was seen open; False when the visit is none of theirs."""

    def reminded(self) -> bool:
        """It has been open for a while, and the screen says so; False when the visit is none of theirs."""

    def shut(self, now: Now) -> bool:
        """It was seen shut, and the visit is over by that; False when the visit has to ask what became of the item."""


class Hall(Protocol):
    """What a visit needs of the cabinet around it."""

    coil: CoilGuard
    screen: Screen

    @property
    def duty(self) -> Work:
        """Staff at work."""

    def say(self, effect: Effect) -> None:
        """Append an effect to this turn's."""

    def keep(self, room: Compartment) -> None:
        """Save a compartment as it is now."""

    def claim(self, bearer: Bearer, door: int) -> None:
        """Bind an authority to a door, unspent; a drop-off that was left open there counts as put in."""

    def unwatched(self, room: Compartment) -> None:
        """Offer a compartment to nobody before somebody has looked at what lies inside."""

    def pulse(self, door: int) -> None:
        """Order one pulse, after everything said so far is on the disk."""

    def staffed(self, bearer: Bearer, now: Now) -> bool:
        """Whether staff stand there and this was asked for at the cabinet: no limit on doors a minute then."""

    def spend(self, bearer: Bearer, door: int) -> None:
        """Record that an authority has had its opening."""

    def allot(self, size: Size | None, low: bool, now: Now, larger_than: Size | None = None) -> Compartment | None:
        """A free compartment, or None."""

    def finish(self, room: Compartment, now: Now) -> None:
        """The door of an errand was seen shut: settle the custody."""

    def visit_over(self, now: Now) -> None:
        """The person has gone."""
