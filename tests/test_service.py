"""One turn after another on a virtual clock, with drivers that only note: commit, then act, in the one right order."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from service_bench import Bench, on_disk

from locker.model import (
    Acknowledge,
    Act,
    Attend,
    DoorSeen,
    LinkUp,
    MessageReceived,
    Publish,
    Pulse,
    Scanned,
    Show,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A service that has been running for a while."""
    return Bench(tmp_path).ready()


# --- commit before act ----------------------------------------------------------------------------


def test_when_a_pulse_is_performed_what_allows_it_is_on_the_disk(bench: Bench) -> None:
    """A second connection sees the claimed token and the granted event before the board is asked (invariant 1)."""
    seen = []
    bench.board.on_perform = lambda act: seen.append((act, on_disk(bench.path)))
    bench.scan()
    act, (events, tokens) = next((act, disk) for act, disk in seen if isinstance(act, Pulse))
    assert act == Pulse(1)
    assert events[-1] == "granted"
    assert tokens == [(b"%016d" % 1, 1, 0)]


def test_opened_is_on_the_disk_before_the_screen_says_so(bench: Bench) -> None:
    """And the token is spent in the same transaction."""
    bench.scan()
    seen = []
    bench.screen.on_perform = lambda act: seen.append((act, on_disk(bench.path)))
    bench.turn(DoorSeen(1, True, fresh=True))
    act, (events, tokens) = seen[-1]
    assert isinstance(act, Show) and act.name == "open_deposit"
    assert (events[-1], tokens) == ("opened", [(b"%016d" % 1, 1, 1)])


def test_an_event_is_on_the_disk_before_it_is_published(bench: Bench) -> None:
    """What the cloud hears of cannot be lost here any more."""

    def check(act: Act) -> None:
        if isinstance(act, Publish) and act.tail == "evt":
            other = sqlite3.connect(bench.path)
            assert json.loads(act.payload)["seq"] <= other.execute("SELECT max(seq) FROM events").fetchone()[0]
            other.close()

    bench.link.on_perform = check
    bench.turn(LinkUp(5, False), device=bench.link)
    bench.scan()
    assert bench.published("evt")[-1]["type"] == "granted"


def test_a_message_is_acknowledged_after_what_it_asked_for_is_on_the_disk(bench: Bench) -> None:
    """The command's id is there when the broker is told."""
    seen = []

    def check(act: Act) -> None:
        if isinstance(act, Acknowledge):
            other = sqlite3.connect(bench.path)
            seen.append((act.handle, other.execute("SELECT id FROM commands").fetchall()))
            other.close()

    bench.link.on_perform = check
    bench.turn(after_ms=60_000)
    body = {"v": 1, "id": "c1", "op": "open", "exp": bench.now.wall_ms // 1000 + 30, "grant": bench.grant()}
    bench.turn(MessageReceived("cmd", json.dumps(body).encode(), False, 77), device=bench.link)
    assert seen == [(77, [("c1",)])]
    assert bench.board.done[0] == Pulse(1)


def test_pulses_go_first(bench: Bench) -> None:
    """Somebody is waiting for the door: the pulse is performed before the screen and the fast polling."""
    order: list[Act] = []
    for device in (bench.board, bench.screen, bench.link):
        device.on_perform = order.append
    bench.scan()
    assert order[0] == Pulse(1)
    assert {type(act) for act in order[1:]} >= {Show, Attend}


def test_a_commit_that_fails_performs_nothing(bench: Bench) -> None:
    """The disk refuses: the error goes up, and no device has been asked for anything."""
    other = sqlite3.connect(bench.path)
    other.execute("DROP TABLE tokens")
    other.close()
    with pytest.raises(sqlite3.OperationalError):
        bench.scan()
    assert bench.board.done == bench.screen.done == []


def test_all_events_of_a_turn_are_one_transaction(bench: Bench) -> None:
    """Two doors and a code in one turn: one commit, in the order of the drivers."""
    statements: list[str] = []
    bench.store._db.set_trace_callback(statements.append)
    bench.scanner.events.append(Scanned(bench.code()))
    bench.turn(DoorSeen(2, True), DoorSeen(3, True))
    assert on_disk(bench.path)[0][-3:] == ["forced", "forced", "granted"]
    assert statements.count("COMMIT") == 1


def test_a_turn_in_which_nothing_happens_writes_nothing(bench: Bench) -> None:
    """An idle cabinet leaves its disk alone."""
    wal = Path(f"{bench.path}-wal")
    before = (wal.stat().st_size, wal.stat().st_mtime_ns)
    for _ in range(50):
        bench.turn(after_ms=250)
    assert (wal.stat().st_size, wal.stat().st_mtime_ns) == before


# --- when to turn again ---------------------------------------------------------------------------


def test_the_next_turn_is_the_earliest_of_everybodys_deadlines(bench: Bench) -> None:
    """A device's, the visit's, the health message's: the first counts, and each moves on."""
    health_ms = bench.turn()
    assert health_ms is not None and health_ms > bench.ms
    bench.board.due_ms = bench.ms + 5
    assert bench.turn() == bench.ms + 5
    bench.board.due_ms = None
    assert bench.scan() == bench.ms + bench.service.cabinet.cfg.visit.open_wait_ms


@pytest.mark.parametrize("cloud", [True, False])
def test_turning_only_at_deadlines_goes_through_a_whole_visit_and_never_spins(tmp_path: Path, cloud: bool) -> None:
    """A door that never opens, followed from deadline to deadline: each lies ahead, and the visit comes to its end."""
    bench = Bench(tmp_path, cloud).ready()
    due_ms = bench.scan()
    turns = 0
    while bench.service.cabinet.visit.present:
        assert due_ms is not None and due_ms > bench.ms
        due_ms, turns = bench.turn(after_ms=due_ms - bench.ms), turns + 1
    assert turns < 60
    assert [act for act in bench.board.done if isinstance(act, Pulse)] == [
        Pulse(d) for d in (1, 2, 3) for _ in range(3)
    ]


def test_without_a_cloud_a_quiet_cabinet_waits_for_its_devices_alone(tmp_path: Path) -> None:
    """No link, nobody there: no deadline of its own."""
    bench = Bench(tmp_path, cloud=False).ready()
    assert bench.turn() is None
    bench.scan()
    assert bench.board.done[0] == Pulse(1)


# --- start and stop -------------------------------------------------------------------------------


def test_the_start_is_written_before_any_device_is_touched(tmp_path: Path) -> None:
    """The event started is on the disk with version and boot id, and nothing was pulsed."""
    bench = Bench(tmp_path)
    assert on_disk(bench.path)[0] == ["started"]
    assert bench.board.done == []
    assert [act.name for act in bench.screen.done if isinstance(act, Show)] == ["out_of_order"]


def test_the_stop_is_written_and_every_device_let_go(bench: Bench) -> None:
    """In this order."""
    bench.service.stop(bench.now)
    assert on_disk(bench.path)[0][-1] == "stopped"
    assert [device.closed for device in bench.service.drivers] == [1, 1, 1, 1]  # type: ignore[attr-defined]


def test_a_stop_that_cannot_be_written_lets_go_all_the_same(bench: Bench) -> None:
    """All off at exit, on any error (invariant 4)."""
    other = sqlite3.connect(bench.path)
    other.execute("DROP TABLE events")
    other.close()
    with pytest.raises(sqlite3.OperationalError):
        bench.service.stop(bench.now)
    assert [device.closed for device in bench.service.drivers] == [1, 1, 1, 1]  # type: ignore[attr-defined]


def test_a_device_that_cannot_be_let_go_keeps_no_other_from_it(bench: Bench) -> None:
    """The others are let go, and its error is raised afterwards."""
    bench.board.fault = OSError("stuck")
    with pytest.raises(OSError, match="stuck"):
        bench.service.let_go()
    assert [device.closed for device in bench.service.drivers] == [1, 1, 1, 1]  # type: ignore[attr-defined]
