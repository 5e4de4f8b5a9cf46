"""Quarantine: a board that opened a wrong door gets no further pulse until somebody has looked.

A door that opens by itself is forced, by whom nobody knows. A door that opens right after *another* door's pulse on
the same wires, with no authority of its own, may have been opened by that pulse: a byte damaged on the wire, wires
crossed, a number that means them all. The next pulse would open somebody's door again, so there is none: every door of
that board is barred, over any restart, until a technician shows their code at the scanner for one of them, or the
cloud says ``service`` for the board. Neither opens anything by itself, and the technician's own opening is the test.

Knows boards, ports and when each door was last pulsed. Must never know a token, a frame or what lies inside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from locker.coil import CoilGuard
from locker.config import Config
from locker.model import Effect, KeepNote, Now, Record

NOTE = "quarantine"
"""The name under which the boards in quarantine are saved."""


class Quarantine:
    """Which boards are barred, and the pulses that could have opened a wrong door by now."""

    def __init__(self, say: Callable[[Effect], None], cfg: Config, coil: CoilGuard, text: str | None) -> None:
        """Take up what was saved, None for nothing. What cannot be read bars every board."""
        self._say, self._coil, self._wait_ms = say, coil, cfg.visit.open_wait_ms
        self._boards = {plan.door: plan.board for plan in cfg.doors}
        self._ports = {board.name: board.port for board in cfg.boards}
        self._pulsed_ms: dict[int, int] = {}
        self.boards = {name for name in _saved(text, list(self._ports)) if name in self._ports}
        self._bar()

    def pulsed(self, door: int, now: Now) -> None:
        """This door's pulse is ordered, or only now on the wire."""
        self._pulsed_ms = {d: ms for d, ms in self._pulsed_ms.items() if now.ms - ms <= self._wait_ms}
        self._pulsed_ms[door] = now.ms

    def dropped(self, door: int) -> None:
        """The pulse never went out."""
        self._pulsed_ms.pop(door, None)

    def opened(self, door: int, now: Now) -> None:
        """This door opened and nobody was allowed to: whose pulse was it?"""
        board = self._boards[door]
        suspects = [
            (ms, other)
            for other, ms in self._pulsed_ms.items()
            if now.ms - ms <= self._wait_ms and self._ports[self._boards[other]] == self._ports[board]
        ]
        if not suspects or door in self._pulsed_ms:
            return
        ms, other = max(suspects)
        self._say(Record("wrong_door", door, {"device": board, "pulsed": other, "after_ms": now.ms - ms}))
        if board not in self.boards:
            self.boards.add(board)
            self._keep()

    def lift(self, board: str, fields: dict[str, Any]) -> bool:
        """Somebody has looked; ``fields`` say who. False when this board was not in quarantine."""
        if board not in self.boards:
            return False
        self.boards.discard(board)
        self._say(Record("quarantine_lifted", 0, {"device": board} | fields))
        self._keep()
        return True

    def _keep(self) -> None:
        self._say(KeepNote(NOTE, json.dumps(sorted(self.boards), separators=(",", ":"))))
        self._bar()

    def _bar(self) -> None:
        self._coil.barred = frozenset(door for door, board in self._boards.items() if board in self.boards)


def _saved(text: str | None, every: list[str]) -> list[str]:
    if text is None:
        return []
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        return every
    whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if whole else every
