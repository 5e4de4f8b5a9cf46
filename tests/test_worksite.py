"""The real computer's side of commissioning: names of ports, and waiting that ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers.port import PortGone, SerialPort
from drivers.tcp_port import TcpPort
from locker import clock
from locker.config import Scanner
from locker.worksite import Worksite, keyboards, serial_ports


def a_dev(root: Path, *names: str) -> None:
    """Devices as files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_each_device_is_named_once_by_the_name_that_stays(tmp_path: Path) -> None:
    """A USB adapter goes by its socket, not by ttyUSB0; one that has no such name by the kernel's."""
    a_dev(tmp_path, "ttyUSB0", "ttyACM0", "ttyAMA0", "null")
    by_path = tmp_path / "serial" / "by-path" / "usb-0:1.1-port0"
    by_path.parent.mkdir(parents=True)
    by_path.symlink_to("../../ttyUSB0")
    assert serial_ports(tmp_path) == (str(by_path), str(tmp_path / "ttyACM0"), str(tmp_path / "ttyAMA0"))


def test_only_what_types_is_a_keyboard(tmp_path: Path) -> None:
    """By its name in by-id."""
    a_dev(tmp_path, "input/by-id/usb-Maker_Scanner-event-kbd", "input/by-id/usb-Maker_Mouse-event-mouse")
    assert keyboards(tmp_path) == (str(tmp_path / "input/by-id/usb-Maker_Scanner-event-kbd"),)
    assert keyboards(tmp_path / "none") == serial_ports(tmp_path / "none") == ()


def test_waiting_ends_at_its_time_or_when_something_arrives() -> None:
    """A moment that is past is not waited for; a readable descriptor ends the wait."""
    site = Worksite(clock.now)
    site.wait(site.now().ms - 5, [])
    reader, writer = os.pipe()
    try:
        os.write(writer, b"x")
        site.wait(site.now().ms + 60_000, [reader])
        assert os.read(reader, 1) == b"x"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_port_is_a_serial_one_or_a_servers() -> None:
    """By its name; neither is opened yet, and a scanner's is left to its driver."""
    site = Worksite(clock.now)
    assert isinstance(site.open_port("tcp://192.168.1.50:5000", 9600), TcpPort)
    serial = site.open_port("/dev/none", 9600)
    assert isinstance(serial, SerialPort)
    with pytest.raises(PortGone):
        serial.open()
    assert site.scanner_port(Scanner(port="/dev/none")) is None
