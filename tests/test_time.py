"""Stories of a cabinet whose clock is poor: 1970, a dead battery, a hand on the clock, a time server that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rooted_stage import RootedStage, a_set
from service_bench import Bench
from stage import EPOCH_S, STRANGER, Stage

from locker import timekeeping
from locker.model import KeepNote, LinkUp, Now, Purpose, Quality, Refusal, Scanned
from locker.store import read_notes
from locker.timekeeping import DAY_MS, NOTE, Timekeeper

DAY_S = 86_400
YEAR_MS = 365 * DAY_MS
SYNCED, RTC, HOLD, FLOOR = Quality.SYNCED, Quality.RTC, Quality.HOLD, Quality.FLOOR


class Street:
    """A stage in a street where true time goes on whatever the cabinet's clock says."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.stage = Stage(folder, **more)
        self.wrong_ms = 0

    @property
    def true_s(self) -> int:
        """True time, as the cloud has it."""
        return (self.stage.wall_ms - self.wrong_ms) // 1000

    def set_clock(self, wrong_ms: int, quality: Quality) -> None:
        """The machine's clock is this much off from now on, and says this of itself."""
        self.stage.wall_ms += wrong_ms - self.wrong_ms
        self.wrong_ms, self.stage.quality = wrong_ms, quality

    def in_1970(self, away_ms: int = 5000) -> None:
        """The power comes back after a while to a machine without network and chip."""
        self.stage.wall_ms += away_ms
        self.set_clock(-(self.true_s * 1000), FLOOR)
        self.stage.reboot()

    def code(self, life_s: int = DAY_S, purpose: Purpose = Purpose.DEPOSIT, order: str = "A1", **more: Any) -> str:
        """A token that the cloud issues now."""
        iat = self.true_s - 5
        return self.stage.token(purpose, order, **({"iat": iat, "exp": iat + life_s} | more))

    def drops_off(self, code: str) -> int:
        """A whole drop-off; the door."""
        door = self.stage.scan(code)
        assert door, self.stage.last("denied")
        self.stage.opens(door)
        self.stage.shuts(door)
        self.stage.touch("done")
        self.stage.wait(2000)
        return door

    def refused(self, code: str, reason: Refusal) -> bool:
        """Whether a code is refused for this reason."""
        return self.stage.scan(code) == 0 and self.stage.refused(reason)

    def changes(self) -> list[tuple[str, str]]:
        """The qualities before and after each clock event."""
        found = [event["data"] for event in self.stage.log if event["type"] == "clock_changed"]
        return [(data["before"], data["after"]) for data in found]


@pytest.fixture
def street(tmp_path: Path) -> Street:
    """A cabinet with a synchronised clock."""
    return Street(tmp_path)


def test_a_pi_that_wakes_up_in_1970_lets_a_resident_in_and_no_used_code(street: Street) -> None:
    """No network, no chip: a fresh 24 h code works, one that was used before the power cut does not."""
    used = street.code()
    street.drops_off(used)
    street.in_1970()
    assert street.stage.cabinet.weigh(street.stage.now).quality is FLOOR
    assert street.refused(used, Refusal.SPENT)
    assert street.drops_off(street.code(order="B2"))


def test_after_weeks_without_power_an_expired_code_does_not_live_again(street: Street) -> None:
    """It was refused once; the floor was saved with the refusal, so that 1970 changes nothing."""
    never_used = street.code()
    street.stage.wait(DAY_MS + 200_000)
    assert street.refused(never_used, Refusal.EXPIRED)
    street.in_1970(away_ms=21 * DAY_MS)
    assert street.refused(never_used, Refusal.EXPIRED)
    street.in_1970(away_ms=21 * DAY_MS)
    assert street.refused(never_used, Refusal.EXPIRED)


def test_without_any_clock_the_weeks_are_counted_by_the_boot_clock(tmp_path: Path) -> None:
    """Never synchronised: the first code tells the time, and it goes on from there, over a power cut too."""
    street = Street(tmp_path, quality=FLOOR)
    street.stage.cabinet.time = Timekeeper({}, street.stage.ms, "boot", EPOCH_S - 20 * DAY_S)  # when it was built
    street.set_clock(-EPOCH_S * 1000, FLOOR)
    street.drops_off(street.code())
    old = street.code(order="C3")
    street.stage.wait(DAY_MS + 200_000)
    assert street.refused(old, Refusal.EXPIRED)
    street.in_1970()
    assert street.refused(old, Refusal.EXPIRED)
    assert street.drops_off(street.code(order="B2"))


def test_a_code_shown_to_a_machine_without_a_clock_tells_it_the_time(street: Street) -> None:
    """Its iat is signed: what expired before it is refused from then on. One event says that the time moved."""
    first = street.code(life_s=3600)
    street.in_1970(away_ms=2 * DAY_MS)
    street.drops_off(street.code(order="B2"))
    assert street.refused(first, Refusal.EXPIRED)
    assert street.stage.last("clock_changed")["shown_by_ms"] > DAY_MS


def test_a_forged_code_tells_nothing(street: Street) -> None:
    """Only what is validly signed moves the floor; a stranger's key is nobody's."""
    street.in_1970()
    before = street.stage.cabinet.time.floor_ms
    later: dict[str, Any] = {"iat": street.true_s + DAY_S, "exp": street.true_s + 2 * DAY_S}
    assert street.refused(street.code(key=STRANGER, **later), Refusal.UNKNOWN_KEY)
    assert street.stage.cabinet.time.floor_ms - before < 10_000


def test_a_clock_set_back_by_hand_by_a_year_changes_nothing_but_the_log(street: Street) -> None:
    """The kernel says so: nobody disciplines it now. The time is held; a dead code stays dead, a good one works."""
    dead = street.code(life_s=60)
    street.stage.wait(600_000)
    assert street.refused(dead, Refusal.EXPIRED)
    street.set_clock(-YEAR_MS, FLOOR)
    assert street.refused(dead, Refusal.EXPIRED)
    assert street.drops_off(street.code(order="B2"))
    assert street.changes() == [("synced", "hold")]
    assert street.stage.last("clock_changed")["by_ms"] == pytest.approx(-YEAR_MS, abs=5)
    assert street.stage.last("deposited")["deadline_ms"] > street.true_s * 1000


def test_a_time_server_that_is_a_year_behind_is_not_believed(street: Street) -> None:
    """A dead code stays dead; the quality falls to floor, and is back with the right time. Two events."""
    dead = street.code(life_s=60)
    street.stage.wait(600_000)
    street.set_clock(-YEAR_MS, SYNCED)
    assert street.refused(dead, Refusal.EXPIRED)
    street.set_clock(0, SYNCED)
    assert street.refused(dead, Refusal.EXPIRED)
    assert street.changes() == [("synced", "floor"), ("floor", "synced")]


def test_a_time_server_that_is_three_years_ahead_leaves_nothing_behind(street: Street) -> None:
    """While it is wrong people are refused; ledger rows stay for months of it, and no used code is ever forgotten."""
    used, good = street.code(life_s=7 * DAY_S), street.code(life_s=7 * DAY_S, order="B2")
    street.drops_off(used)
    street.set_clock(3 * YEAR_MS, SYNCED)
    assert street.refused(good, Refusal.EXPIRED)
    street.stage.wait(2 * DAY_MS)
    street.set_clock(0, SYNCED)
    assert street.refused(used, Refusal.SPENT)
    assert street.drops_off(good)
    assert street.changes() == [("synced", "synced"), ("synced", "synced")]


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("off_ms", [10 * YEAR_MS, 73 * YEAR_MS, -YEAR_MS])
def test_no_jump_there_and_back_makes_a_used_or_a_dead_code_live(tmp_path: Path, quality: Quality, off_ms: int) -> None:
    """In every quality, over restarts at every turn of it, with days for the ledger to forget in."""
    street = Street(tmp_path)
    dead, used = street.code(life_s=60), street.code(life_s=7 * DAY_S, order="B2")
    street.drops_off(used)
    street.stage.wait(600_000)
    assert street.refused(dead, Refusal.EXPIRED)
    if quality is not HOLD:
        street.set_clock(0, quality)
        street.stage.reboot()
    for wrong_ms in (off_ms, 0):
        street.set_clock(wrong_ms, FLOOR if quality is HOLD else quality)
        for restart in ("none", "program", "machine"):
            street.stage.wait(13 * 3_600_000)
            if restart == "program":
                street.stage.crash()
            elif restart == "machine":
                street.stage.reboot()
            street.stage.wait(2 * 3_600_000)
            assert street.stage.scan(dead) == 0
            assert street.stage.scan(used) == 0
    assert street.refused(dead, Refusal.EXPIRED)
    assert street.refused(used, Refusal.SPENT)


@pytest.mark.parametrize("off_ms", [73 * YEAR_MS, -55 * YEAR_MS])
def test_a_chip_with_a_dead_battery_does_not_stop_the_cabinet(street: Street, off_ms: int) -> None:
    """2099 or 1970: it is no chip then, and a fresh code works."""
    street.set_clock(off_ms, RTC)
    street.stage.reboot()
    assert street.stage.cabinet.weigh(street.stage.now).quality is FLOOR
    assert street.drops_off(street.code(order="B2"))
    street.set_clock(0, SYNCED)
    street.stage.wait(20_000)
    assert street.changes()[-1] == ("floor", "synced")


def test_a_chip_that_is_ten_minutes_slow_refuses_nobody(street: Street) -> None:
    """The first fresh code corrects it; a booking is then judged by the corrected time."""
    street.set_clock(-600_000, RTC)
    street.stage.reboot()
    assert street.drops_off(street.code())
    assert street.stage.cabinet.weigh(street.stage.now).wall_ms > (street.true_s - 60) * 1000
    assert street.refused(street.code(order="B2", nbf=street.true_s + 900), Refusal.NOT_YET_VALID)


def test_the_ledger_forgets_a_day_after_by_the_floor_and_not_before(street: Street) -> None:
    """In good time: a used code is forgotten when any clock refuses it."""
    used = street.code(life_s=3600)
    cti = next(iter(street.stage.cabinet.ledger.beginning(b"")), None)
    assert cti is None
    street.drops_off(used)
    street.stage.wait(DAY_MS)
    assert len(street.stage.cabinet.ledger.beginning(b"")) == 1
    street.stage.wait(2 * DAY_MS)
    assert street.stage.cabinet.ledger.beginning(b"") == set()
    street.in_1970()
    assert street.refused(used, Refusal.EXPIRED)


def test_when_the_network_comes_the_quality_rises_with_one_event(street: Street) -> None:
    """From 1970 to now in one step: what jumped, by how much, and what the time is worth now."""
    street.in_1970()
    before = len(street.changes())
    street.set_clock(0, SYNCED)
    street.stage.wait(60_000)
    assert street.changes()[before:] == [("floor", "synced")]
    event = street.stage.last("clock_changed")
    assert event["by_ms"] > 50 * YEAR_MS > event["shown_by_ms"] > 0
    assert event["to_ms"] - event["from_ms"] == event["by_ms"]


def test_jumps_without_end_are_counted_after_sixty(street: Street) -> None:
    """A clock that goes mad does not fill the log (invariant 9)."""
    for step in range(100):
        street.set_clock(5000 * (step % 2), SYNCED)
        street.stage.wait(10)
    street.stage.wait(61_000)
    assert len(street.changes()) == 60
    assert street.stage.last("suppressed")["count"] == 40 - 1  # the first of them was no jump


def test_a_technician_without_a_clock_needs_staff_beside_them(street: Street) -> None:
    """Better time, or a code from staff on site (tokens contract, section 5)."""
    street.in_1970()

    def technician() -> str:
        return street.code(3600, Purpose.TECHNICIAN, "", door=3, sub="tech-1")

    assert street.refused(technician(), Refusal.CLOCK)
    assert street.stage.screen.reason == "clock_unsure"
    assert street.stage.scan(street.code(3600, Purpose.STAFF, "", door=2, sub="staff-7")) == 2
    street.stage.opens(2)
    street.stage.shuts(2)
    street.stage.wait(3000)
    assert street.stage.scan(technician()) == 3


def test_a_jam_before_the_power_cut_costs_no_long_lived_code(street: Street) -> None:
    """Claimed in good time with a life of seven days: the same door, also without a clock (invariant 3)."""
    code = street.code(life_s=7 * DAY_S)
    door = street.stage.scan(code)
    street.in_1970()
    assert street.refused(street.code(life_s=7 * DAY_S, order="B2"), Refusal.CLOCK)
    assert street.stage.scan(code) == door


def test_the_floor_is_saved_once_an_hour_when_nobody_comes(street: Street) -> None:
    """And not more often: an idle day is 24 small writes."""
    written = sum(
        isinstance(effect, KeepNote)
        for minute in range(24 * 60 + 1)
        for effect in street.stage.cabinet.advance(
            Now(street.stage.ms + minute * 60_000, EPOCH_S * 1000 + minute * 60_000)
        )
    )
    assert written == 24


# --- the root's word ------------------------------------------------------------------------------


def test_a_key_set_tells_a_new_cabinet_the_time(tmp_path: Path) -> None:
    """Nothing but the build time and the set: what is older than the set is dead, over a restart as well."""
    stage = RootedStage(tmp_path, first=a_set(1, iat=EPOCH_S), quality=FLOOR)
    stage.wall_ms = 0
    assert stage.cabinet.weigh(stage.now).wall_ms >= EPOCH_S * 1000
    assert stage.scan(stage.deposit(iat=EPOCH_S - 4000, exp=EPOCH_S - 400)) == 0
    assert stage.refused(Refusal.EXPIRED)
    stage.reboot()
    assert stage.cabinet.weigh(stage.now).wall_ms >= EPOCH_S * 1000


def test_a_set_with_an_absurd_time_kills_no_code_for_ever(tmp_path: Path) -> None:
    """The root's laptop was ten years ahead. Without a clock all are refused; NTP ends it, and so does a better set."""
    stage = RootedStage(tmp_path)
    stage.arrives("keys", a_set(2, iat=EPOCH_S + 10 * 365 * DAY_S))
    fresh: dict[str, Any] = {"iat": EPOCH_S, "exp": EPOCH_S + DAY_S}
    assert stage.scan(stage.deposit(**fresh)), "with a good clock it has no effect"
    stage.quality, stage.wall_ms = FLOOR, 0
    stage.reboot()
    assert stage.scan(stage.deposit("B2", **fresh)) == 0
    stage.arrives("keys", a_set(3, iat=EPOCH_S + 60))
    assert stage.scan(stage.deposit("B2", **fresh))


# --- everybody sees the same ----------------------------------------------------------------------


def test_rows_receipts_snapshots_and_health_have_the_same_time(tmp_path: Path) -> None:
    """The service weighs the clock once a turn, before any driver: nobody sees 1970. Health tells both."""
    bench = Bench(tmp_path).ready()
    bench.turn(LinkUp(mqtt=5, session_present=False), device=bench.link)
    for waited_ms in range(0, 120_000, 1000):
        bench.service.turn(Now(bench.ms + waited_ms, 5000 + waited_ms, FLOOR))
    health = bench.published("health")[-1]
    assert (health["quality"], health["system_clock"]) == ("hold", "floor")
    assert health["floor_ms"] == health["at_ms"] == bench.now.wall_ms + health["boot_ms"] - bench.ms
    bench.scanner.events.append(Scanned(b"nonsense"))
    bench.service.turn(Now(bench.ms + 120_000, 125_000, FLOOR))
    events = bench.published("evt")
    assert events[-1]["type"] == "denied"
    assert {event["at_ms"] - event["boot_ms"] for event in events} == {bench.now.wall_ms - bench.ms}
    assert [event["type"] for event in events].count("clock_changed") == 1
    assert {snapshot["at_ms"] > EPOCH_S * 1000 for snapshot in bench.published("door/01")} == {True}


def test_the_floor_of_a_stop_is_on_the_disk(tmp_path: Path) -> None:
    """The last time saved is that of the stop."""
    bench = Bench(tmp_path).ready()
    bench.ms += 1_800_000
    end = bench.now
    bench.service.stop(end)
    saved = timekeeping.decode(read_notes(bench.path)[NOTE])
    assert saved is not None
    assert saved.floor_ms == end.wall_ms


def test_a_record_of_the_clock_comes_before_what_follows_from_it(street: Street) -> None:
    """In the log the jump stands before the first thing that was judged by it."""
    street.set_clock(60_000, SYNCED)
    street.stage.scan(street.code())
    kinds = street.stage.kinds
    assert kinds.index("clock_changed") < kinds.index("granted")
