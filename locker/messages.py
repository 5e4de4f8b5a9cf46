"""Every MQTT payload, each defined once as a Struct, and every topic, each defined once as a Topic.

Decoders, JSON Schema and the AsyncAPI document (``locker/asyncapi.py``) are made from what stands here. Payloads are
JSON in UTF-8 (but what the root signed: those bytes), 8 KiB at most; unknown fields are ignored, missing or wrong ones
refused with a reason.

An event row and its seal
    The body of a stored event row is the encoded ``EventOut`` without ``after`` and ``hash``. The chain is
    ``hash = SHA-256(hash of the row before || body)``, 32 zero bytes before the first row. What is published is the
    body with two fields put before its closing brace: ``,"after":41,"hash":"<64 hex digits>"}``. ``after`` is the
    number of the row published before this one: rows between the two are gone for good (log limit). So a consumer gets
    the body back by cutting at the last ``,"after":`` and adding ``}``, and verifies the chain without encoding it.

This module knows nothing of brokers, rows on disks or what a command does, and never judges a grant.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from locker.model import Quality

BYTES_MAX = 8192
"""The longest payload in either direction (MQTT contract, section 1)."""

GENESIS = bytes(32)
"""What stands for the hash of the row before the first."""

_END = r"(?![\s\S])"
Id = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_.:-]{1,64}" + _END, description="Chosen by the sender, never used twice.")
]
Text = Annotated[str, Meta(min_length=1, max_length=64)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
DoorNumber = Annotated[int, Meta(ge=0, le=255, description="As on the label; 0 for none.")]
WallMs = Annotated[int, Meta(description="Unix time in milliseconds.")]
BootMs = Annotated[int, Meta(ge=0, description="Milliseconds since the machine started; never jumps.")]
Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*" + _END)]


# --- up: what the cabinet says --------------------------------------------------------------------


class Conn(Struct, frozen=True, kw_only=True):
    """Whether the cabinet is connected. Also the will, with ``offline``."""

    v: Literal[1] = 1
    state: Literal["online", "offline"]
    boot: Text
    epoch: Text


class DoorPlace(Struct, frozen=True, array_like=True):
    """One compartment's place: ``[door, size, side, row, low]``; row 1 is the top, low means easy to reach sitting."""

    door: DoorNumber
    size: Literal["S", "M", "L"]
    side: Literal["left", "middle", "right"]
    row: Count
    low: bool


class Info(Struct, frozen=True, kw_only=True):
    """What this cabinet is: versions, capabilities, doors and sizes, the device's public key (hex, empty for none)."""

    v: Literal[1] = 1
    cabinet: Text
    name_zh: str
    name_en: str
    software: Text
    boot: Text
    epoch: Text
    ops: list[str]
    features: list[str] = []
    doors: list[DoorPlace]
    public_key: Hex = ""


class DoorSnapshot(Struct, frozen=True, kw_only=True):
    """One compartment now: ``seen`` by the door switch, ``state`` as judged, ``occupied`` by a sensor inside.

    ``rev`` rises with every change, so that a late snapshot is recognised. ``deadline_ms`` is until when the item
    inside is kept, None for no item; ``overdue`` that this time is over: its owner's code stays valid all the same.
    """

    v: Literal[1] = 1
    door: DoorNumber
    rev: Count
    at_ms: WallMs
    quality: Quality
    seen: Literal["open", "closed", "unknown"]
    state: Text
    occupied: Literal["yes", "no", "unknown"]
    in_service: bool
    deadline_ms: WallMs | None = None
    overdue: bool = False


class EventOut(Struct, frozen=True, kw_only=True):
    """One row of the event stream. ``data`` depends on ``type``; order and cti in it are hexadecimal.

    ``after`` and ``hash`` are the seal: absent in the stored body, present in what is published.
    """

    v: Literal[1] = 1
    epoch: Text
    seq: Annotated[int, Meta(ge=1)]
    boot: Text
    at_ms: WallMs
    boot_ms: BootMs
    quality: Quality
    type: Text
    door: DoorNumber = 0
    data: dict[str, Any] = {}
    after: Count | UnsetType = UNSET
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}" + _END)] | UnsetType = UNSET


class Response(Struct, frozen=True, kw_only=True):
    """The answer to a command. ``ok`` means taken on, not done: what happened follows as events.

    ``reason`` is a refusal's name and empty when ``ok``; ``id`` is empty when the command's could not be read.
    """

    v: Literal[1] = 1
    id: str
    ok: bool
    at_ms: WallMs
    reason: str = ""
    detail: str = ""
    door: DoorNumber = 0


class DoorWear(Struct, frozen=True, array_like=True):
    """How worn one door is: ``[door, cycles, timed, usual_ms, recent_ms]``; both times are 0 where none was measured.

    ``cycles`` is what its switch has counted, ``timed`` how many reactions were measured: from the order on the wire to
    the door seen open, their slow and their fast mean.
    """

    door: DoorNumber
    cycles: Count
    timed: Count
    usual_ms: Count
    recent_ms: Count


class BoardHealth(Struct, frozen=True, kw_only=True):
    """One lock board: whether it answers, its quarantine, and how many answers in a thousand go wrong of late."""

    answers: bool
    quarantined: bool
    permille: Annotated[int, Meta(ge=0, le=1000)] | None = None


class PowerState(Struct, frozen=True, kw_only=True):
    """The supply: ``mains`` null while the line has not been read; ``left_s`` as reckoned; volts where measured."""

    mains: bool | None
    reserve: Literal["ok", "low", "empty"]
    left_s: Count
    mv: int | None = None
    ma: int | None = None


class Health(Struct, frozen=True, kw_only=True):
    """How the machine is: clock, queue depth, counters of each device, disk, temperature, memory. None is not known.

    ``quality`` is how far the cabinet trusts the time, ``system_clock`` what the machine's clock says of itself,
    ``floor_ms`` the time before which it surely is not. ``doors`` are at most 64, the most worn first; ``versions`` is
    the firmware of each device that told its own.
    """

    v: Literal[1] = 1
    at_ms: WallMs
    boot_ms: BootMs
    quality: Quality
    boot: Text
    queued: Count
    waiting_ms: Annotated[int, Meta(ge=0, description="How long the oldest sent event has had no acknowledgement.")]
    counters: dict[str, dict[str, int]]
    floor_ms: WallMs | None = None
    system_clock: Quality | None = None
    disk_free_bytes: int | None = None
    memory_bytes: int | None = None
    temperature_c: float | None = None
    power: PowerState | None = None
    tamper_open: bool | None = None
    inside_c: float | None = None
    fan_on: bool | None = None
    heater_on: bool | None = None
    versions: dict[str, str] = {}
    boards: dict[str, BoardHealth] = {}
    doors: list[DoorWear] = []


# --- down: what the cloud says --------------------------------------------------------------------


class Command(Struct, frozen=True, kw_only=True):
    """A command. ``exp`` is Unix time in seconds; ``grant`` a token ("LK1:..."); an unknown ``op`` is refused later."""

    v: Literal[1]
    id: Id
    op: Annotated[str, Meta(min_length=1, max_length=32)]
    exp: Annotated[int, Meta(ge=0, le=2**40)]
    grant: Annotated[str, Meta(max_length=1024)] = ""
    args: Annotated[dict[str, str | int | bool], Meta(max_length=16)] = {}


class Ack(Struct, frozen=True, kw_only=True):
    """The cloud has stored every event of this epoch up to and including ``seq``."""

    epoch: Text
    seq: Count


Payload = Conn | Info | DoorSnapshot | EventOut | Response | Health | Command | Ack


# --- topics ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic under ``lk/v1/{cabinet}/``: its direction, tail, payload, quality of service and retained flag."""

    way: Literal["up", "down"]
    tail: str
    payload: type[Struct]
    qos: Literal[0, 1]
    retain: bool


CONN = Topic("up", "conn", Conn, 1, True)
INFO = Topic("up", "info", Info, 1, True)
DOOR = Topic("up", "door/{nn}", DoorSnapshot, 1, True)
EVT = Topic("up", "evt", EventOut, 1, False)
RSP = Topic("up", "rsp", Response, 1, False)
HEALTH = Topic("up", "health", Health, 0, False)
CMD = Topic("down", "cmd", Command, 1, False)
ACK = Topic("down", "ack", Ack, 1, False)
TOPICS = (CONN, INFO, DOOR, EVT, RSP, HEALTH, CMD, ACK)


@dataclass(frozen=True, slots=True)
class SignedTopic:
    """A topic whose payload is no JSON but the bytes that the root signed; the cabinet subscribes to it."""

    tail: str
    name: str
    about: str
    qos: Literal[0, 1] = 1
    retain: bool = True


KEYS = SignedTopic(
    "keys", "KeySet", "Which issuers' keys count: COSE_Sign1 of the root, its very bytes (docs/keys.md)."
)
REVOKED = SignedTopic(
    "revoked", "RevocationList", "Tokens dead before their time: COSE_Sign1 of the root, its very bytes."
)
SIGNED_TOPICS = (KEYS, REVOKED)


def schemas() -> dict[str, Any]:
    """JSON Schema (2020-12) of every payload by its name, references as ``#/components/schemas/Name``."""
    payloads = [topic.payload for topic in TOPICS]
    _, components = msgspec.json.schema_components(payloads, ref_template="#/components/schemas/{name}")
    return dict(sorted(components.items()))


# --- bytes out ------------------------------------------------------------------------------------

_encoder = msgspec.json.Encoder()


def encode(message: Payload) -> bytes:
    """The payload's JSON. Raises ``ValueError`` when it is longer than 8 KiB."""
    payload = _encoder.encode(message)
    if len(payload) > BYTES_MAX:
        name = type(message).__name__
        raise ValueError(f"{name}: {len(payload)} bytes, at most {BYTES_MAX} are allowed; shorten its content")
    return payload


def encode_health(health: Health) -> bytes:
    """The payload's JSON with as many of its doors as there is room for. Raises ``ValueError`` when even none fits."""
    for most in (len(health.doors), 32, 8):
        with suppress(ValueError):
            return encode(msgspec.structs.replace(health, doors=health.doors[:most]))
    return encode(msgspec.structs.replace(health, doors=[]))


def encode_event(event: EventOut) -> bytes:
    """The body of an event row, without its seal. Raises ``ValueError`` when the sealed payload could exceed 8 KiB."""
    if event.after is not UNSET or event.hash is not UNSET:
        raise ValueError(f"event {event.seq}: a stored body has no after and no hash; leave them unset")
    body = encode(event)
    if len(body) + _SEAL_BYTES_MAX > BYTES_MAX:
        raise ValueError(f"event {event.seq}: {len(body)} bytes leave no room for the seal; shorten data")
    return body


_SEAL_BYTES_MAX = len(b',"after":,"hash":""') + 16 + 64


def event_time(body: bytes) -> tuple[int, Quality] | None:
    """When a stored event was, Unix milliseconds, and how far that may be trusted; None for what is no event."""
    try:
        event = _event.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event.at_ms, event.quality


_event = msgspec.json.Decoder(EventOut)


def chain_hash(previous: bytes, body: bytes) -> bytes:
    """The hash of a row: SHA-256 over the hash of the row before (``GENESIS`` for the first) and this body."""
    return hashlib.sha256(previous + body).digest()


def seal_event(body: bytes, after: int, row_hash: bytes) -> bytes:
    """What is published of a row: its body with ``after`` and ``hash`` added at the end."""
    return b'%s,"after":%d,"hash":"%s"}' % (body[:-1], after, row_hash.hex().encode())


# --- bytes in -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that is not what the contract says. ``id`` is the command's where it could be read, else empty."""

    id: str
    detail: str


class _OnlyId(Struct):
    """As much of a command as its answer needs."""

    id: Id


T = TypeVar("T", Command, Ack, _OnlyId)

_command = msgspec.json.Decoder(Command)
_ack = msgspec.json.Decoder(Ack)
_only_id = msgspec.json.Decoder(_OnlyId)


def decode_command(payload: bytes) -> Command | Malformed:
    """The command, or what is wrong with it. Never raises."""
    decoded = _decode(_command, payload)
    return decoded if isinstance(decoded, Command) else Malformed(_id_of(payload), decoded)


def decode_ack(payload: bytes) -> Ack | Malformed:
    """The acknowledgement, or what is wrong with it. Never raises."""
    decoded = _decode(_ack, payload)
    return decoded if isinstance(decoded, Ack) else Malformed("", decoded)


def _decode(decoder: msgspec.json.Decoder[T], payload: bytes) -> T | str:
    if len(payload) > BYTES_MAX:
        return f"{len(payload)} bytes, at most {BYTES_MAX}"
    try:
        payload.decode()  # msgspec does not look into fields that it skips
        return decoder.decode(payload)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}"
    except RecursionError:
        return "nested too deeply"
    except msgspec.DecodeError as error:
        return str(error)


def _id_of(payload: bytes) -> str:
    decoded = _decode(_only_id, payload)
    return decoded.id if isinstance(decoded, _OnlyId) else ""
