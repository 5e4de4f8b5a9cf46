"""What is said aloud: for each screen its sentences, one by one, in the language chosen there or those configured.

The catalogues' section ``voice`` has what is said on which screen; a screen that is not there is silent. What is
rendered and kept is a sentence by itself: where a door is, is rendered once, not once for every screen. Numbers in
Chinese are written out, because espeak-ng 1.51 reads the digit 9 wrongly (its issue 257), and a telephone number is
said digit by digit. Knows catalogues and places; never a sound card, a volume or an hour.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from locker import texts
from locker.config import Config
from locker.model import Language, Refusal, Show

Line = tuple[str, str]
"""A language and one sentence in it, without its full stop."""

_DIGITS = "零一二三四五六七八九"
_PHONE_DIGITS = _DIGITS.replace("一", "幺")
_STOP = re.compile(r"[。！？]|[.!?](?=\s|$)")
_NUMBER = re.compile(r"\d[\d-]*")
_ALOUD_MAX = 999
"""Larger numbers are said digit by digit: no door has such a one."""


class Spoken:
    """The sentences of one cabinet."""

    def __init__(self, cfg: Config) -> None:
        """Without a voice in the configuration it says everything in Chinese, for whoever asks."""
        self._phone = cfg.cabinet.phone
        self._doors = {door.door: door for door in cfg.doors}
        self._rows = Counter(door.side for door in cfg.doors)
        self.languages = (cfg.voice.languages if cfg.voice is not None else "zh").split("+")
        self._choices: tuple[Language, ...] = ("", "zh", "en") if cfg.kiosk is not None else ("",)

    def lines(self, show: Show) -> list[Line]:
        """What is said on this screen, in order; nothing on one that is silent."""
        languages = [show.language] if show.language else self.languages
        return [(language, text) for language in languages for text in self._sentences(show, language)]

    def everything(self) -> list[Line]:
        """All that can ever be said here, each once: to be rendered beforehand. With a page, somebody may switch it."""
        shows = (replace(show, language=choice) for choice in self._choices for show in self._screens())
        said = (line for show in shows for line in self.lines(show))
        return list(dict.fromkeys(said))

    def _screens(self) -> Iterator[Show]:
        for name in texts.catalogue(self.languages[0])["voice"]:
            if name == "refused":
                yield from (Show(name, 0, reason=refusal.value) for refusal in Refusal)
            else:
                yield from (Show(name, 0, door) for door in self._doors)

    def _sentences(self, show: Show, language: str) -> Iterator[str]:
        if show.name not in texts.catalogue(language)["voice"]:
            return
        name = "refused" if show.reason else show.name
        words: dict[str, Any] = {"door": show.door, "phone": self._phone, "place": self._place(show.door, language)}
        words |= {"reason": "", "advice": ""}
        if show.reason:
            words["reason"] = texts.sentence("refusals", show.reason, language, **words)
            words["advice"] = texts.sentence("refusals", show.reason, language, part="next", **words)
        for part in _STOP.split(texts.sentence("voice", name, language, **words)):
            if part.strip():
                yield aloud(part.strip(), language)

    def _place(self, number: int, language: str) -> str:
        door = self._doors.get(number)
        return texts.place(door.side, door.row, self._rows[door.side], language) if door else ""


def aloud(text: str, language: str) -> str:
    """A sentence with its numbers as they are said: in Chinese written out, a telephone number digit by digit."""
    said = _NUMBER.sub(lambda found: _number(found[0], language), text)
    return said.replace(" ", "") if language == "zh" else said


def _number(found: str, language: str) -> str:
    digits = found.replace("-", "")
    by_digit = "-" in found or int(digits) > _ALOUD_MAX or digits[0] == "0"
    if language != "zh":
        return " ".join(digits) if by_digit else digits
    return "".join(_PHONE_DIGITS[int(digit)] for digit in digits) if by_digit else chinese(int(digits))


def chinese(number: int) -> str:
    """A number from 0 to 999 in Chinese characters: 七, 十二, 二十四, 一百零三."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    if hundreds:
        zero = "零" if rest and not tens else ""
        ten = f"{_DIGITS[tens]}十" if tens else ""
        return f"{_DIGITS[hundreds]}百{zero}{ten}{_DIGITS[ones] if ones else ''}"
    ten = f"{_DIGITS[tens] if tens > 1 else ''}十" if tens else ""
    return ten + (_DIGITS[ones] if ones or not tens else "")
