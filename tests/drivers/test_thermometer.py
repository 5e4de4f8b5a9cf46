"""The thermometer: which texts are temperatures, and that no reading ever holds a turn up."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from fittings_rig import FittedBench
from hypothesis import given
from hypothesis import strategies as st

from drivers.probe_file import ProbeFile
from drivers.thermometer import NoTemperature, millicelsius
from locker.model import DeviceTrouble, Measured
from sim.ds18b20 import NO_SUPPLY, POWER_ON, SHORTED, crc8, reading, w1_slave

FACTS_POWER_ON = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
"""Printed in hardware facts, 6."""


def test_the_far_side_says_what_the_document_says() -> None:
    """The power-on reading as it is printed, checksum and all."""
    assert POWER_ON == FACTS_POWER_ON
    assert crc8(bytes.fromhex("50 05 4b 46 7f ff 0c 10")) == 0x1C


@pytest.mark.parametrize("celsius", [-55, -10.125, -0.0625, 0, 0.5, 20, 25.0625, 84.9375, 85, 85.0625, 125])
def test_a_temperature(celsius: float) -> None:
    """Every healthy reading, a true 85 degrees among them, is what the air is, to a sixteenth."""
    assert abs(millicelsius(reading(celsius)) - celsius * 1000) < 1


@given(st.integers(-55 * 16, 125 * 16))
def test_every_temperature_of_the_chip(raw: int) -> None:
    """From -55 to 125 degrees in steps of a sixteenth."""
    assert millicelsius(reading(raw / 16)) == raw * 1000 // 16


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (FACTS_POWER_ON, "after power-on"),
        (NO_SUPPLY, "127.937 degrees is outside"),
        (SHORTED, "nine zeros"),
        (reading(20).replace("YES", "NO"), "checksum"),
        (w1_slave(bytes.fromhex("40 01 4b 46 7f ff 10 10"), 20_000, crc=0), "checksum"),
        (w1_slave(bytes.fromhex("80 f8 4b 46 7f ff 10 10"), -120_000), "-120.0 degrees is outside"),
        ("", "not the two lines"),
        (reading(20)[:40], "not the two lines"),
        (reading(20) * 2, "not the two lines"),
        (reading(20).replace("t=", "t=x"), "not the two lines"),
        ("\ufffd" * 80, "not the two lines"),
    ],
)
def test_what_is_no_temperature(text: str, why: str) -> None:
    """The 85 degree trap, a chip without a supply, a held bus, a disturbed or broken text: each with its reason."""
    with pytest.raises(NoTemperature, match=why):
        millicelsius(text)


@given(st.text(max_size=200))
def test_any_text_is_a_temperature_or_a_reason(text: str) -> None:
    """Nothing but ``NoTemperature`` comes out of nonsense."""
    try:
        assert -55_000 <= millicelsius(text) <= 125_000
    except NoTemperature as wrong:
        assert str(wrong)


def test_it_asks_and_never_waits() -> None:
    """A conversion takes 750 ms; every turn meanwhile goes on, and the temperature is told when it is there."""
    bench = FittedBench()
    bench.far.probe.celsius = 23.5
    assert not [e for e in bench.run(700) if isinstance(e, Measured)]
    assert [e for e in bench.run(200) if isinstance(e, Measured)] == [Measured("inside_mc", 23_500)]
    bench.run(60_000)
    assert bench.far.probe.asked == 3


@pytest.mark.parametrize("fault", ["power_on", "disturbed", "shorted", "no_supply", "gone"])
def test_a_fault_is_no_temperature_and_told_once(fault: str) -> None:
    """Every failed reading says None; the trouble is told once, and the next good reading is taken as ever."""
    bench = FittedBench()
    bench.run(1000)
    bench.far.probe.fault = fault
    told = bench.run(120_000)
    measured = [e for e in told if isinstance(e, Measured)]
    assert len(measured) == 4
    assert {e.value for e in measured} == {None}
    assert len([e for e in told if isinstance(e, DeviceTrouble)]) == 1
    bench.far.probe.fault = ""
    assert [e.value for e in bench.run(30_000) if isinstance(e, Measured)] == [20_000]


def test_a_bus_that_hangs_holds_nobody_up() -> None:
    """No answer for ten seconds is told; there is never a second reading beside one that is under way."""
    bench = FittedBench()
    bench.far.probe.fault = "hangs"
    told = bench.run(100_000)
    assert {e.value for e in told if isinstance(e, Measured)} == {None}
    assert [e.detail for e in told if isinstance(e, DeviceTrouble)] == ["no answer: the bus hangs"]
    assert bench.far.probe.asked == 1
    bench.far.probe.fault = ""
    assert [e.value for e in bench.run(2000) if isinstance(e, Measured)][-1] == 20_000


# --- the thread that reads a real file ------------------------------------------------------------


def asked(path: Path) -> str | OSError | None:
    """What a reading brings, once it has woken us."""
    woken = threading.Event()
    probe = ProbeFile(path, woken.set)
    assert probe.take() is None
    probe.ask()
    assert woken.wait(30)
    answer = probe.take()
    assert probe.take() is None
    return answer


def test_a_file_is_read_by_another_thread(tmp_path: Path) -> None:
    """The text arrives whole, with a wake-up; what is longer than any probe's file is cut."""
    path = tmp_path / "w1_slave"
    path.write_text(reading(-3.5))
    assert asked(path) == reading(-3.5)
    path.write_bytes(b"\xff" * 5000)
    assert asked(path) == "\ufffd" * 256


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The error is handed on, not raised."""
    assert isinstance(asked(tmp_path / "gone"), FileNotFoundError)


def test_a_reading_that_hangs_is_the_only_one(tmp_path: Path) -> None:
    """A pipe that nobody writes to holds one thread; further questions start no other, and it can be let go."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    woken = threading.Event()
    probe = ProbeFile(path, woken.set)
    before = threading.active_count()
    for _ in range(5):
        probe.ask()
    assert threading.active_count() == before + 1
    assert probe.take() is None
    with path.open("wb") as writer:
        writer.write(reading(1).encode())
    assert woken.wait(30)
    assert isinstance(probe.take(), str)
