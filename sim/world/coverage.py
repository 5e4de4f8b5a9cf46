"""What a campaign must meet, what no world can meet and why, and which faults met which states.

``Overlap`` looks on while a world is played: whenever a fault strikes, and whenever a door or the visit comes into a
state while one is under way, that pair is counted as ``at/<fault>|<state>``. ``Coverage`` reads the counts of a whole
campaign. Changes nothing of a world; knows names and numbers only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from locker import texts
from locker.machine import DoorState, VisitState
from locker.model import Refusal
from sim.world.counts import CUTS, FAULTS, Counts, wanted_rows, wanted_states

if TYPE_CHECKING:
    from sim.world.machine import Machine
    from sim.world.street import Street

COMPLETE_WORLDS = 500
"""From so many worlds on, a campaign that has not met everything has failed; a smaller one only says so."""
DOWN = "machine/down"
"""The column for faults that strike while no process of the program runs."""
COLUMNS = (*(f"door/{s.value}" for s in DoorState), *(f"visit/{s.value}" for s in VisitState), DOWN)
"""The states of the picture, from left to right."""
STRIKES = (*FAULTS, *CUTS)
"""The faults of the picture."""

_ONLY_OPEN = "asked only of a visit that waits at an open door; the row is there because a fact has one everywhere"
_START = "said by locker.assembly before the program runs; a world puts the program together itself"
_OPENING = "a door is given up when a pulse is due, and then the visit is opening"
_TOLD_ONCE = (
    "a board tells an open door again only after it was out of sight (its state is unknown then) or after a pulse,"
    " which makes it opening; open it can be in its own visit only, which asks otherwise"
)
_PULSED = "a visit sees its door open only after its pulse, which has made it opening; before that it is found open"
_NO_BUTTON = (
    "the screen has no button then, no other code may take over, and a pulse that is due makes it opening first"
)
_TREND = "it takes hundreds of openings of one door, or half a million; tests/test_upkeep.py has both"
_NO_CHORE = "no chore asks for that where it stands then; the table allows the command to any of them"
_AT_NO_DOOR = "a duty is told of a door only while one of its own is being opened or stands open"
UNREACHABLE: dict[str, str] = {
    **{
        f"visit_row/shut:{state}": _ONLY_OPEN
        for state in ("idle", "opening", "resting", "pressing", "emptying", "offering", "asking")
    },
    "visit_row/opened:idle": "an idle visit has no door that could be seen",
    "visit_row/move:resting": _OPENING,
    "visit_row/move:pressing": _OPENING,
    "visit_row/end:resting": _NO_BUTTON,
    "visit_row/end:pressing": _NO_BUTTON,
    "visit_row/empty:reminded": "the reminder takes the place of the screen with the button for a larger one",
    **{f"door_row/found_open:{state}": _TOLD_ONCE for state in ("forced", "open", "opening")},
    **{f"door_row/opened:{state}": _PULSED for state in ("forced", "left_open")},
    "event/door_slower": _TREND,
    "event/cycles_due": _TREND,
    "event/receipts_off": _START,
    "event/pickup_off": _START,
    "event/rights_narrowed": _START,
    "event/numbered": "an item from before there were pick-up codes; a world begins empty and has codes from the first",
    "event/no_code": "the secret of pick-up codes is there in every world",
    **{
        f"duty_row/{fact}:{state}": _AT_NO_DOOR
        for fact in ("opened", "shut", "gave_up")
        for state in ("off", "choosing", "labelling", "listing", "reasoning", "asking")
    },
    "duty_row/opened:working": "a visit whose door stands open follows by itself what is seen of it",
    "duty_row/shut:opening": "while a door is being opened, that it is shut says only: not yet",
    **{f"duty_row/{row}": _NO_CHORE for row in ("label:listing", "list:labelling", "work:choosing")},
}
"""What no world can meet, as it is counted, and why. A campaign that meets one of them all the same says so."""

_RUNS = "it needs a process that runs"
_STOPPED: tuple[str, ...] = (
    *(name for name in CUTS if name != "power_cut/idle"),
    *(
        "fault/" + name
        for name in ("commit_slow", "broker_frozen", "publish_lost", "publish_refused", "nobody_listens")
    ),
)
_BOOT = "it happens when the power is back, before a process runs"
NO_OVERLAP: dict[tuple[str, str], str] = {
    **{(name, DOWN): _RUNS for name in _STOPPED},
    **{("fault/boots_in_1970", state): _BOOT for state in COLUMNS if state != DOWN},
}
"""Pairs of fault and state that exclude each other, and why."""


class Overlap:
    """Which states there were while which faults struck or were under way."""

    def __init__(self, counts: Counts, machine: Machine) -> None:
        """No fault yet; counts into the world's own counts."""
        self._counts, self._machine = counts, machine
        self._under_way: Counter[str] = Counter()
        self._begun: list[str] | None = None

    def listen(self, street: Street) -> None:
        """Hear of each chunk that a wire spoils."""
        for wire in street.wires:
            wire.noticed = lambda what: self.strikes(f"fault/{what}_board")
        street.scanner_wire.noticed = lambda what: self.strikes(f"fault/{what}_scanner")

    def strikes(self, name: str) -> None:
        """Something has happened just now; what is no fault is let pass."""
        if name not in _STRIKES:
            return
        if self._begun is not None:
            self._begun.append(name)
        for state in self._states():
            self._counts[f"at/{name}|{state}"] += 1

    def reached(self, state: str) -> None:
        """A door or the visit has come into a state."""
        for name in self._under_way:
            self._counts[f"at/{name}|{state}"] += 1

    def during(self, deeds: Generator[int, None, None]) -> Generator[int, None, None]:
        """The same deeds; the faults that their first step begins are under way until their last."""
        begun: list[str] = []
        self._begun = begun
        wait_ms = next(deeds, None)
        self._begun = None
        self._under_way.update(begun)
        while wait_ms is not None:
            yield wait_ms
            wait_ms = next(deeds, None)
        self._under_way = +(self._under_way - Counter(begun))

    def _states(self) -> set[str]:
        process = self._machine.process
        if process is None:
            return {DOWN}
        cabinet = process.service.cabinet
        doors = {f"door/{room.state.value}" for room in cabinet.rooms.values()}
        return {*doors, f"visit/{cabinet.visit.state.value}"}


_STRIKES = frozenset(STRIKES)


def wanted(people: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Everything that a long campaign must meet, by kind: names as they are counted, without what no world can meet."""
    kinds = {
        "faults": FAULTS,
        "cuts": CUTS,
        "states": sorted(wanted_states()),
        "rows": sorted(wanted_rows()),
        "refusals": [f"refusal/{reason.value}" for reason in Refusal],
        "events": [f"event/{kind}" for kind in texts.catalogue("en")["events"]],
        "people": [f"people/{kind}" for kind in people],
    }
    return {kind: tuple(name for name in names if name not in UNREACHABLE) for kind, names in kinds.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing: how many there are, how many were met and how often; the names that were not."""

    kind: str
    met: int
    all: int
    often: int
    missing: tuple[str, ...]


class Coverage:
    """What the counts of a campaign say. ``people`` are the kinds of people there are."""

    def __init__(self, counts: Counts, people: Iterable[str] = ()) -> None:
        """Look at these counts."""
        self.counts = counts
        self.parts = [self._part(kind, names) for kind, names in wanted(sorted(people)).items()]

    @property
    def missing(self) -> list[str]:
        """Everything that was not met."""
        return [name for part in self.parts for name in part.missing]

    @property
    def surprises(self) -> list[str]:
        """What was met though it is said that no world can: the table of reasons is wrong."""
        return sorted(name for name in UNREACHABLE if self.often(name))

    def often(self, name: str) -> int:
        """How often something was met; a refusal also when it was only shown on the screen."""
        shown = self.counts[name.replace("refusal/", "shown/", 1)] if name.startswith("refusal/") else 0
        return self.counts[name] or shown

    def cell(self, fault: str, state: str) -> int | None:
        """How often the two met; None where they exclude each other."""
        count = self.counts[f"at/{fault}|{state}"]
        return count if count or not excluded(fault, state) else None

    def empty(self, fault: str) -> int:
        """How many states a fault could have met and did not."""
        return sum(self.cell(fault, state) == 0 for state in COLUMNS)

    def ranked(self) -> list[str]:
        """The faults, largest gaps first, then the rarer first."""
        return sorted(STRIKES, key=lambda fault: (-self.empty(fault), self.counts[fault], fault))

    def _part(self, kind: str, names: tuple[str, ...]) -> Part:
        missing = tuple(name for name in names if not self.often(name))
        often = sum(self.often(name) for name in names)
        return Part(kind, len(names) - len(missing), len(names), often, missing)


def excluded(fault: str, state: str) -> str:
    """Why these two cannot meet, "" when they can."""
    return NO_OVERLAP.get((fault, state), "")
