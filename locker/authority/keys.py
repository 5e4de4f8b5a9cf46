"""The issuers' public keys a cabinet knows, found by the short id that a token's header carries.

Knows of each key what its tokens may be for, its one algorithm, when it holds and whether it is retired; this way the
header of a token never chooses anything. The keys come from a key set that the root signed (``keyset``), or, where no
root is pinned, from the configuration file. Must never know a private key or a token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from locker import config
from locker.authority.cose import EDDSA, KID_BYTES
from locker.authority.ed25519 import KeyError25519, PublicKey
from locker.model import Purpose

if TYPE_CHECKING:
    from locker.authority.keyset import KeySet

NO_END = 2**63 - 1
"""The not-after of a key without one."""


class KeysError(ValueError):
    """The keys cannot be used together or at all; names the key and what to do."""


def kid_of(public: bytes) -> bytes:
    """Return the id of a public key: the first 4 bytes of its SHA-256."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


class KeyState(Enum):
    """Where a key is in its life; the numbers are the key set's own.

    To a cabinet NEXT is the same as ACTIVE: the issuer may change over while the cabinet hears nothing. RETIRED keys
    are known only to give their old tokens the right refusal.
    """

    NEXT = 0
    ACTIVE = 1
    RETIRED = 2


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One key. Times are Unix seconds: the key holds from ``not_before`` to before ``not_after``.

    ``cutoff_iat``: tokens of this key that were issued earlier are dead; 0 lets all live.
    """

    public: PublicKey
    purposes: frozenset[Purpose]
    alg: int = EDDSA
    state: KeyState = KeyState.ACTIVE
    not_before: int = 0
    not_after: int = NO_END
    cutoff_iat: int = 0

    @property
    def kid(self) -> bytes:
        """The key's id, 4 bytes."""
        return kid_of(self.public.raw)

    @property
    def retired(self) -> bool:
        """Whether its tokens are refused whatever they say."""
        return self.state is KeyState.RETIRED


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

    @classmethod
    def from_keyset(cls, keyset: KeySet) -> KeyRing:
        """Return the ring of a verified key set. Never raises: a verified set has no two equal ids."""
        return cls(keyset.keys)

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
    return IssuerKey(public, purposes, key.alg, KeyState[key.state.upper()])
