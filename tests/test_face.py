"""What the page is told: every screen in both languages, the right door, the right codes, and nothing private."""

from __future__ import annotations

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from locker import texts
from locker.config import load
from locker.face import Face, page_files
from locker.model import DoorRow, Now, Quality, Refusal, Show

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "cabinet.toml"
FACE = Face(load(EXAMPLE))
NIGHT_MS = 1_780_848_000_000
"""Monday, 8 June 2026, midnight in Shijiazhuang."""
RECEIPT = "LKR1:6BFOXN*TS0BI$ZD4N9"


def test_every_screen_is_told_in_both_languages() -> None:
    """Whatever name the core shows, and with whatever reason, there are a title and a sentence in each language."""
    for name in texts.catalogue("zh")["screens"]:
        facts = {word: 1 for part in ("title", "say", "next") for word in texts.words("screens", name, "zh", part=part)}
        told = FACE.said(Show(name, 1, door=7, reason="expired", facts=facts))
        for language in texts.LANGUAGES:
            assert told[language]["title"] and told[language]["say"]
            assert "{" not in told[language]["title"] + told[language]["say"] + told[language]["next"]


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_says_why_and_what_to_do(reason: Refusal) -> None:
    """The reason is the sentence, the advice the next step; on another screen both stand beside it."""
    told = FACE.said(Show("refused", 1, reason=reason.value))
    aside = FACE.said(Show("open_deposit", 1, door=3, reason=reason.value))
    for language in texts.LANGUAGES:
        assert len(told[language]["say"]) > 4
        assert len(told[language]["next"]) > 4
        assert told[language]["aside"] == ""
        assert told[language]["say"] in aside[language]["aside"]


def test_the_place_is_told_from_the_nearer_end() -> None:
    """Door 23 is the last but one on the right."""
    told = FACE.said(Show("opening", 1, door=23))
    assert told["zh"]["place"] == "右边，从下往上数第 2 个"
    assert told["en"]["place"] == "right side, number 2 from the bottom"


@pytest.mark.parametrize("text", [RECEIPT, "https://hgj.example/lk/sjz-gate-1?n=0011223344556677"])
def test_codes_carry_their_text(text: str) -> None:
    """An independent reader finds the receipt, and the address with its small letters."""
    rows = FACE.said(Show("deposited", 1, door=1, receipt=text))["receipt"]
    side = len(rows) + 8
    image = Image.new("L", (side, side), 255)
    for y, row in enumerate(rows):
        for x, module in enumerate(row):
            image.putpixel((x + 4, y + 4), 0 if module == "1" else 255)
    found = zxingcpp.read_barcodes(image.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    assert [each.text for each in found] == [text]


def test_a_missing_sentence_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A screen whose fact was forgotten says whom to call, keeps door and buttons, and is an error in the log."""
    told = FACE.said(Show("duty_put_in", 1, door=7, offers=("done",)))
    assert "0311" in told["zh"]["say"]
    assert (told["door"], told["offers"], told["zh"]["offers"]) == (7, ["done"], ["done"])
    assert "duty_put_in" in caplog.text


def test_the_hour_decides_the_light() -> None:
    """Dim at midnight, bright at noon, bright where nobody knows the hour."""
    assert FACE.day(Now(0, NIGHT_MS))["night"]
    assert not FACE.day(Now(0, NIGHT_MS + 12 * 3_600_000))["night"]
    assert not FACE.day(Now(0, NIGHT_MS, Quality.FLOOR))["night"]


def test_a_button_about_a_door_and_a_list_of_doors_are_told_in_words() -> None:
    """A list says each door's item, state and note; an overdue or barred one has a sign, not a colour only."""
    rows = (
        DoorRow(1, "closed", "empty"),
        DoorRow(2, "closed", "holding", "certificate", item="3432"),
        DoorRow(3, "closed", "holding", "certificate", overdue=True),
        DoorRow(4, "closed", "empty", in_service=False),
        DoorRow(5, "open", "empty"),
    )
    told = FACE.said(Show("idle", 1, rows=rows))
    assert [row["sign"] for row in told["rows"]] == ["empty", "full", "overdue", "off", "open"]
    assert told["zh"]["rows"][1] == {"what": "证件", "item": "3432", "remark": ""}
    assert [row["remark"] for row in told["en"]["rows"]] == ["", "", "overdue", "out of service", "open"]


def test_nothing_private_is_told_for_good() -> None:
    """What every page hears at once is what stands on the cabinet: its names, its doors, its telephone."""
    setup = FACE.setup()
    assert set(setup) == {"page", "idle_ms", "names", "phone", "languages", "doors", "words"}
    assert all(set(door) == {"door", "side", "row", "size", "low"} for door in setup["doors"])


def test_the_page_is_whole_and_names_no_other_host() -> None:
    """Every file that is asked for is there; no address but this machine's is in any; nothing stands inline."""
    files = page_files()
    html = files["/"][1].decode()
    for path, (_, body) in files.items():
        text = body.decode()
        hosts = [line for line in text.splitlines() if "://" in line and "www.w3.org" not in line]
        assert hosts == [], f"{path} names a host"
        for name in [part.split('"')[0] for part in text.split(' from "./')[1:]]:
            assert f"/{name}" in files, f"{path} imports {name}"
    for marks in (' href="', ' src="'):
        for name in [part.split('"')[0] for part in html.split(marks)[1:]]:
            assert f"/{name}" in files
    assert "<style" not in html and " style=" not in html and " onclick" not in html
    assert html.count("<script") == html.count('<script type="module" src=')
