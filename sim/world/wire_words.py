"""What goes over a lock board's wire, as somebody who listens in reads it: unlock orders out, states of doors in.

One ``Words`` a protocol, written from hardware facts, 1 to 3, and not from the drivers. A forged frame is one that was
changed on the way and whose check still holds; sums and XOR let that happen, a CRC as good as never. Knows bytes and
channels; must never know doors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from operator import xor
from random import Random
from typing import Protocol

from sim.links import forged
from sim.modbus_boards import crc

KEPT_BYTES = 200


class Words(Protocol):
    """One protocol. ``forged_from`` is from how many bytes on a frame may be forged."""

    forged_from: int

    def order(self, data: bytes) -> int | None:
        """The channel that a frame of the machine's is to unlock; None for any other frame."""

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """The raw bits of each whole reply in the buffer, with the mask of the channels that it is about; takes them
        out."""

    def forged(self, data: bytes, chance: Random) -> bytes:
        """The frame with something changed and its check right; the same where there is no such change."""


def _taken(
    buffer: bytearray, head: int, length: int, good: Callable[[bytes], tuple[int, int] | None]
) -> Iterator[tuple[int, int]]:
    """Every frame of this length and head that ``good`` has something to say about."""
    while (start := buffer.find(head)) >= 0 and len(buffer) - start >= length:
        found = good(bytes(buffer[start : start + length]))
        del buffer[: start + (length if found is not None else 1)]
        if found is not None:
            yield found
    if len(buffer) > KEPT_BYTES:
        del buffer[:-length]


class Cu24Words:
    """KR-CU24 and KR-CU12: the data stands behind the sum."""

    forged_from = 8

    def __init__(self, channels: int) -> None:
        """24 or 12."""
        self._all, self._bytes = (1 << channels) - 1, -(-channels // 8)

    def order(self, data: bytes) -> int | None:
        """Command 81."""
        return data[2] if len(data) >= 8 and data[3] == 0x81 else None

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """Command 80 with ASK 10."""
        return _taken(buffer, 0x02, 8 + self._bytes, self._state)

    def _state(self, frame: bytes) -> tuple[int, int] | None:
        good = frame[3] == 0x80 and frame[4] == 0x10 and frame[5] == self._bytes and frame[6] == 3
        if not good or (sum(frame) - frame[7]) % 256 != frame[7]:
            return None
        return int.from_bytes(frame[8:], "little"), self._all

    def forged(self, data: bytes, chance: Random) -> bytes:
        """As the wire has it by itself."""
        return forged(data, chance)


class _SumWords:
    """Where the sum is the last byte: what one byte gains another loses, or the sum gains as well."""

    first, forged_from = 1, 5

    def forged(self, data: bytes, chance: Random) -> bytes:
        """The marks of the frame stay: its head, its end, and what stands before ``first``."""
        places = list(range(self.first, len(data) - 2))
        if not places:
            return data
        change, one = 1 << chance.randrange(4), chance.choice(places)
        other = chance.choice([place for place in (*places, len(data) - 1) if place != one])
        spoilt = bytearray(data)
        spoilt[one] = (spoilt[one] + change) % 256
        spoilt[other] = (spoilt[other] + (change if other == len(data) - 1 else -change)) % 256
        return bytes(spoilt)


class Cu16Words(_SumWords):
    """Two KR-CU16: board 0 has the first sixteen channels, board 1 those behind."""

    locks = 16

    def order(self, data: bytes) -> int | None:
        """Command 31, board and lock in one byte."""
        if len(data) < 5 or data[2] != 0x31:
            return None
        return (data[1] >> 4) * self.locks + (data[1] & 0x0F)

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """Command 35."""
        return _taken(buffer, 0x02, 9, self._state)

    def _state(self, frame: bytes) -> tuple[int, int] | None:
        good = frame[2] == 0x35 and frame[7] == 0x03 and sum(frame[:8]) % 256 == frame[8]
        if not good or frame[1] not in (0x00, 0x10):
            return None
        shift = (frame[1] >> 4) * self.locks
        return int.from_bytes(frame[3:5], "little") << shift, 0xFFFF << shift


class Cu48Words(_SumWords):
    """A KR-CU48 of either command set."""

    first = 2

    def __init__(self, unlock: int, reply: int) -> None:
        """Commands 51 and 65, or 61 and 75."""
        self._unlock, self._reply = unlock, reply

    def order(self, data: bytes) -> int | None:
        """The lock is the third byte."""
        return data[2] if len(data) >= 6 and data[3] == self._unlock else None

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """Six bytes of states."""
        return _taken(buffer, 0x02, 12, self._state)

    def _state(self, frame: bytes) -> tuple[int, int] | None:
        good = frame[3] == self._reply and frame[10] == 0x03 and sum(frame[:11]) % 256 == frame[11]
        return (int.from_bytes(frame[4:10], "little"), (1 << 48) - 1) if good else None


class EightWords:
    """An 8A/80 with three bytes of states."""

    forged_from = 5

    def __init__(self, high_first: bool) -> None:
        """In which order they come."""
        self._order = "big" if high_first else "little"

    def order(self, data: bytes) -> int | None:
        """8A with 11; locks count from 1."""
        return data[2] - 1 if len(data) == 5 and data[0] == 0x8A and data[3] == 0x11 else None

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """Seven bytes that end in 33 and their XOR."""
        return _taken(buffer, 0x80, 7, self._state)

    def _state(self, frame: bytes) -> tuple[int, int] | None:
        if frame[5] != 0x33 or reduce(xor, frame):
            return None
        return int.from_bytes(frame[2:5], "big" if self._order == "big" else "little"), (1 << 24) - 1

    def forged(self, data: bytes, chance: Random) -> bytes:
        """One bit in two bytes: XOR does not see it. The head and the address stay."""
        if len(data) < 5:
            return data
        one, other = chance.sample(range(2, len(data)), 2)
        spoilt, bit = bytearray(data), 1 << chance.randrange(8)
        spoilt[one] ^= bit
        spoilt[other] ^= bit
        return bytes(spoilt)


class ModbusWords:
    """Relays are unit 1, inputs unit 2; 32 of each."""

    channels, forged_from = 32, 1 << 20

    def __init__(self, momentary: bool, base: int, discrete: bool, high_first: bool) -> None:
        """An Eletechsup's momentary register, or a Waveshare's flash-on; how the inputs are asked."""
        self._momentary, self._base, self._high_first = momentary, base, high_first
        self._function = 0x02 if discrete else 0x03

    def order(self, data: bytes) -> int | None:
        """FC06 with 0500, or FC05 at 02cc; switching off is none."""
        if len(data) != 8 or data[0] != 1:
            return None
        if self._momentary:
            return data[3] - self._base if data[1] == 0x06 and data[4:6] == b"\x05\x00" else None
        return data[3] if data[1] == 0x05 and data[2] == 0x02 and data[4:6] != b"\x00\x00" else None

    def states(self, buffer: bytearray) -> Iterator[tuple[int, int]]:
        """Four bytes of inputs."""
        return _taken(buffer, 0x02, 9, self._state)

    def _state(self, frame: bytes) -> tuple[int, int] | None:
        if frame[1] != self._function or frame[2] != 4 or crc(frame[:7]) != frame[7:]:
            return None
        data = frame[3:7]
        if self._function == 0x03:
            words = (data[:2], data[2:])
            data = b"".join(words if self._high_first else reversed(words))[::-1]
        return int.from_bytes(data, "little"), (1 << self.channels) - 1

    def forged(self, data: bytes, chance: Random) -> bytes:
        """None: a CRC sees every change of up to three bits in frames as short as these."""
        return data
