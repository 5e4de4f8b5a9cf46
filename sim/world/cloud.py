"""The cloud of a world: stores and acknowledges the event stream, knows what lies where, sends commands and key sets.

Judges the stream by docs/mqtt.md through ``sim.cloud_log``, as the demo's cloud does. Its faults are late, lost,
doubled and wrong acknowledgements, and being away. Knows only what the broker delivers; must never look at the disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from locker.authority import hotp
from sim.cloud_log import EventLog, Received, read
from sim.whereabouts import ARRIVES, FROM, LEAVES
from sim.world.broker import Broker, Clock
from sim.world.site import DIGITS, PICKUP

COMMAND_LIFE_S = 30
ACK_MS = 200
NO_LONGER_HELD = (*LEAVES, "lapsed")


class Cloud:
    """One cloud for one cabinet. ``stored`` is called for each event that is new to it."""

    def __init__(self, clock: Clock, broker: Broker, stored: Callable[[Received], None]) -> None:
        """Nothing has arrived."""
        self._clock, self._broker, self._stored = clock, broker, stored
        self.away = False
        self.logs: dict[str, EventLog] = {}
        self.doors: dict[int, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.held: dict[int, str] = {}
        self.overdue: set[int] = set()
        self.sms: dict[str, str] = {}
        self.barred: set[str] = set()
        self.conn: dict[str, Any] = {}
        self.malformed = 0
        self.healths = 0
        self.newest_ack = 0
        self.acks_lost = self.acks_doubled = self.acks_wrong = self.ack_late_ms = 0
        self._ack_due = False
        broker.cloud = self

    # --- what arrives -----------------------------------------------------------------------------

    def take(self, tail: str, payload: bytes) -> None:
        """A message of the cabinet's."""
        try:
            self._take(tail, payload)
        except ValueError:
            self.malformed += 1

    def _take(self, tail: str, payload: bytes) -> None:
        if tail == "evt":
            self._event(read(payload))
            return
        fields = json.loads(payload)
        if tail.startswith("door/"):
            self.doors[int(tail.removeprefix("door/"))] = fields
        elif tail == "rsp":
            self.answers[str(fields["id"])] = fields
        elif tail == "conn":
            self.conn = fields
        elif tail == "health":
            self.healths += 1

    def _event(self, event: Received) -> None:
        epoch = str(event.fields["epoch"])
        log = self.logs.setdefault(epoch, EventLog())
        if log.take(event):
            self._stored(event)
            self._note(event.fields)
        if not self._ack_due:
            self._ack_due = True
            self._clock.later(ACK_MS + self.ack_late_ms, self.acknowledge)

    def _note(self, event: dict[str, Any]) -> None:
        kind, door, data = event["type"], event["door"], event["data"]
        if "load" in data:
            self.sms[bytes.fromhex(data["order"]).decode()] = hotp.code(PICKUP, int(data["load"]), DIGITS)
        if kind in ("wrong_door", "quarantine_lifted"):
            (self.barred.add if kind == "wrong_door" else self.barred.discard)(str(data["device"]))
        if kind == "overdue":
            self.overdue.add(door)
        elif kind in NO_LONGER_HELD:
            self.overdue.discard(door)
        if kind in FROM:
            self.held.pop(int(data.get("from", 0)), None)
        if kind in NO_LONGER_HELD:
            self.held.pop(door, None)
        if kind in ARRIVES:
            self.held[door] = bytes.fromhex(data["order"]).decode()

    @property
    def stored(self) -> int:
        """Up to where the stream is stored without a gap."""
        return max((log.contiguous for log in self.logs.values()), default=0)

    # --- what it says -----------------------------------------------------------------------------

    def acknowledge(self) -> None:
        """Say up to where everything is stored."""
        self._ack_due = False
        if self.away:
            return
        for epoch, log in self.logs.items():
            self.newest_ack = max(self.newest_ack, log.contiguous)
            if self.acks_lost:
                self.acks_lost -= 1
                self._clock.met("fault/ack_lost")
                continue
            if self.acks_wrong:
                self.acks_wrong -= 1
                self._clock.met("fault/ack_wrong")
                self._ack("f" * 16, log.contiguous)
                self._ack(epoch, log.contiguous + 1_000_000)
                self._broker.publish_down("ack", b'{"epoch":7}')
            if self.ack_late_ms:
                self._clock.met("fault/ack_late")
            self._ack(epoch, log.contiguous)
            if self.acks_doubled:
                self.acks_doubled -= 1
                self._clock.met("fault/ack_doubled")
                self._ack(epoch, log.contiguous)

    def _ack(self, epoch: str, seq: int) -> None:
        self._broker.publish_down("ack", json.dumps({"epoch": epoch, "seq": seq}).encode())

    def leave(self, away: bool) -> None:
        """Go away, or come back and read what the broker kept."""
        self.away = away
        if not away:
            self._broker.cloud_back()
            self.acknowledge()

    def command(self, fields: dict[str, Any], *, retain: bool = False) -> None:
        """Publish a command as it stands."""
        self._broker.publish_down("cmd", json.dumps(fields, separators=(",", ":")).encode(), retain=retain)

    def raw(self, tail: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish bytes: a malformed command, a key set, a revocation list."""
        self._broker.publish_down(tail, payload, retain=retain)
