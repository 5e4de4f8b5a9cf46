"""What a body notices of its coils is a breach of invariant 4, but for what a coil that nobody ordered does to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpio_rig import GpioBench
from world_stand import Stand

from locker.model import Pulse
from sim.body import Breach
from sim.world.pins import Lasting
from sim.world.street import Energised

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh stand."""
    return Stand(tmp_path)


def _two_at_once(stand: Stand) -> None:
    """Two coils of the first body, one a tenth of a second after the other."""
    body = stand.street.bodies[0]
    body.energise(2, 500, stand.ms)
    body.energise(3, 500, stand.ms + 100)
    stand.checks.tell("looked")


@pytest.mark.parametrize(("minutes", "broken"), [(1, False), (3, True)])
def test_a_stray_coil_excuses_two_minutes(stand: Stand, minutes: int, broken: bool) -> None:
    """From its beginning."""
    stand.checks.tell("energised", Energised(stand.ms, 1, 0, 500, False, "forged"))
    stand.ms += minutes * MINUTE_MS
    _two_at_once(stand)
    assert (4 in stand.broken()) is broken, [check.found for check in stand.checks.all]


def test_a_coil_that_a_forged_frame_put_on_for_minutes_is_excused_for_as_long(stand: Stand) -> None:
    """World 990440 (0.5 days): its length was forged, too, and six minutes later staff were let in at another door."""
    body = stand.street.bodies[0]
    body.energise(0, 650_760, stand.ms)
    stand.checks.tell("energised", Energised(stand.ms, 1, 0, 650_760, False, "forged"))
    stand.ms += 6 * MINUTE_MS
    body.energise(1, 500, stand.ms)
    stand.checks.tell("looked")
    stand.ms += 1000
    stand.checks.tell("ended")
    assert 4 not in stand.broken(), [check.found for check in stand.checks.all]
    stand.ms += 5 * MINUTE_MS
    _two_at_once(stand)
    assert 4 in stand.broken()


def test_a_stray_coil_excuses_no_other_that_is_on_at_the_end(stand: Stand) -> None:
    """Only its own channel, and only for its own length."""
    body = stand.street.bodies[0]
    stand.checks.tell("energised", Energised(stand.ms, 1, 0, 650_760, False, "forged"))
    body.energise(1, 900, stand.ms)
    stand.checks.tell("ended")
    assert 4 in stand.broken()


def test_what_was_noticed_before_a_stray_coil_is_not_excused_by_it(stand: Stand) -> None:
    """It cannot have done it."""
    body = stand.street.bodies[0]
    body.energise(2, 500, stand.ms)
    body.energise(3, 500, stand.ms + 100)
    stand.checks.tell("energised", Energised(stand.ms + 1000, 1, 0, 500, False, "forged"))
    stand.checks.tell("looked")
    assert 4 in stand.broken()


@pytest.mark.parametrize(("apart_ms", "broken"), [(499, True), (500, False)])
def test_coils_of_two_boards_are_never_on_together(tmp_path: Path, apart_ms: int, broken: bool) -> None:
    """Each board's body sees its own alone; they hang on one supply."""
    stand = Stand(tmp_path, boards=2)
    stand.street.bodies[0].energise(2, 500, stand.ms)
    stand.ms += apart_ms
    stand.checks.tell("energised", Energised(stand.ms, 8, 1, 500, True))
    assert (4 in stand.broken()) is broken, [check.found for check in stand.checks.all]


def test_a_coil_on_pins_that_nobody_ends_is_seen_once() -> None:
    """The library's pulse is stuck and the program hangs: a second after it began that is a breach, and one only."""
    bench = GpioBench("mcp23017").settled()
    breaches: list[Breach] = []
    lasting = Lasting(bench.cabinet, breaches)
    bench.order(Pulse(3))
    bench.header._pulses.clear()
    begun_ms = bench.ms
    for after_ms in (1000, 1001, 5000):
        bench.cabinet.advance(begun_ms + after_ms)
        lasting.look(begun_ms + after_ms)
        assert bool(breaches) is (after_ms > 1000)
    assert breaches == [Breach(begun_ms + 1001, bench.doors[3], "too_long")]


def test_what_a_body_notices_later_is_found_by_the_next_look(stand: Stand) -> None:
    """A coil that lasts too long makes no new pulse after which anybody would look."""
    stand.street.bodies[0].breaches.append(Breach(stand.ms, 2, "too_long"))
    stand.checks.tell("tick")
    assert 4 in stand.broken()
