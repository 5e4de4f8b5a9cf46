"""The lock boards that a world's cabinet may have: how each is configured, what is at its far end, how to listen in.

One row a kind, drawn from the seed of a campaign (``drawn``); each with the wirings that installations differ in, as
words (those of ``locker demo --wiring``). A unit is all that hangs on one wire, seen as one board: the faults of
``sim.world.weather`` are its fields. Boards on the computer's own pins are ``sim.world.pins``. Knows channels; must
never know people, checks or times of day.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from locker import config
from locker.config_gpio import McpBoard, ShiftBoard
from locker.config_serial import EightABoard, EletechsupBoard, WaveshareBoard
from sim.board_8a80 import EightBoard
from sim.body import Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu48 import COMMANDS, Cu48Board
from sim.links import FarSide
from sim.lock_board import LockBoard
from sim.modbus_boards import InputUnit, ModbusCabinet, RelayUnit
from sim.rs485 import Rs485
from sim.world.plan import Site
from sim.world.wire_words import Cu16Words, Cu24Words, Cu48Words, EightWords, ModbusWords, Words

FIRST_LOCKS = 16
"""How many channels of a KR-CU16 pair are on its first board."""
LONG_AGO_MS = -(1 << 40)
PINS = ("shift", "mcp")
WORDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cu24": (),
    "cu16": (("fixed-pulse", "set-pulse"),),
    "cu48": (),
    "cu48b": (),
    "8a": (("high-first", "low-first"), ("no-push", "push81", "push82"), ("answer-1s", "answer-200ms")),
    "waveshare": (("registers", "discrete"), ("low-word-first", "high-word-first")),
    "eletechsup": (("registers", "discrete"), ("low-word-first", "high-word-first"), ("base-0", "base-1")),
    "shift": (("return", "no-return"),),
    "mcp": (("on-at-high", "on-at-low"),),
}
"""Every kind, and what may differ of it besides the polarity of its switches; "cu24" is two KR-CU12 in some worlds."""
KINDS = tuple(WORDS)
MORE = ("cu24",) * 3
"""The recommended board is drawn more often: it alone has answers to refuse with, and it alone comes in twos."""
_BUILT: Mapping[str, dict[str, Any]] = {"eletechsup": {"pulse_ms": 1000, "per_lock_minute_max": 3}}
"""Properties of a site that a kind leaves no choice of: a pulse of a second, seldom enough for the coil."""


def drawn(seed: int, kind: str = "") -> dict[str, Any]:
    """The properties of a site that have to do with its board, for a seed; ``kind`` is one of ``KINDS``, or drawn."""
    chance = Random(f"{seed}/board")
    chosen = chance.choice((*KINDS, *MORE))
    chosen = kind or chosen
    if chosen == "cu24":
        return {}
    words = ",".join(chance.choice(group) for group in WORDS[chosen])
    return {"board": chosen, "wiring": words, "boards": 1, **_BUILT.get(chosen, {})}


def configured(site: Site, number: int) -> list[config.Board]:
    """What the configuration says of the boards on one wire."""
    words = site.wiring.split(",")
    keys: dict[str, Any] = {
        "port": f"/dev/board{number}",
        "name": f"board{number}",
        "closed_bit": 1 if site.closed_bit else 0,
        "pulse_ms": site.pulse_ms,
        "poll_ms": site.poll_ms,
        "idle_poll_ms": site.idle_poll_ms,
    }
    match site.board:
        case "cu24":
            return [config.Board(kind="kr-cu24" if site.boards == 1 else "kr-cu12", **keys)]
        case "cu16":
            keys |= {"kind": "kr-cu16", "pulse_command": "set-pulse" in words}
            pair = [config.Board(**keys), config.Board(**(keys | {"name": f"board{number}b", "address": 1}))]
            return pair if site.doors > FIRST_LOCKS else pair[:1]
        case "cu48":
            return [config.Board(kind="kr-cu48", **keys)]
        case "cu48b":
            return [config.Board(kind="kr-cu48b", **keys)]
        case "8a":
            return [EightABoard(byte_order="low_first" if "low-first" in words else "high_first", **keys)]
        case "shift" | "mcp":
            return [_on_pins(site, words, keys)]
    return [_relays(site, words, keys)]


def _relays(site: Site, words: list[str], keys: dict[str, Any]) -> config.Board:
    keys |= {
        "input_address": 2,
        "inputs": "discrete" if "discrete" in words else "holding",
        "word_order": "high_first" if "high-word-first" in words else "low_first",
    }
    if site.board == "waveshare":
        return WaveshareBoard(**(keys | {"pulse_ms": site.pulse_ms // 100 * 100}))
    return EletechsupBoard(channel_base=1 if "base-1" in words else 0, **(keys | {"pulse_ms": 1000}))


def _on_pins(site: Site, words: list[str], keys: dict[str, Any]) -> config.Board:
    if site.board == "mcp":
        keys |= {"port": "/dev/i2c-1", "enable_pin": 17, "out_addresses": [0x20, 0x21], "in_addresses": [0x22, 0x23]}
        return McpBoard(lock_level=1 if "on-at-high" in words else 0, **keys)
    keys |= {"port": "/dev/gpiochip0", "enable_pin": 5, "out_data_pin": 27, "out_clock_pin": 22, "out_latch_pin": 23}
    keys |= {"in_load_pin": 16, "in_clock_pin": 20, "in_data_pin": 21}
    return ShiftBoard(out_return_pin=24 if "return" in words else None, **keys)


def place(site: Site, number: int, channel: int) -> tuple[str, int]:
    """The board and the channel of the configuration, of a channel of a wire."""
    if site.board == "cu16" and channel >= FIRST_LOCKS:
        return f"board{number}b", channel - FIRST_LOCKS
    return f"board{number}", channel


def words_of(site: Site) -> Words:
    """How to listen in."""
    words = site.wiring.split(",")
    match site.board:
        case "cu24":
            return Cu24Words(24 if site.boards == 1 else 12)
        case "cu16":
            return Cu16Words()
        case "cu48" | "cu48b":
            _, unlock, reply = COMMANDS[f"kr-{site.board}"]
            return Cu48Words(unlock, reply)
        case "8a":
            return EightWords("low-first" not in words)
    return ModbusWords(
        site.board == "eletechsup", int("base-1" in words), "discrete" in words, "high-word-first" in words
    )


# --- far ends -------------------------------------------------------------------------------------


class Unit:
    """All boards of one wire as one: power, silence, lateness, and a lock that goes astray."""

    def __init__(self) -> None:
        """Wired by ``wire``."""
        self.astray: deque[int] = deque()
        self.strayed_ms = LONG_AGO_MS
        self._far: FarSide
        self._parts: Sequence[LockBoard] = ()

    def wire(self, far: FarSide, parts: Sequence[LockBoard], closed_bit: int) -> Unit:
        """These boards, behind this far side."""
        self._far, self._parts = far, parts
        for part in parts:
            part.closed_bit, part.forgets_at_reboot = closed_bit, True
        return self

    def elsewhere(self, lock: int, locks: int, now_ms: int) -> int:
        """The lock that is taken for this one."""
        if not self.astray or lock >= locks:
            return lock
        self.strayed_ms = now_ms
        return (lock + self.astray.popleft()) % locks

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive."""
        self._far.feed(data, now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that have left by now."""
        return self._far.refresh(now_ms)

    def deadline_ms(self) -> int | None:
        """When something happens by itself."""
        return self._far.deadline_ms()

    @property
    def powered(self) -> bool:
        """Whether they have their supply."""
        return all(part.powered for part in self._parts)

    def power(self, on: bool, now_ms: int) -> None:
        """Take the supply away, or give it back."""
        for part in self._parts:
            part.power(on, now_ms)

    def reboot(self, now_ms: int, down_ms: int = 300) -> None:
        """All restart."""
        for part in self._parts:
            part.reboot(now_ms, down_ms)

    @property
    def mute_replies(self) -> int:
        """How many replies are still to be swallowed, by each."""
        return max(part.mute_replies for part in self._parts)

    @mute_replies.setter
    def mute_replies(self, count: int) -> None:
        for part in self._parts:
            part.mute_replies = count

    @property
    def late_reply_ms(self) -> int:
        """How late the next reply of each comes."""
        return max(part.late_reply_ms for part in self._parts)

    @late_reply_ms.setter
    def late_reply_ms(self, late_ms: int) -> None:
        for part in self._parts:
            part.late_reply_ms = late_ms


class _Cu16(Cu16Board):
    unit: Unit

    def _unlock(self, lock: int, now_ms: int) -> None:
        super()._unlock(self.unit.elsewhere(lock, self.locks, now_ms), now_ms)


class _Cu48(Cu48Board):
    unit: Unit

    def _unlock(self, lock: int, now_ms: int) -> None:
        super()._unlock(self.unit.elsewhere(lock, self.locks, now_ms), now_ms)


class _Eight(EightBoard):
    unit: Unit

    def _unlock(self, lock: int, now_ms: int) -> None:
        super()._unlock(self.unit.elsewhere(lock, self.locks, now_ms), now_ms)


class _Relays(RelayUnit):
    unit: Unit

    def switch(self, at: int, for_ms: int, now_ms: int) -> None:
        """One relay on, or another one; or off."""
        super().switch(self.unit.elsewhere(at, self.locks, now_ms) if for_ms else at, for_ms, now_ms)


def unit_of(site: Site, body: Body) -> Unit:
    """The far end of a wire with boards that a machine asks; "cu24" is the street's own."""
    words, unit = site.wiring.split(","), Unit()
    makers: dict[str, Callable[[], tuple[FarSide, list[LockBoard]]]] = {
        "cu16": lambda: _pair(site, body, words, unit),
        "cu48": lambda: _one(_Cu48(body, pulse_ms=site.pulse_ms), unit),
        "cu48b": lambda: _one(_Cu48(body, pulse_ms=site.pulse_ms, kind="kr-cu48b"), unit),
        "8a": lambda: _eight(site, body, words, unit),
        "waveshare": lambda: _modbus(site, body, words, unit),
        "eletechsup": lambda: _modbus(site, body, words, unit),
    }
    return unit.wire(*makers[site.board](), 1 if site.closed_bit else 0)


def _one(board: Any, unit: Unit) -> tuple[FarSide, list[LockBoard]]:
    board.unit = unit
    return board, [board]


def _pair(site: Site, body: Body, words: list[str], unit: Unit) -> tuple[FarSide, list[LockBoard]]:
    made_ms = 550 if "set-pulse" in words else site.pulse_ms
    wires = (range(min(FIRST_LOCKS, site.doors)), range(FIRST_LOCKS, site.doors))
    pair = [_Cu16(body, at, wires[at], made_ms) for at in (0, 1) if wires[at]]
    for board in pair:
        board.unit = unit
    return Rs485(pair), list(pair)


def _eight(site: Site, body: Body, words: list[str], unit: Unit) -> tuple[FarSide, list[LockBoard]]:
    board = _Eight(body, pulse_ms=site.pulse_ms)
    board.unit = unit
    board.closed_bit = 1 if site.closed_bit else 0
    board.byte_order = "low_first" if "low-first" in words else "high_first"
    board.unlock_exchange_ms = 200 if "answer-200ms" in words else 1000
    if "no-push" not in words:
        board.talk(0x81 if "push81" in words else 0x82, body.now_ms)
    return board, [board]


def _modbus(site: Site, body: Body, words: list[str], unit: Unit) -> tuple[FarSide, list[LockBoard]]:
    relays = _Relays(body, profile="waveshare" if site.board == "waveshare" else "eletechsup")
    inputs = InputUnit(body, style="discrete" if "discrete" in words else "holding")
    relays.unit, relays.base, inputs.high_first = unit, int("base-1" in words), "high-word-first" in words
    return ModbusCabinet(relays, inputs), [relays, inputs]
