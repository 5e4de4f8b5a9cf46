"""How worn a compartment's door is: openings its switch has counted, and how long it takes from the order to open.

Pure arithmetic on one immutable value, which is saved in the compartment's row: that is written at each opening anyway.

Theory. Each reaction moves two means. The *usual* one takes a 512th of what is new, the *recent* one an eighth; while
there have been fewer reactions than that, each is their plain mean. A door is slower when the recent one is more than
``slower_percent`` and ``SLOWER_MS`` above the usual one; it is no longer slower below half of that. A late opening
(a hand on the door) counts thrice the usual time at most, so that it takes several of them in a row. A creeping
change of one millisecond an opening is noticed as well: the usual mean stays some hundred openings behind.

The switch is rated for so many cycles: that is told at 80, 90, 100 percent, and at each ten more.

Knows numbers; must never know a clock, a person or what lies inside.
"""

from __future__ import annotations

from dataclasses import replace

from locker.model import Wear

USUAL, RECENT = 512, 8
TIMED_MIN = 20
"""So many reactions are needed before anything is said of a trend."""
SLOWER_MS = 150
"""Less than this is the time between two looks at a door, not the door."""
CLIP = 3
CYCLES_FIRST, CYCLES_STEP = 80, 10
"""Percent of the rated cycles."""


def opened(wear: Wear, reaction_ms: int | None, slower_percent: int) -> Wear:
    """One more opening; ``reaction_ms`` from the order on the wire to the door seen open, None when nobody ordered it.

    ``slower`` of what is returned tells whether the door is slower now.
    """
    wear = replace(wear, cycles=wear.cycles + 1)
    if reaction_ms is None:
        return wear
    timed, heard_ms = wear.timed + 1, float(reaction_ms)
    if timed > TIMED_MIN:
        heard_ms = min(heard_ms, CLIP * wear.usual_ms)
    usual_ms = _moved(wear.usual_ms, heard_ms, min(timed, USUAL))
    recent_ms = _moved(wear.recent_ms, heard_ms, min(timed, RECENT))
    over_ms = max(usual_ms * slower_percent / 100, SLOWER_MS) * (0.5 if wear.slower else 1)
    slower = timed >= TIMED_MIN and recent_ms - usual_ms > over_ms
    return replace(wear, timed=timed, usual_ms=usual_ms, recent_ms=recent_ms, slower=slower)


def due(wear: Wear, rated: int) -> int:
    """The percentage of the rated cycles that is to be told now, 0 for none."""
    percent = wear.cycles * 100 // rated
    step = percent - percent % CYCLES_STEP
    return step if step >= CYCLES_FIRST and step > wear.told_percent else 0


def _moved(mean: float, value: float, weight: int) -> float:
    return round(mean + (value - mean) / weight, 1)
