"""A Honeywell, which reads on command: the document's bytes, and that a lost command costs five seconds at most."""

from __future__ import annotations

import pytest
from scanner_frames import HONEYWELL_READ, HONEYWELL_STOP
from scanner_rig import TOKEN, ScanDesk

from drivers import line_scanner
from sim.line_scanner import LineScanner
from sim.links import Faults


def test_documented_commands_are_those_bytes() -> None:
    """Read and stop."""
    assert bytes.fromhex(HONEYWELL_READ) == line_scanner.READ
    assert bytes.fromhex(HONEYWELL_STOP) == line_scanner.STOP


def test_it_is_told_to_read_at_once_after_each_code_and_every_five_seconds() -> None:
    """One command when the port opens, one half a second after a code, then the steady beat."""
    far = LineScanner(triggered=True)
    desk = ScanDesk("honeywell", far)
    desk.run(0)
    assert far.received == line_scanner.READ
    desk.show()
    desk.run(600)
    assert far.received == line_scanner.READ * 2 and desk.codes() == [TOKEN.encode()]
    desk.run(20_000)
    assert far.received == line_scanner.READ * 6


def test_a_code_after_a_code_is_read() -> None:
    """Each reading ends the scanner's own, and the next is begun."""
    far = LineScanner(triggered=True)
    desk = ScanDesk("honeywell", far)
    for number in range(10):
        desk.run(700)
        desk.show(f"LK1:{number}")
    desk.run(1000)
    assert desk.codes() == [b"LK1:%d" % number for number in range(10)] and far.unread == []


@pytest.mark.parametrize("seed", range(10))
def test_a_lost_command_costs_five_seconds_at_most(seed: int) -> None:
    """Two of three commands are lost, its own time-out is two seconds: a code that is held is read all the same."""
    far = LineScanner(triggered=True, read_ms=2000)
    desk = ScanDesk("honeywell", far, seed=seed)
    desk.wire.to_far = Faults(lose=0.6)
    desk.run(3000)
    desk.show(TOKEN, held_ms=60_000)
    desk.run(60_000)
    assert desk.codes() and set(desk.codes()) == {TOKEN.encode()}, f"seed {seed}"


def test_a_stuck_output_is_not_filled_with_commands() -> None:
    """While one command is held back no other is written: codes go on for an hour."""
    desk = ScanDesk("honeywell", LineScanner())
    desk.port.write_max = 0
    desk.run(60_000)
    desk.show()
    desk.run(100)
    assert desk.codes() == [TOKEN.encode()] and desk.count("sent") == 1 and desk.count("port_lost") == 0
