"""Every sentence that the dialogue can say is there in both languages, with the same places; and no other is."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import locker.commission
from locker.commission.finding import FAMILIES
from locker.commission.phrases import Phrases
from locker.commission.scanning import KINDS

FOLDER = Path(locker.commission.__file__).parent
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py")))
TABLES = Phrases().tables
TABLE = TABLES["zh"]


def fields(sentence: str) -> set[str]:
    """The places to fill in."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_both_languages_fill_in_the_same(key: str) -> None:
    """Chinese and English of a sentence have the same places; the Chinese one has Chinese in it."""
    chinese, english = (TABLES[language][key] for language in ("zh", "en"))
    assert fields(chinese) == fields(english)
    assert english
    assert re.search("[\u4e00-\u9fff]|KR-|MCP", chinese)


def test_the_two_catalogues_have_the_same_sentences() -> None:
    """None is there in one language only."""
    assert list(TABLES["zh"]) == list(TABLES["en"])


def test_what_the_sources_say_is_in_the_table() -> None:
    """Each key in the sources has a sentence, and each sentence is said somewhere."""
    said = set(re.findall(r'"([a-z_-]+)"', SOURCES)) | {"cabinet_id", "cabinet_phone"}
    choices = {f"choice_{word}" for word in said | set(FAMILIES) | set(KINDS) | {"8a"}}
    keys = {key for key in TABLE if not key.startswith("choice_")}
    assert keys - said == set()
    called = re.findall(r'(?:Tell|Ask|agreed|ready)\(\s*"([a-z_]+)"', SOURCES)
    assert set(called) - keys == set()
    assert {key for key in TABLE if key.startswith("choice_")} - choices == set()


def test_a_value_that_is_missing_is_an_error() -> None:
    """Nothing is printed with a hole in it."""
    phrases = Phrases()
    assert phrases.both("named", {"door": 3, "board": "main", "channel": 4})[1] == "Door 3 = main channel 4."
    with pytest.raises(KeyError):
        phrases.both("named", {"door": 3})
