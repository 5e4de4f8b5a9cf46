"""Staff, the technician, and what the cloud sends: named openings, repairs, commands good and bad, key sets.

Staff act on what the cloud knows, as the real ones do. Each kind is one function from a person to deeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from locker.authority.ed25519 import PrivateKey, PublicKey
from locker.authority.issue_set import make_revocation, make_set
from locker.authority.keys import IssuerKey, KeyState
from locker.model import Purpose
from sim.world.people import Person
from sim.world.scene import Sent
from sim.world.site import (
    CUT_OFF,
    NEXT,
    NOT_YET,
    NOT_YET_S,
    OLD,
    OLD_S,
    RESIDENTS,
    RETIRED,
    ROOT,
    STAFF,
    STRANGER,
    WALL_MS,
)

if TYPE_CHECKING:
    from sim.world.world import Deeds, World

LIFE_S = 30


def takes_out(me: Person) -> Deeds:
    """Takes out what residents left, compartment by compartment."""
    held = sorted(me.world.cloud.held)
    for door in held[: int(me.args.get("count", 3))]:
        yield from opens(me, door, "took_out", take=True)
        yield me.chance.choice((2000, 20_000, 70_000))


def looks_in(me: Person) -> Deeds:
    """Opens a door, looks, leaves everything in; sometimes says nothing about it."""
    door = me.chance.choice(sorted(me.world.cloud.held) or me.street.doors)
    yield from opens(me, door, me.chance.choice(("left_in", "")))


def staff_errs(me: Person) -> Deeds:
    """Shows a technician's code that names no door, one that residents' keys have signed, and begins to work by a slip.

    A staff code without a door begins a duty (docs/staff.md); the next code, which names one, ends it at its menu.
    """
    yield from me.presents(me.code(Purpose.TECHNICIAN, door=0), tries=1)
    for door, key in ((0, STAFF), (len(me.street.doors) % 24 + 1, RESIDENTS)):
        yield from me.presents(me.code(Purpose.STAFF, door=door, key=key), tries=1)
    yield from me.presents(me.code(Purpose.STAFF, door=me.chance.choice(me.street.doors), sub="staff-9"), tries=1)
    shown = me.screen
    if shown is not None and shown.door in me.street.places and me.street.is_open(shown.door):
        yield from me.shuts_another(shown.door)


def technician(me: Person) -> Deeds:
    """Tests some doors by name, and repairs what is jammed or out of service."""
    for door in me.chance.sample(me.street.doors, min(3, len(me.street.doors))):
        yield from opens(me, door, "left_in", purpose=Purpose.TECHNICIAN)
        yield 9000
    yield from repairs(me)


def caretaker(me: Person) -> Deeds:
    """Goes through every door that is out of service: mends it, looks inside, takes strays out, puts it in service."""
    yield from repairs(me)


def repairs(me: Person) -> Deeds:
    """Lift every board's quarantine, then mend every door that the cloud knows to be out of service or jammed."""
    for board in sorted(me.world.cloud.barred):
        send(me, "service", args={"board": board, "in_service": True})
        yield 2000
    for door in me.street.doors:
        known = me.world.cloud.doors.get(door, {})
        if known.get("in_service", True) and known.get("state") != "jammed":
            continue
        mend(me.world, door)
        if me.street.is_open(door):
            yield from me.shuts(door)
            yield 3000
        yield from opens(me, door, "left_in" if door in me.world.cloud.held else "took_out", strays=True)
        yield 1000
        if is_clear(me, door):
            send(me, "service", args={"door": door, "in_service": True})
        yield 9000


def opens(
    me: Person, door: int, answer: str, *, take: bool = False, strays: bool = False, purpose: Purpose = Purpose.STAFF
) -> Deeds:
    """Open one door by name, do something inside, shut it, answer the question.

    The screen says what lies inside by the cabinet's own books; the cloud's may be behind.
    """
    found = yield from me.presents(me.code(purpose, door=door))
    if found != door:
        return
    yield 1500
    empty = me.screen is not None and me.screen.facts.get("books") == "empty"
    if take or (strays and (empty or door not in me.world.cloud.held)):
        me.street.take(door)
    yield 800
    yield from me.shuts(door)
    if (yield from me.sees(("staff_question",), 4000)) and answer:
        if answer == "took_out":
            me.leaves_in(door)
        me.touch(answer)
    elif answer == "took_out":
        yield 1000


def mend(world: World, door: int) -> None:
    """Make one door's mechanics as good as new."""
    board, channel = world.street.places[door]
    body = world.street.bodies[board]
    body.jam(channel, 0)
    body.stick(channel, False)
    body.open_late(channel, 0)
    body.press(channel, world.ms)
    body.let_go(channel, world.ms)


def is_clear(me: Person, door: int) -> bool:
    """Whether nothing lies inside but what is held there by the cabinet's books, which staff at the open door read."""
    held = me.world.scene.story.held.get(door)
    return all(what == held for what in me.street.papers(door))


# --- the cloud's commands -------------------------------------------------------------------------


def send(me: Person, op: str, *, retain: bool = False, after_ms: int = 0, **fields: Any) -> dict[str, Any]:
    """Send a command; its grant's sending is noted in the scene."""
    world = me.world
    exp = (WALL_MS + world.ms) // 1000 + LIFE_S
    serial = world.counts["total/commands"] = world.counts["total/commands"] + 1
    command: dict[str, Any] = {"v": 1, "id": f"c{me.happening.number}-{serial}", "op": op, "exp": exp, **fields}
    cti = command.pop("cti", "")

    def go() -> None:
        if cti:
            retained = retain and world.broker.version == 5
            world.scene.sent.setdefault(cti, []).append(Sent(world.ms, int(command["exp"]), retained))
        world.say("cloud", f"sends {op} {command['id']}{' retained' if retain else ''}")
        world.cloud.command(command, retain=retain)

    world.later(after_ms, go)
    return command


def _grant(me: Person) -> dict[str, Any]:
    door = me.chance.choice(sorted(me.world.cloud.held) or me.street.doors)
    purpose = me.chance.choice((Purpose.STAFF, Purpose.COLLECT, Purpose.DEPOSIT))
    if purpose is Purpose.STAFF:
        token = me.code(purpose, door=door)
    else:
        token = me.code(purpose, order=me.world.cloud.held.get(door, "R1"))
    return {"grant": token.text, "cti": token.cti}


def _finishes(me: Person) -> Deeds:
    """Somebody stands there when a door is opened from afar."""
    yield 1500
    shown = me.screen
    door = shown.door if shown is not None else 0
    if door in me.street.places and (yield from me.until(lambda: me.street.is_open(door), 10_000)):
        yield 2000
        me.leaves_in(door)
        yield from me.shuts(door)


def remote(me: Person) -> Deeds:
    """Opens a door from afar with a grant; somebody shuts it."""
    send(me, "open", **_grant(me))
    yield from _finishes(me)


def doubled(me: Person) -> Deeds:
    """A command that is delivered several times, and its grant again in another command and at the scanner."""
    grant = _grant(me)
    command = send(me, "open", **grant)
    me.world.met("fault/command_doubled")
    for after_ms in (50, 900, 5000):
        me.world.later(after_ms, lambda: me.world.cloud.command(command))
    yield from _finishes(me)
    send(me, "open", **grant)
    yield 5000
    me.hold(str(grant["grant"]), str(grant["cti"]))
    yield from _finishes(me)


def delayed(me: Person) -> Deeds:
    """A command that comes after its time."""
    me.world.met("fault/command_late")
    grant = _grant(me)
    send(me, "open", after_ms=me.chance.choice((39_000, 42_000, 600_000, 7_200_000)), **grant)
    yield 100


def retained(me: Person) -> Deeds:
    """A command that stays at the broker and comes again with each connection."""
    me.world.met("fault/command_retained")
    grant = _grant(me)
    send(me, "open", retain=True, **grant)
    yield from _finishes(me)
    yield 3_600_000
    me.world.broker.clear_retained("cmd")


def malformed(me: Person) -> Deeds:
    """Everything that is no command."""
    me.world.met("fault/command_malformed")
    for raw in (b"", b"{", b'{"v":1}', b"\xff\xfe", b"[" * 2000, b'{"v":2,"id":"x","op":"open","exp":1}', b"0" * 9000):
        me.world.cloud.raw("cmd", raw)
    me.world.cloud.raw("config", b"?")
    me.world.cloud.raw("keys", b"\x00\x01")
    send(me, "open")
    send(me, "open_all")
    send(me, "service", args={"door": 999, "in_service": True})
    send(me, "open", exp=(WALL_MS + me.world.ms) // 1000 + 90_000, **_grant(me))
    stranger = me.code(Purpose.STAFF, door=1, key=STRANGER)
    send(me, "open", grant=stranger.text, cti=stranger.cti)
    yield 100


def service(me: Person) -> Deeds:
    """Puts a door out of service and, if nothing stray lies inside, in again."""
    door = me.chance.choice(me.street.doors)
    send(me, "service", args={"door": door, "in_service": False, "reason": "test"})
    yield me.chance.choice((1000, 60_000, 3_600_000))
    if is_clear(me, door):
        send(me, "service", args={"door": door, "in_service": True})


# --- the root's documents -------------------------------------------------------------------------


def keys(world: World, version: int, *, next_active: bool = False) -> bytes:
    """A key set of the root's."""
    residents = frozenset((Purpose.DEPOSIT, Purpose.COLLECT))
    named = frozenset((Purpose.STAFF, Purpose.TECHNICIAN))
    other = KeyState.ACTIVE if next_active else KeyState.NEXT
    iat = (WALL_MS + world.ms) // 1000
    cut_off = iat if next_active else 0
    if next_active:
        world.register.cut_offs.setdefault(version, cut_off)
    rows = [
        IssuerKey(PublicKey(RESIDENTS.public), residents),
        IssuerKey(PublicKey(NEXT.public), residents, state=other),
        IssuerKey(PublicKey(RETIRED.public), residents, state=KeyState.RETIRED),
        IssuerKey(PublicKey(OLD.public), residents, not_after=OLD_S),
        IssuerKey(PublicKey(NOT_YET.public), residents, not_before=NOT_YET_S),
        IssuerKey(PublicKey(CUT_OFF.public), residents, cutoff_iat=cut_off),
        IssuerKey(PublicKey(STAFF.public), named),
    ]
    return make_set(ROOT, version, iat, rows)


def new_keys(me: Person) -> Deeds:
    """The root signs a new key set; an older one and a forged one follow, as they may."""
    version = int(me.args["version"])
    me.world.cloud.raw("keys", keys(me.world, version, next_active=True), retain=True)
    yield 3000
    me.world.cloud.raw("keys", keys(me.world, max(1, version - 1)))
    forged = bytearray(keys(me.world, version + 1))
    forged[-1] ^= 1
    me.world.cloud.raw("keys", bytes(forged))


def revokes(me: Person) -> Deeds:
    """The root revokes some codes that were given out; their owners come all the same. The list before follows, and one
    that somebody else has signed.
    """
    world = me.world
    world.register.lists = version = world.register.lists + 1
    for token in list(world.register.tokens.values())[-8:]:
        if token.genuine and token.text and not token.text.isdecimal() and token.cti not in world.register.revoked:
            world.register.revoked[token.cti] = version
    own = me.code(Purpose.STAFF, door=me.street.doors[0])
    world.register.revoked[own.cti] = version
    world.cloud.raw("revoked", _list(world, version, version, ROOT), retain=True)
    yield 3000
    if version > 1:
        world.cloud.raw("revoked", _list(world, version - 1, version - 1, ROOT))
    world.cloud.raw("revoked", _list(world, version + 1, 0, STRANGER))
    yield 1000
    yield from me.presents(own, tries=1)


def _list(world: World, version: int, up_to: int, key: PrivateKey) -> bytes:
    """A list of this version with what was revoked by version ``up_to``."""
    register = world.register
    listed = {bytes.fromhex(cti): register.tokens[cti].exp for cti, by in register.revoked.items() if by <= up_to}
    return make_revocation(key, version, (WALL_MS + world.ms) // 1000, listed)


KINDS: dict[str, Callable[[Person], Deeds]] = {
    found.__name__: found
    for found in (
        takes_out,
        looks_in,
        staff_errs,
        technician,
        caretaker,
        remote,
        doubled,
        delayed,
        retained,
        malformed,
        service,
        new_keys,
        revokes,
    )
}
COMMANDS = ("remote", "doubled", "delayed", "retained", "malformed", "service")
