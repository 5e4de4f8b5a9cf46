"""The resident's phone in the demo, with the cloud behind its mini-program: codes, the cabinet's own QR code, messages.

The phone shows a code; or it scans what the cabinet's screen shows, and the cloud, which knows who holds it, sends the
cabinet a grant with the nonce of that very screen; or it gets an SMS with a pick-up code, which the cloud computes from
the load number of the event, as it has the cabinet's secret. Knows codes, addresses and events as a cloud team reads
them in the documents. Must never know what the cabinet will say, and never sends a pick-up code to a broker.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from locker import texts
from locker.authority import hotp
from sim.cloud import Cloud
from sim.demo_codes import ODD, Code, Issuer
from sim.demo_news import News
from sim.demo_qr import rows
from sim.demo_site import CABINET, Site
from sim.whereabouts import ARRIVES, FROM, LEAVES

ANSWER_S = 5.0
KEPT_CODES, KEPT_MESSAGES, SHOWN_MESSAGES = 12, 100, 6
NONCE = re.compile(r"[?&]n=([0-9a-f]{16})$")
"""Where the demo's own address has the nonce ([invite] of its configuration)."""


@dataclass(frozen=True, slots=True)
class Message:
    """An SMS: the code, for which item behind which door, and whether that item has left since."""

    order: str
    door: int
    digits: str
    over: bool = False

    def view(self) -> dict[str, Any]:
        """Return it as the phone shows it."""
        zh = f"【红管家】{self.order} 在 {self.door} 号柜。取件码 {self.digits}，没带手机也能在柜子上按。"
        en = f"{self.order} is in door {self.door}. Pick-up code {self.digits}; type it, no phone needed."
        return {"order": self.order, "door": self.door, "digits": self.digits, "over": self.over, "zh": zh, "en": en}


class Phone:
    """One phone. ``invited`` gives the address on the cabinet's screen, empty for none; ``cloud`` the way to it.

    ``code`` is what it shows, ``spent`` the ids of its used codes, ``note`` the last answer of the mini-program.
    """

    def __init__(
        self, site: Site, issuer: Issuer, cloud: Callable[[], Cloud], invited: Callable[[], str], feed: News
    ) -> None:
        """An empty phone."""
        self._site, self._issuer, self._cloud, self._invited, self._feed = site, issuer, cloud, invited, feed
        self._lock = threading.Lock()
        self.code: Code | None = None
        self.spent: list[str] = []
        self.note: tuple[str, str, str] = ("", "", "")
        self._codes: dict[str, Code] = {}
        self._messages: list[Message] = []
        self._loads: dict[int, str] = {}
        self._drawn: tuple[str, list[str]] = ("", [])
        self._used_nonce = b""

    def view(self) -> dict[str, Any]:
        """Return what the page shows of the phone: the code or None, earlier codes, messages, the last answer."""
        with self._lock:
            code, kept = self.code, list(self._codes.values())[-KEPT_CODES:]
            if code and self._drawn[0] != code.text:
                self._drawn = (code.text, rows(code.text))
            shown = {"zh": code.zh, "en": code.en, "cti": code.cti, "rows": self._drawn[1]} if code else None
            zh, en, tone = self.note
            return {
                "code": shown,
                "kept": [{"cti": each.cti, "zh": each.zh, "en": each.en} for each in reversed(kept)],
                "messages": [message.view() for message in reversed(self._messages[-SHOWN_MESSAGES:])],
                "note": {"zh": zh, "en": en, "tone": tone},
            }

    # --- codes ---

    def show(self, code: Code) -> None:
        """Have a code on the phone."""
        with self._lock:
            self.code = code
            self.note = ("", "", "")
            self._codes.pop(code.cti, None)
            if code.cti:
                self._codes[code.cti] = code

    def kept(self, cti: str) -> Code:
        """Return a code that the phone has had, with an empty id the one it shows. Raises ``ValueError``."""
        with self._lock:
            code = self._codes.get(cti) if cti else self.code
        if code is None:
            raise ValueError("手机上没有这个码  the phone has no such code")
        return code

    def choose(self, order: dict[str, Any]) -> None:
        """Get the code that somebody asked for on the page. Raises ``ValueError`` for none that there is."""
        match order.get("errand"):
            case "deposit":
                self.show(self._issuer.deposit(str(order.get("size", "any")), bool(order.get("low"))))
            case "collect":
                self.show(self._issuer.collect(str(order["order"])))
            case "staff":
                self.show(self._issuer.staff(self._door(order)))
            case "badge":
                self.show(self._issuer.badge())
            case "label":
                self.show(self._issuer.label())
            case "kept":
                self.show(self.kept(str(order.get("cti", ""))))
            case "odd" if order.get("odd") == "spent":
                self.show(self._spent_code())
            case "odd" if order.get("odd") in ODD:
                self.show(self._issuer.odd(str(order["odd"])))
            case _:
                raise ValueError("没有这件事  no such errand")

    def _door(self, order: dict[str, Any]) -> int:
        door = order.get("door")
        if door not in [plan.door for plan in self._site.config.doors]:
            raise ValueError("没有这个门  no such door")
        assert isinstance(door, int)
        return door

    def _spent_code(self) -> Code:
        with self._lock:
            used = [self._codes[cti] for cti in self.spent if cti in self._codes]
        if not used:
            raise ValueError("先办成一件事，才有用过的码  finish an errand first; then there is a used code")
        return replace(used[-1], zh="用过的码", en="A code already used")

    # --- the cabinet's own QR code ---

    def scan(self, how: str, order: str = "") -> dict[str, Any] | None:
        """Scan the invitation on the cabinet's screen, to collect ``order``, or with an empty one to drop off.

        ``how`` "now" is the one on the screen, "old" one of an earlier run of the program, "used" the one of the last
        visit that began this way. Returns the cabinet's answer as the mini-program shows it, None for none in time.
        Raises ``ValueError``.
        """
        return self.sends_grant(self.nonce(how), order)

    def sends_grant(self, nonce: bytes, order: str = "") -> dict[str, Any] | None:
        """Let the cloud send a grant with a nonce that somebody scanned; the answer, as ``scan`` returns it."""
        self.note = ("正在请柜子开门…", "Asking the cabinet to open…", "")
        answer = self._cloud().answer(CABINET, self._command(nonce, order), ANSWER_S)
        if answer is None:
            self.note = ("柜子没有回答，可能断网了", "No answer from the cabinet; is the network there?", "act")
        elif answer.get("ok"):
            self._used_nonce = nonce
            self.note = (f"{answer.get('door')} 号门正在打开", f"Door {answer.get('door')} is opening", "good")
        else:
            said = [self._refusal(str(answer.get("reason", "")), language) for language in texts.LANGUAGES]
            self.note = (said[0], said[1], "act")
        return answer

    def _command(self, nonce: bytes, order: str) -> str:
        """The cloud sends the grant; the command's id."""
        code = self._issuer.collect(order, nonce) if order else self._issuer.deposit(nonce=nonce)
        with self._lock:
            self._codes[code.cti] = code
        command = self._cloud().send(CABINET, "open", grant=code.text)
        told = {"id": command, "op": "open", "order": code.order, "nonce": nonce.hex()}
        self._feed.add(f"lk/v1/{CABINET}/down/cmd", json.dumps(told).encode())
        return command

    def _refusal(self, reason: str, language: str) -> str:
        try:
            return texts.sentence("refusals", reason, language, phone=self._site.config.cabinet.phone)
        except texts.TextMissingError:
            return reason

    def nonce(self, how: str) -> bytes:
        """Return the nonce of the cabinet's own code that is scanned. Raises ``ValueError`` where there is none."""
        match how:
            case "now":
                found = NONCE.search(self._invited())
                if not found:
                    raise ValueError("屏幕上现在没有柜码  the screen shows no code of its own now")
                return bytes.fromhex(found[1])
            case "used" if self._used_nonce:
                return self._used_nonce
            case "used":
                raise ValueError("先扫一次屏幕上的码  scan the code on the screen first; then there is a used one")
            case "old":
                return hashlib.sha256(f"yesterday {self._site.cabinet}".encode()).digest()[:8]
        raise ValueError("没有这种柜码  no such invitation")

    # --- messages ---

    def hears(self, event: dict[str, Any]) -> None:
        """The cloud got an event: an item with a load number gets its SMS, one that has left makes it void."""
        data, kind = event["data"], event["type"]
        cti = data.get("cti")
        with self._lock:
            if kind in ("collected", "visit_ended") and cti in self._codes:
                self.spent.append(cti)
            if kind in (*ARRIVES, *LEAVES, *FROM):
                left = (data.get("from"), 0 if kind == "moved" else event["door"])
                self._messages = [replace(m, over=True) if m.door in left else m for m in self._messages]
            if kind in ARRIVES and data.get("load") is not None:
                digits = self._loads[int(data["load"])] = self.pickup_code(int(data["load"]))
                message = Message(bytes.fromhex(data["order"]).decode(), event["door"], digits)
                others = [m for m in self._messages if m.digits != digits]
                self._messages = [*others, message][-KEPT_MESSAGES:]

    def pickup_code(self, load: int) -> str:
        """Compute a load's code, as docs/pickup.md tells a cloud team to."""
        return hotp.code(self._site.pickup, load, hotp.DIGITS_MIN)

    def all_codes(self) -> dict[int, str]:
        """Return the code of every load number that the cloud has heard of."""
        with self._lock:
            return dict(self._loads)

    def message_for(self, order: str) -> Message | None:
        """Return the newest SMS about an order, None while there is none."""
        with self._lock:
            return next((message for message in reversed(self._messages) if message.order == order), None)
