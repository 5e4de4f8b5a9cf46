"""``make fuzz``: coverage-guided fuzzing of every target with atheris, within a time budget.

    make fuzz                                    600 seconds, shared by all targets
    make fuzz FUZZ_SECONDS=3600 ARGS="token"     one hour for one target

Begins with the kept corpus (``tests/fuzz/corpus``). What is found on the way lies in ``.fuzz/<target>/found``, crashes
in ``.fuzz/<target>/crash-*``; git sees neither. ``corpus.py`` takes what is worth keeping. One process a target: the
fuzzer ends its process. The only file that knows atheris; it is not needed to replay anything.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".fuzz"
KEPT = Path(__file__).resolve().parent / "corpus"
WATCHED = ["locker", "drivers", "plain_cbor", "contract", "command_mutants", "panel_target", "json"]
NAMES = (
    *("token", "key-set", "revocation", "receipt", "command", "ack"),
    *("base45", "cose", "kerong", "gm65", "lines", "panel"),
    *("ssi", "newland", "de2120", "keyboard"),
    *("eight", "modbus", "cu16", "cu48", "cu48b"),
)
UNIT_S = 10


def main() -> int:
    """Fuzz one target in this process (``--inside``), or each in a process of its own."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the fuzzer (default: the time)")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if strange := set(args.targets) - set(NAMES):
        parser.error(f"no target {', '.join(sorted(strange))}; there are {', '.join(NAMES)}")
    each_s = max(1, args.seconds // len(args.targets or NAMES))
    if args.inside:
        _inside(args.inside, each_s, args.seed)
    return _all(args.targets or list(NAMES), each_s, args.seed)


def _inside(name: str, seconds: int, seed: int) -> None:
    """Fuzz one target until the time is up or something is wrong. Never returns."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=WATCHED):
        from targets import BYTES_MAX, TARGETS, seeds

    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / "found"
    found.mkdir(exist_ok=True)
    for number, data in enumerate(seeds(name, Random(name))):
        (found / f"seed-{number}").write_bytes(data)
    kept = [str(KEPT / name)] if (KEPT / name).is_dir() else []
    options = [f"-max_total_time={seconds}", f"-max_len={BYTES_MAX}", f"-timeout={UNIT_S}", f"-seed={seed}"]
    options += [f"-artifact_prefix={folder}/", "-print_final_stats=1", "-reduce_inputs=1"]
    atheris.Setup([sys.argv[0], *options, str(found), *kept], TARGETS[name])
    atheris.Fuzz()


def _all(names: list[str], each_s: int, seed: int) -> int:
    """Every target for its share of the time; a table at the end. 1 when one of them broke a rule."""
    print(f"seed {seed}; {len(names)} targets, {each_s} s each", flush=True)
    broken: list[str] = []
    rows = []
    for number, name in enumerate(names, 1):
        print(f"{number}/{len(names)} {name} ...", end=" ", flush=True)
        told = subprocess.run(
            [sys.executable, __file__, name, "--inside", name, "--seconds", str(each_s), "--seed", str(seed)],
            capture_output=True,
            text=True,
            errors="replace",
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        (WORK / name).mkdir(parents=True, exist_ok=True)
        (WORK / name / "fuzzer.log").write_text(told.stdout + told.stderr, encoding="utf-8")
        rows.append((name, *_figures(told.stderr)))
        print("found something wrong" if told.returncode else "nothing wrong", flush=True)
        if told.returncode:
            broken.append(name)
            print(_advice(name, told.stdout + told.stderr), file=sys.stderr)
    print(f"\n{'target':12}{'runs':>12}{'a second':>10}{'edges':>8}{'inputs kept':>13}")
    for name, runs, rate, edges, inputs in rows:
        print(f"{name:12}{runs:>12,}{rate:>10,}{edges:>8,}{inputs:>13,}")
    return 1 if broken else 0


def _figures(log: str) -> tuple[int, int, int, int]:
    """Runs, runs a second, edges covered, inputs in the corpus; from the fuzzer's own words."""
    edges = re.findall(r"cov: (\d+)", log)
    inputs = re.findall(r"corp: (\d+)", log)
    runs = re.findall(r"number_of_executed_units: (\d+)", log) or re.findall(r"^#(\d+)\t", log, re.MULTILINE)
    rate = re.findall(r"average_exec_per_sec: +(\d+)", log)
    return (*(int(found[-1]) if found else 0 for found in (runs, rate, edges, inputs)),)  # type: ignore[return-value]


def _advice(name: str, log: str) -> str:
    """What went wrong, where the input lies, and how it becomes a corpus file and a test."""
    crashes = re.findall(r"Test unit written to (\S+)", log)
    where = Path(crashes[-1]).relative_to(ROOT) if crashes else "(none written; see fuzzer.log)"
    lines = [line for line in log.splitlines() if re.match(r"\S*(Error|Exception)\b", line.strip())]
    return (
        f"{name}: {lines[-1] if lines else 'see the log'}\n"
        f"  input: {where}   log: {(WORK / name / 'fuzzer.log').relative_to(ROOT)}\n"
        f"  again: python tests/fuzz/corpus.py replay {name} {where}\n"
        f"  keep:  python tests/fuzz/corpus.py keep {name} {where}\n"
        "  then tests/fuzz/test_corpus.py replays it in each run of the suite: it fails until the fault is mended.\n"
        "  Say in a test of the module itself what should have held."
    )


if __name__ == "__main__":
    sys.exit(main())
