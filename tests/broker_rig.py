"""Brokers, peers and wires for the tests of the MQTT driver: what stands on the far side, and a driver to try.

Tests wait for what must come, each for a bounded time, by the driver's own bell; none measures how long it took.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from drivers.mqtt import MqttDriver
from locker import clock
from locker.config import Mqtt
from locker.model import Event, Now, Publish
from sim.broker import EmbeddedBroker

CABINET = "yuhua-01"
ROOT = f"lk/v1/{CABINET}/"
ONLINE = b'{"v":1,"state":"online","boot":"boot-1","epoch":"epoch-1"}'
OFFLINE = b'{"v":1,"state":"offline","boot":"boot-1","epoch":"epoch-1"}'
LIMIT_S = 30
LIMIT_MS = 1000 * LIMIT_S

Start = Callable[..., "subprocess.Popen[bytes]"]


class Rig:
    """A driver with what it said; ``skip_ms`` moves its clock ahead of the real one."""

    def __init__(self, port: int, version: int = 5, cabinet: str = CABINET, **settings: Any) -> None:
        fields = {"host": "127.0.0.1", "tls": False, "keepalive_s": 5, **settings}
        self.bell = threading.Event()
        self.skip_ms = 0
        self.events: list[Event] = []
        self.driver = MqttDriver(
            Mqtt(port=port, version=5 if version == 5 else 4, **fields), cabinet, "boot-1", "epoch-1", self.bell.set
        )

    @property
    def now(self) -> Now:
        """The driver's instant."""
        return Now(clock.boot_ms() + self.skip_ms, clock.wall_ms())

    def until(self, kind: type[Event], count: int = 1) -> Any:
        """Turn the driver until it has said this ``count`` times; the last one."""
        self.until_true(lambda: len(self.said(kind)) >= count, f"{count} {kind.__name__}")
        return (self.said(kind) or [None])[-1]

    def until_true(self, holds: Callable[[], object], what: str) -> None:
        """Turn the driver until something holds."""
        end_ms = clock.boot_ms() + LIMIT_MS
        while not holds():
            assert clock.boot_ms() < end_ms, f"no {what} in time; {self.events} {self.driver.counters()}"
            self.bell.clear()
            self.events += self.driver.refresh(self.now)
            if not holds():
                self.bell.wait(0.02)

    def said(self, kind: type[Event]) -> list[Any]:
        """All events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def publish(self, tag: int, tail: str = "evt", payload: bytes = b"x", retain: bool = False, qos: int = 1) -> None:
        """Hand the driver a publish."""
        self.driver.perform(Publish(tail, payload, qos, retain, tag), self.now)


class Peer:
    """A client on the far side of the broker; ``got`` is what it received: topic, payload, retained."""

    def __init__(self, port: int, version: int, *topics: str) -> None:
        self.changed = threading.Condition()
        self.got: list[tuple[str, bytes, bool]] = []
        self.ready = threading.Event()
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"peer-{os.getpid()}-{id(self)}", protocol=protocol)
        self.client.on_message = self._message
        self.client.on_subscribe = lambda *arguments: self.ready.set()
        self.client.connect("127.0.0.1", port, 60)
        self.client.loop_start()
        for topic in topics:
            self.ready.clear()
            self.client.subscribe(topic, 1)
            assert self.ready.wait(10), "the peer's subscription"

    def _message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        with self.changed:
            self.got.append((message.topic, bytes(message.payload), bool(message.retain)))
            self.changed.notify_all()

    def publish(self, tail: str, payload: bytes, retain: bool = False, qos: int = 1) -> None:
        """Publish under the cabinet's topics and wait until the broker has it."""
        self.client.publish(ROOT + tail, payload, qos, retain).wait_for_publish(10)

    def has(self, wanted: Callable[[list[bytes]], object]) -> bool:
        """Whether the payloads received become so, in a bounded time."""
        with self.changed:
            return self.changed.wait_for(lambda: bool(wanted([payload for _, payload, _ in self.got])), LIMIT_S)

    def close(self) -> None:
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Far:
    """A broker on a port, and what was opened at it."""

    port: int
    version: int
    start: Callable[[], object]
    stop: Callable[[], None]
    process: Callable[[], subprocess.Popen[bytes]] | None = None
    opened: list[Any] = field(default_factory=list)

    def rig(self, **settings: Any) -> Rig:
        """A driver that is ended with the test."""
        rig = Rig(settings.pop("port", self.port), self.version, **settings)
        self.opened.append(rig.driver)
        return rig

    def peer(self, *topics: str) -> Peer:
        """A client that is ended with the test."""
        peer = Peer(self.port, self.version, *topics)
        self.opened.append(peer)
        return peer

    def close(self) -> None:
        """End everything, the newest first."""
        for each in reversed(self.opened):
            each.close()


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds that rings no bell."""
    end_ms = clock.boot_ms() + LIMIT_MS
    pause = threading.Event()
    while not holds():
        assert clock.boot_ms() < end_ms, "it did not come in time"
        pause.wait(0.01)


def listens(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def mosquitto(
    port: int, version: int, tmp_path: Path, start: Start, program: Callable[[str], str], more: str = ""
) -> Far:
    """A Mosquitto of this configuration, not yet started."""
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"user root\nlistener {port} 127.0.0.1\npersistence false\n{more or 'allow_anonymous true'}\n")
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        running.append(start([program("mosquitto"), "-c", settings], name="mosquitto"))
        eventually(lambda: listens(port))

    def end() -> None:
        running[-1].terminate()
        running[-1].wait()

    return Far(port, version, begin, end, lambda: running[-1])


BROKERS = [
    pytest.param(("embedded", 5), id="embedded-5"),
    pytest.param(("embedded", 4), id="embedded-3.1.1"),
    pytest.param(("mosquitto", 5), id="mosquitto-5", marks=pytest.mark.debian("mosquitto")),
    pytest.param(("mosquitto", 4), id="mosquitto-3.1.1", marks=pytest.mark.debian("mosquitto")),
]


def broker(
    kind: str, version: int, ports: list[int], tmp_path: Path, start: Start, program: Callable[[str], str]
) -> Iterator[Far]:
    """A broker of this kind, not yet started; everything opened at it is closed in the end."""
    with contextlib.ExitStack() as parts:
        if kind == "embedded":
            embedded = EmbeddedBroker(*ports)
            parts.callback(embedded.close)
            made = Far(embedded.port(version), version, embedded.start, embedded.stop)
        else:
            made = mosquitto(ports[0], version, tmp_path, start, program)
        parts.callback(made.close)
        yield made


class MakeMosquitto:
    """Makes a running Mosquitto on one port, with more lines of configuration."""

    def __init__(self, port: int, tmp_path: Path, start: Start, program: Callable[[str], str]) -> None:
        self._with = (tmp_path, start, program)
        self._port = port
        self._made: list[Far] = []

    def __call__(self, version: int = 5, more: str = "") -> Far:
        """Start it."""
        self._made.append(mosquitto(self._port, version, *self._with, more))
        self._made[-1].start()
        return self._made[-1]

    def __enter__(self) -> MakeMosquitto:
        return self

    def __exit__(self, *error: object) -> None:
        for each in self._made:
            each.close()


class Relay:
    """A wire between driver and broker that can be cut without a goodbye."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            self._pairs += [near, far]
            for one, other in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._pump, args=(one, other), daemon=True))
                self._threads[-1].start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                other.sendall(data)
        except OSError:
            pass

    def close(self) -> None:
        """Cut: nothing gets through any more, nobody is accepted."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._pairs:
            end.shutdown(socket.SHUT_RDWR) if end.fileno() >= 0 else None
        for thread in self._threads:
            thread.join(5)
        for end in self._pairs:
            end.close()
