"""Deadlines: kept for its days of service, told ahead, marked once, extended by every outage, hastened by nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deadline_stage import DAY_MS, DOWN, HOUR_MS, UP, Clock
from service_bench import EPOCH, Bench

from locker.deadlines import SAVE_MS
from locker.model import (
    Custody,
    Delivered,
    DoorSeen,
    Event,
    KeepCompartment,
    Kind,
    LinkDown,
    MessageReceived,
    Publish,
    Quality,
    Term,
)


@pytest.fixture
def stage(tmp_path: Path) -> Clock:
    """A connected cabinet with good time."""
    return Clock(tmp_path)


def test_an_item_is_told_of_a_day_ahead_marked_once_and_collectable_still(stage: Clock) -> None:
    """Five days: nothing, then due_soon, then overdue, once each; and the owner's code opens the door all the same."""
    door = stage.stored("A1")
    room, begun = stage.cabinet.rooms[door], stage.wall_ms
    stage.wait(4 * DAY_MS - HOUR_MS)
    assert stage.told == [] and not room.overdue
    stage.wait(HOUR_MS + 60_000)
    assert stage.told == ["due_soon"]
    assert stage.last("due_soon") | {"door": door, "hours": 24, "kind": "submission"} == stage.last("due_soon")
    stage.wait(DAY_MS - 2 * HOUR_MS)
    assert not room.overdue, "not an hour early"
    stage.wait(2 * HOUR_MS)
    assert stage.told == ["due_soon", "overdue"] and stage.cabinet.deadlines.overdue() == [room]
    assert abs(stage.last("overdue")["deadline_ms"] - begun - 5 * DAY_MS) < HOUR_MS
    stage.wait(30 * DAY_MS)
    stage.crash()
    stage.tell(UP)
    stage.wait(2 * DAY_MS)
    assert stage.told == ["due_soon", "overdue"], "once each, over a restart too"
    assert stage.cabinet.rooms[door].overdue
    assert stage.scan(stage.collect("A1")) == door
    stage.opens(door)
    stage.shuts(door)
    assert stage.last("collected")["door"] == door
    assert not stage.cabinet.rooms[door].overdue and stage.cabinet.deadlines.overdue() == []


def test_every_kind_has_its_own_days(stage: Clock) -> None:
    """Certificates and submissions are kept for what the configuration says of each."""
    room = stage.cabinet.rooms[1]
    for kind, days in ((Kind.CERTIFICATE, 7), (Kind.SUBMISSION, 5)):
        stage.cabinet.hold(room, kind.value.encode(), kind, stage.now)
        assert room.deadline_ms == stage.wall_ms + days * DAY_MS


def test_an_outage_extends_by_its_length_and_marks_nothing_meanwhile(stage: Clock) -> None:
    """Three days without the cloud: nothing is marked in them, and the deadline moves by three days when it is back."""
    door = stage.stored("A1")
    before = stage.cabinet.rooms[door].deadline_ms
    stage.wait(4 * DAY_MS + HOUR_MS)
    stage.tell(DOWN)
    stage.wait(3 * DAY_MS)
    assert stage.told == ["due_soon"]
    stage.tell(UP)
    stage.wait(1)
    extended = stage.last("deadline_extended")
    assert (extended["from_ms"], extended["by_ms"], extended["why"]) == (before, 3 * DAY_MS, "outage")
    assert stage.cabinet.rooms[door].deadline_ms == before + 3 * DAY_MS == extended["deadline_ms"]
    stage.wait(DAY_MS - 2 * HOUR_MS)
    assert not stage.cabinet.rooms[door].overdue
    stage.wait(2 * HOUR_MS)
    assert stage.told == ["due_soon", "deadline_extended", "overdue"]


def test_an_outage_goes_on_over_a_power_cut(stage: Clock) -> None:
    """Without the cloud, then without power, then without the cloud again: the extension is the length of all three."""
    door = stage.stored("A1")
    before = stage.cabinet.rooms[door].deadline_ms
    stage.wait(DAY_MS)
    stage.tell(DOWN)
    stage.wait(DAY_MS)
    stage.again(away_ms=2 * DAY_MS, link=False)
    stage.wait(DAY_MS)
    assert "deadline_extended" not in stage.told
    stage.tell(UP)
    stage.wait(1)
    assert abs(stage.cabinet.rooms[door].deadline_ms - before - 4 * DAY_MS) < 60_000
    assert stage.told == ["deadline_extended"]


def test_short_gaps_are_carried_until_they_are_worth_telling(stage: Clock) -> None:
    """Twenty gaps of ten seconds write no event each; none of their seconds is lost."""
    door = stage.stored("A1")
    before = stage.cabinet.rooms[door].deadline_ms
    for _ in range(20):
        stage.tell(DOWN)
        stage.tell(LinkDown("still"))
        stage.wait(10_000)
        stage.tell(UP)
        stage.wait(HOUR_MS)
    assert stage.told == ["deadline_extended"] * 3
    assert 180_000 <= stage.cabinet.rooms[door].deadline_ms - before <= 200_000


def test_without_a_clock_nothing_is_told_or_marked(tmp_path: Path) -> None:
    """Ten days of service without knowing the time: nothing; once it is known, the deadline is mended and marked."""
    stage = Clock(tmp_path, quality=Quality.FLOOR)
    door = stage.stored("A1")
    stage.wait(10 * DAY_MS)
    assert stage.told == [] and not stage.cabinet.rooms[door].overdue
    stage.wall_ms, stage.quality = stage.wall_ms + 20 * DAY_MS, Quality.SYNCED
    stage.wait(2 * HOUR_MS)
    assert stage.told == ["deadline_extended", "overdue"]
    assert abs(stage.last("overdue")["deadline_ms"] - (stage.wall_ms - 5 * DAY_MS)) < 3 * HOUR_MS


def test_a_deposit_without_a_clock_gets_its_whole_term_once_time_is_known(tmp_path: Path) -> None:
    """A day after the deposit a time server answers: four days are left, whatever had been guessed before."""
    stage = Clock(tmp_path, quality=Quality.FLOOR)
    door = stage.stored("A1")
    stage.wait(DAY_MS)
    stage.wall_ms, stage.quality = stage.wall_ms + 25 * DAY_MS, Quality.SYNCED
    stage.wait(1000)
    assert stage.last("deadline_extended")["why"] == "clock"
    assert abs(stage.cabinet.rooms[door].deadline_ms - stage.wall_ms - 4 * DAY_MS) < HOUR_MS
    stage.wait(4 * DAY_MS - 2 * HOUR_MS)
    assert not stage.cabinet.rooms[door].overdue
    stage.wait(3 * HOUR_MS)
    assert stage.cabinet.rooms[door].overdue


@pytest.mark.parametrize("days", [1, 20, 29, 400])
def test_a_clock_that_jumps_ahead_marks_nothing(stage: Clock, days: int) -> None:
    """A wrong time server: no item is told of or marked before its days have really been served."""
    door = stage.stored("A1")
    stage.wait(DAY_MS)
    stage.wall_ms += days * DAY_MS
    stage.wait(3 * DAY_MS - HOUR_MS)
    assert stage.told == []
    assert not stage.cabinet.rooms[door].overdue
    stage.wait(DAY_MS)
    assert not stage.cabinet.rooms[door].overdue


@pytest.mark.parametrize(("quality", "days"), [(Quality.FLOOR, 20), (Quality.SYNCED, 400)])
def test_a_deadline_is_not_reckoned_from_a_clock_that_may_be_far_ahead(
    stage: Clock, quality: Quality, days: int
) -> None:
    """A guess, or a time server years ahead: the term begins at what is certain, else nobody would ever be overdue."""
    stage.quality, stage.wall_ms = quality, stage.wall_ms + days * DAY_MS
    stage.again(away_ms=2000)
    now = stage.cabinet.weigh(stage.now)
    assert now.wall_ms > now.past_ms + 19 * DAY_MS, "a clock that is ahead of what is certain"
    stage.cabinet.hold(stage.cabinet.rooms[1], b"A1", Kind.SUBMISSION, now)
    assert stage.cabinet.rooms[1].deadline_ms == now.past_ms + 5 * DAY_MS


def test_a_clock_that_jumps_back_keeps_the_promise(stage: Clock) -> None:
    """Half a day back: the deadline that was told stands, and is marked at it and not before."""
    door = stage.stored("A1")
    promised = stage.cabinet.rooms[door].deadline_ms
    stage.wait(4 * DAY_MS)
    stage.wall_ms -= DAY_MS // 2
    stage.wait(DAY_MS + HOUR_MS)
    assert not stage.cabinet.rooms[door].overdue and stage.cabinet.rooms[door].deadline_ms == promised
    stage.wait(DAY_MS // 2)
    assert stage.cabinet.rooms[door].overdue


def test_without_a_cloud_the_time_that_it_runs_counts(tmp_path: Path) -> None:
    """A cabinet that has no cloud misses none: its days are those that it was on."""
    stage = Clock(tmp_path, cloud=False)
    door = stage.stored("A1")
    stage.wait(2 * DAY_MS)
    stage.reboot(away_ms=10 * DAY_MS)
    stage.wait(2 * DAY_MS)
    assert not stage.cabinet.rooms[door].overdue
    stage.wait(DAY_MS + HOUR_MS)
    assert stage.cabinet.rooms[door].overdue


def test_papers_put_in_again_keep_the_later_deadline(stage: Clock) -> None:
    """Reopened within the visit after the clock went back: the deadline that was told does not move earlier."""
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    stage.shuts(door)
    promised = stage.cabinet.rooms[door].deadline_ms
    stage.wall_ms -= DAY_MS // 2
    stage.wait(1000)
    stage.touch("reopen")
    stage.wait(1500)
    assert stage.pulses == [door, door]
    stage.opens(door)
    stage.shuts(door)
    assert stage.kinds.count("deposited") == 2
    assert stage.cabinet.rooms[door].deadline_ms == promised


def test_an_item_that_staff_move_keeps_its_term(stage: Clock) -> None:
    """In somebody's hands for a day, then behind another door: due when it would have been, and told of there."""
    first = stage.cabinet.rooms[stage.stored("A1")]
    kept = first.row()
    first.release()
    stage.cabinet.keep(first)
    stage.wait(DAY_MS)
    second = stage.cabinet.rooms[first.door % 6 + 1]
    second.hold(kept.order, Kind.SUBMISSION, kept.since_ms, kept.deadline_ms, kept.load)
    second.term = kept.term
    stage.cabinet.keep(second)
    stage.wait(3 * DAY_MS + HOUR_MS)
    assert stage.told == ["due_soon"] and stage.last("due_soon")["door"] == second.door
    stage.wait(DAY_MS)
    assert stage.cabinet.deadlines.overdue() == [second]


def test_no_command_shortens(stage: Clock) -> None:
    """Retained, late, well-formed or made up: nothing from the network touches a deadline."""
    door = stage.stored("A1")
    before = stage.cabinet.rooms[door]
    kept = (before.deadline_ms, before.term)
    wishes: list[dict[str, Any]] = [
        {"op": "deadline", "args": {"door": door, "deadline_ms": 1}},
        {"op": "service", "args": {"door": door, "in_service": False, "deadline_ms": 1}},
        {"op": "service", "args": {"door": door, "in_service": True}},
        {"op": "release", "args": {"door": door}},
        {"op": "open", "args": {"door": door, "days": 0}},
    ]
    for number, wish in enumerate(wishes):
        for retained in (True, False):
            for late_s in (30, -600):
                wish |= {"id": f"c{number}{retained}{late_s}", "exp": stage.wall_ms // 1000 + late_s}
                stage.command(retained, **wish)
    stage.message(json.dumps({"v": 1, "id": "x", "op": "config", "exp": 2**40, "args": {"keeping": 0}}).encode())
    assert (before.deadline_ms, before.term) == kept and before.custody is Custody.HOLDING
    assert stage.told == []


def test_an_item_of_an_older_program_keeps_its_deadline(stage: Clock) -> None:
    """A row from before served time was counted: what is left until its deadline is served, and then it is marked."""
    door = stage.stored("A1")
    row = replace(stage.cabinet.rooms[door].row(), term=Term(), deadline_ms=stage.wall_ms + 2 * DAY_MS)
    stage.store.commit([KeepCompartment(row)], stage.now)
    stage.crash()
    stage.tell(UP)
    stage.wait(2 * DAY_MS - HOUR_MS)
    assert stage.told == ["due_soon"]
    assert stage.cabinet.rooms[door].deadline_ms == row.deadline_ms
    stage.wait(2 * HOUR_MS)
    assert stage.told == ["due_soon", "overdue"]


def test_the_count_is_saved_sparsely(stage: Clock) -> None:
    """Five days with one item: once an hour at the most, with what is saved anyway; an empty cabinet saves nothing."""
    stage.wait(DAY_MS)
    assert stage.saved == []
    stage.stored("A1")
    assert len(stage.saved) == 1, "with the item itself"
    stage.stored("B2")
    assert len(stage.saved) == 2, "and with the next, a minute later"
    for _ in range(20):
        stage.tell(DOWN)
    for _ in range(3):
        stage.tell(UP)
    assert len(stage.saved) == 4, "when the link is lost and when it is back, not with each try between"
    stage.wait(4 * DAY_MS)
    assert len(stage.saved) <= 4 * 24 + 6
    before = stage.commits
    stage.wait(DAY_MS // 2)
    assert stage.commits - before <= 14
    assert SAVE_MS >= 600_000


def test_the_cloud_sees_the_deadline_and_the_mark(tmp_path: Path) -> None:
    """The door's retained snapshot has the deadline with the deposit, and the mark with its event."""
    bench = Bench(tmp_path).ready()
    delivered = 0

    def turn(*events: Event, after_ms: int = 0) -> None:
        nonlocal delivered
        bench.turn(*events, after_ms=after_ms)
        for _ in range(40):
            tags = [act.tag for act in bench.link.done if isinstance(act, Publish)][delivered:]
            delivered += len(tags)
            last = json.dumps({"epoch": EPOCH, "seq": bench.store.last_seq()}).encode()
            ack = [MessageReceived("ack", last, False, 1)] if tags else []
            bench.turn(*map(Delivered, tags), *ack, device=bench.link)

    bench.turn(UP, device=bench.link)
    bench.scan(1)
    door = bench.service.cabinet.visit.door
    turn(DoorSeen(door, True, fresh=True))
    turn(DoorSeen(door, False))
    due_ms = bench.now.wall_ms + 7 * DAY_MS
    shown = bench.published(f"door/{door:02d}")
    assert (shown[0]["deadline_ms"], shown[0]["overdue"]) == (None, False)
    assert (shown[-1]["deadline_ms"], shown[-1]["overdue"]) == (due_ms, False)
    for _ in range(7 * 4 + 1):
        turn(after_ms=DAY_MS // 4)
    marked = bench.published(f"door/{door:02d}")[-1]
    assert (marked["deadline_ms"], marked["overdue"]) == (due_ms, True)
    said = [event for event in bench.published("evt") if event["type"] == "overdue"]
    assert said and said[-1]["door"] == door and said[-1]["data"]["deadline_ms"] == due_ms
