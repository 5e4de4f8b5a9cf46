"""Somebody at the demo's cabinet who uses nothing but its screen: by touch, or by keyboard alone.

The cabinet is the real controller on the simulator; the screen is its own page in Chromium. ``Resident`` also counts
what it takes: steps, touches, and the words on the screens, for docs/screen.md ("a person of eighty, counted").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kiosk_window import Window

from locker.clock import boot_ms
from sim.day_people import Person
from sim.demo import Demo
from sim.demo_codes import Code
from sim.demo_site import FOR_PEOPLE, Pace

READ_MS_PER_WORD, TOUCH_MS, HANDS_MS = 450, 2500, 8000
"""A person of eighty: a Chinese character or an English word read in so long, a button found and pressed, a thing done
with the hands (a phone held to the window, papers put in or taken out, a door pushed shut)."""
QUICK = Pace(
    open_wait_ms=700,
    rest_ms=500,
    press_ms=1500,
    reminder_ms=4000,
    alarm_ms=12_000,
    cooldown_ms=500,
    pulse_ms=300,
    doors_max=50,
)
"""As for people, with shorter waits for what nobody does."""
DEMO_SEED = 23
TABS_MAX = 40
"""No screen has more to go through than 24 doors, their page, a few buttons and the tools."""


@dataclass
class Count:
    """What a flow took. ``words`` are those of every screen that was seen, once each."""

    steps: int = 0
    touches: int = 0
    words: int = 0
    waited_ms: int = 0
    after_first_touch: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> int:
        """From walk-up to walk-away: reading, touching, doing, and the machine's own time."""
        by_hand = self.steps * HANDS_MS if self.steps else 0
        return round((self.words * READ_MS_PER_WORD + self.touches * TOUCH_MS + by_hand + self.waited_ms) / 1000)


class Resident:
    """One person, who reads each screen before acting on it."""

    def __init__(self, demo: Demo, window: Window, by_keyboard: bool = False) -> None:
        self.demo, self.window, self._by_keyboard = demo, window, by_keyboard
        self.person = Person(demo)
        self.count = Count()
        self._since_ms = 0

    # --- seeing ---

    def sees(self, name: str, *, door: int = 0) -> None:
        """Wait for a screen, read it, and look where its drawing says the door is."""
        self.window.waits_for(name)
        if door:
            self.window.page.wait_for_selector(f'.door[data-lit][data-door="{door}"]')
        if self._since_ms:
            self.count.waited_ms += boot_ms() - self._since_ms
            self._since_ms = 0
        if name not in self.count.seen:
            self.count.seen.append(name)
            self.count.words += words_of(self.window.page.locator(".words").inner_text())

    # --- doing ---

    def presses(self, key: str) -> None:
        """A button of the screen."""
        self._acts()
        self._press(key)
        self.count.touches += 1

    def types(self, digits: str) -> None:
        """A pick-up code, from the first key to the confirmation: one step of several touches."""
        self._acts()
        for digit in digits:
            self._key(f"key-{digit}", digit)
        self._key("confirm", "Enter")
        self.count.touches += len(digits) + 1

    def holds(self, code: Code) -> None:
        """The phone with a code held to the window."""
        self._acts()
        self.demo.phone.show(code)
        self.demo.street.hold(code.text)

    def scans(self) -> None:
        """The code on the screen, with a phone; the cloud asks the cabinet to open."""
        self._acts()
        self.demo.phone.scan("now")

    def puts_in(self, door: int) -> None:
        """Papers, behind an open door."""
        self.count.steps += 1
        self._until(lambda: self.demo.street.is_open(door))
        self.demo.street.put(door)

    def takes_out(self, door: int) -> None:
        """Whatever lies behind an open door."""
        self.count.steps += 1
        self._until(lambda: self.demo.street.is_open(door))
        self.demo.street.take(door)

    def shuts(self, door: int) -> None:
        """The door, until it clicks."""
        self._acts()
        self.person.shuts(door)

    # --- inside ---

    def _acts(self) -> None:
        self.count.steps += 1
        if self.count.touches:
            self.count.after_first_touch += 1
        self._since_ms = boot_ms()

    def _press(self, key: str) -> None:
        if not self._by_keyboard:
            self.window.touch(key)
            return
        for _ in range(TABS_MAX):
            self.window.page.keyboard.press("Tab")
            if self.window.page.evaluate("() => document.activeElement.dataset.key") == key:
                self.window.page.keyboard.press("Enter")
                return
        raise AssertionError(f"no way to {key} by the keyboard")

    def _key(self, key: str, on_keyboard: str) -> None:
        if self._by_keyboard:
            self.window.page.keyboard.press(on_keyboard)
        else:
            self.window.touch(key)

    def _until(self, true: Callable[[], bool]) -> None:
        self.person.until(true, "the door")


def words_of(text: str) -> int:
    """How many words a text has: each Chinese character, and each run of letters or digits, is one."""
    return len(re.findall(r"[\u4e00-\u9fff]|[A-Za-z0-9'-]+", text))


def demo_in(folder: Path) -> Demo:
    """A cabinet with a resident's patience; ready."""
    demo = Demo(folder, QUICK, DEMO_SEED)
    demo.ready()
    return demo


assert FOR_PEOPLE.notice_ms == QUICK.notice_ms, "refusals stay as long as for people"
