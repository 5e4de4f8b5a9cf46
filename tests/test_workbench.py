"""The bench carries out orders with the program's own drivers: consent first, rest between, and everything let go."""

from __future__ import annotations

import itertools

import pytest
from commission_rig import BLANK, a_walk

from locker.commission.steps import (
    AskLocks,
    AwaitLevel,
    Consent,
    ConsentSpent,
    Find,
    FindPins,
    FindScanner,
    Look,
    Open,
    Opened,
    Place,
    Search,
    Tell,
)
from locker.config import Board, decode
from locker.config_gpio import ShiftBoard
from locker.workbench import Workbench
from sim.commission_bench import VirtualSite
from sim.commission_wiring import Drawn, draw


def a_bench(family: str = "cu24", seed: int = 1) -> tuple[Workbench, VirtualSite, Drawn]:
    """A bench at a drawn cabinet."""
    drawn = draw(family, seed)
    site = VirtualSite(drawn)
    return Workbench(decode(BLANK, "t"), site), site, drawn


def boards(drawn: Drawn) -> tuple[Board, ...]:
    """The truth."""
    return tuple(drawn.boards)


def test_an_opening_spends_its_consent_and_tells_what_moved() -> None:
    """One pulse, its door with its time and its level of before; the same consent again raises, and nothing is sent."""
    bench, _, drawn = a_bench()
    place = drawn.doors[1]
    consent = Consent(place)
    result = bench.carry_out(Open(boards(drawn), place, consent))
    assert isinstance(result, Opened)
    assert result.sent
    assert list(result.moved) == [place]
    assert 40 <= result.moved[place][0] <= 400
    assert result.moved[place][1] == drawn.boards[0].closed_bit
    with pytest.raises(ConsentSpent):
        bench.carry_out(Open(boards(drawn), place, consent))
    with pytest.raises(ConsentSpent):
        bench.carry_out(Open(boards(drawn), drawn.doors[2], Consent(place)))
    assert len(drawn.pulses) == 1


def test_the_same_lock_rests_before_its_next_pulse() -> None:
    """However fast it is agreed to again, the coil has cooled down; and after six in a minute it waits."""
    bench, site, drawn = a_bench()
    place = drawn.doors[1]
    for _ in range(7):
        bench.carry_out(Open(boards(drawn), place, Consent(place)))
        drawn.body.shut(drawn.channels[place], site.ms)
    times = [seen.ms for seen in drawn.body.pulses]
    assert drawn.body.breaches == []
    assert times[6] - times[0] >= 60_000
    assert min(after - before for before, after in itertools.pairwise(times)) >= 1500


def test_a_level_is_waited_for_and_given_up() -> None:
    """True as soon as the switch says so, False when it does not in time."""
    bench, site, drawn = a_bench()
    place = drawn.doors[1]
    shut = drawn.boards[0].closed_bit
    assert bench.carry_out(AwaitLevel(boards(drawn), place, shut)) is True
    before_ms = site.ms
    assert bench.carry_out(AwaitLevel(boards(drawn), place, 1 - shut, wait_ms=5000)) is False
    assert site.ms >= before_ms + 5000


def test_a_look_tells_every_channel_and_a_silent_board_by_name() -> None:
    """Levels are raw; a board at an address where nobody is has none, and is told as silent."""
    bench, _, drawn = a_bench()
    levels = bench.carry_out(Look(boards(drawn)))
    assert len(levels.hooks) == 24  # type: ignore[union-attr]
    assert {levels.hooks[place] for place in drawn.doors.values()} == {drawn.boards[0].closed_bit}  # type: ignore[union-attr]
    wrong = Board(port=drawn.boards[0].port, baud=drawn.boards[0].baud, address=(drawn.boards[0].address + 1) % 16)
    silent = bench.carry_out(Look((wrong,)))
    assert (silent.silent, dict(silent.hooks)) == (("main",), {})  # type: ignore[union-attr]


def test_a_search_tries_each_rate_and_leaves_other_ports_alone() -> None:
    """Only the ports that were named are opened, at one rate after the other until something answers."""
    bench, site, drawn = a_bench(seed=3)
    search = bench.carry_out(Find("cu24", (drawn.boards[0].port,)))
    assert isinstance(search, Search)
    assert [one.board.baud for one in search.found] == [drawn.boards[0].baud]
    assert {path for path, _ in site.opened} == {drawn.boards[0].port}
    rates = [baud for _, baud in site.opened]
    assert rates[-1] == drawn.boards[0].baud
    assert len(rates) == len(set(rates))


def test_pins_that_read_wrong_are_told_with_what_came_back() -> None:
    """No candidate fits: the first one's trouble is told, and every pin has been let go."""
    bench, _, drawn = a_bench("shift")
    truth = drawn.boards[0]
    assert isinstance(truth, ShiftBoard)
    wrong = ShiftBoard(
        **{key: getattr(truth, key) for key in truth.__struct_fields__} | {"in_chips": 7, "item_chips": 0}
    )
    search = bench.carry_out(FindPins((wrong,)))
    assert isinstance(search, Search)
    assert search.found == ()
    assert "the input chain ends in" in search.troubles[0]


def test_a_scanner_that_is_not_there_is_none() -> None:
    """At no rate an answer."""
    bench, _, drawn = a_bench()
    empty = next(path for path in drawn.ports if path not in (drawn.scanner_port, drawn.boards[0].port))
    assert bench.carry_out(FindScanner("gm65", empty)) is None


def test_what_is_no_order_is_refused() -> None:
    """A sentence is nothing for the bench; one lock is asked for on an 8A/80 board only."""
    bench, _, drawn = a_bench()
    with pytest.raises(ValueError, match="Tell"):
        bench.carry_out(Tell("intro"))
    assert bench.carry_out(AskLocks(drawn.boards[0], (1,))) == {}


def test_after_it_is_closed_no_port_is_open() -> None:
    """Whatever was done before."""
    walk = a_walk("8a", 2).run()
    assert [port.is_open for port in walk.site._ports.values()] == [False] * len(walk.site._ports)
    bench, site, drawn = a_bench("mcp")
    bench.carry_out(Look(boards(drawn)))
    bench.close()
    assert drawn.cabinet is not None
    assert drawn.cabinet.lines == 0
    assert site.ms > 1000
    assert Place("main", 0) == ("main", 0)
