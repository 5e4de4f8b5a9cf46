"""Somebody of the staff at the demo's cabinet: badge, envelopes, buttons; what they hold, and how long each thing took.

Knows the screen, the doors and the envelopes in the hand, as a person there would; counts scans and touches. Must never
look into the controller. ``really`` is what this person has put where, which the cabinet may believe otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from locker.clock import boot_ms
from sim.day_people import Item, Person
from sim.demo import Demo
from sim.demo_codes import Code

FANG, MIN = "fang-07", "min-12"
"""The two persons of the day."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one item or one door cost: from the first scan or touch for it until the screen is ready for the next."""

    what: str
    door: int
    took_ms: int
    scans: int
    taps: int
    note: str = ""


@dataclass
class Account:
    """What was measured, by chore."""

    loads: list[Timed] = field(default_factory=list)
    doors: list[Timed] = field(default_factory=list)


class Worker(Person):
    """One of the staff, and now and then a resident who stands behind them."""

    def __init__(self, demo: Demo) -> None:
        """Nobody has a badge yet."""
        super().__init__(demo)
        self.account = Account()
        self.badges: dict[str, Code] = {}
        self.really: dict[int, str] = {}
        self.scans = self.taps = 0

    def begin(self) -> None:
        """A new chapter; staff who stand there need not wait for the limit of doors a minute."""
        self.since_ms = boot_ms()

    # --- the person -------------------------------------------------------------------------------

    def badge(self, by: str = FANG) -> Code:
        """The person's code; a new one where there is none that is good."""
        if by not in self.badges:
            self.badges[by] = self.issuer.badge(by)
        return self.badges[by]

    def starts(self, by: str = FANG) -> None:
        """Begin to work, or go on."""
        self.presents(self.badge(by), "duty_menu")

    def chooses(self, *buttons: str) -> None:
        """Press buttons, one after the other, each on the screen that follows the one before."""
        for button in buttons:
            self.touches(button)

    def touches(self, button: str) -> None:
        """Press a button, count it, and wait until the screen has taken it."""
        self.until(lambda: button in self.screen.get("offers", ()), f"the button {button}")
        number = self.screen["number"]
        self.taps += 1
        self.street.touch(button, number)
        self.until(lambda: self.screen.get("number") != number, f"an answer to the button {button}")

    def finishes(self, by: str = FANG) -> None:
        """Back to the menu and away; the code is used up by that."""
        while self.screen.get("screen") != "duty_menu":
            self.touches("back")
        self.touches("finish")
        self.sees("idle")
        self.badges.pop(by, None)

    def scans_label(self, label: Code, *screens: str, reason: str = "", door: int = 0) -> int:
        """Hold an envelope to the window; the door on the screen that follows."""
        self.scans += 1
        return int(self.presents(label, *screens, reason=reason, door=door)["door"])

    # --- the doors --------------------------------------------------------------------------------

    def opens(self, door: int) -> None:
        """Wait until a door stands open and the screen says so."""
        self.until(lambda: self.street.is_open(door), f"door {door} to open")

    def lays(self, door: int, order: str) -> None:
        """Put an envelope into an open compartment."""
        self.street.put(door, order)
        self.really[door] = order

    def lifts(self, door: int) -> str:
        """Take out what really lies in an open compartment; "" for nothing."""
        papers = self.street.take(door)
        self.really.pop(door, None)
        return papers[0] if papers else ""

    def loads(self, label: Code, note: str = "", inside: str | None = None) -> int:
        """One envelope, from its label to the next; ``inside`` is what is really put in, "" for nothing."""
        begun_ms, scans, taps = boot_ms(), self.scans, self.taps
        door = self.scans_label(label, "duty_put_in")
        self.opens(door)
        order = label.order if inside is None else inside
        if order:
            self.lays(door, order)
        self.shuts(door)
        self.sees("duty_loaded", door=door)
        timed = Timed(label.order, door, boot_ms() - begun_ms, self.scans - scans, self.taps - taps, note)
        self.account.loads.append(timed)
        return door

    def at_each_door(self, question: tuple[str, ...], act: Callable[[int], None], until: str) -> None:
        """In a round: at each door that opens, do ``act``; until a screen says that it is over.

        A door that did not open (a busy machine may lose an order to the board) is passed over, as a person would.
        """
        while self._next_of(question, until) != until:
            if "go_on" in self.screen["offers"]:
                self.touches("go_on")
                continue
            begun_ms, scans, taps = boot_ms(), self.scans, self.taps
            door = int(self.screen["door"])
            self.opens(door)
            act(door)
            self.shuts(door)
            self.until(lambda door=door: self.screen.get("door") != door, f"the round to leave door {door}")  # type: ignore[misc]
            done = Timed("", door, boot_ms() - begun_ms, self.scans - scans, self.taps - taps)
            self.account.doors.append(done)

    def _next_of(self, question: tuple[str, ...], until: str) -> str:
        """Wait for the next door of a round, its end, or the list that offers to go on; the screen's name."""

        def shown() -> bool:
            return self.screen.get("screen") in (*question, until) or "go_on" in self.screen.get("offers", ())

        self.until(shown, f"{question} or {until}")
        return str(self.screen["screen"])

    # --- residents --------------------------------------------------------------------------------

    def collects_by_code(self, order: str, door: int) -> None:
        """The owner comes with the six digits that the cloud has sent, and takes what lies there."""
        digits = self.gets_sms(Item(order, door, Code("", "", "", order)))
        self.types(digits, "open_collect", door=door)
        self.opens(door)
        self.is_true(self.lifts(door) == order, f"door {door} did not hold {order}")
        self.shuts(door)
        self.sees("collected", door=door)
        self.leaves()

    def knows_books(self) -> None:
        """What the events say of every door is what really lies there."""
        really = dict(sorted(self.really.items()))

        def agree() -> bool:
            return dict(sorted(self.demo.held.items())) == really

        self.is_true(self.demo.cloud.wait_for(agree, 20.0), f"the events say {self.demo.held}, really it is {really}")
