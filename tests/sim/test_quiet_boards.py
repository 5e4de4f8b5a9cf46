"""The far sides of KR-CU16 and KR-CU48, fed with the documents' frames, and several boards on one pair of wires."""

from __future__ import annotations

import pytest
from frames import CU16_BAD, CU16_UNLOCKS, CU48_BAD, raw

from sim.body import Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu48 import Cu48Board
from sim.lock_board import LockBoard
from sim.rs485 import Rs485


def ask(board: LockBoard | Rs485, text: str, now_ms: int = 0) -> str:
    """What is answered to a request, in hexadecimal."""
    board.feed(raw(text), now_ms)
    said = b"".join(board.refresh(ms) for ms in range(now_ms, now_ms + 200))
    return said.hex(" ").upper()


def opened(board: LockBoard, *channels: int) -> None:
    """The switches of these channels say open."""
    for channel in channels:
        board.body.stick_sensor(channel, False)


def test_a_cu16_tells_hooks_and_what_lies_inside() -> None:
    """The documented status replies; board 1 has eight locks fitted, the doors 17 to 24."""
    board = Cu16Board(Body(24))
    assert ask(board, "02 00 30 03 35") == "02 00 35 FF FF 00 00 03 38"
    opened(board, 0)
    board.body.compartments[0].papers.append("papers")
    assert ask(board, "02 00 30 03 35", 1000) == "02 00 35 FE FF 01 00 03 38"
    second = Cu16Board(Body(24), address=1, wires=range(16, 24))
    assert ask(second, "02 10 30 03 45") == "02 10 35 FF 00 00 00 03 49"
    opened(second, 23)
    second.stuck[7] = True
    assert ask(second, "02 10 30 03 45", 1000) == "02 10 35 7F 00 80 00 03 49"


@pytest.mark.parametrize(("text", "board", "lock"), CU16_UNLOCKS)
def test_a_cu16_unlocks_and_says_nothing(text: str, board: int, lock: int) -> None:
    """The documented unlocks: one pulse of this lock, no answer; the other board does not stir."""
    boards = [Cu16Board(Body(16), address=number) for number in (0, 1)]
    assert ask(Rs485(boards), text) == ""
    assert boards[board].unlocks == [(0, lock)] and boards[1 - board].unlocks == []
    assert [pulse.channel for pulse in boards[board].body.pulses] == [lock]


def test_a_cu16_pair_answers_all_boards_one_after_the_other() -> None:
    """The logged bus replies, with switches that read 0."""
    pair = [Cu16Board(Body(24), 0, range(16)), Cu16Board(Body(24), 1, range(16, 24))]
    for board in pair:
        opened(board, *range(24))
    assert ask(Rs485(pair), "02 F0 32 03 27") == "02 00 36 00 00 00 00 03 3B 02 10 36 00 00 00 00 03 4B"


def test_a_cu16_asked_for_all_opens_all_and_the_witness_objects() -> None:
    """What the near side must never be able to send."""
    board = Cu16Board(Body(16))
    ask(board, "02 00 33 03 38")
    assert len(board.body.pulses) == 16
    assert [b.what for b in board.body.breaches].count("two_coils") > 0


def test_a_cu16_keeps_its_time_or_has_no_such_command() -> None:
    """Query, setting without an answer, query; where the command is missing there is silence."""
    board = Cu16Board(Body(16), pulse_ms=300)
    assert ask(board, "02 00 37 03 3C") == "02 00 38 00 1E 03 5B"
    assert ask(board, "02 00 37 00 37 03 73", 1000) == ""
    assert ask(board, "02 00 37 03 3C", 2000) == "02 00 38 00 37 03 74"
    board.answers_setting = True
    assert ask(board, "02 00 37 00 37 03 73", 3000) == "02 00 38 00 37 03 74"
    board.commands.discard(0x37)
    assert ask(board, "02 00 37 03 3C", 4000) == ""


def test_a_cu48_answers_as_its_document_shows() -> None:
    """Locks 1, 2, 3, 47 and 48 closed; board 1 with lock 24 only; half used; all boards of the bus."""
    board = Cu48Board(Body(48))
    opened(board, *range(3, 46))
    assert ask(board, "02 00 00 50 03 55") == "02 00 00 65 07 00 00 00 00 C0 03 31"
    other = Cu48Board(Body(48), address=1)
    opened(other, *range(23), *range(24, 48))
    both = ask(Rs485([board, other]), "02 0A 00 50 03 5F", 1000)
    assert both == "02 00 00 65 07 00 00 00 00 C0 03 31 02 01 00 65 00 00 80 00 00 00 03 EB"
    half = Cu48Board(Body(24))
    assert ask(half, "02 00 00 50 03 55") == "02 00 00 65 FF FF FF 00 00 00 03 67"
    opened(half, 0)
    assert ask(half, "02 00 00 50 03 55", 1000) == "02 00 00 65 FE FF FF 00 00 00 03 66"


def test_the_newer_cu48_has_other_command_bytes_only() -> None:
    """60, 61 and 75; the old ones are strange to it."""
    board = Cu48Board(Body(24), kind="kr-cu48b")
    assert ask(board, "02 00 00 60 03 65") == "02 00 00 75 FF FF FF 00 00 00 03 77"
    assert ask(board, "02 00 00 50 03 55", 1000) == ""
    ask(board, "02 00 00 61 03 66", 2000)
    assert board.unlocks == [(2000, 0)]


def test_a_cu48_unlocks_one_or_all_and_says_nothing() -> None:
    """17 is lock 24, 30 is all of them."""
    board = Cu48Board(Body(48))
    assert ask(board, "02 00 17 51 03 6D") == ""
    assert [pulse.channel for pulse in board.body.pulses] == [23]
    assert ask(board, "02 00 30 51 03 86", 5000) == "" and len(board.body.pulses) == 49
    assert ask(board, "02 0A 30 51 03 90", 10_000) == "" and len(board.body.pulses) == 97


@pytest.mark.parametrize(
    ("board", "text"),
    [(Cu16Board(Body(16)), text) for text in CU16_BAD] + [(Cu48Board(Body(48)), text) for text in CU48_BAD],
)
def test_bad_frames_get_no_answer_and_pulse_nothing(board: LockBoard, text: str) -> None:
    """Nor are they answered; a request with a wrong sum is counted."""
    assert ask(board, text) == "" and not board.unlocks


def test_without_power_it_is_silent_and_forgets_if_it_is_one_that_forgets() -> None:
    """What it was about to say is gone; its coils are off; its time may be the default again."""
    board = Cu16Board(Body(16), pulse_ms=550)
    board.forgets_at_reboot = True
    ask(board, "02 00 37 00 1E 03 5A")
    assert board.pulse_ms == 300
    board.feed(raw("02 00 30 03 35"), 1000)
    board.reboot(1001)
    assert board.refresh(1100) == b"" and board.deadline_ms() == 1301
    assert ask(board, "02 00 30 03 35", 1100) == ""
    assert ask(board, "02 00 30 03 35", 1400) != "" and board.pulse_ms == 550


def test_two_boards_with_one_address_spoil_each_others_words() -> None:
    """Both speak at once: what is heard has no sum that holds, once they do not say the same."""
    twins = [Cu16Board(Body(16)), Cu16Board(Body(16))]
    opened(twins[0], 2)
    opened(twins[1], 9)
    wire = Rs485(twins)
    heard = raw(ask(wire, "02 00 30 03 35"))
    assert wire.collisions == 1 and sum(heard[:-1]) % 256 != heard[-1]


def test_a_board_may_be_deaf_while_it_pulses() -> None:
    """A question during that time is lost."""
    board = Cu48Board(Body(48))
    board.deaf_ms = 100
    ask(board, "02 00 00 51 03 56")
    assert ask(board, "02 00 00 50 03 55", 99) == ""
    assert ask(board, "02 00 00 50 03 55", 300) != ""
