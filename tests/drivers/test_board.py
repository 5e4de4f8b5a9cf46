"""The engine over every kind of lock board: polls, pulses, losses, silence, polarity, restarts; the same for all."""

from __future__ import annotations

import pytest
from board_rig import EVERY_KIND, KINDS, QUIET_KINDS, SPLIT, BusBench
from rig import WIRES, at

from locker.model import (
    Attend,
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
from sim.kerong_cu24 import KerongBoard
from sim.kerong_cu48 import Cu48Board
from sim.links import PERFECT, Faults


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_at_start_every_board_is_told_and_every_door_once(kind: str) -> None:
    """BoardBack of each board with its own doors; all 24 doors, shut; no board is pulsed."""
    bench = BusBench(kind).settled()
    doors = [back.doors for back in bench.told(BoardBack)]
    assert sorted(door for row in doors for door in row) == list(range(1, 25))
    assert len(doors) == len(bench.boards)
    seen = bench.told(DoorSeen)
    assert sorted(one.door for one in seen) == list(range(1, 25)) and not any(one.open for one in seen)
    assert bench.unlocked() == [] and bench.told(DeviceTrouble) == []


@pytest.mark.parametrize("kind", QUIET_KINDS)
@pytest.mark.parametrize("door", [1, 16, 17, 24])
def test_a_pulse_without_an_answer_is_told_by_the_switch_alone(kind: str, door: int) -> None:
    """Sent, then seen shut and seen open, both fresh; no PulseAnswered, because none is due; one coil, its own."""
    bench = BusBench(kind).settled()
    begun = len(bench.log)
    bench.order(Pulse(door))
    bench.run(700)
    assert [e for _, e in bench.log[begun:]] == [
        PulseSent(door),
        DoorSeen(door, False, fresh=True),
        DoorSeen(door, True, fresh=True),
    ]
    assert [pulse.channel for pulse in bench.body.pulses] == [door - 1]
    bench.body.shut(door - 1, bench.ms)
    bench.run(500)
    assert bench.log[-1][1] == DoorSeen(door, False, fresh=True)
    assert bench.count("lost") == bench.count("late") == bench.count("bad") == 0


@pytest.mark.parametrize("kind", QUIET_KINDS)
def test_after_a_pulse_the_wire_is_left_alone_for_25_ms(kind: str) -> None:
    """The next question comes then, not before, and is the pulsed board's."""
    bench = BusBench(kind).settled()
    bench.order(Pulse(3))
    ordered_ms = bench.ms
    bench.run(300)
    assert min(ms for ms in bench.questions() if ms > ordered_ms) == ordered_ms + 25


@pytest.mark.parametrize("kind", QUIET_KINDS)
def test_a_board_that_is_deaf_during_its_pulse_is_waited_for(kind: str) -> None:
    """550 ms without a word: some replies are lost, no silence is told, and the door is seen open."""
    bench = BusBench(kind).settled()
    for board in bench.boards:
        board.deaf_ms = 550  # type: ignore[union-attr]
    bench.order(Pulse(20))
    bench.run(2500)
    assert bench.told(DoorSeen)[-1] == DoorSeen(20, True, fresh=True)
    assert bench.told(BoardSilent) == [] and bench.count("lost") >= 1


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("closed_bit", [0, 1])
def test_both_polarities_are_read_right_and_the_wrong_one_inside_out(kind: str, closed_bit: int) -> None:
    """With the board's own polarity door 7 alone is open; with the other one all but door 7 are."""
    for configured in (0, 1):
        bench = BusBench(kind, closed_bit=configured)
        for board in bench.boards:
            board.closed_bit = closed_bit
        bench.body.stick_sensor(6, False)
        bench.settled()
        found = {seen.door for seen in bench.told(DoorSeen) if seen.open}
        assert found == ({7} if configured == closed_bit else set(range(1, 25)) - {7})


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", [1, 2])
def test_over_every_wire_doors_are_told_truly_and_no_pulse_is_repeated(kind: str, wire: str, seed: int) -> None:
    """Thirty pulses over each wire: as many unlocks at the most, each its own door, no breach; then the truth."""
    bench = BusBench(kind, WIRES[wire], seed=seed, pulse_ms=550).settled()
    for turn in range(30):
        door = 1 + turn * 7 % 24
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(door - 1, bench.ms)
        bench.run(700)
    sent, dropped = bench.told(PulseSent), bench.told(PulseDropped)
    assert len(sent) + len(dropped) == 30, f"seed {seed}"
    assert len(bench.unlocked()) <= len(sent) and bench.body.breaches == [], f"seed {seed}"
    left = [one.door for one in sent]
    for _, door in bench.unlocked():
        left.remove(door)
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(5000)
    told = {seen.door: seen.open for seen in bench.told(DoorSeen)}
    assert told == {door: not bench.body.compartments[door - 1].shut for door in range(1, 25)}, f"seed {seed}"
    if wire == "lossy":
        assert set(bench.wire.happened) == {"lose", "corrupt", "truncate", "duplicate", "garbage"}, f"seed {seed}"
    else:
        assert len(bench.unlocked()) == 30


@pytest.mark.parametrize("kind", QUIET_KINDS)
@pytest.mark.parametrize("late_ms", [120, 150, 250])
def test_a_late_status_never_answers_the_next_status(kind: str, late_ms: int) -> None:
    """The late reply is from before the door opened. It comes into the rest after its loss: late, and not believed."""
    bench = BusBench(kind).settled()
    bench.boards[0].late_reply_ms = late_ms
    bench.run(1000, until=lambda: bench.boards[0].late_reply_ms == 0)
    bench.body.stick_sensor(3, False)
    bench.run(3000)
    assert bench.count("late") == 1
    assert bench.told(DoorSeen)[24:] == [DoorSeen(4, True)]


@pytest.mark.parametrize("kind", EVERY_KIND[1:])
def test_one_stale_reading_is_not_enough_to_tell_a_lie(kind: str) -> None:
    """A reply later than the rest is taken for the next one; a second is wanted, and that one is true."""
    bench = BusBench(kind).settled()
    bench.boards[0].late_reply_ms = 320
    bench.run(1000, until=lambda: bench.boards[0].late_reply_ms == 0)
    bench.body.stick_sensor(3, False)
    bench.order(Attend(True))
    bench.run(3000)
    assert bench.told(DoorSeen)[24:] == [DoorSeen(4, True)]


@pytest.mark.parametrize("kind", QUIET_KINDS)
def test_a_frame_that_nobody_asked_for_makes_the_wire_rest(kind: str) -> None:
    """A second copy of a reply: late, nothing asked for 200 ms, and no reading counts across it."""
    bench = BusBench(kind, idle_poll_ms=250).settled()
    bench.run(400)
    board = bench.boards[0]
    board.feed(next(r.frame for r in reversed(board.received) if r.frame[1] == 0), bench.ms)
    stray_ms = bench.ms + board.exchange_ms
    bench.run(1000, until=lambda: bench.count("late") == 1)
    bench.run(1000)
    later = [ms for ms in bench.questions() if ms >= stray_ms]
    assert later[0] >= stray_ms + 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_board_is_told_once_and_comes_back_with_its_doors(kind: str) -> None:
    """Off for long: one BoardSilent a board, about one question a second; back: BoardBack and every door."""
    bench = BusBench(kind).settled()
    for board in bench.boards:
        board.power(False, bench.ms)
    bench.run(5000)
    assert len(bench.told(BoardSilent)) == len(bench.boards)
    sent = bench.count("sent")
    bench.run(20_000)
    assert 15 <= bench.count("sent") - sent <= 20
    bench.order(Pulse(1))
    bench.turn()
    assert bench.told(PulseDropped) == [PulseDropped(1, "the board does not answer")]
    bench.body.stick_sensor(5, False)
    for board in bench.boards:
        board.power(True, bench.ms)
    begun = len(bench.log)
    bench.run(5000)
    events = [e for _, e in bench.log[begun:]]
    assert [e.door for e in events if isinstance(e, DoorSeen) and e.open] == [6]
    assert len([e for e in events if isinstance(e, DoorSeen)]) == 24
    assert bench.unlocked() == []


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_board_that_restarts_for_a_moment_is_not_silent(kind: str) -> None:
    """300 ms: some replies are lost, and nothing is told."""
    bench = BusBench(kind, pulse_ms=550).settled()
    begun = len(bench.log)
    bench.boards[0].reboot(bench.ms, down_ms=300)
    bench.run(5000)
    assert bench.log[begun:] == [] and bench.count("lost") >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_vanishes_comes_back_under_another_name(kind: str) -> None:
    """PortLost once, BoardSilent for each board; PortBack with the new name; then every door."""
    bench = BusBench(kind, pulse_ms=550).settled()
    bench.order(Pulse(18))
    bench.port.vanish()
    bench.run(5000)
    assert len(bench.told(PortLost)) == 1 and len(bench.told(BoardSilent)) == len(bench.boards)
    assert len(bench.told(PulseAnswered)) == (1 if kind == "kr-cu24" else 0)
    bench.port.come_back("memory:7")
    begun = len(bench.log)
    bench.run(3000)
    events = [e for _, e in bench.log[begun:]]
    assert events[0] == PortBack("main", "memory:7")
    assert len([e for e in events if isinstance(e, DoorSeen)]) == 24
    assert len(bench.unlocked()) == 1


@pytest.mark.parametrize("kind", EVERY_KIND[1:])
@pytest.mark.parametrize("lose_to", ["far", "near"])
def test_a_pulse_is_never_repeated_under_total_loss(kind: str, lose_to: str) -> None:
    """Every byte lost one way or the other: one unlock at most reaches the board, in spite of half a minute."""
    bench = BusBench(kind).settled()
    setattr(bench.wire, f"to_{lose_to}", Faults(lose=1.0))
    bench.order(Pulse(1))
    bench.run(30_000)
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(30_000)
    assert len(bench.unlocked()) == (0 if lose_to == "far" else 1)
    assert bench.told(PulseSent) == [PulseSent(1)]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_each_movement_is_told_once_however_the_contact_bounces(kind: str) -> None:
    """Forced and shut forty times, each contact bouncing for 5 to 30 ms, while somebody is there."""
    bench = BusBench(kind).settled()
    bench.order(Attend(True))
    begun = len(bench.told(DoorSeen))
    for turn in range(40):
        bench.body.force(turn % 24, bench.ms)
        bench.run(900 + turn % 7)
        bench.body.shut(turn % 24, bench.ms)
        bench.run(900 + turn % 5)
    told = [(seen.door, seen.open) for seen in bench.told(DoorSeen)[begun:]]
    assert told == [(turn % 24 + 1, is_open) for turn in range(40) for is_open in (True, False)]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_pulse_outlives_one_lost_reply(kind: str) -> None:
    """Ordered while a question is out whose reply is lost: it waits, and goes out once."""
    bench = BusBench(kind).settled()
    bench.order(Attend(True))
    bench.wire.to_near = Faults(lose=1.0)
    asked = len(bench.questions())
    bench.run(1000, until=lambda: len(bench.questions()) > asked)
    bench.order(Pulse(1))
    bench.run(2000, until=lambda: bench.count("lost") > 0)
    bench.wire.to_near = Faults(delay_ms=16)
    bench.run(3000)
    assert bench.told(PulseDropped) == []
    assert bench.told(PulseSent) == [PulseSent(1)] and len(bench.unlocked()) == 1


def ordered_late(bench: BusBench, door: int, late_ms: int = 4000) -> None:
    """A pulse is ordered in a turn that began before a slow commit: the moment it is told of is long over."""
    begun_ms = bench.ms
    bench.ms += late_ms
    bench.port.advance(bench.ms)
    bench.driver.perform(Pulse(door), at(begun_ms))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_slow_disk_takes_nothing_off_an_order_s_patience(kind: str) -> None:
    """Ordered behind a commit of four seconds, a question out whose reply is lost: it waits, and goes out once."""
    bench = BusBench(kind).settled()
    bench.order(Attend(True))
    bench.wire.to_near = Faults(lose=1.0)
    asked = len(bench.questions())
    bench.run(1000, until=lambda: len(bench.questions()) > asked)
    ordered_late(bench, 1)
    bench.wire.to_near = Faults(delay_ms=16)
    bench.run(3000)
    assert bench.told(PulseDropped) == []
    assert bench.told(PulseSent) == [PulseSent(1)] and len(bench.unlocked()) == 1


@pytest.mark.parametrize("kind", ["kr-cu24", "8a80"])
def test_a_slow_disk_takes_nothing_off_the_answer_to_an_unlock(kind: str) -> None:
    """The board's answer comes as soon after the order as ever, and is heard."""
    bench = BusBench(kind).settled()
    bench.run(3000, until=lambda: bench.ms % 1000 == 500)
    lost = bench.count("lost")
    ordered_late(bench, 1)
    bench.run(3000)
    assert len(bench.told(PulseAnswered)) == 1 and bench.count("lost") == lost


@pytest.mark.parametrize("kind", QUIET_KINDS)
def test_two_coils_are_never_on_at_once_whatever_is_ordered(kind: str) -> None:
    """An order every 100 ms, over both boards of a pair: the witness sees no two coils; each is sent or dropped."""
    bench = BusBench(kind, pulse_ms=550).settled()
    for door in range(1, 25):
        bench.order(Pulse((door * 7) % 24 + 1))
        bench.run(100)
    bench.run(2000)
    assert [b for b in bench.body.breaches if b.what == "two_coils"] == []
    assert len(bench.told(PulseSent)) + len(bench.told(PulseDropped)) == 24
    assert len(bench.unlocked()) == len(bench.told(PulseSent)) >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_configured_echo_is_stripped_and_costs_nothing(kind: str) -> None:
    """Everything works, no echo is counted and nothing is garbage."""
    bench = BusBench(kind, echo=True, local_echo=True, pulse_ms=550).settled()
    bench.order(Pulse(18))
    bench.run(1000)
    assert bench.told(DoorSeen)[-1] == DoorSeen(18, True, fresh=True)
    assert [bench.count(what) for what in ("echo", "garbage", "lost", "late")] == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_unconfigured_echo_is_told_and_a_dead_board_stays_dead(kind: str) -> None:
    """Our own words are never an answer: with the board switched off nothing is believed."""
    bench = BusBench(kind, echo=True, pulse_ms=550).settled()
    assert {trouble.what for trouble in bench.told(DeviceTrouble)} == {"echo"}
    for board in bench.boards:
        board.power(False, bench.ms)
    bench.run(5000)
    assert len(bench.told(BoardSilent)) == len(bench.boards)


@pytest.mark.parametrize("configured", EVERY_KIND)
@pytest.mark.parametrize("real", EVERY_KIND)
def test_a_board_of_another_kind_is_silent_and_never_pulsed(configured: str, real: str) -> None:
    """Whatever is behind the wire instead: no door is told, no coil moves, whatever is ordered."""
    if configured == real:
        return
    bench = BusBench(configured, pulse_ms=550)
    strangers = BusBench(real).boards
    bench.line.boards[:] = strangers
    for _ in range(10):
        bench.run(1500)
        for door in (1, 13, SPLIT + 1, 24):
            bench.order(Pulse(door))
            bench.turn()
    assert bench.told(DoorSeen) == [] and bench.told(BoardBack) == [] and bench.told(BoardSilent)
    assert all(board.unlocks == [] for board in strangers)
    assert len(bench.told(PulseDropped)) == 40


@pytest.mark.parametrize("kind", EVERY_KIND[1:])
def test_a_wrong_speed_is_bad_bytes_and_silence(kind: str) -> None:
    """What comes back at another speed is noise: counted, never believed."""
    bench = BusBench(kind)
    bench.wire.to_near = Faults(corrupt=1.0, garbage=1.0)
    bench.run(20_000)
    assert bench.told(DoorSeen) == [] and bench.told(BoardSilent)
    assert bench.count("garbage") > 0 and bench.count("bad") > 0


def test_the_lock_number_in_a_cu48s_reply_means_nothing() -> None:
    """Whatever it is."""
    bench = BusBench("kr-cu48")
    (board,) = bench.boards
    assert isinstance(board, Cu48Board)
    board.reply_lock = 0x2F
    bench.settled()
    assert bench.count("late") == 0


@pytest.mark.parametrize(("kind", "address"), [("kr-cu24", 16), ("kr-cu16", 15), ("kr-cu48", 10), ("kr-cu48b", 10)])
def test_an_address_that_means_all_boards_is_refused_at_the_start(kind: str, address: int) -> None:
    """Even where the configuration's own checks were gone around."""
    with pytest.raises(ValueError, match="board address"):
        BusBench(kind, address=address)


def test_a_kr_cu24_keeps_its_answer() -> None:
    """The one board that says something of an unlock is still listened to, on the same engine."""
    bench = BusBench("kr-cu24", pulse_ms=550).settled()
    assert isinstance(bench.boards[0], KerongBoard)
    bench.order(Pulse(24))
    bench.run(500)
    assert bench.told(PulseAnswered) == [PulseAnswered(24, PulseAnswer.OK)]
