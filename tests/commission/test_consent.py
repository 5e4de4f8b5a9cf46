"""No answer, and no sequence of answers, has a door opened that nobody agreed to.

The dialogue is walked twice over: with replies made up by hypothesis, which the real world could never give, and with
technicians who err, against the far sides, where the coils themselves are the witnesses.
"""

from __future__ import annotations

from typing import Any

import pytest
from commission_rig import a_start, a_walk
from hypothesis import given, settings
from hypothesis import strategies as st

from locker.commission.asking import YES
from locker.commission.finding import FAMILIES
from locker.commission.steps import (
    Ask,
    AskLocks,
    AwaitLevel,
    AwaitScan,
    Consent,
    ConsentSpent,
    Find,
    FindPins,
    FindScanner,
    Found,
    Levels,
    Look,
    Open,
    Opened,
    Place,
    Reply,
    ScannerSeen,
    Search,
    Step,
)
from locker.commission.wizard import Wizard
from locker.config import Board, Scanner
from locker.config_serial import EightABoard, WaveshareBoard
from sim.commission_wiring import draw

STEPS = 400
WORDS = st.sampled_from(
    (
        *("", "y", "yes", "是", "可以", "Y", " yes ", "n", "no", "s", "skip", "b", "back", "1", "2", "7", "24", "99"),
        *("-1", "0x01", "again", "retype", "replace", "all", "thorough", "line", "doors", "yess", "nonsense"),
        *("a" * 300, "\x00", "open all"),
    )
)
DRAWN = draw("cu24", 1)
BOARDS = (
    Board(port="a", address=0),
    Board(port="a", kind="kr-cu16", address=1),
    EightABoard(port="a", address=2),
    WaveshareBoard(port="a", address=3, input_address=4, inputs="holding"),
)


def made_up(step: Step, data: st.DataObject) -> Reply:
    """What might come back of an order, true or not."""
    draw_from: Any = data.draw
    if isinstance(step, Ask):
        likely = "y" if step.expects == "yes" else step.default or "1"
        return str(draw_from(st.one_of(st.just(likely), WORDS)))
    if isinstance(step, Find | FindPins):
        boards = draw_from(st.lists(st.sampled_from(BOARDS), max_size=3, unique_by=lambda b: b.address))
        return Search(tuple(Found(board, 24, state_bytes=3) for board in boards), noise=draw_from(st.integers(0, 99)))
    if isinstance(step, Look):
        return Levels(_levels(step.boards, data), {}, ("main",) if draw_from(st.booleans()) else ())
    if isinstance(step, Open):
        step.consent.spend(step.place)
        places = draw_from(st.lists(st.just(step.place) | _places(step.boards), max_size=3))
        return Opened(
            draw_from(st.booleans()),
            {at: (draw_from(st.integers(0, 3000)), draw_from(st.integers(0, 1))) for at in places},
        )
    if isinstance(step, AskLocks):
        return {lock: draw_from(st.sampled_from((0, 1, None))) for lock in step.locks}
    if isinstance(step, AwaitLevel):
        return bool(draw_from(st.booleans()))
    if isinstance(step, FindScanner):
        return ScannerSeen(Scanner(port="s"), True) if draw_from(st.booleans()) else None
    return "LOCKER TEST" if isinstance(step, AwaitScan) and draw_from(st.booleans()) else None


def _places(boards: tuple[Board, ...]) -> st.SearchStrategy[Place]:
    return st.builds(Place, st.sampled_from([board.name for board in boards]), st.integers(0, 23))


def _levels(boards: tuple[Board, ...], data: st.DataObject) -> dict[Place, int]:
    masks = {board.name: data.draw(st.integers(0, 255)) for board in boards}
    return {Place(name, channel): mask >> channel & 1 for name, mask in masks.items() for channel in range(8)}


@settings(max_examples=150)
@given(st.data())
def test_each_opening_follows_a_yes_for_that_very_place(data: st.DataObject) -> None:
    """Whatever is answered and comes back: an order to open has its own question and a yes right before it."""
    wizard = Wizard(a_start(DRAWN))
    before: tuple[Step | None, Reply] = (None, None)
    step = wizard.step()
    for _ in range(STEPS):
        if step is None:
            break
        if isinstance(step, Open):
            question, answer = before
            assert isinstance(question, Ask)
            assert question.place == step.place == step.consent.place
            assert str(answer).strip().lower() in YES
        reply = made_up(step, data)
        before = (step, reply)
        step = wizard.step(reply)


def test_a_consent_is_good_once_and_for_one_place() -> None:
    """Used twice, or for another place, it is a bug that is told before anything is sent."""
    consent = Consent(Place("main", 3))
    with pytest.raises(ConsentSpent):
        consent.spend(Place("main", 4))
    consent.spend(Place("main", 3))
    with pytest.raises(ConsentSpent):
        consent.spend(Place("main", 3))


@pytest.mark.parametrize("family", ["cu24", "8a", "modbus", "mcp"])
@pytest.mark.parametrize("seed", range(3))
def test_a_technician_who_errs_gets_no_pulse_that_he_did_not_agree_to(family: str, seed: int) -> None:
    """Wrong numbers, two doors at once, doors left open, skip, back, nonsense: pulses are consents, coils are well."""
    print(f"seed {seed}")
    walk = a_walk(family, seed, careless=seed)
    answers = 0

    def answer(step: Ask) -> str:
        nonlocal answers
        answers += 1
        return "q" if answers > 600 else walk.technician.answer(step)

    walk.run(answer)
    assert len(walk.drawn.pulses) <= len(walk.opened()) <= len(walk.consents())
    assert walk.drawn.body.breaches == []
    assert walk.saved == "" or walk.wizard.saved


def test_enter_alone_is_no_consent() -> None:
    """Whoever only presses Enter opens nothing."""
    walk = a_walk()
    walk.run(lambda step: "" if step.place is not None and len(walk.asked("may_open")) < 40 else
             "q" if step.place is not None else walk.technician.answer(step))  # fmt: skip
    assert walk.asked("may_open")
    assert walk.drawn.pulses == []


def test_finding_boards_and_opening_by_hand_send_no_pulse() -> None:
    """Up to the first question for consent, no coil has moved and no lock was ordered, on any family."""
    for family in ("cu16", "cu24", "cu48", "8a", "modbus", "shift", "mcp"):
        walk = a_walk(family, 4)
        walk.run(lambda step, walk=walk: "q" if step.place is not None else walk.technician.answer(step))  # type: ignore[misc]
        assert walk.asked("may_open"), family
        assert walk.drawn.pulses == [], family
        assert walk.saved == "", family
    assert set(FAMILIES) > {"cu16", "unknown"}
