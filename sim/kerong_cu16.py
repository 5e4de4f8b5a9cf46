"""The far side of a KR-CU16 lock board: bytes in, bytes out, coils and sensors inside in a ``Body``.

Written from hardware facts, 1.1; knows nothing of the driver. An unlock is not answered. What one source alone knows
can be taken away (``commands``), what none knows can be chosen (``answers_setting``). Sensors say what lies in the
body's compartments, unless they are stuck.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.body import Body
from sim.lock_board import LockBoard

STATUS, UNLOCK, STATUS_ALL, UNLOCK_ALL, STATUS_REPLY, ALL_REPLY, TIME, TIME_REPLY = (
    0x30,
    0x31,
    0x32,
    0x33,
    0x35,
    0x36,
    0x37,
    0x38,
)
EVERY_BOARD = 0xF


class Cu16Board(LockBoard):
    """One KR-CU16."""

    locks = 16

    def __init__(self, body: Body, address: int = 0, wires: Sequence[int] | None = None, pulse_ms: int = 550) -> None:
        """As every lock board; all commands are there."""
        super().__init__(body, address, wires, pulse_ms)
        self.commands = {STATUS, UNLOCK, STATUS_ALL, UNLOCK_ALL, TIME}
        self.answers_setting = False
        self.keeps_settings = True
        self.stuck: dict[int, bool] = {}

    def _request_bytes(self) -> int:
        have = self._buffer
        if len(have) > 3 and have[2] == TIME and have[3] != 0x03:
            return 7
        return 5

    def _obey(self, frame: bytes, now_ms: int) -> None:
        address, lock, command = frame[1] >> 4, frame[1] & 0x0F, frame[2]
        if command not in self.commands or address not in (self.address, EVERY_BOARD):
            return
        if command == STATUS_ALL:
            self._tell(ALL_REPLY, self._state(now_ms), now_ms, self.exchange_ms * (1 + self.address))
        elif address != self.address:
            return
        elif command == STATUS:
            self._tell(STATUS_REPLY, self._state(now_ms), now_ms, self.exchange_ms)
        elif command == TIME:
            self._time(frame[3:-2], now_ms)
        else:
            self._unlock(self.locks if command == UNLOCK_ALL else lock, now_ms)

    def _state(self, now_ms: int) -> bytes:
        return self._hooks(now_ms).to_bytes(2, "little") + self._items().to_bytes(2, "little")

    def _items(self) -> int:
        """1 where something lies; a socket without a sensor reads 0."""
        mask = 0
        for lock, channel in enumerate(self.wires):
            lies = bool(self.body.compartments[channel].papers)
            mask |= self.stuck.get(lock, lies) << lock
        return mask

    def _time(self, data: bytes, now_ms: int) -> None:
        """Query without data, or setting with two bytes in units of 10 ms."""
        if data:
            wanted_ms = int.from_bytes(data, "big") * 10
            if self.keeps_settings and wanted_ms <= 60_000:
                self.pulse_ms = wanted_ms
            if not self.answers_setting:
                return
        self._tell(TIME_REPLY, (self.pulse_ms // 10).to_bytes(2, "big"), now_ms, self.exchange_ms)

    def _tell(self, command: int, data: bytes, now_ms: int, after_ms: int) -> None:
        self._say(bytes((0x02, self.address << 4, command)) + data, now_ms, after_ms)
