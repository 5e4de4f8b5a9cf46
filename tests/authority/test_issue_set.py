"""The issuing side signs no document that a cabinet would refuse, and no set that would leave people standing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from crafted import IAT, NEW, OLD, RESIDENT, STAFF
from rooted import NOT_AFTER, NOT_BEFORE, PINNED, ROOT

from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import gaps, make_revocation, make_set, objections, unserved
from locker.authority.keys import IssuerKey, KeyState
from locker.authority.keyset import RESIDENTS, KeySet, verify
from locker.authority.root import DocumentError
from locker.model import Purpose

OFFICE = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))


def key(private: PrivateKey, purposes: frozenset[Purpose] = RESIDENTS) -> IssuerKey:
    """Return an active key."""
    return IssuerKey(PublicKey(private.public), purposes, not_before=NOT_BEFORE, not_after=NOT_AFTER)


A, B, S = key(RESIDENT), key(NEW), key(STAFF, OFFICE)
RETIRED = replace(key(OLD), state=KeyState.RETIRED)


def published(*keys: IssuerKey) -> KeySet:
    """Return these keys as the set in force."""
    found = verify(make_set(ROOT, 1, IAT, keys), PINNED)
    assert isinstance(found, KeySet)
    return found


NOW_IN_FORCE = published(A, S, RETIRED)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "empty: a set without keys"),
        ([A, A], "equal_kids: two keys have the id"),
        ([key(RESIDENT, frozenset(Purpose))], "mixed_purposes: key "),
        ([key(RESIDENT, frozenset())], "content: key .*purposes must be"),
        ([key(ROOT)], "root_as_issuer"),
        ([replace(A, alg=-7)], "content: key .*alg must be"),
        ([replace(A, not_after=NOT_BEFORE)], "content: key .*not-before must be earlier"),
        ([replace(A, cutoff_iat=-1)], "content: key .*times must be"),
    ],
)
def test_nonsense_is_not_signed(keys: list[IssuerKey], why: str) -> None:
    """Each bound of the contract is an error that names the reason and the key."""
    with pytest.raises(DocumentError, match=why):
        make_set(ROOT, 1, IAT, keys)


@pytest.mark.parametrize(("version", "iat"), [(0, IAT), (2**32, IAT), (1, -1), (1, 2**63)])
def test_versions_and_issue_times_have_bounds(version: int, iat: int) -> None:
    """For both documents."""
    with pytest.raises(DocumentError, match="content: "):
        make_set(ROOT, version, iat, [A])
    with pytest.raises(DocumentError, match="content: "):
        make_revocation(ROOT, version, iat, {})


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([S, RETIRED], f"key {A.kid.hex()} is left out: let it be retired for one version first"),
        ([A, S, replace(RETIRED, state=KeyState.ACTIVE)], f"key {RETIRED.kid.hex()} was retired and comes back"),
        ([replace(A, alg=-19), S, RETIRED], f"key {A.kid.hex()} changes its alg from -8 to -19"),
    ],
)
def test_a_next_set_that_is_a_mistake_is_named(keys: list[IssuerKey], why: str) -> None:
    """One line for the one mistake."""
    [line] = objections(NOW_IN_FORCE, keys, IAT)
    assert line.startswith(why)


def test_a_cut_off_may_rise_and_never_fall() -> None:
    """Lowering it would bring dead tokens back to life."""
    raised = replace(A, cutoff_iat=IAT)
    assert objections(published(A), [raised], IAT) == []
    [line] = objections(published(raised), [A], IAT)
    assert "cut-off lowered to 0" in line


def test_a_laptop_whose_clock_went_back_is_noticed() -> None:
    """A set issued before the one that it follows says so."""
    [line] = objections(NOW_IN_FORCE, [A, S, RETIRED], IAT - 1)
    assert "set the clock right" in line


def test_what_may_go_goes_without_a_word() -> None:
    """A retired key may be left out, a key past its time as well; the same set again is no mistake."""
    assert objections(NOW_IN_FORCE, [A, S, RETIRED], IAT) == []
    assert objections(NOW_IN_FORCE, [A, S], IAT) == []
    assert objections(NOW_IN_FORCE, [S], NOT_AFTER) == []


def test_a_rotation_with_an_overlap_has_no_gap() -> None:
    """next, then active beside the old one, then the old one retired: a cabinet may miss any one of these sets."""
    coming = replace(B, state=KeyState.NEXT)
    leaving = replace(A, state=KeyState.RETIRED)
    steps = [[A, S], [A, S, coming], [A, S, B], [leaving, S, B], [S, B]]
    for before, after in pairwise(steps):
        assert gaps(published(*before), after) == []


def test_a_rotation_without_an_overlap_is_named_for_each_purpose() -> None:
    """The new key at once in place of the old one: a cabinet that misses it refuses every new token."""
    lines = gaps(NOW_IN_FORCE, [replace(A, state=KeyState.RETIRED), S, B])
    for purpose in ("deposit", "collect"):
        assert f"{purpose}: no key of version 1 is left; retire the old one later" in lines
        assert f"{purpose}: key {B.kid.hex()} is new and active at once; deliver it as next first" in lines
    assert len(lines) == 4


def test_a_key_for_what_nobody_signed_yet_may_be_active_at_once() -> None:
    """Nobody waits for the first staff key of all."""
    assert gaps(published(A), [A, S]) == []


def test_purposes_that_nobody_may_sign_for_are_named() -> None:
    """Before its time, after its time and retired, a key serves nobody; next it does."""
    assert unserved([A, S], IAT) == []
    assert unserved([A], IAT) == ["staff", "technician"]
    assert unserved([replace(A, state=KeyState.NEXT), replace(S, state=KeyState.RETIRED)], IAT) == [
        "staff",
        "technician",
    ]
    assert (
        unserved([A, S], NOT_AFTER) == unserved([A, S], NOT_BEFORE - 1) == ["deposit", "collect", "staff", "technician"]
    )
