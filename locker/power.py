"""Mains and reserve: what an outage allows. A pulse is finished, no new door opens on a low reserve, then a clean end.

On the reserve everything goes on as before. When it is low, no new opening begins, whoever asks: a code stays unspent
and is told so; whoever stands at an open door finishes. When it is nearly empty the program says so, waits for a pulse
under way and for the event to leave, and orders the computer to be shut down. Mains that come back before that call it
off. Nothing opens by any of it (invariant 5); after the next start all codes are as good as before (invariant 3).

A line that lies informs and does not veto: mains that nobody has seen are taken to be there, and while the computer has
only just started a reckoned reserve shuts nothing down, so that somebody can mend a wrong wire or setting.

Knows lines, millivolts and boot time. Must never know a token, and never makes a pulse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locker.config_fittings import Meter
from locker.config_fittings import Power as Rules
from locker.model import Effect, KeepNote, LineSeen, Measured, Now, Record, ShutDown
from locker.reserve import NOTE, SAVE_CHARGING_MS, SAVE_MS, Level, Reserve, ReserveError

LOOK_MS = 1000
FAREWELL_MS, FAREWELL_MS_MAX = 5000, 20_000
OFF_HELD_MS = 600
"""A UPS asks for an end by a line held for longer than this; shorter is another wish (hardware facts, 6)."""
JUST_STARTED_MS = 300_000
EXIT_POWER_OFF = 79
"""The exit code that has the unit switch the computer off: systemd/locker.service."""
LINES = ("mains_lost", "battery_low", "ups_off")


class Power:
    """One supply. ``on_reserve`` is None until the line has been read.

    ``busy`` says whether a door is being opened at this moment; ``log`` takes what a loose plug could repeat.
    """

    def __init__(
        self,
        rules: Rules,
        meter: Meter | None,
        say: Callable[[Effect], None],
        log: Callable[[Record, Now], object],
        busy: Callable[[], bool],
        boot: str,
        now_ms: int,
    ) -> None:
        """Nothing has been read yet."""
        self._say, self._log, self._busy, self._boot = say, log, busy, boot
        self._reserve = Reserve(rules, meter, now_ms)
        self.on_reserve: bool | None = None
        self.level = Level.FULL
        self._lost_ms = 0
        self._look_ms: int | None = None
        self._save_ms: int | None = None
        self._off_due_ms: int | None = None
        self._off_seen = False
        self._why = ""
        self._ends_ms = self._ends_ms_max = 0
        self.over = False
        self._meter_mv: int | None = None
        self._meter_ma: int | None = None

    def resume(self, text: str, now: Now) -> None:
        """Take up what was saved of the reserve."""
        try:
            self._reserve.resume(text, self._boot)
        except ReserveError as wrong:
            self._say(Record("device_trouble", 0, {"device": NOTE, "what": "unreadable", "detail": str(wrong)}))
        if not self._reserve.whole:
            self._save_ms = now.ms + SAVE_CHARGING_MS

    @property
    def shutting_down(self) -> bool:
        """Whether the end has been said."""
        return bool(self._why)

    @property
    def refuses(self) -> bool:
        """Whether no new opening may begin."""
        return self.shutting_down or (self.on_reserve is True and self.level is not Level.FULL)

    @property
    def screen(self) -> str:
        """The screen to show in place of the idle one; "" for none."""
        return "shutting_down" if self.shutting_down else "power_low" if self.refuses else ""

    def view(self) -> dict[str, Any]:
        """For the health message: on mains or not, the level's name, what is left as reckoned, what was measured."""
        return {
            "mains": None if self.on_reserve is None else not self.on_reserve,
            "reserve": {Level.FULL: "ok", Level.LOW: "low", Level.EMPTY: "empty"}[self.level],
            "left_s": self._reserve.left_s,
            "mv": self._meter_mv,
            "ma": self._meter_ma,
        }

    # --- facts ------------------------------------------------------------------------------------

    def seen(self, event: LineSeen, now: Now) -> None:
        """One of the supply's lines."""
        if event.line == "mains_lost" and event.active is not self.on_reserve:
            (self._lost if event.active else self._back)(now)
        elif event.line == "battery_low":
            self._reserve.low_line = event.active
        elif event.line == "ups_off":
            held = event.active and self._off_seen
            self._off_seen = True
            self._off_due_ms = now.ms + OFF_HELD_MS if held else None
        self._look(now)

    def measured(self, event: Measured, now: Now) -> None:
        """The meter answered, or did not."""
        if event.what == "reserve_mv":
            self._meter_mv = event.value
            self._reserve.measured(event.value, now.ms)
            self._look(now)
        else:
            self._meter_ma = event.value

    def advance(self, now: Now) -> None:
        """Reckon on, and do what is due."""
        if self._off_due_ms is not None and now.ms >= self._off_due_ms:
            self._off_due_ms = None
            self._end("ups", now)
        if self._look_ms is not None and now.ms >= self._look_ms:
            self._look(now)
        if self._save_ms is not None and now.ms >= self._save_ms:
            self._save(now)
        if self._why and not self.over and now.ms >= self._ends_ms:
            self._farewell(now)

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do."""
        ends_ms = self._ends_ms if self._why and not self.over else None
        times = (self._off_due_ms, self._look_ms, self._save_ms, ends_ms)
        return min((ms for ms in times if ms is not None), default=None)

    # --- an outage --------------------------------------------------------------------------------

    def _lost(self, now: Now) -> None:
        self.on_reserve, self._lost_ms = True, now.ms
        self._reserve.use(True, now.ms)
        self._log(Record("mains_lost", 0, {"left_s": self._reserve.left_s} | self._volts()), now)
        self._save(now)

    def _back(self, now: Now) -> None:
        """The first reading of a supply that is well says nothing."""
        known, self.on_reserve = self.on_reserve, False
        self._reserve.use(False, now.ms)
        self._look_ms = None
        if self._why and self._why != "ups" and not self.over:
            self._why = ""
        self.level = Level.FULL
        if known is not None:
            fields = {"after_ms": now.ms - self._lost_ms, "left_s": self._reserve.left_s}
            self._log(Record("mains_back", 0, fields | self._volts()), now)
            self._save(now)

    def _look(self, now: Now) -> None:
        """What the reserve allows now."""
        if not self.on_reserve:
            return
        self._look_ms = now.ms + LOOK_MS
        before, self.level = self.level, self._reserve.level(now.ms)
        if self.level is not Level.FULL and before is Level.FULL:
            self._log(Record("reserve_low", 0, {"left_s": self._reserve.left_s} | self._volts()), now)
        if self.level is Level.EMPTY and not self._why and now.ms >= JUST_STARTED_MS:
            self._end("reserve", now)

    def _end(self, why: str, now: Now) -> None:
        """Say that the end has come; whoever reads the events should hear it from us."""
        if self._why:
            return
        self._why = why
        self._ends_ms, self._ends_ms_max = now.ms + FAREWELL_MS, now.ms + FAREWELL_MS_MAX
        self._say(Record("shutting_down", 0, {"why": why, "left_s": self._reserve.left_s} | self._volts()))

    def _farewell(self, now: Now) -> None:
        """No pulse is cut off; but an end there must be, before the supply makes one."""
        if self._busy() and now.ms < self._ends_ms_max:
            self._ends_ms = min(now.ms + LOOK_MS, self._ends_ms_max)
            return
        self.over = True
        self._save(now)
        self._say(ShutDown(self._why))

    def _save(self, now: Now) -> None:
        """What was used so far; while it charges, now and then until it is whole."""
        self._reserve.tick(now.ms)
        self._say(KeepNote(NOTE, self._reserve.to_text(self._boot)))
        every_ms = SAVE_MS if self.on_reserve else SAVE_CHARGING_MS
        done = self.over or (self._reserve.whole and not self.on_reserve)
        self._save_ms = None if done else now.ms + every_ms

    def _volts(self) -> dict[str, Any]:
        return {} if self._meter_mv is None else {"mv": self._meter_mv}
