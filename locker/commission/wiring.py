"""Where a bit on the wire belongs: the raw bit of an answer, and the channel that it means under a board's settings.

Raw bits are numbered as they arrive: for an 8A/80 board by the byte in which they came, for inputs in registers by the
register. ``byte_order``, ``word_order`` and ``input_first`` say which channel a raw bit is. An opening shows one lock's
channel and one raw bit: settings under which the two are not the same are out. Pure arithmetic; knows no driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from locker.config import Board
from locker.config_serial import INPUTS_MAX, EightABoard, RelayBoard

_REGISTER_BITS = 16
Sight = tuple[int, int]
"""One opening: the channel of the lock that was pulsed, and the raw bit that moved."""


def to_raw(board: Board, state_bytes: int, channel: int) -> int:
    """The raw bit that a channel is under these settings."""
    if isinstance(board, EightABoard) and board.byte_order == "high_first":
        return _mirrored(channel, 8, state_bytes)
    if isinstance(board, RelayBoard):
        at = channel + board.input_first
        return _mirrored(at, _REGISTER_BITS, _registers(board)) if _swapped(board) else at
    return channel


def from_raw(board: Board, state_bytes: int, raw: int) -> int:
    """The channel that a raw bit is under these settings; may be none that the board has."""
    if isinstance(board, EightABoard) and board.byte_order == "high_first":
        return _mirrored(raw, 8, state_bytes)
    if isinstance(board, RelayBoard):
        at = _mirrored(raw, _REGISTER_BITS, _registers(board)) if _swapped(board) else raw
        return at - board.input_first
    return raw


def alternatives(board: Board, relays: int) -> Iterator[Board]:
    """Every way in which this board may be set as to its order, the present one first."""
    yield board
    if isinstance(board, EightABoard):
        other = "low_first" if board.byte_order == "high_first" else "high_first"
        yield msgspec.structs.replace(board, byte_order=other)
    elif isinstance(board, RelayBoard):
        orders = ("low_first", "high_first") if board.inputs == "holding" else ("low_first",)
        for first in range(INPUTS_MAX):
            for order in orders:
                channels = min(relays, INPUTS_MAX - first)
                yield msgspec.structs.replace(board, input_first=first, word_order=order, channels=channels)


def fitting(board: Board, relays: int, state_bytes: int, sights: Iterable[Sight]) -> Board:
    """The one of its alternatives under which most openings moved their own channel's switch; of equals the first."""
    seen = list(sights)
    return max(alternatives(board, relays), key=lambda other: sum(agrees(other, state_bytes, one) for one in seen))


def agrees(board: Board, state_bytes: int, sight: Sight) -> bool:
    """Whether these settings say that the lock and the switch are one channel, which the board has."""
    channel, raw = sight
    highest: int = getattr(board, "channels", channel + 1)
    return channel < highest and from_raw(board, state_bytes, raw) == channel


def mirrored_lock(board: EightABoard, state_bytes: int, channel: int) -> int:
    """The channel that this one would be with the bytes in the other order."""
    return _mirrored(channel, 8, state_bytes)


def _mirrored(at: int, width: int, groups: int) -> int:
    """The same bit of the group at the other end."""
    return width * (groups - 1 - at // width) + at % width


def _swapped(board: RelayBoard) -> bool:
    return board.inputs == "holding" and board.word_order == "high_first"


def _registers(board: RelayBoard) -> int:
    """How many registers the driver asks for."""
    return -(-(board.input_first + board.channels) // _REGISTER_BITS)
