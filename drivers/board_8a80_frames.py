"""8A/80 frames (锁控板, "lock control board"): requests to bytes, bytes to replies. No port, no clock, no door.

``8A AA CC 11 BCC`` opens lock CC of board AA, ``80 AA CC 33 BCC`` asks for one lock, ``80 AA 00 33 BCC`` for all; BCC
is the XOR of all before it. The reply of one lock has ST in place of 11 or 33; that of all has two to seven bytes of
bits, then 33. 81 and 82 begin a frame that some boards send by themselves when a door moves.

**A frame's length is not told in it**, nor by the number of locks (a board of 8 answers like one of 24): the line falls
quiet, and the check holds. So bytes are kept until then, and read as the frames that leave the fewest bytes over; of
equals as the shorter ones, because two frames in a row have a XOR of 0 together as well.

**No byte here can mean every lock.** ``Lock`` holds 1..50 and never 00, which opens them all; ``Address`` holds 1..31;
and of the forms that open several (90) or hold a lock open (9A), or for seconds (six bytes), none is built here.
A XOR does not see the same bit wrong in two bytes: docs/hardware.md, 6, has what that means.

Source: hardware facts, 2 to 2.4; invariant 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor

OPEN, ASK = 0x8A, 0x80
PUSHED = (0x81, 0x82)
BOARDS, LOCKS = 31, 50
ORDER, QUESTION = 0x11, 0x33
CLEAR, SET = 0x00, 0x11
"""What ST says: which of them is an open door is decided by the wiring."""
SHORT_BYTES = 5
STATE_BYTES = (2, 7)
"""Bits of all locks, least and most: 16 to 56 locks. One byte would look like a question."""
_VALUES = {OPEN: (CLEAR, SET), ASK: (CLEAR, SET, QUESTION), 0x81: (CLEAR, SET), 0x82: (CLEAR, SET)}
_LENGTHS = (SHORT_BYTES, *range(STATE_BYTES[0] + 4, STATE_BYTES[1] + 5))
_WINDOW_BYTES = 96


@dataclass(frozen=True, slots=True)
class Address:
    """One board's address, 1..31, as its DIP switch can be set. ``ValueError`` for anything else."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one board."""
        if type(self.number) is not int or not 1 <= self.number <= BOARDS:
            raise ValueError(f"board address {self.number!r}: an 8a80 has 1 to {BOARDS}")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock, 1-based as on the wire, of a board with ``locks`` of them. ``ValueError`` for 0, which means all."""

    number: int
    locks: int = LOCKS

    def __post_init__(self) -> None:
        """Refuse what is not exactly one lock."""
        known = type(self.number) is int and type(self.locks) is int and self.locks <= LOCKS
        if not known or not 1 <= self.number <= self.locks:
            raise ValueError(f"lock {self.number!r}: this 8a80 has 1 to {self.locks}, and at most {LOCKS}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose check holds: its first byte, its board, and what stands between that and the check."""

    head: int
    address: int
    data: bytes

    @property
    def states(self) -> bytes:
        """The bits of all locks, in the order of the wire; empty in a frame about one lock."""
        return self.data[:-1] if len(self.data) > 2 else b""

    @property
    def lock(self) -> int:
        """The lock of a frame about one lock, as on the wire."""
        return self.data[0]

    @property
    def value(self) -> int:
        """The last byte before the check: 00 or 11 in a reply about one lock, 33 in a question and a reply of all."""
        return self.data[-1]


def open_one(address: Address, lock: Lock) -> bytes:
    """Order one pulse of one lock. ``TypeError`` for bare numbers."""
    _check(address, lock)
    return _sealed(bytes((OPEN, address.number, lock.number, ORDER)))


def ask_one(address: Address, lock: Lock) -> bytes:
    """Ask for the contact of one lock. ``TypeError`` for bare numbers."""
    _check(address, lock)
    return _sealed(bytes((ASK, address.number, lock.number, QUESTION)))


def ask_all(address: Address) -> bytes:
    """Ask for the contacts of all locks."""
    return _sealed(bytes((ASK, address.number, 0, QUESTION)))


def decode(data: bytes) -> Frame | None:
    """One whole frame, exactly; None when its form or its check does not hold."""
    if len(data) not in _LENGTHS or not 1 <= data[1] <= BOARDS or reduce(xor, data):
        return None
    head, value = data[0], data[-2]
    if len(data) == SHORT_BYTES:
        known = value in _VALUES.get(head, ()) and data[2] <= LOCKS
    else:
        known = head == ASK and value == QUESTION
    return Frame(head, data[1], bytes(data[2:-1])) if known else None


class Decoder:
    """Frames between silences; ``bad`` counts silences that ended something like a frame that was none."""

    def __init__(self, quiet_ms: int) -> None:
        """Begin with nothing received; ``quiet_ms`` without a byte end what has come."""
        self.quiet_ms = quiet_ms
        self._buffer = bytearray()
        self.garbage = self.bad = 0

    @property
    def holding(self) -> bool:
        """Whether something has come since the last silence."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take what has arrived. Frames are found in the silence after them, or in 96 bytes without one."""
        self._buffer += data
        found: list[Frame] = []
        while len(self._buffer) >= _WINDOW_BYTES:
            found += self._read(_WINDOW_BYTES)
        return found

    def settle(self) -> list[Frame]:
        """The line is quiet: what has come is all there is."""
        return self._read(len(self._buffer)) if self._buffer else []

    def _read(self, length: int) -> list[Frame]:
        """Frames out of so many bytes, as many of these used as can be, in as many frames as can be."""
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        ways: list[tuple[int, int, Frame | None, int]] = [(0, 0, None, 0)]  # left over, -frames, first, its size
        for at in range(length - 1, -1, -1):
            left, frames, _, _ = ways[-1]
            options: list[tuple[int, int, Frame | None, int]] = [(left + 1, frames, None, 1)]
            for frame, size in _frames_at(data, at):
                left, frames, _, _ = ways[-size]
                options.append((left, frames - 1, frame, size))
            ways.append(min(options, key=lambda way: way[:2]))
        return self._found(ways, data)

    def _found(self, ways: list[tuple[int, int, Frame | None, int]], data: bytes) -> list[Frame]:
        found, at = [], len(ways) - 1
        while at > 0:
            _, _, frame, size = ways[at]
            if frame is not None:
                found.append(frame)
            at -= size
        self.garbage += ways[-1][0]
        self.bad += not found and len(data) >= SHORT_BYTES and any(head in _VALUES for head in data)
        return found


def _frames_at(data: bytes, at: int) -> Iterator[tuple[Frame, int]]:
    """Every frame that begins here."""
    if data[at] not in _VALUES:
        return
    for size in _LENGTHS if data[at] == ASK else (SHORT_BYTES,):
        frame = decode(data[at : at + size]) if at + size <= len(data) else None
        if frame is not None:
            yield frame, size


def _check(address: Address, lock: Lock) -> None:
    if type(lock) is not Lock or type(address) is not Address:
        raise TypeError("this takes an Address and a Lock, so that no byte can mean all of them")


def _sealed(head: bytes) -> bytes:
    return head + bytes((reduce(xor, head),))
