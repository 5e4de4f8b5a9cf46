"""The lanes of the outbox whose latest or oldest few messages are held in memory: state, answers, health.

A lane says what it would hand out next and is told what became of it: *taken* by the broker, or *refused*. It knows
neither the link nor the other lanes, and never the log of events, which has its own lane in ``locker.outbox``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from locker.messages import HEALTH, RSP, Topic

NOBODY_LISTENS = 0x10
"""MQTT 5 reason "no matching subscribers": the broker took it, but nobody got it."""

ANSWERS_MAX = 64
ANSWER_TRIES_MAX = 5
REST_MS = 1000
REST_MS_MAX = 60_000


@dataclass(frozen=True, slots=True)
class Item:
    """One message to hand out; ``ref`` is how its lane knows it again."""

    topic: Topic
    tail: str
    payload: bytes
    ref: int


class Lane(Protocol):
    """One kind of traffic. Times are boot time in milliseconds."""

    def link_up(self) -> None:
        """The broker is there: what must be said again is due."""

    def link_down(self) -> None:
        """The broker is gone, and with it the answers to whatever was handed out."""

    def next(self, now_ms: int) -> Item | None:
        """The next message to hand out, which then counts as handed out."""

    def taken(self, ref: int, now_ms: int) -> None:
        """The broker took it."""

    def refused(self, ref: int, reason: int, now_ms: int) -> None:
        """The broker refused it, or nobody listens."""

    def deadline_ms(self) -> int | None:
        """When ``next`` may have something although nothing happened, or None."""

    def counters(self) -> dict[str, int]:
        """What was lost, refused or waits."""


class Rest:
    """A pause that doubles with each failure in a row, from 1 s to 60 s."""

    def __init__(self) -> None:
        self._length_ms = REST_MS
        self.until_ms: int | None = None

    def fail(self, now_ms: int) -> None:
        """Begin the next pause. Failures during one belong to the same trouble and change nothing."""
        if self.over(now_ms):
            self.until_ms = now_ms + self._length_ms
            self._length_ms = min(self._length_ms * 2, REST_MS_MAX)

    def over(self, now_ms: int) -> bool:
        """Whether no pause is under way."""
        return self.until_ms is None or now_ms >= self.until_ms

    def clear(self) -> None:
        """It works again: the next pause is a short one."""
        self._length_ms = REST_MS
        self.until_ms = None


class State:
    """The latest of each retained message, lowest number first after a reconnect; what has changed goes out."""

    def __init__(self) -> None:
        self._latest: dict[int, Item] = {}
        self._changed: dict[int, None] = {}
        self._rests: dict[int, Rest] = {}
        self._refused = 0

    def put(self, number: int, topic: Topic, tail: str, payload: bytes) -> None:
        """Replace the message of this number; one that has not changed does not go out again."""
        item = Item(topic, tail, payload, number)
        if self._latest.get(number) != item:
            self._latest[number] = item
            self._changed[number] = None

    def link_up(self) -> None:
        """Everything goes out again."""
        self._changed = dict.fromkeys(sorted(self._latest))

    def link_down(self) -> None:
        """Nothing rests any longer."""
        self._rests.clear()

    def next(self, now_ms: int) -> Item | None:
        """The message that has waited longest, unless it rests."""
        for number in self._changed:
            rest = self._rests.get(number)
            if rest is None or rest.over(now_ms):
                del self._changed[number]
                return self._latest[number]
        return None

    def taken(self, ref: int, now_ms: int) -> None:
        """Done, unless it has changed since."""
        self._rests.pop(ref, None)

    def refused(self, ref: int, reason: int, now_ms: int) -> None:
        """Tried again after a rest; a retained message that nobody listens to is kept by the broker all the same."""
        if reason == NOBODY_LISTENS:
            self.taken(ref, now_ms)
        else:
            self._refused += 1
            self._changed[ref] = None
            self._rests.setdefault(ref, Rest()).fail(now_ms)

    def deadline_ms(self) -> int | None:
        """The end of the first rest."""
        rests = (self._rests[number].until_ms for number in self._changed if number in self._rests)
        return min((until for until in rests if until is not None), default=None)

    def counters(self) -> dict[str, int]:
        """Refused snapshots, conn and info."""
        return {"state_refused": self._refused}


class Answers:
    """Answers to commands, oldest first, 64 at most; each is tried five times and kept while the link is down."""

    def __init__(self) -> None:
        self._queue: deque[int] = deque()
        self._payloads: dict[int, bytes] = {}
        self._tries: dict[int, int] = {}
        self._number = 0
        self._rest = Rest()
        self._lost = 0

    def put(self, payload: bytes) -> None:
        """One more answer; where there is no room the oldest goes (its command has expired or will be repeated)."""
        self._number += 1
        self._payloads[self._number] = payload
        self._tries[self._number] = 0
        self._queue.append(self._number)
        if len(self._payloads) > ANSWERS_MAX:
            self._lose(min(self._payloads))

    def link_up(self) -> None:
        """All that are not taken go out again."""
        self._queue = deque(sorted(self._payloads))
        self._rest.clear()

    def link_down(self) -> None:
        """Kept for the next link."""

    def next(self, now_ms: int) -> Item | None:
        """The oldest, unless the lane rests."""
        if not self._queue or not self._rest.over(now_ms):
            return None
        number = self._queue.popleft()
        return Item(RSP, RSP.tail, self._payloads[number], number)

    def taken(self, ref: int, now_ms: int) -> None:
        """Done."""
        self._forget(ref)
        self._rest.clear()

    def refused(self, ref: int, reason: int, now_ms: int) -> None:
        """Tried again after a rest, or lost after five tries."""
        if ref not in self._payloads:
            return
        self._tries[ref] += 1
        if self._tries[ref] >= ANSWER_TRIES_MAX:
            self._lose(ref)
        else:
            self._queue = deque(sorted([*self._queue, ref]))
            self._rest.fail(now_ms)

    def deadline_ms(self) -> int | None:
        """The end of the rest."""
        return self._rest.until_ms if self._queue else None

    def counters(self) -> dict[str, int]:
        """How many wait, and how many were given up."""
        return {"answers_waiting": len(self._payloads), "answers_lost": self._lost}

    def _lose(self, number: int) -> None:
        self._lost += 1
        self._forget(number)

    def _forget(self, number: int) -> None:
        self._payloads.pop(number, None)
        self._tries.pop(number, None)
        if number in self._queue:
            self._queue.remove(number)


class Health:
    """The latest health message, or none: an old one is of no use."""

    def __init__(self) -> None:
        self._payload: bytes | None = None
        self._up = False
        self._lost = 0

    def put(self, payload: bytes) -> None:
        """Replace the message; without a link it is dropped and counted."""
        self._lost += 1 if self._payload is not None or not self._up else 0
        self._payload = payload if self._up else None

    def link_up(self) -> None:
        """The next one goes out."""
        self._up = True

    def link_down(self) -> None:
        """None goes out."""
        self._up = False
        self._payload = None

    def next(self, now_ms: int) -> Item | None:
        """The message, once."""
        payload, self._payload = self._payload, None
        return None if payload is None else Item(HEALTH, HEALTH.tail, payload, 0)

    def taken(self, ref: int, now_ms: int) -> None:
        """Written to the socket: quality of service 0 knows no more."""

    def refused(self, ref: int, reason: int, now_ms: int) -> None:
        """Lost."""
        self._lost += 1

    def deadline_ms(self) -> int | None:
        """None: health messages are made elsewhere, at their own pace."""
        return None

    def counters(self) -> dict[str, int]:
        """How many were dropped."""
        return {"health_lost": self._lost}
