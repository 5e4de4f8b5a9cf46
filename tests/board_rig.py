"""Cabinets of 24 doors on every kind of lock board, behind one faulty wire, driven as the service would drive them.

``BusBench("kr-cu16")`` is a pair of 16 and 8 doors; the other kinds are one board each, a KR-CU48 half used. Door *n*
is the body's channel *n* - 1. ``boards`` are the far sides, ``drivers`` ours, in the order of the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as altered
from typing import Any

import msgspec
from rig import Rig
from stage import a_config

from drivers.board import BoardDriver
from drivers.lock_boards import lock_boards
from locker import config
from locker.config import Board, Config
from locker.config_serial import SERIAL_KINDS
from locker.model import Act, DoorSeen, Event, Now
from sim.board_8a80 import EightBoard
from sim.body import Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu24 import KerongBoard
from sim.kerong_cu48 import Cu48Board
from sim.links import PERFECT, Faults, FaultyWire, MemoryPort
from sim.lock_board import LockBoard
from sim.modbus_boards import InputUnit, ModbusCabinet, RelayUnit
from sim.rs485 import Rs485

PORT = "memory:0"
QUIET_KINDS = ("kr-cu16", "kr-cu48", "kr-cu48b")
KINDS = ("kr-cu24", *QUIET_KINDS)
RELAY_KINDS = ("waveshare", "eletechsup")
EVERY_KIND = (*KINDS, "8a80", *RELAY_KINDS)
SPLIT = 16
"""How many doors are on the first board of a pair."""


def a_cabinet(kind: str, **keys: Any) -> Config:
    """24 doors on boards of this kind; ``keys`` change the boards' configuration."""
    pair = kind == "kr-cu16"
    sensing = keys.pop("sensing", ())
    names = ("main", "second") if pair else ("main",)
    given: dict[str, Any] = {"port": PORT, "kind": kind} | keys
    boards = [a_board(given, at, name) for at, name in enumerate(names)]
    doors = [
        config.Door(
            door=n,
            size="M",
            side="left",
            row=n,
            channel=(n - 1) % SPLIT if pair else n - 1,
            board=names[(n - 1) // SPLIT] if pair else "main",
            occupancy=n in sensing,
        )
        for n in range(1, 25)
    ]
    return msgspec.structs.replace(a_config(), boards=boards, doors=doors)


def a_board(given: dict[str, Any], at: int, name: str) -> Board:
    """The configuration of one board; relays have their inputs in unit 2, the pulse of some cannot be chosen."""
    kind = given["kind"]
    if kind in RELAY_KINDS:
        units = {"input_address": 2, "inputs": "discrete" if kind == "waveshare" else "holding"}
        given = units | given | ({"pulse_ms": 1000} if kind == "eletechsup" else {})
        given = {key: value for key, value in given.items() if key != "unlock_reply_ms"}
    elif kind != "8a80":
        given = {"address": at} | given
    return SERIAL_KINDS.get(kind, Board)(**given, name=name)


def far_sides(kind: str, body: Body) -> Sequence[LockBoard | KerongBoard | ModbusCabinet]:
    """The boards behind such a cabinet's wire."""
    if kind == "8a80":
        return [EightBoard(body)]
    if kind == "waveshare":
        return [ModbusCabinet(RelayUnit(body), InputUnit(body))]
    if kind == "eletechsup":
        return [ModbusCabinet(RelayUnit(body, profile="eletechsup"), InputUnit(body, style="holding"))]
    if kind == "kr-cu16":
        return [Cu16Board(body, 0, range(SPLIT)), Cu16Board(body, 1, range(SPLIT, 24))]
    return [KerongBoard(body)] if kind == "kr-cu24" else [Cu48Board(body, kind=kind)]


class Team:
    """Several drivers as one, as the service asks them: each in its turn."""

    def __init__(self, drivers: Sequence[BoardDriver[Any]]) -> None:
        """In the order of the configuration."""
        self.drivers, self.name = drivers, "boards"

    def fileno(self) -> int | None:
        """None: nothing to listen to."""
        return None

    def deadline_ms(self) -> int | None:
        """The earliest of theirs."""
        return min((ms for ms in (driver.deadline_ms() for driver in self.drivers) if ms is not None), default=None)

    def refresh(self, now: Now) -> list[Event]:
        """All that they tell."""
        return [event for driver in self.drivers for event in driver.refresh(now)]

    def accepts(self, act: Act) -> bool:
        """Whether one of them does."""
        return any(driver.accepts(act) for driver in self.drivers)

    def perform(self, act: Act, now: Now) -> None:
        """By each that accepts it."""
        for driver in self.drivers:
            if driver.accepts(act):
                driver.perform(act, now)

    def counters(self) -> dict[str, int]:
        """None of its own."""
        return {}

    def close(self) -> None:
        """All of them."""
        for driver in self.drivers:
            driver.close()


class BusBench(Rig):
    """A cabinet of one kind with its body, its boards, a wire with faults, and the drivers."""

    def __init__(self, kind: str, faults: Faults = PERFECT, seed: int = 1, echo: bool = False, **keys: Any) -> None:
        """``keys`` change the boards' configuration; replies may be doubled where requests may be lost."""
        self.kind = kind
        self.cfg = a_cabinet(kind, **keys)
        self.body = Body(24, seed)
        self.boards = list(far_sides(kind, self.body))
        self.line = Rs485(self.boards)
        self.wire = FaultyWire(self.line, faults, altered(faults, duplicate=faults.lose), echo=echo, seed=seed)
        port = MemoryPort(self.wire, PORT)
        self.drivers = lock_boards(self.cfg, lambda board: port)
        super().__init__(Team(self.drivers), port)

    def settled(self) -> BusBench:
        """Run until every door is known."""
        self.run(60_000, until=lambda: len({seen.door for seen in self.told(DoorSeen)}) == 24)
        return self

    def unlocked(self) -> list[tuple[int, int]]:
        """When which door was unlocked by a board: (ms, door), in order."""
        pair = self.kind == "kr-cu16"
        return sorted((ms, pair * b.address * SPLIT + lock + 1) for b in self.boards for ms, lock in b.unlocks)

    def questions(self, at: int = 0) -> list[int]:
        """When each request reached one board."""
        return [received.ms for received in self.boards[at].received if received.frame[1] >> 4 == self._nibble(at)]

    def count(self, what: str) -> int:
        """One counter, over all boards."""
        return sum(driver.counters()[what] for driver in self.drivers)

    def _nibble(self, at: int) -> int:
        return self.boards[at].address if self.kind == "kr-cu16" else 0
