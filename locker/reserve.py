"""How much is left of the reserve supply: by its voltage where that is measured, else by how long it has been in use.

The reckoning: while mains are lost the reserve is used second by second; while they are there it recharges, from empty
to full in ``recharge_s``. What was used is saved, so that a restart does not fill a battery, and after a reboot no time
is held to have passed on the charger: boot time does not survive one. A meter that has answered within a minute knows
better; what it says counts after three readings alike, because a lock's coil pulls the voltage down for half a second.
The UPS's own "battery low" line means low at least, whatever the others say.

Within one outage the level only falls. Knows boot time and millivolts; must never know a door or a screen.
"""

from __future__ import annotations

import json
from enum import IntEnum

from locker.config_fittings import Meter, Power

NOTE = "reserve"
"""The name under which it is saved."""
SAVE_MS, SAVE_CHARGING_MS = 60_000, 3_600_000
METER_STALE_MS = 60_000
ALIKE = 3


class Level(IntEnum):
    """What the reserve allows; a higher one is better."""

    EMPTY = 0
    LOW = 1
    FULL = 2


class ReserveError(ValueError):
    """What was saved cannot be read; says what follows from that."""


class Reserve:
    """The reserve of one supply. ``low_line`` is what the UPS says itself."""

    def __init__(self, rules: Power, meter: Meter | None, now_ms: int) -> None:
        """Full."""
        self._rules, self._meter = rules, meter
        self._used_ms = 0.0
        self._at_ms = now_ms
        self._in_use = False
        self._worst = Level.FULL
        self._reading: tuple[int, Level] | None = None
        self._alike: list[Level] = []
        self.low_line = False

    @property
    def left_s(self) -> int:
        """How many seconds it would last, as reckoned."""
        return max(0, int(self._rules.runtime_s - self._used_ms / 1000))

    @property
    def whole(self) -> bool:
        """Whether nothing of it has been used."""
        return self._used_ms == 0

    def use(self, in_use: bool, now_ms: int) -> None:
        """From now on it is in use, or charged."""
        self.tick(now_ms)
        self._in_use = in_use
        if not in_use:
            self._worst = Level.FULL

    def tick(self, now_ms: int) -> None:
        """Reckon up to now."""
        spent_ms, self._at_ms = max(0, now_ms - self._at_ms), now_ms
        rules = self._rules
        by_ms = spent_ms if self._in_use else -spent_ms * rules.runtime_s / rules.recharge_s
        self._used_ms = min(max(0.0, self._used_ms + by_ms), rules.runtime_s * 1000.0)

    def measured(self, mv: int | None, now_ms: int) -> None:
        """The meter answered, or did not."""
        if self._meter is None or mv is None:
            return
        level = Level.EMPTY if mv <= self._meter.empty_mv else Level.LOW if mv <= self._meter.low_mv else Level.FULL
        self._alike = [*self._alike, level][-ALIKE:]
        settled = max(self._alike) if len(self._alike) == ALIKE else Level.FULL
        self._reading = now_ms, settled

    def level(self, now_ms: int) -> Level:
        """What it allows now; ``FULL`` while it is not in use."""
        self.tick(now_ms)
        if not self._in_use:
            return Level.FULL
        if self._reading is not None and now_ms - self._reading[0] <= METER_STALE_MS:
            level = self._reading[1]
        else:
            rules, left_s = self._rules, self.left_s
            level = Level.EMPTY if left_s <= rules.empty_s else Level.LOW if left_s <= rules.low_s else Level.FULL
        self._worst = min(self._worst, level, Level.LOW if self.low_line else Level.FULL)
        return self._worst

    # --- over a restart ---------------------------------------------------------------------------

    def to_text(self, boot: str) -> str:
        """What is saved; ``boot`` is this boot's id."""
        return json.dumps([boot, self._at_ms, int(self._used_ms), self._in_use], separators=(",", ":"))

    def resume(self, text: str, boot: str) -> None:
        """Take up what was saved. Raises ``ReserveError``: then it counts as low, as soon as mains are lost."""
        rules = self._rules
        try:
            before, at_ms, used_ms, in_use = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            before = at_ms = used_ms = in_use = None
        if (type(before), type(at_ms), type(used_ms), type(in_use)) != (str, int, int, bool):
            self._used_ms = (rules.runtime_s - rules.low_s) * 1000.0
            raise ReserveError("what was used of the reserve is unreadable; it counts as low when mains are lost")
        self._used_ms = float(min(max(0, used_ms), rules.runtime_s * 1000))
        same = before == boot and boot not in ("", "unknown") and self._at_ms >= at_ms
        if same:
            now_ms, self._at_ms, self._in_use = self._at_ms, at_ms, in_use
            self.tick(now_ms)
            self._in_use = False
        elif in_use:
            self._used_ms = min(self._used_ms + SAVE_MS, rules.runtime_s * 1000.0)
