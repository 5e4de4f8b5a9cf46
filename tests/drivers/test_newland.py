"""The Newland wire: the document's frames, read and read back, and set-up codes noticed and undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanner_frames import NEWLAND_BAD, NEWLAND_QUERY, NEWLAND_START, NEWLAND_STARTED, NEWLAND_STOP
from scanner_rig import TOKEN, WIRES, ScanDesk

from drivers import newland
from drivers.newland import NewlandWire
from drivers.scanner_wire import Answer
from locker.model import DeviceTrouble
from sim.links import Faults
from sim.newland import Newland

SET = {"SCNMOD": "2", "RRDDUR": "1000", "ILLSCN": "1", "AMLENA": "1", "GRBENA": "1", "SETUPE": "0", "ORTSET": "3000"}


def test_documented_commands_are_built_byte_for_byte() -> None:
    """Start, stop and the query of its name."""
    assert newland.command("SCNTRG1") == bytes.fromhex(NEWLAND_START)
    assert newland.command("SCNTRG0") == bytes.fromhex(NEWLAND_STOP)
    assert newland.command("QRYSYS", newland.KEPT) == bytes.fromhex(NEWLAND_QUERY)


def test_the_documented_answer_is_taken_out_of_the_text_around_it() -> None:
    """And belongs to its command, and to no other."""
    wire = NewlandWire()
    pieces = wire.feed(b"LK1:A" + bytes.fromhex(NEWLAND_STARTED) + b"B\r", True, 0)
    assert pieces == [b"LK1:A", Answer(b"#SCNTRG1\x06"), b"B\r"]
    assert wire.answers(newland.command("SCNTRG1"), b"#SCNTRG1\x06")
    assert not wire.answers(newland.command("SCNTRG0"), b"#SCNTRG1\x06")
    assert not wire.answers(newland.command("SCNTRG1", newland.KEPT), b"#SCNTRG1\x06")


@pytest.mark.parametrize("text", NEWLAND_BAD)
def test_a_damaged_answer_is_dropped_while_one_is_due_and_text_else(text: str) -> None:
    """No byte is lost where nothing was asked."""
    wire = NewlandWire()
    found = wire.feed(bytes.fromhex(text), True, 0)
    assert not any(isinstance(piece, Answer) for piece in found)
    assert (wire.bad, found) == (1, []) or text != NEWLAND_BAD[0]
    calm = NewlandWire()
    pieces = calm.feed(bytes.fromhex(text), False, 0) + calm.settle(False)
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == bytes.fromhex(text)


@given(st.from_regex(r"[A-Z0-9]{6}[0-9]{0,10}", fullmatch=True), st.sampled_from("@#"))
def test_an_answer_comes_out_as_it_went_in(words: str, storage: str) -> None:
    """Whole, or byte by byte; with each result."""
    for result in (b"\x06", b"\x15", b"\x05"):
        body = storage.encode() + words.encode() + result
        wire, cut = NewlandWire(), NewlandWire()
        frame = bytes.fromhex("02 01 30 30 30 30") + body + bytes.fromhex("3B 03")
        assert wire.feed(frame, True, 0) == [Answer(body)]
        assert [piece for byte in frame for piece in cut.feed(bytes((byte,)), True, 0)] == [Answer(body)]


@pytest.mark.parametrize("words", ["", "scnmod2", "SCNMOD2;", "SCN", "SCNMOD\x03", "SCNMOD" + "1" * 21])
def test_what_is_no_command_is_refused(words: str) -> None:
    """Nothing can end a frame early."""
    with pytest.raises(ValueError, match="no command"):
        newland.command(words)


@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize("wire", ["perfect", "byte by byte", "delayed"])
def test_the_set_up_writes_what_differs_and_reads_it_back(wire: str, star: bool) -> None:
    """Kept over a power cut; the second time nothing is written."""
    far = Newland(star=star)
    desk = ScanDesk("newland", far, faults=WIRES[wire])
    desk.run(5000)
    assert far.settings == far.kept == SET and desk.troubles() == []
    assert far.writes == ["#SETUPE0", "@SCNMOD2", "@RRDDUR1000"]
    desk.port.vanish()
    desk.run(100)
    far.power_cycle()
    desk.port.come_back()
    desk.run(5000)
    assert far.writes == ["#SETUPE0", "@SCNMOD2", "@RRDDUR1000", "#SETUPE0"]


def test_a_setting_that_is_not_kept_is_told() -> None:
    """Answered with 06, and read back as before."""
    desk = ScanDesk("newland", Newland(unkept=("RRDDUR",)))
    desk.run(5000)
    expected = DeviceTrouble("scanner", "setting not kept", "one second between readings of a code (RRDDUR1000)")
    assert desk.told(DeviceTrouble) == [expected]


def test_a_firmware_without_queries_is_written_to_for_now_and_told() -> None:
    """Believed on its word, not kept, and said so, once each."""
    far = Newland(queries=False)
    desk = ScanDesk("newland", far, check_s=600)
    desk.run(5000)
    assert far.settings == SET and all(write.startswith("#") for write in far.writes)
    desk.run(3_600_000)
    assert desk.troubles() == ["setting not verified"] * 5


def test_a_setup_code_is_noticed_and_undone() -> None:
    """SETUPE1, a mode, SETUPE0: obeyed by the scanner; at the next check found, told, and made again."""
    far = Newland()
    desk = ScanDesk("newland", far, check_s=600)
    desk.run(5000)
    for code in ("@SETUPE1", "@SCNMOD0"):
        desk.show(code)
        desk.run(1000)
    assert far.settings["SCNMOD"] == "0" and far.settings["SETUPE"] == "1"
    desk.run(600_000)
    assert far.settings == SET
    assert desk.told(DeviceTrouble) == [
        DeviceTrouble("scanner", "setting changed", "reads by itself: found changed and made again")
    ]
    desk.show()
    desk.run(500)
    assert desk.codes() == [TOKEN.encode()]


def test_a_setup_code_that_comes_as_text_has_the_settings_looked_at_at_once() -> None:
    """Outside the set-up mode it is text: nothing was changed, and within a second that is known."""
    far = Newland()
    desk = ScanDesk("newland", far)
    desk.run(5000)
    desk.show("@SCNMOD0")
    desk.run(2000)
    assert far.settings == SET and desk.codes() == [b"@SCNMOD0"]
    assert desk.troubles() == ["set-up code shown"]
    assert far.writes.count("#SETUPE0") == 2


def test_answers_that_come_too_late_are_not_believed() -> None:
    """Each 250 ms late against a time-out of 200 ms: told as not configured, nothing kept is written."""
    far = Newland()
    desk = ScanDesk("newland", far, faults=Faults(delay_ms=250))
    desk.run(20_000)
    assert desk.count("late") > 0 and desk.troubles() == ["not configured"]
    assert not any(write.startswith("@") for write in far.writes)


def test_what_only_begins_like_an_answer_does_not_hold_the_text_up() -> None:
    """After 200 bytes without an end it is text, and what follows is read at once."""
    wire = NewlandWire()
    text = bytes.fromhex("02 01 30 30 30 30") + b"A" * 300 + b"\r"
    assert b"".join(piece for piece in wire.feed(text, True, 0) if isinstance(piece, bytes)) == text


def test_after_a_loss_nothing_is_called_changed_and_troubles_are_told_anew() -> None:
    """What comes back may be another scanner: it is set up like the first, and what it cannot do is said again."""
    far = Newland(unkept=("RRDDUR",))
    desk = ScanDesk("newland", far)
    desk.run(5000)
    desk.port.vanish()
    desk.run(2000)
    far.settings["SCNMOD"] = "0"
    desk.port.come_back()
    desk.run(5000)
    assert far.settings["SCNMOD"] == "2"
    assert desk.troubles() == ["setting not kept"] * 2
