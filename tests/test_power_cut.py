"""Power cuts at every write and sync of what was recorded, and the proof that the checks can fail.

The long version is ``locker crash disk``. Seeds are printed; ``LOCKER_SEED`` sets another one for the sampled cuts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import pytest

from locker.logbook import judge
from locker.model import Effect, Now
from locker.service import KEEPS, Service
from locker.store import Store
from sim.disk import Mark, Write
from sim.disk_cut import GARBAGE, KINDS, LOST, NEIGHBOURS, PAGE, Effort
from sim.disk_day import MakeStore, open_store
from sim.disk_people import two_visits
from sim.disk_run import Campaign, Outcome, Plan, history_of, record
from sim.disk_state import lay_out
from sim.disk_upkeep import SCENARIOS, Scenario

SEED = int(os.environ.get("LOCKER_SEED", "20250612"))
SAMPLED = {"day": 90, "folding": 90, "trimming": 120, "schema-1": 4}
"""One cut in so many; whatever is not named here is cut at every step."""
SHORT = Effort(torn=1, torn_anywhere=0, strewn=1, garbage=1, neighbours=1)
BRIEF = Effort(torn=1, torn_anywhere=0, strewn=1, garbage=0, neighbours=0)
NOTHING = Effort(torn=0, torn_anywhere=0, strewn=0, garbage=0, neighbours=0)


def campaign(scenario: Scenario, plan: Plan) -> Outcome:
    """Record and cut."""
    recording = record(scenario.day, scenario.prepare)
    told = history_of(recording)
    assert not told.breaches
    return Campaign(recording, told, plan).run()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_power_cut_costs_anybody_anything(scenario: Scenario) -> None:
    """Whatever the disk kept of it: one transaction's state, the log whole, every promise kept, no pulse."""
    print(f"seed {SEED}")
    every = SAMPLED.get(scenario.name, 1)
    outcome = campaign(scenario, Plan(SEED, SHORT, every=every, again=0 if every == 1 else 20))
    assert not outcome.breaches
    assert outcome.cuts > 3
    assert set(outcome.images) == set(KINDS), "some kind of image was never made"
    assert len(outcome.recovered) > 1, "every cut came back to the same state"


def planted(make_store: MakeStore = open_store, make_service: type[Service] = Service, lies: bool = False) -> set[str]:
    """The checks that fail on two visits with something planted, by name."""
    recording = record(partial(two_visits, make_store=make_store, make_service=make_service))
    told = history_of(recording)
    outcome = Campaign(recording, told, Plan(SEED, BRIEF, every=4, lies=lies)).run()
    return set(outcome.failed) | ({"history"} if told.breaches else set())


def loose(pragma: str, path: str, boot: str) -> Store:
    """A store whose commits are not synced as they should be."""
    store = open_store(path, boot)
    store._db.execute(f"PRAGMA synchronous = {pragma}")
    return store


class Hasty(Service):
    """A service that acts before it has committed."""

    def _carry_out(self, effects: Sequence[Effect], now: Now) -> None:
        for act in effects:
            if not isinstance(act, KEEPS):
                self._act(act, now)
        super()._carry_out([effect for effect in effects if isinstance(effect, KEEPS)], now)


class Forgetful(Service):
    """A service that commits only every other time."""

    held: tuple[Effect, ...] = ()

    def _carry_out(self, effects: Sequence[Effect], now: Now) -> None:
        keeps = tuple(effect for effect in effects if isinstance(effect, KEEPS))
        acts = [effect for effect in effects if not isinstance(effect, KEEPS)]
        due, self.held = (self.held, keeps) if keeps and not self.held else ((*self.held, *keeps), ())
        super()._carry_out([*due, *acts], now)


PLANTED: dict[str, tuple[Callable[[], set[str]], set[str]]] = {
    "a disk that lies about its syncs": (lambda: planted(lies=True), {"state", "published", "claimed", "spent"}),
    "synchronous = NORMAL": (lambda: planted(partial(loose, "NORMAL")), {"state", "published", "claimed", "spent"}),
    "synchronous = OFF": (lambda: planted(partial(loose, "OFF")), {"state", "published", "claimed", "spent"}),
    "acts before it commits": (lambda: planted(make_service=Hasty), {"history"}),
    "commits late": (lambda: planted(make_service=Forgetful), {"history"}),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_caught(what: str) -> None:
    """A disk that lies, a store that does not sync and a service that acts too early are each found by name."""
    plant, wanted = PLANTED[what]
    assert wanted <= plant()


def test_a_commit_does_not_share_its_last_sector_with_the_next() -> None:
    """A torn write may take with it what else lies in its sector, as on an SD card: so a commit fills its sector."""
    recording = record(two_visits)
    ends = {step.offset + len(step.data) for step in recording.steps if isinstance(step, Write) if "wal" in step.file}
    assert sum(end % PAGE == 0 for end in ends) >= 10
    effort = Effort(torn=0, torn_anywhere=0, strewn=0, garbage=0, neighbours=2)
    outcome = Campaign(recording, history_of(recording), Plan(SEED, effort, every=3)).run()
    assert outcome.images[NEIGHBOURS] > 40
    assert not outcome.breaches


def test_a_log_is_verified_whose_first_page_is_only_in_the_write_ahead_log(tmp_path: Path) -> None:
    """The power went while page 1 was folded in: SQLite takes it from the log, and so does ``locker log verify``."""
    recording = record(two_visits)
    store_of = {"locker.db": bytearray(), "locker.db-wal": bytearray()}
    for step in recording.steps:
        if isinstance(step, Write) and step.file in store_of:
            held = store_of[step.file]
            held.extend(bytes(max(0, step.offset + len(step.data) - len(held))))
            held[step.offset : step.offset + len(step.data)] = step.data
    store_of["locker.db"][:512] = Random(SEED).randbytes(512)
    path = lay_out({name: bytes(data) for name, data in store_of.items()}, tmp_path)
    report = judge(path, {})
    assert report.good
    assert report.events > 10


def test_trimming_really_happened() -> None:
    """The scenario of the full log cuts rows off, empties notes, lets old rows go and says so."""
    recording = record(next(scenario for scenario in SCENARIOS if scenario.name == "trimming").day)
    last = history_of(recording).states[-1]
    assert any(not body for body, _ in last.events.values())
    assert {"log_trimmed", "retention"} <= {event["type"] for event in last.told}
    assert last.anchor[0] >= 1000


def test_every_step_of_the_day_has_its_cut() -> None:
    """A plan in parts cuts exactly as often as the whole, once before each change of the disk and once at the end."""
    recording = record(two_visits)
    told = history_of(recording)
    parts = [Campaign(recording, told, Plan(SEED, NOTHING, part=part, parts=3)).run() for part in range(3)]
    changes = sum(not isinstance(step, Mark) for step in recording.steps)
    assert sum(part.cuts for part in parts) == changes + 1
    assert sum(part.images[LOST] for part in parts) == changes + 1
    assert not any(part.images[GARBAGE] for part in parts)


def test_a_recording_is_the_same_each_time() -> None:
    """Same day, same steps, byte for byte: a cut that fails can be looked at again."""
    assert record(two_visits) == record(two_visits)
