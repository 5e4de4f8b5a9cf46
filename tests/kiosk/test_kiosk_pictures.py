"""The screens look as they did when somebody last looked at them (``make screens`` renews the references)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from gallery import MEAN_MAX, PICTURES, REFERENCES, WORST_MAX, distance, small, take
from kiosk_stage import Stage
from kiosk_window import SIZES, chromium, stage_on, window
from PIL import Image, ImageDraw

pytestmark = [pytest.mark.debian("chromium", "fonts-noto-cjk"), pytest.mark.timeout(120)]


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


@pytest.mark.parametrize("size", SIZES)
def test_each_screen_looks_like_its_reference(stage: Stage, browser: Any, size: str) -> None:
    """Within a tolerance for fonts; which ones differ, and by how much, is said together."""
    found = {}
    with window(browser, stage.url, size) as glass:
        for name, picture in PICTURES.items():
            if picture.size == size:
                mean, worst = distance(small(take(stage, glass, picture), size), reference(name))
                if mean > MEAN_MAX or worst > WORST_MAX:
                    found[name] = f"mean {mean:.1f} of {MEAN_MAX}, worst {worst} of {WORST_MAX}"
    assert found == {}, "look at them; if they are meant: make screens"


def test_the_references_are_those_of_the_pictures() -> None:
    """None is missing, none is left over."""
    assert {path.stem for path in REFERENCES.glob("*.png")} == set(PICTURES)


def test_a_missing_button_would_be_seen() -> None:
    """The tolerance is smaller than the smallest thing that matters: a button that is not there, a door unlit."""
    before = reference("open_collect").convert("RGB")
    after = before.copy()
    ImageDraw.Draw(after).rectangle((330, 190, 360, 205), fill="#e4e1d8")
    assert (
        distance(before, after)[1] > WORST_MAX
        or distance(reference("deposited"), reference("deposited_plain"))[1] > WORST_MAX
    )
    mean, worst = distance(reference("staff_question"), reference("open_staff"))
    assert mean > MEAN_MAX or worst > WORST_MAX


def reference(name: str) -> Image.Image:
    """What a picture looked like when it was last looked at."""
    return Image.open(REFERENCES / f"{name}.png")
