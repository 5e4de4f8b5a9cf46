"""An 8A/80 board that is asked for its doors while its answer to an unlock is outstanding, and ones that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from board_rig import BusBench

from locker.model import Attend, BoardSilent, DeviceTrouble, DoorSeen, Pulse, PulseAnswered
from sim.board_8a80 import EightBoard
from sim.links import Faults

CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN = 1, 0


def a_bench(wiring: int = CLOSED_WHEN_LOCKED, **keys: Any) -> tuple[BusBench, EightBoard]:
    """A cabinet of this wiring, both sides of it."""
    bench = BusBench("8a80", closed_bit=wiring, **keys)
    (board,) = bench.boards
    assert isinstance(board, EightBoard)
    board.closed_bit = wiring
    return bench, board


def contact(bench: BusBench, after_ms: int, contact_ms: int = 400) -> bool:
    """Door 1 is opened by the board; door 14 stands open so long after that for so long. Whether that is told."""
    bench.order(Attend(True))
    bench.run(500)
    begun = len(bench.log)
    bench.order(Pulse(1))
    bench.run(after_ms)
    bench.body.force(13, bench.ms)
    bench.run(contact_ms)
    bench.body.shut(13, bench.ms)
    bench.run(2500)
    bench.body.shut(0, bench.ms)
    bench.run(500)
    return any(isinstance(event, DoorSeen) and event.door == 14 and event.open for _, event in bench.log[begun:])


@pytest.mark.parametrize("answer_ms", [200, 1000])
@pytest.mark.parametrize("wiring", [CLOSED_WHEN_LOCKED, CLOSED_WHEN_OPEN])
def test_a_board_that_answers_meanwhile_hides_no_contact_of_400_ms(answer_ms: int, wiring: int) -> None:
    """At every 50 ms around another door's unlock; both doors are told, in order, and nothing is lost or late."""
    bench, board = a_bench(wiring, ask_while_opening=True)
    board.unlock_exchange_ms = answer_ms
    bench.settled()
    assert all(contact(bench, after_ms) for after_ms in range(0, 1300, 50))
    assert bench.count("late") == 0 and bench.told(PulseAnswered) == [] and bench.told(DeviceTrouble) == []
    assert bench.count("pushed") == len(board.unlocks) == 26


@pytest.mark.parametrize(("reply_ms", "sure"), [(100, True), (300, False)])
def test_an_answer_that_meets_a_question_on_the_wire_costs_one_wait(reply_ms: int, sure: bool) -> None:
    """Whenever the board begins to speak, at 1 ms a byte: at a ``reply_ms`` of 100 the contact is told all the same."""
    bench = BusBench("8a80", Faults(byte_ms=1), ask_while_opening=True, reply_ms=reply_ms).settled()
    (board,) = bench.boards
    assert isinstance(board, EightBoard)
    told = []
    for answer_ms in range(1000, 1050, 2):
        board.unlock_exchange_ms = answer_ms
        told.append(contact(bench, answer_ms - 10))
    assert board.talked_over > 0, "no question met an answer: nothing was tried"
    assert all(told) is sure
    assert bench.told(BoardSilent) == []


@pytest.mark.parametrize("meanwhile", ["deaf", "later"])
def test_a_board_that_does_not_answer_meanwhile_is_found_out_and_waited_for(meanwhile: str) -> None:
    """After two unlocks it is told, once; from then on the answer is waited for as on every such board."""
    bench, board = a_bench(ask_while_opening=True)
    board.meanwhile = meanwhile  # type: ignore[assignment]
    bench.settled()
    for door in range(1, 6):
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(door - 1, bench.ms)
        bench.run(1500)
    assert [trouble.what for trouble in bench.told(DeviceTrouble)] == ["deaf while opening"]
    assert bench.told(BoardSilent) == [] and len(board.unlocks) == 5
    assert [answered.door for answered in bench.told(PulseAnswered)] == [3, 4, 5]
    opened = [seen.door for seen in bench.told(DoorSeen) if seen.open]
    assert sorted(set(opened)) == [1, 2, 3, 4, 5]


def test_by_default_nothing_is_asked_before_the_unlock_is_answered() -> None:
    """No paper says that a board answers then: silence until its answer, whatever it might have said."""
    bench, board = a_bench()
    bench.settled()
    bench.order(Pulse(3))
    ordered_ms = bench.ms
    bench.run(2000)
    assert min(r.ms for r in board.received if r.ms > ordered_ms) >= ordered_ms + 1000


def test_a_wrong_byte_order_is_told_also_where_questions_go_on() -> None:
    """The lock is asked for by itself after the board's answer, when its door has moved."""
    for order, troubles in (("low_first", ["byte order in doubt"]), ("high_first", [])):
        bench, _ = a_bench(ask_while_opening=True, byte_order=order)
        bench.settled()
        for door in (1, 2, 3):
            bench.order(Pulse(door))
            bench.run(2500)
            bench.body.shut(door - 1, bench.ms)
            bench.run(500)
        assert [trouble.what for trouble in bench.told(DeviceTrouble)] == troubles
