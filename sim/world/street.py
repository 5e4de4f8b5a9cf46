"""The street: doors, coils, lock boards, the scanner, the wires between them and the machine, and what hands can do.

All far sides are those of the demo (``sim.body``, ``sim.kerong_cu24``, ``sim.gm65``, ``sim.links``). What is added here
is the witness: which unlock order left the machine, which coil was energised and on whose account, which leaf swung,
and which readings of the doors reached the machine. Times are world time. Must never look into the program.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from locker.config_gpio import GpioBoard
from sim.body import Body
from sim.gm65 import Gm65
from sim.kerong_cu24 import KerongBoard
from sim.links import FaultyWire, MemoryPort
from sim.world.lock_boards import PINS, Unit, configured, unit_of, words_of
from sim.world.pins import PinBoard, PinNoise, PinPort, PinUnit
from sim.world.plan import Site
from sim.world.site import wires
from sim.world.wire_words import Words

ORDER_MS_MAX = 5000
"""How long an order may be on a bad wire before it cannot be the cause of a pulse any more."""
FORGED_MS_MAX = 260_000
"""How long a forged frame may take to put a coil on: it may have become a delayed unlock, of 255 s at the most."""
READINGS_KEPT = 12
LONG_AGO_MS = -(1 << 40)
ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Order:
    """An unlock order that left the machine for a door (0 for a channel that has none)."""

    ms: int
    door: int
    board: int
    channel: int


@dataclass(frozen=True, slots=True)
class Energised:
    """A coil that was put on; ``ordered`` False when no order that left the machine was for it.

    ``excuse`` then names the fault that is known to have done it, "astray" or "forged"; empty when there is none.
    """

    ms: int
    door: int
    board: int
    pulse_ms: int
    ordered: bool
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class Swing:
    """A leaf that moved; ``by`` is "coil", "hand", "force" or "press"."""

    ms: int
    door: int
    open: bool
    by: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a status reply that reached the machine said: one bit a channel, 1 for open; ``known`` are those told of."""

    ms: int
    open_mask: int
    known: int = ALL


class Witness:
    """What the street tells to whoever looks on; each is called at the moment it happens."""

    def __init__(self) -> None:
        """Nobody looks on yet."""
        self.ordered: Callable[[Order], None] = lambda order: None
        self.energised: Callable[[Energised], None] = lambda coil: None
        self.after_order: Callable[[], None] = lambda: None


class Leaves(Body):
    """The body with a witness for each move of a leaf."""

    def __init__(self, channels: int, seed: int, cooldown_ms: int) -> None:
        """All shut."""
        self.moves: list[tuple[int, int, bool]] = []
        self.coil_on: Callable[[int, int, int], None] = lambda channel, pulse_ms, now_ms: None
        super().__init__(channels, seed, cooldown_ms=cooldown_ms)

    def energise(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        """Put a coil on, and say so before."""
        self.coil_on(channel, pulse_ms, now_ms)
        super().energise(channel, pulse_ms, now_ms)

    def _moved(self, channel: int, at_ms: int) -> None:
        super()._moved(channel, at_ms)
        self.moves.append((at_ms, channel, not self.compartments[channel].shut))


class Board(KerongBoard):
    """A KR-CU24 or KR-CU12 that can be told to take the wrong lock."""

    def __init__(self, body: Body, kind: str, closed_bit: int) -> None:
        """As after power-on."""
        super().__init__(body, kind=kind)
        self.closed_bit = closed_bit
        self.astray: deque[int] = deque()
        self.strayed_ms = LONG_AGO_MS
        self.forgets_at_reboot = True

    def _unlock(self, lock: int, now_ms: int) -> int:
        if self.astray and lock < self.locks:
            lock = (lock + self.astray.popleft()) % self.locks
            self.strayed_ms = now_ms
        return super()._unlock(lock, now_ms)


class HostTap:
    """Between the machine's port and the wire: sees what leaves and what arrives, and changes nothing."""

    def __init__(self, far: FaultyWire, words: Words, closed_bit: int, ordered: Callable[[int, int], None]) -> None:
        """``ordered`` is called with channel and moment before the bytes go on."""
        self._far, self._words, self._ordered = far, words, ordered
        self._inverted = closed_bit == 1
        self._buffer = bytearray()
        self.readings: deque[Reading] = deque(maxlen=READINGS_KEPT)
        self.after: Callable[[], None] = lambda: None
        self._forged, self._forged_ms = 0, LONG_AGO_MS

    def forged(self, ms: int) -> bool:
        """Whether a frame was changed with its sum intact just now, or so lately that it may still have its effect."""
        return self._far.happened["forge"] != self._forged or ms - self._forged_ms <= FORGED_MS_MAX

    def feed(self, data: bytes, now_ms: int) -> None:
        """The machine writes one frame."""
        channel = self._words.order(data)
        if channel is not None:
            self._ordered(channel, now_ms)
        self._forged = self._far.happened["forge"]
        self._far.feed(data, now_ms)
        if self._far.happened["forge"] != self._forged:
            self._forged, self._forged_ms = self._far.happened["forge"], now_ms
        if channel is not None:
            self.after()

    def refresh(self, now_ms: int) -> bytes:
        """What the machine is about to read."""
        data = self._far.refresh(now_ms)
        if data:
            self._buffer += data
            for closed, known in self._words.states(self._buffer):
                self.readings.append(Reading(now_ms, (closed ^ known if self._inverted else closed) & known, known))
        return data

    def deadline_ms(self) -> int | None:
        """The wire's."""
        return self._far.deadline_ms()


class PinTap:
    """The same of a board on pins, where an order and its coil are one moment, and a look at the switches a reading."""

    def __init__(self, ordered: Callable[[int, int], None]) -> None:
        """``ordered`` is called with channel and moment before the coil is on."""
        self._ordered = ordered
        self.readings: deque[Reading] = deque(maxlen=READINGS_KEPT)
        self.after: Callable[[], None] = lambda: None

    def forged(self, ms: int) -> bool:
        """Never: there are no frames."""
        return False

    def fired(self, channel: int, now_ms: int) -> None:
        """A coil is about to be on."""
        self._ordered(channel, now_ms)

    def read(self, now_ms: int, closed: int) -> None:
        """The machine reads the switches."""
        self.readings.append(Reading(now_ms, ~closed & ALL))


AnyBoard = Board | Unit | PinUnit


class Street:
    """Everything outside the machine that has a place. ``clock`` gives world time."""

    def __init__(self, site: Site, seed: int, clock: Callable[[], int]) -> None:
        """All doors shut, every device plugged in and in order."""
        self.clock, self.places, self.witness = clock, wires(site), Witness()
        self.doors = list(self.places)
        each = site.doors // site.boards
        self._labels = {place: door for door, place in self.places.items()}
        self.bodies = [Leaves(each, seed + number, site.cooldown_ms) for number in range(site.boards)]
        for number, body in enumerate(self.bodies):
            body.coil_on = self._energised(number)
        self.boards: list[AnyBoard] = []
        self.wires: list[FaultyWire | PinNoise] = []
        self.taps: list[HostTap | PinTap] = []
        self.ports: list[MemoryPort | PinPort] = []
        self.lines: dict[str, MemoryPort] = {}
        self.pins: PinBoard | None = None
        (self._on_pins if site.board in PINS else self._on_lines)(site)
        self.scanner = Gm65()
        self.scanner_wire = FaultyWire(self.scanner)
        self.scanner_port = MemoryPort(self.scanner_wire, "/dev/ttyUSB9")
        self._expected: list[deque[tuple[int, int]]] = [deque() for _ in self.boards]
        self._by: dict[int, str] = {}
        for tap in self.taps:
            tap.after = self._after
        if self.pins is not None:
            self.pins.watched.after = self._after

    def _on_lines(self, site: Site) -> None:
        """A wire and a port a body."""
        for number, body in enumerate(self.bodies):
            kind = "kr-cu24" if site.boards == 1 else "kr-cu12"
            board = Board(body, kind, site.closed_bit) if site.board == "cu24" else unit_of(site, body)
            words, wire = words_of(site), FaultyWire(board)
            wire.forger, wire.forged_from = words.forged, words.forged_from
            tap = HostTap(wire, words, site.closed_bit, self._ordered(number))
            self.boards.append(board)
            self.wires.append(wire)
            self.taps.append(tap)
            port = MemoryPort(tap, f"/dev/ttyUSB{number}")
            self.ports.append(port)
            self.lines[configured(site, number)[0].port] = port

    def _on_pins(self, site: Site) -> None:
        """Chips on the machine's pins."""
        board, tap = configured(site, 0)[0], PinTap(self._ordered(0))
        assert isinstance(board, GpioBoard)
        self.pins = PinBoard(board, self.bodies[0], site.doors, tap.fired, tap.read)
        self.boards, self.wires, self.taps = [self.pins.unit], [self.pins.noise], [tap]
        self.ports = [self.pins.port]

    # --- what is seen -----------------------------------------------------------------------------

    def _after(self) -> None:
        self.witness.after_order()

    def _ordered(self, board: int) -> Callable[[int, int], None]:
        def ordered(channel: int, ms: int) -> None:
            self._expected[board].append((channel, ms))
            self.witness.ordered(Order(ms, self._labels.get((board, channel), 0), board, channel))

        return ordered

    def _energised(self, board: int) -> Callable[[int, int, int], None]:
        def energised(channel: int, pulse_ms: int, ms: int) -> None:
            expected = self._expected[board]
            while expected and expected[0][1] < ms - ORDER_MS_MAX:
                expected.popleft()
            found = next((entry for entry in expected if entry[0] == channel), None)
            if found is not None:
                expected.remove(found)
            door = self._labels.get((board, channel), 0)
            self._by[door] = "coil"
            self.witness.energised(Energised(ms, door, board, pulse_ms, *self._account(board, ms, found)))

        return energised

    def _account(self, board: int, ms: int, found: tuple[int, int] | None) -> tuple[bool, str]:
        """Whether an order was for it, and if not, which fault within the last seconds did it."""
        if found is not None:
            return True, ""
        if self.boards[board].strayed_ms == ms:
            return False, "astray"
        return False, "forged" if self.taps[board].forged(ms) else ""

    def swings(self) -> list[Swing]:
        """Every move of a leaf since the last call, oldest first."""
        found = []
        for number, body in enumerate(self.bodies):
            body.advance(max(body.now_ms, self.clock()))
            for ms, channel, is_open in body.moves:
                door = self._labels[number, channel]
                found.append(Swing(ms, door, is_open, self._by.get(door, "coil") if is_open else "hand"))
            body.moves.clear()
        return sorted(found, key=lambda swing: (swing.ms, swing.door))

    def reads_open(self, door: int, since_ms: int) -> list[bool]:
        """What the replies that reached the machine since then said of this door, oldest first."""
        board, channel = self.places[door]
        found = (r for r in self.taps[board].readings if r.ms >= since_ms and r.known >> channel & 1)
        return [bool(r.open_mask >> channel & 1) for r in found]

    def in_sight(self, door: int) -> bool:
        """Whether nothing is wrong between this leaf and the machine: its switch, its board, the plug and the wire."""
        board, channel = self.places[door]
        box, wire = self.bodies[board].compartments[channel], self.wires[board]
        well = box.sensor is None and not box.flickers and not box.chatters
        return well and wire.plain and self.boards[board].powered and self.ports[board].plugged

    def settled(self) -> bool:
        """Whether every leaf is shut and still, and nothing is wrong between any of them and the machine."""
        still = all(body.deadline_ms() is None for body in self.bodies)
        return still and all(self.in_sight(door) and not self.is_open(door) for door in self.doors)

    # --- what hands do ----------------------------------------------------------------------------

    def _at(self, door: int) -> tuple[Leaves, int]:
        board, channel = self.places[door]
        return self.bodies[board], channel

    def is_open(self, door: int) -> bool:
        """Whether the leaf stands open."""
        body, channel = self._at(door)
        body.advance(max(body.now_ms, self.clock()))
        return not body.compartments[channel].shut

    def stands(self, door: int) -> tuple[bool, int]:
        """Whether the leaf stands open, and since when, in milliseconds."""
        body, channel = self._at(door)
        return self.is_open(door), body.compartments[channel].moved_ms

    def papers(self, door: int) -> list[str]:
        """What lies inside, for whoever may see through doors."""
        body, channel = self._at(door)
        return body.compartments[channel].papers

    def shut(self, door: int) -> bool:
        """Push a door shut; False while its coil is on."""
        body, channel = self._at(door)
        return body.shut(channel, self.clock())

    def put(self, door: int, what: str) -> bool:
        """Lay papers in; False when it is shut."""
        body, channel = self._at(door)
        return body.put_papers(channel, what, self.clock())

    def take(self, door: int) -> list[str]:
        """Take everything out; nothing when it is shut."""
        body, channel = self._at(door)
        return body.take_papers(channel, self.clock()) or []

    def relabel(self, door: int, wrong: str, right: str) -> None:
        """It turns out whose an envelope is that lies inside; nobody touches it."""
        papers = self.papers(door)
        papers[:] = [right if what == wrong else what for what in papers]

    def press(self, door: int, on: bool) -> None:
        """Lean on a door, or let go of it."""
        body, channel = self._at(door)
        self._by[door] = "press" if on else self._by.get(door, "press")
        (body.press if on else body.let_go)(channel, self.clock())

    def force(self, door: int) -> None:
        """Pry it open."""
        body, channel = self._at(door)
        self._by[door] = "force"
        body.force(channel, self.clock())
