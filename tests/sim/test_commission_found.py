"""``locker commission`` finds ten random wirings of each kind of board on the simulator (issue 5, "Done when").

A walk is the whole dialogue with the drivers of the program against the far sides, on a virtual clock: polarity, byte
and word order, inputs that begin anywhere, addresses, rates, echo, command sets, two boards, any door anywhere, sensors
in some compartments, a scanner at any rate. Each seed is in the test's name.
"""

from __future__ import annotations

import pytest
from commission_rig import a_walk

from sim.commission_wiring import FAMILIES, differences, draw, wiring

SEEDS = range(10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_random_wiring_is_found_exactly(family: str, seed: int) -> None:
    """The saved file says what was drawn, to the last key; and no coil suffered for it."""
    print(f"seed {seed}")
    walk = a_walk(family, seed).run()
    assert differences(walk.drawn, walk.config) == []
    assert walk.drawn.body.breaches == []
    assert len(walk.drawn.pulses) == len(walk.consents()) == len(walk.opened())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_drawn_wirings_differ_in_what_there_is_to_learn(family: str) -> None:
    """Ten seeds are no ten copies: polarity comes both ways, and every other thing of a family at least twice."""
    drawn = [draw(family, seed) for seed in SEEDS]
    tables = [wiring(board) for cabinet in drawn for board in cabinet.boards]
    assert {table["closed_bit"] for table in tables} == {0, 1}
    assert len({tuple(cabinet.doors.items()) for cabinet in drawn}) == len(drawn)
    wanted = {
        "8a": ("byte_order", "channels", "baud", "local_echo"),
        "modbus": ("word_order", "input_first", "inputs", "kind", "baud"),
        "cu48": ("kind", "address"),
        "cu16": ("pulse_command", "address"),
        "cu24": ("address", "baud"),
        "shift": ("item_chips", "out_chips", "enable_pin"),
        "mcp": ("lock_level", "enable_level"),
        "pins": ("lock_level", "door_pins", "item_pins"),
    }[family]
    for key in wanted:
        assert len({str(table[key]) for table in tables}) >= 2, key
