"""The far side of a KR-CU24 (or KR-CU12) lock board: bytes in, bytes out, coils in a ``Body``.

Written from hardware facts, 1.3; knows nothing of the driver. Everything an installation may do differently is a field
that may be set at any time: reply delays, polarity, which commands exist, what is answered to an unlock, whether a
wrong sum is answered with 14 or not at all. It keeps a journal of all that came in, for checks from outside.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sim.body import Body

OK, FAILED, TIMEOUT, UNKNOWN, BAD_DATA = 0x10, 0x11, 0x12, 0x13, 0x14
STATUS, UNLOCK, UNLOCK_TIME, BAUD, DELAYED, PUSH_WAIT, INITIALISE, VERSION = (
    0x80,
    0x81,
    0x82,
    0x83,
    0x84,
    0x85,
    0x8E,
    0x8F,
)
BROADCAST = 0x10
_ALL = {"kr-cu24": 0x18, "kr-cu12": 0x0C}
_STALE_MS = 100
_JOURNAL_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came in whole, with its sum right: when, and all its bytes."""

    ms: int
    frame: bytes


class KerongBoard:
    """One board. Sans-IO: ``feed`` it, ``refresh`` gives what it says by now, ``deadline_ms`` when it says more."""

    def __init__(self, body: Body, *, kind: str = "kr-cu24", address: int = 0, default_pulse_ms: int = 550) -> None:
        """Wire the locks of ``body`` to the channels of a board of this kind."""
        self.body, self.address = body, address
        self.locks, self.status_bytes = (24, 3) if kind == "kr-cu24" else (12, 2)
        self.all_number = _ALL[kind]
        self.closed_bit = 1
        self.exchange_ms = 8
        self.unlock_exchange_ms = 8
        self.version = b"\x13\x01"
        self.commands = {STATUS, UNLOCK, UNLOCK_TIME, BAUD, DELAYED, PUSH_WAIT, INITIALISE, VERSION}
        self.unlock_ask = OK
        self.keeps_settings = True
        self.forgets_at_reboot = False
        self.answers_bad_sum = False
        self.mute_replies = 0
        self.late_reply_ms = 0
        self.default_pulse_ms = self.pulse_ms = default_pulse_ms
        self.powered = True
        self.received: deque[Received] = deque(maxlen=_JOURNAL_MAX)
        self.unlocks: list[tuple[int, int]] = []
        self.bad_sums = 0
        self.overlaps = 0
        self._buffer = bytearray()
        self._fed_ms = 0
        self._outbox: deque[tuple[int, bytes]] = deque()
        self._delayed: deque[tuple[int, int]] = deque()
        self._boots_ms: int | None = None

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host."""
        self._let_pass(now_ms)
        if not self.powered:
            return
        if now_ms > self._fed_ms + _STALE_MS:
            self._buffer.clear()
        self._fed_ms = now_ms
        self._buffer += data
        while frame := self._next_frame(now_ms):
            self.received.append(Received(now_ms, frame))
            self._obey(frame, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave the board by now."""
        self._let_pass(now_ms)
        out = b""
        while self._outbox and self._outbox[0][0] <= now_ms:
            out += self._outbox.popleft()[1]
        return out

    def deadline_ms(self) -> int | None:
        """When it does something by itself next, or None."""
        times = [due_ms for due_ms, _ in (*list(self._outbox)[:1], *list(self._delayed)[:1])]
        if self._boots_ms is not None:
            times.append(self._boots_ms)
        return min(times, default=None)

    def power(self, on: bool, now_ms: int) -> None:
        """Take the board's supply away, or give it back."""
        self._let_pass(now_ms)
        if not on:
            self._buffer.clear()
            self._outbox.clear()
            self._delayed.clear()
            self.body.cut_power(now_ms)
        elif not self.powered and self.forgets_at_reboot:
            self.pulse_ms = self.default_pulse_ms
        self._boots_ms = None
        self.powered = on

    def reboot(self, now_ms: int, down_ms: int = 300) -> None:
        """Restart: silent for ``down_ms``."""
        self.power(False, now_ms)
        self._boots_ms = now_ms + down_ms

    def _let_pass(self, now_ms: int) -> None:
        if self._boots_ms is not None and now_ms >= self._boots_ms:
            boots_ms, self._boots_ms = self._boots_ms, None
            self.power(True, boots_ms)
        while self._delayed and self._delayed[0][0] <= now_ms:
            self._pulse(self._delayed.popleft()[1], now_ms)

    def _next_frame(self, now_ms: int) -> bytes:
        """The next whole request with a right sum, or nothing."""
        while self._buffer:
            start = self._buffer.find(0x02)
            del self._buffer[: start if start >= 0 else len(self._buffer)]
            if len(self._buffer) < 8:
                return b""
            length = 8 + self._buffer[5]
            if self._buffer[6] != 0x03 or self._buffer[5] > 40:
                del self._buffer[:1]
                continue
            if len(self._buffer) < length:
                return b""
            frame = bytes(self._buffer[:length])
            if (sum(frame[:7]) + sum(frame[8:])) % 256 == frame[7]:
                del self._buffer[:length]
                return frame
            self._bad_sum(frame, now_ms)
            del self._buffer[:1]
        return b""

    def _bad_sum(self, frame: bytes, now_ms: int) -> None:
        self.bad_sums += 1
        if self.answers_bad_sum and frame[1] == self.address:
            self._say(frame, BAD_DATA, b"", now_ms, self.exchange_ms)

    def _obey(self, frame: bytes, now_ms: int) -> None:
        address, lock, command, ask = frame[1:5]
        if address not in (self.address, BROADCAST) or ask != 0x00:
            return
        if command not in self.commands:
            self._say(frame, UNKNOWN, b"", now_ms, self.exchange_ms)
        elif command == UNLOCK:
            self._say(frame, self._unlock(lock, now_ms), b"", now_ms, self.unlock_exchange_ms)
        else:
            ask, data = self._answer(command, lock, frame[8:], now_ms)
            self._say(frame, ask, data, now_ms, self.exchange_ms)

    def _answer(self, command: int, lock: int, data: bytes, now_ms: int) -> tuple[int, bytes]:
        if command == STATUS:
            return OK, self._status(now_ms)
        if command == VERSION:
            return OK, self.version
        if command == UNLOCK_TIME:
            return self._unlock_time(data)
        if command == INITIALISE:
            self.pulse_ms = self.default_pulse_ms
        if command == DELAYED and data:
            self._delayed = deque(sorted([*self._delayed, (now_ms + data[0] * 1000, lock)]))
        return OK, b""

    def _status(self, now_ms: int) -> bytes:
        every = (1 << self.locks) - 1
        closed = self.body.closed_contacts(now_ms) & every  # what is not fitted reads as open
        return (closed if self.closed_bit else every ^ closed).to_bytes(self.status_bytes, "little")

    def _unlock_time(self, data: bytes) -> tuple[int, bytes]:
        if not data:
            return OK, (self.pulse_ms // 10).to_bytes(2, "big")
        if len(data) != 2:
            return BAD_DATA, b""
        if self.keeps_settings:
            self.pulse_ms = int.from_bytes(data, "big") * 10
        return OK, b""

    def _unlock(self, lock: int, now_ms: int) -> int:
        if lock >= self.locks and lock != self.all_number:
            return BAD_DATA
        if self.unlock_ask in (OK, FAILED, TIMEOUT):
            self._pulse(lock, now_ms)
        return self.unlock_ask

    def _pulse(self, lock: int, now_ms: int) -> None:
        self.unlocks.append((now_ms, lock))
        channels = range(self.locks) if lock == self.all_number else (lock,)
        for channel in channels:
            if channel < len(self.body.compartments):
                self.body.energise(channel, self.pulse_ms, now_ms)

    def _say(self, request: bytes, ask: int, data: bytes, now_ms: int, after_ms: int) -> None:
        if self.mute_replies:
            self.mute_replies -= 1
            return
        self.overlaps += bool(self._outbox)
        head = bytes((0x02, self.address, request[2], request[3], ask, len(data), 0x03))
        late_ms, self.late_reply_ms = self.late_reply_ms, 0
        due_ms = max(now_ms + after_ms + late_ms, self._outbox[-1][0] if self._outbox else 0)
        self._outbox.append((due_ms, head + bytes(((sum(head) + sum(data)) % 256,)) + data))
