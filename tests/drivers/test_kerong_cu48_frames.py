"""The KR-CU48 codec, both command sets: the documented frames, damaged ones, and what it can never be made to build."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from frames import (
    CU48_BAD,
    CU48_FORBIDDEN,
    CU48_REPLIES,
    CU48_STATUS,
    CU48_UNLOCKS,
    CU48B_STATUS,
    CU48B_UNLOCKS,
    raw,
)
from hypothesis import given
from hypothesis import strategies as st

from drivers import kerong_cu48_frames as frames
from drivers.kerong_cu48_frames import CU48, CU48B, Address, CommandSet, Decoder, Frame, Lock

UNLOCKS = [(CU48, *row) for row in CU48_UNLOCKS] + [(CU48B, *row) for row in CU48B_UNLOCKS]
STATUS = [(CU48, *row) for row in CU48_STATUS] + [(CU48B, *row) for row in CU48B_STATUS]
REPLIES = [raw(text) for text, *_ in CU48_REPLIES]
REQUESTS = [raw(text) for text, *_ in (*CU48_UNLOCKS, *CU48_STATUS)]


def as_b(frame: bytes) -> bytes:
    """The same frame in the other command set: 10 more in the command, and in the sum."""
    body = frame[:3] + bytes((frame[3] + 0x10,)) + frame[4:-1]
    return body + bytes((sum(body) % 256,))


@pytest.mark.parametrize(("commands", "text", "board", "lock"), UNLOCKS)
def test_documented_unlocks_are_built_and_understood(commands: CommandSet, text: str, board: int, lock: int) -> None:
    """Byte for byte; coming back as an echo, they are requests with these fields."""
    assert frames.unlock(Address(board), Lock(lock), commands) == raw(text)
    assert frames.decode(raw(text), commands) == Frame(board, lock, commands.unlock)


@pytest.mark.parametrize(("commands", "text", "board"), STATUS)
def test_documented_status_questions_are_built(commands: CommandSet, text: str, board: int) -> None:
    """Byte for byte."""
    assert frames.status(Address(board), commands) == raw(text)


@pytest.mark.parametrize(("text", "board", "locks"), CU48_REPLIES)
def test_documented_replies_are_understood(text: str, board: int, locks: tuple[int, ...]) -> None:
    """Lock 1 is bit 0 of the first data byte, lock 48 bit 7 of the sixth; the same in the other command set."""
    mask = sum(1 << lock - 1 for lock in locks)
    expected = Frame(board, 0, 0x65, mask.to_bytes(6, "little"))
    assert frames.decode(raw(text)) == expected
    assert Decoder().feed(raw(text)) == [expected]
    other = Frame(board, 0, 0x75, mask.to_bytes(6, "little"))
    assert Decoder(CU48B).feed(as_b(raw(text))) == [other]


@pytest.mark.parametrize("text", CU48_BAD)
def test_bad_frames_are_rejected(text: str) -> None:
    """Other protocols, the other command set and damage give no frame, neither whole nor in a stream."""
    decoder = Decoder()
    assert frames.decode(raw(text)) is None
    assert decoder.feed(raw(text)) + decoder.settle() == []
    assert decoder.garbage == len(raw(text))


@given(address=st.integers(-300, 300), lock=st.integers(-300, 300), commands=st.sampled_from([CU48, CU48B]))
def test_no_input_builds_all_locks_or_all_boards(address: int, lock: int, commands: CommandSet) -> None:
    """Whatever numbers are tried, an unlock names one lock of one board, or is not built at all."""
    try:
        frame = frames.unlock(Address(address), Lock(lock), commands)
    except ValueError:
        assert not (0 <= address <= 9 and 0 <= lock <= 47)
        return
    assert tuple(frame[1:4]) == (address, lock, commands.unlock)
    assert frame[1] != 0x0A and frame[2] != 0x30


@pytest.mark.parametrize("commands", [CU48, CU48B])
def test_nothing_on_the_wire_contains_a_frame_for_all(commands: CommandSet) -> None:
    """Every frame of the opening path, and every two in a row: board 0A or lock 30 with a command stands nowhere."""
    said = [frames.unlock(Address(a), Lock(n), commands) for a, n in product(range(10), range(48))]
    said += [frames.status(Address(a), commands) for a in range(10)]
    forbidden = [raw(text) for text in CU48_FORBIDDEN]
    heeded = (commands.status, commands.unlock)
    for first, second in product(said, said[::7] + said[-10:]):
        wire = first + second
        assert not any(frame in wire or as_b(frame) in wire for frame in forbidden)
        for at in range(len(wire) - 5):
            if wire[at] == 2 and wire[at + 3] in heeded and wire[at + 4] == 3:
                assert wire[at + 1] <= 9 and wire[at + 2] <= 47


@pytest.mark.parametrize("number", [True, 0.0, "0", None, 48, -1, 0x30])
def test_what_is_no_lock_is_no_lock(number: object) -> None:
    """Neither a boolean nor a float nor the board's own "all"; and board 0A is every board."""
    with pytest.raises(ValueError, match="channels 0 to 47"):
        Lock(number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has 0 to 9"):
        Address(0x0A)
    with pytest.raises(TypeError):
        frames.unlock(Address(0), 0x30)  # type: ignore[arg-type]


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
    seed = 20_260_302
    chance, decoder = Random(seed), Decoder()
    for _ in range(20_000):
        data = bytearray(chance.choice(REPLIES + REQUESTS))
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
        assert frames.decode(bytes(data)) is None, f"seed {seed}: {data.hex(' ')}"
        for _ in range(chance.randint(0, 2)):
            data.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        decoder.feed(bytes(data))
    decoder.settle()
    assert decoder.feed(REPLIES[0])


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_leave_the_decoder_usable(chunks: list[bytes]) -> None:
    """Whatever came before, after a quiet moment a good frame is found at once; each byte is a frame's or garbage."""
    decoder, frames_bytes = Decoder(), 0
    for chunk in chunks:
        frames_bytes += sum(len(f.data) + 6 for f in decoder.feed(chunk))
    frames_bytes += sum(len(f.data) + 6 for f in decoder.settle())
    assert frames_bytes + decoder.garbage == sum(map(len, chunks))
    assert len(decoder.feed(REPLIES[0])) == 1
