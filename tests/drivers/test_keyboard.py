"""A scanner that types: real ``input_event`` structs, on a virtual clock and through real descriptors of the kernel."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig import at
from scanner_rig import TOKEN, WIRES, ScanDesk

from drivers import keyboard
from drivers.keyboard import InputPort, KeyboardDriver, KeyWire
from drivers.port import PortGone
from drivers.scanner_wire import Reading, Trouble
from locker.config import Scanner
from locker.model import PortBack, PortLost, Scanned
from sim import keyboard as far_side
from sim.keyboard import UsbKeyboard, dropped, event, stroke, typed

PRINTABLE = "".join(map(chr, range(32, 127)))
ENTER, KP_ENTER, LEFT_SHIFT, RIGHT_SHIFT, CAPS_LOCK, CTRL, ALT, GREEK = 28, 96, 42, 54, 58, 29, 56, 300
HEADER = Path("/usr/include/linux/input-event-codes.h")


def keys(*codes: int) -> bytes:
    """Each key pressed and let go."""
    return b"".join(stroke(code, 1) + stroke(code, 0) for code in codes)


@pytest.fixture
def desk() -> ScanDesk:
    """A keyboard that is connected."""
    desk = ScanDesk("keyboard")
    desk.run(10)
    return desk


def test_the_kernels_struct_has_24_bytes() -> None:
    """Two longs, two shorts, one int, as on every 64-bit system."""
    assert keyboard.INPUT_EVENT.size == 24 == len(event(1, 2, 1))
    assert keyboard.INPUT_EVENT.unpack(event(1, 0x1E, 1, 1234)) == (1, 234_000, 1, 0x1E, 1)


@pytest.mark.skipif(not HEADER.exists(), reason="no kernel headers here")
def test_the_codes_are_those_of_the_kernels_own_header() -> None:
    """Every key of the map by its name there."""
    names = dict(re.findall(r"^#define KEY_(\w+)\s+(\d+)", HEADER.read_text(encoding="utf-8"), re.MULTILINE))
    words = {"-": "MINUS", "=": "EQUAL", "[": "LEFTBRACE", "]": "RIGHTBRACE", ";": "SEMICOLON", "'": "APOSTROPHE"}
    words |= {"`": "GRAVE", "\\": "BACKSLASH", ",": "COMMA", ".": "DOT", "/": "SLASH", " ": "SPACE", "\t": "TAB"}
    pad = {"7": "KP7", "8": "KP8", "9": "KP9", "-": "KPMINUS", "4": "KP4", "5": "KP5", "6": "KP6", "+": "KPPLUS"}
    pad |= {"1": "KP1", "2": "KP2", "3": "KP3", "0": "KP0", ".": "KPDOT", "*": "KPASTERISK", "/": "KPSLASH"}
    by_name = {int(names[name]): sign for sign, name in pad.items()}
    by_name |= {
        int(names[words.get(sign, sign.upper())]): sign for sign in (*words, *"abcdefghijklmnopqrstuvwxyz0123456789")
    }
    assert {code: chr(plain) for code, (plain, _) in keyboard.US_MAP.items()} == by_name
    assert [int(names[n]) for n in ("ENTER", "KPENTER", "LEFTSHIFT", "CAPSLOCK")] == [28, 96, 42, 58]


@given(st.text(alphabet=PRINTABLE, min_size=1, max_size=60))
def test_every_character_of_a_us_keyboard_comes_out_as_typed(text: str) -> None:
    """By the far side's own map; at once or event by event."""
    stream = b"".join(typed(text)) + keys(ENTER)
    assert KeyWire().feed(stream, False, 0) == [Reading(text.encode())]
    wire = KeyWire()
    pieces = [piece for i in range(0, len(stream), 7) for piece in wire.feed(stream[i : i + 7], False, 0)]
    assert pieces == [Reading(text.encode())]


def test_repeats_and_releases_and_lamps_are_no_keys(desk: ScanDesk) -> None:
    """A key that is held does not repeat itself into the code; Caps Lock changes a lamp and no letter."""
    held = stroke(30, 1) + stroke(30, 2) * 5 + stroke(30, 0)
    assert desk.says(held + keys(CAPS_LOCK) + keys(31) + event(0, 0, 0) + keys(ENTER)) == [b"as"]
    assert desk.says(stroke(RIGHT_SHIFT, 1) + keys(30) + stroke(RIGHT_SHIFT, 0) + keys(30, KP_ENTER)) == [b"Aa"]
    assert desk.says(keys(ENTER, ENTER)) == []


def test_both_shifts_held_and_one_let_go_is_still_shift(desk: ScanDesk) -> None:
    """Each key is held for itself."""
    both = stroke(LEFT_SHIFT, 1) + stroke(RIGHT_SHIFT, 1) + stroke(LEFT_SHIFT, 0)
    assert desk.says(both + keys(30) + stroke(RIGHT_SHIFT, 0) + keys(30, ENTER)) == [b"Aa"]


@pytest.mark.parametrize(
    "spoiling", [keys(GREEK), stroke(CTRL, 1) + keys(36) + stroke(CTRL, 0), stroke(ALT, 1) + keys(79) + stroke(ALT, 0)]
)
def test_what_is_not_in_the_map_spoils_its_reading_and_no_other(desk: ScanDesk, spoiling: bytes) -> None:
    """Another layout, Ctrl with a letter, Alt with digits: a code that is not all there is dropped, told, counted."""
    assert desk.says(keys(30) + spoiling + keys(31, ENTER)) == []
    assert desk.says(keys(32, ENTER)) == [b"d"]
    assert desk.troubles() == ["reading dropped"] and desk.count("bad") == 1


def test_keys_that_the_kernel_dropped_spoil_the_reading(desk: ScanDesk) -> None:
    """SYN_DROPPED, also while Shift was held: the next reading is right, in small letters."""
    assert desk.says(keys(30) + stroke(LEFT_SHIFT, 1) + dropped() + keys(31, ENTER)) == []
    assert desk.says(keys(32, ENTER)) == [b"d"]
    assert desk.troubles() == ["reading dropped"]


def test_half_a_reading_is_dropped_after_a_pause(desk: ScanDesk) -> None:
    """150 ms without a key: not given out, not put before the next; one that never presses Enter is told once."""
    desk.says(keys(30, 31))
    desk.run(149)
    assert desk.says(keys(32)) == []
    desk.run(200)
    assert desk.says(keys(33, ENTER)) == [b"f"]
    desk.says(stroke(LEFT_SHIFT, 1) + keys(30))
    desk.run(200)
    assert desk.says(keys(30, ENTER)) == [b"a"]
    mute = ScanDesk("keyboard", UsbKeyboard(enter=False))
    mute.run(10)
    for _ in range(3):
        mute.show()
        mute.run(3000)
    assert mute.codes() == [] and mute.troubles() == ["reading dropped"] and mute.count("bad") == 3


def test_a_reading_has_1024_keys_at_most() -> None:
    """One more spoils it."""
    wire = KeyWire()
    assert wire.feed(keys(30) * 1024 + keys(ENTER), False, 0) == [Reading(b"a" * 1024)]
    assert isinstance(wire.feed(keys(30) * 3000 + keys(ENTER), False, 0)[0], Trouble) and wire.bad == 1
    assert wire.feed(keys(30, ENTER), False, 0) == [Reading(b"a")]


def test_a_german_scanner_gives_other_text_or_none() -> None:
    """That is why the layout must be set to US English and proved with a printed code."""
    desk = ScanDesk("keyboard", UsbKeyboard(layout="german"))
    desk.run(10)
    desk.show("LK1:XYZ")
    desk.run(3000)
    assert desk.codes() == [b"LK1:XZY"]


@pytest.mark.parametrize("wire", ["perfect", "delayed"])
def test_a_code_is_typed_in_its_time(wire: str) -> None:
    """At 2 ms a stroke 46 characters take a quarter of a second, and the driver has them with the Enter."""
    desk = ScanDesk("keyboard", faults=WIRES[wire])
    desk.run(10)
    begun_ms = desk.ms
    desk.show()
    desk.run(3000)
    assert desk.codes() == [TOKEN.encode()]
    assert desk.log[-1][0] - begun_ms < 600


# --- the descriptor -------------------------------------------------------------------------------


class Device:
    """An input device as the kernel has it, made of a named pipe; what the grab does is written down."""

    def __init__(self, folder: Path) -> None:
        """By its name in by-id, which is a link."""
        self.node = folder / "event7"
        self.link = folder / "usb-Maker_Scanner-event-kbd"
        self.grabbed: list[int] = []
        self.refuse: OSError | None = None
        self.writer: int | None = None

    def plug(self, node: str = "event7") -> None:
        """Plug it in, perhaps as another node."""
        self.node = self.node.with_name(node)
        os.mkfifo(self.node)
        self.writer = os.open(self.node, os.O_RDWR | os.O_NONBLOCK)
        self.link.symlink_to(self.node)

    def unplug(self) -> None:
        """Pull it out: whoever has it open reads its end."""
        assert self.writer is not None
        os.close(self.writer)
        self.link.unlink()
        self.node.unlink()
        self.writer = None

    def type(self, data: bytes) -> None:
        """Keys are pressed."""
        assert self.writer is not None
        assert os.write(self.writer, data) == len(data)

    def grab(self, descriptor: int) -> None:
        """What EVIOCGRAB does, as far as it can be seen from here."""
        if self.refuse is not None:
            raise self.refuse
        self.grabbed.append(descriptor)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A device that is plugged in."""
    device = Device(tmp_path)
    device.plug()
    return device


def driver_of(device: Device) -> KeyboardDriver:
    """The real driver on the real descriptor; only the grab is the test's."""
    config = Scanner(port=str(device.link), kind="keyboard", retry_port_ms=1000)
    return KeyboardDriver(config, InputPort(str(device.link), device.grab))


def codes(driver: KeyboardDriver, ms: int) -> list[bytes]:
    """What one turn tells."""
    return [told.data for told in driver.refresh(at(ms)) if isinstance(told, Scanned)]


def test_real_structs_through_a_real_descriptor(device: Device) -> None:
    """Opened by its by-id name, grabbed before the first key is read, and read to the last struct."""
    driver = driver_of(device)
    assert codes(driver, 1000) == [] and device.grabbed == [driver.fileno()]
    stream = b"".join(typed(TOKEN)) + keys(ENTER)
    device.type(stream[:1000])
    assert codes(driver, 1001) == []
    device.type(stream[1000:])
    told = [code for ms in range(1002, 1012) for code in codes(driver, ms)]
    assert told == [TOKEN.encode()]


def test_it_is_unplugged_and_comes_back_as_another_node(device: Device) -> None:
    """Lost once, back once, grabbed anew; half a code from before is gone."""
    driver = driver_of(device)
    driver.refresh(at(1000))
    device.type(keys(30, 31))
    driver.refresh(at(1001))
    device.unplug()
    assert isinstance(driver.refresh(at(1002))[0], PortLost) and driver.fileno() is None
    assert driver.refresh(at(2500)) == []
    device.plug("event9")
    assert driver.refresh(at(4000)) == [PortBack("scanner", str(device.node))]
    device.type(keys(32, ENTER))
    assert codes(driver, 4001) == [b"d"] and len(device.grabbed) == 2


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.EBUSY, "another program has grabbed it"), (errno.EACCES, "group input"), (errno.EIO, "check the cable")],
)
def test_one_that_cannot_be_grabbed_is_not_read(device: Device, number: int, advice: str) -> None:
    """Not half taken: it is closed again, told with what to do, and tried later."""
    device.refuse = OSError(number, os.strerror(number))
    driver = driver_of(device)
    (lost,) = driver.refresh(at(1000))
    assert isinstance(lost, PortLost) and advice in str(lost)
    device.type(keys(30, ENTER))
    assert driver.refresh(at(1500)) == [] and driver.fileno() is None
    device.refuse = None
    assert isinstance(driver.refresh(at(2000))[0], PortBack)


def test_the_real_grab_refuses_what_is_no_input_device(device: Device) -> None:
    """The kernel's own word for a pipe; and the number of the call is the header's."""
    port = InputPort(str(device.link))
    with pytest.raises(PortGone, match="no input device"):
        port.open()
    assert not port.is_open
    number = 1 << 30 | struct.calcsize("i") << 16 | ord("E") << 8 | 0x90
    assert number == keyboard.EVIOCGRAB


def test_nothing_can_be_said_to_it(device: Device) -> None:
    """And closing twice, or reading when closed, is no surprise; the descriptor is not inherited by other programs."""
    port = InputPort(str(device.link), device.grab)
    with pytest.raises(PortGone, match="not open"):
        port.read()
    assert port.open() == str(device.node)
    descriptor = port.fileno()
    assert descriptor is not None and fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    with pytest.raises(ValueError, match="takes no bytes"):
        port.write(b"x")
    port.discard()
    assert (port.push(), port.read()) == (0, b"")
    os.close(descriptor)
    with pytest.raises(PortGone):
        port.read()
    port.close()


def test_the_far_side_types_what_the_document_says() -> None:
    """A stroke is scan code, key and report; nothing can be said to it."""
    assert [struct.unpack("@llHHi", stroke(30, 1)[i : i + 24])[2:] for i in (0, 24, 48)] == [
        (4, 4, 30),
        (1, 30, 1),
        (0, 0, 0),
    ]
    with pytest.raises(ValueError, match="was sent"):
        far_side.UsbKeyboard().feed(b"x", 0)
