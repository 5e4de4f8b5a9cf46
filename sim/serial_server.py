"""A serial server ("TCP bridge") with a far side behind it, on a loopback port, for the real program to connect to.

Driven from the caller's loop like ``sim.pty_port``: ``filenos`` to wait on, ``pump(now_ms)`` when one is readable or
``deadline_ms`` has come. Serves one connection at a time, as such boxes do; what the far side says while nobody is
connected is lost. Knows sockets; must never know what the bytes mean, nor read a clock.
"""

from __future__ import annotations

import socket
import struct

from sim.links import FarSide


class SerialServer:
    """One box: its network side is ``url``, its serial side ``far``."""

    def __init__(self, far: FarSide, number: int = 0) -> None:
        """Plugged in at once, on this port, or on one that the machine chooses; it stays the same."""
        self.far = far
        self.accepted = 0
        self.is_frozen = False
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._number = number
        self.plug()

    @property
    def url(self) -> str:
        """What the configuration calls it."""
        return f"tcp://127.0.0.1:{self._number}"

    @property
    def plugged(self) -> bool:
        """Whether it has power."""
        return self._listener is not None

    @property
    def filenos(self) -> list[int]:
        """Every descriptor that may become readable."""
        return [part.fileno() for part in (self._listener, self._connection) if part is not None]

    def plug(self) -> None:
        """Give it power: it listens. Does nothing where it has."""
        if self._listener is not None:
            return
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", self._number))
        self._listener.listen(4)
        self._listener.setblocking(False)
        self._number = self._listener.getsockname()[1]

    def unplug(self) -> None:
        """Take its power away: nobody answers there."""
        self.hang_up()
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def close(self) -> None:
        """Take its power away for good."""
        self.unplug()

    def hang_up(self, *, reset: bool = False) -> None:
        """End the connection, with a farewell or by a reset."""
        if self._connection is not None:
            if reset:
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._connection.close()
        self._connection = None

    def deadline_ms(self) -> int | None:
        """When the far side has something to do by itself, or None."""
        return self.far.deadline_ms()

    def pump(self, now_ms: int) -> None:
        """Carry bytes both ways, as many as there are; nothing while it is frozen."""
        if self.is_frozen:
            return
        self._accept()
        data = self._read()
        if data:
            self.far.feed(data, now_ms)
        said = self.far.refresh(now_ms)
        if said and self._connection is not None:
            self._connection.send(said)

    def _accept(self) -> None:
        if self._connection is not None or self._listener is None:
            return
        try:
            self._connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted += 1

    def _read(self) -> bytes:
        if self._connection is None:
            return b""
        try:
            data = self._connection.recv(4096)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            data = b""
        if not data:
            self.hang_up()
        return data
