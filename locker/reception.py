"""The reception: a code is shown, and either a visit begins or somebody hears why not.

Knows the order of the questions: is the code good (``locker.authority``), is it used up (the ledger), is somebody else
there (the visit), which compartment is meant, and do the coils allow it now. Each no is one ``Refusal``, one event, one
sentence on the screen. Codes from the scanner and the keypad and grants in commands come the same way. It never makes
a pulse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from locker.authority.claims import Claims
from locker.authority.clock import Proof, proof_needed
from locker.authority.token import Refused
from locker.coil import Limit
from locker.compartment import Compartment
from locker.hall import Bearer
from locker.machine import VisitState
from locker.model import Custody, Kind, Now, Purpose, Record, Refusal, UsedToken
from locker.visit import WAIT_MS_MAX

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

REFUSALS_MINUTE_MAX = 60
MINUTE_MS = 60_000
AT_THE_CABINET = ("scanner", "keypad")
"""The sources behind which a person stands, who sees the screen."""


class No(Exception):
    """A question at the reception was answered with no. Never leaves this module."""

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        """``detail`` is for technicians and the event, not for the person."""
        super().__init__(reason.value, detail)
        self.reason, self.detail = reason, detail


class Reception:
    """Where codes are presented."""

    def __init__(self, cabinet: Cabinet) -> None:
        """Belongs to one cabinet."""
        self._cabinet = cabinet
        self._minute_ends_ms = 0
        self._logged: Counter[tuple[str, object]] = Counter()
        self._suppressed = 0

    def present(self, raw: bytes, now: Now, source: str) -> int | Refusal:
        """Present a code. The door that is being opened for it, or why none is."""
        found = self._cabinet.authority.verify(raw, now)
        self._learn(found.claims if isinstance(found, Refused) else found)
        if isinstance(found, Refused):
            known = _bearer(found.claims, source) if found.claims else None
            return self._refuse(No(found.reason, found.detail), known, source, now)
        bearer = _bearer(found, source)
        try:
            self._check_clock(found, now)
            if found.purpose is Purpose.STAFF and not found.door and source == "scanner":
                return self._to_work(bearer, now)
            return self._admit(bearer, lambda: self._room_for(bearer, found, now), now)
        except No as no:
            return self._refuse(no, bearer, source, now)

    def admit(self, bearer: Bearer, room: Compartment, now: Now) -> int | Refusal:
        """Ask the bearer of a typed code, who is known to mean this compartment, all other questions of a token."""
        try:
            return self._admit(bearer, lambda: room, now)
        except No as no:
            return self._refuse(no, bearer, bearer.source, now)

    def refuse(self, reason: Refusal, detail: str, source: str, now: Now) -> Refusal:
        """Say no to something that nobody has looked into."""
        return self._refuse(No(reason, detail), None, source, now)

    def check(self, room: Compartment, bearer: Bearer, now: Now) -> Refusal | None:
        """Whether staff at work may have this door opened now, and the log where not; their code was asked before."""
        try:
            self._check_wire(room, bearer, now)
        except No as no:
            fields = bearer.fields() | {"reason": no.reason.value, "detail": no.detail}
            self.log_limited(Record("denied", room.door, fields), now)
            return no.reason
        return None

    def allows(self, button: str, now: Now) -> bool:
        """Whether a button may still do what it says: no lock moves again for a revoked code, nor on a low reserve."""
        visit = self._cabinet.visit
        bearer = visit.bearer
        if bearer is None or button not in ("reopen", "larger"):
            return True
        if self._cabinet.authority.revokes(bearer.cti):
            reason, detail = Refusal.REVOKED, "revoked since the visit began"
        elif self._cabinet.fittings.refuses:
            reason, detail = Refusal.RESERVE_LOW, "mains are lost"
        else:
            return True
        fields = {"reason": reason.value, "detail": f"{button}: {detail}", "source": "screen"}
        self.log_limited(Record("denied", visit.door, bearer.fields() | fields), now)
        self._cabinet.screen.reason(reason.value)
        return False

    # --- the questions, in order ------------------------------------------------------------------

    def _admit(self, bearer: Bearer, find: Callable[[], Compartment], now: Now) -> int:
        """A verified code; ``find`` says which compartment it means if it was never used. Raises ``No``."""
        visit, used = self._cabinet.visit, self._cabinet.ledger.get(bearer.cti)
        if used is not None and (used.order, used.purpose) != (bearer.order, bearer.purpose):
            raise No(Refusal.BOUND, "this token id was used for another order or purpose")
        if visit.bearer is not None and visit.bearer.cti == bearer.cti:
            return self._again(bearer, now)
        if used is not None and used.spent:
            raise No(Refusal.SPENT)
        if used is not None and bearer.source not in AT_THE_CABINET:
            raise No(Refusal.SPENT, "over the network a grant is good for one command; ask for a new one")
        if used is None:
            self._check_nonce(bearer, now)
        if visit.present and not visit.yields:
            raise No(Refusal.BUSY)
        if not self._cabinet.duty.yields(bearer):
            raise No(Refusal.STAFF_AT_WORK)
        room = self._bound_room(bearer, used) if used else find()
        self._check_wire(room, bearer, now)
        if visit.present:
            visit.end(now, "next_person")
        self._cabinet.duty.end("next_person", now)
        if bearer.source == "scanner" and bearer.by:
            self._cabinet.presence.shows(bearer.by, now)
        visit.begin(bearer, room, now)
        self._cabinet.invitation.use(bearer.nonce)
        return room.door

    def _to_work(self, bearer: Bearer, now: Now) -> int:
        """A staff code without a door: its person begins a duty, goes on, or takes over. No door opens by it."""
        cabinet, used = self._cabinet, self._cabinet.ledger.get(bearer.cti)
        if used is not None and (used.order, used.purpose, used.door) != (b"", Purpose.STAFF, 0):
            raise No(Refusal.BOUND, "this token id was used for a door")
        if used is not None and used.spent:
            raise No(Refusal.SPENT, "the duty that began with it was ended by hand")
        if cabinet.duty.busy or (cabinet.visit.present and not cabinet.visit.yields):
            raise No(Refusal.BUSY)
        if cabinet.visit.present:
            cabinet.visit.end(now, "next_person")
        cabinet.duty.begin(bearer, now)
        return 0

    def _check_clock(self, claims: Claims, now: Now) -> None:
        """What the time alone does not prove has to be proven otherwise (``locker.authority.clock``)."""
        if self._cabinet.ledger.get(claims.cti) is None and self._cabinet.time.doubtful(claims.iat, claims.exp):
            raise No(Refusal.CUT_OFF, f"iat {claims.iat}: of before the time's floor was lowered by hand")
        match proof_needed(claims, now):
            case Proof.ORDER:
                proven = self._knows(claims.order)
            case Proof.STAFF:
                proven = self._cabinet.staff_present(now)
            case wanted:
                proven = wanted is None
        if not proven:
            life = f"a life of {claims.exp - claims.iat} s"
            raise No(Refusal.CLOCK, f"{claims.purpose.name.lower()}, {life}, time quality {now.quality.value}")

    def _knows(self, order: bytes) -> bool:
        """Whether this cabinet has met the order: it lies here, or a code for it was used."""
        return self._cabinet.ledger.knows(order) or any(r.order == order for r in self._cabinet.rooms.values())

    def _learn(self, claims: Claims | None) -> None:
        """Something validly signed, even where it is refused, says that it is not earlier than its iat."""
        if claims is not None:
            self._cabinet.time.learn(claims.iat)

    def _check_nonce(self, bearer: Bearer, now: Now) -> None:
        """A nonce, wherever it is carried, must be one that this screen has just shown (tokens contract, section 6).

        Residents' grants over the network need one: somebody stands there. So neither a grant that was overheard nor a
        stolen code opens a door from afar. Staff and technicians name their door and themselves, and the limit on doors
        a minute holds for them (invariant 10).
        """
        if bearer.nonce is None:
            if bearer.source not in AT_THE_CABINET and bearer.purpose in (Purpose.DEPOSIT, Purpose.COLLECT):
                raise No(Refusal.NONCE, "over the network this needs the nonce on the cabinet's screen")
        elif fault := self._cabinet.invitation.fault(bearer.nonce, now.ms):
            raise No(Refusal.NONCE, fault)

    def _again(self, bearer: Bearer, now: Now) -> int:
        """The code of the visit under way: a request to reopen when its door is shut, else a repetition.

        Only at the scanner: a grant that comes again over the network, under whatever id, may be somebody's replay.
        """
        visit = self._cabinet.visit
        door = visit.door
        if visit.state is VisitState.OFFERING:
            self._check_reserve()
        if visit.state is VisitState.OFFERING and (bearer.source != "scanner" or not visit.reopen(now)):
            raise No(Refusal.SPENT, "reopened as often as allowed, or not by somebody at the scanner")
        return door

    def _bound_room(self, bearer: Bearer, used: UsedToken) -> Compartment:
        """The door that the code was claimed for, or staff have moved its item to, and no other (invariant 3)."""
        room = self._cabinet.rooms.get(used.door)
        if room is None:
            raise No(Refusal.OUT_OF_ORDER, f"door {used.door} is no longer configured")
        custody = room.custody if room.order == bearer.order else None
        if bearer.purpose is Purpose.DEPOSIT and custody is not Custody.RESERVED and not room.free:
            raise No(Refusal.NOTHING_FREE, f"door {room.door}, which this code was claimed for, is not free now")
        if bearer.purpose is Purpose.COLLECT and custody is not Custody.HOLDING:
            raise No(Refusal.UNKNOWN_ORDER, "the item is no longer behind the door that this code was claimed for")
        return room

    def _room_for(self, bearer: Bearer, claims: Claims, now: Now) -> Compartment:
        """Which compartment is meant by a code that was never used."""
        if bearer.purpose is Purpose.COLLECT:
            return self._holding(bearer.order)
        if bearer.purpose is Purpose.DEPOSIT:
            return self._free(bearer, claims.door, now)
        room = self._cabinet.rooms.get(claims.door)
        if room is None:
            raise No(Refusal.DOOR_NEEDED, "a staff or technician token must name one of this cabinet's doors")
        return room

    def _holding(self, order: bytes) -> Compartment:
        """The compartment that holds this order, certificates first, then the oldest (invariant 2)."""
        rooms = self._cabinet.rooms.values()
        mine = [r for r in rooms if r.custody is Custody.HOLDING and r.order == order]
        if not mine:
            raise No(Refusal.UNKNOWN_ORDER)
        return min(mine, key=lambda r: (r.kind is not Kind.CERTIFICATE, r.since_ms, r.door))

    def _free(self, bearer: Bearer, door: int, now: Now) -> Compartment:
        """A compartment for a drop-off: the one the token names, or one that fits."""
        if self._cabinet.log_full:
            raise No(Refusal.LOG_FULL)
        if not self._cabinet.any_works():
            raise No(Refusal.OUT_OF_ORDER, "no lock board answers, or all are in quarantine")
        named = self._cabinet.rooms.get(door)
        if door:
            room = named if named is not None and named.free else None
        else:
            room = self._cabinet.allot(bearer.size, bearer.low, now)
        if room is None:
            raise No(Refusal.NOTHING_FREE, f"door {door} is not free" if door else "no free compartment fits")
        return room

    def _check_wire(self, room: Compartment, bearer: Bearer, now: Now) -> None:
        """Whether this door could be pulsed within the time that a person will wait, on what is left of the power."""
        self._check_reserve()
        if self._cabinet.is_silent(room):
            raise No(Refusal.OUT_OF_ORDER, f"board {room.plan.board} does not answer")
        if not room.allows("unlock"):
            raise No(Refusal.BUSY, f"door {room.door} is open")
        if room.door in self._cabinet.coil.barred:
            self._look_into(room, bearer)
        due_ms, limit = self._cabinet.coil.earliest_ms(room.door, now.ms, self._cabinet.staffed(bearer, now))
        if limit is not Limit.NONE and due_ms - now.ms > WAIT_MS_MAX:
            raise No(Refusal.TOO_OFTEN if limit is Limit.LOCK_TOO_OFTEN else Refusal.RATE_LIMITED)

    def _check_reserve(self) -> None:
        """On a low reserve no new opening begins, whoever asks; a code stays as good as it was."""
        if self._cabinet.fittings.refuses:
            raise No(Refusal.RESERVE_LOW, "mains are lost, and the reserve is low")

    def _look_into(self, room: Compartment, bearer: Bearer) -> None:
        """A board in quarantine is opened again by a technician who stands there, and by nobody else."""
        board = room.plan.board
        if bearer.purpose is not Purpose.TECHNICIAN or bearer.source != "scanner":
            raise No(Refusal.OUT_OF_ORDER, f"board {board} opened a wrong door; a technician has to look at it")
        self._cabinet.quarantine.lift(board, {"source": bearer.source, "by": bearer.by})

    # --- the no -----------------------------------------------------------------------------------

    def _refuse(self, no: No, bearer: Bearer | None, source: str, now: Now) -> Refusal:
        """Say no: an event always; a screen where somebody stands there, with a code or with the screen's own nonce."""
        fields: dict[str, Any] = {"reason": no.reason.value, "detail": no.detail, "source": source}
        self.log_limited(Record("denied", 0, (bearer.fields() if bearer else {}) | fields), now)
        nonce = bearer.nonce if bearer else None
        if source in AT_THE_CABINET or self._cabinet.invitation.awaits(nonce, now.ms):
            if self._cabinet.visit.present or self._cabinet.duty.present:
                self._cabinet.screen.reason(no.reason.value)
            else:
                self._cabinet.screen.notice("refused", now, reason=no.reason.value)
        return no.reason

    def log_limited(self, record: Record, now: Now, *, whose: object = None, most: int = REFUSALS_MINUTE_MAX) -> bool:
        """Log something that anybody or any loose plug outside can cause; whether it was logged.

        Past the limit per minute and kind it is counted, and the count is logged (invariant 9). Each ``whose`` has a
        count of its own; where none is given, each source: a flood over the network hides nothing at the scanner.
        """
        if now.ms >= self._minute_ends_ms:
            self.advance(now)
            self._minute_ends_ms = now.ms + MINUTE_MS
            self._logged.clear()
        key = record.kind, record.fields.get("source") if whose is None else whose
        self._logged[key] += 1
        if self._logged[key] <= most:
            self._cabinet.say(record)
        else:
            self._suppressed += 1
        return self._logged[key] <= most

    def advance(self, now: Now) -> None:
        """Say how many refusals were only counted, once their minute is over."""
        if self._suppressed and now.ms >= self._minute_ends_ms:
            self._cabinet.say(Record("suppressed", 0, {"count": self._suppressed}))
            self._suppressed = 0

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to say."""
        return self._minute_ends_ms if self._suppressed else None


def _bearer(claims: Claims, source: str) -> Bearer:
    """What remains of a verified token."""
    return Bearer(
        purpose=claims.purpose,
        cti=claims.cti,
        order=claims.order,
        exp=claims.exp,
        by=claims.sub,
        size=claims.size,
        low=claims.low,
        source=source,
        named=claims.door != 0,
        nonce=claims.nonce,
    )
