"""Bit errors on 8A/80 and Modbus wires: which of them turn a frame into another door's, and the document's table."""

from __future__ import annotations

from functools import reduce
from itertools import product
from math import comb
from operator import xor
from pathlib import Path

import pytest
from bit_errors import ERRORS, distance, fooled, patterns, strays

from drivers import board_8a80_frames as eight
from drivers import modbus_frames as modbus

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "hardware.md"
ONE_OPEN = [0xFFFFFF, *(0xFFFFFF & ~(1 << n) for n in range(24))]
"""The bits of a cabinet with all 24 doors shut, and with one of them open."""
Rows = dict[str, list[float]]


def checked(*head: int) -> bytes:
    """With the XOR after it."""
    return bytes((*head, reduce(xor, head)))


def crc(*body: int) -> bytes:
    """With the CRC after it."""
    return bytes(body) + modbus.crc(bytes(body))


def shares(good: list[bytes], others: list[bytes]) -> list[float]:
    """Of 1, 2, 3, 4 wrong bits: how many in a million turn one of these into one of those."""
    found = strays(good, {"other": others})["other"]
    return [1e6 * found[n] / sum(patterns(frame, n) for frame in good) for n in ERRORS]


def xor_reply(frame: bytes, states: int) -> list[float]:
    """Wrong bits in the states and the check that leave the XOR as it is: each column must have an even number."""
    kept = [0] * (max(ERRORS) + 1)
    for columns in product(range(0, states + 2, 2), repeat=8):
        if sum(columns) <= max(ERRORS):
            kept[sum(columns)] += reduce(lambda ways, n: ways * comb(states + 1, n), columns, 1)
    return [1e6 * kept[n] / patterns(frame, n) for n in ERRORS]


def eight_rows() -> Rows:
    """One board of 24 locks; replies of all have three bytes of states."""
    address = eight.Address(1)
    opens = [eight.open_one(address, eight.Lock(n)) for n in range(1, 25)]
    every = [checked(0x8A, a, n, 0x11) for a, n in product((1,), range(1, 25))]
    everything = [checked(0x8A, 1, 0, 0x11)]
    held = [checked(0x9A, 1, n, 0x11) for n in range(25)]
    questions = [eight.ask_all(address), *(eight.ask_one(address, eight.Lock(n)) for n in range(1, 25))]
    reply = checked(0x80, 1, 0xFF, 0xFF, 0xFF, 0x33)
    return {
        "unlock → another lock": shares(opens, every),
        "unlock → all locks": shares(opens, everything),
        "unlock → held open": shares(opens, held),
        "question → some lock": shares(questions, every + everything),
        "reply → wrong doors": xor_reply(reply, 3),
    }


def waveshare_rows() -> Rows:
    """Unit 1 with 24 locks; unit 2 with the inputs. "All" is also everything that switches on for good."""
    unit = modbus.Unit(1)
    pulses = [modbus.flash_on(unit, modbus.Relay(n), modbus.Tenths(5)) for n in range(24)]
    every = [crc(1, 5, 2, n, 0, 5) for n in range(32)]
    times = [t for t in range(11, 0x8000) if (t ^ 5).bit_count() <= max(ERRORS)]
    longer = [crc(1, 5, 2, n, t >> 8, t & 0xFF) for n in range(32) for t in times]
    on = [crc(1, 5, 0, n, 0xFF, 0) for n in (*range(32), 0xFF)]
    questions = [modbus.ask_coils(unit, 32), modbus.ask_inputs(modbus.Unit(2), 0, 24), modbus.all_coils_off(unit)]
    return {
        "unlock → another lock": shares(pulses, every),
        "unlock → on for over a second": shares(pulses, longer + on),
        "question → some lock": shares(questions, every + longer + on),
        "reply → wrong doors": _reply_rows(),
    }


def eletechsup_rows() -> Rows:
    """Unit 1 with 24 locks; the values of a register are those of the paper."""
    unit = modbus.Unit(1)
    pulses = [modbus.momentary(unit, modbus.Relay(n)) for n in range(24)]
    every = [crc(1, 6, 0, n, 5, 0) for n in range(32)]
    on = [crc(1, 6, 0, n, value, low) for n in range(32) for value in (1, 3, 4, 6, 7) for low in range(256)]
    on = [frame for frame in on if frame[4] == 6 or frame[5] == 0]
    on += [crc(1, 5, 0, n, 0xFF, 0) for n in range(32)]
    questions = [
        modbus.ask_coils(unit, 32),
        modbus.ask_registers(modbus.Unit(2), 0xC0, 2),
        modbus.all_registers_off(unit),
    ]
    return {
        "unlock → another lock": shares(pulses, every),
        "unlock → on for over a second": shares(pulses, on),
        "question → some lock": shares(questions, every + on),
        "reply → wrong doors": _reply_rows(),
    }


def _reply_rows() -> list[float]:
    """Any other reply of the same length with its CRC right; every pattern up to three, the fourth by the CRC's own."""
    good = crc(2, 2, 3, 0xFF, 0xFF, 0xFF)

    def believed(frame: bytes) -> bool:
        return frame[:3] == good[:3] and modbus.crc(frame[:-2]) == frame[-2:]

    syndromes = [_syndrome(8 * len(good), bit) for bit in range(24, 64)]
    kept = [fooled(good, n, believed) if n < 3 else _zero_sums(syndromes, n) for n in ERRORS]
    return [share if n < 3 else 1e6 * share / patterns(good, n) for n, share in zip(ERRORS, kept, strict=True)]


def _syndrome(bits: int, bit: int) -> int:
    """What one wrong bit does to the check: a CRC is linear."""
    data = (1 << (bits - 1 - bit)).to_bytes(bits // 8, "big")
    nothing = modbus.crc(bytes(bits // 8 - 2))
    change = int.from_bytes(modbus.crc(data[:-2]), "big") ^ int.from_bytes(nothing, "big")
    return change ^ int.from_bytes(data[-2:], "big")


def _zero_sums(syndromes: list[int], errors: int) -> int:
    """How many sets of so many of them cancel."""
    counts: list[dict[int, int]] = [{0: 1}] + [{} for _ in range(errors)]
    for syndrome in syndromes:
        for n in range(errors, 0, -1):
            for total, ways in counts[n - 1].items():
                counts[n][total ^ syndrome] = counts[n].get(total ^ syndrome, 0) + ways
    return counts[errors].get(0, 0)


ROWS = {"8A/80": eight_rows(), "Waveshare": waveshare_rows(), "Eletechsup": eletechsup_rows()}


@pytest.mark.parametrize("board", ROWS)
def test_no_single_wrong_bit_does_anything(board: str) -> None:
    """In an unlock, a question or a reply: one wrong bit is never a valid other frame."""
    assert {row[0] for row in ROWS[board].values()} == {0}


@pytest.mark.parametrize("board", ["Waveshare", "Eletechsup"])
def test_a_crc_hides_no_three_wrong_bits(board: str) -> None:
    """In frames as short as these it takes four."""
    assert {share for row in ROWS[board].values() for share in row[:3]} == {0}


def test_two_bits_between_one_lock_and_all_of_them_are_what_the_document_warns_of() -> None:
    """8A/80: locks 1, 2, 4, 8 and 16 are two wrong bits from "open all"; no other lock is."""
    everything, address = checked(0x8A, 1, 0, 0x11), eight.Address(1)
    near = [n for n in range(1, 25) if distance(eight.open_one(address, eight.Lock(n)), everything) == 2]
    assert near == [1, 2, 4, 8, 16]
    assert "1, 2, 4, 8 and 16" in DOCUMENT.read_text(encoding="utf-8")


def test_the_count_of_believed_replies_is_what_the_decoder_believes() -> None:
    """8A/80: every pattern of two wrong bits in states and check, tried."""
    reply = checked(0x80, 1, 0xFF, 0xFF, 0xFF, 0x33)

    def believed(frame: bytes) -> bool:
        same = frame[:2] == reply[:2] and frame[5] == reply[5]
        return same and eight.decode(frame) is not None

    assert fooled(reply, 2, believed) == pytest.approx(xor_reply(reply, 3)[1])


def shown(share: float) -> str:
    """A share in a million: 0 is none at all."""
    return f"{share:.0f}" if share >= 10 or not share else f"{share:.1f}" if share >= 0.1 else f"{share:.2f}"


def test_the_document_has_the_computed_table() -> None:
    """docs/hardware.md says what is counted here; a failure prints the lines that belong there."""
    lines = [
        f"| {board} | {mishap} | " + " | ".join(shown(share) for share in row) + " |"
        for board, rows in ROWS.items()
        for mishap, row in rows.items()
    ]
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(line in text for line in lines), "\n".join(lines)
