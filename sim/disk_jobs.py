"""A campaign over several processes: each takes stretches of the cuts, the figures are added up.

The recording and its history are made once and handed to the processes as they begin. Knows how work is shared out; the
figures do not depend on the number of processes, only on the seed and the number of parts.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

from locker.clock import boot_ms
from sim.disk import Recording
from sim.disk_run import Campaign, Outcome, Plan, history_of, record
from sim.disk_state import History
from sim.disk_upkeep import Scenario

PARTS = 48
_given: list[tuple[Recording, History]] = []


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario's figures: the outcome, and how long recording and cutting took."""

    scenario: Scenario
    outcome: Outcome
    record_ms: int
    cut_ms: int


def run(scenario: Scenario, plan: Plan, jobs: int, progress: Callable[[float], None]) -> Run:
    """Record a scenario and cut it in ``jobs`` processes; ``progress`` gets the share done."""
    begun_ms = boot_ms()
    recording = record(scenario.day, scenario.prepare)
    told = history_of(recording)
    recorded_ms = boot_ms()
    total = Outcome(len(recording.steps), promises=len(told.promises), transactions=len(told.states) - 1)
    total.begin(told.breaches)
    plans = [replace(plan, part=part, parts=PARTS) for part in range(PARTS)]
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=forked, initializer=_take, initargs=(recording, told)) as pool:
        parts = [pool.submit(_part, each) for each in plans]
        for number, _ in enumerate(as_completed(parts), 1):
            progress(number / PARTS)
        for part in parts:
            total.merge(part.result())
    return Run(scenario, total, recorded_ms - begun_ms, boot_ms() - recorded_ms)


def _take(recording: Recording, told: History) -> None:
    """A process begins."""
    _given.append((recording, told))


def _part(plan: Plan) -> Outcome:
    """One stretch, in one of the processes."""
    recording, told = _given[-1]
    return Campaign(recording, told, plan).run()
