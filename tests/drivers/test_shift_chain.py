"""Shift registers bit by bit: the order of data, clock, latch and enable, and every way in which a chain can break."""

from __future__ import annotations

from typing import Any

import pytest
from gpio_rig import GpioBench

from drivers import shift_chain
from locker.model import BoardBack, BoardSilent, DeviceTrouble, DoorSeen, Pulse, PulseDropped
from sim.header import Header
from sim.shift_chain import InputChain, OutputChain

ENABLE, DATA, CLOCK, LATCH, RETURN, LOAD, IN_CLOCK = 5, 27, 22, 23, 24, 16, 20
BITS = 24


def sent(word: int) -> list[tuple[int, str, bool]]:
    """What shifting a word out looks like on the pins: channel 23 first."""
    trace = []
    for bit in reversed(range(BITS)):
        trace += [(DATA, "set", bool(word >> bit & 1)), (CLOCK, "set", True), (CLOCK, "set", False)]
    return [*trace, (DATA, "set", False)]


def shown(word: int) -> list[tuple[int, str, bool]]:
    """Shifted out, latched, and shifted out of the registers again to see what it was."""
    return [*sent(word), (LATCH, "set", True), (LATCH, "set", False), *sent(0)]


def broken(bench: GpioBench, spoil: str, value: Any) -> GpioBench:
    """Settle, then break one of the chains."""
    bench.settled().attended()
    chain, _, what = spoil.partition(".")
    setattr(getattr(bench.cabinet, chain), what, value)
    return bench


# --- the order of things --------------------------------------------------------------------------


def test_the_start_bit_by_bit() -> None:
    """Enable is an output at high before any other pin is touched; each pin has its level from its first moment.

    Then a trial is shifted through and never latched, then zeros are shifted through, and only those are latched.
    """
    bench = GpioBench("shift")
    bench.turn()
    trial = 0b1011_0100 << 16
    outputs = [(ENABLE, True), (LATCH, False), (CLOCK, False), (DATA, False), (LOAD, True), (IN_CLOCK, False)]
    claims = [step for pin, level in outputs for step in ((pin, "in", False), (pin, "out", level))]
    claims += [(21, "in", False), (RETURN, "in", False)]
    start = [*claims, (ENABLE, "set", True), *sent(trial), *sent(0), *shown(0)]
    assert bench.header.trace[: len(start)] == start


def test_a_pulse_bit_by_bit() -> None:
    """The word is shifted, latched and compared while the outputs are off; then one pulse on enable, and no more."""
    bench = GpioBench("shift").settled()
    bench.header.trace.clear()
    bench.order(Pulse(10))
    assert bench.header.trace == [*shown(1 << 9), (ENABLE, "pulse", False)]


def test_the_end_of_a_pulse_bit_by_bit() -> None:
    """Enable is driven high once more, then zeros are shifted through and latched."""
    bench = GpioBench("shift", poll_ms=1000, idle_poll_ms=1000).settled()
    bench.order(Pulse(10))
    bench.header.trace.clear()
    bench.run(600)
    assert bench.header.trace == [(ENABLE, "set", True), *shown(0)]


def test_the_exit_bit_by_bit() -> None:
    """Enable high, zeros, latch; then every pin becomes an input, enable the last of all."""
    bench = GpioBench("shift").settled()
    bench.header.trace.clear()
    bench.gpio.close()
    released = [(pin, "in", False) for pin in (RETURN, 21, IN_CLOCK, LOAD, DATA, CLOCK, LATCH, ENABLE)]
    off = [(ENABLE, "set", True), *shown(0)]
    trace = bench.header.trace
    assert trace[: len(off)] == off
    assert list(dict.fromkeys(trace[len(off) :])) == released


def test_a_reading_bit_by_bit() -> None:
    """Load low and high, then one rising clock for each of the 32 bits; no other pin is driven."""
    bench = GpioBench("shift").settled()
    bench.header.trace.clear()
    bench.run(bench.board.idle_poll_ms)
    clocks = [(IN_CLOCK, "set", True), (IN_CLOCK, "set", False)] * 32
    assert bench.header.trace == [(LOAD, "set", False), (LOAD, "set", True), *clocks]


# --- broken chains --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "value"),
    [
        ("ins.stuck", True),
        ("ins.unpowered", True),
        ("ins.broken_behind", 1),
        ("ins.broken_behind", 2),
        ("ins.broken_behind", 3),
        ("ins.missing", 1),
        ("ins.missing", 3),
    ],
)
def test_a_broken_input_chain_is_a_silent_board(spoil: str, value: Any) -> None:
    """No pattern: nothing is believed or fired, the board is silent after five readings; healed, it comes back."""
    bench = broken(GpioBench("shift"), spoil, value)
    seen = bench.events(DoorSeen)
    bench.run(1000)
    assert bench.told(BoardSilent) == [BoardSilent("main", tuple(range(1, 25)))]
    assert "input chain" in bench.told(DeviceTrouble)[0].detail
    bench.order(Pulse(1))
    bench.run(2000)
    assert (bench.lit, bench.events(DoorSeen)) == ([], seen)
    chain, _, what = spoil.partition(".")
    setattr(getattr(bench.cabinet, chain), what, type(value)() if what != "broken_behind" else None)
    bench.run(3000)
    assert bench.events(BoardBack) == 2
    assert bench.events(DoorSeen) == seen + 24


def test_one_missed_clock_is_one_bad_reading() -> None:
    """A single spoilt reading changes no door and silences nothing, but nothing is fired before the next good one."""
    bench = GpioBench("shift").settled()
    bench.cabinet.ins.misses = 5
    bench.run(100, until=lambda: bench.gpio.counters()["bad"] == 1)
    seen = bench.events(DoorSeen)
    bench.order(Pulse(1))
    assert [drop.why for drop in bench.run(0) if isinstance(drop, PulseDropped)] == ["the last reading was wrong"]
    bench.run(2000)
    assert (bench.lit, bench.events(DoorSeen), bench.events(BoardSilent)) == ([], seen, 0)


@pytest.mark.parametrize("edge", range(1, 33))
def test_a_clock_missed_anywhere_spoils_the_pattern(edge: int) -> None:
    """A missed clock that could touch a door's bit is seen; those after it touch the pattern alone, or nothing."""
    bench = GpioBench("shift").settled()
    bench.cabinet.ins.misses = edge
    bench.run(100, until=lambda: bench.cabinet.ins.misses <= 0)
    assert bench.gpio.counters()["bad"] == 1 or edge > 24
    assert not [seen for seen in bench.told(DoorSeen) if seen.open]


@pytest.mark.parametrize("edge", [*range(1, 49), None])
@pytest.mark.parametrize("door", [1, 10, 24])
def test_a_missed_clock_on_the_way_out_opens_no_other_door(edge: int | None, door: int) -> None:
    """Whichever clock is missed, or all are: the right door opens or none, and then the order is dropped and told."""
    bench = GpioBench("shift").settled()
    bench.cabinet.outs.stuck = edge is None
    bench.cabinet.outs.misses = edge or 0
    bench.order(Pulse(door))
    bench.run(100)
    assert bench.lit in ([], [1 << door - 1])
    if not bench.lit:
        assert bench.events(PulseDropped) == 1
        assert "gave back" in bench.told(DeviceTrouble)[0].detail
    assert bench.lit == [] or edge is not None


def test_without_the_return_a_missed_clock_opens_another_door() -> None:
    """Why the wire back is worth it: without it a shifted word goes to the wrong lock, and only the doors tell."""
    bench = broken(GpioBench("shift", out_return_pin=None), "outs.misses", BITS + 20)
    bench.order(Pulse(10))
    bench.run(100)
    assert bench.lit[0] & ~(1 << 9)


@pytest.mark.parametrize("edge", range(1, 49))
def test_without_the_return_a_missed_clock_never_opens_two_doors(edge: int) -> None:
    """After a dip of the supply that nobody noticed, the chips hold ones: none of them comes to stand beside the word.

    Found by world 980102: a clock was missed after such a dip, and two coils came on at once.
    """
    bench = GpioBench("shift", out_return_pin=None).settled()
    for on in (False, True):
        bench.cabinet.power(on)
    bench.cabinet.outs.misses = edge
    bench.order(Pulse(10))
    bench.run(1000)
    assert all(on.bit_count() <= 1 for on in bench.lit), [f"{on:024b}" for on in bench.lit]


def test_a_chain_of_the_wrong_length_never_starts() -> None:
    """With one chip more or less than configured the trial comes back shifted: the board stays silent, and says why."""
    for chips in (2, 4):
        bench = GpioBench("shift")
        bench.cabinet.outs.width = 8 * chips
        bench.run(3000)
        assert bench.events(BoardBack) == 0
        assert "gave back" in bench.told(DeviceTrouble)[0].detail
        assert bench.lit == []


def test_noise_from_the_coil_does_not_end_its_pulse() -> None:
    """Readings that are spoilt during a pulse are not believed, and the coil has its full time."""
    bench = GpioBench("shift", silent_after=100).settled()
    bench.order(Pulse(10))
    start_ms = bench.ms
    for _ in range(10):
        bench.cabinet.ins.misses = 5
        bench.run(45)
    bench.run(1000)
    assert [ms - start_ms for ms, _ in bench.cabinet.moved] == [0, 500]
    assert bench.gpio.counters()["bad"] == 10


# --- the pattern and the simulated chips ------------------------------------------------------------


def test_the_pattern_is_like_no_shift_of_itself() -> None:
    """Shifted by one to seven places, whatever comes in from the side, the pattern is never the pattern."""
    for places in range(1, 8):
        for filler in range(1 << places):
            assert (shift_chain.PATTERN << places | filler) & 0xFF != shift_chain.PATTERN
            assert shift_chain.PATTERN >> places | filler << 8 - places != shift_chain.PATTERN


def test_the_far_side_is_as_the_data_sheet_says() -> None:
    """74HC595: 24 clocks bring the first bit to the last output, unseen before the latch, off while enable is high.
    74HC165: the nearest chip's H is there before any clock."""
    header = Header()
    outs = OutputChain(header, 3, 2, 3, 4, 5)
    header.pulls |= {2: True, 3: False, 4: False}
    outs.register = 0
    for _ in range(24):
        for level in (True, False):
            header.pulls[3] = level
            header.changed()
        header.pulls[2] = False
    assert (outs.register, outs.returned(), outs.shown) == (1 << 23, True, (1 << 24) - 1)
    header.pulls[4] = True
    header.changed()
    assert (outs.shown, outs.lines) == (1 << 23, 0)
    header.pulls[5] = False
    assert outs.lines == 1 << 23
    ins = InputChain(header, 1, 6, 7, 8, lambda: 0b1000_0000)
    header.pulls |= {6: False, 7: False}
    header.changed()
    assert ins.register & 1
    assert header.level(8)


def test_a_missed_clock_shows_another_lock_than_the_pins_meant() -> None:
    """The far side knows both: what the chips show, and what the pins said (found by world 950100)."""
    header = Header()
    outs = OutputChain(header, 3, 2, 3, 4, 5)
    header.pulls |= {2: False, 3: False, 4: False}
    outs.register, outs.misses = 0, 20
    for bit in reversed(range(24)):
        header.pulls[2] = bit == 16
        for level in (True, False):
            header.pulls[3] = level
            header.changed()
    header.pulls[4] = True
    header.changed()
    assert (outs.shown, outs.meant) == (1 << 15, 1 << 16)
