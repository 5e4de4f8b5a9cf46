"""The drawn cabinet's own parts: a rate that must be right, a scanner that wakes up, and a seed that is a cabinet."""

from __future__ import annotations

import pytest
from commission_rig import a_walk
from msgspec.structs import replace as altered

from sim.body import Body
from sim.commission_bench import RateGate, RatePort
from sim.commission_wiring import FAMILIES, differences, draw, wiring
from sim.gm65 import Gm65
from sim.kerong_cu24 import KerongBoard

STATUS = bytes.fromhex("02 00 00 80 00 00 03 85")


def test_at_a_wrong_rate_nothing_is_heard_and_something_is_said() -> None:
    """The board never sees a whole request; what it says at its rate is no reply at another one."""
    far = KerongBoard(Body(24))
    wrong = RateGate(far, right=False)
    wrong.feed(STATUS, 0)
    assert list(far.received) == []
    assert wrong.spoilt == len(STATUS)
    far.feed(STATUS, 100)
    said = wrong.refresh(200)
    assert len(said) == 11
    assert not said.startswith(b"\x02")


def test_a_port_is_retuned_at_its_next_opening() -> None:
    """The right rate is answered, the wrong one is not, and back again."""
    far = KerongBoard(Body(24))
    port = RatePort(far, "a", 19_200, 9600)
    for baud, answered in ((9600, False), (19_200, True), (115_200, False)):
        port.retune(baud)
        port.open()
        ms = port._now_ms + 1000
        port.advance(ms)
        port.write(STATUS)
        port.advance(ms + 50)
        assert (port.read()[:1] == b"\x02") is answered


def test_a_gm65_that_restarts_promises_nothing_in_the_past() -> None:
    """Woken by its key after a long sleep, it has nothing to do before it is up again."""
    scanner = Gm65()
    scanner.refresh(0)
    scanner.refresh(60_000)
    assert scanner.asleep
    scanner.press_key(60_000)
    deadline_ms = scanner.deadline_ms()
    assert deadline_ms is not None
    assert deadline_ms > 60_000


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_is_a_cabinet(family: str) -> None:
    """Drawn twice it is the same, and another seed is another one; its own doors all have places of their own."""
    one, same, other = draw(family, 5), draw(family, 5), draw(family, 6)
    assert [wiring(board) for board in one.boards] == [wiring(board) for board in same.boards]
    assert (one.doors, one.senses, one.scanner_port) == (same.doors, same.senses, same.scanner_port)
    assert one.doors != other.doors
    assert len(set(one.doors.values())) == len(one.doors) == max(one.doors)


def test_a_configuration_that_is_another_one_is_told_key_by_key() -> None:
    """Two doors exchanged, a polarity, a sensor, the scanner's rate: each has its line."""
    walk = a_walk("cu24", 1).run()
    right = walk.config
    assert differences(walk.drawn, right) == []
    one, two, *rest = right.doors
    board = altered(right.boards[0], closed_bit=1 - right.boards[0].closed_bit)
    doors = [altered(one, channel=two.channel), altered(two, channel=one.channel, occupancy=True), *rest]
    wrong = altered(right, boards=[board], doors=doors, scanner=altered(right.scanner, baud=57_600))
    kinds = sorted(line.split(":")[0] for line in differences(walk.drawn, wrong))
    assert kinds == ["board", "door 1", "door 2", "door 2", "scanner"]
