"""Staff at work under arbitrary sequences: every button, labels good and bad, doors that jam, and power cuts anywhere.

The walk of ``test_core_random`` with somebody of the staff there most of the time, who begins every chore, answers what
comes to mind and now and then goes away in the middle. The checks are the same, from the effects and the disk alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from core_watch import Shown, met
from test_core_random import Walk

from locker.labels import Label, encode
from locker.machine import DutyState, VisitState
from locker.model import Kind, PulseDropped, Purpose, Scanned, Touched

SEEDS = range(1000, 1040)
RARE = ("by_hand", "undo", "reassign", "handed_out")
MOVING = ("reassign", "to:any", "took_out", "it_is_in", "settle")
LEAVING = ("back", "finish", "hand_over", "status")


class StaffWalk(Walk):
    """One seed's world, in which staff are mostly at work."""

    def story(self) -> None:
        """Somebody begins a duty, or goes on with it; or what the other walk does."""
        duty, visit = self.stage.cabinet.duty, self.stage.cabinet.visit
        if not duty.present and visit.state is VisitState.IDLE and self.rng.random() < 0.8:
            self.stage.tell(Scanned(self.badge().text.encode()))
        elif visit.state is VisitState.OPEN and visit.room is not None and self.rng.random() < 0.8:
            (self.touch if self.stage.screen.offers and self.rng.random() < 0.5 else self.shut)()
        elif duty.present and visit.state is VisitState.IDLE and self.rng.random() < 0.9:
            self.staff_work()
        else:
            super().story()

    def staff_work(self) -> None:
        """Where a label is wanted, mostly a good one; else what the other walk does."""
        if self.stage.cabinet.duty.state is DutyState.LABELLING and self.rng.random() < 0.7:
            self.stage.wait(3001)
            self.stage.tell(Scanned(encode(Label(f"C{self.rng.randrange(30)}".encode())).encode()))
        else:
            super().staff_work()

    def shut(self) -> None:
        """The door of the visit is pushed shut."""
        self.move(self.stage.cabinet.visit.door, False)

    def badge(self) -> Shown:
        """A staff code without a door, often one that was shown before."""
        rng, stage = self.rng, self.stage
        mine = [shown for shown in self.shown if shown.cti.startswith(b"staff")]
        if mine and rng.random() < 0.5:
            return rng.choice(mine)
        cti = b"staff" + rng.randbytes(11)
        given: dict[str, Any] = {
            "exp": stage.wall_ms // 1000 + rng.choice((600, 3600)),
            "sub": rng.choice(("fang", "min")),
        }
        found = Shown(stage.token(Purpose.STAFF, cti=cti, **given), cti)
        self.shown.append(found)
        return found

    def touch(self) -> None:
        """A button that does something, more often than one that leads away."""
        screen = self.stage.screen
        doing = [button for button in screen.offers if button not in LEAVING]
        rare = [button for button in doing if button in RARE]
        if rare and self.rng.random() < 0.3:
            self.stage.tell(Touched(self.rng.choice(rare), screen.number))
        elif self.stage.cabinet.duty.present and doing and self.rng.random() < 0.9:
            self.stage.tell(Touched(self.rng.choice(doing), screen.number))
        else:
            super().touch()

    def check(self) -> None:
        """The same, and what staff were told is what is."""
        super().check()
        stage, duty = self.stage, self.stage.cabinet.duty
        if duty.present and stage.screen.name.startswith("duty_"):
            assert all(row.door in stage.cabinet.rooms for row in stage.screen.rows)
        for room in stage.cabinet.rooms.values():
            met["certificate"] += room.kind is Kind.CERTIFICATE


class MoversWalk(StaffWalk):
    """One seed's world, in which staff above all move what somebody has a claim on."""

    sizes, rests = (6,), (20,)

    @property
    def claimed(self) -> list[str]:
        """The buttons of the doors behind which somebody's item lies who has a claim on it."""
        rows, rooms = self.stage.watch.claims.values(), self.stage.cabinet.rooms
        waiting = [row for row in rows if row.purpose is Purpose.COLLECT and not row.spent]
        return [f"door:{row.door}" for row in waiting if rooms[row.door].order == row.order]

    def story(self) -> None:
        """Owners come until one of them has a claim; then staff do."""
        duty, visit = self.stage.cabinet.duty, self.stage.cabinet.visit
        if duty.present or visit.state is not VisitState.IDLE or self.claimed:
            super().story()
        else:
            Walk.story(self)

    def coils(self) -> None:
        """An owner's order is lost on its way, mostly."""
        bearer = self.stage.cabinet.visit.bearer
        if bearer is not None and bearer.purpose is Purpose.COLLECT and self.stage.todo and self.rng.random() < 0.7:
            self.stage.tell(PulseDropped(self.stage.todo.pop(0), "port gone"))
        super().coils()

    def staff_work(self) -> None:
        """There is something to be moved, or not."""
        (self.touch if self.claimed else super().staff_work)()

    def touch(self) -> None:
        """The way to another door, for an item that was claimed; else as the others."""
        screen = self.stage.screen
        way = [button for button in screen.offers if button in (*self.claimed, *MOVING)]
        if self.stage.cabinet.duty.present and way and self.rng.random() < 0.8:
            self.stage.tell(Touched(self.rng.choice(way), screen.number))
        else:
            super().touch()


@pytest.mark.parametrize("seed", range(3000, 3050))
def test_claims_follow_whatever_staff_move(seed: int, tmp_path: Path) -> None:
    """Every typed claim is where its item is, and no errand is about another item, after every commit."""
    print(f"seed {seed}")
    MoversWalk(seed, tmp_path).run()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_staff_may_do_breaks_an_invariant(seed: int, tmp_path: Path) -> None:
    """Whatever is pressed, scanned or pulled out, the invariants hold after every step, and calm brings all right."""
    print(f"seed {seed}")
    StaffWalk(seed, tmp_path).run()


def test_the_staff_met_every_chore() -> None:
    """Every event of a duty happened in the walks above, so that none of the checks was idle."""
    if met["duty_started"] == 0:
        pytest.skip("the walks were not run")
    wanted = "duty_started duty_ended granted_duty loaded unloaded load_given_up reassigned audited corrected taken_out"
    wanted += " handed_out audit_done service_changed certificate power_cut calm_collect staff_done claim_followed"
    assert not [kind for kind in wanted.split() if not met[kind]], dict(met)
