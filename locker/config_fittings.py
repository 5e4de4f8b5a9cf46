"""What a cabinet may have beside doors and screen: a reserve supply, a tamper loop, a thermometer, lamps, a buzzer.

Knows their keys with bounds, and what contradicts what; a table that is absent is a part that is not there. Pins are
numbered as BCM numbers them, and all of them are on the chip that ``[pins]`` names. How each part is wired, and which
level a broken wire gives: docs/hardware.md, section F. Must never know how a pin, a bus or a probe is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from locker.config_boards import Board, FileName
from locker.config_gpio import RESERVED_PINS, Bcm, GpioBoard, GpioChip, I2cBus
from locker.config_hours import Hour

if TYPE_CHECKING:
    from locker.config import Config

Level = Literal[0, 1]
Pull = Literal["up", "down", "none"]
Celsius = Annotated[int, Meta(ge=-30, le=80)]
Millivolts = Annotated[int, Meta(ge=2500, le=26_000)]
SIDES = ("left", "middle", "right")


class Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The chip of the computer's own pins, for every part below; boards on pins name theirs themselves."""

    chip: GpioChip = "/dev/gpiochip0"


class Power(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The lines of a reserve supply (UPS), and how long it lasts.

    The reserve is reckoned from the times; a ``[meter]`` knows better, while it answers.
    """

    mains_pin: Bcm
    mains_lost_level: Level = 1
    low_pin: Bcm | None = None
    low_level: Level = 1
    off_pin: Bcm | None = None
    off_level: Level = 1
    pull: Pull = "down"
    runtime_s: Annotated[int, Meta(ge=60, le=172_800)] = 3600
    recharge_s: Annotated[int, Meta(ge=600, le=604_800)] = 28_800
    low_s: Annotated[int, Meta(ge=30, le=86_400)] = 900
    empty_s: Annotated[int, Meta(ge=15, le=3600)] = 180


class Meter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An INA219 that measures the reserve's voltage and current."""

    bus: I2cBus
    address: Annotated[int, Meta(ge=0x40, le=0x4F)] = 0x40
    shunt_mohm: Annotated[int, Meta(ge=1, le=1000)] = 100
    low_mv: Millivolts
    empty_mv: Millivolts


class Tamper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A loop of normally closed contacts through everything that only staff may open."""

    pin: Bcm
    open_level: Level = 1
    pull: Pull = "up"


class Climate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A DS18B20 inside, and between which temperatures nobody needs to be told."""

    probe: FileName
    every_s: Annotated[int, Meta(ge=10, le=600)] = 30
    low_c: Celsius = -10
    high_c: Celsius = 55


class Fan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fan: on from one temperature, off at a lower one."""

    pin: Bcm
    level: Level = 1
    on_c: Celsius = 40
    off_c: Celsius = 35
    max_s: Annotated[int, Meta(ge=60, le=86_400)] = 14_400
    rest_s: Annotated[int, Meta(ge=10, le=3600)] = 60


class Heater(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A heater: on from one temperature, off at a higher one, never for longer than ``max_s`` without a rest."""

    pin: Bcm
    level: Level = 1
    on_c: Celsius = 2
    off_c: Celsius = 6
    max_s: Annotated[int, Meta(ge=60, le=7200)] = 1800
    rest_s: Annotated[int, Meta(ge=60, le=7200)] = 600


class Lamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lamp for each column of doors, as far as they have one, and the hours at which they are on for everybody."""

    left_pin: Bcm | None = None
    middle_pin: Bcm | None = None
    right_pin: Bcm | None = None
    level: Level = 1
    from_time: Hour = "18:00"
    to_time: Hour = "07:00"
    linger_s: Annotated[int, Meta(ge=0, le=120)] = 10

    def pins(self) -> dict[str, int]:
        """The pin of each side that has a lamp."""
        found = {side: getattr(self, f"{side}_pin") for side in SIDES}
        return {side: pin for side, pin in found.items() if pin is not None}


class Buzzer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An active buzzer: a refusal, and a door that was left open."""

    pin: Bcm
    level: Level = 1
    beep_ms: Annotated[int, Meta(ge=20, le=500)] = 120
    again_s: Annotated[int, Meta(ge=2, le=120)] = 5
    beeps_max: Annotated[int, Meta(ge=1, le=60)] = 12


# --- what contradicts what ------------------------------------------------------------------------


def about_fittings(config: Config) -> Iterator[str]:
    """Every pin is used once, and limits that must lie apart do."""
    yield from _about_pins(config)
    if config.power is not None:
        p = config.power
        yield from _order("power", [("empty_s", p.empty_s), ("low_s", p.low_s), ("runtime_s", p.runtime_s)])
    if config.meter is not None:
        yield from _order("meter", [("empty_mv", config.meter.empty_mv), ("low_mv", config.meter.low_mv)])
        if config.power is None:
            yield "meter: found without [power]; allowed: both, because volts alone do not say that mains are lost"
    if config.climate is not None:
        yield from _order("climate", [("low_c", config.climate.low_c), ("high_c", config.climate.high_c)])
    yield from _about_switched(config)
    if config.lamp is not None and not config.lamp.pins():
        yield "lamp: found without a pin; needed: left_pin, middle_pin or right_pin, or leave the table out"
    if config.lamp is not None and config.lamp.from_time == config.lamp.to_time:
        yield f'lamp.to_time: found "{config.lamp.to_time}"; allowed: another hour than lamp.from_time'


def _about_switched(config: Config) -> Iterator[str]:
    """A fan cools and a heater warms, each with a gap to switch off in, and never both at one temperature."""
    fan, heater = config.fan, config.heater
    for name, part in (("fan", fan), ("heater", heater)):
        if part is not None and config.climate is None:
            yield f"{name}: found without [climate]; allowed: both, because nothing else says how warm it is"
    if fan is not None:
        yield from _order("fan", [("off_c", fan.off_c), ("on_c", fan.on_c)])
    if heater is not None:
        yield from _order("heater", [("on_c", heater.on_c), ("off_c", heater.off_c)])
    if fan is not None and heater is not None and heater.off_c >= fan.off_c:
        yield f"heater.off_c: found {heater.off_c}; allowed: at most {fan.off_c - 1}, because of fan.off_c"


def _order(table: str, keys: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Each of these keys is below the next one."""
    for (name, value), (other, limit) in pairwise(keys):
        if value >= limit:
            yield f"{table}.{name}: found {value}; allowed: at most {limit - 1}, because of {table}.{other}"


def fitted_pins(config: Config) -> Iterator[tuple[str, int]]:
    """Each key of these tables that names a pin, with the pin."""
    for name in ("power", "tamper", "fan", "heater", "lamp", "buzzer"):
        table = getattr(config, name)
        for key in table.__struct_fields__ if table is not None else ():
            if key.endswith("pin") and getattr(table, key) is not None:
                yield f"{name}.{key}", getattr(table, key)


def _about_pins(config: Config) -> Iterator[str]:
    taken = _board_pins(config.boards, config.pins.chip)
    for key, pin in fitted_pins(config):
        before = taken.setdefault(pin, key)
        if before != key:
            yield f"{key}: found {pin}, which is {before} already; allowed: a pin of its own"
        elif pin in RESERVED_PINS:
            yield f"{key}: found {pin}; allowed: 2 to 27: 0 and 1 are probed at boot, when nobody watches them"


def _board_pins(boards: Sequence[Board], chip: str) -> dict[int, str]:
    """The pins of this chip that locks and doors have."""
    on_pins = [(index, board) for index, board in enumerate(boards) if isinstance(board, GpioBoard)]
    return {
        pin: f"boards[{index}].{key}" for index, board in on_pins if board.gpio == chip for key, pin in board.pins()
    }
