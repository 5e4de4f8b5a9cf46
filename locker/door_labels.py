"""The code on a door: which cabinet and which door it is, for an audit and for anybody who writes a fault report.

``XYD1:`` and the cabinet's id in capitals, a colon, the door's number with two digits at least: all of QR's
alphanumeric set. It opens nothing, and nobody needs it to open anything. Pure: knows a cabinet's id and a number.
"""

from __future__ import annotations

import re

PREFIX = "XYD1:"
_FORM = re.compile(PREFIX + r"([A-Z0-9][A-Z0-9-]{0,31}):([0-9]{2,3})\Z")


def encode(cabinet: str, door: int) -> str:
    """Return the text of a door's code. Raises ``ValueError`` for what is no cabinet's id or no door."""
    text = f"{PREFIX}{cabinet.upper()}:{door:02d}"
    if decode(text) != (cabinet, door):
        raise ValueError(
            f"door {door} of cabinet {cabinet!r} has no code; an id has a-z, 0-9 and hyphens, a door 1 to 255"
        )
    return text


def decode(text: str) -> tuple[str, int] | None:
    """Return the cabinet's id and the door's number; None for what is no door's code."""
    found = _FORM.match(text)
    if found is None or not 1 <= int(found[2]) <= 255 or found[2] != f"{int(found[2]):02d}":
        return None
    return found[1].lower(), int(found[2])
