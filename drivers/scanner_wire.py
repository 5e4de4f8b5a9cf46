"""The seam between the scanners' one driver and the models: what a model must say of itself, and in which words.

``drivers.scanner`` has the driver; each model is one ``Wire`` in one file, pure bytes to pieces and back. Knows words
only; must never know a model, a port or a clock.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What the scanner says to a question of ours."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole reading: its wire says where it begins and ends."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes that the scanner is owed at once, such as an acknowledgement."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a technician should know, told once a connection."""

    what: str
    detail: str


Piece = Answer | Reading | Say | Trouble | bytes
"""What a wire makes of the bytes that arrived; bare bytes are text, whose readings are put together here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a set-up went: ``done`` when every step was answered; ``troubles`` are (what, detail) to be told.

    ``closed``: it was read back that nobody can change the scanner by showing it a code. ``changed`` names what was
    found otherwise than wanted; after the first time that was somebody's doing. ``version`` is its firmware's, where
    it said so.
    """

    done: bool
    troubles: tuple[tuple[str, str], ...] = ()
    saved: bool = False
    closed: bool = False
    changed: tuple[str, ...] = ()
    version: str = ""


Script = Generator[bytes, bytes | None, Outcome]
"""Yields commands and is sent each answer (None: there was none)."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What makes the scanner read: said ``after_ms`` after each reading, and every ``every_ms`` whatever happens."""

    command: bytes
    after_ms: int
    every_ms: int


class Wire(Protocol):
    """How one model speaks. Sans-IO: knows bytes, and times only as they are handed to it."""

    rates: tuple[int, ...]
    """Bits per second to look for it at, the likeliest first."""
    question: bytes
    """A harmless question that it answers at once; empty where none is known."""
    trigger: Trigger | None
    check_ms_min: int
    """The least time between two set-ups that find nothing new: what its memory can bear."""
    bad: int
    """Damaged pieces that were dropped."""

    @property
    def holding(self) -> bool:
        """Whether bytes are held back that may become something."""

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """Take what has arrived; ``due``: an answer is waited for. Returns what is certain now."""

    def settle(self, due: bool) -> list[Piece]:
        """Nothing more will come for now: what is held back is complete or damaged."""

    def answers(self, request: bytes, data: bytes) -> bool:
        """Whether this answer can be to that request."""

    def setup(self, usb: bool) -> Script | None:
        """Set it up, or None where nothing can be said to it. ``usb``: the port is its own virtual COM port."""

    def alarm(self) -> str:
        """Why its settings should be looked at now, or empty; says it once."""

    def looks_like_setup(self, data: bytes) -> bool:
        """Whether a reading has the form of the model's own set-up codes."""


class TextWire:
    """A wire that carries text towards us and nothing else; other models say in what they differ from it."""

    rates: tuple[int, ...] = (9600, 115_200, 57_600, 38_400, 19_200)
    question = b""
    trigger: Trigger | None = None
    check_ms_min = 0

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.bad = 0

    @property
    def holding(self) -> bool:
        """Text is given out at once."""
        return False

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """All of it is text."""
        return [data]

    def settle(self, due: bool) -> list[Piece]:
        """Nothing is held back."""
        return []

    def answers(self, request: bytes, data: bytes) -> bool:
        """It answers one question at a time, with nothing in the answer that says which."""
        return True

    def setup(self, usb: bool) -> Script | None:
        """Nothing can be said to it."""
        return None

    def alarm(self) -> str:
        """Nothing on this wire gives a change away."""
        return ""

    def looks_like_setup(self, data: bytes) -> bool:
        """No source says what its set-up codes look like."""
        return False
