"""Each check of the world, proven by a sabotage of what it looks at: a check that cannot fail is worth nothing.

A good visit breaks nothing; each sabotage is one thing that is not as it should be, and the check of its invariant
says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from locker.model import Now, Purpose, Record
from sim.world.checks_reports import CHECKS
from sim.world.scene import Sent
from sim.world.site import STRANGER, WALL_MS
from sim.world.street import Energised, Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh stand."""
    return Stand(tmp_path)


def test_there_is_a_check_for_each_invariant() -> None:
    """Ten checks, numbered as the invariants, each with a docstring that says what it demands."""
    assert [check.number for check in CHECKS] == list(range(1, 11))
    assert all((check.__doc__ or "").startswith(f"Invariant {check.number}.") for check in CHECKS)


def test_a_good_visit_breaks_nothing(stand: Stand) -> None:
    """Three visits as they should be, and a calm hour: nobody complains."""
    for door in (1, 2, 3):
        stand.visit(door)
    stand.ms += 3_600_000
    for door in stand.street.doors:
        stand.believes(door, "closed")
    stand.scene.acked = stand.scene.stored = stand.archive.last()
    stand.checks.tell("tick")
    stand.checks.tell("ended")
    assert not stand.broken(), [check.found for check in stand.checks.all]


# --- the sabotages --------------------------------------------------------------------------------


def _no_authority(stand: Stand) -> None:
    stand.order(3)


def _ended(stand: Stand) -> None:
    stand.visit()
    stand.ms += 10_000
    stand.order()


def _four_pulses(stand: Stand) -> None:
    stand.grant(stand.token())
    for _ in range(4):
        stand.order()
        stand.ms += 20_000


def _forged_token(stand: Stand) -> None:
    stand.grant(stand.token(key=STRANGER))
    stand.order()


def _expired(stand: Stand) -> None:
    stand.grant(stand.token(iat=WALL_MS // 1000 - 9000, life_s=60))
    stand.order()


def _other_door(stand: Stand) -> None:
    token = stand.token(Purpose.STAFF, order="", door=2)
    stand.grant(token, door=1)
    stand.order()


def _not_claimed(stand: Stand) -> None:
    token = stand.token()
    stand.scene.shown[token.cti] = stand.ms
    stand.row("granted", 1, **stand.fields(token))
    stand.order()


def _revoked(stand: Stand) -> None:
    token = stand.token()
    stand.register.revoked[token.cti] = 1
    stand.row("revoked_changed", 0, version=1)
    stand.grant(token)
    stand.order()


def _coil_out_of_nothing(stand: Stand) -> None:
    stand.checks.tell("energised", Energised(stand.ms, 4, 0, 500, False))


def _strangers_order(stand: Stand) -> None:
    stand.visit()
    stand.grant(stand.token(order="B7"))
    stand.order()


def _strangers_papers(stand: Stand) -> None:
    stand.grant(stand.token(order="B7"))
    stand.street.bodies[0].force(0, stand.ms)
    stand.street.put(1, "A1")
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))


def _open_untold(stand: Stand) -> None:
    stand.street.bodies[0].force(4, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 5, True, "force"))
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")


def _spent_again(stand: Stand) -> None:
    stand.grant(stand.visit())


def _bound_elsewhere(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token, 1)
    stand.grant(token, 2)


def _reopened_thrice(stand: Stand) -> None:
    token = stand.visit()
    for _ in range(3):
        stand.scene.touched["reopen"] = stand.ms
        stand.row("reopened", 1, **stand.fields(token))


def _reopened_late(stand: Stand) -> None:
    token = stand.visit()
    stand.ms += 2 * MINUTE_MS
    stand.scene.touched["reopen"] = stand.ms
    stand.row("reopened", 1, **stand.fields(token))


def _never_spent(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token)
    stand.reads(1, 1)
    stand.street.bodies[0].force(0, stand.ms)
    stand.row("opened", 1, **stand.fields(token))


def _two_coils(stand: Stand) -> None:
    for door in (1, 2):
        stand.grant(stand.token(), door)
        stand.order(door)
        stand.ms += 100


def _no_rest(stand: Stand) -> None:
    stand.grant(stand.token())
    stand.order()
    stand.ms += 1000
    stand.order()


def _too_long(stand: Stand) -> None:
    stand.checks.tell("energised", Energised(stand.ms, 1, 0, 5500, True))


def _body_notices(stand: Stand) -> None:
    body = stand.street.bodies[0]
    body.energise(0, 500, stand.ms)
    body.energise(1, 500, stand.ms + 100)
    stand.checks.tell("looked")


def _left_on(stand: Stand) -> None:
    stand.street.bodies[0].energise(0, 900, stand.ms)
    stand.checks.tell("ended")


def _earlier_run(stand: Stand) -> None:
    stand.grant(stand.token())
    stand.row("started")
    stand.order()


def _nobody_asked(stand: Stand) -> None:
    token = stand.token()
    stand.scene.shown[token.cti] = stand.ms - 5 * MINUTE_MS
    stand.grant(token)


def _retained_command(stand: Stand) -> None:
    token = stand.token()
    stand.scene.sent[token.cti] = [Sent(stand.ms, WALL_MS // 1000 + 90_000, True)]
    stand.grant(token, source="cloud")


def _late_command(stand: Stand) -> None:
    token = stand.token()
    stand.scene.sent[token.cti] = [Sent(stand.ms, (WALL_MS + stand.ms) // 1000 - 60, False)]
    stand.grant(token, source="cloud")


def _command_twice(stand: Stand) -> None:
    stand.row("command_done", 1, id="c1", op="open")
    stand.row("command_done", 1, id="c1", op="open")


def _not_seen_open(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token)
    stand.claim(token, 1, spent=True)
    stand.row("opened", 1, **stand.fields(token))


def _one_reading(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token)
    stand.street.bodies[0].force(0, stand.ms)
    stand.reads(0, 1, 0)
    stand.claim(token, 1, spent=True)
    stand.row("opened", 1, **stand.fields(token))


def _read_and_untrue(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token)
    stand.opens(token, swing=False)


def _not_seen_shut(stand: Stand) -> None:
    token = stand.token()
    stand.grant(token)
    stand.opens(token)
    stand.ms += 10_000
    stand.row("deposited", 1, **stand.fields(token))


def _row_missing(stand: Stand) -> None:
    stand.store._db.execute("UPDATE events SET seq = 9 WHERE seq = 1")
    stand.archive.seq = 1
    stand.told()


def _chain_broken(stand: Stand) -> None:
    stand.store.commit([Record("denied", 0, {"reason": "x"})], Now(stand.ms, WALL_MS))
    stand.store._db.execute("UPDATE events SET body = CAST(replace(body, 'x', 'y') AS BLOB) WHERE seq = 2")
    stand.told()


def _committed_gone(stand: Stand) -> None:
    stand.visit()
    stand.store._db.execute("DELETE FROM events WHERE seq > 3")
    stand.checks.tell("new_run")


def _other_content(stand: Stand) -> None:
    row = stand.store.rows_after(0, 1)[0]
    stand.received(row.seq, row.body, 0, bytes(32))


def _cloud_gap(stand: Stand) -> None:
    stand.scene.losses = [(2, 3)]
    stand.checks.tell("tick")


def _refusal_emptied(stand: Stand) -> None:
    stand.row("denied", 0, reason="expired")
    stand.store._db.execute("UPDATE events SET body = X'' WHERE seq = 2")
    stand.row("log_trimmed", 0, first=2, last=2, count=1)


def _acked_too_far(stand: Stand) -> None:
    stand.store.acked = 1
    stand.row("denied", 0, reason="expired")
    stand.checks.tell("tick")


def _outbox_not_empty(stand: Stand) -> None:
    stand.checks.tell("ended")


def _belief_wrong(stand: Stand) -> None:
    stand.ms += 10 * MINUTE_MS
    for door in stand.street.doors:
        stand.believes(door, "closed" if door != 2 else "open")
    stand.checks.tell("tick")


def _snapshot_wrong(stand: Stand) -> None:
    stand.ms += 10 * MINUTE_MS
    for door in stand.street.doors:
        stand.believes(door, "closed")
    stand.scene.link_up, stand.scene.snapshots = True, {3: "open"}
    stand.checks.tell("tick")


def _lock_too_often(stand: Stand) -> None:
    for _ in range(7):
        stand.grant(stand.token())
        stand.order()
        stand.ms += 5000


def _window_exceeded(stand: Stand) -> None:
    for _ in range(21):
        stand.row("denied", 0, reason="expired")
    after = 0
    for row in stand.store.rows_after(0, 100):
        stand.received(row.seq, row.body, after, row.hash)
        after = row.seq


def _log_flooded(stand: Stand) -> None:
    for _ in range(130):
        stand.row("denied", 0, reason="expired")


def _spins(stand: Stand) -> None:
    stand.checks.tell("spins", 301)


def _too_many_doors(stand: Stand) -> None:
    for number in range(9):
        stand.grant(stand.token(), number % 6 + 1)
        stand.order(number % 6 + 1)
        stand.ms += 3000


def _all_locks(stand: Stand) -> None:
    stand.order(0, channel=0x18)


SABOTAGES: dict[int, tuple[Callable[[Stand], None], ...]] = {
    1: (
        _no_authority,
        _ended,
        _four_pulses,
        _forged_token,
        _expired,
        _other_door,
        _not_claimed,
        _revoked,
        _coil_out_of_nothing,
    ),
    2: (_strangers_order, _strangers_papers, _open_untold),
    3: (_spent_again, _bound_elsewhere, _reopened_thrice, _reopened_late, _never_spent),
    4: (_two_coils, _no_rest, _too_long, _body_notices, _left_on),
    5: (_earlier_run, _nobody_asked, _retained_command, _late_command, _command_twice),
    6: (_not_seen_open, _one_reading, _read_and_untrue, _not_seen_shut),
    7: (
        _row_missing,
        _chain_broken,
        _committed_gone,
        _other_content,
        _cloud_gap,
        _refusal_emptied,
        _acked_too_far,
        _outbox_not_empty,
    ),
    8: (_belief_wrong, _snapshot_wrong),
    9: (_lock_too_often, _window_exceeded, _log_flooded, _spins),
    10: (_too_many_doors, _all_locks),
}


@pytest.mark.parametrize(
    ("number", "sabotage"),
    [(number, sabotage) for number, all_of_it in SABOTAGES.items() for sabotage in all_of_it],
    ids=lambda value: value.__name__.strip("_") if callable(value) else str(value),
)
def test_each_check_can_fail(stand: Stand, number: int, sabotage: Callable[[Stand], None]) -> None:
    """The check of the sabotaged invariant says so."""
    sabotage(stand)
    assert number in stand.broken(), [check.found for check in stand.checks.all]


def test_a_board_that_goes_astray_is_excused_and_its_door_must_still_be_told(stand: Stand) -> None:
    """A coil that a known fault put on is no order of ours; the open door has to be in the log all the same."""
    stand.checks.tell("energised", Energised(stand.ms, 4, 0, 500, False, "astray"))
    assert not stand.broken()
    stand.street.bodies[0].force(3, stand.ms)
    stand.checks.tell("swung", Swing(stand.ms, 4, True, "coil"))
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")
    assert 2 in stand.broken()
