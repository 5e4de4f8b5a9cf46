"""The checks of what is promised beside the ten invariants: how long an item may lie, and what a low reserve allows.

Each stands under the invariant that it protects. They look at rows and at true time alone.
"""

from __future__ import annotations

from sim.world.archive import Row
from sim.world.plan import DAY_MS
from sim.world.scene import BELIEF_MS, Check, Scene
from sim.world.street import Swing

SPARED_MS = 10_000
"""How long after the reserve became low an opening may still be granted: a commit can take its time."""


class DeadlinesKept(Check):
    """Invariant 2. Nobody's item is overdue, and staff may not recall it, before its days are over in true time.

    No clock that jumps, no start and no outage makes it earlier (docs/overdue.md). An order may have an item behind
    each of two doors.
    """

    number, name = 2, "deadlines_kept"

    def __init__(self, scene: Scene) -> None:
        """Nothing was laid in."""
        super().__init__(scene)
        self._since_ms: dict[tuple[str, int], int] = {}

    def _moved(self, row: Row) -> int:
        """Since when an item has lain here that staff have laid elsewhere: an order's oldest, wherever it was."""
        old = [ms for (order, _), ms in self._since_ms.items() if order == row.data["order"]]
        return min(old, default=self.scene.clock() - self.scene.slow_ms)

    def row(self, row: Row) -> None:
        """An item is laid in, or is overdue."""
        item, now_ms = (str(row.data.get("order", "")), row.door), self.scene.clock()
        if row.kind == "reassigned":
            self._since_ms[item] = self._moved(row)
        elif row.kind in ("deposited", "loaded"):
            self._since_ms[item] = now_ms - self.scene.slow_ms  # before the commit
        elif row.kind == "overdue":
            lain_ms = now_ms - self._since_ms.get(item, now_ms)
            if lain_ms < self.scene.site.keeping_days * DAY_MS:
                self.breach(f"the item of order {item[0]} in {row.door} is overdue after {lain_ms} ms")


class ReserveSpared(Check):
    """Invariant 1. Nothing is granted on a reserve that is surely low: it was full when the mains went, the program has
    run ever since, and more than is kept back has been used.
    """

    number, name = 1, "reserve_spared"

    def row(self, row: Row) -> None:
        """A door is granted."""
        scene = self.scene
        low_ms = scene.reserve_low_ms
        if row.kind != "granted" or not low_ms or scene.run_ms > scene.mains_lost_ms:
            return
        if scene.clock() - low_ms > SPARED_MS + scene.slow_ms:
            self.breach(f"door {row.door} was granted {scene.clock() - low_ms} ms after the reserve became low")


class FreeIsEmpty(Check):
    """Invariant 2. Behind a door that would be offered to the next person (free and in service, shut, in clear sight
    and unused for a minute) lies nothing, but what somebody left there after saying that there was nothing.
    """

    number, name = 2, "free_is_empty"

    def __init__(self, scene: Scene) -> None:
        """Nothing has moved."""
        super().__init__(scene)
        self._used_ms: dict[int, int] = {}

    def swung(self, swing: Swing) -> None:
        """A leaf moves."""
        self._used_ms[swing.door] = swing.ms

    def row(self, row: Row) -> None:
        """Something is said of a door."""
        self._used_ms[row.door] = row.ms

    def tick(self) -> None:
        """Now and then."""
        scene, now_ms = self.scene, self.scene.clock()
        if now_ms - scene.sight_ms <= BELIEF_MS:
            return
        for door, (state, custody, _, in_service) in scene.archive.doors().items():
            if state != "closed" or custody != "empty" or not in_service:
                continue
            left = set(scene.street.papers(door)) - scene.left_behind.get(door, set())
            if left and now_ms - self._used_ms.get(door, 0) > BELIEF_MS:
                self._used_ms[door] = now_ms
                self.breach(f"door {door} is free, and the papers of {sorted(left)} lie inside")


KEEPING: tuple[type[Check], ...] = (DeadlinesKept, ReserveSpared, FreeIsEmpty)
"""These checks."""
