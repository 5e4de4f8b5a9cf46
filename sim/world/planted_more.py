"""More planted bugs: of staff at work, of other boards, of deadlines and the reserve, and of the disk that is cut.

The second half of the table in ``sim.world.planted``.
"""

from __future__ import annotations

from sim.world.sabotage import Sabotage

MORE: tuple[Sabotage, ...] = (
    # staff at work
    Sabotage(
        "a duty goes on while a resident is served",
        "locker/reception.py",
        'self._cabinet.duty.end("next_person", now)',
        "pass",
        2,
        "duties",
    ),
    Sabotage(
        "a duty's code is never spent",
        "locker/duty.py",
        "self.cabinet.say(KeepToken(self.cabinet.ledger.spend(token, 0)))",
        "pass",
        3,
        "duties",
    ),
    Sabotage(
        "a duty that goes on counts its openings anew",
        "locker/duty.py",
        "while self.cabinet.ledger.get(opening_id(token.cti, self._opening)) is not None:",
        "while False:",
        3,
        "duties_cut",
    ),
    Sabotage(
        "a load that a power cut stopped is forgotten",
        "locker/books.py",
        'self.close(room, UNSETTLED, {"by": errand.by})',
        "self._cabinet.keep(room)",
        2,
        "duties_cut",
    ),
    Sabotage(
        "what staff took out stays in the books",
        "locker/clearing.py",
        "self.duty.say(self.event, room, **item)\n            books.empty(room)",
        "self.duty.say(self.event, room, **item)",
        2,
        "duties",
    ),
    Sabotage(
        "loaded as soon as the door is open",
        "locker/loading.py",
        """        return Page("duty_put_in", room.door, (*larger, "not_in"), facts)""",
        """        self.duty.say("loaded", room, order=self._label.order.hex(), kind="certificate")
        return Page("duty_put_in", room.door, (*larger, "not_in"), facts)""",
        6,
        "duties",
    ),
    # other boards
    Sabotage(
        "a coil on pins waits for the program to end it",
        "drivers/mcp23017.py",
        "self._enable.pulse(self._on, ms)",
        "self._enable.write(self._on)",
        4,
        "pins",
    ),
    Sabotage(
        "bytes in the wrong order", "drivers/board_8a80.py", '"big" if board.byte', '"little" if board.byte', 6, "bytes"
    ),
    Sabotage(
        "the relay beside it",
        "drivers/modbus_relays.py",
        "Relay(channel, board.channels, base)",
        "Relay(channel ^ 1, board.channels, base)",
        1,
        "relays",
    ),
    # deadlines and the reserve
    Sabotage(
        "a low reserve refuses nobody",
        "locker/power.py",
        "return self.shutting_down or (self.on_reserve is True and self.level is not Level.FULL)",
        "return self.shutting_down",
        1,
        "mains",
    ),
    Sabotage("a day is an hour", "locker/deadlines.py", "return days * DAY_MS", "return days * HOUR_MS", 2, "kept"),
    # the disk that is cut
    Sabotage("no sync", "locker/store.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF", 7, "disk"),
    Sabotage("commits share a sector", "locker/store.py", "?psow=0", "?psow=1", 7, "disk"),
    Sabotage(
        "commands are not remembered", "locker/commands.py", "self._cabinet.say(KeepCommand(row))", "pass", 5, "cloud"
    ),
)
"""These bugs."""
