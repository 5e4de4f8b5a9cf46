"""The Kerong codec: the documented frames, damaged ones, and what it can never be made to build."""

from __future__ import annotations

from random import Random

import pytest
from frames import KERONG_BAD, KERONG_FORBIDDEN, KERONG_REPLIES, KERONG_REQUESTS, Printed, raw
from hypothesis import given
from hypothesis import strategies as st

from drivers import kerong_frames as frames
from drivers.kerong_frames import CU12, CU24, Address, Decoder, EchoFilter, Frame, Lock

ALL = KERONG_REQUESTS + KERONG_REPLIES + KERONG_FORBIDDEN


def build(printed: Printed) -> bytes:
    """The documented request, built through the only five ways there are."""
    address = Address(printed.address)
    if printed.command == 0x81:
        return frames.unlock(address, Lock(printed.lock))
    if printed.data:
        return frames.set_unlock_time(address, int.from_bytes(raw(printed.data), "big") * 10)
    return {0x80: frames.status, 0x8F: frames.version, 0x82: frames.query_unlock_time}[printed.command](address)


@pytest.mark.parametrize("printed", KERONG_REQUESTS, ids=lambda p: p.text)
def test_documented_requests_are_built_byte_for_byte(printed: Printed) -> None:
    """Our side writes exactly the document's bytes."""
    assert build(printed) == printed.frame


@pytest.mark.parametrize("printed", ALL, ids=lambda p: p.text)
def test_documented_frames_decode_to_their_fields(printed: Printed) -> None:
    """Every printed frame is accepted, with the fields that the document gives it."""
    expected = Frame(printed.address, printed.lock, printed.command, printed.ask, raw(printed.data))
    assert frames.decode(printed.frame) == expected
    assert Decoder().feed(printed.frame) == [expected]


@pytest.mark.parametrize("text", KERONG_BAD)
def test_bad_frames_are_rejected(text: str) -> None:
    """Wrong sums, other protocols and misprints give no frame, neither whole nor in a stream, nor when it ends."""
    decoder = Decoder()
    assert frames.decode(raw(text)) is None
    assert decoder.feed(raw(text)) + decoder.settle() == []
    assert decoder.garbage == len(raw(text))


@given(address=st.integers(-300, 300), lock=st.integers(-300, 300), profile=st.sampled_from([CU12, CU24]))
def test_no_input_builds_all_locks_or_all_boards(address: int, lock: int, profile: frames.Profile) -> None:
    """Whatever numbers are tried, an unlock names one lock of one board, or is not built at all."""
    try:
        frame = frames.unlock(Address(address), Lock(lock, profile))
    except ValueError:
        assert not (0 <= address <= 15 and 0 <= lock < profile.locks)
        return
    assert (frame[1], frame[2]) == (address, lock)
    assert frame[1] <= 0x0F and frame[2] < profile.locks
    assert frame not in [p.frame for p in KERONG_FORBIDDEN]


@pytest.mark.parametrize("number", [True, 0.0, "0", None, 24, -1, 0x18])
def test_what_is_no_channel_is_no_lock(number: object) -> None:
    """Neither a boolean nor a float nor the board's own "all" makes a lock."""
    with pytest.raises(ValueError, match="channels 0 to 23"):
        Lock(number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="channels 0 to 11"):
        Lock(0x0C, CU12)


def test_an_unlock_takes_types_not_numbers() -> None:
    """A bare number cannot be passed where a checked lock or address belongs."""
    with pytest.raises(TypeError):
        frames.unlock(Address(0), 0x18)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        frames.unlock(0x10, Lock(0))  # type: ignore[arg-type]


@given(st.integers(-10_000, 100_000))
def test_a_pulse_over_the_cap_cannot_be_set(pulse_ms: int) -> None:
    """The set command holds 100 to 1000 ms, in steps of 10 ms, or is not built."""
    if 100 <= pulse_ms <= 1000:
        assert int.from_bytes(frames.set_unlock_time(Address(0), pulse_ms)[-2:], "big") == pulse_ms // 10
    else:
        with pytest.raises(ValueError, match="100 to 1000 ms"):
            frames.set_unlock_time(Address(0), pulse_ms)


@given(
    prefix=st.binary(max_size=30).filter(lambda b: 0x02 not in b),
    order=st.lists(st.sampled_from(ALL), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_frames_are_found_behind_garbage_however_they_are_cut(
    prefix: bytes, order: list[Printed], cuts: list[int]
) -> None:
    """Garbage in front is counted and skipped; the cuts between reads do not matter."""
    stream = prefix + b"".join(p.frame for p in order)
    decoder, found, last = Decoder(), [], 0
    for cut in [*sorted(min(c, len(stream)) for c in cuts), len(stream)]:
        found += decoder.feed(stream[last:cut])
        last = cut
    assert [f.data for f in found] == [raw(p.data) for p in order]
    assert decoder.garbage == len(prefix)


@pytest.mark.parametrize("kept", range(1, 11))
def test_a_truncated_frame_costs_only_itself(kept: int) -> None:
    """After a frame cut anywhere, the next whole one is found, at the latest when the wire falls quiet."""
    cut = KERONG_REPLIES[12].frame[:kept]
    decoder = Decoder()
    found = decoder.feed(cut + KERONG_REPLIES[3].frame) + decoder.settle()
    assert [(f.command, f.lock) for f in found] == [(0x81, 1)]
    assert decoder.garbage == kept


def test_mutated_frames_never_raise_and_never_turn_into_another_command() -> None:
    """20,000 seeded mutations: one changed byte is never accepted, and what is accepted really has that sum."""
    seed = 20_240_501
    chance = Random(seed)
    decoder = Decoder()
    for _ in range(20_000):
        good = chance.choice(ALL)
        data = bytearray(good.frame)
        at, flip = chance.randrange(len(data)), chance.randint(1, 255)
        data[at] ^= flip
        assert frames.decode(bytes(data)) is None, f"seed {seed}: {data.hex(' ')}"
        for _ in range(chance.randint(0, 2)):
            data.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        for frame in decoder.feed(bytes(data)):
            assert frame.command & 0xF0 == 0x80 and len(frame.data) <= 40, f"seed {seed}"
    decoder.settle()
    assert decoder.feed(KERONG_REPLIES[0].frame)


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_leave_the_decoder_usable(chunks: list[bytes]) -> None:
    """Whatever came before, after a quiet moment a good frame is found at once."""
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    decoder.settle()
    assert len(decoder.feed(KERONG_REPLIES[0].frame)) == 1


@pytest.mark.parametrize("cut", range(9))
def test_the_echo_is_taken_off_the_front_however_it_is_cut(cut: int) -> None:
    """Echo and reply in any two pieces: the reply is left."""
    request, reply = KERONG_REQUESTS[0].frame, KERONG_REPLIES[12].frame
    echo = EchoFilter()
    echo.expect(request)
    stream = request + reply
    assert echo.strip(stream[:cut]) + echo.strip(stream[cut:]) == reply


@pytest.mark.parametrize("cut", range(12))
def test_a_reply_without_the_configured_echo_is_not_eaten(cut: int) -> None:
    """A reply begins with the same bytes as its request; they are given back."""
    request, reply = KERONG_REQUESTS[0].frame, KERONG_REPLIES[12].frame
    echo = EchoFilter()
    echo.expect(request)
    assert echo.strip(reply[:cut]) + echo.strip(reply[cut:]) == reply
