"""The stage with a keypad: a cabinet that has a pick-up secret, a cloud that computes codes, and people who type them.

The cloud knows the secret and what the events say, nothing else: ``sms`` is computed from the newest event that names a
load.
"""

from __future__ import annotations

from pathlib import Path

from stage import Stage, a_config

from locker import config
from locker.authority.hotp import Secret, code
from locker.keypad import LOCKOUT, Pickup
from locker.model import Show, Typed

DAY_MS = 86_400_000
SECRET = Secret(bytes(range(32)))


class KeypadStage(Stage):
    """One cabinet with a keypad; ``digits`` is how many a code has."""

    def __init__(self, folder: Path, digits: int = 6, cfg: config.Config | None = None) -> None:
        self.digits = digits
        self.pickup = Pickup(SECRET, digits, "epoch")
        super().__init__(folder, cfg or a_config(invite=None))

    # --- the cloud --------------------------------------------------------------------------------

    def load_of(self, order: str) -> int:
        """The load number that the newest event about this order says."""
        found = [e["data"] for e in self.log if e["data"].get("order") == order.encode().hex() and "load" in e["data"]]
        load: int = found[-1]["load"]
        return load

    def sms(self, order: str) -> str:
        """The code that the cloud sends to the owner."""
        return code(SECRET, self.load_of(order), self.digits)

    # --- people -----------------------------------------------------------------------------------

    def types(self, digits: str) -> int:
        """Somebody types this on the screen that is shown; the door of the visit that follows, 0 for none."""
        self.tell(Typed(digits, self.screen.number))
        return self.cabinet.visit.door

    def wrong(self) -> str:
        """A code that no item here has."""
        taken = {code(SECRET, load, self.digits) for load in self.cabinet.keypad.loads.held()}
        return next(c for c in (f"{n:0{self.digits}d}" for n in range(100)) if c not in taken)

    def guesses(self, times: int) -> None:
        """So many wrong codes, one after the other."""
        for _ in range(times):
            self.types(self.wrong())

    def takes(self, door: int) -> None:
        """The door springs open, the item is taken, the door is shut, and its owner goes."""
        self.wait(2000)
        self.opens(door)
        self.shuts(door)
        self.touch("done")

    # --- the machine ------------------------------------------------------------------------------

    def reboot(self, away_ms: int = 2000, up_ms: int = 5000, wall_ms: int = 0) -> None:
        """A power cut, after which the clock is on (or back) by ``wall_ms`` more."""
        self.wall_ms += wall_ms
        super().reboot(away_ms, up_ms)

    def days(self, days: int) -> None:
        """Days on which nobody comes, in one step."""
        self.ms += days * DAY_MS
        self.wall_ms += days * DAY_MS
        self.wait(60_000)

    @property
    def locked_ms(self) -> int:
        """What the idle screen says: for how long the keypad stays locked, 0 when it is open."""
        assert self.screen.name == "idle", self.screen
        assert (self.screen.digits == 0) == (self.screen.reason == "keypad_locked")
        return 0 if self.screen.digits else self.screen.remaining_ms

    def idles(self) -> Show:
        """The notice ends; the idle screen."""
        if self.screen.name != "idle":
            self.touch("done")
        assert self.screen.name == "idle"
        return self.screen

    @property
    def saved(self) -> str:
        """The lock-out as it is on the disk, "" for none."""
        return self.store.load().notes.get(LOCKOUT, "")


def records(stage: Stage, kind: str) -> list[dict[str, object]]:
    """The data of every event of a kind."""
    return [event["data"] for event in stage.log if event["type"] == kind]
