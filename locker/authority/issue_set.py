"""Issuing key sets and revocation lists: the root's side, for the command line, the simulated cloud and the tests.

Knows how to sign one, refuses to sign what a cabinet would refuse to read, and knows which changes from one set to the
next leave cabinets behind that miss a version. Takes no time and no randomness: versions and issue times are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from locker.authority import keyset, revocation, root
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.keys import IssuerKey, KeyState
from locker.authority.root import DocumentError, DocumentRefused
from locker.model import Purpose


def make_set(key: PrivateKey, version: int, iat: int, keys: Iterable[IssuerKey]) -> bytes:
    """Return the bytes of a key set. ``key`` is the root's, ``iat`` Unix seconds, ``keys`` stand in any order.

    Raises ``DocumentError`` that names the key when a cabinet could not accept it.
    """
    rows = [keyset.write_key(each) for each in sorted(keys, key=lambda each: each.kid)]
    raw = root.seal(version, iat, rows, keyset.FORM, key)
    _refuse(keyset.verify(raw, PublicKey(key.public)))
    return raw


def make_revocation(key: PrivateKey, version: int, iat: int, revoked: Mapping[bytes, int]) -> bytes:
    """Return the bytes of a revocation list. ``key`` is the root's, ``revoked`` gives the exp of each cti.

    Raises ``DocumentError`` when a cabinet could not accept it.
    """
    raw = root.seal(version, iat, dict(revoked), revocation.FORM, key)
    _refuse(revocation.verify(raw, PublicKey(key.public)))
    return raw


def still_needed(revoked: Mapping[bytes, int], now_s: int) -> dict[bytes, int]:
    """Return the entries that the next list must repeat: all whose exp is not yet a day ago."""
    return {cti: exp for cti, exp in revoked.items() if now_s < exp + revocation.KEPT_S}


def objections(before: keyset.KeySet, keys: Iterable[IssuerKey], iat: int) -> list[str]:
    """Return what is wrong with these keys as the next set, whatever the hurry. Each line says what to do."""
    new = {key.kid: key for key in keys}
    lines = [line for old in before.keys for line in _about(old, new.get(old.kid), iat)]
    if iat < before.iat:
        lines.append(f"issue time {iat} is before that of version {before.version} ({before.iat}): set the clock right")
    return lines


def gaps(before: keyset.KeySet, keys: Iterable[IssuerKey]) -> list[str]:
    """Return where a cabinet that misses this set would refuse good tokens. Only a stolen key is worth that."""
    new = {key.kid: key for key in keys if not key.retired}
    old = {key.kid: key for key in before.keys if not key.retired}
    lines = []
    for purpose in Purpose:
        name = purpose.name.lower()
        had = {kid for kid, key in old.items() if purpose in key.purposes}
        has = {kid for kid, key in new.items() if purpose in key.purposes}
        if had and not had & has:
            lines.append(f"{name}: no key of version {before.version} is left; retire the old one later")
        lines += [
            f"{name}: key {kid.hex()} is new and active at once; deliver it as next first"
            for kid in sorted(has - had)
            if had and new[kid].state is KeyState.ACTIVE
        ]
    return lines


def unserved(keys: Iterable[IssuerKey], now_s: int) -> list[str]:
    """Return the purposes for which no key may sign now, by name."""
    usable = [key for key in keys if not key.retired and key.not_before <= now_s < key.not_after]
    served = {purpose for key in usable for purpose in key.purposes}
    return [purpose.name.lower() for purpose in Purpose if purpose not in served]


def _about(old: IssuerKey, new: IssuerKey | None, iat: int) -> Iterator[str]:
    """Yield what must not become of one key."""
    name = f"key {old.kid.hex()}"
    if new is None:
        if not old.retired and iat < old.not_after:
            yield f"{name} is left out: let it be retired for one version first, so that its tokens are told why"
        return
    if old.retired and not new.retired:
        yield f"{name} was retired and comes back: make a new key instead"
    if new.alg != old.alg:
        yield f"{name} changes its alg from {old.alg} to {new.alg}: make a new key instead"
    if new.cutoff_iat < old.cutoff_iat:
        yield f"{name} has its cut-off lowered to {new.cutoff_iat}: dead tokens would live again"


def _refuse(verdict: object) -> None:
    """Raise when what was just made would be refused."""
    if isinstance(verdict, DocumentRefused):
        raise DocumentError(verdict.reason, verdict.detail)
