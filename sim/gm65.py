"""The far side of a GM65 scanner: zones, checksums, silence where the manual says so, and codes held before it.

Written from hardware facts, 5.1; knows nothing of the driver. Replies and scanned text leave on one wire, in the order
in which they arise; ``paced`` sends them byte by byte at 960 byte/s instead of at once. What a setup code's text looks
like is in no source: ``SETUP_PREFIX`` stands for it here; such a code has its effect only while setup codes are open.
"""

from __future__ import annotations

from collections import deque

SETUP_PREFIX = "^GM65^"
_DEFAULTS = {
    0x0000: 0xD4,
    0x0003: 0x00,
    0x0004: 0x04,
    0x0005: 0x0A,
    0x0006: 0x32,
    0x0007: 0x81,
    0x0008: 0x2C,
    0x000A: 0x3E,
    0x000B: 0x3C,
    0x000D: 0x20,
    0x002A: 0x39,
    0x002B: 0x01,
    0x003F: 0x01,
    0x0060: 0x01,
    0x00E0: 0x05,
    0x00E1: 0x64,
    0x00E2: 0x64,
}
_READ_ONLY = range(0xE0, 0xE6)
_PAUSE_MS = 400
_REPLY_MS = 10
_RESTART_MS = 500
_MANUAL, _COMMAND, _CONTINUOUS, _SENSOR = range(4)
_TAILS = (b"\r", b"\r\n", b"\t", b"")


def crc(data: bytes) -> bytes:
    """CRC-16, polynomial 1021, from zero, bit by bit as the manual has it."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value.to_bytes(2, "big")


class Gm65:
    """One scanner. Sans-IO: ``feed`` commands, ``show`` codes, ``refresh`` for the bytes that leave it."""

    def __init__(self, *, paced: bool = False, usb: bool = False) -> None:
        """``paced``: 960 byte/s; ``usb``: wired through its virtual COM port instead of the UART."""
        self.paced, self.usb = paced, usb
        self.zones = bytearray(256)
        self._reset()
        self.eeprom = bytes(self.zones)
        self.saves = 0
        self.writes: list[tuple[int, int, bytes]] = []
        self.unkept_zones: set[int] = set()
        self.mute = False
        self.asleep = False
        self.unread: list[str] = []
        self._buffer = bytearray()
        self._command_ms = 0
        self._active_ms: int | None = None
        self._restarts_ms: int | None = None
        self._scanning_until_ms: int | None = None
        self._outbox: deque[tuple[int, bytes]] = deque()
        self._free_ms = 0
        self._held: tuple[int, int, str] | None = None

    @property
    def codes_open(self) -> bool:
        """Whether a setup code would be obeyed."""
        return not self.zones[0x0003] & 0x02

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host."""
        self._let_pass(now_ms)
        if self.asleep or self._restarts_ms is not None:
            return
        self._active_ms = now_ms
        if self._buffer and now_ms - self._command_ms > _PAUSE_MS:
            self._buffer.clear()
        self._command_ms = now_ms
        self._buffer += data
        self._read_commands(now_ms)

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        self._let_pass(now_ms)
        out = b""
        while self._outbox and self._outbox[0][0] <= now_ms:
            out += self._outbox.popleft()[1]
        return out

    def deadline_ms(self) -> int | None:
        """When more bytes leave or something happens by itself, or None."""
        times = [self._outbox[0][0]] if self._outbox else []
        times += [ms for ms in (self._restarts_ms, self._sleep_ms()) if ms is not None]
        if self._held is not None:
            times.append(self._held[0])
        return min(times, default=None)

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it; while held it is read again after each interval (zone 0005)."""
        self._let_pass(now_ms)
        self._held = (now_ms, now_ms + held_ms, text)
        self._let_pass(now_ms)

    def press_key(self, now_ms: int) -> None:
        """Press its key: wakes it (it restarts then), or starts a read in manual mode."""
        self._let_pass(now_ms)
        if self.asleep:
            self.power_cycle(now_ms)
        else:
            self._start_scan(now_ms)

    def power_cycle(self, now_ms: int) -> None:
        """Take its supply away and give it back: what was not saved is gone."""
        self.asleep = False
        self.zones = bytearray(self.eeprom)
        self._buffer.clear()
        self._outbox.clear()
        self._scanning_until_ms = None
        self._restarts_ms = now_ms + _RESTART_MS

    def _reset(self) -> None:
        self.zones[:] = bytes(256)
        for zone, value in _DEFAULTS.items():
            self.zones[zone] = value

    def _sleep_ms(self) -> int | None:
        if self.asleep or self._restarts_ms is not None or self._active_ms is None or not self.zones[0x0007] & 0x80:
            return None
        idle = (self.zones[0x0007] & 0x7F) << 8 | self.zones[0x0008]
        return self._active_ms + idle * 100

    def _let_pass(self, now_ms: int) -> None:
        self._active_ms = now_ms if self._active_ms is None else self._active_ms
        if self._restarts_ms is not None and now_ms >= self._restarts_ms:
            self._active_ms, self._restarts_ms = self._restarts_ms, None
        sleep_ms = self._sleep_ms()
        if sleep_ms is not None and now_ms >= sleep_ms and self._restarts_ms is None:
            self.asleep = True
            self._outbox.clear()
        while self._held is not None and self._held[0] <= now_ms:
            at_ms, until_ms, text = self._held
            self._look_at(text, at_ms, now_ms)
            again_ms = at_ms + max(1, self.zones[0x0005]) * 100
            self._held = (again_ms, until_ms, text) if again_ms <= until_ms else None

    # Codes.

    def _start_scan(self, now_ms: int) -> None:
        single_ms = self.zones[0x0006] * 100
        self._scanning_until_ms = now_ms + single_ms if single_ms else 1 << 62

    def _look_at(self, text: str, at_ms: int, now_ms: int) -> None:
        triggered = self._scanning_until_ms is not None and at_ms < self._scanning_until_ms
        by_itself = self.zones[0x0000] & 0x03 in (_CONTINUOUS, _SENSOR)
        if self.asleep or self._restarts_ms is not None or not (triggered or by_itself) or not self.zones[0x003F] & 1:
            self.unread.append(text)
            return
        if not by_itself:
            self._scanning_until_ms = None
        self._active_ms = at_ms
        if text.startswith(SETUP_PREFIX):
            self._setup_code(text, now_ms)
        else:
            self._output(text.encode("gbk", "replace"), now_ms)

    def _setup_code(self, text: str, now_ms: int) -> None:
        """``^GM65^ZZZZ=VV``: obeyed while setup codes are open, given out as text when zone 0003 bit 0 says so."""
        if self.codes_open:
            zone, value = text.removeprefix(SETUP_PREFIX).split("=")
            self._write(int(zone, 16), bytes.fromhex(value))
            self.eeprom = bytes(self.zones)
        if self.zones[0x0003] & 0x01:
            self._output(text.encode("ascii"), now_ms)

    def _output(self, text: bytes, now_ms: int) -> None:
        way = self.zones[0x000D] & 0x03
        if way != (3 if self.usb else 0):
            return
        bits = self.zones[0x0060]
        tail = _TAILS[(bits >> 5) & 3] if bits & 1 else b""
        self._say(text + tail, now_ms)

    # Commands.

    def _read_commands(self, now_ms: int) -> None:
        while (start := self._buffer.find(b"\x7e\x00")) >= 0:
            del self._buffer[:start]
            if len(self._buffer) < 9:
                return
            kind, count = self._buffer[2], self._buffer[3]
            length = 8 + count if kind == 0x08 else 9
            if len(self._buffer) < length:
                return
            frame = bytes(self._buffer[:length])
            if frame[-2:] not in (crc(frame[2:-2]), b"\xab\xcd"):
                del self._buffer[:2]
                continue
            del self._buffer[:length]
            self._obey(kind, count, int.from_bytes(frame[4:6], "big"), frame[6:-2], now_ms)

    def _obey(self, kind: int, count: int, zone: int, data: bytes, now_ms: int) -> None:
        if kind == 0x07 and count == 1:
            wanted = data[0] or 256
            self._reply(bytes(self.zones[z & 0xFF] for z in range(zone, zone + wanted)), now_ms)
        elif kind == 0x08:
            self._reply(b"\x00", now_ms)
            self._write(zone, data)
            self.writes.append((now_ms, zone, data))
            if zone == 0x0002 and data[0] & 1:
                self._start_scan(now_ms)
        elif kind == 0x09 and (zone, data) == (0, b"\x00"):
            self.saves += 1
            self.eeprom = bytes(self.zones)
            self._reply(b"\x00", now_ms)
        elif kind == 0x09 and (zone, data) == (0, b"\x02"):
            self._reset()
            self._reply(b"\x00", now_ms)

    def _write(self, zone: int, data: bytes) -> None:
        for offset, value in enumerate(data):
            at = (zone + offset) & 0xFF
            if at == 0xD9:
                self._special(value)
            elif at not in _READ_ONLY and at not in self.unkept_zones:
                self.zones[at] = value

    def _special(self, value: int) -> None:
        """Zone 00D9: 55 (or 50) factory settings, A0 and A5 sleep, D3 back to 9600."""
        if value in (0x55, 0x50):
            self._reset()
        elif value in (0xA0, 0xA5):
            self.asleep = True
        elif value == 0xD3:
            self.zones[0x2A:0x2C] = b"\x39\x01"

    def _reply(self, data: bytes, now_ms: int) -> None:
        body = b"\x00" + bytes((len(data) & 0xFF,)) + data
        if not self.mute:
            self._say(b"\x02\x00" + body + crc(body), now_ms + _REPLY_MS)

    def _say(self, data: bytes, at_ms: int) -> None:
        """Put whole bytes on the wire, after whatever is still leaving."""
        begin_ms = max(at_ms, self._free_ms)
        if not self.paced:
            self._outbox.append((begin_ms, data))
            self._free_ms = begin_ms
            return
        for index in range(len(data)):
            self._outbox.append((begin_ms + (index + 1) * 1000 // 960, data[index : index + 1]))
        self._free_ms = begin_ms + (len(data) + 1) * 1000 // 960
