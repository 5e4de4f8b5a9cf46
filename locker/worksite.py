"""Where commissioning really takes place: this computer's serial ports, pins and descriptors.

Knows names of devices and how to wait for descriptors; is handed the clock. Must never know what is said over a port.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.port import PortLike, SerialPort
from locker.config import Config, Scanner
from locker.config_checks import TCP
from locker.model import Driver, Now

_PORTS = ("serial/by-path/*", "ttyUSB*", "ttyACM*", "ttyAMA*", "serial0")
_KEYBOARDS = "input/by-id/*-event-kbd"
_WAIT_MS_MAX = 1000


def serial_ports(root: Path = Path("/dev")) -> tuple[str, ...]:
    """Names of serial ports that stay the same; where there are none of these, the kernel's. Each device once."""
    names: dict[Path, str] = {}
    for pattern in _PORTS:
        for path in sorted(root.glob(pattern)):
            names.setdefault(path.resolve(), str(path))
    return tuple(names.values())


def keyboards(root: Path = Path("/dev")) -> tuple[str, ...]:
    """Names of devices that type."""
    return tuple(str(path) for path in sorted(root.glob(_KEYBOARDS)))


class Worksite:
    """The surroundings of a ``locker.workbench.Workbench`` on a real computer."""

    def __init__(self, read_clock: Callable[[], Now]) -> None:
        """``read_clock`` is this computer's."""
        self._read_clock = read_clock

    def now(self) -> Now:
        """This moment."""
        return self._read_clock()

    def wait(self, until_ms: int, descriptors: Sequence[int]) -> None:
        """Until then, but a second at most, or until a descriptor has something."""
        left_ms = max(0, min(until_ms - self.now().ms, _WAIT_MS_MAX))
        select.select(list(descriptors), [], [], left_ms / 1000)

    def open_port(self, path: str, baud: int) -> PortLike:
        """A serial server's port, or a serial one; not opened yet."""
        if path.startswith(TCP):
            from drivers.tcp_port import TcpPort

            return TcpPort(path)
        return SerialPort(path, baud)

    def scanner_port(self, scanner: Scanner) -> PortLike | None:
        """None: the driver opens what its configuration names."""
        return None

    def gpio(self, cfg: Config) -> list[Driver]:
        """The drivers of boards on this computer's pins. Raises ``NoPins`` where their library is missing."""
        from drivers.gpio_kinds import gpio_boards

        return [*gpio_boards(cfg)]
