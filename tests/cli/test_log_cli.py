"""``locker log``: what a technician types, what comes out, and which exit code."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from logs import BOOT, EPOCH, START_MS, STORY, export, tamper, write, write_emptied, write_trimmed

from locker.audit import Fault
from locker.cli.log import ZH
from locker.cli.main import main
from locker.logbook import hashes
from locker.model import Now, Record
from locker.store import Store


def run(*words: str | Path) -> int:
    """Run ``locker log`` with these words."""
    return main(["log", *map(str, words)])


def test_an_intact_log_is_said_to_be_intact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many events, on what it rests, what is proven, its newest hash to be noted down; exit code 0."""
    path = write(tmp_path / "locker.db")
    assert run("verify", path) == 0
    out = capsys.readouterr().out
    for part in (
        "12 条 events, 1-12",
        EPOCH,
        "第一条 row 1",
        "proven    1-12",
        f"12:{hashes(path)[12].hex()}",
        "intact",
    ):
        assert part in out
    assert run("verify", write_trimmed(tmp_path / "trimmed.db")) == 0
    assert "the hash of row 600, taken on trust" in capsys.readouterr().out
    assert run("verify", write_emptied(tmp_path / "emptied.db")) == 0
    assert "500 条,只剩哈希" in capsys.readouterr().out


def test_a_tampered_log_is_told_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which rows, what is wrong in both languages, what could not be proven; exit code 1."""
    path = tamper(
        write(tmp_path / "locker.db"),
        "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '\"door\":7', '\"door\":8') AS BLOB) WHERE seq = 4",
        "DELETE FROM events WHERE seq = 9",
    )
    assert run("verify", path) == 1
    out = capsys.readouterr().out
    assert "row 4 altered 内容被改: its content does not give the hash" in out
    assert "row 9 missing 缺失: the next row that is there is 10" in out
    assert "unproven  10: " in out
    assert "已证 proven    1-3, 5-8, 11-12" in out
    assert "不完好 not intact: 2 处不对 findings" in out
    assert "王芳" not in out, "what an event says is not printed"


def test_witnesses_are_given_by_hand_or_by_another_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A number and a hash, an earlier export, another database; the end that was cut off is then found."""
    path = write(tmp_path / "locker.db")
    true = hashes(path)
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_bytes(b"".join(export(path)))
    assert run("verify", path, "--witness", f"12:{true[12].hex()}", "--against", earlier) == 0
    tamper(path, "DELETE FROM events WHERE seq > 9")
    assert run("verify", path) == 0
    capsys.readouterr()
    assert run("verify", path, "--witness", f"12:{true[12].hex()[:16]}") == 1
    assert "row 10-12 end_missing 末尾被截断: the log ends at 9, but row 12 has existed" in capsys.readouterr().out
    assert run("verify", path, "--against", earlier) == 1
    assert run("verify", path, "--witness", f"3:{'ab' * 32}") == 1
    assert "row 3 witness 与旁证不符" in capsys.readouterr().out
    trimmed = write_trimmed(tmp_path / "trimmed.db")
    assert run("verify", trimmed, "--witness", f"5:{'ab' * 32}") == 0
    assert "无从比对       5: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "word", ["5", "5:", "5:ab", "5:" + "a" * 15, "5:" + "ab" * 33, "x:" + "ab" * 8, "0:" + "ab" * 8]
)
def test_a_witness_that_is_none_is_a_usage_error(tmp_path: Path, word: str) -> None:
    """A number, a colon, 16 to 64 digits."""
    with pytest.raises(SystemExit) as stop:
        run("verify", tmp_path, "--witness", word)
    assert stop.value.code == 2


def test_export_prints_the_lines_and_nothing_else(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """All rows or a part of them; what was exported verifies."""
    path = write(tmp_path / "locker.db")
    assert run("export", path) == 0
    assert capsysbinary.readouterr().out == b"".join(export(path))
    assert run("export", path, "--from", "5", "--to", "7") == 0
    out = capsysbinary.readouterr().out
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [4, 5, 6, 7]
    part = tmp_path / "part.jsonl"
    part.write_bytes(out)
    assert run("verify", part) == 0
    assert b"proven    5-7" in capsysbinary.readouterr().out


def test_both_work_while_the_controller_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows of the write-ahead log are in it."""
    path = tmp_path / "locker.db"
    with closing(Store.at(path, BOOT, EPOCH)) as store:
        store.commit(STORY, Now(1, START_MS))
        assert run("verify", path) == 0
        assert "12 条 events" in capsys.readouterr().out
        store.commit([Record("denied", 0)], Now(2, START_MS))
        assert run("verify", path) == 0
        assert "13 条 events" in capsys.readouterr().out


def test_a_file_that_is_no_log_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 for what cannot be read at all; a text that is no export is an export with findings."""
    assert run("verify", tmp_path / "none.db") == 2
    assert "No such file" in capsys.readouterr().err
    text = tmp_path / "notes.txt"
    text.write_text("hello\n", encoding="ascii")
    assert run("verify", text) == 1
    assert "file unreadable 读不懂: line 1: neither a published event" in capsys.readouterr().out
    assert run("export", text) == 2
    assert "not a database" in capsys.readouterr().err
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + bytes(100))
    assert run("verify", tmp_path / "bad.db") == 2
    assert "bad.db" in capsys.readouterr().err


def test_every_fault_has_its_words() -> None:
    """No finding is left without Chinese."""
    assert ZH.keys() == set(Fault)
