"""The KR-CU16 codec: the documented frames, damaged ones, and what it can never be made to build."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from frames import (
    CU16_BAD,
    CU16_FORBIDDEN,
    CU16_REPLIES,
    CU16_STATUS,
    CU16_TIME_REPLY,
    CU16_TIMES,
    CU16_UNLOCKS,
    raw,
)
from hypothesis import given
from hypothesis import strategies as st

from drivers import kerong_cu16_frames as frames
from drivers.kerong_cu16_frames import Address, Decoder, Frame, Lock

REPLIES = [raw(text) for text, *_ in (*CU16_REPLIES, CU16_TIME_REPLY)]
REQUESTS = [raw(text) for text, *_ in (*CU16_UNLOCKS, *CU16_STATUS, *CU16_TIMES)]


@pytest.mark.parametrize(("text", "board", "lock"), CU16_UNLOCKS)
def test_documented_unlocks_are_built_and_understood(text: str, board: int, lock: int) -> None:
    """Byte for byte; coming back as an echo, they are requests with these fields."""
    assert frames.unlock(Address(board), Lock(lock)) == raw(text)
    assert frames.decode(raw(text)) == Frame(board, lock, 0x31)


@pytest.mark.parametrize(("text", "board"), CU16_STATUS)
def test_documented_status_questions_are_built(text: str, board: int) -> None:
    """Byte for byte."""
    assert frames.status(Address(board)) == raw(text)
    assert frames.decode(raw(text)) == Frame(board, 0, 0x30)


@pytest.mark.parametrize(("text", "board", "pulse_ms"), CU16_TIMES)
def test_documented_time_commands_are_built(text: str, board: int, pulse_ms: int | None) -> None:
    """Query and setting; 550 ms are 0037 in units of 10 ms."""
    address = Address(board)
    built = frames.query_unlock_time(address) if pulse_ms is None else frames.set_unlock_time(address, pulse_ms)
    assert built == raw(text)
    assert frames.decode(raw(text)) == Frame(board, 0, 0x37, raw(text)[3:-2])


@pytest.mark.parametrize(("text", "board", "command", "hooks", "items"), CU16_REPLIES)
def test_documented_replies_are_understood(text: str, board: int, command: int, hooks: int, items: int) -> None:
    """Two bytes of hooks, two of sensors, the lowest lock in bit 0; whole or in a stream."""
    expected = Frame(board, 0, command, hooks.to_bytes(2, "little") + items.to_bytes(2, "little"))
    assert frames.decode(raw(text)) == expected
    assert Decoder().feed(raw(text)) == [expected]


def test_the_reply_of_the_unlock_time_is_read() -> None:
    """And no other frame has one."""
    text, board, pulse_ms = CU16_TIME_REPLY
    reply = frames.decode(raw(text))
    assert reply is not None and (reply.address, frames.unlock_time_ms(reply)) == (board, pulse_ms)
    status = frames.decode(raw(CU16_REPLIES[2][0]))
    assert status is not None and frames.unlock_time_ms(status) is None


@pytest.mark.parametrize("text", CU16_BAD)
def test_bad_frames_are_rejected(text: str) -> None:
    """Misprints, other protocols and damage give no frame, neither whole nor in a stream, nor when it ends."""
    decoder = Decoder()
    assert frames.decode(raw(text)) is None
    assert decoder.feed(raw(text)) + decoder.settle() == []
    assert decoder.garbage == len(raw(text))


@given(address=st.integers(-300, 300), lock=st.integers(-300, 300))
def test_no_input_builds_all_locks_or_all_boards(address: int, lock: int) -> None:
    """Whatever numbers are tried, an unlock names one lock of one board, or is not built at all."""
    try:
        frame = frames.unlock(Address(address), Lock(lock))
    except ValueError:
        assert not (0 <= address <= 14 and 0 <= lock <= 15)
        return
    assert (frame[1] >> 4, frame[1] & 15, frame[2]) == (address, lock, 0x31)
    assert frame[1] < 0xF0


def test_nothing_on_the_wire_contains_a_frame_for_all() -> None:
    """Every frame of the opening path, and every two of them in a row: no documented frame for all, nor its like."""
    boards, locks = [Address(n) for n in range(15)], [Lock(n) for n in range(16)]
    said = {frames.unlock(board, lock) for board, lock in product(boards, locks)}
    said |= {frames.status(board) for board in boards} | {frames.query_unlock_time(board) for board in boards}
    said |= {frames.set_unlock_time(board, ms) for board in boards for ms in range(100, 1001, 10)}
    forbidden = [raw(text) for text in CU16_FORBIDDEN]
    for first, second in product(said, [frames.unlock(boards[0], lock) for lock in locks] + [frames.status(boards[1])]):
        for wire in (first + second, second + first):
            assert not any(frame in wire for frame in forbidden)
            assert not any(wire[at] == 2 and wire[at + 2] == 0x33 and wire[at + 3] == 3 for at in range(len(wire) - 3))
            assert not any(wire[at] == 2 and wire[at + 1] >= 0xF0 and wire[at + 3] == 3 for at in range(len(wire) - 3))


@pytest.mark.parametrize("number", [True, 0.0, "0", None, 16, -1, 0x33])
def test_what_is_no_lock_is_no_lock(number: object) -> None:
    """Neither a boolean nor a float nor the command for all; and a board 15 would begin the bytes for all boards."""
    with pytest.raises(ValueError, match="channels 0 to 15"):
        Lock(number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has 0 to 14"):
        Address(15)
    with pytest.raises(TypeError):
        frames.unlock(Address(0), 0x0F)  # type: ignore[arg-type]


@given(st.integers(-10_000, 100_000))
def test_a_pulse_over_the_cap_cannot_be_set(pulse_ms: int) -> None:
    """The setting holds 100 to 1000 ms, in steps of 10 ms, or is not built."""
    if 100 <= pulse_ms <= 1000:
        frame = frames.decode(frames.set_unlock_time(Address(3), pulse_ms))
        assert frame is not None and int.from_bytes(frame.data, "big") == pulse_ms // 10
    else:
        with pytest.raises(ValueError, match="100 to 1000 ms"):
            frames.set_unlock_time(Address(0), pulse_ms)


@given(
    prefix=st.binary(max_size=30).filter(lambda b: 0x02 not in b),
    order=st.lists(st.sampled_from(REPLIES + REQUESTS), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 100), max_size=8),
)
def test_frames_are_found_behind_garbage_however_they_are_cut(
    prefix: bytes, order: list[bytes], cuts: list[int]
) -> None:
    """Garbage in front is counted and skipped; the cuts between reads do not matter."""
    stream = prefix + b"".join(order)
    decoder, found, last = Decoder(), [], 0
    for cut in [*sorted(min(c, len(stream)) for c in cuts), len(stream)]:
        found += decoder.feed(stream[last:cut])
        last = cut
    assert found == [frames.decode(frame) for frame in order]
    assert decoder.garbage == len(prefix) and decoder.bad == 0


def test_one_changed_byte_is_never_accepted_and_mutations_never_raise() -> None:
    """20,000 seeded mutations of every frame; afterwards a good frame is found at once."""
    seed = 20_260_301
    chance, decoder = Random(seed), Decoder()
    for _ in range(20_000):
        data = bytearray(chance.choice(REPLIES + REQUESTS))
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
        assert frames.decode(bytes(data)) is None, f"seed {seed}: {data.hex(' ')}"
        for _ in range(chance.randint(0, 2)):
            data.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        decoder.feed(bytes(data))
    decoder.settle()
    assert decoder.feed(REPLIES[2])


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_leave_the_decoder_usable(chunks: list[bytes]) -> None:
    """Whatever came before, after a quiet moment a good frame is found at once; each byte is a frame's or garbage."""
    decoder, frames_bytes = Decoder(), 0
    for chunk in chunks:
        frames_bytes += sum(len(f.data) + 5 for f in decoder.feed(chunk))
    frames_bytes += sum(len(f.data) + 5 for f in decoder.settle())
    assert frames_bytes + decoder.garbage == sum(map(len, chunks))
    assert len(decoder.feed(REPLIES[2])) == 1
