"""A world as a short story for people: the cabinet, who came, what was seen, what broke; Chinese first, English beside.

Made from a plan, its outcome and the production event log of its database. Knows words and order; decides nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from msgspec import structs

from locker import logbook, texts
from sim.world.campaign import MEMORY
from sim.world.names import INVARIANTS, both
from sim.world.plan import Plan, Site
from sim.world.scene import Breach, Check
from sim.world.shrink import broke
from sim.world.site import WALL_MS
from sim.world.telling import lasts, told
from sim.world.world import Outcome, World

BEIJING = timezone(timedelta(hours=8))
EVENTS_SHOWN = 40
TOLD_MAX = 60
TIME_WIDE = 18
"""How many signs of a line of the trace are its time."""
FIRST_DAY = datetime.fromtimestamp(WALL_MS / 1000, UTC).astimezone(BEIJING)


@dataclass(frozen=True, slots=True)
class Retold:
    """A plan that was played for its story: how it went, and its log's last events up to where it ended."""

    outcome: Outcome
    events: list[dict[str, Any]]


def retell(plan: Plan, *, kept: int | None = 400, more: Sequence[type[Check]] = ()) -> Retold:
    """Play a plan once more and read the event log that the program left, as ``locker log`` reads it."""
    with tempfile.TemporaryDirectory(prefix="locker-world-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        outcome = World(plan, Path(made), kept=kept, more=more).run()
        with logbook.open_database(Path(made) / "locker.db") as book:
            rows = [row for row in book.stored(max(0, outcome.events - EVENTS_SHOWN) + 1, outcome.events) if row.body]
        return Retold(outcome, [json.loads(row.body) for row in rows])


def moment(ms: int) -> str:
    """World time as a date and a time in Beijing, as the town's clock would show it."""
    return f"{FIRST_DAY + timedelta(milliseconds=ms):%Y-%m-%d %H:%M:%S}"


def story(plan: Plan, outcome: Outcome, events: Sequence[dict[str, Any]] = ()) -> list[str]:
    """The whole story, line by line."""
    lines = [_title(plan), "", *_cabinet(plan.site), "", "发生的事  What happened"]
    shown = plan.happenings if len(plan.happenings) <= TOLD_MAX else plan.happenings[-TOLD_MAX:]
    if len(shown) < len(plan.happenings):
        lines.append(f"  (前面还有 {len(plan.happenings) - len(shown)} 件  and as many before)")
    for happening in shown:
        chinese, english = told(happening)
        lines += [f"  {moment(happening.at_ms)}  {chinese}", f"  {'':19}  {english}"]
    lines += ["", *_ending(outcome)]
    if events:
        lines += ["", "柜子的事件记录  The cabinet's own event log, up to there", *map(_event, events)]
    return lines


def _title(plan: Plan) -> str:
    people = sum(h.what == "person" for h in plan.happenings)
    faults, days = len(plan.happenings) - people, lasts(plan.end_ms)
    return (
        f"种子 {plan.seed}：{people} 个人，{faults} 个故障，{days}  "
        f"Seed {plan.seed}: {people} people, {faults} faults, {days}"
    )


def _cabinet(site: Site) -> list[str]:
    plain = Site()
    others = [f"{name} {getattr(site, name)}" for name in Site.__struct_fields__ if _differs(site, plain, name)]
    more = f"; {', '.join(others)}" if others else ""
    return [
        f"柜子 {site.doors} 个门、{site.boards} 块锁控板  The cabinet: {site.doors} doors, {site.boards} boards{more}"
    ]


def _differs(site: Site, plain: Site, name: str) -> bool:
    return name not in ("doors", "boards") and getattr(site, name) != getattr(plain, name)


def _ending(outcome: Outcome) -> list[str]:
    if outcome.good:
        return ["结果：一切成立  The end: every invariant held"]
    lines = []
    for breach in outcome.breaches[:3]:
        lines += _breach(breach)
    if outcome.error:
        lines += [
            f"{moment(outcome.ms)}  程序自己出错而死  The program died of an error of its own",
            f"  {outcome.error}",
        ]
    return lines


def _breach(breach: Breach) -> list[str]:
    held = INVARIANTS.get(breach.number)
    name = both(held) if held else breach.check
    return [
        f"{moment(breach.ms)}  第 {breach.number} 条没有守住  Invariant {breach.number} did not hold",
        f"  {name}",
        f"  检查器 {breach.check} 说  says: {breach.says}",
    ]


def _event(event: dict[str, Any]) -> str:
    kind, door, data = str(event["type"]), int(event["door"]), dict(event["data"])
    words = {"door": door, "reason": data.get("reason", ""), **data}
    chinese, english = (_sentence(kind, language, words) for language in ("zh", "en"))
    return f"  {event['seq']:>5}  {moment(int(event['at_ms']) - WALL_MS)}  {chinese}  {english}  [{kind}]"


def _sentence(kind: str, language: str, words: dict[str, Any]) -> str:
    reason = str(words["reason"])
    known = reason in texts.catalogue(language)["refusals"]
    if known:
        words = words | {"reason": texts.sentence("refusals", reason, language)}
    return texts.sentence("events", kind, language, **words) if kind in texts.catalogue(language)["events"] else kind


def same_end(plan: Plan, outcome: Outcome) -> bool | None:
    """Whether a saved plan ended as it did when it was saved; None when it does not say."""
    if plan.broke is None:
        return None
    now = broke(outcome)
    return now is not None and structs.replace(now, digest="") == structs.replace(plan.broke, digest="")


def around(outcome: Outcome, lines: int | None) -> list[str]:
    """The last lines of the trace, step by step up to the end; a screen that only comes again is left out.

    All of them, and every screen, with None.
    """
    if lines is None:
        return outcome.trace
    kept, screen = [], ""
    for line in outcome.trace:
        said = line[TIME_WIDE:]
        if said.startswith("screen ") and said == screen:
            continue
        screen = said if said.startswith("screen ") else screen
        kept.append(line)
    return kept[-lines:]
