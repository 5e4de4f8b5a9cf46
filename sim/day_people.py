"""What one person does at the demo's cabinet, step by step, and how long they are willing to wait for each.

Knows the screen, the doors and the cloud's side of the wire, as a person beside the cabinet would. Every wait is for a
condition, with a limit that is generous to a busy machine. Must never look into the controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from locker.clock import boot_ms
from sim.demo import Demo
from sim.demo_codes import Code
from sim.demo_site import CABINET

WAIT_S = 20.0
READ_S = 2.5
MOMENT_MS = 40
MINUTE_MS = 60_000
VISIT_PULSES = 4
PATIENCE_MS = 75_000
LATER = ("rate_limited", "too_often")


class NotAsExpected(AssertionError):
    """Something that should have happened did not; says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that lies in the cabinet: whose order, behind which door, under which code it was put in."""

    order: str
    door: int
    code: Code


class Person:
    """Somebody in front of the cabinet. ``shelf`` is what was put in and not yet collected, oldest first."""

    def __init__(self, demo: Demo) -> None:
        """One person at a time; ``begin`` is called before each visit."""
        self.demo, self.street, self.issuer = demo, demo.street, demo.issuer
        self.shelf: list[Item] = []
        self.since_ms = 0

    def begin(self) -> None:
        """A new visit; events of earlier ones no longer count. Waits while one of the limits per minute is near.

        An event bears the time at which its turn began, so a moment passes before anything is done.
        """
        self.until(self._limits_are_far, "the minute's limits of doors and of a lock", PATIENCE_MS / 1000)
        self.since_ms = boot_ms()
        self.until(lambda: boot_ms() > self.since_ms + MOMENT_MS, "a moment to pass")

    # --- seeing ---

    @property
    def screen(self) -> dict[str, Any]:
        """The screen that is shown; empty while it is dark."""
        return self.street.screen.screen or {}

    def until(self, true: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
        """Wait for something in the street. Raises ``NotAsExpected``."""
        if not self.street.until(true, timeout_s):
            raise NotAsExpected(f"waited {timeout_s:.0f} s for {what}; {self._seen()}")

    def sees(self, *screens: str, door: int = 0, reason: str = "") -> dict[str, Any]:
        """Wait for one of these screens, and for a door and a reason on it where given."""

        def shown() -> bool:
            fits = not screens or self.screen.get("screen") in screens
            return fits and door in (0, self.screen.get("door")) and reason in ("", self.screen.get("reason"))

        self.until(shown, f"the screen {' or '.join(screens)} {door or ''} {reason}")
        return self.screen

    def hears(self, kind: str, timeout_s: float = WAIT_S, **wanted: Any) -> dict[str, Any]:
        """Wait until the cloud has an event of this visit with these fields (``door=3``, ``reason="spent"``)."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [event for event in self.events(kind) if _fits(event, wanted)]
            return bool(found)

        if not self.demo.cloud.wait_for(there, timeout_s):
            raise NotAsExpected(f"waited {timeout_s:.0f} s for the event {kind} {wanted}; {self._seen()}")
        return found[0]

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of this visit so far, of these kinds."""
        all_events = self.demo.cloud.events(CABINET)
        return [event for event in all_events if event["boot_ms"] >= self.since_ms and event["type"] in kinds]

    def is_true(self, true: bool, what: str) -> None:
        """Insist on something. Raises ``NotAsExpected``."""
        if not true:
            raise NotAsExpected(f"{what}; {self._seen()}")

    # --- doing ---

    def presents(
        self, code: Code, *screens: str, reason: str = "", door: int = 0, later: Collection[str] = LATER
    ) -> dict[str, Any]:
        """Hold a code to the window until the cabinet has read it and shows what is expected.

        Whoever is asked to come back in a minute, for one of the reasons in ``later``, does. Raises ``NotAsExpected``
        when that lasts too long.
        """
        give_up_ms = boot_ms() + PATIENCE_MS
        while boot_ms() < give_up_ms:
            before = self.street.screen.lines
            self.demo.phone.show(code)
            self.street.hold(code.text)
            if self.street.until(partial(self._answered, before, screens, reason), READ_S):
                if self.screen.get("reason") not in later:
                    fits = reason == self.screen.get("reason") or (not reason and self.screen["screen"] in screens)
                    self.is_true(fits, f"expected {screens or 'any screen'} with {reason or 'no reason'}")
                    return self.sees(*screens, door=door, reason=reason)
                self.until(lambda: self.screen.get("screen") == "idle", "the end of the notice")
        raise NotAsExpected(f"showed {code.en} for {PATIENCE_MS // 1000} s in vain; {self._seen()}")

    def types(self, digits: str, *screens: str, reason: str = "", door: int = 0) -> dict[str, Any]:
        """Type a pick-up code where the screen offers the keypad, and wait for what is expected."""
        self.until(lambda: self.screen.get("digits") == len(digits), f"a keypad for {len(digits)} digits")
        number = self.screen["number"]
        self.street.type_code(digits, number)
        self.until(lambda: self.screen.get("number") != number, "an answer to what was typed")
        return self.sees(*screens, door=door, reason=reason)

    def gets_sms(self, item: Item) -> str:
        """Wait for the message about an item and return its pick-up code."""
        phone = self.demo.phone
        self.is_true(self.demo.cloud.wait_for(lambda: phone.message_for(item.order) is not None, WAIT_S), "no SMS came")
        message = phone.message_for(item.order)
        assert message is not None
        return message.digits

    def touches(self, button: str) -> None:
        """Press a button that is on the screen."""
        self.until(lambda: button in self.screen.get("offers", ()), f"the button {button}")
        self.street.touch(button)

    def shuts(self, door: int) -> None:
        """Push a door shut, as soon as its coil is off and the hook can catch.

        Where the board says nothing of its doors while it answers an unlock, no sooner than a person can who uses it.
        """
        box = self.street.body.compartments[self.street.doors[door]]

        def may_catch() -> bool:
            off_ms, now_ms = box.coil_off_ms, boot_ms()
            return (off_ms is None or off_ms < now_ms) and (box.shut or now_ms >= box.moved_ms + self.street.hand_ms)

        self.until(may_catch, f"the coil of door {door} to be off")
        self.street.shut(door)

    def shuts_for_good(self, door: int, time: int) -> None:
        """Push a door shut until the cabinet has seen it: a slow machine may pulse again while the door swings open.

        ``time`` is the how manieth opening of this visit it is, counted over all doors.
        """
        give_up_ms = boot_ms() + int(WAIT_S * 1000)

        def done() -> bool:
            return len(self.events("staff_done")) >= time

        while not done() and boot_ms() < give_up_ms:
            if self.street.is_open(door):
                self.shuts(door)
            self.demo.cloud.wait_for(done, MOMENT_MS / 1000)
        self.is_true(done(), f"door {door} was pushed shut and the cabinet has not seen it")

    def leaves(self) -> None:
        """Press "done" and go."""
        self.touches("done")
        self.sees("idle")

    def drops_off(self, code: Code, screen: str = "open_deposit") -> Item:
        """Show a code, put papers in, shut the door; the offers are on the screen then."""
        door = int(self.presents(code, screen)["door"])
        return self.puts_in(code, door)

    def puts_in(self, code: Code, door: int) -> Item:
        """Put papers into an open compartment and shut it."""
        self.until(lambda: self.street.is_open(door), f"door {door} to open")
        if not self.street.papers(door):
            self.street.put(door, code.order)
        self.shuts(door)
        self.sees("deposited", door=door)
        return self.knows(code, door)

    def knows(self, code: Code, door: int) -> Item:
        """Remember what lies where."""
        item = Item(code.order, door, code)
        self.shelf = [other for other in self.shelf if other.code.cti != code.cti] + [item]
        return item

    def collects(self, item: Item, code: Code | None = None) -> Code:
        """Collect an item with a new code and go; the papers must be the right ones."""
        code = code or self.issuer.collect(item.order)
        self.presents(code, "open_collect", door=item.door)
        self.takes_out(item)
        self.sees("collected", door=item.door)
        self.leaves()
        return code

    def takes_out(self, item: Item) -> None:
        """Take the papers out of the open compartment and shut it."""
        self.until(lambda: self.street.is_open(item.door), f"door {item.door} to open")
        papers = self.street.take(item.door)
        self.is_true(papers == [item.order], f"door {item.door} held {papers} instead of {item.order}")
        self.shuts(item.door)
        self.shelf = [other for other in self.shelf if other.code.cti != item.code.cti]

    def rests(self) -> None:
        """Let the cabinet become idle, pressing "done" where it is offered."""
        self.until(lambda: self.screen.get("screen") == "idle" or "done" in self.screen.get("offers", ()), "an end")
        if self.screen.get("screen") != "idle":
            self.leaves()

    def starts_again(self) -> None:
        """Wait until the controller is back after a cut in this visit and has seen all its doors."""
        self.hears("started")
        self.hears("board_back")
        self.until(lambda: self.screen.get("screen") in ("idle", "unfinished"), "the cabinet to be back")
        self.knows_all_doors()

    def knows_all_doors(self) -> None:
        """Wait until the cloud has been told of every door as it stands."""

        def told() -> bool:
            doors = self.demo.cloud.view(CABINET).doors
            truth = {door: "open" if self.street.is_open(door) else "closed" for door in self.street.doors}
            return {door: seen.get("seen") for door, seen in doors.items()} == truth

        self.is_true(self.demo.cloud.wait_for(told, WAIT_S), "the cloud was not told how the doors stand")

    def is_refused(self, code: Code, reason: str, then: str = "idle") -> None:
        """Show a code to the idle cabinet and be told why not, on the screen and in an event; no coil moves."""
        pulses = len(self.street.unlocks())
        self.presents(code, "refused", reason=reason)
        self.hears("denied", reason=reason)
        self.is_true(len(self.street.unlocks()) == pulses, "a coil was energised for a refused code")
        self.touches("done")
        self.sees(then)

    def commands(self, op: str, **fields: Any) -> dict[str, Any]:
        """Let the cloud send a command and wait for the answer."""
        sent = self.demo.cloud.send(CABINET, op, **fields)
        return self.answer(sent)

    def answer(self, command: str) -> dict[str, Any]:
        """Wait for the answer to a command."""
        answer = self.demo.cloud.answer(CABINET, command, WAIT_S)
        if answer is None:
            raise NotAsExpected(f"no answer to the command {command}; {self._seen()}")
        return answer

    def free_door(self, size: str) -> int:
        """The first of ``free_doors`` whose coil has rested for a minute, else the first of all.

        What is to be tried there needs several pulses, and no lock gets more than its limit in a minute. Raises
        ``NotAsExpected`` when there is none.
        """
        doors, after_ms = self.free_doors(size), boot_ms() - MINUTE_MS
        self.is_true(bool(doors), f"no free door of size {size}")
        warm = {unlock.door for unlock in self.street.unlocks() if unlock.at_ms > after_ms}
        return next((door for door in doors if door not in warm), doors[0])

    def waits_for_free(self, sizes: str) -> list[int]:
        """All ``free_doors`` of these sizes, at least one; the cloud may hear of a door a moment later."""
        doors: list[int] = []

        def some() -> bool:
            doors[:] = [door for size in sizes for door in self.free_doors(size)]
            return bool(doors)

        self.is_true(self.demo.cloud.wait_for(some, WAIT_S), f"no free door: {self.demo.cloud.view(CABINET).doors}")
        return doors

    def free_doors(self, size: str) -> list[int]:
        """The doors of this size behind which nothing lies and which the cloud knows to be shut and in service."""
        known = self.demo.cloud.view(CABINET).doors
        taken = {item.door for item in self.shelf}
        return [
            plan.door
            for plan in self.demo.site.config.doors
            if plan.size == size and plan.door not in taken and not self.street.papers(plan.door)
            if known.get(plan.door, {}).get("state") == "closed" and known[plan.door].get("in_service")
        ]

    def staff_have_gone(self) -> None:
        """Wait until nobody of the staff is held to stand there: their presence lifts the limit on doors a minute."""

        def gone() -> bool:
            events = self.demo.cloud.events(CABINET)
            last = [event["type"] for event in events if event["type"] in ("staff_present", "staff_left", "started")]
            return last[-1:] != ["staff_present"]

        self.is_true(self.demo.cloud.wait_for(gone, WAIT_S), "staff are held to be there and nobody is")

    def back_in_service(self, door: int) -> None:
        """Let the cloud put a door into service again, after somebody has looked at it."""
        answer = self.commands("service", args={"door": door, "in_service": True})
        self.is_true(answer["ok"], f"door {door} was not put into service: {answer}")

    # --- inside ---

    def _answered(self, before: int, screens: tuple[str, ...], reason: str) -> bool:
        if self.street.screen.lines <= before:
            return False
        return bool(self.screen.get("reason")) or (not reason and self.screen.get("screen") in screens)

    def _limits_are_far(self) -> bool:
        """Whether a visit's pulses are left for all doors together, and half of those that each lock may get."""
        pace, after_ms = self.demo.site.pace, boot_ms() - MINUTE_MS
        doors = Counter(unlock.door for unlock in self.street.unlocks() if unlock.at_ms > after_ms)
        return doors.total() <= pace.doors_max - VISIT_PULSES and max(doors.values(), default=0) <= pace.lock_max // 2

    def _seen(self) -> str:
        screen = {key: value for key, value in self.screen.items() if value}
        last = [(event["type"], event["door"]) for event in self.demo.cloud.events(CABINET)[-6:]]
        return f"the screen is {screen}, the last events {last}"


def _fits(event: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(event.get(key, event["data"].get(key)) == value for key, value in wanted.items())
