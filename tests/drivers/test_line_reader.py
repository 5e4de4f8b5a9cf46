"""Lines that are read: what counts as a change, what a held-up turn misses, and pins that are gone."""

from __future__ import annotations

import pytest
from fittings_rig import FittedBench
from rig import at

from drivers.line_reader import LOOK_MS
from locker.model import DeviceTrouble, LineSeen, PortBack, PortLost


def lines(bench: FittedBench, for_ms: int) -> list[tuple[str, bool, bool]]:
    """What is told of lines meanwhile."""
    return [(e.line, e.active, e.brief) for e in bench.run(for_ms) if isinstance(e, LineSeen)]


def test_every_line_is_told_once_at_the_start() -> None:
    """The first two equal readings of each line are told, whatever they are; then nothing while nothing changes."""
    bench = FittedBench()
    bench.far.loop_open = True
    first = [("mains_lost", False, False), ("battery_low", False, False), ("ups_off", False, False)]
    assert lines(bench, 250) == [*first, ("tamper", True, False)]
    assert lines(bench, 60_000) == []


@pytest.mark.parametrize("begins_ms", range(0, LOOK_MS, 7))
def test_a_contact_of_401_ms_is_always_noticed(begins_ms: int) -> None:
    """At whatever moment between two looks it opens, a loop that is open for 401 ms is told open, then closed."""
    bench = FittedBench()
    bench.run(1000 + begins_ms)
    bench.far.loop_open = True
    seen = lines(bench, 401)
    bench.far.loop_open = False
    assert seen + lines(bench, 400) == [("tamper", True, False), ("tamper", False, False)]


@pytest.mark.parametrize("lasts_ms", [1, 30, 60, 90])
def test_bounces_are_nothing(lasts_ms: int) -> None:
    """A contact shorter than a tenth of a second is no contact, wherever it falls between two looks."""
    bench = FittedBench()
    bench.run(1000)
    for _ in range(20):
        bench.far.loop_open = True
        seen = lines(bench, lasts_ms)
        bench.far.loop_open = False
        assert seen + lines(bench, 333) == []


def test_a_contact_during_a_stall_is_told_afterwards() -> None:
    """While a slow card holds the turn up for 3 s, a loop opens for 401 ms: the kernel's edges tell of it."""
    bench = FittedBench()
    bench.run(1000)
    bench.stall(1000)
    bench.far.loop_open = True
    bench.stall(401)
    bench.far.loop_open = False
    bench.stall(1600)
    assert lines(bench, 500) == [("tamper", False, True)]
    assert bench.driver("tamper").counters()["brief"] == 1


def test_short_contacts_during_a_stall_add_up_to_nothing() -> None:
    """Thirty bounces of 20 ms are thirty bounces, and not one contact of 600 ms."""
    bench = FittedBench()
    bench.run(1000)
    for _ in range(30):
        bench.far.loop_open = True
        bench.stall(20)
        bench.far.loop_open = False
        bench.stall(20)
    assert lines(bench, 500) == []


def test_a_contact_that_goes_on_after_a_stall_is_told_once() -> None:
    """Opened while nobody looked and still open: told as open, with no word of a brief one before."""
    bench = FittedBench()
    bench.run(1000)
    bench.far.loop_open = True
    bench.stall(2000)
    assert lines(bench, 500) == [("tamper", True, False)]


def test_a_pin_that_fails_takes_no_other_part_along() -> None:
    """The loop's pins are busy twice: told once, tried again, told when back; the supply's lines work all the while."""
    bench = FittedBench()
    for driver in bench.drivers:
        if driver.name != "tamper":
            driver.refresh(at(bench.ms))
    bench.far.refusals = 2
    told = bench.run(20_000)
    assert [e for e in told if isinstance(e, PortLost)] == [PortLost("tamper", "/dev/gpiochip0: busy")]
    assert [e.device for e in told if isinstance(e, PortBack)] == ["tamper"]
    assert {e.line for e in told if isinstance(e, LineSeen)} == {"mains_lost", "battery_low", "ups_off", "tamper"}
    assert bench.driver("tamper").counters()["port_lost"] == 1


def test_a_failing_read_lets_go_and_comes_back() -> None:
    """An input that raises is lost; five seconds later it is taken again and told anew only if it has changed."""
    bench = FittedBench()
    bench.run(1000)
    bench.header.fails_at = bench.header.steps + 1
    told = bench.run(6000)
    assert [type(e) for e in told if isinstance(e, PortLost | PortBack)] == [PortLost, PortBack]
    assert not [e for e in told if isinstance(e, LineSeen | DeviceTrouble)]
    bench.far.ups.plugged = False
    assert lines(bench, 500) == [("mains_lost", True, False)]


def test_nothing_is_driven() -> None:
    """These pins are inputs from the first moment to the last, and inputs without a pull afterwards."""
    bench = FittedBench()
    bench.run(3000)
    bench.close()
    driven = {pin for pin, what, _ in bench.header.trace if what in ("out", "set")}
    assert not driven & {5, 6, 13, 16}
    assert {pin._function for number, pin in bench.header.pins.items() if number in (5, 6, 13, 16)} == {"input"}
