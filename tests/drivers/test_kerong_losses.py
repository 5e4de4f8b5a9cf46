"""The lock board's driver over bad wires: late, lost and echoed replies, silence, ports that vanish."""

from __future__ import annotations

import pytest
from frames import raw
from rig import DOORS, WIRES, BoardBench, at

from locker.model import (
    BoardBack,
    BoardSilent,
    DeviceTrouble,
    DoorSeen,
    PortBack,
    PortLost,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
)
from sim.kerong_cu24 import FAILED, STATUS, UNLOCK_TIME, VERSION
from sim.links import PERFECT, Faults


def test_a_late_unlock_answer_is_not_taken_for_the_next_pulses() -> None:
    """It lands after its time-out: counted late; the next pulse gets its own answer."""
    bench = BoardBench(pulse_ms=550, unlock_reply_ms=100).settled()
    bench.board.late_reply_ms = 150
    bench.order(Pulse(2))
    bench.run(900)
    assert bench.told(PulseAnswered) == [PulseAnswered(2, PulseAnswer.SILENT)]
    assert bench.count("late") == 1
    bench.board.unlock_ask = FAILED
    bench.order(Pulse(2))
    bench.run(900)
    assert bench.told(PulseAnswered)[1:] == [PulseAnswered(2, PulseAnswer.FAILED)]


@pytest.mark.parametrize("stray", ["02 00 02 81 10 00 03 98", "02 01 17 81 10 00 03 AE", "02 00 17 80 10 00 03 AC"])
def test_an_answer_for_another_lock_board_or_command_is_not_believed(stray: str) -> None:
    """While lock 24's unlock is under way: counted late, and lock 24's own answer is what is told."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.unlock_ask = FAILED
    bench.order(Pulse(1))
    bench.port.inject(raw(stray))
    bench.run(100)
    assert bench.told(PulseAnswered) == [PulseAnswered(1, PulseAnswer.FAILED)]
    assert bench.count("late") == 1


def test_a_late_status_never_answers_the_next_status() -> None:
    """The late reply is from before the door opened; it lands in the version exchange and is not believed."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.late_reply_ms = 150
    bench.run(1000, until=lambda: bench.board.late_reply_ms == 0)
    bench.body.stick_sensor(DOORS[4], False)
    bench.run(3000)
    assert bench.count("late") >= 1
    assert bench.told(DoorSeen)[24:] == [DoorSeen(4, True)]
    lost_at = bench.commands().index(VERSION, 1)
    assert bench.commands()[lost_at - 1 : lost_at + 3] == [STATUS, VERSION, UNLOCK_TIME, STATUS]


def test_a_silent_board_is_told_once_polled_slowly_and_comes_back_with_all_doors() -> None:
    """BoardSilent after five lost replies in a row; then about one question a second; then BoardBack and 24 doors."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.power(False, bench.ms)
    bench.run(2000)
    assert bench.told(BoardSilent) == [BoardSilent("main", tuple(range(1, 25)))]
    sent = bench.count("sent")
    bench.run(20_000)
    assert 15 <= bench.count("sent") - sent <= 20
    assert len(bench.told(BoardSilent)) == 1
    bench.body.stick_sensor(DOORS[6], False)
    bench.board.power(True, bench.ms)
    begun = len(bench.log)
    bench.run(3000)
    events = [e for _, e in bench.log[begun:]]
    assert events[0] == BoardBack("main", tuple(range(1, 25)))
    assert events[1:] == [DoorSeen(door, door == 6) for door in range(1, 25)]


def test_one_lost_reply_is_not_silence() -> None:
    """Less than silent_after in a row: no event at all."""
    bench = BoardBench(pulse_ms=550).settled()
    begun = len(bench.log)
    for _ in range(10):
        bench.board.mute_replies = 4
        bench.run(2000)
    assert bench.log[begun:] == []
    assert bench.count("lost") == 40


def test_another_kind_of_board_counts_as_silent_and_is_never_pulsed() -> None:
    """A CU12 where a CU24 is configured: channel 12 would be its "all"; its status length gives it away."""
    bench = BoardBench(pulse_ms=550)
    bench.board.status_bytes, bench.board.locks, bench.board.all_number = 2, 12, 0x0C
    bench.run(5000)
    assert bench.told(BoardSilent) and not bench.told(BoardBack)
    assert [t.what for t in bench.told(DeviceTrouble)] == ["wrong kind of board"]
    bench.order(Pulse(12))
    bench.run(100)
    assert bench.board.unlocks == [] and len(bench.told(PulseDropped)) == 1


def test_status_refusals_without_end_end_in_silence() -> None:
    """A board that answers everything but the status is not there, as far as doors are concerned."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.commands.discard(STATUS)
    bench.run(20_000)
    assert len(bench.told(BoardSilent)) == 1
    assert bench.count("refused") >= 20


def test_configured_echo_is_stripped_and_costs_nothing() -> None:
    """Everything works, no echo is counted and nothing is garbage."""
    bench = BoardBench(echo=True, local_echo=True, pulse_ms=550).settled()
    bench.order(Pulse(1))
    bench.run(1000)
    assert bench.told(DoorSeen)[-1] == DoorSeen(1, True, fresh=True)
    assert (bench.count("echo"), bench.count("garbage"), bench.count("lost")) == (0, 0, 0)


def test_unconfigured_echo_is_counted_told_once_and_never_believed() -> None:
    """The echo of an unlock is no answer: with a dead board it ends in SILENT, not in OK."""
    bench = BoardBench(echo=True, pulse_ms=550).settled()
    assert [t.what for t in bench.told(DeviceTrouble)] == ["echo"]
    bench.board.mute_replies = 1
    bench.order(Pulse(1))
    bench.run(2000)
    assert bench.told(PulseAnswered) == [PulseAnswered(1, PulseAnswer.SILENT)]
    assert bench.count("echo") == bench.count("sent")


def test_echo_configured_but_absent_loses_no_reply() -> None:
    """A reply begins like its request; it is not eaten."""
    bench = BoardBench(local_echo=True, pulse_ms=550).settled()
    bench.run(5000)
    assert bench.count("lost") == 0


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", range(4))
def test_over_every_wire_doors_are_told_truly_and_no_pulse_is_repeated(wire: str, seed: int) -> None:
    """Forty pulses over each wire: as many unlock frames at the most, each its own door, no breach; then the truth."""
    bench = BoardBench(WIRES[wire], seed=seed, pulse_ms=550).settled()
    for turn in range(40):
        door = 1 + turn * 7 % 24
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(DOORS[door], bench.ms)
        bench.run(700)
        reached = [lock for _, lock in bench.board.unlocks]
        assert len(reached) <= len(bench.told(PulseSent)), f"seed {seed}"
    outcomes = len(bench.told(PulseSent)) + len(bench.told(PulseDropped))
    assert outcomes == 40 and len(bench.told(PulseAnswered)) == len(bench.told(PulseSent)), f"seed {seed}"
    assert bench.body.breaches == [], f"seed {seed}"
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(5000)
    told = {seen.door: seen.open for seen in bench.told(DoorSeen)}
    assert told == {door: not bench.body.compartments[channel].shut for door, channel in DOORS.items()}
    if wire == "lossy":
        assert set(bench.wire.happened) == {"lose", "corrupt", "truncate", "duplicate", "garbage"}, f"seed {seed}"
    else:
        assert len(bench.board.unlocks) == 40


@pytest.mark.parametrize("lose_to", ["far", "near"])
def test_a_pulse_is_never_repeated_under_total_loss(lose_to: str) -> None:
    """Every frame lost one way or the other: at most one unlock reaches the board, one answer is told."""
    bench = BoardBench(pulse_ms=550).settled()
    all_lost = Faults(lose=1.0)
    if lose_to == "far":
        bench.wire.to_far = all_lost
    else:
        bench.wire.to_near = all_lost
    bench.order(Pulse(1))
    bench.run(30_000)
    assert len(bench.board.unlocks) == (0 if lose_to == "far" else 1)
    assert bench.told(PulseAnswered) == [PulseAnswered(1, PulseAnswer.SILENT)]
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(30_000)
    assert len(bench.board.unlocks) == (0 if lose_to == "far" else 1)


def test_a_port_that_vanishes_comes_back_under_another_name() -> None:
    """PortLost and BoardSilent once; tried every second; PortBack with the new name; then the doors."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.port.vanish()
    bench.run(5000)
    assert [type(e) for e in bench.run(1)] == []
    assert len(bench.told(PortLost)) == len(bench.told(BoardSilent)) == 1
    bench.order(Pulse(1))
    bench.turn()
    assert bench.told(PulseDropped) == [PulseDropped(1, "the port is gone")]
    bench.port.come_back("memory:7")
    begun = len(bench.log)
    bench.run(2000)
    events = [e for _, e in bench.log[begun:]]
    assert events[:2] == [PortBack("main", "memory:7"), BoardBack("main", tuple(range(1, 25)))]
    assert len(events) == 2 + 24 and bench.board.unlocks == []


def test_a_port_that_vanishes_during_an_unlock_leaves_it_silent() -> None:
    """It was sent, so it is answered with SILENT, not dropped."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.order(Pulse(1))
    bench.port.vanish()
    bench.run(10)
    assert bench.told(PulseSent) and bench.told(PulseAnswered) == [PulseAnswered(1, PulseAnswer.SILENT)]
    assert bench.told(PortLost) and not bench.told(PulseDropped)


def test_a_port_found_gone_while_writing_drops_the_pulse() -> None:
    """The write fails inside perform: no exception, PulseDropped, PortLost."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.port.vanish()
    bench.cu24.perform(Pulse(1), at(bench.ms))
    bench.run(1)
    assert bench.told(PulseDropped) == [PulseDropped(1, "the port is gone")]
    assert len(bench.told(PortLost)) == 1


def test_a_port_that_is_missing_at_start_is_told_once() -> None:
    """PortLost and BoardSilent, once each."""
    bench = BoardBench(pulse_ms=550)
    bench.port.vanish()
    bench.run(10_000)
    assert [type(e) for _, e in bench.log] == [PortLost, BoardSilent]


def test_a_frame_that_goes_out_in_pieces_is_sent_when_its_last_byte_is() -> None:
    """Three bytes a millisecond: PulseSent comes with the last, and the board obeys once."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.port.write_max = 3
    bench.order(Pulse(1))
    assert bench.turn() == []
    bench.run(50)
    assert len(bench.told(PulseSent)) == 1 and len(bench.board.unlocks) == 1


def test_a_frame_that_never_gets_out_whole_is_dropped_and_forgotten() -> None:
    """The output is stuck: PulseDropped within reply_ms, and nothing of it goes out when the output is free again."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.port.write_max = 0
    bench.order(Pulse(1))
    bench.run(150)
    assert bench.told(PulseDropped) == [PulseDropped(1, "the port took no bytes")]
    bench.port.write_max = 4096
    bench.run(5000)
    assert bench.board.unlocks == []
