"""Registers of chips on an I2C bus, through the kernel's ``/dev/i2c-N``.

Hardware: any I2C bus of the kernel; on a Raspberry Pi the header's pins 3 and 5 (``dtparam=i2c_arm=on``).
Wire: a write is START, address, register, data, STOP; a read is a write of the register alone, then a read.
Source: the kernel's ``i2c-dev`` (``Documentation/i2c/dev-interface.rst``, ``include/uapi/linux/i2c-dev.h``).
Quirks: a bus that hangs would hold up the whole turn for the adapter's time-out, a second by default: it is set to 20
ms, without repetitions. A chip that a kernel driver has taken (gpio-pca953x) is refused as busy, and so it should be.

Knows addresses and registers; must never know what a register does. Needs no library: three ``ioctl``.
"""

from __future__ import annotations

import fcntl
import os
from typing import Protocol

_I2C_RETRIES, _I2C_TIMEOUT, _I2C_SLAVE = 0x0701, 0x0702, 0x0703
_TIMEOUT_10MS = 2


class I2c(Protocol):
    """A bus."""

    def open(self) -> None:
        """Open it. Raises ``OSError``."""

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write consecutive registers. Raises ``OSError``."""

    def read(self, address: int, register: int, count: int) -> bytes:
        """Read consecutive registers. Raises ``OSError``."""

    def close(self) -> None:
        """Let go of it; never raises."""


class KernelI2c:
    """``/dev/i2c-N``."""

    def __init__(self, path: str) -> None:
        """Nothing is opened yet."""
        self._path, self._fd = path, -1

    def open(self) -> None:
        """Open it, with a short time-out."""
        self.close()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._fd, _I2C_TIMEOUT, _TIMEOUT_10MS)
            fcntl.ioctl(self._fd, _I2C_RETRIES, 0)
        except OSError:
            self.close()
            raise

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write consecutive registers."""
        fcntl.ioctl(self._fd, _I2C_SLAVE, address)
        os.write(self._fd, bytes((register,)) + data)

    def read(self, address: int, register: int, count: int) -> bytes:
        """Read consecutive registers."""
        self.write(address, register, b"")
        data = os.read(self._fd, count)
        if len(data) != count:
            raise OSError(f"{len(data)} bytes instead of {count}")
        return data

    def close(self) -> None:
        """Let go of it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
