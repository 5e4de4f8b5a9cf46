"""The mixed day in small: where residents and staff meet, on the real program.

The whole of it, some fifty visits and chores in an order of chance and nine days later the recall, is
``locker demo --scenario mixed --headless``.
"""

from __future__ import annotations

from pathlib import Path

from sim.day_troubles import retained_before_the_start
from sim.day_visits import drop_off_small
from sim.demo import Demo
from sim.demo_site import FOR_STAFF
from sim.mixed_day import CHORES, chapter_of, checked, in_the_middle, mixed_order, owner_at_the_menu, take_out
from sim.mixed_people import Anybody
from sim.staff_day import Day
from sim.watch import breaches

SEED = 3


def test_residents_come_while_staff_are_there(tmp_path: Path) -> None:
    """Told to wait in a chore and at its open door, served at the menu; books and invariants hold from outside."""
    print(f"seed {SEED}")
    demo = Demo(tmp_path, FOR_STAFF, SEED, power=False)
    try:
        who, day = Anybody(demo), Day(SEED)
        meetings = [chapter_of(day, chapter) for chapter in (in_the_middle, owner_at_the_menu, take_out)]
        for visit in (checked(retained_before_the_start), checked(drop_off_small), *meetings):
            who.begin()
            visit(who)
        who.knows_all_doors()
        assert demo.held == who.lying() != {}
        assert not any(breaches(demo.journal()).values())
    finally:
        demo.close()


def test_a_seed_is_an_order_of_the_same_visits() -> None:
    """Two seeds play the same visits and chores, each in its own order; the same seed in the same."""
    orders = [[step.__doc__ for step in mixed_order(seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(map(str, orders[0])) == sorted(map(str, orders[2]))


def test_every_visit_and_every_chore_has_a_title() -> None:
    """The report names each in a line."""
    titles = [step.__doc__ for step in mixed_order(1)]
    assert all(titles) and all(chore.__doc__ and "\n" not in chore.__doc__.strip() for chore in CHORES)
