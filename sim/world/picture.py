"""The picture of a campaign: states across, faults down, a number in each cell; one page without any other file.

Darker is more often. Read in black and white: every cell has its number, what never met is a white cell with a thick
frame and a 0, what cannot meet is hatched. Faults with the largest gaps come first. Knows numbers and how they look.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import log10

from sim.world.coverage import COLUMNS, Coverage, excluded
from sim.world.names import FAULT_NAMES, PART_NAMES, STATE_NAMES, both

SHADES = 6
STYLE = """
*{box-sizing:border-box}body{margin:0;padding:16px 18px;background:#fff;color:#000;
font:18px/1.4 "Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
h1{font-size:28px;margin:0 0 4px}h2{font-size:22px;margin:28px 0 8px}p{margin:4px 0 12px;max-width:60em}
ul.heads{display:flex;flex-wrap:wrap;gap:10px 28px;list-style:none;margin:12px 0;padding:0}
ul.heads li{font-size:16px}ul.heads b{display:block;font-size:26px;line-height:1.15}
table{border-collapse:collapse}th,td{border:1px solid #777;padding:2px 5px;text-align:right}
thead th{position:sticky;top:0;background:#fff;text-align:center;vertical-align:bottom;font-size:17px;
line-height:1.2;white-space:nowrap;padding:2px 3px;
box-shadow:0 2px 0 #000}
thead tr.groups th{position:static;box-shadow:none;font-size:18px}
thead small{display:block;font-weight:400;font-size:14px}
tbody th{text-align:left;font-weight:400;line-height:1.2;white-space:nowrap}tbody th small{display:block;font-size:15px}
tbody th b{float:right;margin-left:10px}
table.map td{padding:2px 4px;font-size:16px;font-variant-numeric:tabular-nums}
td.s1{background:#ededed}td.s2{background:#d4d4d4}td.s3{background:#b5b5b5}td.s4{background:#5a5a5a;color:#fff}
td.s5{background:#333;color:#fff}td.s6{background:#000;color:#fff}
td.zero{background:#fff;border:3px solid #000;font-weight:700;font-size:20px;text-align:center}
td.none{background:repeating-linear-gradient(45deg,#fff 0 5px,#bbb 5px 7px)}
td.edge,th.edge{border-left:3px solid #000}
.legend td{width:auto;padding:2px 12px}.legend{margin:8px 0 14px}
table.parts td,table.parts th{padding:3px 12px}
@media print{thead th{position:static}body{padding:0}}
"""
EDGES = ("visit/idle", "machine/down")
"""The columns at which another group begins."""


def page(coverage: Coverage, heads: Iterable[tuple[str, str]]) -> str:
    """The whole page. ``heads`` are the large figures: number, name."""
    large = "".join(f"<li><b>{escape(number)}</b>{escape(name)}</li>" for number, name in heads)
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>模拟世界 The simulated world</title><style>{STYLE}</style></head><body>"
        "<h1>模拟世界见过什么 <small>What the simulated world has met</small></h1>"
        f'<ul class="heads">{large}</ul>{_legend()}{_map(coverage)}{_parts(coverage)}{_missing(coverage)}</body></html>'
    )


def shade(count: int) -> int:
    """How dark a cell is: 1 for one to nine, one more for each further digit."""
    return min(SHADES, 1 + int(log10(count))) if count else 0


def short(count: int) -> str:
    """A number in at most four signs: 999, 12k, 3.4M."""
    if count < 10_000:
        return str(count)
    if count < 1_000_000:
        return f"{count // 1000}k"
    return f"{count / 1_000_000:.1f}M" if count < 10_000_000 else f"{count // 1_000_000}M"


def _legend() -> str:
    shades = "".join(f'<td class="s{n}">{label}</td>' for n, label in enumerate(_LABELS, 1))
    return (
        "<p>每格：这个故障发生或持续时，柜门或来访正处在（或进入）这个状态，共多少次。缺口大的故障在前。<br>"
        "Each cell: how often a door or the visit was in, or came into, this state while the fault struck or lasted. "
        "Largest gaps first.</p>"
        f'<table class="legend"><tr><td class="zero">0</td><td>从没碰上 never met</td><td class="none">&nbsp;</td>'
        f"<td>碰不上 cannot meet</td>{shades}</tr></table>"
    )


_LABELS = ("1+", "10+", "100+", "1000+", "10k+", "100k+")


def _map(coverage: Coverage) -> str:
    groups = (
        '<tr class="groups"><th></th><th colspan="7">柜门 doors</th><th colspan="9" class="edge">来访 visit</th>'
        '<th class="edge"></th></tr>'
    )
    heads = "".join(f"<th{_edge(s)}>{STATE_NAMES[s][0]}<small>{STATE_NAMES[s][1]}</small></th>" for s in COLUMNS)
    rows = "".join(_row(coverage, fault) for fault in coverage.ranked())
    return (
        f'<table class="map"><thead>{groups}<tr><th>故障<small>fault · 次数 times</small></th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _edge(state: str, kind: str = "") -> str:
    names = " ".join(name for name in (kind, "edge" if state in EDGES else "") if name)
    return f' class="{names}"' if names else ""


def _row(coverage: Coverage, fault: str) -> str:
    chinese, english = FAULT_NAMES[fault]
    cells = "".join(_cell(coverage, fault, state) for state in COLUMNS)
    times = short(coverage.counts[fault])
    return f"<tr><th><b>{times}</b>{escape(chinese)}<small>{escape(english)}</small></th>{cells}</tr>"


def _cell(coverage: Coverage, fault: str, state: str) -> str:
    count = coverage.cell(fault, state)
    if count is None:
        return f'<td{_edge(state, "none")} title="{escape(excluded(fault, state))}"></td>'
    kind = f"s{shade(count)}" if count else "zero"
    return f"<td{_edge(state, kind)}>{short(count)}</td>"


def _parts(coverage: Coverage) -> str:
    rows = "".join(
        f"<tr><th>{escape(both(PART_NAMES[p.kind]))}</th><td>{p.met} / {p.all}</td><td>{p.often:,}</td></tr>"
        for p in coverage.parts
    )
    return (
        "<h2>见过的 <small>What was met</small></h2>"
        f'<table class="parts"><tr><th></th><th>见过 met</th><th>次数 times</th></tr>{rows}</table>'
    )


def _missing(coverage: Coverage) -> str:
    names = ", ".join(coverage.missing) or "没有 none"
    return f"<h2>没见过的 <small>What was never met</small></h2><p>{escape(names)}</p>"
