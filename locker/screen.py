"""The screen: which one is shown now, what is on it, and when it ends by itself.

Knows names of the catalogues, buttons, boot times and the language that somebody has chosen to hear; never a token, a
lock or what a button does. Every screen has a number one higher than the last, so that a touch which was meant for an
older one is void. The idle screen's invitation
is renewed on it, under the same number: nothing that could be pressed becomes void by that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from locker.model import Effect, Language, Now, Refusal, Show

KEYPAD_SCREENS = ("idle", "refused")
"""Where a pick-up code may be typed: nobody is being served, and who was refused can try again at once."""


class Invites(Protocol):
    """Where the idle screen gets its address for phones."""

    def address(self, now_ms: int) -> str:
        """The address to show now, "" for none."""

    def renew_ms(self) -> int | None:
        """The boot time at which it changes, None for never."""


class Screen:
    """What the person sees. ``works`` says whether the idle screen may invite anybody at all.

    ``keypad`` is set by whoever has one: given the boot time, how many digits it takes now (0: no keypad) and the boot
    time at which a locked one opens again (0: not locked). ``closed`` names the screen to show in place of the idle
    one, "" for none.
    """

    def __init__(
        self,
        say: Callable[[Effect], None],
        works: Callable[[], bool],
        now_ms: Callable[[], int],
        notice_ms: int,
        invites: Invites,
    ) -> None:
        """``say`` takes each new screen, ``now_ms`` is the boot time of this step; a notice stays for ``notice_ms``."""
        self._say, self._works, self._now_ms, self._notice_ms = say, works, now_ms, notice_ms
        self._invites = invites
        self.shown = Show("out_of_order", 0)
        self.keypad: Callable[[int], tuple[int, int]] = lambda now_ms: (0, 0)
        self.closed: Callable[[], str] = lambda: ""
        self.at_work: Callable[[], bool] = lambda: False
        self._language: Language = ""
        self._until_ms = 0
        self._ends_ms: int | None = None

    @property
    def noticing(self) -> bool:
        """Whether a notice is on it, which ends by itself."""
        return self._ends_ms is not None

    @property
    def has_keypad(self) -> bool:
        """Whether this is a screen on which a code may be typed, when the keypad is not locked."""
        return self.shown.name in KEYPAD_SCREENS

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do."""
        return self._invites.renew_ms() if self.shown.invite else self._ends_ms

    def advance(self, now: Now) -> None:
        """A notice, or an invitation, has been there long enough."""
        if self._ends_ms is not None and now.ms >= self._ends_ms:
            self.idle()
        self.renew()

    def renew(self) -> None:
        """The idle screen as it was, with the address that is good now, where that is another one."""
        if self.shown.name == "idle" and self._invites.address(self._now_ms()) != self.shown.invite:
            self._put(self.shown)

    def offers(self, button: str, number: int) -> bool:
        """Whether this button is on the screen that is shown now."""
        return number == self.shown.number and button in self.shown.offers

    def show(self, name: str, *, door: int = 0, offers: tuple[str, ...] = (), until_ms: int = 0, **more: Any) -> None:
        """Show a screen; ``until_ms`` is the boot time at which it ends by itself, 0 for never."""
        self._until_ms, self._ends_ms = until_ms, None
        self._put(Show(name, self.shown.number + 1, door, offers, **more))

    def change(self, **fields: Any) -> None:
        """The same screen, saying something else; its buttons stay good."""
        self._put(replace(self.shown, **fields))

    def speak(self, language: Language) -> None:
        """From now on everything is said in this language, and what is shown now is said anew in it.

        "" for the languages of the configuration, from the next screen on.
        """
        self._language = language
        if language not in ("", self.shown.language):
            self._put(self.shown)

    def reason(self, reason: str) -> None:
        """The same screen with a reason why somebody was refused; its buttons stay good."""
        self._put(replace(self.shown, reason=reason))

    def receipt(self, door: int, text: str) -> None:
        """The receipt of the deposit that is on the screen now; of no other."""
        if (self.shown.name, self.shown.door) == ("deposited", door):
            self._put(replace(self.shown, receipt=text))

    def notice(self, name: str, now: Now, *, door: int = 0, reason: str = "", ticket: str = "") -> None:
        """A last screen for a moment, then the idle one."""
        ends_ms = now.ms + self._notice_ms
        digits = self.keypad(now.ms)[0] if name in KEYPAD_SCREENS else 0
        self.show(name, door=door, offers=("done",), until_ms=ends_ms, reason=reason, ticket=ticket, digits=digits)
        self._ends_ms = ends_ms

    def idle(self) -> None:
        """Nobody is there: invite the next person, or say that nothing works; and until when the keypad is locked."""
        if self.at_work():
            return
        if closed := self.closed() or ("" if self._works() else "out_of_order"):
            self.show(closed)
            return
        digits, opens_ms = self.keypad(self._now_ms())
        self.show("idle", digits=digits, reason=Refusal.KEYPAD_LOCKED.value if opens_ms else "", until_ms=opens_ms)

    def _put(self, show: Show) -> None:
        """Put it there, with the time that is left now, and with the invitation where it is the idle one."""
        remaining_ms = max(0, self._until_ms - self._now_ms()) if self._until_ms else 0
        invite = self._invites.address(self._now_ms()) if show.name == "idle" else ""
        language = self._language or show.language
        self.shown = replace(show, remaining_ms=remaining_ms, invite=invite, language=language)
        self._say(self.shown)
