"""Every frame of the hardware facts, 1.1 to 1.4, 2.3, 2.5, 3.1, 3.2, 5.1, as printed: the good and those to reject."""

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

# 1.1, KR-CU16. Unlocks: the frame, its board, its lock (0-based).
CU16_UNLOCKS = (
    ("02 00 31 03 36", 0, 0),
    ("02 01 31 03 37", 0, 1),
    ("02 02 31 03 38", 0, 2),
    ("02 03 31 03 39", 0, 3),
    ("02 04 31 03 3A", 0, 4),
    ("02 05 31 03 3B", 0, 5),
    ("02 06 31 03 3C", 0, 6),
    ("02 07 31 03 3D", 0, 7),
    ("02 08 31 03 3E", 0, 8),
    ("02 09 31 03 3F", 0, 9),
    ("02 0A 31 03 40", 0, 10),
    ("02 0B 31 03 41", 0, 11),
    ("02 0C 31 03 42", 0, 12),
    ("02 0D 31 03 43", 0, 13),
    ("02 0E 31 03 44", 0, 14),
    ("02 0F 31 03 45", 0, 15),
    ("02 10 31 03 46", 1, 0),
    ("02 11 31 03 47", 1, 1),
    ("02 12 31 03 48", 1, 2),
    ("02 13 31 03 49", 1, 3),
    ("02 17 31 03 4D", 1, 7),
)
CU16_STATUS = (("02 00 30 03 35", 0), ("02 10 30 03 45", 1))
CU16_TIMES = (("02 00 37 03 3C", 0, None), ("02 00 37 00 37 03 73", 0, 550))
# Replies: the frame, its board, its command, the hook bits, the bits of the sensors inside.
CU16_REPLIES = (
    ("02 00 36 00 00 00 00 03 3B", 0, 0x36, 0x0000, 0x0000),
    ("02 10 36 00 00 00 00 03 4B", 1, 0x36, 0x0000, 0x0000),
    ("02 00 35 FF FF 00 00 03 38", 0, 0x35, 0xFFFF, 0x0000),
    ("02 00 35 FE FF 01 00 03 38", 0, 0x35, 0xFFFE, 0x0001),
    ("02 10 35 FF 00 00 00 03 49", 1, 0x35, 0x00FF, 0x0000),
    ("02 10 35 7F 00 80 00 03 49", 1, 0x35, 0x007F, 0x0080),
)
# Not printed: the form of the reply to a query of the unlock time is deduced from the setting's.
CU16_TIME_REPLY = ("02 00 38 00 37 03 74", 0, 550)
# Real frames that our side must never be able to build: every lock of a board, every board.
CU16_FORBIDDEN = ("02 00 33 03 38", "02 10 33 03 48", "02 F0 32 03 27")
# Two misprints; then other protocols of the same maker, and damaged copies of the good ones.
CU16_BAD = (
    "02 10 30 03 3E",
    "02 0F 31 03 49",
    "02 00 00 50 03 55",
    "02 00 00 80 00 00 03 85",
    "02 00 35 FF FF 00 00 03 39",
    "02 00 35 FF FF 00 03 38",
    "02 01 35 FF FF 00 00 03 39",
    "03 00 30 03 36",
    "F5 B6 00 00 5F 0A",
)

# 1.2, KR-CU48: the frame, its board, its lock.
CU48_UNLOCKS = (("02 00 00 51 03 56", 0, 0), ("02 00 17 51 03 6D", 0, 23))
CU48_STATUS = (("02 00 00 50 03 55", 0),)
CU48B_UNLOCKS = (("02 00 00 61 03 66", 0, 0),)
CU48B_STATUS = (("02 00 00 60 03 65", 0),)
# Replies: the frame, its board, the locks (1-based) whose bit is set.
CU48_REPLIES = (
    ("02 00 00 65 07 00 00 00 00 C0 03 31", 0, (1, 2, 3, 47, 48)),
    ("02 01 00 65 00 00 80 00 00 00 03 EB", 1, (24,)),
    ("02 00 00 65 FF FF FF 00 00 00 03 67", 0, tuple(range(1, 25))),
    ("02 00 00 65 FE FF FF 00 00 00 03 66", 0, tuple(range(2, 25))),
)
CU48_FORBIDDEN = ("02 0A 00 50 03 5F", "02 00 30 51 03 86", "02 0A 30 51 03 90")
# Other protocols and the other command set, and damaged copies of the good ones.
CU48_BAD = (
    "02 00 31 03 36",
    "02 00 00 80 00 00 03 85",
    "02 00 00 60 03 65",
    "02 00 00 75 FF FF FF 00 00 00 03 77",
    "02 0B 00 65 FF FF FF 00 00 00 03 72",
    "02 00 00 65 FF FF FF 00 00 00 03 66",
    "02 00 00 65 FF FF FF 00 00 03 67",
    "02 00 31 51 03 87",
    "03 00 00 50 03 56",
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

# 2.3, 8A/80. Opening one lock: the frame, its board, its lock (1-based, as on the wire).
EIGHT_OPENS = (
    ("8A 01 01 11 9B", 1, 1),
    ("8A 01 02 11 98", 1, 2),
    ("8A 01 03 11 99", 1, 3),
    ("8A 01 04 11 9E", 1, 4),
    ("8A 01 05 11 9F", 1, 5),
    ("8A 01 06 11 9C", 1, 6),
    ("8A 01 07 11 9D", 1, 7),
    ("8A 01 08 11 92", 1, 8),
    ("8A 01 09 11 93", 1, 9),
    ("8A 01 0A 11 90", 1, 10),
    ("8A 01 0B 11 91", 1, 11),
    ("8A 01 0C 11 96", 1, 12),
    ("8A 01 0D 11 97", 1, 13),
    ("8A 01 0E 11 94", 1, 14),
    ("8A 01 0F 11 95", 1, 15),
    ("8A 01 10 11 8A", 1, 16),
    ("8A 01 11 11 8B", 1, 17),
    ("8A 01 12 11 88", 1, 18),
    ("8A 01 13 11 89", 1, 19),
    ("8A 01 14 11 8E", 1, 20),
    ("8A 01 15 11 8F", 1, 21),
    ("8A 01 16 11 8C", 1, 22),
    ("8A 01 17 11 8D", 1, 23),
    ("8A 01 18 11 82", 1, 24),
    ("8A 02 0C 11 95", 2, 12),
    ("8A 03 0C 11 94", 3, 12),
    ("8A 02 01 11 98", 2, 1),
)
# What the board says to that: the frame, its board, its lock, ST.
EIGHT_OPENED = (
    ("8A 01 01 00 8A", 1, 1, 0x00),
    ("8A 01 02 00 89", 1, 2, 0x00),
    ("8A 01 03 00 88", 1, 3, 0x00),
    ("8A 01 04 00 8F", 1, 4, 0x00),
    ("8A 01 05 00 8E", 1, 5, 0x00),
    ("8A 01 06 00 8D", 1, 6, 0x00),
    ("8A 01 07 00 8C", 1, 7, 0x00),
    ("8A 01 08 00 83", 1, 8, 0x00),
    ("8A 01 09 00 82", 1, 9, 0x00),
    ("8A 01 0A 00 81", 1, 10, 0x00),
    ("8A 01 0B 00 80", 1, 11, 0x00),
    ("8A 01 0C 00 87", 1, 12, 0x00),
    ("8A 02 0C 00 84", 2, 12, 0x00),
    ("8A 02 0C 11 95", 2, 12, 0x11),
    ("8A 03 0C 00 85", 3, 12, 0x00),
    ("8A 01 18 00 93", 1, 24, 0x00),
    ("8A 01 01 11 9B", 1, 1, 0x11),
    ("8A 02 01 00 89", 2, 1, 0x00),
)
# Questions after one lock (0: all), and what is said of one.
EIGHT_QUESTIONS = (
    ("80 01 01 33 B3", 1, 1),
    ("80 02 01 33 B0", 2, 1),
    ("80 03 01 33 B1", 3, 1),
    ("80 01 18 33 AA", 1, 24),
    ("80 01 00 33 B2", 1, 0),
    ("80 02 00 33 B1", 2, 0),
)
EIGHT_ONES = (
    ("80 01 01 11 91", 1, 1, 0x11),
    ("80 01 01 00 80", 1, 1, 0x00),
    ("80 02 01 11 92", 2, 1, 0x11),
    ("80 02 01 00 83", 2, 1, 0x00),
    ("80 01 18 11 88", 1, 24, 0x11),
    ("80 01 18 00 99", 1, 24, 0x00),
)
# What is said of all: the frame, and the bits that are set with the highest locks first (2.2).
EIGHT_ALL = (
    ("80 01 01 01 01 33 B3", 0x010101),
    ("80 01 FF FF FF FF 33 B2", 0xFFFFFFFF),
    ("80 01 FF FF FF 33 4D", 0xFFFFFF),
    ("80 01 FF FF FE 33 4C", 0xFFFFFE),
    ("80 01 7F FF FF 33 CD", 0x7FFFFF),
    ("80 01 00 00 00 33 B2", 0x000000),
)
EIGHT_PUSHED = (
    ("81 01 01 00 81", 1, 1, 0x00),
    ("81 01 01 11 90", 1, 1, 0x11),
    ("82 01 01 11 93", 1, 1, 0x11),
    ("82 01 01 00 82", 1, 1, 0x00),
)
# Real frames that our side must never be able to build: all locks, several, held on and off, for seconds.
EIGHT_FORBIDDEN = (
    "8A 01 00 11 9A",
    "8A 02 00 11 99",
    "90 01 02 02 02 93",
    "90 01 00 00 01 90",
    "90 01 80 00 01 10",
    "9A 01 01 11 8B",
    "9B 01 01 11 8A",
    "8A 01 01 11 01 9A",
)
# A misprint, the question after the address, other protocols, board 0 and 32, damaged copies of the good ones.
EIGHT_BAD = (
    "81 01 01 00 8A",
    "80 01 00 99 18",
    "8A 00 01 11 9A",
    "8A 20 01 11 BA",
    "8A 01 01 10 9A",
    "8A 01 01 11 9A",
    "80 01 FF FF FF 33 4C",
    "80 01 FF FF FF 34 4A",
    "02 00 31 03 36",
    "57 4B 4C 59 09 00 82 01 83",
    "90 06 05 01 01 03",
    "01 05 02 00 00 07 8D B0",
)

# 3.1 and 3.2, Modbus. Orders of ours: the frame, the board's kind, its unit, its relay, and 100 ms units.
WAVESHARE_PULSES = (
    ("01 05 02 00 00 07 8D B0", 1, 0, 7),
    ("01 05 02 01 00 08 9C 74", 1, 1, 8),
    ("01 05 02 00 00 05 0C 71", 1, 0, 5),
    ("01 05 02 17 00 05 BC 75", 1, 23, 5),
)
WAVESHARE_OFF = "01 05 00 FF 00 00 FD FA"
ELETECHSUP_PULSES = (("01 06 00 00 05 00 8A 9A", 1, 0), ("01 06 00 17 05 00 3A 9E", 1, 23))
ELETECHSUP_OFF = "01 06 00 00 08 00 8E 0A"
# Questions of ours: the frame, its unit, its function, where from, how many.
MODBUS_QUESTIONS = (
    ("01 01 00 00 00 20 3D D2", 1, 0x01, 0, 32),
    ("01 01 00 00 00 08 3D CC", 1, 0x01, 0, 8),
    ("01 02 00 00 00 18 78 00", 1, 0x02, 0, 24),
    ("01 03 00 80 00 01 85 E2", 1, 0x03, 0x80, 1),
    ("01 03 00 80 00 02 C5 E3", 1, 0x03, 0x80, 2),
    ("01 03 00 C0 00 01 84 36", 1, 0x03, 0xC0, 1),
    ("02 03 00 C0 00 02 C4 04", 2, 0x03, 0xC0, 2),
    ("01 03 00 01 00 01 D5 CA", 1, 0x03, 1, 1),
)
# Answers: the frame, its unit, its function, its data behind the length (of a refusal: the code).
MODBUS_ANSWERS = (
    ("01 01 04 00 00 00 00 FB D1", 1, 0x01, "00 00 00 00"),
    ("01 01 01 7C 50 69", 1, 0x01, "7C"),
    ("01 02 03 FF FF FF 49 CE", 1, 0x02, "FF FF FF"),
    ("01 02 03 FE FF FF 18 0E", 1, 0x02, "FE FF FF"),
    ("01 03 02 00 7C B9 A5", 1, 0x03, "00 7C"),
    ("01 03 02 00 01 79 84", 1, 0x03, "00 01"),
    ("02 03 04 FF FF 00 FF 89 57", 2, 0x03, "FF FF 00 FF"),
    ("01 85 02 C3 51", 1, 0x85, "02"),
    ("01 85 03 02 91", 1, 0x85, "03"),
)
# Real frames whose CRC holds and that our side must never be able to build: relays on for good, all of them, settings.
MODBUS_FORBIDDEN = (
    "01 05 00 00 FF 00 8C 3A",
    "01 05 00 17 FF 00 3C 3E",
    "01 05 00 05 FF 00 9C 3B",
    "01 05 00 FF FF 00 BC 0A",
    "01 0F 00 00 00 08 01 FF BE D5",
    "01 06 10 00 00 01 4C CA",
    "00 06 40 00 00 01 5C 1B",
    "00 06 40 00 00 02 1C 1A",
    "01 06 00 00 01 00 88 5A",
    "01 06 00 00 06 0A 0A 6D",
    "01 06 00 00 07 00 8B FA",
    "01 06 00 80 00 09 48 24",
    "FF 06 00 FB 00 00 ED E5",
    "01 06 00 01 01 00 D9 9A",
)
# Printed as well, and right; nobody here sends them, and nothing is wrong with them.
MODBUS_OTHERS = (
    "01 05 00 00 00 00 CD CA",
    "01 06 00 00 02 00 88 AA",
    "01 06 00 00 06 00 8A 6A",
    "01 06 00 70 00 00 88 11",
    "01 0F 00 00 00 20 04 00 00 00 00 C4 88",
    "01 0F 00 00 00 08 54 0D",
    "01 10 00 00 00 04 08 02 00 02 00 02 00 02 00 36 99",
    "01 03 10 00 00 08 40 CC",
    "FF 03 00 FD 00 01 00 24",
    "FF 03 02 00 01 50 50",
)
# Misprints; then damaged copies and other protocols.
MODBUS_BAD = (
    "01 03 04 00 01 00 01 AB F3",
    "01 03 00 01 00 08 15 C8",
    "01 85 02 C3 50",
    "01 02 03 FF FF FF 49 CF",
    "00 05 02 00 00 07 8C 61",
    "02 00 31 03 36",
    "8A 01 01 11 9B",
)

# 1.4 and 2.5, boards that are not driven here. The first, by its sum, is right; the second's sum is not (28).
SCU_OPEN, SCU_BAD = "F5 01 00 71 00 5F C6 00", "F5 64 70 00 00 5F C4 00"
WKLY = (
    "57 4B 4C 59 09 00 82 01 83",
    "57 4B 4C 59 0B 00 82 00 01 00 81",
    "57 4B 4C 59 09 00 83 01 82",
    "57 4B 4C 59 09 00 81 01 80",
    "57 4B 4C 59 0C 00 80 03 01 02 03 86",
    "57 4B 4C 59 08 00 84 85",
)
# Winnsen's have no checksum; lock 1 of board 1 in place of the paper's letters.
WINNSEN = ("90 06 05 01 01 03", "90 07 85 01 01 01 03", "90 07 02 01 FF FF 03", "90 07 82 01 FF FF 03")
# 5.1: what a GM812 answers to a heartbeat; no GM65 says it.
GM812_BEAT = "03 00 00 01 00 33 31"
