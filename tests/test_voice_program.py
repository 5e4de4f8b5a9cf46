"""The whole program speaks, from the scan to the thanks: which prompts are played, in which language, and when none.

Everything is real but the two programs that make sound, the pins, and the clock (tests/voiced_rig.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from voiced_rig import Hall, Page

from drivers.voice_sounds import VOICES

MORE_THAN_IDLE_MS = 20_000
PLACES = {2: ("左边，从上往下数第二个", "left side, number 2 from the top")}
PLACES |= {3: ("左边，从下往上数第二个", "left side, number 2 from the bottom")}


@pytest.fixture
def halls(tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Hall]]:
    """Make a cabinet that speaks; it ends with the test."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with ExitStack() as parts:

        def make(**given: Any) -> Hall:
            hall = Hall(tmp_path, free_port, **given)
            parts.callback(hall.close)
            return hall

        yield make


def opened(language: str, number: int) -> list[str]:
    """What is said when a door has opened for papers."""
    if language == "zh":
        sentences = [f"{'零一二三'[number]}号门开了", PLACES[number][0], "请放进材料，再把门推上"]
    else:
        sentences = [f"Door {number} is open", PLACES[number][1], "Put your papers in, then push the door shut"]
    return [f"{VOICES[language]} {sentence}" for sentence in sentences]


def thanked(language: str) -> list[str]:
    """What is said when they are in and the door is shut."""
    sentences = ["收好了", "您可以走了"] if language == "zh" else ["All done", "You may go now"]
    return [f"{VOICES[language]} {sentence}" for sentence in sentences]


def drops_off(hall: Hall, page: Page, order: str) -> None:
    """A whole visit."""
    hall.shut(hall.scan(order))
    page.touches("done")
    hall.wait(MORE_THAN_IDLE_MS)


def test_a_drop_off_from_the_scan_to_the_thanks(halls: Callable[..., Hall]) -> None:
    """Each prompt once, in the configured language; after a switch in the next visit's middle all in the other one.

    Nothing is said on the idle screen; what was chosen there holds for the next person, until the page has gone back.
    """
    hall = halls()
    page = Page(hall)
    door = hall.scan("A1")
    assert hall.heard() == [opened("zh", door)]
    hall.shut(door)
    page.touches("done")
    hall.wait(MORE_THAN_IDLE_MS)
    assert hall.heard() == [thanked("zh")]
    door = hall.scan("A2")
    assert page.switches("en") == 204
    hall.shut(door)
    assert hall.heard() == [opened("zh", door), opened("en", door), thanked("en")]
    page.touches("done")
    hall.wait(MORE_THAN_IDLE_MS)
    assert page.switches("") == 204
    assert hall.heard() == []
    drops_off(hall, page, "A3")
    assert [prompt[0].split()[0] for prompt in hall.heard()] == [VOICES["zh"]] * 2
    assert hall.driver("kiosk").counters()["choices"] == 2


def test_switched_before_the_scan_and_back_to_chinese(halls: Callable[..., Hall]) -> None:
    """In a cabinet that says everything twice, whoever has chosen hears one language; others hear both."""
    hall = halls(languages="zh+en")
    page = Page(hall)
    page.switches("en")
    door = hall.scan("A1")
    page.switches("zh")
    hall.shut(door)
    page.switches("")
    page.touches("done")
    hall.wait(MORE_THAN_IDLE_MS)
    assert hall.heard() == [opened("en", door), opened("zh", door), thanked("zh")]
    door = hall.scan("A2")
    assert hall.heard() == [opened("zh", door) + opened("en", door)]


def test_without_a_page_and_with_one_that_only_looks(halls: Callable[..., Hall]) -> None:
    """Nobody has chosen: the configured language, whoever else watches; nor does a page that goes away repeat it."""
    hall = halls(languages="en")
    door = hall.scan("A1")
    page = Page(hall)
    page.close()
    hall.shut(door)
    assert hall.heard() == [opened("en", door), thanked("en")]


def test_of_two_pages_the_one_that_was_switched_last_is_spoken(halls: Callable[..., Hall]) -> None:
    """The other's holds again when that one goes; with the last of them the choice is gone, and nothing repeated."""
    hall = halls()
    first = Page(hall)
    first.switches("en")
    second = Page(hall)
    door = hall.scan("A1")
    assert hall.heard() == [opened("en", door)]
    second.switches("zh")
    assert hall.heard() == [opened("zh", door)]
    second.close()
    assert hall.heard() == [opened("en", door)]
    first.close()
    hall.shut(door)
    assert hall.heard() == [thanked("zh")]


@pytest.mark.parametrize(
    "message",
    [
        {"language": "de"},
        {"language": "zh+en"},
        {"language": "../en"},
        {"language": 1},
        {"language": "en", "stream": 99},
        {"language": "en", "screen": 1},
        {"language": "en", "door": 1},
    ],
)
def test_junk_changes_nothing_and_is_counted(halls: Callable[..., Hall], message: dict[str, Any]) -> None:
    """Refused as other bad touches are; what is said goes on in the language that was chosen well."""
    hall = halls()
    page = Page(hall)
    page.switches("en")
    door = hall.scan("A1")
    assert page.says(**{"stream": page.stream} | message) == 400
    hall.shut(door)
    assert hall.heard() == [opened("en", door), thanked("en")]
    counters = hall.driver("kiosk").counters()
    assert (counters["refused"], counters["choices"]) == (1, 1)


def test_in_quiet_hours_a_switch_is_silent_too(halls: Callable[..., Hall], tmp_path: Path) -> None:
    """A visit at midnight with the page switched twice: nothing is rendered or played, then or afterwards."""
    hall = halls(hour=0)
    page = Page(hall)
    door = hall.scan("A1")
    page.switches("en")
    page.switches("zh")
    hall.shut(door)
    page.touches("done")
    hall.wait(MORE_THAN_IDLE_MS)
    assert hall.heard() == [] and not (tmp_path / "cache").exists()
    assert hall.driver("voice").counters()["quiet"] == 4
    assert page.sees("day")["night"]


def test_a_restart_forgets_the_language_until_the_page_says_it_again(halls: Callable[..., Hall]) -> None:
    """Ended with the door open: the configured language, then that of the page, which has another stream by then."""
    hall = halls()
    before = Page(hall)
    before.switches("en")
    door = hall.scan("A1")
    assert hall.heard() == [opened("en", door)]
    hall.stop()
    hall.start()
    assert [prompt[0].split()[0] for prompt in hall.heard()] == [VOICES["zh"]], "the door is still open"
    page = Page(hall)
    assert page.switches("en") == 204
    hall.shut(door)
    assert all(prompt[0].startswith(VOICES["en"]) for prompt in hall.heard())
    hall.wait(MORE_THAN_IDLE_MS)
    door = hall.scan("A2")
    assert hall.heard()[-1] == opened("en", door)
