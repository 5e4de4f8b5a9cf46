"""A drop-off and a collection with each kind of board on pins: the whole service on a virtual clock, a person, a door.

Cabinet, store and service are the real ones, so is the driver; gpiozero's mock pins, simulated chips and a mechanical
cabinet are behind it. Scanner and screen are notebooks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from gpio_rig import KINDS, example
from service_bench import Device, Machine
from stage import AUD, EPOCH_S, RESIDENTS, SEED, STAFF

from drivers.gpio_kinds import gpio_boards
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Key
from locker.model import Attend, Driver, Now, Purpose, Quality, Scanned, Show, Touched
from locker.service import Service
from locker.store import Store
from sim.gpio_cabinet import GpioCabinet

BOOT = "boot"


class Hall:
    """A cabinet with somebody in front of it."""

    def __init__(self, folder: Path, kind: str, **keys: Any) -> None:
        cfg = example(kind, **keys)
        purposes = (["deposit", "collect"], ["staff", "technician"])
        trusted = [
            Key(public=key.public.hex(), purposes=list(what))  # type: ignore[arg-type]
            for key, what in zip((RESIDENTS, STAFF), purposes, strict=True)
        ]
        self.cfg = msgspec.structs.replace(
            cfg, keys=trusted, cabinet=msgspec.structs.replace(cfg.cabinet, id=AUD), pickup=None
        )
        self.street = GpioCabinet(self.cfg.boards[0])  # type: ignore[arg-type]
        self.path, self.ms, self.issued = folder / "locker.db", 1_000_000, 0
        self.street.advance(self.ms)
        self.start()

    def start(self) -> None:
        """A new process on the same disk and the same wires."""
        self.store = Store.at(self.path, BOOT, "epoch")
        ring = KeyRing.from_config(self.cfg.keys)
        cabinet = Cabinet(self.cfg, Authority(ring, AUD), self.store.load(), self.now, boot=BOOT, seed=SEED)
        (self.board,) = gpio_boards(self.cfg, self.street.open_pins, self.street.open_bus)
        self.scanner, self.screen = Device("scanner"), Device("panel", Show, Attend)
        drivers: list[Driver] = [self.board, self.scanner, self.screen]
        self.service = Service(cabinet, self.store, None, drivers, Machine(), BOOT)
        self.service.start(self.now)
        self.wait(4000)

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, EPOCH_S * 1000 + self.ms, Quality.SYNCED)

    def wait(self, for_ms: int) -> None:
        """Time passes from deadline to deadline, as the runner would have it."""
        end_ms = self.ms + for_ms
        while True:
            self.street.advance(self.ms)
            due = self.service.turn(self.now)
            mine = self.street.deadline_ms()
            next_ms = min(ms for ms in (due, mine, end_ms + 1) if ms is not None)
            if next_ms > end_ms:
                self.ms = end_ms
                return
            self.ms = max(self.ms + 1, next_ms)

    def scan(self, purpose: Purpose, order: str) -> int:
        """Hold a fresh code to the scanner; the visit's door once it has been seen open."""
        self.issued += 1
        seconds = self.now.wall_ms // 1000
        claims = {"iat": seconds, "exp": seconds + 600, "cti": b"%016d" % self.issued}
        code = issue(key=RESIDENTS, aud=AUD, purpose=purpose, order=order.encode(), **claims)  # type: ignore[arg-type]
        self.scanner.events.append(Scanned(code.encode()))
        self.wait(1500)
        return self.service.cabinet.visit.door

    def touch(self, button: str) -> None:
        """Press a button of the present screen."""
        shown = [act for act in self.screen.done if isinstance(act, Show)][-1]
        assert button in shown.offers, f"{button} is not offered: {shown}"
        self.screen.events.append(Touched(button, shown.number))
        self.wait(500)

    def channel(self, door: int) -> int:
        """Where a door is wired."""
        return next(plan.channel for plan in self.cfg.doors if plan.door == door)

    @property
    def told(self) -> list[str]:
        """The events' types on the disk."""
        return [msgspec.json.decode(row.body)["type"] for row in self.store.rows_after(0, 10_000)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_drop_off_and_a_collection(tmp_path: Path, kind: str) -> None:
    """Papers in, door shut, papers out, door shut; one coil at a time for half a second; the log tells each step."""
    hall = Hall(tmp_path, kind)
    body = hall.street.body
    door = hall.scan(Purpose.DEPOSIT, "A1")
    channel = hall.channel(door)
    assert body.put_papers(channel, "form", hall.ms)
    body.shut(channel, hall.ms)
    hall.wait(1000)
    hall.touch("done")
    hall.wait(20_000)
    assert hall.scan(Purpose.COLLECT, "A1") == door
    assert body.take_papers(channel, hall.ms) == ["form"]
    body.shut(channel, hall.ms)
    hall.wait(20_000)
    assert [on for _, on in hall.street.moved] == [1 << channel, 0] * 2
    ons = [ms for ms, _ in hall.street.moved]
    assert (ons[1] - ons[0], ons[3] - ons[2]) == (500, 500)
    assert not body.breaches
    visits = [what for what in hall.told if what in ("granted", "opened", "shut", "deposited", "collected")]
    assert visits == ["granted", "opened", "shut", "deposited", "granted", "opened", "shut", "collected"], hall.told
    hall.service.stop(hall.now)
    assert hall.street.lines == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_dies_in_a_pulse_opens_nothing_more(tmp_path: Path, kind: str) -> None:
    """Killed while the coil is on: it goes off, the next process opens nothing by itself, the code is still good."""
    hall = Hall(tmp_path, kind)
    for plan in hall.cfg.doors:
        hall.street.body.jam(plan.channel, 1)
    hall.scanner.events.clear()
    seconds = hall.now.wall_ms // 1000
    code = issue(
        key=RESIDENTS, aud=AUD, purpose=Purpose.DEPOSIT, order=b"A1", iat=seconds, exp=seconds + 600, cti=b"7" * 16
    )
    hall.scanner.events.append(Scanned(code.encode()))
    hall.wait(100)
    assert hall.street.lines.bit_count() == 1
    hall.street.header.die()
    hall.store._db.close()
    assert hall.street.lines == 0
    before = list(hall.street.moved)
    hall.street.header.restart()
    hall.ms += 3000
    hall.start()
    assert hall.street.moved == before
    hall.wait(5000)
    hall.scanner.events.append(Scanned(code.encode()))
    hall.wait(3000)
    assert len(hall.street.moved) > len(before)
    assert hall.street.moved[-2][1] == before[0][1]
    assert not hall.street.body.breaches
