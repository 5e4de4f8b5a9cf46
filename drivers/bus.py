"""One port with lock boards on it: one exchange at a time over all of them, a pulse first, everybody in turn.

The board that joined first is the head: it opens the port, tells its loss and its return, and its ``refresh`` turns the
bus; so it is refreshed before the others. A pulse is written once, when the wire is free, never repeated, and one coil
at most is on over all boards. Questions go to the board that has been due for longest. A board that does not answer
holds up the others for its ``reply_ms`` at a time: while it is not yet held to be silent, each other board is asked in
between; then one silent board is asked a second, however many there are.

Source: hardware facts, 0 and 6.1; invariant 4. Knows ports, times and turns; must never know what a frame means, which
doors there are, nor read a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic

from drivers.dialect import PULSE_MS_MAX, Decoder, F, Question
from drivers.echo import EchoFilter
from drivers.port import PortGone, PortLike, PortWatch
from locker.model import Pulse

if TYPE_CHECKING:
    from drivers.board import BoardDriver

SILENT_POLL_MS = 1000
PULSE_WAIT_MS = 20


@dataclass(slots=True)
class _Exchange(Generic[F]):
    """One question under way; ``written`` once its last byte has gone out."""

    board: BoardDriver[F]
    question: Question
    until_ms: int
    written: bool = False


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[F]):
    """A pulse that waits for the wire."""

    board: BoardDriver[F]
    pulse: Pulse
    until_ms: int


class Bus(Generic[F]):
    """The port, the exchange under way, and the boards in the order in which they joined."""

    def __init__(self, port: PortLike, decoder: Decoder[F]) -> None:
        """Nothing is opened yet."""
        self.port, self._decoder = port, decoder
        self._boards: list[BoardDriver[F]] = []
        self._echo = EchoFilter()
        self._exchange: _Exchange[F] | None = None
        self._waiting: _Waiting[F] | None = None
        self._ordered_ms: int | None = None
        self._coil_free_ms = self._probe_ms = self._heard_ms = 0
        self._bad = self._garbage = 0

    def join(self, board: BoardDriver[F]) -> bool:
        """Another board on this port; whether it is the head."""
        self._boards.append(board)
        if len(self._boards) > 1:
            return False
        self._head = board
        self._watch = PortWatch(board.name, self.port, board.board.retry_port_ms)
        return True

    @property
    def losses(self) -> int:
        """How often the port was lost."""
        return self._watch.losses

    @property
    def pulsing(self) -> bool:
        """Whether a pulse waits or is under way."""
        return self._waiting is not None or (self._exchange is not None and self._exchange.question.door != 0)

    def deadline_ms(self, now_ms: int) -> int:
        """When ``turn`` has something to do even if nothing arrives."""
        if not self.port.is_open:
            return self._watch.retry_ms
        if self._ordered_ms is not None:
            return now_ms
        exchange, waiting = self._exchange, self._waiting
        if exchange is not None:
            due_ms = exchange.until_ms if exchange.written else now_ms + 1
        elif waiting is not None and waiting.board.dialect.kept_ms:
            due_ms = self._coil_free_ms
        else:
            due_ms = self._due_ms(self._next())
        if self._unended:
            due_ms = min(due_ms, self._heard_ms + self._decoder.quiet_ms)
        return due_ms if waiting is None else min(due_ms, waiting.until_ms)

    def turn(self, ms: int) -> None:
        """Take what has arrived, and go on."""
        if self._ordered_ms is not None:
            self._catch_up(ms - self._ordered_ms)
        if self.port.is_open:
            self._go(ms)
        elif ms >= self._watch.retry_ms:
            self._reopen(ms)

    def order(self, board: BoardDriver[F], pulse: Pulse, ms: int) -> None:
        """Write this pulse now, or as soon as the exchange under way is over.

        One reply may be lost meanwhile: then its board is asked again until it is in step, and there is time for that.
        ``ms`` is when the turn began that orders it: it may have waited for the disk since, and the next one, which
        follows at once, tells how long.
        """
        wait_ms = max(other.board.reply_ms for other in self._boards)
        self._waiting = _Waiting(board, pulse, ms + 2 * wait_ms + PULSE_WAIT_MS)
        self._ordered_ms = ms
        self._go(ms)

    def _catch_up(self, late_ms: int) -> None:
        """The order was given so much later than its turn began: what it waits for has as much more time."""
        self._ordered_ms = None
        self._coil_free_ms += late_ms
        if self._exchange is not None:
            self._exchange.until_ms += late_ms
        if self._waiting is not None:
            self._waiting = replace(self._waiting, until_ms=self._waiting.until_ms + late_ms)

    def withdraw(self, board: BoardDriver[F], why: str) -> None:
        """The pulse of this board that waits, if there is one, never goes out."""
        waiting = self._waiting
        if waiting is not None and waiting.board is board:
            self._waiting = None
            board.drop(waiting.pulse, why)

    # --- one turn ---------------------------------------------------------------------------------

    def _go(self, ms: int) -> None:
        try:
            self._send_on(ms)
            data = self.port.read()
            if data:
                self._heard_ms = ms
                self._hear(self._decoder.feed(self._echo.strip(data)), ms)
            if self._unended and ms >= self._heard_ms + self._decoder.quiet_ms:
                self._hear(self._decoder.settle(), ms)
            self._expire(ms)
            self._go_on(ms)
        except PortGone as error:
            self._lose_port(error, ms)

    @property
    def _unended(self) -> bool:
        """Whether the line must fall quiet for what has come to be whole."""
        return self._decoder.quiet_ms > 0 and self._decoder.holding

    def _hear(self, frames: list[F], ms: int) -> None:
        """Take each frame, and count what was none for the board that is being asked."""
        decoder = self._decoder
        if decoder.garbage != self._garbage or decoder.bad != self._bad:
            board = self._exchange.board if self._exchange is not None else self._head
            board.count("bad", decoder.bad - self._bad)
            board.count("garbage", decoder.garbage - self._garbage)
            self._bad, self._garbage = decoder.bad, decoder.garbage
        for frame in frames:
            self._take(frame, ms)

    def _take(self, frame: F, ms: int) -> None:
        """Believe a frame only as the answer to what is being asked."""
        asked = self._exchange
        board = asked.board if asked is not None else self._head
        if board.dialect.is_own(frame):
            board.echoed()
        elif asked is not None and asked.written and board.dialect.fits(asked.question, frame):
            self._exchange = None
            board.answered(asked.question, frame, ms)
        else:
            owner = next((b for b in self._boards if b.dialect.is_mine(frame)), board)
            if owner.dialect.is_news(frame):
                owner.pushed(ms)
            else:
                owner.unasked(ms)

    def _expire(self, ms: int) -> None:
        exchange = self._exchange
        if exchange is not None and ms >= exchange.until_ms:
            self._hear(self._decoder.settle(), ms)
            if self._exchange is exchange:
                self._end(exchange, ms)
        if self._waiting is not None and ms >= self._waiting.until_ms:
            self.withdraw(self._waiting.board, "the wire was not free in time")

    def _end(self, exchange: _Exchange[F], ms: int) -> None:
        """Its time is over without an answer."""
        self._exchange = None
        if exchange.written and not exchange.question.answered:
            exchange.board.unanswered(exchange.question, ms)
            return
        exchange.board.lost(exchange.question, exchange.written, ms)
        if not exchange.written:
            self.port.discard()

    def _go_on(self, ms: int) -> None:
        """Begin the next exchange when one is due: a waiting pulse first, nothing else while it waits."""
        if self._exchange is not None:
            return
        waiting = self._waiting
        if waiting is not None and waiting.board.dialect.kept_ms:
            if ms >= self._coil_free_ms:
                self._waiting = None
                self._ask(waiting.board, waiting.board.dialect.unlock(waiting.pulse.door), ms)
            return
        board = self._next()
        if ms >= self._due_ms(board):
            if board.missing:
                self._probe_ms = ms + SILENT_POLL_MS
            self._ask(board, board.dialect.question(), ms)

    def _next(self) -> BoardDriver[F]:
        """The board that has been due for longest, or will be first; of equals, the one that was not asked for longest.

        While a pulse waits for its board to be in step, that board.
        """
        if len(self._boards) == 1:
            return self._head
        if self._waiting is not None:
            return self._waiting.board
        return min(self._boards, key=lambda board: (self._due_ms(board), board.asked_ms))

    def _due_ms(self, board: BoardDriver[F]) -> int:
        return max(board.next_ms, self._probe_ms) if board.missing else board.next_ms

    def _ask(self, board: BoardDriver[F], question: Question, ms: int) -> None:
        waits_after = question.door or not question.answered
        until_ms = ms + (board.board.reply_ms if waits_after else question.wait_ms)
        self._exchange = exchange = _Exchange(board, question, until_ms)
        self._hear_late(ms)
        board.asked_ms = ms
        board.count("sent")
        self._echo.expect(question.frame if board.board.local_echo else b"")
        if not self.port.write(question.frame):
            self._written(exchange, ms)

    def _hear_late(self, ms: int) -> None:
        """What was still incomplete belongs to nothing that is asked from now on."""
        late = self._decoder.settle()
        if late or self._decoder.garbage != self._garbage:
            self._hear(late, ms)

    def _send_on(self, ms: int) -> None:
        exchange = self._exchange
        if exchange is not None and not exchange.written and not self.port.push():
            self._written(exchange, ms)

    def _written(self, exchange: _Exchange[F], ms: int) -> None:
        exchange.written = True
        question, board = exchange.question, exchange.board
        if question.door:
            self._coil_free_ms = ms + (board.dialect.kept_ms or PULSE_MS_MAX)
            board.sent(question.door)
        if question.door or not question.answered:
            exchange.until_ms = ms + question.wait_ms

    # --- the port ---------------------------------------------------------------------------------

    def _lose_port(self, error: PortGone, ms: int) -> None:
        self._head.tell(*self._watch.lost(error, ms))
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.board.cut_off(exchange.question, exchange.written, ms)
        for board in self._boards:
            self.withdraw(board, "the port is gone")
            board.fall_silent(ms)

    def _reopen(self, ms: int) -> None:
        self._head.tell(*self._watch.open(ms))
        if not self.port.is_open:
            for board in self._boards:
                if board.present is None and self._watch.is_lost:
                    board.fall_silent(ms)
            return
        self._decoder.settle()
        self._bad, self._garbage, self._probe_ms = self._decoder.bad, self._decoder.garbage, 0
        for board in self._boards:
            board.reconnected(ms)
        self._go(ms)
