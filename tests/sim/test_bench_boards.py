"""What the bench of the boards says, proven: which contacts are never missed, and that its lines take their time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.bench_boards import BOARDS, CountedBus, Line, Stand

IEC_MS = 400
"""Any contact active for longer is noticed (IEC 60839-11-1)."""
BLIND = {("8a", ""): 1300, ("8a", "answer-200ms"): 500}
"""Says nothing of its doors after an unlock, or is not asked, while it makes up its answer; what contact is noticed
even then, in ms. One that answers meanwhile and is asked ("asks") hides none."""
STEP_MS = 60


class Answering:
    """A far side that answers two bytes to each byte, at once."""

    def __init__(self) -> None:
        """Nothing came."""
        self.came: list[tuple[int, bytes]] = []
        self._owed = b""

    def feed(self, data: bytes, now_ms: int) -> None:
        """Bytes arrive."""
        self.came.append((now_ms, data))
        self._owed += 2 * data

    def refresh(self, now_ms: int) -> bytes:
        """The answer."""
        owed, self._owed = self._owed, b""
        return owed

    def deadline_ms(self) -> int | None:
        """It does nothing by itself."""
        return None


class Registers:
    """An I2C bus with nothing on it that matters."""

    def open(self) -> None:
        """Open it."""

    def close(self) -> None:
        """Close it."""

    def write(self, address: int, register: int, data: bytes) -> None:
        """Written."""

    def read(self, address: int, register: int, count: int) -> bytes:
        """Zeros."""
        return bytes(count)


@pytest.mark.parametrize(("kind", "wiring"), BOARDS)
def test_a_contact_of_400_ms_is_never_missed(tmp_path: Path, kind: str, wiring: str) -> None:
    """At every millisecond between two questions, with nobody there and in a visit, bounces and all."""
    stand = Stand(tmp_path, kind, wiring, 1)
    assert stand.is_never_missed(IEC_MS, "idle") and stand.is_never_missed(IEC_MS, "visit")


@pytest.mark.parametrize(("kind", "wiring"), [board for board in BOARDS if board not in BLIND])
def test_nor_is_one_that_begins_around_the_pulse_of_another_door(tmp_path: Path, kind: str, wiring: str) -> None:
    """From half a second before it to 1.3 s after it: no unlock makes a board blind for as long as that."""
    assert Stand(tmp_path, kind, wiring, 1).is_never_missed(IEC_MS, "unlock", STEP_MS)


@pytest.mark.parametrize(("kind", "wiring"), BLIND)
def test_a_board_that_takes_its_time_to_answer_an_unlock_is_blind_for_it(
    tmp_path: Path, kind: str, wiring: str
) -> None:
    """What docs/hardware.md says of the 8A/80: for so long, and no longer."""
    stand = Stand(tmp_path, kind, wiring, 1)
    assert not stand.is_never_missed(IEC_MS, "unlock")
    assert stand.is_never_missed(BLIND[kind, wiring], "unlock", STEP_MS)


def test_a_contact_shorter_than_two_readings_can_be_missed(tmp_path: Path) -> None:
    """So that the others say something: the search finds what is missed."""
    stand = Stand(tmp_path, "cu24", "", 1)
    assert not stand.is_never_missed(20, "visit") and not stand.is_never_missed(IEC_MS // 2, "idle")


def test_a_line_takes_for_each_byte_the_time_that_its_rate_takes() -> None:
    """At 9600 a byte is 1.04 ms, both ways, one after the other; the far side hears each as it comes."""
    far = Answering()
    line = Line(far, 9600)
    line.feed(b"abc", 100)
    heard = b""
    for ms in range(100, 115):
        heard += line.refresh(ms)
    assert b"".join(data for _, data in far.came) == b"abc" and [ms for ms, _ in far.came] == [102, 103, 104]
    assert heard == b"aabbcc" and line.busy_us == 9 * 1041 and line.deadline_ms() is None


def test_a_bus_counts_its_clocks() -> None:
    """Nine a byte, address and register included; 400,000 of them are a second."""
    bus = CountedBus(Registers())
    bus.open()
    bus.write(0x20, 0x14, b"\x00\x01")
    assert bus.clocks == 4 * 9 + 2 and bus.read(0x20, 0x12, 4) == bytes(4)
    assert bus.clocks == 38 + 7 * 9 + 4
    bus.close()


def test_a_wire_is_busier_in_a_visit_and_never_full(tmp_path: Path) -> None:
    """Idle a few percent; in a visit at most what one question after the other fills."""
    stand = Stand(tmp_path, "cu24", "", 1)
    idle, visit = stand.occupancy(False)[0], stand.occupancy(True)[0]
    assert 0 < idle < 0.1 < visit < 0.7
