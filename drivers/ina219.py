"""An INA219: the reserve's voltage, and the current through a shunt.

Hardware: an INA219 on the I2C bus, its IN- at the battery's side, 16 addresses from 0x40 on; as on many UPS boards.
Wire: registers of 16 bits, high byte first: 0x00 configuration, 0x01 shunt (10 µV a bit, signed), 0x02 bus (bits 15 to
3, 4 mV a bit; bit 0 says that the arithmetic overflowed).
Source: hardware facts, 6 (UPS with INA219); Texas Instruments SBOS448.
Quirks: after power-on it is as it is wanted here (32 V, 320 mV, 12 bits, continuous, 0x399F); a chip that answers with
another configuration is set to that again. The current needs no calibration register: it is the shunt's voltage by its
resistance. One transfer takes less than a millisecond, a bus that hangs 20 (``drivers.i2c``); then it is left alone for
longer. A lock's coil pulls the voltage down for half a second: what that means is decided elsewhere.

Knows registers; must never know what a voltage means.
"""

from __future__ import annotations

from drivers.i2c import I2c
from locker.model import Act, Event, Measured, Now, PortBack, PortLost

CONFIG, SHUNT, BUS = 0x00, 0x01, 0x02
WANTED = 0x399F
LOOK_MS, RETRY_MS = 2000, 10_000


class Ina219:
    """One chip. Nothing is touched before the first ``refresh``."""

    def __init__(self, port: str, address: int, shunt_mohm: int, bus: I2c) -> None:
        """``port`` is the bus's name."""
        self._port, self._address, self._shunt_mohm, self._bus = port, address, shunt_mohm, bus
        self._due_ms = 0
        self._open = self._lost = False
        self._counts = dict.fromkeys(("reads", "bad", "resets"), 0)

    @property
    def name(self) -> str:
        """Always "meter"."""
        return "meter"

    def fileno(self) -> int | None:
        """None: it is read by the clock."""
        return None

    def deadline_ms(self) -> int | None:
        """The next look."""
        return self._due_ms

    def refresh(self, now: Now) -> list[Event]:
        """Read voltage and current, when it is time."""
        if now.ms < self._due_ms:
            return []
        try:
            mv, ma = self._read()
        except OSError as error:
            return self._lose(error, now.ms)
        self._due_ms = now.ms + LOOK_MS
        self._counts["reads"] += 1
        back: list[Event] = [PortBack(self.name, self._port)] if self._lost else []
        self._lost = False
        return [*back, Measured("reserve_ma", ma), Measured("reserve_mv", mv)]

    def accepts(self, act: Act) -> bool:
        """Nothing is ordered here."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Nothing is ordered here."""

    def counters(self) -> dict[str, int]:
        """Readings, failed ones, chips that had forgotten their configuration."""
        return dict(self._counts)

    def close(self) -> None:
        """Let go of the bus."""
        self._open = False
        self._bus.close()

    def _read(self) -> tuple[int, int]:
        """Millivolts and milliamperes. Raises ``OSError``."""
        if not self._open:
            self._bus.open()
            self._open = True
        if self._word(CONFIG) != WANTED:
            self._counts["resets"] += 1
            self._bus.write(self._address, CONFIG, WANTED.to_bytes(2, "big"))
        bus, shunt = self._word(BUS), self._word(SHUNT)
        if bus & 1:
            raise OSError("the chip says that its arithmetic overflowed")
        microvolts = (shunt - 0x1_0000 if shunt & 0x8000 else shunt) * 10
        return (bus >> 3) * 4, round(microvolts / self._shunt_mohm)

    def _word(self, register: int) -> int:
        return int.from_bytes(self._bus.read(self._address, register, 2), "big")

    def _lose(self, error: OSError, ms: int) -> list[Event]:
        self.close()
        self._due_ms = ms + RETRY_MS
        self._counts["bad"] += 1
        told, self._lost = self._lost, True
        gone: list[Event] = [Measured("reserve_mv", None, str(error)), Measured("reserve_ma", None, str(error))]
        return gone if told else [*gone, PortLost(self.name, f"{self._port}, {self._address:#04x}: {error}")]
