"""The checks of invariants 1 to 5: authority, own order, spent, coils, restarts.

Each is a class of its own with what it demands in its docstring, also of what is legitimately ambiguous: a board that
takes the wrong lock, and a frame that was changed so that its sum still holds. They judge by what left the machine, by
coils and leaves, and by rows on the disk; the program's own memory is not within their reach.
"""

from __future__ import annotations

from collections import Counter, deque

from locker.model import Purpose
from sim.world.archive import Row
from sim.world.scene import DOORS_CODE, LABEL, Check, Permit, Scene
from sim.world.site import WALL_MS, Issued, plain
from sim.world.street import Energised, Order, Swing

LEEWAY_S = 120
PULSES_MAX = 3
REOPENS_MAX = 2
GRACE_MS = 60_000
SLACK_MS = 50
PRESENT_MS = 120_000
STIMULUS_MS = 15_000
"""How long before its row what caused an opening may have happened: reading, a wait for the coils, a slow turn."""
FAULTY_COIL_MS = 120_000
NAMED = (Purpose.STAFF, Purpose.TECHNICIAN)
SEEN_OPEN = ("opened", "opened_late", "found_open", "forced")
SIGHT_MS = 60_000


class AuthorityFirst(Check):
    """Invariant 1. At the moment an unlock order leaves the machine, the disk holds an event that allows this very
    door, not ended, used for three orders at most; its token was issued for this cabinet by a key that may, is
    claimed for this door, names the order that the event names, and at the grant was neither expired (by the cabinet's
    clock, and by the true one while that is right) nor revoked by a list on the disk; and by the key set on the disk
    its key was neither retired nor run out, held already (unless nobody could know the time), and had not cut it off.

    Ambiguous: a coil that no order was for (the board took the wrong lock, or a frame was changed on the wire with
    its sum intact) is no order of ours; it is excused only while such a fault is known to have happened within five
    seconds.
    """

    number, name = 1, "authority_first"

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        permit = self.scene.story.permits.get(order.door)
        if permit is None or permit.ended:
            self.breach(f"door {order.door} (channel {order.channel}) was ordered without an event that allows it")
            return
        permit.orders += 1
        if permit.orders > PULSES_MAX:
            self.breach(f"door {order.door}: event {permit.row.seq} was used for {permit.orders} orders")
        token = self.scene.register.tokens.get(permit.row.cti)
        if token is None or not token.genuine:
            self.breach(f"door {order.door} was ordered for a token that nobody who may has issued")
            return
        self._judge_token(order, permit, token)

    def _judge_token(self, order: Order, permit: Permit, token: Issued) -> None:
        row, scene = permit.row, self.scene
        if row.data.get("purpose") != token.purpose.name.lower():
            self.breach(f"door {order.door}: a {token.purpose.name} token was taken for {row.data.get('purpose')}")
        if token.door not in (0, order.door):
            self.breach(f"door {order.door} was ordered for a token of door {token.door}")
        claimed = scene.archive.token(token.cti)
        if claimed is None or claimed[0] != order.door:
            self.breach(f"door {order.door} was ordered and the token is not claimed for it on the disk")
        if row.kind == "granted" and row.at_ms >= (token.exp + LEEWAY_S) * 1000:
            self.breach(f"event {row.seq} granted a token that had expired")
        right = abs(scene.clock_wrong_ms) <= 60_000 and scene.trouble.under_way["clock"] == 0
        if row.kind == "granted" and right and WALL_MS + row.ms > (token.exp + LEEWAY_S + 120) * 1000:
            self.breach(f"event {row.seq} granted a token that had expired by true time")
        if row.kind == "granted":
            self._judge_key(permit, token)
        if row.kind != "moved" and 0 < scene.register.revoked.get(token.duty or token.cti, 0) <= permit.list_version:
            self.breach(f"event {row.seq} {row.kind} a token that is revoked")

    def _judge_key(self, permit: Permit, token: Issued) -> None:
        """Retired and run out keys are no genuine ones; what is left is when a key holds, and its cut-off."""
        row, cut_off = permit.row, self.scene.register.cut_offs.get(permit.keys_version, 0)
        if bytes.fromhex(str(row.data.get("order", ""))).decode() != token.order:
            self.breach(f"event {row.seq} granted an order that its token was not issued for")
        if token.cut_off and token.iat < cut_off:
            self.breach(f"event {row.seq} granted a token of {token.iat}, and its key was cut off at {cut_off}")
        if row.quality != "floor" and row.at_ms < (token.since - LEEWAY_S) * 1000:
            self.breach(f"event {row.seq} granted a token of a key that holds from {token.since} on")

    def energised(self, coil: Energised) -> None:
        """A coil is put on."""
        if not coil.ordered and not coil.excuse:
            self.breach(f"the coil of door {coil.door} was put on, and no order was for it")


class OwnOrderOnly(Check):
    """Invariant 2. An order goes to a door behind which, by the log, somebody's item lies only for that order or for
    staff or a technician by name, never to put another item in; and whenever a coil opens a door on such an order, no
    papers of another's lie inside, except those that a person left behind after saying there were none. Every leaf that
    stands open for a minute in clear sight has an event that says so, whoever opened it.

    Ambiguous: a door that the board opened by mistake may show somebody's papers; no controller can prevent it.
    Demanded then is the event (forced or found_open) like for any other opening that nobody was allowed. Papers laid
    in while a switch said that the door never opened are no excuse: the machine pulsed that door, and must have it
    looked into.
    """

    number, name = 2, "own_order_only"

    def __init__(self, scene: Scene) -> None:
        """Every door is shut."""
        super().__init__(scene)
        self._open: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self._shut: dict[int, int] = {}
        self._strays: dict[int, int] = {}

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        held, permit = self.scene.story.held.get(order.door), self.scene.story.permits.get(order.door)
        if held is None or permit is None:
            return
        if permit.row.data.get("duty") and permit.row.data.get("order"):
            self.breach(f"door {order.door} holds order {held} and was ordered to put another item in")
        token = self.scene.register.tokens.get(permit.row.cti)
        if token is None or (token.purpose in NAMED and not permit.row.data.get("by")):
            self.breach(f"door {order.door} holds order {held} and was ordered for nobody by name")
        elif token.purpose not in NAMED and token.order != held:
            self.breach(f"door {order.door} holds order {held} and was ordered for order {token.order}")

    def energised(self, coil: Energised) -> None:
        """A coil is put on."""
        if not coil.ordered:
            self._strays[coil.door] = coil.ms

    def swung(self, swing: Swing) -> None:
        """A leaf moves."""
        if not swing.open:
            self._shut[swing.door] = swing.ms
            self._open.pop(swing.door, None)
            return
        since_ms = max(self._shut.get(swing.door, 0), self.scene.sight_ms)
        if swing.ms - since_ms > SIGHT_MS:
            self._told.pop(swing.door, None)
        self._open[swing.door] = swing.ms
        if swing.by in ("coil", "press"):
            self._judge_papers(swing.door)

    def _judge_papers(self, door: int) -> None:
        permit, stray_ms = self.scene.story.permits.get(door), self._strays.get(door, -(1 << 40))
        token = self.scene.register.tokens.get(permit.row.cti) if permit else None
        if token is None or permit is None or stray_ms > permit.row.ms or token.purpose in NAMED:
            return
        left = self.scene.left_behind.get(door, set())
        others = [what for what in self.scene.street.papers(door) if what != token.order and what not in left]
        if others:
            self.breach(f"door {door} was opened for order {token.order} and the papers of {others} lie inside")

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind in SEEN_OPEN:
            self._told[row.door] = row.ms
        elif row.kind == "shut":
            self._told.pop(row.door, None)

    def tick(self) -> None:
        """Now and then."""
        sight_ms, now_ms = self.scene.sight_ms, self.scene.clock()
        for door, opened_ms in self._open.items():
            if door not in self._told and now_ms - max(opened_ms, sight_ms) > SIGHT_MS:
                self._told[door] = now_ms
                self.breach(f"door {door} has stood open since {opened_ms} ms and no event says so")


class SpentOpensNothing(Check):
    """Invariant 3. No ``granted`` for a token whose door the log has said to be seen open; a token that comes again
    is granted the door that it is bound to, never another (a move in its visit binds it anew, unspent; so do staff who
    lay its item elsewhere, which they must); two reopenings at most a grant, each within the grace after the door was
    seen shut; the disk has each token spent that the log says was seen open. That an unspent one still opens its door
    is tried out in the quiet phase.
    """

    number, name = 3, "spent_opens_nothing"

    def __init__(self, scene: Scene) -> None:
        """No token was used."""
        super().__init__(scene)
        self._spent: set[str] = set()
        self._bound: dict[str, int] = {}
        self._reopened: Counter[str] = Counter()
        self._shut_ms: dict[int, int] = {}

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        cti = row.cti
        if row.kind == "granted":
            if cti in self._spent:
                self.breach(f"event {row.seq} granted door {row.door} to a token that is spent")
            if self._bound.get(cti, row.door) != row.door:
                self.breach(f"event {row.seq} granted door {row.door} to a token bound to door {self._bound[cti]}")
            self._reopened[cti] = 0
        if row.kind in ("granted", "moved"):
            self._bound[cti] = row.door
        if row.kind in ("loaded", "reassigned"):
            self._follow(row)
        if row.kind == "moved":
            self._spent.discard(cti)
        elif row.kind in ("opened", "opened_late") and cti:
            self._spend(row)
        elif row.kind == "shut":
            self._shut_ms[row.door] = row.ms
        elif row.kind == "reopened":
            self._reopen(row)

    def _follow(self, row: Row) -> None:
        """An item lies elsewhere now: the codes that were claimed for it, and are not spent, are bound to that door."""
        order, held = plain(row.data["order"]), self.scene.story.held
        typed = self.scene.register.loaded.get(int(row.data.get("load", -1)))
        for cti, door in self._bound.items():
            token = self.scene.register.tokens.get(cti)
            if cti in self._spent or token is None or (token.purpose, token.order) != (Purpose.COLLECT, order):
                continue
            if held.get(door) == order or (token.text.isdecimal() and cti != typed):
                continue
            self._bound[cti] = row.door
            if self.scene.archive.token(cti) != (row.door, False):
                self.breach(
                    f"event {row.seq}: order {order} lies behind door {row.door}, its code {cti} is left behind"
                )

    def _spend(self, row: Row) -> None:
        self._spent.add(row.cti)
        found = self.scene.archive.token(row.cti)
        if found is None or not found[1]:
            self.breach(f"event {row.seq} says {row.kind} and the token is not spent on the disk")

    def _reopen(self, row: Row) -> None:
        self._reopened[row.cti] += 1
        if self._reopened[row.cti] > REOPENS_MAX:
            self.breach(f"event {row.seq} reopened door {row.door} for the {self._reopened[row.cti]}th time")
        if row.ms - self._shut_ms.get(row.door, -(1 << 40)) > GRACE_MS + self.scene.slow_ms + SLACK_MS:
            self.breach(f"event {row.seq} reopened door {row.door} after the grace was over")


class CoilsRest(Check):
    """Invariant 4. Orders leave the machine no closer than one pulse apart, whatever the board, and no closer than
    pulse and cool-down for one lock, also across restarts; no pulse is longer than the cap, as ordered, and on pins as
    it lasts; what the body itself notices of its coils (two at once, too soon, overheated, too long) never happens; no
    coil comes on while one of another board is on; none is on when the world ends.

    Ambiguous: what the body notices is excused while a coil that no order was for is on in that body, and for two
    minutes from its beginning (two boards' coils, in either); so is such a coil's own length (the order to set it may
    have been changed on the wire, too).
    """

    number, name = 4, "coils_rest"

    def __init__(self, scene: Scene) -> None:
        """All off."""
        super().__init__(scene)
        self._line_ms = -(1 << 40)
        self._by_door: dict[int, int] = {}
        self._strays: list[Energised] = []
        self._noticed = Counter[int]()

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        pulse_ms = self.scene.site.pulse_ms
        if order.ms - self._line_ms < pulse_ms:
            self.breach(f"door {order.door} was ordered {order.ms - self._line_ms} ms after another")
        rested_ms = order.ms - self._by_door.get(order.door, -(1 << 40)) - pulse_ms
        if rested_ms < self.scene.site.cooldown_ms - SLACK_MS:
            self.breach(f"door {order.door} was ordered again, and its coil had rested {rested_ms} ms")
        self._line_ms = self._by_door[order.door] = order.ms

    def energised(self, coil: Energised) -> None:
        """A coil is put on."""
        if coil.pulse_ms > 1000 and coil.ordered:
            self.breach(f"the coil of door {coil.door} was put on for {coil.pulse_ms} ms")
        if not coil.ordered:
            self._strays.append(coil)
        for number, body in enumerate(self.scene.street.bodies):
            on = [n for n, box in enumerate(body.compartments) if (box.coil_off_ms or 0) > coil.ms]
            if number != coil.board and on and not any(self._is_excused(b, coil.ms) for b in (number, coil.board)):
                self.breach(f"the coil of door {coil.door} was put on while {on} of board {number} were")

    def tick(self) -> None:
        """Now and then: what has been on for too long by now."""
        self.looked()

    def looked(self) -> None:
        """After a step in which a coil was put on."""
        for number, body in enumerate(self.scene.street.bodies):
            for strain in body.breaches[self._noticed[number] :]:
                if not self._is_excused(number, strain.ms):
                    self.breach(f"board {number}, channel {strain.channel}: {strain.what} at {strain.ms} ms")
            self._noticed[number] = len(body.breaches)

    def ended(self) -> None:
        """The world is over."""
        self.looked()
        for number, body in enumerate(self.scene.street.bodies):
            on = [n for n, box in enumerate(body.compartments) if (box.coil_off_ms or 0) > self.scene.clock()]
            on = [channel for channel in on if not self._is_stray(number, channel)]
            if on:
                self.breach(f"board {number}: coils {on} are still on at the end")

    def _is_excused(self, board: int, ms: int) -> bool:
        strays = (coil for coil in self._strays if coil.board == board)
        return any(0 <= ms - coil.ms < max(FAULTY_COIL_MS, coil.pulse_ms) for coil in strays)

    def _is_stray(self, board: int, channel: int) -> bool:
        places, now_ms = self.scene.street.places, self.scene.clock()
        return any(places[c.door] == (board, channel) and now_ms < c.ms + c.pulse_ms for c in self._strays)


class RestartsOpenNothing(Check):
    """Invariant 5. The event that allows an order was written by this run of the program, and something outside caused
    it just before: the code at the scanner, a button, or a command that was sent with this grant, not as a retained
    message, and not more than its life and ten seconds ago by the cabinet's clock; with staff at work a code or a
    label that is shown, a button, or a door of theirs that was shut while they were there. One command id is done once.
    """

    number, name = 5, "restarts_open_nothing"

    def __init__(self, scene: Scene) -> None:
        """No command was done."""
        super().__init__(scene)
        self._done: deque[str] = deque(maxlen=4000)
        self._acted_ms = self._shut_ms = -1

    def ordered(self, order: Order) -> None:
        """An order leaves the machine."""
        permit = self.scene.story.permits.get(order.door)
        if permit is not None and permit.row.seq <= self.scene.story.run_seq:
            self.breach(f"door {order.door} was ordered on event {permit.row.seq} of an earlier run")

    def row(self, row: Row) -> None:
        """A row is on the disk."""
        if row.kind == "command_done":
            if row.data["id"] in self._done:
                self.breach(f"event {row.seq}: command {row.data['id']} was done twice")
            self._done.append(row.data["id"])
        elif row.kind == "granted":
            self._judge(row)
        elif row.data.get("duty") and row.kind in ("opened", "shut"):
            self._acted_ms = max(self._acted_ms, row.ms if row.kind == "opened" else -1)
            self._shut_ms = row.ms if row.kind == "shut" else self._shut_ms
        elif row.kind == "reopened":
            touched = (self.scene.touched.get("reopen", -1), self.scene.touched.get("larger", -1))
            self._recent(row, max(*touched, self.scene.shown.get(row.cti, -1)))

    def _judge(self, row: Row) -> None:
        if row.data.get("duty"):
            self._recent(row, self._worked(str(row.data["duty"])))
            return
        if row.data.get("source") != "cloud":
            self._recent(row, self.scene.shown.get(row.cti, -1))
            return
        sent = self.scene.sent.get(row.cti, [])
        if not any(not s.retained and row.at_ms // 1000 <= s.exp + 10 for s in sent):
            self.breach(f"event {row.seq} granted door {row.door} on a command that was retained, late or never sent")

    def _worked(self, duty: str) -> int:
        """When staff at work touched something, held up a label or their code last; or when their door was seen shut,
        if they had done something or it had opened within the two minutes for which they are held to be there.
        """
        scene = self.scene
        shown = (ms for name, ms in scene.shown.items() if name == duty or name.startswith((LABEL, DOORS_CODE)))
        acted_ms = max(self._acted_ms, *shown, *scene.touched.values(), -1)
        there = self._shut_ms - acted_ms <= PRESENT_MS + 2 * scene.slow_ms
        return max(acted_ms, self._shut_ms) if there else acted_ms

    def _recent(self, row: Row, caused_ms: int) -> None:
        if caused_ms < 0 or row.ms - caused_ms > STIMULUS_MS + 2 * self.scene.slow_ms:
            self.breach(f"event {row.seq} {row.kind} door {row.door} and nobody had asked for it")
