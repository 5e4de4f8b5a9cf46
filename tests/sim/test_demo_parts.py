"""The demo's parts beside the doors, with the real controller: an outage to its end and back, loop, air, lamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from locker.config import load
from sim.demo import Demo
from sim.demo_parts import AIR, PINS, settings
from sim.demo_site import CABINET, FOR_PEOPLE, FOR_THE_DAY, Site

WAIT_S = 60.0
BRISK = replace(FOR_PEOPLE, runtime_s=60, low_s=52, empty_s=44, notice_ms=1500)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A running demo whose reserve is low after 8 s and nearly empty after 16."""
    demo = Demo(tmp_path, BRISK, 7)
    try:
        demo.ready()
        yield demo
    finally:
        demo.close()


def heard(demo: Demo, kind: str) -> list[dict[str, Any]]:
    """The events of a type that the cloud has, with what they say."""
    return [event["data"] for event in demo.cloud.events(CABINET) if event["type"] == kind]


def until(demo: Demo, true: Callable[[], bool]) -> None:
    """Wait for it; whatever the world does wakes us."""
    assert demo.street.until(true, WAIT_S), f"{demo.state()['parts']}\n{demo.controller.last_words()}"


def test_the_demo_has_parts_and_the_scripted_day_has_none(tmp_path: Path) -> None:
    """Each on a pin of its own, on a chip that no lock board is on."""
    assert Site(tmp_path, 1883, FOR_THE_DAY, 1).config.power is None
    cfg = Site(tmp_path, 1883, FOR_PEOPLE, 1).config
    assert cfg.power is not None
    assert cfg.climate is not None
    assert len(set(PINS.values())) == len(PINS)
    assert load(tmp_path / "cabinet.toml").pins.chip in settings(tmp_path, 60, 50, 40)


def test_an_outage_to_its_end_and_back(demo: Demo) -> None:
    """Lost: told; low: refused, on the screen; nearly empty: off, and it stays off; mains back: up, no door moved."""
    demo.do({"do": "part", "part": "mains"})
    until(demo, lambda: bool(heard(demo, "mains_lost")))
    until(demo, lambda: demo.shown == "power_low")
    demo.street.hold(demo.issuer.deposit().text)
    until(demo, lambda: any(data["reason"] == "reserve_low" for data in heard(demo, "denied")))
    until(demo, lambda: bool(heard(demo, "shutting_down")))
    until(demo, lambda: demo.controller.pid == 0)
    starts = len(demo.controller.starts)
    assert demo.state()["parts"]["on"] == []
    demo.do({"do": "part", "part": "mains"})
    until(demo, lambda: len(demo.controller.starts) == starts + 1 and demo.shown == "idle")
    assert not demo.street.unlocks()


def test_the_loop_the_air_and_the_lamps(demo: Demo) -> None:
    """A loop that opens is told; a hot day starts the fan, the false 85 degrees do not; a visit lights its column."""
    demo.do({"do": "part", "part": "tamper"})
    until(demo, lambda: bool(heard(demo, "tamper_opened")))
    demo.do({"do": "part", "part": "air", "how": "fresh"})
    until(demo, lambda: any(data["device"] == "thermometer" for data in heard(demo, "device_trouble")))
    assert "fan" not in demo.state()["parts"]["on"]
    demo.do({"do": "part", "part": "air", "how": "hot"})
    until(demo, lambda: "fan" in demo.state()["parts"]["on"])
    until(demo, lambda: bool(heard(demo, "temperature_high")))
    assert [data["celsius"] for data in heard(demo, "temperature_high")] == [AIR["hot"]]
    demo.street.hold(demo.issuer.deposit().text)
    until(demo, lambda: any(name.startswith("lamp") for name in demo.state()["parts"]["on"]))
    with pytest.raises(ValueError, match="no such part"):
        demo.do({"do": "part", "part": "moon"})
