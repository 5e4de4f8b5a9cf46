"""The scripted day: every kind of visit once, in an order drawn from the seed, through the real processes in real time.

Knows the visits and the checks. Must never judge by what the controller keeps or logs: what counts is what the people
saw, and what the board's and the broker's far sides recorded (``sim.watch``). Waits for conditions, never for times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from locker.clock import boot_ms
from sim.day_authority import AUTHORITY, AUTHORITY_CUTS, keypad_locks
from sim.day_people import NotAsExpected, Person
from sim.day_power import CUTS
from sim.day_troubles import TROUBLES, limit_per_minute, retained_before_the_start
from sim.day_visits import VISITS, Visit, collect
from sim.demo import Demo
from sim.demo_progress import Bar, table
from sim.demo_site import CABINET
from sim.watch import CHECKS, breaches, told

SHELF_MAX = 6
CATCH_UP_S = 30.0
P = TypeVar("P", bound=Person)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one visit went: its title, how long it took, and what was wrong, empty for nothing."""

    title: str
    took_ms: int
    wrong: str = ""


def play(demo: Demo, seed: int) -> int:
    """Play the day and print the summary; 0 when every visit and every invariant held, 1 otherwise.

    The controller must not have been started yet: the first visit is to one that starts for the first time.
    """
    return act_out(demo, seed, Person(demo), day_order(seed))


def act_out(demo: Demo, seed: int, person: P, visits: Sequence[Callable[[P], None]]) -> int:
    """Let one person make these visits, one after the other, and print the summary as ``play`` does."""
    begun_ms, outcomes = boot_ms(), list[Outcome]()
    with Bar(len(visits)) as bar:
        for visit in visits:
            while len(person.shelf) > SHELF_MAX:
                outcomes.append(_visit(bar, person, collect, extra=True))
            outcomes.append(_visit(bar, person, visit))
            if outcomes[-1].wrong:
                break
        calm = not outcomes[-1].wrong and _catches_up(person)
    return _report(demo, seed, outcomes, calm, boot_ms() - begun_ms)


def day_order(seed: int) -> list[Visit]:
    """Everything in an order of chance, the power cuts spread evenly; what locks the keypad comes last.

    The limit of doors a minute comes first: with the openings of other visits in its minute, each further one would
    only wait until one of those has passed, and none be refused.
    """
    chance = Random(seed)
    visits, cuts = [*VISITS, *TROUBLES, *AUTHORITY], [*CUTS, *AUTHORITY_CUTS]
    chance.shuffle(visits)
    chance.shuffle(cuts)
    for number, cut in enumerate(cuts):
        visits.insert((number + 1) * (len(visits) + 1) // (len(cuts) + 1), cut)
    return [retained_before_the_start, limit_per_minute, *visits, keypad_locks]


def _visit(bar: Bar, person: P, visit: Callable[[P], None], extra: bool = False) -> Outcome:
    title = " ".join((visit.__doc__ or "a visit without a title").split())
    bar.begins(title, extra)
    person.begin()
    wrong = ""
    try:
        visit(person)
        person.sees("idle")
    except (NotAsExpected, TimeoutError, ValueError) as error:
        wrong = str(error)
        bar.says(f"{title}: {wrong}")
    bar.ends()
    return Outcome(title, boot_ms() - person.since_ms, wrong)


def _catches_up(person: Person) -> bool:
    """After the last visit: every event has arrived and been acknowledged, every door is known as it stands."""
    cloud = person.demo.cloud

    def arrived() -> bool:
        events = cloud.events(CABINET)
        view = cloud.view(CABINET)
        return bool(events and view.acks) and max(seq for _, seq in view.acks) == events[-1]["seq"]

    if not cloud.wait_for(arrived, CATCH_UP_S):
        return False
    try:
        person.knows_all_doors()
    except NotAsExpected:
        return False
    return True


def _report(demo: Demo, seed: int, outcomes: list[Outcome], calm: bool, took_ms: int) -> int:
    journal = demo.journal()
    found = breaches(journal)
    wrong = [number for number, outcome in enumerate(outcomes) if outcome.wrong]
    table(
        f"来访 visits · seed {seed}",
        ("#", "来访 visit", "ms", "结果 outcome"),
        [(str(n), o.title, str(o.took_ms), o.wrong or "ok") for n, o in enumerate(outcomes, 1)],
        wrong,
    )
    lines = []
    for number, check in CHECKS.items():
        meaning = (check.__doc__ or "").split("\n")[0].split(": ", 1)[-1]
        lines.append((str(number), meaning, "; ".join(found[number]) or "ok"))
    broken = [row for row, number in enumerate(CHECKS) if found[number]]
    table(
        "不变量，从外面看 invariants, checked from outside", ("#", "必须成立 must hold", "结果 outcome"), lines, broken
    )
    counts = {
        "来访 visits": len(outcomes),
        "开锁脉冲 unlock pulses": len(journal.unlocks),
        "开门 doors opened": sum(move.open for move in journal.moves),
        "事件 events": len(told(journal)),
        "重发 repeats": len(journal.news) - len(told(journal)),
        "启动 starts of the controller": len(journal.starts),
        "秒 seconds": took_ms // 1000,
    }
    table("一天 the day", ("", ""), [(name, str(count)) for name, count in counts.items()])
    bad = wrong or broken or not calm or demo.cloud.hook_errors
    if not calm and not wrong:
        table("没有跟上 did not catch up", ("",), [("events or doors were not all told within 30 s",)], (0,))
    if bad:
        table("控制程序最后的话 the controller's last words", ("",), [(demo.controller.last_words(),)])
    return 1 if bad else 0
