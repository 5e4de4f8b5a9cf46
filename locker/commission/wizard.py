"""The whole dialogue of commissioning, one part after the other, as a machine that is handed answers.

``Wizard.step(reply)`` takes what came back of the last step and gives the next one; None at the end. It reads no clock,
opens no file and no port: times are in what comes back. "back" at the first question of a part goes to the part before
that asked something; ``Quit`` ends everything, and nothing was written: ``Save`` is the last step but for a word of
farewell, and has a question before it.

Parts: find the boards, open one door by hand, name the doors, look at the times, test the scanner, save.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec

from locker.commission.asking import Dialogue, Quit, Way, ask
from locker.commission.by_hand import learn_by_hand
from locker.commission.draft import Draft
from locker.commission.finding import families_of, find_boards
from locker.commission.naming import name_doors, rename
from locker.commission.saving import offer
from locker.commission.scanning import test_scanner
from locker.commission.steps import Ask, Found, Levels, Look, Place, Reply, Step, Tell
from locker.config import Board, Config
from locker.config_checks import CHANNELS
from locker.config_gpio import GpioBoard
from locker.config_serial import EightABoard, EletechsupBoard, WaveshareBoard

STEPS_MAX = 20_000
"""More steps than any commissioning has; a loop that would go on for ever ends here, loudly."""


class WizardStuck(ValueError):
    """The dialogue took more steps than there can be: a bug, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Start:
    """What is there before: the configuration and its text, whether it is only a template, and which ports there are.

    ``templates``: commented texts by kind of board; ``redo``: single doors of a cabinet in use; ``claimed``: doors with
    somebody's things behind them; ``word``: what the test code says; ``family``: what the command line says of boards.
    """

    config: Config
    text: str
    fresh: bool
    where: str
    ports: tuple[str, ...] = ()
    scanner_ports: tuple[str, ...] = ()
    keyboards: tuple[str, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    redo: tuple[int, ...] = ()
    claimed: tuple[int, ...] = ()
    word: str = "LOCKER TEST"
    family: str = ""


class Wizard:
    """One commissioning. ``draft`` is what has been learnt; ``saved`` whether the last step was to save it."""

    def __init__(self, start: Start) -> None:
        """Nothing is asked yet."""
        self.draft = Draft(start.config, len(start.config.doors), start.fresh, start.family, redo=start.redo)
        self.saved = False
        self.quit = False
        self._start = start
        self._steps = self._asked = 0
        self._dialogue: Dialogue[None] = self._whole()

    def step(self, reply: Reply = None) -> Step | None:
        """The next step after this reply; the first reply is None. None when it is over. Raises ``WizardStuck``."""
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise WizardStuck(f"{STEPS_MAX} steps and no end")
        try:
            step = self._dialogue.send(reply) if self._steps > 1 else next(self._dialogue)
            self._asked += isinstance(step, Ask)
            return step
        except StopIteration:
            return None
        except Quit:
            self.quit = True
            return None

    def _whole(self) -> Dialogue[None]:
        yield Tell("intro", {"where": self._start.where})
        claimed = self._start.claimed
        if claimed and (not self._start.redo or set(self._start.redo) & set(claimed)):
            yield Tell("not_empty", {"doors": ", ".join(map(str, claimed))})
            return
        parts = self._redo_parts() if self._start.redo else self._parts()
        names = [name for name, _ in parts]
        at, onward = 0, 1
        while at < len(parts):
            asked = self._asked
            way = yield from parts[at][1]()
            if isinstance(way, str):
                at, onward = names.index(way if way in names else names[0]), 1
                continue
            if way is Way.BACK or self._asked != asked:
                onward = -1 if way is Way.BACK else 1
            at += onward
            if at < 0:
                yield Tell("ended")
                return
        self.saved = True
        yield Tell("saved_fresh" if self._start.fresh else "saved", {"where": self._start.where})

    def _parts(self) -> list[tuple[str, Callable[[], Dialogue[Any]]]]:
        start, draft = self._start, self.draft
        return [
            ("boards", lambda: find_boards(draft, start.ports)),
            ("hand", lambda: learn_by_hand(draft)),
            ("doors", lambda: name_doors(draft)),
            ("check", lambda: _checked(draft)),
            ("times", lambda: _times(draft)),
            ("scanner", lambda: test_scanner(draft, start.scanner_ports, start.keyboards, start.word)),
            ("identity", lambda: _identity(draft)),
            ("save", lambda: offer(draft, start.text, start.where, start.templates)),
        ]

    def _redo_parts(self) -> list[tuple[str, Callable[[], Dialogue[Any]]]]:
        start, draft = self._start, self.draft
        take_over(draft)
        draft.untouchable = {draft.named[door] for door in start.claimed if door in draft.named}
        return [
            ("doors", lambda: rename(draft, start.redo)),
            ("check", lambda: _checked(draft)),
            ("times", lambda: _times(draft)),
            ("save", lambda: offer(draft, start.text, start.where, start.templates)),
        ]


def take_over(draft: Draft) -> None:
    """What the configuration says counts as learnt: for single doors."""
    config = draft.config
    draft.adopt([Found(board, _locks(board)) for board in config.boards])
    draft.boards = {board.name: board for board in config.boards}
    draft.found = {board.name: Found(board, _locks(board), state_bytes=_state_bytes(board)) for board in config.boards}
    draft.family = families_of(config.boards)
    draft.polarity = set(draft.boards)
    draft.named = {door.door: Place(door.board, door.channel) for door in config.doors}
    draft.senses = {door.door: door.occupancy for door in config.doors}
    draft.asks_sensors = any(draft.senses.values())


def _locks(board: Board) -> int:
    own: int | None = getattr(board, "channels", None)
    return own if own is not None else CHANNELS[board.kind]


def _state_bytes(board: Board) -> int:
    return max(3, -(-board.channels // 8)) if isinstance(board, EightABoard) else 0


# --- the short parts ------------------------------------------------------------------------------------


def _checked(draft: Draft) -> Dialogue[Way | None]:
    """With what has been learnt every door that was shut must read shut."""
    levels: Levels = yield Look(draft.wires)
    for name in levels.silent:
        yield Tell("board_silent", {"board": name})
    open_now = [
        door
        for door, place in sorted(draft.named.items())
        if levels.hooks.get(place) != draft.boards[place.board].closed_bit
    ]
    yield Tell("all_read_shut" if not open_now else "read_open", {"doors": ", ".join(map(str, open_now)) or "-"})
    return None


def _times(draft: Draft) -> Dialogue[Way | None]:
    """Reaction times and slow doors; a pulse where the board lets one be set."""
    times = sorted(draft.reactions.values())
    if not times:
        return None
    values = {"count": len(times), "median": int(median(times)), "least": times[0], "most": times[-1]}
    yield Tell("times", values)
    for door in draft.slow():
        yield Tell("slow_door", {"door": door, "ms": draft.reactions[door]})
    if draft.redo:
        return None
    for name, board in draft.boards.items():
        if not settable(board):
            yield Tell("pulse_fixed", {"board": name, "pulse": board.pulse_ms})
            continue
        step = 100 if isinstance(board, WaveshareBoard) else 10
        wanted: dict[str, str | int] = {"board": name, "suggested": draft.suggested_ms(step), "least": 100}
        wanted |= {"pulse": board.pulse_ms, "most": 800 if isinstance(board, GpioBoard) else 1000}
        answer = yield from ask(Ask("pulse_is", "number", wanted, default=str(board.pulse_ms)))
        if answer is Way.BACK:
            return Way.BACK
        if not isinstance(answer, Way):
            pulse_ms = -(-int(answer) // step) * step
            draft.boards[name] = msgspec.structs.replace(board, pulse_ms=pulse_ms)
    return None


def settable(board: Board) -> bool:
    """Whether this program decides how long the board's coil is on."""
    if isinstance(board, EightABoard | EletechsupBoard) or board.kind in ("kr-cu48", "kr-cu48b"):
        return False
    return board.kind != "kr-cu16" or board.pulse_command


def _identity(draft: Draft) -> Dialogue[Way | None]:
    """The cabinet's own name and phone, where no configuration was there before."""
    if not draft.fresh:
        return None
    for key in ("id", "phone"):
        answer = yield from ask(Ask(f"cabinet_{key}", "text", default=str(getattr(draft.config.cabinet, key))))
        if answer is Way.BACK:
            return Way.BACK
        if not isinstance(answer, Way):
            draft.cabinet[key] = answer
    return None
