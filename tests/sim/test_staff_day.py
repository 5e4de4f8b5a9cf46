"""The staff's day in small: a few of its chapters on the real program, and what the cloud makes of the events.

The whole of it, twenty envelopes, an audit of 24 doors and nine days, is ``locker demo --scenario staff --headless``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.demo import Demo
from sim.demo_site import FOR_STAFF
from sim.staff_day import CHAPTERS, Day, no_key, opening, power_cut, service
from sim.staff_people import Worker
from sim.watch import breaches
from sim.whereabouts import follow

SEED = 7


def test_some_chapters_of_the_day(tmp_path: Path) -> None:
    """Papers, a label without staff, a power cut in a load, a door out and in; the invariants hold from outside."""
    print(f"seed {SEED}")
    demo = Demo(tmp_path, FOR_STAFF, SEED, power=False)
    try:
        worker, day = Worker(demo), Day(SEED)
        for chapter in (opening, no_key, power_cut, service):
            worker.begin()
            chapter(day, worker)
            worker.sees("idle")
        worker.knows_books()
        (loaded,) = [event for event in demo.cloud.events("demo-1") if event["type"] == "loaded"]
        worker.collects_by_code(bytes.fromhex(loaded["data"]["order"]).decode(), loaded["door"])
        worker.knows_all_doors()
        assert not any(breaches(demo.journal()).values())
    finally:
        demo.close()


def test_whoever_uses_the_page_gets_a_badge_and_an_envelope(tmp_path: Path) -> None:
    """Every chore is reachable from the demo's phone: begin, load, and the door opens for the label."""
    print(f"seed {SEED}")
    demo = Demo(tmp_path, FOR_STAFF, SEED)
    try:
        demo.ready()
        worker = Worker(demo)
        worker.begin()
        for errand, screen in (("badge", "duty_menu"), ("label", "duty_put_in")):
            demo.do({"do": "code", "errand": errand})
            worker.presents(demo.phone.kept(""), screen)
            assert demo.state()["screen"]["zh"]["say"], "the page has a sentence for it"
            if errand == "badge":
                worker.chooses("load")
        door = int(worker.screen["door"])
        worker.opens(door)
        worker.shuts(door)
        worker.hears("loaded", door=door)
    finally:
        demo.close()


def test_every_chapter_has_a_title() -> None:
    """The report names each in a line."""
    assert all(chapter.__doc__ and "\n" not in chapter.__doc__.strip() for chapter in CHAPTERS)


@pytest.mark.parametrize(
    ("events", "held"),
    [
        ([("deposited", 1, {"order": "aa"})], {1: "aa"}),
        ([("loaded", 2, {"order": "bb", "load": 3}), ("unloaded", 2, {"item": "bb"})], {}),
        (
            [("loaded", 2, {"order": "bb"}), ("taken_out", 2, {}), ("reassigned", 5, {"order": "bb", "from": 2})],
            {5: "bb"},
        ),
        ([("loaded", 2, {"order": "bb"}), ("reassigned", 2, {"order": "cc", "from": 2})], {2: "cc"}),
        (
            [("loaded", 2, {"order": "bb"}), ("corrected", 4, {"from": 2}), ("reassigned", 4, {"order": "bb"})],
            {4: "bb"},
        ),
        ([("deposited", 1, {"order": "aa"}), ("audited", 1, {}), ("recalled", 1, {"item": "aa"})], {}),
    ],
)
def test_where_items_lie_follows_from_the_events(
    events: list[tuple[str, int, dict[str, object]]], held: object
) -> None:
    """What the documentation tells a cloud to do with them is enough."""
    found: dict[int, str] = {}
    for kind, door, data in events:
        follow(found, {"type": kind, "door": door, "data": data})
    assert found == held
