"""An 8A/80 lock board (锁控板, many makers): its dialogue.

Hardware: 2 to 50 locks, 12 or 24 V; the board itself ends each pulse, after about 300 ms, which can be neither asked
nor set. Address 1..31 by DIP switch.
Wire: RS-485, 9600 8N1, half duplex; ``drivers.board_8a80_frames`` has the bytes.
Source: hardware facts, 2 to 2.4 and 4.6.
Quirks: the reply to an unlock comes after about a second (or 200 ms), and the doors are asked for only then, unless the
board is known to answer meanwhile (``ask_while_opening``): then its reply is a reason to look and no more, and a board
that leaves the first question after two unlocks in a row unanswered is told of and waited for from then on. On one
wiring the reply "failed", on the other the reply "opened" is the unlock itself, byte for byte, as is its echo: "opened"
in these bytes is never passed on, "failed" only while no echo was noticed. In which order the bytes of all locks come
differs, so after each unlock that lock is asked for by itself as well; where the two disagree three times, that is
told. Boards may say unasked (81, 82) that a door moved: a reason to ask, no more, because sources differ in what the
byte after it means. Answers look alike, so that after a loss the wire rests for ``reply_ms``.

Knows this board's questions and answers; must never know when they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from drivers import board_8a80_frames as frames
from drivers.board_8a80_frames import ASK, CLEAR, OPEN, ORDER, PUSHED, QUESTION, SET, Address, Frame, Lock
from drivers.dialect import STATUS, Answered, Doors, OnTheWay, Question, Refused, Stranger, Trouble, Unproven, Verdict
from drivers.echo import EchoEar
from locker.config import Board
from locker.config_serial import EightABoard
from locker.model import PulseAnswer

_DISAGREEMENTS_MAX = 3
_UNHEARD_MAX = 3
_DEAF_MAX = 2
_GAP_MS = 10
"""More than a frame's end between an unlock and the next question."""
_ONE = "one"


class Board8a80:
    """The dialogue with one board."""

    objection = ""

    def __init__(self, board: Board, doors: Mapping[int, int]) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        if not isinstance(board, EightABoard):
            raise ValueError(f"board {board.name}: {board.kind} is no 8a80")
        address = Address(board.address)
        self._locks = {door: Lock(channel + 1, board.channels) for door, channel in doors.items()}
        self._number, self._needed = address.number, max((lock.number for lock in self._locks.values()), default=1)
        self._order: Literal["big", "little"] = "big" if board.byte_order == "high_first" else "little"
        self._done = CLEAR if board.closed_bit == 1 else SET
        self.alike_rest_ms, self.kept_ms = board.reply_ms, board.pulse_ms
        self._status = Question(STATUS, frames.ask_all(address), board.reply_ms)
        self._ones = {
            door: Question(_ONE, frames.ask_one(address, lock), board.reply_ms) for door, lock in self._locks.items()
        }
        self._unlocks = {
            door: Question("unlock", frames.open_one(address, lock), board.unlock_reply_ms, door=door)
            for door, lock in self._locks.items()
        }
        self._asks = self._may_ask = board.ask_while_opening
        self._gap_ms = board.quiet_ms + _GAP_MS
        self._first_after = False
        self._deaf = 0
        self._ear = EchoEar(stripped=board.local_echo)
        self._want: Question | None = None
        self._alone: tuple[int, bool] | None = None
        self._length = self._disagreements = self._unheard = 0

    @property
    def in_step(self) -> bool:
        """Whether the next question is the doors' status."""
        return self._want is None

    def begin(self) -> None:
        """The doors at once: there is nothing to set up."""
        self._want = self._alone = None

    def reconnected(self) -> None:
        """Perhaps another adapter and another board."""
        self._ear.forget()
        self._length = self._disagreements = self._unheard = self._deaf = 0
        self._asks, self._first_after = self._may_ask, False

    def question(self) -> Question:
        """The doors; after an unlock first the one that it was for."""
        return self._want or self._status

    def unlock(self, door: int) -> Question:
        """The pulse of one door."""
        self._ear.sent()
        self._first_after = self._asks
        if self._asks:
            return replace(self._unlocks[door], wait_ms=self._gap_ms, answered=False)
        self._want = self._ones[door] if self._unheard < _UNHEARD_MAX else None
        return self._unlocks[door]

    def is_own(self, frame: Frame) -> bool:
        """A question is unlike every answer; an unlock is not, and is ours only where questions came back before."""
        if frame.head == ASK and not frame.states and frame.value == QUESTION:
            self._ear.came_back()
            return True
        return self.is_mine(frame) and frame.head == OPEN and frame.value == ORDER and self._ear.takes()

    def is_mine(self, frame: Frame) -> bool:
        """By its address."""
        return frame.address == self._number

    def is_news(self, frame: Frame) -> bool:
        """A door of this board moved, or an unlock is over that nobody waits for: then that lock is asked for next."""
        if frame.address != self._number:
            return False
        if frame.head == OPEN and self._asks:
            door = next((door for door, lock in self._locks.items() if lock.number == frame.lock), 0)
            self._want = self._ones[door] if door and self._unheard < _UNHEARD_MAX else None
            return True
        return frame.head in PUSHED

    def fits(self, question: Question, frame: Frame) -> bool:
        """The same first byte and board as in the request, and the same lock where it was one."""
        asked = question.frame
        if frame.address != self._number or frame.head != asked[0]:
            return False
        return bool(frame.states) if question.what == STATUS else not frame.states and frame.lock == asked[2]

    def take(self, question: Question, frame: Frame) -> Verdict:
        """What a fitting answer means."""
        if question.door:
            return self._answer(frame)
        if question.what == STATUS:
            if self._first_after:
                self._first_after, self._deaf = False, 0
            return self._doors(frame)
        self._want, self._unheard = None, 0
        self._alone = (frame.lock, frame.value == SET)
        return OnTheWay()

    def unanswered(self, question: Question) -> Trouble | None:
        """A board that does not know the question after one lock is not asked it any more."""
        if question.what == _ONE:
            self._unheard += 1
            if self._unheard == _UNHEARD_MAX:
                return "no answer of one lock", "80 CC 33 is not answered: the byte order cannot be checked"
        elif question.what == STATUS and self._first_after:
            self._first_after, self._deaf = False, self._deaf + 1
            if self._deaf == _DEAF_MAX:
                self._asks = False
                return "deaf while opening", "it answers no question before the unlock: set ask_while_opening = false"
        return None

    def _answer(self, frame: Frame) -> Verdict:
        """Only bytes unlike the order are proof that somebody answered."""
        if frame.value != self._done:
            return Answered(PulseAnswer.FAILED)
        return Unproven() if frame.value == ORDER else Answered(PulseAnswer.OK)

    def _doors(self, frame: Frame) -> Verdict:
        """All bits; the number of bytes must be the same twice, and enough for our locks."""
        states = frame.states
        if len(states) != self._length:
            known, self._length = self._length, len(states)
            if known:
                return Refused()
        if 8 * len(states) < self._needed:
            found = f"{len(states)} bytes for all locks, door on lock {self._needed}"
            return Stranger(("wrong kind of board", f"{found}; set channel of the doors, or address"))
        hooks = int.from_bytes(states, self._order)
        return Doors(hooks, trouble=self._compared(hooks))

    def _compared(self, hooks: int) -> Trouble | None:
        """What the lock said by itself, against its bit of all: the bytes may be in the other order."""
        alone, self._alone = self._alone, None
        if alone is None:
            return None
        lock, closed = alone
        agrees = bool(hooks >> lock - 1 & 1) == closed
        self._disagreements = 0 if agrees else self._disagreements + 1
        if self._disagreements < _DISAGREEMENTS_MAX:
            return None
        return "byte order in doubt", f"lock {lock} by itself says otherwise than in the bytes of all: set byte_order"
