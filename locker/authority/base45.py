"""Base45 (RFC 9285): bytes as text of the 45 characters that QR codes pack most densely.

Knows the alphabet and nothing else. Strict: each byte string has exactly one text and each other text is refused.
Must never know what the bytes mean.

Two bytes n = 256 a + b become three characters c, d, e with n = c + 45 d + 2025 e, least first; a last single byte
becomes two. Three characters can also say 65536 to 91124, and two can say 256 to 2024: those are overflows.
"""

from __future__ import annotations

import sys
from array import array

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""The 45 characters in the order of their values (RFC 9285, table 1); also QR's alphanumeric set."""

_BASE = len(ALPHABET)
_VALUES = bytes(ALPHABET.find(byte) if byte in ALPHABET else 0 for byte in range(256))
_SECOND = tuple(value * _BASE for value in range(_BASE))
_THIRD = tuple(value * _BASE * _BASE for value in range(_BASE))


class Base45Error(ValueError):
    """The text is not Base45; says which rule it breaks."""


def encode(data: bytes) -> str:
    """Return the text of ``data``: three characters for two bytes, two for a last single one."""
    text = bytearray()
    for at in range(0, len(data) - 1, 2):
        rest, first = divmod(data[at] << 8 | data[at + 1], _BASE)
        third, second = divmod(rest, _BASE)
        text += bytes((ALPHABET[first], ALPHABET[second], ALPHABET[third]))
    if len(data) % 2:
        second, first = divmod(data[-1], _BASE)
        text += bytes((ALPHABET[first], ALPHABET[second]))
    return text.decode("ascii")


def decode(text: bytes) -> bytes:
    """Return the bytes of ``text``. Raises ``Base45Error`` for any text that ``encode`` never gives."""
    if strange := text.translate(None, ALPHABET):
        raise Base45Error(f"character 0x{strange[0]:02x} is not in the Base45 alphabet")
    if len(text) % 3 == 1:
        raise Base45Error(f"{len(text)} characters: one is left over")
    values = text.translate(_VALUES)
    whole = len(values) // 3 * 3
    return _pairs(values[:whole]) + _last(values[whole:])


def _pairs(values: bytes) -> bytes:
    """Return two bytes for each three values, big end first."""
    triples = zip(values[0::3], values[1::3], values[2::3], strict=True)
    try:
        words = array("H", [first + _SECOND[second] + _THIRD[third] for first, second, third in triples])
    except OverflowError:
        raise Base45Error("three characters stand for more than 0xFFFF") from None
    if sys.byteorder == "little":
        words.byteswap()
    return words.tobytes()


def _last(values: bytes) -> bytes:
    """Return the one byte of two last values, or nothing."""
    if not values:
        return b""
    number = values[0] + _SECOND[values[1]]
    if number > 0xFF:
        raise Base45Error("the last two characters stand for more than 0xFF")
    return bytes((number,))
