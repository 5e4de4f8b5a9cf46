"""The visits of the scripted day in which nothing is broken: residents, staff, wrong codes, two people at once.

Each visit is a function whose docstring is its title in the report. A visit leaves the cabinet idle, every
door shut.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.day_people import Item, Person
from sim.demo_codes import ODD
from sim.demo_site import LOW_ROWS

Visit = Callable[[Person], None]

REFUSED = {
    "expired": "expired",
    "elsewhere": "wrong_cabinet",
    "forged": "signature",
    "stranger": "unknown_key",
    "foreign": "foreign",
    "garbled": "malformed",
    "two": "two_codes",
    "nobody": "unknown_order",
}
"""What each wrong code must be refused for."""


def drop_off_small(person: Person) -> None:
    """Drop-off, small"""
    _sized(person, "S")


def drop_off_medium(person: Person) -> None:
    """Drop-off, medium"""
    _sized(person, "M")


def drop_off_large(person: Person) -> None:
    """Drop-off, large, and collected at once"""
    item = _sized(person, "L")
    person.collects(item)


def drop_off_any(person: Person) -> None:
    """Drop-off, any size"""
    _sized(person, "any")


def drop_off_low(person: Person) -> None:
    """Drop-off, a low door asked for"""
    item = person.drops_off(person.issuer.deposit("any", low=True))
    rows = {door.door: door.row for door in person.demo.site.config.doors}
    person.is_true(rows[item.door] in LOW_ROWS, f"door {item.door} is not a low one")
    person.leaves()


def reopen_by_button(person: Person) -> None:
    """Drop-off, opened again with the button"""
    item = person.drops_off(person.issuer.deposit("S"))
    person.touches("reopen")
    person.sees("open_deposit", door=item.door)
    person.puts_in(item.code, item.door)
    person.hears("reopened", door=item.door)
    person.leaves()


def reopen_by_code(person: Person) -> None:
    """Drop-off, opened again by showing the code again; a third time is refused"""
    item = person.drops_off(person.issuer.deposit("S"))
    for _ in range(2):
        person.presents(item.code, "open_deposit", door=item.door)
        person.until(lambda: person.street.is_open(item.door), "the door to open again")
        person.shuts(item.door)
        person.sees("deposited", door=item.door)
    pulses = len(person.street.unlocks())
    person.presents(item.code, reason="spent")
    person.is_true(len(person.street.unlocks()) == pulses, "a third reopening moved a coil")
    person.leaves()


def larger_at_open_door(person: Person) -> None:
    """Drop-off, a larger door wanted while the first is open"""
    code = person.issuer.deposit("S")
    first = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(first), f"door {first} to open")
    person.touches("larger")
    person.sees("emptying", door=first)
    _goes_on_larger(person, code.order, first)


def larger_after_shutting(person: Person) -> None:
    """Drop-off, a larger door wanted after shutting the first"""
    item = person.drops_off(person.issuer.deposit("S"))
    person.touches("larger")
    person.sees("emptying", door=item.door)
    person.until(lambda: person.street.is_open(item.door), f"door {item.door} to open again")
    person.street.take(item.door)
    _goes_on_larger(person, item.order, item.door)


def nothing_put_in(person: Person) -> None:
    """Drop-off, nothing put in, said at the open door"""
    code = person.issuer.deposit("any")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.touches("nothing")
    person.shuts(door)
    person.sees("cancelled")
    person.hears("cancelled", door=door)
    person.leaves()


def nothing_after_all(person: Person) -> None:
    """Drop-off, nothing put in, said after shutting"""
    code = person.issuer.deposit("any")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.shuts(door)
    person.sees("deposited")
    person.touches("nothing")
    person.sees("cancelled")
    person.leaves()


def collect(person: Person) -> None:
    """Collect the oldest item"""
    person.collects(_some_item(person))


def collect_and_look_again(person: Person) -> None:
    """Collect, opened again: something was forgotten"""
    item = _some_item(person)
    person.presents(person.issuer.collect(item.order), "open_collect", door=item.door)
    person.takes_out(item)
    person.touches("reopen")
    person.sees("open_collect", door=item.door)
    person.until(lambda: person.street.is_open(item.door), "the door to open again")
    person.shuts(item.door)
    person.sees("collected")
    person.leaves()


def collect_twice(person: Person) -> None:
    """Collect, then the used code, then a new code for what is gone"""
    item = _some_item(person)
    code = person.collects(item)
    person.is_refused(code, "spent")
    person.is_refused(person.issuer.collect(item.order), "unknown_order")


def used_deposit_code(person: Person) -> None:
    """A drop-off's code shown again after the visit"""
    item = _sized(person, "any")
    person.is_refused(item.code, "spent")


def same_order_twice(person: Person) -> None:
    """Two drop-offs under one order; each is collected by itself"""
    first = _sized(person, "S")
    second = person.drops_off(person.issuer.deposit("S", order=first.order))
    person.leaves()
    person.collects(first)
    person.collects(second)


def busy(person: Person) -> None:
    """Somebody else's code while a door is open"""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.presents(person.issuer.deposit("S"), "open_deposit", reason="busy")
    person.hears("denied", reason="busy")
    person.puts_in(code, door)
    person.leaves()


def next_person(person: Person) -> None:
    """The next person's code while the last one's buttons are still shown"""
    person.drops_off(person.issuer.deposit("S"))
    item = person.drops_off(person.issuer.deposit("S"))
    person.hears("visit_ended", why="next_person")
    person.hears("deposited", door=item.door)
    person.leaves()


def scanned_again_and_again(person: Person) -> None:
    """A scanner that repeats itself: one opening"""
    code = person.issuer.deposit("any")
    door = int(person.presents(code, "open_deposit")["door"])
    for _ in range(5):
        person.street.hold(code.text)
    person.puts_in(code, door)
    person.leaves()
    person.is_true(len(person.events("granted")) == 1, "one code shown often was granted more than once")


def staff_leaves_it_in(person: Person) -> None:
    """Staff look into a compartment and leave the item in"""
    item = _some_item(person)
    _staff_opens(person, item.door)
    person.shuts(item.door)
    person.sees("staff_question", door=item.door)
    person.touches("left_in")
    person.sees("idle")
    person.collects(item)


def staff_takes_it_out(person: Person) -> None:
    """Staff take an item out; its owner is told that it is not here"""
    item = _some_item(person)
    _staff_opens(person, item.door)
    person.takes_out(item)
    person.touches("took_out")
    person.hears("taken_out", door=item.door)
    person.sees("idle")
    person.is_refused(person.issuer.collect(item.order), "unknown_order")


def booked_for_later(person: Person) -> None:
    """A code for later: refused where the time is known, cancelled where the clock may not judge"""
    code = person.issuer.odd("early")
    person.presents(code, "refused", "open_deposit")
    if person.screen["screen"] == "refused":
        person.hears("denied", reason="not_yet_valid")
        person.leaves()
        return
    quality = person.hears("granted")["quality"]
    person.is_true(quality == "floor", f"a code for later was taken with the clock's quality {quality}")
    door = int(person.screen["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.touches("nothing")
    person.shuts(door)
    person.sees("cancelled")
    person.leaves()


def _refused_visit(kind: str, reason: str) -> Visit:
    def visit(person: Person) -> None:
        person.is_refused(person.issuer.odd(kind), reason)

    visit.__doc__ = f"{ODD[kind][1]}: refused"
    visit.__name__ = f"refused_{kind}"
    return visit


def _sized(person: Person, size: str) -> Item:
    item = person.drops_off(person.issuer.deposit(size))
    sizes = {door.door: door.size for door in person.demo.site.config.doors}
    person.is_true("SML".index(sizes[item.door]) >= "SML".find(size), f"door {item.door} is too small")
    person.hears("deposited", door=item.door)
    person.leaves()
    return item


def _some_item(person: Person) -> Item:
    """The oldest item, put in first if there is none."""
    return person.shelf[0] if person.shelf else _sized(person, "S")


def _goes_on_larger(person: Person, order: str, first: int) -> None:
    person.shuts(first)
    moved = person.hears("moved", why="larger")
    second = int(moved["door"])
    sizes = {door.door: "SML".index(door.size) for door in person.demo.site.config.doors}
    person.is_true(sizes[second] > sizes[first], f"door {second} is not larger than door {first}")
    person.sees("open_deposit", door=second)
    code = person.demo.phone.code
    assert code is not None and code.order == order
    person.puts_in(code, second)
    person.leaves()


def _staff_opens(person: Person, door: int) -> None:
    person.presents(person.issuer.staff(door), "open_staff", door=door)
    person.until(lambda: person.street.is_open(door), f"door {door} to open")


VISITS: list[Visit] = [
    drop_off_small,
    drop_off_medium,
    drop_off_large,
    drop_off_any,
    drop_off_low,
    reopen_by_button,
    reopen_by_code,
    larger_at_open_door,
    larger_after_shutting,
    nothing_put_in,
    nothing_after_all,
    collect,
    collect_and_look_again,
    collect_twice,
    used_deposit_code,
    same_order_twice,
    busy,
    next_person,
    scanned_again_and_again,
    staff_leaves_it_in,
    staff_takes_it_out,
    booked_for_later,
    *(_refused_visit(kind, reason) for kind, reason in REFUSED.items()),
]
"""Every visit of this file."""
