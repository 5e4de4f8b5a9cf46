"""A stage whose cabinet has a pinned root: sets and lists are signed here and arrive as they do in the street."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from stage import EPOCH_S, RESIDENTS, STAFF, Stage, a_config

from locker import config
from locker.authority import keyset
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keys import IssuerKey, KeyState
from locker.model import Acknowledge, MessageReceived, Purpose, Quality, SignedArrived

ROOT = PrivateKey(hashlib.sha256(b"root").digest())
OTHER_ROOT = PrivateKey(hashlib.sha256(b"another root").digest())
NEW = PrivateKey(hashlib.sha256(b"new residents").digest())
STAFFS = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))
YEAR_S = 365 * 86_400


def a_key(key: PrivateKey = RESIDENTS, state: KeyState = KeyState.ACTIVE, **more: Any) -> IssuerKey:
    """A residents' key, good for a year before and after."""
    span = {"not_before": EPOCH_S - YEAR_S, "not_after": EPOCH_S + YEAR_S}
    return IssuerKey(PublicKey(key.public), keyset.RESIDENTS, state=state, **(span | more))


def a_set(version: int, *keys: IssuerKey, root: PrivateKey = ROOT, iat: int = EPOCH_S - 60) -> bytes:
    """A key set; without keys, of the stage's residents and staff."""
    staff = IssuerKey(PublicKey(STAFF.public), STAFFS, not_before=EPOCH_S - YEAR_S, not_after=EPOCH_S + YEAR_S)
    return make_set(root, version, iat, keys or (a_key(), staff))


def a_list(version: int, *ctis: bytes, root: PrivateKey = ROOT, exp: int = EPOCH_S + 86_400) -> bytes:
    """A revocation list."""
    return make_revocation(root, version, EPOCH_S - 60, dict.fromkeys(ctis, exp))


def rooted(root: PrivateKey = ROOT, **sections: Any) -> config.Config:
    """The stage's configuration with a root in place of keys."""
    return a_config(keys=[], authority=config.Authority(root=root.public.hex()), **sections)


class RootedStage(Stage):
    """One cabinet under a root; a set is in force unless ``first`` is None."""

    def __init__(self, folder: Path, first: bytes | None = b"", quality: Quality = Quality.SYNCED) -> None:
        super().__init__(folder, rooted(), quality)
        if first is not None:
            self.arrives("keys", first or a_set(1))

    def arrives(self, kind: str, raw: bytes, source: str = "mqtt") -> None:
        """A document arrives, retained where it comes over the network; the broker is told that it did."""
        if source == "mqtt":
            self.tell(MessageReceived(kind, raw, retained=True, handle=77))
            assert self.acts[-1] == Acknowledge(77)
        else:
            self.tell(SignedArrived(kind, raw, source))

    def cti(self) -> bytes:
        """The id of the token issued last."""
        return hashlib.sha256(b"cti %d" % self.issued).digest()[:16]
