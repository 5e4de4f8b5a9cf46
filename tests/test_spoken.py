"""What is said aloud: the right sentences for each screen, with numbers as people say them, in real Mandarin."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from locker import texts
from locker.config import Config, load
from locker.config_hours import Voice
from locker.model import Language, Refusal, Show
from locker.spoken import Spoken, aloud, chinese

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "cabinet.toml"


def cabinet(languages: str = "zh") -> Config:
    """The example's cabinet of 24, speaking these languages."""
    return msgspec.structs.replace(load(EXAMPLE), voice=msgspec.convert({"languages": languages}, Voice))


def said(show: Show, languages: str = "zh") -> list[str]:
    """What is said on a screen."""
    return [text for _, text in Spoken(cabinet(languages)).lines(show)]


def test_a_door_is_named_with_its_side_and_its_row() -> None:
    """The number, where it is counted from the nearer end, and what to do, in this order and sentence by sentence."""
    assert said(Show("open_deposit", 1, 13)) == ["十三号门开了", "中间，从下往上数第四个", "请放进材料，再把门推上"]
    assert said(Show("open_collect", 1, 2), "en")[:2] == ["Door 2 is open", "left side, number 2 from the top"]


def test_languages_come_in_their_order() -> None:
    """Both languages, one after the other, as the configuration says."""
    lines = Spoken(cabinet("en+zh")).lines(Show("left_open", 1, 24))
    assert [language for language, _ in lines] == ["en", "en", "zh", "zh"]
    assert lines[2] == ("zh", "二十四号门还没有关")


def test_a_refusal_is_said_with_its_next_step() -> None:
    """Why, and what to do about it; the help line digit by digit, as people dictate it."""
    spoken = said(Show("refused", 1, reason=Refusal.UNKNOWN_ORDER.value))
    assert spoken[0] == "柜子里没有您的这一件"
    assert spoken[-1].endswith("或打零三幺幺零零零零零零零零")


def test_a_reason_on_another_screen_is_said_alone() -> None:
    """No free larger compartment: the reason, and not once more what the screen says."""
    assert said(Show("deposited", 1, 3, reason=Refusal.NOTHING_FREE.value))[0] == "现在没有空的柜门了"


@pytest.mark.parametrize("name", ["idle", "opening", "out_of_order", "staff_question", "open_staff", "no such"])
def test_these_screens_are_silent(name: str) -> None:
    """Nobody stands there, the next prompt comes within a second, or staff read for themselves."""
    assert said(Show(name, 1, 3)) == []


def test_numbers_are_said_as_people_say_them() -> None:
    """Numbers written out, telephone numbers digit by digit, English left to the renderer."""
    numbers = (0, 9, 10, 12, 20, 24, 99, 100, 103, 110, 119, 240)
    words = "零 九 十 十二 二十 二十四 九十九 一百 一百零三 一百一十 一百一十九 二百四十"
    assert [chinese(number) for number in numbers] == words.split()
    assert aloud("第 9 个，打 12345 或 0311-110", "zh") == "第九个，打幺二三四五或零三幺幺幺幺零"
    assert aloud("door 12, call 0311-110", "en") == "door 12, call 0 3 1 1 1 1 0"


def test_everything_that_can_be_said_is_known_beforehand() -> None:
    """What any screen says on any door is in the list that is rendered at installation, each sentence once.

    With a page also in the languages that it can be switched to; without one only in those of the configuration.
    """
    spoken = Spoken(cabinet())
    known = spoken.everything()
    assert len(known) == len(set(known)) < 1200
    for name in texts.catalogue("zh")["voice"]:
        reason = Refusal.SPENT.value if name == "refused" else ""
        for door, language in product((1, 9, 24), get_args(Language)):
            assert set(spoken.lines(Show(name, 5, door, reason=reason, language=language))) <= set(known)
    alone = Spoken(msgspec.structs.replace(cabinet(), kiosk=None)).everything()
    assert {language for language, _ in alone} == {"zh"} and set(alone) < set(known)


def test_a_language_that_was_chosen_is_spoken_alone() -> None:
    """Instead of those of the configuration, whichever they are; every one that can be chosen has a catalogue."""
    for languages, chosen in product(("zh", "en", "zh+en"), texts.LANGUAGES):
        lines = Spoken(cabinet(languages)).lines(Show("left_open", 1, 24, language=chosen))  # type: ignore[arg-type]
        assert {language for language, _ in lines} == {chosen}
    assert set(get_args(Language)) == {"", *texts.LANGUAGES}


@pytest.mark.debian("espeak-ng")
def test_chinese_is_spoken_as_chinese(program: Callable[[str], str]) -> None:
    """No Chinese sentence has a part that the renderer takes for English, which is how its other voice garbles it."""
    sentences = [text for language, text in Spoken(cabinet()).everything() if language == "zh"]
    asked = [program("espeak-ng"), "-q", "-x", "-v", "cmn-latn-pinyin"]
    phonemes = subprocess.run(asked, input="\n".join(sentences), capture_output=True, text=True, check=True).stdout
    assert len(phonemes.split()) > 5 * len(sentences)
    assert "(en)" not in phonemes
    garbled = subprocess.run([*asked[:-1], "cmn"], input=sentences[0], capture_output=True, text=True, check=True)
    if "(en)" not in garbled.stdout:
        print("this espeak-ng has mended its voice cmn: drivers/voice_sounds.py could use it")
