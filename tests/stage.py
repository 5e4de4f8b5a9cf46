"""The stage of the core's story tests: a cabinet with a virtual clock, people, doors, and a disk that survives.

Nothing here is patched. Effects to remember go to a real store (SQLite), effects to carry out are collected, and what
the doors do is told to the cabinet as the events a board driver would send. ``crash`` throws the cabinet away as a
power cut does and starts a new one from the disk.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from locker import config
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.keypad import Pickup
from locker.model import (
    Act,
    Answer,
    BoardBack,
    BoardSilent,
    DoorSeen,
    Effect,
    Event,
    MessageReceived,
    Now,
    Pulse,
    PulseDropped,
    Purpose,
    Quality,
    Record,
    Refusal,
    Scanned,
    Show,
    Size,
    Touched,
)
from locker.service import KEEPS
from locker.store import Store

EPOCH_S = 1_790_000_000
RESIDENTS = PrivateKey(hashlib.sha256(b"residents").digest())
STAFF = PrivateKey(hashlib.sha256(b"staff").digest())
STRANGER = PrivateKey(hashlib.sha256(b"stranger").digest())
AUD = "demo-1"
SEED = hashlib.sha256(b"nonces").digest()
"""Of the nonces of the first start; each further one has another."""
INVITE = config.Invite(url="https://example.org/lk/{cabinet}?n={nonce}")


def a_config(doors: int = 6, **sections: Any) -> config.Config:
    """A small cabinet: sizes S, S, M, M, L, L ...; every third door low; two keys, for residents and for staff."""
    sizes = ("S", "S", "M", "M", "L", "L")
    plans = [
        config.Door(door=n, size=sizes[(n - 1) % 6], side="left", row=n, channel=n - 1, low=n % 3 == 0)  # type: ignore[arg-type]
        for n in range(1, doors + 1)
    ]
    given: dict[str, Any] = {
        "cabinet": config.Cabinet(id=AUD, phone="0311-12345678"),
        "doors": plans,
        "boards": [config.Board(port="/nowhere/board", name="main")],
        "scanner": config.Scanner(port="/nowhere/scanner"),
        "store": config.Store(path="/nowhere/locker.db"),
        "invite": INVITE,
        "keys": [
            config.Key(public=RESIDENTS.public.hex(), purposes=["deposit", "collect"]),
            config.Key(public=STAFF.public.hex(), purposes=["staff", "technician"]),
        ],
    }
    return config.Config(**(given | sections))


class Stage:
    """One cabinet under test. ``events`` are the records as the log has them, ``acts`` what was ordered, in order.

    ``pickup`` is what pick-up codes are made of, set by the stages that have a keypad (tests/keypad_stage.py).
    """

    pickup: Pickup | None = None
    boot = "boot"

    def __init__(self, folder: Path, cfg: config.Config | None = None, quality: Quality = Quality.SYNCED) -> None:
        self.cfg = cfg or a_config()
        self.path = folder / "locker.db"
        self.ms, self.wall_ms, self.quality = 1_000_000, EPOCH_S * 1000, quality
        self.acts: list[Act] = []
        self.issued = self.starts = 0
        self._boot()
        self.power_up()

    # --- the machine ------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.store = Store.at(self.path, self.boot, "epoch")
        ring = KeyRing.from_config(self.cfg.keys)
        self.starts += 1
        seed = hashlib.sha256(SEED + bytes([self.starts % 256])).digest()
        given: dict[str, Any] = {"boot": self.boot, "seed": seed, "pickup": self.pickup}
        self.cabinet = Cabinet(self.cfg, Authority(ring, AUD), self.store.load(), self.now, **given)
        self._apply(self.cabinet.start(self.now))

    def power_up(self, open_doors: tuple[int, ...] = ()) -> None:
        """The board answers and every door is seen."""
        self.tell(BoardBack("main", tuple(self.cabinet.rooms)))
        for door in self.cabinet.rooms:
            self.tell(DoorSeen(door, door in open_doors))
        self.wait(2000)

    def reboot(self, away_ms: int = 2000, up_ms: int = 5000) -> None:
        """A power cut of the whole machine: another boot id, and boot time begins anew."""
        self.boot += "+"
        self.ms = up_ms - away_ms
        self.crash(away_ms=away_ms)

    def crash(self, open_doors: tuple[int, ...] = (), away_ms: int = 2000) -> None:
        """A power cut and a new start; these doors are open by now."""
        self.store._db.close()
        self.acts.clear()
        self.ms += away_ms
        self.wall_ms += away_ms
        self._boot()
        self.power_up(open_doors)

    @property
    def now(self) -> Now:
        return Now(self.ms, self.wall_ms, self.quality)

    def tell(self, event: Event) -> None:
        """An event arrives; its effects are committed, then noted."""
        self._apply(self.cabinet.handle(event, self.now))

    def wait(self, ms: int) -> None:
        """Time passes, deadline by deadline."""
        end = self.ms + ms
        while True:
            due = self.cabinet.deadline_ms()
            step = end if due is None else min(end, max(due, self.ms))
            self.wall_ms += step - self.ms
            self.ms = step
            self._apply(self.cabinet.advance(self.now))
            after = self.cabinet.deadline_ms()
            if step == end and (after is None or after > self.ms):
                return
            assert after is None or after > self.ms or step < end or after != due, "a deadline that does not move"

    def _apply(self, effects: list[Effect]) -> None:
        self.store.commit([e for e in effects if isinstance(e, KEEPS)], self.cabinet.weigh(self.now))
        self.acts += [e for e in effects if not isinstance(e, KEEPS)]

    # --- people and doors -------------------------------------------------------------------------

    def token(self, purpose: Purpose, order: str = "", **given: Any) -> str:
        """A fresh token as the cloud would issue it now."""
        self.issued += 1
        seconds = self.wall_ms // 1000
        staff = purpose in (Purpose.STAFF, Purpose.TECHNICIAN)
        values: dict[str, Any] = {
            "key": STAFF if staff else RESIDENTS,
            "aud": AUD,
            "purpose": purpose,
            "iat": seconds - 5,
            "exp": seconds + 3600,
            "cti": hashlib.sha256(b"cti %d" % self.issued).digest()[:16],
            "order": order.encode(),
        }
        values |= {"sub": "staff-7"} if staff else {}
        return issue(**(values | given))

    def deposit(self, order: str = "A1", **given: Any) -> str:
        """A drop-off token."""
        return self.token(Purpose.DEPOSIT, order, **given)

    def collect(self, order: str = "A1", **given: Any) -> str:
        """A collect token."""
        return self.token(Purpose.COLLECT, order, **given)

    def nonce(self) -> bytes:
        """The nonce in the address that the idle screen shows, as a phone reads it."""
        assert self.screen.invite, f"no invitation on {self.screen}"
        return bytes.fromhex(self.screen.invite.rpartition("?n=")[2])

    def grant(self, purpose: Purpose = Purpose.DEPOSIT, order: str = "A1", **given: Any) -> str:
        """What the cloud sends for somebody who has just scanned the idle screen."""
        return self.token(purpose, order, **({"nonce": self.nonce()} | given))

    def scan(self, text: str | bytes) -> int:
        """Hold a code to the scanner; the door of the visit that follows, 0 for none."""
        data = text.encode() if isinstance(text, str) else text
        self.wait(self.cfg.visit.repeat_ms + 1)
        self.tell(Scanned(data))
        return self.cabinet.visit.door

    def opens(self, door: int) -> None:
        """The door is seen open."""
        self.tell(DoorSeen(door, True, fresh=True))

    def shuts(self, door: int) -> None:
        """The door is seen shut."""
        self.tell(DoorSeen(door, False))

    def touch(self, button: str) -> None:
        """Press a button of the present screen."""
        assert button in self.screen.offers, f"{button!r} is not offered: {self.screen}"
        self.tell(Touched(button, self.screen.number))

    def silence(self) -> None:
        """The board answers no more."""
        self.tell(BoardSilent("main", tuple(self.cabinet.rooms)))

    def drop(self, door: int) -> None:
        """The pulse order never reached the wire."""
        self.tell(PulseDropped(door, "port gone"))

    def command(self, retained: bool = False, handle: int = 1, **fields: Any) -> dict[str, Any]:
        """A command arrives; the answer to it."""
        seconds = self.wall_ms // 1000
        message = {"v": 1, "id": "c1", "op": "open", "exp": seconds + 30} | fields
        return self.message(json.dumps(message).encode(), retained, handle)

    def message(self, payload: bytes, retained: bool = False, handle: int = 1) -> dict[str, Any]:
        """Raw bytes arrive on the command topic; the answer to them."""
        self.tell(MessageReceived("cmd", payload, retained, handle))
        answer = [a for a in self.acts if isinstance(a, Answer)][-1]
        found: dict[str, Any] = json.loads(answer.payload)
        return found

    def stored(self, order: str = "A1", **given: Any) -> int:
        """A whole drop-off; the door that holds it."""
        door = self.scan(self.deposit(order, **given))
        self.opens(door)
        self.shuts(door)
        self.touch("done")
        self.wait(2000)
        return door

    # --- looking ----------------------------------------------------------------------------------

    @property
    def screen(self) -> Show:
        """What the screen shows."""
        return [a for a in self.acts if isinstance(a, Show)][-1]

    @property
    def pulses(self) -> list[int]:
        """The doors pulsed since the start, in order."""
        return [a.door for a in self.acts if isinstance(a, Pulse)]

    @property
    def log(self) -> list[dict[str, Any]]:
        """The event stream as it is on the disk."""
        return [json.loads(row.body) for row in self.store.rows_after(0, 100_000)]

    @property
    def kinds(self) -> list[str]:
        """The events' types."""
        return [event["type"] for event in self.log]

    def last(self, kind: str) -> dict[str, Any]:
        """The newest event of a type, its data with its door."""
        event = [e for e in self.log if e["type"] == kind][-1]
        data: dict[str, Any] = event["data"]
        return data | {"door": event["door"]}

    def refused(self, reason: Refusal) -> bool:
        """Whether the last event is a refusal for this reason and nothing was pulsed for it."""
        denied = self.last("denied")
        return bool(denied["reason"] == reason.value)


__all__ = ["AUD", "EPOCH_S", "RESIDENTS", "STAFF", "STRANGER", "Record", "Size", "Stage", "a_config"]
