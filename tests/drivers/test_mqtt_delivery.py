"""Outbox, driver, broker and cloud together: every event arrives, in order, in one chain, whatever stops between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker_rig import BROKERS, CABINET, Far, Rig, Start, broker, eventually

from locker.messages import GENESIS, EventOut, chain_hash, decode_ack, encode_event
from locker.model import Acknowledge, MessageReceived, Quality
from locker.outbox import EventRow, Outbox
from sim.cloud import Cloud


@pytest.fixture(params=BROKERS)
def far(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    free_ports: Callable[[int], list[int]],
    start: Start,
    program: Callable[[str], str],
) -> Iterator[Far]:
    """Each kind of broker in each version, not yet started."""
    kind, version = request.param
    yield from broker(kind, version, free_ports(2), tmp_path, start, program)


class Log:
    """The rows of a cabinet's log."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []

    def add(self, count: int) -> None:
        """Events happen."""
        for seq in range(len(self.rows) + 1, len(self.rows) + count + 1):
            body = encode_event(
                EventOut(epoch="e", seq=seq, boot="b", at_ms=0, boot_ms=seq, quality=Quality.RTC, type="note")
            )
            previous = self.rows[-1].hash if self.rows else GENESIS
            self.rows.append(EventRow(seq, body, chain_hash(previous, body)))

    def rows_after(self, seq: int, limit: int) -> list[EventRow]:
        """As the store does."""
        return self.rows[seq : seq + limit]

    def last_seq(self) -> int:
        """As the store does."""
        return len(self.rows)


class Cabinet:
    """The part of the turn that is between log and broker."""

    def __init__(self, rig: Rig, log: Log, acked: int = 0) -> None:
        self.rig, self.seen = rig, 0
        self.box = Outbox(log, window=20, resend_ms=1000, cloud_acks=True, epoch="e", acked=acked)

    def turn(self) -> None:
        """Pass on what arrived, and hand out what may go."""
        now = self.rig.now
        self.rig.events += self.rig.driver.refresh(now)
        for event in self.rig.events[self.seen :]:
            self.box.handle(event, now)
            if isinstance(event, MessageReceived):
                ack = decode_ack(event.payload)
                self.box.acknowledge(getattr(ack, "epoch", ""), getattr(ack, "seq", 0), now)
                self.rig.driver.perform(Acknowledge(event.handle), now)
        self.seen = len(self.rig.events)
        for publish in self.box.drain(now):
            self.rig.driver.perform(publish, now)

    def until(self, acked: int) -> None:
        """Turn until so much is done."""

        def holds() -> bool:
            self.turn()
            return self.box.acked >= acked

        eventually(holds)


def test_every_event_arrives_in_order_over_stops_of_everything(far: Far) -> None:
    """The broker restarts, the cloud goes away, the cabinet crashes with 20 under way: nothing is lost."""
    far.start()
    cloud = Cloud("127.0.0.1", far.port, version=far.version).start()
    log = Log()
    cabinet = Cabinet(far.rig(retry_s_max=1), log)
    log.add(60)
    cabinet.until(25)
    far.stop()
    log.add(30)
    cabinet.turn()
    far.start()
    cabinet.until(90)
    cloud.stop()
    log.add(30)
    for _ in range(5):
        cabinet.turn()
    saved = cabinet.box.acked
    cabinet.rig.driver.close()
    cloud.start()
    again = Cabinet(far.rig(retry_s_max=1), log, acked=min(saved, 80))
    again.until(120)
    assert [event["seq"] for event in cloud.events(CABINET)] == list(range(1, 121))
    assert cloud.sound(CABINET)
    assert cloud.view(CABINET).logs["e"].unlinked == 0
    assert again.box.waiting_ms(again.rig.now) == 0
    cloud.stop()
