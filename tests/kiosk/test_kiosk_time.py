"""Time at the page: nothing goes away unannounced, more time can be had, and the hour changes light and notices.

The page's clock is wound on by hand (Playwright's clock); nothing here waits for a second to pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kiosk_stage import DUTY, IDLE, MIDNIGHT_MS, NOON_MS, RECEIPT, SCREENS, Stage
from kiosk_window import SIZES, Window, chromium, stage_on, window

from drivers.kiosk import BEAT_MS, DAY_MS
from locker.model import Chosen, Quality, Show, Touched

pytestmark = [pytest.mark.debian("chromium", "fonts-noto-cjk"), pytest.mark.timeout(120)]
SECOND_MS = 1000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests here."""
    with chromium() as found:
        yield found


@pytest.fixture
def stage(free_port: int) -> Iterator[Stage]:
    """The page with nothing on it yet."""
    with stage_on(free_port) as found:
        yield found


@pytest.fixture
def glass(browser: Any, stage: Stage) -> Iterator[Window]:
    """A small display whose clock stands until it is wound on."""
    with window(browser, stage.url, "small", by_hand=True) as found:
        yield found


def passes(stage: Stage, glass: Window, seconds: int) -> None:
    """Let so many seconds pass in the page, with the cabinet's sign of life every few of them."""
    for begun in range(0, seconds, BEAT_MS // SECOND_MS):
        glass.page.wait_for_selector(f'body[data-beat="{stage.beat()}"]')
        glass.page.clock.run_for(min(BEAT_MS, (seconds - begun) * SECOND_MS))


def warning(glass: Window) -> str:
    """What the strip at the foot says, "" while it is not there."""
    strip = glass.page.locator("#still p")
    return strip.inner_text() if strip.count() else ""


def test_a_screen_warns_before_it_goes(stage: Stage, glass: Window) -> None:
    """Fifteen seconds before the end a strip counts down, in the language that is shown, and everything still fits."""
    glass.shows(stage.show(SCREENS["deposited"]))
    passes(stage, glass, 40)
    assert warning(glass) == ""
    passes(stage, glass, 6)
    assert warning(glass).startswith("还在吗？1")
    assert glass.faults() == []
    glass.touch("language")
    passes(stage, glass, 1)
    assert warning(glass).startswith("Still there?")
    assert glass.faults() == []


def test_more_time_keeps_what_is_being_read(stage: Stage, glass: Window) -> None:
    """The receipt stays to be photographed after the cabinet has gone on; of its buttons only "back to start" is."""
    glass.shows(stage.show(SCREENS["deposited"]))
    passes(stage, glass, 50)
    glass.touch("more")
    assert warning(glass) == ""
    glass.shows(stage.show(IDLE))
    glass.waits_for("deposited")
    assert glass.codes() == [RECEIPT]
    keys = [each.get_attribute("data-key") for each in glass.page.locator("main button").all()]
    assert keys == ["start"]
    passes(stage, glass, 60)
    assert warning(glass)
    glass.touch("more")
    assert warning(glass) == ""
    glass.touch("start")
    glass.waits_for("idle")
    assert stage.heard == []


def test_what_was_kept_goes_in_the_end_and_gives_way_to_the_next_person(stage: Stage, glass: Window) -> None:
    """After the second warning it is the start page; and somebody else's door is shown at once."""
    glass.shows(stage.show(SCREENS["collected"]))
    passes(stage, glass, 50)
    glass.touch("more")
    glass.shows(stage.show(IDLE))
    passes(stage, glass, 71)
    glass.waits_for("idle")
    glass.shows(stage.show(SCREENS["collected"]))
    passes(stage, glass, 50)
    glass.touch("more")
    glass.shows(stage.show(IDLE))
    glass.waits_for("collected")
    glass.shows(stage.show(SCREENS["opening"]))
    glass.waits_for("opening")


def test_the_keypad_waits_and_asks_before_it_forgets(stage: Stage, glass: Window) -> None:
    """A minute without a key, fifteen seconds of warning; "more time" begins anew; then the digits are gone."""
    glass.shows(stage.show(IDLE))
    glass.page.keyboard.type("123")
    passes(stage, glass, 59)
    assert warning(glass) == ""
    passes(stage, glass, 3)
    assert warning(glass)
    glass.touch("more")
    assert warning(glass) == ""
    assert glass.page.locator(".entry").get_attribute("aria-label") == "已按 3 个数字"
    passes(stage, glass, 76)
    glass.waits_for("idle")
    glass.touch("keypad")
    assert glass.page.locator(".entry").get_attribute("aria-label") == "还没有按"


def test_digits_outlive_a_renewed_invitation(stage: Stage, glass: Window) -> None:
    """The idle screen's code is renewed each minute; whoever is typing notices nothing."""
    glass.shows(stage.show(IDLE))
    glass.page.keyboard.type("123")
    glass.shows(stage.show(IDLE))
    assert glass.page.locator(".entry").get_attribute("aria-label") == "已按 3 个数字"


def test_the_next_person_finds_chinese_and_normal_text(stage: Stage, glass: Window) -> None:
    """The language and the large text stay through a visit, and go back at the start page, with a warning.

    The cabinet is told of the language, so that the voice has it for just as long.
    """
    glass.shows(stage.show(IDLE))
    glass.touch("language")
    glass.touch("large")
    for show in (SCREENS["opening"], SCREENS["open_collect"], SCREENS["collected"], IDLE):
        glass.shows(stage.show(show))
        assert glass.page.locator("html").get_attribute("lang") == "en"
    passes(stage, glass, 62)
    assert warning(glass).startswith("Still there?")
    passes(stage, glass, 15)
    glass.page.wait_for_selector('html[lang="zh-CN"]')
    assert glass.page.locator("body[data-large]").count() == 0
    passes(stage, glass, 1)
    assert stage.reaches(2) == [Chosen("en"), Chosen("")]
    glass.touch("language")
    glass.touch("language")
    passes(stage, glass, 1)
    assert stage.reaches(3)[2:] == [Chosen("zh")], "Chinese by choice"
    passes(stage, glass, 76)
    assert stage.reaches(4)[3:] == [Chosen("")]


def test_staff_get_more_time_from_the_cabinet(stage: Stage, glass: Window) -> None:
    """Their page ends by the cabinet's own time; the button asks the cabinet."""
    number = stage.show(DUTY["duty_menu"])
    glass.shows(number)
    passes(stage, glass, 110)
    assert warning(glass)
    glass.touch("more")
    assert stage.reaches(1) == [Touched("more", number)]


def test_a_locked_keypad_says_for_how_long(stage: Stage, glass: Window) -> None:
    """It counts down in minutes and seconds; that is no time limit of the reader's, so nobody is asked to hurry."""
    glass.shows(stage.show(SCREENS["idle_locked"]))
    passes(stage, glass, 62)
    assert "13 分 5" in glass.page.locator("#lock").inner_text()
    assert warning(glass) == ""
    assert glass.page.locator('[data-key="keypad"]').count() == 0


def test_the_light_and_the_notices_follow_the_cabinets_hour(stage: Stage, glass: Window) -> None:
    """Bright with Monday's line at noon; dim at midnight; no weekday and no night where nobody knows the time."""
    glass.shows(stage.show(IDLE))
    for wall_ms, quality, night, lines in (
        (NOON_MS, Quality.SYNCED, False, ["周一 关怀服务", "能办"]),
        (MIDNIGHT_MS, Quality.SYNCED, True, ["周一 关怀服务", "能办"]),
        (MIDNIGHT_MS, Quality.FLOOR, False, ["能办"]),
    ):
        stage.wall_ms, stage.quality = wall_ms, quality
        stage.hours(DAY_MS)
        glass.page.wait_for_selector("body[data-night]" if night else "body:not([data-night])")
        found = glass.page.locator(".notices li").all_inner_texts()
        assert [text[: len(line)] for text, line in zip(found, lines, strict=True)] == lines


@pytest.mark.parametrize("size", SIZES)
def test_the_warning_covers_nothing(stage: Stage, browser: Any, size: str) -> None:
    """On every display, in both languages, with large text: the screen makes room for the strip."""
    with window(browser, stage.url, size, by_hand=True) as glass:
        for name in ("deposited", "jammed", "staff_question"):
            glass.shows(stage.show(SCREENS[name]))
            passes(stage, glass, 46)
            assert warning(glass)
            assert glass.faults_everywhere() == {}, name
        glass.shows(stage.show(Show("refused", 0, 0, ("done",), "clock_unsure", remaining_ms=12_000, digits=6)))
        passes(stage, glass, 1)
        assert warning(glass)
        assert glass.faults_everywhere() == {}


@pytest.mark.parametrize("size", SIZES)
def test_the_warning_leaves_staffs_screens_whole(stage: Stage, browser: Any, size: str) -> None:
    """Lists of doors with the longest words in them, the menu with all its buttons: each has room beside the strip."""
    found = {}
    with window(browser, stage.url, size, by_hand=True) as glass:
        for name, show in DUTY.items():
            if not show.door:
                glass.shows(stage.show(replace(show, remaining_ms=12_000)))
                passes(stage, glass, 1)
                assert warning(glass)
                if bad := glass.faults_everywhere():
                    found[name] = bad
    assert found == {}
