"""A serial port that never waits, and that may vanish and come back under another name.

Hardware: USB adapters and native UARTs; pseudo-terminals in the simulator.
Wire: 8N1, no flow control; opened exclusively, by a name that may be a link such as ``/dev/serial/by-path/...``.
Source: hardware facts, 6.1 (what pyserial does on a pseudo-terminal and after an unplugging).
Quirks: a hung-up descriptor reads as ready for ever, without data: found out by ``ioctl``, by ``poll`` and by counting,
and then told like any other loss, as ``PortGone``. pyserial's own write spins when the output is full, so this module
writes to the descriptor itself, keeps the rest and goes on later.

Knows descriptors; must never know what the bytes mean. The only file that imports ``serial``.
"""

from __future__ import annotations

import os
import select
import termios
from typing import Protocol

import serial

from locker.model import PortBack, PortLost

_HELD_BYTES_MAX = 1024
_HOLLOW_READS_MAX = 8
_OPENING_LOOK_MS, _OPENING_MS_MAX = 10, 2000


class PortGone(OSError):
    """The port cannot be opened, or was open and is not there any more. The port is closed when this is raised."""


class Channel(Protocol):
    """Bytes out, bytes in, at once."""

    def read(self) -> bytes:
        """Whatever has arrived, perhaps nothing. Raises ``PortGone``."""

    def write(self, data: bytes) -> int:
        """Send; what does not fit now is held back. Returns the bytes held back. Raises ``PortGone``."""

    def fileno(self) -> int | None:
        """The descriptor to wait on, or None when closed or when there is none."""

    def close(self) -> None:
        """Let go of the port; never raises."""


class PortLike(Channel, Protocol):
    """A channel with a name that can be opened again; the in-memory pipe of the simulator is one as well."""

    @property
    def is_open(self) -> bool:
        """Whether it is open as far as is known."""

    def open(self) -> str:
        """Open by name and return what the name leads to now, "" where that takes longer: ask again. ``PortGone``."""

    def push(self) -> int:
        """Go on sending what was held back; returns what still is. Raises ``PortGone``."""

    def discard(self) -> None:
        """Forget what was held back and what the kernel has not sent yet. Raises ``PortGone``."""


class SerialPort:
    """A real serial port, or a pseudo-terminal. ``path`` is looked up anew at each ``open``."""

    def __init__(self, path: str, baud: int) -> None:
        """Name the port; nothing is opened yet. ``baud`` in bits per second."""
        self._path, self._baud = path, baud
        self._serial: serial.Serial | None = None
        self._fd = -1
        self._held = bytearray()
        self._poll = select.poll()
        self._hollow_reads = 0

    @property
    def is_open(self) -> bool:
        """Whether it is open as far as is known."""
        return self._serial is not None

    def retune(self, baud: int) -> None:
        """Speak at another rate from the next ``open`` on. ``baud`` in bits per second."""
        self._baud = baud

    def open(self) -> str:
        """Open exclusively, without waiting; returns the resolved path. Raises ``PortGone``, also when in use."""
        self.close()
        try:
            self._serial = serial.Serial(self._path, self._baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:
            raise PortGone(f"port {self._path}: {error}; check the cable, the name and who else has it open") from error
        self._fd = self._serial.fileno()
        self._poll.register(self._fd, select.POLLIN)
        return os.path.realpath(self._path)

    def read(self) -> bytes:
        """Whatever has arrived, taken in one piece. Raises ``PortGone``."""
        port = self._opened()
        try:
            waiting: int = port.in_waiting
            data = os.read(self._fd, waiting) if waiting else b""
        except BlockingIOError:
            return b""
        except (OSError, termios.error) as error:
            raise self._gone(error) from error
        if data:
            self._hollow_reads = 0
        else:
            self._check_hung_up()
        return data

    def write(self, data: bytes) -> int:
        """Send; returns how many bytes are held back because the output is full. Raises ``PortGone``."""
        self._opened()
        if len(self._held) + len(data) > _HELD_BYTES_MAX:
            raise self._gone(f"takes no bytes, {len(self._held)} are held back")
        self._held += data
        return self.push()

    def push(self) -> int:
        """Go on sending what was held back; returns what still is. Raises ``PortGone``."""
        if not self._held:
            return 0
        self._opened()
        try:
            sent = os.write(self._fd, self._held)
        except BlockingIOError:
            return len(self._held)
        except OSError as error:
            raise self._gone(error) from error
        del self._held[:sent]
        return len(self._held)

    def discard(self) -> None:
        """Forget what was held back and what the kernel has not sent yet. Raises ``PortGone``."""
        self._held.clear()
        try:
            self._opened().reset_output_buffer()
        except (OSError, termios.error) as error:
            raise self._gone(error) from error

    def fileno(self) -> int | None:
        """The descriptor to wait on, or None when closed."""
        return self._fd if self._serial is not None else None

    def close(self) -> None:
        """Let go of the port; never raises."""
        port, self._serial = self._serial, None
        self._held.clear()
        self._hollow_reads = 0
        if port is None:
            return
        self._poll.unregister(self._fd)
        self._fd = -1
        try:
            port.close()
        except (OSError, termios.error):
            return  # it was gone already

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise PortGone(f"port {self._path}: not open")
        return self._serial

    def _check_hung_up(self) -> None:
        """Nothing was read: a descriptor that is ready all the same has hung up, or will once too often."""
        ready = self._poll.poll(0)
        if not ready:
            self._hollow_reads = 0
            return
        if ready[0][1] & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
            raise self._gone("hung up")
        self._hollow_reads += 1
        if self._hollow_reads > _HOLLOW_READS_MAX:
            raise self._gone("ready to read but without data")

    def _gone(self, why: object) -> PortGone:
        self.close()
        return PortGone(f"port {self._path}: {why}")


class PortWatch:
    """Opens a driver's port again and again, and tells its loss and its return once each."""

    def __init__(self, device: str, port: PortLike, retry_port_ms: int) -> None:
        """Watch ``port`` for the configured device; tried every ``retry_port_ms`` milliseconds while it is away."""
        self._device, self._port, self._retry_port_ms = device, port, retry_port_ms
        self._lost = False
        self._begun_ms: int | None = None
        self.retry_ms = 0
        self.losses = 0
        self.target = ""

    @property
    def is_lost(self) -> bool:
        """Whether its loss was told, and its return was not yet."""
        return self._lost

    def open(self, now_ms: int) -> list[PortLost | PortBack]:
        """Try to open; the port's ``is_open`` says whether it worked."""
        try:
            self.target = self._port.open()
        except PortGone as error:
            return self.lost(error, now_ms)
        if not self.target:
            return self._not_yet(now_ms)
        self._begun_ms = None
        was_lost, self._lost = self._lost, False
        return [PortBack(self._device, self.target)] if was_lost else []

    def lost(self, why: PortGone, now_ms: int) -> list[PortLost | PortBack]:
        """Note that the port is gone; the next try is one interval away."""
        self._port.close()
        self._begun_ms = None
        self.retry_ms = now_ms + self._retry_port_ms
        if self._lost:
            return []
        self._lost = True
        self.losses += 1
        return [PortLost(self._device, str(why))]

    def _not_yet(self, now_ms: int) -> list[PortLost | PortBack]:
        """Look again soon; a port that has not opened in two seconds is away."""
        if self._begun_ms is None:
            self._begun_ms = now_ms
        if now_ms >= self._begun_ms + _OPENING_MS_MAX:
            return self.lost(PortGone(f"{self._device}: no connection in {_OPENING_MS_MAX} ms"), now_ms)
        self.retry_ms = now_ms + _OPENING_LOOK_MS
        return []
