"""The lock board's driver against the board's far side: start, polls, pulses, pulse time, kinds of board."""

from __future__ import annotations

import pytest
from frames import raw
from rig import DOORS, BoardBench, at

from drivers.kerong_cu24 import Cu24Driver
from drivers.port import PortGone
from locker.model import (
    Attend,
    BoardBack,
    DeviceKnown,
    DeviceTrouble,
    DoorSeen,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
    Show,
)
from sim.kerong_cu24 import BAD_DATA, FAILED, STATUS, TIMEOUT, UNKNOWN, UNLOCK, UNLOCK_TIME, VERSION
from sim.links import PERFECT, Faults


def test_at_start_it_asks_version_and_pulse_time_and_then_tells_every_door() -> None:
    """8F, 82, set to 500 ms, more than 500 ms rest, read back, status: BoardBack, and all doors once."""
    bench = BoardBench()
    bench.run(1500)
    assert bench.commands()[:6] == [VERSION, UNLOCK_TIME, UNLOCK_TIME, UNLOCK_TIME, STATUS, STATUS]
    set_at, read_at = bench.board.received[2].ms, bench.board.received[3].ms
    assert bench.board.received[2].frame == raw("02 00 00 82 00 02 03 BB 00 32")
    assert read_at - set_at > 500
    assert bench.board.pulse_ms == 500
    assert [e for _, e in bench.log] == [
        DeviceKnown("main", "13 01"),
        BoardBack("main", tuple(range(1, 25))),
        *(DoorSeen(door, False) for door in range(1, 25)),
    ]
    assert bench.cu24.version == "13 01"


def test_a_board_that_already_keeps_the_time_is_not_written_to() -> None:
    """No set command, and ready within a few exchanges."""
    bench = BoardBench(pulse_ms=550).settled()
    assert bench.commands() == [VERSION, UNLOCK_TIME, STATUS, STATUS]
    assert bench.ms <= 1000 + 4 * 8


def test_a_pulse_is_written_in_perform_itself_when_the_wire_is_free() -> None:
    """No turn lies between the order and the bytes on the wire."""
    bench = BoardBench().settled()
    bench.run(100)
    bench.order(Pulse(24))
    assert bench.board.unlocks == [(bench.ms, 0)]
    assert bench.driver.deadline_ms() == bench.ms
    assert bench.turn() == [PulseSent(24)]


def test_a_pulse_opens_its_door_and_only_two_readings_say_so() -> None:
    """Sent, answered, seen closed fresh, seen open fresh: four different things, in this order."""
    bench = BoardBench(pulse_ms=550).settled()
    begun = len(bench.log)
    bench.order(Pulse(3))
    bench.run(600)
    assert [e for _, e in bench.log[begun:]] == [
        PulseSent(3),
        PulseAnswered(3, PulseAnswer.OK),
        DoorSeen(3, False, fresh=True),
        DoorSeen(3, True, fresh=True),
    ]
    assert [p.channel for p in bench.body.pulses] == [DOORS[3]]
    bench.body.shut(DOORS[3], bench.ms)
    bench.run(300)
    assert bench.log[-1][1] == DoorSeen(3, False, fresh=True)


def test_a_jammed_door_is_told_closed_once_and_late_opening_is_told_too() -> None:
    """A fresh closed reading is owed; when the door opens much later, that is told as well."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.body.open_late(DOORS[7], 3000)
    bench.order(Pulse(7))
    assert bench.run(2000)[-1] == DoorSeen(7, False, fresh=True)
    assert bench.run(2000) == [DoorSeen(7, True, fresh=True)]


def test_a_pried_door_is_told_without_any_pulse() -> None:
    """Open, not fresh."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.body.force(DOORS[5], bench.ms)
    assert bench.run(600) == [DoorSeen(5, True)]


@pytest.mark.parametrize("attended", [False, True])
def test_polls_come_at_the_configured_interval(attended: bool) -> None:
    """Every 10 ms while somebody is there, every 250 ms else; and not one turn more than wire and deadlines need."""
    bench = BoardBench(pulse_ms=550, poll_ms=10).settled()
    bench.order(Attend(attended))
    bench.run(1000)
    polls, turns = len(bench.board.received), bench.turns
    bench.run(10_000)
    polls, turns = len(bench.board.received) - polls, bench.turns - turns
    assert polls == (1000 if attended else 40)
    assert turns <= 2 * polls + 1


def test_a_change_is_read_a_second_time_at_once() -> None:
    """The second reading does not wait for the poll interval."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.run(1000)
    bench.body.stick_sensor(0, False)
    bench.run(1000)
    seen_ms = next(ms for ms, e in bench.log if e == DoorSeen(24, True))
    last_two = [r.ms for r in bench.board.received if r.ms < seen_ms][-2:]
    assert last_two[1] - last_two[0] == bench.board.exchange_ms


def test_a_chattering_switch_is_not_read_at_wire_speed_for_ever() -> None:
    """Two switches that differ at every reading: six repeats at once, then the poll interval holds again."""
    bench = BoardBench(pulse_ms=550).settled()
    before = len(bench.board.received)
    end_ms = bench.ms + 60_000
    while bench.ms < end_ms:
        polls = len(bench.board.received)
        bench.run(1000, until=lambda polls=polls: len(bench.board.received) > polls)  # type: ignore[misc]
        bench.body.stick_sensor(0, polls % 2 == 0)
        bench.body.stick_sensor(1, polls % 2 == 1)
    assert len(bench.board.received) - before <= 60_000 / 250 + 7
    assert len(bench.told(DoorSeen)) == 24


def test_a_pulse_that_meets_an_exchange_goes_out_right_after_it() -> None:
    """It waits the rest of the 8 ms, and no poll comes between."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.order(Attend(True))
    bench.run(1000, until=lambda: bench.commands()[-1] == STATUS and bench.board.deadline_ms() is not None)
    asked_ms = bench.board.received[-1].ms
    bench.order(Pulse(1))
    assert bench.board.unlocks == []
    bench.run(50)
    assert bench.board.unlocks == [(asked_ms + 8, DOORS[1])]
    assert bench.board.overlaps == 0


def test_a_second_pulse_is_refused_while_one_is_under_way() -> None:
    """Nothing is queued: the second is dropped, and told."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.order(Pulse(1))
    bench.order(Pulse(2))
    assert PulseDropped(2, "another pulse is under way") in bench.run(1000)
    assert [lock for _, lock in bench.board.unlocks] == [DOORS[1]]


def test_two_coils_are_never_on_at_once_whatever_is_ordered() -> None:
    """An order during a pulse waits at most its 120 ms and is dropped; the witness sees no breach."""
    bench = BoardBench(pulse_ms=550).settled()
    for door in range(1, 25):
        bench.order(Pulse(door))
        bench.run(100)
    bench.run(2000)
    assert [b for b in bench.body.breaches if b.what == "two_coils"] == []
    assert len(bench.told(PulseSent)) + len(bench.told(PulseDropped)) == 24
    assert len(bench.board.unlocks) == len(bench.told(PulseSent)) >= 4


def test_a_pulse_for_a_silent_board_is_dropped_and_not_kept() -> None:
    """Before the first contact, and after silence: dropped at once, and nothing goes out when the board is back."""
    bench = BoardBench(pulse_ms=550)
    bench.order(Pulse(1))
    assert bench.run(1)[0] == PulseDropped(1, "the port is gone")
    bench.settled()
    bench.board.power(False, bench.ms)
    bench.run(5000)
    bench.order(Pulse(1))
    bench.turn()
    assert bench.log[-1][1] == PulseDropped(1, "the board does not answer")
    bench.board.power(True, bench.ms)
    bench.run(10_000)
    assert bench.told(BoardBack) and bench.board.unlocks == []


def test_a_pulse_that_waits_for_lost_replies_is_dropped_in_time() -> None:
    """Ordered during an exchange whose reply never comes, nor the next: dropped in time, and never sent later."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.mute_replies = 10
    bench.run(1000, until=lambda: bench.board.mute_replies < 10)
    bench.order(Pulse(1))
    ordered_ms = bench.ms
    bench.run(5000)
    dropped_ms = [ms for ms, e in bench.log if e == PulseDropped(1, "the wire was not free in time")]
    assert dropped_ms == [ordered_ms + 220]
    assert bench.board.unlocks == []


@pytest.mark.parametrize(
    ("ask", "answer", "moves"),
    [
        (FAILED, PulseAnswer.FAILED, True),
        (TIMEOUT, PulseAnswer.TIMEOUT, True),
        (UNKNOWN, PulseAnswer.UNKNOWN_COMMAND, False),
        (BAD_DATA, PulseAnswer.BAD_DATA, False),
    ],
)
def test_the_boards_answer_is_told_and_the_door_is_read_all_the_same(
    ask: int, answer: PulseAnswer, moves: bool
) -> None:
    """ASK 11 to 14 are told; whether the door opened is the switch's word alone."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.unlock_ask = ask
    bench.order(Pulse(9))
    bench.run(1000)
    assert bench.told(PulseAnswered) == [PulseAnswered(9, answer)]
    assert (bench.told(DoorSeen)[-1] == DoorSeen(9, True, fresh=True)) is moves
    assert len(bench.board.unlocks) == int(moves)


def test_an_unlock_without_an_answer_is_silent_read_and_never_repeated() -> None:
    """SILENT after unlock_reply_ms; the door is read; the frame went out once."""
    bench = BoardBench(pulse_ms=550).settled()
    bench.board.mute_replies = 1
    bench.order(Pulse(2))
    sent_ms = bench.ms
    bench.run(4000)
    assert (sent_ms + 1500, PulseAnswered(2, PulseAnswer.SILENT)) in bench.log
    assert bench.told(DoorSeen)[-1] == DoorSeen(2, True, fresh=True)
    assert bench.commands().count(UNLOCK) == 1


def test_a_board_that_restarts_and_forgets_is_set_again_before_the_next_pulse() -> None:
    """A restart looks like a lost reply; its five-second default never reaches a coil."""
    bench = BoardBench().settled()
    bench.board.forgets_at_reboot, bench.board.default_pulse_ms = True, 5500
    bench.board.reboot(bench.ms, down_ms=300)
    bench.run(3000)
    assert bench.board.pulse_ms == 500
    bench.order(Pulse(1))
    bench.run(2000)
    assert [p.pulse_ms for p in bench.body.pulses] == [500]


def test_no_pulse_goes_out_before_the_pulse_time_is_verified() -> None:
    """While the set command rests, an order is dropped; the board keeps its 5.5 s default to itself."""
    bench = BoardBench().settled()
    bench.board.forgets_at_reboot, bench.board.default_pulse_ms = True, 5500
    bench.board.reboot(bench.ms, down_ms=300)
    bench.run(3000, until=lambda: bench.commands()[-1] == UNLOCK_TIME and bench.board.pulse_ms == 500)
    bench.order(Pulse(1))
    bench.run(300)
    assert bench.told(PulseDropped) == [PulseDropped(1, "the wire was not free in time")]
    assert list(bench.body.pulses) == []


def test_a_lost_answer_to_the_set_command_is_rested_after_as_well() -> None:
    """More than 500 ms after the set command, whether or not it was answered."""
    bench = BoardBench()
    bench.run(1000, until=lambda: bench.commands()[-2:] == [UNLOCK_TIME] * 2)
    bench.wire.to_near = Faults(lose=1.0)
    bench.run(110)
    bench.wire.to_near = PERFECT
    bench.run(2000)
    times = [received.ms for received in bench.board.received]
    assert times[3] - times[2] > 500 and bench.count("lost") == 1


def test_an_unsafe_pulse_time_is_looked_at_again_and_mended_without_a_plug_being_pulled() -> None:
    """Two settings were lost in noise: the board is asked again, ever more rarely, set once each, and serves again.

    Found by the world of seed 21: a pulse time that had once been unsafe kept its doors shut for ever.
    """
    bench = BoardBench()
    bench.board.keeps_settings, bench.board.pulse_ms = False, 5500
    bench.settled()
    bench.run(60_000)
    bench.order(Pulse(1))
    bench.run(1000)
    assert bench.told(PulseDropped) == [PulseDropped(1, "the board's pulse time is not safe")]
    bench.board.keeps_settings = True
    bench.run(60_000, until=lambda: bench.board.pulse_ms == 500)
    bench.run(2000)
    bench.order(Pulse(1))
    bench.run(1000)
    assert len(bench.body.pulses) == 1


def test_a_board_that_never_keeps_its_time_is_not_worn_out_by_settings() -> None:
    """An hour of asking: a handful of settings, because each wears the board's memory."""
    bench = BoardBench()
    bench.board.keeps_settings, bench.board.pulse_ms = False, 5500
    bench.settled()
    bench.run(3_600_000)
    settings = sum(r.frame[3] == UNLOCK_TIME and len(r.frame) == 10 for r in bench.board.received)
    assert 5 <= settings <= 12
    assert [t.what for t in bench.told(DeviceTrouble)] == ["pulse time not safe"]


@pytest.mark.parametrize(
    ("kept_ms", "what", "pulses"), [(800, "pulse time not kept", 1), (5500, "pulse time not safe", 0)]
)
def test_a_board_that_keeps_another_time_is_told_and_pulsed_only_within_the_cap(
    kept_ms: int, what: str, pulses: int
) -> None:
    """Two settings, no more; up to 1000 ms it is used, over it never."""
    bench = BoardBench()
    bench.board.keeps_settings, bench.board.pulse_ms = False, kept_ms
    bench.settled()
    assert [t.what for t in bench.told(DeviceTrouble)] == [what]
    assert sum(r.frame[3] == UNLOCK_TIME and len(r.frame) == 10 for r in bench.board.received) == 2
    bench.order(Pulse(1))
    bench.run(1000)
    assert len(bench.body.pulses) == pulses
    assert len(bench.told(PulseDropped)) == 1 - pulses


def test_a_board_without_the_time_command_is_told_and_pulsed() -> None:
    """ASK 13: its document's 550 ms hold, one DeviceTrouble, and another pulse only after the full cap."""
    bench = BoardBench()
    bench.board.commands.discard(UNLOCK_TIME)
    bench.settled()
    assert [t.what for t in bench.told(DeviceTrouble)] == ["pulse time unknown"]
    bench.order(Pulse(1))
    bench.run(700)
    bench.order(Pulse(2))
    bench.run(700)
    assert bench.told(PulseDropped) == [PulseDropped(2, "the wire was not free in time")]
    assert len(bench.board.unlocks) == 1


@pytest.mark.parametrize("pulse_ms", [-5, 0, 99, 555, 1001, 60_000])
def test_the_pulse_time_is_clamped_whatever_is_configured(pulse_ms: int) -> None:
    """A configuration that went around the decoder's bounds still gives 100 to 1000 ms."""
    bench = BoardBench(pulse_ms=pulse_ms).settled()
    assert bench.board.pulse_ms == max(100, min(pulse_ms // 10 * 10, 1000))


def test_a_cu12_is_spoken_to_with_its_own_lengths() -> None:
    """Twelve doors, two status bytes, and the same pulses."""
    bench = BoardBench(kind="kr-cu12", pulse_ms=550).settled()
    bench.order(Pulse(12))
    bench.run(500)
    assert bench.told(DoorSeen)[-1] == DoorSeen(12, True, fresh=True)
    assert bench.board.unlocks[0][1] == 11
    with pytest.raises(ValueError, match="channels 0 to 11"):
        Cu24Driver(bench.config, {13: 12}, bench.port)


def test_closed_bit_zero_is_read_the_other_way_round() -> None:
    """Polarity is configuration."""
    bench = BoardBench(closed_bit=0, pulse_ms=550)
    bench.board.closed_bit = 0
    bench.settled()
    assert not any(seen.open for seen in bench.told(DoorSeen))


def test_orders_for_others_are_not_accepted() -> None:
    """Its own doors and Attend; anything else is a mistake of the caller."""
    bench = BoardBench()
    assert bench.driver.accepts(Pulse(24)) and bench.driver.accepts(Attend(True))
    assert not bench.driver.accepts(Pulse(25)) and not bench.driver.accepts(Show("idle", 1))
    with pytest.raises(ValueError, match="not for its doors"):
        bench.driver.perform(Pulse(25), at(1))


def test_close_lets_go_of_the_port_and_pulses_nothing() -> None:
    """Nothing to switch off: no byte is sent by closing."""
    bench = BoardBench(pulse_ms=550).settled()
    sent = len(bench.board.received)
    bench.driver.close()
    assert not bench.port.is_open and len(bench.board.received) == sent
    with pytest.raises(PortGone):
        bench.port.read()
