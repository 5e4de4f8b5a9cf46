"""A small file that takes its time to be read, read by a thread of its own: a 1-Wire thermometer's.

Hardware: whatever the kernel shows as a file whose reading waits for a device.
Wire: ``open``, ``read``, ``close``.
Source: the kernel's w1_therm: each reading of ``w1_slave`` begins a conversion of up to 750 ms and waits for it.
Quirks: a bus that hangs holds the reading up for as long as it likes, so there is never more than one thread: while it
waits, further questions are not asked. The thread is a daemon: it keeps no program from ending.

Knows a path; must never know what the text means.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

TEXT_BYTES_MAX = 256


class ProbeFile:
    """One file. ``wake`` is called from the thread when there is an answer."""

    def __init__(self, path: Path, wake: Callable[[], None]) -> None:
        """Nothing is read yet."""
        self._path, self._wake = path, wake
        self._lock = threading.Lock()
        self._under_way = False
        self._answer: str | OSError | None = None

    def ask(self) -> None:
        """Begin to read, unless a reading is under way."""
        with self._lock:
            if self._under_way:
                return
            self._under_way = True
        threading.Thread(target=self._read, name="probe", daemon=True).start()

    def take(self) -> str | OSError | None:
        """What the reading brought, once; None while there is none."""
        with self._lock:
            answer, self._answer = self._answer, None
        return answer

    def _read(self) -> None:
        answer: str | OSError
        try:
            with self._path.open("rb", buffering=0) as file:
                answer = (file.read(TEXT_BYTES_MAX) or b"").decode("ascii", "replace")
        except OSError as error:
            answer = error
        with self._lock:
            self._answer, self._under_way = answer, False
        self._wake()
