"""An 8A/80 board's own ways: both wirings and byte orders, the echo trap, a reply after a second, words unasked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from board_rig import BusBench, Team, a_cabinet
from frames import EIGHT_OPENS, raw
from rig import WIRES, Rig

from drivers.lock_boards import lock_boards
from locker.model import (
    Attend,
    BoardSilent,
    DeviceTrouble,
    DoorSeen,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
)
from sim.board_8a80 import PUSH, EightBoard
from sim.body import Body
from sim.links import Faults, FaultyWire, MemoryPort

ALL = tuple(range(1, 25))
CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN = 1, 0


def a_bench(wiring: int = CLOSED_WHEN_LOCKED, echo: bool = False, **keys: Any) -> tuple[BusBench, EightBoard]:
    """A cabinet of this wiring, both sides of it."""
    bench = BusBench("8a80", echo=echo, closed_bit=wiring, **keys)
    (board,) = bench.boards
    assert isinstance(board, EightBoard)
    board.closed_bit = wiring
    return bench, board


def open_doors(bench: BusBench) -> set[int]:
    """The doors that were last told to be open."""
    return {door for door, is_open in {seen.door: seen.open for seen in bench.told(DoorSeen)}.items() if is_open}


# --- doors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
@pytest.mark.parametrize("order", ["high_first", "low_first"])
@pytest.mark.parametrize(("locks", "length"), [(24, 3), (24, 4), (50, 7)])
def test_every_wiring_and_byte_order_is_read_right(wiring: int, order: str, locks: int, length: int) -> None:
    """Doors 1, 12 and 24 open, whatever the bits mean, in which order the bytes come and how many there are."""
    bench, board = a_bench(wiring, byte_order=order, channels=locks)
    board.byte_order, board.locks, board.state_bytes = order, locks, length  # type: ignore[assignment]
    for door in (1, 12, 24):
        bench.body.stick_sensor(door - 1, False)
    bench.settled()
    assert open_doors(bench) == {1, 12, 24}


def test_a_board_of_8_locks_answers_like_one_of_24() -> None:
    """Seven bytes from eight locks: the length says nothing about the number of locks."""
    cfg = a_cabinet("8a80", channels=8)
    cfg = msgspec.structs.replace(cfg, doors=cfg.doors[:8])
    body = Body(8)
    board = EightBoard(body, locks=8)
    port = MemoryPort(FaultyWire(board))
    rig = Rig(Team(lock_boards(cfg, lambda _: port)), port)
    rig.run(1000)
    rig.order(Pulse(8))
    rig.run(2000)
    assert board.state_bytes == 3 and [pulse.channel for pulse in body.pulses] == [7]
    assert {seen.door for seen in rig.told(DoorSeen)} == set(range(1, 9))
    assert rig.told(DoorSeen)[-1] == DoorSeen(8, True, fresh=True)


def test_too_few_bytes_for_our_doors_are_another_board() -> None:
    """Two bytes are 16 locks: door 24 cannot be on it. No door is told, nothing is pulsed, the trouble is."""
    bench, board = a_bench()
    board.state_bytes, board.locks = 2, 16
    bench.run(5000)
    assert bench.told(DoorSeen) == [] and bench.told(BoardSilent)
    assert [t.what for t in bench.told(DeviceTrouble)] == ["wrong kind of board"]
    bench.order(Pulse(24))
    bench.run(100)
    assert bench.told(PulseDropped) and board.unlocks == []


def test_a_length_that_changes_is_believed_only_when_it_stays() -> None:
    """One reply with a byte more (two damages at once) tells no door; the reading before it does not count either."""
    bench, board = a_bench(byte_order="low_first")
    board.byte_order = "low_first"
    bench.settled()
    board.state_bytes = 4
    bench.run(1000, until=lambda: bench.count("refused") == 1)
    board.state_bytes = 3
    bench.run(3000)
    assert bench.told(DoorSeen)[24:] == [] and bench.count("refused") == 2


def test_a_byte_order_that_is_wrong_is_told_by_the_doors_that_are_opened() -> None:
    """The lock asked for by itself says otherwise than its bit of all: after the third opening a technician is told."""
    bench, _ = a_bench(byte_order="low_first")
    bench.settled()
    for door in (1, 2, 3):
        assert bench.told(DeviceTrouble) == []
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(door - 1, bench.ms)
        bench.run(500)
    assert [t.what for t in bench.told(DeviceTrouble)] == ["byte order in doubt"]


def test_a_right_byte_order_is_never_doubted() -> None:
    """Twenty-four openings; one question after one lock for each."""
    bench, board = a_bench()
    bench.settled()
    for door in ALL:
        bench.order(Pulse(door))
        bench.run(2200)
        bench.body.shut(door - 1, bench.ms)
        bench.run(1000)
    assert bench.told(DeviceTrouble) == []
    assert sum(r.frame[0] == 0x80 and r.frame[2] > 0 for r in board.received) == 24
    assert [(r.frame.hex(" ").upper(), 1, r.frame[2]) for r in board.received if r.frame[0] == 0x8A] == [
        row for row in EIGHT_OPENS if row[1] == 1
    ]


def test_a_board_that_knows_no_question_after_one_lock_is_not_asked_for_ever() -> None:
    """Three times unanswered: told once, and never asked again; its doors are told as ever."""
    bench, board = a_bench()
    board.knows_one = False
    bench.settled()
    for door in range(1, 7):
        bench.order(Pulse(door))
        bench.run(4000)
        bench.body.shut(door - 1, bench.ms)
        bench.run(1000)
    assert [t.what for t in bench.told(DeviceTrouble)] == ["no answer of one lock"]
    assert sum(r.frame[0] == 0x80 and r.frame[2] > 0 for r in board.received) == 3
    assert len([seen for seen in bench.told(DoorSeen) if seen.open]) == 6


# --- the reply to an opening ----------------------------------------------------------------------


@pytest.mark.parametrize("after_ms", [200, 1000, 1450])
def test_the_reply_to_an_opening_is_waited_for(after_ms: int) -> None:
    """After 0.2 or 1 s: nothing is asked before it, then that lock, then all; the door is told after it."""
    bench, board = a_bench()
    board.unlock_exchange_ms = after_ms
    bench.settled()
    begun, ordered_ms = len(bench.log), bench.ms
    bench.order(Pulse(24))
    bench.run(2200)
    said = [event for _, event in bench.log[begun:]]
    assert said == [PulseSent(24), PulseAnswered(24, PulseAnswer.OK), DoorSeen(24, True, fresh=True)]
    later = [r for r in board.received if r.ms > ordered_ms]
    assert later[0].ms >= ordered_ms + after_ms and [r.frame[2] for r in later[:2]] == [24, 0]
    assert bench.count("lost") == bench.count("late") == 0


def test_no_reply_in_one_and_a_half_seconds_is_silence_and_nothing_more() -> None:
    """SILENT; the pulse is not repeated; its late reply is nobody's, and the doors are told."""
    bench, board = a_bench()
    board.unlock_exchange_ms = 1600
    bench.settled()
    bench.order(Pulse(3))
    bench.run(4000)
    assert bench.told(PulseAnswered) == [PulseAnswered(3, PulseAnswer.SILENT)]
    assert len(board.unlocks) == 1 and bench.count("late") == 1
    assert bench.told(DoorSeen)[-1] == DoorSeen(3, True, fresh=True)


def test_a_jammed_lock_is_told_as_failed_on_the_common_wiring() -> None:
    """The reply has the bytes of the order; no echo was noticed, so somebody said it, and it decides nothing."""
    bench, _ = a_bench()
    bench.settled()
    bench.body.jam(4)
    bench.order(Pulse(5))
    bench.run(2500)
    assert bench.told(PulseAnswered) == [PulseAnswered(5, PulseAnswer.FAILED)]
    assert bench.told(DoorSeen)[-1] == DoorSeen(5, False, fresh=True)


def test_opened_in_the_bytes_of_the_order_proves_nothing() -> None:
    """On the other wiring the reply "opened" is the order: the wait is over, nothing is said, the switch tells."""
    bench, _ = a_bench(CLOSED_WHEN_OPEN)
    bench.settled()
    begun, ordered_ms = len(bench.log), bench.ms
    bench.order(Pulse(5))
    bench.run(2500)
    said = bench.log[begun:]
    assert [event for _, event in said] == [PulseSent(5), DoorSeen(5, True, fresh=True)]
    assert 1000 <= said[-1][0] - ordered_ms < 1300, "the reply ended the wait"


def test_a_jammed_lock_on_the_other_wiring_is_told_as_failed() -> None:
    """00 is unlike the order."""
    bench, _ = a_bench(CLOSED_WHEN_OPEN)
    bench.settled()
    bench.body.jam(4)
    bench.order(Pulse(5))
    bench.run(2500)
    assert bench.told(PulseAnswered) == [PulseAnswered(5, PulseAnswer.FAILED)]


# --- the echo trap --------------------------------------------------------------------------------


@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
def test_the_echo_of_an_opening_is_never_an_answer(wiring: int) -> None:
    """Echo noticed and the board dies as it is ordered: SILENT, neither opened nor failed, and no door is told."""
    bench, board = a_bench(wiring, echo=True)
    bench.settled()
    assert [t.what for t in bench.told(DeviceTrouble)] == ["echo"]
    bench.run(1000, until=lambda: bench.ms > board.received[-1].ms + 100)
    begun = len(bench.log)
    bench.order(Pulse(7))
    board.power(False, bench.ms)
    bench.run(6000)
    told = [event for _, event in bench.log[begun:]]
    assert told[:2] == [PulseSent(7), PulseAnswered(7, PulseAnswer.SILENT)]
    assert not [event for event in told if isinstance(event, DoorSeen)] and bench.told(BoardSilent)


@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
@pytest.mark.parametrize("configured", [True, False])
def test_behind_an_echo_the_boards_own_reply_is_found(wiring: int, configured: bool) -> None:
    """Stripped, or noticed by itself: a jam is FAILED, an opening is told by the switch after the reply."""
    bench, _ = a_bench(wiring, echo=True, local_echo=configured)
    bench.settled()
    bench.body.jam(4)
    bench.order(Pulse(5))
    bench.run(2500)
    assert bench.told(PulseAnswered) == [PulseAnswered(5, PulseAnswer.FAILED)]
    ordered_ms = bench.ms
    bench.order(Pulse(6))
    bench.run(2500)
    assert bench.log[-1][1] == DoorSeen(6, True, fresh=True) and bench.log[-1][0] - ordered_ms >= 1000
    assert bench.count("late") == bench.count("lost") == 0
    assert bool(bench.count("echo")) is not configured


def test_a_push_before_a_configured_echo_makes_no_opening_out_of_it() -> None:
    """What comes before the echo keeps it from being stripped; "opened" in these bytes is still not believed."""
    bench, board = a_bench(CLOSED_WHEN_OPEN, echo=True, local_echo=True)
    bench.settled()
    bench.run(1000, until=lambda: bench.ms > board.received[-1].ms + 100)
    bench.order(Pulse(7))
    board.power(False, bench.ms)
    bench.port._inbound[:0] = raw("81 01 02 00 82")
    bench.run(6000)
    assert bench.told(PulseAnswered) == [] or bench.told(PulseAnswered)[0].answer is PulseAnswer.SILENT
    assert DoorSeen(7, True, fresh=True) not in bench.told(DoorSeen)


# --- words unasked --------------------------------------------------------------------------------


@pytest.mark.parametrize("head", PUSH)
@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
def test_a_word_unasked_brings_the_next_look_forward(head: int, wiring: int) -> None:
    """A door forced while nobody is there: seen soon after the board said so, not at the next slow poll."""
    times = {}
    for push in (None, head):
        bench, board = a_bench(wiring, idle_poll_ms=5000)
        if push:
            board.talk(push, bench.ms)
        bench.settled()
        bench.run(6000, until=lambda board=board: len(board.received) > 3)  # type: ignore[misc]
        bench.run(500)
        bench.body.force(8, bench.ms)
        bench.turn()
        forced_ms = bench.ms
        bench.run(6000)
        assert bench.log[-1][1] == DoorSeen(9, True)
        times[push] = bench.log[-1][0] - forced_ms
        assert bench.count("pushed") == (1 if push else 0) and bench.count("late") == 0
    assert times[head] < 300 < 3000 < times[None]


def test_a_word_unasked_is_never_believed() -> None:
    """Somebody says that all doors moved: one look each time, and nothing is told, for nothing moved."""
    bench, _ = a_bench()
    bench.settled()
    begun = len(bench.log)
    for text in ("81 01 01 00 81", "81 01 02 11 93", "82 01 01 11 93", "82 01 01 00 82", "81 02 01 00 82"):
        bench.port.inject(raw(text))
        bench.run(700)
    assert bench.log[begun:] == [] and bench.count("pushed") == 4 and bench.count("late") == 1


def test_words_unasked_amid_every_exchange_disturb_nothing() -> None:
    """A door that flickers talks all the time; openings are answered and told, no reply is lost to it."""
    bench, board = a_bench()
    board.talk(0x81, bench.ms)
    bench.settled()
    bench.order(Attend(True))
    for door in (2, 5, 24):
        bench.order(Pulse(door))
        for _ in range(25):
            bench.port.inject(raw("81 01 09 00 89"))
            bench.run(97)
        bench.body.shut(door - 1, bench.ms)
        bench.run(1500)
    opened = [seen.door for seen in bench.told(DoorSeen) if seen.open]
    assert opened == [2, 5, 24] and bench.count("pushed") >= 75
    assert [a.answer for a in bench.told(PulseAnswered)] == [PulseAnswer.OK] * 3


# --- bytes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("quiet_ms", [5, 20])
@pytest.mark.parametrize("byte_ms", [1, 4])
def test_a_reply_that_trickles_in_is_one_frame(quiet_ms: int, byte_ms: int) -> None:
    """Byte by byte, slower than the wire: the frame ends when the line has been quiet, not before."""
    bench = BusBench("8a80", Faults(byte_ms=byte_ms), quiet_ms=quiet_ms).settled()
    bench.order(Pulse(13))
    bench.run(2500)
    assert bench.told(DoorSeen)[-1] == DoorSeen(13, True, fresh=True)
    assert bench.count("lost") == bench.count("garbage") == 0


def test_garbage_before_each_reply_costs_nothing() -> None:
    """FA FD 99 99 and the like in front of every word of the board: counted, and every door is told."""
    bench = BusBench("8a80")
    bench.wire.to_near = Faults(garbage=1.0)
    bench.settled()
    bench.run(5000)
    assert bench.count("garbage") > 50 and bench.count("lost") <= bench.count("sent") // 10


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
def test_over_every_wire_with_echo_and_pushes_doors_are_told_truly(wire: str, wiring: int) -> None:
    """Ten openings under everything at once: as many coils at the most, each its own; then the truth."""
    bench, board = a_bench(wiring, echo=True)
    board.talk(0x82, bench.ms)
    bench.wire.to_far = bench.wire.to_near = WIRES[wire]
    bench.settled()
    for turn in range(10):
        door = 1 + turn * 7 % 24
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(door - 1, bench.ms)
        bench.run(700)
    sent = [one.door for one in bench.told(PulseSent)]
    assert [lock + 1 for _, lock in board.unlocks] == [
        door for door in sent if door in {n + 1 for _, n in board.unlocks}
    ]
    bench.wire.to_far = bench.wire.to_near = Faults()
    bench.run(5000)
    told = {seen.door: seen.open for seen in bench.told(DoorSeen)}
    assert told == {door: not bench.body.compartments[door - 1].shut for door in ALL}
    assert bench.body.breaches == []
