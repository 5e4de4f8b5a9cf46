"""The panel's socket as its clients see it: screens out, touches in, and what happens to bad clients."""

from __future__ import annotations

import json
import selectors
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.panel import CLIENTS_MAX, LINE_BYTES_MAX, PanelDriver, encode
from locker.config import Panel
from locker.model import Attend, DoorRow, Event, Now, PortBack, PortLost, Pulse, Show, Touched, Typed

IDLE = Show("idle", 1)
OFFER = Show("deposited", 7, door=4, offers=("done", "reopen"), remaining_ms=60_000, receipt="LKR1:A")


def at(ms: int) -> Now:
    """Return an instant ``ms`` after the boot."""
    return Now(ms=ms, wall_ms=1_700_000_000_000 + ms)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the socket shall be."""
    return tmp_path / "panel.sock"


@pytest.fixture
def panel(path: Path) -> Iterator[PanelDriver]:
    """Give a panel that listens."""
    driver = PanelDriver(Panel(socket=str(path)))
    assert driver.refresh(at(0)) == []
    yield driver
    driver.close()


def joined(path: Path) -> socket.socket:
    """Connect as a screen would."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(str(path))
    link.settimeout(2)
    return link


def watched(panel: PanelDriver) -> int:
    """Return the descriptor that the loop waits for."""
    descriptor = panel.fileno()
    assert descriptor is not None
    return descriptor


def turn(panel: PanelDriver, ms: int = 0, turns: int = 3) -> list[Event]:
    """Refresh a few times, as the service does, and return all events."""
    return [event for _ in range(turns) for event in panel.refresh(at(ms))]


def line(link: socket.socket) -> dict[str, Any]:
    """Read one screen as a client does."""
    text = b""
    while not text.endswith(b"\n"):
        got = link.recv(1)
        assert got, "the panel hung up"
        text += got
    shown: dict[str, Any] = json.loads(text)
    return shown


def gone(link: socket.socket) -> bool:
    """Tell whether the panel hung up on this client."""
    try:
        while link.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_client_gets_the_last_screen_at_once_and_each_one_after(panel: PanelDriver, path: Path) -> None:
    """A screen program that starts late shows the truth without waiting for a change."""
    panel.perform(IDLE, at(0))
    panel.perform(OFFER, at(1000))
    with joined(path) as link:
        turn(panel, 21_000)
        assert line(link) == {
            "screen": "deposited",
            "number": 7,
            "door": 4,
            "offers": ["done", "reopen"],
            "reason": "",
            "ticket": "",
            "remaining_ms": 40_000,
            "receipt": "LKR1:A",
            "invite": "",
            "digits": 0,
            "facts": {},
            "rows": [],
        }
        panel.perform(Show("refused", 8, reason="expired"), at(22_000))
        assert line(link)["reason"] == "expired"


def test_a_client_that_comes_before_any_screen_hears_the_first(panel: PanelDriver, path: Path) -> None:
    """Nothing is made up: before the first screen there is silence."""
    with joined(path) as link:
        turn(panel)
        panel.perform(IDLE, at(5))
        assert line(link)["screen"] == "idle"


def test_a_screen_with_a_limit_never_reads_as_without_one() -> None:
    """Zero means for ever, so an overdue screen says one millisecond."""
    assert json.loads(encode(OFFER, 90_000))["remaining_ms"] == 1
    assert json.loads(encode(IDLE, 90_000))["remaining_ms"] == 0


def test_a_staff_screen_carries_its_facts_and_its_list_of_doors(panel: PanelDriver, path: Path) -> None:
    """All 24 doors fit, each with the names of ``DoorRow``; a button may name a door, by one colon and no more."""
    rows = tuple(
        DoorRow(door, "closed", "holding", "certificate", True, False, "forced", "3432") for door in range(1, 25)
    )
    facts: dict[str, str | int] = {"load": 3, "size": "l"}
    panel.perform(Show("duty_status", 9, offers=("door:7", "back"), facts=facts, rows=rows), at(0))
    with joined(path) as link:
        turn(panel)
        shown = line(link)
        assert shown["facts"] == facts and len(shown["rows"]) == 24
        assert shown["rows"][23] == {
            "door": 24,
            "state": "closed",
            "custody": "holding",
            "kind": "certificate",
            "overdue": True,
            "in_service": False,
            "note": "forced",
            "item": "3432",
        }
        link.send(b'{"touch":"door:7","screen":9}\n')
        assert turn(panel) == [Touched("door:7", 9)]
        link.send(b'{"touch":"door:7:8","screen":9}\n')
        assert turn(panel) == [] and panel.counters()["malformed"] == 1


def test_touches_become_events_in_order_however_the_bytes_arrive(panel: PanelDriver, path: Path) -> None:
    """A line may come in pieces and two may come at once."""
    with joined(path) as link:
        turn(panel)
        wire = b'{"touch":"reopen","screen":7}\n{"touch":"done","screen":8}\n'
        events = []
        for byte in wire:
            link.send(bytes([byte]))
            events += turn(panel, turns=1)
        assert events == [Touched("reopen", 7), Touched("done", 8)]
        link.send(wire)
        assert turn(panel) == [Touched("reopen", 7), Touched("done", 8)]
        assert panel.counters()["touches"] == 4


def test_typed_codes_become_events_and_are_only_counted(panel: PanelDriver, path: Path) -> None:
    """One to eight digits with leading zeros, between touches, in order; no repr of ours has them."""
    with joined(path) as link:
        turn(panel)
        link.send(b'{"typed":"004711","screen":7}\n{"touch":"done","screen":7}\n{"screen":8,"typed":"12345678"}\n{"ty')
        assert turn(panel) == [Typed("004711", 7), Touched("done", 7), Typed("12345678", 8)]
        assert (panel.counters()["touches"], panel.counters()["entries"]) == (1, 2)
        link.send(b'ped":"9","screen":9')
        turn(panel)
        assert '"9"' not in repr(panel._clients), "half a line is in nobody's repr"
        link.send(b"}\n")
        (event,) = turn(panel)
        assert event == Typed("9", 9) and "'9'" not in repr(event)


BAD_LINES = [
    b"\n",
    b"hello\n",
    b"\xff\xfe\n",
    b"[1,2]\n",
    b'{"touch":"done"}\n',
    b'{"touch":"done","screen":"7"}\n',
    b'{"touch":"done","screen":-1}\n',
    b'{"touch":"done","screen":true}\n',
    b'{"touch":"","screen":1}\n',
    b'{"touch":"\\u95e8","screen":1}\n',
    b'{"touch":"done","screen":1,"door":5}\n',
    b'{"typed":"123456"}\n',
    b'{"typed":"","screen":1}\n',
    b'{"typed":"123456789","screen":1}\n',
    b'{"typed":"12 456","screen":1}\n',
    b'{"typed":"12345a","screen":1}\n',
    b'{"typed":"-12345","screen":1}\n',
    b'{"typed":"123456\\n","screen":1}\n',
    b'{"typed":"\\u0661\\u0662\\u0663","screen":1}\n',
    b'{"typed":123456,"screen":1}\n',
    b'{"typed":null,"screen":1}\n',
    b'{"typed":"123456","screen":"1"}\n',
    b'{"typed":"123456","screen":1,"touch":"done"}\n',
    b'{"typed":"123456","screen":1,"door":5}\n',
    b"[" * 500 + b"\n",
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_malformed_line_drops_its_client_and_nobody_else(panel: PanelDriver, path: Path, bad: bytes) -> None:
    """A client that talks nonsense is hung up on and counted; touches before the nonsense stand."""
    with joined(path) as good, joined(path) as babbler:
        turn(panel)
        babbler.send(b'{"touch":"done","screen":1}\n' + bad)
        assert turn(panel) == [Touched("done", 1)]
        assert gone(babbler)
        assert panel.counters()["malformed"] == 1
        good.send(b'{"touch":"nothing","screen":2}\n')
        assert turn(panel) == [Touched("nothing", 2)]


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_an_overlong_line_drops_its_client(panel: PanelDriver, path: Path, ending: bytes) -> None:
    """A line has a limit, whether its end comes or not."""
    with joined(path) as link:
        turn(panel)
        link.send(b"x" * (LINE_BYTES_MAX + 1) + ending)
        assert turn(panel) == []
        assert gone(link)
        assert panel.counters()["overlong"] == 1


def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(panel: PanelDriver, path: Path) -> None:
    """The buffer for a slow screen is bounded; the fast one sees every screen."""
    with joined(path) as slow, joined(path) as fast:
        turn(panel)
        number = 0
        while not panel.counters()["slow"]:
            number += 1
            assert number < 20_000, "the slow client was never dropped"
            panel.perform(Show("idle", number), at(number))
            assert line(fast)["number"] == number
        assert gone(slow)
        panel.perform(OFFER, at(number))
        assert line(fast)["number"] == 7


def test_what_did_not_fit_is_sent_when_there_is_room(panel: PanelDriver, path: Path) -> None:
    """A screen that pauses for a moment and then reads loses nothing."""
    with joined(path) as link:
        turn(panel)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        ready = selectors.DefaultSelector()
        ready.register(watched(panel), selectors.EVENT_READ)
        count = 0
        while not any(client.pending for client in panel._clients):
            count += 1
            panel.perform(Show("idle", count), at(count))
        for number in range(1, count + 1):
            turn(panel)
            assert line(link)["number"] == number
        assert not panel.counters()["slow"]
        assert not ready.select(0), "the loop would spin"


def test_a_client_that_vanishes_costs_nothing(panel: PanelDriver, path: Path) -> None:
    """A closed screen is forgotten; the next screen goes to the others."""
    link = joined(path)
    turn(panel)
    link.close()
    panel.perform(IDLE, at(1))
    turn(panel)
    panel.perform(OFFER, at(2))
    with joined(path) as late:
        turn(panel, 2)
        assert line(late)["screen"] == "deposited"


def test_there_is_a_limit_to_the_clients(panel: PanelDriver, path: Path) -> None:
    """Client number nine is hung up on; the eight before it stay."""
    links = [joined(path) for _ in range(CLIENTS_MAX + 1)]
    turn(panel, turns=CLIENTS_MAX + 2)
    assert panel.counters()["accepted"] == CLIENTS_MAX
    assert gone(links[-1])
    panel.perform(IDLE, at(0))
    assert [line(link)["screen"] for link in links[:-1]] == ["idle"] * CLIENTS_MAX
    for link in links:
        link.close()


def test_only_its_owner_may_use_the_socket(panel: PanelDriver, path: Path) -> None:
    """The file's mode is 0600, from the first moment it has its name."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_file_left_by_a_killed_process_is_replaced(path: Path) -> None:
    """After a power cut the panel comes back under the same name."""
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    panel = PanelDriver(Panel(socket=str(path)))
    assert panel.refresh(at(0)) == []
    joined(path).close()
    panel.close()
    assert not path.exists()


def test_a_living_process_keeps_its_socket(panel: PanelDriver, path: Path) -> None:
    """A second panel on the same path reports it and does not steal; once the first is gone it takes over."""
    second = PanelDriver(Panel(socket=str(path)))
    (lost,) = second.refresh(at(0))
    assert isinstance(lost, PortLost) and lost.device == "panel" and "another process" in lost.why
    assert second.fileno() is None and second.deadline_ms() == 1000
    assert second.refresh(at(999)) == [] and second.refresh(at(1000)) == []
    panel.close()
    assert second.refresh(at(2000)) == [PortBack("panel", str(path))]
    assert second.deadline_ms() is None
    second.close()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    """A wrong path in the configuration must not cost anybody a file."""
    path.write_text("somebody's letter")
    panel = PanelDriver(Panel(socket=str(path)))
    (lost,) = panel.refresh(at(0))
    assert isinstance(lost, PortLost) and "not a socket" in lost.why
    panel.close()
    assert path.read_text() == "somebody's letter"


def test_closing_leaves_a_successors_socket(panel: PanelDriver, path: Path) -> None:
    """The old process ends late: the file is no longer its own and stays."""
    path.unlink()
    other = PanelDriver(Panel(socket=str(path)))
    other.refresh(at(0))
    panel.close()
    joined(path).close()
    other.close()


def test_the_panel_takes_screens_and_nothing_else(panel: PanelDriver) -> None:
    """A pulse is never meant for the panel."""
    assert panel.accepts(IDLE)
    assert not panel.accepts(Pulse(1)) and not panel.accepts(Attend(True))


def test_its_descriptor_wakes_the_loop(panel: PanelDriver, path: Path) -> None:
    """One descriptor is readable whenever a client has come or has said something."""
    ready = selectors.DefaultSelector()
    ready.register(watched(panel), selectors.EVENT_READ)
    assert not ready.select(0)
    with joined(path) as link:
        assert ready.select(1)
        turn(panel)
        assert not ready.select(0)
        link.send(b'{"touch":"done","screen":1}\n')
        assert ready.select(1)
        assert turn(panel) == [Touched("done", 1)]
