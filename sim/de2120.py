"""The far side of a DE2120: commands as text, one byte as the answer, set-up codes that are the commands themselves.

Written from hardware facts, 5.2, and SparkFun's public driver; knows nothing of the driver. That a set-up code holds
the text of the command is DYScan's own sheet as remembered; here it is obeyed always, because no command is known that
shuts it. DSPYFW is answered after 430 ms with a text and 06.
"""

from __future__ import annotations

import re

from sim.window import Outbox, Window, earliest

_NAMES = {
    "SCM": ("MAN", "CNT", "MDH"),
    "CNTALW": ("0", "1", "2", "3"),
    "CIDENA": ("0", "1"),
    "LAMENA": ("0", "1"),
    "AIMENA": ("0", "1"),
    "BEPSUC": ("0", "1"),
    "POR": ("KBD", "HID", "VIC", "232"),
    "232BAD": ("2", "3", "4", "5", "6", "7", "8", "9"),
}
_DEFAULTS = {"SCM": "MAN", "CNTALW": "0", "CIDENA": "0", "LAMENA": "1", "AIMENA": "1", "BEPSUC": "1", "232BAD": "9"}
_INTERVALS_MS = {"1": 50, "2": 500, "3": 1000}
_ONCE_MS = 3_600_000
_REPLY_MS, _FIRMWARE_MS = 20, 430
RATES = {"5": 9600, "6": 19_200, "7": 38_400, "8": 57_600, "9": 115_200}


class De2120:
    """One scanner, wired to the UART. Sans-IO."""

    def __init__(self, *, interface: str = "232", refused: tuple[str, ...] = ()) -> None:
        """``interface``: which one it talks on; KBD says nothing here. ``refused``: commands that it does not know."""
        self.settings = _DEFAULTS | {"POR": interface}
        self.refused = refused
        self.received: list[str] = []
        self.unread: list[str] = []
        self.mute = False
        self._scanning = False
        self._buffer = b""
        self._window, self._outbox = Window(), Outbox()

    @property
    def baud(self) -> int:
        """The rate that it speaks at."""
        return RATES[self.settings["232BAD"]]

    @property
    def _wired(self) -> bool:
        return self.settings["POR"] in ("232", "VIC")

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it."""
        self._let_pass(now_ms)
        self._window.hold(text, now_ms, held_ms)
        self._let_pass(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host; what is no command is passed over."""
        self._let_pass(now_ms)
        self._buffer = (self._buffer + data)[-200:]
        while found := re.search(rb"\^_\^([A-Z0-9]*)\.", self._buffer):
            self._buffer = self._buffer[found.end() :]
            if self._wired and not self.mute:
                self._obey(found[1].decode("ascii"), now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        self._let_pass(now_ms)
        return self._outbox.leaving(now_ms)

    def deadline_ms(self) -> int | None:
        """When more bytes leave or it looks again, or None."""
        return earliest(self._outbox.deadline_ms(), self._window.deadline_ms())

    def _obey(self, name: str, now_ms: int) -> None:
        self.received.append(name)
        if name == "DSPYFW":
            self._outbox.say(b"DE2120 V1.0\r\x06", now_ms + _FIRMWARE_MS)
            return
        done = name not in self.refused and self._set(name)
        self._outbox.say(b"\x06" if done else b"\x15", now_ms + _REPLY_MS)

    def _set(self, name: str) -> bool:
        if name in ("SCAN", "SLEEP"):
            self._scanning = name == "SCAN"
            return True
        if name == "DEFALT":
            self.settings = _DEFAULTS | {"POR": "KBD"}
            return True
        for tag, values in _NAMES.items():
            if name.startswith(tag) and name.removeprefix(tag) in values:
                self.settings[tag] = name.removeprefix(tag)
                return True
        return False

    def _let_pass(self, now_ms: int) -> None:
        interval_ms = _INTERVALS_MS.get(self.settings["CNTALW"], _ONCE_MS)
        for _, text in self._window.looks(now_ms, interval_ms):
            self._look_at(text, now_ms)

    def _look_at(self, text: str, now_ms: int) -> None:
        if self.settings["SCM"] == "MAN" and not self._scanning:
            self.unread.append(text)
            return
        self._scanning = False
        found = re.fullmatch(r"\^_\^([A-Z0-9]+)\.", text)
        if found and self._set(found[1]):
            return
        if self._wired:
            self._outbox.say(text.encode("gbk", "replace") + b"\r", now_ms)
