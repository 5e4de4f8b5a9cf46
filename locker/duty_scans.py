"""What a code means that is held to the scanner and is no token: an envelope's label, or a door's printed code.

A label is for staff at work; a door's code is the button of that door, where their page has one. Without staff at work,
or where none is wanted, each is refused with its own reason, and nothing opens: neither is an authority. Knows labels
and the duty's page; must never know a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locker import door_labels, labels
from locker.chore import DOOR
from locker.machine import DutyState
from locker.model import Now, Refusal

if TYPE_CHECKING:
    from locker.duty import Duty


class Scans:
    """Where codes go first."""

    def __init__(self, duty: Duty) -> None:
        """Part of one duty."""
        self._duty = duty

    def taken(self, data: bytes, now: Now) -> bool:
        """Take what is for staff at work; False for what the reception has to look at."""
        duty = self._duty
        found = door_labels.decode(data.decode("ascii", "replace"))
        if found is None and not labels.is_label(data) and not self._wants_label(data):
            return False
        if not duty.present:
            reason, what = (Refusal.LABEL_IDLE, "label") if found is None else (Refusal.DOOR_CODE, "door's code")
            duty.cabinet.reception.refuse(reason, f"a {what} without staff at work", "scanner", now)
        elif duty.outdated(now):
            return True
        elif found is not None and self._is_button(*found):
            duty.touched(f"{DOOR}{found[1]}", now)
        else:
            duty.attend(now)
            if found is None:
                self._label(data, now)
            else:
                self._no_button(*found, now)
            duty.refresh()
        return True

    def _wants_label(self, data: bytes) -> bool:
        """Whether something that is neither a label nor a token of ours was scanned where a label is wanted."""
        return self._duty.state is DutyState.LABELLING and not data.startswith(b"LK1:")

    def _is_button(self, cabinet: str, door: int) -> bool:
        """Whether this door of ours can be touched on the screen that is shown now."""
        ours = self._duty.cabinet.cfg.cabinet.id.lower()
        return cabinet == ours and f"{DOOR}{door}" in self._duty.cabinet.screen.shown.offers

    def _no_button(self, cabinet: str, door: int, now: Now) -> None:
        """Another cabinet's, or a door that is not to be chosen now."""
        if cabinet != self._duty.cabinet.cfg.cabinet.id.lower():
            self._duty.refuse(Refusal.DOOR_CODE, f"the code of a door of {cabinet}", now)
        elif self._duty.busy:
            self._duty.refuse(Refusal.BUSY, f"the code of door {door} while a door is open", now)
        else:
            self._duty.refuse(Refusal.DOOR_CODE, f"door {door} is not to be chosen here", now)

    def _label(self, data: bytes, now: Now) -> None:
        """An envelope's label, or what was held up in its place."""
        try:
            label = labels.decode(data, self._duty.cabinet.cfg.cabinet.id)
        except labels.LabelError as wrong:
            self._duty.refuse(wrong.reason, wrong.detail, now)
            return
        if self._duty.state is DutyState.OPENING:
            self._duty.refuse(Refusal.BUSY, "a door is being opened", now)
        else:
            self._duty.chore.labelled(label, now)
