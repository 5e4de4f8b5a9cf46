"""The crowd: draws who comes when, what they bring, and what the cloud sends.

Each kind of person has a stream of its own. Orders are numbered in the order of their drop-off; most are collected
hours or days later. Knows kinds by name only.
"""

from __future__ import annotations

from random import Random
from typing import Any

from sim.world.hands import envelope
from sim.world.plan import DAY_MS, HOUR_MS, MINUTE_MS, Site
from sim.world.rarities import KINDS as RARE
from sim.world.residents import COLLECTORS, DEPOSITORS, ROGUES
from sim.world.staff import COMMANDS

OPENS_MS, SHUTS_MS = 7 * HOUR_MS, 21 * HOUR_MS
PAIR_MS = 40_000
Entry = tuple[int, str, dict[str, Any]]


def draw(seed: int, site: Site, end_ms: int, visits: int) -> list[Entry]:
    """Everybody who comes until ``end_ms``: (moment, "person", arguments). ``visits`` a day, all kinds together."""
    drawn = _owners(Random(f"{seed}/people"), site, end_ms, visits)
    busy = min(1.0, visits / 60)
    drawn += _rarely(seed, RARELY, end_ms, busy)
    if visits and site.root:
        drawn += _documents(Random(f"{seed}/documents"), end_ms)
    elif not visits and site.root:
        drawn.append((20_000, "person", {"kind": "new_keys", "version": 2}))
    return drawn


def rounds(seed: int, end_ms: int, visits: int) -> list[Entry]:
    """Staff at work, and the owners of what they load: drawn apart, so that older seeds' others are what they were."""
    busy = min(1.0, visits / 60)
    return _loads(Random(f"{seed}/loads"), end_ms, LOADS_A_DAY * busy) + _rarely(seed, ROUNDS, end_ms, busy)


def _rarely(seed: int, kinds: dict[str, float], end_ms: int, busy: float) -> list[Entry]:
    """Each of these kinds, as often as this world has them."""
    drawn: list[Entry] = []
    for kind, often in kinds.items():
        stream = Random(f"{seed}/people/{kind}")
        rate = often * end_ms / DAY_MS * busy * stream.choice((0.5, 1.0, 2.0))
        for _ in range(int(rate) + (stream.random() < rate % 1)):
            drawn.append((stream.randrange(60_000, max(60_001, end_ms)), "person", {"kind": kind}))
    return drawn


def _owners(stream: Random, site: Site, end_ms: int, visits: int) -> list[Entry]:
    """Those who bring papers and those who collect them."""
    drawn: list[Entry] = []
    for number in range(int(visits * end_ms / DAY_MS * 0.55)):
        at_ms = _moment(stream, end_ms)
        order = f"A{number}"
        args: dict[str, Any] = {
            "kind": stream.choice(KINDS),
            "order": order,
            "size": stream.choice(("", "", "S", "M", "L")),
        }
        if stream.random() < 0.15:
            args["low"] = True
        if stream.random() < 0.08:
            args["door"] = stream.randint(1, site.doors)
        drawn.append((at_ms, "person", args))
        if stream.random() < 0.8:
            later_ms = at_ms + stream.choice((MINUTE_MS * 3, HOUR_MS, 2 * HOUR_MS, 5 * HOUR_MS, DAY_MS))
            who = stream.choice(("collects",) * 4 + COLLECTORS)
            drawn.append((later_ms, "person", {"kind": who, "order": order}))
        if stream.random() < 0.2:
            near_ms = at_ms + stream.randrange(PAIR_MS)
            drawn.append((near_ms, "person", {"kind": "collects", "order": f"A{max(0, number - 3)}"}))
    return [entry for entry in drawn if entry[0] < end_ms]


def _loads(stream: Random, end_ms: int, a_day: float) -> list[Entry]:
    """Staff who load envelopes, and the owners of the certificates in them: most come with the code of their SMS."""
    drawn: list[Entry] = []
    rate = a_day * end_ms / DAY_MS
    for number in range(int(rate) + (stream.random() < rate % 1)):
        at_ms = _moment(stream, end_ms)
        orders = [envelope("", 6 * number + n) for n in range(stream.randint(1, 6))]
        drawn.append((at_ms, "person", {"kind": "loads", "orders": orders}))
        for order in orders:
            later_ms = at_ms + stream.choice((MINUTE_MS * 6, HOUR_MS, 3 * HOUR_MS, 9 * HOUR_MS, DAY_MS))
            who = stream.choice(("types", "types", "collects", *COLLECTORS))
            if stream.random() < 0.8:
                drawn.append((later_ms, "person", {"kind": who, "order": order}))
    return [entry for entry in drawn if entry[0] < end_ms]


def _moment(stream: Random, end_ms: int) -> int:
    """Mostly in office hours, sometimes at night; a short world is all day."""
    day = stream.randrange(max(1, -(-end_ms // DAY_MS))) * DAY_MS
    within = stream.randrange(OPENS_MS, SHUTS_MS) if stream.random() < 0.95 else stream.randrange(DAY_MS)
    return day + within if end_ms >= DAY_MS else stream.randrange(30_000, max(30_001, end_ms))


def _documents(stream: Random, end_ms: int) -> list[Entry]:
    """Key sets first, since without one no code is good; then, now and then, another and some revocations."""
    drawn: list[Entry] = [(20_000, "person", {"kind": "new_keys", "version": 2})]
    for _ in range(1 + int(end_ms / DAY_MS)):
        drawn.append((stream.randrange(60_000, max(60_001, end_ms)), "person", {"kind": "revokes"}))
    drawn.append((stream.randrange(60_000, max(60_001, end_ms)), "person", {"kind": "new_keys", "version": 4}))
    return drawn


LOADS_A_DAY = 4.0
"""How many loads a day a busy cabinet has."""
KINDS = ("careful",) * 8 + ("hurried",) * 3 + DEPOSITORS
RARELY: dict[str, float] = {
    **dict.fromkeys(ROGUES, 2.0),
    **dict.fromkeys(COMMANDS, 1.5),
    "passer_by": 30.0,
    "takes_out": 4.0,
    "looks_in": 2.0,
    "staff_errs": 1.0,
    "technician": 0.7,
    "caretaker": 6.0,
    **dict.fromkeys(RARE, 0.6),
}
"""How often a day each of these comes to a busy cabinet."""
ROUNDS: dict[str, float] = {
    "loads_and_goes": 1.0,
    "clears": 2.0,
    "audits": 0.7,
    "hands_out": 1.0,
    "reassigns": 1.0,
    "nowhere_to_put": 0.6,
    "keeps_house": 1.0,
    "shows_labels": 1.0,
}
"""The same of staff at work, beside those who load."""
