"""The scanners' wires as fuzzing targets.

The first byte of an input seeds how the rest is cut. What must hold of any bytes: the cut changes nothing, no reading
is empty or too long, and what is told as an answer or a reading stands in the stream, by a search that is our own.
"""

from __future__ import annotations

import re
from random import Random

from drivers.de2120 import De2120Wire
from drivers.keyboard import INPUT_EVENT, US_MAP, KeyWire
from drivers.newland import NewlandWire
from drivers.readings import LINE_BYTES_MAX
from drivers.scanner_wire import Answer, Piece, Reading, Wire
from drivers.ssi import SsiWire


def _pieces(data: bytes) -> list[bytes]:
    """The input cut into pieces of one to nine bytes, or not at all, as its first byte says."""
    if not data or data[0] == 0:
        return [data[1:]]
    chance, rest, found = Random(data[0]), data[1:], []
    while rest:
        length = chance.randrange(1, 10)
        found.append(rest[:length])
        rest = rest[length:]
    return found


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The same with neighbouring texts in one."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            found[-1] = last + piece
        else:
            found.append(piece)
    return found


def _heard(wire: Wire, pieces: list[bytes], due: bool) -> list[Piece]:
    """What a wire makes of these pieces, to the end; a reading is neither empty nor too long."""
    found = [piece for part in pieces for piece in wire.feed(part, due, 0)] + wire.settle(due)
    assert not wire.holding
    assert all(0 < len(p.data) <= LINE_BYTES_MAX for p in found if isinstance(p, Reading))
    return _joined(found)


def ssi_stream(data: bytes) -> None:
    """SSI packets: a reading is in the stream with a checksum that holds; cut as you like, the same."""
    stream = data[1:]
    for due in (False, True):
        whole = _heard(SsiWire(), [stream], due)
        assert _heard(SsiWire(), _pieces(data), due) == whole
        lawful = _ssi_readings(stream)
        if not any(more for _, more in lawful):
            assert {p.data for p in whole if isinstance(p, Reading)} <= {each for each, _ in lawful}
        for piece in whole:
            assert not isinstance(piece, Answer) or (due and piece.data[0] in (0xD0, 0xD1))


def _ssi_readings(stream: bytes) -> set[tuple[bytes, bool]]:
    """Every packet with a reading that can be found anywhere in a stream, and whether it says that more is to come."""
    found = set()
    for at in range(len(stream)):
        for head, length in ((4, stream[at]), (7, int.from_bytes(stream[at + 2 : at + 4], "big"))):
            body = stream[at : at + length]
            summed = (sum(body) + int.from_bytes(stream[at + length : at + length + 2], "big")) % 0x10000
            if len(body) == length and len(stream) >= at + length + 2 and length > head and summed == 0:
                found.add((body[head + 1 :], bool(body[head - 1] & 2)))
    return found


def newland_stream(data: bytes) -> None:
    """Newland frames: text and answers together are the stream, to the byte; while one is due, a part of it."""
    whole = _heard(NewlandWire(), [data[1:]], False)
    assert _heard(NewlandWire(), _pieces(data), False) == whole
    assert b"".join(_newland_bytes(piece) for piece in whole) == data[1:]
    due = NewlandWire()
    kept = _heard(due, _pieces(data), True)
    missing = len(data[1:]) - sum(len(_newland_bytes(piece)) for piece in kept)
    assert missing >= 0 and (missing == 0) == (due.bad == 0)


def _newland_bytes(piece: Piece) -> bytes:
    """What a piece was on the wire (hardware facts, 5.3)."""
    if isinstance(piece, bytes):
        return piece
    assert isinstance(piece, Answer) and re.fullmatch(rb"[@#][ -~]+[\x05\x06\x15]", piece.data)
    return bytes.fromhex("02 01 30 30 30 30") + piece.data + bytes.fromhex("3B 03")


def de2120_stream(data: bytes) -> None:
    """DE2120: every 06 and 15 is an answer, all else is text, in order."""
    whole = _heard(De2120Wire(), [data[1:]], True)
    assert _heard(De2120Wire(), _pieces(data), True) == whole
    said = [piece.data if isinstance(piece, Answer) else piece for piece in whole]
    assert b"".join(piece for piece in said if isinstance(piece, bytes)) == data[1:]
    assert sum(isinstance(piece, Answer) for piece in whole) == len(re.findall(rb"[\x06\x15]", data[1:]))


def keyboard_events(data: bytes) -> None:
    """Keys: any events, in any pieces, the same readings; only characters of the map; no more of them than Enters."""
    rest = data[1:]
    if data[:1] and data[0] & 1:
        pairs = zip(rest[::2], rest[1::2], strict=False)
        rest = b"".join(INPUT_EVENT.pack(0, 0, value >> 6 & 1 or value >> 7, code, value & 3) for code, value in pairs)
    whole = _heard(KeyWire(), [rest], False)
    assert _heard(KeyWire(), _pieces(data[:1] + rest), False) == whole
    readings = [piece.data for piece in whole if isinstance(piece, Reading)]
    letters = {letter for pair in US_MAP.values() for letter in pair}
    assert all(set(reading) <= letters for reading in readings)
    events = [rest[i : i + 24] for i in range(0, len(rest) - 23, 24)]
    enters = sum(INPUT_EVENT.unpack(each)[2:] in ((1, 28, 1), (1, 96, 1)) for each in events)
    assert len(readings) <= enters


SCANNER_TARGETS = {
    "ssi": ssi_stream,
    "newland": newland_stream,
    "de2120": de2120_stream,
    "keyboard": keyboard_events,
}
SCANNER_SEEDS: dict[str, list[bytes]] = {
    "ssi": [
        bytes.fromhex("00 04 D0 00 00 FF 2C 05 D1 00 00 01 FF 29"),
        bytes.fromhex("07 08 F3 00 00 1C 41 42 43 FE 23") + b"LK1:AB\r",
        bytes.fromhex("05 FF F4 00 0A F4 00 00 1C 41 42 FC 70 07 F3 00 02 1C 41 42 FE 65"),
    ],
    "newland": [
        bytes.fromhex("00 02 01 30 30 30 30 23 53 43 4E 54 52 47 31 06 3B 03") + b"LK1:AB\r",
        bytes.fromhex("09 02 01 30 30 30 30 40 53 43 4E 4D 4F 44 32 15 3B 02 01 30 3B 03"),
    ],
    "de2120": [b"\x03\x06LK1:A\x15B\r\x06", b"\x00^_^SCAN."],
    "keyboard": [
        b"\x01" + bytes((42, 0x41, 38, 0x41, 38, 0x40, 42, 0x40, 2, 0x41, 28, 0x41)),
        b"\x05" + bytes((30, 0x41, 29, 0x41, 30, 0x41, 28, 0x41, 31, 0x41, 3, 0x00, 96, 0x41)),
        b"\x00" + INPUT_EVENT.pack(1, 2, 1, 30, 1) + INPUT_EVENT.pack(1, 2, 1, 28, 1),
    ],
}
