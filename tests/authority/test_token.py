"""A token is accepted if and only if it is exactly what the contract says, and then says what was issued."""

from __future__ import annotations

import random
from typing import Any

import pytest
from crafted import (
    CABINET,
    COSE,
    CTI,
    DEPOSIT,
    EXP,
    GOOD,
    IAT,
    NEW,
    PERSON,
    RESIDENT,
    STAFF,
    but,
    craft,
    text_of,
    verify,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from locker.authority import base45
from locker.authority.claims import Claims
from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue, sign
from locker.authority.keys import kid_of
from locker.authority.token import Refused
from locker.model import Now, Purpose, Size


def test_a_deposit_token_says_what_was_put_in() -> None:
    """All claims arrive, flags as size, low door and spoken help."""
    verdict = verify(craft(but(errand=[1, 7, b"\0order", 0b1110], nbf=IAT + 5, nonce=b"8 bytes!")))
    assert verdict == Claims(
        Purpose.DEPOSIT, 7, b"\0order", 14, CABINET, EXP, IAT, CTI, kid_of(RESIDENT.public), "", IAT + 5, b"8 bytes!"
    )
    assert isinstance(verdict, Claims)
    assert (verdict.size, verdict.low, verdict.spoken) == (Size.M, True, True)


@pytest.mark.parametrize("flags", range(16))
def test_each_flag_is_its_own_bit(flags: int) -> None:
    """Bits 0-1 the size, bit 2 low, bit 3 spoken; all 16 combinations."""
    verdict = verify(craft(but(errand=[1, 0, b"o", flags])))
    assert isinstance(verdict, Claims)
    sizes = (None, Size.S, Size.M, Size.L)
    assert (verdict.size, verdict.low, verdict.spoken) == (sizes[flags % 4], bool(flags & 4), bool(flags & 8))


@pytest.mark.parametrize(
    ("purpose", "key", "claims"),
    [
        (Purpose.COLLECT, RESIDENT, {**DEPOSIT, -65537: [2, 24, b"x" * 16, 0]}),
        (Purpose.COLLECT, RESIDENT, {**DEPOSIT, 4: IAT + 60 * 86_400, -65537: [2, 0, b"x", 0]}),
        (Purpose.DEPOSIT, RESIDENT, {**DEPOSIT, 4: IAT + 7 * 86_400}),
        (Purpose.STAFF, STAFF, PERSON),
        (Purpose.TECHNICIAN, STAFF, {**PERSON, 2: "王工", -65537: [4, 0, b"", 0]}),
        (Purpose.STAFF, STAFF, {**PERSON, 2: "x" * 32}),
    ],
)
def test_each_purpose_is_accepted_up_to_its_limits(purpose: Purpose, key: PrivateKey, claims: dict[int, Any]) -> None:
    """The longest lives, orders, subjects and the highest door are inside."""
    verdict = verify(craft(claims, key=key))
    assert isinstance(verdict, Claims), verdict
    assert verdict.purpose is purpose


def test_the_exact_algorithm_is_accepted_where_the_key_has_it() -> None:
    """A key of alg -19 takes -19."""
    assert isinstance(verify(craft(key=NEW, header={1: -19, 4: kid_of(NEW.public)})), Claims)


@pytest.mark.parametrize("around", [(b"", b"\r\n"), (b"", b"\r"), (b"\t ", b" \n"), (b"\n", b"")])
def test_blanks_of_a_scanner_are_taken_off(around: tuple[bytes, bytes]) -> None:
    """Space, tab, CR and LF at both ends do not matter."""
    assert isinstance(verify(around[0] + craft() + around[1]), Claims)


def test_a_token_that_has_the_prefix_inside_by_chance_is_accepted() -> None:
    """Bytes 0B 82 00 2C are the characters LK1:00; in an order they must not be taken for a second token."""
    orders = (b"o" * shift + bytes.fromhex("0b82002c") for shift in (0, 1))
    readings = [craft(but(errand=[1, 0, order, 0])) for order in orders]
    assert [reading.count(b"LK1:") for reading in readings].count(2) == 1
    assert all(isinstance(verify(reading), Claims) for reading in readings)


# --- what holds for every token -------------------------------------------------------------------


def test_a_token_with_any_one_byte_changed_is_refused() -> None:
    """Each byte of the COSE message with each bit flipped, and each character replaced: no exception, no yes."""
    for at in range(len(COSE)):
        for bit in range(8):
            changed = COSE[:at] + bytes([COSE[at] ^ 1 << bit]) + COSE[at + 1 :]
            assert isinstance(verify(text_of(changed)), Refused), (at, bit)
    seed = 20250612
    print(f"seed {seed}")
    chance = random.Random(seed)
    for at in range(len(GOOD)):
        for byte in (*b" 0:\n\0\xff", chance.choice(base45.ALPHABET), chance.choice(base45.ALPHABET)):
            changed = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
            assert changed == GOOD or isinstance(verify(changed), Refused), (at, byte)


def test_a_token_cut_anywhere_is_refused() -> None:
    """No beginning and no end of a token is a token."""
    for at in range(1, len(GOOD)):
        assert isinstance(verify(GOOD[:at]), Refused)
        assert isinstance(verify(GOOD[at:]), Refused)


TIMES = st.integers(0, 2**40)
PURPOSE_AND_WHO = st.sampled_from(
    [(Purpose.DEPOSIT, ""), (Purpose.COLLECT, ""), (Purpose.STAFF, "王芳"), (Purpose.TECHNICIAN, "t")]
)


@given(
    PURPOSE_AND_WHO,
    TIMES,
    st.integers(1, 7 * 86_400),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=1, max_size=16),
    st.integers(0, 24),
    st.none() | st.sampled_from(Size),
    st.tuples(st.booleans(), st.booleans()),
    st.none() | st.binary(min_size=8, max_size=8),
)
def test_whatever_is_issued_is_accepted_and_says_the_same(
    purpose_and_who: tuple[Purpose, str],
    iat: int,
    life: int,
    cti: bytes,
    order: bytes,
    door: int,
    size: Size | None,
    wishes: tuple[bool, bool],
    nonce: bytes | None,
) -> None:
    """Round trip over all fields of all purposes."""
    purpose, sub = purpose_and_who
    text = issue(
        key=NEW,
        alg=-19,
        aud=CABINET,
        purpose=purpose,
        iat=iat,
        exp=iat + life,
        cti=cti,
        order=b"" if sub else order,
        door=door,
        size=size,
        low=wishes[0],
        spoken=wishes[1],
        sub=sub,
        nonce=nonce,
    )
    got = verify(text.encode(), Now(ms=0, wall_ms=iat * 1000))
    assert isinstance(got, Claims), got
    assert (got.purpose, got.sub, got.iat, got.exp, got.cti) == (purpose, sub, iat, iat + life, cti)
    assert (got.order, got.door, got.nonce) == (b"" if sub else order, door, nonce)
    assert (got.size, got.low, got.spoken) == (size, *wishes)


VALUE = st.recursive(
    st.integers(-(2**70), 2**70)
    | st.booleans()
    | st.floats()
    | st.none()
    | st.binary(max_size=17)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([2, 3, 4, 5, 6, 7, 10, -65537, 1, 8]), VALUE, max_size=3),
    st.sets(st.sampled_from([3, 4, 6, 7, -65537]), max_size=1),
    st.booleans(),
)
def test_whatever_is_accepted_is_exactly_what_would_be_issued(
    changes: dict[int, object], without: set[int], staff: bool
) -> None:
    """Signed claims with anything in them: refused, or the very bytes that we would sign; never an exception."""
    claims = {key: value for key, value in {**(PERSON if staff else DEPOSIT), **changes}.items() if key not in without}
    key = STAFF if staff else RESIDENT
    reading = craft(claims, key=key)
    verdict = verify(reading)
    if isinstance(verdict, Claims):
        assert sign(verdict, key).encode() == reading


@settings(max_examples=300)
@given(
    st.binary(max_size=1100)
    | st.binary(max_size=200).map(text_of)
    | st.binary(max_size=150).map(lambda raw: b"LK1:" + raw)
)
def test_no_reading_raises(reading: bytes) -> None:
    """Any bytes, bare, behind the prefix or inside Base45, get a refusal."""
    assert isinstance(verify(reading), Refused)
