"""``make screens``: renew the pictures that the tests compare with, and the contact sheets in docs/pictures.

Look at the sheets after it, as somebody of eighty would: the tests cannot see whether a screen is understood.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gallery import PICTURES, REFERENCES, VIEWS, Picture, by_night, english, large, on, small, take  # noqa: E402
from kiosk_stage import DUTY, Stage  # noqa: E402
from kiosk_window import SIZES, chromium, stage_on, window  # noqa: E402
from PIL import Image  # noqa: E402

SHEETS = ROOT / "docs" / "pictures"
THUMB = (400, 240)
GAP, COLOURS = 8, 200
DISPLAYS = ("idle", "keypad", "open_collect", "deposited", "duty_status")


def main() -> int:
    """Take every picture and put the sheets together."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with chromium() as browser, stage_on(port) as stage:
        _references(browser, stage)
        residents = {name: picture for name, picture in VIEWS.items() if name not in DUTY}
        _sheet(browser, stage, residents, SHEETS / "screens-residents.png")
        _sheet(browser, stage, {name: VIEWS[name] for name in DUTY}, SHEETS / "screens-staff.png")
        _displays(browser, stage, SHEETS / "screens-displays.png")
    return 0


def _references(browser: Any, stage: Stage) -> None:
    REFERENCES.mkdir(exist_ok=True)
    for old in REFERENCES.glob("*.png"):
        old.unlink()
    for size in SIZES:
        with window(browser, stage.url, size) as glass:
            for name, picture in PICTURES.items():
                if picture.size == size:
                    small(take(stage, glass, picture), size).save(REFERENCES / f"{name}.png", optimize=True)


def _sheet(browser: Any, stage: Stage, pictures: dict[str, Picture], path: Path) -> None:
    """One row a screen: Chinese, English, by night, with large text."""
    looks = (lambda picture: picture, english, by_night, large)
    wide, high = THUMB[0] + GAP, THUMB[1] + GAP
    sheet = Image.new("RGB", (wide * len(looks) + GAP, high * len(pictures) + GAP), "#6b6f73")
    with window(browser, stage.url, "small") as glass:
        for column, look in enumerate(looks):
            for row, picture in enumerate(pictures.values()):
                thumb = take(stage, glass, look(picture)).resize(THUMB, Image.Resampling.LANCZOS)
                sheet.paste(thumb, (GAP + column * wide, GAP + row * high))
    _save(sheet, path)


def _displays(browser: Any, stage: Stage, path: Path) -> None:
    """The same screens on the tall display by day and on the wide one by night."""
    tall, broad = (324, 576), (576, 360)
    sheet = Image.new("RGB", (3 * (broad[0] + GAP) + GAP, tall[1] + broad[1] + 3 * GAP), "#6b6f73")
    for size, box, top in (("portrait", tall, GAP), ("landscape", broad, tall[1] + 2 * GAP)):
        with window(browser, stage.url, size) as glass:
            names = DISPLAYS if size == "portrait" else DISPLAYS[:1] + DISPLAYS[2:4]
            for column, name in enumerate(names):
                picture = on(size, VIEWS[name])
                image = take(stage, glass, by_night(picture) if size == "landscape" else picture)
                sheet.paste(image.resize(box, Image.Resampling.LANCZOS), (GAP + column * (box[0] + GAP), top))
    _save(sheet, path)


def _save(sheet: Image.Image, path: Path) -> None:
    sheet.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
