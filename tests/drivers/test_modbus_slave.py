"""An independent slave against our driver: pymodbus's own server, over real TCP, in place of an Eletechsup and inputs.

Nothing of ours is on the far side. It has no word for a Waveshare's timed coil (test_modbus_second.py says so), so the
relays are of the kind whose pulse is a register; the doors are switches that move when that register is written.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from board_rig import Team, a_cabinet
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.lock_boards import lock_boards
from drivers.tcp_port import TcpPort
from locker.model import BoardBack, DoorSeen, Event, Now, Pulse, PulseAnswered, PulseSent

MOMENTARY, ALL_OFF, FIRST_INPUT = 0x0500, 0x0800, 0xC0
TURNS_MAX, WAIT_S = 20_000, 0.02


class Slave:
    """pymodbus's server with two units. ``orders`` are the registers written on unit 1; ``shut`` is what doors are."""

    def __init__(self) -> None:
        """Listening, on this machine alone; all 24 doors shut."""
        self.orders: list[tuple[int, int]] = []
        self.shut = 0xFFFFFF
        self.refuses = False
        self._listening, self._ended = threading.Event(), threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._listening.wait(20)

    def close(self) -> None:
        """The end."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        bits, words = DataType.BITS, DataType.REGISTERS
        coils, none = [SimData(0, count=32, values=False, datatype=bits)], [SimData(0, values=[0], datatype=words)]
        registers = [SimData(0, values=[0] * 32, datatype=words)]
        inputs = [SimData(FIRST_INPUT, values=[0, 0], datatype=words)]
        units = [
            SimDevice(
                1, (coils, [SimData(0, count=32, values=False, datatype=bits)], registers, none), action=self._told
            ),
            SimDevice(
                2, (coils, [SimData(0, count=32, values=False, datatype=bits)], inputs, none), action=self._asked
            ),
        ]
        server = ModbusTcpServer(units, framer=FramerType.RTU, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        self._listening.set()
        await self._stop.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]

    async def _told(
        self, code: int, start: int, address: int, count: int, held: list[int], values: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        """A register of the relays is written: that door springs open."""
        if code == 6 and values:
            self.orders.append((address, int(values[0])))
            if self.refuses:
                return ExcCodes.ILLEGAL_VALUE
            if values[0] == MOMENTARY:
                self.shut &= ~(1 << address)
        return None

    async def _asked(
        self, code: int, start: int, address: int, count: int, held: list[int], values: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        """The inputs are read: 16 a register, the first door in the lowest bit."""
        if code == 3:
            held[0:2] = [self.shut & 0xFFFF, self.shut >> 16]
        return None


class Desk:
    """Our driver at the near end. Its clock goes on a little with each turn, and waits for the network."""

    def __init__(self, slave: Slave) -> None:
        """Not yet connected."""
        self.slave, self.ms, self.log = slave, 1000, list[Event]()
        url = f"tcp://127.0.0.1:{slave.port}"
        self.near = TcpPort(url)
        given = {"port": url, "inputs": "holding", "reply_ms": 2000}
        self.team = Team(lock_boards(a_cabinet("eletechsup", **given), lambda board: self.near))

    def until(self, holds: Callable[[], object]) -> None:
        """Turn until it is so."""
        for _ in range(TURNS_MAX):
            self.log += self.team.refresh(Now(self.ms, self.ms))
            if holds():
                return
            fd = self.near.fileno()
            select.select([fd] if fd is not None else [], [], [], WAIT_S if fd is not None else 0.001)
            self.ms += 5
        pytest.fail(f"did not happen; {self.log[-5:]}, {self.slave.orders[-5:]}")

    def seen(self, door: int) -> bool | None:
        """What was told of a door last: True open."""
        told = [event.open for event in self.log if isinstance(event, DoorSeen) and event.door == door]
        return told[-1] if told else None


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Closed at the end."""
    slave = Slave()
    desk = Desk(slave)
    yield desk
    desk.team.close()
    slave.close()


def test_our_driver_works_with_pymodbuss_server(desk: Desk) -> None:
    """All relays off first; then the doors are told, one is opened by one order, seen open and seen shut."""
    desk.until(lambda: all(desk.seen(door) is False for door in range(1, 25)))
    assert desk.slave.orders == [(0, ALL_OFF)] and BoardBack("main", tuple(range(1, 25))) in desk.log
    desk.team.perform(Pulse(19), Now(desk.ms, desk.ms))
    desk.until(lambda: desk.seen(19))
    assert desk.slave.orders == [(0, ALL_OFF), (18, MOMENTARY)] and PulseSent(19) in desk.log
    desk.slave.shut = 0xFFFFFF
    desk.until(lambda: desk.seen(19) is False)
    assert [door for door in range(1, 25) if desk.seen(door)] == []
    assert sum(driver.counters()["bad"] + driver.counters()["lost"] for driver in desk.team.drivers) == 0


def test_a_refusal_of_that_server_is_understood(desk: Desk) -> None:
    """Exception 3: the board said "bad data", the order is not repeated, and nothing opens."""
    desk.until(lambda: desk.seen(24) is False)
    desk.slave.refuses = True
    desk.team.perform(Pulse(5), Now(desk.ms, desk.ms))
    desk.until(lambda: [event for event in desk.log if isinstance(event, PulseAnswered)])
    [answer] = [event for event in desk.log if isinstance(event, PulseAnswered)]
    assert (answer.door, answer.answer.value) == (5, "bad_data")
    begun = desk.ms
    desk.until(lambda: desk.ms > begun + 1500)
    assert desk.slave.orders.count((4, MOMENTARY)) == 1 and desk.seen(5) is False
