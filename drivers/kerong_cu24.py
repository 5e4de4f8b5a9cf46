"""A Kerong KR-CU24 (or KR-CU12) lock board on a serial line.

Hardware: 24 (12) locks of 12 V; the board itself ends each pulse after its stored unlock time, so a crash here leaves
no coil on and ``close`` has nothing to switch off.
Wire: RS-485, 19200 8N1, half duplex, the host asks and the board answers; ``drivers.kerong_frames`` has the bytes.
Source: hardware facts, 0, 1.3, 4.6 and 6.1.
Quirks: an unlock's answer proves nothing, only two equal readings of the hook bit do. A late answer may land in the
next exchange, and status replies all look alike: after any loss the driver asks for the version until that is answered
(answers come in order, so everything older has come by then) and reads the unlock time again, because what looked like
a lost reply may have been a restart that forgot it (``drivers.kerong_pulse_time``). A status of the wrong length means
another kind of board, where our highest channels could mean "all": such a board counts as silent.

One exchange at a time. A pulse is written once, in ``perform`` itself when the wire is free, and never repeated; it
waits at most for the exchange under way, and is dropped with an event if it cannot go out in ``reply_ms`` + 20 ms.
Knows its own doors' channels; must never know why a door is opened, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from drivers import kerong_frames as frames
from drivers.kerong_doors import DoorReader
from drivers.kerong_frames import Address, Ask, Decoder, EchoFilter, Frame, Lock
from drivers.kerong_pulse_time import Next, PulseTime
from drivers.port import PortGone, PortLike, PortWatch
from locker.config import Board
from locker.model import (
    Act,
    Attend,
    BoardBack,
    BoardSilent,
    DeviceTrouble,
    Event,
    Now,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
)

_PULSE_WAIT_MS = 20
_AFTER_SET_MS = 550  # "wait >500 ms after a set command"
_PULSE_WATCH_MS = 5000
_SILENT_POLL_MS = 1000
_REREADS_MAX = 6
_STATUS_MISSES_FACTOR = 4
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
    STATUS = "status"
    UNLOCK = "unlock"


@dataclass(slots=True)
class _Exchange:
    """One question under way. ``door`` is 0 except for an unlock; ``written`` once its last byte has gone out."""

    step: _Step
    command: int
    lock: int
    until_ms: int
    door: int = 0
    written: bool = False


class Cu24Driver:
    """One board and its doors, behind the ``Driver`` seam."""

    def __init__(self, board: Board, doors: Mapping[int, int], port: PortLike) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        self._board, self._port = board, port
        self._address, self._profile = Address(board.address), frames.PROFILES[board.kind]
        self._locks = {door: Lock(channel, self._profile) for door, channel in sorted(doors.items())}
        self._reader = DoorReader(doors, board.closed_bit)
        self._watch = PortWatch(board.name, port, board.retry_port_ms)
        self._decoder = Decoder()
        self._echo = EchoFilter()
        self._pulse_time = PulseTime(board.pulse_ms)
        self._events: list[Event] = []
        self._told: set[str] = set()
        self._counts = dict.fromkeys(("sent", "lost", "late", "echo", "refused", "changes", "pulses", "dropped"), 0)
        self._now_ms = self._next_ms = self._asked_ms = self._fast_until_ms = self._coil_free_ms = 0
        self._attended = False
        self._present: bool | None = None
        self._lost_in_row = self._status_misses = self._rereads = 0
        self._exchange: _Exchange | None = None
        self._want = _Step.VERSION
        self._waiting: Pulse | None = None
        self._waiting_until_ms = 0
        self._version = ""

    @property
    def name(self) -> str:
        """The configured board's name."""
        return self._board.name

    @property
    def version(self) -> str:
        """The board's firmware version as two hexadecimal bytes, empty until it said so."""
        return self._version

    def fileno(self) -> int | None:
        """The port's descriptor, or None while it is away."""
        return self._port.fileno()

    def deadline_ms(self) -> int | None:
        """When ``refresh`` has something to do even if nothing arrives."""
        if self._events:
            return self._now_ms
        if not self._port.is_open:
            return self._watch.retry_ms
        exchange, waiting = self._exchange, self._waiting
        if exchange is not None:
            due_ms = exchange.until_ms if exchange.written else self._now_ms + 1
        else:
            due_ms = self._coil_free_ms if waiting is not None and self._pulse_time.kept_ms else self._next_ms
        return due_ms if waiting is None else min(due_ms, self._waiting_until_ms)

    def refresh(self, now: Now) -> list[Event]:
        """Take what has arrived, go on, and return the facts."""
        if self._port.is_open:
            self._turn(now.ms)
        elif now.ms >= self._watch.retry_ms:
            self._reopen(now.ms)
        self._now_ms = now.ms
        if not self._events:
            return []
        events, self._events = self._events, []
        return events

    def accepts(self, act: Act) -> bool:
        """``Attend``, and ``Pulse`` of its own doors."""
        return isinstance(act, Attend) or (isinstance(act, Pulse) and act.door in self._locks)

    def perform(self, act: Act, now: Now) -> None:
        """Poll faster or slower, or write one unlock now. ``ValueError`` for an order that it does not accept."""
        self._now_ms = now.ms
        if isinstance(act, Attend):
            self._attended = act.present
            self._fast_until_ms = self._fast_until_ms if act.present else now.ms
            if self._present and self._want is _Step.STATUS:
                self._next_ms = min(self._next_ms, now.ms + self._interval_ms(now.ms))
        elif isinstance(act, Pulse) and act.door in self._locks:
            self._order(act, now.ms)
        else:
            raise ValueError(f"board {self.name}: {act!r} is not for its doors {tuple(self._locks)}")

    def counters(self) -> dict[str, int]:
        """Frames sent, replies lost, bad, late, echoed, refused, port losses, garbage bytes, door changes, pulses."""
        more = {"bad": self._decoder.bad, "garbage": self._decoder.garbage, "port_lost": self._watch.losses}
        return self._counts | more

    def close(self) -> None:
        """Let go of the port. Nothing to switch off: this board ends its pulses by itself."""
        self._port.close()

    def _turn(self, ms: int) -> None:
        try:
            self._send_on(ms)
            data = self._port.read()
            if data:
                for frame in self._decoder.feed(self._echo.strip(data)):
                    self._take(frame, ms)
            self._expire(ms)
            self._go_on(ms)
        except PortGone as error:
            self._lose_port(error, ms)

    def _take(self, frame: Frame, ms: int) -> None:
        """Believe a frame only as the answer to what is being asked."""
        if frame.ask == Ask.REQUEST:
            self._counts["echo"] += 1
            if not self._board.local_echo:
                self._trouble("echo", "our own requests come back: the adapter echoes, set local_echo = true")
            return
        asked = self._exchange
        fits = asked is not None and asked.written and frame.address == self._address.number
        if asked is None or not fits or (frame.command, frame.lock) != (asked.command, asked.lock):
            self._counts["late"] += 1
            return
        self._exchange = None
        self._lost_in_row = 0
        self._answered(asked, frame, ms)

    def _expire(self, ms: int) -> None:
        exchange = self._exchange
        if exchange is not None and ms >= exchange.until_ms:
            for frame in self._decoder.settle():
                self._take(frame, ms)
            if self._exchange is exchange:
                self._lose_reply(exchange, ms)
        if self._waiting is not None and ms >= self._waiting_until_ms:
            self._drop_waiting("the wire was not free in time")

    def _go_on(self, ms: int) -> None:
        """Begin the next exchange when one is due: a waiting pulse first, nothing else while it waits."""
        if self._exchange is not None:
            return
        if self._waiting is not None and self._pulse_time.kept_ms:
            if ms >= self._coil_free_ms:
                pulse, self._waiting = self._waiting, None
                self._ask(_Step.UNLOCK, ms, pulse.door)
        elif ms >= self._next_ms:
            self._ask(self._want, ms)

    def _ask(self, step: _Step, ms: int, door: int = 0) -> None:
        frame = self._frame(step, door)
        self._exchange = _Exchange(step, frame[3], frame[2], ms + self._board.reply_ms, door)
        self._asked_ms = ms
        self._counts["late"] += len(self._decoder.settle())
        self._echo.expect(frame if self._board.local_echo else b"")
        self._counts["sent"] += 1
        if not self._port.write(frame):
            self._written(self._exchange, ms)

    def _frame(self, step: _Step, door: int) -> bytes:
        if step is _Step.UNLOCK:
            return frames.unlock(self._address, self._locks[door])
        if step is _Step.SET_TIME:
            return frames.set_unlock_time(self._address, self._pulse_time.wanted_ms)
        simple = {_Step.STATUS: frames.status, _Step.VERSION: frames.version, _Step.TIME: frames.query_unlock_time}
        return simple[step](self._address)

    def _send_on(self, ms: int) -> None:
        exchange = self._exchange
        if exchange is not None and not exchange.written and not self._port.push():
            self._written(exchange, ms)

    def _written(self, exchange: _Exchange, ms: int) -> None:
        exchange.written = True
        if exchange.step is _Step.UNLOCK:
            exchange.until_ms = ms + self._board.unlock_reply_ms
            self._coil_free_ms = ms + (self._pulse_time.kept_ms or frames.PULSE_MS_MAX)
            self._counts["pulses"] += 1
            self._events.append(PulseSent(exchange.door))

    def _order(self, pulse: Pulse, ms: int) -> None:
        why = self._objection()
        if why:
            self._drop(pulse, why)
            return
        self._waiting, self._waiting_until_ms = pulse, ms + self._board.reply_ms + _PULSE_WAIT_MS
        self._turn(ms)

    def _objection(self) -> str:
        """Why no pulse may even wait now; empty when one may."""
        if not self._port.is_open:
            return "the port is gone"
        if not self._present:
            return "the board does not answer"
        if self._pulse_time.objection:
            return self._pulse_time.objection
        unlocking = self._exchange is not None and self._exchange.step is _Step.UNLOCK
        return "another pulse is under way" if self._waiting is not None or unlocking else ""

    def _drop(self, pulse: Pulse, why: str) -> None:
        self._counts["dropped"] += 1
        self._events.append(PulseDropped(pulse.door, why))

    def _drop_waiting(self, why: str) -> None:
        if self._waiting is not None:
            pulse, self._waiting = self._waiting, None
            self._drop(pulse, why)

    def _answered(self, asked: _Exchange, frame: Frame, ms: int) -> None:
        if asked.step is _Step.STATUS:
            self._read_doors(frame, ms)
        elif asked.step is _Step.UNLOCK:
            self._pulse_over(asked.door, _ANSWERS[Ask(frame.ask)], ms)
        elif asked.step is _Step.VERSION:
            self._version = frame.data.hex(" ")
            self._want, self._next_ms = _Step.TIME, ms
        elif asked.step is _Step.SET_TIME:
            self._want, self._next_ms = _Step.TIME, ms + _AFTER_SET_MS
        else:
            self._judge_time(frame, ms)

    def _judge_time(self, frame: Frame, ms: int) -> None:
        after, trouble = self._pulse_time.judge(frame)
        self._want = {Next.ASK: _Step.TIME, Next.SET: _Step.SET_TIME, Next.DOORS: _Step.STATUS}[after]
        self._next_ms = ms
        if trouble is not None:
            self._trouble(*trouble)

    def _read_doors(self, frame: Frame, ms: int) -> None:
        if frame.ask != Ask.OK or len(frame.data) != self._profile.status_bytes:
            self._refused(frame, ms)
            return
        self._status_misses = 0
        if not self._present:
            self._present = True
            self._events.append(BoardBack(self.name, tuple(self._locks)))
        seen = self._reader.read(int.from_bytes(frame.data, "little"))
        self._counts["changes"] += len(seen)
        self._events += seen
        self._rereads = self._rereads + 1 if self._reader.unsettled else 0
        at_once = 0 < self._rereads <= _REREADS_MAX
        self._next_ms = ms if at_once else max(ms, self._asked_ms + self._interval_ms(ms))

    def _refused(self, frame: Frame, ms: int) -> None:
        """A status answer that says nothing of the doors; one of the wrong length is another kind of board."""
        self._counts["refused"] += 1
        self._reader.break_off()
        self._next_ms = ms + self._interval_ms(ms)
        if frame.ask == Ask.OK:
            self._fall_silent(ms)
            found = f"{len(frame.data)} status bytes instead of {self._profile.status_bytes}"
            self._trouble("wrong kind of board", f"{found}; set kind in the configuration")
        else:
            self._miss_status(ms)

    def _pulse_over(self, door: int, answer: PulseAnswer, ms: int) -> None:
        self._events.append(PulseAnswered(door, answer))
        self._reader.pulsed(door)
        self._fast_until_ms = ms + _PULSE_WATCH_MS
        self._rereads = 0
        self._want, self._next_ms = _Step.STATUS, ms

    def _interval_ms(self, ms: int) -> int:
        fast = self._attended or ms < self._fast_until_ms
        return self._board.poll_ms if fast else self._board.idle_poll_ms

    def _lose_reply(self, exchange: _Exchange, ms: int) -> None:
        self._exchange = None
        self._counts["lost"] += 1
        self._lost_in_row += 1
        if exchange.step is _Step.UNLOCK and exchange.written:
            self._pulse_over(exchange.door, PulseAnswer.SILENT, ms)
        elif exchange.step is _Step.UNLOCK:
            self._drop(Pulse(exchange.door), "the port took no bytes")
        if not exchange.written:
            self._port.discard()
        rest_ms = _AFTER_SET_MS if exchange.step is _Step.SET_TIME else 0
        self._begin_setup(ms + (rest_ms if self._present is not False else _SILENT_POLL_MS))
        if exchange.step is _Step.STATUS:
            self._miss_status(ms)
        if self._lost_in_row >= self._board.silent_after:
            self._fall_silent(ms)

    def _miss_status(self, ms: int) -> None:
        self._status_misses += 1
        if self._status_misses >= _STATUS_MISSES_FACTOR * self._board.silent_after:
            self._fall_silent(ms)

    def _begin_setup(self, at_ms: int) -> None:
        """Get in step again: the version until answered, then the unlock time, then the doors."""
        self._want, self._next_ms = _Step.VERSION, at_ms
        self._pulse_time.doubt()
        self._reader.break_off()

    def _fall_silent(self, ms: int) -> None:
        self._lost_in_row = self._status_misses = 0
        self._reader.forget()
        self._drop_waiting("the board does not answer")
        if self._present is not False:
            self._events.append(BoardSilent(self.name, tuple(self._locks)))
            self._told.clear()
        self._present = False
        self._begin_setup(ms + _SILENT_POLL_MS)

    def _lose_port(self, error: PortGone, ms: int) -> None:
        self._events += self._watch.lost(error, ms)
        exchange, self._exchange = self._exchange, None
        if exchange is not None and exchange.step is _Step.UNLOCK:
            if exchange.written:
                self._pulse_over(exchange.door, PulseAnswer.SILENT, ms)
            else:
                self._drop(Pulse(exchange.door), "the port is gone")
        self._drop_waiting("the port is gone")
        self._fall_silent(ms)

    def _reopen(self, ms: int) -> None:
        self._events += self._watch.open(ms)
        if not self._port.is_open:
            if self._present is None:
                self._fall_silent(ms)
            return
        self._decoder.settle()
        self._pulse_time.reconnected()
        self._begin_setup(ms)
        self._turn(ms)

    def _trouble(self, what: str, detail: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._events.append(DeviceTrouble(self.name, what, detail))
