"""The audit where it is hard: papers and certificate of one order, and what a resident's reservation is worth then."""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage

from locker.model import Custody, Kind

EMPTY = (Custody.EMPTY, b"")


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments, all free."""
    return DutyStage(tmp_path)


def papers_and_certificate(stage: DutyStage) -> tuple[int, int, int]:
    """A resident's papers and the certificate made of them, under one order: their doors, and the latter's number."""
    papers = stage.stored("A1")
    stage.wait(61_000)
    stage.on_duty()
    stage.tap("load")
    certificate = stage.loaded("A1")
    stage.tap("back")
    number = stage.cabinet.rooms[certificate].load
    assert number is not None
    return papers, certificate, number


def looks(stage: DutyStage, door: int, answer: str) -> None:
    """Audit one door; the answer is a button, or an order whose label lies there."""
    stage.tap(f"door:{door}")
    stage.springs(door)
    if answer in stage.screen.offers:
        stage.tap(answer)
    else:
        stage.scan(stage.label(answer))
    stage.shuts(door)


def held(stage: DutyStage) -> dict[int, tuple[bytes, Kind | None]]:
    """What the books say of every door behind which something lies."""
    rooms = stage.cabinet.rooms.values()
    return {room.door: (room.order, room.kind) for room in rooms if room.custody is Custody.HOLDING}


# --- papers and certificate of one order ----------------------------------------------------------


def test_an_envelope_found_elsewhere_leaves_the_papers_of_its_order_alone(stage: DutyStage) -> None:
    """A label is on an envelope: its old door is the certificate's, and it stays a certificate with its number."""
    papers, certificate, number = papers_and_certificate(stage)
    stage.tap("audit")
    looks(stage, 4, "A1")
    assert held(stage) == {papers: (b"A1", Kind.SUBMISSION), 4: (b"A1", Kind.CERTIFICATE)}
    assert stage.cabinet.rooms[4].load == number
    assert (stage.lies(certificate), stage.cabinet.rooms[certificate].reason) == (EMPTY, "audit")
    assert stage.cabinet.rooms[papers].in_service and stage.last("corrected")["from"] == certificate
    looks(stage, certificate, "as_listed")
    assert stage.cabinet.rooms[certificate].free


def test_an_envelope_where_the_papers_of_its_order_should_be_is_no_match(stage: DutyStage) -> None:
    """The certificate lies there, the papers are missing: a correction, and neither takes the other's place."""
    papers, certificate, number = papers_and_certificate(stage)
    stage.tap("audit")
    looks(stage, papers, "A1")
    assert held(stage) == {papers: (b"A1", Kind.CERTIFICATE)}
    assert stage.cabinet.rooms[papers].load == number
    corrected = [event["data"] for event in stage.log if event["type"] == "corrected"]
    assert [(data["found"], data["from"]) for data in corrected] == [("item", certificate)]
    looks(stage, certificate, "not_empty")
    assert (stage.lies(certificate), stage.cabinet.rooms[certificate].reason) == (EMPTY, "audit")


@pytest.mark.parametrize("first", ["papers", "certificate"])
def test_what_is_missing_is_told_apart_by_its_kind(stage: DutyStage, first: str) -> None:
    """Both are missed in one round, in either order; the envelope found later is the certificate, with its number."""
    papers, certificate, number = papers_and_certificate(stage)
    doors = (papers, certificate) if first == "papers" else (certificate, papers)
    stage.tap("audit")
    for door in doors:
        looks(stage, door, "missing")
    looks(stage, 5, "A1")
    assert held(stage) == {5: (b"A1", Kind.CERTIFICATE)}
    assert stage.cabinet.rooms[5].load == number


def test_papers_alone_lend_their_number_to_no_envelope(stage: DutyStage) -> None:
    """Only papers are in the books: an envelope with their order's label is new, and the papers stay where they are."""
    papers = stage.stored("A1")
    stage.wait(61_000)
    stage.on_duty()
    stage.tap("audit")
    looks(stage, 4, "A1")
    assert held(stage) == {papers: (b"A1", Kind.SUBMISSION), 4: (b"A1", Kind.CERTIFICATE)}
    assert stage.cabinet.rooms[4].load != stage.cabinet.rooms[papers].load
    assert "from" not in stage.last("corrected")


def test_the_label_where_its_envelope_should_be_is_as_listed(stage: DutyStage) -> None:
    """Scanned in place of the button: nothing changes, and it counts as right."""
    _, certificate, number = papers_and_certificate(stage)
    before = held(stage)
    stage.tap("audit")
    looks(stage, certificate, "A1")
    assert held(stage) == before and stage.cabinet.rooms[certificate].load == number
    assert stage.last("audited")["outcome"] == "label" and "corrected" not in stage.kinds


def test_the_label_of_the_envelope_that_is_asked_for_says_that_it_is_in(stage: DutyStage) -> None:
    """A move that a power cut stopped at the new door: its owner keeps the number, and nothing stays to be settled."""
    _, certificate, number = papers_and_certificate(stage)
    for button in ("reassign", f"door:{certificate}", "to:any"):
        stage.tap(button)
    stage.springs(certificate)
    stage.tap("took_out")
    stage.shuts(certificate)
    new = stage.cabinet.visit.door
    stage.springs(new)
    stage.crash()
    stage.on_duty()
    stage.tap("audit")
    looks(stage, new, "A1")
    assert stage.lies(new) == (Custody.HOLDING, b"A1") and stage.cabinet.rooms[new].load == number
    assert stage.cabinet.rooms[new].in_service and stage.cabinet.duty.books.questions() == []
    assert stage.last("audited")["outcome"] == "it_is_in"


def loaded_twice(stage: DutyStage) -> tuple[int, int, int]:
    """A load is cut short at one door, and its envelope is loaded behind another: the doors, and the number it got."""
    stage.on_duty()
    stage.tap("load")
    first = stage.scans("A1")
    stage.springs(first)
    stage.crash()
    stage.on_duty()
    stage.tap("load")
    second = stage.loaded("A1")
    stage.tap("back")
    number = stage.cabinet.rooms[second].load
    assert number is not None
    return first, second, number


@pytest.mark.parametrize("by", ["label", "it_is_in", "settle"])
def test_an_envelope_is_never_booked_behind_two_doors(stage: DutyStage, by: str) -> None:
    """It lies where it was put in at first, and keeps the number it got since; the other door is to be looked into."""
    first, second, number = loaded_twice(stage)
    stage.tap("settle" if by == "settle" else "audit")
    looks(stage, first, {"label": "A1", "it_is_in": "it_is_in", "settle": "it_is_in"}[by])
    assert held(stage) == {first: (b"A1", Kind.CERTIFICATE)} and stage.cabinet.rooms[first].load == number
    other = stage.cabinet.rooms[second]
    assert (stage.lies(second), other.in_service, other.reason) == (EMPTY, False, "audit")
    assert stage.cabinet.rooms[first].in_service and stage.cabinet.duty.books.questions() == []


# --- a resident's reservation ---------------------------------------------------------------------


def a_drop_off_cut_short(stage: DutyStage) -> tuple[int, str]:
    """A drop-off was granted and its door pulsed when the power went; the door, and the resident's unspent code."""
    code = stage.deposit("R1")
    door = stage.scan(code)
    stage.wait(500)
    stage.crash()
    assert stage.lies(door) == (Custody.RESERVED, b"R1")
    stage.on_duty()
    stage.tap("audit")
    return door, code


def test_papers_of_nobody_knows_whom_are_no_ones_to_open(stage: DutyStage) -> None:
    """Something lies behind a reserved door: it waits for staff, and the code meant for that door opens it not.

    The code moves to no other door and stays unspent: once the door is empty and in service, it opens that one.
    """
    door, code = a_drop_off_cut_short(stage)
    looks(stage, door, "not_empty")
    room = stage.cabinet.rooms[door]
    assert (stage.lies(door), room.in_service, room.reason) == (EMPTY, False, "audit")
    corrected = stage.last("corrected")
    assert (corrected["was"], corrected["item"], corrected["found"]) == ("reserved", b"R1".hex(), "other")
    stage.tap("back")
    stage.tap("finish")
    pulses = list(stage.pulses)
    assert stage.scan(code) == 0 and stage.last("denied")["reason"] == "nothing_free" and stage.pulses == pulses
    stage.wait(61_000)
    stage.on_duty()
    stage.tap("audit")
    looks(stage, door, "as_listed")
    stage.tap("back")
    stage.tap("finish")
    assert stage.scan(code) == door


def test_a_reservation_outlives_a_look_at_an_empty_door(stage: DutyStage) -> None:
    """As listed: the resident's code opens that door as before."""
    door, code = a_drop_off_cut_short(stage)
    looks(stage, door, "as_listed")
    stage.tap("back")
    stage.tap("finish")
    assert stage.scan(code) == door


def test_an_envelope_behind_a_reserved_door_is_held_there(stage: DutyStage) -> None:
    """Its label says what lies there: it is its owner's, and the code meant for that door opens it not."""
    door, code = a_drop_off_cut_short(stage)
    looks(stage, door, "B2")
    assert held(stage) == {door: (b"B2", Kind.CERTIFICATE)} and stage.cabinet.rooms[door].in_service
    stage.tap("back")
    stage.tap("finish")
    assert stage.scan(code) == 0 and stage.last("denied")["reason"] == "nothing_free"
