"""A reserve supply: mains with a plug, a battery that drains and charges, signal lines, an INA219 that measures.

Written from hardware facts, 6 (UPS X728, INA219) and the chip's register table; knows no driver. The battery is a line
from ``FULL_MV`` to ``DEAD_MV`` over ``runtime_s``, which no real one is; a coil that is on pulls it down by ``SAG_MV``.
``mains_lost`` and ``asks_for_end`` are levels of signal lines.
"""

from __future__ import annotations

FULL_MV, DEAD_MV, SAG_MV = 12_600, 9_000, 900
CHARGE_MA, DRAIN_MA = 800, -650


class Ups:
    """One supply. ``plugged`` is the mains; the computer is without power when ``dead``."""

    def __init__(self, runtime_s: int = 3600, recharge_s: int = 28_800) -> None:
        """On mains, charged."""
        self._runtime_ms, self._recharge_ms = runtime_s * 1000, recharge_s * 1000
        self.left_ms = float(self._runtime_ms)
        self.plugged = True
        self.asks_for_end = False
        self.coil_on = False
        self._at_ms = 0

    @property
    def mains_lost(self) -> bool:
        """The signal line."""
        return not self.plugged

    @property
    def dead(self) -> bool:
        """Whether nothing is left."""
        return self.left_ms <= 0

    @property
    def mv(self) -> int:
        """The battery's voltage, or the charger's."""
        if self.plugged:
            return FULL_MV
        level = DEAD_MV + (FULL_MV - DEAD_MV) * self.left_ms / self._runtime_ms
        return int(level) - (SAG_MV if self.coil_on else 0)

    @property
    def ma(self) -> int:
        """What goes into the battery; negative is what comes out of it."""
        return DRAIN_MA if not self.plugged else (CHARGE_MA if self.left_ms < self._runtime_ms else 0)

    def advance(self, now_ms: int) -> None:
        """Drain, or charge."""
        spent_ms, self._at_ms = (now_ms - self._at_ms if self._at_ms else 0), now_ms
        by_ms = spent_ms * self._runtime_ms / self._recharge_ms if self.plugged else -float(spent_ms)
        self.left_ms = min(max(0.0, self.left_ms + by_ms), float(self._runtime_ms))


class Ina219Chip:
    """An INA219 on a bus of its own, as a computer opens it; ``shunt_mohm`` is what is soldered beside it."""

    def __init__(self, ups: Ups, address: int = 0x40, shunt_mohm: int = 100) -> None:
        """Just powered."""
        self._ups, self._address, self._shunt_mohm = ups, address, shunt_mohm
        self.config = 0x399F
        self.powered = True
        self.overflows = False
        self.written: list[int] = []

    def open(self) -> None:
        """Take the bus."""

    def close(self) -> None:
        """Let go of it."""

    def write(self, address: int, register: int, data: bytes) -> None:
        """Only the configuration can be written. Raises ``OSError`` where no chip answers."""
        self._answer(address)
        assert register == 0x00, f"register {register:#04x} was written"
        self.config = int.from_bytes(data, "big")
        self.written.append(self.config)

    def read(self, address: int, register: int, count: int) -> bytes:
        """One register. Raises ``OSError`` where no chip answers."""
        self._answer(address)
        shunt = self._ups.ma * self._shunt_mohm // 10
        words = {0x00: self.config, 0x01: shunt & 0xFFFF, 0x02: self._ups.mv // 4 << 3 | self.overflows}
        return words[register].to_bytes(2, "big")[:count]

    def _answer(self, address: int) -> None:
        if address != self._address or not self.powered:
            raise OSError(121, "Remote I/O error")
