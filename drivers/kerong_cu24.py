"""A Kerong KR-CU24 (or KR-CU12) lock board: its dialogue, and its driver on a port of its own.

Hardware: 24 (12) locks of 12 V; the board itself ends each pulse after its stored unlock time.
Wire: RS-485, 19200 8N1, half duplex, the host asks and the board answers; ``drivers.kerong_frames`` has the bytes.
Source: hardware facts, 1.3, 4.6 and 6.1.
Quirks: a late answer may land in the next exchange, and status replies all look alike: after any loss the driver asks
for the version until that is answered (answers come in order, so everything older has come by then) and reads the
unlock time again, because what looked like a lost reply may have been a restart that forgot it
(``drivers.kerong_pulse_time``). A status of the wrong length means another kind of board, where our highest channels
could mean "all": such a board counts as silent.

A pulse waits at most for the exchange under way, and is dropped with an event if it cannot go out in ``reply_ms`` +
20 ms. Knows this board's questions and answers; must never know when they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from drivers import kerong_frames as frames
from drivers.board import BoardDriver
from drivers.bus import Bus
from drivers.dialect import STATUS, Answered, Doors, OnTheWay, Question, Refused, Stranger, Trouble, Verdict
from drivers.kerong_frames import Address, Ask, Decoder, Frame, Lock
from drivers.kerong_pulse_time import Next, PulseTime
from drivers.port import PortLike
from locker.config import Board
from locker.model import PulseAnswer

_AFTER_SET_MS = 550  # "wait >500 ms after a set command"
_ANSWERS = {
    Ask.OK: PulseAnswer.OK,
    Ask.FAILED: PulseAnswer.FAILED,
    Ask.TIMEOUT: PulseAnswer.TIMEOUT,
    Ask.UNKNOWN_COMMAND: PulseAnswer.UNKNOWN_COMMAND,
    Ask.BAD_DATA: PulseAnswer.BAD_DATA,
}


class _Step(Enum):
    VERSION = "version"
    TIME = "time"
    SET_TIME = "set_time"
    STATUS = STATUS


class Cu24:
    """The dialogue with one board. ``version`` is its firmware's, as two hexadecimal bytes, empty until it said so."""

    alike_rest_ms = 0

    def __init__(self, board: Board, doors: Mapping[int, int]) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        address, self._profile = Address(board.address), frames.PROFILES[board.kind]
        locks = {door: Lock(channel, self._profile) for door, channel in doors.items()}
        self._number = address.number
        self._pulse_time = PulseTime(board.pulse_ms)
        self._want = _Step.VERSION
        self.version = ""
        set_time = frames.set_unlock_time(address, self._pulse_time.wanted_ms)
        self._questions = {
            _Step.VERSION: Question("version", frames.version(address), board.reply_ms),
            _Step.TIME: Question("time", frames.query_unlock_time(address), board.reply_ms),
            _Step.SET_TIME: Question("set_time", set_time, board.reply_ms, rest_ms=_AFTER_SET_MS),
            _Step.STATUS: Question(STATUS, frames.status(address), board.reply_ms),
        }
        self._unlocks = {
            door: Question("unlock", frames.unlock(address, lock), board.unlock_reply_ms, door=door)
            for door, lock in locks.items()
        }

    @property
    def in_step(self) -> bool:
        """Whether the next question is the doors' status."""
        return self._want is _Step.STATUS

    @property
    def kept_ms(self) -> int | None:
        """How long the board keeps a coil on, once it has been read back."""
        return self._pulse_time.kept_ms

    @property
    def objection(self) -> str:
        """Why no pulse may go out: a pulse time that is not safe."""
        return self._pulse_time.objection

    def begin(self) -> None:
        """The version until answered, then the unlock time, then the doors."""
        self._want = _Step.VERSION
        self._pulse_time.doubt()

    def reconnected(self) -> None:
        """Perhaps another board: its unlock time may be set again."""
        self._pulse_time.reconnected()

    def question(self) -> Question:
        """What to ask next."""
        return self._questions[self._want]

    def unlock(self, door: int) -> Question:
        """The pulse of one door."""
        return self._unlocks[door]

    def is_own(self, frame: Frame) -> bool:
        """Only requests have ASK 00."""
        return frame.ask == Ask.REQUEST

    def is_mine(self, frame: Frame) -> bool:
        """By its address."""
        return frame.address == self._number

    def is_news(self, frame: Frame) -> bool:
        """Never: the host asks."""
        return False

    def fits(self, question: Question, frame: Frame) -> bool:
        """The same address, lock and command as in the request."""
        asked = question.frame
        return frame.address == self._number and frame.command == asked[3] and frame.lock == asked[2]

    def take(self, question: Question, frame: Frame) -> Verdict:
        """What a fitting answer means."""
        if frame.command == frames.Command.STATUS:
            return self._doors(frame)
        if question.door:
            return Answered(_ANSWERS[Ask(frame.ask)])
        if question.what == "time":
            return self._judge_time(frame)
        if question.what == "version":
            self.version = frame.data.hex(" ")
        self._want = _Step.TIME
        return OnTheWay(version=self.version)

    def unanswered(self, question: Question) -> Trouble | None:
        """Nothing to conclude: the engine begins again."""

    def _doors(self, frame: Frame) -> Verdict:
        if frame.ask != Ask.OK:
            return Refused()
        if len(frame.data) != self._profile.status_bytes:
            found = f"{len(frame.data)} status bytes instead of {self._profile.status_bytes}"
            return Stranger(("wrong kind of board", f"{found}; set kind in the configuration"))
        if self._pulse_time.try_again():
            self._want = _Step.TIME
        return Doors(int.from_bytes(frame.data, "little"))

    def _judge_time(self, frame: Frame) -> OnTheWay:
        if frame.ask == Ask.UNKNOWN_COMMAND:
            self._want = _Step.STATUS
            return OnTheWay(self._pulse_time.lacks_command("the board has no command 82; its document says 550 ms"))
        after, trouble = self._pulse_time.judge(frames.unlock_time_ms(frame), f", ask {frame.ask:02X}")
        self._want = {Next.ASK: _Step.TIME, Next.SET: _Step.SET_TIME, Next.DOORS: _Step.STATUS}[after]
        return OnTheWay(trouble)


class Cu24Driver(BoardDriver[Frame]):
    """One KR-CU24 or KR-CU12 on a port of its own."""

    def __init__(self, board: Board, doors: Mapping[int, int], port: PortLike) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        self._cu24 = Cu24(board, doors)
        super().__init__(board, doors, Bus(port, Decoder()), self._cu24)

    @property
    def version(self) -> str:
        """The board's firmware version as two hexadecimal bytes, empty until it said so."""
        return self._cu24.version
