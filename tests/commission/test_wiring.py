"""Raw bits and channels are one another's inverse, and openings leave exactly the settings under which they agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from locker.commission.wiring import agrees, alternatives, fitting, from_raw, mirrored_lock, to_raw
from locker.config import Board
from locker.config_serial import EightABoard, WaveshareBoard

EIGHT = EightABoard(port="a")
RELAYS = WaveshareBoard(port="a", input_address=2, inputs="holding")
BOARDS = st.sampled_from((EIGHT, RELAYS)).flatmap(lambda board: st.sampled_from(list(alternatives(board, 32))))


@given(BOARDS, st.integers(0, 23))
def test_a_channel_is_its_raw_bit_and_back(board: Board, channel: int) -> None:
    """Under the same settings there and back is where one began."""
    assert from_raw(board, 3, to_raw(board, 3, channel)) == channel


@given(BOARDS, st.permutations(range(8)))
def test_enough_openings_leave_settings_that_say_the_same(truth: Board, order: list[int]) -> None:
    """Eight openings spread over the board: what is found reads every channel that the truth has as the truth does."""
    reach = min(24, getattr(truth, "channels", 24))
    channels = [channel * reach // 8 for channel in order]
    sights = [(channel, to_raw(truth, 3, channel)) for channel in channels]
    begun = EIGHT if isinstance(truth, EightABoard) else RELAYS
    found = fitting(begun, 32, 3, sights)
    assert all(agrees(found, 3, sight) for sight in sights)


def test_one_crossed_pair_does_not_outvote_the_others() -> None:
    """Two openings against one: the settings of the two stay."""
    sights = [(1, 9), (2, 2), (5, 5)]
    found = fitting(RELAYS, 32, 0, sights)
    assert found == RELAYS
    assert [agrees(found, 0, sight) for sight in sights] == [False, True, True]


def test_the_present_settings_stay_where_nothing_speaks_against_them() -> None:
    """No opening, or one in the middle byte, which both orders read alike."""
    low = EightABoard(port="a", byte_order="low_first")
    assert fitting(low, 24, 3, []) == low
    assert fitting(low, 24, 3, [(9, 9)]) == low
    assert mirrored_lock(low, 3, 9) == 9
    assert mirrored_lock(low, 3, 0) == 16
