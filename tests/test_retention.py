"""What names an order or a person is on the disk as long as it is needed, then it is gone, and that is said.

The disk is a real one: what was deleted is looked for in the bytes of the file. Nothing goes while the clock is a
guess, nothing that the cloud does not have, and the chain of the log stays whole (docs/retention.md).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage import Stage, a_config

from locker import config
from locker.logbook import judge
from locker.model import Custody, Effect, Forget, Now, Purpose, Quality, Record
from locker.store import Store

DAY_MS = 86_400_000
CFG = a_config(invite=None, retention=config.Retention(events_days=30, tokens_days=2, commands_days=3))


class Office(Stage):
    """A stage whose cloud acknowledges each event as it comes, unless it is away; days pass in a moment."""

    cloud = True

    def _apply(self, effects: list[Effect]) -> None:
        self.store.acked = self.store.last_seq() if self.cloud else self.store.acked
        super()._apply(effects)

    def days(self, count: float) -> None:
        """So much time passes, a check each hour."""
        for _ in range(int(count * 24)):
            self.wait(3_600_000)


@pytest.fixture
def stage(tmp_path: Path) -> Office:
    """Six compartments, and short times."""
    return Office(tmp_path, CFG)


def visited(stage: Stage, order: str) -> None:
    """A drop-off and its collection."""
    door = stage.stored(order)
    assert stage.scan(stage.collect(order)) == door
    stage.wait(1500)
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    stage.wait(2000)


def rows(stage: Stage, table: str) -> int:
    """How many rows a table has."""
    found: int = stage.store._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found


def on_disk(stage: Stage, *orders: str) -> list[str]:
    """Which of these orders are anywhere in the bytes of the database, plain or in hexadecimal."""
    stage.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = stage.path.read_bytes()
    return [order for order in orders if order.encode() in content or order.encode().hex().encode() in content]


# --- by kind --------------------------------------------------------------------------------------


def test_a_released_order_is_in_no_compartments_row(stage: Office) -> None:
    """Collected, taken out, cancelled, lapsed: the row is empty at once, errand and all."""
    visited(stage, "ORDER-COLLECTED")
    door = stage.scan(stage.deposit("ORDER-CANCELLED"))
    stage.wait(2000)
    stage.opens(door)
    stage.touch("nothing")
    stage.shuts(door)
    held = stage.stored("ORDER-TAKEN")
    stage.scan(stage.token(Purpose.STAFF, door=held))
    stage.wait(2000)
    stage.opens(held)
    stage.shuts(held)
    stage.touch("took_out")
    stage.wait(2000)
    stage.scan(stage.deposit("ORDER-LAPSED", door=4))
    stage.wait(2 * 3_600_000)
    assert "lapsed" in stage.kinds
    kept = stage.store.load().compartments
    assert {row.custody for row in kept} == {Custody.EMPTY}
    assert [(row.order, row.errand) for row in kept if row.order or row.errand] == []


def test_used_tokens_go_after_their_time_and_not_before(stage: Office) -> None:
    """Two days after the token's end; until then a replay is known as spent."""
    text = stage.deposit("A1", exp=stage.wall_ms // 1000 + 86_400)
    door = stage.scan(text)
    stage.opens(door)
    stage.shuts(door)
    stage.touch("done")
    stage.days(2.9)
    assert rows(stage, "tokens") == 1
    stage.days(1.2)
    assert rows(stage, "tokens") == 0
    assert stage.cabinet.ledger.get(bytes.fromhex(stage.last("deposited")["cti"])) is None
    assert stage.last("retention") == {"tokens": 1, "commands": 0, "events": 0, "door": 0}


def test_answered_commands_go_after_their_time(stage: Office) -> None:
    """On the disk and in memory."""
    stage.command(id="c1", op="service", args={"door": 1, "in_service": True})
    stage.days(2.9)
    assert rows(stage, "commands") == 1
    stage.days(1.2)
    assert rows(stage, "commands") == 0
    assert stage.last("retention")["commands"] == 1
    stage.command(id="c1", op="service", args={"door": 1, "in_service": True})
    assert stage.kinds.count("command_done") == 2, "in memory neither"


def test_events_that_the_cloud_has_go_after_their_time(stage: Office) -> None:
    """What is older is gone to the last byte, what is younger is there, the chain is whole, and the count is right."""
    visited(stage, "ORDER-OLD")
    old = stage.store.last_seq()
    stage.days(15)
    visited(stage, "ORDER-YOUNG")
    assert on_disk(stage, "ORDER-OLD", "ORDER-YOUNG") == ["ORDER-OLD", "ORDER-YOUNG"]
    stage.days(16.1)
    assert on_disk(stage, "ORDER-OLD", "ORDER-YOUNG") == ["ORDER-YOUNG"]
    gone = sum(e["data"]["events"] for e in stage.log if e["type"] == "retention")
    assert gone >= old
    assert stage.log[0]["seq"] == gone + 1
    stage.store.close()
    assert judge(stage.path, {}).findings == []


def test_what_the_cloud_does_not_have_stays(tmp_path: Path) -> None:
    """Two months without network: nothing is lost (invariant 7); when the cloud has it, it goes."""

    class Away(Office):
        """A stage without a cloud from the start."""

        cloud = False

    stage = Away(tmp_path, CFG)
    visited(stage, "ORDER-OLD")
    stage.days(62)
    assert on_disk(stage, "ORDER-OLD") == ["ORDER-OLD"]
    assert stage.log[0]["seq"] == 1
    stage.cloud = True
    stage.days(1.2)
    assert on_disk(stage, "ORDER-OLD") == []


def test_what_still_lies_inside_keeps_its_order(stage: Office) -> None:
    """An item that nobody collects is its owner's for as long as it lies there, whatever has been forgotten of it."""
    door = stage.stored("ORDER-HELD")
    stage.days(40)
    assert stage.log[0]["seq"] > 1
    assert stage.cabinet.rooms[door].order == b"ORDER-HELD"
    assert stage.scan(stage.collect("ORDER-HELD")) == door


# --- when -----------------------------------------------------------------------------------------


def test_nothing_goes_while_the_clock_is_a_guess(tmp_path: Path) -> None:
    """In quality floor not one row is deleted; when the time is known again, all that is due goes (contract, 4)."""
    stage = Office(tmp_path, CFG, Quality.FLOOR)
    visited(stage, "ORDER-OLD")
    stage.days(60)
    assert (rows(stage, "tokens"), stage.log[0]["seq"], "retention" in stage.kinds) == (2, 1, False)
    stage.quality = Quality.SYNCED
    stage.days(1.2)
    assert rows(stage, "tokens") == 0
    assert on_disk(stage, "ORDER-OLD") == ["ORDER-OLD"], "it may be younger than it says"
    stage.days(31)
    assert on_disk(stage, "ORDER-OLD") == []


def test_nothing_goes_in_the_middle_of_a_visit(stage: Office) -> None:
    """Somebody stands there: the disk has better things to do."""
    visited(stage, "ORDER-OLD")
    stage.days(3.2)
    seq = stage.store.last_seq()
    door = stage.scan(stage.deposit("A2"))
    stage.wait(2000)
    stage.opens(door)
    stage.wait(30 * 3_600_000)
    assert [e["type"] for e in stage.log if e["seq"] > seq and e["type"] == "retention"] == []


def test_a_day_on_which_nothing_is_due_says_nothing(stage: Office) -> None:
    """No event without a deletion: the log is not filled by its own keeping."""
    stage.days(10)
    assert "retention" not in stage.kinds


def test_a_power_cut_in_between_does_it_all_or_not_at_all(tmp_path: Path) -> None:
    """Rows, anchor and event are one transaction: after a cut the chain is sound and nothing is counted twice."""
    path = tmp_path / "locker.db"
    store = Store.at(path, "boot", "epoch")
    for n in range(20):
        store.commit([Record("denied", n % 6, {"n": n})], Now(n, n * DAY_MS))
    store.acked = 15
    statements: list[str] = []
    store._db.set_trace_callback(statements.append)
    store.commit([Forget(0, 0, 10 * DAY_MS)], Now(30, 40 * DAY_MS))
    assert (statements.count("BEGIN IMMEDIATE"), statements.count("COMMIT")) == (1, 1)
    assert json.loads(store.rows_after(0, 100)[-1].body)["data"] == {"tokens": 0, "commands": 0, "events": 10}
    assert [row.seq for row in store.rows_after(0, 100)] == list(range(11, 22))
    store.commit([Forget(0, 0, 100 * DAY_MS)], Now(31, 100 * DAY_MS))
    assert store.rows_after(0, 1)[0].seq == 15, "never beyond what the cloud has"
    store.close()
    assert judge(path, {}).findings == []


@pytest.mark.parametrize("quality", [Quality.FLOOR, Quality.SYNCED])
def test_a_row_without_a_clock_goes_with_its_neighbours(tmp_path: Path, quality: Quality) -> None:
    """A cabinet that woke up in 1970 wrote rows that look old: they stay until a later row is old by a good clock."""
    store = Store.at(tmp_path / "locker.db", "boot", "epoch")
    for at_ms, known in ((1, quality), (2, quality), (50 * DAY_MS, Quality.SYNCED), (60 * DAY_MS, Quality.SYNCED)):
        store.commit([Record("denied")], Now(1, at_ms, known))
    store.acked = 4
    store.commit([Forget(0, 0, 40 * DAY_MS)], Now(2, 70 * DAY_MS))
    assert store.rows_after(0, 1)[0].seq == (1 if quality is Quality.FLOOR else 3)
    store.commit([Forget(0, 0, 55 * DAY_MS)], Now(2, 85 * DAY_MS))
    assert store.rows_after(0, 1)[0].seq == 4


def test_a_damaged_row_stops_nothing(tmp_path: Path) -> None:
    """Somebody wrote into the log: deleting by age passes over it, never raises; finding it is the audit's affair."""
    store = Store.at(tmp_path / "locker.db", "boot", "epoch")
    for n in range(6):
        store.commit([Record("denied")], Now(n, n * DAY_MS))
    for seq, body in ((1, b"["), (2, b"\xff"), (4, b'{"at_ms":"x"}')):
        store._db.execute("UPDATE events SET body = ? WHERE seq = ?", (body, seq))
    store.acked = 6
    store.commit([Forget(0, 0, 3 * DAY_MS)], Now(9, 9 * DAY_MS))
    assert [row.seq for row in store.rows_after(0, 10)][:1] == [4]
