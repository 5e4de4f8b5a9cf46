"""The campaign: record a day, cut the power after every step of it, restart on each disk that may be left, and check.

``record`` runs a day; ``Campaign`` takes the recording's steps one by one, makes the images of each moment
(``sim.disk_cut``), and judges each: the restart, the reading by itself, the state (that of exactly one transaction, not
before the floor and not after what was written) and every promise made before the cut. Some images are cut again while
the program starts on them.

Knows how the parts fit. Must never print; a command does.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from sim.disk import Mark, Recorder, Recording
from sim.disk_check import Fault, Restart, broken, faults_of
from sim.disk_cut import Disk, Effort, Image
from sim.disk_day import MakeStore, open_store
from sim.disk_state import History, Reading, history, read

Day = Callable[[Recorder], None]
"""Runs something against the database in the recorder's folder."""

BREACHES_MAX = 50
SHORT = Effort(torn=1, torn_anywhere=1, strewn=1, garbage=1, neighbours=1)
AGAIN = Effort(torn=0, torn_anywhere=0, strewn=1, garbage=0, neighbours=0)
"""At the cuts within a restart."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A check that failed: where the cut was, on which kind of image, which check, and what it found."""

    step: int
    kind: str
    check: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """The figures of a campaign, and what was found."""

    steps: int = 0
    cuts: int = 0
    promises: int = 0
    transactions: int = 0
    images: Counter[str] = field(default_factory=Counter)
    distinct_images: int = 0
    recovered: set[str] = field(default_factory=set)
    nested_cuts: int = 0
    breaches: list[Breach] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    def begin(self, plain: list[str]) -> None:
        """Take in what was wrong in the recording itself, without any cut."""
        for detail in plain:
            self.add(Breach(0, "none", "recording", detail))

    def add(self, breach: Breach) -> None:
        """One more breach; past the limit it is only counted, by the name of its check."""
        self.failed[breach.check] += 1
        if len(self.breaches) < BREACHES_MAX:
            self.breaches.append(breach)

    def merge(self, other: Outcome) -> None:
        """Add the figures of another part of the same campaign."""
        self.cuts += other.cuts
        self.images += other.images
        self.distinct_images += other.distinct_images
        self.recovered |= other.recovered
        self.nested_cuts += other.nested_cuts
        self.failed += other.failed
        self.breaches += other.breaches[: BREACHES_MAX - len(self.breaches)]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a campaign is run: its seed, how many images a cut, on which disk, and which share of cuts.

    ``every`` 1 cuts after each step, n after a seeded n-th of them; ``again`` cuts every so many-th distinct image once
    more during its restart (0: none). ``part`` of ``parts`` takes its share of the cuts, one stretch.
    """

    seed: int = 1
    effort: Effort = field(default_factory=Effort)
    lies: bool = False
    every: int = 1
    again: int = 0
    boot: str = "boot-after-the-cut"
    part: int = 0
    parts: int = 1


def record(day: Day, prepare: Callable[[Path], None] = lambda folder: None) -> Recording:
    """Run a day on a folder of its own; ``prepare`` lays in what is there before. The recording."""
    with tempfile.TemporaryDirectory(prefix="locker-disk-", dir=_memory()) as name:
        prepare(Path(name))
        with Recorder(Path(name)) as recorder:
            day(recorder)
        return recorder.recording


class Campaign:
    """Judges the images of one recording. ``told`` is its history, which ``history_of`` makes."""

    def __init__(self, recording: Recording, told: History, plan: Plan, make_store: MakeStore = open_store) -> None:
        """``make_store`` opens the images; the production store unless something is planted."""
        self._recording, self._told, self._plan, self._make_store = recording, told, plan, make_store
        self.outcome = Outcome(len(recording.steps), promises=len(told.promises), transactions=len(told.states) - 1)
        self._judged: dict[bytes, tuple[Reading | None, list[Fault]]] = {}
        self._readings: dict[str, tuple[Reading, list[Fault]]] = {}
        self._kept: dict[tuple[str, int], list[Fault]] = {}
        others = [number for number, state in enumerate(told.states) if state.version != told.states[-1].version]
        first = others[-1] + 2 if others else 0
        self._plain = {state.digest for state in told.states[first:]}
        self._moments_all = 1 + sum(not isinstance(step, Mark) for step in recording.steps)
        self._chance = Random(f"{plan.seed} {plan.part}")

    def run(self, progress: Callable[[float], None] = lambda share: None) -> Outcome:
        """All cuts of this plan's part; ``progress`` is called with the share done."""
        with tempfile.TemporaryDirectory(prefix="locker-cut-", dir=_memory()) as name:
            scratch = Path(name) / "image"
            scratch.mkdir()
            self._scratch = scratch
            self._restart = Restart(scratch, self._plan.boot, self._make_store)
            for number, (step, disk) in enumerate(self._moments()):
                if self._is_mine(number):
                    self._cut(step, disk)
                progress(step / max(1, len(self._recording.steps)))
        self.outcome.distinct_images = len(self._judged)
        return self.outcome

    def _is_mine(self, number: int) -> bool:
        if number * self._plan.parts // self._moments_all != self._plan.part:
            return False
        return self._plan.every == 1 or Random(f"{self._plan.seed} {number}").randrange(self._plan.every) == 0

    def _moments(self) -> Iterator[tuple[int, Disk]]:
        """Each moment at which the disk differs, after all that was seen outside at it."""
        disk, steps = Disk(self._recording, self._plan.lies), self._recording.steps
        for number, step in enumerate(steps):
            if not isinstance(step, Mark):
                yield number, disk
            disk.take(step)
        yield len(steps), disk

    def _cut(self, step: int, disk: Disk) -> None:
        """One power cut."""
        self.outcome.cuts += 1
        for kind, image in disk.images(self._chance, self._plan.effort):
            self.outcome.images[kind] += 1
            reading, faults = self._judge(image)
            if reading is not None:
                self.outcome.recovered.add(reading.digest)
                faults = [*faults, *self._against_history(step, reading)]
            for check, detail in faults:
                self.outcome.add(Breach(step, kind, check, detail))

    def _judge(self, image: Image) -> tuple[Reading | None, list[Fault]]:
        """What an image is by itself; each different one is opened once."""
        key = _digest(image)
        if key not in self._judged:
            faults = self._restart.faults(image, self._chance)
            reading = self._restart.reading
            if reading is not None and reading.digest not in self._plain:
                reading, more = self._before_opening(image, reading)
                faults += more
            if reading is not None:
                kept, by_itself = self._readings.setdefault(reading.digest, (reading, list(faults_of(reading))))
                reading, faults = kept, faults + by_itself
            if self._plan.again and len(self._judged) % self._plan.again == 0 and not faults:
                faults += self._again(image)
            self._judged[key] = reading, faults
        return self._judged[key]

    def _before_opening(self, image: Image, opened: Reading) -> tuple[Reading | None, list[Fault]]:
        """Where opening changes the content (a new database, a newer schema): what was there, and that it still is."""
        try:
            reading = read(image, self._scratch)
        except sqlite3.Error as error:
            return None, [("integrity", str(error))]
        if not opened.contains(reading):
            return reading, [("open", "a row was there before the store opened the database, and is not any more")]
        return reading, []

    def _against_history(self, step: int, reading: Reading) -> list[Fault]:
        """Whether this is the state of one transaction that may be there now, and what was promised is kept."""
        told = self._told
        floor, newest = told.floor[step], told.at[step]
        faults = []
        if reading.digest not in {state.digest for state in told.states[floor : newest + 1]}:
            numbers = [n for n, state in enumerate(told.states) if state.digest == reading.digest]
            found = f"state {numbers[-1]}" if numbers else "no transaction's state"
            faults.append(("state", f"{found}; from {floor} to {newest} was to be expected"))
        made = sum(1 for promise in told.promises if promise.step <= step)
        if (reading.digest, made) not in self._kept:
            missed = [broken(promise, reading) for promise in told.promises[:made]]
            self._kept[reading.digest, made] = list(dict.fromkeys(fault for fault in missed if fault))
        return faults + self._kept[reading.digest, made]

    def _again(self, image: Image) -> list[Fault]:
        """Cut the restart itself, at every step."""
        with tempfile.TemporaryDirectory(prefix="locker-again-", dir=_memory()) as name:
            folder = Path(name) / "disk"
            folder.mkdir()
            for file, data in image.items():
                (folder / file).write_bytes(data)
            with Recorder(folder) as recorder:
                Restart(folder, self._plan.boot, self._make_store).go(recorder)
            recording = recorder.recording
            scratch = Path(name) / "scratch"
            scratch.mkdir()
            told = history(recording, scratch)
        plan = replace(self._plan, effort=AGAIN, every=1, again=0, boot=f"{self._plan.boot}-again", part=0, parts=1)
        outcome = Campaign(recording, told, plan, self._make_store).run()
        self.outcome.nested_cuts += outcome.cuts
        return [(f"again, {b.check}", f"step {b.step} of the restart, {b.kind}: {b.detail}") for b in outcome.breaches]


def history_of(recording: Recording) -> History:
    """The history of a recording."""
    with tempfile.TemporaryDirectory(prefix="locker-history-", dir=_memory()) as name:
        return history(recording, Path(name))


def _memory() -> str | None:
    """A folder in memory where there is one: what is cut here is the image, not this machine's own disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _digest(image: Image) -> bytes:
    """The same for the same image."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(image):
        digest.update(b"%d %s %d " % (len(name), name.encode(), len(image[name])))
        digest.update(image[name])
    return digest.digest()
