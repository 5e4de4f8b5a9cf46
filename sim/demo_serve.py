"""Serving the demo's page on loopback in a thread of its own.

Knows the web server and how to end it. Must never listen on any address but loopback.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"


class PageServer:
    """A web server on a loopback port; ``port`` 0 takes a free one. ``url`` is where a browser finds it."""

    def __init__(self, app: Any, port: int = 0) -> None:
        """Bind at once, so that a port in use is told before anything else starts. Raises ``OSError``."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, port))
        self._socket.listen(64)
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(settings)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-page", daemon=True)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{LOOPBACK}:{self._socket.getsockname()[1]}/"

    def start(self) -> PageServer:
        """Begin to answer."""
        self._thread.start()
        return self

    def wait(self) -> None:
        """Stay until the server ends or the process is interrupted.

        Not by ``join``: interrupted in it, CPython 3.11 takes a running thread for one that has ended.
        """
        self._ended.wait()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._ended.wait(5)
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()
