"""Boards on pins in the configuration: the examples are true, each kind has its own keys, no pin is used twice."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from gpio_rig import FOLDER, KINDS

from locker.cli.config import summary
from locker.config import ConfigError, allowed, decode, load
from locker.config_gpio import KINDS as STRUCTS
from locker.config_gpio import GpioBoard, McpBoard, PinsBoard, ShiftBoard, keys_of

TEXTS = {kind: (FOLDER / f"cabinet-{kind}.toml").read_text(encoding="utf-8") for kind in KINDS}


def problems(text: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(ConfigError) as refused:
        decode(text, "x.toml")
    return [problem.removeprefix("x.toml: ") for problem in refused.value.problems]


def changed(kind: str, old: str, new: str) -> str:
    """An example with one line changed."""
    assert TEXTS[kind].count(old) == 1, old
    return TEXTS[kind].replace(old, new)


@pytest.mark.parametrize(
    ("kind", "struct", "doors", "channels", "senses"),
    [("shift", ShiftBoard, 24, 24, 0), ("mcp23017", McpBoard, 24, 28, 0), ("pins", PinsBoard, 8, 8, 4)],
)
def test_the_examples_are_cabinets(kind: str, struct: type[GpioBoard], doors: int, channels: int, senses: int) -> None:
    """Each example decodes to its own kind of board, with a channel for every door."""
    cfg = load(FOLDER / f"cabinet-{kind}.toml")
    (board,) = cfg.boards
    assert type(board) is struct
    assert len(cfg.doors) == doors
    assert (board.channels, board.senses) == (channels, senses)


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind in KINDS for key in keys_of(STRUCTS[kind])])
def test_the_examples_explain_each_key(kind: str, key: str) -> None:
    """Every key of a kind stands in its example once, under Chinese and English words and the decoder's own bounds."""
    field = keys_of(STRUCTS[kind])[key]
    board = TEXTS[kind].split("[[boards]]\n")[1].split("\n[scanner]")[0]
    (block,) = [part for part in board.split("\n\n") if re.search(rf"^{key} = ", part, re.MULTILINE)]
    *words, rule, _ = block.strip().splitlines()
    assert re.search(r"[\u4e00-\u9fff]", words[0])
    assert not re.search(r"[\u4e00-\u9fff]", words[-1])
    given = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    default = "必填 required" if field.required else f"默认 default: {json.dumps(given, ensure_ascii=False)}"
    assert rule == f"# 取值 allowed: {allowed(field.type)}; {default}"


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        ("shift", "enable_pin = 5", "enable_pin = 28", "enable_pin: found 28; allowed: a whole number from 0 to"),
        ("shift", "enable_pin = 5", "enable_pin = 1", "boards[0].enable_pin: found 1; allowed: 2 to 27: 0 and 1 are"),
        ("shift", "enable_pin = 5\n", "", "boards[0].enable_pin: missing; needed: a whole number from 0 to 27"),
        ("shift", "in_data_pin = 21", "in_data_pin = 5", "found 5, which is boards[0].enable_pin already"),
        ("shift", "pulse_ms = 500", "pulse_ms = 1000", "pulse_ms: found 1000; allowed: a whole number from 100 to 800"),
        ("shift", "silent_after", "baud = 9600\nsilent_after", "baud: unknown key with value 9600; allowed: only on"),
        ("shift", "silent_after", "lock_pins = [4]\nsilent_after", "allowed: only on a board of kind pins"),
        ("shift", "silent_after", "lock_level = 0\nsilent_after", "allowed: only on a board of kind mcp23017 or pins"),
        ("shift", "out_chips = 3", "out_chips = 2", "doors[16].channel: found 16; allowed: 0 to 15 on a shift"),
        ("shift", 'port = "/dev/gpiochip0"', 'port = "/dev/ttyUSB0"', "allowed: /dev/gpiochip0 to /dev/gpiochip9"),
        ("shift", "one_shot = false", "one_shot = 1", "boards[0].one_shot: found 1; allowed: true or false"),
        ("shift", "one_shot = false", "one_shoot = true", 'did you mean "one_shot"?'),
        ("mcp23017", "[0x20, 0x21]", "[0x20, 0x28]", "out_addresses[1]: found 40; allowed: a whole number"),
        ("mcp23017", "[0x20, 0x21]", "[0x20, 0x22]", "in_addresses[0]: found 34, which is boards[0].out_add"),
        ("mcp23017", "[0x22, 0x23]", "[0x22]", "doors[14].channel: found 14; allowed: 0 to 13 on a mcp23017"),
        ("mcp23017", "silent_after", "out_chips = 3\nsilent_after", "allowed: only on a board of kind shift"),
        ("pins", "[24, 25, 26, 27]", "[24, 25, 26]", "occupancy: found true for channel 3; allowed: only below 3"),
        ("pins", "[24, 25, 26, 27]", "[24, 25, 26, 16]", "item_pins[3]: found 16, which is boards[0].lock_pins[0]"),
        ("pins", 'kind = "pins"', 'kind = "pin"', 'boards[0].kind: found "pin"; allowed: one of "kr-cu24"'),
        ("pins", 'kind = "pins"', "kind = []", "boards[0].kind: found a list of 0; allowed: one of"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(kind: str, old: str, new: str, expected: str) -> None:
    """What is wrong, where, and what is allowed."""
    line = next((line for line in TEXTS[kind].splitlines() if line.startswith(old.rstrip("\n"))), old)
    anchor = old if TEXTS[kind].count(old) == 1 else "\n" + line
    found = problems(changed(kind, anchor, anchor.replace(old, new)))
    assert any(expected in problem for problem in found), found


def test_keys_of_pins_are_refused_on_a_serial_board() -> None:
    """A key of these kinds on a lock board says where it would be right."""
    text = changed("shift", 'kind = "shift"', 'kind = "kr-cu24"')
    found = problems(text)
    assert "boards[0].enable_pin: unknown key with value 5; allowed: only on a board of kind shift or mcp23017" in found


def test_two_boards_share_a_chip_but_no_pin() -> None:
    """Boards on the same gpiochip are no bus; a pin that two of them use is named."""
    more = TEXTS["pins"].split("[[boards]]\n")[1].split("\n[scanner]")[0].replace('name = "main"', 'name = "small"')
    text = TEXTS["shift"].replace("\n[scanner]", f"\n[[boards]]\n{more}\n[scanner]")
    found = problems(text)
    assert "boards[1].lock_pins[0]: found 16, which is boards[0].in_load_pin already" in found[0]
    assert not [problem for problem in found if "port" in problem]


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_says_what_is_wired(kind: str) -> None:
    """``locker config check`` tells a board on pins without a baud rate."""
    (line,) = [line for line in summary(load(FOLDER / f"cabinet-{kind}.toml")) if "board" in line]
    assert kind in line
    assert "baud" not in line
