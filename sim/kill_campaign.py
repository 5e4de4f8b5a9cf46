"""kill -9 at random instants of drop-offs and collections, and of the starts between them, judged from outside.

A ``Round`` is one new cabinet: so many visits with a kill in each (and now and then one more within the start that
follows), then everything that is held is collected and the rig is judged as a whole: disk against cloud, all ten
invariants. Whatever a kill did, the errand is finished with the same code, at the same door, and nothing moves by
itself. ``Campaign`` runs rounds side by side and keeps count in a file, so that it can be ended and gone on with.

Chance comes from the seed and the round's number; how the processes run is the machine's affair, so the same seed gives
the same people and instants, not the same microseconds. Knows people and kills. Must never look into the controller.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from locker.clock import boot_ms
from locker.model import Purpose
from sim.day_people import LATER, Item
from sim.demo_codes import Code
from sim.demo_site import CABINET
from sim.kill_rig import AT_REST_MS, KillRig

VISIT_MS = 700
"""About as long as a visit takes here, from the code held to the scanner to "done"."""
START_MS = 1200
"""About as long as a start takes, until every door is known."""
START_SHARE = 0.25
"""In so many of the outages the start is killed as well."""
ROUND_KILLS = 10
BARRED_S = 10
"""How soon the cloud must know that a door is out of service."""
RIGS_MAX = 5
_one_by_one = threading.Lock()
"""Stages are made one after the other: msgspec crashes where two threads meet a type for the first time at once."""
STARVED = ("out_of_order",)
"""What people are refused for while a board is starved of time: all cabinets and their boards share this machine."""
SCREENS = {Purpose.DEPOSIT: ("open_deposit", "deposited"), Purpose.COLLECT: ("open_collect", "collected")}


class Resident:
    """Somebody with one errand, who does each next thing as soon as it can be done."""

    def __init__(self, rig: KillRig, purpose: Purpose, code: Code, reopens: bool) -> None:
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
            person.presents(self.code, self.open_screen, later=(*LATER, *STARVED))
            person.until(lambda: bool(self._open_door()), "the door to open")
        if door := self._open_door():
            self.goes_on_in_the_dark()
            person.sees(self.done, door=door)
        person.rests()
        self.rig.settled()
        left = self.moved_from()
        doors = {event["door"] for event in self.rig.of(self.code, "granted", self.done)} - left
        assert len(doors) == 1, f"one code, {len(doors)} doors"
        return Item(self.code.order, doors.pop(), self.code)

    def moved_from(self) -> set[int]:
        """The doors that the cabinet gave up for this errand: a board that is starved of time answers too late.

        One that may have opened unseen is out of service, because papers may lie in it.
        """
        cloud, left = self.rig.cloud, {int(event["data"]["from"]) for event in self.rig.of(self.code, "moved")}
        for door in left:
            if self.rig.street.papers(door):
                barred = cloud.wait_for(partial(self._is_barred, door), BARRED_S)
                assert barred, f"door {door} is offered with papers in it"
        return left

    def _is_barred(self, door: int) -> bool:
        return not self.rig.cloud.view(CABINET).doors[door]["in_service"]

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


@dataclass
class Tally:
    """What a campaign, or one round of it, has done. ``met`` counts what the kills fell into."""

    kills: int = 0
    visits: int = 0
    rounds: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Take another's figures in."""
        self.kills += other.kills
        self.visits += other.visits
        self.rounds += other.rounds
        self.met += other.met


class Round:
    """One cabinet and its kills. ``say`` gets one line a visit."""

    def __init__(self, folder: Path, seed: int, say: Callable[[str], object] = lambda line: None) -> None:
        """Nothing has started."""
        self._folder, self._seed, self._say = folder, seed, say
        self._chance = random.Random(seed)
        self._held: list[Item] = []
        self._left: dict[int, list[str]] = {}
        self.tally = Tally()

    def run(self, kills: int) -> Tally:
        """At least so many kills; raises ``AssertionError`` or ``TimeoutError`` where something was lost by one."""
        self._say(f"seed {self._seed}")
        with self._rig() as rig:
            rig.power_on()
            while self.tally.kills < kills:
                self._visit(rig)
            inside = {door: rig.street.papers(door) for door in rig.street.doors if rig.street.papers(door)}
            expected = self._left | {item.door: [item.order] for item in self._held}
            assert inside == expected, f"the cabinet holds {inside}, its people left {expected}"
            for item in self._held:
                rig.person.collects(item)
            rig.sound()
        self.tally.rounds += 1
        return self.tally

    def _rig(self) -> KillRig:
        """A stage of its own. Its broker's port may have been taken since it was found free: then another one."""
        for number in range(RIGS_MAX):
            folder = self._folder / f"stage-{number}"
            folder.mkdir()
            try:
                with _one_by_one:
                    return KillRig(folder, seed=self._seed)
            except OSError as error:
                if "in use" not in str(error):
                    raise
        raise OSError(f"{RIGS_MAX} brokers found their ports in use; what else is at work on this machine?")

    def _visit(self, rig: KillRig) -> None:
        """One errand, cut off at some instant between its beginning and about its end; then it is finished."""
        chance, held = self._chance, self._held
        item = held.pop(chance.randrange(len(held))) if held and chance.random() < 0.4 else None
        purpose = Purpose.COLLECT if item else Purpose.DEPOSIT
        code = rig.issuer.collect(item.order) if item else rig.issuer.deposit("S")
        resident = Resident(rig, purpose, code, reopens=chance.random() < 0.3)
        rig.person.begin()
        rest_ms = max(0, rig.controller.starts[-1] + AT_REST_MS - boot_ms())
        instant_ms = int(chance.random() * (rest_ms + VISIT_MS))
        in_the_dark = chance.random() < 0.5
        self._say(f"{purpose.name} {code.cti[:4]}: killed {instant_ms} ms into it, in the dark: {in_the_dark}")
        resident.visits_until(boot_ms() + instant_ms)
        self._cut(rig, code)
        if in_the_dark:
            resident.goes_on_in_the_dark()
        if chance.random() < START_SHARE:
            self._cut_start(rig, code)
        rig.start_again()
        done = resident.finishes()
        self._left |= {door: found for door in resident.moved_from() if (found := rig.street.papers(door))}
        self.tally.visits += 1
        if item is None:
            held.append(done)
        else:
            assert (resident.taken, done.door) == ([item.order], item.door), f"{item} was not what was collected"

    def _cut(self, rig: KillRig, code: Code) -> None:
        """Kill it now, and note what was on the disk of this errand at that moment."""
        rig.cut()
        self.tally.kills += 1
        kinds = [json.loads(body) for _, body in rig.on_disk()]
        mine = [event["type"] for event in kinds if event["data"].get("cti") == code.cti]
        self.tally.met[f"after {mine[-1]}" if mine else "before anything"] += 1

    def _cut_start(self, rig: KillRig, code: Code) -> None:
        """Kill the start as well, somewhere in it. A door may still be open, so nobody waits for one to move."""
        instant_ms = self._chance.randrange(START_MS)
        starts = len(rig.controller.starts)
        rig.controller.power_on()
        rig.person.until(lambda: len(rig.controller.starts) > starts and bool(rig.controller.pid), "a process")
        end_ms = boot_ms() + instant_ms
        rig.street.until(lambda: boot_ms() >= end_ms, instant_ms / 1000)
        rig.cut()
        self.tally.kills += 1
        self.tally.met["within a start"] += 1


class Campaign:
    """Rounds until the kills are done. What was done before is taken up from ``state``, where there is such a file."""

    def __init__(
        self, kills: int, seed: int, state: Path | None, cabinets: int = 3, round_kills: int = ROUND_KILLS
    ) -> None:
        """Raises ``KillStateError`` when the state is of another seed."""
        self._kills, self.seed, self._state, self._cabinets = kills, seed, state, cabinets
        self._round_kills = round_kills
        self.tally, self._next = Tally(), 0
        if state is not None and state.exists():
            kept = json.loads(state.read_text("utf-8"))
            if kept["seed"] != seed:
                raise KillStateError(f"{state}: it is of seed {kept['seed']}, not {seed}; name another file")
            self._next = kept.pop("next")
            del kept["seed"]
            self.tally = Tally(**(kept | {"met": Counter(kept["met"])}))

    def run(self, progress: Callable[[Tally], object], until_ms: int | None = None) -> Tally:
        """Go on until the kills are done, or no new round after this boot time. Raises what a round raised."""
        with ThreadPoolExecutor(self._cabinets) as pool:
            running: set[Future[Tally]] = set()
            while self._wanted(len(running), until_ms) or running:
                while self._wanted(len(running), until_ms) and len(running) < self._cabinets:
                    running.add(pool.submit(self._round, self._next))
                    self._next += 1
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    self.tally.add(each.result())
                self._save()
                progress(self.tally)
        return self.tally

    def _wanted(self, running: int, until_ms: int | None) -> bool:
        """Whether another round is to be begun beside those that run."""
        in_time = until_ms is None or boot_ms() < until_ms
        return in_time and self.tally.kills + running * self._round_kills < self._kills

    def _round(self, number: int) -> Tally:
        seed = self.seed * 10_000 + number
        with tempfile.TemporaryDirectory(prefix="locker-kill-") as name:
            lines: list[str] = []
            try:
                return Round(Path(name), seed, lines.append).run(self._round_kills)
            except (AssertionError, OSError) as error:
                raise KillFound(f"round {number}, {'; '.join(lines[-3:])}: {type(error).__name__}: {error}") from error

    def _save(self) -> None:
        if self._state is not None:
            kept = vars(self.tally) | {"met": dict(self.tally.met)}
            text = json.dumps({"seed": self.seed, "next": self._next} | kept, indent=1)
            self._state.write_text(text, "utf-8")


class KillStateError(ValueError):
    """The file of an earlier campaign cannot be gone on with."""


class KillFound(ValueError):
    """A kill cost somebody something; says in which round, what was done last and what was found."""
