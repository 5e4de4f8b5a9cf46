"""Mistakes and contradictions are survived, and said; nothing is guessed.

Each story is a technician at a drawn cabinet who does one thing otherwise than asked, or a cabinet that is wired as no
configuration can say.
"""

from __future__ import annotations

import itertools

from commission_rig import Walk, a_walk

from locker.commission.steps import Ask, Open, Place, Save, Step, Tell
from sim.commission_wiring import differences, draw
from sim.modbus_boards import InputUnit
from sim.rs485 import Rs485


class Story:
    """A technician whose answers to some questions, in the order in which they come, are given."""

    def __init__(self, walk: Walk, **scripted: list[str]) -> None:
        """``scripted``: by the question's key, each used once; then he answers truthfully."""
        self.walk, self._scripted = walk, scripted

    def __call__(self, step: Ask) -> str:
        """The next answer."""
        queue = self._scripted.get(step.key, [])
        honest = self.walk.technician.answer(step) if not queue else ""
        return queue.pop(0) if queue else honest

    def run(self) -> Walk:
        """To the end."""
        return self.walk.run(self)


def test_a_number_that_does_not_exist_is_asked_for_again() -> None:
    """0, 99 and words are no doors; the wiring is found all the same."""
    walk = Story(a_walk(), which_door=["99", "0", "seven"]).run()
    assert len(walk.told("not_understood")) >= 3
    assert differences(walk.drawn, walk.config) == []


def test_the_same_number_twice_is_asked_about_and_the_earlier_door_named_again() -> None:
    """He types 5 for a door that is another; when the real 5 comes, he says that this one counts."""
    walk = a_walk()
    first = next(door for door, place in walk.drawn.doors.items() if place.channel == _first_channel(walk))
    wrong = next(door for door in walk.drawn.doors if door != first)
    Story(walk, which_door=[str(wrong)]).run()
    assert walk.told("replaced")
    assert differences(walk.drawn, walk.config) == []


def _first_channel(walk: Walk) -> int:
    return min(place.channel for place in walk.drawn.doors.values())


def test_back_names_the_door_before_once_more() -> None:
    """After a slip he goes back, opens the same channel again with another consent, and types it right."""
    walk = a_walk(seed=2)
    slipped = str(max(walk.drawn.doors))
    Story(walk, which_door=[slipped], may_open=["y", "b"]).run()
    assert walk.told("unnamed")
    opened = walk.opened()
    assert opened[0] == opened[1]
    assert differences(walk.drawn, walk.config) == []


def test_no_door_opened_by_hand_is_said_and_not_guessed() -> None:
    """Nothing changes, so polarity cannot be told; the first opening tells it."""
    walk = a_walk("cu24", 3)
    begun = Story(walk, open_by_hand=["", "", "s"])
    begun.walk.technician._open_by_hand = lambda step: ""  # type: ignore[method-assign]
    begun.run()
    assert len(walk.told("hand_nothing")) == 2
    assert walk.told("polarity_later")
    assert walk.told("polarity")
    assert differences(walk.drawn, walk.config) == []


def test_two_doors_opened_by_hand_say_nothing() -> None:
    """Two signals at once are told with their channels; one door after them is enough."""
    walk = a_walk("cu24", 5)
    places = [walk.drawn.channels[place] for place in list(walk.drawn.doors.values())[:2]]

    def both(step: Ask) -> str:
        if step.key == "open_by_hand" and not walk.told("hand_several"):
            for channel in places:
                walk.drawn.body.force(channel, walk.site.ms)
            return ""
        return walk.technician.answer(step)

    walk.run(both)
    assert [tell.values["count"] for tell in walk.told("hand_several")] == [2]
    assert differences(walk.drawn, walk.config) == []


def test_a_door_that_somebody_else_opens_during_an_opening_is_seen() -> None:
    """Two doors move after one pulse: nothing is written down for it, and it is opened again with another consent."""
    walk = a_walk("cu24", 6)
    other = walk.drawn.channels[walk.drawn.doors[1]]
    pressed: list[Place] = []

    class Meddler:
        def __call__(self, step: Ask) -> str:
            if step.place is not None and not pressed and step.place != walk.drawn.doors[1]:
                pressed.append(step.place)
                walk.drawn.body.open_late(other, 1240)
                walk.drawn.body.compartments[other].hooked = False
                walk.drawn.body.press(other, walk.site.ms)
                return "yes"
            walk.drawn.body.open_late(other, 0)
            return "again" if step.key == "open_again" else walk.technician.answer(step)

    walk.run(Meddler())
    assert walk.told("several_moved")
    assert differences(walk.drawn, walk.config) == []


def test_a_jammed_lock_is_left_out_and_found_in_the_next_round() -> None:
    """It does not open, is skipped with advice, and named once somebody has pressed it free."""
    walk = a_walk("cu24", 7)
    walk.drawn.body.jam(walk.drawn.channels[walk.drawn.doors[2]], pulses=1)
    walk.run()
    assert walk.told("none_moved")
    assert walk.told("doors_missing")
    assert differences(walk.drawn, walk.config) == []


def test_a_door_that_will_not_shut_is_said_and_does_not_hold_up_the_others() -> None:
    """Its switch says open for ever: waited for, left, named at the end as reading open."""
    walk = a_walk("cu24", 8)
    channel = walk.drawn.channels[walk.drawn.doors[3]]

    def stuck(step: Ask) -> str:
        if step.key == "still_open":
            return "skip"
        if step.key == "which_door" and walk.technician.open_doors() == [3]:
            walk.drawn.body.stick_sensor(channel, closed=False)
        return walk.technician.answer(step)

    walk.run(stuck)
    assert [tell.values["door"] for tell in walk.told("left_open")] == [3]
    assert [tell.values["doors"] for tell in walk.told("read_open")] == ["3"]
    assert differences(walk.drawn, walk.config) == []


def test_crossed_wires_are_told_and_never_configured_away() -> None:
    """Lock 4 with the switch of lock 9 and the other way round: both are named as crossed, and nothing is saved."""
    drawn = draw("modbus", 1)
    line, baud = drawn.wires[drawn.boards[0].port]
    assert isinstance(line, Rs485)
    inputs = next(unit for unit in line.boards if isinstance(unit, InputUnit))
    one, two = sorted(place.channel for place in drawn.doors.values())[-2:]
    first = drawn.boards[0].input_first  # type: ignore[attr-defined]
    wires = list(inputs.wires)
    wires[one + first], wires[two + first] = wires[two + first], wires[one + first]
    inputs.wires = tuple(wires)
    assert baud
    walk = a_walk(drawn=drawn)
    Story(walk, another_round=["no"], what_now=["quit"]).run()
    assert {tell.values["lock"] for tell in walk.told("crossed")} >= {one, two}
    assert walk.told("cannot_save")
    assert walk.saved == ""


def test_a_switch_that_goes_the_other_way_is_told() -> None:
    """One NC switch among NO ones: the opening shuts it, as far as anybody can see; that is no polarity of a board."""
    walk = a_walk("cu24", 9)
    channel = walk.drawn.channels[walk.drawn.doors[4]]
    body = walk.drawn.body
    plain = body.closed_contacts
    body.closed_contacts = lambda now_ms: plain(now_ms) ^ 1 << channel  # type: ignore[method-assign]
    Story(walk, another_round=["no"], what_now=["quit"]).run()
    assert [tell.values["channel"] for tell in walk.told("wrong_way")] == [channel]
    assert walk.saved == ""


def test_quitting_at_any_question_saves_nothing() -> None:
    """Every question in turn is answered with q: no text is handed out to be written."""
    length = sum(isinstance(step, Ask) for step, _ in a_walk("cu24", 1).run().log)
    for at in range(0, length, 7):
        walk = a_walk("cu24", 1)
        left = [at]

        def until(step: Ask, walk: Walk = walk, left: list[int] = left) -> str:
            left[0] -= 1
            return "q" if left[0] < 0 else walk.technician.answer(step)

        walk.run(until)
        assert walk.wizard.quit
        assert walk.saved == ""


def test_a_slow_door_is_named_with_its_time() -> None:
    """One door springs open 700 ms later than the others: it is named, and its time is not in the suggested pulse."""
    walk = a_walk("cu24", 1)
    walk.drawn.body.open_late(walk.drawn.channels[walk.drawn.doors[5]], 700)
    walk.run()
    assert [tell.values["door"] for tell in walk.told("slow_door")] == [5]
    pulse = walk.asked("pulse_is")[0]
    assert int(pulse.values["suggested"]) <= 600
    times = walk.told("times")[0].values
    assert int(times["most"]) > 700 > int(times["median"])


def test_a_board_that_times_its_own_pulse_is_not_asked_for_one() -> None:
    """An 8A/80 board's pulse can be neither read nor set: that is said, and the estimate stays."""
    walk = a_walk("8a", 1).run()
    assert walk.told("pulse_fixed")
    assert not walk.asked("pulse_is")


def test_progress_counts_the_doors() -> None:
    """Each question for consent says which door of how many it is."""
    walk = a_walk("cu48", 1).run()
    asked = [(ask.values["at"], ask.values["of"]) for ask in walk.asked("may_open")]
    assert asked[0] == (1, 24)
    assert asked[-1] == (24, 24)


def test_a_scanner_that_reads_another_code_is_not_believed() -> None:
    """Only the very text that was shown counts; then he shows the right one."""
    walk = a_walk("cu24", 1)
    shown: list[Step] = []

    def told(step: Step) -> None:
        if isinstance(step, Tell) and step.key == "hold_code" and not shown:
            shown.append(step)
            walk.drawn.scanner.show("6901234567892", walk.site.ms, held_ms=500)
        else:
            honest(step)

    honest, walk.technician.told = walk.technician.told, told  # type: ignore[method-assign]
    walk.run()
    assert [tell.values["text"] for tell in walk.told("code_other")] == ["6901234567892"]
    assert walk.told("code_read")
    assert differences(walk.drawn, walk.config) == []


def test_a_board_that_answers_for_no_lock_by_itself_shows_its_order_by_openings() -> None:
    """An 8A/80 board without the question after one lock, its bytes in the rarer order."""
    drawn = next(d for d in (draw("8a", seed) for seed in range(60)) if _mute_and_low(d))
    walk = a_walk(drawn=drawn).run()
    assert walk.told("reordered") or walk.told("order_unsaid")
    assert differences(walk.drawn, walk.config) == []


def _mute_and_low(drawn: object) -> bool:
    board = drawn.boards[0]  # type: ignore[attr-defined]
    line, _ = drawn.wires[board.port]  # type: ignore[attr-defined]
    return not line.boards[0].knows_one and board.byte_order == "low_first" and board.channels == 24


def test_places_are_opened_one_at_a_time_and_rest_in_between() -> None:
    """Between two pulses lies more than the coils' rest, whoever types how fast."""
    walk = a_walk("cu24", 1).run()
    times = [seen.ms for seen in walk.drawn.body.pulses]
    assert min(after - before for before, after in itertools.pairwise(times)) >= 500
    assert all(isinstance(step.place, Place) for step, _ in walk.log if isinstance(step, Open))


def test_an_unknown_board_is_found_by_trying_each_kind() -> None:
    """ "unknown": every family's questions on every port, until one is answered; nothing moves for it."""
    for family in ("8a", "cu48"):
        walk = Story(a_walk(family, 2), which_boards=["unknown"]).run()
        assert walk.wizard.draft.family == family
        assert differences(walk.drawn, walk.config) == []


def test_relays_at_a_far_address_need_the_thorough_search() -> None:
    """Address 200 is not among the first sixteen: nothing is found, then every address is asked."""
    drawn = draw("modbus", 1)
    relays, inputs = drawn.wires[drawn.boards[0].port][0].boards  # type: ignore[attr-defined]
    relays.address, inputs.address = 200, 201
    walk = a_walk(drawn=drawn)
    Story(walk, search_again=["again", "thorough"], save=["q"]).run()
    assert len(walk.told("nothing_found")) == 2
    board = walk.wizard.draft.wires[0]
    assert (board.address, board.input_address) == (200, 201)  # type: ignore[attr-defined]


def test_a_cabinet_of_more_doors_than_the_example_has_lines_for_them() -> None:
    """48 doors on a KR-CU48: the file loads, each has a place of its own, sizes are to be looked through."""
    drawn = draw("cu48", 1)
    free = [channel for channel in range(48) if Place("main", channel) not in drawn.doors.values()]
    for door, channel in enumerate(free, 25):
        drawn.doors[door] = Place("main", channel)
        drawn.channels[Place("main", channel)] = channel
        drawn.body.jam(channel, 0)
        drawn.body.stick_sensor(channel, closed=None)
    walk = a_walk(drawn=drawn).run()
    assert differences(drawn, walk.config) == []
    assert len({(door.side, door.row) for door in walk.config.doors}) == 48


def test_what_would_not_load_can_be_laid_aside() -> None:
    """An id that no cabinet may have: the problem is named, the work is not lost, and nothing counts as saved."""
    walk = Story(a_walk("cu24", 1), cabinet_id=["Not An Id"], what_now=["keep"]).run()
    assert "cabinet.id" in str(walk.told("would_not_load")[0].values["what"])
    saves = [step for step, _ in walk.log if isinstance(step, Save)]
    assert [step.aside for step in saves] == [True]
    assert 'id = "Not An Id"' in saves[0].text
    assert walk.saved == ""
    assert not walk.wizard.saved


def test_a_board_that_tells_by_itself_that_doors_move_is_noted() -> None:
    """Frames 81 or 82 after the door that was opened by hand: said, and nothing to be set."""
    cabinets = (draw("8a", seed) for seed in range(60))
    drawn = next(one for one in cabinets if one.wires[one.boards[0].port][0].boards[0].push)  # type: ignore[attr-defined]
    walk = a_walk(drawn=drawn).run()
    assert any("tells by itself" in str(tell.values["what"]) for tell in walk.told("trouble"))
    assert differences(walk.drawn, walk.config) == []
