"""Polarity and byte order, learnt from one door that is opened and shut by hand; no coil is involved.

The bit that changes is the door's; what it read while the door was shut is ``closed_bit``. Where the bytes of an answer
may come in either order, the lock is asked for by itself as well: the two readings agree under one order only, or say
nothing, where the byte is the middle one. What nothing changed is said to be unknown, and left to the openings.
"""

from __future__ import annotations

import msgspec

from locker.commission.asking import Dialogue, Way, agreed, ready
from locker.commission.draft import Draft
from locker.commission.steps import AskLocks, Levels, Look, Place, Tell, moved
from locker.commission.wiring import mirrored_lock
from locker.config_serial import EightABoard

_ROUNDS_MAX = 12


def learn_by_hand(draft: Draft) -> Dialogue[Way | None]:
    """One door of each board, or "skip"."""
    serial = yield from agreed("agree_talk")
    if serial is not True:
        return Way.BACK
    if not (yield from ready("all_shut")):
        return None
    for _ in range(_ROUNDS_MAX):
        unknown = [name for name in draft.boards if name not in draft.polarity]
        if not unknown:
            return None
        before: Levels = yield Look(draft.wires)
        yield from _silence(before)
        if not (yield from ready("open_by_hand", boards=", ".join(unknown))):
            break
        after: Levels = yield Look(draft.wires)
        yield from _judge(draft, before, after)
    for name in (name for name in draft.boards if name not in draft.polarity):
        yield Tell("polarity_later", {"board": name})
    return None


def _silence(levels: Levels) -> Dialogue[None]:
    for name in levels.silent:
        yield Tell("board_silent", {"board": name})
    for trouble in levels.troubles:
        yield Tell("trouble", {"what": trouble})


def _judge(draft: Draft, before: Levels, after: Levels) -> Dialogue[None]:
    """One channel must have changed, and must change back."""
    yield from _silence(after)
    changed = moved(before, after)
    if len(changed) != 1:
        yield Tell(
            "hand_nothing" if not changed else "hand_several", {"count": len(changed), "which": _listed(changed)}
        )
        yield from ready("shut_by_hand")
        return
    place = changed[0]
    level = before.hooks[place]
    yield Tell("hand_raw", {"board": place.board, "channel": place.channel, "shut": level, "open": 1 - level})
    place = yield from _order_by_one(draft, place, level)
    yield from ready("shut_by_hand")
    back: Levels = yield Look(draft.wires)
    if back.hooks.get(place) != level:
        yield Tell("hand_not_back")
        return
    if place.board in draft.polarity:
        yield Tell("hand_known", {"board": place.board})
        return
    learn_polarity(draft, place.board, level)
    draft.closed |= {at for at, there in back.hooks.items() if at.board == place.board and there == level}
    yield Tell("polarity", {"board": place.board, "bit": level})


def learn_polarity(draft: Draft, name: str, level: int) -> None:
    """A shut door of this board reads ``level``."""
    draft.boards[name] = msgspec.structs.replace(draft.boards[name], closed_bit=level)
    draft.polarity.add(name)


def _order_by_one(draft: Draft, place: Place, shut: int) -> Dialogue[Place]:
    """While the door is open: which lock, asked for by itself, says so? Its place, under the order that follows."""
    board = draft.boards[place.board]
    if not isinstance(board, EightABoard) or place.board in draft.order_known:
        return place
    other = mirrored_lock(board, draft.state_bytes(place.board), place.channel)
    if other == place.channel:
        yield Tell("order_middle", {"lock": place.channel + 1})
        return place
    locks = tuple(channel + 1 for channel in (place.channel, other) if 0 <= channel < board.channels)
    said: dict[int, int | None] = yield AskLocks(board, locks)
    opens = [lock for lock in locks if said.get(lock) == 1 - shut]
    if len(opens) != 1:
        yield Tell("order_unsaid")
        return place
    order = board.byte_order
    if opens[0] - 1 == other:
        order = "low_first" if order == "high_first" else "high_first"
        draft.boards[place.board] = msgspec.structs.replace(board, byte_order=order)
    draft.order_known.add(place.board)
    yield Tell("order", {"board": place.board, "order": order, "lock": opens[0]})
    return Place(place.board, opens[0] - 1)


def _listed(places: object) -> str:
    return ", ".join(f"{place.board} {place.channel}" for place in places) if isinstance(places, list) else ""
