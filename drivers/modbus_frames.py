"""Modbus RTU frames of relay and input boards: requests to bytes, bytes to replies. No port, no clock, no door.

``UNIT FUNCTION DATA CRC CRC``, the CRC is CRC16/Modbus with its low byte first. Asked are coils (01), discrete inputs
(02) and holding registers (03); ordered is one relay's pulse, which the board ends by itself, or all relays off:

| board | one relay's pulse | all off |
|---|---|---|
| Waveshare | 05, coil 0200 + relay, so many times 100 ms ("flash on") | 05, coil 00FF, 0000 |
| Eletechsup | 06, register of the relay, 0500: on for 1 s, fixed ("momentary") | 06, first register, 0800 |

The answer to an order repeats it; a refusal has the function with 80 added and a code.

**Nothing here can switch on more than one relay, or one for good.** ``Relay`` holds 0..31, ``Unit`` 1..247 and not 0
(all units), ``Tenths`` 1..10; that a coil is FF00, that all of them are (00FF), 0F with its pattern, 0100, 0700 and
06XX of an Eletechsup cannot be built. Bytes by hand: pymodbus has no word for 05 with a time in it (docs/decisions.md).

Source: hardware facts, 3 to 3.3; invariant 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.framer import Framer

COILS, INPUTS, REGISTERS, COIL, REGISTER = 0x01, 0x02, 0x03, 0x05, 0x06
REFUSED = 0x80
"""Added to the function in a refusal."""
ILLEGAL_FUNCTION = 0x01
UNITS, RELAYS, TENTHS = 247, 32, 10
_FLASH_ON, _ALL_COILS, _OFF = 0x0200, 0x00FF, 0x0000
_MOMENTARY, _ALL_OFF = 0x0500, 0x0800
_QUESTIONS, _ORDERS = (COILS, INPUTS, REGISTERS), (COIL, REGISTER)
_REFUSALS = tuple(REFUSED | function for function in (*_QUESTIONS, *_ORDERS))
_DATA_BYTES_MAX = 16
_CODE_MAX = 0x0B


@dataclass(frozen=True, slots=True)
class Unit:
    """One board's address, 1..247. ``ValueError`` for anything else: 0 is every board."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is not exactly one board."""
        if type(self.number) is not int or not 1 <= self.number <= UNITS:
            raise ValueError(f"unit {self.number!r}: Modbus has 1 to {UNITS}")


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay: 0-based on a board with ``relays`` of them, the first of which has the number ``first`` on the wire.

    ``ValueError`` for anything else.
    """

    number: int
    relays: int = RELAYS
    first: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not exactly one relay."""
        known = type(self.number) is int and type(self.relays) is int and self.relays <= RELAYS
        if not known or not 0 <= self.number < self.relays:
            raise ValueError(f"relay {self.number!r}: this board has channels 0 to {self.relays - 1}, at most {RELAYS}")
        if type(self.first) is not int or self.first not in (0, 1):
            raise ValueError(f"first relay {self.first!r}: it has the number 0 or 1 on the wire")

    @property
    def on_wire(self) -> int:
        """Its number on the wire."""
        return self.number + self.first


@dataclass(frozen=True, slots=True)
class Tenths:
    """How long a Waveshare relay is on, in units of 100 ms: 1..10, the cap of hardware facts 4.6. ``ValueError``."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what no coil bears."""
        if type(self.number) is not int or not 1 <= self.number <= TENTHS:
            raise ValueError(f"pulse of {self.number!r} x 100 ms: allowed are 1 to {TENTHS}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose CRC holds: its unit, its function, and what stands between that and the CRC."""

    unit: int
    function: int
    data: bytes

    @property
    def is_question(self) -> bool:
        """Whether it is a request for bits or registers; their reply has its length there, which is never 0."""
        return self.function in _QUESTIONS and self.data[0] == 0


def flash_on(unit: Unit, relay: Relay, tenths: Tenths) -> bytes:
    """Order one pulse of one Waveshare relay. ``TypeError`` for bare numbers."""
    _check((unit, Unit), (relay, Relay), (tenths, Tenths))
    return _request(unit, COIL, _FLASH_ON + relay.on_wire, tenths.number)


def momentary(unit: Unit, relay: Relay) -> bytes:
    """Order one pulse of one Eletechsup relay: one second. ``TypeError`` for bare numbers."""
    _check((unit, Unit), (relay, Relay))
    return _request(unit, REGISTER, relay.on_wire, _MOMENTARY)


def all_coils_off(unit: Unit) -> bytes:
    """Every relay of a Waveshare board off."""
    return _request(unit, COIL, _ALL_COILS, _OFF)


def all_registers_off(unit: Unit, first: int = 0) -> bytes:
    """Every relay of an Eletechsup board off; ``first`` is the number of its first relay on the wire."""
    return _request(unit, REGISTER, Relay(0, first=first).on_wire, _ALL_OFF)


def ask_coils(unit: Unit, relays: int, first: int = 0) -> bytes:
    """Ask whether each of so many relays is on."""
    return _request(unit, COILS, first, relays)


def ask_inputs(unit: Unit, first: int, inputs: int) -> bytes:
    """Ask for so many discrete inputs from the ``first`` on."""
    return _request(unit, INPUTS, first, inputs)


def ask_registers(unit: Unit, first: int, registers: int) -> bytes:
    """Ask for so many holding registers from the ``first`` on."""
    return _request(unit, REGISTERS, first, registers)


def crc(data: bytes) -> bytes:
    """CRC16/Modbus: polynomial A001 (reversed), start FFFF, no final change; low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def decode(data: bytes) -> Frame | None:
    """One whole frame, exactly; None when its form or its CRC does not hold."""
    if len(data) < 5 or _length(data) != len(data) or crc(data[:-2]) != data[-2:]:
        return None
    return Frame(data[0], data[1], bytes(data[2:-2]))


class Decoder(Framer[Frame]):
    """Finds frames in a stream: garbage before, between and inside them is skipped and counted."""

    def __init__(self) -> None:
        """Begin with nothing received. A frame begins with its unit, which may be any byte."""
        super().__init__(b"", _length, decode)


def _length(data: bytes | bytearray) -> int:
    """The length of the frame that begins here as far as is known yet; 0 when none of ours can begin here."""
    if not 1 <= data[0] <= UNITS:
        return 0
    if len(data) == 1:
        return 5
    function = data[1]
    if function in _ORDERS:
        return 8
    if function in _REFUSALS:
        return 5 if len(data) < 3 or 1 <= data[2] <= _CODE_MAX else 0
    if function not in _QUESTIONS:
        return 0
    if len(data) == 2:
        return 5
    if data[2] == 0:
        return 8
    return 5 + data[2] if data[2] <= _DATA_BYTES_MAX and not (function == REGISTERS and data[2] % 2) else 0


def _check(*pairs: tuple[object, type]) -> None:
    for value, wanted in pairs:
        if type(value) is not wanted:
            raise TypeError(f"{value!r}: this takes a {wanted.__name__}, so that no number can mean all of them")


def _request(unit: Unit, function: int, address: int, value: int) -> bytes:
    body = bytes((unit.number, function)) + address.to_bytes(2, "big") + value.to_bytes(2, "big")
    return body + crc(body)


def _shifted(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 * (byte & 1)
    return byte


_TABLE = tuple(_shifted(byte) for byte in range(256))
