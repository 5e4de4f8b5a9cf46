"""The outbox in one long random story with every kind of trouble, after which everything must have arrived."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from outbox_story import DENIED, NOBODY, RESEND_MS, Story

from locker.model import Publish
from sim.cloud_log import EventLog, read


class AnyStory(RuleBasedStateMachine):
    """Links that come and go, a broker that takes, refuses and forgets, a cloud that acknowledges at will."""

    @initialize(window=st.integers(1, 6), cloud_acks=st.booleans())
    def begin(self, window: int, cloud_acks: bool) -> None:
        """An empty log, one broker, one cloud."""
        self.window, self.cloud_acks = window, cloud_acks
        self.story = Story(window=window, cloud_acks=cloud_acks)
        self.story.box.put_conn(b"c")
        self.cloud = EventLog()
        self.held: list[Callable[[], None]] = []
        self.first_receipts: list[int] = []

    def deliver(self, publish: Publish) -> None:
        """The broker passes an event on to the cloud."""
        if publish.tail == "evt":
            event = read(publish.payload)
            if self.cloud.take(event):
                self.first_receipts.append(event.seq)

    @rule(count=st.integers(1, 8))
    def happen(self, count: int) -> None:
        """Events happen."""
        self.story.log.add(count)
        self.story.drain()

    @rule()
    def link_up(self) -> None:
        """The broker is there (perhaps again without a word of having been away)."""
        self.story.open.clear()
        sent = self.story.up()
        assert sent[0] == "conn"

    @rule(arrives=st.booleans())
    def link_down(self, arrives: bool) -> None:
        """The link breaks; what was under way may have arrived, its PUBACK did not."""
        if arrives:
            for publish in self.story.open:
                self.deliver(publish)
        self.story.down()

    @precondition(lambda self: self.story.open)
    @rule(count=st.integers(1, 6), forgotten=st.booleans())
    def take(self, count: int, forgotten: bool) -> None:
        """The broker takes some; with a cloud that acknowledges it may even forget them afterwards."""
        for publish in list(self.story.open)[:count]:
            if not (forgotten and self.cloud_acks):
                self.deliver(publish)
        self.story.taken(count)

    @precondition(lambda self: self.story.open)
    @rule(reason=st.sampled_from([NOBODY, DENIED]))
    def refuse(self, reason: int) -> None:
        """The broker refuses one."""
        self.story.refused(reason)

    @precondition(lambda self: self.cloud_acks and self.cloud.contiguous)
    @rule(back=st.integers(0, 3))
    def acknowledge(self, back: int) -> None:
        """The cloud acknowledges, perhaps late and perhaps not for the first time."""
        self.story.acked(max(0, self.cloud.contiguous - back))

    @rule(ms=st.integers(1, 3 * RESEND_MS))
    def time_passes(self, ms: int) -> None:
        """The clock goes on."""
        self.story.ms += ms
        self.story.drain()

    @invariant()
    def the_window_holds(self) -> None:
        """Never more messages under way, nor events handed out and not done, than the window."""
        if not hasattr(self, "story"):
            return
        assert len(self.story.open) <= self.window
        handed_out = {read(publish.payload).seq for publish in self.story.sent if publish.tail == "evt"}
        assert len({seq for seq in handed_out if seq > self.story.box.acked}) <= self.window

    @invariant()
    def done_means_stored(self) -> None:
        """No event counts as done that the cloud does not have, with all before it."""
        if hasattr(self, "story"):
            assert self.story.box.acked <= self.cloud.contiguous

    @invariant()
    def no_deadline_has_passed(self) -> None:
        """The loop is never told to come back at a time that is over."""
        if hasattr(self, "story"):
            deadline = self.story.box.deadline_ms()
            assert deadline is None or deadline > self.story.ms

    def teardown(self) -> None:
        """When the faults end, every event arrives: at least once, first receipts in order, and all are done."""
        if not hasattr(self, "story"):
            return
        self.story.down()
        self.story.up()
        for _ in range(20 * (self.story.log.last + 2)):
            if self.story.box.acked == self.story.log.last and not self.story.open:
                break
            for publish in self.story.open:
                self.deliver(publish)
            self.story.taken()
            if self.cloud_acks:
                self.story.acked(self.cloud.contiguous)
        assert self.story.box.acked == self.cloud.contiguous == self.story.log.last
        assert set(self.first_receipts) == set(range(1, self.story.log.last + 1))
        assert self.story.box.deadline_ms() is None


AnyStory.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestAnyStory = AnyStory.TestCase
