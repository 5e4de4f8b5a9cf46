"""Hook bits to doors: two readings that agree, door by door."""

from __future__ import annotations

import pytest

from drivers.door_reader import DEBOUNCE_MS, DoorReader
from locker.model import DoorSeen

CLOSED = 0b111
QUIET_MS = 100
"""Between two readings, where nothing bounces."""


class Quietly:
    """Reads a board in which each contact is at rest long before the next reading."""

    def __init__(self, reader: DoorReader) -> None:
        """Begin at boot."""
        self.reader, self.ms = reader, 0

    def read(self, hooks: int, items: int = 0) -> list[DoorSeen]:
        """One more reading."""
        self.ms += QUIET_MS
        return self.reader.read(self.ms, hooks, items)

    @property
    def unsettled(self) -> bool:
        """Whether a second reading is wanted at once."""
        return self.reader.unsettled


@pytest.fixture
def reader() -> Quietly:
    """Doors 1, 2 and 3 on channels 2, 1 and 0; 1 means closed; all known to be closed."""
    reader = Quietly(DoorReader({1: 2, 2: 1, 3: 0}, closed_bit=1))
    reader.read(CLOSED)
    reader.read(CLOSED)
    return reader


def test_the_first_two_equal_readings_tell_every_door() -> None:
    """Nothing after one reading; all doors, in order, after two."""
    reader = Quietly(DoorReader({1: 2, 2: 1, 3: 0}, closed_bit=1))
    assert reader.read(0b011) == []
    assert reader.unsettled
    assert reader.read(0b011) == [DoorSeen(1, True), DoorSeen(2, False), DoorSeen(3, False)]
    assert not reader.unsettled


def test_one_odd_reading_is_no_change(reader: Quietly) -> None:
    """A difference that does not come twice in a row is never told."""
    assert reader.read(0b110) == []
    assert reader.unsettled
    assert reader.read(CLOSED) == []
    assert not reader.unsettled


def test_a_chattering_switch_does_not_hold_up_the_others(reader: Quietly) -> None:
    """Agreement is judged door by door."""
    assert reader.read(0b001) == []
    assert reader.read(0b101) == [DoorSeen(2, True)]
    assert reader.read(0b001) == []


def test_the_other_polarity_reads_the_other_way_round() -> None:
    """With closed_bit 0 a set bit is an open door."""
    reader = Quietly(DoorReader({1: 0, 2: 1}, closed_bit=0))
    reader.read(0b10)
    assert reader.read(0b10) == [DoorSeen(1, False), DoorSeen(2, True)]


def test_after_a_pulse_the_door_is_told_once_even_unchanged_and_again_when_it_opens(reader: Quietly) -> None:
    """Closed and fresh first, open and fresh when it follows late; the other doors are not told again."""
    reader.reader.pulsed(1)
    assert reader.unsettled
    assert reader.read(CLOSED) == []
    assert reader.read(CLOSED) == [DoorSeen(1, False, fresh=True)]
    assert reader.read(CLOSED) == []
    reader.read(0b011)
    assert reader.read(0b011) == [DoorSeen(1, True, fresh=True)]


def test_a_reading_from_before_the_pulse_counts_for_nothing(reader: Quietly) -> None:
    """The reading before a pulse and the one after it are not two readings in a row."""
    reader.read(0b011)
    reader.reader.pulsed(1)
    assert reader.read(0b011) == []
    assert reader.read(0b011) == [DoorSeen(1, True, fresh=True)]


def test_a_lost_reply_between_two_readings_parts_them(reader: Quietly) -> None:
    """Consecutive means nothing was lost between them."""
    reader.read(0b011)
    reader.reader.break_off()
    assert reader.read(0b011) == []
    assert reader.read(0b011) == [DoorSeen(1, True)]


def test_forgetting_tells_every_door_again(reader: Quietly) -> None:
    """After silence all doors are told, changed or not."""
    reader.reader.forget()
    reader.read(CLOSED)
    assert len(reader.read(CLOSED)) == 3


# --- contacts that bounce -------------------------------------------------------------------------


@pytest.mark.parametrize("moved", [0b011, CLOSED], ids=["opened", "shut"])
def test_a_contact_that_bounces_is_no_movement_back_however_many_readings_agree(reader: Quietly, moved: int) -> None:
    """The change is told after two readings; its bounces never, not even when the contact rests at last."""
    door, back = reader.reader, CLOSED ^ 0b011 ^ moved
    if moved == CLOSED:
        reader.read(back)
        assert reader.read(back) == [DoorSeen(1, True)]
    begun_ms = reader.ms + QUIET_MS
    assert door.read(begun_ms, moved) == []
    assert door.read(begun_ms + 8, moved) == [DoorSeen(1, moved != CLOSED)]
    for ms in range(begun_ms + 16, begun_ms + 8 + DEBOUNCE_MS, 8):
        assert door.read(ms, back) == []
        assert door.unsettled
    assert door.read(begun_ms + 8 + DEBOUNCE_MS, moved) == []
    assert not door.unsettled


def test_a_door_that_really_moved_back_is_told_as_soon_as_its_contact_has_had_time_to_rest(reader: Quietly) -> None:
    """Nothing is lost by it, only told a little later; and the other doors are not held up."""
    door = reader.reader
    door.read(1000, 0b011)
    assert door.read(1008, 0b011) == [DoorSeen(1, True)]
    door.read(1016, 0b101)
    assert door.read(1024, 0b101) == [DoorSeen(2, True)]
    assert door.read(1007 + DEBOUNCE_MS, 0b101) == []
    assert door.read(1008 + DEBOUNCE_MS, 0b101) == [DoorSeen(1, False)]


def test_after_silence_a_bounce_of_before_counts_for_nothing(reader: Quietly) -> None:
    """What is unknown is told by the first two readings that agree."""
    door = reader.reader
    door.read(1000, 0b011)
    door.read(1008, 0b011)
    door.forget()
    door.read(1016, CLOSED)
    assert door.read(1024, CLOSED) == [DoorSeen(1, False), DoorSeen(2, False), DoorSeen(3, False)]


# --- sensors inside -------------------------------------------------------------------------------


@pytest.fixture
def sensing() -> Quietly:
    """Doors 1 and 2 with a sensor inside, door 3 without; all shut, nothing inside, all known."""
    reader = Quietly(DoorReader({1: 2, 2: 1, 3: 0}, closed_bit=1, sensing=(1, 2)))
    reader.read(CLOSED, 0)
    assert [seen.occupied for seen in reader.read(CLOSED, 0)] == [False, False, None]
    return reader


def test_what_lies_inside_needs_two_equal_readings_too(sensing: Quietly) -> None:
    """One odd reading is nothing; two are told with the door's own state; a bit without a sensor is nothing."""
    assert sensing.read(CLOSED, 0b101) == []
    assert sensing.unsettled
    assert sensing.read(CLOSED, 0) == []
    assert not sensing.unsettled
    sensing.read(CLOSED, 0b101)
    assert sensing.read(CLOSED, 0b101) == [DoorSeen(1, False, True)]
    assert not sensing.unsettled


def test_a_chattering_sensor_holds_up_no_door_and_a_chattering_door_no_sensor(sensing: Quietly) -> None:
    """Each is judged by itself."""
    sensing.read(0b011, 0b100)
    assert sensing.read(0b011, 0) == [DoorSeen(1, True, False)]
    sensing.read(0b111, 0b010)
    assert sensing.read(0b101, 0b010) == [DoorSeen(1, False, False), DoorSeen(2, False, True)]


def test_after_a_pulse_nothing_is_told_of_the_inside_before_the_door_itself(sensing: Quietly) -> None:
    """A fresh word about the sensor would carry the door's state from before the pulse."""
    sensing.reader.pulsed(1)
    sensing.read(CLOSED, 0b100)
    assert sensing.read(0b011, 0b100) == []
    assert sensing.read(0b011, 0b100) == [DoorSeen(1, True, True, fresh=True)]


def test_after_silence_the_inside_is_unknown_as_well(sensing: Quietly) -> None:
    """All is told again."""
    sensing.reader.forget()
    sensing.read(CLOSED, 0b010)
    assert [seen.occupied for seen in sensing.read(CLOSED, 0b010)] == [False, True, None]
