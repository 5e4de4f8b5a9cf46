"""Parts that are switched: off at the start, at the end and on any error, and never on for longer than was ordered."""

from __future__ import annotations

import pytest
from fittings_rig import FittedBench, fitted_config
from rig import at

from locker.config_fittings import Buzzer, Fan, Heater, Lamp
from locker.model import PortBack, PortLost, Pulse, Switch
from sim.header import Died

ALL = {"lamp_left", "lamp_middle", "lamp_right", "fan", "heater", "buzzer"}


def started(bench: FittedBench | None = None) -> FittedBench:
    """A bench whose pins are held."""
    bench = bench or FittedBench()
    bench.run(500)
    return bench


@pytest.mark.parametrize("level", [0, 1])
def test_nothing_is_ever_on_that_nobody_ordered(level: int) -> None:
    """From power-on through start and end no output moves, whichever level switches on."""
    cfg = fitted_config(
        fan=Fan(pin=20, level=level),  # type: ignore[arg-type]
        heater=Heater(pin=21, level=level),  # type: ignore[arg-type]
        buzzer=Buzzer(pin=25, level=level),  # type: ignore[arg-type]
        lamp=Lamp(left_pin=22, right_pin=24, level=level),  # type: ignore[arg-type]
    )
    bench = started(FittedBench(cfg))
    bench.close()
    assert bench.far.moved == []


@pytest.mark.parametrize("line", sorted(ALL - {"buzzer"}))
def test_on_until_ordered_off(line: str) -> None:
    """An order moves its own part and no other; without a time it holds."""
    bench = started()
    bench.order(Switch(line, True))
    bench.run(3_600_000 if line == "fan" else 60_000)
    assert bench.far.lit == {line}
    bench.order(Switch(line, False))
    assert bench.far.lit == set()


def test_a_beep_ends_by_itself_while_the_turn_is_held_up() -> None:
    """A pulse of up to a second is ended by the pin's library: nobody turns for ten seconds, it sounds for 120 ms."""
    bench = started()
    bench.order(Switch("buzzer", True, 120))
    begun_ms = bench.ms
    bench.stall(10_000)
    assert bench.far.moved == [(begun_ms, "buzzer", True), (begun_ms + 120, "buzzer", False)]


def test_what_nobody_orders_again_goes_off() -> None:
    """A heater that was ordered for 90 s is off after 90 s, and not before where it is ordered again."""
    bench = started()
    for _ in range(4):
        bench.order(Switch("heater", True, 90_000))
        bench.run(30_000)
    assert bench.far.lit == {"heater"}
    bench.run(59_000)
    assert bench.far.lit == {"heater"}
    bench.run(1_500)
    assert bench.far.lit == set()
    assert bench.driver("heater").counters()["lapsed"] == 1


def test_all_off_at_the_end() -> None:
    """Closing switches everything off, then makes the pins inputs."""
    bench = started()
    for line in sorted(ALL - {"buzzer"}):
        bench.order(Switch(line, True))
    bench.close()
    assert bench.far.lit == set()


def test_one_that_fails_goes_off_and_comes_back_with_what_still_holds() -> None:
    """A write that fails lets go of the part, off; it is told once, and taken again five seconds later as ordered."""
    bench = started()
    bench.order(Switch("lamp_left", True))
    bench.header.fails_at = bench.header.steps + 1
    bench.order(Switch("lamp_right", True))
    assert bench.far.lit == set()
    told = bench.run(6000)
    assert [type(e) for e in told if isinstance(e, PortLost | PortBack)] == [PortLost, PortBack]
    assert bench.far.lit == {"lamp_left", "lamp_right"}


def test_a_killed_program_leaves_nothing_on() -> None:
    """Killed with everything on, on a kernel that releases lines: the resistors switch off; the next start is quiet."""
    bench = started()
    for line in sorted(ALL - {"buzzer"}):
        bench.order(Switch(line, True))
    bench.header.die()
    assert bench.far.lit == set()
    before = list(bench.far.moved)
    bench.header.restart()
    bench.boot()
    bench.run(2000)
    assert bench.far.moved == before


def test_a_kernel_that_keeps_outputs_keeps_them_until_the_next_start() -> None:
    """Where the kernel keeps a killed program's outputs, the next start switches them off first of all."""
    bench = started()
    bench.header.keeps_outputs = True
    bench.order(Switch("heater", True))
    bench.header.dies_at = bench.header.steps + 1
    with pytest.raises(Died):
        bench.order(Switch("lamp_left", True))
    assert bench.far.lit == {"heater"}
    bench.header.restart()
    bench.boot()
    bench.turn()
    bench.header.changed()
    assert bench.far.lit == set()


def test_an_order_for_somebody_else_is_refused() -> None:
    """A driver that is handed what it does not accept says so."""
    bench = started()
    fan = bench.driver("fan")
    assert not fan.accepts(Pulse(1))
    assert not fan.accepts(Switch("heater", True))
    with pytest.raises(ValueError, match="not for its lines fan"):
        fan.perform(Switch("heater", True), at(bench.ms))
