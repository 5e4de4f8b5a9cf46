"""The configuration: one TOML file, one decoder, every key with its unit, bounds and reason.

Knows what may be set and within which limits; never what it is used for. The commented example is
``config/cabinet.toml``; a test holds the two together. A wrong value, an unknown key or a contradiction raises
``ConfigError`` that names the file, the key, the value and what is allowed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from locker.config_boards import Board as Board
from locker.config_boards import FileName, Name
from locker.config_checks import contradictions, nearest, shown
from locker.config_fittings import Buzzer, Climate, Fan, Heater, Lamp, Meter, Pins, Power, Tamper
from locker.config_gpio import boards_of, elsewhere, keys_of, struct_of
from locker.config_hours import Quiet, Voice, Zone
from locker.config_kiosk import Kiosk as Kiosk
from locker.config_kiosk import Notice as Notice
from locker.config_upkeep import Status as Status
from locker.config_upkeep import Upkeep as Upkeep

FILE_BYTES_MAX = 262_144

Title = Annotated[str, Meta(min_length=1, max_length=40)]
FileNameOrNone = Annotated[str, Meta(max_length=255)]
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="64 hexadecimal digits, 0-9 and a-f")]
_URL = r"^https://[a-z0-9.-]{1,80}(:[0-9]{1,5})?/[A-Za-z0-9._~/?&=%+,;:@{}-]{1,100}\Z"
_URL_WORDS = "an https address in plain characters, {cabinet} and {nonce} once each behind its host"
InviteUrl = Annotated[str, Meta(pattern=_URL, description=_URL_WORDS)]


class Cabinet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which cabinet this is. ``id`` is the tokens' audience, the MQTT topic and the certificate's common name."""

    id: Name
    phone: Annotated[str, Meta(min_length=3, max_length=32)]
    name_zh: Title = "肖怡帮办柜"
    name_en: Title = "Xiaoyi service locker"
    zone: Zone = "+08:00"


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One compartment: its label's number, size, place and wire. ``row`` 1 is the top; ``channel`` is 0-based.

    ``occupancy``: whether a sensor inside is wired to the board's socket of the same number.
    """

    door: Annotated[int, Meta(ge=1, le=255)]
    size: Literal["S", "M", "L"]
    side: Literal["left", "middle", "right"]
    row: Annotated[int, Meta(ge=1, le=32)]
    channel: Annotated[int, Meta(ge=0, le=255)]
    board: Name = "main"
    low: bool = False
    occupancy: bool = False


class Scanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The QR scanner. ``configure`` lets the driver set the module up and read it back. Baud 0: look for it."""

    port: FileName
    name: Name = "scanner"
    kind: Literal["gm65", "ssi", "de2120", "newland", "honeywell", "line", "keyboard"] = "gm65"
    baud: Literal[0, 9600, 19200, 38400, 57600, 115200] = 9600
    configure: bool = True
    ending: Literal["any", "cr", "lf", "crlf", "tab", "none"] = "any"
    quiet_ms: Annotated[int, Meta(ge=20, le=2000)] = 150
    check_s: Annotated[int, Meta(ge=60, le=86_400)] = 3600
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
    doors_minute_max: Annotated[int, Meta(ge=1, le=60)] = 8


class Staff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long staff are held to stand there after their last act at the cabinet."""

    present_s: Annotated[int, Meta(ge=10, le=600)] = 120


class Keeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long items may lie in the cabinet, and how long before the end that is told (0: it is not)."""

    submission_days: Annotated[int, Meta(ge=1, le=60)] = 7
    certificate_days: Annotated[int, Meta(ge=1, le=60)] = 7
    notice_hours: Annotated[int, Meta(ge=0, le=168)] = 24


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long what names an order or a person stays on this cabinet's disk, in days (docs/retention.md)."""

    events_days: Annotated[int, Meta(ge=1, le=3650)] = 190
    tokens_days: Annotated[int, Meta(ge=1, le=60)] = 1
    commands_days: Annotated[int, Meta(ge=1, le=60)] = 1


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An issuer's public key: 32 bytes of Ed25519 in hexadecimal, and what its tokens may be for."""

    public: PublicKey
    purposes: Annotated[list[Literal["deposit", "collect", "staff", "technician"]], Meta(min_length=1)]
    alg: Literal[-8, -19] = -8
    state: Literal["next", "active", "retired"] = "active"


class Authority(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who says whose tokens count: the root's public key, and where its key sets and revocation lists may lie."""

    root: PublicKey
    folder: FileNameOrNone = ""
    stick: FileNameOrNone = ""


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The phone-first way: the address that the idle screen shows as a QR code for the resident's phone."""

    url: InviteUrl


class Pickup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pick-up codes typed on the screen's keypad; their secret is ``pickup.secret`` beside the database."""

    digits: Annotated[int, Meta(ge=6, le=8)] = 6


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    cabinet: Cabinet
    doors: Annotated[list[Door], Meta(min_length=1, max_length=240)]
    boards: Annotated[list[Board], Meta(min_length=1, max_length=16)]
    scanner: Scanner
    store: Store
    authority: Authority | None = None
    keys: Annotated[list[Key], Meta(max_length=64)] = []
    panel: Panel | None = None
    kiosk: Kiosk | None = None
    notices: Annotated[list[Notice], Meta(max_length=64)] = []
    mqtt: Mqtt | None = None
    pickup: Pickup | None = None
    invite: Invite | None = None
    visit: Visit = Visit()
    coil: Coil = Coil()
    staff: Staff = Staff()
    keeping: Keeping = Keeping()
    retention: Retention = Retention()
    upkeep: Upkeep = Upkeep()
    status: Status | None = None
    quiet: Quiet | None = None
    voice: Voice | None = None
    pins: Pins = Pins()
    power: Power | None = None
    meter: Meter | None = None
    tamper: Tamper | None = None
    climate: Climate | None = None
    fan: Fan | None = None
    heater: Heater | None = None
    lamp: Lamp | None = None
    buzzer: Buzzer | None = None


def invite_url(config: Config, nonce: str) -> str:
    """The address that the idle screen shows with this nonce (hexadecimal); "" where none is configured."""
    url = config.invite.url if config.invite is not None else ""
    return url.replace("{cabinet}", config.cabinet.id).replace("{nonce}", nonce)


def inbox_folder(config: Config) -> Path:
    """The folder in which signed key sets and revocation lists are laid: the database's own unless another is named."""
    named = config.authority.folder if config.authority is not None else ""
    return Path(named) if named else Path(config.store.path).parent


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
        config = _converted(tables)
        problems = list(contradictions(config))
    if problems:
        raise ConfigError([f"{where}: {problem}" for problem in problems])
    return config


def _converted(tables: dict[str, Any]) -> Config:
    """The boards are decoded one by one, because each kind has keys of its own."""
    config = msgspec.convert(tables | {"boards": [{"port": "-"}]}, Config, strict=True)
    return msgspec.structs.replace(config, boards=boards_of(tables["boards"]))


# --- each key by itself ---------------------------------------------------------------------------


def _misfits(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Every place in ``value`` that does not fit ``hint``, the type of the key at ``path``."""
    plain, meta = _parts(hint)
    if _is_table(plain) and isinstance(value, dict):
        yield from _misfits_in_table(value, struct_of(plain, value), path)
    elif get_origin(plain) is list and isinstance(value, list) and _within(len(value), meta):
        for index, item in enumerate(value):
            yield from _misfits(item, get_args(plain)[0], f"{path}[{index}]")
    else:
        try:
            msgspec.convert(value, hint, strict=True)
        except msgspec.ValidationError:
            yield f"{path}: found {shown(value)}; allowed: {allowed(hint)}"


def _misfits_in_table(table: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = keys_of(struct)
    dot = f"{path}." if path else ""
    for key, value in table.items():
        if key in fields:
            yield from _misfits(value, fields[key].type, dot + key)
        else:
            yield f"{dot}{key}: unknown key with value {shown(value)}; {elsewhere(key, struct) or nearest(key, fields)}"
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
        return "one of " + ", ".join(shown(choice) for choice in get_args(plain))
    if plain is bool:
        return "true or false"
    if plain is int:
        return f"a whole number from {meta.ge} to {meta.le}" + (
            f" in steps of {meta.multiple_of}" if meta.multiple_of else ""
        )
    return meta.description or f"a text of {_span(meta)} characters"


def _parts(hint: Any) -> tuple[Any, Meta]:
    """A key's type without its bounds and without "or None" (TOML has no null), and the bounds."""
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
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
