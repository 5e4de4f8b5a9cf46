"""The cloud's office in the demo: whoever holds the root and says whose codes count, from when, and which no more.

It does with the production code for issuers (``locker.authority.issue_set``) what ``locker keys`` does on a laptop, and
leaves the documents at the broker, retained. Key sets and revocation lists have versions that only rise; one thing here
is deliberately wrong: an older set is delivered again, to watch it being refused. Knows keys and documents; must never
know a door, or whether a cabinet has believed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import make_revocation, make_set, still_needed
from locker.authority.keys import IssuerKey, KeyState
from locker.authority.keyset import RESIDENTS
from locker.clock import wall_s
from locker.model import Purpose
from sim.cloud import Cloud
from sim.demo_codes import LIFE_S, Code, Issuer
from sim.demo_news import News
from sim.demo_site import Site

DAY_S = 86_400
KEY_DAYS = 400
STAFF = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))
STEPS = ("next", "switch", "retire")
"""A rotation, step by step (docs/keys.md, section 3): deliver the next key, sign with it, retire the old one."""

DELIVERED = ("下发钥匙集，第 {0} 版", "Key set, version {0}, delivered")
DONE = {
    "next": ("下一把钥匙发下去了：第 {0} 版", "The next key is on its way: version {0}"),
    "switch": ("从现在起用新钥匙签码：第 {0} 版", "Codes are signed with the new key from now on: version {0}"),
    "retire": ("旧钥匙停用：第 {0} 版", "The old key is retired: version {0}"),
    "cut_off": ("此前签发的居民码全部停用：第 {0} 版", "All residents' codes up to now are cut off: version {0}"),
    "roll_back": ("又发了一次旧的第 {0} 版，柜子应当拒绝", "Old version {0} delivered again; to be refused"),
    "revoke": ("作废名单第 {0} 版：{1}", "Revocation list, version {0}: {1}"),
}


@dataclass(slots=True)
class Signer:
    """A key of the office's and how it stands in the set."""

    key: PrivateKey
    entry: IssuerKey


class Office:
    """The issuer of one site. ``cloud`` gives the way to the broker at that moment; all chance is the seed's."""

    def __init__(self, site: Site, issuer: Issuer, cloud: Callable[[], Cloud], feed: News) -> None:
        """Nothing is delivered yet; ``version`` 0 says so."""
        self._site, self._issuer, self._cloud, self._feed = site, issuer, cloud, feed
        self.version, self.list_version, self.step = 0, 0, 0
        self.revoked: dict[bytes, int] = {}
        self._keys = [_signer(site.resident_key, RESIDENTS), _signer(site.staff_key, STAFF)]
        self._sets: list[bytes] = []
        self._made = 0

    def view(self) -> dict[str, Any]:
        """Return what the page shows of the office."""
        keys = [
            {
                "kid": signer.entry.kid.hex(),
                "staff": signer.entry.purposes == STAFF,
                "state": signer.entry.state.name.lower(),
                "signs": signer.key in (self._issuer.resident_key, self._issuer.staff_key),
                "cut_off_s": signer.entry.cutoff_iat,
            }
            for signer in self._keys
        ]
        counts = {"version": self.version, "list_version": self.list_version, "revoked": len(self.revoked)}
        return counts | {"step": STEPS[self.step], "keys": keys}

    def entries(self) -> list[IssuerKey]:
        """Return the keys as they stand in the next set."""
        return [signer.entry for signer in self._keys]

    # --- what the office does ---

    def deliver(self) -> None:
        """Sign the keys as they are as the next version and leave it at the broker."""
        self._publish_set(DELIVERED)

    def rotate(self, step: str) -> None:
        """One step of a rotation of the residents' key. Raises ``ValueError`` out of turn."""
        if step != STEPS[self.step]:
            raise ValueError(f"还没轮到这一步，先做“{_ZH[STEPS[self.step]]}”  first do: {STEPS[self.step]}")
        {"next": self._next, "switch": self._switch, "retire": self._retire}[step]()
        self._publish_set(DONE[step])
        self.step = (self.step + 1) % len(STEPS)

    def cut_off(self) -> None:
        """Let every residents' code that was issued up to this second be dead; new ones count from the next on."""
        now_s = wall_s() + 1
        for signer in self._keys:
            if signer.entry.purposes == RESIDENTS and not signer.entry.retired:
                signer.entry = replace(signer.entry, cutoff_iat=now_s)
        self._issuer.not_before_s = now_s
        self._publish_set(DONE["cut_off"])

    def roll_back(self) -> None:
        """Deliver the set before the present one again, as whoever has only the broker's password might."""
        if len(self._sets) < 2:
            self.deliver()
        self._cloud().put_keys(self._site.cabinet, self._sets[-2])
        self._tell("keys", DONE["roll_back"], len(self._sets) - 1)

    def revoke(self, code: Code) -> None:
        """Take one code back before its time. Raises ``ValueError`` for what is no token of this office."""
        if not code.cti:
            raise ValueError("这不是本处发的码，没有编号可作废  not a code of this office; there is nothing to revoke")
        now_s = wall_s()
        self.revoked = still_needed(self.revoked, now_s) | {bytes.fromhex(code.cti): now_s + LIFE_S}
        self.list_version += 1
        raw = make_revocation(self._site.root_key, self.list_version, now_s, self.revoked)
        self._cloud().put_revoked(self._site.cabinet, raw)
        self._tell("revoked", DONE["revoke"], self.list_version, code.zh, code.en)

    # --- inside ---

    def _next(self) -> None:
        """Make the next key; keys that are retired already are left out from here on."""
        self._made += 1
        key = PrivateKey(hashlib.sha256(f"{self._site.resident_key.public.hex()} {self._made}".encode()).digest())
        self._keys = [signer for signer in self._keys if not signer.entry.retired]
        self._keys.append(_signer(key, RESIDENTS, KeyState.NEXT))

    def _switch(self) -> None:
        newest = self._keys[-1]
        newest.entry = replace(newest.entry, state=KeyState.ACTIVE)
        self._issuer.resident_key = newest.key

    def _retire(self) -> None:
        for signer in self._keys[:-1]:
            if signer.entry.purposes == RESIDENTS:
                signer.entry = replace(signer.entry, state=KeyState.RETIRED)

    def _publish_set(self, told: tuple[str, str]) -> None:
        self.version += 1
        raw = make_set(self._site.root_key, self.version, wall_s(), self.entries())
        self._sets.append(raw)
        self._cloud().put_keys(self._site.cabinet, raw)
        self._tell("keys", told, self.version)

    def _tell(self, tail: str, told: tuple[str, str], version: int, zh: str = "", en: str = "") -> None:
        topic = f"lk/v1/{self._site.cabinet}/down/{tail}"
        self._feed.tell(topic, told[0].format(version, zh), told[1].format(version, en))


_ZH = {"next": "发下一把钥匙", "switch": "换用新钥匙", "retire": "停用旧钥匙"}


def _signer(key: PrivateKey, purposes: frozenset[Purpose], state: KeyState = KeyState.ACTIVE) -> Signer:
    now_s = wall_s()
    public, begin, end = PublicKey(key.public), now_s - DAY_S, now_s + KEY_DAYS * DAY_S
    return Signer(key, IssuerKey(public, purposes, state=state, not_before=begin, not_after=end))
