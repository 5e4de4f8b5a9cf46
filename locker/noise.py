"""How noisy each lock board's wire is: the share of exchanges that were lost, damaged or late, and whether it grows.

Theory. A board's counters are handed on now and then; what they rose by since the last time is collected until there
are ``ASKED_MIN`` questions, which make one reading of the share, in permille. As in ``locker.wear`` a usual mean (a
64th of each reading) and a recent one (a quarter) follow it. A bus is noisy when the recent share is over
``noisy_permille``, or over a quarter of that and four times the usual one; it is quiet again below half of what it
took. While a board is silent nothing is collected: that is told otherwise.

Knows counters by their names; must never know a clock, a frame or a door.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from locker.model import Record

NOTE = "noise"
"""The name under which the means are saved."""
ASKED_MIN = 200
USUAL, RECENT = 64, 4
READINGS_MIN = 16
"""So many readings are needed before a bus is compared with itself."""
TIMES, PART = 4, 4


@dataclass(slots=True)
class Bus:
    """One board's wire. ``readings`` is how many shares were taken, both means are in permille."""

    readings: int = 0
    usual: float = 0.0
    recent: float = 0.0
    noisy: bool = False
    asked: int = 0
    wrong: int = 0
    last: tuple[int, int] | None = field(default=None, repr=False)

    def saved(self) -> list[Any]:
        """What is worth keeping over a restart."""
        return [self.readings, self.usual, self.recent, self.noisy]


class Noise:
    """The wires of all boards. ``changed`` says whether something is worth saving."""

    def __init__(self, boards: Iterable[str], permille: int, text: str | None) -> None:
        """Take up what was saved, None for nothing; what cannot be read counts as nothing."""
        known = _saved(text)
        self.buses = {name: known.get(name, Bus()) for name in boards}
        self._permille = permille
        self.changed = False

    def tallied(self, board: str, counters: Mapping[str, int], silent: bool) -> Record | None:
        """The counters of one device as they stand; what is to be said of it."""
        bus = self.buses.get(board)
        if bus is None:
            return None
        now = _figures(counters)
        before, bus.last = bus.last, None if silent else now
        if before is None or silent or now[0] < before[0] or now[1] < before[1]:
            return None
        bus.asked, bus.wrong = bus.asked + now[0] - before[0], bus.wrong + now[1] - before[1]
        return self._read(board, bus) if bus.asked >= ASKED_MIN else None

    def text(self) -> str:
        """What is saved."""
        self.changed = False
        return json.dumps({name: bus.saved() for name, bus in self.buses.items()}, separators=(",", ":"))

    def _read(self, board: str, bus: Bus) -> Record | None:
        asked, wrong, usual = bus.asked, bus.wrong, bus.usual
        share = 1000 * min(wrong, asked) / asked
        bus.asked = bus.wrong = 0
        bus.readings += 1
        bus.recent = _moved(bus.recent, share, min(bus.readings, RECENT))
        limit = self._limit(bus)
        bus.usual = _moved(usual, share, min(bus.readings, USUAL))
        was, bus.noisy = bus.noisy, bus.recent >= limit * (0.5 if bus.noisy else 1)
        self.changed = True
        if was or not bus.noisy:
            return None
        fields = {"device": board, "permille": round(bus.recent), "usual": round(usual), "asked": asked, "wrong": wrong}
        return Record("bus_noisier", 0, fields, droppable=True)

    def _limit(self, bus: Bus) -> float:
        if bus.readings <= READINGS_MIN:
            return self._permille
        return min(self._permille, max(TIMES * bus.usual, self._permille / PART))


def _figures(counters: Mapping[str, int]) -> tuple[int, int]:
    """Questions asked, and answers that were lost, damaged or late. Pins are read: there is nobody to lose a question.

    There "late" is a pulse that did not end in time, which is no noise.
    """
    if "reads" in counters:
        return counters["reads"], counters.get("bad", 0)
    return counters.get("sent", 0), sum(counters.get(name, 0) for name in ("lost", "bad", "late"))


def _moved(mean: float, value: float, weight: int) -> float:
    return round(mean + (value - mean) / weight, 2)


def _saved(text: str | None) -> dict[str, Bus]:
    try:
        found = json.loads(text) if text else {}
        return {
            str(name): Bus(int(readings), float(usual), float(recent), bool(noisy))
            for name, (readings, usual, recent, noisy) in found.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
