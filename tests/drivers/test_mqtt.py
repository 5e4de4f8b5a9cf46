"""The MQTT driver against real brokers: the embedded one and Mosquitto, in MQTT 5 and in 3.1.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker_rig import BROKERS, OFFLINE, ONLINE, ROOT, Far, MakeMosquitto, Rig, Start, broker

from locker.model import (
    Acknowledge,
    Attend,
    Delivered,
    LinkDown,
    LinkUp,
    MessageReceived,
    NotDelivered,
    Publish,
)


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


def test_it_connects_publishes_and_says_goodbye(far: Far) -> None:
    """Retained state arrives, each publish is answered for by its tag; close says offline before the will would."""
    far.start()
    peer = far.peer(ROOT + "up/#")
    rig = far.rig()
    assert rig.until(LinkUp) == LinkUp(far.version, False)
    rig.publish(1, "conn", ONLINE, retain=True)
    rig.publish(2, "health", b"h", qos=0)
    rig.until(Delivered, 2)
    assert {event.tag for event in rig.said(Delivered)} == {1, 2}
    assert peer.has(lambda got: got == [ONLINE, b"h"])
    rig.driver.close()
    assert peer.has(lambda got: got[2:] == [OFFLINE])
    assert far.peer(ROOT + "up/conn").has(lambda got: got == [OFFLINE])
    assert rig.driver.deadline_ms() is None


def test_nothing_is_opened_before_the_first_refresh(free_port: int) -> None:
    """Made at start-up, it costs the start-up nothing, and does not mind that nobody is there."""
    rig = Rig(free_port)
    assert rig.driver.counters()["connects"] == 0
    assert (rig.driver.name, rig.driver.fileno(), rig.driver.deadline_ms()) == ("mqtt", None, 0)
    assert rig.driver.refresh(rig.now) == []
    assert "refused" in rig.until(LinkDown).why
    rig.driver.close()


def test_a_whole_window_arrives_in_order(far: Far) -> None:
    """Twenty at once, and again as each is answered for: the order of the publishes is the order of arrival."""
    far.start()
    peer = far.peer(ROOT + "up/evt")
    rig = far.rig(window=20)
    rig.until(LinkUp)
    for tag in range(1, 101):
        rig.until(Delivered, tag - 20)
        rig.publish(tag, payload=b"%d" % tag)
    rig.until(Delivered, 100)
    assert [event.tag for event in rig.said(Delivered)] == list(range(1, 101))
    assert peer.has(lambda got: got == [b"%d" % tag for tag in range(1, 101)])


@pytest.mark.debian("mosquitto")
def test_the_brokers_own_limit_is_kept(make_mosquitto: MakeMosquitto) -> None:
    """A broker that takes two at a time gets two at a time, and does not throw us out."""
    far = make_mosquitto(5, "allow_anonymous true\nmax_inflight_messages 2")
    peer = far.peer(ROOT + "up/evt")
    rig = far.rig(window=50)
    rig.until(LinkUp)
    for tag in range(50):
        rig.publish(tag, payload=b"%d" % tag)
    rig.until(Delivered, 50)
    assert rig.said(LinkDown) == []
    assert peer.has(lambda got: got == [b"%d" % tag for tag in range(50)])


def test_a_command_is_acknowledged_only_when_told_to(far: Far) -> None:
    """Not acknowledged before the crash: it comes again. Acknowledged: it does not."""
    far.start()
    peer = far.peer()
    rig = far.rig()
    rig.until(LinkUp)
    peer.publish("down/cmd", b"first")
    first = rig.until(MessageReceived)
    assert (first.tail, first.payload, first.retained) == ("cmd", b"first", False)
    rig.driver.close()

    again = far.rig()
    assert again.until(LinkUp).session_present
    received = again.until(MessageReceived)
    assert received.payload == b"first"
    again.driver.perform(Acknowledge(received.handle), again.now)
    again.driver.close()

    third = far.rig()
    third.until(LinkUp)
    peer.publish("down/cmd", b"second")
    third.until_true(lambda: any(m.payload == b"second" for m in third.said(MessageReceived)), "second")
    assert [message.payload for message in third.said(MessageReceived)] == [b"second"]


def test_the_retained_flag_is_passed_on(far: Far) -> None:
    """A stored command is known as such, so that it can be refused."""
    far.start()
    far.peer().publish("down/cmd", b"stored", retain=True)
    rig = far.rig()
    received = rig.until(MessageReceived)
    assert (received.payload, received.retained) == (b"stored", True)


@pytest.mark.debian("mosquitto")
def test_in_mqtt_5_a_retained_command_is_known_even_while_connected(make_mosquitto: MakeMosquitto) -> None:
    """Retain-as-published: it is not taken for an ordinary one because we happened to be there."""
    far = make_mosquitto(5)
    rig = far.rig()
    rig.until(LinkUp)
    far.peer().publish("down/cmd", b"live", retain=True)
    assert rig.until(MessageReceived).retained


@pytest.mark.debian("mosquitto")
@pytest.mark.parametrize("version", [5, 4])
def test_a_publish_that_the_acl_forbids_is_not_delivered(
    make_mosquitto: MakeMosquitto, tmp_path: Path, version: int
) -> None:
    """Reason 0x87 in MQTT 5. In 3.1.1 the broker lies and says taken; only the cloud's silence shows it."""
    (tmp_path / "acl").write_text(f"topic write {ROOT}up/conn\ntopic read {ROOT}#\n")
    far = make_mosquitto(version, f"allow_anonymous true\nacl_file {tmp_path / 'acl'}")
    peer = far.peer(ROOT + "up/#")
    rig = far.rig()
    rig.until(LinkUp)
    rig.publish(1)
    rig.publish(2, "conn", ONLINE)
    if version == 5:
        assert rig.until(NotDelivered) == NotDelivered(1, 0x87)
        assert rig.until(Delivered).tag == 2
        assert rig.driver.counters()["refused"] == 1
    else:
        rig.until(Delivered, 2)
    assert peer.has(lambda got: got == [ONLINE])


@pytest.mark.debian("mosquitto")
def test_a_publish_that_nobody_listens_to_is_not_delivered(make_mosquitto: MakeMosquitto) -> None:
    """Reason 0x10."""
    far = make_mosquitto(5)
    rig = far.rig()
    rig.until(LinkUp)
    rig.publish(7)
    assert rig.until(NotDelivered) == NotDelivered(7, 0x10)


def test_it_takes_publishes_and_acknowledgements_only() -> None:
    """Everything else is another driver's."""
    driver = Rig(1).driver
    assert driver.accepts(Publish("evt", b"", 1, False, 1))
    assert driver.accepts(Acknowledge(1))
    assert not driver.accepts(Attend(True))
