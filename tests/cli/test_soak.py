"""``locker soak`` on the command line: seeds printed, figures told, a saved plan played again, mistakes refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from locker.cli.main import main
from sim.world import plan
from sim.world.forecast import draw

QUICK = ["--days", "0.01", "--visits", "300", "--faults", "0"]


def test_a_few_worlds_are_played_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Two worlds: their seeds, the speed and what was met are printed; 0 because every invariant held."""
    assert main(["soak", "--worlds", "2", "--seed", "5", "--counts", *QUICK]) == 0
    said = capsys.readouterr().out
    assert "seeds 5 .. 6" in said
    assert "2 worlds" in said
    assert "cabinet-days/s" in said
    assert "event: " in said
    assert "every invariant held in every world" in said


def test_a_saved_plan_is_played_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file gives the same trace each time."""
    file = tmp_path / "plan.json"
    file.write_bytes(plan.write(draw(5, 0.01, visits=300, faults=0)))
    told = []
    for _ in range(2):
        assert main(["soak", "--replay", str(file)]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "seed 5: trace " in told[0]


def test_what_is_no_plan_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no plan is named as such, without a traceback."""
    file = tmp_path / "plan.json"
    file.write_text("{}")
    assert main(["soak", "--replay", str(file)]) == 2
    assert "not a plan of a world" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--worlds", "0"], ["--jobs", "0"], ["--days", "0"], ["--hours", "0"]])
def test_mistakes_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is played with figures that make no sense."""
    assert main(["soak", *wrong]) == 2
    assert "at least 1" in capsys.readouterr().err


def test_hours_begin_worlds_until_the_time_is_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The time is up with the first world: it is played to its end, and no other is begun; the report says how long."""
    hours = ["--hours", "0.0000001", "--report", str(tmp_path)]
    assert main(["soak", "--seed", "5", *hours, *QUICK]) == 0
    said = capsys.readouterr().out
    assert "seeds 5 .. (1e-07 h)" in said
    assert "1 worlds" in said
    assert "every invariant held in every world" in said
    assert "--hours 1e-07" in (tmp_path / "report.md").read_text(encoding="utf-8")
