"""Kerong KR-CU16 frames: requests to bytes, bytes to replies. No port, no clock, no door.

``02 ADDR CMD [DATA] 03 SUM``, ADDR = board in the high half, lock in the low half (0 but for an unlock), SUM the low
byte of the sum of all before it. A status reply (35) has two bytes of hook bits and two of sensors inside; an unlock
has no reply. A sum sees neither swapped bytes nor two errors that cancel: the driver reads twice.

**No byte here can mean every lock or every board.** ``Address`` holds 0..14, so that F0 and FF, by which all boards are
called, cannot be built; ``Lock`` holds 0..15; and 33, "unlock all of one board", is no command that is built here.
The unlock time (37) is from one source only, and the form of its answer (38) is deduced from the request's.

Source: hardware facts, 1.1 and 0; invariant 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.dialect import PULSE_MS_MAX, PULSE_MS_MIN
from drivers.framer import Framer

STX, ETX = 0x02, 0x03
BOARDS, LOCKS = 15, 16
_UNIT_MS = 10


class Command(IntEnum):
    """What is sent (30, 31, 37) and heard (35, 36, 38). 32 and 33 are known only to be told from noise."""

    STATUS = 0x30
    UNLOCK = 0x31
    STATUS_OF_ALL = 0x32
    UNLOCK_ALL = 0x33
    STATUS_REPLY = 0x35
    BUS_REPLY = 0x36
    UNLOCK_TIME = 0x37
    TIME_REPLY = 0x38


REQUESTS = frozenset((Command.STATUS, Command.UNLOCK, Command.STATUS_OF_ALL, Command.UNLOCK_ALL, Command.UNLOCK_TIME))
_LENGTHS = dict.fromkeys(REQUESTS, 5) | {Command.STATUS_REPLY: 9, Command.BUS_REPLY: 9, Command.TIME_REPLY: 7}


@dataclass(frozen=True, slots=True)
class Address:
    """One board's address, 0..14. 15 would begin the bytes that call all boards; ``ValueError`` for it."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one board."""
        if type(self.number) is not int or not 0 <= self.number < BOARDS:
            raise ValueError(f"board address {self.number!r}: a kr-cu16 has 0 to {BOARDS - 1}")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock, 0-based. ``ValueError`` for anything else."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one lock."""
        if type(self.number) is not int or not 0 <= self.number < LOCKS:
            raise ValueError(f"lock {self.number!r}: a kr-cu16 has channels 0 to {LOCKS - 1}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose sum holds: the two halves of its address byte, its command, its data."""

    address: int
    lock: int
    command: int
    data: bytes = b""


def status(address: Address) -> bytes:
    """Ask one board for the bits of all its locks."""
    return _request(address, 0, Command.STATUS)


def unlock(address: Address, lock: Lock) -> bytes:
    """Order one pulse of one lock. ``TypeError`` for bare numbers."""
    if type(lock) is not Lock or type(address) is not Address:
        raise TypeError("unlock() takes an Address and a Lock, so that no byte can mean all of them")
    return _request(address, lock.number, Command.UNLOCK)


def query_unlock_time(address: Address) -> bytes:
    """Ask one board how long its pulses are."""
    return _request(address, 0, Command.UNLOCK_TIME)


def set_unlock_time(address: Address, pulse_ms: int) -> bytes:
    """Set the pulse length, in steps of 10 ms. ``ValueError`` outside 100..1000 ms, the cap of hardware facts 4.6."""
    if not PULSE_MS_MIN <= pulse_ms <= PULSE_MS_MAX:
        raise ValueError(f"pulse of {pulse_ms} ms: allowed are {PULSE_MS_MIN} to {PULSE_MS_MAX} ms")
    return _request(address, 0, Command.UNLOCK_TIME, (pulse_ms // _UNIT_MS).to_bytes(2, "big"))


def unlock_time_ms(frame: Frame) -> int | None:
    """The pulse length in a reply to ``query_unlock_time``, in milliseconds; None when it holds none."""
    return int.from_bytes(frame.data, "big") * _UNIT_MS if frame.command == Command.TIME_REPLY else None


def decode(data: bytes) -> Frame | None:
    """One whole frame, exactly; None when length, markers or sum do not hold."""
    if len(data) < 5 or _length(data) != len(data) or sum(data[:-1]) & 0xFF != data[-1]:
        return None
    return Frame(data[1] >> 4, data[1] & 0x0F, data[2], bytes(data[3:-2]))


class Decoder(Framer[Frame]):
    """Finds frames in a stream: garbage before, between and inside them is skipped and counted."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        super().__init__(STX, _length, decode)


def _length(data: bytes | bytearray) -> int:
    """The length of the frame that begins here as far as is known yet; 0 when none can begin here."""
    have = len(data)
    if data[0] != STX or (have > 2 and data[2] not in _LENGTHS):
        return 0
    if have < 4:
        return 5
    length = 7 if data[2] == Command.UNLOCK_TIME and data[3] != ETX else _LENGTHS[Command(data[2])]
    if data[2] != Command.UNLOCK and data[1] & 0x0F:
        return 0
    return 0 if have >= length - 1 and data[length - 2] != ETX else length


def _request(address: Address, lock: int, command: Command, data: bytes = b"") -> bytes:
    head = bytes((STX, address.number << 4 | lock, command)) + data + bytes((ETX,))
    return head + bytes((sum(head) & 0xFF,))
