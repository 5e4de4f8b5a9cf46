"""The MQTT driver when brokers restart, freeze, refuse, flood or vanish."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker_rig import (
    BROKERS,
    CABINET,
    OFFLINE,
    ONLINE,
    ROOT,
    Far,
    MakeMosquitto,
    Relay,
    Rig,
    Start,
    broker,
    eventually,
)

from drivers.mqtt import INBOX_MAX, MqttDriver
from locker.config import Mqtt
from locker.model import (
    Acknowledge,
    Delivered,
    DeviceTrouble,
    LinkDown,
    LinkUp,
    MessageReceived,
    NotDelivered,
)
from sim.broker import EmbeddedBroker


@pytest.fixture(params=BROKERS)
def far(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    free_ports: Callable[[int], list[int]],
    start: Start,
    program: Callable[[str], str],
) -> Iterator[Far]:
    """Each kind of broker in each version, not yet started."""
    kind, version = request.param
    yield from broker(kind, version, free_ports(2), tmp_path, start, program)


@pytest.fixture
def make_mosquitto(
    tmp_path: Path, start: Start, program: Callable[[str], str], free_port: int
) -> Iterator[MakeMosquitto]:
    """Make a running Mosquitto, with more lines of configuration."""
    with MakeMosquitto(free_port, tmp_path, start, program) as make:
        yield make


def test_the_reason_is_told_once_and_the_link_comes_up_when_the_broker_does(far: Far) -> None:
    """A night without network is one event, not a thousand; the attempts go on."""
    rig = far.rig(retry_s_max=1)
    rig.until_true(lambda: rig.driver.counters()["connects"] >= 3, "third attempt")
    assert len(rig.said(LinkDown)) == 1
    far.start()
    rig.until(LinkUp)
    assert len(rig.said(LinkDown)) == 1


def waits_of(cabinet: str, port: int) -> list[int]:
    """How long each of six attempts that fail is waited for."""
    rig, found = Rig(port, cabinet=cabinet, retry_s_max=4), []
    for attempt in range(1, 7):
        rig.driver.refresh(rig.now)
        assert rig.driver.counters()["connects"] == attempt
        eventually(lambda: rig.driver.deadline_ms() == 0)
        at = rig.now
        rig.driver.refresh(at)
        found.append((rig.driver.deadline_ms() or 0) - at.ms)
        rig.skip_ms += 5000
    rig.driver.close()
    return found


def test_attempts_come_ever_more_rarely_and_spread_over_a_fleet(free_port: int) -> None:
    """Half a second, doubling to the configured limit, shortened by up to half by the cabinet's id and nothing else."""
    found = waits_of("yuhua-01", free_port)
    limits = (500, 1000, 2000, 4000, 4000, 4000)
    assert all(most / 2 <= wait <= most for wait, most in zip(found, limits, strict=True))
    assert waits_of("yuhua-01", free_port) == found
    assert waits_of("yuhua-02", free_port) != found


def test_a_broker_that_restarts_is_found_again(far: Far) -> None:
    """The link goes down with a reason and comes up again; what is published then arrives."""
    far.start()
    rig = far.rig(retry_s_max=1)
    rig.until(LinkUp)
    far.stop()
    assert rig.until(LinkDown).why
    rig.publish(1)
    assert rig.driver.counters()["unsent"] == 1
    far.start()
    rig.until(LinkUp, 2)
    peer = far.peer(ROOT + "up/#")
    rig.publish(2, payload=b"again")
    assert rig.until(Delivered).tag == 2
    assert peer.has(lambda got: got == [b"again"])


def test_more_than_the_window_is_refused_not_lost_from_sight(free_port: int) -> None:
    """The outbox never does this; if anybody does, the publish is answered for."""
    with EmbeddedBroker(free_port) as broker:
        rig = Rig(broker.v5_port, window=1)
        rig.until(LinkUp)
        for tag in (1, 2, 3):
            rig.publish(tag)
        assert rig.until(NotDelivered) == NotDelivered(3, 0x97)
        assert [event.tag for event in (rig.until(Delivered, 2), rig.said(Delivered)[0])] == [2, 1]
        rig.driver.close()


def test_an_acknowledgement_of_a_connection_that_is_gone_is_counted(far: Far) -> None:
    """The broker delivers the message again; nothing is acknowledged that it does not know."""
    far.start()
    rig = far.rig(retry_s_max=1)
    rig.until(LinkUp)
    far.peer().publish("down/cmd", b"x")
    received = rig.until(MessageReceived)
    far.stop()
    rig.until(LinkDown)
    rig.driver.perform(Acknowledge(received.handle), rig.now)
    assert rig.driver.counters()["acks_late"] == 1


@pytest.mark.debian("mosquitto")
@pytest.mark.parametrize("version", [5, 4])
def test_the_will_appears_when_the_cabinet_is_cut_off(make_mosquitto: MakeMosquitto, version: int) -> None:
    """At once in 3.1.1, after its delay of ten seconds in 5."""
    far = make_mosquitto(version)
    peer = far.peer(ROOT + "up/#")
    relay = Relay(far.port)
    rig = far.rig(port=relay.port)
    rig.until(LinkUp)
    rig.publish(1, "conn", ONLINE, retain=True)
    rig.until(Delivered)
    relay.close()
    rig.until(LinkDown)
    assert peer.has(lambda got: got == [ONLINE, OFFLINE])


@pytest.mark.debian("mosquitto")
def test_a_frozen_broker_is_noticed_by_a_publish_without_an_answer(make_mosquitto: MakeMosquitto) -> None:
    """Two keepalives later by the driver's clock it is given up; when the broker is back, so is the link."""
    far = make_mosquitto(5)
    assert far.process is not None
    rig = far.rig()
    rig.until(LinkUp)
    pid = far.process().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        rig.publish(1)
        deadline = rig.driver.deadline_ms()
        assert deadline is not None
        rig.skip_ms += deadline - rig.now.ms
        assert "no answer" in rig.until(LinkDown).why
        assert rig.driver.counters()["answers_late"] == 1
        rig.until_true(lambda: rig.driver.counters()["connects"] == 2, "second attempt")
        rig.skip_ms += 60_000
        assert "no session" in rig.until(LinkDown, 2).why
    finally:
        os.kill(pid, signal.SIGCONT)
    rig.skip_ms += 60_000
    rig.until(LinkUp, 2)


@pytest.mark.debian("mosquitto")
def test_a_frozen_broker_is_noticed_when_nothing_is_said(make_mosquitto: MakeMosquitto) -> None:
    """By the keepalive, in real time; and close does not wait for it."""
    far = make_mosquitto(4)
    assert far.process is not None
    rig, idle = far.rig(), far.rig(cabinet="yuhua-02")
    rig.until(LinkUp)
    idle.until(LinkUp)
    os.kill(far.process().pid, signal.SIGSTOP)
    try:
        idle.driver.close()
        assert "lost" in rig.until(LinkDown).why
    finally:
        os.kill(far.process().pid, signal.SIGCONT)


def test_a_message_that_is_too_long_is_dropped_for_good_and_told(far: Far) -> None:
    """Acknowledged, so that it does not come again; the next one gets through."""
    far.start()
    rig = far.rig()
    rig.until(LinkUp)
    peer = far.peer()
    peer.publish("down/cmd", b"x" * 8193)
    peer.publish("down/cmd", b"x" * 8192)
    assert len(rig.until(MessageReceived).payload) == 8192
    assert rig.said(DeviceTrouble) == [DeviceTrouble("mqtt", "message_too_long", "down/cmd: 8193 bytes")]
    assert rig.driver.counters()["too_long"] == 1


@pytest.mark.debian("mosquitto")
def test_a_flood_fills_the_inbox_and_no_more(make_mosquitto: MakeMosquitto) -> None:
    """What finds no room is counted; the link holds."""
    far = make_mosquitto(5)
    rig = far.rig()
    rig.until(LinkUp)
    peer = far.peer()
    for number in range(3 * INBOX_MAX):
        peer.publish("down/cmd", b"%d" % number, qos=0)
    eventually(lambda: rig.driver.counters()["dropped"] == 2 * INBOX_MAX)
    assert rig.driver.deadline_ms() == 0
    rig.until(MessageReceived, INBOX_MAX)
    assert [message.payload for message in rig.said(MessageReceived)] == [b"%d" % n for n in range(INBOX_MAX)]
    assert rig.said(LinkDown) == []


def test_a_wake_that_raises_is_counted_and_ends_nothing(far: Far) -> None:
    """The loop may be gone already when paho's thread calls."""
    far.start()
    rig = far.rig()

    def gone() -> None:
        raise RuntimeError("the loop is closed")

    rig.driver = MqttDriver(
        Mqtt(host="127.0.0.1", port=far.port, version=5 if far.version == 5 else 4, tls=False), CABINET, "b", "e", gone
    )
    far.opened.append(rig.driver)
    rig.until(LinkUp)
    peer = far.peer(ROOT + "up/#")
    rig.publish(1, "conn", ONLINE, retain=True)
    rig.until(Delivered)
    assert peer.has(lambda got: got == [ONLINE])
    assert rig.driver.counters()["callback_errors"] >= 2


@pytest.mark.debian("mosquitto")
def test_a_refused_connection_says_why(make_mosquitto: MakeMosquitto) -> None:
    """A name that the broker does not know."""
    rig = make_mosquitto(5, "allow_anonymous false").rig()
    assert rig.until(LinkDown).why == "connection refused: Not authorized"


def test_a_refused_subscription_is_no_link() -> None:
    """A session that hears no commands is given up with the reason, and tried again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        near, _ = listener.accept()
        with near:
            near.recv(65_536)
            near.sendall(bytes.fromhex("2003000000"))
            subscribe = near.recv(65_536)
            reasons = bytes([0x87, 1, 1, 1, 1])
            near.sendall(bytes([0x90, 3 + len(reasons)]) + subscribe[2:4] + b"\0" + reasons)
            near.recv(65_536)

    server = threading.Thread(target=serve)
    server.start()
    rig = Rig(listener.getsockname()[1])
    assert rig.until(LinkDown).why == "subscription refused: cmd: Not authorized"
    rig.until_true(lambda: rig.driver.counters()["connects"] == 2, "second attempt")
    server.join(10)
    assert rig.said(LinkUp) == []
    rig.driver.close()
    listener.close()
