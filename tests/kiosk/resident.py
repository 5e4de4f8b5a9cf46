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
from looks import Look

from locker import texts
from locker.clock import boot_ms
from sim.day_people import Person
from sim.demo import Demo
from sim.demo_codes import Code
from sim.demo_site import FOR_PEOPLE, PHONE, Pace

READ_MS_PER_WORD, TOUCH_MS, HANDS_MS = 450, 2500, 8000
"""A person of eighty: a Chinese character or an English word read in so long, a button found and pressed, a thing done
with the hands (a phone held to the window, papers put in or taken out, a door pushed shut)."""
GLANCE_MS_PER_WORD, STAFF_STEP_MS = 150, 4000
"""Somebody who works here: eight seconds for a door that is looked behind, answered and shut (docs/staff.md)."""
QUICK = Pace(
    open_wait_ms=1500,
    rest_ms=500,
    press_ms=1500,
    reminder_ms=8000,
    alarm_ms=18_000,
    cooldown_ms=500,
    pulse_ms=300,
    lock_max=20,
    doors_max=50,
)
"""As for people, with shorter waits for what nobody does."""
DEMO_SEED = 23
UNREACHED = "net::ERR_"
"""How Chromium begins what it says on its console of a server that is not there."""
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
    def staff_seconds(self) -> int:
        """The same for staff, who know the screens: a step, its touch included, in half the time; words at a glance."""
        return round((self.words * GLANCE_MS_PER_WORD + self.steps * STAFF_STEP_MS + self.waited_ms) / 1000)

    @property
    def seconds(self) -> int:
        """From walk-up to walk-away: reading, touching, doing, and the machine's own time."""
        by_hand = self.steps * HANDS_MS if self.steps else 0
        return round((self.words * READ_MS_PER_WORD + self.touches * TOUCH_MS + by_hand + self.waited_ms) / 1000)


class Resident:
    """One person, who reads each screen before acting on it."""

    def __init__(self, demo: Demo, window: Window, by_keyboard: bool = False, look: Look | None = None) -> None:
        """``look`` is asked for at the idle screen, by the buttons there; what is wrong then is in ``faults``."""
        self.demo, self.window, self._by_keyboard = demo, window, by_keyboard
        self.person = Person(demo)
        self.count = Count()
        self.power_failed = False
        self.faults: dict[str, list[str]] = {}
        self._look = look
        self._since_ms = 0
        if look is not None:
            window.waits_for("idle")
            for key in ["language"] * look.english + ["large"] * look.large:
                self._press(key)

    # --- seeing ---

    def sees(self, name: str, *, door: int = 0) -> None:
        """Wait for a screen, read it, and look where its drawing says the door is."""
        self.window.waits_for(name)
        if door:
            self.window.page.wait_for_selector(f'.door[data-lit][data-door="{door}"]')
        self._reads(name, ".words")

    def is_told(self, reason: str) -> None:
        """Wait until the screen gives a reason, in the language that was asked for, and read it."""
        language = "en" if self._look is not None and self._look.english else "zh"
        said = texts.sentence("refusals", reason, language, phone=PHONE)
        self.window.page.locator(".reason", has_text=said).wait_for()
        self._reads(reason, ".reason")

    def is_warned(self) -> None:
        """Wait until the screen says that it will go by itself, and read that."""
        self.window.page.wait_for_selector("#still p")
        self._reads("still", "#still p")

    @property
    def complaints(self) -> list[str]:
        """What the console said; where the power has failed, not that the controller could not be reached."""
        return [said for said in self.window.complaints if not (self.power_failed and UNREACHED in said)]

    # --- doing ---

    def presses(self, key: str) -> None:
        """A button of the screen."""
        self._acts()
        self._press(key)
        self.count.touches += 1

    def presses_and_stays(self, key: str) -> None:
        """A button after which the same screen is there anew, with another number."""
        number = self.window.page.locator("body").get_attribute("data-number")
        self.presses(key)
        self.window.page.wait_for_selector(f'body[data-number]:not([data-number="{number}"])')

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

    def looks_behind(self, door: int) -> None:
        """What lies behind an open door; nothing is touched."""
        self._until(lambda: self.demo.street.is_open(door))

    def turns_the_page(self) -> None:
        """The next page of a list."""
        self._press("page")

    def shuts(self, door: int) -> None:
        """The door, until it clicks."""
        self._acts()
        self.person.shuts(door)

    def loses_power(self) -> None:
        """The whole cabinet goes dark in this moment, and comes back by itself."""
        self.power_failed = True
        self.demo.controller.kill()

    # --- inside ---

    def _reads(self, name: str, where: str) -> None:
        """The machine has answered: words that were not read before, and how they are drawn."""
        if self._since_ms:
            self.count.waited_ms += boot_ms() - self._since_ms
            self._since_ms = 0
        if name in self.count.seen:
            return
        if self._look is not None:
            self._measures(name, self._look)
        self.count.seen.append(name)
        self.count.words += words_of(self.window.page.locator(where).inner_text())

    def _measures(self, name: str, look: Look) -> None:
        """Whether the screen is drawn whole, and as it was asked for."""
        page = self.window.page
        wanted = {"data-large": look.large, "data-night": look.night}
        found = [
            f"{what} is {not want}" for what, want in wanted.items() if page.locator(f"body[{what}]").count() != want
        ]
        if page.locator("html").get_attribute("lang") != ("en" if look.english else "zh-CN"):
            found.append("the other language")
        if found := found + self.window.faults():
            self.faults[name] = found

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


QUIET = "\n[quiet]\n"
HOURS, ZONE_MS, HOUR_MS = 24, 28_800_000, 3_600_000


def demo_in(folder: Path, pace: Pace = QUICK) -> Demo:
    """A cabinet with a resident's patience, by day; ready."""
    demo = Demo(folder, pace, DEMO_SEED, power=False)
    _has_quiet_hours(demo, night=False)
    demo.controller.power_on()
    demo.ready()
    return demo


def turns_to(demo: Demo, *, night: bool) -> None:
    """Let it be day or night: no hour is waited for and no clock is moved, the cabinet's quiet hours are other ones."""
    if not _has_quiet_hours(demo, night):
        return
    person = Person(demo)
    person.begin()
    demo.controller.kill(back=False)
    person.until(lambda: not demo.controller.pid, "the process to be gone")
    demo.controller.power_on()
    person.starts_again()
    demo.ready()


def _has_quiet_hours(demo: Demo, night: bool) -> bool:
    """Put the quiet hours about this hour, or away from it; whether they were others before."""
    hour = (demo.clock.now().wall_ms + ZONE_MS) // HOUR_MS
    begun, ended = (hour - 2, hour + 6) if night else (hour + 8, hour + 12)
    file = demo.site.config_file
    before = file.read_text("utf-8")
    hours = f'from_time = "{begun % HOURS:02}:00"\nto_time = "{ended % HOURS:02}:00"\n'
    file.write_text(before.partition(QUIET)[0] + QUIET + hours, "utf-8")
    return file.read_text("utf-8") != before


assert FOR_PEOPLE.notice_ms == QUICK.notice_ms, "refusals stay as long as for people"
