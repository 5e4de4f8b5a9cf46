"""Where items lie, as the events tell it: what any cloud has to work out from the stream (docs/mqtt.md, section 8).

Knows event types and doors. Must never know the controller; whoever believes something else than this has missed an
event.
"""

from __future__ import annotations

from typing import Any

ARRIVES = ("deposited", "loaded", "reassigned")
"""An item lies behind the event's door from now on: ``order``, and ``load`` where it has a pick-up code."""
LEAVES = ("collected", "taken_out", "cancelled", "unloaded", "recalled", "handed_out", "corrected")
"""What lay behind the event's door is not there any more."""
FROM = ("moved", "reassigned", "corrected")
"""Nor behind the door that ``from`` names."""


def follow(held: dict[int, str], event: dict[str, Any]) -> None:
    """Bring a map from door to order (hexadecimal) up to date with one event."""
    door, kind, data = event["door"], event["type"], event["data"]
    if kind in FROM:
        held.pop(data.get("from", 0), None)
    if kind in LEAVES:
        held.pop(door, None)
    if kind in ARRIVES:
        held[door] = str(data.get("order", ""))
