"""The clock of the demo's machine: the true time, with hands that somebody may move.

The cabinet of the demo has a time server as good as its cloud's, for both are this machine; so its clock is right and
SYNCED until somebody moves the hands or takes the time server away. Boot time is the kernel's and cannot be moved:
nobody can on a real machine either. Knows one small file that both sides read by position, so that a restart finds the
hands where they were left. Must never know what the cabinet thinks of the time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from locker import clock
from locker.model import Now, Quality

YEAR_MS = 365 * 86_400_000
_BYTES = 40


@dataclass(frozen=True, slots=True)
class Hands:
    """Where the hands stand: so many milliseconds off the true time, how far they are trusted, which boot it is."""

    offset_ms: int = 0
    quality: Quality = Quality.SYNCED
    boot: int = 0


RIGHT = Hands()
TURNS: dict[str, tuple[str, str, int | None, Quality | None]] = {
    "back": ("机器的钟拨回一年", "The machine's clock is set back a year", -YEAR_MS, None),
    "forward": ("机器的钟拨快十年", "The machine's clock is set forward ten years", 10 * YEAR_MS, None),
    "lost": ("对时中断：钟没有人校准了", "No time server any more: nobody sets the clock right", None, Quality.FLOOR),
    "rtc": ("对时中断，但有时钟芯片", "No time server, but a clock chip", None, Quality.RTC),
    "woke": ("断电，醒来时钟停在一年前，没有对时", "Power cut; it wakes up a year ago, unset", -YEAR_MS, Quality.FLOOR),
    "right": ("钟恢复正常，已对时", "The clock is right again and synchronised", 0, Quality.SYNCED),
}
"""What can be done to the clock: its sentences, where the hands go (None: they stay), what they are worth.

"woke" is a new boot: whoever does it must cut the power as well.
"""


class DemoClock:
    """Both sides of the file: the page sets the hands, the controller reads the time from them."""

    def __init__(self, path: Path) -> None:
        """Make the file with the hands right where there is none. Raises ``OSError``."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _BYTES:
            self.set(RIGHT)

    def set(self, hands: Hands) -> None:
        """Move the hands; the controller sees it at its next look."""
        text = f"{hands.offset_ms} {hands.quality.value} {hands.boot}"
        os.pwrite(self._file, text.ljust(_BYTES).encode("ascii"), 0)

    @property
    def hands(self) -> Hands:
        """Where they stand now."""
        offset, quality, boot = os.pread(self._file, _BYTES, 0).split()
        return Hands(int(offset), Quality(quality.decode("ascii")), int(boot))

    def boot_id(self) -> str:
        """The id of the present boot: the kernel's with its last four digits counted on."""
        return f"{clock.boot_id()[:-4]}{self.hands.boot:04x}"

    def turn(self, name: str) -> tuple[str, str]:
        """Do one of ``TURNS`` and return what was done, in both languages. Raises ``ValueError`` for another."""
        if name not in TURNS:
            raise ValueError(f"钟不能这样拨  no such turn; there are {', '.join(TURNS)}")
        zh, en, offset_ms, quality = TURNS[name]
        before = self.hands
        offset_ms = before.offset_ms if offset_ms is None else offset_ms
        self.set(Hands(offset_ms, quality or before.quality, before.boot + (name == "woke")))
        return zh, en

    def view(self) -> dict[str, Any]:
        """Return what the page shows of the clock."""
        hands = self.hands
        return {"offset_ms": hands.offset_ms, "quality": hands.quality.value}

    def now(self) -> Now:
        """This instant, as the demo's machine has it."""
        hands = self.hands
        return Now(clock.boot_ms(), clock.wall_ms() + hands.offset_ms, hands.quality)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
