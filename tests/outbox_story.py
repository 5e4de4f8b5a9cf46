"""The stage of the outbox's tests: a log in memory, a virtual clock, and a broker that answers when told to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from locker.model import Delivered, LinkDown, LinkUp, NotDelivered, Now, Publish
from locker.outbox import EventRow, Outbox
from sim.cloud_log import read

RESEND_MS = 30_000
NOBODY, DENIED = 0x10, 0x87


@dataclass
class Log:
    """The event log in memory: rows that tests add, and take away where the log is full."""

    rows: list[EventRow] = field(default_factory=list)
    last: int = 0

    def add(self, count: int = 1) -> None:
        """Append rows."""
        for _ in range(count):
            self.last += 1
            body = b'{"epoch":"e","seq":%d}' % self.last
            self.rows.append(EventRow(self.last, body, bytes([self.last % 256]) * 32))

    def rows_after(self, seq: int, limit: int) -> list[EventRow]:
        """As the store does."""
        return [row for row in self.rows if row.seq > seq][:limit]

    def last_seq(self) -> int:
        """As the store does."""
        return self.last


class Story:
    """An outbox, its log, a clock and a broker that answers when told to."""

    def __init__(self, rows: int = 0, *, window: int = 5, cloud_acks: bool = True, acked: int = 0) -> None:
        self.log = Log()
        self.log.add(rows)
        self.ms = 1000
        self.box = Outbox(self.log, window, RESEND_MS, cloud_acks, epoch="e", acked=acked)
        self.sent: list[Publish] = []
        self.open: deque[Publish] = deque()

    @property
    def now(self) -> Now:
        """The virtual instant."""
        return Now(self.ms, self.ms)

    def up(self) -> list[str]:
        """The link comes up; what goes out."""
        self.box.handle(LinkUp(5, False), self.now)
        return self.drain()

    def down(self) -> None:
        """The link breaks: the broker answers no more for what is under way."""
        self.box.handle(LinkDown("cut"), self.now)
        self.open.clear()

    def drain(self) -> list[str]:
        """What goes out now, each as its tail, events as their number."""
        publishes = self.box.drain(self.now)
        self.sent += publishes
        self.open += publishes
        return [name(publish) for publish in publishes]

    def taken(self, count: int = 1000) -> list[str]:
        """The broker takes the oldest that are under way; what goes out then."""
        for _ in range(min(count, len(self.open))):
            self.box.handle(Delivered(self.open.popleft().tag), self.now)
        return self.drain()

    def refused(self, reason: int) -> list[str]:
        """The broker refuses the oldest that is under way; what goes out then."""
        self.box.handle(NotDelivered(self.open.popleft().tag, reason), self.now)
        return self.drain()

    def acked(self, seq: int, epoch: str = "e") -> list[str]:
        """The cloud acknowledges; what goes out then."""
        self.box.acknowledge(epoch, seq, self.now)
        return self.drain()

    def later(self) -> list[str]:
        """The clock goes on to the outbox's own deadline; what goes out then."""
        deadline = self.box.deadline_ms()
        assert deadline is not None, "the outbox waits for nothing"
        assert deadline > self.ms, "a deadline that has passed would make the loop spin"
        self.ms = deadline
        return self.drain()


def name(publish: Publish) -> str:
    """An event as its number, anything else as its tail."""
    return str(read(publish.payload).seq) if publish.tail == "evt" else publish.tail
