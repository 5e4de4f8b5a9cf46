"""A board on pins with its cabinet, its driver and a virtual clock; the three kinds, wired as their examples say.

Nothing is patched: gpiozero's own devices work on its mock pins, chips stand behind them, and a process that dies takes
its pulses with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
from rig import Rig, at

from drivers.gpio_board import GpioDriver
from drivers.gpio_kinds import gpio_boards
from locker.config import Config, load
from locker.config_gpio import GpioBoard
from locker.model import Attend, DoorSeen, Event
from sim.gpio_cabinet import GpioCabinet
from sim.header import Header, HeaderPin
from sim.links import MemoryPort

FOLDER = Path(__file__).resolve().parent.parent / "config"
KINDS = ("shift", "mcp23017", "pins")


def example(kind: str, doors: int = 24, sensing: int = 0, **keys: Any) -> Config:
    """The example of a kind with its first ``doors``, of them ``sensing`` with a sensor; ``keys`` change its board."""
    cfg = load(FOLDER / f"cabinet-{kind}.toml")
    board = msgspec.structs.replace(cfg.boards[0], **keys)
    plans = [msgspec.structs.replace(plan, occupancy=plan.door <= sensing) for plan in cfg.doors[:doors]]
    return msgspec.structs.replace(cfg, doors=plans, boards=[board])


def short(kind: str) -> dict[str, Any]:
    """A board of eight doors, where each single operation is to be walked through."""
    return {"doors": 8} | ({"out_chips": 1, "in_chips": 1} if kind == "shift" else {})


class GpioBench(Rig):
    """One driver on one cabinet."""

    def __init__(
        self,
        kind: str,
        seed: int = 1,
        strict: bool = True,
        pin_class: type[HeaderPin] = HeaderPin,
        **keys: Any,
    ) -> None:
        """``keys`` change the board's configuration."""
        self.cfg = example(kind, **keys)
        board = self.cfg.boards[0]
        assert isinstance(board, GpioBoard)
        self.board = board
        self.cabinet = GpioCabinet(board, seed, pin_class, strict)
        self.cabinet.advance(1000)
        self.doors = {plan.door: plan.channel for plan in self.cfg.doors}
        super().__init__(self.boot(), cast(MemoryPort, self.cabinet))

    def boot(self) -> GpioDriver:
        """A new process's driver."""
        self.gpio = gpio_boards(self.cfg, self.cabinet.open_pins, self.cabinet.open_bus)[0]
        self.driver = self.gpio
        return self.gpio

    @property
    def header(self) -> Header:
        """The pins."""
        return self.cabinet.header

    @property
    def lit(self) -> list[int]:
        """What the coils were at each change."""
        return [on for _, on in self.cabinet.moved]

    def settled(self) -> GpioBench:
        """Run until every door is known."""
        self.run(60_000, until=lambda: len({seen.door for seen in self.told(DoorSeen)}) == len(self.doors))
        return self

    def attended(self) -> GpioBench:
        """Somebody is there."""
        self.order(Attend(True))
        return self

    def events(self, kind: type[Event]) -> int:
        """How many of a kind were told."""
        return len(self.told(kind))


__all__ = ["FOLDER", "KINDS", "GpioBench", "at", "example", "short"]
