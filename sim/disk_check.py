"""What must hold on a disk after a power cut, each thing a check with a name.

The checks that read only (``faults_of``) look at a reading and at what was promised; they are written from the
invariants and the contract, with the controller's code only where that is the point: ``Restart`` opens the image with
the production store, puts the program together, starts it, lets it see its doors and watches for a pulse.

Knows readings, promises and drivers at their seam. Must never know how an image was made.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from locker.logbook import LogbookError, judge
from locker.model import Attend, BoardBack, DoorSeen, Now, Pulse, Quality, Show
from locker.schema import SCHEMA
from locker.service import Service
from locker.store import Store, StoreError
from sim.disk import Recorder
from sim.disk_cut import Image
from sim.disk_day import DOORS, EPOCH_MS, CloudLink, MakeStore, Seam, Tap, open_store, put_together
from sim.disk_state import Promise, Reading, lay_out

AFTER_MS = 5_000_000
GENESIS = bytes(32)
Fault = tuple[str, str]
"""The name of a check and what it found."""


# --- reading alone --------------------------------------------------------------------------------


def faults_of(reading: Reading) -> Iterator[Fault]:
    """What is wrong with a database by itself."""
    yield from _chain(reading)
    yield from _custody(reading)
    for event in reading.told:
        if event["type"] == "deposited" and reading.rows("signed"):
            behind = json.loads(reading.events.get(event["seq"] + 1, (b"{}", b""))[0] or b"{}")
            if behind.get("type") != "receipt":
                yield "receipt", f"the deposit {event['seq']} has no receipt behind it"


def _chain(reading: Reading) -> Iterator[Fault]:
    """Each row is SHA-256 over the hash before and its body; numbers have no gap. An independent recomputation."""
    number, hashed = reading.anchor
    for seq, (body, stored) in sorted(reading.events.items()):
        if seq != number + 1:
            yield "chain", f"row {seq} comes after row {number}"
        if body and hashlib.sha256((hashed or GENESIS) + body).digest() != stored:
            yield "chain", f"row {seq} does not follow from the row before"
        if body and json.loads(body)["seq"] != seq:
            yield "chain", f"row {seq} holds another event"
        number, hashed = seq, stored


def _custody(reading: Reading) -> Iterator[Fault]:
    """What lies behind each door follows from the events; a log that was trimmed does not tell all of it."""
    if reading.anchor[0] or any(not body for body, _ in reading.events.values()):
        return
    held: dict[int, str] = {}
    for event in reading.told:
        match event["type"]:
            case "deposited":
                held[event["door"]] = event["data"]["order"]
            case "collected" | "taken_out" | "cancelled":
                held.pop(event["door"], None)
            case "moved":
                held.pop(event["data"]["from"], None)
    for door, room in reading.rooms.items():
        found = bytes(room["item"]).hex() if room["custody"] == "holding" else None
        if found != held.get(door):
            yield "custody", f"door {door} holds {found}, the events say {held.get(door)}"


def broken(promise: Promise, reading: Reading) -> Fault | None:
    """What a reading has not kept of a promise, None when it has."""
    what = _KEEPERS[promise.kind](reading, *promise.about)
    return (promise.kind, f"{what} (said at step {promise.step})") if what else None


def _claimed(reading: Reading, door: int, cti: bytes) -> str:
    """Invariant 1: whatever was pulsed has its authority on the disk, bound to this door by an event."""
    if cti not in reading.tokens:
        return f"door {door} was pulsed for token {cti.hex()}, which is not on the disk"
    claims = [e for e in reading.told if e["door"] == door and e["data"].get("cti") == cti.hex()]
    return "" if claims or reading.anchor[0] else f"door {door} was pulsed, and no event binds {cti.hex()} to it"


def _published(reading: Reading, seq: int, epoch: str, body: bytes, hashed: bytes) -> str:
    """Invariant 7: what the cloud may have is there with the same bytes, so its number is never used again."""
    if reading.meta.get("epoch") != epoch:
        return f"event {seq} was published in epoch {epoch}, the database has {reading.meta.get('epoch')}"
    if seq <= reading.anchor[0]:
        return "" if seq <= int(reading.meta["acked"]) else f"event {seq} was trimmed and never acknowledged"
    found, stored = reading.events.get(seq, (b"", b""))
    if stored != hashed or (found and found != body):
        return f"event {seq} was published and is {'another one' if stored else 'not'} on the disk"
    return ""


def _answered(reading: Reading, command: str, payload: bytes) -> str:
    """A command that was answered is remembered with this answer, so that a repeat does nothing."""
    return "" if reading.commands.get(command) == payload else f"the answer to {command} is not on the disk"


def _snapshot(reading: Reading, door: int, rev: int) -> str:
    """A door's revision never goes back behind one that was published."""
    found = reading.rooms.get(door, {}).get("rev", 0)
    return "" if found >= rev else f"door {door} was published with revision {rev}, the disk has {found}"


def _told(reading: Reading, seq: int, kind: str, door: int) -> str:
    """What a person was told has its event."""
    if seq <= reading.anchor[0]:
        return ""
    body, _ = reading.events.get(seq, (b"", b""))
    event = json.loads(body or b"{}")
    right = (event.get("type"), event.get("door")) == (kind, door)
    return "" if right else f"somebody was told {kind} at door {door}, and row {seq} does not say so"


def _spent(reading: Reading, cti: bytes, door: int) -> str:
    """Invariant 3: spent stays spent; only whoever was moved to a larger compartment has a claim on that one."""
    row = reading.tokens.get(cti, {"door": 0, "spent": 0})
    moves = [event for event in reading.told if event["type"] == "moved" and event["data"].get("cti") == cti.hex()]
    moved = any((event["data"]["from"], event["door"]) == (door, row["door"]) for event in moves)
    return "" if row["spent"] or moved else f"token {cti.hex()} was spent at door {door} and is not"


_KEEPERS: dict[str, Callable[..., str]] = {
    "claimed": _claimed,
    "published": _published,
    "answered": _answered,
    "snapshot": _snapshot,
    "told": _told,
    "spent": _spent,
}


# --- starting the program -------------------------------------------------------------------------


class Restart:
    """Starts the real program on images. ``reading`` is what its store found, before it wrote anything."""

    def __init__(self, scratch: Path, boot: str, make_store: MakeStore = open_store) -> None:
        """``scratch`` is an empty folder of its own."""
        self._scratch, self._boot, self._make_store = scratch, boot, make_store
        self.reading: Reading | None = None

    def faults(self, image: Image, chance: Random) -> list[Fault]:
        """What is wrong with opening and starting on an image. Something left of a ``-shm`` file must not matter."""
        self.reading = None
        path = lay_out(image, self._scratch)
        if chance.random() < 0.2:
            path.with_name(path.name + "-shm").write_bytes(chance.randbytes(32_768))
        try:
            store = self._make_store(str(path), self._boot)
        except (StoreError, sqlite3.Error) as error:
            return [("open", str(error))]
        try:
            return [*self._read(path), *self._start(store, path, chance)]
        except (sqlite3.Error, LogbookError, ValueError, AssertionError) as error:
            return [("start", f"{type(error).__name__}: {error}")]
        finally:
            store.close()

    def go(self, recorder: Recorder) -> None:
        """Open and start on what lies in the recorder's folder, each order noted, and leave it as a kill would."""
        store = self._make_store(str(recorder.folder / "locker.db"), self._boot)
        seams = [Seam("main", Pulse, Attend), Seam("panel", Show, Attend), CloudLink()]
        service = put_together(store, self._boot, _now(0), [Tap(seam, recorder) for seam in seams])
        service.start(_now(0))
        self._turns(service, seams[0], ())
        with recorder.undone():
            store.close()

    def _read(self, path: Path) -> Iterator[Fault]:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                yield "integrity", verdict
            self.reading = Reading(db)
        if self.reading.version != SCHEMA:
            yield "open", f"opened with schema {self.reading.version}, not {SCHEMA}"

    def _start(self, store: Store, path: Path, chance: Random) -> Iterator[Fault]:
        """Start, see the doors, and go on for a few seconds; nothing may be pulsed (invariant 5)."""
        assert self.reading is not None, "read it first"
        board, screen, link = Seam("main", Pulse, Attend), Seam("panel", Show, Attend), CloudLink()
        service = put_together(store, self._boot, _now(0), [board, screen, link])
        service.start(_now(0))
        link.plug(True)
        open_doors = [door for door in range(1, DOORS + 1) if self.reading.errand(door) and chance.random() < 0.5]
        self._turns(service, board, open_doors)
        if any(isinstance(act, Pulse) for act in board.done):
            yield "start", "the start pulsed a lock"
        yield from self._goes_on(path)

    def _turns(self, service: Service, board: Seam, open_doors: Sequence[int]) -> None:
        doors = tuple(range(1, DOORS + 1))
        board.events += [BoardBack("main", doors), *(DoorSeen(door, door in open_doors) for door in doors)]
        for after_ms in (10, 2000, 40_000):
            service.turn(_now(after_ms))

    def _goes_on(self, path: Path) -> Iterator[Fault]:
        """The log goes on where it was: every row of before is there, the next one says that we have started."""
        before = self.reading
        assert before is not None, "read it first"
        report = judge(path, {})
        if not report.good:
            yield "audit", "; ".join(f"{f.first}: {f.fault.name} {f.detail}" for f in report.findings[:3]) or "unproven"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            after = Reading(db)
        if {seq: after.events.get(seq) for seq in before.events} != before.events:
            yield "sequence", "a row of before is another one after the start"
        last = max(before.events, default=before.anchor[0])
        event = json.loads(after.events.get(last + 1, (b"{}", b""))[0] or b"{}")
        if event.get("type") != "started":
            yield "sequence", f"row {last + 1} should say that we have started"


def _now(after_ms: int) -> Now:
    """Some time after the day, on another boot."""
    return Now(10_000 + after_ms, EPOCH_MS + AFTER_MS + after_ms, Quality.SYNCED)
