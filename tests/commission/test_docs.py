"""docs/commissioning.md shows the dialogue as it really prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from locker.cli.main import main
from locker.commission.finding import FAMILIES

DOC = (Path(__file__).resolve().parents[2] / "docs" / "commissioning.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", DOC, flags=re.DOTALL)


def test_the_dialogue_in_the_docs_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of the three excerpts is printed, in their order."""
    assert main(["commission", "--simulate", "cu16", "--seed", "3"]) == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    shown = [line.strip() for block in BLOCKS[1:] for line in block.splitlines()]
    assert len(shown) > 40
    at = 0
    for line in shown:
        assert line in printed[at:], f"not printed, or not after line {at}: {line}"
        at = printed.index(line, at) + 1


def test_every_family_and_option_is_in_the_docs() -> None:
    """What can be answered and typed is explained."""
    for word in (*FAMILIES, "--door", "--port", "--board", "--simulate", "--by-hand", "--config"):
        assert word in DOC
