"""The power goes before every single commit of what staff do: no cut costs an envelope, and none opens a door.

Each story is played with the power cut before its first commit, its second, and so on to the last. The cabinet starts
again from the disk, the person scans the same code and goes on as the screen offers. At the end everything is where it
really lies, whatever the moment; the watch of ``core_watch`` looks at every commit and pulse in between.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from core_watch import PowerCut, TypedAtStage
from stage import AUD, a_config

from locker.labels import Label, encode
from locker.model import Custody, DoorSeen, Purpose, Quality, Scanned, Touched

STEPS_MAX = 60


class CutStage(TypedAtStage):
    """A watched stage whose power fails before the commit number ``cut_at``; a person who knows what lies where."""

    def __init__(self, folder: Path, cut_at: int | None) -> None:
        self.commits, self.cut_at = 0, None
        super().__init__(folder, a_config(invite=None), Quality.SYNCED)
        self.badge = self.token(Purpose.STAFF, sub="fang", exp=self.wall_ms // 1000 + 86_000)
        self.really: dict[int, str] = {}
        self.open: dict[int, bool] = dict.fromkeys(self.cabinet.rooms, False)
        self.commits, self.cut_at = 0, cut_at

    def _apply(self, effects: list) -> None:  # type: ignore[type-arg]
        if any(type(effect).__name__ in ("Record", "KeepCompartment", "KeepToken") for effect in effects):
            if self.commits == self.cut_at:
                self.cut, self.cut_at = True, None
            self.commits += 1
        super()._apply(effects)

    def coil(self) -> None:
        """Whatever was pulsed springs open, and is seen."""
        while self.todo:
            door = self.todo.pop(0)
            self.open[door] = True
            self.tell(DoorSeen(door, True, fresh=True))

    def push(self, door: int) -> None:
        """Shut a door that stands open."""
        self.open[door] = False
        self.tell(DoorSeen(door, False))

    def press(self, button: str) -> None:
        """A button of this screen."""
        self.tell(Touched(button, self.screen.number))

    def label(self, order: str) -> None:
        """An envelope is held to the scanner."""
        self.wait(3001)
        self.tell(Scanned(encode(Label(order.encode()), AUD).encode()))

    def settle(self) -> None:
        """After the cut: shut what stands open, scan the badge again, answer what is offered by what really lies."""
        self.todo.clear()
        self.crash(tuple(door for door, is_open in self.open.items() if is_open), 2000)
        for door, is_open in self.open.items():
            if is_open:
                self.push(door)
        self.wait(3001)
        if "left_in" in self.screen.offers:
            door = self.screen.door
            self.press("left_in" if self.really.get(door) else "took_out")
        self.wait(3001)
        self.tell(Scanned(self.badge.encode()))
        if "settle" in self.screen.offers:
            self.press("settle")
            door = self.screen.rows[0].door
            self.press(f"door:{door}")
            self.wait(2000)
            self.coil()
            self.press("it_is_in" if self.really.get(door) else "it_is_not")
            self.push(door)
            self.press("back")

    def books(self) -> dict[int, str]:
        """What the cabinet believes to lie where."""
        rooms = self.cabinet.rooms.values()
        return {room.door: room.order.decode() for room in rooms if room.custody is Custody.HOLDING}


def load(stage: CutStage) -> None:
    """One envelope, from the badge to the door shut."""
    stage.tell(Scanned(stage.badge.encode()))
    stage.press("load")
    stage.label("A1")
    put_in(stage, "A1")
    stage.press("back")


def put_in(stage: CutStage, order: str) -> None:
    """At the door that springs open now."""
    stage.wait(2000)
    door = stage.todo[0]
    stage.coil()
    stage.really[door] = order
    stage.push(door)


def take_out(stage: CutStage) -> None:
    """An envelope is loaded, and handed out by hand."""
    load(stage)
    (door,) = stage.really
    stage.press("by_hand")
    stage.press(f"door:{door}")
    stage.press("why:other")
    stage.wait(2000)
    stage.coil()
    del stage.really[door]
    stage.press("handed_out")
    stage.push(door)
    stage.press("back")


def reassign(stage: CutStage) -> None:
    """An envelope is loaded, and moved to a larger door."""
    load(stage)
    (door,) = stage.really
    stage.press("reassign")
    stage.press(f"door:{door}")
    stage.press("to:larger")
    stage.wait(2000)
    stage.coil()
    del stage.really[door]
    stage.press("took_out")
    stage.push(door)
    put_in(stage, "A1")
    stage.press("back")


def audit(stage: CutStage) -> None:
    """An envelope is loaded, and the whole cabinet audited."""
    load(stage)
    stage.press("audit")
    stage.press("start")
    for _ in stage.cabinet.rooms:
        stage.wait(2000)
        door = stage.todo[0]
        stage.coil()
        stage.press("as_listed")
        stage.push(door)
    stage.press("back")


@pytest.mark.parametrize("story", [load, take_out, reassign, audit], ids=lambda story: story.__name__)
def test_no_power_cut_costs_an_envelope(story: Callable[[CutStage], None], tmp_path: Path) -> None:
    """Cut before every commit of the story: afterwards the books say what really lies where, for every door."""
    whole = CutStage(tmp_path, None)
    story(whole)
    assert whole.books() == whole.really
    assert 4 <= whole.commits <= STEPS_MAX
    for cut_at in range(whole.commits):
        folder = tmp_path / str(cut_at)
        folder.mkdir()
        stage = CutStage(folder, cut_at)
        with pytest.raises(PowerCut):
            story(stage)
        stage.settle()
        assert stage.screen.name == "duty_menu", f"cut {cut_at}: {stage.screen}"
        hand = {"A1"} - set(stage.really.values())
        books, really = stage.books(), dict(stage.really)
        if hand and books != really:  # taken out and not yet written down: the audit finds the door empty
            assert story in (take_out, reassign) and "handed_out" not in stage.kinds
            check_empty(stage, next(iter(books)))
            books = stage.books()
        assert books == really, f"cut {cut_at}: the books say {books}, really it is {really}"
        reasons = {room.reason for room in stage.cabinet.rooms.values() if not room.in_service}
        assert reasons <= {"unwatched"}, f"cut {cut_at}: {reasons}"
        if reasons:  # a door was shut while the power was off: the audit is the look that it waits for
            finish_audit(stage)
            assert all(room.in_service for room in stage.cabinet.rooms.values()), f"cut {cut_at}"


def finish_audit(stage: CutStage) -> None:
    """Go on with the round that was interrupted."""
    stage.press("go_on")
    while "back" not in stage.screen.offers:
        stage.wait(2000)
        door = stage.todo[0]
        stage.coil()
        stage.press("as_listed")
        stage.push(door)
    stage.press("back")


def check_empty(stage: CutStage, door: int) -> None:
    """Somebody audits the one door that the books have wrong."""
    stage.press("audit")
    stage.press(f"door:{door}")
    stage.wait(2000)
    stage.coil()
    stage.press("missing")
    stage.push(door)
    stage.press("back")
