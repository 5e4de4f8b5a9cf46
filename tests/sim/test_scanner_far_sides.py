"""The far sides of the other scanners, against the document's own frames: nothing of ours is between them."""

from __future__ import annotations

import pytest
from scanner_frames import (
    DE2120_SCAN,
    HONEYWELL_READ,
    HONEYWELL_STOP,
    NEWLAND_QUERY,
    NEWLAND_START,
    NEWLAND_STARTED,
    NEWLAND_STOP,
    SSI_BAD,
    SSI_DEVICE_ACK,
    SSI_DEVICE_NAK,
    SSI_HOST_ACK,
    SSI_START,
    SSI_STOP,
)

from sim.de2120 import De2120
from sim.line_scanner import LineScanner
from sim.newland import Newland
from sim.rates import RatedPort
from sim.ssi import SsiScanner, signed
from sim.window import Outbox, Window


def ask(far: SsiScanner | De2120 | Newland, text: str, now_ms: int = 0) -> str:
    """Say this; what comes back within half a second, in hexadecimal."""
    far.feed(bytes.fromhex(text), now_ms)
    return far.refresh(now_ms + 500).hex(" ").upper()


@pytest.mark.parametrize("text", [SSI_START, SSI_STOP, SSI_HOST_ACK, SSI_DEVICE_ACK, SSI_DEVICE_NAK])
def test_the_documented_packets_have_the_far_sides_checksum(text: str) -> None:
    """16 bits of two's complement, high byte first."""
    assert signed(bytes.fromhex(text)[:-2]) == bytes.fromhex(text)


def test_an_ssi_scanner_acknowledges_what_it_is_told() -> None:
    """Start, stop, enable with an ACK; what it does not know with a NAK; nothing to an ACK of ours."""
    far = SsiScanner()
    assert [ask(far, text) for text in (SSI_START, SSI_STOP)] == [SSI_DEVICE_ACK] * 2
    assert ask(far, signed(bytes.fromhex("04 E9 04 00")).hex(), 1000) == SSI_DEVICE_ACK
    assert (
        ask(far, signed(bytes.fromhex("04 A3 04 00")).hex(), 2000)
        == signed(bytes.fromhex("05D1000002")).hex(" ").upper()
    )
    assert ask(far, SSI_HOST_ACK, 3000) == ""


@pytest.mark.parametrize("text", SSI_BAD)
def test_an_ssi_scanner_is_silent_at_damaged_packets(text: str) -> None:
    """And at those that are not from a host."""
    far = SsiScanner()
    assert ask(far, text) == ""
    assert ask(far, SSI_START, 5000) == SSI_DEVICE_ACK


def test_an_ssi_scanner_sends_again_without_an_acknowledgement() -> None:
    """Three times in all, marked from the second on; not again after an ACK."""
    far = SsiScanner()
    far.parameters |= {0xEE: 1, 0x8A: 0x04}
    far.show("A", 0)
    sent = [far.refresh(ms) for ms in (0, 999, 1000, 2000, 3000, 9000)]
    first, again = signed(bytes.fromhex("06F30000 1C41")), signed(bytes.fromhex("06F30001 1C41"))
    assert sent == [first, b"", again, again, b"", b""]
    far.show("B", 10_000)
    assert far.refresh(10_000)[5:6] == b"B"
    far.feed(bytes.fromhex(SSI_HOST_ACK), 10_010)
    assert far.refresh(20_000) == b""


def test_an_ssi_scanner_reads_only_when_it_is_told() -> None:
    """In host mode: one code a word; a bare one with CR while packets are off."""
    far = SsiScanner()
    far.parameters[0x8A] = 0x08
    far.show("A", 0)
    assert far.refresh(100) == b"" and far.unread == ["A"]
    far.feed(bytes.fromhex(SSI_START), 200)
    far.refresh(300)
    far.show("B", 300)
    assert far.refresh(300) == b"B\r"
    far.show("C", 400)
    assert far.refresh(500) == b""


def test_a_newland_answers_with_its_own_words() -> None:
    """Start as printed; stop; its name; an unknown command with 05, a bad value with 15."""
    far = Newland()
    assert ask(far, NEWLAND_START) == NEWLAND_STARTED
    assert ask(far, NEWLAND_STOP, 1000).endswith("30 06 3B 03")
    assert ask(far, NEWLAND_QUERY, 2000).startswith("02 01 30 30 30 30 40 51 52 59 53 59 53")
    assert ask(far, b"\x7e\x010000#ABCDEF1;\x03".hex(), 3000).endswith("31 05 3B 03")
    assert ask(far, b"\x7e\x010000#SCNMODx;\x03".hex(), 4000).endswith("78 15 3B 03")
    assert ask(far, b"\x7e\x010000#SCNMOD*;\x03".hex(), 5000) == b"\x02\x010000#SCNMOD0\x06;\x03".hex(" ").upper()


def test_a_newland_keeps_what_is_kept_and_no_more() -> None:
    """``#`` until the power goes, ``@`` over it; set-up codes count between SETUPE1 and SETUPE0."""
    far = Newland()
    ask(far, b"\x7e\x010000@ILLSCN0;\x03".hex())
    ask(far, b"\x7e\x010000#AMLENA0;\x03".hex())
    far.power_cycle()
    assert (far.settings["ILLSCN"], far.settings["AMLENA"]) == ("0", "1")
    far.settings["SCNMOD"] = "2"
    far.show("@AMLENA0", 0)
    assert far.refresh(0) == b"@AMLENA0\r\n" and far.settings["AMLENA"] == "1"
    for code in ("@SETUPE1", "@AMLENA0", "@SETUPE0"):
        far.show(code, 10)
    assert far.refresh(10) == b"" and far.settings["AMLENA"] == "0" and far.settings["SETUPE"] == "0"


def test_a_de2120_answers_with_one_byte() -> None:
    """06, or 15 for what it does not know; its firmware after 430 ms; a reading after SCAN, with CR."""
    far = De2120()
    assert ask(far, DE2120_SCAN) == "06"
    far.show("A", 600)
    assert far.refresh(600) == b"A\r"
    assert ask(far, b"^_^NOSUCH.".hex(), 1000) == "15"
    far.feed(b"^_^DSPYFW.", 2000)
    assert far.refresh(2429) == b"" and far.refresh(2430).endswith(b"\x06")


def test_a_de2120_obeys_its_codes_and_can_be_taken_off_the_wire() -> None:
    """Baud, mode, interface; DEFALT makes it a keyboard again."""
    far = De2120()
    far.feed(b"^_^SCMCNT.", 0)
    far.show("^_^232BAD5.", 10)
    assert far.baud == 9600
    far.feed(b"^_^DEFALT.", 100)
    far.feed(b"^_^SCAN.", 200)
    assert far.received == ["SCMCNT", "DEFALT"] and far.baud == 115_200


def test_a_triggered_scanner_reads_on_the_documents_bytes() -> None:
    """On, a code, off; and its own time limit."""
    far = LineScanner(triggered=True, read_ms=1000)
    far.show("A", 0)
    far.feed(bytes.fromhex(HONEYWELL_READ), 10)
    far.show("B", 20)
    far.show("C", 30)
    far.feed(bytes.fromhex(HONEYWELL_READ), 40)
    far.feed(bytes.fromhex(HONEYWELL_STOP), 50)
    far.show("D", 60)
    far.feed(bytes.fromhex(HONEYWELL_READ), 70)
    far.show("E", 1070)
    assert far.refresh(2000) == b"B\r" and far.unread == ["A", "C", "D", "E"]


def test_a_wrong_rate_is_heard_as_something_else() -> None:
    """Both ways; at the right one it is a port like any other."""
    far = LineScanner()
    port = RatedPort(far, lambda: 115_200)
    for baud, heard in ((9600, False), (115_200, True)):
        port.retune(baud)
        port.open()
        far.show("LK1:ABC", 0)
        port.advance(0)
        port.write(b"hello")
        assert (port.read() == b"LK1:ABC\r") == (far.received.endswith(b"hello")) == heard
    assert port.line.garbled == 2 and port.tried == [9600, 115_200]


def test_what_leaves_keeps_its_order() -> None:
    """A window looks at each interval while a code is held; an outgoing wire never lets a later byte pass."""
    window, outbox = Window(), Outbox()
    window.hold("A", 100, 1000)
    assert [at for at, _ in window.looks(10_000, 400)] == [100, 500, 900]
    outbox.say(b"1", 50)
    outbox.say(b"2", 10)
    assert outbox.leaving(49) == b"" and outbox.leaving(50) == b"12"
    outbox.say(b"3", 60)
    outbox.clear()
    assert outbox.deadline_ms() is None and window.deadline_ms() is None
