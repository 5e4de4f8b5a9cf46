"""Modbus relays with a pulse of their own, and the inputs of the door switches: their dialogue, as one lock board.

Hardware: Waveshare relays (flash-on in steps of 100 ms; documented for 8 channels and (D), not confirmed for the 32CH)
or Eletechsup N4R... (momentary, 1 s); inputs on the same unit (Waveshare (D)) or on another one (N4DIH32).
Wire: Modbus RTU, 9600 8N1, half duplex; ``drivers.modbus_frames`` has the bytes.
Source: hardware facts, 3 to 3.3 and 4.6.
Quirks: all relays off first, and after each opening of the port; then they are read. One that is on though nobody
pulsed it is switched off and told; no pulses while it stays on. The relays are read now and then as well, because
the doors are the other unit's: a relay unit that died would else be noticed at the next resident. The answer to a
pulse repeats it, like its echo: it ends the wait and proves nothing; a refusal does. Answers look alike, so
that after a loss the wire rests for twice ``reply_ms``.

Knows these units' questions and answers; must never know when they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from drivers import modbus_frames as frames
from drivers.dialect import STATUS, Answered, Doors, OnTheWay, Question, Stranger, Trouble, Unproven, Verdict
from drivers.echo import EchoEar
from drivers.modbus_frames import INPUTS, REFUSED, Frame, Relay, Tenths, Unit
from locker.config import Board
from locker.config_serial import EletechsupBoard, RelayBoard
from locker.model import PulseAnswer

_FIRST_REGISTER, _REGISTER_BITS = 0x00C0, 16
_OFFS_MAX = 3
_STATUSES_BETWEEN = 100
_REFUSALS = {1: PulseAnswer.UNKNOWN_COMMAND, 2: PulseAnswer.BAD_DATA, 3: PulseAnswer.BAD_DATA}
_STAYS_ON = "a relay stays on"


class _Step(Enum):
    """``OFF`` is a pulse's opposite; ``RELAYS`` asks what is on."""

    OFF = "off"
    RELAYS = "relays"
    STATUS = STATUS


class ModbusRelays:
    """The dialogue with one unit of relays, and with one of inputs."""

    def __init__(self, board: Board, doors: Mapping[int, int]) -> None:
        """``doors`` maps each door of this board to its channel. ``ValueError`` when the board has no such channel."""
        if not isinstance(board, RelayBoard):
            raise ValueError(f"board {board.name}: {board.kind} has no relays")
        self._unit, self._input_unit = Unit(board.address), Unit(board.input_address)
        base = board.channel_base if isinstance(board, EletechsupBoard) else 0
        relays = {door: Relay(channel, board.channels, base) for door, channel in doors.items()}
        self._masks = {door: 1 << relay.number for door, relay in relays.items()}
        self._board, self.kept_ms, self.alike_rest_ms = board, board.pulse_ms, 2 * board.reply_ms
        self._questions = {
            _Step.OFF: Question("off", self._all_off(base), board.reply_ms),
            _Step.RELAYS: Question("relays", frames.ask_coils(self._unit, board.channels, base), board.reply_ms),
            _Step.STATUS: Question(STATUS, self._ask_doors(), board.reply_ms),
        }
        self._unlocks = {
            door: Question("unlock", self._pulse(relay), board.reply_ms, door=door) for door, relay in relays.items()
        }
        self._ear = EchoEar(stripped=board.local_echo)
        self._pulsed = (0, 0)
        self.reconnected()

    @property
    def in_step(self) -> bool:
        """Whether the next question is the doors' status."""
        return self._want is _Step.STATUS

    @property
    def objection(self) -> str:
        """Why no pulse may go out: a second coil would be on besides."""
        return _STAYS_ON if self._on else ""

    def begin(self) -> None:
        """The relays, then the doors. Off they are switched once a port, and when one is on: not amid a pulse."""
        self._want = _Step.OFF if self._fresh else _Step.RELAYS

    def reconnected(self) -> None:
        """Perhaps other units: everything off first."""
        self._ear.forget()
        self._fresh, self._offs, self._statuses, self._on = True, 0, 0, 0
        self.begin()

    def question(self) -> Question:
        """What to ask next."""
        return self._questions[self._want]

    def unlock(self, door: int) -> Question:
        """The pulse of one door."""
        self._ear.sent()
        self._pulsed = (self._pulsed[0] | self._masks[door], self._pulsed[1])
        return self._unlocks[door]

    def is_own(self, frame: Frame) -> bool:
        """A question is unlike every answer; an order is not, and is ours only where questions came back before."""
        if frame.is_question:
            self._ear.came_back()
            return True
        repeats = frame.function in (frames.COIL, frames.REGISTER) and frame.unit == self._unit.number
        return repeats and self._ear.takes()

    def is_mine(self, frame: Frame) -> bool:
        """By its unit, either of the two."""
        return frame.unit in (self._unit.number, self._input_unit.number)

    def is_news(self, frame: Frame) -> bool:
        """Never: the host asks."""
        return False

    def fits(self, question: Question, frame: Frame) -> bool:
        """The same unit and function as in the request, or that function refused; of an order, all its bytes."""
        unit, function = question.frame[:2]
        if frame.unit != unit or frame.function & ~REFUSED != function:
            return False
        if frame.function & REFUSED:
            return True
        if function in (frames.COIL, frames.REGISTER):
            return frame.data == question.frame[2:-2]
        return frame.data[0] == len(frame.data) - 1 == _reply_bytes(question.frame)

    def take(self, question: Question, frame: Frame) -> Verdict:
        """What a fitting answer means."""
        refused = frame.data[0] if frame.function & REFUSED else 0
        if question.door:
            return Answered(_REFUSALS.get(refused, PulseAnswer.FAILED)) if refused else Unproven()
        if question.what == _Step.OFF.value:
            self._want, self._fresh, self._offs = _Step.RELAYS, False, self._offs + 1
            return OnTheWay(("all off refused", f"code {refused:02X}") if refused else None)
        if refused:
            found = f"unit {frame.unit} refuses function {question.frame[1]:02X} with code {refused:02X}"
            return Stranger(("wrong kind of board", f"{found}; set kind, channels, inputs or address"))
        return self._relays(frame) if question.what == _Step.RELAYS.value else self._doors(frame)

    def unanswered(self, question: Question) -> Trouble | None:
        """Nothing to conclude: the engine begins again."""

    # --- what the two units say ---------------------------------------------------------------------

    def _relays(self, frame: Frame) -> Verdict:
        """Nothing may be on but what was pulsed since the last look or the one before."""
        bits = int.from_bytes(frame.data[1:], "little") & ((1 << self._board.channels) - 1)
        now, before = self._pulsed
        self._on, self._pulsed = bits & ~(now | before), (0, now)
        self._statuses = 0
        if not self._on:
            self._want, self._offs = _Step.STATUS, 0
            return OnTheWay()
        self._want = _Step.OFF if self._offs < _OFFS_MAX else _Step.STATUS
        which = ", ".join(str(n + 1) for n in range(self._board.channels) if self._on >> n & 1)
        return OnTheWay(("relay on", f"{which} without a pulse: all switched off; no pulses while it stays on"))

    def _doors(self, frame: Frame) -> Verdict:
        """One bit an input; registers hold sixteen each."""
        self._statuses += 1
        if self._statuses >= _STATUSES_BETWEEN:
            self._want, self._offs = _Step.RELAYS, 0
        data = frame.data[1:]
        if frame.function == INPUTS:
            return Doors(int.from_bytes(data, "little"))
        words = [data[at : at + 2] for at in range(0, len(data), 2)]
        high_first = self._board.word_order == "high_first"
        bits = int.from_bytes(b"".join(words if high_first else reversed(words)), "big")
        return Doors(bits >> self._board.input_first)

    # --- its words ------------------------------------------------------------------------------------

    def _all_off(self, base: int) -> bytes:
        if isinstance(self._board, EletechsupBoard):
            return frames.all_registers_off(self._unit, base)
        return frames.all_coils_off(self._unit)

    def _pulse(self, relay: Relay) -> bytes:
        if isinstance(self._board, EletechsupBoard):
            return frames.momentary(self._unit, relay)
        return frames.flash_on(self._unit, relay, Tenths(self._board.pulse_ms // 100))

    def _ask_doors(self) -> bytes:
        first, inputs = self._board.input_first, self._board.channels
        if self._board.inputs == "discrete":
            return frames.ask_inputs(self._input_unit, first, inputs)
        return frames.ask_registers(self._input_unit, _FIRST_REGISTER, -(-(first + inputs) // _REGISTER_BITS))


def _reply_bytes(request: bytes) -> int:
    """How many bytes of bits or registers a question asks for."""
    count = int.from_bytes(request[4:6], "big")
    return 2 * count if request[1] == frames.REGISTERS else -(-count // 8)
