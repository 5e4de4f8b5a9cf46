"""From the picture of a token to the event at an independent client: the real process, real wires, real brokers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from broker_rig import BROKERS, Far, Peer, Start, broker
from process_rig import Rig, photographed

from locker.clock import wall_s
from sim.demo_codes import Code
from sim.demo_site import CABINET

UP, DOWN = f"lk/v1/{CABINET}/up/", f"lk/v1/{CABINET}/down/"
EMBEDDED_5, _, MOSQUITTO_5, MOSQUITTO_4 = BROKERS
SPARE_TERMINALS = 8


@pytest.fixture
def far(
    request: pytest.FixtureRequest,
    free_ports: Callable[[int], list[int]],
    tmp_path: Path,
    start: Start,
    program: Callable[[str], str],
) -> Iterator[Far]:
    """A running broker."""
    kind, version = request.param
    for made in broker(kind, version, free_ports(2), tmp_path, start, program):
        made.start()
        yield made


@pytest.fixture
def rigs(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Make a cabinet that is switched on, at a broker or at the demo's own; it ends with the test."""
    with ExitStack() as parts:

        def make(far: Far | None = None) -> Rig:
            folder = tmp_path / "cabinet"
            folder.mkdir()
            rig = Rig(folder, broker_port=far.port, version=far.version) if far else Rig(folder)
            return parts.enter_context(rig)

        yield make


def heard(witness: Peer, code: Code) -> list[dict[str, Any]]:
    """The events about a code as the independent client received them."""
    with witness.changed:
        events = [json.loads(payload) for topic, payload, _ in witness.got if topic == UP + "evt"]
    return [event for event in events if event["data"].get("cti") == code.cti]


def is_told(witness: Peer, code: Code, *story: str) -> None:
    """The independent client gets exactly these events about a code, in this order."""
    assert witness.has(lambda _: len(heard(witness, code)) >= len(story)), heard(witness, code)
    assert [event["type"] for event in heard(witness, code)] == list(story)


def scanned(rig: Rig, code: Code) -> int:
    """Draw the code, photograph it, hold the photo to the scanner: the one door that opens, by the one right frame."""
    frames, moves = len(rig.unlock_frames()), len(rig.street.moves)
    text = photographed(code.text)
    assert text == code.text
    rig.street.hold(text)
    rig.person.until(lambda: len(rig.street.moves) > moves, "a door to move")
    (move,) = rig.street.moves[moves:]
    lock = move.door - 1
    assert rig.unlock_frames()[frames:] == [bytes((0x02, 0x00, lock, 0x81, 0x00, 0x00, 0x03, 0x86 + lock))]
    assert (move.open, move.by) == (True, "pulse")
    return move.door


@pytest.mark.parametrize("far", [EMBEDDED_5, MOSQUITTO_5, MOSQUITTO_4], indirect=True)
def test_one_token_opens_one_door_and_the_news_arrives_in_order(far: Far, rigs: Callable[..., Rig]) -> None:
    """Token, picture, reader, scanner, process, board, door, broker, client; then the same order from the same door."""
    witness = far.peer(UP + "#")
    rig = rigs(far)
    rig.power_on()
    brought = rig.issuer.deposit("S")
    door = scanned(rig, brought)
    item = rig.person.puts_in(brought, door)
    is_told(witness, brought, "granted", "opened", "shut", "deposited")
    rig.person.leaves()
    fetched = rig.issuer.collect(item.order)
    assert scanned(rig, fetched) == door
    rig.person.takes_out(item)
    rig.person.leaves()
    is_told(witness, fetched, "granted", "opened", "shut", "collected", "visit_ended")
    assert {event["door"] for code in (brought, fetched) for event in heard(witness, code)} == {door}
    snapshots = [json.loads(payload)["seen"] for topic, payload, _ in witness.got if topic == f"{UP}door/{door:02d}"]
    changes = [seen for at, seen in enumerate(snapshots) if seen != "unknown" and seen != snapshots[at - 1]]
    assert changes == ["closed", "open", "closed", "open", "closed"]
    rig.sound()


@pytest.mark.parametrize("far", [MOSQUITTO_5], indirect=True)
def test_a_broker_that_hangs_dies_and_comes_back_costs_no_event(far: Far, rigs: Callable[..., Rig]) -> None:
    """The visit goes on and so does the next one; all of it arrives afterwards, in order, nothing ahead of its time."""
    assert far.process is not None
    rig = rigs(far)
    rig.power_on()
    code = rig.issuer.deposit("S")
    door = scanned(rig, code)
    broker_process = far.process()
    broker_process.send_signal(signal.SIGSTOP)
    item = rig.person.puts_in(code, door)
    rig.person.leaves()
    assert "deposited" not in rig.told(code), "it went out to a broker that never took it"
    broker_process.kill()
    broker_process.wait()
    rig.person.collects(item)
    far.start()
    rig.person.hears("link_back")
    rig.person.hears("collected", order=code.order.encode().hex())
    assert rig.told(code) == ["granted", "opened", "shut", "deposited", "visit_ended"]
    assert next(iter(rig.cloud.view(CABINET).logs.values())).gaps == 0
    rig.sound()


def test_a_grant_from_the_cloud_opens_its_door_once(rigs: Callable[..., Rig]) -> None:
    """The screen is scanned, and the grant for it opens a door; its repetition is answered alike and does nothing."""
    rig = rigs()
    rig.power_on()
    code = rig.issuer.deposit("S", nonce=rig.phone.nonce("now"))
    command: dict[str, Any] = {"id": "from-the-cloud-1", "grant": code.text, "exp": wall_s() + 30}
    answer = rig.person.commands("open", **command)
    assert answer["ok"]
    item = rig.person.puts_in(code, answer["door"])
    rig.person.leaves()
    (granted,) = rig.of(code, "granted")
    assert granted["data"]["source"] == "cloud"
    assert rig.person.commands("open", **command | {"id": "from-the-cloud-2"})["reason"] == "spent"
    assert answered_again(rig, "from-the-cloud-1", lambda: rig.cloud.send(CABINET, "open", **command)) == answer
    assert rig.pulses == 1
    rig.person.collects(item)
    rig.sound()


def answered_again(rig: Rig, command: str, send: Callable[[], object]) -> dict[str, Any]:
    """Send a command once more, then one whose answer shows that the first has been dealt with; the first's answer."""
    send()
    assert rig.person.commands("open")["reason"] == "grant_needed"
    return rig.person.answer(command)


# --- a stolen password ----------------------------------------------------------------------------


def worthless(rig: Rig, used: bytes) -> dict[str, tuple[dict[str, Any], str]]:
    """Commands that a thief can make who has read everything, by name: the fields, and why each is refused."""
    soon = wall_s() + 30
    grants = {
        "forged": "signature",
        "stranger": "unknown_key",
        "elsewhere": "wrong_cabinet",
        "expired": "expired",
        "foreign": "foreign",
        "garbled": "malformed",
        "two": "two_codes",
    }
    made: dict[str, tuple[dict[str, Any], str]] = {
        kind: ({"op": "open", "exp": soon, "grant": rig.issuer.odd(kind).text}, why) for kind, why in grants.items()
    }
    replayed = json.loads(used)
    return made | {
        "stolen": ({"op": "open", "exp": soon, "grant": rig.issuer.deposit("S").text}, "nonce"),
        "yesterday": (
            {"op": "open", "exp": soon, "grant": rig.issuer.deposit("S", nonce=rig.phone.nonce("old")).text},
            "nonce",
        ),
        "replayed": ({"op": "open", "exp": soon, "grant": replayed["grant"]}, "spent"),
        "postdated": ({"op": "open", "exp": soon + 86_400, "grant": replayed["grant"]}, "bad_message"),
        "stale": ({"op": "open", "exp": soon - 600, "grant": replayed["grant"]}, "late"),
        "bare": ({"op": "open", "exp": soon, "args": {"door": 1}}, "grant_needed"),
        "empty": ({"op": "open", "exp": soon, "grant": ""}, "grant_needed"),
        "all": ({"op": "open_all", "exp": soon}, "unknown_op"),
        "pulse": ({"op": "pulse", "exp": soon, "args": {"channel": 0}}, "unknown_op"),
        "number": ({"op": "open", "exp": soon, "grant": 1}, "bad_message"),
        "text": ({"op": "open", "exp": str(soon), "grant": replayed["grant"]}, "bad_message"),
        "other": ({"v": 2, "op": "open", "exp": soon, "grant": replayed["grant"]}, "bad_message"),
    }


def no_commands(used: bytes) -> list[bytes]:
    """Payloads that are no commands at all, and the used one itself."""
    deep = b"[" * 4000
    return [
        used,
        used[:-9],
        used + used,
        used.upper(),
        b"",
        b"\0",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        deep,
        b" " * 9000,
    ]


@pytest.mark.parametrize("far", [MOSQUITTO_5], indirect=True)
def test_a_stolen_broker_password_opens_nothing(far: Far, rigs: Callable[..., Rig]) -> None:
    """Whoever may publish as the cloud but cannot sign opens no door: forged, replayed, retained, late or malformed."""
    rig = rigs(far)
    thief = far.peer(DOWN + "cmd")
    rig.power_on()
    code = rig.issuer.deposit("S", nonce=rig.phone.nonce("now"))
    answer = rig.person.commands("open", grant=code.text)
    item = rig.person.puts_in(code, answer["door"])
    rig.person.leaves()
    used, epoch = thief.got[0][1], rig.cloud.view(CABINET).conn["epoch"]
    for name, (fields, why) in worthless(rig, used).items():
        _publishes(thief, "cmd", {"v": 1, "id": name, **fields})
        assert rig.person.answer(name)["reason"] == why, name
    for qos, payload in enumerate(no_commands(used)):
        _publishes(thief, "cmd", payload, qos=qos % 3)
    for tail in ("keys", "revoked", "config", "cmd/open", "ack"):
        _publishes(thief, tail, used)
    _publishes(thief, "ack", {"epoch": epoch, "seq": 10**9})
    _publishes(
        thief, "cmd", {"v": 1, "id": "kept", "op": "open", "exp": wall_s() + 30, "grant": code.text}, retain=True
    )
    assert rig.person.answer("kept")["reason"] == "retained"
    rig.restarted()
    rig.person.hears("command_refused", id="kept", reason="retained")
    assert answered_again(rig, answer["id"], lambda: _publishes(thief, "cmd", used)) == answer
    assert rig.pulses == 1, "the thief moved a lock"
    rig.person.collects(item)
    rig.sound()


def _publishes(thief: Peer, tail: str, message: bytes | dict[str, Any], qos: int = 1, retain: bool = False) -> None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    thief.client.publish(DOWN + tail, payload, qos, retain).wait_for_publish(10)


# --- plugs ----------------------------------------------------------------------------------------


def test_a_device_that_comes_back_under_another_name_works_on(rigs: Callable[..., Rig]) -> None:
    """Board, then scanner: the loss is told, the link is followed to the new name, and the next visit works."""
    rig = rigs()
    rig.power_on()
    item = rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.leaves()
    _replugged(rig, "board", "main", rig.site.board_link)
    rig.person.hears("board_back")
    rig.tells_of_doors()
    rig.person.collects(item)
    settings = len(rig.street.scanner.writes)
    _replugged(rig, "scanner", "scanner", rig.site.scanner_link)
    rig.reads(after=settings)
    rig.person.drops_off(rig.issuer.deposit("S"))
    rig.person.leaves()
    rig.sound()


def _replugged(rig: Rig, part: str, device: str, link: Path) -> None:
    """Unplug a part and plug it in again behind the same link, while its old name is taken by something else."""
    before = str(link.readlink())
    rig.person.begin()
    rig.street.unplug(part)
    rig.person.hears("port_lost", device=device)
    with ExitStack() as spare:
        for end in [end for _ in range(SPARE_TERMINALS) for end in os.openpty()]:
            spare.callback(os.close, end)
        rig.street.plug(part)
    assert str(link.readlink()) != before
    assert rig.person.hears("port_back", device=device)["data"]["path"] == str(link.readlink())
