"""``make mutants``: the mutation campaign as a command, or one chunk of it again.

    make mutants ARGS="--count 1000000 --seed 7 --jobs 2"
    make mutants ARGS="--seed 7 --kind token --chunk 12"      one chunk again, as a find says

Prints the seed first, a progress bar, and two tables: mutants by kind and way of making them, and refusals by kind and
reason. Exit code 1 where a mutant broke a rule, or where a reason that must be met was not.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from campaign import CHUNK, SHARES, Tally, chunks, expected, run_chunk
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

COUNT = 100_000


def main() -> int:
    """Run the campaign that the arguments describe."""
    args = _arguments()
    seed = args.seed if args.seed is not None else secrets.randbelow(2**32)
    console = Console(width=110)
    print(f"seed {seed}", flush=True)
    begun = time.perf_counter()
    if args.chunk is not None:
        tally = run_chunk(seed, args.kind or "token", args.chunk, CHUNK)
    else:
        tally = _campaign(seed, args.count, [args.kind] if args.kind else [], args.jobs)
    elapsed_s = time.perf_counter() - begun
    console.print(by_operator(tally), by_reason(tally))
    different = len(set(tally.prints))
    print(f"{tally.total} mutants, {different} of them different, in {elapsed_s:.0f} s with {args.jobs} process(es):")
    print(f"{tally.total / elapsed_s:.0f} a second; seed {seed}; CPython {sys.version.split()[0]}")
    return _judged(tally, whole=args.chunk is None and args.kind is None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="how many mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="repeats a campaign (default: a fresh one, printed)")
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: %(default)s)"
    )
    parser.add_argument("--kind", choices=list(SHARES), help="this kind of document only")
    parser.add_argument("--chunk", type=int, help=f"this chunk of {CHUNK} of the kind only, in this process")
    args = parser.parse_args()
    if args.count < 1 or args.jobs < 1:
        parser.error("--count and --jobs must be at least 1")
    return args


def _campaign(seed: int, count: int, only: list[str], jobs: int) -> Tally:
    """All chunks, over some processes."""
    tally = Tally()
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("mutants", total=count)
        for each in _tallies(seed, chunks(count, only), jobs):
            tally.add(each)
            bar.update(task, completed=tally.total)
            if len(tally.finds) >= 20:
                break
    return tally


def _tallies(seed: int, wanted: list[tuple[str, int, int]], jobs: int) -> Iterator[Tally]:
    with ProcessPoolExecutor(jobs) as pool:
        kinds, numbers, counts = zip(*wanted, strict=True)
        yield from pool.map(run_chunk, [seed] * len(wanted), kinds, numbers, counts)


def _judged(tally: Tally, whole: bool) -> int:
    """Say what was found and what was never met; the exit code."""
    for find in tally.finds:
        print(find, file=sys.stderr)
    never = sorted(expected() - tally.reasons.keys()) if whole else []
    for kind, reason in never:
        print(f"never met: {reason} of a {kind}; more mutants, or an operator that reaches it", file=sys.stderr)
    print("NOT GOOD" if tally.finds or never else "none accepted, no exception, every reason met")
    return 1 if tally.finds or never else 0


def by_operator(tally: Tally) -> Table:
    """Mutants by the way they were made (rows) and kind (columns); what was lawful or genuine in the last two."""
    table = Table(title="mutants", title_justify="left", box=None)
    for head in ("made by", *SHARES, "lawful", "genuine"):
        table.add_column(head, justify="left" if head == "made by" else "right")
    for operator in dict.fromkeys(name for _, name in sorted(tally.mutants, key=lambda pair: pair[1])):
        cells = [tally.mutants[kind, operator] for kind in SHARES]
        other = [sum(each[kind, operator] for kind in SHARES) for each in (tally.lawful, tally.genuine)]
        table.add_row(operator, *(f"{cell:,}" if cell else "" for cell in (*cells, *other)))
    sums = [sum(n for (of, _), n in tally.mutants.items() if of == kind) for kind in SHARES]
    table.add_row("all", *(f"{n:,}" for n in (*sums, tally.lawful.total(), tally.genuine.total())))
    return table


def by_reason(tally: Tally) -> Table:
    """Refusals by reason (rows) and kind (columns)."""
    table = Table(title="\nrefused as", title_justify="left", box=None)
    for head in ("reason", *SHARES):
        table.add_column(head, justify="left" if head == "reason" else "right")
    for reason in dict.fromkeys(name for _, name in sorted(tally.reasons, key=lambda pair: pair[1])):
        cells = [tally.reasons[kind, reason] for kind in SHARES]
        table.add_row(reason, *(f"{cell:,}" if cell else "" for cell in cells))
    return table


if __name__ == "__main__":
    sys.exit(main())
