"""Bit errors on shift registers and I2C: what they choose, what a read-back lets through, and the document's table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from math import comb
from pathlib import Path

import pytest
from bit_errors import ERRORS
from gpio_rig import GpioBench

from drivers.circuit import CircuitFault
from drivers.i2c import I2c
from drivers.mcp23017 import OLAT, McpCircuit
from locker.config_gpio import McpBoard
from sim.mcp23017 import REGISTERS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "hardware.md"
BITS = 24
ANOTHER, SEVERAL = "another lock", "several locks"
Rows = dict[str, list[float]]


def chosen(word: int, wanted: int) -> str:
    """What a word in the registers would switch on, besides what is wanted; empty for nothing more than that."""
    if word == wanted or not word:
        return ""
    return ANOTHER if word.bit_count() == 1 else SEVERAL


def masks(bits: int, errors: int) -> list[int]:
    """Every pattern of so many wrong bits."""
    return [sum(1 << bit for bit in pattern) for pattern in combinations(range(bits), errors)]


def shares(count: Callable[[int], tuple[Counter[str], int]]) -> Rows:
    """In a million, for 1, 2, 3, 4 wrong bits."""
    rows: Rows = {ANOTHER: [], SEVERAL: []}
    for errors in ERRORS:
        found, of = count(errors)
        for what, row in rows.items():
            row.append(1e6 * found[what] / of)
    return rows


def shifted(errors: int) -> tuple[Counter[str], int]:
    """24 bits on the way out, one of them the lock's; each pattern counts alike for every lock."""
    wanted = 1 << 9
    found = Counter(chosen(wanted ^ mask, wanted) for mask in masks(BITS, errors))
    return found, comb(BITS, errors)


def believed(errors: int) -> tuple[Counter[str], int]:
    """24 bits out and 24 back: only what comes back as it was sent is believed, so both ways must be wrong alike."""
    wanted, found = 1 << 9, Counter[str]()
    if errors % 2 == 0:
        found.update(chosen(wanted ^ mask, wanted) for mask in masks(BITS, errors // 2))
    return found, comb(2 * BITS, errors)


def written(errors: int) -> tuple[Counter[str], int]:
    """The write of four bytes that chooses a lock of the first chip: address and direction, register, both latches.

    Address and register bits that are wrong choose nothing on this chip; what they do elsewhere is tried below.
    """
    wanted, found = 1 << 9, Counter[str]()
    for mask in masks(32, errors):
        head, latches = mask >> 16, mask & 0xFFFF
        found["" if head else chosen(wanted ^ latches, wanted)] += 1
    return found, comb(32, errors)


def rows() -> dict[str, list[float]]:
    """The document's table, by what is counted."""
    told: dict[str, list[float]] = {}
    for board, what, count in (
        ("shift", "word → {}, without the way back", shifted),
        ("shift", "word → {}, both ways wrong alike", believed),
        ("mcp23017", "write → {}, until it is read back", written),
    ):
        for result, row in shares(count).items():
            told[f"| {board} | {what.format(result)}"] = row
    return told


def test_without_the_way_back_one_wrong_bit_is_two_locks() -> None:
    """That is why the return is wired: 23 of 24 single errors add a lock."""
    assert shares(shifted)[SEVERAL][0] == pytest.approx(1e6 * 23 / 24)


def test_with_the_way_back_no_odd_number_of_wrong_bits_does_anything() -> None:
    """And no two of them make another lock."""
    found = shares(believed)
    assert found[ANOTHER][:3] == [0, 0, 0] and found[SEVERAL][0] == found[SEVERAL][2] == 0


class NoisyBus:
    """The bus of the simulated chips; one write, the ``at``-th from now, reaches them with wrong bits."""

    def __init__(self, bus: I2c) -> None:
        """A quiet one, so far."""
        self._bus, self.at, self.mask = bus, -1, 0

    def open(self) -> None:
        """Open it."""
        self._bus.open()

    def close(self) -> None:
        """Close it."""
        self._bus.close()

    def read(self, address: int, register: int, count: int) -> bytes:
        """As it is."""
        return self._bus.read(address, register, count)

    def write(self, address: int, register: int, data: bytes) -> None:
        """Perhaps otherwise than meant. A write that became a read, or is to no register, writes nothing."""
        frame = bytes((address << 1, register)) + data
        self.at -= 1
        if self.at != -1:
            self._bus.write(address, register, data)
            return
        wire = (int.from_bytes(frame, "big") ^ self.mask).to_bytes(len(frame), "big")
        if not wire[0] & 1 and wire[1] < REGISTERS:
            self._bus.write(wire[0] >> 1, wire[1], wire[2:][: REGISTERS - wire[1]])


@pytest.mark.parametrize("channel", [0, 9, 16, 23])
@pytest.mark.parametrize("which", [0, 1])
def test_no_wrong_write_lets_a_wrong_lock_have_current(channel: int, which: int) -> None:
    """Every single and every double wrong bit in either chip's write, on the real circuit: the right lock, or none."""
    bench = GpioBench("mcp23017").settled()
    bench.gpio.close()
    board = bench.board
    assert isinstance(board, McpBoard)
    bus = NoisyBus(bench.cabinet.bus)
    circuit = McpCircuit(board, lambda: bench.cabinet.open_pins(""), bus)
    circuit.open()
    bench.cabinet.look()
    begun, opened, stopped = len(bench.cabinet.moved), 0, 0
    for mask in (*masks(32, 1), *masks(32, 2)):
        bus.at, bus.mask = which, mask
        try:
            circuit.fire(channel, board.pulse_ms)
            bench.cabinet.look()
            opened += 1
        except (CircuitFault, OSError):
            stopped += 1
        bus.at = -1
        circuit.restart()
        bench.cabinet.look()
    lit = {on for _, on in bench.cabinet.moved[begun:]}
    assert lit <= {0, 1 << channel}, [f"{on:024b}" for on in lit]
    assert stopped > 0 and opened + stopped == 32 + comb(32, 2)
    assert OLAT == 0x14


def shown(share: float) -> str:
    """A share in a million: 0 is none at all."""
    return f"{share:.0f}" if share >= 10 or not share else f"{share:.1f}" if share >= 0.1 else f"{share:.2f}"


def test_the_document_has_the_computed_table() -> None:
    """docs/hardware.md says what is counted here; a failure prints the lines that belong there."""
    lines = [f"{begin} | " + " | ".join(shown(share) for share in row) + " |" for begin, row in rows().items()]
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(line in text for line in lines), "\n".join(lines)
