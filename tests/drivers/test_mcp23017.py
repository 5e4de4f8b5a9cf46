"""Port expanders register by register: levels before directions, read back; a chip that forgets, a bus that hangs."""

from __future__ import annotations

import pytest
from gpio_rig import GpioBench

from locker.model import BoardBack, BoardSilent, DeviceTrouble, DoorSeen, Pulse, PulseDropped
from sim.mcp23017 import GPPU, IODIR, OLAT, Mcp23017

OUTS, INS = (0x20, 0x21), (0x22, 0x23)
ENABLE = 17


def test_the_start_register_by_register() -> None:
    """The supply is off first of all. Each chip: latches, read back, before its direction; the locks' chips first."""
    bench = GpioBench("mcp23017")
    bench.turn()
    assert bench.header.trace[:2] == [(ENABLE, "in", False), (ENABLE, "out", False)]
    wanted = []
    for address in (*OUTS, *INS):
        direction, pull = (0x0000, 0x0000) if address in OUTS else (0x7F7F, 0x7F7F)
        pairs = [(OLAT, 0), (0x02, 0), (GPPU, pull), (IODIR, direction)]
        wanted += [(address, register, value.to_bytes(2, "little")) for register, value in pairs]
    assert [write for write in bench.cabinet.bus.trace if write[2]] == wanted


def test_a_pulse_register_by_register() -> None:
    """Only the latches of the locks' chips are written while the supply is off; then the supply has its pulse."""
    bench = GpioBench("mcp23017").settled()
    bench.cabinet.bus.trace.clear()
    bench.header.trace.clear()
    bench.order(Pulse(18))
    assert [write for write in bench.cabinet.bus.trace if write[2]] == [
        (0x20, OLAT, b"\x00\x00"),
        (0x21, OLAT, b"\x02\x00"),
    ]
    assert bench.header.trace == [(ENABLE, "pulse", True)]
    bench.cabinet.bus.trace.clear()
    bench.run(600)
    assert [write for write in bench.cabinet.bus.trace if write[2]] == [(out, OLAT, b"\x00\x00") for out in OUTS]


def test_no_input_is_on_a_seventh_pin() -> None:
    """GPA7 and GPB7 are outputs on every chip, at low, also where doors are read."""
    bench = GpioBench("mcp23017").settled()
    for chip in bench.cabinet.bus.chips.values():
        assert chip.driven & 0x8080 == 0x8080
    assert {bench.cabinet.bus.chips[address].pair(OLAT) for address in INS} == {0}


@pytest.mark.parametrize("address", [*OUTS, *INS])
def test_a_chip_that_was_reset_is_noticed_and_set_up_again(address: int) -> None:
    """Every pin an input again: the board is silent at once, all chips are set up anew, all doors are told again."""
    bench = GpioBench("mcp23017").settled()
    bench.cabinet.bus.chips[address].reset()
    bench.run(200)
    assert bench.told(BoardSilent) == [BoardSilent("main", tuple(range(1, 25)))]
    assert "it was reset" in bench.told(DeviceTrouble)[0].detail
    bench.run(2000)
    assert bench.events(BoardBack) == 2
    assert bench.events(DoorSeen) == 48
    assert bench.gpio.counters()["resets"] == 1
    assert bench.lit == []


@pytest.mark.parametrize("address", OUTS)
def test_a_chip_that_is_reset_during_a_pulse_ends_it(address: int) -> None:
    """The chosen lock's chip forgets: its coil is off with it; else the supply is switched off when it is noticed."""
    bench = GpioBench("mcp23017").settled().attended()
    bench.order(Pulse(1))
    bench.run(100)
    bench.cabinet.bus.chips[address].reset()
    bench.run(2000)
    assert [on for _, on in bench.cabinet.moved] == [1, 0]
    assert bench.cabinet.moved[-1][0] - bench.cabinet.moved[0][0] <= 120
    assert bench.events(BoardSilent) == 1


def test_a_latch_that_does_not_hold_fires_nothing() -> None:
    """What is read back is not what was written: the supply stays off, the order is dropped."""

    class Stubborn(Mcp23017):
        """A chip with a broken latch."""

        def write(self, register: int, data: bytes) -> None:
            """Always a bit more."""
            super().write(register, bytes([data[0] | 0x40]) + data[1:] if register == OLAT and any(data) else data)

    bench = GpioBench("mcp23017")
    bench.cabinet.bus.chips[0x20] = Stubborn()
    bench.settled()
    bench.order(Pulse(1))
    bench.run(100)
    assert bench.lit == []
    assert bench.events(PulseDropped) == bench.events(BoardSilent) == 1


def test_a_bus_that_hangs_is_a_silent_board_and_ends_no_pulse_late() -> None:
    """The expanders keep what they were told, but a pin switches the supply: the coil has its time and no more."""
    bench = GpioBench("mcp23017").settled().attended()
    bench.order(Pulse(1))
    bench.cabinet.bus.hangs = True
    bench.run(3000)
    assert bench.cabinet.moved[-1][0] - bench.cabinet.moved[0][0] <= 500
    assert bench.lit == [1, 0]
    assert bench.events(BoardSilent) == 1
    bench.cabinet.bus.hangs = False
    bench.run(3000)
    assert bench.events(BoardBack) == 2
    assert all(chip.pair(OLAT) == 0 for chip in bench.cabinet.bus.chips.values())


def test_a_missing_chip_keeps_the_board_silent() -> None:
    """No answer from one address at the start: never back, nothing driven, the address is named."""
    bench = GpioBench("mcp23017")
    bench.cabinet.bus.chips[0x23].powered = False
    bench.run(3000)
    assert bench.events(BoardBack) == 0
    assert "chip 0x23" in bench.told(DeviceTrouble)[0].detail
    bench.cabinet.bus.chips[0x23].powered = True
    bench.settled()
    assert bench.lit == []


def test_locks_that_a_low_level_switches_on() -> None:
    """With lock_level = 0 the latches rest at ones, before the direction as well, and one zero is one lock."""
    bench = GpioBench("mcp23017", lock_level=0).settled()
    assert [bench.cabinet.bus.chips[address].pair(OLAT) for address in OUTS] == [0xFFFF, 0xFFFF]
    bench.order(Pulse(2))
    bench.run(2000)
    assert bench.lit == [2, 0]
