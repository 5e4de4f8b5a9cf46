"""Base45 is RFC 9285's, and each byte string has exactly one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.authority.base45 import ALPHABET, Base45Error, decode, encode

RFC_9285 = [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")]


@pytest.mark.parametrize(("data", "text"), RFC_9285)
def test_the_examples_of_rfc_9285_section_4_hold_both_ways(data: bytes, text: str) -> None:
    """Encoding and decoding give what the standard's examples say."""
    assert encode(data) == text
    assert decode(text.encode()) == data


@given(st.binary(max_size=300))
def test_every_byte_string_comes_back(data: bytes) -> None:
    """Decoding undoes encoding, and the text has the length that QR sizes are computed with."""
    text = encode(data)
    assert decode(text.encode()) == data
    assert len(text) == len(data) // 2 * 3 + len(data) % 2 * 2


@given(st.lists(st.sampled_from(ALPHABET), max_size=40).map(bytes))
def test_a_text_is_refused_or_is_the_only_one_of_its_bytes(text: bytes) -> None:
    """No two texts mean the same bytes: what decodes, encodes to the very same text."""
    try:
        data = decode(text)
    except Base45Error:
        return
    assert encode(data).encode() == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"A", "left over"),
        (b"BB8A", "left over"),
        (b":::", "0xFFFF"),
        (b"GGW", "0xFFFF"),
        (b"BB8GGW", "0xFFFF"),
        (b"::", "0xFF"),
        (b"V5", "0xFF"),
        (b"BB8X5", "0xFF"),
        (b"bb8", "0x62"),
        (b"BB8\n", "0x0a"),
        (b"BB\xef", "0xef"),
        (b"B,8", "0x2c"),
    ],
)
def test_overflow_odd_length_and_strange_characters_are_refused(text: bytes, why: str) -> None:
    """FGW is 0xFFFF and GGW one more; U5 is 0xFF and V5 one more; small letters, commas and controls never pass."""
    with pytest.raises(Base45Error, match=why):
        decode(text)


def test_the_largest_values_are_not_refused() -> None:
    """The limits themselves are inside: FGW says 0xFFFF, U5 says 0xFF."""
    assert decode(b"FGW") == b"\xff\xff"
    assert decode(b"U5") == b"\xff"


def test_no_text_ends_in_a_space() -> None:
    """A scanner's trailing blanks can be taken off: the last character of a text is at most W, or 5 of two."""
    last = {encode(bytes((high, low)))[-1] for high in range(256) for low in range(256)}
    last |= {encode(bytes((byte,)))[-1] for byte in range(256)}
    assert " " not in last
