"""A cabinet whose wiring is drawn at random: any polarity, order, address, rate and place of each door.

What is drawn is held to be soldered: the far sides are built from it, and ``boards`` and ``doors`` are the truth in the
configuration's own words, for whoever wants to compare. A channel without a door has no lock, and its input reads like
an open switch. Knows far sides and the configuration's structs; must never know how a wiring is found out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random

import msgspec

from locker.commission.steps import Place
from locker.config import Board, Config
from locker.config_gpio import GpioBoard, McpBoard, PinsBoard, ShiftBoard
from locker.config_serial import EightABoard, EletechsupBoard, WaveshareBoard
from sim.board_8a80 import EightBoard
from sim.body import Body
from sim.gm65 import Gm65
from sim.gpio_cabinet import GpioCabinet
from sim.kerong_cu16 import TIME, Cu16Board
from sim.kerong_cu24 import KerongBoard
from sim.kerong_cu48 import Cu48Board
from sim.line_scanner import LineScanner
from sim.links import FarSide
from sim.modbus_boards import InputUnit, ModbusCabinet, RelayUnit
from sim.rs485 import Rs485

FAMILIES = ("cu16", "cu24", "cu48", "8a", "modbus", "shift", "mcp", "pins")
PORT_NAME = "/dev/serial/by-path/sim-usb-0:1.{}:1.0-port0"
RATES = (9600, 19_200, 57_600, 115_200)
FORTH = range(2, 28)
_INPUTS = 32


class SensingCabinet(GpioCabinet):
    """A cabinet on pins with sensors in some of its compartments."""

    sensing = 0

    def _sensors(self) -> int:
        return super()._sensors() & self.sensing


@dataclass
class Drawn:
    """One cabinet as it really is. ``channels``: the body's channel of each place with a door.

    ``wires``: what is behind each port, and its rate; ``echoes``: ports whose adapter hears itself.
    """

    family: str
    seed: int
    boards: list[Board]
    doors: dict[int, Place]
    senses: set[int]
    body: Body
    channels: dict[Place, int]
    wires: dict[str, tuple[FarSide, int]] = field(default_factory=dict)
    echoes: set[str] = field(default_factory=set)
    cabinet: SensingCabinet | None = None
    scanner: Gm65 | LineScanner = field(default_factory=Gm65)
    scanner_kind: str = "gm65"
    scanner_port: str = ""
    scanner_baud: int = 9600

    @property
    def ports(self) -> tuple[str, ...]:
        """Every serial port that there is, in the order of its name."""
        return tuple(sorted(self.wires))

    @property
    def pulses(self) -> list[tuple[str, int]]:
        """Every pulse that a coil got: its board and channel, or "?" where no door is, in order."""
        names = {channel: place for place, channel in self.channels.items()}
        return [tuple(names.get(seen.channel, ("?", seen.channel))) for seen in self.body.pulses]  # type: ignore[misc]


def draw(family: str, seed: int) -> Drawn:
    """A cabinet of one family. The same seed draws the same cabinet."""
    chance = Random(f"{family} {seed}")
    makers = {
        "cu16": _cu16,
        "pins": _pins,
        "cu24": _cu24,
        "cu48": _cu48,
        "8a": _eight,
        "modbus": _modbus,
        "shift": _pins,
        "mcp": _pins,
    }
    drawn = makers[family](family, seed, chance)
    _draw_scanner(drawn, chance)
    return drawn


def _draw_scanner(drawn: Drawn, chance: Random) -> None:
    """A scanner on a port of its own, and one port with nobody behind it."""
    free = [name for n in (1, 2, 3) if (name := PORT_NAME.format(n)) not in drawn.wires]
    chance.shuffle(free)
    drawn.scanner_port = free[0]
    drawn.scanner_baud = chance.choice(RATES)
    drawn.scanner_kind = chance.choice(("gm65", "gm65", "line"))
    drawn.scanner = Gm65() if drawn.scanner_kind == "gm65" else LineScanner()
    drawn.wires[free[0]] = (drawn.scanner, drawn.scanner_baud)
    drawn.wires[free[1]] = (Rs485([]), 9600)


def _doors(chance: Random, boards: list[tuple[str, int, int]]) -> dict[int, Place]:
    """So many doors on each board (name, channels, doors), their numbers in any order."""
    places = [Place(name, channel) for name, size, count in boards for channel in chance.sample(range(size), count)]
    chance.shuffle(places)
    return dict(enumerate(places, 1))


def _bare(body: Body, channels: dict[Place, int]) -> None:
    """Channels without a door: no lock, and an input that reads like an open switch."""
    for channel in set(range(len(body.compartments))) - set(channels.values()):
        body.jam(channel)
        body.stick_sensor(channel, closed=False)


def _behind(boards: list[FarSide], chance: Random, drawn: Drawn, echo: bool) -> Drawn:
    """Put these on a wire behind the boards' port."""
    first = drawn.boards[0]
    drawn.wires[first.port] = (Rs485(boards), first.baud)
    drawn.echoes |= {first.port} if echo else set()
    _bare(drawn.body, drawn.channels)
    return drawn


def _common(chance: Random) -> dict[str, object]:
    """A port and a rate for all boards of a bus, and an adapter that echoes or not."""
    return {
        "port": PORT_NAME.format(chance.choice((1, 2, 3))),
        "baud": chance.choice(RATES),
        "local_echo": chance.random() < 0.3,
    }


def _cu16(family: str, seed: int, chance: Random) -> Drawn:
    """Sixteen doors and eight, polarity of each board by itself, sensors inside some."""
    addresses = sorted(chance.sample(range(15), 2))
    common, names, timed = _common(chance), ("main", "second"), chance.random() < 0.5
    boards = [
        Board(kind="kr-cu16", name=n, address=a, closed_bit=chance.choice((0, 1)), pulse_command=timed, **common)  # type: ignore[arg-type]
        for n, a in zip(names, addresses, strict=True)
    ]
    counts = chance.choice(((16, 8), (8, 16), (12, 12)))
    doors = _doors(chance, [(name, 16, count) for name, count in zip(names, counts, strict=True)])
    body = Body(32, seed)
    senses = {door for door in doors if chance.random() < 0.4}
    channels = {place: place.channel + 16 * names.index(place.board) for place in doors.values()}
    drawn = Drawn(family, seed, boards, doors, senses, body, channels)
    far: list[FarSide] = []
    for index, board in enumerate(boards):
        unit = Cu16Board(body, board.address, range(16 * index, 16 * index + 16))
        unit.closed_bit = board.closed_bit
        unit.commands -= set() if timed else {TIME}
        blind = {p.channel for d, p in doors.items() if p.board == board.name and d not in senses}
        unit.stuck = dict.fromkeys(blind, False)
        far.append(unit)
    return _behind(far, chance, drawn, bool(common["local_echo"]))


def _cu24(family: str, seed: int, chance: Random) -> Drawn:
    common, count = _common(chance), chance.randint(18, 24)
    board = Board(kind="kr-cu24", address=chance.randrange(16), closed_bit=chance.choice((0, 1)), **common)  # type: ignore[arg-type]
    drawn = _one(family, seed, chance, board, 24, count)
    far = KerongBoard(drawn.body, address=board.address)
    far.closed_bit, far.version = board.closed_bit, bytes((chance.randrange(32), chance.randrange(32)))
    return _behind([far], chance, drawn, board.local_echo)


def _cu48(family: str, seed: int, chance: Random) -> Drawn:
    kind = chance.choice(("kr-cu48", "kr-cu48b"))
    common = _common(chance)
    board = Board(kind=kind, address=chance.randrange(10), closed_bit=chance.choice((0, 1)), **common)  # type: ignore[arg-type]
    drawn = _one(family, seed, chance, board, 48, 24)
    far = Cu48Board(drawn.body, board.address, kind=kind)
    far.closed_bit = board.closed_bit
    return _behind([far], chance, drawn, board.local_echo)


def _eight(family: str, seed: int, chance: Random) -> Drawn:
    """Either wiring, either byte order, any number of locks, with or without frames that nobody asked for."""
    locks = chance.choice((24, 24, 32, 50))
    board = EightABoard(
        address=chance.randint(1, 31),
        closed_bit=chance.choice((0, 1)),
        channels=locks,
        byte_order=chance.choice(("high_first", "low_first")),
        **_common(chance),  # type: ignore[arg-type]
    )
    drawn = _one(family, seed, chance, board, locks, 24)
    far = EightBoard(drawn.body, board.address, locks=locks)
    far.closed_bit, far.byte_order = board.closed_bit, board.byte_order
    far.knows_one = chance.random() < 0.7
    far.unlock_exchange_ms = chance.choice((200, 1000))
    push = chance.choice((None, 0x81, 0x82))
    if push is not None:
        far.talk(push, 0)
    return _behind([far], chance, drawn, board.local_echo)


def _one(family: str, seed: int, chance: Random, board: Board, locks: int, count: int) -> Drawn:
    """One board with so many doors, the body's channels being its own."""
    doors = _doors(chance, [(board.name, locks, count)])
    channels = {place: place.channel for place in doors.values()}
    return Drawn(family, seed, [board], doors, set(), Body(locks, seed), channels)


def _modbus(family: str, seed: int, chance: Random) -> Drawn:
    """Relays of either make with inputs on the same unit or another one, from any input on, in either order."""
    make = chance.choice(("waveshare", "waveshare", "eletechsup", "eletechsup", "waveshare-d"))
    relays = 8 if make == "waveshare-d" else 32
    address, other = chance.sample(range(1, 17), 2)
    first = 0 if relays < _INPUTS else chance.randint(0, 8)
    inputs = "discrete" if make == "waveshare-d" else chance.choice(("discrete", "holding"))
    swapped = inputs == "holding" and chance.random() < 0.5
    keys = _common(chance) | {
        "address": address,
        "input_address": address if make == "waveshare-d" else other,
        "inputs": inputs,
        "input_first": first,
        "word_order": "high_first" if swapped else "low_first",
        "channels": min(relays, _INPUTS - first),
        "closed_bit": chance.choice((0, 1)),
    }
    base = chance.choice((0, 1))
    board: Board = WaveshareBoard(**keys)  # type: ignore[arg-type]
    if make == "eletechsup":
        board = EletechsupBoard(**keys, pulse_ms=1000, channel_base=base)  # type: ignore[arg-type]
    reach = keys["channels"]
    assert isinstance(reach, int)
    drawn = _one(family, seed, chance, board, reach, min(24, relays))
    drawn.body = Body(relays + first, seed)
    relay = RelayUnit(drawn.body, address, range(relays), relays, "eletechsup" if make == "eletechsup" else "waveshare")
    relay.base = base if make == "eletechsup" else 0
    wires = [*range(relays, relays + first), *range(min(relays, _INPUTS - first))]
    unit = InputUnit(drawn.body, board.input_address, wires, min(relays, _INPUTS), inputs)  # type: ignore[attr-defined, arg-type]
    unit.closed_bit, unit.high_first = board.closed_bit, swapped
    far: list[FarSide] = [ModbusCabinet(relay, unit)] if make == "waveshare-d" else [relay, unit]
    return _behind(far, chance, drawn, board.local_echo)


def _pins(family: str, seed: int, chance: Random) -> Drawn:
    """Chips on any pins or addresses, as many as there may be, sensors inside some compartments or none."""
    board = {"shift": _shift, "mcp": _mcp, "pins": _single}[family](chance)
    doors = _doors(chance, [(board.name, board.channels, min(24, board.channels))])
    cabinet = SensingCabinet(board, seed)
    cabinet.header.traces = False
    senses = {door for door, place in doors.items() if place.channel < board.senses and chance.random() < 0.6}
    cabinet.sensing = sum(1 << doors[door].channel for door in senses)
    channels = {place: place.channel for place in doors.values()}
    _bare(cabinet.body, channels)
    return Drawn(family, seed, [board], doors, senses, cabinet.body, channels, cabinet=cabinet)


def _shift(chance: Random) -> GpioBoard:
    pins = chance.sample(FORTH, 8)
    names = ("enable", "out_data", "out_clock", "out_latch", "in_load", "in_clock", "in_data", "out_return")
    keys: dict[str, int | None] = {f"{name}_pin": pin for name, pin in zip(names, pins, strict=True)}
    outs = chance.choice((3, 4))
    if chance.random() < 0.4:
        keys["out_return_pin"], outs = None, 3
    return ShiftBoard(
        port="/dev/gpiochip0",
        closed_bit=chance.choice((0, 1)),
        out_chips=outs,
        in_chips=3,
        item_chips=chance.choice((0, 1, 3)),
        **keys,  # type: ignore[arg-type]
    )


def _mcp(chance: Random) -> GpioBoard:
    chips = chance.sample(range(0x20, 0x28), 4 + chance.choice((0, 1, 2)))
    return McpBoard(
        port="/dev/i2c-1",
        closed_bit=chance.choice((0, 1)),
        enable_pin=chance.choice(FORTH),
        enable_level=chance.choice((0, 1)),
        lock_level=chance.choice((0, 1)),
        out_addresses=chips[:2],
        in_addresses=chips[2:4],
        item_addresses=chips[4:],
    )


def _single(chance: Random) -> GpioBoard:
    """A small cabinet: a pin for each lock and each switch, sensors in some."""
    count = chance.randint(3, 8)
    pins = chance.sample(FORTH, 3 * count)
    return PinsBoard(
        port="/dev/gpiochip0",
        closed_bit=chance.choice((0, 1)),
        lock_level=chance.choice((0, 1)),
        lock_pins=pins[:count],
        door_pins=pins[count : 2 * count],
        item_pins=pins[2 * count : 2 * count + chance.randint(0, count)],
    )


_NOT_WIRING = frozenset(
    ("pulse_ms", "reply_ms", "unlock_reply_ms", "poll_ms", "idle_poll_ms", "silent_after", "retry_port_ms")
)


def wiring(board: Board) -> dict[str, object]:
    """What of a board's table is soldered, and not chosen."""
    return {key: value for key, value in msgspec.to_builtins(board).items() if key not in _NOT_WIRING}


def differences(drawn: Drawn, config: Config) -> list[str]:
    """Where a configuration does not say what was drawn; nothing, where it does."""
    found = [
        f"board: {w} instead of {t}"
        for w, t in zip_longest(map(wiring, config.boards), map(wiring, drawn.boards))
        if w != t
    ]
    doors = {door.door: Place(door.board, door.channel) for door in config.doors}
    found += [
        f"door {n}: {doors.get(n)} instead of {place}" for n, place in drawn.doors.items() if doors.get(n) != place
    ]
    found += [f"door {n}: no such door" for n in doors.keys() - drawn.doors.keys()]
    senses = {door.door for door in config.doors if door.occupancy}
    found += [f"door {n}: its sensor" for n in sorted(senses ^ drawn.senses)]
    scanner = config.scanner
    if (scanner.kind, scanner.port, scanner.baud) != (drawn.scanner_kind, drawn.scanner_port, drawn.scanner_baud):
        found.append(f"scanner: {scanner.kind} at {scanner.port}, {scanner.baud}")
    return found
