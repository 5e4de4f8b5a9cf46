"""Looking at the core between the commit and the deed, with a power that can fail before the commit.

``Watch`` checks each pulse against what the disk says at that moment, and remembers over power cuts. ``met`` counts
what happened, so that a walk that met nothing cannot pass for one that found nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import Stage

from locker.authority.hotp import Secret
from locker.config import Config
from locker.keypad import NEVER_S, Pickup
from locker.model import Custody, Effect, KeepToken, Pulse, Purpose, Quality, UsedToken
from locker.service import KEEPS
from sim.whereabouts import ARRIVES, follow

SECRET = Secret(bytes(range(32)))
AUTHORITIES = ("granted", "reopened", "moved")
met: Counter[str] = Counter()


def load_of(cti: bytes) -> int:
    """The load number in the id of a typed code (locker/keypad.py)."""
    return int.from_bytes(cti[8:], "big")


class PowerCut(Exception):
    """The power went before the commit."""


@dataclass
class Permit:
    """The last event that allowed a door, and how many pulses were given on it."""

    kind: str
    data: dict[str, Any]
    ms: int
    pulses: int = 0


@dataclass
class Watch:
    """What the invariants need to remember; it outlives power cuts."""

    cfg: Config
    seq: int = 0
    line_free_ms: int = 0
    rested_ms: dict[int, int] = field(default_factory=dict)
    permits: dict[int, Permit] = field(default_factory=dict)
    spent: dict[bytes, int] = field(default_factory=dict)
    shut_ms: dict[int, int] = field(default_factory=dict)
    reopened: Counter[str] = field(default_factory=Counter)
    openings: list[int] = field(default_factory=list)
    staff_there: bool = False
    barred: bool = False
    loads: dict[int, str] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    duty: str = ""
    claims: dict[bytes, UsedToken] = field(default_factory=dict)

    def committed(self, stage: Stage, effects: list[Effect]) -> None:
        """Look at what is on the disk now, before anything is carried out."""
        rows = stage.store.rows_after(self.seq, 1000)
        assert [row.seq for row in rows] == list(range(self.seq + 1, self.seq + 1 + len(rows))), "a gap in seq"
        for event in (json.loads(row.body) for row in rows):
            self._event(stage, event)
        self.seq = stage.store.last_seq()
        for row in (keep.row for keep in effects if isinstance(keep, KeepToken)):
            if row.spent:
                self.spent.setdefault(row.cti, stage.ms)
                met["spent_typed"] += row.exp >= NEVER_S
            before = self.claims.get(row.cti, row)
            met["claim_followed"] += row.purpose is Purpose.COLLECT and before.door != row.door
            self.claims[row.cti] = row
        self._whose(stage)

    def _whose(self, stage: Stage) -> None:
        """A typed code's claim is where its item is; a resident's errand is about what lies at its door."""
        rooms = stage.cabinet.rooms.values()
        at = {room.load: room.door for room in rooms if room.load is not None}
        for row in self.claims.values():
            if row.exp >= NEVER_S and not row.spent:
                assert at.get(load_of(row.cti), row.door) == row.door, "a claim has not followed its item (invariant 3)"
        for room in rooms:
            if room.errand is not None and not room.errand.by and room.custody is not Custody.EMPTY:
                assert room.errand.order == room.order, f"an errand about another item at door {room.door}"

    def _event(self, stage: Stage, event: dict[str, Any]) -> None:
        kind, door, data = event["type"], event["door"], event["data"]
        met[kind] += 1
        follow(self.held, event)
        if kind in ("staff_present", "staff_left", "started"):
            self.staff_there = kind == "staff_present"
        if kind in ("wrong_door", "quarantine_lifted"):
            self.barred = kind == "wrong_door"
        if kind in AUTHORITIES:
            self._permit(stage, kind, door, data)
        elif "load" in data and kind in ARRIVES:
            again = self.loads.setdefault(data["load"], data["order"])
            assert again == data["order"], "a load number was given twice"
        elif kind in ("duty_started", "duty_ended", "started"):
            self.duty = data["cti"] if kind == "duty_started" else ""
        elif kind == "shut":
            self.shut_ms[door] = stage.ms
        elif kind in ("visit_ended", "interrupted"):
            self.permits.pop(door, None)

    def _permit(self, stage: Stage, kind: str, door: int, data: dict[str, Any]) -> None:
        cti = bytes.fromhex(data["cti"])
        if kind == "granted":
            assert cti not in self.spent, "a spent code was granted an opening (invariant 3)"
        if kind == "granted":
            met["granted_duty"] += "duty" in data
            assert data.get("duty", "") == self.duty, (
                "a door was granted beside staff at work, or in a duty that is over"
            )
        if kind == "granted" and data["source"] == "keypad":
            met["granted_typed"] += 1
            assert stage.cabinet.rooms[door].load == load_of(cti), "a typed code opens a stranger's door (invariant 2)"
        if kind == "moved":
            self.spent.pop(cti, None)  # under the same authority, which is unspent for the larger door
        if kind == "reopened":
            self.reopened[data["cti"]] += 1
            assert self.reopened[data["cti"]] <= 2 + 3, "reopened too often"
            assert stage.ms - self.shut_ms[door] <= self.cfg.visit.grace_ms, "reopened after the grace"
        self.permits[door] = Permit(kind, data, stage.ms)

    def pulsed(self, stage: Stage, door: int) -> None:
        """One pulse is about to be carried out."""
        met["pulse"] += 1
        assert not self.barred, f"door {door} pulsed on a board that opened a wrong door"
        permit = self.permits.get(door)
        assert permit is not None, f"door {door} pulsed without an event that allows it (invariant 1)"
        permit.pulses += 1
        assert permit.pulses <= 3, f"door {door} pulsed {permit.pulses} times on one authority"
        cti = bytes.fromhex(permit.data["cti"])
        rows = [t for t in stage.store.load().tokens if t.cti == cti]
        assert [t.door for t in rows] == [door], f"door {door} pulsed without its row on the disk (invariant 1)"
        room = stage.cabinet.rooms[door]
        if room.custody is not Custody.EMPTY and permit.data["purpose"] not in ("staff", "technician"):
            assert permit.data["order"] == room.order.hex(), f"door {door} pulsed for a stranger (invariant 2)"
        assert stage.ms >= self.line_free_ms, "two coils, or no rest between them (invariant 4)"
        assert stage.ms >= self.rested_ms.get(door, 0), f"door {door} pulsed before its cool-down (invariant 4)"
        end_ms = stage.ms + max(board.pulse_ms for board in self.cfg.boards)
        self.line_free_ms = end_ms + self.cfg.coil.gap_ms
        self.rested_ms[door] = end_ms + self.cfg.coil.cooldown_ms
        there = permit.data["source"] in ("scanner", "keypad") and (self.staff_there or "by" in permit.data)
        met["staffed"] += there
        if permit.pulses == 1 and not there:
            self.openings.append(stage.ms)
            recent = [ms for ms in self.openings if ms > stage.ms - 60_000]
            assert len(recent) <= self.cfg.coil.doors_minute_max, "too many doors a minute (invariant 10)"


class WatchedStage(Stage):
    """A stage that is looked at between the commit and the deed, and whose power can fail before the commit."""

    def __init__(self, folder: Path, cfg: Config, quality: Quality) -> None:
        self.watch = Watch(cfg)
        self.cut = False
        self.todo: list[int] = []
        super().__init__(folder, cfg, quality)

    def _apply(self, effects: list[Effect]) -> None:
        if self.cut and any(isinstance(e, KEEPS) for e in effects):
            self.cut = False
            raise PowerCut
        super()._apply(effects)
        self.watch.committed(self, effects)
        for pulse in (e for e in effects if isinstance(e, Pulse)):
            self.watch.pulsed(self, pulse.door)
            self.todo.append(pulse.door)
        del self.acts[:-50]


@dataclass
class Shown:
    """A code that was shown once, and what the cloud meant by it."""

    text: str
    cti: bytes


class TypedAtStage(WatchedStage):
    """A stage that is looked at, with a keypad."""

    pickup = Pickup(SECRET, 6, "epoch")
