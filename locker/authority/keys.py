"""The issuers' public keys a cabinet knows, found by the short id that a token's header carries.

Knows of each key what its tokens may be for, its one algorithm, and whether it is retired; this way the header of a
token never chooses anything. For now the keys come from the configuration file. Must never know a private key or a
token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from locker import config
from locker.authority.cose import EDDSA, KID_BYTES
from locker.authority.ed25519 import KeyError25519, PublicKey
from locker.model import Purpose


class KeysError(ValueError):
    """The keys cannot be used together or at all; names the key and what to do."""


def kid_of(public: bytes) -> bytes:
    """Return the id of a public key: the first 4 bytes of its SHA-256."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One key. ``retired`` keys are known only to give their old tokens the right refusal.

    A key whose state is ``next`` counts like an active one: the issuer may change over while the cabinet hears nothing.
    """

    public: PublicKey
    purposes: frozenset[Purpose]
    alg: int = EDDSA
    retired: bool = False

    @property
    def kid(self) -> bytes:
        """The key's id, 4 bytes."""
        return kid_of(self.public.raw)


class KeyRing:
    """All the keys, by id. Raises ``KeysError`` when two have the same id."""

    def __init__(self, keys: Iterable[IssuerKey]) -> None:
        self._keys: dict[bytes, IssuerKey] = {}
        for key in keys:
            if key.kid in self._keys:
                raise KeysError(f"keys: two keys have the id {key.kid.hex()}; remove one, or make a new key")
            self._keys[key.kid] = key

    @classmethod
    def from_config(cls, keys: Iterable[config.Key]) -> KeyRing:
        """Return the ring of the configuration's ``[[keys]]``. Raises ``KeysError`` naming an unusable key."""
        return cls([_from_config(number, key) for number, key in enumerate(keys, 1)])

    def find(self, kid: bytes) -> IssuerKey | None:
        """Return the key with this id, retired or not, or None."""
        return self._keys.get(kid)

    def __len__(self) -> int:
        return len(self._keys)


def _from_config(number: int, key: config.Key) -> IssuerKey:
    try:
        public = PublicKey(bytes.fromhex(key.public))
    except KeyError25519 as wrong:
        raise KeysError(f"keys: number {number} ({key.public[:16]}...): {wrong}") from None
    purposes = frozenset(Purpose[name.upper()] for name in key.purposes)
    return IssuerKey(public, purposes, key.alg, retired=key.state == "retired")
