"""The plan of a world: what will happen and when, as plain data.

A plan is JSON: it can be kept in a file, cut down (``only``) and played again. Every happening has its number, its
moment in world time (milliseconds from the world's beginning), what it is and its arguments; whatever else it needs of
chance comes from its own number ``chance``, so that taking one happening out changes no other. Knows no cabinet.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import Any

import msgspec

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Happening(msgspec.Struct, frozen=True):
    """Something that happens at a moment. ``args`` are JSON values; ``chance`` seeds what it draws when played."""

    number: int
    at_ms: int
    what: str
    chance: int = 0
    args: dict[str, Any] = {}

    def draws(self) -> Random:
        """A stream of chance of its own."""
        return Random(f"{self.chance}/{self.what}")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """How this world's cabinet is built and wired, and what the machine in it has.

    ``board`` and ``wiring`` are those of ``sim.world.lock_boards``; with two ``boards`` "cu24" are two KR-CU12.
    ``dozes`` says whether polls may come late where nothing can happen (``sim.world.doze``).
    ``reserve_s`` is how long the reserve supply lasts, 0 for a cabinet without one (``sim.world.supply``).
    """

    board: str = "cu24"
    wiring: str = ""
    doors: int = 24
    boards: int = 1
    poll_ms: int = 50
    idle_poll_ms: int = 2000
    closed_bit: int = 1
    pulse_ms: int = 500
    cooldown_ms: int = 1000
    doors_minute_max: int = 8
    per_lock_minute_max: int = 6
    mqtt: int = 5
    latency_ms: int = 20
    rtc: bool = True
    root: bool = False
    receipts: bool = True
    events_max: int = 200_000
    events_kept: int = 50_000
    dozes: bool = False
    reserve_s: int = 0
    keeping_days: int = 7


class Broke(msgspec.Struct, frozen=True):
    """How the world of a saved plan ended: the check (or "error"), its number, when, what it said, the trace's hash."""

    check: str
    number: int
    ms: int
    says: str
    digest: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole world before it is played. ``end_ms`` is when the faults end and the quiet phase begins.

    A plan that was shrunk has ``quiet`` False if what broke did so before the quiet phase, and says how it ``broke``.
    """

    version: int = 1
    seed: int
    end_ms: int
    site: Site = Site()
    happenings: list[Happening] = []
    quiet: bool = True
    broke: Broke | None = None

    def only(self, numbers: Collection[int]) -> Plan:
        """The same world with these happenings alone."""
        kept = set(numbers)
        return msgspec.structs.replace(self, happenings=[h for h in self.happenings if h.number in kept])

    @property
    def days(self) -> float:
        """How long it is."""
        return self.end_ms / DAY_MS


def write(plan: Plan) -> bytes:
    """The plan as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1)


def read(raw: bytes) -> Plan:
    """The plan of some JSON. Raises ``PlanError``."""
    try:
        found = msgspec.json.decode(raw, type=Plan)
    except msgspec.DecodeError as error:
        raise PlanError(f"not a plan of a world: {error}; save one with locker soak --save") from error
    if found.version != 1:
        raise PlanError(f"a plan of version {found.version}; this program plays version 1")
    return found


def load(path: Path) -> Plan:
    """The plan of a file. Raises ``PlanError`` or ``OSError``."""
    return read(path.read_bytes())


class PlanError(ValueError):
    """A file is not a plan that can be played."""
