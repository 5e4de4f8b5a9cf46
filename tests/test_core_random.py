"""The core under arbitrary but legal sequences of events: people, doors, boards, commands, time and power cuts.

A seeded walk over the stage. After every step the invariants are checked from the effects and from the disk alone, and
at the end of each walk everything calms down and must have come right again. The counters at the end prove that the
walks really met what they are about.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from core_watch import SECRET, PowerCut, Shown, TypedAtStage, load_of, met
from stage import AUD, RESIDENTS, STAFF, STRANGER, a_config

from locker import config
from locker.authority.clock import LEEWAY_S
from locker.authority.hotp import code
from locker.keypad import NEVER_S
from locker.labels import Label, encode
from locker.machine import DoorState, VisitState
from locker.model import (
    BoardBack,
    Chosen,
    Custody,
    DeviceTrouble,
    DoorSeen,
    Language,
    LinkDown,
    LinkUp,
    PortLost,
    PulseAnswer,
    PulseAnswered,
    PulseDropped,
    PulseSent,
    Purpose,
    Quality,
    Scanned,
    Size,
    Touched,
    Typed,
    UsedToken,
)

SEEDS = range(60)
STEPS = 150
TRYING = (VisitState.OPENING, VisitState.RESTING, VisitState.PRESSING)


class Walk:
    """One seed's world: doors that people, coils and thieves move, and a board that comes and goes."""

    sizes: tuple[int, ...] = (1, 3, 6)
    rests: tuple[int, ...] = (1, 3, 6, 20)

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        coil = config.Coil(
            cooldown_ms=self.rng.choice((500, 1000, 2000)),
            gap_ms=self.rng.choice((0, 200)),
            per_lock_minute_max=self.rng.choice(self.rests),
            doors_minute_max=self.rng.choice((2, 8, 100, 100)),
        )
        cfg = a_config(doors=self.rng.choice(self.sizes), coil=coil)
        self.stage = TypedAtStage(folder, cfg, self.rng.choice((Quality.SYNCED, Quality.FLOOR)))
        self.open: dict[int, bool] = dict.fromkeys(self.stage.cabinet.rooms, False)
        self.silent = False
        self.shown: list[Shown] = []
        self.commands = 0

    def run(self) -> None:
        """All steps, then the calm."""
        steps = (
            self.story,
            self.story,
            self.story,
            self.scan,
            self.touch,
            self.types,
            self.types,
            self.doors,
            self.doors,
            self.pass_time,
        )
        rare = (self.repair, self.command, self.board, self.crash, self.power_cut, self.oddities, self.long_time)
        rarely = self.rng.choice((0.03, 0.1, 0.3))
        for _ in range(STEPS):
            step = self.rng.choice(rare) if self.rng.random() < rarely else self.rng.choice(steps)
            try:
                step()
                self.coils()
            except PowerCut:
                met["power_cut"] += 1
                self.restart()
            self.check()
        self.calm()

    # --- what may happen --------------------------------------------------------------------------

    def code(self) -> Shown:
        """A code of any kind, often one that was shown before."""
        rng, stage = self.rng, self.stage
        if self.shown and rng.random() < 0.2:
            return rng.choice(self.shown[-4:])
        purpose = rng.choice((Purpose.DEPOSIT, Purpose.DEPOSIT, Purpose.COLLECT, Purpose.COLLECT, Purpose.STAFF))
        order = "" if purpose is Purpose.STAFF else f"A{rng.randrange(4)}"
        held = [room for room in stage.cabinet.rooms.values() if room.custody is not Custody.EMPTY]
        sensible = rng.choice(held) if held and rng.random() < 0.8 else None
        given: dict[str, Any] = {"exp": stage.wall_ms // 1000 + rng.choice((60, 3600))}
        if purpose is Purpose.STAFF:
            given["door"] = 0 if rng.random() < 0.5 else sensible.door if sensible else rng.randrange(0, 8)
            given["sub"] = rng.choice(("fang", "min"))
        elif purpose is Purpose.COLLECT and sensible:
            order = sensible.order.decode()
        elif purpose is Purpose.DEPOSIT:
            given |= {"size": rng.choice((None, *Size)), "low": rng.random() < 0.2}
            given |= {"door": rng.choice((0, 0, 0, 2))}
        if rng.random() < 0.1:
            given["key"] = rng.choice((STRANGER, STAFF, RESIDENTS))
        given["cti"] = rng.randbytes(16)
        found = Shown(stage.token(purpose, order, **given), given["cti"])
        self.shown.append(found)
        return found

    def story(self) -> None:
        """What a person would do now, hasty or slow."""
        room, slowly = self.stage.cabinet.visit.room, self.rng.random() < 0.4
        match self.stage.cabinet.visit.state:
            case VisitState.IDLE if self.stage.cabinet.duty.present:
                self.staff_work()
            case VisitState.IDLE:
                self.stage.tell(Scanned(self.code().text.encode()))
            case VisitState.OPENING | VisitState.RESTING | VisitState.PRESSING:
                self.stage.wait(self.rng.choice((2000, 3000)))
            case VisitState.OFFERING | VisitState.ASKING:
                (self.pass_time if slowly else self.touch)()
            case VisitState.OPEN if self.stage.screen.offers and self.rng.random() < 0.4:
                self.touch()
            case _ if slowly:
                self.stage.wait(61_000)
            case _ if room is not None:
                self.move(room.door, not self.open[room.door])

    def staff_work(self) -> None:
        """Somebody of the staff goes on: a button, or a label of an envelope that may lie here already."""
        met["duty_step"] += 1
        if self.rng.random() < 0.6:
            self.touch()
            return
        label = Label(f"A{self.rng.randrange(8)}".encode(), self.rng.choice((None, *Size)))
        self.stage.tell(Scanned(encode(label, self.rng.choice(("", AUD, AUD, "gate-2"))).encode()))

    def scan(self) -> None:
        """Somebody holds a code, or nonsense, to the scanner."""
        data = self.code().text.encode()
        if self.rng.random() < 0.15:
            data = self.rng.choice((data + data, data[:-3], b"https://example.org", b"", b"LK1:", b"\xff" * 400))
        self.stage.tell(Scanned(data))

    def touch(self) -> None:
        """Somebody presses a button, of this screen or of an older one, and perhaps the one for the language."""
        screen = self.stage.screen
        buttons = screen.offers or ("done", "reopen", "larger", "nothing", "took_out")
        late = self.rng.random() < 0.1
        self.stage.tell(Touched(self.rng.choice(buttons), screen.number - late))
        languages: tuple[Language, ...] = ("", "en", "zh")
        self.stage.tell(Chosen(languages[screen.number % 3]))

    def types(self) -> None:
        """Somebody types: a code of the cloud's, of now or long ago, or a guess; on this screen or an older one."""
        rng, loads = self.rng, self.stage.cabinet.keypad.loads
        load = rng.choice([*loads.held(), rng.randrange(1, 40)])
        digits = f"{rng.randrange(10**6):06d}" if rng.random() < 0.15 else code(SECRET, load, 6)
        self.stage.tell(Typed(digits, self.stage.screen.number - (rng.random() < 0.1)))

    def doors(self) -> None:
        """A door moves, mostly the visit's or one that stands open; rarely a thief's."""
        ajar = [door for door, is_open in self.open.items() if is_open]
        door = self.stage.cabinet.visit.door or (self.rng.choice(ajar) if ajar else 0)
        if self.rng.random() < 0.03:
            door = self.rng.choice(list(self.open))
        if door:
            self.move(door, not self.open[door])

    def repair(self) -> None:
        """The cloud puts every door in service, but for those in question."""
        asked = [room.door for room in self.stage.cabinet.duty.books.questions()]
        for door in self.open:
            self.commands += 1
            args = {"door": door, "in_service": True}
            answer = self.stage.command(id=f"c{self.commands}", op="service", args=args)
            assert (answer["ok"], answer["reason"]) == ((False, "occupied") if door in asked else (True, ""))
        self.look_into()

    def look_into(self) -> None:
        """Somebody looks at a board that opened a wrong door."""
        for board in list(self.stage.cabinet.quarantine.boards):
            self.commands += 1
            args = {"board": board, "in_service": True}
            assert self.stage.command(id=f"c{self.commands}", op="service", args=args)["ok"]

    def move(self, door: int, is_open: bool) -> None:
        """A door is moved; whoever can see it says so."""
        self.open[door] = is_open
        if not self.silent:
            self.stage.tell(DoorSeen(door, is_open, occupied=self.rng.choice((None, None, True, False))))

    def coils(self) -> None:
        """What became of the pulses: a door springs open, sticks, or the order never reached the wire."""
        while self.stage.todo:
            door = self.stage.todo.pop(0)
            if self.silent or self.rng.random() < 0.1:
                self.stage.tell(PulseDropped(door, "board silent"))
                continue
            self.stage.tell(PulseSent(door))
            self.stage.tell(PulseAnswered(door, self.rng.choice(list(PulseAnswer))))
            opens = self.open[door] or self.rng.random() < 0.6
            self.open[door] = opens
            self.stage.tell(DoorSeen(door, opens, fresh=True))

    def pass_time(self) -> None:
        """A few seconds, or a minute."""
        self.stage.wait(self.rng.choice((0, 1, 300, 1000, 3000, 10_000, 61_000)))

    def long_time(self) -> None:
        """An hour or a day: codes expire, claims lapse."""
        self.stage.wait(self.rng.choice((200_000, 4_000_000)))

    def board(self) -> None:
        """The board falls silent, now and then for a moment only, or comes back."""
        self.silent = not self.silent
        if self.silent:
            self.stage.silence()
        if not self.silent or self.rng.random() < 0.5:
            self.see_all()

    def see_all(self) -> None:
        """The board answers, and every door is seen as it is."""
        self.silent = False
        self.stage.tell(BoardBack("main", tuple(self.open)))
        for door, is_open in self.open.items():
            self.stage.tell(DoorSeen(door, is_open))

    def command(self) -> None:
        """The cloud, or somebody with the broker's password, says something."""
        stage, rng = self.stage, self.rng
        self.commands += rng.random() < 0.7
        exp = stage.wall_ms // 1000 + rng.choice((-60, 30, 5000))
        body: dict[str, Any] = {"v": 1, "id": f"c{self.commands}", "op": rng.choice(("open", "service", "dance"))}
        body |= {"exp": exp, "grant": rng.choice((self.code().text, ""))}
        body["args"] = {"door": rng.randrange(0, 8), "in_service": rng.random() < 0.8}
        payload = rng.choice((json.dumps(body).encode(), json.dumps(body).encode(), b"{", b"\xff"))
        stage.message(payload, retained=rng.random() < 0.1)

    def oddities(self) -> None:
        """Facts that concern nobody in particular."""
        door = self.rng.choice(list(self.open))
        events = (LinkUp(5, False), LinkDown("x"), PortLost("main", "x"), DeviceTrouble("main", "x"), PulseSent(door))
        self.stage.tell(self.rng.choice(events))

    def crash(self) -> None:
        """A power cut between two steps."""
        met["crash"] += 1
        self.restart()

    def power_cut(self) -> None:
        """The next commit will not happen."""
        self.stage.cut = True

    def restart(self) -> None:
        """Power is back; a door may have moved meanwhile."""
        self.stage.todo.clear()
        for door in self.open:
            if self.rng.random() < 0.05:
                self.open[door] = not self.open[door]
        self.silent, self.stage.cut = False, False
        pulses = met["pulse"]
        self.stage.crash(tuple(door for door, is_open in self.open.items() if is_open), self.rng.choice((300, 5000)))
        assert met["pulse"] == pulses, "a start pulsed a door (invariant 5)"

    # --- what must hold ---------------------------------------------------------------------------

    def check(self) -> None:
        """After every step."""
        stage = self.stage
        due = stage.cabinet.deadline_ms()
        if due is not None and due <= stage.ms:
            stage.wait(0)
            due = stage.cabinet.deadline_ms()
        assert due is None or due > stage.ms, "the deadline does not move on"
        held = {door: r.order.hex() for door, r in stage.cabinet.rooms.items() if r.custody is Custody.HOLDING}
        assert stage.watch.held == held, "the events say that something else lies here"
        for door, room in stage.cabinet.rooms.items():
            trying = door == stage.cabinet.visit.door and stage.cabinet.visit.state in TRYING
            expected = None if self.silent else self.open[door]
            if self.silent and room.state is DoorState.JAMMED:
                expected = False
            assert trying or room.looks_open == expected, f"door {door} is believed {room.state} (invariant 8)"

    def calm(self) -> None:
        """Everybody goes, every door is shut, and all is well; what is held can be collected with a fresh code."""
        self.stage.cut = False
        self.coils()
        self.see_all()
        self.look_into()
        for _ in range(3):
            for door in self.open:
                self.move(door, False)
            self.stage.wait(200_000)
            self.coils()
        cabinet = self.stage.cabinet
        assert cabinet.visit.state is VisitState.IDLE
        self.unspent()
        self.stage.wait(2 * 3_600_000)
        assert cabinet.visit.state is VisitState.IDLE
        for room in cabinet.rooms.values():
            assert room.state in (DoorState.CLOSED, DoorState.JAMMED), f"door {room.door} is {room.state}"
            assert room.errand is None, f"door {room.door} has still {room.errand}"
            assert room.custody is not Custody.RESERVED, f"door {room.door} stays reserved"
        held = [room for room in cabinet.rooms.values() if room.custody is Custody.HOLDING]
        for room in sorted(held, key=lambda r: (r.since_ms, r.door)):
            self.collect(room.order.decode())

    def unspent(self) -> None:
        """A code that was claimed and never saw its door open still opens that door, if what it is for is there."""
        wanted = {Purpose.DEPOSIT: Custody.RESERVED, Purpose.COLLECT: Custody.HOLDING}
        texts = {shown.cti: shown.text for shown in self.shown}
        for token in self.stage.store.load().tokens:
            if token.exp < NEVER_S and token.cti not in texts:
                continue  # an opening by staff at work, which no code stands for
            self.stage.wait(61_000)
            if not token.door:
                self.go_on_with(texts[token.cti], token)
                continue
            room = self.stage.cabinet.rooms[token.door]
            there = (room.order, room.custody) == (token.order, wanted.get(token.purpose, room.custody))
            there = there or token.purpose is Purpose.STAFF or (token.purpose is Purpose.DEPOSIT and room.free)
            typed = token.exp >= NEVER_S
            there = there and (not typed or room.load == load_of(token.cti))
            if token.spent or not there or self.stage.wall_ms // 1000 > token.exp:
                continue
            met["unspent"] += 1
            door = self.type_again(token.cti) if typed else self.stage.scan(texts[token.cti])
            assert door == token.door, "a code was lost (invariant 3)"
            while self.stage.cabinet.visit.present:
                self.stage.todo.clear()
                self.stage.wait(20_000)

    def go_on_with(self, text: str, token: UsedToken) -> None:
        """A staff code that began a duty begins another, until a duty is ended by hand or the code expires."""
        good = not token.spent and self.stage.wall_ms // 1000 < token.exp + LEEWAY_S
        self.stage.tell(Scanned(text.encode()))
        assert self.stage.cabinet.duty.present is good, "a staff code was lost, or came back (invariant 3)"
        self.stage.wait(200_000)

    def type_again(self, cti: bytes) -> int:
        """Type a code once the keypad is open; the door of the visit that follows."""
        met["unspent_typed"] += 1
        stage = self.stage
        while not stage.screen.digits:
            stage.wait(60_000)
        stage.tell(Typed(code(SECRET, load_of(cti), 6), stage.screen.number))
        return stage.cabinet.visit.door

    def collect(self, order: str) -> None:
        """The owner comes with a fresh code."""
        met["calm_collect"] += 1
        self.stage.wait(61_000)
        door = self.stage.scan(self.stage.collect(order))
        self.stage.todo.clear()
        assert door and self.stage.cabinet.rooms[door].order == order.encode()
        self.move(door, True)
        self.stage.tell(DoorSeen(door, False))
        self.open[door] = False
        assert self.stage.cabinet.rooms[door].custody is Custody.EMPTY


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_may_happen_breaks_an_invariant(seed: int, tmp_path: Path) -> None:
    """Whatever comes, in whatever order, the invariants hold after every step, and calm brings everything right."""
    print(f"seed {seed}")
    Walk(seed, tmp_path).run()


def test_the_walks_met_what_they_are_about() -> None:
    """Every kind of event happened in the walks above, so that none of the checks was idle."""
    if met["pulse"] == 0:
        pytest.skip("the walks were not run")
    wanted = "granted opened shut deposited collected reopened moved denied jammed forced interrupted opened_late"
    wanted += " left_open alarm_open staff_done taken_out cancelled lapsed staff_called command_done command_refused"
    wanted += " service_changed board_silent found_open not_pulsed crash power_cut calm_collect unspent"
    wanted += " staff_present staff_left staffed wrong_door quarantine_lifted"
    wanted += " code_wrong keypad_locked granted_typed spent_typed unspent_typed"
    wanted += (
        " duty_started duty_ended duty_step granted_duty loaded unloaded load_given_up reassigned audited corrected"
    )
    assert not [kind for kind in wanted.split() if not met[kind]], dict(met)
