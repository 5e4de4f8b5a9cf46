"""The mechanical cabinet: what a pulse does to a door, and what the witness sees."""

from __future__ import annotations

import pytest

from sim.body import Body, PulseSeen


@pytest.fixture
def body() -> Body:
    """Four compartments, shut."""
    return Body(4, seed=3)


def contact(body: Body, channel: int, now_ms: int) -> bool:
    """The contact, well after any bounce."""
    body.advance(now_ms)
    return body.is_closed_contact(channel, now_ms)


def test_a_pulse_opens_the_door_and_shutting_closes_it(body: Body) -> None:
    """Closed, pulse, open after the spring, shut again; one pulse was seen and nothing was wrong with it."""
    assert contact(body, 2, 0)
    body.energise(2, 500, 100)
    assert body.deadline_ms() == 160
    assert contact(body, 2, 159)
    assert not contact(body, 2, 300)
    assert body.shut(2, 2000)
    assert contact(body, 2, 2100)
    assert list(body.pulses) == [PulseSeen(100, 2, 500)] and body.breaches == []
    assert body.deadline_ms() is None


def test_a_door_does_not_catch_while_its_coil_is_on(body: Body) -> None:
    """Pushed shut during the pulse it springs open again."""
    body.energise(2, 500, 0)
    assert not body.shut(2, 499)
    assert body.shut(2, 500)


def test_a_pulse_too_short_for_the_hook_opens_nothing(body: Body) -> None:
    """Below hook_ms the hook stays in."""
    body.energise(0, 30, 0)
    assert contact(body, 0, 1000)


@pytest.mark.parametrize(("after_ms", "opens"), [(39, False), (40, True)])
def test_a_pulse_that_is_cut_off_too_soon_opens_nothing(body: Body, after_ms: int, opens: bool) -> None:
    """The hook has moved when the coil has been on for hook_ms, not before; the next pulse finds it as it was."""
    body.energise(0, 500, 100)
    body.cut_power(100 + after_ms)
    assert contact(body, 0, 1000) is not opens
    assert body.shut(0, 2000)
    body.energise(0, 500, 3000)
    assert not contact(body, 0, 4000)


def test_a_jam_holds_for_so_many_pulses(body: Body) -> None:
    """Two pulses in vain, the third opens."""
    body.jam(0, 2)
    for n in range(3):
        body.energise(0, 500, n * 3000)
        body.advance(n * 3000 + 1000)
        assert body.compartments[0].shut is (n < 2)


def test_pressing_relieves_a_jam_before_or_during_a_pulse_only(body: Body) -> None:
    """Without a pulse, pressing does nothing; with one, the hook lets go."""
    body.jam(0)
    body.press(0, 0)
    body.let_go(0, 500)
    body.energise(0, 500, 1000)
    assert contact(body, 0, 1200)
    body.press(0, 1300)
    assert not contact(body, 0, 1400)
    body.jam(1)
    body.press(1, 3000)
    body.energise(1, 500, 3500)
    assert not contact(body, 1, 3700)


def test_a_sticking_door_opens_when_pressed_after_the_pulse(body: Body) -> None:
    """Unhooked but shut, its contact closed, until somebody leans on it."""
    body.stick(0)
    body.energise(0, 500, 0)
    assert contact(body, 0, 5000)
    body.press(0, 6000)
    assert not contact(body, 0, 6100)


def test_a_late_door_opens_late(body: Body) -> None:
    """By exactly what was set."""
    body.open_late(0, 700)
    body.energise(0, 500, 0)
    assert contact(body, 0, 759) and not contact(body, 0, 800)


def test_a_forced_door_is_open_without_a_pulse(body: Body) -> None:
    """The witness sees no pulse."""
    body.force(3, 100)
    assert not contact(body, 3, 200) and not body.pulses


def test_papers_pass_only_through_an_open_door(body: Body) -> None:
    """In and out while open; neither while shut."""
    assert not body.put_papers(0, "A1", 0) and body.take_papers(0, 0) is None
    body.force(0, 0)
    assert body.put_papers(0, "A1", 100)
    body.shut(0, 200)
    assert body.take_papers(0, 300) is None
    body.force(0, 400)
    assert body.take_papers(0, 500) == ["A1"] and body.take_papers(0, 600) == []


def test_a_stuck_switch_lies_until_it_is_healed(body: Body) -> None:
    """In both directions."""
    for lie in (True, False):
        body.stick_sensor(0, lie)
        assert body.is_closed_contact(0, 0) is lie
    body.stick_sensor(0, None)
    assert body.is_closed_contact(0, 0)


def test_the_contact_bounces_5_to_30_ms_at_each_move_and_the_same_for_each_seed() -> None:
    """It is settled 30 ms after a move, has both values before, and is the same again with the same seed."""
    for seed in range(20):
        tracks = []
        for _ in range(2):
            body = Body(1, seed)
            body.force(0, 0)
            tracks.append([body.is_closed_contact(0, ms) for ms in range(60)])
        assert tracks[0] == tracks[1]
        assert not any(tracks[0][30:])
    assert any(any(self_track) for self_track in tracks)


def test_a_flickering_switch_says_both(body: Body) -> None:
    """And the same again for the same seed."""
    body.flicker(1)
    track = [body.is_closed_contact(1, ms) for ms in range(500)]
    assert set(track) == {True, False}
    again = Body(4, seed=3)
    again.flicker(1)
    assert track == [again.is_closed_contact(1, ms) for ms in range(500)]


def test_two_coils_at_once_are_a_breach(body: Body) -> None:
    """Up to the last millisecond of the first, not after."""
    body.energise(0, 500, 0)
    body.energise(1, 500, 499)
    body.energise(2, 500, 999)
    assert [(b.channel, b.what) for b in body.breaches] == [(1, "two_coils")]


def test_over_a_second_and_too_soon_are_breaches(body: Body) -> None:
    """Longer than 1000 ms; and again before 1000 ms of rest, counted from the end of the pulse."""
    body.energise(0, 1001, 0)
    body.energise(0, 500, 2000)
    body.energise(0, 500, 3500)
    assert [(b.ms, b.what) for b in body.breaches] == [(0, "too_long"), (2000, "too_soon")]


def test_a_coil_that_never_rests_enough_overheats_and_cools_again(body: Body) -> None:
    """Six pulses a minute are borne for ever; one every 1.6 s is not."""
    for n in range(120):
        body.energise(0, 500, n * 10_000)
    assert body.breaches == []
    start_ms = 120 * 10_000
    for n in range(20):
        body.energise(1, 500, start_ms + n * 1600)
    assert {b.what for b in body.breaches} == {"overheated"}
    assert body.coil_c(1, start_ms + 32_000) > 100
    assert body.coil_c(1, start_ms + 1_000_000) == pytest.approx(25, abs=0.1)


def test_without_power_no_coil_is_on(body: Body) -> None:
    """The pulse ends with the supply."""
    body.energise(0, 500, 0)
    body.cut_power(100)
    body.energise(1, 500, 101)
    assert body.breaches == []


def test_time_does_not_go_back(body: Body) -> None:
    """A mistake of the caller, told as one."""
    body.advance(100)
    with pytest.raises(ValueError, match="goes back"):
        body.advance(99)


def test_all_contacts_at_once_are_the_contacts_one_by_one() -> None:
    """The mask that a board reads is what each switch says, through bounces, faults and their ends."""
    body = Body(4, seed=5)

    def same(now_ms: int) -> None:
        mask = body.closed_contacts(now_ms)
        assert [bool(mask >> n & 1) for n in range(4)] == [body.is_closed_contact(n, now_ms) for n in range(4)]

    for now_ms in range(0, 3000, 3):
        if now_ms == 300:
            body.energise(1, 500, now_ms)
        if now_ms == 900:
            body.flicker(2)
            body.stick_sensor(3, False)
        if now_ms == 1500:
            body.flicker(2, False)
            body.shut(1, now_ms)
        if now_ms == 2100:
            body.stick_sensor(3, None)
            body.force(0, now_ms)
        same(now_ms)
