"""The DE2120 wire: the document's commands, one byte as the answer, set-up codes that are the commands themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scanner_frames import DE2120_NAMES, DE2120_SCAN
from scanner_rig import TOKEN, ScanDesk

from drivers import de2120
from drivers.de2120 import De2120Wire
from drivers.scanner_wire import Answer
from sim.de2120 import De2120

SET = {"SCM": "CNT", "CNTALW": "3", "CIDENA": "0", "LAMENA": "1", "AIMENA": "1"}


def settings(far: De2120) -> dict[str, str]:
    """What we set of it."""
    return {name: far.settings[name] for name in SET}


def test_the_documented_command_is_built_byte_for_byte() -> None:
    """SCAN."""
    assert de2120.command("SCAN") == bytes.fromhex(DE2120_SCAN)


@pytest.mark.parametrize("name", DE2120_NAMES)
def test_every_documented_command_is_known_to_the_far_side(name: str) -> None:
    """Built by us, understood there, answered."""
    far = De2120()
    far.feed(de2120.command(name), 0)
    assert far.received == [name]
    assert far.refresh(1000).endswith(b"\x06")


@pytest.mark.parametrize("name", ["", "SCM", "scan", "SCAN.", "^_^SCAN", "SCAN\r", "A" * 13])
def test_what_is_no_command_is_refused(name: str) -> None:
    """Nothing can end a command early."""
    with pytest.raises(ValueError, match="no command"):
        de2120.command(name)


@given(st.lists(st.sampled_from([b"\x06", b"\x15", b"LK1:ABC\r", b"^_^", b"\r\n", b"\x80"]), max_size=12))
def test_answers_are_taken_out_of_the_text_and_nothing_else(parts: list[bytes]) -> None:
    """All bytes come out once, in order."""
    pieces = De2120Wire().feed(b"".join(parts), True, 0)
    said = [piece.data if isinstance(piece, Answer) else piece for piece in pieces]
    assert b"".join(piece for piece in said if isinstance(piece, bytes)) == b"".join(parts)
    assert [p.data for p in pieces if isinstance(p, Answer)] == [p for p in parts if p in (b"\x06", b"\x15")]


def test_the_set_up_reaches_the_scanner() -> None:
    """Continuous, once a second; a code held still is told each second."""
    far = De2120()
    desk = ScanDesk("de2120", far)
    desk.run(3000)
    assert settings(far) == SET and desk.troubles() == []
    desk.show(TOKEN, held_ms=2500)
    desk.run(4000)
    assert desk.codes() == [TOKEN.encode()] * 3


def test_a_refused_setting_is_told_and_the_others_are_made() -> None:
    """15 instead of 06."""
    far = De2120(refused=("AIMENA1", "CNTALW3"))
    desk = ScanDesk("de2120", far)
    desk.run(3000)
    assert far.settings["SCM"] == "CNT" and desk.troubles() == ["setting refused"] * 2


def test_one_that_is_still_a_keyboard_is_told() -> None:
    """As it leaves the factory it says nothing on the wire."""
    desk = ScanDesk("de2120", De2120(interface="KBD"))
    desk.run(10_000)
    assert desk.troubles() == ["not configured"]


def test_an_answer_is_never_part_of_a_code() -> None:
    """A late 06 does not stick to the next code."""
    desk = ScanDesk("de2120", configure=False)
    desk.run(10)
    assert desk.says(b"\x06LK1:\x15ABC\r") == [b"LK1:ABC"]
    assert desk.count("late") == 2


def test_a_setup_code_lasts_until_the_settings_are_made_again() -> None:
    """Nothing shuts them and nothing on the wire gives one away: six hours at most, whatever ``check_s`` says."""
    far = De2120()
    desk = ScanDesk("de2120", far, check_s=60)
    desk.run(3000)
    desk.show("^_^SCMMAN.")
    desk.run(2000)
    assert far.settings["SCM"] == "MAN"
    desk.show()
    desk.run(6 * 3_600_000)
    assert settings(far) == SET and far.unread == [TOKEN]
    desk.show()
    desk.run(500)
    assert desk.codes() == [TOKEN.encode()]


def test_a_setup_code_that_comes_as_text_has_the_settings_made_again_but_not_for_ever() -> None:
    """At once the first time; somebody who goes on showing it wears the scanner's memory once a minute, not more."""
    far = De2120(refused=())
    desk = ScanDesk("de2120", far)
    desk.run(3000)
    made = len(far.received)
    for _ in range(100):
        desk.show("^_^NONSENSE.")
        desk.run(1100)
    assert desk.troubles() == ["set-up code shown"] * 2
    assert len(far.received) - made <= 3 * 5


def test_a_setup_code_that_takes_it_off_the_wire_is_told_at_the_next_look() -> None:
    """PORKBD: it does not answer any more; that is all that can be known, and it is said."""
    far = De2120()
    desk = ScanDesk("de2120", far)
    desk.run(3000)
    desk.show("^_^PORKBD.")
    desk.run(6 * 3_600_000 + 10_000)
    assert desk.troubles() == ["not configured"]
