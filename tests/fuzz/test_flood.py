"""The flood in short: every protocol's decoder under random bytes and mutated frames; ``make fuzz`` does it in full."""

from __future__ import annotations

import flood
import pytest
from flood import KINDS, PROTOCOLS, SEED, block, printed
from guided import NAMES
from targets import TARGETS

SHORT_BYTES = 20_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_short_flood_breaks_no_rule(protocol: str, kind: str) -> None:
    """The beginning of the long one: the same seed, the same blocks."""
    print(f"seed {SEED}")
    done, blocks, find = flood.flood(protocol, kind, SHORT_BYTES, SEED)
    assert find is None, str(find)
    assert done >= SHORT_BYTES and blocks > 5


def test_every_decoder_of_bytes_is_flooded() -> None:
    """Each protocol is a target of the guided fuzzer as well, with frames of the document to be mutated."""
    assert set(PROTOCOLS) <= set(TARGETS) and set(TARGETS) == set(NAMES)
    assert all(len(printed(protocol)) >= 2 for protocol in PROTOCOLS)
    assert len(printed("cu16")) > 30 and len(printed("eight")) > 60 and len(printed("modbus")) > 25


def test_a_block_is_made_from_its_number_alone() -> None:
    """So a find is seen again; blocks differ; every cut occurs."""
    blocks = [block("cu16", kind, number, SEED) for kind in KINDS for number in range(500)]
    assert blocks == [block("cu16", kind, number, SEED) for kind in KINDS for number in range(500)]
    assert len(set(blocks)) > 950 and len({each[0] for each in blocks}) > 200


def test_a_fault_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that objects to one byte: the find names the block that has it."""

    def picky(data: bytes) -> None:
        assert b"\x31" not in data[1:], "no 31, please"

    monkeypatch.setitem(TARGETS, "cu16", picky)
    _, number, find = flood.flood("cu16", "mutated", 100_000, SEED)
    assert find is not None and find.block == number and b"\x31" in block("cu16", "mutated", number, SEED)
    assert "no 31" in str(find) and f"--block {number}" in str(find)
