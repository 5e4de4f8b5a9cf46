"""A day at a small cabinet, on a virtual clock: the production service, store, drivers and codecs, people and a cloud.

This is what ``sim.disk`` records and ``sim.disk_cut`` cuts: the lock board and the scanner are far sides in memory
behind the real drivers, the screen and the link to the cloud are at the driver's seam. A ``Cabinet`` notes what leaves
the controller (``Tap``), each pulse, publication, screen and acknowledgement, before any device has it.

Knows how a cabinet is put together and what its doors do. The people are in ``sim.disk_people``. Must never know what
lies in the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from drivers.gm65 import Gm65Driver
from drivers.kerong_cu24 import Cu24Driver
from locker import config
from locker.authority.ed25519 import PrivateKey
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.model import (
    Acknowledge,
    Act,
    Attend,
    Delivered,
    Driver,
    Event,
    LinkDown,
    LinkUp,
    MessageReceived,
    Now,
    Publish,
    Pulse,
    Quality,
    Show,
    Touched,
)
from locker.outbox import Outbox
from locker.service import Service
from locker.signatory import Signatory
from locker.store import Store
from sim.body import Body
from sim.disk import Recorder
from sim.gm65 import Gm65
from sim.kerong_cu24 import KerongBoard
from sim.links import MemoryPort

ID, DATABASE = "disk-1", "locker.db"
EPOCH_MS = 1_790_000_000_000
DOORS = 6
SIZES = "SSMMLL"
TURNS_MAX = 200_000
MakeStore = Callable[[str, str], Store]
"""Opens the database at a path for a boot."""


def key(name: str) -> PrivateKey:
    """A key of this world, by its owner's name."""
    return PrivateKey(hashlib.sha256(f"disk {name}".encode()).digest())


def settings(path: str) -> config.Config:
    """The cabinet's configuration."""
    plans = [
        config.Door(door=n, size=SIZES[n - 1], side="left", row=n, channel=n - 1, low=n % 3 == 0)  # type: ignore[arg-type]
        for n in range(1, DOORS + 1)
    ]
    return config.Config(
        cabinet=config.Cabinet(id=ID, phone="0311-12345678"),
        doors=plans,
        boards=[config.Board(port="memory:board", pulse_ms=200, poll_ms=50, idle_poll_ms=250)],
        scanner=config.Scanner(port="memory:scanner"),
        store=config.Store(path=path),
        authority=config.Authority(root=key("root").public.hex()),
        mqtt=config.Mqtt(host="127.0.0.1", tls=False, health_s=600, window=5),
        coil=config.Coil(doors_minute_max=60, per_lock_minute_max=20),
    )


def open_store(path: str, boot: str) -> Store:
    """The production store, as the assembly opens it; a new database's epoch follows from the boot."""
    return Store(path, boot, hashlib.sha256(boot.encode()).hexdigest()[:16], events_max=10_000, events_kept=1000)


def put_together(
    store: Store, boot: str, now: Now, drivers: Sequence[Driver], make: type[Service] = Service
) -> Service:
    """The whole program on a database that is open, as the assembly puts it together; nothing has started."""
    cfg = settings("memory")
    store.follower = signatory = Signatory(ID, store.epoch, range(1, DOORS + 1), key("device"))
    cabinet = Cabinet(cfg, Authority(KeyRing.from_config(cfg.keys), ID), store.load(), now)
    outbox = Outbox(store, 5, 30_000, True, epoch=store.epoch, acked=store.acked)
    return make(cabinet, store, outbox, drivers, Silent(), boot, public_key=signatory.public_key)


class Silent:
    """The machine under the program, which tells nothing."""

    def disk_free_bytes(self) -> int | None:
        """Not told."""
        return None

    def memory_bytes(self) -> int | None:
        """Not told."""
        return None

    def temperature_c(self) -> float | None:
        """Not told."""
        return None


class Seam:
    """A device without a wire: it hands over what it is given and keeps what it is told to do."""

    def __init__(self, name: str, *kinds: type[Act]) -> None:
        """``kinds`` of orders that it takes."""
        self.name, self._kinds = name, kinds
        self.events: list[Event] = []
        self.done: list[Act] = []

    def fileno(self) -> int | None:
        """None: nothing to listen to."""
        return None

    def deadline_ms(self) -> int | None:
        """At once while there is something to hand over."""
        return 0 if self.events else None

    def refresh(self, now: Now) -> list[Event]:
        """What was given to it, once."""
        found, self.events = self.events, []
        return found

    def accepts(self, act: Act) -> bool:
        """Orders of its kinds."""
        return isinstance(act, self._kinds)

    def perform(self, act: Act, now: Now) -> None:
        """Keep it."""
        self.done.append(act)

    def counters(self) -> dict[str, int]:
        """How much it was told."""
        return {"done": len(self.done)}

    def close(self) -> None:
        """Nothing to let go of."""


class CloudLink(Seam):
    """The link and the cloud behind it: takes every publication and acknowledges events from time to time."""

    def __init__(self) -> None:
        """Down; ``plug`` brings it up."""
        super().__init__("mqtt", Publish, Acknowledge)
        self.up = False
        self.acks_every = 4
        self._since_ack = 0
        self._handle = 0

    def plug(self, up: bool) -> None:
        """Bring the link up or down."""
        self.up = up
        self.events.append(LinkUp(5, False) if up else LinkDown("unplugged"))

    def send(self, tail: str, payload: bytes, retained: bool = False) -> None:
        """A message for the cabinet."""
        self._handle += 1
        self.events.append(MessageReceived(tail, payload, retained, self._handle))

    def perform(self, act: Act, now: Now) -> None:
        """The broker takes it at once; the cloud answers a few events later."""
        super().perform(act, now)
        if not isinstance(act, Publish) or not self.up:
            return
        self.events.append(Delivered(act.tag))
        if act.tail == "evt":
            self._since_ack += 1
            if self._since_ack >= self.acks_every:
                self._since_ack = 0
                event = json.loads(act.payload)
                self.send("ack", json.dumps({"epoch": event["epoch"], "seq": event["seq"]}).encode())


class Tap:
    """A driver as it is, except that each order is noted before it has it."""

    def __init__(self, driver: Driver, recorder: Recorder) -> None:
        """``recorder`` gets the marks."""
        self._driver, self._recorder = driver, recorder
        self.name = driver.name
        self.fileno, self.deadline_ms, self.refresh = driver.fileno, driver.deadline_ms, driver.refresh
        self.accepts, self.counters, self.close = driver.accepts, driver.counters, driver.close

    def perform(self, act: Act, now: Now) -> None:
        """Note it, then carry it out."""
        match act:
            case Pulse(door):
                self._recorder.mark("pulse", door)
            case Publish(tail, payload):
                self._recorder.mark("publish", tail, payload)
            case Show():
                self._recorder.mark("show", act.name, act.door, act.receipt)
            case Acknowledge(handle):
                self._recorder.mark("acknowledge", handle)
        self._driver.perform(act, now)


class DiskCabinet:
    """The cabinet of the day: it boots from a folder, runs, and is stopped or loses its power."""

    def __init__(
        self, recorder: Recorder, make_store: MakeStore = open_store, make_service: type[Service] = Service
    ) -> None:
        """Dark; doors shut and empty. Store and service are production's unless something is planted."""
        self.recorder, self._make_store, self._make_service = recorder, make_store, make_service
        self.path = recorder.folder / DATABASE
        self.ms = 1_000_000
        self.boots = 0
        self.body = Body(24, seed=1)
        self.board, self.scanner = KerongBoard(self.body, default_pulse_ms=200), Gm65()
        self.link, self.screen = CloudLink(), Seam("panel", Show, Attend)
        self.service: Service | None = None

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, EPOCH_MS + self.ms, Quality.SYNCED)

    def boot(self) -> None:
        """Start the program and let the board and the scanner be set up."""
        self.boots += 1
        boot = f"boot-{self.boots}"
        self._ports = [MemoryPort(self.board), MemoryPort(self.scanner)]
        self.link, self.screen = CloudLink(), Seam("panel", Show, Attend)
        cfg = settings(str(self.path))
        channels = {plan.door: plan.channel for plan in cfg.doors}
        drivers: list[Driver] = [
            Cu24Driver(cfg.boards[0], channels, self._ports[0]),
            Gm65Driver(cfg.scanner, self._ports[1]),
            self.screen,
            self.link,
        ]
        store = self._make_store(str(self.path), boot)
        taps = [Tap(driver, self.recorder) for driver in drivers]
        self.service = put_together(store, boot, self.now, taps, self._make_service)
        self.service.start(self.now)
        self.link.plug(True)
        self.runs(4000)

    def stops(self) -> None:
        """An orderly end, as by SIGTERM."""
        assert self.service is not None, "not running"
        self.service.stop(self.now)
        self.service = None

    def dies(self, away_ms: int = 2000) -> None:
        """The process ends at once; its database stays as it is, not folded in."""
        assert self.service is not None, "not running"
        with self.recorder.undone():
            self.service.store.close()
        self.service = None
        self.ms += away_ms

    def runs(self, for_ms: int, until: Callable[[], bool] = lambda: False) -> bool:
        """Turn from deadline to deadline, for so long or until something holds; whether it held."""
        end_ms = self.ms + for_ms
        assert self.service is not None, "not running"
        for _ in range(TURNS_MAX):
            for port in self._ports:
                port.advance(self.ms)
            due = [self.service.turn(self.now), self.body.deadline_ms(), *(port.deadline_ms() for port in self._ports)]
            if until():
                return True
            next_ms = min((ms for ms in due if ms is not None), default=end_ms)
            if max(next_ms, self.ms + 1) > end_ms:
                self.ms = end_ms
                return until()
            self.ms = max(next_ms, self.ms + 1)
        raise AssertionError(f"more than {TURNS_MAX} turns in {for_ms} ms")

    # --- what people see and do -------------------------------------------------------------------

    @property
    def shown(self) -> Show:
        """The screen."""
        return [act for act in self.screen.done if isinstance(act, Show)][-1]

    def touches(self, button: str) -> None:
        """Press a button that is on the screen."""
        assert button in self.shown.offers, f"{button!r} is not on {self.shown}"
        self.screen.events.append(Touched(button, self.shown.number))
        self.runs(500)

    def holds(self, text: str) -> None:
        """Hold a code to the scanner for a moment, a while after the last one."""
        self.runs(4000)
        self.scanner.show(text, self.ms)
        self.runs(400)

    def is_open(self, door: int) -> bool:
        """Whether the leaf stands open."""
        return not self.body.compartments[door - 1].shut

    def shuts(self, door: int) -> None:
        """Push a door shut and let it be seen."""
        self.runs(600)
        assert self.body.shut(door - 1, self.ms), f"the coil of door {door} is on"
        self.runs(600)
