"""The words of the cabinet: instants, purposes, sizes, custody, and every reason to say no.

Knows no clock, file, socket or library, and imports nothing of the project.

Units: ``_ms`` is milliseconds, ``_s`` seconds. Doors are 1-based, as on the label; only a board driver
knows channels. Times named ``at_ms`` are Unix wall time; ``now.ms`` is boot time (never jumps).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Language = Literal["", "zh", "en"]
"""What somebody has chosen to read and hear; "" where nobody has chosen."""


class Quality(Enum):
    """How far wall time may be trusted, best first (tokens contract, section 5)."""

    SYNCED = "synced"
    RTC = "rtc"
    HOLD = "hold"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Now:
    """One instant: ``ms`` of boot time, ``wall_ms`` of Unix time and the quality of the latter.

    ``floor_ms`` is the Unix time before which it surely is not; None in a reading that nobody has weighed yet
    (``locker.timekeeping``).
    """

    ms: int
    wall_ms: int
    quality: Quality = Quality.SYNCED
    floor_ms: int | None = None

    @property
    def past_ms(self) -> int:
        """Unix time that is surely past, for what can never be undone: forgetting."""
        return self.wall_ms if self.floor_ms is None else self.floor_ms

    @property
    def latest_ms(self) -> int:
        """The later of the wall time and the floor: what an expiry is held against."""
        return max(self.wall_ms, self.past_ms)


class Purpose(Enum):
    """What a token allows; the numbers are the token's own (tokens contract, section 1)."""

    DEPOSIT = 1
    COLLECT = 2
    STAFF = 3
    TECHNICIAN = 4


class Size(Enum):
    """Compartment sizes; the order S, M, L is also the order of preference."""

    S = 1
    M = 2
    L = 3


class Kind(Enum):
    """What lies in a compartment."""

    SUBMISSION = "submission"
    CERTIFICATE = "certificate"


class Custody(Enum):
    """Who has a claim on a compartment's inside; kept apart from the door's state."""

    EMPTY = "empty"
    RESERVED = "reserved"
    HOLDING = "holding"


class Refusal(Enum):
    """Every reason for which the cabinet says no. Each has a sentence and a next step in the catalogues."""

    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    TWO_CODES = "two_codes"
    MALFORMED = "malformed"
    HEADER = "header"
    UNKNOWN_KEY = "unknown_key"
    KEY_RETIRED = "key_retired"
    KEY_NOT_VALID = "key_not_valid"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    NOT_CANONICAL = "not_canonical"
    WRONG_CABINET = "wrong_cabinet"
    PURPOSE = "purpose"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CUT_OFF = "cut_off"
    REVOKED = "revoked"
    SPENT = "spent"
    BOUND = "bound"
    UNKNOWN_ORDER = "unknown_order"
    NOTHING_FREE = "nothing_free"
    BUSY = "busy"
    OUT_OF_ORDER = "out_of_order"
    RATE_LIMITED = "rate_limited"
    DOOR_NEEDED = "door_needed"
    GRANT_NEEDED = "grant_needed"
    LOG_FULL = "log_full"
    RETAINED = "retained"
    LATE = "late"
    UNKNOWN_OP = "unknown_op"
    BAD_MESSAGE = "bad_message"
    OCCUPIED = "occupied"
    TOO_OFTEN = "too_often"
    WRONG_CODE = "wrong_code"
    KEYPAD_LOCKED = "keypad_locked"
    NONCE = "nonce"
    CLOCK = "clock_unsure"
    STAFF_AT_WORK = "staff_at_work"
    LABEL_IDLE = "label_idle"
    LABEL_UNKNOWN = "label_unknown"
    LABEL_DAMAGED = "label_damaged"
    LABEL_ELSEWHERE = "label_elsewhere"
    LABEL_LOADED = "label_loaded"
    DOOR_CODE = "door_code"
    RESERVE_LOW = "reserve_low"


class PulseAnswer(Enum):
    """What a board said of an unlock. Never proof that a door opened (hardware facts, 0.2)."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNKNOWN_COMMAND = "unknown_command"
    BAD_DATA = "bad_data"
    SILENT = "silent"
