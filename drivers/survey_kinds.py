"""Which harmless questions find which lock boards: status, version, stored pulse time, coils, inputs and registers.

Hardware: the kinds of ``drivers.lock_boards``. Wire: their own frames, from their own modules.
Source: hardware facts, 1.1 to 1.3, 2, 3 and 7.1.
Quirks: a KR-CU16's time (command 37) is asked for without data, which sets nothing. A relay board may answer for
registers that it does not have, so inputs in registers are believed only of a unit without relays. Of an 8A/80 board
the number of status bytes tells how many locks it may have, never fewer than 24.

Knows questions; must never build an order: not one of the functions here that switch or set is imported. Must never
know which doors there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from drivers import board_8a80_frames as eight
from drivers import kerong_cu16_frames as cu16
from drivers import kerong_cu48_frames as cu48
from drivers import kerong_frames as cu24
from drivers import modbus_frames as modbus
from drivers.dialect import Decoder
from drivers.survey import Query, Script
from locker.config import Board
from locker.config_serial import EightABoard, EletechsupBoard, WaveshareBoard

_KERONG_MS, _EIGHT_MS, _MODBUS_MS = 120, 350, 200
_BITMAP, _INPUT_REGISTERS, _VERSION = 0x0080, 0x00C0, 0x8000
_COUNTS = (32, 16, 8, 4, 2)
_UNITS_NEAR = 16
_LOCKS_OF_BYTES = {3: 24, 4: 32, 7: 50}
RATES = {
    "cu24": (19_200, 9600, 57_600, 115_200),
    "cu16": (19_200, 115_200, 9600, 57_600),
    "cu48": (19_200, 9600, 57_600, 115_200),
    "8a": (9600, 19_200, 57_600, 115_200),
    "modbus": (9600, 19_200, 57_600, 115_200),
}
"""Families, with the rates to look at, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A board that answered: its configuration as far as it is known, and what else it said.

    ``locks``: how many it can have; ``state_bytes``: of its answer about all doors, where their order is in doubt;
    ``pulse_ms``: what it says itself; ``unpaired``: relays without inputs.
    """

    board: Board
    locks: int
    version: str = ""
    pulse_ms: int | None = None
    state_bytes: int = 0
    unpaired: bool = False


def surveys(family: str, port: str, baud: int, thorough: bool) -> Iterator[tuple[Decoder[Any], Script]]:
    """The scripts that look for boards of a family at one rate, each with what makes frames of the answers.

    ``thorough``: at every address that there is, where that takes minutes.
    """
    if family == "cu24":
        yield cu24.Decoder(), _cu24(port, baud)
    elif family == "cu16":
        yield cu16.Decoder(), _cu16(port, baud)
    elif family == "cu48":
        for commands in cu48.COMMAND_SETS.values():
            yield cu48.Decoder(commands), _cu48(port, baud, commands)
    elif family == "8a":
        yield eight.Decoder(20), _eight(port, baud)
    elif family == "modbus":
        yield modbus.Decoder(), _modbus(port, baud, range(1, (modbus.UNITS if thorough else _UNITS_NEAR) + 1))


def _cu24(port: str, baud: int) -> Script:
    found = []
    for number in range(16):
        address = cu24.Address(number)
        answer = yield _cu24_query(number, cu24.status(address))
        profile = next((p for p in cu24.PROFILES.values() if answer and len(answer.data) == p.status_bytes), None)
        if profile is None:
            continue
        told = yield _cu24_query(number, cu24.version(address))
        time = yield _cu24_query(number, cu24.query_unlock_time(address))
        board = Board(kind=profile.kind, port=port, baud=baud, address=number)  # type: ignore[arg-type]
        version = told.data.hex(" ") if told else ""
        pulse_ms = cu24.unlock_time_ms(time) if time else None
        found.append(Sighting(board, 24 if profile.kind == "kr-cu24" else 12, version, pulse_ms))
    return found


def _cu24_query(number: int, frame: bytes) -> Query:
    def fits(reply: cu24.Frame) -> bool:
        return reply.address == number and reply.command == frame[3] and reply.ask != cu24.Ask.REQUEST

    return Query(frame, fits, _KERONG_MS)


def _cu16(port: str, baud: int) -> Script:
    found = []
    for number in range(15):
        address = cu16.Address(number)
        if not (yield _cu16_query(number, cu16.status(address), cu16.Command.STATUS_REPLY)):
            continue
        time = yield _cu16_query(number, cu16.query_unlock_time(address), cu16.Command.TIME_REPLY)
        pulse_ms = cu16.unlock_time_ms(time) if time else None
        board = Board(kind="kr-cu16", port=port, baud=baud, address=number, pulse_command=pulse_ms is not None)  # type: ignore[arg-type]
        found.append(Sighting(board, 16, "", pulse_ms))
    return found


def _cu16_query(number: int, frame: bytes, reply: cu16.Command) -> Query:
    return Query(frame, lambda answer: answer.address == number and answer.command == reply, _KERONG_MS)


def _cu48(port: str, baud: int, commands: cu48.CommandSet) -> Script:
    found = []
    for number in range(10):

        def fits(frame: cu48.Frame, number: int = number) -> bool:
            return frame.address == number and bool(frame.data)

        if (yield Query(cu48.status(cu48.Address(number), commands), fits, _KERONG_MS)):
            board = Board(kind=commands.kind, port=port, baud=baud, address=number)  # type: ignore[arg-type]
            found.append(Sighting(board, 48))
    return found


def _eight(port: str, baud: int) -> Script:
    found = []
    for number in range(1, eight.BOARDS + 1):

        def fits(frame: eight.Frame, number: int = number) -> bool:
            return frame.head == eight.ASK and frame.address == number and bool(frame.states)

        answer = yield Query(eight.ask_all(eight.Address(number)), fits, _EIGHT_MS)
        if answer:
            size = len(answer.states)
            locks = min(_LOCKS_OF_BYTES.get(size, 8 * size), eight.LOCKS)
            order = "low_first" if size >= 7 else "high_first"
            board = EightABoard(port=port, baud=baud, address=number, channels=locks, byte_order=order)  # type: ignore[arg-type]
            found.append(Sighting(board, locks, state_bytes=size))
    return found


def locks_one_by_one(board: EightABoard, locks: Iterable[int]) -> tuple[Decoder[Any], Script]:
    """Asks an 8A/80 board for these locks, numbered from 1; 0 or 1 comes for each, None where it says nothing."""
    return eight.Decoder(board.quiet_ms), _each(board.address, locks)


def _each(address: int, locks: Iterable[int]) -> Script:
    said: dict[int, int | None] = {}
    for number in locks:

        def fits(frame: eight.Frame, number: int = number) -> bool:
            about = frame.head == eight.ASK and frame.address == address and not frame.states
            return about and frame.lock == number and frame.value in (eight.CLEAR, eight.SET)

        answer = yield Query(eight.ask_one(eight.Address(address), eight.Lock(number)), fits, _EIGHT_MS)
        said[number] = int(answer.value == eight.SET) if answer else None
    return said


# --- Modbus -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _UnitSeen:
    """What one unit has: relays and the number of the first, inputs and how they are asked."""

    number: int
    relays: int = 0
    base: int = 0
    eletechsup: bool = False
    inputs: str = ""
    version: str = ""


def _modbus(port: str, baud: int, units: Iterable[int]) -> Script:
    seen: list[_UnitSeen] = []
    for number in units:
        unit = modbus.Unit(number)
        if (yield _query(number, modbus.ask_coils(unit, _COUNTS[0]))):
            seen.append((yield from _looked_at(unit)))
    inputs = [unit for unit in seen if unit.inputs and not unit.relays]
    found = []
    for one in [unit for unit in seen if unit.relays]:
        partner = one if one.inputs else (inputs.pop(0) if inputs else None)
        found.append(_relays(port, baud, one, partner))
    return found


def _looked_at(unit: modbus.Unit) -> Script:
    """How many relays and from which number on, whose make, and which inputs."""
    seen = _UnitSeen(unit.number)
    for count, base in ((count, base) for count in _COUNTS for base in (0, 1)):
        if (yield from _told(unit, modbus.ask_coils(unit, count, base))):
            seen = replace(seen, relays=count, base=base)
            break
    if seen.relays:
        bitmap = yield from _told(unit, modbus.ask_registers(unit, _BITMAP, 1))
        seen = replace(seen, eletechsup=bool(bitmap))
    if seen.relays and not seen.eletechsup:
        told = yield from _told(unit, modbus.ask_registers(unit, _VERSION, 1))
        number = int.from_bytes(told, "big") if told else 0
        seen = replace(seen, version=f"V{number / 100:.2f}" if number else "")
    if (yield from _told(unit, modbus.ask_inputs(unit, 0, 8))):
        return replace(seen, inputs="discrete")
    registers = b"" if seen.relays else (yield from _told(unit, modbus.ask_registers(unit, _INPUT_REGISTERS, 1)))
    return replace(seen, inputs="holding") if registers else seen


def _relays(port: str, baud: int, unit: _UnitSeen, partner: _UnitSeen | None) -> Sighting:
    """Relays and inputs as the board that the configuration knows."""
    keys: dict[str, Any] = {
        "port": port,
        "baud": baud,
        "address": unit.number,
        "input_address": partner.number if partner else unit.number,
        "inputs": partner.inputs if partner else "discrete",
        "channels": unit.relays,
    }
    board: Board = WaveshareBoard(**keys)
    if unit.eletechsup:
        board = EletechsupBoard(**keys, pulse_ms=1000, channel_base=unit.base)  # type: ignore[arg-type]
    return Sighting(board, unit.relays, unit.version, 1000 if unit.eletechsup else None, unpaired=partner is None)


def _query(number: int, frame: bytes) -> Query:
    """A unit that refuses a question is there as well."""

    def fits(reply: modbus.Frame) -> bool:
        same = reply.function & ~modbus.REFUSED == frame[1]
        return reply.unit == number and same and not reply.is_question

    return Query(frame, fits, _MODBUS_MS)


def _told(unit: modbus.Unit, frame: bytes) -> Script:
    """The bits or registers that a unit answers; nothing where it refuses or is silent."""
    reply = yield _query(unit.number, frame)
    return b"" if reply is None or reply.function & modbus.REFUSED else reply.data[1:]
