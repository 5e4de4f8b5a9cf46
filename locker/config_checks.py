"""What the keys of a configuration must be together: every pair that cannot both be meant, one line each.

Knows how a contradiction is told: the key, the value found, what is allowed and why. Each key by itself has been found
right before (``locker.config``), and what the keys are used for is never known here.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from locker.config_fittings import about_fittings
from locker.config_gpio import GpioBoard, about_gpio
from locker.config_hours import Quiet, zone_of
from locker.config_serial import EightABoard, RelayBoard, about_serial

if TYPE_CHECKING:
    from locker.config import Board, Config, Key, Mqtt, Scanner

CHANNELS = {"kr-cu24": 24, "kr-cu12": 12, "kr-cu16": 16, "kr-cu48": 48, "kr-cu48b": 48}
ADDRESSES = {"kr-cu24": 16, "kr-cu12": 16, "kr-cu16": 15, "kr-cu48": 10, "kr-cu48b": 10}
"""How many there are: the next number would call all boards at once (hardware facts 1.1, 1.2)."""
PROTOCOLS = {"kr-cu12": "kr-cu24", "eletechsup": "waveshare"}
"""Kinds that speak the protocol of another kind."""
SENSING = ("kr-cu16",)
"""Kinds with sockets for a sensor inside."""
TCP = "tcp://"
MUTE_SCANNERS = ("honeywell", "line", "keyboard")
"""Scanners that no question is known for."""
PICKUP_DOORS_MAX = 24
"""What the odds of guessing are reckoned for: tokens contract, section 7."""
NONCE_DIGITS = 16
INVITE_MAX = 106
"""What a QR code of version 6 (41 modules) holds at error correction M: ISO/IEC 18004, table 7, byte mode."""


def contradictions(config: Config) -> Iterator[str]:
    """Every pair of keys that cannot both be meant."""
    yield from _about_doors(config)
    yield from _about_boards(config)
    yield from _about_keys(config.keys)
    if config.authority is not None:
        yield from _about_authority(config.keys)
    if config.mqtt is not None:
        yield from _about_mqtt(config.mqtt)
    if config.invite is not None:
        yield from _about_invite(config)
    if config.pickup is not None:
        yield from _about_pickup(config)
    yield from _about_hours(config.cabinet.zone, config.quiet)
    yield from about_fittings(config)
    yield from _about_notices(config)
    keeping = config.keeping
    for name in ("submission_days", "certificate_days"):
        yield from _below("keeping.notice_hours", keeping.notice_hours, f"keeping.{name}", getattr(keeping, name) * 24)
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
        elif door.channel >= _channels(board):
            yield (
                f"doors[{index}].channel: found {door.channel}; "
                f"allowed: 0 to {_channels(board) - 1} on a {board.kind}" + _so_wired(board)
            )
        elif door.occupancy and isinstance(board, GpioBoard) and door.channel >= board.senses:
            yield (
                f"doors[{index}].occupancy: found true for channel {door.channel}; allowed: only below "
                f"{board.senses}, the sensors of board {board.name}" + _so_wired(board)
            )
        elif door.occupancy and not isinstance(board, GpioBoard) and board.kind not in SENSING:
            yield f"doors[{index}].occupancy: found true on a {board.kind}; allowed: only on a {', '.join(SENSING)}"


def _channels(board: Board) -> int:
    return board.channels if isinstance(board, GpioBoard | EightABoard | RelayBoard) else CHANNELS[board.kind]


def _so_wired(board: Board) -> str:
    return " with these chips and pins" if isinstance(board, GpioBoard) else ""


def _about_boards(config: Config) -> Iterator[str]:
    yield from _repeats("boards", "name", [board.name for board in config.boards])
    places = [(b.port, b.name if isinstance(b, GpioBoard) else b.address) for b in config.boards]
    yield from _repeats("boards", "port and address", places)
    yield from about_gpio(config.boards)
    yield from about_serial(config.boards, config.visit.open_wait_ms)
    first: dict[str, tuple[int, Board]] = {}
    visit, coil = config.visit, config.coil
    for index, board in enumerate(config.boards):
        path = f"boards[{index}]"
        before, other = first.setdefault(board.port, (index, board))
        if not isinstance(board, GpioBoard):
            yield from _about_sharing(path, board, f"boards[{before}]", other)
            yield from _about_kind(path, board)
            yield from _about_port(f"{path}.port", board.port)
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "coil.cooldown_ms", coil.cooldown_ms + 1)
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "visit.open_wait_ms", visit.open_wait_ms)
        yield from _below(f"{path}.pulse_ms", board.pulse_ms, "its unlock_reply_ms", board.unlock_reply_ms)
        yield from _below(f"{path}.poll_ms", board.poll_ms, "its idle_poll_ms", board.idle_poll_ms + 1)
    yield from _about_scanner(config.scanner)
    if config.scanner.port in first:
        yield f"scanner.port: found {shown(config.scanner.port)}, a board's port; allowed: a port of its own"
    if config.scanner.name in {board.name for board in config.boards}:
        yield f"scanner.name: found {shown(config.scanner.name)}, a board's name; allowed: a name of its own"
    yield from _below("visit.reminder_ms", visit.reminder_ms, "visit.alarm_ms", visit.alarm_ms)
    yield from _below("coil.cooldown_ms", coil.cooldown_ms, "visit.rest_ms", visit.rest_ms + 1)


def _about_scanner(scanner: Scanner) -> Iterator[str]:
    """A rate to be found needs somebody who answers, an end of readings may not be ours already, ports have sorts."""
    if scanner.port.startswith(TCP):
        yield f"scanner.port: found {shown(scanner.port)}; allowed: a serial port: what is scanned is a key"
    if (scanner.kind == "keyboard") != scanner.port.startswith("/dev/input/") and scanner.port.startswith("/dev/"):
        wanted = "a name in /dev/input/by-id" if scanner.kind == "keyboard" else "a serial port"
        yield f"scanner.port: found {shown(scanner.port)} with kind {shown(scanner.kind)}; allowed: {wanted}"
    if scanner.baud == 0 and scanner.kind in MUTE_SCANNERS:
        yield f"scanner.baud: found 0 with kind {shown(scanner.kind)}; allowed: its rate: it answers no question"
    if scanner.baud == 0 and not scanner.configure:
        yield "scanner.baud: found 0 with configure false; allowed: its rate: to look for it is to send something to it"
    if scanner.ending != "any" and scanner.kind not in ("line", "honeywell"):
        yield f"scanner.ending: found {shown(scanner.ending)}; allowed: only with kind line or honeywell"


def _about_sharing(path: str, board: Board, before: str, other: Board) -> Iterator[str]:
    """Boards on one port are one bus: one speed, one adapter, one protocol."""
    for key in ("baud", "local_echo", "retry_port_ms", "quiet_ms"):
        found, wanted = getattr(board, key, None), getattr(other, key, None)
        if found != wanted:
            yield f"{path}.{key}: found {shown(found)}; allowed: {shown(wanted)}, as {before} on the same port"
    if PROTOCOLS.get(board.kind, board.kind) != PROTOCOLS.get(other.kind, other.kind):
        yield (
            f"{path}.kind: found {shown(board.kind)} on the port of {before}, a {other.kind}; "
            f"allowed: one protocol a port, because a board must never meet another protocol's bytes"
        )


def _about_kind(path: str, board: Board) -> Iterator[str]:
    if board.address >= ADDRESSES.get(board.kind, board.address + 1):
        yield f"{path}.address: found {board.address}; allowed: 0 to {ADDRESSES[board.kind] - 1} on a {board.kind}"
    if board.pulse_command and board.kind != "kr-cu16":
        yield (
            f"{path}.pulse_command: found true; allowed: only on a kr-cu16: a kr-cu24 or kr-cu12 is always asked, "
            f"a kr-cu48 cannot be"
        )


def _about_port(path: str, port: str) -> Iterator[str]:
    """A serial server is called by its number, so that nobody can answer to its name, and lies on a wire of ours."""
    if not port.startswith(TCP):
        return
    try:
        address = ip_address(port.removeprefix(TCP).rpartition(":")[0].strip("[]"))
        near = (address.is_private or address.is_loopback) and not address.is_unspecified
        number = int(port.rpartition(":")[2])
    except ValueError:
        near, number = False, 0
    if not near or not 1 <= number <= 65_535:
        yield (
            f"{path}: found {shown(port)}; allowed: tcp://ADDRESS:PORT with the number of a private address "
            f"(192.168.x.x, 10.x.x.x, 172.16-31.x.x, fd00::) or of this machine: anybody on that wire can open doors"
        )


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


def _about_invite(config: Config) -> Iterator[str]:
    url = config.invite.url if config.invite is not None else ""
    places = re.findall(r"\{.*?\}|[{}]", url)
    if sorted(places) != ["{cabinet}", "{nonce}"]:
        yield f"invite.url: found {shown(url)}; allowed: {{cabinet}} and {{nonce}} once each, and no other braces"
    longest = len(url.replace("{cabinet}", config.cabinet.id).replace("{nonce}", "0" * NONCE_DIGITS))
    if longest > INVITE_MAX:
        yield (
            f"invite.url: {longest} characters with cabinet.id and a nonce in it; "
            f"allowed: at most {INVITE_MAX}, so that the code on the screen stays large enough for any phone"
        )
    if config.mqtt is None:
        yield "invite: found without [mqtt]; allowed: both, because the grant comes over the network, or neither"


def _about_pickup(config: Config) -> Iterator[str]:
    if len(config.doors) > PICKUP_DOORS_MAX:
        yield (
            f"pickup: found with {len(config.doors)} doors; allowed: at most {PICKUP_DOORS_MAX}, "
            f"because the odds of guessing a code are reckoned for that many items; leave the table out"
        )
    if config.panel is None and config.kiosk is None:
        yield (
            "pickup: found without [kiosk] or [panel]; allowed: with one of them, because codes are typed on the "
            "screen, or not at all"
        )


def _about_hours(zone: str, quiet: Quiet | None) -> Iterator[str]:
    try:
        zone_of(zone)
    except ValueError:
        yield (
            f"cabinet.zone: found {shown(zone)}, which this machine does not know; allowed: an offset as "
            '"+08:00", or a name that the Debian package tzdata knows'
        )
    if quiet is not None and quiet.from_time == quiet.to_time:
        yield f"quiet.to_time: found {shown(quiet.to_time)}; allowed: another hour than quiet.from_time"


def _about_notices(config: Config) -> Iterator[str]:
    """Dates that are in the calendar, the last not before the first; a notice needs the page that shows it."""
    for index, notice in enumerate(config.notices):
        for key, day in (("first_day", notice.first_day), ("last_day", notice.last_day)):
            if day and not _is_date(day):
                yield f"notices[{index}].{key}: found {shown(day)}; allowed: a day that is in the calendar"
        if notice.first_day and notice.last_day and notice.last_day < notice.first_day:
            yield f"notices[{index}].last_day: found {shown(notice.last_day)}; allowed: not before its first_day"
    if config.notices and config.kiosk is None:
        yield "notices: found without [kiosk]; allowed: both, because its page shows them, or neither"


def _is_date(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


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
