"""The staff's day: every chore once on the real program, from opening until nine days later; checked from outside.

Each chapter is a function whose docstring is its title in the report. Twenty certificates are loaded, with the time and
the touches of each; two envelopes go wrong on purpose, and the audit of all 24 doors has to find both. Seeded: which
envelopes go wrong, who collects, and all keys. Must never look into the controller's files, but for the one time
machine that lets nine days pass with the power off (``nine_days_later``).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from random import Random

from sim.day import act_out
from sim.day_people import NotAsExpected
from sim.demo import Demo
from sim.demo_codes import Code
from sim.demo_progress import table
from sim.staff_people import FANG, MIN, Timed, Worker

ENVELOPES = 20
SIZES = ("S",) * 9 + ("M",) * 8 + ("L",) * 2
"""Of all but the first envelope, which asks for a larger door on the way."""
AUDIT_S_MAX = 300
ABSENT_DAYS = 9
DAY_MS = 86_400_000
COMPARE = ("duty_compare", "duty_compare_empty")
TAKE = ("duty_take",)


def play(demo: Demo, seed: int) -> int:
    """Play the day and print what it cost; 0 when every chapter and every invariant held, 1 otherwise."""
    worker, day = Worker(demo), Day(seed)
    chapters = [partial(chapter, day) for chapter in CHAPTERS]
    for chapter, told in zip(chapters, CHAPTERS, strict=True):
        chapter.__doc__ = told.__doc__
    bad = act_out(demo, seed, worker, chapters)
    _tables(worker)
    return bad


class Day:
    """What the day's chance has drawn, and what the chapters leave for each other."""

    def __init__(self, seed: int) -> None:
        """All of it from the seed."""
        self.chance = Random(seed)
        self.missing, self.mixed = self.chance.sample(range(2, ENVELOPES), 2)
        self.stranger = Code("", "", "")
        self.gone = self.swapped = 0
        self.unlabelled: Code | None = None


# --- the chapters ---------------------------------------------------------------------------------


def opening(day: Day, worker: Worker) -> None:
    """The cabinet is switched on; three residents drop papers off"""
    worker.demo.controller.power_on()
    worker.demo.ready()
    for _ in range(3):
        item = worker.drops_off(worker.issuer.deposit("S"))
        worker.leaves()
        worker.really[item.door] = item.order
    worker.shelf.clear()


def no_key(day: Day, worker: Worker) -> None:
    """An envelope's label opens nothing by itself"""
    worker.is_refused(worker.issuer.label(), "label_idle")


def twenty(day: Day, worker: Worker) -> None:
    """Twenty certificates: a larger door, taken back, already there, unknown, damaged, for elsewhere"""
    worker.starts()
    worker.chooses("load")
    worker.sees("duty_label")
    _first_and_larger(worker)
    _labels_that_are_none(worker)
    sizes = list(SIZES)
    day.chance.shuffle(sizes)
    for number, size in enumerate(sizes, 2):
        label = worker.issuer.label(size=size)
        if number == day.missing:
            day.gone = worker.loads(label, "left on the desk", inside="")
        elif number == day.mixed:
            day.stranger = worker.issuer.label()
            day.swapped = worker.loads(label, "another envelope", inside=day.stranger.order)
        else:
            worker.loads(label)
    worker.finishes()
    worker.hears("duty_ended", why="finished", by=FANG, loaded=ENVELOPES + 1)


def _first_and_larger(worker: Worker) -> None:
    """The first is too big for its door, goes into a larger one, is taken back, and is loaded again."""
    label = worker.issuer.label(size="S")
    door = worker.scans_label(label, "duty_put_in")
    worker.opens(door)
    worker.chooses("larger")
    worker.sees("duty_empty_first", door=door)
    worker.shuts(door)
    larger = int(worker.sees("duty_put_in")["door"])
    worker.is_true(larger != door, "the same door was taken for a larger one")
    worker.opens(larger)
    worker.lays(larger, label.order)
    worker.shuts(larger)
    worker.sees("duty_loaded", door=larger)
    worker.chooses("undo")
    worker.opens(larger)
    worker.sees("duty_take_back", door=larger)
    worker.lifts(larger)
    worker.shuts(larger)
    worker.chooses("took_out")
    worker.hears("unloaded", door=larger)
    worker.loads(worker.issuer.label(label.order, "M"), "larger, taken back, again")
    pulses = len(worker.street.unlocks())
    worker.scans_label(label, "duty_loaded", reason="label_loaded")
    worker.is_true(len(worker.street.unlocks()) == pulses, "a label that lies here already moved a coil")


def _labels_that_are_none(worker: Worker) -> None:
    """A parcel's code, a torn label, another cabinet's envelope: each refused, no coil moves."""
    pulses, good = len(worker.street.unlocks()), worker.issuer.label()
    for label, reason in (
        (replace(good, text="https://parcel.example/17"), "label_unknown"),
        (replace(good, text=good.text[:-3]), "label_damaged"),
        (worker.issuer.label(cabinet="demo-2"), "label_elsewhere"),
    ):
        worker.scans_label(label, "duty_loaded", reason=reason)
        worker.hears("denied", reason=reason, by=FANG)
    worker.is_true(len(worker.street.unlocks()) == pulses, "a label that is none moved a coil")


def two_collect(day: Day, worker: Worker) -> None:
    """Two owners collect by the code of their text message"""
    kept = [door for door in worker.really if door not in (day.gone, day.swapped)]
    loaded = {timed.door for timed in worker.account.loads}
    for door in day.chance.sample([door for door in kept if door in loaded], 2):
        worker.collects_by_code(worker.really[door], door)


def busy(day: Day, worker: Worker) -> None:
    """A resident comes while staff are loading: told to wait; at the menu they are served"""
    code = worker.issuer.deposit("S")
    worker.starts()
    worker.chooses("load")
    worker.presents(code, "duty_label", reason="staff_at_work")
    worker.chooses("back")
    item = worker.drops_off(code)
    worker.hears("duty_ended", why="next_person", by=FANG)
    worker.leaves()
    worker.really[item.door] = item.order
    worker.shelf.clear()


def power_cut(day: Day, worker: Worker) -> None:
    """Power cut with the door open for a load: nothing opens, staff scan again and settle it"""
    label = worker.issuer.label()
    worker.starts()
    worker.chooses("load")
    door = worker.scans_label(label, "duty_put_in")
    worker.opens(door)
    worker.lays(door, label.order)
    pulses = len(worker.street.unlocks())
    worker.demo.controller.kill()
    worker.hears("started")
    worker.hears("duty_ended", why="restart", by=FANG)
    worker.sees("unfinished", door=door)
    worker.shuts(door)
    worker.sees("idle")
    worker.is_true(len(worker.street.unlocks()) == pulses, "a start moved a coil")
    worker.starts()
    worker.chooses("settle", f"door:{door}")
    worker.sees("duty_is_it_in", door=door)
    worker.opens(door)
    worker.chooses("it_is_in")
    worker.shuts(door)
    worker.hears("loaded", door=door, order=label.order.encode().hex())
    worker.finishes()


def take_out(day: Day, worker: Worker) -> None:
    """Submissions, door by door: two taken, one left, one that was empty already"""
    answers = ["took_out", "not_taken", "was_empty", "took_out"]
    day.chance.shuffle(answers)

    def at(door: int) -> None:
        answer = answers.pop()
        if answer != "not_taken":
            worker.lifts(door)
        worker.sees("duty_take", door=door)
        worker.chooses(answer)

    worker.starts()
    worker.chooses("take_out", "start")
    worker.at_each_door(TAKE, at, "duty_round_done")
    worker.finishes()
    worker.is_true(len(worker.events("taken_out")) == 2, "not two were taken out")


def service(day: Day, worker: Worker) -> None:
    """A door out of service with a reason, status at a glance, and back"""
    door = worker.free_door("S")
    worker.starts()
    worker.chooses("service", f"door:{door}", "why:broken_lock")
    worker.hears("service_changed", door=door, in_service=False, reason="broken_lock", by=FANG)
    worker.chooses("back", "status")
    shown = next(row for row in worker.sees("duty_status")["rows"] if row["door"] == door)
    worker.is_true((shown["in_service"], shown["note"]) == (False, "broken_lock"), f"the status says {shown}")
    worker.chooses("back", "service", f"door:{door}")
    worker.hears("service_changed", door=door, in_service=True, by=FANG)
    worker.finishes()


def reassign(day: Day, worker: Worker) -> None:
    """An item goes to another door, and its owner's code goes with it"""
    old = right_one(day, worker)
    order = worker.really[old]
    worker.starts()
    worker.chooses("reassign", f"door:{old}", "to:any")
    worker.opens(old)
    worker.sees("duty_take", door=old)
    worker.lifts(old)
    worker.chooses("took_out")
    worker.shuts(old)
    new = int(worker.sees("duty_put_in")["door"])
    worker.opens(new)
    worker.lays(new, order)
    worker.shuts(new)
    worker.hears("reassigned", door=new, order=order.encode().hex())
    worker.finishes()
    worker.collects_by_code(order, new)


def by_hand(day: Day, worker: Worker) -> None:
    """Opened by hand for a resident without a phone, with a reason; their code is dead afterwards"""
    door = right_one(day, worker)
    order = worker.really[door]
    worker.starts()
    worker.chooses("by_hand", f"door:{door}", "why:phone_broken")
    worker.opens(door)
    worker.sees("duty_hand", door=door)
    worker.is_true(worker.lifts(door) == order, f"door {door} did not hold {order}")
    worker.chooses("handed_out")
    worker.shuts(door)
    worker.hears("handed_out", door=door, reason="phone_broken", by=FANG)
    worker.finishes()
    worker.is_refused(worker.issuer.collect(order), "unknown_order")


def audit(day: Day, worker: Worker) -> None:
    """Audit of all 24 doors: both envelopes that went wrong are found and put right"""

    def at(door: int) -> None:
        shown = worker.sees(*COMPARE, door=door)
        if door == day.swapped:
            worker.scans_label(day.stranger, "duty_shut", door=door)
        else:
            worker.chooses("missing" if door == day.gone else "as_listed")
        worker.is_true(shown["facts"]["of"] in (1, 24), f"the audit counts {shown['facts']}")

    worker.starts()
    worker.chooses("audit", "start")
    worker.at_each_door(COMPARE, at, "duty_audit_done")
    done = worker.hears("audit_done")["data"]
    worker.is_true(done["doors"] + done["skipped"] == 24, f"the audit says {done}")
    worker.is_true(done["took_ms"] < AUDIT_S_MAX * 1000, f"the audit took {done['took_ms']} ms")
    for door in sorted({event["door"] for event in worker.events("not_pulsed", "jammed")}):
        worker.chooses("back", "audit", f"door:{door}")
        worker.opens(door)
        at(door)
        worker.shuts(door)
        worker.sees("duty_audit")
    audited, corrected = worker.events("audited"), worker.events("corrected")
    worker.is_true((len(audited), len(corrected)) == (24, 2), f"{len(audited)} audited, {len(corrected)} corrected")
    worker.finishes()
    worker.knows_books()
    worker.collects_by_code(day.stranger.order, day.swapped)


def hand_over(day: Day, worker: Worker) -> None:
    """Handed over to the next person, who goes away: it ends by itself"""
    worker.starts(FANG)
    worker.chooses("hand_over")
    worker.presents(worker.badge(MIN), "duty_menu")
    worker.hears("duty_ended", why="handed_over", by=FANG)
    worker.hears("duty_started", by=MIN)
    used = worker.badges.pop(FANG)
    worker.chooses("load")
    worker.presents(used, "duty_label", reason="spent")
    worker.hears("duty_ended", why="inactive", by=MIN, timeout_s=worker.demo.site.pace.present_s + 20)
    worker.sees("idle")
    worker.starts(MIN)
    worker.finishes(MIN)


def nine_days_later(day: Day, worker: Worker) -> None:
    """Nine days later: overdue, still good for its owner, then mine and the others are recalled"""
    nine_days_pass(worker.demo)
    worker.hears("overdue", timeout_s=90.0)
    owner = right_one(day, worker)
    worker.collects_by_code(worker.really[owner], owner)
    worker.badges.clear()

    def at(door: int) -> None:
        worker.lifts(door)
        worker.sees("duty_take", door=door)
        worker.chooses("took_out")

    worker.starts(FANG)
    worker.chooses("recall", "mine")
    worker.at_each_door(TAKE, at, "duty_round_done")
    mine = worker.events("recalled")
    worker.is_true(bool(mine) and all(e["data"].get("loaded_by") == FANG for e in mine), f"recalled: {mine[-1:]}")
    worker.chooses("back", "recall", "all")
    worker.at_each_door(TAKE, at, "duty_round_done")
    worker.finishes(FANG)
    worker.knows_books()
    worker.is_true(not worker.really, f"these are left: {worker.really}")


def right_one(day: Day, worker: Worker) -> int:
    """A door behind which an envelope lies as the cabinet believes."""
    loaded = [timed.door for timed in worker.account.loads if worker.really.get(timed.door) == timed.what]
    if not loaded:
        raise NotAsExpected("no envelope is left where it was loaded")
    return day.chance.choice(loaded)


def nine_days_pass(demo: Demo) -> None:
    """The power is off, and nine days are over that the cabinet has served: its count on the disk and the clock say so.

    The one place where the simulation writes into the cabinet's file: nobody can wait for so long.
    """
    demo.controller.kill(back=False)
    demo.street.until(lambda: not demo.controller.pid, 20.0)
    with closing(sqlite3.connect(demo.site.folder / "locker.db")) as db, db:
        db.execute("UPDATE notes SET text = CAST(text AS INTEGER) + ? WHERE name = 'served'", (ABSENT_DAYS * DAY_MS,))
    demo.clock.set(replace(demo.clock.hands, offset_ms=demo.clock.hands.offset_ms + ABSENT_DAYS * DAY_MS))
    demo.issuer.not_before_s = demo.clock.now().wall_ms // 1000
    demo.controller.power_on()


CHAPTERS = (
    opening,
    no_key,
    twenty,
    two_collect,
    busy,
    power_cut,
    take_out,
    service,
    reassign,
    by_hand,
    audit,
    hand_over,
    nine_days_later,
)


# --- what it cost ---------------------------------------------------------------------------------


def _tables(worker: Worker) -> None:
    """What each envelope and each door of the rounds cost: the machine's time, with hands that need none."""
    loads, doors = worker.account.loads, worker.account.doors
    table(
        f"放证件 loading {len(loads)} certificates (机器的时间 the machine's time, without hands)",
        ("信封 envelope", "门 door", "ms", "扫 scans", "点 touches", ""),
        [(t.what, str(t.door), str(t.took_ms), str(t.scans), str(t.taps), t.note) for t in loads],
    )
    table(
        "每件、每门 per item and per door",
        ("", "个 count", "ms 中位 median", "ms 最多 most", "扫 scans", "点 touches"),
        [_summed("放一件 one envelope", loads), _summed("盘点、取件一个门 one door of a round", doors)],
    )


def _summed(what: str, timed: list[Timed]) -> tuple[str, ...]:
    if not timed:
        return what, "0", "", "", "", ""
    times = sorted(t.took_ms for t in timed)
    each = f"{sum(t.scans for t in timed) / len(timed):.2f}", f"{sum(t.taps for t in timed) / len(timed):.2f}"
    return what, str(len(timed)), str(times[len(times) // 2]), str(times[-1]), *each
