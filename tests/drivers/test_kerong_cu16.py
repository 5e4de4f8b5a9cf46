"""What a KR-CU16 has and the others have not: sensors inside, and a pulse time that may be asked."""

from __future__ import annotations

import pytest
from board_rig import BusBench

from locker.model import DeviceTrouble, DoorSeen, Pulse, PulseDropped
from sim.kerong_cu16 import STATUS, TIME, Cu16Board
from sim.links import PERFECT, Faults

ALL = tuple(range(1, 25))


def boards(bench: BusBench) -> list[Cu16Board]:
    """The far sides, as what they are."""
    return [board for board in bench.boards if isinstance(board, Cu16Board)]


def commands(bench: BusBench, at: int = 0) -> list[int]:
    """The commands that reached one board, in order."""
    return [r.frame[2] for r in bench.boards[at].received if r.frame[1] >> 4 == bench.boards[at].address]


# --- what lies inside -----------------------------------------------------------------------------


def test_what_lies_inside_is_told_where_there_is_a_sensor() -> None:
    """Doors with a sensor say yes or no, the others None; door 24 is the second board's eighth."""
    bench = BusBench("kr-cu16", sensing=(1, 2, 24))
    for channel in (0, 4, 23):
        bench.body.compartments[channel].papers.append("papers")
    bench.settled()
    bench.run(1000)
    told = {seen.door: seen.occupied for seen in bench.told(DoorSeen)}
    assert told == {door: {1: True, 2: False, 24: True}.get(door) for door in ALL}


def test_papers_laid_in_are_told_without_the_door_moving() -> None:
    """A change inside is a DoorSeen of its own, after two readings; the door's own state is repeated in it."""
    bench = BusBench("kr-cu16", sensing=ALL).settled()
    bench.order(Pulse(17))
    bench.run(1000)
    begun = len(bench.log)
    bench.body.compartments[16].papers.append("papers")
    bench.run(1000)
    assert [e for _, e in bench.log[begun:]] == [DoorSeen(17, True, True, fresh=True)]
    bench.body.compartments[16].papers.clear()
    assert bench.run(1000) == [DoorSeen(17, True, False, fresh=True)]


def test_a_chattering_sensor_inside_holds_up_no_door() -> None:
    """Two differ at every reading: their own word stays open, the door's is told, and the polls keep their interval."""
    bench = BusBench("kr-cu16", sensing=ALL).settled()
    board, before = boards(bench)[0], len(bench.questions())
    end_ms = bench.ms + 30_000
    opened = False
    while bench.ms < end_ms:
        asked = len(bench.questions())
        bench.run(1000, until=lambda asked=asked: len(bench.questions()) > asked)  # type: ignore[misc]
        board.stuck[2], board.stuck[4] = asked % 2 == 0, asked % 2 == 1
        if not opened and bench.ms > end_ms - 20_000:
            bench.body.stick_sensor(2, False)
            opened = True
    assert bench.told(DoorSeen)[-1] == DoorSeen(3, True, False)
    assert len(bench.questions()) - before <= 30_000 / 250 + 14


# --- the pulse time -------------------------------------------------------------------------------


def test_without_the_command_in_the_configuration_the_time_is_never_asked() -> None:
    """Command 37 is known from one source: nobody sends it unasked."""
    bench = BusBench("kr-cu16").settled()
    bench.boards[0].reboot(bench.ms)
    bench.run(5000)
    assert set(commands(bench)) == set(commands(bench, 1)) == {STATUS}


@pytest.mark.parametrize("answers", [False, True])
def test_the_time_is_read_set_and_read_back(answers: bool) -> None:
    """Status, query, setting, over 500 ms of rest, query, doors; whether or not the setting is answered."""
    bench = BusBench("kr-cu16", pulse_command=True)
    for board in boards(bench):
        board.answers_setting = answers
    bench.settled()
    assert commands(bench)[:5] == [STATUS, TIME, TIME, TIME, STATUS]
    times = [r.ms for r in boards(bench)[0].received if r.frame[2] == TIME and r.frame[1] == 0]
    assert times[2] - times[1] > 500
    assert [board.pulse_ms for board in boards(bench)] == [500, 500]
    assert bench.told(DeviceTrouble) == []
    bench.order(Pulse(1))
    bench.run(2000)
    assert [pulse.pulse_ms for pulse in bench.body.pulses] == [500]


def test_a_board_that_keeps_the_time_already_is_not_written_to() -> None:
    """Three questions, and the doors."""
    bench = BusBench("kr-cu16", pulse_command=True, pulse_ms=550).settled()
    assert commands(bench)[:3] == [STATUS, TIME, STATUS]


def test_a_board_without_the_command_is_told_and_never_pulsed() -> None:
    """It answers the status and not the time: one DeviceTrouble a board, doors as ever, and every pulse refused."""
    bench = BusBench("kr-cu16", pulse_command=True)
    for board in boards(bench):
        board.commands.discard(TIME)
    bench.settled()
    bench.run(30_000)
    assert [t.what for t in bench.told(DeviceTrouble)] == ["pulse time unknown"] * 2
    assert commands(bench).count(TIME) < 5 + 30_000 / (40 * 250)
    bench.order(Pulse(1))
    bench.run(700)
    assert bench.told(PulseDropped) == [PulseDropped(1, "the board does not answer command 37")]
    for board in boards(bench):
        board.commands.add(TIME)
    bench.run(15_000)
    bench.order(Pulse(1))
    bench.run(700)
    assert [pulse.pulse_ms for pulse in bench.body.pulses] == [500]


def test_a_board_that_is_only_away_is_not_held_to_lack_the_command() -> None:
    """Switched on later, it is asked, and set: its 5.5 s default never reaches a coil."""
    bench = BusBench("kr-cu16", pulse_command=True)
    for board in boards(bench):
        board.power(False, bench.ms)
        board.pulse_ms = 5500
    bench.run(10_000)
    for board in boards(bench):
        board.power(True, bench.ms)
    bench.settled()
    assert [board.pulse_ms for board in boards(bench)] == [500, 500]


def test_a_board_that_restarts_and_forgets_is_set_again_before_the_next_pulse() -> None:
    """A restart looks like a lost reply; what is ordered before the time is verified is dropped."""
    bench = BusBench("kr-cu16", pulse_command=True).settled()
    for board in boards(bench):
        board.forgets_at_reboot, board.default_pulse_ms = True, 5500
        board.reboot(bench.ms)
    bench.run(1000, until=lambda: bench.count("lost") > 1)
    bench.order(Pulse(1))
    bench.run(3000)
    assert bench.told(PulseDropped) and list(bench.body.pulses) == []
    bench.order(Pulse(1))
    bench.run(2000)
    assert [pulse.pulse_ms for pulse in bench.body.pulses] == [500]


@pytest.mark.parametrize(("kept_ms", "what", "pulses"), [(800, "not kept", 1), (5500, "not safe", 0)])
def test_a_board_that_keeps_another_time_is_pulsed_only_within_the_cap(kept_ms: int, what: str, pulses: int) -> None:
    """Two settings, no more; up to 1000 ms it is used, over it never."""
    bench = BusBench("kr-cu16", pulse_command=True)
    for board in boards(bench):
        board.keeps_settings, board.pulse_ms = False, kept_ms
    bench.settled()
    assert {t.what for t in bench.told(DeviceTrouble)} == {f"pulse time {what}"}
    assert sum(len(r.frame) == 7 for r in boards(bench)[0].received if r.frame[1] == 0) == 2
    bench.order(Pulse(1))
    bench.run(1000)
    assert len(bench.body.pulses) == pulses


@pytest.mark.parametrize("seed", range(4))
def test_over_a_lossy_wire_the_time_is_set_before_any_pulse(seed: int) -> None:
    """Whatever is lost, a board with a default of 5.5 s gives no pulse longer than the configured one."""
    bench = BusBench("kr-cu16", Faults(lose=0.15, truncate=0.05), seed=seed, pulse_command=True)
    for board in boards(bench):
        board.forgets_at_reboot, board.default_pulse_ms, board.pulse_ms = True, 5500, 5500
    for turn in range(20):
        bench.run(3000)
        bench.order(Pulse(1 + turn))
        if turn % 5 == 4:
            boards(bench)[turn % 2].reboot(bench.ms + 1)
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(5000)
    assert {pulse.pulse_ms for pulse in bench.body.pulses} == {500}, f"seed {seed}"
    assert bench.wire.happened["lose"] > 10
