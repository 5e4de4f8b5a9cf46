"""The journal of a run as seen from outside: what the board, the doors, the people and the broker's far side saw.

Plain values; all times are boot time in milliseconds of the one machine on which the controller and the simulation ran.
Must never hold anything that came out of the controller another way than over its wires.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Unlock:
    """An unlock order that arrived whole at the board."""

    at_ms: int
    door: int


@dataclass(frozen=True, slots=True)
class CoilRun:
    """A coil that was energised; ``end_ms`` None means it still is."""

    door: int
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """A door that swung; ``by`` is "pulse", "force", "press" or "hand"."""

    at_ms: int
    door: int
    open: bool
    by: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """Digits that somebody confirmed on the keypad."""

    at_ms: int
    digits: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration allowed. ``lying`` doors had a stuck sensor at some time: their moves prove nothing."""

    pulse_ms: int
    cooldown_ms: int
    per_lock_minute_max: int
    doors_minute_max: int
    window: int
    lying: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Journal:
    """A whole run as seen from outside.

    ``starts`` are the starts of the controller; ``news`` the payloads of ``up/evt`` in order of receipt, with
    repeats; ``acks`` pairs of how many payloads had been received and the sequence then acknowledged; ``snapshots`` the
    last ``up/door`` of each door; ``open_doors`` which doors stand open at the end; ``strain`` what the cabinet's body
    itself noticed of its coils; ``keyed`` what was typed, ``codes`` the pick-up code of each load number as the cloud
    computes it.
    """

    limits: Limits
    starts: tuple[int, ...] = ()
    unlocks: tuple[Unlock, ...] = ()
    coils: tuple[CoilRun, ...] = ()
    moves: tuple[Move, ...] = ()
    news: tuple[bytes, ...] = ()
    acks: tuple[tuple[int, int], ...] = ()
    snapshots: dict[int, str] = field(default_factory=dict)
    open_doors: frozenset[int] = frozenset()
    strain: tuple[str, ...] = ()
    keyed: tuple[Keyed, ...] = ()
    codes: dict[int, str] = field(default_factory=dict)


def told(journal: Journal) -> list[dict[str, Any]]:
    """Return every event once, in the order of its sequence."""
    events = {(event["epoch"], event["seq"]): event for event in map(json.loads, journal.news)}
    return [events[key] for key in sorted(events)]
