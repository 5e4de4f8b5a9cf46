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
from typing import Any

from locker.messages import GENESIS, chain_hash
from sim.journal import CoilRun, Journal, Keyed, Limits, Move, Unlock, told
from sim.whereabouts import follow

__all__ = ["CHECKS", "CoilRun", "Journal", "Keyed", "Limits", "Move", "Unlock", "breaches", "told"]

AUTHORITIES = ("granted", "reopened", "moved")
ENDS = ("opened", "cancelled", "jammed", "not_pulsed", "visit_ended", "staff_called")
SEEN_OPEN = ("opened", "opened_late", "found_open", "forced", "interrupted")
PRESENCE = ("staff_present", "staff_left", "started")
PULSES_MAX = 3
REOPENS_MAX = 2
MINUTE_MS = 60_000
SIGHT_MS = 1500
SLACK_MS = 5
REST_SLACK_MS = 50
TURN_MS = 100
KEYED_MS = 2000
REPORTED_MAX = 10


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
        said_open, said_shut = event["type"] == "opened", event["type"] in ("shut", "deposited", "loaded", "collected")
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
        most = _most_in_a_minute(times)
        if most > journal.limits.per_lock_minute_max:
            broken.append(f"door {door} was pulsed {most} times in a minute")
    for position, payload in enumerate(journal.news):
        acked = max((seq for count, seq in journal.acks if count <= position), default=0)
        if journal.acks and json.loads(payload)["seq"] > acked + journal.limits.window:
            broken.append(f"event {json.loads(payload)['seq']} was sent while only {acked} was acknowledged")
    return broken


def doors_per_minute(journal: Journal) -> list[str]:
    """Invariant 10: the device's own limit on doors per minute holds, but for staff who stand there.

    From outside: over all runs, first unlock orders under an authority; those of codes shown at the cabinet between
    ``staff_present`` and its end are left out. An order may reach the board a turn later than another one.
    """
    events, seen, times = told(journal), set(), []
    for unlock in journal.unlocks:
        allowed = _latest(events, unlock.door, unlock.at_ms + SLACK_MS, AUTHORITIES) or {"seq": -unlock.at_ms}
        lifted = _staffed(events, allowed.get("boot_ms", 0)) and allowed["data"].get("source") != "cloud"
        if allowed["seq"] not in seen and not lifted:
            times.append(unlock.at_ms)
        seen.add(allowed["seq"])
    most = _most_in_a_minute(times, MINUTE_MS - TURN_MS)
    if most > journal.limits.doors_minute_max:
        return [f"{most} doors opened within a minute, {journal.limits.doors_minute_max} are allowed"]
    return []


def deposits_have_receipts(journal: Journal) -> list[str]:
    """Promise 11: every deposit has its signed receipt, as the next row of the log (tokens contract, section 8).

    A cabinet without a device key says so at its start, and is excused until the next one.
    """
    broken, off = [], False
    events = told(journal)
    for event, behind in zip(events, [*events[1:], {"type": "", "data": {}}], strict=True):
        off = event["type"] == "receipts_off" or (off and event["type"] != "started")
        if event["type"] != "deposited" or off:
            continue
        data = behind["data"]
        same = (data.get("row"), data.get("order")) == (event["seq"], event["data"].get("order"))
        if behind["type"] != "receipt" or not same or not str(data.get("receipt", "")).startswith("LKR1:"):
            broken.append(f"event {event['seq']} took in an item at door {event['door']} and no receipt follows it")
    return broken


def typed_codes_were_right(journal: Journal) -> list[str]:
    """Promise 12: whatever opened for a typed code, somebody had typed the code of that very item, and right.

    From outside: the number in the cti of a ``granted`` from the keypad is the load of an item that lay behind this
    door under this order, and its code, as the cloud computes it, was typed just before (section 7).
    """
    broken, events = [], told(journal)
    for event in events:
        data = event["data"]
        if event["type"] != "granted" or data.get("source") != "keypad":
            continue
        load = int(data["cti"][-16:], 16)
        items = [e for e in events if e["seq"] < event["seq"] and e["data"].get("load") == load]
        if not items or (items[-1]["door"], items[-1]["data"].get("order")) != (event["door"], data.get("order")):
            broken.append(f"event {event['seq']} granted door {event['door']} for load {load}, which is not there")
        since_ms = event["boot_ms"] - KEYED_MS
        typed = {keyed.digits for keyed in journal.keyed if since_ms <= keyed.at_ms <= event["boot_ms"] + SLACK_MS}
        if journal.codes.get(load, "none") not in typed:
            broken.append(
                f"event {event['seq']} granted door {event['door']}; nobody had typed the code of load {load}"
            )
    return broken


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
    11: deposits_have_receipts,
    12: typed_codes_were_right,
}
"""The checks by the number of their invariant; 11 and 12 are promises of the tokens contract."""


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
    held: dict[int, str] = {}
    for event in events:
        if event["boot_ms"] > at_ms:
            break
        follow(held, event)
    return held.get(door, "")


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


def _staffed(events: Iterable[dict[str, Any]], at_ms: int) -> bool:
    """Whether somebody of the staff was held to be there at a time."""
    latest = [e["type"] for e in events if e["type"] in PRESENCE and e["boot_ms"] <= at_ms]
    return latest[-1:] == ["staff_present"]


def _most_in_a_minute(times: list[int], minute_ms: int = MINUTE_MS) -> int:
    return max((sum(1 for other in times if start <= other < start + minute_ms) for start in times), default=0)


def _body(payload: bytes) -> bytes:
    """The stored body of an event: what was published without its seal."""
    cut = payload.rfind(b',"after":')
    return payload[:cut] + b"}" if cut >= 0 else payload
