"""One channel opened with consent: what moved, what that proves of the wiring, and when the door is shut again.

An opening proves at most: this channel's lock has this raw bit as its switch. Under the settings of before that bit may
be another channel's; then other settings are looked for under which all openings so far agree, and where there are
none, the wires are crossed, which is said and not configured away. Polarity, where nobody has seen it, is the level
before the door sprang open.
"""

from __future__ import annotations

from dataclasses import dataclass

from locker.commission.asking import Dialogue, Way, ask, consent, ready
from locker.commission.by_hand import learn_polarity
from locker.commission.draft import Draft
from locker.commission.steps import Ask, AwaitLevel, Open, Opened, Place, Tell, Values
from locker.commission.wiring import agrees, fitting, to_raw

_TRIES_MAX = 5
_SHUT_TRIES_MAX = 10


@dataclass(frozen=True, slots=True)
class Moved:
    """The door at this place sprang open after so long, and was seen to."""

    place: Place
    reaction_ms: int


def open_one(draft: Draft, place: Place, values: Values) -> Dialogue[Moved | Way]:
    """Open it until one door was seen, or the technician leaves it out. Each pulse has a consent of its own."""
    for _ in range(_TRIES_MAX):
        allowed = yield from consent(place, values)
        if isinstance(allowed, Way):
            return allowed
        result: Opened = yield Open(draft.wires, place, allowed)
        outcome = yield from _judge(draft, place, result)
        if outcome is not None:
            return outcome
        again = yield from ask(
            Ask("open_again", "choice", {"channel": place.channel}, ("again", "skip", "back"), "skip")
        )
        if again != "again":
            return Way.BACK if again in ("back", Way.BACK) else Way.SKIP
    yield Tell("too_often")
    return Way.SKIP


def _judge(draft: Draft, place: Place, result: Opened) -> Dialogue[Moved | None]:
    """What followed from one pulse; None when it is worth another try."""
    if not result.sent:
        yield Tell("not_sent", {"why": result.why})
        return None
    if not result.moved:
        yield Tell("none_moved", {"answer": result.answer or "-"})
        return None
    if len(result.moved) > 1:
        yield Tell("several_moved", {"which": ", ".join(f"{at.board} {at.channel}" for at in sorted(result.moved))})
        yield from ready("shut_all")
        return None
    (seen, (reaction_ms, before)), *_ = result.moved.items()
    fits = yield from _learn(draft, place, seen, before)
    if not fits:
        yield from ready("shut_all")
        return None
    return Moved(place, reaction_ms)


def _learn(draft: Draft, place: Place, seen: Place, before: int) -> Dialogue[bool]:
    """Order and polarity from one opening; whether the settings can say what was seen."""
    name = place.board
    if seen.board != name:
        yield Tell("crossed_boards", {"lock": f"{name} {place.channel}", "switch": f"{seen.board} {seen.channel}"})
        return False
    size, board = draft.state_bytes(name), draft.boards[name]
    if name in draft.polarity and before != board.closed_bit:
        yield Tell("wrong_way", {"channel": place.channel, "shut": board.closed_bit})
        return False
    sight = (place.channel, to_raw(board, size, seen.channel))
    draft.sights[name] = [one for one in draft.sights.get(name, []) if one[0] != place.channel] + [sight]
    wanted = board
    if not draft.redo:
        wanted = fitting(board, draft.found[name].locks, size, draft.sights[name])
    if wanted != board:
        draft.boards[name] = wanted
        yield Tell("reordered", {"board": name, "what": changes(board, wanted)})
        yield from _unname_crossed(draft, name, size)
    if not agrees(wanted, size, sight):
        yield Tell("crossed", {"lock": place.channel, "switch": seen.channel})
        return False
    if name not in draft.polarity:
        learn_polarity(draft, name, before)
        yield Tell("polarity", {"board": name, "bit": before})
    return True


def _unname_crossed(draft: Draft, name: str, size: int) -> Dialogue[None]:
    """Doors that were named under other settings, and do not agree with these: their wires are crossed."""
    crossed = {sight[0] for sight in draft.sights[name] if not agrees(draft.boards[name], size, sight)}
    for door in [d for d, at in draft.named.items() if at.board == name and at.channel in crossed]:
        place = draft.named.pop(door)
        yield Tell("crossed_before", {"door": door, "lock": place.channel})


def changes(old: object, new: object) -> str:
    """The keys in which two boards differ, with the new values."""
    keys: tuple[str, ...] = getattr(old, "__struct_fields__", ())
    return ", ".join(f"{k} = {getattr(new, k)}" for k in keys if getattr(old, k) != getattr(new, k))


def await_shut(draft: Draft, place: Place, door: int) -> Dialogue[bool]:
    """Until the switch says shut, or the technician goes on without."""
    yield Tell("please_shut", {"door": door}) if door else Tell("please_shut_it")
    level = draft.boards[place.board].closed_bit
    for _ in range(_SHUT_TRIES_MAX):
        if (yield AwaitLevel(draft.wires, place, level)):
            yield Tell("is_shut", {"door": door or "?"})
            return True
        again = yield from ask(Ask("still_open", "choice", {"door": door or "?"}, ("again", "skip"), "again"))
        if again != "again":
            break
    yield Tell("left_open", {"door": door or "?"})
    return False
