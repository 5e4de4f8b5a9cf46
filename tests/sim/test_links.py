"""Wires in memory and on pseudo-terminals: each fault does what its name says, and chance repeats with its seed."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from drivers.port import PortGone
from sim.links import BYTE_BY_BYTE, PERFECT, Faults, FaultyWire, MemoryPort
from sim.pty_port import PtyPort


class Recorder:
    """A far side that keeps what it hears and says what it is told to."""

    def __init__(self) -> None:
        """Nothing heard."""
        self.heard: list[tuple[int, bytes]] = []
        self.to_say = b""

    def feed(self, data: bytes, now_ms: int) -> None:
        """Hear."""
        if data:
            self.heard.append((now_ms, data))

    def refresh(self, now_ms: int) -> bytes:
        """Say."""
        said, self.to_say = self.to_say, b""
        return said

    def deadline_ms(self) -> int | None:
        """Nothing by itself."""
        return None


def passed(wire: FaultyWire, until_ms: int = 100) -> bytes:
    """All that reaches the host, with a clock that goes millisecond by millisecond."""
    return b"".join(wire.refresh(ms) for ms in range(until_ms))


def test_a_perfect_wire_carries_at_once() -> None:
    """Both ways, unchanged."""
    far = Recorder()
    wire = FaultyWire(far)
    wire.feed(b"ask", 5)
    far.to_say = b"answer"
    assert far.heard == [(5, b"ask")] and wire.refresh(5) == b"answer"
    assert wire.deadline_ms() is None


def test_byte_by_byte_takes_a_millisecond_each() -> None:
    """Three bytes, three moments, in order; the deadline is the next of them."""
    far = Recorder()
    wire = FaultyWire(far, BYTE_BY_BYTE, PERFECT)
    wire.feed(b"ask", 0)
    assert wire.deadline_ms() == 1
    passed(wire)
    assert far.heard == [(1, b"a"), (2, b"s"), (3, b"k")]


def test_delayed_chunks_do_not_overtake_each_other() -> None:
    """With any jitter the order stays."""
    for seed in range(50):
        far = Recorder()
        wire = FaultyWire(far, Faults(delay_ms=5, jitter_ms=40), seed=seed)
        for number in range(10):
            wire.feed(bytes((number,)), 0)
        passed(wire)
        assert b"".join(data for _, data in far.heard) == bytes(range(10))
        assert far.heard[0][0] >= 5


CERTAIN = {
    "lose": Faults(lose=1.0),
    "corrupt": Faults(corrupt=1.0),
    "truncate": Faults(truncate=1.0),
    "duplicate": Faults(duplicate=1.0),
    "garbage": Faults(garbage=1.0),
}


@pytest.mark.parametrize("fault", CERTAIN)
def test_each_fault_does_what_its_name_says(fault: str) -> None:
    """With certainty 1 it happens to every chunk and is counted; the seed decides how."""
    out = []
    for _ in range(2):
        far = Recorder()
        wire = FaultyWire(far, PERFECT, CERTAIN[fault], seed=9)
        far.to_say = b"0123456789"
        out.append(passed(wire))
        assert wire.happened == {fault: 1}
    assert out[0] == out[1]
    differing = sum(a != b for a, b in zip(out[0], b"0123456789", strict=False))
    assert {
        "lose": out[0] == b"",
        "corrupt": len(out[0]) == 10 and differing == 1,
        "truncate": b"0123456789".startswith(out[0]) and len(out[0]) < 10,
        "duplicate": out[0] == b"01234567890123456789",
        "garbage": out[0].endswith(b"0123456789") and len(out[0]) > 10,
    }[fault]


def test_an_echoing_wire_returns_what_is_sent() -> None:
    """And the far side hears it too."""
    far = Recorder()
    wire = FaultyWire(far, echo=True)
    wire.feed(b"ask", 0)
    assert wire.refresh(0) == b"ask" and far.heard == [(0, b"ask")]


def test_a_port_that_vanished_is_gone_until_it_is_opened_again() -> None:
    """Also after it came back: the old handle stays dead; open gives today's name."""
    port = MemoryPort(FaultyWire(Recorder()), "memory:0")
    assert port.open() == "memory:0"
    port.vanish()
    for use in (port.read, port.push, port.discard, port.open):
        with pytest.raises(PortGone):
            use()
    port.come_back("memory:1")
    with pytest.raises(PortGone):
        port.read()
    assert port.open() == "memory:1" and port.read() == b""


def test_what_is_said_while_nobody_listens_is_lost() -> None:
    """A port that is closed keeps nothing for later."""
    far = Recorder()
    port = MemoryPort(far)
    far.to_say = b"early"
    port.advance(1)
    port.open()
    far.to_say = b"now"
    port.advance(2)
    assert port.read() == b"now"


def test_reads_and_writes_may_be_cut_short() -> None:
    """read_max and write_max bytes a call, nothing lost; the deadline is now while something is unread."""
    far = Recorder()
    port = MemoryPort(far)
    port.read_max, port.write_max = 2, 3
    port.open()
    far.to_say = b"abcde"
    port.advance(7)
    assert port.deadline_ms() == 7
    assert [port.read() for _ in range(4)] == [b"ab", b"cd", b"e", b""]
    assert [port.write(b"12345"), port.push()] == [2, 0]
    assert [data for _, data in far.heard] == [b"123", b"45"]


def test_a_pseudo_terminal_is_replaced_under_the_same_link(tmp_path: Path) -> None:
    """Plugged in: the link leads to it. Unplugged: no link. Again: a link to a terminal that works."""
    far = Recorder()
    cable = PtyPort(tmp_path / "by-path" / "port0", far)
    assert os.path.realpath(cable.link) == cable.target
    cable.plug()
    assert cable.plugged
    cable.unplug()
    assert not cable.link.is_symlink() and cable.fileno() is None and cable.target == ""
    cable.pump(0)
    cable.plug()
    with cable.link.open("r+b", buffering=0) as near:
        near.write(b"hello\r\n\x03\x04")
        assert select.select([cable.fileno() or 0], [], [], 5)[0]
        cable.pump(1)
    assert far.heard == [(1, b"hello\r\n\x03\x04")]
    cable.close()


def test_a_forged_frame_has_the_same_sum_and_other_bytes() -> None:
    """A sum of bytes cannot see it: marks and length stay, something else changes, the frame's own rule still holds."""
    request = bytes((0x02, 0x00, 0x05, 0x81, 0x00, 0x00, 0x03, 0x8B))
    reply = bytes((0x02, 0x00, 0x00, 0x80, 0x10, 0x03, 0x03, 0x95, 0xFF, 0xFF, 0xFF))
    for seed in range(200):
        for frame in (request, reply):
            far = Recorder()
            FaultyWire(far, to_far=Faults(forge=1.0), seed=seed).feed(frame, 0)
            forged = far.heard[0][1]
            assert forged != frame and len(forged) == len(frame)
            assert (sum(forged[:7]) + sum(forged[8:])) % 256 == forged[7]
            assert [forged[at] for at in (0, 1, 4, 5, 6)] == [frame[at] for at in (0, 1, 4, 5, 6)]


def test_new_weather_brings_its_own_chance() -> None:
    """What a wire did before does not change what it does under new weather of the same seed."""
    heard = []
    for before in (0, 7):
        far = Recorder()
        wire = FaultyWire(far, to_far=Faults(lose=0.5), seed=1)
        for number in range(before):
            wire.feed(b"x", number)
        far.heard.clear()
        wire.set_weather(Faults(lose=0.5), PERFECT, seed=9)
        for number in range(40):
            wire.feed(bytes((number,)), 100)
        heard.append([data for _, data in far.heard])
    assert heard[0] == heard[1]
