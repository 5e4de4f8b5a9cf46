"""The lock boards that the demo's cabinet of 24 doors may have: their configuration, and their far sides.

One row a kind of board, so that the site, the street and the command need not know them: what ``[[boards]]`` says, on
which board and channel a door is wired, and what is behind the wire. Lock *n* of a cabinet is the body's channel *n*. A
board whose pulse nobody can set was made with the pulse that the site's pace wants.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.body import Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu24 import KerongBoard, Received
from sim.kerong_cu48 import Cu48Board
from sim.links import FarSide
from sim.lock_board import LockBoard
from sim.rs485 import Rs485

FIRST_LOCKS = 16
"""How many doors of a pair are on its first board."""


class FarBoards(FarSide, Protocol):
    """What the street wants of the boards behind its wire: locks are channels of the body."""

    mute_replies: int

    @property
    def received(self) -> deque[Received]:
        """Every request that came in whole."""

    @property
    def unlocks(self) -> list[tuple[int, int]]:
        """When which channel of the body was to be unlocked."""


class QuietBoards(Rs485):
    """Boards without an answer to an unlock, on one wire, seen as one."""

    def __init__(self, boards: Sequence[LockBoard]) -> None:
        """All at the ends of the same two wires."""
        super().__init__(boards)
        self._quiet = boards

    @property
    def mute_replies(self) -> int:
        """How many replies are still to be swallowed, by each."""
        return max(board.mute_replies for board in self._quiet)

    @mute_replies.setter
    def mute_replies(self, count: int) -> None:
        for board in self._quiet:
            board.mute_replies = count

    @property
    def received(self) -> deque[Received]:
        """Every request: each board hears all of them, so those of the first."""
        return self._quiet[0].received

    @property
    def unlocks(self) -> list[tuple[int, int]]:
        """When which channel of the body was to be unlocked, by whichever board."""
        return sorted((ms, board.wires[lock]) for board in self._quiet for ms, lock in board.unlocks)


@dataclass(frozen=True, slots=True)
class Boards:
    """One row: the boards' own keys, a table each; how many doors each has; what makes the far side."""

    tables: tuple[str, ...]
    doors: tuple[int, ...]
    far_side: Callable[[Body, int], FarBoards]

    def settings(self, keys: str) -> str:
        """The ``[[boards]]`` of a configuration; ``keys`` are those that all of them have."""
        return "\n".join(f"[[boards]]\n{own}\n{keys}" for own in self.tables)

    def place(self, door: int) -> str:
        """On which board and channel this door is wired, as in the list of doors."""
        if len(self.doors) == 1 or door <= self.doors[0]:
            return f'channel = {door - 1}, board = "main"'
        return f'channel = {door - 1 - self.doors[0]}, board = "second"'


def _pair(body: Body, pulse_ms: int) -> FarBoards:
    wires = (range(FIRST_LOCKS), range(FIRST_LOCKS, 24))
    return QuietBoards([Cu16Board(body, address, wires[address], pulse_ms) for address in (0, 1)])


BOARDS = {
    "cu24": Boards(('kind = "kr-cu24"',), (24,), lambda body, pulse_ms: KerongBoard(body)),
    "cu16": Boards(
        ('name = "main"\nkind = "kr-cu16"\naddress = 0', 'name = "second"\nkind = "kr-cu16"\naddress = 1'),
        (FIRST_LOCKS, 24 - FIRST_LOCKS),
        _pair,
    ),
    "cu48": Boards(
        ('kind = "kr-cu48"',), (24,), lambda body, pulse_ms: QuietBoards([Cu48Board(body, pulse_ms=pulse_ms)])
    ),
    "cu48b": Boards(
        ('kind = "kr-cu48b"',),
        (24,),
        lambda body, pulse_ms: QuietBoards([Cu48Board(body, pulse_ms=pulse_ms, kind="kr-cu48b")]),
    ),
}
DEFAULT = "cu24"
