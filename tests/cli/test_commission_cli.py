"""``locker commission`` as a command: what it refuses, what it writes, and the simulated cabinet."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest
from commission_rig import BLANK

from locker.assembly import lock
from locker.cli import commission
from locker.cli.main import main
from locker.config import load
from locker.model import CompartmentRow, Custody, KeepCompartment, Now
from locker.store import Store, read_claimed
from sim.commission_wiring import differences, draw


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """What comes from the keyboard."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def a_config(folder: Path) -> Path:
    """A cabinet's configuration with its database in the same folder."""
    path = folder / "cabinet.toml"
    path.write_text(BLANK.replace("/var/lib/locker/locker.db", str(folder / "locker.db")), encoding="utf-8")
    return path


def test_a_running_controller_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the database is held nothing is asked and no port is opened; the sentence says what to do."""
    path = a_config(tmp_path)
    with lock(tmp_path / "locker.db"):
        assert main(["commission", "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert "控制程序正在运行" in said.err
    assert "systemctl stop locker" in said.err
    assert said.out == ""


def test_meanwhile_no_controller_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is held until the dialogue is over, and free afterwards."""
    path = a_config(tmp_path)
    seen = []

    class Keyboard(io.StringIO):
        def readline(self, *_: object) -> str:  # type: ignore[override]
            with pytest.raises(ValueError, match="held by another controller"):
                lock(tmp_path / "locker.db")
            seen.append(True)
            return "q\n"

    monkeypatch.setattr(sys, "stdin", Keyboard())
    assert main(["commission", "--config", str(path)]) == 1
    assert seen
    lock(tmp_path / "locker.db").close()


def test_a_door_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The range is named."""
    assert main(["commission", "--config", str(a_config(tmp_path)), "--door", "25"]) == 2
    assert "there are 1 to 24" in capsys.readouterr().err


def test_one_door_of_no_cabinet_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a configuration there is no door to redo."""
    assert main(["commission", "--config", str(tmp_path / "none.toml"), "--door", "7"]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_the_end_of_the_input_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed terminal is like Ctrl-C."""
    path = a_config(tmp_path)
    before = path.read_bytes()
    typed(monkeypatch, "cu24")
    assert main(["commission", "--config", str(path)]) == 130
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cabinet.toml", "locker.db.lock"]


def test_the_file_of_before_is_kept_and_its_rights_stay(tmp_path: Path) -> None:
    """The new text is there as a whole, the old one beside it, and nobody more may read either."""
    path = tmp_path / "cabinet.toml"
    path.write_text("old\n", encoding="utf-8")
    path.chmod(0o600)
    commission.write(path, "new\n")
    assert path.read_text(encoding="utf-8") == "new\n"
    assert (tmp_path / "cabinet.toml.bak").read_text(encoding="utf-8") == "old\n"
    assert [stat.S_IMODE(file.stat().st_mode) for file in sorted(tmp_path.iterdir())] == [0o600, 0o600]


def test_a_first_file_is_not_for_everybody(tmp_path: Path) -> None:
    """Without one of before: 640, and no .bak."""
    commission.write(tmp_path / "cabinet.toml", "new\n")
    assert [file.name for file in tmp_path.iterdir()] == ["cabinet.toml"]
    assert stat.S_IMODE((tmp_path / "cabinet.toml").stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """The error names the file; nothing has changed."""
    path = tmp_path / "gone" / "cabinet.toml"
    with pytest.raises(OSError, match=r"cabinet\.toml"):
        commission.write(path, "new\n")
    assert list(tmp_path.iterdir()) == []


def test_a_simulated_technician_finds_the_wiring_of_a_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole dialogue is printed in both languages; the file is what was drawn; exit code 0."""
    path = tmp_path / "learnt.toml"
    assert main(["commission", "--simulate", "8a", "--seed", "4", "--config", str(path)]) == 0
    said = capsys.readouterr().out
    assert "[24/24] 可以开" in said
    assert "[door 24 of 24] May" in said
    assert "学到的就是抽到的接线" in said
    assert differences(draw("8a", 4), load(path)) == []
    assert main(["config", "check", str(path)]) == 0


def test_an_unknown_simulated_board_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert main(["commission", "--simulate", "abacus"]) == 2
    assert "cu16, cu24, cu48, 8a, modbus, shift, mcp, pins" in capsys.readouterr().err


def test_a_simulated_cabinet_is_practised_on_by_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What hands would do is typed before the answer; quitting writes nothing and says so."""
    drawn = draw("cu24", 1)
    door = min(drawn.doors)
    lines = ["cu24", str(len(drawn.doors)), "", "", "y", "shut", "", f"open {door}", "", f"shut {door}", "", "y"]
    typed(monkeypatch, *lines, "q")
    assert main(["commission", "--simulate", "cu24", "--seed", "1", "--by-hand"]) == 1
    said = capsys.readouterr().out
    assert "学到了:main 的门关好时反馈位是" in said
    assert "没有保存 nothing was saved" in said


def test_the_help_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """In the overview and by itself."""
    assert main(["--help"]) == 0
    assert "commission" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["commission", "--help"])
    assert "--simulate" in capsys.readouterr().out


def test_the_words_of_the_test_code_fit_a_code() -> None:
    """Characters that any scanner and any keyboard layout has."""
    word = commission.fresh_word()
    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")
    assert len(word) == len("LOCKER TEST 123456789")


def test_what_lies_in_the_cabinet_is_read_from_its_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compartment that is not empty by the records: no question is asked, the door is named, nothing is written."""
    path = a_config(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('id = "xy-001"', 'id = "xy-077"'), encoding="utf-8")
    database = tmp_path / "locker.db"
    store = Store.at(database, "boot", "0123456789abcdef")
    row = CompartmentRow(5, "shut", Custody.HOLDING, b"item")
    store.commit([KeepCompartment(row)], Now(1, 1))
    store.close()
    assert read_claimed(database) == (5,)
    assert main(["commission", "--config", str(path)]) == 1
    said = capsys.readouterr().out
    assert "By the records something lies in: 5" in said
    assert "?" not in said
