"""What a campaign met is told whole: a long one with gaps has failed; report, table and picture agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from locker import texts
from locker.cli.main import main
from locker.machine import COMPARTMENT, DUTY, VISIT
from locker.model import Refusal
from sim.world import campaign, report
from sim.world.counts import CUTS, FAULTS
from sim.world.coverage import (
    COLUMNS,
    COMPLETE_WORLDS,
    DOWN,
    NO_OVERLAP,
    STRIKES,
    UNREACHABLE,
    Coverage,
    wanted,
)
from sim.world.picture import page, shade, short
from sim.world.plan import Happening, Plan, Site
from sim.world.rarities import EVERYBODY

PEOPLE = EVERYBODY


def everything() -> Counter[str]:
    """Counts of a campaign that has met all there is, each seven times."""
    return Counter({name: 7 for names in wanted(PEOPLE).values() for name in names})


def judged(counts: Counter[str], worlds: int = COMPLETE_WORLDS, seconds: float = 10.0) -> report.Campaign:
    """A campaign of these counts."""
    result = campaign.Result(worlds=worlds, ms=worlds * 86_400_000, counts=counts)
    return report.Campaign(result, Coverage(counts, PEOPLE), "locker soak --seed 1", "abc", seconds)


def test_all_that_the_production_tables_name_is_wanted() -> None:
    """Each row, state, refusal and event type is wanted, or in the table of what no world can meet, with a reason."""
    names = {name for names in wanted(PEOPLE).values() for name in names}
    tables = {"door": COMPARTMENT, "visit": VISIT, "duty": DUTY}
    rows = {f"{name}_row/{t}:{s.value}" for name, table in tables.items() for t, s, _ in table}
    events = {f"event/{kind}" for kind in texts.catalogue("zh")["events"]}
    refusals = {f"refusal/{reason.value}" for reason in Refusal}
    people = {f"people/{kind}" for kind in PEOPLE}
    states = {f"{name}/{s.value}" for name, table in tables.items() for _, s, _ in table}
    assert names | set(UNREACHABLE) == {*FAULTS, *CUTS, *rows, *events, *refusals, *people, *states}
    assert not names & set(UNREACHABLE)
    assert all(len(why) > 20 for why in [*UNREACHABLE.values(), *NO_OVERLAP.values()])
    assert all(fault in STRIKES and state in COLUMNS for fault, state in NO_OVERLAP)


def test_one_thing_missing_is_named() -> None:
    """Nothing is missing from a whole campaign; without one of anything, that one is."""
    whole = everything()
    assert Coverage(whole, PEOPLE).missing == []
    for name in (
        "fault/echo_board",
        "killed/idle",
        "visit/asking",
        "door_row/repair:jammed",
        "event/moved",
        "people/late",
    ):
        assert Coverage(whole - Counter({name: 7}), PEOPLE).missing == [name]


def test_a_refusal_that_is_only_shown_has_been_met() -> None:
    """A wrong pick-up code is no ``denied`` event: what the screen said counts as well."""
    counts = everything() - Counter({"refusal/wrong_code": 7})
    assert Coverage(counts, PEOPLE).missing == ["refusal/wrong_code"]
    assert Coverage(counts + Counter({"shown/wrong_code": 2}), PEOPLE).missing == []


def test_what_is_said_to_be_impossible_and_happens_is_told() -> None:
    """A name in the table of reasons that was met all the same is a mistake in the table."""
    name = next(iter(UNREACHABLE))
    assert Coverage(everything() + Counter({name: 1}), PEOPLE).surprises == [name]


def test_largest_gaps_come_first() -> None:
    """Faults are ranked by the number of states that they could have met and did not."""
    counts = Counter(
        {f"at/{fault}|{state}": 3 for fault in STRIKES for state in COLUMNS if fault != "fault/echo_board"}
    )
    counts.update({f"at/fault/echo_board|{COLUMNS[0]}": 5})
    found = Coverage(counts, PEOPLE)
    assert found.ranked()[0] == "fault/echo_board"
    assert found.empty("fault/echo_board") == len(COLUMNS) - 1
    assert found.empty("fault/delay_board") == 0
    assert Coverage(Counter(), PEOPLE).cell("killed/idle", DOWN) is None


def test_strikes_meet_the_states_of_their_moment() -> None:
    """A jam that goes on while a door opens has met that state; a power cut at idle met closed doors and nobody."""
    happenings = [
        Happening(1, 60_000, "door_jams", 1, {"door": 2, "how": "jams", "pulses": 1, "late_ms": 0, "for_ms": 60_000}),
        Happening(2, 70_000, "person", 2, {"kind": "careful", "door": 2}),
        Happening(3, 300_000, "cut", 3, {"point": "idle", "ends": "power", "event": "", "statement": 1, "off_ms": 500}),
    ]
    site = Site(doors=6, poll_ms=100, idle_poll_ms=5000)
    outcome = campaign.play(Plan(seed=1, end_ms=360_000, site=site, happenings=happenings, quiet=False))
    assert outcome.good
    met = Coverage(outcome.counts)
    assert [s for s in COLUMNS if met.cell("power_cut/idle", s)] == ["door/closed", "visit/idle"]
    jam = [s for s in COLUMNS if met.cell("fault/door_jams", s)]
    assert {"door/closed", "door/opening", "visit/idle", "visit/opening", "visit/resting"} <= set(jam)
    assert not met.cell("fault/door_jams", DOWN)


class Seen(HTMLParser):
    """What a browser would take from the page: cells by class, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: Counter[str] = Counter()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [str(given[name]) for name in ("src", "href") if name in given]
        if tag == "td":
            self.classes.update((given.get("class") or "").split())


def test_the_picture_stands_alone_and_shows_every_pair() -> None:
    """One page, no address in it; a cell for each fault and state: a shade, a framed 0, or hatched."""
    counts = everything() + Counter({"at/fault/echo_board|door/open": 1234, "at/fault/echo_board|visit/idle": 9})
    html = page(Coverage(counts, PEOPLE), [("1", "worlds")])
    seen = Seen()
    seen.feed(html)
    assert not seen.addresses
    assert not re.search(r"https?:|url\(|@import|<script|<link", html)
    cells = html.partition("<tbody>")[2].partition("</tbody>")[0]
    body = Seen()
    body.feed(cells)
    assert (body.classes["s4"], body.classes["s1"], body.classes["none"]) == (1, 1, len(NO_OVERLAP))
    assert body.classes["zero"] == len(STRIKES) * len(COLUMNS) - 2 - len(NO_OVERLAP)
    assert html.index("故障") < html.index("fault ·")


@pytest.mark.parametrize(
    ("count", "dark", "said"),
    [(0, 0, "0"), (9, 1, "9"), (10, 2, "10"), (9999, 4, "9999"), (12_345, 5, "12k"), (3_400_000, 6, "3.4M")],
)
def test_numbers_in_cells(count: int, dark: int, said: str) -> None:
    """One shade a digit, at most four signs."""
    assert (shade(count), short(count)) == (dark, said)


def test_the_report_is_written_and_agrees_with_itself(tmp_path: Path) -> None:
    """JSON, text, Markdown and page have the same figures."""
    written = report.write(judged(everything()), tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["report.json", "report.txt", "report.md", "report.html"]
    figures: dict[str, Any] = json.loads(written[0].read_text())
    assert figures["totals"]["worlds"] == COMPLETE_WORLDS
    assert figures["parts"]["people"] == {"met": len(PEOPLE), "all": len(PEOPLE), "often": 7 * len(PEOPLE)}
    assert figures["missing"] == []
    assert set(figures["states_by_fault"]) == set(STRIKES)
    for path in written[1:]:
        text = path.read_text()
        assert f"{7 * len(PEOPLE):,}" in text
        assert "来的人" in text


def test_figures_are_put_between_their_marks() -> None:
    """A page keeps all that stands around the figures, also when they are filled in again."""
    page_text = f"# A\n\n{report.MARKDOWN_BEGINS}\nold\n{report.MARKDOWN_ENDS}\n\nafter\n"
    once = report.filled(page_text, "| new |")
    assert once == report.filled(once, "| new |\n")
    assert "old" not in once
    assert once.startswith("# A\n\n")
    assert once.endswith("\n\nafter\n")
    with pytest.raises(ValueError, match="no place for the figures"):
        report.filled("# A\n", "x")


def test_the_page_of_figures_has_its_marks() -> None:
    """docs/reliability.md has the place into which ``locker soak --fill`` writes."""
    here = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
    report.filled(here.read_text(encoding="utf-8"), "x")


def test_the_command_reports_what_a_short_campaign_has_not_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short campaign is good with gaps, names them, and writes its report."""
    folder = tmp_path / "report"
    said = ["soak", "--worlds", "1", "--days", "0.01", "--seed", "3", "--visits", "300", "--faults", "0"]
    assert main([*said, "--report", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "没见过 never met" in out
    assert "this is no failure" in out
    figures = json.loads((folder / "report.json").read_text())
    assert figures["command"] == "locker soak --worlds 1 --days 0.01 --visits 300 --faults 0 --jobs 1 --seed 3"
    assert "fault/echo_board" in figures["missing"]


def test_a_long_campaign_with_gaps_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """From the documented number of worlds on, one thing that was never met is a failure."""
    from locker.cli import soak

    whole, gap = Coverage(everything(), PEOPLE), Coverage(everything() - Counter({"fault/echo_board": 7}), PEOPLE)
    assert soak._judge(whole, COMPLETE_WORLDS) == 0
    assert soak._judge(gap, COMPLETE_WORLDS) == 1
    assert soak._judge(gap, COMPLETE_WORLDS - 1) == 0
    assert "fault/echo_board" in capsys.readouterr().out


def test_the_command_replays_a_saved_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that cannot be played as it should (a door that no world has) is told with its story and its place."""
    bad = Happening(1, 60_000, "sensor", 1, {"door": 99, "how": "flickers", "for_ms": 1000})
    file = tmp_path / "plan.json"
    from sim.world import plan, shrink

    drawn = Plan(seed=1, end_ms=120_000, site=Site(doors=6), happenings=[bad])
    failed = campaign.play(drawn)
    file.write_bytes(plan.write(shrink.Shrinker(failed, campaign.play, lambda: 0).run().plan))
    assert main(["soak", "--replay", str(file)]) == 1
    out = capsys.readouterr().out
    assert "门磁坏了" in out
    assert "KeyError" in out
    assert "柜子启动  Cabinet started" in out
    assert "fails at the same step" in out
    assert main(["soak", "--replay", str(tmp_path / "none.json")]) == 2
