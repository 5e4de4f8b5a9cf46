"""How long a Kerong board energises a coil, and whether that is known well enough to pulse at all.

Found in the wild: a default of "550" taken as 550 x 10 ms, so five seconds of coil (hardware facts, 1.3). So the time
is read, set when it differs, and read back, before the first pulse and after every loss of contact. Knows command 82's
answers; must never know doors, ports or time of day.

| the board's answer | pulses | told as |
|---|---|---|
| the wanted time | yes | nothing |
| ASK 13, it has no command 82 | yes: its document says 550 ms; taken as 1000 ms | pulse time unknown |
| after two settings still another time, up to 1000 ms | yes, with that time | pulse time not kept |
| zero, over 1000 ms, or no readable answer | none | pulse time not safe |
"""

from __future__ import annotations

from enum import Enum

from drivers.kerong_frames import PULSE_MS_MAX, PULSE_MS_MIN, Ask, Frame, unlock_time_ms

_TRIES_MAX = 3
_SETS_MAX = 2


class Next(Enum):
    """What to do after an answer: ask for the time again, set it, or go on with the doors."""

    ASK = "ask"
    SET = "set"
    DOORS = "doors"


class PulseTime:
    """The board's pulse length. ``kept_ms`` is what it is known to keep, or None while unknown or unsafe."""

    def __init__(self, pulse_ms: int) -> None:
        """Want pulses of ``pulse_ms``, held within 100..1000 ms and to steps of 10 ms."""
        self.wanted_ms = max(PULSE_MS_MIN, min(pulse_ms, PULSE_MS_MAX)) // 10 * 10
        self.kept_ms: int | None = None
        self.objection = ""
        self._tries = 0
        self._sets = 0

    def doubt(self) -> None:
        """Contact was lost: the board may have restarted with another time."""
        self.kept_ms, self.objection, self._tries = None, "", 0

    def reconnected(self) -> None:
        """A port was opened, perhaps to another board: two new settings are allowed (more would wear its memory)."""
        self.doubt()
        self._sets = 0

    def judge(self, frame: Frame) -> tuple[Next, tuple[str, str] | None]:
        """Take an answer to the query; returns what comes next and, if any, the trouble to tell (what, detail)."""
        kept_ms = unlock_time_ms(frame)
        if kept_ms == self.wanted_ms:
            self.kept_ms, self._sets = kept_ms, 0
            return Next.DOORS, None
        if frame.ask == Ask.UNKNOWN_COMMAND:
            self.kept_ms = PULSE_MS_MAX
            return Next.DOORS, ("pulse time unknown", "the board has no command 82; its document says 550 ms")
        if kept_ms is None and self._tries < _TRIES_MAX:
            self._tries += 1
            return Next.ASK, None
        if kept_ms is not None and self._sets < _SETS_MAX:
            self._sets += 1
            return Next.SET, None
        if kept_ms is not None and 0 < kept_ms <= PULSE_MS_MAX:
            self.kept_ms = kept_ms
            return Next.DOORS, ("pulse time not kept", f"{kept_ms} ms instead of {self.wanted_ms} ms")
        self.objection = "the board's pulse time is not safe"
        return Next.DOORS, (
            "pulse time not safe",
            f"{kept_ms} ms, ask {frame.ask:02X}: no pulses until it is set right",
        )
