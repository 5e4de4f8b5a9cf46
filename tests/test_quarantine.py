"""Quarantine: a board that opened a wrong door is not pulsed again until somebody has looked, whatever happens."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from stage import Stage, a_config

from locker import config
from locker.machine import DoorState
from locker.model import BoardBack, DoorSeen, KeepNote, PulseDropped, PulseSent, Purpose, Refusal
from locker.quarantine import NOTE


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments on one board."""
    return Stage(tmp_path)


def astray(stage: Stage, wrong: int = 5) -> int:
    """A drop-off whose pulse opens another door; the door that was meant."""
    door = stage.scan(stage.deposit("A1"))
    stage.tell(PulseSent(door))
    stage.wait(60)
    stage.opens(wrong)
    return door


def test_a_door_that_opens_at_anothers_pulse_puts_the_board_in_quarantine(stage: Stage) -> None:
    """Forced as ever, then wrong_door with whose pulse it was; nobody is given anything, and the screen says so."""
    door = astray(stage)
    assert stage.kinds[-2:] == ["forced", "wrong_door"]
    assert stage.last("wrong_door") == {"device": "main", "pulsed": door, "after_ms": 60, "door": 5}
    stage.wait(30_000)
    assert stage.pulses == [door], "neither a second try nor another compartment"
    assert stage.last("not_pulsed")["why"] == "quarantine"
    assert stage.screen.name == "out_of_order"
    stage.scan(stage.deposit("A2"))
    assert stage.refused(Refusal.OUT_OF_ORDER) and stage.pulses == [door]


def test_the_right_door_opening_as_well_is_no_excuse(stage: Stage) -> None:
    """Two doors at one pulse: the visit is finished as it stands, but nothing is reopened and nobody else served."""
    door = astray(stage)
    stage.opens(door)
    stage.shuts(door)
    assert stage.cabinet.rooms[door].custody.value == "holding"
    stage.touch("reopen")
    stage.wait(10_000)
    assert stage.pulses == [door]
    stage.scan(stage.collect("A1"))
    assert stage.refused(Refusal.OUT_OF_ORDER)


def test_a_door_that_opens_with_nobodys_pulse_is_only_forced(stage: Stage) -> None:
    """A quiet cabinet, and one whose last pulse is longer ago than a door is waited for."""
    stage.opens(5)
    stage.shuts(5)
    door = stage.stored("A1")
    stage.wait(stage.cfg.visit.open_wait_ms + 1)
    stage.opens(6 if door != 6 else 4)
    assert "wrong_door" not in stage.kinds and stage.cabinet.quarantine.boards == set()


def test_a_loose_switch_bars_no_board(stage: Stage) -> None:
    """A door that was forced and that nobody has looked at since accuses no board: forced again, no more."""
    stage.opens(5)
    stage.shuts(5)
    stage.wait(20_000)
    door = astray(stage)
    assert stage.kinds.count("forced") == 2
    assert "wrong_door" not in stage.kinds and stage.cabinet.quarantine.boards == set()
    stage.opens(door)
    assert stage.last("opened")["door"] == door


def test_a_pulse_that_never_went_out_opened_nothing(stage: Stage) -> None:
    """Dropped before the wire: what opens now was opened by somebody."""
    door = stage.scan(stage.deposit("A1"))
    stage.tell(PulseDropped(door, "port gone"))
    stage.opens(6 if door != 6 else 5)
    assert "forced" in stage.kinds and "wrong_door" not in stage.kinds


def test_a_late_opening_of_a_door_that_was_pulsed_is_its_own(stage: Stage) -> None:
    """The door before this one's gives way late: nobody's wrong door."""
    door = stage.scan(stage.deposit("A1"))
    stage.wait(20_000)
    moved = stage.cabinet.visit.door
    assert moved not in (0, door)
    stage.opens(door)
    assert "opened_late" in stage.kinds and "wrong_door" not in stage.kinds


@pytest.mark.parametrize("purpose", [Purpose.DEPOSIT, Purpose.COLLECT, Purpose.STAFF])
def test_neither_residents_nor_staff_open_a_board_in_quarantine(stage: Stage, purpose: Purpose) -> None:
    """Only out_of_order; a code that was refused is unspent."""
    held = stage.stored("B7")
    stage.wait(20_000)
    astray(stage, wrong=6 if held != 6 else 5)
    stage.wait(30_000)
    before = list(stage.pulses)
    staff = purpose is Purpose.STAFF
    stage.scan(stage.token(purpose, door=held) if staff else stage.token(purpose, "B7"))
    assert stage.refused(Refusal.OUT_OF_ORDER) and stage.pulses == before


def test_a_technician_at_the_scanner_lifts_it_and_tests_it_by_that_door(stage: Stage) -> None:
    """Their door is opened; when it is the right one, everybody is served again."""
    door = astray(stage)
    stage.shuts(5)
    stage.wait(30_000)
    tested = stage.scan(stage.token(Purpose.TECHNICIAN, door=2))
    assert tested == 2 and stage.pulses == [door, 2]
    assert stage.last("quarantine_lifted") == {"device": "main", "source": "scanner", "by": "staff-7", "door": 0}
    stage.opens(2)
    stage.shuts(2)
    stage.wait(10_000)
    assert stage.cabinet.quarantine.boards == set()
    assert stage.scan(stage.deposit("A3"))


def test_a_technicians_test_that_opens_a_wrong_door_bars_the_board_again(stage: Stage) -> None:
    """The mistake is still there."""
    astray(stage)
    stage.shuts(5)
    stage.wait(30_000)
    stage.scan(stage.token(Purpose.TECHNICIAN, door=2))
    stage.opens(4)
    assert stage.kinds.count("wrong_door") == 2
    stage.wait(30_000)
    stage.scan(stage.deposit("A3"))
    assert stage.refused(Refusal.OUT_OF_ORDER)


def test_a_technician_over_the_network_lifts_nothing(stage: Stage) -> None:
    """Whoever lifts it by opening a door stands there."""
    door = astray(stage)
    stage.wait(30_000)
    answer = stage.command(op="open", grant=stage.token(Purpose.TECHNICIAN, door=2))
    assert answer["reason"] == Refusal.OUT_OF_ORDER.value and stage.pulses == [door]


def test_the_cloud_lifts_it_by_name_once(stage: Stage) -> None:
    """With a word on why; nothing opens by it. A second time, a door's name and a false one are refused."""
    door = astray(stage)
    stage.shuts(5)
    stage.wait(30_000)
    wrong: tuple[dict[str, object], ...] = ({"board": "other"}, {"board": 1}, {"board": "main", "in_service": False})
    for number, args in enumerate(wrong):
        refused = stage.command(id=f"x{number}", op="service", args={"in_service": True} | args)
        assert (refused["ok"], refused["reason"]) == (False, "bad_message")
    answer = stage.command(id="y1", op="service", args={"board": "main", "in_service": True, "reason": "a\nb"})
    assert answer["ok"] and stage.pulses == [door]
    assert stage.last("quarantine_lifted")["reason"] == "a?b"
    assert stage.screen.name == "idle"
    assert not stage.command(id="y2", op="service", args={"board": "main", "in_service": True})["ok"]
    assert stage.scan(stage.deposit("A3"))


def test_quarantine_holds_over_a_power_cut(stage: Stage) -> None:
    """On the disk in the commit of the event itself; nothing is pulsed after the start either."""
    door = astray(stage)
    stage.reboot()
    assert stage.cabinet.quarantine.boards == {"main"}
    stage.wait(5000)
    stage.scan(stage.deposit("A2"))
    assert stage.refused(Refusal.OUT_OF_ORDER) and stage.pulses == []
    assert stage.cabinet.rooms[door].state is DoorState.CLOSED


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"main": 1}', "[" * 5000])
def test_an_unreadable_note_bars_every_board(stage: Stage, text: str) -> None:
    """The strict side: somebody has to look."""
    stage.store.commit([KeepNote(NOTE, text)], stage.now)
    stage.crash()
    assert stage.cabinet.quarantine.boards == {"main"}
    stage.scan(stage.deposit("A2"))
    assert stage.refused(Refusal.OUT_OF_ORDER)


def test_a_board_that_is_no_longer_configured_is_forgotten(stage: Stage) -> None:
    """Its name means nothing here."""
    stage.store.commit([KeepNote(NOTE, json.dumps(["gone"]))], stage.now)
    stage.crash()
    assert stage.cabinet.quarantine.boards == set()


# --- several boards -------------------------------------------------------------------------------


def two_boards(tmp_path: Path, second_port: str) -> Stage:
    """Doors 1 to 3 on the board "main", 4 to 6 on "second"."""
    cfg = a_config()
    boards = [cfg.boards[0], config.Board(port=second_port, name="second", address=1)]
    doors = [config.Door(door=n, size="M", side="left", row=n, channel=n % 3, board=b) for n, b in _PLACES]
    stage = Stage(tmp_path, msgspec.structs.replace(cfg, boards=boards, doors=doors))
    stage.tell(BoardBack("second", (4, 5, 6)))
    for door in (4, 5, 6):
        stage.tell(DoorSeen(door, False))
    return stage


_PLACES = [(1, "main"), (2, "main"), (3, "main"), (4, "second"), (5, "second"), (6, "second")]


def test_the_other_board_serves_on(tmp_path: Path) -> None:
    """The board that opened the wrong door is barred; a drop-off goes on at the other one."""
    stage = two_boards(tmp_path, "/nowhere/board")
    door = stage.scan(stage.deposit("A1"))
    stage.opens(2 if door != 2 else 3)
    stage.wait(5000)
    assert stage.cabinet.quarantine.boards == {"main"}
    assert stage.cabinet.visit.door in (4, 5, 6), "the resident is given another compartment"
    assert set(stage.pulses[1:]) <= {4, 5, 6}


def test_a_wrong_address_on_the_same_wires_bars_the_board_that_opened(tmp_path: Path) -> None:
    """The pulse was for a door of the first board, and a door of the second opened."""
    stage = two_boards(tmp_path, "/nowhere/board")
    door = stage.scan(stage.deposit("A1"))
    assert door in (1, 2, 3)
    stage.opens(5)
    assert stage.last("wrong_door")["device"] == "second"


def test_a_door_on_other_wires_cannot_have_been_opened_by_that_pulse(tmp_path: Path) -> None:
    """Another port: somebody's force."""
    stage = two_boards(tmp_path, "/nowhere/else")
    stage.scan(stage.deposit("A1"))
    stage.opens(5)
    assert "forced" in stage.kinds and "wrong_door" not in stage.kinds
