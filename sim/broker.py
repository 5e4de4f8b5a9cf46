"""The embedded broker: rumqttd from the ``iotcore`` wheel, on loopback, with an MQTT 5 and a 3.1.1 listener.

Knows how that broker is configured and started. It must never know what travels through it, and it is never the
broker of a deployment: it keeps nothing on a disk, so a restart forgets sessions and retained messages.

*Quirks* of rumqttd 0.20 as packed in iotcore 0.4: its default listens on every interface, so the addresses are always
given here; it has no way to stop, so iotcore runs it in a child process that ends with its parent; it answers a publish
that nobody subscribes to with success (never 0x10); it passes no retained flag on to those who were there already, also
where they asked for it; and a 3.1.1 client that is sent a message with MQTT 5 properties (such as the will with its
delay) loses its connection in a panic: let all clients of one topic speak one version.
"""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from types import TracebackType

from iotcore import Broker

LOOPBACK = "127.0.0.1"

_LISTENER = """
[{kind}.1]
name = "{kind}-1"
listen = "{host}:{port}"
next_connection_delay_ms = 1
    [{kind}.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
"""

_ROUTER = """id = 0

[router]
id = 0
max_connections = 64
max_outgoing_packet_count = 200
max_segment_size = 4194304
max_segment_count = 10
"""


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def settings(v5_port: int, v4_port: int) -> str:
    """The broker's TOML with both listeners on loopback."""
    listeners = (("v5", v5_port), ("v4", v4_port))
    return _ROUTER + "".join(_LISTENER.format(kind=kind, host=LOOPBACK, port=port) for kind, port in listeners)


class EmbeddedBroker:
    """One broker process. ``v5_port`` and ``v4_port`` of 0 take free ports; they stay the same over a restart.

    ``start`` returns when both listeners accept connections (about 0.15 s) and raises ``OSError`` when a port is taken.
    """

    def __init__(self, v5_port: int = 0, v4_port: int = 0) -> None:
        self.v5_port = v5_port or free_port()
        self.v4_port = v4_port or free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="locker-broker-")
        self._settings = Path(self._folder.name) / "broker.toml"
        self._settings.write_text(settings(self.v5_port, self.v4_port), encoding="utf-8")
        self._broker: Broker | None = None

    def port(self, version: int) -> int:
        """The port for MQTT ``version`` 5 or 4 (3.1.1)."""
        return self.v5_port if version == 5 else self.v4_port

    def start(self) -> EmbeddedBroker:
        """Start the process; does nothing when it runs."""
        if self._broker is None:
            self._broker = Broker(config_path=str(self._settings)).start()
        return self

    def stop(self) -> None:
        """End the process; clients see their connections closed. The ports can be used again at once."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None

    def close(self) -> None:
        """Stop and remove the settings file."""
        self.stop()
        self._folder.cleanup()

    def __enter__(self) -> EmbeddedBroker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
