"""Mains, reserve, tamper loop and the air inside, for worlds whose cabinet has them.

The battery is that of ``sim.ups``; when it is empty, or the program has switched itself off, the whole cabinet is
without power until the mains are back, as behind a UPS that starts the computer again. The thermometer is the
production driver, reading what a chip's file would say. The lines come in at the ``Driver`` seam, read alike for long
enough already: ``drivers.line_reader`` looks ten times a second, and has tests of its own at the pins. Knows no door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.thermometer import Thermometer
from locker import config_fittings
from locker.model import Act, Driver, Event, LineSeen, Now
from sim.ds18b20 import POWER_ON, reading
from sim.ups import Ups

if TYPE_CHECKING:
    from sim.world.world import Deeds, World

RECHARGE_S = 7200
LOW_SHARE, EMPTY_S = 0.5, 60
EVERY_S = 600
AGAIN_MS = 10_000
"""Mains that came back while the computer was being switched off start it again after this."""
FRESH_CELSIUS = 85.0
"""The air at which the probe is one that was just powered, and says what it says then."""


def configured(reserve_s: int) -> config_fittings.Power:
    """The supply as a configuration describes it."""
    low_s = int(reserve_s * LOW_SHARE)
    return config_fittings.Power(mains_pin=6, runtime_s=reserve_s, recharge_s=RECHARGE_S, low_s=low_s, empty_s=EMPTY_S)


class Supply:
    """What stands behind the cabinet. ``waits`` when only mains that come back will start it again."""

    def __init__(self, world: World, reserve_s: int) -> None:
        """Mains there, battery full, loop closed, 20 degrees; ``reserve_s`` 0 is a cabinet without any of it."""
        self._world, self._ups = world, Ups(reserve_s or 60, RECHARGE_S)
        self.reserve_s = reserve_s
        self.waits = False
        self.loop_open = False
        self.celsius = 20.0
        self._outage = 0

    @property
    def lost(self) -> bool:
        """Whether the mains are away."""
        return not self._ups.plugged

    def drivers(self) -> list[Driver]:
        """For one process of the program; none where the cabinet has nothing of it."""
        if not self.reserve_s:
            return []
        return [Lines(self), Thermometer(Air(self), EVERY_S * 1000)]

    # --- what happens to it -----------------------------------------------------------------------

    def mains_away(self, for_ms: int) -> Deeds:
        """An outage."""
        if self.lost or not self.reserve_s:
            return
        world, ups = self._world, self._ups
        ups.advance(world.ms)
        full, ups.plugged = ups.left_ms >= self.reserve_s * 1000, False
        self._outage += 1
        mine = self._outage
        world.met("fault/mains_away")
        world.faults_begin("mains")
        scene, used_ms = world.scene, int(self.reserve_s * 1000 * (1 - LOW_SHARE))
        scene.mains_lost_ms, scene.reserve_low_ms = world.ms, world.ms + used_ms if full else 0
        world.wake()
        world.later(int(ups.left_ms), lambda: self._dead() if mine == self._outage and self.lost else None)
        yield for_ms
        ups.advance(world.ms)
        ups.plugged, scene.reserve_low_ms = True, 0
        world.say("mains", "back")
        world.wake()
        if self.waits:
            self.waits = False
            world.machine.power_back()
        world.faults_end("mains")

    def _dead(self) -> None:
        self._world.say("mains", "the reserve is empty")
        self._world.machine.lose_power()
        self.waits = True

    def switched_off(self) -> None:
        """The program has ended and has had the computer switched off."""
        if self.lost:
            self.waits = True
        else:
            self._world.later(AGAIN_MS, self._world.machine.power_back)

    def tampered(self, for_ms: int) -> Deeds:
        """Somebody opens the case, and closes it again."""
        if self.reserve_s and not self.loop_open:
            self._world.met("fault/tampered")
            self.loop_open = True
            self._world.wake()
            yield for_ms
            self.loop_open = False
            self._world.wake()

    def weather(self, celsius: float, for_ms: int) -> Deeds:
        """A hot or a cold spell, or a probe that has lost its supply for a moment."""
        if self.reserve_s:
            self._world.met("fault/probe_fresh" if celsius == FRESH_CELSIUS else "fault/hot_or_cold")
            self.celsius = celsius
            yield for_ms
            self.celsius = 20.0


class Lines:
    """The lines of supply and loop, as the program reads them; they are told at the start and when they change."""

    name = "power"

    def __init__(self, supply: Supply) -> None:
        """Nothing was told."""
        self._supply = supply
        self._told: dict[str, bool] = {}

    def fileno(self) -> int | None:
        """None: nothing in a world has a descriptor."""
        return None

    def deadline_ms(self) -> int | None:
        """At once when something is to be told."""
        return 0 if self._news() else None

    def refresh(self, now: Now) -> list[Event]:
        """Tell what has changed."""
        news = self._news()
        self._told |= news
        return [LineSeen(line, active) for line, active in news.items()]

    def _news(self) -> dict[str, bool]:
        lines = {"mains_lost": self._supply.lost, "tamper": self._supply.loop_open}
        return {line: active for line, active in lines.items() if self._told.get(line) is not active}

    def accepts(self, act: Act) -> bool:
        """Nothing is ordered here."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Nothing is ordered here."""

    def counters(self) -> dict[str, int]:
        """Nothing is counted here."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""


class Air:
    """The probe's file: whoever asked has the answer at the next turn."""

    def __init__(self, supply: Supply) -> None:
        """Nobody has asked."""
        self._supply, self._asked = supply, False

    def ask(self) -> None:
        """Begin to read."""
        self._asked = True

    def take(self) -> str | OSError | None:
        """What was read, once."""
        asked, self._asked = self._asked, False
        celsius = self._supply.celsius
        return (POWER_ON if celsius == FRESH_CELSIUS else reading(celsius)) if asked else None
