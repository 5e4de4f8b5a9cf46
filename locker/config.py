"""The configuration: one TOML file, one decoder, every key with its unit, bounds and reason.

Knows what may be set and within which limits; never what it is used for. The commented example is
``config/cabinet.toml``; a test holds the two together. A wrong value, an unknown key or a contradiction raises
``ConfigError`` that names the file, the key, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

FILE_BYTES_MAX = 262_144
CHANNELS = {"kr-cu24": 24, "kr-cu12": 12}

_NAME_WORDS = "1 to 32 of a-z, 0-9 and hyphens, not a hyphen first"
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description=_NAME_WORDS)]
Title = Annotated[str, Meta(min_length=1, max_length=40)]
FileName = Annotated[str, Meta(min_length=1, max_length=255)]
FileNameOrNone = Annotated[str, Meta(max_length=255)]
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="64 hexadecimal digits, 0-9 and a-f")]


class Cabinet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which cabinet this is. ``id`` is the tokens' audience, the MQTT topic and the certificate's common name."""

    id: Name
    phone: Annotated[str, Meta(min_length=3, max_length=32)]
    name_zh: Title = "肖怡帮办柜"
    name_en: Title = "Xiaoyi service locker"


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One compartment: its label's number, size, place and wire. ``row`` 1 is the top; ``channel`` is 0-based."""

    door: Annotated[int, Meta(ge=1, le=255)]
    size: Literal["S", "M", "L"]
    side: Literal["left", "middle", "right"]
    row: Annotated[int, Meta(ge=1, le=32)]
    channel: Annotated[int, Meta(ge=0, le=255)]
    board: Name = "main"
    low: bool = False


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One lock board and how it is wired. Poll intervals and time-outs in milliseconds."""

    port: FileName
    name: Name = "main"
    kind: Literal["kr-cu24", "kr-cu12"] = "kr-cu24"
    baud: Literal[9600, 19200, 57600, 115200] = 19200
    address: Annotated[int, Meta(ge=0, le=15)] = 0
    closed_bit: Literal[0, 1] = 1
    local_echo: bool = False
    pulse_ms: Annotated[int, Meta(ge=100, le=1000, multiple_of=10)] = 500
    reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 100
    unlock_reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 1500
    poll_ms: Annotated[int, Meta(ge=5, le=1000)] = 5
    idle_poll_ms: Annotated[int, Meta(ge=50, le=10_000)] = 250
    silent_after: Annotated[int, Meta(ge=2, le=100)] = 5
    retry_port_ms: Annotated[int, Meta(ge=50, le=60_000)] = 1000


class Scanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The QR scanner. ``configure`` lets the driver set the module up at start and read it back."""

    port: FileName
    name: Name = "scanner"
    kind: Literal["gm65"] = "gm65"
    baud: Literal[9600, 57600, 115200] = 9600
    configure: bool = True
    reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 200
    retry_port_ms: Annotated[int, Meta(ge=50, le=60_000)] = 1000


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The screen's Unix socket: JSON lines out (screens), JSON lines in (touches)."""

    socket: Annotated[str, Meta(min_length=1, max_length=100)]


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The way to the cloud. TLS is on unless ``tls`` is false, which is refused for any host but loopback."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    version: Literal[5, 4] = 5
    tls: bool = True
    ca_file: FileNameOrNone = ""
    cert_file: FileNameOrNone = ""
    key_file: FileNameOrNone = ""
    keepalive_s: Annotated[int, Meta(ge=5, le=600)] = 30
    window: Annotated[int, Meta(ge=1, le=200)] = 20
    cloud_acks: bool = True
    resend_s: Annotated[int, Meta(ge=1, le=3600)] = 30
    health_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    retry_s_max: Annotated[int, Meta(ge=1, le=600)] = 30


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The database file and how many event rows it may hold (30 busy days are about 60,000 rows)."""

    path: FileName
    events_max: Annotated[int, Meta(ge=1000, le=10_000_000)] = 200_000
    events_kept: Annotated[int, Meta(ge=100, le=1_000_000)] = 50_000


class Visit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long the cabinet waits for people and doors, in milliseconds unless named otherwise."""

    open_wait_ms: Annotated[int, Meta(ge=200, le=30_000)] = 2500
    rest_ms: Annotated[int, Meta(ge=500, le=30_000)] = 2000
    press_ms: Annotated[int, Meta(ge=500, le=60_000)] = 4000
    reminder_ms: Annotated[int, Meta(ge=500, le=3_600_000)] = 60_000
    alarm_ms: Annotated[int, Meta(ge=1000, le=3_600_000)] = 180_000
    grace_ms: Annotated[int, Meta(ge=500, le=60_000)] = 60_000
    reopen_max: Annotated[int, Meta(ge=0, le=2)] = 2
    notice_ms: Annotated[int, Meta(ge=500, le=60_000)] = 12_000
    repeat_ms: Annotated[int, Meta(ge=0, le=10_000)] = 3000


class Coil(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the lock coils and people's safety allow, whatever anybody orders."""

    cooldown_ms: Annotated[int, Meta(ge=500, le=60_000)] = 1000
    gap_ms: Annotated[int, Meta(ge=0, le=10_000)] = 200
    per_lock_minute_max: Annotated[int, Meta(ge=1, le=20)] = 6
    doors_minute_max: Annotated[int, Meta(ge=1, le=1200)] = 8


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long items may lie in the cabinet."""

    days: Annotated[int, Meta(ge=1, le=60)] = 7


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An issuer's public key: 32 bytes of Ed25519 in hexadecimal, and what its tokens may be for."""

    public: PublicKey
    purposes: Annotated[list[Literal["deposit", "collect", "staff", "technician"]], Meta(min_length=1)]
    alg: Literal[-8, -19] = -8
    state: Literal["next", "active", "retired"] = "active"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    cabinet: Cabinet
    doors: Annotated[list[Door], Meta(min_length=1, max_length=240)]
    boards: Annotated[list[Board], Meta(min_length=1, max_length=16)]
    scanner: Scanner
    store: Store
    keys: Annotated[list[Key], Meta(max_length=64)] = []
    panel: Panel | None = None
    mqtt: Mqtt | None = None
    visit: Visit = Visit()
    coil: Coil = Coil()
    keeping: Keeping = Keeping()


class ConfigError(ValueError):
    """The file cannot be used. ``problems`` has one line each: file, key, value found, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(path: str | Path) -> Config:
    """Read and decode a file. Raises OSError when it cannot be read, ConfigError when it cannot be used."""
    with Path(path).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ConfigError([f"{path}: larger than {FILE_BYTES_MAX} bytes; that is no cabinet's configuration"])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from error
    return decode(text, str(path))


def decode(text: str, where: str) -> Config:
    """Decode a file's text; ``where`` is its name in messages. Raises ConfigError with every problem found.

    Contradictions between keys are looked for only when each key by itself is right.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{where}: not TOML: {error}"]) from error
    problems = list(_misfits(tables, Config, ""))
    if not problems:
        config = msgspec.convert(tables, Config, strict=True)
        problems = list(_contradictions(config))
    if problems:
        raise ConfigError([f"{where}: {problem}" for problem in problems])
    return config


# --- each key by itself ---------------------------------------------------------------------------


def _misfits(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Every place in ``value`` that does not fit ``hint``, the type of the key at ``path``."""
    plain, meta = _parts(hint)
    if _is_table(plain) and isinstance(value, dict):
        yield from _misfits_in_table(value, plain, path)
    elif get_origin(plain) is list and isinstance(value, list) and _within(len(value), meta):
        for index, item in enumerate(value):
            yield from _misfits(item, get_args(plain)[0], f"{path}[{index}]")
    else:
        try:
            msgspec.convert(value, hint, strict=True)
        except msgspec.ValidationError:
            yield f"{path}: found {_shown(value)}; allowed: {allowed(hint)}"


def _misfits_in_table(table: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    dot = f"{path}." if path else ""
    for key, value in table.items():
        if key in fields:
            yield from _misfits(value, fields[key].type, dot + key)
        else:
            yield f"{dot}{key}: unknown key with value {_shown(value)}; {_nearest(key, fields)}"
    for name, field in fields.items():
        if field.required and name not in table:
            yield f"{dot}{name}: missing; needed: {allowed(field.type)}"


def allowed(hint: Any) -> str:
    """What a key of this type may be, in words: its bounds, its choices or its pattern."""
    plain, meta = _parts(hint)
    if _is_table(plain):
        return "a table"
    if get_origin(plain) is list:
        return f"a list of {_span(meta)} of: {allowed(get_args(plain)[0])}"
    if get_origin(plain) is Literal:
        return "one of " + ", ".join(_shown(choice) for choice in get_args(plain))
    if plain is bool:
        return "true or false"
    if plain is int:
        return f"a whole number from {meta.ge} to {meta.le}" + (
            f" in steps of {meta.multiple_of}" if meta.multiple_of else ""
        )
    return meta.description or f"a text of {_span(meta)} characters"


def _parts(hint: Any) -> tuple[Any, Meta]:
    """A key's type without its bounds and without "or None" (TOML has no null), and the bounds."""
    if isinstance(hint, UnionType):
        return _parts(next(arm for arm in get_args(hint) if arm is not type(None)))
    if get_origin(hint) is Annotated:
        plain, meta = get_args(hint)
        return plain, meta
    return hint, Meta()


def _is_table(plain: Any) -> bool:
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)


def _within(length: int, meta: Meta) -> bool:
    return (meta.min_length or 0) <= length <= (length if meta.max_length is None else meta.max_length)


def _span(meta: Meta) -> str:
    if meta.max_length is None:
        return f"at least {meta.min_length}" if meta.min_length else "any number"
    return f"{meta.min_length or 0} to {meta.max_length}"


def _shown(value: Any) -> str:
    """A found value in TOML's spelling, on one line and cut to 60 characters."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest(name: str, known: Iterable[str]) -> str:
    """A hint at what was meant, for the end of a message."""
    choices = list(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(choices)


# --- the keys together ----------------------------------------------------------------------------


def _contradictions(config: Config) -> Iterator[str]:
    """Every pair of keys that cannot both be meant."""
    yield from _about_doors(config)
    yield from _about_boards(config)
    yield from _about_keys(config.keys)
    if config.mqtt is not None:
        yield from _about_mqtt(config.mqtt)
    store = config.store
    yield from _below("store.events_kept", store.events_kept, "store.events_max", store.events_max)


def _about_doors(config: Config) -> Iterator[str]:
    yield from _repeats("doors", "door", [door.door for door in config.doors])
    yield from _repeats("doors", "board and channel", [(door.board, door.channel) for door in config.doors])
    yield from _repeats("doors", "side and row", [(door.side, door.row) for door in config.doors])
    count = len(config.doors)
    for number in sorted(set(range(1, count + 1)) - {door.door for door in config.doors}):
        yield f"doors: number {number} is missing; allowed: {count} doors are numbered 1 to {count}, none left out"
    boards = {board.name: board for board in config.boards}
    for index, door in enumerate(config.doors):
        board = boards.get(door.board)
        if board is None:
            yield f"doors[{index}].board: found {_shown(door.board)}, no such board; {_nearest(door.board, boards)}"
        elif door.channel >= CHANNELS[board.kind]:
            yield (
                f"doors[{index}].channel: found {door.channel}; "
                f"allowed: 0 to {CHANNELS[board.kind] - 1} on a {board.kind}"
            )


def _about_boards(config: Config) -> Iterator[str]:
    yield from _repeats("boards", "name", [board.name for board in config.boards])
    yield from _repeats("boards", "port and address", [(board.port, board.address) for board in config.boards])
    first: dict[str, tuple[int, Board]] = {}
    visit, coil = config.visit, config.coil
    for index, board in enumerate(config.boards):
        path = f"boards[{index}]"
        before, other = first.setdefault(board.port, (index, board))
        if board.baud != other.baud:
            yield f"{path}.baud: found {board.baud}; allowed: {other.baud}, as boards[{before}] on the same port"
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "coil.cooldown_ms", coil.cooldown_ms + 1)
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "visit.open_wait_ms", visit.open_wait_ms)
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "its unlock_reply_ms", board.unlock_reply_ms)
        yield from _below(f"{path}.poll_ms", board.poll_ms, "its idle_poll_ms", board.idle_poll_ms + 1)
    if config.scanner.port in first:
        yield f"scanner.port: found {_shown(config.scanner.port)}, a board's port; allowed: a port of its own"
    if config.scanner.name in {board.name for board in config.boards}:
        yield f"scanner.name: found {_shown(config.scanner.name)}, a board's name; allowed: a name of its own"
    yield from _below("visit.reminder_ms", visit.reminder_ms, "visit.alarm_ms", visit.alarm_ms)
    yield from _below("coil.cooldown_ms", coil.cooldown_ms, "visit.rest_ms", visit.rest_ms + 1)


def _about_keys(keys: list[Key]) -> Iterator[str]:
    yield from _repeats("keys", "public", [key.public for key in keys])
    for index, key in enumerate(keys):
        resident = {"deposit", "collect"} & set(key.purposes)
        if resident and resident != set(key.purposes):
            yield (
                f"keys[{index}].purposes: found {', '.join(key.purposes)}; allowed: either deposit and collect, "
                f"or staff and technician: a resident's key never makes a staff token"
            )


def _about_mqtt(mqtt: Mqtt) -> Iterator[str]:
    if not mqtt.tls and not _is_loopback(mqtt.host):
        yield (
            f"mqtt.tls: found false with host {_shown(mqtt.host)}; "
            f"allowed: false only for this machine itself (127.0.0.0/8, ::1, localhost)"
        )
    if bool(mqtt.cert_file) != bool(mqtt.key_file):
        there, gone = ("cert_file", "key_file") if mqtt.cert_file else ("key_file", "cert_file")
        yield f"mqtt.{gone}: missing; needed together with mqtt.{there}: both or neither"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _below(key: str, value: int, other: str, limit: int) -> Iterator[str]:
    """One line when a key is not below its limit, which another key sets."""
    if value >= limit:
        yield f"{key}: found {value}; allowed: at most {limit - 1}, because of {other}"


def _repeats(table: str, what: str, values: list[Any]) -> Iterator[str]:
    """One line for each value that an earlier entry of the list has already."""
    for index, value in enumerate(values):
        before = values.index(value)
        if before != index:
            shown = " and ".join(_shown(part) for part in value) if isinstance(value, tuple) else _shown(value)
            yield f"{table}[{index}]: {what} {shown} is already that of {table}[{before}]; allowed: each once"
