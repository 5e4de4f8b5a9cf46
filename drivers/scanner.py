"""What all scanners share: one driver, to which each model adds how it speaks (its ``Wire``).

Hardware: any scanner behind a port that opens by name; the port may vanish and come back under another name.
Wire: whatever the model's ``Wire`` says; text, answers to our questions and framed readings come on one line.
Source: hardware facts, 0.11, 5 and 6.1.
Quirks: codes are taken at any time, also in the middle of the set-up. A terminator can be lost, and a wire can pause
inside a code (``drivers.readings``). An answer that comes after its time-out would answer the next question: so after
one, nothing is asked for another ``reply_ms``. A scanner that does not answer is reported once, still read from, and
tried again every 30 seconds. With ``baud = 0`` the rate is looked for by asking the model's own question at each rate;
until it is found nothing is told as a code, because at a wrong rate anything arrives.

A scanner whose set-up codes cannot be shut (``Outcome.closed`` is false) is set up again every ``check_s``, and at
once, but at most once a minute, when something shown looked like a set-up code or changed how it speaks.

Knows bytes; must never know what a code means, nor read a clock. What a repeated code means is decided by the cabinet.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.port import PortGone, PortLike, PortWatch
from drivers.readings import Readings
from drivers.scanner_wire import Answer, Outcome, Piece, Reading, Say, Script, Trouble, Wire
from locker.config import Scanner
from locker.model import Act, DeviceKnown, DeviceTrouble, Event, Now, Scanned

_TRIES_MAX = 3
_SETUP_RETRY_MS = 30_000
_ALARM_REST_MS = 60_000
_USB_NAME = "ttyACM"


class ScannerDriver:
    """One scanner, behind the ``Driver`` seam."""

    def __init__(
        self, scanner: Scanner, port: PortLike, wire: Wire, retune: Callable[[int], None] | None = None
    ) -> None:
        """A scanner on a port; it is set up at each connection when ``scanner.configure`` says so.

        ``retune`` sets the rate of the port's next opening, in bits per second; needed where ``scanner.baud`` is 0.
        """
        self._scanner, self._port, self._wire, self._retune = scanner, port, wire, retune
        self._watch = PortWatch(scanner.name, port, scanner.retry_port_ms)
        self._readings = Readings(scanner.ending, scanner.quiet_ms)
        self._events: list[Event] = []
        self._told: set[str] = set()
        self._counts = dict.fromkeys(("scans", "sent", "lost", "late", "saved", "cut_off", "unreadable"), 0)
        self._now_ms = self._heard_ms = 0
        self._usb = False
        self._script: Script | None = None
        self._request = b""
        self._due = False
        self._held = 0
        self._tries = 0
        self._step_ms: int | None = None
        self._trigger_ms: int | None = None
        self._triggered_ms = -scanner.reply_ms
        self._alarm_ms: int | None = None
        self._set_up = False
        self._version = ""
        self._rate = 0
        self._found = scanner.baud != 0

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
        quiet_ms = self._heard_ms + self._scanner.quiet_ms if self._unsettled else None
        return min((ms for ms in (quiet_ms, self._step_ms, self._trigger_ms) if ms is not None), default=None)

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
        text = self._readings
        more = {"overlong": text.overlong, "unterminated": text.unterminated, "rejoined": text.rejoined}
        return self._counts | more | {"bad": self._wire.bad, "port_lost": self._watch.losses}

    def close(self) -> None:
        """Let go of the port; a scanner has no output to switch off."""
        self._port.close()

    @property
    def _unsettled(self) -> bool:
        return self._readings.pending or self._wire.holding

    def _turn(self, ms: int) -> None:
        try:
            self._held = self._port.push() if self._held else 0
            data = self._port.read()
            if data:
                self._heard_ms = ms
                self._sort(self._wire.feed(data, self._due, ms), ms)
            elif self._unsettled and ms >= self._heard_ms + self._scanner.quiet_ms:
                self._end_of_talk(ms)
            if self._step_ms is not None and ms >= self._step_ms:
                self._step(ms)
            if self._trigger_ms is not None and ms >= self._trigger_ms:
                self._pull_trigger(ms)
        except PortGone as error:
            self._lose_port(error, ms)

    # Readings.

    def _sort(self, pieces: list[Piece], ms: int) -> None:
        for piece in pieces:
            if isinstance(piece, Answer):
                self._take_answer(piece, ms)
            elif isinstance(piece, Reading):
                self._scan(piece.data, ms)
            elif isinstance(piece, Say):
                self._held = self._port.write(piece.data)
            elif isinstance(piece, Trouble):
                self._trouble(piece.what, piece.detail)
            else:
                self._take_text(piece, ms)
        why = self._wire.alarm()
        if why:
            self._raise_alarm(why, ms)

    def _take_text(self, text: bytes, ms: int) -> None:
        overlong = self._readings.overlong
        for line in self._readings.feed(text, ms):
            self._scan(line, ms)
        if self._readings.overlong > overlong:
            self._events.append(DeviceTrouble(self.name, "code too long", "over 1024 bytes without an end: dropped"))

    def _end_of_talk(self, ms: int) -> None:
        """It has been quiet: what is held back is complete, with or without a terminator."""
        self._sort(self._wire.settle(self._due), ms)
        line = self._readings.settle(ms)
        if line:
            self._scan(line, ms)

    def _scan(self, line: bytes, ms: int) -> None:
        if not self._found:
            self._counts["unreadable"] += 1
            return
        self._counts["scans"] += 1
        self._events.append(Scanned(line, self.name))
        if self._wire.trigger is not None and self._trigger_ms is not None:
            self._trigger_ms = min(self._trigger_ms, ms + self._wire.trigger.after_ms)
        if self._wire.looks_like_setup(line):
            self._raise_alarm("set-up code shown", ms)

    def _raise_alarm(self, why: str, ms: int) -> None:
        """Something may have been changed: look at once, or a minute after the last time this was said."""
        if self._script is not None or not self._scanner.configure or not self._set_up:
            return
        if self._alarm_ms is not None and ms < self._alarm_ms + _ALARM_REST_MS:
            self._step_ms = min(self._step_ms or ms + _ALARM_REST_MS, self._alarm_ms + _ALARM_REST_MS)
            return
        self._alarm_ms = self._step_ms = ms
        self._events.append(DeviceTrouble(self.name, why, "its settings are made again"))

    def _pull_trigger(self, ms: int) -> None:
        trigger = self._wire.trigger
        if trigger is None:
            return
        if self._held or self._script is not None:
            self._trigger_ms = ms + trigger.after_ms
            return
        self._trigger_ms = ms + trigger.every_ms
        self._triggered_ms = ms
        self._counts["sent"] += 1
        self._held = self._port.write(trigger.command)

    # The dialogue of questions and answers.

    def _take_answer(self, answer: Answer, ms: int) -> None:
        if not self._due or not self._wire.answers(self._request, answer.data):
            self._counts["late"] += 1
            return
        self._due = False
        self._advance(answer.data, ms)

    def _step(self, ms: int) -> None:
        """The dialogue's next moment has come: a time-out, the end of a rest, or a fresh start."""
        if self._script is None and ms < self._triggered_ms + self._scanner.reply_ms:
            self._step_ms = self._triggered_ms + self._scanner.reply_ms
        elif self._script is None:
            self._script = self._wire.setup(self._usb) if self._found else self._probe()
            self._step_ms, self._tries = None, 0
            if self._script is not None:
                self._advance(None, ms)
        elif self._due:
            self._lose_reply(ms)
        else:
            self._send(self._request, ms)

    def _probe(self) -> Script:
        """Ask the one question; whoever answers it, with whatever, is there."""
        answer = yield self._wire.question
        return Outcome(answer is not None)

    def _lose_reply(self, ms: int) -> None:
        self._sort(self._wire.settle(self._due), ms)
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
        if not self._found:
            self._finish_probe(outcome, ms)
            return
        self._step_ms = self._next_check_ms(outcome, ms)
        self._counts["saved"] += outcome.saved
        for what, detail in outcome.troubles:
            self._trouble(what, detail)
        if not outcome.done:
            self._trouble("not configured", "it does not answer; codes are still read, check baud rate and wires")
            self._found = self._scanner.baud != 0
            return
        if self._set_up and outcome.changed:
            found = ", ".join(outcome.changed)
            self._events.append(DeviceTrouble(self.name, "setting changed", f"{found}: found changed and made again"))
        self._set_up = True
        if outcome.version not in ("", self._version):
            self._version = outcome.version
            self._events.append(DeviceKnown(self.name, outcome.version))

    def _next_check_ms(self, outcome: Outcome, ms: int) -> int | None:
        if not outcome.done:
            return ms + _SETUP_RETRY_MS
        return None if outcome.closed else ms + max(self._scanner.check_s * 1000, self._wire.check_ms_min)

    def _trouble(self, what: str, detail: str) -> None:
        if what + detail not in self._told:
            self._told.add(what + detail)
            self._events.append(DeviceTrouble(self.name, what, detail))

    # The rate.

    def _finish_probe(self, outcome: Outcome, ms: int) -> None:
        rates = self._wire.rates
        if outcome.done:
            self._found = True
            self._trouble("baud rate found", f"{rates[self._rate]}; write it to scanner.baud")
            self._begin(ms)
            return
        self._rate = (self._rate + 1) % len(rates)
        self._step_ms = ms
        if self._rate == 0:
            self._trouble("not found at any rate", "it answers at none; check the wires, or that its kind is right")
            self._step_ms = ms + _SETUP_RETRY_MS
        step_ms = self._step_ms
        self._wire.settle(False)
        self._readings.forget()
        self._tune()
        self._events += self._watch.open(ms)
        self._step_ms = step_ms if self._port.is_open else None

    def _tune(self) -> None:
        if self._retune is not None and self._scanner.baud == 0:
            self._retune(self._wire.rates[self._rate])

    # The port.

    def _begin(self, ms: int) -> None:
        """It can be talked to now: set it up, and have it read."""
        self._step_ms = ms if self._scanner.configure or not self._found else None
        wanted = self._wire.trigger is not None and self._scanner.configure and self._found
        self._trigger_ms = ms if wanted else None

    def _lose_port(self, error: PortGone, ms: int) -> None:
        self._events += self._watch.lost(error, ms)
        self._counts["cut_off"] += self._readings.forget()
        self._wire.settle(False)
        self._script, self._due, self._held, self._step_ms, self._trigger_ms = None, False, 0, None, None
        self._set_up = False
        self._told.clear()

    def _reopen(self, ms: int) -> None:
        if not self._watch.target or self._scanner.baud == 0:
            self._tune()
        self._events += self._watch.open(ms)
        if self._port.is_open:
            self._usb = _USB_NAME in self._watch.target
            self._begin(ms)
            self._turn(ms)
