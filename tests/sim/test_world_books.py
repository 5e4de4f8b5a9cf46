"""The further checks of a world can fail: each is told of one thing that must not be, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from locker.model import Custody, Now, Purpose, Quality, Show
from sim.world.checks_books import MORE
from sim.world.checks_reports import Checks
from sim.world.site import CUT_OFF, NOT_YET, RETIRED, WALL_MS
from sim.world.street import Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A stand at which the further checks look on as well."""
    return Stand(tmp_path, MORE)


def _held_untold(stand: Stand) -> None:
    stand.reserves(Custody.HOLDING)
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


def _nonce_too_old(stand: Stand) -> None:
    stand.invited(b"nonce--1")
    stand.ms += 4 * MINUTE_MS
    stand.grant(stand.token(nonce=b"nonce--1"), source="cloud")


def _granted_after_its_time(stand: Stand) -> None:
    old = stand.token(iat=(WALL_MS + stand.ms) // 1000 - 9000, life_s=600)
    stand.row("started")
    stand.claim(old, 1)
    stand.scene.clock_wrong_ms = -86_400_000
    stand.commit("granted", 1, Now(stand.ms, WALL_MS + stand.ms - 86_400_000, Quality.FLOOR), **stand.fields(old))


def _forgotten_without_a_clock(stand: Stand) -> None:
    stand.commit("retention", 0, Now(stand.ms, WALL_MS + stand.ms, Quality.FLOOR), tokens=3, commands=0, events=0)


def _cut_off(stand: Stand) -> None:
    token = stand.token(key=CUT_OFF)
    stand.scene.register.cut_offs[4] = token.iat + 1
    stand.row("keys_changed", 0, version=4)
    stand.grant(token)
    stand.order()


def _key_not_yet(stand: Stand) -> None:
    stand.grant(stand.token(key=NOT_YET))
    stand.order()


def _retired_key(stand: Stand) -> None:
    stand.grant(stand.token(key=RETIRED))
    stand.order()


def _other_order(stand: Stand) -> None:
    stand.grant(stand.token(), order=b"B1".hex())
    stand.order()


def _cut_short_untold(stand: Stand) -> None:
    stand.grant(stand.token())
    stand.row("started")


def _refused_untold(stand: Stand) -> None:
    stand.checks.tell("showed", Show("refused", 1, reason="expired"))


def _another_refusal(stand: Stand) -> None:
    stand.row("denied", 0, source="scanner", reason="spent")
    stand.checks.tell("showed", Show("refused", 1, reason="expired"))


def _no_receipt(stand: Stand) -> None:
    stand.row("deposited", 1, **stand.fields(stand.token()))


def _silent_board_known(stand: Stand) -> None:
    stand.reserves(Custody.EMPTY)
    stand.ms += 10 * MINUTE_MS
    stand.street.boards[0].power(False, stand.ms)
    for _ in range(4):
        stand.checks.tell("tick")
        stand.ms += MINUTE_MS // 2


def _open_for_ever(stand: Stand) -> None:
    stand.reserves(Custody.EMPTY)
    stand.checks.tell("swung", Swing(stand.ms, 2, True, "coil"))
    stand.believes(2, "open")
    stand.ms += 11 * MINUTE_MS
    stand.checks.tell("tick")


def _reserved_for_ever(stand: Stand) -> None:
    stand.token(Purpose.DEPOSIT, order="A1")
    stand.reserves()
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


def _papers_behind_a_free_door(stand: Stand) -> None:
    stand.reserves(Custody.EMPTY)
    stand.street.papers(2).append("B1")
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")


SABOTAGES: dict[Callable[[Stand], None], str] = {
    _held_untold: "custody_follows_events",
    _ordered_in_quarantine: "quarantine_holds",
    _spent_unseen: "spent_when_seen",
    _load_twice: "spent_when_seen",
    _nonce_twice: "nonce_once",
    _no_nonce: "nonce_once",
    _nonce_too_old: "nonce_once",
    _cut_off: "authority_first",
    _key_not_yet: "authority_first",
    _retired_key: "authority_first",
    _other_order: "authority_first",
    _granted_after_its_time: "time_never_back",
    _forgotten_without_a_clock: "time_never_back",
    _cut_short_untold: "interrupted_told",
    _command_forgotten: "command_kept",
    _refused_untold: "refusals_told",
    _another_refusal: "refusals_told",
    _no_receipt: "refusals_told",
    _silent_board_known: "boards_and_time_seen",
    _open_for_ever: "boards_and_time_seen",
    _reserved_for_ever: "boards_and_time_seen",
    _guesses_without_lock: "keypad_stays_locked",
    _compared_while_locked: "keypad_stays_locked",
    _papers_behind_a_free_door: "free_is_empty",
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


def test_what_somebody_said_was_not_there_is_no_fault_of_the_books(stand: Stand) -> None:
    """A cabinet without sensors inside takes people at their word; until a minute after any use nothing is judged."""
    stand.scene.left_behind[2] = {"B1"}
    _papers_behind_a_free_door(stand)
    stand.street.papers(3).append("C1")
    stand.checks.tell("swung", Swing(stand.ms, 3, False, "hand"))
    stand.checks.tell("tick")
    assert not [check for check in stand.checks.all if check.name == "free_is_empty" and check.found]


def test_a_fresh_nonce_opens(stand: Stand) -> None:
    """A grant with a nonce that the screen has shown two minutes ago is as it should be."""
    stand.invited(b"nonce--2")
    stand.ms += 2 * MINUTE_MS
    stand.grant(stand.token(nonce=b"nonce--2"), source="cloud")
    assert not [check for check in stand.checks.all if check.name == "nonce_once" and check.found]


def test_papers_behind_a_door_that_still_stands_open_are_no_dead_reservation(stand: Stand) -> None:
    """A code is spent and the door stands open for hours: reserved until somebody has shut it (worlds 700001, 710033).

    When it was shut more than a minute ago, and when its code was never spent, it is a reservation that has not ended.
    """
    token = stand.token(Purpose.DEPOSIT, order="A1")
    stand.reserves()
    stand.grant(token)
    stand.claim(token, 1, spent=True)
    stand.row("opened", 1, **stand.fields(token))
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))
    stand.ms += 90 * MINUTE_MS
    stand.checks.tell("tick")
    stand.checks.tell("swung", Swing(stand.ms, 1, False, "hand"))
    stand.ms += 2000
    stand.checks.tell("tick")
    found = [check for check in stand.checks.all if check.name == "boards_and_time_seen"]
    assert not [check for check in found if check.found]
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")
    assert [check for check in found if check.found]


@pytest.mark.parametrize(("by", "broken"), [("press", False), ("force", True)])
def test_a_reserved_door_that_staff_left_open_waits_for_them(stand: Stand, by: str, broken: bool) -> None:
    """Nobody can be given it until it is shut; one that was pried open holds up nothing (world 1700106, 0.2 days)."""
    stand.token(Purpose.DEPOSIT, order="A1")
    stand.reserves()
    stand.grant(stand.token(Purpose.STAFF, order="", door=1, nonce=b"nonce--2"))
    stand.checks.tell("swung", Swing(stand.ms, 1, True, by))
    stand.ms += 90 * MINUTE_MS
    stand.checks.tell("tick")
    found = [check for check in stand.checks.all if check.name == "boards_and_time_seen" and check.found]
    assert bool(found) == broken


def test_a_reservation_outlives_its_code_while_the_clock_is_wrong_and_a_little_longer(stand: Stand) -> None:
    """The cabinet's clock was an hour behind and is set right: then the code has run out (world 1100365, 0.2 days)."""
    stand.token(Purpose.DEPOSIT, order="A1")
    stand.reserves()
    stand.scene.clock_wrong_ms = -60 * MINUTE_MS
    stand.ms += 90 * MINUTE_MS
    stand.checks.tell("tick")
    stand.scene.clock_wrong_ms = 0
    stand.checks.tell("tick")
    found = [check for check in stand.checks.all if check.name == "boards_and_time_seen"]
    assert not [check for check in found if check.found]
    stand.ms += 16 * MINUTE_MS
    stand.checks.tell("tick")
    assert [check for check in found if check.found]


@pytest.mark.parametrize(("slow_ms", "broken"), [(4000, False), (1500, True)])
def test_two_boards_on_a_wire_are_read_in_turn_by_a_slow_disk(stand: Stand, slow_ms: int, broken: bool) -> None:
    """A commit between each two turns, and the row's own (world 1600058, 0.5 days)."""
    stand.checks = Checks(stand.scene)
    stand.street.bodies[0].force(1, stand.ms)
    stand.reads(0b10)
    stand.ms += 8000
    stand.reads(0b10)
    stand.ms += 4000
    stand.scene.slow_ms = slow_ms
    stand.row("found_open", 2)
    assert any(check.found for check in stand.checks.all if check.name == "seen_is_seen") == broken


def test_a_leaf_that_is_pushed_shut_as_it_is_read_stood_open(stand: Stand) -> None:
    """Pried open for two seconds: its second reading, its row and the push are of one moment (world 1801212)."""
    stand.checks = Checks(stand.scene)
    body = stand.street.bodies[0]
    body.force(1, stand.ms)
    stand.reads(0b10)
    stand.ms += 2000
    stand.reads(0b10)
    body.shut(1, stand.ms)
    stand.row("forced", 2, custody="empty", order="")
    assert not [check for check in stand.checks.all if check.name == "seen_is_seen" and check.found]


def test_a_row_of_the_moment_in_which_a_clock_is_put_right_says_no_certain_time(stand: Stand) -> None:
    """The turn had read the clock before, 400 days ahead and synchronised (world 2000028)."""
    stand.commit("log_trimmed", 0, Now(stand.ms, WALL_MS + stand.ms + 400 * 24 * 60 * MINUTE_MS), first=9, last=9)
    stand.grant(stand.token())
    assert not [check for check in stand.checks.all if check.name == "time_never_back" and check.found]


@pytest.mark.parametrize("moves_again", [False, True])
def test_a_bounce_is_no_movement(stand: Stand, moves_again: bool) -> None:
    """Told to be shut and then to be forced, with no more than the contact's bounces between, or a leaf that moved."""
    stand.checks = Checks(stand.scene)
    body = stand.street.bodies[0]
    body.force(1, stand.ms)
    stand.reads(0b10, 0b10)
    stand.row("forced", 2, custody="empty", order="")
    stand.ms += 2000
    body.shut(1, stand.ms)
    stand.ms += 8
    stand.reads(0, 0)
    stand.row("shut", 2)
    stand.ms += 8
    if moves_again:
        body.force(1, stand.ms)
    stand.reads(0b10, 0b10)
    stand.row("forced", 2, custody="empty", order="")
    assert any(check.found for check in stand.checks.all if check.name == "seen_is_seen") != moves_again


@pytest.mark.parametrize(("since_ms", "broken"), [(0, False), (60_000, True)])
def test_what_a_switch_said_before_it_was_mended_counts_as_a_reading(stand: Stand, since_ms: int, broken: bool) -> None:
    """It flickered until this moment (worlds 1800384, 1801279); a minute later nothing of that is left."""
    stand.checks = Checks(stand.scene)
    stand.scene.trouble.begins("sensor")
    stand.scene.trouble.ends("sensor")
    stand.ms += since_ms
    stand.reads(0b10, 0b10)
    stand.row("forced", 2, custody="empty", order="")
    assert any(check.found for check in stand.checks.all if check.name == "seen_is_seen") == broken


@pytest.mark.parametrize(("believed", "broken"), [("forced", False), ("closed", True)])
def test_what_is_told_late_is_what_is_believed(stand: Stand, believed: str, broken: bool) -> None:
    """It stands on no reading of its own: a switch that flaps says something else by then (world 1300321)."""
    stand.believes(2, believed)
    stand.row("forced", 2, custody="empty", order="", late=True)
    assert (6 in stand.broken()) is broken, [check.found for check in stand.checks.all]


def test_a_door_that_stands_open_and_is_opened_again_is_in_use(stand: Stand) -> None:
    """Somebody's code is taken at a door that has been left open for hours: it is in use for a while (world 700013)."""
    stand.reserves(Custody.EMPTY)
    stand.checks.tell("swung", Swing(stand.ms, 2, True, "coil"))
    stand.ms += 120 * MINUTE_MS
    token = stand.token(Purpose.STAFF, order="")
    stand.row("granted", 2, **stand.fields(token))
    stand.believes(2, "open")
    stand.ms += 10_000
    stand.checks.tell("tick")
    assert not [check for check in stand.checks.all if check.name == "boards_and_time_seen" and check.found]


def test_what_a_full_log_has_emptied_is_not_waited_for(stand: Stand) -> None:
    """The cloud was away for so long that the log was full: rows that it was sent are emptied, others come after them.

    Found by world 961600 (0.5 days), in which the cloud was away for eight hours and the log held 1,500 rows, and by
    world 961667.
    """
    for _ in range(24):
        stand.row("visit_ended", 0, why="done")
    rows = stand.store.rows_after(0, 100)
    after = 0
    for row in rows[:20]:
        stand.received(row.seq, row.body, after, row.hash)
        after = row.seq
    seqs = [row.seq for row in rows[1:6]]
    stand.store._db.execute("UPDATE events SET body = X'' WHERE seq BETWEEN ? AND ?", (seqs[0], seqs[-1]))
    for row in rows[20:]:
        stand.received(row.seq, row.body, after, row.hash)
        after = row.seq
    assert 9 not in stand.broken()
