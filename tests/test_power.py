"""Mains and reserve in the cabinet: what an outage lets go on, what it refuses, and how it ends.

Invariants 1, 3 and 5: no door moves because of any of it, and a code that was refused is as good as before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fittings_rig import METER, fitted_config
from stage import Stage

from locker.machine import VisitState
from locker.model import LineSeen, Measured, Purpose, Refusal, ShutDown
from locker.power import FAREWELL_MS, FAREWELL_MS_MAX, JUST_STARTED_MS
from locker.reserve import NOTE

S = 1000
LOW_AFTER_MS, EMPTY_AFTER_MS = (3600 - 900) * S, (3600 - 180) * S
ONLY_POWER: dict[str, Any] = dict.fromkeys(("tamper", "climate", "fan", "heater", "lamp", "buzzer"))


class Outage(Stage):
    """A cabinet with a supply and nothing else."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        """On mains."""
        super().__init__(folder, fitted_config(6, **(ONLY_POWER | sections)))
        self.line("mains_lost", False)

    def line(self, line: str, active: bool) -> None:
        """A line of the supply is read."""
        self.tell(LineSeen(line, active))

    def cut(self) -> None:
        """Mains are lost."""
        self.line("mains_lost", True)

    def back(self) -> None:
        """Mains are back."""
        self.line("mains_lost", False)

    @property
    def ends(self) -> list[str]:
        """Why the end was ordered."""
        return [act.why for act in self.acts if isinstance(act, ShutDown)]


@pytest.fixture
def stage(tmp_path: Path) -> Outage:
    """A cabinet with a supply."""
    return Outage(tmp_path)


def test_a_supply_that_is_well_says_nothing(stage: Outage) -> None:
    """The first reading is no event, and nothing is saved because of it."""
    assert not {"mains_lost", "mains_back"} & set(stage.kinds)
    assert NOTE not in stage.store.load().notes


def test_on_the_reserve_everything_goes_on(stage: Outage) -> None:
    """Lost and back are events with how long it lasted; in between people are served as ever."""
    stage.cut()
    assert stage.last("mains_lost")["left_s"] == 3600
    assert stage.screen.name == "idle"
    door = stage.stored("A1")
    assert stage.scan(stage.collect("A1")) == door
    stage.opens(door)
    stage.shuts(door)
    stage.back()
    assert stage.last("mains_back")["after_ms"] > 0
    assert "reserve_low" not in stage.kinds


def test_on_a_low_reserve_no_new_door_opens(stage: Outage) -> None:
    """Refused with its reason for residents, staff and the network; the screen says so; no code is spent by it."""
    held = stage.stored("A1")
    stage.cut()
    stage.wait(LOW_AFTER_MS)
    assert stage.last("reserve_low")["left_s"] == 900
    assert stage.screen.name == "power_low"
    code, pulses = stage.collect("A1"), list(stage.pulses)
    for text in (code, stage.deposit("B1"), stage.token(Purpose.STAFF, door=held)):
        assert stage.scan(text) == 0
        assert stage.refused(Refusal.RESERVE_LOW)
        assert (stage.screen.name, stage.screen.reason) == ("refused", "reserve_low")
    stage.wait(20_000)
    assert stage.screen.name == "power_low"
    assert stage.pulses == pulses
    stage.back()
    assert stage.screen.name == "idle"
    assert stage.scan(code) == held


def test_who_stands_at_an_open_door_finishes(stage: Outage) -> None:
    """The reserve becomes low while a collection's door is open: it counts when shut; opening again is refused."""
    stage.stored("A1")
    stage.cut()
    stage.wait(LOW_AFTER_MS - 20_000)
    code = stage.collect("A1")
    door = stage.scan(code)
    stage.opens(door)
    stage.wait(20_000)
    assert stage.cabinet.fittings.refuses
    stage.shuts(door)
    assert stage.last("collected")["door"] == door
    pulses = list(stage.pulses)
    stage.touch("reopen")
    assert stage.last("denied")["reason"] == "reserve_low"
    assert stage.screen.reason == "reserve_low"
    assert stage.scan(code) == door
    assert stage.refused(Refusal.RESERVE_LOW)
    stage.touch("done")
    assert stage.pulses == pulses
    assert stage.screen.name == "power_low"


def test_an_opening_that_has_begun_is_finished(stage: Outage) -> None:
    """Low between the first pulse and the next: the visit goes on to its second and third try, as ever."""
    stage.cut()
    stage.wait(LOW_AFTER_MS - 5000)
    door = stage.scan(stage.deposit("A1"))
    before = len(stage.pulses)
    stage.wait(8000)
    assert stage.cabinet.fittings.refuses
    assert len(stage.pulses) > before
    stage.opens(door)
    stage.shuts(door)
    assert stage.last("deposited")["door"] == door


def test_nearly_empty_is_a_clean_end(stage: Outage) -> None:
    """Said first, ordered a little later, once; saved at the end; no door has moved."""
    stage.cut()
    stage.wait(EMPTY_AFTER_MS - 1000)
    assert stage.ends == []
    stage.wait(2000)
    assert (stage.last("shutting_down")["why"], stage.ends) == ("reserve", [])
    assert stage.screen.name == "shutting_down"
    stage.wait(FAREWELL_MS)
    assert stage.ends == ["reserve"]
    stage.wait(600_000)
    assert stage.ends == ["reserve"]
    assert stage.kinds.count("shutting_down") == 1
    assert stage.pulses == []


def test_mains_that_come_back_call_it_off(stage: Outage) -> None:
    """Between the word and the end: nothing is ordered, and everything works again."""
    stage.cut()
    stage.wait(EMPTY_AFTER_MS + 1000)
    assert stage.screen.name == "shutting_down"
    stage.back()
    stage.wait(60_000)
    assert stage.ends == []
    assert stage.screen.name == "idle"
    assert stage.scan(stage.deposit("A1")) != 0


def test_a_pulse_under_way_is_not_cut_off(stage: Outage) -> None:
    """While a door is being opened the end waits for it, but not for ever."""
    stage.scan(stage.deposit("A1"))
    assert stage.cabinet.visit.state is VisitState.OPENING
    stage.line("ups_off", False)
    stage.line("ups_off", True)
    stage.wait(600 + FAREWELL_MS)
    assert stage.ends == []
    stage.wait(FAREWELL_MS_MAX)
    assert stage.ends == ["ups"]


def test_a_supply_that_asks_for_an_end_gets_one(stage: Outage) -> None:
    """Its line held for longer than 600 ms; a shorter wish, and a line that was so from the start, mean nothing."""
    stage.line("ups_off", True)
    stage.wait(60_000)
    assert stage.ends == []
    stage.line("ups_off", False)
    stage.line("ups_off", True)
    stage.wait(500)
    stage.line("ups_off", False)
    stage.wait(60_000)
    assert stage.ends == []
    stage.line("ups_off", True)
    stage.wait(600 + FAREWELL_MS)
    assert stage.ends == ["ups"]


def test_a_computer_that_has_just_started_is_not_shut_down(tmp_path: Path) -> None:
    """With an empty reserve from the start (or a wrong wire) there are five minutes in which somebody can mend it."""
    stage = Outage(tmp_path)
    stage.cut()
    stage.wait(EMPTY_AFTER_MS + FAREWELL_MS + 2000)
    assert stage.ends == ["reserve"]
    stage.reboot(up_ms=20_000)
    stage.cut()
    assert stage.cabinet.fittings.refuses
    stage.wait(JUST_STARTED_MS - 25_000)
    assert "shutting_down" not in stage.kinds[-3:]
    stage.wait(30_000)
    assert stage.last("shutting_down")["left_s"] == 0


def test_after_the_end_nothing_opens_and_codes_are_good(tmp_path: Path) -> None:
    """Power never came back, the computer was off, mains are there again: no door moves, the code opens its door."""
    stage = Outage(tmp_path)
    door = stage.stored("A1")
    stage.cut()
    stage.wait(EMPTY_AFTER_MS + FAREWELL_MS + 2000)
    code = stage.collect("A1", exp=stage.wall_ms // 1000 + 900_000)
    assert stage.scan(code) == 0
    stage.reboot(away_ms=7_200_000)
    stage.line("mains_lost", False)
    stage.wait(60_000)
    assert stage.pulses == []
    assert stage.screen.name == "idle"
    assert stage.scan(code) == door


def test_mains_that_flicker_are_counted(stage: Outage) -> None:
    """A loose plug fills no log: ten a minute are told, the rest counted (invariant 9)."""
    for _ in range(100):
        stage.cut()
        stage.wait(50)
        stage.back()
        stage.wait(50)
    assert stage.kinds.count("mains_lost") == 10
    stage.wait(61_000)
    assert stage.last("suppressed")["count"] == 180


def test_an_outage_writes_little(stage: Outage) -> None:
    """An hour on the reserve is a note a minute, and no event but its beginning and its end."""
    stage.cut()
    before = len(stage.kinds)
    writes = stage.store._db.total_changes
    stage.wait(2_600_000)
    assert len(stage.kinds) == before
    assert stage.store._db.total_changes - writes <= 3 * 44


def test_a_meter_decides_where_there_is_one(tmp_path: Path) -> None:
    """Volts below the limit three times make it low long before the reckoning would; the event has them."""
    stage = Outage(tmp_path, meter=METER)
    stage.cut()
    for mv in (10_400, 12_000, 10_400, 10_400, 10_300):
        assert not stage.cabinet.fittings.refuses
        stage.tell(Measured("reserve_ma", -650))
        stage.tell(Measured("reserve_mv", mv))
    assert stage.cabinet.fittings.refuses
    assert stage.last("reserve_low")["mv"] == 10_300
    health = stage.cabinet.fittings.health()["power"]
    assert (health.mains, health.reserve, health.mv, health.ma) == (False, "low", 10_300, -650)


def test_the_line_battery_low_decides_as_well(stage: Outage) -> None:
    """The supply's own line makes it low at once, and only on the reserve."""
    stage.line("battery_low", True)
    assert not stage.cabinet.fittings.refuses
    stage.cut()
    assert stage.cabinet.fittings.refuses


def test_an_unreadable_note_is_told_and_counts_as_low(tmp_path: Path) -> None:
    """What was saved of the reserve is garbage: told, and the next outage finds it low."""
    stage = Outage(tmp_path)
    stage.cut()
    stage.store._db.execute("UPDATE notes SET text = 'x' WHERE name = ?", (NOTE,))
    stage.crash()
    assert stage.last("device_trouble")["device"] == NOTE
    stage.cut()
    assert stage.cabinet.fittings.refuses


def test_a_cabinet_without_a_supply_knows_nothing_of_it(tmp_path: Path) -> None:
    """Lines that nobody configured change nothing."""
    stage = Outage(tmp_path, power=None)
    stage.cut()
    stage.tell(Measured("reserve_mv", 100))
    stage.wait(4_000_000)
    assert stage.scan(stage.deposit("A1")) != 0
    assert stage.cabinet.fittings.health()["power"] is None
