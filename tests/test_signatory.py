"""Each deposit has its receipt: right behind it in the log, in the same transaction, on the screen once it is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from service_bench import DEVICE, DOORS, EPOCH, Bench
from stage import AUD

from locker.audit import Row, disagreements, examine
from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.receipt import Receipt, ReceiptError, verify
from locker.messages import EventOut
from locker.model import Act, DoorSeen, KeepVisit, Now, Quality, Record, Show, Touched
from locker.outbox import EventRow
from locker.signatory import Signatory
from locker.store import Store

NOW = Now(5_000, 1_790_000_000_999, Quality.HOLD)
DEPOSIT = Record("deposited", 3, {"order": "4131", "deadline_ms": 1})
FRAME_BYTES = 512


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A service that signs, with nobody there."""
    return Bench(tmp_path).ready()


def rows(store: Store) -> list[EventRow]:
    """The whole log."""
    return store.rows_after(0, 10_000)


def said(row: EventRow) -> dict[str, Any]:
    """What a row says."""
    event: dict[str, Any] = json.loads(row.body)
    return event


def receipts(store: Store) -> list[Receipt]:
    """Every receipt of a log, verified, and each proven to be that of the row before it; nothing else is on its own."""
    found, log = [], rows(store)
    for row, after in zip(log, [*log[1:], None], strict=True):
        if said(row)["type"] != "deposited":
            assert after is None or said(after)["type"] != "receipt", "a receipt without a deposit"
            continue
        assert after is not None and said(after)["type"] == "receipt", "a deposit without a receipt"
        data = said(after)["data"]
        assert (data["row"], data["order"], said(after)["door"]) == (
            row.seq,
            said(row)["data"]["order"],
            said(row)["door"],
        )
        receipt = verify(data["receipt"].encode(), PublicKey(DEVICE.public))
        assert isinstance(receipt, Receipt)
        assert disagreements(receipt, Row(row.seq, row.body, row.hash)) == []
        found.append(receipt)
    assert examine(Row(row.seq, row.body, row.hash) for row in log).good
    return found


def drops_off(bench: Bench, number: int = 1) -> int:
    """Somebody shows a code and opens the door that it is given; the papers are in, the door is still open."""
    bench.scan(number, after_ms=3000)
    door = bench.service.cabinet.visit.door
    bench.turn(DoorSeen(door, True, fresh=True), after_ms=300)
    return door


def screens(bench: Bench) -> list[Show]:
    """All that was shown."""
    return [act for act in bench.screen.done if isinstance(act, Show)]


# --- in a visit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", Quality)
def test_the_row_behind_a_deposit_is_its_receipt(tmp_path: Path, quality: Quality) -> None:
    """Time, worth of the time, order, door, number and hash are those of the row; the device's key verifies it."""
    bench = Bench(tmp_path, quality=quality).ready()
    door = drops_off(bench)
    bench.turn(DoorSeen(door, False), after_ms=4321)
    (receipt,) = receipts(bench.store)
    deposit = next(row for row in rows(bench.store) if said(row)["type"] == "deposited")
    assert receipt == Receipt(
        cabinet=AUD,
        at_s=bench.now.wall_ms // 1000,
        epoch=EPOCH,
        seq=deposit.seq,
        order=b"A1",
        door=door,
        quality=quality,
        log_hash=deposit.hash[:16],
    )


def test_another_key_or_another_row_is_not_verified(bench: Bench) -> None:
    """A receipt is one device's word about one row."""
    bench.turn(DoorSeen(drops_off(bench), False))
    (receipt,) = receipts(bench.store)
    before, deposit, carrier = rows(bench.store)[receipt.seq - 2 : receipt.seq + 1]
    text = said(carrier)["data"]["receipt"].encode()
    assert not isinstance(verify(text, PublicKey(PrivateKey(bytes(32)).public)), Receipt)
    assert disagreements(receipt, Row(before.seq, before.body, before.hash))
    altered = deposit.body.replace(b'"door":%d' % receipt.door, b'"door":%d' % (receipt.door + 1))
    assert disagreements(receipt, Row(deposit.seq, altered, deposit.hash))


def test_the_screen_shows_it_and_its_buttons_stay_good(bench: Bench) -> None:
    """The same screen with its number, its buttons and its time; a touch of either is one of the same screen."""
    door = drops_off(bench)
    bench.turn(DoorSeen(door, False))
    *_, without, shown = screens(bench)
    carrier = said(rows(bench.store)[receipts(bench.store)[0].seq])
    assert shown.receipt == carrier["data"]["receipt"]
    assert (without.receipt, without.name, shown.name) == ("", "deposited", "deposited")
    assert (shown.number, shown.door, shown.offers) == (without.number, door, without.offers)
    assert shown.remaining_ms == without.remaining_ms > 0
    bench.turn(Touched("reopen", without.number), device=bench.screen)
    assert (screens(bench)[-1].name, screens(bench)[-1].receipt) == ("opening", "")


def test_a_reason_on_the_screen_leaves_the_receipt_there(bench: Bench) -> None:
    """Nothing larger is free: the screen says so and still has the code."""
    bench.turn(DoorSeen(drops_off(bench, 1), False))
    bench.turn(Touched("done", screens(bench)[-1].number), device=bench.screen, after_ms=1000)
    bench.turn(DoorSeen(drops_off(bench, 2), False))
    bench.turn(Touched("done", screens(bench)[-1].number), device=bench.screen, after_ms=1000)
    door = drops_off(bench, 3)
    assert door == DOORS[-1]
    bench.turn(DoorSeen(door, False))
    shown = screens(bench)[-1]
    bench.turn(Touched("larger", shown.number), device=bench.screen)
    assert (screens(bench)[-1].reason, screens(bench)[-1].receipt) == ("nothing_free", shown.receipt)
    assert len(receipts(bench.store)) == 3


def test_opened_again_and_shut_again_is_another_deposit(bench: Bench) -> None:
    """What lies there may have changed, so the later one has a receipt of its own, with its own time."""
    door = drops_off(bench)
    bench.turn(DoorSeen(door, False))
    bench.turn(Touched("reopen", screens(bench)[-1].number), device=bench.screen, after_ms=5000)
    bench.turn(DoorSeen(door, True, fresh=True), after_ms=2000)
    bench.turn(DoorSeen(door, False), after_ms=9000)
    first, second = receipts(bench.store)
    assert (first.order, first.door) == (second.order, second.door)
    assert second.at_s > first.at_s
    assert screens(bench)[-1].receipt == said(rows(bench.store)[second.seq])["data"]["receipt"]


def test_the_next_person_does_not_see_it(bench: Bench) -> None:
    """It goes with its screen."""
    bench.turn(DoorSeen(drops_off(bench), False))
    bench.turn(Touched("done", screens(bench)[-1].number), device=bench.screen)
    assert (screens(bench)[-1].name, screens(bench)[-1].receipt) == ("idle", "")


# --- without a visit ------------------------------------------------------------------------------


def test_a_deposit_that_is_completed_after_a_power_cut_has_one_too(tmp_path: Path) -> None:
    """The door stood open when the power went and is shut when it comes back: nobody is there, the log has both."""
    bench = Bench(tmp_path).ready()
    door = drops_off(bench)
    bench.store._db.close()
    again = Bench(tmp_path)
    assert receipts(again.store) == []
    again.ready()
    (receipt,) = receipts(again.store)
    assert (receipt.order, receipt.door) == (b"A1", door)
    assert {show.receipt for show in screens(again)} <= {""}
    assert again.service.cabinet.rooms[door].order == b"A1"


# --- never one without the other ------------------------------------------------------------------


def test_whoever_is_told_of_it_finds_both_on_the_disk(bench: Bench) -> None:
    """At every order to any device, a second connection sees as many deposits as receipts."""
    seen: list[int] = []

    def look(act: Act) -> None:
        other = Store.at(bench.path, "boot", EPOCH)
        seen.append(len(receipts(other)))
        other._db.close()

    for device in (bench.board, bench.screen, bench.link):
        device.on_perform = look
    for number in (1, 2):
        bench.turn(DoorSeen(drops_off(bench, number), False), after_ms=1000)
        bench.turn(Touched("done", screens(bench)[-1].number), device=bench.screen, after_ms=1000)
    assert set(seen) == {0, 1, 2}


def a_store(path: Path) -> Store:
    """A store that signs."""
    store = Store.at(path, "boot", EPOCH)
    store.follower = Signatory(AUD, EPOCH, DOORS, DEVICE)
    return store


def left_by_a_cut(path: Path, folder: Path, wal_bytes: int | None = None) -> Store:
    """What a power cut now leaves: a copy of the files, of the journal only so many bytes."""
    folder.mkdir()
    for tail in ("", "-wal"):
        shutil.copy(f"{path}{tail}", folder / f"locker.db{tail}")
    if wal_bytes is not None:
        with (folder / "locker.db-wal").open("r+b") as journal:
            journal.truncate(wal_bytes)
    return Store.at(folder / "locker.db", "boot", EPOCH)


def test_a_power_cut_at_any_statement_or_in_the_journal_leaves_both_or_neither(tmp_path: Path) -> None:
    """Cut before each statement of the commit, and with the journal torn off every 512 bytes: both rows, or none."""
    store = a_store(tmp_path / "locker.db")
    store.commit([Record("started", 0, {})], NOW)
    begun = Path(f"{tmp_path / 'locker.db'}-wal").stat().st_size
    left: list[int] = []

    def cut(folder: str, wal_bytes: int | None = None) -> None:
        remains = left_by_a_cut(tmp_path / "locker.db", tmp_path / folder, wal_bytes)
        left.append(len(receipts(remains)))
        assert len(rows(remains)) == 1 + 3 * left[-1]
        remains._db.close()

    statements: list[str] = []

    def traced(statement: str) -> None:
        statements.append(statement)
        store._db.set_trace_callback(None)
        cut(f"statement-{len(statements)}")
        store._db.set_trace_callback(traced)

    store._db.set_trace_callback(traced)
    added = store.commit([KeepVisit("3"), DEPOSIT, Record("shut", 3, {})], NOW)
    store._db.set_trace_callback(None)
    assert [record.kind for record in added] == ["receipt"]
    assert len(statements) >= 5 and set(left) == {0}
    whole = Path(f"{tmp_path / 'locker.db'}-wal").stat().st_size
    for size in range(begun, whole, FRAME_BYTES):
        cut(f"journal-{size}", size)
    assert left == sorted(left)  # the commit is followed by padding to the sector's end: torn in there, it holds
    cut("after")
    assert left[-1] == 1


def test_each_of_several_deposits_in_one_commit_has_its_own(tmp_path: Path) -> None:
    """Rows between them keep their order; the numbers go on after a restart."""
    store = a_store(tmp_path / "locker.db")
    shut = Record("shut", 1, {})
    store.commit([DEPOSIT, shut, Record("deposited", 1, {"order": "42"}), shut], NOW)
    assert [said(row)["type"] for row in rows(store)] == [
        "deposited",
        "receipt",
        "shut",
        "deposited",
        "receipt",
        "shut",
    ]
    assert [receipt.order for receipt in receipts(store)] == [b"A1", b"B"]
    assert store.last_seq() == 6
    store.close()
    again = a_store(tmp_path / "locker.db")
    again.commit([DEPOSIT], NOW)
    assert (again.last_seq(), len(receipts(again))) == (8, 3)


def test_a_full_log_never_lets_a_receipt_go(tmp_path: Path) -> None:
    """Notes lose their content; deposits and their receipts are no notes, and the count of rows stays right."""
    store = Store(str(tmp_path / "locker.db"), "boot", EPOCH, events_max=1000, events_kept=500)
    store.follower = Signatory(AUD, EPOCH, DOORS, DEVICE)
    store.commit([DEPOSIT, *(Record("note", droppable=True) for _ in range(999)), DEPOSIT], NOW)
    store.trim(NOW)
    assert "log_trimmed" in [said(row)["type"] for row in rows(store)]
    assert sum(said(row)["type"] == "receipt" for row in rows(store)) == 2
    assert store._rows == store._count()


# --- what cannot be signed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cabinet", "epoch", "doors", "why"),
    [
        (AUD, "epoch", DOORS, "the epoch must be 16 hexadecimal digits"),
        (AUD, EPOCH, (1, 25), "the door must be an integer, 1 to 24"),
        ("x" * 33, EPOCH, DOORS, "the cabinet must be a text of 1 to 32"),
        ("柜" * 32, EPOCH, DOORS, "shorten the cabinet's id"),
    ],
)
def test_what_could_not_be_signed_later_is_said_at_once(
    cabinet: str, epoch: str, doors: tuple[int, ...], why: str
) -> None:
    """Not in the middle of somebody's deposit, which would be for ever undone."""
    with pytest.raises(ReceiptError, match=why):
        Signatory(cabinet, epoch, doors, DEVICE)


def test_the_longest_receipt_of_a_cabinet_can_be_signed() -> None:
    """Id, order, numbers and times at their bounds: the trial at the start is the worst there is."""
    signatory = Signatory("x" * 32, "f" * 16, (24,), DEVICE)
    most = 2**63 - 1
    event = EventOut(
        epoch="f" * 16,
        seq=most,
        boot="b",
        at_ms=most,
        boot_ms=0,
        quality=Quality.SYNCED,
        type="deposited",
        door=24,
        data={"order": "ff" * 16},
    )
    carrier = signatory.behind(event, b"\xff" * 32)
    assert carrier is not None and not carrier.droppable
    assert isinstance(verify(carrier.fields["receipt"].encode(), PublicKey(DEVICE.public)), Receipt)
