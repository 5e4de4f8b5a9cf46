"""How long a Kerong board energises a coil, and whether that is known well enough to pulse at all.

Found in the wild: a default of "550" taken as 550 x 10 ms, so five seconds of coil (hardware facts, 1.3). So the time
is read, set when it differs, and read back, before the first pulse and after every loss of contact. Knows what a board
says of its time, whatever the command is called; must never know doors, ports or time of day.

| the board's answer | pulses | told as |
|---|---|---|
| the wanted time | yes | nothing |
| it has no such command | yes; taken as 1000 ms | pulse time unknown |
| after two settings still another time, up to 1000 ms | yes, with that time | pulse time not kept |
| zero, over 1000 ms, or no readable answer | none | pulse time not safe |

Not safe is not for ever: what failed may have been the wire. After 40 readings of the doors the board is asked again,
and set once more if need be; then after 80, 160 ... readings, so that no board's memory is worn out by it.
"""

from __future__ import annotations

from enum import Enum

from drivers.dialect import PULSE_MS_MAX, PULSE_MS_MIN, Trouble

_TRIES_MAX = 3
_SETS_MAX = 2
_READINGS_FIRST, _READINGS_MOST = 40, 40 * 2**10


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
        self._readings, self._patience = 0, _READINGS_FIRST

    def doubt(self) -> None:
        """Contact was lost: the board may have restarted with another time."""
        self.kept_ms, self.objection, self._tries = None, "", 0

    def reconnected(self) -> None:
        """A port was opened, perhaps to another board: two new settings are allowed (more would wear its memory)."""
        self.doubt()
        self._sets = 0
        self._readings, self._patience = 0, _READINGS_FIRST

    def try_again(self) -> bool:
        """The doors were read once more. Whether an unsafe time is worth another look now, and another setting."""
        if not self.objection:
            return False
        self._readings += 1
        if self._readings < self._patience:
            return False
        self._readings, self._patience = 0, min(2 * self._patience, _READINGS_MOST)
        self._tries, self._sets = 0, _SETS_MAX - 1
        return True

    def lacks_command(self, why: str) -> Trouble:
        """The board does not know the command: its time is taken as the longest."""
        self.kept_ms, self.objection = PULSE_MS_MAX, ""
        return "pulse time unknown", why

    def judge(self, kept_ms: int | None, said: str = "") -> tuple[Next, Trouble | None]:
        """Take an answer to the query; returns what comes next and, if any, the trouble to tell (what, detail).

        ``kept_ms`` is None when the answer held no time; ``said`` is what else it said, for the detail.
        """
        if kept_ms == self.wanted_ms:
            self.kept_ms, self.objection, self._sets, self._patience = kept_ms, "", 0, _READINGS_FIRST
            return Next.DOORS, None
        if kept_ms is None and self._tries < _TRIES_MAX:
            self._tries += 1
            return Next.ASK, None
        if kept_ms is not None and self._sets < _SETS_MAX:
            self._sets += 1
            return Next.SET, None
        if kept_ms is not None and 0 < kept_ms <= PULSE_MS_MAX:
            self.kept_ms, self.objection = kept_ms, ""
            return Next.DOORS, ("pulse time not kept", f"{kept_ms} ms instead of {self.wanted_ms} ms")
        self.objection = "the board's pulse time is not safe"
        return Next.DOORS, ("pulse time not safe", f"{kept_ms} ms{said}: no pulses until it is set right")
