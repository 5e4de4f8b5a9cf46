"""A campaign in several sittings finds what it finds in one; what cannot be gone on with is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from locker.cli.main import main
from sim.world import campaign, sittings
from sim.world.sittings import Sittings

QUICK = ["--days", "0.01", "--visits", "300", "--faults", "0", "--seed", "5"]


def reported(folder: Path, *more: str) -> dict[str, object]:
    """Run a campaign; its report."""
    assert main(["soak", *QUICK, *more, "--report", str(folder)]) == 0
    found: dict[str, object] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


def test_three_sittings_are_one_campaign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ended twice and gone on with, in two processes the last time: the same worlds once each, the same figures."""
    state = ["--state", str(tmp_path / "state.json")]
    whole = reported(tmp_path / "whole", "--worlds", "4")
    reported(tmp_path / "one", "--worlds", "1", *state)
    reported(tmp_path / "two", "--hours", "0.0000001", *state)
    capsys.readouterr()
    three = reported(tmp_path / "three", "--worlds", "4", "--jobs", "2", *state)
    said = capsys.readouterr().out
    assert "going on: 2 worlds" in said
    assert "2 sittings so far" in said
    assert "4 worlds, " in said
    assert (whole["sittings"], three["sittings"]) == (1, 3)
    assert all(whole[name] == three[name] for name in ("totals", "counts", "parts", "states_by_fault"))
    assert " in 3 sittings." in (tmp_path / "three" / "report.md").read_text("utf-8")
    kept = json.loads((tmp_path / "state.json").read_text("utf-8"))
    assert list(kept["digests"]) == ["5", "6", "7", "8"]
    assert kept["seconds"] > 0


def test_a_campaign_that_is_over_plays_nothing_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All worlds were played: their figures are told once more, and the file stays as it is."""
    file = tmp_path / "state.json"
    assert main(["soak", *QUICK, "--worlds", "1", "--state", str(file)]) == 0
    before = file.read_bytes()
    assert main(["soak", *QUICK, "--worlds", "1", "--state", str(file)]) == 0
    assert "1 worlds, " in capsys.readouterr().out
    assert file.read_bytes() == before


def test_a_world_that_failed_is_played_again(tmp_path: Path) -> None:
    """What did not hold is not counted as played: the next sitting meets it again."""
    file = tmp_path / "state.json"
    good = campaign.seeded(5, 0.01, visits=300, faults=0)
    kept = Sittings(file, "one")
    kept.take(good, 1.5)
    kept.take(replace(good, plan=structs.replace(good.plan, seed=6), error="died"), 3.0)
    again = Sittings(file, "one")
    assert list(again.left(range(5, 8))) == [6, 7]
    assert again.seconds == 1.5
    assert again.result().counts == good.counts


def test_what_cannot_be_gone_on_with_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another seed, half a file, another program: a clear sentence, exit code 2, and the file is untouched."""
    file = tmp_path / "state.json"
    assert main(["soak", *QUICK, "--worlds", "1", "--state", str(file)]) == 0
    before = file.read_bytes()
    assert main(["soak", *QUICK[:-1], "6", "--worlds", "1", "--state", str(file)]) == 2
    assert "it is of 'locker soak --days 0.01 --visits 300 --faults 0 --seed 5'" in capsys.readouterr().err
    other = before.replace(sittings.program().encode(), b"0" * 64)
    for wrong, says in ((before[: len(before) // 2], "not the state"), (other, "the program has changed since")):
        file.write_bytes(wrong)
        assert main(["soak", *QUICK, "--worlds", "1", "--state", str(file)]) == 2
        assert says in capsys.readouterr().err
        assert file.read_bytes() == wrong
