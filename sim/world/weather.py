"""The weather: everything that goes wrong, each for a while and then over.

Each kind is one function from a world and a happening to deeds: it begins a fault, waits, ends it. The scene knows
which faults are under way, because belief may differ from the truth only as long as one is, and a minute after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from locker.model import Quality
from sim.kerong_cu24 import KerongBoard
from sim.links import PERFECT, Faults, FaultyWire
from sim.world.pins import PinNoise, PinUnit
from sim.world.plan import Happening
from sim.world.seam import Cut, Killed, PowerCut

if TYPE_CHECKING:
    from sim.world.world import Deeds, World

MOMENT_MS = 5000
"""How long the effects of a single event last in the eyes of the checks."""
DRAINS_MS = 1000
"""How long what was spoilt on a slow wire may still be on its way when the wire is well again."""


def _during(world: World, name: str, for_ms: int) -> Deeds:
    world.faults_begin(name)
    yield for_ms
    world.faults_end(name)


def noise(world: World, found: Happening) -> Deeds:
    """A bad wire: lost, corrupted, forged, truncated, doubled, delayed, byte by byte, with an echo."""
    args = found.args
    wire = _wire(world, args["wire"])
    to_far, to_near = (Faults(**args.get(way, {})) for way in ("to_far", "to_near"))
    wire.set_weather(to_far, to_near, echo=bool(args.get("echo")), seed=found.chance)
    trouble = "scanner" if args["wire"] == "scanner" else "noise"
    world.faults_begin(trouble)
    yield int(args["for_ms"])
    wire.set_weather(PERFECT, PERFECT)
    yield DRAINS_MS
    world.faults_end(trouble)


def _wire(world: World, name: int | str) -> FaultyWire | PinNoise:
    return world.street.scanner_wire if name == "scanner" else world.street.wires[int(name)]


def board_off(world: World, found: Happening) -> Deeds:
    """A board without power for a while."""
    board = world.street.boards[int(found.args["board"])]
    world.met("fault/board_silent")
    board.power(False, world.ms)
    yield from _during(world, "board", int(found.args["for_ms"]))
    if world.machine.powered:
        board.power(True, world.ms)


def board_reboots(world: World, found: Happening) -> Deeds:
    """A board restarts, and has forgotten its settings."""
    world.met("fault/board_reboots")
    board = world.street.boards[int(found.args["board"])]
    if board.powered:
        board.reboot(world.ms, int(found.args["for_ms"]))
        yield from _during(world, "board", int(found.args["for_ms"]))


def board_astray(world: World, found: Happening) -> Deeds:
    """A board takes the wrong lock for the next orders."""
    board = world.street.boards[int(found.args["board"])]
    board.astray.extend([int(found.args["by"])] * int(found.args["count"]))
    world.met("fault/board_astray")
    yield int(found.args["for_ms"])
    board.astray.clear()


def board_says(world: World, found: Happening) -> Deeds:
    """A board answers unlock orders with failed (11), time-out (12), unknown (13) or bad data (14)."""
    board = world.street.boards[int(found.args["board"])]
    if not isinstance(board, KerongBoard):
        return  # no other board says anything of the kind
    board.unlock_ask = int(found.args["ask"])
    world.met(f"fault/board_says_{board.unlock_ask:02x}")
    yield from _during(world, "board", int(found.args["for_ms"]))
    board.unlock_ask = 0x10


def board_late(world: World, found: Happening) -> Deeds:
    """A reply comes after its time-out, so that it lands in the next exchange; others do not come at all."""
    board = world.street.boards[int(found.args["board"])]
    late_ms, mute = int(found.args["late_ms"]), int(found.args["mute"])
    if isinstance(board, PinUnit) or not (late_ms or mute):
        return  # on pins nobody answers
    board.late_reply_ms, board.mute_replies = late_ms, mute
    world.met("fault/board_late_reply")
    yield from _during(world, "board", MOMENT_MS)
    board.mute_replies = board.late_reply_ms = 0


def door_jams(world: World, found: Happening) -> Deeds:
    """A hook holds against some pulses, a leaf sticks, or it opens late."""
    board, channel = world.street.places[int(found.args["door"])]
    body, how = world.street.bodies[board], str(found.args["how"])
    world.met(f"fault/door_{how}")
    if how == "jams":
        body.jam(channel, int(found.args["pulses"]))
    elif how == "sticks":
        body.stick(channel)
    else:
        body.open_late(channel, int(found.args["late_ms"]))
    yield int(found.args["for_ms"])
    body.jam(channel, 0)
    body.stick(channel, False)
    body.open_late(channel, 0)


def sensor(world: World, found: Happening) -> Deeds:
    """A door switch is stuck at shut, stuck at open, or flickers."""
    board, channel = world.street.places[int(found.args["door"])]
    body, how = world.street.bodies[board], str(found.args["how"])
    world.met(f"fault/sensor_{how}")
    if how == "flickers":
        body.flicker(channel)
    else:
        body.stick_sensor(channel, how == "stuck_shut")
    yield from _during(world, "sensor", int(found.args["for_ms"]))
    body.flicker(channel, False)
    body.stick_sensor(channel, None)


def unplugged(world: World, found: Happening) -> Deeds:
    """A USB adapter is pulled and comes back, under another name."""
    device = found.args["device"]
    port = world.street.scanner_port if device == "scanner" else world.street.ports[int(device)]
    world.met(f"fault/unplugged_{'scanner' if device == 'scanner' else 'board'}")
    port.vanish()
    yield from _during(world, "scanner" if device == "scanner" else "usb", int(found.args["for_ms"]))
    port.come_back(str(found.args["name"]))
    if device == "scanner":
        world.street.scanner.power_cycle(world.ms)


def network(world: World, found: Happening) -> Deeds:
    """The broker is out of reach, for minutes or for weeks; perhaps it forgets everything meanwhile.

    It is back when the last of the outages that are under way is over.
    """
    for_ms = int(found.args["for_ms"])
    world.met("fault/network_weeks" if for_ms > 7 * 86_400_000 else "fault/network_away")
    world.faults_begin("network")
    world.broker.reachable = False
    if found.args.get("forgets"):
        world.met("fault/broker_forgets")
        world.broker.forget()
    else:
        world.broker.cut()
    yield for_ms
    world.faults_end("network")
    world.broker.reachable = not world.scene.trouble.under_way["network"]


def broker(world: World, found: Happening) -> Deeds:
    """The broker loses publishes or their acknowledgements, refuses them, or says that nobody listens."""
    world.faults_begin("broker")
    at = world.broker
    at.pubacks_lost, at.lost_up = int(found.args["pubacks"]), int(found.args["publishes"])
    at.refuses, at.nobody = int(found.args["refuses"]), int(found.args["nobody"])
    yield int(found.args["for_ms"])
    at.pubacks_lost = at.lost_up = at.refuses = at.nobody = 0
    world.faults_end("broker")


def acks(world: World, found: Happening) -> Deeds:
    """The cloud's acknowledgements are lost, doubled, wrong or late."""
    world.faults_begin("broker")
    cloud = world.cloud
    cloud.acks_lost, cloud.acks_doubled = int(found.args["lost"]), int(found.args["doubled"])
    cloud.acks_wrong, cloud.ack_late_ms = int(found.args["wrong"]), int(found.args["late_ms"])
    yield int(found.args["for_ms"])
    cloud.acks_lost = cloud.acks_doubled = cloud.acks_wrong = cloud.ack_late_ms = 0
    cloud.acknowledge()
    world.faults_end("broker")


def cloud_away(world: World, found: Happening) -> Deeds:
    """The broker is there and the cloud is not."""
    world.met("fault/cloud_away")
    world.faults_begin("broker")
    world.cloud.leave(True)
    yield int(found.args["for_ms"])
    world.cloud.leave(False)
    world.faults_end("broker")


def clock_jumps(world: World, found: Happening) -> Deeds:
    """The wall clock jumps, forwards or backwards, believed or not, and is set right later."""
    machine, by_ms = world.machine, int(found.args["by_ms"])
    world.met(f"fault/clock_{'forwards' if by_ms > 0 else 'backwards'}")
    world.faults_begin("clock")
    machine.clock.wrong_ms += by_ms
    machine.clock.quality = Quality(str(found.args["quality"]))
    world.scene.clock_wrong_ms = machine.clock.wrong_ms
    boots = machine.boots
    yield int(found.args["for_ms"])
    if boots == machine.boots:
        machine.clock.wrong_ms, machine.clock.quality = 0, Quality.SYNCED
        world.scene.clock_wrong_ms = 0
    world.faults_end("clock")


def disk(world: World, found: Happening) -> Deeds:
    """The disk is full or read-only; nothing can be kept, so nothing may be done."""
    seam, process = world.machine.seam, world.machine.process
    seam.disk = str(found.args["how"])
    world.faults_begin("disk")
    if process is not None:
        process.store.ill()
    yield int(found.args["for_ms"])
    seam.disk = "well"
    if world.machine.process is not None:
        world.machine.process.store.ill()
    world.faults_end("disk")


def disk_slow(world: World, found: Happening) -> Deeds:
    """Each commit takes seconds."""
    seam = world.machine.seam
    seam.slow_ms = world.scene.slow_ms = int(found.args["slow_ms"])
    yield from _during(world, "disk", int(found.args["for_ms"]))
    seam.slow_ms = 0


def cut(world: World, found: Happening) -> Deeds:
    """The power goes, or the process is killed, at a certain point of a coming turn; ``idle`` means now."""
    args, machine = found.args, world.machine
    ends: type[BaseException] = PowerCut if args["ends"] == "power" else Killed
    if args["point"] == "idle":
        if ends is PowerCut and machine.powered:
            world.met("power_cut/idle")
            world.boot_floor = bool(args.get("floor"))
            machine.power_off(int(args["off_ms"]))
        elif ends is Killed:
            machine.kill()
        return
    armed = Cut(str(args["point"]), str(args["event"]), int(args["statement"]), ends)
    machine.seam.cuts.append(armed)
    yield 7_200_000
    if armed in machine.seam.cuts:
        machine.seam.cuts.remove(armed)


def mains(world: World, found: Happening) -> Deeds:
    """The mains are away, and the cabinet lives on its reserve while that lasts."""
    yield from world.supply.mains_away(int(found.args["for_ms"]))


def tampering(world: World, found: Happening) -> Deeds:
    """Somebody opens the case."""
    yield from world.supply.tampered(int(found.args["for_ms"]))


def air(world: World, found: Happening) -> Deeds:
    """A hot or a cold spell."""
    yield from world.supply.weather(float(found.args["celsius"]), int(found.args["for_ms"]))


KINDS: dict[str, Callable[[Any, Happening], Any]] = {
    found.__name__: found
    for found in (
        noise,
        board_off,
        board_reboots,
        board_astray,
        board_says,
        board_late,
        door_jams,
        sensor,
        unplugged,
        network,
        broker,
        acks,
        cloud_away,
        clock_jumps,
        disk,
        disk_slow,
        cut,
        mains,
        tampering,
        air,
    )
}
