"""The outbox as stories on a virtual clock; the random story is in test_outbox_any.py."""

from __future__ import annotations

import pytest
from outbox_story import DENIED, NOBODY, RESEND_MS, Story

from locker.lanes import ANSWERS_MAX, REST_MS_MAX
from locker.messages import seal_event
from locker.model import Attend, Delivered
from sim.cloud_log import EventLog, read


def test_nothing_goes_out_without_a_link() -> None:
    """Whatever is put in waits, and there is no deadline for it."""
    story = Story(3)
    story.box.put_conn(b"c")
    story.box.put_answer(b"a")
    assert story.drain() == []
    assert story.box.deadline_ms() is None


def test_after_a_link_conn_goes_first_then_info_then_the_doors_then_the_events() -> None:
    """In whatever order they were put in; every reconnect says all of it again."""
    story = Story(2, window=20)
    story.box.put_snapshot(7, b"d7")
    story.box.put_snapshot(12, b"d12")
    story.box.put_info(b"i")
    story.box.put_conn(b"c")
    assert story.up() == ["conn", "info", "door/07", "door/12", "1", "2"]
    story.taken()
    story.acked(2)
    story.down()
    assert story.up() == ["conn", "info", "door/07", "door/12"]


def test_what_is_retained_and_how_it_is_sent() -> None:
    """State is retained with QoS 1, events and answers are not, health is QoS 0."""
    story = Story(1, window=20)
    story.box.put_conn(b"c")
    story.up()
    story.box.put_answer(b"a")
    story.box.put_health(b"h")
    story.drain()
    kinds = {publish.tail: (publish.qos, publish.retain) for publish in story.sent}
    assert kinds == {"conn": (1, True), "evt": (1, False), "rsp": (1, False), "health": (0, False)}
    assert story.sent[1].payload == seal_event(story.log.rows[0].body, 0, story.log.rows[0].hash)


def test_of_a_door_only_the_latest_goes_out_and_only_when_it_changed() -> None:
    """Three changes while the window is full become one message; the same again is none."""
    story = Story(window=1)
    story.box.put_snapshot(1, b"first")
    assert story.up() == ["door/01"]
    for payload in (b"second", b"third", b"fourth"):
        story.box.put_snapshot(1, payload)
        assert story.drain() == []
    assert story.taken() == ["door/01"]
    assert story.sent[-1].payload == b"fourth"
    story.box.put_snapshot(1, b"fourth")
    assert story.taken() == []


def test_no_more_than_the_window_is_out_until_the_cloud_acknowledges() -> None:
    """PUBACK frees nothing for events; a cumulative acknowledgement does."""
    story = Story(12)
    assert story.up() == ["1", "2", "3", "4", "5"]
    assert story.taken() == []
    assert story.box.acked == 0
    assert story.acked(3) == ["6", "7", "8"]
    assert story.box.acked == 3
    assert story.acked(8) == ["9", "10"]  # 6 to 8 are not yet taken by the broker: five under way, no more
    assert story.taken() == ["11", "12"]


def test_without_a_cloud_that_acknowledges_puback_counts_in_order() -> None:
    """A later PUBACK does not overtake a missing one."""
    story = Story(8, cloud_acks=False)
    assert story.up() == ["1", "2", "3", "4", "5"]
    first = story.open.popleft()
    assert story.taken(2) == []
    assert story.box.acked == 0
    story.box.handle(Delivered(first.tag), story.now)
    assert story.box.acked == 3
    assert story.drain() == ["6", "7", "8"]
    assert story.taken() == []
    assert (story.box.acked, story.box.deadline_ms()) == (8, None)


def test_after_a_reconnect_all_that_is_not_acknowledged_goes_again_from_the_oldest() -> None:
    """Taken by the broker is not done."""
    story = Story(4)
    story.up()
    story.taken()
    story.acked(1)
    story.down()
    story.log.add()
    assert story.up() == ["2", "3", "4", "5"]
    assert story.box.counters()["events_again"] == 3


def test_answers_of_the_broker_from_before_the_reconnect_count_for_nothing() -> None:
    """A tag is used once; a stale one is counted."""
    story = Story(2, cloud_acks=False)
    story.up()
    stale = list(story.open)
    story.down()
    story.up()
    for publish in stale:
        story.box.handle(Delivered(publish.tag), story.now)
    assert story.box.acked == 0
    assert story.box.counters()["tags_unknown"] == 2


def test_a_restart_goes_on_from_where_the_last_run_had_saved() -> None:
    """What was acknowledged before is not sent; a number ahead of the log is another database's."""
    assert Story(5, acked=3).up() == ["4", "5"]
    with pytest.raises(ValueError, match="acked is 6, the log ends at 5"):
        Story(5, acked=6)


@pytest.mark.parametrize("reason", [NOBODY, DENIED])
@pytest.mark.parametrize("cloud_acks", [True, False])
def test_a_refused_event_stops_the_stream_until_it_gets_through(reason: int, cloud_acks: bool) -> None:
    """Nothing overtakes it: after a rest, and when the broker has answered for the rest of the window, all go again."""
    story = Story(7, window=3, cloud_acks=cloud_acks)
    assert story.up() == ["1", "2", "3"]
    assert story.refused(reason) == []
    assert story.box.deadline_ms() is None, "2 and 3 are still under way"
    assert story.taken() == []
    assert story.later() == ["1", "2", "3"]
    assert story.box.acked == 0
    assert story.box.counters()["events_refused"] == 1


def test_after_a_rest_the_stream_still_waits_for_what_is_under_way() -> None:
    """Otherwise the same event would be under way twice, and its two answers could not be told apart."""
    story = Story(7, window=3)
    story.up()
    story.refused(DENIED)
    story.ms += 5000
    assert story.drain() == []
    assert story.taken(1) == []
    assert story.taken(1) == ["1", "2", "3"]


def test_the_rest_after_refusals_doubles_up_to_its_limit_and_success_makes_it_short_again() -> None:
    """One second first, never more than the limit, for as long as it takes."""
    story = Story(1, window=1)
    story.up()
    rests = []
    for _ in range(9):
        before = story.ms
        story.refused(DENIED)
        assert story.later() == ["1"]
        rests.append(story.ms - before)
    assert rests == [1000, 2000, 4000, 8000, 16_000, 32_000, REST_MS_MAX, REST_MS_MAX, REST_MS_MAX]
    story.taken()
    story.acked(1)
    story.log.add()
    story.drain()
    before = story.ms
    story.refused(DENIED)
    story.later()
    assert story.ms - before == 1000


def test_a_silent_cloud_gets_the_window_again_ever_more_rarely() -> None:
    """``resend_ms`` first, then doubling to sixteen times as long; an acknowledgement makes it short again."""
    story = Story(3)
    story.up()
    story.taken()
    silences = []
    for _ in range(6):
        before = story.ms
        assert story.later() == ["1", "2", "3"]
        silences.append((story.ms - before) // RESEND_MS)
        story.taken()
    assert silences == [1, 2, 4, 8, 16, 16]
    assert story.box.counters()["acks_late"] == 6
    assert story.box.waiting_ms(story.now) == story.ms - 1000
    story.acked(1)
    before = story.ms
    assert story.later() == ["2", "3"]
    assert story.ms - before == RESEND_MS
    story.acked(3)
    assert story.box.waiting_ms(story.now) == 0


def test_a_broker_that_answers_for_nothing_is_not_sent_it_twice() -> None:
    """While the broker owes an answer the silence is the connection's affair, however long it lasts."""
    story = Story(2)
    story.up()
    assert story.box.deadline_ms() is None
    story.ms += 100 * RESEND_MS
    assert story.drain() == []
    assert story.box.waiting_ms(story.now) == 100 * RESEND_MS


def test_acknowledgements_that_cannot_be_true_are_counted_and_ignored() -> None:
    """Another epoch's, ahead of the log, going back."""
    story = Story(5)
    story.up()
    story.taken()
    story.acked(2)
    for seq, epoch in ((4, "other"), (6, "e"), (2, "e"), (1, "e"), (0, "e")):
        story.acked(seq, epoch)
    assert story.box.acked == 2
    counters = story.box.counters()
    assert [counters[key] for key in ("acks", "acks_foreign", "acks_ahead", "acks_old")] == [1, 1, 1, 3]


def test_an_acknowledgement_ahead_of_what_was_sent_is_taken() -> None:
    """The cloud has it from the run before; what it has is not sent again."""
    story = Story(9, window=2, acked=1)
    assert story.up() == ["2", "3"]
    assert story.acked(7) == []
    assert story.taken() == ["8", "9"]


def test_rows_that_the_log_let_go_are_declared() -> None:
    """The next event says after which it comes, so that a consumer can go on; nothing waits for what is gone."""
    story = Story(9, window=20)
    story.log.rows = [row for row in story.log.rows if row.seq not in (3, 4, 8, 9)]
    assert story.up() == ["1", "2", "5", "6", "7"]
    assert [read(publish.payload).after for publish in story.sent] == [0, 1, 2, 5, 6]
    consumer = EventLog()
    for publish in story.sent:
        consumer.take(read(publish.payload))
    assert (consumer.contiguous, consumer.losses) == (7, [(3, 4)])


def test_answers_survive_a_disconnection_in_order() -> None:
    """Those under way when the link broke too; those taken do not come again."""
    story = Story(window=2)
    for payload in (b"1", b"2", b"3"):
        story.box.put_answer(payload)
    story.up()
    story.taken(1)
    story.down()
    story.box.put_answer(b"4")
    story.up()
    story.taken()
    assert [publish.payload for publish in story.sent] == [b"1", b"2", b"3", b"2", b"3", b"4"]
    assert story.box.counters()["answers_waiting"] == 1


def test_too_many_answers_lose_the_oldest_and_an_unwanted_one_is_given_up() -> None:
    """Both limits are counted."""
    story = Story(window=200)
    for number in range(ANSWERS_MAX + 3):
        story.box.put_answer(b"%d" % number)
    assert story.box.counters()["answers_lost"] == 3
    story.up()
    assert story.sent[0].payload == b"3"
    story.taken()
    story.box.put_answer(b"unwanted")
    assert story.drain() == ["rsp"]
    for _ in range(4):
        assert story.refused(NOBODY) == []
        assert story.later() == ["rsp"]
    assert story.refused(NOBODY) == []
    assert story.box.deadline_ms() is None
    assert (story.box.counters()["answers_lost"], story.box.counters()["answers_waiting"]) == (4, 0)


def test_state_that_nobody_listens_to_is_kept_by_the_broker_but_refused_state_is_tried_again() -> None:
    """A retained message is there for the next subscriber; a denied one is not, and holds nothing else up."""
    story = Story()
    story.box.put_conn(b"c")
    story.box.put_info(b"i")
    assert story.up() == ["conn", "info"]
    assert story.refused(NOBODY) == []
    assert story.refused(DENIED) == []
    story.box.put_snapshot(3, b"d")
    assert story.drain() == ["door/03"]
    assert story.later() == ["info"]
    story.taken()
    assert story.box.deadline_ms() is None


def test_health_is_the_latest_or_none() -> None:
    """Never from before the link, never an old one; what was dropped is counted."""
    story = Story(window=1)
    story.box.put_conn(b"c")
    story.box.put_health(b"before")
    assert story.up() == ["conn"]
    story.box.put_health(b"old")
    story.box.put_health(b"new")
    assert story.taken() == ["health"]
    assert story.sent[-1].payload == b"new"
    assert story.box.counters()["health_lost"] == 2


def test_other_events_are_not_for_the_outbox() -> None:
    """The service may hand it everything."""
    story = Story(1)
    story.box.handle(Attend(True), story.now)  # type: ignore[arg-type]
    assert story.box.connected is False
    assert story.up() == ["1"]
    assert story.box.connected is True
