"""Worlds: fixed seeds and a fresh one hold every invariant; the same plan is the same world, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from locker import clock
from locker.model import Now, Record
from sim.world import campaign, plan, weather
from sim.world.archive import Archive, Row
from sim.world.counts import CUTS, FAULTS, grouped, wanted_rows, wanted_states
from sim.world.forecast import WEATHER, draw
from sim.world.lock_boards import drawn
from sim.world.plan import Happening, Plan, PlanError, Site
from sim.world.rarities import EVERYBODY
from sim.world.scene import Check
from sim.world.seam import POINTS, Seam, WorldStore
from sim.world.world import Outcome, World

SEEDS = (1, 2, 3, 4, 5)
SHORT_DAYS = 0.02
QUICK = Site(doors=6, poll_ms=100, idle_poll_ms=5000)
ROOT = Path(__file__).resolve().parent.parent.parent
CHILD = """
import json, sys
from sim.world import campaign
from sim.world.forecast import draw
outcome = campaign.play(draw(int(sys.argv[1]), 0.01, visits=900, faults=20))
print(json.dumps([outcome.digest, outcome.turns, outcome.events, outcome.good]))
"""


def busy(seed: int) -> Plan:
    """Half an hour in which everything happens that happens in days."""
    drawn = draw(seed, SHORT_DAYS, visits=600, faults=20)
    return structs.replace(drawn, site=structs.replace(drawn.site, idle_poll_ms=5000, poll_ms=100))


@pytest.fixture(scope="module")
def result() -> campaign.Result:
    """The short campaign: the fixed seeds and a fresh one, which is printed."""
    fresh = clock.wall_s()
    print(f"fresh seed {fresh}")
    found = campaign.Result()
    for seed in (*SEEDS, fresh):
        found.take(campaign.play(busy(seed)))
    return found


def test_every_invariant_holds_in_the_short_campaign(result: campaign.Result) -> None:
    """No world of the short campaign breaks an invariant, and the program dies of itself in none."""
    first = result.first
    assert first is None, "\n".join([f"seed {first.plan.seed} {first.error}", *map(str, first.breaches), *first.trace])


def test_the_short_campaign_met_what_it_is_about(result: campaign.Result) -> None:
    """People came, doors opened, the power went, the weather was bad: the checks were not idle."""
    counts = result.counts
    met = grouped(counts)
    assert min(counts[f"event/{kind}"] for kind in ("granted", "opened", "deposited", "collected", "denied")) > 0
    assert min(counts[f"total/{name}"] for name in ("orders", "pulses", "boots", "starts")) > len(SEEDS)
    assert len(met["fault"]) >= 20, sorted(met["fault"])
    assert len(met["people"]) >= 12, sorted(met["people"])
    assert met["power_cut"], "no power cut"
    assert {"door/open", "door/closed", "visit/open", "visit/offering"} <= set(counts)
    assert not {name for name in counts if name.startswith(("door/", "visit/"))} - wanted_states()
    assert not {name for name in counts if name.startswith(("door_row/", "visit_row/"))} - wanted_rows()


def test_the_same_seed_is_the_same_world_in_another_process() -> None:
    """Two processes with different hash seeds, and this one, write the same trace."""
    found = []
    for hash_seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        child = subprocess.run([sys.executable, "-c", CHILD, "11"], env=environment, capture_output=True, check=True)
        found.append(json.loads(child.stdout))
    mine = campaign.play(draw(11, 0.01, visits=900, faults=20))
    assert found[0] == found[1] == [mine.digest, mine.turns, mine.events, mine.good]


def test_a_saved_plan_plays_as_the_drawn_one() -> None:
    """A plan is plain data: written, read and played it gives the same world."""
    drawn = busy(12)
    read = plan.read(plan.write(drawn))
    assert read == drawn
    assert campaign.play(read).digest == campaign.play(drawn).digest


def test_taking_a_happening_out_changes_no_other() -> None:
    """Every happening has its chance of its own: the rest of a plan that was cut down is what it was."""
    drawn = busy(13)
    kept = [h.number for h in drawn.happenings][::2]
    cut = drawn.only(kept)
    assert [h for h in drawn.happenings if h.number in kept] == cut.happenings
    assert [h.draws().random() for h in cut.happenings] == [
        h.draws().random() for h in drawn.happenings if h.number in kept
    ]
    assert campaign.play(cut).good


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"version":2,"seed":1,"end_ms":1}', b'{"seed":"x","end_ms":1}'])
def test_what_is_no_plan_is_refused(raw: bytes) -> None:
    """A file that is no plan of this version says so."""
    with pytest.raises(PlanError):
        plan.read(raw)


def lived(*entries: tuple[str, dict[str, Any]], apart_ms: int = 300_000, site: Site = QUICK) -> Outcome:
    """Play a plan made by hand: so many happenings, so far apart; a name that is no weather is a kind of person."""
    happenings = [
        Happening(number=n, at_ms=60_000 + n * apart_ms, what=what, chance=n, args=args)
        if what in WEATHER
        else Happening(number=n, at_ms=60_000 + n * apart_ms, what="person", chance=n, args={"kind": what} | args)
        for n, (what, args) in enumerate(entries)
    ]
    end_ms = 60_000 + (len(entries) + 1) * apart_ms
    return campaign.play(Plan(seed=5, end_ms=end_ms, site=site, happenings=happenings))


def test_everybody_comes() -> None:
    """Each kind of resident, staff and command, with an item there that is theirs, breaks nothing; all of them came."""
    kinds = sorted(set(EVERYBODY) - {"new_keys", "revokes"})
    entries: list[tuple[str, dict[str, Any]]] = []
    for number, kind in enumerate(kinds):
        entries += [("careful", {"order": f"A{number}"}), (kind, {"order": f"A{number}"}), ("passer_by", {})]
        entries += [("caretaker", {}), ("takes_out", {"count": 9})] if number % 5 == 4 else []
    outcome = lived(*entries, apart_ms=200_000, site=structs.replace(QUICK, doors=24))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert not [kind for kind in kinds if not outcome.counts[f"people/{kind}"]]


@pytest.mark.parametrize(
    ("seed", "end_ms", "who", "did", "then"),
    [
        (1800833, 6_040_000, "11 puts_nothing", ["shows", "shuts"], "12 careful touches done"),
        (2100726, 25_740_000, "53 dark_while_emptying", ["shows", "shows"], "54 careful shuts"),
    ],
)
def test_nobody_speaks_of_the_next_persons_papers(seed: int, end_ms: int, who: str, did: list[str], then: str) -> None:
    """Whoever comes to "nothing" or "larger" too late finds another's screen there, and leaves it alone."""
    day = draw(seed, 0.5, **drawn(seed))
    early = [happening for happening in day.happenings if happening.at_ms < end_ms]
    outcome = campaign.play(structs.replace(day, end_ms=end_ms, happenings=early))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert [line.split()[5] for line in outcome.trace if f" {who} " in line] == did
    assert any(f" {then}" in line for line in outcome.trace)


def test_whoever_is_still_on_their_way_comes_before_everything_is_taken_out() -> None:
    """Sent away by a board in quarantine, somebody comes back in two hours, when the faults are over (world 2300686).

    The quiet phase waits for them: what it counts as held is not collected by another while it takes out the rest.
    """
    day = draw(2300686, 0.5, **drawn(2300686))
    outcome = campaign.play(day.only([127, 158, 159, 162]))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    shows = [line.split()[4] for line in outcome.trace if " person " in line and " shows " in line]
    assert [who for who in shows if who != "careful"][:3] == ["collects_late", "collects_late", "quiet"]


def test_of_two_items_of_one_order_each_is_asked_for_by_its_own_number() -> None:
    """The owner's last SMS is of an item that staff took out; what still lies there has another (world 3300056)."""
    first, second = ({"order": "A1", "door": door} for door in (2, 1))
    outcome = lived(("careful", first), ("careful", second), ("takes_out", {"count": 1}))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert any(" quiet types a number" in line for line in outcome.trace)


def test_what_somebody_else_shuts_in_was_collected_for_all_the_cabinet_knows() -> None:
    """A collector is called away; their door is pushed shut before the cabinet gives the visit up (world 3700013)."""
    happenings = [
        Happening(number=n, at_ms=n * 60_000, what="person", chance=3, args={"kind": kind, "order": "A1"})
        for n, kind in enumerate(("careful", "walks_off"), 1)
    ]
    outcome = campaign.play(Plan(seed=5, end_ms=150_000, site=QUICK, happenings=happenings))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    ends = ["walks_off shows", "quiet shuts 1", "collected door=1"]
    found = [next(n for n, line in enumerate(outcome.trace) if end in line) for end in ends]
    assert found == sorted(found)


def test_papers_are_laid_in_behind_a_door_that_nobody_saw_open() -> None:
    """The board goes dark when the hook has let go, not before: the leaf springs open unseen, and is shut again."""
    outcome = lived(("lays_in_unseen", {"order": "A1"}), site=structs.replace(QUICK, doors=24, boards=2))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    steps = [
        "door     1 opens by coil",
        "lays_in_unseen shuts 1",
        "service_changed door=1 reason=unwatched",
        "moved door=13",
    ]
    found = [next(n for n, line in enumerate(outcome.trace) if step in line) for step in steps]
    assert found == sorted(found)


def test_a_quiet_phase_that_does_not_end_is_no_good_world(tmp_path: Path) -> None:
    """Whatever keeps it from being over, its demands were not made: that is said, not passed over."""
    world = World(Plan(seed=5, end_ms=1, site=QUICK), tmp_path)
    with pytest.raises(TimeoutError, match="not over after 30 days"):
        world._play_quiet(lambda world: (wait_ms for wait_ms in (31 * plan.DAY_MS,)))
    world.close()


def test_the_quiet_phase_says_what_lies_inside() -> None:
    """Whoever shows staff's unspent code answers the question at the open door, in all worlds that have such a code."""
    outcome = campaign.play(busy(11), kept=None)
    assert outcome.good, [outcome.error, outcome.breaches]
    assert any(" quiet touches left_in" in line for line in outcome.trace)


def test_a_slow_disk_is_known_from_its_first_commit(tmp_path: Path) -> None:
    """The checks know the allowance in the millisecond in which the disk becomes slow, not a turn later."""
    world = World(Plan(seed=1, end_ms=60_000, site=QUICK), tmp_path)
    slow = Happening(number=1, at_ms=0, what="disk_slow", chance=1, args={"slow_ms": 4000, "for_ms": 60_000})
    next(weather.disk_slow(world, slow))
    assert world.scene.slow_ms == world.machine.seam.slow_ms == 4000
    world.close()


def test_what_the_log_s_upkeep_commits_is_read_at_once(tmp_path: Path) -> None:
    """A trimming is a transaction of its own, behind the turn's: the checks hear of it before the cloud sees a gap
    over what it emptied (world 2400399).
    """
    archive = Archive(tmp_path / "locker.db")
    read: list[str] = []
    seam = Seam(lambda ms: None, lambda: read.extend(row.kind for row in archive.rows(0)), lambda name: None)
    store, now = WorldStore(seam, str(tmp_path / "locker.db"), "boot", "epoch", events_max=3, events_kept=2), Now(1, 2)
    store.commit([Record("link_lost", 0, {}, droppable=True) for _ in range(3)], now)
    assert read == ["link_lost"] * 3
    store.trim(now)
    assert read[3:] == ["log_trimmed"]
    store.abandon()
    archive.close()


def test_the_root_s_documents_over_the_link() -> None:
    """With a pinned root nothing opens before the key set is there; revoked codes open nothing afterwards."""
    people = [("careful", {}), ("new_keys", {"version": 2}), ("careful", {}), ("revokes", {})]
    outcome = lived(*people, site=structs.replace(QUICK, root=True))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert outcome.counts["refusal/unknown_key"] >= 1
    assert outcome.counts["refusal/revoked"] >= 1
    assert outcome.counts["event/deposited"] == 1


def test_a_thief_can_copy_no_more_than_was_given_out() -> None:
    """An issuer gone wrong gave out odd codes; whoever copies those shows the odd ones, and nothing opens.

    World of seed 710033: the thief was given the good codes that the odd ones had been made of.
    """
    outcome = lived(("odd_codes", {}), ("copies", {}), apart_ms=60_000)
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    assert outcome.counts["event/granted"] == 0
    assert outcome.counts["event/denied"] >= 8


def test_noise_is_over_when_what_it_spoilt_has_arrived(tmp_path: Path) -> None:
    """Slow bytes are on their way when the wire is well again: a second later nothing is wrong any more, not before.

    Dense world 150013: two status frames, changed with their sums intact, arrived 140 ms after the noise.
    """
    noisy = Happening(number=1, at_ms=60_000, what="noise", args={"wire": 0, "for_ms": 3000, "to_near": {"byte_ms": 3}})
    world = World(Plan(seed=5, end_ms=120_000, site=QUICK, happenings=[noisy]), tmp_path)
    seen: list[tuple[bool, bool]] = []
    for at_ms in (62_900, 63_900, 64_100):
        world.at(at_ms, lambda: seen.append((world.street.in_sight(1), world.scene.trouble.calm)))
    assert world.run().good
    assert seen == [(False, False), (True, False), (True, True)]


def test_the_checks_compare_after_each_step_that_changed_the_disk(tmp_path: Path) -> None:
    """Not only every half minute: a belief that is wrong for a moment is seen."""
    steps: list[tuple[str, int]] = []

    class Looking(Check):
        number, name = 8, "looking"

        def rows(self, rows: Sequence[Row]) -> None:
            steps.append(("kept", self.scene.clock()))

        def tick(self) -> None:
            steps.append(("compared", self.scene.clock()))

    happening = Happening(number=1, at_ms=60_000, what="person", args={"kind": "careful", "order": "A1"})
    world = World(Plan(seed=5, end_ms=180_000, site=QUICK, happenings=[happening]), tmp_path, more=[Looking])
    assert world.run().good
    kept = [at for at, (what, _) in enumerate(steps) if what == "kept"]
    assert len(kept) > 5
    later = [next(step for step in steps[at:] if step[0] == "compared") for at in kept]
    assert [ms for _, ms in later] == [steps[at][1] for at in kept]


def test_the_network_is_back_when_the_last_outage_is_over(tmp_path: Path) -> None:
    """A short outage within a long one does not end it; after the long one everything arrives."""
    away = {"forgets": False}
    outages = [(60_000, 600_000), (120_000, 60_000)]
    happenings = [
        Happening(number=n, at_ms=at_ms, what="network", args=away | {"for_ms": for_ms})
        for n, (at_ms, for_ms) in enumerate(outages)
    ]
    world = World(Plan(seed=5, end_ms=900_000, site=QUICK, happenings=happenings), tmp_path)
    seen: list[bool] = []
    for at_ms in (30_000, 90_000, 240_000, 700_000):
        world.at(at_ms, lambda: seen.append(world.broker.reachable))
    assert world.run().good
    assert seen == [True, False, False, True]


def noise(
    wire: int | str, fault: str, much: float, *, way: str = "to_near", jitter_ms: int = 0, echo: bool = False
) -> tuple[str, dict[str, Any]]:
    """A bad wire for a while."""
    return "noise", {"wire": wire, "for_ms": 60_000, way: {fault: much, "jitter_ms": jitter_ms}, "echo": echo}


def cut(point: str, ends: str) -> tuple[str, dict[str, Any]]:
    """The power goes, or the process is killed, at a point of the next grant."""
    event = "" if point == "idle" else "granted"
    return "cut", {"point": point, "ends": ends, "event": event, "statement": 3, "off_ms": 3000, "floor": True}


BOARD: dict[str, Any] = {"board": 0, "for_ms": 40_000}
CALM_BROKER = {"pubacks": 0, "publishes": 0, "refuses": 0, "nobody": 0, "for_ms": 100_000}
CALM_ACKS = {"lost": 0, "doubled": 0, "wrong": 0, "late_ms": 0, "for_ms": 60_000}
JAM: dict[str, Any] = {"door": 1, "pulses": 1, "late_ms": 3000, "for_ms": 100_000}
STORM: list[tuple[str, dict[str, Any]]] = [
    *(noise(0, fault, 0.4) for fault in ("lose", "corrupt", "truncate", "garbage", "duplicate")),
    *(noise("scanner", fault, 1.0) for fault in ("lose", "corrupt", "truncate", "garbage", "duplicate")),
    noise(0, "forge", 0.2, way="to_far"),
    noise(0, "forge", 0.3),
    noise(0, "delay_ms", 30, jitter_ms=40),
    noise(0, "byte_ms", 2),
    noise("scanner", "delay_ms", 30, jitter_ms=40),
    noise("scanner", "byte_ms", 2),
    noise(0, "lose", 0.0, echo=True),
    ("board_off", BOARD),
    ("board_reboots", BOARD | {"for_ms": 300}),
    ("board_astray", BOARD | {"by": 1, "count": 1}),
    *(("board_says", BOARD | {"ask": ask}) for ask in range(0x11, 0x15)),
    ("board_late", {"board": 0, "late_ms": 120, "mute": 2}),
    *(("door_jams", JAM | {"how": how}) for how in ("jams", "sticks", "opens_late")),
    *(("sensor", {"door": 2, "how": how, "for_ms": 60_000}) for how in ("stuck_shut", "stuck_open", "flickers")),
    *(("unplugged", {"device": device, "for_ms": 9000, "name": "/dev/ttyUSB7"}) for device in (0, "scanner")),
    *(("network", {"for_ms": 60_000, "forgets": forgets}) for forgets in (False, True)),
    *(("broker", CALM_BROKER | {fault: 2}) for fault in ("pubacks", "publishes", "refuses", "nobody")),
    *(("acks", CALM_ACKS | {fault: 2}) for fault in ("lost", "doubled", "wrong")),
    ("acks", CALM_ACKS | {"late_ms": 9000}),
    ("cloud_away", {"for_ms": 60_000}),
    *(("clock_jumps", {"by_ms": by, "quality": "rtc", "for_ms": 60_000}) for by in (3_600_000, -3_600_000)),
    *(("disk", {"how": how, "for_ms": 90_000}) for how in ("full", "readonly")),
    ("disk_slow", {"slow_ms": 1500, "for_ms": 60_000}),
    *(cut(point, ends) for ends in ("power", "kill") for point in (*POINTS, "idle")),
    ("mains", {"for_ms": 60_000}),
    ("tampering", {"for_ms": 20_000}),
    *(("air", {"celsius": celsius, "for_ms": 60_000}) for celsius in (61.0, -14.0, 85.0)),
]
"""Every kind of weather in every form, one after another."""


def test_every_fault_happens_and_breaks_nothing() -> None:
    """A resident in each fault of the list, another after it; every fault is counted, and every invariant holds."""
    entries: list[tuple[str, dict[str, Any]]] = []
    for number, fault in enumerate(STORM):
        entries += [fault, ("careful", {"order": f"A{number}"}), ("collects", {"order": f"A{number}"})]
        entries += [("passer_by", {}), ("caretaker", {})] if number % 4 == 3 else []
    outcome = lived(*entries, apart_ms=40_000, site=structs.replace(QUICK, doors=24, reserve_s=1200))
    assert outcome.good, [outcome.error, outcome.breaches, *outcome.trace]
    elsewhere = {"fault/network_weeks", "fault/door_forced"}  # a world of weeks, a thief
    elsewhere |= {f"fault/command_{kind}" for kind in ("doubled", "late", "retained", "malformed")}  # the cloud
    assert not [name for name in (*FAULTS, *CUTS) if not outcome.counts[name] and name not in elsewhere]
