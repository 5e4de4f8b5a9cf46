"""``locker crash``: figures and exit codes; a disk that lies is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from locker.cli.main import main


def test_the_disk_command_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Seed, one line a scenario, the table; 0 where nothing was found."""
    assert main(["crash", "disk", "--scenario", "schema-2", "--every", "4", "--jobs", "2", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "seed 3" in out
    assert "no breach" in out
    for row in (
        "power cuts",
        "the last write is torn",
        "images",
        "different states recovered",
        "cuts within a restart",
    ):
        assert row in out


def test_the_disk_command_finds_a_disk_that_lies(capsys: pytest.CaptureFixture[str]) -> None:
    """1, and where it was: the step, the kind of image, the check."""
    arguments = ["--scenario", "visits", "--every", "8", "--jobs", "2", "--again", "0", "--lies"]
    assert main(["crash", "disk", *arguments]) == 1
    out = capsys.readouterr().out
    assert "BREACHES" in out
    assert "image lost: state: " in out


def test_the_kill_command_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A campaign that is done prints its figures and starts nothing."""
    state = tmp_path / "kills.json"
    kept = {"seed": 1, "next": 50, "kills": 500, "visits": 400, "rounds": 50, "met": {"within a start": 100}}
    state.write_text(json.dumps(kept), "utf-8")
    assert main(["crash", "kill", "--state", str(state)]) == 0
    out = capsys.readouterr().out
    assert "500 kills in 50 rounds, 400 visits" in out
    assert "within a start" in out


@pytest.mark.parametrize("wrong", [["disk", "--scenario", "moon"], ["disk", "--every", "0"], ["kill", "--kills", "0"]])
def test_wrong_arguments_are_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """2, and what is allowed."""
    assert main(["crash", *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
