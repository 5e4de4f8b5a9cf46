"""The report of a campaign: one JSON file with every figure, the same as tables for a terminal and for Markdown.

Knows figures and how to set them; the picture is in ``sim.world.picture``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.world.campaign import Result
from sim.world.coverage import COLUMNS, COMPLETE_WORLDS, NO_OVERLAP, STRIKES, UNREACHABLE, Coverage
from sim.world.names import FAULT_NAMES, PART_NAMES, both
from sim.world.picture import page
from sim.world.shrink import broke

MARKDOWN_BEGINS, MARKDOWN_ENDS = "<!-- soak: figures begin -->", "<!-- soak: figures end -->"
TOTALS: dict[str, tuple[str, str]] = {
    "worlds": ("世界", "worlds"),
    "days": ("柜·天", "cabinet-days"),
    "visits": ("来的人", "visitors"),
    "loads": ("放进的证件", "certificates loaded"),
    "certificates": ("居民取走的证件", "certificates collected"),
    "grants": ("准开", "codes granted"),
    "orders": ("开锁命令", "unlock orders"),
    "pulses": ("线圈通电", "coil pulses"),
    "events": ("事件", "events"),
    "turns": ("转", "turns of the program"),
    "starts": ("程序启动", "starts of the program"),
    "power_cuts": ("断电", "power cuts"),
    "kills": ("进程被杀", "kills"),
    "faults": ("故障", "faults"),
    "failed": ("出错的世界", "worlds that failed"),
}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that is over: what it found, with which command and commit, in how many seconds and sittings."""

    result: Result
    coverage: Coverage
    command: str
    commit: str
    seconds: float
    sittings: int = 1

    def totals(self) -> dict[str, float]:
        """The figures of the head, in the order of ``TOTALS``."""
        counts = self.result.counts
        own = {
            "worlds": self.result.worlds,
            "days": round(self.result.days, 1),
            "visits": _sum(counts, "people/"),
            "loads": counts["event/loaded"],
            "grants": counts["event/granted"],
            "power_cuts": _sum(counts, "power_cut/"),
            "kills": _sum(counts, "killed/"),
            "faults": _sum(counts, "fault/"),
            "failed": len(self.result.failed),
        }
        return {name: own[name] if name in own else counts[f"total/{name}"] for name in TOTALS}

    def figures(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        cover = self.coverage
        return {
            "command": self.command,
            "commit": self.commit,
            "seconds": round(self.seconds, 1),
            "sittings": self.sittings,
            "days_per_second": round(self.result.days / max(0.001, self.seconds), 4),
            "totals": self.totals(),
            "complete_from_worlds": COMPLETE_WORLDS,
            "parts": {p.kind: {"met": p.met, "all": p.all, "often": p.often} for p in cover.parts},
            "missing": cover.missing,
            "unreachable": UNREACHABLE,
            "surprises": cover.surprises,
            "counts": {name: count for name, count in sorted(cover.counts.items()) if not name.startswith("at/")},
            "states_by_fault": {f: {s: cover.cell(f, s) for s in COLUMNS} for f in STRIKES},
            "no_overlap": [{"fault": f, "state": s, "why": why} for (f, s), why in sorted(NO_OVERLAP.items())],
            "failures": [
                {"seed": outcome.plan.seed, "check": end.check, "number": end.number, "ms": end.ms, "says": end.says}
                for outcome in self.result.failed
                if (end := broke(outcome)) is not None
            ],
        }


def _sum(counts: dict[str, int], prefix: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(prefix))


def _number(value: float) -> str:
    return f"{value:,}"


def text(campaign: Campaign) -> list[str]:
    """The tables for a terminal and for report.txt."""
    lines = [f"{_number(value):>16}  {both(TOTALS[name])}" for name, value in campaign.totals().items()]
    lines += ["", "见过的  What was met"]
    lines += [f"{p.met:>8} / {p.all:<4} {p.often:>13,}  {both(PART_NAMES[p.kind])}" for p in campaign.coverage.parts]
    lines += ["", "故障(缺口大的在前)  Faults, largest gaps first: how often; states never met"]
    for fault in campaign.coverage.ranked():
        count, empty = campaign.coverage.counts[fault], campaign.coverage.empty(fault)
        lines.append(f"{count:>13,}  {empty:>3}  {both(FAULT_NAMES[fault])}")
    missing = campaign.coverage.missing
    lines += ["", "没见过  Never met: " + (", ".join(missing) or "-")]
    lines += [
        f"见过,表上却说不会  Met, and the table says it cannot be: {name}" for name in campaign.coverage.surprises
    ]
    lines += ["", "世界里不会有的,和为什么  What no world can meet, and why"]
    return [*lines, *(f"  {name}: {why}" for name, why in UNREACHABLE.items())]


def markdown(campaign: Campaign) -> list[str]:
    """The section's figures for docs/reliability.md."""
    took = f"{campaign.seconds:,.0f} s" + (f" in {campaign.sittings} sittings" if campaign.sittings > 1 else "")
    lines = [f"`{campaign.command}`, commit {campaign.commit}, {took}.", "", "| | |", "|---|---:|"]
    lines += [f"| {both(TOTALS[name])} | {_number(value)} |" for name, value in campaign.totals().items()]
    lines += ["", "| 见过 met | | of | times |", "|---|---:|---:|---:|"]
    lines += [f"| {both(PART_NAMES[p.kind])} | {p.met} | {p.all} | {p.often:,} |" for p in campaign.coverage.parts]
    lines += ["", "| 故障 fault | times | 没碰上的状态 states never met |", "|---|---:|---:|"]
    for fault in campaign.coverage.ranked():
        lines.append(
            f"| {both(FAULT_NAMES[fault])} | {campaign.coverage.counts[fault]:,} | {campaign.coverage.empty(fault)} |"
        )
    return lines


def write(campaign: Campaign, folder: Path) -> list[Path]:
    """Write report.json, report.txt, report.md and report.html into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "report.json": json.dumps(campaign.figures(), ensure_ascii=False, indent=1),
        "report.txt": "\n".join(text(campaign)),
        "report.md": "\n".join(markdown(campaign)),
        "report.html": page(campaign.coverage, _heads(campaign)),
    }
    for name, content in given.items():
        (folder / name).write_text(content + "\n", encoding="utf-8")
    return [folder / name for name in given]


def _heads(campaign: Campaign) -> Iterable[tuple[str, str]]:
    """The large figures above the picture."""
    totals = campaign.totals()
    for name in ("worlds", "days", "visits", "events", "power_cuts", "faults", "failed"):
        yield _number(totals[name]), both(TOTALS[name])


def filled(page_text: str, figures: str) -> str:
    """A Markdown page with the figures put between its two marks. Raises ``ValueError`` where a mark is missing."""
    before, begins, rest = page_text.partition(MARKDOWN_BEGINS)
    _, ends, after = rest.partition(MARKDOWN_ENDS)
    if not begins or not ends:
        raise ValueError(f"no place for the figures: the page needs {MARKDOWN_BEGINS} and {MARKDOWN_ENDS}")
    return f"{before}{MARKDOWN_BEGINS}\n\n{figures.strip()}\n\n{MARKDOWN_ENDS}{after}"
