"""Finding the boards: which kind, on which port; what answers, with which address and version.

Questions alone go out on a serial line. Boards on this computer's own pins cannot be looked for: a wrong pin may be a
lock's; so the pins are asked, and then it is tried whether what hangs on them reads as it must. Knows families of
boards, no frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from locker.commission.asking import Dialogue, Way, agreed, ask
from locker.commission.draft import Draft
from locker.commission.steps import Ask, Find, FindPins, Found, Search, Tell
from locker.config import Board
from locker.config_gpio import GpioBoard, McpBoard, PinsBoard, ShiftBoard
from locker.config_serial import RelayBoard

SERIAL = ("cu24", "cu16", "cu48", "8a", "modbus")
PINS = ("shift", "mcp", "pins")
FAMILIES = (*SERIAL, *PINS, "unknown")
_FAMILY_OF = {
    "kr-cu24": "cu24",
    "kr-cu12": "cu24",
    "kr-cu16": "cu16",
    "kr-cu48": "cu48",
    "kr-cu48b": "cu48",
    "8a80": "8a",
    "waveshare": "modbus",
    "eletechsup": "modbus",
    "shift": "shift",
    "mcp23017": "mcp",
    "pins": "pins",
}
EXAMPLES: dict[str, GpioBoard] = {
    "shift": ShiftBoard(
        port="/dev/gpiochip0",
        enable_pin=5,
        out_data_pin=27,
        out_clock_pin=22,
        out_latch_pin=23,
        out_return_pin=24,
        in_load_pin=16,
        in_clock_pin=20,
        in_data_pin=21,
        closed_bit=0,
    ),
    "mcp": McpBoard(
        port="/dev/i2c-1", enable_pin=17, out_addresses=[0x20, 0x21], in_addresses=[0x22, 0x23], closed_bit=0
    ),
    "pins": PinsBoard(port="/dev/gpiochip0", lock_pins=[17, 27], door_pins=[22, 23], closed_bit=0),
}
"""Where no configuration says otherwise: the wiring of the commented examples."""
_CHIPS_MAX = 8
_TYPES_ROUND = 5


def families_of(boards: Sequence[Board]) -> str:
    """The family of the first of these boards."""
    return _FAMILY_OF[boards[0].kind]


def find_boards(draft: Draft, ports: tuple[str, ...]) -> Dialogue[Way | None]:
    """Until there are boards, in the draft. ``BACK`` at the first question, or when the technician gives up."""
    default = draft.family or ("" if draft.fresh else families_of(draft.config.boards))
    family = yield from ask(Ask("which_boards", "choice", choices=FAMILIES, default=default))
    if isinstance(family, Way):
        return Way.BACK
    draft.family = family
    count = yield from ask(Ask("how_many_doors", "number", {"least": 1, "most": 240}, default=str(draft.doors)))
    if isinstance(count, Way):
        return Way.BACK
    draft.doors = int(count)
    return (yield from (_find_pins(draft, family) if family in PINS else _find_serial(draft, family, ports)))


# --- on a serial line -----------------------------------------------------------------------------------


def _find_serial(draft: Draft, family: str, ports: tuple[str, ...]) -> Dialogue[Way | None]:
    thorough = False
    for _ in range(_TYPES_ROUND):
        chosen = yield from _which_ports(ports, "" if draft.fresh else draft.config.boards[0].port)
        if isinstance(chosen, Way):
            return Way.BACK
        search = Search()
        for one in SERIAL if family == "unknown" else (family,):
            yield Tell("searching", {"family": one, "ports": len(chosen)})
            search = yield Find(one, chosen, thorough)
            if search.found:
                draft.family = one
                break
        for trouble in search.troubles:
            yield Tell("port_trouble", {"what": trouble})
        if search.found:
            return (yield from _agree(draft, search))
        yield Tell("nothing_found" if search.noise < 8 else "only_noise", {"noise": search.noise})
        answer = yield from ask(
            Ask("search_again", "choice", choices=("again", "thorough", "give-up"), default="again")
        )
        if isinstance(answer, Way) or answer == "give-up":
            return Way.BACK
        thorough = answer == "thorough"
    return Way.BACK


def _which_ports(ports: tuple[str, ...], old: str) -> Dialogue[tuple[str, ...] | Way]:
    """One of the ports that there are, all of them, or one that is typed."""
    choices = ("all", *ports) if len(ports) > 1 else ports
    default = old if old in choices else choices[0] if choices else ""
    if not ports:
        typed = yield from ask(Ask("type_port", "text"))
        return typed if isinstance(typed, Way) else (typed,)
    answer = yield from ask(Ask("which_port", "choice", choices=(*choices, "other"), default=default))
    if isinstance(answer, Way):
        return answer
    if answer == "all":
        return ports
    if answer == "other":
        answer = yield from ask(Ask("type_port", "text"))
    return answer if isinstance(answer, Way) else (answer,)


def _agree(draft: Draft, search: Search) -> Dialogue[Way | None]:
    """Show what was found, and ask before anything is said that is not a question."""
    found = sorted(search.found, key=lambda one: (one.board.port, one.board.address))
    draft.adopt(found)
    for board, one in zip(draft.wires, found, strict=True):
        relays = isinstance(board, RelayBoard)
        yield Tell("found_relays" if relays else "found_board", _about(board, one))
        if one.unpaired:
            yield Tell("no_inputs", {"board": board.name})
    if len({board.port for board in draft.wires}) < len(draft.wires) and len({b.kind for b in draft.wires}) > 1:
        yield Tell("mixed_bus")
    good = yield from agreed("boards_right", default="yes")
    return None if good is True else Way.BACK


def _about(board: Board, one: Found) -> dict[str, str | int]:
    return {
        "board": board.name,
        "kind": board.kind,
        "port": board.port,
        "baud": board.baud,
        "address": board.address,
        "version": one.version or "-",
        "pulse": one.pulse_ms if one.pulse_ms is not None else "-",
        "locks": one.locks,
        "echo": "有 yes" if board.local_echo else "无 no",
        "inputs": getattr(board, "input_address", "-"),
    }


# --- on this computer's own pins ------------------------------------------------------------------------


def _find_pins(draft: Draft, family: str) -> Dialogue[Way | None]:
    """The pins as the plan says; how many chips there are is tried, because a chain tells its end."""
    old = draft.config.boards[0]
    board = old if isinstance(old, GpioBoard) and families_of([old]) == family else EXAMPLES[family]
    for _ in range(_TYPES_ROUND):
        yield Tell("pins_plan", {"plan": shown(board)})
        good = yield from agreed("pins_right")
        if isinstance(good, Way):
            return Way.BACK
        if not good:
            board = yield from _pins_asked(board)
            continue
        yield Tell("taking_pins")
        search = yield FindPins(tuple(_candidates(board, draft.doors)))
        if search.found:
            draft.adopt(list(search.found))
            yield Tell("found_pins", {"plan": shown(draft.wires[0]), "locks": search.found[0].locks})
            return None
        for trouble in search.troubles:
            yield Tell("pins_trouble", {"what": trouble})
    return Way.BACK


def _candidates(board: GpioBoard, doors: int) -> Iterator[Board]:
    """As planned; then with fewer or more chips: what reads as it must is right, and locks' chips where they answer."""
    yield board
    if isinstance(board, ShiftBoard):
        counted = range(1, _CHIPS_MAX + 1) if board.out_return_pin is not None else (board.out_chips,)
        for outs in counted:
            for chips in range(1, 2 * _CHIPS_MAX + 1):
                ins = min(chips, -(-doors // 8), _CHIPS_MAX)
                if chips - ins <= _CHIPS_MAX and (outs, chips) != (board.out_chips, board.in_chips + board.item_chips):
                    yield msgspec.structs.replace(board, out_chips=outs, in_chips=ins, item_chips=chips - ins)


def _pins_asked(board: GpioBoard) -> Dialogue[GpioBoard]:
    """Each key of the plan, Enter for as it is. A list is typed with commas."""
    for key in _plan_keys(board):
        old = getattr(board, key)
        answer = yield from ask(Ask("pin_is", "text", {"name": key}, default=_typed(old)))
        if answer is Way.BACK:
            return board
        if isinstance(answer, Way):
            continue
        try:
            board = msgspec.convert(msgspec.to_builtins(board) | {key: _value(answer, old)}, type(board), strict=False)
        except ValueError as error:
            yield Tell("pins_trouble", {"what": f"{key}: {error}"})
    return board


def _plan_keys(board: GpioBoard) -> list[str]:
    """What a wiring plan says and no wire tells."""
    common = set(GpioBoard.__struct_fields__) - {"port", "one_shot"}
    return [key for key in board.__struct_fields__ if key not in common and key != "kind"]


def _typed(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _value(words: str, old: object) -> object:
    """What was typed, as the key wants it; "-" is none. ``ValueError`` for what is no number in a list."""
    if isinstance(old, list):
        return [int(word, 0) for word in words.replace("，", ",").split(",") if word.strip() not in ("", "-")]
    if words == "-":
        return None
    if isinstance(old, bool):
        return words.lower() in ("true", "yes", "y", "1", "是")
    return int(words, 0) if isinstance(old, int) or old is None else words


def shown(board: Board) -> str:
    """A plan on one line."""
    keys = _plan_keys(board) if isinstance(board, GpioBoard) else []
    return ", ".join(f"{key}={_hex(key, getattr(board, key))}" for key in keys)


def _hex(key: str, value: object) -> str:
    if key.endswith("_addresses") and isinstance(value, list):
        return ",".join(f"0x{address:02x}" for address in value) or "-"
    return _typed(value)
