"""The dialogue's sentences in both languages, from the gettext catalogues ``commission.*.po``.

Knows keys and places to fill in; must never know when something is said.
"""

from __future__ import annotations

from locker import texts
from locker.commission.steps import Values


class Phrases:
    """All sentences. Raises ``KeyError`` for one that is not there, and for a value that is missing."""

    def __init__(self) -> None:
        """Read once."""
        self.tables = {language: texts.lines(f"commission.{language}.po") for language in texts.LANGUAGES}

    def both(self, key: str, values: Values) -> tuple[str, str]:
        """The sentence in Chinese and in English."""
        return self.tables["zh"][key].format_map(values), self.tables["en"][key].format_map(values)
