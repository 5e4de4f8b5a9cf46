"""What people do at the cabinet with their hands: a code held to the scanner, a touch, a number typed, a language
chosen; and who gets it.

Knows who is there: somebody of the staff at work (``locker.duty``), somebody whose door is open (``locker.visit``), or
nobody, and then it is the reception's or the keypad's. It decides nothing else; in particular it never makes a pulse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locker.model import Chosen, Now, Scanned, Touched, Typed

if TYPE_CHECKING:
    from locker.cabinet import Cabinet

MORE = "more"
"""What the screen's own button says when somebody wants more time. A resident's times are the contract's and go on."""


class People:
    """Where scans, touches and typed numbers arrive."""

    def __init__(self, cabinet: Cabinet) -> None:
        """Belongs to one cabinet."""
        self._cabinet = cabinet
        self._last_scan = (b"", -1_000_000)

    def act(self, event: Scanned | Touched | Typed | Chosen, now: Now) -> None:
        """Somebody did something."""
        match event:
            case Scanned():
                self._scanned(event, now)
            case Touched():
                self._touched(event, now)
            case Chosen():
                self._cabinet.screen.speak(event.language)
            case Typed() if self._cabinet.duty.present:
                self._cabinet.duty.typed(event, now)
            case Typed():
                self._cabinet.keypad.typed(event, now)

    def _scanned(self, event: Scanned, now: Now) -> None:
        """A code was shown; one that is still being held to the scanner is the same showing."""
        raw, last_ms = self._last_scan
        self._last_scan = (event.data, now.ms)
        if event.data == raw and now.ms - last_ms < self._cabinet.cfg.visit.repeat_ms:
            return
        if not self._cabinet.duty.scanned(event.data, now):
            self._cabinet.reception.present(event.data, now, "scanner")

    def _touched(self, event: Touched, now: Now) -> None:
        """A button; void unless it is on the screen that is shown now."""
        cabinet = self._cabinet
        if event.button == MORE and event.screen == cabinet.screen.shown.number:
            cabinet.duty.stay(now)
        if not cabinet.screen.offers(event.button, event.screen):
            return
        bearer = cabinet.visit.bearer
        if bearer is not None and bearer.source == "scanner" and bearer.by:
            cabinet.presence.touches(now)
        if cabinet.duty.present and event.button != "done":
            cabinet.duty.touched(event.button, now)
        elif cabinet.visit.present:
            if cabinet.reception.allows(event.button, now):
                cabinet.visit.touched(event.button, now)
        elif event.button == "done":
            cabinet.screen.idle()
