"""A child process: started without a shell, seen to end through a descriptor, killed by its own id and no other.

Knows processes. Must never know what they do. ``Spawn`` is the seam at which the tests put a pretended one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

END_S = 1
"""How long a killed process is waited for."""


class Child(Protocol):
    """One process that was started."""

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when it ends; None where there is none."""

    def poll(self) -> int | None:
        """Its exit code, or None while it runs. Collects what is left of it."""

    def kill(self) -> None:
        """End it at once, and wait for that; nothing where it has ended."""


class Spawn(Protocol):
    """Starts a process."""

    def __call__(self, command: Sequence[str]) -> Child:
        """Start the program named first, with no input and no output. Raises ``OSError`` where that cannot be."""


class Process:
    """A real child. It says nothing anywhere: its exit code is what counts."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it. Raises ``OSError``."""
        quiet = subprocess.DEVNULL
        self._child = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, close_fds=True)
        self._fd: int | None = None
        with suppress(OSError):  # an old kernel: then it is looked at now and then
            self._fd = os.pidfd_open(self._child.pid)

    def fileno(self) -> int | None:
        """The kernel's descriptor of the process, until its end was seen."""
        return self._fd

    def poll(self) -> int | None:
        """Return the exit code, once it has one."""
        code = self._child.poll()
        if code is not None:
            self._let_go()
        return code

    def kill(self) -> None:
        """Kill it and collect it: a killed player or renderer has nothing to tidy up."""
        with suppress(ProcessLookupError):
            self._child.kill()
        with suppress(subprocess.TimeoutExpired):  # stuck in a driver of the kernel: it is dead as soon as it returns
            self._child.wait(END_S)
        self._let_go()

    def _let_go(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
