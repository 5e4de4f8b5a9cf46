"""A Kerong KR-CU16 lock board, alone or as one of a pair (16 + 8 doors, addresses 0 and 1): its dialogue.

Hardware: 16 locks and 16 sockets for a sensor inside; the board itself ends each pulse.
Wire: RS-485 or RS-232, 19200 8N1 (one site: 115200), half duplex; ``drivers.kerong_cu16_frames`` has the bytes.
Source: hardware facts, 1.1 and 4.6.
Quirks: an unlock has no answer; the hooks are asked 25 ms after it. All answers look alike, so that after a loss the
wire is left alone for twice ``reply_ms``: an answer that comes still later is taken for the next one, which one
reading may be wrong by, and two in a row are not. Both polarities of the hook bit are in the field.

The unlock time (command 37) is known from one source only, so it is used only where ``pulse_command`` says that the
board has it. Then it is read, set and read back like a KR-CU24's, before the first pulse and after every loss; a board
that answers the status and five times not the time gets no pulses, is told, and is asked again now and then. Without
``pulse_command``, ``pulse_ms`` is only what we take the board to do. Command 38 as a "reset" is not used: it is the
reply elsewhere.

Knows this board's questions and answers; must never know when they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from drivers import kerong_cu16_frames as frames
from drivers.dialect import STATUS, Doors, OnTheWay, Question, Trouble, Verdict
from drivers.kerong_cu16_frames import Address, Command, Frame, Lock
from drivers.kerong_pulse_time import Next, PulseTime
from locker.config import Board

BUSY_MS = 25
"""After an unlock, before the next question: the shortest time that was seen to work."""
_AFTER_SET_MS = 550
_UNHEARD_MAX = 5
_STATUSES_BETWEEN = 40
_UNHEARD = "the board does not answer command 37"


class _Step(Enum):
    """``THERE`` is a status question that only proves that somebody answers."""

    THERE = "there"
    TIME = "time"
    SET_TIME = "set_time"
    STATUS = STATUS


class Cu16:
    """The dialogue with one board."""

    def __init__(self, board: Board, doors: Mapping[int, int]) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        address = Address(board.address)
        self._number, self._timed = address.number, board.pulse_command
        self.alike_rest_ms = 2 * board.reply_ms
        self._assumed_ms = board.pulse_ms
        self._pulse_time = PulseTime(board.pulse_ms)
        self._unheard = self._statuses = 0
        set_time = frames.set_unlock_time(address, self._pulse_time.wanted_ms)
        self._questions = {
            _Step.THERE: Question("there", frames.status(address), board.reply_ms),
            _Step.TIME: Question("time", frames.query_unlock_time(address), board.reply_ms),
            _Step.SET_TIME: Question("set_time", set_time, board.reply_ms, answered=False, rest_ms=_AFTER_SET_MS),
            _Step.STATUS: Question(STATUS, frames.status(address), board.reply_ms),
        }
        self._unlocks = {
            door: Question("unlock", frames.unlock(address, Lock(channel)), BUSY_MS, answered=False, door=door)
            for door, channel in doors.items()
        }
        self.begin()

    @property
    def in_step(self) -> bool:
        """Whether the next question is the doors' status."""
        return self._want is _Step.STATUS

    @property
    def kept_ms(self) -> int | None:
        """How long the board keeps a coil on: as read back, or as configured where that cannot be asked."""
        return self._pulse_time.kept_ms if self._timed else self._assumed_ms

    @property
    def objection(self) -> str:
        """Why no pulse may go out: a pulse time that is not safe, or that is not told."""
        return self._pulse_time.objection or (_UNHEARD if self._unheard >= _UNHEARD_MAX else "")

    def begin(self) -> None:
        """The doors at once; where the time is asked, whether somebody is there, then the time, then the doors."""
        self._want = _Step.THERE if self._timed else _Step.STATUS
        self._pulse_time.doubt()

    def reconnected(self) -> None:
        """Perhaps another board: its time may be set again."""
        self._unheard = 0
        self._pulse_time.reconnected()

    def question(self) -> Question:
        """What to ask next."""
        return self._questions[self._want]

    def unlock(self, door: int) -> Question:
        """The pulse of one door."""
        return self._unlocks[door]

    def is_own(self, frame: Frame) -> bool:
        """By its command."""
        return frame.command in frames.REQUESTS

    def is_mine(self, frame: Frame) -> bool:
        """By the high half of its address byte."""
        return frame.address == self._number

    def is_news(self, frame: Frame) -> bool:
        """Never: the host asks."""
        return False

    def fits(self, question: Question, frame: Frame) -> bool:
        """A status after a status question, a time after a question or a setting of it."""
        if question.door or frame.address != self._number:
            return False
        timed = question.what in ("time", "set_time")
        return frame.command == (Command.TIME_REPLY if timed else Command.STATUS_REPLY)

    def take(self, question: Question, frame: Frame) -> Verdict:
        """What a fitting answer means; lock 1 is bit 0 of the first byte, its sensor bit 0 of the third."""
        if question.what == STATUS:
            self._ask_again()
            return Doors(int.from_bytes(frame.data[:2], "little"), int.from_bytes(frame.data[2:], "little"))
        if question.what == "time":
            return self._judge_time(frame)
        if question.what == "there" and self._unheard >= _UNHEARD_MAX:
            self._statuses, self._want = 0, _Step.STATUS
            return OnTheWay(("pulse time unknown", f"{_UNHEARD}: no pulses; if it has none, set pulse_command = false"))
        self._want = _Step.TIME
        return OnTheWay()

    def unanswered(self, question: Question) -> Trouble | None:
        """A setting that was not answered is read back; a time that was not told is asked once more."""
        if question.what == "set_time":
            self._want = _Step.TIME
        elif question.what == "time":
            self._unheard += 1
        elif question.what == "there":
            self._unheard = 0
        return None

    def _ask_again(self) -> None:
        """Where the time was not told, once in forty readings of the doors; where it is not safe, ever more rarely."""
        self._statuses += 1
        if self._pulse_time.try_again() or (self._unheard >= _UNHEARD_MAX and self._statuses >= _STATUSES_BETWEEN):
            self._want = _Step.TIME

    def _judge_time(self, frame: Frame) -> OnTheWay:
        self._unheard = 0
        after, trouble = self._pulse_time.judge(frames.unlock_time_ms(frame))
        self._want = {Next.ASK: _Step.TIME, Next.SET: _Step.SET_TIME, Next.DOORS: _Step.STATUS}[after]
        return OnTheWay(trouble)
