"""The stage with staff at work: a cabinet with a keypad, somebody of the staff with their code, and envelopes.

``contents`` is what really lies behind each door, which only the person sees; the cabinet has to find out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keypad_stage import KeypadStage
from stage import AUD, a_config

from locker import config
from locker.labels import Label, encode
from locker.machine import DutyState
from locker.model import Custody, Purpose, Size


class DutyStage(KeypadStage):
    """One cabinet, and the person in front of it."""

    def __init__(self, folder: Path, cfg: config.Config | None = None) -> None:
        super().__init__(folder, cfg=cfg or a_config(invite=None))
        self.taps = 0

    # --- the person -------------------------------------------------------------------------------

    def badge(self, by: str = "staff-7", **given: Any) -> str:
        """A staff token without a door."""
        return self.token(Purpose.STAFF, sub=by, **given)

    def on_duty(self, by: str = "staff-7") -> str:
        """Somebody begins; their code."""
        badge = self.badge(by)
        self.scan(badge)
        assert (self.screen.name, self.state) == ("duty_menu", DutyState.CHOOSING), self.screen
        return badge

    def label(self, order: str, size: Size | None = None, cabinet: str = AUD) -> str:
        """What is printed on an envelope."""
        return encode(Label(order.encode(), size), cabinet)

    def scans(self, order: str, size: Size | None = None) -> int:
        """The envelope's label is scanned; the door that is being opened for it, 0 for none."""
        return self.scan(self.label(order, size))

    def tap(self, button: str) -> None:
        """Press a button, and count it."""
        self.taps += 1
        self.touch(button)

    def goes(self, door: int) -> None:
        """The coil fires, the door springs open, and is shut again at once."""
        self.springs(door)
        self.shuts(door)

    def springs(self, door: int) -> None:
        """Rest enough for the coil, then the door is seen open."""
        self.wait(2000)
        assert self.cabinet.visit.door == door, f"door {self.cabinet.visit.door} is meant, not {door}"
        self.opens(door)

    def loaded(self, order: str, size: Size | None = None) -> int:
        """A whole envelope at the label screen; its door."""
        door = self.scans(order, size)
        assert door, self.screen
        self.goes(door)
        assert self.screen.name == "duty_loaded"
        return door

    # --- looking ----------------------------------------------------------------------------------

    @property
    def state(self) -> DutyState:
        """Where the duty stands."""
        return self.cabinet.duty.state

    def lies(self, door: int) -> tuple[Custody, bytes]:
        """What the books say of a door."""
        room = self.cabinet.rooms[door]
        return room.custody, room.order
