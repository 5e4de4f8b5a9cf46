"""A GM65 QR scanner: text of codes in, settings out, both on one wire.

Hardware: Hangzhou Grow GM65 and those with the same zones (``drivers.gm65_setup`` checks the model first).
Wire: UART 9600 8N1 by default, or USB virtual COM; ``drivers.gm65_frames`` has the bytes.
Source: hardware facts, 0.11, 5.1 and 7.1.
Quirks: replies and scanned text share the wire, so codes are taken at any time, also in the middle of the set-up. A
terminator can be lost: after 150 ms of quiet a line is given out as it is, the token's own checks decide. Over 1024
bytes without an end are dropped up to the next end or quiet, and reported. A reply that comes after its time-out would
answer the next question: so after one, nothing is asked for another ``reply_ms``. Settings that a firmware acknowledges
but does not keep are reported; a module that does not answer at all is reported once, still read from, and tried again
every 30 seconds.

Knows bytes; must never know what a code means, nor read a clock. What a repeated code means is decided by the cabinet.
"""

from __future__ import annotations

from drivers.gm65_frames import Lines, Reply, Sorter
from drivers.gm65_setup import Outcome, Script, configure
from drivers.port import PortGone, PortLike, PortWatch
from locker.config import Scanner
from locker.model import Act, DeviceTrouble, Event, Now, Scanned

_QUIET_MS = 150
_TRIES_MAX = 3
_SETUP_RETRY_MS = 30_000
_USB_NAME = "ttyACM"


class Gm65Driver:
    """One scanner, behind the ``Driver`` seam."""

    def __init__(self, scanner: Scanner, port: PortLike) -> None:
        """A scanner on a port; it is set up at each connection when ``scanner.configure`` says so."""
        self._scanner, self._port = scanner, port
        self._watch = PortWatch(scanner.name, port, scanner.retry_port_ms)
        self._sorter, self._lines = Sorter(), Lines()
        self._events: list[Event] = []
        self._told: set[str] = set()
        self._counts = dict.fromkeys(("scans", "unterminated", "sent", "lost", "late", "saved", "cut_off"), 0)
        self._now_ms = self._heard_ms = 0
        self._usb = False
        self._script: Script | None = None
        self._request = b""
        self._due = False
        self._held = 0
        self._tries = 0
        self._step_ms: int | None = None

    @property
    def name(self) -> str:
        """The configured scanner's name."""
        return self._scanner.name

    def fileno(self) -> int | None:
        """The port's descriptor, or None while it is away."""
        return self._port.fileno()

    def deadline_ms(self) -> int | None:
        """When a line counts as ended, a reply as lost, or the port is tried again; None when only bytes can matter."""
        if self._events:
            return self._now_ms
        if not self._port.is_open:
            return self._watch.retry_ms
        if self._held:
            return self._now_ms + 1
        quiet_ms = self._heard_ms + _QUIET_MS if self._lines.pending or self._sorter.holding else None
        if quiet_ms is None or self._step_ms is None:
            return self._step_ms if quiet_ms is None else quiet_ms
        return min(quiet_ms, self._step_ms)

    def refresh(self, now: Now) -> list[Event]:
        """Take what has arrived, go on with the set-up, and return the codes read."""
        if self._port.is_open:
            self._turn(now.ms)
        elif now.ms >= self._watch.retry_ms:
            self._reopen(now.ms)
        self._now_ms = now.ms
        if not self._events:
            return []
        events, self._events = self._events, []
        return events

    def accepts(self, act: Act) -> bool:
        """Nothing: a scanner only tells."""
        return False

    def perform(self, act: Act, now: Now) -> None:
        """Raises ``ValueError``: there is nothing to order."""
        raise ValueError(f"scanner {self.name}: takes no orders, got {act!r}")

    def counters(self) -> dict[str, int]:
        """Codes, unterminated and overlong lines, commands sent, replies lost, late or bad, saves, port losses."""
        more = {"overlong": self._lines.overlong, "bad": self._sorter.bad, "port_lost": self._watch.losses}
        return self._counts | more

    def close(self) -> None:
        """Let go of the port; a scanner has no output to switch off."""
        self._port.close()

    def _turn(self, ms: int) -> None:
        try:
            self._held = self._port.push() if self._held else 0
            data = self._port.read()
            if data:
                self._heard_ms = ms
                self._sort(data, ms)
            elif (self._lines.pending or self._sorter.holding) and ms >= self._heard_ms + _QUIET_MS:
                self._end_of_talk()
            if self._step_ms is not None and ms >= self._step_ms:
                self._step(ms)
        except PortGone as error:
            self._lose_port(error, ms)

    def _sort(self, data: bytes, ms: int) -> None:
        for piece in self._sorter.feed(data, self._due):
            if isinstance(piece, Reply):
                self._take_reply(piece, ms)
            else:
                self._take_text(piece)

    def _take_text(self, text: bytes) -> None:
        overlong = self._lines.overlong
        for line in self._lines.feed(text):
            self._scan(line)
        if self._lines.overlong > overlong:
            self._events.append(DeviceTrouble(self.name, "code too long", "over 1024 bytes without an end: dropped"))

    def _end_of_talk(self) -> None:
        """It has been quiet: what is held back is complete, with or without a terminator."""
        self._take_text(self._sorter.settle(self._due))
        line = self._lines.take()
        if line:
            self._counts["unterminated"] += 1
            self._scan(line)

    def _scan(self, line: bytes) -> None:
        self._counts["scans"] += 1
        self._events.append(Scanned(line, self.name))

    def _take_reply(self, reply: Reply, ms: int) -> None:
        if not self._due or len(reply.data) != 1:
            self._counts["late"] += 1
            return
        self._due = False
        self._advance(reply.data, ms)

    def _step(self, ms: int) -> None:
        """The set-up's next moment has come: a time-out, the end of a rest, or a fresh start."""
        if self._script is None:
            self._script = configure(self._usb)
            self._tries = 0
            self._send(next(self._script), ms)
        elif self._due:
            self._lose_reply(ms)
        else:
            self._send(self._request, ms)

    def _lose_reply(self, ms: int) -> None:
        self._take_text(self._sorter.settle(self._due))
        self._due = False
        self._counts["lost"] += 1
        self._tries += 1
        self._held = 0
        self._port.discard()
        if self._tries < _TRIES_MAX:
            self._step_ms = ms + self._scanner.reply_ms
        else:
            self._advance(None, ms)

    def _advance(self, data: bytes | None, ms: int) -> None:
        if self._script is None:
            return
        try:
            request = self._script.send(data)
        except StopIteration as stop:
            self._finish(stop.value, ms)
            return
        self._tries = 0
        self._send(request, ms)

    def _send(self, request: bytes, ms: int) -> None:
        self._request, self._due = request, True
        self._step_ms = ms + self._scanner.reply_ms
        self._counts["sent"] += 1
        self._held = self._port.write(request)

    def _finish(self, outcome: Outcome, ms: int) -> None:
        self._script = None
        self._step_ms = None if outcome.done else ms + _SETUP_RETRY_MS
        self._counts["saved"] += outcome.saved
        for what, detail in outcome.troubles:
            self._trouble(what, detail)
        if not outcome.done:
            self._trouble("not configured", "it does not answer; codes are still read, check baud rate and wires")

    def _trouble(self, what: str, detail: str) -> None:
        if what + detail not in self._told:
            self._told.add(what + detail)
            self._events.append(DeviceTrouble(self.name, what, detail))

    def _lose_port(self, error: PortGone, ms: int) -> None:
        self._events += self._watch.lost(error, ms)
        self._counts["cut_off"] += self._lines.pending
        self._lines.take()
        self._sorter.settle(False)
        self._script, self._due, self._held, self._step_ms = None, False, 0, None
        self._told.clear()

    def _reopen(self, ms: int) -> None:
        self._events += self._watch.open(ms)
        if self._port.is_open:
            self._usb = _USB_NAME in self._watch.target
            self._step_ms = ms if self._scanner.configure else None
            self._turn(ms)
