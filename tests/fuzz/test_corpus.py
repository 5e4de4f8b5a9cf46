"""The kept corpus of the fuzzer, replayed without it; and that the targets would notice a fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import guided
import pytest
from corpus import KEPT, kept, minimised, steps
from edits import some_bytes
from stream_targets import kerong_stream
from targets import BYTES_MAX, TARGETS, base45_text, seeds

from drivers.kerong_frames import Decoder, Frame
from locker.authority import base45

FILES = [(name, path) for name in TARGETS for path in kept(name)]
SEED = 20251122


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus_holds(name: str) -> None:
    """Every input that was worth keeping: nothing raises, and all that the target asserts is true."""
    files = kept(name)
    assert len(files) >= 3, f"no corpus for {name}: python tests/fuzz/corpus.py minimise {name}"
    for path in files:
        try:
            TARGETS[name](path.read_bytes())
        except Exception as error:
            raise AssertionError(f"python tests/fuzz/corpus.py replay {name} {path}: {error!r}") from error


@pytest.mark.parametrize("name", TARGETS)
def test_changes_of_the_corpus_hold(name: str) -> None:
    """The empty input, a zero byte, the seeds, and some hundreds of changes of the corpus."""
    print(f"seed {SEED}")
    chance = Random(f"{SEED} {name}")
    begin = [*seeds(name, chance), *(path.read_bytes() for path in kept(name))]
    for data in (b"", b"\0", b"\xff", *begin, *(some_bytes(chance.choice(begin) or b"\0", chance) for _ in range(300))):
        TARGETS[name](data)


def test_the_corpus_is_small_and_known() -> None:
    """A few hundred kilobytes in all, each file within the fuzzer's limit, named after its content, for a target."""
    paths = [path for path in KEPT.rglob("*") if path.is_file()]
    assert {path.parent.name for path in paths} == set(TARGETS)
    assert sum(path.stat().st_size for path in paths) < 400_000
    assert all(path.stat().st_size <= BYTES_MAX for path in paths)
    assert all(re.fullmatch(r"(kept-)?[0-9a-f]{16}\.bin", path.name) for path in paths)


def test_the_fuzzer_knows_every_target() -> None:
    """``guided`` names them itself: it cannot import them before atheris is at work."""
    assert tuple(TARGETS) == guided.NAMES


def test_figures_and_advice_come_from_the_fuzzers_words(tmp_path: Path) -> None:
    """What the table says is what libFuzzer printed; a crash is told with the file and with what to do next."""
    log = "#812\tNEW    cov: 301 ft: 9 corp: 41/2Kb\nstat::number_of_executed_units: 900\n"
    log += "stat::average_exec_per_sec:     450\n"
    assert guided._figures(log) == (900, 450, 301, 41)
    assert guided._figures("") == (0, 0, 0, 0)
    crash = guided.WORK / "token" / "crash-12ab"
    told = guided._advice(
        "token", f"AssertionError: accepted, and made without the key\nTest unit written to {crash}\n"
    )
    assert "AssertionError: accepted, and made without the key" in told
    assert "corpus.py keep token .fuzz/token/crash-12ab" in told


def test_the_least_that_covers_as_much_is_kept() -> None:
    """Of inputs that do the same the smallest stays; what reaches more stays as well; nothing is lost."""
    run: Callable[[bytes], None] = TARGETS["ack"]
    small, same, other = b'{"x":1}', b'{"y":2}', b'{"epoch":"e","seq":1}'
    least = minimised(run, [other, same, small])
    reached = set().union(*(steps(run, data) for data in (small, same, other)))
    assert set().union(*(steps(run, data) for data in least)) == reached
    assert other in least
    assert len({small, same} & set(least)) <= 1


class NoSum(Decoder):
    """A decoder that mends the sum of what it is given, so that no sum is ever wrong."""

    def feed(self, data: bytes) -> list[Frame]:
        head = data[:7]
        return super().feed(head + bytes((sum(head) + sum(data[8:]) & 0xFF,)) + data[8:] if len(data) > 7 else data)


def test_a_fault_in_a_decoder_is_noticed() -> None:
    """A Base45 that takes small letters, and a frame decoder that ignores sums: the targets say so."""
    base45_text(b"bb8")
    with pytest.raises(AssertionError):
        base45_text(b"bb8", lambda text: base45.decode(text.upper()))
    wrong_sum = bytes.fromhex("00 02 00 00 80 10 02 03 98 02 00")
    kerong_stream(wrong_sum)
    with pytest.raises(AssertionError):
        kerong_stream(wrong_sum, NoSum)
