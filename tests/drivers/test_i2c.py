"""The kernel's I2C: what is not a bus is an error with a name, and nothing stays open."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.i2c import KernelI2c


def test_a_bus_that_is_not_there(tmp_path: Path) -> None:
    """The path is in the error."""
    with pytest.raises(FileNotFoundError, match="i2c-9"):
        KernelI2c(str(tmp_path / "i2c-9")).open()


def test_what_is_no_bus_is_let_go_of() -> None:
    """A device that is no I2C bus refuses the first question, and is closed again."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    bus = KernelI2c("/dev/null")
    with pytest.raises(OSError, match="ioctl"):
        bus.open()
    bus.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
