"""The verification's part of the bench: what is measured is what its names say. No figure is judged here."""

from __future__ import annotations

import json

import pytest

from locker.authority.token import Refused
from locker.cli import main
from locker.model import Refusal
from sim.bench_tokens import READINGS, Readings, measure

SORTS = ["valid", "forged", "expired", "unknown_key", "cut_short", "garbage", "foreign"]


def test_every_reading_of_a_sort_gets_the_answer_of_its_sort() -> None:
    """All of a sort are different, and are answered alike; a forged one differs from a good one in its signature."""
    readings = Readings(3)
    sorts = readings.sorts()
    assert list(sorts) == SORTS
    for answer, texts in sorts.values():
        assert len(set(texts)) == len(texts) == READINGS
        for text in texts:
            found = readings.authority.verify(text, readings.now)
            assert (found.reason if isinstance(found, Refused) else None) is answer
    assert sorts["forged"][0] is Refusal.SIGNATURE


def test_the_figures_of_a_run_belong_together() -> None:
    """Counts, rates and ratios follow from the medians; the valid token is the measure."""
    found = measure(1, rounds=5)
    assert list(found) == SORTS
    assert found["valid"]["to_valid"] == 1
    for cost in found.values():
        assert cost["count"] == 40
        assert cost["per_second"] == pytest.approx(1e6 / cost["median_us"])
        assert cost["to_valid"] == pytest.approx(cost["median_us"] / found["valid"]["median_us"])
        assert 0 < cost["median_us"] <= cost["p95_us"]


def test_the_command_measures_the_verification_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """``locker bench --tokens-only`` needs no broker and no port: a table, or JSON."""
    assert main.main(["bench", "--tokens-only", "--json", "--seed", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seed"] == 4
    assert list(told["tokens"]) == SORTS
    assert main.main(["bench", "--tokens-only"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [name.split("_")[0] for name in SORTS]
