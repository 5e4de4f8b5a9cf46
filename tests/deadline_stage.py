"""The stage of the deadlines' tests: a cabinet with a cloud that comes and goes, and a plug that is pulled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stage import Stage, a_config

from locker import config
from locker.deadlines import NOTE
from locker.model import Effect, KeepNote, LinkDown, LinkUp
from locker.service import KEEPS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CLOUD = config.Mqtt(host="localhost", tls=False)
KEEPING = config.Keeping(submission_days=5, certificate_days=7, notice_hours=24)
UP, DOWN = LinkUp(5, False), LinkDown("gone")
TOLD = ("due_soon", "overdue", "deadline_extended")


class PowerCutError(Exception):
    """The plug was pulled."""


class Clock(Stage):
    """A cabinet with a cloud, and everything that was saved of its deadlines. Pulls its own plug at one commit."""

    cut_at, after = 0, False

    def __init__(self, folder: Path, *, cloud: bool = True, keeping: config.Keeping = KEEPING, **given: Any) -> None:
        self.saved: list[Effect] = []
        self.commits = 0
        super().__init__(folder, a_config(keeping=keeping, mqtt=CLOUD if cloud else None), **given)
        if cloud:
            self.tell(UP)

    def _boot(self) -> None:
        super()._boot()
        self.store._db.execute("PRAGMA synchronous=OFF")  # months of commits: what is tested here is not the disk

    def _apply(self, effects: list[Effect]) -> None:
        keeps = [e for e in effects if isinstance(e, KEEPS)]
        self.commits += bool(keeps)
        if keeps and self.commits == self.cut_at and not self.after:
            raise PowerCutError
        super()._apply(effects)
        self.saved += [e for e in effects if isinstance(e, KeepNote) and e.name == NOTE]
        if keeps and self.commits == self.cut_at:
            raise PowerCutError

    @property
    def told(self) -> list[str]:
        """What was told of deadlines so far."""
        return [kind for kind in self.kinds if kind in TOLD]

    def again(self, *, away_ms: int, link: bool = True) -> None:
        """Off for a while, on again, and connected where that is wanted."""
        self.reboot(away_ms=away_ms)
        if link:
            self.tell(UP)
