"""The flows of staff at the screen, told as what they see and do there; each begins with a badge and ends by 办完了.

What the chores do to the ledger is tested elsewhere; here it is whether the page lets staff get through.
"""

from __future__ import annotations

from resident import Resident
from resident_flows import drops_off


def loads_two_and_takes_one_back(staff: Resident) -> None:
    """放两个证件，撤回一个 Load two, take the last one back"""
    _begins(staff, "load")
    staff.sees("duty_label")
    for _ in range(2):
        staff.holds(staff.demo.issuer.label())
        door = _lit(staff, "duty_put_in")
        staff.puts_in(door)
        staff.shuts(door)
        staff.sees("duty_loaded", door=door)
    staff.presses("undo")
    staff.sees("duty_take_back", door=door)
    staff.takes_out(door)
    staff.shuts(door)
    staff.sees("duty_taken", door=door)
    staff.presses("took_out")
    staff.sees("duty_label")
    _ends(staff)


def takes_out_a_submission(staff: Resident) -> None:
    """取走居民的材料 Take out what a resident left"""
    door = drops_off(staff)
    _begins(staff, "take_out")
    staff.sees("duty_take_out")
    staff.presses(f"door:{door}")
    staff.sees("duty_take", door=door)
    staff.takes_out(door)
    staff.presses("took_out")
    staff.sees("duty_shut", door=door)
    staff.shuts(door)
    staff.window.page.wait_for_selector('body:not([data-screen="duty_shut"])')
    _ends(staff)


def puts_a_door_out_and_back(staff: Resident) -> None:
    """停用一个门，再启用 Take a door out of service and put it back, and look at the whole cabinet"""
    _begins(staff, "service")
    staff.sees("duty_service")
    staff.presses("door:5")
    staff.sees("duty_why_service", door=5)
    staff.presses("why:dirty")
    staff.sees("duty_service")
    staff.window.page.wait_for_selector('li[data-sign="off"] [data-key="door:5"]')
    staff.presses("door:5")
    staff.window.page.wait_for_selector('li:not([data-sign="off"]) [data-key="door:5"]')
    staff.presses("back")
    staff.sees("duty_menu")
    staff.presses("status")
    staff.sees("duty_status")
    _ends(staff)


STAFF_FLOWS = (loads_two_and_takes_one_back, takes_out_a_submission, puts_a_door_out_and_back)


def _begins(staff: Resident, chore: str) -> None:
    staff.sees("idle")
    staff.holds(staff.demo.issuer.badge())
    staff.sees("duty_menu")
    staff.presses(chore)


def _ends(staff: Resident) -> None:
    staff.presses("back")
    staff.sees("duty_menu")
    staff.presses("finish")
    staff.sees("idle")


def _lit(staff: Resident, name: str) -> int:
    staff.sees(name)
    lit = staff.window.page.locator(".door[data-lit]").get_attribute("data-door")
    assert lit is not None
    return int(lit)
