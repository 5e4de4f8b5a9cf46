"""The kept corpus of the fuzzing targets: small inputs that together reach all that any input has reached.

    python tests/fuzz/corpus.py minimise          take what .fuzz has found, keep the least that covers as much
    python tests/fuzz/corpus.py replay TARGET FILE
    python tests/fuzz/corpus.py keep TARGET FILE  as it is, for a fault that is to stay mended

Needs no atheris. Coverage is counted in steps from line to line (``sys.settrace``) of the program's own files, and of
``json`` in Python, which stands in for compiled decoders; and how often, in powers of two. Inputs named ``kept-*``
(once a fault) are never thrown away.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from targets import BYTES_MAX, TARGETS, seeds

HERE = Path(__file__).resolve().parent
KEPT = HERE / "corpus"
ROOT = HERE.parent.parent
FOUND = ROOT / ".fuzz"
WATCHED = (str(ROOT / "locker"), str(ROOT / "drivers"), str(Path(json.__file__).parent))
TRIED_MAX = 3000
"""Most inputs of one target that are looked at, the smallest first: each is traced line by line."""

Step = tuple[str, int, int, int]


def kept(name: str) -> list[Path]:
    """The kept inputs of a target, in order."""
    return sorted((KEPT / name).glob("*.bin"))


def steps(run: Callable[[bytes], None], data: bytes) -> set[Step]:
    """The steps from line to line that an input makes in the program: file, from, to, and how often (log 2)."""
    seen: Counter[tuple[str, int, int]] = Counter()

    def outer(frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(WATCHED):
            return None
        file, before = frame.f_code.co_filename, [frame.f_lineno]

        def inner(frame: FrameType, event: str, arg: Any) -> Any:
            seen[file, before[0], frame.f_lineno] += 1
            before[0] = frame.f_lineno
            return inner

        return inner

    sys.settrace(outer)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return {(*step, min(count.bit_length(), 4)) for step, count in seen.items()}


def minimised(run: Callable[[bytes], None], inputs: list[bytes]) -> list[bytes]:
    """Of these inputs, the smallest first, those that make a step no smaller one makes; then the same backwards."""
    chosen = _chosen([(data, steps(run, data)) for data in sorted(set(inputs), key=lambda data: (len(data), data))])
    return sorted(data for data, _ in _chosen(chosen[::-1]))


def _chosen(traced: list[tuple[bytes, set[Step]]]) -> list[tuple[bytes, set[Step]]]:
    reached: set[Step] = set()
    chosen = []
    for data, made in traced:
        if not made <= reached:
            reached |= made
            chosen.append((data, made))
    return chosen


def minimise(name: str) -> tuple[int, int, int]:
    """Keep the least of a target's inputs; how many there were, how many are kept, and their bytes."""
    run = TARGETS[name]
    for seed in seeds(name, Random(name)):
        run(seed)
    inputs = seeds(name, Random(name)) + [path.read_bytes() for path in kept(name)]
    found = [path.read_bytes() for path in (FOUND / name / "found").glob("*") if path.stat().st_size <= BYTES_MAX]
    inputs += sorted(found, key=len)[:TRIED_MAX]
    chosen = minimised(run, inputs)
    for path in kept(name):
        if not path.name.startswith("kept-"):
            path.unlink()
    for data in chosen:
        write(name, data)
    files = kept(name)
    return len(set(inputs)), len(files), sum(path.stat().st_size for path in files)


def write(name: str, data: bytes, prefix: str = "") -> Path:
    """Put an input into the corpus, named after its content."""
    path = KEPT / name / f"{prefix}{hashlib.sha256(data).hexdigest()[:16]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def main() -> int:
    """Minimise, replay or keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("minimise", "replay", "keep"))
    parser.add_argument("target", nargs="?", choices=list(TARGETS))
    parser.add_argument("file", nargs="?", type=Path)
    args = parser.parse_args()
    if args.what == "minimise":
        for name in [args.target] if args.target else TARGETS:
            tried, files, size = minimise(name)
            print(f"{name:12}{tried:6} inputs, {files:4} kept, {size:7} bytes")
        return 0
    if args.target is None or args.file is None:
        parser.error(f"{args.what} needs a target and a file")
    if args.what == "keep":
        print(write(args.target, args.file.read_bytes(), "kept-").relative_to(ROOT))
    else:
        TARGETS[args.target](args.file.read_bytes())
        print("nothing wrong with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
