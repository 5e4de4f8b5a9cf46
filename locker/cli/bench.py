"""``locker bench``: how fast this machine takes a code to an open door, against the machine's own floors.

Prints a table with the aim beside each figure, or JSON. Judges nothing: a figure that misses its aim is printed as
missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

VISITS = 500
IDLE_S = 30.0
STARTS = 5
ROWS = (
    ("scan_unlock", "扫码→开锁帧", "scan to unlock frame"),
    ("scan_event", "扫码→事件到订阅者", "scan to event at subscriber"),
    ("open_event", "门开→事件到订阅者", "door opens to event"),
    ("shut_event", "门关→事件到订阅者", "door shuts to event"),
)


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``locker bench``."""
    parser.add_argument("--json", action="store_true", help="输出 JSON  print JSON")
    parser.add_argument("--visits", type=int, default=VISITS, help="访问次数  visits (default: %(default)s)")
    parser.add_argument(
        "--idle-s", type=float, default=IDLE_S, help="空闲测量秒数  idle seconds (default: %(default)s)"
    )
    parser.add_argument("--starts", type=int, default=STARTS, help="启动次数  starts (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="随机种子  seed of the visits (default: %(default)s)")
    parser.add_argument(
        "--bounce-ms",
        type=int,
        default=0,
        help="触点抖动毫秒数  how long switches bounce at most (default: %(default)s)",
    )
    parser.add_argument(
        "--broker", choices=("auto", "mosquitto", "embedded"), default="auto", help="消息代理  broker (default: auto)"
    )
    parser.add_argument("--tokens-only", action="store_true", help="只测令牌校验  measure the verification alone")
    parser.add_argument(
        "--boards-only",
        action="store_true",
        help="只测各种锁板的总线与门的察觉  each lock board's wire and how soon a door is noticed, on a virtual clock",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print. 0, or 1 when events were lost or a coil rule was broken on the way."""
    if args.tokens_only:
        tokens = _measure_tokens(args.seed)
        print(json.dumps({"seed": args.seed, "tokens": tokens}, indent=2)) if args.json else _print_tokens(tokens)
        return 0
    if args.boards_only:
        boards = _measure_boards(args.seed)
        print(json.dumps({"seed": args.seed, "boards": boards}, indent=2)) if args.json else _print_boards(boards)
        return 0
    if args.visits < 1 or args.starts < 1:
        raise ValueError("--visits and --starts must be at least 1")
    broker = args.broker
    if broker == "auto":
        broker = "mosquitto" if shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") else "embedded"
    found = _measure(args, broker) | {"broker": broker, "tokens": _measure_tokens(args.seed)}
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        _print(found)
    return 0 if found["events_sound"] and not found["coil_breaches"] else 1


def _measure(args: argparse.Namespace, broker: str) -> dict[str, Any]:
    """Run the bench with a progress line on standard error."""
    from sim.bench import Bench

    def progress(share: float) -> None:
        print(f"\r  {share:4.0%} of {args.visits} visits", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="locker-bench-") as folder:
        bench = Bench(Path(folder), args.visits, broker, args.seed, args.bounce_ms, progress)
        try:
            return bench.run(args.idle_s, args.starts)
        finally:
            bench.close()
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr)


def _measure_tokens(seed: int) -> dict[str, Any]:
    """What each sort of reading costs to verify, after everything else: nothing else of ours runs then."""
    from sim.bench_tokens import measure

    return measure(seed)


def _measure_boards(seed: int) -> dict[str, Any]:
    """Every board's figures, with a progress line on standard error; virtual time, so the machine does not matter."""
    from sim.bench_boards import SAMPLES, measure

    def progress(name: str) -> None:
        print(f"\r  {name:40}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="locker-bench-") as folder:
        found = measure(Path(folder), seed, SAMPLES, progress)
    print("\r" + " " * 44 + "\r", end="", file=sys.stderr)
    return found


def _print_boards(boards: dict[str, Any]) -> None:
    """One line a board and moment, then what contact may be missed around an unlock."""
    print("锁板 lock boards, virtual time, ms; the wire busy in % (operations on pins a second for shift registers)")
    print(f"{'':20}{'':8}{'wire':>9}{'told: median':>14}{'p95':>7}{'max':>7}{'longest missed':>16}")
    for name, figures in boards.items():
        for moment in ("idle", "visit"):
            seen = figures[moment]
            told, operations = seen["told_ms"], seen["operations_a_second"]
            wire = f"{operations:.0f}/s" if operations else f"{seen['busy_percent']:.1f} %"
            missed = seen["longest_missed_ms"]
            spread = f"{told['median']:14.0f}{told['p95']:7.0f}{told['max']:7.0f}"
            print(f"{name:20}{moment:8}{wire:>9}{spread}{missed:16d}")
        print(f"{name:20}{'another door, around an unlock':57}{figures['unlock']['longest_missed_ms']:4d}")


def _print(found: dict[str, Any]) -> None:
    """The table."""
    print(f"{found['visits']} visits, seed {found['seed']}, broker {found['broker']}; milliseconds")
    print(f"switches bounce up to {found['bounce_ms']} ms")
    print(f"{'':44}{'min':>8}{'median':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    for name, zh, en in ROWS:
        _row(f"{zh} {en}", found["times"][name], len(zh))
    for name, spread in found["floors"].items():
        _row(f"floor: {name.replace('_', ' ')}", spread, 0)
    _row("启动→就绪 start to ready", found["ready"], 5)
    times = found["times"]
    _aim("scan to unlock, median / sum of floors", found["scan_unlock_to_floor"], 2.0, "x")
    _aim("scan to unlock, p95", times["scan_unlock"]["p95"], 4.0, "ms")
    _aim("door opens to event, median", times["open_event"]["median"], 25.0, "ms")
    _aim("door shuts to event, median", times["shut_event"]["median"], 25.0, "ms")
    _aim("start to ready, median", found["ready"]["median"], 800.0, "ms")
    _aim("memory, resident", found["memory_rss_kb"] * 1024 / 1e6, 60.0, "MB")
    _aim("memory, peak", found["memory_peak_kb"] * 1024 / 1e6, 60.0, "MB")
    _aim("idle, share of one core", found["idle_core_percent"], 0.5, "%")
    _print_tokens(found["tokens"])


def _print_tokens(tokens: dict[str, Any]) -> None:
    """The cost of yes and of each no."""
    print("令牌校验 verification of a reading, one process; ratios are to the valid token of the same run")
    print(f"{'':14}{'answer':14}{'median us':>11}{'p95 us':>9}{'a second':>11}{'to valid':>10}")
    for name, cost in tokens.items():
        figures = f"{cost['median_us']:11.1f}{cost['p95_us']:9.1f}{cost['per_second']:11,.0f}{cost['to_valid']:10.3f}"
        print(f"{name.replace('_', ' '):14}{cost['answer'] or 'yes':14}{figures}")


def _row(label: str, spread: dict[str, Any], wide: int) -> None:
    """One line of the table; ``wide`` characters of the label take two columns."""
    figures = "".join(f"{spread[key]:8.2f}" for key in ("minimum", "median", "p95", "p99", "maximum"))
    print(f"{label:<{44 - wide}}{figures}")


def _aim(label: str, value: float, aim: float, unit: str) -> None:
    """One figure against its aim."""
    print(f"  {'met   ' if value <= aim else 'MISSED'} {label}: {value:.2f} {unit} (aim: {aim:g} {unit})")
