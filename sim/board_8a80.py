"""The far side of an 8A/80 lock board (锁控板): bytes in, bytes out, coils in a ``Body``.

Written from hardware facts, 2 to 2.4; knows nothing of the driver. What installations and sources differ in can be set
at any time: whether it answers questions while it makes up its answer to an unlock (``meanwhile``: no source says; it
may "answer", be "deaf", or answer "later"), the wiring (``closed_bit``: 1 where the contact is closed while the lock
is), the order and number of the status bytes, when an unlock is answered, and whether a door that moves is told
unasked, and with which first byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import xor
from typing import Literal

from sim.body import Body
from sim.lock_board import LockBoard

OPEN, ASK, SEVERAL, HOLD, LET_GO = 0x8A, 0x80, 0x90, 0x9A, 0x9B
PUSH = (0x81, 0x82)
CLEAR, SET, QUESTION = 0x00, 0x11, 0x33
STEP_MS = 400
"""From one lock to the next when all are opened in turn."""
HELD_MS = 3_600_000
PUT_OFF_MAX = 8
"""So many questions wait at most."""
TALK_MS = 6
"""How long an answer to an unlock is on the wire at 9600; what the host says meanwhile is not heard."""
_DEBOUNCE_MS = 50


class EightBoard(LockBoard):
    """One board of 24 locks, or of as many as are wired."""

    locks = 24

    def __init__(
        self, body: Body, address: int = 1, wires: Sequence[int] | None = None, pulse_ms: int = 300, locks: int = 24
    ) -> None:
        """As every lock board; the pulse has the length that the board was made with."""
        self.locks = locks
        super().__init__(body, address, wires, pulse_ms)
        self.byte_order: Literal["high_first", "low_first"] = "high_first"
        self.state_bytes = max(3, -(-locks // 8))
        self.exchange_ms, self.unlock_exchange_ms = 15, 1000
        self.meanwhile: Literal["answer", "deaf", "later"] = "answer"
        self.talked_over = 0
        self.push: int | None = None
        self.knows_one = True
        self._verdicts: list[tuple[int, bytes]] = []
        self._steps: list[tuple[int, int]] = []
        self._seen = self._hooks(body.now_ms)
        self._push_ms: int | None = None
        self._talks_until_ms = 0
        self._put_off: list[int] = []

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive; not while it speaks of an unlock itself."""
        self._let_pass(now_ms)
        if now_ms < self._talks_until_ms:
            self.talked_over += 1
            self._buffer.clear()
        else:
            super().feed(data, now_ms)

    def talk(self, head: int, now_ms: int) -> None:
        """From now on doors that move are told unasked, with this first byte."""
        self.push, self._seen = head, self._hooks(now_ms)

    def deadline_ms(self) -> int | None:
        """Also when an unlock is to be answered, the next lock of all is due, or a door will move."""
        times = [super().deadline_ms(), self._push_ms, self.body.deadline_ms() if self.push else None]
        times += [due_ms for due_ms, _ in (*self._verdicts[:1], *self._steps[:1])]
        return min((ms for ms in times if ms is not None), default=None)

    def power(self, on: bool, now_ms: int) -> None:
        """What was begun is forgotten."""
        super().power(on, now_ms)
        self._verdicts.clear()
        self._steps.clear()
        self._put_off.clear()
        self._push_ms = None
        self._seen = self._hooks(now_ms)

    # --- requests -------------------------------------------------------------------------------------

    def _next_frame(self) -> bytes:
        while len(self._buffer) >= 5:
            for length in (5, 6):
                frame = bytes(self._buffer[:length])
                if len(frame) == length and frame[0] in _FORMS.get(length, ()) and not reduce(xor, frame):
                    del self._buffer[:length]
                    return frame
            if self._buffer[0] in _FORMS[6] and len(self._buffer) < 6:
                return b""
            self.bad_sums += self._buffer[0] in _FORMS[5]
            del self._buffer[:1]
        return b""

    def _obey(self, frame: bytes, now_ms: int) -> None:
        head, address, lock = frame[:3]
        if address != self.address:
            return
        if head == SEVERAL:
            order: Literal["big", "little"] = "big" if self.byte_order == "high_first" else "little"
            chosen = int.from_bytes(frame[2:5], order)
            for at in range(self.locks):
                if chosen >> at & 1:
                    self._unlock(at, now_ms)
        elif frame[3] == QUESTION and head == ASK:
            if not self._verdicts or self.meanwhile == "answer":
                self._asked(lock, now_ms)
            elif self.meanwhile == "later" and len(self._put_off) < PUT_OFF_MAX:
                self._put_off.append(lock)
        elif frame[3] == SET and head in (OPEN, HOLD) and lock <= self.locks:
            self._opened(frame, now_ms)

    def _asked(self, lock: int, now_ms: int) -> None:
        if lock == 0:
            order: Literal["big", "little"] = "big" if self.byte_order == "high_first" else "little"
            states = self._hooks(now_ms).to_bytes(self.state_bytes, order)
            self._send(_sealed(bytes((ASK, self.address)) + states + bytes((QUESTION,))), now_ms, self.exchange_ms)
        elif lock <= self.locks and self.knows_one:
            self._send(self._about(ASK, lock, now_ms), now_ms, self.exchange_ms)

    def _opened(self, frame: bytes, now_ms: int) -> None:
        """Lock 0 is all of them, one after the other; the answer comes when the last one is done."""
        lock = frame[2]
        if lock == 0:
            self.unlocks.append((now_ms, self.locks))
            self._steps = [(now_ms + at * STEP_MS, at) for at in range(self.locks)]
            self._verdicts.append((now_ms + self.locks * STEP_MS, frame))
        else:
            before, self.pulse_ms = self.pulse_ms, self._pulse_of(frame)
            self._unlock(lock - 1, now_ms)
            self.pulse_ms = before
            self._verdicts.append((now_ms + self.unlock_exchange_ms, frame))

    def _pulse_of(self, frame: bytes) -> int:
        if frame[0] == HOLD:
            return HELD_MS
        return 1000 * frame[4] if len(frame) == 6 else self.pulse_ms

    # --- replies --------------------------------------------------------------------------------------

    def _about(self, head: int, lock: int, now_ms: int) -> bytes:
        value = SET if self._hooks(now_ms) >> lock - 1 & 1 else CLEAR
        return _sealed(bytes((head, self.address, lock, value)))

    def _let_pass(self, now_ms: int) -> None:
        super()._let_pass(now_ms)
        while self._steps and self._steps[0][0] <= now_ms:
            due_ms, at = self._steps.pop(0)
            if at < len(self.wires):
                self.body.energise(self.wires[at], self.pulse_ms, max(due_ms, self.body.now_ms))
        while self._verdicts and self._verdicts[0][0] <= now_ms:
            _, frame = self._verdicts.pop(0)
            self._send(frame if frame[2] == 0 else self._about(frame[0], frame[2], now_ms), now_ms, 0)
            self._talks_until_ms = now_ms + TALK_MS
        while self._put_off and not self._verdicts:
            self._asked(self._put_off.pop(0), now_ms)
        if self.push and self.powered:
            self._tell_moves(now_ms)

    def _tell_moves(self, now_ms: int) -> None:
        """A contact that has stayed otherwise for a moment is told, each lock by itself."""
        if self._hooks(now_ms) == self._seen:
            self._push_ms = None
        elif self._push_ms is None:
            self._push_ms = now_ms + _DEBOUNCE_MS
        elif now_ms >= self._push_ms:
            moved, self._seen, self._push_ms = self._hooks(now_ms) ^ self._seen, self._hooks(now_ms), None
            for at in range(self.locks):
                if moved >> at & 1:
                    self._send(self._about(self.push or 0, at + 1, now_ms), now_ms, 0)


_FORMS = {5: (OPEN, ASK, HOLD, LET_GO), 6: (OPEN, SEVERAL)}


def _sealed(head: bytes) -> bytes:
    return head + bytes((reduce(xor, head),))
