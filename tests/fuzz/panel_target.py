"""The panel's socket as a fuzzing target: a client says anything at all, over a real Unix socket.

What comes out must be what Python's own ``json`` reads in those lines, up to the first that is wrong; with that one the
client is dropped, and counted.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from drivers.panel import LINE_BYTES_MAX, READ_BYTES, PanelDriver
from locker.config import Panel
from locker.model import Event, Now, Touched, Typed

_HERE: list[tuple[PanelDriver, str]] = []
NOW = Now(ms=1000, wall_ms=1_763_812_800_000)


def _listening() -> tuple[PanelDriver, str]:
    """One panel for the whole process, in a folder of its own that goes with it."""
    if not _HERE:
        folder = tempfile.mkdtemp(prefix="fuzz-panel-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = str(Path(folder) / "panel.sock")
        driver = PanelDriver(Panel(socket=path))
        driver.refresh(NOW)
        _HERE.append((driver, path))
    return _HERE[0]


def panel(data: bytes) -> None:
    """A client connects, says this, and hangs up."""
    driver, path = _listening()
    before = driver.counters()
    data = data[: READ_BYTES - 1]
    events: list[Event] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(path)
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        for _ in range(4):
            events += driver.refresh(NOW)
    said, fault = understood(data)
    assert events == said, (events, said)
    after = driver.counters()
    counted = {key for key in ("malformed", "overlong") if after[key] > before[key]}
    assert counted == ({fault} if fault else set()), (counted, fault)
    assert after["accepted"] == before["accepted"] + 1
    assert after["dropped"] == before["dropped"] + bool(fault)


def understood(data: bytes) -> tuple[list[Event], str]:
    """The touches and typed codes in these bytes, and why the client is dropped (empty: it is not)."""
    *lines, rest = data.split(b"\n")
    found: list[Event] = []
    for line in lines:
        if len(line) > LINE_BYTES_MAX:
            return found, "overlong"
        event = _event(line)
        if event is None:
            return found, "malformed"
        found.append(event)
    return found, "overlong" if len(rest) > LINE_BYTES_MAX else ""


def _event(line: bytes) -> Event | None:
    """What one line means; None for nothing. A name that is there twice must be good both times; the last counts."""
    try:
        pairs = json.loads(line.decode(), object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Object) or {name for name, _ in pairs} not in ({"touch", "screen"}, {"typed", "screen"}):
        return None
    if not all(_good(name, value) for name, value in pairs):
        return None
    said = dict(pairs)
    if "touch" in said:
        return Touched(said["touch"], said["screen"])
    return Typed(said["typed"], said["screen"])


class _Object(list[tuple[str, Any]]):
    """An object of JSON as its pairs, so that none is lost."""


def _good(name: str, value: object) -> bool:
    """Whether a value may stand beside this name."""
    if name == "screen":
        return type(value) is int and 0 <= value <= 2**53
    return (
        type(value) is str and re.fullmatch("[a-z0-9_]{1,32}" if name == "touch" else "[0-9]{1,8}", value) is not None
    )
