"""Staff who stand there: the only way past the limit on doors a minute; nothing from the network is (invariant 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stage import STRANGER, Stage, a_config

from locker import config
from locker.machine import VisitState
from locker.model import MessageReceived, Purpose, Refusal

DOORS_MAX = 3
PRESENT_MS = 60_000


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Twelve compartments, three doors a minute, staff count as there for a minute."""
    coil = config.Coil(doors_minute_max=DOORS_MAX, per_lock_minute_max=20)
    return Stage(tmp_path, a_config(doors=12, coil=coil, staff=config.Staff(present_s=PRESENT_MS // 1000)))


def staff_at(stage: Stage, door: int, purpose: Purpose = Purpose.STAFF, **given: Any) -> None:
    """Somebody of the staff shows their code for an empty compartment, looks in, and shuts it."""
    assert stage.scan(stage.token(purpose, door=door, **given)) == door, stage.last("denied")
    stage.wait(1500)
    stage.opens(door)
    stage.shuts(door)


def resident_at(stage: Stage, order: str) -> bool:
    """A resident shows a code at the scanner and drops something off; whether a door opened."""
    door = stage.scan(stage.deposit(order))
    if not door:
        return False
    stage.wait(1500)
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    return True


def remotely(stage: Stage, n: int, door: int) -> dict[str, Any]:
    """The cloud opens a door with a good staff grant; the answer."""
    stage.wait(3000)
    answer = stage.command(id=f"r{n}", grant=stage.token(Purpose.STAFF, door=door))
    if answer["ok"]:
        stage.wait(1500)
        stage.opens(door)
        stage.shuts(door)
    return answer


# --- who is there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [Purpose.STAFF, Purpose.TECHNICIAN])
def test_a_named_code_at_the_scanner_begins_it_and_time_ends_it(stage: Stage, purpose: Purpose) -> None:
    """From the accepted code, for so long; an event at both ends, with the name."""
    assert not stage.cabinet.staff_present(stage.now)
    stage.scan(stage.token(purpose, door=1))
    assert stage.cabinet.staff_present(stage.now)
    begun_ms = stage.ms
    stage.opens(1)
    stage.shuts(1)
    assert stage.last("staff_present") == {"by": "staff-7", "door": 0}
    stage.wait(PRESENT_MS - 1)
    assert stage.cabinet.staff_present(stage.now)
    stage.wait(1)
    assert not stage.cabinet.staff_present(stage.now)
    assert stage.last("staff_left") == {"by": "staff-7", "door": 0}
    assert stage.log[-1]["boot_ms"] == begun_ms + PRESENT_MS, "said at its end, with nobody there to wake it"


def test_each_further_code_and_touch_prolongs_it(stage: Stage) -> None:
    """A round of all doors is one presence: one event at its beginning, one at its end."""
    door = 0
    for door in (1, 2, 3, 4):
        staff_at(stage, door)
        stage.wait(PRESENT_MS // 2)
    held = stage.cabinet.rooms[5]
    held.reserve(b"A1")
    stage.scan(stage.token(Purpose.STAFF, door=5))
    stage.opens(5)
    stage.wait(PRESENT_MS - 5000)
    stage.shuts(5)
    stage.touch("left_in")
    stage.wait(PRESENT_MS - 1)
    assert stage.cabinet.staff_present(stage.now)
    stage.wait(1)
    assert not stage.cabinet.staff_present(stage.now)
    assert [stage.kinds.count(kind) for kind in ("staff_present", "staff_left")] == [1, 1]


def test_a_touch_after_it_has_ended_begins_nothing(stage: Stage) -> None:
    """Staff went away from an open door; whoever shuts it and presses a button is not staff by that."""
    stage.cabinet.rooms[5].reserve(b"A1")
    stage.scan(stage.token(Purpose.STAFF, door=5))
    stage.opens(5)
    stage.wait(PRESENT_MS)
    stage.shuts(5)
    stage.touch("left_in")
    assert not stage.cabinet.staff_present(stage.now)


def test_somebody_else_takes_over_by_name(stage: Stage) -> None:
    """A colleague shows a code: the one has left, the other is there."""
    staff_at(stage, 1)
    staff_at(stage, 2, sub="staff-8")
    told = [(e["type"], e["data"]["by"]) for e in stage.log if e["type"] in ("staff_present", "staff_left")]
    assert told == [("staff_present", "staff-7"), ("staff_left", "staff-7"), ("staff_present", "staff-8")]


def test_a_restart_ends_it(stage: Stage) -> None:
    """After a power cut nobody has been seen yet (invariant 5)."""
    staff_at(stage, 1)
    stage.crash()
    assert not stage.cabinet.staff_present(stage.now)


def test_a_code_that_is_refused_begins_nothing(stage: Stage) -> None:
    """Spent, for a door that is not there, expired, forged, for a busy cabinet: nobody is there by that."""
    seconds = stage.wall_ms // 1000
    for text in (
        stage.token(Purpose.STAFF, door=24),
        stage.token(Purpose.STAFF, door=2, iat=seconds - 7200, exp=seconds - 3600),
        stage.token(Purpose.STAFF, door=2, key=STRANGER),
    ):
        assert stage.scan(text) == 0
        assert not stage.cabinet.staff_present(stage.now)
    door = stage.scan(stage.deposit())
    stage.opens(door)
    assert stage.scan(stage.token(Purpose.STAFF, door=3)) == door
    assert stage.refused(Refusal.BUSY)
    assert not stage.cabinet.staff_present(stage.now)
    assert "staff_present" not in stage.kinds


# --- what it is good for --------------------------------------------------------------------------


def test_without_staff_the_limit_holds_at_the_scanner(stage: Stage) -> None:
    """So many doors, then no, to be asked again in a minute; the code stays good."""
    assert [resident_at(stage, f"A{n}") for n in range(DOORS_MAX + 1)] == [True] * DOORS_MAX + [False]
    assert stage.refused(Refusal.RATE_LIMITED)
    stage.wait(60_000)
    assert resident_at(stage, "A9")


def test_staff_go_round_all_doors_and_help_residents_meanwhile(stage: Stage) -> None:
    """Twelve doors in a row, also for residents beside them; and the residents after them have their full limit."""
    for door in range(1, 11):
        staff_at(stage, door)
    assert all(resident_at(stage, f"A{n}") for n in range(DOORS_MAX + 2))
    stage.wait(PRESENT_MS)
    assert [resident_at(stage, f"B{n}") for n in range(DOORS_MAX + 1)] == [True] * DOORS_MAX + [False]


def test_staff_open_though_the_minute_is_full(stage: Stage) -> None:
    """Their own code is their presence: residents have used the minute up, staff are served at once."""
    assert all(resident_at(stage, f"A{n}") for n in range(DOORS_MAX))
    staff_at(stage, 12)


def test_one_locks_own_limits_are_not_lifted(tmp_path: Path) -> None:
    """Staff or not, a coil that is warm rests."""
    stage = Stage(tmp_path, a_config(coil=config.Coil(per_lock_minute_max=2)))
    for _ in range(2):
        staff_at(stage, 1)
        stage.wait(2000)
    assert stage.scan(stage.token(Purpose.STAFF, door=1)) == 0
    assert stage.refused(Refusal.TOO_OFTEN)


# --- nothing from anywhere ------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [Purpose.STAFF, Purpose.TECHNICIAN])
def test_the_network_neither_begins_it_nor_is_let_past_by_it(stage: Stage, purpose: Purpose) -> None:
    """Good staff grants from the cloud: no presence, three doors a minute; with staff really there, the same."""
    assert [remotely(stage, n, n + 1)["reason"] for n in range(DOORS_MAX + 1)] == [""] * DOORS_MAX + ["rate_limited"]
    assert not stage.cabinet.staff_present(stage.now)
    staff_at(stage, 9, purpose)
    assert stage.cabinet.staff_present(stage.now)
    assert remotely(stage, 10, 10)["reason"] == "rate_limited"
    assert stage.cabinet.visit.state is VisitState.IDLE


def test_a_grant_over_the_network_does_not_prolong_it(stage: Stage) -> None:
    """Nor does a touch in the visit that it began."""
    staff_at(stage, 1)
    begun_ms = stage.ms
    stage.wait(PRESENT_MS // 2)
    stage.cabinet.rooms[5].reserve(b"A1")
    assert remotely(stage, 1, 5)["ok"]
    stage.touch("left_in")
    stage.wait(begun_ms + PRESENT_MS - stage.ms)
    assert not stage.cabinet.staff_present(stage.now)


def test_no_message_lifts_the_limit(stage: Stage) -> None:
    """Whatever is sent, of whatever form, under whatever name: the fourth door of the minute stays shut."""
    assert all(resident_at(stage, f"A{n}") for n in range(DOORS_MAX))
    pulses = len(stage.pulses)
    sent: list[dict[str, Any]] = [
        {"op": "open_all"},
        {"op": "service", "args": {"door": 9, "in_service": True, "staff_present": True}},
        {"op": "staff_present", "args": {"by": "staff-7"}},
        {"op": "open", "grant": stage.token(Purpose.STAFF, door=9), "args": {"source": "scanner", "staffed": True}},
        {"op": "open", "grant": stage.token(Purpose.TECHNICIAN, door=9), "source": "scanner", "by": "staff-7"},
        {"op": "open", "grant": stage.grant(order="B1")},
    ]
    for n, fields in enumerate(sent):
        stage.command(id=f"m{n}", **fields)
    for tail in ("config", "keys", "revoked", "ack", "staff"):
        stage.tell(MessageReceived(tail, b'{"coil":{"doors_minute_max":60}}', False, 5))
    assert (len(stage.pulses), stage.cabinet.staff_present(stage.now)) == (pulses, False)
    assert [e["data"]["reason"] for e in stage.log if e["type"] == "denied"] == ["rate_limited"] * 3


# --- over restarts --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["killed", "rebooted"])
def test_a_restart_gives_no_new_doors(stage: Stage, how: str) -> None:
    """Killed, or the plug pulled: the minute that was full is full still; then it is over (invariants 5 and 10)."""
    assert all(resident_at(stage, f"A{n}") for n in range(DOORS_MAX))
    stage.crash() if how == "killed" else stage.reboot(away_ms=120_000)
    started_ms = stage.ms
    assert not resident_at(stage, "B1")
    assert stage.refused(Refusal.RATE_LIMITED)
    stage.wait(started_ms + 60_000 - stage.ms)
    assert resident_at(stage, "B2")


def test_the_count_is_on_the_disk_before_the_pulse(stage: Stage) -> None:
    """The power goes in the very moment of the third pulse: it has been counted (invariant 1's commit has it)."""
    assert all(resident_at(stage, f"A{n}") for n in range(DOORS_MAX - 1))
    stage.scan(stage.deposit("C1"))
    stage.wait(1000)
    assert len(stage.pulses) == DOORS_MAX
    stage.crash()
    assert not resident_at(stage, "B1")
    assert stage.refused(Refusal.RATE_LIMITED)


def test_a_damaged_count_is_told_and_is_no_way_past(stage: Stage) -> None:
    """Somebody wrote into the database: an event, a minute of nothing, and no error."""
    resident_at(stage, "A1")
    stage.store._db.execute("UPDATE notes SET text = 'x' WHERE name = 'coil'")
    stage.crash()
    assert stage.last("device_trouble") | {"device": "coil", "what": "unreadable"} == stage.last("device_trouble")
    assert not resident_at(stage, "B1")
    stage.wait(60_000)
    assert resident_at(stage, "B2")
