"""Upkeep: how worn doors and wires are, and when a technician is to be told.

A pulse that reached the wire and the door that was seen open after it make one reaction; every opening is one cycle of
the switch, whoever opened. Both are part of the compartment, whose row is written at each opening anyway; the means of
the wires ride on any other commit, once an hour at most. So nothing is ever written for upkeep alone but a warning.

Knows compartments and counters; must never know a token, a person or a clock, and nothing here opens or bars a door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from locker import noise, wear
from locker.compartment import Compartment
from locker.config import Config
from locker.model import DeviceKnown, DoorSeen, Effect, KeepNote, Now, Record, Tallied
from locker.noise import Noise

SAVE_MS = 3_600_000
VERSIONS_MAX = 32
VERSION_MAX = 64


class Upkeep:
    """What is told of wear. ``versions`` is the firmware that devices told, by the device's name."""

    def __init__(self, say: Callable[[Effect], None], cfg: Config, text: str | None, now: Now) -> None:
        """``text`` is what was saved of the wires, None for nothing."""
        self._say, self._rules, self._wait_ms = say, cfg.upkeep, cfg.visit.open_wait_ms
        self.noise = Noise([board.name for board in cfg.boards], cfg.upkeep.noisy_permille, text)
        self.versions: dict[str, str] = {}
        self._pulsed_ms: dict[int, int] = {}
        self._save_due_ms = now.ms + SAVE_MS

    def pulsed(self, door: int, now: Now) -> None:
        """This door's pulse is on the wire only now."""
        self._pulsed_ms[door] = now.ms

    def seen(self, seen: DoorSeen, room: Compartment, now: Now) -> None:
        """A door was read twice alike; called before the compartment takes note of it."""
        if not seen.open or room.seen is not False:
            return
        pulsed_ms = self._pulsed_ms.pop(room.door, None)
        took_ms = None if pulsed_ms is None else now.ms - pulsed_ms
        if took_ms is not None and not 0 <= took_ms <= self._wait_ms:
            took_ms = None
        before = room.wear
        room.wear = wear.opened(before, took_ms, self._rules.slower_percent)
        self._warn(room, before.slower)

    def _warn(self, room: Compartment, was_slower: bool) -> None:
        now = room.wear
        if now.slower and not was_slower:
            fields = {"recent_ms": round(now.recent_ms), "usual_ms": round(now.usual_ms), "cycles": now.cycles}
            self._say(Record("door_slower", room.door, fields, droppable=True))
        percent = wear.due(now, self._rules.cycles_rated)
        if percent:
            fields = {"cycles": now.cycles, "rated": self._rules.cycles_rated, "percent": percent}
            self._say(Record("cycles_due", room.door, fields))
            room.wear = replace(now, told_percent=percent)

    def told(self, event: Tallied | DeviceKnown, silent: bool) -> None:
        """A device's counters, or what it is; ``silent`` where it is a board that does not answer."""
        if isinstance(event, DeviceKnown):
            self._know(event)
        else:
            self._tally(event, silent)

    def _tally(self, tally: Tallied, silent: bool) -> None:
        said = self.noise.tallied(tally.device, tally.counters, silent)
        if said is not None:
            self._say(said)
            self._say(KeepNote(noise.NOTE, self.noise.text()))

    def _know(self, event: DeviceKnown) -> None:
        if event.device in self.versions or len(self.versions) < VERSIONS_MAX:
            self.versions[event.device] = event.version[:VERSION_MAX]

    def note(self, now: Now) -> KeepNote | None:
        """What may ride on a commit that is made anyway, or None."""
        if not self.noise.changed or now.ms < self._save_due_ms:
            return None
        self._save_due_ms = now.ms + SAVE_MS
        return KeepNote(noise.NOTE, self.noise.text())
