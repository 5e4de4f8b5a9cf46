"""The controller process of the demo, started and restarted as systemd would do it.

Knows a command line and process ids. Must never know what the controller does; it is the real program, unmodified but
for its clock where that is to be moved, and its pins where they are simulated (``sim.demo_machine``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from locker.clock import boot_ms
from locker.power import EXIT_POWER_OFF
from sim.demo_site import Site

ROOT = Path(__file__).resolve().parent.parent
RESTART_S = 0.2
END_S = 10.0
LOG_LINES = 15


class Controller:
    """One supervised child: ``Restart=always`` with a short rest. ``starts`` are the boot times of its starts."""

    def __init__(self, site: Site, changed: Callable[[], None], clock: Path | None = None) -> None:
        """``changed`` is called from another thread whenever the process starts or ends.

        ``clock`` is the file of a ``DemoClock``; None for the command that a cabinet is started with, which boards on
        simulated pins cannot do with.
        """
        config = str(site.config_file)
        real, moved = ["locker", "run", "--config", config], ["sim.demo_machine", config, str(clock)]
        moved += [str(site.pins_folder)] if site.on_pins else []
        self._command = [*_tied(), sys.executable, "-m", *(moved if clock else real)]
        self._log, self._changed = site.log_file, changed
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._held = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="demo-controller", daemon=True)
        self.starts: list[int] = []

    @property
    def pid(self) -> int:
        """The process id, 0 while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self, power: bool = True) -> Controller:
        """Watch over the process and start it, with ``power`` false only at ``power_on``."""
        if power:
            self._held.set()
        self._thread.start()
        return self

    def kill(self, back: bool = True) -> None:
        """A power cut: kill -9. With ``back`` false it stays dark until ``power_on``."""
        if not back:
            self._held.clear()
        self._signal(subprocess.Popen.kill)

    def power_on(self) -> None:
        """Let it start again after ``kill(back=False)``."""
        self._held.set()

    def restart(self) -> None:
        """A service restart: SIGTERM, and it comes back."""
        self._signal(subprocess.Popen.terminate)

    def close(self) -> None:
        """Stop for good: asked first, killed after ten seconds."""
        self._ended.set()
        self._held.set()
        self._signal(subprocess.Popen.terminate)
        process = self._process
        if process is not None:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._thread.is_alive():
            self._thread.join(END_S)

    def last_words(self) -> str:
        """Return the end of its log, for a report of what went wrong."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])

    def _signal(self, send: Callable[[subprocess.Popen[bytes]], None]) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                send(self._process)

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._held.wait()
            with self._lock:
                if self._ended.is_set():
                    return
                self._process = self._spawn()
            self._changed()
            if self._process.wait() == EXIT_POWER_OFF:
                self._held.clear()  # what the unit does: the computer is switched off, until its supply starts it again
            self._changed()
            self._ended.wait(RESTART_S)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.starts.append(boot_ms())
        environment = {key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )


def _tied() -> list[str]:
    """A wrapper that ends the controller even when the demo itself is killed, where the system has one (util-linux).

    Without it an orphan would go on, and its links would lead to the pseudo-terminals of the next demo.
    """
    wrapper = shutil.which("setpriv")
    return [wrapper, "--pdeathsig", "TERM", "--"] if wrapper else []
