"""The seam between the engine for lock boards and each wire protocol: questions out, answers in.

``drivers.bus`` and ``drivers.board`` are the engine: one exchange at a time, a pulse first, polls, two equal readings,
silence and recovery. A ``Dialect`` is one board of one kind: which questions in which order until it is in step, their
bytes, which frame answers which question, and what that answer means. A ``Decoder`` makes frames of the bytes of one
port; all boards on a port speak the same protocol. Neither knows time, ports or what a door is opened for.

| a dialect says | by |
|---|---|
| what to ask next, until the doors are read | ``question``; ``in_step`` once that is the doors' status |
| how a lock is unlocked; whether and until when the board answers | ``unlock``; ``Question.answered``, ``wait_ms`` |
| how long the wire rests after a question | ``Question.rest_ms`` |
| that contact is in doubt, that the port is another one | ``begin``, ``reconnected`` |
| whether a late answer could be taken for the next one | ``alike_rest_ms``: 0 where it cannot |
| what the board says unasked | ``is_news``: a reason to look, never believed |
| how long a coil may be on; that no pulse may go out | ``kept_ms``, ``objection`` |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from locker.model import PulseAnswer

F = TypeVar("F")
"""A decoded frame of one protocol."""
F_contra = TypeVar("F_contra", contravariant=True)

Trouble = tuple[str, str]
"""What a technician is told, once a silence: what it is, and the detail."""


PULSE_MS_MIN, PULSE_MS_MAX = 100, 1000
"""What a coil may be given: the cap of hardware facts 4.6."""
STATUS = "status"
"""What the question after the doors is called, in every dialect."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. ``wait_ms`` is how long an answer may take; where none is due, how long the wire is left alone.

    ``door`` is 0 except for an unlock: its ``wait_ms`` counts from its last byte. ``rest_ms`` is kept free after it.
    """

    what: str
    frame: bytes
    wait_ms: int
    answered: bool = True
    rest_ms: int = 0
    door: int = 0


@dataclass(frozen=True, slots=True)
class Doors:
    """The raw hook bits of all locks and, where the board has them, the bits of the sensors inside; bit 0 is lock 0."""

    hooks: int
    items: int = 0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the board said of an unlock."""

    answer: PulseAnswer


@dataclass(frozen=True, slots=True)
class Unproven:
    """An answer to an unlock that may be our own words come back: the wait is over, and nothing was said."""


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """A step of the set-up is done; ``question`` has the next one. ``version`` is its firmware's, where told."""

    trouble: Trouble | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The board answers, but says nothing of its doors."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """An answer that our kind of board never gives: another kind, where our numbers could mean anything."""

    trouble: Trouble


Verdict = Doors | Answered | Unproven | OnTheWay | Refused | Stranger


class Decoder(Protocol[F]):
    """Finds frames in a stream; ``bad`` and ``garbage`` count what was no frame.

    ``quiet_ms``: how long nothing may come before what it holds is whole; 0 where frames tell their own end.
    """

    bad: int
    garbage: int
    quiet_ms: int

    @property
    def holding(self) -> bool:
        """Whether bytes have come of which it is not known yet what they are."""

    def feed(self, data: bytes) -> list[F]:
        """Take what has arrived and return the frames that are complete now."""

    def settle(self) -> list[F]:
        """Nothing more will come: give up on what is incomplete, return whole frames hidden behind it."""


class Dialect(Protocol[F_contra]):
    """One board of one kind."""

    alike_rest_ms: int
    """After a loss, how long nothing may be heard before the next question; 0 where a late answer is known as such."""

    @property
    def in_step(self) -> bool:
        """Whether the next question is the doors' status."""

    @property
    def kept_ms(self) -> int | None:
        """How long this board keeps a coil on; None while that is unknown and no pulse may go out."""

    @property
    def objection(self) -> str:
        """Why no pulse may even wait; empty when one may."""

    def begin(self) -> None:
        """Contact is in doubt: begin with the first question again."""

    def reconnected(self) -> None:
        """The port was opened, perhaps to another board."""

    def question(self) -> Question:
        """What to ask next."""

    def unlock(self, door: int) -> Question:
        """The pulse of one door of this board. Raises ``KeyError`` for any other."""

    def is_own(self, frame: F_contra) -> bool:
        """Whether this is a request: our own, come back."""

    def is_mine(self, frame: F_contra) -> bool:
        """Whether this board sent it, as far as its address says."""

    def is_news(self, frame: F_contra) -> bool:
        """Whether this board sends such a frame unasked, when a door moves."""

    def fits(self, question: Question, frame: F_contra) -> bool:
        """Whether this frame can be the answer to this question."""

    def take(self, question: Question, frame: F_contra) -> Verdict:
        """What a fitting answer means."""

    def unanswered(self, question: Question) -> Trouble | None:
        """No answer came in time, or none was due: what follows for the next question."""
