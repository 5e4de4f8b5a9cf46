"""The kernel's pins for ``drivers.pins``: gpiozero's lgpio factory, with three things done that it leaves open.

Hardware: a gpiochip of the kernel (``/dev/gpiochip0``), on a Raspberry Pi or its like.
Wire: the kernel's line requests. An output is requested together with its level, so it is never driven at another one.
Source: lgpio 0.2.2.0, ``lgGpio.c``, ``lgPthTx.c``, ``lgUtil.c``; gpiozero 2.0.1, ``pins/lgpio.py``, ``pins/local.py``;
raspberrypi/linux, pull requests 6117 and 6150.
Quirks: importing lgpio starts a thread and makes a pipe ``.lgd-nfy0`` in the working directory, or fails where that is
read-only: it is imported in a folder of its own that is gone afterwards. gpiozero keeps the pins of all local factories
in one table, so that a second chip would get the first one's: each factory here has its own. ``tx_pulse`` begins in
step with a clock, up to a period late, and ends at low; ``tx_wave`` begins within 20 ms and ends at any level: it is a
thread of the library, in C, which neither our turn nor Python's lock can hold up. A stopped process (SIGSTOP) holds it
up, a killed one ends it: then the kernel releases the lines. What that means depends on the kernel: mainline makes them
inputs, so that resistors switch everything off; **Raspberry Pi's own keeps them driven** unless config.txt has
``dtparam=strict_gpiod``. ``stuck`` looks that up.

Knows lgpio; must never know what hangs on a pin. The only file that imports lgpio.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers.pins import PinError, Pins

_MODULES = Path("/sys/module")
_AFTER_US = 1000


@contextmanager
def _in_a_folder_of_its_own() -> Iterator[None]:
    """Where lgpio leaves its pipe; the pipe stays open, its name goes. ``LG_WD`` would take the whole process along."""
    here = os.open(".", os.O_RDONLY)
    wanted = os.environ.pop("LG_WD", None)
    try:
        with tempfile.TemporaryDirectory(prefix="locker-lgpio-") as folder:
            os.chdir(folder)
            try:
                yield
            finally:
                os.fchdir(here)
    finally:
        os.close(here)
        if wanted is not None:
            os.environ["LG_WD"] = wanted


with _in_a_folder_of_its_own():
    import lgpio
    from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin


class KernelPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that is driven at its level from the first moment on."""

    def output_with_state(self, state: bool) -> None:
        """Request the line as an output at this level; one that is an output already gets the level."""
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))
        lgpio.gpio_write(self.factory._handle, self._number, int(state))

    def _set_state(self, value: bool) -> None:
        """Without asking the kernel first whether it is an output, as gpiozero does at each write."""
        lgpio.gpio_write(self.factory._handle, self._number, int(value))


class KernelFactory(LGPIOFactory):  # type: ignore[misc]
    """A factory of such pins; its table of pins is its own."""

    def __init__(self, chip: int) -> None:
        """Open the chip. Raises ``lgpio.error``."""
        super().__init__(chip)
        self.pins: dict[Any, Any] = {}
        self._reservations: defaultdict[Any, list[Any]] = defaultdict(list)
        self.pin_class = KernelPin


def open_pins(port: str, modules: Path = _MODULES) -> Pins:
    """The pins of ``/dev/gpiochipN``. Raises ``PinError`` when they cannot be had."""
    try:
        factory = KernelFactory(int(port.removeprefix("/dev/gpiochip")))
        label = str(lgpio.gpio_get_chip_info(factory._handle)[3])
    except (lgpio.error, OSError) as error:
        raise PinError(f"{port}: {error}; check the name and that this user is in the group gpio") from error
    return Pins(factory, _timed, (lgpio.error,), stuck(label, modules))


def _timed(pin: Any, high: bool, ms: int) -> None:
    """One pulse from lgpio's own thread."""
    wave = [lgpio.pulse(int(high), 1, ms * 1000), lgpio.pulse(int(not high), 1, _AFTER_US)]
    lgpio.tx_wave(pin.factory._handle, pin._number, wave)


def stuck(label: str, modules: Path = _MODULES) -> str:
    """Why an output of the chip with this label might stay on when this process is killed; empty when it cannot."""
    module = "pinctrl_rp1" if "rp1" in label else "pinctrl_bcm2835"
    path = modules / module / "parameters" / "persist_gpio_outputs"
    try:
        keeps = path.read_text(encoding="ascii").strip() != "N"
    except (OSError, UnicodeDecodeError):
        return f"{path} is not there: this kernel does not say whether it keeps outputs on when a program is killed"
    return f"{path}: this kernel keeps outputs on when a program is killed" if keeps else ""
