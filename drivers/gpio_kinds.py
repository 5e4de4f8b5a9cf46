"""Which circuit belongs to which kind of board on pins, and who gives the pins.

Knows kinds; must never know bits. gpiozero and lgpio are imported here and nowhere before, so only where a board needs
them. There is no second choice: without lgpio gpiozero would take another library, whose pulses nobody but our own turn
would end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drivers.circuit import Circuit
from drivers.direct_pins import DirectPins
from drivers.gpio_board import GpioDriver
from drivers.i2c import I2c, KernelI2c
from drivers.mcp23017 import McpCircuit
from drivers.pins import Pins
from drivers.shift_chain import ShiftChain
from locker.config import Config
from locker.config_gpio import GpioBoard, McpBoard, PinsBoard, ShiftBoard

OpenPins = Callable[[str], Pins]
_LGPIO = (
    "lgpio cannot be imported ({error}), and boards on pins work with no other library: install it into this "
    "environment (pip install lgpio), or Debian's python3-lgpio and make the environment with --system-site-packages"
)


class NoPins(OSError):
    """The library for the pins is not there."""


def gpio_boards(
    cfg: Config, open_pins: OpenPins | None = None, open_bus: Callable[[str], I2c] = KernelI2c
) -> list[GpioDriver]:
    """A driver for each board on pins, in the order of the configuration. Raises ``NoPins`` where lgpio is missing.

    ``open_pins`` gives the pins of a gpiochip, the kernel's where it is None; ``open_bus`` an I2C bus.
    """
    drivers = []
    for board in cfg.boards:
        if isinstance(board, GpioBoard):
            opener = partial(open_pins or kernel_pins(), board.gpio)
            plans = [plan for plan in cfg.doors if plan.board == board.name]
            doors = {plan.door: plan.channel for plan in plans}
            sensing = [plan.door for plan in plans if plan.occupancy]
            drivers.append(GpioDriver(board, doors, _circuit(board, opener, open_bus), sensing))
    return drivers


def kernel_pins() -> OpenPins:
    """What opens the kernel's pins. Raises ``NoPins`` where lgpio is missing."""
    try:
        from drivers.lgpio_pins import open_pins
    except (ImportError, OSError) as error:
        raise NoPins(_LGPIO.format(error=error)) from error
    return open_pins


def _circuit(board: GpioBoard, open_pins: Callable[[], Pins], open_bus: Callable[[str], I2c]) -> Circuit:
    if isinstance(board, ShiftBoard):
        return ShiftChain(board, open_pins)
    if isinstance(board, McpBoard):
        return McpCircuit(board, open_pins, open_bus(board.port))
    if isinstance(board, PinsBoard):
        return DirectPins(board, open_pins)
    raise ValueError(f"board {board.name}: no circuit for kind {board.kind}")
