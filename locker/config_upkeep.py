"""The keys about wear: when a technician is warned, and where the running controller says how it is.

Knows what may be set and within which limits; never what it is used for.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Upkeep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When wear is warned of: door switches by their rated cycles, slower doors in percent, bad frames in permille."""

    cycles_rated: Annotated[int, Meta(ge=1000, le=100_000_000)] = 500_000
    slower_percent: Annotated[int, Meta(ge=10, le=1000)] = 50
    noisy_permille: Annotated[int, Meta(ge=1, le=1000)] = 20


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file in memory (a tmpfs) in which the controller says how it is, for ``locker status``."""

    file: Annotated[str, Meta(min_length=1, max_length=255)]
    every_s: Annotated[int, Meta(ge=1, le=600)] = 5
