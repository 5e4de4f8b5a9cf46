"""What goes to the cloud, in which order, and when it counts as done.

Four lanes share one link, in this rank: *state* (conn, info, door snapshots: retained, only the latest of each matters,
all of it again after a reconnect), *answers* to commands, *health*, and *events* (the rows of the log, oldest first,
none skipped).

For events, three things are kept apart. *Handed out*: given to the connection. *Taken* (PUBACK): the broker has it in
memory, no more. *Done*: an acknowledgement of the cloud covers it (without a cloud that acknowledges: it and all before
it are taken). At most ``window`` rows are handed out and not done, and at most ``window`` messages of all lanes are
handed out and not yet answered for by the broker.

Whatever goes wrong has one cure: go back to the oldest row that is not done and hand out again from there; consumers
drop what they have. It is applied after a lost link; after a refusal, when the broker has answered for all that is
under way and a rest is over; and when the cloud has been silent for ``resend_ms``, doubling up to 16 times as long.

Knows ``now`` only as an argument and rows only through ``Rows``; never a socket, a file or what an event means.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from locker.lanes import Answers, Health, Item, Lane, Rest, State
from locker.messages import CONN, DOOR, EVT, INFO, seal_event
from locker.model import Delivered, Event, LinkDown, LinkUp, NotDelivered, Now, Publish

SILENCE_GROWTH_MAX = 16


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of the event log: its number, the encoded body and the chain's hash (32 bytes)."""

    seq: int
    body: bytes
    hash: bytes


class Rows(Protocol):
    """The log as the outbox sees it. Numbers rise, may have holes where old rows were let go, and never repeat."""

    def rows_after(self, seq: int, limit: int) -> list[EventRow]:
        """At most ``limit`` rows with a number above ``seq``, oldest first."""

    def last_seq(self) -> int:
        """The number of the newest row ever written, 0 for none."""


class Events:
    """The lane of the log: ``acked`` <= last handed out <= the newest row."""

    def __init__(self, rows: Rows, window: int, resend_ms: int, cloud_acks: bool, acked: int) -> None:
        self.acked = acked
        self._rows = rows
        self._window = window
        self._resend_ms = resend_ms
        self._cloud_acks = cloud_acks
        self._at = acked  # the last row handed out in this pass
        self._newest_sent = acked
        self._ready: deque[EventRow] = deque()
        self._out: deque[int] = deque()  # handed out in this pass and not done
        self._flying: set[int] = set()  # handed out and not yet answered for by the broker
        self._taken: set[int] = set()
        self._stopped = False
        self._rest = Rest()
        self._silence_ms = resend_ms
        self._again_ms: int | None = None
        self._waiting_since_ms: int | None = None
        self._count = dict.fromkeys(("events_sent", "events_again", "events_refused", "acks_late"), 0)

    def link_up(self) -> None:
        """The pass begins at the oldest row that is not done."""

    def link_down(self) -> None:
        """Whatever was handed out may be lost."""
        self._flying.clear()
        self._rest.clear()
        self._silence_ms = self._resend_ms
        self._back()

    def next(self, now_ms: int) -> Item | None:
        """The next row, when there is one and the window has room."""
        if not self._flying and self._must_go_back(now_ms):
            self._back()
        if self._stopped or len(self._out) >= self._window:
            return None
        row = self._fetch()
        return None if row is None else self._hand_out(row, now_ms)

    def taken(self, ref: int, now_ms: int) -> None:
        """The broker has this row."""
        self._flying.discard(ref)
        if self._cloud_acks:
            self._again_ms = now_ms + self._silence_ms
            return
        self._taken.add(ref)
        while self._out and self._out[0] in self._taken:
            self.done(self._out[0], now_ms)

    def refused(self, ref: int, reason: int, now_ms: int) -> None:
        """Nothing further is handed out until the rest is over; then from the oldest again."""
        self._flying.discard(ref)
        self._count["events_refused"] += 1
        if not self._stopped:
            self._stopped = True
            self._rest.fail(now_ms)

    def done(self, seq: int, now_ms: int) -> None:
        """All rows up to ``seq`` are done; it is above ``acked`` and not above the newest row."""
        self.acked = seq
        while self._out and self._out[0] <= seq:
            self._taken.discard(self._out.popleft())
        if seq > self._at:
            self._at = seq
            self._ready.clear()
        if not self._stopped:
            self._rest.clear()
        self._silence_ms = self._resend_ms
        self._again_ms = now_ms + self._silence_ms
        self._waiting_since_ms = now_ms if self._out else None

    def deadline_ms(self) -> int | None:
        """The end of the rest, or when a silent cloud gets the window again."""
        if self._flying:
            return None
        if self._stopped:
            return self._rest.until_ms
        return self._again_ms if self._cloud_acks and self._out else None

    def counters(self) -> dict[str, int]:
        """Rows not done, handed out for the first time and again, refused; how often the cloud was silent too long."""
        return {"events_waiting": self._rows.last_seq() - self.acked, **self._count}

    def waiting_ms(self, now_ms: int) -> int:
        """How long the oldest row that was handed out has not been done, 0 when there is none."""
        return 0 if self._waiting_since_ms is None else max(0, now_ms - self._waiting_since_ms)

    def _must_go_back(self, now_ms: int) -> bool:
        if self._stopped:
            return self._rest.over(now_ms)
        silent = self._cloud_acks and bool(self._out) and self._again_ms is not None and now_ms >= self._again_ms
        if silent:
            self._count["acks_late"] += 1
            self._silence_ms = min(self._silence_ms * 2, self._resend_ms * SILENCE_GROWTH_MAX)
        return silent

    def _back(self) -> None:
        self._at = self.acked
        self._stopped = False
        self._again_ms = None
        self._ready.clear()
        self._out.clear()
        self._taken.clear()

    def _fetch(self) -> EventRow | None:
        if not self._ready and self._rows.last_seq() > self._at:
            self._ready.extend(self._rows.rows_after(self._at, self._window - len(self._out)))
        return self._ready.popleft() if self._ready else None

    def _hand_out(self, row: EventRow, now_ms: int) -> Item:
        item = Item(EVT, EVT.tail, seal_event(row.body, self._at, row.hash), row.seq)
        self._count["events_sent" if row.seq > self._newest_sent else "events_again"] += 1
        self._newest_sent = max(self._newest_sent, row.seq)
        self._at = row.seq
        self._out.append(row.seq)
        self._flying.add(row.seq)
        self._waiting_since_ms = now_ms if self._waiting_since_ms is None else self._waiting_since_ms
        return item


class Outbox:
    """All that is to be published. ``handle`` link events, put messages in, ``drain`` what may be handed out now.

    ``acked`` is where an earlier run had got to; it may be behind (rows then go twice), never ahead of the log.
    """

    def __init__(
        self, rows: Rows, window: int, resend_ms: int, cloud_acks: bool, *, epoch: str, acked: int = 0
    ) -> None:
        if not 0 <= acked <= rows.last_seq():
            raise ValueError(f"outbox: acked is {acked}, the log ends at {rows.last_seq()}; it is of another database")
        self._rows = rows
        self._window = window
        self._epoch = epoch
        self._connected = False
        self._tag = 0
        self._flight: dict[int, tuple[Lane, int]] = {}
        self._state, self._answers, self._health = State(), Answers(), Health()
        self._events = Events(rows, window, resend_ms, cloud_acks, acked)
        self._lanes: tuple[Lane, ...] = (self._state, self._answers, self._health, self._events)
        self._count = dict.fromkeys(("acks", "acks_foreign", "acks_ahead", "acks_old", "tags_unknown"), 0)

    @property
    def acked(self) -> int:
        """The last row that is done. Saving it late is safe."""
        return self._events.acked

    @property
    def connected(self) -> bool:
        """Whether the link is up."""
        return self._connected

    def put_conn(self, payload: bytes) -> None:
        """The encoded ``Conn`` that says online; goes out first on every link."""
        self._state.put(0, CONN, CONN.tail, payload)

    def put_info(self, payload: bytes) -> None:
        """The encoded ``Info``."""
        self._state.put(1, INFO, INFO.tail, payload)

    def put_snapshot(self, door: int, payload: bytes) -> None:
        """The encoded ``DoorSnapshot`` of this door; only the latest goes out."""
        self._state.put(1 + door, DOOR, DOOR.tail.replace("{nn}", f"{door:02d}"), payload)

    def put_answer(self, payload: bytes) -> None:
        """An encoded ``Response``."""
        self._answers.put(payload)

    def put_health(self, payload: bytes) -> None:
        """An encoded ``Health``."""
        self._health.put(payload)

    def handle(self, event: Event, now: Now) -> None:
        """Take note of the link and of what became of a publish; other events are not for the outbox."""
        match event:
            case LinkUp():
                self._set_link(False)
                self._set_link(True)
            case LinkDown():
                self._set_link(False)
            case Delivered(tag):
                lane, ref = self._landed(tag)
                if lane is not None:
                    lane.taken(ref, now.ms)
            case NotDelivered(tag, reason):
                lane, ref = self._landed(tag)
                if lane is not None:
                    lane.refused(ref, reason, now.ms)

    def acknowledge(self, epoch: str, seq: int, now: Now) -> None:
        """The cloud has stored everything up to ``seq``; what cannot be true of this log is counted and ignored."""
        if epoch != self._epoch:
            self._count["acks_foreign"] += 1
        elif seq > self._rows.last_seq():
            self._count["acks_ahead"] += 1
        elif seq <= self.acked:
            self._count["acks_old"] += 1
        else:
            self._count["acks"] += 1
            self._events.done(seq, now.ms)

    def drain(self, now: Now) -> list[Publish]:
        """What is to be handed to the connection now, in this order. Call it after anything has changed."""
        publishes: list[Publish] = []
        while self._connected and len(self._flight) < self._window:
            found = next(((lane, item) for lane in self._lanes if (item := lane.next(now.ms)) is not None), None)
            if found is None:
                break
            publishes.append(self._tagged(*found))
        return publishes

    def deadline_ms(self) -> int | None:
        """The boot time at which ``drain`` may have something although nothing happened, or None."""
        if not self._connected or len(self._flight) >= self._window:
            return None
        deadlines = (lane.deadline_ms() for lane in self._lanes)
        return min((at for at in deadlines if at is not None), default=None)

    def waiting_ms(self, now: Now) -> int:
        """How long the oldest handed-out event has not been done: the end-to-end heartbeat. 0 when none waits."""
        return self._events.waiting_ms(now.ms)

    def counters(self) -> dict[str, int]:
        """What waits, went out, was refused, late, lost or not ours."""
        merged = dict(self._count)
        for lane in self._lanes:
            merged.update(lane.counters())
        return merged

    def _set_link(self, up: bool) -> None:
        self._connected = up
        if not up:
            self._flight.clear()
        for lane in self._lanes:
            if up:
                lane.link_up()
            else:
                lane.link_down()

    def _landed(self, tag: int) -> tuple[Lane | None, int]:
        lane, ref = self._flight.pop(tag, (None, 0))
        self._count["tags_unknown"] += lane is None
        return lane, ref

    def _tagged(self, lane: Lane, item: Item) -> Publish:
        self._tag += 1
        self._flight[self._tag] = (lane, item.ref)
        return Publish(item.tail, item.payload, item.topic.qos, item.topic.retain, self._tag)
