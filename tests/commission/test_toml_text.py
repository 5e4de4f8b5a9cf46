"""A configuration's text is changed value by value, and nothing else in it moves."""

from __future__ import annotations

import difflib

import pytest
from commission_rig import BLANK, TEMPLATES
from hypothesis import given
from hypothesis import strategies as st

from locker.commission import toml_text
from locker.config import decode


def changed(before: str, after: str) -> list[str]:
    """The lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def doors(text: str) -> list[dict[str, object]]:
    """The doors of a text, as they are handed in."""
    keys = ("door", "size", "side", "row", "channel", "board", "low", "occupancy")
    return [{key: getattr(door, key) for key in keys} for door in decode(text, "t").doors]


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_the_same_values_change_nothing(kind: str) -> None:
    """Doors written as they are leave every template as it was, to the last blank."""
    assert toml_text.with_doors(TEMPLATES[kind], doors(TEMPLATES[kind])) == TEMPLATES[kind]
    assert toml_text.with_table(TEMPLATES[kind], "[cabinet]", {}) == TEMPLATES[kind]


@given(st.permutations(range(24)), st.sets(st.integers(1, 24)))
def test_any_wiring_is_written_and_read_back(channels: list[int], sensing: set[int]) -> None:
    """Channels and sensors come out of the decoder as they went in; sizes, places and all comments stay."""
    wanted = [door | {"channel": channels[at], "occupancy": at + 1 in sensing} for at, door in enumerate(doors(BLANK))]
    text = toml_text.with_table(BLANK, "[[boards]]", {"kind": "kr-cu48", "baud": 9600})
    after = toml_text.with_doors(text, wanted)
    kept = [line for line in after.splitlines() if line.startswith("#")]
    assert kept == [line for line in text.splitlines() if line.startswith("#")]
    if not sensing:
        assert doors(after) == wanted
    lines = [line for line in after.splitlines() if line.startswith("  { door")]
    assert [f"channel = {door['channel']}," in line for door, line in zip(wanted, lines, strict=True)] == [True] * 24
    assert ["occupancy = true" in line for line in lines] == [door["occupancy"] for door in wanted]


def test_one_channel_is_one_line() -> None:
    """The difference of one door is one line, in its old columns."""
    wanted = doors(BLANK)
    wanted[4]["channel"], wanted[5]["channel"] = 5, 4
    after = toml_text.with_doors(BLANK, wanted)
    assert changed(BLANK, after) == [
        '-  { door = 5,  size = "S", side = "left",    row = 5, channel = 4,  board = "main", low = true },',
        '-  { door = 6,  size = "M", side = "left",    row = 6, channel = 5,  board = "main", low = true },',
        '+  { door = 5,  size = "S", side = "left",    row = 5, channel = 5,  board = "main", low = true },',
        '+  { door = 6,  size = "M", side = "left",    row = 6, channel = 4,  board = "main", low = true },',
    ]


def test_a_value_keeps_the_comment_behind_it() -> None:
    """What a technician wrote at the end of a line stays there."""
    text = '[scanner]\nport = "/dev/a"  # the left one\nbaud = 9600 # as delivered\n'
    after = toml_text.with_table(text, "[scanner]", {"port": "/dev/b", "baud": 0})
    assert after == '[scanner]\nport = "/dev/b"  # the left one\nbaud = 0 # as delivered\n'


def test_an_optional_key_is_used_and_a_missing_one_added() -> None:
    """A key in an optional line is taken into use; one that is nowhere goes to the end of its table; None puts away."""
    text = "[a]\n#: x = 1\ny = 2\n\n# about b\n[b]\nz = 3\n"
    assert (
        toml_text.with_table(text, "[a]", {"x": 5, "w": "v"}) == '[a]\nx = 5\ny = 2\nw = "v"\n\n# about b\n[b]\nz = 3\n'
    )
    assert toml_text.with_table(text, "[a]", {"y": None}) == "[a]\n#: x = 1\n#: y = 2\n\n# about b\n[b]\nz = 3\n"


def test_the_second_of_two_tables_is_the_one_that_is_meant() -> None:
    """Boards are counted in the order of the file."""
    text = '[[boards]]\nname = "main"\naddress = 0\n\n[[boards]]\nname = "second"\naddress = 1\n'
    after = toml_text.with_table(text, "[[boards]]", {"address": 7}, index=1)
    assert changed(text, after) == ["-address = 1", "+address = 7"]


def test_blocks_are_replaced_between_their_neighbours() -> None:
    """All boards go, others come; the comment above the next table is the next table's."""
    blocks = ['[[boards]]\nname = "a"', '[[boards]]\nname = "b"']
    after = toml_text.with_blocks(BLANK, "[[boards]]", blocks)
    assert "# ---- 扫码器 scanner" in after
    assert after.count("[[boards]]\n") == 2
    assert '[[boards]]\nname = "a"\n\n[[boards]]\nname = "b"\n\n# ---- 扫码器 scanner' in after


def test_addresses_are_written_as_they_are_printed_on_boards() -> None:
    """Hexadecimal for a bus, decimal for everything else."""
    assert toml_text.literal("in_addresses", [0x20, 0x2F]) == "[0x20, 0x2F]"
    assert toml_text.literal("lock_pins", [17, 27]) == "[17, 27]"
    assert toml_text.literal("pull_up", False) == "false"
