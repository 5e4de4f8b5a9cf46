"""Lock boards on a serial line that have keys of their own: 8A/80 boards, and Modbus relays with inputs.

Knows their keys with bounds, and what contradicts what among them; must never know a frame. The keys that every board
has are ``locker.config_boards``'. Each kind has a commented example: ``config/cabinet-8a80.toml``,
``config/cabinet-waveshare.toml``, ``config/cabinet-eletechsup.toml``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from locker.config_boards import Board

Unit = Annotated[int, Meta(ge=1, le=247)]
"""A Modbus address; 0 would be all boards at once."""


class EightABoard(Board, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A board that speaks 8A/80 (锁控板).

    ``closed_bit`` is its wiring: 1 where the contact is closed while the lock is (上锁短路), 0 where it is closed while
    the door is open (开锁短路). ``pulse_ms`` is what the board is taken to do; it can be neither asked nor set.
    ``quiet_ms`` without a byte end a frame. ``ask_while_opening`` is for a board that says how its doors are while it
    makes up its answer to an unlock; no paper says which do.
    """

    kind: Literal["8a80"] = "8a80"
    baud: Literal[9600, 19200, 57600, 115200] = 9600
    address: Annotated[int, Meta(ge=1, le=31)] = 1
    reply_ms: Annotated[int, Meta(ge=100, le=5000)] = 300
    unlock_reply_ms: Annotated[int, Meta(ge=1500, le=5000)] = 1500
    poll_ms: Annotated[int, Meta(ge=5, le=1000)] = 20
    channels: Annotated[int, Meta(ge=2, le=50)] = 24
    byte_order: Literal["high_first", "low_first"] = "high_first"
    quiet_ms: Annotated[int, Meta(ge=5, le=100)] = 20
    ask_while_opening: bool = False


class RelayBoard(Board, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Modbus relays, and the inputs of the door switches: ``input_address`` may be the same unit or another one.

    ``inputs`` says how the switches are asked: discrete inputs, or 16 in a holding register from 00C0 on, in
    ``word_order``. Channel 0 is the first relay and the input ``input_first``, counted from 0. A unit's answer to a
    pulse comes like any other, in ``reply_ms``.
    """

    baud: Literal[9600, 19200, 57600, 115200] = 9600
    address: Unit = 1
    input_address: Unit
    inputs: Literal["discrete", "holding"]
    input_first: Annotated[int, Meta(ge=0, le=31)] = 0
    word_order: Literal["low_first", "high_first"] = "low_first"
    reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 200
    poll_ms: Annotated[int, Meta(ge=5, le=1000)] = 20
    channels: Annotated[int, Meta(ge=1, le=32)] = 32


class WaveshareBoard(RelayBoard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relays that end a pulse themselves after so many times 100 ms ("flash on")."""

    kind: Literal["waveshare"] = "waveshare"
    pulse_ms: Annotated[int, Meta(ge=100, le=1000, multiple_of=100)] = 500


class EletechsupBoard(RelayBoard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relays with one pulse, of one second ("momentary"). Older boards give their first relay the number 1."""

    kind: Literal["eletechsup"] = "eletechsup"
    pulse_ms: Annotated[int, Meta(ge=1000, le=1000)] = 1000
    channel_base: Literal[0, 1] = 0


SERIAL_KINDS: dict[str, type[Board]] = {
    "8a80": EightABoard,
    "waveshare": WaveshareBoard,
    "eletechsup": EletechsupBoard,
}
ELSEWHERE = {
    "pulse_command": "a kr-cu16",
    "unlock_reply_ms": "a lock board that takes its time to answer an unlock",
}
"""Keys of ``Board`` that mean nothing to some of these, and where they do."""
INPUTS_MAX = 32
"""Inputs of the largest board known."""


def units_of(board: Board) -> tuple[int, ...]:
    """The addresses of this board on its bus."""
    if isinstance(board, RelayBoard) and board.input_address != board.address:
        return board.address, board.input_address
    return (board.address,)


def about_serial(boards: list[Board], open_wait_ms: int) -> Iterator[str]:
    """One line for each key of these kinds that contradicts another; ``open_wait_ms`` is the visit's."""
    relays = [(board.port, board.address) for board in boards if isinstance(board, RelayBoard)]
    for index, board in enumerate(boards):
        path = f"boards[{index}]"
        if isinstance(board, EightABoard) and board.unlock_reply_ms >= open_wait_ms:
            yield (
                f"{path}.unlock_reply_ms: found {board.unlock_reply_ms}; allowed: at most {open_wait_ms - 1}, because "
                f"of visit.open_wait_ms: the door is asked for after the answer"
            )
        if not isinstance(board, RelayBoard):
            continue
        if board.input_first + board.channels > INPUTS_MAX:
            yield (
                f"{path}.input_first: found {board.input_first} with {board.channels} channels; allowed: "
                f"at most {INPUTS_MAX - board.channels}: an input board has {INPUTS_MAX} inputs"
            )
        other = (board.port, board.input_address)
        if board.input_address != board.address and other in relays:
            yield (
                f"{path}.input_address: found {board.input_address}, which is boards[{_owner(boards, other)}].address; "
                f"allowed: an address of its own, or that of these relays"
            )


def _owner(boards: list[Board], place: tuple[str, int]) -> int:
    return next(at for at, b in enumerate(boards) if isinstance(b, RelayBoard) and (b.port, b.address) == place)


def foreign_to(struct: type[msgspec.Struct]) -> frozenset[str]:
    """Keys of ``Board`` that a board of this kind must not have."""
    if issubclass(struct, RelayBoard):
        return frozenset(ELSEWHERE)
    return frozenset({"pulse_command"}) if issubclass(struct, EightABoard) else frozenset()
