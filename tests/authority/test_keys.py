"""The ring finds keys by their short id, and says which entry of the configuration is wrong."""

from __future__ import annotations

import hashlib

import pytest

from locker import config
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import IssuerKey, KeyRing, KeysError, kid_of
from locker.model import Purpose

PUBLIC = PrivateKey(bytes(32)).public
OTHER = PrivateKey(b"\1" * 32).public
COLLIDING_SEEDS = (34433, 170398)


def test_the_id_is_the_beginning_of_the_hash() -> None:
    """First 4 bytes of SHA-256 over the 32 bytes of the key."""
    assert kid_of(PUBLIC) == hashlib.sha256(PUBLIC).digest()[:4]


def test_keys_of_the_configuration_are_found_with_what_they_may_do() -> None:
    """Purposes, algorithm and state arrive; next counts like active, retired keys are kept to be named."""
    ring = KeyRing.from_config(
        [
            config.Key(public=PUBLIC.hex(), purposes=["deposit", "collect"], alg=-19, state="next"),
            config.Key(public=OTHER.hex(), purposes=["staff"], state="retired"),
        ]
    )
    first, second = ring.find(kid_of(PUBLIC)), ring.find(kid_of(OTHER))
    assert first is not None
    assert second is not None
    assert (first.purposes, first.alg, first.retired) == (frozenset((Purpose.DEPOSIT, Purpose.COLLECT)), -19, False)
    assert (second.purposes, second.alg, second.retired) == (frozenset((Purpose.STAFF,)), -8, True)
    assert ring.find(b"none") is None
    assert len(ring) == 2


def test_two_equal_ids_are_refused() -> None:
    """The same key twice is an error that names the id, whatever else the entries say."""
    entry = config.Key(public=PUBLIC.hex(), purposes=["deposit"])
    again = config.Key(public=PUBLIC.hex(), purposes=["staff"], state="retired")
    with pytest.raises(KeysError, match=f"two keys have the id {kid_of(PUBLIC).hex()}"):
        KeyRing.from_config([entry, again])


def test_two_different_keys_with_one_id_are_refused() -> None:
    """Ids are four bytes, so two keys can share one; this is the first such pair when counting seeds up."""
    pair = [PublicKey(PrivateKey(number.to_bytes(32, "big")).public) for number in COLLIDING_SEEDS]
    assert pair[0].raw != pair[1].raw
    with pytest.raises(KeysError, match="two keys have the id"):
        KeyRing(IssuerKey(public, frozenset(Purpose)) for public in pair)


def test_an_unusable_key_is_named() -> None:
    """Which entry, how it begins and why."""
    bad = config.Key(public="00" * 32, purposes=["deposit"])
    with pytest.raises(KeysError, match=r"keys: number 2 \(0000000000000000\.\.\.\).*small order"):
        KeyRing.from_config([config.Key(public=PUBLIC.hex(), purposes=["deposit"]), bad])
