"""The far sides of Modbus boards: units of relays with locks on them, units of inputs with door switches.

Written from hardware facts, 3 to 3.3; knows nothing of the driver. ``RelayUnit`` is a Waveshare or an Eletechsup with
all that its paper has, also what nobody should send to locks; ``InputUnit`` is asked for discrete inputs or registers;
``ModbusCabinet`` is both on one pair of wires, as one lock board, and may be one unit (Waveshare (D)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sim.body import Body
from sim.kerong_cu24 import Received
from sim.lock_board import LockBoard

COILS, INPUTS, REGISTERS, COIL, REGISTER, MANY_COILS, MANY_REGISTERS = 0x01, 0x02, 0x03, 0x05, 0x06, 0x0F, 0x10
BAD_FUNCTION, BAD_ADDRESS, BAD_VALUE = 1, 2, 3
ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500
FOR_EVER_MS = 3_600_000
VERSION = 0x8000
"""Where a Waveshare keeps its version, in hundredths."""
Profile = Literal["waveshare", "eletechsup"]


def crc(data: bytes) -> bytes:
    """CRC16/Modbus, bit by bit, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return bytes((value & 0xFF, value >> 8))


class ModbusUnit(LockBoard):
    """One unit on the bus: what all of them have."""

    def _next_frame(self) -> bytes:
        """Requests to other units are heard as well; replies of other units are not (see ``sim.rs485``)."""
        while len(self._buffer) >= 8:
            many = self._buffer[1] in (MANY_COILS, MANY_REGISTERS)
            length = 9 + self._buffer[6] if many else 8
            if len(self._buffer) < length:
                return b""
            frame = bytes(self._buffer[:length])
            if crc(frame[:-2]) == frame[-2:]:
                del self._buffer[:length]
                return frame
            self.bad_sums += frame[0] == self.address
            del self._buffer[:1]
        return b""

    def _obey(self, frame: bytes, now_ms: int) -> None:
        unit, function = frame[:2]
        if unit not in (self.address, 0):
            return
        address, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        answer = self._answer(function, address, value, frame[7:-2], now_ms)
        if unit == 0:
            return
        body = bytes((self.address, function | 0x80, answer)) if isinstance(answer, int) else answer
        self._send(body + crc(body), now_ms, self.exchange_ms)

    def _answer(self, function: int, address: int, value: int, data: bytes, now_ms: int) -> bytes | int:
        """Carry out a request: the reply without its CRC, or the code of a refusal."""
        raise NotImplementedError

    def _bits(self, function: int, mask: int, first: int, count: int, size: int) -> bytes | int:
        """A reply with so many bits of a mask, or a refusal when there are not as many."""
        if not 1 <= count <= 2000:
            return BAD_VALUE
        if first < 0 or first + count > size:
            return BAD_ADDRESS
        length = -(-count // 8)
        bits = mask >> first & ((1 << count) - 1)
        return bytes((self.address, function, length)) + bits.to_bytes(length, "little")

    def _words(self, words: Sequence[int]) -> bytes:
        data = b"".join(word.to_bytes(2, "big") for word in words)
        return bytes((self.address, REGISTERS, len(data))) + data

    def _repeat(self, function: int, address: int, value: int) -> bytes:
        return bytes((self.address, function)) + address.to_bytes(2, "big") + value.to_bytes(2, "big")


class RelayUnit(ModbusUnit):
    """A board of relays, a lock on each of the first ones."""

    def __init__(
        self,
        body: Body,
        address: int = 1,
        wires: Sequence[int] | None = None,
        relays: int = 32,
        profile: Profile = "waveshare",
    ) -> None:
        """``wires`` has the body's channel of each relay. ``flashes``: whether it has the command, as not all may."""
        self.locks = relays
        super().__init__(body, address, wires)
        self.profile, self.flashes, self.base = profile, True, 0
        self.version = 100
        self.exchange_ms = 15
        self._off_ms = [0] * relays
        self.welded: set[int] = set()

    def power(self, on: bool, now_ms: int) -> None:
        """Every relay falls off with its supply."""
        super().power(on, now_ms)
        if not on:
            self._off_ms = [0] * self.locks

    def on_mask(self, now_ms: int) -> int:
        """Which relays are on; a welded contact always is."""
        mask = sum((off_ms > now_ms) << at for at, off_ms in enumerate(self._off_ms))
        return mask | sum(1 << at for at in self.welded)

    def switch(self, at: int, for_ms: int, now_ms: int) -> None:
        """One relay on for so long, or off with 0."""
        self._off_ms[at] = now_ms + for_ms
        if for_ms:
            self.unlocks.append((now_ms, at))
            if at < len(self.wires):
                self.body.energise(self.wires[at], for_ms, now_ms)
        elif at < len(self.wires):
            box = self.body.compartments[self.wires[at]]
            if box.coil_off_ms is not None and box.coil_off_ms > now_ms:
                box.coil_off_ms = now_ms

    def _every(self, for_ms: int, now_ms: int) -> None:
        for at in range(self.locks):
            self.switch(at, for_ms, now_ms)

    def _answer(self, function: int, address: int, value: int, data: bytes, now_ms: int) -> bytes | int:
        if function == COILS:
            return self._bits(function, self.on_mask(now_ms), address - self.base, value, self.locks)
        if function == MANY_COILS:
            if address + value > self.locks:
                return BAD_ADDRESS
            for at in range(value):
                on = data[at // 8] >> at % 8 & 1
                self.switch(address + at, FOR_EVER_MS if on else 0, now_ms)
            return self._repeat(function, address, value)
        if function == COIL:
            return self._coil(address, value, now_ms) or self._repeat(function, address, value)
        if self.profile == "eletechsup" and function == REGISTER:
            return self._register(address - self.base, value, now_ms) or self._repeat(function, address, value)
        if self.profile == "eletechsup" and function == REGISTERS:
            return self._read_registers(address, value, now_ms)
        if self.profile == "waveshare" and function == REGISTERS:
            return self._words([self.version]) if (address, value) == (VERSION, 1) else BAD_ADDRESS
        return BAD_FUNCTION

    def _coil(self, address: int, value: int, now_ms: int) -> int:
        """A coil of FC05; 0 or the code of a refusal."""
        if self.profile == "waveshare" and address & 0xFF00 in (0x0200, 0x0400) and self.flashes:
            at = address & 0xFF
            if at >= self.locks or not 0 < value <= 0x7FFF:
                return BAD_ADDRESS if at >= self.locks else BAD_VALUE
            self.switch(at, 100 * value if address < 0x0400 else 0, now_ms)
            return 0
        every = self.profile == "waveshare" and address == 0x00FF
        if not every and not self.base <= address < self.base + self.locks:
            return BAD_ADDRESS
        if value not in (ON, OFF):
            return BAD_VALUE
        for_ms = FOR_EVER_MS if value == ON else 0
        self._every(for_ms, now_ms) if every else self.switch(address - self.base, for_ms, now_ms)
        return 0

    def _register(self, at: int, value: int, now_ms: int) -> int:
        """A register of FC06; 0 or the code of a refusal."""
        if not 0 <= at < self.locks:
            return BAD_ADDRESS
        times = {0x0100: FOR_EVER_MS, 0x0200: 0, 0x0500: 1000}
        if value in times:
            self.switch(at, times[value], now_ms)
        elif value >> 8 == 0x06:
            self.switch(at, 1000 * (value & 0xFF), now_ms)
        elif value in (0x0700, 0x0800):
            self._every(FOR_EVER_MS if value == 0x0700 else 0, now_ms)
        else:
            return BAD_VALUE
        return 0

    def _read_registers(self, address: int, count: int, now_ms: int) -> bytes | int:
        on = self.on_mask(now_ms)
        if address >= 0x0080:
            return self._words([on >> 16 * (address - 0x0080 + at) & 0xFFFF for at in range(count)])
        if address - self.base + count > self.locks:
            return BAD_ADDRESS
        return self._words([on >> address - self.base + at & 1 for at in range(count)])


class InputUnit(ModbusUnit):
    """A board of inputs, a door switch on each of the first ones; ``style`` is how it is asked."""

    def __init__(
        self,
        body: Body,
        address: int = 2,
        wires: Sequence[int] | None = None,
        inputs: int = 32,
        style: Literal["discrete", "holding"] = "discrete",
    ) -> None:
        """``wires`` has the body's channel of each input. ``high_first``: the first register has the last inputs."""
        self.locks = inputs
        super().__init__(body, address, wires)
        self.style, self.high_first, self.exchange_ms = style, False, 15

    def _answer(self, function: int, address: int, value: int, data: bytes, now_ms: int) -> bytes | int:
        mask = self._hooks(now_ms)
        if function == INPUTS and self.style == "discrete":
            return self._bits(function, mask, address, value, self.locks)
        if function != REGISTERS or self.style != "holding":
            return BAD_FUNCTION
        words = [mask >> at & 0xFFFF for at in range(0, self.locks, 16)]
        if not 0 <= address - 0x00C0 <= len(words) - value:
            return BAD_ADDRESS
        chosen = words[address - 0x00C0 :][:value]
        return self._words(chosen[::-1] if self.high_first else chosen)


class ModbusCabinet:
    """Relays and inputs as one board, for whoever asks for doors and locks; each unit can be taken by itself."""

    def __init__(self, relays: RelayUnit, inputs: InputUnit) -> None:
        """With one address they are one unit: what the relays refuse, the inputs may answer."""
        self.relays, self.inputs = relays, inputs
        self.address = relays.address

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host speaks."""
        for unit in (self.relays, self.inputs):
            unit.feed(data, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """What they say by now; of one unit only the half that knows the request speaks."""
        said = [unit.refresh(now_ms) for unit in (self.relays, self.inputs)]
        if self.relays.address == self.inputs.address and all(said):
            return next((words for words in said if not words[1] & 0x80), said[0])
        return b"".join(said)

    def deadline_ms(self) -> int | None:
        """When one of them does something by itself."""
        times = (self.relays.deadline_ms(), self.inputs.deadline_ms())
        return min((ms for ms in times if ms is not None), default=None)

    def power(self, on: bool, now_ms: int) -> None:
        """Both have one supply."""
        self.relays.power(on, now_ms)
        self.inputs.power(on, now_ms)

    def reboot(self, now_ms: int, down_ms: int = 300) -> None:
        """Both restart."""
        self.relays.reboot(now_ms, down_ms)
        self.inputs.reboot(now_ms, down_ms)

    @property
    def unlocks(self) -> list[tuple[int, int]]:
        """When which relay was switched on."""
        return self.relays.unlocks

    @property
    def received(self) -> list[Received]:
        """All that reached the wire, once."""
        return list(self.relays.received)

    @property
    def overlaps(self) -> int:
        """How often one of them was asked while it had not answered yet."""
        return self.relays.overlaps + self.inputs.overlaps

    @property
    def closed_bit(self) -> int:
        """What an input says of a shut door."""
        return self.inputs.closed_bit

    @closed_bit.setter
    def closed_bit(self, bit: int) -> None:
        self.inputs.closed_bit = bit

    @property
    def mute_replies(self) -> int:
        """How many answers of the inputs are still to be swallowed."""
        return self.inputs.mute_replies

    @mute_replies.setter
    def mute_replies(self, count: int) -> None:
        self.inputs.mute_replies = count

    @property
    def late_reply_ms(self) -> int:
        """How late the next answer of the inputs comes."""
        return self.inputs.late_reply_ms

    @late_reply_ms.setter
    def late_reply_ms(self, late_ms: int) -> None:
        self.inputs.late_reply_ms = late_ms

    @property
    def exchange_ms(self) -> int:
        """How long the inputs take to answer."""
        return self.inputs.exchange_ms
