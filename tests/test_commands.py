"""Commands from the cloud: a grant opens, and nothing retained, late, repeated, malformed or unsigned ever does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stage import STRANGER, Stage, a_config

from locker import messages
from locker.commands import AHEAD_S_MAX, KEPT_MAX, LATE_S, OPS
from locker.machine import VisitState
from locker.model import Acknowledge, Answer, CommandRow, KeepCommand, MessageReceived, Purpose, Refusal
from locker.service import KEEPS


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six free compartments."""
    return Stage(tmp_path)


def open_for(stage: Stage, id: str = "c1", **fields: Any) -> dict[str, Any]:
    """The cloud asks to open with a fresh drop-off grant for who stands at the screen; the answer."""
    if "grant" not in fields:
        fields["grant"] = stage.grant()
    return stage.command(id=id, **fields)


def test_open_with_a_grant_opens_as_if_it_had_been_scanned(stage: Stage) -> None:
    """The phone-first way: answer with the door, one pulse, and the events name their source and the command."""
    answer = open_for(stage)
    door = answer["door"]
    assert answer == {"v": 1, "id": "c1", "ok": True, "at_ms": stage.wall_ms, "reason": "", "detail": "", "door": door}
    assert stage.pulses == [door]
    assert stage.last("granted")["source"] == "cloud"
    assert stage.last("command_done") == {"id": "c1", "op": "open", "door": door}
    stage.opens(door)
    assert stage.screen.name == "open_deposit"


def test_ok_means_taken_on_and_opened_is_said_later(stage: Stage) -> None:
    """The answer comes with the grant; "opened" only when the switch says so (invariant 6)."""
    assert open_for(stage)["ok"]
    assert "opened" not in stage.kinds


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"grant": ""}, Refusal.GRANT_NEEDED),
        ({"grant": "LK1:~"}, Refusal.UNREADABLE),
        ({"grant": "open sesame"}, Refusal.FOREIGN),
        ({"op": "open_all"}, Refusal.UNKNOWN_OP),
        ({"op": "replay"}, Refusal.UNKNOWN_OP),
    ],
)
def test_a_command_without_authority_opens_nothing(stage: Stage, fields: dict[str, Any], reason: Refusal) -> None:
    """Broker rights alone open nothing: an answer and an event with the reason."""
    answer = open_for(stage, **fields)
    assert (answer["ok"], answer["reason"]) == (False, reason.value)
    assert stage.last("command_refused")["reason"] == reason.value
    assert stage.pulses == []


def test_a_foreign_grant_opens_nothing(stage: Stage) -> None:
    """Another cabinet's, or signed by somebody else: refused as at the scanner, and not shown on the screen."""
    assert open_for(stage, grant=stage.deposit(aud="demo-2"))["reason"] == "wrong_cabinet"
    assert open_for(stage, "c2", grant=stage.deposit(key=STRANGER))["reason"] == "unknown_key"
    assert [stage.kinds.count(kind) for kind in ("denied", "command_refused")] == [2, 2]
    assert (stage.screen.name, stage.pulses) == ("idle", [])


def test_a_retained_command_is_refused_even_with_a_good_grant(stage: Stage) -> None:
    """It may be of last year (invariant 5); the same command sent properly still works."""
    grant = stage.grant()
    assert open_for(stage, retained=True, grant=grant)["reason"] == "retained"
    assert stage.pulses == []
    assert open_for(stage, grant=grant)["ok"]


@pytest.mark.parametrize(
    ("after_s", "reason"),
    [(-LATE_S, ""), (-LATE_S - 1, "late"), (AHEAD_S_MAX, ""), (AHEAD_S_MAX + 1, "bad_message")],
)
def test_a_command_must_be_of_now(stage: Stage, after_s: int, reason: str) -> None:
    """Expired by more than the clocks may differ, or valid for longer than anybody waits: refused."""
    answer = open_for(stage, exp=stage.wall_ms // 1000 + after_s)
    assert (answer["reason"], len(stage.pulses)) == (reason, 0 if reason else 1)


BAD = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"v":1}',
    b'{"v":2,"id":"c1","op":"open","exp":1790000030}',
    b'{"v":1,"id":"c 1","op":"open","exp":1790000030}',
    b'{"v":1,"id":"c1","op":"open","exp":"soon"}',
    b'{"v":1,"id":"c1","op":"open","exp":1790000030,"grant":"\\ud800"}',
    b'{"v":1,"id":"c1","op":"open","exp":1790000030,"args":{"x":[]}}',
    b" " * 9000,
    b"[" * 8000,
]


@pytest.mark.parametrize("payload", BAD, ids=range(len(BAD)))
def test_a_malformed_command_is_refused_with_an_answer_and_an_event(stage: Stage, payload: bytes) -> None:
    """Whatever the bytes: no error, no pulse, a reason; the id is given back where it could be read."""
    answer = stage.message(payload)
    assert (answer["ok"], answer["reason"]) == (False, "bad_message")
    assert stage.last("command_refused")["reason"] == "bad_message"
    assert stage.pulses == []


@pytest.mark.parametrize("between", ["nothing", "visit", "crash"])
def test_a_repeated_id_gets_the_identical_answer_and_no_second_pulse(stage: Stage, between: str) -> None:
    """Delivered twice, also over a power cut: the stored bytes again, and nothing is done."""
    message = {"v": 1, "id": "c7", "op": "open", "exp": stage.wall_ms // 1000 + 30, "grant": stage.grant()}
    payload = json.dumps(message).encode()
    stage.message(payload)
    answers = [a.payload for a in stage.acts if isinstance(a, Answer)]
    done = stage.kinds.count("command_done")
    if between == "visit":
        stage.opens(stage.pulses[0])
        stage.shuts(stage.pulses[0])
    elif between == "crash":
        stage.crash()
    pulses, state = list(stage.pulses), stage.cabinet.visit.state
    stage.message(payload)
    assert [a.payload for a in stage.acts if isinstance(a, Answer)][-1] == answers[-1]
    assert (stage.pulses, stage.cabinet.visit.state, stage.kinds.count("command_done")) == (pulses, state, done)


def test_a_refusal_is_repeated_as_it_was_given(stage: Stage) -> None:
    """A grant that was refused while somebody was there is not carried out when the broker repeats the command."""
    grant = stage.grant(order="B2")
    door = stage.scan(stage.deposit("A1"))
    message = {"v": 1, "id": "c7", "op": "open", "exp": stage.wall_ms // 1000 + 600, "grant": grant}
    assert stage.message(json.dumps(message).encode())["reason"] == "busy"
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    assert stage.message(json.dumps(message).encode())["reason"] == "busy"
    assert stage.pulses == [door]


def test_the_same_grant_under_another_id_never_opens_a_shut_door_again(stage: Stage) -> None:
    """Whoever reads the broker can repeat a grant; reopening needs the person at the door (invariant 5)."""
    grant = stage.grant()
    door = open_for(stage, grant=grant)["door"]
    stage.opens(door)
    assert open_for(stage, "c2", grant=grant)["ok"], "under way: taken on already"
    stage.shuts(door)
    assert stage.cabinet.visit.state is VisitState.OFFERING
    assert open_for(stage, "c3", grant=grant)["reason"] == "spent"
    assert stage.pulses == [door]
    stage.wait(2500)
    stage.touch("reopen")
    assert stage.pulses == [door, door]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_door_is_put_out_of_service_and_in_again(stage: Stage, wanted: bool) -> None:
    """Never opens anything; a row on the disk, an event, an answer."""
    args = {"door": 1, "in_service": False, "reason": "hinge"}
    stage.command(op="service", id="s1", args=args)
    if wanted:
        assert stage.command(op="service", id="s2", args=args | {"in_service": True})["ok"]
    stage.crash()
    room = stage.cabinet.rooms[1]
    assert (room.in_service, room.reason) == (wanted, "" if wanted else "hinge")
    assert stage.last("service_changed")["in_service"] is wanted
    assert stage.pulses == []
    assert (stage.scan(stage.deposit()) == 1) is wanted


def test_a_jammed_door_put_in_service_counts_as_repaired(stage: Stage) -> None:
    """Somebody has looked at it: it is what its switch says."""
    stage.scan(stage.deposit(door=2))
    stage.wait(20_000)
    stage.wait(4_000_000)
    assert not stage.cabinet.rooms[2].free
    stage.command(op="service", args={"door": 2, "in_service": True})
    assert stage.cabinet.rooms[2].free


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"door": 1},
        {"door": 99, "in_service": True},
        {"door": True, "in_service": True},
        {"door": 1, "in_service": 1},
    ],
)
def test_service_needs_a_door_and_yes_or_no(stage: Stage, args: dict[str, Any]) -> None:
    """True is no door and 1 is no yes."""
    assert stage.command(op="service", args=args)["reason"] == "bad_message"
    assert "service_changed" not in stage.kinds


def test_the_broker_is_told_only_after_the_commit(stage: Stage) -> None:
    """All that a command asked for, its id and its answer are remembered by the same step that acknowledges it."""
    message = {"v": 1, "id": "c7", "op": "open", "exp": stage.wall_ms // 1000 + 30, "grant": stage.grant()}
    event = MessageReceived("cmd", json.dumps(message).encode(), False, 41)
    effects = stage.cabinet.handle(event, stage.now)
    assert any(isinstance(e, KeepCommand) and e.row.id == "c7" for e in effects)
    assert effects[-1] == Acknowledge(41)
    assert all(not isinstance(e, KEEPS) for e in effects[-2:]), "nothing to remember after the answer"


@pytest.mark.parametrize("payload", [b"{", b'{"v":1,"id":"c1","op":"dance","exp":1790000030}'])
@pytest.mark.parametrize("tail", ["cmd", "keys", "what"])
def test_every_message_is_acknowledged_once(stage: Stage, payload: bytes, tail: str) -> None:
    """Also what is refused, and what is not for us: the broker must not send it for ever."""
    stage.tell(MessageReceived(tail, payload, False, 7))
    assert [a for a in stage.acts if isinstance(a, Acknowledge)] == [Acknowledge(7)]


def test_no_more_ids_are_remembered_than_allowed_in_memory_or_on_the_disk(stage: Stage) -> None:
    """With so many that have not expired: the limit is said (busy); they go once they would be refused as late."""
    exp = stage.wall_ms // 1000 + 30
    stage.store.commit([KeepCommand(CommandRow(f"f{n}", exp, b"{}")) for n in range(KEPT_MAX)], stage.now)
    stage.crash()
    assert open_for(stage, "late")["reason"] == "busy"
    assert (stage.pulses, len(stage.store.load().commands)) == ([], KEPT_MAX)
    stage.wait((30 + LATE_S + AHEAD_S_MAX + 1) * 1000)
    assert open_for(stage, "good")["ok"]
    assert [row.id for row in stage.store.load().commands] == ["good"]


def test_the_answers_are_what_the_schema_says(stage: Stage) -> None:
    """The cloud can decode each, and the operations offered are those carried out."""
    open_for(stage)
    open_for(stage, "c2", op="dance", grant="")
    for answer in (a for a in stage.acts if isinstance(a, Answer)):
        found = msgspec.json.decode(answer.payload, type=messages.Response)
        assert found.at_ms == stage.wall_ms
    assert OPS == ("open", "service")


def test_a_staff_grant_needs_its_door_too(stage: Stage) -> None:
    """By name and for one door, from anywhere."""
    assert open_for(stage, grant=stage.token(Purpose.STAFF))["reason"] == "door_needed"
    assert open_for(stage, "c2", grant=stage.token(Purpose.STAFF, door=5))["door"] == 5
    assert stage.last("granted")["by"] == "staff-7"


def test_a_grant_is_good_for_one_command_even_when_the_door_stuck(tmp_path: Path) -> None:
    """A stolen broker password cannot replay a grant that was claimed and not spent, whatever the id (invariant 5)."""
    stage = Stage(tmp_path, a_config(doors=1))
    grant = stage.grant()
    assert stage.command(id="first", grant=grant)["ok"]
    stage.wait(20_000)
    pulses = len(stage.pulses)
    stage.wait(60_000)
    answer = stage.command(id="second", grant=grant)
    assert (answer["ok"], answer["reason"]) == (False, "spent")
    assert len(stage.pulses) == pulses
