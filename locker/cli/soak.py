"""``locker soak``: worlds by the thousand, each a cabinet with its people, its faults and its days, drawn from a seed.

The production program runs on a virtual clock, and ten checks look on from outside. Prints the first world that failed
with its seed; a saved plan is played again with ``--replay``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from locker import clock

if TYPE_CHECKING:
    from sim.world.campaign import Result
    from sim.world.world import Outcome

WORLDS, DAYS, LINES = 20, 1.0, 40


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker soak``."""
    parser.add_argument("--worlds", type=int, default=WORLDS, help="多少个世界  worlds (default: %(default)s)")
    parser.add_argument("--days", type=float, default=DAYS, help="每个世界多少天  days each (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="第一个种子  first seed (default: of the clock, printed)")
    parser.add_argument("--jobs", type=int, default=1, help="进程数  processes (default: %(default)s)")
    parser.add_argument("--visits", type=int, help="每天多少人  visits a day (default: drawn)")
    parser.add_argument("--faults", type=float, help="故障多少,0 为无  level of faults, 0 for none (default: drawn)")
    parser.add_argument("--keep-going", action="store_true", help="出错也继续  go on after a failure")
    parser.add_argument("--counts", action="store_true", help="打印见过的一切  print everything that was met")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="重放一个计划  play a saved plan again")
    parser.add_argument("--save", type=Path, metavar="FILE", help="保存计划  save the plan of the first failure")
    parser.add_argument("--trace", action="store_true", help="打印全部经过  print every line of a replayed world")


def run(args: argparse.Namespace) -> int:
    """Play. 0 when every invariant held in every world, else 1."""
    if args.worlds < 1 or args.jobs < 1 or args.days <= 0:
        print("locker soak: --worlds and --jobs must be at least 1, --days more than 0", file=sys.stderr)
        return 2
    return _replay(args) if args.replay else _campaign(args)


def _replay(args: argparse.Namespace) -> int:
    """Play one plan of a file."""
    from sim.world import plan
    from sim.world.campaign import play

    outcome = play(plan.load(args.replay), kept=None if args.trace else LINES)
    print("\n".join(outcome.trace))
    print(f"seed {outcome.plan.seed}: trace {outcome.digest}")
    if outcome.good:
        print("一切成立 every invariant held")
    return 0 if outcome.good else 1


def _campaign(args: argparse.Namespace) -> int:
    """Play many worlds with a progress bar."""
    from sim.demo_progress import Bar
    from sim.world import campaign

    seed = clock.wall_s() if args.seed is None else args.seed
    print(f"种子 seeds {seed} .. {seed + args.worlds - 1}")
    begun_ms = clock.boot_ms()
    with Bar(args.worlds) as bar:

        def on_world(result: Result, outcome: Outcome) -> None:
            bar.begins(f"{_speed(result, begun_ms)}  {len(result.failed)} failed")
            bar.ends()
            if not outcome.good:
                bar.says(f"seed {outcome.plan.seed}: {_why(outcome)}")

        result = campaign.run(
            range(seed, seed + args.worlds),
            args.days,
            jobs=args.jobs,
            visits=args.visits,
            faults=args.faults,
            on_world=on_world,
            stop_at_first=not args.keep_going,
        )
    return _report(args, result, begun_ms)


def _report(args: argparse.Namespace, result: Result, begun_ms: int) -> int:
    """What was played, what was met, and the first failure."""
    from sim.world.counts import grouped, missing

    print(f"{result.worlds} worlds, {result.days:.1f} cabinet-days, {_speed(result, begun_ms)}")
    for group, names in grouped(result.counts).items():
        if args.counts or group == "total":
            print(f"{group}: " + ", ".join(f"{name} {count}" for name, count in names.items()))
    if args.counts:
        from sim.world import residents, staff

        print("没见过 never met: " + (", ".join(missing(result.counts, residents.KINDS | staff.KINDS)) or "-"))
    first = result.first
    if first is None:
        print("一切成立 every invariant held in every world")
        return 0
    _print_failure(args, first)
    return 1


def _print_failure(args: argparse.Namespace, first: Outcome) -> None:
    """The end of the first world that failed, its seed, and how to see it again."""
    from sim.world.plan import write

    print("\n".join(first.trace[-LINES:]))
    print(f"seed {first.plan.seed}: {_why(first)}; trace {first.digest}")
    if args.save:
        args.save.write_bytes(write(first.plan))
        print(f"重放 again: locker soak --replay {args.save}")
    else:
        given = "".join(
            f" --{name} {value}" for name in ("visits", "faults") if (value := getattr(args, name)) is not None
        )
        print(f"重放 again: locker soak --worlds 1 --days {args.days:g} --seed {first.plan.seed}{given}")


def _why(outcome: Outcome) -> str:
    """What went wrong, in one line."""
    if outcome.error:
        return outcome.error
    return "; ".join(f"invariant {b.number} ({b.check}): {b.says}" for b in outcome.breaches[:3])


def _speed(result: Result, begun_ms: int) -> str:
    """How fast the worlds were, together."""
    seconds = max(1, clock.boot_ms() - begun_ms) / 1000
    return f"{result.days / seconds:.3f} cabinet-days/s ({result.ms / 1000 / seconds:,.0f} x real time)"
