"""Simpler plans: every way to take something away from a plan that leaves it a plan.

Happenings in groups, arguments one by one, waits between happenings, properties of the site. Each function gives
candidates, the boldest first; whether one still shows what is looked for is asked by ``shrink``. Knows plans only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from msgspec import structs

from sim.world.plan import MINUTE_MS, Happening, Plan, Site

FIRST_MS = 30_000
PLAIN = ("passer_by", "careful", "collects")
"""The kinds of people that a stranger one may perhaps be replaced by."""
WHICH = (
    "board",
    "device",
    "wire",
    "how",
    "point",
    "ends",
    "event",
    "kind",
    "order",
    "quality",
    "name",
    "ask",
    "celsius",
    "version",
)
"""Arguments that say which, not how much; they are left alone."""
GAPS_MS = (1000, 10_000, MINUTE_MS, 10 * MINUTE_MS)


def groups(plan: Plan) -> list[list[int]]:
    """The numbers of the happenings of each kind, the commonest kind first; then of each order."""
    found: dict[str, list[int]] = {}
    for happening in plan.happenings:
        found.setdefault(f"{happening.what} {happening.args.get('kind', '')}", []).append(happening.number)
    return sorted(found.values(), key=lambda numbers: (-len(numbers), numbers))


def replaced(plan: Plan, happening: Happening) -> Plan:
    """The plan with one happening changed, found by its number."""
    return structs.replace(plan, happenings=[happening if h.number == happening.number else h for h in plan.happenings])


def happenings(happening: Happening) -> Iterator[Happening]:
    """One happening made simpler in one respect."""
    if happening.what == "person":
        kind = happening.args["kind"]
        plainer = PLAIN[: PLAIN.index(kind)] if kind in PLAIN else PLAIN
        yield from (_with(happening, happening.args | {"kind": plain}) for plain in plainer)
        for key in ("size", "low", "door"):
            if happening.args.get(key):
                yield _with(happening, {k: v for k, v in happening.args.items() if k != key})
        return
    for args in _arguments(happening.args):
        yield _with(happening, args)


def _with(happening: Happening, args: dict[str, Any]) -> Happening:
    return structs.replace(happening, args=args)


def _arguments(args: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in args.items():
        if key in WHICH or (key == "door" and value):
            continue
        for less in _less(key, value):
            yield args | {key: less}


def _less(key: str, value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from ({k: v for k, v in value.items() if k != out} for out in value)
        yield from _arguments(value)
    elif isinstance(value, bool):
        yield from [False] * value
    elif isinstance(value, float):
        yield from (value / part for part in (10, 2) if value / part >= 0.01)
    elif isinstance(value, int):
        floor = 1000 if key.endswith("_ms") and abs(value) > 1000 else 0
        steps = dict.fromkeys((floor, floor or 1, int(value / 10), int(value / 2)))
        yield from (step for step in steps if abs(step) < abs(value))


def closer(plan: Plan) -> Iterator[Plan]:
    """The same happenings with less waiting: at the end, everywhere at once, then gap by gap."""
    times = [0, *(h.at_ms for h in plan.happenings)]
    if plan.quiet and plan.end_ms > times[-1] + MINUTE_MS:
        yield structs.replace(plan, end_ms=times[-1] + MINUTE_MS)
    gaps = [after - before for before, after in pairwise(times)]
    for limit_ms in GAPS_MS:
        yield _spaced(plan, [min(gap, max(limit_ms, FIRST_MS if n == 0 else 0)) for n, gap in enumerate(gaps)])
    for n, gap in enumerate(gaps):
        for limit_ms in (FIRST_MS,) if n == 0 else GAPS_MS:
            if gap > limit_ms:
                yield _spaced(plan, [*gaps[:n], limit_ms, *gaps[n + 1 :]])


def _spaced(plan: Plan, gaps: list[int]) -> Plan:
    at_ms, moved = 0, []
    for happening, gap in zip(plan.happenings, gaps, strict=True):
        at_ms += gap
        moved.append(structs.replace(happening, at_ms=at_ms))
    saved_ms = plan.happenings[-1].at_ms - at_ms if moved else 0
    return structs.replace(plan, happenings=moved, end_ms=plan.end_ms - saved_ms)


def sites(plan: Plan) -> Iterator[Plan]:
    """The plan in the plainest cabinet, then with one property at a time as in the plainest."""
    plain = Site(doors=6, boards=1)
    yield structs.replace(plan, site=plain)
    for name in Site.__struct_fields__:
        value = getattr(plain, name)
        if getattr(plan.site, name) != value:
            yield structs.replace(plan, site=structs.replace(plan.site, **{name: value}))


def shortened(happening: Happening, steps: int) -> Happening:
    """A person who stops after so many waits."""
    return _with(happening, happening.args | {"steps": steps})
