"""Every decoder against every other protocol: a frame of another board is noise, and which two can be taken for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor

import frames
import pytest
from frames import GM812_BEAT, SCU_BAD, SCU_OPEN, WINNSEN, WKLY, raw

from drivers import board_8a80_frames as eight
from drivers import gm65_frames, kerong_frames, modbus_frames
from drivers import kerong_cu16_frames as cu16
from drivers import kerong_cu48_frames as cu48
from drivers.kerong_cu48_frames import CU48B

TABLES = {
    "cu24": (frames.KERONG_REQUESTS, frames.KERONG_FORBIDDEN, frames.KERONG_REPLIES),
    "cu16": (frames.CU16_UNLOCKS, frames.CU16_STATUS, frames.CU16_TIMES, frames.CU16_REPLIES, frames.CU16_FORBIDDEN),
    "cu48": (frames.CU48_UNLOCKS, frames.CU48_STATUS, frames.CU48_REPLIES, frames.CU48_FORBIDDEN),
    "cu48b": (frames.CU48B_UNLOCKS, frames.CU48B_STATUS),
    "8a80": (
        *(frames.EIGHT_OPENS, frames.EIGHT_OPENED, frames.EIGHT_QUESTIONS, frames.EIGHT_ONES, frames.EIGHT_ALL),
        *(frames.EIGHT_PUSHED, frames.EIGHT_FORBIDDEN),
    ),
    "modbus": (
        *(frames.WAVESHARE_PULSES, frames.ELETECHSUP_PULSES, frames.MODBUS_QUESTIONS, frames.MODBUS_ANSWERS),
        *(frames.MODBUS_FORBIDDEN, frames.MODBUS_OTHERS, (frames.WAVESHARE_OFF, frames.ELETECHSUP_OFF)),
    ),
    "scu": ((SCU_OPEN, SCU_BAD),),
    "wkly": (WKLY,),
    "winnsen": (WINNSEN,),
    "gm65": (frames.GM65_COMMANDS, frames.GM65_SILENT, (frames.GM65_FAST_REPLY, GM812_BEAT)),
}
DECODERS: dict[str, Callable[[bytes], object]] = {
    "cu24": kerong_frames.decode,
    "cu16": cu16.decode,
    "cu48": cu48.decode,
    "cu48b": lambda data: cu48.decode(data, CU48B),
    "8a80": eight.decode,
    "modbus": modbus_frames.decode,
}
STREAMS: dict[str, Callable[[], object]] = {
    "cu24": kerong_frames.Decoder,
    "cu16": cu16.Decoder,
    "cu48": cu48.Decoder,
    "cu48b": lambda: cu48.Decoder(CU48B),
    "modbus": modbus_frames.Decoder,
}


def texts(protocol: str) -> list[str]:
    """Every frame printed of a protocol."""
    found: list[str] = []
    for table in TABLES[protocol]:
        for row in table:
            first = row if isinstance(row, str) else row.text if isinstance(row, frames.Printed) else row[0]
            found.append(first)
    return found


def test_no_decoder_takes_another_protocols_frame() -> None:
    """All frames that the papers print, each at all decoders but its own: none is a frame there."""
    taken = [
        (mine, theirs, text)
        for mine, decode in DECODERS.items()
        for theirs in TABLES
        for text in texts(theirs)
        if mine != theirs and decode(raw(text)) is not None
    ]
    assert taken == []


def test_each_decoder_takes_its_own() -> None:
    """So that the test above is about something: each knows the most of its own papers."""
    for name, decode in DECODERS.items():
        known = [text for text in texts(name) if decode(raw(text)) is not None]
        assert len(known) >= 0.7 * len(texts(name)), name


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_of_foreign_frames_hides_no_frame(name: str) -> None:
    """All foreign frames one after the other, as on a bus with strangers: nothing is made of them but garbage."""
    decoder = STREAMS[name]()
    foreign = b"".join(raw(text) for other in TABLES if other != name for text in texts(other))
    found = decoder.feed(foreign) + decoder.settle()  # type: ignore[attr-defined]
    assert found == [] and decoder.garbage == len(foreign)  # type: ignore[attr-defined]


def test_the_checksums_of_the_boards_that_are_not_driven() -> None:
    """XOR over a WKLY frame, in which its own length stands; the SCU's sum, right once and wrong once."""
    for text in WKLY:
        frame = raw(text)
        assert frame[4] == len(frame) and reduce(xor, frame) == 0
    assert sum(raw(SCU_OPEN)[:6]) % 256 == raw(SCU_OPEN)[6]
    assert sum(raw(SCU_BAD)[:6]) % 256 == 0x28 != raw(SCU_BAD)[6]


def test_a_gm812s_heartbeat_is_no_answer_of_a_gm65() -> None:
    """It begins with 03: text to us, while nothing is due and while something is."""
    for due in (False, True):
        sorter = gm65_frames.Sorter()
        pieces = [*sorter.feed(raw(GM812_BEAT), due), sorter.settle(due)]
        assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == raw(GM812_BEAT)
        assert not [piece for piece in pieces if isinstance(piece, gm65_frames.Reply)]
