"""Lock boards without a protocol: locks and door switches on the computer's own pins, through chips or directly.

Knows their keys with bounds, which keys belong to which kind, and what contradicts what among pins; must never know how
a pin is driven. Pins are numbered as BCM numbers them, not by their place on the header. Each kind has a commented
example: ``config/cabinet-shift.toml``, ``config/cabinet-mcp23017.toml``, ``config/cabinet-pins.toml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from locker.config_boards import Board
from locker.config_serial import ELSEWHERE, SERIAL_KINDS, foreign_to

Bcm = Annotated[int, Meta(ge=0, le=27)]
I2cAddress = Annotated[int, Meta(ge=0x20, le=0x27)]
GpioChip = Annotated[str, Meta(pattern=r"^/dev/gpiochip[0-9]\Z", description="/dev/gpiochip0 to /dev/gpiochip9")]
I2cBus = Annotated[str, Meta(pattern=r"^/dev/i2c-[0-9]{1,2}\Z", description="/dev/i2c-0 to /dev/i2c-99")]

SERIAL_KEYS = frozenset({"baud", "address", "local_echo", "reply_ms", "unlock_reply_ms", "pulse_command"})
"""Keys of ``Board`` that mean nothing without a serial line."""
MCP_OUTPUTS, MCP_INPUTS = 16, 14
"""Pins of one MCP23017 that may be used: GPA7 and GPB7 are outputs only (hardware facts, 4.5)."""
CHIP_BITS = 8
RESERVED_PINS = (0, 1)
"""Probed at boot for a HAT's memory (hardware facts, 4.1)."""


class GpioBoard(Board, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the three kinds have in common.

    The pulse is shorter than on a lock board, because it is a program's thread that ends it, and that may be a little
    late. ``one_shot``: whether a monostable in the hardware ends it in any case.
    """

    pulse_ms: Annotated[int, Meta(ge=100, le=800, multiple_of=10)] = 500
    poll_ms: Annotated[int, Meta(ge=5, le=1000)] = 20
    idle_poll_ms: Annotated[int, Meta(ge=50, le=10_000)] = 100
    one_shot: bool = False

    @property
    def gpio(self) -> str:
        """The chip of the computer's own pins."""
        return self.port

    @property
    def channels(self) -> int:
        """How many locks, each with its door switch, can be wired."""
        raise NotImplementedError

    @property
    def senses(self) -> int:
        """How many sensors inside can be wired."""
        raise NotImplementedError

    def pins(self) -> Iterator[tuple[str, int]]:
        """Each key that names a pin, with the pin."""
        raise NotImplementedError


class ShiftBoard(GpioBoard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A chain of 74HC595 for the locks, one of 74HC165 for the doors and, behind those, for the sensors inside.

    ``in_chips`` and ``item_chips`` leave out the last 74HC165, which holds the pattern.
    """

    port: GpioChip
    kind: Literal["shift"] = "shift"
    enable_pin: Bcm
    out_data_pin: Bcm
    out_clock_pin: Bcm
    out_latch_pin: Bcm
    out_return_pin: Bcm | None = None
    in_load_pin: Bcm
    in_clock_pin: Bcm
    in_data_pin: Bcm
    out_chips: Annotated[int, Meta(ge=1, le=8)] = 3
    in_chips: Annotated[int, Meta(ge=1, le=8)] = 3
    item_chips: Annotated[int, Meta(ge=0, le=8)] = 0

    @property
    def channels(self) -> int:
        """As many as both chains have bits for."""
        return CHIP_BITS * min(self.out_chips, self.in_chips)

    @property
    def senses(self) -> int:
        """As many as the chips for them have bits."""
        return CHIP_BITS * self.item_chips

    def pins(self) -> Iterator[tuple[str, int]]:
        """The eight pins, or seven without the return."""
        for key in _PIN_KEYS:
            if getattr(self, key) is not None:
                yield key, getattr(self, key)


_PIN_KEYS = tuple(name for name in ShiftBoard.__struct_fields__ if name.endswith("_pin"))


class McpBoard(GpioBoard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """MCP23017s on an I2C bus: some for the locks, others for the doors, others for the sensors inside.

    ``enable_pin`` is one of the computer's own pins; it lets the supply through to the coils.
    """

    port: I2cBus
    kind: Literal["mcp23017"] = "mcp23017"
    gpiochip: GpioChip = "/dev/gpiochip0"
    enable_pin: Bcm
    enable_level: Literal[0, 1] = 1
    lock_level: Literal[0, 1] = 1
    out_addresses: Annotated[list[I2cAddress], Meta(min_length=1, max_length=6)]
    in_addresses: Annotated[list[I2cAddress], Meta(min_length=1, max_length=6)]
    item_addresses: Annotated[list[I2cAddress], Meta(max_length=6)] = []  # noqa: RUF012  (msgspec copies it)
    pull_up: bool = True

    @property
    def gpio(self) -> str:
        """The chip of the pin that lets the supply through."""
        return self.gpiochip

    @property
    def channels(self) -> int:
        """16 locks a chip, but 14 doors."""
        return min(MCP_OUTPUTS * len(self.out_addresses), MCP_INPUTS * len(self.in_addresses))

    @property
    def senses(self) -> int:
        """14 a chip."""
        return MCP_INPUTS * len(self.item_addresses)

    def pins(self) -> Iterator[tuple[str, int]]:
        """The one pin."""
        yield "enable_pin", self.enable_pin


class PinsBoard(GpioBoard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A small cabinet: a pin for each lock, one for each door switch, one for each sensor inside, by channel."""

    port: GpioChip
    kind: Literal["pins"] = "pins"
    lock_pins: Annotated[list[Bcm], Meta(min_length=1, max_length=13)]
    door_pins: Annotated[list[Bcm], Meta(min_length=1, max_length=13)]
    item_pins: Annotated[list[Bcm], Meta(max_length=13)] = []  # noqa: RUF012
    lock_level: Literal[0, 1] = 1
    pull: Literal["up", "down", "none"] = "up"

    @property
    def channels(self) -> int:
        """As many as have both pins."""
        return min(len(self.lock_pins), len(self.door_pins))

    @property
    def senses(self) -> int:
        """One a pin."""
        return len(self.item_pins)

    def pins(self) -> Iterator[tuple[str, int]]:
        """All pins of the three lists."""
        for key in ("lock_pins", "door_pins", "item_pins"):
            for index, pin in enumerate(getattr(self, key)):
                yield f"{key}[{index}]", pin


KINDS: dict[str, type[Board]] = SERIAL_KINDS | {"shift": ShiftBoard, "mcp23017": McpBoard, "pins": PinsBoard}
"""The kinds with a struct of their own."""


# --- for the decoder ------------------------------------------------------------------------------


def struct_of(struct: type[msgspec.Struct], table: Mapping[str, Any]) -> type[msgspec.Struct]:
    """What a table is decoded as: a board of one of these kinds has a struct of its own."""
    kind = table.get("kind")
    return KINDS.get(kind, struct) if struct is Board and isinstance(kind, str) else struct


def keys_of(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The keys that a table of this struct may have."""
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    foreign = SERIAL_KEYS if issubclass(struct, GpioBoard) else foreign_to(struct)
    return {name: field for name, field in fields.items() if name not in foreign}


def elsewhere(key: str, struct: type[msgspec.Struct]) -> str:
    """Where a board's key would be right, if it is right for another kind of board; else nothing."""
    if not issubclass(struct, Board):
        return ""
    if key in SERIAL_KEYS and issubclass(struct, GpioBoard):
        return "allowed: only on a board with a serial line"
    if key in foreign_to(struct):
        return f"allowed: only on {ELSEWHERE[key]}"
    kinds = [kind for kind, other in KINDS.items() if key in keys_of(other)]
    return f"allowed: only on a board of kind {' or '.join(kinds)}" if kinds else ""


def boards_of(tables: list[dict[str, Any]]) -> list[Board]:
    """The boards, each decoded as its kind; every key has been found right before."""
    return [msgspec.convert(table, KINDS.get(table.get("kind", ""), Board), strict=True) for table in tables]


# --- what contradicts what ------------------------------------------------------------------------


def about_gpio(boards: list[Board]) -> Iterator[str]:
    """Every pin, and every address on a bus, is used once; one line for each that is not."""
    taken: dict[tuple[str, int], str] = {}
    for index, board in enumerate(boards):
        if isinstance(board, GpioBoard):
            path = f"boards[{index}]"
            yield from _about_pins(path, board, taken)
            if isinstance(board, McpBoard):
                yield from _about_addresses(path, board, taken)


def _about_pins(path: str, board: GpioBoard, taken: dict[tuple[str, int], str]) -> Iterator[str]:
    for key, pin in board.pins():
        before = taken.setdefault((board.gpio, pin), f"{path}.{key}")
        if before != f"{path}.{key}":
            yield f"{path}.{key}: found {pin}, which is {before} already; allowed: a pin of its own"
        elif pin in RESERVED_PINS:
            yield f"{path}.{key}: found {pin}; allowed: 2 to 27: 0 and 1 are probed at boot, when nobody watches them"


def _about_addresses(path: str, board: McpBoard, taken: dict[tuple[str, int], str]) -> Iterator[str]:
    for key in ("out_addresses", "in_addresses", "item_addresses"):
        for index, address in enumerate(getattr(board, key)):
            here = f"{path}.{key}[{index}]"
            before = taken.setdefault((board.port, address), here)
            if before != here:
                yield f"{here}: found {address}, which is {before} already; allowed: an address of its own"
