"""Clearing: staff go from door to door and take out what lies there, or what is overdue, or hand one out.

``Round`` is what such chores have in common, the audit too (``locker.inspection``): a list, one door or all of them,
and a question at each. The question may be answered while the door is open; the answer is good when the door was seen
shut, and the next door opens then. So a door costs one touch. Knows compartments; must never know a label or a token.
"""

from __future__ import annotations

from locker.chore import DIGITS, Chore, Page, button_of, buttons_of, item_facts, rows_of
from locker.compartment import Compartment
from locker.machine import DutyState
from locker.model import Custody, Kind, Now


class Round(Chore):
    """From door to door. ``answers`` are the buttons of its question, ``list_page`` and ``door_page`` its screens."""

    answers: tuple[str, ...] = ()
    ways: tuple[str, ...] = ("start",)
    list_page = door_page = ""
    done_page = "duty_round_done"
    room: Compartment | None = None
    _answer = ""
    _left: tuple[int, ...] = ()
    whole = _over = False
    done = total = skipped = 0

    def begin(self, now: Now) -> None:
        """Show the list."""
        self.duty.fire("list")

    def resume(self, doors: tuple[int, ...], now: Now) -> None:
        """Go on where a round was interrupted, with these doors."""
        self.begin(now)
        self._start(doors, now, whole=True)

    def candidates(self) -> list[Compartment]:
        """The compartments that this chore is about."""
        raise NotImplementedError(f"{self.name}: which compartments?")

    def settle(self, room: Compartment, answer: str, now: Now) -> None:
        """Write down what the answer at this door means."""
        raise NotImplementedError(f"{self.name}: what does {answer!r} mean?")

    # --- the pages --------------------------------------------------------------------------------

    def page(self) -> Page:
        """The list, the question at a door, or how it went."""
        if self.room is not None and self.state in (DutyState.WORKING, DutyState.ASKING):
            return self.at_door(self.room)
        if self._over:
            facts: dict[str, str | int] = {"done": self.done, "skipped": self.skipped}
            return Page(self.done_page, 0, ("back",), facts | self.outcome())
        rooms = self.candidates()
        ways = tuple(way for way in self.ways if self.doors_of(way))
        go_on = ("go_on",) if self._left else ()
        offers = (*go_on, *ways, *buttons_of(rooms), "back")
        return Page(self.list_page, 0, offers, {"left": len(rooms)}, rows_of(rooms), DIGITS)

    def at_door(self, room: Compartment) -> Page:
        """The question at one door; once answered, the door is only to be shut, and the answer may be changed."""
        facts = item_facts(room) | {"done": self.done + self.skipped + 1, "of": max(self.total, 1)}
        stop = ("last_one",) if self._left else ()
        name = self.door_page
        if self.state is DutyState.ASKING:
            name = self.asking_page(room)
        elif self._answer:
            name = "duty_shut"
        return Page(name, room.door, (*self.answers_at(room), *stop), facts)

    def answers_at(self, room: Compartment) -> tuple[str, ...]:
        """The buttons of the question at this door."""
        return self.answers

    def asking_page(self, room: Compartment) -> str:
        """The screen on which it is asked again, once the door is shut."""
        return "duty_taken"

    def outcome(self) -> dict[str, str | int]:
        """What else the last page says."""
        return {}

    def doors_of(self, way: str) -> tuple[int, ...]:
        """The doors that a button of the list means."""
        return tuple(room.door for room in self.candidates())

    # --- the person -------------------------------------------------------------------------------

    def chosen(self, button: str, now: Now) -> None:
        """Begin with all or one of them; or an answer."""
        if button in self.ways:
            self._start(self.doors_of(button), now, whole=True)
        elif button == "go_on":
            self._next(now)
        elif button == "last_one":
            self._left = ()
        elif self.room is not None and button in self.answers_at(self.room):
            self.answered(button, now)
        else:
            self._start(tuple(r.door for r in self.candidates() if button_of(r) == button), now, whole=False)

    def answered(self, answer: str, now: Now) -> None:
        """What the person says of this door: good when it is shut."""
        self._answer = answer
        if self.state is DutyState.ASKING:
            self._settle(now)

    def _start(self, doors: tuple[int, ...], now: Now, *, whole: bool) -> None:
        self.done = self.skipped = 0
        self.total, self._left, self.whole, self._over = len(doors), doors, whole, False
        self._next(now)

    def _next(self, now: Now) -> None:
        """Open the next door that is still meant; when there is none, say how it went."""
        meant = {room.door: room for room in self.candidates()}
        self.room = None
        while self._left:
            self.duty.books.remember_round(*((self.name, self._left) if self.whole else ("", ())))
            room, self._left = meant.get(self._left[0]), self._left[1:]
            if room is not None and self.duty.work(room, now, cause=self.cause()):
                self._answer = ""
                self.room = room if self.duty.busy else None
                return
            if self.duty.over:
                return  # whoever comes next is offered the rest
            self.skipped += room is not None
            self.total -= room is None
        self.finish(now)

    def cause(self) -> str:
        """Why these doors are opened, for their events; "" where the chore's name says it."""
        return ""

    def finish(self, now: Now) -> None:
        """Nothing is left of it."""
        self.duty.books.remember_round("", ())
        self._over = self.whole or self.skipped > 0
        if self.state is not DutyState.LISTING:
            self.duty.fire("list")

    # --- the doors --------------------------------------------------------------------------------

    def shut(self, room: Compartment, now: Now) -> None:
        """Answered already, or asked now."""
        if self._answer:
            self._settle(now)

    def _settle(self, now: Now) -> None:
        room = self.room
        assert room is not None, "an answer about no door"
        self.done += 1
        self.settle(room, self._answer, now)
        if self._left and self.duty.unattended:
            self._pause()
        else:
            self._next(now)

    def _pause(self) -> None:
        """Nobody had done anything for long when the door was shut: it may have been anybody's hand. Ask to go on."""
        self.room = None
        if self.whole:
            self.duty.books.remember_round(self.name, self._left)
        self.duty.fire("list")

    def gave_up(self, room: Compartment, now: Now) -> None:
        """On with the others, when the person says so: the notice on the screen is about this one."""
        self.room, self.skipped = None, self.skipped + 1
        self.duty.fire("list")
        if not self._left:
            self.finish(now)


class TakeOut(Round):
    """Take out what residents have dropped off."""

    name = "take_out"
    answers = ("took_out", "not_taken", "was_empty")
    list_page, door_page = "duty_take_out", "duty_take"
    event = "taken_out"

    def candidates(self) -> list[Compartment]:
        """Every submission that lies here, the oldest first."""
        found = [r for r in self.rooms if r.custody is Custody.HOLDING and r.kind is Kind.SUBMISSION]
        return sorted(found, key=lambda room: (room.since_ms, room.door))

    def settle(self, room: Compartment, answer: str, now: Now) -> None:
        """Taken out; left where it is; or the door was empty already, which is a correction."""
        books, item = self.duty.books, self.about(room)
        if answer == self.answers[0]:
            self.duty.say(self.event, room, **item)
            books.empty(room)
            books.looked(room, self.duty.fields())
        elif answer == "was_empty":
            self.duty.say("corrected", room, was="holding", found="empty", **item)
            books.empty(room)
            books.looked(room, self.duty.fields())
        else:
            self.duty.say("staff_done", room, outcome=answer)

    def about(self, room: Compartment) -> dict[str, str | int]:
        """What an event says of the item."""
        found: dict[str, str | int] = {"item": room.order.hex(), "kind": room.kind.value if room.kind else ""}
        return found | ({} if room.load is None else {"old_load": room.load})


class Recall(TakeOut):
    """Take out what is overdue: one, all that this person has loaded, or all. The owner's code is dead only then."""

    name = "recall"
    ways = ("mine", "all")
    list_page = "duty_recall"
    event = "recalled"

    def candidates(self) -> list[Compartment]:
        """Every overdue item, the one that is so longest first."""
        return self.duty.cabinet.deadlines.overdue()

    def doors_of(self, way: str) -> tuple[int, ...]:
        """All of mine, or all."""
        books, by = self.duty.books, self.duty.by
        return tuple(r.door for r in self.candidates() if way == "all" or books.loaded_by(r) == by)

    def about(self, room: Compartment) -> dict[str, str | int]:
        """With who had loaded it, where that is known."""
        loader = self.duty.books.loaded_by(room)
        return super().about(room) | ({"loaded_by": loader} if loader else {})


class ByHand(TakeOut):
    """Open one for a resident who cannot, with a reason: its owner gets the item from staff's hands."""

    name = "by_hand"
    answers = ("handed_out", "left_in", "was_empty")
    ways = ()
    list_page, door_page = "duty_by_hand", "duty_hand"
    event = "handed_out"
    reasons = ("code_lost", "phone_broken", "needs_help", "code_refused", "other")
    _door: Compartment | None = None
    _why = ""

    def candidates(self) -> list[Compartment]:
        """Every item that lies here."""
        return [room for room in self.rooms if room.custody is Custody.HOLDING]

    def page(self) -> Page:
        """As in a round, and in between: why?"""
        if self.state is DutyState.REASONING and self._door is not None:
            offers = (*(f"why:{reason}" for reason in self.reasons), "back")
            return Page("duty_why_hand", self._door.door, offers, item_facts(self._door))
        return super().page()

    def chosen(self, button: str, now: Now) -> None:
        """First the door, then the reason, then it opens."""
        door = next((room for room in self.candidates() if button_of(room) == button), None)
        if self.state is DutyState.LISTING and door is not None:
            self._door = door
            self.duty.fire("why")
        elif self.state is DutyState.REASONING and self._door is not None:
            self._why = button.partition(":")[2]
            super().chosen(button_of(self._door), now)
        else:
            super().chosen(button, now)

    def cause(self) -> str:
        """The reason."""
        return self._why

    def about(self, room: Compartment) -> dict[str, str | int]:
        """With the reason."""
        return super().about(room) | {"reason": self._why}

    def asking_page(self, room: Compartment) -> str:
        """Was it handed out?"""
        return "duty_handed"
