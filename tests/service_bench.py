"""A service on a virtual clock, with a board, a scanner, a screen and a link that are only notebooks.

Nothing here is patched: cabinet, store and outbox are the real ones, and the database can be read by a second
connection at any moment, also while a driver is being asked to act.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stage import AUD, EPOCH_S, INVITE, RESIDENTS, SEED, a_config

from locker import config
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.model import (
    Acknowledge,
    Act,
    Attend,
    BoardBack,
    DoorSeen,
    Event,
    Now,
    Publish,
    Pulse,
    Purpose,
    Quality,
    Scanned,
    Show,
)
from locker.outbox import Outbox
from locker.service import Service
from locker.signatory import Signatory
from locker.store import Store

DOORS = (1, 2, 3)
EPOCH = "6f1c9ae2d0a1b2c3"
DEVICE = PrivateKey(hashlib.sha256(b"device").digest())
"""The key of the bench's receipts."""


class Device:
    """A driver that hands over what was put into it, and notes what it is to do."""

    def __init__(self, name: str, *kinds: type[Act]) -> None:
        self.name, self.kinds = name, kinds
        self.events: list[Event] = []
        self.done: list[Act] = []
        self.due_ms: int | None = None
        self.closed = 0
        self.fault: Exception | None = None
        self.on_perform: Callable[[Act], None] = lambda act: None

    def fileno(self) -> int | None:
        """None: nothing to listen to."""
        return None

    def deadline_ms(self) -> int | None:
        """When it wants to be asked."""
        return self.due_ms

    def refresh(self, now: Now) -> list[Event]:
        """What was put into it, once."""
        found, self.events = self.events, []
        return found

    def accepts(self, act: Act) -> bool:
        """Orders of its kinds."""
        return isinstance(act, self.kinds)

    def perform(self, act: Act, now: Now) -> None:
        """Noted."""
        self.on_perform(act)
        self.done.append(act)

    def counters(self) -> dict[str, int]:
        """One number."""
        return {"done": len(self.done)}

    def close(self) -> None:
        """Noted; raises the fault, if it has one."""
        self.closed += 1
        if self.fault is not None:
            raise self.fault


class Machine:
    """The machine under the program."""

    def disk_free_bytes(self) -> int | None:
        """A number."""
        return 10_000_000

    def memory_bytes(self) -> int | None:
        """Another."""
        return 40_000_000

    def temperature_c(self) -> float | None:
        """This machine does not tell."""
        return None


class Bench:
    """A service with a board, a scanner, a screen and a link, all of them notebooks."""

    def __init__(self, folder: Path, cloud: bool = True, quality: Quality = Quality.SYNCED, **limits: Any) -> None:
        self.path = folder / "locker.db"
        self.quality = quality
        mqtt = config.Mqtt(host="127.0.0.1", tls=False) if cloud else None
        cfg = a_config(doors=len(DOORS), mqtt=mqtt, invite=INVITE if cloud else None)
        self.ms = 1_000_000
        self.store = Store(str(self.path), "boot", EPOCH, **({"events_max": 10_000, "events_kept": 100} | limits))
        self.store.follower = signatory = Signatory(AUD, EPOCH, DOORS, DEVICE)
        cabinet = Cabinet(cfg, Authority(KeyRing.from_config(cfg.keys), AUD), self.store.load(), self.now, seed=SEED)
        outbox = Outbox(self.store, 20, 30_000, True, epoch=EPOCH, acked=self.store.acked) if cloud else None
        self.board, self.screen = Device("main", Pulse, Attend), Device("panel", Show, Attend)
        self.scanner, self.link = Device("scanner"), Device("mqtt", Publish, Acknowledge)
        drivers = [self.board, self.scanner, self.screen, self.link]
        self.service = Service(cabinet, self.store, outbox, drivers, Machine(), "boot", public_key=signatory.public_key)
        self.service.start(self.now)

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, EPOCH_S * 1000 + self.ms, self.quality)

    def turn(self, *events: Event, device: Device | None = None, after_ms: int = 0) -> int | None:
        """Time passes, a device has these events, and the service turns."""
        self.ms += after_ms
        (device or self.board).events += events
        return self.service.turn(self.now)

    def ready(self) -> Bench:
        """The board answers, and the start's rest of the coils is over."""
        self.turn(BoardBack("main", DOORS), *(DoorSeen(door, False) for door in DOORS))
        self.turn(after_ms=2000)
        self.board.done.clear()
        self.screen.done.clear()
        return self

    def grant(self, number: int = 1) -> str:
        """A fresh code for somebody who has scanned the idle screen."""
        shown = [act for act in self.screen.done if isinstance(act, Show)][-1]
        return self.code(number, nonce=bytes.fromhex(shown.invite.rpartition("?n=")[2])).decode()

    def code(self, number: int = 1, purpose: Purpose = Purpose.DEPOSIT, **claims: Any) -> bytes:
        """A fresh code."""
        seconds = self.now.wall_ms // 1000
        text = issue(
            key=RESIDENTS,
            aud=AUD,
            purpose=purpose,
            iat=seconds,
            exp=seconds + 600,
            cti=b"%016d" % number,
            order=b"A%d" % number,
            **claims,
        )
        return text.encode()

    def scan(self, number: int = 1, **more: Any) -> int | None:
        """A code is held to the scanner."""
        return self.turn(Scanned(self.code(number)), device=self.scanner, **more)

    def published(self, tail: str) -> list[dict[str, Any]]:
        """What went out under this topic."""
        return [json.loads(a.payload) for a in self.link.done if isinstance(a, Publish) and a.tail == tail]


def on_disk(path: Path) -> tuple[list[str], list[tuple[bytes, int, int]]]:
    """The types of all events, and all tokens (id, door, spent), as another connection sees them."""
    other = sqlite3.connect(path)
    events = [
        json.loads(body)["type"]
        for (body,) in other.execute("SELECT body FROM events WHERE length(body) > 0 ORDER BY seq")
    ]
    tokens = other.execute("SELECT cti, door, spent FROM tokens").fetchall()
    other.close()
    return events, tokens
