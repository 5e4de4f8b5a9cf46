"""The kiosk: the residents' page over HTTP on this machine; screens go out, touches and typed codes come in.

Hardware: the cabinet's display with Chromium in kiosk mode (systemd/locker-kiosk.service); any browser on this machine.
Wire: HTTP on 127.0.0.1, ``kiosk.port``. ``GET /`` and its files; ``GET /live``, server-sent events ``setup``, ``day``,
    ``screen``, ``beat`` and first ``stream``, its number; ``POST /say`` with ``{"touch", "screen"}``, ``{"typed",
    "screen"}`` or ``{"language", "stream"}`` and nothing else.
Source: locker.model, ``Show``, ``Touched``, ``Typed`` and ``Chosen``; this is our own page.
Quirks: a browser resolves names as somebody else's server tells it to, so a request must name this host and port itself
    (no DNS rebinding), and what it says must come from this page (``Origin``). Chromium opens several connections and
    leaves them open: idle ones are closed, and the number is limited.

Knows sockets, paths and limits. Must never know what a button or a code means, and never opens a door: it only passes
them on. What was typed is in no log, no error and no ``repr`` of ours.
"""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from drivers.kiosk_http import Conversation, Refused, Request, event
from locker.config import Kiosk
from locker.model import Act, Chosen, Event, Language, Now, PortBack, PortLost, Show, Touched, Typed

LOOPBACK = "127.0.0.1"
CLIENTS_MAX = 16
LIVE_MAX = 4
READ_BYTES = 4096
PENDING_BYTES_MAX = 262_144
RETRY_MS = 1000
BEAT_MS = 5000
IDLE_MS = 20_000
DAY_MS = 20_000
SAID_MAX, SAID_SPAN_MS = 40, 10_000
COUNTED = ("screens", "beats", "touches", "entries", "choices", "accepted", "dropped", "refused", "hurried", "slow")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors http://127.0.0.1:* http://localhost:*; require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""On every answer. Only pages of this same machine may frame it: the demo does, and nobody else can serve one there."""


class Face(Protocol):
    """What there is to be shown, as the page wants it: JSON values, in every language."""

    def setup(self) -> dict[str, Any]:
        """What does not change."""

    def day(self, now: Now) -> dict[str, Any]:
        """What goes with the hour."""

    def said(self, show: Show) -> dict[str, Any]:
        """One screen."""


class Touch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A button's name and the number of the screen that it was on."""

    touch: Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9_]+(:[a-z0-9_]+)?\Z")]
    screen: Annotated[int, Meta(ge=0, le=2**53)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was typed on the keypad, and the number of its screen."""

    typed: Annotated[str, Meta(min_length=1, max_length=8, pattern=r"^[0-9]+\Z")]
    screen: Annotated[int, Meta(ge=0, le=2**53)]

    def __repr__(self) -> str:
        return f"Entry(typed=..., screen={self.screen})"


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The language that a page was switched to, "" when it went back by itself; and the number of its live stream."""

    language: Language
    stream: Annotated[int, Meta(ge=1, le=2**53)]


@dataclass(slots=True, eq=False)
class Client:
    """One connection; ``live`` is one that gets the screens. ``heard_ms`` is when it last said something.

    ``stream`` is the number of a live one, 0 for none.
    """

    link: socket.socket
    heard_ms: int
    talk: Conversation = field(default_factory=Conversation)
    pending: bytearray = field(default_factory=bytearray, repr=False)
    live: bool = False
    stream: int = 0


class KioskDriver:
    """The ``Driver`` of the page; ``refresh`` gives ``Touched``, ``Typed``, ``Chosen``, ``perform`` takes ``Show``."""

    def __init__(self, config: Kiosk, files: Mapping[str, tuple[str, bytes]], face: Face) -> None:
        """``files`` are the page's, by path: media type and bytes. The port is taken at the first ``refresh``."""
        self._port, self._files, self._face = config.port, files, face
        self._hosts = {f"{name}:{config.port}" for name in (LOOPBACK, "localhost")}
        self._selector = selectors.EpollSelector()
        self._listener: socket.socket | None = None
        self._retry_ms, self._beat_ms, self._day_ms = 0, 0, 0
        self._lost = False
        self._clients: list[Client] = []
        self._shown: Show | None = None
        self._shown_ms = 0
        self._view: dict[str, Any] | None = None
        self._day = ""
        self._said_ms: list[int] = []
        self._streams = 0
        self._switched: dict[int, Language] = {}
        self._language: Language = ""
        self._counts = dict.fromkeys(COUNTED, 0)

    @property
    def name(self) -> str:
        """The device's name in events."""
        return "kiosk"

    def fileno(self) -> int | None:
        """One descriptor for the listener and all clients, or None while the port is not ours."""
        return self._selector.fileno() if self._listener else None

    def deadline_ms(self) -> int | None:
        """When to try for the port again, send a sign of life, look at the hour, or close an idle connection."""
        if self._listener is None:
            return self._retry_ms
        times = [client.heard_ms + IDLE_MS for client in self._clients if not client.live]
        times += [self._beat_ms, self._day_ms] if any(client.live for client in self._clients) else []
        return min(times, default=None)

    def refresh(self, now: Now) -> list[Event]:
        """Take the port if it is missing, take in new clients, answer them, give what they said, keep them in touch."""
        events: list[Event] = self._listen(now) if self._listener is None else []
        for key, mask in self._selector.select(0) if self._listener else ():
            if key.data is None:
                self._admit(now)
                continue
            if mask & selectors.EVENT_WRITE:
                self._flush(key.data)
            if mask & selectors.EVENT_READ and key.data in self._clients:
                events += self._read(key.data, now)
        self._keep_up(now)
        return events + self._choice()

    def accepts(self, act: Act) -> bool:
        """Only screens are for the kiosk."""
        return isinstance(act, Show)

    def perform(self, act: Act, now: Now) -> None:
        """Send a screen to every page, and keep it for those that come later."""
        if not isinstance(act, Show):
            return
        self._shown, self._shown_ms, self._view = act, now.ms, None
        self._counts["screens"] += 1
        self._tell(lambda: self._screen(now))

    def counters(self) -> dict[str, int]:
        """Screens, beats, touches, entries (how many, never which), choices, clients, who was turned away and why."""
        return dict(self._counts)

    def close(self) -> None:
        """Hang up on everybody and give the port back."""
        for client in list(self._clients):
            self._forget(client)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        self._selector.close()

    # --- the port ---

    def _listen(self, now: Now) -> list[Event]:
        if now.ms < self._retry_ms:
            return []
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, self._port))
            listener.listen(CLIENTS_MAX)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            self._retry_ms = now.ms + RETRY_MS
            first, self._lost = not self._lost, True
            why = f"{LOOPBACK}:{self._port}: {error}; stop the program that has this port, or set another kiosk.port"
            return [PortLost(self.name, why)] if first else []
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, None)
        was_lost, self._lost = self._lost, False
        return [PortBack(self.name, f"{LOOPBACK}:{self._port}")] if was_lost else []

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
        client = Client(link, now.ms)
        self._clients.append(client)
        self._selector.register(link, selectors.EVENT_READ, client)
        self._counts["accepted"] += 1

    def _read(self, client: Client, now: Now) -> list[Event]:
        try:
            data = client.link.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data or client.live:  # a page that gets the screens has nothing to say on that connection
            self._forget(client)
            return []
        client.heard_ms = now.ms
        events: list[Event] = []
        for found in client.talk.hear(data):
            if isinstance(found, Refused):
                self._answer(client, found.status)
            else:
                events += self._serve(client, found, now)
        self._flush(client)
        return events

    def _serve(self, client: Client, request: Request, now: Now) -> list[Event]:
        """One request: a file, the live stream, or something that was touched."""
        if request.headers.get("host") not in self._hosts:
            self._answer(client, 421)
        elif request.method == "GET" and request.target == "/live":
            self._go_live(client, now)
        elif request.method == "GET" and request.target in self._files:
            kind, body = self._files[request.target]
            client.pending += client.talk.answer(200, HEADERS | {"content-type": kind}, body)
        elif request.method == "POST" and request.target == "/say":
            return self._hear(client, request, now)
        else:
            self._answer(client, 404 if request.method in ("GET", "POST") else 405)
        return []

    def _hear(self, client: Client, request: Request, now: Now) -> list[Event]:
        """A touch, a code or a language: only from this page, only in its form, only so many in a while."""
        said = _said(request.body) if request.headers.get("content-type") == "application/json" else None
        self._said_ms = [at for at in self._said_ms if now.ms - at < SAID_SPAN_MS]
        if request.headers.get("origin") != f"http://{request.headers.get('host')}":
            self._answer(client, 403)
        elif said is None or (isinstance(said, Choice) and said.stream not in self._streaming()):
            self._answer(client, 400)
        elif len(self._said_ms) >= SAID_MAX:
            self._counts["hurried"] += 1
            self._answer(client, 429)
        else:
            self._said_ms.append(now.ms)
            client.pending += client.talk.answer(204, HEADERS)
            return self._take(said)
        return []

    def _take(self, said: Touched | Typed | Choice) -> list[Event]:
        """Touches and codes are passed on as they are, languages together (``_choice``)."""
        if not isinstance(said, Choice):
            self._counts["touches" if isinstance(said, Touched) else "entries"] += 1
            return [said]
        self._counts["choices"] += 1
        self._switched.pop(said.stream, None)
        self._switched[said.stream] = said.language
        return []

    def _streaming(self) -> set[int]:
        """The numbers of the live pages."""
        return {client.stream for client in self._clients if client.live}

    def _choice(self) -> list[Event]:
        """News of the language: that of the page which was switched last and is there. One that has gone has none."""
        live = self._streaming() if self._switched else set()
        self._switched = {stream: chosen for stream, chosen in self._switched.items() if chosen and stream in live}
        before, self._language = self._language, next(reversed(self._switched.values()), "")
        return [Chosen(self._language)] if self._language != before else []

    def _answer(self, client: Client, status: int) -> None:
        self._counts["refused"] += 1
        client.pending += client.talk.answer(status, HEADERS)

    # --- the live stream ---

    def _go_live(self, client: Client, now: Now) -> None:
        if sum(other.live for other in self._clients) >= LIVE_MAX:
            return self._answer(client, 503)
        self._streams += 1
        client.live, client.stream = True, self._streams
        client.pending += client.talk.begin(HEADERS | {"content-type": "text/event-stream"})
        self._day = _text(self._face.day(now))
        self._beat_ms, self._day_ms = now.ms + BEAT_MS, now.ms + DAY_MS
        first = b"retry: 500\n\n" + event("stream", str(client.stream))
        first += event("setup", _text(self._face.setup())) + event("day", self._day)
        self._send(client, first + (self._screen(now) if self._shown else b""))
        return None

    def _screen(self, now: Now) -> bytes:
        """The screen that is shown, as an event; the time left is what remains now, at least 1 if it had a limit."""
        assert self._shown is not None
        if self._view is None:
            self._view = self._face.said(self._shown)
        left = self._shown.remaining_ms
        remaining_ms = max(1, left - (now.ms - self._shown_ms)) if left else 0
        return event("screen", _text(self._view | {"remaining_ms": remaining_ms}))

    def _keep_up(self, now: Now) -> None:
        """Signs of life, another hour, and idle connections closed."""
        for client in [c for c in self._clients if not c.live and now.ms - c.heard_ms >= IDLE_MS]:
            self._forget(client)
        if now.ms >= self._day_ms and any(client.live for client in self._clients):
            self._day_ms, before, self._day = now.ms + DAY_MS, self._day, _text(self._face.day(now))
            if self._day != before:
                self._tell(lambda: event("day", self._day))
        if now.ms >= self._beat_ms and any(client.live for client in self._clients):
            self._beat_ms = now.ms + BEAT_MS
            self._counts["beats"] += 1
            self._tell(lambda: event("beat", str(self._counts["beats"])))

    def _tell(self, what: Any) -> None:
        """Send an event to every page; it is made only if there is one."""
        pages = [client for client in self._clients if client.live]
        said: bytes = what() if pages else b""
        for client in pages:
            self._send(client, said)

    def _send(self, client: Client, piece: bytes) -> None:
        client.pending += client.talk.go_on(piece)
        self._flush(client)
        if len(client.pending) > PENDING_BYTES_MAX and client in self._clients:
            self._counts["slow"] += 1
            self._forget(client)

    def _flush(self, client: Client) -> None:
        if client not in self._clients:
            return None
        try:
            if client.pending:
                sent = client.link.send(client.pending)
                del client.pending[:sent]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            return self._forget(client)
        if client.talk.over and not client.pending:
            return self._forget(client)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.pending else 0)
        if self._selector.get_key(client.link).events != wanted:
            self._selector.modify(client.link, wanted, client)
        return None

    def _forget(self, client: Client) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.link)
        client.link.close()


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _said(body: bytes) -> Touched | Typed | Choice | None:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        touch = msgspec.json.decode(body, type=Touch)
        return Touched(touch.touch, touch.screen)
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        entry = msgspec.json.decode(body, type=Entry)
        return Typed(entry.typed, entry.screen)
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(body, type=Choice)
    return None
