"""The pictures of the screens: which there are, how one is taken, and how two are compared.

``references/`` holds what each looked like when it was last looked at by somebody; ``screens.py`` renews them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kiosk_stage import DUTY, MIDNIGHT_MS, NOON_MS, SCREENS, Stage, refusal
from kiosk_window import Window
from PIL import Image, ImageChops

from drivers.kiosk import DAY_MS
from locker.model import Show

REFERENCES = Path(__file__).with_name("references")
SCALE, COLOURS = {"small": 0.5, "landscape": 0.35, "portrait": 0.25}, 64
BLOCK = 8
MEAN_MAX, WORST_MAX = 4.0, 70
"""How far a picture may be from its reference, of 255: on the whole, and in any block of 8 by 8 of its pixels.

Another version of a font or of Chromium moves edges by a pixel; a missing button or a wrong colour is far beyond it.
"""


@dataclass(frozen=True)
class Picture:
    """One picture: a screen on a display, with what is touched first, by day or night."""

    show: Show
    size: str = "small"
    keys: tuple[str, ...] = ()
    night: bool = False


RESIDENT = SCREENS | {"refused": refusal("expired"), "refused_keypad": refusal("wrong_code")}
VIEWS: dict[str, Picture] = {
    **{name: Picture(show) for name, show in (RESIDENT | DUTY).items()},
    "keypad": Picture(SCREENS["idle"], keys=("keypad", "key-1", "key-2", "key-3")),
    "help": Picture(SCREENS["idle"], keys=("help",)),
}
"""Each screen once, on the small display by day, in Chinese."""
LOOKED_AT = ("idle", "keypad", "open_deposit", "deposited", "refused", "duty_service")


def english(picture: Picture) -> Picture:
    """The same in English."""
    return replace(picture, keys=(*picture.keys, "language"))


def large(picture: Picture) -> Picture:
    """The same with large text."""
    return replace(picture, keys=(*picture.keys, "large"))


def by_night(picture: Picture) -> Picture:
    """The same in quiet hours."""
    return replace(picture, night=True)


def on(size: str, picture: Picture) -> Picture:
    """The same on another display."""
    return replace(picture, size=size)


PICTURES: dict[str, Picture] = VIEWS | {
    f"{name}-{look}": change(VIEWS[name])
    for name in LOOKED_AT
    for look, change in (
        ("en", english),
        ("night", by_night),
        ("large", large),
        ("landscape", lambda picture: on("landscape", picture)),
        ("portrait", lambda picture: on("portrait", picture)),
    )
}


def take(stage: Stage, window: Window, picture: Picture) -> Image.Image:
    """Show a screen in a window of its size and return what is to be seen."""
    wall_ms = MIDNIGHT_MS if picture.night else NOON_MS
    if stage.wall_ms != wall_ms:
        stage.wall_ms = wall_ms
        stage.hours(DAY_MS)
    window.shows(stage.show(picture.show))
    window.page.wait_for_selector("body[data-night]" if picture.night else "body:not([data-night])")
    for key in picture.keys:
        window.touch(key)
    found = window.picture()
    for key in reversed(picture.keys):
        if key in ("language", "large"):
            window.touch(key)
        elif key in ("keypad", "help"):
            window.page.keyboard.press("Escape")
    return found


def small(image: Image.Image, size: str) -> Image.Image:
    """A picture as it is kept: scaled down, with few colours."""
    scale = SCALE[size]
    reduced = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return reduced.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)


def distance(one: Image.Image, other: Image.Image) -> tuple[float, int]:
    """How far two kept pictures are apart: the mean, and the worst block."""
    if one.size != other.size:
        return 255.0, 255
    blocks = (one.width // BLOCK, one.height // BLOCK)
    grey = ImageChops.difference(*(each.convert("L").resize(blocks, Image.Resampling.BOX) for each in (one, other)))
    values = list(grey.tobytes())
    return sum(values) / len(values), max(values)
