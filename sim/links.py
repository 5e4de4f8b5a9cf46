"""Wires in memory on a virtual clock, with the faults that real ones have.

``FaultyWire`` stands between a far side and whatever drives it (it is a far side itself, so a pseudo-terminal takes it
as well); ``MemoryPort`` is the near end that a driver opens. One write is one chunk; chunks never overtake each other,
as on a real wire. Chance comes from a seed, and ``happened`` counts each fault, so that a test can prove it took place.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from drivers.port import PortGone


class FarSide(Protocol):
    """A device at the other end of a wire, sans-IO."""

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive at it."""

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that have left it by now."""

    def deadline_ms(self) -> int | None:
        """When it has something to do by itself, or None."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What one direction of a wire does to a chunk: chances from 0 to 1, times in milliseconds.

    No wire doubles a request, only a bridge does; towards a lock board that would be a second pulse. So ``LOSSY`` has
    no ``duplicate``; for replies it may be added. ``forge`` adds to one byte what it takes from another, or raises one
    byte and the eighth (the sum of a KR-CU24 frame) alike: a sum of bytes does not see it.
    """

    lose: float = 0.0
    corrupt: float = 0.0
    forge: float = 0.0
    truncate: float = 0.0
    duplicate: float = 0.0
    garbage: float = 0.0
    delay_ms: int = 0
    jitter_ms: int = 0
    byte_ms: int = 0


PERFECT = Faults()
BYTE_BY_BYTE = Faults(byte_ms=1)
LOSSY = Faults(lose=0.05, corrupt=0.05, truncate=0.03, garbage=0.05)
DELAYED = Faults(delay_ms=12, jitter_ms=16)


class FaultyWire:
    """A far side seen through a bad wire; ``echo`` returns what the host sends, as a half-duplex adapter does."""

    def __init__(
        self, far: FarSide, to_far: Faults = PERFECT, to_near: Faults = PERFECT, *, echo: bool = False, seed: int = 0
    ) -> None:
        """Both directions may be given new faults at any time; ``forger`` spoils a frame so that its check holds, one
        of ``forged_from`` bytes or more."""
        self.far, self.to_far, self.to_near, self.echo = far, to_far, to_near, echo
        self.happened: Counter[str] = Counter()
        self.noticed: Callable[[str], None] = lambda what: None
        self.forger, self.forged_from = forged, 8
        self._random = Random(seed)
        self._outward: deque[tuple[int, bytes]] = deque()
        self._inward: deque[tuple[int, bytes]] = deque()

    @property
    def plain(self) -> bool:
        """Whether nothing is wrong with it now."""
        far, near = self.to_far, self.to_near
        return not self.echo and (far is PERFECT or far == PERFECT) and (near is PERFECT or near == PERFECT)

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host sends."""
        if self.echo:
            self._note("echo")
            self._carry(data, self.to_near, self._inward, now_ms)
        self._carry(data, self.to_far, self._outward, now_ms)
        self._deliver(now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """What reaches the host by now."""
        self._deliver(now_ms)
        said = self.far.refresh(now_ms)
        if said:
            self._carry(said, self.to_near, self._inward, now_ms)
        return b"".join(_due(self._inward, now_ms))

    def deadline_ms(self) -> int | None:
        """When bytes arrive at either end, or the far side wakes."""
        times = [queue[0][0] for queue in (self._outward, self._inward) if queue]
        far_ms = self.far.deadline_ms()
        return min([*times, far_ms] if far_ms is not None else times, default=None)

    def set_weather(self, to_far: Faults, to_near: Faults, *, echo: bool = False, seed: int = 0) -> None:
        """New faults for both directions, with a chance of their own: what came before does not change them."""
        self.to_far, self.to_near, self.echo = to_far, to_near, echo
        self._random = Random(seed)

    def _deliver(self, now_ms: int) -> None:
        for piece in _due(self._outward, now_ms):
            self.far.feed(piece, now_ms)

    def _carry(self, data: bytes, faults: Faults, queue: deque[tuple[int, bytes]], now_ms: int) -> None:
        chunk = self._spoil(data, faults)
        due_ms = now_ms + faults.delay_ms
        if faults.jitter_ms:
            due_ms += self._random.randint(0, faults.jitter_ms)
        for what in ("delay", "jitter"):
            if chunk and getattr(faults, f"{what}_ms"):
                self._note(what)
        due_ms = max(due_ms, queue[-1][0] if queue else 0)
        if not faults.byte_ms:
            queue.append((due_ms, chunk))
            return
        if len(chunk) > 1:
            self._note("byte")
        queue.extend((due_ms + (i + 1) * faults.byte_ms, chunk[i : i + 1]) for i in range(len(chunk)))

    def _spoil(self, data: bytes, faults: Faults) -> bytes:
        chance = self._random
        if self._happens(faults.lose, "lose"):
            return b""
        if self._happens(faults.truncate, "truncate"):
            data = data[: chance.randrange(len(data))]
        if data and self._happens(faults.corrupt, "corrupt"):
            at = chance.randrange(len(data))
            data = data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]
        if len(data) >= self.forged_from and self._happens(faults.forge, "forge"):
            data = self.forger(data, chance)
        if self._happens(faults.duplicate, "duplicate"):
            data += data
        if self._happens(faults.garbage, "garbage"):
            data = chance.randbytes(chance.randint(1, 12)) + data
        return data

    def _happens(self, chance: float, what: str) -> bool:
        if chance and self._random.random() < chance:
            self._note(what)
            return True
        return False

    def _note(self, what: str) -> None:
        self.happened[what] += 1
        self.noticed(what)


def forged(data: bytes, chance: Random) -> bytes:
    """The same sum and other bytes: the marks of a frame and its length stay, so that it is still one."""
    places = [2, 3, *range(8, len(data))]
    change, one = 1 << chance.randrange(4), chance.choice(places)
    spoilt = bytearray(data)
    others = [place for place in places if place != one]
    if others and chance.random() < 0.5:
        other = chance.choice(others)
        spoilt[one], spoilt[other] = (spoilt[one] + change) % 256, (spoilt[other] - change) % 256
    else:
        spoilt[one], spoilt[7] = (spoilt[one] + change) % 256, (spoilt[7] + change) % 256
    return bytes(spoilt)


def _due(queue: deque[tuple[int, bytes]], now_ms: int) -> list[bytes]:
    pieces = []
    while queue and queue[0][0] <= now_ms:
        pieces.append(queue.popleft()[1])
    return pieces


class MemoryPort:
    """The near end, as drivers open it. Whoever drives the virtual clock calls ``advance`` before the driver's turn."""

    def __init__(self, far: FarSide, name: str = "memory:0") -> None:
        """A port called ``name`` with this far side behind it, plugged in."""
        self.far, self.name = far, name
        self.read_max = 4096
        self.write_max = 4096
        self.plugged = True
        self._is_open = False
        self._now_ms = 0
        self._inbound = bytearray()
        self._held = bytearray()

    def advance(self, now_ms: int) -> None:
        """Let time pass on the wire; what the far side says while nobody has the port open is lost."""
        self._now_ms = now_ms
        said = self.far.refresh(now_ms)
        if self._is_open and self.plugged:
            self._inbound += said

    def deadline_ms(self) -> int | None:
        """When something arrives; at once while bytes are unread or a hang-up is unnoticed."""
        if self._inbound or (self._is_open and not self.plugged):
            return self._now_ms
        return self.far.deadline_ms()

    def inject(self, data: bytes) -> None:
        """Bytes that nobody sent arrive now: noise, or a test's own words."""
        self._inbound += data

    def vanish(self) -> None:
        """Pull the plug."""
        self.plugged = False
        self._inbound.clear()

    def come_back(self, name: str | None = None) -> None:
        """Plug it in again, perhaps under another name."""
        self.plugged = True
        self.name = name or self.name

    @property
    def is_open(self) -> bool:
        """Whether the driver has it open."""
        return self._is_open

    def open(self) -> str:
        """Open it; returns its name of today. Raises ``PortGone``."""
        if not self.plugged:
            raise PortGone(f"port {self.name}: no such device")
        self._is_open = True
        self._inbound.clear()
        self._held.clear()
        return self.name

    def read(self) -> bytes:
        """Whatever has arrived, at most ``read_max`` bytes. Raises ``PortGone``."""
        self._check()
        data = bytes(self._inbound[: self.read_max])
        del self._inbound[: self.read_max]
        return data

    def write(self, data: bytes) -> int:
        """Send, at most ``write_max`` bytes a call. Raises ``PortGone``."""
        self._check()
        self._held += data
        return self.push()

    def push(self) -> int:
        """Go on sending what was held back. Raises ``PortGone``."""
        self._check()
        data = bytes(self._held[: self.write_max])
        del self._held[: self.write_max]
        if data:
            self.far.feed(data, self._now_ms)
        return len(self._held)

    def discard(self) -> None:
        """Forget what was held back. Raises ``PortGone``."""
        self._check()
        self._held.clear()

    def fileno(self) -> int | None:
        """None: there is no descriptor in memory."""
        return None

    def close(self) -> None:
        """Close it."""
        self._is_open = False
        self._inbound.clear()
        self._held.clear()

    def _check(self) -> None:
        if not self._is_open or not self.plugged:
            self._is_open = False
            raise PortGone(f"port {self.name}: gone")
