"""Kerong KR-CU48 frames: requests to bytes, bytes to replies. No port, no clock, no door.

``02 ADDR LOCKNUM CMD 03 SUM``; the status reply has six bytes of hook bits before 03, lock 1 in bit 0 of the first,
and a lock number without meaning. SUM is the low byte of the sum of all before it. An unlock has no reply. The
official command bytes are 50, 51 and 65; a newer variant has 60, 61 and 75: ``CommandSet``.

**No byte here can mean every lock or every board.** ``Address`` holds 0..9 and ``Lock`` 0..47, so that 0A (every board)
and 30 hexadecimal (every lock) cannot be built.

Source: hardware facts, 1.2 (the maker's document v2.1) and 0; invariant 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.framer import Framer

STX, ETX = 0x02, 0x03
BOARDS, LOCKS = 10, 48
STATUS_BYTES = 6
_ALL_BOARDS, _ALL_LOCKS = 0x0A, 0x30


@dataclass(frozen=True, slots=True)
class CommandSet:
    """The command bytes of a kind of board: ask for the hooks, unlock, and the hooks' reply."""

    kind: str
    status: int
    unlock: int
    reply: int


CU48 = CommandSet("kr-cu48", 0x50, 0x51, 0x65)
CU48B = CommandSet("kr-cu48b", 0x60, 0x61, 0x75)
COMMAND_SETS = {commands.kind: commands for commands in (CU48, CU48B)}


@dataclass(frozen=True, slots=True)
class Address:
    """One board's address, 0..9. The broadcast address 0A is not one; ``ValueError`` for it."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one board."""
        if type(self.number) is not int or not 0 <= self.number < BOARDS:
            raise ValueError(f"board address {self.number!r}: a kr-cu48 has 0 to {BOARDS - 1}")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock, 0-based. The "all locks" number 30 hexadecimal is not one; ``ValueError`` for it."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one lock."""
        if type(self.number) is not int or not 0 <= self.number < LOCKS:
            raise ValueError(f"lock {self.number!r}: a kr-cu48 has channels 0 to {LOCKS - 1}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose sum holds. ``data`` is empty in a request: on our side of the wire, an echo of our own."""

    address: int
    lock: int
    command: int
    data: bytes = b""


def status(address: Address, commands: CommandSet = CU48) -> bytes:
    """Ask one board for the hook bits of all its locks."""
    return _request(address, 0, commands.status)


def unlock(address: Address, lock: Lock, commands: CommandSet = CU48) -> bytes:
    """Order one pulse of one lock. ``TypeError`` for bare numbers."""
    if type(lock) is not Lock or type(address) is not Address:
        raise TypeError("unlock() takes an Address and a Lock, so that no byte can mean all of them")
    return _request(address, lock.number, commands.unlock)


def decode(data: bytes, commands: CommandSet = CU48) -> Frame | None:
    """One whole frame, exactly; None when length, markers or sum do not hold."""
    if len(data) < 6 or _length(data, commands) != len(data) or sum(data[:-1]) & 0xFF != data[-1]:
        return None
    return Frame(data[1], data[2], data[3], bytes(data[4:-2]))


class Decoder(Framer[Frame]):
    """Finds frames in a stream: garbage before, between and inside them is skipped and counted."""

    def __init__(self, commands: CommandSet = CU48) -> None:
        """Begin with nothing received."""
        super().__init__(STX, lambda data: _length(data, commands), lambda data: decode(data, commands))


def _length(data: bytes | bytearray, commands: CommandSet) -> int:
    """The length of the frame that begins here as far as is known yet; 0 when none can begin here."""
    have = len(data)
    if data[0] != STX or (have > 1 and data[1] > _ALL_BOARDS):
        return 0
    if have < 4:
        return 6
    if data[3] == commands.reply:
        length = 6 + STATUS_BYTES
    elif data[3] in (commands.status, commands.unlock) and data[2] <= _ALL_LOCKS:
        length = 6
    else:
        return 0
    return 0 if have >= length - 1 and data[length - 2] != ETX else length


def _request(address: Address, lock: int, command: int) -> bytes:
    head = bytes((STX, address.number, lock, command, ETX))
    return head + bytes((sum(head) & 0xFF,))
