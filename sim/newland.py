"""The far side of a Newland scanner: commands answered with their own words and a result, and codes as text.

Written from hardware facts, 5.3, and a public driver's comments (the query ``*``, SETUPE); knows nothing of the driver.
``star`` keeps the ``*`` in a query's answer, ``queries=False`` is a firmware that does not know queries. A set-up code
holds the words of a command with ``@`` in front; such codes count between SETUPE1 and SETUPE0 only, and SETUPE1 is a
code as well: nothing is known that shuts it.
"""

from __future__ import annotations

import re

from sim.window import Outbox, Window, earliest

_DEFAULTS = {
    "SCNMOD": "0",
    "ORTSET": "3000",
    "RRDDUR": "0",
    "ILLSCN": "1",
    "AMLENA": "1",
    "GRBENA": "1",
    "SETUPE": "0",
}
_REPLY_MS = 15
_HEAD, _REPLY, _TAIL = bytes.fromhex("7E 01 30 30 30 30"), bytes.fromhex("02 01 30 30 30 30"), bytes.fromhex("3B 03")


class Newland:
    """One scanner. Sans-IO."""

    def __init__(self, *, star: bool = False, queries: bool = True, unkept: tuple[str, ...] = ()) -> None:
        """``unkept``: settings that are answered with 06 and stay as they were."""
        self.star, self.queries, self.unkept = star, queries, unkept
        self.settings = dict(_DEFAULTS)
        self.kept = dict(_DEFAULTS)
        self.writes: list[str] = []
        self.unread: list[str] = []
        self.mute = False
        self._triggered = False
        self._buffer = b""
        self._window, self._outbox = Window(), Outbox()

    def power_cycle(self) -> None:
        """Take its supply away and give it back: what was set with ``#`` is gone."""
        self.settings = dict(self.kept)
        self._buffer = b""
        self._outbox.clear()

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it."""
        self._let_pass(now_ms)
        self._window.hold(text, now_ms, held_ms)
        self._let_pass(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host; what is no command is passed over."""
        self._let_pass(now_ms)
        self._buffer = (self._buffer + data)[-400:]
        while (begin := self._buffer.find(_HEAD)) >= 0:
            end = self._buffer.find(_TAIL, begin)
            if end < 0:
                return
            body = self._buffer[begin + len(_HEAD) : end]
            self._buffer = self._buffer[end + len(_TAIL) :]
            if not self.mute and body[:1] in (b"@", b"#"):
                self._obey(body.decode("latin-1"), now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        self._let_pass(now_ms)
        return self._outbox.leaving(now_ms)

    def deadline_ms(self) -> int | None:
        """When more bytes leave or it looks again, or None."""
        return earliest(self._outbox.deadline_ms(), self._window.deadline_ms())

    def _obey(self, body: str, now_ms: int) -> None:
        storage, name, value = body[0], body[1:7], body[7:]
        words, result = body, 0x06
        if name == "QRYSYS":
            words = body + "Newland NLS-N1"
        elif name == "SCNTRG":
            self._triggered = value == "1"
        elif name not in self.settings or (value == "*" and not self.queries):
            result = 0x05
        elif value == "*":
            words = storage + name + ("*" if self.star else "") + self.settings[name]
        elif not re.fullmatch(r"[0-9]+", value):
            result = 0x15
        else:
            self._write(storage, name, value)
        self._outbox.say(_REPLY + words.encode("latin-1") + bytes((result,)) + _TAIL, now_ms + _REPLY_MS)

    def _write(self, storage: str, name: str, value: str) -> None:
        self.writes.append(storage + name + value)
        if name not in self.unkept:
            self.settings[name] = value
            if storage == "@":
                self.kept[name] = value

    def _let_pass(self, now_ms: int) -> None:
        for _, text in self._window.looks(now_ms, int(self.settings["RRDDUR"]) or 100):
            self._look_at(text, now_ms)

    def _look_at(self, text: str, now_ms: int) -> None:
        if self.settings["SCNMOD"] == "0" and not self._triggered:
            self.unread.append(text)
            return
        self._triggered = False
        found = re.fullmatch(r"@([A-Z]{6})([0-9]+)", text)
        if found and found[1] in self.settings and (found[1] == "SETUPE" or self.settings["SETUPE"] == "1"):
            self.settings[found[1]] = self.kept[found[1]] = found[2]
            return
        self._outbox.say(text.encode("gbk", "replace") + b"\r\n", now_ms)
