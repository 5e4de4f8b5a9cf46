"""``locker clock``: what it shows, and that a floor is lowered only by a good clock, at rest, and with an event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage import EPOCH_S, Stage, a_config

from locker import config, timekeeping
from locker.assembly import AlreadyRunning, lock
from locker.cli import clock as cli
from locker.cli.main import main
from locker.model import Now, Quality, Refusal
from locker.store import Store, read_notes
from locker.timekeeping import DAY_MS

EXAMPLE = Path(__file__).parents[2] / "config" / "cabinet.toml"
BUILT_S = EPOCH_S - 86_400
TRUE = Now(1_000, EPOCH_S * 1000, Quality.SYNCED)


class Driven(Stage):
    """A cabinet whose time server drove the floor 20 days ahead, where it forgot what was used."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.used = self.deposit("A1", exp=EPOCH_S + 7 * 86_400 - 100)
        door = self.scan(self.used)
        self.opens(door)
        self.shuts(door)
        self.touch("done")
        self.waiting = self.collect("A1", exp=EPOCH_S + 60 * 86_400 - 100)
        self.wall_ms += 20 * DAY_MS
        self.wait(2 * DAY_MS)
        assert self.cabinet.ledger.beginning(b"") == set(), "forgotten under the higher floor"
        self.store.close()
        self.wall_ms = EPOCH_S * 1000

    @property
    def cabinet_config(self) -> config.Config:
        """The configuration of this stage, with its database."""
        return a_config(store=config.Store(path=str(self.path)))


def test_a_floor_that_is_lowered_lets_people_in_again_and_nothing_used(tmp_path: Path) -> None:
    """Fresh codes work; what was forgotten under the higher floor stays dead; what lives beyond it lives on."""
    stage = Driven(tmp_path)
    cli.lower(stage.cabinet_config, TRUE, BUILT_S)
    stage._boot()
    stage.power_up()
    assert "floor_lowered" in stage.kinds
    assert stage.cabinet.weigh(stage.now).quality is Quality.SYNCED
    assert stage.scan(stage.used) == 0
    assert stage.refused(Refusal.CUT_OFF)
    assert stage.scan(stage.waiting) == 1
    stage.opens(1)
    stage.shuts(1)
    stage.touch("done")
    stage.wait(3000)
    assert stage.scan(stage.deposit("B2", iat=EPOCH_S + 1))
    lowered = stage.last("floor_lowered")
    assert (lowered["to_ms"], lowered["from_ms"] > EPOCH_S * 1000 + 20 * DAY_MS) == (EPOCH_S * 1000, True)


def test_without_it_they_stay_out(tmp_path: Path) -> None:
    """The floor does not go back by itself: a synchronised clock 20 days before it is not believed."""
    stage = Driven(tmp_path)
    stage._boot()
    stage.power_up()
    assert stage.cabinet.weigh(stage.now).quality is Quality.FLOOR
    assert stage.scan(stage.deposit("B2")) == 0
    assert stage.refused(Refusal.EXPIRED)


@pytest.mark.parametrize("quality", [Quality.RTC, Quality.HOLD, Quality.FLOOR])
def test_only_a_synchronised_clock_lowers_a_floor(tmp_path: Path, quality: Quality) -> None:
    """Nothing is written."""
    stage = Driven(tmp_path)
    before = read_notes(stage.path)
    with pytest.raises(cli.ClockError, match=f"says {quality.value}; a floor is lowered by a synchronised clock only"):
        cli.lower(stage.cabinet_config, Now(0, EPOCH_S * 1000, quality), BUILT_S)
    assert read_notes(stage.path) == before


def test_a_floor_that_is_not_ahead_is_left_alone(tmp_path: Path) -> None:
    """Neither a right one nor one that was never saved."""
    stage = Driven(tmp_path)
    later = Now(0, EPOCH_S * 1000 + 23 * DAY_MS, Quality.SYNCED)
    for folder in (stage.path, tmp_path / "none.db"):
        with pytest.raises(cli.ClockError, match="nothing to lower"):
            cli.lower(a_config(store=config.Store(path=str(folder))), later, BUILT_S)
    assert not (tmp_path / "none.db").exists()


def test_a_clock_before_the_build_lowers_nothing(tmp_path: Path) -> None:
    """Whatever it says of itself."""
    stage = Driven(tmp_path)
    with pytest.raises(cli.ClockError, match="before this program was built"):
        cli.lower(stage.cabinet_config, TRUE, EPOCH_S + 1)


def test_not_while_the_controller_runs(tmp_path: Path) -> None:
    """It would write its own floor back."""
    stage = Driven(tmp_path)
    with lock(stage.path), pytest.raises(AlreadyRunning):
        cli.lower(stage.cabinet_config, TRUE, BUILT_S)


def test_show_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """By a good clock 20 days before the floor."""
    stage = Driven(tmp_path)
    told = "\n".join(cli.report(read_notes(stage.path), TRUE, BUILT_S))
    assert "locker clock lower" in told
    assert f"{EPOCH_S}" not in told, "times are for people"
    cli.lower(stage.cabinet_config, TRUE, BUILT_S)
    told = "\n".join(cli.report(read_notes(stage.path), TRUE, BUILT_S))
    assert "locker clock lower" not in told
    assert "曾经拨回 lowered" in told


def test_show_on_this_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the command, by this machine's clock, before and after the first start; nothing is written."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("/var/lib/locker/", f"{tmp_path}/")
    path = tmp_path / "cabinet.toml"
    path.write_text(text, encoding="utf-8")
    database = Path(config.load(path).store.path)
    assert main(["clock", "show", "--config", str(path)]) == 0
    assert "无 nothing yet" in capsys.readouterr().out
    assert not database.exists()
    store = Store.at(database, "b", "e")
    store.commit([timekeeping.Timekeeper({}, 0).note()], TRUE)
    store.close()
    assert json.loads(read_notes(database)[timekeeping.NOTE])["new"] is True
    assert main(["clock", "show", "--config", str(path)]) == 0
    assert "2025-01-01" in capsys.readouterr().out
