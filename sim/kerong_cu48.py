"""The far side of a KR-CU48 lock board: bytes in, bytes out, coils in a ``Body``.

Written from hardware facts, 1.2 (the maker's document v2.1, and the newer variant); knows nothing of the driver. An
unlock is not answered; the pulse has the length that the board was made with. The lock number in a reply means nothing:
it is ``reply_lock``, whatever is put there.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.body import Body
from sim.lock_board import LockBoard

COMMANDS = {"kr-cu48": (0x50, 0x51, 0x65), "kr-cu48b": (0x60, 0x61, 0x75)}
EVERY_BOARD, EVERY_LOCK = 0x0A, 0x30


class Cu48Board(LockBoard):
    """One KR-CU48 of either command set."""

    locks = 48

    def __init__(
        self,
        body: Body,
        address: int = 0,
        wires: Sequence[int] | None = None,
        pulse_ms: int = 550,
        kind: str = "kr-cu48",
    ) -> None:
        """As every lock board."""
        super().__init__(body, address, wires, pulse_ms)
        self.status, self.unlock, self.reply = COMMANDS[kind]
        self.reply_lock = 0

    def _request_bytes(self) -> int:
        return 6

    def _obey(self, frame: bytes, now_ms: int) -> None:
        address, lock, command = frame[1:4]
        if address not in (self.address, EVERY_BOARD):
            return
        if command == self.status:
            turn = 1 if address == self.address else 1 + self.address
            head = bytes((0x02, self.address, self.reply_lock, self.reply))
            self._say(head + self._hooks(now_ms).to_bytes(6, "little"), now_ms, self.exchange_ms * turn)
        elif command == self.unlock and lock <= EVERY_LOCK:
            self._unlock(lock, now_ms)
