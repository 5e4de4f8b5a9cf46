"""The screen of a world: what the panel's socket would carry, at the ``Driver`` seam.

People read ``shown`` and touch what is offered; whatever else a panel may say one day (typed codes) goes through
``say``. Counts the screens. Must never know what a screen means to the cabinet.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.model import Act, Attend, Event, Now, Show, Touched


class Screen:
    """One panel, for the life of one process. ``wake`` asks for a turn at once."""

    def __init__(self, wake: Callable[[], None], showed: Callable[[Show], None]) -> None:
        """Dark."""
        self.shown: Show | None = None
        self._wake, self._showed = wake, showed
        self._events: list[Event] = []

    @property
    def name(self) -> str:
        """Always "panel"."""
        return "panel"

    def say(self, event: Event) -> None:
        """Somebody does something at the panel."""
        self._events.append(event)
        self._wake()

    def touch(self, button: str, number: int | None = None) -> None:
        """Press a button of the screen that is shown, or of an older one."""
        shown = self.shown
        if shown is not None:
            self.say(Touched(button, shown.number if number is None else number))

    def fileno(self) -> int | None:
        """None: there is no descriptor."""
        return None

    def deadline_ms(self) -> int | None:
        """At once when somebody touched it."""
        return 0 if self._events else None

    def refresh(self, now: Now) -> list[Event]:
        """What was touched."""
        if not self._events:
            return []
        found, self._events = self._events, []
        return found

    def accepts(self, act: Act) -> bool:
        """``Show`` and ``Attend``."""
        return isinstance(act, Show | Attend)

    def perform(self, act: Act, now: Now) -> None:
        """Show something."""
        if isinstance(act, Show):
            self.shown = act
            self._showed(act)

    def counters(self) -> dict[str, int]:
        """None."""
        return {}

    def close(self) -> None:
        """Go dark."""
        self.shown = None
