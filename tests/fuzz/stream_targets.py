"""The decoders of byte streams as fuzzing targets: lock boards, scanners and lines of text.

Streams arrive in any pieces. So the first byte of an input seeds how the rest is cut, and what must hold is: the cut
changes nothing, no byte is lost or made up, and a frame that is given out stands in the stream with a sum that holds.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from random import Random

from drivers import gm65_frames, kerong_frames
from drivers.gm65_frames import Reply, Sorter
from drivers.kerong_frames import Decoder, EchoFilter, Frame
from drivers.readings import Lines


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


def wire_of(frame: Frame) -> bytes:
    """A frame's bytes, by the document (hardware facts, 1.3): the sum is over the first seven and the data."""
    head = bytes((0x02, frame.address, frame.lock, frame.command, frame.ask, len(frame.data), 0x03))
    return head + bytes(((sum(head) + sum(frame.data)) % 256,)) + frame.data


def kerong_stream(data: bytes, make: type[Decoder] = Decoder) -> None:
    """KR-CU24 frames: cut as you like, the same frames; each is in the stream; frames and garbage are all of it."""
    whole, cut = make(), make()
    stream = data[1:]
    frames = whole.feed(stream)
    frames += whole.settle()
    found = [frame for piece in _pieces(data) for frame in cut.feed(piece)]
    assert found + cut.settle() == frames
    assert (whole.garbage, whole.bad) == (cut.garbage, cut.bad)
    assert sum(len(wire_of(frame)) for frame in frames) + whole.garbage == len(stream)
    at = 0
    for frame in frames:
        begun = stream.find(wire_of(frame), at)
        assert begun >= 0, f"{frame} is not in the stream"
        at = begun + len(wire_of(frame))
        assert kerong_frames.decode(wire_of(frame)) == frame
        time_ms = kerong_frames.unlock_time_ms(frame)
        assert time_ms is None or 0 <= time_ms <= 655_350
    single = kerong_frames.decode(stream)
    assert single is None or wire_of(single) == stream
    _echo(data)


def _echo(data: bytes) -> None:
    """The echo filter takes off our own request and nothing else, in any pieces."""
    request, rest = data[1:9], data[9:]
    for stream in (request + rest, rest):
        echo = EchoFilter()
        echo.expect(request)
        cut = bytes(data[:1]) + stream
        got = b"".join(echo.strip(piece) for piece in _pieces(cut))
        held = request.startswith(stream) and len(stream) < len(request)
        expected = b"" if held else stream[len(request) :] if stream.startswith(request) else stream
        assert got == expected, (request.hex(), stream.hex(), got.hex())


def gm65_stream(data: bytes) -> None:
    """GM65 bytes: text and replies together are the stream, to the byte; while a reply is due, a part of it."""
    sorter = Sorter()
    pieces = [piece for part in _pieces(data) for piece in sorter.feed(part, reply_due=False)]
    wire = b"".join(_wire(piece) for piece in pieces) + sorter.settle(reply_due=False)
    assert wire == data[1:]
    assert sorter.bad == 0 and not sorter.holding
    due = Sorter()
    kept = [piece for part in _pieces(data) for piece in due.feed(part, reply_due=True)]
    tail = due.settle(reply_due=True)
    assert tail == b"" and not due.holding
    missing = len(data[1:]) - sum(len(_wire(piece)) for piece in kept)
    assert (missing == 0) == (due.bad == 0), "bytes are dropped exactly when a damaged reply is counted"
    assert missing >= 0
    whole = Sorter()
    at_once = [*whole.feed(data[1:], reply_due=False), whole.settle(reply_due=False)]
    assert [p for p in at_once if isinstance(p, Reply)] == [p for p in pieces if isinstance(p, Reply)]


def _wire(piece: Reply | bytes) -> bytes:
    """What a piece was on the wire (hardware facts, 5.1); a reply's data and checksum hold."""
    if isinstance(piece, bytes):
        return piece
    assert 1 <= len(piece.data) <= 16
    body = b"\x00\x00" + bytes((len(piece.data),)) + piece.data
    wire = b"\x02" + body
    checked = wire[2:]
    assert gm65_frames.checksum(checked) == crc_hqx(checked, 0).to_bytes(2, "big")
    return wire + gm65_frames.checksum(checked)


def text_lines(data: bytes) -> None:
    """Lines: what stands between CRs and LFs, none empty, none over 1024 bytes, whatever the pieces."""
    lines = Lines()
    found = [line for piece in _pieces(data) for line in lines.feed(piece)]
    pending = lines.pending
    parts = re.split(rb"[\r\n]", data[1:])
    assert found == [part for part in parts[:-1] if 0 < len(part) <= 1024]
    assert lines.overlong == sum(len(part) > 1024 for part in parts)
    assert pending == bool(parts[-1])
    assert lines.take() == (parts[-1] if len(parts[-1]) <= 1024 else b"")
    assert not lines.pending
