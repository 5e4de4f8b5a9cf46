"""The campaign: many worlds, one after another or side by side, and what they met together.

Each world has a seed of its own, in order from the first; the result does not depend on how many processes play. Knows
plans, worlds and outcomes; what it does not do: shrink a failure, draw a picture.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from sim.world.counts import Counts
from sim.world.forecast import draw
from sim.world.plan import DAY_MS, Plan
from sim.world.scene import Check
from sim.world.world import Outcome, World

MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one: the same SQLite, the same syncs, and no disk to wait for."""


@dataclass(slots=True)
class Result:
    """What a campaign found: worlds and cabinet-days played, everything met, the first world that failed."""

    worlds: int = 0
    ms: int = 0
    counts: Counts = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)

    def take(self, outcome: Outcome) -> None:
        """One more world."""
        self.worlds += 1
        self.ms += outcome.ms
        self.counts += outcome.counts
        self.digests[outcome.plan.seed] = outcome.digest
        if not outcome.good:
            self.failed.append(outcome)

    @property
    def days(self) -> float:
        """Cabinet-days."""
        return self.ms / DAY_MS

    @property
    def first(self) -> Outcome | None:
        """The failure with the lowest seed."""
        return min(self.failed, key=lambda outcome: outcome.plan.seed, default=None)


def play(
    plan: Plan, *, kept: int | None = 400, folder: Path | None = None, more: Sequence[type[Check]] = ()
) -> Outcome:
    """Play one plan; its database is made in a folder of its own, in memory where there is such a place."""
    place = folder or (MEMORY if MEMORY.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="locker-world-", dir=place) as made:
        return World(plan, Path(made), kept=kept, more=more).run()


def seeded(seed: int, days: float, visits: int | None = None, faults: float | None = None) -> Outcome:
    """Draw and play the world of one seed."""
    return play(draw(seed, days, visits=visits, faults=faults))


def run(
    seeds: Iterator[int] | range,
    days: float,
    *,
    jobs: int = 1,
    visits: int | None = None,
    faults: float | None = None,
    on_world: Callable[[Result, Outcome], None] = lambda result, outcome: None,
    stop_at_first: bool = True,
) -> Result:
    """Play the worlds of these seeds. ``on_world`` is called after each; ends at the first failure if told to."""
    result, rest = Result(), iter(seeds)
    if jobs <= 1:
        for seed in rest:
            _note(result, seeded(seed, days, visits, faults), on_world)
            if stop_at_first and result.failed:
                break
        return result
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        playing = {pool.submit(seeded, seed, days, visits, faults) for seed in islice(rest, jobs * 2)}
        while playing:
            done, playing = wait(playing, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=_seed):
                _note(result, future.result(), on_world)
            if not (stop_at_first and result.failed):
                playing |= {pool.submit(seeded, seed, days, visits, faults) for seed in islice(rest, len(done))}
    return result


def _note(result: Result, outcome: Outcome, on_world: Callable[[Result, Outcome], None]) -> None:
    result.take(outcome)
    on_world(result, outcome)


def _seed(future: Future[Outcome]) -> int:
    return future.result().plan.seed
