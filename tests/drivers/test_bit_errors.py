"""Which bit errors turn a frame into another door's: counted, checked by brute force, and the table of the document."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import pytest
from bit_errors import ERRORS, Wire, accepted, distance, patterns, strays

from drivers import kerong_cu16_frames as cu16
from drivers import kerong_cu48_frames as cu48
from drivers import kerong_frames as cu24

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "hardware.md"
ONE_OPEN = [0xFFFFFF, *(0xFFFFFF & ~(1 << n) for n in range(24))]
"""The hook bits of a cabinet with all 24 doors shut, and with one of them open."""


def summed(text: bytes) -> bytes:
    """With the sum after it."""
    return text + bytes((sum(text) % 256,))


def cu16_wire() -> Wire:
    """A pair, 16 + 8."""
    places = [(n // 16, n % 16) for n in range(24)]
    replies = [summed(bytes((2, 0, 0x35)) + (m & 0xFFFF).to_bytes(2, "little") + bytes(2) + b"\x03") for m in ONE_OPEN]
    return Wire(
        "KR-CU16",
        [cu16.unlock(cu16.Address(a), cu16.Lock(n)) for a, n in places],
        [cu16.status(cu16.Address(a)) for a in (0, 1)],
        [summed(bytes((2, a, 0x31, 3))) for a in range(0x18)],
        [summed(bytes((2, a << 4, 0x33, 3))) for a in (0, 1, 15)],
        replies,
        range(3, 7),
        8,
    )


def cu24_wire(name: str, profile: cu24.Profile, everything: int) -> Wire:
    """One board; ``everything`` is the number that means all of its locks."""
    address, count = cu24.Address(0), profile.status_bytes
    states = [mask & (1 << 8 * count) - 1 for mask in ONE_OPEN[: 1 + profile.locks]]

    def reply(mask: int) -> bytes:
        head = bytes((2, 0, 0, 0x80, 0x10, count, 3))
        data = mask.to_bytes(count, "little")
        return head + bytes(((sum(head) + sum(data)) % 256,)) + data

    def unlocks(board: int, lock: int) -> bytes:
        return summed(bytes((2, board, lock, 0x81, 0, 0, 3)))

    return Wire(
        name,
        [cu24.unlock(address, cu24.Lock(n, profile)) for n in range(profile.locks)],
        [cu24.status(address)],
        [unlocks(a, n) for a, n in product((0, 0x10), range(profile.locks))],
        [unlocks(a, everything) for a in (0, 0x10)],
        [reply(mask) for mask in states],
        range(8, 8 + count),
        7,
    )


def cu48_wire(name: str, commands: cu48.CommandSet) -> Wire:
    """One board, half used, with either set of commands."""
    address, head = cu48.Address(0), bytes((2, 0, 0, commands.reply))
    replies = [summed(head + m.to_bytes(3, "little") + bytes(3) + b"\x03") for m in ONE_OPEN]

    def unlocks(board: int, lock: int) -> bytes:
        return summed(bytes((2, board, lock, commands.unlock, 3)))

    return Wire(
        name,
        [cu48.unlock(address, cu48.Lock(n), commands) for n in range(24)],
        [cu48.status(address, commands)],
        [unlocks(a, n) for a, n in product((0, 0x0A), range(24))],
        [unlocks(a, 0x30) for a in (0, 0x0A)],
        replies,
        range(4, 10),
        11,
    )


WIRES = [
    cu16_wire(),
    cu24_wire("KR-CU24", cu24.CU24, 0x18),
    cu24_wire("KR-CU12", cu24.CU12, 0x0C),
    cu48_wire("KR-CU48", cu48.CU48),
    cu48_wire("KR-CU48b", cu48.CU48B),
]
DECODERS: dict[str, Callable[[bytes], object]] = {
    "KR-CU16": cu16.decode,
    "KR-CU24": cu24.decode,
    "KR-CU12": cu24.decode,
    "KR-CU48": cu48.decode,
    "KR-CU48b": lambda data: cu48.decode(data, cu48.CU48B),
}


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_no_single_wrong_bit_does_anything(wire: Wire) -> None:
    """In an unlock, a question or a reply: one wrong bit is never a valid other frame."""
    assert [shares[0] for shares in wire.rows().values()] == [0, 0, 0, 0]


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@pytest.mark.parametrize("errors", [1, 2])
def test_the_count_of_believed_replies_is_what_the_decoder_believes(wire: Wire, errors: int) -> None:
    """Every pattern of one or two wrong bits in data and sum, tried: as many are accepted as are counted."""
    for reply in (wire.replies[0], wire.replies[9], wire.replies[-1]):
        bits = [8 * at + bit for at in (*wire.data_at, wire.sum_at) for bit in range(8)]
        believed = 0
        for pattern in combinations(bits, errors):
            spoilt = bytearray(reply)
            for bit in pattern:
                spoilt[bit // 8] ^= 1 << bit % 8
            believed += DECODERS[wire.name](bytes(spoilt)) is not None
        assert believed == accepted(reply, wire.data_at, wire.sum_at)[errors]


def test_strays_are_the_patterns_between_two_frames() -> None:
    """Lock 1 and lock 2 of a KR-CU16 differ in four bits, its status question and its first unlock in three."""
    first, second = raw_pair = [cu16.unlock(cu16.Address(0), cu16.Lock(n)) for n in (0, 1)]
    assert distance(first, second) == (0x00 ^ 0x01).bit_count() + (0x36 ^ 0x37).bit_count() == 2
    found = strays(raw_pair, {"lock": raw_pair, "longer": [first + b"\x00"]})
    assert found == {"lock": {2: 2}, "longer": {}}
    assert patterns(first, 2) == 780


def shown(share: float) -> str:
    """A share in a million: 0 is none at all."""
    return f"{share:.0f}" if share >= 10 or not share else f"{share:.1f}" if share >= 0.1 else f"{share:.2f}"


def table() -> list[str]:
    """The document's table, a line for each mishap of each board."""
    lines = []
    for wire in WIRES:
        for mishap, shares in wire.rows().items():
            lines.append(f"| {wire.name} | {mishap} | " + " | ".join(shown(share) for share in shares) + " |")
    return lines


def test_the_document_has_the_computed_table() -> None:
    """docs/hardware.md says what is counted here; a failure prints the lines that belong there."""
    assert len(ERRORS) == 4
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(line in text for line in table()), "\n".join(table())
