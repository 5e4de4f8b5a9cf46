"""What has been learnt so far: boards, doors, sensors, times, the scanner; and what could not be learnt.

Changed by the parts of the dialogue, read by what writes the file. Knows the configuration's structs; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

import msgspec

from locker.commission.steps import Found, Place
from locker.commission.wiring import Sight
from locker.config import Board, Config, Scanner
from locker.config_gpio import GpioBoard

NAMES = ("main", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_SLOW_FACTOR, _SLOW_MS = 2, 150
PULSE_MS_SUGGESTED = (200, 600)
"""What locks are made for, with a margin (hardware facts, 4.6: 0.2 to 0.55 s)."""


@dataclass(slots=True)
class Draft:
    """The state of one commissioning. ``named``: where each door is; ``order_known``: boards whose order was proven.

    ``untouchable``: places of doors that stay shut, because somebody's things lie behind them.
    """

    config: Config
    doors: int
    fresh: bool
    family: str = ""
    boards: dict[str, Board] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    polarity: set[str] = field(default_factory=set)
    order_known: set[str] = field(default_factory=set)
    sights: dict[str, list[Sight]] = field(default_factory=dict)
    named: dict[int, Place] = field(default_factory=dict)
    senses: dict[int, bool] = field(default_factory=dict)
    reactions: dict[int, int] = field(default_factory=dict)
    closed: set[Place] = field(default_factory=set)
    asks_sensors: bool = False
    scanner: Scanner | None = None
    cabinet: dict[str, str] = field(default_factory=dict)
    redo: tuple[int, ...] = ()
    untouchable: set[Place] = field(default_factory=set)

    @property
    def wires(self) -> tuple[Board, ...]:
        """The boards as they are taken to be now."""
        return tuple(self.boards.values())

    def adopt(self, found: list[Found]) -> None:
        """These are the boards: all that was learnt of others is forgotten.

        Each takes what the old configuration says of one of its kind beyond what was found.
        """
        for learnt in (self.polarity, self.order_known, self.sights, self.named, self.closed, self.senses):
            learnt.clear()
        self.reactions.clear()
        self.boards.clear()
        self.found.clear()
        before = self._matches(found)
        taken = {old.name for old in before if old is not None}
        for at, (one, old) in enumerate(zip(found, before, strict=True)):
            spare = [name for name in NAMES if name not in taken]
            name = old.name if old is not None else (spare or [f"board-{at + 1}"])[0]
            taken.add(name)
            self.boards[name] = msgspec.structs.replace(one.board, name=name, **_kept(old))
            self.found[name] = one

    def _matches(self, found: list[Found]) -> list[Board | None]:
        """Which board of the old configuration each is: of its kind, best with its address."""
        known, matches = list(self.config.boards), []
        for one in found:
            same = [board for board in known if board.kind == one.board.kind]
            old = next((board for board in same if board.address == one.board.address), same[0] if same else None)
            if old is not None:
                known.remove(old)
            matches.append(old)
        return matches

    def state_bytes(self, name: str) -> int:
        """Of an 8A/80 board's answer about all doors."""
        return self.found[name].state_bytes if name in self.found else 0

    def channels(self, name: str) -> int:
        """How many channels a board has, as far as is known."""
        board = self.boards[name]
        if isinstance(board, GpioBoard):
            return board.channels
        own: int | None = getattr(board, "channels", None)
        return own if own is not None else self.found[name].locks

    def can_sense(self, place: Place) -> bool:
        """Whether a sensor inside can be wired to this channel."""
        board = self.boards[place.board]
        return place.channel < board.senses if isinstance(board, GpioBoard) else board.kind == "kr-cu16"

    def next_free(self) -> int:
        """The lowest number that no door has yet; 0 when all have one."""
        return next((door for door in range(1, self.doors + 1) if door not in self.named), 0)

    def unnamed(self) -> list[int]:
        """Numbers that no door has yet."""
        return [door for door in range(1, self.doors + 1) if door not in self.named]

    def owner(self, place: Place) -> int:
        """The door at this place; 0 when none is."""
        return next((door for door, there in self.named.items() if there == place), 0)

    def slow(self) -> list[int]:
        """Doors that took far longer than the others."""
        if len(self.reactions) < 3:
            return []
        usual = median(self.reactions.values())
        return sorted(d for d, ms in self.reactions.items() if ms > _SLOW_FACTOR * usual and ms > usual + _SLOW_MS)

    def suggested_ms(self, step: int) -> int:
        """A pulse with half as much again as the slowest usual door took, within what locks are made for."""
        usual = [ms for door, ms in self.reactions.items() if door not in self.slow()]
        wanted = int(max(usual, default=0) * 1.5)
        least, most = PULSE_MS_SUGGESTED
        return -(-min(max(wanted, least), most) // step) * step


_OWN_KEYS = ("pulse_ms", "poll_ms", "idle_poll_ms", "silent_after", "retry_port_ms", "reply_ms", "unlock_reply_ms")


def _kept(old: Board | None) -> dict[str, int]:
    """What a board of the same kind was told before, and nobody learns from wires."""
    return {key: getattr(old, key) for key in _OWN_KEYS} if old is not None else {}
