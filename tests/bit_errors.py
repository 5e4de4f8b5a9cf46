"""How likely a damaged frame is a valid other one: counted exactly, for any codec whose frames have a fixed length.

``strays`` counts which patterns of 1, 2, 3, 4 wrong bits turn one frame into another that is known to mean something
(two frames of one length differ in exactly one pattern). ``accepted`` counts the patterns that leave a sum of bytes as
it is, whatever they turn the data into: each bit adds or takes its weight, so it is a count of sums, not of frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb

ERRORS = (1, 2, 3, 4)


def distance(one: bytes, other: bytes) -> int:
    """How many bits are different in two frames of one length."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def patterns(frame: bytes, errors: int) -> int:
    """How many ways there are to have so many wrong bits in this frame."""
    return comb(8 * len(frame), errors)


def strays(good: Iterable[bytes], others: Mapping[str, Iterable[bytes]]) -> dict[str, Counter[int]]:
    """For each group of ``others``: how many patterns of so many wrong bits turn a ``good`` frame into one of them.

    Frames of another length, and the frame itself, are none. Counted over all good frames together.
    """
    found = {name: Counter[int]() for name in others}
    good = list(good)
    for name, group in others.items():
        for other in group:
            found[name].update(distance(one, other) for one in good if len(one) == len(other) and one != other)
    return found


def accepted(frame: bytes, data_at: Iterable[int], sum_at: int) -> dict[int, int]:
    """For each number of wrong bits: how many patterns in these bytes and in the sum keep the sum of bytes true."""
    weights = [(1 << bit) * (-1 if frame[at] >> bit & 1 else 1) for at in data_at for bit in range(8)]
    weights += [(1 << bit) * (1 if frame[sum_at] >> bit & 1 else -1) for bit in range(8)]
    counts: list[Counter[int]] = [Counter() for _ in range(max(ERRORS) + 1)]
    counts[0][0] = 1
    for weight in weights:
        for errors in range(max(ERRORS), 0, -1):
            for total, ways in counts[errors - 1].items():
                counts[errors][(total + weight) % 256] += ways
    return {errors: counts[errors][0] for errors in ERRORS}


def fooled(good: bytes, errors: int, believed: Callable[[bytes], bool]) -> float:
    """How many of so many wrong bits, in a million, leave a frame that is believed: every pattern is tried."""
    whole, bits, count = int.from_bytes(good, "big"), 8 * len(good), 0
    for pattern in combinations(range(bits), errors):
        spoilt = whole
        for bit in pattern:
            spoilt ^= 1 << bit
        count += believed(spoilt.to_bytes(len(good), "big"))
    return 1e6 * count / comb(bits, errors)


@dataclass(frozen=True, slots=True)
class Wire:
    """What a kind of board says in a cabinet of 24 doors, and everything it could be taken for."""

    name: str
    unlocks: list[bytes]
    questions: list[bytes]
    every_unlock: list[bytes]
    everything: list[bytes]
    replies: list[bytes]
    data_at: range
    sum_at: int

    def rows(self) -> dict[str, list[float]]:
        """For each kind of mishap, the share of patterns with 1, 2, 3, 4 wrong bits that cause it, in a million."""
        of_unlocks = strays(self.unlocks, {"lock": self.every_unlock, "all": self.everything})
        of_polls = strays(self.questions, {"lock": self.every_unlock})["lock"]
        kept = [accepted(reply, self.data_at, self.sum_at) for reply in self.replies]
        return {
            "unlock → another lock": self._shares(of_unlocks["lock"], self.unlocks),
            "unlock → all locks": self._shares(of_unlocks["all"], self.unlocks),
            "question → some lock": self._shares(of_polls, self.questions),
            "reply → wrong doors": [
                max(1e6 * counts[n] / patterns(r, n) for r, counts in zip(self.replies, kept, strict=True))
                for n in ERRORS
            ],
        }

    def _shares(self, found: Counter[int], frames: list[bytes]) -> list[float]:
        return [1e6 * found[n] / sum(patterns(frame, n) for frame in frames) for n in ERRORS]
