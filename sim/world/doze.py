"""The doze: where nothing can happen, the world lets the next poll of the doors come late.

A cabinet at night asks its boards every second or so, gets the same answer, and does nothing. While every leaf is shut
and still, every switch, wire, plug and board is in order and a board rests between two polls, that board's deadline is
not told to the program: it is turned when something else is due, and at whatever happens in the world (somebody comes,
a fault begins; the ticks, every half minute), as a process that the kernel let wait. The drivers are those of
production and poll as soon as they are turned. Nothing that the world knows of can differ in between, so nothing is
missed but equal answers. One world in ``AWAKE_EVERY`` never dozes. Must never be used where a fault is under way.
"""

from __future__ import annotations

from collections.abc import Callable

from locker.model import Act, Driver, Event, Now

AWAKE_EVERY = 8
"""In one world of so many the program is turned at each deadline of every driver."""
REST_MS = 300
"""A board that wants to be turned later than this rests: answers are awaited, and open doors watched, more closely."""


class Dozing:
    """A lock board's driver whose deadline is kept back while it rests and all is ``settled``."""

    def __init__(self, driver: Driver, settled: Callable[[], bool]) -> None:
        """``settled`` says whether nothing can move, break or arrive outside by itself."""
        self._driver, self._settled = driver, settled
        self._now_ms = 0

    @property
    def name(self) -> str:
        """The board's."""
        return self._driver.name

    def fileno(self) -> int | None:
        """None: nothing in a world has a descriptor."""
        return None

    def deadline_ms(self) -> int | None:
        """The driver's, or None while it may wait."""
        due_ms = self._driver.deadline_ms()
        rests = due_ms is not None and due_ms - self._now_ms > REST_MS
        return None if rests and self._settled() else due_ms

    def refresh(self, now: Now) -> list[Event]:
        """The driver's own."""
        self._now_ms = now.ms
        return self._driver.refresh(now)

    def accepts(self, act: Act) -> bool:
        """The driver's own."""
        return self._driver.accepts(act)

    def perform(self, act: Act, now: Now) -> None:
        """The driver's own."""
        self._driver.perform(act, now)

    def counters(self) -> dict[str, int]:
        """The driver's own."""
        return self._driver.counters()

    def close(self) -> None:
        """The driver's own."""
        self._driver.close()
