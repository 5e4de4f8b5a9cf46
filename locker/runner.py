"""The runner: decides when the service turns, and nothing else.

asyncio wakes it for a readable descriptor, for another thread's call, or for the deadline that the last turn returned;
each wake-up is one turn. An error in a turn ends the process, because after it nobody knows what is on the disk and
what is not; the service manager starts it again. Knows descriptors and signals; never what an event means.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

from locker import clock
from locker.model import Now
from locker.notify import Notifier
from locker.service import Service


class Runner:
    """Turns one service in real time until it is told to stop."""

    def __init__(self, service: Service, notifier: Notifier, now: Callable[[], Now] = clock.now) -> None:
        """Nothing runs yet. ``now`` reads this machine's clock; only the demo hands in one whose hands can be moved."""
        self._service, self._notifier, self._now = service, notifier, now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watched: dict[int, int] = {}
        self._woken = False
        self._done = asyncio.Event()
        self._error: BaseException | None = None

    def wake(self) -> None:
        """Ask for a turn soon, from any thread. Many calls before it make one turn."""
        if self._loop is None or self._woken:
            return
        self._woken = True
        with contextlib.suppress(RuntimeError):  # the loop has closed: we are stopping
            self._loop.call_soon_threadsafe(self._turn)

    async def run(self) -> None:
        """Start, turn until a signal or the service is over, stop with every output off. Raises what a turn raised."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._done.set)
        try:
            self._service.start(self._now())
            self._turn()
            if self._error is None:
                self._notifier.ready()
            await self._done.wait()
        except Exception as error:
            self._error = error
        finally:
            self._let_go()
        if self._error is not None:
            raise self._error

    def _let_go(self) -> None:
        """No more turns; then stop the service, or, after an error, only let go of the devices."""
        self._notifier.stopping()
        if self._timer is not None:
            self._timer.cancel()
        for descriptor in self._watched:
            if self._loop is not None:
                self._loop.remove_reader(descriptor)
        self._watched.clear()
        self._loop = None
        if self._error is None:
            self._service.stop(self._now())
        else:
            self._service.failed(self._now(), f"{type(self._error).__name__}: {self._error}")

    def _turn(self) -> None:
        """One turn, and arrange for the next."""
        self._woken = False
        if self._error is not None or self._loop is None:
            return
        try:
            now = self._now()
            deadline_ms = self._service.turn(now)
            self._notifier.alive(now.ms)
        except BaseException as error:
            self._error = error
            self._done.set()
            return
        if self._service.over:
            self._done.set()
            return
        self._watch()
        self._arrange(deadline_ms, now.ms)

    def _arrange(self, deadline_ms: int | None, now_ms: int) -> None:
        """Turn again at the deadline, or when the watchdog wants a ping."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        times = [t for t in (deadline_ms, self._notifier.deadline_ms()) if t is not None]
        if times and self._loop is not None:
            self._timer = self._loop.call_later(max(0, min(times) - now_ms) / 1000, self._turn)

    def _watch(self) -> None:
        """Follow the descriptors: ports come and go, and a number may pass from one device to another."""
        drivers = enumerate(self._service.drivers)
        wanted = {fd: index for index, fd in ((index, driver.fileno()) for index, driver in drivers) if fd is not None}
        if wanted == self._watched or self._loop is None:
            return
        for descriptor, _ in self._watched.items() - wanted.items():
            self._loop.remove_reader(descriptor)
        for descriptor, _ in wanted.items() - self._watched.items():
            self._loop.add_reader(descriptor, self._turn)
        self._watched = wanted
