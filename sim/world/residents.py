"""Residents: the careful and the careless, those who change their mind, and those who mean harm.

Each kind is one function from a person to deeds; ``KINDS`` has them by the name that plans use. What kind somebody is
decides everything, so that the counters prove each was there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from locker.model import Purpose
from sim.world.people import Person
from sim.world.site import STAFF, STRANGER, Issued

if TYPE_CHECKING:
    from sim.world.world import Deeds

AFTER = ("deposited", "collected", "refused", "idle", "cancelled")


def careful(me: Person) -> Deeds:
    """Drops off, shuts the door, reads the screen, presses done."""
    code = me.deposit_code()
    door = yield from me.presents(code)
    if door:
        yield from _puts_in(me, door)
        yield from me.sees(AFTER)
        yield me.chance.randint(1000, 20_000)
        me.touch("done")


def hurried(me: Person) -> Deeds:
    """Shuts the door at once and is gone before the screen changes."""
    door = yield from me.presents(me.deposit_code())
    if door:
        me.street.put(door, me.order)
        yield from me.shuts(door)


def leaves_open(me: Person) -> Deeds:
    """Puts the papers in and goes, the door open; somebody else shuts it some day."""
    door = yield from me.presents(me.deposit_code())
    if door:
        me.street.put(door, me.order)
        yield me.chance.choice((30_000, 70_000, 200_000, 600_000, 3_600_000))
        if me.chance.random() < 0.7:
            yield from me.shuts_another(door)


def never_comes(me: Person) -> Deeds:
    """Shows a code and walks off; the door opens for nobody, or is pressed shut by the wind later."""
    code = me.deposit_code()
    me.hold(code.text, code.cti)
    yield me.chance.choice((5000, 100_000, 400_000))
    for door in me.street.doors:
        if me.street.is_open(door):
            yield from me.shuts_another(door)


def puts_nothing(me: Person) -> Deeds:
    """Says that nothing was put in, before or after shutting; sometimes that is not true."""
    door = yield from me.presents(me.deposit_code())
    if not door:
        return
    lies = me.chance.random() < 0.2
    if lies:
        me.street.put(door, me.order)
    if me.chance.random() < 0.5:
        yield 2000
        me.touch("nothing")
        yield me.chance.choice((1000, 3000, 90_000))
        me.leaves_in(door)
        yield from me.shuts(door)
        return
    yield 2000
    yield from me.shuts(door)
    yield from me.sees(AFTER)
    me.leaves_in(door)
    me.touch("nothing")


def wants_larger(me: Person) -> Deeds:
    """The compartment is too small: a larger one, asked for before or after shutting."""
    door = yield from me.presents(me.deposit_code(size=None))
    if not door:
        return
    order = me.order
    if me.chance.random() < 0.5:
        me.street.put(door, order)
        yield 1500
        yield from me.shuts(door)
        yield from me.sees(AFTER)
        yield 800
    if not me.touch("larger"):
        return
    yield 1000
    again = yield from me.until(lambda: me.street.is_open(door) and me.mine(door), 30_000)
    if not again:
        return
    if me.chance.random() < 0.9:
        me.street.take(door)
    else:
        me.leaves_in(door)
    yield 2000
    yield from me.shuts(door)
    other = yield from me.awaits_door()
    if other and other != door:
        yield from _puts_in(me, other)
        yield from me.sees(AFTER)
        me.touch("done")


def reopens(me: Person) -> Deeds:
    """Shuts, then has forgotten something: reopens, by button or by showing the code again, up to three times."""
    code = me.deposit_code()
    door = yield from me.presents(code)
    if not door:
        return
    yield from _puts_in(me, door)
    for _ in range(3):
        yield from me.sees(AFTER)
        yield me.chance.choice((3000, 5000, 20_000, 65_000))
        if not me.touch("reopen"):
            me.hold(code.text, code.cti)
        if (yield from me.until(lambda: me.street.is_open(door) and me.mine(door), 15_000)):
            yield 2000
            yield from me.shuts(door)


def comes_back(me: Person) -> Deeds:
    """Comes back with the same code, minutes or days later: if it was never used it opens the same door."""
    code = me.deposit_code(life_s=86_400)
    door = yield from me.presents(code)
    if door and me.chance.random() < 0.8:
        yield from _puts_in(me, door)
    yield me.chance.choice((20_000, 130_000, 1_800_000, 7_200_000))
    again = yield from me.presents(code, tries=1)
    if again:
        yield from _puts_in(me, again)
    me.touch("done")


def holds_on(me: Person) -> Deeds:
    """Holds the code before the scanner for many seconds, also while the door is open and when it is shut again."""
    door = yield from me.presents(me.deposit_code(), held_ms=me.chance.randint(3000, 40_000))
    if door:
        yield from _puts_in(me, door)
        yield 3000
        me.touch("done")


def late(me: Person) -> Deeds:
    """Comes with a code that has run out, or that is not valid yet."""
    wall_s = 1_790_000_000 + me.world.ms // 1000
    iat = wall_s + me.chance.choice((-9000, -4000, 4000))
    yield from me.presents(me.deposit_code(iat=iat), tries=1)


def foreigner(me: Person) -> Deeds:
    """Shows another cabinet's code, another shop's, two at once, half of one, far too much, or a setup code."""
    other = me.foreign_code()
    texts: tuple[str, ...] = (
        "https://weixin.qq.com/r/abc",
        "",
        "LK1:",
        other.text.lower(),
        other.text[:-3],
        "LK1:" + "A" * 500,
    )
    texts += (other.text * 2, "9" * 1500, "^GM65^000D=00", "LK1:" + "%" * 40)
    for text in me.chance.sample(texts, 4):
        me.hold(text)
        yield 3500
    yield from me.presents(other, tries=1)


def forger(me: Person) -> Deeds:
    """Signs codes with a key of their own, or with one that may not, or changes a character of a good one."""
    yield from me.presents(me.deposit_code(key=STRANGER), tries=1)
    yield from me.presents(me.deposit_code(key=STAFF), tries=1)
    good = me.deposit_code()
    at = me.chance.randrange(8, len(good.text))
    me.hold(good.text[:at] + ("7" if good.text[at] != "7" else "8") + good.text[at + 1 :])
    yield 4000
    doors = len(me.street.doors)
    yield from me.presents(me.code(Purpose.STAFF, door=me.chance.randint(1, doors), key=STRANGER), tries=1)


def collects(me: Person) -> Deeds:
    """Collects what lies there for their order."""
    door = yield from me.presents(_collect_code(me))
    if door:
        yield from _takes_out(me, door)
        yield from me.sees(AFTER)
        yield me.chance.randint(500, 10_000)
        me.touch("done")


def collects_late(me: Person) -> Deeds:
    """Collects, leaves the door open for long, and comes back with the collected code."""
    code = _collect_code(me, life_s=20 * 86_400)
    door = yield from me.presents(code)
    if door:
        yield me.chance.choice((65_000, 250_000))
        me.street.take(door)
        yield me.chance.choice((1000, 250_000))
        yield from me.shuts(door)
    yield me.chance.choice((5000, 90_000, 7_200_000))
    again = yield from me.presents(code, tries=1)
    if again:
        yield from _takes_out(me, again)


def types(me: Person) -> Deeds:
    """Comes without a phone and types the pick-up code of the SMS, at the first or second try; takes the item."""
    digits = me.sms()
    if digits is None:
        return
    if me.chance.random() < 0.3:
        me.type(digits[::-1] if digits != digits[::-1] else "000000")
        yield 14_000
    before = me.face()
    me.type(digits)  # its id is that of the item's load number
    yield from me.answered(before)
    door = yield from me.awaits_door()
    if door:
        yield from _takes_out(me, door)
        yield 3000
        me.touch("done")
    if me.chance.random() < 0.5:
        yield 20_000
        me.type(digits)
        yield 5000


def guesses(me: Person) -> Deeds:
    """Types numbers until the keypad is locked, and goes on."""
    for _ in range(me.chance.randint(5, 12)):
        me.type(f"{me.chance.randrange(10**6):06d}")
        yield me.chance.choice((2500, 13_000, 40_000))
        door = me.screen.door if me.screen is not None else 0
        if door in me.street.places and me.street.is_open(door):
            me.leaves_in(door)
            yield from me.shuts(door)


def phones(me: Person) -> Deeds:
    """Scans the cabinet's own code with the phone; the cloud sends a grant with that nonce, sometimes twice or too
    late.
    """
    nonce = me.nonce()
    if nonce is None:
        return
    yield me.chance.choice((1500, 4000, 100_000, 190_000))
    code, before = me.deposit_code(nonce=nonce), me.face()
    me.cti = code.cti
    me.grant(code)
    if me.chance.random() < 0.3:
        me.grant(code)
    if me.chance.random() < 0.3:
        me.grant(me.deposit_code(nonce=nonce))
    yield from me.answered(before)
    door = yield from me.awaits_door()
    if door:
        yield from _puts_in(me, door)
        yield 2000
        me.touch("done")


def leaves_in(me: Person) -> Deeds:
    """Opens their compartment and takes nothing; the cabinet must believe that it is empty."""
    door = yield from me.presents(_collect_code(me))
    if door:
        yield 3000
        me.leaves_in(door)
        yield from me.shuts(door)


def walks_off(me: Person) -> Deeds:
    """Shows a collect code and is called away: the door stands open, the item in it, until somebody shuts it."""
    door = yield from me.presents(_collect_code(me))
    if door:
        yield me.chance.choice((10_000, 100_000, 400_000))


def shares(me: Person) -> Deeds:
    """Gives the code to a neighbour, who shows it while the first visit is still going on, and again later."""
    code = _collect_code(me)
    door = yield from me.presents(code)
    if not door:
        return
    me.hold(code.text, code.cti)
    yield from _takes_out(me, door)
    yield 4000
    me.hold(code.text, code.cti)
    if (yield from me.until(lambda: me.street.is_open(door) and me.mine(door), 10_000)):
        yield from me.shuts(door)
    yield 70_000
    again = yield from me.presents(code, tries=1)
    if again:
        yield from _takes_out(me, again)


def copies(me: Person) -> Deeds:
    """A thief who photographed somebody's code shows it at once after them, and wildly touches old buttons."""
    tokens = [token for token in me.world.register.tokens.values() if token.text][-6:]
    for token in tokens[:3]:
        door = yield from me.presents(token, tries=1)
        if door:
            yield 1000
            yield from me.shuts(door)
            me.leaves_in(door)
        for button in ("reopen", "took_out", "larger", "done"):
            me.touch(button, late=1)
            yield 300


def forces(me: Person) -> Deeds:
    """Pries a door open, looks inside, and mostly leaves it open."""
    door = me.chance.choice(me.street.doors)
    me.say(f"forces {door}")
    me.world.met("fault/door_forced")
    me.street.force(door)
    yield me.chance.choice((2000, 20_000, 300_000))
    if me.chance.random() < 0.3:
        me.street.take(door)
    if me.chance.random() < 0.5:
        yield from me.shuts(door)


def passer_by(me: Person) -> Deeds:
    """Shuts whatever stands open, without a word; not what somebody is still busy with, unless power cut them short."""
    yield 1000
    busy = me.screen.door if me.screen is not None and me.screen.name != "unfinished" else 0
    for door in me.street.doors:
        if door != busy and me.street.is_open(door):
            yield from me.shuts(door)


def _collect_code(me: Person, life_s: int = 3600) -> Issued:
    return me.code(Purpose.COLLECT, order=me.order, life_s=life_s)


def _puts_in(me: Person, door: int) -> Deeds:
    yield me.chance.randint(500, 25_000)
    if me.order not in me.street.papers(door) and me.mine(door):  # it may have been opened for the next person since
        me.street.put(door, me.order)
    yield me.chance.randint(500, 5000)
    yield from me.shuts(door)


def _takes_out(me: Person, door: int) -> Deeds:
    yield me.chance.randint(500, 15_000)
    me.street.take(door)
    yield me.chance.randint(500, 5000)
    yield from me.shuts(door)


KINDS: dict[str, Callable[[Person], Deeds]] = {
    found.__name__: found
    for found in (
        careful,
        hurried,
        leaves_open,
        never_comes,
        puts_nothing,
        wants_larger,
        reopens,
        comes_back,
        holds_on,
        late,
        foreigner,
        forger,
        collects,
        collects_late,
        types,
        guesses,
        phones,
        leaves_in,
        walks_off,
        shares,
        copies,
        forces,
        passer_by,
    )
}
DEPOSITORS: tuple[str, ...] = (
    "careful",
    "hurried",
    "leaves_open",
    "never_comes",
    "puts_nothing",
    "wants_larger",
    "reopens",
)
DEPOSITORS += ("comes_back", "holds_on", "phones")
COLLECTORS = ("collects", "collects_late", "types", "types", "leaves_in", "walks_off", "shares")
ROGUES = ("late", "foreigner", "forger", "copies", "forces", "guesses")
