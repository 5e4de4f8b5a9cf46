"""What the service says of itself: at its pace, at its end, and when it fails; never at the cost of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_bench import Bench

from locker import status
from locker.model import LinkUp
from locker.status import Status


class Kept:
    """A notice board that keeps everything that was ever on it."""

    def __init__(self) -> None:
        self.every_ms, self.pid, self.born_ticks = 5000, 77, 4711
        self.posted: list[Status] = []

    def post(self, payload: bytes) -> None:
        """Kept."""
        found = status.decode(payload)
        assert found is not None and payload.endswith(b"\n")
        self.posted.append(found)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A service that has been running for a while."""
    return Bench(tmp_path).ready()


@pytest.fixture
def kept(bench: Bench) -> Kept:
    """Its notice board."""
    board = Kept()
    bench.service.notice = board
    return board


def test_it_is_told_every_five_seconds_in_a_turn_that_is_made_anyway(bench: Bench, kept: Kept) -> None:
    """No turn is asked for because of it: the next deadline is the same with and without."""
    bench.turn(after_ms=1)
    assert len(kept.posted) == 1
    for _ in range(100):
        bench.turn(after_ms=100)
    assert 2 <= len(kept.posted) <= 4
    wanted = bench.service._deadline_ms()
    bench.service.notice = None
    assert bench.service._deadline_ms() == wanted
    bench.turn(after_ms=60_000)
    assert len(kept.posted) <= 4


def test_it_says_who_it_is_and_how_things_stand(bench: Bench, kept: Kept) -> None:
    """The process, the boot, the link, every board and door, the counters of every device."""
    bench.turn(LinkUp(5, False), device=bench.link)
    bench.turn(after_ms=6000)
    said = kept.posted[-1]
    assert (said.state, said.why, said.pid, said.born_ticks, said.epoch) == ("running", "", 77, 4711, bench.store.epoch)
    assert said.link is True and [door.door for door in said.doors] == [1, 2, 3]
    assert [(board.name, board.answers) for board in said.boards] == [("main", True)]
    assert set(said.counters) == {"main", "scanner", "panel", "mqtt", "outbox"}


def test_the_last_word_is_that_it_was_stopped(bench: Bench, kept: Kept) -> None:
    """After the event of it is on the disk."""
    bench.service.stop(bench.now)
    assert kept.posted[-1].state == "stopped" and bench.board.closed == 1


def test_an_error_is_told_and_every_device_let_go(bench: Bench, kept: Kept) -> None:
    """Cut to a bearable length; nothing is written to the disk."""
    before = bench.store.last_seq()
    bench.service.failed(bench.now, "OSError: " + "the disk is gone " * 100)
    said = kept.posted[-1]
    assert said.state == "failed" and said.why.startswith("OSError: the disk") and len(said.why) == 300
    assert bench.store.last_seq() == before and bench.board.closed == 1


def test_a_device_that_cannot_even_count_keeps_no_coil_on(bench: Bench, kept: Kept) -> None:
    """Whatever is broken when it fails: the devices are let go."""
    bench.board.fault = OSError("gone")

    def broken() -> dict[str, int]:
        raise OSError("no counters")

    bench.scanner.counters = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="gone"):
        bench.service.failed(bench.now, "first")
    assert kept.posted == [] and bench.scanner.closed == bench.link.closed == 1
