"""Telling systemd that we are ready, alive, or about to stop (sd_notify(3)).

Knows one datagram socket, named by the environment; outside systemd it does nothing. The watchdog is pinged from the
turn, so that a turn that hangs is a process that is restarted.
"""

from __future__ import annotations

import os
import socket


class Notifier:
    """The service manager's ear. ``watchdog_ms`` is how often it wants to hear from us, None when it does not."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        """Read ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``; a ping goes out at a third of the latter."""
        found = dict(os.environ) if environment is None else environment
        self._address = found.get("NOTIFY_SOCKET", "")
        usec = found.get("WATCHDOG_USEC", "")
        self.watchdog_ms = (int(usec) // 3000 or None) if usec.isdecimal() and self._address else None
        self._next_ms = 0

    def ready(self) -> None:
        """The first turn is done."""
        self._send("READY=1")

    def alive(self, now_ms: int) -> None:
        """A turn is done; pings when it is time to."""
        if self.watchdog_ms is not None and now_ms >= self._next_ms:
            self._next_ms = now_ms + self.watchdog_ms
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """We are about to stop."""
        self._send("STOPPING=1")

    def deadline_ms(self) -> int | None:
        """When the next ping is due."""
        return self._next_ms if self.watchdog_ms is not None else None

    def _send(self, text: str) -> None:
        """One datagram; a manager that does not listen is no reason to stop serving people."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            try:
                channel.sendto(text.encode(), socket.MSG_DONTWAIT, address)
            except OSError:
                return
