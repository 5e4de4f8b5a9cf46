"""The real controller process between simulated wires, a broker and a cloud: what the tests from end to end stand on.

``Rig`` is the demo's stage (the same street, cable, cloud and child process, started with the command that a cabinet
starts it with) with what only a test wants: another broker, other settings, a kill that stays dark, and a look at what
is on the disk. Every wait is for a condition and has a limit that is generous to a busy machine.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from locker.cli import qr
from locker.clock import boot_ms
from sim.cloud import Cloud
from sim.day_people import WAIT_S, Person
from sim.demo import Demo
from sim.demo_cable import Cable
from sim.demo_codes import Code
from sim.demo_site import CABINET, FOR_THE_DAY
from sim.watch import breaches

UNLOCK = 0x81
"""The board's command."""
READ = 0x0002
"""The scanner's zone in which reading is started."""
AT_REST_MS = FOR_THE_DAY.cooldown_ms + 1100
"""So long after a start the coils may be used again: the longest pulse there is, its cool-down, and a little."""


class Rig(Demo):
    """A cabinet with everything around it, still dark. ``person`` stands in front of it."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        broker_port: int = 0,
        version: int = 5,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """``broker_port`` 0: the demo's own broker. ``settings`` are lines for a table: ``{"mqtt": "window = 3"}``."""
        super().__init__(folder, FOR_THE_DAY, seed, power=False)
        self._more = contextlib.ExitStack()
        self.person = Person(self)
        lines = dict(settings or {})
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(self.close)
            if broker_port:
                self._go_to(broker_port, version)
                lines["mqtt"] = f"version = {version}\n" + lines.get("mqtt", "")
            self._configure(lines)
            unless_done.pop_all()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything. A controller that is left over would sooner or later open a later test's terminal."""
        self.controller.close()
        self._more.close()
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

    # --- inside ---

    def _go_to(self, port: int, version: int) -> None:
        """Leave the demo's own broker for another one: cloud, cable and configuration."""
        self.cloud.stop()
        self.cable.unplug()
        before, self.cable = self.cable.port, Cable(port)
        self._more.callback(self.cable.close)
        self.cloud = Cloud("127.0.0.1", port, version=version, on_message=self._on_message)
        self._more.callback(self.cloud.stop)
        self.cloud.start(WAIT_S)
        file = self.site.config_file
        file.write_text(file.read_text("utf-8").replace(f"port = {before}\n", f"port = {self.cable.port}\n"), "utf-8")

    def _configure(self, lines: Mapping[str, str]) -> None:
        """Put more lines under the head of a table."""
        text = self.site.config_file.read_text("utf-8")
        for table, more in lines.items():
            head = "[[boards]]" if table == "boards" else f"[{table}]"
            assert text.count(head) == 1, head
            text = text.replace(f"{head}\n", f"{head}\n{more}\n")
        self.site.config_file.write_text(text, "utf-8")


def photographed(text: str) -> str:
    """What a reader of another make sees in the picture that the cabinet's own command draws of a token."""
    picture = Image.open(io.BytesIO(qr.png(qr.draw(text))))
    found = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    assert len(found) == 1, f"{len(found)} codes in the picture"
    return bytes(found[0].bytes).decode("ascii")
