"""What a happening of a plan does, and the quiet phase after the last one.

In the quiet phase the faults are over: everything is mended, whoever is still on their way comes and goes, every door
is shut and put in service by people, as it would be in the street. Then belief must meet the truth, every unspent code
must open its own door, everything held must come out to its owner, and the outbox must empty (invariants 3, 7 and 8).
"""

from __future__ import annotations

from collections.abc import Set
from itertools import islice
from typing import TYPE_CHECKING

from locker.model import Purpose, Quality
from sim.links import PERFECT
from sim.world import staff, weather
from sim.world.people import Person
from sim.world.plan import DAY_MS, Happening
from sim.world.rarities import EVERYBODY
from sim.world.site import WALL_MS, Issued

if TYPE_CHECKING:
    from sim.world.world import Deeds, World

QUIET = 1 << 30
"""The number of whoever comes in the quiet phase."""
LOCKED_MS = 16 * 60_000
"""Longer than the keypad is ever locked."""
APART_MS = 13_000
"""Eight doors a minute is the limit: so far apart, nobody is sent away."""


def begin(world: World, happening: Happening) -> None:
    """Let a happening begin. Raises ``KeyError`` for one that no world knows.

    A person with ``steps`` among the arguments stops after so many waits: what they would do then is left out.
    """
    world.say("plan", f"{happening.number} {happening.what} {sorted(happening.args.items())}")
    if happening.what == "person":
        deeds = EVERYBODY[str(happening.args["kind"])](Person(world, happening))
        world.live(_about(world, deeds, happening.args.get("steps")))
    else:
        world.live(world.overlap.during(weather.KINDS[happening.what](world, happening)))


def _about(world: World, deeds: Deeds, steps: int | None) -> Deeds:
    world.about += 1
    yield from islice(deeds, steps)
    world.about -= 1


def quiet(world: World) -> Deeds:
    """The quiet phase."""
    world.say("world", "quiet")
    yield from _faults_end(world)
    while world.about:
        yield 60_000  # whoever means to come back with their code does so first
    me = Person(world, Happening(number=QUIET, at_ms=world.ms, what="person", args={"kind": "quiet"}))
    for _ in range(3):
        for door in filter(me.street.is_open, me.street.doors):
            if _being_collected(me, door):
                me.leaves_in(door)
            yield from me.shuts(door)
        yield 200_000
        yield from staff.repairs(me)
    yield 7_200_000 if any(custody == "reserved" for _, custody, _, _ in world.archive.doors().values()) else 70_000
    yield from _unspent(me)
    yield from _held(me)
    yield from staff.repairs(me)
    yield 130_000
    for _ in range(60):
        if world.cloud.stored == world.archive.last():
            break
        yield 30_000
    world.look_closely()


def _being_collected(me: Person, door: int) -> bool:
    """Whether a collection is going on there: shut now, by whomever, it is over, and the cabinet must believe it."""
    permit = me.scene.story.permits.get(door)
    token = me.world.register.tokens.get(permit.row.cti) if permit is not None and not permit.ended else None
    return token is not None and token.purpose is Purpose.COLLECT


def _faults_end(world: World) -> Deeds:
    """No more weather: wires, boards, network, clock, disk and mechanics are well."""
    limit = world.ms + 60 * DAY_MS
    while not world.scene.trouble.calm and world.ms < limit:
        yield 60_000
    for wire in (*world.street.wires, world.street.scanner_wire):
        wire.set_weather(PERFECT, PERFECT)
    for board in world.street.boards:
        board.astray.clear()
    for door in world.street.doors:
        staff.mend(world, door)
    machine = world.machine
    machine.seam.calm()
    machine.clock.wrong_ms, machine.clock.quality = 0, Quality.SYNCED
    world.scene.clock_wrong_ms = 0
    yield 60_000
    if machine.lower_floor():
        world.met("repair/floor_lowered")
        yield 60_000


def _unspent(me: Person) -> Deeds:
    """Every code that was claimed and never saw its door open still opens that door, and only that."""
    world = me.world
    for cti, door in world.archive.claimed():
        token = world.register.tokens[cti]
        if not door or token.duty:
            continue  # of a duty, or of one of its openings: nobody can show those again
        now_s = (WALL_MS + world.ms) // 1000
        _, custody, order, _ = world.archive.doors()[door]
        there = token.purpose in (Purpose.STAFF, Purpose.TECHNICIAN) or order == token.order
        if not there and token.purpose is Purpose.COLLECT:  # staff have laid the item elsewhere: its code goes with it
            story, loaded = world.scene.story, world.register.loaded
            doors = {at for at, held in story.held.items() if held == token.order}
            if token.text.isdecimal():
                doors = {at for at in doors if loaded.get(story.loads[at]) == cti}
            if doors and now_s <= token.exp and cti not in world.register.revoked:
                world.checks.by[3].breach(f"the code {cti} is bound to door {door}, and its item lies behind {doors}")
        gone = cti in world.scene.story.lapsed or cti in world.register.revoked or custody == "empty"
        if not there or now_s > token.exp or (gone and token.purpose is Purpose.COLLECT):
            continue
        if gone and token.purpose is Purpose.DEPOSIT:
            continue
        cut_off = world.register.cut_offs.get(world.scene.story.keys_version, 0)
        if cti in world.register.revoked or (token.cut_off and token.iat < cut_off) or now_s < token.since:
            continue
        world.counts["quiet/unspent"] += 1
        yield from _must_open(me, token, {door})


def _held(me: Person) -> Deeds:
    """Everything that the log says is held comes out to its owner, from the door where it is.

    Of several items of one order it is the cabinet's choice which comes first; each has a code of its own.
    """
    world = me.world
    for door, order in sorted(world.scene.story.held.items()):
        doors = {door for door, held in world.scene.story.held.items() if held == order}
        if not doors:
            continue  # nothing of it is held any more
        world.counts["quiet/collected"] += 1
        code = (door in doors and _by_sms(me, door)) or me.code(Purpose.COLLECT, order=order)
        yield from _must_open(me, code, doors)
        if doors <= {door for door, held in world.scene.story.held.items() if held == order}:
            world.checks.by[3].breach(f"order {order} was collected and is still held behind the doors {sorted(doors)}")


def _by_sms(me: Person, door: int) -> Issued | None:
    """The code that the owner of what lies here had by SMS, for every other item, if it was never used; else None."""
    world = me.world
    world.counts["quiet/by_turns"] += 1
    cti = world.register.loaded.get(world.scene.story.loads.get(door, -1), "")
    if not world.counts["quiet/by_turns"] % 2 or not cti or cti in world.archive.spent():
        return None
    return world.register.tokens[cti]


def _must_open(me: Person, code: Issued, doors: Set[int]) -> Deeds:
    """Show a code, or type it: one of these doors opens, and no other."""
    typed, me.cti = code.text.isdecimal(), code.cti
    if typed:
        yield LOCKED_MS
    for _ in range(3):
        if typed:
            me.type(code.text)
        else:
            me.hold(code.text, code.cti)
        if (yield from me.until(lambda: any(map(me.street.is_open, doors)), 12_000)):
            break
        yield 62_000
    opened = [other for other in me.street.doors if me.street.is_open(other)]
    if len(opened) != 1 or opened[0] not in doors:
        me.world.checks.by[3].breach(f"the code {code.cti} must open one of {sorted(doors)}; open are {opened}")
    yield from me.until(lambda: me.screen is not None and me.screen.name.startswith("open_"), 10_000)
    yield 1500
    for other in opened:
        me.street.take(other)
        yield from me.shuts(other)
    yield 3000
    for other in filter(me.street.is_open, opened):
        yield from me.shuts(other)  # the board was slow to say that it was open, and had another pulse
        yield 3000
    me.touch("done")
    if me.screen is not None and me.screen.name == "staff_question":
        me.touch("left_in")
    yield APART_MS
