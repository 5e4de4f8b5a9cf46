"""A far side on a pseudo-terminal, under a link like ``/dev/serial/by-path/...``, for the real program to open.

Driven from the caller's loop: ``fileno`` to wait on, ``pump(now_ms)`` when it is readable or ``deadline_ms`` has come.
Knows descriptors and links; must never know what the bytes mean, nor read a clock.
"""

from __future__ import annotations

import os
import tty
from pathlib import Path

from sim.links import FarSide

_UNREAD_BYTES_MAX = 65_536


class PtyPort:
    """One pseudo-terminal pair with a far side at its master end."""

    def __init__(self, link: Path, far: FarSide) -> None:
        """``link`` is the name that the program is given; its folder is made. Plugged in at once."""
        self.link, self.far = link, far
        self.dropped_bytes = 0
        self._master: int | None = None
        self._slave: int | None = None
        self._unsent = bytearray()
        self.plug()

    @property
    def plugged(self) -> bool:
        """Whether the adapter is in its socket."""
        return self._master is not None

    @property
    def target(self) -> str:
        """What the link leads to now; empty when unplugged."""
        return os.ttyname(self._slave) if self._slave is not None else ""

    def plug(self) -> None:
        """Plug in: a new pseudo-terminal, and the link leads to it in one step. Does nothing when plugged in."""
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Pull the plug: the link is gone, and whoever has the terminal open sees it hang up."""
        self.link.unlink(missing_ok=True)
        for fd in (self._master, self._slave):
            if fd is not None:
                os.close(fd)
        self._master = self._slave = None
        self._unsent.clear()

    def fileno(self) -> int | None:
        """The master's descriptor, or None when unplugged."""
        return self._master

    @property
    def filenos(self) -> list[int]:
        """Every descriptor that may become readable."""
        return [] if self._master is None else [self._master]

    def deadline_ms(self) -> int | None:
        """When the far side has something to do by itself, or None."""
        return self.far.deadline_ms()

    def pump(self, now_ms: int) -> None:
        """Carry bytes both ways, as many as there are."""
        data = self._read()
        if data:
            self.far.feed(data, now_ms)
        said = self.far.refresh(now_ms)
        if self._master is not None and (said or self._unsent):
            self._write(said)

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()

    def _read(self) -> bytes:
        if self._master is None:
            return b""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def _write(self, said: bytes) -> None:
        """Send; what a full terminal does not take is kept up to a limit, as no real wire would."""
        if self._master is None:
            return
        self._unsent += said
        try:
            sent = os.write(self._master, self._unsent)
        except BlockingIOError:
            sent = 0
        del self._unsent[:sent]
        if len(self._unsent) > _UNREAD_BYTES_MAX:
            self.dropped_bytes += len(self._unsent)
            self._unsent.clear()
