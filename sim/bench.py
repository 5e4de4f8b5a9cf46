"""The bench: the real controller on pseudo-terminals and a real broker, timed from outside over hundreds of visits.

Measured: last byte of a token into the scanner's wire to first byte of the unlock frame out of the board's; the same to
the event at an independent subscriber; a door's switch to the event there; start to ready; memory; the processor while
idle; and the floors of this machine in between. Knows wires, processes and clocks; never the controller's inside.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from locker.authority.issue import issue
from locker.clock import boot_ms, wall_s
from locker.model import Purpose
from sim.bench_floor import Floors
from sim.body import Body
from sim.broker import EmbeddedBroker, free_port
from sim.cloud import Cloud, Message
from sim.demo_codes import Issuer
from sim.demo_news import News
from sim.demo_office import Office
from sim.demo_screen import ScreenLink
from sim.demo_site import CABINET, FOR_THE_DAY, Site
from sim.gm65 import Gm65
from sim.kerong_cu24 import KerongBoard
from sim.pty_port import PtyPort

PACE = replace(FOR_THE_DAY, pulse_ms=100, gap_ms=0, present_s=600, open_wait_ms=3000, resend_s=30)
STAFF_DOOR = 24
"""Behind it staff look, and nothing is ever put: it is one of the large ones."""
UNLOCK = 0x81
STEP_S = 10.0
SET_UP_S = 2.0
"""How long the controller may still be busy setting the scanner up, before the first visit."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, median, p95, p99 and maximum of ``count`` samples; ``unit`` names what of."""

    count: int
    minimum: float
    median: float
    p95: float
    p99: float
    maximum: float
    unit: str = "ms"

    @classmethod
    def of(cls, samples: list[float], factor: float = 1000.0, unit: str = "ms") -> Spread:
        """Of samples in seconds, shown in milliseconds."""
        ranked = sorted(s * factor for s in samples)
        at = [ranked[min(len(ranked) - 1, int(len(ranked) * share))] for share in (0.95, 0.99)]
        return cls(len(ranked), ranked[0], statistics.median(ranked), at[0], at[1], ranked[-1], unit)


class TimedBoard:
    """The board's far side, which notes when the first byte of an unlock frame arrived."""

    def __init__(self, board: KerongBoard) -> None:
        """Nothing has arrived."""
        self._board = board
        self.unlock_s = 0.0

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes from the controller; a frame is one write, so its first byte arrives with its command byte."""
        arrived = time.perf_counter()
        if len(data) >= 8 and data[-5] == UNLOCK:
            self.unlock_s = arrived
        self._board.feed(data, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """Bytes to the controller."""
        return self._board.refresh(now_ms)

    def deadline_ms(self) -> int | None:
        """When the board has something to say."""
        return self._board.deadline_ms()


class Bench:
    """One run. ``progress`` is called with the share done, 0 to 1."""

    def __init__(
        self, folder: Path, visits: int, broker: str, seed: int, bounce_ms: int, progress: Callable[[float], None]
    ) -> None:
        """``broker`` is "embedded" or "mosquitto"; ``bounce_ms`` is how long switches bounce, at most.

        Raises ``ValueError`` where the broker is not installed.
        """
        self.visits, self.seed, self.bounce_ms, self._progress = visits, seed, bounce_ms, progress
        self._random = random.Random(seed)
        self._parts = ExitStack()
        port = self._parts.enter_context(_Broker(folder, broker)).port
        self.site = Site(folder, port, PACE, seed)
        self.body = Body(24, seed, cooldown_ms=PACE.cooldown_ms, bounce_ms=(0, bounce_ms))
        self.scanner = Gm65()
        self.scanner.power_cycle(boot_ms())
        self.board = TimedBoard(KerongBoard(self.body))
        self._ports = [PtyPort(self.site.board_link, self.board), PtyPort(self.site.scanner_link, self.scanner)]
        self.screen = ScreenLink(self.site.panel_socket)
        self._arrived: dict[tuple[str, str], float] = {}
        self.cloud = Cloud("127.0.0.1", port).start()
        self._parts.callback(self.cloud.stop)
        self.watcher = Cloud("127.0.0.1", port, on_message=self._on_message, name="watcher")
        self.watcher.acks_on = False
        self._parts.callback(self.watcher.start().stop)
        self._issuer = Issuer(self.site, seed)
        self._staff_due_s = 0.0
        Office(self.site, self._issuer, lambda: self.cloud, News()).deliver()
        self.floors = self._parts.enter_context(Floors(folder, time.perf_counter))
        self.process: subprocess.Popen[bytes] | None = None
        self._held: list[tuple[bytes, int]] = []
        self.samples: dict[str, list[float]] = {"scan_unlock": [], "scan_event": [], "open_event": [], "shut_event": []}

    def close(self) -> None:
        """Stop everything that was started."""
        self._stop()
        self._parts.close()

    def run(self, idle_s: float, starts: int) -> dict[str, Any]:
        """All measurements, as plain values."""
        ready = [self._start() for _ in range(starts)]
        self._pump_until(lambda: bool(self.screen.screen) and self.cloud.view(CABINET).conn.get("state") == "online")
        self._pump_until(lambda: any(kind == "keys_changed" for kind, _ in list(self._arrived)))
        self._pump_for(SET_UP_S)
        for number in range(self.visits):
            self._staff_stay()
            self._visit(number)
            if number % 5 == 0:
                self.floors.sample()
            self._progress(number / self.visits)
        idle = self._idle(idle_s)
        assert self.process is not None
        memory = _memory_kb(self.process.pid)
        self._stop()
        return self._report(ready, idle, memory)

    def _report(self, ready: list[float], idle: float, memory: dict[str, int]) -> dict[str, Any]:
        """Everything, with the floors' sum and the ratio to it."""
        times = {name: asdict(Spread.of(samples)) for name, samples in self.samples.items()}
        floors = {
            name: asdict(Spread.of(samples))
            for name, samples in (
                ("commit", self.floors.commit_s),
                ("verify", self.floors.verify_s),
                ("wire_round_trip", self.floors.wire_s),
            )
        }
        floor_ms = sum(floor["median"] for floor in floors.values())
        return {
            "seed": self.seed,
            "visits": self.visits,
            "bounce_ms": self.bounce_ms,
            "times": times,
            "floors": floors,
            "floor_sum_ms": floor_ms,
            "scan_unlock_to_floor": times["scan_unlock"]["median"] / floor_ms,
            "ready": asdict(Spread.of(ready)),
            "idle_core_percent": idle,
            "memory_rss_kb": memory["VmRSS"],
            "memory_peak_kb": memory["VmHWM"],
            "events_sound": self.cloud.sound(CABINET),
            "coil_breaches": [str(breach) for breach in self.body.breaches],
        }

    # --- one visit --------------------------------------------------------------------------------

    def _visit(self, number: int) -> None:
        """A drop-off, or a collection of one, begun at a moment that has nothing to do with the polling."""
        self._pump_for(self._random.uniform(0.05, 0.35))
        collect = bool(self._held) and (len(self._held) > 8 or (len(self._held) > 4 and self._random.random() < 0.5))
        order = self._held.pop(0)[0] if collect else b"order-%d" % number
        purpose = Purpose.COLLECT if collect else Purpose.DEPOSIT
        cti = hashlib.sha256(b"%d %d" % (self.seed, number)).digest()[:16]
        now = wall_s()
        text = issue(
            key=self.site.resident_key, aud=CABINET, purpose=purpose, iat=now, exp=now + 600, cti=cti, order=order
        )
        self.board.unlock_s = 0.0
        scanned = self._show(text)
        self._pump_until(lambda: self.board.unlock_s > 0)
        door = self._until_open()
        opened = self._moved_s(door)
        name = cti.hex()
        self._pump_until(lambda: ("opened", name) in self._arrived)
        self._pump_until(lambda: self.body.shut(door - 1, boot_ms()))
        shut = self._moved_s(door)
        self._pump_until(lambda: ("shut", name) in self._arrived and self._offers("done"))
        self.samples["scan_unlock"].append(self.board.unlock_s - scanned)
        self.samples["scan_event"].append(self._arrived["granted", name] - scanned)
        self.samples["open_event"].append(self._arrived["opened", name] - opened)
        self.samples["shut_event"].append(self._arrived["shut", name] - shut)
        self._finish(None if collect else (order, door))

    def _staff_stay(self) -> None:
        """Staff show their code and look behind a door, often enough to be held to stand there all the time.

        So more doors open than people by themselves may open in a minute, and the limit is what it is in the street.
        """
        if time.perf_counter() < self._staff_due_s:
            return
        self._staff_due_s = time.perf_counter() + PACE.present_s / 2
        code = self._issuer.staff(STAFF_DOOR)
        self._show(code.text)
        door = self._until_open()
        self._pump_until(lambda: ("opened", code.cti) in self._arrived)
        self._pump_until(lambda: self.body.shut(door - 1, boot_ms()))
        self._pump_until(lambda: ("visit_ended", code.cti) in self._arrived)

    def _finish(self, held: tuple[bytes, int] | None) -> None:
        """Press "done" and remember what lies inside."""
        if held is not None:
            self._held.append(held)
        assert self.screen.screen is not None
        self.screen.touch("done", self.screen.screen["number"])
        self._pump_until(lambda: self.screen.screen is not None and self.screen.screen["screen"] == "idle")

    def _show(self, text: str) -> float:
        """Put the whole code on the scanner's wire; the moment just before its last byte can be read."""
        self.scanner.show(text, boot_ms())
        data = self.scanner.refresh(boot_ms())
        descriptor = self._ports[1].fileno()
        assert data.endswith(b"\r") and descriptor is not None, "the scanner said nothing: is it set up?"
        begun = time.perf_counter()
        os.write(descriptor, data)
        return begun

    def _until_open(self) -> int:
        """Wait for a switch to say open; the door's number."""
        found: list[int] = []

        def look() -> bool:
            now = boot_ms()
            found[:] = [c + 1 for c in range(24) if not self.body.is_closed_contact(c, now)]
            return bool(found)

        self._pump_until(look)
        return found[0]

    def _moved_s(self, door: int) -> float:
        """When the switch changed last, on the clock of the samples; exact to a millisecond."""
        return time.perf_counter() - (boot_ms() - self.body.compartments[door - 1].moved_ms) / 1000

    def _offers(self, button: str) -> bool:
        return self.screen.screen is not None and button in self.screen.screen["offers"]

    def _on_message(self, message: Message) -> None:
        """On the subscriber's thread: note when an event arrived."""
        arrived = time.perf_counter()
        if message.tail == "evt":
            event = json.loads(message.payload)
            self._arrived.setdefault((event["type"], event["data"].get("cti", "")), arrived)

    # --- the loop ---------------------------------------------------------------------------------

    def _pump(self, wait_s: float) -> None:
        """Let the far sides do what there is to do, or wait a little for it."""
        fds = [p.fileno() for p in self._ports] + [self.screen.fileno()]
        select.select([fd for fd in fds if fd is not None], [], [], wait_s)
        now = boot_ms()
        self.body.advance(now)
        for port in self._ports:
            port.pump(now)
        self.screen.refresh(now)

    def _pump_for(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._pump(min(left, 0.001))

    def _pump_until(self, true: Callable[[], bool]) -> None:
        """Raises ``TimeoutError`` after ten seconds, with the end of the controller's log."""
        end = time.perf_counter() + STEP_S
        while not true():
            if time.perf_counter() > end:
                words = self.site.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
                raise TimeoutError("the controller did not go on; its last words:\n" + "\n".join(words))
            self._pump(0.001)

    # --- the process ------------------------------------------------------------------------------

    def _start(self) -> float:
        """(Re)start the controller; seconds until it says that it is ready."""
        self._stop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            address = self.site.folder / "notify.sock"
            address.unlink(missing_ok=True)
            ear.bind(str(address))
            ear.setblocking(False)
            command = [sys.executable, "-m", "locker", "run", "--config", str(self.site.config_file)]
            with self.site.log_file.open("ab") as log:
                begun = time.perf_counter()
                self.process = subprocess.Popen(
                    command, stdout=log, stderr=log, env=os.environ | {"NOTIFY_SOCKET": str(address)}
                )
            self._pump_until(lambda: _heard(ear, b"READY=1"))
            return time.perf_counter() - begun

    def _stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STEP_S)
            self.process = None

    def _idle(self, seconds: float) -> float:
        """Percent of one core that the controller uses while nobody is there."""
        assert self.process is not None
        self._pump_for(2.0)
        before, begun = _cpu_s(self.process.pid), time.perf_counter()
        self._pump_for(seconds)
        return 100 * (_cpu_s(self.process.pid) - before) / (time.perf_counter() - begun)


class _Broker:
    """Either broker on loopback, as a context manager."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._embedded: EmbeddedBroker | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> _Broker:
        if self._kind == "embedded":
            self._embedded = EmbeddedBroker().start()
            self.port = self._embedded.port(5)
            return self
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program is None:
            raise ValueError("mosquitto is not installed: sudo apt-get install mosquitto, or --broker embedded")
        self.port = free_port()
        settings = self._folder / "mosquitto.conf"
        settings.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        self._process = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *error: object) -> None:
        if self._embedded is not None:
            self._embedded.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STEP_S)


def _heard(ear: socket.socket, text: bytes) -> bool:
    try:
        return text in ear.recv(256)
    except BlockingIOError:
        return False


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_kb(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {key: int(value.split()[0]) for key, _, value in (line.partition(":") for line in lines) if key[:2] == "Vm"}
