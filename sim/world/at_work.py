"""Somebody of the staff at the screen: they come with their code, read each page, think, and do what it asks for.

What they do at the doors is in ``sim.world.hands``. They come back with the same code when the power went or a resident
had their turn. Must never look into the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from locker import door_labels
from locker.model import Purpose, Show
from sim.world import staff
from sim.world.people import Person
from sim.world.scene import DOORS_CODE
from sim.world.site import CABINET

if TYPE_CHECKING:
    from sim.world.world import Deeds

SHIFTS = 4
"""So often somebody shows their code to go on with what was cut short."""
PATIENCE_MS = 25_000
AGAIN_MAX = 3
STAYS_MS = 3_600_000
THINKS_MS: dict[str, tuple[int, int]] = {
    "": (600, 4000),
    "duty_put_in": (800, 12_000),
    "duty_take": (1000, 9000),
    "duty_label": (1500, 5000),
}
"""How long somebody reads and handles a page before they do something; "" for all others."""
LISTED = "door:"

Pages = dict[str, Callable[[Show], "Deeds | None"]]


class AtWork:
    """Somebody at work, until they are done: their wishes are chores by their button, done in this order.

    ``goes_away``: in the middle, and says nothing.
    """

    def __init__(self, me: Person, wishes: tuple[str, ...], goes_away: bool) -> None:
        """With a new code that names no door."""
        self.me, self.wishes = me, list(wishes)
        self.goes_away, self.done = goes_away, False
        self.code = me.code(Purpose.STAFF, door=0, life_s=8 * 3600, sub=me.chance.choice(("staff-7", "staff-8")))
        self._begun: set[str] = set()
        self._often: Counter[str] = Counter()
        self._pages = self.pages()

    def pages(self) -> Pages:
        """What is done at each page."""
        return {
            "duty_menu": self._menu,
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
            yield from self._pages.get(shown.name, self._waits)(shown) or ()
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
        if me.chance.random() < 0.7 and self._once_more("go_on") and me.touch("go_on"):
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
        """Touch a door's button, or type its number, or show the code that is printed on the door."""
        me, door, drawn = self.me, int(button.removeprefix(LISTED)), self.me.chance.random()
        if drawn < 0.25:
            me.hold(door_labels.encode(CABINET, door), DOORS_CODE)
        elif drawn < 0.5 and shown.digits:
            me.type(f"{door:0{shown.digits}}")
        else:
            me.touch(button)

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
        """Any place, a larger one or a low one; or it has the wrong label, and stays; back after a while."""
        if self.me.chance.random() < 0.3 and self._relabels(shown):
            return
        if not self._once_more("where"):
            self._touch("back")
        else:
            self._touch(*self.me.chance.sample(("to:any", "to:larger", "to:low"), 3))

    def _relabels(self, shown: Show) -> bool:
        """Hold up the right label of an envelope; False where there is none."""
        return False

    def _next_person(self, shown: Show) -> Deeds:
        """The other one of the two holds their code to the scanner, and it goes on under that name."""
        self.code = self.me.code(Purpose.STAFF, door=0, life_s=8 * 3600, sub="staff-9")
        yield from self._begins()
