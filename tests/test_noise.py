"""How noisy a board's wire is: shares of wrong answers, what is usual, and when it is told."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.model import Record
from locker.noise import ASKED_MIN, Noise

LIMIT = 20


class Wire:
    """One board whose counters go up as told."""

    def __init__(self, text: str | None = None) -> None:
        self.noise = Noise(["main"], LIMIT, text)
        self.counters = dict.fromkeys(("sent", "lost", "bad", "late"), 0)
        self.said: list[Record] = []
        self.tell()

    def tell(self, silent: bool = False) -> None:
        """The service hands the counters on."""
        said = self.noise.tallied("main", dict(self.counters), silent)
        self.said += [said] if said else []

    def asks(self, wrong: Iterable[int], of: int = 1000, what: str = "bad") -> None:
        """So many answers of ``of`` go wrong, each minute."""
        for count in wrong:
            self.counters["sent"] += of
            self.counters[what] += count
            self.tell()


def test_a_quiet_wire_says_nothing() -> None:
    """Up to ten in a thousand, at random: a day of minutes, nothing is said."""
    print("seed 3")
    wire, chance = Wire(), Random(3)
    wire.asks(chance.randrange(3, 10) for _ in range(1440))
    assert wire.said == [] and 5 < wire.noise.buses["main"].usual < 8


@pytest.mark.parametrize("what", ["lost", "bad", "late"])
def test_a_wire_that_becomes_noisy_is_told_once(what: str) -> None:
    """Thirty in a thousand after a quiet hour; again only after it was quiet for a while."""
    wire = Wire()
    wire.asks([2] * 60, what=what)
    wire.asks([30] * 30, what=what)
    assert [said.kind for said in wire.said] == ["bus_noisier"]
    fields = wire.said[0].fields
    assert (
        fields["device"] == "main"
        and fields["usual"] == 2
        and fields["wrong"] == 30
        and fields["permille"] >= LIMIT / 4
    )
    wire.asks([2] * 30, what=what)
    wire.asks([30] * 30, what=what)
    assert len(wire.said) == 2


def test_a_wire_is_compared_with_itself() -> None:
    """From nearly nothing to eight in a thousand: below the limit, but four times what it was. A wire of eight is told
    nothing."""
    wire = Wire()
    wire.asks([0, 1] * 30)
    wire.asks([8] * 20)
    assert len(wire.said) == 1 and wire.said[0].fields["permille"] < LIMIT
    steady = Wire()
    steady.asks([8] * 100)
    assert steady.said == []


def test_a_wire_that_was_bad_from_the_beginning_is_told() -> None:
    """There is no better time to compare it with."""
    wire = Wire()
    wire.asks([50] * 3)
    assert len(wire.said) == 1


def test_few_questions_are_no_reading() -> None:
    """A night of slow polls is collected until there is enough of it: one lost of five is no fifth."""
    wire = Wire()
    wire.asks([1], of=5)
    wire.asks([0] * 30, of=6)
    assert wire.said == [] and wire.noise.buses["main"].readings == 0
    wire.asks([0] * 3, of=6)
    assert wire.noise.buses["main"].readings == 1 and wire.said == []
    assert ASKED_MIN == 200


def test_a_silent_board_is_not_noisy() -> None:
    """All its questions are lost while it is unplugged: that is told otherwise, and is no noise afterwards either."""
    wire = Wire()
    wire.asks([1] * 30)
    for _ in range(60):
        wire.counters["sent"] += 60
        wire.counters["lost"] += 60
        wire.tell(silent=True)
    wire.asks([1] * 30)
    assert wire.said == []


def test_counters_that_began_anew_are_no_change() -> None:
    """A board that was taken up again counts from nothing."""
    wire = Wire()
    wire.asks([1] * 20)
    wire.counters = dict.fromkeys(wire.counters, 0)
    wire.tell()
    wire.asks([1] * 20)
    assert wire.said == [] and 0.9 < wire.noise.buses["main"].usual < 1.1


def test_pins_are_read_and_late_pulses_are_no_noise() -> None:
    """A board on pins counts "reads" and "bad"; its "late" is a pulse."""
    noise = Noise(["pins"], LIMIT, None)
    noise.tallied("pins", {"reads": 0, "bad": 0, "late": 0}, False)
    assert noise.tallied("pins", {"reads": 1000, "bad": 0, "late": 900}, False) is None
    told = noise.tallied("pins", {"reads": 2000, "bad": 500, "late": 900}, False)
    assert told is not None and told.fields["wrong"] == 500


def test_what_is_usual_outlives_a_restart() -> None:
    """The means are taken up; and whether it was told. A damaged note counts as none."""
    wire = Wire()
    wire.asks([0, 1] * 30)
    again = Wire(wire.noise.text())
    again.asks([8] * 20)
    assert len(again.said) == 1
    third = Wire(again.noise.text())
    third.asks([8] * 5)
    assert third.said == []
    for damaged in ("", "{", "[]", '{"main":3}', '{"main":["x",1,2,3]}', "[" * 5000):
        assert Noise(["main"], LIMIT, damaged).buses["main"].readings == 0


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.booleans()), max_size=60))
def test_shares_are_shares(minutes: list[tuple[int, int, bool]]) -> None:
    """Whatever is counted, both means are between nothing and all."""
    wire = Wire()
    for asked, wrong, silent in minutes:
        wire.counters["sent"] += asked
        wire.counters["lost"] += wrong
        wire.tell(silent)
    bus = wire.noise.buses["main"]
    assert 0 <= bus.usual <= 1000 and 0 <= bus.recent <= 1000
