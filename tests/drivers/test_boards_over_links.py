"""Every lock board over the four links: perfect, byte by byte, lossy, delayed; the same promises over each."""

from __future__ import annotations

from typing import Any

import pytest
from board_rig import EVERY_KIND, BusBench
from rig import WIRES

from locker.model import DoorSeen, Pulse, PulseDropped, PulseSent
from sim.links import PERFECT

PULSES = 16
SLOW = {"8a80": 2600, "eletechsup": 2400}
"""How long a pulse and its answer may take, in milliseconds; 1500 for the others."""


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_doors_are_told_truly_and_no_pulse_is_repeated(kind: str, wire: str) -> None:
    """Each order becomes one frame at most, sent or dropped; no second coil; then, on a good wire, the truth."""
    print("seed 11")
    reply_ms: dict[str, Any] = {"reply_ms": 300} if wire == "delayed" else {}
    bench = BusBench(kind, WIRES[wire], seed=11, **reply_ms).settled()
    for turn in range(PULSES):
        door = 1 + turn * 7 % 24
        bench.order(Pulse(door))
        bench.run(SLOW.get(kind, 1500))
        bench.body.shut(door - 1, bench.ms)
        bench.run(1100)
        assert len(bench.unlocked()) <= len(bench.told(PulseSent))
    assert len(bench.told(PulseSent)) + len(bench.told(PulseDropped)) == PULSES
    assert bench.body.breaches == []
    if wire != "lossy":
        assert [door for _, door in bench.unlocked()] == [1 + turn * 7 % 24 for turn in range(PULSES)]
        assert bench.count("bad") == 0
    bench.wire.to_far = bench.wire.to_near = PERFECT
    bench.run(8000)
    told = {seen.door: seen.open for seen in bench.told(DoorSeen)}
    assert told == {n: not bench.body.compartments[n - 1].shut for n in range(1, 25)}
