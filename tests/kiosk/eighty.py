"""``make eighty``: a person of eighty, counted: what each flow takes on the simulator, as the table in docs/screen.md.

Steps are things that the person does; touches are single presses on the screen; words are those of every screen on the
way. Seconds come from a model of a slow person (``resident``) and the machine's own time, and are rounded to five.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from kiosk_window import chromium, window  # noqa: E402
from resident import Count, Resident, demo_in  # noqa: E402
from resident_flows import FLOWS  # noqa: E402

from sim.demo import Demo  # noqa: E402

PAGE = ROOT / "docs" / "screen.md"
BEGIN, END = "<!-- eighty: begin -->", "<!-- eighty: end -->"
HEAD = "| 事情 flow | 步 steps | 按 touches | 字 words | 秒 seconds |\n|---|---:|---:|---:|---:|"


def main() -> int:
    """Play every flow once and write the table."""
    with tempfile.TemporaryDirectory(prefix="locker-eighty-") as folder:
        demo = demo_in(Path(folder))
        try:
            table = "\n".join([HEAD, *rows(demo)])
        finally:
            demo.close()
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    print(table)
    return 0


def rows(demo: Demo) -> list[str]:
    """The table's rows, in the order of the flows."""
    found = []
    with chromium() as browser:
        for flow in FLOWS:
            with window(browser, demo.site.kiosk_url, "small") as glass:
                resident = Resident(demo, glass)
                flow(resident)
                found.append(row(flow.__doc__ or "", resident.count))
    return found


def row(title: str, count: Count) -> str:
    """One flow's row."""
    seconds = 5 * round(count.seconds / 5)
    return f"| {title} | {count.steps} | {count.touches} | {count.words} | {seconds} |"


def told() -> dict[str, tuple[int, int, int]]:
    """What docs/screen.md says: steps, touches and words by the flow's title."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| \d+ \|$", table, re.MULTILINE)
    return {title: (int(steps), int(touches), int(words)) for title, steps, touches, words in lines}


if __name__ == "__main__":
    sys.exit(main())
