"""A DS18B20 behind the kernel's file: what its scratchpad says, and how long a reading takes.

Written from hardware facts, 6 (DS18B20) and the chip's data sheet; knows no driver. ``celsius`` is the air; the chip
says 85 degrees after each power-on until it has converted once. ``fault`` is one of ``FAULTS``.
"""

from __future__ import annotations

FAULTS = ("", "power_on", "disturbed", "shorted", "no_supply", "gone", "hangs")
CONVERSION_MS = 750


def crc8(data: bytes) -> int:
    """The 1-Wire checksum: x^8 + x^5 + x^4 + 1, lowest bit first."""
    crc = 0
    for byte in data:
        for bit in range(8):
            mixed = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x8C if mixed else 0)
    return crc


def w1_slave(scratchpad: bytes, told: int, crc: int | None = None) -> str:
    """The file's two lines; ``crc`` is the ninth byte where it is not the right one."""
    right = crc8(scratchpad)
    nine = (*scratchpad, right if crc is None else crc)
    row = "".join(f"{byte:02x} " for byte in nine)
    return f"{row}: crc={right:02x} {'YES' if nine[8] == right else 'NO'}\n{row}t={told}\n"


def reading(celsius: float) -> str:
    """What a healthy chip says at this temperature."""
    raw = round(celsius * 16)
    low, high = (raw & 0xFFFF).to_bytes(2, "little")
    return w1_slave(bytes((low, high, 0x4B, 0x46, 0x7F, 0xFF, 0x10 - (raw & 0x0F), 0x10)), raw * 1000 // 16)


POWER_ON = w1_slave(bytes.fromhex("50 05 4b 46 7f ff 0c 10"), 85_000)
NO_SUPPLY = w1_slave(bytes.fromhex("ff 07 4b 46 7f ff 01 10"), 127_937)
SHORTED = w1_slave(bytes(8), 0)


class Ds18b20:
    """One probe on a virtual clock; whoever asks has the answer ``CONVERSION_MS`` later."""

    def __init__(self, celsius: float = 20.0) -> None:
        """Supplied for a while already."""
        self.celsius = celsius
        self.fault = ""
        self.asked = 0
        self._due_ms: int | None = None
        self._now_ms = 0

    def advance(self, now_ms: int) -> None:
        """Let time pass."""
        self._now_ms = now_ms

    def deadline_ms(self) -> int | None:
        """When the reading under way is there."""
        return None if self.fault == "hangs" else self._due_ms

    def ask(self) -> None:
        """Begin a conversion, unless one is under way."""
        if self._due_ms is None:
            self.asked += 1
            self._due_ms = self._now_ms + CONVERSION_MS

    def take(self) -> str | OSError | None:
        """The file's text, when the conversion is over."""
        if self._due_ms is None or self._now_ms < self._due_ms or self.fault == "hangs":
            return None
        self._due_ms = None
        return OSError(2, "No such file or directory") if self.fault == "gone" else self.text()

    def text(self) -> str:
        """What the file says now."""
        healthy = reading(self.celsius)
        disturbed = healthy[0:24] + ("00 " if healthy[24:26] != "00" else "01 ") + healthy[27:].replace("YES", "NO")
        said = {"power_on": POWER_ON, "disturbed": disturbed, "shorted": SHORTED, "no_supply": NO_SUPPLY}
        return said.get(self.fault, healthy)
