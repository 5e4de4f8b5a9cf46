"""The catalogues are complete, agree with each other and fit on the screen."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

import locker
from locker import texts
from locker.model import Refusal

SCREENS = [
    "idle",
    "opening",
    "opening_other",
    "press",
    "open_deposit",
    "open_collect",
    "open_staff",
    "left_open",
    "alarm_open",
    "deposited",
    "collected",
    "emptying",
    "cancelled",
    "staff_question",
    "refused",
    "jammed",
    "unfinished",
    "out_of_order",
]
OFFERS = ["done", "reopen", "larger", "nothing", "took_out", "left_in"]
EVENTS = [
    "started",
    "stopped",
    "granted",
    "denied",
    "opened",
    "not_opened",
    "shut",
    "deposited",
    "receipt",
    "receipts_off",
    "numbered",
    "no_code",
    "pickup_off",
    "code_wrong",
    "keypad_locked",
    "collected",
    "cancelled",
    "reopened",
    "moved",
    "left_open",
    "alarm_open",
    "forced",
    "wrong_door",
    "quarantine_lifted",
    "door_slower",
    "cycles_due",
    "bus_noisier",
    "jammed",
    "staff_called",
    "staff_done",
    "staff_present",
    "staff_left",
    "visit_ended",
    "interrupted",
    "found_open",
    "opened_late",
    "board_silent",
    "board_back",
    "port_lost",
    "port_back",
    "device_trouble",
    "command_done",
    "command_refused",
    "service_changed",
    "log_trimmed",
    "retention",
    "rights_narrowed",
    "keys_changed",
    "keys_refused",
    "keys_missing",
    "clock_changed",
    "floor_lowered",
    "revoked_changed",
    "revoked_refused",
]
DUTY_FACTS = {"load", "item", "size", "left", "done", "of", "skipped", "right", "corrected", "free", "held", "overdue"}
DUTY_FACTS |= {"out", "submissions", "questions", "other"}
DUTY_SCREENS = [name for name in texts.catalogue("zh")["screens"] if name.startswith("duty_")]
GIVEN = {
    "screens": {"door", "place", "ticket", "phone", "reason", "advice", "books"} | DUTY_FACTS,
    "proofs": set(),
    "keypad": {"digits", "wait"},
    "kiosk": {"phone", "seconds", "count", "place"},
    "offers": {"door", "what"},
    "words": set(),
    "voice": {"door", "place", "reason", "advice"},
    "labels": {"size"},
    "refusals": {"phone"},
    "events": {"door", "reason"},
    "places": {"side", "row"},
    "language": set(),
}
CATALOGUES = Path(locker.__file__).parent / "catalogue"
LENGTHS = {("screens", "title"): (12, 26), ("screens", "say"): (30, 60), ("screens", "next"): (46, 84)}
LENGTHS |= {("refusals", "say"): (22, 56), ("refusals", "next"): (34, 84)}
LENGTHS |= {("proofs", "title"): (6, 14), ("proofs", "say"): (18, 44)}
LENGTHS |= {("offers", "say"): (7, 20), ("events", "say"): (24, 48)}
LENGTHS |= {("keypad", "say"): (18, 40)}
LENGTHS |= {("voice", "say"): (30, 80)}
FILLED = {
    "digits": 8,
    "seconds": 15,
    "count": 6,
    "wait": "14 分 59 秒",
    "door": 24,
    "place": "",
    "ticket": "A123",
    "phone": "0311-0000000",
    "reason": "",
    "advice": "",
    "what": "",
    "books": "预留",
    "size": "L",
    "item": "3432",
    **dict.fromkeys(DUTY_FACTS - {"size", "item"}, 24),
}

ENTRIES = [
    (section, name, part)
    for section, names in texts.catalogue("zh").items()
    for name in names
    if section != "language"
    for part in texts.parts(section, name, "zh")
]


@pytest.mark.parametrize(
    "file", sorted(path.name for path in (Path(locker.__file__).parent / "catalogue").glob("*.po"))
)
def test_the_catalogues_are_what_a_translators_tools_take(file: str) -> None:
    """Every entry is translated, none is doubtful, twice there or put away; one with words in braces is marked so."""
    entries = polib.pofile(str(CATALOGUES / file), check_for_duplicates=True)
    assert entries.metadata["Language"] == ("zh_CN" if "zh" in file else "en")
    assert (entries.untranslated_entries(), entries.fuzzy_entries(), entries.obsolete_entries()) == ([], [], [])
    braces = {entry.msgid for entry in entries if "{" in entry.msgstr}
    assert {entry.msgid for entry in entries if "python-brace-format" in entry.flags} == braces
    assert [entry.msgid for entry in entries if not re.fullmatch(r"[\w:-]+(\.[\w:-]+){0,2}", entry.msgid)] == []


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_word_that_the_program_can_say_is_there(language: str) -> None:
    """Each screen, button, refusal and event has a sentence; each refusal and screen has a next step."""
    for section, names in (("screens", SCREENS), ("offers", OFFERS), ("events", EVENTS)):
        assert [name for name in names if name not in texts.catalogue(language)[section]] == []
    assert set(texts.catalogue(language)["refusals"]) == {refusal.value for refusal in Refusal}
    for name in SCREENS:
        assert texts.parts("screens", name, language) == ("title", "say", "next")
    for name in ("receipt", "invite"):
        assert texts.parts("proofs", name, language) == ("title", "say")
    for refusal in Refusal:
        assert texts.parts("refusals", refusal.value, language) == ("say", "next")


def test_every_screen_and_event_that_the_core_names_is_in_the_catalogues() -> None:
    """A ``Show`` or ``Record`` written with a literal name cannot be without its sentence."""
    sources = "\n".join(path.read_text() for path in Path(locker.__file__).parent.rglob("*.py"))
    for call, section in (("Show", "screens"), ("Record", "events")):
        named = set(re.findall(rf'\b{call}\(\s*"([a-z_]+)"', sources))
        assert named <= set(texts.catalogue("zh")[section])


def test_the_languages_have_the_same_entries_and_the_same_words() -> None:
    """A sentence cannot exist, or ask for a word, in one language only."""
    shape = {
        language: {
            (section, name, part, texts.words(section, name, language, part=part))
            for section, names in texts.catalogue(language).items()
            for name in names
            for part in texts.parts(section, name, language)
        }
        for language in texts.LANGUAGES
    }
    assert shape["zh"] == shape["en"]


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(("section", "name", "part"), ENTRIES)
def test_each_sentence_is_plain_and_fits(language: str, section: str, name: str, part: str) -> None:
    """No empty sentence, no shouting, none longer than the screen; only words that the program has."""
    assert texts.words(section, name, language, part=part) <= GIVEN[section]
    text = texts.sentence(section, name, language, part=part, side="", row=1, **FILLED)
    template = texts.catalogue(language)[section][name]
    assert (template and text == text.strip()) or "{" in str(template)
    assert "!" not in text and "！" not in text and "  " not in text
    chinese, english = LENGTHS.get((section, part), (40, 60))
    assert len(text) <= (chinese if language == "zh" else english), (len(text), text)


def test_a_missing_sentence_is_an_error_that_says_where() -> None:
    """Nothing empty can reach the screen."""
    with pytest.raises(texts.TextMissingError, match=r"zh\.po has no screens\.nowhere"):
        texts.sentence("screens", "nowhere", "zh")
    with pytest.raises(texts.TextMissingError, match="needs the word 'place'"):
        texts.sentence("screens", "opening", "zh", part="next", door=3)
    with pytest.raises(texts.TextMissingError, match="no catalogue for language 'fr'"):
        texts.sentence("screens", "idle", "fr")
    with pytest.raises(texts.TextMissingError, match="has no part 'title'"):
        texts.sentence("offers", "done", "zh", part="title")


def test_a_door_is_counted_from_the_nearer_end() -> None:
    """An eighty-year-old counts to four at most."""
    assert texts.place("left", 2, 8, "zh") == "左边，从上往下数第 2 个"
    assert texts.place("right", 8, 8, "en") == "right side, number 1 from the bottom"
    assert texts.place("middle", 1, 1, "en") == "middle, number 1 from the top"
