"""The simulated cloud: stores and acknowledges events, issues tokens, sends commands, keeps the latest state.

A library for the demo, the bench and the tests; written from docs/mqtt.md, not from the cabinet's code. It serves any
number of cabinets over one connection of its own thread. Knows the far side of the broker only: never a cabinet's
database, process or configuration. Deliberate faults: acknowledgements off, offline.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from locker import clock
from locker.model import Purpose, Size
from sim.cloud_log import EventLog, read

COMMAND_LIFE_S = 30
RECEIPTS_MAX = 200_000
ROOT = "lk/v1/"


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a cabinet; ``tail`` is the topic after ``up/``."""

    cabinet: str
    tail: str
    payload: bytes
    retained: bool


@dataclass(slots=True)
class CabinetView:
    """What the cloud knows of one cabinet: the latest of each message, and its event logs by epoch."""

    conn: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    doors: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, EventLog] = field(default_factory=dict)
    receipts: deque[bytes] = field(default_factory=lambda: deque(maxlen=RECEIPTS_MAX))
    acks: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=RECEIPTS_MAX))
    malformed: int = 0


class Cloud:
    """One cloud. ``issue`` signs tokens (``locker.authority.issue.issue`` with the key bound).

    ``on_message`` is called for each message on the connection's thread, outside the lock; what it raises is counted in
    ``hook_errors``. All methods may be called from any thread.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        version: int = 5,
        issue: Callable[..., str] | None = None,
        on_message: Callable[[Message], None] | None = None,
        wall_s: Callable[[], int] = clock.wall_s,
        name: str = "cloud",
    ) -> None:
        self._host, self._port, self._version, self._name = host, port, version, name
        self._issue = issue
        self._hook = on_message
        self._wall_s = wall_s
        self._changed = threading.Condition()
        self._views: dict[str, CabinetView] = {}
        self._client: paho.Client | None = None
        self._connected = False
        self._numbers = 0
        self._begun_s = wall_s()
        self.acks_on = True
        self.hook_errors = 0

    # --- the connection

    def start(self, timeout_s: float = 10.0) -> Cloud:
        """Connect and subscribe. Raises ``TimeoutError`` when that has not worked in time (it goes on trying)."""
        if self._client is None:
            self._client = client = self._new_client()
            client.connect_async(self._host, self._port, keepalive=30)
            client.loop_start()
        if not self.wait_for(lambda: self._connected, timeout_s):
            raise TimeoutError(f"no broker at {self._host}:{self._port} after {timeout_s} s; is it running?")
        return self

    def stop(self) -> None:
        """Disconnect (also the fault "cloud offline"); ``start`` comes back with everything that was stored."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()
        with self._changed:
            self._connected = False
            self._changed.notify_all()

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the subscription."""
        return self._connected

    def _new_client(self) -> paho.Client:
        protocol = paho.MQTTv5 if self._version == 5 else paho.MQTTv311
        client = paho.Client(CallbackAPIVersion.VERSION2, self._name, protocol=protocol)
        client.max_inflight_messages = 20
        client.reconnect_delay_set(1, 2)
        client.on_connect = lambda client, userdata, flags, reason, found: client.subscribe(f"{ROOT}+/up/#", qos=1)
        client.on_subscribe = lambda *arguments: self._link(True)
        client.on_disconnect = lambda *arguments: self._link(False)
        client.on_message = self._on_message
        return client

    def _link(self, up: bool) -> None:
        with self._changed:
            self._connected = up
            self._changed.notify_all()

    # --- what arrives

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        cabinet, _, tail = message.topic.removeprefix(ROOT).partition("/up/")
        arrived = Message(cabinet, tail, bytes(message.payload), bool(message.retain))
        with self._changed:
            view = self._views.setdefault(cabinet, CabinetView())
            try:
                acknowledge = self._store(view, arrived)
            except ValueError:
                view.malformed += 1
                acknowledge = None
            self._changed.notify_all()
        if acknowledge is not None and self.acks_on:
            self.acknowledge(cabinet, *acknowledge)
        if self._hook is not None:
            try:
                self._hook(arrived)
            except Exception:
                self.hook_errors += 1

    def _store(self, view: CabinetView, message: Message) -> tuple[str, int] | None:
        """Keep a message; for an event the epoch and the number up to which all is stored."""
        if message.tail == "evt":
            return self._store_event(view, message.payload)
        fields = json.loads(message.payload)
        if not isinstance(fields, dict):
            raise ValueError(f"{message.tail}: not an object")
        if message.tail.startswith("door/"):
            view.doors[int(message.tail.removeprefix("door/"))] = fields
        elif message.tail == "rsp":
            view.answers[str(fields.get("id", ""))] = fields
        elif message.tail in ("conn", "info", "health"):
            setattr(view, message.tail, fields)
        return None

    def _store_event(self, view: CabinetView, payload: bytes) -> tuple[str, int]:
        event = read(payload)
        view.receipts.append(payload)
        epoch = str(event.fields["epoch"])
        log = view.logs.setdefault(epoch, EventLog())
        log.take(event)
        return epoch, log.contiguous

    # --- what is seen of it

    def view(self, cabinet: str) -> CabinetView:
        """A copy of what is known; the logs in it are the live ones, to be read with ``events`` instead."""
        with self._changed:
            known = self._views.get(cabinet, CabinetView())
            return CabinetView(
                dict(known.conn),
                dict(known.info),
                dict(known.health),
                dict(known.doors),
                dict(known.answers),
                dict(known.logs),
                known.receipts.copy(),
                known.acks.copy(),
                known.malformed,
            )

    def events(self, cabinet: str, epoch: str | None = None) -> list[dict[str, Any]]:
        """Every event once, in order, of one epoch or of all in the order in which they appeared."""
        with self._changed:
            logs = self._views.get(cabinet, CabinetView()).logs
            return [event for name, log in logs.items() if epoch in (None, name) for event in log.events()]

    def sound(self, cabinet: str) -> bool:
        """Whether every stored log of this cabinet is complete, without contradiction and in one chain."""
        with self._changed:
            view = self._views.get(cabinet, CabinetView())
            return view.malformed == 0 and all(log.sound for log in view.logs.values())

    def wait_for(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``holds`` is true, looking again after each message; False when it is not in time."""
        with self._changed:
            return self._changed.wait_for(holds, timeout_s)

    def wait_event(self, cabinet: str, kind: str, timeout_s: float, **wanted: Any) -> dict[str, Any] | None:
        """The first event of this type with these fields (``door=7``), waited for; None when it does not come."""
        found: list[dict[str, Any]] = []

        def holds() -> bool:
            of_kind = (event for event in self.events(cabinet) if event["type"] == kind)
            found.extend(e for e in of_kind if all(e.get(key) == value for key, value in wanted.items()))
            return bool(found)

        return found[0] if self.wait_for(holds, timeout_s) else None

    # --- what it says

    def acknowledge(self, cabinet: str, epoch: str, seq: int) -> None:
        """Tell a cabinet that everything up to ``seq`` is stored."""
        with self._changed:
            view = self._views.setdefault(cabinet, CabinetView())
            view.acks.append((len(view.receipts), seq))
        self._publish(cabinet, "ack", {"epoch": epoch, "seq": seq})

    def acknowledge_all(self, cabinet: str) -> None:
        """Acknowledge what every log holds; for when acknowledgements are switched on again."""
        with self._changed:
            stored = [(epoch, log.contiguous) for epoch, log in self._views.get(cabinet, CabinetView()).logs.items()]
        for epoch, seq in stored:
            self.acknowledge(cabinet, epoch, seq)

    def take_over(self, cabinet: str, epoch: str, after: int) -> None:
        """Begin a log in the middle: another cloud has stored all up to ``after``."""
        with self._changed:
            self._views.setdefault(cabinet, CabinetView()).logs[epoch] = EventLog(after)

    def send(self, cabinet: str, op: str, *, retain: bool = False, **fields: Any) -> str:
        """Send a command and return its id. ``grant``, ``args``, ``exp``, ``id`` and ``v`` may be given."""
        command = {"v": 1, "id": self._next_id(), "op": op, "exp": self._wall_s() + COMMAND_LIFE_S, **fields}
        self._publish(cabinet, "cmd", command, retain)
        return str(command["id"])

    def answer(self, cabinet: str, command_id: str, timeout_s: float) -> dict[str, Any] | None:
        """The cabinet's answer to a command, waited for; None when it does not come in time."""
        known: dict[str, dict[str, Any]] = {}

        def holds() -> bool:
            known.update(self._views.get(cabinet, CabinetView()).answers)
            return command_id in known

        return known[command_id] if self.wait_for(holds, timeout_s) else None

    def token(self, cabinet: str, purpose: Purpose, *, life_s: int = 3600, **claims: Any) -> str:
        """A signed token for this cabinet, valid from now; ``order``, ``door``, ``size``, ``sub`` ... as needed."""
        if self._issue is None:
            raise ValueError("this cloud has no key; give it issue= to make tokens")
        iat = self._wall_s()
        cti = hashlib.sha256(self._next_id().encode()).digest()[:16]
        return self._issue(aud=cabinet, purpose=purpose, iat=iat, exp=iat + life_s, cti=cti, **claims)

    def open(self, cabinet: str, purpose: Purpose, *, size: Size | None = None, **claims: Any) -> str:
        """Issue a token and send it as a grant; returns the command's id."""
        return self.send(cabinet, "open", grant=self.token(cabinet, purpose, size=size, **claims))

    def put_keys(self, cabinet: str, raw: bytes) -> None:
        """Leave a key set for a cabinet: the root's bytes, retained, for now and for every reconnect."""
        self._publish_bytes(cabinet, "keys", raw, retain=True)

    def put_revoked(self, cabinet: str, raw: bytes) -> None:
        """Leave a revocation list for a cabinet, retained as well."""
        self._publish_bytes(cabinet, "revoked", raw, retain=True)

    def _publish(self, cabinet: str, tail: str, fields: dict[str, Any], retain: bool = False) -> None:
        payload = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        self._publish_bytes(cabinet, tail, payload, retain)

    def _publish_bytes(self, cabinet: str, tail: str, payload: bytes, retain: bool) -> None:
        client = self._client
        if client is not None:
            client.publish(f"{ROOT}{cabinet}/down/{tail}", payload, qos=1, retain=retain)

    def _next_id(self) -> str:
        with self._changed:
            self._numbers += 1
            return f"{self._name}-{self._begun_s}-{self._numbers}"
