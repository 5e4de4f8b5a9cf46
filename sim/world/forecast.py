"""The forecast: draws the plan of a world from its seed.

Every group of faults has a stream of its own (``seed/name``), so that a new kind changes no other; how often each
comes is drawn first, per world. Nothing here knows how anything is played.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from msgspec import structs

from sim.world import crowd
from sim.world.doze import AWAKE_EVERY
from sim.world.hands import envelope
from sim.world.plan import DAY_MS, HOUR_MS, MINUTE_MS, Happening, Plan, Site
from sim.world.seam import POINTS
from sim.world.supply import FRESH_CELSIUS

FIRST_MS = 30_000
Draw = Callable[[Random, Site], dict[str, Any]]
FLOORED_SHARE = 0.4
SCANNER_TIMES = 3
"""A scanner says something only when a code is shown: its wire has to be bad for longer."""
LONG_DAYS, LONG_VISITS, LONG_LEVEL = 18.0, 30, 0.1
LONG_SITE: dict[str, Any] = {"doors": 6, "boards": 1, "idle_poll_ms": 10_000, "events_max": 1000, "events_kept": 100}
"""A long world: so many days, with so many visits a day and so few faults."""
KEPT_DAYS, KEPT_LEVEL, LEFT, RECALLS = 3.0, 0.3, 3, 2
"""A world of days in which items become overdue."""


def draw(
    seed: int,
    days: float = 1.0,
    *,
    visits: int | None = None,
    faults: float | None = None,
    rounds: bool = True,
    **built: Any,
) -> Plan:
    """The plan of seed ``seed``. ``visits`` a day and the level of ``faults`` are drawn unless given (0 for none).

    ``rounds`` False: without staff at work. ``built`` are properties of the site that are not drawn.
    """
    chance = Random(f"{seed}/site")
    site = structs.replace(_site(chance), **_fitted(seed) | built)
    end_ms = int(days * DAY_MS)
    level = chance.choice((0.3, 1.0, 1.0, 3.0)) if faults is None else faults
    a_day = chance.choice((10, 30, 60, 120, 200)) if visits is None else visits
    drawn = crowd.draw(seed, site, end_ms, a_day)
    for what, (often, one) in WEATHER.items():
        stream = Random(f"{seed}/{what}")
        rate = often * level * stream.choice((0.0, 0.5, 1.0, 2.0)) * days
        for _ in range(int(rate) + (stream.random() < rate % 1)):
            at_ms = stream.randrange(FIRST_MS, max(FIRST_MS + 1, end_ms))
            drawn.append((at_ms, what, _within(one(stream, site), at_ms, end_ms)))
    happenings = _numbered(seed, drawn, 1)
    if rounds:
        happenings += _numbered(seed, crowd.rounds(seed, end_ms, a_day), len(happenings) + 1)
    happenings.sort(key=lambda happening: (happening.at_ms, happening.number))
    return Plan(seed=seed, end_ms=end_ms, site=site, happenings=happenings)


def _numbered(seed: int, drawn: list[crowd.Entry], first: int) -> list[Happening]:
    """In the order of their moments, each with its number and its chance."""
    numbered = enumerate(sorted(drawn, key=lambda entry: (entry[0], entry[1], repr(entry[2]))), first)
    return [
        Happening(number=n, at_ms=at, what=what, chance=seed * 1_000_003 + n, args=args)
        for n, (at, what, args) in numbered
    ]


def draw_long(seed: int) -> Plan:
    """The plan of a long, quiet world: little happens but that the network is away for more than two weeks.

    A small cabinet that is polled seldom, so that its weeks are played in half a minute; its log is soon full.
    """
    plan = draw(seed, LONG_DAYS, visits=LONG_VISITS, faults=LONG_LEVEL, **LONG_SITE)
    stream = Random(f"{seed}/long")
    first = max((happening.number for happening in plan.happenings), default=0) + 1
    at_ms, for_ms = stream.randrange(DAY_MS // 4, DAY_MS), stream.randint(15, 17) * DAY_MS
    args = {"for_ms": for_ms, "forgets": stream.random() < 0.5}
    away = Happening(number=first, at_ms=at_ms, what="network", chance=seed * 1_000_003 + first, args=args)
    happenings = sorted([*plan.happenings, away], key=lambda happening: (happening.at_ms, happening.number))
    return structs.replace(plan, happenings=happenings)


def draw_kept(seed: int) -> Plan:
    """The plan of a world of days whose items may lie for one day only: some are overdue by the end, and recalled."""
    plan = draw(seed, KEPT_DAYS, visits=LONG_VISITS, faults=KEPT_LEVEL, doors=6, boards=1, keeping_days=1)
    orders = [envelope("K", n) for n in range(LEFT)]
    comes: list[crowd.Entry] = [(DAY_MS, "person", {"kind": "loads", "orders": orders})]
    comes += [(DAY_MS + HOUR_MS + n, "person", {"kind": "recalls"}) for n in range(RECALLS)]
    happenings = [*plan.happenings, *_numbered(seed, comes, len(plan.happenings) + 1)]
    happenings.sort(key=lambda happening: (happening.at_ms, happening.number))
    return structs.replace(plan, happenings=happenings)


def _fitted(seed: int) -> dict[str, Any]:
    """What is drawn of the site beside ``_site``: a stream of its own, so that older seeds stay what they were."""
    chance = Random(f"{seed}/fitted")
    reserve_s = chance.choice((0, 0, 1200, 3600))
    return {"dozes": seed % AWAKE_EVERY != 0, "reserve_s": reserve_s, "keeping_days": chance.choice((7, 7, 1))}


def _within(args: dict[str, Any], at_ms: int, end_ms: int) -> dict[str, Any]:
    """What lasts longer than the world goes on for a while after its end, and no longer."""
    if "for_ms" in args:
        args["for_ms"] = min(args["for_ms"], end_ms - at_ms + 10 * MINUTE_MS)
    return args


def _site(chance: Random) -> Site:
    boards = chance.choice((1, 1, 2))
    return Site(
        doors=chance.choice((6, 24, 24)) if boards == 1 else 24,
        boards=boards,
        poll_ms=chance.choice((5, 20, 50, 100, 200)),
        idle_poll_ms=chance.choice((1000, 2000, 5000)),
        closed_bit=chance.choice((1, 0)),
        pulse_ms=chance.choice((300, 500, 550)),
        cooldown_ms=chance.choice((1000, 1000, 2000)),
        doors_minute_max=chance.choice((2, 8, 8, 20)),
        per_lock_minute_max=chance.choice((3, 6, 6)),
        mqtt=chance.choice((5, 4)),
        latency_ms=chance.choice((5, 20, 200, 900)),
        rtc=chance.random() >= FLOORED_SHARE,
        root=chance.random() < 0.4,
        receipts=chance.random() < 0.8,
        events_max=chance.choice((200_000, 200_000, 1500)),
        events_kept=chance.choice((50_000, 100)),
    )


def _for(chance: Random) -> int:
    return chance.choice((500, 3000, 20_000, 120_000, 15 * MINUTE_MS))


def _noise(chance: Random, site: Site) -> dict[str, Any]:
    wire: int | str = chance.choice((*range(site.boards), 0, "scanner"))
    out: dict[str, Any] = {}
    back: dict[str, Any] = {}
    for faults in (out, back):
        for name in ("lose", "corrupt", "truncate", "garbage", "forge"):
            if chance.random() < 0.35:
                faults[name] = chance.choice((0.02, 0.1, 0.3))
        if chance.random() < 0.3:
            faults["delay_ms"], faults["jitter_ms"] = chance.choice((5, 30, 90)), chance.choice((0, 10, 60))
        if chance.random() < 0.2:
            faults["byte_ms"] = chance.choice((1, 3))
    if chance.random() < 0.3:
        back["duplicate"] = 0.2
    for_ms = _for(chance)
    if wire == "scanner":
        out.pop("forge", None)
        back.pop("forge", None)
        for_ms *= SCANNER_TIMES
    return {"wire": wire, "for_ms": for_ms, "to_far": out, "to_near": back, "echo": chance.random() < 0.15}


def _board(chance: Random, site: Site) -> int:
    return chance.randrange(site.boards)


def _door(chance: Random, site: Site) -> int:
    return chance.randint(1, site.doors)


def _astray(chance: Random, site: Site) -> dict[str, Any]:
    count = chance.randint(1, 3)
    return {"board": _board(chance, site), "by": chance.randint(1, 5), "count": count, "for_ms": 2 * HOUR_MS}


def _jams(chance: Random, site: Site) -> dict[str, Any]:
    late_ms, pulses = chance.choice((500, 2000, 8000, 60_000)), chance.choice((1, 2, 3, 1_000_000))
    how = chance.choice(("jams", "jams", "sticks", "opens_late"))
    for_ms = chance.choice((HOUR_MS, 6 * HOUR_MS, DAY_MS))
    return {"door": _door(chance, site), "how": how, "late_ms": late_ms, "pulses": pulses, "for_ms": for_ms}


def _sensor(chance: Random, site: Site) -> dict[str, Any]:
    how = chance.choice(("stuck_shut", "stuck_open", "flickers"))
    return {"door": _door(chance, site), "how": how, "for_ms": chance.choice((5000, 120_000, HOUR_MS))}


def _unplugged(chance: Random, site: Site) -> dict[str, Any]:
    device: int | str = chance.choice((*range(site.boards), 0, "scanner"))
    return {"device": device, "for_ms": _for(chance), "name": f"/dev/ttyUSB{chance.randrange(20)}"}


def _network(chance: Random, site: Site) -> dict[str, Any]:
    for_ms = chance.choice((2000, 20_000, 5 * MINUTE_MS, 2 * HOUR_MS, 9 * HOUR_MS, 3 * DAY_MS, 20 * DAY_MS))
    return {"for_ms": for_ms, "forgets": chance.random() < 0.3}


def _broker(chance: Random, site: Site) -> dict[str, Any]:
    few = (0, 0, 1, 3, 12)
    args = {name: chance.choice(few) for name in ("pubacks", "publishes", "refuses", "nobody")}
    return {**args, "for_ms": chance.choice((60_000, 30 * MINUTE_MS))}


def _acks(chance: Random, site: Site) -> dict[str, Any]:
    late_ms = chance.choice((0, 0, 5000, 120_000, HOUR_MS))
    args = {name: chance.choice((0, 1, 5)) for name in ("lost", "doubled", "wrong")}
    return {**args, "late_ms": late_ms, "for_ms": chance.choice((60_000, 2 * HOUR_MS))}


def _jump(chance: Random, site: Site) -> dict[str, Any]:
    by_ms = chance.choice((60_000, 3_600_000, 86_400_000, 400 * DAY_MS)) * chance.choice((1, -1))
    quality = chance.choice(("synced", "rtc", "hold", "floor"))
    return {"by_ms": by_ms, "quality": quality, "for_ms": chance.choice((120_000, HOUR_MS, 6 * HOUR_MS))}


def _disk(chance: Random, site: Site) -> dict[str, Any]:
    return {"how": chance.choice(("full", "readonly")), "for_ms": chance.choice((5000, 60_000, 10 * MINUTE_MS))}


def _cut(chance: Random, site: Site) -> dict[str, Any]:
    point = chance.choice((*POINTS, *POINTS, "idle"))
    event = chance.choice(("granted", "granted", "opened", "deposited", "collected", "shut", "moved", "reopened", ""))
    args = {"point": point, "event": event, "statement": chance.randint(1, 6), "floor": chance.random() < 0.3}
    return {**args, "ends": chance.choice(("power", "power", "kill")), "off_ms": chance.choice((500, 8000, HOUR_MS))}


WEATHER: dict[str, tuple[float, Draw]] = {
    "noise": (4, _noise),
    "board_off": (1, lambda chance, site: {"board": _board(chance, site), "for_ms": _for(chance)}),
    "board_reboots": (2, lambda chance, site: {"board": _board(chance, site), "for_ms": 300}),
    "board_astray": (1, _astray),
    "board_says": (
        1,
        lambda chance, site: {"board": _board(chance, site), "ask": chance.randint(0x11, 0x14), "for_ms": HOUR_MS},
    ),
    "board_late": (
        3,
        lambda chance, site: {
            "board": _board(chance, site),
            "late_ms": chance.choice((0, 90, 150, 1600)),
            "mute": chance.choice((0, 1, 4)),
        },
    ),
    "door_jams": (5, _jams),
    "sensor": (2, _sensor),
    "unplugged": (2, _unplugged),
    "network": (2, _network),
    "broker": (2, _broker),
    "acks": (2, _acks),
    "cloud_away": (1, lambda chance, site: {"for_ms": chance.choice((60_000, HOUR_MS, 10 * HOUR_MS))}),
    "clock_jumps": (1, _jump),
    "disk": (1, _disk),
    "disk_slow": (1, lambda chance, site: {"slow_ms": chance.choice((200, 1500, 4000)), "for_ms": _for(chance)}),
    "cut": (8, _cut),
    "mains": (2, lambda chance, site: {"for_ms": chance.choice((20_000, 10 * MINUTE_MS, 40 * MINUTE_MS, 3 * HOUR_MS))}),
    "tampering": (1, lambda chance, site: {"for_ms": chance.choice((3000, 10 * MINUTE_MS))}),
    "air": (
        1,
        lambda chance, site: {"celsius": chance.choice((61.0, -14.0, FRESH_CELSIUS)), "for_ms": HOUR_MS},
    ),
}
"""Each kind of weather: how often a day at level 1, and what is drawn for one."""
