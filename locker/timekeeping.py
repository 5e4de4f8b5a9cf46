"""The time that everybody in the cabinet sees, made of what the system's clock says and of what is certain.

The *floor* is the one thing that is certain: true time is that or later (tokens contract, section 5). It is the latest
of: the program's build, what was saved last, the issue time of any validly signed token or key set that is not absurdly
far ahead, a clock that is believed; and it goes on with the boot clock, which nobody can set. It never goes back.

Which clock is believed, and how far it may move the floor:

    synced   followed wherever it goes, but not to more than a day before the floor. It takes the floor along while it
             is at most 30 days ahead of it. Further ahead it is shown, and the floor stays until a signed token agrees:
             a wrong time server kills no token for longer than it is wrong.
    hold     was synced earlier this boot: that time, carried on by the boot clock. Whatever somebody sets the wall
             clock to meanwhile changes nothing.
    rtc      a clock chip, read once at the start and carried on by the boot clock, when it is between a day before and
             30 days after the floor (ten years on a card that knows only when the program was built). It takes the
             floor along to a day behind itself: a chip may be wrong by as much. Else it is no clock: floor.
    floor    nothing is believed; what the wall clock says counts only against a token, and never moves the floor.

A synced clock up to a day behind the floor is right and the floor was too far: it is followed, and the floor stands
still until the clock has caught up. How far the floor would be if it had never stood still is kept as well (the reach):
a day behind that is the end, so that whoever sets the time back again and again gains one day and no more. Knows no
clock: the readings are handed in. Must never know a token or a door.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from locker.model import KeepNote, Now, Quality, Record

NOTE = "time"
"""The name under which the floor is saved."""
FIRST_S = 1_735_689_600
"""2025-01-01: before this there was no such program."""
LEEWAY_MS = 120_000
DAY_MS = 86_400_000
"""The largest error of a clock that is not floor."""
AHEAD_MS_MAX = 30 * DAY_MS
"""What is further ahead of the floor than this is absurd, unless something independent agrees."""
NEW_AHEAD_MS_MAX = 3653 * DAY_MS
"""The same for clocks on a card that knows nothing but when the program was built."""
JUMP_MS = 2000
"""A change against the boot clock of more than this is an event; a leap second is none."""
SAVE_MS = 3_600_000
"""The floor rides on whatever is saved anyway, and else is saved this often: no clock may wear an SD card out."""
GOOD = (Quality.SYNCED, Quality.HOLD)


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved: the floor and when in which boot that was, how far the boot clock was off the synced time.

    ``reach_ms`` is where the floor would be if it had never stood still, 0 for where it is.
    ``new`` means that nothing but the build time has ever moved the floor. ``lowered``: somebody lowered the floor by
    hand at the first of these Unix seconds; whatever expires before the second may have been forgotten by then.
    """

    floor_ms: int
    reach_ms: int = 0
    ms: int = 0
    boot: str = ""
    held_ms: int | None = None
    new: bool = False
    lowered: tuple[int, int] | None = None


class Timekeeper:
    """What time it is, how sure that is, and what has to be said and saved of it."""

    def __init__(self, notes: Mapping[str, str], ms: int, boot: str = "", built_s: int = FIRST_S) -> None:
        """Take up what was saved. ``ms`` is the boot time now, ``boot`` this boot's id, empty where it is not known.

        A note that cannot be read counts as none, and is told.
        """
        self._news: list[Record] = []
        self._boot = "" if boot == "unknown" else boot
        saved = self._recall(notes.get(NOTE, "")) or Saved(floor_ms=built_s * 1000, new=True)
        same_boot = self._boot != "" and saved.boot == self._boot and ms >= saved.ms
        since_ms = ms - saved.ms if same_boot else 0
        self._floor_ms = max(saved.floor_ms + since_ms, built_s * 1000)
        self._reach_ms = max(saved.reach_ms + since_ms, self._floor_ms)
        self._held_ms = saved.held_ms if same_boot else None
        self._new, self.lowered = saved.new, saved.lowered
        self._ms = self._save_due_ms = ms
        self._chip_ms: int | None = None
        self._set_ms: int | None = None
        self._last: Now | None = None
        self._told_system_ms = self._told_shown_ms = 0
        self.system = Quality.FLOOR

    # --- reading ----------------------------------------------------------------------------------

    def read(self, raw: Now) -> Now:
        """Return the instant as everybody is to see it. One that has a floor has been here already and is returned."""
        if raw.floor_ms is not None:
            return raw
        elapsed_ms, self._ms, self.system = max(0, raw.ms - self._ms), raw.ms, raw.quality
        quality, seen_ms = self._claim(raw)
        self._reach_ms += elapsed_ms
        now = self._weighed(raw.ms, quality, seen_ms, elapsed_ms)
        self._reach_ms = max(self._reach_ms, self._floor_ms)
        if now.quality is Quality.SYNCED:
            self._held_ms = now.wall_ms - now.ms
        self._compare(raw, now)
        self._last = now
        return now

    def _claim(self, raw: Now) -> tuple[Quality, int]:
        """What the machine's clocks say: only a synchronised one is followed, the others are read once."""
        if raw.quality is Quality.SYNCED:
            return raw.quality, raw.wall_ms
        if raw.quality is Quality.HOLD and self._held_ms is None:
            self._held_ms = raw.wall_ms - raw.ms
        if self._held_ms is not None:
            return Quality.HOLD, raw.ms + self._held_ms
        if raw.quality is Quality.RTC:
            self._chip_ms = raw.wall_ms - raw.ms if self._chip_ms is None else self._chip_ms
            return Quality.RTC, raw.ms + self._chip_ms
        return Quality.FLOOR, raw.wall_ms

    def _weighed(self, ms: int, quality: Quality, seen_ms: int, elapsed_ms: int) -> Now:
        """Believe it or not, and move the floor."""
        before_ms, grown_ms = self._floor_ms, self._floor_ms + elapsed_ms
        near = seen_ms <= grown_ms + (NEW_AHEAD_MS_MAX if self._new else AHEAD_MS_MAX)
        self._floor_ms = grown_ms
        if quality in GOOD and seen_ms >= self._reach_ms - DAY_MS:
            if near:
                self._floor_ms, self._new = max(before_ms, seen_ms), False
            return Now(ms, seen_ms, quality, self._floor_ms)
        if quality is Quality.RTC and near and seen_ms >= grown_ms - DAY_MS:
            self._floor_ms, self._new = max(grown_ms, seen_ms - DAY_MS), False
            return Now(ms, max(seen_ms, self._floor_ms), quality, self._floor_ms)
        floor_ms = grown_ms if self._set_ms is None else max(grown_ms, ms + self._set_ms)
        unset = quality is Quality.FLOOR and near
        return Now(ms, max(seen_ms, floor_ms) if unset else floor_ms, Quality.FLOOR, floor_ms)

    def _compare(self, raw: Now, now: Now) -> None:
        """Note a jump, of the system's clock or of what is shown, and every change of the quality."""
        system_ms, shown_ms = raw.wall_ms - raw.ms, now.wall_ms - now.ms
        before = now.quality if self._last is None else self._last.quality
        by_ms, shown_by_ms = system_ms - self._told_system_ms, shown_ms - self._told_shown_ms
        if self._last is not None:
            if max(abs(by_ms), abs(shown_by_ms)) <= JUMP_MS and before is now.quality:
                return
            fields = {"from_ms": raw.wall_ms - by_ms, "to_ms": raw.wall_ms, "by_ms": by_ms, "shown_by_ms": shown_by_ms}
            qualities = {"before": before.value, "after": now.quality.value}
            self._news.append(Record("clock_changed", 0, fields | qualities))
        self._told_system_ms, self._told_shown_ms = system_ms, shown_ms

    # --- what signatures tell ---------------------------------------------------------------------

    def learn(self, issued_s: int) -> None:
        """Something validly signed was issued at this Unix second, so true time is not before it.

        Never beyond a good clock, never a day beyond a clock chip, and else at most 30 days ahead of the floor, unless
        a clock that was not believed for being too far ahead says the same.
        """
        at_ms = issued_s * 1000
        now = self._last or Now(self._ms, self._floor_ms, Quality.FLOOR)
        if now.quality in GOOD:
            most_ms = now.wall_ms + LEEWAY_MS
            good_ms = min(at_ms, now.wall_ms)
        elif now.quality is Quality.RTC:
            most_ms, good_ms = now.wall_ms + DAY_MS, at_ms
        else:
            chip_ms = 0 if self._chip_ms is None else self._ms + self._chip_ms
            most_ms, good_ms = max(self._floor_ms + AHEAD_MS_MAX, chip_ms), at_ms
        if self._floor_ms < good_ms and at_ms <= most_ms:
            self._floor_ms, self._new = good_ms, False
            self._reach_ms = max(self._reach_ms, good_ms)

    def set_issued(self, issued_s: int) -> None:
        """The key set in force was issued then; where no clock is believed, the root's word counts however far ahead.

        It is not saved with the floor: an absurd time does harm until a clock is believed or a better set comes.
        """
        self._set_ms = issued_s * 1000 - self._ms
        self.learn(issued_s)

    def doubtful(self, issued_s: int, exp_s: int) -> bool:
        """Whether a token, of before the floor was lowered by hand, may have been forgotten under the higher one."""
        return self.lowered is not None and issued_s < self.lowered[0] and exp_s < self.lowered[1]

    # --- what is to be said and saved -------------------------------------------------------------

    @property
    def floor_ms(self) -> int:
        """The floor at the last reading, in Unix milliseconds, as it is saved."""
        return self._floor_ms

    def news(self) -> list[Record]:
        """What has happened to the clock and was not told yet, once."""
        news, self._news = self._news, []
        return news

    def due(self) -> bool:
        """Whether the floor has not been saved for long."""
        return self._ms >= self._save_due_ms

    def note(self) -> KeepNote:
        """What to save, as of the last reading."""
        self._save_due_ms = self._ms + SAVE_MS
        saved = Saved(
            floor_ms=self._floor_ms,
            reach_ms=self._reach_ms,
            ms=self._ms,
            boot=self._boot,
            held_ms=self._held_ms,
            new=self._new,
            lowered=self.lowered,
        )
        return KeepNote(NOTE, encode(saved))

    def _recall(self, text: str) -> Saved | None:
        saved = decode(text)
        if text and saved is None:
            detail = f'the note "{NOTE}" is damaged; the floor begins at the build time'
            self._news.append(Record("device_trouble", 0, {"device": "clock", "what": "note", "detail": detail}))
        return saved


def encode(saved: Saved) -> str:
    """The note's text."""
    return msgspec.json.encode(saved).decode()


def decode(text: str) -> Saved | None:
    """What a note's text says; None for none and for a damaged one."""
    try:
        return msgspec.json.decode(text, type=Saved) if text else None
    except msgspec.DecodeError:
        return None


def lowered(saved: Saved | None, now: Now) -> Saved:
    """The note of a floor that is brought down to ``now``, a good clock, by a technician.

    Tokens of before, which the higher floor may have had forgotten, stay refused (``Timekeeper.doubtful``).
    """
    at_s = now.wall_ms // 1000
    forgotten_s = at_s if saved is None else max(at_s, saved.floor_ms // 1000)
    if saved is not None and saved.lowered is not None:
        forgotten_s = max(forgotten_s, saved.lowered[1])
    return Saved(floor_ms=now.wall_ms, ms=now.ms, lowered=(at_s, forgotten_s))
