"""HTTP/1.1 for the kiosk's page, without a socket: bytes in, requests out; answers in, bytes out.

Hardware: none.
Wire: HTTP/1.1 (RFC 9112) by h11; server-sent events (WHATWG HTML, section 9.2) as one chunked body that does not end.
Source: h11's documentation of its server side.
Quirks: h11 raises on anything that is not HTTP and names the status to answer with; the connection is over then. A
    client that sends a second request before the first is answered is served in turn, as ``next_event`` pauses.

Knows the protocol and its limits. Must never know a path, a screen or a socket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import h11

HEAD_BYTES_MAX = 8192
BODY_BYTES_MAX = 512


@dataclass(frozen=True, slots=True)
class Request:
    """One complete request. Header names are in small letters; ``target`` is the path without its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """What came is no request that we take: answer with ``status`` and hang up."""

    status: int


class Conversation:
    """One connection's protocol. After a ``Refused``, or when ``over``, it is to be closed once all has been sent."""

    def __init__(self) -> None:
        """Nothing said yet."""
        self._link = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self.over = False

    def hear(self, data: bytes) -> Iterator[Request | Refused]:
        """Take in bytes (none: the other side has ended), give each request; answer it before asking for the next."""
        try:
            self._link.receive_data(data)
            while not self.over:
                event = self._link.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                found = self._heard(event)
                if found is not None:
                    yield found
        except h11.RemoteProtocolError as error:
            self.over = True
            yield Refused(error.error_status_hint)

    def _heard(self, event: object) -> Request | Refused | None:
        if isinstance(event, h11.Request):
            self._request, self._body = event, bytearray()
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > BODY_BYTES_MAX:
                self.over = True
                return Refused(413)
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            return _request(self._request, bytes(self._body))
        elif isinstance(event, h11.ConnectionClosed):
            self.over = True
        return None

    def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
        """One whole answer; the connection is ready for the next request, or ``over``."""
        own = {"content-length": str(len(body))} | ({"connection": "close"} if self.over else {})
        try:
            said = self._head(status, {**headers, **own})
            said += self._link.send(h11.Data(data=body)) or b"" if body else b""
            said += self._link.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError:  # the other side broke the protocol so early that nothing can be answered
            self.over = True
            return b""
        if self._link.our_state is h11.DONE and self._link.their_state is h11.DONE:
            self._link.start_next_cycle()
        else:
            self.over = True
        return said

    def begin(self, headers: Mapping[str, str]) -> bytes:
        """The head of an answer that goes on until somebody hangs up."""
        return self._head(200, headers)

    def go_on(self, piece: bytes) -> bytes:
        """The next piece of an answer that was begun."""
        return self._link.send(h11.Data(data=piece)) or b""

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        return self._link.send(h11.Response(status_code=status, headers=list(headers.items()))) or b""


def _request(head: h11.Request, body: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
    target = head.target.decode("latin-1").partition("?")[0]
    return Request(head.method.decode("latin-1"), target, headers, body)


def event(name: str, data: str) -> bytes:
    """One server-sent event; ``data`` has no line breaks."""
    return f"event: {name}\ndata: {data}\n\n".encode()
