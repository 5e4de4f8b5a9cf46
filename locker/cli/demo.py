"""``locker demo``: the whole cabinet on the simulator, with a page in the browser or a scripted day.

Knows the arguments and how to begin and end. Must never know what a demo does; it is the one command, beside the bench,
that brings the simulator along.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import webbrowser
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from locker.clock import wall_ms

if TYPE_CHECKING:
    from sim.demo import Demo

SCENARIOS = ("day", "staff", "mixed")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PLANNED = ("month", "outage")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker demo``."""
    parser.add_argument("--port", type=int, default=0, help="网页的端口  the page's port (default: a free one)")
    parser.add_argument("--open", action="store_true", help="打开浏览器  open the browser")
    parser.add_argument("--scenario", help=f"自动演一遍  play a script by itself: {', '.join(SCENARIOS)}")
    parser.add_argument("--headless", action="store_true", help="不要网页  no page, for a scenario")
    parser.add_argument(
        "--board",
        default="cu24",
        help="哪种锁板  which lock boards: cu24, cu16 (16 + 8), cu48, cu48b, 8a, modbus, shift, mcp (default: cu24)",
    )
    parser.add_argument(
        "--wiring", default="", help="怎么接线，逗号隔开  how it is wired, for example short-on-open,tcp; ? lists them"
    )
    parser.add_argument("--seed", type=int, help="随机数种子  seed of keys, order and chance (default: from the clock)")
    parser.add_argument("--keep", type=Path, help="文件留在这个文件夹  keep the demo's files in this folder")


def run(args: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, or a scenario to its end: 0 when all went well, 1 when an invariant was broken."""
    problem = _problem(args)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    seed = wall_ms() % 1_000_000 if args.seed is None else args.seed
    print(f"种子 seed: {seed}", flush=True)
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
        return _run(args, seed, args.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="locker-demo-") as folder:
        return _run(args, seed, Path(folder))


def _problem(args: argparse.Namespace) -> str:
    if args.scenario in PLANNED:
        known = ", ".join(SCENARIOS)
        return f"locker demo: 场景还没做好 scenario {args.scenario!r} is not there yet; there is: {known}"
    if args.scenario is not None and args.scenario not in SCENARIOS:
        known, planned = ", ".join(SCENARIOS), ", ".join(PLANNED)
        return f"locker demo: 没有这个场景 no scenario {args.scenario!r}; there is: {known}; planned: {planned}"
    from sim.demo_boards import boards

    try:
        boards(args.board, args.wiring)
    except ValueError as wrong:
        return f"locker demo: {wrong}"
    if args.headless and args.scenario is None:
        return f"locker demo: --headless 要配 needs --scenario ({', '.join(SCENARIOS)})"
    return ""


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """End once: a second signal (a terminal and make may both send one) must not break off the tidying up."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(args: argparse.Namespace, seed: int, folder: Path) -> int:
    from sim.demo import Demo
    from sim.demo_site import FOR_PEOPLE, FOR_STAFF, FOR_THE_DAY

    for number in SIGNALS:
        signal.signal(number, _interrupted)
    pace = {None: FOR_PEOPLE, "staff": FOR_STAFF, "mixed": FOR_STAFF}.get(args.scenario, FOR_THE_DAY)
    demo = Demo(folder, pace, seed, power=args.scenario is None, board=args.board, wiring=args.wiring)
    try:
        if args.headless:
            return _play(args, demo, seed)
        return _with_page(demo, args, seed)
    except KeyboardInterrupt:
        print("\n结束 ended")
        return 0 if args.scenario is None else 130
    finally:
        demo.close()


def _play(args: argparse.Namespace, demo: Demo, seed: int) -> int:
    if args.scenario == "staff":
        from sim.staff_day import play as play_staff

        return play_staff(demo, seed)
    if args.scenario == "mixed":
        from sim.mixed_day import play as play_mixed

        return play_mixed(demo, seed)
    from sim.day import play

    return play(demo, seed)


def _with_page(demo: Demo, args: argparse.Namespace, seed: int) -> int:
    from sim.demo_page import application
    from sim.demo_serve import PageServer

    page = PageServer(application(demo), args.port).start()
    try:
        if not args.scenario:
            demo.ready()
        print(f"请在浏览器里打开  open in a browser:  {page.url}\n按 Ctrl-C 结束  Ctrl-C ends it", flush=True)
        if args.open:
            webbrowser.open(page.url)
        if args.scenario:
            return _play(args, demo, seed)
        page.wait()
        return 0
    finally:
        page.close()
