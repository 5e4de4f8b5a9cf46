"""GM65 commands to bytes, and the scanner's stream into replies and scanned lines. No port, no clock.

``7E 00 TYPE LEN ADDR ADDR DATA.. CRC CRC`` out, ``02 00 00 LEN DATA.. CRC CRC`` in, on the same wire as scanned text;
CRC-16 of polynomial 1021 from zero, over all but the two bytes in front (hardware facts, 5.1). A reply is taken out of
the stream only when its form and its checksum hold; all else is somebody's code. Must never know what a code means.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass

_REPLY_HEAD = b"\x02\x00\x00"
_REPLY_DATA_MAX = 16


def checksum(data: bytes) -> bytes:
    """CRC-16 of polynomial 1021, initial value 0, as the two bytes that go on the wire."""
    return crc_hqx(data, 0).to_bytes(2, "big")


def read_zone(zone: int) -> bytes:
    """Ask for one byte of the settings."""
    return _command(0x07, zone, b"\x01", count=1)


def write_zone(zone: int, value: int) -> bytes:
    """Write one byte of the settings; lost at power-off until ``save``."""
    return _command(0x08, zone, bytes((value,)), count=1)


def save() -> bytes:
    """Keep the settings in the module's EEPROM; it wears, so only after a change."""
    return _command(0x09, 0, b"\x00", count=1)


def _command(kind: int, zone: int, data: bytes, count: int) -> bytes:
    body = bytes((kind, count)) + zone.to_bytes(2, "big") + data
    return b"\x7e\x00" + body + checksum(body)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply whose checksum holds; a write is answered with one zero byte."""

    data: bytes


class Sorter:
    """Sorts the stream into replies and text, in order.

    While a reply is due, a piece of exactly its head and length but with a wrong checksum is a damaged reply: dropped
    and counted in ``bad``, so that it does not end up in front of somebody's code. At any other time it is text.
    """

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._buffer = bytearray()
        self.bad = 0

    def feed(self, data: bytes, reply_due: bool) -> list[Reply | bytes]:
        """Take what has arrived; returns replies and pieces of text that are certain now."""
        if not self._buffer and _REPLY_HEAD[0] not in data:
            return [data]
        self._buffer += data
        found: list[Reply | bytes] = []
        while self._buffer:
            piece = self._piece(reply_due)
            if piece is None:
                break
            if piece != b"":
                found.append(piece)
        return found

    @property
    def holding(self) -> bool:
        """Whether bytes are held back that may become a reply."""
        return bool(self._buffer)

    def settle(self, reply_due: bool) -> bytes:
        """Nothing more will come: what was held back as half a reply is text, or a damaged reply while one is due."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if rest and reply_due:
            self.bad += 1
            return b""
        return rest

    def _piece(self, reply_due: bool) -> Reply | bytes | None:
        """The next piece: a reply, text, nothing (a damaged reply was dropped), or None when more bytes are needed."""
        start = self._buffer.find(_REPLY_HEAD[0])
        if start != 0:
            return self._cut(start if start > 0 else len(self._buffer))
        head = bytes(self._buffer[:4])
        if not _REPLY_HEAD.startswith(head[:3]) or (len(head) == 4 and not 1 <= head[3] <= _REPLY_DATA_MAX):
            return self._cut(1)
        if len(head) < 4 or len(self._buffer) < head[3] + 6:
            return None
        if checksum(bytes(self._buffer[2 : head[3] + 4])) == self._buffer[head[3] + 4 : head[3] + 6]:
            return Reply(self._cut(head[3] + 6)[4:-2])
        if reply_due and head[3] == 1:
            self.bad += 1
            self._cut(7)
            return b""
        return self._cut(1)

    def _cut(self, count: int) -> bytes:
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece
