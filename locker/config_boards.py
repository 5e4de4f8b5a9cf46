"""A lock board in the configuration: what every kind has, and what only those on a serial line have.

Knows keys, units and bounds. ``locker.config_gpio`` adds the boards that are wired to the computer's own pins; the
whole file is ``locker.config``. Must never know what a board is used for.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_NAME_WORDS = "1 to 32 of a-z, 0-9 and hyphens, not a hyphen first"
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description=_NAME_WORDS)]
FileName = Annotated[str, Meta(min_length=1, max_length=255)]
_Lines = Literal["kr-cu24", "kr-cu12", "kr-cu16", "kr-cu48", "kr-cu48b", "8a80", "waveshare", "eletechsup"]
Kind = Literal[_Lines, "shift", "mcp23017", "pins"]


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One lock board and how it is wired. Poll intervals and time-outs in milliseconds. Same port: same bus."""

    port: FileName
    name: Name = "main"
    kind: Kind = "kr-cu24"
    baud: Literal[9600, 19200, 57600, 115200] = 19200
    address: Annotated[int, Meta(ge=0, le=15)] = 0
    closed_bit: Literal[0, 1] = 1
    local_echo: bool = False
    pulse_ms: Annotated[int, Meta(ge=100, le=1000, multiple_of=10)] = 500
    pulse_command: bool = False
    reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 100
    unlock_reply_ms: Annotated[int, Meta(ge=20, le=5000)] = 1500
    poll_ms: Annotated[int, Meta(ge=5, le=1000)] = 5
    idle_poll_ms: Annotated[int, Meta(ge=50, le=10_000)] = 250
    silent_after: Annotated[int, Meta(ge=2, le=100)] = 5
    retry_port_ms: Annotated[int, Meta(ge=50, le=60_000)] = 1000
