"""Load numbers: who gets one, that none is given twice, and what a cabinet without codes does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from keypad_stage import SECRET, KeypadStage, records

from locker.authority.hotp import code
from locker.keypad import NEXT_LOAD, Pickup, cti_of
from locker.model import Custody, KeepCompartment, KeepNote, Kind, Purpose, Show


@pytest.fixture
def stage(tmp_path: Path) -> KeypadStage:
    """A cabinet of six free compartments, with a keypad of six digits."""
    return KeypadStage(tmp_path)


def colliding() -> tuple[int, int]:
    """Two numbers, the second the larger, whose six digits are the same under the stage's secret."""
    seen: dict[str, int] = {}
    for load in range(1, 10_000):
        other = seen.setdefault(code(SECRET, load, 6), load)
        if other != load:
            return other, load
    raise AssertionError("no two of 10,000 codes of six digits are alike; that cannot be")


def test_a_number_whose_code_is_taken_is_skipped_and_the_event_says_the_next(stage: KeypadStage) -> None:
    """Two colliding numbers: while the first lies here the second is never given; both items have their own code."""
    first, second = colliding()
    stage.store.commit([KeepNote(NEXT_LOAD, str(first))], stage.now)
    stage.crash()
    door = stage.stored("A1")
    stage.store.commit([KeepNote(NEXT_LOAD, str(second))], stage.now)
    stage.crash()
    other = stage.stored("B2")
    assert (stage.load_of("A1"), stage.load_of("B2")) == (first, second + 1)
    assert stage.last("deposited")["load"] == second + 1
    assert code(SECRET, first, 6) == code(SECRET, second, 6) != stage.sms("B2")
    assert stage.types(stage.sms("B2")) == other
    stage.takes(other)
    assert stage.types(stage.sms("A1")) == door
    stage.takes(door)
    assert stage.stored("C3") and stage.load_of("C3") == second + 2, "the one that was skipped is not given later"


def test_no_number_is_given_twice(stage: KeypadStage) -> None:
    """Over collections, crashes and reboots it only rises; it is on the disk with the deposit that got it."""
    given = []
    for order in ("A1", "B2", "C3", "D4"):
        door = stage.stored(order)
        given.append(stage.load_of(order))
        assert stage.store.load().notes[NEXT_LOAD] == str(given[-1] + 1)
        stage.types(stage.sms(order))
        stage.takes(door)
        stage.crash() if order in "A1C3" else stage.reboot()
        stage.wait(61_000)
    assert given == [1, 2, 3, 4]


def test_reopening_a_drop_off_keeps_its_number_and_a_larger_door_gets_a_new_one(stage: KeypadStage) -> None:
    """What lies there is the same item: the cloud's SMS stays true. Elsewhere it is put in anew."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    stage.wait(2500)
    stage.touch("reopen")
    stage.opens(door)
    stage.shuts(door)
    assert [data["load"] for data in records(stage, "deposited")] == [1, 1]
    stage.wait(2500)
    stage.touch("larger")
    stage.opens(door)
    stage.shuts(door)
    larger = stage.cabinet.visit.door
    stage.wait(2500)
    stage.opens(larger)
    stage.shuts(larger)
    stage.touch("done")
    assert larger != door and [data["load"] for data in records(stage, "deposited")] == [1, 1, 2]
    assert stage.types(code(SECRET, 1, 6)) == 0, "the number of the first door went with the item"
    assert stage.types(stage.sms("A1")) == larger


def test_a_cancelled_drop_off_leaves_no_code(stage: KeypadStage) -> None:
    """Nothing put in: the number is used up, and its code opens nothing."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    stage.touch("nothing")
    stage.idles()
    assert stage.types(stage.sms("A1")) == 0
    stage.stored("B2")
    assert stage.load_of("B2") == 2


def test_what_staff_took_out_has_no_code_any_more(stage: KeypadStage) -> None:
    """The code is good until staff really take the item out: left in, it opens; taken out, it does not."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    for button in ("left_in", "took_out"):
        stage.scan(stage.token(Purpose.STAFF, door=door))
        stage.opens(door)
        stage.shuts(door)
        stage.touch(button)
        stage.wait(61_000)
        assert stage.cabinet.rooms[door].load == (1 if button == "left_in" else None)
    assert stage.types(sms) == 0


def test_items_that_lie_here_without_a_number_get_one_at_the_start(stage: KeypadStage) -> None:
    """A database of before, or certificates put in by other means: an event names each with its load, once."""
    rooms = ((2, b"A1", Kind.CERTIFICATE), (5, b"B2", Kind.SUBMISSION))
    for door, order, kind in rooms:
        row = replace(stage.cabinet.rooms[door].row(), custody=Custody.HOLDING, order=order, kind=kind, since_ms=1)
        stage.store.commit([KeepCompartment(row)], stage.now)
    stage.crash()
    stage.crash()
    assert records(stage, "numbered") == [
        {"order": b"A1".hex(), "kind": "certificate", "load": 1},
        {"order": b"B2".hex(), "kind": "submission", "load": 2},
    ]
    assert stage.types(stage.sms("A1")) == 2


# --- without codes --------------------------------------------------------------------------------


def test_without_a_secret_there_is_no_keypad_and_everything_else_works(tmp_path: Path) -> None:
    """No digits on any screen, typing is void, items have no load; when there is a secret they get one."""
    stage = KeypadStage(tmp_path)
    stage.pickup, pickup = None, stage.pickup
    stage.crash()
    door = stage.stored("A1")
    assert "load" not in stage.last("deposited")
    seq = stage.store.last_seq()
    assert (stage.screen.digits, stage.types("123456"), stage.store.last_seq()) == (0, 0, seq)
    assert not [act for act in stage.acts if isinstance(act, Show) and act.digits]
    stage.pickup = pickup
    stage.reboot()
    assert stage.types(stage.sms("A1")) == door
    stage.takes(door)
    assert stage.scan(stage.collect("A1")) == 0


def test_codes_that_cannot_be_told_apart_leave_the_item_without_one(tmp_path: Path) -> None:
    """Numbers at the end of the counter, or a damaged note: the item is held, an event says why, a token collects."""
    stage = KeypadStage(tmp_path)
    for note in (str(2**64), "twelve"):
        stage.store.commit([KeepNote(NEXT_LOAD, note)], stage.now)
        stage.crash()
        door = stage.stored("A1")
        assert "load" not in stage.last("deposited")
        assert stage.last("no_code") | {"door": door, "order": b"A1".hex()} == stage.last("no_code")
        assert stage.scan(stage.collect("A1")) == door
        stage.takes(door)
        stage.wait(61_000)
    assert NEXT_LOAD in stage.last("no_code")["detail"]


def test_ids_of_codes_are_made_of_epoch_and_number() -> None:
    """The same for the same code, another for each number and each database, always sixteen bytes."""
    ids = [cti_of(epoch, load) for epoch in ("a", "b") for load in (0, 1, 2**64 - 1)]
    assert len(set(ids)) == 6 and {len(cti) for cti in ids} == {16}
    assert cti_of("a", 258) == cti_of("a", 1)[:8] + (258).to_bytes(8, "big")
    assert "Secret(not shown)" in repr(Pickup(SECRET, 6, "epoch"))
