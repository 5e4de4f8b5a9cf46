"""Papers behind a door that was out of sight are nobody's knowledge, and those behind any other are: both directions.

A visit is moved on from a door that opened; the next order is given that door. Whether the papers that lie inside are a
breach of invariant 2 depends on what was wrong between that leaf and the machine while the visit lasted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from sim.links import LOSSY, PERFECT
from sim.world.site import Issued
from sim.world.street import Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh stand."""
    return Stand(tmp_path)


def _moved_on(stand: Stand, *, laid_in: bool = True) -> Issued:
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
    return first


def _next_at_that_door(stand: Stand) -> None:
    """Another order is given door 1, and its coil opens it."""
    stand.grant(stand.token(order="B7"))
    stand.ms += 1000
    stand.street.bodies[0].force(0, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))


def _moved_on_in_clear_sight(stand: Stand) -> None:
    _moved_on(stand)
    _next_at_that_door(stand)


def _moved_on_while_another_switch_is_ill(stand: Stand) -> None:
    stand.scene.trouble.begins("sensor")
    stand.street.bodies[0].stick_sensor(3, True)
    _moved_on_in_clear_sight(stand)


def _moved_on_while_the_scanner_is_noisy(stand: Stand) -> None:
    stand.scene.trouble.begins("noise")
    stand.street.scanner_wire.set_weather(LOSSY, LOSSY)
    _moved_on_in_clear_sight(stand)


def _moved_on_long_after_its_switch_was_mended(stand: Stand) -> None:
    _open_unseen(stand)
    stand.ms += 10 * MINUTE_MS
    _moved_on_in_clear_sight(stand)


def _open_unseen(stand: Stand) -> None:
    """Door 1 opens and shuts while its switch is stuck at shut."""
    body = stand.street.bodies[0]
    body.stick_sensor(0, True)
    body.force(0, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "force"))
    stand.street.shut(1)
    stand.checks.tell("swung", Swing(stand.ms, 1, False, "hand"))
    body.stick_sensor(0, None)


def _moved_on_from_papers_that_lay_there_before(stand: Stand) -> None:
    stand.street.bodies[0].force(0, stand.ms)
    stand.street.put(1, "Z9")
    stand.street.shut(1)
    stand.street.bodies[0].stick_sensor(0, True)
    _moved_on(stand, laid_in=False)
    _next_at_that_door(stand)


KNOWN: tuple[Callable[[Stand], None], ...] = (
    _moved_on_in_clear_sight,
    _moved_on_while_another_switch_is_ill,
    _moved_on_while_the_scanner_is_noisy,
    _moved_on_long_after_its_switch_was_mended,
    _moved_on_from_papers_that_lay_there_before,
)


@pytest.mark.parametrize("story", KNOWN, ids=lambda found: found.__name__.removeprefix("_moved_on_"))
def test_papers_that_the_machine_could_know_of_are_a_breach(stand: Stand, story: Callable[[Stand], None]) -> None:
    """Trouble elsewhere, at another time, or papers from before excuse nothing."""
    story(stand)
    assert 2 in stand.broken(), [check.found for check in stand.checks.all]


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


@pytest.mark.parametrize("fault", [_stuck, _flickers, _noisy, _unpowered, _unplugged])
def test_papers_behind_a_door_that_was_out_of_sight_are_nobodys_knowledge(
    stand: Stand, fault: Callable[[Stand], None]
) -> None:
    """The door opened and the machine could not see it: that the visit went on elsewhere, and the next one came here,
    is no breach. What is laid in there later, in clear sight, is one again.
    """
    fault(stand)
    _moved_on(stand)
    _next_at_that_door(stand)
    assert 2 not in stand.broken(), [check.found for check in stand.checks.all]
    stand.street.put(1, "C3")
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))
    assert 2 in stand.broken()
