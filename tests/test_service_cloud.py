"""The service towards the cloud: what goes out in which order, and what an acknowledgement does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from service_bench import DEVICE, EPOCH, Bench, on_disk

from locker.model import Acknowledge, Delivered, DoorSeen, LinkUp, MessageReceived, Publish
from locker.store import Store


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A service that has been running for a while."""
    return Bench(tmp_path).ready()


def test_the_cloud_first_sees_who_is_there_then_every_door_then_the_events(bench: Bench) -> None:
    """conn, info, a snapshot a door, and all events so far, oldest first."""
    bench.turn(LinkUp(5, False), device=bench.link)
    for tag in range(1, 20):
        bench.turn(Delivered(tag), device=bench.link)
    tails = [act.tail for act in bench.link.done if isinstance(act, Publish)]
    assert tails[:5] == ["conn", "info", "door/01", "door/02", "door/03"]
    assert bench.published("info")[0]["doors"][0] == [1, "S", "left", 1, False]
    assert bench.published("info")[0]["public_key"] == DEVICE.public.hex()
    assert bench.published("conn") == [{"v": 1, "state": "online", "boot": "boot", "epoch": EPOCH}]
    assert [event["seq"] for event in bench.published("evt")] == list(range(1, bench.store.last_seq() + 1))


def test_a_door_that_moves_is_a_new_snapshot(bench: Bench) -> None:
    """Seen, state, service and a revision that rises, in the same turn."""
    bench.turn(LinkUp(5, False), device=bench.link)
    bench.turn(DoorSeen(2, True, occupied=True))
    before, after = bench.published("door/02")[0], bench.published("door/02")[-1]
    assert (before["seen"], before["state"], before["occupied"]) == ("closed", "closed", "unknown")
    assert (after["seen"], after["state"], after["occupied"], after["in_service"]) == ("open", "forced", "yes", False)
    assert after["rev"] > before["rev"]


def test_what_the_cloud_acknowledges_is_done_and_saved_with_the_next_commit(bench: Bench) -> None:
    """The broker hears at once, the disk with the next change; a retained or foreign acknowledgement is none."""
    bench.turn(LinkUp(5, False), device=bench.link)
    last = bench.store.last_seq()
    for retained, epoch in ((True, EPOCH), (False, "another")):
        payload = json.dumps({"epoch": epoch, "seq": last}).encode()
        bench.turn(MessageReceived("ack", payload, retained, 1), device=bench.link)
    assert bench.store.acked == 0
    bench.turn(MessageReceived("ack", json.dumps({"epoch": EPOCH, "seq": last}).encode(), False, 2), device=bench.link)
    bench.turn(MessageReceived("ack", b"nonsense", False, 3), device=bench.link)
    assert [a.handle for a in bench.link.done if isinstance(a, Acknowledge)] == [1, 1, 2, 3]
    bench.scan()
    assert bench.store.acked == last
    assert Store.at(bench.path, "boot", EPOCH).acked == last


def test_health_goes_out_each_minute(bench: Bench) -> None:
    """Counters of every device, the queue, disk and memory; what the machine does not tell is null."""
    bench.turn(LinkUp(5, False), device=bench.link)
    count = len(bench.published("health"))
    for _ in range(3):
        bench.turn(after_ms=60_000)
        flying = [act.tag for act in bench.link.done if isinstance(act, Publish)]
        bench.turn(*(Delivered(tag) for tag in flying), device=bench.link)
    found = bench.published("health")
    assert len(found) == count + 3
    assert set(found[-1]["counters"]) == {"main", "scanner", "panel", "mqtt", "outbox"}
    assert (found[-1]["queued"], found[-1]["temperature_c"]) == (bench.store.unacked(), None)
    assert found[-1]["disk_free_bytes"] == 10_000_000


def test_an_answer_goes_out_once(bench: Bench) -> None:
    """A refused command is answered under rsp; without a cloud nobody could have asked."""
    bench.turn(LinkUp(5, False), device=bench.link)
    bench.turn(MessageReceived("cmd", b"{", False, 1), device=bench.link)
    bench.turn(after_ms=100)
    assert [(answer["ok"], answer["reason"]) for answer in bench.published("rsp")] == [(False, "bad_message")]


def test_a_full_log_reaches_the_cabinet(tmp_path: Path) -> None:
    """No room left and nothing to drop: no drop-off is taken in, and an acknowledgement makes room again."""
    bench = Bench(tmp_path, events_max=1000).ready()
    bench.turn(LinkUp(5, False), device=bench.link)
    for n in range(500):
        bench.turn(DoorSeen(3, True), DoorSeen(3, False), after_ms=10_000)
        bench.service.cabinet.rooms[3].put_in_service()
        assert n < 500
    assert bench.service.cabinet.log_full
    bench.scan()
    assert on_disk(bench.path)[0][-1] == "denied"
    seq = bench.store.last_seq()
    bench.turn(MessageReceived("ack", json.dumps({"epoch": EPOCH, "seq": seq}).encode(), False, 2), device=bench.link)
    bench.turn(DoorSeen(3, True), DoorSeen(3, False))
    assert not bench.service.cabinet.log_full
