"""The further checks of a world can fail: each is told of one thing that must not be, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from locker.model import CompartmentRow, Custody, KeepCompartment, Now, Purpose, Show
from sim.world.checks_books import MORE
from sim.world.checks_reports import Checks
from sim.world.site import WALL_MS
from sim.world.street import Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A stand at which the further checks look on as well."""
    made = Stand(tmp_path)
    made.checks = Checks(made.scene, MORE)
    return made


def _reserves(stand: Stand, custody: Custody = Custody.RESERVED) -> None:
    for door in range(1, 7):
        mine = custody if door == 1 else Custody.EMPTY
        kept = KeepCompartment(CompartmentRow(door, "closed", mine, b"A1" if door == 1 else b""))
        stand.store.commit([kept], Now(stand.ms, WALL_MS + stand.ms))


def _held_untold(stand: Stand) -> None:
    _reserves(stand, Custody.HOLDING)
    stand.checks.tell("tick")


def _ordered_in_quarantine(stand: Stand) -> None:
    stand.row("wrong_door", 3, device="board0", pulsed=1)
    stand.ms += 5000
    stand.grant(stand.token())
    stand.order()


def _spent_unseen(stand: Stand) -> None:
    stand.claim(stand.token(), 1, spent=True)
    stand.checks.tell("tick")


def _load_twice(stand: Stand) -> None:
    stand.row("numbered", 1, load=7, order=b"A1".hex())
    stand.row("numbered", 2, load=7, order=b"B1".hex())


def _nonce_twice(stand: Stand) -> None:
    stand.grant(stand.token(nonce=bytes(8)[:7] + b"1"))
    stand.grant(stand.token(nonce=bytes(8)[:7] + b"1", order="B1"), 2)


def _no_nonce(stand: Stand) -> None:
    stand.grant(stand.token(), 1, source="cloud")


def _cut_short_untold(stand: Stand) -> None:
    stand.grant(stand.token())
    stand.row("started")


def _refused_untold(stand: Stand) -> None:
    stand.checks.tell("showed", Show("refused", 1, reason="expired"))


def _no_receipt(stand: Stand) -> None:
    stand.row("deposited", 1, **stand.fields(stand.token()))


def _silent_board_known(stand: Stand) -> None:
    _reserves(stand, Custody.EMPTY)
    stand.ms += 10 * MINUTE_MS
    stand.street.boards[0].power(False, stand.ms)
    for _ in range(4):
        stand.checks.tell("tick")
        stand.ms += MINUTE_MS // 2


def _open_for_ever(stand: Stand) -> None:
    _reserves(stand, Custody.EMPTY)
    stand.checks.tell("swung", Swing(stand.ms, 2, True, "coil"))
    stand.believes(2, "open")
    stand.ms += 11 * MINUTE_MS
    stand.checks.tell("tick")


def _reserved_for_ever(stand: Stand) -> None:
    stand.token(Purpose.DEPOSIT, order="A1")
    _reserves(stand)
    stand.ms += 90 * MINUTE_MS
    stand.checks.tell("tick")


def _guesses_without_lock(stand: Stand) -> None:
    for _ in range(6):
        stand.row("code_wrong", 0, source="keypad", wrong=1)
        stand.ms += 5000


def _compared_while_locked(stand: Stand) -> None:
    stand.row("keypad_locked", 0, for_ms=60_000)
    stand.ms += 20_000
    stand.row("code_wrong", 0, source="keypad", wrong=1)


def _command_forgotten(stand: Stand) -> None:
    stand.row("command_done", 1, id="c1", op="open")


SABOTAGES: dict[Callable[[Stand], None], str] = {
    _held_untold: "custody_follows_events",
    _ordered_in_quarantine: "quarantine_holds",
    _spent_unseen: "spent_when_seen",
    _load_twice: "spent_when_seen",
    _nonce_twice: "nonce_once",
    _no_nonce: "nonce_once",
    _cut_short_untold: "interrupted_told",
    _command_forgotten: "command_kept",
    _refused_untold: "refusals_told",
    _no_receipt: "refusals_told",
    _silent_board_known: "boards_and_time_seen",
    _open_for_ever: "boards_and_time_seen",
    _reserved_for_ever: "boards_and_time_seen",
    _guesses_without_lock: "keypad_stays_locked",
    _compared_while_locked: "keypad_stays_locked",
}


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda found: found.__name__.removeprefix("_"))
def test_each_further_check_can_fail(stand: Stand, sabotage: Callable[[Stand], None]) -> None:
    """What must not be is found by the check that is there for it."""
    sabotage(stand)
    assert SABOTAGES[sabotage] in {check.name for check in stand.checks.all if check.found}


def test_a_good_opening_passes_the_further_checks(stand: Stand) -> None:
    """A code shown, granted, spent when its door was seen open, and shut again: nothing to say."""
    token = stand.token()
    stand.grant(token)
    stand.order()
    stand.opens(token)
    stand.ms += 5000
    stand.shuts(token)
    stand.row("visit_ended", 1, **stand.fields(token))
    stand.row("started")
    stand.checks.tell("tick")
    assert not [check.name for check in stand.checks.all if check.found and check.name in {kind.name for kind in MORE}]
