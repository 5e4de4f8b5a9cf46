"""Whoever stands in front of the demo's cabinet on a mixed day: now a resident, now somebody of the staff.

One person at a time, with the hands of both. What really lies in the cabinet is what lies in the compartments of the
street, whoever put it there; ``shelf`` is what residents have dropped off, ``really`` what staff have loaded. Must
never look into the controller.
"""

from __future__ import annotations

from sim.day_people import READ_S, Item, Person
from sim.demo_codes import Code
from sim.staff_people import Worker

AT_WORK = ("staff_at_work", "busy")
"""What a resident is told while staff are in the middle of something: a chore is under way, or its door is open."""
SHOWN_MAX = 4


class Anybody(Worker):
    """A resident or one of the staff, as the screen has it."""

    def begin(self) -> None:
        """A new visit: as for a resident, whom the limit of doors a minute holds back."""
        Person.begin(self)

    def touches(self, button: str) -> None:
        """Press a button: staff's are counted, on the screens of a duty."""
        self.until(lambda: button in self.screen.get("offers", ()), f"the button {button}")
        if str(self.screen.get("screen")).startswith("duty_"):
            Worker.touches(self, button)
        else:
            Person.touches(self, button)

    def lifts(self, door: int) -> str:
        """Take out what lies in an open compartment, whosever it is."""
        self.shelf = [item for item in self.shelf if item.door != door]
        return super().lifts(door)

    def told_to_wait(self, code: Code) -> None:
        """Show a resident's code while staff are in the middle of something: refused aloud, and no coil moves."""
        pulses = len(self.street.unlocks())
        self.demo.phone.show(code)
        for _ in range(SHOWN_MAX):
            self.street.hold(code.text)
            if self.street.until(lambda: self.screen.get("reason") in AT_WORK, READ_S):
                break
        reason = self.hears("denied", cti=code.cti)["data"]["reason"]
        self.is_true(reason in AT_WORK, f"a resident who has to wait was refused as {reason}")
        self.is_true(len(self.street.unlocks()) == pulses, "a coil moved for somebody who has to wait")

    def collects_by_token(self, order: str, door: int, code: Code | None = None) -> None:
        """The owner of what staff have loaded comes with a QR code."""
        self.presents(code or self.issuer.collect(order), "open_collect", door=door)
        self.opens(door)
        self.is_true(self.lifts(door) == order, f"door {door} did not hold {order}")
        self.shuts(door)
        self.sees("collected", door=door)
        self.leaves()

    def types_in_vain(self, digits: str) -> None:
        """Type a code that is good no more: refused, counted, no coil moves."""
        pulses = len(self.street.unlocks())
        self.types(digits, "refused", reason="wrong_code")
        self.hears("code_wrong")
        self.is_true(len(self.street.unlocks()) == pulses, "a code that is good no more moved a coil")
        self.touches("done")
        self.sees("idle")

    def sms(self, order: str, door: int) -> str:
        """The pick-up code of the message about an order."""
        return self.gets_sms(Item(order, door, Code("", "", "", order)))

    def lying(self) -> dict[int, str]:
        """What really lies in the cabinet, by door."""
        found = {door: self.street.papers(door) for door in self.street.doors}
        return {door: " + ".join(papers) for door, papers in sorted(found.items()) if papers}

    def knows_books(self) -> None:
        """What the events say of every door is what really lies there, whoever put it in."""

        def agree() -> bool:
            return dict(sorted(self.demo.held.items())) == self.lying()

        agreed = self.demo.cloud.wait_for(agree, 20.0)
        self.is_true(agreed, f"the events say {self.demo.held}, really it is {self.lying()}")
