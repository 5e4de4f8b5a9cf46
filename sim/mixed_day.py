"""The mixed day: residents and staff at one cabinet, from opening until nine days later; checked from outside.

Residents' visits are those of the scripted day, staff's chores those of the staff's day; here is what happens where
the two meet: somebody comes in the middle of a chore, or at the menu, or before the recall. After each of them what the
events say of every door is what really lies there. Each chapter is a function whose docstring is its title. Seeded: the
order, who comes, what is loaded, all keys. Must never look into the controller's files.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sim.day import act_out
from sim.day_authority import (
    keypad_locks,
    mistyped_code,
    phone_first,
    power_cut_voids_the_invitation,
    revoked,
    typed_code,
)
from sim.day_power import power_cut_at_open_door, power_cut_idle, power_cut_while_collecting
from sim.day_troubles import (
    board_unplugged,
    jammed_so_another,
    jammed_until_pressed,
    jammed_with_an_item,
    left_open_a_while,
    network_off,
    remote_opening,
    retained_before_the_start,
    scanner_unplugged,
)
from sim.day_visits import (
    VISITS,
    busy,
    collect,
    collect_twice,
    drop_off_any,
    drop_off_low,
    drop_off_medium,
    drop_off_small,
    larger_at_open_door,
    next_person,
    nothing_put_in,
    same_order_twice,
    staff_takes_it_out,
)
from sim.demo import Demo
from sim.demo_codes import Code
from sim.mixed_people import Anybody
from sim.staff_day import TAKE, Day, audit, by_hand, hand_over, nine_days_pass, no_key, power_cut, reassign, right_one
from sim.staff_day import service as out_of_service
from sim.staff_people import FANG

Chapter = Callable[[Day, Anybody], None]
Step = Callable[[Anybody], None]

WRONG_CODES = tuple(visit for visit in VISITS if visit.__name__.startswith("refused_"))
LOADED_MAX = 7
"""With more certificates than that, one is collected before the next are loaded: residents need doors, too."""


def play(demo: Demo, seed: int) -> int:
    """Play the day and print it; 0 when every visit, every chore and every invariant held, 1 otherwise."""
    return act_out(demo, seed, Anybody(demo), mixed_order(seed))


def mixed_order(seed: int) -> list[Step]:
    """Residents and staff in an order of chance; the start comes first, nine days later and the locked keypad last."""
    day, chance = Day(seed), Random(seed)
    middle = [*(checked(visit) for visit in RESIDENTS), *(chapter_of(day, chore) for chore in CHORES)]
    chance.shuffle(middle)
    last = [chapter_of(day, overdue), checked(keypad_locks)]
    return [checked(retained_before_the_start), *middle, *last]


def chapter_of(day: Day, chapter: Chapter) -> Step:
    """A chapter as a visit: with the day's chance, and its title."""

    def step(who: Anybody) -> None:
        chapter(day, who)

    step.__doc__ = chapter.__doc__
    return checked(step)


def checked(visit: Step) -> Step:
    """A visit after which the events are compared with what really lies behind every door."""

    def step(who: Anybody) -> None:
        visit(who)
        who.sees("idle")
        who.knows_books()

    step.__doc__ = visit.__doc__
    return step


# --- where the two meet ---------------------------------------------------------------------------


def in_the_middle(day: Day, who: Anybody) -> None:
    """A resident comes while staff load: told to wait, served at the menu; staff go on with the same code"""
    code = who.issuer.deposit("S")
    who.starts()
    who.chooses("load")
    who.loads(_label(day, who))
    who.told_to_wait(code)
    who.chooses("back")
    who.drops_off(code)
    who.hears("duty_ended", why="next_person", by=FANG)
    who.leaves()
    who.starts()
    who.hears("duty_started", by=FANG, again=True)
    who.chooses("load")
    who.loads(_label(day, who))
    who.finishes()
    who.is_refused(code, "spent")


def owner_at_the_menu(day: Day, who: Anybody) -> None:
    """The owner of a loaded certificate comes with a QR code while staff stand at the menu"""
    stocks(day, who)
    door = right_one(day, who)
    order = who.really[door]
    code = who.issuer.collect(order)
    who.starts()
    who.collects_by_token(order, door, code)
    who.hears("duty_ended", why="next_person", by=FANG)
    who.starts()
    who.finishes()
    who.is_refused(code, "spent")


def owner_types(day: Day, who: Anybody) -> None:
    """The owner of a loaded certificate wants to type: no keypad while staff are there, then it opens, and once only"""
    stocks(day, who)
    door = right_one(day, who)
    order = who.really[door]
    digits = who.sms(order, door)
    who.starts()
    who.is_true(not who.screen["digits"], "the menu of staff takes a pick-up code")
    who.finishes()
    who.collects_by_code(order, door)
    who.types_in_vain(digits)


def phone_in_the_middle(day: Day, who: Anybody) -> None:
    """A resident has scanned the screen's code, and staff begin: the grant over the network opens nothing"""
    who.until(lambda: bool(who.demo.invited), "an invitation on the screen")
    nonce, pulses = who.demo.phone.nonce("now"), len(who.street.unlocks())
    who.starts()
    answer = who.demo.phone.sends_grant(nonce) or {}
    who.is_true(answer.get("reason") == "staff_at_work", f"a grant over the network while staff are there got {answer}")
    who.is_true(len(who.street.unlocks()) == pulses, "a grant over the network moved a coil while staff were there")
    who.sees("duty_menu")
    who.finishes()


def take_out(day: Day, who: Anybody) -> None:
    """Staff take submissions out and leave one; at an open door a resident is told to wait, and served afterwards"""
    stocks(day, who, submissions=3)
    code, left = who.issuer.deposit("S"), day.chance.choice(who.shelf)
    before, waiting = list(who.shelf), [code]

    def at(door: int) -> None:
        if waiting:
            who.told_to_wait(waiting.pop())
        who.sees(*TAKE, door=door)
        if door != left.door:
            who.lifts(door)
        who.chooses("not_taken" if door == left.door else "took_out")

    who.starts()
    who.chooses("take_out", "start")
    who.at_each_door(TAKE, at, "duty_round_done")
    who.finishes()
    taken = [item for item in before if item not in who.shelf]
    who.knows_books()
    who.is_true(len(who.events("taken_out")) == len(taken) >= 2, f"{len(taken)} were lifted, the events say otherwise")
    who.is_refused(who.issuer.collect(taken[0].order), "unknown_order")
    who.drops_off(code)
    who.leaves()
    if left in who.shelf:
        who.collects(left)


def power_cut_in_a_round(day: Day, who: Anybody) -> None:
    """Power cut at the open door of a round: nothing opens; a resident is served, then staff go on with the rest"""
    stocks(day, who, submissions=3)
    who.starts()
    who.chooses("take_out", "start")
    door = int(who.sees(*TAKE)["door"])
    who.opens(door)
    who.lifts(door)
    pulses = len(who.street.unlocks())
    who.demo.controller.kill()
    who.hears("started")
    who.hears("duty_ended", why="restart", by=FANG)
    who.sees("unfinished", door=door)
    who.shuts(door)
    who.sees("staff_question", door=door)
    who.is_true(len(who.street.unlocks()) == pulses, "a start moved a coil")
    who.touches("took_out")
    who.hears("taken_out", door=door)
    who.sees("idle")
    later = day.chance.choice(who.shelf)
    who.collects(later)

    def at(door: int) -> None:
        who.sees(*TAKE, door=door)
        who.chooses("took_out" if who.lifts(door) else "was_empty")

    who.starts()
    who.chooses("go_on")
    who.at_each_door(TAKE, at, "duty_round_done")
    who.finishes()
    who.is_true(not who.shelf, f"the round left {who.shelf}")


def larger_and_back(day: Day, who: Anybody) -> None:
    """Loading: taken back at once, then loaded again, and its owner comes a moment later"""
    label = _label(day, who)
    who.starts()
    who.chooses("load")
    first = who.loads(label)
    who.chooses("undo")
    who.opens(first)
    who.sees("duty_take_back", door=first)
    who.lifts(first)
    who.shuts(first)
    who.chooses("took_out")
    who.hears("unloaded", door=first)
    door = who.loads(who.issuer.label(label.order, "M"))
    who.chooses("back")
    who.collects_by_token(label.order, door)


def audited(day: Day, who: Anybody) -> None:
    """Two envelopes go wrong while loading, a resident comes in between, and the audit of all 24 doors finds both"""
    stocks(day, who, submissions=1)
    day.stranger = who.issuer.label()
    who.starts()
    who.chooses("load")
    day.gone = who.loads(_label(day, who), "left on the desk", inside="")
    day.swapped = who.loads(_label(day, who), "another envelope", inside=day.stranger.order)
    who.chooses("back")
    who.collects(who.shelf[0])
    audit(day, who)


def overdue(day: Day, who: Anybody) -> None:
    """Nine days later: owners collect just before the recall, by code and at the menu; then the rest is recalled"""
    stocks(day, who, certificates=5, submissions=1)
    nine_days_pass(who.demo)
    held = len(who.lying())
    who.demo.cloud.wait_for(lambda: len(who.events("overdue")) >= held, 90.0)
    who.is_true(len(who.events("overdue")) == held, f"{held} lie here; overdue are {len(who.events('overdue'))}")
    who.badges.clear()
    orders = {door: order for door, order in who.really.items() if who.street.papers(door) == [order]}
    doors = day.chance.sample(sorted(orders), 3)
    who.starts()
    who.chooses("recall")
    listed = {row["door"] for row in who.sees("duty_recall")["rows"]}
    who.is_true(listed == set(who.lying()), f"to be recalled are {listed}")
    who.finishes()
    who.collects_by_code(orders[doors[0]], doors[0])
    who.starts()
    who.collects_by_token(orders[doors[1]], doors[1])
    recalled = _recalls_but_one(who, orders[doors[2]], doors[2])
    who.knows_books()
    kept = {orders[door].encode().hex() for door in doors}
    told = {event["data"]["item"] for event in who.events("recalled")}
    who.is_true(not kept & told, "an item was recalled that its owner had taken")
    who.is_true(not who.lying(), f"these are left: {who.lying()}")
    gone = next(order for order in recalled if order not in kept)
    who.is_refused(who.issuer.collect(bytes.fromhex(gone).decode()), "unknown_order")


def _recalls_but_one(who: Anybody, order: str, door: int) -> list[str]:
    """Recall all; an owner who comes meanwhile is told to wait, served between two doors; the orders recalled."""
    code = who.issuer.collect(order)

    def last(at_door: int) -> None:
        if at_door != door:
            who.told_to_wait(code)
            who.chooses("last_one")
            who.lifts(at_door)
            who.chooses("took_out")
        else:  # their own is the first to be opened: it is left there for them
            who.chooses("last_one", "not_taken")

    def at(at_door: int) -> None:
        who.lifts(at_door)
        who.sees(*TAKE, door=at_door)
        who.chooses("took_out")

    who.starts()
    who.chooses("recall", "all")
    who.at_each_door(TAKE, last, "duty_round_done")
    who.chooses("back")
    who.collects_by_token(order, door, code)
    who.starts()
    who.chooses("recall", "all")
    who.at_each_door(TAKE, at, "duty_round_done")
    who.finishes()
    return [str(event["data"]["item"]) for event in who.events("recalled")]


# --- what there has to be for a chapter -----------------------------------------------------------


def stocks(day: Day, who: Anybody, certificates: int = 2, submissions: int = 0) -> None:
    """See to it that so many certificates and submissions lie here, and not so many that nobody else finds a door."""
    while len(who.really) > LOADED_MAX:
        door = day.chance.choice(sorted(who.really))
        who.collects_by_code(who.really[door], door)
    if len(who.really) < certificates:
        who.starts()
        who.chooses("load")
        for _ in range(certificates - len(who.really)):
            who.loads(_label(day, who))
        who.finishes()
    while len(who.shelf) < submissions:
        who.drops_off(who.issuer.deposit("S"))
        who.leaves()


def by_their_hand(chapter: Chapter) -> Chapter:
    """A chapter of the staff's day that needs a certificate."""

    def step(day: Day, who: Anybody) -> None:
        stocks(day, who)
        chapter(day, who)

    step.__doc__ = chapter.__doc__
    return step


def _label(day: Day, who: Anybody) -> Code:
    return who.issuer.label(size=day.chance.choice("SMM"))


RESIDENTS: tuple[Step, ...] = (
    drop_off_small,
    drop_off_small,
    drop_off_medium,
    drop_off_low,
    drop_off_any,
    larger_at_open_door,
    nothing_put_in,
    collect,
    collect_twice,
    same_order_twice,
    busy,
    next_person,
    staff_takes_it_out,
    *WRONG_CODES,
    typed_code,
    mistyped_code,
    phone_first,
    revoked,
    jammed_until_pressed,
    jammed_so_another,
    jammed_with_an_item,
    left_open_a_while,
    network_off,
    board_unplugged,
    scanner_unplugged,
    remote_opening,
    power_cut_idle,
    power_cut_at_open_door,
    power_cut_while_collecting,
    power_cut_voids_the_invitation,
)
"""Visits of the scripted day."""

CHORES: tuple[Chapter, ...] = (
    in_the_middle,
    owner_at_the_menu,
    owner_types,
    phone_in_the_middle,
    take_out,
    power_cut_in_a_round,
    larger_and_back,
    audited,
    no_key,
    power_cut,
    out_of_service,
    hand_over,
    by_their_hand(reassign),
    by_their_hand(by_hand),
)
"""Chapters of this day, and of the staff's."""
