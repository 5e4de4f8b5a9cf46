"""Kerong CU12/CU24 frames: requests to bytes, bytes to replies. No port, no clock, no door.

``02 ADDR LOCKNUM CMD ASK DATALEN 03 SUM [DATA]``: SUM is the low byte of the sum of the first seven bytes and of all
data; the data come after it (hardware facts, 1.3). A sum sees neither swapped bytes nor two errors that cancel, so what
is decoded here is never more than "a frame that may be true": the driver reads twice.

**No byte here can mean every lock or every board.** ``Address`` holds 0..15 and ``Lock`` only numbers that the board's
own profile has, so that the board's "all" (0C on CU12, 18 on CU24) and the broadcast address (10) cannot be built, and
only the five requests below can. Source: hardware facts, 1.3 and 0.1; invariant 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.dialect import PULSE_MS_MAX, PULSE_MS_MIN
from drivers.echo import EchoFilter as EchoFilter
from drivers.framer import Framer

STX, ETX = 0x02, 0x03
HEAD_BYTES = 8
DATA_BYTES_MAX = 40
_UNIT_MS = 10


class Command(IntEnum):
    """The commands that this project sends; the document has more (83 baud, 84 delayed unlock, 85, 8E)."""

    STATUS = 0x80
    UNLOCK = 0x81
    UNLOCK_TIME = 0x82
    VERSION = 0x8F


class Ask(IntEnum):
    """The fifth byte: 00 in the host's requests, else what the board says of them."""

    REQUEST = 0x00
    OK = 0x10
    FAILED = 0x11
    TIMEOUT = 0x12
    UNKNOWN_COMMAND = 0x13
    BAD_DATA = 0x14


_ASKS = frozenset(int(a) for a in Ask)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of board has: how many locks, and how many data bytes in its status reply."""

    kind: str
    locks: int
    status_bytes: int


CU24 = Profile("kr-cu24", 24, 3)
CU12 = Profile("kr-cu12", 12, 2)
PROFILES = {profile.kind: profile for profile in (CU24, CU12)}


@dataclass(frozen=True, slots=True)
class Address:
    """One board's address, 0..15. The broadcast address 10 (hexadecimal) is not one; ``ValueError`` for it."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one board."""
        if type(self.number) is not int or not 0 <= self.number <= 0x0F:
            raise ValueError(f"board address {self.number!r}: one board has 0 to 15")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock of one kind of board, 0-based. The "all locks" number is not one; ``ValueError`` for it."""

    number: int
    profile: Profile = CU24

    def __post_init__(self) -> None:
        """Refuse what is not exactly one lock."""
        if type(self.number) is not int or not 0 <= self.number < self.profile.locks:
            raise ValueError(f"lock {self.number!r}: a {self.profile.kind} has channels 0 to {self.profile.locks - 1}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose sum holds. ``ask`` 00 marks a request: on our side of the wire, an echo of our own."""

    address: int
    lock: int
    command: int
    ask: int
    data: bytes = b""


def status(address: Address) -> bytes:
    """Ask one board for the hook bits of all its locks."""
    return _request(address, 0, Command.STATUS)


def unlock(address: Address, lock: Lock) -> bytes:
    """Order one pulse of one lock; the board itself ends it after its stored unlock time."""
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


def version(address: Address) -> bytes:
    """Ask one board for its firmware version."""
    return _request(address, 0, Command.VERSION)


def unlock_time_ms(frame: Frame) -> int | None:
    """The pulse length in a reply to ``query_unlock_time``, in milliseconds; None when it holds none."""
    if frame.ask != Ask.OK or len(frame.data) != 2:
        return None
    return int.from_bytes(frame.data, "big") * _UNIT_MS


def decode(data: bytes) -> Frame | None:
    """One whole frame, exactly; None when length, markers or sum do not hold."""
    if len(data) < HEAD_BYTES or _length(data) != len(data):
        return None
    if (sum(data[:7]) + sum(data[HEAD_BYTES:])) & 0xFF != data[7]:
        return None
    return Frame(data[1], data[2], data[3], data[4], bytes(data[HEAD_BYTES:]))


class Decoder(Framer[Frame]):
    """Finds frames in a stream: garbage before, between and inside them is skipped and counted."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        super().__init__(STX, _length, lambda data: decode(data))


def _length(data: bytes | bytearray) -> int:
    """The length of the frame that begins here as far as is known yet; 0 when none can begin here."""
    have = len(data)
    if data[0] != STX or (have > 1 and data[1] > 0x10) or (have > 3 and data[3] & 0xF0 != 0x80):
        return 0
    if (have > 4 and data[4] not in _ASKS) or (have > 5 and data[5] > DATA_BYTES_MAX) or (have > 6 and data[6] != ETX):
        return 0
    return HEAD_BYTES + (data[5] if have > 5 else 0)


def _request(address: Address, lock: int, command: Command, data: bytes = b"") -> bytes:
    head = bytes((STX, address.number, lock, command, Ask.REQUEST, len(data), ETX))
    return head + bytes(((sum(head) + sum(data)) & 0xFF,)) + data
