"""What the engine of a board on pins (``drivers.gpio_board``) needs of its circuit, whatever chips it is made of.

A circuit reads doors and prepares and fires one lock. It never waits and never reads a clock. Whatever it raises, it
has switched off before, as far as it still can. Must never know doors, only channels from 0 on.
"""

from __future__ import annotations

from typing import Protocol


class CircuitFault(OSError):
    """What came back is not what must come back: nothing that was read now is believed, and nothing may be fired."""


class CircuitReset(CircuitFault):
    """A chip has forgotten what it was told: it must be set up again before anything else."""


class Circuit(Protocol):
    """One board's pins and chips."""

    @property
    def stuck(self) -> str:
        """Why a pulse might not end when this process is killed; empty when it would. Known once it is open."""

    def open(self) -> None:
        """Take pins and chips, everything off first. Raises ``PinError`` or ``CircuitFault``; nothing is held then."""

    def restart(self) -> None:
        """Everything off, and every chip set up again. Raises ``PinError`` or ``CircuitFault``."""

    def read(self) -> tuple[int, int]:
        """The raw bits of all door switches and of all sensors inside, bit 0 is channel 0. Raises ``CircuitFault``."""

    def fire(self, channel: int, ms: int) -> None:
        """Put this lock's coil, and no other, on for so long; begun when this returns, and not at all when it raises.

        The end is not ours: the pin's library, or better the hardware, ends it.
        """

    @property
    def firing(self) -> bool:
        """Whether a coil may be on."""

    def rest(self) -> None:
        """Everything off, and nothing chosen any more. Raises ``PinError`` or ``CircuitFault``."""

    def close(self) -> None:
        """Everything off, then let go of pins and chips. Raises ``PinError`` when something of that failed."""
