"""Which driver belongs to which part of the cabinet beside its doors, and who gives pins, bus and files.

Knows the tables of the configuration; must never know a level. gpiozero and lgpio are imported only where a part
hangs on a pin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.i2c import I2c, KernelI2c
from drivers.ina219 import Ina219
from drivers.probe_file import ProbeFile
from drivers.thermometer import Probe, Thermometer
from locker.config import Config
from locker.config_fittings import Buzzer, Fan, Heater, fitted_pins
from locker.model import Driver

if TYPE_CHECKING:
    from drivers.pins import Pins

OpenPins = Callable[[str], "Pins"]


def fittings(
    cfg: Config,
    wake: Callable[[], None],
    open_pins: OpenPins | None = None,
    open_bus: Callable[[str], I2c] = KernelI2c,
    open_probe: Callable[[Path, Callable[[], None]], Probe] = ProbeFile,
) -> list[Driver]:
    """A driver for each part, whatever switches first: it is off from then on. Raises ``NoPins`` without lgpio.

    ``wake`` asks for a turn, from any thread; ``open_pins`` gives the pins of a gpiochip, None for the kernel's,
    ``open_bus`` an I2C bus, ``open_probe`` somebody who reads a probe's file.
    """
    drivers: list[Driver] = []
    if any(True for _ in fitted_pins(cfg)):
        drivers += _on_pins(cfg, partial(open_pins or _kernel_pins(), cfg.pins.chip))
    if cfg.meter is not None:
        meter = cfg.meter
        drivers.append(Ina219(meter.bus, meter.address, meter.shunt_mohm, open_bus(meter.bus)))
    if cfg.climate is not None:
        drivers.append(Thermometer(open_probe(Path(cfg.climate.probe), wake), cfg.climate.every_s * 1000))
    return drivers


def _kernel_pins() -> OpenPins:
    from drivers.gpio_kinds import kernel_pins

    return kernel_pins()


def _on_pins(cfg: Config, opener: Callable[[], Pins]) -> list[Driver]:
    """Outputs first, each part with pins of its own: one that fails takes no other along."""
    from drivers.line_reader import LineReader
    from drivers.line_switch import LineSwitch

    parts: dict[str, Buzzer | Fan | Heater | None] = {"heater": cfg.heater, "fan": cfg.fan, "buzzer": cfg.buzzer}
    drivers: list[Driver] = [
        LineSwitch(name, {name: part.pin}, part.level, opener) for name, part in parts.items() if part is not None
    ]
    if cfg.lamp is not None:
        lamps = {f"lamp_{side}": pin for side, pin in cfg.lamp.pins().items()}
        drivers.append(LineSwitch("lamp", lamps, cfg.lamp.level, opener))
    if cfg.power is not None:
        power = cfg.power
        lines = {"mains_lost": (power.mains_pin, power.mains_lost_level)}
        lines |= {"battery_low": (power.low_pin, power.low_level)} if power.low_pin is not None else {}
        lines |= {"ups_off": (power.off_pin, power.off_level)} if power.off_pin is not None else {}
        drivers.append(LineReader("power", lines, power.pull, opener))
    if cfg.tamper is not None:
        tamper = cfg.tamper
        drivers.append(LineReader("tamper", {"tamper": (tamper.pin, tamper.open_level)}, tamper.pull, opener))
    return drivers
