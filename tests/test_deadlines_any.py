"""Deadlines under any sequence of outages, restarts and clocks, and with the plug pulled at each commit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deadline_stage import DAY_MS, DOWN, HOUR_MS, UP, Clock, PowerCutError
from hypothesis import given, settings
from hypothesis import strategies as st

from locker import config
from locker.model import Event, LinkUp, Quality

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 3 * DAY_MS)),
        st.tuples(st.just("off"), st.integers(1000, 3 * DAY_MS)),
        st.tuples(st.just("step"), st.integers(-2 * DAY_MS, 40 * DAY_MS)),
        st.tuples(st.just("quality"), st.sampled_from(list(Quality))),
        st.tuples(st.just("link"), st.sampled_from([UP, DOWN])),
    ),
    max_size=14,
)


class Witness:
    """Watches one item from outside: how long it really was served, and what was said of it."""

    def __init__(self, stage: Clock, door: int) -> None:
        """From the deposit on."""
        self.stage, self.door = stage, door
        self.served_ms = 0
        self.linked = True
        self.told_ms = stage.cabinet.rooms[door].deadline_ms

    def follow(self, what: str, value: Any) -> None:
        """Let one thing happen, in pieces of an hour, and look after each."""
        match what:
            case "wait":
                while value > 0:
                    self.stage.wait(min(value, HOUR_MS))
                    self.served_ms += min(value, HOUR_MS) if self.linked else 0
                    value -= HOUR_MS
                    self.look()
            case "off":
                self.stage.again(away_ms=value, link=False)
                self.served_ms += 2000 if self.linked else 0
                self.linked = False
            case "step":
                self.stage.wall_ms += value
            case "quality":
                self.stage.quality = value
            case "link":
                self.linked = isinstance(value, LinkUp)
                self.stage.tell(value)
        self.look()

    def look(self) -> None:
        """The deadline moves later or not at all; nothing is overdue before its days of service."""
        room = self.stage.cabinet.rooms[self.door]
        assert room.deadline_ms >= self.told_ms, "a deadline that was told moved earlier"
        self.told_ms = room.deadline_ms
        if room.overdue:
            assert self.served_ms + HOUR_MS >= 5 * DAY_MS, f"overdue after {self.served_ms / DAY_MS:.2f} days"

    def listen(self) -> None:
        """Each was told once, and in the right order."""
        told = [kind for kind in self.stage.told if kind != "deadline_extended"]
        assert told in ([], ["due_soon"], ["due_soon", "overdue"], ["overdue"])


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_nothing_hastens_a_deadline(steps: list[tuple[str, Any]]) -> None:
    """Whatever outages, restarts and clocks come: never earlier, never marked early; and marked in the end."""
    with TemporaryDirectory() as folder:
        stage = Clock(Path(folder))
        witness = Witness(stage, stage.stored("A1"))
        for what, value in steps:
            witness.follow(what, value)
        stage.tell(UP)
        witness.linked = True
        stage.wall_ms, stage.quality = stage.cabinet.time.floor_ms, Quality.SYNCED
        witness.follow("wait", 8 * DAY_MS)
        witness.listen()
        assert stage.cabinet.rooms[witness.door].overdue, "never marked, though time and cloud were there for weeks"
        stage.store.close()


DAY = config.Keeping(submission_days=1, notice_hours=6)
STORY: list[int | Event] = [6 * HOUR_MS, DOWN, 8 * HOUR_MS, UP, 6 * HOUR_MS, DOWN, HOUR_MS, UP, 15 * HOUR_MS]
"""An item's days: hours that pass, and the cloud that goes and comes. 27 of the hours are served."""


def lived(stage: Clock) -> tuple[int, list[int]]:
    """The story, with a new start where the plug is pulled; the wall time of the one mark, every deadline meanwhile."""
    deadlines = list[int]()
    linked: Event = UP
    for part in STORY:
        linked = linked if isinstance(part, int) else part
        for piece in [HOUR_MS] * (part // HOUR_MS) if isinstance(part, int) else [part]:
            try:
                stage.wait(piece) if isinstance(piece, int) else stage.tell(piece)
            except PowerCutError:
                stage.crash()
                stage.tell(linked)
            deadlines += [room.deadline_ms for room in stage.cabinet.rooms.values() if room.order == b"A1"]
    (mark,) = (event for event in stage.log if event["type"] == "overdue")
    return mark["at_ms"], deadlines


def test_the_plug_pulled_at_each_commit_marks_once_and_not_early(tmp_path: Path) -> None:
    """Whichever commit is lost or is the last: one mark, on time or a little late, and no deadline moves earlier."""
    whole = Clock(tmp_path, keeping=DAY)
    whole.stored("A1")
    before = whole.commits
    on_time_ms, _ = lived(whole)
    commits = whole.commits - before
    assert commits > 30
    for cut_at in range(1, commits + 1):
        for after in (False, True):
            with TemporaryDirectory() as folder:
                stage = Clock(Path(folder), keeping=DAY)
                stage.stored("A1")
                stage.cut_at, stage.after = stage.commits + cut_at, after
                marked_ms, deadlines = lived(stage)
                assert on_time_ms <= marked_ms <= on_time_ms + 2 * HOUR_MS, (cut_at, after, marked_ms - on_time_ms)
                assert deadlines == sorted(deadlines), (cut_at, after)
                stage.store.close()
