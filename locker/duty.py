"""The duty: somebody of the staff at work at the cabinet, from their code at the scanner until they are done.

A staff token that names no door begins one (tokens contract, section 4, read for staff; docs/tokens.md, section 8). It
is claimed then, bound to the person and to no door, and spent when the duty is ended by hand. Every opening in between
has an authority of its own: an id made of the token's and a number, bound to one door, claimed in the commit before the
pulse and spent when that door is seen open, like any other. So one opening needs one row on the disk, whoever stands
there (invariant 1), and every row and every event leads back to the person's token (invariant 2).

Each opening is a ``Visit``; what is done at the doors is the chores' (``locker.chore``). This is where the table of
the duty meets the other two. The duty ends by itself when nothing was done for as long as staff are held to be there
(``staff.present_s``), but never with a door of its own open. It knows no clock and makes no pulse; with the cloud away
all of it works.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from locker.authority.clock import LEEWAY_S
from locker.books import UNSETTLED, Books
from locker.chore import DOOR, Chore, Page
from locker.chores import CHORES, Menu
from locker.clearing import Round
from locker.compartment import Compartment
from locker.duty_note import NOTE
from locker.duty_scans import Scans
from locker.hall import Bearer
from locker.machine import DUTY, Cell, DutyState, Table, VisitState
from locker.model import Attend, KeepToken, Now, Record, Refusal, Typed
from locker.work_page import WorkPage

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

TABLE = Table(DUTY, DutyState.OFF)
AT_A_DOOR = (DutyState.OPENING, DutyState.WORKING)


def opening_id(token: bytes, number: int) -> bytes:
    """The id of a duty's opening: 16 bytes of SHA-256 over the token's id and the number of the opening."""
    return sha256(b"locker duty " + token + number.to_bytes(4, "big")).digest()[:16]


class Duty:
    """The one duty there can be at a time; ``state`` is OFF when nobody of the staff is at work."""

    def __init__(self, cabinet: Cabinet, note: str | None) -> None:
        """Nobody at work; ``note`` is what was saved, None on the first start."""
        self.cabinet = cabinet
        self.books = Books(cabinet, note)
        self._cell = Cell(TABLE, DutyState.OFF)
        self._token: Bearer | None = None
        self._bearer: Bearer | None = None
        self.room: Compartment | None = None
        self.chore: Chore = Menu(self)
        self.counts: Counter[str] = Counter()
        self._opening = self._since_ms = self._until_ms = 0
        self._settling = self.over = self.unattended = False
        self._reason = ""
        self._page, self._scans = WorkPage(cabinet.screen), Scans(self)
        cabinet.screen.at_work = self.show

    # --- what the cabinet asks --------------------------------------------------------------------

    @property
    def state(self) -> DutyState:
        """Where the duty stands."""
        return self._cell.state

    @property
    def present(self) -> bool:
        """Whether somebody of the staff is at work."""
        return self.state is not DutyState.OFF

    @property
    def busy(self) -> bool:
        """Whether a door of this duty is being opened or stands open."""
        return self.state in AT_A_DOOR

    def yields(self, bearer: Bearer) -> bool:
        """Whether this code may end the duty: nothing is under way, and somebody stands there with it."""
        return self.state in (DutyState.OFF, DutyState.CHOOSING) and (not self.present or bearer.source != "cloud")

    @property
    def rooms(self) -> list[Compartment]:
        """All compartments by their number."""
        return list(self.cabinet.rooms.values())

    @property
    def by(self) -> str:
        """The person's id, "" when nobody is at work."""
        return self._token.by if self._token else ""

    # --- beginning and end ------------------------------------------------------------------------

    def start(self) -> None:
        """After a start: nobody is at work, whatever was saved; say so, and keep what had been begun."""
        books, memory = self.books, self.books.memory
        if books.damage:
            fields = {"device": NOTE, "what": "unreadable", "detail": books.damage}
            self.cabinet.say(Record("device_trouble", 0, fields))
            books.keep()
        if memory.by:
            fields = {"by": memory.by, "cti": memory.cti.hex(), "why": "restart"}
            self.cabinet.say(Record("duty_ended", 0, fields))
            memory.by, memory.cti = "", b""
            books.keep()

    def begin(self, bearer: Bearer, now: Now) -> None:
        """A staff code without a door was accepted at the scanner: hand over, go on, or begin."""
        if self._token is not None and self._token.cti == bearer.cti:
            self.home(now)
            return
        self.end("handed_over" if self.present else "", now)
        ledger = self.cabinet.ledger
        again = ledger.get(bearer.cti) is not None
        self.cabinet.presence.shows(bearer.by, now)
        self.cabinet.say(KeepToken(ledger.claim(bearer, 0)))
        self._token, self._opening, self._since_ms = bearer, 0, now.ms
        self.counts.clear()
        self._cell.fire("begin")
        self.chore = Menu(self)
        self.cabinet.say(Record("duty_started", 0, bearer.fields() | {"again": again}))
        self.cabinet.say(Attend(True))
        self.books.abandon()
        self.books.memory.by, self.books.memory.cti = bearer.by, bearer.cti
        self.books.keep()
        self._act(now)
        self.refresh()

    def end(self, why: str, now: Now) -> None:
        """They are done, or have to be; nothing to do when nobody is at work. By hand, the token is spent with it."""
        token = self._token
        if token is None or not self._cell.allows("end"):
            return
        self._cell.fire("end")
        self.books.abandon()
        if why in ("finished", "handed_over"):
            self.cabinet.say(KeepToken(self.cabinet.ledger.spend(token, 0)))
        fields = {"why": why, "took_ms": now.ms - self._since_ms} | dict(self.counts)
        self.cabinet.say(Record("duty_ended", 0, token.fields() | fields))
        self._token = self._bearer = None
        self.chore, self._reason, self.over = Menu(self), "", False
        self.books.memory.by, self.books.memory.cti = "", b""
        self.books.keep()
        self.cabinet.say(Attend(False))
        self.cabinet.screen.idle()

    def _still_good(self, now: Now) -> Refusal | None:
        """Whether the token would still be accepted: it may have expired or been revoked since."""
        token = self._token
        assert token is not None, "nobody is at work"
        if self.cabinet.authority.revokes(token.cti):
            return Refusal.REVOKED
        return Refusal.EXPIRED if now.latest_ms // 1000 >= token.exp + LEEWAY_S else None

    def outdated(self, now: Now) -> bool:
        """Whether the code is good no longer: with no door of this duty open it ends here, and the person is told."""
        refusal = None if self.busy else self._still_good(now)
        if refusal is None:
            return False
        self.refuse(refusal, "since the duty began", now)
        self.end(refusal.value, now)
        self.cabinet.screen.notice("refused", now, reason=refusal.value)
        return True

    # --- the person -------------------------------------------------------------------------------

    def scanned(self, data: bytes, now: Now) -> bool:
        """A code that is for staff at work; False for what the reception has to look at."""
        return self._scans.taken(data, now)

    def attend(self, now: Now) -> None:
        """Something was done at the cabinet: what was refused before is over."""
        self._act(now)
        self._reason, self.unattended = "", False

    def touched(self, button: str, now: Now) -> None:
        """A button of this duty's page. An answer that was still missing counts, whatever has become of the code."""
        asked = self.state is DutyState.ASKING
        if not asked and self.outdated(now):
            return
        self.attend(now)
        if button == "finish":
            self.end("finished", now)
        elif button == "back":
            self.home(now)
        else:
            self._chosen(button, now)
            if not (asked and self.outdated(now)):
                self.refresh()

    def _chosen(self, button: str, now: Now) -> None:
        """A button of the menu begins a chore; any other is the chore's."""
        if self.state is DutyState.CHOOSING and button in CHORES:
            self.chore, self._bearer = CHORES[button](self), None
            self.chore.begin(now)
        else:
            self.chore.chosen(button, now)

    def typed(self, event: Typed, now: Now) -> None:
        """A door's number was typed instead of touched; void unless it was on the screen that is shown now."""
        screen = self.cabinet.screen
        button = f"{DOOR}{int(event.code)}"
        if event.screen == screen.shown.number and screen.shown.digits and button in screen.shown.offers:
            self.touched(button, now)

    def home(self, now: Now) -> None:
        """Back to the question what to do; nothing where a door of this duty is open."""
        if self._cell.allows("home"):
            self._cell.fire("home")
            self.books.abandon()
            self.books.remember_round("", ())
        if self.state is DutyState.CHOOSING:
            self.chore, self._bearer = Menu(self), None
        self._act(now)
        self.refresh()

    def refuse(self, reason: Refusal, detail: str, now: Now) -> None:
        """Say no to the person at work: an event with their id, and the reason on the page that is shown next."""
        self._reason = reason.value
        said = {"reason": reason.value, "detail": detail}
        self.cabinet.reception.log_limited(Record("denied", 0, self.fields() | said), now)

    # --- the doors --------------------------------------------------------------------------------

    def work(self, room: Compartment, now: Now, *, order: bytes = b"", cause: str = "") -> bool:
        """Open a door for this step, under an authority made for it; False with a reason where that cannot be.

        ``order`` is that of an item that is to be put in, for which the room is reserved. Where the code has run out
        meanwhile (``over``), the duty ends when this step is settled.
        """
        self.over = self._still_good(now) is not None
        if self.over:
            return False
        bearer = self._next_bearer(order, cause)
        refusal = self.cabinet.reception.check(room, bearer, now)
        if refusal is not None:
            self._reason = refusal.value
            return False
        self._opening += 1
        if order:
            room.reserve(order)
        self._cell.fire("work")
        self._bearer, self.room = bearer, room
        self.books.keep()
        self.cabinet.visit.begin(bearer, room, now)
        return True

    def _next_bearer(self, order: bytes, cause: str) -> Bearer:
        """The authority for the next opening: the first number of this token that was never used."""
        token = self._token
        assert token is not None, "nobody is at work"
        while self.cabinet.ledger.get(opening_id(token.cti, self._opening)) is not None:
            self._opening += 1
        cti = opening_id(token.cti, self._opening)
        task = f"{self.chore.name}:{cause}" if cause else self.chore.name
        return replace(token, cti=cti, order=order, duty=token.cti, task=task, named=True)

    def opened(self, now: Now) -> bool:
        """The visit's door was seen open; False when that visit is not the duty's."""
        if not self.busy:
            return False
        self._cell.fire("opened")
        self._reason = ""
        self._act(now)
        self.chore.opened(now)
        self.refresh()
        return True

    def reminded(self) -> bool:
        """The visit's door has been open for a while: say so, with the buttons of this step. False as in ``opened``."""
        if not self.busy:
            return False
        self._put(self.chore.page(), name="left_open")
        return True

    def shut(self, now: Now) -> bool:
        """The visit's door was seen shut: its opening is over. False when the visit has to ask by itself."""
        room = self.cabinet.visit.room
        assert room is not None, "a door was shut in no visit"
        if not self.busy:
            unsettled = self.books.unwatched(room)
            if unsettled:
                self.cabinet.visit.end(now, UNSETTLED)
            return unsettled
        room.errand = None
        self.cabinet.keep(room)
        self._cell.fire("shut")
        self._settling, self.room, self._reason = True, None, ""
        self.unattended = now.ms >= self._until_ms
        self.cabinet.visit.end(now, "shut")
        self._act(now)
        self.chore.shut(room, now)
        self._settling = False
        if not (self.over and self.outdated(now)):
            self.refresh()
        return True

    def left(self, now: Now) -> None:
        """The visit is over. If its door was not seen shut, the step has failed: a jam, no pulse, or left open."""
        room = self.room
        if not self.busy or room is None:
            return
        self._cell.fire("gave_up")
        self.room, self._settling = None, True
        self._act(now)
        self.chore.gave_up(room, now)
        if room.errand is not None and not room.errand.seen_open:
            room.errand = None
            self.cabinet.keep(room)
        self._settling = False

    def other_shut(self, door: int) -> None:
        """Another door was shut while the one of this step stands open: say so, it may be a mistake."""
        if self.state is DutyState.WORKING and self.cabinet.visit.state is not VisitState.OPENING:
            self._put(self.chore.page(), name="duty_wrong_door", facts={"other": door})

    # --- for the chores ---------------------------------------------------------------------------

    def fire(self, trigger: str) -> None:
        """Move the duty's state by a command of its table."""
        self._cell.fire(trigger)

    def go_on(self, chore: type[Round], doors: tuple[int, ...], now: Now) -> None:
        """Take up a round that was interrupted, with the doors that are still to be done."""
        self.chore = resumed = chore(self)
        self._bearer = None
        resumed.resume(doors, now)

    def fields(self) -> dict[str, Any]:
        """What every event of this duty says: of the opening that was made last in this chore, or of the token."""
        bearer = self._bearer or self._token
        return bearer.fields() if bearer else {}

    def say(self, kind: str, room: Compartment | None, /, **fields: Any) -> None:
        """An event, at a door or at none, under the person's id and the chore's name; the duty's end counts them."""
        self.counts[kind] += 1
        task = {} if self._bearer else {"task": self.chore.name}
        self.cabinet.say(Record(kind, room.door if room else 0, self.fields() | task | fields))

    # --- the screen and the time ------------------------------------------------------------------

    def show(self) -> bool:
        """This duty's page in place of the idle screen; False when nobody is at work. One that stands there stays."""
        if not self.present:
            return False
        if not self._page.stands:
            self.refresh()
        return True

    def refresh(self) -> None:
        """The page as it is now, after something was done: what was pressed on the one before is void."""
        if self._paged:
            self._put(self.chore.page())

    def follow(self) -> None:
        """After each step: what the page shows may have changed while it stands there."""
        if self._paged and self._page.stands:
            self._page.follow(self.chore.page(), 0 if self.busy else self._until_ms, self._reason)

    @property
    def _paged(self) -> bool:
        """Whether the screen is this duty's: an opening has the visit's, and a settlement is not over yet."""
        return self.present and not self._settling and self.state is not DutyState.OPENING

    def _put(self, page: Page, **instead: Any) -> None:
        self._page.put(page, 0 if self.busy else self._until_ms, self._reason, **instead)

    def _act(self, now: Now) -> None:
        """Something was done at the cabinet: staff are there."""
        self._until_ms = now.ms + self.cabinet.cfg.staff.present_s * 1000
        self.cabinet.presence.touches(now)

    def stay(self, now: Now) -> None:
        """The person at work wants more time; nothing where nobody is at work or a door is open."""
        if self.present and not self.busy and not self.outdated(now):
            self._act(now)
            self.refresh()

    def advance(self, now: Now) -> None:
        """Nothing was done for too long."""
        if self.present and not self.busy and now.ms >= self._until_ms:
            self.end("inactive", now)

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do; None while a door of this duty is open, or nobody is at work."""
        return self._until_ms if self.present and not self.busy else None
