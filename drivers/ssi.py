"""A scanner that speaks SSI packets: the GM67, and what follows Zebra's Simple Serial Interface.

Hardware: Hangzhou Grow GM67 on UART; not a GM65, whose zones and frames it does not know.
Wire: 9600 8N1 by default. ``LEN OP SRC STAT data..`` and 16 bits of two's complement, high byte first; LEN counts
itself but not the checksum; SRC is 04 from us and 00 from it. What it reads comes as F3 (or, over 255 bytes, as FF F4
with two bytes of length), the first byte of the data is the kind of code; it is owed an ACK, and sends again without.
Source: hardware facts, 5.1; numbers of the parameters and the long form F4 from two public drivers of the GM67.
Quirks: without parameter EE readings come as bare text, which is understood as well; once packets were agreed on,
bare text is noise, and a whole line of it a sign that somebody changed that. A packet that is sent again (bit 0 of
STAT) because our ACK was lost is acknowledged and not told twice. Bits 0 and 1 of STAT (again, more to come) and
parameter EC (set-up codes) are Zebra's, as remembered, not seen for a GM67: a refusal of EC is told. Nothing can be
read back: all that is known is its ACK. Settings are kept by the module (STAT 08), so they are made again at a
connection, when something is noticed, and else not more often than every six hours.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from drivers.readings import LINE_BYTES_MAX
from drivers.scanner_wire import Answer, Outcome, Piece, Reading, Say, Script, TextWire, Trigger, Trouble

OP_CONFIG, OP_ACK, OP_NAK, OP_START, OP_STOP, OP_ENABLE = 0xC6, 0xD0, 0xD1, 0xE4, 0xE5, 0xE9
OP_DECODED, OP_DECODED_LONG = 0xF3, 0xF4
RESEND, BAD_CONTEXT, DENIED = 0x01, 0x02, 0x06
SETTINGS = (
    (0xEE, 0x01, "readings in packets"),
    (0xEC, 0x00, "set-up codes closed"),
    (0xEB, 0x00, "the code and nothing around it"),
    (0x88, 0x63, "9.9 seconds for one reading"),
    (0x8A, 0x08, "reads when the host says so"),
)
_HOST, _SCANNER = 0x04, 0x00
_AGAIN, _MORE, _KEEP = 0x01, 0x02, 0x08
_BEEP = 0x00
_HEAD_BYTES, _LONG_HEAD_BYTES, _LONG = 4, 7, 0xFF
_NAKED_TEXT_MIN = 8
_SAME_MS, _PARTS_MS = 3000, 3000
_CHECK_MS_MIN = 6 * 3_600_000
_RESENDS_MAX = 3


def checksum(packet: bytes) -> bytes:
    """Two's complement of the sum of all bytes, 16 bits, high byte first."""
    return (-sum(packet) & 0xFFFF).to_bytes(2, "big")


def packet(op: int, data: bytes = b"", stat: int = 0x00) -> bytes:
    """A packet from us, with its checksum. Raises ``ValueError`` when the data does not fit."""
    if len(data) > 0xFE - _HEAD_BYTES:
        raise ValueError(f"{len(data)} bytes do not fit into a packet; at most {0xFE - _HEAD_BYTES}")
    body = bytes((_HEAD_BYTES + len(data), op, _HOST, stat)) + data
    return body + checksum(body)


def parameter(number: int, value: int) -> bytes:
    """Set one parameter, to be kept over a power cut; the first byte of the data says how it beeps."""
    return packet(OP_CONFIG, bytes((_BEEP, number, value)), _KEEP)


ACK, NAK_RESEND = packet(OP_ACK), packet(OP_NAK, bytes((RESEND,)))
START, STOP = packet(OP_START), packet(OP_STOP)


class SsiWire(TextWire):
    """How an SSI scanner speaks."""

    question = packet(OP_ENABLE)
    trigger: Trigger | None = Trigger(START, 500, 2000)
    check_ms_min = _CHECK_MS_MIN

    def __init__(self) -> None:
        """Begin with nothing received."""
        super().__init__()
        self._buffer = bytearray()
        self._parts = b""
        self._parts_ms = 0
        self._last, self._last_ms = b"", 0
        self._packets_agreed = False
        self._bare = b""
        self._alarm = ""

    @property
    def holding(self) -> bool:
        """Whether bytes are held back that may become a packet."""
        return bool(self._buffer or self._bare)

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """Packets whose checksum holds are answers and readings, all else is text."""
        self._buffer += data
        found: list[Piece] = []
        text = bytearray()
        while self._buffer:
            length = self._length()
            if length is None or length > len(self._buffer):
                break
            if length == 0:
                text += self._cut(1)
                continue
            found += [*self._take_text(text), *self._take_packet(self._cut(length), due, ms)]
        return found + self._take_text(text)

    def settle(self, due: bool) -> list[Piece]:
        """Half a packet is damaged; it is asked for again where it was a reading. What cannot be one is text."""
        found: list[Piece] = []
        text = bytearray()
        while self._buffer:
            if self._begun():
                found += [*self._take_text(text), *self._damaged(self._cut(len(self._buffer)))]
            else:
                text += self._cut(1)
        found += self._take_text(text)
        self.bad += bool(self._bare)
        self._bare = b""
        return found

    def setup(self, usb: bool) -> Script:
        """Make each setting; a refusal is told and the rest is made all the same."""
        return _configure(self._agree)

    def alarm(self) -> str:
        """Bare text where packets were agreed on: somebody showed it a set-up code, or it was replaced."""
        alarm, self._alarm = self._alarm, ""
        return alarm

    def _agree(self) -> None:
        self._packets_agreed = True

    def _begun(self) -> bool:
        """Whether the buffer begins with what only a packet begins with."""
        op, src = self._buffer[1:2], self._buffer[2:3]
        if self._buffer[0] == _LONG and op == bytes((OP_DECODED_LONG,)):
            return len(self._buffer) < 5 or self._buffer[4] == OP_DECODED_LONG
        known = op in (bytes((OP_ACK,)), bytes((OP_NAK,)), bytes((OP_DECODED,)))
        return known and self._buffer[0] >= _HEAD_BYTES and src == bytes((_SCANNER,))

    def _length(self) -> int | None:
        """Of the packet that begins the buffer, with its checksum; 0 when none does, None when that is not known."""
        head = self._buffer
        if head[0] < _HEAD_BYTES or (len(head) > 1 and head[1] not in _FROM_SCANNER):
            return 0
        if len(head) < 3 or (head[0] == _LONG and head[1] == OP_DECODED_LONG and len(head) < 5):
            return None
        if not self._begun():
            return 0
        if head[0] == _LONG and head[1] == OP_DECODED_LONG:
            length = int.from_bytes(head[2:4], "big")
            return length + 2 if _LONG_HEAD_BYTES < length <= LINE_BYTES_MAX + _LONG_HEAD_BYTES + 1 else 0
        return int(head[0]) + 2

    def _take_packet(self, whole: bytes, due: bool, ms: int) -> list[Piece]:
        body = whole[:-2]
        if checksum(body) != whole[-2:]:
            return self._damaged(whole)
        if body[1] in (OP_ACK, OP_NAK):
            return [Answer(body[1:2] + body[_HEAD_BYTES:])] if due else []
        head = _LONG_HEAD_BYTES if body[1] == OP_DECODED_LONG else _HEAD_BYTES
        return [Say(ACK), *self._take_data(body[head - 1], body[head + 1 :], ms)]

    def _take_data(self, stat: int, data: bytes, ms: int) -> list[Piece]:
        if stat & _AGAIN and data == self._last and ms <= self._last_ms + _SAME_MS:
            return []
        self._last, self._last_ms = data, ms
        whole = (self._parts if ms <= self._parts_ms + _PARTS_MS else b"") + data
        self._parts, self._parts_ms = (whole, ms) if stat & _MORE else (b"", 0)
        if len(whole) > LINE_BYTES_MAX:
            self._parts = b""
            return [Trouble("code too long", "over 1024 bytes: dropped")]
        return [Reading(whole)] if whole and not stat & _MORE else []

    def _take_text(self, text: bytearray) -> list[Piece]:
        """Bare text is text; once packets were agreed on it is noise, unless it is a whole printable line."""
        piece = bytes(text)
        text.clear()
        if not self._packets_agreed or not piece:
            return [piece] if piece else []
        self._bare += piece
        while self._packets_agreed:
            line, end, rest = self._bare.partition(b"\r")
            if not end:
                self._bare = line[-LINE_BYTES_MAX:]
                return []
            if len(line) >= _NAKED_TEXT_MIN and line.isascii() and line.decode("ascii").isprintable():
                self._packets_agreed, self._alarm = False, "readings without packets"
            else:
                self.bad += 1
                self._bare = rest
        text_again, self._bare = self._bare, b""
        return [text_again]

    def _damaged(self, piece: bytes) -> list[Piece]:
        self.bad += 1
        return [Say(NAK_RESEND)] if piece[1] in (OP_DECODED, OP_DECODED_LONG) else []

    def _cut(self, count: int) -> bytes:
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece


_FROM_SCANNER = (OP_ACK, OP_NAK, OP_DECODED, OP_DECODED_LONG)


def _configure(agreed: Callable[[], None]) -> Script:
    troubles: list[tuple[str, str]] = []
    for number, value, what in SETTINGS:
        done = yield from _ask(parameter(number, value))
        if done is None:
            return Outcome(False, tuple(troubles))
        if not done:
            troubles.append(("setting refused", f"{what} (parameter {number:02X})"))
        elif number == SETTINGS[0][0]:
            agreed()
    enabled = yield from _ask(packet(OP_ENABLE))
    return Outcome(enabled is not None, tuple(troubles))


def _ask(request: bytes) -> Generator[bytes, bytes | None, bool | None]:
    """Say it, again when it asks for that: True acknowledged, False refused, None no answer."""
    for _ in range(_RESENDS_MAX):
        answer = yield request
        if answer is None:
            return None
        if answer != bytes((OP_NAK, RESEND)):
            return answer[0] == OP_ACK
    return False
