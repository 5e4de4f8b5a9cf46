"""The sentences people read: gettext catalogues in Chinese and English, one ``.po`` file a language and a domain.

A message's id is a key, not a sentence: ``screens.idle.title`` is section, name and part; the Chinese is the original.
Knows sections (screens, proofs, offers, refusals, events, places ...), names and parts, and fills in the words in
braces. A missing entry or word is an error, never an empty line on the screen. Must never know which screen is shown
when, nor any state of the cabinet.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

import polib

LANGUAGES = ("zh", "en")
"""The catalogues there are; the first is the original and the one shown first."""


class TextMissingError(LookupError):
    """A sentence, or a word that a sentence needs, does not exist; says which catalogue and what to add."""


@cache
def lines(file: str) -> dict[str, str]:
    """Return one ``.po`` file of the catalogues: message id -> text. An id that stands there twice is an error."""
    source = files("locker").joinpath("catalogue", file).read_text(encoding="utf-8")
    return {entry.msgid: entry.msgstr for entry in polib.pofile(source, check_for_duplicates=True)}


@cache
def catalogue(language: str) -> dict[str, dict[str, Any]]:
    """Return one language's whole catalogue of the screen: section -> name -> text, or -> part -> text."""
    if language not in LANGUAGES:
        raise TextMissingError(f"no catalogue for language {language!r}; there are: {', '.join(LANGUAGES)}")
    tree: dict[str, dict[str, Any]] = {}
    for key, text in lines(f"{language}.po").items():
        section, name, *part = key.split(".")
        if part:
            tree.setdefault(section, {}).setdefault(name, {})[part[0]] = text
        else:
            tree.setdefault(section, {})[name] = text
    return tree


def sentence(section: str, name: str, language: str, /, *, part: str = "say", **fields: object) -> str:
    """Return one sentence with its words filled in.

    ``part`` picks ``title``, ``say`` or ``next`` where an entry has several. Fields that the sentence does not use
    are ignored. Raises ``TextMissingError`` for an unknown entry or a word that was not given.
    """
    text = _template(section, name, language, part)
    try:
        return text.format_map(fields)
    except KeyError as missing:
        where = f"{language}.po {section}.{name}.{part}"
        raise TextMissingError(f"{where} needs the word {missing}, given were {sorted(fields)}") from None


def words(section: str, name: str, language: str, /, *, part: str = "say") -> frozenset[str]:
    """Return the names in braces that a sentence needs."""
    text = _template(section, name, language, part)
    return frozenset(word for _, word, _, _ in Formatter().parse(text) if word)


def parts(section: str, name: str, language: str, /) -> tuple[str, ...]:
    """Return which parts an entry has; an entry of one line has only ``say``."""
    entry = _entry(section, name, language)
    return ("say",) if isinstance(entry, str) else tuple(entry)


def place(side: str, row: int, rows: int, language: str) -> str:
    """Say where a door is: its side, counted from the nearer end of its column of ``rows`` doors (row 1 is the top)."""
    spoken = sentence("places", side, language)
    if row * 2 <= rows + 1:
        return sentence("places", "from_top", language, side=spoken, row=row)
    return sentence("places", "from_bottom", language, side=spoken, row=rows - row + 1)


def _entry(section: str, name: str, language: str) -> Any:
    try:
        return catalogue(language)[section][name]
    except KeyError:
        raise TextMissingError(f"{language}.po has no {section}.{name}; add it in every language") from None


def _template(section: str, name: str, language: str, part: str) -> str:
    entry = _entry(section, name, language)
    text = entry if isinstance(entry, str) and part == "say" else None
    if isinstance(entry, dict):
        text = entry.get(part)
    if not isinstance(text, str):
        raise TextMissingError(f"{language}.po {section}.{name} has no part {part!r}; add it in every language")
    return text
