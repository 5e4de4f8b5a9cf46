"""The floors of this machine: what no controller that commits, verifies and talks over a wire can be faster than.

Three figures, measured in the same run as the controller: one SQLite commit with its sync to the disk, one Ed25519
verification, and one byte through a pseudo-terminal to another process and back. Knows none of the project's code, so
that nothing of it can make them better or worse.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tty
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ECHO = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
while True:
    os.write(fd, os.read(fd, 64))
"""


class Floors:
    """Measures the floors; ``perf_s`` is a clock in seconds. Use as a context manager."""

    def __init__(self, folder: Path, perf_s: Callable[[], float]) -> None:
        """``folder`` must be on the disk that the controller's database is on."""
        self._perf_s = perf_s
        self._db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, body BLOB)")
        key = Ed25519PrivateKey.generate()
        self._message = bytes(100)
        self._signature = key.sign(self._message)
        self._public = key.public_key()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._echo = subprocess.Popen([sys.executable, "-S", "-c", _ECHO, os.ttyname(self._slave)])
        self.commit_s: list[float] = []
        self.verify_s: list[float] = []
        self.wire_s: list[float] = []

    def __enter__(self) -> Floors:
        self._round()
        return self

    def __exit__(self, *error: object) -> None:
        self._echo.kill()
        self._echo.wait()
        os.close(self._master)
        os.close(self._slave)
        self._db.close()

    def sample(self) -> None:
        """One sample of each."""
        for samples, act in ((self.commit_s, self._commit), (self.verify_s, self._verify), (self.wire_s, self._round)):
            begun = self._perf_s()
            act()
            samples.append(self._perf_s() - begun)

    def _commit(self) -> None:
        """What one scan writes at the least: an event, a compartment, a token."""
        self._db.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            self._db.execute("INSERT INTO rows (body) VALUES (?)", (bytes(300),))
        self._db.execute("COMMIT")

    def _verify(self) -> None:
        self._public.verify(self._signature, self._message)

    def _round(self) -> None:
        os.write(self._master, b"x")
        os.read(self._master, 1)
