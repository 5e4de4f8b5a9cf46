"""The invariants, checked from outside: pure functions over what the board, the doors and the broker's far side saw.

Each check takes a ``Journal`` and returns sentences about what was broken, empty when all is well. All times are boot
time in milliseconds of the one machine on which the controller and the simulation ran. An event bears the time at which
its turn began, so it may be up to ``TURN_MS`` older than what it tells of. Must never look into the controller: not its
database, not its memory, not its log.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from locker.messages import GENESIS, chain_hash

AUTHORITIES = ("granted", "reopened", "moved")
ENDS = ("opened", "cancelled", "jammed", "not_pulsed", "visit_ended", "staff_called")
SEEN_OPEN = ("opened", "opened_late", "found_open", "forced", "interrupted")
PULSES_MAX = 3
REOPENS_MAX = 2
MINUTE_MS = 60_000
SIGHT_MS = 1500
SLACK_MS = 5
REST_SLACK_MS = 50
TURN_MS = 100
REPORTED_MAX = 10


@dataclass(frozen=True, slots=True)
class Unlock:
    """An unlock order that arrived whole at the board."""

    at_ms: int
    door: int


@dataclass(frozen=True, slots=True)
class CoilRun:
    """A coil that was energised; ``end_ms`` None means it still is."""

    door: int
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """A door that swung; ``by`` is "pulse", "force", "press" or "hand"."""

    at_ms: int
    door: int
    open: bool
    by: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration allowed. ``lying`` doors had a stuck sensor at some time: their moves prove nothing."""

    pulse_ms: int
    cooldown_ms: int
    per_lock_minute_max: int
    doors_minute_max: int
    window: int
    lying: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Journal:
    """A whole run as seen from outside.

    ``starts`` are the starts of the controller; ``news`` the payloads of ``up/evt`` in order of receipt, with
    repeats; ``acks`` pairs of how many payloads had been received and the sequence then acknowledged; ``snapshots`` the
    last ``up/door`` of each door; ``open_doors`` which doors stand open at the end; ``strain`` what the cabinet's body
    itself noticed of its coils.
    """

    limits: Limits
    starts: tuple[int, ...] = ()
    unlocks: tuple[Unlock, ...] = ()
    coils: tuple[CoilRun, ...] = ()
    moves: tuple[Move, ...] = ()
    news: tuple[bytes, ...] = ()
    acks: tuple[tuple[int, int], ...] = ()
    snapshots: dict[int, str] = field(default_factory=dict)
    open_doors: frozenset[int] = frozenset()
    strain: tuple[str, ...] = ()


def told(journal: Journal) -> list[dict[str, Any]]:
    """Return every event once, in the order of its sequence."""
    events = {(event["epoch"], event["seq"]): event for event in map(json.loads, journal.news)}
    return [events[key] for key in sorted(events)]


def authority_first(journal: Journal) -> list[str]:
    """Invariant 1: no lock is pulsed without an authority that is already on the disk.

    From outside: every unlock order follows an event that allowed this door, made no later than the order reached the
    board, not yet ended, and used for three pulses at most.
    """
    broken = []
    used: dict[int, int] = {}
    for unlock in journal.unlocks:
        allowed = _authority(journal, unlock.door, unlock.at_ms + SLACK_MS)
        if allowed is None:
            broken.append(f"door {unlock.door} was pulsed at {unlock.at_ms} ms without an authority")
            continue
        used[allowed["seq"]] = used.get(allowed["seq"], 0) + 1
        if used[allowed["seq"]] > PULSES_MAX:
            broken.append(f"door {unlock.door}: event {allowed['seq']} was used for {used[allowed['seq']]} pulses")
    return broken


def own_order_only(journal: Journal) -> list[str]:
    """Invariant 2: an item's compartment opens only for its own order or for staff by name, and it is in the log.

    From outside: whenever a pulse opened a door, the item that the events say lay there is the authority's own, or the
    authority is a named person's; and an event about the opening follows.
    """
    broken = []
    events = told(journal)
    for move in journal.moves:
        if not (move.open and move.by in ("pulse", "press")):
            continue
        held = _held(events, move.door, move.at_ms)
        allowed = _latest(events, move.door, move.at_ms + SLACK_MS, AUTHORITIES)
        if held and (allowed is None or not _may(allowed["data"], held)):
            broken.append(f"door {move.door} held order {held} and was opened at {move.at_ms} ms for somebody else")
        if move.door in journal.limits.lying:
            continue
        if not any(
            e["door"] == move.door and e["type"] in SEEN_OPEN and e["boot_ms"] >= move.at_ms - TURN_MS for e in events
        ):
            broken.append(f"door {move.door} was opened at {move.at_ms} ms and no event says so")
    return broken


def spent_opens_nothing(journal: Journal) -> list[str]:
    """Invariant 3: a spent token opens nothing; an unspent one that was claimed opens the same door, never another.

    From outside: no ``granted`` after the ``opened`` of the same cti; no more than two ``reopened``; a repeated
    ``granted`` names the door that the cti was last bound to.
    """
    broken = []
    bound: dict[str, int] = {}
    spent: set[str] = set()
    reopened: dict[str, int] = {}
    for event in told(journal):
        cti, kind, door = event["data"].get("cti", ""), event["type"], event["door"]
        if kind == "granted":
            if cti in spent:
                broken.append(f"event {event['seq']} granted door {door} to a spent token")
            if bound.get(cti, door) != door:
                broken.append(f"event {event['seq']} granted door {door} to a token bound to door {bound[cti]}")
        if kind in ("granted", "moved"):
            bound[cti] = door
        if kind == "moved":
            spent.discard(cti)
        if kind in ("opened", "opened_late") and cti:
            spent.add(cti)
        if kind == "reopened":
            reopened[cti] = reopened.get(cti, 0) + 1
            if reopened[cti] > REOPENS_MAX:
                broken.append(f"event {event['seq']} reopened door {door} for the {reopened[cti]}th time")
    return broken


def one_coil_at_a_time(journal: Journal) -> list[str]:
    """Invariant 4: one coil at most, never longer than the cap, never again before its rest, all off at the end."""
    broken = list(journal.strain)
    runs = sorted(journal.coils, key=lambda run: run.start_ms)
    busy_until = -1
    last_end: dict[int, int] = {}
    for run in runs:
        if run.end_ms is None:
            broken.append(f"coil {run.door} is still energised")
            continue
        if run.start_ms < busy_until:
            broken.append(f"coil {run.door} was energised at {run.start_ms} ms while another one was")
        if run.end_ms - run.start_ms > journal.limits.pulse_ms + SLACK_MS:
            broken.append(f"coil {run.door} was energised for {run.end_ms - run.start_ms} ms")
        rest = run.start_ms - last_end.get(run.door, run.start_ms - journal.limits.cooldown_ms)
        if rest < journal.limits.cooldown_ms - REST_SLACK_MS:
            broken.append(f"coil {run.door} rested only {rest} ms")
        busy_until, last_end[run.door] = max(busy_until, run.end_ms), run.end_ms
    return broken


def restarts_open_nothing(journal: Journal) -> list[str]:
    """Invariant 5: a restart, a power cut, a reconnect or an old message never opens a door.

    From outside: every unlock order's authority was given in the same run of the controller.
    """
    broken = []
    for unlock in journal.unlocks:
        run = bisect_right(journal.starts, unlock.at_ms)
        started = journal.starts[run - 1] if run else 0
        allowed = _latest(told(journal), unlock.door, unlock.at_ms + SLACK_MS, AUTHORITIES)
        if allowed is None or allowed["boot_ms"] < started:
            broken.append(f"door {unlock.door} was pulsed at {unlock.at_ms} ms by a run that was given no code for it")
    return broken


def opened_was_seen(journal: Journal) -> list[str]:
    """Invariant 6: "opened" is said only when the door was open, "taken in" and "collected" only when it was shut."""
    broken = []
    for event in told(journal):
        said_open, said_shut = event["type"] == "opened", event["type"] in ("shut", "deposited", "collected")
        if not (said_open or said_shut) or event["door"] in journal.limits.lying:
            continue
        if said_open not in _states(journal.moves, event["door"], event["boot_ms"]):
            was = "shut" if said_open else "open"
            broken.append(f"event {event['seq']} says {event['type']} of door {event['door']}, which was {was}")
    return broken


def nothing_lost(journal: Journal) -> list[str]:
    """Invariant 7: every event at least once, in order, with numbers that show any gap.

    From outside: one epoch; first receipts rise one by one; repeats are byte for byte the same; the hashes
    form a chain.
    """
    broken = []
    first: dict[int, bytes] = {}
    epochs = {json.loads(payload)["epoch"] for payload in journal.news}
    if len(epochs) > 1:
        broken.append(f"the stream has {len(epochs)} epochs")
    previous, newest = GENESIS, 0
    for payload in journal.news:
        event = json.loads(payload)
        body, seq = _body(payload), event["seq"]
        if seq in first:
            if first[seq] != body:
                broken.append(f"event {seq} came again with another content")
            continue
        if seq != newest + 1 or event.get("after") != newest:
            broken.append(f"event {seq} came after event {newest}")
        if chain_hash(previous, body).hex() != event.get("hash"):
            broken.append(f"event {seq} does not fit the chain of hashes")
        first[seq], newest, previous = body, seq, bytes.fromhex(event.get("hash", ""))
    return broken


def belief_is_truth(journal: Journal) -> list[str]:
    """Invariant 8: at the end, what the cabinet says of each door is how it stands."""
    broken = []
    for door, said in sorted(journal.snapshots.items()):
        truth = "open" if door in journal.open_doors else "closed"
        if said != truth and door not in journal.limits.lying:
            broken.append(f"door {door} is {truth}; the cabinet says {said}")
    return broken or ([] if journal.snapshots else ["the cabinet says nothing of its doors"])


def limits_hold(journal: Journal) -> list[str]:
    """Invariant 9: every queue and loop has a limit.

    From outside: no lock pulsed too often in a minute, no more events unacknowledged than the window.
    """
    broken = []
    for door in sorted({unlock.door for unlock in journal.unlocks}):
        times = [unlock.at_ms for unlock in journal.unlocks if unlock.door == door]
        most = max(_most_in_a_minute(run) for run in _by_run(journal.starts, times))
        if most > journal.limits.per_lock_minute_max:
            broken.append(f"door {door} was pulsed {most} times in a minute")
    for position, payload in enumerate(journal.news):
        acked = max((seq for count, seq in journal.acks if count <= position), default=0)
        if journal.acks and json.loads(payload)["seq"] > acked + journal.limits.window:
            broken.append(f"event {json.loads(payload)['seq']} was sent while only {acked} was acknowledged")
    return broken


def doors_per_minute(journal: Journal) -> list[str]:
    """Invariant 10: the device's own limit on doors per minute holds, whatever was asked of it (within each run)."""
    times = [move.at_ms for move in journal.moves if move.open and move.by in ("pulse", "press")]
    most = max((_most_in_a_minute(run) for run in _by_run(journal.starts, times)), default=0)
    if most > journal.limits.doors_minute_max:
        return [f"{most} doors opened within a minute, {journal.limits.doors_minute_max} are allowed"]
    return []


CHECKS: dict[int, Callable[[Journal], list[str]]] = {
    1: authority_first,
    2: own_order_only,
    3: spent_opens_nothing,
    4: one_coil_at_a_time,
    5: restarts_open_nothing,
    6: opened_was_seen,
    7: nothing_lost,
    8: belief_is_truth,
    9: limits_hold,
    10: doors_per_minute,
}
"""The checks by the number of their invariant."""


def breaches(journal: Journal) -> dict[int, list[str]]:
    """Return what each check found, at most ten sentences each."""
    return {number: check(journal)[:REPORTED_MAX] for number, check in CHECKS.items()}


def _latest(events: Iterable[dict[str, Any]], door: int, at_ms: int, kinds: Iterable[str]) -> dict[str, Any] | None:
    found = [e for e in events if e["door"] == door and e["type"] in kinds and e["boot_ms"] <= at_ms]
    return found[-1] if found else None


def _authority(journal: Journal, door: int, at_ms: int) -> dict[str, Any] | None:
    """The event that allows this door at this time, or None when the last one has ended before."""
    latest = _latest(told(journal), door, at_ms, (*AUTHORITIES, *ENDS))
    if latest is not None and latest["type"] in ENDS and latest["boot_ms"] < at_ms - 2 * SLACK_MS:
        return None
    return _latest(told(journal), door, at_ms, AUTHORITIES)


def _held(events: Iterable[dict[str, Any]], door: int, at_ms: int) -> str:
    """The order that lies behind a door at a time, as the events tell it; empty for none."""
    held = ""
    for event in events:
        if event["boot_ms"] > at_ms:
            break
        if event["door"] == door and event["type"] in ("deposited", "collected", "taken_out", "cancelled"):
            held = str(event["data"].get("order", "")) if event["type"] == "deposited" else ""
        if event["type"] == "moved" and event["data"].get("from") == door:
            held = ""
    return held


def _may(data: dict[str, Any], held: str) -> bool:
    named = data.get("purpose") in ("staff", "technician") and bool(data.get("by"))
    return named or data.get("order") == held


def _states(moves: Iterable[Move], door: int, at_ms: int) -> set[bool]:
    """The states that a door had within the time in which the cabinet may have looked."""
    states, before = set(), False
    for move in moves:
        if move.door != door or move.at_ms > at_ms + TURN_MS:
            continue
        if move.at_ms >= at_ms - SIGHT_MS:
            states.add(before)
        before = move.open
    return states | {before}


def _by_run(starts: tuple[int, ...], times: list[int]) -> list[list[int]]:
    runs: dict[int, list[int]] = {}
    for at_ms in times:
        runs.setdefault(bisect_right(starts, at_ms), []).append(at_ms)
    return list(runs.values())


def _most_in_a_minute(times: list[int]) -> int:
    return max(sum(1 for other in times if start <= other < start + MINUTE_MS) for start in times)


def _body(payload: bytes) -> bytes:
    """The stored body of an event: what was published without its seal."""
    cut = payload.rfind(b',"after":')
    return payload[:cut] + b"}" if cut >= 0 else payload
