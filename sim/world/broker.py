"""The broker of a world and the link to it: MQTT as ``drivers.mqtt`` and docs/mqtt.md use it, without sockets.

``MemoryLink`` stands where ``drivers.mqtt`` stands in production, at the ``Driver`` seam: it connects, backs off, gives
a frozen broker up, publishes, and acknowledges what it received only when told to. ``Broker`` keeps what a broker keeps
(retained messages, the session of a client that is away) in memory, loses it when it restarts, and has the faults of
a network. Messages need ``latency_ms`` each way and never overtake each other. Knows topics' tails, never payloads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from locker.model import (
    Acknowledge,
    Act,
    Delivered,
    Event,
    LinkDown,
    LinkUp,
    MessageReceived,
    NotDelivered,
    Now,
    Publish,
)

RETRY_MS, RETRY_MS_MAX = 500, 30_000
PATIENCE_MS = 60_000
STEADY_MS = 10_000
SESSION_MAX = 500
WILL_MS = 10_000
REFUSED, NOBODY_LISTENS = 0x97, 0x10


class Clock(Protocol):
    """What the broker needs of the world."""

    ms: int

    def later(self, after_ms: int, what: Callable[[], None]) -> None:
        """Do something so much later."""

    def wake(self) -> None:
        """The machine has something to do now."""

    def met(self, name: str) -> None:
        """Count a fault that happened."""


class Subscriber(Protocol):
    """The cloud, as the broker sees it."""

    away: bool

    def take(self, tail: str, payload: bytes) -> None:
        """A message of the cabinet's."""


@dataclass(slots=True)
class Down:
    """A message for the cabinet. ``number`` is the broker's; a repeat of the same message keeps it."""

    number: int
    tail: str
    payload: bytes
    retained: bool


class Broker:
    """One broker, one cabinet, one cloud."""

    def __init__(self, clock: Clock, latency_ms: int, version: int) -> None:
        """Reachable, with nothing in it."""
        self.clock, self.latency_ms, self.version = clock, latency_ms, version
        self.cloud: Subscriber | None = None
        self.reachable = True
        self.link: MemoryLink | None = None
        self.retained_up: dict[str, bytes] = {}
        self.retained_down: dict[str, bytes] = {}
        self.pubacks_lost = self.refuses = self.nobody = self.lost_up = 0
        self._waiting: deque[Down] = deque()
        self._unacked: dict[int, Down] = {}
        self._for_cloud: deque[tuple[str, bytes]] = deque()
        self._session = False
        self._number = 0

    # --- the cabinet's side -----------------------------------------------------------------------

    def connect(self, link: MemoryLink) -> bool:
        """A new connection; whether there was a session. What is owed to the client follows, retained first."""
        present, self._session, self.link = self._session, True, link
        owed = [Down(0, tail, payload, True) for tail, payload in self.retained_down.items()]
        owed += [*self._unacked.values(), *self._waiting]
        self._waiting.clear()
        for down in owed:
            self._send(down)
        return present

    def disconnect(self, link: MemoryLink, with_will: bool) -> None:
        """The connection is over; a will is published after its delay unless there is a new one by then."""
        if self.link is link:
            self.link = None
            if with_will and link.will:
                self.clock.later(WILL_MS, lambda: self._will(link.will))

    def published(self, link: MemoryLink, act: Publish) -> None:
        """A publish leaves the cabinet."""
        self.clock.later(self.latency_ms, lambda: self._arrives(link, act))

    def acknowledged(self, number: int) -> None:
        """The cabinet has dealt with a message."""
        self._unacked.pop(number, None)

    def _arrives(self, link: MemoryLink, act: Publish) -> None:
        if self.link is not link or not self.reachable:
            return
        if self.lost_up and act.qos:
            self.lost_up -= 1
            self.clock.met("fault/publish_lost")
            return
        reason = self._objection() if act.qos else 0
        if act.retain and not reason:
            self.retained_up[act.tail] = act.payload
        if not reason or (reason == NOBODY_LISTENS and act.retain):
            self._to_cloud(act.tail, act.payload)
        if act.qos and self.pubacks_lost:
            self.pubacks_lost -= 1
            self.clock.met("fault/puback_lost")
            return
        answer = NotDelivered(act.tag, reason) if reason else Delivered(act.tag)
        self.clock.later(self.latency_ms, lambda: link.told(answer))

    def _objection(self) -> int:
        if self.refuses:
            self.refuses -= 1
            self.clock.met("fault/publish_refused")
            return REFUSED
        if self.nobody:
            self.nobody -= 1
            self.clock.met("fault/nobody_listens")
            return NOBODY_LISTENS
        return 0

    def _will(self, payload: bytes) -> None:
        if self.link is None and self.reachable:
            self.retained_up["conn"] = payload
            self._to_cloud("conn", payload)

    # --- the cloud's side -------------------------------------------------------------------------

    def _to_cloud(self, tail: str, payload: bytes) -> None:
        cloud = self.cloud
        if cloud is None or cloud.away:
            self._for_cloud.append((tail, payload))
        else:
            cloud.take(tail, payload)

    def cloud_back(self) -> None:
        """The cloud is there again: what its session kept is delivered."""
        while self._for_cloud and self.cloud is not None:
            self.cloud.take(*self._for_cloud.popleft())

    def publish_down(self, tail: str, payload: bytes, *, retain: bool = False) -> None:
        """The cloud publishes to the cabinet; without a connection the session keeps it, if there is one.

        A live message bears the retained flag in MQTT 5 only (the cabinet subscribes with retain-as-published). This
        broker never lets a message or a session expire: what comes out of it late is the cabinet's to refuse.
        """
        if retain:
            self.retained_down[tail] = payload
        self._number += 1
        down = Down(self._number, tail, payload, retain and self.version == 5)
        if self.link is not None:
            self.clock.later(self.latency_ms, lambda: self._send(down))
        elif self._session and len(self._waiting) < SESSION_MAX:
            self._waiting.append(down)

    def clear_retained(self, tail: str) -> None:
        """The cloud takes a retained message back."""
        self.retained_down.pop(tail, None)

    def _send(self, down: Down) -> None:
        if down.number:
            self._unacked[down.number] = down
        if self.link is not None and self.reachable:
            self.link.received(down)

    # --- what goes wrong --------------------------------------------------------------------------

    def cut(self) -> None:
        """The network fails: the cabinet notices at once, what was under way is lost."""
        link, self.link = self.link, None
        if link is not None:
            link.lost("connection lost")

    def forget(self) -> None:
        """The broker restarts without its memory: sessions, queues and retained messages are gone."""
        self.cut()
        self._session = False
        for kept in (self._waiting, self._unacked, self._for_cloud, self.retained_up, self.retained_down):
            kept.clear()


class MemoryLink:
    """The way to the cloud in a world, for the life of one process. ``booted_ms`` is world time at boot time 0."""

    def __init__(self, broker: Broker, booted_ms: int, will: bytes) -> None:
        """Not connected."""
        self._broker, self._booted_ms, self.will = broker, booted_ms, will
        self._facts: deque[Event] = deque()
        self._flying: dict[int, int] = {}
        self._handles: dict[int, int] = {}
        self._handle = 0
        self._state = "off"
        self._at_ms = 0
        self._up_ms = 0
        self._failures = 0
        self._why = ""
        self._count = dict.fromkeys(("connects", "links_lost", "published", "taken", "refused"), 0)

    @property
    def name(self) -> str:
        """Always "mqtt", as in production."""
        return "mqtt"

    def fileno(self) -> int | None:
        """None: there is no descriptor."""
        return None

    def deadline_ms(self) -> int | None:
        """At once when facts wait; else the next attempt, or the end of the patience."""
        if self._facts:
            return 0
        if self._state == "up":
            oldest = next(iter(self._flying.values()), None)
            return None if oldest is None else oldest + PATIENCE_MS
        return self._at_ms

    def refresh(self, now: Now) -> list[Event]:
        """What the broker said; connects and gives up."""
        if self._state == "off" and now.ms >= self._at_ms:
            self._count["connects"] += 1
            self._state, self._at_ms = "connecting", now.ms + 3 * self._broker.latency_ms
        elif self._state == "connecting" and now.ms >= self._at_ms:
            self._connected(now.ms)
        elif self._state == "up" and self._flying and now.ms >= next(iter(self._flying.values())) + PATIENCE_MS:
            self._broker.clock.met("fault/broker_frozen")
            self._lose("a publish had no answer for two keepalives", now.ms)
        if not self._facts:
            return []
        found = [self._landed(event) for event in self._facts]
        self._facts.clear()
        return found

    def accepts(self, act: Act) -> bool:
        """``Publish`` and ``Acknowledge``."""
        return isinstance(act, Publish | Acknowledge)

    def perform(self, act: Act, now: Now) -> None:
        """Publish, or acknowledge; without a link nothing is kept."""
        if self._state != "up":
            return
        if isinstance(act, Acknowledge):
            self._broker.acknowledged(self._handles.pop(act.handle, 0))
        elif isinstance(act, Publish):
            self._count["published"] += 1
            self._broker.published(self, act)
            if act.qos:
                self._flying[act.tag] = now.ms
            else:
                self._facts.append(Delivered(act.tag))

    def counters(self) -> dict[str, int]:
        """Attempts, links lost, publishes."""
        return dict(self._count)

    def close(self) -> None:
        """The process ends in good order, or is gone: the broker publishes what it was told to."""
        self._broker.disconnect(self, with_will=True)
        self._state, self._at_ms = "closed", 1 << 60

    # --- what the broker does ---------------------------------------------------------------------

    def told(self, answer: Delivered | NotDelivered) -> None:
        """An answer to a publish arrives."""
        if self._state == "up" and answer.tag in self._flying:
            self._facts.append(answer)
            self._broker.clock.wake()

    def received(self, down: Down) -> None:
        """A message arrives; what is retained has no number, because a broker sends it anew each time."""
        if self._state != "up":
            return
        self._handle += 1
        self._handles[self._handle] = down.number
        self._facts.append(MessageReceived(down.tail, down.payload, down.retained, self._handle))
        self._broker.clock.wake()

    def lost(self, why: str) -> None:
        """The connection breaks."""
        if self._state in ("up", "connecting"):
            self._lose(why, self._broker.clock.ms - self._booted_ms)
            self._broker.clock.wake()

    def _connected(self, now_ms: int) -> None:
        if not self._broker.reachable:
            self._lose("no connection: network is unreachable", now_ms)
            return
        self._state, self._up_ms, self._why = "up", now_ms, ""
        self._facts.append(LinkUp(self._broker.version, self._broker.connect(self)))
        self._facts.rotate(1)  # what the broker owes comes after the session is up

    def _lose(self, why: str, now_ms: int) -> None:
        was_up = self._state == "up"
        if was_up and now_ms - self._up_ms >= STEADY_MS:
            self._failures = 0
        told = self._why == why and not was_up
        self._count["links_lost"] += was_up
        self._broker.disconnect(self, with_will=True)
        self._state, self._why = "off", why
        self._facts.clear()
        self._flying.clear()
        self._handles.clear()
        self._at_ms = now_ms + min(RETRY_MS * 2 ** min(self._failures, 8), RETRY_MS_MAX)
        self._failures += 1
        if not told:
            self._facts.append(LinkDown(why))

    def _landed(self, event: Event) -> Event:
        if isinstance(event, Delivered | NotDelivered):
            self._flying.pop(event.tag, None)
            self._count["taken" if isinstance(event, Delivered) else "refused"] += 1
        return event
