"""The flows of residents, told as what a person sees and does at the screen.

Each is a function of a ``Resident``; its docstring is its title in docs/screen.md. It begins and ends at the idle
screen with every door shut.
"""

from __future__ import annotations

from resident import Resident

from sim.demo_site import CABINET


def drops_off(resident: Resident) -> int:
    """投递（手机上的码） Drop off with a code on the phone"""
    return _drops_off(resident)


def collects_with_phone(resident: Resident) -> None:
    """领取（手机上的码） Collect with a code on the phone"""
    item = _somebody_left(resident)
    resident.sees("idle")
    resident.holds(resident.demo.issuer.collect(item[0]))
    _takes(resident, item[1])


def collects_with_digits(resident: Resident) -> None:
    """领取（按取件码，不用手机） Collect by typing the pick-up code, no phone"""
    order, door = _somebody_left(resident)
    digits = _sms(resident, order)
    resident.sees("idle")
    resident.presses("keypad")
    resident.sees("keypad")
    resident.types(digits)
    _takes(resident, door)


def scans_the_screen(resident: Resident) -> None:
    """投递（手机扫屏幕） Drop off by scanning the screen with the phone"""
    resident.sees("idle")
    resident.scans()
    door = _opened(resident, "open_deposit")
    _puts(resident, door)
    resident.presses("done")
    resident.sees("idle")


def changes_to_larger(resident: Resident) -> None:
    """投递，换个大的 Drop off, and a larger compartment is needed"""
    resident.sees("idle")
    resident.holds(resident.demo.issuer.deposit("S"))
    small = _opened(resident, "open_deposit")
    resident.presses("larger")
    resident.sees("emptying", door=small)
    resident.shuts(small)
    resident.window.page.wait_for_selector(
        f'body[data-screen="open_deposit"] .door[data-lit]:not([data-door="{small}"])'
    )
    large = _opened(resident, "open_deposit")
    _puts(resident, large)
    resident.presses("done")
    resident.sees("idle")


def opens_again(resident: Resident) -> None:
    """投递，再开一次 Drop off, and open again because something was forgotten"""
    door = _drops_off(resident, leaves=False)
    resident.presses("reopen")
    resident.sees("open_deposit", door=door)
    _puts(resident, door)
    resident.presses("done")
    resident.sees("idle")


def puts_nothing_in(resident: Resident) -> None:
    """投递，没放东西 Drop off, and think better of it"""
    resident.sees("idle")
    resident.holds(resident.demo.issuer.deposit("S"))
    door = _opened(resident, "open_deposit")
    resident.presses("nothing")
    resident.sees("left_open", door=door)
    resident.shuts(door)
    resident.sees("cancelled")
    resident.presses("done")
    resident.sees("idle")


def shows_an_expired_code(resident: Resident) -> None:
    """码过期，被拒绝 Show an expired code and be refused"""
    resident.sees("idle")
    resident.holds(resident.demo.issuer.odd("expired"))
    resident.sees("refused")
    resident.presses("done")
    resident.sees("idle")


def mistypes_once(resident: Resident) -> None:
    """按错一次取件码，再按对 Mistype the pick-up code, then get it right"""
    order, door = _somebody_left(resident)
    digits = _sms(resident, order)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    resident.sees("idle")
    resident.presses("keypad")
    resident.sees("keypad")
    resident.types(wrong)
    resident.sees("refused")
    resident.presses("keypad")
    resident.types(digits)
    _takes(resident, door)


def finds_it_jammed(resident: Resident) -> None:
    """领取，门打不开 Collect, and the door is stuck"""
    order, door = _somebody_left(resident)
    resident.demo.street.jam(door)
    resident.sees("idle")
    resident.holds(resident.demo.issuer.collect(order))
    resident.sees("press", door=door)
    resident.sees("jammed", door=door)
    resident.presses("done")
    resident.sees("idle")
    resident.demo.street.jam(door, 0)
    resident.holds(resident.demo.issuer.collect(order))
    _takes(resident, door)


def forgets_the_door(resident: Resident) -> None:
    """投递，忘了关门 Drop off, and forget to shut the door"""
    resident.sees("idle")
    resident.holds(resident.demo.issuer.deposit("S"))
    door = _opened(resident, "open_deposit")
    resident.puts_in(door)
    resident.sees("left_open", door=door)
    resident.shuts(door)
    resident.sees("deposited")
    resident.presses("done")
    resident.sees("idle")


FLOWS = (
    drops_off,
    collects_with_phone,
    collects_with_digits,
    scans_the_screen,
    opens_again,
    changes_to_larger,
    puts_nothing_in,
    shows_an_expired_code,
    mistypes_once,
    forgets_the_door,
    finds_it_jammed,
)


def _drops_off(resident: Resident, leaves: bool = True) -> int:
    resident.sees("idle")
    resident.holds(resident.demo.issuer.deposit("S"))
    door = _opened(resident, "open_deposit")
    _puts(resident, door)
    if leaves:
        resident.presses("done")
        resident.sees("idle")
    return door


def _opened(resident: Resident, name: str) -> int:
    """The door that the drawing says has opened."""
    resident.sees(name)
    lit = resident.window.page.locator(".door[data-lit]").get_attribute("data-door")
    assert lit is not None
    resident.person.until(lambda: resident.demo.street.is_open(int(lit)), f"door {lit} to be open as the screen says")
    return int(lit)


def _puts(resident: Resident, door: int) -> None:
    resident.puts_in(door)
    resident.shuts(door)
    resident.sees("deposited")


def _takes(resident: Resident, door: int) -> None:
    resident.sees("open_collect", door=door)
    resident.takes_out(door)
    resident.shuts(door)
    resident.sees("collected", door=door)
    resident.presses("done")
    resident.sees("idle")


def _somebody_left(resident: Resident) -> tuple[str, int]:
    """Something lies in the cabinet for this resident: whose order, behind which door. Not part of their visit."""
    for door, order in resident.demo.held.items():
        if resident.demo.phone.message_for(order) is not None:
            return order, door
    person = resident.person
    person.begin()
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    return item.order, item.door


def _sms(resident: Resident, order: str) -> str:
    """The digits of the message on some telephone."""
    demo = resident.demo
    assert demo.cloud.wait_for(lambda: demo.phone.message_for(order) is not None, 20), f"no message from {CABINET}"
    message = demo.phone.message_for(order)
    assert message is not None
    return message.digits
