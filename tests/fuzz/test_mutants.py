"""The mutation campaign in small, in each run of the suite: a fixed seed and a fresh one. ``make mutants`` is more.

The campaign itself is tested as well: a program with a fault in it, of each sort that matters, must be found out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from campaign import CHUNK, SHARES, Tally, chunks, expected, run_chunk, sealed_trials
from command_mutants import GENUINE, Gate, may_open
from operators import OPERATORS
from plain_cbor import NotLawful, read, write
from specimens import KEY_SET, REVOCATION, SEALED, TOKEN, Kind, Verdict, edition

from locker.authority import keyset, revocation
from locker.authority.root import Edition, is_of

SEED = 20251122
FIXED, FRESH = 14_000, 4_000


def campaign(seed: int, count: int) -> Tally:
    """Run a campaign in this process."""
    print(f"seed {seed}: python tests/fuzz/mutants.py --seed {seed} --count {count}")
    tally = Tally()
    for chunk in chunks(count):
        tally.add(run_chunk(seed, *chunk))
    return tally


def test_no_mutant_is_accepted_and_every_reason_is_met() -> None:
    """Thousands of mutants of each kind: none accepted, no exception, and no check that nothing ever reaches."""
    tally = campaign(SEED, FIXED)
    assert not tally.finds, "\n".join(map(str, tally.finds))
    assert not sorted(expected() - tally.reasons.keys()), "never met"
    assert tally.total >= FIXED
    assert {name for _, name in tally.mutants} >= {each.name for each in OPERATORS}


def test_no_mutant_of_a_fresh_seed_is_accepted() -> None:
    """Each run of the suite looks somewhere else; the seed is printed."""
    tally = campaign(secrets.randbelow(2**32), FRESH)
    assert not tally.finds, "\n".join(map(str, tally.finds))


def test_a_seed_repeats_a_campaign() -> None:
    """A chunk depends on seed, kind and number alone: what was found can be found again, whatever ran before."""
    one, again, other = (run_chunk(seed, "key set", 3, 200) for seed in (5, 5, 6))
    assert one.prints == again.prints
    assert one.prints != other.prints


def test_the_chunks_add_up() -> None:
    """As many mutants as were asked for, each kind with its share, none larger than a chunk."""
    found = chunks(100_000)
    assert sum(count for _, _, count in found) == 100_000
    assert {kind for kind, _, _ in found} == set(SHARES)
    assert max(count for _, _, count in found) == CHUNK
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("kind", SEALED, ids=lambda kind: kind.name)
def test_genuine_documents_are_accepted_by_the_program_and_the_contract(kind: Kind) -> None:
    """The campaign would be empty if its originals were refused; in force already, a document may come again."""
    for specimen in kind.specimens:
        assert kind.verify(specimen.text, edition(kind.held[0])).reason is None
        assert kind.lawful(specimen.text, kind.held[0])
        assert read(write(specimen.content)) == specimen.content
    for held in kind.held[1:]:
        assert kind.verify(held[1], edition(held)).reason is None


def test_genuine_commands_open_what_they_may() -> None:
    """Grants open a door in a command of their own, once each in a fresh cabinet; nothing else pulses anything."""
    opened = 0
    for command in GENUINE:
        payload = json.dumps(command).encode()
        _, doors = Gate().send(payload, retained=False)
        opened += len(doors)
        assert not doors or may_open(payload, retained=False)
        assert Gate().send(payload, retained=True)[1] == []
    assert opened >= 2


def test_sets_lists_and_tokens_never_pass_for_each_other() -> None:
    """One root signature stands for one thing: a set is no list and a list no set, whatever their version."""
    one, other = KEY_SET.specimens[0].text, REVOCATION.specimens[0].text
    assert KEY_SET.verify(other, edition(KEY_SET.held[0])).reason is not None
    assert REVOCATION.verify(one, edition(REVOCATION.held[0])).reason is not None
    assert (is_of(one, keyset.FORM), is_of(one, revocation.FORM)) == (True, False)
    assert (is_of(other, keyset.FORM), is_of(other, revocation.FORM)) == (False, True)


# --- the campaign can fail ------------------------------------------------------------------------


def _lenient(name: str) -> Callable[[Kind], Kind]:
    """A program that does not know one of its refusals any more."""

    def weaken(kind: Kind) -> Kind:
        def verify(text: bytes, held: Edition) -> Verdict:
            found = kind.verify(text, held)
            return Verdict(None, "") if found.reason is not None and found.reason.name == name else found

        return replace(kind, verify=verify)

    return weaken


def _strict(kind: Kind) -> Kind:
    """A program that refuses everything."""
    return replace(kind, verify=lambda text, held: kind.verify(b"", held))


def _raising(kind: Kind) -> Kind:
    """A program that falls over texts of some lengths."""

    def verify(text: bytes, held: Edition) -> Verdict:
        return Verdict(None, str(1 // (len(text) % 5))) if len(text) % 5 == 0 else kind.verify(text, held)

    return replace(kind, verify=verify)


def _telling(kind: Kind) -> Kind:
    """A program that shows claims nobody signed."""
    return replace(kind, verify=lambda text, held: replace(kind.verify(text, held), told=True))


def _leaking(kind: Kind) -> Kind:
    """A program whose reasons name the order."""
    return replace(kind, verify=lambda text, held: replace(kind.verify(text, held), detail="order-7 is not here"))


FAULTS = [_lenient(name) for name in ("SIGNATURE", "NOT_CANONICAL", "CLAIMS", "EXPIRED", "REVOKED", "PURPOSE")]


@pytest.mark.parametrize("fault", [*FAULTS, _strict, _raising, _telling, _leaking])
def test_a_faulty_program_is_found_out(fault: Callable[[Kind], Kind]) -> None:
    """Whatever a program forgets, a campaign of a few thousand mutants finds it."""
    trials = sealed_trials(fault(TOKEN), Random(f"{SEED} fault"))
    assert any(next(trials)[3] for _ in range(4000))


def test_the_reader_of_the_tests_takes_one_form_only() -> None:
    """RFC 8949, section 4.2.1, and the examples of appendix A that a lawful document could hold."""
    for lawful in ("00", "17", "1818", "190100", "1a000f4240", "20", "3863", "40", "4401020304", "6161", "83010203"):
        assert write(read(bytes.fromhex(lawful))).hex() == lawful
    assert read(bytes.fromhex("a201020304")) == {1: 2, 3: 4}
    for unlawful in (
        *("", "1800", "190018", "1a00000100", "5f4101ff", "9f01ff", "bf0102ff", "a203040102", "a201020103"),
        *("f4", "f6", "f93c00", "c000", "d8184100", "0000", "8301", "61ff", "a18000", "1c", "a1a00000"),
    ):
        with pytest.raises(NotLawful):
            read(bytes.fromhex(unlawful))
