"""Worlds on every kind of lock board, and whoever listens in on their wires."""

from __future__ import annotations

from functools import reduce
from operator import xor
from random import Random

import pytest
from msgspec import structs

from locker.cli import main, soak
from sim.body import Body
from sim.modbus_boards import crc
from sim.world import campaign
from sim.world.forecast import draw
from sim.world.lock_boards import KINDS, PINS, drawn, words_of
from sim.world.pins import Watched
from sim.world.plan import Happening, Site
from sim.world.wire_words import Cu16Words, Cu24Words, Cu48Words, EightWords, ModbusWords, Words

SHUT_24 = (1 << 24) - 1


def frame(text: str) -> bytes:
    """A frame as the hardware facts print it."""
    return bytes.fromhex(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_world_with_all_its_faults_holds_on_every_board(kind: str) -> None:
    """A quarter of an hour of people and bad weather; what holds of the recommended board holds of all others."""
    outcome = campaign.play(draw(7, 0.012, visits=600, faults=8, **drawn(7, kind)))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert outcome.plan.site.board == kind and outcome.counts["event/opened"] > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cu24"])
def test_a_board_that_takes_another_lock_is_seen_doing_it(kind: str) -> None:
    """The fault really happens, whatever the wire, and is told as a forced door; no check mistakes it for the order."""
    plan = draw(3, 0.02, visits=900, faults=0, **drawn(3, kind))
    astray = {"board": 0, "by": 1, "count": 3, "for_ms": 1_200_000}
    first = max(happening.number for happening in plan.happenings) + 1
    happenings = [*plan.happenings, Happening(number=first, at_ms=60_000, what="board_astray", args=astray)]
    outcome = campaign.play(structs.replace(plan, happenings=sorted(happenings, key=lambda found: found.at_ms)))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert outcome.counts["fault/board_astray"] == 1 and outcome.counts["event/wrong_door"] > 0


def test_a_board_that_is_slow_to_say_open_has_its_door_shut_twice() -> None:
    """World 960095 (0.5 days) made small: the quiet phase shut a door before the board had said that it was open, so
    it had a second pulse, and nobody shut it again: its order was collected, and seemed to be held there still.
    """
    site = drawn(114, "8a") | {"wiring": "low-first,no-push,answer-1s"}
    outcome = campaign.play(draw(114, 0.02, visits=100, faults=3.0, **site))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert outcome.counts["quiet/collected"] > 0


def test_the_seed_draws_every_kind_and_a_wish_overrides_it() -> None:
    """The board has a stream of its own: nothing else of a world changes with it."""
    assert {drawn(seed).get("board", "cu24") for seed in range(200)} == set(KINDS)
    assert drawn(5, "8a")["board"] == "8a" and drawn(5, "cu24") == {}
    plain, other = draw(5, 0.01), draw(5, 0.01, **drawn(5, "cu16"))
    assert [h.at_ms for h in plain.happenings if h.what == "person"] == [
        h.at_ms for h in other.happenings if h.what == "person"
    ]


def test_the_command_knows_the_same_boards(capsys: pytest.CaptureFixture[str]) -> None:
    """And says which, for one that there is not."""
    assert soak.BOARDS == KINDS
    assert main.main(["soak", "--board", "cu99", "--worlds", "1"]) == 2
    assert "no lock board 'cu99'" in capsys.readouterr().err


# --- listening in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text", "channel"),
    [
        (Cu16Words(), "02 17 31 03 4D", 23),
        (Cu16Words(), "02 00 30 03 35", None),
        (Cu48Words(0x51, 0x65), "02 00 17 51 03 6D", 23),
        (Cu48Words(0x61, 0x75), "02 00 00 61 03 66", 0),
        (EightWords(high_first=True), "8A 01 18 11 82", 23),
        (EightWords(high_first=True), "80 01 00 33 B2", None),
        (ModbusWords(False, 0, False, False), "01 05 02 03 00 05", 3),
        (ModbusWords(False, 0, False, False), "01 05 02 03 00 00", None),
        (ModbusWords(True, 1, False, False), "01 06 00 04 05 00", 3),
        (ModbusWords(True, 0, False, False), "01 06 00 04 02 00", None),
    ],
)
def test_an_unlock_order_is_recognised_by_its_bytes(words: Words, text: str, channel: int | None) -> None:
    """The papers' frames; a question, or switching off, is no order."""
    data = frame(text)
    assert words.order(data + crc(data) if isinstance(words, ModbusWords) else data) == channel


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (Cu16Words(), "02 00 35 FE FF 01 00 03 38", (0xFFFE, 0xFFFF)),
        (Cu16Words(), "02 10 35 7F 00 80 00 03 49", (0x7F << 16, 0xFFFF << 16)),
        (Cu48Words(0x51, 0x65), "02 00 00 65 FE FF FF 00 00 00 03 66", (SHUT_24 - 1, (1 << 48) - 1)),
        (EightWords(high_first=True), "80 01 7F FF FF 33 CD", (SHUT_24 >> 1, SHUT_24)),
        (EightWords(high_first=False), "80 01 7F FF FF 33 CD", (0xFFFF7F, SHUT_24)),
    ],
)
def test_states_are_found_amid_garbage(words: Words, text: str, found: tuple[int, int]) -> None:
    """Each whole reply once, wherever it begins; a half one waits."""
    data = frame(text)
    buffer = bytearray(b"\x55" + data[:3])
    assert list(words.states(buffer)) == []
    buffer += data[3:]
    assert list(words.states(buffer)) == [found] and not buffer
    spoilt = bytearray(data[:-1] + bytes((data[-1] ^ 1,)))
    assert list(words.states(spoilt)) == []


@pytest.mark.parametrize(("discrete", "high_first"), [(False, False), (False, True), (True, False)])
def test_modbus_states_are_in_the_order_that_is_configured(discrete: bool, high_first: bool) -> None:
    """Two registers, either first, or 32 inputs in four bytes."""
    low, high = b"\xfe\xff", b"\x00\xff"
    data = low + high if discrete else low[::-1] + high[::-1] if not high_first else high[::-1] + low[::-1]
    head = bytes((2, 0x02 if discrete else 0x03, 4)) + data
    found = list(ModbusWords(False, 0, discrete, high_first).states(bytearray(head + crc(head))))
    assert found == [(0xFF00FFFE, (1 << 32) - 1)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in PINS])
def test_a_forged_frame_has_a_good_check_and_other_bytes(kind: str) -> None:
    """Sums and XOR do not see it; a CRC would, so those frames are left alone."""
    words, chance = words_of(Site(board=kind)), Random(1)
    frames = {
        Cu24Words: frame("02 00 05 81 00 00 03 8B"),
        Cu16Words: frame("02 05 31 03 3B"),
        Cu48Words: frame("02 00 05 51 03 5B"),
        EightWords: frame("8A 01 05 11 9F"),
        ModbusWords: frame("01 05 02 03 00 05") + crc(frame("01 05 02 03 00 05")),
    }
    data = frames[type(words)]
    for _ in range(200):
        forged = words.forged(data, chance)
        if isinstance(words, ModbusWords):
            assert forged == data and words.forged_from > 256
        elif isinstance(words, EightWords):
            assert forged != data and reduce(xor, forged) == 0 and forged[:2] == data[:2]
        else:
            at = 7 if isinstance(words, Cu24Words) else len(forged) - 1
            assert forged != data and (sum(forged) - forged[at]) % 256 == forged[at] and forged[0] == 2


def test_a_chattering_switch_is_one_thing_in_one_moment_for_every_chip() -> None:
    """Two chips asked in the same millisecond see the same contact, and what is written down is what the machine saw.

    Found by seed 940107: with two MCP23017, each second look at a chattering switch went to the other chip.
    """
    body, seen = Body(24, 1), list[tuple[int, int]]()
    watched = Watched(body, lambda channel, now_ms: None, lambda now_ms, closed: seen.append((now_ms, closed)))
    body.chatter(3)
    told = [(ms, [watched.closed_contacts(ms) for _ in range(2)]) for ms in range(0, 40, 8)]
    assert all(first == second for _, (first, second) in told)
    assert seen == [(ms, pair[0]) for ms, pair in told]
    assert len({pair[0] >> 3 & 1 for _, pair in told}) == 2


def test_what_chips_come_back_with_in_a_pulse_is_nobodys_order() -> None:
    """World 2800359 (0.5 days): the registers' supply dips ten milliseconds after the enable, and they come back with
    ones. Every lock gets what is left of the pulse: nothing but the wiring can prevent it (docs/hardware.md). The doors
    are seen and told, and no check takes it for an order; the twenty-fourth line of six doors has no lock.
    """
    plan = draw(7, 0.012, visits=600, faults=0, **drawn(7, "shift"))
    calm = campaign.play(plan, kept=None)
    coil_ms = [_ms(line) for line in calm.trace if " coil " in line]
    dip = {"board": 0, "for_ms": 300}
    first = max(happening.number for happening in plan.happenings) + 1
    dips = [Happening(number=first, at_ms=coil_ms[3] + 10, what="board_reboots", args=dip)]
    happenings = sorted([*plan.happenings, *dips], key=lambda found: found.at_ms)
    outcome = campaign.play(structs.replace(plan, happenings=happenings), kept=None)
    assert outcome.good, [outcome.error, outcome.breaches]
    assert sum(", not ordered" in line for line in outcome.trace) >= plan.site.doors - 1
    assert outcome.counts["event/wrong_door"] + outcome.counts["event/forced"] + outcome.counts["event/found_open"] > 0


def _ms(line: str) -> int:
    """The moment of a line of the trace."""
    days, time = line.split()[:2]
    hours, minutes, seconds = time.split(":")
    return ((int(days[:-1]) * 24 + int(hours)) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)
