"""The status file: what the controller says of itself, put where a technician's command may read it.

Hardware: a file on a tmpfs (``/run/locker``), which wears no card.
Wire: one JSON object, made by ``locker.status``, mode 0640; written beside and renamed, so that a reader always sees a
whole one.
Source: rename(2).
Quirks: a folder that is not there or full costs the status and nothing else: it is logged once, and tried again with
the next status.

Knows files; must never know what a status says, nor read a clock.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from locker.config import Status

log = logging.getLogger("locker.status")
MODE = 0o640


class StatusFile:
    """The file; ``post`` replaces it. ``failures`` counts what could not be written."""

    def __init__(self, config: Status, pid: int, born_ticks: int) -> None:
        """Nothing is written yet. ``pid`` and ``born_ticks`` are this process's number and when it began."""
        self._path = Path(config.file)
        self.every_ms = config.every_s * 1000
        self.pid, self.born_ticks = pid, born_ticks
        self.failures = 0
        self._said = ""

    def post(self, payload: bytes) -> None:
        """Replace the file's content. Never raises: who reads it sees by its time that it is old."""
        beside = self._path.with_name(f".{self._path.name}.{self.pid}")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, MODE)
                file.write(payload)
            beside.replace(self._path)
        except OSError as error:
            self._fail(str(error))
        else:
            self._said = ""

    def _fail(self, why: str) -> None:
        self.failures += 1
        if why != self._said:
            self._said = why
            log.warning("no status file: %s; locker status will say nothing new", why)
