"""The world: plays a plan on a virtual clock, from deadline to deadline, and says what came of it.

At each moment, in this order: what was due outside (people, weather, the network), then bytes arrive, then the program
turns if it has something to do, then the checks look on. The moment's number is the world's only time; machine, wires
and people are handed it. The same plan gives the same trace, byte for byte.
"""

from __future__ import annotations

import heapq
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from locker.model import Quality, Show
from sim.cloud_log import Received
from sim.world.archive import Archive
from sim.world.broker import Broker
from sim.world.checks_books import MORE
from sim.world.checks_reports import Checks
from sim.world.cloud import Cloud
from sim.world.counts import Counts, counted_tables
from sim.world.coverage import Overlap
from sim.world.machine import Machine
from sim.world.plan import DAY_MS, Happening, Plan
from sim.world.scene import Breach, Check, Scene, Trouble
from sim.world.site import CERTIFICATE, WALL_MS, Register, configuration, plain
from sim.world.street import Energised, Order, Street
from sim.world.supply import Supply
from sim.world.trace import KEPT, Trace

SPINS_MAX = 300
TICK_MS, QUIET_DAYS = 30_000, 30
FAR_MS = 1 << 60
Deeds = Generator[int, None, None]
"""What somebody does, step by step; each ``yield`` is the milliseconds until the next."""


@dataclass(slots=True)
class Outcome:
    """How a world went. ``breaches`` is empty when every invariant held; ``error`` says of what the program died."""

    plan: Plan
    digest: str
    breaches: list[Breach] = field(default_factory=list)
    error: str = ""
    ms: int = 0
    turns: int = 0
    events: int = 0
    counts: Counts = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.breaches and not self.error


class World:
    """One world. ``run`` plays it; everything else is for those who live in it."""

    def __init__(self, plan: Plan, folder: Path, *, kept: int | None = KEPT, more: Sequence[type[Check]] = ()) -> None:
        """``folder`` gets the database; ``kept`` lines of the trace are kept, all with None; ``more`` look on, too."""
        self.plan, self.ms = plan, 0
        self.trace, self.counts, self.turns = Trace(kept), Counter[str](), 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = 0
        self._stuck, self._coils, self._kept = (0, 0), False, False
        path = folder / "locker.db"
        self.street = Street(plan.site, plan.seed, lambda: self.ms)
        self._ports, self._wires_ms = (*self.street.ports, self.street.scanner_port), 0
        self.broker = Broker(self, plan.site.latency_ms, plan.site.mqtt)
        self.archive = Archive(path)
        self.register = Register(plan.seed)
        self.cloud = Cloud(self, self.broker, self._stored)
        trouble = Trouble(lambda: self.ms)
        self.scene = Scene(plan.site, lambda: self.ms, self.street, self.archive, self.register, trouble)
        self.checks = Checks(self.scene, (*MORE, *more))
        self.supply = Supply(self, plan.site.reserve_s)
        self.machine = Machine(self, configuration(plan.site, str(path)), path)
        witness = self.street.witness
        witness.ordered, witness.energised, witness.after_order = self._ordered, self._energised, self._acted
        self.boot_floor, self.network_s, self.about = False, 0, 0
        self.overlap = Overlap(self.counts, self.machine)
        self.overlap.listen(self.street)

    # --- playing ----------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Play the plan and the quiet phase. An error of the program's own ends the world and is in the outcome."""
        from sim.world.deeds import begin, quiet

        error = ""
        with counted_tables(self.counts, self.overlap.reached):
            try:
                self._play(begin, quiet)
            except Exception as wrong:
                error = _told(wrong)
                self.say("world", f"the program died of itself: {error}")
        outcome = self._outcome(error)
        self.close()
        return outcome

    def _play(self, begin: Callable[[World, Happening], None], quiet: Callable[[World], Deeds]) -> None:
        self.machine.power_on()
        self.every(TICK_MS, self.look_closely)
        for happening in self.plan.happenings:
            self.at(happening.at_ms, self._starter(happening, begin))
        self._until(self.plan.end_ms)
        if self.plan.quiet and not self.checks.broken:
            self._play_quiet(quiet)

    def _starter(self, happening: Happening, begin: Callable[[World, Happening], None]) -> Callable[[], None]:
        return lambda: begin(self, happening)

    def _play_quiet(self, quiet: Callable[[World], Deeds]) -> None:
        """The faults have ended: everybody puts things right, then belief must meet the truth."""
        done: list[bool] = []

        def deeds() -> Deeds:
            yield from quiet(self)
            done.append(True)

        self.live(deeds())
        limit_ms = self.ms + QUIET_DAYS * DAY_MS
        while not done and not self.checks.broken and self.ms < limit_ms:
            self._step(limit_ms)
        if not (done or self.checks.broken):
            raise TimeoutError(f"the quiet phase is not over after {QUIET_DAYS} days: not all was demanded")
        if not self.checks.broken:
            self.checks.tell("ended")

    def _until(self, end_ms: int) -> None:
        while self.ms < end_ms and not self.checks.broken:
            self._step(end_ms)

    def _step(self, end_ms: int) -> None:
        """Go to the next moment at which something is due, at the latest to ``end_ms``."""
        self.ms = max(self.ms, min(self._next_ms(), end_ms))
        agenda, stirred = self._agenda, False
        while agenda and agenda[0][0] <= self.ms:
            heapq.heappop(agenda)[2]()
            stirred = True
        self._turn(stirred)
        (self.look_closely if self._kept else self._look)()

    def _next_ms(self) -> int:
        due_ms = self._agenda[0][0] if self._agenda else FAR_MS
        process = self.machine.process
        if process is None:
            return due_ms
        self._wires_ms = wires_ms = self._arrives_ms()
        return min(due_ms, process.due_ms, wires_ms)

    def _arrives_ms(self) -> int:
        """When bytes arrive at a port next."""
        earliest_ms = FAR_MS
        for port in self._ports:
            if port.is_open:
                port_ms = port.deadline_ms()
                if port_ms is not None and port_ms < earliest_ms:
                    earliest_ms = port_ms
        return earliest_ms

    def _turn(self, stirred: bool) -> None:
        """Let the program turn if it has something to do; ``stirred`` when anything happened outside at this moment."""
        process = self.machine.process
        if process is None:
            self.advance_ports()  # nobody has them open: what arrives is lost, and does not come later
            return
        if stirred:
            self._wires_ms = self._arrives_ms()
            process.due_ms = self.ms if self.plan.site.dozes else process.due_ms
        if process.due_ms > self.ms and self._wires_ms > self.ms:
            return
        self.advance_ports()
        self.turns += 1
        at_ms, often = self._stuck
        self._stuck = (self.ms, often + 1 if at_ms == self.ms else 1)
        if self._stuck[1] > SPINS_MAX:
            self.checks.tell("spins", self._stuck[1])
        self.machine.turn()
        self.scene.up, self.scene.slow_ms = self.machine.up, self.machine.seam.slow_ms

    def advance_ports(self) -> None:
        """Let time pass on the wires up to now."""
        for port in self._ports:
            port.advance(self.ms)

    def _look(self) -> None:
        """The checks look at what moved."""
        if self._coils or any(body.moves or body.deadline_ms() is not None for body in self.street.bodies):
            for swing in self.street.swings():
                self.say("door", f"{swing.door} {'opens' if swing.open else 'shuts'} by {swing.by} at {swing.ms}")
                self.checks.tell("swung", swing)
        if self._coils:
            self._coils = False
            self.checks.tell("looked")

    def look_closely(self) -> None:
        """The checks compare disk, doors and cloud: after each step that has changed the disk, and every 30 s."""
        self._kept = False
        self._look()
        scene, cloud = self.scene, self.cloud
        scene.up, scene.link_up = self.machine.up, self.broker.link is not None and not cloud.away
        scene.snapshots = {door: str(found["seen"]) for door, found in cloud.doors.items()}
        scene.stored, scene.acked, scene.malformed = cloud.stored, cloud.newest_ack, cloud.malformed
        logs = cloud.logs.values()
        scene.losses = [span for log in logs for span in log.losses]
        scene.broken, scene.conflicts = sum(len(log.broken) for log in logs), sum(log.conflicts for log in logs)
        if self.machine.starts:
            self.checks.tell("tick")

    def _outcome(self, error: str) -> Outcome:
        breaches = [breach for check in self.checks.all for breach in check.found]
        for breach in breaches:
            self.say("check", f"invariant {breach.number}, {breach.check}: {breach.says}")
        self._gather()
        return Outcome(
            self.plan,
            self.trace.digest,
            breaches,
            error,
            self.ms,
            self.turns,
            self.scene.story.seq,
            self.counts,
            list(self.trace.lines),
        )

    def _gather(self) -> None:
        wires = {f"board{n}": wire for n, wire in enumerate(self.street.wires)} | {"scanner": self.street.scanner_wire}
        for name, wire in wires.items():
            for what, count in wire.happened.items():
                self.counts[f"fault/{what}_{'scanner' if name == 'scanner' else 'board'}"] += count
        self.counts["total/turns"] += self.turns
        self.counts["total/events"] += self.scene.story.seq
        self.counts["total/starts"] += self.machine.starts
        self.counts["total/boots"] += self.machine.boots

    def close(self) -> None:
        """Let go of the files."""
        self.machine.drop()
        self.archive.close()

    # --- time and talk, for everybody -------------------------------------------------------------

    def at(self, ms: int, what: Callable[[], None]) -> None:
        """Do something at a moment; those of one moment in the order in which they were asked for."""
        self._serial += 1
        heapq.heappush(self._agenda, (ms, self._serial, what))

    def later(self, after_ms: int, what: Callable[[], None]) -> None:
        """Do something so much later."""
        self.at(self.ms + after_ms, what)

    def every(self, ms: int, what: Callable[[], None]) -> None:
        """Do something again and again."""

        def again() -> None:
            what()
            self.later(ms, again)

        self.later(ms, again)

    def live(self, deeds: Deeds) -> None:
        """Let somebody live: run their deeds from wait to wait."""

        def step() -> None:
            wait_ms = next(deeds, None)
            if wait_ms is not None:
                self.later(max(1, wait_ms), step)

        step()

    def wake(self) -> None:
        """The program has something to do now."""
        if self.machine.process is not None:
            self.machine.process.due_ms = self.ms

    def say(self, who: str, what: str) -> None:
        """A line of the trace."""
        self.trace.say(self.ms, who, what)

    def met(self, name: str) -> None:
        """Count something that really happened."""
        self.counts[name] += 1
        self.overlap.strikes(name)
        if not name.startswith("people/"):
            self.say("weather", name)

    # --- faults -----------------------------------------------------------------------------------

    def faults_begin(self, name: str) -> None:
        """Something is wrong from now on."""
        self.scene.trouble.begins(name)

    def faults_end(self, name: str) -> None:
        """It is over."""
        self.scene.trouble.ends(name)

    def outage_ms(self) -> int:
        """How long the power is away when a cut was armed; drawn from the number of boots."""
        return 3000 + 1000 * (self.machine.boots * 7919 % 40)

    def clock_at_boot(self) -> None:
        """What the wall clock says after the power was away: right with a battery, 1970 without, until the network."""
        machine, site = self.machine, self.plan.site
        if site.rtc and not self.boot_floor:
            machine.clock.quality = Quality.RTC
        else:
            self.met("fault/boots_in_1970")
            machine.clock.wrong_ms = -WALL_MS - self.ms
            machine.clock.quality = Quality.FLOOR
            self.faults_begin("clock")
            self.network_s += 1
        self.scene.clock_wrong_ms = machine.clock.wrong_ms
        boots = machine.boots
        self.later(90_000 + 60_000 * (boots % 5), lambda: self.clock_set(boots + 1))

    def clock_set(self, boots: int) -> None:
        """The network tells the time, if nobody cut the power meanwhile and the network is there."""
        machine = self.machine
        if boots != machine.boots:
            self._end_clock_trouble()
            return
        if not self.broker.reachable:
            self.later(60_000, lambda: self.clock_set(boots))
            return
        machine.clock.wrong_ms, machine.clock.quality = 0, Quality.SYNCED
        self.scene.clock_wrong_ms = 0
        self.say("machine", "clock synced")
        self._end_clock_trouble()

    def _end_clock_trouble(self) -> None:
        if self.network_s:
            self.network_s -= 1
            self.faults_end("clock")

    # --- what the far sides tell ------------------------------------------------------------------

    def read_disk(self) -> None:
        """A commit has returned: the checks read what it brought, before anything is carried out."""
        rows, self._kept = self.archive.rows(self.ms), True
        for row in rows:
            self.scene.story.take(row)
            self.counts[f"event/{row.kind}"] += 1
            self.register.learn(row)
            if row.kind == "reassigned" and row.data.get("item"):
                self.street.relabel(row.door, plain(row.data["item"]), plain(row.data["order"]))
            self.counts["total/certificates"] += row.kind == "collected" and plain(row.data["order"])[0] == CERTIFICATE
            if "reason" in row.data and row.kind in ("denied", "command_refused"):
                self.counts[f"refusal/{row.data['reason']}"] += 1
            more = " ".join(f"{key}={row.data[key]}" for key in ("purpose", "cti", "reason", "why") if key in row.data)
            self.say("disk", f"{row.seq} {row.kind} door={row.door} {more} {row.hash.hex()[:12]}")
            self.checks.tell("row", row)
        if rows:
            self.checks.tell("rows", rows)

    def new_run(self) -> None:
        """The program starts: what was on the disk is read again, then the checks begin a new run."""
        if self.machine.starts > 1:
            self.read_disk()
            self.checks.tell("new_run")
        self.scene.run_ms = self.ms

    def showed(self, show: Show) -> None:
        """A screen."""
        self.counts[f"screen/{show.name}"] += 1
        if show.reason:
            self.counts[f"shown/{show.reason}"] += 1
        self.say("screen", f"{show.number} {show.name} door={show.door} {show.reason} {','.join(show.offers)}")
        self.checks.tell("showed", show)

    def _ordered(self, order: Order) -> None:
        self.counts["total/orders"] += 1
        self.say("order", f"door {order.door} board {order.board} channel {order.channel}")
        self.checks.tell("ordered", order)

    def _acted(self) -> None:
        self.machine.seam.ordered()

    def _energised(self, coil: Energised) -> None:
        self._coils = True
        self.counts["total/pulses"] += 1
        self.say("coil", f"door {coil.door} for {coil.pulse_ms} ms{'' if coil.ordered else ', not ordered'}")
        self.checks.tell("energised", coil)

    def _stored(self, event: Received) -> None:
        self.scene.acked = self.cloud.newest_ack
        self.checks.tell("received", event)


def _told(wrong: Exception) -> str:
    """An error with the place in which it arose, in a form that is the same on any machine."""
    frames = traceback.extract_tb(wrong.__traceback__)
    place = f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else "?"
    return f"{type(wrong).__name__}: {wrong} at {place}"
