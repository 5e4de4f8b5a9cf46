"""What the far sides of lock boards without an answer to an unlock have in common: power, silence, a journal, coils.

Written from hardware facts, 1.1, 1.2 and 7; knows nothing of the drivers. A kind of board adds how a request is found
in the bytes and how it is obeyed (``sim.kerong_cu16``, ``sim.kerong_cu48``). Everything an installation may do
differently is a field that may be set at any time. It keeps a journal of all that came in, for checks from outside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sim.body import Body
from sim.kerong_cu24 import Received

_STALE_MS = 100
_JOURNAL_MAX = 100_000


class LockBoard:
    """One board. Sans-IO: ``feed`` it, ``refresh`` gives what it says by now, ``deadline_ms`` when it says more."""

    locks = 0

    def __init__(self, body: Body, address: int = 0, wires: Sequence[int] | None = None, pulse_ms: int = 550) -> None:
        """``wires`` has the body's channel of each lock, from the first on; None wires them all, straight."""
        self.body, self.address = body, address
        channels = range(len(body.compartments)) if wires is None else wires
        self.wires = tuple(channels)[: self.locks]
        self.default_pulse_ms = self.pulse_ms = pulse_ms
        self.closed_bit = 1
        self.exchange_ms = 8
        self.deaf_ms = 0
        self.forgets_at_reboot = False
        self.mute_replies = 0
        self.late_reply_ms = 0
        self.powered = True
        self.received: deque[Received] = deque(maxlen=_JOURNAL_MAX)
        self.unlocks: list[tuple[int, int]] = []
        self.bad_sums = 0
        self.overlaps = 0
        self._buffer = bytearray()
        self._fed_ms = 0
        self._outbox: deque[tuple[int, bytes]] = deque()
        self._boots_ms: int | None = None
        self._deaf_until_ms = 0

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host; a board with ``deaf_ms`` hears none for so long after an unlock."""
        self._let_pass(now_ms)
        if not self.powered or now_ms < self._deaf_until_ms:
            return
        if now_ms > self._fed_ms + _STALE_MS:
            self._buffer.clear()
        self._fed_ms = now_ms
        self._buffer += data
        while frame := self._next_frame():
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
        times = [due_ms for due_ms, _ in list(self._outbox)[:1]]
        if self._boots_ms is not None:
            times.append(self._boots_ms)
        return min(times, default=None)

    def power(self, on: bool, now_ms: int) -> None:
        """Take the board's supply away, or give it back."""
        self._let_pass(now_ms)
        if not on:
            self._buffer.clear()
            self._outbox.clear()
            self.body.cut_power(now_ms)
        elif not self.powered and self.forgets_at_reboot:
            self.pulse_ms = self.default_pulse_ms
        self._boots_ms = None
        self.powered = on

    def reboot(self, now_ms: int, down_ms: int = 300) -> None:
        """Restart: silent for ``down_ms``."""
        self.power(False, now_ms)
        self._boots_ms = now_ms + down_ms

    # --- for the kinds of board -------------------------------------------------------------------

    def _next_frame(self) -> bytes:
        """The next whole request with a right sum, or nothing."""
        while self._buffer:
            start = self._buffer.find(0x02)
            del self._buffer[: start if start >= 0 else len(self._buffer)]
            length = self._request_bytes()
            if len(self._buffer) < length or not self._buffer:
                return b""
            frame = bytes(self._buffer[:length])
            if length and frame[-2] == 0x03 and sum(frame[:-1]) % 256 == frame[-1]:
                del self._buffer[:length]
                return frame
            self.bad_sums += bool(length) and frame[-2] == 0x03
            del self._buffer[:1]
        return b""

    def _request_bytes(self) -> int:
        """How many bytes the request at the front of the buffer has, as far as is known; 0 when it is none."""
        raise NotImplementedError

    def _obey(self, frame: bytes, now_ms: int) -> None:
        """Carry out a whole request."""
        raise NotImplementedError

    def _hooks(self, now_ms: int) -> int:
        """The hook bits, lock 1 in bit 0; a lock that is not wired reads as an open switch."""
        mask = 0
        for lock in range(self.locks):
            closed = lock < len(self.wires) and self.body.is_closed_contact(self.wires[lock], now_ms)
            mask |= (self.closed_bit if closed else 1 - self.closed_bit) << lock
        return mask

    def _unlock(self, lock: int, now_ms: int) -> None:
        """One lock, or all at once for the number after the last."""
        self.unlocks.append((now_ms, lock))
        self._deaf_until_ms = now_ms + self.deaf_ms
        for channel in self.wires if lock == self.locks else self.wires[lock : lock + 1]:
            self.body.energise(channel, self.pulse_ms, now_ms)

    def _say(self, head: bytes, now_ms: int, after_ms: int) -> None:
        """A reply: 03 and the sum are added here."""
        frame = head + b"\x03"
        self._send(frame + bytes((sum(frame) % 256,)), now_ms, after_ms)

    def _send(self, frame: bytes, now_ms: int, after_ms: int) -> None:
        """A whole reply, unless it is swallowed; never before one that is still due."""
        if self.mute_replies:
            self.mute_replies -= 1
            return
        self.overlaps += bool(self._outbox)
        late_ms, self.late_reply_ms = self.late_reply_ms, 0
        due_ms = max(now_ms + after_ms + late_ms, self._outbox[-1][0] if self._outbox else 0)
        self._outbox.append((due_ms, frame))

    def _let_pass(self, now_ms: int) -> None:
        if self._boots_ms is not None and now_ms >= self._boots_ms:
            boots_ms, self._boots_ms = self._boots_ms, None
            self.power(True, boots_ms)
