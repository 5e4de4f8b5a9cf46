"""The campaign: many worlds, one after another or side by side, and what they met together.

Each world has a seed of its own, in order from the first; the result does not depend on how many processes play. Knows
plans, worlds and outcomes; what it does not do: shrink a failure, draw a picture.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from sim.world import lock_boards
from sim.world.counts import Counts
from sim.world.forecast import draw, draw_kept, draw_long
from sim.world.plan import DAY_MS, Plan
from sim.world.scene import Check
from sim.world.world import Outcome, World

MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one: the same SQLite, the same syncs, and no disk to wait for."""
SPECIAL_EVERY, SPECIAL_FROM_DAYS = 100, 0.2
SPECIAL: dict[int, Callable[[int], Plan]] = {99: draw_long, 49: draw_kept}
"""Of so many seeds these are drawn otherwise, where the others have at least so many days."""


@dataclass(slots=True)
class Result:
    """What a campaign found: worlds and cabinet-days played, everything met, the worlds that failed.

    ``ended`` says why it ended before its time, empty when it did not: a process of it was lost.
    """

    worlds: int = 0
    ms: int = 0
    counts: Counts = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)
    ended: str = ""

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


def seeded(
    seed: int,
    days: float,
    visits: int | None = None,
    faults: float | None = None,
    board: str = "",
    more: Sequence[type[Check]] = (),
) -> Outcome:
    """Draw and play the world of one seed; some are of longer worlds (``SPECIAL``), unless one asked for others.

    A world of minutes stays one: whoever asks for those wants them. ``board`` is one of ``sim.world.lock_boards``,
    drawn where it is empty.
    """
    special = SPECIAL.get(seed % SPECIAL_EVERY)
    if special is not None and visits is None and faults is None and not board and days >= SPECIAL_FROM_DAYS:
        return play(special(seed), more=more)
    return play(draw(seed, days, visits=visits, faults=faults, **lock_boards.drawn(seed, board)), more=more)


def run(
    seeds: Iterator[int] | range,
    days: float,
    *,
    jobs: int = 1,
    visits: int | None = None,
    faults: float | None = None,
    board: str = "",
    on_world: Callable[[Result, Outcome], None] = lambda result, outcome: None,
    stop_at_first: bool = True,
    time_is_up: Callable[[], bool] = lambda: False,
    more: Sequence[type[Check]] = (),
    before: Result | None = None,
) -> Result:
    """Play the worlds of these seeds. ``on_world`` is called after each; ends at the first failure if told to.

    When the time is up no other world is begun, and those that are under way are played to their end; one is played
    at least. ``more`` checks look on in each world. What is found is added to ``before``, where that is given.
    """
    result, rest = before if before is not None else Result(), iter(seeds)
    one = partial(seeded, days=days, visits=visits, faults=faults, board=board, more=more)

    def over() -> bool:
        return time_is_up() or (stop_at_first and bool(result.failed))

    if jobs > 1:
        _side_by_side(result, rest, one, jobs, on_world, over)
        return result
    for seed in rest:
        _note(result, one(seed), on_world)
        if over():
            break
    return result


def _side_by_side(
    result: Result,
    rest: Iterator[int],
    one: Callable[[int], Outcome],
    jobs: int,
    on_world: Callable[[Result, Outcome], None],
    over: Callable[[], bool],
) -> None:
    """Play in several processes, one world more begun than there are of them."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:

        def begun(most: int) -> set[Future[Outcome]]:
            return {pool.submit(one, seed) for seed in islice(rest, most)}

        playing = begun(jobs + 1)
        while playing and not result.ended:
            done, playing = wait(playing, return_when=FIRST_COMPLETED)
            try:
                for outcome in _played(done, result):
                    _note(result, outcome, on_world)
                if not (over() or result.ended):
                    playing |= begun(len(done))
            except BrokenProcessPool as lost:
                result.ended = _lost(lost)


def _played(done: set[Future[Outcome]], result: Result) -> list[Outcome]:
    """The worlds that were played to their end, by their seeds; a process that was lost ends the campaign."""
    found = []
    for future in done:
        try:
            found.append(future.result())
        except BrokenProcessPool as lost:
            result.ended = _lost(lost)
    return sorted(found, key=lambda outcome: outcome.plan.seed)


def _lost(lost: BrokenProcessPool) -> str:
    return f"a process of the campaign was lost ({lost}); the figures are of the worlds before that"


def _note(result: Result, outcome: Outcome, on_world: Callable[[Result, Outcome], None]) -> None:
    result.take(outcome)
    on_world(result, outcome)
