"""The lock boards that the demo's cabinet of 24 doors may have: their configuration, their wirings, their far sides.

One row a kind of board, so that the site, the street and the command need not know them: what ``[[boards]]`` says, on
which board and channel a door is wired, and what is behind the wire. A wiring is a word or several
("short-on-open,tcp"): one of each group in ``WIRINGS``, the first of a group where none is named. Lock *n* of a cabinet
is the body's channel *n*. A board whose pulse nobody can set was made with the pulse that the site's pace wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sim.board_8a80 import EightBoard
from sim.body import COIL_A, Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu24 import KerongBoard, Received
from sim.kerong_cu48 import Cu48Board
from sim.links import FarSide
from sim.lock_board import LockBoard
from sim.modbus_boards import InputUnit, ModbusCabinet, Profile, RelayUnit
from sim.rs485 import Rs485

FIRST_LOCKS = 16
"""How many doors of a pair are on its first board."""
ANSWER_MS, QUICK_ANSWER_MS, READINGS_MS = 1000, 200, 400
"""How long an 8A/80 takes to answer an unlock (sources differ: hardware facts, 2.4); within how much more the door has
been read twice on a busy machine."""
SMALL_COIL_A = 0.65
"""The locks for a board whose pulse is a whole second: others are too hot after five of them."""
HELD_MS = 400
"""What a door must stand open at least to be seen for certain: contacts longer than that are (IEC 60839-11-1)."""
_LINE = (("short-on-locked", "short-on-open"), ("serial", "tcp"), ("no-echo", "echo"))
_PINS = (("to-ground", "to-supply"),)
WIRINGS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cu24": _LINE,
    "cu16": (*_LINE, ("fixed-pulse", "set-pulse")),
    "cu48": _LINE,
    "cu48b": _LINE,
    "8a": (
        *_LINE,
        ("high-first", "low-first"),
        ("no-push", "push81", "push82"),
        ("answer-1s", "answer-200ms"),
        ("waits", "asks"),
    ),
    "modbus": (
        *_LINE,
        ("waveshare", "eletechsup"),
        ("registers", "discrete"),
        ("low-word-first", "high-word-first"),
        ("base-0", "base-1"),
    ),
    "shift": (*_PINS, ("return", "no-return")),
    "mcp": (*_PINS, ("on-at-high", "on-at-low")),
}
"""Every kind of board, with what may differ from one installation to the next."""
KINDS = tuple(WIRINGS)
DEFAULT = "cu24"
LINES = tuple(kind for kind, groups in WIRINGS.items() if groups[0] == _LINE[0])
"""The kinds behind a serial line; the others are on the computer's own pins."""


class FarBoards(FarSide, Protocol):
    """What the street wants of the boards behind its wire: locks are channels of the body."""

    mute_replies: int

    @property
    def received(self) -> Sequence[Received]:
        """Every request that came in whole."""

    @property
    def unlocks(self) -> list[tuple[int, int]]:
        """When which channel of the body was to be unlocked."""


class QuietBoards(Rs485):
    """Boards on one wire, seen as one."""

    def __init__(self, boards: Sequence[LockBoard]) -> None:
        """All at the ends of the same two wires."""
        super().__init__(boards)
        self._quiet = boards

    @property
    def mute_replies(self) -> int:
        """How many replies are still to be swallowed, by each."""
        return max(board.mute_replies for board in self._quiet)

    @mute_replies.setter
    def mute_replies(self, count: int) -> None:
        for board in self._quiet:
            board.mute_replies = count

    @property
    def received(self) -> Sequence[Received]:
        """Every request: each board hears all of them, so those of the first."""
        return self._quiet[0].received

    @property
    def unlocks(self) -> list[tuple[int, int]]:
        """When which channel of the body was to be unlocked, by whichever board; -1 for all of a board."""
        return sorted(
            (ms, board.wires[lock] if lock < len(board.wires) else -1)
            for board in self._quiet
            for ms, lock in board.unlocks
        )


@dataclass(frozen=True, slots=True)
class Boards:
    """One row, wired in one way.

    ``tables`` are the boards' own keys, a table each; ``doors`` how many each has up to which door; ``far_side`` makes
    what is behind the line, from the body and the pulse, None for boards on pins. ``waits`` are waiting times of a pace
    that this board needs at least, ``doors_max`` the highest limit of doors a minute that it is fast enough to reach,
    ``coil_a`` what the coils of its locks draw; ``hand_ms`` is how long a door must stand open to be seen after an
    unlock.
    """

    kind: str
    words: frozenset[str]
    tables: tuple[str, ...]
    doors: tuple[int, ...]
    far_side: Callable[[Body, int], FarBoards] | None
    waits: Mapping[str, int] = field(default_factory=dict)
    doors_max: int = 1000
    coil_a: float = COIL_A
    hand_ms: int = HELD_MS

    def settings(self, keys: str) -> str:
        """The ``[[boards]]`` of a configuration; ``keys`` are those that all of them have."""
        return "\n".join(f"[[boards]]\n{own}\n{keys}" for own in self.tables)

    def place(self, door: int) -> str:
        """On which board and channel this door is wired, as in the list of doors."""
        if len(self.doors) == 1 or door <= self.doors[0]:
            return f'channel = {door - 1}, board = "main"'
        return f'channel = {door - 1 - self.doors[0]}, board = "second"'

    @property
    def by_tcp(self) -> bool:
        """Whether a serial server is between."""
        return "tcp" in self.words

    @property
    def echoes(self) -> bool:
        """Whether the adapter hears itself."""
        return "echo" in self.words


def boards(kind: str, wiring: str = "") -> Boards:
    """One of ``KINDS``, wired so. Raises ``ValueError`` with what there is."""
    if kind not in WIRINGS:
        raise ValueError(f"没有这种锁板 no lock board {kind!r}; there is: {', '.join(KINDS)}")
    words = _words(kind, wiring)
    row = _ROWS[kind](words)
    shut_bit = int("short-on-open" not in words) if kind in LINES else int("to-supply" in words)
    keys = f"closed_bit = {shut_bit}"
    keys += "\nlocal_echo = true" if "echo" in words else ""
    keys += "\nreply_ms = 300" if "tcp" in words else ""
    tables = tuple(f"{own}\n{keys}" for own in row.tables)
    return Boards(kind, words, tables, row.doors, row.far, row.waits, row.doors_max, row.coil_a, row.hand_ms)


def _words(kind: str, wiring: str) -> frozenset[str]:
    """One word of each group. Raises ``ValueError``."""
    wanted = {word.strip() for word in wiring.split(",") if word.strip()}
    chosen = set()
    for group in WIRINGS[kind]:
        named = wanted & set(group)
        if len(named) > 1:
            raise ValueError(f"接线矛盾 wiring: only one of {', '.join(sorted(named))}")
        chosen |= named or {group[0]}
    unknown = wanted - chosen
    if unknown:
        known = "; ".join(" | ".join(group) for group in WIRINGS[kind])
        raise ValueError(f"{kind} 没有这种接线 has no wiring {', '.join(sorted(unknown))}; there is: {known}")
    if {"waveshare", "base-1"} <= chosen:
        raise ValueError("base-1 只有 eletechsup 才有: only an eletechsup may begin to count at 1")
    return frozenset(chosen)


# --- one row a kind -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    tables: tuple[str, ...]
    far: Callable[[Body, int], FarBoards] | None
    doors: tuple[int, ...] = (24,)
    waits: Mapping[str, int] = field(default_factory=dict)
    doors_max: int = 1000
    coil_a: float = COIL_A
    hand_ms: int = HELD_MS


def _bit(words: frozenset[str]) -> int:
    return int("short-on-open" not in words)


def _cu24(words: frozenset[str]) -> _Row:
    def far(body: Body, pulse_ms: int) -> FarBoards:
        board = KerongBoard(body)
        board.closed_bit = _bit(words)
        return board

    return _Row(('kind = "kr-cu24"',), far)


def _cu16(words: frozenset[str]) -> _Row:
    sets = "set-pulse" in words

    def far(body: Body, pulse_ms: int) -> FarBoards:
        wires = (range(FIRST_LOCKS), range(FIRST_LOCKS, 24))
        made_ms = 550 if sets else pulse_ms
        pair = [Cu16Board(body, address, wires[address], made_ms) for address in (0, 1)]
        return _polarised(pair, words)

    own = 'kind = "kr-cu16"' + ("\npulse_command = true" if sets else "")
    tables = (f'name = "main"\n{own}\naddress = 0', f'name = "second"\n{own}\naddress = 1')
    return _Row(tables, far, (FIRST_LOCKS, 24 - FIRST_LOCKS))


def _cu48(kind: str) -> Callable[[frozenset[str]], _Row]:
    def row(words: frozenset[str]) -> _Row:
        return _Row(
            (f'kind = "{kind}"',),
            lambda body, pulse_ms: _polarised([Cu48Board(body, pulse_ms=pulse_ms, kind=kind)], words),
        )

    return row


def _polarised(made: Sequence[LockBoard], words: frozenset[str]) -> QuietBoards:
    for board in made:
        board.closed_bit = _bit(words)
    return QuietBoards(made)


def _eight(words: frozenset[str]) -> _Row:
    answer_ms, asks = QUICK_ANSWER_MS if "answer-200ms" in words else ANSWER_MS, "asks" in words

    def far(body: Body, pulse_ms: int) -> FarBoards:
        board = EightBoard(body, pulse_ms=pulse_ms)
        board.byte_order = "low_first" if "low-first" in words else "high_first"
        board.closed_bit, board.unlock_exchange_ms = _bit(words), answer_ms
        if "no-push" not in words:
            board.talk(0x81 if "push81" in words else 0x82, body.now_ms)
        return QuietBoards([board])

    order = "low_first" if "low-first" in words else "high_first"
    waits = {"open_wait_ms": 2000, "pulse_ms": 300}
    own = f'kind = "8a80"\nbyte_order = "{order}"\nask_while_opening = {str(asks).lower()}'
    own += "\nreply_ms = 100" if asks and "tcp" not in words else ""
    hand_ms = HELD_MS if asks else answer_ms + READINGS_MS
    return _Row((own,), far, waits=waits, doors_max=25, hand_ms=hand_ms)


def _modbus(words: frozenset[str]) -> _Row:
    profile: Profile = "eletechsup" if "eletechsup" in words else "waveshare"
    discrete, high, base = "discrete" in words, "high-word-first" in words, int("base-1" in words)

    def far(body: Body, pulse_ms: int) -> FarBoards:
        relays = RelayUnit(body, profile=profile)
        inputs = InputUnit(body, style="discrete" if discrete else "holding")
        relays.base, inputs.high_first, inputs.closed_bit = base, high, _bit(words)
        return ModbusCabinet(relays, inputs)

    own = f'kind = "{profile}"\ninput_address = 2\ninputs = "{"discrete" if discrete else "holding"}"'
    own += '\nword_order = "high_first"' if high else ""
    own += "\nchannel_base = 1" if base else ""
    slow = {"pulse_ms": 1000, "cooldown_ms": 1000, "rest_ms": 1000, "open_wait_ms": 1500}
    return (
        _Row((own,), far, waits=slow, doors_max=30, coil_a=SMALL_COIL_A)
        if profile == "eletechsup"
        else _Row((own,), far)
    )


def _shift(words: frozenset[str]) -> _Row:
    own = (
        'kind = "shift"\nenable_pin = 5\nout_data_pin = 27\nout_clock_pin = 22\nout_latch_pin = 23\n'
        "in_load_pin = 16\nin_clock_pin = 20\nin_data_pin = 21"
    )
    return _Row((own + ("\nout_return_pin = 24" if "return" in words else ""),), None)


def _mcp(words: frozenset[str]) -> _Row:
    own = 'kind = "mcp23017"\nenable_pin = 17\nout_addresses = [0x20, 0x21]\nin_addresses = [0x22, 0x23]'
    return _Row((f"{own}\nlock_level = {int('on-at-high' in words)}",), None)


_ROWS: dict[str, Callable[[frozenset[str]], _Row]] = {
    "cu24": _cu24,
    "cu16": _cu16,
    "cu48": _cu48("kr-cu48"),
    "cu48b": _cu48("kr-cu48b"),
    "8a": _eight,
    "modbus": _modbus,
    "shift": _shift,
    "mcp": _mcp,
}
