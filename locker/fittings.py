"""The fittings: the parts of a cabinet beside its doors, put together; each one is there or is None.

They follow what the cabinet does and never lead it, with one exception: on a low reserve no new opening begins
(``locker.power``). Knows which fact belongs to which part. Must never know a token, and never makes a pulse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from locker.buzzer import Buzzer
from locker.climate import SENSOR, Climate
from locker.forgotten import Forgotten
from locker.lamp import Lamp
from locker.machine import VisitState
from locker.messages import PowerState
from locker.model import Effect, LineSeen, Measured, Now, Record
from locker.power import LINES, Power
from locker.reserve import NOTE
from locker.tamper import LINE, Tamper

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

FLAPS_MINUTE_MAX = 10
"""So many times a minute the same thing is told of the same part; the rest is counted (invariant 9)."""
OPENING = (VisitState.OPENING, VisitState.RESTING, VisitState.PRESSING)


class Fittings:
    """All parts of one cabinet."""

    def __init__(self, cabinet: Cabinet, notes: Mapping[str, str], boot: str, now: Now) -> None:
        """Belongs to one cabinet; ``notes`` are what the disk knew."""
        self._cabinet, self._text = cabinet, notes.get(NOTE)
        cfg, say = cabinet.cfg, cabinet.say
        self.power: Power | None = None
        if cfg.power is not None:
            self.power = Power(cfg.power, cfg.meter, say, self._log, self._busy, boot, now.ms)
        self.tamper = Tamper(self._log, self._staff) if cfg.tamper is not None else None
        switched = {name: part for name, part in (("fan", cfg.fan), ("heater", cfg.heater)) if part is not None}
        self.climate = Climate(cfg.climate, switched, say, self._log) if cfg.climate is not None else None
        self.lamp = Lamp(cfg.lamp, cfg, say) if cfg.lamp is not None else None
        self.buzzer = Buzzer(cfg.buzzer, cfg, say) if cfg.buzzer is not None else None
        rooms = cabinet.rooms.values()
        self.forgotten = Forgotten(cfg.voice, cfg, rooms, say) if cfg.voice is not None else None
        self._shown = ""
        cabinet.screen.closed = lambda: self.screen

    def start(self, now: Now) -> None:
        """Take up what was saved of the reserve."""
        if self.power is not None and self._text is not None:
            self.power.resume(self._text, now)

    @property
    def refuses(self) -> bool:
        """Whether no new opening may begin, because the reserve is low."""
        return self.power is not None and self.power.refuses

    @property
    def screen(self) -> str:
        """The screen to show in place of the idle one; "" for none."""
        return self.power.screen if self.power is not None else ""

    def handle(self, event: LineSeen | Measured, now: Now) -> None:
        """A line was read, or something was measured."""
        if isinstance(event, LineSeen):
            if self.power is not None and event.line in LINES:
                self.power.seen(event, now)
            elif self.tamper is not None and event.line == LINE:
                self.tamper.seen(event, now)
        elif self.climate is not None and event.what == SENSOR:
            self.climate.measured(event, now)
        elif self.power is not None and event.what != SENSOR:
            self.power.measured(event, now)

    def advance(self, now: Now) -> None:
        """Do what is due."""
        for part in (self.power, self.climate):
            if part is not None:
                part.advance(now)

    def deadline_ms(self) -> int | None:
        """When ``advance`` or ``follow`` has something to do."""
        parts = (self.power, self.climate, self.lamp, self.buzzer, self.forgotten)
        times = [part.deadline_ms() for part in parts if part is not None]
        return min((ms for ms in times if ms is not None), default=None)

    def follow(self, effects: Sequence[Effect], now: Now) -> None:
        """See what was decided in this step, and do as it wants: screen, heater, lamp, buzzer."""
        if self.screen != self._shown:
            self._shown = self.screen
            self._cabinet.idle_again()
        on_reserve = self.power is not None and self.power.on_reserve is True
        if self.climate is not None:
            self.climate.reserve(on_reserve, self.refuses, now)
        if self.lamp is not None:
            visit = self._cabinet.visit
            self.lamp.follow(visit.room.plan.side if visit.present and visit.room else "", on_reserve, now)
        if self.buzzer is not None:
            for effect in list(effects):
                if isinstance(effect, Record):
                    self.buzzer.heard(effect, now)
            self.buzzer.advance(now)
        if self.forgotten is not None:
            self.forgotten.follow(now)

    def health(self) -> dict[str, Any]:
        """What the health message says of the parts; None for what is not there or not known."""
        climate = self.climate
        return {
            "power": PowerState(**self.power.view()) if self.power is not None else None,
            "tamper_open": self.tamper.open if self.tamper is not None else None,
            "inside_c": climate.celsius if climate is not None else None,
            "fan_on": climate.is_on("fan") if climate is not None else None,
            "heater_on": climate.is_on("heater") if climate is not None else None,
        }

    def _busy(self) -> bool:
        return self._cabinet.visit.state in OPENING

    def _staff(self, now: Now) -> str:
        return self._cabinet.presence.who(now)

    def _log(self, record: Record, now: Now) -> bool:
        whose = str(record.fields.get("device", record.kind))
        return self._cabinet.reception.log_limited(record, now, whose=whose, most=FLAPS_MINUTE_MAX)
