"""Doors and boards that do as they like: forced, open at start, stuck, silent; belief follows the switches."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from stage import Stage, a_config

from locker import config
from locker.machine import DoorState, VisitState
from locker.model import BoardBack, BoardSilent, Custody, DoorSeen, Purpose, Refusal


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments."""
    return Stage(tmp_path)


def believed(stage: Stage) -> dict[int, bool | None]:
    """What is believed of each door."""
    return {door: room.looks_open for door, room in stage.cabinet.rooms.items()}


def test_a_door_that_opens_by_itself_is_forced_and_given_to_nobody(stage: Stage) -> None:
    """Open without an authority: an alarm event, out of service until somebody has looked, shut is seen too."""
    stage.opens(2)
    assert stage.cabinet.rooms[2].state is DoorState.FORCED
    assert stage.last("forced") == {"custody": "empty", "order": "", "door": 2}
    stage.shuts(2)
    room = stage.cabinet.rooms[2]
    assert (room.state, room.free, room.reason) == (DoorState.CLOSED, False, "forced")
    assert stage.kinds[-2:] == ["forced", "shut"]
    stage.command(op="service", args={"door": 2, "in_service": True})
    assert stage.cabinet.rooms[2].free


def test_a_forced_door_with_an_item_says_whose_it_was_and_stays_collectable(stage: Stage) -> None:
    """The item may still be there, and its owner may still come."""
    door = stage.stored("A1")
    stage.opens(door)
    assert stage.last("forced")["order"] == b"A1".hex()
    assert stage.scan(stage.collect("A1")) == door, "the sensor informs, it does not veto"


def test_a_door_forced_during_anothers_visit_is_seen_as_such(stage: Stage) -> None:
    """The visit goes on at its own door."""
    door = stage.scan(stage.deposit())
    stage.opens(6)
    assert stage.last("forced")["door"] == 6
    assert (stage.cabinet.visit.door, stage.cabinet.visit.state) == (door, VisitState.OPENING)


def test_a_door_open_at_start_is_found_open_not_forced(stage: Stage) -> None:
    """Nobody knows since when: an event, given to nobody while open, and no alarm of force."""
    stage.crash(open_doors=(1, 4))
    assert [stage.cabinet.rooms[door].state for door in (1, 4)] == [DoorState.LEFT_OPEN] * 2
    assert stage.kinds.count("found_open") == 2
    assert "forced" not in stage.kinds
    assert stage.scan(stage.deposit()) not in (1, 4)
    stage.shuts(1)
    assert stage.cabinet.rooms[1].state is DoorState.CLOSED


def test_belief_equals_the_switches_after_anything(stage: Stage) -> None:
    """Open and shut, seen or not, silent and back: what is believed is what was read last (invariant 8)."""
    stage.opens(1)
    stage.opens(2)
    stage.shuts(1)
    assert believed(stage) == {1: False, 2: True, 3: False, 4: False, 5: False, 6: False}
    stage.silence()
    assert set(believed(stage).values()) == {None}
    assert stage.screen.name == "out_of_order"
    stage.power_up(open_doors=(3,))
    assert believed(stage) == {1: False, 2: False, 3: True, 4: False, 5: False, 6: False}
    assert stage.screen.name == "idle"


def test_a_reading_that_changes_nothing_writes_nothing(stage: Stage) -> None:
    """No write without a change."""
    seq, rev = stage.store.last_seq(), stage.cabinet.rooms[1].rev
    for _ in range(5):
        stage.shuts(1)
    assert (stage.store.last_seq(), stage.cabinet.rooms[1].rev) == (seq, rev)


def test_what_a_sensor_sees_inside_is_told(stage: Stage) -> None:
    """Something appears behind a shut door: the snapshot's revision rises, and nothing new is put there."""
    rev = stage.cabinet.rooms[1].rev
    stage.tell(DoorSeen(1, False, occupied=True))
    assert stage.cabinet.rooms[1].rev == rev + 1
    assert stage.scan(stage.deposit()) == 2


def test_a_jammed_door_that_comes_into_sight_is_told(tmp_path: Path) -> None:
    """Jammed stays jammed over silence, but whether its switch can be seen is told each time."""
    stage = Stage(tmp_path, a_config(doors=1))
    stage.scan(stage.deposit())
    stage.wait(20_000)
    rev = stage.cabinet.rooms[1].rev
    stage.silence()
    assert (stage.cabinet.rooms[1].seen, stage.cabinet.rooms[1].rev) == (None, rev + 1)
    stage.power_up()
    assert (stage.cabinet.rooms[1].seen, stage.cabinet.rooms[1].rev) == (False, rev + 2)


# --- a board that falls silent while somebody is there --------------------------------------------


def at_phase(stage: Stage, phase: str) -> int:
    """Bring a drop-off (or, for "asking", staff at a held item) to this phase; its door."""
    if phase == "asking":
        held = stage.stored("A1")
        stage.scan(stage.token(Purpose.STAFF, door=held))
        stage.opens(held)
        stage.shuts(held)
        return held
    door = stage.scan(stage.deposit("A1"))
    waits = {"resting": 2500, "pressing": 7000}
    stage.wait(waits.get(phase, 0))
    if phase in ("open", "reminded", "emptying", "offering"):
        stage.opens(door)
    if phase == "reminded":
        stage.wait(60_000)
    elif phase == "emptying":
        stage.touch("larger")
    elif phase == "offering":
        stage.shuts(door)
    assert stage.cabinet.visit.state is VisitState(phase)
    return door


PHASES = ["opening", "resting", "pressing", "open", "reminded", "emptying", "offering", "asking"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("is_open", [False, True], ids=["shut", "open"])
def test_a_board_silent_and_back_in_each_phase_leaves_belief_right(stage: Stage, phase: str, is_open: bool) -> None:
    """Silent, then back with the door open or shut: no error, no pulse by the return, belief right at the end."""
    door = at_phase(stage, phase)
    stage.silence()
    assert stage.cabinet.rooms[door].looks_open is None
    pulses = len(stage.pulses)
    stage.tell(BoardBack("main", tuple(stage.cabinet.rooms)))
    for each in stage.cabinet.rooms:
        stage.tell(DoorSeen(each, each == door and is_open))
    assert len(stage.pulses) <= pulses + (phase == "emptying" and not is_open), "only the larger door was asked for"
    stage.wait(400_000)
    if is_open:
        assert stage.cabinet.rooms[door].state is DoorState.LEFT_OPEN
        stage.shuts(door)
    assert stage.cabinet.visit.state is VisitState.IDLE
    assert stage.cabinet.rooms[door].state in (DoorState.CLOSED, DoorState.JAMMED)
    assert all(open_now is False for open_now in believed(stage).values())


@pytest.mark.parametrize("phase", PHASES)
def test_a_board_silent_for_long_ends_every_phase_and_is_settled_when_it_is_back(stage: Stage, phase: str) -> None:
    """The visit ends by its own time-outs; nothing is stuck when the board is back with every door shut."""
    door = at_phase(stage, phase)
    stage.silence()
    if phase == "opening":
        stage.drop(door)
    stage.wait(400_000)
    assert stage.cabinet.visit.state is VisitState.IDLE
    stage.power_up()
    room = stage.cabinet.rooms[door]
    assert room.state in (DoorState.CLOSED, DoorState.JAMMED)
    assert room.errand is None or not room.errand.seen_open
    assert room.custody is (Custody.RESERVED if phase in ("opening", "resting", "pressing") else Custody.HOLDING)


def test_a_pulse_dropped_before_the_silence_is_known_moves_on_and_ends_with_staff(stage: Stage) -> None:
    """The port goes: a dropped pulse, then the silence. The code stays good for the door it was last bound to."""
    token = stage.deposit()
    door = stage.scan(token)
    stage.drop(door)
    other = stage.cabinet.visit.door
    assert other not in (0, door)
    stage.wait(1500)
    stage.silence()
    stage.drop(other)
    assert stage.screen.name == "jammed"
    stage.power_up()
    assert stage.scan(token) == other


def test_one_of_two_boards_silent_leaves_the_other_working(tmp_path: Path) -> None:
    """Only the silent board's doors are unknown and offered to nobody; the cabinet is not out of order."""
    plans = [
        config.Door(door=n, size="S", side="left", row=n, channel=n, board="main" if n < 3 else "side")
        for n in (1, 2, 3, 4)
    ]
    boards = [config.Board(port="/nowhere/a", name="main"), config.Board(port="/nowhere/b", name="side")]
    stage = Stage(tmp_path, structs.replace(a_config(boards=boards), doors=plans))
    stage.tell(BoardBack("side", (3, 4)))
    stage.tell(BoardSilent("main", (1, 2)))
    assert believed(stage) == {1: None, 2: None, 3: False, 4: False}
    assert stage.screen.name == "idle"
    assert stage.scan(stage.deposit()) == 3


# --- sensors that lie -----------------------------------------------------------------------------


def test_a_switch_stuck_open_does_not_keep_an_item_in(stage: Stage) -> None:
    """Believed open though shut: the owner's code still opens it; the fresh reading after the pulse counts."""
    door = stage.stored("A1")
    stage.opens(door)
    assert stage.scan(stage.collect("A1")) == door
    stage.opens(door)
    assert stage.screen.name == "open_collect"
    stage.wait(180_000)
    assert stage.screen.name == "alarm_open"
    assert stage.scan(stage.deposit("B2")) not in (0, door)


def test_a_switch_stuck_shut_costs_nobody_a_code(stage: Stage) -> None:
    """The door opens and nobody sees it: "opened" is never said, and the code stays unspent (invariants 3 and 6)."""
    door = stage.stored("A1")
    token = stage.collect("A1")
    stage.scan(token)
    for _ in range(3):
        stage.tell(DoorSeen(door, False, fresh=True))
        stage.wait(6500)
    assert stage.screen.name == "jammed"
    assert stage.kinds.count("opened") == 1, "only the drop-off's"
    stage.wait(60_000)
    assert stage.scan(token) == door


def test_a_jammed_door_that_opens_while_another_is_there_spends_the_code_it_was_opened_for(stage: Stage) -> None:
    """Late, and somebody else's visit: noted, spent, and settled when it is shut; the other visit goes on."""
    door = stage.stored("A1")
    late = stage.collect("A1")
    stage.scan(late)
    stage.wait(20_000)
    other = stage.scan(stage.deposit("B2"))
    stage.opens(door)
    assert stage.last("opened_late")["door"] == door
    assert stage.cabinet.visit.door == other
    stage.shuts(door)
    assert stage.cabinet.rooms[door].custody is Custody.EMPTY
    stage.opens(other)
    stage.shuts(other)
    stage.touch("done")
    assert stage.scan(late) == 0
    assert stage.refused(Refusal.SPENT)


def test_a_try_that_the_coils_forbid_leaves_the_door_as_it_is_seen(tmp_path: Path) -> None:
    """The second pulse would be one too many: given up, and the door is believed shut, not opening for ever."""
    stage = Stage(tmp_path, a_config(doors=1, coil=config.Coil(per_lock_minute_max=1)))
    token = stage.deposit()
    door = stage.scan(token)
    stage.wait(20_000)
    assert stage.cabinet.visit.state is VisitState.IDLE
    assert stage.last("not_pulsed")["why"] == "too_often"
    assert stage.cabinet.rooms[door].state is DoorState.CLOSED
    stage.wait(60_000)
    assert stage.scan(token) == door


def test_an_emptied_compartment_shut_only_after_the_reminder_still_leads_to_the_larger_one(stage: Stage) -> None:
    """Slow hands: the reminder comes, then the door is shut, then the larger door opens."""
    door = stage.scan(stage.deposit())
    stage.opens(door)
    stage.touch("larger")
    stage.wait(60_000)
    assert stage.cabinet.visit.state is VisitState.REMINDED
    stage.shuts(door)
    stage.wait(1500)
    larger = stage.cabinet.visit.door
    assert larger not in (0, door)
    assert stage.pulses == [door, larger]


def test_a_named_door_that_jams_gives_no_other(stage: Stage) -> None:
    """A code for door 4 is no authority for door 5: ticket, staff, and door 4 again later."""
    token = stage.deposit("A1", door=4)
    stage.scan(token)
    stage.wait(20_000)
    assert stage.screen.name == "jammed"
    assert set(stage.pulses) == {4}
    stage.wait(60_000)
    assert stage.scan(token) == 4
    stage.opens(4)
    assert stage.screen.offers == ("nothing",), "and no larger one"


def test_nobody_is_invited_before_the_first_door_has_been_seen(tmp_path: Path) -> None:
    """Until the doors have been read for the first time a code is told "out of order", not "nothing free"."""
    stage = Stage(tmp_path)
    stage.silence()
    stage.tell(BoardBack("main", tuple(stage.cabinet.rooms)))
    assert stage.screen.name == "out_of_order"
    stage.scan(stage.deposit())
    assert stage.refused(Refusal.OUT_OF_ORDER)
    stage.tell(DoorSeen(1, False))
    assert stage.cabinet.silent_boards == set()
