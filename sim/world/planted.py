"""The planted bugs: one-line sabotages of the production program, each of which the simulator must catch.

A table as data. Each entry says which file, the exact text that stands there once, what is put in its place, which
invariant that breaks, and in what company the world is played (``sim.world.casts``). The checks are told nothing of it.
``sim.world.planting`` applies and runs them. Knows texts; must never import what it sabotages.
"""

from __future__ import annotations

from sim.world.planted_more import MORE
from sim.world.sabotage import Sabotage

_ACTING = """        receipts = self.store.commit(keeps, now)
        acts = [e for e in effects if not isinstance(e, KEEPS)]
        for act in sorted(acts, key=lambda a: not isinstance(a, Pulse)):
            self._act(act, now)
"""
_ACTED = """        acts = [e for e in effects if not isinstance(e, KEEPS)]
        for act in sorted(acts, key=lambda a: not isinstance(a, Pulse)):
            self._act(act, now)
        receipts = self.store.commit(keeps, now)
"""
_RECEPTION, _VISIT, _CABINET = "locker/reception.py", "locker/visit.py", "locker/cabinet.py"
_SPENT, _NO = "if used is not None and used.spent:", "\n            raise No(Refusal.SPENT)\n"
_TOKEN, _STORE, _OUTBOX = "locker/authority/token.py", "locker/store.py", "locker/outbox.py"
_COIL, _SIGHTINGS, _COMMANDS, _SERVICE = (
    "locker/coil.py",
    "locker/sightings.py",
    "locker/commands.py",
    "locker/service.py",
)
_KEYPAD, _READER, _BOARD = "locker/keypad.py", "drivers/door_reader.py", "drivers/board.py"
_NETWORK_ONLY = "if bearer.source not in AT_THE_CABINET and bearer.purpose in (Purpose.DEPOSIT, Purpose.COLLECT):"
_GRACE = "self._hall.finish(self._room, now)\n        self.timer_ms = now.ms + self._rules.grace_ms"
_SHUT = 'before = room.fire("found_shut")\n        errand = room.errand'
_PULSES_AGAIN = "; errand is None or errand.seen_open or self._cabinet.pulse(room.door)"

SABOTAGES: tuple[Sabotage, ...] = (
    # invariant 1
    Sabotage("acts before it commits", _SERVICE, _ACTING, _ACTED, 1, "street"),
    Sabotage("claims are not saved", _STORE, "case KeepToken(t):", "case KeepToken(t) if t.spent:", 1, "street"),
    Sabotage("a fourth and fifth try", _VISIT, "elif self._attempt == 2:", "elif self._attempt >= 2:", 1, "doors"),
    Sabotage(
        "expiry is not looked at",
        "locker/authority/clock.py",
        "if now.latest_ms >= (claims.exp + LEEWAY_S) * 1000:",
        "if False:",
        1,
        "rogues",
    ),
    Sabotage("audience is not looked at", _TOKEN, "if claims.aud != self._cabinet_id:", "if False:", 1, "rogues"),
    Sabotage(
        "any key may sign for anything", _TOKEN, "if claims.purpose not in key.purposes:", "if False:", 1, "rogues"
    ),
    Sabotage("the cut-off is not looked at", _TOKEN, "if claims.iat < key.cutoff_iat:", "if False:", 1, "keys"),
    Sabotage("retired keys are taken", _TOKEN, "if key.retired:", "if False:", 1, "keys"),
    Sabotage(
        "a key's time is not looked at", _TOKEN, "if reason := judge_key(key, now):", "if reason := None:", 1, "keys"
    ),
    Sabotage("the signature is not verified", _TOKEN, "if not key.public.verify(", "if not max(", 1, "keys"),
    Sabotage(
        "the form is not looked at", _TOKEN, "if level := cose.not_canonical(message):", "if level := None:", 1, "keys"
    ),
    Sabotage(
        "the floor is forgotten by a restart",
        "locker/timekeeping.py",
        "self._floor_ms = max(saved.floor_ms + since_ms, built_s * 1000)",
        "self._floor_ms = built_s * 1000",
        1,
        "dark_clock",
    ),
    Sabotage(
        "used codes are forgotten without a clock",
        "locker/lapses.py",
        "if not forgets(now.quality) or now.ms < self._forget_ms or",
        "if now.ms < self._forget_ms or",
        1,
        "weeks",
    ),
    Sabotage("revoked is not looked at", _TOKEN, "if self._revoked.holds(claims.cti):", "if False:", 1, "root"),
    # invariant 2
    Sabotage(
        "any item for any order",
        _RECEPTION,
        "r.custody is Custody.HOLDING and r.order == order]",
        "r.custody is Custody.HOLDING]",
        2,
        "street",
    ),
    Sabotage(
        "a full compartment counts as free",
        "locker/compartment.py",
        "empty = self.custody is Custody.EMPTY and self.errand is None",
        "empty = self.errand is None",
        2,
        "street",
    ),
    Sabotage("forced doors are not told", _SIGHTINGS, "FLAPS_MINUTE_MAX = 10", "FLAPS_MINUTE_MAX = 0", 2, "doors"),
    Sabotage(
        "quarantine bars nothing",
        "locker/quarantine.py",
        "frozenset(door for door, board in self._boards.items() if board in self.boards)",
        "frozenset()",
        2,
        "astray",
    ),
    Sabotage(
        "taken out without an event",
        _VISIT,
        'self._hall.say(Record("taken_out", room.door, self._bearer.fields() | {"item": room.order.hex()}))',
        "pass",
        2,
        "staff",
    ),
    Sabotage("collected, and still held", _CABINET, "room.release()", "pass", 2, "street"),
    # invariant 3
    Sabotage("forgets to spend", _CABINET, "self.say(KeepToken(self.ledger.spend(bearer, door)))", "pass", 3, "street"),
    Sabotage(
        "spends in memory only",
        _CABINET,
        "self.say(KeepToken(self.ledger.spend(bearer, door)))",
        "self.ledger.spend(bearer, door)",
        3,
        "street",
    ),
    Sabotage(
        "spends with the pulse",
        _VISIT,
        "self._hall.pulse(room.door)",
        "self._hall.pulse(room.door); self._hall.spend(self._bearer, room.door)",
        3,
        "doors",
    ),
    Sabotage("a spent code opens again", _RECEPTION, _SPENT + _NO, "if False:" + _NO, 3, "rogues"),
    Sabotage(
        "a claimed code gets another door",
        _RECEPTION,
        "room = self._bound_room(bearer, used) if used else find()",
        "room = find()",
        3,
        "power_back",
    ),
    Sabotage(
        "reopens without end",
        _VISIT,
        "if self.state is not VisitState.OFFERING or self._reopened >= self._rules.reopen_max:",
        "if self.state is not VisitState.OFFERING:",
        3,
        "doors",
    ),
    Sabotage("grace of ten minutes", _VISIT, _GRACE, _GRACE + " * 10", 3, "doors"),
    Sabotage("load numbers are given again", _KEYPAD, "self._next = load + 1", "self._next = load", 3, "keypad"),
    # invariant 4
    Sabotage(
        "the driver repeats a lost pulse",
        _BOARD,
        'self.count("lost")',
        'self.count("lost"); question.door and self._bus.order(self, Pulse(question.door), ms)',
        4,
        "wires",
    ),
    Sabotage(
        "no cool-down",
        _COIL,
        "self._rested_ms[door] = end_ms + self._rules.cooldown_ms",
        "self._rested_ms[door] = now_ms",
        4,
        "tired",
    ),
    # invariant 5
    Sabotage("retained commands are taken", _COMMANDS, "if message.retained:", "if False:", 5, "cloud"),
    Sabotage(
        "late commands are taken",
        _COMMANDS,
        "elif now.wall_ms // 1000 > command.exp + LATE_S:",
        "elif False:",
        5,
        "cloud",
    ),
    Sabotage(
        "repeated commands are done again", _COMMANDS, "elif command.id in self._done:", "elif False:", 5, "cloud"
    ),
    Sabotage("a nonce is good twice", _RECEPTION, "self._cabinet.invitation.use(bearer.nonce)", "pass", 5, "cloud"),
    Sabotage(
        "a nonce is good for ever",
        "locker/authority/nonce.py",
        "if age_ms >= GOOD_MS else",
        "if not nonce else",
        5,
        "phones",
    ),
    Sabotage("no nonce needed from afar", _RECEPTION, _NETWORK_ONLY, "if False:", 5, "cloud"),
    Sabotage("a start goes on opening", _SIGHTINGS, _SHUT, _SHUT + _PULSES_AGAIN, 5, "power"),
    Sabotage("the visit's note is lost", _CABINET, "self.say(KeepVisit(str(door)))", "pass", 5, "power"),
    # invariant 6
    Sabotage(
        "opened on the board's word",
        _CABINET,
        "self.visit.board_said = event.answer.value",
        "self.visit.seen_open(now)",
        6,
        "doors",
    ),
    Sabotage(
        "one reading is believed",
        _READER,
        "settled = self._all & ~(now_open ^ last)",
        "settled = self._all",
        6,
        "wires",
    ),
    Sabotage(
        "bits in the wrong order",
        "drivers/kerong_cu24.py",
        'int.from_bytes(frame.data, "little")',
        'int.from_bytes(frame.data, "big")',
        6,
        "street",
    ),
    Sabotage("a bounce is a movement", _READER, "DEBOUNCE_MS = 60", "DEBOUNCE_MS = 0", 6, "eager"),
    Sabotage(
        "polarity turned round",
        _READER,
        "self._all if closed_bit == 1 else 0",
        "self._all if closed_bit == 0 else 0",
        6,
        "street",
    ),
    # invariant 7
    Sabotage(
        "loses events on a reconnect", _OUTBOX, "self._at = self.acked", "self._at = self._newest_sent", 7, "network"
    ),
    Sabotage("believes any acknowledgement", _OUTBOX, "elif seq > self._rows.last_seq():", "elif False:", 7, "network"),
    Sabotage("PUBACK counts as stored", _OUTBOX, "if self._cloud_acks:", "if False:", 7, "network"),
    Sabotage(
        "newest events first",
        _STORE,
        'ORDER BY seq LIMIT ?", (seq, limit)',
        'ORDER BY seq DESC LIMIT ?", (seq, limit)',
        7,
        "network",
    ),
    Sabotage(
        "hashes are no chain",
        "locker/messages.py",
        "hashlib.sha256(previous + body).digest()",
        "hashlib.sha256(body).digest()",
        7,
        "street",
    ),
    Sabotage(
        "refusals are not logged",
        _RECEPTION,
        'self.log_limited(Record("denied", 0, (bearer.fields() if bearer else {}) | fields), now)',
        "pass",
        7,
        "rogues",
    ),
    Sabotage("no receipts", "locker/signatory.py", "if event.type != DEPOSITED:", "if True:", 7, "signed"),
    # invariant 8
    Sabotage("snapshots are stale", _SERVICE, "self._snapshot(self.cabinet.rooms[room], now)", "pass", 8, "street"),
    Sabotage("shut is not noted", _VISIT, 'room.fire("found_shut")', "pass", 8, "street"),
    Sabotage(
        "a silent board is not noticed",
        _BOARD,
        "if self._lost_in_row >= self.board.silent_after:",
        "if False:",
        8,
        "boards",
    ),
    Sabotage("left open, and no alarm", _VISIT, 'self.end(now, "left_open", ("alarm_open", None))', "pass", 8, "open"),
    Sabotage(
        "reservations never lapse",
        "locker/lapses.py",
        "still = now.latest_ms // 1000 <= claim_until_s(until_s) + LEEWAY_S",
        "still = True",
        8,
        "power",
    ),
    # invariant 9
    Sabotage(
        "no limit for one lock", _COIL, "if len(times) >= self._rules.per_lock_minute_max:", "if False:", 9, "doors"
    ),
    Sabotage("the window is not counted", _OUTBOX, "self._out.append(row.seq)", "pass", 9, "late"),
    Sabotage(
        "the lock-out is not saved",
        _KEYPAD,
        "self._cabinet.say(KeepNote(LOCKOUT, self._state.to_text()))",
        "pass",
        9,
        "keypad_cut",
    ),
    Sabotage(
        "fifty wrong entries",
        "locker/authority/lockout.py",
        "if len(recent) < WRONG_MAX:",
        "if len(recent) < 50:",
        9,
        "keypad",
    ),
    # invariant 10
    Sabotage("doors a minute are not counted", _COIL, "first and not staffed", "False", 10, "crowd"),
    Sabotage(
        "staff are there over the network",
        _CABINET,
        "return bearer.source in AT_THE_CABINET and (bool(bearer.by) or self.staff_present(now))",
        "return bool(bearer.by) or self.staff_present(now)",
        10,
        "crowd",
    ),
    Sabotage(
        "the minute is forgotten by a restart",
        _CABINET,
        "self.say(KeepNote(NOTE, self.coil.to_text(self._boot, self._now.ms)))",
        "pass",
        10,
        "power_crowd",
    ),
    Sabotage(
        "a door opened unseen is offered again",
        _VISIT,
        "        if unseen:\n            self._hall.unwatched(self._room)\n",
        "",
        2,
        "unseen",
    ),
    Sabotage(
        "a jam bars a door by its state alone",
        _VISIT,
        "self.unseen |= self._attempt > 0",
        'self.unseen |= self._attempt > 0 and why != "jammed"',
        2,
        "ill_switches",
    ),
    Sabotage(
        "what a power cut interrupted was collected",
        _CABINET,
        "bearer.source in NOBODY_KNOWN",
        'bearer.source == "gave_way"',
        2,
        "called_away",
    ),
    *MORE,
)
"""Every planted bug, by invariant."""
