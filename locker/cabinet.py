"""The cabinet: takes events, answers with effects, decides everything.

Synchronous and pure: no clock (``now`` is an argument), no file, no socket, no randomness. ``handle`` and ``advance``
return the effects of one step, those to remember and those to carry out; the service commits the first before it
carries out the second (invariant 1). Owns the compartments, the visit, the ledger of used tokens and the screen. How a
code becomes a visit is in ``locker.reception``, what the cloud may ask for in ``locker.commands``.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from locker.authority.token import Authority
from locker.coil import NOTE, CoilError, CoilGuard
from locker.commands import Commands
from locker.compartment import Compartment
from locker.config import Config
from locker.deadlines import Deadlines
from locker.duty import Duty
from locker.duty_note import NOTE as DUTY_NOTE
from locker.fittings import Fittings
from locker.hall import NOBODY_KNOWN, Bearer
from locker.invitation import Invitation
from locker.keypad import Keypad, Pickup
from locker.lapses import Lapses
from locker.ledger import Ledger
from locker.machine import VisitState
from locker.model import (
    Attend,
    BoardBack,
    BoardSilent,
    Chosen,
    Custody,
    DeviceKnown,
    DeviceTrouble,
    DoorSeen,
    Effect,
    Event,
    Keep,
    KeepCompartment,
    KeepNote,
    KeepToken,
    KeepVisit,
    Kind,
    LineSeen,
    LinkDown,
    LinkUp,
    Measured,
    Memory,
    MessageReceived,
    Now,
    PortBack,
    PortLost,
    Pulse,
    PulseAnswered,
    PulseDropped,
    PulseSent,
    Purpose,
    Receipted,
    Record,
    Scanned,
    SignedArrived,
    Size,
    Tallied,
    Touched,
    Typed,
)
from locker.noise import NOTE as NOISE
from locker.people import People
from locker.presence import Presence
from locker.quarantine import NOTE as QUARANTINE_NOTE
from locker.quarantine import Quarantine
from locker.reception import AT_THE_CABINET, Reception
from locker.screen import Screen
from locker.sightings import Sightings
from locker.timekeeping import FIRST_S, Timekeeper
from locker.trust import KINDS, Notary
from locker.upkeep import Upkeep
from locker.visit import Visit

TEXT_MAX = 200
DEVICE_EVENTS = {PortLost: "port_lost", PortBack: "port_back", DeviceTrouble: "device_trouble"}


class Cabinet:
    """The state machine of the whole cabinet. ``log_full`` is set by the service when the store has no room left."""

    def __init__(
        self,
        cfg: Config,
        authority: Authority,
        memory: Memory,
        now: Now,
        *,
        boot: str = "",
        seed: bytes = b"",
        pickup: Pickup | None = None,
        built_s: int = FIRST_S,
    ) -> None:
        """Take up what the disk knew; every door is unknown until it has been seen.

        ``boot`` is this boot's id, "" where nobody knows it. ``seed`` is drawn once a start, 32 bytes, for the screen's
        nonces; without one it invites nobody. ``pickup`` is what pick-up codes are made of; without it there are none.
        ``built_s`` is when the program was built, in Unix seconds: it is not earlier than that.
        """
        self.cfg, self.authority, self._boot, self._coil_note = cfg, authority, boot, memory.notes.get(NOTE)
        self.log_full: bool = False
        self._now: Now = now
        self.time = Timekeeper(memory.notes, now.ms, boot, built_s)
        kept = {row.door: row for row in memory.compartments}
        self.rooms = {plan.door: Compartment(plan, kept.get(plan.door)) for plan in cfg.doors}
        self.ledger = Ledger(memory.tokens)
        self.coil = CoilGuard(cfg.coil, max(board.pulse_ms for board in cfg.boards), now.ms)
        self.quarantine = Quarantine(self.say, cfg, self.coil, memory.notes.get(QUARANTINE_NOTE))
        self.upkeep = Upkeep(self.say, cfg, memory.notes.get(NOISE), now)
        self.presence = Presence(self.say, cfg.staff.present_s)
        self.invitation = Invitation(cfg, seed)
        self.screen = Screen(self.say, self.any_works, lambda: self._now.ms, cfg.visit.notice_ms, self.invitation)
        self.visit = Visit(self, cfg.visit)
        self._furnish(memory, pickup, boot, now)
        self.silent_boards = {board.name for board in cfg.boards}
        self._interrupted = memory.visit
        self._effects: list[Effect] = []
        self._link_lost_ms: int | None = None

    def _furnish(self, memory: Memory, pickup: Pickup | None, boot: str, now: Now) -> None:
        """Put in place what belongs to this cabinet and looks at all of it."""
        self.sightings = Sightings(self)
        self.reception = Reception(self)
        self.notary = Notary(self, memory.signed)
        self.lapses = Lapses(self, now)
        self.fittings = Fittings(self, memory.notes, boot, now)
        self.deadlines = Deadlines(self.say, self.keep, self.rooms, self.cfg, memory.notes, now)
        self.keypad = Keypad(self, pickup, memory.notes, boot, now)
        self.duty, self.people = Duty(self, memory.notes.get(DUTY_NOTE)), People(self)
        self.commands = Commands(self, memory.commands)

    # --- the three calls --------------------------------------------------------------------------

    def start(self, now: Now, **fields: Any) -> list[Effect]:
        """The first effects after a start: say so, and close what was in progress. No door is pulsed (invariant 5)."""
        now = self.weigh(now)
        self.say(Record("started", 0, fields))
        if self._interrupted is not None:
            door = int(self._interrupted)
            self.say(Record("interrupted", door, self._errand_fields(door)))
            self.say(KeepVisit(None))
        self._resume_coil()
        self.notary.start(now)
        self.keypad.start(now)
        self.duty.start()
        self.fittings.start(now)
        self.screen.show("out_of_order")
        return self._drain()

    def _resume_coil(self) -> None:
        """The pulses of the last minute count on, over a restart and a power cut (invariant 10)."""
        try:
            if self._coil_note is not None:
                self.coil.resume(self._coil_note, self._boot)
        except CoilError as wrong:
            fields = {"device": NOTE, "what": "unreadable", "detail": str(wrong)}
            self.say(Record(DEVICE_EVENTS[DeviceTrouble], 0, fields))

    def handle(self, event: Event, now: Now) -> list[Effect]:
        """Decide about one fact. Facts that concern nobody are no error and have no effect."""
        now = self.weigh(now)
        match event:
            case Scanned() | Touched() | Typed() | Chosen():
                self.people.act(event, now)
            case DoorSeen():
                self.sightings.seen(event, now)
            case MessageReceived() if event.tail in KINDS:
                self.notary.receive(event, now)
            case SignedArrived():
                self.notary.arrived(event, now)
            case Receipted():
                self.screen.receipt(event.door, event.text)
            case MessageReceived():
                self.commands.receive(event, now)
            case PulseSent():
                self._pulse_sent(event.door, now)
            case PulseAnswered() if event.door == self.visit.door:
                self.visit.board_said = event.answer.value
            case PulseDropped():
                self.quarantine.dropped(event.door)
                if event.door == self.visit.door:
                    self.visit.dropped(event.why, now)
            case BoardSilent():
                self.sightings.board_silent(event, now)
            case BoardBack():
                self.sightings.board_back(event)
            case LinkUp() | LinkDown():
                self._link(event, now)
            case PortLost() | PortBack() | DeviceTrouble():
                fields = {key: text[:TEXT_MAX] for key, text in asdict(event).items()}
                self.reception.log_limited(Record(DEVICE_EVENTS[type(event)], 0, fields), now)
            case LineSeen() | Measured():
                self.fittings.handle(event, now)
            case Tallied() | DeviceKnown():
                self.upkeep.told(event, event.device in self.silent_boards)
        return self._drain()

    def _pulse_sent(self, door: int, now: Now) -> None:
        """The order is on the wire only now: the coils' rests count from here, and the time the door has to open in.

        A commit may have taken longer than that time; a door that nobody has looked at since is not jammed.
        """
        self.coil.sent(door, now.ms)
        self.quarantine.pulsed(door, now)
        self.upkeep.pulsed(door, now)
        if door == self.visit.door and self.visit.state is VisitState.OPENING and self.visit.timer_ms is not None:
            self.visit.timer_ms = now.ms + self.cfg.visit.open_wait_ms

    def advance(self, now: Now) -> list[Effect]:
        """Do what has become due."""
        now = self.weigh(now)
        self.visit.advance(now)
        self.reception.advance(now)
        self.sightings.advance(now)
        self.screen.advance(now)
        self.lapses.advance(now)
        self.presence.advance(now)
        self.keypad.advance(now)
        self.duty.advance(now)
        self.deadlines.advance(now)
        self.fittings.advance(now)
        return self._drain()

    def weigh(self, now: Now) -> Now:
        """A reading of the machine's clock as everybody is to see it; one that was weighed before stays as it is."""
        self._now = self.time.read(now)
        for record in self.time.news():
            self.reception.log_limited(record, self._now)
        return self._now

    def deadline_ms(self) -> int | None:
        """The boot time at which ``advance`` has something to do, or None."""
        parts = (self.visit, self.reception, self.screen, self.lapses, self.presence, self.keypad, self.duty)
        times = [part.deadline_ms() for part in (*parts, self.deadlines, self.fittings)]
        return min((at for at in times if at is not None), default=None)

    def _link(self, event: LinkUp | LinkDown, now: Now) -> None:
        """The way to the cloud was lost or is back: noted once each, because tries may be many."""
        if isinstance(event, LinkDown) and self._link_lost_ms is None:
            self._link_lost_ms = now.ms
            self.say(Record("link_lost", 0, {"why": event.why[:TEXT_MAX]}, droppable=True))
        elif isinstance(event, LinkUp) and self._link_lost_ms is not None:
            self.say(Record("link_back", 0, {"after_ms": now.ms - self._link_lost_ms}, droppable=True))
            self._link_lost_ms = None
        self.invitation.connected = self._link_lost_ms is None
        self.deadlines.link(isinstance(event, LinkUp), now)
        self.screen.renew()

    # --- the hall, as the visit sees it -----------------------------------------------------------

    def say(self, effect: Effect) -> None:
        """Append an effect to this step's."""
        self._effects.append(effect)

    def keep(self, room: Compartment) -> None:
        """Save a compartment as it is now."""
        self.say(KeepCompartment(room.row()))

    def pulse(self, door: int) -> None:
        """Order one pulse. The only place where a ``Pulse`` is made; that it was is on the disk before it."""
        self.say(KeepNote(NOTE, self.coil.to_text(self._boot, self._now.ms)))
        self.quarantine.pulsed(door, self._now)
        self.say(Pulse(door))

    def staff_present(self, now: Now) -> bool:
        """Whether staff or a technician stand in front of the cabinet, by a code of theirs at the scanner."""
        return self.presence.present(now)

    def staffed(self, bearer: Bearer, now: Now) -> bool:
        """Whether staff stand there and this was asked for at the cabinet: no limit on doors a minute then.

        Their own code at the scanner says so by itself; nothing that came over the network does, or profits from it.
        """
        return bearer.source in AT_THE_CABINET and (bool(bearer.by) or self.staff_present(now))

    def claim(self, bearer: Bearer, door: int) -> None:
        """Bind an authority to a door, unspent, and note the visit for the next start.

        Papers that somebody put there and never shut in are theirs all the same.
        """
        room = self.rooms[door]
        left = room.errand
        if left is not None and left.purpose is Purpose.DEPOSIT and left.seen_open and not left.complete:
            self.finish(room, self._now)
        self.say(KeepToken(self.ledger.claim(bearer, door)))
        self.say(KeepVisit(str(door)))
        self.say(Attend(True))

    def spend(self, bearer: Bearer, door: int) -> None:
        """Record that an authority has had its opening."""
        if not self.ledger.spent(bearer.cti):
            self.say(KeepToken(self.ledger.spend(bearer, door)))

    def allot(self, size: Size | None, low: bool, now: Now, larger_than: Size | None = None) -> Compartment | None:
        """A free compartment of the size wanted, else the next larger; a low one first where that is asked for."""
        least = size.value if size else (larger_than.value + 1 if larger_than else Size.S.value)
        fits = [r for r in self.rooms.values() if r.free and r.size.value >= least and self.works(r)]
        rested = {r.door: self.coil.earliest_ms(r.door, now.ms)[0] for r in fits}
        return min(fits, key=lambda r: (low and not r.plan.low, r.size.value, rested[r.door], r.door), default=None)

    def works(self, room: Compartment) -> bool:
        """Whether this compartment's board answers and may pulse."""
        return not self.is_silent(room) and room.door not in self.coil.barred

    def is_silent(self, room: Compartment) -> bool:
        """Whether this compartment's board does not answer."""
        return room.plan.board in self.silent_boards

    def finish(self, room: Compartment, now: Now) -> None:
        """The door of an errand was seen shut: settle the custody."""
        errand = room.errand
        assert errand is not None, f"door {room.door} has no errand to finish"
        room.errand = replace(errand, complete=True)
        fields = self._errand_fields(room.door)
        if errand.purpose is Purpose.DEPOSIT:
            self.say(Record("deposited", room.door, fields | self.hold(room, errand.order, Kind.SUBMISSION, now)))
        elif errand.purpose is Purpose.COLLECT:
            room.release()
            self.say(Record("collected", room.door, fields))
            bearer = self.visit.bearer if self.visit.door == room.door else None
            if bearer is not None and bearer.source in NOBODY_KNOWN:
                self.unwatched(room)
        self.keep(room)

    def unwatched(self, room: Compartment) -> None:
        """It was perhaps opened or shut by nobody knows whom, and may hold something: somebody has to look.

        One that is out of service already stays so, for its own reason: a look inside mends no lock.
        """
        if not room.in_service:
            return
        room.take_out_of_service("unwatched")
        self.say(Record("service_changed", room.door, {"in_service": False, "reason": "unwatched"}))

    def hold(self, room: Compartment, order: bytes, kind: Kind, now: Now) -> dict[str, Any]:
        """An item lies here now, for its owner to collect; what its event says of that, to be said in this step.

        What lies here already (its door was opened again within the visit) keeps its load number.
        """
        same = room.custody is Custody.HOLDING and (room.order, room.kind) == (order, kind)
        load = room.load if same and room.load is not None else self.keypad.loads.give(room.door, order)
        self.deadlines.begin(room, order, kind, now, load)
        return {"deadline_ms": room.deadline_ms} | ({} if load is None else {"load": load})

    def visit_over(self, now: Now) -> None:
        """The person has gone."""
        self.say(KeepVisit(None))
        self.say(Attend(self.duty.present))
        self.duty.left(now)
        self.screen.idle()

    # --- small ------------------------------------------------------------------------------------

    def any_works(self) -> bool:
        """Whether any board answers and may pulse."""
        return any(b.name not in self.silent_boards | self.quarantine.boards for b in self.cfg.boards)

    def idle_again(self) -> None:
        """Boards came or went while nobody was there."""
        if not self.visit.present and not self.screen.noticing:
            self.screen.idle()

    def _errand_fields(self, door: int) -> dict[str, Any]:
        """What events say of the errand at a door."""
        room = self.rooms.get(door)
        return Bearer.of(room.errand, 0).fields() if room and room.errand else {}

    def _drain(self) -> list[Effect]:
        """This step's effects, once. The floor of the time rides on whatever is saved, and else goes now and then."""
        self.duty.follow()
        self.fittings.follow(self._effects, self._now)
        effects, self._effects = self._effects, []
        if self.time.due() or any(isinstance(effect, Keep) for effect in effects):
            effects.insert(0, self.time.note())
            notes = self.upkeep.note(self._now), self.deadlines.note(self._now)
            effects += [note for note in notes if note is not None]
        return effects
