"""One lock board and its doors, behind the ``Driver`` seam: when to ask, what is believed, whether it is there.

The engine's other half is ``drivers.bus``, which owns the port; what is said on the wire is a ``drivers.dialect``.

Hardware: any board with a pulse that ends by itself, so that a crash here leaves no coil on.
Wire: half duplex; the host asks, the board answers, or does not.
Source: hardware facts, 0; the shape is libosdp's (one small enum for the exchange, another for the device).
Quirks: an unlock's answer proves nothing, only two equal readings of the hook bit do. After any loss the dialect begins
again, because what looked like a lost reply may have been a restart; where a late answer would look like the next one
(``Dialect.alike_rest_ms``) the board is left alone until nothing has been heard for so long.

Polls fast while somebody is there and after a pulse, slowly else, and at once after a difference, six times at most.
Knows its own doors; must never know why a door is opened, what the bytes mean, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Generic

from drivers.bus import SILENT_POLL_MS, Bus
from drivers.dialect import STATUS, Answered, Dialect, Doors, F, OnTheWay, Question, Refused, Trouble, Unproven
from drivers.door_reader import DoorReader
from locker.config import Board
from locker.model import (
    Act,
    Attend,
    BoardBack,
    BoardSilent,
    DeviceKnown,
    DeviceTrouble,
    Event,
    Now,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
)

_PULSE_WATCH_MS = 5000
_REREADS_MAX = 6
_STATUS_MISSES_FACTOR = 4
_COUNTED = ("sent", "lost", "late", "echo", "refused", "changes", "pulses", "dropped", "bad", "garbage", "pushed")


class BoardDriver(Generic[F]):
    """One board on a bus. ``next_ms`` and ``asked_ms`` are the times of its next and last question."""

    def __init__(
        self,
        board: Board,
        doors: Mapping[int, int],
        bus: Bus[F],
        dialect: Dialect[F],
        sensing: Collection[int] = (),
    ) -> None:
        """``doors`` maps each door of this board to its channel; the doors in ``sensing`` have a sensor inside."""
        self.board, self.dialect, self._bus = board, dialect, bus
        self._doors = tuple(sorted(doors))
        self._reader = DoorReader(doors, board.closed_bit, sensing)
        self._events: list[Event] = []
        self._told: set[str] = set()
        self._version = ""
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._now_ms = self._fast_until_ms = self._rested_ms = 0
        self._attended = False
        self._lost_in_row = self._status_misses = self._rereads = 0
        self.present: bool | None = None
        self.missing = False
        self.next_ms = self.asked_ms = 0
        self._is_head = bus.join(self)

    @property
    def name(self) -> str:
        """The configured board's name."""
        return self.board.name

    def fileno(self) -> int | None:
        """The port's descriptor; None while it is away, and for all boards on it but the first."""
        return self._bus.port.fileno() if self._is_head else None

    def deadline_ms(self) -> int | None:
        """When ``refresh`` has something to do even if nothing arrives; the first board on a port speaks for all."""
        if self._events:
            return self._now_ms
        return self._bus.deadline_ms(self._now_ms) if self._is_head else None

    def refresh(self, now: Now) -> list[Event]:
        """Take what has arrived, go on, and return the facts."""
        if self._is_head:
            self._bus.turn(now.ms)
        self._now_ms = now.ms
        if not self._events:
            return []
        events, self._events = self._events, []
        return events

    def accepts(self, act: Act) -> bool:
        """``Attend``, and ``Pulse`` of its own doors."""
        return isinstance(act, Attend) or (isinstance(act, Pulse) and act.door in self._doors)

    def perform(self, act: Act, now: Now) -> None:
        """Poll faster or slower, or write one unlock now. ``ValueError`` for an order that it does not accept."""
        self._now_ms = now.ms
        if isinstance(act, Attend):
            self._attended = act.present
            self._fast_until_ms = self._fast_until_ms if act.present else now.ms
            if self.present and self.dialect.in_step:
                self.next_ms = max(self._rested_ms, min(self.next_ms, now.ms + self._interval_ms(now.ms)))
        elif isinstance(act, Pulse) and act.door in self._doors:
            self._order(act, now.ms)
        else:
            raise ValueError(f"board {self.name}: {act!r} is not for its doors {self._doors}")

    def counters(self) -> dict[str, int]:
        """Frames sent, replies lost, bad, late, echoed, refused, garbage bytes, door changes, pulses; port losses.

        The port's losses are told by the first board on it.
        """
        return self._counts | {"port_lost": self._bus.losses if self._is_head else 0}

    def close(self) -> None:
        """Let go of the port. Nothing to switch off: the board ends its pulses by itself."""
        self._bus.port.close()

    # --- what the bus tells -----------------------------------------------------------------------

    def count(self, what: str, by: int = 1) -> None:
        """One more of these."""
        self._counts[what] += by

    def tell(self, *events: Event) -> None:
        """Facts for the next ``refresh``."""
        self._events += events

    def sent(self, door: int) -> None:
        """The last byte of an unlock is on the wire."""
        self.count("pulses")
        self.tell(PulseSent(door))

    def drop(self, pulse: Pulse, why: str) -> None:
        """A pulse never went out."""
        self.count("dropped")
        self.tell(PulseDropped(pulse.door, why))

    def echoed(self) -> None:
        """One of our own requests has come back."""
        self.count("echo")
        if not self.board.local_echo:
            self._trouble(("echo", "our own requests come back: the adapter echoes, set local_echo = true"))

    def unasked(self, ms: int) -> None:
        """A frame that answers nothing: late. Where it could be taken for the next answer, the wire must rest."""
        self.count("late")
        if self.dialect.alike_rest_ms and self.present:
            self._begin(ms + self.dialect.alike_rest_ms)

    def pushed(self, ms: int) -> None:
        """The board says unasked that a door moved: not believed, but asked at once. Rests that are due are kept."""
        self.count("pushed")
        self._rereads = 0
        if self.present and self.dialect.in_step:
            self.next_ms = max(self._rested_ms, min(self.next_ms, ms))

    def answered(self, question: Question, frame: F, ms: int) -> None:
        """The answer to what was asked."""
        self._lost_in_row, self.missing = 0, False
        verdict = self.dialect.take(question, frame)
        if isinstance(verdict, Doors):
            self._read_doors(verdict, ms)
            self._trouble(verdict.trouble)
        elif isinstance(verdict, Answered):
            self.tell(PulseAnswered(question.door, verdict.answer))
            self._pulse_over(question.door, ms)
        elif isinstance(verdict, Unproven):
            self._pulse_over(question.door, ms)
        elif isinstance(verdict, OnTheWay):
            self.next_ms = ms + question.rest_ms
            self._trouble(verdict.trouble)
            self._know(verdict.version)
        elif isinstance(verdict, Refused):
            self._refused(ms)
            self._miss_status(ms)
        else:
            self._refused(ms)
            self.fall_silent(ms)
            self._trouble(verdict.trouble)

    def unanswered(self, question: Question, ms: int) -> None:
        """The time after a question that has no answer is over."""
        trouble = self.dialect.unanswered(question)
        self.next_ms = max(self._rested_ms, ms + question.rest_ms)
        self._trouble(trouble)
        if question.door:
            self._pulse_over(question.door, ms)

    def lost(self, question: Question, written: bool, ms: int) -> None:
        """No answer came in time, or the question did not get out."""
        self.count("lost")
        self._lost_in_row += 1
        self.cut_off(question, written, ms, "the port took no bytes")
        trouble = self.dialect.unanswered(question)
        rest_ms = max(question.rest_ms, self.dialect.alike_rest_ms)
        self._begin(ms + (rest_ms if self.present is not False else max(rest_ms, SILENT_POLL_MS)))
        self.missing = self.present is False
        self._trouble(trouble)
        if question.what == STATUS:
            self._miss_status(ms)
        if self._lost_in_row >= self.board.silent_after:
            self.fall_silent(ms)

    def cut_off(self, question: Question, written: bool, ms: int, why: str = "the port is gone") -> None:
        """The question had no end: an unlock that went out is over in silence, another one is dropped."""
        if question.door and written:
            if question.answered:
                self.tell(PulseAnswered(question.door, PulseAnswer.SILENT))
            self._pulse_over(question.door, ms)
        elif question.door:
            self.drop(Pulse(question.door), why)

    def fall_silent(self, ms: int) -> None:
        """The board does not answer, or not as one of its kind: its doors are unknown."""
        self._lost_in_row = self._status_misses = 0
        self._reader.forget()
        self._bus.withdraw(self, "the board does not answer")
        if self.present is not False:
            self.tell(BoardSilent(self.name, self._doors))
            self._told.clear()
        self.present, self.missing = False, True
        self._begin(ms + SILENT_POLL_MS)

    def reconnected(self, ms: int) -> None:
        """The port is open, perhaps with another board behind it."""
        self.dialect.reconnected()
        self._begin(ms)

    # --- its own affairs --------------------------------------------------------------------------

    def _order(self, pulse: Pulse, ms: int) -> None:
        why = self._objection()
        if why:
            self.drop(pulse, why)
        else:
            self._bus.order(self, pulse, ms)

    def _objection(self) -> str:
        """Why no pulse may even wait now; empty when one may."""
        if not self._bus.port.is_open:
            return "the port is gone"
        if not self.present:
            return "the board does not answer"
        return self.dialect.objection or ("another pulse is under way" if self._bus.pulsing else "")

    def _begin(self, at_ms: int) -> None:
        """Get in step again."""
        self.dialect.begin()
        self.next_ms = at_ms
        self._rested_ms = at_ms if self.dialect.alike_rest_ms else 0
        self._reader.break_off()

    def _read_doors(self, doors: Doors, ms: int) -> None:
        self._status_misses = 0
        if not self.present:
            self.present = True
            self.tell(BoardBack(self.name, self._doors))
        seen = self._reader.read(ms, doors.hooks, doors.items)
        if seen:
            self.count("changes", len(seen))
            self._events += seen
        self._rereads = self._rereads + 1 if self._reader.unsettled else 0
        at_once = 0 < self._rereads <= _REREADS_MAX
        self.next_ms = ms if at_once else max(ms, self.asked_ms + self._interval_ms(ms))

    def _refused(self, ms: int) -> None:
        """A status answer that says nothing of the doors."""
        self.count("refused")
        self._reader.break_off()
        self.next_ms = ms + self._interval_ms(ms)

    def _miss_status(self, ms: int) -> None:
        self._status_misses += 1
        if self._status_misses >= _STATUS_MISSES_FACTOR * self.board.silent_after:
            self.fall_silent(ms)

    def _pulse_over(self, door: int, ms: int) -> None:
        self._reader.pulsed(door)
        self._fast_until_ms = ms + _PULSE_WATCH_MS
        self._rereads = 0
        self.next_ms = max(ms, self._rested_ms)

    def _interval_ms(self, ms: int) -> int:
        fast = self._attended or ms < self._fast_until_ms
        return self.board.poll_ms if fast else self.board.idle_poll_ms

    def _know(self, version: str) -> None:
        if version and version != self._version:
            self._version = version
            self.tell(DeviceKnown(self.name, version))

    def _trouble(self, trouble: Trouble | None) -> None:
        if trouble is not None and trouble[0] not in self._told:
            self._told.add(trouble[0])
            self._events.append(DeviceTrouble(self.name, *trouble))
