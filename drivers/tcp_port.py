"""A serial port at the far end of a TCP connection: a serial server ("TCP bridge") with the lock bus behind it.

Hardware: serial servers with a raw TCP port, such as the ZNE-100TL; no telnet, no RFC 2217.
Wire: the bus's bytes as they are. Nobody proves who he is: the cable to the server must be one of its own, and the
address is a number in a private network (``locker.config_checks`` refuses all others).
Source: hardware facts, 1.1 (TCP bridge, port 5000); tcp(7) and socket(7).
Quirks: connecting takes time, so ``open`` returns "" until it is done. What the kernel has taken may still lie here
when the cable is pulled, and an unlock that comes out seconds later opens a door to nobody: so the kernel gives the
connection up when its bytes are not acknowledged for half a second, and ``discard`` resets it. A server that fell
over without a word is found out the same way at the next poll, and by keep-alives.

Knows sockets; must never know what the bytes mean. Nothing here waits or looks up names.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
from urllib.parse import urlsplit

from drivers.port import PortGone

UNTAKEN_MS = 500
"""How long sent bytes may stay unacknowledged: shorter than a pulse and the gap after it, so never two in one burst."""
_HELD_BYTES_MAX = 1024
_READ_BYTES = 4096
_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class TcpPort:
    """The near end of one connection; ``url`` is ``tcp://ADDRESS:PORT`` with the address as a number."""

    def __init__(self, url: str) -> None:
        """Name the server; nothing is opened yet. ``ValueError`` when there is no address or port in ``url``."""
        parts = urlsplit(url)
        if parts.scheme != "tcp" or not parts.hostname or not parts.port:
            raise ValueError(f"port {url}: allowed is tcp://ADDRESS:PORT")
        self._url, self._address = url, (parts.hostname, parts.port)
        self._family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        self._socket: socket.socket | None = None
        self._connected = False
        self._held = bytearray()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands as far as is known."""
        return self._connected

    def open(self) -> str:
        """Begin to connect, or look whether it is done: the url, or "" for not yet. Raises ``PortGone``."""
        if self._connected:
            self.close()
        try:
            done = self._begin() if self._socket is None else self._is_done(self._socket)
        except OSError as error:
            raise self._gone(f"{error}; check the cable and the serial server, and who else is connected") from error
        self._connected = done
        return self._url if done else ""

    def read(self) -> bytes:
        """Whatever has arrived. Raises ``PortGone``, also when the server has closed the connection."""
        try:
            data = self._opened().recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise error if isinstance(error, PortGone) else self._gone(error) from error
        if not data:
            raise self._gone("the serial server closed the connection")
        return data

    def write(self, data: bytes) -> int:
        """Send; returns how many bytes are held back. Raises ``PortGone``."""
        self._opened()
        if len(self._held) + len(data) > _HELD_BYTES_MAX:
            raise self._gone(f"takes no bytes, {len(self._held)} are held back")
        self._held += data
        return self.push()

    def push(self) -> int:
        """Go on sending what was held back; returns what still is. Raises ``PortGone``."""
        if not self._held:
            return 0
        try:
            sent = self._opened().send(self._held)
        except BlockingIOError:
            return len(self._held)
        except OSError as error:
            raise error if isinstance(error, PortGone) else self._gone(error) from error
        del self._held[:sent]
        return len(self._held)

    def discard(self) -> None:
        """Take back what may not have arrived: only a reset does. Always raises ``PortGone``."""
        self._opened().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise self._gone("reset, so that nothing half sent comes out later")

    def fileno(self) -> int | None:
        """The descriptor to wait on; None while there is no connection."""
        return self._socket.fileno() if self._socket is not None and self._connected else None

    def close(self) -> None:
        """Let go of the connection; never raises."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._connected = None, False
        self._held.clear()

    def _begin(self) -> bool:
        self._socket = near = socket.socket(self._family, socket.SOCK_STREAM)
        near.setblocking(False)
        for level, option, value in _OPTIONS:
            near.setsockopt(level, option, value)
        error = near.connect_ex(self._address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "cannot connect")
        return error == 0

    def _is_done(self, near: socket.socket) -> bool:
        poll = select.poll()
        poll.register(near, select.POLLOUT)
        if not poll.poll(0):
            return False
        error = near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "cannot connect")
        return True

    def _opened(self) -> socket.socket:
        if self._socket is None or not self._connected:
            raise PortGone(f"port {self._url}: not open")
        return self._socket

    def _gone(self, why: object) -> PortGone:
        self.close()
        return PortGone(f"port {self._url}: {why}")
