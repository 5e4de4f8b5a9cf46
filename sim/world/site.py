"""The site of a world: the configuration, the keys, and the register of every token that was ever made for it.

The register is the cloud's book, not the cabinet's: the checks judge an opening by it. Tokens are made by the
production issuer; an id is drawn from the happening that asked for it, so that it stays the same when others go.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Literal

from locker import config, config_fittings
from locker.authority import hotp
from locker.authority.ed25519 import PrivateKey
from locker.authority.hotp import Secret
from locker.authority.issue import issue
from locker.model import Purpose
from sim.world import lock_boards, supply
from sim.world.archive import Row
from sim.world.plan import Site

CABINET, ELSEWHERE = "world-1", "world-2"
WALL_MS = 1_790_000_000_000
"""The wall time at which every world begins."""
EPOCH = "0123456789abcdef"


def _key(name: str) -> PrivateKey:
    return PrivateKey(hashlib.sha256(f"world {name}".encode()).digest())


RESIDENTS, STAFF, STRANGER, ROOT, DEVICE = map(_key, ("residents", "staff", "stranger", "root", "device"))
NEXT = _key("residents next")
RETIRED, OLD, NOT_YET, CUT_OFF = map(_key, ("retired", "old", "not yet", "cut off"))
"""Residents' keys: retired; run out a day before the world begins; valid in sixty days; with a cut-off."""
PICKUP = Secret(hashlib.sha256(b"world pickup").digest())
DIGITS = 6
OLD_S, NOT_YET_S = WALL_MS // 1000 - 86_400, WALL_MS // 1000 + 60 * 86_400
"""When the old key has run out, and from when the one that is not valid yet holds."""
BUILT_S = WALL_MS // 1000 - 30 * 86_400
"""When the program of every world was built."""
CERTIFICATE = "E"
"""How the orders of envelopes begin that staff load; a resident's own do not."""
OPENINGS_MAX = 1000
"""So many doors one duty may open."""
INVITE = "https://example.org/x?c={cabinet}&n={nonce}"
SIZES: tuple[Literal["S", "M", "L"], ...] = ("S", "S", "S", "M", "M", "L")
RESIDENT_PURPOSES: list[Any] = ["deposit", "collect"]
STAFF_PURPOSES: list[Any] = ["staff", "technician"]


def wires(site: Site) -> dict[int, tuple[int, int]]:
    """Each door's board (from 0) and channel."""
    each = site.doors // site.boards
    return {door: divmod(door - 1, each) for door in range(1, site.doors + 1)}


def configuration(site: Site, path: str) -> config.Config:
    """The cabinet's configuration, as a file would give it."""
    keys = [
        config.Key(public=RESIDENTS.public.hex(), purposes=RESIDENT_PURPOSES),
        config.Key(public=NEXT.public.hex(), purposes=RESIDENT_PURPOSES, state="next"),
        config.Key(public=RETIRED.public.hex(), purposes=RESIDENT_PURPOSES, state="retired"),
        config.Key(public=STAFF.public.hex(), purposes=STAFF_PURPOSES),
    ]
    return config.Config(
        cabinet=config.Cabinet(id=CABINET, phone="0311-12345678"),
        doors=[
            config.Door(
                door=door,
                size=SIZES[(door - 1) % 6],
                side="left" if door <= site.doors // 2 else "right",
                row=(door - 1) % max(1, site.doors // 2) + 1,
                channel=channel,
                board=board,
                low=door % 4 == 0,
            )
            for door, (board, channel) in _places(site).items()
        ],
        boards=[board for number in range(site.boards) for board in lock_boards.configured(site, number)],
        scanner=config.Scanner(port="/dev/scanner"),
        store=config.Store(path=path, events_max=site.events_max, events_kept=site.events_kept),
        authority=config.Authority(root=ROOT.public.hex()) if site.root else None,
        keys=[] if site.root else keys,
        pickup=config.Pickup(digits=DIGITS),
        invite=config.Invite(url=INVITE),
        keeping=_keeping(site.keeping_days),
        power=supply.configured(site.reserve_s) if site.reserve_s else None,
        tamper=config_fittings.Tamper(pin=16) if site.reserve_s else None,
        climate=config_fittings.Climate(probe="w1_slave", every_s=supply.EVERY_S) if site.reserve_s else None,
        mqtt=config.Mqtt(host="127.0.0.1", tls=False, version=5 if site.mqtt == 5 else 4),
        coil=config.Coil(
            cooldown_ms=site.cooldown_ms,
            per_lock_minute_max=site.per_lock_minute_max,
            doors_minute_max=site.doors_minute_max,
        ),
    )


def _keeping(days: int) -> config.Keeping:
    """How long items may lie; what may lie for one day only is told of a few hours before."""
    return config.Keeping(submission_days=days, certificate_days=days, notice_hours=6 if days == 1 else 24)


def _places(site: Site) -> dict[int, tuple[str, int]]:
    """Each door's board and channel by the configuration's names."""
    return {door: lock_boards.place(site, number, channel) for door, (number, channel) in wires(site).items()}


def plain(order: str) -> str:
    """An order as people write it, from the hexadecimal of events."""
    return bytes.fromhex(order).decode()


@dataclass(frozen=True, slots=True)
class Issued:
    """One token as the cloud knows it. ``genuine``: made for this cabinet with a key that may; times are Unix s.

    ``since`` is from when its key holds; ``cut_off`` says that its key has a cut-off; ``duty`` is the token of the duty
    whose opening this is, "" for what somebody can show.
    """

    text: str
    cti: str
    purpose: Purpose
    order: str
    door: int
    iat: int
    exp: int
    genuine: bool
    since: int = 0
    cut_off: bool = False
    duty: str = ""


class Register:
    """Every token that was made in this world, by its id."""

    def __init__(self, seed: int) -> None:
        """Nothing was issued yet."""
        self._seed = seed
        self._made: dict[int, int] = {}
        self.tokens: dict[str, Issued] = {}
        self.revoked: dict[str, int] = {}
        self.typed: dict[str, list[str]] = {}
        self.nonces: dict[str, bytes] = {}
        self.labelled: set[str] = set()
        self.loaded: dict[int, str] = {}
        self.lists = 0
        self.cut_offs: dict[int, int] = {}

    def learn(self, row: Row) -> None:
        """A row that was committed: what staff do makes authorities of their own, and puts items into their hands."""
        data = row.data
        if row.kind == "granted" and "duty" in data:
            self.opening(row.cti, str(data["duty"]), plain(data.get("order", "")))
        elif row.kind == "taken_out" and data.get("why") == "reassign":
            self.labelled.add(plain(data["item"]))
        if "load" in data:
            self.load(int(data["load"]), plain(data["order"]))

    def load(self, load: int, order: str) -> None:
        """An item got a load number: its pick-up code is good for it, under an id that follows from the number."""
        begin = hashlib.sha256(b"locker pick-up code " + EPOCH.encode()).digest()[:8]
        cti, digits = (begin + load.to_bytes(8, "big")).hex(), hotp.code(PICKUP, load, DIGITS)
        self.tokens[cti] = Issued(digits, cti, Purpose.COLLECT, order, 0, 0, 1 << 40, True)
        self.loaded[load] = cti
        self.typed.setdefault(digits, []).append(cti)

    def opening(self, cti: str, duty: str, order: str) -> None:
        """A duty opens a door: its id follows from the duty's token and a number (docs/tokens.md, section 8).

        The order has to be that of an envelope whose label was scanned, or of an item that staff had in their hands.
        """
        token, begin = self.tokens.get(duty), b"locker duty " + bytes.fromhex(duty)
        ids = (hashlib.sha256(begin + number.to_bytes(4, "big")).digest()[:16] for number in range(OPENINGS_MAX))
        if token is not None and token.door == 0 and bytes.fromhex(cti) in ids:
            known = order if not order or order in self.labelled else "?"
            self.tokens[cti] = replace(token, text="", cti=cti, order=known, duty=duty)

    def make(
        self,
        source: int,
        wall_s: int,
        purpose: Purpose,
        *,
        order: str = "",
        life_s: int = 3600,
        key: PrivateKey | None = None,
        aud: str = CABINET,
        iat: int | None = None,
        **claims: Any,
    ) -> Issued:
        """A token that happening number ``source`` asks for now; ``order`` is plain text."""
        self._made[source] = turn = self._made.get(source, 0) + 1
        cti = hashlib.sha256(f"{self._seed}/{source}/{turn}".encode()).digest()[:16]
        staff = purpose in (Purpose.STAFF, Purpose.TECHNICIAN)
        rightful = (STAFF,) if staff else (RESIDENTS, NEXT, NOT_YET, CUT_OFF)
        key = key or rightful[0]
        given: dict[str, Any] = {"sub": "staff-7" if purpose is Purpose.STAFF else "tech-1"} if staff else {}
        iat = wall_s if iat is None else iat
        exp = iat + life_s
        text = issue(
            key=key, aud=aud, purpose=purpose, iat=iat, exp=exp, cti=cti, order=order.encode(), **(given | claims)
        )
        genuine = aud == CABINET and key in rightful
        since = NOT_YET_S if key is NOT_YET else 0
        door = int(claims.get("door", 0))
        made = Issued(text, cti.hex(), purpose, order, door, iat, exp, genuine, since=since, cut_off=key is CUT_OFF)
        self.tokens[made.cti] = made
        if claims.get("nonce"):
            self.nonces[made.cti] = claims["nonce"]
        return made

    def spoil(self, cti: str, text: str) -> None:
        """What was given out under this id is this text, which nothing may open for; the good one never left."""
        self.tokens[cti] = replace(self.tokens[cti], text=text, genuine=False)

    def twin(self, first: Issued, order: str) -> str:
        """The text of another token under the same id, for another order; the register keeps the first."""
        iat = first.iat
        return issue(
            key=RESIDENTS,
            aud=CABINET,
            purpose=Purpose.COLLECT,
            iat=iat,
            exp=first.exp,
            cti=bytes.fromhex(first.cti),
            order=order.encode()[:16],
        )
