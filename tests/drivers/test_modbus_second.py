"""A second Modbus library, pymodbus, against ours: as the master of the simulator's boards, and codec against codec.

It is in tests alone: it has no word for a coil that is written with a time, which is the one order that locks need
(docs/decisions.md). Over TCP it speaks RTU frames, as behind a serial server; the boards have a clock of their own.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from itertools import product

import pytest
from frames import MODBUS_ANSWERS, MODBUS_QUESTIONS, raw
from pymodbus.client import ModbusTcpClient
from pymodbus.framer import FramerRTU, FramerType
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteSingleRegisterRequest

from drivers import modbus_frames as frames
from drivers.modbus_frames import Relay, Tenths, Unit
from sim.body import Body
from sim.links import FarSide
from sim.modbus_boards import InputUnit, RelayUnit
from sim.rs485 import Rs485

TURN_MS = 1500
"""How far the boards' clock goes on with each request."""


class FlashOn(WriteSingleCoilRequest):
    """A Waveshare's timed pulse, which the library lacks: function 05 with a number in place of on or off."""

    def __init__(self, relay: int, tenths: int) -> None:
        """``tenths`` of a second."""
        super().__init__(address=0x0200 + relay, dev_id=1)
        self._tenths = tenths

    def encode(self) -> bytes:
        """The address and the time."""
        return struct.pack(">HH", self.address, self._tenths)


class Served:
    """A far side behind a real TCP port; each request takes its own time on a clock that nobody waits for."""

    def __init__(self, far: FarSide) -> None:
        """Listening, on this machine alone."""
        self.far, self.ms = far, 1000
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The end, once the client is gone."""
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        near, _ = self._listener.accept()
        with near:
            while data := near.recv(300):
                self.far.feed(data, self.ms)
                self.ms += TURN_MS
                said = self.far.refresh(self.ms)
                if said:
                    near.sendall(said)


class Bus:
    """A Waveshare as unit 1, an Eletechsup as unit 3, inputs as units 2 and 4; pymodbus is the master."""

    def __init__(self) -> None:
        """Connected."""
        self.body = Body(24)
        self.waveshare = RelayUnit(self.body, 1, range(12))
        self.eletechsup = RelayUnit(self.body, 3, range(12, 24), profile="eletechsup")
        units = [self.waveshare, self.eletechsup, InputUnit(self.body, 2), InputUnit(self.body, 4, style="holding")]
        self.served = Served(Rs485(units))
        self.master = ModbusTcpClient("127.0.0.1", port=self.served.port, framer=FramerType.RTU, retries=0, timeout=0.3)
        assert self.master.connect()  # type: ignore[no-untyped-call]


@pytest.fixture
def bus() -> Iterator[Bus]:
    """Closed at the end."""
    line = Bus()
    yield line
    line.master.close()  # type: ignore[no-untyped-call]
    line.served.close()


def test_pymodbus_reads_the_boards(bus: Bus) -> None:
    """Coils, inputs and registers: 32 relays off, 24 doors shut, the rest open."""
    assert bus.master.read_coils(0, count=32, device_id=1).bits == [False] * 32
    doors = [True] * 24 + [False] * 8
    assert bus.master.read_discrete_inputs(0, count=32, device_id=2).bits == doors
    assert bus.master.read_holding_registers(0x00C0, count=2, device_id=4).registers == [0xFFFF, 0x00FF]
    bus.body.force(16, bus.served.ms)
    assert bus.master.read_holding_registers(0x00C0, count=2, device_id=4).registers == [0xFFFF, 0x00FE]


def test_pymodbus_opens_doors_by_the_boards_own_pulses(bus: Bus) -> None:
    """Flash-on and momentary; each is confirmed, moves one coil, and is over by itself at the next look."""
    assert not bus.master.execute(False, FlashOn(5, 7)).isError()
    assert not bus.master.write_register(3, 0x0500, device_id=3).isError()
    assert [(p.channel, p.pulse_ms) for p in bus.body.pulses] == [(5, 700), (15, 1000)]
    assert bus.master.read_coils(0, count=32, device_id=1).bits == [False] * 32
    assert bus.body.breaches == []


def test_pymodbus_is_refused_what_the_boards_do_not_have(bus: Bus) -> None:
    """Illegal function, address and value, as codes 1, 2 and 3."""
    assert bus.master.write_register(0, 0x0500, device_id=1).exception_code == 1
    assert bus.master.read_coils(30, count=8, device_id=1).exception_code == 2
    assert bus.master.write_register(0, 0x0900, device_id=3).exception_code == 3
    assert bus.master.read_discrete_inputs(0, count=8, device_id=4).exception_code == 1


def test_a_witness_sees_what_our_own_side_cannot_say(bus: Bus) -> None:
    """All relays on, which any Modbus master can send: the body notes every coil. Then all off."""
    assert not bus.master.write_coil(0x00FF, True, device_id=1).isError()
    assert {b.what for b in bus.body.breaches} >= {"too_long", "two_coils"}
    assert not bus.master.write_coil(0x00FF, False, device_id=1).isError()
    assert bus.waveshare.on_mask(bus.served.ms) == 0
    assert not bus.master.write_register(0, 0x0800, device_id=3).isError()


def test_the_library_builds_the_questions_that_we_build() -> None:
    """Byte for byte, for units, places and counts in their whole range; so do all off and momentary."""
    framer = FramerRTU(DecodePDU(is_server=False))
    for unit, first, count in product((1, 2, 200, 247), (0, 1, 31, 0xC0), (1, 8, 24, 32)):
        pairs = [
            (ReadCoilsRequest, frames.ask_coils(Unit(unit), count, first)),
            (ReadDiscreteInputsRequest, frames.ask_inputs(Unit(unit), first, count)),
            (ReadHoldingRegistersRequest, frames.ask_registers(Unit(unit), first, count)),
        ]
        for request, ours in pairs:
            assert framer.buildFrame(request(address=first, count=count, dev_id=unit)) == ours
        off = WriteSingleCoilRequest(address=0x00FF, bits=[False], dev_id=unit)
        assert framer.buildFrame(off) == frames.all_coils_off(Unit(unit))
        press = WriteSingleRegisterRequest(address=first, registers=[0x0500], dev_id=unit)
        if first < 32:
            assert framer.buildFrame(press) == frames.momentary(Unit(unit), Relay(first))
    assert framer.buildFrame(FlashOn(23, 5)) == frames.flash_on(Unit(1), Relay(23), Tenths(5))


def test_the_library_cannot_say_a_timed_pulse() -> None:
    """Why it is not our codec: a coil is on or off to it, there is no third."""
    framer = FramerRTU(DecodePDU(is_server=False))
    timed = WriteSingleCoilRequest(address=0x0217, bits=[5], dev_id=1)  # type: ignore[list-item]
    assert framer.buildFrame(timed) != frames.flash_on(Unit(1), Relay(23), Tenths(5))
    assert framer.buildFrame(timed)[4:6] == b"\xff\x00"


@pytest.mark.parametrize("text", [text for text, *_ in MODBUS_ANSWERS])
def test_the_library_reads_the_documented_answers_as_we_do(text: str) -> None:
    """The same unit, function, bits and registers."""
    framer = FramerRTU(DecodePDU(is_server=False))
    used, answer = framer.handleFrame(raw(text), 0, 0)
    ours = frames.decode(raw(text))
    assert answer is not None and ours is not None and used == len(raw(text))
    assert (answer.dev_id, answer.function_code) == (ours.unit, ours.function)
    if answer.isError():
        assert answer.exception_code == ours.data[0]
    elif answer.bits:
        assert sum(bit << at for at, bit in enumerate(answer.bits)) == int.from_bytes(ours.data[1:], "little")
    else:
        assert b"".join(word.to_bytes(2, "big") for word in answer.registers) == ours.data[1:]


@pytest.mark.parametrize("text", [text for text, *_ in MODBUS_QUESTIONS])
def test_the_library_reads_our_questions_as_a_board_would(text: str) -> None:
    """Where from and how many."""
    _, request = FramerRTU(DecodePDU(is_server=True)).handleFrame(raw(text), 0, 0)
    assert request is not None
    assert struct.pack(">HH", request.address, request.count) == raw(text)[2:6]
