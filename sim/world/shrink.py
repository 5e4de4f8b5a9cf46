"""Shrinking: from a world that failed to the smallest plan that still fails the same check.

Delta debugging over kinds of happenings, happenings, their arguments (fault rates, lengths, counts), the deeds of
each person, the waiting between, the days and the site. Every candidate is played as the campaign plays it. The way is
the same each time; a limit of tries or of time only ends it earlier. Knows plans and outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec
from msgspec import structs

from sim.world import simpler
from sim.world.plan import Broke, Happening, Plan
from sim.world.world import Outcome

TRIES_MAX = 600
LIMIT_MS = 600_000
ROUNDS_MAX = 4
STEPS_MAX = 4096
PERSONS_MAX = 12
Play = Callable[[Plan], Outcome]


def mark(outcome: Outcome) -> str:
    """What failed: the name of the first check that objected, or the error with its place; "" when nothing did."""
    if outcome.breaches:
        first = min(outcome.breaches, key=lambda breach: breach.ms)
        return f"{first.number} {first.check}"
    kind, _, rest = outcome.error.partition(":")
    place = re.search(r" at (\S+)$", rest)
    return f"{kind} at {place[1]}" if place else kind


def broke(outcome: Outcome) -> Broke | None:
    """How a world ended, to be kept with its plan; None when it ended well."""
    if outcome.breaches:
        first = min(outcome.breaches, key=lambda breach: breach.ms)
        return Broke(first.check, first.number, first.ms, first.says, outcome.digest)
    return Broke("error", 0, outcome.ms, outcome.error, outcome.digest) if outcome.error else None


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest plan that was found, how its world went, and after how many tries; ``whole`` if nothing was left."""

    plan: Plan
    outcome: Outcome
    tries: int
    whole: bool


class Enough(Exception):
    """The limit of tries or of time is reached."""


class Shrinker:
    """Makes one plan smaller. ``now_ms`` is any clock that rises; ``on_try`` is told of each try and what is left."""

    def __init__(
        self,
        failed: Outcome,
        play: Play,
        now_ms: Callable[[], int],
        *,
        tries_max: int = TRIES_MAX,
        limit_ms: int = LIMIT_MS,
        on_try: Callable[[int, Plan], None] = lambda tries, plan: None,
    ) -> None:
        """Begin with a world that failed."""
        self.best, self.outcome, self.tries = failed.plan, failed, 0
        self._mark, self._play, self._now_ms, self._on_try = mark(failed), play, now_ms, on_try
        self._tries_max, self._ends_ms = tries_max, now_ms() + limit_ms
        self._known: set[bytes] = set()

    def run(self) -> Shrunk:
        """Shrink until nothing can be taken away, or enough was tried."""
        whole = True
        try:
            self._cut_end()
            self._rounds()
        except Enough:
            whole = False
        plan = structs.replace(self.best, broke=broke(self.outcome))
        return Shrunk(plan, self.outcome, self.tries, whole)

    def _rounds(self) -> None:
        for _ in range(ROUNDS_MAX):
            before = self.best
            self._fewest_groups()
            self._fewest(list(self.best.happenings))
            self._first(simpler.sites)
            self._each_simpler()
            self._each_shorter()
            self._first(simpler.closer)
            if self.best == before:
                return

    # --- what is tried ----------------------------------------------------------------------------

    def _cut_end(self) -> None:
        """What comes after the failure is left out, and the quiet phase with it if it was not reached."""
        plan, first = self.best, broke(self.outcome)
        if first is not None and first.ms < plan.end_ms:
            kept = [h for h in plan.happenings if h.at_ms <= first.ms]
            self._tries(structs.replace(plan, happenings=kept, end_ms=first.ms + 1, quiet=False))

    def _fewest_groups(self) -> None:
        for numbers in simpler.groups(self.best):
            out = set(numbers)
            self._tries(self.best.only([h.number for h in self.best.happenings if h.number not in out]))

    def _fewest(self, left: list[Happening]) -> None:
        """Take out halves, quarters, ... single happenings, until each that is left is needed."""
        size = len(left)
        while size:
            at, taken = 0, False
            while at < len(left):
                rest = left[:at] + left[at + size :]
                if self._tries(structs.replace(self.best, happenings=rest)):
                    left, taken = list(self.best.happenings), True
                else:
                    at += size
            size = min(size, len(left)) if taken and size == 1 else size // 2

    def _first(self, candidates: Callable[[Plan], Iterable[Plan]]) -> None:
        """Take the first candidate that will do, then ask again, until none will."""
        while any(self._tries(plan) for plan in candidates(self.best)):
            pass

    def _each_simpler(self) -> None:
        for number in [h.number for h in self.best.happenings]:
            while self._one_simpler(number):
                pass

    def _one_simpler(self, number: int) -> bool:
        found = next((h for h in self.best.happenings if h.number == number), None)
        if found is None:
            return False
        return any(self._tries(simpler.replaced(self.best, h)) for h in simpler.happenings(found))

    def _each_shorter(self) -> None:
        people = [h for h in self.best.happenings if h.what == "person"]
        for person in people[: PERSONS_MAX if len(people) <= PERSONS_MAX else 0]:
            self._fewest_steps(person)

    def _fewest_steps(self, person: Happening) -> None:
        """How many waits a person must live through: the smallest power of two, then by halving."""
        least, most = 0, int(person.args.get("steps", STEPS_MAX))
        steps = 1
        while steps < most:
            if self._tries_steps(person, steps):
                most = steps
                break
            least, steps = steps, steps * 2
        while most - least > 1:
            middle = (least + most) // 2
            if middle < STEPS_MAX and self._tries_steps(person, middle):
                most = middle
            else:
                least = middle

    def _tries_steps(self, person: Happening, steps: int) -> bool:
        return self._tries(simpler.replaced(self.best, simpler.shortened(person, steps)), news=True)

    # --- one try ----------------------------------------------------------------------------------

    def _tries(self, plan: Plan, *, news: bool = False) -> bool:
        """Play a candidate; whether it fails as it should. With ``news`` it must also differ in what happened."""
        raw = msgspec.json.encode(plan)
        if plan == self.best or raw in self._known:
            return False
        if self.tries >= self._tries_max or self._now_ms() >= self._ends_ms:
            raise Enough
        self._known.add(raw)
        self.tries += 1
        outcome = self._play(plan)
        good = mark(outcome) == self._mark and not (news and _seen(outcome) == _seen(self.outcome))
        if good:
            self._take(plan, outcome)
        self._on_try(self.tries, self.best)
        return good

    def _take(self, plan: Plan, outcome: Outcome) -> None:
        """This is the best so far; its end is where it failed, if that is before the quiet phase."""
        first = broke(outcome)
        if first is not None and not plan.quiet:
            plan = structs.replace(plan, end_ms=first.ms + 1)
        self.best, self.outcome = plan, outcome


def _seen(outcome: Outcome) -> list[str]:
    """What was seen of a world, without the lines that say what was planned."""
    return [line for line in outcome.trace if " plan " not in line]


def size(plan: Plan) -> dict[str, int]:
    """How much is in a plan: people, faults, milliseconds."""
    people = sum(h.what == "person" for h in plan.happenings)
    return {"people": people, "faults": len(plan.happenings) - people, "ms": plan.end_ms}
