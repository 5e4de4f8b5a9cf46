"""The simulated cloud: what it stores, acknowledges, notices and sends, over the embedded broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from broker_rig import CABINET, ROOT, Peer, eventually

from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.messages import GENESIS, EventOut, chain_hash, encode_event, seal_event
from locker.model import Purpose, Quality
from sim.broker import LOOPBACK, EmbeddedBroker, settings
from sim.cloud import Cloud, Message
from sim.cloud_log import EventLog, read

WALL_S = 1_764_000_000


def stream(count: int, epoch: str = "e") -> list[bytes]:
    """A cabinet's events as published, in one chain."""
    payloads, previous = [], GENESIS
    for seq in range(1, count + 1):
        event = EventOut(epoch=epoch, seq=seq, boot="b", at_ms=0, boot_ms=0, quality=Quality.RTC, type="note", door=seq)
        body = encode_event(event)
        row_hash = chain_hash(previous, body)
        payloads.append(seal_event(body, seq - 1, row_hash))
        previous = row_hash
    return payloads


class Desk:
    """A broker, a cloud, and a peer that plays the cabinet."""

    def __init__(self, version: int) -> None:
        self.broker = EmbeddedBroker().start()
        self.seen: list[Message] = []
        self.version = version
        key = partial(issue, key=PrivateKey(bytes(range(32))))
        port = self.broker.port(version)
        self.cloud = Cloud(
            LOOPBACK, port, version=version, issue=key, on_message=self.seen.append, wall_s=lambda: WALL_S
        )
        self.cabinet = Peer(port, version, ROOT + "down/#")
        self.cloud.start()

    def acks(self) -> list[int]:
        """The numbers acknowledged so far."""
        return [json.loads(payload)["seq"] for topic, payload, _ in self.cabinet.got if topic.endswith("/ack")]

    def commands(self) -> list[dict[str, Any]]:
        """The commands received so far."""
        return [json.loads(payload) for topic, payload, _ in self.cabinet.got if topic.endswith("/cmd")]

    def close(self) -> None:
        """End all three."""
        self.cloud.stop()
        self.cabinet.close()
        self.broker.close()


@pytest.fixture(params=[5, 4])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Everything connected, in each version of MQTT."""
    made = Desk(request.param)
    yield made
    made.close()


def test_events_are_stored_once_and_acknowledged_up_to_the_first_gap(desk: Desk) -> None:
    """1, 2, 4, 2 again, then 3: acknowledged 1, 2, 2, 2, 4; every event once."""
    events = stream(4)
    for index in (0, 1, 3, 1, 2):
        desk.cabinet.publish("up/evt", events[index])
    eventually(lambda: desk.acks() == [1, 2, 2, 2, 4])
    assert [event["seq"] for event in desk.cloud.events(CABINET)] == [1, 2, 3, 4]
    log = desk.cloud.view(CABINET).logs["e"]
    assert (log.repeats, log.gaps, log.broken, log.unlinked) == (1, 1, [], 0)
    assert desk.cloud.sound(CABINET)
    assert list(desk.cloud.view(CABINET).receipts) == [events[index] for index in (0, 1, 3, 1, 2)]
    assert [seq for _, seq in desk.cloud.view(CABINET).acks] == [1, 2, 2, 2, 4]


def test_every_epoch_has_its_own_numbers(desk: Desk) -> None:
    """A new card begins at 1 and is not a repeat."""
    for payload in (*stream(2), *stream(1, "new")):
        desk.cabinet.publish("up/evt", payload)
    eventually(lambda: desk.acks() == [1, 2, 1])
    assert [event["seq"] for event in desk.cloud.events(CABINET, "new")] == [1]
    assert desk.cloud.sound(CABINET)


def test_acknowledgements_can_be_switched_off_and_made_up_for(desk: Desk) -> None:
    """What was stored meanwhile is acknowledged on demand."""
    desk.cloud.acks_on = False
    for payload in stream(3):
        desk.cabinet.publish("up/evt", payload)
    assert desk.cloud.wait_event(CABINET, "note", 10, door=3) is not None
    assert desk.acks() == []
    desk.cloud.acknowledge_all(CABINET)
    eventually(lambda: desk.acks() == [3])


def test_the_cloud_goes_offline_and_comes_back_with_what_it_had(desk: Desk) -> None:
    """Events of the time between are not heard; those sent again afterwards are."""
    events = stream(3)
    desk.cabinet.publish("up/evt", events[0])
    eventually(lambda: desk.acks() == [1])
    desk.cloud.stop()
    assert not desk.cloud.connected
    desk.cabinet.publish("up/evt", events[1])
    desk.cloud.start()
    desk.cabinet.publish("up/evt", events[1])
    desk.cabinet.publish("up/evt", events[2])
    eventually(lambda: desk.acks()[-1] == 3)
    assert desk.cloud.sound(CABINET)


def test_the_latest_state_is_kept_and_every_message_is_shown(desk: Desk) -> None:
    """conn, info, health, each door; the hook sees all of it, and may fail."""
    desk.cabinet.publish("up/conn", b'{"state":"online"}', retain=True)
    desk.cabinet.publish("up/info", b'{"software":"1"}')
    desk.cabinet.publish("up/health", b'{"queued":0}')
    desk.cabinet.publish("up/door/07", b'{"seen":"open"}')
    desk.cabinet.publish("up/door/07", b'{"seen":"closed"}')
    desk.cabinet.publish("up/door/12", b"not json")
    desk.cabinet.publish("up/evt", b'{"epoch":"e","seq":1}')
    eventually(lambda: len(desk.seen) == 7)
    view = desk.cloud.view(CABINET)
    assert (view.conn, view.info, view.health) == ({"state": "online"}, {"software": "1"}, {"queued": 0})
    assert view.doors == {7: {"seen": "closed"}}
    assert view.malformed == 2
    assert not desk.cloud.sound(CABINET)
    assert desk.seen[0] == Message(CABINET, "conn", b'{"state":"online"}', False)


def test_a_hook_that_raises_ends_nothing() -> None:
    """It is counted."""

    def broken(message: Message) -> None:
        raise RuntimeError("the page is gone")

    with EmbeddedBroker() as broker:
        cloud = Cloud(LOOPBACK, broker.v5_port, on_message=broken).start()
        cabinet = Peer(broker.v5_port, 5)
        cabinet.publish("up/conn", b"{}")
        cabinet.publish("up/conn", b"{}")
        eventually(lambda: cloud.hook_errors == 2)
        cloud.stop()
        cabinet.close()


def test_commands_carry_what_the_document_says_and_answers_find_their_way(desk: Desk) -> None:
    """A fresh id each, 30 s of life, a grant where it opens; anything may be overridden to play a bad cloud."""
    first = desk.cloud.open(CABINET, Purpose.DEPOSIT, order=b"LK1")
    second = desk.cloud.send(CABINET, "open", exp=5, id="old", v=2, retain=True)
    eventually(lambda: len(desk.commands()) == 2)
    opened, odd = desk.commands()
    assert (opened["v"], opened["id"], opened["op"], opened["exp"]) == (1, first, "open", WALL_S + 30)
    assert opened["grant"].startswith("LK1:")
    assert odd == {"v": 2, "id": "old", "op": "open", "exp": 5}
    assert second == "old"
    desk.cabinet.publish("up/rsp", b'{"id":"%s","ok":true}' % first.encode())
    assert desk.cloud.answer(CABINET, first, 10) == {"id": first, "ok": True}
    assert desk.cloud.answer(CABINET, "old", 0) is None


def test_no_two_tokens_are_alike(desk: Desk) -> None:
    """Each has an id of its own, without any chance in it."""
    tokens = {desk.cloud.token(CABINET, Purpose.DEPOSIT, order=b"LK1") for _ in range(5)}
    assert len(tokens) == 5
    with pytest.raises(ValueError, match="no key"):
        Cloud(LOOPBACK, 1).token(CABINET, Purpose.DEPOSIT)


def test_a_broker_that_is_not_there_is_said(free_port: int) -> None:
    """With the address, and a hint."""
    cloud = Cloud(LOOPBACK, free_port)
    with pytest.raises(TimeoutError, match=f"no broker at 127.0.0.1:{free_port}"):
        cloud.start(0.1)
    cloud.stop()


def test_a_changed_event_breaks_the_chain() -> None:
    """One byte is enough; what follows is still checked against what was claimed."""
    events = stream(4)
    log = EventLog()
    for payload in (events[0], events[1].replace(b'"door":2', b'"door":9'), events[2], events[3]):
        log.take(read(payload))
    assert (log.broken, log.contiguous, log.sound) == ([2], 4, False)


def test_the_same_number_with_another_content_is_a_contradiction() -> None:
    """It is a repeat that is not the same."""
    log = EventLog()
    first = stream(1)[0]
    assert log.take(read(first))
    assert not log.take(read(first))
    assert log.conflicts == 0
    assert not log.take(read(first.replace(b'"door":1', b'"door":2')))
    assert (log.conflicts, log.repeats, log.sound) == (1, 2, False)


def test_a_log_never_guesses_where_it_begins_but_can_be_told() -> None:
    """What comes first may be a gap; a cloud that takes over says so."""
    later = read(stream(6)[4])
    waiting, told = EventLog(), EventLog(after=4)
    waiting.take(later)
    told.take(later)
    assert (waiting.contiguous, waiting.sound) == (0, False)
    assert (told.contiguous, told.sound, told.unlinked, told.newest) == (5, True, 1, 5)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'{"epoch":"e","seq":2,"after":2,"hash":"00"}', stream(1)[0].replace(b'"e"', b"5"), b"\xff"],
)
def test_what_is_no_event_is_refused(payload: bytes) -> None:
    """As a ``ValueError``, whatever it is."""
    with pytest.raises(ValueError):
        read(payload)


def test_the_embedded_broker_listens_on_loopback_only() -> None:
    """Its own default is every interface."""
    lines = [line.strip() for line in settings(1, 2).splitlines() if "listen" in line]
    assert lines == ['listen = "127.0.0.1:1"', 'listen = "127.0.0.1:2"']


def test_what_the_root_signed_is_left_for_the_cabinet_byte_for_byte(desk: Desk) -> None:
    """A key set and a list are published raw and retained: a cabinet that connects later gets the latest of each."""
    for raw in (b"\xd2old", b"\xd2\x84new\x00"):
        desk.cloud.put_keys(CABINET, raw)
        desk.cloud.put_revoked(CABINET, raw)
    eventually(lambda: len(desk.cabinet.got) == 4)
    late = Peer(desk.broker.port(desk.version), desk.version, ROOT + "down/#")
    try:
        eventually(lambda: len(late.got) == 2)
        tails = ("keys", "revoked")
        assert sorted(late.got) == [(f"{ROOT}down/{tail}", b"\xd2\x84new\x00", True) for tail in tails]
    finally:
        late.close()
