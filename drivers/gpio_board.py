"""One lock board on the computer's own pins, behind the ``Driver`` seam: when to read, what is believed, what may fire.

Hardware: any ``drivers.circuit.Circuit``: shift registers, port expanders, single pins.
Wire: none that answers: a circuit is read and driven within one call. An unlock has no answer; the door switch tells.
Source: hardware facts, 0.8, 0.12 and 4.6; invariants 4 and 6.
Quirks: nobody but the pin's library or the hardware ends a pulse; this engine looks some time later, switches off what
is still on, and says so. While a reading was wrong nothing is fired, not even once; ``silent_after`` of them in a row
are a silent board, a chip that was reset is one at once, and then everything is set up again from the beginning, with
all outputs off. Where a killed process would leave a coil on (``Circuit.stuck``) nothing is fired at all, unless the
configuration says that a one-shot in the hardware ends the pulse.

Knows its own doors; must never know why one is opened, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from drivers.circuit import Circuit, CircuitFault, CircuitReset
from drivers.door_reader import DoorReader
from drivers.pins import PinError
from locker.config_gpio import GpioBoard
from locker.model import (
    Act,
    Attend,
    BoardBack,
    BoardSilent,
    DeviceTrouble,
    Event,
    Now,
    PortBack,
    PortLost,
    Pulse,
    PulseDropped,
    PulseSent,
)

SILENT_POLL_MS = 1000
LATE_MS = 60
"""A pulse begins up to 20 ms after it was ordered, and may end a little late: then it must be over."""
_PULSE_WATCH_MS = 5000
_REREADS_MAX = 6
_COUNTED = ("reads", "bad", "changes", "pulses", "dropped", "late", "resets", "port_lost")
_STUCK = "put dtparam=strict_gpiod into config.txt, or fit a one-shot behind the pin and set one_shot = true"


class GpioDriver:
    """One board. ``circuit`` is held open from the first refresh on."""

    def __init__(
        self, board: GpioBoard, doors: Mapping[int, int], circuit: Circuit, sensing: Collection[int] = ()
    ) -> None:
        """``doors`` maps each door of this board to its channel; the doors in ``sensing`` have a sensor inside."""
        self.board, self._circuit = board, circuit
        self._channels = dict(sorted(doors.items()))
        self._doors = tuple(self._channels)
        self._reader = DoorReader(doors, board.closed_bit, sensing)
        self._events: list[Event] = []
        self._told: set[str] = set()
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._now_ms = self._next_ms = self._retry_ms = self._fast_until_ms = 0
        self._pulse_until_ms: int | None = None
        self._open = self._attended = self._lost = self._just_fired = False
        self._bad_in_row = self._rereads = 0
        self._failure = ""
        self.present: bool | None = None

    @property
    def name(self) -> str:
        """The configured board's name."""
        return self.board.name

    def fileno(self) -> int | None:
        """None: pins are read by the clock."""
        return None

    def deadline_ms(self) -> int | None:
        """When to look at the doors, or at the end of a pulse."""
        if self._events:
            return self._now_ms
        if not self._open:
            return self._retry_ms
        return self._next_ms if self._pulse_until_ms is None else min(self._next_ms, self._pulse_until_ms)

    def refresh(self, now: Now) -> list[Event]:
        """Look at what is due, and return the facts."""
        self._now_ms = now.ms
        if self._just_fired:
            self._watch_pulse(now.ms)
        if not self._open and now.ms >= self._retry_ms:
            self._take_hold(now.ms)
        if self._open:
            self._guarded(self._go, now.ms)
        events, self._events = self._events, []
        return events

    def accepts(self, act: Act) -> bool:
        """``Attend``, and ``Pulse`` of its own doors."""
        return isinstance(act, Attend) or (isinstance(act, Pulse) and act.door in self._channels)

    def perform(self, act: Act, now: Now) -> None:
        """Read faster or slower, or fire one lock now. ``ValueError`` for an order that it does not accept."""
        self._now_ms = now.ms
        if isinstance(act, Attend):
            self._attended = act.present
            self._fast_until_ms = self._fast_until_ms if act.present else now.ms
            if self.present:
                self._next_ms = min(self._next_ms, now.ms + self._interval_ms(now.ms))
        elif isinstance(act, Pulse) and act.door in self._channels:
            self._order(act.door, now.ms)
        else:
            raise ValueError(f"board {self.name}: {act!r} is not for its doors {self._doors}")

    def counters(self) -> dict[str, int]:
        """Readings, bad ones, door changes, pulses, pulses that did not end in time, resets of chips, losses."""
        return dict(self._counts)

    def close(self) -> None:
        """Everything off, then let go of pins and chips. Raises ``PinError`` when something of that failed."""
        self._open, self._pulse_until_ms, self._just_fired = False, None, False
        self._circuit.close()

    # --- holding on -------------------------------------------------------------------------------

    def _take_hold(self, ms: int) -> None:
        try:
            self._circuit.open()
        except CircuitFault as fault:
            self._not_there(ms)
            self._trouble("circuit", str(fault))
        except PinError as error:
            self._lose(error, ms)
        else:
            self._open, self._next_ms, self._bad_in_row = True, ms, 0
            if self._lost:
                self._lost = False
                self._events.append(PortBack(self.name, self.board.port))
            if self._circuit.stuck and not self.board.one_shot:
                self._trouble("a pulse might not end", f"{self._circuit.stuck}; {_STUCK}")

    def _lose(self, error: PinError, ms: int) -> None:
        """Pins or bus are gone; they are tried again."""
        self._failure = str(error)
        self._not_there(ms)
        if not self._lost:
            self._lost = True
            self._count("port_lost")
            self._events.append(PortLost(self.name, str(error)))

    def _not_there(self, ms: int) -> None:
        with suppress(PinError):
            self.close()
        self._open, self._retry_ms = False, ms + self.board.retry_port_ms
        self._fall_silent(ms)

    def _guarded(self, do: Callable[[int], None], ms: int) -> bool:
        """Do it; whether it went well. A fault switches everything off, a lost pin lets go of everything."""
        try:
            do(ms)
        except CircuitFault as fault:
            self._fault(fault, ms)
        except PinError as error:
            self._lose(error, ms)
        else:
            return True
        return False

    def _fault(self, fault: CircuitFault, ms: int) -> None:
        """Nothing that was read is believed."""
        self._count("bad")
        self._failure = str(fault)
        self._bad_in_row += 1
        self._reader.break_off()
        self._next_ms = ms + (SILENT_POLL_MS if self.present is False else self.board.poll_ms)
        self._count("resets", isinstance(fault, CircuitReset))
        silent = isinstance(fault, CircuitReset) or self._bad_in_row >= self.board.silent_after
        if silent:
            self._fall_silent(ms)
            self._trouble("circuit", self._failure)
        if silent or self._pulse_until_ms is None:
            self._switch_off(ms)

    def _switch_off(self, ms: int) -> None:
        """A coil's noise may spoil a reading of the doors: that alone does not end its pulse, all else does."""
        self._pulse_until_ms, self._just_fired = None, False
        try:
            self._circuit.rest()
        except CircuitFault:
            return  # it is off; that nothing is chosen could not be confirmed, and nothing is fired before it is
        except PinError as error:
            self._lose(error, ms)

    def _fall_silent(self, ms: int) -> None:
        self._reader.forget()
        if self.present is not False:
            self._events.append(BoardSilent(self.name, self._doors))
            self._told.clear()
        self.present = False
        self._next_ms = ms + SILENT_POLL_MS

    # --- one turn ---------------------------------------------------------------------------------

    def _go(self, ms: int) -> None:
        if self._pulse_until_ms is not None and ms >= self._pulse_until_ms:
            self._end_pulse()
        if ms >= self._next_ms:
            if self.present is False:
                self._circuit.restart()
            self._look(ms)

    def _look(self, ms: int) -> None:
        """One reading."""
        hooks, items = self._circuit.read()
        self._count("reads")
        self._bad_in_row = 0
        if not self.present:
            self.present = True
            self._events.append(BoardBack(self.name, self._doors))
        seen = self._reader.read(ms, hooks, items)
        self._count("changes", len(seen))
        self._events += seen
        self._rereads = self._rereads + 1 if self._reader.unsettled else 0
        soon = 0 < self._rereads <= _REREADS_MAX
        self._next_ms = ms + (self.board.poll_ms if soon else self._interval_ms(ms))

    def _end_pulse(self) -> None:
        """It is over, or it is ended now."""
        self._pulse_until_ms, self._just_fired = None, False
        if self._circuit.firing:
            self._count("late")
            self._trouble("a pulse did not end", "it was switched off late; is the pin's library or the kernel stuck?")
        self._circuit.rest()

    def _order(self, door: int, ms: int) -> None:
        if self._pulse_until_ms is not None and ms >= self._pulse_until_ms - LATE_MS and not self._circuit.firing:
            self._guarded(lambda _: self._end_pulse(), ms)
        why = self._objection()
        if not why and not self._guarded(lambda _: self._circuit.fire(self._channels[door], self.board.pulse_ms), ms):
            why = "the circuit failed while the lock was being chosen; nothing was switched on"
            self._trouble("circuit", self._failure)
        if why:
            self._count("dropped")
            self._events.append(PulseDropped(door, why))
            return
        self._count("pulses")
        self._watch_pulse(ms)
        self._just_fired = True
        self._reader.pulsed(door)
        self._rereads = 0
        self._events.append(PulseSent(door))

    def _watch_pulse(self, ms: int) -> None:
        """A pulse began, now at the latest. The turn that ordered it may have waited for the disk since its moment: the
        next one, which follows at once, knows better.
        """
        self._just_fired = False
        self._pulse_until_ms = ms + self.board.pulse_ms + LATE_MS
        self._fast_until_ms = ms + _PULSE_WATCH_MS
        self._next_ms = ms + self.board.poll_ms

    def _objection(self) -> str:
        """Why no lock may be fired now; empty when one may."""
        if not self._open:
            return "the pins are gone"
        if not self.present:
            return "the board does not answer"
        if self._bad_in_row:
            return "the last reading was wrong"
        if self._pulse_until_ms is not None:
            return "another pulse is under way"
        return f"a pulse might not end: {_STUCK}" if self._circuit.stuck and not self.board.one_shot else ""

    def _interval_ms(self, ms: int) -> int:
        fast = self._attended or ms < self._fast_until_ms
        return self.board.poll_ms if fast else self.board.idle_poll_ms

    def _count(self, what: str, by: int = 1) -> None:
        self._counts[what] += by

    def _trouble(self, what: str, detail: str) -> None:
        """Told once a silence."""
        if what not in self._told:
            self._told.add(what)
            self._events.append(DeviceTrouble(self.name, what, detail))
