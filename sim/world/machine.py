"""The machine in the cabinet: its power, its clock, the service manager, and one process of the program at a time.

``_compose`` is the one place where the program is put together, as ``locker.assembly`` does it: the same classes with
the world's ports, link, screen and store in the place of the real ones. When the power goes or the process dies, its
objects are thrown away; what is on the disk is all that the next one has. The service manager starts it again a second
later, for ever (systemd/locker.service).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.gm65 import Gm65Driver
from drivers.lock_boards import lock_boards
from locker import messages, timekeeping
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Config
from locker.keypad import Pickup
from locker.messages import Conn
from locker.model import Driver, KeepNote, Now, Quality, Record
from locker.outbox import Outbox
from locker.service import Service
from locker.signatory import Signatory
from locker.store import StoreError
from sim.world.broker import MemoryLink
from sim.world.doze import Dozing
from sim.world.screen import Screen
from sim.world.seam import Killed, PowerCut, Seam, WorldStore
from sim.world.site import BUILT_S, CABINET, DEVICE, DIGITS, EPOCH, PICKUP, WALL_MS

if TYPE_CHECKING:
    from sim.world.world import World

RESTART_MS = 1000
KERNEL_MS = 8000
"""From power to the first process; the boot-time clock begins at 0 with the power."""


@dataclass(slots=True)
class WallClock:
    """The machine's wall clock: how wrong it is, and what it says of itself."""

    wrong_ms: int = 0
    quality: Quality = Quality.SYNCED


@dataclass(slots=True)
class Process:
    """One process of the program."""

    service: Service
    store: WorldStore
    screen: Screen
    due_ms: int


class Host:
    """The machine as the health message sees it; always the same."""

    def disk_free_bytes(self) -> int | None:
        """A number."""
        return 10_000_000

    def memory_bytes(self) -> int | None:
        """This machine does not tell."""
        return None

    def temperature_c(self) -> float | None:
        """This machine does not tell."""
        return None


class Machine:
    """Off, booting, waiting for the service manager, or up. All times are world time but for ``now().ms``."""

    def __init__(self, world: World, cfg: Config, path: Path) -> None:
        """Without power."""
        self._world, self._cfg, self._path = world, cfg, path
        self.clock = WallClock()
        self.process: Process | None = None
        self.powered = False
        self.boots = self.starts = self.deaths = 0
        self.booted_ms = 0
        self.up_since_ms = 0
        self.seam = Seam(self._passes, world.read_disk, world.met)
        self._generation = 0

    @property
    def up(self) -> bool:
        """Whether a process runs."""
        return self.process is not None

    def now(self) -> Now:
        """This instant, as ``locker.clock`` would give it."""
        ms = self._world.ms
        return Now(ms - self.booted_ms, WALL_MS + ms + self.clock.wrong_ms, self.clock.quality)

    def _passes(self, ms: int) -> None:
        """The disk keeps the process waiting: everybody else goes on."""
        self._world.ms += ms
        self._world.advance_ports()

    # --- power and the service manager ------------------------------------------------------------

    def power_on(self) -> None:
        """The kernel boots, then the service manager starts the program."""
        if self.powered:
            return
        self.powered, self.booted_ms = True, self._world.ms
        self.boots += 1
        self._world.say("machine", f"power on, boot {self.boots}, wall {self.now().wall_ms} {self.clock.quality.value}")
        self._start_after(KERNEL_MS)

    def power_off(self, off_ms: int) -> None:
        """The power goes, for the boards as well, and comes back after ``off_ms``."""
        self._world.say("machine", f"power cut for {off_ms} ms")
        if self.lose_power():
            self._world.later(off_ms, self.power_back)

    def lose_power(self) -> bool:
        """The power goes, for the boards as well; False when it was away already."""
        self.drop()
        if not self.powered:
            return False
        self.powered = False
        self._generation += 1
        for board in self._world.street.boards:
            board.power(False, self._world.ms)
        self._world.faults_begin("power")
        return True

    def power_back(self) -> None:
        """The power is back, unless the mains have to come back first."""
        if self._world.supply.waits or self.powered:
            return
        for board in self._world.street.boards:
            board.power(True, self._world.ms)
        self._world.faults_end("power")
        self._world.clock_at_boot()
        self.power_on()

    def kill(self) -> None:
        """The process is killed (out of memory, a watchdog, a person)."""
        if self.process is not None:
            self._world.met("killed/idle")
            self._die("killed")

    def lower_floor(self) -> bool:
        """A technician stops the program and lowers the time's floor, as ``locker clock lower`` does (docs/time.md, 5).

        Only when it is ahead of the right time; says whether it was.
        """
        process, now = self.process, self.now()
        if process is None or process.service.cabinet.weigh(now).past_ms <= now.wall_ms:
            return False
        process.service.stop(now)
        self.process = None
        self._world.say("machine", "a technician lowers the floor")
        store = self._open()
        saved = timekeeping.decode(store.load().notes[timekeeping.NOTE])
        note = KeepNote(timekeeping.NOTE, timekeeping.encode(timekeeping.lowered(saved, now)))
        store.commit([note, Record("floor_lowered", 0, {})], now)
        store.close()
        self._start_after(RESTART_MS)
        return True

    def _open(self) -> WorldStore:
        limits = {"events_max": self._cfg.store.events_max, "events_kept": self._cfg.store.events_kept}
        return WorldStore(self.seam, str(self._path), f"boot-{self.boots}", EPOCH, **limits)

    def _die(self, why: str) -> None:
        self.drop()
        self.deaths += 1
        self._world.say("machine", f"process gone: {why}")
        self._start_after(RESTART_MS)

    def _start_after(self, ms: int) -> None:
        self._generation += 1
        mine = self._generation
        self._world.later(ms, lambda: self._start() if mine == self._generation and self.powered else None)

    def drop(self) -> None:
        """Throw the process away, as the kernel does: descriptors closed, nothing said, nothing committed."""
        process, self.process = self.process, None
        self.seam.new_process()
        if process is None:
            return
        process.store.abandon()
        for port in (*self._world.street.ports, self._world.street.scanner_port):
            port.close()
        for driver in process.service.drivers:
            if isinstance(driver, MemoryLink):
                driver.close()
        process.screen.close()

    # --- the program ------------------------------------------------------------------------------

    def _start(self) -> None:
        self.starts += 1
        self._world.say("machine", f"start {self.starts}")
        self._world.new_run()
        self.up_since_ms = self._world.ms
        self._guarded(self._begin)

    def _begin(self) -> None:
        self.process = process = self._compose()
        process.service.start(self.now())

    def turn(self) -> None:
        """One turn of the program."""
        self._guarded(self._turn)

    def _turn(self) -> None:
        process = self.process
        if process is not None:
            due_ms = process.service.turn(self.now())
            process.due_ms = 1 << 60 if due_ms is None else due_ms + self.booted_ms
            if process.service.over:
                self._switch_off(process)

    def _switch_off(self, process: Process) -> None:
        """The program wants the computer to be switched off: it stops in order, then the supply cuts the power."""
        process.service.stop(self.now())
        self.process = None
        self._world.met("machine/switched_off")
        self.lose_power()
        self._world.supply.switched_off()

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run a piece of the program; however it ends, the world goes on."""
        try:
            step()
        except PowerCut:
            self.power_off(self._world.outage_ms())
        except Killed:
            self._die("killed")
        except (sqlite3.Error, StoreError) as error:
            if self.seam.disk == "well":
                raise
            self._world.met(f"fault/disk_{self.seam.disk}")
            self._died_of_error(f"{type(error).__name__}: {str(error).removeprefix(str(self._path))}")

    def _died_of_error(self, why: str) -> None:
        """As the runner does: let go of the devices, write nothing, end."""
        if self.process is not None:
            self.process.service.let_go()
        self._die(why)

    def _compose(self) -> Process:
        """Put the program together; see ``locker.assembly.Program``."""
        world, cfg, boot = self._world, self._cfg, f"boot-{self.boots}"
        store = self._open()
        try:
            authority = Authority(KeyRing.from_config(cfg.keys), cfg.cabinet.id)
            cabinet = Cabinet(cfg, authority, store.load(), self.now(), **self._given(boot))
            assert cfg.mqtt is not None, "a world has a cloud"
            outbox = Outbox(
                store,
                epoch=store.epoch,
                window=cfg.mqtt.window,
                resend_ms=cfg.mqtt.resend_s * 1000,
                cloud_acks=cfg.mqtt.cloud_acks,
                acked=store.acked,
            )
            signatory = Signatory(CABINET, store.epoch, [d.door for d in cfg.doors], DEVICE)
            store.follower = signatory if world.plan.site.receipts else None
            service = Service(cabinet, store, outbox, [], Host(), boot, public_key=signatory.public_key)
            screen = Screen(world.wake, world.showed)
            service.drivers = self._drivers(boot, store.epoch, screen)
        except BaseException:
            store.abandon()
            raise
        return Process(service, store, screen, world.ms)

    def _given(self, boot: str) -> dict[str, Any]:
        """What else a cabinet is handed at its start; the nonces' seed is drawn from the number of the start."""
        seed = sha256(f"{self._world.plan.seed}/nonces/{self.starts}".encode()).digest()
        return {"boot": boot, "seed": seed, "pickup": Pickup(PICKUP, DIGITS, EPOCH), "built_s": BUILT_S}

    def settled(self) -> bool:
        """Whether all doors are shut and still, in sight, and believed to be so."""
        process = self.process
        believed = process is not None and all(room.seen is False for room in process.service.cabinet.rooms.values())
        return believed and self._world.street.settled()

    def _drivers(self, boot: str, epoch: str, screen: Screen) -> list[Driver]:
        cfg, street, drivers = self._cfg, self._world.street, list[Driver]()
        if street.pins is not None:
            drivers += street.pins.drivers(cfg)
        else:
            drivers += lock_boards(cfg, lambda board: street.lines[board.port])
        if self._world.plan.site.dozes:
            drivers = [Dozing(driver, self.settled) for driver in drivers]
        drivers.append(Gm65Driver(cfg.scanner, street.scanner_port))
        drivers += self._world.supply.drivers()
        drivers.append(screen)
        will = messages.encode(Conn(state="offline", boot=boot, epoch=epoch))
        drivers.append(MemoryLink(self._world.broker, self.booted_ms, will))
        return drivers
