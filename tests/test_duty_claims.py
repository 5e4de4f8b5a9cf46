"""Claims and staff: whose code was taken and whose door never opened, when staff move the item, or give it to another.

A claim is a code that was accepted once and never saw its door open: it is unspent (invariant 3). It follows its item.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from duty_stage import DutyStage
from keypad_stage import SECRET

from locker.authority.hotp import code
from locker.keypad import NEVER_S
from locker.machine import DoorState
from locker.model import Custody, DoorSeen, Purpose, Refusal

EMPTY = (Custody.EMPTY, b"")
WAYS = ("jammed", "cut", "dropped")


@pytest.fixture
def stage(tmp_path: Path) -> DutyStage:
    """Six compartments, a certificate for A1 behind the first, nobody at work."""
    stage = DutyStage(tmp_path)
    certificate(stage, "A1")
    return stage


def certificate(stage: DutyStage, order: str) -> int:
    """Staff load an envelope, and go; its door."""
    stage.on_duty()
    stage.tap("load")
    door = stage.loaded(order)
    leave(stage)
    return door


def leave(stage: DutyStage) -> None:
    """Staff are done."""
    stage.tap("back")
    stage.tap("finish")
    stage.wait(3000)


def where(stage: DutyStage, order: str = "A1") -> int:
    """The one door behind which the books have an order's item, 0 for none."""
    rooms = stage.cabinet.rooms.values()
    found = [r.door for r in rooms if r.custody is Custody.HOLDING and r.order == order.encode()]
    return found[0] if found else 0


def sms(stage: DutyStage, door: int) -> str:
    """The code of the item behind this door."""
    load = stage.cabinet.rooms[door].load
    assert load is not None
    return code(SECRET, load, 6)


def shows(stage: DutyStage, text: str) -> int:
    """The owner types six digits, or shows anything longer; the door of the visit that follows, 0 for none."""
    if len(text) != 6:
        return stage.scan(text)
    if "done" in stage.screen.offers:
        stage.touch("done")
    return stage.types(text)


def tries(stage: DutyStage, text: str, door: int, way: str = "jammed") -> None:
    """The code is accepted, and the door does not open: it jams, the power goes, or the order is lost on its way."""
    assert shows(stage, text) == door, stage.screen
    if way == "cut":
        stage.crash()
    elif way == "dropped":
        stage.drop(door)
    else:
        stage.wait(60_000)
        assert stage.cabinet.rooms[door].state is DoorState.JAMMED
    stage.wait(3000)
    assert not any(row.spent for row in stage.store.load().tokens if row.purpose is Purpose.COLLECT)


def takes_out(stage: DutyStage, old: int) -> int:
    """Staff begin to move an item, and have it in their hands; the door that opens for it."""
    stage.on_duty()
    for button in ("reassign", f"door:{old}", "to:any"):
        stage.tap(button)
    stage.springs(old)
    stage.tap("took_out")
    stage.shuts(old)
    return stage.cabinet.visit.door


def moves(stage: DutyStage, old: int) -> int:
    """Staff move what lies behind a door, and go; where it lies now."""
    new = takes_out(stage, old)
    stage.goes(new)
    leave(stage)
    assert new != old
    return new


def claims(stage: DutyStage) -> list[tuple[int, bytes]]:
    """The unspent claims to collect on the disk: at which door, for which order."""
    rows = (row for row in stage.store.load().tokens if row.purpose is Purpose.COLLECT and not row.spent)
    return sorted((row.door, row.order) for row in rows)


def collects_once(stage: DutyStage, text: str, door: int) -> None:
    """The code opens this door, is spent by it, and opens nothing ever after, over a restart too."""
    assert shows(stage, text) == door, stage.screen
    stage.springs(door)
    assert claims(stage) == []
    stage.shuts(door)
    stage.touch("done")
    assert stage.last("collected")["door"] == door
    stage.crash()
    assert shows(stage, text) == 0 and stage.pulses == []


# --- a claim follows its item ---------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "token"])
def test_a_claimed_code_opens_the_door_that_its_item_was_moved_to(stage: DutyStage, way: str, typed: bool) -> None:
    """The first door never opened, staff carried the item to another: the same code opens that one, once."""
    old = where(stage)
    text = sms(stage, old) if typed else stage.collect("A1")
    tries(stage, text, old, way)
    assert claims(stage) == [(old, b"A1")]
    new = moves(stage, old)
    assert claims(stage) == [(new, b"A1")]
    collects_once(stage, text, new)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "token"])
def test_a_claim_moves_in_the_commit_that_says_where_its_item_lies(stage: DutyStage, typed: bool) -> None:
    """The power goes right after it: the disk has both."""
    old = where(stage)
    text = sms(stage, old) if typed else stage.collect("A1")
    tries(stage, text, old)
    new = takes_out(stage, old)
    stage.springs(new)
    assert claims(stage) == [(old, b"A1")]
    stage.shuts(new)
    assert (stage.last("reassigned")["door"], claims(stage)) == (new, [(new, b"A1")])
    stage.crash()
    stage.wait(3000)
    collects_once(stage, text, new)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "token"])
def test_a_claim_follows_an_item_that_an_audit_finds_elsewhere(stage: DutyStage, typed: bool) -> None:
    """Somebody had put it behind another door by hand; its label says so."""
    old, other = where(stage), 4
    text = sms(stage, old) if typed else stage.collect("A1")
    tries(stage, text, old)
    stage.on_duty()
    stage.tap("audit")
    stage.tap(f"door:{other}")
    stage.springs(other)
    stage.scan(stage.label("A1"))
    stage.shuts(other)
    assert stage.lies(old) == EMPTY and where(stage) == other
    assert claims(stage) == [(other, b"A1")]
    stage.tap("back")
    stage.tap("finish")
    collects_once(stage, text, other)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "token"])
def test_a_claim_follows_an_item_whose_move_a_power_cut_stopped(stage: DutyStage, typed: bool) -> None:
    """Staff look, say that it is in, and the claim is there too."""
    old = where(stage)
    text = sms(stage, old) if typed else stage.collect("A1")
    tries(stage, text, old)
    new = takes_out(stage, old)
    stage.springs(new)
    stage.crash()
    settles(stage, new)
    assert claims(stage) == [(new, b"A1")]
    collects_once(stage, text, new)


def settles(stage: DutyStage, door: int) -> None:
    """Staff look where something was being put in when everything stopped: it is in."""
    stage.on_duty()
    stage.tap("settle")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("it_is_in")
    stage.shuts(door)
    leave(stage)


def test_a_number_that_is_gone_takes_its_claim_with_it(stage: DutyStage) -> None:
    """Another item came in between, so the moved one got a new number: the old digits are dead, a token is not."""
    old = where(stage)
    digits, token = sms(stage, old), stage.collect("A1")
    tries(stage, digits, old)
    tries(stage, token, old)
    new = takes_out(stage, old)
    stage.springs(new)
    stage.crash()
    certificate(stage, "B2")
    settles(stage, new)
    assert claims(stage) == sorted([(old, b"A1"), (new, b"A1")])
    assert shows(stage, digits) == 0
    assert stage.kinds[-1] == "code_wrong"
    assert shows(stage, token) == new
    assert next(row for row in stage.store.load().tokens if row.door == old and row.exp >= NEVER_S).spent is False


# --- an order with two items ----------------------------------------------------------------------


def test_of_two_items_of_one_order_each_typed_code_follows_its_own(stage: DutyStage) -> None:
    """Papers and a certificate of one order: the one is moved, and only its own digits go with it."""
    envelope, papers = where(stage), stage.stored("A1")
    assert envelope != papers
    first, second = sms(stage, envelope), sms(stage, papers)
    tries(stage, first, envelope)
    tries(stage, second, papers)
    new = moves(stage, papers)
    assert claims(stage) == sorted([(envelope, b"A1"), (new, b"A1")])
    assert shows(stage, first) == envelope
    stage.springs(envelope)
    stage.shuts(envelope)
    stage.touch("done")
    collects_once(stage, second, new)


def test_a_token_stays_at_a_door_that_still_holds_something_of_its_order(stage: DutyStage) -> None:
    """Its certificate stays where it was; the papers that staff move are no reason to open another door."""
    envelope, papers = where(stage), stage.stored("A1")
    token = stage.collect("A1")
    tries(stage, token, envelope)
    moves(stage, papers)
    assert claims(stage) == [(envelope, b"A1")]
    collects_once(stage, token, envelope)


def test_a_spent_code_follows_nothing(stage: DutyStage) -> None:
    """It opened its door, and its owner left the item there; staff move it: the code stays dead."""
    old = where(stage)
    token = stage.collect("A1")
    assert stage.scan(token) == old
    stage.springs(old)
    stage.wait(600_000)
    new = moves(stage, old)
    assert stage.scan(token) == 0 and stage.refused(Refusal.SPENT)
    assert stage.scan(stage.collect("A1")) == new


# --- another owner --------------------------------------------------------------------------------


def relabels(stage: DutyStage, door: int, order: str) -> None:
    """Staff scan the right label for what lies behind a door, and go. No door opens."""
    stage.on_duty()
    stage.tap("reassign")
    stage.tap(f"door:{door}")
    stage.scan(stage.label(order))
    assert stage.lies(door) == (Custody.HOLDING, order.encode())
    leave(stage)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "token"])
def test_another_owners_item_takes_no_claim_along(stage: DutyStage, typed: bool) -> None:
    """The wrong label's owner had a claim: it opens nothing of the right one's, here or where it is moved to."""
    door = where(stage)
    text = sms(stage, door) if typed else stage.collect("A1")
    tries(stage, text, door)
    relabels(stage, door, "B2")
    assert shows(stage, text) == 0
    stage.wait(3000)
    new = moves(stage, door)
    assert claims(stage) == [(door, b"A1")]
    assert shows(stage, text) == 0
    stage.wait(3000)
    assert shows(stage, sms(stage, new)) == new


@pytest.mark.parametrize("pushed", [1000, 400_000], ids=["at once", "after the alarm"])
def test_a_jammed_door_that_gives_way_settles_nothing_of_another_owners_item(stage: DutyStage, pushed: int) -> None:
    """It sprang open after the item had got its right owner: told, and by no code; the new owner's still opens it."""
    door = where(stage)
    token = stage.collect("A1")
    tries(stage, token, door)
    relabels(stage, door, "B2")
    assert stage.cabinet.rooms[door].errand is None
    seq = stage.store.last_seq()
    stage.opens(door)
    assert not stage.cabinet.visit.present
    stage.wait(pushed)
    stage.shuts(door)
    told = [event for event in stage.log if event["seq"] > seq and event["door"] == door]
    assert [(event["type"], event["data"]["order"]) for event in told] == [
        ("opened_late", b"B2".hex()),
        ("shut", b"B2".hex()),
    ]
    assert claims(stage) == [(door, b"A1")] and "collected" not in stage.kinds
    room = stage.cabinet.rooms[door]
    assert (stage.lies(door), room.in_service, room.reason) == ((Custody.HOLDING, b"B2"), False, "unwatched")
    assert shows(stage, sms(stage, door)) == door


def test_a_door_left_open_settles_nothing_of_another_owners_item(stage: DutyStage) -> None:
    """The first owner went away from the open door; the item gets its right owner, and then it is shut."""
    door = where(stage)
    assert stage.scan(stage.collect("A1")) == door
    stage.springs(door)
    stage.wait(600_000)
    assert stage.cabinet.rooms[door].state is DoorState.LEFT_OPEN
    relabels(stage, door, "B2")
    stage.shuts(door)
    assert "collected" not in stage.kinds and stage.last("shut")["order"] == b"B2".hex()
    room = stage.cabinet.rooms[door]
    assert (stage.lies(door), room.in_service, room.reason) == ((Custody.HOLDING, b"B2"), False, "unwatched")
    digits = sms(stage, door)
    assert shows(stage, digits) == door
    stage.takes(door)
    assert not room.free


@pytest.mark.parametrize("way", WAYS)
def test_a_door_that_may_have_been_open_is_nobodys_before_a_look(stage: DutyStage, way: str) -> None:
    """Its first owner's pulse may have opened it unseen: when the right owner has collected, staff have to look."""
    door = where(stage)
    tries(stage, stage.collect("A1"), door, way)
    relabels(stage, door, "B2")
    stage.crash()
    assert shows(stage, sms(stage, door)) == door
    stage.takes(door)
    room = stage.cabinet.rooms[door]
    assert (stage.lies(door), room.free, room.reason) == (EMPTY, False, "unwatched")
    stage.wait(3000)
    stage.on_duty()
    stage.tap("audit")
    stage.tap(f"door:{door}")
    stage.springs(door)
    stage.tap("as_listed")
    stage.shuts(door)
    assert room.free


def test_a_door_that_gives_way_after_its_item_was_found_elsewhere_is_no_collection(stage: DutyStage) -> None:
    """An audit emptied it in the books unopened: the claim is at the item's door, and this one is only told."""
    old, other = where(stage), 4
    token = stage.collect("A1")
    tries(stage, token, old)
    stage.on_duty()
    stage.tap("audit")
    stage.tap(f"door:{other}")
    stage.springs(other)
    stage.scan(stage.label("A1"))
    stage.shuts(other)
    stage.tap("back")
    stage.tap("finish")
    stage.opens(old)
    assert (stage.last("opened_late")["door"], stage.cabinet.visit.present) == (old, False)
    stage.shuts(old)
    room = stage.cabinet.rooms[old]
    assert (room.in_service, room.reason, room.free) == (False, "audit", False)
    assert "collected" not in stage.kinds
    collects_once(stage, token, other)


def test_a_forced_door_is_forced_whatever_claim_stood_there(stage: DutyStage) -> None:
    """Seen shut after the power cut, relabelled, and pried open: nobody's doing, and somebody has to look."""
    door = where(stage)
    tries(stage, stage.collect("A1"), door, "cut")
    relabels(stage, door, "B2")
    stage.tell(DoorSeen(door, True))
    assert stage.last("forced") | {"door": door, "order": b"B2".hex()} == stage.last("forced")
    stage.shuts(door)
    assert stage.lies(door) == (Custody.HOLDING, b"B2") and not stage.cabinet.rooms[door].in_service
