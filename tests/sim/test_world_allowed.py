"""What the checks of the books must allow: found by reading them, not by any world.

Each of these was objected to once, though the program was right; a little later, or elsewhere, it is a breach.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from world_stand import Stand

from locker.model import Purpose
from sim.world.checks_books import MORE
from sim.world.street import Swing

MINUTE_MS = 60_000


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A stand at which the further checks look on as well."""
    return Stand(tmp_path, MORE)


def test_a_claimed_code_needs_no_second_nonce_at_the_cabinet(stand: Stand) -> None:
    """Granted over the network, never seen open, shown at the scanner an hour later: the same door, rightly.

    Over the network an old nonce opens nothing, claimed or not.
    """
    stand.invited(b"nonce--3")
    token = stand.token(nonce=b"nonce--3", life_s=7200)
    stand.grant(token, source="cloud")
    stand.ms += 60 * MINUTE_MS
    stand.grant(token, source="scanner")
    nonce = next(check for check in stand.checks.all if check.name == "nonce_once")
    assert not nonce.found
    stand.grant(token, source="cloud")
    assert nonce.found


def test_a_door_shut_unseen_holds_up_its_reservation_until_it_can_be_seen(stand: Stand) -> None:
    """It stood open past its code's time and was shut while a board was away: the first look after that has to come."""
    token = stand.token(Purpose.DEPOSIT, order="A1")
    stand.reserves()
    stand.grant(token)
    stand.claim(token, 1, spent=True)
    stand.row("opened", 1, **stand.fields(token))
    stand.checks.tell("swung", Swing(stand.ms, 1, True, "coil"))
    stand.ms += 90 * MINUTE_MS
    stand.scene.trouble.begins("board")
    stand.checks.tell("swung", Swing(stand.ms, 1, False, "hand"))
    stand.ms += 5 * MINUTE_MS
    stand.scene.trouble.ends("board")
    stand.ms += 1000
    stand.checks.tell("tick")
    seen = next(check for check in stand.checks.all if check.name == "boards_and_time_seen")
    assert not seen.found
    stand.ms += 2 * MINUTE_MS
    stand.checks.tell("tick")
    assert seen.found


def test_a_board_that_goes_again_between_two_looks_is_silent_anew(stand: Stand) -> None:
    """It was back, and said so, and is without power again: what is believed of its doors has a minute to go by."""
    stand.believes(1, "closed")
    stand.ms += 20 * MINUTE_MS
    stand.street.boards[0].power(False, stand.ms)
    stand.checks.tell("tick")
    stand.ms += 90_000
    stand.row("board_back", 0, device="cu24:0")
    stand.checks.tell("tick")
    seen = next(check for check in stand.checks.all if check.name == "boards_and_time_seen")
    assert not seen.found
    stand.ms += 90_000
    stand.checks.tell("tick")
    assert seen.found
