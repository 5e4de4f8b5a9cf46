"""A campaign in several sittings: what it has played is kept in a file, and the next run goes on from there.

Only worlds that held are kept: one that failed, or was being played when the machine was switched off, is played again.
Worlds of two programs are not added up. Knows results and a file; what it does not do: play.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import msgspec

from sim.world.campaign import Result
from sim.world.world import Outcome

SOURCES = ("locker", "drivers", "sim", "config")
ROOT = Path(__file__).resolve().parent.parent.parent


class Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The file: of which program and which question, in how many sittings, how long, and what was met."""

    program: str
    asked: str
    sittings: int = 0
    seconds: float = 0.0
    ms: int = 0
    counts: dict[str, int] = {}
    digests: dict[int, str] = {}


class Sittings:
    """What the sittings of a campaign have played; kept in ``file`` after each world, nowhere where that is None."""

    def __init__(self, file: Path | None, asked: str) -> None:
        """Take up what was played before. Raises ``SittingsError`` where it is of another program or question."""
        self._file = file
        self._kept = Kept(program=program(), asked=asked) if file is None else _read(file, program(), asked)
        self._result = _result(self._kept)
        self._kept.sittings += 1

    @property
    def seconds(self) -> float:
        """How many seconds all sittings took, up to the last world that was kept."""
        return self._kept.seconds

    @property
    def number(self) -> int:
        """Which sitting this is, from 1 on."""
        return self._kept.sittings

    def result(self) -> Result:
        """What was found before this sitting, to be added to."""
        return deepcopy(self._result)

    def left(self, seeds: range) -> Iterator[int]:
        """Those of the seeds that were not played yet."""
        played = set(self._result.digests)
        return (seed for seed in seeds if seed not in played)

    def take(self, outcome: Outcome, seconds: float) -> None:
        """One more world, after so many seconds of all sittings together; one that failed is not kept."""
        if self._file is None or not outcome.good:
            return
        self._result.take(outcome)
        kept, result = self._kept, self._result
        kept.seconds, kept.ms = round(seconds, 3), result.ms
        kept.counts, kept.digests = dict(sorted(result.counts.items())), dict(sorted(result.digests.items()))
        made = self._file.with_name(f"{self._file.name}.new")
        made.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
        made.replace(self._file)


def _result(kept: Kept) -> Result:
    return Result(worlds=len(kept.digests), ms=kept.ms, counts=Counter(kept.counts), digests=dict(kept.digests))


def _read(file: Path, now: str, asked: str) -> Kept:
    if not file.exists():
        return Kept(program=now, asked=asked)
    again = "name another file, or remove it to begin anew"
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=Kept)
    except msgspec.DecodeError as error:
        raise SittingsError(f"{file}: not the state of a campaign: {error}; {again}") from error
    if kept.asked != asked:
        raise SittingsError(f"{file}: it is of {kept.asked!r}, not of {asked!r}; {again}")
    if kept.program != now:
        raise SittingsError(f"{file}: the program has changed since, and worlds of two programs do not add up; {again}")
    return kept


def program() -> str:
    """The SHA-256 of everything that a world plays: each file of the program, the simulator and the configuration."""
    found = hashlib.sha256()
    for file in sorted(file for name in SOURCES for file in (ROOT / name).rglob("*") if file.is_file()):
        if "__pycache__" not in file.parts:
            found.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


class SittingsError(ValueError):
    """The file of an earlier sitting cannot be gone on with."""
