"""A cabinet with every part beside its doors: the configuration, and the parts' drivers on simulated wires and a clock.

Nothing is patched: gpiozero's own devices work on mock pins, a battery drains, a probe takes 750 ms to answer.
"""

from __future__ import annotations

from typing import Any

from rig import at
from stage import a_config

from drivers.fittings import fittings
from locker import config
from locker.config_fittings import Buzzer, Climate, Fan, Heater, Lamp, Meter, Power, Tamper
from locker.model import Act, Driver, Event
from sim.fitted import Fitted
from sim.header import Header

POWER = Power(mains_pin=6, low_pin=13, off_pin=5, runtime_s=3600, low_s=900, empty_s=180)
METER = Meter(bus="/dev/i2c-1", low_mv=10_500, empty_mv=9_600)
PARTS: dict[str, Any] = {
    "power": POWER,
    "tamper": Tamper(pin=16),
    "climate": Climate(probe="/sys/bus/w1/devices/28-000000000001/w1_slave"),
    "fan": Fan(pin=20),
    "heater": Heater(pin=21),
    "lamp": Lamp(left_pin=22, middle_pin=23, right_pin=24, from_time="18:00", to_time="06:00"),
    "buzzer": Buzzer(pin=25, again_s=5, beeps_max=4),
}


def fitted_config(doors: int = 6, **sections: Any) -> config.Config:
    """The stage's cabinet with every part but the meter; ``sections`` change or, with None, take away."""
    return a_config(doors, **(PARTS | sections))


class FittedBench:
    """The drivers of all parts, turned at their deadlines."""

    def __init__(self, cfg: config.Config | None = None) -> None:
        """At 1000 ms of boot time, everything well."""
        self.cfg = cfg or fitted_config()
        self.header = Header()
        self.far = Fitted(self.cfg, self.header)
        self.ms = 1000
        self.wakes = 0
        self.told: list[tuple[int, Event]] = []
        self._tell_time()
        self.drivers = self.boot()

    def boot(self) -> list[Driver]:
        """A new process's drivers."""
        self.drivers = fittings(self.cfg, self._wake, self.far.open_pins, self.far.open_bus, self.far.open_probe)
        return self.drivers

    def _wake(self) -> None:
        self.wakes += 1

    def _tell_time(self) -> None:
        self.header.advance(self.ms)
        self.far.advance(self.ms)

    def run(self, for_ms: int) -> list[Event]:
        """Let so much time pass, from deadline to deadline; what was told meanwhile."""
        begun, end_ms, in_row = len(self.told), self.ms + for_ms, 0
        while True:
            before = self.ms
            self.turn()
            due = [driver.deadline_ms() for driver in self.drivers]
            due += [self.header.deadline_ms(), self.far.deadline_ms()]
            next_ms = max(self.ms, min((ms for ms in due if ms is not None), default=end_ms + 1))
            if next_ms > end_ms:
                break
            self.ms = next_ms
            in_row = in_row + 1 if self.ms == before else 0
            assert in_row < 10, f"the deadlines make the loop spin at {self.ms} ms"
        self.ms = end_ms
        self._tell_time()
        return [event for _, event in self.told[begun:]]

    def stall(self, for_ms: int) -> None:
        """The turn is held up: the wires go on, nobody looks."""
        self.ms += for_ms
        self._tell_time()

    def turn(self) -> None:
        """One turn, now."""
        self._tell_time()
        for driver in self.drivers:
            self.told += [(self.ms, event) for event in driver.refresh(at(self.ms))]

    def order(self, act: Act) -> None:
        """As the service would."""
        for driver in self.drivers:
            if driver.accepts(act):
                driver.perform(act, at(self.ms))
        self._tell_time()

    def driver(self, name: str) -> Driver:
        """One of them."""
        return next(driver for driver in self.drivers if driver.name == name)

    def close(self) -> None:
        """All of them."""
        for driver in self.drivers:
            driver.close()
        self._tell_time()
