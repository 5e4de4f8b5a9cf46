"""The nonces of the screen: one a minute, good for three, once, and nobody can tell the next one from the last."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from locker.authority.claims import NONCE_BYTES
from locker.authority.nonce import GOOD_MS, KNOWN_MAX, KNOWN_MS, RENEW_MS, SEED_BYTES, Nonces

SEED = hashlib.sha256(b"a start").digest()
BEGIN = 5_000_000


def test_a_nonce_is_shown_for_a_minute_and_then_another() -> None:
    """The same for 60 s however often it is asked for; then a new one; 8 bytes each."""
    nonces = Nonces(SEED)
    first = nonces.present(BEGIN)
    assert (len(first), nonces.renew_ms()) == (NONCE_BYTES, BEGIN + RENEW_MS)
    assert nonces.present(BEGIN + RENEW_MS - 1) == first
    second = nonces.present(BEGIN + RENEW_MS)
    assert second != first
    assert nonces.renew_ms() == BEGIN + 2 * RENEW_MS


@pytest.mark.parametrize(("age_ms", "good"), [(0, True), (GOOD_MS - 1, True), (GOOD_MS, False), (KNOWN_MS - 1, False)])
def test_a_nonce_is_good_for_three_minutes_from_its_first_showing(age_ms: int, good: bool) -> None:
    """To the millisecond; whoever is too slow is still known as somebody who stood there."""
    nonces = Nonces(SEED)
    first = nonces.present(BEGIN)
    nonces.present(BEGIN + age_ms)
    assert (nonces.fault(first, BEGIN + age_ms) == "") is good
    assert nonces.awaits(first, BEGIN + age_ms)


def test_a_nonce_is_good_once_and_gives_way_at_once() -> None:
    """Used: no second visit, nobody stands there with it any more, and the screen gets a new one."""
    nonces = Nonces(SEED)
    first = nonces.present(BEGIN)
    nonces.use(first)
    assert nonces.fault(first, BEGIN) == "this nonce has had its visit"
    assert not nonces.awaits(first, BEGIN)
    assert nonces.present(BEGIN) != first


def test_a_nonce_that_was_never_shown_is_none_of_ours() -> None:
    """Not a guess, not the next of the sequence, not one of the run before with its other seed."""
    nonces, before = Nonces(SEED), Nonces(hashlib.sha256(b"the start before").digest())
    shown = nonces.present(BEGIN)
    following = hmac.digest(SEED, (2).to_bytes(8, "big"), "sha256")[:NONCE_BYTES]
    for nonce in (bytes(8), before.present(BEGIN), following, shown[::-1], b""):
        assert nonces.fault(nonce, BEGIN) == "not a nonce of this cabinet's screen since it started"
        assert not nonces.awaits(nonce, BEGIN)
        nonces.use(nonce)
    assert nonces.present(BEGIN + RENEW_MS) == following, "using what was not shown changes nothing"
    assert nonces.fault(following, BEGIN + RENEW_MS) == ""


def test_no_more_are_known_than_allowed() -> None:
    """However fast they are used, the oldest are forgotten first (invariant 9); after ten minutes all are."""
    nonces = Nonces(SEED)
    shown = []
    for _ in range(3 * KNOWN_MAX):
        shown.append(nonces.present(BEGIN))
        nonces.use(shown[-1])
    assert len(set(shown)) == len(shown)
    known = [nonce for nonce in shown if "had its visit" in nonces.fault(nonce, BEGIN)]
    assert known == shown[-KNOWN_MAX:]
    nonces.present(BEGIN + KNOWN_MS)
    assert not [nonce for nonce in shown if "had its visit" in nonces.fault(nonce, BEGIN)]


def test_no_fault_and_no_repr_has_a_nonce_or_the_seed() -> None:
    """What is said of them can stand in an event (their bytes are for the screen alone)."""
    nonces = Nonces(SEED)
    first = nonces.present(BEGIN)
    said = [repr(nonces), str(nonces), nonces.fault(bytes(8), BEGIN), nonces.fault(first, BEGIN + GOOD_MS)]
    nonces.use(first)
    said.append(nonces.fault(first, BEGIN))
    assert not [text for text in said for secret in (SEED, first) if secret.hex()[:8] in text or str(secret) in text]


@pytest.mark.parametrize("length", [0, 8, SEED_BYTES - 1, SEED_BYTES + 1])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    """A seed that could be guessed must not slip in; the message has no byte of it."""
    with pytest.raises(ValueError, match=f"has {length} bytes; it needs {SEED_BYTES}"):
        Nonces(bytes(length))
