"""``make fuzz``, its first half: every wire protocol under a flood of random bytes and of mutated frames.

    python tests/fuzz/flood.py                            10 million bytes of each kind, for each protocol
    python tests/fuzz/flood.py --bytes 1000000 cu16 gm65  a million, for two of them
    python tests/fuzz/flood.py --seed 7 --block 1234 ssi  one block again

The targets are those of ``targets``: the cut changes nothing, no byte is lost or made up, and what is given out stands
in the stream with a check that holds. The bytes come in blocks, each made from (seed, protocol, kind, number) alone, so
that a find is repeated by its number. Random blocks are half of them of any bytes, half of those that the protocol's
frames are made of; mutated ones are printed frames with bits, bytes and pieces changed, some whole ones between them.
Needs no atheris; what has been found belongs into the corpus (``corpus.py keep``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random

from edits import some_bytes
from targets import TARGETS, seeds

BYTES = 10_000_000
PROTOCOLS = (
    "kerong",
    "cu16",
    "cu48",
    "cu48b",
    "eight",
    "modbus",
    "gm65",
    "ssi",
    "newland",
    "de2120",
    "lines",
    "keyboard",
)
"""All decoders of bytes: "kerong" is the KR-CU24's and KR-CU12's, "lines" the text of Honeywell and plain scanners."""
KINDS = ("random", "mutated")
RANDOM_MAX, FRAMES_MAX = 400, 8
SEED = 20251122

_PRINTED: dict[str, tuple[str, ...]] = {
    "kerong": ("KERONG_REQUESTS", "KERONG_REPLIES", "KERONG_FORBIDDEN", "KERONG_BAD"),
    "cu16": ("CU16_UNLOCKS", "CU16_STATUS", "CU16_TIMES", "CU16_REPLIES", "CU16_FORBIDDEN", "CU16_BAD"),
    "cu48": ("CU48_UNLOCKS", "CU48_STATUS", "CU48_REPLIES", "CU48_FORBIDDEN", "CU48_BAD"),
    "cu48b": ("CU48B_UNLOCKS", "CU48B_STATUS", "CU48_BAD"),
    "eight": ("EIGHT_OPENS", "EIGHT_OPENED", "EIGHT_QUESTIONS", "EIGHT_ONES", "EIGHT_ALL", "EIGHT_PUSHED", "EIGHT_BAD"),
    "modbus": ("WAVESHARE_PULSES", "ELETECHSUP_PULSES", "MODBUS_QUESTIONS", "MODBUS_ANSWERS", "MODBUS_OTHERS"),
    "gm65": ("GM65_COMMANDS", "GM65_SILENT"),
    "ssi": ("SSI_BAD",),
    "newland": ("NEWLAND_BAD",),
}


@dataclass(frozen=True, slots=True)
class Find:
    """A block that broke a rule, and how to see it again."""

    protocol: str
    kind: str
    block: int
    seed: int
    data: bytes
    error: Exception

    def __str__(self) -> str:
        again = f"python tests/fuzz/flood.py --seed {self.seed} --block {self.block} --kind {self.kind} {self.protocol}"
        what = f"{self.protocol}, {self.kind} block {self.block}: {self.error!r}"
        return f"{what}\n  bytes: {self.data.hex()}\n  again: {again}"


@cache
def printed(protocol: str) -> tuple[bytes, ...]:
    """The document's frames of this protocol, good and bad, and the seeds of its fuzzing target without their cut."""
    found = [seed[1:] for seed in seeds(protocol, Random(protocol))]
    for name in _PRINTED.get(protocol, ()):
        for row in _document(name):
            found += [bytes.fromhex(part) for part in _texts(row)]
    return tuple(dict.fromkeys(each for each in found if each))


def _document(name: str) -> tuple[object, ...]:
    """A table of tests/frames.py or tests/scanner_frames.py."""
    for module in ("frames", "scanner_frames"):
        table: tuple[object, ...] | None = getattr(import_module(module), name, None)
        if table is not None:
            return table
    raise LookupError(f"no table {name}")


def _texts(row: object) -> Iterator[str]:
    """The spaced hexadecimal texts of a row of ``frames``: a text, a ``Printed``, or a tuple that begins with some."""
    text = getattr(row, "text", row)
    if isinstance(text, str):
        yield text
    elif isinstance(row, tuple):
        yield from (part for part in row if isinstance(part, str) and len(part) > 2)


def block(protocol: str, kind: str, number: int, seed: int) -> bytes:
    """One block; its first byte says how the target cuts the rest."""
    chance = Random(f"{seed} {protocol} {kind} {number}")
    cut = bytes((chance.randrange(256),))
    if kind == "random":
        length = chance.randrange(1, RANDOM_MAX)
        alphabet = b"".join(printed(protocol))
        return cut + (chance.randbytes(length) if number % 2 else bytes(chance.choices(alphabet, k=length)))
    pieces = (chance.choice(printed(protocol)) for _ in range(chance.randrange(1, FRAMES_MAX)))
    return cut + b"".join(each if chance.random() < 0.2 else some_bytes(each, chance) for each in pieces)


def flood(
    protocol: str, kind: str, count: int, seed: int, told: Callable[[int], None] = lambda done: None
) -> tuple[int, int, Find | None]:
    """Bytes and blocks that went through the target, and the first find if there was one."""
    done = number = 0
    run = TARGETS[protocol]
    while done < count:
        data = block(protocol, kind, number, seed)
        try:
            run(data)
        except Exception as error:  # any at all is a find
            return done, number, Find(protocol, kind, number, seed, data, error)
        done, number = done + len(data) - 1, number + 1
        told(done)
    return done, number, None


def main() -> int:
    """Flood each protocol; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocols", nargs="*", help=f"of {', '.join(PROTOCOLS)} (default: all); others are left alone")
    parser.add_argument(
        "--bytes", type=int, default=BYTES, help="of each kind, for each protocol (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="(default: %(default)s)")
    parser.add_argument("--kind", choices=KINDS, help="only this kind of blocks")
    parser.add_argument("--block", type=int, help="only this block, again")
    args = parser.parse_args()
    names = [name for name in args.protocols or PROTOCOLS if name in PROTOCOLS]
    if args.block is not None:
        for name in names:
            TARGETS[name](block(name, args.kind or KINDS[0], args.block, args.seed))
        return 0
    kinds = (args.kind,) if args.kind else KINDS
    found = [_one(name, kind, args.bytes, args.seed) for name in names for kind in kinds]
    return 1 if any(found) else 0


def _one(protocol: str, kind: str, count: int, seed: int) -> bool:
    """Flood one protocol with a line that shows how far it is; whether something was found."""
    begun, shown = time.monotonic(), 0

    def told(done: int) -> None:
        nonlocal shown
        if sys.stdout.isatty() and done - shown >= count // 100:
            shown = done
            print(f"\r{protocol:10}{kind:10}{100 * done // count:>4} %", end="", flush=True)

    done, blocks, find = flood(protocol, kind, count, seed, told)
    took_s = time.monotonic() - begun
    lead = "\r" if sys.stdout.isatty() else ""
    print(f"{lead}{protocol:10}{kind:10}{done:>12,} bytes{blocks:>10,} blocks{took_s:>8.1f} s", flush=True)
    if find is not None:
        print(find, file=sys.stderr)
    return find is not None


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
