"""What really happened, counted: faults, states, transitions, refusals, events, people.

A name is ``group/name``; counts of many worlds are added up; ``coverage`` says what a campaign has not met.
``counted_tables`` looks on while the three production tables fire; it changes nothing of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from locker import compartment, duty, visit
from locker.machine import COMPARTMENT, DUTY, VISIT, Cell, DoorState, DutyState, Table, VisitState
from sim.world.seam import POINTS

Counts = Counter[str]


_FAULTS = """
lose_board corrupt_board truncate_board duplicate_board garbage_board forge_board
delay_board jitter_board byte_board echo_board
lose_scanner corrupt_scanner truncate_scanner duplicate_scanner garbage_scanner
delay_scanner jitter_scanner byte_scanner unplugged_board unplugged_scanner
board_silent board_reboots board_astray board_late_reply board_says_11 board_says_12 board_says_13 board_says_14
door_jams door_sticks door_opens_late door_forced sensor_stuck_shut sensor_stuck_open sensor_flickers
network_away network_weeks broker_forgets broker_frozen publish_lost puback_lost publish_refused nobody_listens
ack_lost ack_doubled ack_wrong ack_late cloud_away
clock_forwards clock_backwards boots_in_1970 disk_full disk_readonly commit_slow
command_doubled command_late command_retained command_malformed
mains_away tampered hot_or_cold probe_fresh
"""
FAULTS = tuple(f"fault/{name}" for name in _FAULTS.split())
"""Every fault of the wires, the devices, the network, the cloud, the clock and the disk, as it is counted."""
CUTS = tuple(f"{ends}/{point}" for ends in ("power_cut", "killed") for point in (*POINTS, "idle"))
"""Every point at which the power may go or the process be killed, as it is counted."""


def wanted_states() -> set[str]:
    """Every state of the three tables, as it is counted."""
    doors = {f"door/{s.value}" for s in DoorState} | {f"visit/{s.value}" for s in VisitState}
    return doors | {f"duty/{s.value}" for s in DutyState}


def wanted_rows() -> set[str]:
    """Every row of the three tables, as it is counted."""
    tables = (("door", COMPARTMENT), ("visit", VISIT), ("duty", DUTY))
    return {f"{name}_row/{trigger}:{source.value}" for name, rows in tables for trigger, source, _ in rows}


def grouped(counts: Counts) -> dict[str, dict[str, int]]:
    """The counts by group, both sorted by name."""
    groups: dict[str, dict[str, int]] = {}
    for name in sorted(counts):
        group, _, rest = name.partition("/")
        groups.setdefault(group, {})[rest] = counts[name]
    return groups


@contextmanager
def counted_tables(counts: Counts, reached: Callable[[str], None] = lambda state: None) -> Iterator[None]:
    """Count every row that fires and every state that is reached, as long as the context lasts; tell ``reached``."""
    tables: tuple[tuple[str, Table[Any]], ...] = (
        ("door", compartment.TABLE),
        ("visit", visit.TABLE),
        ("duty", duty.TABLE),
    )
    for name, table in tables:
        _look_on(name, table, counts, reached)
    try:
        yield
    finally:
        for _, table in tables:
            del table.fire


def _look_on(name: str, table: Table[Any], counts: Counts, reached: Callable[[str], None]) -> None:
    fire = table.fire

    def seen(cell: Cell[Any], trigger: str) -> None:
        before = cell.state
        fire(cell, trigger)
        counts[f"{name}_row/{trigger}:{before.value}"] += 1
        counts[f"{name}/{cell.state.value}"] += 1
        reached(f"{name}/{cell.state.value}")

    table.fire = seen  # type: ignore[method-assign]
