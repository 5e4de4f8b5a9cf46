"""The far side of a GM67: SSI packets, acknowledgements owed both ways, and reading on the host's word.

Written from hardware facts, 5.1 (the last paragraph), and two public drivers of it; knows nothing of our driver. It
sends a packet again, twice at most, when no ACK comes within a second, and at once when asked to. Half a packet is
forgotten after 100 ms. A code of over 250 bytes leaves as the long form FF F4. ``in_parts`` sends it as several short
packets instead, each but the last with bit 1 of STAT, as Zebra's own scanners do. What a set-up code's text looks
like is in no source: ``SETUP_PREFIX`` stands for it, ``^SSI^8A=00`` sets a parameter while parameter EC is 1.
"""

from __future__ import annotations

from sim.window import Outbox, Window, earliest

SETUP_PREFIX = "^SSI^"
_QR = 0x1C
_DEFAULTS = {0x88: 0x1E, 0x8A: 0x00, 0xEB: 0x00, 0xEC: 0x01, 0xEE: 0x00}
_REPLY_MS = 5
_ACK_WAIT_MS = 1000
_SENDS_MAX = 3
_AGAIN_MS = 500
_PAUSE_MS = 100
_KEY, _CONTINUOUS, _HOST, _INDUCTION = 0x00, 0x04, 0x08, 0x09


def signed(body: bytes) -> bytes:
    """A packet with its checksum: what makes the sum of all bytes and it a whole multiple of 65536."""
    total = 0
    for byte in body:
        total += byte
    return body + bytes(((0x10000 - total) >> 8 & 0xFF, (0x10000 - total) & 0xFF))


class SsiScanner:
    """One scanner. Sans-IO: ``feed`` packets, ``show`` codes, ``refresh`` for the bytes that leave it."""

    def __init__(self, *, in_parts: bool = False, unknown: tuple[int, ...] = ()) -> None:
        """``unknown``: parameters that this firmware refuses."""
        self.in_parts, self.unknown = in_parts, unknown
        self.parameters = dict(_DEFAULTS)
        self.sets: list[tuple[int, int, int]] = []
        self.unread: list[str] = []
        self.sends = 0
        self.mute = False
        self.enabled = True
        self._buffer = bytearray()
        self._fed_ms = 0
        self._window, self._outbox = Window(), Outbox()
        self._session_ms: int | None = None
        self._unacked: list[bytes] = []
        self._resend_ms: int | None = None
        self._tries = 0

    @property
    def codes_open(self) -> bool:
        """Whether a set-up code would be obeyed."""
        return bool(self.parameters[0xEC])

    def show(self, text: str, now_ms: int, held_ms: int = 0) -> None:
        """Hold a code before it; while held it is read again and again."""
        self._let_pass(now_ms)
        self._window.hold(text, now_ms, held_ms)
        self._let_pass(now_ms)

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive from the host; those that are no packet are passed over."""
        self._let_pass(now_ms)
        if now_ms > self._fed_ms + _PAUSE_MS:
            self._buffer.clear()
        self._fed_ms = now_ms
        self._buffer += data
        while self._buffer:
            length = self._buffer[0] + 2
            if self._buffer[0] < 4 or (len(self._buffer) > 2 and self._buffer[2] != 0x04):
                del self._buffer[:1]
            elif len(self._buffer) < length:
                return
            else:
                whole = bytes(self._buffer[:length])
                if signed(whole[:-2]) == whole:
                    del self._buffer[:length]
                    self._obey(whole[1], whole[3], whole[4:-2], now_ms)
                else:
                    del self._buffer[:1]

    def refresh(self, now_ms: int) -> bytes:
        """The bytes that leave by now."""
        self._let_pass(now_ms)
        return self._outbox.leaving(now_ms)

    def deadline_ms(self) -> int | None:
        """When more bytes leave or something happens by itself, or None."""
        return earliest(self._outbox.deadline_ms(), self._window.deadline_ms(), self._resend_ms)

    def _obey(self, op: int, stat: int, data: bytes, now_ms: int) -> None:
        if op == 0xD0:
            self._next_packet(now_ms)
        elif op == 0xD1:
            self._send_again(now_ms)
        elif self.mute:
            return
        elif op == 0xC6 and len(data) == 3 and data[1] in self.parameters and data[1] not in self.unknown:
            self.parameters[data[1]] = data[2]
            self.sets.append((stat, data[1], data[2]))
            self._answer(b"\x04\xd0\x00\x00", now_ms)
        elif op in (0xE4, 0xE5):
            self._session_ms = now_ms + self.parameters[0x88] * 100 if op == 0xE4 else None
            self._answer(b"\x04\xd0\x00\x00", now_ms)
        elif op in (0xE9, 0xEA):
            self.enabled = op == 0xE9
            self._answer(b"\x04\xd0\x00\x00", now_ms)
        else:
            self._answer(b"\x05\xd1\x00\x00" + (b"\x06" if op == 0xC6 else b"\x02"), now_ms)

    def _answer(self, body: bytes, now_ms: int) -> None:
        self._outbox.say(signed(body), now_ms + _REPLY_MS)

    def _let_pass(self, now_ms: int) -> None:
        for at_ms, text in self._window.looks(now_ms, _AGAIN_MS):
            self._look_at(text, at_ms, now_ms)
        if self._resend_ms is not None and now_ms >= self._resend_ms:
            self._send_again(now_ms)

    def _look_at(self, text: str, at_ms: int, now_ms: int) -> None:
        mode = self.parameters[0x8A]
        told = self._session_ms is not None and at_ms < self._session_ms
        if not self.enabled or not (told or mode in (_CONTINUOUS, _INDUCTION)) or self._unacked:
            self.unread.append(text)
            return
        self._session_ms = None
        if text.startswith(SETUP_PREFIX) and self.codes_open:
            number, value = text.removeprefix(SETUP_PREFIX).split("=")
            self.parameters[int(number, 16)] = int(value, 16)
        else:
            self._output(text.encode("gbk", "replace"), now_ms)

    def _output(self, data: bytes, now_ms: int) -> None:
        if not self.parameters[0xEE]:
            self._outbox.say(data + b"\r", now_ms)
            return
        kind = bytes((_QR,))
        if len(data) <= 250:
            self._unacked = [bytes((5 + len(data), 0xF3, 0x00, 0x00)) + kind + data]
        elif self.in_parts:
            pieces = [data[at : at + 200] for at in range(0, len(data), 200)]
            stats = [0x02] * (len(pieces) - 1) + [0x00]
            self._unacked = [
                bytes((5 + len(piece), 0xF3, 0x00, stat)) + kind + piece
                for piece, stat in zip(pieces, stats, strict=True)
            ]
        else:
            length = (8 + len(data)).to_bytes(2, "big")
            self._unacked = [b"\xff\xf4" + length + b"\xf4\x00\x00" + kind + data]
        self._tries = 0
        self._send(now_ms)

    def _send(self, now_ms: int) -> None:
        self._tries += 1
        self.sends += 1
        self._resend_ms = now_ms + _ACK_WAIT_MS
        body = bytearray(self._unacked[0])
        if self._tries > 1:
            body[6 if body[0] == 0xFF and body[1] == 0xF4 else 3] |= 0x01
        self._outbox.say(signed(bytes(body)), now_ms)

    def _send_again(self, now_ms: int) -> None:
        if not self._unacked:
            return
        if self._tries < _SENDS_MAX:
            self._send(now_ms)
        else:
            self._unacked, self._resend_ms = [], None

    def _next_packet(self, now_ms: int) -> None:
        self._unacked, self._resend_ms, self._tries = self._unacked[1:], None, 0
        if self._unacked:
            self._send(now_ms)
