"""Campaigns: how many worlds are begun, what a failure and a lost process end, and which worlds are long ones."""

from __future__ import annotations

import multiprocessing
import os
import signal
from itertools import count

import pytest

from sim.world import campaign
from sim.world.archive import Row
from sim.world.campaign import Result
from sim.world.forecast import LONG_DAYS, draw_long
from sim.world.plan import DAY_MS
from sim.world.scene import Check
from sim.world.world import Outcome

MINUTES = 0.003
WEEK_MS = 7 * DAY_MS


class Grumbles(Check):
    """Objects to the first row of every world."""

    number, name = 1, "grumbles"

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        self.breach("I do not like it")


@pytest.mark.parametrize("jobs", [1, 2])
def test_when_the_time_is_up_no_other_world_is_begun(jobs: int) -> None:
    """Three worlds fit into the time: they are played, those that are under way then as well, and no more."""
    played: list[int] = []
    result = campaign.run(
        range(100, 1 << 40),
        MINUTES,
        jobs=jobs,
        visits=300,
        faults=0,
        on_world=lambda result, outcome: played.append(outcome.plan.seed),
        stop_at_first=False,
        time_is_up=lambda: len(played) >= 3,
    )
    assert 3 <= result.worlds <= 3 + jobs
    assert sorted(played) == list(range(100, 100 + result.worlds))
    assert not result.failed
    assert not result.ended


@pytest.mark.parametrize(("stops", "worlds"), [(True, 1), (False, 4)])
def test_a_failure_ends_a_campaign_only_if_it_is_told_to(stops: bool, worlds: int) -> None:
    """A check that objects to everything: the first world is the last one, or all that there is time for fail."""
    moments = count(1)
    result = campaign.run(
        range(100, 1 << 40),
        MINUTES,
        visits=300,
        faults=0,
        stop_at_first=stops,
        time_is_up=lambda: next(moments) >= 4,
        more=(Grumbles,),
    )
    assert [outcome.plan.seed for outcome in result.failed] == list(range(100, 100 + worlds))
    assert result.first is not None
    assert result.first.plan.seed == 100


def test_a_process_that_is_lost_ends_the_campaign_and_is_told() -> None:
    """One of two processes is killed after the first world: what was played counts, the rest is not waited for."""

    def kill(result: Result, outcome: Outcome) -> None:
        for child in multiprocessing.active_children()[:1]:
            os.kill(child.pid or 0, signal.SIGKILL)

    result = campaign.run(range(100, 1 << 40), MINUTES, jobs=2, visits=300, faults=0, on_world=kill)
    assert "a process of the campaign was lost" in result.ended
    assert result.worlds >= 1
    assert not result.failed


def test_the_plan_of_a_long_world_has_its_weeks_without_a_network() -> None:
    """Seeds that end in 99 are of long worlds: a small log, and an outage of more than a week."""
    plan = draw_long(199)
    assert plan.end_ms == int(LONG_DAYS * DAY_MS)
    assert plan.site.events_max < 2000
    assert any(h.what == "network" and h.args["for_ms"] > WEEK_MS for h in plan.happenings)
