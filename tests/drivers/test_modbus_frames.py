"""The Modbus codec: the documented frames, damaged ones, and what it can never be made to build."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from frames import (
    ELETECHSUP_OFF,
    ELETECHSUP_PULSES,
    MODBUS_ANSWERS,
    MODBUS_BAD,
    MODBUS_FORBIDDEN,
    MODBUS_OTHERS,
    MODBUS_QUESTIONS,
    WAVESHARE_OFF,
    WAVESHARE_PULSES,
    raw,
)
from hypothesis import given
from hypothesis import strategies as st

from drivers import modbus_frames as frames
from drivers.modbus_frames import Decoder, Frame, Relay, Tenths, Unit

ORDERS = [raw(text) for text, *_ in (*WAVESHARE_PULSES, *ELETECHSUP_PULSES)] + [raw(WAVESHARE_OFF), raw(ELETECHSUP_OFF)]
ANSWERS = [raw(text) for text, *_ in MODBUS_ANSWERS]
ASKS = {0x01: frames.ask_coils, 0x02: frames.ask_inputs, 0x03: frames.ask_registers}


@pytest.mark.parametrize(("text", "unit", "relay", "tenths"), WAVESHARE_PULSES)
def test_documented_waveshare_pulses_are_built(text: str, unit: int, relay: int, tenths: int) -> None:
    """Byte for byte; the answer repeats them."""
    assert frames.flash_on(Unit(unit), Relay(relay), Tenths(tenths)) == raw(text)
    assert frames.decode(raw(text)) == Frame(unit, 0x05, bytes((0x02, relay, 0, tenths)))


@pytest.mark.parametrize(("text", "unit", "relay"), ELETECHSUP_PULSES)
def test_documented_eletechsup_pulses_are_built(text: str, unit: int, relay: int) -> None:
    """Byte for byte; an older board's first relay has the number 1."""
    assert frames.momentary(Unit(unit), Relay(relay)) == raw(text)
    older = frames.momentary(Unit(unit), Relay(relay, first=1))
    assert older[2:4] == bytes((0, relay + 1)) and frames.decode(older) is not None


def test_documented_all_off_are_built() -> None:
    """The two ways of switching everything off."""
    assert frames.all_coils_off(Unit(1)) == raw(WAVESHARE_OFF)
    assert frames.all_registers_off(Unit(1)) == raw(ELETECHSUP_OFF)


@pytest.mark.parametrize(("text", "unit", "function", "first", "count"), MODBUS_QUESTIONS)
def test_documented_questions_are_built(text: str, unit: int, function: int, first: int, count: int) -> None:
    """Coils, inputs, registers; coming back, each is known to be a question."""
    if function == 0x01:
        assert frames.ask_coils(Unit(unit), count, first) == raw(text)
    elif function == 0x02:
        assert frames.ask_inputs(Unit(unit), first, count) == raw(text)
    else:
        assert frames.ask_registers(Unit(unit), first, count) == raw(text)
    frame = frames.decode(raw(text))
    assert frame is not None and frame.is_question


@pytest.mark.parametrize(("text", "unit", "function", "data"), MODBUS_ANSWERS)
def test_documented_answers_are_understood(text: str, unit: int, function: int, data: str) -> None:
    """Bits, registers, refusals; whole or in a stream; none is a question."""
    head = b"" if function & 0x80 else bytes((len(raw(data)),))
    expected = Frame(unit, function, head + raw(data))
    assert frames.decode(raw(text)) == expected and not expected.is_question
    assert Decoder().feed(raw(text)) == [expected]


@pytest.mark.parametrize("text", MODBUS_BAD)
def test_bad_frames_are_rejected(text: str) -> None:
    """Misprints, other protocols and damage give no frame, neither whole nor in a stream, nor when it ends."""
    decoder = Decoder()
    assert frames.decode(raw(text)) is None
    assert decoder.feed(raw(text)) + decoder.settle() == []
    assert decoder.garbage == len(raw(text))


@pytest.mark.parametrize("text", MODBUS_FORBIDDEN + MODBUS_OTHERS)
def test_every_documented_frame_has_the_checksum_of_ours(text: str) -> None:
    """Also those that nobody here may send."""
    assert frames.crc(raw(text)[:-2]) == raw(text)[-2:]


@given(
    unit=st.integers(-300, 300),
    relay=st.integers(-300, 300),
    relays=st.integers(-5, 40),
    first=st.integers(-2, 3),
    tenths=st.integers(-100, 70_000),
)
def test_no_input_switches_on_more_than_one_relay_for_a_second(
    unit: int, relay: int, relays: int, first: int, tenths: int
) -> None:
    """Whatever numbers are tried: one relay, at most a second, ended by the board; or nothing is built."""
    try:
        which = (Unit(unit), Relay(relay, relays, first))
        built = [frames.flash_on(*which, Tenths(tenths)), frames.momentary(*which)]
    except ValueError:
        fits = 1 <= unit <= 247 and 0 <= relay < relays <= 32 and first in (0, 1) and 1 <= tenths <= 10
        assert not fits
        return
    flash, press = (frame[:-2] for frame in built)
    assert flash == bytes((unit, 0x05, 0x02, relay + first, 0x00, tenths))
    assert press == bytes((unit, 0x06, 0x00, relay + first, 0x05, 0x00))


@pytest.mark.parametrize("number", [True, 0.0, "0", None, 32, -1, 0xFF])
def test_what_is_no_relay_is_no_relay(number: object) -> None:
    """Neither a boolean nor a float nor FF, which would be all of them; bare numbers are not taken."""
    with pytest.raises(ValueError, match="channels 0 to 31"):
        Relay(number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 to 247"):
        Unit(0)
    with pytest.raises(ValueError, match="1 to 10"):
        Tenths(11)
    with pytest.raises(TypeError):
        frames.flash_on(Unit(1), 0xFF, Tenths(5))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        frames.momentary(1, Relay(0))  # type: ignore[arg-type]


def test_nothing_on_the_wire_contains_a_frame_for_all() -> None:
    """Every order, with every other frame before and behind it: no documented frame that may not be, nor its like."""
    units, relays = [Unit(n) for n in (1, 2, 247)], [Relay(n) for n in range(32)]
    said = {frames.flash_on(u, r, Tenths(t)) for u, r, t in product(units, relays, (1, 5, 10))}
    said |= {frames.momentary(u, r) for u, r in product(units, relays)}
    said |= {frames.all_coils_off(u) for u in units} | {
        frames.all_registers_off(u, base) for u in units for base in (0, 1)
    }
    said |= {frames.ask_coils(u, 32) for u in units} | {frames.ask_registers(u, 0xC0, 2) for u in units}
    forbidden = [raw(text) for text in MODBUS_FORBIDDEN]
    for first, second in product(said, said):
        wire = first + second
        assert not any(frame in wire for frame in forbidden)
    for frame in said:
        function, address, value = frame[1], frame[2:4], frame[4:6]
        assert function in (1, 2, 3, 5, 6) and value not in (b"\xff\x00", b"\x55\x00", b"\x07\x00", b"\x01\x00")
        assert (address != b"\x00\xff" or value == b"\x00\x00") and not (function == 6 and value[0] == 6)


@given(
    prefix=st.binary(max_size=30).filter(lambda b: 0 not in b and not any(1 <= byte <= 0x86 for byte in b)),
    order=st.lists(st.sampled_from(ANSWERS + ORDERS), min_size=1, max_size=6),
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
    assert found + decoder.settle() == [frames.decode(frame) for frame in order]
    assert decoder.garbage == len(prefix) and (prefix or decoder.bad == 0)


def test_one_changed_byte_is_never_accepted_and_mutations_never_raise() -> None:
    """20,000 seeded mutations of every frame; afterwards a good frame is found at once."""
    seed = 20_260_303
    chance, decoder = Random(seed), Decoder()
    for _ in range(20_000):
        data = bytearray(chance.choice(ANSWERS + ORDERS))
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
        assert frames.decode(bytes(data)) is None, f"seed {seed}: {data.hex(' ')}"
        for _ in range(chance.randint(0, 2)):
            data.insert(chance.randrange(len(data) + 1), chance.randrange(256))
        decoder.feed(bytes(data))
    decoder.settle()
    assert decoder.feed(ANSWERS[0]) == [frames.decode(ANSWERS[0])]
    assert decoder.bad > 1000
