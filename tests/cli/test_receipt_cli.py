"""``locker receipt verify``: a receipt against a key, and against the log it comes from."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from logs import DEPOSITED, EPOCH, ORDER, START_MS, STORY, export, tamper, write, write_trimmed

from locker.authority.ed25519 import PrivateKey
from locker.authority.receipt import Receipt, sign
from locker.cli.main import main
from locker.logbook import hashes
from locker.model import Quality, Record

KEY = PrivateKey(b"\x05" * 32)
HEX = KEY.public.hex()


def run(*words: str | Path) -> int:
    """Run ``locker receipt verify`` with these words."""
    return main(["receipt", "verify", *map(str, words)])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A cabinet's database with a deposit in it."""
    return write(tmp_path / "locker.db")


@pytest.fixture
def receipt(database: Path) -> Receipt:
    """The receipt of that deposit."""
    at_s = START_MS // 1000 + DEPOSITED - 1
    log_hash = hashes(database)[DEPOSITED][:16]
    return Receipt("xy-001", at_s, EPOCH, DEPOSITED, ORDER, 7, Quality.SYNCED, log_hash)


def test_a_genuine_receipt_says_what_it_says(receipt: Receipt, capsys: pytest.CaptureFixture[str]) -> None:
    """Cabinet, time with its worth, order, door, event, and the QR version it needs; exit code 0."""
    assert run(sign(receipt, KEY), "--public", HEX) == 0
    out = capsys.readouterr().out
    assert out.startswith("有效 ok\n")
    for part in (
        "xy-001",
        "1764000005 (2025-11-24T16:00:05+00:00), synced: 对过时 synchronised",
        f"{ORDER.hex()} (20250612-0042)",
        "格口 door      7",
        f"{EPOCH}:6",
        "QR version 9, error correction M, alphanumeric",
    ):
        assert part in out
    floor = replace(receipt, quality=Quality.FLOOR, order=b"\xff\x00")
    assert run(sign(floor, KEY), "--public", HEX) == 0
    out = capsys.readouterr().out
    assert "not before this; the clock was not known" in out
    assert "order     ff00\n" in out


def test_a_receipt_comes_as_text_file_or_standard_input(
    receipt: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it was copied."""
    text = sign(receipt, KEY)
    file = tmp_path / "receipt.txt"
    file.write_text(text + "\n", encoding="ascii")
    assert run(file, "--public", HEX) == 0
    assert run(f" {text}\n", "--public", HEX) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode() + b"\r\n")))
    assert run("-", "--public", HEX) == 0


def test_what_is_no_receipt_of_this_cabinet_is_rejected_by_name(
    receipt: Receipt, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another key, one character changed, something else; exit code 1. A file that is not there: 2."""
    text = sign(receipt, KEY)
    other = PrivateKey(b"\x06" * 32).public.hex()
    changed = text[:-1] + ("1" if text[-1] != "1" else "2")
    noise = tmp_path / "noise"
    noise.write_bytes(b"\xff" * 5000)
    for words, reason in (
        ((text, "--public", other), "unknown_key"),
        ((changed, "--public", HEX), "signature"),
        (("LKR1:红", "--public", HEX), "unreadable"),
        ((noise, "--public", HEX), "too_long"),
    ):
        assert run(*words) == 1
        assert capsys.readouterr().out.startswith(f"无效 rejected: {reason} (")
    assert run("LK1:ABC", "--public", HEX) == 2
    assert run(tmp_path / "none", "--public", HEX) == 2
    assert "neither a file nor a text that begins with LKR1:" in capsys.readouterr().err
    assert run(text, "--public", "00" * 32) == 2
    assert "small order" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["database", "export"])
def test_the_log_agrees_with_a_genuine_receipt(
    receipt: Receipt, database: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Order, door, time, quality, number and hash are those of the row, and all rows up to it are proven."""
    log = database
    if kind == "export":
        log = tmp_path / "export.jsonl"
        log.write_bytes(b"".join(export(database)))
    assert run(sign(receipt, KEY), "--public", HEX, "--log", log) == 0
    assert "agrees: row 6, and every row from the log's beginning to it is proven" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"order": b"other"}, "order: the log has another one"),
        ({"door": 8}, "door: the receipt says 8, the log 7"),
        ({"at_s": 1}, "time: the receipt says 1, the log 1764000005"),
        ({"quality": Quality.RTC}, "quality: the receipt says rtc, the log synced"),
        ({"log_hash": bytes(16)}, "hash: the receipt says 0000"),
        ({"epoch": "0" * 16}, "epoch: the receipt says 0000"),
        ({"seq": 5}, "hash: the receipt says"),
        ({"seq": 99}, "row 99 is not in it; it has 1 to 12"),
    ],
)
def test_each_disagreement_is_named(
    receipt: Receipt, database: Path, change: dict[str, object], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receipt truly signed that the log contradicts: what differs is named, the order is not; exit code 1."""
    text = sign(replace(receipt, **change), KEY)  # type: ignore[arg-type]
    assert run(text, "--public", HEX, "--log", database) == 1
    out = capsys.readouterr().out
    assert out.startswith("无效 rejected: log\n")
    assert word in out


def test_a_log_rewritten_before_the_deposit_is_found(
    receipt: Receipt, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The receipt proves every row up to its own; what was done behind it does not concern it."""
    text = sign(receipt, KEY)
    alter = "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = {}"
    tamper(database, alter.format(9))
    assert run(text, "--public", HEX, "--log", database) == 0
    tamper(database, alter.format(3))
    assert run(text, "--public", HEX, "--log", database) == 1
    assert "row 3: altered: " in capsys.readouterr().out
    tamper(database, "DELETE FROM events WHERE seq = 3")
    assert run(text, "--public", HEX, "--log", database) == 1
    out = capsys.readouterr().out
    assert "row 3: missing" in out
    assert "row 4: unproven" in out


def test_a_deposit_whose_row_was_trimmed_or_emptied_is_said_to_be_gone(
    receipt: Receipt, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then an older export is needed."""
    text = sign(receipt, KEY)
    assert run(text, "--public", HEX, "--log", write_trimmed(tmp_path / "trimmed.db")) == 1
    assert "row 6 is not in it; it has 601 to 1200: export that part, or ask for an older" in capsys.readouterr().out
    tamper(database, "UPDATE events SET body = X'', droppable = 0 WHERE seq = 6")
    assert run(text, "--public", HEX, "--log", database) == 1
    assert "content: it is gone" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["database", "export"])
def test_what_happened_to_the_papers_afterwards_is_told(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The receipt stays genuine; who relies on it hears of a later "nothing put in", and nothing of other orders."""
    later = [
        Record("reopened", 7, {"order": ORDER.hex(), "time": 1}),
        Record("collected", 8, {"order": "4c4b31"}),
        Record("cancelled", 7, {"order": ORDER.hex()}),
        Record("taken_out", 7, {"item": ORDER.hex(), "by": "li"}),
    ]
    log = write(tmp_path / "locker.db", STORY[:DEPOSITED] + later)
    text = sign(Receipt("xy-001", START_MS // 1000 + 5, EPOCH, 6, ORDER, 7, Quality.SYNCED, hashes(log)[6][:16]), KEY)
    if kind == "export":
        lines = export(log)
        log = tmp_path / "export.jsonl"
        log.write_bytes(b"".join(lines))
    assert run(text, "--public", HEX, "--log", log) == 0
    out = capsys.readouterr().out
    assert out.startswith("有效 ok\n")
    assert [line.split(": ")[1] for line in out.splitlines() if line.startswith("后来")] == [
        "reopened",
        "cancelled",
        "taken_out",
    ]
    assert "7 号取消，没放东西" in out


def test_a_log_without_a_sequel_says_so(receipt: Receipt, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Silence would not tell "nothing happened" from "nobody looked"."""
    assert run(sign(receipt, KEY), "--public", HEX, "--log", database) == 0
    assert "nothing more about this order in this log" in capsys.readouterr().out
