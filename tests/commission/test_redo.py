"""A cabinet in use is commissioned again for one door, and nothing but what belongs to that door changes."""

from __future__ import annotations

from commission_rig import Walk, a_walk

from locker.commission.steps import Ask
from locker.config import decode
from sim.commission_wiring import Drawn, differences, draw


def a_file(family: str, seed: int) -> tuple[Drawn, str]:
    """A drawn cabinet with the file that its commissioning wrote; the cabinet is drawn anew, with its doors shut."""
    return draw(family, seed), a_walk(family, seed).run().saved


def swapped(text: str, one: int, two: int) -> str:
    """The file as if these two doors had been named the wrong way round."""
    lines = text.split("\n")
    at = {
        door: next(n for n, line in enumerate(lines) if line.startswith(f"  {{ door = {door},")) for door in (one, two)
    }
    places = {door: lines[n].partition("channel")[2] for door, n in at.items()}
    for door, other in ((one, two), (two, one)):
        lines[at[door]] = lines[at[door]].partition("channel")[0] + "channel" + places[other]
    return "\n".join(lines)


def redone(drawn: Drawn, text: str, *doors: int) -> Walk:
    """The dialogue for these doors."""
    return a_walk(drawn=drawn, text=text, redo=doors).run()


def test_a_door_that_is_right_stays_and_the_file_is_the_same() -> None:
    """One pulse, one question whether it was that door, nothing to change."""
    drawn, text = a_file("cu24", 1)
    walk = redone(drawn, text, 7)
    assert walk.opened() == [drawn.doors[7]]
    assert walk.told("no_change")
    assert walk.saved == text


def test_two_doors_that_were_named_the_wrong_way_round_are_put_right() -> None:
    """Redoing 3 finds that its channel is 9's: 3 is looked for, takes 9's place, and 9 is done next."""
    drawn, text = a_file("cu24", 2)
    walk = redone(drawn, swapped(text, 3, 9), 3)
    assert [tell.values["door"] for tell in walk.told("lost_place")] == [9]
    assert differences(drawn, walk.config) == []


def test_only_the_lines_of_the_doors_that_were_redone_change() -> None:
    """All other lines of the file, comments and values, are as they were."""
    drawn, text = a_file("8a", 3)
    wrong = swapped(text, 5, 6)
    walk = redone(drawn, wrong, 5)
    before, after = wrong.split("\n"), walk.saved.split("\n")
    changed = {line.split(",")[0].strip() for a, line in zip(before, after, strict=True) if a != line}
    assert changed == {"{ door = 5", "{ door = 6"}
    assert differences(drawn, walk.config) == []


def test_a_sensor_that_was_fitted_later_is_learnt() -> None:
    """In a cabinet with sensors the one door is asked for its own as well."""
    drawn, text = a_file("cu16", 1)
    door = min(drawn.senses)
    fitted = text.replace("occupancy = true", "occupancy = false", 1)
    missing = [plan.door for plan in decode(fitted, "t").doors if not plan.occupancy and plan.door in drawn.senses]
    walk = redone(drawn, fitted, *missing)
    assert door in missing
    assert walk.told("sensor")
    assert differences(drawn, walk.config) == []


def test_a_door_that_cannot_be_found_leaves_the_file_alone() -> None:
    """It opens on no channel: every one is tried with its own consent, and nothing is saved."""
    drawn, text = a_file("cu24", 4)
    drawn.body.jam(drawn.channels[drawn.doors[2]])
    walk = a_walk(drawn=drawn, text=text, redo=(2,))

    def answer(step: Ask) -> str:
        return "no" if step.key == "save" else "quit" if step.key == "what_now" else walk.technician.answer(step)

    walk.run(answer)
    assert walk.told("not_found")
    assert walk.saved == ""
    assert len(walk.opened()) == len(walk.consents())


def test_crossed_wires_of_one_door_do_not_change_how_the_whole_board_is_read() -> None:
    """In a cabinet in use the order of a board is not up for a vote by one door."""
    drawn, text = a_file("modbus", 1)
    walk = redone(drawn, text, 1)
    assert not walk.told("reordered")
    assert walk.config.boards == decode(text, "t").boards


def test_a_cabinet_with_things_in_it_is_not_commissioned() -> None:
    """By the records something lies behind a door: nothing is asked and nothing opened; staff come first."""
    drawn, text = a_file("cu24", 1)
    for redo in ((), (4,)):
        walk = a_walk(drawn=drawn, text=text, redo=redo, claimed=(4, 5)).run()
        assert [tell.values["doors"] for tell in walk.told("not_empty")] == ["4, 5"]
        assert walk.opened() == []
        assert not any(isinstance(step, Ask) for step, _ in walk.log)


def test_looking_for_one_door_never_opens_another_with_things_in_it() -> None:
    """Door 2 is nowhere: every place is offered for it but those of doors that hold something."""
    drawn, text = a_file("cu24", 4)
    drawn.body.jam(drawn.channels[drawn.doors[2]])
    walk = a_walk(drawn=drawn, text=text, redo=(2,), claimed=(1, 3))

    def answer(step: Ask) -> str:
        return "no" if step.key == "save" else "quit" if step.key == "what_now" else walk.technician.answer(step)

    walk.run(answer)
    assert len(set(walk.opened())) == 22
    assert {drawn.doors[1], drawn.doors[3]} & set(walk.opened()) == set()
