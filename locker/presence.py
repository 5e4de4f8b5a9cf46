"""Whether staff stand in front of the cabinet: the only way past the limit on doors a minute (invariant 10).

Somebody of the staff, or a technician, is held to be there from the moment at which their valid code was accepted *at
the scanner*, until some time has passed without a further one or a touch of theirs. Nothing that comes over the network
begins or prolongs it, a resident's code does not, and a restart ends it: then nobody has been seen yet.

Knows names and boot time. Must never know a token, a door or a message.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.model import Effect, Now, Record


class Presence:
    """Who of the staff is there; at most one name, the last."""

    def __init__(self, say: Callable[[Effect], None], present_s: int) -> None:
        """Nobody. ``present_s`` is how long one act counts."""
        self._say, self._present_ms = say, present_s * 1000
        self._by = ""
        self._until_ms: int | None = None

    def present(self, now: Now) -> bool:
        """Whether somebody is held to be there."""
        return self._until_ms is not None and now.ms < self._until_ms

    def who(self, now: Now) -> str:
        """Whose code it was, "" while nobody is held to be there."""
        return self._by if self.present(now) else ""

    def shows(self, by: str, now: Now) -> None:
        """Their code was accepted at the scanner."""
        self.advance(now)
        if by != self._by:
            self._leave()
            self._say(Record("staff_present", 0, {"by": by}))
        self._by, self._until_ms = by, now.ms + self._present_ms

    def touches(self, now: Now) -> None:
        """A button was pressed in their visit; nobody comes back by that."""
        if self.present(now):
            self._until_ms = now.ms + self._present_ms

    def advance(self, now: Now) -> None:
        """They have done nothing for too long."""
        if self._until_ms is not None and now.ms >= self._until_ms:
            self._leave()

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do, None while nobody is there."""
        return self._until_ms

    def _leave(self) -> None:
        """Whoever was there is not."""
        if self._by:
            self._say(Record("staff_left", 0, {"by": self._by}))
        self._by, self._until_ms = "", None
