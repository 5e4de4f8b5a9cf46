"""docs/security.md is held to the tests: what it says nobody can do has a test, and the test is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ATTACKERS = {
    "A resident": 7,
    "A passer-by with a screwdriver": 7,
    "A thief with the SD card": 6,
    "Somebody with the broker's password": 8,
    "A malicious cloud operator": 6,
    "A member of staff, or whoever stole their key": 6,
    "Somebody in the network": 6,
    "Somebody with the USB port": 7,
    "The cabinet's own technician": 4,
}
"""Who is on the page, in this order, and how many rows of what they cannot do each has at least."""
CAN_MIN = 3
CITED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


def sections() -> dict[str, list[list[str]]]:
    """The attackers' names with the rows of their tables: can or cannot, what, therefore, shown by."""
    found = {}
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        title = part.splitlines()[0]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
        kept = [row for row in rows if row[0] in ("can", "cannot")]
        if kept:
            found[re.sub(r"^\d+\. | · .*$", "", title)] = kept
    return found


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of the test functions in a file, by reading it alone."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_attacker_is_there_with_enough_of_both() -> None:
    """Nine of them, in order; what they can do is said as well as what they cannot."""
    found = sections()
    assert list(found) == list(ATTACKERS)
    for name, least in ATTACKERS.items():
        kinds = [row[0] for row in found[name]]
        assert (kinds.count("cannot") >= least, kinds.count("can") >= CAN_MIN) == (True, True), (name, kinds)


def test_every_row_has_four_cells() -> None:
    """A bar too many would hide a test from the other checks."""
    assert [row for rows in sections().values() for row in rows if len(row) != 4] == []


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_whatever_they_cannot_do_is_shown_by_a_test(attacker: str) -> None:
    """At least one in each row, named so that it can be run as it stands there."""
    for kind, what, _, shown_by in sections()[attacker]:
        cited = CITED.findall(shown_by)
        assert bool(cited) == (kind == "cannot"), (what, shown_by)
        assert re.sub(CITED, "", shown_by).strip(" ,") == "", f"{what}: not a citation: {shown_by}"


def test_every_cited_test_is_there() -> None:
    """By its very name, in that very file: a test that is renamed is renamed here."""
    cited = CITED.findall(PAGE)
    assert len(cited) > 90
    missing = [
        f"{path}::{name}" for path, name in cited if not (ROOT / path).is_file() or name not in functions_of(path)
    ]
    assert missing == []
    assert len(re.findall(r"tests/[^`]*::", PAGE)) == len(cited), "something that looks like a citation is none"


@pytest.mark.parametrize("number", [1, 2, 3, 5, 10])
def test_the_invariants_about_authority_are_shown(number: int) -> None:
    """Each is named in a row of what somebody cannot do, with its tests."""
    rows = [row for rows in sections().values() for row in rows if row[0] == "cannot"]
    assert any(f"(invariant {number})" in what for _, what, _, _ in rows)


def test_the_standards_are_gone_through_in_full_and_nothing_is_claimed() -> None:
    """All thirteen groups of ETSI EN 303 645, each met, partly or not; and no word of a certificate."""
    part = PAGE[PAGE.index("ETSI EN 303 645, provision groups") : PAGE.index("OWASP ISVS (1.0 RC)")]
    rows = re.findall(r"^\| (5\.\d+) \| .+? \| (met|partly|not) \| .+ \|$", part, flags=re.MULTILINE)
    assert [number for number, _ in rows] == [f"5.{n}" for n in range(1, 14)]
    assert "Not certified" in PAGE


def test_the_page_begins_in_chinese_and_is_found_from_the_readme() -> None:
    """Who runs a cabinet reads Chinese; and nobody reads a page that nothing leads to."""
    assert "中文概要" in PAGE[:200]
    assert "docs/security.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "security.md" in (ROOT / "docs/invariants.md").read_text(encoding="utf-8")
