"""Which driver belongs to which kind of lock board: boards with the same port share one bus.

Knows kinds and ports; must never know frames. What a configuration does not use is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers.board import BoardDriver
from drivers.bus import Bus
from drivers.dialect import Decoder, Dialect
from drivers.port import PortLike
from locker.config import Board, Config
from locker.config_gpio import GpioBoard
from locker.config_serial import EightABoard, RelayBoard

Maker = Callable[[Board, Mapping[int, int]], Dialect[Any]]


def lock_boards(cfg: Config, open_port: Callable[[Board], PortLike]) -> list[BoardDriver[Any]]:
    """A driver for each board on a line, in the configuration's order; ``open_port`` makes a bus's first board's port.

    Raises ``ValueError`` when a door has a channel that its board does not have.
    """
    buses: dict[str, Bus[Any]] = {}
    drivers = []
    for board in cfg.boards:
        if isinstance(board, GpioBoard):
            continue  # drivers.gpio_kinds
        decoder, dialect = _protocol(board)
        if board.port not in buses:
            buses[board.port] = Bus(open_port(board), decoder)
        plans = [plan for plan in cfg.doors if plan.board == board.name]
        doors = {plan.door: plan.channel for plan in plans}
        sensing = [plan.door for plan in plans if plan.occupancy]
        drivers.append(BoardDriver(board, doors, buses[board.port], dialect(board, doors), sensing))
    return drivers


def _protocol(board: Board) -> tuple[Decoder[Any], Maker]:
    """What makes frames of a port's bytes, and the dialogue of a board of this kind."""
    match board.kind:
        case "kr-cu24" | "kr-cu12":
            from drivers import kerong_cu24, kerong_frames

            return kerong_frames.Decoder(), kerong_cu24.Cu24
        case "kr-cu16":
            from drivers import kerong_cu16, kerong_cu16_frames

            return kerong_cu16_frames.Decoder(), kerong_cu16.Cu16
        case "kr-cu48" | "kr-cu48b":
            from drivers import kerong_cu48, kerong_cu48_frames

            return kerong_cu48_frames.Decoder(kerong_cu48_frames.COMMAND_SETS[board.kind]), kerong_cu48.Cu48
        case "8a80" if isinstance(board, EightABoard):
            from drivers import board_8a80, board_8a80_frames

            return board_8a80_frames.Decoder(board.quiet_ms), board_8a80.Board8a80
        case "waveshare" | "eletechsup" if isinstance(board, RelayBoard):
            from drivers import modbus_frames, modbus_relays

            return modbus_frames.Decoder(), modbus_relays.ModbusRelays
        case _:
            raise ValueError(f"board {board.name}: {board.kind} has no protocol")
