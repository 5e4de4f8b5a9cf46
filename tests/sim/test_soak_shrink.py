"""A failure is shrunk to the smallest plan that still fails the same check, and tells its story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from sim.world import campaign, plan, shrink, story
from sim.world.coverage import COLUMNS, STRIKES
from sim.world.forecast import WEATHER
from sim.world.names import FAULT_NAMES, INVARIANTS, STATE_NAMES
from sim.world.plan import Happening, Plan, PlanError, Site
from sim.world.rarities import EVERYBODY
from sim.world.scene import Breach, Check, Scene
from sim.world.street import Swing
from sim.world.telling import PEOPLE, lasts, told
from sim.world.telling import WEATHER as TOLD
from sim.world.world import Outcome

QUICK = Site(doors=6, boards=1, poll_ms=100, idle_poll_ms=5000)


class TwiceADay(Check):
    """A demand of this test alone, harmless in truth: the second door of the cabinet opens no second time."""

    number, name = 90, "once_a_day"

    def __init__(self, scene: Scene) -> None:
        """It has not opened."""
        super().__init__(scene)
        self._often = 0

    def swung(self, swing: Swing) -> None:
        """A leaf moves."""
        self._often += swing.open and swing.door == 2
        if swing.open and swing.door == 2 and self._often == 2:
            self.breach("door 2 opened twice on one day")


def watched(found: Plan) -> Outcome:
    """Play with the test's own check looking on."""
    return campaign.play(found, more=[TwiceADay])


def person(number: int, at_s: int, kind: str, **args: Any) -> Happening:
    """Somebody who comes."""
    return Happening(number=number, at_ms=at_s * 1000, what="person", chance=number, args={"kind": kind} | args)


def fault(number: int, at_s: int, what: str, **args: Any) -> Happening:
    """Something that goes wrong."""
    return Happening(number=number, at_ms=at_s * 1000, what=what, chance=number, args=args)


def crowded() -> Plan:
    """A morning with much in it; only two people in it open door 2, by codes that name it."""
    happenings = [
        person(1, 60, "careful", order="A1", door=1),
        fault(2, 90, "network", for_ms=60_000, forgets=False),
        person(3, 200, "careful", order="A3", door=2),
        fault(4, 300, "noise", wire="scanner", for_ms=20_000, to_near={"lose": 0.3}, to_far={}, echo=False),
        person(5, 400, "collects", order="A3"),
        person(6, 500, "passer_by"),
        fault(7, 520, "acks", lost=1, doubled=1, wrong=0, late_ms=0, for_ms=60_000),
        person(8, 700, "foreigner"),
        person(9, 900, "collects", order="A1"),
    ]
    return Plan(seed=9, end_ms=1_200_000, site=QUICK, happenings=happenings)


def shrinker(failed: Outcome, play: shrink.Play = watched, **more: Any) -> shrink.Shrinker:
    """A shrinker on a clock that counts the looks at it."""
    ticks = count()
    return shrink.Shrinker(failed, play, lambda: next(ticks), **more)


@pytest.fixture(scope="module")
def shrunk() -> shrink.Shrunk:
    """The crowded morning, shrunk."""
    failed = watched(crowded())
    assert [breach.check for breach in failed.breaches] == ["once_a_day"]
    return shrinker(failed).run()


def test_what_is_left_is_minimal(shrunk: shrink.Shrunk) -> None:
    """Two people, no fault, a plain cabinet, an end one millisecond after the failure; without any of the two: none."""
    left = shrunk.plan
    assert shrunk.whole
    assert shrink.size(left)["people"] == len(left.happenings) == 2, left
    assert [h.args.get("order") for h in left.happenings] == ["A3", "A3"]
    assert left.site == Site(doors=6, boards=1)
    assert left.broke is not None
    assert left.end_ms == left.broke.ms + 1 < 300_000
    assert not left.quiet
    for happening in left.happenings:
        fewer = left.only([h.number for h in left.happenings if h is not happening])
        assert watched(fewer).good


def test_shrinking_goes_the_same_way_each_time(shrunk: shrink.Shrunk) -> None:
    """The same failure is shrunk to the same plan in as many tries."""
    again = shrinker(watched(crowded())).run()
    assert (again.plan, again.tries) == (shrunk.plan, shrunk.tries)


def test_the_saved_plan_fails_at_the_same_step(shrunk: shrink.Shrunk, tmp_path: Path) -> None:
    """Written, read and played again, it ends with the same check at the same moment, with the same trace."""
    saved = tmp_path / "failure.json"
    saved.write_bytes(plan.write(shrunk.plan))
    found = plan.load(saved)
    retold = story.retell(found, more=[TwiceADay])
    assert found.broke is not None
    assert retold.outcome.digest == found.broke.digest
    assert story.same_end(found, retold.outcome)
    assert story.same_end(found, campaign.play(found)) is False
    assert story.same_end(crowded(), retold.outcome) is None


def test_the_story_says_who_when_what_and_which_check(shrunk: shrink.Shrunk) -> None:
    """Dates, people, the check's own sentence and the event log's last rows, Chinese before English."""
    retold = story.retell(shrunk.plan, more=[TwiceADay])
    lines = story.story(shrunk.plan, retold.outcome, retold.events)
    text = "\n".join(lines)
    assert lines[0].startswith("种子 9：2 个人，0 个故障")
    assert "2026-09-21" in text
    assert "细心的居民来投递" in text
    assert "Collects what lies there" in text
    assert "检查器 once_a_day 说  says: door 2 opened twice on one day" in text
    assert "准开 2 号  Code valid; door 2 may open" in text
    assert [event["seq"] for event in retold.events] == list(range(1, len(retold.events) + 1))


def test_the_limits_hold() -> None:
    """After the allowed tries, and after the allowed time, the best so far is handed back, and it still fails."""
    failed = watched(crowded())
    few = shrinker(failed, tries_max=3).run()
    assert (few.tries, few.whole) == (3, False)
    late = shrinker(failed, limit_ms=5).run()
    assert late.tries <= 5
    assert not late.whole
    for found in (few, late):
        assert shrink.mark(watched(found.plan)) == "90 once_a_day"
    none = shrinker(failed, tries_max=0).run()
    assert none.plan.happenings == failed.plan.happenings


def test_progress_is_told() -> None:
    """Each try is told with its number and the smallest plan so far, which never grows."""
    heard: list[tuple[int, int]] = []
    shrinker(watched(crowded()), tries_max=12, on_try=lambda n, best: heard.append((n, len(best.happenings)))).run()
    assert [number for number, _ in heard] == list(range(1, 13))
    assert all(before >= after for (_, before), (_, after) in pairwise(heard))


def test_the_last_steps_leave_out_screens_that_only_come_again(shrunk: shrink.Shrunk) -> None:
    """The end is there, in order; no screen follows itself; everything is there when all is asked for."""
    outcome = watched(shrunk.plan)
    few = story.around(outcome, 12)
    assert len(few) == 12
    assert few[-1] == outcome.trace[-1]
    assert few[-1].endswith("door 2 opened twice on one day")
    screens = [line[18:] for line in story.around(outcome, 10_000) if " screen " in line]
    assert all(before != after for before, after in pairwise(screens))
    assert story.around(outcome, None) == outcome.trace


# --- reducing what no world is needed for: a player made by hand ----------------------------------


def player(fails: Callable[[Plan], str]) -> shrink.Play:
    """Plays nothing: says at once which check objects to a plan, "" for none."""

    def play(found: Plan) -> Outcome:
        check = fails(found)
        breaches = [Breach(1, check, found.end_ms - 1, "no")] if check else []
        return Outcome(found, str(found), breaches, trace=[str(found)])

    return play


def test_fault_rates_and_lengths_come_down() -> None:
    """A fault that is needed keeps only as much as is needed of its rates, counts and lengths."""

    def fails(found: Plan) -> str:
        noises = [h.args for h in found.happenings if h.what == "noise"]
        good = any(a["for_ms"] >= 5000 and a["to_near"].get("lose", 0) >= 0.04 for a in noises)
        return "wanted" if good else ""

    loud = {"lose": 0.8, "corrupt": 0.3, "delay_ms": 90}
    happenings = [fault(n, n, "noise", wire=0, for_ms=900_000, to_near=loud, to_far=loud, echo=True) for n in range(40)]
    play = player(fails)
    found = shrinker(play(Plan(seed=1, end_ms=90_000_000, happenings=happenings)), play).run().plan
    (only,) = found.happenings
    assert only.args["to_far"] == {}
    assert only.args["echo"] is False
    assert set(only.args["to_near"]) == {"lose"}
    assert 0.04 <= only.args["to_near"]["lose"] < 0.09
    assert 5000 <= only.args["for_ms"] < 15_000


def test_only_the_same_check_counts() -> None:
    """A smaller plan that another check objects to is not taken, nor one in which the program dies instead."""

    def fails(found: Plan) -> str:
        return "wanted" if len(found.happenings) >= 3 else "another"

    play = player(fails)
    happenings = [person(n, 100 * n, "careful") for n in range(1, 9)]
    found = shrinker(play(Plan(seed=1, end_ms=2_000_000, happenings=happenings)), play).run()
    assert len(found.plan.happenings) == 3
    assert found.outcome.breaches[0].check == "wanted"


def test_a_program_that_dies_is_known_by_its_place() -> None:
    """Errors are the same when kind and place are, whatever they say in between."""
    a, b = (Outcome(crowded(), "", error=f"KeyError: {n} at world/x.py:7") for n in (1, 2))
    assert shrink.mark(a) == shrink.mark(b) == "KeyError at world/x.py:7"
    assert shrink.mark(Outcome(crowded(), "")) == ""
    assert (end := shrink.broke(a)) is not None
    assert (end.check, end.says) == ("error", a.error)


def test_a_person_who_stops_early_leaves_the_rest_undone() -> None:
    """With ``steps`` a person does so much and no more: the code is shown, the door opens, nobody shuts it."""
    happenings = [person(1, 60, "careful", door=2, steps=1)]
    outcome = campaign.play(Plan(seed=1, end_ms=120_000, site=QUICK, happenings=happenings, quiet=False))
    assert outcome.good
    assert outcome.counts["event/opened"] == 1
    assert outcome.counts["event/shut"] == 0


def test_what_is_scanned_while_nothing_runs_is_lost() -> None:
    """A code shown while the power is away does not open a door when the program is back, however slow the wire."""
    happenings = [
        fault(1, 60, "noise", wire="scanner", for_ms=600_000, to_near={"byte_ms": 1}),
        fault(2, 70, "cut", point="idle", ends="power", event="", statement=1, off_ms=120_000, floor=False),
        person(3, 90, "never_comes"),
    ]
    outcome = campaign.play(Plan(seed=1, end_ms=400_000, site=QUICK, happenings=happenings, quiet=False))
    assert outcome.good, outcome.breaches
    assert outcome.counts["event/granted"] == 0


# --- words ----------------------------------------------------------------------------------------


def test_everything_has_its_words() -> None:
    """Each fault, cut, state, invariant, kind of person and of weather is named in both languages."""
    assert set(FAULT_NAMES) == set(STRIKES)
    assert set(STATE_NAMES) == set(COLUMNS)
    assert sorted(INVARIANTS) == list(range(1, 11))
    assert set(PEOPLE) == set(EVERYBODY) | {"quiet"}
    assert set(TOLD) == set(WEATHER)
    names = [*FAULT_NAMES.values(), *STATE_NAMES.values(), *INVARIANTS.values(), *TOLD.values()]
    assert all(chinese and english and not chinese.isascii() and english.isascii() for chinese, english in names)


def test_every_drawn_happening_can_be_told() -> None:
    """Whatever a seed draws has a line in each language."""
    from sim.world.forecast import draw

    kinds = Counter[str]()
    for seed in range(3):
        for happening in draw(seed, 3.0, visits=150, faults=10).happenings:
            chinese, english = told(happening)
            assert not chinese.isascii()
            assert english
            kinds[happening.what] += 1
    assert set(kinds) == {*WEATHER, "person"}


@pytest.mark.parametrize(
    ("ms", "words"), [(500, "500 ms"), (1000, "1 s"), (90_000, "90 s"), (300_000, "5 min"), (5_400_000, "90 min")]
)
def test_lengths_of_time(ms: int, words: str) -> None:
    """A length of time is said in the unit in which it is short."""
    assert lasts(ms) == words


def test_a_plan_of_another_version_is_refused(tmp_path: Path) -> None:
    """A saved failure of another version of plans is no plan of this one."""
    file = tmp_path / "old.json"
    file.write_bytes(b'{"version":2,"seed":1,"end_ms":1}')
    with pytest.raises(PlanError):
        plan.load(file)
