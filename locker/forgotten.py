"""Doors that were forgotten open: the gentle sound goes on until each was seen shut, whatever the screen shows by then.

While the screen speaks of the door the voice sounds by itself (``drivers.voice``). When the alarm's screen is over, or
somebody else is being served, this orders one sound now and then: silent in quiet hours, where what would have sounded
is dropped and not put off; and for so long at most, because a door that nobody shuts in that time needs staff, who were
told. A door that nobody can see any more (its board is silent) is not sounded for; its time goes on.

Knows doors and boot time. Must never know who left one open, nor how loud it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from locker.compartment import Compartment
from locker.config import Config
from locker.config_hours import Voice
from locker.hours import is_quiet
from locker.machine import DoorState
from locker.model import Effect, Now, Switch

LINE = "chime"
"""The line of the order: one sound."""


class Forgotten:
    """The doors, and when the next sound is due. One sound is for all of them."""

    def __init__(self, rules: Voice, cfg: Config, rooms: Iterable[Compartment], say: Callable[[Effect], None]) -> None:
        """``cfg`` says when it is quiet."""
        self._rules, self._cfg, self._rooms, self._say = rules, cfg, tuple(rooms), say
        self._until_ms: dict[int, int] = {}
        self._due_ms: int | None = None

    def follow(self, now: Now) -> None:
        """After each step: which doors are forgotten, and the sound when it is due."""
        for room in self._rooms:
            if room.state is DoorState.LEFT_OPEN:
                self._until_ms.setdefault(room.door, now.ms + self._rules.again_minutes_max * 60_000)
            elif room.seen is False:
                self._until_ms.pop(room.door, None)
        if not any(self._sounds(room, now) for room in self._rooms):
            self._due_ms = None
        elif self._due_ms is None:
            self._due_ms = now.ms + self._rules.again_s * 1000
        elif now.ms >= self._due_ms:
            self._due_ms = now.ms + self._rules.again_s * 1000
            if not is_quiet(self._cfg, now):
                self._say(Switch(LINE, True))

    def _sounds(self, room: Compartment, now: Now) -> bool:
        return room.state is DoorState.LEFT_OPEN and now.ms < self._until_ms[room.door]

    def deadline_ms(self) -> int | None:
        """When the next sound is due."""
        return self._due_ms
