"""Further checks, each found missing by a planted bug that survived: what the rows and the disk must agree on.

As strict as the ten of ``sim.world.checks`` and ``checks_reports``, under the number of the invariant that each belongs
to. They judge by rows, by the disk, by the boards' power and by what the screen showed; never by the program's memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from locker.model import Purpose, Show
from sim.world.archive import Row
from sim.world.checks_duty import DUTY
from sim.world.checks_keeping import KEEPING
from sim.world.lock_boards import place
from sim.world.scene import AT_THE_CABINET, BELIEF_MS, Check, Scene
from sim.world.site import WALL_MS
from sim.world.street import Order, Swing

MINUTE_MS = 60_000
LEFT_OPEN_MS = 5 * MINUTE_MS
WRONG_MAX, WRONG_MS = 5, 10 * MINUTE_MS
SLACK_MS = 1000
LAPSED_S = 900
LEEWAY_S = 120
NONCE_MS = 180_000
RIGHT_MS = 60_000
REFUSED_MS = 30_000
REFUSALS_MINUTE_MAX = 60
BY_HAND = ("finished", "handed_over")
USES = ("granted", "reopened", "moved", "opened")
REFUSES = ("denied", "code_wrong", "keypad_locked", "visit_ended")


class CustodyFollows(Check):
    """Invariant 2. What the disk says to lie behind each door is what the events say: in with a deposit or a load, out
    with a collection, a taking out, a recall, a cancelling or a move, and what an audit corrected.
    """

    number, name = 2, "custody_follows_events"

    def tick(self) -> None:
        """Now and then."""
        held = {d: order for d, (_, custody, order, _) in self.scene.archive.doors().items() if custody == "holding"}
        if held != self.scene.story.held:
            doors = sorted(d for d in {*held, *self.scene.story.held} if held.get(d) != self.scene.story.held.get(d))
            self.breach(f"disk and events differ on what lies behind the doors {doors}")


class QuarantineHolds(Check):
    """Invariant 2. From the event that a board opened a wrong door until the one that lifts it, no order leaves the
    machine for that board, but one that was on its way already.
    """

    number, name = 2, "quarantine_holds"

    def __init__(self, scene: Scene) -> None:
        """None."""
        super().__init__(scene)
        self._since: dict[str, int] = {}

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind == "wrong_door":
            self._since.setdefault(str(row.data["device"]), row.ms)
        elif row.kind == "quarantine_lifted":
            self._since.pop(str(row.data["device"]), None)

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        board, _ = place(self.scene.site, order.board, order.channel)
        since_ms = self._since.get(board)
        if since_ms is not None and order.ms - since_ms > SLACK_MS:
            self.breach(f"door {order.door} was ordered, and its board is in quarantine since {since_ms} ms")


class SpentWhenSeen(Check):
    """Invariant 3. Every token that is spent on the disk was seen to open its door, by an event; and a load number, of
    which a pick-up code is made, is given to one order only.
    """

    number, name = 3, "spent_when_seen"

    def __init__(self, scene: Scene) -> None:
        """Nothing was opened or loaded."""
        super().__init__(scene)
        self._opened: set[str] = set()
        self._loads: dict[int, str] = {}

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in ("opened", "opened_late"):
            self._opened.add(row.cti)
        if row.kind == "duty_ended" and row.data["why"] in BY_HAND:
            self._opened.add(row.cti)  # a staff code without a door is spent when its duty is ended by hand
        if "load" in row.data:
            load, order = int(row.data["load"]), str(row.data["order"])
            if self._loads.setdefault(load, order) != order:
                self.breach(f"event {row.seq} gives load number {load}, which another order had")

    def tick(self) -> None:
        """Now and then."""
        unseen = self.scene.archive.spent() - self._opened
        if unseen:
            self.breach(f"the tokens {sorted(unseen)[:3]} are spent, and no event says that their door was seen open")


class TimeNeverBack(Check):
    """Invariant 1. No token is granted that had run out at a time which the disk had known to be right before: the time
    may be lost with the power, what was certain may not. And while the time is a guess nothing is forgotten that says
    which codes were used.
    """

    number, name = 1, "time_never_back"

    def __init__(self, scene: Scene) -> None:
        """Nothing is certain."""
        super().__init__(scene)
        self._certain_ms = 0

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        scene = self.scene
        if row.kind == "retention" and row.quality == "floor":
            self.breach(f"event {row.seq}: {row.data} were forgotten while the time was a guess")
        right = abs(row.at_ms - WALL_MS - row.ms) <= RIGHT_MS and scene.clock_wrong_ms == 0
        if row.quality == "synced" and right and not scene.trouble.under_way["clock"]:
            self._certain_ms = max(self._certain_ms, row.at_ms)
        token = scene.register.tokens.get(row.cti)
        if row.kind == "granted" and token is not None and (token.exp + LEEWAY_S) * 1000 < self._certain_ms:
            self.breach(f"event {row.seq} granted a token that ran out at {token.exp}, long before what was certain")


class NonceOnce(Check):
    """Invariant 5. Over the network a resident's grant opens only with a nonce, and no nonce brings two visits; a nonce
    opens only when this screen has first shown it within the last three minutes.
    """

    number, name = 5, "nonce_once"

    def __init__(self, scene: Scene) -> None:
        """None was used."""
        super().__init__(scene)
        self._used: dict[bytes, str] = {}
        self._shown_ms: dict[str, int] = {}

    def showed(self, show: Show) -> None:
        """A screen."""
        if show.invite:
            self._shown_ms.setdefault(show.invite.rpartition("n=")[2], self.scene.clock())

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        token = self.scene.register.tokens.get(row.cti)
        if row.kind != "granted" or token is None:
            return
        nonce = self.scene.register.nonces.get(row.cti)
        if nonce is not None and self._used.get(nonce) == row.cti and row.data.get("source") in AT_THE_CABINET:
            return  # claimed before: the same door, and no second nonce
        if nonce is None and row.data.get("source") == "cloud" and token.purpose in (Purpose.DEPOSIT, Purpose.COLLECT):
            self.breach(f"event {row.seq} granted door {row.door} over the network without a nonce")
        elif nonce is not None and self._used.setdefault(nonce, row.cti) != row.cti:
            self.breach(f"event {row.seq} granted door {row.door} on a nonce that has had its visit")
        if nonce is not None:
            shown_ms = self._shown_ms.get(nonce.hex(), -(1 << 40))
            if row.ms - shown_ms > NONCE_MS + 2 * self.scene.slow_ms + SLACK_MS:
                self.breach(f"event {row.seq} granted door {row.door} on a nonce of {row.ms - shown_ms} ms ago")


class InterruptedTold(Check):
    """Invariant 5. A start that cut a visit short says so, in the same transaction as that it has started."""

    number, name = 5, "interrupted_told"

    def __init__(self, scene: Scene) -> None:
        """Nobody is there."""
        super().__init__(scene)
        self._door = 0

    def rows(self, rows: Sequence[Row]) -> None:
        """The rows of one step."""
        for row in rows:
            if row.kind in ("granted", "moved") or (row.kind == "opened" and row.data.get("resumed")):
                self._door = row.door
            elif row.kind == "visit_ended":
                self._door = 0
            elif row.kind == "started":
                if self._door and not any(r.kind == "interrupted" and r.door == self._door for r in rows):
                    self.breach(f"event {row.seq}: the visit at door {self._door} was cut short, and no event says so")
                self._door = 0


class CommandsKept(Check):
    """Invariant 5. A command that the log says is done has its id on the disk, in the same transaction."""

    number, name = 5, "command_kept"

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind == "command_done" and not self.scene.archive.has_command(str(row.data["id"])):
            self.breach(f"event {row.seq}: command {row.data['id']} is done, and its id is not kept")


class RefusalsTold(Check):
    """Invariant 7. Who is refused on the screen has an event within the half minute before, and where that names a
    reason it is the one on the screen, unless more than 60 a minute are; and right behind each deposit stands its
    receipt, where receipts are signed.
    """

    number, name = 7, "refusals_told"

    def __init__(self, scene: Scene) -> None:
        """Nobody was refused."""
        super().__init__(scene)
        self._told: deque[tuple[int, str]] = deque(maxlen=REFUSALS_MINUTE_MAX)

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in REFUSES:
            self._told.append((row.ms, str(row.data.get("reason", ""))))

    def showed(self, show: Show) -> None:
        """A screen."""
        if show.name != "refused":
            return
        now_ms, told = self.scene.clock(), self._told
        crowded = len(told) == REFUSALS_MINUTE_MAX and now_ms - told[0][0] <= MINUTE_MS
        since_ms = now_ms - REFUSED_MS - self.scene.slow_ms
        if not crowded and not any(ms >= since_ms and why in ("", show.reason) for ms, why in told):
            self.breach(f"somebody was refused ({show.reason}), and no event says so")

    def rows(self, rows: Sequence[Row]) -> None:
        """The rows of one step."""
        if not self.scene.site.receipts:
            return
        for row, behind in pairwise([*rows, None]):
            if row is not None and row.kind == "deposited" and (behind is None or behind.kind != "receipt"):
                self.breach(f"event {row.seq} says deposited, and no receipt stands behind it")


class BoardsSeen(Check):
    """Invariant 8. A board that has been without power for a minute is known to be out of reach: its doors are unknown.
    A leaf that has stood open for five minutes in clear sight, and for which nobody's code was taken in that time, is
    believed to be left open, not in use. A reservation ends with its token, a quarter of an hour later at the most (or
    after a start, or after the cabinet's clock is right again); but where the token is spent, or staff came, and the
    leaf still stands open, somebody's papers may lie inside until it has been shut for a minute.
    """

    number, name = 8, "boards_and_time_seen"

    def __init__(self, scene: Scene) -> None:
        """All is well."""
        super().__init__(scene)
        self._off_ms: dict[int, int] = {}
        self._opened_ms: dict[int, int] = {}
        self._used_ms: dict[int, int] = {}
        self._shut_ms: dict[int, int] = {}
        self._by_staff: set[int] = set()
        self._wrong_ms = 0

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in USES:
            self._used_ms[row.door] = row.ms
        elif row.kind == "board_back":
            self._off_ms.clear()

    def swung(self, swing: Swing) -> None:
        """A leaf moves."""
        if swing.open:
            self._opened_ms[swing.door] = swing.ms
            permit = self.scene.story.permits.get(swing.door)
            staff = permit is not None and permit.row.data.get("purpose") in ("staff", "technician")
            (self._by_staff.add if staff and swing.by != "force" else self._by_staff.discard)(swing.door)
        else:
            self._opened_ms.pop(swing.door, None)
            self._shut_ms[swing.door] = swing.ms

    def tick(self) -> None:
        """Now and then."""
        scene = self.scene
        now_ms, doors = scene.clock(), scene.archive.doors()
        self._wrong_ms = now_ms if scene.clock_wrong_ms else self._wrong_ms
        if not scene.up or scene.trouble.under_way["disk"] or now_ms - scene.run_ms <= 2 * BELIEF_MS:
            self._off_ms.clear()
            return
        for number, board in enumerate(scene.street.boards):
            if board.powered:
                self._off_ms.pop(number, None)
            elif now_ms - self._off_ms.setdefault(number, now_ms) > BELIEF_MS:
                self._judge_silent(number, doors)
        for door, opened_ms in self._opened_ms.items():
            since_ms = max(opened_ms, scene.sight_ms, self._used_ms.get(door, 0))
            if now_ms - since_ms > LEFT_OPEN_MS and doors[door][0] == "open":
                self.breach(f"door {door} has stood open since {opened_ms} ms, and is believed to be in use")
        if scene.trouble.calm and now_ms - max(scene.run_ms, self._wrong_ms) > LAPSED_S * 1000:
            self._judge_reserved(doors)

    def _judge_silent(self, number: int, doors: dict[int, tuple[str, str, str, bool]]) -> None:
        for door, (board, _) in self.scene.street.places.items():
            if board == number and doors.get(door, ("unknown",))[0] not in ("unknown", "jammed"):
                self.breach(f"board {number} has no power, and door {door} is believed to be {doors[door][0]}")

    def _judge_reserved(self, doors: dict[int, tuple[str, str, str, bool]]) -> None:
        """Staff whose door did not open hold up the end: an errand of theirs lapses first, with their own code."""
        now_s, tokens = (WALL_MS + self.scene.clock()) // 1000, self.scene.register.tokens
        reserved = {door: order for door, (_, custody, order, _) in doors.items() if custody == "reserved"}
        if not reserved:
            return
        claimed = self.scene.archive.claimed()
        for door, order in reserved.items():
            seen_ms = max(self._shut_ms.get(door, 0), self.scene.clear_ms)
            just_shut = self.scene.clock() - seen_ms <= BELIEF_MS
            by_code = door in self._by_staff or self._was_opened(door, order)
            if (door in self._opened_ms or just_shut) and by_code:
                continue
            ends = [t.exp for t in tokens.values() if (t.order, t.purpose) == (order, Purpose.DEPOSIT)]
            ends += [tokens[cti].exp for cti, at in claimed if at == door]
            if now_s > max(ends, default=0) + LAPSED_S:
                self.breach(f"door {door} is still reserved for order {order}, whose code has long run out")

    def _was_opened(self, door: int, order: str) -> bool:
        """Whether a code of this order has had this door opened."""
        story, tokens = self.scene.story, self.scene.register.tokens.values()
        return any(t.order == order and t.cti in story.spent and story.bound.get(t.cti) == door for t in tokens)


class KeypadLocked(Check):
    """Invariant 9. Five wrong entries within ten minutes lock the keypad; until the time is over that the event said,
    nothing typed is compared, whatever restarts in between.
    """

    number, name = 9, "keypad_stays_locked"

    def __init__(self, scene: Scene) -> None:
        """Open."""
        super().__init__(scene)
        self._wrong: deque[int] = deque()
        self._until_ms = 0

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind == "keypad_locked":
            self._wrong.clear()
            self._until_ms = row.ms + int(row.data["for_ms"]) - 2 * self.scene.slow_ms - SLACK_MS
        elif row.kind == "code_wrong":
            self._wrong.append(row.ms)
            while self._wrong[0] < row.ms - WRONG_MS:
                self._wrong.popleft()
            if len(self._wrong) > WRONG_MAX:
                self.breach(f"event {row.seq}: {len(self._wrong)} wrong entries within ten minutes, and no lock")
        compared = row.kind == "code_wrong" or (row.kind == "granted" and row.data.get("source") == "keypad")
        if compared and row.ms < self._until_ms:
            self.breach(f"event {row.seq}: compared while the keypad is locked until {self._until_ms} ms")


MORE: tuple[type[Check], ...] = (
    CustodyFollows,
    QuarantineHolds,
    SpentWhenSeen,
    TimeNeverBack,
    NonceOnce,
    InterruptedTold,
    CommandsKept,
    RefusalsTold,
    BoardsSeen,
    KeypadLocked,
    *KEEPING,
    *DUTY,
)
"""The further checks, by the number of their invariant."""
