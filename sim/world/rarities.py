"""Those who come rarely: with codes of keys that are out of date, with codes made oddly, and with very bad luck.

Each is one function from a person to deeds, as in ``residents`` and ``staff``. What each of them shows is in the
register with what the issuer knows of it, so that the checks judge it from outside. ``EVERYBODY`` has all kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from locker.authority import base45, cose
from locker.authority.claims import AUD, ERRAND, EXP
from locker.authority.keys import kid_of
from locker.authority.token import PREFIX
from locker.model import Purpose
from sim.world import residents, rounds, staff, weather
from sim.world.people import Person
from sim.world.plan import Happening
from sim.world.site import (
    CUT_OFF,
    NOT_YET,
    OLD,
    RESIDENTS,
    RETIRED,
    STRANGER,
    WALL_MS,
    Issued,
)

if TYPE_CHECKING:
    from locker.authority.ed25519 import PrivateKey
    from sim.world.world import Deeds

DARK_MS = (2500, 5000, 9000)
LATE_MS = (4200, 4600)
"""Within these after a first pulse the second is ordered: a door that opens then is told twice."""
CHATTERS_MS = 24_000
DAY_S = 86_400


# --- keys out of date -----------------------------------------------------------------------------


def old_keys(me: Person) -> Deeds:
    """Shows codes of a key that was retired, of one that has run out, of one that is not valid yet, and some of a key
    with a cut-off, issued before it and after it.
    """
    wall_s = (WALL_MS + me.world.ms) // 1000
    for key in (RETIRED, OLD, NOT_YET):
        yield from _in_vain(me, me.deposit_code(key=key, life_s=5 * DAY_S))
    for ago_s in (wall_s - WALL_MS // 1000 + 3600, 600):
        early = me.deposit_code(
            key=CUT_OFF, iat=wall_s - ago_s, life_s=ago_s + 7200 if ago_s < 5 * DAY_S else 6 * DAY_S
        )
        yield from _uses(me, early)
    yield from _uses(me, me.deposit_code(key=CUT_OFF))


def _in_vain(me: Person, code: Issued) -> Deeds:
    """Show a code that ought to open nothing; whatever opens all the same is shut again."""
    door = yield from me.presents(code, tries=1)
    if door:
        yield from me.shuts_another(door)
    yield 3500


def _uses(me: Person, code: Issued) -> Deeds:
    """Show a code that may be good, and drop something off."""
    door = yield from me.presents(code)
    if door:
        me.street.put(door, me.order)
        yield 2000
        yield from me.shuts(door)
        yield from me.sees(residents.AFTER)
        me.touch("done")
    yield 3500


# --- codes made oddly -----------------------------------------------------------------------------


def odd_codes(me: Person) -> Deeds:
    """An issuer gone wrong: codes that its key has signed and that break one rule each, of header, claims or form."""
    for make in me.chance.sample(ODD, 4):
        good = me.deposit_code()
        text = _resigned(good, RESIDENTS, *make)
        me.world.register.spoil(good.cti, text)
        me.hold(text, good.cti)
        yield 4000
    forged = me.deposit_code()
    text = _resigned(forged, STRANGER)
    me.world.register.spoil(forged.cti, text)
    me.hold(text, forged.cti)
    yield 4000
    for door in me.street.doors:
        if me.street.is_open(door) and me.mine(door):
            yield from me.shuts_another(door)


def _header(more: dict[int, Any]) -> tuple[Callable[[dict[int, Any]], bytes], Callable[[dict[int, Any]], bytes]]:
    return (lambda header: cose.encode(header | more)), cose.encode


def _claims(more: dict[int, Any]) -> tuple[Callable[[dict[int, Any]], bytes], Callable[[dict[int, Any]], bytes]]:
    return cose.encode, (lambda claims: cose.encode(claims | more))


def _turned(claims: dict[int, Any]) -> bytes:
    """The map with its last entry first: the same claims in another form."""
    entries = [cose.encode(key) + cose.encode(value) for key, value in claims.items()]
    return bytes([0xA0 + len(entries)]) + b"".join([entries[-1], *entries[:-1]])


def _long(claims: dict[int, Any]) -> bytes:
    """The map's head in two bytes where one would do."""
    encoded = cose.encode(claims)
    return bytes([0xB8, encoded[0] & 0x1F]) + encoded[1:]


ODD = (
    _header({cose.ALG: cose.ED25519}),
    _header({3: 0}),
    _claims({EXP: 1 << 40}),
    _claims({ERRAND: [9, 0, b"A", 0]}),
    _claims({AUD: 7}),
    _claims({99: 1}),
    (cose.encode, _turned),
    (cose.encode, _long),
)
"""How header and claims are encoded, each a way to break one rule."""


def _resigned(
    good: Issued,
    key: PrivateKey,
    header: Callable[[dict[int, Any]], bytes] = cose.encode,
    claims: Callable[[dict[int, Any]], bytes] = cose.encode,
) -> str:
    """A good code's content, encoded so and signed with this key under the id of the residents' key."""
    message = cose.decode(base45.decode(good.text.encode()[len(PREFIX) :]))
    protected = header({cose.ALG: cose.EDDSA, cose.KID: kid_of(RESIDENTS.public)})
    payload = claims(cose.decode_map(message.payload))
    signature = key.sign(cose.to_be_signed(protected, payload))
    return PREFIX.decode() + base45.encode(cose.encode_message(protected, payload, signature))


def twins(me: Person) -> Deeds:
    """The issuer has given one id to two codes: the second, of another order, is shown when the first was taken."""
    first = me.deposit_code()
    door = yield from me.presents(first)
    if door:
        me.street.put(door, me.order)
        yield from me.shuts(door)
    if first.cti not in me.scene.story.bound:
        return
    yield me.chance.choice((4000, 70_000))
    twin = me.world.register.twin(first, "T" + me.order)
    me.hold(twin, first.cti)
    yield 5000


# --- bad luck -------------------------------------------------------------------------------------


def dawdles(me: Person) -> Deeds:
    """Wants a larger compartment, empties the first one and stands there talking; shuts it after the reminder. The
    larger one is perhaps not quite shut and springs open again.
    """
    door = yield from me.presents(me.code(Purpose.DEPOSIT, order=me.order))
    if not door or not me.touch("larger"):
        return
    yield me.chance.choice((64_000, 90_000))
    yield from me.shuts(door)
    other = yield from me.awaits_door()
    if other and other != door:
        me.street.put(other, me.order)
        yield 2000
        yield from me.shuts(other)
        if me.chance.random() < 0.5 and (yield from me.sees(("deposited",))):
            me.say(f"has not quite shut {other}")
            me.street.force(other)
            yield 3000
            yield from me.shuts(other)


def dark_while_emptying(me: Person) -> Deeds:
    """Empties a compartment that is too small, and the board has no power meanwhile; shuts it then, or later."""
    door = yield from me.presents(me.code(Purpose.DEPOSIT, order=me.order))
    if not door or not me.touch("larger"):
        return
    yield 1000
    for_ms = me.chance.choice(DARK_MS)
    _dark(me, door, for_ms)
    if me.chance.random() < 0.5:
        yield 1500
        yield from me.shuts(door)
    yield for_ms + 3000
    yield from me.shuts(door)
    other = yield from me.awaits_door()
    if other and other != door:
        me.street.put(other, me.order)
        yield 2000
        yield from me.shuts(other)


def lays_in_unseen(me: Person) -> Deeds:
    """The board's power goes with the pulse: the door springs open unseen, papers are laid in, and it is shut again."""
    code, door = me.code(Purpose.DEPOSIT, order=me.order), 0
    me.hold(code.text, code.cti)
    for _ in range(300):
        door = next((door for door in me.street.doors if _orders(me, door, code)), 0)
        if door:
            break
        yield 20
    else:
        return
    for _ in range(200):  # a hook takes its time to let go; the machine sees the leaf a moment later
        if me.street.is_open(door):
            break
        yield 2
    else:
        return
    _dark(me, door, me.chance.choice((6000, 9000, 20_000)))
    me.street.put(door, me.order)
    yield 1000
    yield from me.shuts(door)
    if (yield from me.until(lambda: me.is_let_in() not in (0, door), 12_000)):
        other = me.is_let_in()
        yield 2000
        yield from me.shuts(other)  # with nothing left to put in


def dark_while_jammed(me: Person) -> Deeds:
    """Stands before a door that holds against three pulses, and the board's power goes with one of them, perhaps for a
    moment only.
    """
    door = _a_free_door(me)
    if not door:
        return
    board, channel = me.street.places[door]
    me.world.met("fault/door_jams")
    me.street.bodies[board].jam(channel, 3)
    code = me.code(Purpose.DEPOSIT, order=me.order, door=door)
    me.hold(code.text, code.cti)
    pulses = me.chance.choice((1, 2, 3, 3))
    if (yield from me.until(lambda: _orders(me, door, code) >= pulses, 20_000)):
        yield me.chance.choice((100, 400, 800))
        _dark(me, door, me.chance.choice((600, 4000)))
    yield 8000
    me.street.bodies[board].jam(channel, 0)


def _orders(me: Person, door: int, code: Issued) -> int:
    permit = me.scene.story.permits.get(door)
    return permit.orders if permit is not None and permit.row.cti == code.cti else 0


def _dark(me: Person, door: int, for_ms: int) -> None:
    """The board of this door is without power from now on."""
    board = me.street.places[door][0]
    if me.world.street.boards[board].powered:
        found = Happening(number=me.happening.number, at_ms=me.world.ms, what="board_off", args={})
        found.args.update(board=board, for_ms=for_ms)
        me.world.live(me.world.overlap.during(weather.board_off(me.world, found)))


def _a_free_door(me: Person) -> int:
    """A door behind which nothing lies, 0 for none: whoever issues the code knows the cloud's books."""
    free = [d for d in me.street.doors if not me.street.papers(d) and not me.street.is_open(d)]
    free = [d for d in free if d not in me.world.cloud.held]
    return me.chance.choice(free) if free else 0


def just_in_time(me: Person) -> Deeds:
    """Stands before a door that sticks and gives way when the next pulse is ordered; its board is slow to answer."""
    door = _a_free_door(me)
    if not door:
        return
    board, channel = me.street.places[door]
    me.world.met("fault/door_opens_late")
    me.world.met("fault/board_late_reply")
    me.world.live(_slow_answers(me, board))
    me.street.bodies[board].open_late(channel, me.chance.randint(*LATE_MS))
    found = yield from me.presents(me.code(Purpose.DEPOSIT, order=me.order, door=door), tries=1)
    me.street.bodies[board].open_late(channel, 0)
    if found:
        me.street.put(found, me.order)
        yield 1500
        yield from me.shuts(found)


def _slow_answers(me: Person, board: int) -> Deeds:
    """Around the second pulse each answer of the board takes its time, so that an order has to wait for one."""
    me.world.faults_begin("board")
    yield LATE_MS[0]
    for _ in range(25):
        me.street.boards[board].late_reply_ms = 60
        yield 30
    me.street.boards[board].late_reply_ms = 0
    me.world.faults_end("board")


def hammers(me: Person) -> Deeds:
    """A technician opens and shuts one door again and again until the cabinet has had enough of it."""
    door = _a_free_door(me)
    for _ in range(9):
        if not door:
            return
        yield from staff.opens(me, door, "left_in", purpose=Purpose.TECHNICIAN)
        yield 600


def looks_twice(me: Person) -> Deeds:
    """Staff open a full compartment, are perhaps called away until the reminder, and shut it; the hook does not quite
    catch, and the door springs open again while the screen asks what became of the item.
    """
    door = me.chance.choice(sorted(me.world.cloud.held) or [0])
    if not door or (yield from me.presents(me.code(Purpose.STAFF, door=door))) != door:
        return
    yield me.chance.choice((1500, 64_000, 90_000))
    yield from me.shuts(door)
    if not (yield from me.sees(("staff_question",), 4000)):
        return
    yield 1000
    me.say(f"has not quite shut {door}")
    me.street.force(door)
    yield 3000
    yield from me.shuts(door)
    if (yield from me.sees(("staff_question",), 4000)):
        me.touch("left_in")


def loose_switch(me: Person) -> Deeds:
    """A technician opens a door whose switch has come loose, has it put in service again unseen, then mends it."""
    door = _a_free_door(me)
    if not door:
        return
    leaves_open = me.chance.random() < 0.5
    if leaves_open:
        me.say(f"forces {door}")
        me.world.met("fault/door_forced")
        me.street.force(door)
        yield 12_000
    me.world.live(_chatters(me, door))
    code = me.code(Purpose.TECHNICIAN, door=door)
    me.hold(code.text, code.cti)
    yield 16_000
    for _ in range(2):
        staff.send(me, "service", args={"door": door, "in_service": True})
        yield 3000
    if not leaves_open:
        yield from me.shuts(door)
    yield CHATTERS_MS - 22_000 + 6000
    yield from me.shuts(door)
    yield 5000
    if staff.is_clear(me, door):
        staff.send(me, "service", args={"door": door, "in_service": True})


def _chatters(me: Person, door: int) -> Deeds:
    """A switch says something else each time it is asked, for a while."""
    board, channel = me.street.places[door]
    body = me.street.bodies[board]
    me.world.met("fault/sensor_flickers")
    me.world.faults_begin("sensor")
    body.chatter(channel)
    yield CHATTERS_MS
    body.chatter(channel, False)
    me.world.faults_end("sensor")


KINDS: dict[str, Callable[[Person], Deeds]] = {
    found.__name__: found
    for found in (
        old_keys,
        odd_codes,
        twins,
        dawdles,
        dark_while_emptying,
        lays_in_unseen,
        dark_while_jammed,
        just_in_time,
        hammers,
        looks_twice,
        loose_switch,
    )
}
EVERYBODY: dict[str, Callable[[Person], Deeds]] = residents.KINDS | staff.KINDS | rounds.KINDS | KINDS
"""Every kind of person, by the name that plans use."""
