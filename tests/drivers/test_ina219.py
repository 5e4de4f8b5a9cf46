"""The meter: registers as the chip's table has them, and a bus that is gone."""

from __future__ import annotations

from typing import Any

import pytest
from rig import at

from drivers.ina219 import LOOK_MS, RETRY_MS, Ina219
from locker.model import Measured, PortBack, PortLost
from sim.ups import Ina219Chip, Ups


class Row:
    """A chip with these registers, whatever they are."""

    def __init__(self, bus: int, shunt: int) -> None:
        self.words = {0x00: 0x399F, 0x01: shunt, 0x02: bus}

    def open(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def write(self, address: int, register: int, data: bytes) -> None:
        """Not here."""
        raise AssertionError("a chip that is well is not written to")

    def read(self, address: int, register: int, count: int) -> bytes:
        """A register."""
        return self.words[register].to_bytes(2, "big")


def told(meter: Ina219, ms: int) -> dict[str, Any]:
    """What one turn says, by name."""
    return {e.what: e.value for e in meter.refresh(at(ms)) if isinstance(e, Measured)}


@pytest.mark.parametrize(
    ("bus", "shunt", "mohm", "mv", "ma"),
    [
        (0x5DC2, 0x0000, 100, 12_000, 0),
        (0x1F40 << 2, 0x7D00, 100, 16_000, 3200),
        (0x0000, 0x8300, 100, 0, -3200),
        (0x7D02, 0xFFFF, 100, 16_000, 0),
        (0x5DC2, 0x0FA0, 10, 12_000, 4000),
    ],
)
def test_registers_are_volts_and_amperes(bus: int, shunt: int, mohm: int, mv: int, ma: int) -> None:
    """Bits 15 to 3 of the bus register at 4 mV each, the signed shunt register at 10 µV each, by the resistance."""
    assert told(Ina219("/dev/i2c-1", 0x40, mohm, Row(bus, shunt)), 0) == {"reserve_mv": mv, "reserve_ma": ma}


def test_it_looks_every_two_seconds() -> None:
    """A battery's voltage as it drains, and the current out of it."""
    ups = Ups()
    meter = Ina219("/dev/i2c-1", 0x40, 100, Ina219Chip(ups))
    assert told(meter, 1000) == {"reserve_mv": 12_600, "reserve_ma": 0}
    assert told(meter, 1001) == {}
    ups.plugged = False
    assert meter.deadline_ms() == 1000 + LOOK_MS
    assert told(meter, 3000) == {"reserve_mv": 12_600, "reserve_ma": -650}
    assert meter.counters() == {"reads": 2, "bad": 0, "resets": 0}


def test_a_chip_that_was_set_otherwise_is_set_right() -> None:
    """Somebody's other configuration is put back once, and the reading goes on."""
    chip = Ina219Chip(Ups())
    chip.config = 0x0000
    meter = Ina219("/dev/i2c-1", 0x40, 100, chip)
    assert told(meter, 0)["reserve_mv"] == 12_600
    assert told(meter, 5000)["reserve_mv"] == 12_600
    assert chip.written == [0x399F]


@pytest.mark.parametrize("how", ["unpowered", "overflow"])
def test_a_meter_that_is_gone(how: str) -> None:
    """No answer, or one that cannot be right: None, told once, tried again ten seconds later, and told when back."""
    chip = Ina219Chip(Ups())
    meter = Ina219("/dev/i2c-1", 0x40, 100, chip)
    chip.powered, chip.overflows = how != "unpowered", how == "overflow"
    events = meter.refresh(at(0))
    assert [e.value for e in events if isinstance(e, Measured)] == [None, None]
    assert [e.device for e in events if isinstance(e, PortLost)] == ["meter"]
    assert meter.deadline_ms() == RETRY_MS
    assert not [e for e in meter.refresh(at(RETRY_MS)) if isinstance(e, PortLost)]
    chip.powered, chip.overflows = True, False
    back = meter.refresh(at(2 * RETRY_MS))
    assert [type(e) for e in back] == [PortBack, Measured, Measured]
