"""Modbus relays and inputs: pulses that the board ends, everything off first, relays that stay on, two units."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from board_rig import PORT, RELAY_KINDS, BusBench, Team, a_cabinet
from frames import ELETECHSUP_OFF, WAVESHARE_OFF, raw
from rig import WIRES, Rig

from drivers.lock_boards import lock_boards
from locker.config_serial import EletechsupBoard, WaveshareBoard
from locker.model import (
    BoardSilent,
    DeviceTrouble,
    DoorSeen,
    Pulse,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
)
from sim.body import Body
from sim.links import Faults, FaultyWire, MemoryPort
from sim.modbus_boards import InputUnit, ModbusCabinet, RelayUnit, crc
from sim.rs485 import Rs485

ALL = tuple(range(1, 25))
OFF = {"waveshare": raw(WAVESHARE_OFF), "eletechsup": raw(ELETECHSUP_OFF)}


def a_bench(kind: str, echo: bool = False, **keys: Any) -> tuple[BusBench, RelayUnit, InputUnit]:
    """A cabinet on these relays, inputs in unit 2; both sides of it."""
    bench = BusBench(kind, echo=echo, **keys)
    (units,) = bench.boards
    assert isinstance(units, ModbusCabinet)
    return bench, units.relays, units.inputs


def heard(unit: RelayUnit | InputUnit, own: bool = True) -> list[bytes]:
    """The requests to one unit, in order."""
    return [r.frame for r in unit.received if not own or r.frame[0] == unit.address]


# --- pulses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pulse_ms", [100, 500, 1000])
def test_a_waveshare_pulse_has_the_configured_length_and_ends_by_itself(pulse_ms: int) -> None:
    """The board is told the time in the order itself; nothing is sent to end it."""
    bench, relays, _ = a_bench("waveshare", pulse_ms=pulse_ms)
    bench.settled()
    bench.order(Pulse(24))
    bench.run(2000)
    assert [(p.channel, p.pulse_ms) for p in bench.body.pulses] == [(23, pulse_ms)]
    assert heard(relays).count(OFF["waveshare"]) == 1, "only the one at the start"
    assert relays.on_mask(bench.ms) == 0


@pytest.mark.parametrize("base", [0, 1])
def test_an_eletechsup_pulse_lasts_a_second_with_either_channel_base(base: int) -> None:
    """Momentary: 1 s, fixed; an older board's first relay has the number 1."""
    bench, relays, _ = a_bench("eletechsup", channel_base=base)
    relays.base = base
    bench.settled()
    for door in (1, 24):
        bench.order(Pulse(door))
        bench.run(2500)
    assert [(p.channel, p.pulse_ms) for p in bench.body.pulses] == [(0, 1000), (23, 1000)]
    assert bench.told(DeviceTrouble) == []


def test_the_wrong_channel_base_is_noticed_before_any_pulse() -> None:
    """A board that counts from 1 refuses to be asked from 0, and the other way round: told, and never pulsed."""
    for ours, theirs in ((0, 1), (1, 0)):
        bench, relays, _ = a_bench("eletechsup", channel_base=ours, channels=32)
        relays.base = theirs
        bench.run(5000)
        bench.order(Pulse(1))
        assert bench.told(DoorSeen) == [] and bench.told(BoardSilent) and relays.unlocks == []
        assert "wrong kind of board" in {t.what for t in bench.told(DeviceTrouble)}


def test_a_second_pulse_waits_until_the_first_ones_second_is_over() -> None:
    """The spacing knows that an Eletechsup keeps a coil on for 1 s, whatever else is configured."""
    bench, _, _ = a_bench("eletechsup")
    bench.settled()
    bench.order(Pulse(1))
    bench.run(700)
    bench.order(Pulse(2))
    bench.run(3000)
    assert bench.body.breaches == [] and [p.channel for p in bench.body.pulses][:1] == [0]


@pytest.mark.parametrize("kind", RELAY_KINDS)
def test_the_answer_that_repeats_the_order_is_no_proof(kind: str) -> None:
    """Sent, then what the switch says; no PulseAnswered, with an echo and without."""
    for echo in (False, True):
        bench, _, _ = a_bench(kind, echo=echo)
        bench.settled()
        bench.order(Pulse(9))
        bench.run(1500)
        assert bench.told(PulseAnswered) == [] and bench.told(DoorSeen)[-1] == DoorSeen(9, True, fresh=True)
        assert bench.count("lost") == 0 and bench.count("late") <= echo, "the first answer behind a new echo is late"


@pytest.mark.parametrize("kind", RELAY_KINDS)
@pytest.mark.parametrize("echo", [True, False])
def test_a_relay_unit_that_dies_is_silence_though_its_echo_says_yes(kind: str, echo: bool) -> None:
    """The trap of these boards: the echo of a pulse is its confirmation. SILENT is told, and no door."""
    bench, relays, _ = a_bench(kind, echo=echo)
    bench.settled()
    bench.run(400)
    relays.power(False, bench.ms)
    bench.order(Pulse(9))
    bench.run(300)
    assert bench.told(PulseAnswered) == [PulseAnswered(9, PulseAnswer.SILENT)]
    assert [seen for seen in bench.told(DoorSeen) if seen.open] == []


@pytest.mark.parametrize(("code", "answer"), [(1, "unknown_command"), (2, "bad_data"), (3, "bad_data"), (4, "failed")])
def test_a_refused_pulse_is_told(code: int, answer: str) -> None:
    """A board without flash-on (the 32CH may be one): what it says is passed on, no coil moves."""
    bench, relays, _ = a_bench("waveshare")
    bench.settled()
    relays.flashes = False
    relays.mute_replies = 1
    bench.order(Pulse(9))
    refusal = bytes((1, 0x85, code))
    bench.port.inject(refusal + crc(refusal))
    bench.run(1500)
    assert [a.answer.value for a in bench.told(PulseAnswered)] == [answer]
    assert list(bench.body.pulses) == []


# --- everything off -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RELAY_KINDS)
def test_everything_is_off_before_anything_else(kind: str) -> None:
    """The first frame of a start is all off; the second asks whether it is so; then the doors."""
    bench, relays, _ = a_bench(kind)
    relays.switch(5, 600, 1000)
    bench.settled()
    first, second = heard(relays)[:2]
    assert first == OFF[kind] and second[1] == 0x01
    assert relays.on_mask(bench.ms) == 0 and bench.told(DeviceTrouble) == []


@pytest.mark.parametrize("kind", RELAY_KINDS)
def test_after_the_port_came_back_everything_is_off_first(kind: str) -> None:
    """Perhaps other boards are behind it."""
    bench, relays, _ = a_bench(kind)
    bench.settled()
    before = len(heard(relays))
    bench.port.vanish()
    bench.run(2000)
    bench.port.come_back()
    bench.run(3000)
    assert heard(relays)[before] == OFF[kind]


@pytest.mark.parametrize("kind", RELAY_KINDS)
def test_a_relay_that_somebody_else_switched_on_is_found_and_switched_off(kind: str) -> None:
    """Within a hundred looks at the doors; told once; afterwards pulses go out again."""
    bench, relays, _ = a_bench(kind)
    bench.settled()
    relays._off_ms[7] = bench.ms + 3_600_000
    bench.run(40_000)
    assert relays.on_mask(bench.ms) == 0
    assert [(t.what, t.detail[:2]) for t in bench.told(DeviceTrouble)] == [("relay on", "8 ")]
    bench.order(Pulse(3))
    bench.run(2000)
    assert [p.channel for p in bench.body.pulses] == [2]


@pytest.mark.parametrize("kind", RELAY_KINDS)
def test_while_a_relay_stays_on_nothing_is_pulsed(kind: str) -> None:
    """A welded contact: three times all off, then the doors are told, and every pulse is refused; at most one coil."""
    bench, relays, _ = a_bench(kind)
    relays.welded.add(7)
    bench.settled()
    assert heard(relays).count(OFF[kind]) == 3
    bench.order(Pulse(3))
    bench.run(1000)
    assert bench.told(PulseDropped) == [PulseDropped(3, "a relay stays on")] and list(bench.body.pulses) == []
    relays.welded.clear()
    bench.run(40_000)
    bench.order(Pulse(3))
    bench.run(1000)
    assert [p.channel for p in bench.body.pulses] == [2]


def test_a_look_at_the_relays_amid_a_pulse_ends_no_pulse() -> None:
    """Replies are lost right after the order: the relays are read while one is rightly on, and left alone."""
    for kind in RELAY_KINDS:
        bench, relays, inputs = a_bench(kind)
        bench.settled()
        bench.order(Pulse(3))
        inputs.mute_replies = 1
        bench.run(4000)
        assert [p.pulse_ms for p in bench.body.pulses] == [500 if kind == "waveshare" else 1000]
        assert bench.body.compartments[2].coil_off_ms == bench.body.pulses[0].ms + bench.body.pulses[0].pulse_ms
        assert heard(relays).count(OFF[kind]) == 1 and bench.told(DeviceTrouble) == []


# --- two units ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RELAY_KINDS)
@pytest.mark.parametrize("which", ["relays", "inputs"])
def test_either_unit_that_dies_is_a_silent_board(kind: str, which: str) -> None:
    """The doors may still be read, but nothing could be opened: within half a minute the board counts as silent."""
    bench, relays, inputs = a_bench(kind)
    bench.settled()
    (relays if which == "relays" else inputs).power(False, bench.ms)
    bench.run(35_000)
    assert len(bench.told(BoardSilent)) == 1
    (relays if which == "relays" else inputs).power(True, bench.ms)
    bench.run(5000)
    assert len({seen.door for seen in bench.told(DoorSeen)[24:]}) == 24


@pytest.mark.parametrize("inputs", ["discrete", "holding"])
@pytest.mark.parametrize("words", ["low_first", "high_first"])
@pytest.mark.parametrize("first", [0, 3, 8])
def test_inputs_are_read_from_anywhere_and_in_either_way(inputs: str, words: str, first: int) -> None:
    """Discrete inputs or registers, in both word orders, from the third or the eighth input on."""
    bench, _, unit = a_bench("waveshare", inputs=inputs, word_order=words, input_first=first, channels=24)
    unit.style, unit.high_first = inputs, words == "high_first"  # type: ignore[assignment]
    unit.wires = (0,) * first + tuple(range(24))
    for door in (1, 14, 17, 24):
        bench.body.stick_sensor(door - 1, False)
    bench.settled()
    assert {seen.door for seen in bench.told(DoorSeen) if seen.open} == {1, 14, 17, 24}


def test_a_board_with_relays_and_inputs_is_one_unit() -> None:
    """Waveshare (D): 8 relays and 8 inputs under one address."""
    body = Body(8)
    unit = ModbusCabinet(RelayUnit(body, 1, relays=8), InputUnit(body, 1, inputs=8))
    cfg = a_cabinet("waveshare", input_address=1, channels=8)
    cfg = msgspec.structs.replace(cfg, doors=cfg.doors[:8])
    port = MemoryPort(FaultyWire(unit))
    rig = Rig(Team(lock_boards(cfg, lambda _: port)), port)
    rig.run(1000)
    rig.order(Pulse(8))
    rig.run(1000)
    assert [p.channel for p in body.pulses] == [7] and rig.told(DoorSeen)[-1] == DoorSeen(8, True, fresh=True)


def test_two_kinds_of_relays_and_one_board_of_inputs_share_a_bus() -> None:
    """16 Waveshare relays as unit 1, 8 Eletechsup relays as unit 3, 32 inputs as unit 2 for both."""
    body = Body(24)
    line = Rs485(
        [
            RelayUnit(body, 1, range(16), relays=16),
            RelayUnit(body, 3, range(16, 24), relays=8, profile="eletechsup"),
            InputUnit(body, 2, style="holding"),
        ]
    )
    boards = [
        WaveshareBoard(port=PORT, name="main", address=1, input_address=2, inputs="holding", channels=16),
        EletechsupBoard(
            port=PORT, name="second", address=3, input_address=2, inputs="holding", channels=8, input_first=16
        ),
    ]
    cfg = msgspec.structs.replace(a_cabinet("kr-cu16"), boards=boards)
    port = MemoryPort(FaultyWire(line))
    rig = Rig(Team(lock_boards(cfg, lambda _: port)), port)
    rig.run(3000)
    assert len({seen.door for seen in rig.told(DoorSeen)}) == 24
    for door in (16, 24):
        rig.order(Pulse(door))
        rig.run(2500)
    assert [(p.channel, p.pulse_ms) for p in body.pulses] == [(15, 500), (23, 1000)]
    assert [seen.door for seen in rig.told(DoorSeen) if seen.open] == [16, 24] and line.collisions == 0


@pytest.mark.parametrize("what", ["too many relays", "wrong way to ask"])
def test_units_that_refuse_our_questions_are_another_kind(what: str) -> None:
    """Fewer relays than configured, or inputs that are asked in the other way: told, silent, never pulsed."""
    bench, relays, inputs = a_bench("waveshare")
    if what == "too many relays":
        relays.locks = 16
    else:
        inputs.style = "holding"
    bench.run(5000)
    assert bench.told(DoorSeen) == [] and bench.told(BoardSilent)
    assert {t.what for t in bench.told(DeviceTrouble)} == {"wrong kind of board"}
    bench.order(Pulse(1))
    bench.run(100)
    assert bench.told(PulseDropped) and relays.unlocks == []


def test_answers_of_another_length_unit_or_function_answer_nothing() -> None:
    """A reply for fewer inputs, from another unit, of another function: each is late, no door is told by it."""
    bench, _, inputs = a_bench("waveshare")
    inputs.mute_replies = 1_000_000
    bench.run(300)
    for body in ("02 02 03 00 00 00", "03 02 04 00 00 00 00", "02 01 04 00 00 00 00", "02 03 04 00 00 00 00"):
        for _ in range(3):
            bench.port.inject(raw(body) + crc(raw(body)))
            bench.run(100)
    assert bench.told(DoorSeen) == []


# --- wires ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", RELAY_KINDS)
@pytest.mark.parametrize("wire", WIRES)
def test_over_every_wire_with_an_echo_doors_are_told_truly(kind: str, wire: str) -> None:
    """Ten pulses under everything at once: as many coils at the most, each its own, none longer; then the truth."""
    bench, relays, _ = a_bench(kind, echo=True)
    bench.wire.to_far = bench.wire.to_near = WIRES[wire]
    bench.settled()
    for turn in range(10):
        door = 1 + turn * 7 % 24
        bench.order(Pulse(door))
        bench.run(2500)
        bench.body.shut(door - 1, bench.ms)
        bench.run(1500)
    sent = [one.door for one in bench.told(PulseSent)]
    opened = [lock + 1 for _, lock in relays.unlocks]
    assert opened == [door for door in sent if door in opened] and bench.body.breaches == []
    bench.wire.to_far = bench.wire.to_near = Faults()
    bench.run(5000)
    told = {seen.door: seen.open for seen in bench.told(DoorSeen)}
    assert told == {door: not bench.body.compartments[door - 1].shut for door in ALL}
    assert {p.pulse_ms for p in bench.body.pulses} == {500 if kind == "waveshare" else 1000}
