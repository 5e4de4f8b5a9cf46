"""The dialogue's sentences in both languages, from ``words.toml`` beside this module.

Knows keys and places to fill in; must never know when something is said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources

from locker.commission.steps import Values


class Phrases:
    """All sentences. Raises ``KeyError`` for one that is not there, and for a value that is missing."""

    def __init__(self) -> None:
        """Read once."""
        text = (resources.files("locker.commission") / "words.toml").read_text(encoding="utf-8")
        self.table: Mapping[str, Mapping[str, str]] = tomllib.loads(text)

    def both(self, key: str, values: Values) -> tuple[str, str]:
        """The sentence in Chinese and in English."""
        row = self.table[key]
        return row["zh"].format_map(values), row["en"].format_map(values)
