"""The screen: which one is shown now, what is on it, and when it ends by itself.

Knows names of the catalogues, buttons and boot times; never a token, a lock or what a button does. Every screen has a
number one higher than the last, so that a touch which was meant for an older one is void.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from locker.model import Effect, Now, Show


class Screen:
    """What the person sees. ``works`` says whether the idle screen may invite anybody at all."""

    def __init__(
        self, say: Callable[[Effect], None], works: Callable[[], bool], now_ms: Callable[[], int], notice_ms: int
    ) -> None:
        """``say`` takes each new screen, ``now_ms`` is the boot time of this step; a notice stays for ``notice_ms``."""
        self._say, self._works, self._now_ms, self._notice_ms = say, works, now_ms, notice_ms
        self.shown = Show("out_of_order", 0)
        self._until_ms = 0
        self._ends_ms: int | None = None

    @property
    def noticing(self) -> bool:
        """Whether a notice is on it, which ends by itself."""
        return self._ends_ms is not None

    def deadline_ms(self) -> int | None:
        """When ``advance`` has something to do."""
        return self._ends_ms

    def advance(self, now: Now) -> None:
        """A notice has been there long enough."""
        if self._ends_ms is not None and now.ms >= self._ends_ms:
            self.idle()

    def offers(self, button: str, number: int) -> bool:
        """Whether this button is on the screen that is shown now."""
        return number == self.shown.number and button in self.shown.offers

    def show(self, name: str, *, door: int = 0, offers: tuple[str, ...] = (), until_ms: int = 0, **more: Any) -> None:
        """Show a screen; ``until_ms`` is the boot time at which it ends by itself, 0 for never."""
        self._until_ms, self._ends_ms = until_ms, None
        self._put(Show(name, self.shown.number + 1, door, offers, **more))

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
        self.show(name, door=door, offers=("done",), until_ms=ends_ms, reason=reason, ticket=ticket)
        self._ends_ms = ends_ms

    def idle(self) -> None:
        """Nobody is there: invite the next person, or say that nothing works."""
        self.show("idle" if self._works() else "out_of_order")

    def _put(self, show: Show) -> None:
        """Put it there, with the time that is left now."""
        remaining_ms = max(0, self._until_ms - self._now_ms()) if self._until_ms else 0
        self.shown = replace(show, remaining_ms=remaining_ms)
        self._say(self.shown)
