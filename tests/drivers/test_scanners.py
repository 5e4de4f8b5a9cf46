"""What holds for every scanner, whatever its model: codes, links, loss and return, rates, and what a pause means."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig import at
from scanner_rig import KINDS, LONG, TOKEN, WIRES, ScanDesk

from drivers.port import SerialPort
from drivers.readings import LINE_BYTES_MAX, Ending, Lines, Readings
from drivers.scanner import ScannerDriver
from drivers.scanners import scanner_driver, wire_of
from locker.config import Scanner
from locker.model import DeviceTrouble, Event, PortBack, PortLost, Pulse, Scanned
from sim.de2120 import De2120
from sim.gm65 import Gm65
from sim.line_scanner import LineScanner
from sim.links import FarSide
from sim.newland import Newland
from sim.pty_port import PtyPort
from sim.rates import RatedPort
from sim.ssi import SsiScanner

ROOT = Path(__file__).resolve().parent.parent.parent
SERIAL = [kind for kind in KINDS if kind != "keyboard"]
ASKING = ["gm65", "ssi", "de2120", "newland"]


@pytest.mark.parametrize("wire", [name for name in WIRES if name != "lossy"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_code_is_told_whole_and_once(kind: str, wire: str) -> None:
    """After the set-up, over each link that loses nothing; short and long."""
    desk = ScanDesk(kind, faults=WIRES[wire])
    desk.run(6000)
    desk.show()
    desk.run(90_000, until=lambda: len(desk.codes()) == 1)
    desk.run(1000)
    desk.show(LONG)
    desk.run(90_000, until=lambda: len(desk.codes()) == 2)
    desk.run(1000)
    assert desk.codes() == [TOKEN.encode(), LONG.encode()]
    assert [what for what in desk.troubles() if what != "setting refused"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_wire_is_survived_and_a_code_is_read_when_it_is_good_again(kind: str) -> None:
    """Bytes lost, damaged, cut and invented: nothing raises, nothing hangs; then the next code is told whole."""
    happened: Counter[str] = Counter()
    for seed in range(5):
        desk = ScanDesk(kind, faults=WIRES["lossy"], seed=seed)
        for _ in range(30):
            desk.show()
            desk.run(1700)
        desk.wire.set_weather(WIRES["perfect"], WIRES["perfect"])
        desk.run(40_000)
        told = len(desk.codes())
        desk.show()
        desk.run(3000)
        assert desk.codes()[told:] == [TOKEN.encode()], f"seed {seed}"
        happened += desk.wire.happened
    assert all(happened[fault] for fault in ("lose", "corrupt", "truncate", "garbage")), happened


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_vanishes_comes_back_and_reads(kind: str) -> None:
    """Lost and back once each, under another name; half a code from before is not glued to the next."""
    desk = ScanDesk(kind)
    desk.run(6000)
    desk.port.vanish()
    desk.run(5000)
    desk.port.come_back("memory:9")
    desk.run(6000)
    desk.show()
    desk.run(1000)
    assert desk.told(PortLost) and desk.told(PortBack) == [PortBack("scanner", "memory:9")]
    assert desk.codes() == [TOKEN.encode()]
    assert not desk.driver.accepts(Pulse(1))
    with pytest.raises(ValueError, match="takes no orders"):
        desk.driver.perform(Pulse(1), at(1))
    desk.driver.close()
    assert not desk.port.is_open


@pytest.mark.parametrize("kind", SERIAL)
def test_nothing_is_sent_to_a_scanner_that_is_not_to_be_set_up(kind: str) -> None:
    """``configure = false``: we only listen."""

    class Heard(LineScanner):
        """Takes down what it is sent."""

    far = Heard()
    desk = ScanDesk(kind, far, configure=False)
    desk.run(60_000)
    assert far.received == b"" and desk.driver.deadline_ms() is None
    desk.show("LK1:A")
    desk.run(500)
    assert desk.codes() == [b"LK1:A"]


@pytest.mark.parametrize("kind", ASKING)
def test_a_scanner_that_does_not_answer_is_told_once_and_still_read(kind: str) -> None:
    """Its text is taken all the same, and it is asked again every half minute."""
    far = LineScanner()
    desk = ScanDesk(kind, far)
    desk.run(120_000)
    assert desk.troubles() == ["not configured"]
    desk.show("LK1:ABCDEFGH")
    desk.run(500)
    assert desk.codes() == [b"LK1:ABCDEFGH"]


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_at_all_leave_it_reading(kind: str) -> None:
    """20,000 bytes of noise, seeded: nothing raises, no reading is empty or over 1024 bytes; then a code is read."""
    chance = Random(f"noise {kind}")
    desk = ScanDesk(kind)
    desk.run(6000)
    for _ in range(400):
        for code in desk.says(chance.randbytes(chance.randint(1, 100))):
            assert 0 < len(code) <= LINE_BYTES_MAX
        desk.run(chance.choice((0, 1, 40, 200)))
    desk.run(70_000)
    told = len(desk.codes())
    desk.show()
    desk.run(3000)
    assert desk.codes()[told:] == [TOKEN.encode()]


def test_each_kind_has_its_driver() -> None:
    """Also without a port given; and a kind that is none says so."""
    for kind in KINDS:
        driver = scanner_driver(Scanner(port="/nowhere", kind=kind))  # type: ignore[arg-type]
        assert isinstance(driver, ScannerDriver) and driver.fileno() is None
    with pytest.raises(ValueError, match=r"see scanner\.kind"):
        wire_of("camera")


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_configured_is_imported(kind: str) -> None:
    """A cabinet with one scanner carries one scanner's code."""
    program = (
        "import sys; from locker.config import Scanner; from drivers.scanners import scanner_driver; "
        f"scanner_driver(Scanner(port='/nowhere', kind='{kind}')); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    models = {"gm65", "ssi", "de2120", "newland", "line_scanner", "keyboard"}
    wanted = {"honeywell": {"line_scanner"}, "line": set()}.get(kind, {kind})
    assert models & {name.removeprefix("drivers.") for name in loaded.stdout.split()} == wanted


# --- the rate -------------------------------------------------------------------------------------


class Rated:
    """A scanner at a rate that the configuration does not know."""

    def __init__(self, kind: str, far: FarSide, baud: int, seed: int = 1) -> None:
        """``baud`` is the far side's."""
        self.baud = baud
        self.port = RatedPort(far, lambda: self.baud, seed=seed)
        config = Scanner(port="memory:0", kind=kind, baud=0)  # type: ignore[arg-type]
        self.desk = ScanDesk.__new__(ScanDesk)
        super(ScanDesk, self.desk).__init__(scanner_driver(config, self.port), self.port)


@pytest.mark.parametrize("baud", [9600, 19_200, 38_400, 57_600, 115_200])
@pytest.mark.parametrize("kind", ASKING)
def test_a_scanner_at_any_rate_is_found_and_told(kind: str, baud: int) -> None:
    """Within ten seconds, with the rate in words that can be written into the configuration; then it is set up."""
    far = KINDS[kind]()
    rated = Rated(kind, far, baud)
    rated.desk.run(15_000)
    found = [t.detail for t in rated.desk.told(DeviceTrouble) if t.what == "baud rate found"]
    assert len(found) == 1 and found[0].startswith(f"{baud};")
    far.show(TOKEN, rated.desk.ms)
    rated.desk.run(1000)
    assert rated.desk.codes() == [TOKEN.encode()]
    assert rated.desk.troubles() == ["baud rate found"]


def test_at_a_wrong_rate_nothing_is_a_code() -> None:
    """What a person shows while the rate is being looked for may be lost, but is never told as something else."""
    for seed in range(20):
        far = Gm65()
        far.zones[0x0000] = 0xD6
        rated = Rated("gm65", far, 19_200, seed)
        for _ in range(8):
            far.show(TOKEN, rated.desk.ms)
            rated.desk.run(400)
        rated.desk.run(10_000)
        assert set(rated.desk.codes()) <= {TOKEN.encode()}, f"seed {seed}"
        assert rated.port.line.garbled


def test_no_answer_at_any_rate_is_told_once_and_tried_again() -> None:
    """Every rate once, then half a minute of rest; a scanner that is plugged in later is found."""
    far = Gm65()
    far.mute, far.zones[0x0007] = True, 0x01
    rated = Rated("gm65", far, 57_600)
    rated.desk.run(100_000)
    assert rated.desk.troubles() == ["not found at any rate"]
    assert set(rated.port.tried[:5]) == {9600, 19_200, 38_400, 57_600, 115_200}
    far.mute = False
    rated.desk.run(60_000)
    assert "baud rate found" in rated.desk.troubles()


def test_a_scanner_that_changes_its_rate_is_found_again() -> None:
    """After a port loss another one answers at another rate: asked, not found, looked for, found."""
    far = Gm65()
    rated = Rated("gm65", far, 9600)
    rated.desk.run(10_000)
    rated.baud = 115_200
    rated.port.vanish()
    rated.desk.run(2000)
    rated.port.come_back()
    rated.desk.run(60_000)
    found = [t.detail[:6] for t in rated.desk.told(DeviceTrouble) if t.what == "baud rate found"]
    assert found == ["9600; ", "115200"]


def test_a_real_port_takes_another_rate_at_its_next_opening() -> None:
    """The kernel's own word, on a pseudo-terminal."""
    master, slave = os.openpty()
    port = SerialPort(os.ttyname(slave), 9600)
    speeds = []
    for baud in (0, 115_200):
        if baud:
            port.retune(baud)
        port.open()
        speeds.append(termios.tcgetattr(slave)[5])
    port.close()
    os.close(master)
    os.close(slave)
    assert speeds == [termios.B9600, termios.B115200]


@pytest.mark.parametrize("kind", SERIAL)
def test_the_real_port_on_a_pseudo_terminal(kind: str, tmp_path: Path) -> None:
    """Real pyserial, real bytes through the kernel, the driver as the program makes it: set up, unplugged, read."""
    far = KINDS[kind]()
    pty = PtyPort(tmp_path / "by-path" / "scanner", far)
    driver = scanner_driver(Scanner(port=str(pty.link), kind=kind, retry_port_ms=50))  # type: ignore[arg-type]
    told: list[Event] = []

    def run(begin_ms: int, end_ms: int) -> None:
        for ms in range(begin_ms, end_ms, 3):
            told.extend(driver.refresh(at(ms)))
            pty.pump(ms)

    run(1000, 3000)
    pty.unplug()
    run(3000, 3300)
    pty.plug()
    run(3300, 6000)
    far.show(LONG, 6000)
    run(6000, 6500)
    driver.close()
    pty.close()
    assert [e.data for e in told if isinstance(e, Scanned)] == [LONG.encode()]
    assert [type(e) for e in told if isinstance(e, PortLost | PortBack)] == [PortLost, PortBack]


# --- readings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "tail"),
    [("any", b"\r"), ("any", b"\n"), ("any", b"\r\n"), ("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n"), ("tab", b"\t")],
)
def test_a_line_scanner_ends_as_it_is_told(ending: Ending, tail: bytes) -> None:
    """At once, not after a pause."""
    desk = ScanDesk("line", LineScanner(tail), ending=ending)
    desk.run(10)
    assert desk.says(b"LK1:A" + tail + b"LK1:B" + tail) == [b"LK1:A", b"LK1:B"]
    assert desk.says(tail) == []


def test_without_a_terminator_quiet_is_the_end() -> None:
    """``none``: given out after ``quiet_ms``, no sooner, and not counted as a fault."""
    desk = ScanDesk("line", LineScanner(b""), ending="none", quiet_ms=80)
    desk.run(100)
    begun_ms = desk.ms
    desk.says(b"\tLK1:A B \r\n")
    desk.run(500)
    assert desk.log[-1] == (begun_ms + 80, Scanned(b"\tLK1:A B "))
    assert desk.count("unterminated") == 0


@pytest.mark.parametrize("pause_ms", range(10, 900, 37))
def test_a_wire_that_pauses_inside_a_code_does_not_cost_the_code(pause_ms: int) -> None:
    """Up to half a second: the whole is told. The half that was told before is nobody's code."""
    far = LineScanner()
    far.pause_at = (20, pause_ms)
    desk = ScanDesk("line", far)
    desk.run(10)
    desk.show()
    desk.run(2000)
    whole, half, rest = TOKEN.encode(), TOKEN.encode()[:20], TOKEN.encode()[20:]
    expected = [whole] if pause_ms <= 150 else [half, whole] if pause_ms <= 500 else [half, rest]
    assert desk.codes() == expected
    assert desk.count("rejoined") == (150 < pause_ms <= 500)


def test_a_code_that_pauses_twice_is_put_together() -> None:
    """Each part is joined to what came before it."""
    readings = Readings("any", 150)
    assert readings.feed(b"LK1:", 0) == [] and readings.settle(150) == b"LK1:"
    assert readings.feed(b"AB", 300) == [] and readings.settle(450) == b"LK1:AB"
    assert readings.feed(b"CD\r", 600) == [b"LK1:ABCD"]
    assert readings.feed(b"LK1:E\r", 610) == [b"LK1:E"]


def test_two_codes_that_ran_together_are_one_wrong_reading_and_the_next_is_right() -> None:
    """Where a terminator is lost without a pause nobody can tell them apart: the code's own checks refuse it."""
    desk = ScanDesk("line")
    desk.run(10)
    assert desk.says(b"LK1:ALK1:B\r") == [b"LK1:ALK1:B"]
    assert desk.says(b"LK1:B\r") == [b"LK1:B"]


def test_a_code_held_to_the_window_is_told_each_time_it_is_read() -> None:
    """A driver hides nothing: what a repeated code means is the cabinet's decision (``visit.repeat_ms``)."""
    desk = ScanDesk("line")
    desk.run(10)
    desk.show(TOKEN, held_ms=2000)
    desk.run(3000)
    assert desk.codes() == [TOKEN.encode()] * 7


def test_a_joined_reading_has_a_limit_too() -> None:
    """Over 1024 bytes in all, the parts stay parts."""
    readings = Readings("any", 150)
    readings.feed(b"A" * 1000, 0)
    assert readings.settle(150) == b"A" * 1000
    assert readings.feed(b"B" * 100 + b"\r", 200) == [b"B" * 100]


@given(st.lists(st.binary(max_size=200), max_size=8), st.integers(1, 50), st.sampled_from(("any", "cr", "tab", "none")))
def test_lines_of_any_ending_do_not_depend_on_how_they_are_cut(texts: list[bytes], step: int, ending: Ending) -> None:
    """Byte by byte or all at once: the same lines."""
    stream = b"\r".join(texts) + b"\r\t"
    whole, piecewise = Lines(ending), Lines(ending)
    expected = whole.feed(stream)
    assert [line for i in range(0, len(stream), step) for line in piecewise.feed(stream[i : i + step])] == expected
    assert whole.take() == piecewise.take()


@pytest.mark.parametrize("far", [SsiScanner(), De2120(), Newland()], ids=["ssi", "de2120", "newland"])
def test_a_scanner_that_cannot_be_shut_is_looked_at_again(far: SsiScanner | De2120 | Newland) -> None:
    """Every ``check_s``, or six hours where its memory would be written to; never in a hurry."""
    kind = {"SsiScanner": "ssi", "De2120": "de2120", "Newland": "newland"}[type(far).__name__]
    desk = ScanDesk(kind, far, check_s=600)
    desk.run(5000)
    sent = desk.count("sent")
    desk.run(3_600_000)
    more = desk.count("sent") - sent
    assert (6 * 6 <= more <= 60) if kind == "newland" else more == 0 if kind == "de2120" else more == 1800
