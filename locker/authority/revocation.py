"""The revocation list: tokens that are dead before their time, signed by the root (tokens contract, section 3).

    {6: iat, -65539: [version, {cti: exp, ...}]}

cti is the 16 bytes of the token's, exp the token's own, in Unix seconds: from then on time refuses it and nobody need
remember it. Each list is complete and takes the place of the one before; an empty one is good. It is for single tokens
(a phone lost, a printed code thrown away). Where all of some day's are bad, the key's cut-off is the means; where the
key itself is, retire the key: who has it makes tokens with new ids, and of any age, at will.

The envelope, the signature and the version are ``root``'s. Must never know what a token was for, or read a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from locker.authority.claims import CTI_BYTES
from locker.authority.ed25519 import PublicKey
from locker.authority.root import (
    NONE_YET,
    SECONDS_MAX,
    Document,
    DocumentError,
    DocumentRefused,
    Edition,
    Fault,
    Form,
    edition_of,
    look,
    unseal,
    whole,
)
from locker.model import Now, Quality

FORM = Form("revocation list", label=-65539)
REVOKED_MAX = 360
"""Most tokens on a list; as many fit into the longest document."""
KEPT_S = 86_400
"""How long after its exp a revoked token is still remembered: more than any clock that is not ``floor`` is wrong."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A revocation list. From ``verify`` the root says so; from ``inspect`` it is only well formed.

    ``revoked`` gives the exp of each cti and cannot be changed. ``iat`` and exp are Unix seconds.
    """

    version: int
    iat: int
    revoked: Mapping[bytes, int]
    raw: bytes = field(repr=False)

    @property
    def edition(self) -> Edition:
        """What to keep of it and to give to the next ``verify``."""
        return edition_of(self.version, self.raw)


class Revoked:
    """The ids of revoked tokens, at hand: what a list says, less what time has taken care of."""

    def __init__(self, revoked: Mapping[bytes, int] | None = None) -> None:
        """``revoked`` gives the exp of each cti, as a ``RevocationList`` has it."""
        self._exp = dict(revoked or {})

    def holds(self, cti: bytes) -> bool:
        """Whether this token is revoked. Takes the same time however long the list is."""
        return cti in self._exp

    def purge(self, now: Now) -> int:
        """Forget what expired a day ago or earlier and return how many that were; none while the time is a guess.

        The wall time of quality FLOOR may only be trusted not to be too late, and whoever can set it must not revive
        a token by first setting it far ahead.
        """
        if now.quality is Quality.FLOOR:
            return 0
        gone = [cti for cti, exp in self._exp.items() if now.past_ms >= (exp + KEPT_S) * 1000]
        for cti in gone:
            del self._exp[cti]
        return len(gone)

    def __len__(self) -> int:
        return len(self._exp)


def verify(raw: bytes, root: PublicKey, held: Edition = NONE_YET) -> RevocationList | DocumentRefused:
    """Return the list that these bytes are, or why they are none to follow the one held. Never raises.

    A list whose ``edition`` equals ``held`` is the one in force, once more: no change.
    """
    try:
        return _list(unseal(raw, FORM, root, held))
    except DocumentError as wrong:
        return DocumentRefused(wrong.fault, wrong.detail)


def inspect(raw: bytes) -> RevocationList:
    """Return what the bytes say without believing it: for people to look at. Raises ``DocumentError``."""
    return _list(look(raw, FORM))


def _list(document: Document) -> RevocationList:
    """Return the list that a document's body is."""
    rows = document.body
    if type(rows) is not dict:
        raise DocumentError(Fault.CONTENT, "the revoked tokens must be a map of cti to exp")
    if len(rows) > REVOKED_MAX:
        raise DocumentError(Fault.TOO_LONG, f"{len(rows)} tokens, at most {REVOKED_MAX}; use the key's cut-off")
    for cti, exp in rows.items():
        if type(cti) is not bytes or len(cti) != CTI_BYTES:
            raise DocumentError(Fault.CONTENT, f"a cti must be a byte string of {CTI_BYTES} bytes")
        if not whole(exp, 0, SECONDS_MAX):
            raise DocumentError(Fault.CONTENT, f"cti {cti.hex()}: exp must be an unsigned integer of seconds")
    return RevocationList(document.version, document.iat, MappingProxyType(rows), document.raw)
