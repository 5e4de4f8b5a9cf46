"""The visits of the scripted day in which the controller ends and starts anew: power cuts and a service restart.

Each visit is a function whose docstring is its title in the report. Whatever the moment of the cut, no start moves a
door, and the person can finish with the same code at the same door.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.day_people import READ_S, Person
from sim.day_visits import Visit
from sim.demo_codes import Code

TRIES_MAX = 8


def power_cut_idle(person: Person) -> None:
    """Power cut while nobody is there"""
    person.demo.controller.kill()
    person.starts_again()
    person.is_true(not person.events("granted"), "something was granted by a start")


def power_cut_at_the_pulse(person: Person) -> None:
    """Power cut as the coil is energised: the code finishes at the same door"""
    code, pulses = person.issuer.deposit("S"), len(person.street.unlocks())
    _shows_until(person, code, lambda: len(person.street.unlocks()) > pulses)
    person.demo.controller.kill()
    _finishes(person, code)


def power_cut_while_resting(person: Person) -> None:
    """Power cut between two pulses of a jammed door"""
    door, pulses = person.free_door("S"), len(person.street.unlocks())
    person.street.jam(door, 1)
    code = person.issuer.deposit("S", door=door)
    _shows_until(person, code, lambda: len(person.street.unlocks()) > pulses)
    person.demo.controller.kill()
    _finishes(person, code)
    person.is_true(person.shelf[-1].door == door, "the code finished at another door")


def power_cut_at_open_door(person: Person) -> None:
    """Power cut at the open door"""
    code = person.issuer.deposit("S")
    person.presents(code, "open_deposit")
    person.demo.controller.kill()
    _finishes(person, code)


def power_cut_while_shutting(person: Person) -> None:
    """Power cut in the moment the door is shut"""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.street.put(door, code.order)
    person.shuts(door)
    person.demo.controller.kill()
    _finishes(person, code)


def power_cut_at_the_offers(person: Person) -> None:
    """Power cut while the buttons are shown"""
    item = person.drops_off(person.issuer.deposit("S"))
    person.demo.controller.kill()
    person.starts_again()
    person.is_refused(item.code, "spent")


def power_cut_while_collecting(person: Person) -> None:
    """Power cut as the door opens for a collection"""
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    code, pulses = person.issuer.collect(item.order), len(person.street.unlocks())
    _shows_until(person, code, lambda: len(person.street.unlocks()) > pulses)
    person.demo.controller.kill()
    person.until(lambda: person.street.is_open(item.door), f"door {item.door} to open by the board's own pulse")
    person.starts_again()
    person.takes_out(item)
    person.hears("collected", door=item.door)
    person.rests()


def service_restart_at_open_door(person: Person) -> None:
    """The service is restarted while a door is open"""
    code = person.issuer.deposit("S")
    person.presents(code, "open_deposit")
    person.demo.controller.restart()
    _finishes(person, code)


def _shows_until(person: Person, code: Code, moment: Callable[[], bool]) -> None:
    """Show a code and wait for a moment that the screen may not tell."""
    person.demo.phone.show(code)
    for _ in range(TRIES_MAX):
        person.street.hold(code.text)
        if person.street.until(moment, READ_S):
            return
    person.is_true(False, "the code was shown again and again and nothing happened")


def _finishes(person: Person, code: Code) -> None:
    """After a cut: whatever the door did meanwhile, this code's drop-off gets done at its own door."""
    door = person.street.unlocks()[-1].door
    person.starts_again()
    for _ in range(TRIES_MAX):
        if person.street.is_open(door):
            if not person.street.papers(door):
                person.street.put(door, code.order)
            person.shuts(door)
        if _deposited(person, code, door):
            person.rests()
            person.knows(code, door)
            return
        person.street.hold(code.text)
        person.street.until(lambda: person.street.is_open(door), READ_S)
    person.is_true(False, f"the drop-off at door {door} could not be finished")


def _deposited(person: Person, code: Code, door: int) -> bool:
    def told() -> bool:
        return any(event["data"].get("cti") == code.cti for event in person.events("deposited"))

    return person.demo.cloud.wait_for(lambda: told() or person.screen.get("screen") == "deposited", READ_S)


CUTS: list[Visit] = [
    power_cut_idle,
    power_cut_at_the_pulse,
    power_cut_while_resting,
    power_cut_at_open_door,
    power_cut_while_shutting,
    power_cut_at_the_offers,
    power_cut_while_collecting,
    service_restart_at_open_door,
]
"""Every visit in which the controller starts anew."""
