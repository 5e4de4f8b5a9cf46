"""The 8A/80 codec: the documented frames, damaged ones, bursts, and what it can never be made to build."""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import xor
from random import Random

import pytest
from frames import (
    EIGHT_ALL,
    EIGHT_BAD,
    EIGHT_FORBIDDEN,
    EIGHT_ONES,
    EIGHT_OPENED,
    EIGHT_OPENS,
    EIGHT_PUSHED,
    EIGHT_QUESTIONS,
    raw,
)
from hypothesis import given
from hypothesis import strategies as st

from drivers import board_8a80_frames as frames
from drivers.board_8a80_frames import Address, Decoder, Frame, Lock
from sim.board_8a80 import EightBoard
from sim.body import Body

ABOUT_ONE = [raw(text) for text, *_ in (*EIGHT_OPENS, *EIGHT_OPENED, *EIGHT_QUESTIONS, *EIGHT_ONES, *EIGHT_PUSHED)]
ABOUT_ALL = [raw(text) for text, _ in EIGHT_ALL]


def burst(*parts: bytes) -> list[Frame]:
    """What is found in these bytes when the line falls quiet after them."""
    decoder = Decoder(20)
    found = [frame for part in parts for frame in decoder.feed(part)]
    return found + decoder.settle()


@pytest.mark.parametrize(("text", "board", "lock"), EIGHT_OPENS)
def test_documented_openings_are_built(text: str, board: int, lock: int) -> None:
    """Byte for byte; coming back, they are frames with these fields."""
    assert frames.open_one(Address(board), Lock(lock)) == raw(text)
    assert frames.decode(raw(text)) == Frame(0x8A, board, bytes((lock, 0x11)))


@pytest.mark.parametrize(("text", "board", "lock"), EIGHT_QUESTIONS)
def test_documented_questions_are_built(text: str, board: int, lock: int) -> None:
    """Of one lock and of all."""
    address = Address(board)
    assert (frames.ask_one(address, Lock(lock)) if lock else frames.ask_all(address)) == raw(text)


@pytest.mark.parametrize(("text", "board", "lock", "value"), [*EIGHT_OPENED, *EIGHT_ONES, *EIGHT_PUSHED])
def test_documented_words_about_one_lock_are_understood(text: str, board: int, lock: int, value: int) -> None:
    """Replies to an opening and to a question, and what is said unasked; whole or in a stream."""
    frame = frames.decode(raw(text))
    assert frame is not None and not frame.states
    assert (frame.head, frame.address, frame.lock, frame.value) == (raw(text)[0], board, lock, value)
    assert burst(raw(text)) == [frame]


@pytest.mark.parametrize(("text", "bits"), EIGHT_ALL)
def test_documented_words_about_all_locks_are_understood(text: str, bits: int) -> None:
    """Three bytes or four, the highest locks first; the same where a board of 8 locks has said it."""
    (frame,) = burst(raw(text))
    assert int.from_bytes(frame.states, "big") == bits and frame.value == 0x33


@pytest.mark.parametrize("text", EIGHT_BAD)
def test_bad_frames_are_rejected(text: str) -> None:
    """Misprints, other protocols, other boards' addresses and damage give no frame."""
    assert frames.decode(raw(text)) is None
    assert burst(raw(text)) == []


@pytest.mark.parametrize("text", [text for text in EIGHT_FORBIDDEN if text[:2] != "8A" or len(raw(text)) != 5])
def test_forms_that_open_several_or_hold_are_not_even_understood(text: str) -> None:
    """They are nobody's answer."""
    assert frames.decode(raw(text)) is None


@given(address=st.integers(-300, 300), lock=st.integers(-300, 300), locks=st.integers(-5, 60))
def test_no_input_builds_all_locks(address: int, lock: int, locks: int) -> None:
    """Whatever numbers are tried, an opening names one lock of one board, or is not built at all."""
    try:
        frame = frames.open_one(Address(address), Lock(lock, locks))
    except ValueError:
        assert not (1 <= address <= 31 and 1 <= lock <= locks <= 50)
        return
    assert (frame[0], frame[1], frame[2], frame[3]) == (0x8A, address, lock, 0x11)
    assert frame[2] != 0 and len(frame) == 5 and reduce(xor, frame) == 0


@pytest.mark.parametrize("number", [True, 1.0, "1", None, 0, -1, 51])
def test_what_is_no_lock_is_no_lock(number: object) -> None:
    """Neither a boolean nor a float nor 0, which would be all of them; and bare numbers are not taken."""
    with pytest.raises(ValueError, match="this 8a80 has 1 to 50"):
        Lock(number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 to 31"):
        Address(0)
    with pytest.raises(TypeError):
        frames.open_one(Address(1), 1)  # type: ignore[arg-type]


def test_nothing_on_the_wire_contains_a_frame_for_all() -> None:
    """Every frame of the opening path, and every two of them in a row: no documented frame for all, nor its like."""
    boards, locks = [Address(n) for n in range(1, 32)], [Lock(n) for n in range(1, 51)]
    said = {frames.open_one(board, lock) for board, lock in product(boards, locks)}
    said |= {frames.ask_one(board, lock) for board, lock in product(boards, locks)}
    said |= {frames.ask_all(board) for board in boards}
    every = {n: bytes((0x8A, n, 0, 0x11, 0x8A ^ n ^ 0x11)) for n in range(256)}
    forbidden = {raw(text) for text in EIGHT_FORBIDDEN} | set(every.values())
    for first, second in product(
        said, [frames.open_one(boards[0], lock) for lock in locks] + [frames.ask_all(boards[1])]
    ):
        for wire in (first + second, second + first):
            assert not any(wire[at : at + 5] in forbidden or wire[at : at + 6] in forbidden for at in range(len(wire)))


@given(
    prefix=st.binary(max_size=12).filter(lambda b: not set(b) & {0x80, 0x81, 0x82, 0x8A}),
    order=st.lists(st.sampled_from(ABOUT_ONE + ABOUT_ALL), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 100), max_size=8),
)
def test_frames_are_found_behind_garbage_however_they_are_cut(
    prefix: bytes, order: list[bytes], cuts: list[int]
) -> None:
    """Garbage in front is counted and skipped, frames may stand close together, the cuts do not matter."""
    stream = prefix + b"".join(order)
    decoder, found, last = Decoder(20), [], 0
    for cut in [*sorted(min(c, len(stream)) for c in cuts), len(stream)]:
        found += decoder.feed(stream[last:cut])
        last = cut
    assert decoder.holding
    found += decoder.settle()
    assert found == [frames.decode(frame) for frame in order] and not decoder.holding
    assert decoder.garbage == len(prefix) and decoder.bad == 0


@pytest.mark.parametrize("garbage", ["FA FD 99 99", "80", "8A 01", "80 01 FF", "8A", "82 01 01 11"])
@pytest.mark.parametrize("text", ["80 01 FF FF FE 33 4C", "8A 01 10 11 8A", "8A 01 01 00 8A", "80 01 01 11 91"])
def test_garbage_that_begins_like_a_frame_hides_none(garbage: str, text: str) -> None:
    """A first byte alone is not enough, and an opening may end in one (8A 01 10 11 8A)."""
    assert burst(raw(garbage), raw(text)) == [frames.decode(raw(text))]


def test_the_end_of_a_frame_is_the_silence_and_not_its_first_valid_part() -> None:
    """The first five bytes hold by themselves (its second byte of bits is 33); only all seven are the board's word."""
    states = bytes((0xFE, 0x33, 0xFE ^ 0x80 ^ 0x01 ^ 0x33))
    whole = bytes((0x80, 0x01)) + states + bytes((0x33,))
    whole += bytes((reduce(xor, whole),))
    assert frames.decode(whole[:6]) is None or len(whole[:6]) == 6
    assert [frame.states for frame in burst(whole)] == [states]


def test_a_board_of_any_size_is_understood_at_its_length() -> None:
    """8, 24, 32 and 50 locks: 3, 3, 4 and 7 bytes; two bytes of bits as well, one never (it would be a question)."""
    for length in range(2, 8):
        head = bytes((0x80, 5)) + bytes(range(length)) + b"\x33"
        (frame,) = burst(head + bytes((reduce(xor, head),)))
        assert frame.states == bytes(range(length))
    for locks, length in ((8, 3), (24, 3), (32, 4), (50, 7)):
        assert EightBoard(Body(1), locks=locks).state_bytes == length


def test_mutations_never_raise_and_a_changed_byte_is_never_the_same_frame() -> None:
    """20,000 seeded mutations of every frame; after a silence a good frame is found at once."""
    seed = 20_260_302
    chance, decoder = Random(seed), Decoder(20)
    for _ in range(20_000):
        data = bytearray(chance.choice(ABOUT_ONE + ABOUT_ALL))
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
        assert frames.decode(bytes(data)) is None, f"seed {seed}: {data.hex(' ')}"
        for _ in range(chance.randint(0, 2)):
            data.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        decoder.feed(bytes(data))
        if chance.random() < 0.5:
            decoder.settle()
    decoder.settle()
    assert decoder.feed(ABOUT_ALL[0]) + decoder.settle() == [frames.decode(ABOUT_ALL[0])]
    assert decoder.bad > 100


def test_a_line_that_never_falls_quiet_keeps_nothing_for_ever() -> None:
    """Noise without end is read in pieces of 96 bytes: what is kept stays small, and all of it is counted."""
    decoder, chance = Decoder(20), Random(5)
    for _ in range(500):
        decoder.feed(chance.randbytes(31))
    assert decoder.garbage > 500 * 31 - 96 - 40
