"""The visits of the scripted day in which something goes wrong: doors, wires, the network, the power, the cloud.

Each visit is a function whose docstring is its title in the report. A visit heals what it broke and leaves the cabinet
idle with every door shut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locker.clock import boot_ms, wall_s
from sim.day_people import READ_S, Person
from sim.day_visits import Visit
from sim.demo_codes import Code
from sim.demo_street import JAMMED_FOR_GOOD

LATE_S = 600
TRIES_MAX = 8
BOUNCE_MS = 200


# --- doors ---


def jammed_once(person: Person) -> None:
    """A door that needs a second pulse"""
    door = person.free_door("S")
    person.street.jam(door, 1)
    person.drops_off(person.issuer.deposit("S", door=door))
    person.hears("not_opened", door=door)
    person.leaves()


def jammed_until_pressed(person: Person) -> None:
    """A door that opens only when pressed by hand"""
    door = person.free_door("S")
    person.street.stick(door)
    code = person.issuer.deposit("S", door=door)
    person.presents(code, "press", door=door)
    person.street.press(door)
    person.until(lambda: person.street.is_open(door), f"door {door} to open under the hand")
    person.street.press(door, False)
    person.street.stick(door, False)
    person.sees("open_deposit", door=door)
    person.puts_in(code, door)
    person.leaves()


def jammed_so_another(person: Person) -> None:
    """A drop-off whose door stays shut: another door opens"""
    doors = person.free_doors("S")
    for door in doors:  # which one the cabinet will choose is its own business
        person.street.jam(door)
    code = person.issuer.deposit("S")
    jammed = int(person.presents(code, "press")["door"])
    for door in doors:
        person.street.jam(door, 0 if door != jammed else JAMMED_FOR_GOOD)
    moved = person.hears("moved", why="jammed")
    person.is_true(moved["door"] != jammed, "moved to the door that is jammed")
    person.sees("open_deposit", door=moved["door"])
    person.puts_in(code, moved["door"])
    person.leaves()
    person.street.jam(jammed, 0)
    person.back_in_service(jammed)


def jammed_at_its_named_door(person: Person) -> None:
    """A drop-off for one certain door, which stays shut: a ticket, and the same code opens it later"""
    door = person.free_door("S")
    person.street.jam(door)
    code = person.issuer.deposit("S", door=door)
    person.presents(code, "press", door=door)
    person.sees("jammed", door=door)
    person.hears("staff_called", door=door)
    person.street.jam(door, 0)
    person.leaves()
    item = person.drops_off(code)
    person.is_true(item.door == door, f"the code opened door {item.door} later")
    person.leaves()


def jammed_with_an_item(person: Person) -> None:
    """A collection whose door stays shut: a ticket, and the same code opens the same door later"""
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    person.street.jam(item.door)
    code = person.issuer.collect(item.order)
    person.presents(code, "press", door=item.door)
    ticket = person.sees("jammed", door=item.door)["ticket"]
    person.is_true(bool(ticket), "no ticket number on the screen")
    person.hears("staff_called", door=item.door, ticket=ticket)
    person.street.jam(item.door, 0)
    person.leaves()
    person.collects(item, code)


def left_open_a_while(person: Person) -> None:
    """A door left open: a reminder, then shut"""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.sees("left_open", door=door)
    person.puts_in(code, door)
    person.leaves()
    person.hears("left_open", door=door)


def left_open_for_long(person: Person) -> None:
    """A door left open until the alarm, then shut by a neighbour"""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.street.put(door, code.order)
    person.hears("alarm_open", door=door)
    person.sees("idle")
    person.shuts(door)
    person.hears("deposited", door=door)
    person.collects(person.knows(code, door))


def forced(person: Person) -> None:
    """A door pried open while nobody was there"""
    door = person.free_door("M")
    person.street.force(door)
    person.hears("forced", door=door)
    person.street.shut(door)
    person.hears("shut", door=door)
    person.back_in_service(door)


def stuck_sensor(person: Person) -> None:
    """A switch that says "shut" for ever: the door is never called open, a ticket is given"""
    door = person.free_door("S")
    code = person.issuer.staff(door)
    person.street.stick_sensor(door, True)
    person.presents(code, "press", door=door)
    person.sees("jammed", door=door)
    person.hears("staff_called", door=door)
    person.is_true(not person.events("opened"), f"door {door} was called open")
    person.shuts(door)
    shut_ms = boot_ms()
    person.until(lambda: boot_ms() > shut_ms + BOUNCE_MS, "the contact to come to rest")
    person.street.stick_sensor(door, None)
    person.leaves()
    person.presents(code, "open_staff", door=door)
    person.shuts(door)
    person.hears("staff_done", door=door)


# --- wires and network ---


def network_off(person: Person) -> None:
    """The network fails during two visits; every event arrives later"""
    person.demo.cable.unplug()
    item = person.drops_off(person.issuer.deposit("S"))
    person.leaves()
    person.collects(item)
    person.demo.cable.plug()
    person.hears("deposited", order=item.order.encode().hex())
    person.hears("collected", order=item.order.encode().hex())


def board_unplugged(person: Person) -> None:
    """The lock board is unplugged and comes back under another name"""
    person.street.unplug("board")
    person.sees("out_of_order")
    person.is_refused(person.issuer.deposit("S"), "out_of_order", then="out_of_order")
    person.street.plug("board")
    person.hears("board_back")
    person.knows_all_doors()
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()


def board_unplugged_at_open_door(person: Person) -> None:
    """The lock board is unplugged while a door is open"""
    code = person.issuer.deposit("S")
    door = int(person.presents(code, "open_deposit")["door"])
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.street.unplug("board")
    person.hears("board_silent")
    person.street.put(door, code.order)
    person.shuts(door)
    person.street.plug("board")
    person.hears("deposited", door=door)
    person.rests()
    person.collects(person.knows(code, door))


def scanner_unplugged(person: Person) -> None:
    """The scanner is unplugged and comes back under another name"""
    person.street.unplug("scanner")
    person.hears("port_lost", device="scanner")
    person.street.plug("scanner")
    person.hears("port_back", device="scanner")
    person.drops_off(person.issuer.deposit("S"))
    person.leaves()


# --- the cloud ---


def remote_opening(person: Person) -> None:
    """The cloud opens a door with a signed grant; sent twice, it opens once"""
    door = person.free_door("M")
    grant, sent = person.issuer.staff(door).text, f"remote-{boot_ms()}"
    person.is_true(person.commands("open", id=sent, grant=grant)["ok"], "the remote opening was refused")
    person.until(lambda: person.street.is_open(door), f"door {door} to open")
    person.shuts(door)
    person.hears("staff_done", door=door)
    pulses = len(person.street.unlocks())
    person.commands("open", id=sent, grant=grant)
    refused = person.commands("open", grant=grant)
    person.is_true(refused["reason"] == "spent", f"a spent grant got {refused}")
    person.is_true(len(person.street.unlocks()) == pulses, "a repeated command moved a coil")
    person.sees("idle")


def remote_without_grant(person: Person) -> None:
    """Commands without a grant, too late, unknown: each refused with its reason"""
    pulses = len(person.street.unlocks())
    grant = person.issuer.staff(person.free_door("M")).text
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "grant_needed": ("open", {}),
        "late": ("open", {"grant": grant, "exp": wall_s() - LATE_S}),
        "unknown_op": ("open_all", {}),
        "bad_message": ("service", {}),
    }
    for reason, (op, fields) in wrong.items():
        answer = person.commands(op, **fields)
        person.is_true(answer["reason"] == reason, f"{op} got {answer} instead of {reason}")
        person.hears("command_refused", reason=reason)
    person.is_true(len(person.street.unlocks()) == pulses, "a refused command moved a coil")


def remote_retained(person: Person) -> None:
    """A command sent as retained: at most done once, never again when the network comes back"""
    door = person.free_door("M")
    answer = person.commands("open", retain=True, grant=person.issuer.staff(door).text)
    person.is_true(answer["ok"] or answer["reason"] == "retained", f"a retained command got {answer}")
    if answer["ok"]:  # a broker that does not say of live messages that they are retained
        person.until(lambda: person.street.is_open(door), f"door {door} to open")
        person.shuts(door)
        person.hears("staff_done", door=door)
    pulses = len(person.street.unlocks())
    person.demo.cable.unplug()
    person.demo.cable.plug()
    person.hears("link_back")
    person.is_true(person.commands("open_all")["reason"] == "unknown_op", "an unknown command was not refused")
    person.is_true(len(person.street.unlocks()) == pulses, "a retained command moved a coil")


def retained_before_the_start(person: Person) -> None:
    """A retained command with a good grant that waits at the broker before the first start"""
    grant = person.issuer.staff(1).text
    sent = person.demo.cloud.send(person.demo.site.cabinet, "open", retain=True, grant=grant)
    person.demo.controller.power_on()
    person.demo.ready()
    answer = person.answer(sent)
    person.is_true(answer["reason"] == "retained", f"a retained command got {answer}")
    person.hears("command_refused", id=sent, reason="retained")
    person.is_true(not person.street.unlocks(), "a retained command moved a coil")


def nothing_free(person: Person) -> None:
    """Every free door is out of service: said so, with what to do"""
    doors = [plan.door for plan in person.demo.site.config.doors]
    for door in doors:
        person.commands("service", args={"door": door, "in_service": False})
    person.is_refused(person.issuer.deposit("S"), "nothing_free")
    for door in doors:
        person.back_in_service(door)


# --- the power ---


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
    person.demo.show(code)
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


TROUBLES: list[Visit] = [
    jammed_once,
    jammed_until_pressed,
    jammed_so_another,
    jammed_at_its_named_door,
    jammed_with_an_item,
    left_open_a_while,
    left_open_for_long,
    forced,
    stuck_sensor,
    network_off,
    board_unplugged,
    board_unplugged_at_open_door,
    scanner_unplugged,
    remote_opening,
    remote_without_grant,
    remote_retained,
    nothing_free,
    power_cut_idle,
    power_cut_at_the_pulse,
    power_cut_while_resting,
    power_cut_at_open_door,
    power_cut_while_shutting,
    power_cut_at_the_offers,
    power_cut_while_collecting,
    service_restart_at_open_door,
]
"""Every visit of this file."""
