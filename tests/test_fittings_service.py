"""The whole service with every part: a battery that drains, a loop, a probe and lamps on wires, a person, a door.

Cabinet, store, service and drivers are the real ones; gpiozero's mock pins, a simulated supply and a mechanical cabinet
are behind them. The lock board is on pins as well, so one header has everything. Invariants 3, 4 and 5 are looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fittings_rig import METER, PARTS
from gpio_rig import example
from service_bench import Device, Machine
from stage import AUD, EPOCH_S, RESIDENTS, SEED, STAFF

from drivers.fittings import fittings
from drivers.gpio_kinds import gpio_boards
from locker.authority.issue import issue
from locker.authority.keys import KeyRing
from locker.authority.token import Authority
from locker.cabinet import Cabinet
from locker.config import Config, Key
from locker.config_checks import contradictions
from locker.config_hours import Quiet
from locker.model import Attend, Driver, Now, Purpose, Quality, Scanned, Show, Touched
from locker.service import Service
from locker.store import Store
from sim.fitted import Fitted
from sim.gpio_cabinet import GpioCabinet

S = 1000
BY_DAY = {
    "lamp": msgspec.structs.replace(PARTS["lamp"], from_time="03:00", to_time="03:01"),
}
"""Lamps that are lit for visitors alone."""


def a_config(**sections: Any) -> Config:
    """The example on port expanders, which need one pin of the computer, with every part."""
    cfg = example("mcp23017", doors=6)
    purposes = (["deposit", "collect"], ["staff", "technician"])
    keys = [Key(public=k.public.hex(), purposes=w) for k, w in zip((RESIDENTS, STAFF), purposes, strict=True)]  # type: ignore[arg-type]
    cabinet = msgspec.structs.replace(cfg.cabinet, id=AUD)
    given = PARTS | BY_DAY | {"keys": keys, "cabinet": cabinet, "pickup": None, "mqtt": None, "invite": None} | sections
    made: Config = msgspec.structs.replace(cfg, **given)
    assert not list(contradictions(made))
    return made


class Street:
    """A cabinet in the street, its supply, and somebody in front of it."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.cfg = a_config(**sections)
        self.cabinet_far = GpioCabinet(self.cfg.boards[0])  # type: ignore[arg-type]
        self.header = self.cabinet_far.header
        self.far = Fitted(self.cfg, self.header)
        self.path, self.ms, self.issued, self.boot = folder / "locker.db", 1_000_000, 0, "boot"
        self.codes: dict[str, str] = {}
        self._pass_time()
        self.start()

    def start(self) -> None:
        """A new process on the same disk and the same wires."""
        self.store = Store.at(self.path, self.boot, "epoch")
        ring = KeyRing.from_config(self.cfg.keys)
        cabinet = Cabinet(self.cfg, Authority(ring, AUD), self.store.load(), self.now, boot=self.boot, seed=SEED)
        boards = gpio_boards(self.cfg, lambda _: self.far.open_pins(_), self.cabinet_far.open_bus)
        parts = fittings(self.cfg, lambda: None, self.far.open_pins, self.far.open_bus, self.far.open_probe)
        self.scanner, self.screen = Device("scanner"), Device("panel", Show, Attend)
        drivers: list[Driver] = [*boards, self.scanner, self.screen, *parts]
        self.service = Service(cabinet, self.store, None, drivers, Machine(), self.boot)
        self.service.start(self.now)
        self.wait(4000)

    @property
    def now(self) -> Now:
        """The virtual clock."""
        return Now(self.ms, EPOCH_S * 1000 + self.ms, Quality.SYNCED)

    def _pass_time(self) -> None:
        self.far.ups.coil_on = bool(self.cabinet_far.lines)
        self.cabinet_far.advance(self.ms)
        self.far.advance(self.ms)

    def wait(self, for_ms: int) -> None:
        """Time passes from deadline to deadline, as the runner would have it, until the service is over."""
        end_ms = self.ms + for_ms
        while True:
            self._pass_time()
            due = self.service.turn(self.now)
            times = (due, self.cabinet_far.deadline_ms(), self.far.deadline_ms(), end_ms + 1)
            next_ms = min(ms for ms in times if ms is not None)
            if next_ms > end_ms or self.service.over:
                self.ms = self.ms if self.service.over else end_ms
                self._pass_time()
                return
            self.ms = max(self.ms + 1, next_ms)

    def code(self, purpose: Purpose, order: str) -> str:
        """A fresh code, good for a week."""
        self.issued += 1
        seconds = self.now.wall_ms // 1000
        claims = {"iat": seconds, "exp": seconds + 600_000, "cti": b"%016d" % self.issued}
        return issue(key=RESIDENTS, aud=AUD, purpose=purpose, order=order.encode(), **claims)  # type: ignore[arg-type]

    def scan(self, code: str, wait_ms: int = 4500) -> int:
        """Hold a code to the scanner; the visit's door."""
        self.scanner.events.append(Scanned(code.encode()))
        self.wait(wait_ms)
        return self.service.cabinet.visit.door

    def touch(self, button: str) -> None:
        """Press a button of the present screen."""
        shown = self.shown
        assert button in shown.offers, f"{button} is not offered: {shown}"
        self.screen.events.append(Touched(button, shown.number))
        self.wait(500)

    @property
    def shown(self) -> Show:
        """The screen."""
        return [act for act in self.screen.done if isinstance(act, Show)][-1]

    def channel(self, door: int) -> int:
        """Where a door is wired."""
        return next(plan.channel for plan in self.cfg.doors if plan.door == door)

    def shut(self, door: int) -> None:
        """Push it shut."""
        assert self.cabinet_far.body.shut(self.channel(door), self.ms)
        self.wait(1000)

    def drop_off(self, order: str) -> int:
        """Papers in, door shut, away."""
        door = self.scan(self.code(Purpose.DEPOSIT, order))
        assert self.cabinet_far.body.put_papers(self.channel(door), order, self.ms)
        self.shut(door)
        self.touch("done")
        self.wait(15_000)
        return door

    @property
    def coils(self) -> list[tuple[int, int]]:
        """Every change of what the coils are."""
        return self.cabinet_far.moved

    @property
    def log(self) -> list[dict[str, Any]]:
        """The event stream."""
        return [msgspec.json.decode(row.body) for row in self.store.rows_after(0, 10_000)]

    @property
    def told(self) -> list[str]:
        """The events' types."""
        return [event["type"] for event in self.log]


@pytest.fixture
def street(tmp_path: Path) -> Street:
    """A cabinet with everything, all well."""
    return Street(tmp_path)


def test_a_start_and_an_end_move_nothing(street: Street) -> None:
    """Lamps, buzzer, fan, heater and coils stay off from power-on to the clean end."""
    told = street.told
    street.service.stop(street.now)
    assert street.coils == []
    assert street.far.moved == []
    assert not {"mains_lost", "tamper_opened", "device_trouble", "port_lost"} & set(told)


def test_mains_fail_in_the_middle_of_a_pulse(street: Street) -> None:
    """The pulse is as long as any, the visit completes; refused when low; all works again when mains are back."""
    code = street.code(Purpose.DEPOSIT, "A1")
    street.scan(code, wait_ms=100)
    assert street.cabinet_far.lines
    street.far.ups.plugged = False
    street.wait(3000)
    (on_ms, _), (off_ms, _) = street.coils
    assert off_ms - on_ms == street.cfg.boards[0].pulse_ms
    door = street.service.cabinet.visit.door
    assert street.cabinet_far.body.put_papers(street.channel(door), "A1", street.ms)
    street.shut(door)
    street.touch("done")
    assert street.told.index("mains_lost") < street.told.index("deposited")
    street.wait(2_700 * S)
    assert street.shown.name == "power_low"
    mine, coils = street.code(Purpose.COLLECT, "A1"), list(street.coils)
    assert street.scan(mine) == 0
    assert (street.shown.name, street.shown.reason) == ("refused", "reserve_low")
    street.far.ups.plugged = True
    street.wait(15_000)
    assert street.coils == coils
    assert street.shown.name == "idle"
    assert street.scan(mine) == door
    street.shut(door)
    assert "collected" in street.told
    assert not street.cabinet_far.body.breaches


def test_power_never_returns(street: Street) -> None:
    """Refused, told, a clean end with everything off while something is left; the next start opens nothing."""
    door = street.drop_off("A1")
    coils = list(street.coils)
    street.far.ups.plugged = False
    street.wait(3600 * S)
    assert street.service.over
    assert street.far.ups.left_ms > 100 * S
    assert street.told[-3:] == ["mains_lost", "reserve_low", "shutting_down"]
    street.service.stop(street.now)
    assert (street.cabinet_far.lines, street.far.lit) == (0, set())
    street.far.ups.plugged = True
    street.header.restart()
    street.boot, street.ms = "boot2", street.ms + 7_200 * S
    street.start()
    street.wait(60_000)
    assert street.coils == coils
    assert street.scan(street.code(Purpose.COLLECT, "A1")) == door


def test_a_meter_sees_through_a_sag(tmp_path: Path) -> None:
    """Each pulse pulls the voltage below the limit for half a second: no reserve is low because of it."""
    street = Street(tmp_path, meter=METER)
    street.far.ups.plugged = False
    street.far.ups.left_ms = 1_900.0 * S
    street.drop_off("A1")
    street.drop_off("B1")
    assert "reserve_low" not in street.told
    street.wait(1200 * S)
    low = next(event["data"] for event in street.log if event["type"] == "reserve_low")
    assert 10_300 <= low["mv"] <= METER.low_mv
    street.wait(600 * S)
    assert street.service.over


def test_the_85_degrees_of_a_fresh_chip_cool_nothing(street: Street) -> None:
    """After its power came back the chip says 85 degrees: no fan, no alarm, one word of trouble; then as before."""
    street.far.probe.fault = "power_on"
    street.wait(120_000)
    assert street.far.moved == []
    assert "temperature_high" not in street.told
    assert [e["data"]["device"] for e in street.log if e["type"] == "device_trouble"] == ["thermometer"]
    street.far.probe.fault = ""
    street.wait(60_000)
    assert street.service.cabinet.fittings.health()["inside_c"] == 20.0


def test_the_fan_has_hysteresis(street: Street) -> None:
    """A hot day: on at 40, on at 36, off at 35, off at 39; off at the end of the program."""
    for celsius, on in ((30, False), (39.5, False), (41, True), (36, True), (34.9, False), (39, False), (45, True)):
        street.far.probe.celsius = celsius
        street.wait(61_000)
        assert ("fan" in street.far.lit) is on, celsius
    street.service.stop(street.now)
    assert street.far.lit == set()


def test_a_heater_is_never_left_on(street: Street) -> None:
    """Cold: on; the probe hangs: off; it is well again: on; mains are lost: off."""
    street.far.probe.celsius = -5
    street.wait(61_000)
    assert street.far.lit == {"heater"}
    street.far.probe.fault = "hangs"
    street.wait(61_000)
    assert street.far.lit == set()
    street.far.probe.fault = ""
    street.wait(61_000)
    assert street.far.lit == {"heater"}
    street.far.ups.plugged = False
    street.wait(1000)
    assert street.far.lit == set()


def test_tampering_at_night_is_noticed(tmp_path: Path) -> None:
    """401 ms in quiet hours: told, opened and closed; nothing sounds, no lamp is lit, no door moves."""
    street = Street(tmp_path, quiet=Quiet(from_time="00:00", to_time="23:59"))
    street.far.loop_open = True
    street.wait(401)
    street.far.loop_open = False
    street.wait(2000)
    assert [what for what in street.told if what.startswith("tamper")] == ["tamper_opened", "tamper_closed"]
    assert street.far.moved == []
    assert street.coils == []


def test_lamp_and_buzzer_go_with_a_visit(tmp_path: Path) -> None:
    """By day: a bad code beeps twice for 120 ms each; a good one lights the column of its door until a while after."""
    street = Street(tmp_path)
    street.scan("nonsense")
    beeps = [(on, ms) for ms, part, on in street.far.moved if part == "buzzer"]
    assert [on for on, _ in beeps] == [True, False, True, False]
    assert beeps[1][1] - beeps[0][1] == 120
    door = street.drop_off("A1")
    side = next(plan.side for plan in street.cfg.doors if plan.door == door)
    assert [(part, on) for _, part, on in street.far.moved if part.startswith("lamp")] == [
        (f"lamp_{side}", True),
        (f"lamp_{side}", False),
    ]


def test_pins_that_are_gone_cost_their_part_alone(tmp_path: Path) -> None:
    """Every part's pins are busy at the start: told, the doors work all the while, and the parts come back."""
    street = Street(tmp_path)
    street.service.let_go()
    street.store.close()
    street.header.restart()
    street.far.refusals = 6
    street.start()
    street.wait(20_000)
    assert street.told.count("port_lost") >= 5
    assert street.drop_off("A1")
