"""Staff at work in a world: certificates are loaded, collected, recalled and audited there, and the checks look on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from world_stand import Stand

from locker.duty import opening_id
from locker.model import Purpose
from sim.world.campaign import play
from sim.world.casts import CASTS
from sim.world.checks_books import MORE
from sim.world.company import plan_of, seeds
from sim.world.site import Issued

CHORES = ("loaded", "unloaded", "load_given_up", "taken_out", "handed_out", "reassigned", "audited")
MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A stand at which the further checks look on as well, and a duty has begun with the first token."""
    return Stand(tmp_path, MORE)


def _badge(stand: Stand, **more: object) -> Issued:
    return stand.token(Purpose.STAFF, order="", door=0, **more)


def _begins(stand: Stand) -> Issued:
    """Somebody shows their code, and is at work."""
    badge = _badge(stand)
    stand.scene.shown[badge.cti] = stand.ms
    stand.claim(badge, 0)
    stand.row("duty_started", 0, **stand.fields(badge, again=False))
    return badge


def _opening(stand: Stand, badge: Issued, order: str = "", number: int = 0) -> Issued:
    """The authority of one opening of a duty, as the cloud can work it out."""
    cti = opening_id(bytes.fromhex(badge.cti), number).hex()
    stand.register.opening(cti, badge.cti, order)
    return stand.register.tokens[cti]


def _grants(stand: Stand, badge: Issued, door: int = 1, order: str = "", **more: object) -> Issued:
    """A door is opened in a duty."""
    opening = _opening(stand, badge, order)
    stand.claim(opening, door)
    stand.row("granted", door, **stand.fields(opening, duty=badge.cti, **more))
    return opening


def _well(stand: Stand) -> None:
    """A label is held up, a door opens for it, it is shut, the item is said to lie there; the duty is ended by hand."""
    badge = _begins(stand)
    stand.register.labelled.add("E1")
    opening = _grants(stand, badge, order="E1")
    stand.order()
    stand.opens(opening)
    stand.ms += 2000
    stand.shuts(opening)
    stand.row("shut", 1, **stand.fields(opening, duty=badge.cti))
    stand.row("loaded", 1, **stand.fields(opening, duty=badge.cti, load=1))
    stand.claim(badge, 0, spent=True)
    stand.row("duty_ended", 0, **stand.fields(badge, why="finished"))


def test_a_load_as_it_should_be_is_nothing_to_object_to(stand: Stand) -> None:
    """From the code at the scanner to the end by hand: no check objects."""
    _well(stand)
    assert not stand.breaches()


def _a_technicians_code(stand: Stand) -> None:
    code = stand.token(Purpose.TECHNICIAN, order="", door=3)
    stand.claim(code, 0)
    stand.row("duty_started", 0, **stand.fields(code))


def _begins_again(stand: Stand) -> None:
    _well(stand)
    badge = next(token for token in stand.register.tokens.values() if not token.duty)
    stand.row("duty_started", 0, **stand.fields(badge, again=True))


def _not_spent(stand: Stand) -> None:
    badge = _begins(stand)
    stand.row("duty_ended", 0, **stand.fields(badge, why="finished"))


def _not_shown(stand: Stand) -> None:
    badge = _badge(stand)
    stand.claim(badge, 0)
    stand.row("duty_started", 0, **stand.fields(badge, again=False))


def _for_another_label(stand: Stand) -> None:
    badge = _begins(stand)
    stand.register.labelled |= {"E1", "E2"}
    _grants(stand, badge, order="E1")
    stand.row("loaded", 1, order=b"E2".hex(), load=1, task="load")


def _beside(stand: Stand) -> None:
    _begins(stand)
    stand.grant(stand.token())


def _when_it_is_over(stand: Stand) -> None:
    badge = _begins(stand)
    stand.row("duty_ended", 0, **stand.fields(badge, why="inactive"))
    _grants(stand, badge)


def _after_a_start(stand: Stand) -> None:
    badge = _begins(stand)
    stand.row("started")
    _grants(stand, badge)


def _in_anothers_name(stand: Stand) -> None:
    _grants(stand, _begins(stand), by="staff-1")


def _expired(stand: Stand) -> None:
    badge = _begins(stand)
    stand.ms += 2 * 3_600_000
    stand.scene.touched["start"] = stand.ms
    _grants(stand, badge)


def _revoked(stand: Stand) -> None:
    badge = _begins(stand)
    stand.register.revoked[badge.cti] = 3
    stand.row("revoked_changed", 0, version=3)
    _grants(stand, badge)


@pytest.mark.parametrize(
    "wrong",
    [
        _a_technicians_code,
        _not_shown,
        _begins_again,
        _not_spent,
        _beside,
        _when_it_is_over,
        _after_a_start,
        _in_anothers_name,
        _expired,
        _revoked,
    ],
)
def test_the_duty_has_to_hold(stand: Stand, wrong: Callable[[Stand], None]) -> None:
    """Each of these is a breach of ``duty_holds``."""
    wrong(stand)
    assert "duty_holds" in {breach.check for breach in stand.breaches()}


def _revoked_and_ordered(stand: Stand) -> None:
    _revoked(stand)
    stand.order()


def _ordered_under_no_number(stand: Stand) -> None:
    """The id of an opening that does not follow from the duty's token: nobody has issued it."""
    badge = _begins(stand)
    stand.register.opening("ab" * 16, badge.cti, "")
    stand.row("granted", 1, purpose="staff", cti="ab" * 16, duty=badge.cti, by="staff-7", source="scanner", order="")
    stand.order()


def _ordered_for_no_label(stand: Stand) -> None:
    """A door is opened for an order whose label nobody has held up."""
    badge = _begins(stand)
    _opening(stand, badge, "E9")
    _grants(stand, badge, order="E9")
    stand.row("granted", 1, **stand.fields(_opening(stand, badge), duty=badge.cti) | {"order": b"E9".hex()})
    stand.order()


@pytest.mark.parametrize("wrong", [_revoked_and_ordered, _ordered_under_no_number, _ordered_for_no_label])
def test_an_opening_in_a_duty_needs_its_authority_like_any_other(stand: Stand, wrong: Callable[[Stand], None]) -> None:
    """Each of these is a breach of ``authority_first`` when the order leaves the machine."""
    wrong(stand)
    assert "authority_first" in {breach.check for breach in stand.breaches()}


def _laid_while_open(stand: Stand) -> None:
    badge = _begins(stand)
    stand.register.labelled.add("E1")
    opening = _grants(stand, badge, order="E1")
    stand.opens(opening)
    stand.row("loaded", 1, **stand.fields(opening, duty=badge.cti, load=1))


def _laid_without_a_label(stand: Stand) -> None:
    stand.row("loaded", 1, order=b"E7".hex(), load=1)


def _behind_two_doors(stand: Stand) -> None:
    stand.register.labelled.add("E1")
    stand.row("loaded", 1, order=b"E1".hex(), load=1)
    stand.row("loaded", 2, order=b"E1".hex(), load=2)


def _recalled_early(stand: Stand) -> None:
    stand.row("recalled", 1, item=b"E1".hex())


@pytest.mark.parametrize(
    "wrong", [_laid_while_open, _laid_without_a_label, _for_another_label, _behind_two_doors, _recalled_early]
)
def test_what_is_said_to_lie_there_was_seen_to(stand: Stand, wrong: Callable[[Stand], None]) -> None:
    """Each of these is a breach of ``laid_when_shut``."""
    wrong(stand)
    assert "laid_when_shut" in {breach.check for breach in stand.breaches()}


def _by_itself(stand: Stand) -> None:
    """A door is opened in a duty in which nobody has done anything for a minute."""
    badge = _begins(stand)
    stand.ms += MINUTE_MS
    _grants(stand, badge)


def test_no_door_of_a_duty_opens_by_itself(stand: Stand) -> None:
    """A breach of ``restarts_open_nothing``; a door that was shut just before is a reason."""
    _by_itself(stand)
    assert "restarts_open_nothing" in {breach.check for breach in stand.breaches()}


def _shut_after(stand: Stand, ms: int) -> Issued:
    """A door of a round is seen shut so long after it was seen open; then the next one is granted."""
    badge = _begins(stand)
    first = _grants(stand, badge, 2)
    stand.opens(first, 2, swing=False)
    stand.row("opened", 2, **stand.fields(first, duty=badge.cti))
    stand.ms += ms
    stand.row("shut", 2, **stand.fields(first, duty=badge.cti))
    stand.claim(_opening(stand, badge, number=1), 1)
    stand.row("granted", 1, **stand.fields(_opening(stand, badge, number=1), duty=badge.cti))
    return badge


def test_the_next_door_of_a_round_may_follow_a_shut_one_while_staff_are_there(stand: Stand) -> None:
    """A round goes on when its door is shut, as long as staff are held to be there; after that it is a breach."""
    _shut_after(stand, MINUTE_MS)
    assert "restarts_open_nothing" not in {breach.check for breach in stand.breaches()}


def test_a_round_that_was_left_does_not_go_on_by_itself(stand: Stand) -> None:
    """Three minutes after the last touch it may be anybody who shuts the door."""
    _shut_after(stand, 3 * MINUTE_MS)
    assert "restarts_open_nothing" in {breach.check for breach in stand.breaches()}


def _claimed_and_moved(stand: Stand, bound_to: int) -> None:
    """An owner's code is claimed for door 1 and not spent; staff lay the item behind door 3."""
    badge = _begins(stand)
    stand.register.labelled.add("E1")
    stand.row("loaded", 1, order=b"E1".hex(), load=1)
    stand.row("duty_ended", 0, **stand.fields(badge, why="inactive"))
    code = stand.token(Purpose.COLLECT, order="E1")
    stand.grant(code)
    stand.row("jammed", 1, **stand.fields(code))
    again = _begins(stand)
    stand.row("taken_out", 1, **stand.fields(_opening(stand, again), duty=again.cti, item=b"E1".hex(), why="reassign"))
    stand.claim(code, bound_to)
    stand.row("reassigned", 3, order=b"E1".hex(), load=1, **{"from": 1})


@pytest.mark.parametrize(("bound_to", "breached"), [(3, False), (1, True)])
def test_an_owners_code_goes_with_the_item(stand: Stand, bound_to: int, breached: bool) -> None:
    """Staff who move an item may not leave behind the code that was claimed for its old door (invariant 3)."""
    _claimed_and_moved(stand, bound_to)
    assert ("spent_opens_nothing" in {breach.check for breach in stand.breaches()}) is breached


def test_no_door_is_opened_to_lay_an_item_on_anothers(stand: Stand) -> None:
    """An order to put an envelope in, at a door behind which something lies: a breach of ``own_order_only``."""
    stand.visit()
    badge = _begins(stand)
    stand.register.labelled.add("E1")
    _grants(stand, badge, order="E1")
    stand.order()
    assert "own_order_only" in {breach.check for breach in stand.breaches()}


def test_an_item_behind_an_open_door_may_get_its_right_owner(stand: Stand) -> None:
    """It lay there already, and somebody has left the door open: no breach of ``laid_when_shut`` (world 3500056)."""
    stand.register.labelled |= {"E1", "E2"}
    stand.row("loaded", 1, order=b"E1".hex(), load=1)
    stand.row("opened", 1, **stand.fields(_opening(stand, _begins(stand))))
    stand.row("reassigned", 1, order=b"E2".hex(), load=2, item=b"E1".hex(), **{"from": 1})
    assert "laid_when_shut" not in {breach.check for breach in stand.breaches()}


def test_a_moved_item_that_is_overdue_may_be_recalled(stand: Stand) -> None:
    """What was overdue behind one door is so behind the next: no breach of ``laid_when_shut``."""
    stand.register.labelled.add("E1")
    stand.row("overdue", 1, order=b"E1".hex())
    stand.row("reassigned", 3, order=b"E1".hex(), **{"from": 1})
    stand.row("recalled", 3, item=b"E1".hex())
    assert "laid_when_shut" not in {breach.check for breach in stand.breaches()}


def test_staff_load_and_owners_collect_in_a_world() -> None:
    """In the first world of the cast of duties every chore is done, an owner types the code of a certificate that staff
    have loaded, and nothing breaks.
    """
    counts: dict[str, int] = {}
    for seed in seeds(CASTS["duties"], 2):
        print(f"seed {seed}")
        outcome = play(plan_of(seed, CASTS["duties"]), kept=400)
        assert outcome.good, (outcome.breaches[:2], outcome.error)
        for name, often in outcome.counts.items():
            counts[name] = counts.get(name, 0) + often
    missing = [kind for kind in CHORES if not counts.get(f"event/{kind}")]
    assert not missing, missing
    assert counts["total/certificates"], "no owner has collected a certificate that staff had loaded"
