"""The service: one turn of the whole program, as a plain function of the time.

``turn(now)`` refreshes every driver, hands each event to the cabinet, commits all that is to be remembered in one
transaction, and only then lets the drivers act. It returns the time of the next turn. The runner calls it in real
time, the simulator in virtual time; neither can change the order. Knows drivers, store and outbox by their interfaces;
decides nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from locker import __version__, messages, status
from locker.cabinet import Cabinet
from locker.commands import OPS
from locker.compartment import Compartment
from locker.messages import BoardHealth, Conn, DoorPlace, DoorSnapshot, DoorWear, Health, Info
from locker.model import (
    Acknowledge,
    Act,
    Answer,
    Delivered,
    Driver,
    Effect,
    Event,
    Forget,
    KeepCommand,
    KeepCompartment,
    KeepNote,
    KeepSigned,
    KeepToken,
    KeepVisit,
    LinkDown,
    LinkUp,
    MessageReceived,
    NotDelivered,
    Now,
    Pulse,
    Receipted,
    Record,
    ShutDown,
    Tallied,
)
from locker.outbox import Outbox
from locker.store import Store

log = logging.getLogger("locker.service")
TALLY_MS = 60_000
DOORS_TOLD_MAX = 64
WHY_MAX = 300
KEEPS = (KeepCompartment, KeepToken, KeepCommand, KeepVisit, KeepSigned, KeepNote, Forget, Record)


class Host(Protocol):
    """The machine under the program, asked once a health message; None where it does not tell."""

    def disk_free_bytes(self) -> int | None:
        """Bytes that may still be written."""

    def memory_bytes(self) -> int | None:
        """Resident memory of this process."""

    def temperature_c(self) -> float | None:
        """The processor's temperature in degrees Celsius."""


class Service:
    """Cabinet, store, outbox and drivers, turned together. ``notice`` keeps what a technician may read, where set."""

    def __init__(
        self,
        cabinet: Cabinet,
        store: Store,
        outbox: Outbox | None,
        drivers: Sequence[Driver],
        host: Host,
        boot: str,
        *,
        public_key: str = "",
        lacks: Sequence[Record] = (),
    ) -> None:
        """``outbox`` is None for a cabinet without a cloud; ``boot`` is this boot's id.

        ``public_key`` is the device's, in hexadecimal, empty where it signs nothing; ``lacks`` is what is to be said at
        the start of what this machine has to do without. ``over`` becomes
        True when the computer is to be switched off: whoever turns us ends.
        """
        self.cabinet, self.store, self.outbox, self.host = cabinet, store, outbox, host
        self.drivers = list(drivers)
        self._boot, self._public_key, self._lacks = boot, public_key, list(lacks)
        self.notice: status.Notice | None = None
        self._tally_ms = self._notice_ms = self._started_ms = 0
        self._health_ms: int | None = None
        self.over = False

    def start(self, now: Now) -> None:
        """Write that we have started, before any device is touched, and prepare what the cloud will see first."""
        now = self.cabinet.weigh(now)
        self._started_ms, self._tally_ms = now.ms, now.ms + TALLY_MS
        self._carry_out([*self.cabinet.start(now, version=__version__, boot=self._boot), *self._lacks], now)
        if self.outbox is None:
            return
        self._health_ms = now.ms
        self.outbox.put_conn(messages.encode(Conn(state="online", boot=self._boot, epoch=self.store.epoch)))
        self.outbox.put_info(messages.encode(self._info()))
        for room in self.cabinet.rooms.values():
            self._snapshot(room, now)

    def turn(self, now: Now) -> int | None:
        """Do all that there is to do now; the boot time at which there is more, or None.

        ``now`` is what the machine's clock says; everybody sees it as the cabinet has weighed it.
        """
        now = self.cabinet.weigh(now)
        effects: list[Effect] = []
        for driver in self.drivers:
            for event in driver.refresh(now):
                effects += self._decide(event, now)
        effects += self._tally(now)
        effects += self.cabinet.advance(now)
        self._carry_out(effects, now)
        self._report(now)
        if self.notice is not None and now.ms >= self._notice_ms:
            self._notice_ms = now.ms + self.notice.every_ms
            self.tell(now)
        return self._deadline_ms()

    def stop(self, now: Now) -> None:
        """Write that we stop, and let go of every device with its outputs off."""
        try:
            now = self.cabinet.weigh(now)
            self._carry_out([Record("stopped", 0, {}), self.cabinet.time.note()], now)
            self.tell(now, "stopped")
        finally:
            self.let_go()
        self.store.close()

    def failed(self, now: Now, why: str) -> None:
        """An error ended a turn: let go of every device, and leave word of it where no disk is needed for that."""
        try:
            self.tell(now, "failed", why[:WHY_MAX])
        except Exception:  # whatever is broken by now, the coils come first
            log.exception("no last words")
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Let go of every device, and write nothing: after an error nobody knows what would be true.

        One that cannot be let go keeps no other from it; its error is raised when all the others have been.
        """
        with ExitStack() as devices:
            for driver in self.drivers:
                devices.callback(driver.close)

    def tell(self, now: Now, state: status.State = "running", why: str = "") -> None:
        """Say how we are to whoever reads the notice; ``why`` is the error of a controller that failed."""
        if self.notice is None:
            return
        counters, waiting_ms = self._counters(now)
        about = {
            "state": state,
            "why": why,
            "pid": self.notice.pid,
            "born_ticks": self.notice.born_ticks,
            "boot": self._boot,
            "epoch": self.store.epoch,
            "started_ms": self._started_ms,
            "link": None if self.outbox is None else self.outbox.connected,
            "queued": self.store.unacked(),
            "waiting_ms": waiting_ms,
            "disk_free_bytes": self.host.disk_free_bytes(),
            "memory_bytes": self.host.memory_bytes(),
            "temperature_c": self.host.temperature_c(),
        }
        self.notice.post(status.encode(status.of(self.cabinet, now, counters, **about)))

    # --- the parts of a turn ----------------------------------------------------------------------

    def _tally(self, now: Now) -> list[Effect]:
        """Hand the devices' counters on once a minute: a turn that is made anyway, never one for this alone."""
        if now.ms < self._tally_ms:
            return []
        self._tally_ms = now.ms + TALLY_MS
        effects: list[Effect] = []
        for driver in self.drivers:
            effects += self.cabinet.handle(Tallied(driver.name, driver.counters()), now)
        return effects

    def _decide(self, event: Event, now: Now) -> list[Effect]:
        """Delivery is the outbox's affair, everything else the cabinet's."""
        if isinstance(event, LinkUp | LinkDown | Delivered | NotDelivered):
            if self.outbox is not None:
                self.outbox.handle(event, now)
            return self.cabinet.handle(event, now)
        if isinstance(event, MessageReceived) and event.tail == "ack":
            return self._acked(event, now)
        return self.cabinet.handle(event, now)

    def _acked(self, event: MessageReceived, now: Now) -> list[Effect]:
        """The cloud has stored events; a wrong or old acknowledgement is counted and changes nothing."""
        ack = messages.decode_ack(event.payload)
        if self.outbox is not None and isinstance(ack, messages.Ack) and not event.retained:
            self.outbox.acknowledge(ack.epoch, ack.seq, now)
        return [Acknowledge(event.handle)]

    def _carry_out(self, effects: Sequence[Effect], now: Now) -> None:
        """Commit, then act (invariant 1). Pulses go first: somebody is waiting for the door."""
        keeps = [e for e in effects if isinstance(e, KEEPS)]
        self.store.acked = self.outbox.acked if self.outbox is not None else self.store.last_seq()
        receipts = self.store.commit(keeps, now)
        acts = [e for e in effects if not isinstance(e, KEEPS)]
        for act in sorted(acts, key=lambda a: not isinstance(a, Pulse)):
            self._act(act, now)
        if self.outbox is not None:
            for room in {k.row.door: k.row for k in keeps if isinstance(k, KeepCompartment)}:
                self._snapshot(self.cabinet.rooms[room], now)
        records = [k for k in keeps if isinstance(k, Record)] + receipts
        for record in records:
            why = record.fields.get("reason", record.fields.get("why", "-"))
            log.info("event type=%s door=%d reason=%s", record.kind, record.door, why)
        if records:
            self.store.trim(now)
            self.cabinet.log_full = self.store.full
        for signed in receipts:
            self._carry_out(self.cabinet.handle(Receipted(signed.door, signed.fields["receipt"]), now), now)

    def _act(self, act: Act, now: Now) -> None:
        """Let the driver that is meant carry out an order; answers go through the outbox, an end to whoever runs us."""
        if isinstance(act, ShutDown):
            self.over = True
        if isinstance(act, Answer):
            if self.outbox is not None:
                self.outbox.put_answer(act.payload)
            return
        for driver in self.drivers:
            if driver.accepts(act):
                driver.perform(act, now)

    def _report(self, now: Now) -> None:
        """What may go to the cloud now, goes."""
        if self.outbox is None or self.cabinet.cfg.mqtt is None:
            return
        if self._health_ms is not None and now.ms >= self._health_ms:
            self._health_ms = now.ms + self.cabinet.cfg.mqtt.health_s * 1000
            self.outbox.put_health(messages.encode_health(self._health(now)))
        for publish in self.outbox.drain(now):
            self._act(publish, now)

    def _deadline_ms(self) -> int | None:
        """The earliest of everybody's deadlines."""
        times = [driver.deadline_ms() for driver in self.drivers]
        times += [self.cabinet.deadline_ms(), self._health_ms]
        times.append(self.outbox.deadline_ms() if self.outbox is not None else None)
        return min((t for t in times if t is not None), default=None)

    # --- what the cloud sees ----------------------------------------------------------------------

    def _snapshot(self, room: Compartment, now: Now) -> None:
        """The present state of one door, for its retained topic."""
        if self.outbox is None:
            return
        snapshot = DoorSnapshot(
            door=room.door,
            rev=room.rev,
            at_ms=now.wall_ms,
            quality=now.quality,
            seen="unknown" if room.seen is None else ("open" if room.seen else "closed"),
            state=room.state.value,
            occupied="unknown" if room.occupied is None else ("yes" if room.occupied else "no"),
            in_service=room.in_service,
            deadline_ms=room.deadline_ms or None,
            overdue=room.overdue,
        )
        self.outbox.put_snapshot(room.door, messages.encode(snapshot))

    def _info(self) -> Info:
        """What this cabinet is."""
        cfg = self.cabinet.cfg
        return Info(
            cabinet=cfg.cabinet.id,
            name_zh=cfg.cabinet.name_zh,
            name_en=cfg.cabinet.name_en,
            software=__version__,
            boot=self._boot,
            epoch=self.store.epoch,
            ops=list(OPS),
            doors=[DoorPlace(d.door, d.size, d.side, d.row, d.low) for d in cfg.doors],
            public_key=self._public_key,
        )

    def _health(self, now: Now) -> Health:
        """How the machine and its devices are."""
        counters, waiting_ms = self._counters(now)
        boards = status.boards_of(self.cabinet)
        worn = sorted(status.doors_of(self.cabinet), key=lambda door: (-door.cycles, door.door))[:DOORS_TOLD_MAX]
        return Health(
            at_ms=now.wall_ms,
            boot_ms=now.ms,
            quality=now.quality,
            floor_ms=now.past_ms,
            system_clock=self.cabinet.time.system,
            boot=self._boot,
            queued=self.store.unacked(),
            waiting_ms=waiting_ms,
            counters=counters,
            disk_free_bytes=self.host.disk_free_bytes(),
            memory_bytes=self.host.memory_bytes(),
            temperature_c=self.host.temperature_c(),
            **self.cabinet.fittings.health(),
            versions=status.versions_of(self.cabinet),
            boards={
                b.name: BoardHealth(answers=b.answers, quarantined=b.quarantined, permille=b.permille) for b in boards
            },
            doors=[DoorWear(d.door, d.cycles, d.timed, round(d.usual_ms or 0), round(d.recent_ms or 0)) for d in worn],
        )

    def _counters(self, now: Now) -> tuple[dict[str, dict[str, int]], int]:
        """What every device and the outbox have counted, and how long the cloud has been silent."""
        counters = {driver.name: driver.counters() for driver in self.drivers}
        if self.outbox is None:
            return counters, 0
        counters["outbox"] = self.outbox.counters()
        return counters, self.outbox.waiting_ms(now)
