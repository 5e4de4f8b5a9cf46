"""The decoders of lock boards with other protocols as fuzzing targets: KR-CU16, KR-CU48, 8A/80 and Modbus.

As in ``stream_targets``: the cut changes nothing, no byte is lost or made up, a frame that is given out stands in the
stream with a check that holds; here the checks are computed anew, by the papers' words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor

from stream_targets import _pieces as pieces

from drivers import board_8a80_frames, kerong_cu16_frames, kerong_cu48_frames, modbus_frames
from drivers.dialect import Decoder, F
from drivers.kerong_cu48_frames import CU48, CU48B, CommandSet
from sim.modbus_boards import crc


def _same_however_cut(data: bytes, make: Callable[[], Decoder[F]], wire: Callable[[F], bytes]) -> None:
    """Whole and in pieces; frames and garbage are all of the stream, and stand in it in their order."""
    whole, cut, stream = make(), make(), data[1:]
    frames = whole.feed(stream)
    frames += whole.settle()
    found = [frame for piece in pieces(data) for frame in cut.feed(piece)]
    assert found + cut.settle() == frames
    assert (whole.garbage, whole.bad) == (cut.garbage, cut.bad) and not whole.holding
    assert sum(len(wire(frame)) for frame in frames) + whole.garbage == len(stream)
    at = 0
    for frame in frames:
        begun = stream.find(wire(frame), at)
        assert begun >= 0, f"{frame} is not in the stream"
        at = begun + len(wire(frame))


def eight_stream(data: bytes) -> None:
    """8A/80: frames end with silence, and the XOR of all their bytes is 0; none is about no board."""

    def wire(frame: board_8a80_frames.Frame) -> bytes:
        head = bytes((frame.head, frame.address)) + frame.data
        assert 1 <= frame.address <= 31 and len(frame.states) in (0, 2, 3, 4, 5, 6, 7)
        assert frame.states or (frame.lock <= 50 and frame.value in (0x00, 0x11, 0x33))
        return head + bytes((reduce(xor, head),))

    _same_however_cut(data, lambda: board_8a80_frames.Decoder(20), wire)
    single = board_8a80_frames.decode(data[1:])
    assert single is None or wire(single) == data[1:]


def modbus_stream(data: bytes) -> None:
    """Modbus RTU: the far side's own CRC holds, bit by bit; none is to every unit at once."""

    def wire(frame: modbus_frames.Frame) -> bytes:
        body = bytes((frame.unit, frame.function)) + frame.data
        assert 1 <= frame.unit <= 247 and frame.is_question in (True, False)
        return body + crc(body)

    _same_however_cut(data, modbus_frames.Decoder, wire)
    single = modbus_frames.decode(data[1:])
    assert single is None or wire(single) == data[1:]


def _summed(body: bytes) -> bytes:
    return body + bytes((sum(body) % 256,))


def cu16_stream(data: bytes) -> None:
    """KR-CU16: board and lock share a byte, the sum is over everything before it."""

    def wire(frame: kerong_cu16_frames.Frame) -> bytes:
        assert frame.command in (0x30, 0x31, 0x32, 0x33, 0x35, 0x36, 0x37, 0x38) and len(frame.data) in (0, 2, 4)
        return _summed(bytes((0x02, frame.address << 4 | frame.lock, frame.command)) + frame.data + b"\x03")

    _same_however_cut(data, kerong_cu16_frames.Decoder, wire)
    single = kerong_cu16_frames.decode(data[1:])
    assert single is None or wire(single) == data[1:]


def _cu48_stream(data: bytes, commands: CommandSet) -> None:
    def wire(frame: kerong_cu48_frames.Frame) -> bytes:
        asked = frame.command in (commands.status, commands.unlock)
        assert 0 <= frame.address <= 0x0A and (asked or frame.command == commands.reply)
        assert len(frame.data) == (0 if asked else 6) and (not asked or frame.lock <= 0x30)
        return _summed(bytes((0x02, frame.address, frame.lock, frame.command)) + frame.data + b"\x03")

    _same_however_cut(data, lambda: kerong_cu48_frames.Decoder(commands), wire)
    single = kerong_cu48_frames.decode(data[1:], commands)
    assert single is None or wire(single) == data[1:]


def cu48_stream(data: bytes) -> None:
    """KR-CU48 with the maker's commands: nothing is beyond board 0A or, in a request, lock 30."""
    _cu48_stream(data, CU48)


def cu48b_stream(data: bytes) -> None:
    """The other command set: 60, 61, 75; the first one's frames are noise to it."""
    _cu48_stream(data, CU48B)


BOARD_TARGETS: dict[str, Callable[[bytes], None]] = {
    "eight": eight_stream,
    "modbus": modbus_stream,
    "cu16": cu16_stream,
    "cu48": cu48_stream,
    "cu48b": cu48b_stream,
}
BOARD_SEEDS = {
    "cu16": [
        bytes.fromhex("00 02 10 35 7F 00 80 00 03 49"),
        bytes.fromhex("09 FB 02 00 30 03 35 02 00 35 FE FF 01 00 03 38 02 17 31 03 4D"),
        bytes.fromhex("41 02 00 37 00 37 03 73 02 00 38 00 37 03 74 02 F0 32 03 27 02"),
    ],
    "cu48": [
        bytes.fromhex("00 02 00 00 65 07 00 00 00 00 C0 03 31"),
        bytes.fromhex("0B 02 00 17 51 03 6D FF 02 01 00 65 00 00 80 00 00 00 03 EB 02 00 00 50 03 55"),
        bytes.fromhex("33 02 0A 30 51 03 90 02 02 00 00 65 FE FF FF 00 00 00 03 66 02 00"),
    ],
    "cu48b": [
        bytes.fromhex("00 02 00 00 75 07 00 00 00 00 C0 03 41"),
        bytes.fromhex("0B 02 00 17 61 03 7D FF 02 01 00 75 00 00 80 00 00 00 03 FB 02 00 00 60 03 65"),
        bytes.fromhex("33 02 0A 30 61 03 A0 02 02 00 00 75 FE FF FF 00 00 00 03 76 02 00"),
    ],
    "eight": [
        bytes.fromhex("00 80 01 01 01 01 33 B3"),
        bytes.fromhex("07 FA FD 99 8A 01 18 11 82 8A 01 18 00 93 81 01 01 11 90"),
        bytes.fromhex("31 80 01 00 33 B2 80 01 FF FF FF FF 33 B2 80"),
    ],
    "modbus": [
        bytes.fromhex("00 01 05 02 17 00 05 BC 75"),
        bytes.fromhex("09 FF 01 02 00 00 00 18 78 00 01 02 03 FE FF FF 18 0E 01 85 02 C3 51"),
        bytes.fromhex("55 02 03 00 C0 00 02 C4 04 02 03 04 FF FF 00 FF 89 57 02 03"),
    ],
}
