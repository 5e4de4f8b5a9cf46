"""The tamper loop: opened, closed again, and whether staff stood there.

A loop that is open when the program starts is told as open then: nobody knows since when. The loop informs: nothing is
refused because of it. Knows one line. Must never know a door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locker.model import LineSeen, Now, Record

LINE = "tamper"


class Tamper:
    """``open`` is None until the loop has been read. ``staff`` gives who of the staff is there, "" for nobody."""

    def __init__(self, log: Callable[[Record, Now], object], staff: Callable[[Now], str]) -> None:
        """``log`` takes what a loose contact could repeat."""
        self._log, self._staff = log, staff
        self.open: bool | None = None
        self._opened_ms = 0

    def seen(self, event: LineSeen, now: Now) -> None:
        """The loop was read; a contact that was over before anybody could look is told as both."""
        first, before, self.open = self.open is None, self.open, event.active
        if event.brief and not event.active:
            self._opened(now, {"brief": True})
            self._closed(now)
        elif event.active and not before:
            self._opened(now, {"at_start": True} if first else {})
        elif before and not event.active:
            self._closed(now)

    def _opened(self, now: Now, fields: dict[str, Any]) -> None:
        by = self._staff(now)
        self._opened_ms = now.ms
        self._log(Record("tamper_opened", 0, {"staff_present": bool(by)} | ({"by": by} if by else {}) | fields), now)

    def _closed(self, now: Now) -> None:
        by = self._staff(now)
        fields = {"after_ms": now.ms - self._opened_ms, "staff_present": bool(by)} | ({"by": by} if by else {})
        self._log(Record("tamper_closed", 0, fields), now)
