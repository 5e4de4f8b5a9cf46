"""MCP23017 chips on an I2C bus, register by register, as they are after power-on and as they forget.

Written from hardware facts, 4.5, and the chip's register table; knows no driver. ``bus`` is what a computer opens. Only
``IOCON.BANK`` = 0 is built, because nothing may set it to 1; a write to it fails the test.
"""

from __future__ import annotations

from collections.abc import Callable

IODIR, GPPU, IOCON, GPIO, OLAT = 0x00, 0x0C, 0x0A, 0x12, 0x14
REGISTERS = 0x16


class Mcp23017:
    """One chip. ``inputs`` gives the levels that the outside puts on its 16 pins, bank A below."""

    def __init__(self, inputs: Callable[[], int] = lambda: 0) -> None:
        """Just powered."""
        self.inputs = inputs
        self.powered = True
        self.reset()

    def reset(self) -> None:
        """All pins inputs, all else zero."""
        self.registers = bytearray(REGISTERS)
        self.registers[IODIR : IODIR + 2] = b"\xff\xff"

    def pair(self, register: int) -> int:
        """Two registers as 16 bits."""
        return int.from_bytes(self.registers[register : register + 2], "little")

    @property
    def driven(self) -> int:
        """The pins that are outputs."""
        return ~self.pair(IODIR) & 0xFFFF if self.powered else 0

    @property
    def levels(self) -> int:
        """What is on the 16 pins: its latches where it drives, the outside elsewhere."""
        return (self.pair(OLAT) & self.driven) | (self.inputs() & ~self.driven & 0xFFFF)

    def write(self, register: int, data: bytes) -> None:
        """Consecutive registers; what is written to GPIO goes to OLAT."""
        for place, value in enumerate(data, register):
            assert place not in (IOCON, IOCON + 1), "IOCON was written"
            self.registers[place + 2 if place in (GPIO, GPIO + 1) else place] = value

    def read(self, register: int, count: int) -> bytes:
        """Consecutive registers."""
        image = bytearray(self.registers)
        image[GPIO : GPIO + 2] = self.levels.to_bytes(2, "little")
        return bytes(image[register : register + count])


class Bus:
    """The bus with its chips by address. ``changed`` is told after each write; ``trace`` keeps what was written."""

    def __init__(self, chips: dict[int, Mcp23017], step: Callable[[], None], changed: Callable[[], None]) -> None:
        """``step`` is told before each transfer, and may end the process there."""
        self.chips, self._step, self._changed = chips, step, changed
        self.trace: list[tuple[int, int, bytes]] = []
        self.hangs = self.is_open = False

    def open(self) -> None:
        """Take the bus."""
        self.is_open = True

    def close(self) -> None:
        """Let go of it."""
        self.is_open = False

    def write(self, address: int, register: int, data: bytes) -> None:
        """One transfer. Raises ``OSError`` where no chip answers."""
        chip = self._chip(address)
        self.trace.append((address, register, data))
        chip.write(register, data)
        self._changed()

    def read(self, address: int, register: int, count: int) -> bytes:
        """One transfer. Raises ``OSError`` where no chip answers."""
        return self._chip(address).read(register, count)

    def _chip(self, address: int) -> Mcp23017:
        self._step()
        if self.hangs:
            raise OSError(110, "Connection timed out")
        chip = self.chips.get(address)
        if chip is None or not chip.powered:
            raise OSError(121, "Remote I/O error")
        return chip
