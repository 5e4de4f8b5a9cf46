"""How the screen may look and be used, and which flow is walked in which look: a pairwise covering assignment.

A look is a way of pressing, a language, a display, a light and a size of text: 48 of them, and too many for each flow.
Each flow is walked in two looks that are opposite in all but the display; over the flows of residents alone, and over
those of staff alone, every pair of values is met (a test asserts both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from itertools import combinations, product

from kiosk_window import SIZES


@dataclass(frozen=True, order=True)
class Look:
    """One way to stand before the screen. Ordered by the hour: the day comes first, for a clock only goes forward."""

    night: bool
    by_keyboard: bool
    english: bool
    large: bool
    size: str

    def __str__(self) -> str:
        """As in a test's name."""
        words = (
            "keys" if self.by_keyboard else "touch",
            "en" if self.english else "zh",
            self.size,
            "night" if self.night else "day",
            "large" if self.large else "normal",
        )
        return "-".join(words)

    @property
    def pairs(self) -> frozenset[tuple[tuple[int, object], ...]]:
        """Each two of its values together."""
        return frozenset(combinations(enumerate(astuple(self)), 2))


BOTH = (False, True)
EVERY_LOOK = tuple(Look(*values) for values in product(BOTH, BOTH, BOTH, BOTH, SIZES))
MET_MAX = 8
"""So often met, a pair is as good as any other."""
EVERY_PAIR = frozenset().union(*(look.pairs for look in EVERY_LOOK))


def opposites(look: Look) -> list[Look]:
    """The looks that differ from it in everything."""
    flipped = replace(
        look, night=not look.night, by_keyboard=not look.by_keyboard, english=not look.english, large=not look.large
    )
    return [replace(flipped, size=size) for size in SIZES if size != look.size]


def assigned(count: int) -> list[tuple[Look, Look]]:
    """Two opposite looks for each of so many flows: each time those that meet most pairs that are met least."""
    met = dict.fromkeys(EVERY_PAIR, 0)
    found = []
    for _ in range(count):
        one, other = min(_choices(), key=lambda looks: _tiredness(looks, met))
        for look in (one, other):
            for pair in look.pairs:
                met[pair] += 1
        found.append((one, other))
    return found


def _choices() -> list[tuple[Look, Look]]:
    return [(look, other) for look in EVERY_LOOK if not look.night for other in opposites(look)]


def _tiredness(looks: Sequence[Look], met: dict[tuple[tuple[int, object], ...], int]) -> int:
    """How often the pairs of these looks have been met already; seldom is worth much more than often."""
    return sum(-(100 ** (MET_MAX - min(met[pair], MET_MAX))) for look in looks for pair in look.pairs)
