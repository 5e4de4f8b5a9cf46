"""The revocation list: which tokens are dead before their time, and when that may be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from crafted import CABINET, IAT, RESIDENT, RING, enc
from hypothesis import given
from hypothesis import strategies as st
from rooted import GOOD_LIST, GOOD_SET, LIST, OTHER_ROOT, PINNED, ROOT, list_of, signed

from locker.authority.issue import issue
from locker.authority.issue_set import make_revocation, still_needed
from locker.authority.keys import kid_of
from locker.authority.revocation import KEPT_S, REVOKED_MAX, RevocationList, Revoked, inspect, verify
from locker.authority.root import BYTES_MAX, NONE_YET, DocumentError, DocumentRefused, Edition, Fault, edition_of
from locker.authority.token import Authority, Claims, Refused
from locker.model import Now, Purpose, Quality, Refusal

CTI = b"\xee" * 16
PAYLOAD = enc(list_of({CTI: IAT}))
MANY = {number.to_bytes(16, "big"): IAT for number in range(REVOKED_MAX + 1)}


def of(revoked: object) -> bytes:
    """Return a signed list with this body."""
    return signed(list_of(revoked))


REFUSED: list[tuple[str, Fault, bytes]] = [
    ("a byte too long", Fault.TOO_LONG, GOOD_LIST + bytes(BYTES_MAX)),
    ("361 tokens", Fault.TOO_LONG, of(MANY)),
    ("cut short", Fault.MALFORMED, GOOD_LIST[:-1]),
    ("a byte after it", Fault.MALFORMED, GOOD_LIST + b"\0"),
    ("another algorithm", Fault.HEADER, signed(list_of({}), header={1: -19, 4: kid_of(ROOT.public)})),
    ("another root", Fault.OTHER_ROOT, signed(list_of({}), key=OTHER_ROOT)),
    ("no signature", Fault.SIGNATURE, signed(list_of({}), signature=bytes(64))),
    ("a key set", Fault.CONTENT, GOOD_SET),
    ("both documents in one", Fault.CONTENT, signed({**list_of({}), -65538: [5, []]})),
    ("version 0", Fault.CONTENT, signed(list_of({}, version=0))),
    ("issue time a float", Fault.CONTENT, signed(list_of({}, iat=float(IAT)))),
    ("an array of ids", Fault.CONTENT, of([CTI])),
    ("nothing", Fault.CONTENT, of(None)),
    ("a short id", Fault.CONTENT, of({CTI[:15]: IAT})),
    ("a long id", Fault.CONTENT, of({CTI + b"\0": IAT})),
    ("an id in text", Fault.CONTENT, of({"0123456789abcdef": IAT})),
    ("an id a number", Fault.CONTENT, of({7: IAT})),
    ("an id an array", Fault.CONTENT, signed(None, payload=PAYLOAD.replace(b"\x50" + CTI, b"\x80"))),
    *((f"exp {exp!r}", Fault.CONTENT, of({CTI: exp})) for exp in (-1, 1.0, True, None, "1", b"", 2**63, [IAT])),
    (
        "an id twice",
        Fault.CONTENT,
        signed(None, payload=PAYLOAD.replace(b"\xa1\x50" + CTI + enc(IAT), b"\xa2" + (b"\x50" + CTI + enc(IAT)) * 2)),
    ),
    (
        "ids out of order",
        Fault.NOT_CANONICAL,
        signed(
            None,
            payload=PAYLOAD.replace(b"\xa1\x50" + CTI, b"\xa2\x50" + CTI) + b"\x50" + bytes(16) + enc(IAT),
        ),
    ),
    (
        "the length of an id written long",
        Fault.NOT_CANONICAL,
        signed(None, payload=PAYLOAD.replace(b"\x50", b"\x58\x10")),
    ),
    ("exp written long", Fault.NOT_CANONICAL, signed(None, payload=PAYLOAD[:-5] + b"\x1b\0\0\0\0" + PAYLOAD[-4:])),
]


@pytest.mark.parametrize(("reason", "raw"), [line[1:] for line in REFUSED], ids=[line[0] for line in REFUSED])
def test_each_fault_has_its_own_reason(reason: Fault, raw: bytes) -> None:
    """Each document of the table is refused with exactly this reason, and no id of a token is more than hexadecimal."""
    verdict = verify(raw, PINNED)
    assert isinstance(verdict, DocumentRefused), verdict
    assert verdict.reason is reason, verdict
    assert 0 < len(verdict.detail) < 200
    assert verdict.detail.isprintable()


def test_a_list_made_by_hand_is_read() -> None:
    """Version, issue time and each id with its exp; nobody can change it afterwards."""
    found = verify(GOOD_LIST, PINNED)
    assert isinstance(found, RevocationList)
    assert (found.version, found.iat, found.raw) == (5, IAT, GOOD_LIST)
    assert dict(found.revoked) == {CTI: IAT + 3600, b"\xaa" * 16: IAT + 60}
    assert inspect(GOOD_LIST) == found
    with pytest.raises(TypeError):
        found.revoked[CTI] = 0  # type: ignore[index]


HELD = edition_of(5, GOOD_LIST)


@pytest.mark.parametrize(
    ("version", "held", "reason"),
    [
        (1, NONE_YET, None),
        (6, HELD, None),
        (4, HELD, Fault.ROLLBACK),
        (5, HELD, Fault.CONFLICT),
        (5, Edition(5), Fault.CONFLICT),
    ],
)
def test_the_version_only_ever_rises(version: int, held: Edition, reason: Fault | None) -> None:
    """As with key sets; and an emptier list of a higher version is good, because tokens expire."""
    verdict = verify(signed(list_of({}, version=version)), PINNED, held)
    assert (verdict.reason if isinstance(verdict, DocumentRefused) else None) is reason
    again = verify(GOOD_LIST, PINNED, HELD)
    assert isinstance(again, RevocationList)
    assert again.edition == HELD


@given(
    st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(0, 2**40), max_size=40),
    st.integers(1, 2**32 - 1),
)
def test_whatever_is_made_is_accepted_and_says_the_same(revoked: dict[bytes, int], version: int) -> None:
    """Round trip, and one content has one form."""
    raw = make_revocation(ROOT, version, IAT, revoked)
    found = verify(raw, PINNED)
    assert isinstance(found, RevocationList)
    assert dict(found.revoked) == revoked
    assert signed(list_of(revoked, version=version)) == raw
    at_hand = Revoked(found.revoked)
    assert len(at_hand) == len(revoked)
    assert all(at_hand.holds(cti) for cti in revoked)


def test_the_longest_list_fits_and_a_longer_one_is_not_signed() -> None:
    """360 tokens of this century are shorter than a message may be; the 361st is an error that says what to do."""
    most = dict(list(MANY.items())[:REVOKED_MAX])
    assert len(make_revocation(ROOT, 1, IAT, dict.fromkeys(most, 2**32 - 1))) <= BYTES_MAX
    with pytest.raises(DocumentError, match="too_long: 361 tokens, at most 360; use the key's cut-off"):
        make_revocation(ROOT, 1, IAT, MANY)


# --- at the cabinet -------------------------------------------------------------------------------


def token(cti: bytes, exp: int = IAT + 3600) -> bytes:
    """Return a resident's token with this id."""
    fields: dict[str, Any] = {"key": RESIDENT, "aud": CABINET, "purpose": Purpose.COLLECT, "order": b"o"}
    return issue(**fields, iat=IAT, exp=exp, cti=cti).encode()


def test_a_revoked_token_is_refused_and_no_other() -> None:
    """REVOKED, with the claims for the event; the token beside it works."""
    authority = Authority(RING, CABINET, Revoked({CTI: IAT + 3600}))
    now = Now(0, (IAT + 60) * 1000)
    verdict = authority.verify(token(CTI), now)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Refusal.REVOKED
    assert verdict.claims is not None
    assert CTI.hex() in verdict.detail
    assert isinstance(authority.verify(token(bytes(16)), now), Claims)
    assert isinstance(Authority(RING, CABINET).verify(token(CTI), now), Claims), "no list is an empty list"


@pytest.mark.parametrize("quality", Quality)
def test_a_revoked_token_is_dead_at_any_time(quality: Quality) -> None:
    """Second by second past its exp: first revoked, then expired, forgotten only when long expired; never alive."""
    exp = IAT + 3600
    revoked = Revoked({CTI: exp})
    authority = Authority(RING, CABINET, revoked)
    for at in (IAT, exp, exp + 119, exp + 120, exp + KEPT_S - 1, exp + KEPT_S, exp + 10 * KEPT_S):
        now = Now(0, at * 1000, quality)
        revoked.purge(now)
        verdict = authority.verify(token(CTI), now)
        assert isinstance(verdict, Refused)
        assert verdict.reason is (Refusal.REVOKED if at < exp + 120 else Refusal.EXPIRED)
        assert revoked.holds(CTI) == (at < exp + KEPT_S or quality is Quality.FLOOR)


def test_forgetting_says_how_many_and_keeps_the_rest() -> None:
    """Exactly those whose exp is a day ago or earlier go."""
    revoked = Revoked({bytes([number]) * 16: IAT + number for number in range(10)})
    assert revoked.purge(Now(0, (IAT + 4 + KEPT_S) * 1000)) == 5
    assert [revoked.holds(bytes([number]) * 16) for number in range(10)] == [False] * 5 + [True] * 5
    assert len(revoked) == 5
    assert revoked.purge(Now(0, (IAT + 4 + KEPT_S) * 1000)) == 0


def test_a_list_taken_up_does_not_change_with_its_source() -> None:
    """Forgetting touches the cabinet's own copy; the verified list stays as it was signed."""
    found = inspect(signed({6: IAT, LIST: [1, {CTI: IAT}]}))
    at_hand = Revoked(found.revoked)
    at_hand.purge(Now(0, (IAT + 2 * KEPT_S) * 1000))
    assert (len(at_hand), len(found.revoked)) == (0, 1)


def test_the_next_list_repeats_what_is_not_long_expired() -> None:
    """An entry is carried over until no clock that is any good could take the token for alive."""
    revoked = {bytes(16): IAT, CTI: IAT + 1}
    assert still_needed(revoked, IAT + KEPT_S - 1) == revoked
    assert still_needed(revoked, IAT + KEPT_S) == {CTI: IAT + 1}
    assert still_needed(revoked, IAT + KEPT_S + 1) == {}
