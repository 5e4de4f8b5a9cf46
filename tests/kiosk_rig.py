"""The kiosk's driver with its port: plain sockets as browsers, and a face that says a screen by its name.

``Rig`` turns the driver on a virtual clock; what comes back on a connection is read as it is on the wire.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from drivers.kiosk import KioskDriver
from locker.config import Kiosk
from locker.model import Event, Now, Show

FILES = {"/": ("text/html; charset=utf-8", b"<!doctype html>"), "/app.js": ("text/javascript", b"//")}


class PlainFace:
    """A face that says a screen by its name; ``night`` is what it says of the hour."""

    night = False

    def setup(self) -> dict[str, Any]:
        """A word."""
        return {"page": "p"}

    def day(self, now: Now) -> dict[str, Any]:
        """The hour."""
        return {"night": self.night}

    def said(self, show: Show) -> dict[str, Any]:
        """The screen's name and number."""
        return {"name": show.name, "number": show.number}


def at(ms: int) -> Now:
    """An instant."""
    return Now(ms, ms)


class Rig:
    """The driver with its port, and plain sockets as browsers."""

    def __init__(self, port: int) -> None:
        self.port, self.face, self.ms = port, PlainFace(), 0
        self.driver = KioskDriver(Kiosk(port=port), FILES, self.face)
        self.links: list[socket.socket] = []
        self.heard: list[Event] = []

    def turn(self, ms: int | None = None) -> list[Event]:
        """Let the driver do what there is to do, until it has nothing more."""
        self.ms = self.ms if ms is None else ms
        events: list[Event] = []
        for _ in range(4):
            events += self.driver.refresh(at(self.ms))
        self.heard += events
        return events

    def join(self) -> socket.socket:
        """Another connection."""
        link = socket.create_connection(("127.0.0.1", self.port), 5)
        link.settimeout(0.03)
        self.links.append(link)
        return link

    def ask(self, raw: str | bytes, link: socket.socket | None = None) -> str:
        """Send a request and return all that comes back."""
        link = link or self.join()
        link.sendall(raw.encode() if isinstance(raw, str) else raw)
        self.turn()
        return hear(link)

    def get(self, path: str, host: str = "") -> str:
        """Ask for a path."""
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{self.port}'}\r\n\r\n")

    def page(self) -> socket.socket:
        """A page that gets the screens; its stream is the next number, from 1."""
        link = self.join()
        self.ask(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n", link)
        return link

    def choose(self, language: str, stream: int) -> int:
        """A page is switched; the answer's status."""
        return status(self.say(json.dumps({"language": language, "stream": stream})))

    def say(self, body: str | bytes, **headers: str) -> str:
        """Post what a page says; keywords replace its headers, an empty one leaves it out."""
        raw = body.encode() if isinstance(body, str) else body
        own = f"127.0.0.1:{self.port}"
        told = {"host": own, "origin": f"http://{own}", "content-type": "application/json"}
        told |= {"content-length": str(len(raw))} | {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
        link = self.join()
        answer = self.ask(f"POST /say HTTP/1.1\r\n{head}\r\n".encode() + raw, link)
        link.close()
        self.turn()
        return answer

    def floods(self) -> None:
        """Show large screens until a page that reads nothing has too many waiting."""
        for number in range(3000):
            if self.driver.counters()["slow"]:
                return
            self.driver.perform(Show("x" * 10_000, number), at(0))

    def close(self) -> None:
        """Hang up everywhere, and give the port back."""
        for link in self.links:
            link.close()
        self.driver.close()


def hear(link: socket.socket) -> str:
    """All that has come on a connection."""
    heard = b""
    try:
        while piece := link.recv(65_536):
            heard += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return heard.decode()


def status(answer: str) -> int:
    """An answer's status, 0 for none."""
    return int(answer.split()[1]) if answer else 0


def events(text: str, name: str) -> list[Any]:
    """The data of all events of a name in a live stream."""
    blocks = [block.split("\n") for block in text.split("\n\n")]
    told = [(lines[-2][7:], lines[-1][6:]) for lines in blocks if len(lines) > 1 and lines[-1].startswith("data: ")]
    return [json.loads(data) for found, data in told if found == name]
