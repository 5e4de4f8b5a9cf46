"""Plants each bug of ``sim.world.planted`` in a copy of the program and plays worlds until the simulator catches it.

``python -m sim.world.planting [--jobs 2] [--only TEXT] [--worlds 4] [--budget S]``. For each bug: copy ``locker``,
``drivers`` and ``sim`` into a scratch folder, put the one sabotage in, and let a process of that copy play a fixed list
of seeds (or cut its disk) until something is found. It is a catch only if the same world, unspoilt, holds. Reported are
the check, the seed, the turn and the moment; or that the bug survived. Never touches the tree that it copies.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from sim.demo_progress import Bar
from sim.world.campaign import MEMORY, play
from sim.world.casts import CASTS
from sim.world.company import plan_of, seeds
from sim.world.planted import SABOTAGES
from sim.world.sabotage import Sabotage

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("locker", "drivers", "sim")
WORLDS, BUDGET_S = 4, 150
DISK = ("crash", "disk", "--scenario", "visits", "--every", "6", "--again", "0", "--jobs", "1")


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of one bug: by which check, in the world of which seed, at which turn and world time.

    ``check`` is empty for a survivor; ``worlds`` is how many were played.
    """

    sabotage: Sabotage
    check: str = ""
    seed: int = 0
    turn: int = 0
    ms: int = 0
    says: str = ""
    worlds: int = 0

    @property
    def caught(self) -> bool:
        """Whether a check, or a death that is the honest consequence, has shown it."""
        return bool(self.check) and (self.check != "crash" or self.sabotage.crash)

    def row(self) -> str:
        """Its line in the table of docs/reliability.md."""
        where = f"step {self.turn}" if self.sabotage.cast == "disk" else f"{self.turn:,} ({self.ms / 60_000:.1f} min)"
        found = (f"`{self.check}`", str(self.seed), where) if self.caught else ("**survived**", "-", self.check or "-")
        return f"| {self.sabotage.invariant} | {self.sabotage.name} | `{self.sabotage.file}` | {' | '.join(found)} |"


@contextmanager
def sabotaged(sabotage: Sabotage | None) -> Iterator[Path]:
    """A copy of the program with one bug in it, or with none. Raises ``ValueError`` when its text is not there once."""
    with tempfile.TemporaryDirectory(prefix="locker-planted-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        copy = Path(name)
        for part in PARTS:
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        if sabotage is not None:
            path = copy / sabotage.file
            path.write_text(spoilt(path.read_text("utf-8"), sabotage), "utf-8")
        yield copy


def spoilt(text: str, sabotage: Sabotage) -> str:
    """A file's text with the bug in it. Raises ``ValueError`` when its place is not there exactly once."""
    if text.count(sabotage.old) != 1:
        raise ValueError(f"{sabotage.file}: {sabotage.old!r} stands {text.count(sabotage.old)} times; mend the table")
    return text.replace(sabotage.old, sabotage.new)


def try_out(sabotage: Sabotage, worlds: int = WORLDS, budget_s: int = BUDGET_S) -> Catch:
    """Plant one bug and look for it."""
    with sabotaged(sabotage) as copy:
        if sabotage.cast == "disk":
            return _cut(sabotage, copy, budget_s)
        played, fails = 0, ""
        for seed in seeds(CASTS[sabotage.cast], worlds):
            found = _played(copy, sabotage.cast, seed, budget_s)
            played += 1
            if found.get("check") == "crash" or (found.get("check") and _holds(sabotage.cast, seed, budget_s)):
                return Catch(sabotage, worlds=played, **found)
            fails += f"seed {seed} fails without the bug as well; " if found.get("check") else ""
    return Catch(sabotage, says=fails, worlds=played)


def _played(copy: Path, cast: str, seed: int, budget_s: int) -> dict[str, Any]:
    """One world, by the program of this copy; empty when it held or took too long."""
    return json.loads(_told(copy, ("sim.world.planting", "--play", cast, str(seed)), budget_s) or "{}")  # type: ignore[no-any-return]


def _told(copy: Path, module: tuple[str, ...], budget_s: int) -> str:
    """What a process of the copy prints; "" when it has taken too long."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *module]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=budget_s, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout or json.dumps({"check": "crash", "seed": 0, "says": done.stderr.strip()[-300:]})


_controls: dict[tuple[str, int], bool] = {}
_controlling = Lock()


def _holds(cast: str, seed: int, budget_s: int) -> bool:
    """Whether the same world holds without any bug; each is played once."""
    if (cast, seed) not in _controls:
        with sabotaged(None) as copy:
            verdict = not _played(copy, cast, seed, 3 * budget_s).get("check")
        with _controlling:
            _controls[cast, seed] = verdict
    return _controls[cast, seed]


def _cut(sabotage: Sabotage, copy: Path, budget_s: int) -> Catch:
    """Cut the disk of two visits; the first breach that is printed."""
    for line in _told(copy, ("locker", *DISK), 3 * budget_s).splitlines():
        head, _, rest = line.strip().partition(", image ")
        if head.startswith("step ") and rest:
            kind, check, says = rest.split(": ", 2)
            return Catch(sabotage, f"disk: {check}", 1, int(head.split()[1]), 0, f"{kind}: {says}"[:300], 1)
    return Catch(sabotage, worlds=1)


def run(chosen: list[Sabotage], jobs: int, worlds: int, budget_s: int, told: Callable[[Catch], None]) -> list[Catch]:
    """All of these, so many side by side; in the order of the table."""
    found = {}
    with ThreadPoolExecutor(jobs) as pool:
        tries = {pool.submit(try_out, sabotage, worlds, budget_s): sabotage for sabotage in chosen}
        for done in as_completed(tries):
            found[tries[done]] = done.result()
            told(done.result())
    return [found[sabotage] for sabotage in chosen]


def _play(cast: str, seed: int) -> str:
    """In the copy: play one world, and say as JSON what was found."""
    outcome = play(plan_of(seed, CASTS[cast]), kept=1)
    if outcome.breaches:
        first = outcome.breaches[0]
        return json.dumps(
            {"check": first.check, "seed": seed, "turn": outcome.turns, "ms": first.ms, "says": first.says}
        )
    if outcome.error:
        return json.dumps(
            {"check": "crash", "seed": seed, "turn": outcome.turns, "ms": outcome.ms, "says": outcome.error}
        )
    return "{}"


def main(arguments: list[str]) -> int:
    """The command. 0 when every bug was caught."""
    parser = argparse.ArgumentParser(prog="python -m sim.world.planting", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="side by side (default: %(default)s)")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="seeds a bug at the most (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=BUDGET_S, help="seconds a world at the most")
    parser.add_argument("--only", default="", help="those whose name or cast contains this")
    parser.add_argument("--play", nargs=2, metavar=("CAST", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.play:
        print(_play(args.play[0], int(args.play[1])))
        return 0
    chosen = [sabotage for sabotage in SABOTAGES if args.only in f"{sabotage.name} {sabotage.cast}"]
    with Bar(len(chosen)) as bar:

        def told(catch: Catch) -> None:
            bar.begins(catch.sabotage.name)
            bar.ends()
            print(catch.row(), flush=True)
            if not catch.caught:
                bar.says(f"SURVIVED: {catch.sabotage.name} ({catch.worlds} worlds) {catch.check} {catch.says}")

        found = run(chosen, args.jobs, args.worlds, args.budget, told)
    print("\nIn the order of the table:\n" + "\n".join(catch.row() for catch in found))
    print(f"{sum(catch.caught for catch in found)} of {len(found)} planted bugs caught")
    return 0 if all(catch.caught for catch in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
