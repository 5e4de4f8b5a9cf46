"""Naming the doors: each channel is opened in turn, with consent, and the technician says which door that was.

Channels that read like shut doors come first; the others, which look like nothing is wired there, only while doors are
missing. Back un-names the door before and opens it again. The same number twice is asked about, never guessed. With a
sensor inside, something is laid in and taken out. ``rename`` is the same for single doors of a cabinet in use.
"""

from __future__ import annotations

from collections.abc import Sequence

from locker.commission.asking import Dialogue, Way, agreed, ask, ready
from locker.commission.draft import Draft
from locker.commission.opening import Moved, await_shut, open_one
from locker.commission.steps import Ask, Levels, Look, Place, Tell

_ROUNDS_MAX = 4
_NUMBER_TRIES_MAX = 10
_SENSOR_TRIES_MAX = 3


def name_doors(draft: Draft) -> Dialogue[Way | None]:
    """All doors, or as many as can be; where all have been named, those that shall be named again."""
    if not draft.unnamed():
        return (yield from _again(draft))
    if any(draft.can_sense(Place(board, 0)) for board in draft.boards):
        answer = yield from agreed("has_sensors", default="no")
        if answer is Way.BACK:
            return Way.BACK
        draft.asks_sensors = answer is True
    yield Tell("stand_clear", {"doors": draft.doors})
    tried: set[Place] = set()
    for _ in range(_ROUNDS_MAX):
        back = yield from _round(draft, tried)
        if back is Way.BACK:
            return Way.BACK
        missing = draft.unnamed()
        if not missing:
            return (yield from _again(draft))
        yield Tell("doors_missing", {"doors": _numbers(missing)})
        again = yield from agreed("another_round", default="yes")
        if again is Way.BACK:
            return Way.BACK
        if again is not True:
            return None
        tried.clear()
    return None


def _again(draft: Draft) -> Dialogue[Way | None]:
    """The list of all doors, to be looked through; then one door after the other, until that is enough."""
    yield Tell(
        "all_named", {"doors": "; ".join(f"{n} = {at.board} {at.channel}" for n, at in sorted(draft.named.items()))}
    )
    for _ in range(draft.doors):
        answer = yield from ask(Ask("which_again", "number", {"least": 0, "most": draft.doors}, default="0"))
        if isinstance(answer, Way):
            return Way.BACK if answer is Way.BACK else None
        if answer == "0":
            return None
        if (yield from rename(draft, [int(answer)])) is Way.BACK:
            return Way.BACK
    return None


def _round(draft: Draft, tried: set[Place]) -> Dialogue[Way | None]:
    """Once through the channels that have no door yet, as long as doors are missing."""
    history: list[int] = []
    while draft.unnamed():
        place = _next(draft, tried)
        if place is None:
            return None
        outcome = yield from _name_one(draft, place)
        if outcome is Way.BACK:
            if not history:
                return Way.BACK
            door = history.pop()
            there = draft.named.pop(door)
            tried.discard(there)
            yield Tell("unnamed", {"door": door})
        elif isinstance(outcome, int):
            history = [*(door for door in history if door in draft.named and door != outcome), outcome]
            tried.add(place)
        else:
            tried.add(place)
    return None


def _next(draft: Draft, tried: set[Place]) -> Place | None:
    """The next channel: those first that were seen to read like shut doors, or whose reading nobody understands yet."""
    free = [
        Place(name, channel)
        for name in draft.boards
        for channel in range(draft.channels(name))
        if Place(name, channel) not in tried | draft.untouchable and not draft.owner(Place(name, channel))
    ]
    likely = [place for place in free if place in draft.closed or place.board not in draft.polarity]
    return next(iter(likely or free), None)


def _name_one(draft: Draft, place: Place) -> Dialogue[int | Way]:
    """Open one channel and ask which door that was: its number, or why there is none."""
    at = draft.doors - len(draft.unnamed()) + 1
    values: dict[str, str | int] = {"board": place.board, "channel": place.channel, "at": at, "of": draft.doors}
    outcome = yield from open_one(draft, place, values)
    if not isinstance(outcome, Moved):
        if outcome is Way.SKIP:
            yield Tell("left_out", values)
        return outcome
    yield from _refreshed(draft)
    yield Tell("opened", {"channel": place.channel, "ms": outcome.reaction_ms})
    door = yield from _which(draft, place)
    if isinstance(door, int):
        yield from _named(draft, door, outcome)
    yield from await_shut(draft, place, door if isinstance(door, int) else 0)
    return door


def _refreshed(draft: Draft) -> Dialogue[None]:
    """Once polarity is known of a board, which of its channels read like shut doors."""
    for name in draft.boards:
        if name in draft.polarity and not any(place.board == name for place in draft.closed):
            levels: Levels = yield Look(draft.wires)
            bit = draft.boards[name].closed_bit
            draft.closed |= {at for at, level in levels.hooks.items() if at.board == name and level == bit}


def _which(draft: Draft, place: Place) -> Dialogue[int | Way]:
    """The number on the door that sprang open."""
    for _ in range(_NUMBER_TRIES_MAX):
        guess = str(draft.next_free() or "")
        answer = yield from ask(Ask("which_door", "number", {"least": 1, "most": draft.doors}, default=guess))
        if isinstance(answer, Way):
            return answer
        door = int(answer)
        there = draft.named.get(door)
        if there is None or there == place:
            return door
        values: dict[str, str | int] = {"door": door, "board": there.board, "channel": there.channel}
        keep = yield from ask(Ask("number_taken", "choice", values, ("retype", "replace"), "retype"))
        if keep == "replace":
            del draft.named[door]
            yield Tell("replaced", values)
            return door
    return Way.SKIP


def _named(draft: Draft, door: int, moved: Moved) -> Dialogue[None]:
    """Write it down; then the sensor inside, where there may be one."""
    draft.named[door] = moved.place
    draft.reactions[door] = moved.reaction_ms
    draft.senses[door] = False
    yield Tell("named", {"door": door, "board": moved.place.board, "channel": moved.place.channel})
    if draft.asks_sensors and draft.can_sense(moved.place):
        draft.senses[door] = yield from _sensor(draft, door, moved.place)


def _sensor(draft: Draft, door: int, place: Place) -> Dialogue[bool]:
    """Something is laid in and taken out: does this channel's sensor say so?"""
    for _ in range(_SENSOR_TRIES_MAX):
        empty: Levels = yield Look(draft.wires)
        if not (yield from ready("lay_in", door=door)):
            return False
        full: Levels = yield Look(draft.wires)
        if not (yield from ready("take_out", door=door)):
            return False
        after: Levels = yield Look(draft.wires)
        changed = [at for at, lies in full.items.items() if empty.items.get(at, lies) != lies]
        if not changed:
            yield Tell("no_sensor", {"door": door})
            return False
        if changed == [place] and full.items[place] and not after.items.get(place, True):
            yield Tell("sensor", {"door": door})
            return True
        yield Tell("sensor_doubt", {"door": door, "which": ", ".join(f"{at.board} {at.channel}" for at in changed)})
    return False


# --- a cabinet in use -----------------------------------------------------------------------------------


def rename(draft: Draft, doors: Sequence[int]) -> Dialogue[Way | None]:
    """These doors once more: at their place first, then where no door is; a door whose place was taken comes next."""
    todo = list(doors)
    while todo:
        door = todo.pop(0)
        yield Tell("redo", {"door": door})
        old = draft.named.pop(door, None)
        tried: set[Place] = set()
        while door not in draft.named:
            first = old if old is not None and old not in tried and not draft.owner(old) else None
            place = first or _next(draft, tried) or _owned(draft, tried)
            if place is None:
                yield Tell("not_found", {"door": door})
                return Way.SKIP
            outcome = yield from _redo_one(draft, door, place)
            tried.add(place)
            if outcome is Way.BACK:
                return Way.BACK
            if isinstance(outcome, int) and outcome != door:
                todo = [*todo, *([outcome] if outcome not in todo else [])]
    return None


def _redo_one(draft: Draft, door: int, place: Place) -> Dialogue[int | Way]:
    """Open one place for this door; the number of the door that lost it is returned, or this one's."""
    values: dict[str, str | int] = {"board": place.board, "channel": place.channel, "at": 1, "of": 1}
    outcome = yield from open_one(draft, place, values)
    if not isinstance(outcome, Moved):
        return outcome
    yield Tell("opened", {"channel": place.channel, "ms": outcome.reaction_ms})
    right = yield from agreed("is_it_door", door=door)
    loser = draft.owner(place)
    if right is True:
        if loser:
            del draft.named[loser]
            yield Tell("lost_place", {"door": loser})
        yield from _named(draft, door, outcome)
    yield from await_shut(draft, place, door if right is True else 0)
    return Way.BACK if right is Way.BACK else Way.SKIP if right is not True else loser or door


def _owned(draft: Draft, tried: set[Place]) -> Place | None:
    """Places of other doors, when no free one is left."""
    return next((place for place in draft.named.values() if place not in tried | draft.untouchable), None)


def _numbers(doors: Sequence[int]) -> str:
    return ", ".join(str(door) for door in doors)
