"""What the keys of a configuration must be together: every pair that cannot both be meant, one line each.

Knows how a contradiction is told: the key, the value found, what is allowed and why. Each key by itself has been found
right before (``locker.config``), and what the keys are used for is never known here.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from locker.config import Board, Config, Key, Mqtt

CHANNELS = {"kr-cu24": 24, "kr-cu12": 12}


def contradictions(config: Config) -> Iterator[str]:
    """Every pair of keys that cannot both be meant."""
    yield from _about_doors(config)
    yield from _about_boards(config)
    yield from _about_keys(config.keys)
    if config.authority is not None:
        yield from _about_authority(config.keys)
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
            yield f"doors[{index}].board: found {shown(door.board)}, no such board; {nearest(door.board, boards)}"
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
        yield f"scanner.port: found {shown(config.scanner.port)}, a board's port; allowed: a port of its own"
    if config.scanner.name in {board.name for board in config.boards}:
        yield f"scanner.name: found {shown(config.scanner.name)}, a board's name; allowed: a name of its own"
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


def _about_authority(keys: list[Key]) -> Iterator[str]:
    if keys:
        yield (
            f"keys: found {shown(keys)}; allowed: none together with authority.root: with a root pinned, "
            f"only a key set that the root signed says whose tokens count"
        )


def _about_mqtt(mqtt: Mqtt) -> Iterator[str]:
    if not mqtt.tls and not _is_loopback(mqtt.host):
        yield (
            f"mqtt.tls: found false with host {shown(mqtt.host)}; "
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
            told = " and ".join(shown(part) for part in value) if isinstance(value, tuple) else shown(value)
            yield f"{table}[{index}]: {what} {told} is already that of {table}[{before}]; allowed: each once"


# --- words ----------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A found value in TOML's spelling, on one line and cut to 60 characters."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at what was meant, for the end of a message."""
    choices = list(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(choices)
