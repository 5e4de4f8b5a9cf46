"""The way to the cloud: one MQTT connection, 5 or 3.1.1, by paho-mqtt.

*Hardware*: whatever carries TCP. *Wire*: MQTT 5 (OASIS, 2019) or 3.1.1; topics of the MQTT contract, section 1; TLS 1.2
or later with the host name checked. *Source*: MQTT contract, sections 1 to 5; paho-mqtt 2.2 as measured.

*Quirks* of paho, and what is done about them:

- ``publish`` while offline keeps the message, and a reconnect sends it again by itself: a client lives for one
  connection only, and the outbox decides what goes again.
- ``on_publish`` may run before ``publish`` returns: callbacks only put into a queue; message ids are looked up in
  ``refresh``, on the thread that called ``publish``.
- A callback that raises ends paho's thread: they are wrapped and counted.
- It ignores the broker's Receive Maximum (Mosquitto: 20) and would be thrown out: waiting publishes are held here.
- Its keepalive notices a frozen broker after about twice that time, and nothing notices when its thread dies: a publish
  without an answer for two keepalives ends the connection from here.
- It names no reason when a connection fails; the exception is read while it is being handled.

The session is persistent but short: a command that was received and not acknowledged is delivered again after a lost
connection or a crash, and 60 s later, when every command has expired, the broker may forget. In 3.1.1 the broker keeps
it as long as it likes; expired, repeated and retained commands are refused by the cabinet in either case.

Knows topics, packets and reason codes; never what a payload means.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from drivers.tls import tls_context
from locker.config import Mqtt
from locker.messages import BYTES_MAX, Conn, encode
from locker.model import (
    Acknowledge,
    Act,
    Delivered,
    DeviceTrouble,
    Event,
    LinkDown,
    LinkUp,
    MessageReceived,
    NotDelivered,
    Now,
    Publish,
)

DOWN = ("cmd", "ack", "keys", "revoked", "config")
PACKET_BYTES_MAX = 65_536
INBOX_MAX = 128
"""Messages waiting for ``refresh``; above what any broker has under way to one client (rumqttd 100, Mosquitto 20)."""
RECEIVE_MAX = 20
SESSION_S = 60
WILL_DELAY_S = 10
SETUP_MS = 20_000
RETRY_MS = 500
STEADY_MS = 10_000
"""A link that held this long makes the next retry a quick one."""
GOODBYE_S = 0.5
NOBODY_LISTENS = 0x10
REFUSED = 0x80
QUOTA_EXCEEDED = 0x97
DISCONNECT_WITH_WILL = 0x04

Put = Callable[..., None]


def _paho_client(mqtt: Mqtt, cabinet_id: str) -> paho.Client:
    """A client for one connection; its own queue holds the window and no more."""
    clean, protocol = (None, paho.MQTTv5) if mqtt.version == 5 else (False, paho.MQTTv311)
    client = paho.Client(
        CallbackAPIVersion.VERSION2, cabinet_id, clean, None, protocol, reconnect_on_failure=False, manual_ack=True
    )
    client.suppress_exceptions = True
    client.max_inflight_messages = mqtt.window
    client.max_queued_messages = mqtt.window + 1  # and the goodbye
    client.reconnect_delay_set(0, 0)
    return client


def _properties(packet: int, **values: int) -> Properties:
    found = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(found, name, value)
    return found


class _Connection:
    """One attempt to connect and, if it succeeds, one connection. Its callbacks run on paho's thread."""

    def __init__(self, mqtt: Mqtt, cabinet_id: str, offline: bytes, tls: ssl.SSLContext | None, put: Put) -> None:
        self._mqtt = mqtt
        self._v5 = mqtt.version == 5
        self._put = put
        self.root = f"lk/v1/{cabinet_id}/"
        self._granted = (False, 0)
        self.errors = 0
        self.abandoned = False
        self.ended = threading.Event()
        self.client = client = _paho_client(mqtt, cabinet_id)
        if tls is not None:
            client.tls_set_context(tls)
        delay = _properties(PacketTypes.WILLMESSAGE, WillDelayInterval=WILL_DELAY_S) if self._v5 else None
        client.will_set(self.root + "up/conn", offline, qos=1, retain=True, properties=delay)
        client.on_socket_open = self._wrapped(self._on_socket_open)
        client.on_connect_fail = self._wrapped(self._on_connect_fail)
        client.on_connect = self._wrapped(self._on_connect)
        client.on_subscribe = self._wrapped(self._on_subscribe)
        client.on_disconnect = self._wrapped(self._on_disconnect)
        client.on_publish = self._wrapped(self._on_publish)
        client.on_message = self._wrapped(self._on_message)

    def start(self) -> None:
        """Begin to connect, on paho's thread; returns at once."""
        options: dict[str, Any] = {}
        if self._v5:
            limits = {"ReceiveMaximum": RECEIVE_MAX, "MaximumPacketSize": PACKET_BYTES_MAX}
            properties = _properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_S, **limits)
            options = {"clean_start": False, "properties": properties}
        self.client.connect_async(self._mqtt.host, self._mqtt.port, self._mqtt.keepalive_s, **options)
        self.client.loop_start()

    def abandon(self, with_will: bool = True) -> None:
        """Disconnect and say no more; the thread ends by itself, at the latest after a keepalive."""
        self.abandoned = True
        reason = ReasonCode(PacketTypes.DISCONNECT, identifier=DISCONNECT_WITH_WILL)
        self.client.disconnect(reason if with_will and self._v5 else None)

    def say_goodbye(self, offline: bytes) -> None:
        """Publish ``offline`` and disconnect; half a second at most, and where it was not heard the will is left."""
        sent = self.client.publish(self.root + "up/conn", offline, qos=1, retain=True)
        if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            sent.wait_for_publish(GOODBYE_S * 0.8)
        self.abandon(with_will=sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or not sent.is_published())
        self.ended.wait(GOODBYE_S * 0.2)

    def _wrapped(self, callback: Callable[..., None]) -> Callable[..., None]:
        def guarded(client: paho.Client, userdata: Any, *arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception:
                self.errors += 1

        return guarded

    def _on_socket_open(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect_fail(self) -> None:
        self._put(self, "down", f"no connection: {sys.exc_info()[1]}")

    def _on_connect(self, flags: Any, reason: ReasonCode, found: Properties) -> None:
        if self.abandoned:
            self.client.disconnect()
        elif reason.is_failure:
            self._put(self, "down", f"connection refused: {reason}")
        else:
            self._granted = (flags.session_present, getattr(found, "ReceiveMaximum", 65_535))
            self.client.subscribe([self._subscription(tail) for tail in DOWN])

    def _subscription(self, tail: str) -> Any:
        topic = f"{self.root}down/{tail}"
        return (topic, SubscribeOptions(qos=1, retainAsPublished=True)) if self._v5 else (topic, 1)

    def _on_subscribe(self, mid: int, reasons: Sequence[ReasonCode], found: Properties) -> None:
        refused = [f"{tail}: {reason}" for tail, reason in zip(DOWN, reasons, strict=True) if reason.is_failure]
        if refused:
            self._put(self, "down", "subscription refused: " + ", ".join(refused))
        else:
            self._put(self, "up", *self._granted)

    def _on_disconnect(self, flags: Any, reason: ReasonCode, found: Properties) -> None:
        self.ended.set()
        by = "by the broker" if flags.is_disconnect_packet_from_server else "connection lost"
        self._put(self, "down", f"{by}: {reason}")

    def _on_publish(self, mid: int, reason: ReasonCode, found: Properties) -> None:
        self._put(self, "published", mid, reason.value)

    def _on_message(self, message: paho.MQTTMessage) -> None:
        tail = message.topic.removeprefix(self.root + "down/")
        self._put(self, "message", tail, bytes(message.payload), bool(message.retain), message.mid, message.qos)


class MqttDriver:
    """The configured broker, for this boot and this epoch of the log (both are in the will and the goodbye).

    ``wake`` is called on paho's thread whenever ``refresh`` has something to do. Nothing is read, opened or connected
    before the first ``refresh``.
    """

    def __init__(self, mqtt: Mqtt, cabinet_id: str, boot_id: str, epoch: str, wake: Callable[[], None]) -> None:
        self._mqtt = mqtt
        self._cabinet_id = cabinet_id
        self._offline = encode(Conn(state="offline", boot=boot_id, epoch=epoch))
        self._wake = wake
        self._facts: deque[tuple[Any, ...]] = deque()
        self._tls: ssl.SSLContext | None = None
        self._connection: _Connection | None = None
        self._closed = False
        self._up = False
        self._flight_max = mqtt.window
        self._waiting: deque[Publish] = deque()
        self._flying: dict[int, tuple[int, int]] = {}  # message id: tag, sent at
        self._handles: dict[int, tuple[int, int]] = {}  # handle: message id, quality of service
        self._handle = 0
        self._at_ms = 0  # next attempt while there is no connection, else the end of the patience with it
        self._up_since_ms = 0
        self._failures = 0
        self._share = zlib.crc32(cabinet_id.encode()) / 2**32
        self._why = ""
        names = ("connects", "links_lost", "published", "taken", "refused", "unsent", "answers_late", "received")
        self._count = dict.fromkeys((*names, "too_long", "dropped", "acks_late", "callback_errors"), 0)

    @property
    def name(self) -> str:
        """Always "mqtt"."""
        return "mqtt"

    def fileno(self) -> int | None:
        """None: ``wake`` is called instead."""
        return None

    def deadline_ms(self) -> int | None:
        """At once when facts wait; else the next attempt to connect, or when patience with the broker ends."""
        if self._closed:
            return None
        if self._facts:
            return 0
        return self._patience_ends_ms() if self._up else self._at_ms

    def refresh(self, now: Now) -> list[Event]:
        """What the broker said since the last time; connects, and gives up a connection that has gone quiet."""
        events: list[Event] = []
        for _ in range(len(self._facts)):
            connection, kind, *details = self._facts.popleft()
            if connection is self._connection:
                events.extend(self._FACTS[kind](self, now, *details))
        if not self._closed:
            events.extend(self._tend(now))
            self._flush(now)
        return events

    def accepts(self, act: Act) -> bool:
        """``Publish`` and ``Acknowledge``."""
        return isinstance(act, Publish | Acknowledge)

    def perform(self, act: Act, now: Now) -> None:
        """Publish, or acknowledge a message. Without a link nothing is kept: ``LinkDown`` has told or will tell."""
        if isinstance(act, Publish):
            self._publish(act, now)
        elif isinstance(act, Acknowledge):
            self._acknowledge(act.handle)

    def counters(self) -> dict[str, int]:
        """Attempts, links lost, publishes by outcome, messages by outcome, errors inside callbacks."""
        errors = self._connection.errors if self._connection else 0
        return {**self._count, "callback_errors": self._count["callback_errors"] + errors}

    def close(self) -> None:
        """Say offline (half a second at most, or the will does) and disconnect."""
        connection, was_up = self._connection, self._up
        self._connection, self._up, self._closed = None, False, True
        if connection is not None and was_up:
            connection.say_goodbye(self._offline)
        elif connection is not None:
            connection.abandon()

    def _put(self, connection: _Connection, kind: str, *details: Any) -> None:
        """Runs on paho's thread: only queue, bounded, and wake."""
        if connection.abandoned:
            return
        if kind == "message" and len(self._facts) >= INBOX_MAX:
            self._count["dropped"] += 1  # not acknowledged: comes again with the next connection
            return
        self._facts.append((connection, kind, *details))
        self._wake()

    def _on_up(self, now: Now, session_present: bool, receive_max: int) -> list[Event]:
        self._up, self._up_since_ms, self._why = True, now.ms, ""
        self._flight_max = min(self._mqtt.window, receive_max)
        return [LinkUp(self._mqtt.version, session_present)]

    def _on_published(self, now: Now, mid: int, reason: int) -> list[Event]:
        tag, _ = self._flying.pop(mid, (None, 0))
        if tag is None:
            return []
        if reason == NOBODY_LISTENS or reason >= REFUSED:
            self._count["refused"] += 1
            return [NotDelivered(tag, reason)]
        self._count["taken"] += 1
        return [Delivered(tag)]

    def _on_message(self, now: Now, tail: str, payload: bytes, retained: bool, mid: int, qos: int) -> list[Event]:
        self._handle += 1
        self._handles[self._handle] = (mid, qos)
        if len(payload) > BYTES_MAX:
            self._count["too_long"] += 1
            self._acknowledge(self._handle)
            return [DeviceTrouble(self.name, "message_too_long", f"down/{tail}: {len(payload)} bytes")]
        self._count["received"] += 1
        return [MessageReceived(tail, payload, retained, self._handle)]

    _FACTS: ClassVar[dict[str, Callable[..., list[Event]]]] = {
        "up": _on_up,
        "down": lambda self, now, why: self._lose(why, now),
        "published": _on_published,
        "message": _on_message,
        "overflow": lambda self, now, tag: [NotDelivered(tag, QUOTA_EXCEEDED)],
    }

    def _tend(self, now: Now) -> list[Event]:
        if self._connection is None:
            return self._connect(now) if now.ms >= self._at_ms else []
        if not self._up:
            return self._lose(f"no session within {SETUP_MS} ms", now) if now.ms >= self._at_ms else []
        ends_ms = self._patience_ends_ms()
        if ends_ms is None or now.ms < ends_ms:
            return []
        self._count["answers_late"] += 1
        return self._lose("a publish had no answer for two keepalives", now)

    def _connect(self, now: Now) -> list[Event]:
        self._count["connects"] += 1
        self._at_ms = now.ms + SETUP_MS
        try:
            self._tls = self._tls or tls_context(self._mqtt)
        except (OSError, ValueError) as error:
            return self._lose(f"tls: {error}", now)
        self._connection = _Connection(self._mqtt, self._cabinet_id, self._offline, self._tls, self._put)
        self._connection.start()
        return []

    def _lose(self, why: str, now: Now) -> list[Event]:
        """Give the connection up; a reason is told once, not at every attempt."""
        if self._connection is not None:
            self._connection.abandon()
            self._count["callback_errors"] += self._connection.errors
        if self._up and now.ms - self._up_since_ms >= STEADY_MS:
            self._failures = 0
        told = self._why == why and not self._up
        self._count["links_lost"] += self._up
        self._connection, self._up, self._why = None, False, why
        self._waiting.clear()
        self._flying.clear()
        self._handles.clear()
        self._at_ms = now.ms + self._retry_ms()
        self._failures += 1
        return [] if told else [LinkDown(why)]

    def _retry_ms(self) -> int:
        """Doubling up to ``retry_s_max``, between half and all of that by the cabinet's id, so that a fleet spreads."""
        longest = min(RETRY_MS * 2 ** min(self._failures, 16), self._mqtt.retry_s_max * 1000)
        return int(longest * (1 + self._share) / 2)

    def _patience_ends_ms(self) -> int | None:
        oldest = next(iter(self._flying.values()), None)
        return None if oldest is None else oldest[1] + 2000 * self._mqtt.keepalive_s

    def _publish(self, act: Publish, now: Now) -> None:
        if not self._up:
            self._count["unsent"] += 1
        elif len(self._waiting) >= self._mqtt.window:
            self._facts.append((self._connection, "overflow", act.tag))
        else:
            self._waiting.append(act)
            self._flush(now)

    def _flush(self, now: Now) -> None:
        """Hand to paho as much as the broker allows to be under way."""
        while self._connection is not None and self._waiting and len(self._flying) < self._flight_max:
            act = self._waiting.popleft()
            topic = f"{self._connection.root}up/{act.tail}"
            sent = self._connection.client.publish(topic, act.payload, qos=act.qos, retain=act.retain)
            if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._count["unsent"] += 1  # the connection has just been lost; LinkDown is in the queue
                return
            self._count["published"] += 1
            self._flying[sent.mid] = (act.tag, now.ms)

    def _acknowledge(self, handle: int) -> None:
        mid, qos = self._handles.pop(handle, (None, 0))
        if mid is None or self._connection is None:
            self._count["acks_late"] += 1  # of a connection that is gone; the broker delivers it again
        else:
            self._connection.client.ack(mid, qos)
