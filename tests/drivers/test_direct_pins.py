"""Single pins, edge by edge: levels before directions, one pin on and off for a pulse, inputs again at the end."""

from __future__ import annotations

import pytest
from gpio_rig import GpioBench

from drivers.circuit import CircuitFault
from drivers.direct_pins import DirectPins
from locker.config_gpio import PinsBoard
from locker.model import Pulse

Step = tuple[int, str, bool]


def wired(bench: GpioBench) -> tuple[PinsBoard, bool]:
    """The board's configuration, and the level at which its locks are on."""
    assert isinstance(bench.board, PinsBoard)
    return bench.board, bool(bench.board.lock_level)


def moved(bench: GpioBench) -> list[Step]:
    """What happened on the locks' pins, in order."""
    board, _ = wired(bench)
    return [step for step in bench.header.trace if step[0] in board.lock_pins]


@pytest.mark.parametrize("level", [0, 1])
def test_the_start_pin_by_pin(level: int) -> None:
    """Each lock's pin is claimed as an input and becomes an output at "off" in one step, before the next is touched."""
    bench = GpioBench("pins", lock_level=level)
    bench.turn()
    board, on = wired(bench)
    claims = [step for pin in board.lock_pins for step in ((pin, "in", False), (pin, "out", not on))]
    assert bench.header.trace[: len(claims)] == claims
    rest = bench.header.trace[len(claims) :]
    assert all(pin in (*board.door_pins, *board.item_pins) and what == "in" for pin, what, _ in rest if what != "set")
    assert all(high is not on for _, what, high in moved(bench) if what in ("out", "set"))


@pytest.mark.parametrize("level", [0, 1])
def test_a_pulse_is_one_edge_pair_on_one_pin(level: int) -> None:
    """The pin's library is told once; no other lock's pin is written at all until it is over."""
    bench = GpioBench("pins", lock_level=level, poll_ms=1000, idle_poll_ms=1000).settled()
    board, on = wired(bench)
    bench.header.trace.clear()
    bench.order(Pulse(2))
    assert moved(bench) == [(board.lock_pins[bench.doors[2]], "pulse", on)]
    bench.header.trace.clear()
    bench.run(board.pulse_ms + 200)
    assert moved(bench) == [(pin, "set", not on) for pin in reversed(board.lock_pins)]


@pytest.mark.parametrize("level", [0, 1])
def test_the_exit_pin_by_pin(level: int) -> None:
    """All off first; only then does any pin become an input."""
    bench = GpioBench("pins", lock_level=level).settled()
    board, on = wired(bench)
    bench.header.trace.clear()
    bench.gpio.close()
    steps = moved(bench)
    off = [(pin, "set", not on) for pin in reversed(board.lock_pins)]
    assert steps[: len(off)] == off
    assert {step[:2] for step in steps[len(off) :]} == {(pin, "in") for pin in board.lock_pins}


def test_a_pin_that_is_on_already_lets_nothing_be_fired() -> None:
    """Two coils at once is what must never be, whoever switched the first one on."""
    bench = GpioBench("pins").settled()
    board, _ = wired(bench)
    circuit = bench.gpio._circuit
    assert isinstance(circuit, DirectPins)
    circuit.fire(0, board.pulse_ms)
    with pytest.raises(CircuitFault, match="switching level already"):
        circuit.fire(1, board.pulse_ms)
