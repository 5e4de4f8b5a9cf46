"""kill -9 at random instants of drop-offs and collections, one after the other, judged from outside.

The seed is printed; ``LOCKER_SEED`` sets another one. It decides on errands, instants and on who goes on in the dark.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from process_rig import AT_REST_MS, Rig

from locker.clock import boot_ms
from locker.model import Purpose
from sim.day_people import Item
from sim.demo_codes import Code

CABINETS, KILLS = 3, 5
"""So many cabinets side by side, because most of the time is waiting, and so many kills at each."""
VISIT_MS = 700
"""About as long as a visit takes here, from the code held to the scanner to "done"."""
SCREENS = {Purpose.DEPOSIT: ("open_deposit", "deposited"), Purpose.COLLECT: ("open_collect", "collected")}


class Resident:
    """Somebody with one errand, who does each next thing as soon as it can be done."""

    def __init__(self, rig: Rig, purpose: Purpose, code: Code, reopens: bool) -> None:
        """``reopens``: presses "open again" where that is offered, once."""
        self.rig, self.purpose, self.code = rig, purpose, code
        self.open_screen, self.done = SCREENS[purpose]
        self.taken: list[str] = []
        self._reopens = reopens
        self._pressed = -1

    def visits_until(self, end_ms: int) -> None:
        """Show the code and go on until this instant."""
        street = self.rig.street
        street.hold(self.code.text)
        while (left_ms := end_ms - boot_ms()) > 0:
            if street.until(lambda: self._next() is not None, left_ms / 1000):
                self._act()

    def goes_on_in_the_dark(self) -> None:
        """What can be done without a screen: papers in or out of an open door, and shut it."""
        while self._open_door():
            self.rig.person.until(lambda: self._at_door() is not None, "something to do at the open door")
            self._act()

    def finishes(self) -> Item:
        """Whatever the door did meanwhile: get the errand done, by showing the same code again where that is needed."""
        person = self.rig.person
        if not self._open_door() and self.done not in self.rig.told(self.code):
            person.presents(self.code, self.open_screen)
            person.until(lambda: bool(self._open_door()), "the door to open")
        if door := self._open_door():
            self.goes_on_in_the_dark()
            person.sees(self.done, door=door)
        person.rests()
        doors = {event["door"] for event in self.rig.of(self.code, "granted", self.done)}
        assert len(doors) == 1, f"one code, {len(doors)} doors"
        return Item(self.code.order, doors.pop(), self.code)

    def _act(self) -> None:
        with self.rig.street.changed:
            act = self._next()
            if act is not None:
                act()

    def _next(self) -> Callable[[], object] | None:
        """The next thing that can be done now."""
        if self._open_door():
            return self._at_door()
        screen = self.rig.street.screen.screen or {"offers": ()}
        for button in ("reopen", "done"):
            wanted = button in screen["offers"] and (button == "done" or self._reopens)
            if wanted and screen["number"] != self._pressed:
                return partial(self._press, button, screen["number"])
        return None

    def _at_door(self) -> Callable[[], object] | None:
        street, door = self.rig.street, self._open_door()
        papers = street.papers(door)
        if self.purpose is Purpose.DEPOSIT and not papers:
            return partial(street.put, door, self.code.order)
        if self.purpose is Purpose.COLLECT and papers:
            return partial(self._take, door)
        off_ms = street.body.compartments[street.doors[door]].coil_off_ms
        return partial(street.shut, door) if off_ms is None or off_ms < boot_ms() else None

    def _take(self, door: int) -> None:
        self.taken += self.rig.street.take(door)

    def _press(self, button: str, screen: int) -> None:
        self._pressed = screen
        self._reopens = self._reopens and button != "reopen"
        self.rig.street.touch(button)

    def _open_door(self) -> int:
        street = self.rig.street
        return next((door for door in street.doors if street.is_open(door)), 0)


def test_kills_at_random_instants_cost_nobody_anything(tmp_path: Path) -> None:
    """After each, nothing moves by itself and the errand gets done; in the end what is held is what lies inside."""
    seed = int(os.environ.get("LOCKER_SEED", "20250612"))
    folders = [tmp_path / f"cabinet-{number}" for number in range(CABINETS)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(CABINETS) as pool:
        for done in [pool.submit(_campaign, folder, seed + number) for number, folder in enumerate(folders)]:
            done.result()


def _campaign(folder: Path, seed: int) -> None:
    """So many visits at one cabinet, each with a kill in it; then everything that is held is collected."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    held: list[Item] = []
    with Rig(folder, seed=seed) as rig:
        rig.power_on()
        for _ in range(KILLS):
            _one_visit(rig, chance, held)
        inside = {door: rig.street.papers(door) for door in rig.street.doors if rig.street.papers(door)}
        assert inside == {item.door: [item.order] for item in held}
        for item in held:
            rig.person.collects(item)
        rig.sound()


def _one_visit(rig: Rig, chance: random.Random, held: list[Item]) -> None:
    """One errand, cut off at some instant between its beginning and about its end; then it is finished."""
    item = held.pop(chance.randrange(len(held))) if held and chance.random() < 0.4 else None
    purpose = Purpose.COLLECT if item else Purpose.DEPOSIT
    code = rig.issuer.collect(item.order) if item else rig.issuer.deposit("S")
    resident = Resident(rig, purpose, code, reopens=chance.random() < 0.3)
    rig.person.begin()
    rest_ms = max(0, rig.controller.starts[-1] + AT_REST_MS - boot_ms())
    instant_ms = int(chance.random() * (rest_ms + VISIT_MS))
    in_the_dark = chance.random() < 0.5
    print(f"{purpose.name} {code.cti[:4]}: killed {instant_ms} ms into it, goes on in the dark: {in_the_dark}")
    resident.visits_until(boot_ms() + instant_ms)
    rig.cut()
    if in_the_dark:
        resident.goes_on_in_the_dark()
    rig.start_again()
    done = resident.finishes()
    if item is None:
        held.append(done)
    else:
        assert (resident.taken, done.door) == ([item.order], item.door)
