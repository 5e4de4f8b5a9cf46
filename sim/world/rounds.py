"""The rounds: staff at work, each kind one function from a person to deeds (docs/staff.md).

They have a code without a door; ``Worker`` reads the screen and does what stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from locker import door_labels
from sim.world.hands import Worker, envelope, label_of
from sim.world.people import Person
from sim.world.plan import DAY_MS, MINUTE_MS
from sim.world.scene import DOORS_CODE, LABEL
from sim.world.site import CABINET

if TYPE_CHECKING:
    from sim.world.world import Deeds

WAITS_MS = 10 * MINUTE_MS


def loads(me: Person) -> Deeds:
    """Staff load certificates by their labels: one goes into a larger door, one is taken back, one is none of ours."""
    envelopes = tuple(str(order) for order in me.args.get("orders", [envelope("H", me.happening.number)]))
    yield from Worker(me, "load", envelopes=envelopes).works()


def loads_and_goes(me: Person) -> Deeds:
    """Staff begin to load and are called away, with a door open or a code that is still good."""
    envelopes = tuple(envelope("G", 3 * me.happening.number + n) for n in range(3))
    yield from Worker(me, "load", envelopes=envelopes, goes_away=True).works()


def clears(me: Person) -> Deeds:
    """Staff go round and take out what residents left and what is overdue."""
    yield from Worker(me, "take_out", "recall").works()


def recalls(me: Person) -> Deeds:
    """Staff who wait until the cloud says that something is overdue, for two days at the most, come and take it out."""
    for _ in range(2 * DAY_MS // WAITS_MS):
        if me.world.cloud.overdue:
            break
        yield WAITS_MS
    yield from Worker(me, "recall").works()


def audits(me: Person) -> Deeds:
    """Staff look behind every door and put the books right."""
    yield from Worker(me, "audit").works()


def hands_out(me: Person) -> Deeds:
    """Staff open one door by hand for a resident who cannot, and hand the item out."""
    yield from Worker(me, "by_hand").works()


def reassigns(me: Person) -> Deeds:
    """Staff move an item to another compartment."""
    yield from Worker(me, "reassign", "status").works()


def nowhere_to_put(me: Person) -> Deeds:
    """Staff take an item out to move it, and the cloud takes every other door out of service meanwhile."""
    yield from Worker(me, "reassign", shut_out=True).works()


def keeps_house(me: Person) -> Deeds:
    """Staff look at the status, put a door out of service and in again, and hand over to the next person."""
    yield from Worker(me, "status", "service", "hand_over", "take_out").works()


def shows_labels(me: Person) -> Deeds:
    """Somebody who found an envelope and a photograph of a door shows their codes to the cabinet."""
    order = envelope("H", me.happening.number)
    for text, name in ((label_of(me, order), LABEL + order), (door_labels.encode(CABINET, 1), DOORS_CODE)):
        me.hold(text, name)
        yield 4000


KINDS: dict[str, Callable[[Person], Deeds]] = {
    found.__name__: found
    for found in (
        loads,
        loads_and_goes,
        clears,
        recalls,
        audits,
        hands_out,
        reassigns,
        nowhere_to_put,
        keeps_house,
        shows_labels,
    )
}
