"""A short, crowded world for one cast: what a planted bug needs to show itself happens within minutes.

The plan of a seed is drawn as always (``sim.world.forecast``), a few hours long; the cast's people and weather are put
on top, each drawn by its own kind's draw; staff are at work only where the cast has them. The same seed and cast give
the same plan. Knows plans only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import Any

from msgspec import structs

from sim.world import lock_boards
from sim.world.casts import Cast
from sim.world.forecast import WEATHER, draw
from sim.world.plan import DAY_MS, MINUTE_MS, Happening, Plan
from sim.world.residents import COLLECTORS

LEVEL = 1.0
BEGINS_MS = 90_000


def seeds(cast: Cast, most: int) -> list[int]:
    """The first seeds, from 1, whose site has what the cast wants."""
    return list(islice((seed for seed in count(1) if _fits(seed, cast)), most))


def _fits(seed: int, cast: Cast) -> bool:
    site = draw(seed, 0.001, visits=0, faults=0.0).site
    return all(getattr(site, name) == wanted for name, wanted in cast.site.items())


def plan_of(seed: int, cast: Cast) -> Plan:
    """The plan of a seed with this cast."""
    site = lock_boards.drawn(seed, cast.board) if cast.board else {}
    drawn = draw(seed, cast.days, visits=cast.visits, faults=LEVEL, rounds=False, **site)
    more = [*_people(seed, cast, drawn), *_weather(seed, cast, drawn), *cast.fixed]
    first = max((happening.number for happening in drawn.happenings), default=0) + 1
    added = [
        Happening(number=n, at_ms=at_ms, what=what, chance=seed * 1_000_003 + n, args=args)
        for n, (at_ms, what, args) in enumerate(sorted(more, key=lambda one: (one[0], one[1], repr(one[2]))), first)
    ]
    happenings = sorted([*drawn.happenings, *added], key=lambda happening: (happening.at_ms, happening.number))
    return Plan(seed=seed, end_ms=drawn.end_ms, site=structs.replace(drawn.site, **cast.built), happenings=happenings)


def _people(seed: int, cast: Cast, plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for kind, often in cast.people.items():
        stream = Random(f"{seed}/company/{kind}")
        for number in range(often):
            args: dict[str, Any] = {"kind": kind, "order": f"C{number}{kind}"[:16]}
            if kind in COLLECTORS:
                args["order"] = f"A{stream.randrange(max(1, int(cast.visits * plan.days * 0.55)))}"
            yield stream.randrange(BEGINS_MS, plan.end_ms), "person", args


def _weather(seed: int, cast: Cast, plan: Plan) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for kind, often in cast.weather.items():
        stream = Random(f"{seed}/company/{kind}")
        for _ in range(often):
            at_ms = stream.randrange(BEGINS_MS, plan.end_ms)
            if kind == "kill":
                yield at_ms, "cut", {"point": "idle", "event": "", "statement": 1, "ends": "kill", "off_ms": 500}
                continue
            args = WEATHER[kind][1](stream, plan.site)
            if "for_ms" in args:
                args["for_ms"] = min(args["for_ms"], plan.end_ms - at_ms + 10 * MINUTE_MS, int(DAY_MS / 48))
            yield at_ms, kind, args
