"""The kiosk's page over its wire: screens out, touches and codes in, and nothing for anybody who is not the page."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from kiosk_rig import FILES, PlainFace, Rig, at, events, hear, status

from drivers.kiosk import BEAT_MS, CLIENTS_MAX, DAY_MS, IDLE_MS, LIVE_MAX, SAID_MAX, SAID_SPAN_MS, KioskDriver
from drivers.kiosk_http import BODY_BYTES_MAX, HEAD_BYTES_MAX
from locker.config import Kiosk
from locker.model import Attend, PortBack, PortLost, Show, Touched, Typed

IDLE = Show("idle", 1)
OFFER = Show("deposited", 7, door=4, offers=("done", "reopen"), remaining_ms=60_000)


@pytest.fixture
def rig(free_port: int) -> Iterator[Rig]:
    """A driver that has its port."""
    rig = Rig(free_port)
    rig.turn()
    yield rig
    rig.close()


def test_the_page_is_served_with_a_strict_policy(rig: Rig) -> None:
    """Files as they are; nothing from other hosts, nothing inline, nothing kept by the browser."""
    answer = rig.get("/")
    assert status(answer) == 200
    assert answer.endswith("<!doctype html>")
    head = answer.lower()
    assert "content-security-policy: default-src 'none'; script-src 'self'" in head
    assert "unsafe" not in head
    assert "cache-control: no-store" in head
    assert status(rig.get("/app.js")) == 200
    assert status(rig.get("/../locker.db")) == 404
    assert status(rig.get("/index.php?x=1")) == 404


def test_only_this_machine_is_listened_to(rig: Rig) -> None:
    """The port is loopback's: not even another address of this machine reaches it."""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", rig.port), 1)


def test_a_page_gets_the_screen_at_once_and_each_one_after(rig: Rig) -> None:
    """First what does not change, the hour and the last screen with the time it has left; then each screen."""
    rig.driver.perform(OFFER, at(0))
    rig.turn(20_000)
    link = rig.join()
    told = rig.ask(f"GET /live HTTP/1.1\r\nHost: localhost:{rig.port}\r\n\r\n", link)
    assert "text/event-stream" in told
    assert events(told, "setup") == [{"page": "p"}]
    assert events(told, "day") == [{"night": False}]
    assert events(told, "screen") == [{"name": "deposited", "number": 7, "remaining_ms": 40_000}]
    rig.driver.perform(IDLE, at(21_000))
    assert events(hear(link), "screen") == [{"name": "idle", "number": 1, "remaining_ms": 0}]


def test_a_screen_with_a_limit_never_reads_as_without_one(rig: Rig) -> None:
    """A page that comes late sees at least one millisecond left."""
    rig.driver.perform(OFFER, at(0))
    rig.turn(90_000)
    assert events(rig.get("/live"), "screen")[0]["remaining_ms"] == 1


def test_touches_and_codes_come_in(rig: Rig) -> None:
    """A button with its screen's number, one with what it is about, and a code."""
    assert status(rig.say('{"touch":"reopen","screen":7}')) == 204
    assert status(rig.say('{"touch":"door:7","screen":8}')) == 204
    assert status(rig.say('{"typed":"123456","screen":9}')) == 204
    assert rig.heard == [Touched("reopen", 7), Touched("door:7", 8), Typed("123456", 9)]
    assert (rig.driver.counters()["touches"], rig.driver.counters()["entries"]) == (2, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"touch":"done"}',
        b'{"touch":"done","screen":1,"door":7}',
        b'{"touch":"Done!","screen":1}',
        b'{"touch":"a:b:c","screen":1}',
        b'{"touch":"done","screen":-1}',
        b'{"typed":"12345a","screen":1}',
        b'{"typed":"123456789","screen":1}',
        b'{"typed":"123456\\n","screen":1}',
        b'{"open":7}',
        b'{"language":"en"}',
        b'{"language":"en","stream":1,"screen":1}',
        b'{"language":"EN","stream":1}',
        b'{"language":"zh+en","stream":1}',
        b'{"language":null,"stream":1}',
        b'{"language":["en"],"stream":1}',
        b'{"language":"en","stream":0}',
        b'{"language":"en","stream":true}',
        b'{"language":"en","stream":2}',
    ],
)
def test_what_is_not_in_the_form_is_refused(rig: Rig, body: bytes) -> None:
    """No order to open is in the language at all; anything else is refused, counted, and gives no event."""
    rig.page()
    assert status(rig.say(body)) == 400
    assert rig.heard == []
    assert (rig.driver.counters()["refused"], rig.driver.counters()["choices"]) == (1, 0)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"host": "evil.example:8480"}, 421),
        ({"host": "127.0.0.1"}, 421),
        ({"content_type": "text/plain"}, 400),
        ({"content_type": ""}, 400),
    ],
)
def test_other_pages_cannot_speak_for_this_one(rig: Rig, headers: dict[str, str], wanted: int) -> None:
    """Another site in the same browser, by its own name or by one made to lead here, is heard by nobody."""
    assert status(rig.say('{"touch":"done","screen":1}', **headers)) == wanted
    assert rig.heard == []


def test_a_name_that_was_made_to_lead_here_gets_nothing(rig: Rig) -> None:
    """DNS rebinding: neither the page nor the screens are given to a request for another host."""
    rig.driver.perform(OFFER, at(0))
    for path in ("/", "/live"):
        answer = rig.get(path, host="evil.example")
        assert status(answer) == 421
        assert "deposited" not in answer


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_not_there(rig: Rig, method: str) -> None:
    """Files are read, one thing is said; that is all."""
    assert status(rig.ask(f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n")) == 405


def test_too_much_is_turned_away(rig: Rig) -> None:
    """A long body, a long head and what is no HTTP end the connection; the next one is served."""
    assert status(rig.say(b"x" * (BODY_BYTES_MAX + 1))) == 413
    long = f"GET /{'a' * 3 * HEAD_BYTES_MAX} HTTP/1.1\r\nHost: x\r\n\r\n"
    assert status(rig.ask(long)) in (0, 400, 414, 431)
    assert status(rig.ask("\x16\x03\x01 hello\r\n\r\n")) == 400
    assert status(rig.get("/")) == 200


def test_a_request_in_pieces_and_two_at_once_are_understood(rig: Rig) -> None:
    """A wire cuts where it likes; what was asked together is answered in its order."""
    link = rig.join()
    request = f"GET /app.js HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n".encode()
    for byte in request[:-1]:
        link.sendall(bytes([byte]))
        rig.turn()
    assert rig.ask(request[-1:], link).endswith("//")
    both = rig.ask(request + request.replace(b"/app.js", b"/none"), link)
    assert both.index("200") < both.index("404")


def test_somebody_who_presses_without_end_is_slowed(rig: Rig) -> None:
    """So many touches in ten seconds; the next is told to wait, later ones are good again."""
    for _ in range(SAID_MAX):
        assert status(rig.say('{"touch":"done","screen":1}')) == 204
    assert status(rig.say('{"touch":"done","screen":1}')) == 429
    assert rig.driver.counters()["hurried"] == 1
    rig.turn(SAID_SPAN_MS)
    assert status(rig.say('{"touch":"done","screen":1}')) == 204


def test_pages_and_connections_are_limited(rig: Rig) -> None:
    """A few live pages, some connections; one more is turned away and takes nothing from the others."""
    live = [rig.get("/live") for _ in range(LIVE_MAX + 1)]
    assert [status(answer) for answer in live] == [200] * LIVE_MAX + [503]
    for _ in range(CLIENTS_MAX):
        rig.join()
        rig.turn()
    assert rig.driver.counters()["dropped"] >= 1
    rig.driver.perform(IDLE, at(0))
    assert events(hear(rig.links[0]), "screen")


def test_idle_connections_are_closed_and_live_ones_kept(rig: Rig) -> None:
    """A browser leaves connections open; the one that gets the screens stays for ever."""
    quiet = rig.join()
    live = rig.join()
    rig.ask(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n", live)
    rig.turn(IDLE_MS + 1)
    assert quiet.recv(1) == b""
    assert events(hear(live), "beat")


def test_the_page_hears_a_sign_of_life_and_of_the_hour(rig: Rig) -> None:
    """A beat every few seconds shows a broken way; night falls while somebody looks."""
    link = rig.join()
    rig.ask(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n", link)
    assert rig.driver.deadline_ms() == BEAT_MS
    rig.turn(BEAT_MS)
    assert len(events(hear(link), "beat")) == 1
    rig.face.night = True
    rig.turn(DAY_MS)
    assert events(hear(link), "day") == [{"night": True}]
    rig.turn(2 * DAY_MS)
    assert events(hear(link), "day") == []


def test_nobody_there_costs_nothing(rig: Rig) -> None:
    """Without a page the driver has no deadline, and nothing is drawn for nobody."""
    assert rig.driver.deadline_ms() is None
    rig.driver.perform(OFFER, at(0))
    assert rig.driver.deadline_ms() is None
    assert not rig.driver.accepts(Attend(True))


def test_a_port_that_somebody_has_is_told_once_and_tried_again(rig: Rig) -> None:
    """The error names the address and what to do; the port is taken as soon as it is free."""
    second = KioskDriver(Kiosk(port=rig.port), FILES, PlainFace())
    lost = second.refresh(at(0))
    assert isinstance(lost[0], PortLost)
    assert f"127.0.0.1:{rig.port}" in lost[0].why
    assert "kiosk.port" in lost[0].why
    assert second.refresh(at(500)) == second.refresh(at(1500)) == []
    assert second.deadline_ms() == 2500
    rig.driver.close()
    assert [type(event) for event in second.refresh(at(2500))] == [PortBack]
    second.close()
    rig.driver = KioskDriver(Kiosk(port=rig.port), FILES, PlainFace())


def test_what_was_typed_is_in_no_repr(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the event nor anything the driver says has the digits."""
    rig.say('{"typed":"271828","screen":9}')
    rig.say('{"typed":"271828","screen":"x"}')
    assert "271828" not in repr(rig.heard) + caplog.text + repr(rig.driver.counters())


def test_a_page_that_does_not_read_is_let_go(rig: Rig) -> None:
    """One that takes nothing costs a bounded memory; the others go on."""
    slow = rig.join()
    slow.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n".encode())
    rig.turn()
    rig.floods()
    assert rig.driver.counters()["slow"] == 1
    assert status(rig.get("/")) == 200
