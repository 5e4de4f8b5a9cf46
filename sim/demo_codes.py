"""The codes that residents and staff show in the demo: good ones, and every kind that must be refused.

Knows how tokens are made and how they go wrong on the way. Must never know what the cabinet will say to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from locker.authority.ed25519 import PrivateKey
from locker.authority.issue import issue
from locker.authority.token import PREFIX
from locker.clock import wall_s
from locker.labels import Label, encode
from locker.model import Purpose, Size
from sim.demo_site import Site

LIFE_S = 6 * 3600
LEEWAY_S = 3600
FOREIGN = "https://weixin.qq.com/r/abcdefghijklmnop"
SIZES = {"any": (None, "大小都行", "any size"), "S": (Size.S, "小号", "small")}
SIZES |= {"M": (Size.M, "中号", "medium"), "L": (Size.L, "大号", "large")}
ODD = {
    "expired": ("过期的码", "An expired code"),
    "early": ("还没到时间的码", "A code for later"),
    "elsewhere": ("别的柜子的码", "Another cabinet's code"),
    "forged": ("签名被改过的码", "A code with a bad signature"),
    "stranger": ("不明单位发的码", "An unknown issuer's code"),
    "foreign": ("别的二维码", "Somebody else's QR code"),
    "garbled": ("残缺的码", "A garbled code"),
    "nobody": ("柜里没有的一件", "An order that is not here"),
    "two": ("一次扫到两个码", "Two codes in one read"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """What is on the phone: the text of the QR, what it is for in both languages, and which order it belongs to."""

    text: str
    zh: str
    en: str
    order: str = ""
    cti: str = ""


class Issuer:
    """Makes codes for one site; all chance comes from the seed.

    ``resident_key`` and ``staff_key`` sign; no code says that it was issued before ``not_before_s``.
    """

    def __init__(self, site: Site, seed: int) -> None:
        """Order numbers start at A1001."""
        self._site, self._chance, self._order = site, Random(seed), 1000
        self.resident_key, self.staff_key = site.resident_key, site.staff_key
        self.not_before_s = 0

    def deposit(
        self, size: str = "any", low: bool = False, order: str = "", door: int = 0, nonce: bytes | None = None
    ) -> Code:
        """Make a code for a drop-off of a new order, or of a given one; with a ``nonce``, for the phone-first way."""
        wanted, zh, en = SIZES[size]
        order = order or self._next_order()
        text, cti = self._issue(Purpose.DEPOSIT, order=order, size=wanted, low=low, door=door, nonce=nonce)
        more_zh, more_en = ("，低一点", ", low") if low else ("", "")
        return Code(text, f"送材料 · {zh}{more_zh}", f"Drop off · {en}{more_en}", order, cti)

    def collect(self, order: str, nonce: bytes | None = None) -> Code:
        """Make a code to collect what is held for an order; with a ``nonce``, for the phone-first way."""
        text, cti = self._issue(Purpose.COLLECT, order=order, nonce=nonce)
        return Code(text, f"取件 · {order}", f"Collect · {order}", order, cti)

    def staff(self, door: int) -> Code:
        """Make a staff code for one door."""
        text, cti = self._issue(Purpose.STAFF, door=door, sub="staff-07")
        return Code(text, f"工作人员 · {door} 号", f"Staff · door {door}", "", cti)

    def badge(self, by: str = "staff-07") -> Code:
        """Make a staff code without a door: its bearer begins to work at the cabinet."""
        text, cti = self._issue(Purpose.STAFF, sub=by)
        return Code(text, f"工作人员值班 · {by}", f"Staff on duty · {by}", "", cti)

    def label(self, order: str = "", size: str = "any", cabinet: str = "") -> Code:
        """Print an envelope's label, for this cabinet or for another one; no token, and nothing is signed."""
        order = order or self._next_order()
        text = encode(Label(order.encode(), SIZES[size][0]), cabinet or self._site.cabinet)
        return Code(text, f"信封标签 · {order}", f"Envelope's label · {order}", order)

    def odd(self, kind: str) -> Code:
        """Make a code that must be refused, of a kind in ``ODD``. Raises ``ValueError`` for another kind."""
        if kind not in ODD:
            raise ValueError(f"没有这种码  no such kind of code: {kind}; there are {', '.join(ODD)}")
        zh, en = ODD[kind]
        return Code(self._odd_text(kind), zh, en)

    def _odd_text(self, kind: str) -> str:
        now_s, order = wall_s(), self._next_order()
        match kind:
            case "expired":
                return self._issue(Purpose.DEPOSIT, order=order, iat=now_s - 2 * LEEWAY_S, exp=now_s - LEEWAY_S)[0]
            case "early":
                return self._issue(Purpose.DEPOSIT, order=order, nbf=now_s + LEEWAY_S)[0]
            case "elsewhere":
                return self._issue(Purpose.DEPOSIT, order=order, aud="demo-2")[0]
            case "stranger":
                return self._issue(Purpose.DEPOSIT, order=order, key=self._site.stranger_key)[0]
            case "forged":
                return _forged(self._issue(Purpose.DEPOSIT, order=order)[0])
            case "garbled":
                whole = self._issue(Purpose.DEPOSIT, order=order)[0]
                return whole[: len(PREFIX) + (len(whole) - len(PREFIX)) // 3 * 3 - 9]
            case "nobody":
                return self._issue(Purpose.COLLECT, order=order)[0]
            case "two":
                one, other = (self._issue(Purpose.DEPOSIT, order=self._next_order())[0] for _ in range(2))
                return one + other
        return FOREIGN

    def _next_order(self) -> str:
        self._order += 1
        return f"A{self._order}"

    def _issue(
        self,
        purpose: Purpose,
        *,
        order: str = "",
        door: int = 0,
        size: Size | None = None,
        low: bool = False,
        sub: str = "",
        aud: str = "",
        iat: int = 0,
        exp: int = 0,
        nbf: int | None = None,
        nonce: bytes | None = None,
        key: PrivateKey | None = None,
    ) -> tuple[str, str]:
        cti = self._chance.randbytes(16)
        own = self.staff_key if purpose in (Purpose.STAFF, Purpose.TECHNICIAN) else self.resident_key
        issued_s = iat or max(wall_s(), self.not_before_s)
        text = issue(
            key=key or own,
            aud=aud or self._site.cabinet,
            purpose=purpose,
            iat=issued_s,
            exp=exp or issued_s + LIFE_S,
            cti=cti,
            order=order.encode(),
            door=door,
            size=size,
            low=low,
            sub=sub,
            nbf=nbf,
            nonce=nonce,
        )
        return text, cti.hex()


def _forged(text: str) -> str:
    """Change two characters within the signature, keeping Base45 and CBOR in shape."""
    at = len(text) - 20
    swapped = text[at + 3 : at + 6] + text[at : at + 3]
    return text[:at] + swapped + text[at + 6 :]
