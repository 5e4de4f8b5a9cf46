"""From what has been learnt to the file: its text with all comments, the difference, and the question before saving.

A door that nobody named keeps the wiring that it had, if no other door took that; else the file is not offered, and why
is said. The text is decoded again before it is offered. Knows layouts of configurations, no paths but for their names.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import msgspec

from locker.commission import toml_text
from locker.commission.asking import Dialogue, Quit, Way, agreed, ask
from locker.commission.draft import Draft
from locker.commission.steps import Ask, Place, Save, ShowChange, Tell
from locker.config import Board, ConfigError, decode
from locker.config_checks import PICKUP_DOORS_MAX
from locker.config_gpio import KINDS, keys_of

_SIDES = ("left", "middle", "right")
_ALWAYS = ("name", "kind", "port", "baud", "address")
_SECOND = "# 下一块锁板,各项含义见上。 The next board; its keys are explained above."


def offer(draft: Draft, text: str, where: str, templates: Mapping[str, str]) -> Dialogue[str | None]:
    """Show what would change and save it on a yes; else the part that the technician wants to go through again."""
    wiring, kept = places(draft)
    for door in kept:
        yield Tell("not_checked", {"door": door})
    clash = _clash(wiring)
    if clash or len(wiring) < draft.doors:
        missing = ", ".join(str(door) for door in range(1, draft.doors + 1) if door not in wiring)
        yield Tell("cannot_save", {"doors": clash or missing})
        return (yield from _what_now())
    fresh = written(draft, text, wiring, templates)
    try:
        decode(fresh, where)
    except ConfigError as error:
        for problem in error.problems:
            yield Tell("would_not_load", {"what": problem})
        return (yield from _what_now(fresh))
    lines = tuple(difflib.unified_diff(text.splitlines(), fresh.splitlines(), where, f"{where} (new)", lineterm=""))
    if not lines:
        yield Tell("no_change")
    yield ShowChange(lines)
    save = yield from agreed("save")
    if save is not True:
        yield Tell("not_saved")
        return (yield from _what_now(fresh))
    yield Save(fresh)
    return None


def _what_now(text: str = "") -> Dialogue[str]:
    """Which part to go through again; leaving it ends the dialogue. What there is of a file can be laid aside."""
    parts = ("doors", "scanner", "boards", "save", "quit")
    answer = yield from ask(Ask("what_now", "choice", choices=(*parts, "keep") if text else parts))
    if answer == "keep":
        yield Save(text, aside=True)
        yield Tell("kept_aside")
        answer = "quit"
    if isinstance(answer, Way) or answer == "quit":
        raise Quit
    return answer


def places(draft: Draft) -> tuple[dict[int, Place], list[int]]:
    """Where each door is; those of the old configuration that nobody looked at are listed besides."""
    old = {} if draft.fresh else {door.door: Place(door.board, door.channel) for door in draft.config.doors}
    wiring = dict(draft.named)
    kept = []
    for door in draft.unnamed():
        place = old.get(door)
        if place is not None and place.board in draft.boards and place not in wiring.values():
            wiring[door] = place
            kept.append(door)
    return wiring, kept


def _clash(wiring: Mapping[int, Place]) -> str:
    there: dict[Place, int] = {}
    for door, place in sorted(wiring.items()):
        if there.setdefault(place, door) != door:
            return f"{there[place]}, {door}"
    return ""


def written(draft: Draft, text: str, wiring: Mapping[int, Place], templates: Mapping[str, str]) -> str:
    """The whole file."""
    spare = _spare(draft, wiring.keys())
    text = toml_text.with_doors(text, [_door(draft, door, wiring[door], spare) for door in sorted(wiring)])
    text = _with_boards(draft, text, templates)
    if draft.scanner is not None:
        text = toml_text.with_table(text, "[scanner]", _differing(draft.scanner, draft.config.scanner))
    if draft.fresh and draft.doors > PICKUP_DOORS_MAX:
        text = toml_text.without_table(text, "[pickup]")
    if draft.cabinet:
        text = toml_text.with_table(text, "[cabinet]", draft.cabinet)
    return text


def _door(draft: Draft, door: int, place: Place, spare: Iterator[tuple[str, int]]) -> dict[str, object]:
    """One line of the list; what no wire tells is kept, or, of a new door, only a spare place, to be looked through."""
    old = next((plan for plan in draft.config.doors if plan.door == door), None)
    if old is None:
        side, row = next(spare)
        line: dict[str, object] = {"door": door, "size": "S", "side": side, "row": row}
    else:
        line = {"door": door, "size": old.size, "side": old.side, "row": old.row}
    line |= {"channel": place.channel, "board": place.board}
    if old is not None:
        line["low"] = old.low
    sensed = draft.senses.get(door, old.occupancy if old is not None and draft.redo else False)
    return line | {"occupancy": sensed}


def _spare(draft: Draft, doors: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Columns and rows that none of these doors has, from the top down."""
    taken = {(plan.side, plan.row) for plan in draft.config.doors if plan.door in doors}
    for row in count(1):
        yield from ((side, row) for side in _SIDES if (side, row) not in taken)


def _with_boards(draft: Draft, text: str, templates: Mapping[str, str]) -> str:
    """Each board's table: the old one of its kind, or the template's for the first of a kind, or a short one."""
    old = list(draft.config.boards)
    if [board.kind for board in old] == [board.kind for board in draft.wires]:
        for at, (board, before) in enumerate(zip(draft.wires, old, strict=True)):
            text = toml_text.with_table(text, "[[boards]]", _differing(board, before), at)
        return text
    blocks = []
    for at, board in enumerate(draft.wires):
        first = all(other.kind != board.kind for other in draft.wires[:at])
        source = text if any(board.kind == o.kind for o in old) else templates.get(board.kind, "")
        if first and source:
            blocks.append(toml_text.block_with(toml_text.block_of(source, "[[boards]]"), _values(board)))
        else:
            blocks.append(toml_text.block_with(f"[[boards]]\n{_SECOND}", _short(board)))
    return toml_text.with_blocks(text, "[[boards]]", blocks)


def _values(board: Board) -> dict[str, object]:
    """Every key that a board of this kind may have."""
    keys = keys_of(KINDS.get(board.kind, Board))
    return {key: getattr(board, key) for key in keys}


def _short(board: Board) -> dict[str, object]:
    """Only what differs from the defaults, and what says which board it is."""
    fields = keys_of(KINDS.get(board.kind, Board))
    values = _values(board)
    return {key: v for key, v in values.items() if v is not None and (key in _ALWAYS or v != fields[key].default)}


def _differing(new: msgspec.Struct, old: msgspec.Struct) -> dict[str, object]:
    """The keys in which two tables differ; all of them where the kinds do."""
    keys = new.__struct_fields__ if not isinstance(new, Board) else tuple(_values(new))
    return {key: getattr(new, key) for key in keys if getattr(new, key) != getattr(old, key, msgspec.UNSET)}
