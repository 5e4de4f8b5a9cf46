"""A Newland scanner: commands of one line each, answered with the same words and a result.

Hardware: Newland's scan engines and the readers built around them (the NLS command set).
Wire: 9600 8N1 by default. ``7E 01 30 30 30 30``, ``@`` (kept) or ``#`` (until power-off), TAG SUB DATA, ``3B 03`` out;
``02 01 30 30 30 30``, the same words, 06 (done), 15 (bad value) or 05 (unknown), ``3B 03`` in. Readings are text.
Source: hardware facts, 5.3; the query ``*`` and SETUPE0 from a public driver's comments.
Quirks: a query's answer has the value in place of the ``*`` (or after it). A firmware that does not know the query is
written to with ``#`` each time: believed on its word, and told as "not verified". What ends a reading is not set here,
because no source says how: CR, LF or quiet do. Its set-up codes are the texts of its commands and only count between
SETUPE1 and SETUPE0; no command is known that shuts them for good. So SETUPE0 is sent at each check, everything that can
be read is read, and what was changed is made again and told.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from drivers.scanner_wire import Answer, Outcome, Piece, Script, TextWire

DONE, REFUSED, UNKNOWN = 0x06, 0x15, 0x05
KEPT, FOR_NOW = "@", "#"
SETTINGS = (
    ("SCNMOD", "2", "reads by itself"),
    ("RRDDUR", "1000", "one second between readings of a code"),
    ("ILLSCN", "1", "light while reading"),
    ("AMLENA", "1", "aim while reading"),
    ("GRBENA", "1", "beep after a reading"),
)
_HEAD, _REPLY_HEAD, _TAIL = b"\x7e\x010000", b"\x02\x010000", b";\x03"
_WORDS_MAX = 200
_LEAVE_SETUP = "SETUPE0"


def command(words: str, storage: str = FOR_NOW) -> bytes:
    """The bytes of a command: TAG, SUB and data as one word. Raises ``ValueError`` when that is none."""
    if storage not in (KEPT, FOR_NOW) or not re.fullmatch(r"[A-Z0-9]{6}[A-Za-z0-9*,]{0,20}", words):
        raise ValueError(f"{storage}{words!r} is no command of a Newland; six of A-Z and 0-9, and a value")
    return _HEAD + storage.encode("ascii") + words.encode("ascii") + _TAIL


class NewlandWire(TextWire):
    """How a Newland speaks."""

    rates: tuple[int, ...] = (9600, 115_200, 57_600, 38_400, 19_200)
    question = command("SCNMOD*")

    def __init__(self) -> None:
        """Begin with nothing received."""
        super().__init__()
        self._buffer = bytearray()

    @property
    def holding(self) -> bool:
        """Whether bytes are held back that may become an answer."""
        return bool(self._buffer)

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """Frames are answers, all else is text. An answer's data: storage, words, and the result as the last byte."""
        self._buffer += data
        pieces: list[Piece] = []
        while self._buffer:
            piece = self._piece(due)
            if piece is None:
                break
            if piece != b"":
                pieces.append(piece)
        return pieces

    def settle(self, due: bool) -> list[Piece]:
        """Half an answer is text, or a damaged answer while one is due."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if not rest:
            return []
        if due:
            self.bad += 1
            return []
        return [rest]

    def answers(self, request: bytes, data: bytes) -> bool:
        """An answer repeats the words of its request; of a query, those before the ``*``."""
        words = request[len(_HEAD) : -len(_TAIL)].removesuffix(b"*")
        return data[: len(words)] == words

    def setup(self, usb: bool) -> Script:
        """Read, write what differs, read back."""
        return _configure()

    def looks_like_setup(self, data: bytes) -> bool:
        """Its set-up codes are the texts of its commands, with the storage in front."""
        return re.fullmatch(rb"([@#][A-Z]{6}|SETUPE|FACDEF)[A-Z0-9;,]*", data) is not None

    def _piece(self, due: bool) -> Piece | None:
        """The next piece: text, an answer, nothing (a damaged answer was dropped), or None when more is needed."""
        start = self._buffer.find(_REPLY_HEAD[0])
        if start != 0:
            return self._cut(start if start > 0 else len(self._buffer))
        head = bytes(self._buffer[: len(_REPLY_HEAD)])
        if not _REPLY_HEAD.startswith(head):
            return self._cut(1)
        end = self._buffer.find(_TAIL)
        if end < 0:
            return None if len(self._buffer) <= _WORDS_MAX else self._cut(1)
        frame = self._cut(end + len(_TAIL))
        body = frame[len(_REPLY_HEAD) : -len(_TAIL)]
        if re.fullmatch(rb"[@#][ -~]{1,190}[\x05\x06\x15]", body):
            return Answer(body)
        if not due:
            return frame
        self.bad += 1
        return b""

    def _cut(self, count: int) -> bytes:
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece


def _configure() -> Script:
    if (yield command(_LEAVE_SETUP)) is None:
        return Outcome(False)
    troubles: list[tuple[str, str]] = []
    changed: list[str] = []
    for name, value, what in SETTINGS:
        outcome = yield from _apply(name, value)
        if outcome is None:
            return Outcome(False, tuple(troubles))
        if outcome == "changed":
            changed.append(what)
        elif outcome != "as it was":
            troubles.append((f"setting {outcome}", f"{what} ({name}{value})"))
    return Outcome(True, tuple(troubles), changed=tuple(changed))


def _apply(name: str, value: str) -> Generator[bytes, bytes | None, str | None]:
    """Make one setting: None without an answer, else "as it was", "changed", "not kept", "refused", "not verified"."""
    answer = yield command(name + "*")
    if answer is None:
        return None
    readable = answer[-1] == DONE
    if readable and _value(name, answer) == value:
        return "as it was"
    answer = yield command(name + value, KEPT if readable else FOR_NOW)
    if answer is None:
        return None
    if answer[-1] != DONE:
        return "refused"
    if not readable:
        return "not verified"
    answer = yield command(name + "*")
    if answer is None:
        return None
    return "changed" if _value(name, answer) == value else "not kept"


def _value(name: str, answer: bytes) -> str:
    """The value in a query's answer: behind the words, with or without the ``*``."""
    return answer[1 + len(name) : -1].decode("ascii").removeprefix("*").strip()
