"""The far end of the demo's wiring harness, where the locks are on the computer's own pins: coils, switches, the plug.

The controller's process has the pins and the chips on them (``sim.demo_pins``); here are the doors. Between them is
what a harness carries: whether a coil is on comes over a local socket, and ends with the connection, as lines end when
the kernel releases them (each change with its moment on the machine's one clock, "on 25087 4", "off 25287"); how the
switches and sensors stand is in a small file that both sides read by position, so that a chip that loads its inputs
sees them as they are in that moment, bounces and all. Pulled, chips and coils have no supply. Knows channels; must
never know doors, pins or chips.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from struct import Struct

from sim.body import Body, Breach
from sim.kerong_cu24 import Received

COILS, CONTACTS = "coils.sock", "contacts"
STATE = Struct("<QQB")
"""The file: closed switches, full sensors, both as masks with channel 0 lowest; whether the plug is in."""
CAP_MS = 1000
"""No coil may be on for longer, whoever ends the pulse (hardware facts, 4.6). A thread ends these: on a busy machine
it may be late, and by more than 60 ms the driver itself says so."""
_PIECE_BYTES = 4096


class Harness:
    """One plug with a body behind it; plugged in at once. ``mute_replies`` means nothing: there are no replies."""

    def __init__(self, folder: Path, body: Body, pulse_ms: int) -> None:
        """Put socket and file into ``folder``, which is made. Raises ``OSError``."""
        self.body, self._pulse_ms = body, pulse_ms
        self.mute_replies = 0
        self.unlocks: list[tuple[int, int]] = []
        self.plugged = True
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / COILS
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(2)
        self._listener.setblocking(False)
        self._connection: socket.socket | None = None
        self._heard = b""
        self._on: dict[int, int] = {}
        self._file = os.open(folder / CONTACTS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._told = b""
        self._tell(body.now_ms)

    @property
    def received(self) -> Sequence[Received]:
        """Nothing: no requests are on pins."""
        return ()

    @property
    def filenos(self) -> list[int]:
        """Every descriptor that may become readable."""
        return [part.fileno() for part in (self._listener, self._connection) if part is not None]

    def plug(self) -> None:
        """Put it back: the chips have their supply again, and are as after power-on."""
        self.plugged = True

    def unplug(self) -> None:
        """Pull it: nothing has a supply any more."""
        self.plugged = False
        self._all_off(self.body.now_ms, self.body.now_ms)

    def close(self) -> None:
        """Away for good."""
        self._hang_up()
        self._listener.close()
        os.close(self._file)

    def deadline_ms(self) -> int | None:
        """The next millisecond while a contact bounces."""
        now_ms = self.body.now_ms
        bounces = any(now_ms <= box.moved_ms + box.bounce_ms for box in self.body.compartments)
        return now_ms + 1 if bounces else None

    def pump(self, now_ms: int) -> None:
        """Take what the coils do, and show how the switches stand."""
        self.body.advance(now_ms)
        self._accept(now_ms)
        for line in self._lines(now_ms):
            what, at_ms, *channel = line.split(b" ")
            if what == b"on" and self.plugged:
                self._switch_on(int(channel[0]), int(at_ms), now_ms)
            elif what == b"off":
                self._all_off(int(at_ms), now_ms)
        self._tell(now_ms)

    # --- what a board behind a wire has as well ---

    def feed(self, data: bytes, now_ms: int) -> None:
        """There is no wire for bytes."""
        raise ValueError("a harness carries no bytes")

    def refresh(self, now_ms: int) -> bytes:
        """Nothing is ever said."""
        return b""

    # --- inside ---

    def _switch_on(self, channel: int, at_ms: int, now_ms: int) -> None:
        self.unlocks.append((now_ms, channel))
        self._on[channel] = at_ms
        self.body.energise(channel, self._pulse_ms, now_ms)

    def _all_off(self, at_ms: int, now_ms: int) -> None:
        """No coil is on any more, since ``at_ms`` by the other end's word."""
        for channel, since_ms in self._on.items():
            if at_ms > since_ms + CAP_MS:
                self.body.breaches.append(Breach(now_ms, channel, "too_long"))
        lasted_ms = max((at_ms - since_ms for since_ms in self._on.values()), default=None)
        self._on.clear()
        self.body.cut_power(now_ms, lasted_ms)

    def _tell(self, now_ms: int) -> None:
        closed, filled = self.body.closed_contacts(now_ms), self.body.filled()
        state = STATE.pack(closed, filled, self.plugged)
        if state != self._told:
            self._told = state
            os.pwrite(self._file, state, 0)

    def _accept(self, now_ms: int) -> None:
        """Another process connects: the one before it is gone, and its lines with it."""
        try:
            fresh, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._hang_up()
        self._all_off(now_ms, now_ms)
        fresh.setblocking(False)
        self._connection = fresh

    def _lines(self, now_ms: int) -> list[bytes]:
        if self._connection is None:
            return []
        try:
            piece = self._connection.recv(_PIECE_BYTES)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            piece = b""
        if not piece:
            self._hang_up()
            return [b"off %d" % now_ms]
        *lines, self._heard = (self._heard + piece).split(b"\n")
        return lines

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._heard = None, b""
