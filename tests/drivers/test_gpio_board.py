"""Boards on pins, all three kinds: doors, pulses, boots, deaths, faults; no lock line moves but for a pulse."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from gpio_rig import KINDS, GpioBench, at, short

from drivers.gpio_board import LATE_MS
from drivers.pins import PinError
from locker.model import (
    BoardBack,
    BoardSilent,
    DeviceTrouble,
    DoorSeen,
    PortBack,
    PortLost,
    Pulse,
    PulseDropped,
    PulseSent,
    Show,
)
from sim.header import BlippingPin, Died

PULSE_MS = 500
ALL = pytest.mark.parametrize("kind", KINDS)


def fired(bench: GpioBench, door: int = 3) -> list[int]:
    """Order a pulse and let it be over; what the coils were at each change."""
    before = len(bench.lit)
    bench.order(Pulse(door))
    bench.run(PULSE_MS + LATE_MS + 200)
    return bench.lit[before:]


# --- doors and pulses -----------------------------------------------------------------------------


@ALL
def test_every_door_is_told_once_by_two_equal_readings(kind: str) -> None:
    """At the start the board is back, then all doors are seen shut, and nothing more while nothing moves."""
    bench = GpioBench(kind).settled()
    assert bench.told(BoardBack) == [BoardBack("main", tuple(bench.doors))]
    assert [(seen.door, seen.open) for seen in bench.told(DoorSeen)] == [(door, False) for door in bench.doors]
    assert bench.run(5000) == []


@ALL
@pytest.mark.parametrize("door", [1, 2, 7, 8])
def test_a_pulse_is_one_coil_for_its_time(kind: str, door: int) -> None:
    """One coil alone is on, for exactly the configured time; its door is seen open while the pulse is still on."""
    bench = GpioBench(kind).settled().attended()
    start_ms = bench.ms
    assert fired(bench, door) == [1 << bench.doors[door], 0]
    assert [ms - start_ms for ms, _ in bench.cabinet.moved] == [0, PULSE_MS]
    assert bench.told(PulseSent) == [PulseSent(door)]
    *shut, seen = bench.told(DoorSeen)[len(bench.doors) :]
    assert (seen.door, seen.open, seen.fresh) == (door, True, True)
    assert [(still.door, still.open) for still in shut] in ([], [(door, False)])
    opened_ms = next(ms for ms, event in bench.log if event == seen)
    assert opened_ms - start_ms < 200
    assert not bench.cabinet.body.breaches


@ALL
def test_every_door_has_its_own_wire(kind: str) -> None:
    """Each door's pulse opens that door and no other, and each is told shut again by its own switch."""
    bench = GpioBench(kind).settled().attended()
    for door, channel in bench.doors.items():
        assert fired(bench, door) == [1 << channel, 0]
        bench.run(500)
        bench.cabinet.body.shut(channel, bench.ms)
        bench.run(1000)
    told = [(seen.door, seen.open) for seen in bench.told(DoorSeen)[len(bench.doors) :]]
    changes = [sight for sight, before in zip(told, [(0, False), *told], strict=False) if sight[1] or before[1]]
    assert changes == [(door, is_open) for door in bench.doors for is_open in (True, False)]


@pytest.mark.parametrize(
    ("kind", "more"), [("shift", {"item_chips": 3}), ("mcp23017", {"item_addresses": [0x24, 0x25]}), ("pins", {})]
)
def test_a_sensor_inside_is_told_with_its_door(kind: str, more: dict[str, Any]) -> None:
    """Papers that are put in make the compartment occupied; a door without a sensor says nothing of it."""
    bench = GpioBench(kind, sensing=4, **more).settled().attended()
    assert [seen.occupied for seen in bench.told(DoorSeen)][:5] == [False, False, False, False, None]
    fired(bench, 2)
    bench.cabinet.body.put_papers(bench.doors[2], "form", bench.ms)
    bench.run(500)
    assert bench.told(DoorSeen)[-1] == DoorSeen(2, True, True, fresh=True)


@ALL
def test_a_contact_of_400_ms_is_never_missed(kind: str) -> None:
    """With nobody there, a door that is open for 400 ms is told, open and shut."""
    for begin_ms in range(0, 100, 7):
        bench = GpioBench(kind).settled()
        bench.run(1000 + begin_ms)
        bench.cabinet.body.force(0, bench.ms)
        bench.run(400)
        bench.cabinet.body.shut(0, bench.ms)
        bench.run(1000)
        assert [seen.open for seen in bench.told(DoorSeen)[len(bench.doors) :]] == [True, False]


@ALL
def test_a_second_pulse_waits_for_the_first(kind: str) -> None:
    """While a pulse is under way another is dropped, and the coil that is on stays the only one."""
    bench = GpioBench(kind).settled()
    bench.order(Pulse(1))
    bench.run(PULSE_MS - 1)
    bench.order(Pulse(2))
    bench.run(1000)
    assert bench.told(PulseDropped) == [PulseDropped(2, "another pulse is under way")]
    assert bench.lit == [1, 0]


@ALL
def test_a_pulse_may_follow_as_soon_as_the_line_is_off(kind: str) -> None:
    """Right after the first one's end the next lock may be fired; two coils are never on together."""
    bench = GpioBench(kind).settled()
    bench.order(Pulse(1))
    bench.run(PULSE_MS + 1)
    bench.order(Pulse(2))
    bench.run(1000)
    assert bench.lit == [1, 0, 2, 0]
    assert not bench.told(PulseDropped)


@ALL
def test_orders_for_others_are_refused(kind: str) -> None:
    """A pulse for a door of another board, or an order of another kind, is nobody's."""
    bench = GpioBench(kind).settled()
    assert not bench.gpio.accepts(Pulse(99))
    with pytest.raises(ValueError, match="not for its doors"):
        bench.gpio.perform(Pulse(99), at(bench.ms))
    assert not bench.gpio.accepts(Show("idle", 1))
    assert bench.gpio.fileno() is None


# --- boots, exits, deaths -------------------------------------------------------------------------


def lived(bench: GpioBench) -> None:
    """A whole life without a visit: start, every door known, a clean exit."""
    bench.settled()
    bench.gpio.close()


@ALL
def test_no_line_moves_at_start_and_exit_wherever_the_process_dies(kind: str) -> None:
    """After each single operation on a pin or a chip the process may be killed: no coil was on, none is afterwards."""
    whole = GpioBench(kind, **short(kind))
    lived(whole)
    assert whole.header.steps > 30
    for step in range(1, whole.header.steps + 1):
        bench = GpioBench(kind, **short(kind))
        bench.header.dies_at = step
        with pytest.raises(Died):
            lived(bench)
        bench.header.restart()
        bench.boot()
        bench.settled()
        assert bench.lit == [], f"a coil came on when the process died at step {step}"


@ALL
def test_no_line_moves_at_start_and_exit_whatever_fails(kind: str) -> None:
    """An error at each single operation: no coil comes on, and the board works in the end or is let go of."""
    whole = GpioBench(kind, **short(kind))
    lived(whole)
    started = GpioBench(kind, **short(kind)).settled()
    starting = started.header.steps
    for step in range(1, whole.header.steps + 1):
        bench = GpioBench(kind, **short(kind))
        bench.header.fails_at = step
        if step <= starting:
            bench.settled()
            assert fired(bench, 1) == [1, 0], f"no pulse after an error at step {step}"
        else:
            bench.settled()
            with suppress(PinError):
                bench.gpio.close()
            assert bench.lit == [], f"a coil came on at an error at step {step}"


@ALL
def test_an_exit_during_a_pulse_switches_off_first(kind: str) -> None:
    """Closed in the middle of a pulse the coil is off at once, and nothing comes on later."""
    bench = GpioBench(kind).settled()
    bench.order(Pulse(3))
    bench.run(100)
    bench.gpio.close()
    bench.cabinet.advance(bench.ms + 5000)
    assert bench.lit == [1 << bench.doors[3], 0]
    assert bench.cabinet.moved[-1][0] == bench.ms


@ALL
def test_killed_at_each_step_of_a_pulse(kind: str) -> None:
    """On a kernel that lets go, kill -9 at any operation of a pulse, or between them, leaves no coil on."""
    slow = short(kind) | {"poll_ms": 400, "idle_poll_ms": 400}
    whole = GpioBench(kind, **slow).settled()
    first = whole.header.steps
    fired(whole)
    for step in range(first + 1, whole.header.steps + 1):
        bench = GpioBench(kind, **slow).settled()
        bench.header.dies_at = step
        with pytest.raises(Died):
            fired(bench)
        assert bench.cabinet.lines == 0, f"a coil stays on after death at step {step}"
        assert bench.lit in ([], [1 << bench.doors[3], 0])
        bench.header.restart()
        bench.boot()
        bench.settled()
        assert bench.cabinet.lines == 0


@ALL
def test_on_a_kernel_that_keeps_outputs_nothing_is_fired_without_a_one_shot(kind: str) -> None:
    """The driver refuses, and says what is to be done; doors are still read."""
    bench = GpioBench(kind, strict=False).settled()
    assert fired(bench) == []
    (dropped,) = bench.told(PulseDropped)
    assert "strict_gpiod" in dropped.why
    assert [trouble.what for trouble in bench.told(DeviceTrouble)] == ["a pulse might not end"]


@ALL
def test_what_a_one_shot_is_needed_for(kind: str) -> None:
    """Killed in a pulse on such a kernel the coil stays on, until a new process claims the pins: then it is off.

    This is the reason for the refusal above: only hardware can end such a pulse in time.
    """
    bench = GpioBench(kind, strict=False, one_shot=True).settled()
    bench.order(Pulse(3))
    bench.header.die()
    bench.cabinet.advance(bench.ms + 5000)
    assert bench.cabinet.lines == 1 << bench.doors[3]
    bench.header.restart()
    bench.boot()
    bench.ms += 5000
    bench.turn()
    assert bench.cabinet.lines == 0
    assert bench.lit == [1 << bench.doors[3], 0]


@ALL
def test_a_hung_program_ends_no_pulse_late(kind: str) -> None:
    """Nobody calls the driver for ten seconds after an order: the coil went off at its time all the same."""
    bench = GpioBench(kind).settled()
    bench.order(Pulse(3))
    start_ms = bench.ms
    bench.cabinet.advance(start_ms + 10_000)
    assert [ms - start_ms for ms, _ in bench.cabinet.moved] == [0, PULSE_MS]


@ALL
def test_a_disk_that_kept_the_program_waiting_takes_nothing_off_the_pulse(kind: str) -> None:
    """A commit of four seconds goes before the order, whose turn began before it; the coil has its whole time.

    It was switched off at the next turn, after some milliseconds, as if its pulse had not ended.
    """
    bench = GpioBench(kind).settled()
    turn = at(bench.ms)
    bench.ms += 4000
    bench.cabinet.advance(bench.ms)
    bench.driver.perform(Pulse(3), turn)
    bench.run(2000)
    assert [ms - bench.cabinet.moved[0][0] for ms, _ in bench.cabinet.moved] == [0, PULSE_MS]
    assert bench.told(DeviceTrouble) == [] and bench.told(PulseSent) == [PulseSent(3)]
    seen = bench.told(DoorSeen)[-1]
    assert (seen.door, seen.open) == (3, True)


@ALL
def test_a_pulse_that_does_not_end_is_ended_and_told(kind: str) -> None:
    """Should the pin's library stop working, the driver switches off a little later, and says so."""
    bench = GpioBench(kind).settled()
    bench.order(Pulse(3))
    bench.header._pulses.clear()
    bench.run(2000)
    assert [ms - bench.cabinet.moved[0][0] for ms, _ in bench.cabinet.moved] == [0, PULSE_MS + LATE_MS]
    assert [trouble.what for trouble in bench.told(DeviceTrouble)] == ["a pulse did not end"]
    assert bench.gpio.counters()["late"] == 1


def test_gpiozeros_own_pins_would_blip() -> None:
    """Why there is a pin of ours: an output that is made low first switches a low-active lock on at every start."""
    ours = GpioBench("pins", lock_level=0).settled()
    assert ours.lit == []
    theirs = GpioBench("pins", lock_level=0, pin_class=BlippingPin).settled()
    assert theirs.lit[0] == 1


def test_why_the_pull_up_is_needed() -> None:
    """Without the resistor at output-enable a floating pin may let out whatever the registers hold after power-on."""
    bench = GpioBench("shift")
    del bench.header.pulls[bench.cabinet.outs.enable]
    bench.header.changed()
    assert bench.cabinet.lines == (1 << 24) - 1


# --- pins that are gone ---------------------------------------------------------------------------


@ALL
def test_a_chip_that_cannot_be_opened_is_tried_again(kind: str) -> None:
    """No pins: the port is lost and the board silent, once; when they can be had both are told back."""
    bench = GpioBench(kind)
    bench.cabinet.refusals = 2
    bench.settled()
    assert bench.told(PortLost) == [PortLost("main", "/dev/gpiochip0: busy")]
    assert bench.told(BoardSilent) == [BoardSilent("main", tuple(bench.doors))]
    assert bench.events(PortBack) == bench.events(BoardBack) == 1
    assert bench.lit == []


@ALL
def test_before_the_pins_are_there_nothing_is_fired(kind: str) -> None:
    """An order that comes first of all is dropped."""
    bench = GpioBench(kind)
    bench.order(Pulse(1))
    assert [event.why for event in bench.run(0) if isinstance(event, PulseDropped)] == ["the pins are gone"]
