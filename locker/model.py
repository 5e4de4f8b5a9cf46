"""The model in one place: the words, the events, the effects, and what a driver must be.

An *event* is a fact that has arrived (``Scanned``, ``DoorSeen``); an *effect* is an order to carry out
(``Pulse``, ``Show``) or to remember (``KeepCompartment``, ``Record``). Drivers and the far sides import from here only.
"""

from __future__ import annotations

from typing import Protocol

from locker.effects import (
    Acknowledge,
    Act,
    Answer,
    Attend,
    CommandRow,
    CompartmentRow,
    DoorRow,
    Effect,
    Errand,
    Forget,
    Keep,
    KeepCommand,
    KeepCompartment,
    KeepNote,
    KeepSigned,
    KeepToken,
    KeepVisit,
    Memory,
    Publish,
    Pulse,
    Record,
    Show,
    ShutDown,
    Switch,
    Term,
    UsedToken,
    Wear,
)
from locker.events import (
    BoardBack,
    BoardSilent,
    Chosen,
    Delivered,
    DeviceKnown,
    DeviceTrouble,
    DoorSeen,
    Event,
    LineSeen,
    LinkDown,
    LinkUp,
    Measured,
    MessageReceived,
    NotDelivered,
    PortBack,
    PortLost,
    PulseAnswered,
    PulseDropped,
    PulseSent,
    Receipted,
    Scanned,
    SignedArrived,
    Tallied,
    Touched,
    Typed,
)
from locker.words import (
    Custody,
    Kind,
    Language,
    Now,
    PulseAnswer,
    Purpose,
    Quality,
    Refusal,
    Size,
)

__all__ = [
    "Acknowledge",
    "Act",
    "Answer",
    "Attend",
    "BoardBack",
    "BoardSilent",
    "Chosen",
    "CommandRow",
    "CompartmentRow",
    "Custody",
    "Delivered",
    "DeviceKnown",
    "DeviceTrouble",
    "DoorRow",
    "DoorSeen",
    "Driver",
    "Effect",
    "Errand",
    "Event",
    "Forget",
    "Keep",
    "KeepCommand",
    "KeepCompartment",
    "KeepNote",
    "KeepSigned",
    "KeepToken",
    "KeepVisit",
    "Kind",
    "Language",
    "LineSeen",
    "LinkDown",
    "LinkUp",
    "Measured",
    "Memory",
    "MessageReceived",
    "NotDelivered",
    "Now",
    "PortBack",
    "PortLost",
    "Publish",
    "Pulse",
    "PulseAnswer",
    "PulseAnswered",
    "PulseDropped",
    "PulseSent",
    "Purpose",
    "Quality",
    "Receipted",
    "Record",
    "Refusal",
    "Scanned",
    "Show",
    "ShutDown",
    "SignedArrived",
    "Size",
    "Switch",
    "Tallied",
    "Term",
    "Touched",
    "Typed",
    "UsedToken",
    "Wear",
]


class Driver(Protocol):
    """One device. Never waits, never reads a clock, never repeats a pulse; trouble is an event, not an exception."""

    @property
    def name(self) -> str:
        """The configured device's name, as in ``PortLost`` and in the health message."""

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when ``refresh`` has something to do, or None for now."""

    def deadline_ms(self) -> int | None:
        """The boot time at which ``refresh`` wants to be called, or None. A time in the past means at once."""

    def refresh(self, now: Now) -> list[Event]:
        """Read what has arrived, go on with what is under way, and return the facts."""

    def accepts(self, act: Act) -> bool:
        """Whether ``perform`` of this driver is meant by this order."""

    def perform(self, act: Act, now: Now) -> None:
        """Begin to carry out an order; the outcome arrives through ``refresh``."""

    def counters(self) -> dict[str, int]:
        """What was sent, lost, bad, late ... since the start, for the health message."""

    def close(self) -> None:
        """Let go of the device with every output off."""
