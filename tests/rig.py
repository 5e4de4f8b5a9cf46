"""One driver, its in-memory port and a virtual clock: runs from deadline to deadline, fails when they make it spin.

``BoardBench`` adds the lock board's far side, a cabinet and a wire with faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as altered
from typing import Any, TypeVar

import msgspec

from drivers.kerong_cu24 import Cu24Driver
from locker.config import Board
from locker.model import Act, DoorSeen, Driver, Event, Now
from sim.body import Body
from sim.kerong_cu24 import KerongBoard
from sim.links import BYTE_BY_BYTE, DELAYED, LOSSY, PERFECT, Faults, FaultyWire, MemoryPort

DOORS = {door: 24 - door for door in range(1, 25)}
BOARD = Board(port="memory:0")
WIRES = {"perfect": PERFECT, "byte by byte": BYTE_BY_BYTE, "lossy": LOSSY, "delayed": DELAYED}
_TURNS_PER_MS_MAX = 300
E_ = TypeVar("E_")


def at(ms: int) -> Now:
    """An instant; wall time does not matter to a driver."""
    return Now(ms, 1_700_000_000_000 + ms)


class Rig:
    """Calls the driver exactly when its own deadline or the wire asks for it, as the service would."""

    def __init__(self, driver: Driver, port: MemoryPort) -> None:
        """Begin at 1000 ms of boot time."""
        self.driver, self.port = driver, port
        self.ms = 1000
        self.turns = 0
        self.log: list[tuple[int, Event]] = []

    def run(self, for_ms: int, until: Callable[[], bool] = lambda: False) -> list[Event]:
        """Let so much time pass, or less when ``until`` holds; returns what was told meanwhile."""
        begun, end_ms, in_row = len(self.log), self.ms + for_ms, 0
        while not until():
            due = [ms for ms in (self.driver.deadline_ms(), self.port.deadline_ms()) if ms is not None]
            next_ms = max(self.ms, min(due, default=end_ms + 1))
            if next_ms > end_ms:
                self.ms = end_ms
                break
            in_row = in_row + 1 if next_ms == self.ms else 0
            assert in_row < _TURNS_PER_MS_MAX, f"the deadlines make the loop spin at {self.ms} ms"
            self.ms = next_ms
            self.turn()
        return [event for _, event in self.log[begun:]]

    def turn(self) -> list[Event]:
        """One turn, now."""
        self.turns += 1
        self.port.advance(self.ms)
        events = self.driver.refresh(at(self.ms))
        self.log += [(self.ms, event) for event in events]
        return events

    def order(self, act: Act) -> None:
        """Carry out an order, now."""
        self.port.advance(self.ms)
        self.driver.perform(act, at(self.ms))

    def told(self, kind: type[E_]) -> list[E_]:
        """All events of one kind so far, in order."""
        return [event for _, event in self.log if isinstance(event, kind)]


class BoardBench(Rig):
    """A board with its cabinet, a wire with faults, and the driver."""

    def __init__(self, faults: Faults = PERFECT, seed: int = 1, echo: bool = False, **keys: Any) -> None:
        """``keys`` change the board's configuration."""
        self.body = Body(24, seed)
        self.config = msgspec.structs.replace(BOARD, **keys)
        self.board = KerongBoard(self.body, kind=self.config.kind)
        replies = altered(faults, duplicate=faults.lose)
        self.wire = FaultyWire(self.board, faults, replies, echo=echo, seed=seed)
        doors = DOORS if self.config.kind == "kr-cu24" else {door: door - 1 for door in range(1, 13)}
        port = MemoryPort(self.wire)
        self.cu24 = Cu24Driver(self.config, doors, port)
        self.doors = len(doors)
        super().__init__(self.cu24, port)

    def settled(self) -> BoardBench:
        """Run until every door is known."""
        self.run(60_000, until=lambda: len({seen.door for seen in self.told(DoorSeen)}) == self.doors)
        return self

    def commands(self) -> list[int]:
        """The commands that reached the board whole, in order."""
        return [received.frame[3] for received in self.board.received]

    def count(self, what: str) -> int:
        """One of the driver's counters."""
        return self.driver.counters()[what]
