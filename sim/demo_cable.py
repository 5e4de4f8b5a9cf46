"""The cabinet's network cable: a relay on loopback between the controller and the broker that can be pulled.

Knows bytes in both directions. Must never look into them. Pulled, connections are cut and new ones refused, while the
broker and everybody else on it go on.
"""

from __future__ import annotations

import selectors
import socket
import threading

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 65_536
CONNECT_S = 5.0


class Cable:
    """One relayed port; plugged in from the start. ``port`` is where the cabinet connects to."""

    def __init__(self, broker_port: int) -> None:
        """Take a free port and begin to relay to ``broker_port``."""
        self._broker_port = broker_port
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._listener: socket.socket | None = None
        self._ended = False
        self.port = 0
        self.plug()
        self._thread = threading.Thread(target=self._run, name="demo-cable", daemon=True)
        self._thread.start()

    @property
    def plugged(self) -> bool:
        """Whether bytes get through."""
        return self._listener is not None

    def plug(self) -> None:
        """Let connections through again, on the same port."""
        with self._lock:
            if self._listener is not None:
                return
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, self.port))
            listener.listen(8)
            self.port = int(listener.getsockname()[1])
            self._listener = listener
            self._selector.register(listener, selectors.EVENT_READ, None)
        self._waker.send(b".")

    def unplug(self) -> None:
        """Cut every connection and refuse new ones."""
        with self._lock:
            if self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None
            for key in list(self._selector.get_map().values()):
                if key.data is not None:
                    self._cut(key.data)
        self._waker.send(b".")

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()
        self._ended = True
        self._waker.send(b".")
        self._thread.join(5)
        self._selector.close()
        self._wake.close()
        self._waker.close()

    def _run(self) -> None:
        while not self._ended:
            ready = self._selector.select()
            with self._lock:
                for key, _ in ready:
                    if key.fileobj is self._wake:
                        self._wake.recv(PIECE_BYTES)
                    elif key.fileobj is self._listener:
                        self._join()
                    elif key.data is not None and key.data.alive:
                        self._carry(key.data, key.fileobj)

    def _join(self) -> None:
        assert self._listener is not None
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        try:
            far = socket.create_connection((LOOPBACK, self._broker_port), CONNECT_S)
        except OSError:
            near.close()
            return
        pair = _Pair(near, far)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(CONNECT_S)
            self._selector.register(end, selectors.EVENT_READ, pair)

    def _carry(self, pair: _Pair, source: object) -> None:
        near, far = pair.near, pair.far
        inlet, outlet = (near, far) if source is near else (far, near)
        try:
            piece = inlet.recv(PIECE_BYTES)
            if piece:
                outlet.sendall(piece)
                return
        except OSError:
            pass
        self._cut(pair)

    def _cut(self, pair: _Pair) -> None:
        if not pair.alive:
            return
        pair.alive = False
        for end in (pair.near, pair.far):
            self._selector.unregister(end)
            end.close()


class _Pair:
    """Both ends of one relayed connection."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far, self.alive = near, far, True
