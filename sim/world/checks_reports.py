"""The checks of invariants 6 to 10: what is said, what reaches the cloud, belief, limits, doors a minute.

They judge by the readings that reached the machine, by the rows on the disk, by what the cloud received and by how the
doors stand. The program's own memory is not within their reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise

from sim.cloud_log import Received
from sim.world.archive import Row
from sim.world.checks import (
    AuthorityFirst,
    CoilsRest,
    OwnOrderOnly,
    RestartsOpenNothing,
    SpentOpensNothing,
)
from sim.world.scene import BELIEF_MS, Check, Scene
from sim.world.street import Order, Swing

READING_MS = 3000
COMMITS = 3
"""A row may be so many slow commits behind the first of its readings: two boards on one wire are asked in turn, with a
commit between, and the row itself is one."""
WINDOW = 20
MINUTE_MS = 60_000
COMMANDS_MAX = 2000
LOGGED_MINUTE_MAX = 120
LIMITED = ("denied", "command_refused", "keys_refused", "revoked_refused", "board_silent", "port_lost", "port_back")
NEVER_EMPTIED: tuple[str, ...] = (
    "granted",
    "opened",
    "opened_late",
    "denied",
    "command_refused",
    "forced",
    "alarm_open",
    "deposited",
)
NEVER_EMPTIED += ("collected", "taken_out", "reopened", "moved", "found_open", "staff_called", "jammed", "log_trimmed")
NEVER_EMPTIED += ("loaded", "unloaded", "recalled", "handed_out", "reassigned", "audited", "corrected")
SAYS_OPEN = ("opened", "opened_late", "found_open", "forced")
SAYS_SHUT = ("shut", "deposited", "collected")


class SeenIsSeen(Check):
    """Invariant 6. A row that says a door is open (opened, opened_late, found_open, forced) or shut (shut, deposited,
    collected) stands on two consecutive readings of that door which said so and reached the machine lately (three
    seconds and two idle polls, and a few commits where the disk is slow); and where nothing was wrong with switches and
    wires, the leaf really stood like that in that time, and has stood open since the last row that said it was shut: a
    contact's bounce is no movement. A row with ``late`` tells anew what is believed, and does.

    Ambiguous: two readings that were both forged with their sums intact count as readings. A deposit whose door was
    left open is also settled when the next authority claims the door (a ``granted`` of the same step): somebody put
    it there.
    """

    number, name = 6, "seen_is_seen"

    def __init__(self, scene: Scene) -> None:
        """Nothing was said of any door."""
        super().__init__(scene)
        self._shut_ms: dict[int, int] = {}

    def rows(self, rows: Sequence[Row]) -> None:
        """The rows of one step."""
        claimed = {row.door for row in rows if row.kind in ("granted", "moved")}
        for row in rows:
            says_open = row.kind in SAYS_OPEN
            if says_open or (row.kind in SAYS_SHUT and not (row.kind == "deposited" and row.door in claimed)):
                self._judge(row, says_open)
            if says_open:
                self._shut_ms.pop(row.door, None)
            elif row.kind == "shut":
                self._shut_ms[row.door] = row.ms - COMMITS * self.scene.slow_ms

    def _judge(self, row: Row, says_open: bool) -> None:
        scene = self.scene
        if row.data.get("late"):
            believed = scene.archive.doors()[row.door][0]
            if (believed in ("forced", "left_open")) is not says_open:
                self.breach(f"event {row.seq} says {row.kind} of door {row.door}, which is believed to be {believed}")
            return
        since_ms = row.ms - READING_MS - 2 * scene.site.idle_poll_ms - COMMITS * scene.slow_ms
        seen = scene.street.reads_open(row.door, since_ms)
        if not any(a is b is says_open for a, b in pairwise(seen)):
            self.breach(f"event {row.seq} says {row.kind} of door {row.door}; the readings said {seen}")
        is_open, moved_ms = scene.street.stands(row.door)
        if is_open is not says_open and moved_ms < since_ms and scene.sight_ms < since_ms:
            self.breach(f"event {row.seq} says {row.kind} of door {row.door}, which was not")
        elif says_open and not is_open and scene.sight_ms < moved_ms < self._shut_ms.get(row.door, 0):
            self.breach(f"event {row.seq} says {row.kind} of door {row.door}, shut since it was told so")


class NothingLost(Check):
    """Invariant 7. Rows on the disk rise one by one and form the chain; what was committed once is there after every
    restart; each event that the cloud receives is the row on the disk, byte for byte; the cloud sees no gap, no
    contradiction and no break; the disk never believes the cloud to have more than it said. At the end the cloud has
    every row. A gap is allowed only over rows that an event ``log_trimmed`` has named, emptied at the log's limit;
    and no opening, refusal or alarm is ever among those.
    """

    number, name = 7, "nothing_lost"

    def __init__(self, scene: Scene) -> None:
        """No row."""
        super().__init__(scene)
        self._seq, self._hash = 0, bytes(32)
        self._hashes: dict[int, bytes] = {}
        self._kinds: dict[int, str] = {}
        self._emptied: set[int] = set()

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.seq != self._seq + 1:
            self.breach(f"event {row.seq} follows event {self._seq} on the disk")
        elif row.body and sha256(self._hash + row.body).digest() != row.hash:
            self.breach(f"event {row.seq} does not fit the chain")
        self._seq, self._hash = row.seq, row.hash
        self._hashes[row.seq], self._kinds[row.seq] = row.hash, row.kind
        if row.kind == "log_trimmed":
            self._trimmed(self.scene.archive.emptied(int(row.data["first"]), int(row.data["last"])))

    def _trimmed(self, seqs: Sequence[int]) -> None:
        self._emptied |= set(seqs)
        for seq in seqs:
            if self._kinds.get(seq, "") in NEVER_EMPTIED:
                self.breach(f"event {seq}, {self._kinds[seq]}, was emptied at the log's limit")

    def new_run(self) -> None:
        """The program starts."""
        if self._seq and self.scene.archive.last() < self._seq:
            self.breach(
                f"event {self._seq} was committed, and after the restart {self.scene.archive.last()} is the last"
            )

    def received(self, event: Received) -> None:
        """An event that is new to the cloud."""
        if self._hashes.get(event.seq) != event.hash:
            self.breach(f"event {event.seq} reached the cloud and is not the row on the disk")

    def tick(self) -> None:
        """Now and then."""
        lost = [seq for first, last in self.scene.losses for seq in range(first, last + 1) if seq not in self._emptied]
        if lost:
            self.breach(f"the cloud sees a gap at {lost[:5]}")
        if self.scene.conflicts or self.scene.broken or self.scene.malformed:
            self.breach("the cloud sees a contradiction, a broken chain or something malformed")
        if self.scene.archive.acked() > self.scene.acked:
            self.breach(
                f"the disk says {self.scene.archive.acked()} is acknowledged, the cloud said {self.scene.acked}"
            )

    def ended(self) -> None:
        """The world is over."""
        self.tick()
        if self.scene.stored != self.scene.archive.last():
            self.breach(f"the cloud has stored {self.scene.stored} of {self.scene.archive.last()} events at the end")


class BeliefIsTruth(Check):
    """Invariant 8. When for a minute nothing has been between the doors and the disk, the program has run and the door
    has not moved, what the disk says of the door is how it stands, whatever is wrong with network and clock; and where
    nothing at all has been wrong for a minute, so is the snapshot at the broker while there is a link. A door that is
    being opened just then has no belief to be judged; a jammed one counts as shut.
    """

    number, name = 8, "belief_is_truth"

    def __init__(self, scene: Scene) -> None:
        """No door has moved."""
        super().__init__(scene)
        self._moved_ms: dict[int, int] = {}

    def swung(self, swing: Swing) -> None:
        """A leaf moves."""
        self._moved_ms[swing.door] = swing.ms

    def tick(self) -> None:
        """Now and then."""
        now_ms = self.scene.clock()
        if now_ms - self.scene.sight_ms > BELIEF_MS:
            self._compare(now_ms - self.scene.clear_ms > BELIEF_MS)

    def ended(self) -> None:
        """The world is over."""
        self._compare(heard=True)

    def _compare(self, heard: bool) -> None:
        rooms = self.scene.archive.doors()
        for door in self.scene.street.doors:
            if self.scene.clock() - self._moved_ms.get(door, 0) <= BELIEF_MS:
                continue
            state = rooms[door][0] if door in rooms else "unknown"
            is_open = self.scene.street.is_open(door)
            believed = {"closed": False, "jammed": False, "unknown": None, "opening": is_open}.get(state, True)
            if believed is not is_open:
                self.breach(f"door {door} is {'open' if is_open else 'shut'}, and the disk says {state}")
            said = self.scene.snapshots.get(door)
            if (
                heard
                and self.scene.link_up
                and state != "opening"
                and said not in (None, "open" if is_open else "closed")
            ):
                self.breach(f"door {door} is {'open' if is_open else 'shut'}, and its snapshot says {said}")


class LimitsHold(Check):
    """Invariant 9. No more events under way than the window; no lock ordered too often in a minute, also across
    restarts; no more refusals and device troubles logged than the limit; command ids on the disk within their bound. A
    program that turns again and again without time passing is found by the world itself, under this number.
    """

    number, name = 9, "limits_hold"

    def __init__(self, scene: Scene) -> None:
        """Nothing was counted."""
        super().__init__(scene)
        self._by_door: dict[int, deque[int]] = {}
        self._logged: dict[str, deque[int]] = {}
        self._under_way: set[int] = set()

    def new_run(self) -> None:
        """The limits of the log begin anew."""
        self._logged.clear()

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        times = _within(self._by_door.setdefault(order.door, deque()), order.ms)
        if len(times) > self.scene.site.per_lock_minute_max:
            self.breach(f"door {order.door} was ordered {len(times)} times in a minute")

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in LIMITED:
            times = _within(self._logged.setdefault(row.kind, deque()), row.ms)
            if len(times) > LOGGED_MINUTE_MAX:
                self.breach(f"{len(times)} events {row.kind} within a minute")

    def received(self, event: Received) -> None:
        """An event that is new to the cloud."""
        self._under_way = {seq for seq in self._under_way if seq > self.scene.acked} | {event.seq}
        if len(self._under_way) > WINDOW:  # a row that a full log has emptied since is waited for no longer
            self._under_way -= set(self.scene.archive.emptied(min(self._under_way), max(self._under_way)))
        if len(self._under_way) > WINDOW:
            self.breach(f"{len(self._under_way)} events were sent beyond {self.scene.acked}, the last acknowledged")

    def tick(self) -> None:
        """Now and then."""
        if self.scene.archive.counts()["commands"] > COMMANDS_MAX:
            self.breach("more command ids are kept than the limit")

    def spins(self, turns: int) -> None:
        """The program turned so often without time passing."""
        self.breach(f"the program turned {turns} times at one moment")


class DoorsPerMinute(Check):
    """Invariant 10. At most the configured number of doors is opened in any minute, also across restarts and power
    cuts, whoever asks, but for those that were asked for at the cabinet while staff stood there, by the log; a lock
    number that means all of them, or that has no door, never leaves the machine.
    """

    number, name = 10, "doors_per_minute"

    def __init__(self, scene: Scene) -> None:
        """No door was ordered."""
        super().__init__(scene)
        self._first: deque[int] = deque()
        self._seen: set[int] = set()

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        if not order.door:
            self.breach(f"an order for lock number {order.channel} left the machine; no door has it")
        permit = self.scene.story.permits.get(order.door)
        if permit is None or permit.staffed or permit.row.seq in self._seen:
            return
        self._seen.add(permit.row.seq)
        times = _within(self._first, order.ms)
        if len(times) > self.scene.site.doors_minute_max:
            self.breach(f"{len(times)} doors were opened within a minute")


def _within(times: deque[int], now_ms: int) -> deque[int]:
    """The moments of the last minute, this one included."""
    times.append(now_ms)
    while times[0] <= now_ms - MINUTE_MS:
        times.popleft()
    return times


CHECKS: tuple[type[Check], ...] = (
    AuthorityFirst,
    OwnOrderOnly,
    SpentOpensNothing,
    CoilsRest,
    RestartsOpenNothing,
    SeenIsSeen,
    NothingLost,
    BeliefIsTruth,
    LimitsHold,
    DoorsPerMinute,
)
"""Every check, by the number of its invariant."""


class Checks:
    """All checks of one world, each told only what it listens to."""

    def __init__(self, scene: Scene, more: Sequence[type[Check]] = ()) -> None:
        """One of each, and of ``more``; ``by`` has the first of each number."""
        self.all = [kind(scene) for kind in (*CHECKS, *more)]
        self.scene = scene
        self.by = {check.number: check for check in reversed(self.all)}
        self._ears: dict[str, list[Callable[..., None]]] = {}

    def tell(self, what: str, *arguments: object) -> None:
        """Tell every check that listens."""
        ears = self._ears.get(what)
        if ears is None:
            ears = self._ears[what] = [getattr(check, what) for check in self.all if hasattr(check, what)]
        for ear in ears:
            ear(*arguments)

    @property
    def broken(self) -> bool:
        """Whether any invariant did not hold."""
        return any(check.found for check in self.all)
