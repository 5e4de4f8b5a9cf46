"""What the flows of staff have in common: beginning and end, one door of a chore, and what lies in the cabinet before.

What lies there already is used before more is put in, so that the cabinet does not fill up and no time is lost. Such
preparations go past the screen and are not counted.
"""

from __future__ import annotations

from resident import Resident

from locker.clock import boot_ms
from sim.day_people import WAIT_S
from sim.demo_codes import Code
from sim.demo_site import CABINET
from sim.staff_people import FANG, Worker

SPARE_MS = 500
"""Behind the time in which a pulse may still be the reason for an opening."""

# --- a chore --------------------------------------------------------------------------------------


def begins(staff: Resident, chore: str, badge: Code | None = None) -> None:
    """From the idle screen to a chore, with this badge or with a new one."""
    staff.sees("idle")
    staff.holds(badge or staff.demo.issuer.badge(FANG))
    staff.sees("duty_menu")
    staff.presses(chore)


def ends(staff: Resident) -> None:
    """Back to the menu, and away."""
    staff.presses("back")
    staff.sees("duty_menu")
    staff.presses("finish")
    staff.sees("idle")


def puts_one_in(staff: Resident) -> int:
    """One envelope, from its label to the open door; which one. A busy machine may lose sight of its doors: not now."""
    staff.person.waits_for_free("SML")
    staff.holds(staff.demo.issuer.label())
    door = lit(staff, "duty_put_in")
    staff.puts_in(door)
    return door


def loads(staff: Resident) -> int:
    """One envelope, from its label to the shut door; which one."""
    door = puts_one_in(staff)
    staff.shuts(door)
    staff.sees("duty_loaded", door=door)
    return door


def takes(staff: Resident, question: str, door: int, answer: str) -> None:
    """Out of an open door, answered before it is shut."""
    staff.sees(question, door=door)
    staff.takes_out(door)
    staff.presses(answer)
    staff.sees("duty_shut", door=door)
    staff.shuts(door)


def looks(staff: Resident, question: str, door: int, answer: str) -> None:
    """Into an open door, answered before it is shut."""
    staff.sees(question, door=door)
    staff.looks_behind(door)
    staff.presses(answer)
    staff.sees("duty_shut", door=door)
    staff.shuts(door)


def chooses(staff: Resident, door: int) -> None:
    """A door of the list. Its page is not counted, for that depends on how much lies in the cabinet."""
    for _ in range(2):
        if not staff.window.page.locator(f'[data-key="door:{door}"]').count():
            staff.turns_the_page()
    staff.presses(f"door:{door}")


def lit(staff: Resident, name: str) -> int:
    """The door that a screen is about."""
    staff.sees(name)
    found = staff.window.page.locator(".door[data-lit]").get_attribute("data-door")
    assert found is not None
    return int(found)


# --- what lies in the cabinet before --------------------------------------------------------------


def a_certificate(staff: Resident) -> int:
    """An envelope that the same person has loaded lies in the cabinet: behind which door."""
    return _lying(staff, "loaded") or loaded_before(staff)[0]


def a_submission(staff: Resident) -> int:
    """What a resident has left lies in the cabinet: behind which door."""
    if door := _lying(staff, "deposited"):
        return door
    item = staff.person.drops_off(staff.person.issuer.deposit("S"))
    staff.person.leaves()
    return item.door


def nothing_left(staff: Resident) -> int:
    """A resident has shut the door and put nothing in, and the cabinet believes otherwise: behind which door."""
    person = staff.person
    door = int(person.presents(person.issuer.deposit("S"), "open_deposit")["door"])
    person.until(lambda: staff.demo.street.is_open(door), f"door {door} to open")
    person.shuts(door)
    person.sees("deposited", door=door)
    person.leaves()
    return door


def loaded_before(staff: Resident, *inside: str | None) -> list[int]:
    """Envelopes were loaded; what was really put in, "" for nothing, None for the right one: behind which doors."""
    worker = Worker(staff.demo)
    worker.begin()
    worker.starts(FANG)
    worker.chooses("load")
    doors = []
    for what in inside or (None,):
        worker.waits_for_free("S")
        doors.append(worker.loads(worker.issuer.label(size="S"), inside=what))
    worker.finishes(FANG)
    heard = staff.demo.cloud.wait_for(lambda: all(door in staff.demo.held for door in doors), WAIT_S)
    worker.is_true(heard, f"no event told of an envelope behind {doors}")
    return doors


def left_ajar(staff: Resident) -> int:
    """A door whose hook had not caught has sprung open, long after any pulse that it could be of: which one."""
    street, person = staff.demo.street, staff.person
    person.since_ms = boot_ms()
    pulsed_ms = max((unlock.at_ms for unlock in street.unlocks()), default=0)
    quiet_ms = pulsed_ms + staff.demo.site.pace.open_wait_ms + SPARE_MS
    person.until(lambda: boot_ms() > quiet_ms, "nothing to be on its way")
    door = person.waits_for_free("S")[-1]
    street.force(door)
    person.hears("forced", door=door)
    return door


def _lying(staff: Resident, how: str) -> int:
    """Behind which door something lies that came there so, by the events and really; 0 for none."""
    demo = staff.demo
    for event in demo.cloud.events(CABINET):
        if event["type"] != how or not demo.street.papers(event["door"]):
            continue
        if demo.held.get(event["door"], "").encode().hex() == event["data"]["order"]:
            return int(event["door"])
    return 0
