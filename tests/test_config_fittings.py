"""The tables of the parts beside the doors: all optional, each with its bounds, and what cannot both be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from locker.config import ConfigError, decode

ROOT = Path(__file__).resolve().parent.parent
SMALL = """
doors = [{ door = 1, size = "S", side = "left", row = 1, channel = 0 }]
[cabinet]
id = "xy-001"
phone = "12345"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "/var/lib/locker/locker.db"
"""
PROBE = '[climate]\nprobe = "/sys/x"\n'
FAN, HEATER = "[fan]\npin = 20\n", "[heater]\npin = 21\n"
POWER, METER = "[power]\nmains_pin = 6\n", '[meter]\nbus = "/dev/i2c-1"\nlow_mv = 10500\nempty_mv = 9600\n'


def problems(more: str, base: str = SMALL) -> list[str]:
    """What is wrong with a small cabinet that has this as well; nothing where it can be used."""
    try:
        decode(base + more, "x")
    except ConfigError as error:
        return [line.removeprefix("x: ") for line in error.problems]
    return []


def test_all_of_it_is_optional() -> None:
    """A cabinet without any of these tables has none of the parts."""
    cfg = decode(SMALL, "x")
    parts = (cfg.power, cfg.meter, cfg.tamper, cfg.climate, cfg.fan, cfg.heater, cfg.lamp, cfg.buzzer)
    assert parts == (None,) * 8


def test_all_of_it_together() -> None:
    """Every part, each on pins of its own."""
    lamp = "[lamp]\nleft_pin = 22\nright_pin = 24\n"
    rest = "[tamper]\npin = 16\n[buzzer]\npin = 25\n"
    assert problems(POWER + METER + PROBE + FAN + HEATER + lamp + rest) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("[tamper]\n", "tamper.pin: missing; needed: a whole number from 0 to 27"),
        ("[tamper]\npin = 28\n", "tamper.pin: found 28; allowed: a whole number from 0 to 27"),
        ("[tamper]\npin = 1\n", "tamper.pin: found 1; allowed: 2 to 27"),
        ("[tamper]\npin = 20\n" + PROBE + FAN, "fan.pin: found 20, which is tamper.pin already; allowed: a pin of"),
        (POWER + "low_pin = 6\n", "power.low_pin: found 6, which is power.mains_pin already"),
        (POWER + "low_pin = 99\n", "power.low_pin: found 99; allowed: a whole number from 0 to 27"),
        (POWER + "runtime_s = 600\n", "power.low_s: found 900; allowed: at most 599, because of power.runtime_s"),
        (POWER + "empty_s = 900\n", "power.empty_s: found 900; allowed: at most 899, because of power.low_s"),
        (POWER + 'pull = "sideways"\n', 'power.pull: found "sideways"; allowed: one of "up", "down", "none"'),
        (METER, "meter: found without [power]; allowed: both, because volts alone"),
        (POWER + METER.replace("9600", "10500"), "meter.empty_mv: found 10500; allowed: at most 10499"),
        (POWER + METER.replace("i2c-1", "i2c"), 'meter.bus: found "/dev/i2c"; allowed: /dev/i2c-0 to /dev/i2c-99'),
        (FAN, "fan: found without [climate]; allowed: both, because nothing else says how warm it is"),
        (PROBE + FAN + "off_c = 40\n", "fan.off_c: found 40; allowed: at most 39, because of fan.on_c"),
        (PROBE + HEATER + "on_c = 6\n", "heater.on_c: found 6; allowed: at most 5, because of heater.off_c"),
        (PROBE + FAN + HEATER + "off_c = 35\n", "heater.off_c: found 35; allowed: at most 34, because of fan.off_c"),
        (PROBE + "low_c = 55\n", "climate.low_c: found 55; allowed: at most 54, because of climate.high_c"),
        ("[lamp]\n", "lamp: found without a pin; needed: left_pin, middle_pin or right_pin"),
        ('[lamp]\nleft_pin = 5\nto_time = "18:00"\n', "lamp.to_time: found \"18:00\"; allowed: another hour"),
        ("[buzzer]\npin = 5\nbeep_ms = 501\n", "buzzer.beep_ms: found 501; allowed: a whole number from 20 to 500"),
        ("[buzer]\npin = 5\n", 'buzer: unknown key with value a table; did you mean "buzzer"?'),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(more: str, expected: str) -> None:
    """One line with the key, what was found and what is allowed."""
    found = problems(more)
    assert any(expected in line for line in found), found


@pytest.mark.parametrize("kind", ["shift", "mcp23017", "pins"])
def test_a_pin_that_a_lock_has_is_no_lamp(kind: str) -> None:
    """A part may not hang on a pin of a board on the same chip; the same number on another chip is another pin."""
    base = (ROOT / "config" / f"cabinet-{kind}.toml").read_text(encoding="utf-8")
    board = decode(base, "x").boards[0]
    key, pin = next(iter(board.pins()))  # type: ignore[attr-defined]
    clash = f"buzzer.pin: found {pin}, which is boards[0].{key} already; allowed: a pin of its own"
    buzzer = f"\n[buzzer]\npin = {pin}\n"
    assert clash in problems(buzzer, base)
    assert problems(buzzer + '[pins]\nchip = "/dev/gpiochip3"\n', base) == []


def test_an_optional_pin_says_its_bounds() -> None:
    """A key that may be left out tells a wrong value like any other: with its bounds, not as a text."""
    base = (ROOT / "config" / "cabinet-shift.toml").read_text(encoding="utf-8")
    lines = ["out_return_pin = 99" if line.startswith("out_return_pin") else line for line in base.splitlines()]
    assert problems("", "\n".join(lines)) == [
        "boards[0].out_return_pin: found 99; allowed: a whole number from 0 to 27"
    ]
