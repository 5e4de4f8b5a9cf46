"""The panel: the screen's Unix socket, over which screens go out and touches and typed codes come in.

Hardware: any touch screen with a program that shows what it is told (the kiosk page, the demo, a terminal).
Wire: a Unix stream socket, mode 0600, one JSON object a line. Out: ``{"screen", "number", "door", "offers",
    "reason", "ticket", "remaining_ms", "receipt", "invite", "digits", "facts", "rows"}``, each row with the names
    of ``DoorRow``; in: ``{"touch", "screen"}``, or ``{"typed", "screen"}`` with 1 to 8 digits. A client gets the
    last screen at once.
Source: locker.model, ``Show``, ``Touched`` and ``Typed``; this is our own wire.
Quirks: a socket file outlives a killed process: a file nobody answers on is replaced, one that somebody answers
    on is not, and a file that is no socket is never removed. A slow, dead or babbling client is dropped and counted.

Knows sockets and lines. Must never know what a button or a code means, and never opens a door: it only passes them on.
What was typed is in no log, no error and no ``repr`` of ours.
"""

from __future__ import annotations

import json
import selectors
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from locker.config import Panel
from locker.model import Act, Event, Now, PortBack, PortLost, Show, Touched, Typed

CLIENTS_MAX = 8
LINE_BYTES_MAX = 512
READ_BYTES = 4096
PENDING_BYTES_MAX = 16_384
RETRY_MS = 1000
COUNTED = ("screens", "touches", "entries", "accepted", "dropped", "malformed", "overlong", "slow")


class Touch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client may send: the button's name and the number of the screen that it was on."""

    touch: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9_]+(:[a-z0-9_]+)?\Z")]
    screen: Annotated[int, Meta(ge=0, le=2**53)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The other thing that a client may send: what was typed on the keypad, and the number of its screen."""

    typed: Annotated[str, Meta(min_length=1, max_length=8, pattern=r"^[0-9]+\Z")]
    screen: Annotated[int, Meta(ge=0, le=2**53)]

    def __repr__(self) -> str:
        return f"Entry(typed=..., screen={self.screen})"


@dataclass(slots=True, eq=False)
class Client:
    """One connected screen, with what it has not finished saying and what it has not yet taken."""

    link: socket.socket
    heard: bytearray = field(default_factory=bytearray, repr=False)
    pending: bytearray = field(default_factory=bytearray)


class PanelDriver:
    """The ``Driver`` of the panel socket; ``refresh`` gives ``Touched`` and ``Typed``, ``perform`` takes ``Show``."""

    def __init__(self, config: Panel) -> None:
        """Prepare without touching the disk; the socket is made at the first ``refresh``."""
        self._path = Path(config.socket)
        self._selector = selectors.EpollSelector()
        self._listener: socket.socket | None = None
        self._inode = 0
        self._retry_ms: int | None = 0
        self._lost = False
        self._clients: list[Client] = []
        self._shown: Show | None = None
        self._shown_ms = 0
        self._counts = dict.fromkeys(COUNTED, 0)

    @property
    def name(self) -> str:
        """The device's name in events."""
        return "panel"

    def fileno(self) -> int | None:
        """One descriptor for the listener and all clients, or None while there is no socket."""
        return self._selector.fileno() if self._listener else None

    def deadline_ms(self) -> int | None:
        """When to try again to make the socket; None once it is there."""
        return self._retry_ms

    def refresh(self, now: Now) -> list[Event]:
        """Make the socket if it is missing, take in new clients, read what they say, send what was left over."""
        events: list[Event] = []
        if self._listener is None:
            events += self._listen(now)
        for key, mask in self._selector.select(0) if self._listener else ():
            if key.data is None:
                self._admit(now)
                continue
            if mask & selectors.EVENT_WRITE:
                self._flush(key.data)
            if mask & selectors.EVENT_READ and key.data in self._clients:
                events += self._read(key.data)
        return events

    def accepts(self, act: Act) -> bool:
        """Only screens are for the panel."""
        return isinstance(act, Show)

    def perform(self, act: Act, now: Now) -> None:
        """Send a screen to every client, and keep it for those that connect later."""
        if not isinstance(act, Show):
            return
        self._shown, self._shown_ms = act, now.ms
        self._counts["screens"] += 1
        for client in list(self._clients):
            self._send(client, now)

    def counters(self) -> dict[str, int]:
        """Screens, touches, entries on the keypad (how many, never which), clients accepted and dropped, and why."""
        return dict(self._counts)

    def close(self) -> None:
        """Drop all clients and remove the socket file if it is still ours."""
        for client in list(self._clients):
            self._forget(client)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            if _inode(self._path) == self._inode:
                self._path.unlink(missing_ok=True)
        self._selector.close()

    # --- the socket file ---

    def _listen(self, now: Now) -> list[Event]:
        if self._retry_ms is None or now.ms < self._retry_ms:
            return []
        try:
            _refuse_unless_stale(self._path)
            self._listener = _bound(self._path)
        except OSError as error:
            self._retry_ms = now.ms + RETRY_MS
            first, self._lost = not self._lost, True
            return [PortLost(self.name, f"{self._path}: {error}")] if first else []
        self._inode, self._retry_ms = _inode(self._path), None
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        was_lost, self._lost = self._lost, False
        return [PortBack(self.name, str(self._path))] if was_lost else []

    # --- clients ---

    def _admit(self, now: Now) -> None:
        assert self._listener is not None
        try:
            link, _ = self._listener.accept()
        except OSError:
            return
        link.setblocking(False)
        if len(self._clients) >= CLIENTS_MAX:
            self._counts["dropped"] += 1
            link.close()
            return
        client = Client(link)
        self._clients.append(client)
        self._selector.register(link, selectors.EVENT_READ, client)
        self._counts["accepted"] += 1
        if self._shown is not None:
            self._send(client, now)

    def _read(self, client: Client) -> list[Event]:
        try:
            data = client.link.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self._forget(client)
            return []
        client.heard += data
        *lines, rest = client.heard.split(b"\n")
        client.heard = bytearray(rest)
        said, fault = _understood(lines)
        if len(rest) > LINE_BYTES_MAX:
            fault = fault or "overlong"
        for event in said:
            self._counts["touches" if isinstance(event, Touched) else "entries"] += 1
        if fault:
            self._counts[fault] += 1
            self._drop(client)
        return list(said)

    def _send(self, client: Client, now: Now) -> None:
        assert self._shown is not None
        client.pending += encode(self._shown, now.ms - self._shown_ms)
        self._flush(client)
        if len(client.pending) > PENDING_BYTES_MAX and client in self._clients:
            self._counts["slow"] += 1
            self._drop(client)

    def _flush(self, client: Client) -> None:
        try:
            if client.pending:
                sent = client.link.send(client.pending)
                del client.pending[:sent]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.pending else 0)
        if self._selector.get_key(client.link).events != wanted:
            self._selector.modify(client.link, wanted, client)

    def _drop(self, client: Client) -> None:
        self._counts["dropped"] += 1
        self._forget(client)

    def _forget(self, client: Client) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.link)
        client.link.close()


def encode(show: Show, age_ms: int) -> bytes:
    """Return a screen as its line; the time left is what remains after ``age_ms``, at least 1 if it had a limit."""
    remaining_ms = max(1, show.remaining_ms - age_ms) if show.remaining_ms else 0
    message = {
        "screen": show.name,
        "number": show.number,
        "door": show.door,
        "offers": list(show.offers),
        "reason": show.reason,
        "ticket": show.ticket,
        "remaining_ms": remaining_ms,
        "receipt": show.receipt,
        "invite": show.invite,
        "digits": show.digits,
        "facts": dict(show.facts),
        "rows": [asdict(row) for row in show.rows],
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _understood(lines: list[bytearray]) -> tuple[list[Touched | Typed], str]:
    said: list[Touched | Typed] = []
    for line in lines:
        if len(line) > LINE_BYTES_MAX:
            return said, "overlong"
        event = _said(line)
        if event is None:
            return said, "malformed"
        said.append(event)
    return said, ""


def _said(line: bytearray) -> Touched | Typed | None:
    readers: tuple[Callable[[bytearray], Touched | Typed], ...] = (_touched, _typed)
    for read in readers:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            return read(line)
    return None


def _touched(line: bytearray) -> Touched:
    touch = msgspec.json.decode(line, type=Touch)
    return Touched(touch.touch, touch.screen)


def _typed(line: bytearray) -> Typed:
    entry = msgspec.json.decode(line, type=Entry)
    return Typed(entry.typed, entry.screen)


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return -1


def _refuse_unless_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError("is there and is not a socket; move it away or configure another panel.socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        raise FileExistsError("another process answers on it; stop that one or configure another panel.socket")


def _bound(path: Path) -> socket.socket:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(fresh))
        fresh.chmod(0o600)
        listener.listen(CLIENTS_MAX)
        listener.setblocking(False)
        fresh.rename(path)
    except OSError:
        listener.close()
        fresh.unlink(missing_ok=True)
        raise
    return listener
