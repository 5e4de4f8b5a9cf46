"""Collecting with a typed code, as its person sees it: no phone, no network, one code, one collection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from keypad_stage import DAY_MS, SECRET, KeypadStage, records
from stage import a_config

from locker import config
from locker.authority.hotp import code
from locker.keypad import NEVER_S, NEXT_LOAD, cti_of
from locker.machine import DoorState, VisitState
from locker.model import Custody, DoorSeen, KeepNote, Purpose, Quality, Refusal, Typed


@pytest.fixture
def stage(tmp_path: Path) -> KeypadStage:
    """A cabinet of six free compartments, with a keypad of six digits."""
    return KeypadStage(tmp_path)


# --- the right code -------------------------------------------------------------------------------


def test_the_code_of_the_sms_opens_the_door_of_its_item(stage: KeypadStage) -> None:
    """Three items, three codes; each opens its own door, and the log tells it as of any collection."""
    doors = {order: stage.stored(order) for order in ("A1", "B2", "C3")}
    assert len({stage.sms(order) for order in doors}) == 3
    assert (stage.screen.name, stage.screen.digits) == ("idle", 6)
    seq = stage.store.last_seq()
    assert stage.types(stage.sms("B2")) == doors["B2"]
    stage.opens(doors["B2"])
    assert (stage.screen.name, stage.screen.digits) == ("open_collect", 0)
    stage.shuts(doors["B2"])
    stage.touch("done")
    assert stage.cabinet.rooms[doors["B2"]].free
    told = [e for e in stage.log if e["seq"] > seq]
    assert [e["type"] for e in told] == ["granted", "opened", "shut", "collected", "visit_ended"]
    cti = cti_of("epoch", stage.load_of("B2")).hex()
    assert {(e["data"]["cti"], e["data"]["purpose"]) for e in told} == {(cti, "collect")}
    assert {e["data"]["source"] for e in told[:3]} == {"keypad"}
    assert stage.screen.digits == 6


def test_the_event_of_a_deposit_says_the_load_and_nothing_says_the_code(stage: KeypadStage) -> None:
    """Numbers rise by one from 1; no code of any held item is in the log or in a file of the database."""
    for order in ("A1", "B2", "C3", "D4"):
        stage.stored(order)
    assert [stage.load_of(order) for order in ("A1", "B2", "C3", "D4")] == [1, 2, 3, 4]
    stage.types(stage.sms("C3"))
    said = json.dumps(stage.log).encode()
    said += b"".join(path.read_bytes() for path in stage.path.parent.iterdir())
    assert not [order for order in ("A1", "B2", "C3", "D4") if stage.sms(order).encode() in said]


def test_a_claim_by_code_is_on_the_disk_before_the_pulse_and_does_not_expire(stage: KeypadStage) -> None:
    """The same row as a token's: unspent with the pulse, spent with the open door (invariant 1)."""
    door = stage.stored("A1")
    stage.types(stage.sms("A1"))
    claimed = [row for row in stage.store.load().tokens if row.exp >= NEVER_S]
    assert [(row.cti, row.door, row.order, row.purpose, row.spent) for row in claimed] == [
        (cti_of("epoch", 1), door, b"A1", Purpose.COLLECT, False)
    ]
    stage.opens(door)
    assert [row.spent for row in stage.store.load().tokens if row.exp >= NEVER_S] == [True]


def test_after_the_collection_the_code_opens_nothing(stage: KeypadStage) -> None:
    """Typed again it is nobody's code, also after a restart, and also when the next item lies behind the same door."""
    door = stage.stored("A1")
    sms = stage.sms("A1")
    stage.types(sms)
    stage.takes(door)
    pulses = len(stage.pulses)
    assert stage.types(sms) == 0
    assert stage.screen.reason == Refusal.WRONG_CODE.value
    assert stage.stored("B2") == door
    assert stage.types(sms) == 0
    stage.crash()
    assert stage.types(sms) == 0
    assert (stage.pulses, len(records(stage, "code_wrong"))) == ([], 3)
    assert pulses == 2


def test_a_token_and_a_code_of_one_item_are_two_keys_to_one_collection(stage: KeypadStage) -> None:
    """Collected with the token, the code is dead with its item; and the other way round."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.scan(stage.collect("A1"))
    stage.takes(door)
    assert stage.types(sms) == 0
    door, sms = stage.stored("B2"), stage.sms("B2")
    assert stage.types(sms) == door
    stage.takes(door)
    assert stage.scan(stage.collect("B2")) == 0
    assert stage.refused(Refusal.UNKNOWN_ORDER)


def test_two_items_of_one_order_have_a_code_each(stage: KeypadStage) -> None:
    """The code decides the door, not the order: a token would take the older one."""
    first = stage.stored("A1")
    older = stage.sms("A1")
    second = stage.stored("A1")
    assert first != second
    assert stage.types(stage.sms("A1")) == second
    stage.takes(second)
    assert stage.types(older) == first


def test_leading_zeros_are_part_of_the_code(stage: KeypadStage) -> None:
    """A load whose code begins with a zero: all six digits open, fewer are no code and cost no try."""
    load = next(n for n in range(1, 1000) if code(SECRET, n, 6).startswith("0"))
    stage.store.commit([KeepNote(NEXT_LOAD, str(load))], stage.now)
    stage.crash()
    door = stage.stored("A1")
    sms = stage.sms("A1")
    assert (stage.load_of("A1"), sms[0]) == (load, "0")
    for short in (sms.lstrip("0"), sms + "0", "0"):
        assert stage.types(short) == 0
        assert stage.screen.reason == Refusal.WRONG_CODE.value
    assert (stage.kinds.count("code_wrong"), stage.saved) == (0, "")
    assert "digits" in stage.last("denied")["detail"]
    assert stage.types(sms) == door


@pytest.mark.parametrize("digits", [7, 8])
def test_codes_may_be_longer(tmp_path: Path, digits: int) -> None:
    """Seven or eight digits by configuration; the screen says how many, and six of them open nothing."""
    stage = KeypadStage(tmp_path, digits)
    door = stage.stored("A1")
    assert (stage.screen.digits, len(stage.sms("A1"))) == (digits, digits)
    assert stage.types(stage.sms("A1")[-6:]) == 0
    assert stage.types(stage.sms("A1")) == door


def test_a_clock_in_the_past_or_future_changes_nothing(stage: KeypadStage) -> None:
    """A code has no date: it opens with a clock that wakes up in 1970, and long after the deadline."""
    door = stage.stored("A1")
    stage.quality = Quality.FLOOR
    stage.reboot(wall_ms=-stage.wall_ms)
    assert stage.types(stage.sms("A1")) == door
    stage.wait(20_000)
    stage.reboot(wall_ms=1_790_000_000_000 + 400 * DAY_MS)
    assert stage.types(stage.sms("A1")) == door


# --- jams, crashes and reopening ------------------------------------------------------------------


def test_a_jam_costs_nothing_and_the_code_opens_the_same_door_again(stage: KeypadStage) -> None:
    """Invariant 3: never seen open, never spent; a ticket, a power cut, two days, and the same door opens."""
    door = stage.stored("A1")
    sms = stage.sms("A1")
    assert stage.types(sms) == door
    stage.wait(20_000)
    assert (stage.screen.name, stage.cabinet.visit.state) == ("jammed", VisitState.IDLE)
    assert stage.cabinet.rooms[door].state is DoorState.JAMMED
    stage.days(2)
    assert stage.cabinet.rooms[door].errand is None, "nobody stands there any more"
    stage.reboot()
    assert stage.pulses == []
    assert stage.types(sms) == door
    assert stage.pulses == [door]
    stage.takes(door)
    assert "lapsed" not in stage.kinds
    assert stage.types(sms) == 0


def test_a_pulse_that_never_reached_the_wire_costs_nothing(stage: KeypadStage) -> None:
    """The port is gone, then back: the same code, the same door."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.types(sms)
    stage.drop(door)
    stage.idles()
    stage.wait(61_000)
    assert stage.types(sms) == door


def test_a_crash_while_the_door_was_open_ends_in_one_collection(stage: KeypadStage) -> None:
    """Spent when it was seen open: after the crash the bearer finishes, and the code opens nothing more."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.types(sms)
    stage.opens(door)
    stage.crash(open_doors=(door,))
    stage.shuts(door)
    assert stage.kinds.count("collected") == 1
    stage.wait(120_000)
    assert stage.types(sms) == 0
    assert stage.cabinet.rooms[door].custody is Custody.EMPTY


def test_a_crash_between_claim_and_opening_leaves_the_code_good(stage: KeypadStage) -> None:
    """Nothing opens by the start (invariant 5); typed again it is the same authority and the same door."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.types(sms)
    stage.crash()
    assert stage.pulses == []
    assert stage.types(sms) == door
    assert len(records(stage, "granted")) == 3
    assert len({data["cti"] for data in records(stage, "granted")}) == 2


def test_forgot_something_opens_again_by_the_button(stage: KeypadStage) -> None:
    """The grace of a visit is that of a token: twice at the most, then nothing."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.types(sms)
    for _ in range(2):
        stage.opens(door)
        stage.shuts(door)
        stage.wait(2500)
        stage.touch("reopen")
    stage.opens(door)
    stage.shuts(door)
    assert stage.screen.offers == ("done",)
    assert stage.pulses[1:] == [door] * 3
    stage.touch("done")
    assert stage.types(sms) == 0


def test_a_door_left_open_after_a_code_is_not_opened_again_by_it(stage: KeypadStage) -> None:
    """The item is still held for all the cabinet knows, and its code is spent, for ever and by any clock."""
    door, sms = stage.stored("A1"), stage.sms("A1")
    stage.types(sms)
    stage.opens(door)
    stage.wait(200_000)
    assert stage.cabinet.rooms[door].state is DoorState.LEFT_OPEN
    stage.days(700)
    assert stage.types(sms) == 0
    assert stage.refused(Refusal.SPENT)
    assert stage.pulses[1:] == [door]


def test_the_ledger_forgets_a_code_when_its_item_has_left(stage: KeypadStage) -> None:
    """While the item is here its row stays, whatever the date; a day after it has left the row is gone, on disk too."""
    first, second = stage.stored("A1"), stage.stored("B2")
    stage.types(stage.sms("B2"))
    stage.wait(20_000)
    stage.idles()
    stage.types(stage.sms("A1"))
    stage.takes(first)
    codes = {cti_of("epoch", 1), cti_of("epoch", 2)}
    assert {row.cti for row in stage.store.load().tokens} >= codes
    stage.days(800)
    assert {row.cti for row in stage.store.load().tokens} == {cti_of("epoch", 2)}
    assert stage.types(stage.sms("B2")) == second


# --- who else is there ----------------------------------------------------------------------------


def test_no_code_is_compared_during_another_visit(stage: KeypadStage) -> None:
    """No visit's screen has a keypad; what is typed all the same is answered with busy, right or wrong alike."""
    held, visited = stage.stored("A1"), stage.scan(stage.deposit("B2"))
    idle_number = stage.screen.number - 1
    assert stage.screen.digits == 0
    for digits in (stage.sms("A1"), stage.wrong()):
        assert stage.types(digits) == visited
        assert stage.screen.reason == Refusal.BUSY.value
    stage.opens(visited)
    assert stage.screen.digits == 0
    seq = stage.store.last_seq()
    stage.tell(Typed(stage.sms("A1"), idle_number))
    assert stage.store.last_seq() == seq, "typed on a screen that is gone"
    stage.takes(visited)
    assert "code_wrong" not in stage.kinds
    assert stage.types(stage.sms("A1")) == held


def test_a_code_typed_twice_in_a_hurry_counts_once(stage: KeypadStage) -> None:
    """The second press of the last key belongs to a screen that is gone."""
    door, sms, number = stage.stored("A1"), stage.sms("A1"), stage.screen.number
    stage.tell(Typed(sms, number))
    stage.tell(Typed(sms, number))
    assert stage.pulses[1:] == [door]
    assert "denied" not in stage.kinds


def test_a_code_may_be_typed_right_after_a_refusal(stage: KeypadStage) -> None:
    """The notice has the keypad: a wrong digit, a foreign QR code, and the right code at once."""
    door = stage.stored("A1")
    stage.types(stage.wrong())
    assert (stage.screen.name, stage.screen.reason, stage.screen.digits) == ("refused", "wrong_code", 6)
    stage.scan("https://example.org")
    assert (stage.screen.name, stage.screen.digits) == ("refused", 6)
    assert stage.types(stage.sms("A1")) == door


def test_a_screen_without_a_keypad_takes_no_code(stage: KeypadStage) -> None:
    """The notice of a jam keeps its ticket; a cabinet whose board is silent compares nothing."""
    door = stage.stored("A1")
    stage.types(stage.sms("A1"))
    stage.wait(20_000)
    before = stage.screen
    assert (before.name, before.digits) == ("jammed", 0)
    stage.types(stage.sms("A1"))
    assert stage.screen is before
    stage.idles()
    stage.silence()
    assert (stage.screen.name, stage.screen.digits) == ("out_of_order", 0)
    assert stage.types(stage.sms("A1")) == 0
    assert stage.pulses[1:] == [door] * 3


def test_the_coils_and_the_wire_are_asked_as_for_a_token(tmp_path: Path) -> None:
    """Too many doors in a minute: refused with its reason, on the screen and in the log; the code stays good."""
    stage = KeypadStage(tmp_path, cfg=a_config(invite=None, coil=config.Coil(doors_minute_max=2)))
    door = stage.stored("A1")
    stage.stored("B2")
    assert stage.types(stage.sms("A1")) == 0
    assert stage.refused(Refusal.RATE_LIMITED)
    assert stage.last("denied") | {"source": "keypad", "order": b"A1".hex()} == stage.last("denied")
    stage.wait(61_000)
    assert stage.types(stage.sms("A1")) == door


def test_a_door_that_sees_force_keeps_its_code(stage: KeypadStage) -> None:
    """Forced open and shut again: what lies inside stays collectable by its owner, also with the code."""
    door = stage.stored("A1")
    stage.tell(DoorSeen(door, True))
    stage.shuts(door)
    assert stage.last("forced")["door"] == door
    stage.wait(2000)
    assert stage.types(stage.sms("A1")) == door
