"""The cabinet's screen in the demo: a client of the panel socket that puts the catalogues' sentences to each screen.

Knows the panel's lines and the catalogues. Must never decide what is shown or whether a touch is good.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

from locker import texts
from locker.config import Config
from locker.model import Refusal
from sim.demo_qr import rows

PIECE_BYTES = 65_536
TONES = {
    "refused": "act",
    "jammed": "act",
    "alarm_open": "act",
    "left_open": "act",
    "out_of_order": "act",
    "press": "act",
}
RETRY_MS = 100
KEYPAD_WORDS = ("open", "title", "say", "delete", "confirm", "back", "locked", "minute", "second")


class ScreenLink:
    """One connection to the panel socket, made again whenever it breaks. ``screen`` is the last line, None if dark.

    ``lines`` counts what was heard, over all connections.
    """

    def __init__(self, path: Path) -> None:
        """Connect at the first ``refresh``."""
        self._path = path
        self._link: socket.socket | None = None
        self._heard = b""
        self._retry_ms = 0
        self.screen: dict[str, Any] | None = None
        self.lines = 0

    def fileno(self) -> int | None:
        """The descriptor to wait for, None while not connected."""
        return self._link.fileno() if self._link else None

    def refresh(self, now_ms: int) -> bool:
        """Connect or read; True when the screen has changed."""
        if self._link is None:
            if now_ms >= self._retry_ms:
                self._retry_ms = now_ms + RETRY_MS
                self._connect()
            return False
        try:
            piece = self._link.recv(PIECE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self.close()
            return True
        *lines, self._heard = (self._heard + piece).split(b"\n")
        for line in lines:
            self.screen = json.loads(line)
            self.lines += 1
        return bool(lines)

    def touch(self, button: str, screen: int) -> None:
        """Press a button of a screen. Raises ``ValueError`` while the screen is dark."""
        self._say({"touch": button, "screen": screen})

    def type_code(self, digits: str, screen: int) -> None:
        """Confirm what was typed on a screen's keypad. Raises ``ValueError`` while the screen is dark."""
        if not re.fullmatch("[0-9]{1,12}", digits):
            raise ValueError("取件码只有数字  a pick-up code has digits only")
        self._say({"typed": digits, "screen": screen})

    def _say(self, line: dict[str, Any]) -> None:
        if self._link is None:
            raise ValueError("屏幕没有信号  the screen is dark")
        self._link.sendall(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Hang up; the screen goes dark."""
        if self._link is not None:
            self._link.close()
        self._link, self._heard, self.screen = None, b"", None

    def _connect(self) -> None:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(str(self._path))
        except OSError:
            link.close()
            return
        link.setblocking(False)
        self._link = link


def spoken(line: dict[str, Any], config: Config) -> dict[str, Any]:
    """Return a panel line with what it says in both languages, as the page draws it."""
    view = {key: line[key] for key in ("number", "door", "offers", "remaining_ms")}
    view |= {"name": line["screen"], "tone": TONES.get(line["screen"], "")}
    view |= {"digits": line["digits"], "locked": line["reason"] == Refusal.KEYPAD_LOCKED.value}
    view["invite"] = rows(line["invite"]) if line["invite"] else []
    view["receipt"] = rows(line["receipt"]) if line["receipt"] else []
    return view | {language: _said(line, config, language) for language in texts.LANGUAGES}


def _said(line: dict[str, Any], config: Config, language: str) -> dict[str, Any]:
    reason, phone = line["reason"], config.cabinet.phone
    words: dict[str, Any] = {"door": line["door"], "ticket": line["ticket"], "phone": phone, "reason": "", "advice": ""}
    words["place"] = _place(line["door"], config, language)
    words |= {name: _word(fact, language) for name, fact in line.get("facts", {}).items()}
    if reason:
        words["reason"] = texts.sentence("refusals", reason, language, phone=phone)
        words["advice"] = texts.sentence("refusals", reason, language, part="next", phone=phone)
    said: dict[str, Any] = {
        part: texts.sentence("screens", line["screen"], language, part=part, **words)
        for part in ("title", "say", "next")
    }
    said["offers"] = [_offer(offer, language) for offer in line["offers"]]
    aside = reason and "reason" not in texts.words("screens", line["screen"], language)
    for proof in ("receipt", "invite"):
        said |= {f"{proof}_{part}": texts.sentence("proofs", proof, language, part=part) for part in ("title", "say")}
    blanks = {"digits": line["digits"], "wait": "{wait}"}
    said["keypad"] = {word: texts.sentence("keypad", word, language, **blanks) for word in KEYPAD_WORDS}
    said["notice"] = f"{words['reason']} · {words['advice']}" if aside else ""
    return said


def _offer(offer: str, language: str) -> str:
    """A button; what follows a colon is the door or the word that it is about."""
    name, _, about = offer.partition(":")
    return texts.sentence("offers", name, language, door=about, what=_word(about, language))


def _word(value: str | int, language: str) -> str | int:
    """A fact as it is said: a text by the section ``words`` where that has it."""
    if isinstance(value, str) and value in texts.catalogue(language)["words"]:
        return texts.sentence("words", value, language)
    return value


def _place(number: int, config: Config, language: str) -> str:
    door = next((door for door in config.doors if door.door == number), None)
    if door is None:
        return ""
    rows = max(other.row for other in config.doors if other.side == door.side)
    return texts.place(door.side, door.row, rows, language)
