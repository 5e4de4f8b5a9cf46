"""The wiring pictures: what the document shows is what their script draws, with the pins of the examples."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from locker.config import load
from locker.config_gpio import McpBoard, ShiftBoard

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "docs" / "pictures" / "wiring.py"
HARDWARE = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
NAMES = ("wiring-rs485", "wiring-relays", "wiring-shift", "wiring-mcp23017", "wiring-scanner")


@pytest.fixture(scope="module")
def wiring() -> Iterator[ModuleType]:
    """The script, as a module; what it draws on lies beside it."""
    spec = importlib.util.spec_from_file_location("wiring", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as beside:
        beside.syspath_prepend(SCRIPT.parent)
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_is_what_its_script_draws_and_is_shown(wiring: ModuleType, name: str) -> None:
    """Byte for byte; well-formed; in the document, with words for who cannot see it."""
    drawn = wiring.PICTURES[name]().svg()
    file = SCRIPT.with_name(f"{name}.svg")
    assert file.read_text(encoding="utf-8") == drawn, "python docs/pictures/wiring.py"
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert re.search(rf"!\[[^\]]{{10,}}\]\(pictures/{name}\.svg\)", HARDWARE)
    assert set(wiring.PICTURES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_word_lies_outside_its_picture(wiring: ModuleType, name: str) -> None:
    """Each text fits in the sheet, by a generous measure of its letters; Chinese is there as well as English."""
    sheet = wiring.PICTURES[name]()
    width, height = sheet.size
    words = []
    for text in ElementTree.fromstring(sheet.svg()).iter("{http://www.w3.org/2000/svg}text"):
        said, size, x = text.text or "", float(text.attrib["font-size"]), float(text.attrib["x"])
        long = sum(size if letter > "\u2e80" else 0.56 * size for letter in said)
        left = {"start": x, "middle": x - long / 2, "end": x - long}[text.attrib["text-anchor"]]
        assert left >= -2 and left + long <= width + 2, said
        assert size <= float(text.attrib["y"]) <= height, said
        words.append(said)
    assert any("\u4e00" <= letter <= "\u9fff" for said in words for letter in said)


def test_the_pins_are_those_of_the_examples(wiring: ModuleType) -> None:
    """A technician wires by the picture and takes the example: the two must be of one mind."""
    shift = load(ROOT / "config" / "cabinet-shift.toml").boards[0]
    assert isinstance(shift, ShiftBoard)
    drawn = wiring.PICTURES["wiring-shift"]().svg()
    names = "enable_pin out_data_pin out_clock_pin out_latch_pin out_return_pin in_data_pin in_clock_pin in_load_pin"
    for key in names.split():
        assert f"GPIO{getattr(shift, key)} {key}" in drawn
    assert drawn.count(">74HC595") == shift.out_chips and drawn.count(">74HC165") == shift.in_chips + 1
    chips = load(ROOT / "config" / "cabinet-mcp23017.toml").boards[0]
    assert isinstance(chips, McpBoard)
    drawn = wiring.PICTURES["wiring-mcp23017"]().svg()
    assert f"GPIO{chips.enable_pin} enable_pin" in drawn and chips.enable_level == 1
    for address in (*chips.out_addresses, *chips.in_addresses):
        assert f"MCP23017 {address:#x}" in drawn
