"""Trust: what the cabinet believes now, under the root key that its configuration pins.

``Trust`` holds the key set and the revocation list that are in force, and the ``Authority`` that follows from them.
Whatever arrives is verified against the root and against the edition that is held; nothing else about it counts, not
the topic, the broker, the file or its name. ``Notary`` is its desk in the cabinet: it takes documents in from the
network, from files and from a stick, and says what became of each.

When a document is accepted, ``KeepSigned`` and its event are effects like all others, committed in the transaction of
the turn; the cabinet judges by it from the next event on. A code that is shown in the same turn, after it, is already
judged by the new set: nothing that follows from that is carried out before the one transaction with both is on the
disk, so no power cut can leave a door opened under a set that is not kept. The very bytes that are in force change and
write nothing (a broker delivers its retained set at each reconnect). A visit that is under way goes on.

A new list takes the place of the old one altogether: what it leaves out is no longer revoked. That is for the root to
say; nobody else can, because an older list is refused. Knows no clock and no file; must never know a door or an order.
Source: tokens contract, sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from locker.authority import keyset, revocation
from locker.authority.ed25519 import KeyError25519, PublicKey
from locker.authority.keys import KeyRing, kid_of
from locker.authority.keyset import KeySet
from locker.authority.revocation import RevocationList, Revoked
from locker.authority.root import NONE_YET, DocumentRefused, Edition, Fault
from locker.authority.token import Authority
from locker.model import Acknowledge, KeepSigned, MessageReceived, Now, Record, SignedArrived

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

KEYS, REVOKED = "keys", "revoked"
KINDS = (KEYS, REVOKED)
"""The two kinds of documents, as in ``down/keys`` and ``down/revoked``."""
DETAIL_MAX = 200


class TrustError(ValueError):
    """What is pinned or stored cannot be believed; says what, and what to do before the cabinet can start."""


class Trust:
    """What one root says, as far as it has arrived. ``other_root`` names the kinds stored under another root."""

    def __init__(self, root: str, cabinet_id: str, stored: Iterable[KeepSigned]) -> None:
        """``root`` is 64 hexadecimal digits. What is stored is verified anew. Raises ``TrustError``.

        Documents of another root are left out of force: the technician has pinned a new one, which begins at version 1.
        """
        self.root, self._cabinet_id = _public(root), cabinet_id
        self.keyset: KeySet | None = None
        self.revocations: RevocationList | None = None
        self.other_root: list[str] = []
        self._revoked = Revoked()
        for row in stored:
            self._recall(row)
        self.authority = self._renewed()

    def offer(self, kind: str, raw: bytes) -> KeySet | RevocationList | DocumentRefused | None:
        """Put a document into force and return it; or why it is refused; None when it is the one in force already."""
        held = self._held(kind)
        found = _verified(kind, raw, self.root, held)
        if isinstance(found, DocumentRefused):
            return found
        if found.edition == held:
            return None
        self._take(found)
        self.authority = self._renewed()
        return found

    def purge(self, now: Now) -> int:
        """Forget revoked tokens that are dead by any clock, and return how many; none while the time is a guess."""
        return self._revoked.purge(now)

    def _recall(self, row: KeepSigned) -> None:
        """Take up a stored document. It was good when it was stored, so a flaw now is damage or somebody's hand."""
        found = _verified(row.kind, row.raw, self.root, NONE_YET)
        if isinstance(found, DocumentRefused):
            if found.reason is Fault.OTHER_ROOT:
                self.other_root.append(row.kind)
                return
            raise _damaged(row, f"{found.reason.value} ({found.detail})")
        if found.edition != Edition(row.version, row.digest):
            raise _damaged(row, f"its bytes are version {found.version}, or another one than its digest says")
        self._take(found)

    def _take(self, found: KeySet | RevocationList) -> None:
        if isinstance(found, KeySet):
            self.keyset = found
        else:
            self.revocations, self._revoked = found, Revoked(found.revoked)

    def _held(self, kind: str) -> Edition:
        held = self.keyset if kind == KEYS else self.revocations
        return held.edition if held else NONE_YET

    def _renewed(self) -> Authority:
        """Without a set there is no key, and every token is of an unknown one."""
        ring = KeyRing.from_keyset(self.keyset) if self.keyset else KeyRing([])
        return Authority(ring, self._cabinet_id, self._revoked)


class Notary:
    """Where signed documents are taken in. Without a pinned root it takes none, and the configuration's keys stand."""

    def __init__(self, cabinet: Cabinet, stored: Iterable[KeepSigned]) -> None:
        """Belongs to one cabinet, whose authority it replaces where a root is pinned. Raises ``TrustError``."""
        self._cabinet = cabinet
        self._told: dict[tuple[str, str], tuple[Fault, bytes]] = {}
        pinned = cabinet.cfg.authority
        self.trust = None if pinned is None else Trust(pinned.root, cabinet.cfg.cabinet.id, stored)
        if self.trust is not None:
            cabinet.authority = self.trust.authority

    def start(self, now: Now) -> None:
        """Say once, at the start, what is missing: without a set every token is refused."""
        if self.trust is None:
            return
        if self.trust.keyset is not None:
            self._cabinet.time.set_issued(self.trust.keyset.iat)
        for kind in self.trust.other_root:
            detail = f"the stored one is not of the root {kid_of(self.trust.root.raw).hex()}, which is pinned now"
            self._refused(kind, Fault.OTHER_ROOT, detail, "store", now)
        if self.trust.keyset is None:
            self._cabinet.say(Record("keys_missing", 0, {"root": kid_of(self.trust.root.raw).hex()}))

    def receive(self, message: MessageReceived, now: Now) -> None:
        """A message on one of the topics of ``KINDS``, retained or not; the broker is told when it is on the disk."""
        self._present(message.tail, message.payload, "mqtt", now)
        self._cabinet.say(Acknowledge(message.handle))

    def arrived(self, event: SignedArrived, now: Now) -> None:
        """A file that may be a document."""
        self._present(event.kind, event.raw, event.source, now)

    def purge(self, now: Now) -> None:
        """Forget what time has taken care of."""
        if self.trust is not None:
            self.trust.purge(now)

    def _present(self, kind: str, raw: bytes, source: str, now: Now) -> None:
        """Offer a document and say what became of it. The same refused bytes are told once, not at each reconnect."""
        found = None if self.trust is None else self.trust.offer(kind, raw)
        if self.trust is None or found is None:
            return
        if not isinstance(found, DocumentRefused):
            self._accepted(kind, found, source, self.trust.authority)
            return
        told = (found.reason, sha256(raw).digest())
        if self._told.get((kind, source)) != told:
            self._told[kind, source] = told
            self._refused(kind, found.reason, found.detail, source, now)

    def _accepted(self, kind: str, found: KeySet | RevocationList, source: str, authority: Authority) -> None:
        """Keep it, judge by it, say so."""
        fields: dict[str, Any] = {"version": found.version, "issued_s": found.iat, "source": source}
        if isinstance(found, KeySet):
            fields["kids"] = [key.kid.hex() for key in found.keys]
            self._cabinet.time.set_issued(found.iat)
        else:
            fields["count"] = len(found.revoked)
        self._cabinet.authority = authority
        self._cabinet.say(KeepSigned(kind, found.version, found.edition.digest, found.raw))
        self._cabinet.say(Record("keys_changed" if kind == KEYS else "revoked_changed", 0, fields))

    def _refused(self, kind: str, reason: Fault, detail: str, source: str, now: Now) -> None:
        """What was in force stays in force."""
        fields = {"reason": reason.value, "detail": detail[:DETAIL_MAX], "source": source}
        said = Record("keys_refused" if kind == KEYS else "revoked_refused", 0, fields)
        self._cabinet.reception.log_limited(said, now)


def _verified(kind: str, raw: bytes, root: PublicKey, held: Edition) -> KeySet | RevocationList | DocumentRefused:
    """The document, as the authority finds it."""
    return keyset.verify(raw, root, held) if kind == KEYS else revocation.verify(raw, root, held)


def _public(root: str) -> PublicKey:
    try:
        return PublicKey(bytes.fromhex(root))
    except KeyError25519 as wrong:
        raise TrustError(f"authority.root: {wrong}; give the 64 digits that `locker keys root` printed") from None


def _damaged(row: KeepSigned, why: str) -> TrustError:
    return TrustError(
        f'the stored "{row.kind}", version {row.version}, does not verify: {why}. The database is damaged or was '
        "changed: bring it back from a copy; or, once you know why, take this row out "
        f"(DELETE FROM signed WHERE kind = '{row.kind}') and deliver the newest one again"
    )
