"""The bench of the lock boards, on a virtual clock: how busy each wire is, and how soon a door that moves is told.

The production drivers, set as they are by default, on the far sides of ``sim.demo_boards``, and between them a line
that takes for each byte the time that its rate takes; I2C is counted in clocks, shift registers in operations on pins.
All figures are virtual time: they depend on the drivers, the rates and the boards' answer times (8 or 15 ms, an 8A/80's
to an unlock 1 s), not on the machine that runs the bench; what a machine adds is in ``sim.bench``. Knows nothing of
codes, visits or the cabinet.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Protocol

from drivers.gpio_kinds import gpio_boards
from drivers.i2c import I2c
from drivers.lock_boards import lock_boards
from locker.config import Config
from locker.config_gpio import GpioBoard, McpBoard
from locker.model import Act, Attend, DoorSeen, Driver, Event, Now, Pulse
from sim.body import Body
from sim.demo_boards import LINES
from sim.demo_site import FOR_PEOPLE, Site
from sim.gpio_cabinet import GpioCabinet
from sim.links import FarSide, MemoryPort

BOARDS = (
    ("cu24", ""),
    ("cu16", ""),
    ("cu48", ""),
    ("8a", ""),
    ("8a", "answer-200ms"),
    ("8a", "asks"),
    ("8a", "asks,answer-200ms"),
    ("modbus", "waveshare"),
    ("modbus", "eletechsup"),
    ("shift", ""),
    ("mcp", ""),
)
BITS_A_BYTE, I2C_HZ = 10, 400_000
STEADY_MS, WATCHED_MS, SAMPLES = 1500, 60_000, 250
CONTACT_MS_MAX = 1600
BEFORE_MS, PULSED_MS, AROUND_STEP_MS = 500, 1300, 20
"""From when before a pulse to when after it another door's contact begins, and in which steps."""
PULSED_DOOR, OTHER_DOOR = 1, 14


class Line:
    """A serial line at its rate, both ways; ``busy_us`` is how long it has carried anything."""

    def __init__(self, far: FarSide, baud: int) -> None:
        """Nothing is on it."""
        self._far, self._byte_us = far, BITS_A_BYTE * 1_000_000 // baud
        self._outward: deque[tuple[int, int]] = deque()
        self._inward: deque[tuple[int, int]] = deque()
        self.busy_us = 0

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host sends."""
        self._send(self._outward, data, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """What has reached the host whole, byte by byte."""
        arrived = self._arrived(self._outward, now_ms)
        if arrived:
            self._far.feed(arrived, now_ms)
        self._send(self._inward, self._far.refresh(now_ms), now_ms)
        return self._arrived(self._inward, now_ms)

    def deadline_ms(self) -> int | None:
        """When the next byte has arrived at either end, or the far side wakes."""
        times = [-(-queue[0][0] // 1000) for queue in (self._outward, self._inward) if queue]
        far_ms = self._far.deadline_ms()
        return min([*times, far_ms] if far_ms is not None else times, default=None)

    def _send(self, queue: deque[tuple[int, int]], data: bytes, now_ms: int) -> None:
        due_us = max(now_ms * 1000, queue[-1][0] if queue else 0)
        for byte in data:
            due_us += self._byte_us
            queue.append((due_us, byte))
        self.busy_us += self._byte_us * len(data)

    @staticmethod
    def _arrived(queue: deque[tuple[int, int]], now_ms: int) -> bytes:
        data = bytearray()
        while queue and queue[0][0] <= now_ms * 1000:
            data.append(queue.popleft()[1])
        return bytes(data)


class CountedBus:
    """An I2C bus that counts its clocks: nine a byte, with a start and a stop."""

    def __init__(self, bus: I2c) -> None:
        """No clock yet."""
        self._bus, self.clocks = bus, 0

    def open(self) -> None:
        """Open it."""
        self._bus.open()

    def close(self) -> None:
        """Close it."""
        self._bus.close()

    def write(self, address: int, register: int, data: bytes) -> None:
        """Address, register and data."""
        self.clocks += 9 * (2 + len(data)) + 2
        self._bus.write(address, register, data)

    def read(self, address: int, register: int, count: int) -> bytes:
        """Address and register, then the address again and the data."""
        self.clocks += 9 * (3 + count) + 4
        return self._bus.read(address, register, count)


class _Wire(Protocol):
    """What time passes on."""

    def advance(self, now_ms: int) -> None:
        """Let time pass."""

    def deadline_ms(self) -> int | None:
        """When something happens by itself."""


class Stand:
    """One cabinet of 24 doors with its drivers; ``ms`` is the virtual clock."""

    def __init__(self, folder: Path, kind: str, wiring: str, seed: int) -> None:
        """Run until every door is known; ``folder`` is for the configuration."""
        self.site = Site(folder, 1883, replace(FOR_PEOPLE, pulse_ms=500), seed, kind, wiring)
        self.ms = 1000
        self.seen: list[DoorSeen] = []
        self._phases: dict[str, range] = {}
        self.operations: Callable[[], int] = lambda: 0
        self._busy_us: Callable[[], float] = lambda: 0.0
        self.body, self._wire, self.drivers = self._on_line() if kind in LINES else self._on_pins()
        self.run(60_000, until=lambda: len({seen.door for seen in self.seen}) == 24)

    def _on_line(self) -> tuple[Body, _Wire, Sequence[Driver]]:
        body = Body(24, 1, cooldown_ms=0)
        assert self.site.boards.far_side is not None
        far = self.site.boards.far_side(body, self.site.pace.pulse_ms)
        line = Line(far, self.site.config.boards[0].baud)
        self._busy_us = lambda: line.busy_us
        port = MemoryPort(line)
        return body, port, lock_boards(self.site.config, lambda board: port)

    def _on_pins(self) -> tuple[Body, _Wire, Sequence[Driver]]:
        cfg: Config = self.site.config
        board = cfg.boards[0]
        assert isinstance(board, GpioBoard)
        cabinet = GpioCabinet(board)
        cabinet.header.traces = False
        cabinet.advance(self.ms)
        if not isinstance(board, McpBoard):
            self.operations = lambda: cabinet.header.steps
            return cabinet.body, cabinet, gpio_boards(cfg, cabinet.open_pins, cabinet.open_bus)
        bus = CountedBus(cabinet.bus)
        self._busy_us = lambda: bus.clocks * 1_000_000 / I2C_HZ
        return cabinet.body, cabinet, gpio_boards(cfg, cabinet.open_pins, lambda port: bus)

    # --- time ---

    def run(self, for_ms: int, until: Callable[[], bool] = lambda: False) -> None:
        """Let so much time pass, or less when ``until`` holds."""
        end_ms = self.ms + for_ms
        while not until():
            times = [*(driver.deadline_ms() for driver in self.drivers), self._wire.deadline_ms()]
            next_ms = max(self.ms, min((ms for ms in times if ms is not None), default=end_ms + 1))
            if next_ms > end_ms:
                self.ms = end_ms
                break
            self.ms = next_ms
            self._turn()
        self._wire.advance(self.ms)

    def _turn(self) -> None:
        self._wire.advance(self.ms)
        events: list[Event] = [event for driver in self.drivers for event in driver.refresh(Now(self.ms, self.ms))]
        self.seen += [event for event in events if isinstance(event, DoorSeen)]

    def order(self, act: Act) -> None:
        """Carry out an order, now."""
        for driver in self.drivers:
            if driver.accepts(act):
                driver.perform(act, Now(self.ms, self.ms))

    # --- figures ---

    def occupancy(self, attended: bool) -> tuple[float, float]:
        """The share of the time in which the wire carries something, and the operations on pins a second."""
        self.attend(attended)
        busy_us, operations, begun_ms = self._busy_us(), self.operations(), self.ms
        self.run(WATCHED_MS)
        passed_ms = self.ms - begun_ms
        share = (self._busy_us() - busy_us) / 1000 / passed_ms
        return share, (self.operations() - operations) * 1000 / passed_ms

    def attend(self, attended: bool) -> None:
        """Somebody is there, or nobody; then let it settle."""
        self.order(Attend(attended))
        self.run(6000)

    def detection_ms(self, attended: bool, samples: int, chance: Random) -> list[float]:
        """How long after each move of a leaf it was told, at moments that have nothing to do with the polling."""
        self.attend(attended)
        took: list[float] = []
        for _ in range(samples):
            door = chance.randint(1, 24)
            for opens in (True, False):
                self.run(STEADY_MS + chance.randint(0, 500))
                took.append(self._told_after(door, opens))
        return took

    def _told_after(self, door: int, opens: bool) -> float:
        begun_ms, self.seen = self.ms, []
        self._move(door, opens)
        self.run(STEADY_MS, until=lambda: any(s.door == door and s.open is opens for s in self.seen))
        return float(self.ms - begun_ms)

    def _move(self, door: int, opens: bool) -> None:
        move = self.body.force if opens else self.body.shut
        move(door - 1, self.ms)

    def longest_missed_ms(self, moment: str) -> int:
        """The longest contact that can be missed, in steps of 10 ms; see ``is_never_missed``."""
        none_ms, seen_ms = 0, CONTACT_MS_MAX
        while seen_ms - none_ms > 10:
            contact_ms = (none_ms + seen_ms) // 20 * 10
            if self.is_never_missed(contact_ms, moment):
                seen_ms = contact_ms
            else:
                none_ms = contact_ms
        return none_ms

    def is_never_missed(self, contact_ms: int, moment: str, step_ms: int = AROUND_STEP_MS) -> bool:
        """Whether a door that stands open for so long is told as open, whenever that is.

        ``moment`` is "idle" or "visit": every millisecond between two questions. Or "unlock": another door's contact,
        in a visit, every ``step_ms`` around a pulse.
        """
        if moment not in self._phases:
            self.attend(moment != "idle")
            around = range(-BEFORE_MS, PULSED_MS, step_ms)
            self._phases = {moment: around if moment == "unlock" else range(self._cycle_ms())}
        return all(self._is_noticed(contact_ms, phase, moment == "unlock") for phase in self._phases[moment])

    def _cycle_ms(self) -> int:
        """The longest time between two questions, as it is now."""
        times = []
        for _ in range(20):
            self._at_a_question()
            times.append(self.ms)
        return max(later - earlier for earlier, later in pairwise(times)) + 1

    def _at_a_question(self) -> None:
        """Go on until the wire has just been used for a new one."""
        asked = self._asked()
        self.run(STEADY_MS, until=lambda: self._asked() > asked)

    def _asked(self) -> int:
        return sum(driver.counters().get("sent", 0) + driver.counters().get("reads", 0) for driver in self.drivers)

    def _is_noticed(self, contact_ms: int, phase: int, pulsed: bool) -> bool:
        """Whether a door that opens so long after a question or a pulse, for so long, is told as open."""
        self.run(STEADY_MS)
        self._at_a_question()
        self.seen, begun_ms = [], self.ms
        deeds: list[tuple[int, Callable[[], None]]] = [
            (BEFORE_MS + phase, partial(self._move, OTHER_DOOR, True)),
            (BEFORE_MS + phase + contact_ms, partial(self._move, OTHER_DOOR, False)),
        ]
        deeds += [(BEFORE_MS, partial(self.order, Pulse(PULSED_DOOR)))] if pulsed else []
        for at_ms, deed in sorted(deeds, key=lambda entry: entry[0]):
            self.run(begun_ms + at_ms - self.ms)
            deed()
        self.run(STEADY_MS)
        if pulsed:
            self._move(PULSED_DOOR, False)
        return any(seen.door == OTHER_DOOR and seen.open for seen in self.seen)


@dataclass(frozen=True, slots=True)
class Told:
    """How long moves took to be told, in virtual milliseconds."""

    median: float
    p95: float
    maximum: float

    @classmethod
    def of(cls, samples: list[float]) -> Told:
        """Of at least one."""
        ranked = sorted(samples)
        return cls(statistics.median(ranked), ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)], ranked[-1])


def measure(folder: Path, seed: int, samples: int, progress: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Every board's figures by its name; ``folder`` is for the configurations."""
    found: dict[str, dict[str, Any]] = {}
    for kind, wiring in BOARDS:
        name = f"{kind} {wiring}".strip()
        progress(name)
        stand = Stand(folder / name.replace(" ", "-"), kind, wiring, seed)
        figures: dict[str, Any] = {}
        for moment, attended in (("idle", False), ("visit", True)):
            share, operations = stand.occupancy(attended)
            told = Told.of(stand.detection_ms(attended, samples, Random(f"{seed}/{name}/{moment}")))
            figures[moment] = {
                "busy_percent": 100 * share,
                "operations_a_second": operations,
                "told_ms": {"median": told.median, "p95": told.p95, "max": told.maximum},
                "longest_missed_ms": stand.longest_missed_ms(moment),
            }
        figures["unlock"] = {"longest_missed_ms": stand.longest_missed_ms("unlock")}
        found[name] = figures
    return found
