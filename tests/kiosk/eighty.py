"""``make eighty``: a person of eighty, counted: what each flow takes on the simulator, as the table in docs/screen.md.

Steps are things that the person does; touches are single presses on the screen; words are those of every screen on the
way. Seconds come from a model of a slow person (``resident``) and the machine's own time, and are rounded to five.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from kiosk_window import chromium, window  # noqa: E402
from resident import QUICK, Count, Resident, demo_in  # noqa: E402
from resident_flows import FLOWS  # noqa: E402
from staff_flows import AGED_FLOWS, IMPATIENT, LONG_FLOWS, STAFF_FLOWS, aged  # noqa: E402
from staff_troubles import walks_away  # noqa: E402

from sim.demo import Demo  # noqa: E402
from sim.demo_site import Pace  # noqa: E402

PAGE = ROOT / "docs" / "screen.md"
Flow = Callable[[Resident], object]
HEAD = "| 事情 flow | 步 steps | 按 touches | 字 words | 秒 seconds |\n|---|---:|---:|---:|---:|"


def main() -> int:
    """Play every flow once and write the tables."""
    with chromium() as browser:
        write("eighty", played(browser, FLOWS))
        late = played(browser, (*AGED_FLOWS, walks_away), IMPATIENT, aged)
        write("staff", played(browser, STAFF_FLOWS) + late)
        write("long", played(browser, LONG_FLOWS))
    return 0


def played(
    browser: Any, flows: Iterable[Flow], pace: Pace = QUICK, prepare: Callable[[Demo], None] = lambda demo: None
) -> list[str]:
    """The rows of some flows, in a cabinet of their own."""
    with tempfile.TemporaryDirectory(prefix="locker-eighty-") as folder:
        demo = demo_in(Path(folder), pace)
        try:
            prepare(demo)
            return rows(demo, browser, flows)
        finally:
            demo.close()


def write(name: str, lines: list[str]) -> None:
    """Put a table between its marks."""
    table = "\n".join([HEAD, *lines])
    begin, end = marks(name)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(table)


def marks(name: str) -> tuple[str, str]:
    """Where a table begins and ends."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def rows(demo: Demo, browser: Any, flows: Iterable[Flow]) -> list[str]:
    """A table's rows, in the order of the flows."""
    found = []
    for flow in flows:
        with window(browser, demo.site.kiosk_url, "small") as glass:
            resident = Resident(demo, glass)
            flow(resident)
            count = resident.count
            seconds = count.seconds if flow in FLOWS else count.staff_seconds
            found.append(row(flow.__doc__ or "", count, seconds))
    return found


def row(title: str, count: Count, seconds: int) -> str:
    """One flow's row; the seconds rounded, for they are a model."""
    return f"| {title} | {count.steps} | {count.touches} | {count.words} | {5 * round(seconds / 5)} |"


def told() -> dict[str, tuple[int, int, int]]:
    """What docs/screen.md says: steps, touches and words by the flow's title."""
    lines = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| \d+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {title: (int(steps), int(touches), int(words)) for title, steps, touches, words in lines}


if __name__ == "__main__":
    sys.exit(main())
