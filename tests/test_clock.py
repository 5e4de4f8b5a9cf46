"""The system's clock: what the kernel, systemd-timesyncd and a clock chip say, with fakes of their files and calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from locker import clock
from locker.clock import CHIP_AGE_S_MAX, CHIP_OFF_S_MAX, SystemClock
from locker.model import Now, Quality

BUILT_S = 1_790_000_000
WALL_S = BUILT_S + 86_400
OK, TIME_ERROR, FORBIDDEN = 0, 5, -1


class Kernel:
    """A kernel whose clock and whose word on it can be set; ``asked`` counts how often it was asked."""

    def __init__(self, root: Path, state: int = TIME_ERROR) -> None:
        self.ms, self.wall, self.answer, self.asked, self.root = 1_000_000, WALL_S * 1000, state, 0, root
        self.clock = SystemClock(root, self.state, lambda: self.ms, lambda: self.wall, BUILT_S)

    def state(self) -> int:
        """What adjtimex would return."""
        self.asked += 1
        return self.answer

    def chip(self, says_s: int | str) -> Kernel:
        """A clock chip with this time."""
        folder = self.root / "sys/class/rtc/rtc0"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "since_epoch").write_text(f"{says_s}\n", encoding="ascii")
        return self

    def timesyncd(self) -> Kernel:
        """systemd-timesyncd has set the clock this boot."""
        folder = self.root / "run/systemd/timesync"
        folder.mkdir(parents=True)
        (folder / "synchronized").touch()
        return self

    @property
    def quality(self) -> Quality:
        """What a reading says now."""
        return self.clock.now().quality


@pytest.mark.parametrize("state", [OK, 1, 2, 3, 4])
def test_a_disciplined_clock_is_synced(tmp_path: Path, state: int) -> None:
    """Every state but TIME_ERROR, leap seconds too, whatever else there is (adjtimex(2))."""
    assert Kernel(tmp_path, state).chip(0).quality is Quality.SYNCED


@pytest.mark.parametrize("state", [TIME_ERROR, FORBIDDEN])
def test_an_undisciplined_one_is_held_where_timesyncd_had_set_it(tmp_path: Path, state: int) -> None:
    """/run is empty after a boot, so the mark is of this one. Where the kernel may not be asked it is no better."""
    assert Kernel(tmp_path, state).chip(WALL_S).timesyncd().quality is Quality.HOLD


@pytest.mark.parametrize("state", [TIME_ERROR, FORBIDDEN])
def test_a_chip_makes_it_rtc_and_nothing_makes_it_floor(tmp_path: Path, state: int) -> None:
    """The two cases of a machine without a network."""
    assert Kernel(tmp_path, state).quality is Quality.FLOOR
    assert Kernel(tmp_path, state).chip(WALL_S).quality is Quality.RTC


@pytest.mark.parametrize(
    ("chip", "wall_s", "quality"),
    [
        (0, WALL_S, Quality.FLOOR),
        (0, 0, Quality.FLOOR),
        (BUILT_S - CHIP_AGE_S_MAX, BUILT_S - CHIP_AGE_S_MAX, Quality.RTC),
        (BUILT_S - CHIP_AGE_S_MAX - 1, BUILT_S - CHIP_AGE_S_MAX - 1, Quality.FLOOR),
        (WALL_S, WALL_S + CHIP_OFF_S_MAX, Quality.RTC),
        (WALL_S, WALL_S + CHIP_OFF_S_MAX + 1, Quality.FLOOR),
        (WALL_S, WALL_S - CHIP_OFF_S_MAX - 1, Quality.FLOOR),
        ("", WALL_S, Quality.FLOOR),
        ("soon", WALL_S, Quality.FLOOR),
    ],
)
def test_a_chip_that_cannot_be_right_is_none(tmp_path: Path, chip: int | str, wall_s: int, quality: Quality) -> None:
    """1970, more than a year before the build, unreadable; or a wall clock that was not set by it."""
    kernel = Kernel(tmp_path).chip(chip)
    kernel.wall = wall_s * 1000
    assert kernel.quality is quality


def test_the_kernel_is_asked_every_ten_seconds_and_at_once_after_a_jump(tmp_path: Path) -> None:
    """A turn costs no system call more; a step by the time server and its new quality are seen together."""
    kernel = Kernel(tmp_path)
    for _ in range(10):
        assert kernel.quality is Quality.FLOOR
        kernel.ms, kernel.wall = kernel.ms + 1000, kernel.wall + 1000
    assert kernel.asked == 1
    kernel.answer, kernel.wall = OK, kernel.wall + 2000
    assert kernel.clock.now() == Now(kernel.ms, kernel.wall, Quality.SYNCED)
    kernel.answer = TIME_ERROR
    kernel.ms, kernel.wall = kernel.ms + 10_001, kernel.wall + 10_001
    assert kernel.quality is Quality.FLOOR
    assert kernel.asked == 3


def test_this_machines_own_clock_can_be_read() -> None:
    """The real call, the real files: whatever it says, it says something, and boot time goes on."""
    assert clock.adjtimex() in range(-1, 6)
    before, after = clock.now(), clock.now()
    assert before.ms <= after.ms
    assert after.quality in Quality
    assert after.floor_ms is None, "nobody has weighed it"
