"""Papers behind a door that a visit was moved on from: the next order's coil that opens it is a breach of invariant 2.

Whatever was wrong between that leaf and the machine while the visit lasted: the machine pulsed the door, so it has to
be looked into before anybody else gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from sim.links import LOSSY, PERFECT
from sim.world.street import Swing


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh stand."""
    return Stand(tmp_path)


def _moved_on(stand: Stand, *, laid_in: bool = True) -> None:
    """A visit is moved on from door 1, which opened and was never seen open; mostly papers were laid in meanwhile."""
    body, first = stand.street.bodies[0], stand.token(order="A1")
    stand.grant(first)
    body.force(0, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))
    if laid_in:
        stand.street.put(1, "A1")
    stand.ms += 9000
    stand.street.shut(1)
    stand.checks.tell("swung", Swing(stand.ms, 1, False, "hand"))
    stand.row("moved", 2, **stand.fields(first, why="jammed"), **{"from": 1})


def _next_at_that_door(stand: Stand) -> None:
    """Another order is given door 1, and its coil opens it."""
    stand.grant(stand.token(order="B7"))
    stand.ms += 1000
    stand.street.bodies[0].force(0, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))


def _nothing(stand: Stand) -> None:
    """The machine saw it all."""


def _stuck(stand: Stand) -> None:
    stand.street.bodies[0].stick_sensor(0, True)


def _flickers(stand: Stand) -> None:
    stand.street.bodies[0].flicker(0)


def _noisy(stand: Stand) -> None:
    stand.street.wires[0].set_weather(PERFECT, LOSSY)


def _unpowered(stand: Stand) -> None:
    stand.street.boards[0].power(False, stand.ms)


def _unplugged(stand: Stand) -> None:
    stand.street.ports[0].vanish()


FAULTS = (_nothing, _stuck, _flickers, _noisy, _unpowered, _unplugged)


@pytest.mark.parametrize("fault", FAULTS)
def test_papers_behind_a_door_that_a_visit_moved_on_from_are_a_breach(
    stand: Stand, fault: Callable[[Stand], None]
) -> None:
    """In sight or not."""
    fault(stand)
    _moved_on(stand)
    _next_at_that_door(stand)
    assert 2 in stand.broken(), [check.found for check in stand.checks.all]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_empty_compartment_that_a_visit_moved_on_from_is_none(stand: Stand, fault: Callable[[Stand], None]) -> None:
    """Nothing was laid in, so there is nothing to see."""
    fault(stand)
    _moved_on(stand, laid_in=False)
    _next_at_that_door(stand)
    assert 2 not in stand.broken(), [check.found for check in stand.checks.all]


def test_papers_from_before_are_a_breach_as_well(stand: Stand) -> None:
    """They lay there when the visit came."""
    stand.street.bodies[0].force(0, stand.ms)
    stand.street.put(1, "Z9")
    stand.street.shut(1)
    _moved_on(stand, laid_in=False)
    _next_at_that_door(stand)
    assert 2 in stand.broken(), [check.found for check in stand.checks.all]
