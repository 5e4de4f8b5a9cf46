"""Several boards on one pair of wires: each hears every request, and whoever speaks is heard by the host.

A far side itself, so that it goes behind a ``FaultyWire``, a pseudo-terminal or a TCP connection. Boards do not hear
each other here: none of ours obeys a reply. Two that speak at once spoil each other's bytes (``collisions`` counts
it).
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.links import FarSide


class Rs485:
    """The wire pair with its boards."""

    def __init__(self, boards: Sequence[FarSide]) -> None:
        """All at the ends of the same two wires."""
        self.boards = list(boards)
        self.collisions = 0

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host speaks."""
        for board in self.boards:
            board.feed(data, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """What the host hears by now."""
        said = [words for words in (board.refresh(now_ms) for board in self.boards) if words]
        if len(said) < 2:
            return said[0] if said else b""
        self.collisions += 1
        longest = max(len(words) for words in said)
        heard = bytearray(b"\xff" * longest)
        for words in said:
            for at, byte in enumerate(words):
                heard[at] &= byte
        return bytes(heard)

    def deadline_ms(self) -> int | None:
        """When any of them does something by itself."""
        return min((ms for ms in (board.deadline_ms() for board in self.boards) if ms is not None), default=None)
