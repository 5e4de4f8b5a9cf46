"""The configuration: the example file is true and complete, and each mistake is named so that it can be mended."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker import config
from locker.config import Config, ConfigError, allowed, decode, load

EXAMPLE = Path(__file__).resolve().parent.parent / "config" / "cabinet.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")

# The least that a cabinet needs: what each test spoils or adds to.
SMALL = """
doors = [
  { door = 1, size = "S", side = "left", row = 1, channel = 0 },
  { door = 2, size = "M", side = "left", row = 2, channel = 1 },
]
[cabinet]
id = "xy-001"
phone = "12345"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "/var/lib/locker/locker.db"
"""
KEY_A, KEY_B = "a" * 64, "b" * 64
# Where the tables below put something in.
BOARD, SCANNER, STORE = '"/dev/board"', "[scanner]", "[store]"
MORE = BOARD + "\n"


def problems(text: str) -> tuple[str, ...]:
    """Return the problems of a text that must be refused."""
    with pytest.raises(ConfigError) as refused:
        decode(text, "cabinet.toml")
    return refused.value.problems


def structs(struct: type[msgspec.Struct]) -> Iterator[tuple[str, msgspec.structs.FieldInfo, type[msgspec.Struct]]]:
    """Every key of a struct and of the structs in it: (name of its table, the field, its struct)."""
    for field in msgspec.structs.fields(struct):
        inner = [
            plain for plain in _plains(field.type) if isinstance(plain, type) and issubclass(plain, msgspec.Struct)
        ]
        if inner:
            yield from ((field.name, leaf, owner) for _, leaf, owner in structs(inner[0]))
        else:
            yield "", field, struct


def _plains(hint: Any) -> list[Any]:
    """The types in a hint, whatever they are wrapped in."""
    if isinstance(hint, type) and get_origin(hint) is None:
        return [hint]
    return [plain for inner in get_args(hint) for plain in _plains(inner)]


def section(table: str) -> str:
    """The part of the example that speaks of one table."""
    if table == "doors":
        return TEXT[: TEXT.index("doors = [")]
    found = re.search(rf"^(#: )?\[+{table}\]+\n(.*?)(?=^# ----|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the example has no table {table}"
    return found[2]


def uncommented() -> str:
    """The example with its optional lines in use."""
    return re.sub(r"^#: ", "", TEXT, flags=re.MULTILINE)


def comment(table: str, name: str) -> str:
    """The comment that stands above a key of the example, or in its list where the table is ``doors``."""
    if table == "doors":
        found = re.search(rf"^(# {name}：.*\n# {name}: .*\n# .*\n)", section(table), re.MULTILINE)
    else:
        found = re.search(rf"((?:^# .*\n)+)(?:#: )?{name} = ", section(table), re.MULTILINE)
    assert found is not None, f"the example does not explain {table}.{name}"
    return found[1]


KEYS = list(structs(Config))


def test_the_example_is_a_cabinet_of_24() -> None:
    """The example decodes: 24 doors, 3 columns of 8, all on one board, in each size, some within everybody's reach."""
    cabinet = load(EXAMPLE)
    assert [door.door for door in cabinet.doors] == list(range(1, 25))
    assert [door.channel for door in cabinet.doors] == list(range(24))
    assert {(door.side, door.row) for door in cabinet.doors} == {
        (side, row) for side in ("left", "middle", "right") for row in range(1, 9)
    }
    assert {door.size for door in cabinet.doors} == {"S", "M", "L"}
    assert {door.size for door in cabinet.doors if door.low} >= {"S", "M"}
    assert cabinet.mqtt is not None
    assert cabinet.mqtt.tls


def test_the_example_trusts_nobody() -> None:
    """The example has no key in it: a copied file must not make a cabinet open for a key that others know."""
    assert load(EXAMPLE).keys == []


def test_the_optional_lines_work_once_uncommented() -> None:
    """With "#: " taken away and digits filled in, the example still decodes: with a root, or with a key."""
    text = uncommented().replace("64 hexadecimal digits go here", KEY_A)
    rooted, keys = text.split("\n[[keys]]\n")
    assert decode(rooted, "example").authority == config.Authority(root=KEY_A)
    keyed = decode(rooted.split("\n[authority]\n")[0] + "\n[[keys]]\n" + keys, "example")
    assert [key.public for key in keyed.keys] == [KEY_A]


@pytest.mark.parametrize(("table", "field", "struct"), KEYS, ids=lambda part: getattr(part, "name", None))
def test_the_example_explains_each_key(
    table: str, field: msgspec.structs.FieldInfo, struct: type[msgspec.Struct]
) -> None:
    """Each key stands in the example under Chinese and English words, with the bounds and default the decoder has."""
    text = comment(table, field.name)
    assert re.search(r"[\u4e00-\u9fff]", text), f"{table}.{field.name} has no Chinese comment"
    rule = text.splitlines()[-1]
    default = "必填 required" if field.required else f"默认 default: {json.dumps(field.default, ensure_ascii=False)}"
    assert rule == f"# 取值 allowed: {allowed(field.type)}; {default}"
    assert len(text.splitlines()) >= 3, f"{struct.__name__}.{field.name} says no reason"


def test_the_example_names_no_key_twice_or_in_vain() -> None:
    """The example has exactly the decoder's keys, so that it cannot keep one that was taken away."""
    tables = tomllib.loads(uncommented())
    assert set(tables) == {field.name for field in msgspec.structs.fields(Config)}
    for name, table in tables.items():
        rows = table if isinstance(table, list) else [table]
        assert {key for row in rows for key in row} == {field.name for owner, field, _ in KEYS if owner == name}


def test_the_least_file_is_enough() -> None:
    """What is not required has a default; the parts a cabinet can do without are None."""
    small = decode(SMALL, "small")
    assert (small.mqtt, small.panel, small.authority, small.keys) == (None, None, None, [])
    assert small.boards[0] == config.Board(port="/dev/board")
    assert small.visit == config.Visit()


# --- one key by itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id = "xy-001"', 'id = "XY 1"', 'cabinet.id: found "XY 1"; allowed: 1 to 32 of a-z, 0-9 and hyphens'),
        ('phone = "12345"', "phone = 12345", "cabinet.phone: found 12345; allowed: a text of 3 to 32 characters"),
        (BOARD, MORE + "baud = 1200", "boards[0].baud: found 1200; allowed: one of 9600, 19200,"),
        (BOARD, MORE + 'baud = "9600"', 'boards[0].baud: found "9600"; allowed: one of 9600'),
        (BOARD, MORE + "pulse_ms = 5500", "pulse_ms: found 5500; allowed: a whole number"),
        (BOARD, MORE + "pulse_ms = 555", "from 100 to 1000 in steps of 10"),
        (BOARD, MORE + "address = true", "boards[0].address: found true; allowed: a whole number from 0"),
        (BOARD, MORE + "address = 1.0", "boards[0].address: found 1.0; allowed: a whole number"),
        (BOARD, MORE + "local_echo = 1", "boards[0].local_echo: found 1; allowed: true or false"),
        ('row = 2, channel = 1 ', "row = 99, channel = 1 ", "doors[1].row: found 99; allowed: a whole number from 1"),
        ('size = "M"', 'size = "XL"', 'doors[1].size: found "XL"; allowed: one of "S", "M", "L"'),
        ('phone = "12345"', "", "cabinet.phone: missing; needed: a text of 3 to 32 characters"),
        (SCANNER, "[scaner]", 'scaner: unknown key with value a table; did you mean "scanner"?'),
        (SCANNER, "[scaner]", "scanner: missing; needed: a table"),
        (BOARD, MORE + "buad = 9600", 'boards[0].buad: unknown key with value 9600; did you mean "baud"?'),
        (BOARD, MORE + "qqq = 1", "boards[0].qqq: unknown key with value 1; known here: port, name, kind"),
        ("[[boards]]", "[boards]", "boards: found a table; allowed: a list of 1 to 16 of: a table"),
        ("[[boards]]\nport", "[store2]\nport", "boards: missing; needed: a list of 1 to 16 of: a table"),
        (STORE, "[[store]]", "store: found a list of 1; allowed: a table"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_what_is_allowed(old: str, new: str, expected: str) -> None:
    """A wrong value, a missing or an unknown key gives one line with file, key, value found and what is allowed."""
    assert old in SMALL
    assert any(line.startswith("cabinet.toml: ") and expected in line for line in problems(SMALL.replace(old, new)))


def test_all_problems_are_told_at_once() -> None:
    """A technician mends a file in one go: each wrong key has its own line."""
    text = SMALL.replace('id = "xy-001"', "id = 1").replace('size = "M"', "size = 3").replace("row = 2", "rwo = 2")
    found = problems(text)
    assert [line.split(": ")[1] for line in found] == ["doors[1].size", "doors[1].rwo", "doors[1].row", "cabinet.id"]


def test_an_empty_list_of_keys_purposes_is_refused() -> None:
    """A list has its own bounds, and its items theirs."""
    text = SMALL + f'[[keys]]\npublic = "{KEY_A}"\npurposes = []\n'
    assert problems(text) == (
        'cabinet.toml: keys[0].purposes: found a list of 0; allowed: a list of at least 1 of: '
        'one of "deposit", "collect", "staff", "technician"',
    )  # fmt: skip
    assert "keys[0].purposes[1]: found" in problems(text.replace("[]", '["deposit", "open-all"]'))[0]


@pytest.mark.parametrize(
    ("text", "place"), [("a = \n", "line 1, column 5"), ("[a]\nb = 1\nb = 2\n", "line 3"), ('x = "', "end of document")]
)
def test_a_file_that_is_not_toml_is_told_by_line_and_column(text: str, place: str) -> None:
    """A slip of syntax is found by its line and column."""
    (line,) = problems(text)
    assert line.startswith("cabinet.toml: not TOML: ")
    assert place in line


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """A file in GBK, as an old editor saves it, is told from one in UTF-8; a huge file is not even parsed."""
    path = tmp_path / "cabinet.toml"
    path.write_bytes('name_zh = "柜"'.encode("gbk"))
    with pytest.raises(ConfigError, match="byte 11 is not UTF-8; save the file as UTF-8"):
        load(path)
    path.write_bytes(b"#" * (config.FILE_BYTES_MAX + 1))
    with pytest.raises(ConfigError, match="larger than 262144 bytes"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["door", "port", "id", "path", "host", "x", "doors"]), inner, max_size=3)
    ),
)


@given(value=VALUES, table=st.sampled_from([field.name for field in msgspec.structs.fields(Config)]))
def test_whatever_stands_in_a_file_is_decoded_or_refused(value: Any, table: str) -> None:
    """The walk over the keys agrees with the decoder on every value: nothing slips through, nothing else is raised."""
    tables = tomllib.loads(SMALL) | {table: value}
    try:
        msgspec.convert(tables, Config, strict=True)
        fits = True
    except msgspec.ValidationError:
        fits = False
    assert (not list(config._misfits(tables, Config, ""))) == fits


# --- keys together --------------------------------------------------------------------------------

SECOND_BOARD = '[[boards]]\nport = "/dev/board"\nname = "second"\n'
PANEL, PICKUP = '[panel]\nsocket = "/run/panel.sock"\n', "[pickup]\n"
MQTT = '[mqtt]\nhost = "broker.example.org"\n'
INVITE = MQTT + '[invite]\nurl = "https://example.org/lk/{cabinet}?n={nonce}"\n'
ROOTED = f'[authority]\nroot = "{KEY_A}"\n'


def key(public: str, *purposes: str) -> str:
    """A key's table."""
    return f'[[keys]]\npublic = "{public}"\npurposes = {json.dumps(purposes)}\n'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("door = 2,", "door = 1,", "doors[1]: door 1 is already that of doors[0]"),
        ("door = 2,", "door = 3,", "doors: number 2 is missing; allowed: 2 doors are numbered 1 to 2"),
        ("channel = 1 ", "channel = 0 ", 'doors[1]: board and channel "main" and 0 is already that of doors[0]'),
        ("row = 2", "row = 1", 'doors[1]: side and row "left" and 1 is already that of doors[0]'),
        ("channel = 1 ", 'channel = 1, board = "mian" ', 'doors[1].board: found "mian", no such board; did you'),
        ("channel = 1 ", "channel = 24 ", "doors[1].channel: found 24; allowed: 0 to 23 on a kr-cu24"),
        (BOARD, MORE + 'kind = "kr-cu12"', None),
        (SCANNER, SECOND_BOARD.replace("second", "main") + SCANNER, 'boards[1]: name "main" is already that of'),
        (SCANNER, SECOND_BOARD + SCANNER, 'boards[1]: port and address "/dev/board" and 0 is'),
        (SCANNER, SECOND_BOARD + "address = 1\n" + SCANNER, None),
        (SCANNER, SECOND_BOARD + "address = 1\nbaud = 9600\n" + SCANNER, "boards[1].baud: found 9600; allowed: 19200"),
        (SCANNER, SECOND_BOARD + "address = 1\nlocal_echo = true\n" + SCANNER, "local_echo: found true; allowed: f"),
        (SCANNER, SECOND_BOARD + 'address = 1\nkind = "kr-cu12"\n' + SCANNER, None),
        (SCANNER, SECOND_BOARD + 'address = 1\nkind = "kr-cu16"\n' + SCANNER, "allowed: one protocol a port"),
        (BOARD, MORE + 'kind = "kr-cu16"\naddress = 15', "boards[0].address: found 15; allowed: 0 to 14 on a kr-cu16"),
        (BOARD, MORE + 'kind = "kr-cu48b"\naddress = 10', "boards[0].address: found 10; allowed: 0 to 9 on a kr-cu48b"),
        (BOARD, MORE + 'kind = "kr-cu48"\naddress = 9', None),
        (BOARD, MORE + 'kind = "kr-cu16"\npulse_command = true', None),
        (BOARD, MORE + "pulse_command = true", "boards[0].pulse_command: found true; allowed: only on a kr-cu16"),
        ("channel = 1 ", "channel = 1, occupancy = true ", "occupancy: found true on a kr-cu24; allowed: only on"),
        (BOARD, '"tcp://192.168.1.50:5000"', None),
        (BOARD, '"tcp://[fd00::5]:5000"', None),
        (BOARD, '"tcp://127.0.0.1:5000"', None),
        (BOARD, '"tcp://board.example.org:5000"', "found \"tcp://board.example.org:5000\"; allowed: tcp:"),
        (BOARD, '"tcp://8.8.8.8:5000"', "the number of a private address"),
        (BOARD, '"tcp://0.0.0.0:5000"', "the number of a private address"),
        (BOARD, '"tcp://192.168.1.50"', "the number of a private address"),
        (BOARD, '"tcp://192.168.1.50:99999"', "the number of a private address"),
        ('"/dev/scanner"', '"tcp://192.168.1.50:5000"', "scanner.port: found"),
        ('"/dev/scanner"', '"/dev/board"', 'scanner.port: found "/dev/board", a board\'s port'),
        ('"/dev/scanner"', '"/dev/scanner"\nname = "main"', 'scanner.name: found "main", a board\'s name'),
        ('"/dev/scanner"', '"/dev/scanner"\nkind = "keyboard"', "allowed: a name in /dev/input/by-id"),
        ('"/dev/scanner"', '"/dev/input/by-id/x"', 'with kind "gm65"; allowed: a serial port'),
        ('"/dev/scanner"', '"/dev/scanner"\nkind = "line"\nbaud = 0', 'baud: found 0 with kind "line"; allowed'),
        ('"/dev/scanner"', '"/dev/scanner"\nconfigure = false\nbaud = 0', "scanner.baud: found 0 with configure false"),
        ('"/dev/scanner"', '"/dev/scanner"\nending = "tab"', 'ending: found "tab"; allowed: only with kind line'),
        (STORE, "[visit]\nalarm_ms = 60000\n" + STORE, "visit.reminder_ms: found 60000; allowed: at most 59999"),
        (STORE, "[visit]\nrest_ms = 999\n" + STORE, "coil.cooldown_ms: found 1000; allowed: at most 999"),
        (STORE, "[visit]\nopen_wait_ms = 500\n" + STORE, "at most 499, because of visit.open_wait_ms"),
        (STORE, "[visit]\nopen_wait_ms = 501\n" + STORE, None),
        (STORE, "[coil]\ncooldown_ms = 500\n" + STORE, None),
        (BOARD, MORE + "pulse_ms = 1000\n[coil]\ncooldown_ms = 990", "at most 990, because of coil"),
        (BOARD, MORE + "unlock_reply_ms = 500", "allowed: at most 499, because of its unlock_reply_ms"),
        (BOARD, MORE + "idle_poll_ms = 50\npoll_ms = 51", "boards[0].poll_ms: found 51; allowed: at most 50"),
        (STORE, "[store]\nevents_max = 1000\nevents_kept = 1000", "events_kept: found 1000; allowed: at most 999"),
        (STORE, MQTT + STORE, None),
        (STORE, MQTT + "tls = false\n" + STORE, 'mqtt.tls: found false with host "broker.example.org"'),
        (STORE, MQTT + 'cert_file = "a"\n' + STORE, "mqtt.key_file: missing; needed together with mqtt.cert_file"),
        (STORE, MQTT + 'key_file = "a"\n' + STORE, "mqtt.cert_file: missing; needed together with mqtt.key_file"),
        (STORE, key(KEY_A, "deposit") + key(KEY_A, "collect") + STORE, "keys[1]: public "),
        (STORE, INVITE + STORE, None),
        (STORE, INVITE.replace(MQTT, "") + STORE, "invite: found without [mqtt]; allowed: both"),
        (STORE, INVITE.replace("https:", "http:") + STORE, 'invite.url: found "http://example.org/lk/'),
        (STORE, INVITE.replace("example", "user@example") + STORE, "allowed: an https address in plain characters"),
        (STORE, INVITE.replace("example.org", "{cabinet}.org") + STORE, "once each behind its host"),
        (STORE, INVITE.replace("example.org", "例子.org") + STORE, "in plain characters"),
        (STORE, INVITE.replace("{nonce}", "{nonce}\\n") + STORE, "in plain characters"),
        (STORE, INVITE.replace("example.org", "example.org:8443") + STORE, None),
        (STORE, INVITE.replace("?n={nonce}", "") + STORE, "allowed: {cabinet} and {nonce} once each"),
        (STORE, INVITE.replace("{cabinet}", "xy-001") + STORE, "allowed: {cabinet} and {nonce} once each"),
        (STORE, INVITE.replace("{nonce}", "{nonce}&m={nonce}") + STORE, "once each, and no other braces"),
        (STORE, INVITE.replace("{nonce}", "{nonce}{") + STORE, "no other braces"),
        (STORE, INVITE.replace("lk/", f"{'x' * 60}/") + STORE, None),
        (STORE, INVITE.replace("lk/", f"{'x' * 61}/") + STORE, "invite.url: 107 characters with cabinet.id"),
        (STORE, ROOTED + STORE, None),
        (STORE, ROOTED + key(KEY_B, "deposit") + STORE, "keys: found a list of 1; allowed: none together with"),
        (STORE, PANEL + PICKUP + STORE, None),
        (STORE, PICKUP + STORE, "pickup: found without [kiosk] or [panel]; allowed: with one of them, because"),
        (STORE, PANEL + PICKUP + "digits = 5\n" + STORE, "pickup.digits: found 5; allowed: a whole number from 6 to 8"),
        (STORE, PANEL + PICKUP + "digits = 9\n" + STORE, "pickup.digits: found 9; allowed: a whole number from 6 to 8"),
        (STORE, '[authority]\nroot = "beef"\n' + STORE, 'authority.root: found "beef"; allowed: 64 hexadecimal'),
        (STORE, "[authority]\n" + STORE, "authority.root: missing; needed: 64 hexadecimal digits"),
        (STORE, key(KEY_A, "deposit", "staff") + STORE, "keys[0].purposes: found deposit, staff; allowed: either"),
        (STORE, key(KEY_A, "deposit", "collect") + key(KEY_B, "staff", "technician") + STORE, None),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(old: str, new: str, expected: str | None) -> None:
    """Two keys that cannot both be meant are refused in one line; beside each stands a neighbour that is right."""
    assert old in SMALL
    text = SMALL.replace(old, new)
    if expected is None:
        decode(text, "cabinet.toml")
    else:
        assert any(line.startswith("cabinet.toml: ") and expected in line for line in problems(text))


@pytest.mark.parametrize("doors", [24, 25])
def test_pick_up_codes_are_for_24_doors_at_most(doors: int) -> None:
    """The odds of guessing are reckoned for 24 items: one door more, and the table has to go."""
    wired = "".join(
        f' {{ door = {n}, size = "S", side = "left", row = {n}, channel = {(n - 1) % 24}, board = "{b}" }},\n'
        for n, b in ((n, "main" if n <= 24 else "second") for n in range(1, doors + 1))
    )
    text = "doors = [\n" + wired + SMALL[SMALL.index("]\n[cabinet]") :]
    text = text.replace(SCANNER, SECOND_BOARD.replace("/dev/board", "/dev/other") + SCANNER)
    if doors == 24:
        decode(text + PANEL + PICKUP, "cabinet.toml")
    else:
        decode(text, "cabinet.toml")
        assert "pickup: found with 25 doors; allowed: at most 24" in problems(text + PANEL + PICKUP)[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_a_broker_on_this_machine_may_do_without_tls(host: str) -> None:
    """Only the loopback interface may be spoken to in the clear."""
    decode(SMALL + MQTT.replace("broker.example.org", host) + "tls = false\n", "cabinet.toml")


@pytest.mark.parametrize(
    "host", ["128.0.0.1", "10.0.0.1", "::2", "localhost.example.org", "127.0.0.1.example.org", "::"]
)
def test_no_other_broker_may(host: str) -> None:
    """A name that only looks like this machine is not this machine."""
    assert "mqtt.tls" in problems(SMALL + MQTT.replace("broker.example.org", host) + "tls = false\n")[0]
