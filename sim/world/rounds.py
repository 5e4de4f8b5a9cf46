"""Staff at work: a code without a door, then envelopes, rounds, the audit, one door after the other (docs/staff.md).

``Worker`` reads the screen and does what stands there, with hands that first do and then say: what is answered of a
compartment is what was seen or done in it. They come back with the same code when the power went or a resident had
their turn. Each kind is one function from a person to deeds. Must never look into the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from locker import door_labels, labels
from locker.model import Purpose, Show, Size
from sim.world import staff
from sim.world.people import LATER, Person
from sim.world.site import CABINET, CERTIFICATE, ELSEWHERE

if TYPE_CHECKING:
    from sim.world.world import Deeds

SHIFTS = 4
"""So often somebody shows their code to go on with what was cut short."""
PATIENCE_MS = 25_000
AGAIN_MAX = 3
STAYS_MS = 3_600_000
OUT_MS = 120_000
THINKS_MS: dict[str, tuple[int, int]] = {
    "": (600, 4000),
    "duty_put_in": (800, 12_000),
    "duty_take": (1000, 9000),
    "duty_label": (1500, 5000),
}
"""How long somebody reads and handles a page before they do something; "" for all others."""
LISTED = "door:"
ROUNDS = ("take_out", "recall", "audit")


class Worker:
    """Somebody of the staff, until they are done: their wishes are chores by their button, done in this order."""

    def __init__(
        self, me: Person, *wishes: str, envelopes: tuple[str, ...] = (), goes_away: bool = False, shut_out: bool = False
    ) -> None:
        """With a new code and these envelopes in their hands; some go away in the middle and say nothing.

        ``shut_out``: while they hold an item that is to be moved, the cloud leaves no other door to put it into.
        """
        self.me, self.wishes, self.envelopes = me, list(wishes), list(envelopes)
        self.hands, self.goes_away, self.done = set(envelopes), goes_away, False
        self.code = me.code(Purpose.STAFF, door=0, life_s=8 * 3600, sub=me.chance.choice(("staff-7", "staff-8")))
        self.shut_out = shut_out
        self._did: dict[int, str] = {}
        self._begun: set[str] = set()
        self._often: Counter[str] = Counter()
        self._moves = ""
        self._answers: dict[str, Callable[[Show], Deeds | None]] = {
            "duty_menu": self._menu,
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
            "duty_settle": self._first_listed,
            "duty_take_out": self._round,
            "duty_recall": self._round,
            "duty_audit": self._round,
            "duty_by_hand": self._one_listed,
            "duty_reassign": self._one_listed,
            "duty_service": self._service,
            "duty_why_hand": self._why,
            "duty_why_service": self._why,
            "duty_where": self._where,
            "duty_status": self._back,
            "duty_round_done": self._back,
            "duty_audit_done": self._back,
            "duty_hand_over": self._next_person,
            "press": self._presses,
        }

    # --- coming and going -------------------------------------------------------------------------

    def works(self) -> Deeds:
        """Come, work until all is done, and come again where it was cut short."""
        me = self.me
        for _ in range(SHIFTS):
            yield from me.until(lambda: me.screen is not None, 180_000)
            if (yield from self._begins()):
                yield from self._stays()
            if self.done:
                return
            yield me.chance.randint(8000, 90_000)

    @property
    def on_duty(self) -> bool:
        """Whether the log says that they are at work."""
        return self.me.scene.story.duty == self.code.cti

    def _begins(self) -> Generator[int, None, bool]:
        me, before = self.me, self.me.face()
        me.cti = self.code.cti
        me.hold(self.code.text, self.code.cti)
        yield from me.answered(before)
        yield from me.until(lambda: self.on_duty, 3000)
        return self.on_duty

    def _stays(self) -> Deeds:
        """Do what the screen asks for; look again when it does not change for a while, and go when it never does."""
        me, ends_ms = self.me, self.me.world.ms + STAYS_MS
        again, number = 0, -1
        while me.world.ms < ends_ms and again <= AGAIN_MAX and not self.done:
            shown = me.screen
            if shown is None or not self.on_duty:
                return
            if me.chance.random() < (0.15 if self.goes_away else 0.01):
                self._leaves()
                return
            yield me.chance.randint(*THINKS_MS.get(shown.name, THINKS_MS[""]))
            if me.screen is None or me.screen.number != shown.number:
                continue  # it is another page by now
            again, number = again + 1 if shown.number == number else 0, shown.number
            yield from self._answers.get(shown.name, self._waits)(shown) or ()
            yield from me.until(lambda number=number: self._shows_other(number), PATIENCE_MS)  # type: ignore[misc]
        self.done = self.done or again > AGAIN_MAX

    def _shows_other(self, number: int) -> bool:
        """Whether another page is shown than this one, or none."""
        return self.me.screen is None or self.me.screen.number != number

    def _leaves(self) -> None:
        """Away, without a word, whatever stands open; for good."""
        self.me.say("goes away")
        self.done = True

    def _waits(self, shown: Show) -> None:
        """A notice, or a door that is being opened: nothing to do."""

    def _presses(self, shown: Show) -> Deeds:
        """Lean on the door, as the screen asks."""
        if shown.door in self.me.street.places:
            self.me.street.press(shown.door, True)
            yield 3000
            self.me.street.press(shown.door, False)

    def _touch(self, *buttons: str) -> bool:
        """Press the first of these that is there."""
        return any(self.me.touch(button) for button in buttons)

    def _back(self, shown: Show) -> None:
        self._touch("back")

    # --- the menu and its lists -------------------------------------------------------------------

    def _menu(self, shown: Show) -> None:
        """What was left unsettled first; then their wishes; then they are done."""
        me = self.me
        if self._once_more("settle") and me.touch("settle"):
            return
        if self.wishes and self.wishes[0] in ROUNDS and me.chance.random() < 0.7 and me.touch("go_on"):
            self._begun.add(self.wishes.pop(0))
            return
        while self.wishes:
            if me.touch(self.wishes.pop(0)):
                return
        self.done = me.touch("finish")

    def _once_more(self, what: str) -> bool:
        """Whether something was not tried too often."""
        self._often[what] += 1
        return self._often[what] <= AGAIN_MAX

    def _first_listed(self, shown: Show) -> None:
        """The first door of the list, as often as it makes sense."""
        listed = [button for button in shown.offers if button.startswith(LISTED)]
        if not (listed and self._once_more(listed[0]) and self.me.touch(listed[0])):
            self._touch("back")

    def _one_listed(self, shown: Show) -> None:
        """One door of the list, by touch, number or its printed code; then back."""
        listed = [button for button in shown.offers if button.startswith(LISTED)]
        if listed and shown.name not in self._begun:
            self._begun.add(shown.name)
            self._chooses(self.me.chance.choice(listed), shown)
        else:
            self._touch("back")

    def _chooses(self, button: str, shown: Show) -> None:
        """Touch a door's button, or show the code that is printed on the door."""
        if self.me.chance.random() < 0.3:
            self.me.hold(door_labels.encode(CABINET, int(button.removeprefix(LISTED))), "a door's code")
        else:
            self.me.touch(button)

    def _round(self, shown: Show) -> None:
        """All of them, mostly; once begun, on until nothing is left."""
        me, listed = self.me, [button for button in shown.offers if button.startswith(LISTED)]
        if shown.name in self._begun:
            if not (self._once_more(f"on {shown.name}") and me.touch("go_on")):
                self._touch("back")
            return
        self._begun.add(shown.name)
        if listed and me.chance.random() < 0.2:
            self._chooses(me.chance.choice(listed), shown)
        elif not self._touch(*me.chance.sample(("start", "all", "mine"), 3)):
            self._touch("back")

    def _service(self, shown: Show) -> None:
        """One door out of service, for a reason; and in again, if nothing stray lies inside."""
        me = self.me
        door = me.happening.number % len(me.street.doors) + 1
        out = any(row.door == door and not row.in_service for row in shown.rows)
        if self._often[shown.name] < 2 and (not out or staff.is_clear(me, door)):
            self._often[shown.name] += 1
            me.touch(f"{LISTED}{door}")
        else:
            self._touch("back")

    def _why(self, shown: Show) -> None:
        reasons = [button for button in shown.offers if button.startswith("why:")]
        self._touch(self.me.chance.choice(reasons))

    def _where(self, shown: Show) -> None:
        """Any place, a larger one or a low one; back after a while."""
        if not self._once_more("where"):
            self._touch("back")
        else:
            self._touch(*self.me.chance.sample(("to:any", "to:larger", "to:low"), 3))

    def _next_person(self, shown: Show) -> Deeds:
        """The other one of the two holds their code to the scanner, and it goes on under that name."""
        self.code = self.me.code(Purpose.STAFF, door=0, life_s=8 * 3600, sub="staff-9")
        yield from self._begins()

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
            me.hold(me.chance.choice(wrong_labels(me, order)), "no label")
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
        self.me.hold(label_of(self.me, order), f"label/{order}")

    def _put_in(self, shown: Show) -> Deeds:
        """Put in what is in the hand; or ask for a larger one; or do not after all."""
        me, door = self.me, shown.door
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

    # --- at the doors of a round ------------------------------------------------------------------

    def _take(self, shown: Show) -> Deeds:
        """Take it out, mostly; say so with the door open, or when it is shut."""
        me, door = self.me, shown.door
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
    """The label on an order's envelope; whose it is, is in the register."""
    me.world.register.labelled.add(order)
    size = me.happening.chance % 5
    return labels.encode(labels.Label(order.encode(), Size(size) if 1 <= size <= 2 else None), CABINET)


def wrong_labels(me: Person, order: str) -> tuple[str, ...]:
    """What may be held up in a label's place: a parcel's code, a torn one, another cabinet's, one that lies here."""
    torn = label_of(me, order)[:-3]
    elsewhere = labels.encode(labels.Label(order.encode()), ELSEWHERE)
    lies_here = [held for held in me.world.cloud.held.values() if held.startswith(CERTIFICATE)]
    known = label_of(me, lies_here[0]) if lies_here else torn
    return "https://parcel.example/17", torn, elsewhere, known, door_labels.encode(CABINET, 1)


# --- the kinds ------------------------------------------------------------------------------------


def loads(me: Person) -> Deeds:
    """Staff load certificates by their labels: one goes into a larger door, one is taken back, one is none of ours."""
    envelopes = tuple(str(order) for order in me.args.get("orders", [f"{CERTIFICATE}{me.happening.number}"]))
    yield from Worker(me, "load", envelopes=envelopes).works()


def loads_and_goes(me: Person) -> Deeds:
    """Staff begin to load and are called away, with a door open or a code that is still good."""
    envelopes = tuple(f"{CERTIFICATE}{me.happening.number}-{n}" for n in range(3))
    yield from Worker(me, "load", envelopes=envelopes, goes_away=True).works()


def clears(me: Person) -> Deeds:
    """Staff go round and take out what residents left and what is overdue."""
    yield from Worker(me, "take_out", "recall").works()


def audits(me: Person) -> Deeds:
    """Staff look behind every door and put the books right."""
    yield from Worker(me, "audit").works()


def hands_out(me: Person) -> Deeds:
    """Staff open one door by hand for a resident who cannot, and hand the item out."""
    yield from Worker(me, "by_hand").works()


def reassigns(me: Person) -> Deeds:
    """Staff move an item to another compartment."""
    yield from Worker(me, "reassign", "status").works()


def nowhere_to_put(me: Person) -> Deeds:
    """Staff take an item out to move it, and the cloud takes every other door out of service meanwhile."""
    yield from Worker(me, "reassign", shut_out=True).works()


def keeps_house(me: Person) -> Deeds:
    """Staff look at the status, put a door out of service and in again, and hand over to the next person."""
    yield from Worker(me, "status", "service", "hand_over", "take_out").works()


def shows_labels(me: Person) -> Deeds:
    """Somebody who found an envelope and a photograph of a door shows their codes to the cabinet."""
    for text in (label_of(me, f"{CERTIFICATE}{me.happening.number}"), door_labels.encode(CABINET, 1)):
        me.hold(text)
        yield 4000


KINDS: dict[str, Callable[[Person], Deeds]] = {
    found.__name__: found
    for found in (
        loads,
        loads_and_goes,
        clears,
        audits,
        hands_out,
        reassigns,
        nowhere_to_put,
        keeps_house,
        shows_labels,
    )
}
