"""8A/80 boards and Modbus relays in the configuration: the examples are true, each kind has its own keys and bounds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from locker.cli.config import summary
from locker.config import ConfigError, allowed, decode, load
from locker.config_gpio import keys_of
from locker.config_serial import SERIAL_KINDS, EightABoard, EletechsupBoard, RelayBoard, WaveshareBoard, units_of

FOLDER = Path(__file__).resolve().parent.parent / "config"
TEXTS = {kind: (FOLDER / f"cabinet-{kind}.toml").read_text(encoding="utf-8") for kind in SERIAL_KINDS}
PORT = 'usb-0:1.1:1.0-port0"'


def problems(text: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(ConfigError) as refused:
        decode(text, "x.toml")
    return [problem.removeprefix("x.toml: ") for problem in refused.value.problems]


def changed(kind: str, old: str, new: str) -> str:
    """An example with one line changed."""
    lines = [line for line in TEXTS[kind].splitlines() if line == old]
    assert len(lines) == 1, old
    return TEXTS[kind].replace(f"\n{old}\n", f"\n{new}\n")


@pytest.mark.parametrize(
    ("kind", "struct"), [("8a80", EightABoard), ("waveshare", WaveshareBoard), ("eletechsup", EletechsupBoard)]
)
def test_the_examples_are_cabinets_of_24(kind: str, struct: type) -> None:
    """Each example decodes to its own kind of board, with a channel for every door, and trusts nobody."""
    cfg = load(FOLDER / f"cabinet-{kind}.toml")
    (board,) = cfg.boards
    assert type(board) is struct and [door.channel for door in cfg.doors] == list(range(24))
    assert cfg.keys == [] and cfg.authority is None
    (line,) = [line for line in summary(cfg) if "board" in line]
    assert kind in line and "9600 baud" in line


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, of in SERIAL_KINDS.items() for key in keys_of(of)])
def test_the_examples_explain_each_key(kind: str, key: str) -> None:
    """Every key of a kind stands in its example once, under Chinese and English words and the decoder's own bounds."""
    field = keys_of(SERIAL_KINDS[kind])[key]
    board = TEXTS[kind].split("[[boards]]\n")[1].split("\n[scanner]")[0]
    (block,) = [part for part in board.split("\n\n") if re.search(rf"^{key} = ", part, re.MULTILINE)]
    *words, rule, _ = block.strip().splitlines()
    assert re.search(r"[\u4e00-\u9fff]", words[0]) and not words[1].startswith(words[0])
    default = "必填 required" if field.required else f"默认 default: {json.dumps(field.default, ensure_ascii=False)}"
    assert rule == f"# 取值 allowed: {allowed(field.type)}; {default}"


@pytest.mark.parametrize("kind", SERIAL_KINDS)
def test_the_examples_have_no_other_keys(kind: str) -> None:
    """Nothing that the decoder does not know."""
    board = TEXTS[kind].split("[[boards]]\n")[1].split("\n[scanner]")[0]
    assert set(re.findall(r"^(\w+) = ", board, re.MULTILINE)) == set(keys_of(SERIAL_KINDS[kind]))


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        ("8a80", "address = 1", "address = 0", "address: found 0; allowed: a whole number from 1 to 31"),
        ("8a80", "address = 1", "address = 32", "address: found 32; allowed: a whole number from 1 to 31"),
        ("8a80", "channels = 24", "channels = 51", "channels: found 51; allowed: a whole number from 2 to 50"),
        ("8a80", "channels = 24", "channels = 18", "doors[18].channel: found 18; allowed: 0 to 17 on a 8a80"),
        ("8a80", "unlock_reply_ms = 1500", "unlock_reply_ms = 1499", "unlock_reply_ms: found 1499; allowed: a whole"),
        ("8a80", "unlock_reply_ms = 1500", "unlock_reply_ms = 2500", "at most 2499, because of visit.open_wait_ms"),
        ("8a80", "reply_ms = 300", "reply_ms = 300\npulse_command = true", "pulse_command: unknown key with value tr"),
        ("8a80", "reply_ms = 300", "reply_ms = 300\npulse_command = true", "allowed: only on a kr-cu16"),
        ("8a80", 'byte_order = "high_first"', 'byte_order = "big"', 'allowed: one of "high_first", "low_first"'),
        ("8a80", "quiet_ms = 20", "quiet_ms = 4", "quiet_ms: found 4; allowed: a whole number from 5 to 100"),
        ("8a80", "quiet_ms = 20", "quiet_ms = 20\ninputs = 1", "only on a board of kind waveshare or eletechsup"),
        ("waveshare", "pulse_ms = 500", "pulse_ms = 550", "found 550; allowed: a whole number from 100 to 1000 in st"),
        ("waveshare", "pulse_ms = 500", "pulse_ms = 1100", "pulse_ms: found 1100; allowed: a whole number from 100"),
        ("waveshare", "input_address = 2", "input_address = 0", "found 0; allowed: a whole number from 1 to 247"),
        ("waveshare", "input_address = 2", "", "boards[0].input_address: missing; needed: a whole number"),
        ("waveshare", "input_first = 0", "input_first = 8", "allowed: at most 0: an input board has 32 inputs"),
        ("waveshare", "channels = 32", "channels = 16", "doors[16].channel: found 16; allowed: 0 to 15 on a waveshare"),
        ("waveshare", "channels = 32", "channels = 33", "channels: found 33; allowed: a whole number from 1 to 32"),
        ("waveshare", "reply_ms = 200", "unlock_reply_ms = 1500", "allowed: only on a lock board that takes its time"),
        ("waveshare", "channels = 32", "channels = 32\nchannel_base = 1", "only on a board of kind eletechsup"),
        ("eletechsup", "pulse_ms = 1000", "pulse_ms = 500", "found 500; allowed: a whole number from 1000 to 1000"),
        ("eletechsup", "channel_base = 0", "channel_base = 2", "channel_base: found 2; allowed: one of 0, 1"),
        ("eletechsup", 'inputs = "holding"', 'inputs = "coils"', 'allowed: one of "discrete", "holding"'),
    ],
)  # fmt: skip
def test_each_mistake_is_named(kind: str, old: str, new: str, expected: str) -> None:
    """What is wrong, where, and what is allowed."""
    found = problems(changed(kind, old, new))
    assert any(expected in problem for problem in found), found


def more(kind: str, **keys: object) -> str:
    """Another board of this kind for the example of the first one."""
    board = TEXTS[kind].split("[[boards]]\n")[1].split("\n[scanner]")[0]
    for key, value in ({"name": "second"} | keys).items():
        board = re.sub(rf"^{key} = .*$", f"{key} = {json.dumps(value)}", board, flags=re.MULTILINE)
    return f"\n[[boards]]\n{board}\n[scanner]"


def test_relays_of_two_makers_share_a_line_and_a_board_of_inputs() -> None:
    """Both speak Modbus; the inputs may be read for both."""
    text = TEXTS["waveshare"].replace("\n[scanner]", more("eletechsup", address=3))
    assert [units_of(board) for board in decode(text, "x").boards] == [(1, 2), (3, 2)]


def test_one_unit_may_be_relays_and_inputs() -> None:
    """Waveshare (D)."""
    (board,) = decode(changed("waveshare", "input_address = 2", "input_address = 1"), "x").boards
    assert isinstance(board, RelayBoard) and units_of(board) == (1,)


@pytest.mark.parametrize(
    ("first", "second", "keys", "expected"),
    [
        ("waveshare", "eletechsup", {"address": 1}, "port and address"),
        ("waveshare", "eletechsup", {"address": 2}, "boards[0].input_address: found 2, which is boards[1].address"),
        ("waveshare", "8a80", {"address": 5}, "one protocol a port"),
        ("8a80", "8a80", {"address": 5, "quiet_ms": 30}, "boards[1].quiet_ms: found 30; allowed: 20, as boards[0]"),
        ("8a80", "8a80", {"address": 5, "baud": 19200}, "boards[1].baud: found 19200; allowed: 9600, as boards[0]"),
    ],
)
def test_what_cannot_share_a_line_is_named(first: str, second: str, keys: dict[str, object], expected: str) -> None:
    """Addresses, protocols, speeds."""
    found = problems(TEXTS[first].replace("\n[scanner]", more(second, **keys)))
    assert any(expected in problem for problem in found), found
