"""The casts: in what company a planted bug is played, so that what it needs happens within minutes.

Who and what comes on top of the forecast, and how the site is built. Data alone; knows neither bugs nor checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Cast:
    """Who comes besides those of the forecast: how many of each kind; only sites with these properties are taken.

    ``board`` is the kind of its lock board (``sim.world.lock_boards``), "" for a KR-CU24 or two KR-CU12;
    ``built`` is how the site is built otherwise than it was drawn; ``days`` how long the world is, ``visits`` how many
    a day the forecast has; ``fixed`` are happenings at fixed moments.
    """

    people: dict[str, int] = field(default_factory=dict)
    weather: dict[str, int] = field(default_factory=dict)
    site: dict[str, Any] = field(default_factory=dict)
    built: dict[str, Any] = field(default_factory=dict)
    board: str = ""
    days: float = 0.08
    visits: int = 250
    fixed: tuple[tuple[int, str, dict[str, Any]], ...] = ()


_FLOORED = {"point": "idle", "event": "", "statement": 1, "ends": "power", "off_ms": 8000, "floor": True}
_STUCK = tuple(
    (600_000 + 240_000 * n, "sensor", {"door": 1 + n % 6, "how": "stuck_shut", "for_ms": 200_000}) for n in range(24)
)

CASTS: dict[str, Cast] = {
    "street": Cast({"hurried": 6, "collects": 6, "takes_out": 2}),
    "eager": Cast({"hurried": 40, "collects": 20}, site={"board": "cu24"}, built={"poll_ms": 5}),
    "doors": Cast({"comes_back": 12, "reopens": 8, "leaves_open": 5, "forces": 3}, {"door_jams": 25}),
    "open": Cast({"leaves_open": 8}),
    "tired": Cast({"careful": 20, "reopens": 10}, {"door_jams": 40}, built={"cooldown_ms": 5000}),
    "late": Cast({"careful": 80}, {"acks": 25}),
    "cloud": Cast({"remote": 10, "doubled": 10, "delayed": 8, "retained": 8, "phones": 15}),
    "crowd": Cast({"remote": 40, "careful": 40, "takes_out": 5}, site={"doors_minute_max": 2}),
    "rogues": Cast({"forger": 6, "foreigner": 4, "late": 8, "copies": 8, "staff_errs": 6, "shares": 6}),
    "keypad": Cast({"careful": 15, "types": 10, "guesses": 10}),
    "keypad_cut": Cast({"careful": 10, "guesses": 14}, {"kill": 40}),
    "staff": Cast({"careful": 15, "takes_out": 8, "looks_in": 6, "technician": 3}),
    "duties": Cast(
        {
            "loads": 8,
            "loads_and_goes": 4,
            "clears": 4,
            "audits": 2,
            "hands_out": 5,
            "reassigns": 5,
            "nowhere_to_put": 3,
            "keeps_house": 3,
            "shows_labels": 2,
            "types": 4,
        }
    ),
    "duties_cut": Cast({"loads": 4, "loads_and_goes": 20, "passer_by": 150}, {"kill": 60}, visits=60),
    "power": Cast({"careful": 15, "comes_back": 8}, {"cut": 30}),
    "power_back": Cast({"comes_back": 40}, {"cut": 60}),
    "power_crowd": Cast({"hurried": 300}, {"kill": 80}, {"doors_minute_max": 2}),
    "wires": Cast({"careful": 20}, {"noise": 12, "board_late": 15, "sensor": 6}),
    "boards": Cast({"careful": 8}, {"board_off": 6, "board_reboots": 6}),
    "astray": Cast({"careful": 25}, {"board_astray": 4}),
    "network": Cast({"careful": 20, "foreigner": 4}, {"network": 4, "acks": 5, "broker": 4}),
    "root": Cast({"revokes": 10, "copies": 5}, site={"root": True}),
    "keys": Cast({"old_keys": 12, "odd_codes": 12}, site={"root": True}),
    "phones": Cast({"phones": 60}),
    "dark_clock": Cast({"late": 60}, {"cut": 40}, site={"root": False, "rtc": False}, built={"rtc": False}),
    "weeks": Cast(
        {"careful": 10},
        site={"root": False, "rtc": False},
        days=1.6,
        visits=12,
        fixed=(
            (100_000_000, "network", {"for_ms": 30_000_000, "forgets": False}),
            (101_000_000, "cut", _FLOORED),
        ),
    ),
    "signed": Cast({"careful": 8, "hurried": 6}, site={"receipts": True}),
    "mains": Cast({"careful": 60}, built={"reserve_s": 1800}, fixed=((1_000_000, "mains", {"for_ms": 2_400_000}),)),
    "unseen": Cast({"lays_in_unseen": 12, "careful": 60}, site={"boards": 2}),
    "ill_switches": Cast({"careful": 60, "takes_out": 30, "technician": 15}, site={"doors": 6}, fixed=_STUCK),
    "called_away": Cast({"walks_off": 120, "passer_by": 150}, {"cut": 60}, visits=700),
    "pins": Cast(
        {"hurried": 20, "collects": 10},
        board="mcp",
        fixed=((100_000, "disk_slow", {"slow_ms": 4000, "for_ms": 6_000_000}),),
    ),
    "bytes": Cast({"hurried": 20, "collects": 10}, board="8a"),
    "relays": Cast({"hurried": 20, "collects": 10}, board="waveshare"),
    "kept": Cast({"careful": 10}, built={"keeping_days": 1}),
}
"""Companies, by name. ``kill`` is a ``cut`` that ends the process alone, now."""
