"""The watch over the invariants: it is silent about a sound day, and each check finds its own kind of breach."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from locker.messages import GENESIS, chain_hash
from sim.watch import CHECKS, CoilRun, Journal, Keyed, Limits, Move, Unlock, breaches, told

Row = tuple[int, str, int, dict[str, Any]]

LIMITS = Limits(pulse_ms=200, cooldown_ms=500, per_lock_minute_max=4, doors_minute_max=3, window=20)
ORDER, OTHER = "4131", "4132"
D1 = {"cti": "d1", "order": ORDER, "purpose": "deposit"}
IN = D1 | {"load": 9}
R1 = {"row": 5, "order": ORDER, "receipt": "LKR1:A"}
C1 = {"cti": "c1", "order": ORDER, "purpose": "collect"}

EVENTS: list[Row] = [
    (1000, "started", 0, {}),
    (2000, "granted", 7, D1),
    (2100, "opened", 7, D1),
    (5000, "shut", 7, D1),
    (5000, "deposited", 7, IN),
    (5000, "receipt", 7, R1),
    (6000, "visit_ended", 7, D1),
    (9000, "denied", 0, {"reason": "expired"}),
    (10_000, "granted", 7, C1),
    (10_100, "opened", 7, C1),
    (12_000, "shut", 7, C1),
    (12_000, "collected", 7, C1),
    (13_000, "visit_ended", 7, C1),
]


def sealed(events: list[Row], epoch: str = "e1") -> tuple[bytes, ...]:
    """Make the payloads of a stream of events as a sound cabinet publishes them."""
    payloads, previous = [], GENESIS
    for seq, (boot_ms, kind, door, data) in enumerate(events, 1):
        row = {"v": 1, "epoch": epoch, "seq": seq, "boot_ms": boot_ms, "type": kind, "door": door, "data": data}
        body = json.dumps(row, separators=(",", ":")).encode()
        previous = chain_hash(previous, body)
        payloads.append(body[:-1] + f',"after":{seq - 1},"hash":"{previous.hex()}"}}'.encode())
    return tuple(payloads)


SOUND = Journal(
    LIMITS,
    starts=(900,),
    unlocks=(Unlock(2010, 7), Unlock(10_010, 7)),
    coils=(CoilRun(7, 2010, 2210), CoilRun(7, 10_010, 10_210)),
    moves=(
        Move(2070, 7, True, "pulse"),
        Move(4950, 7, False, "hand"),
        Move(10_070, 7, True, "pulse"),
        Move(11_950, 7, False, "hand"),
    ),
    news=sealed(EVENTS),
    acks=((3, 3), (13, 13)),
    snapshots={7: "closed", 8: "closed"},
    keyed=(Keyed(9990, "559292"),),
    codes={9: "559292"},
)


def changed(number: int, **fields: Any) -> dict[str, Any]:
    """Return the payloads with one event changed (1-based), hashes made anew."""
    events = list(EVENTS)
    boot_ms, kind, door, data = events[number - 1]
    events[number - 1] = (
        fields.get("boot_ms", boot_ms),
        fields.get("kind", kind),
        fields.get("door", door),
        fields.get("data", data),
    )
    return {"news": sealed(events)}


T1 = C1 | {"cti": "ab" * 8 + f"{9:016x}", "source": "keypad"}
"""The collection by typed code; it stands in place of event 9."""


def typed(**fields: Any) -> dict[str, Any]:
    """Return a journal's fields in which the item was collected by typed code, some of the grant's data changed."""
    return changed(9, data=T1 | fields)


def with_events(*more: Row) -> dict[str, Any]:
    """Return the payloads with more events at the end."""
    return {"news": sealed([*EVENTS, *more])}


def rush(doors: int, there: bool = False, every_ms: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a journal's fields in which so many doors are opened one after another, with or without staff there."""
    at_ms = [20_000 + number * every_ms for number in range(doors)]
    rows: list[Row] = [(19_000, "staff_present", 0, {"by": "staff-07"})] if there else []
    data = {"purpose": "staff", "by": "staff-07", "source": "scanner"} | fields
    rows += [(ms, "granted", number + 1, data | {"cti": f"r{number}"}) for number, ms in enumerate(at_ms)]
    return {"unlocks": tuple(Unlock(ms + 1, n + 1) for n, ms in enumerate(at_ms)), "news": sealed(rows)}


ALTERED = SOUND.news[2].replace(b'"door":7', b'"door":8')

BAD: list[tuple[int, str, dict[str, Any], str]] = [
    (1, "a pulse nobody was granted", {"unlocks": (*SOUND.unlocks, Unlock(20_000, 3))}, "without an authority"),
    (1, "a pulse before its authority", {"unlocks": (Unlock(1900, 7), Unlock(10_010, 7))}, "without an authority"),
    (1, "a pulse after the visit", {"unlocks": (*SOUND.unlocks, Unlock(15_000, 7))}, "without an authority"),
    (1, "a fourth pulse", {"unlocks": tuple(Unlock(2010 + n, 7) for n in range(4))}, "4 pulses"),
    (2, "somebody else's order", changed(9, data=C1 | {"order": OTHER}), "for somebody else"),
    (
        2,
        "a staff code without a name",
        changed(9, data={"cti": "s", "purpose": "staff", "by": ""}),
        "for somebody else",
    ),
    (2, "an opening nobody tells", {"moves": (*SOUND.moves, Move(30_000, 9, True, "pulse"))}, "no event says so"),
    (3, "a spent code granted", with_events((20_000, "granted", 7, D1)), "to a spent token"),
    (3, "a claimed code at another door", changed(3, kind="granted", door=8), "bound to door 7"),
    (3, "reopened three times", with_events(*[(20_000, "reopened", 7, D1)] * 3), "for the 3th time"),
    (4, "two coils at once", {"coils": (CoilRun(7, 0, 200), CoilRun(8, 100, 300))}, "while another one was"),
    (4, "a coil on too long", {"coils": (CoilRun(7, 0, 900),)}, "for 900 ms"),
    (4, "a coil that did not rest", {"coils": (CoilRun(7, 0, 200), CoilRun(7, 300, 500))}, "rested only 100 ms"),
    (4, "a coil left on", {"coils": (CoilRun(7, 0, None),)}, "still energised"),
    (4, "a coil overheated", {"strain": ("coil 7: overheated",)}, "overheated"),
    (5, "a start that opens", {"starts": (900, 10_005)}, "given no code"),
    (6, "opened, though shut", {"moves": ()}, "which was shut"),
    (6, "collected, though open", {"moves": SOUND.moves[:3]}, "which was open"),
    (7, "an event missing", {"news": SOUND.news[:4] + SOUND.news[5:]}, "came after event 4"),
    (7, "events out of order", {"news": SOUND.news[:4] + SOUND.news[5:6] + SOUND.news[4:5]}, "came after event"),
    (
        7,
        "an event altered",
        {"news": (*SOUND.news[:2], SOUND.news[2].replace(b'"door":7', b'"door":8'))},
        "chain of hashes",
    ),
    (
        7,
        "a repeat altered",
        {"news": (*SOUND.news, SOUND.news[2].replace(b'"door":7', b'"door":8'))},
        "another content",
    ),
    (7, "two epochs", {"news": (*SOUND.news, *sealed(EVENTS[:1], "e2"))}, "2 epochs"),
    (8, "a door believed shut", {"open_doors": frozenset({8})}, "door 8 is open; the cabinet says closed"),
    (8, "a door never known", {"snapshots": {7: "unknown"}}, "the cabinet says unknown"),
    (8, "a silent cabinet", {"snapshots": {}}, "says nothing"),
    (9, "a lock too often", {"unlocks": tuple(Unlock(2010 + n, 7) for n in range(5))}, "5 times in a minute"),
    (9, "beyond the window", {"limits": replace(LIMITS, window=2), "acks": ((1, 1),)}, "while only 1 was acknowledged"),
    (10, "too many doors", rush(4), "4 doors opened"),
    (10, "too many doors after a restart", rush(4) | {"starts": (900, 20_002)}, "4 doors opened"),
    (10, "too many doors and nobody allowed them", {"unlocks": tuple(Unlock(n, n) for n in range(1, 5))}, "4 doors"),
    (10, "too many doors from afar while staff are there", rush(4, there=True, source="cloud"), "4 doors opened"),
    (11, "a deposit without its receipt", {"news": sealed([*EVENTS[:5], *EVENTS[6:]])}, "no receipt follows"),
    (11, "a receipt of another deposit", changed(6, data=R1 | {"row": 4}), "no receipt follows"),
    (11, "a receipt for another order", changed(6, data=R1 | {"order": OTHER}), "no receipt follows"),
    (12, "opened though nothing was typed", typed() | {"keyed": ()}, "nobody had typed"),
    (12, "opened for a wrong code", typed() | {"keyed": (Keyed(9990, "559293"),)}, "nobody had typed"),
    (12, "opened for a code of long ago", typed() | {"keyed": (Keyed(5990, "559292"),)}, "nobody had typed"),
    (12, "a code for another's item", typed(order=OTHER), "load 9, which is not there"),
    (12, "a load that never came", typed(cti=f"{8:032x}"), "load 8, which is not there"),
]


def test_a_sound_day_has_no_breach() -> None:
    """A journal as a good cabinet leaves it passes every check."""
    assert breaches(SOUND) == {number: [] for number in range(1, 13)}


@pytest.mark.parametrize(("number", "what", "change", "said"), BAD, ids=[f"{bad[0]}-{bad[1]}" for bad in BAD])
def test_each_breach_is_found_by_its_check(number: int, what: str, change: dict[str, Any], said: str) -> None:
    """A check that could not fail would prove nothing: each finds the journal that was made to break it."""
    found = CHECKS[number](replace(SOUND, **change))
    assert any(said in sentence for sentence in found), found


def test_every_check_has_been_seen_to_fail_and_cites_its_invariant() -> None:
    """No invariant or promise is without a bad journal; each docstring names it."""
    assert {bad[0] for bad in BAD} == set(CHECKS)
    for number, check in CHECKS.items():
        named = "Invariant" if number <= 10 else "Promise"
        assert (check.__doc__ or "").startswith(f"{named} {number}: ")


def test_what_is_allowed_is_not_called_a_breach() -> None:
    """Repeats on the wire, an unspent code shown again, a larger door, staff by name, a lying switch, a new minute."""
    staff = {"cti": "s1", "purpose": "staff", "by": "staff-07"}
    repeats = replace(SOUND, news=(*SOUND.news[:5], *SOUND.news[2:]))
    assert not any(breaches(repeats).values())
    again: list[Row] = [
        (2000, "granted", 7, D1),
        (2500, "granted", 7, D1),
        (2600, "opened", 7, D1),
    ]
    moved: list[Row] = [(3000, "moved", 8, D1 | {"from": 7}), (3100, "opened", 8, D1)]
    assert not CHECKS[3](replace(SOUND, news=sealed([*again, *moved])))
    assert not CHECKS[2](replace(SOUND, **changed(9, data=staff)))
    assert not CHECKS[6](replace(SOUND, moves=(), limits=replace(LIMITS, lying=frozenset({7}))))
    for calm in (rush(9, every_ms=30_000), rush(3), rush(9, there=True)):
        assert not CHECKS[10](replace(SOUND, **calm))
    again_and_again = tuple(Unlock(20_001 + n, 1 + n // 2) for n in range(6))
    assert not CHECKS[10](replace(SOUND, **rush(3) | {"unlocks": again_and_again}))
    assert not CHECKS[12](replace(SOUND, **typed()))
    off: list[Row] = [(1000, "started", 0, {}), (1000, "receipts_off", 0, {}), (5000, "deposited", 7, IN)]
    assert not CHECKS[11](replace(SOUND, news=sealed(off)))
    assert CHECKS[11](replace(SOUND, news=sealed([*off[:2], (2000, "started", 0, {}), off[2]])))


def test_events_are_told_once_and_in_order() -> None:
    """Repeats are dropped and the sequence is the order."""
    jumbled = (*SOUND.news[3:], *SOUND.news)
    assert [event["seq"] for event in told(replace(SOUND, news=jumbled))] == list(range(1, len(EVENTS) + 1))
