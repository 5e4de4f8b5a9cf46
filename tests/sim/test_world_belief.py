"""What excuses a belief that differs from the truth, and for how long (invariant 8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from world_stand import Stand

from sim.world.street import Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh stand."""
    return Stand(tmp_path)


@pytest.mark.parametrize(
    ("trouble", "broken"), [("network", True), ("clock", True), ("scanner", True), ("sensor", False)]
)
def test_belief_waits_for_what_hides_a_door_alone(stand: Stand, trouble: str, broken: bool) -> None:
    """Weeks without a network are no excuse for taking an open door for a shut one; a stuck switch is."""
    for door in stand.street.doors:
        stand.believes(door, "closed")
    stand.ms += 2 * MINUTE_MS
    stand.scene.trouble.begins(trouble)
    stand.street.force(2)
    stand.checks.tell("swung", Swing(stand.ms, 2, True, "force"))
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")
    assert (8 in stand.broken()) is broken, [check.found for check in stand.checks.all]


def test_a_snapshot_may_be_old_while_the_network_is_away(stand: Stand) -> None:
    """And for a minute afterwards; what the disk says may not."""
    for door in stand.street.doors:
        stand.believes(door, "closed")
    stand.scene.snapshots, stand.scene.link_up = {2: "open"}, True
    stand.scene.trouble.begins("network")
    stand.ms += 5 * MINUTE_MS
    stand.checks.tell("tick")
    stand.scene.trouble.ends("network")
    stand.ms += MINUTE_MS
    stand.checks.tell("tick")
    assert 8 not in stand.broken(), [check.found for check in stand.checks.all]
    stand.ms += 1
    stand.checks.tell("tick")
    assert 8 in stand.broken()
