"""What the running controller says of itself, for a technician beside it: one JSON object, replaced as a whole.

The service makes it now and then and hands it to whoever keeps it (a file in memory); ``locker status`` and the demo's
page read it. It names no person, order or code. Knows the cabinet's parts; decides nothing, and reads nothing back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from locker import __version__
from locker.cabinet import Cabinet
from locker.compartment import Compartment
from locker.messages import PowerState
from locker.model import Now, Quality

BYTES_MAX = 1_000_000
PARTS = ("power", "tamper", "climate", "fan", "heater")
"""The parts that have a state of their own, by their section of the configuration."""
State = Literal["running", "stopped", "failed"]
Counters = Mapping[str, Mapping[str, int]]


class BoardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One lock board. ``permille`` is the recent share of lost, damaged or late answers, None for too few yet."""

    name: str
    kind: str
    port: str
    address: int | None = None
    answers: bool
    quarantined: bool
    version: str = ""
    permille: int | None = None
    usual_permille: int | None = None
    noisy: bool = False


class DoorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One door: where it is wired, what is believed of it, and how worn it is. Times in milliseconds, None for none."""

    door: int
    board: str
    channel: int
    seen: Literal["open", "closed", "unknown"]
    state: str
    in_service: bool
    reason: str
    cycles: int
    rated: int
    timed: int
    usual_ms: float | None = None
    recent_ms: float | None = None
    slower: bool = False


class FittingsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The parts beside the doors. ``parts`` are those that are fitted; what is None was not read yet, or is not there.

    As in the health message, from the same words.
    """

    parts: list[str] = []
    power: PowerState | None = None
    tamper_open: bool | None = None
    inside_c: float | None = None
    fan_on: bool | None = None
    heater_on: bool | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. ``pid`` and ``born_ticks`` name the process; ``boot_ms`` is the boot time at which this was written.

    ``link`` is whether the broker is there, None for a cabinet without a cloud. ``why`` is empty while it runs.
    """

    v: Literal[1] = 1
    state: State = "running"
    why: str = ""
    cabinet: str
    name_zh: str
    name_en: str
    software: str
    pid: int
    born_ticks: int
    boot: str
    epoch: str
    started_ms: int
    boot_ms: int
    at_ms: int
    quality: Quality
    busy: bool
    link: bool | None
    queued: int
    waiting_ms: int
    boards: list[BoardStatus]
    doors: list[DoorStatus]
    counters: dict[str, dict[str, int]]
    versions: dict[str, str] = {}
    fittings: FittingsStatus = FittingsStatus()
    disk_free_bytes: int | None = None
    memory_bytes: int | None = None
    temperature_c: float | None = None


class Notice(Protocol):
    """Where it is kept. ``pid`` and ``born_ticks`` are this process's."""

    every_ms: int
    pid: int
    born_ticks: int

    def post(self, payload: bytes) -> None:
        """Put it in place of the one before. Trouble with that is nobody else's: it never raises."""


def boards_of(cabinet: Cabinet) -> list[BoardStatus]:
    """Every lock board, in the configuration's order."""
    return [_board(cabinet, board.name) for board in cabinet.cfg.boards]


def doors_of(cabinet: Cabinet) -> list[DoorStatus]:
    """Every door, in the order of their numbers."""
    rated = cabinet.cfg.upkeep.cycles_rated
    return [_door(room, rated) for _, room in sorted(cabinet.rooms.items())]


def versions_of(cabinet: Cabinet) -> dict[str, str]:
    """The firmware of the program and of every device that told its own."""
    return {"locker": __version__} | cabinet.upkeep.versions


def fittings_of(cabinet: Cabinet) -> FittingsStatus:
    """The parts that this cabinet has beside its doors, and how they are."""
    parts = [name for name in PARTS if getattr(cabinet.cfg, name) is not None]
    return FittingsStatus(parts=parts, **cabinet.fittings.health())


def seen_of(room: Compartment) -> Literal["open", "closed", "unknown"]:
    """What the door switch says, in the words of the messages."""
    return "unknown" if room.seen is None else ("open" if room.seen else "closed")


def encode(status: Status) -> bytes:
    """The bytes of the file, one line."""
    return msgspec.json.encode(status) + b"\n"


def decode(payload: bytes) -> Status | None:
    """What a file says; None for what is no status."""
    try:
        return msgspec.json.decode(payload, type=Status) if len(payload) <= BYTES_MAX else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _board(cabinet: Cabinet, name: str) -> BoardStatus:
    plan = next(board for board in cabinet.cfg.boards if board.name == name)
    bus = cabinet.upkeep.noise.buses[name]
    known = bus.readings > 0
    return BoardStatus(
        name=name,
        kind=plan.kind,
        port=plan.port,
        address=getattr(plan, "address", None),
        answers=name not in cabinet.silent_boards,
        quarantined=name in cabinet.quarantine.boards,
        version=cabinet.upkeep.versions.get(name, ""),
        permille=round(bus.recent) if known else None,
        usual_permille=round(bus.usual) if known else None,
        noisy=bus.noisy,
    )


def _door(room: Compartment, rated: int) -> DoorStatus:
    wear, known = room.wear, room.wear.timed > 0
    return DoorStatus(
        door=room.door,
        board=room.plan.board,
        channel=room.plan.channel,
        seen=seen_of(room),
        state=room.state.value,
        in_service=room.in_service,
        reason=room.reason,
        cycles=wear.cycles,
        rated=rated,
        timed=wear.timed,
        usual_ms=wear.usual_ms if known else None,
        recent_ms=wear.recent_ms if known else None,
        slower=wear.slower,
    )


def of(cabinet: Cabinet, now: Now, counters: Counters, **about: object) -> Status:
    """The status of this moment; ``about`` is what the cabinet does not know: process, boot, log, machine."""
    names = cabinet.cfg.cabinet
    given = {
        "cabinet": names.id,
        "name_zh": names.name_zh,
        "name_en": names.name_en,
        "software": __version__,
        "boot_ms": now.ms,
        "at_ms": now.wall_ms,
        "quality": now.quality,
        "busy": cabinet.visit.present,
        "boards": boards_of(cabinet),
        "doors": doors_of(cabinet),
        "counters": {name: dict(counts) for name, counts in counters.items()},
        "versions": versions_of(cabinet),
        "fittings": fittings_of(cabinet),
    }
    return Status(**(given | about))  # type: ignore[arg-type]
