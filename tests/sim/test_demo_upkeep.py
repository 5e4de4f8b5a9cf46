"""The demo's technician view: the status file as the page draws it, read again only when it was written again."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage

from locker import status
from locker.model import DeviceKnown, Wear
from sim import demo_upkeep


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six doors, one of them worn."""
    stage = Stage(tmp_path)
    stage.cabinet.rooms[2].wear = Wear(cycles=5000, timed=9, usual_ms=100.4, recent_ms=250.6, slower=True)
    stage.tell(DeviceKnown("main", "13 01"))
    return stage


def written(stage: Stage, sent: int) -> bytes:
    """What the controller would write."""
    about = dict.fromkeys(("pid", "born_ticks", "started_ms", "queued", "waiting_ms"), 0)
    counters = {"main": {"sent": sent, "lost": 3, "bad": 1, "late": 2}}
    words = {"boot": "b", "epoch": "e", "link": None}
    return status.encode(status.of(stage.cabinet, stage.now, counters, **about, **words))


def test_boards_and_doors_are_as_the_controller_says(stage: Stage, tmp_path: Path) -> None:
    """Frames sent, lost, bad, late; cycles in percent of the rated ones; times in whole milliseconds, None for none."""
    file = tmp_path / "status.json"
    file.write_bytes(written(stage, 40))
    shown = demo_upkeep.view(file)
    assert shown is not None
    [board] = shown["boards"]
    assert [board[key] for key in ("name", "version", "sent", "lost", "bad", "late")] == ["main", "13 01", 40, 3, 1, 2]
    assert shown["doors"][1] == {
        "door": 2,
        "cycles": 5000,
        "percent": 1.0,
        "usual_ms": 100,
        "recent_ms": 251,
        "slower": True,
        "in_service": True,
    }
    assert shown["doors"][0]["recent_ms"] is None


def test_it_follows_the_file_and_bears_without(stage: Stage, tmp_path: Path) -> None:
    """No file, half a file, a new file."""
    file = tmp_path / "status.json"
    assert demo_upkeep.view(file) is None
    file.write_bytes(written(stage, 1)[:50])
    assert demo_upkeep.view(file) is None
    new = tmp_path / "new"
    new.write_bytes(written(stage, 41))
    new.replace(file)
    shown = demo_upkeep.view(file)
    assert shown is not None and shown["boards"][0]["sent"] == 41
