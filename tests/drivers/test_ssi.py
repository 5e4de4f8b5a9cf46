"""The SSI wire (GM67): the document's packets, acknowledgements, parts, and set-up codes."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanner_frames import SSI_BAD, SSI_DEVICE_ACK, SSI_DEVICE_NAK, SSI_HOST_ACK, SSI_START, SSI_STOP
from scanner_rig import LONG, TOKEN, WIRES, ScanDesk

from drivers import ssi
from drivers.readings import LINE_BYTES_MAX
from drivers.scanner_wire import Answer, Reading, Say, Trouble
from drivers.ssi import SsiWire
from sim.links import LOSSY, Faults
from sim.ssi import SETUP_PREFIX, SsiScanner, signed

SET = {0x88: 0x63, 0x8A: 0x08, 0xEB: 0x00, 0xEC: 0x00, 0xEE: 0x01}


def decoded(data: bytes, stat: int = 0) -> bytes:
    """A reading of a QR code as the scanner sends it."""
    return signed(bytes((5 + len(data), 0xF3, 0x00, stat)) + b"\x1c" + data)


def test_documented_packets_are_built_byte_for_byte() -> None:
    """Start, stop, our ACK; and a NAK by the same rule."""
    assert bytes.fromhex(SSI_START) == ssi.START and bytes.fromhex(SSI_STOP) == ssi.STOP
    assert bytes.fromhex(SSI_HOST_ACK) == ssi.ACK
    assert bytes.fromhex("05 D1 04 00 01 FF 25") == ssi.NAK_RESEND
    assert ssi.parameter(0x8A, 0x08) == signed(bytes.fromhex("07 C6 04 08 00 8A 08"))


@pytest.mark.parametrize(
    ("text", "data"), [(SSI_DEVICE_ACK, b"\xd0"), (SSI_DEVICE_NAK, b"\xd1\x01")], ids=["ack", "nak"]
)
def test_documented_packets_are_answers_when_one_is_due(text: str, data: bytes) -> None:
    """ACK, and NAK with its reason; when nothing was asked they are nothing: the trigger has one too."""
    assert SsiWire().feed(bytes.fromhex(text), True, 0) == [Answer(data)]
    assert SsiWire().feed(bytes.fromhex(text), False, 0) == []


@pytest.mark.parametrize("text", SSI_BAD)
def test_damaged_packets_are_no_answer(text: str) -> None:
    """Nor are our own packets, echoed."""
    wire = SsiWire()
    pieces = wire.feed(bytes.fromhex(text), True, 0) + wire.settle(True)
    assert not any(isinstance(piece, Answer) for piece in pieces)


@given(st.binary(min_size=1, max_size=240))
def test_a_reading_comes_out_as_it_went_in(data: bytes) -> None:
    """Any bytes, in one piece or byte by byte, acknowledged first."""
    wire = SsiWire()
    assert wire.feed(decoded(data), False, 0) == [Say(ssi.ACK), Reading(data)]
    pieces = [piece for byte in decoded(data) for piece in SsiWire().feed(bytes((byte,)), False, 0)]
    whole = SsiWire()
    cut = [piece for byte in decoded(data) for piece in whole.feed(bytes((byte,)), False, 0)]
    assert cut == [Say(ssi.ACK), Reading(data)] and not any(isinstance(piece, Reading) for piece in pieces)


@given(st.integers(0, 255), st.integers(0, 7))
def test_one_wrong_bit_is_never_a_reading(place: int, bit: int) -> None:
    """The checksum sees every single bit, wherever it is; in the length as well."""
    packet = bytearray(decoded(b"LK1:ABCDEFGH"))
    packet[place % len(packet)] ^= 1 << bit
    wire = SsiWire()
    pieces = wire.feed(bytes(packet), False, 0) + wire.settle(False)
    assert not any(isinstance(piece, Reading) for piece in pieces)


@given(st.binary(max_size=250), st.integers(0, 255))
def test_our_packets_have_the_documents_checksum(data: bytes, op: int) -> None:
    """By the far side's own arithmetic; more than fits is refused."""
    packet = ssi.packet(op, data)
    assert signed(packet[:-2]) == packet and packet[0] == len(packet) - 2
    with pytest.raises(ValueError, match="do not fit"):
        ssi.packet(op, data + b"x" * 251)


def test_the_set_up_reaches_the_scanner_and_it_reads_on_the_hosts_word() -> None:
    """Packets, host trigger, set-up codes closed; kept over a power cut (STAT 08); told to read on after each code."""
    far = SsiScanner()
    desk = ScanDesk("ssi", far)
    desk.run(3000)
    assert far.parameters == SET and {stat for stat, _, _ in far.sets} == {0x08}
    for number in range(5):
        desk.show(f"LK1:{number}")
        desk.run(1000)
    assert desk.codes() == [b"LK1:%d" % number for number in range(5)] and far.unread == []


def test_a_lost_acknowledgement_does_not_make_two_readings() -> None:
    """Sent again with its bit, acknowledged again, told once; without the bit it is another showing."""
    wire = SsiWire()
    assert wire.feed(decoded(b"A"), False, 0) == [Say(ssi.ACK), Reading(b"A")]
    assert wire.feed(decoded(b"A", 0x01), False, 1000) == [Say(ssi.ACK)]
    assert wire.feed(decoded(b"A"), False, 1100) == [Say(ssi.ACK), Reading(b"A")]
    assert wire.feed(decoded(b"A", 0x01), False, 9000) == [Say(ssi.ACK), Reading(b"A")]


def test_a_lost_reading_is_sent_again() -> None:
    """Damaged: asked for at once. Cut off: asked for when it is quiet. Lost altogether: it comes by itself."""
    wire = SsiWire()
    spoilt = bytearray(decoded(b"LK1:AB"))
    spoilt[8] ^= 1
    assert wire.feed(bytes(spoilt), False, 0) == [Say(ssi.NAK_RESEND)]
    assert wire.feed(decoded(b"LK1:AB")[:-3], False, 0) == [] and wire.holding
    assert wire.settle(False) == [Say(ssi.NAK_RESEND)] and wire.bad == 2
    happened: Counter[str] = Counter()
    for seed in range(30):
        desk = ScanDesk("ssi", seed=seed)
        desk.run(3000)
        desk.wire.to_near = Faults(lose=0.25, corrupt=0.25)
        desk.show()
        desk.run(5000)
        assert set(desk.codes()) <= {TOKEN.encode()} and len(desk.codes()) <= 1, f"seed {seed}"
        happened += desk.wire.happened + Counter(read=len(desk.codes()))
    assert happened["lose"] > 5 and happened["corrupt"] > 5 and happened["read"] >= 22, happened


def test_over_a_lossy_wire_no_reading_is_ever_wrong() -> None:
    """Garbage, cuts and flips: what is told was shown, or nothing is told; never half of it."""
    for seed in range(20):
        desk = ScanDesk("ssi", seed=seed)
        desk.run(3000)
        desk.wire.to_near = LOSSY
        for number in range(20):
            desk.show(f"{TOKEN}{number}")
            desk.run(1500)
        shown = {f"{TOKEN}{number}".encode() for number in range(20)}
        assert set(desk.codes()) <= shown and len(desk.codes()) > 10, f"seed {seed}"


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_code_longer_than_a_packet(in_parts: bool) -> None:
    """In the long form, and in parts that say that more is to come."""
    desk = ScanDesk("ssi", SsiScanner(in_parts=in_parts), faults=WIRES["delayed"])
    desk.run(3000)
    for length in (250, 251, 260, 400, 1024):
        desk.show("A" * length)
        desk.run(3000)
    assert [len(code) for code in desk.codes()] == [250, 251, 260, 400, 1024]
    desk.show("A" * 1025)
    desk.run(3000)
    assert len(desk.codes()) == 5


def test_parts_have_a_limit_and_an_age() -> None:
    """Over 1024 bytes in parts: told and dropped. A part whose rest never came is not put before the next code."""
    wire = SsiWire()
    for index in range(5):
        assert wire.feed(decoded(b"A" * 200 + bytes((index,)), 0x02), False, 0) == [Say(ssi.ACK)]
    assert wire.feed(decoded(b"A" * 200), False, 0)[1] == Trouble("code too long", "over 1024 bytes: dropped")
    assert wire.feed(decoded(b"B", 0x02), False, 0) == [Say(ssi.ACK)]
    assert wire.feed(decoded(b"C"), False, 5000) == [Say(ssi.ACK), Reading(b"C")]
    assert 5 * 201 < LINE_BYTES_MAX < 6 * 201


def test_a_setup_code_has_no_effect_once_it_is_set_up() -> None:
    """Before: it reconfigures the scanner. After, with parameter EC refused by none: it is a code like any other."""
    far = SsiScanner()
    far.parameters[0x8A] = 0x04
    far.show(f"{SETUP_PREFIX}88=05", 1000)
    assert far.parameters[0x88] == 0x05
    desk = ScanDesk("ssi", far)
    desk.run(3000)
    desk.show(f"{SETUP_PREFIX}8A=00")
    desk.run(2000)
    assert far.parameters == SET and desk.codes() == [f"{SETUP_PREFIX}8A=00".encode()]


def test_a_firmware_that_refuses_to_shut_its_codes_is_told() -> None:
    """And everything else is set all the same."""
    far = SsiScanner(unknown=(0xEC,))
    desk = ScanDesk("ssi", far)
    desk.run(3000)
    assert desk.troubles() == ["setting refused"] and far.parameters == SET | {0xEC: 0x01}


def test_a_setup_code_that_takes_the_packets_away_is_noticed_and_undone() -> None:
    """Such a firmware obeys it; the next code comes bare, is told all the same, and the settings are made again."""
    far = SsiScanner(unknown=(0xEC,))
    desk = ScanDesk("ssi", far)
    desk.run(3000)
    desk.show(f"{SETUP_PREFIX}EE=00")
    desk.run(2500)
    assert far.parameters[0xEE] == 0
    desk.show()
    desk.run(2000)
    assert desk.codes() == [TOKEN.encode()] and far.parameters[0xEE] == 1
    assert desk.troubles() == ["setting refused", "readings without packets"]
    for _ in range(2):
        desk.show(f"{SETUP_PREFIX}EE=00")
        desk.run(2500)
        desk.show()
        desk.run(2500)
    desk.run(60_000)
    assert far.parameters[0xEE] == 1 and desk.troubles().count("readings without packets") == 1


def test_a_setup_code_that_makes_it_deaf_is_undone_within_six_hours() -> None:
    """Button mode: nothing on the wire gives it away, so it lasts until the settings are made again."""
    far = SsiScanner(unknown=(0xEC,))
    desk = ScanDesk("ssi", far, check_s=60)
    desk.run(3000)
    desk.show(f"{SETUP_PREFIX}88=00")
    desk.run(6 * 3_600_000 + 5000)
    assert far.parameters[0x88] == 0x63
    desk.show()
    desk.run(1000)
    assert desk.codes() == [TOKEN.encode()]


def test_noise_is_not_text_once_packets_were_agreed_on() -> None:
    """Bytes that are no packet and no printable line are counted, not told."""
    desk = ScanDesk("ssi")
    desk.run(3000)
    chance = Random(5)
    for _ in range(200):
        assert desk.says(chance.randbytes(12).replace(b"\r", b"") + b"\x80\r") == []
        desk.run(200)
    assert desk.count("bad") > 100


def test_a_long_code_is_read_over_each_link() -> None:
    """The long form as well."""
    for name in ("perfect", "byte by byte", "delayed"):
        desk = ScanDesk("ssi", faults=WIRES[name])
        desk.run(3000)
        desk.show(LONG)
        desk.run(3000)
        assert desk.codes() == [LONG.encode()], name


def test_while_packets_are_being_agreed_on_again_any_bare_line_is_text() -> None:
    """The first gave the change away; the next may be shorter and is told as well."""
    desk = ScanDesk("ssi")
    desk.run(3000)
    assert desk.says(b"LK1:A\rLK1:ABCDEFGH\rLK1:B\r\r") == [b"LK1:ABCDEFGH", b"LK1:B"]
    assert desk.count("bad") == 1


def test_a_command_that_arrived_damaged_is_said_again() -> None:
    """NAK with reason 01: three times in all, then it counts as refused; other reasons are a refusal at once."""
    script = SsiWire().setup(False)
    first = next(script)
    assert [script.send(b"\xd1\x01") for _ in range(2)] == [first] * 2
    second = script.send(b"\xd1\x01")
    third = script.send(b"\xd1\x06")
    assert len({first, second, third}) == 3
    for _ in ssi.SETTINGS[3:]:
        script.send(b"\xd0")
    with pytest.raises(StopIteration) as stop:
        for _ in range(3):
            script.send(b"\xd0")
    assert [what for what, _ in stop.value.value.troubles] == ["setting refused"] * 2 and stop.value.value.done


def test_the_answer_to_a_trigger_is_not_taken_for_that_to_a_setting() -> None:
    """Settings are not begun before the trigger's own ACK has had its time."""
    desk = ScanDesk("ssi")
    desk.run(3000)
    sent = desk.count("sent")
    desk.run(3000, until=lambda: desk.count("sent") > sent)
    begun_ms = desk.ms
    desk.says(b"LK1:ABCDEFGH\r\r")
    desk.run(199)
    assert desk.troubles() == ["readings without packets"] and desk.count("sent") == sent + 1
    desk.run(1)
    assert desk.ms == begun_ms + 200 and desk.count("sent") == sent + 2
