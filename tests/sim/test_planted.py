"""Planted bugs: the table fits the program, each text stands once, and some are planted here and caught by name.

All of them: ``make planted``; the figures are in docs/reliability.md.
"""

from __future__ import annotations

import py_compile
from pathlib import Path

import pytest

from sim.world.casts import CASTS
from sim.world.company import plan_of, seeds
from sim.world.planted import SABOTAGES
from sim.world.planting import ROOT, spoilt, try_out
from sim.world.sabotage import Sabotage

LIVE = {
    "forgets to spend": {"spent_opens_nothing"},
    "acts before it commits": {"authority_first", "refusals_told"},
    "bits in the wrong order": {"seen_is_seen", "belief_is_truth", "own_order_only"},
}


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_each_planted_bug_stands_once_and_still_is_a_program(sabotage: Sabotage, tmp_path: Path) -> None:
    """The old text is in its file exactly once, what is put there differs, and the file can be compiled with it."""
    text = spoilt((ROOT / sabotage.file).read_text("utf-8"), sabotage)
    spoilt_file = tmp_path / "spoilt.py"
    spoilt_file.write_text(text, "utf-8")
    py_compile.compile(str(spoilt_file), doraise=True)
    assert sabotage.old != sabotage.new
    assert sabotage.cast in {*CASTS, "disk"}


def test_there_are_at_least_thirty_and_each_invariant_has_one() -> None:
    """Thirty bugs of different names, and one at least for each of the ten invariants."""
    assert len({sabotage.name for sabotage in SABOTAGES}) == len(SABOTAGES) >= 30
    assert {sabotage.invariant for sabotage in SABOTAGES} == set(range(1, 11))


def test_a_cast_is_the_same_for_the_same_seed() -> None:
    """The same seed and cast give the same plan, and a cast's site is what it asks for."""
    for name, cast in CASTS.items():
        seed = seeds(cast, 1)[0]
        plan = plan_of(seed, cast)
        assert plan == plan_of(seed, cast), name
        assert all(getattr(plan.site, what) == wanted for what, wanted in cast.site.items()), name


@pytest.mark.parametrize("name", LIVE)
def test_a_planted_bug_is_caught(name: str) -> None:
    """Planted in a copy of the program, it is found by the check of what it breaks; the unspoilt world holds."""
    sabotage = next(sabotage for sabotage in SABOTAGES if sabotage.name == name)
    catch = try_out(sabotage, worlds=2)
    print(catch.row(), catch.says)
    assert catch.caught, catch.says
    assert catch.check in LIVE[name]
