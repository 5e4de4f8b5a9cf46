"""Every screen in a real Chromium: whole and legible on each display, in both languages and both sizes of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from kiosk_stage import DUTY, IDLE, INVITE, MIDNIGHT_MS, NOON_MS, RECEIPT, SCREENS, Stage, every_screen
from kiosk_window import SIZES, Window, chromium, stage_on, window

from locker import texts
from locker.model import Chosen, Show, Touched, Typed

pytestmark = [pytest.mark.debian("chromium", "fonts-noto-cjk"), pytest.mark.timeout(240)]


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
def glass(browser: Any, stage: Stage) -> Iterator[Callable[[str], Window]]:
    """Give a window of a size on the page."""
    opened = []

    def look(size: str) -> Window:
        held = window(browser, stage.url, size)
        opened.append(held)
        return held.__enter__()

    yield look
    for held in opened:
        held.__exit__(None, None, None)


@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_missing_too_small_or_cut_off(stage: Stage, glass: Callable[[str], Window], size: str) -> None:
    """Every screen and refusal, in both languages, with normal and large text: all of it fits and is 24 px or more."""
    look = glass(size)
    found = {}
    for name, show in every_screen().items():
        look.shows(stage.show(show))
        if bad := look.faults_everywhere():
            found[name] = bad
    for view in ("keypad", "help"):
        look.shows(stage.show(IDLE))
        if bad := look.faults_everywhere(view):
            found[view] = bad
    assert found == {}
    assert look.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_a_refusal_leaves_staffs_screens_whole(stage: Stage, glass: Callable[[str], Window], size: str) -> None:
    """On whichever screen staff are refused, by the longest reasons there are: nothing is pushed off the display."""
    look = glass(size)
    reasons = {max(said, key=lambda name: len("".join(said[name].values()))) for said in refusals()}
    found = {}
    for name, show in DUTY.items():
        for reason in reasons:
            look.shows(stage.show(replace(show, reason=reason)))
            if bad := look.faults_everywhere():
                found[f"{name} {reason}"] = bad
    assert found == {}


def test_a_refusal_on_a_full_screen_is_read_first(stage: Stage, glass: Callable[[str], Window]) -> None:
    """By itself, then the list is there as before: what was typed meanwhile chose no door; another refusal is new."""
    look = glass("small")
    service = replace(DUTY["duty_service"], reason="label_idle")
    for count in (1, 2):
        number = stage.show(service)
        look.shows(number)
        look.waits_for("duty_refused")
        assert look.page.locator(".row").count() == 0
        look.page.keyboard.type("04")
        look.page.keyboard.press("Enter")
        look.touch("read")
        look.waits_for("duty_service")
        assert look.page.locator(".reason").count() == 0
        look.touch("door:3")
        assert stage.reaches(count)[-1] == Touched("door:3", number)
    assert len(stage.heard) == 2


def refusals() -> list[dict[str, dict[str, str]]]:
    """Every reason to say no, in each language."""
    return [texts.catalogue(language)["refusals"] for language in texts.LANGUAGES]


@pytest.mark.prepared("axe-core")
@pytest.mark.parametrize("wall_ms", [NOON_MS, MIDNIGHT_MS], ids=["day", "night"])
def test_nothing_stands_in_anybodys_way(stage: Stage, glass: Callable[[str], Window], wall_ms: int) -> None:
    """axe-core finds no barrier, contrast of 7 : 1 included, on any screen, the waiting one too, by day and night."""
    stage.wall_ms = wall_ms
    look = glass("small")
    found = {}
    for name, show in (SCREENS | DUTY).items():
        look.shows(stage.show(show))
        if bad := look.barriers():
            found[name] = bad
    for keys in (["keypad"], ["help"], ["language"], ["keypad"]):
        look.shows(stage.show(IDLE))
        for key in keys:
            look.touch(key)
        if bad := look.barriers():
            found[" ".join(keys)] = bad
    stage.close()
    look.waits_for("away")
    if bad := look.barriers():
        found["away"] = bad
    assert found == {}
    assert look.page.locator("body[data-night]").count() == (wall_ms == MIDNIGHT_MS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wall_ms", [NOON_MS, MIDNIGHT_MS], ids=["day", "night"])
def test_a_phone_reads_the_codes_from_the_glass(
    stage: Stage, glass: Callable[[str], Window], size: str, wall_ms: int
) -> None:
    """The invitation and the receipt are read from the picture of the screen, also in the dim light of the night."""
    stage.wall_ms = wall_ms
    look = glass(size)
    look.shows(stage.show(IDLE))
    assert look.codes() == [INVITE]
    look.shows(stage.show(SCREENS["deposited"]))
    assert look.codes() == [RECEIPT]


def test_the_door_that_is_meant_is_the_one_that_is_lit(stage: Stage, glass: Callable[[str], Window]) -> None:
    """For each of the 24 doors: one is lit, it is that one, and the drawing says in words where it is."""
    look = glass("landscape")
    for door in stage.config.doors:
        look.shows(stage.show(Show("opening", 0, door=door.door)))
        lit = look.page.locator(".door[data-lit]")
        assert lit.count() == 1
        assert lit.get_attribute("data-door") == str(door.door)
        box, frame = lit.bounding_box(), look.page.locator(".drawing svg").bounding_box()
        assert box is not None and frame is not None
        third = int((box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] * 3)
        assert ("left", "middle", "right")[third] == door.side
    assert look.page.get_by_role("img", name="右边，从下往上数第 1 个").count() == 1


@pytest.mark.parametrize("name", [name for name, show in SCREENS.items() if show.offers])
def test_each_button_says_its_own_name_and_screen(stage: Stage, glass: Callable[[str], Window], name: str) -> None:
    """What is touched reaches the cabinet as that button of that screen, and as nothing else."""
    look = glass("small")
    number = stage.show(SCREENS[name])
    look.shows(number)
    for count, offer in enumerate(SCREENS[name].offers, 1):
        look.touch(offer)
        assert stage.reaches(count)[-1] == Touched(offer, number)


def test_a_code_is_typed_by_touch(stage: Stage, glass: Callable[[str], Window]) -> None:
    """Open the keypad, six digits, one taken back, confirm; an unfinished one is not sent."""
    look = glass("small")
    number = stage.show(IDLE)
    look.shows(number)
    look.touch("keypad")
    for digit in "12345":
        look.touch(f"key-{digit}")
    look.page.locator('[data-key="confirm"]').click(force=True)
    look.touch("delete")
    for digit in "78":
        look.touch(f"key-{digit}")
    look.touch("confirm")
    assert stage.reaches(1) == [Typed("123478", number)]


def test_a_code_is_typed_by_keyboard_alone(stage: Stage, glass: Callable[[str], Window]) -> None:
    """Number keys open the keypad and fill it; backspace, escape and enter do what they say."""
    look = glass("small")
    number = stage.show(IDLE)
    look.shows(number)
    look.page.keyboard.type("99")
    look.waits_for("keypad")
    look.page.keyboard.press("Escape")
    look.waits_for("idle")
    look.page.keyboard.type("1234567")
    look.page.keyboard.press("Backspace")
    look.page.keyboard.type("0")
    look.page.keyboard.press("Enter")
    assert stage.reaches(1) == [Typed("123450", number)]


def test_all_buttons_are_reached_by_keyboard_and_the_focus_is_seen(
    stage: Stage, glass: Callable[[str], Window]
) -> None:
    """Tab goes through the screen's buttons, best first, then the tools; each shows a thick ring; enter presses it."""
    look = glass("small")
    number = stage.show(SCREENS["deposited"])
    look.shows(number)
    visited = []
    for _ in range(7):
        look.page.keyboard.press("Tab")
        key, ring = look.page.evaluate(
            "() => [document.activeElement.dataset.key, "
            "parseFloat(getComputedStyle(document.activeElement).outlineWidth)]"
        )
        if key is not None:
            assert ring >= 4, key
            visited.append(key)
    assert visited[:4] == ["done", "reopen", "larger", "nothing"]
    look.shows(stage.show(SCREENS["collected"]))
    while look.page.evaluate("() => document.activeElement.dataset.key") != "reopen":
        look.page.keyboard.press("Tab")
    look.page.keyboard.press("Enter")
    assert stage.reaches(1) == [Touched("reopen", number + 1)]


def test_the_language_changes_at_once_on_every_screen(stage: Stage, glass: Callable[[str], Window]) -> None:
    """No question to the cabinet is needed: the words, the page's language and its button change together."""
    look = glass("small")
    for name, show in SCREENS.items():
        look.shows(stage.show(show))
        before = look.page.locator("h1").inner_text()
        look.touch("language")
        assert look.page.locator("html").get_attribute("lang") == "en"
        assert look.page.locator("h1").inner_text() != before, name
        look.touch("language")
        assert look.page.locator("h1").inner_text() == before
    assert all(isinstance(event, Chosen) for event in stage.heard), "nothing else is told of it"


def test_the_cabinet_is_told_the_language_that_is_settled_on(stage: Stage, glass: Callable[[str], Window]) -> None:
    """After a switch, however often it was pressed; again after the cabinet's restart; and it is gone with the page."""
    look = glass("small")
    presses = "() => { for (const _ of '123') document.querySelector('[data-key=language]').click(); }"
    look.shows(stage.show(SCREENS["open_deposit"]))
    look.page.evaluate(presses)
    assert stage.reaches(1) == [Chosen("en")]
    stage.close()
    look.waits_for("away")
    with stage_on(int(stage.url.rstrip("/").rpartition(":")[2])) as again:
        look.shows(again.show(SCREENS["open_deposit"]))
        assert again.reaches(1) == [Chosen("en")]
        assert look.page.locator("html").get_attribute("lang") == "en"
        other = glass("small")
        other.page.goto(again.url)
        other.waits_for("open_deposit")
        other.page.evaluate(presses)
        other.touch("language")
        assert again.reaches(2)[1:] == [Chosen("zh")]
        other.page.close()
        assert again.reaches(3)[2:] == [Chosen("en")]
        look.page.reload()
        assert again.reaches(4)[3:] == [Chosen("")]


def test_a_screen_reader_hears_each_screen_whole(stage: Stage, glass: Callable[[str], Window]) -> None:
    """The status region has the title, the sentence and the next step of the screen that is shown."""
    look = glass("small")
    for name, show in SCREENS.items():
        look.shows(stage.show(show))
        spoken = look.page.get_by_role("status").inner_text()
        for part in ("h1", ".say", ".next"):
            assert look.page.locator(part).inner_text().strip() in spoken.replace("\n", ""), name


def test_a_page_of_another_site_cannot_frame_or_speak(stage: Stage, glass: Callable[[str], Window]) -> None:
    """From an origin that is not the page's own nothing is heard, whatever it posts."""
    look = glass("small")
    number = stage.show(IDLE)
    look.shows(number)
    other = stage.url.replace("127.0.0.1", "localhost")
    look.page.evaluate(
        """([url, number]) => fetch(url + "say", { method: "POST", mode: "no-cors",
           body: JSON.stringify({ touch: "done", screen: number }) }).catch(() => 0)""",
        [other, number],
    )
    look.touch("keypad")
    assert stage.heard == []
