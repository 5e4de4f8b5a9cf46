"""Several boards on one port: one exchange at a time, everybody in turn, a pulse first, silence that costs little."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from board_rig import PORT, BusBench, Team
from rig import Rig
from stage import a_config

from drivers.lock_boards import lock_boards
from locker import config
from locker.config import Board, Config
from locker.model import Attend, BoardBack, BoardSilent, DoorSeen, Pulse, PulseDropped, PulseSent
from sim.body import Body
from sim.kerong_cu48 import Cu48Board
from sim.links import FaultyWire, MemoryPort
from sim.rs485 import Rs485

PER_BOARD = 4


class ManyBoards(Rig):
    """KR-CU48s with four doors each on one bus; door *n* is the body's channel *n* - 1."""

    def __init__(self, count: int, **keys: Any) -> None:
        """Addresses from 0 upwards."""
        self.body = Body(count * PER_BOARD)
        self.boards = [Cu48Board(self.body, at, range(at * PER_BOARD, (at + 1) * PER_BOARD)) for at in range(count)]
        self.line = Rs485(self.boards)
        port = MemoryPort(FaultyWire(self.line), PORT)
        self.drivers = lock_boards(_config(count, keys), lambda board: port)
        super().__init__(Team(self.drivers), port)
        self.doors = count * PER_BOARD

    def settled(self) -> ManyBoards:
        """Run until every door is known."""
        self.run(60_000, until=lambda: len({seen.door for seen in self.told(DoorSeen)}) == self.doors)
        return self

    def asked(self, at: int) -> list[int]:
        """When one board was asked."""
        return [r.ms for r in self.boards[at].received if r.frame[1] == at]


def _config(count: int, keys: dict[str, Any]) -> Config:
    boards = [Board(port=PORT, name=f"b{at}", kind="kr-cu48", address=at, **keys) for at in range(count)]
    doors = [
        config.Door(door=n + 1, size="M", side="left", row=n + 1, channel=n % PER_BOARD, board=f"b{n // PER_BOARD}")
        for n in range(count * PER_BOARD)
    ]
    return msgspec.structs.replace(a_config(), boards=boards, doors=doors)


def gaps(times: list[int], since_ms: int) -> list[int]:
    """How long between one question and the next."""
    late = [ms for ms in times if ms >= since_ms]
    return [b - a for a, b in pairwise(late)]


@pytest.mark.parametrize("count", [2, 3, 10])
def test_everybody_is_asked_in_turn_and_never_two_at_once(count: int) -> None:
    """While somebody is there the wire is never idle and each board has its share; no two speak together."""
    bench = ManyBoards(count).settled()
    bench.order(Attend(True))
    begun_ms = bench.ms
    bench.run(8000)
    shares = [len([ms for ms in bench.asked(at) if ms >= begun_ms]) for at in range(count)]
    assert max(shares) - min(shares) <= 1 and sum(shares) >= 8000 / 8 - 1
    assert bench.line.collisions == 0 and all(board.overlaps == 0 for board in bench.boards)


def test_idle_boards_are_each_asked_at_their_own_interval() -> None:
    """Four boards, each four times a second."""
    bench = ManyBoards(4).settled()
    begun_ms = bench.ms
    bench.run(10_000)
    assert all(39 <= len([ms for ms in bench.asked(at) if ms >= begun_ms]) <= 41 for at in range(4))


@pytest.mark.parametrize("dead", [1, 5, 9])
def test_silent_boards_hold_up_the_others_once_a_second_by_one_reply_time(dead: int) -> None:
    """However many are silent: no board that lives is ever left for longer than ``reply_ms`` and the others' turns."""
    bench = ManyBoards(10).settled()
    for board in bench.boards[10 - dead :]:
        board.power(False, bench.ms)
    bench.order(Attend(True))
    bench.run(20_000)
    assert len(bench.told(BoardSilent)) == dead
    alive = 10 - dead
    for at in range(alive):
        longest = gaps(bench.asked(at), bench.ms - 10_000)
        assert max(longest) <= 100 + 8 * alive
        assert sum(gap > 8 * alive for gap in longest) <= 11


def test_until_it_is_held_to_be_silent_a_lost_board_takes_turns() -> None:
    """Between two of its lost questions every other board is asked."""
    bench = ManyBoards(3, silent_after=100).settled()
    bench.boards[2].power(False, bench.ms)
    bench.order(Attend(True))
    begun_ms = bench.ms
    bench.run(3000)
    for at in (0, 1):
        assert max(gaps(bench.asked(at), begun_ms)) <= 100 + 3 * 8
    assert bench.told(BoardSilent) == []


def test_the_first_board_may_be_the_silent_one() -> None:
    """The head of the bus owns the port, not the right to speak."""
    bench = ManyBoards(3)
    bench.boards[0].power(False, bench.ms)
    bench.run(3000)
    assert {back.board for back in bench.told(BoardBack)} == {"b1", "b2"}
    bench.order(Pulse(PER_BOARD + 1))
    bench.run(1000)
    assert DoorSeen(PER_BOARD + 1, True, fresh=True) in bench.told(DoorSeen)


@pytest.mark.parametrize("others", ["asked", "silent"])
def test_a_pulse_goes_out_right_after_the_exchange_under_way(others: str) -> None:
    """Another board is being asked: the pulse waits for its answer, or for its ``reply_ms``, and for nothing else."""
    bench = ManyBoards(4).settled()
    if others == "silent":
        for board in bench.boards[:3]:
            board.power(False, bench.ms)
        bench.run(10_000)
    bench.order(Attend(True))
    sent = bench.drivers[0].counters()["sent"]
    bench.run(5000, until=lambda: bench.drivers[0].counters()["sent"] > sent)
    ordered_ms = bench.ms
    bench.order(Pulse(16))
    bench.run(200)
    ((pulsed_ms, lock),) = bench.boards[3].unlocks
    assert lock == 3 and pulsed_ms - ordered_ms == (8 if others == "asked" else 100)


def test_one_pulse_at_a_time_over_all_boards() -> None:
    """A second board's pulse is refused while the first one's is under way, and waits for its coil after that."""
    bench = ManyBoards(2, pulse_ms=100).settled()
    bench.order(Pulse(1))
    bench.order(Pulse(5))
    assert PulseDropped(5, "another pulse is under way") in bench.run(24)
    bench.run(6)
    ordered_ms = bench.ms
    for board in bench.boards:
        board.pulse_ms = 100
    bench.order(Pulse(5))
    bench.run(300)
    assert bench.told(PulseSent)[-1] == PulseSent(5)
    ((first_ms, _),), ((second_ms, _),) = bench.boards[0].unlocks, bench.boards[1].unlocks
    assert ordered_ms - first_ms < 100 <= second_ms - first_ms


def test_counters_and_events_are_each_boards_own() -> None:
    """What is sent, lost and bad is counted for the board that was asked; the port's losses for the first."""
    bench = ManyBoards(2).settled()
    bench.boards[1].mute_replies = 3
    bench.run(3000)
    assert [driver.counters()["lost"] for driver in bench.drivers] == [0, 3]
    bench.port.vanish()
    bench.run(100)
    assert [driver.counters()["port_lost"] for driver in bench.drivers] == [1, 0]
    assert [silent.board for silent in bench.told(BoardSilent)] == ["b0", "b1"]


def test_noise_is_counted_for_the_board_that_was_asked() -> None:
    """Garbage before a reply of the second board."""
    bench = ManyBoards(2).settled()
    bench.run(5000, until=lambda: bench.boards[1].deadline_ms() is not None)
    bench.port.inject(b"\xfa\xfd\x99")
    bench.run(100)
    assert [driver.counters()["garbage"] for driver in bench.drivers] == [0, 3]


def test_a_reply_of_another_board_is_late_for_that_board() -> None:
    """It answers nobody's question; the board that is being asked is not blamed, and gets its own answer."""
    bench = ManyBoards(2).settled()
    bench.run(5000, until=lambda: bench.boards[1].deadline_ms() is not None)
    bench.port.inject(bytes.fromhex("02 00 00 65 00 00 00 00 00 00 03 6A"))
    bench.run(3000)
    assert [driver.counters()["late"] for driver in bench.drivers] == [1, 0]
    assert len(bench.told(DoorSeen)) == 8 and bench.told(BoardSilent) == []


def test_two_boards_with_one_address_are_never_believed() -> None:
    """They speak at once; once they differ nothing they say holds: it ends in silence, not in a wrong door."""
    bench = ManyBoards(1)
    twin = Cu48Board(bench.body, 0, range(PER_BOARD))
    bench.line.boards.append(twin)
    twin.closed_bit = 0
    bench.run(10_000)
    assert bench.line.collisions > 0 and bench.told(DoorSeen) == [] and bench.told(BoardSilent)


def test_each_board_closes_the_port_and_nothing_is_pulsed() -> None:
    """Closing twice is closing once; no byte goes out."""
    bench = ManyBoards(2).settled()
    heard = len(bench.boards[0].received)
    for driver in bench.drivers:
        driver.close()
    assert not bench.port.is_open and len(bench.boards[0].received) == heard


def test_a_pair_is_one_bus_and_two_ports_are_two() -> None:
    """The same port string is the same bus; the port is made once for it."""
    made: list[str] = []

    def port(board: Board) -> MemoryPort:
        made.append(board.port)
        return MemoryPort(Rs485([]))

    lock_boards(BusBench("kr-cu16").cfg, port)
    assert made == [PORT]
    cfg = _config(3, {})
    boards = [cfg.boards[0], msgspec.structs.replace(cfg.boards[1], port="b"), cfg.boards[2]]
    lock_boards(msgspec.structs.replace(cfg, boards=boards), port)
    assert made == [PORT, PORT, "b"]
