"""``locker crash``: power cuts at every write and sync of a recorded day, and kill -9 at random instants.

``disk`` records the production store's days in memory and restarts on every disk that a cut may leave; ``kill`` ends
the real process, again and again, and goes on where an earlier run ended. Prints the seed, progress and figures;
exit code 1 when anything was found, with where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locker.clock import boot_ms

if TYPE_CHECKING:
    from sim.disk_jobs import Run
    from sim.kill_campaign import Tally

KILLS = 500
AGAIN = 200
BAR = 24
LABEL = 58
KIND_ROWS = (
    ("lost", "未同步的全丢", "all that was not synced is lost"),
    ("kept", "全部写到", "all of it is there"),
    ("torn", "最后一次写入撕裂", "the last write is torn"),
    ("strewn", "任意一部分、任意次序", "any part of it, in any order"),
    ("garbage", "撕裂扇区为乱码", "garbage in the torn sector"),
    ("neighbours", "连同扇区里已同步的", "... and what else lay in that sector"),
)


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker crash disk`` and ``locker crash kill``."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="disk|kill")
    disk = kinds.add_parser("disk", help="在每次写入和同步处断电  cut the power at every write and sync")
    disk.add_argument("--scenario", default="all", help="只做一个  one of them (default: %(default)s)")
    disk.add_argument("--seed", type=int, default=1, help="随机种子  seed of the images (default: %(default)s)")
    disk.add_argument("--every", type=int, default=1, help="只取若干分之一  one cut in so many (default: %(default)s)")
    disk.add_argument("--again", type=int, default=AGAIN, help="再断一次的份额  cut one restart in so many, 0 for none")
    disk.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="进程数  processes (default: %(default)s)")
    disk.add_argument("--lies", action="store_true", help="说谎的磁盘，必须被发现  a disk that lies; must be caught")
    disk.set_defaults(act=_disk)
    kill = kinds.add_parser("kill", help="随机时刻 kill -9  kill -9 at random instants")
    kill.add_argument("--kills", type=int, default=KILLS, help="次数  how many in all (default: %(default)s)")
    kill.add_argument(
        "--seed", type=int, default=1, help="随机种子  seed of people and instants (default: %(default)s)"
    )
    kill.add_argument("--cabinets", type=int, default=3, help="同时几台  so many side by side (default: %(default)s)")
    kill.add_argument("--minutes", type=float, default=0, help="最多几分钟  begin nothing new after so many minutes")
    kill.add_argument("--state", type=Path, help="记数文件，可续  keeps the count, to go on later")
    kill.set_defaults(act=_kill)


def run(args: argparse.Namespace) -> int:
    """Run one of the two. 0 when nothing was found."""
    act: Callable[[argparse.Namespace], int] = args.act
    return act(args)


# --- disk -----------------------------------------------------------------------------------------


def _disk(args: argparse.Namespace) -> int:
    """Every scenario, with a progress bar each; then the table and what was found."""
    from sim import disk_jobs
    from sim.disk_run import Plan
    from sim.disk_upkeep import SCENARIOS

    chosen = [scenario for scenario in SCENARIOS if args.scenario in ("all", scenario.name)]
    if not chosen or args.every < 1 or args.jobs < 1:
        names = ", ".join(scenario.name for scenario in SCENARIOS)
        raise CrashArgumentError(f"--scenario is all or one of {names}; --every and --jobs are at least 1")
    print(f"种子 seed {args.seed}", flush=True)
    plan = Plan(args.seed, lies=args.lies, every=args.every, again=args.again)
    runs = []
    for scenario in chosen:
        progress = _progress(f"{scenario.name:<10}")
        runs.append(disk_jobs.run(scenario, plan, args.jobs, progress))
        _clear()
        _print_found(runs[-1])
    _print_table(runs)
    return 1 if any(each.outcome.failed for each in runs) else 0


def _print_found(found: Run) -> None:
    """One line a scenario while it goes on, and the first things that were found in it."""
    outcome = found.outcome
    verdict = (
        f"{sum(outcome.failed.values())} BREACHES {dict(outcome.failed)}" if outcome.failed else "无违例 no breach"
    )
    print(f"{found.scenario.name:<10} {found.scenario.about}: {outcome.cuts} cuts, {verdict}", flush=True)
    for breach in outcome.breaches[:10]:
        print(f"    step {breach.step}, image {breach.kind}: {breach.check}: {breach.detail}")


def _print_table(runs: list[Run]) -> None:
    """The figures, a column a scenario and one for all."""
    print(f"\n{'':<{LABEL}}" + "".join(f"{each.scenario.name:>11}" for each in runs) + f"{'all':>11}")
    _row("磁盘步骤与印记 steps and marks", [each.outcome.steps for each in runs])
    _row("事务 transactions", [each.outcome.transactions for each in runs])
    _row("承诺 promises made outside", [each.outcome.promises for each in runs])
    _row("断电 power cuts", [each.outcome.cuts for each in runs])
    for kind, zh, en in KIND_ROWS:
        _row(f"  {zh} {en}", [each.outcome.images[kind] for each in runs])
    _row("映像 images", [sum(each.outcome.images.values()) for each in runs])
    _row("不同的映像 different images opened", [each.outcome.distinct_images for each in runs])
    _row("重启中再断 cuts within a restart", [each.outcome.nested_cuts for each in runs])
    _row("恢复出的状态 different states recovered", [len(each.outcome.recovered) for each in runs])
    _row("违例 breaches", [sum(each.outcome.failed.values()) for each in runs])
    _row("秒 seconds", [round((each.record_ms + each.cut_ms) / 1000) for each in runs])


def _row(label: str, figures: list[int]) -> None:
    """One line of the table; a Chinese character takes two columns."""
    wide = sum(ord(character) > 0x2E80 for character in label)
    label = f"{label:<{LABEL - wide}}"
    print(label + "".join(f"{figure:>11,}" for figure in [*figures, sum(figures)]))


# --- kill -----------------------------------------------------------------------------------------


def _kill(args: argparse.Namespace) -> int:
    """Rounds of kills; the figures at the end, also where a kill was found to have cost something."""
    from sim.kill_campaign import Campaign, KillFound

    if args.kills < 1 or args.cabinets < 1:
        raise CrashArgumentError("--kills and --cabinets are at least 1")
    campaign = Campaign(args.kills, args.seed, args.state, args.cabinets)
    print(f"种子 seed {args.seed}, {campaign.tally.kills} kills done before", flush=True)
    bar, begun_ms = _progress("kills     "), boot_ms()
    until_ms = begun_ms + int(args.minutes * 60_000) if args.minutes else None
    try:
        campaign.run(lambda tally: bar(min(1.0, tally.kills / args.kills)), until_ms)
    except KillFound as found:
        _clear()
        print(f"发现 FOUND: {found}")
        return 1
    finally:
        _clear()
        _print_kills(campaign.tally, boot_ms() - begun_ms)
    return 0


def _print_kills(tally: Tally, spent_ms: int) -> None:
    """What was killed, and what the kills fell into."""
    print(f"{tally.kills} kills in {tally.rounds} rounds, {tally.visits} visits, {spent_ms / 1000:.0f} s")
    for what, count in tally.met.most_common():
        print(f"  {count:>6}  {what}")


class CrashArgumentError(ValueError):
    """An argument that makes no sense here."""


def _progress(label: str) -> Callable[[float], Any]:
    """A bar on standard error, and the time that is left as it looks now."""
    begun_ms = boot_ms()

    def show(share: float) -> None:
        if not sys.stderr.isatty():
            return
        full = int(share * BAR)
        left_s = (boot_ms() - begun_ms) / 1000 * (1 - share) / share if share else 0
        bar = "#" * full + "." * (BAR - full)
        print(f"\r  {label} [{bar}] {share:4.0%}  {left_s:5.0f} s left", end="", file=sys.stderr, flush=True)

    return show


def _clear() -> None:
    """Take the bar off the line."""
    if sys.stderr.isatty():
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)
