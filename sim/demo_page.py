"""The demo's web page: static files, one stream of server-sent events out, one POST in. Loopback only.

Knows HTTP and the ``Stage`` it is given. Must never know how doors, codes or brokers work; it only carries what the
stage says and what people press. Strict content policy: no inline script or style, nothing from other hosts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).with_name("page")
ORDER_BYTES_MAX = 2048
LOOK_S = 0.1
KEEP_ALIVE_S = 10.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "frame-src http://127.0.0.1:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Stage(Protocol):
    """What the page shows and works on. ``do`` raises ``ValueError`` with a sentence where something cannot be done."""

    def state(self) -> dict[str, Any]:
        """Return the whole world as the page draws it."""

    def news(self, after: int) -> list[dict[str, Any]]:
        """Return the messages with a number above ``after``, oldest first, at most the newest few hundred."""

    def do(self, order: dict[str, Any]) -> None:
        """Do what somebody pressed."""


class StrictHeaders:
    """Puts the security headers on every answer."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the headers added."""

        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, sent)


def application(stage: Stage) -> Starlette:
    """Build the page's application around a stage."""

    async def live(request: Request) -> StreamingResponse:
        return StreamingResponse(_live(stage, request), media_type="text/event-stream")

    async def do(request: Request) -> JSONResponse:
        return await _do(stage, request)

    return Starlette(
        routes=[
            Route("/live", live),
            Route("/do", do, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        middleware=[
            Middleware(StrictHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"]),
        ],
    )


async def _live(stage: Stage, request: Request) -> AsyncIterator[str]:
    """Send each changed state and each new message; a comment now and then shows a broken connection."""
    sent, newest, quiet_s = "", 0, 0.0
    gone = asyncio.ensure_future(_hung_up(request))
    while not gone.done():
        lines = []
        state = json.dumps(stage.state(), ensure_ascii=False)
        if state != sent:
            sent = state
            lines.append(f"event: state\ndata: {state}\n\n")
        for item in stage.news(newest):
            newest = item["n"]
            lines.append(f"event: news\ndata: {json.dumps(item, ensure_ascii=False)}\n\n")
        quiet_s = 0.0 if lines else quiet_s + LOOK_S
        if quiet_s >= KEEP_ALIVE_S:
            quiet_s = 0.0
            lines.append(": still here\n\n")
        if lines:
            yield "".join(lines)
        await asyncio.wait((gone,), timeout=LOOK_S)


async def _hung_up(request: Request) -> None:
    """Return when the browser has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _do(stage: Stage, request: Request) -> JSONResponse:
    """Take one order; only JSON from this page's own origin."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host')}":
        return JSONResponse({"ok": False, "why": "not from this page"}, status_code=403)
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        return JSONResponse({"ok": False, "why": "send application/json"}, status_code=415)
    body = await request.body()
    try:
        order = json.loads(body) if len(body) <= ORDER_BYTES_MAX else None
    except ValueError:
        order = None
    if not isinstance(order, dict):
        return JSONResponse({"ok": False, "why": "one small JSON object, please"}, status_code=400)
    try:
        await asyncio.to_thread(stage.do, order)
    except (ValueError, KeyError, TypeError) as error:
        return JSONResponse({"ok": False, "why": str(error)})
    return JSONResponse({"ok": True})
