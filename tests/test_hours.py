"""The hours: quiet ones and the volume, in the zone of the cabinet, over midnight, and without a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker.config import Config, ConfigError, decode
from locker.config_hours import Voice, zone_of
from locker.hours import is_quiet, local_time, volume_percent
from locker.model import Now, Quality

SMALL = """
doors = [{ door = 1, size = "S", side = "left", row = 1, channel = 0 }]
[cabinet]
id = "xy-001"
phone = "12345"
zone = "ZONE"
[[boards]]
port = "/dev/board"
[scanner]
port = "/dev/scanner"
[store]
path = "/var/lib/locker/locker.db"
"""
NIGHT = '[quiet]\nfrom_time = "21:30"\nto_time = "07:00"\n'
NOON_REST = '[quiet]\nfrom_time = "12:00"\nto_time = "14:00"\n'


def cabinet(quiet: str = NIGHT, zone: str = "+08:00") -> Config:
    """A cabinet with these quiet hours."""
    return decode(SMALL.replace("ZONE", zone) + quiet, "small")


def at(hour: str, quality: Quality = Quality.SYNCED, utc_plus_h: int = 8) -> Now:
    """The instant at which a clock on the wall, so many hours ahead of Greenwich, shows this hour."""
    local = datetime(2026, 11, 22, int(hour[:2]), int(hour[3:]), tzinfo=UTC) - timedelta(hours=utc_plus_h)
    return Now(1000, int(local.timestamp() * 1000), quality)


@pytest.mark.parametrize(
    ("hour", "quiet"),
    [("21:29", False), ("21:30", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_the_night_goes_over_midnight(hour: str, quiet: bool) -> None:
    """Quiet from the first hour on to the last, which is no longer quiet, with midnight between them."""
    assert is_quiet(cabinet(), at(hour)) is quiet


@pytest.mark.parametrize(("hour", "quiet"), [("11:59", False), ("12:00", True), ("13:59", True), ("14:00", False)])
def test_a_rest_by_day_does_not(hour: str, quiet: bool) -> None:
    """Hours within one day are quiet between the two and nowhere else."""
    assert is_quiet(cabinet(NOON_REST), at(hour)) is quiet


def test_an_unknown_hour_is_not_quiet() -> None:
    """Where nobody knows what time it is the cabinet speaks, but at the evening's volume."""
    unknown = at("23:00", Quality.FLOOR)
    assert local_time(cabinet(), unknown) is None
    assert not is_quiet(cabinet(), unknown)
    assert volume_percent(Voice(), cabinet(), at("12:00", Quality.FLOOR)) == Voice().evening_percent


@pytest.mark.parametrize("quality", [Quality.RTC, Quality.HOLD])
def test_a_clock_chip_will_do(quality: Quality) -> None:
    """An hour needs no second: a clock that is believed within a day's error is good enough for the night."""
    assert is_quiet(cabinet(), at("23:00", quality))


def test_without_the_table_it_is_never_quiet() -> None:
    """A cabinet that was given no quiet hours has none."""
    assert not any(is_quiet(cabinet(""), at(f"{hour:02}:00")) for hour in range(24))


def test_the_zone_decides() -> None:
    """The same instant is night here and day elsewhere; a named zone keeps its summer time."""
    late = at("22:00")
    assert is_quiet(cabinet(zone="Asia/Shanghai"), late)
    assert not is_quiet(cabinet(zone="Europe/Vienna"), late)
    assert not is_quiet(cabinet(zone="-03:30"), late)
    summer = Now(0, int(datetime(2026, 7, 1, 19, 45, tzinfo=UTC).timestamp() * 1000))
    winter = Now(0, int(datetime(2026, 12, 1, 19, 45, tzinfo=UTC).timestamp() * 1000))
    vienna = cabinet(zone="Europe/Vienna")
    assert (is_quiet(vienna, summer), is_quiet(vienna, winter)) == (True, False)


def test_the_volume_goes_with_the_day() -> None:
    """Loud by day, lower from the evening on, nothing in quiet hours."""
    heard = [volume_percent(Voice(), cabinet(), at(hour)) for hour in ("07:00", "18:59", "19:00", "21:29", "21:30")]
    assert heard == [80, 80, 40, 40, 0]


def test_a_zone_that_nobody_knows_is_told() -> None:
    """A slip in the zone's name, or two equal hours, are found when the file is checked, with what is allowed."""
    with pytest.raises(ConfigError, match=r'cabinet.zone: found "Asia/Shanghia", which this machine does not know'):
        cabinet(zone="Asia/Shanghia")
    with pytest.raises(ConfigError, match=r'quiet.to_time: found "21:30"; allowed: another hour'):
        cabinet('[quiet]\nto_time = "21:30"\n')
    with pytest.raises(ConfigError, match=r'quiet.from_time: found "24:00"; allowed: an hour of the day'):
        cabinet('[quiet]\nfrom_time = "24:00"\n')
    with pytest.raises(ValueError, match="no zone"):
        zone_of("Nowhere/At_all")


@given(wall_ms=st.integers(0, 4_000_000_000_000), first=st.integers(0, 1439), minutes=st.integers(1, 1439))
def test_every_day_has_as_many_quiet_minutes_as_were_asked_for(wall_ms: int, first: int, minutes: int) -> None:
    """Wherever the hours begin and end: an instant is quiet when it is less than their length behind the first."""
    hours = [f"{m // 60:02}:{m % 60:02}" for m in (first, (first + minutes) % 1440)]
    config = cabinet(f'[quiet]\nfrom_time = "{hours[0]}"\nto_time = "{hours[1]}"\n')
    minute = (wall_ms // 60_000 + 480) % 1440
    assert is_quiet(config, Now(0, wall_ms)) is ((minute - first) % 1440 < minutes)
