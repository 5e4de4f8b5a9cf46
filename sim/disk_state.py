"""What a recording promises: the states its transactions went through, and what was said outside, step by step.

A ``Reading`` is everything that lies in a database, read by SQLite alone. A ``History`` has the reading after each
transaction of a recording, and for each moment the least of them that a power cut may bring back (``floor``): that of
the last sync that was complete, or of the last thing that left the controller, whichever is later. A ``Promise`` is a
thing that left it and what must be found for it on any disk from then on.

Knows the columns of the database and the events' words, from docs/mqtt.md and the contract; uses nothing of the
controller's own code. Must never know how an image was made.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.disk import Mark, Recording, Sync, SyncFolder
from sim.disk_cut import Disk, Image

_SEALED = re.compile(rb',"after":([0-9]+),"hash":"([0-9a-f]{64})"\}\Z')
_TOLD = {"deposited": "deposited", "collected": "collected"}
"""Screens that say a thing was done, and the event that must say it too."""
STRETCH_MAX = 32


class Reading:
    """All of a database. ``digest`` is the same for the same content, however its pages lie."""

    def __init__(self, db: sqlite3.Connection | None) -> None:
        """``None``: there is no database."""
        self.version = 0
        self._tables: dict[str, list[dict[str, Any]]] = {}
        if db is not None:
            self.version = db.execute("PRAGMA user_version").fetchone()[0]
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
                found = db.execute(f"SELECT * FROM {name} ORDER BY 1")
                columns = [column[0] for column in found.description]
                self._tables[name] = [dict(zip(columns, row, strict=True)) for row in found]
        text = repr((self.version, self._tables)).encode()
        self.digest = hashlib.blake2b(text, digest_size=16).hexdigest()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, none where it does not exist."""
        return self._tables.get(table, [])

    def contains(self, other: Reading) -> bool:
        """Whether every row of the other, less what a later schema added to it, is here too."""
        return all(
            any(row.items() <= mine.items() for mine in self.rows(table))
            for table, rows in other._tables.items()
            for row in rows
        )

    @cached_property
    def meta(self) -> dict[str, str]:
        """The meta table."""
        return {row["key"]: row["value"] for row in self.rows("meta")}

    @cached_property
    def events(self) -> dict[int, tuple[bytes, bytes]]:
        """Body and hash by number."""
        return {row["seq"]: (bytes(row["body"]), bytes(row["hash"])) for row in self.rows("events")}

    @cached_property
    def told(self) -> list[dict[str, Any]]:
        """The events that still have a body, decoded, oldest first."""
        return [json.loads(body) for _, (body, _) in sorted(self.events.items()) if body]

    @cached_property
    def tokens(self) -> dict[bytes, dict[str, Any]]:
        """Used tokens by id."""
        return {row["cti"]: row for row in self.rows("tokens")}

    @cached_property
    def commands(self) -> dict[str, bytes]:
        """Answers by the command's id."""
        return {row["id"]: bytes(row["answer"]) for row in self.rows("commands")}

    @cached_property
    def rooms(self) -> dict[int, dict[str, Any]]:
        """Compartments by door."""
        return {row["door"]: row for row in self.rows("compartments")}

    @property
    def anchor(self) -> tuple[int, bytes]:
        """Number and hash of the last row that was cut off; 0 and zeros for none."""
        number, _, hashed = self.meta.get("anchor", f"0 {'0' * 64}").partition(" ")
        return int(number), bytes.fromhex(hashed)

    def errand(self, door: int) -> bytes:
        """The id of the token under which a door is being opened, empty for none."""
        text = self.rooms.get(door, {}).get("errand")
        return bytes.fromhex(json.loads(text)[1]) if text else b""


def read(image: Image, scratch: Path) -> Reading:
    """Read an image with SQLite alone, which recovers it first. Raises ``sqlite3.Error``."""
    path = lay_out(image, scratch)
    if not path.exists():
        return Reading(None)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return Reading(db)


def lay_out(image: Image, scratch: Path) -> Path:
    """Make a folder hold an image and nothing else; the path of its database."""
    for path in scratch.iterdir():
        path.unlink()
    for name, data in image.items():
        (scratch / name).write_bytes(data)
    return scratch / "locker.db"


@dataclass(frozen=True, slots=True)
class Promise:
    """From step ``step`` on: what must be found. ``kind`` is the name of the check, ``about`` what it needs."""

    step: int
    kind: str
    about: tuple[Any, ...]


@dataclass(slots=True)
class History:
    """``at[k]`` and ``floor[k]`` number the states after ``k`` steps; ``breaches`` were plain without any cut."""

    states: list[Reading] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    floor: list[int] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)


def history(recording: Recording, scratch: Path) -> History:
    """Go through a recording as if nothing had gone wrong."""
    found, known = History(), set[tuple[str, Any]]()
    disk = Disk(recording)
    found.at = _numbered(recording, scratch, found.states)
    found.floor.append(0)
    for number, step in enumerate(recording.steps, 1):
        disk.take(step)
        now = found.at[number]
        honoured = isinstance(step, Mark) or disk.settled or disk.is_safe("locker.db-wal")
        found.floor.append(now if honoured else found.floor[-1])
        if isinstance(step, Mark):
            for promise in _promises(number, step, found.states[now], found.breaches):
                if (promise.kind, promise.about) not in known:
                    known.add((promise.kind, promise.about))
                    found.promises.append(promise)
    return found


def _numbered(recording: Recording, scratch: Path, states: list[Reading]) -> list[int]:
    """The number of the state after each count of steps; ``states`` is filled with them.

    Only the ends of short stretches are read, and what lies between where they differ: each commit is followed by a
    sync, a mark or the stretch's end, so none is overlooked.
    """
    disk, at = Disk(recording), [0]
    states.append(read(disk.kept(), scratch))
    stretch: list[Image] = []
    for number, step in enumerate(recording.steps, 1):
        disk.take(step)
        is_end = isinstance(step, Sync | SyncFolder | Mark) or number == len(recording.steps)
        if is_end and not stretch and number < len(recording.steps):
            at.append(len(states) - 1)
            continue
        stretch.append(disk.kept())
        if is_end or len(stretch) == STRETCH_MAX:
            at += _within(stretch, scratch, states)
            stretch.clear()
    return at


def _within(stretch: list[Image], scratch: Path, states: list[Reading]) -> list[int]:
    """The number of the state at each image of a stretch; new states are added to those before it."""
    readings: dict[int, Reading] = {-1: states[-1], len(stretch) - 1: read(stretch[-1], scratch)}

    def settle(low: int, high: int) -> None:
        if high - low > 1 and readings[low].digest != readings[high].digest:
            middle = (low + high) // 2
            readings[middle] = read(stretch[middle], scratch)
            settle(low, middle)
            settle(middle, high)

    settle(-1, len(stretch) - 1)
    numbers = []
    for index in range(len(stretch)):
        reading = readings.get(index)
        if reading is not None and reading.digest != states[-1].digest:
            states.append(reading)
        numbers.append(len(states) - 1)
    return numbers


def _promises(step: int, mark: Mark, state: Reading, breaches: list[str]) -> Iterator[Promise]:
    """What a mark promises, and what about it was wrong at once: something was said that no row says."""
    match mark.what, mark.about:
        case "pulse", (door,):
            cti = state.errand(door)
            if cti and cti in state.tokens and state.tokens[cti]["door"] == door:
                yield Promise(step, "claimed", (door, cti))
            else:
                breaches.append(f"step {step}: door {door} is pulsed, and no token is claimed for it on the disk")
        case "publish", ("evt", payload):
            sealed = _SEALED.search(payload)
            assert sealed is not None, "an event without its seal"
            event = json.loads(payload)
            body = payload[: sealed.start()] + b"}"
            yield Promise(step, "published", (event["seq"], event["epoch"], body, bytes.fromhex(sealed[2].decode())))
        case "publish", ("rsp", payload):
            command = json.loads(payload)["id"]
            if command in state.commands:
                yield Promise(step, "answered", (command, payload))
        case "publish", (str(tail), payload) if tail.startswith("door/"):
            snapshot = json.loads(payload)
            yield Promise(step, "snapshot", (snapshot["door"], snapshot["rev"]))
        case "show", (str(name), door, receipt) if name in _TOLD:
            yield from _told(step, _TOLD[name], door, receipt, state, breaches)
    for cti, row in state.tokens.items():
        if row["spent"]:
            yield Promise(step, "spent", (cti, row["door"]))


def _told(step: int, kind: str, door: int, receipt: str, state: Reading, breaches: list[str]) -> Iterator[Promise]:
    """A person was told that it is done: the event must be there, and a deposit's receipt right behind it."""
    mine = [event for event in state.told if event["type"] == kind and event["door"] == door]
    if not mine:
        breaches.append(f"step {step}: door {door} is said to be {kind}, and no event says so")
        return
    seq = mine[-1]["seq"]
    yield Promise(step, "told", (seq, kind, door))
    if kind != "deposited":
        return
    behind = [event for event in state.told if event["seq"] == seq + 1 and event["type"] == "receipt"]
    if not behind or receipt not in ("", behind[0]["data"]["receipt"]):
        breaches.append(f"step {step}: the deposit {seq} at door {door} has no receipt behind it, or not the one shown")
        return
    yield Promise(step, "told", (seq + 1, "receipt", door))
