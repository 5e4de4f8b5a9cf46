"""The face: what the kiosk's page is told, in every language at once, so that a person can switch at any moment.

Turns a ``Show`` into sentences of the catalogues, places and QR modules; and tells once what does not change: the
cabinet's doors, its names, its telephone, the page's own words. Pure but for the catalogues. Knows what a passer-by may
see and puts in nothing else. Must never decide which screen is shown, nor know what a button does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from locker import texts
from locker.config import Config, Door
from locker.hours import is_quiet
from locker.model import DoorRow, Now, Refusal, Show
from locker.notices import notices_of
from locker.qr import digits

log = logging.getLogger("locker.face")
TONES = {
    "refused": "act",
    "jammed": "act",
    "alarm_open": "act",
    "left_open": "act",
    "unfinished": "act",
    "out_of_order": "act",
    "press": "act",
    "emptying": "act",
    "deposited": "good",
    "collected": "good",
}
"""Which screens want something done and which say that all is well; the page gives each a sign and a colour."""
DUTY = "duty_"
"""How the names of staff's screens begin: the page says that staff are at work."""
KEYPAD_WORDS = ("open", "title", "say", "delete", "confirm", "back", "locked", "minute", "second")
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_LATER = {"seconds": "{seconds}", "count": "{count}", "wait": "{wait}", "digits": "{digits}", "place": "{place}"}
"""Words that the page itself fills in."""


@cache
def page_files() -> dict[str, tuple[str, bytes]]:
    """The page's files as they are served: path to media type and bytes; "/" is the page itself."""
    found = {}
    for file in files("locker").joinpath("kiosk").iterdir():
        kind = MEDIA_TYPES.get("." + file.name.rpartition(".")[2])
        if kind is not None:
            found[f"/{file.name}"] = (f"{kind}; charset=utf-8", file.read_bytes())
    found["/"] = found["/index.html"]
    return found


class Face:
    """One cabinet's face, by its configuration."""

    def __init__(self, config: Config) -> None:
        """Know the doors and the words; nothing is shown yet."""
        self._config = config
        self._doors: dict[int, Door] = {door.door: door for door in config.doors}
        self._rows = {
            side: max(d.row for d in config.doors if d.side == side) for side in {d.side for d in config.doors}
        }

    def setup(self) -> dict[str, Any]:
        """What does not change while the program runs. ``page`` tells one version of the page from another."""
        cabinet = self._config.cabinet
        content = sha256(b"".join(body for _, (_, body) in sorted(page_files().items()))).hexdigest()
        kiosk = self._config.kiosk
        return {
            "page": content[:16],
            "idle_ms": kiosk.idle_s * 1000 if kiosk else 60_000,
            "names": {"zh": cabinet.name_zh, "en": cabinet.name_en},
            "phone": cabinet.phone,
            "languages": list(texts.LANGUAGES),
            "doors": [
                {"door": d.door, "side": d.side, "row": d.row, "size": d.size, "low": d.low} for d in self._config.doors
            ],
            "words": {language: self._page_words(language) for language in texts.LANGUAGES},
        }

    def day(self, now: Now) -> dict[str, Any]:
        """What goes with the hour: whether the light is low, and the notices of the day."""
        notices = [{"zh": notice.zh, "en": notice.en} for notice in notices_of(self._config, now)]
        return {"night": is_quiet(self._config, now), "notices": notices}

    def said(self, show: Show) -> dict[str, Any]:
        """A screen with what it says in every language."""
        view: dict[str, Any] = {
            "name": show.name,
            "number": show.number,
            "tone": TONES.get(show.name, ""),
            "duty": show.name.startswith(DUTY),
            "door": show.door,
            "offers": list(show.offers),
            "remaining_ms": show.remaining_ms,
            "digits": show.digits,
            "locked": show.reason == Refusal.KEYPAD_LOCKED.value,
            "invite": digits(show.invite),
            "receipt": digits(show.receipt),
            "rows": [{"door": row.door, "sign": _sign(row)} for row in show.rows],
        }
        return view | {language: self._in_or_sorry(language, show) for language in texts.LANGUAGES}

    # --- one language ---

    def _in_or_sorry(self, language: str, show: Show) -> dict[str, Any]:
        """A missing sentence is our mistake, and tests look for it; nobody at an open door pays for it with a stop."""
        try:
            return self._in(language, show)
        except texts.TextMissingError as missing:
            log.error("screen=%s language=%s %s", show.name, language, missing)
        phone = self._config.cabinet.phone
        parts = {"title": "wait_title", "say": "help_call", "next": "help_safe"}
        sorry = {part: texts.sentence("kiosk", name, language, phone=phone) for part, name in parts.items()}
        place = self._place(show.door, language)
        rows = [{"what": "", "item": row.item, "remark": ""} for row in show.rows]
        return sorry | {"aside": "", "place": place, "offers": list(show.offers), "digits": "", "rows": rows}

    def _in(self, language: str, show: Show) -> dict[str, Any]:
        words = self._words(language, show)
        said: dict[str, Any] = {
            part: texts.sentence("screens", show.name, language, part=part, **words)
            for part in ("title", "say", "next")
        }
        aside = show.reason and "reason" not in texts.words("screens", show.name, language)
        said["aside"] = f"{words['reason']}{_stop(language)}{words['advice']}" if aside else ""
        said["place"] = words["place"]
        said["offers"] = [_offer(offer, language, words) for offer in show.offers]
        said["digits"] = texts.sentence("keypad", "say", language, digits=show.digits) if show.digits else ""
        said["rows"] = [_row(row, language) for row in show.rows]
        return said

    def _words(self, language: str, show: Show) -> dict[str, Any]:
        """Whatever a sentence of a screen may ask for."""
        phone = self._config.cabinet.phone
        words: dict[str, Any] = {name: _word(fact, language) for name, fact in show.facts.items()}
        words |= {"door": show.door, "ticket": show.ticket, "phone": phone, "place": self._place(show.door, language)}
        words |= {"reason": "", "advice": ""}
        if show.reason:
            words["reason"] = texts.sentence("refusals", show.reason, language, **words)
            words["advice"] = texts.sentence("refusals", show.reason, language, part="next", **words)
        return words

    def _place(self, number: int, language: str) -> str:
        door = self._doors.get(number)
        return texts.place(door.side, door.row, self._rows[door.side], language) if door else ""

    def _page_words(self, language: str) -> dict[str, Any]:
        """The page's own words: its buttons, the keypad, what it says while the controller is away."""
        words: dict[str, Any] = {**_LATER, "phone": self._config.cabinet.phone}

        def all_of(section: str) -> dict[str, str]:
            names = texts.catalogue(language)[section]
            return {name: texts.sentence(section, name, language, **words) for name in names}

        proofs = {
            name: {part: texts.sentence("proofs", name, language, part=part) for part in ("title", "say")}
            for name in ("receipt", "invite")
        }
        sides = {side: texts.sentence("places", side, language) for side in ("left", "middle", "right")}
        keypad = {name: texts.sentence("keypad", name, language, **words) for name in KEYPAD_WORDS}
        return {"kiosk": all_of("kiosk"), "keypad": keypad, "proofs": proofs, "sides": sides}


def _offer(offer: str, language: str, words: Mapping[str, Any]) -> str:
    """A button's label; what follows a colon is what it is about: a door's number, or a word."""
    name, _, about = offer.partition(":")
    given = {**words, "what": _word(about, language), "number": about}
    if about.isdigit():
        given["door"] = int(about)
    return texts.sentence("offers", name, language, **given)


def _word(value: str | int, language: str) -> str | int:
    """A fact as it is said: a text by the section ``words`` where that has it."""
    if isinstance(value, str) and value in texts.catalogue(language).get("words", {}):
        return texts.sentence("words", value, language)
    return value


def _row(row: DoorRow, language: str) -> dict[str, str]:
    """One door of a list: what lies there, its item's mark, and the one remark that matters most, each "" for none."""
    remarks = [row.note, "" if row.in_service else "out_of_service", "overdue" if row.overdue else ""]
    remark = next((name for name in (*remarks, "" if row.state == "closed" else row.state) if name), "")
    what = str(_word(row.kind or row.custody, language))
    return {"what": what, "item": row.item, "remark": str(_word(remark, language)) if remark else ""}


def _sign(row: DoorRow) -> str:
    """How a door of a list is drawn; the worst that is true of it."""
    if not row.in_service:
        return "off"
    if row.state != "closed":
        return "doubt" if row.state in ("unknown", "jammed") else "open"
    if row.overdue:
        return "overdue"
    return {"holding": "full", "reserved": "full"}.get(row.custody, "empty")


def _stop(language: str) -> str:
    """What stands between two sentences on one line."""
    return "。" if language == "zh" else ". "
