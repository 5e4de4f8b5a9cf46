"""A USB scanner that types like a keyboard, taken away from the console and the browser while we read it.

Hardware: any scanner in USB keyboard mode, found by its name in ``/dev/input/by-id/..-event-kbd``.
Wire: the kernel's ``struct input_event`` (64-bit: two longs of time, type, code, value); EVIOCGRAB makes the keys ours
alone until the descriptor is closed. US layout, whatever the console's is; a reading ends with Enter.
Source: hardware facts, 5.5; ``linux/input.h``, ``linux/input-event-codes.h`` and the kernel's input documentation.
Quirks: key-ups and auto-repeats are no keys. Half a reading is dropped after ``scanner.quiet_ms`` without a key; a
scanner that never presses Enter is told. A key outside the map (another layout, Alt and digits, Ctrl) spoils its
reading: dropped, counted as bad and told. SYN_DROPPED, when the kernel's buffer of some ten keys ran over, spoils it as
well. Nothing can be said to a keyboard: neither its layout nor its set-up codes can be checked; those are shut with the
maker's sheet, by hand. Some scanners make two nodes; the other one is not grabbed.

The kernel's interface is spoken directly: python-evdev comes as source only (docs/decisions.md).
Knows keys; must never know what a code means.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable

from drivers.port import PortGone, PortLike
from drivers.readings import LINE_BYTES_MAX
from drivers.scanner import ScannerDriver
from drivers.scanner_wire import Piece, Reading, TextWire, Trouble
from locker.config import Scanner

INPUT_EVENT = struct.Struct("@qqHHi")
EVIOCGRAB = 0x40044590
EV_SYN, EV_KEY, SYN_DROPPED = 0x00, 0x01, 3
UP, DOWN = 0, 1
KEY_ENTER, KEY_KPENTER = 28, 96
_READ_BYTES_MAX = 170 * INPUT_EVENT.size
_SHIFTS = frozenset({42, 54})
_SPOILING = frozenset({29, 56, 97, 100, 125, 126})
"""Ctrl, Alt and Meta, left and right: what is typed with them is no character of the map."""
_SILENT = frozenset({58, 69, 70})
"""Caps Lock, Num Lock, Scroll Lock: they change lamps; case is Shift's alone here."""


def _rows() -> dict[int, tuple[int, int]]:
    """Key code to its character without and with Shift: the US layout, row by row as the codes run."""
    rows = (
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (71, "789-456+1230.", "789-456+1230."),
        (57, " ", " "),
        (15, "\t", "\t"),
        (55, "*", "*"),
        (98, "/", "/"),
    )
    return {
        first + offset: (ord(plain), ord(shifted))
        for first, lower, upper in rows
        for offset, (plain, shifted) in enumerate(zip(lower, upper, strict=True))
    }


US_MAP = _rows()


def grab(descriptor: int) -> None:
    """Take the device for us alone. Raises OSError: EBUSY when somebody has it, ENOTTY when it is no input device."""
    fcntl.ioctl(descriptor, EVIOCGRAB, 1)


class InputPort:
    """An input device as a port that only reads. ``path`` is looked up anew at each ``open``."""

    def __init__(self, path: str, seize: Callable[[int], None] = grab) -> None:
        """Name the device; nothing is opened yet. ``seize`` takes an open descriptor for us alone."""
        self._path, self._seize = path, seize
        self._fd: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open as far as is known."""
        return self._fd is not None

    def open(self) -> str:
        """Open and grab; returns the resolved path. Raises ``PortGone``, also when somebody else has grabbed it."""
        self.close()
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._seize(self._fd)
        except OSError as error:
            self.close()
            advice = {
                errno.EBUSY: "another program has grabbed it; stop that one",
                errno.ENOTTY: "no input device; take its name in /dev/input/by-id",
                errno.EACCES: "no right to read it; the user must be in the group input",
            }.get(error.errno or 0, "check the cable and its name in /dev/input/by-id")
            raise PortGone(f"input {self._path}: {error}; {advice}") from error
        return os.path.realpath(self._path)

    def read(self) -> bytes:
        """Whatever has arrived. Raises ``PortGone``."""
        if self._fd is None:
            raise PortGone(f"input {self._path}: not open")
        try:
            data = os.read(self._fd, _READ_BYTES_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.close()
            raise PortGone(f"input {self._path}: {error}") from error
        if not data:
            self.close()
            raise PortGone(f"input {self._path}: hung up")
        return data

    def write(self, data: bytes) -> int:
        """Nothing can be said to a keyboard. Raises ``ValueError``."""
        raise ValueError(f"input {self._path}: takes no bytes")

    def push(self) -> int:
        """Nothing is ever held back."""
        return 0

    def discard(self) -> None:
        """Nothing is ever held back."""

    def fileno(self) -> int | None:
        """The descriptor to wait on, or None when closed."""
        return self._fd

    def close(self) -> None:
        """Let go of the device, and of the grab with it; never raises."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        try:
            os.close(fd)
        except OSError:
            return  # it was gone already


class KeyWire(TextWire):
    """Keys to readings."""

    def __init__(self) -> None:
        """Begin with no key pressed."""
        super().__init__()
        self._buffer = b""
        self._line = bytearray()
        self._held: set[int] = set()
        self._spoilt = ""

    @property
    def holding(self) -> bool:
        """Whether a reading has begun."""
        return bool(self._line or self._spoilt or self._buffer)

    def feed(self, data: bytes, due: bool, ms: int) -> list[Piece]:
        """Take events; returns the readings that Enter ended."""
        self._buffer += data
        whole = len(self._buffer) - len(self._buffer) % INPUT_EVENT.size
        events, self._buffer = self._buffer[:whole], self._buffer[whole:]
        found: list[Piece] = []
        for _, _, kind, code, value in INPUT_EVENT.iter_unpack(events):
            if kind == EV_KEY:
                found += self._key(code, value)
            elif kind == EV_SYN and code == SYN_DROPPED:
                self._held.clear()
                self._spoilt = "keys lost: the kernel's buffer ran over"
        return found

    def settle(self, due: bool) -> list[Piece]:
        """No key for a while: what was typed without Enter is dropped, and no key is held any more."""
        self._buffer = b""
        self._held.clear()
        if not self._line and not self._spoilt:
            return []
        return self._drop(self._spoilt or "no Enter after a reading: set the scanner's suffix to Enter (CR)")

    def _key(self, code: int, value: int) -> list[Piece]:
        if value == UP:
            self._held.discard(code)
            return []
        if value != DOWN or code in _SILENT:
            return []
        if code in _SHIFTS or code in _SPOILING:
            self._held.add(code)
            return []
        if code in (KEY_ENTER, KEY_KPENTER):
            return self._enter()
        character = US_MAP.get(code)
        if character is None or self._held & _SPOILING:
            self._spoilt = self._spoilt or f"key {code} is no character of the US layout: set the scanner to US English"
        elif not self._spoilt:
            self._line.append(character[bool(self._held & _SHIFTS)])
        if len(self._line) > LINE_BYTES_MAX:
            self._spoilt = "over 1024 keys without Enter"
            self._line.clear()
        return []

    def _enter(self) -> list[Piece]:
        if self._spoilt:
            return self._drop(self._spoilt)
        line = bytes(self._line)
        self._line.clear()
        return [Reading(line)] if line else []

    def _drop(self, why: str) -> list[Piece]:
        self._line.clear()
        self._spoilt = ""
        self.bad += 1
        return [Trouble("reading dropped", why)]


class KeyboardDriver(ScannerDriver):
    """One scanner in keyboard mode, behind the ``Driver`` seam."""

    def __init__(self, scanner: Scanner, port: PortLike | None = None) -> None:
        """``port`` is the device named in the configuration unless another is given."""
        super().__init__(scanner, port or InputPort(scanner.port), KeyWire())
