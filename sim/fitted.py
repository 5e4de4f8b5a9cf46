"""The parts of a cabinet beside its doors, at the far ends of the computer's pins, bus and files.

Wired as a configuration says, because that is how the wires are soldered: a UPS, a tamper loop, a thermometer, and
lamps, buzzer, fan and heater behind resistors that keep them off. ``lit`` is what is on at this moment, ``moved`` every
change with its time. Written from hardware facts, 4.1 and 6; knows no driver.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drivers.pins import PinError, Pins
from locker.config import Config
from sim.ds18b20 import Ds18b20
from sim.header import Header
from sim.ups import Ina219Chip, Ups


class Fitted:
    """All parts on one header."""

    def __init__(self, cfg: Config, header: Header) -> None:
        """Everything well and off: mains there, loop closed, 20 degrees."""
        self.cfg, self.header = cfg, header
        power = cfg.power
        self.ups = Ups(power.runtime_s, power.recharge_s) if power is not None else Ups()
        address, mohm = (cfg.meter.address, cfg.meter.shunt_mohm) if cfg.meter is not None else (0x40, 100)
        self.chip = Ina219Chip(self.ups, address, mohm)
        self.probe = Ds18b20()
        self.loop_open = False
        self.battery_low = False
        self.refusals = 0
        self.moved: list[tuple[int, str, bool]] = []
        self.lit: set[str] = set()
        self._outputs = self._wire_outputs()
        self._wire_inputs()
        header.listen(self._look, *(pin for pin, _ in self._outputs.values()))

    def _wire_outputs(self) -> dict[str, tuple[int, bool]]:
        """Each part's pin and the level that switches it on; a resistor keeps it off."""
        cfg = self.cfg
        single = (("buzzer", cfg.buzzer), ("fan", cfg.fan), ("heater", cfg.heater))
        found = {name: (part.pin, bool(part.level)) for name, part in single if part is not None}
        if cfg.lamp is not None:
            found |= {f"lamp_{side}": (pin, bool(cfg.lamp.level)) for side, pin in cfg.lamp.pins().items()}
        for pin, level in found.values():
            self.header.pulls[pin] = not level
        return found

    def _wire_inputs(self) -> None:
        power, tamper = self.cfg.power, self.cfg.tamper
        if power is not None:
            self._wire(power.mains_pin, power.mains_lost_level, lambda: self.ups.mains_lost)
            if power.low_pin is not None:
                self._wire(power.low_pin, power.low_level, lambda: self.battery_low)
            if power.off_pin is not None:
                self._wire(power.off_pin, power.off_level, lambda: self.ups.asks_for_end)
        if tamper is not None:
            self._wire(tamper.pin, tamper.open_level, lambda: self.loop_open)

    def _wire(self, pin: int, level: int, says_yes: Callable[[], bool]) -> None:
        self.header.drives[pin] = lambda: bool(level) if says_yes() else not level

    def _look(self) -> None:
        for part, (pin, level) in self._outputs.items():
            on = self.header.level(pin) == level
            if on != (part in self.lit):
                (self.lit.add if on else self.lit.discard)(part)
                self.moved.append((self.header.ms, part, on))

    # --- what a program is given ------------------------------------------------------------------

    def open_pins(self, _: str) -> Pins:
        """The pins, for one part. Raises ``PinError`` as often as ``refusals`` says."""
        if self.refusals:
            self.refusals -= 1
            raise PinError("/dev/gpiochip0: busy")
        return Pins(self.header.another_factory(), self.header.pulse)

    def open_bus(self, _: str) -> Ina219Chip:
        """The bus with the meter."""
        return self.chip

    def open_probe(self, path: Path, wake: Callable[[], None]) -> Ds18b20:
        """The thermometer."""
        return self.probe

    # --- time -------------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Let time pass; the header's own is somebody else's."""
        self.ups.advance(now_ms)
        self.probe.advance(now_ms)
        self.header.changed()

    def deadline_ms(self) -> int | None:
        """When something happens by itself next."""
        return self.probe.deadline_ms()
