"""Every frame of the hardware facts, 1.3 and 5.1, as printed there: the good ones, and those that must be rejected."""

from __future__ import annotations

from dataclasses import dataclass


def raw(text: str) -> bytes:
    """Bytes from spaced hexadecimal."""
    return bytes.fromhex(text)


@dataclass(frozen=True, slots=True)
class Printed:
    """One Kerong frame, and what its fields are."""

    text: str
    address: int
    lock: int
    command: int
    ask: int
    data: str = ""

    @property
    def frame(self) -> bytes:
        """The bytes."""
        return raw(self.text)


KERONG_REQUESTS = (
    Printed("02 00 00 80 00 00 03 85", 0, 0, 0x80, 0),
    Printed("02 00 00 8F 00 00 03 94", 0, 0, 0x8F, 0),
    Printed("02 00 00 81 00 00 03 86", 0, 0, 0x81, 0),
    Printed("02 00 01 81 00 00 03 87", 0, 1, 0x81, 0),
    Printed("02 00 02 81 00 00 03 88", 0, 2, 0x81, 0),
    Printed("02 00 0B 81 00 00 03 91", 0, 11, 0x81, 0),
    Printed("02 00 17 81 00 00 03 9D", 0, 23, 0x81, 0),
    Printed("02 00 00 82 00 00 03 87", 0, 0, 0x82, 0),
    Printed("02 00 00 82 00 02 03 C0 00 37", 0, 0, 0x82, 0, "00 37"),
)

# Real frames that our side must never be able to build: every board, every lock.
KERONG_FORBIDDEN = (
    Printed("02 10 00 80 00 00 03 95", 0x10, 0, 0x80, 0),
    Printed("02 00 18 81 00 00 03 9E", 0, 0x18, 0x81, 0),
)

KERONG_REPLIES = (
    Printed("02 00 00 80 10 02 03 99 02 00", 0, 0, 0x80, 0x10, "02 00"),
    Printed("02 00 00 8F 10 02 03 BA 13 01", 0, 0, 0x8F, 0x10, "13 01"),
    Printed("02 00 00 8F 10 02 03 C8 10 12", 0, 0, 0x8F, 0x10, "10 12"),
    Printed("02 00 01 81 10 00 03 97", 0, 1, 0x81, 0x10),
    Printed("02 00 02 81 10 00 03 98", 0, 2, 0x81, 0x10),
    Printed("02 00 02 81 11 00 03 99", 0, 2, 0x81, 0x11),
    Printed("02 00 02 81 12 00 03 9A", 0, 2, 0x81, 0x12),
    Printed("02 00 17 81 10 00 03 AD", 0, 23, 0x81, 0x10),
    Printed("02 00 17 81 11 00 03 AE", 0, 23, 0x81, 0x11),
    Printed("02 00 17 81 12 00 03 AF", 0, 23, 0x81, 0x12),
    Printed("02 00 17 81 13 00 03 B0", 0, 23, 0x81, 0x13),
    Printed("02 00 17 81 14 00 03 B1", 0, 23, 0x81, 0x14),
    Printed("02 00 00 80 10 03 03 95 FF FF FF", 0, 0, 0x80, 0x10, "FF FF FF"),
    Printed("02 00 00 80 10 03 03 94 FE FF FF", 0, 0, 0x80, 0x10, "FE FF FF"),
    Printed("02 00 00 80 10 03 03 94 FF FF FE", 0, 0, 0x80, 0x10, "FF FF FE"),
    Printed("02 00 00 80 10 03 03 15 FF FF 7F", 0, 0, 0x80, 0x10, "FF FF 7F"),
    Printed("02 00 00 80 10 03 03 16 FF 7F 00", 0, 0, 0x80, 0x10, "FF 7F 00"),
    Printed("02 00 00 82 10 02 03 D0 00 37", 0, 0, 0x82, 0x10, "00 37"),
)

# The first two are the sum over seven bytes only, which a project in the field got wrong; then other protocols of the
# same maker (1.1, 1.2), their misprints, and damaged copies of the good ones.
KERONG_BAD = (
    "02 00 00 8F 10 02 03 A6 13 01",
    "02 00 00 82 10 02 03 99 00 37",
    "02 00 31 03 36",
    "02 10 30 03 3E",
    "02 0F 31 03 49",
    "02 00 35 FF FF 00 00 03 38",
    "02 00 00 65 FF FF FF 00 00 00 03 67",
    "02 00 30 51 03 86",
    "02 00 17 81 10 00 03 AC",
    "02 00 00 80 10 03 03 95 FF FF FE",
    "03 00 00 80 10 03 03 96 FF FF FF",
)

GM65_COMMANDS = (
    ("7E 00 07 01 00 0A 01 EE 8A", "02 00 00 01 3E E4 AC"),
    ("7E 00 08 01 00 0A 3E 4C CF", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 02 01 AB CD", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 02 01 02 DA", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 02 00 AB CD", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 02 00 12 FB", "02 00 00 01 00 33 31"),
    ("7E 00 07 01 00 2A 02 D8 0F", "02 00 00 02 39 01 C1 4C"),
    ("7E 00 08 02 00 2A 39 01 A7 EA", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 D9 D3 20 38", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 D9 55 D1 76", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 D9 50 81 D3", "02 00 00 01 00 33 31"),
    ("7E 00 09 01 00 00 02 FE 8A", "02 00 00 01 00 33 31"),
    ("7E 00 09 01 00 00 00 DE C8", "02 00 00 01 00 33 31"),
    ("7E 00 07 01 00 E2 01 77 91", "02 00 00 01 64 1F 13"),
    ("7E 00 08 01 00 00 D1 AF C5", "02 00 00 01 00 33 31"),
    ("7E 00 08 01 00 03 02 01 88", "02 00 00 01 00 33 31"),
)

# 115200 instead of 9600: the reply to the same query.
GM65_FAST_REPLY = "02 00 00 02 1A 00 82 D8"

# No reply to any of these. The last is a GM812's heartbeat, which is not in the GM65's manual.
GM65_SILENT = (
    "7E 00 07 01 00 0A 01 11 22",
    "7E 00 08 01 00 0A 3E 11 22",
    "7E 00 07 01 00 0A 01",
    "7E 00 08 01 00 0A 3E",
    "7E 00 0A 01 00 00 00 30 1A",
)
