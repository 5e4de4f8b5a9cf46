"""``locker soak``: worlds by the thousand, each a cabinet with its people, its faults and its days, drawn from a seed.

The production program runs on a virtual clock, and checks of all ten invariants look on from outside. The first world
that failed is shrunk to a short story, printed and saved; a saved plan is played again with ``--replay``. ``--report``
writes what the campaign met as JSON, as a table and as a picture.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from locker import clock

if TYPE_CHECKING:
    from sim.world.campaign import Result
    from sim.world.coverage import Coverage
    from sim.world.plan import Plan
    from sim.world.shrink import Shrunk
    from sim.world.sittings import Sittings
    from sim.world.world import Outcome

WORLDS, DAYS, LINES = 20, 1.0, 40
BOARDS = ("cu24", "cu16", "cu48", "cu48b", "8a", "waveshare", "eletechsup", "shift", "mcp")
"""Those of ``sim.world.lock_boards`` (a test compares them); "cu24" is two KR-CU12 in some worlds."""
SEEDS_MAX = 1 << 40
"""More worlds than there is time for."""
SHRINK_S = 600
SAVED = Path("soak-failure.json")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker soak``."""
    add = parser.add_argument
    add("--worlds", type=int, help=f"多少个世界  worlds (default: {WORLDS}, with --hours as many as there is time for)")
    add("--hours", type=float, help="跑几小时,出错也继续  begin worlds for so many hours, and go on after a failure")
    add("--days", type=float, default=DAYS, help="每个世界多少天  days each (default: %(default)s)")
    add("--seed", type=int, help="第一个种子  first seed (default: of the clock, printed)")
    add("--jobs", type=int, default=1, help="进程数  processes (default: %(default)s)")
    add("--visits", type=int, help="每天多少人  visits a day (default: drawn)")
    add("--faults", type=float, help="故障多少,0 为无  level of faults, 0 for none (default: drawn)")
    add("--board", default="", help=f"只用一种锁板  one kind of lock board: {', '.join(BOARDS)} (default: drawn)")
    add("--state", type=Path, metavar="FILE", help="记下进度,可续  keeps what was played, to go on later")
    add("--keep-going", action="store_true", help="出错也继续  go on after a failure")
    add("--counts", action="store_true", help="打印见过的一切  print everything that was met")
    add("--replay", type=Path, metavar="FILE", help="重放一个计划,讲出经过  play a saved plan again and tell its story")
    add("--save", type=Path, metavar="FILE", help=f"第一个失败缩小后存在哪  where the shrunk failure goes ({SAVED})")
    add("--shrink", type=int, default=SHRINK_S, metavar="S", help="缩小失败最多几秒,0 为不缩小  shrink for S s at most")
    add("--trace", action="store_true", help="打印全部经过  print every line of a replayed world")
    add("--report", type=Path, metavar="DIR", help="写报告:json、表、图  write report.json, .txt, .md and .html")
    add(
        "--fill",
        type=Path,
        metavar="PAGE",
        help="把数字填进 Markdown 页  put the figures into a page between its marks",
    )


def run(args: argparse.Namespace) -> int:
    """Play. 0 when every invariant held in every world and a long campaign met everything, else 1; 2 for misuse."""
    from sim.world.plan import PlanError
    from sim.world.sittings import SittingsError

    short = (args.worlds is not None and args.worlds < 1) or args.jobs < 1
    if short or args.days <= 0 or (args.hours is not None and args.hours <= 0):
        print("locker soak: --worlds and --jobs must be at least 1, --days and --hours more than 0", file=sys.stderr)
        return 2
    if args.board and args.board not in BOARDS:
        print(f"locker soak: 没有这种锁板 no lock board {args.board!r}; there is: {', '.join(BOARDS)}", file=sys.stderr)
        return 2
    try:
        return _replay(args) if args.replay else _campaign(args)
    except (PlanError, SittingsError, OSError) as wrong:
        print(f"locker soak: {wrong}", file=sys.stderr)
        return 2


# --- one plan again -------------------------------------------------------------------------------


def _replay(args: argparse.Namespace) -> int:
    """Play one plan of a file; tell its story, the production event log before its end, and the last steps."""
    from sim.world import plan, story

    found = plan.load(args.replay)
    retold = story.retell(found, kept=None if args.trace else 100 * LINES)
    print("\n".join(story.story(found, retold.outcome, retold.events)))
    print("\n一步一步  Step by step" + ("" if args.trace else f" (最后 {LINES} 步 the last, all with --trace)"))
    print("\n".join(story.around(retold.outcome, None if args.trace else LINES)))
    print(f"\nseed {found.seed}: trace {retold.outcome.digest}")
    same = story.same_end(found, retold.outcome)
    if same is not None:
        print("和存下时同一步失败 fails at the same step as when it was saved" if same else _differs(found))
    return 0 if retold.outcome.good else 1


def _differs(found: Plan) -> str:
    end = found.broke
    was = f"{end.check} at {end.ms} ms: {end.says}" if end else "-"
    return f"和存下时不同(程序改过了?) not as when it was saved (has the program changed?); then it was {was}"


# --- many worlds ----------------------------------------------------------------------------------


def _campaign(args: argparse.Namespace) -> int:
    """Play many worlds with a progress bar, then shrink the first failure, then report."""
    from sim.world.sittings import Sittings

    seed = clock.wall_s() if args.seed is None else args.seed
    worlds = WORLDS if args.worlds is None and args.hours is None else args.worlds
    sittings = Sittings(args.state, _asked(args, seed, ("days", "visits", "faults", "board")))
    print(f"种子 seeds {seed} .. {seed + worlds - 1 if worlds else f'({args.hours:g} h)'}")
    if sittings.number > 1:
        played = sittings.result().worlds
        print(f"接着跑 going on: {played} worlds, {sittings.seconds:,.0f} s, {sittings.number - 1} sittings so far")
    begun_ms = clock.boot_ms() - int(sittings.seconds * 1000)
    result = _played(args, range(seed, seed + (worlds or SEEDS_MAX)), begun_ms, sittings)
    seconds = max(1, clock.boot_ms() - begun_ms) / 1000
    coverage = _told(args, result, seconds)
    if args.report or args.fill:
        _write_report(args, result, coverage, seed, seconds, sittings.number)
    if result.ended:
        print(f"中断 cut short: {result.ended}")
    if result.failed:
        print(f"失败 failed: {', '.join(str(outcome.plan.seed) for outcome in result.failed)}")
    if result.first is not None:
        _tell_failure(args, result.first)
        _judge(coverage, result.worlds)
        return 1
    if result.ended:
        return 1
    print("一切成立 every invariant held in every world")
    return _judge(coverage, result.worlds)


def _asked(args: argparse.Namespace, seed: int, names: tuple[str, ...]) -> str:
    """The command with these of its arguments, as it would be typed."""
    words = ["locker", "soak"]
    for name in names:
        value = getattr(args, name)
        if value not in (None, ""):
            words += [f"--{name}", value if isinstance(value, str) else f"{value:g}"]
    return shlex.join([*words, "--seed", str(seed)])


def _played(args: argparse.Namespace, seeds: range, begun_ms: int, sittings: Sittings) -> Result:
    """Play; ``begun_ms`` is when one sitting as long as all together would have begun."""
    from sim.demo_progress import Bar
    from sim.world import campaign

    ends_ms = begun_ms + int((args.hours or 0) * 3_600_000)
    endless = len(seeds) == SEEDS_MAX
    with Bar(0 if endless else len(seeds)) as bar:

        def on_world(result: Result, outcome: Outcome) -> None:
            seconds = (clock.boot_ms() - begun_ms) / 1000
            sittings.take(outcome, seconds)
            bar.begins(f"{_speed(result, seconds)}  {len(result.failed)} failed", endless)
            bar.ends()
            if not outcome.good:
                bar.says(f"seed {outcome.plan.seed}: {_why(outcome)}")

        return campaign.run(
            sittings.left(seeds),
            args.days,
            jobs=args.jobs,
            visits=args.visits,
            faults=args.faults,
            board=args.board,
            on_world=on_world,
            stop_at_first=not args.keep_going and args.hours is None,
            time_is_up=lambda: args.hours is not None and clock.boot_ms() >= ends_ms,
            before=sittings.result(),
        )


def _told(args: argparse.Namespace, result: Result, seconds: float) -> Coverage:
    """Say what was played and what was met."""
    from sim.world.counts import grouped
    from sim.world.coverage import Coverage
    from sim.world.names import PART_NAMES, both
    from sim.world.rarities import EVERYBODY

    print(f"{result.worlds} worlds, {result.days:.1f} cabinet-days, {_speed(result, seconds)}")
    for group, names in grouped(result.counts).items():
        if (args.counts and group != "at") or group == "total":
            print(f"{group}: " + ", ".join(f"{name} {count}" for name, count in names.items()))
    coverage = Coverage(result.counts, EVERYBODY)
    for part in coverage.parts:
        print(f"  {part.met:>3} / {part.all:<3} {both(PART_NAMES[part.kind])}")
    return coverage


def _judge(coverage: Coverage, worlds: int) -> int:
    """A long campaign must have met everything that a world can meet; a short one says what it has not."""
    from sim.world.coverage import COMPLETE_WORLDS

    for name in coverage.surprises:
        print(f"说是不会有的,却有了 met, though sim/world/coverage.py says that no world can meet it: {name}")
    if coverage.missing:
        print(f"没见过 never met ({len(coverage.missing)}): {', '.join(coverage.missing)}")
    if worlds < COMPLETE_WORLDS:
        print(f"少于 {COMPLETE_WORLDS} 个世界,不算失败  fewer than {COMPLETE_WORLDS} worlds: this is no failure")
        return 0
    return 1 if coverage.missing or coverage.surprises else 0


def _write_report(
    args: argparse.Namespace, result: Result, coverage: Coverage, seed: int, seconds: float, sittings: int
) -> None:
    from sim.world import report

    command = _asked(args, seed, ("worlds", "hours", "days", "visits", "faults", "board", "jobs"))
    campaign = report.Campaign(result, coverage, command, _commit(), seconds, sittings)
    if args.report:
        print("报告 report: " + ", ".join(map(str, report.write(campaign, args.report))))
    if args.fill:
        page = args.fill.read_text(encoding="utf-8")
        args.fill.write_text(report.filled(page, "\n".join(report.markdown(campaign))), encoding="utf-8")
        print(f"填好 filled: {args.fill}")


def _commit() -> str:
    """The commit that is checked out, "-dirty" after it with changes; "unknown" where git does not say."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


# --- a failure ------------------------------------------------------------------------------------


def _tell_failure(args: argparse.Namespace, first: Outcome) -> None:
    """Shrink the first world that failed, save it, tell its story and how to see it again."""
    from sim.world import story
    from sim.world.plan import write

    print(f"seed {first.plan.seed}: {_why(first)}; trace {first.digest}")
    again = argparse.Namespace(**(vars(args) | {"worlds": 1}))
    named = _asked(again, first.plan.seed, ("worlds", "days", "visits", "faults", "board"))
    print(f"整个世界 the whole world: {named}")
    shrunk = _shrunk(args, first)
    saved = args.save or SAVED
    saved.write_bytes(write(shrunk.plan))
    retold = story.retell(shrunk.plan, kept=LINES)
    print("\n".join(["", *story.story(shrunk.plan, retold.outcome, retold.events), ""]))
    print(f"重放 again: locker soak --replay {saved}")


def _shrunk(args: argparse.Namespace, first: Outcome) -> Shrunk:
    """The failure as small as it gets in the given time."""
    from sim.demo_progress import Bar
    from sim.world import campaign, shrink

    with Bar(shrink.TRIES_MAX) as bar:

        def on_try(tries: int, best: Plan) -> None:
            left = shrink.size(best)
            bar.begins(
                f"缩小 shrinking: {left['people']} people, {left['faults']} faults, {left['ms'] / 3_600_000:.2f} h"
            )
            bar.ends()

        shrinker = shrink.Shrinker(
            first,
            campaign.play,
            clock.boot_ms,
            limit_ms=args.shrink * 1000,
            tries_max=shrink.TRIES_MAX if args.shrink else 0,
            on_try=on_try,
        )
        shrunk = shrinker.run()
    done = "到底了 nothing more can be taken away" if shrunk.whole else "时间或次数用完 out of time or tries"
    print(f"缩小 shrunk in {shrunk.tries} tries: {done}")
    return shrunk


def _why(outcome: Outcome) -> str:
    """What went wrong, in one line."""
    if outcome.error:
        return outcome.error
    return "; ".join(f"invariant {b.number} ({b.check}): {b.says}" for b in outcome.breaches[:3])


def _speed(result: Result, seconds: float) -> str:
    """How fast the worlds were, together."""
    seconds = max(0.001, seconds)
    return f"{result.days / seconds:.3f} cabinet-days/s ({result.ms / 1000 / seconds:,.0f} x real time)"
