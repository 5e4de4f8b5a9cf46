"""The visits of the scripted day in which something goes wrong: doors, wires, the network, the power, the cloud.

Each visit is a function whose docstring is its title in the report. A visit heals what it broke and leaves the cabinet
idle with every door shut.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from locker.clock import boot_ms, wall_s
from sim.day_people import Person
from sim.day_visits import Visit
from sim.demo_street import JAMMED_FOR_GOOD

LATE_S = 600
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
    moved = person.hears("moved", **{"from": jammed})  # as jammed, or as not pulsed where the last order was lost
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
    came_ms, wait_ms = boot_ms(), person.demo.site.pace.open_wait_ms
    person.until(lambda: boot_ms() > came_ms + wait_ms, "the last pulse to be long ago, or it would be suspected")
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


def limit_per_minute(person: Person) -> None:
    """The cloud opens door after door with good grants, until the cabinet's own limit per minute stops it"""
    most = person.demo.site.pace.doors_max
    person.staff_have_gone()
    for number in range(most + 1):
        doors = person.waits_for_free("SM")
        door = doors[number % len(doors)]
        answer = person.commands("open", grant=person.issuer.staff(door).text)
        if not answer["ok"]:
            break
        person.until(partial(person.street.is_open, door), f"door {door} to open")
        person.shuts_for_good(door, number + 1)
        person.sees("idle")
    person.is_true(answer["reason"] == "rate_limited", f"after {number} openings the answer was {answer}")
    person.hears("denied", reason="rate_limited")


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
]
"""Every visit of this file that needs no restart."""
