"""Looking for boards asks and does nothing else, on its own kind of board and on every other.

Far sides keep a journal of what reached them; the body keeps every pulse. Echo, noise, a port that cannot be opened and
two boards with one address are told for what they are.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.port import PortGone
from drivers.survey import Query, Survey
from drivers.survey_kinds import RATES, Sighting, locks_one_by_one, surveys
from locker.config_serial import EightABoard, EletechsupBoard, WaveshareBoard
from sim.board_8a80 import EightBoard
from sim.body import Body
from sim.kerong_cu16 import Cu16Board
from sim.kerong_cu24 import KerongBoard
from sim.kerong_cu48 import Cu48Board
from sim.links import BYTE_BY_BYTE, FarSide, Faults, FaultyWire, MemoryPort
from sim.modbus_boards import InputUnit, RelayUnit
from sim.rs485 import Rs485

FAR: dict[str, Callable[[Body], list[FarSide]]] = {
    "cu24": lambda body: [KerongBoard(body, address=5)],
    "cu12": lambda body: [KerongBoard(body, kind="kr-cu12", address=3)],
    "cu16": lambda body: [Cu16Board(body, 0, range(16)), Cu16Board(body, 14, range(16, 24))],
    "cu48": lambda body: [Cu48Board(body, 9)],
    "cu48b": lambda body: [Cu48Board(body, 2, kind="kr-cu48b")],
    "8a": lambda body: [EightBoard(body, 31)],
    "waveshare": lambda body: [RelayUnit(body, 3, relays=16), InputUnit(body, 7)],
    "eletechsup": lambda body: [RelayUnit(body, 16, profile="eletechsup"), InputUnit(body, 1, style="holding")],
}
OWN = {"cu12": "cu24", "cu48b": "cu48", "waveshare": "modbus", "eletechsup": "modbus"}


def run(survey: Survey, port: MemoryPort, ms: int = 1000) -> int:
    """To its end, on a virtual clock; the time then."""
    for _ in range(200_000):
        port.advance(ms)
        if survey.turn(ms):
            return ms
        due = [when for when in (survey.deadline_ms(ms), port.deadline_ms()) if when is not None]
        ms = max(ms, min(due))
    raise AssertionError("a survey without an end")


def looked(
    far: FarSide, family: str, faults: Faults | None = None, echo: bool = False
) -> tuple[list[Sighting], Survey]:
    """Every script of a family on one line; what was found, and the last survey."""
    wire = FaultyWire(far, faults or Faults(), faults or Faults(), echo=echo)
    found: list[Sighting] = []
    for decoder, script in surveys(family, "memory:0", 19_200, thorough=False):
        port = MemoryPort(wire)
        survey = Survey(port, decoder, script)
        run(survey, port, ms=getattr(wire, "now_ms", 1000) + 1)
        found += survey.result
    return found, survey


@pytest.mark.parametrize("kind", FAR)
def test_each_board_is_found_with_its_address(kind: str) -> None:
    """Kind, address and, where it says so, version and pulse time; nothing else answers."""
    found, _ = looked(Rs485(FAR[kind](Body(24))), OWN.get(kind, kind))
    wanted = {
        "cu24": [("kr-cu24", 5)],
        "cu12": [("kr-cu12", 3)],
        "cu16": [("kr-cu16", 0), ("kr-cu16", 14)],
        "cu48": [("kr-cu48", 9)],
        "cu48b": [("kr-cu48b", 2)],
        "8a": [("8a80", 31)],
        "waveshare": [("waveshare", 3)],
        "eletechsup": [("eletechsup", 16)],
    }[kind]
    assert [(one.board.kind, one.board.address) for one in found] == wanted
    if kind in ("cu24", "cu12"):
        assert (found[0].version, found[0].pulse_ms) == ("13 01", 550)
    if kind == "waveshare":
        assert found[0].version == "V1.00"
    if kind == "cu16":
        assert [one.board.pulse_command for one in found] == [True, True]


@pytest.mark.parametrize("family", RATES)
@pytest.mark.parametrize("kind", FAR)
def test_no_question_of_any_family_moves_a_lock_or_a_setting_of_any_board(family: str, kind: str) -> None:
    """Each family's questions on each kind of board, its own and foreign: no pulse, no unlock, no time set."""
    body = Body(24)
    boards = FAR[kind](body)
    looked(Rs485(boards), family)
    assert list(body.pulses) == []
    for board in boards:
        assert board.unlocks == []  # type: ignore[attr-defined]
        assert board.pulse_ms == board.default_pulse_ms  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", FAR)
def test_boards_are_found_byte_by_byte_and_through_an_echo(kind: str) -> None:
    """A slow wire, and an adapter that hears itself: the same boards, and the echo is told."""
    family = OWN.get(kind, kind)
    plain, quiet = looked(Rs485(FAR[kind](Body(24))), family)
    slow, _ = looked(Rs485(FAR[kind](Body(24))), family, BYTE_BY_BYTE)
    echoed, loud = looked(Rs485(FAR[kind](Body(24))), family, echo=True)
    assert slow == plain
    assert echoed == plain
    assert (quiet.echoed, loud.echoed) == (False, True)


def test_relays_and_inputs_are_paired() -> None:
    """Relays of unit 16 with the registers of unit 1; an Eletechsup that counts from 1 is told by its coils."""
    body = Body(24)
    relays = RelayUnit(body, 16, profile="eletechsup")
    relays.base = 1
    found, _ = looked(Rs485([relays, InputUnit(body, 1, style="holding")]), "modbus")
    board = found[0].board
    assert isinstance(board, EletechsupBoard)
    assert (board.input_address, board.inputs, board.channel_base, board.channels) == (1, "holding", 1, 32)


def test_relays_without_inputs_are_told_as_such() -> None:
    """Nobody would know whether a door is open."""
    found, _ = looked(Rs485([RelayUnit(Body(8), 2, relays=8)]), "modbus")
    assert isinstance(found[0].board, WaveshareBoard)
    assert (found[0].unpaired, found[0].board.channels) == (True, 8)


def test_the_number_of_status_bytes_says_how_many_locks_an_8a80_may_have() -> None:
    """Three bytes: 24; four: 32; seven: 50, and then the rarer byte order is the one to begin with."""
    for locks, told, order in (
        (8, 24, "high_first"),
        (24, 24, "high_first"),
        (32, 32, "high_first"),
        (50, 50, "low_first"),
    ):
        found, _ = looked(Rs485([EightBoard(Body(locks), 1, locks=locks)]), "8a")
        board = found[0].board
        assert isinstance(board, EightABoard)
        assert (board.channels, board.byte_order) == (told, order)


def test_locks_are_asked_one_by_one() -> None:
    """Each by its number from 1; a board that does not know the question says nothing."""
    body = Body(24)
    far = EightBoard(body, 4)
    body.force(6, 0)
    for knows, said in ((True, {7: 0, 8: 1}), (False, {7: None, 8: None})):
        far.knows_one = knows
        port = MemoryPort(far)
        survey = Survey(port, *locks_one_by_one(EightABoard(port="memory:0", address=4), (7, 8)))
        run(survey, port, 1000 if knows else 9000)
        assert survey.result == said


def test_two_boards_with_one_address_are_noise_and_not_a_board() -> None:
    """Both speak at once: bytes come, frames do not."""
    body = Body(24)
    body.force(3, 0)
    twins = [Cu48Board(body, 1), Cu48Board(body, 1)]
    twins[1].closed_bit = 0
    line = Rs485(twins)
    found, survey = looked(line, "cu48")
    assert line.collisions
    assert found == []
    assert survey.noise >= 0


def test_a_port_that_is_not_there_is_told() -> None:
    """No exception: the reason, and no result."""
    port = MemoryPort(Rs485([]))
    port.vanish()
    decoder, script = next(iter(surveys("cu24", "memory:0", 19_200, thorough=False)))
    survey = Survey(port, decoder, script)
    assert survey.turn(1000)
    assert "no such device" in survey.why
    assert survey.result is None


def test_a_port_that_vanishes_amid_a_question_is_told() -> None:
    """The script ends; what it had found is not used."""
    port = MemoryPort(Rs485([KerongBoard(Body(24))]))
    decoder, script = next(iter(surveys("cu24", "memory:0", 19_200, thorough=False)))
    survey = Survey(port, decoder, script)
    assert not survey.turn(1000)
    port.vanish()
    assert survey.turn(1001)
    assert "gone" in survey.why


def test_a_port_that_takes_for_ever_to_open_is_given_up() -> None:
    """A serial server that does not answer: two seconds, then it is told."""

    class Never(MemoryPort):
        def open(self) -> str:
            return ""

    decoder, script = next(iter(surveys("cu24", "tcp", 19_200, thorough=False)))
    survey = Survey(Never(Rs485([])), decoder, script)
    ms = 0
    while not survey.turn(ms):
        ms += 100
        assert ms < 10_000
    assert "no connection" in survey.why
    assert Query(b"", lambda frame: True, 1).wait_ms == 1
    assert issubclass(PortGone, OSError)
