"""The scanner's driver against the scanner's far side, on a virtual clock: codes, the set-up, and both at once."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from frames import GM65_COMMANDS, GM65_FAST_REPLY, GM65_SILENT, raw
from hypothesis import given
from hypothesis import strategies as st
from rig import Rig, at

from drivers import gm65_frames as frames
from drivers.gm65 import Gm65Driver
from drivers.gm65_frames import Reply, Sorter
from drivers.gm65_setup import settings
from drivers.readings import Lines
from locker.config import Scanner
from locker.model import DeviceKnown, DeviceTrouble, PortBack, PortLost, Pulse, Scanned
from sim.gm65 import Gm65
from sim.links import BYTE_BY_BYTE, DELAYED, PERFECT, Faults, FaultyWire, MemoryPort

SCANNER = Scanner(port="memory:0")
TOKEN = "LK1:6BFOXN*TS0BI$ZD.P9UOL97O4-2HH77HRM3DSPTU1Q"
WIRES = {"perfect": PERFECT, "byte by byte": BYTE_BY_BYTE, "delayed": DELAYED}
SET = {0x0000: 0xD6, 0x0003: 0x02, 0x0005: 0x0A, 0x0007: 0x01, 0x000D: 0x20, 0x0060: 0x01}


class Desk(Rig):
    """A scanner, a wire with faults, and the driver."""

    def __init__(self, faults: Faults = PERFECT, seed: int = 1, **keys: Any) -> None:
        """``keys`` change the scanner's configuration."""
        self.scanner = Gm65()
        self.wire = FaultyWire(self.scanner, PERFECT, faults, seed=seed)
        port = MemoryPort(self.wire)
        super().__init__(Gm65Driver(msgspec.structs.replace(SCANNER, **keys), port), port)

    def says(self, data: bytes) -> list[bytes]:
        """These bytes arrive in one piece; returns the codes told in that very turn."""
        self.port.advance(self.ms)
        self.port.inject(data)
        return [e.data for e in self.turn() if isinstance(e, Scanned)]

    def codes(self) -> list[bytes]:
        """All codes told so far."""
        return [scanned.data for scanned in self.told(Scanned)]

    def troubles(self) -> list[str]:
        """All troubles told so far."""
        return [trouble.what for trouble in self.told(DeviceTrouble)]

    def count(self, what: str) -> int:
        """One of the driver's counters."""
        return self.driver.counters()[what]


@pytest.fixture
def plain() -> Desk:
    """A scanner that is not to be set up, connected."""
    desk = Desk(configure=False)
    desk.run(10)
    return desk


@pytest.mark.parametrize(
    ("built", "printed"),
    [
        (frames.read_zone(0x000A), "7E 00 07 01 00 0A 01 EE 8A"),
        (frames.write_zone(0x000A, 0x3E), "7E 00 08 01 00 0A 3E 4C CF"),
        (frames.write_zone(0x0002, 0x01), "7E 00 08 01 00 02 01 02 DA"),
        (frames.write_zone(0x0002, 0x00), "7E 00 08 01 00 02 00 12 FB"),
        (frames.write_zone(0x0003, 0x02), "7E 00 08 01 00 03 02 01 88"),
        (frames.write_zone(0x0000, 0xD1), "7E 00 08 01 00 00 D1 AF C5"),
        (frames.read_zone(0x00E2), "7E 00 07 01 00 E2 01 77 91"),
        (frames.save(), "7E 00 09 01 00 00 00 DE C8"),
    ],
)
def test_documented_commands_are_built_byte_for_byte(built: bytes, printed: str) -> None:
    """Our side writes exactly the document's bytes."""
    assert built == raw(printed)


@pytest.mark.parametrize("reply", sorted({reply for _, reply in GM65_COMMANDS} | {GM65_FAST_REPLY}))
def test_documented_replies_are_taken_out_of_the_text_around_them(reply: str) -> None:
    """Text before, reply, text after: sorted, in order, whether or not one is due."""
    for due in (True, False):
        pieces = Sorter().feed(b"LK1:AB" + raw(reply) + b"CD\r", due)
        assert pieces == [b"LK1:AB", Reply(raw(reply)[4:-2]), b"CD\r"]


@pytest.mark.parametrize("text", GM65_SILENT)
def test_what_is_no_reply_is_text(text: str) -> None:
    """Commands and damaged frames are not taken for replies."""
    sorter = Sorter()
    pieces = sorter.feed(raw(text), False)
    assert not any(isinstance(piece, Reply) for piece in pieces)
    rest = sorter.settle(False)
    assert b"".join(p for p in pieces if isinstance(p, bytes)) + rest == raw(text)


def test_a_damaged_reply_does_not_stick_to_the_next_code() -> None:
    """While one is due it is dropped and counted; when none is, it is somebody's binary code and stays."""
    damaged = raw("02 00 00 01 00 33 30")
    sorter = Sorter()
    assert sorter.feed(damaged + b"LK1:X\r", True) == [b"LK1:X\r"]
    assert sorter.bad == 1
    assert b"".join(p for p in Sorter().feed(damaged + b"\r", False) if isinstance(p, bytes)) == damaged + b"\r"


@given(st.lists(st.sampled_from([b"LK1:ABC\r", b"\x02", b"\x02\x00", raw("02 00 00 01 00 33 31"), b"x\n"]), max_size=8))
def test_nothing_is_lost_or_invented_between_text_and_replies(pieces: list[bytes]) -> None:
    """However replies, control bytes and text follow each other, all bytes come out once, in order."""
    sorter = Sorter()
    out = b""
    for piece in pieces:
        for found in sorter.feed(piece, False):
            out += found if isinstance(found, bytes) else b"\x02\x00\x00\x01" + found.data + frames.checksum(b"\0\1\0")
    assert out + sorter.settle(False) == b"".join(pieces)


def test_mutated_streams_never_raise_and_never_give_a_reply_with_a_wrong_checksum() -> None:
    """20,000 seeded mutations of replies and tokens through sorter and lines; afterwards a token is read whole."""
    seed = 77
    chance = Random(seed)
    sorter, lines = Sorter(), Lines()
    good = [raw(reply) for _, reply in GM65_COMMANDS] + [TOKEN.encode() + b"\r"]
    for _ in range(20_000):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(0, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        for piece in sorter.feed(bytes(data), chance.random() < 0.5):
            if isinstance(piece, Reply):
                assert 1 <= len(piece.data) <= 16, f"seed {seed}"
            else:
                assert all(0 < len(line) <= 1024 for line in lines.feed(piece)), f"seed {seed}"
    lines.feed(sorter.settle(False) + b"\r")
    assert [lines.feed(p) for p in sorter.feed(TOKEN.encode() + b"\r", False) if isinstance(p, bytes)] == [
        [TOKEN.encode()]
    ]


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(0, 50))
def test_lines_do_not_depend_on_how_they_are_cut(texts: list[bytes], step: int) -> None:
    """Byte by byte or all at once: the same lines."""
    stream = b"\r".join(texts) + b"\r"
    whole, piecewise = Lines(), Lines()
    expected = whole.feed(stream)
    size = step or 1
    found = [line for at_ in range(0, len(stream), size) for line in piecewise.feed(stream[at_ : at_ + size])]
    assert found == expected


@pytest.mark.parametrize("tail", [b"\r", b"\n", b"\r\n", b"\r\r\n\n"])
def test_a_line_ends_with_any_terminator_and_empty_lines_are_nothing(plain: Desk, tail: bytes) -> None:
    """One code, once."""
    assert plain.says(b"\r\n" + TOKEN.encode() + tail) == [TOKEN.encode()]
    assert plain.says(b"\r\n\r") == []


def test_two_codes_in_one_read_are_two_events_in_one_turn(plain: Desk) -> None:
    """Which of them counts is the cabinet's decision."""
    assert plain.says(b"LK1:A\rLK1:B\r") == [b"LK1:A", b"LK1:B"]


def test_a_code_in_pieces_is_one_event(plain: Desk) -> None:
    """Pieces less than 150 ms apart belong together."""
    plain.says(b"LK1:")
    plain.run(149)
    assert plain.says(b"ABC\r") == [b"LK1:ABC"]


def test_a_code_that_lost_its_end_is_given_out_after_150_ms_of_quiet(plain: Desk) -> None:
    """Not earlier, not later, and the next one is not glued to it."""
    begun_ms = plain.ms
    plain.says(TOKEN.encode())
    plain.run(1000)
    assert plain.log[-1] == (begun_ms + 150, Scanned(TOKEN.encode()))
    assert plain.says(b"LK1:B\r") == [b"LK1:B"]
    assert plain.count("unterminated") == 1


def test_1024_bytes_are_a_code_and_one_more_is_dropped_with_a_report(plain: Desk) -> None:
    """The overlong line is dropped up to its end; the next is read."""
    assert plain.says(b"A" * 1024 + b"\r") == [b"A" * 1024]
    assert plain.says(b"A" * 3000) == []
    assert plain.says(b"AAAA\rLK1:C\r") == [b"LK1:C"]
    assert plain.troubles() == ["code too long"]
    assert plain.count("overlong") == 1


def test_after_an_overlong_line_without_end_quiet_is_the_end(plain: Desk) -> None:
    """The next code is not taken for the rest of the long one."""
    plain.says(b"A" * 3000)
    plain.run(200)
    assert plain.says(b"LK1:C\r") == [b"LK1:C"]


def test_an_idle_scanner_has_no_deadline(plain: Desk) -> None:
    """Nothing to do until bytes arrive: not one turn in a minute."""
    plain.scanner.zones[0x0007] = 0
    turns = plain.turns
    plain.run(60_000)
    assert plain.driver.deadline_ms() is None and plain.turns == turns


@pytest.mark.parametrize("wire", WIRES)
def test_the_set_up_reaches_every_zone_and_is_saved_once(wire: str) -> None:
    """Read, write what differs, read back, save; the unnamed bits of a zone stay as they were."""
    desk = Desk(WIRES[wire])
    desk.run(5000)
    assert {zone: desk.scanner.zones[zone] for zone in SET} == SET
    assert bytes(desk.scanner.eeprom[zone] for zone in SET) == bytes(SET.values())
    assert sorted(zone for _, zone, _ in desk.scanner.writes) == [0x0000, 0x0002, 0x0003, 0x0007]
    assert (desk.scanner.saves, desk.troubles()) == (1, [])
    assert desk.driver.deadline_ms() is None


def test_a_scanner_that_is_set_already_is_not_written_to_its_memory_again() -> None:
    """After a restart of ours: only reads, and the start command; no save, no wear."""
    desk = Desk()
    desk.run(5000)
    desk.port.vanish()
    desk.run(100)
    desk.port.come_back()
    desk.run(5000)
    assert desk.scanner.saves == 1
    assert [zone for _, zone, _ in desk.scanner.writes].count(0x0002) == 2
    assert len(desk.scanner.writes) == 5


def test_a_setup_code_has_no_effect_once_the_scanner_is_set_up() -> None:
    """Before: it reconfigures the scanner. After: it does not."""
    desk = Desk()
    desk.scanner.zones[0x0000] = 0xD6
    desk.scanner.show("^GM65^0005=63", 1000)
    assert desk.scanner.zones[0x0005] == 0x63
    desk.run(5000)
    assert desk.scanner.zones[0x0005] == 0x0A
    desk.scanner.show("^GM65^0005=63", desk.ms)
    assert desk.scanner.zones[0x0005] == 0x0A


def test_the_scanner_does_not_fall_asleep_after_the_set_up() -> None:
    """A minute of nothing, then a code is read; with auto-sleep on it would not have been."""
    desk = Desk()
    desk.run(60_000)
    desk.scanner.show(TOKEN, desk.ms)
    desk.run(100)
    assert desk.codes() == [TOKEN.encode()]
    sleepy = Desk(configure=False)
    sleepy.scanner.zones[0x0000] = 0xD6
    sleepy.run(60_000)
    sleepy.scanner.show(TOKEN, sleepy.ms)
    sleepy.run(100)
    assert sleepy.codes() == []


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("when_ms", range(0, 400, 31))
def test_no_code_is_lost_while_it_is_being_set_up(wire: str, when_ms: int) -> None:
    """Held before the scanner at any moment of the set-up: read once, whole; and the set-up still succeeds."""
    desk = Desk(WIRES[wire])
    desk.scanner.zones[0x0000] = 0xD6
    desk.run(when_ms)
    desk.scanner.show(TOKEN, desk.ms)
    desk.run(8000)
    assert desk.codes() == [TOKEN.encode()]
    assert desk.troubles() == [] and {zone: desk.scanner.zones[zone] for zone in SET} == SET


def test_a_paced_scanner_interleaves_codes_and_replies() -> None:
    """At 960 byte/s replies wait for the code that is leaving; nothing is lost, nothing times out."""
    desk = Desk()
    desk.scanner.paced = True
    desk.scanner.zones[0x0000] = 0xD6
    for _ in range(10):
        desk.run(60)
        desk.scanner.show(TOKEN, desk.ms)
    desk.run(5000)
    assert desk.codes() == [TOKEN.encode()] * 10
    assert desk.troubles() == []


def test_a_lossy_wire_still_ends_in_the_wanted_settings() -> None:
    """Replies lost and damaged: asked again, up to the slow retry; late ones never believed as another's."""
    happened: Counter[str] = Counter()
    for seed in range(8):
        desk = Desk(Faults(lose=0.1, corrupt=0.1, jitter_ms=30), seed)
        desk.run(600_000, until=lambda desk=desk: desk.driver.deadline_ms() is None)  # type: ignore[misc]
        assert {zone: desk.scanner.zones[zone] for zone in SET} == SET, f"seed {seed}"
        happened += desk.wire.happened
    assert happened["lose"] > 5 and happened["corrupt"] > 5


def test_replies_that_come_too_late_are_counted_and_not_believed() -> None:
    """Each reply 250 ms late against a time-out of 200 ms: never taken for the next one; told as not configured."""
    desk = Desk(Faults(delay_ms=250))
    desk.run(20_000)
    assert desk.count("late") == desk.count("lost") > 0
    assert desk.troubles() == ["not configured"]
    assert desk.scanner.writes == []


def test_a_mute_scanner_is_told_once_still_read_and_tried_again_slowly() -> None:
    """Not configured, once; codes arrive; it is asked again every 30 s and set up when it answers."""
    desk = Desk()
    desk.scanner.mute = True
    desk.scanner.zones[0x0000], desk.scanner.zones[0x0007] = 0xD6, 0x01
    desk.run(120_000)
    assert desk.troubles() == ["not configured"]
    assert desk.count("sent") <= 3 * 4
    desk.scanner.show(TOKEN, desk.ms)
    desk.run(1000)
    assert desk.codes() == [TOKEN.encode()]
    desk.scanner.mute = False
    desk.run(60_000)
    assert not desk.scanner.codes_open


def test_a_setting_that_is_acknowledged_but_not_kept_is_told() -> None:
    """Setup codes stay open on such a firmware: a technician must know; the other settings are made."""
    desk = Desk()
    desk.scanner.unkept_zones = {0x0003}
    desk.run(5000)
    assert desk.told(DeviceTrouble) == [
        DeviceTrouble("scanner", "setting not kept", "setup codes closed (zone 0003)"),
    ]
    assert desk.scanner.zones[0x0000] == 0xD6


def test_another_model_is_not_written_to() -> None:
    """A GM812 has another map: nothing is written, one report, codes are read."""
    desk = Desk()
    desk.scanner.zones[0x00E0] = 0x12
    desk.run(60_000)
    assert desk.scanner.writes == [] and desk.troubles() == ["not configured"]
    assert desk.says(b"LK1:A\r") == [b"LK1:A"]


def test_firmware_69_is_given_raw_data() -> None:
    """Zone 00BC = 08 for that version only."""
    desk = Desk()
    desk.scanner.zones[0x00E2] = 0x69
    desk.run(5000)
    assert desk.scanner.zones[0x00BC] == 0x08


def test_the_output_follows_the_port() -> None:
    """UART output on a UART, virtual COM on a ttyACM: never a setting that would cut our own line."""
    assert [s.value for s in settings(usb=True) if s.zone == 0x000D] == [0x03]
    desk = Desk()
    desk.scanner.usb = True
    desk.port.name = "/dev/ttyACM0"
    desk.run(5000)
    desk.scanner.show(TOKEN, desk.ms)
    desk.run(100)
    assert desk.codes() == [TOKEN.encode()]


def test_a_port_that_vanishes_comes_back_under_another_name_and_is_set_up_again() -> None:
    """Lost and back once each; half a code from before is not glued to the next."""
    desk = Desk()
    desk.run(3000)
    desk.says(b"LK1:HALF")
    desk.port.vanish()
    desk.run(5000)
    desk.scanner.power_cycle(desk.ms)
    desk.port.come_back("memory:9")
    desk.run(5000)
    assert [type(e) for _, e in desk.log] == [DeviceKnown, PortLost, PortBack]
    assert desk.told(PortBack) == [PortBack("scanner", "memory:9")]
    assert desk.told(DeviceKnown) == [DeviceKnown("scanner", "V1.00")], "told once: it is the same after as before"
    assert desk.says(b"LK1:NEXT\r") == [b"LK1:NEXT"]
    assert desk.count("cut_off") == 1


def test_a_stuck_output_does_not_stop_the_reading() -> None:
    """The set-up fails slowly, codes go on."""
    desk = Desk()
    desk.port.write_max = 0
    desk.run(3000)
    assert desk.says(b"LK1:A\r") == [b"LK1:A"]
    assert desk.troubles() == ["not configured"]


def test_a_scanner_takes_no_orders() -> None:
    """It accepts none and says so."""
    desk = Desk()
    assert not desk.driver.accepts(Pulse(1))
    with pytest.raises(ValueError, match="takes no orders"):
        desk.driver.perform(Pulse(1), at(1))
    desk.driver.close()
    assert not desk.port.is_open
