"""Flows of staff in which something goes otherwise than they meant, told as what they see and do at the screen.

What is to happen is in docs/staff.md, in its tables of what may be met; here it is whether the page leads staff through
it. A flow's docstring is its title in docs/screen.md.
"""

from __future__ import annotations

from dataclasses import replace

from resident import Resident
from staff_steps import (
    a_certificate,
    a_submission,
    begins,
    chooses,
    ends,
    left_ajar,
    loaded_before,
    looks,
    nothing_left,
    puts_one_in,
)

from sim.day_people import WAIT_S
from sim.demo_codes import Code
from sim.staff_people import FANG

ELSEWHERE = "demo-2"


def shows_labels_that_will_not_do(staff: Resident) -> None:
    """放证件，标签不行：还没选、坏了、不是、别柜的、放过了 Load by labels that will not do, for five reasons"""
    lies = a_certificate(staff)
    issuer, order = staff.demo.issuer, staff.demo.held[lies]
    torn = issuer.label()
    staff.sees("idle")
    staff.holds(issuer.badge(FANG))
    staff.sees("duty_menu")
    staff.holds(torn)
    staff.is_told("label_idle")
    staff.presses("read")
    staff.sees("duty_menu")
    staff.presses("load")
    staff.sees("duty_label")
    for label, reason in (
        (replace(torn, text=torn.text[:-3]), "label_damaged"),
        (issuer.odd("foreign"), "label_unknown"),
        (issuer.label(cabinet=ELSEWHERE), "label_elsewhere"),
        (issuer.label(order), "label_loaded"),
    ):
        staff.holds(label)
        staff.is_told(reason)
    ends(staff)


def shuts_the_wrong_door(staff: Resident) -> None:
    """放证件，关错了门 Load, and push another door shut first"""
    other = left_ajar(staff)
    begins(staff, "load")
    staff.sees("duty_label")
    door = puts_one_in(staff)
    staff.shuts(other)
    staff.sees("duty_wrong_door", door=door)
    staff.shuts(door)
    staff.sees("duty_loaded", door=door)
    ends(staff)
    staff.person.back_in_service(other)


def settles_after_a_power_cut(staff: Resident) -> None:
    """放证件时断电，来电后办完 The power fails at an open door; then settle what was left open"""
    badge = staff.demo.issuer.badge(FANG)
    begins(staff, "load", badge)
    staff.sees("duty_label")
    door = puts_one_in(staff)
    staff.loses_power()
    staff.sees("unfinished", door=door)
    staff.shuts(door)
    begins(staff, "settle", badge)
    staff.sees("duty_settle")
    chooses(staff, door)
    looks(staff, "duty_is_it_in", door, "it_is_in")
    staff.sees("duty_settle")
    ends(staff)
    knows(staff, held=(door,))


def takes_out_less_than_listed(staff: Resident) -> None:
    """取材料，一件没拿，一个门是空的 Take out: leave one where it is, and find another door empty"""
    left, empty = a_submission(staff), nothing_left(staff)
    begins(staff, "take_out")
    staff.sees("duty_take_out")
    chooses(staff, left)
    staff.sees("duty_take", door=left)
    staff.looks_behind(left)
    staff.presses("was_empty")
    staff.sees("duty_shut", door=left)
    staff.presses_and_stays("not_taken")
    staff.shuts(left)
    staff.sees("duty_take_out")
    chooses(staff, empty)
    looks(staff, "duty_take", empty, "was_empty")
    staff.sees("duty_take_out")
    ends(staff)
    knows(staff, held=(left,), free=(empty,))


def finds_what_the_books_do_not_say(staff: Resident) -> None:
    """盘点：少一件、换了一件、多一样，都改正 Audit: one is gone, one is another, one too many; put all right"""
    another = staff.demo.issuer.label(size="S")
    gone, swapped = loaded_before(staff, "", another.order)
    empty = staff.person.free_door("S")
    begins(staff, "audit")
    staff.sees("duty_audit")
    chooses(staff, gone)
    looks(staff, "duty_compare", gone, "missing")
    staff.sees("duty_audit")
    chooses(staff, swapped)
    _scans(staff, another, swapped)
    staff.sees("duty_audit")
    chooses(staff, empty)
    _finds_something(staff, empty)
    ends(staff)
    knows(staff, held=(swapped,), free=(gone, empty))
    assert staff.demo.held[swapped] == another.order
    staff.person.back_in_service(empty)


def walks_away(staff: Resident) -> None:
    """走开了，值班自己结束，再扫同一张码 Walk away: after a warning it ends by itself; the same code begins again"""
    badge = staff.demo.issuer.badge(FANG)
    begins(staff, "load", badge)
    staff.sees("duty_label")
    staff.is_warned()
    staff.presses_and_stays("more")
    begins(staff, "status", badge)
    staff.sees("duty_status")
    ends(staff)


TROUBLES = (
    shows_labels_that_will_not_do,
    shuts_the_wrong_door,
    settles_after_a_power_cut,
    takes_out_less_than_listed,
    finds_what_the_books_do_not_say,
)
"""In a cabinet in which nothing is overdue."""


def knows(staff: Resident, held: tuple[int, ...] = (), free: tuple[int, ...] = ()) -> None:
    """Insist that the events say so of these doors in the end."""
    agreed = staff.demo.cloud.wait_for(lambda: _agree(staff.demo.held, held, free), WAIT_S)
    said = f"the events say {staff.demo.held}; behind {held} something lies, behind {free} nothing"
    staff.person.is_true(agreed, said)


def _agree(books: dict[int, str], held: tuple[int, ...], free: tuple[int, ...]) -> bool:
    return all(door in books for door in held) and not any(door in books for door in free)


def _scans(staff: Resident, label: Code, door: int) -> None:
    """What really lies behind an open door of the audit."""
    staff.sees("duty_compare", door=door)
    staff.looks_behind(door)
    staff.holds(label)
    staff.sees("duty_shut", door=door)
    staff.shuts(door)


def _finds_something(staff: Resident, door: int) -> None:
    """Somebody has left a glove behind a door that ought to be empty; it is taken away."""
    staff.sees("duty_compare_empty", door=door)
    staff.looks_behind(door)
    staff.demo.street.put(door, "a glove")
    staff.presses("not_empty")
    staff.sees("duty_shut", door=door)
    staff.takes_out(door)
    staff.shuts(door)
    staff.sees("duty_audit")
