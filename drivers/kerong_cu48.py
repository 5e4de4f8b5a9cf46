"""A Kerong KR-CU48 lock board, whole or half used: its dialogue.

Hardware: 48 locks; the board itself ends each pulse, after a time that the protocol can neither ask nor set.
Wire: RS-485, 19200 8N1, half duplex; ``drivers.kerong_cu48_frames`` has the bytes.
Source: hardware facts, 1.2 and 4.6.
Quirks: an unlock has no answer; the hooks are asked 25 ms after it. All answers look alike, so that after a loss the
wire is left alone for twice ``reply_ms``: an answer that comes still later is taken for the next one, which one
reading may be wrong by, and two in a row are not. ``pulse_ms`` is only what we take the board to do. Polarity depends
on the switches.

Knows this board's questions and answers; must never know when they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers import kerong_cu48_frames as frames
from drivers.dialect import STATUS, Doors, Question, Trouble, Verdict
from drivers.kerong_cu48_frames import Address, Frame, Lock
from locker.config import Board

BUSY_MS = 25
"""After an unlock, before the next question: the shortest time that was seen to work (hardware facts, 1.1)."""


class Cu48:
    """The dialogue with one board."""

    in_step = True
    objection = ""

    def __init__(self, board: Board, doors: Mapping[int, int]) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        address, self._commands = Address(board.address), frames.COMMAND_SETS[board.kind]
        self._number = address.number
        self.alike_rest_ms = 2 * board.reply_ms
        self.kept_ms: int | None = board.pulse_ms
        self._status = Question(STATUS, frames.status(address, self._commands), board.reply_ms)
        self._unlocks = {
            door: Question("unlock", frames.unlock(address, Lock(channel), self._commands), BUSY_MS, False, door=door)
            for door, channel in doors.items()
        }

    def begin(self) -> None:
        """There is only one question to begin with."""

    def reconnected(self) -> None:
        """Nothing is known of the board that another one could have different."""

    def question(self) -> Question:
        """The doors, always."""
        return self._status

    def unlock(self, door: int) -> Question:
        """The pulse of one door."""
        return self._unlocks[door]

    def is_own(self, frame: Frame) -> bool:
        """Only replies have data."""
        return not frame.data

    def is_mine(self, frame: Frame) -> bool:
        """By its address."""
        return frame.address == self._number

    def is_news(self, frame: Frame) -> bool:
        """Never: the host asks."""
        return False

    def fits(self, question: Question, frame: Frame) -> bool:
        """The hooks of this board, when they were asked."""
        return question.what == STATUS and frame.address == self._number and frame.command == self._commands.reply

    def take(self, question: Question, frame: Frame) -> Verdict:
        """Lock 1 is bit 0 of the first byte."""
        return Doors(int.from_bytes(frame.data, "little"))

    def unanswered(self, question: Question) -> Trouble | None:
        """Nothing to conclude."""
