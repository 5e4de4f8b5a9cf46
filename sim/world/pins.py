"""Locks on the machine's own pins, in a world: pins and chips on the virtual clock, with the plug that can be pulled.

The cabinet is ``sim.gpio_cabinet``, in which the chips on the pins move the doors. Here are the three things that the
street has of a board on a line as well: a port (here the plug, and what becomes of the pins when the process dies), a
wire (here the noise on it: clocks that are missed, transfers that fail) and a unit (here the chips' supply). Kernels
are those that release the lines of a dead process. Must never know doors.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from random import Random

from drivers.gpio_board import GpioDriver
from drivers.gpio_kinds import gpio_boards
from drivers.i2c import I2c
from drivers.pins import Pins
from locker.coil import PULSE_MS_CAP
from locker.config import Config
from locker.config_gpio import GpioBoard, ShiftBoard
from sim.body import Body, Breach
from sim.gpio_cabinet import GpioCabinet
from sim.links import Faults

LONG_AGO_MS, FAR_MS = -(1 << 40), 1 << 60


class Watched:
    """The doors behind the cabinet; whoever listens hears of each look at the switches, and of each coil."""

    def __init__(self, behind: Body, ordered: Callable[[int, int], None], read: Callable[[int, int], None]) -> None:
        """``ordered`` is called with channel and moment before a coil comes on, ``read`` with moment and switches."""
        self._behind, self._ordered, self._read = behind, ordered, read
        self._looked_ms, self._closed = LONG_AGO_MS, 0
        self.after: Callable[[], None] = lambda: None
        self.elsewhere: Callable[[int, int], int] = lambda channel, now_ms: channel
        self.meant: Callable[[int, int], int] = lambda channel, now_ms: channel
        self.wakes: Callable[[int], bool] = lambda now_ms: False

    def _now(self, now_ms: int) -> int:
        """The pins stand still while no process turns; the doors may be further on."""
        return max(now_ms, self._behind.now_ms)

    def closed_contacts(self, now_ms: int) -> int:
        """The closed switches, which the machine is about to read. In one moment they are one thing, for every chip."""
        moment_ms = self._now(now_ms)
        if moment_ms != self._looked_ms:
            self._looked_ms, self._closed = moment_ms, self._behind.closed_contacts(moment_ms)
            self._read(moment_ms, self._closed)
        return self._closed

    def filled(self) -> int:
        """Where something lies."""
        return self._behind.filled()

    def energise(self, channel: int, pulse_ms: int, now_ms: int) -> None:
        """A coil comes on: the order and the coil are one moment, but a clock that was missed makes them two locks.

        What chips come back with when their supply is back in the middle of a pulse is nobody's order.
        """
        now_ms = self._now(now_ms)
        if self.wakes(now_ms):
            if channel < len(self._behind.compartments):
                self._behind.energise(channel, pulse_ms, now_ms)
            return
        self._ordered(self.meant(channel, now_ms), now_ms)
        self._behind.energise(self.elsewhere(channel, now_ms), pulse_ms, now_ms)
        self.after()

    def cut_power(self, now_ms: int) -> None:
        """Every coil is off."""
        self._behind.cut_power(self._now(now_ms))

    def advance(self, now_ms: int) -> None:
        """Let time pass."""
        self._behind.advance(self._now(now_ms))

    def deadline_ms(self) -> int | None:
        """When something happens by itself next."""
        return self._behind.deadline_ms()


class Lasting:
    """How long coils on pins really stay on: nothing there ends a pulse but what the program has asked for."""

    def __init__(self, cabinet: GpioCabinet, breaches: list[Breach]) -> None:
        """All off. ``breaches`` gets whatever lasts too long, at the moment at which it does."""
        self._cabinet, self._breaches = cabinet, breaches
        self._since_ms: dict[int, int] = {}

    def look(self, now_ms: int) -> None:
        """What has changed since the last look, and what is on still."""
        moved, self._cabinet.moved = self._cabinet.moved, []
        for ms, on in moved:
            self._judge(ms)
            kept = {channel: since_ms for channel, since_ms in self._since_ms.items() if on >> channel & 1}
            self._since_ms = {c: kept.get(c, ms) for c in range(on.bit_length()) if on >> c & 1}
        if self._since_ms:
            self._judge(now_ms)

    def _judge(self, now_ms: int) -> None:
        for channel, since_ms in self._since_ms.items():
            if now_ms - since_ms > PULSE_MS_CAP:
                self._since_ms[channel] = FAR_MS  # told once
                self._breaches.append(Breach(now_ms, channel, "too_long"))


class PinPort:
    """Where a process holds the pins. Pulled, the chips have no supply; a process that dies releases its lines."""

    def __init__(self, cabinet: GpioCabinet, plug: PinUnit, lasting: Lasting) -> None:
        """Plugged in, nobody there."""
        self._cabinet, self._plug, self._lasting = cabinet, plug, lasting
        self.is_open, self.plugged = False, True

    def open_pins(self, port: str) -> Pins:
        """The pins of a new process."""
        self.is_open = True
        return self._cabinet.open_pins(port)

    def advance(self, now_ms: int) -> None:
        """Let time pass."""
        self._cabinet.advance(now_ms)
        self._lasting.look(now_ms)

    def deadline_ms(self) -> int | None:
        """When something happens by itself next."""
        return self._cabinet.deadline_ms()

    def close(self) -> None:
        """The process is gone, and another one will come."""
        if self.is_open:
            self._cabinet.header.die()
            self._cabinet.header.restart()
        self.is_open = False

    def vanish(self) -> None:
        """Pull the plug."""
        self.plugged = False
        self._plug.plugged(False)

    def come_back(self, name: str = "") -> None:
        """Put it back."""
        self.plugged = True
        self._plug.plugged(True)


class PinUnit:
    """The chips' supply, and a lock that goes astray (a swapped wire behind the chips)."""

    def __init__(self, cabinet: GpioCabinet, channels: int) -> None:
        """All well."""
        self._cabinet, self.locks = cabinet, channels
        self.astray: deque[int] = deque()
        self.strayed_ms = LONG_AGO_MS
        self.mute_replies = self.late_reply_ms = 0
        self.powered, self._in, self._wakes = True, True, False

    def power(self, on: bool, now_ms: int) -> None:
        """Take the supply away, or give it back."""
        self.powered = on
        self._supply()

    def plugged(self, plugged: bool) -> None:
        """The plug that brings it."""
        self._in = plugged
        self._supply()

    def _supply(self) -> None:
        self._wakes = True
        self._cabinet.power(self.powered and self._in)
        self._wakes = False

    def wakes(self, now_ms: int) -> bool:
        """Whether the chips' supply is just back: a coil that comes on now went astray."""
        if self._wakes:
            self.strayed_ms = now_ms
        return self._wakes

    def reboot(self, now_ms: int, down_ms: int = 300) -> None:
        """A dip of the supply: the chips have forgotten everything."""
        self.power(False, now_ms)
        self.power(True, now_ms)

    def meant(self, channel: int, now_ms: int) -> int:
        """The lock that the pins chose; another one only where bits do not come back, and a clock was missed."""
        board = self._cabinet.board
        if not isinstance(board, ShiftBoard) or board.out_return_pin is not None:
            return channel
        word = self._cabinet.outs.meant
        if word >> channel & 1 or word.bit_count() != 1:
            return channel
        self.strayed_ms = now_ms
        return word.bit_length() - 1

    def elsewhere(self, channel: int, now_ms: int) -> int:
        """The lock that is wired where this one should be."""
        if not self.astray:
            return channel
        self.strayed_ms = now_ms
        return (channel + self.astray.popleft()) % self.locks


class PinNoise:
    """What a bad wire between the pins and the chips does, a chance for each look at the switches or transfer."""

    def __init__(self, cabinet: GpioCabinet) -> None:
        """No noise."""
        self._cabinet = cabinet
        self.happened: Counter[str] = Counter()
        self.noticed: Callable[[str], None] = lambda what: None
        self._random, self._chance = Random(0), 0.0

    def set_weather(self, to_far: Faults, to_near: Faults, *, echo: bool = False, seed: int = 0) -> None:
        """Whatever loses or spoils a frame on a line makes a chip miss a clock or an answer here."""
        self._random = Random(seed)
        self._chance = min(0.5, to_far.lose + to_far.corrupt + to_near.lose + to_near.corrupt + to_near.truncate)

    @property
    def plain(self) -> bool:
        """Whether nothing is wrong with it now."""
        return not self._chance

    def looked(self) -> None:
        """The inputs were just loaded: perhaps a clock will be missed, on the way in or out."""
        if isinstance(self._cabinet.board, ShiftBoard) and self._strikes():
            chain = self._random.choice((self._cabinet.ins, self._cabinet.ins, self._cabinet.outs))
            chain.misses = self._random.randint(1, chain.width)

    def transfer(self) -> None:
        """Before each transfer on the bus. Raises ``OSError``."""
        if self._strikes():
            raise OSError(121, "Remote I/O error")

    def _strikes(self) -> bool:
        if not self._chance or self._random.random() >= self._chance:
            return False
        self.happened["lose"] += 1
        self.noticed("lose")
        return True


class NoisyBus:
    """An I2C bus on which transfers fail."""

    def __init__(self, bus: I2c, noise: PinNoise) -> None:
        """As good as its noise."""
        self._bus, self._noise = bus, noise

    def open(self) -> None:
        """Take it."""
        self._bus.open()

    def close(self) -> None:
        """Let go of it."""
        self._bus.close()

    def write(self, address: int, register: int, data: bytes) -> None:
        """One transfer. Raises ``OSError``."""
        self._noise.transfer()
        self._bus.write(address, register, data)

    def read(self, address: int, register: int, count: int) -> bytes:
        """One transfer. Raises ``OSError``."""
        self._noise.transfer()
        return self._bus.read(address, register, count)


class PinBoard:
    """The three of one board, and the driver for a new process."""

    def __init__(
        self,
        board: GpioBoard,
        behind: Body,
        channels: int,
        ordered: Callable[[int, int], None],
        read: Callable[[int, int], None],
    ) -> None:
        """Wired as the configuration says."""
        self.watched = Watched(behind, ordered, self._read(read))
        cabinet = GpioCabinet(board, behind=self.watched)
        cabinet.header.traces = False
        self.unit, self.noise = PinUnit(cabinet, channels), PinNoise(cabinet)
        self.port = PinPort(cabinet, self.unit, Lasting(cabinet, behind.breaches))
        self.watched.elsewhere, self.watched.meant = self.unit.elsewhere, self.unit.meant
        self.watched.wakes = self.unit.wakes
        self._cabinet = cabinet

    def _read(self, read: Callable[[int, int], None]) -> Callable[[int, int], None]:
        def looked(now_ms: int, closed: int) -> None:
            read(now_ms, closed)
            self.noise.looked()

        return looked

    def drivers(self, cfg: Config) -> list[GpioDriver]:
        """What a new process makes of the configuration."""
        return gpio_boards(cfg, self.port.open_pins, lambda port: NoisyBus(self._cabinet.bus, self.noise))
