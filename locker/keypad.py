"""The keypad: pick-up codes, for whoever comes without a phone (tokens contract, section 7; docs/pickup.md).

Every item that comes to lie in the cabinet has a *load number*, which is never given twice. The cloud learns the number
from the event, computes the code from it and sends the code by SMS; the cabinet computes the same code when somebody
types. So no code is sent, kept or said: none is in an event, a log, an error or a file.

What is typed is compared with the items that lie here (``locker.authority.hotp``), while the keypad is not locked
(``locker.authority.lockout``). A code that fits becomes a ``Bearer`` like that of a collect token, and the reception
asks it the same questions: it is spent when its door is seen open, and until then opens the same door again.

The bearer's id is made of the database's epoch and the load number (``cti_of``), so that the same code is the same
authority after a restart. Its ledger row does not expire: a code is good until staff really take the item out, by no
clock. It is forgotten when the item has left; its number is never given again, so nobody can type it any more.

Knows numbers, times and who lies where; never what was typed longer than it takes to compare it. Never makes a pulse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from locker.authority import hotp, lockout
from locker.authority.hotp import HotpError, Secret
from locker.authority.lockout import Lockout, LockoutError
from locker.compartment import Compartment
from locker.hall import Bearer
from locker.model import Custody, KeepNote, KeepToken, Now, Purpose, Record, Refusal, Typed, UsedToken

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

SOURCE = "keypad"
NEXT_LOAD, LOCKOUT = "next_load", "keypad_lockout"
"""The two notes on the disk: the number that the next item gets, and who may type when."""
FIRST_LOAD = 1
"""Number 0 is kept for comparing the secrets by hand (docs/pickup.md, section 2)."""
NEVER_S = 2**40
"""What is added to the time of a code's claim for its row's expiry, Unix seconds: later than any clock will be."""
CLAIM_S = 3600
"""How long a door that did not open for a code waits to be taken for opened by it, should it give way after all."""


@dataclass(frozen=True, slots=True)
class Pickup:
    """What codes are made of: the secret, the number of digits and the database's epoch."""

    secret: Secret
    digits: int
    epoch: str


def cti_of(epoch: str, load: int) -> bytes:
    """The id under which a pick-up code is claimed and spent: 8 bytes of SHA-256 over the epoch, then the number.

    Of a token, whose 16 bytes are random, it would be with a chance of 1 : 2^64 for the first half alone.
    """
    return _begin(epoch) + load.to_bytes(8, "big")


def claim_until_s(exp: int) -> int:
    """Until when a claim stands whose door was not seen open, Unix seconds; of a token, until it expires.

    That of a code ends after ``CLAIM_S``. It costs nothing: the row stays, and the code opens the same door again.
    """
    return exp if exp < NEVER_S else exp - NEVER_S + CLAIM_S


def _begin(epoch: str) -> bytes:
    return sha256(b"locker pick-up code " + epoch.encode()).digest()[:8]


class Loads:
    """Which item has which number. Without a ``Pickup`` none gets one, and all else is as ever."""

    def __init__(self, cabinet: Cabinet, pickup: Pickup | None, note: str | None) -> None:
        """``note`` is the number to be given next, as it was saved; None on the first start."""
        self._cabinet, self._pickup = cabinet, pickup
        self._next = max([FIRST_LOAD, *(load + 1 for load in self.held())])
        self._unsure = note is not None and not (note.isascii() and note.isdigit())
        if note is not None and not self._unsure:
            self._next = max(self._next, int(note))

    @property
    def next(self) -> int:
        """The number that the next item gets at the earliest; while it stands, no item has got one."""
        return self._next

    def held(self) -> dict[int, Compartment]:
        """The numbers of all items that lie here, with their compartments."""
        rooms = self._cabinet.rooms.values()
        return {r.load: r for r in rooms if r.load is not None and r.custody is Custody.HOLDING}

    @staticmethod
    def of(row: UsedToken) -> int | None:
        """The number whose code was claimed by this row of the ledger; None for a token's."""
        return int.from_bytes(row.cti[8:], "big") if row.exp >= NEVER_S else None

    def give(self, door: int, order: bytes) -> int | None:
        """A number for an item that comes to lie behind this door; saved in this step's commit, never given again.

        None where there are no codes: the item is held all the same, and its owner comes with a token.
        """
        if self._pickup is None:
            return None
        try:
            load = self._free(self._pickup)
        except HotpError as wrong:
            self._cabinet.say(Record("no_code", door, {"order": order.hex(), "detail": str(wrong)}))
            return None
        self._next = load + 1
        self._cabinet.say(KeepNote(NEXT_LOAD, str(self._next)))
        return load

    def _free(self, pickup: Pickup) -> int:
        """The next number whose code no item here has. Raises ``HotpError``."""
        if self._unsure:
            raise HotpError(f"the saved note {NEXT_LOAD} is no number: put one there that no event has had as load yet")
        return hotp.next_free(pickup.secret, self._next, pickup.digits, self.held())

    def number_all(self) -> None:
        """Items that have come to lie here without a number (before there was a secret) get theirs now."""
        for room in self._cabinet.rooms.values():
            if room.custody is not Custody.HOLDING or room.load is not None:
                continue
            room.load = self.give(room.door, room.order)
            if room.load is not None:
                kind = room.kind.value if room.kind else ""
                self._cabinet.keep(room)
                self._cabinet.say(Record("numbered", room.door, _item(room) | {"kind": kind, "load": room.load}))


def _item(room: Compartment) -> dict[str, str]:
    return {"order": room.order.hex()}


class Keypad:
    """Where codes are typed."""

    def __init__(self, cabinet: Cabinet, pickup: Pickup | None, notes: Mapping[str, str], boot: str, now: Now) -> None:
        """Belongs to one cabinet, in this boot; without ``pickup`` there is no keypad on any screen."""
        self._cabinet, self._pickup = cabinet, pickup
        self.loads = Loads(cabinet, pickup, notes.get(NEXT_LOAD))
        self._saved, self._damage = notes.get(LOCKOUT), ""
        self._state = self._resumed(boot, now)
        cabinet.screen.keypad = self.offer

    def _resumed(self, boot: str, now: Now) -> Lockout:
        """Who may type, after this start; the strictest where what was saved cannot be read."""
        if self._saved is None:
            return Lockout(boot, now.ms)
        try:
            return lockout.from_text(self._saved).resume(boot, now)
        except LockoutError as wrong:
            self._damage = str(wrong)
            return lockout.longest(boot, now)

    def start(self, now: Now) -> None:
        """Say what was found damaged, save what this start made of a lock, give numbers to what has none."""
        if self._pickup is None:
            return
        if self._damage:
            fields = {"for_ms": self._state.locked_ms(now), "detail": self._damage}
            self._cabinet.say(Record("keypad_locked", 0, fields))
        if self._saved not in (None, self._state.to_text()):
            self._save()
        self.loads.number_all()

    def offer(self, now_ms: int) -> tuple[int, int]:
        """How many digits a keypad takes now, 0 for none; and the boot time at which a locked one opens, else 0."""
        if self._pickup is None:
            return 0, 0
        until_ms = self._state.until_ms
        return (0, until_ms) if until_ms is not None and now_ms < until_ms else (self._pickup.digits, 0)

    # --- somebody types ---------------------------------------------------------------------------

    def typed(self, event: Typed, now: Now) -> None:
        """A code was typed; void unless it was on the screen that is shown now, as a touch is."""
        cabinet, screen = self._cabinet, self._cabinet.screen
        if self._pickup is None or event.screen != screen.shown.number:
            return
        self._settle(now)
        if cabinet.visit.present:
            self._refuse(Refusal.BUSY, "", now)
        elif not screen.has_keypad:
            return
        elif left_ms := self._state.locked_ms(now):
            self._refuse(Refusal.KEYPAD_LOCKED, f"for another {left_ms} ms", now)
        elif len(event.code) != self._pickup.digits:
            self._refuse(Refusal.WRONG_CODE, f"{len(event.code)} digits, not {self._pickup.digits}; not compared", now)
        else:
            self._compare(event, self._pickup, now)

    def _compare(self, event: Typed, pickup: Pickup, now: Now) -> None:
        """Whose it is; nobody's is a wrong entry, on the disk before the screen answers."""
        held = self.loads.held()
        load = hotp.match(event.code, pickup.secret, held, pickup.digits)
        if load is None:
            self._wrong(now)
            return
        room, exp = held[load], NEVER_S + now.wall_ms // 1000
        bearer = Bearer(Purpose.COLLECT, cti_of(pickup.epoch, load), room.order, exp, source=SOURCE)
        self._cabinet.reception.admit(bearer, room, now)

    def _wrong(self, now: Now) -> None:
        """Count it, perhaps lock, and say no more than that."""
        self._state = self._state.wrong(now)
        left_ms = self._state.locked_ms(now)
        wrong = lockout.WRONG_MAX if left_ms else len(self._state.wrong_ms)
        self._cabinet.say(Record("code_wrong", 0, {"source": SOURCE, "wrong": wrong}))
        self._save()
        if left_ms:
            self._cabinet.say(Record("keypad_locked", 0, {"for_ms": left_ms}))
        reason = Refusal.KEYPAD_LOCKED if left_ms else Refusal.WRONG_CODE
        self._cabinet.screen.notice("refused", now, reason=reason.value)

    def _refuse(self, reason: Refusal, detail: str, now: Now) -> None:
        """Not compared at all."""
        self._cabinet.reception.refuse(reason, detail, SOURCE, now)

    # --- time passes ------------------------------------------------------------------------------

    def advance(self, now: Now) -> None:
        """Take off what is over; a keypad that was locked comes back to the idle screen."""
        self._settle(now)
        shown = self._cabinet.screen.shown
        if shown.name == "idle" and shown.digits != self.offer(now.ms)[0]:
            self._cabinet.screen.idle()

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to take off, None for never."""
        return self._state.deadline_ms() if self._pickup else None

    def forget(self) -> None:
        """Let the ledger forget the codes of items that have left: their numbers are never given again."""
        if self._pickup is None:
            return
        held = {cti_of(self._pickup.epoch, load) for load in self.loads.held()}
        for cti in self._cabinet.ledger.beginning(_begin(self._pickup.epoch)) - held:
            self._cabinet.say(KeepToken(self._cabinet.ledger.expire(cti)))

    def _settle(self, now: Now) -> None:
        """What is over is taken off, and that is saved: an old lock is not served again after a power cut."""
        settled = self._state.settle(now)
        if self._pickup is not None and settled is not self._state:
            self._state = settled
            self._save()

    def _save(self) -> None:
        self._cabinet.say(KeepNote(LOCKOUT, self._state.to_text()))
