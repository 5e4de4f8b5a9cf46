"""The hands of somebody of the staff at work: envelopes put in and taken back, rounds, the audit, the answers.

The hands do first, then they say: what is answered of a compartment is what was seen or done in it. Must never look
into the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locker import door_labels, labels
from locker.model import Show, Size
from sim.world import staff
from sim.world.at_work import AGAIN_MAX, AtWork, Pages
from sim.world.people import LATER, Person
from sim.world.scene import DOORS_CODE, LABEL
from sim.world.site import CABINET, CERTIFICATE, ELSEWHERE

if TYPE_CHECKING:
    from sim.world.world import Deeds

OUT_MS = 120_000
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Worker(AtWork):
    """Somebody of the staff with envelopes in their hands.

    ``shut_out``: while they hold an item that is to be moved, the cloud leaves no other door to put it into.
    """

    def __init__(
        self,
        me: Person,
        *wishes: str,
        envelopes: tuple[str, ...] = (),
        goes_away: bool = False,
        shut_out: bool = False,
    ) -> None:
        """With these envelopes."""
        super().__init__(me, wishes, goes_away)
        self.envelopes, self.hands, self.shut_out = list(envelopes), set(envelopes), shut_out
        self._did: dict[int, str] = {}
        self._moves = ""

    def pages(self) -> Pages:
        """With those at the doors."""
        return super().pages() | {
            "duty_label": self._next_envelope,
            "duty_loaded": self._loaded,
            "duty_put_in": self._put_in,
            "duty_empty_first": self._empty,
            "duty_take_back": self._take_back,
            "duty_taken": self._says,
            "duty_handed": self._says,
            "duty_take": self._take,
            "duty_hand": self._take,
            "duty_shut": self._shut,
            "duty_wrong_door": self._shut,
            "duty_compare": self._compare,
            "duty_compare_empty": self._compare,
            "duty_is_it_in": self._is_it_in,
            "left_open": self._late,
        }

    # --- loading ----------------------------------------------------------------------------------

    def _loaded(self, shown: Show) -> Deeds:
        """One lies there. Perhaps it was the wrong one: take it back. Then the next."""
        me = self.me
        if self.envelopes and me.scene.story.held.get(shown.door) == self.envelopes[0]:
            self.envelopes.pop(0)
        if me.chance.random() < 0.1 and self._once_more("undo"):
            me.touch("undo")
            return
        yield from self._next_envelope(shown)

    def _next_envelope(self, shown: Show) -> Deeds:
        """Hold up the next one's label; now and then something that is none."""
        me = self.me
        if not self.envelopes:
            me.touch("back")
            return
        order = self.envelopes[0]
        if me.chance.random() < 0.12:
            me.hold(*me.chance.choice(wrong_labels(me, order)))
            yield 4000
        before = me.face()
        self._shows(order)
        yield from me.answered(before)
        refused = me.screen.reason if me.screen is not None and me.face() != before else ""
        if refused in LATER:
            yield 61_000
        elif refused or self._often[order] > AGAIN_MAX:
            self.envelopes.pop(0)

    def _shows(self, order: str) -> None:
        self._often[order] += 1
        self.me.hold(label_of(self.me, order), LABEL + order)

    def _put_in(self, shown: Show) -> Deeds:
        """Put in what is in the hand; or ask for a larger one; or do not after all."""
        me, door = self.me, shown.door
        if not me.street.is_open(door):
            return  # shut already, and not seen yet
        order = self._moves or (self.envelopes[0] if self.envelopes else "")
        drawn = me.chance.random()
        meant = labels.mark(order.encode()) == shown.facts.get("item")
        there = order in me.street.papers(door)
        if not meant or not (there or order in self.hands) or (drawn < 0.06 and "not_in" in shown.offers):
            if self.envelopes and not self._moves:
                self.envelopes.pop(0)
            self._moves = ""
            self._lifts(door)
            me.touch("not_in")
            yield 1000
            yield from me.shuts(door)
            return
        if self.goes_away and me.chance.random() < 0.3:
            self._lays(door, order)
            self._leaves()
            return
        if drawn < 0.16 and "larger" in shown.offers and self._once_more(f"larger {order}"):
            if me.chance.random() < 0.5 and not there:
                self._lays(door, order)
                yield 1500
            me.touch("larger")
            return
        if not there:
            self._lays(door, order)
        yield 1000
        yield from me.shuts(door)
        self._moves = ""

    def _lays(self, door: int, order: str) -> None:
        if self.me.street.put(door, order):
            self.hands.discard(order)

    def _lifts(self, door: int) -> list[str]:
        taken = self.me.street.take(door)
        self.hands.update(taken)
        return taken

    def _empty(self, shown: Show) -> Deeds:
        """Everything out, for a larger one or none."""
        self._lifts(shown.door)
        yield from self.me.shuts(shown.door)

    def _take_back(self, shown: Show) -> Deeds:
        """Take the last one back, or look and leave it."""
        self._did[shown.door] = "left_in"
        if self.me.chance.random() < 0.85:
            taken = self._lifts(shown.door)
            self._did[shown.door] = "took_out"
            self.envelopes[:0] = [order for order in taken if order.startswith(CERTIFICATE)][:1]
        yield from self.me.shuts(shown.door)

    def _relabels(self, shown: Show) -> bool:
        """It turns out that an envelope is somebody else's: the right label is held up, and the envelope stays."""
        order = self.me.scene.story.held.get(shown.door, "")
        if self._moves or not order.startswith(CERTIFICATE):
            return False
        self._shows(envelope("R", self.me.happening.number))
        return True

    # --- at the doors of a round ------------------------------------------------------------------

    def _take(self, shown: Show) -> Deeds:
        """Take it out, mostly; say so with the door open, or when it is shut."""
        me, door = self.me, shown.door
        if not me.street.is_open(door):
            self._answers_for(door)
            return
        held = me.scene.story.held.get(door, "")
        self._did[door] = "left_in"
        if not me.street.papers(door):
            self._did[door] = "was_empty"
        elif me.chance.random() < 0.85:
            taken = self._lifts(door)
            self._did[door] = "took_out" if taken else "left_in"
            self._moves = held if held in taken and "left_in" in shown.offers and shown.name == "duty_take" else ""
        if self._moves and self.shut_out:
            yield from self._shuts_out(door)
        if me.chance.random() < 0.8:
            self._answers_for(door)
            yield 800
        yield from me.shuts(door)

    def _shuts_out(self, door: int) -> Deeds:
        """The cloud takes every other free door out of service, and later those in again behind which nothing lies."""
        me = self.me
        free = [d for d in me.street.doors if d != door and d not in me.world.cloud.held and not me.street.papers(d)]
        free = [d for d in free if me.world.cloud.doors.get(d, {}).get("in_service")]
        for other in free:
            staff.send(me, "service", args={"door": other, "in_service": False, "reason": "test"})

        def again() -> None:
            for other in free:
                if staff.is_clear(me, other):
                    staff.send(me, "service", args={"door": other, "in_service": True})

        me.world.later(OUT_MS, again)
        yield 4000

    def _says(self, shown: Show) -> None:
        """The door is shut: say what was done there; or hold up the own code, which leads back to the menu."""
        if self.me.chance.random() < 0.1:
            self.me.hold(self.code.text, self.code.cti)
        else:
            self._answers_for(shown.door)

    def _answers_for(self, door: int) -> None:
        """Say what was done at a door, in the words that its screen has for that."""
        did = self._did.get(door, "left_in")
        words = {"took_out": ("took_out", "handed_out"), "was_empty": ("was_empty", "left_in")}
        self._touch(*words.get(did, ("left_in", "not_taken")))

    def _late(self, shown: Show) -> Deeds:
        """The door has been open for a minute: what was to be done there, by the buttons that are left."""
        for button, act in (("not_in", self._put_in), ("as_listed", self._compare), ("it_is_in", self._is_it_in)):
            if button in shown.offers:
                yield from act(shown)
                return
        if shown.offers:
            yield from self._take(shown)
        else:
            self._did[shown.door] = "took_out"
            yield from self._empty(shown)

    def _shut(self, shown: Show) -> Deeds:
        yield from self.me.shuts(shown.door)

    def _compare(self, shown: Show) -> Deeds:
        """Look inside; what is not in the books comes out, or is named by its label, or stays and is told."""
        me, door = self.me, shown.door
        expected, inside = me.scene.story.held.get(door), list(me.street.papers(door))
        if me.street.is_open(door):
            strays = [order for order in inside if order != expected]
            labelled = expected not in inside and len(inside) == 1 and inside[0].startswith(CERTIFICATE)
            if labelled:
                self._shows(inside[0])
            elif strays and (expected in inside or me.chance.random() < 0.5):
                self._lifts(door)
                if expected in inside:
                    self._lays(door, str(expected))
                self._touch("as_listed" if expected is None or expected in inside else "missing")
            elif strays:
                self._touch("something_else", "not_empty")
            else:
                self._touch("as_listed" if expected in (None, *inside) else "missing")
            yield 800
        yield from me.shuts(door)

    def _is_it_in(self, shown: Show) -> Deeds:
        """Whether that envelope lies there, by the last signs of its label; whatever else does comes out."""
        me, door = self.me, shown.door
        inside = list(me.street.papers(door))
        wanted = [order for order in inside if labels.mark(order.encode()) == shown.facts.get("item")]
        if me.street.is_open(door):
            self._did[door] = "it_is_in" if wanted else "it_is_not"
            if inside != wanted:
                self._lifts(door)
                for order in wanted:
                    self._lays(door, order)
        self._touch(self._did.get(door, "it_is_not"))
        yield 800
        yield from me.shuts(door)


def label_of(me: Person, order: str) -> str:
    """The label on an order's envelope."""
    size = me.happening.chance % 5
    return labels.encode(labels.Label(order.encode(), Size(size) if 1 <= size <= 2 else None), CABINET)


def wrong_labels(me: Person, order: str) -> tuple[tuple[str, str], ...]:
    """What may be held up in a label's place, and as what: a parcel's code, a torn one, another cabinet's, one of an
    envelope that lies here, a door's code.
    """
    elsewhere = labels.encode(labels.Label(order.encode()), ELSEWHERE)
    lies_here = [held for held in me.world.cloud.held.values() if held.startswith(CERTIFICATE)][:1]
    known = tuple((label_of(me, held), LABEL + held) for held in lies_here)
    wrong = ("https://parcel.example/17", label_of(me, order)[:-3], elsewhere)
    return (*((text, "no label") for text in wrong), (door_labels.encode(CABINET, 1), DOORS_CODE), *known)


def envelope(whose: str, serial: int) -> str:
    """The order on an envelope: its last two signs, which people look at, differ from one to the next."""
    return f"{CERTIFICATE}{whose}{serial // 36:x}{ALPHABET[serial % 1296 // 36]}{ALPHABET[serial % 36]}"
