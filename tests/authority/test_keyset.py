"""A key set says exactly what its issuer put in, and a cabinet believes tokens by it: rotation, cut-off, purposes."""

from __future__ import annotations

import pytest
from crafted import CABINET, IAT, NEW, OLD, RESIDENT, STAFF
from hypothesis import given
from hypothesis import strategies as st
from rooted import GOOD_SET, NOT_AFTER, NOT_BEFORE, PINNED, ROOT, ROWS, set_of, signed

from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue import issue
from locker.authority.issue_set import make_set
from locker.authority.keys import NO_END, IssuerKey, KeyRing, KeyState, kid_of
from locker.authority.keyset import RESIDENTS, KeySet, inspect, public_id, verify
from locker.authority.root import NONE_YET, Edition
from locker.authority.token import Authority, Refused
from locker.model import Now, Purpose, Quality, Refusal

OFFICE = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))


def key(private: PrivateKey, state: KeyState = KeyState.ACTIVE, cutoff_iat: int = 0) -> IssuerKey:
    """Return an issuer's key for residents' tokens."""
    return IssuerKey(PublicKey(private.public), RESIDENTS, -8, state, NOT_BEFORE, NOT_AFTER, cutoff_iat)


def keyset(*keys: IssuerKey, version: int = 1, held: Edition = NONE_YET) -> KeySet:
    """Return a verified set of these keys, as a cabinet that holds an edition takes it."""
    found = verify(make_set(ROOT, version, IAT, keys), PINNED, held)
    assert isinstance(found, KeySet), found
    return found


def test_a_set_made_by_hand_is_read_field_by_field() -> None:
    """The bytes come from the CBOR library and the contract, not from the code under test."""
    found = verify(GOOD_SET, PINNED)
    assert isinstance(found, KeySet)
    assert (found.version, found.iat, found.raw) == (5, IAT, GOOD_SET)
    by_kid = {each.kid: each for each in found.keys}
    resident, staff = by_kid[kid_of(RESIDENT.public)], by_kid[kid_of(STAFF.public)]
    assert resident == IssuerKey(PublicKey(RESIDENT.public), RESIDENTS, -8, KeyState.ACTIVE, NOT_BEFORE, NOT_AFTER, 0)
    assert staff.purposes == OFFICE
    assert public_id(staff.public) == staff.kid.hex()
    assert inspect(GOOD_SET) == found


def test_the_issuing_side_makes_the_same_bytes() -> None:
    """What is made equals what was written by hand, in whatever order the keys are given."""
    found = inspect(GOOD_SET)
    for keys in (found.keys, found.keys[::-1]):
        assert make_set(ROOT, 5, IAT, keys) == signed(set_of(ROWS)) == GOOD_SET


SECONDS = st.integers(0, 2**63 - 2)
KEYS = st.builds(
    lambda seed, purposes, alg, state, times, cutoff: IssuerKey(
        PublicKey(PrivateKey(seed).public), frozenset(purposes), alg, state, min(times), max(times), cutoff
    ),
    st.binary(min_size=32, max_size=32),
    st.sets(st.sampled_from(sorted(RESIDENTS, key=lambda p: p.value)), min_size=1)
    | st.sets(st.sampled_from(sorted(OFFICE, key=lambda p: p.value)), min_size=1),
    st.sampled_from([-8, -19]),
    st.sampled_from(KeyState),
    st.sets(SECONDS, min_size=2, max_size=2),
    SECONDS,
)


@given(st.lists(KEYS, min_size=1, max_size=5, unique_by=lambda each: each.kid), st.integers(1, 2**32 - 1), SECONDS)
def test_whatever_is_made_is_accepted_and_says_the_same(keys: list[IssuerKey], version: int, iat: int) -> None:
    """Round trip over all fields; the same content always has the same bytes."""
    raw = make_set(ROOT, version, iat, keys)
    found = verify(raw, PINNED)
    assert isinstance(found, KeySet), found
    assert (found.version, found.iat) == (version, iat)
    assert sorted(found.keys, key=lambda each: each.kid) == sorted(keys, key=lambda each: each.kid)
    assert make_set(ROOT, version, iat, found.keys) == raw


# --- what a cabinet makes of a set ----------------------------------------------------------------

NOW = Now(0, (IAT + 100) * 1000)


def verdict(
    ring: KeyRing, private: PrivateKey, now: Now = NOW, iat: int = IAT, purpose: Purpose = Purpose.DEPOSIT
) -> Refusal | str:
    """Return "ok", or the refusal, of a token by this key at a cabinet with these keys."""
    sub, order = ("li", b"") if purpose in OFFICE else ("", b"order")
    text = issue(
        key=private, aud=CABINET, purpose=purpose, iat=iat, exp=iat + 3600, cti=bytes(16), order=order, sub=sub
    )
    found = Authority(ring, CABINET).verify(text.encode(), now)
    return found.reason if isinstance(found, Refused) else "ok"


def test_a_rotation_from_next_to_active_to_retired() -> None:
    """The new key is known before its first use, both hold during the overlap, then the old one is told why not.

    The cabinet that misses the middle version is as well served as the one that gets all three.
    """
    old, new = RESIDENT, NEW
    first = keyset(key(old), version=1)
    second = keyset(key(old), key(new, KeyState.NEXT), version=2, held=first.edition)
    third = keyset(key(old), key(new), version=3, held=second.edition)
    fourth = keyset(key(old, KeyState.RETIRED), key(new), version=4, held=third.edition)
    fifth = keyset(key(new), version=5, held=second.edition)
    seen = [
        (verdict(KeyRing.from_keyset(each), old), verdict(KeyRing.from_keyset(each), new))
        for each in (first, second, third, fourth, fifth)
    ]
    assert seen == [
        ("ok", Refusal.UNKNOWN_KEY),
        ("ok", "ok"),
        ("ok", "ok"),
        (Refusal.KEY_RETIRED, "ok"),
        (Refusal.UNKNOWN_KEY, "ok"),
    ]


@pytest.mark.parametrize(
    ("iat", "expected"), [(IAT - 1, Refusal.CUT_OFF), (IAT - 3000, Refusal.CUT_OFF), (IAT, "ok"), (IAT + 60, "ok")]
)
def test_the_cut_off_kills_what_was_issued_before_it(iat: int, expected: object) -> None:
    """Tokens of that very second live; another key's older tokens live as well."""
    ring = KeyRing.from_keyset(keyset(key(RESIDENT, cutoff_iat=IAT), key(OLD)))
    assert verdict(ring, RESIDENT, iat=iat) == expected
    assert verdict(ring, OLD, iat=iat) == "ok"


@pytest.mark.parametrize(
    ("at", "quality", "expected"),
    [
        (NOT_BEFORE - 121, Quality.SYNCED, Refusal.KEY_NOT_VALID),
        (NOT_BEFORE - 121, Quality.RTC, Refusal.KEY_NOT_VALID),
        (NOT_BEFORE - 121, Quality.HOLD, Refusal.KEY_NOT_VALID),
        (NOT_BEFORE - 121, Quality.FLOOR, "ok"),
        (NOT_BEFORE - 120, Quality.SYNCED, "ok"),
        (NOT_AFTER + 119, Quality.SYNCED, "ok"),
        *((NOT_AFTER + 120, quality, Refusal.KEY_NOT_VALID) for quality in Quality),
    ],
)
def test_a_key_holds_in_its_own_time_only(at: int, quality: Quality, expected: object) -> None:
    """120 s of leeway at both ends; on the floor "not yet" is unknown, "no longer" is certain."""
    ring = KeyRing.from_keyset(keyset(key(RESIDENT)))
    assert verdict(ring, RESIDENT, Now(0, at * 1000, quality), iat=at) == expected


def test_residents_keys_sign_for_residents_and_staffs_for_staff() -> None:
    """The set keeps the two apart, so whoever steals the residents' key cannot make a staff token."""
    found = verify(GOOD_SET, PINNED)
    assert isinstance(found, KeySet)
    ring = KeyRing.from_keyset(found)
    for purpose in Purpose:
        mine, others = (RESIDENT, STAFF) if purpose in RESIDENTS else (STAFF, RESIDENT)
        assert verdict(ring, mine, purpose=purpose) == "ok"
        assert verdict(ring, others, purpose=purpose) == Refusal.PURPOSE


def test_a_retired_key_is_told_as_retired_also_after_its_time() -> None:
    """Retired comes before not valid: the reason does not change as time passes."""
    ring = KeyRing.from_keyset(keyset(key(RESIDENT, KeyState.RETIRED)))
    assert verdict(ring, RESIDENT, Now(0, (NOT_AFTER + 999) * 1000)) == Refusal.KEY_RETIRED


def test_the_roots_own_tokens_are_nobodys() -> None:
    """The root signs sets; a token under it opens nothing."""
    assert verdict(KeyRing.from_keyset(keyset(key(RESIDENT))), ROOT) == Refusal.UNKNOWN_KEY


def test_keys_of_the_configuration_have_no_end() -> None:
    """A key without a time of its own holds at any time and cuts nothing off."""
    ring = KeyRing([IssuerKey(PublicKey(RESIDENT.public), RESIDENTS)])
    found = ring.find(kid_of(RESIDENT.public))
    assert found is not None
    assert (found.not_before, found.not_after, found.cutoff_iat) == (0, NO_END, 0)
    far = 2**60
    assert verdict(ring, RESIDENT, Now(0, far * 1000), iat=far) == "ok"
