"""The real controller process, its wires, its broker and its cloud, with a kill that stays dark.

What the campaign of kills (``sim.kill_campaign``) and the tests from end to end stand on: the demo's stage (the same
street, cable, cloud and child process, started with the command that a cabinet starts it with), and a look at what is
on the disk. Every wait is for a condition and has a limit that is generous to a busy machine.

Knows processes and what is seen from outside. Must never kill a process but its own child, by its id.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from locker.clock import boot_ms
from sim.day_people import WAIT_S, Person
from sim.demo import Demo
from sim.demo_codes import Code
from sim.demo_site import CABINET, FOR_THE_DAY
from sim.watch import breaches

UNLOCK = 0x81
"""The board's command."""
READ = 0x0002
"""The scanner's zone in which reading is started."""
AT_REST_MS = FOR_THE_DAY.cooldown_ms + 1100
"""So long after a start the coils may be used again: the longest pulse there is, its cool-down, and a little."""


class KillRig(Demo):
    """A cabinet with everything around it, still dark. ``person`` stands in front of it."""

    def __init__(self, folder: Path, *, seed: int = 1, keys: bool = True) -> None:
        """With ``keys`` false no key set is there until ``office.deliver``. The clock is this machine's."""
        super().__init__(folder, FOR_THE_DAY, seed, power=False, keys=keys, own_clock=False)
        self.person = Person(self)

    def __enter__(self) -> KillRig:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything. A controller that is left over would sooner or later open a later stage's terminal."""
        self.controller.close()
        super().close()

    # --- the process ---

    def power_on(self) -> None:
        """Start for the first time, and wait until somebody may come."""
        self.controller.power_on()
        self.invites()

    def invites(self) -> None:
        """Wait until somebody may come: the idle screen, every door known, the scanner set up."""
        self.ready()
        self.reads()

    def reads(self, after: int = 0) -> None:
        """Wait until the scanner has been told to read, which ends its set-up; ``after`` so many earlier settings."""
        writes = self.street.scanner.writes
        self.person.until(lambda: READ in (zone for _, zone, _ in writes[after:]), "the scanner to be set up")

    def cut(self) -> None:
        """Kill -9, and stay dark; returns when every byte sent before has arrived and no door is about to move."""
        self.controller.kill(back=False)
        self.person.until(lambda: not self.controller.pid, "the process to be gone")
        dead_ms, body = boot_ms(), self.street.body
        self.person.until(lambda: body.now_ms > dead_ms and body.deadline_ms() is None, "the last door to come to rest")

    def start_again(self) -> None:
        """Power after ``cut``; returns when every door is known again. Nothing is pulsed and nothing opens by that."""
        pulses, moves = self.pulses, len(self.street.moves)
        self.person.begin()
        self.controller.power_on()
        self.person.starts_again()
        self.tells_of_doors()
        self.settled()
        assert self.pulses == pulses, f"a start pulsed a lock: {self.street.unlocks()[pulses:]}"
        assert not [move for move in self.street.moves[moves:] if move.open], "a start opened a door"

    def restarted(self) -> None:
        """``cut`` and ``start_again``."""
        self.cut()
        self.start_again()

    # --- what is seen from outside ---

    @property
    def pulses(self) -> int:
        """How many unlock orders have arrived at the board."""
        return len(self.street.unlocks())

    def unlock_frames(self) -> list[bytes]:
        """Every frame with the unlock command that came over the board's wire, byte for byte."""
        with self.street.changed:
            return [request.frame for request in self.street.board.received if request.frame[3] == UNLOCK]

    def of(self, code: Code, *kinds: str) -> list[dict[str, Any]]:
        """The events about a code that the cloud has, of these kinds or of all, in order."""
        events = self.cloud.events(CABINET)
        return [e for e in events if e["data"].get("cti") == code.cti and (not kinds or e["type"] in kinds)]

    def told(self, code: Code) -> list[str]:
        """The same as types."""
        return [str(event["type"]) for event in self.of(code)]

    def on_disk(self) -> list[tuple[int, bytes]]:
        """Number and body of each event row that is committed now, oldest first."""
        path = self.site.folder / "locker.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute("SELECT seq, body FROM events ORDER BY seq").fetchall()

    def tells_of_doors(self) -> None:
        """Wait until the cloud knows each door as it stands: none of them is unknown."""
        said = {True: "open", False: "closed"}

        def told() -> bool:
            known = self.cloud.view(CABINET).doors
            return all(known.get(door, {}).get("seen") == said[self.street.is_open(door)] for door in self.street.doors)

        assert self.cloud.wait_for(told, WAIT_S), "the cloud is not told how the doors stand"

    def settled(self) -> None:
        """Wait until the cloud has stored everything that is committed."""

        def all_there() -> bool:
            rows, stored = self.on_disk(), self.cloud.events(CABINET)
            return bool(rows) and rows[-1][0] == (stored[-1]["seq"] if stored else 0)

        assert self.cloud.wait_for(all_there, WAIT_S), "the cloud does not get what is on the disk"

    def sound(self) -> None:
        """Nothing is lost, doubled or out of order between disk and cloud, and all ten invariants held from outside."""
        self.settled()
        rows, logs = self.on_disk(), list(self.cloud.view(CABINET).logs.values())
        assert len(logs) == 1, "more than one epoch"
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), "the disk has a gap"
        assert [event["seq"] for event in self.cloud.events(CABINET)] == [seq for seq, _ in rows]
        assert logs[0].contiguous == len(rows)
        assert self.cloud.sound(CABINET)
        found = {number: sentences for number, sentences in breaches(self.journal()).items() if sentences}
        assert not found, f"invariants broken: {found}"
