"""The phone-first way: the screen's own code is scanned, and the grant that comes for it opens, here, now and once.

Tokens contract, section 6. The nonce is always read from the screen as a phone would read it. Over the network a
resident's grant without a nonce of this screen opens nothing: neither one that was overheard nor a stolen code
(invariants 5 and 10).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stage import AUD, SEED, Stage, a_config

from locker.authority.nonce import GOOD_MS, RENEW_MS
from locker.cabinet import Cabinet
from locker.machine import VisitState
from locker.model import (
    Answer,
    BoardBack,
    Custody,
    DoorSeen,
    LinkDown,
    LinkUp,
    MessageReceived,
    PortLost,
    Purpose,
    Refusal,
    Show,
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments whose idle screen invites."""
    return Stage(tmp_path)


def grant(stage: Stage, text: str, id: str = "g1") -> dict[str, Any]:
    """The cloud sends a grant; the answer."""
    return stage.command(id=id, grant=text)


def refusal(stage: Stage, answer: dict[str, Any], reason: Refusal = Refusal.NONCE) -> str:
    """The detail of a refusal that was answered, logged and moved nothing new."""
    assert (answer["ok"], answer["reason"]) == (False, reason.value)
    assert stage.last("denied")["reason"] == stage.last("command_refused")["reason"] == reason.value
    detail: str = stage.last("denied")["detail"]
    return detail


# --- the screen -----------------------------------------------------------------------------------


def test_the_idle_screen_shows_the_address_with_the_cabinet_and_a_nonce(stage: Stage) -> None:
    """The configured address, this cabinet's id, 8 bytes in hexadecimal; on no other screen."""
    assert stage.screen.invite == f"https://example.org/lk/{AUD}?n={stage.nonce().hex()}"
    assert len(stage.nonce()) == 8
    stage.scan(stage.deposit())
    stage.wait(30_000)
    assert [s.name for s in stage.acts if isinstance(s, Show) and bool(s.invite) != (s.name == "idle")] == []


def test_the_address_is_renewed_each_minute_under_the_same_number_without_a_write(stage: Stage) -> None:
    """Ten minutes of nobody: ten more lines for the screen, no button void, not one byte for the disk."""
    first, number, seen = stage.screen.invite, stage.screen.number, len(stage.acts)
    version = stage.store._db.execute("PRAGMA data_version").fetchone(), stage.store._db.total_changes
    stage.wait(10 * RENEW_MS)
    shown = stage.acts[seen:]
    assert (len(shown), {type(act) for act in shown}) == (10, {Show})
    assert len({show.invite for show in shown if isinstance(show, Show)} | {first}) == 11
    assert {show.number for show in shown if isinstance(show, Show)} == {number}
    assert (stage.store._db.execute("PRAGMA data_version").fetchone(), stage.store._db.total_changes) == version


def test_nothing_is_renewed_while_nobody_can_scan_it(stage: Stage) -> None:
    """During a visit, and while nothing works, the cabinet is not woken for a code that is not on the screen."""
    door = stage.scan(stage.deposit())
    stage.opens(door)
    assert stage.cabinet.screen.deadline_ms() is None
    stage.shuts(door)
    stage.touch("done")
    stage.silence()
    assert (stage.screen.name, stage.screen.invite) == ("out_of_order", "")
    assert stage.cabinet.screen.deadline_ms() is None


def test_while_the_way_to_the_cloud_is_lost_nobody_is_invited(stage: Stage) -> None:
    """The code goes when the link is known to be lost, comes back with it, and the buttons' number stays."""
    number = stage.screen.number
    stage.tell(LinkDown("gone"))
    assert (stage.screen.name, stage.screen.invite, stage.screen.number) == ("idle", "", number)
    stage.wait(3 * RENEW_MS)
    assert stage.screen.invite == ""
    stage.tell(LinkUp(5, False))
    assert (stage.screen.number, len(stage.nonce())) == (number, 8)


def test_without_an_address_nobody_is_invited_and_no_grant_has_a_good_nonce(tmp_path: Path) -> None:
    """No [invite] in the configuration: as before, and residents' grants over the network are refused."""
    stage = Stage(tmp_path, a_config(invite=None))
    assert stage.screen.invite == ""
    answer = grant(stage, stage.token(Purpose.DEPOSIT, "A1", nonce=bytes(8)))
    assert refusal(stage, answer) == "this cabinet shows no nonces"
    assert stage.pulses == []


# --- the grant ------------------------------------------------------------------------------------


def test_a_drop_off_and_a_collection_with_the_phone_alone(stage: Stage) -> None:
    """Scan the screen, the door opens, the screen goes on as after a scan; later the same for collecting."""
    door = grant(stage, stage.grant())["door"]
    assert (stage.pulses, stage.screen.name) == ([door], "opening")
    stage.opens(door)
    assert stage.screen.name == "open_deposit"
    stage.shuts(door)
    stage.touch("done")
    assert stage.cabinet.rooms[door].custody is Custody.HOLDING
    stage.wait(2000)
    assert grant(stage, stage.grant(Purpose.COLLECT), "g2")["door"] == door
    stage.opens(door)
    stage.shuts(door)
    assert stage.screen.name == "collected"
    assert stage.cabinet.rooms[door].custody is Custody.EMPTY


@pytest.mark.parametrize("purpose", [Purpose.DEPOSIT, Purpose.COLLECT])
def test_over_the_network_a_resident_needs_the_nonce(stage: Stage, purpose: Purpose) -> None:
    """A stolen token alone opens nothing from afar, the same token at the scanner does."""
    if purpose is Purpose.COLLECT:
        stage.stored()
    pulses, stolen = len(stage.pulses), stage.token(purpose, "A1")
    assert "needs the nonce" in refusal(stage, grant(stage, stolen))
    assert (len(stage.pulses), stage.screen.name) == (pulses, "idle")
    assert stage.scan(stolen)


@pytest.mark.parametrize("purpose", [Purpose.STAFF, Purpose.TECHNICIAN])
def test_staff_by_name_need_none_but_one_that_is_wrong_is_refused(stage: Stage, purpose: Purpose) -> None:
    """A person by name asked for a named door; a nonce that they carry all the same must be good."""
    wrong = stage.token(purpose, door=3, nonce=bytes(8))
    refusal(stage, grant(stage, wrong))
    assert stage.pulses == []
    assert grant(stage, stage.token(purpose, door=3), "g2")["door"] == 3


@pytest.mark.parametrize(("after_ms", "good"), [(GOOD_MS - 1, True), (GOOD_MS, False)])
def test_a_nonce_holds_for_three_minutes(stage: Stage, after_ms: int, good: bool) -> None:
    """To the millisecond of boot time; setting the clock makes it neither older nor younger."""
    nonce, renewed_ms = stage.nonce(), stage.cabinet.screen.deadline_ms()
    assert renewed_ms is not None
    stage.wait(renewed_ms - RENEW_MS + after_ms - stage.ms)
    stage.wall_ms -= 30_000
    answer = grant(stage, stage.token(Purpose.DEPOSIT, "A1", nonce=nonce))
    assert answer["ok"] is good
    if not good:
        assert refusal(stage, answer) == "the nonce was shown 180 s ago, good for 180"
        assert stage.pulses == []


def test_one_nonce_is_one_visit(stage: Stage) -> None:
    """A second grant with the nonce of a visit is refused, whoever signed it, also after the visit."""
    nonce = stage.nonce()
    door = grant(stage, stage.grant())["door"]
    again = stage.token(Purpose.DEPOSIT, "B2", nonce=nonce)
    assert refusal(stage, grant(stage, again, "g2")) == "this nonce has had its visit"
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    assert refusal(stage, grant(stage, again, "g3")) == "this nonce has had its visit"
    assert stage.nonce() != nonce
    assert stage.pulses == [door]


def test_a_refusal_does_not_use_the_nonce_up(stage: Stage) -> None:
    """Somebody was faster at the scanner: busy, told on the screen; when they are done the same nonce still opens."""
    mine = stage.grant(order="B2")
    door = stage.scan(stage.deposit("A1"))
    stage.opens(door)
    refusal(stage, grant(stage, mine), Refusal.BUSY)
    assert (stage.screen.name, stage.screen.reason) == ("open_deposit", "busy")
    stage.shuts(door)
    stage.touch("done")
    stage.wait(2000)
    answer = grant(stage, mine, "g2")
    assert answer["ok"]
    assert stage.pulses == [door, answer["door"]]


def test_a_nonce_of_the_run_before_is_void(stage: Stage) -> None:
    """Nonces live in memory: after a power cut the screen has others, and the old ones open nothing (invariant 5)."""
    before = stage.grant()
    stage.crash()
    assert refusal(stage, grant(stage, before)) == "not a nonce of this cabinet's screen since it started"
    assert stage.pulses == []
    assert grant(stage, stage.grant(), "g2")["ok"]


def test_a_grant_that_was_overheard_is_worth_nothing(stage: Stage) -> None:
    """Repeated under other ids: while its visit lasts it moves nothing, after it never (invariant 5)."""
    mine = stage.grant()
    door = grant(stage, mine)["door"]
    for n in range(3):
        grant(stage, mine, f"thief-{n}")
    stage.opens(door)
    grant(stage, mine, "thief-3")
    stage.shuts(door)
    refusal(stage, grant(stage, mine, "thief-4"), Refusal.SPENT)
    stage.wait(200_000)
    assert stage.cabinet.visit.state is VisitState.IDLE
    refusal(stage, grant(stage, mine, "thief-9"), Refusal.SPENT)
    assert stage.pulses == [door]


# --- the same token at the scanner ----------------------------------------------------------------


def test_a_grant_with_a_nonce_may_be_shown_to_the_scanner_instead(stage: Stage) -> None:
    """The same rule: with a nonce of this screen it opens, with another cabinet's it does not."""
    assert stage.scan(stage.token(Purpose.DEPOSIT, "A1", nonce=bytes(range(8)))) == 0
    assert stage.refused(Refusal.NONCE)
    assert (stage.screen.name, stage.screen.reason) == ("refused", "nonce")
    stage.wait(20_000)
    used = stage.nonce()
    door = stage.scan(stage.grant())
    assert stage.pulses == [door]
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    assert stage.scan(stage.token(Purpose.DEPOSIT, "B2", nonce=used)) == 0
    assert stage.refused(Refusal.NONCE)


@pytest.mark.parametrize("by_power_cut", [False, True])
def test_claimed_and_unspent_it_opens_the_same_door_without_another_nonce(stage: Stage, by_power_cut: bool) -> None:
    """The door stuck, or the power went: hours later the same code at the scanner, the same door (invariant 3)."""
    mine = stage.grant(door=2, exp=stage.wall_ms // 1000 + 7200)
    assert grant(stage, mine)["door"] == 2
    if by_power_cut:
        stage.crash()
    else:
        stage.wait(30_000)
        assert stage.cabinet.rooms[2].state.value == "jammed"
    stage.wait(3_600_000)
    assert stage.scan(mine) == 2
    stage.opens(2)
    assert stage.screen.name == "open_deposit"


# --- who is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"exp": 0}, {"aud": "demo-2"}, {"order": "nobody"}], ids=lambda g: next(iter(g)))
def test_whoever_stands_there_is_told_on_the_screen(stage: Stage, given: dict[str, Any]) -> None:
    """A refused grant with a nonce of this screen is told on it, whatever the reason; the nonce stays good."""
    seconds = stage.wall_ms // 1000
    values = given | ({"iat": seconds - 4000, "exp": seconds - 3600} if "exp" in given else {})
    nonce = stage.nonce()
    answer = grant(stage, stage.grant(Purpose.COLLECT, **values))
    assert not answer["ok"]
    assert (stage.screen.name, stage.screen.reason, stage.pulses) == ("refused", answer["reason"], [])
    stage.wait(20_000)
    assert grant(stage, stage.token(Purpose.DEPOSIT, "A1", nonce=nonce), "g2")["ok"]


def test_who_was_too_slow_is_told_and_a_stranger_is_not(stage: Stage) -> None:
    """A nonce of ours that has aged: on the screen. One of nobody's, or one that had its visit: only answered."""
    slow = stage.grant()
    stage.wait(GOOD_MS)
    refusal(stage, grant(stage, slow))
    assert (stage.screen.name, stage.screen.reason) == ("refused", "nonce")
    stage.wait(20_000)
    refusal(stage, grant(stage, stage.token(Purpose.DEPOSIT, "A1", nonce=bytes(8)), "g2"))
    assert (stage.screen.name, stage.screen.reason) == ("idle", "")
    used = stage.nonce()
    door = grant(stage, stage.grant(), "g3")["door"]
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    refusal(stage, grant(stage, stage.token(Purpose.DEPOSIT, "B2", nonce=used), "g4"))
    assert (stage.screen.name, stage.screen.reason) == ("idle", "")


def test_a_grant_that_nobody_signed_is_told_to_nobody(stage: Stage) -> None:
    """What is not verified has no nonce: garbage on the broker cannot write on the screen."""
    text = stage.grant()
    refusal(stage, grant(stage, text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")), Refusal.SIGNATURE)
    assert stage.screen.name == "idle"


# --- secrets --------------------------------------------------------------------------------------


def test_no_seed_and_no_nonce_is_in_an_event_an_answer_or_the_database(stage: Stage) -> None:
    """After accepted, refused, aged and repeated grants: neither the seed nor any nonce has been written anywhere."""
    nonces = [stage.nonce()]
    grant(stage, stage.grant(), "g1")
    grant(stage, stage.token(Purpose.DEPOSIT, "B2", nonce=nonces[0]), "g2")
    stage.wait(400_000)
    stage.shuts(stage.pulses[0])
    nonces.append(stage.nonce())
    stage.wait(GOOD_MS)
    refusal(stage, grant(stage, stage.token(Purpose.DEPOSIT, "C3", nonce=nonces[1]), "g3"))
    stage.tell(PortLost("scanner", "gone"))
    said = json.dumps(stage.log).encode() + b"".join(a.payload for a in stage.acts if isinstance(a, Answer))
    said += repr(stage.cabinet).encode() + repr(vars(stage.cabinet)).encode()
    for path in stage.path.parent.iterdir():
        said += path.read_bytes()
    for secret in (SEED, *nonces):
        assert secret not in said and secret.hex().encode() not in said


def test_a_cabinet_that_was_given_no_seed_invites_nobody(stage: Stage) -> None:
    """Nonces that anybody could compute would be worse than none."""
    bare = Cabinet(stage.cfg, stage.cabinet.authority, stage.store.load(), stage.now)
    effects = bare.start(stage.now) + bare.handle(BoardBack("main", (1,)), stage.now)
    effects += bare.handle(DoorSeen(1, False), stage.now)
    shown = [e for e in effects if isinstance(e, Show)]
    assert (shown[-1].name, shown[-1].invite) == ("idle", "")
    text = stage.token(Purpose.DEPOSIT, "A1", nonce=bytes(8))
    body = {"v": 1, "id": "c", "op": "open", "exp": stage.wall_ms // 1000, "grant": text}
    effects = bare.handle(MessageReceived("cmd", json.dumps(body).encode(), False, 1), stage.now)
    assert [json.loads(e.payload)["reason"] for e in effects if isinstance(e, Answer)] == ["nonce"]
