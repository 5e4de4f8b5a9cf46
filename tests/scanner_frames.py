"""Every scanner frame of the hardware facts, 5.1 (GM67) to 5.4, as printed there, and frames that must be rejected."""

from __future__ import annotations

# From us to a GM67, and from it. The last is marked as computed there.
SSI_START, SSI_STOP = "04 E4 04 00 FF 14", "04 E5 04 00 FF 13"
SSI_HOST_ACK, SSI_DEVICE_ACK = "04 D0 04 00 FF 28", "04 D0 00 00 FF 2C"
SSI_DEVICE_NAK = "05 D1 00 00 01 FF 29"

# One bit wrong, a byte short, the sum of the length left out, a one's complement instead of two's, another's packet.
SSI_BAD = (
    "04 D0 00 00 FF 2D",
    "04 D0 00 01 FF 2C",
    "04 D0 00 00 FF 30",
    "04 D0 00 00 FF 2B",
    "05 D1 00 00 02 FF 29",
    "04 D0 04 00 FF 28",
)

NEWLAND_START = "7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03"
NEWLAND_STARTED = "02 01 30 30 30 30 23 53 43 4E 54 52 47 31 06 3B 03"
NEWLAND_STOP = "7E 01 30 30 30 30 23 53 43 4E 54 52 47 30 3B 03"
NEWLAND_QUERY = "7E 01 30 30 30 30 40 51 52 59 53 59 53 3B 03"

# A result that is none, no storage, no tail.
NEWLAND_BAD = (
    "02 01 30 30 30 30 23 53 43 4E 54 52 47 31 07 3B 03",
    "02 01 30 30 30 30 53 43 4E 54 52 47 31 06 3B 03",
    "02 01 30 30 30 31 23 53 43 4E 54 52 47 31 06 3B 03",
)

DE2120_SCAN = "5E 5F 5E 53 43 41 4E 2E"
DE2120_NAMES = (
    *("SCAN", "SLEEP", "DEFALT", "DSPYFW", "SCMMAN", "SCMCNT", "SCMMDH", "CNTALW0", "CNTALW1", "CNTALW2", "CNTALW3"),
    *("LAMENA1", "AIMENA0", "PORKBD", "PORHID", "PORVIC", "POR232", "232BAD9", "232BAD5"),
)

HONEYWELL_READ, HONEYWELL_STOP = "16 54 0D", "16 55 0D"
