"""``locker status``: what it says of a running, a stopped, a dead and a hanging controller, disturbing none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fittings_rig import fitted_config
from process_rig import Rig
from stage import Stage, a_config

from locker import clock, status
from locker.cli.main import main
from locker.cli.status_table import lines, table
from locker.config import Status as Place
from locker.model import DeviceKnown, LineSeen, Measured, Wear
from locker.vitals import HANGS_MS, Judged, Standing, judge, unseen

EXAMPLE = Path(__file__).parents[2] / "config" / "cabinet.toml"
BOOT, BORN, EVERY_MS = "boot-1", 4711, 5000
COUNTERS = {"main": {"sent": 1200, "lost": 3, "bad": 2, "late": 1}, "scanner": {"scans": 9, "lost": 0}}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A cabinet of six doors."""
    return Stage(tmp_path)


def told(stage: Stage, **about: object) -> status.Status:
    """What its controller would say of itself."""
    given = {
        "pid": os.getpid(),
        "born_ticks": BORN,
        "boot": BOOT,
        "epoch": "e1",
        "started_ms": stage.ms - 90_061_000,
        "link": True,
        "queued": 4,
        "waiting_ms": 0,
    }
    return status.of(stage.cabinet, stage.now, COUNTERS, **(given | about))


@pytest.mark.parametrize(
    ("state", "boot", "born", "age_ms", "standing"),
    [
        ("running", BOOT, BORN, 900, Standing.RUNNING),
        ("running", BOOT, BORN, EVERY_MS + HANGS_MS, Standing.RUNNING),
        ("running", BOOT, BORN, EVERY_MS + HANGS_MS + 1, Standing.HANGING),
        ("running", BOOT, None, 900, Standing.DIED),
        ("running", BOOT, BORN + 1, 900, Standing.DIED),
        ("stopped", BOOT, None, 900, Standing.STOPPED),
        ("failed", BOOT, None, 900, Standing.FAILED),
        ("running", "boot-2", BORN, -5000, Standing.REBOOTED),
        ("stopped", "boot-2", None, -5000, Standing.STOPPED),
    ],
)
def test_a_status_is_of_a_living_process_or_not(
    stage: Stage, state: str, boot: str, born: int | None, age_ms: int, standing: Standing
) -> None:
    """By the boot, the process's number and beginning, and its age; a number that another process has is not ours."""
    judged = judge(told(stage, state=state), boot, born, stage.ms + age_ms, EVERY_MS)
    assert judged.standing is standing and judged.running == (standing is Standing.RUNNING)


@pytest.mark.parametrize(
    ("configured", "last", "standing"),
    [
        (True, None, Standing.NEVER),
        (True, ("stopped", 5), Standing.STOPPED),
        (False, ("stopped", 5), Standing.STOPPED),
        (True, ("opened", 5), Standing.DIED),
        (False, ("opened", 5), Standing.UNTOLD),
        (True, "may not be read", Standing.UNKNOWN),
    ],
)
def test_without_a_status_the_databases_last_word_counts(
    configured: bool, last: tuple[str, int] | str | None, standing: Standing
) -> None:
    """A stop is written; anything else at the end is an end without a word, where a status was asked for."""
    assert unseen(configured, last).standing is standing


def test_the_status_names_nobody(stage: Stage) -> None:
    """Orders, codes and ids are in the cabinet by now, and in none of its status; decoding gives it back whole."""
    door = stage.scan(stage.deposit("SECRET-ORDER"))
    stage.opens(door)
    stage.shuts(door)
    said = told(stage)
    raw = status.encode(said)
    assert status.decode(raw) == said
    for secret in ("SECRET", b"SECRET-ORDER".hex(), stage.cabinet.rooms[door].order.hex()):
        assert secret.encode() not in raw
    for damaged in (b"", b"{}", raw[:-9], b"\xff" + raw, b"[" * 9000, raw + b" " * status.BYTES_MAX):
        assert status.decode(damaged) is None


def test_the_table_says_it_in_both_languages(stage: Stage) -> None:
    """Boards with their counters, noise and firmware; the doors that are remarkable; the rest as a number."""
    stage.tell(DeviceKnown("main", "13 01"))
    stage.tell(DeviceKnown("scanner", "V1.05"))
    rooms = stage.cabinet.rooms
    rooms[2].wear = Wear(cycles=410_000, timed=900, usual_ms=120.0, recent_ms=260.0, slower=True)
    rooms[3].take_out_of_service("hinge")
    text = "\n".join(lines(judge(told(stage), BOOT, BORN, stage.ms, EVERY_MS), all_doors=False))
    for words in ("运行中  running", "1 天 d 01:01:01", "通 up", "13 01", "V1.05", "1200", "停用 out hinge"):
        assert words in text, text
    assert "82.0 %" in text and "260 !" in text and "另有 and 4 扇正常" in text
    assert all(not line.startswith("1  ") for line in text.splitlines())
    every = "\n".join(lines(judge(told(stage), BOOT, BORN, stage.ms, EVERY_MS), all_doors=True))
    assert len(every.splitlines()) > len(text.splitlines())


def test_the_fittings_are_told(tmp_path: Path) -> None:
    """Each part that is fitted, with a question mark until it was read; an outage and an open case stand out."""
    fitted = Stage(tmp_path, fitted_config())
    before = "\n".join(lines(judge(told(fitted), BOOT, BORN, fitted.ms, EVERY_MS), all_doors=False))
    for words in ("市电 mains ?", "机箱 case ?", "柜内 inside ?", "风扇 fan 关 off", "加热 heater 关 off"):
        assert words in before, before
    for event in (LineSeen("mains_lost", True), LineSeen("tamper", True), Measured("inside_mc", 41_500)):
        fitted.tell(event)
    said = told(fitted)
    assert said.fittings.power is not None and said.fittings.power.mains is False
    assert (said.fittings.tamper_open, said.fittings.inside_c, said.fittings.fan_on) == (True, 41.5, True)
    assert status.decode(status.encode(said)) == said
    after = "\n".join(lines(judge(said, BOOT, BORN, fitted.ms, EVERY_MS), all_doors=False))
    for words in ("停 OFF ! 备用 reserve 60 min", "被打开 OPEN !", "41.5 °C", "风扇 fan 开 on"):
        assert words in after, after


def test_a_cabinet_without_fittings_has_no_line_for_them(stage: Stage) -> None:
    """What is not there is not told."""
    assert told(stage).fittings.parts == []
    assert "fittings" not in "\n".join(lines(judge(told(stage), BOOT, BORN, stage.ms, EVERY_MS), all_doors=False))


def test_columns_are_as_wide_as_they_look() -> None:
    """A Chinese character takes two places."""
    assert table(("门", "x"), [["12345", "y"]]) == ["门     x", "12345  y"]


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_its_words_and_what_to_do(standing: Standing) -> None:
    """In both languages; whoever does not run is told what to do next."""
    said = lines(Judged(standing), all_doors=False)
    assert standing is Standing.RUNNING or "接着做 next" in said[-1]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said[0]) and any("a" <= letter <= "z" for letter in said[0])


def read(path: Path) -> bytes:
    """A file's bytes, none where it is not."""
    return path.read_bytes() if path.exists() else b""


class Machine:
    """A configuration on this machine, and what lies there."""

    def __init__(self, folder: Path) -> None:
        """Nothing has run yet."""
        text = EXAMPLE.read_text(encoding="utf-8")
        self.folder, self.file = folder, folder / "status.json"
        text = text.replace("/run/locker/status.json", str(self.file))
        text = text.replace('path = "/var/lib/locker/locker.db"', f'path = "{folder / "locker.db"}"')
        self.config = folder / "cabinet.toml"
        self.config.write_text(text, encoding="utf-8")

    def status(self, *more: str) -> int:
        """Run the command."""
        return main(["status", "--config", str(self.config), *more])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine of its own."""
    folder = tmp_path / "machine"
    folder.mkdir()
    return Machine(folder)


def test_a_running_controller_is_told_by_its_own_word_and_the_kernels(
    machine: Machine, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0 while this process, whose number it bears, lives; 1 when another one has the number."""
    about = {"boot": clock.boot_id(), "born_ticks": clock.born_ticks(os.getpid())}
    machine.file.write_bytes(status.encode(told(stage, **about)))
    before = sorted((path.name, path.stat().st_mtime_ns) for path in machine.folder.iterdir())
    assert machine.status("--json") in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["status"]["cabinet"] == stage.cfg.cabinet.id and found["standing"] in ("running", "hanging")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in machine.folder.iterdir()) == before
    machine.file.write_bytes(status.encode(told(stage, **(about | {"born_ticks": 1}))))
    assert machine.status() == 1
    assert "没留话就没了" in capsys.readouterr().out


def test_one_that_never_ran_and_one_that_was_stopped(
    machine: Machine, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a status file: the database's last event, read without a write; without that: never started."""
    assert machine.status() == 1
    assert "还没有启动过" in capsys.readouterr().out
    stage.opens(3)
    stage.store.close()
    (machine.folder / "locker.db").write_bytes(stage.path.read_bytes())
    assert machine.status() == 1
    said = capsys.readouterr().out
    assert "没留话就没了" in said and "last event  forced" in said


def test_a_wrong_configuration_says_what_is_wrong(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """That is why nothing runs: one line a problem, exit 2."""
    machine.config.write_text("cabinet = 3", encoding="utf-8")
    assert machine.status() == 2
    assert "cabinet: found 3" in capsys.readouterr().err


def test_a_real_controller_says_how_it_is_until_it_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real process on simulated wires: running with its board's counters; killed: gone without a word."""
    with Rig(tmp_path) as rig:
        rig.controller.power_on()
        rig.ready()
        assert rig.street.until(lambda: b'"13 01"' in read(rig.site.status_file), 20)
        assert rig.site.status_file.stat().st_mode & 0o777 == 0o640
        assert main(["status", "--config", str(rig.site.config_file), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["status"]["pid"] == rig.controller.pid and len(found["status"]["doors"]) == 24
        assert found["status"]["versions"]["main"] == "13 01"
        rig.controller.kill(back=False)
        assert rig.street.until(lambda: not rig.controller.pid, 10)
        assert main(["status", "--config", str(rig.site.config_file)]) == 1
        assert "没留话就没了" in capsys.readouterr().out


def test_the_place_is_configuration() -> None:
    """Where none is configured nothing is written."""
    assert a_config().status is None and Place(file="/run/x").every_s == 5
