"""The flows of staff at the screen, told as what they see and do there; each begins with a badge and ends by 办完了.

What the chores do to the ledger is tested elsewhere; here it is whether the page lets staff get through. Each leaves
the cabinet with hardly more in it than before. A flow's docstring is its title in docs/screen.md. What goes otherwise
than staff meant it to is in ``staff_troubles``.
"""

from __future__ import annotations

from dataclasses import replace

from resident import QUICK, Resident
from staff_steps import a_certificate, a_submission, begins, chooses, ends, lit, loads, looks, takes
from staff_troubles import TROUBLES

from sim.demo import Demo
from sim.staff_day import nine_days_pass
from sim.staff_people import FANG, MIN, Worker

OVERDUE_S = 90.0


def loads_two_and_takes_one_back(staff: Resident) -> None:
    """放两个证件，撤回一个 Load two, take the last one back"""
    begins(staff, "load")
    staff.sees("duty_label")
    for _ in range(2):
        door = loads(staff)
    staff.presses("undo")
    staff.sees("duty_take_back", door=door)
    staff.takes_out(door)
    staff.shuts(door)
    staff.sees("duty_taken", door=door)
    staff.presses("took_out")
    staff.sees("duty_label")
    ends(staff)


def loads_what_needs_a_larger_one(staff: Resident) -> None:
    """放证件，换个大的 Load one that needs a larger compartment"""
    begins(staff, "load")
    staff.sees("duty_label")
    staff.person.waits_for_free("S")
    staff.holds(staff.demo.issuer.label(size="S"))
    small = lit(staff, "duty_put_in")
    staff.presses("larger")
    staff.sees("duty_empty_first", door=small)
    staff.shuts(small)
    staff.window.page.wait_for_selector(f'body[data-screen="duty_put_in"] .door[data-lit]:not([data-door="{small}"])')
    large = lit(staff, "duty_put_in")
    staff.puts_in(large)
    staff.shuts(large)
    staff.sees("duty_loaded", door=large)
    ends(staff)


def takes_out_a_submission(staff: Resident) -> None:
    """取走居民的材料 Take out what a resident left"""
    door = a_submission(staff)
    begins(staff, "take_out")
    staff.sees("duty_take_out")
    chooses(staff, door)
    takes(staff, "duty_take", door, "took_out")
    staff.sees("duty_take_out")
    ends(staff)


def audits_some_and_stops(staff: Resident) -> None:
    """盘点两个门，再从头开始，办完一个就停 Audit two doors by choice, then all of them, and stop after the first"""
    held = a_certificate(staff)
    empty = staff.person.free_door("S")
    begins(staff, "audit")
    staff.sees("duty_audit")
    for door, question in ((held, "duty_compare"), (empty, "duty_compare_empty")):
        chooses(staff, door)
        looks(staff, question, door, "as_listed")
        staff.sees("duty_audit")
    staff.presses("start")
    staff.window.page.wait_for_selector('.door[data-lit][data-door="1"]')
    staff.presses("as_listed")
    staff.sees("duty_shut", door=1)
    staff.presses("last_one")
    staff.shuts(1)
    staff.sees("duty_audit_done")
    ends(staff)


def recalls_what_is_overdue(staff: Resident) -> None:
    """收回过期：先收一件，再收我放的一件 Recall what is overdue: one by choice, then the first of my own"""
    Worker(staff.demo).hears("overdue", timeout_s=OVERDUE_S)
    begins(staff, "recall")
    staff.sees("duty_recall")
    first = staff.window.page.locator("button.row").first.get_attribute("data-key") or ""
    staff.presses(first)
    takes(staff, "duty_take", int(first.partition(":")[2]), "took_out")
    staff.sees("duty_recall")
    staff.presses("mine")
    mine = lit(staff, "duty_take")
    staff.takes_out(mine)
    staff.presses("took_out")
    staff.sees("duty_shut", door=mine)
    staff.presses("last_one")
    staff.shuts(mine)
    staff.sees("duty_round_done")
    ends(staff)


def opens_one_by_hand(staff: Resident) -> None:
    """人工开门，交给居民 Open one by hand for a resident whose telephone is broken"""
    door = a_certificate(staff)
    begins(staff, "by_hand")
    staff.sees("duty_by_hand")
    chooses(staff, door)
    staff.sees("duty_why_hand", door=door)
    staff.presses("why:phone_broken")
    takes(staff, "duty_hand", door, "handed_out")
    staff.sees("duty_by_hand")
    ends(staff)


def moves_an_envelope(staff: Resident) -> None:
    """换门 Move an envelope to another compartment"""
    old = a_certificate(staff)
    begins(staff, "reassign")
    staff.sees("duty_reassign")
    chooses(staff, old)
    staff.sees("duty_where", door=old)
    staff.presses("to:any")
    takes(staff, "duty_take", old, "took_out")
    new = lit(staff, "duty_put_in")
    staff.puts_in(new)
    staff.shuts(new)
    staff.sees("duty_reassign")
    ends(staff)


def hands_over(staff: Resident) -> None:
    """交班 Hand over to the next person"""
    begins(staff, "hand_over")
    staff.sees("duty_hand_over")
    staff.holds(staff.demo.issuer.badge(MIN))
    staff.sees("duty_menu")
    staff.presses("finish")
    staff.sees("idle")


def puts_a_door_out_and_back(staff: Resident) -> None:
    """停用一个门，再启用 Take a door out of service and put it back"""
    begins(staff, "service")
    staff.sees("duty_service")
    staff.presses("door:5")
    staff.sees("duty_why_service", door=5)
    staff.presses("why:dirty")
    staff.sees("duty_service")
    staff.window.page.wait_for_selector('li[data-sign="off"] [data-key="door:5"]')
    staff.presses("door:5")
    staff.window.page.wait_for_selector('li:not([data-sign="off"]) [data-key="door:5"]')
    ends(staff)


def looks_at_the_whole_cabinet(staff: Resident) -> None:
    """看现况 Look at the whole cabinet"""
    begins(staff, "status")
    staff.sees("duty_status")
    ends(staff)


STAFF_FLOWS = (
    loads_two_and_takes_one_back,
    loads_what_needs_a_larger_one,
    takes_out_a_submission,
    audits_some_and_stops,
    opens_one_by_hand,
    moves_an_envelope,
    puts_a_door_out_and_back,
    looks_at_the_whole_cabinet,
    hands_over,
    *TROUBLES,
)
AGED_FLOWS = (recalls_what_is_overdue,)
"""In a cabinet that is ``aged`` and ``IMPATIENT``, twice at the most."""
IMPATIENT = replace(QUICK, present_s=12)
"""Where a duty soon ends by itself; staff of a cabinet with other flows are given a minute, for a busy machine."""


def loads_twenty(staff: Resident) -> None:
    """放 20 个证件 Load 20 certificates"""
    begins(staff, "load")
    staff.sees("duty_label")
    for _ in range(20):
        loads(staff)
    ends(staff)


def audits_all(staff: Resident) -> None:
    """盘点 24 个门 Audit all 24 doors"""
    begins(staff, "audit")
    staff.sees("duty_audit")
    staff.presses("start")
    for door in range(1, len(staff.demo.site.config.doors) + 1):
        staff.window.page.wait_for_selector(f'.door[data-lit][data-door="{door}"]')
        staff.looks_behind(door)
        staff.presses("as_listed")
        staff.shuts(door)
    staff.sees("duty_audit_done")
    ends(staff)


LONG_FLOWS = (loads_twenty, audits_all)
"""What ``make eighty`` counts as well, in a cabinet with nothing in it; too long to be walked in each look."""


def aged(demo: Demo) -> None:
    """Nine days go by in which nobody comes for six envelopes; the cabinet finds out within a minute."""
    worker = Worker(demo)
    worker.begin()
    worker.starts(FANG)
    worker.chooses("load")
    for _ in range(6):
        worker.loads(worker.issuer.label(size="S"))
    worker.finishes(FANG)
    worker.begin()
    nine_days_pass(demo)
    worker.starts_again()
    demo.ready()
